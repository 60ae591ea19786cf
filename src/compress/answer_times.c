#include "compress/answer_times.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "metrics/quantile.h"

double bcue_answer_rank(const double *sorted, size_t count, double percentile)
{
    const double rank = ceil((double)count * percentile / 100 - 1e-6);
    const size_t place = rank < 1 ? 1 : (size_t)rank;
    return sorted[place > count ? count - 1 : place - 1];
}

/* The `before` values of `known` and the new ones, ascending; the caller's. NULL: no memory. */
static double *pooled(const double *known, size_t before, const double *more, size_t count)
{
    double *all = bcue_calloc(before + count, sizeof *all);
    if (all == NULL)
        return NULL;
    if (before > 0)
        memcpy(all, known, before * sizeof *all);
    memcpy(all + before, more, count * sizeof *all);
    bcue_sort_doubles(all, before + count);
    return all;
}

bcue_status bcue_answer_times_add(bcue_answer_times *times, const double *next_ms, const double *window_ms,
                                  size_t count, double percentile, bcue_error *error)
{
    double *next = pooled(times->runs_ms, times->runs, next_ms, count);
    double *window = pooled(times->windows_ms, times->runs, window_ms, count);
    if (next == NULL || window == NULL) {
        free(next);
        free(window);
        return bcue_fail_memory(error, "the times of answers");
    }
    free(times->runs_ms);
    free(times->windows_ms);
    times->runs_ms = next;
    times->windows_ms = window;
    times->runs += count;
    times->ms = bcue_answer_rank(next, times->runs, percentile);
    times->window_ms = bcue_answer_rank(window, times->runs, percentile);
    return BCUE_OK;
}

bcue_answer_tail bcue_answer_times_tail(const bcue_answer_times *times, double target_ms)
{
    if (times->runs == 0)
        return (bcue_answer_tail){NAN, NAN, NAN, NAN};
    size_t in_time = 0;
    while (in_time < times->runs && times->runs_ms[in_time] <= target_ms)
        in_time++;
    return (bcue_answer_tail){.p50 = bcue_answer_rank(times->runs_ms, times->runs, 50),
                              .p95 = bcue_answer_rank(times->runs_ms, times->runs, 95),
                              .p99 = bcue_answer_rank(times->runs_ms, times->runs, 99),
                              .missed = (double)(times->runs - in_time) / (double)times->runs};
}

double bcue_answer_times_slowdown(const bcue_answer_times *times)
{
    if (times->runs == 0 || !(times->runs_ms[0] > 0))
        return NAN;
    return bcue_answer_rank(times->runs_ms, times->runs, 50) / times->runs_ms[0];
}

void bcue_answer_times_free(bcue_answer_times *times)
{
    free(times->runs_ms);
    free(times->windows_ms);
    *times = (bcue_answer_times){0};
}

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

bcue_status bcue_answer_times_add(bcue_answer_times *times, double *round_ms, size_t count, double percentile,
                                  double window_ms, bcue_error *error)
{
    double *all = bcue_calloc(times->runs + count, sizeof *all);
    if (all == NULL)
        return bcue_fail_memory(error, "the times of answers");
    bcue_sort_doubles(round_ms, count);
    const double ms = bcue_answer_rank(round_ms, count, percentile);
    if (times->runs > 0)
        memcpy(all, times->runs_ms, times->runs * sizeof *all);
    memcpy(all + times->runs, round_ms, count * sizeof *all);
    times->ms = times->runs == 0 ? ms : fmin(times->ms, ms);
    times->window_ms = times->runs == 0 ? window_ms : fmin(times->window_ms, window_ms);
    free(times->runs_ms);
    times->runs_ms = all;
    times->runs += count;
    bcue_sort_doubles(times->runs_ms, times->runs);
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

void bcue_answer_times_free(bcue_answer_times *times)
{
    free(times->runs_ms);
    *times = (bcue_answer_times){0};
}

#include "metrics/quantile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/fail.h"
#include "base/memory.h"
#include "metrics/accurate_sum.h"

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void bcue_sort_doubles(double *values, size_t count)
{
    if (count > 1)
        qsort(values, count, sizeof *values, compare_doubles);
}

double bcue_quantile_sorted(const double *sorted, size_t count, double q)
{
    if (count == 0)
        return NAN;
    double place = q * (double)(count - 1);
    size_t below = (size_t)place;
    if (below + 1 >= count)
        return sorted[count - 1];
    return sorted[below] + (place - (double)below) * (sorted[below + 1] - sorted[below]);
}

double bcue_median(double *values, size_t count)
{
    if (count == 0)
        return NAN;
    bcue_sort_doubles(values, count);
    return count % 2 == 1 ? values[count / 2] : 0.5 * (values[count / 2 - 1] + values[count / 2]);
}

bcue_status bcue_latency_summarise(const double *values, size_t count, bcue_latency *latency,
                                   bcue_error *error)
{
    if (count == 0)
        return bcue_fail(error, BCUE_ERROR_DATA, "no latencies were measured");
    bcue_sum sum = {0};
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i]) || values[i] < 0.0)
            return bcue_fail(error, BCUE_ERROR_DATA, "latency %zu is %g; it must be finite and not negative",
                             i, values[i]);
        bcue_sum_add(&sum, values[i]);
    }
    double *sorted = bcue_calloc(count, sizeof *sorted);
    if (sorted == NULL)
        return bcue_fail_memory(error, "the latencies");
    memcpy(sorted, values, count * sizeof *sorted);
    bcue_sort_doubles(sorted, count);
    *latency = (bcue_latency){.count = count,
                              .mean = bcue_sum_value(&sum) / (double)count,
                              .p50 = bcue_quantile_sorted(sorted, count, 0.50),
                              .p90 = bcue_quantile_sorted(sorted, count, 0.90),
                              .p99 = bcue_quantile_sorted(sorted, count, 0.99),
                              .max = sorted[count - 1]};
    free(sorted);
    return BCUE_OK;
}

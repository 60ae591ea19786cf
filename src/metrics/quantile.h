/* Quantiles, and the summary of latencies. */
#ifndef BCUE_METRICS_QUANTILE_H
#define BCUE_METRICS_QUANTILE_H

#include <stddef.h>
#include "beamcue/status.h"

/* Ascending; no NaN among the values. */
void bcue_sort_doubles(double *values, size_t count);
/* Of ascending values, 0 <= q <= 1: linear between order statistics at q (count - 1) (Hyndman and Fan's
   type 7). NaN for none. */
double bcue_quantile_sorted(const double *sorted, size_t count, double q);
/* The middle one, or the mean of the two middle ones; sorts. NaN for none. */
double bcue_median(double *values, size_t count);

typedef struct bcue_latency {
    size_t count;
    double mean, p50, p90, p99, max; /* in the unit of the values */
} bcue_latency;

/* BCUE_ERROR_DATA when there are none, or one is negative, NaN or infinite. `values` keep their order. */
bcue_status bcue_latency_summarise(const double *values, size_t count, bcue_latency *latency,
                                   bcue_error *error);

#endif

/* Sums that do not lose digits: Neumaier's variant of Kahan's compensated summation. */
#ifndef BCUE_METRICS_ACCURATE_SUM_H
#define BCUE_METRICS_ACCURATE_SUM_H

#include <math.h>

typedef struct bcue_sum {
    double total;
    double lost; /* what rounding has taken from `total` so far */
} bcue_sum;

static inline void bcue_sum_add(bcue_sum *sum, double value)
{
    double total = sum->total + value;
    sum->lost +=
        fabs(sum->total) >= fabs(value) ? (sum->total - total) + value : (value - total) + sum->total;
    sum->total = total;
}

static inline double bcue_sum_value(const bcue_sum *sum)
{
    return sum->total + sum->lost;
}

#endif

/* Scales for 8-bit numbers: of weights per output channel, of activations from a histogram of what
   calibration windows produce. Symmetric: x is stored as round(x / scale), half to even, cut to the levels.
 */
#ifndef BCUE_COMPRESS_CALIBRATE_H
#define BCUE_COMPRESS_CALIBRATE_H

#include <stddef.h>
#include <stdint.h>
#include "graph/int8_layer.h"

enum { BCUE_HISTOGRAM_BINS = 2048 };

/* Of magnitudes |x| from 0 to `top`, which doubles when something larger comes (two bins become one). Zeroed
   at first. */
typedef struct bcue_magnitudes {
    double count[BCUE_HISTOGRAM_BINS];
    double top, largest; /* largest: exactly */
    double total, zeros; /* zeros: exactly 0 (what ReLU cuts), which lie in count[0] too */
    bool negative;       /* was there anything below 0? */
} bcue_magnitudes;

/* BCUE_ERROR_DATA on a value that is not finite. */
bcue_status bcue_histogram_add(bcue_magnitudes *histogram, const float *values, size_t count,
                               bcue_error *error);

typedef enum bcue_range_rule {
    BCUE_CALIBRATE_MIN_MAX,    /* the largest magnitude */
    BCUE_CALIBRATE_PERCENTILE, /* the magnitude that this share of the values does not exceed */
    BCUE_CALIBRATE_MSE,        /* least mean squared error of rounding and cutting */
    BCUE_CALIBRATE_KL,         /* least KL divergence of the cut histogram and its version in levels (the
                                  entropy calibration of S. Migacz, GTC 2017), of what is not
                                  exactly 0 */
} bcue_range_rule;

/* Levels above zero: 127 of signed numbers, 255 of numbers that are never negative. */
int bcue_histogram_levels(const bcue_magnitudes *histogram);
/* The scale of activations with this histogram; `share` is for BCUE_CALIBRATE_PERCENTILE, above 0 up to 1. 1
   where everything is 0. */
double bcue_calibrate_ranges(const bcue_magnitudes *histogram, bcue_range_rule method, double share);
/* Mean squared error of values with this histogram at a scale (each bin as if all of it lay in its middle).
 */
double bcue_quantisation_error(const bcue_magnitudes *histogram, double scale);

#endif

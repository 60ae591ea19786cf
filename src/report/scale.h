/* Axes: from a range of data to pixels, with ticks at round numbers. */
#ifndef BCUE_REPORT_SCALE_H
#define BCUE_REPORT_SCALE_H

#include "report/chart.h"

enum { BCUE_MAX_TICKS = 32, BCUE_TICK_SIZE = 40 };

/* The lowest and highest value that an axis can show. */
typedef struct bcue_range {
    double low, high; /* low > high: nothing yet */
} bcue_range;
#define BCUE_EMPTY_RANGE ((bcue_range){.low = 1, .high = 0})
/* nan and infinities are left out, and values <= 0 too when `logarithmic`. */
void bcue_range_add(bcue_range *range, double value, bool logarithmic);
void bcue_range_add_all(bcue_range *range, const double *values, size_t count, bool logarithmic);

typedef struct bcue_scale {
    bool logarithmic;
    double low, high;             /* low < high, finite */
    double pixel_low, pixel_high; /* where they are drawn */
    size_t tick_count;
    double ticks[BCUE_MAX_TICKS]; /* ascending, inside the range */
    char labels[BCUE_MAX_TICKS][BCUE_TICK_SIZE];
} bcue_scale;

/* Choose the range and about `wanted` ticks at 1, 2 or 5 times a power of ten (logarithmic: decades, or 1-2-5
   when there are few). With `round_out` the range grows to the ticks around it; never with a fixed range. Any
   `data` gives a usable scale: empty, one value, 1e300 or 1e-300 wide. Afterwards set the pixels. */
void bcue_scale_fit(bcue_scale *scale, const bcue_chart_axis *axis, bcue_range data, int wanted,
                    bool round_out);

/* The pixel of a value; nan when it cannot be shown; values out of range land on the nearer edge. */
double bcue_scale_at(const bcue_scale *scale, double value);

#endif

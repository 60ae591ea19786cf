#include "compress/calibrate.h"

#include <math.h>
#include <string.h>

#include "base/fail.h"

enum { BINS = BCUE_HISTOGRAM_BINS, CANDIDATES = 200, ATOM = 4 };

static void double_top(bcue_magnitudes *histogram)
{
    for (int i = 0; i < BINS / 2; i++)
        histogram->count[i] = histogram->count[2 * i] + histogram->count[2 * i + 1];
    memset(histogram->count + BINS / 2, 0, BINS / 2 * sizeof *histogram->count);
    histogram->top *= 2;
}

bcue_status bcue_histogram_add(bcue_magnitudes *histogram, const float *values, size_t count,
                               bcue_error *error)
{
    for (size_t i = 0; i < count; i++) {
        const double value = fabs((double)values[i]);
        if (!isfinite(value))
            return bcue_fail(error, BCUE_ERROR_DATA,
                             "value %zu is not finite, nothing can be calibrated with it", i);
        histogram->negative = histogram->negative || values[i] < 0;
        histogram->largest = fmax(histogram->largest, value);
        if (histogram->top <= 0 && value > 0)
            histogram->top = value;
        while (value > histogram->top)
            double_top(histogram);
        int bin = histogram->top > 0 ? (int)(value / histogram->top * BINS) : 0;
        histogram->count[bin < BINS ? bin : BINS - 1] += 1;
        histogram->zeros += value <= 0;
        histogram->total += 1;
    }
    return BCUE_OK;
}

int bcue_histogram_levels(const bcue_magnitudes *histogram)
{
    return histogram->negative ? 127 : 255;
}

double bcue_quantisation_error(const bcue_magnitudes *histogram, double scale)
{
    const double width = histogram->top / BINS, levels = (double)bcue_histogram_levels(histogram);
    double sum = 0;
    for (int i = 0; i < BINS; i++) {
        const double value = (i + 0.5) * width, level = fmin(nearbyint(value / scale), levels);
        sum += histogram->count[i] * (value - level * scale) * (value - level * scale);
    }
    return histogram->total > 0 ? sum / histogram->total : 0;
}

static double percentile(const bcue_magnitudes *histogram, double share)
{
    double below = 0;
    for (int i = 0; i < BINS; i++) {
        below += histogram->count[i];
        if (below >= share * histogram->total)
            return fmin((i + 1) * histogram->top / BINS, histogram->largest);
    }
    return histogram->largest;
}

static double least_error(const bcue_magnitudes *histogram)
{
    const double levels = (double)bcue_histogram_levels(histogram);
    double best = histogram->largest, least = INFINITY;
    for (int i = 1; i <= CANDIDATES; i++) {
        const double threshold = histogram->largest * i / CANDIDATES;
        const double error = bcue_quantisation_error(histogram, threshold / levels);
        if (error < least) {
            least = error;
            best = threshold;
        }
    }
    return best;
}

/* One value that comes up again and again (the empty cells of a map, the zeros of a ReLU) is rounded to one
   level in every range, but spreading it over the other bins of its level would count as a loss, and the
   least would be found where every bin has a level of its own. So such a bin counts as ATOM times the larger
   of its filled neighbours at most. */

static void cap_atoms(const double *counts, double *capped)
{
    double before = INFINITY;
    for (int i = 0; i < BINS; i++) {
        capped[i] = counts[i];
        if (!(counts[i] > 0))
            continue;
        int next = i + 1;
        while (next < BINS && !(counts[next] > 0))
            next++;
        const double after = next < BINS ? counts[next] : before;
        capped[i] = fmin(counts[i], ATOM * (isinf(before) ? after : fmax(before, after)));
        before = counts[i];
    }
}

/* Divergence when everything from bin `end` on is cut: P has it in its last bin; Q is P's part below `end` in
   `levels` levels, each spread evenly over its bins that are not empty. `inside`: the counts without atoms;
   what is cut counts in full. */
static double cut_divergence(const double *inside, const double *counts, int levels, int end)
{
    double p[BINS] = {0}, q[BINS] = {0}, sum_p = 0, sum_q = 0, divergence = 0;
    memcpy(p, inside, (size_t)end * sizeof *p);
    for (int i = end; i < BINS; i++)
        p[end - 1] += counts[i];
    for (int level = 0; level < levels; level++) {
        const int first = level * end / levels, last = (level + 1) * end / levels;
        double sum = 0;
        int filled = 0;
        for (int i = first; i < last; i++) {
            sum += inside[i];
            filled += inside[i] > 0;
        }
        for (int i = first; i < last; i++)
            q[i] = inside[i] > 0 ? sum / filled : 0;
    }
    for (int i = 0; i < end; i++) {
        sum_p += p[i];
        sum_q += q[i];
    }
    for (int i = 0; i < end; i++) {
        if (p[i] > 0) /* what Q lacks counts as very unlikely, not impossible */
            divergence += p[i] / sum_p * log(p[i] / sum_p / fmax(q[i] / sum_q, 1e-12));
    }
    return divergence;
}

/* Share of what is not 0 that may be cut. */
#define MOST_CUT 0.01

static double least_divergence(const bcue_magnitudes *histogram)
{
    const int levels = bcue_histogram_levels(histogram) + 1;
    double counts[BINS], inside[BINS], least = INFINITY;
    int best = BINS;
    memcpy(counts, histogram->count, sizeof counts);
    counts[0] -= histogram->zeros; /* exact in every range */
    cap_atoms(counts, inside);
    for (int end = levels; end <= BINS; end += 8) {
        double above = 0;
        for (int i = end; i < BINS; i++)
            above += counts[i];
        /* cut to one of few different values, P and Q would be the same */
        const bool too_much = above > MOST_CUT * (histogram->total - histogram->zeros);
        const double divergence = !too_much ? cut_divergence(inside, counts, levels, end) : INFINITY;
        if (divergence < least) {
            least = divergence;
            best = end;
        }
    }
    return fmin(best * histogram->top / BINS, histogram->largest);
}

double bcue_calibrate_ranges(const bcue_magnitudes *histogram, bcue_range_rule method, double share)
{
    double threshold = histogram->largest;
    if (histogram->largest <= 0)
        return 1;
    switch (method) {
    case BCUE_CALIBRATE_MIN_MAX:
        break;
    case BCUE_CALIBRATE_PERCENTILE:
        threshold = percentile(histogram, share);
        break;
    case BCUE_CALIBRATE_MSE:
        threshold = least_error(histogram);
        break;
    case BCUE_CALIBRATE_KL:
        threshold = least_divergence(histogram);
        break;
    }
    return threshold / (double)bcue_histogram_levels(histogram);
}

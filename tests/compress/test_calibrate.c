/* Scales against what is known of them: exact ones, published clipping values, brute force. */
#include <stdlib.h>
#include "base/memory.h"
#include "base/rng.h"
#include "check.h"
#include "compress/calibrate.h"

enum { MANY = 200000 };

static float *drawn(bool normal, bool positive)
{
    float *values = bcue_calloc(MANY, sizeof *values);
    bcue_rng rng = bcue_rng_make(3, BCUE_RNG_TEST, 0, 0, normal);
    for (int i = 0; values != NULL && i < MANY; i++) {
        values[i] = (float)(normal ? bcue_rng_normal(&rng) : bcue_rng_range(&rng, -2, 2));
        values[i] = positive ? fabsf(values[i]) : values[i];
    }
    return values;
}

static void histogram_of(const float *values, size_t count, bcue_magnitudes *histogram)
{
    bcue_error error = {""};
    *histogram = (bcue_magnitudes){.total = 0};
    CHECK_OK(bcue_histogram_add(histogram, values, count, &error), error);
}

/* Counts by bins of the final range, wherever the values came in. */
static void growing_range(void)
{
    bcue_error error = {""};
    bcue_magnitudes histogram = {.total = 0};
    const float values[] = {0.5F, -0.25F, 3, 0, 0.49F};
    CHECK_OK(bcue_histogram_add(&histogram, values, 5, &error), error);
    CHECK_NEAR(histogram.top, 4, 0); /* 0.5, doubled three times */
    CHECK_NEAR(histogram.largest, 3, 0);
    CHECK(histogram.negative);
    CHECK_INT(bcue_histogram_levels(&histogram), 127);
    double sum = 0;
    for (int i = 0; i < BCUE_HISTOGRAM_BINS; i++)
        sum += histogram.count[i];
    CHECK_NEAR(sum, 5, 0);
    CHECK_NEAR(histogram.count[BCUE_HISTOGRAM_BINS * 3 / 4], 1, 0);
    CHECK_NEAR(histogram.count[0], 1, 0);
    CHECK_NEAR(histogram.count[BCUE_HISTOGRAM_BINS / 16], 1, 0); /* 0.25 of 4 */
    const float broken[] = {1, NAN};
    CHECK_STATUS(bcue_histogram_add(&histogram, broken, 2, &error), BCUE_ERROR_DATA);
    CHECK_STR(error.text, "value 1 is not finite, nothing can be calibrated with it");
    bcue_magnitudes nothing;
    const float zeros[3] = {0};
    histogram_of(zeros, 3, &nothing);
    for (int method = 0; method < 4; method++)
        CHECK_NEAR(bcue_calibrate_ranges(&nothing, (bcue_range_rule)method, 0.99), 1, 0);
}

static void exact_ones(void)
{
    bcue_magnitudes uniform;
    float *values = drawn(false, true);
    histogram_of(values, MANY, &uniform);
    CHECK_INT(bcue_histogram_levels(&uniform), 255);
    CHECK_NEAR(bcue_calibrate_ranges(&uniform, BCUE_CALIBRATE_MIN_MAX, 0) * 255, uniform.largest, 1e-12);
    CHECK_NEAR(bcue_calibrate_ranges(&uniform, BCUE_CALIBRATE_PERCENTILE, 0.9) * 255, 1.8, 0.01);
    CHECK_NEAR(bcue_calibrate_ranges(&uniform, BCUE_CALIBRATE_PERCENTILE, 1) * 255, uniform.largest, 1e-12);
    /* nothing to gain by cutting a uniform distribution; its error is scale^2 / 12 */
    CHECK_NEAR(bcue_calibrate_ranges(&uniform, BCUE_CALIBRATE_MSE, 0) * 255, 2, 0.02);
    const double scale = 2.0 / 255;
    CHECK_NEAR(bcue_quantisation_error(&uniform, scale), scale * scale / 12, 0.05 * scale * scale / 12);
    free(values);
}

/* Of a normal distribution, 8 bits: 3.92 standard deviations (Banner et al. 2019, table of optimal clipping).
 */
static void normal_is_cut(void)
{
    bcue_magnitudes normal;
    float *values = drawn(true, false);
    histogram_of(values, MANY, &normal);
    CHECK_INT(bcue_histogram_levels(&normal), 127);
    const double scale = bcue_calibrate_ranges(&normal, BCUE_CALIBRATE_MSE, 0);
    CHECK_NEAR(scale * 127, 3.92, 0.15);
    /* brute force over the values themselves: no other scale is better */
    double errors[3] = {0};
    for (int k = 0; k < 3; k++) {
        const double at = scale * (1 + 0.1 * (k - 1));
        for (int i = 0; i < MANY; i++) {
            const double x = (double)values[i], level = fmin(fmax(nearbyint(x / at), -127), 127);
            errors[k] += (x - level * at) * (x - level * at) / MANY;
        }
    }
    CHECK(errors[1] < errors[0] && errors[1] < errors[2]);
    CHECK_NEAR(bcue_quantisation_error(&normal, scale), errors[1], 0.1 * errors[1]);
    const double kl = bcue_calibrate_ranges(&normal, BCUE_CALIBRATE_KL, 0) * 127;
    CHECK_AT(kl > 3.3 && kl <= normal.largest, "KL cuts at %g", kl);
    /* a single outlier far away: min-max follows it, KL and MSE do not */
    bcue_error error = {""};
    const float outlier = 400;
    CHECK_OK(bcue_histogram_add(&normal, &outlier, 1, &error), error);
    CHECK_NEAR(bcue_calibrate_ranges(&normal, BCUE_CALIBRATE_MIN_MAX, 0) * 127, 400, 1e-9);
    CHECK_AT(bcue_calibrate_ranges(&normal, BCUE_CALIBRATE_KL, 0) * 127 < 60, "KL follows the outlier");
    CHECK_AT(bcue_calibrate_ranges(&normal, BCUE_CALIBRATE_MSE, 0) * 127 < 400, "MSE follows the outlier");
    CHECK_NEAR(bcue_calibrate_ranges(&normal, BCUE_CALIBRATE_PERCENTILE, 0.9973) * 127, 3,
               0.35); /* bins are 0.25 wide */
    free(values);
}

/* The zeros of a ReLU are exact at every scale, so KL does not look at them. When it did, it cut this at 1.7.
 */
static void zeros_of_relu(void)
{
    bcue_error error = {""};
    bcue_magnitudes plain, relu;
    float *positive = drawn(true, true);
    float *nothing = bcue_calloc(MANY, sizeof *nothing);
    histogram_of(positive, MANY, &plain);
    histogram_of(positive, MANY, &relu);
    CHECK_OK(bcue_histogram_add(&relu, nothing, MANY, &error), error);
    CHECK_NEAR(relu.zeros, MANY, 0);
    const double with = bcue_calibrate_ranges(&relu, BCUE_CALIBRATE_KL, 0) * 255,
                 without = bcue_calibrate_ranges(&plain, BCUE_CALIBRATE_KL, 0) * 255;
    CHECK_NEAR(with, without, 1e-12);
    CHECK_AT(with > 3, "ReLU: KL cuts at %g", with);
    /* the same for a value that is not 0, as the empty cells of a normalised map have */
    for (int i = 0; i < MANY; i++)
        nothing[i] = 0.31F;
    CHECK_OK(bcue_histogram_add(&plain, nothing, MANY, &error), error);
    CHECK_OK(bcue_histogram_add(&plain, nothing, MANY, &error), error);
    const double spiked = bcue_calibrate_ranges(&plain, BCUE_CALIBRATE_KL, 0) * 255;
    CHECK_AT(spiked > 3, "a spike: KL cuts at %g", spiked);
    /* a map of zeros and a few counts keeps them apart: the method in its plain form cut at the smallest */
    for (int i = 0; i < MANY; i++)
        nothing[i] = i % 100 == 0 ? (float)(1 + i / 100 % 3 / 2) / 3 : 0;
    bcue_magnitudes few;
    histogram_of(nothing, MANY, &few);
    CHECK_NEAR(bcue_calibrate_ranges(&few, BCUE_CALIBRATE_KL, 0) * 255, few.largest, 1e-12);
    /* but where the spike is what would be cut, it counts */
    for (int i = 0; i < MANY; i++)
        nothing[i] = 3.9F;
    histogram_of(positive, MANY, &plain);
    CHECK_OK(bcue_histogram_add(&plain, nothing, MANY, &error), error);
    CHECK_AT(bcue_calibrate_ranges(&plain, BCUE_CALIBRATE_KL, 0) * 255 > 3.85, "KL cuts a spike off");
    free(positive);
    free(nothing);
}

static void weights_by_channel(void)
{
    float values[2][3] = {{0.5F, -1.27F, 0.013F}, {0, 0, 0}};
    const bcue_tensor weight = {.dtype = BCUE_F32, .shape = bcue_shape_of(2, 3), .data = values};
    int8_t bytes[6];
    float scale[2];
    bcue_quantise_weight(&weight, bytes, scale);
    static const int8_t expected[6] = {50, -127, 1, 0, 0, 0};
    CHECK(memcmp(bytes, expected, sizeof bytes) == 0);
    CHECK_NEAR(scale[0], 0.01, 1e-8);
    CHECK_NEAR(scale[1], 1, 0);
}

int main(void)
{
    RUN(growing_range);
    RUN(exact_ones);
    RUN(normal_is_cut);
    RUN(zeros_of_relu);
    RUN(weights_by_channel);
    return check_summary();
}

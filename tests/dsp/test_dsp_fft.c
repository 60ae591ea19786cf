/* Transforms against the defining sum in double precision, Parseval's theorem, and one build against the
 * other. */
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/rng.h"
#include "dsp/fft.h"

enum { LANES = BCUE_FFT_LANES };
static const double pi = 3.14159265358979323846;

static float *random_values(size_t count, uint32_t which)
{
    bcue_rng rng = bcue_rng_make(7, BCUE_RNG_TEST, which, 0, 0);
    float *values = bcue_calloc_aligned(count, sizeof *values);
    for (size_t i = 0; values != NULL && i < count; i++)
        values[i] = (float)bcue_rng_normal(&rng);
    return values;
}

/* The sum itself, for lane `lane`, bin `k`. */
static void defining_sum(const float *re, const float *im, size_t length, size_t lane, size_t k,
                         double result[2])
{
    result[0] = result[1] = 0;
    for (size_t n = 0; n < length; n++) {
        double angle = -2 * pi * (double)(k * n % length) / (double)length;
        double x = (double)re[LANES * n + lane], y = (double)im[LANES * n + lane];
        result[0] += x * cos(angle) - y * sin(angle);
        result[1] += x * sin(angle) + y * cos(angle);
    }
}

static void check_length(size_t length)
{
    bcue_fft *fft = NULL;
    bcue_error error;
    CHECK_OK(bcue_fft_create(length, &fft, &error), error);
    size_t count = LANES * length;
    float *re = random_values(count, 1), *im = random_values(count, 2);
    float *out_re = bcue_calloc_aligned(count, sizeof *out_re),
          *out_im = bcue_calloc_aligned(count, sizeof *out_im);
    float *scratch = bcue_calloc_aligned(bcue_fft_scratch(fft), sizeof *scratch);
    memcpy(out_re, re, count * sizeof *re);
    memcpy(out_im, im, count * sizeof *im);
    bcue_fft_lanes(fft, out_re, out_im, scratch);
    double worst = 0, scale = sqrt((double)length);
    for (size_t lane = 0; lane < LANES; lane++)
        for (size_t k = 0; k < length; k++) {
            double exact[2];
            defining_sum(re, im, length, lane, k, exact);
            worst = fmax(worst, hypot((double)out_re[LANES * k + lane] - exact[0],
                                      (double)out_im[LANES * k + lane] - exact[1]));
        }
    CHECK_AT(worst <= 2e-6 * scale, "length %zu: off by %g of %g", length, worst, scale);
    free(re);
    free(im);
    free(out_re);
    free(out_im);
    free(scratch);
    bcue_fft_destroy(fft);
}

static void test_lengths(void)
{
    static const size_t lengths[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 3, 5, 7, 12, 100, 125, 250, 255};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        check_length(lengths[i]);
    bcue_fft *fft;
    bcue_error error;
    CHECK_STATUS(bcue_fft_create(0, &fft, &error), BCUE_ERROR_ARGUMENT);
    CHECK_STATUS(bcue_fft_create((size_t)BCUE_FFT_LONGEST + 1, &fft, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "1048577");
}

/* Parseval: the energies agree; a long transform too. */
static void test_energy(void)
{
    enum { LENGTH = 1 << 14 };
    bcue_fft *fft = NULL;
    bcue_error error;
    CHECK_OK(bcue_fft_create(LENGTH, &fft, &error), error);
    float *re = random_values((size_t)LANES * LENGTH, 3), *im = random_values((size_t)LANES * LENGTH, 4);
    float *scratch = bcue_calloc_aligned(bcue_fft_scratch(fft), sizeof *scratch);
    double before[LANES] = {0}, after[LANES] = {0};
    for (size_t i = 0; i < (size_t)LANES * LENGTH; i++)
        before[i % LANES] += (double)re[i] * (double)re[i] + (double)im[i] * (double)im[i];
    bcue_fft_lanes(fft, re, im, scratch);
    for (size_t i = 0; i < (size_t)LANES * LENGTH; i++)
        after[i % LANES] += (double)re[i] * (double)re[i] + (double)im[i] * (double)im[i];
    for (int l = 0; l < LANES; l++)
        CHECK_NEAR(after[l] / LENGTH / before[l], 1, 1e-6);
    free(re);
    free(im);
    free(scratch);
    bcue_fft_destroy(fft);
}

static void check_padded(size_t length, size_t taps, bool squared)
{
    enum { COLUMNS = 24 };
    bcue_fft *fft = NULL;
    bcue_error error;
    CHECK_OK(bcue_fft_create(length, &fft, &error), error);
    float *re = random_values(taps * COLUMNS, 5), *im = random_values(taps * COLUMNS, 6);
    float *scratch = bcue_calloc_aligned(bcue_fft_scratch(fft), sizeof *scratch);
    float *out = bcue_calloc_aligned(length, sizeof *out);
    bcue_fft_padded_magnitudes(fft, re, im, taps, COLUMNS, COLUMNS, squared, scratch, out);
    for (size_t k = 0; k < length; k++) {
        double exact = 0;
        for (size_t c = 0; c < COLUMNS; c++) {
            double sum[2] = {0, 0};
            for (size_t t = 0; t < taps; t++) {
                double angle = -2 * pi * (double)(k * t % length) / (double)length;
                double x = (double)re[t * COLUMNS + c], y = (double)im[t * COLUMNS + c];
                sum[0] += x * cos(angle) - y * sin(angle);
                sum[1] += x * sin(angle) + y * cos(angle);
            }
            double power = sum[0] * sum[0] + sum[1] * sum[1];
            exact += squared ? power : sqrt(power);
        }
        CHECK_AT(fabs((double)out[k] - exact) <= 2e-6 * exact,
                 "length %zu, %zu taps, bin %zu: %g, expected %g", length, taps, k, (double)out[k], exact);
    }
    free(re);
    free(im);
    free(scratch);
    free(out);
    bcue_fft_destroy(fft);
}

static void test_padded(void)
{
    for (size_t taps = 1; taps <= 8; taps++) {
        check_padded(256, taps, false);
        check_padded(32, taps, true);
        check_padded(20, taps, false);
    }
    check_padded(4, 4, true);
}

/* Both builds of the kernels give the same bits. */
static void test_builds(void)
{
    if (strcmp(bcue_fft_kernels(), "baseline") == 0)
        return;
    enum { LENGTH = 128, COUNT = LANES * LENGTH };
    float *result[2][3];
    for (int build = 0; build < 2; build++) {
        bcue_fft *fft = NULL;
        bcue_error error;
        bcue_fft_force_baseline(build == 1);
        CHECK_OK(bcue_fft_create(LENGTH, &fft, &error), error);
        float *re = random_values(COUNT, 8), *im = random_values(COUNT, 9);
        float *scratch = bcue_calloc_aligned(bcue_fft_scratch(fft), sizeof *scratch);
        float *sums = bcue_calloc_aligned(COUNT + 2 * LENGTH, sizeof *sums);
        bcue_fft_padded_magnitudes(fft, re, im, 4, COUNT / 4, COUNT / 4, false, scratch, sums + COUNT);
        bcue_fft_padded_magnitudes(fft, re, im, 4, COUNT / 4, COUNT / 4, true, scratch,
                                   sums + COUNT + LENGTH);
        bcue_fft_lanes(fft, re, im, scratch);
        bcue_lanes_add_magnitude(re, im, LENGTH, false, sums);
        result[build][0] = re;
        result[build][1] = im;
        result[build][2] = sums;
        free(scratch);
        bcue_fft_destroy(fft);
    }
    bcue_fft_force_baseline(false);
    CHECK(memcmp(result[0][0], result[1][0], COUNT * sizeof(float)) == 0);
    CHECK(memcmp(result[0][1], result[1][1], COUNT * sizeof(float)) == 0);
    CHECK(memcmp(result[0][2], result[1][2], (COUNT + 2 * LENGTH) * sizeof(float)) == 0);
    for (int build = 0; build < 2; build++)
        for (int i = 0; i < 3; i++)
            free(result[build][i]);
}

static void test_window(void)
{
    float window[64];
    double sum = 0;
    bcue_hann_window(64, window);
    for (int n = 0; n < 64; n++) {
        sum += (double)window[n];
        CHECK(window[n] == window[63 - n] || fabs((double)(window[n] - window[63 - n])) < 1e-7);
        CHECK(window[n] > 0 && window[n] <= 1);
    }
    CHECK_NEAR(sum, 32, 1e-5); /* coherent gain one half */
}

int main(void)
{
    RUN(test_lengths);
    RUN(test_energy);
    RUN(test_padded);
    RUN(test_builds);
    RUN(test_window);
    return check_summary();
}

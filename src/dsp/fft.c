#include "dsp/fft.h"

#include <kissfft/kiss_fft.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "dsp/lanes_kernels.h"

static const double pi = 3.14159265358979323846;

struct bcue_fft {
    size_t length;
    float *twiddle;       /* of powers of two, else NULL */
    kiss_fft_cfg general; /* of other lengths, else NULL */
};

static bool forced_baseline;

const bcue_lanes_kernels *bcue_lanes_best(void)
{
#if defined(__x86_64__)
    if (!forced_baseline && __builtin_cpu_supports("avx2"))
        return &bcue_lanes_avx2;
#endif
    return &bcue_lanes_baseline;
}

const char *bcue_fft_kernels(void)
{
    return bcue_lanes_best()->name;
}

void bcue_fft_force_baseline(bool baseline)
{
    forced_baseline = baseline;
}

bcue_status bcue_fft_create(size_t length, bcue_fft **fft, bcue_error *error)
{
    *fft = NULL;
    if (length < 1 || length > BCUE_FFT_LONGEST)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "a Fourier transform of length %zu; expected 1 to %d",
                         length, (int)BCUE_FFT_LONGEST);
    bcue_fft *made = bcue_calloc(1, sizeof *made);
    if (made == NULL)
        return bcue_fail_memory(error, "a Fourier transform");
    made->length = length;
    if ((length & (length - 1)) == 0) {
        made->twiddle = bcue_calloc(2 * length, sizeof *made->twiddle);
        for (size_t k = 0; made->twiddle != NULL && k < length; k++) {
            double angle = -2.0 * pi * (double)k / (double)length;
            made->twiddle[2 * k] = (float)cos(angle);
            made->twiddle[2 * k + 1] = (float)sin(angle);
        }
    } else {
        made->general = kiss_fft_alloc((int)length, 0, NULL, NULL);
    }
    if (made->twiddle == NULL && made->general == NULL) {
        bcue_fft_destroy(made);
        return bcue_fail_memory(error, "a Fourier transform");
    }
    *fft = made;
    return BCUE_OK;
}

void bcue_fft_destroy(bcue_fft *fft)
{
    if (fft == NULL)
        return;
    free(fft->twiddle);
    kiss_fft_free(fft->general);
    free(fft);
}

size_t bcue_fft_length(const bcue_fft *fft)
{
    return fft->length;
}

size_t bcue_fft_scratch(const bcue_fft *fft)
{
    return 5 * BCUE_FFT_LANES * fft->length;
}

/* Any length: each lane by itself. */
static void general_lanes(const bcue_fft *fft, float *re, float *im, float *scratch)
{
    kiss_fft_cpx *in = (kiss_fft_cpx *)(void *)scratch, *out = in + fft->length;
    for (size_t lane = 0; lane < BCUE_FFT_LANES; lane++) {
        for (size_t n = 0; n < fft->length; n++)
            in[n] = (kiss_fft_cpx){re[BCUE_FFT_LANES * n + lane], im[BCUE_FFT_LANES * n + lane]};
        kiss_fft(fft->general, in, out);
        for (size_t n = 0; n < fft->length; n++) {
            re[BCUE_FFT_LANES * n + lane] = out[n].r;
            im[BCUE_FFT_LANES * n + lane] = out[n].i;
        }
    }
}

void bcue_fft_lanes(const bcue_fft *fft, float *re, float *im, float *scratch)
{
    if (fft->general != NULL)
        general_lanes(fft, re, im, scratch);
    else
        bcue_lanes_best()->fft(fft->length, fft->twiddle, re, im, scratch);
}

void bcue_lanes_add_magnitude(const float *re, const float *im, size_t rows, bool squared, float *sum)
{
    bcue_lanes_best()->add_magnitude(re, im, rows, squared, sum);
}

/* Every tap count and length: eight columns at a time through the whole transform. */
static void padded_any(const bcue_fft *fft, const float *re, const float *im, size_t taps, size_t stride,
                       size_t columns, bool squared, float *scratch, float *out)
{
    size_t block = BCUE_FFT_LANES * fft->length;
    float *sum = scratch + 2 * block, *block_re = sum + block, *block_im = block_re + block;
    memset(sum, 0, block * sizeof *sum);
    for (size_t c = 0; c < columns; c += BCUE_FFT_LANES) {
        memset(block_re, 0, 2 * block * sizeof *block_re);
        for (size_t t = 0; t < taps; t++) {
            memcpy(block_re + BCUE_FFT_LANES * t, re + t * stride + c, BCUE_FFT_LANES * sizeof *re);
            memcpy(block_im + BCUE_FFT_LANES * t, im + t * stride + c, BCUE_FFT_LANES * sizeof *im);
        }
        bcue_fft_lanes(fft, block_re, block_im, scratch);
        bcue_lanes_add_magnitude(block_re, block_im, fft->length, squared, sum);
    }
    for (size_t k = 0; k < fft->length; k++) {
        out[k] = 0;
        for (size_t lane = 0; lane < BCUE_FFT_LANES; lane++)
            out[k] += sum[BCUE_FFT_LANES * k + lane];
    }
}

void bcue_fft_padded_magnitudes(const bcue_fft *fft, const float *re, const float *im, size_t taps,
                                size_t stride, size_t columns, bool squared, float *scratch, float *out)
{
    if (taps != 4 || fft->twiddle == NULL || fft->length < 4) {
        padded_any(fft, re, im, taps, stride, columns, squared, scratch, out);
        return;
    }
    const float *tap_re[4], *tap_im[4];
    for (size_t t = 0; t < 4; t++) {
        tap_re[t] = re + t * stride;
        tap_im[t] = im + t * stride;
    }
    bcue_lanes_best()->padded4(fft->length, fft->twiddle, tap_re, tap_im, columns, squared, out);
}

void bcue_hann_window(size_t count, float *window)
{
    for (size_t n = 0; n < count; n++) {
        double sine = sin(pi * ((double)n + 0.5) / (double)count);
        window[n] = (float)(sine * sine);
    }
}

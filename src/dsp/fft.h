/* Fourier transforms in float: forward, X[k] = sum over n of x[n] exp(-2 pi i k n / N), not scaled.

   Radar cubes are many transforms of one length over neighbouring columns, so the fast form works on eight
   signals at once, real and imaginary parts apart: element n of signal l is re[8 n + l], im[8 n + l]. Lengths
   that are powers of two run as radix-4 steps over whole vectors (radix-2 for an odd power), compiled for the
   machine's baseline and for AVX2 from the same source and without fused operations, so that every machine
   gives the same bits; other lengths go to kissfft. A plan is immutable: any number of threads may use it. */
#ifndef BCUE_DSP_FFT_H
#define BCUE_DSP_FFT_H

#include <stdbool.h>
#include <stddef.h>
#include "beamcue/status.h"

enum { BCUE_FFT_LANES = 8, BCUE_FFT_LONGEST = 1 << 20 };

typedef struct bcue_fft bcue_fft;

/* A plan for one length, 1 to BCUE_FFT_LONGEST. On success destroy with bcue_fft_destroy. */
bcue_status bcue_fft_create(size_t length, bcue_fft **fft, bcue_error *error);
void bcue_fft_destroy(bcue_fft *fft); /* NULL is fine */
size_t bcue_fft_length(const bcue_fft *fft);
/* Floats of scratch that bcue_fft_lanes and bcue_fft_padded_magnitudes need. */
size_t bcue_fft_scratch(const bcue_fft *fft);

/* Eight transforms in place; re and im hold 8 * length floats each. */
void bcue_fft_lanes(const bcue_fft *fft, float *re, float *im, float *scratch);

/* sum[i] += |re[i] + j im[i]| for 8 * `rows` values, or the square of it. */
void bcue_lanes_add_magnitude(const float *re, const float *im, size_t rows, bool squared, float *sum);

/* Short signals padded with zeros, and only the sum of what comes out: for each of `columns` (a multiple of
   8) signals of `taps` values, tap t of column c being re[t * stride + c], im[t * stride + c], add up the
   magnitudes (or their squares) of the transform of its taps followed by zeros. out: `length` sums. With at
   most four taps and a power of two the zeros cost nothing. */
void bcue_fft_padded_magnitudes(const bcue_fft *fft, const float *re, const float *im, size_t taps,
                                size_t stride, size_t columns, bool squared, float *scratch, float *out);

/* Which build of the fast kernels runs, for tests: "avx2" or "baseline"; the latter can be forced,
   process-wide and before other threads use it. */
const char *bcue_fft_kernels(void);
void bcue_fft_force_baseline(bool baseline);

/* Hann window, sin^2(pi (n + 1/2) / count), n = 0 .. count-1: no sample is thrown away at the ends. */
void bcue_hann_window(size_t count, float *window);

#endif

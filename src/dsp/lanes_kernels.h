/* Inside the room: the vector kernels behind bcue_fft, one table per build of lanes_kernels.inc.h. */
#ifndef BCUE_DSP_LANES_KERNELS_H
#define BCUE_DSP_LANES_KERNELS_H

#include <stdbool.h>
#include <stddef.h>

/* A tone at eight consecutive samples, and its turn over eight. */
typedef struct bcue_lanes_tone {
    float re[8], im[8];
    float turn_re, turn_im;
} bcue_lanes_tone;
enum { BCUE_TONES_AT_ONCE = 4 };

typedef struct bcue_lanes_kernels {
    const char *name;
    /* A power of two. `twiddle` holds re, im of exp(-2 pi i k / length), k = 0 .. length-1. The result is in
       re, im; `scratch` holds 16 * length floats. */
    void (*fft)(size_t length, const float *twiddle, float *re, float *im, float *scratch);
    void (*add_magnitude)(const float *re, const float *im, size_t rows, bool squared, float *sum);
    /* Sums over columns of the transform of four taps and zeros; length a power of two, at least 4. */
    void (*padded4)(size_t length, const float *twiddle, const float *const re[4], const float *const im[4],
                    size_t columns, bool squared, float *out);
    /* Add four tones to re and im, `rows` times eight samples. */
    void (*add_tones)(const bcue_lanes_tone tones[BCUE_TONES_AT_ONCE], size_t rows, float *re, float *im);
} bcue_lanes_kernels;

/* The build that runs here. */
const bcue_lanes_kernels *bcue_lanes_best(void);

extern const bcue_lanes_kernels bcue_lanes_baseline;
#if defined(__x86_64__)
extern const bcue_lanes_kernels bcue_lanes_avx2;
#endif

#endif

/* Vector kernels, compiled once per instruction set with LANES_TABLE and LANES_NAME set. Eight floats are one
   vector of the compiler's own kind, so the order of operations is the same in every build. Nothing here is
   fused (-ffp-contract=off), and square roots are correctly rounded: the same bits everywhere. */
#include <math.h>
#include <string.h>

#include "dsp/lanes_kernels.h"

enum { LANES = 8 };
typedef float lanes __attribute__((vector_size(4 * LANES)));

static inline lanes load(const float *from)
{
    lanes value;
    memcpy(&value, from, sizeof value);
    return value;
}

static inline void store(float *to, lanes value)
{
    memcpy(to, &value, sizeof value);
}

static inline lanes root(lanes value)
{
    lanes result;
    for (int i = 0; i < LANES; i++)
        result[i] = sqrtf(value[i]);
    return result;
}

typedef struct complex_lanes {
    lanes re, im;
} complex_lanes;

static inline complex_lanes times(complex_lanes a, float re, float im)
{
    return (complex_lanes){a.re * re - a.im * im, a.re * im + a.im * re};
}

static inline complex_lanes load_complex(const float *re, const float *im, size_t at)
{
    return (complex_lanes){load(re + LANES * at), load(im + LANES * at)};
}

static inline void store_complex(float *re, float *im, size_t at, complex_lanes value)
{
    store(re + LANES * at, value.re);
    store(im + LANES * at, value.im);
}

/* The four outputs of a radix-4 step before their twiddles. */
static inline void butterfly(const complex_lanes in[4], complex_lanes out[4])
{
    lanes sum_re = in[0].re + in[2].re, sum_im = in[0].im + in[2].im;
    lanes diff_re = in[0].re - in[2].re, diff_im = in[0].im - in[2].im;
    lanes odd_re = in[1].re + in[3].re, odd_im = in[1].im + in[3].im;
    lanes turn_re = in[1].im - in[3].im, turn_im = in[3].re - in[1].re; /* -i (in1 - in3) */
    out[0] = (complex_lanes){sum_re + odd_re, sum_im + odd_im};
    out[1] = (complex_lanes){diff_re + turn_re, diff_im + turn_im};
    out[2] = (complex_lanes){sum_re - odd_re, sum_im - odd_im};
    out[3] = (complex_lanes){diff_re - turn_re, diff_im - turn_im};
}

/* One pass of Stockham's self-sorting radix-4 transform: sub-transforms of `size`, `step` of them apart. */
static void pass4(size_t length, size_t size, size_t step, const float *twiddle, const float *from_re,
                  const float *from_im, float *to_re, float *to_im)
{
    size_t quarter = size / 4, unit = length / size;
    for (size_t p = 0; p < quarter; p++) {
        const float *w1 = twiddle + 2 * p * unit, *w2 = twiddle + 4 * p * unit, *w3 = twiddle + 6 * p * unit;
        for (size_t q = 0; q < step; q++) {
            complex_lanes in[4], out[4];
            for (size_t k = 0; k < 4; k++)
                in[k] = load_complex(from_re, from_im, q + step * (p + k * quarter));
            butterfly(in, out);
            store_complex(to_re, to_im, q + step * (4 * p), out[0]);
            store_complex(to_re, to_im, q + step * (4 * p + 1), times(out[1], w1[0], w1[1]));
            store_complex(to_re, to_im, q + step * (4 * p + 2), times(out[2], w2[0], w2[1]));
            store_complex(to_re, to_im, q + step * (4 * p + 3), times(out[3], w3[0], w3[1]));
        }
    }
}

static void fft_lanes(size_t length, const float *twiddle, float *re, float *im, float *scratch)
{
    float *from_re = re, *from_im = im, *to_re = scratch, *to_im = scratch + LANES * length;
    size_t size = length, step = 1;
    for (; size > 1; size /= 4, step *= 4) {
        if (size == 2) {
            for (size_t q = 0; q < step; q++) {
                complex_lanes a = load_complex(from_re, from_im, q),
                              b = load_complex(from_re, from_im, q + step);
                store_complex(to_re, to_im, q, (complex_lanes){a.re + b.re, a.im + b.im});
                store_complex(to_re, to_im, q + step, (complex_lanes){a.re - b.re, a.im - b.im});
            }
            size = 4; /* done after this pass */
        } else {
            pass4(length, size, step, twiddle, from_re, from_im, to_re, to_im);
        }
        float *kept_re = from_re, *kept_im = from_im;
        from_re = to_re;
        from_im = to_im;
        to_re = kept_re;
        to_im = kept_im;
    }
    if (from_re != re) {
        memcpy(re, from_re, LANES * length * sizeof *re);
        memcpy(im, from_im, LANES * length * sizeof *im);
    }
}

static void add_magnitude(const float *re, const float *im, size_t rows, bool squared, float *sum)
{
    for (size_t i = 0; i < rows; i++) {
        lanes x = load(re + LANES * i), y = load(im + LANES * i), power = x * x + y * y;
        store(sum + LANES * i, load(sum + LANES * i) + (squared ? power : root(power)));
    }
}

static float add_up(lanes value)
{
    float sum = 0;
    for (int i = 0; i < LANES; i++)
        sum += value[i];
    return sum;
}

static inline __attribute__((always_inline)) void padded4_any(size_t length, const float *twiddle,
                                                              const float *const re[4],
                                                              const float *const im[4], size_t columns,
                                                              bool squared, float *out)
{
    size_t quarter = length / 4;
    for (size_t k = 0; k < quarter; k++) {
        lanes sum[4] = {{0}, {0}, {0}, {0}};
        const float *w1 = twiddle + 2 * k, *w2 = twiddle + 4 * k, *w3 = twiddle + 6 * k;
        for (size_t c = 0; c < columns; c += LANES) {
            complex_lanes in[4], bin[4];
            in[0] = (complex_lanes){load(re[0] + c), load(im[0] + c)};
            in[1] = times((complex_lanes){load(re[1] + c), load(im[1] + c)}, w1[0], w1[1]);
            in[2] = times((complex_lanes){load(re[2] + c), load(im[2] + c)}, w2[0], w2[1]);
            in[3] = times((complex_lanes){load(re[3] + c), load(im[3] + c)}, w3[0], w3[1]);
            butterfly(in, bin);
            for (int b = 0; b < 4; b++) {
                lanes power = bin[b].re * bin[b].re + bin[b].im * bin[b].im;
                sum[b] += squared ? power : root(power);
            }
        }
        for (size_t b = 0; b < 4; b++)
            out[k + b * quarter] = add_up(sum[b]);
    }
}

static void padded4(size_t length, const float *twiddle, const float *const re[4], const float *const im[4],
                    size_t columns, bool squared, float *out)
{
    if (squared)
        padded4_any(length, twiddle, re, im, columns, true, out);
    else
        padded4_any(length, twiddle, re, im, columns, false, out);
}

static void add_tones(const bcue_lanes_tone tones[BCUE_TONES_AT_ONCE], size_t rows, float *re, float *im)
{
    complex_lanes now[BCUE_TONES_AT_ONCE];
    for (int k = 0; k < BCUE_TONES_AT_ONCE; k++)
        now[k] = (complex_lanes){load(tones[k].re), load(tones[k].im)};
    for (size_t i = 0; i < rows; i++) {
        lanes sum_re = load(re + LANES * i), sum_im = load(im + LANES * i);
        for (int k = 0; k < BCUE_TONES_AT_ONCE; k++) {
            sum_re += now[k].re;
            sum_im += now[k].im;
            now[k] = times(now[k], tones[k].turn_re, tones[k].turn_im);
        }
        store(re + LANES * i, sum_re);
        store(im + LANES * i, sum_im);
    }
}

const bcue_lanes_kernels LANES_TABLE = {LANES_NAME, fft_lanes, add_magnitude, padded4, add_tones};

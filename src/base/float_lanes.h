/* FLOAT_LANES floats at a time: 4 with what every machine has, 8 and 16 in files that are compiled for AVX2
   and AVX-512, and for nothing else, because the CPU has to be asked before anything in them is called
   (cmake: bcue_lane_files). The including file defines FLOAT_LANES. One rounding per operation, so that every
   width gives the same bits. */
#ifndef BCUE_BASE_FLOAT_LANES_H
#define BCUE_BASE_FLOAT_LANES_H

#if FLOAT_LANES > 4
#include <immintrin.h>
#elif defined __SSE2__
#include <emmintrin.h>
#endif
#include <math.h>
#include <stdint.h>
#include <string.h>

enum { LANES = FLOAT_LANES };
typedef float lanes __attribute__((vector_size(4 * LANES)));
typedef int lane_mask __attribute__((vector_size(4 * LANES)));

/* A bit per lane of a comparison that holds. */
static inline uint32_t lane_bits(lane_mask holds)
{
#if FLOAT_LANES == 16
    return _mm512_test_epi32_mask((__m512i)holds, (__m512i)holds);
#elif FLOAT_LANES == 8
    return (uint32_t)_mm256_movemask_ps((__m256)holds);
#elif defined __SSE2__
    return (uint32_t)_mm_movemask_ps((__m128)holds);
#else
    return (holds[0] & 1u) | (holds[1] & 2u) | (holds[2] & 4u) | (holds[3] & 8u);
#endif
}

static inline lanes lane_sqrt(lanes x)
{
#if FLOAT_LANES == 16
    return (lanes)_mm512_sqrt_ps((__m512)x);
#elif FLOAT_LANES == 8
    return (lanes)_mm256_sqrt_ps((__m256)x);
#elif defined __SSE2__
    return (lanes)_mm_sqrt_ps((__m128)x);
#else
    return (lanes){sqrtf(x[0]), sqrtf(x[1]), sqrtf(x[2]), sqrtf(x[3])};
#endif
}

static inline lanes load(const float *from)
{
    lanes x;
    memcpy(&x, from, sizeof x);
    return x;
}

static inline lanes all(float value)
{
    return value - (lanes){0};
}

static inline lanes choose(lane_mask holds, lanes yes, lanes no)
{
    return (lanes)(((lane_mask)yes & holds) | ((lane_mask)no & ~holds));
}

static inline lanes larger(lanes a, lanes b)
{
    return choose(a > b, a, b);
}

static inline lanes smaller(lanes a, lanes b)
{
    return choose(a < b, a, b);
}

#endif

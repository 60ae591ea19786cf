/* Sixteen lanes: this file alone is compiled for AVX-512. */
#include <immintrin.h>
#include <stdint.h>

enum { LANES = 16 };
#define LAMP_LANES bcue_lamp_lanes_avx512
typedef float lanes __attribute__((vector_size(4 * LANES)));
typedef int lane_mask __attribute__((vector_size(4 * LANES)));

static inline uint32_t lane_bits(lane_mask holds)
{
    return _mm512_test_epi32_mask((__m512i)holds, (__m512i)holds);
}

static inline lanes lane_sqrt(lanes x)
{
    return (lanes)_mm512_sqrt_ps((__m512)x);
}

#include "sensors/lamp_lanes.inc.h"

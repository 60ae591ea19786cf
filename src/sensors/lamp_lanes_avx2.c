/* Eight lanes: this file alone is compiled for AVX2. */
#include <immintrin.h>
#include <stdint.h>

enum { LANES = 8 };
#define LAMP_LANES bcue_lamp_lanes_avx2
typedef float lanes __attribute__((vector_size(4 * LANES)));
typedef int lane_mask __attribute__((vector_size(4 * LANES)));

static inline uint32_t lane_bits(lane_mask holds)
{
    return (uint32_t)_mm256_movemask_ps((__m256)holds);
}

static inline lanes lane_sqrt(lanes x)
{
    return (lanes)_mm256_sqrt_ps((__m256)x);
}

#include "sensors/lamp_lanes.inc.h"

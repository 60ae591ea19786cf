/* Eight lanes: this file alone is compiled for AVX2. */
#include <immintrin.h>
#include <stdint.h>

enum { LANES = 8 };
#define LANE_TESTS bcue_lane_tests_avx2
typedef float lanes __attribute__((vector_size(4 * LANES)));
typedef int lane_mask __attribute__((vector_size(4 * LANES)));

static inline uint32_t lane_bits(lane_mask holds)
{
    return (uint32_t)_mm256_movemask_ps((__m256)holds);
}

#include "rays/path_lanes.inc.h"

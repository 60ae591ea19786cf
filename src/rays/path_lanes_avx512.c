/* Sixteen lanes: this file alone is compiled for AVX-512. */
#include <immintrin.h>
#include <stdint.h>

enum { LANES = 16 };
#define LANE_TESTS bcue_lane_tests_avx512
typedef float lanes __attribute__((vector_size(4 * LANES)));
typedef int lane_mask __attribute__((vector_size(4 * LANES)));

static inline uint32_t lane_bits(lane_mask holds)
{
    return _mm512_test_epi32_mask((__m512i)holds, (__m512i)holds);
}

#include "rays/path_lanes.inc.h"

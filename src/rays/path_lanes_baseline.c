/* Four lanes, with what every machine has; and which of the widths a machine gets. */
#include "base/cpu.h"
#ifdef __SSE2__
#include <emmintrin.h>
#endif
#include <stdint.h>

enum { LANES = 4 };
#define LANE_TESTS bcue_lane_tests_baseline
typedef float lanes __attribute__((vector_size(4 * LANES)));
typedef int lane_mask __attribute__((vector_size(4 * LANES)));

static inline uint32_t lane_bits(lane_mask holds)
{
#ifdef __SSE2__
    return (uint32_t)_mm_movemask_ps((__m128)holds);
#else
    return (holds[0] & 1u) | (holds[1] & 2u) | (holds[2] & 4u) | (holds[3] & 8u);
#endif
}

#include "rays/path_lanes.inc.h"

const bcue_lane_tests *bcue_lane_tests_best(void)
{
#ifdef __x86_64__
    switch (bcue_cpu_best()) {
    case BCUE_CPU_AVX512:
        return &bcue_lane_tests_avx512;
    case BCUE_CPU_AVX2:
        return &bcue_lane_tests_avx2;
    default:
        break;
    }
#endif
    return &bcue_lane_tests_baseline;
}

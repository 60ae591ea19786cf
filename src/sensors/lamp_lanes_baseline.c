/* Four lanes, with what every machine has; and which of the widths a machine gets. */
#include "base/cpu.h"
#ifdef __SSE2__
#include <emmintrin.h>
#endif
#include <math.h>
#include <stdint.h>

enum { LANES = 4 };
#define LAMP_LANES bcue_lamp_lanes_baseline
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

static inline lanes lane_sqrt(lanes x)
{
#ifdef __SSE2__
    return (lanes)_mm_sqrt_ps((__m128)x);
#else
    return (lanes){sqrtf(x[0]), sqrtf(x[1]), sqrtf(x[2]), sqrtf(x[3])};
#endif
}

#include "sensors/lamp_lanes.inc.h"

const bcue_lamp_lanes *bcue_lamp_lanes_best(void)
{
#ifdef __x86_64__
    switch (bcue_cpu_best()) {
    case BCUE_CPU_AVX512:
        return &bcue_lamp_lanes_avx512;
    case BCUE_CPU_AVX2:
        return &bcue_lamp_lanes_avx2;
    default:
        break;
    }
#endif
    return &bcue_lamp_lanes_baseline;
}

/* Four lanes, which every machine has, and the choice among the widths. */
#define FLOAT_LANES 4
#define NORM_LANES bcue_norm_lanes_baseline
#include "base/cpu.h"
#include "engine/norm_lanes.inc.h"

const bcue_norm_lanes *bcue_norm_lanes_for(size_t block)
{
    if (block == 0 || block % 4 != 0)
        return NULL;
#ifdef BCUE_X86_KERNELS
    bcue_cpu_level level = bcue_cpu_best();
    if (level == BCUE_CPU_AVX512 && block % 16 == 0)
        return &bcue_norm_lanes_avx512;
    if (level != BCUE_CPU_PLAIN && block % 8 == 0)
        return &bcue_norm_lanes_avx2;
#endif
    return &bcue_norm_lanes_baseline;
}

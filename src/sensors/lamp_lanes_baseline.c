/* Four lanes, with what every machine has; and which of the widths a machine gets. */
#define FLOAT_LANES 4
#define LAMP_LANES bcue_lamp_lanes_baseline
#include "base/cpu.h"
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

/* Four lanes, with what every machine has; and which of the widths a machine gets. */
#define FLOAT_LANES 4
#define LANE_TESTS bcue_lane_tests_baseline
#include "base/cpu.h"
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

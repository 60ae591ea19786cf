/* Eight lanes: this file alone is compiled for AVX2. */
#define FLOAT_LANES 8
#define LANE_TESTS bcue_lane_tests_avx2
#include "rays/path_lanes.inc.h"

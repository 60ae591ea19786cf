/* Sixteen lanes: this file alone is compiled for AVX-512. */
#define FLOAT_LANES 16
#define LANE_TESTS bcue_lane_tests_avx512
#include "rays/path_lanes.inc.h"

/* Sixteen lanes: this file alone is compiled for AVX-512. */
#define FLOAT_LANES 16
#define NORM_LANES bcue_norm_lanes_avx512
#include "engine/norm_lanes.inc.h"

/* Eight lanes: this file alone is compiled for AVX2. */
#define FLOAT_LANES 8
#define NORM_LANES bcue_norm_lanes_avx2
#include "engine/norm_lanes.inc.h"

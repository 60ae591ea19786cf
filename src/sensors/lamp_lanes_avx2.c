/* Eight lanes: this file alone is compiled for AVX2. */
#define FLOAT_LANES 8
#define LAMP_LANES bcue_lamp_lanes_avx2
#include "sensors/lamp_lanes.inc.h"

/* Sixteen lanes: this file alone is compiled for AVX-512. */
#define FLOAT_LANES 16
#define LAMP_LANES bcue_lamp_lanes_avx512
#include "sensors/lamp_lanes.inc.h"

/* Dropout masks with AVX2: this file alone is compiled for it. */
#define DROPOUT_BLOCKS bcue_dropout_blocks_avx2
#include "engine/dropout_lanes.inc.h"

/* Dropout masks with AVX-512: this file alone is compiled for it. */
#define DROPOUT_BLOCKS bcue_dropout_blocks_avx512
#include "engine/dropout_lanes.inc.h"

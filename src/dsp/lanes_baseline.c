/* The vector kernels for any machine that the compiler's default serves. */
#define LANES_TABLE bcue_lanes_baseline
#define LANES_NAME "baseline"
#include "dsp/lanes_kernels.inc.h"

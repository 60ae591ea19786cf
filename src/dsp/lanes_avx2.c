/* The vector kernels for AVX2; compiled with -mavx2, run only where the CPU has it. */
#if defined(__x86_64__)
#define LANES_TABLE bcue_lanes_avx2
#define LANES_NAME "avx2"
#include "dsp/lanes_kernels.inc.h"
#else
typedef int bcue_no_avx2_here;
#endif

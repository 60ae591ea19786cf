/* Weights of 3x3 convolutions for oneDNN's Winograd kernels F(4x4, 3x3), in the layout that oneDNN 2.6 calls
   wino_wei_OBaaIBOIio: about 20 times as fast as its own reorder, which works element by element. */
#ifndef BCUE_ENGINE_WINOGRAD_PACK_H
#define BCUE_ENGINE_WINOGRAD_PACK_H

#include <stdint.h>

enum { BCUE_WINOGRAD_LANES = 16, BCUE_WINOGRAD_TILE = 6 };

/* G g G' of every 3x3 kernel g, where G (6 x 3) interpolates at 0, 5/8, -5/8, 3/2, -3/2 and infinity. The
   result is (outputs / (16 out_blocks), 6, 6, inputs / (16 in_blocks), out_blocks, in_blocks, 16 inputs, 16
   outputs). */
typedef struct bcue_winograd_pack {
    int64_t inputs, outputs;       /* multiples of 16 in_blocks and 16 out_blocks */
    int64_t in_blocks, out_blocks; /* blocks of 16 channels that lie together */
    const float *weight;           /* (outputs, inputs, 3, 3) */
    const double *scale;           /* per output, multiplied in double first; NULL: 1 */
    float *packed;                 /* 36 inputs outputs floats, 64-byte aligned */
} bcue_winograd_pack;

/* Needs AVX-512 F. Shared out over threads; the result does not depend on how many. */
void bcue_winograd_pack_avx512(const bcue_winograd_pack *pack);

#endif

/* Linear layers of few rows, y = W x + b, as one sample's network has them: what they cost is reading the
   weights. So these lie in 16 or 8 bits, in blocks of outputs with the outputs innermost; sums are in float.
   Inputs that are 0, as rows of missing radar points and half of what a ReLU leaves, cost nothing: their
   weights are not read. */
#ifndef BCUE_ENGINE_ROW_LINEAR_H
#define BCUE_ENGINE_ROW_LINEAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/cpu.h"

typedef enum bcue_weight_bits {
    BCUE_WEIGHTS_F32,  /* as they are; not for this header's functions */
    BCUE_WEIGHTS_BF16, /* the upper half of the float, rounded to nearest even */
    BCUE_WEIGHTS_INT8, /* -127 .. 127 by the largest magnitude of each output */
} bcue_weight_bits;

enum { BCUE_ROW_OUTPUTS = 64 }; /* of a block */

/* Of the packed weights. Blocks of (inputs, BCUE_ROW_OUTPUTS), missing outputs 0, then a scale for each
 * output. */
size_t bcue_row_linear_bytes(bcue_weight_bits bits, int64_t inputs, int64_t outputs);
/* weight: (outputs, inputs), finite. `packed` is 64-byte aligned. False: no memory. */
bool bcue_row_linear_pack(bcue_weight_bits bits, const float *weight, int64_t inputs, int64_t outputs,
                          void *packed);

typedef struct bcue_row_linear {
    bcue_weight_bits bits;
    int64_t inputs, outputs;
    const void *packed;
    const float *bias; /* NULL: zeros */
    bool relu;
} bcue_row_linear;

/* One input that is not 0. */
typedef struct bcue_row_entry {
    int32_t input;
    float value;
} bcue_row_entry;

/* x: `inputs` floats; y: `outputs`. `entries`: room for `inputs`. `level`: at most bcue_cpu_best(). Blocks of
   outputs are shared out to threads; the result does not depend on how many. */
void bcue_row_linear_run(const bcue_row_linear *layer, bcue_cpu_level level, const float *x,
                         bcue_row_entry *entries, float *y);

/* One block: sums over `count` entries of BCUE_ROW_OUTPUTS outputs. `block`: its weights. */
typedef void bcue_row_block(const void *block, const bcue_row_entry *entries, size_t count, float *sums);
/* row_linear_avx512.c and row_linear_avx2.c; only there on x86-64. */
bcue_row_block bcue_row_bf16_avx512, bcue_row_int8_avx512, bcue_row_bf16_avx2, bcue_row_int8_avx2;

#endif

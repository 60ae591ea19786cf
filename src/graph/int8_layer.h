/* What a layer in 8 bits is made of: its weights per output channel, its bias and its scale. Symmetric: x is
   stored as round(x / scale), half to even, cut to the levels. */
#ifndef BCUE_GRAPH_INT8_LAYER_H
#define BCUE_GRAPH_INT8_LAYER_H

#include <stdbool.h>
#include <stdint.h>
#include "tensor/tensor.h"

/* How the input of a layer is stored. */
typedef struct bcue_int8_input {
    float scale;   /* x is about byte * scale; 0: the layer computes in f32 */
    bool negative; /* int8_t, else uint8_t */
} bcue_int8_input;

/* weight (outputs, ...) f32 in -127 .. 127 by the largest magnitude of each output channel: scale[o] =
   max |w_o| / 127 (1 where all are 0). `bytes` has as many numbers as the weight. */
void bcue_quantise_weight(const bcue_tensor *weight, int8_t *bytes, float *scale);

/* The same, and what turns sums into results: scale[o] = scale of the weights * x_scale / y_scale, and
   bias_sum = round(bias / (scale of the weights * x_scale)), cut to +-2^30. `bias` (outputs) f32 may be NULL:
   zeros. y_scale is 1 for results in f32. */
void bcue_int8_layer(const bcue_tensor *weight, const float *bias, float x_scale, float y_scale,
                     int8_t *bytes, int32_t *bias_sum, float *scale);

#endif

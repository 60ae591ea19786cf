/* A small network whose layers compute in 8 bits, and what it answers by plain-C convolutions over bytes. */
#ifndef BCUE_TESTS_INT8_NET_H
#define BCUE_TESTS_INT8_NET_H

#include "graph/int8_layer.h"
#include "graph/weights.h"

enum { BCUE_INT8_NET_LAYERS = 5 };

/* Inputs x (2,24,9,7) and t (2,11,48). Outputs y (2,24,9,7): relu(b(relu(a(x))) + x), a and b convolutions
   with batch norm; u (2,20,5,4): relu of a strided convolution with a bias; v (2,12,9,7): a convolution with
   bias and batch norm; z (2,11,33): a linear layer of t. */
bcue_graph *bcue_int8_net(void);
/* Per node: how the layers read their inputs; the caller frees it. NULL: no memory. */
bcue_int8_input *bcue_int8_net_inputs(const bcue_graph *graph);
/* Weights drawn by the graph's rules, those of the norms in 0.3 .. 1.7. */
bcue_status bcue_int8_net_weights(const bcue_graph *graph, bcue_weights *weights, bcue_error *error);
/* Normal numbers, some of which are cut. */
void bcue_int8_net_fill(float *x, float *t);

typedef struct bcue_int8_net_answers {
    float y[2 * 24 * 9 * 7], u[2 * 20 * 5 * 4], v[2 * 12 * 9 * 7], z[2 * 11 * 33];
} bcue_int8_net_answers;
/* By bcue_int8_layer and bcue_int8_conv_reference. false: a parameter is missing, or no memory. */
bool bcue_int8_net_answer(const bcue_weights *weights, const float *x, const float *t,
                          bcue_int8_net_answers *answers);

#endif

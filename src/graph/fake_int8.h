/* A network as its layers in 8 bits compute it, in real numbers: for training with their rounding, and for
   answers on machines that cannot compute in 8 bits. */
#ifndef BCUE_GRAPH_FAKE_INT8_H
#define BCUE_GRAPH_FAKE_INT8_H

#include "graph/graph.h"
#include "graph/int8_layer.h"

/* Can the node compute in 8 bits: a linear layer, or a convolution of one group without dilation, whose
   weight is a parameter? */
bool bcue_int8_can(const bcue_graph *graph, int32_t node);

/* *made: a copy of the graph, with the same inputs, parameters and outputs, in which every layer that an
   inference plan with `inputs` (per node, as bcue_plan_options wants it) computes in 8 bits reads its input,
   its weight and its bias through the operators BCUE_OP_FAKE_QUANTISE*. What it answers is what the plan
   answers, up to the rounding of f32 sums and of values on the border of two levels. Batch norm is folded by
   such a plan: here the bias is rounded by the running statistics, whatever the norm itself goes by in
   training. The caller destroys it. BCUE_ERROR_DATA when the graph has no output besides the loss. */
bcue_status bcue_graph_fake_int8(const bcue_graph *graph, const bcue_int8_input *inputs, bcue_graph **made,
                                 bcue_error *error);

#endif

/* Chains of nodes that one kernel can run in inference, and folding batch norm into weights. */
#ifndef BCUE_GRAPH_FUSE_H
#define BCUE_GRAPH_FUSE_H

#include "graph/needed.h"

/* convolution or linear [+ batch norm] [+ dropout, which inference passes over] [+ residual] [+ ReLU]. Absent
   members are -1. */
typedef struct bcue_fusion_group {
    int32_t anchor; /* the convolution or linear node */
    int32_t norm;   /* batch norm, to be folded into the anchor's weight and bias */
    int32_t dropout;
    int32_t add; /* sum with `residual`, of the same shape */
    int32_t relu;
    bcue_value residual; /* other operand of `add`, or BCUE_NO_VALUE; not computed within the group */
    bcue_value output;   /* the only value of the group that anyone else sees */
    int32_t last;        /* its last node: the group runs in this node's place, when the residual is there */
} bcue_fusion_group;

/* Every needed convolution and linear node is the anchor of one group, alone or not. */
typedef struct bcue_fusion {
    bcue_fusion_group *groups; /* ordered by anchor */
    int32_t count;
    int32_t *group_of_node; /* per node: index into groups, or -1 */
} bcue_fusion;

/* A node joins a group only if the value before it has no other reader and is no output. `enable` false:
 * every group is its anchor alone. */
bcue_status bcue_fusion_create(const bcue_graph *graph, const bcue_needed *needed, bool enable,
                               bcue_fusion *fusion, bcue_error *error);
void bcue_fusion_free(bcue_fusion *fusion);

/* Inputs of batch norm, one value per channel, of the weights' element type (f32 or f64). */
typedef struct bcue_norm_values {
    const bcue_tensor *weight, *bias, *mean, *variance;
    double epsilon;
} bcue_norm_values;

/* weight' = weight * s and bias' = (bias - mean) * s + shift per output channel (first dimension of weight)
   with s = scale / sqrt(variance + epsilon), computed in double. `bias` may be NULL (zero). The results are
   tensors of the element type and shape of `weight`, and (channels). */
void bcue_fold_batch_norm(const bcue_tensor *weight, const bcue_tensor *bias, const bcue_norm_values *norm,
                          bcue_tensor *folded_weight, bcue_tensor *folded_bias);
/* The same without the weight: factor[channel] gets s, which the weight is to be multiplied by. */
void bcue_fold_batch_norm_bias(const bcue_tensor *bias, const bcue_norm_values *norm, double *factor,
                               bcue_tensor *folded_bias);

#endif

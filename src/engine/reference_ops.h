/* The plain-C operators, compiled once in float and once in double from the reference_*.inc.h files. */
#ifndef BCUE_ENGINE_REFERENCE_OPS_H
#define BCUE_ENGINE_REFERENCE_OPS_H

#include "engine/dropout.h"
#include "engine/plan.h"
#include "graph/graph.h"

/* One node with its memory. Data and gradients are dense row-major, in the element type of the plan (labels:
 * int32_t). */
typedef struct bcue_ref_call {
    const bcue_node *node;
    bcue_shape in_shape[BCUE_MAX_OP_INPUTS];
    bcue_shape out_shape;
    const void *in[BCUE_MAX_OP_INPUTS];
    void *in_gradient[BCUE_MAX_OP_INPUTS]; /* NULL: not asked for; the backward pass adds to it */
    void *out;
    const void *out_gradient;
    bool labels;           /* loss: the target is int32_t */
    bool batch_statistics; /* batch norm: normalise by the batch and update the running statistics */
    void *running[2];      /* batch norm: mean and variance, to be updated; NULL: they were */
    double *saved;         /* batch norm: per channel mean, then 1/deviation, from forward to backward; then
                              with `sync` room for 2 C + 1 numbers */
    const struct bcue_norm_sync *sync; /* batch norm: NULL: over this batch alone */
    bool drop;                         /* dropout and attention: on */
    bcue_dropout_key key;
    const void *residual; /* fused: added to the result; NULL: none */
    bool relu;            /* fused: applied last */
} bcue_ref_call;

/* Numbers that `saved` holds. */
size_t bcue_ref_saved_count(const bcue_plan_options *options, int64_t channels);
/* Fails on data that has no result (a label outside 0 .. C-1, a negative row weight). */
bcue_status bcue_ref_forward_f32(const bcue_ref_call *call, bcue_error *error);
bcue_status bcue_ref_forward_f64(const bcue_ref_call *call, bcue_error *error);
void bcue_ref_backward_f32(const bcue_ref_call *call);
void bcue_ref_backward_f64(const bcue_ref_call *call);
/* What the backward pass of an operator looks at besides the gradient of its result. */
bool bcue_ref_backward_reads_inputs(bcue_op op);
bool bcue_ref_backward_reads_output(bcue_op op);

/* Row-major strides over `shape`, seen from a result of `rank` dimensions by NumPy's rules: 0 where it is
 * repeated. */
void bcue_ref_broadcast_strides(const bcue_shape *shape, int rank, int64_t stride[BCUE_MAX_RANK]);
/* The offset, by `stride`, of the element that has row-major number `index` in `shape`. */
int64_t bcue_ref_offset(const bcue_shape *shape, const int64_t stride[BCUE_MAX_RANK], int64_t index);
/* Elements before, along and after an axis. */
typedef struct bcue_ref_axis {
    int64_t outer, length, inner;
} bcue_ref_axis;
bcue_ref_axis bcue_ref_axis_of(const bcue_shape *shape, int axis);
int64_t bcue_ref_count(const bcue_shape *shape);

#endif

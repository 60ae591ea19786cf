/* Lowering of a graph to a oneDNN program. Each value has one or more representations (layouts); operators
   ask for the layout that they want and a reorder is inserted, once, when it is not there yet. Gradients are
   pushed to a value by its consumers and summed. */
#ifndef BCUE_ENGINE_ONEDNN_LOWER_H
#define BCUE_ENGINE_ONEDNN_LOWER_H

#include "engine/dropout.h"
#include "engine/onednn_packed.h"
#include "engine/onednn_program.h"
#include "engine/plan_backend.h"
#include "graph/fuse.h"
#include "graph/needed.h"

enum { BCUE_DN_MAX_LAYOUTS = 6 };

typedef struct bcue_dn_value {
    int32_t layout[BCUE_DN_MAX_LAYOUTS]; /* views; [0] is what the producer wrote */
    int layout_count;
    int32_t gradient; /* sum of what the consumers pushed so far, or BCUE_DN_NONE */
    int32_t readers;  /* planned nodes that read it, plus one for an output */
    int32_t reader;   /* the last of those nodes */
    int32_t unread;   /* of them, those not yet lowered */
    bool needs_gradient;
    int32_t bytes;                     /* view of it in 8 bits, channels last, where byte_input is not NULL */
    const bcue_int8_input *byte_input; /* how it is stored there */
} bcue_dn_value;

typedef enum bcue_dn_route {
    BCUE_DN_UNPLANNED,
    BCUE_DN_PRIMITIVE, /* oneDNN; state below is for its backward pass */
    BCUE_DN_PLAIN,     /* plain C on row-major data */
    BCUE_DN_ABSORBED,  /* computed by an earlier node */
} bcue_dn_route;

typedef struct bcue_dn_node {
    bcue_dn_route route;
    bcue_value result; /* what it computes: its output, or the output of the ReLU that it absorbed */
    dnnl_primitive_desc_t forward; /* hint for backward */
    int32_t source, mean, variance, workspace;
} bcue_dn_node;

/* One named input or output of the plan. */
typedef struct bcue_dn_port {
    char *name; /* owned */
    bcue_value value;
    int32_t view, gradient;
} bcue_dn_port;

typedef struct bcue_dn_recompute bcue_dn_recompute;

typedef struct bcue_dn_plan {
    bcue_plan base;
    const bcue_graph *graph; /* only while the plan is made */
    bcue_weights *weights;
    bcue_plan_options options;
    bcue_dn_program program;
    bcue_dn_value *values;
    bcue_dn_node *nodes;
    bcue_needed needed;
    bcue_fusion fusion; /* inference */
    size_t forward_end; /* steps before it are the forward pass, the rest backward */
    bcue_dn_port *inputs, *outputs;
    int32_t input_count, output_count;
    int32_t *gradients;           /* per parameter: its row-major gradient, or BCUE_DN_NONE */
    bcue_dn_recompute *recompute; /* training with a memory limit; only while the plan is made */
    int32_t int8_layers;          /* computed in 8 bits */
    int32_t row_layers;           /* linear, of few rows, with weights in fewer bits */
    int32_t run_count;            /* how many runs of nodes could be made again */
    bool recomputing;             /* the nodes that are lowered now were lowered before */
    double macs, recomputed_macs; /* of a forward pass; of those that the backward pass does again */
    bcue_packed_weights *packed;  /* inference: of the options, or the plan's own */
    bcue_dropout_key step;        /* node not set */
    bool stale;                   /* the weights changed since the prepare steps ran */
} bcue_dn_plan;

const bcue_shape *bcue_dn_shape(const bcue_dn_plan *plan, bcue_value value);
/* The value in this layout (perhaps with other dimensions of the same row-major order). */
int32_t bcue_dn_read(bcue_dn_plan *plan, bcue_value id, const dnnl_memory_desc_t *desc);
int32_t bcue_dn_read_plain(bcue_dn_plan *plan, bcue_value value);
/* The layout that costs nothing, or row-major when that has gaps (a slice). Valid until the next call that
   makes a view. */
const dnnl_memory_desc_t *bcue_dn_native(bcue_dn_plan *plan, bcue_value value);
void bcue_dn_define(bcue_dn_plan *plan, bcue_value value, int32_t view);
/* `view` in another layout: itself, an alias or a reordered copy. */
int32_t bcue_dn_convert(bcue_dn_plan *plan, int32_t view, const dnnl_memory_desc_t *desc);

/* Inference: memory for the value of a parameter in this layout. */
typedef struct bcue_dn_packing {
    int32_t view; /* BCUE_DN_NONE after a failure */
    bool filled;  /* by an earlier plan: there is nothing to do */
} bcue_dn_packing;
/* `fold`: what else the contents depend on, or NULL. */
bcue_dn_packing bcue_dn_pack(bcue_dn_plan *plan, bcue_value parameter, const void *fold,
                             const dnnl_memory_desc_t *desc);
/* The value of a parameter in another layout, packed. */
int32_t bcue_dn_read_packed(bcue_dn_plan *plan, bcue_value id, const dnnl_memory_desc_t *desc);
/* Is this Winograd's layout, and can our own kernel fill it? */
bool bcue_dn_packs_winograd(const dnnl_memory_desc_t *desc);
/* Appends the prepare step that fills such a view with kernels of (outputs, inputs, 3, 3), times a scale per
   output unless NULL. Both stay valid with the program. */
void bcue_dn_pack_winograd(bcue_dn_plan *plan, const float *weight, const double *scale, int32_t view);
/* After lowering: what runs read of the weights as they are becomes a copy in the packed memory. */
void bcue_dn_pin_weights(bcue_dn_plan *plan);

/* A term of the gradient of the value. The view may be shared with other values: it is never written again.
 */
void bcue_dn_push_gradient(bcue_dn_plan *plan, bcue_value id, int32_t view);
/* The whole gradient, BCUE_DN_NONE when nothing was pushed. */
int32_t bcue_dn_gradient(bcue_dn_plan *plan, bcue_value value);

/* A convolution or linear layer: x, weight and perhaps a bias. */
typedef struct bcue_dn_layer {
    bcue_value x, weight, bias; /* bias may be BCUE_NO_VALUE */
} bcue_dn_layer;
bcue_dn_layer bcue_dn_layer_of(const bcue_node *node);
bool bcue_dn_layer_trains(const bcue_dn_plan *plan, bcue_dn_layer layer);
/* The forward primitives; NULL when oneDNN has none. The caller destroys them. */
dnnl_primitive_desc_t bcue_dn_describe_conv(bcue_dn_plan *plan, int32_t index, bool bias,
                                            const_dnnl_post_ops_t post_ops);
dnnl_primitive_desc_t bcue_dn_describe_linear(bcue_dn_plan *plan, int32_t index, bool bias,
                                              const_dnnl_post_ops_t post_ops);
/* A large linear layer over (1, features, 1, rows) with the features innermost: the bytes of row-major (rows,
   features). NULL when it is not large, or when oneDNN has none. */
dnnl_primitive_desc_t bcue_dn_describe_rows(bcue_dn_plan *plan, int32_t index, bool bias,
                                            const_dnnl_post_ops_t post_ops);
/* Append the layer's forward primitive; gives the view of its result. */
int32_t bcue_dn_emit_weighted(bcue_dn_plan *plan, const_dnnl_primitive_desc_t forward, bcue_dn_layer layer);
/* Append its backward primitives (either may be NULL: not wanted). */
void bcue_dn_emit_weighted_backward(bcue_dn_plan *plan, bcue_dn_layer layer, bcue_value output,
                                    const_dnnl_primitive_desc_t weights, const_dnnl_primitive_desc_t data);

/* The ReLU that alone reads the node's output and may be computed with it, or -1. */
int32_t bcue_dn_following_relu(const bcue_dn_plan *plan, int32_t index);

/* One operator each. Forward: false when oneDNN has nothing for this case and the plain kernel must do it.
 * Backward: the same; then nothing was pushed. */
bool bcue_dn_conv_forward(bcue_dn_plan *plan, int32_t node);
bool bcue_dn_conv_backward(bcue_dn_plan *plan, int32_t node);
bool bcue_dn_linear_forward(bcue_dn_plan *plan, int32_t node);
bool bcue_dn_linear_backward(bcue_dn_plan *plan, int32_t node);
bool bcue_dn_norm_forward(bcue_dn_plan *plan, int32_t node);
bool bcue_dn_norm_backward(bcue_dn_plan *plan, int32_t node);
bool bcue_dn_pool_forward(bcue_dn_plan *plan, int32_t node);
bool bcue_dn_pool_backward(bcue_dn_plan *plan, int32_t node);
bool bcue_dn_resize_forward(bcue_dn_plan *plan, int32_t node);
bool bcue_dn_resize_backward(bcue_dn_plan *plan, int32_t node);
bool bcue_dn_map_forward(bcue_dn_plan *plan, int32_t node); /* ReLU, GELU, sigmoid, tanh, exp */
bool bcue_dn_map_backward(bcue_dn_plan *plan, int32_t node);
bool bcue_dn_binary_forward(bcue_dn_plan *plan, int32_t node); /* add, mul */
bool bcue_dn_binary_backward(bcue_dn_plan *plan, int32_t node);
bool bcue_dn_reshape_forward(bcue_dn_plan *plan, int32_t node);
bool bcue_dn_reshape_backward(bcue_dn_plan *plan, int32_t node);
/* add, mul with an operand whose shape is the end of the other's */
bool bcue_dn_repeat_forward(bcue_dn_plan *plan, int32_t node);
bool bcue_dn_repeat_backward(bcue_dn_plan *plan, int32_t node);
/* add, mul with an operand whose last dimension is 1 */
bool bcue_dn_column_forward(bcue_dn_plan *plan, int32_t node);
bool bcue_dn_column_backward(bcue_dn_plan *plan, int32_t node);
bool bcue_dn_permute_forward(bcue_dn_plan *plan, int32_t node);
bool bcue_dn_permute_backward(bcue_dn_plan *plan, int32_t node);
bool bcue_dn_slice_forward(bcue_dn_plan *plan, int32_t node);
bool bcue_dn_concat_forward(bcue_dn_plan *plan, int32_t node);
bool bcue_dn_concat_backward(bcue_dn_plan *plan, int32_t node);
bool bcue_dn_dropout_forward(bcue_dn_plan *plan, int32_t node);
bool bcue_dn_dropout_backward(bcue_dn_plan *plan, int32_t node);
bool bcue_dn_layer_norm_forward(bcue_dn_plan *plan, int32_t node);
bool bcue_dn_layer_norm_backward(bcue_dn_plan *plan, int32_t node);
bool bcue_dn_softmax_forward(bcue_dn_plan *plan, int32_t node);
bool bcue_dn_softmax_backward(bcue_dn_plan *plan, int32_t node);
/* Softmax along an axis with something behind it. */
bool bcue_dn_softmax_is_inner(const bcue_dn_plan *plan, int32_t node);
void bcue_dn_inner_softmax_forward(bcue_dn_plan *plan, int32_t index);
void bcue_dn_inner_softmax_backward(bcue_dn_plan *plan, int32_t index);
bool bcue_dn_matmul_forward(bcue_dn_plan *plan, int32_t node);
bool bcue_dn_matmul_backward(bcue_dn_plan *plan, int32_t node);
bool bcue_dn_attention_forward(bcue_dn_plan *plan, int32_t node);
bool bcue_dn_attention_backward(bcue_dn_plan *plan, int32_t node);
bool bcue_dn_fake_forward(bcue_dn_plan *plan, int32_t node); /* BCUE_OP_FAKE_QUANTISE */
bool bcue_dn_fake_backward(bcue_dn_plan *plan, int32_t node);
/* A group of convolution or linear + batch norm + residual + ReLU, in inference. */
bool bcue_dn_group_forward(bcue_dn_plan *plan, const bcue_fusion_group *group);
/* Sum and ReLU of a group; NULL when memory is short. */
dnnl_post_ops_t bcue_dn_group_post_ops(const bcue_fusion_group *group);
/* Memory that holds the residual, in the layout of the result, and may be overwritten by the result. `rows`:
   as the row-major bytes that the primitive sees as a picture. */
int32_t bcue_dn_residual_memory(bcue_dn_plan *plan, bcue_value residual, const dnnl_memory_desc_t *dst,
                                bool rows);
/* Does the group compute in 8 bits here? Then bcue_dn_int8_group appends it; what oneDNN refuses is a failure
   of the program, as earlier groups rely on the answer. */
bool bcue_dn_int8_fits(const bcue_dn_plan *plan, const bcue_fusion_group *group);
void bcue_dn_int8_group(bcue_dn_plan *plan, const bcue_fusion_group *group);
/* Is the group a linear layer of few rows whose weights lie in fewer bits? Then bcue_dn_row_group appends it.
 */
bool bcue_dn_row_fits(const bcue_dn_plan *plan, const bcue_fusion_group *group);
void bcue_dn_row_group(bcue_dn_plan *plan, const bcue_fusion_group *group);

/* Any operator, by the plain-C kernels of the reference engine. */
void bcue_dn_plain_forward(bcue_dn_plan *plan, int32_t index);
void bcue_dn_plain_backward(bcue_dn_plan *plan, int32_t index);

#endif

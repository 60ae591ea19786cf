/* Linear layers: inner products of the rows of a (rows, features) matrix; large ones in inference as 1x1
 * convolutions. */
#include <string.h>
#include "engine/onednn_lower.h"

typedef struct linear_case {
    const bcue_node *node;
    bcue_dn_layer layer;
    dnnl_memory_desc_t src, weights, bias_desc, dst; /* dst row-major (rows, outputs), the others free */
} linear_case;

/* A fixed rule: in training, large weights of few rows stay row-major. In the layout that oneDNN likes best
   its products are faster, but weights go there, and their gradients come back, in every step: at 64 rows and
   13 million weights a step takes 88 ms of one core instead of 120 (bench/engine/bench_step.c, preset
   student). */
enum { ROW_MAJOR_ROWS = 256, ROW_MAJOR_WEIGHTS = 1 << 18 };

static linear_case linear_case_of(const bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    linear_case c = {.node = node, .layer = bcue_dn_layer_of(node)};
    const bcue_shape *weight = bcue_dn_shape(plan, c.layer.weight), *x = bcue_dn_shape(plan, c.layer.x);
    int64_t inputs = weight->dim[1], outputs = weight->dim[0], rows = 1;
    for (int i = 0; i + 1 < x->rank; i++)
        rows *= x->dim[i];
    c.src = bcue_dn_any_desc(2, (int64_t[]){rows, inputs});
    const bool plain =
        plan->options.training && rows <= ROW_MAJOR_ROWS && inputs * outputs >= ROW_MAJOR_WEIGHTS;
    c.weights = (plain ? bcue_dn_plain_desc : bcue_dn_any_desc)(2, (int64_t[]){outputs, inputs});
    c.dst = bcue_dn_plain_desc(2, (int64_t[]){rows, outputs});
    if (c.layer.bias != BCUE_NO_VALUE)
        c.bias_desc = bcue_dn_shape_desc(bcue_dn_shape(plan, c.layer.bias));
    return c;
}

dnnl_primitive_desc_t bcue_dn_describe_linear(bcue_dn_plan *plan, int32_t index, bool bias,
                                              const_dnnl_post_ops_t post_ops)
{
    linear_case c = linear_case_of(plan, index);
    dnnl_memory_desc_t bias_desc = bcue_dn_plain_desc(1, &c.dst.dims[1]);
    dnnl_inner_product_desc_t desc;
    if (dnnl_inner_product_forward_desc_init(
            &desc, plan->options.training ? dnnl_forward_training : dnnl_forward_inference, &c.src,
            &c.weights, bias ? &bias_desc : NULL, &c.dst) != dnnl_success)
        return NULL;
    return bcue_dn_describe(&plan->program, &desc, post_ops, NULL);
}

/* A fixed rule: of weights from 2^20 elements on (512 x 2048), and many rows, oneDNN 2.6.3 computes a 1x1
   convolution over (1, features, 1, rows) with the features innermost in 0.83 to 0.88 of the time of the
   inner product, on the same bytes; of smaller ones in 0.94 to 1.08. Rows are those of one window, (batch,
   rows, features), so that an answer does not depend on the batch. */
static bool is_large(const bcue_dn_plan *plan, const linear_case *c)
{
    const bcue_shape *x = bcue_dn_shape(plan, c->layer.x);
    return x->rank >= 3 && x->dim[x->rank - 2] >= 256 && c->src.dims[1] * c->dst.dims[1] >= 1 << 20;
}

/* (1, features, 1, rows), features innermost. */
static dnnl_memory_desc_t as_picture(const dnnl_memory_desc_t *rows)
{
    dnnl_dims_t dims = {1, rows->dims[1], 1, rows->dims[0]};
    dnnl_dims_t strides = {dims[1] * dims[3], 1, dims[1] * dims[3], dims[1]};
    dnnl_memory_desc_t desc;
    memset(&desc, 0, sizeof desc);
    dnnl_memory_desc_init_by_strides(&desc, 4, dims, dnnl_f32, strides);
    return desc;
}

dnnl_primitive_desc_t bcue_dn_describe_rows(bcue_dn_plan *plan, int32_t index, bool bias,
                                            const_dnnl_post_ops_t post_ops)
{
    linear_case c = linear_case_of(plan, index);
    if (!is_large(plan, &c))
        return NULL;
    dnnl_memory_desc_t bias_desc = bcue_dn_plain_desc(1, &c.dst.dims[1]);
    dnnl_memory_desc_t src = as_picture(&c.src), dst = as_picture(&c.dst);
    dnnl_memory_desc_t weights = bcue_dn_any_desc(4, (int64_t[]){c.dst.dims[1], c.src.dims[1], 1, 1});
    const dnnl_dims_t ones = {1, 1}, none = {0, 0};
    dnnl_convolution_desc_t desc;
    if (dnnl_convolution_forward_desc_init(&desc, dnnl_forward_inference, dnnl_convolution_direct, &src,
                                           &weights, bias ? &bias_desc : NULL, &dst, ones, none,
                                           none) != dnnl_success)
        return NULL;
    return bcue_dn_describe(&plan->program, &desc, post_ops, NULL);
}

bool bcue_dn_linear_forward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    bcue_dn_layer layer = bcue_dn_layer_of(node);
    dnnl_primitive_desc_t forward = bcue_dn_describe_linear(plan, index, layer.bias != BCUE_NO_VALUE, NULL);
    if (forward == NULL)
        return false;
    int32_t output = bcue_dn_emit_weighted(plan, forward, layer);
    dnnl_memory_desc_t shaped = bcue_dn_shape_desc(bcue_dn_shape(plan, node->output));
    bcue_dn_define(plan, node->output, bcue_dn_alias(&plan->program, output, &shaped));
    plan->nodes[index].forward = forward;
    return true;
}

bool bcue_dn_linear_backward(bcue_dn_plan *plan, int32_t index)
{
    linear_case c = linear_case_of(plan, index);
    const_dnnl_primitive_desc_t forward = plan->nodes[index].forward;
    bool wants_data = plan->values[c.layer.x].needs_gradient,
         wants_weights = bcue_dn_layer_trains(plan, c.layer);
    dnnl_inner_product_desc_t desc;
    dnnl_primitive_desc_t data = NULL, weights = NULL;
    if (wants_data &&
        dnnl_inner_product_backward_data_desc_init(&desc, &c.src, &c.weights, &c.dst) == dnnl_success)
        data = bcue_dn_describe(&plan->program, &desc, NULL, forward);
    if (wants_weights && dnnl_inner_product_backward_weights_desc_init(
                             &desc, &c.src, &c.weights, c.layer.bias != BCUE_NO_VALUE ? &c.bias_desc : NULL,
                             &c.dst) == dnnl_success)
        weights = bcue_dn_describe(&plan->program, &desc, NULL, forward);
    bool done = (data != NULL || !wants_data) && (weights != NULL || !wants_weights);
    if (done)
        bcue_dn_emit_weighted_backward(plan, c.layer, c.node->output, weights, data);
    if (data != NULL)
        dnnl_primitive_desc_destroy(data);
    if (weights != NULL)
        dnnl_primitive_desc_destroy(weights);
    return done;
}

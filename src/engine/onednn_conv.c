/* Convolution: layouts chosen by oneDNN, direct algorithm, or Winograd's in inference where it was measured
 * faster. */
#include "base/cpu.h"
#include "engine/onednn_lower.h"

typedef struct conv_case {
    const bcue_node *node;
    bcue_dn_layer layer;
    dnnl_memory_desc_t src, weights, bias_desc, dst;
    dnnl_dims_t stride, dilation, padding;
} conv_case;

static conv_case conv_case_of(const bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    conv_case c = {.node = node, .layer = bcue_dn_layer_of(node)};
    const bcue_shape *weight = bcue_dn_shape(plan, c.layer.weight), *x = bcue_dn_shape(plan, c.layer.x);
    const bcue_shape *y = bcue_dn_shape(plan, node->output);
    int groups = node->u.conv.groups;
    c.src = bcue_dn_any_desc(4, x->dim);
    c.dst = bcue_dn_any_desc(4, y->dim);
    if (groups > 1) {
        int64_t dim[5] = {groups, weight->dim[0] / groups, weight->dim[1], weight->dim[2], weight->dim[3]};
        c.weights = bcue_dn_any_desc(5, dim);
    } else {
        c.weights = bcue_dn_any_desc(4, weight->dim);
    }
    if (c.layer.bias != BCUE_NO_VALUE)
        c.bias_desc = bcue_dn_shape_desc(bcue_dn_shape(plan, c.layer.bias));
    for (int i = 0; i < 2; i++) {
        c.stride[i] = node->u.conv.stride[i];
        c.dilation[i] = node->u.conv.dilation[i] - 1; /* oneDNN counts the gaps */
        c.padding[i] = node->u.conv.padding[i];
    }
    return c;
}

/* How many of the layer's pictures belong to one window: the first dimension of a model's inputs counts
 * windows. */
static int64_t pictures_per_window(const bcue_dn_plan *plan, int64_t pictures)
{
    if (plan->options.window_pictures > 0)
        return plan->options.window_pictures;
    for (bcue_value v = 0; v < bcue_graph_value_count(plan->graph); v++) {
        const bcue_value_info *info = bcue_graph_value(plan->graph, v);
        if (info->kind == BCUE_VALUE_INPUT && info->shape.rank > 0 && pictures % info->shape.dim[0] == 0)
            return pictures / info->shape.dim[0];
    }
    return pictures;
}

/* Winograd's algorithm by a fixed rule, so that results repeat: 3x3 kernels of stride 1 on AVX-512, at least
   64 channels on both sides, pictures of at least 16x16, or at least 8x8 when a window has 4 or more. There
   oneDNN 2.6.3 took 0.34 to 0.55 of the processor time of its direct kernels: 1, 2 and 5 pictures of 64
   channels at 64x64 to 256 at 16x16, 5 of 512 at 8x8; on one and two threads of a Sapphire Rapids without
   AMX. One picture of 512 at 8x8 took 0.92, and has too few tiles for a second thread. The rule looks at
   windows, not batches, so that an answer does not depend on its company. */
static bool prefers_winograd(const bcue_dn_plan *plan, const conv_case *c)
{
    bool fits = !plan->options.training && !plan->options.no_winograd && bcue_cpu_best() == BCUE_CPU_AVX512 &&
                c->weights.ndims == 4 && c->src.dims[1] >= 64 && c->dst.dims[1] >= 64;
    int64_t least = pictures_per_window(plan, c->src.dims[0]) >= 4 ? 8 : 16;
    for (int i = 0; i < 2; i++)
        fits = fits && c->weights.dims[2 + i] == 3 && c->stride[i] == 1 && c->dilation[i] == 0 &&
               c->dst.dims[2 + i] >= least;
    return fits;
}

static dnnl_primitive_desc_t describe(bcue_dn_plan *plan, const conv_case *c, dnnl_alg_kind_t algorithm,
                                      bool bias, const_dnnl_post_ops_t post_ops)
{
    dnnl_memory_desc_t bias_desc = bcue_dn_plain_desc(1, &c->dst.dims[1]);
    dnnl_convolution_desc_t desc;
    if (dnnl_dilated_convolution_forward_desc_init(
            &desc, plan->options.training ? dnnl_forward_training : dnnl_forward_inference, algorithm,
            &c->src, &c->weights, bias ? &bias_desc : NULL, &c->dst, c->stride, c->dilation, c->padding,
            c->padding) != dnnl_success)
        return NULL;
    /* F(4x4, 3x3) always: oneDNN would take F(2x2, 3x3) for some batch sizes, and the answer to a window
       would depend on its company. */
    if (algorithm == dnnl_convolution_winograd)
        return bcue_dn_describe_named(&plan->program, &desc, post_ops, "wino_4x3");
    return bcue_dn_describe(&plan->program, &desc, post_ops, NULL);
}

dnnl_primitive_desc_t bcue_dn_describe_conv(bcue_dn_plan *plan, int32_t index, bool bias,
                                            const_dnnl_post_ops_t post_ops)
{
    conv_case c = conv_case_of(plan, index);
    dnnl_primitive_desc_t forward = NULL;
    if (prefers_winograd(plan, &c))
        forward = describe(plan, &c, dnnl_convolution_winograd, bias, post_ops);
    return forward != NULL ? forward : describe(plan, &c, dnnl_convolution_direct, bias, post_ops);
}

bool bcue_dn_conv_forward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    bcue_dn_layer layer = bcue_dn_layer_of(node);
    dnnl_primitive_desc_t forward = bcue_dn_describe_conv(plan, index, layer.bias != BCUE_NO_VALUE, NULL);
    if (forward == NULL)
        return false;
    bcue_dn_define(plan, node->output, bcue_dn_emit_weighted(plan, forward, layer));
    plan->nodes[index].forward = forward;
    return true;
}

static dnnl_primitive_desc_t describe_data(bcue_dn_plan *plan, const conv_case *c,
                                           const_dnnl_primitive_desc_t forward)
{
    dnnl_convolution_desc_t desc;
    if (dnnl_dilated_convolution_backward_data_desc_init(&desc, dnnl_convolution_direct, &c->src, &c->weights,
                                                         &c->dst, c->stride, c->dilation, c->padding,
                                                         c->padding) != dnnl_success)
        return NULL;
    return bcue_dn_describe(&plan->program, &desc, NULL, forward);
}

static dnnl_primitive_desc_t describe_weights(bcue_dn_plan *plan, const conv_case *c,
                                              const_dnnl_primitive_desc_t forward)
{
    dnnl_convolution_desc_t desc;
    if (dnnl_dilated_convolution_backward_weights_desc_init(
            &desc, dnnl_convolution_direct, &c->src, &c->weights,
            c->layer.bias != BCUE_NO_VALUE ? &c->bias_desc : NULL, &c->dst, c->stride, c->dilation,
            c->padding, c->padding) != dnnl_success)
        return NULL;
    return bcue_dn_describe(&plan->program, &desc, NULL, forward);
}

bool bcue_dn_conv_backward(bcue_dn_plan *plan, int32_t index)
{
    conv_case c = conv_case_of(plan, index);
    const_dnnl_primitive_desc_t forward = plan->nodes[index].forward;
    bool wants_data = plan->values[c.layer.x].needs_gradient,
         wants_weights = bcue_dn_layer_trains(plan, c.layer);
    dnnl_primitive_desc_t data = wants_data ? describe_data(plan, &c, forward) : NULL;
    dnnl_primitive_desc_t weights = wants_weights ? describe_weights(plan, &c, forward) : NULL;
    bool done = (data != NULL || !wants_data) && (weights != NULL || !wants_weights);
    if (done)
        bcue_dn_emit_weighted_backward(plan, c.layer, c.node->output, weights, data);
    if (data != NULL)
        dnnl_primitive_desc_destroy(data);
    if (weights != NULL)
        dnnl_primitive_desc_destroy(weights);
    return done;
}

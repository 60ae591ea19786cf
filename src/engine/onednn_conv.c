/* Convolution, direct algorithm, layouts chosen by oneDNN. */
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

dnnl_primitive_desc_t bcue_dn_describe_conv(bcue_dn_plan *plan, int32_t index, bool bias,
                                            const_dnnl_post_ops_t post_ops)
{
    conv_case c = conv_case_of(plan, index);
    dnnl_memory_desc_t bias_desc = bcue_dn_plain_desc(1, &c.dst.dims[1]);
    dnnl_convolution_desc_t desc;
    if (dnnl_dilated_convolution_forward_desc_init(
            &desc, plan->options.training ? dnnl_forward_training : dnnl_forward_inference,
            dnnl_convolution_direct, &c.src, &c.weights, bias ? &bias_desc : NULL, &c.dst, c.stride,
            c.dilation, c.padding, c.padding) != dnnl_success)
        return NULL;
    return bcue_dn_describe(&plan->program, &desc, post_ops, NULL);
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

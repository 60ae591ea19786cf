/* Max pooling, average pooling, adaptive average pooling where its windows are all alike, and bilinear
 * resizing. */
#include "engine/onednn_lower.h"

typedef struct pool_case {
    bcue_value x;
    dnnl_alg_kind_t algorithm;
    dnnl_dims_t kernel, stride, dilation, padding;
    bool fits;
} pool_case;

static pool_case pool_case_of(const bcue_dn_plan *plan, const bcue_node *node)
{
    pool_case c = {.x = node->input[0], .fits = true};
    c.algorithm = node->op == BCUE_OP_MAX_POOL ? dnnl_pooling_max : dnnl_pooling_avg_include_padding;
    const bcue_shape *x = bcue_dn_shape(plan, c.x), *y = bcue_dn_shape(plan, node->output);
    for (int i = 0; i < 2; i++) {
        if (node->op == BCUE_OP_ADAPTIVE_AVG_POOL) {
            int64_t in = x->dim[2 + i], out = y->dim[2 + i];
            c.fits = c.fits && out > 0 && in % out == 0;
            c.kernel[i] = c.stride[i] = out > 0 ? in / out : 1;
        } else {
            c.kernel[i] = node->u.pool.kernel[i];
            c.stride[i] = node->u.pool.stride[i];
            c.padding[i] = node->u.pool.padding[i];
        }
    }
    return c;
}

bool bcue_dn_pool_forward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    bcue_dn_program *program = &plan->program;
    pool_case c = pool_case_of(plan, node);
    bool training = plan->options.training;
    dnnl_memory_desc_t src = *bcue_dn_native(plan, c.x);
    dnnl_memory_desc_t dst = bcue_dn_any_desc(4, bcue_dn_shape(plan, node->output)->dim);
    dnnl_pooling_v2_desc_t desc;
    if (!c.fits || dnnl_pooling_v2_forward_desc_init(
                       &desc, training ? dnnl_forward_training : dnnl_forward_inference, c.algorithm, &src,
                       &dst, c.stride, c.kernel, c.dilation, c.padding, c.padding) != dnnl_success)
        return false;
    dnnl_primitive_desc_t forward = bcue_dn_describe(program, &desc, NULL, NULL);
    if (forward == NULL)
        return false;
    dst = bcue_dn_query(forward, dnnl_query_dst_md);
    dnnl_memory_desc_t workspace = bcue_dn_query(forward, dnnl_query_workspace_md);
    bcue_dn_node *state = &plan->nodes[index];
    bcue_dn_arg args[3] = {{DNNL_ARG_SRC, bcue_dn_read(plan, c.x, &src)},
                           {DNNL_ARG_DST, bcue_dn_new(program, &dst)}};
    int count = 2;
    if (dnnl_memory_desc_get_size(&workspace) > 0) {
        state->workspace = bcue_dn_new(program, &workspace);
        args[count++] = (bcue_dn_arg){DNNL_ARG_WORKSPACE, state->workspace};
    }
    bcue_dn_emit(program, forward, args, count);
    bcue_dn_define(plan, node->output, args[1].view);
    state->forward = forward;
    state->source = args[0].view;
    return true;
}

bool bcue_dn_pool_backward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    bcue_dn_program *program = &plan->program;
    pool_case c = pool_case_of(plan, node);
    const bcue_dn_node *state = &plan->nodes[index];
    dnnl_memory_desc_t diff_src = *bcue_dn_desc(program, state->source);
    dnnl_memory_desc_t diff_dst = bcue_dn_query(state->forward, dnnl_query_dst_md);
    dnnl_pooling_v2_desc_t desc;
    if (dnnl_pooling_v2_backward_desc_init(&desc, c.algorithm, &diff_src, &diff_dst, c.stride, c.kernel,
                                           c.dilation, c.padding, c.padding) != dnnl_success)
        return false;
    dnnl_primitive_desc_t backward = bcue_dn_describe(program, &desc, NULL, state->forward);
    if (backward == NULL)
        return false;
    bcue_dn_arg args[3] = {
        {DNNL_ARG_DIFF_DST, bcue_dn_convert(plan, bcue_dn_gradient(plan, node->output), &diff_dst)}};
    args[1] = (bcue_dn_arg){DNNL_ARG_DIFF_SRC, bcue_dn_new(program, &diff_src)};
    args[2] = (bcue_dn_arg){DNNL_ARG_WORKSPACE, state->workspace};
    bcue_dn_emit(program, backward, args, state->workspace != BCUE_DN_NONE ? 3 : 2);
    bcue_dn_push_gradient(plan, c.x, args[1].view);
    dnnl_primitive_desc_destroy(backward);
    return true;
}

bool bcue_dn_resize_forward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    bcue_dn_program *program = &plan->program;
    bcue_dn_node *state = &plan->nodes[index];
    dnnl_memory_desc_t src = *bcue_dn_native(plan, node->input[0]);
    dnnl_memory_desc_t dst = bcue_dn_any_desc(4, bcue_dn_shape(plan, node->output)->dim);
    dnnl_resampling_desc_t desc;
    if (dnnl_resampling_forward_desc_init(
            &desc, plan->options.training ? dnnl_forward_training : dnnl_forward_inference,
            dnnl_resampling_linear, NULL, &src, &dst) != dnnl_success)
        return false;
    dnnl_primitive_desc_t forward = bcue_dn_describe(program, &desc, NULL, NULL);
    if (forward == NULL)
        return false;
    dst = bcue_dn_query(forward, dnnl_query_dst_md);
    state->source = bcue_dn_read(plan, node->input[0], &src);
    bcue_dn_arg args[2] = {{DNNL_ARG_SRC, state->source}, {DNNL_ARG_DST, bcue_dn_new(program, &dst)}};
    bcue_dn_emit(program, forward, args, 2);
    bcue_dn_define(plan, node->output, args[1].view);
    state->forward = forward;
    return true;
}

bool bcue_dn_resize_backward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    bcue_dn_program *program = &plan->program;
    const bcue_dn_node *state = &plan->nodes[index];
    dnnl_memory_desc_t diff_src = *bcue_dn_desc(program, state->source);
    dnnl_memory_desc_t diff_dst = bcue_dn_query(state->forward, dnnl_query_dst_md);
    dnnl_resampling_desc_t desc;
    if (dnnl_resampling_backward_desc_init(&desc, dnnl_resampling_linear, NULL, &diff_src, &diff_dst) !=
        dnnl_success)
        return false;
    dnnl_primitive_desc_t backward = bcue_dn_describe(program, &desc, NULL, state->forward);
    if (backward == NULL)
        return false;
    bcue_dn_arg args[2] = {
        {DNNL_ARG_DIFF_DST, bcue_dn_convert(plan, bcue_dn_gradient(plan, node->output), &diff_dst)},
        {DNNL_ARG_DIFF_SRC, bcue_dn_new(program, &diff_src)}};
    bcue_dn_emit(program, backward, args, 2);
    bcue_dn_push_gradient(plan, node->input[0], args[1].view);
    dnnl_primitive_desc_destroy(backward);
    return true;
}

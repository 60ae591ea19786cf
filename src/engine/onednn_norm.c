/* Batch normalisation, with the ReLU behind it when that is its only reader. */
#include "engine/onednn_lower.h"

typedef struct norm_case {
    bcue_value x, weight, bias, mean, variance;
    bool batch_statistics;
    dnnl_memory_desc_t data; /* (N, C, H, W) or (N, C) */
    dnnl_memory_desc_t channels;
    unsigned flags;
} norm_case;

static norm_case norm_case_of(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    norm_case c = {
        node->input[0], node->input[1],
        node->input[2], node->input[3],
        node->input[4], .batch_statistics = bcue_plan_norm_by_batch(&plan->options, plan->graph, node)};
    c.channels = bcue_dn_shape_desc(bcue_dn_shape(plan, c.weight));
    c.flags = dnnl_use_scale | dnnl_use_shift;
    if (!c.batch_statistics)
        c.flags |= dnnl_use_global_stats;
    if (plan->nodes[index].result != node->output)
        c.flags |= dnnl_fuse_norm_relu;
    return c;
}

/* running = (1 - momentum) running + momentum batch, the variance unbiased */
typedef struct running_update {
    float momentum, unbias;
    int64_t channels;
} running_update;

static bcue_status update_running(const bcue_dn_program *program, const bcue_dn_step *step, bcue_error *error)
{
    (void)error;
    const running_update *update = step->context;
    const float *mean = bcue_dn_data(program, step->views[0]),
                *variance = bcue_dn_data(program, step->views[1]);
    float *running_mean = bcue_dn_data(program, step->views[2]),
          *running_var = bcue_dn_data(program, step->views[3]);
    for (int64_t i = 0; i < update->channels; i++) {
        running_mean[i] = (1 - update->momentum) * running_mean[i] + update->momentum * mean[i];
        running_var[i] =
            (1 - update->momentum) * running_var[i] + update->momentum * (variance[i] * update->unbias);
    }
    return BCUE_OK;
}

static void emit_update(bcue_dn_plan *plan, const bcue_node *node, const norm_case *c, int32_t mean,
                        int32_t variance)
{
    running_update *update = bcue_arena_alloc(plan->program.objects, 1, sizeof *update);
    if (update == NULL) {
        bcue_dn_fail_memory(&plan->program);
        return;
    }
    int64_t count = 1, channels = c->channels.dims[0];
    const bcue_shape *x = bcue_dn_shape(plan, c->x);
    for (int i = 0; i < x->rank; i++)
        count *= i == 1 ? 1 : x->dim[i];
    *update = (running_update){(float)node->u.norm.momentum,
                               count > 1 ? (float)((double)count / (double)(count - 1)) : 1.0F, channels};
    int32_t views[] = {mean, variance, bcue_dn_read_plain(plan, c->mean),
                       bcue_dn_read_plain(plan, c->variance)};
    bcue_dn_emit_kernel(&plan->program, update_running, update, views, 4);
}

bool bcue_dn_norm_forward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    bcue_dn_program *program = &plan->program;
    bcue_dn_node *state = &plan->nodes[index];
    norm_case c = norm_case_of(plan, index);
    dnnl_memory_desc_t data = *bcue_dn_native(plan, c.x);
    dnnl_batch_normalization_desc_t desc;
    if (dnnl_batch_normalization_forward_desc_init(
            &desc, plan->options.training ? dnnl_forward_training : dnnl_forward_inference, &data,
            (float)node->u.norm.epsilon, c.flags) != dnnl_success)
        return false;
    dnnl_primitive_desc_t forward = bcue_dn_describe(program, &desc, NULL, NULL);
    if (forward == NULL)
        return false;
    state->source = bcue_dn_read(plan, c.x, &data);
    state->mean = c.batch_statistics ? bcue_dn_new(program, &c.channels) : bcue_dn_read_plain(plan, c.mean);
    state->variance =
        c.batch_statistics ? bcue_dn_new(program, &c.channels) : bcue_dn_read_plain(plan, c.variance);
    bcue_dn_arg args[7] = {{DNNL_ARG_SRC, state->source},
                           {DNNL_ARG_SCALE, bcue_dn_read_plain(plan, c.weight)},
                           {DNNL_ARG_SHIFT, bcue_dn_read_plain(plan, c.bias)},
                           {DNNL_ARG_MEAN, state->mean},
                           {DNNL_ARG_VARIANCE, state->variance},
                           {DNNL_ARG_DST, bcue_dn_new(program, &data)}};
    int count = 6;
    dnnl_memory_desc_t workspace = bcue_dn_query(forward, dnnl_query_workspace_md);
    if (dnnl_memory_desc_get_size(&workspace) > 0) {
        state->workspace = bcue_dn_new(program, &workspace);
        args[count++] = (bcue_dn_arg){DNNL_ARG_WORKSPACE, state->workspace};
    }
    bcue_dn_emit(program, forward, args, count);
    bcue_dn_define(plan, state->result, args[5].view);
    state->forward = forward;
    if (c.batch_statistics && !plan->recomputing)
        emit_update(plan, node, &c, state->mean, state->variance);
    return true;
}

bool bcue_dn_norm_backward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    bcue_dn_program *program = &plan->program;
    const bcue_dn_node *state = &plan->nodes[index];
    norm_case c = norm_case_of(plan, index);
    dnnl_memory_desc_t data = *bcue_dn_desc(program, state->source);
    dnnl_batch_normalization_desc_t desc;
    if (dnnl_batch_normalization_backward_desc_init(&desc, dnnl_backward, &data, &data,
                                                    (float)node->u.norm.epsilon, c.flags) != dnnl_success)
        return false;
    dnnl_primitive_desc_t backward = bcue_dn_describe(program, &desc, NULL, state->forward);
    if (backward == NULL)
        return false;
    int32_t gradient = bcue_dn_convert(plan, bcue_dn_gradient(plan, state->result), &data);
    bcue_dn_arg args[10] = {{DNNL_ARG_SRC, state->source},
                            {DNNL_ARG_SCALE, bcue_dn_read_plain(plan, c.weight)},
                            {DNNL_ARG_SHIFT, bcue_dn_read_plain(plan, c.bias)},
                            {DNNL_ARG_MEAN, state->mean},
                            {DNNL_ARG_VARIANCE, state->variance},
                            {DNNL_ARG_DIFF_DST, gradient},
                            {DNNL_ARG_DIFF_SRC, bcue_dn_new(program, &data)},
                            {DNNL_ARG_DIFF_SCALE, bcue_dn_new(program, &c.channels)},
                            {DNNL_ARG_DIFF_SHIFT, bcue_dn_new(program, &c.channels)},
                            {DNNL_ARG_WORKSPACE, state->workspace}};
    bcue_dn_emit(program, backward, args, state->workspace != BCUE_DN_NONE ? 10 : 9);
    bcue_dn_push_gradient(plan, c.x, args[6].view);
    bcue_dn_push_gradient(plan, c.weight, args[7].view);
    bcue_dn_push_gradient(plan, c.bias, args[8].view);
    dnnl_primitive_desc_destroy(backward);
    return true;
}

/* Batch normalisation, with the ReLU behind it when that is its only reader: by the statistics of the batch,
   over pictures whose channels lie in blocks, through batch_norm.h; else oneDNN's. */
#include "engine/batch_norm.h"
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

/* ---- our own ---- */

/* How many channels lie beside each other; 0: in no way that batch_norm.h knows. */
static size_t block_of(const dnnl_memory_desc_t *data)
{
    const dnnl_blocking_desc_t *layout = &data->format_desc.blocking;
    if (data->format_kind != dnnl_blocked || data->data_type != dnnl_f32 || data->ndims != 4 ||
        data->padded_dims[1] != data->dims[1] || !bcue_dn_desc_is_dense(data))
        return 0;
    dnnl_dim_t block = data->dims[1];
    if (layout->inner_nblks == 1 && layout->inner_idxs[0] == 1)
        block = layout->inner_blks[0];
    else if (layout->inner_nblks != 0 || layout->strides[1] != 1)
        return 0;
    const dnnl_dim_t row = block * data->dims[3], plane = row * data->dims[2];
    bool known = layout->strides[3] == block && layout->strides[2] == row &&
                 layout->strides[0] == plane * (data->dims[1] / block) &&
                 (layout->inner_nblks == 0 || layout->strides[1] == plane);
    return known ? (size_t)block : 0;
}

static bool is_own(const bcue_dn_plan *plan, const norm_case *c, const dnnl_memory_desc_t *data)
{
    return plan->options.training && c->batch_statistics && bcue_norm_lanes_for(block_of(data)) != NULL;
}

/* The kernel's context, and a view of what it works with. */
static bcue_batch_norm *own_norm(bcue_dn_plan *plan, const bcue_node *node, const norm_case *c,
                                 const dnnl_memory_desc_t *data, int32_t *scratch)
{
    bcue_batch_norm *norm = bcue_arena_alloc(plan->program.objects, 1, sizeof *norm);
    if (norm == NULL) {
        bcue_dn_fail_memory(&plan->program);
        return NULL;
    }
    *norm = (bcue_batch_norm){.images = (size_t)data->dims[0],
                              .channels = (size_t)data->dims[1],
                              .area = (size_t)(data->dims[2] * data->dims[3]),
                              .block = block_of(data),
                              .epsilon = node->u.norm.epsilon,
                              .relu = (c->flags & dnnl_fuse_norm_relu) != 0,
                              .lanes = bcue_norm_lanes_for(block_of(data))};
    int64_t floats = (int64_t)(bcue_batch_norm_scratch(norm) * (sizeof(double) / sizeof(float)));
    dnnl_memory_desc_t desc = bcue_dn_plain_desc(1, &floats);
    *scratch = bcue_dn_new(&plan->program, &desc);
    return norm;
}

static bcue_status run_own_forward(const bcue_dn_program *program, const bcue_dn_step *step,
                                   bcue_error *error)
{
    (void)error;
    const int32_t *v = step->views;
    bcue_batch_norm_forward(step->context, bcue_dn_data(program, v[0]), bcue_dn_data(program, v[1]),
                            bcue_dn_data(program, v[2]), bcue_dn_data(program, v[3]),
                            bcue_dn_data(program, v[4]), bcue_dn_data(program, v[5]),
                            bcue_dn_data(program, v[6]));
    return BCUE_OK;
}

static bool own_forward(bcue_dn_plan *plan, int32_t index, const norm_case *c, const dnnl_memory_desc_t *data)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    bcue_dn_program *program = &plan->program;
    bcue_dn_node *state = &plan->nodes[index];
    int32_t scratch;
    bcue_batch_norm *norm = own_norm(plan, node, c, data, &scratch);
    if (norm == NULL)
        return true; /* the failure is kept in the program */
    state->source = bcue_dn_read(plan, c->x, data);
    state->mean = bcue_dn_new(program, &c->channels);
    state->variance = bcue_dn_new(program, &c->channels);
    int32_t views[] = {state->source,
                       bcue_dn_read_plain(plan, c->weight),
                       bcue_dn_read_plain(plan, c->bias),
                       state->mean,
                       state->variance,
                       bcue_dn_new(program, data),
                       scratch};
    bcue_dn_emit_kernel(program, run_own_forward, norm, views, 7);
    bcue_dn_define(plan, state->result, views[5]);
    if (!plan->recomputing)
        emit_update(plan, node, c, state->mean, state->variance);
    return true;
}

static bcue_status run_own_backward(const bcue_dn_program *program, const bcue_dn_step *step,
                                    bcue_error *error)
{
    (void)error;
    const int32_t *v = step->views;
    bcue_batch_norm_backward(step->context, bcue_dn_data(program, v[0]), bcue_dn_data(program, v[1]),
                             bcue_dn_data(program, v[2]), bcue_dn_data(program, v[3]),
                             bcue_dn_data(program, v[4]), bcue_dn_data(program, v[5]),
                             bcue_dn_data(program, v[6]), bcue_dn_data(program, v[7]),
                             bcue_dn_data(program, v[8]), bcue_dn_data(program, v[9]));
    return BCUE_OK;
}

static bool own_backward(bcue_dn_plan *plan, int32_t index, const norm_case *c,
                         const dnnl_memory_desc_t *data)
{
    bcue_dn_program *program = &plan->program;
    const bcue_dn_node *state = &plan->nodes[index];
    int32_t scratch;
    bcue_batch_norm *norm = own_norm(plan, bcue_graph_node(plan->graph, index), c, data, &scratch);
    if (norm == NULL)
        return true;
    int32_t gradient = bcue_dn_convert(plan, bcue_dn_gradient(plan, state->result), data);
    int32_t views[] = {state->source,
                       gradient,
                       bcue_dn_read_plain(plan, c->weight),
                       bcue_dn_read_plain(plan, c->bias),
                       state->mean,
                       state->variance,
                       bcue_dn_new(program, data),
                       bcue_dn_new(program, &c->channels),
                       bcue_dn_new(program, &c->channels),
                       scratch};
    bcue_dn_emit_kernel(program, run_own_backward, norm, views, 10);
    bcue_dn_push_gradient(plan, c->x, views[6]);
    bcue_dn_push_gradient(plan, c->weight, views[7]);
    bcue_dn_push_gradient(plan, c->bias, views[8]);
    return true;
}

/* ---- either ---- */

bool bcue_dn_norm_forward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    bcue_dn_program *program = &plan->program;
    bcue_dn_node *state = &plan->nodes[index];
    norm_case c = norm_case_of(plan, index);
    dnnl_memory_desc_t data = *bcue_dn_native(plan, c.x);
    if (is_own(plan, &c, &data))
        return own_forward(plan, index, &c, &data);
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
    if (is_own(plan, &c, &data))
        return own_backward(plan, index, &c, &data);
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

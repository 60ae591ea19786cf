/* Inference: convolution or linear with everything behind it in one primitive, weights folded and laid out
 * when they change. */
#include "engine/onednn_lower.h"

/* Batch norm folded into the weights of the layer before it. */
typedef struct fold {
    bcue_tensor weight, bias;                 /* of the layer; bias.data NULL: none */
    bcue_tensor scale, shift, mean, variance; /* of the norm */
    double epsilon;
    double *factor; /* per channel, found by run_fold_bias */
} fold;

static bcue_norm_values norm_values(const fold *f)
{
    return (bcue_norm_values){&f->scale, &f->shift, &f->mean, &f->variance, f->epsilon};
}

/* Views: folded weight, bias. */
static bcue_status run_fold(const bcue_dn_program *program, const bcue_dn_step *step, bcue_error *error)
{
    (void)error;
    const fold *f = step->context;
    const bcue_norm_values norm = norm_values(f);
    bcue_tensor weight = f->weight, bias = f->shift;
    weight.data = bcue_dn_data(program, step->views[0]);
    bias.data = bcue_dn_data(program, step->views[1]);
    bcue_fold_batch_norm(&f->weight, f->bias.data != NULL ? &f->bias : NULL, &norm, &weight, &bias);
    return BCUE_OK;
}

/* View: bias. The weight is multiplied by whoever packs it. */
static bcue_status run_fold_bias(const bcue_dn_program *program, const bcue_dn_step *step, bcue_error *error)
{
    (void)error;
    const fold *f = step->context;
    const bcue_norm_values norm = norm_values(f);
    bcue_tensor bias = f->shift;
    bias.data = bcue_dn_data(program, step->views[0]);
    bcue_fold_batch_norm_bias(f->bias.data != NULL ? &f->bias : NULL, &norm, f->factor, &bias);
    return BCUE_OK;
}

static bcue_tensor parameter_tensor(const bcue_dn_plan *plan, bcue_value value)
{
    return plan->weights->tensors[bcue_graph_value(plan->graph, value)->parameter];
}

static fold *make_fold(bcue_dn_plan *plan, bcue_dn_layer layer, const bcue_node *norm)
{
    fold *f = bcue_arena_alloc(plan->program.objects, 1, sizeof *f);
    double *factor = bcue_arena_alloc(plan->program.objects,
                                      (size_t)bcue_dn_shape(plan, norm->input[2])->dim[0], sizeof *factor);
    if (f == NULL || factor == NULL) {
        bcue_dn_fail_memory(&plan->program);
        return NULL;
    }
    f->weight = parameter_tensor(plan, layer.weight);
    if (layer.bias != BCUE_NO_VALUE)
        f->bias = parameter_tensor(plan, layer.bias);
    f->scale = parameter_tensor(plan, norm->input[1]);
    f->shift = parameter_tensor(plan, norm->input[2]);
    f->mean = parameter_tensor(plan, norm->input[3]);
    f->variance = parameter_tensor(plan, norm->input[4]);
    f->epsilon = norm->u.norm.epsilon;
    f->factor = factor;
    return f;
}

/* The weights and bias that the group's primitive reads. */
typedef struct group_weights {
    int32_t weight, bias;
} group_weights;

static group_weights fold_norm(bcue_dn_plan *plan, const bcue_fusion_group *group,
                               const dnnl_memory_desc_t *desc)
{
    bcue_dn_program *program = &plan->program;
    const bcue_node *norm = bcue_graph_node(plan->graph, group->norm);
    const bcue_dn_layer layer = bcue_dn_layer_of(bcue_graph_node(plan->graph, group->anchor));
    group_weights result = {BCUE_DN_NONE, BCUE_DN_NONE};
    fold *f = make_fold(plan, layer, norm);
    if (f == NULL)
        return result;
    const dnnl_memory_desc_t plain = bcue_dn_plain_desc(desc->ndims, desc->dims),
                             channels = bcue_dn_shape_desc(&f->shift.shape);
    const bcue_dn_packing weight = bcue_dn_pack(plan, layer.weight, f->shift.data, desc),
                          bias = bcue_dn_pack(plan, norm->input[2], f->weight.data, &channels);
    result = (group_weights){weight.view, bias.view};
    if (program->status != BCUE_OK || (weight.filled && bias.filled))
        return result;
    program->preparing = true;
    if (bcue_dn_packs_winograd(desc)) {
        bcue_dn_emit_kernel(program, run_fold_bias, f, &bias.view, 1);
        bcue_dn_pack_winograd(plan, f->weight.data, f->factor, weight.view);
    } else {
        const int32_t views[2] = {bcue_dn_staging(program, BCUE_DN_STAGING_WEIGHTS, &plain), bias.view};
        bcue_dn_emit_kernel(program, run_fold, f, views, 2);
        bcue_dn_emit_reorder(program, views[0], weight.view);
    }
    program->preparing = false;
    return result;
}

static group_weights read_weights(bcue_dn_plan *plan, const bcue_fusion_group *group,
                                  const dnnl_memory_desc_t *desc)
{
    if (group->norm >= 0)
        return fold_norm(plan, group, desc);
    bcue_dn_layer layer = bcue_dn_layer_of(bcue_graph_node(plan->graph, group->anchor));
    return (group_weights){bcue_dn_read(plan, layer.weight, desc),
                           layer.bias != BCUE_NO_VALUE ? bcue_dn_read_plain(plan, layer.bias) : BCUE_DN_NONE};
}

/* Does anyone but the caller, the only reader left, need what is in the view's memory? */
static bool is_shared(const bcue_dn_plan *plan, bcue_value value, int32_t view)
{
    const bcue_dn_program *program = &plan->program;
    if (plan->values[value].unread > 1 || bcue_graph_value(plan->graph, value)->kind != BCUE_VALUE_RESULT)
        return true;
    for (bcue_value v = 0; v < bcue_graph_value_count(plan->graph); v++)
        for (int i = 0; v != value && i < plan->values[v].layout_count; i++)
            if (program->views[plan->values[v].layout[i]].buffer == program->views[view].buffer)
                return true;
    return false;
}

/* The value in the layout of a primitive; `rows`: in the row-major bytes that the primitive sees as a
 * picture. */
static int32_t read_as(bcue_dn_plan *plan, bcue_value value, const dnnl_memory_desc_t *desc, bool rows)
{
    return rows ? bcue_dn_alias(&plan->program, bcue_dn_read_plain(plan, value), desc)
                : bcue_dn_read(plan, value, desc);
}

int32_t bcue_dn_residual_memory(bcue_dn_plan *plan, bcue_value residual, const dnnl_memory_desc_t *dst,
                                bool rows)
{
    bcue_dn_program *program = &plan->program;
    int32_t view = read_as(plan, residual, dst, rows);
    if (view == BCUE_DN_NONE || !is_shared(plan, residual, view))
        return view;
    int32_t copy = bcue_dn_new(program, dst);
    bcue_dn_emit_reorder(program, view, copy);
    return copy;
}

dnnl_post_ops_t bcue_dn_group_post_ops(const bcue_fusion_group *group)
{
    dnnl_post_ops_t post_ops = NULL;
    if (dnnl_post_ops_create(&post_ops) != dnnl_success)
        return NULL;
    if ((group->add >= 0 && dnnl_post_ops_append_sum(post_ops, 1) != dnnl_success) ||
        (group->relu >= 0 &&
         dnnl_post_ops_append_eltwise(post_ops, 1, dnnl_eltwise_relu, 0, 0) != dnnl_success)) {
        dnnl_post_ops_destroy(post_ops);
        return NULL;
    }
    return post_ops;
}

static dnnl_primitive_desc_t describe(bcue_dn_plan *plan, const bcue_fusion_group *group, bool bias,
                                      const_dnnl_post_ops_t post_ops, bool *rows)
{
    *rows = false;
    if (bcue_graph_node(plan->graph, group->anchor)->op == BCUE_OP_CONV2D)
        return bcue_dn_describe_conv(plan, group->anchor, bias, post_ops);
    dnnl_primitive_desc_t forward = bcue_dn_describe_rows(plan, group->anchor, bias, post_ops);
    *rows = forward != NULL;
    return forward != NULL ? forward : bcue_dn_describe_linear(plan, group->anchor, bias, post_ops);
}

bool bcue_dn_group_forward(bcue_dn_plan *plan, const bcue_fusion_group *group)
{
    bcue_dn_program *program = &plan->program;
    if (bcue_dn_int8_fits(plan, group)) {
        bcue_dn_int8_group(plan, group);
        return true;
    }
    if (bcue_dn_row_fits(plan, group)) {
        bcue_dn_row_group(plan, group);
        return true;
    }
    bcue_dn_layer layer = bcue_dn_layer_of(bcue_graph_node(plan->graph, group->anchor));
    bool has_bias = layer.bias != BCUE_NO_VALUE || group->norm >= 0, rows = false;
    dnnl_post_ops_t post_ops = bcue_dn_group_post_ops(group);
    if (post_ops == NULL) {
        bcue_dn_fail_memory(program);
        return true;
    }
    dnnl_primitive_desc_t forward = describe(plan, group, has_bias, post_ops, &rows);
    dnnl_post_ops_destroy(post_ops);
    if (forward == NULL)
        return false;
    dnnl_memory_desc_t src = bcue_dn_query(forward, dnnl_query_src_md),
                       dst = bcue_dn_query(forward, dnnl_query_dst_md);
    dnnl_memory_desc_t weights = bcue_dn_query(forward, dnnl_query_weights_md);
    group_weights read = read_weights(plan, group, &weights);
    bcue_dn_arg args[4] = {{DNNL_ARG_SRC, read_as(plan, layer.x, &src, rows)},
                           {DNNL_ARG_WEIGHTS, read.weight}};
    args[2] = (bcue_dn_arg){DNNL_ARG_DST, group->add >= 0
                                              ? bcue_dn_residual_memory(plan, group->residual, &dst, rows)
                                              : bcue_dn_new(program, &dst)};
    args[3] = (bcue_dn_arg){DNNL_ARG_BIAS, read.bias};
    bcue_dn_emit(program, forward, args, has_bias ? 4 : 3);
    dnnl_memory_desc_t shaped = bcue_dn_shape_desc(bcue_dn_shape(plan, group->output));
    bool same = dst.ndims == shaped.ndims && !rows;
    bcue_dn_define(plan, group->output, same ? args[2].view : bcue_dn_alias(program, args[2].view, &shaped));
    dnnl_primitive_desc_destroy(forward);
    return true;
}

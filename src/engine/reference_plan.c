/* The reference engine: one call per node, one arena from the lifetimes of all values and gradients.
   Time, for the lifetimes: node i runs forward at i and backward at 2n-1-i; 2n is after everything. */
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/fail.h"
#include "base/memory.h"
#include "engine/memory_plan.h"
#include "engine/plan_backend.h"
#include "engine/reference_ops.h"
#include "graph/fuse.h"
#include "graph/needed.h"

typedef struct ref_step {
    bcue_ref_call call;
    int32_t node;
    bool backward;                       /* some input wants a gradient */
    bool zero_first[BCUE_MAX_OP_INPUTS]; /* this is the first contribution to the input's gradient */
} ref_step;

/* Copies of weight and bias with the batch norm folded in. */
typedef struct ref_fold {
    bcue_tensor weight, bias;
} ref_fold;

typedef struct ref_plan {
    bcue_plan base;
    const bcue_graph *graph;
    bcue_weights *weights;
    bcue_plan_options options;
    bcue_needed needed;
    bcue_fusion fusion;
    ref_fold *folds; /* per fusion group; empty where nothing is folded */
    ref_step *steps;
    int32_t step_count;
    int32_t loss;         /* value, training only */
    bool *wants;          /* per value: gets a gradient */
    int32_t *data_of;     /* per value: its buffer, or -1 */
    int32_t *gradient_of; /* per value: the buffer of its gradient, or -1 */
    int32_t *saved_of;    /* per node: buffer kept from forward to backward, or -1 */
    bcue_buffer *buffers;
    size_t buffer_count;
    size_t peak_bytes;
    unsigned char *arena;
} ref_plan;

static int32_t node_count(const ref_plan *plan)
{
    return bcue_graph_node_count(plan->graph);
}

static const bcue_value_info *info_of(const ref_plan *plan, bcue_value value)
{
    return bcue_graph_value(plan->graph, value);
}

static void plan_destroy(bcue_plan *base)
{
    ref_plan *plan = (ref_plan *)base;
    for (int32_t i = 0; plan->folds != NULL && i < plan->fusion.count; i++) {
        bcue_tensor_free(&plan->folds[i].weight);
        bcue_tensor_free(&plan->folds[i].bias);
    }
    bcue_needed_free(&plan->needed);
    bcue_fusion_free(&plan->fusion);
    free(plan->folds);
    free(plan->steps);
    free(plan->wants);
    free(plan->data_of);
    free(plan->gradient_of);
    free(plan->saved_of);
    free(plan->buffers);
    free(plan->arena);
    free(plan);
}

/* --- gradients: who gets one, and what the backward pass has to keep --- */

static void find_wanted_gradients(ref_plan *plan, bool *reached)
{
    for (int32_t v = 0; v < bcue_graph_value_count(plan->graph); v++) {
        const bcue_value_info *info = info_of(plan, v);
        if (info->kind == BCUE_VALUE_PARAMETER)
            plan->wants[v] = bcue_plan_trains(&plan->options, info);
        else if (info->kind == BCUE_VALUE_INPUT)
            plan->wants[v] = info->dtype == BCUE_F32;
        else {
            const bcue_node *node = bcue_graph_node(plan->graph, info->node);
            for (int k = 0; k < node->input_count; k++)
                plan->wants[v] =
                    plan->wants[v] || (bcue_op_passes_gradient(node->op, k) && plan->wants[node->input[k]]);
        }
    }
    reached[plan->loss] = true;
    for (int32_t i = node_count(plan) - 1; i >= 0; i--) {
        const bcue_node *node = bcue_graph_node(plan->graph, i);
        for (int k = 0; reached[node->output] && k < node->input_count; k++)
            reached[node->input[k]] = reached[node->input[k]] || bcue_op_passes_gradient(node->op, k);
    }
    for (int32_t v = 0; v < bcue_graph_value_count(plan->graph); v++)
        plan->wants[v] = plan->wants[v] && reached[v];
}

static bool gradient_flows(const ref_plan *plan, const bcue_node *node, int input)
{
    return plan->wants[node->output] && bcue_op_passes_gradient(node->op, input) &&
           plan->wants[node->input[input]];
}

static bool has_backward(const ref_plan *plan, const bcue_node *node)
{
    for (int k = 0; k < node->input_count; k++) {
        if (gradient_flows(plan, node, k))
            return true;
    }
    return false;
}

/* --- buffers --- */

static int32_t add_buffer(ref_plan *plan, size_t size, int32_t first, int32_t last)
{
    plan->buffers[plan->buffer_count] = (bcue_buffer){.size = size, .first = first, .last = last};
    return (int32_t)plan->buffer_count++;
}

static void extend_life(ref_plan *plan, int32_t buffer, int32_t time)
{
    if (buffer >= 0 && plan->buffers[buffer].last < time)
        plan->buffers[buffer].last = time;
}

static size_t value_size(const ref_plan *plan, bcue_value value)
{
    const bcue_value_info *info = info_of(plan, value);
    bcue_dtype dtype = info->dtype == BCUE_F32 ? plan->options.dtype : info->dtype;
    return (size_t)bcue_ref_count(&info->shape) * bcue_dtype_size(dtype);
}

/* Does the value exist in memory? What is fused away does not. */
static bool has_data(const ref_plan *plan, bcue_value value)
{
    const bcue_value_info *info = info_of(plan, value);
    if (!plan->needed.value[value] || info->kind == BCUE_VALUE_PARAMETER)
        return false;
    if (info->kind == BCUE_VALUE_INPUT)
        return true;
    int32_t group = plan->fusion.group_of_node[info->node];
    return group < 0 || plan->fusion.groups[group].output == value;
}

/* When node i runs forward. */
static int32_t time_of(const ref_plan *plan, int32_t node)
{
    int32_t group = plan->fusion.group_of_node[node];
    return group < 0 ? node : plan->fusion.groups[group].last;
}

static void plan_data(ref_plan *plan)
{
    int32_t end = 2 * node_count(plan);
    for (int32_t v = 0; v < bcue_graph_value_count(plan->graph); v++) {
        plan->data_of[v] = -1;
        if (!has_data(plan, v))
            continue;
        bool input = info_of(plan, v)->kind == BCUE_VALUE_INPUT;
        int32_t first = input ? 0 : info_of(plan, v)->node;
        plan->data_of[v] =
            add_buffer(plan, value_size(plan, v), first, input || plan->needed.output[v] ? end : first);
    }
    for (int32_t i = 0; i < node_count(plan); i++) {
        const bcue_node *node = bcue_graph_node(plan->graph, i);
        bool keep_inputs =
            plan->options.training && has_backward(plan, node) && bcue_ref_backward_reads_inputs(node->op);
        for (int k = 0; plan->needed.node[i] && k < node->input_count; k++)
            extend_life(plan, plan->data_of[node->input[k]], keep_inputs ? end - 1 - i : time_of(plan, i));
        if (plan->options.training && has_backward(plan, node) && bcue_ref_backward_reads_output(node->op))
            extend_life(plan, plan->data_of[node->output], end - 1 - i);
    }
}

/* A gradient lives from the first contribution (of its last reader) until its node's backward; those of
 * parameters and inputs to the end. */
static void plan_gradients(ref_plan *plan)
{
    int32_t end = 2 * node_count(plan);
    for (int32_t v = 0; v < bcue_graph_value_count(plan->graph); v++)
        plan->gradient_of[v] = -1;
    for (int32_t i = 0; i < node_count(plan); i++)
        plan->saved_of[i] = -1;
    if (!plan->options.training)
        return;
    if (plan->wants[plan->loss])
        plan->gradient_of[plan->loss] =
            add_buffer(plan, value_size(plan, plan->loss), end - 1 - info_of(plan, plan->loss)->node, end);
    for (int32_t i = node_count(plan) - 1; i >= 0; i--) {
        const bcue_node *node = bcue_graph_node(plan->graph, i);
        for (int k = 0; k < node->input_count; k++) {
            bcue_value v = node->input[k];
            if (!gradient_flows(plan, node, k) || plan->gradient_of[v] >= 0)
                continue;
            int32_t producer = info_of(plan, v)->node;
            plan->gradient_of[v] =
                add_buffer(plan, value_size(plan, v), end - 1 - i, producer < 0 ? end : end - 1 - producer);
        }
        if (node->op == BCUE_OP_BATCH_NORM && (has_backward(plan, node) || plan->options.norm_sync != NULL))
            plan->saved_of[i] =
                add_buffer(plan,
                           bcue_ref_saved_count(&plan->options, info_of(plan, node->input[1])->shape.dim[0]) *
                               sizeof(double),
                           i, end - 1 - i);
    }
}

static void *at_buffer(const ref_plan *plan, int32_t buffer)
{
    return buffer < 0 ? NULL : plan->arena + plan->buffers[buffer].offset;
}

/* Values of a running plan: parameters lie in the weights, all else in the arena. */
static void *data_at(const ref_plan *plan, bcue_value value)
{
    int32_t parameter = info_of(plan, value)->parameter;
    return parameter >= 0 ? plan->weights->tensors[parameter].data : at_buffer(plan, plan->data_of[value]);
}

/* --- folding --- */

static const bcue_tensor *parameter_tensor(const ref_plan *plan, const bcue_node *node, int input)
{
    return &plan->weights->tensors[info_of(plan, node->input[input])->parameter];
}

static void fold(ref_plan *plan, int32_t index)
{
    const bcue_fusion_group *group = &plan->fusion.groups[index];
    const bcue_node *anchor = bcue_graph_node(plan->graph, group->anchor);
    const bcue_node *norm = bcue_graph_node(plan->graph, group->norm);
    const bcue_norm_values values = {.weight = parameter_tensor(plan, norm, 1),
                                     .bias = parameter_tensor(plan, norm, 2),
                                     .mean = parameter_tensor(plan, norm, 3),
                                     .variance = parameter_tensor(plan, norm, 4),
                                     .epsilon = norm->u.norm.epsilon};
    bcue_fold_batch_norm(parameter_tensor(plan, anchor, 1),
                         anchor->input_count == 3 ? parameter_tensor(plan, anchor, 2) : NULL, &values,
                         &plan->folds[index].weight, &plan->folds[index].bias);
}

static void plan_weights_changed(bcue_plan *base)
{
    ref_plan *plan = (ref_plan *)base;
    for (int32_t i = 0; i < plan->fusion.count; i++) {
        if (plan->fusion.groups[i].norm >= 0)
            fold(plan, i);
    }
}

static bcue_status make_folds(ref_plan *plan, bcue_error *error)
{
    plan->folds = bcue_calloc((size_t)plan->fusion.count, sizeof *plan->folds);
    if (plan->folds == NULL)
        return bcue_fail_memory(error, "a plan");
    for (int32_t i = 0; i < plan->fusion.count; i++) {
        if (plan->fusion.groups[i].norm < 0)
            continue;
        const bcue_node *anchor = bcue_graph_node(plan->graph, plan->fusion.groups[i].anchor);
        const bcue_shape *weight = &info_of(plan, anchor->input[1])->shape,
                         bias = bcue_shape_of(weight->dim[0]);
        BCUE_TRY(bcue_tensor_create(plan->options.dtype, weight, &plan->folds[i].weight, error));
        BCUE_TRY(bcue_tensor_create(plan->options.dtype, &bias, &plan->folds[i].bias, error));
        fold(plan, i);
    }
    return BCUE_OK;
}

/* --- steps --- */

static void add_fusion(const ref_plan *plan, const bcue_fusion_group *group, bcue_ref_call *call)
{
    const ref_fold *folded = &plan->folds[group - plan->fusion.groups];
    call->out = data_at(plan, group->output);
    call->relu = group->relu >= 0;
    if (group->norm >= 0) {
        call->in[1] = folded->weight.data;
        call->in[2] = folded->bias.data;
    }
    if (group->add >= 0)
        call->residual = data_at(plan, group->residual);
}

static ref_step step_of(const ref_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    ref_step step = {.node = index};
    bcue_ref_call *call = &step.call;
    call->node = node;
    call->key.node = index;
    call->out_shape = info_of(plan, node->output)->shape;
    call->out = data_at(plan, node->output);
    call->out_gradient = at_buffer(plan, plan->gradient_of[node->output]);
    call->drop = plan->options.training && !plan->options.frozen_norm;
    call->saved = at_buffer(plan, plan->saved_of[index]);
    for (int k = 0; k < node->input_count; k++) {
        call->in_shape[k] = info_of(plan, node->input[k])->shape;
        call->in[k] = data_at(plan, node->input[k]);
        if (plan->options.training && gradient_flows(plan, node, k)) {
            int32_t buffer = plan->gradient_of[node->input[k]];
            call->in_gradient[k] = at_buffer(plan, buffer);
            step.backward = true;
            step.zero_first[k] = plan->buffers[buffer].first == 2 * node_count(plan) - 1 - index;
        }
    }
    if (node->op == BCUE_OP_BATCH_NORM) {
        call->batch_statistics = bcue_plan_norm_by_batch(&plan->options, plan->graph, node);
        call->sync = plan->options.norm_sync;
        call->running[0] = data_at(plan, node->input[3]);
        call->running[1] = data_at(plan, node->input[4]);
    }
    if (bcue_op_is_loss(node->op))
        call->labels = info_of(plan, node->input[1])->dtype == BCUE_I32;
    return step;
}

static void make_steps(ref_plan *plan)
{
    for (int32_t i = 0; i < node_count(plan); i++) {
        int32_t group = plan->fusion.group_of_node[i];
        if (!plan->needed.node[i] || (group >= 0 && plan->fusion.groups[group].last != i))
            continue;
        ref_step *step = &plan->steps[plan->step_count++];
        if (group < 0) {
            *step = step_of(plan, i);
        } else {
            *step = step_of(plan, plan->fusion.groups[group].anchor);
            add_fusion(plan, &plan->fusion.groups[group], &step->call);
        }
    }
}

/* --- the functions of plan.h --- */

static void *plan_input(bcue_plan *base, const char *name)
{
    const ref_plan *plan = (const ref_plan *)base;
    bcue_value value = bcue_graph_find(plan->graph, name);
    if (value == BCUE_NO_VALUE || info_of(plan, value)->kind != BCUE_VALUE_INPUT)
        return NULL;
    return at_buffer(plan, plan->data_of[value]);
}

static const void *plan_output(const bcue_plan *base, const char *name)
{
    const ref_plan *plan = (const ref_plan *)base;
    for (int32_t v = 0; v < bcue_graph_value_count(plan->graph); v++) {
        const char *output = info_of(plan, v)->output_name;
        if (plan->needed.output[v] && output != NULL && strcmp(output, name) == 0)
            return at_buffer(plan, plan->data_of[v]);
    }
    return NULL;
}

static void plan_set_step(bcue_plan *base, uint64_t seed, uint32_t epoch, uint32_t step)
{
    ref_plan *plan = (ref_plan *)base;
    for (int32_t i = 0; i < plan->step_count; i++) {
        bcue_dropout_key *key = &plan->steps[i].call.key;
        *key = (bcue_dropout_key){.seed = seed, .epoch = epoch, .step = step, .node = key->node};
    }
}

static bcue_status run_forward(const ref_plan *plan, double *seconds, bcue_error *error)
{
    bool twice = plan->options.dtype == BCUE_F64;
    for (int32_t i = 0; i < plan->step_count; i++) {
        const bcue_ref_call *call = &plan->steps[i].call;
        BCUE_TRY(bcue_plan_ask_stop(&plan->base, (size_t)i, error));
        double start = bcue_clock_s();
        BCUE_TRY(twice ? bcue_ref_forward_f64(call, error) : bcue_ref_forward_f32(call, error));
        if (seconds != NULL)
            seconds[plan->steps[i].node] += bcue_clock_s() - start;
    }
    return BCUE_OK;
}

static bcue_status plan_forward(bcue_plan *base, bcue_error *error)
{
    return run_forward((const ref_plan *)base, NULL, error);
}

static void set_to_one(const ref_plan *plan, void *scalar)
{
    if (plan->options.dtype == BCUE_F64)
        *(double *)scalar = 1;
    else
        *(float *)scalar = 1;
}

static void run_backward(const ref_plan *plan, double *seconds)
{
    for (int32_t i = plan->step_count - 1; plan->gradient_of[plan->loss] >= 0 && i >= 0; i--) {
        const ref_step *step = &plan->steps[i];
        if (!step->backward)
            continue;
        double start = bcue_clock_s();
        if (step->call.node->output == plan->loss)
            set_to_one(plan, at_buffer(plan, plan->gradient_of[plan->loss]));
        for (int k = 0; k < step->call.node->input_count; k++) {
            if (step->zero_first[k])
                memset(step->call.in_gradient[k], 0, value_size(plan, step->call.node->input[k]));
        }
        if (plan->options.dtype == BCUE_F64)
            bcue_ref_backward_f64(&step->call);
        else
            bcue_ref_backward_f32(&step->call);
        if (seconds != NULL)
            seconds[step->node] += bcue_clock_s() - start;
    }
}

static bcue_status plan_backward(bcue_plan *base, bcue_error *error)
{
    (void)error; /* nothing that passed the forward pass can fail here */
    run_backward((const ref_plan *)base, NULL);
    return BCUE_OK;
}

static bcue_status plan_profile(bcue_plan *base, double *forward, double *backward, bcue_error *error)
{
    BCUE_TRY(run_forward((const ref_plan *)base, forward, error));
    if (backward != NULL)
        run_backward((const ref_plan *)base, backward);
    return BCUE_OK;
}

static void *plan_gradient(bcue_plan *base, int32_t parameter)
{
    const ref_plan *plan = (const ref_plan *)base;
    return at_buffer(plan, plan->gradient_of[bcue_graph_parameter_value(plan->graph, parameter)]);
}

static const void *plan_input_gradient(const bcue_plan *base, const char *name)
{
    const ref_plan *plan = (const ref_plan *)base;
    bcue_value value = bcue_graph_find(plan->graph, name);
    if (value == BCUE_NO_VALUE || info_of(plan, value)->kind != BCUE_VALUE_INPUT)
        return NULL;
    return at_buffer(plan, plan->gradient_of[value]);
}

static size_t plan_peak_bytes(const bcue_plan *base)
{
    return ((const ref_plan *)base)->peak_bytes;
}

static const bcue_plan_vtable reference_vtable = {
    .destroy = plan_destroy,
    .input = plan_input,
    .output = plan_output,
    .set_step = plan_set_step,
    .forward = plan_forward,
    .backward = plan_backward,
    .profile = plan_profile,
    .gradient = plan_gradient,
    .input_gradient = plan_input_gradient,
    .weights_changed = plan_weights_changed,
    .peak_bytes = plan_peak_bytes,
};

static bcue_status allocate_tables(ref_plan *plan, bcue_error *error)
{
    size_t nodes = (size_t)node_count(plan), values = (size_t)bcue_graph_value_count(plan->graph);
    plan->steps = bcue_calloc(nodes, sizeof *plan->steps);
    plan->wants = bcue_calloc(values, sizeof *plan->wants);
    plan->data_of = bcue_calloc(values, sizeof *plan->data_of);
    plan->gradient_of = bcue_calloc(values, sizeof *plan->gradient_of);
    plan->saved_of = bcue_calloc(nodes, sizeof *plan->saved_of);
    plan->buffers = bcue_calloc(2 * values + nodes, sizeof *plan->buffers);
    if (plan->steps == NULL || plan->wants == NULL || plan->data_of == NULL || plan->gradient_of == NULL ||
        plan->saved_of == NULL || plan->buffers == NULL)
        return bcue_fail_memory(error, "a plan");
    return BCUE_OK;
}

static bcue_status plan_training(ref_plan *plan, bcue_error *error)
{
    if (!plan->options.training)
        return BCUE_OK;
    plan->loss = bcue_plan_find_loss(plan->graph);
    bool *reached = bcue_calloc((size_t)bcue_graph_value_count(plan->graph), sizeof *reached);
    if (reached == NULL)
        return bcue_fail_memory(error, "a plan");
    find_wanted_gradients(plan, reached);
    free(reached);
    return BCUE_OK;
}

static bcue_status build(ref_plan *plan, bcue_error *error)
{
    bool fuse = !plan->options.training && !plan->options.no_fusion;
    BCUE_TRY(allocate_tables(plan, error));
    BCUE_TRY(bcue_needed_create(plan->graph, plan->options.training, &plan->needed, error));
    BCUE_TRY(bcue_fusion_create(plan->graph, &plan->needed, fuse, &plan->fusion, error));
    BCUE_TRY(plan_training(plan, error));
    BCUE_TRY(make_folds(plan, error));
    plan_data(plan);
    plan_gradients(plan);
    BCUE_TRY(bcue_memory_plan(plan->buffers, plan->buffer_count, &plan->peak_bytes, error));
    plan->arena = bcue_calloc_aligned(plan->peak_bytes, 1);
    if (plan->arena == NULL)
        return bcue_fail_memory(error, "the values of a plan");
    make_steps(plan);
    return BCUE_OK;
}

bcue_status bcue_reference_plan_create(const bcue_graph *graph, bcue_weights *weights,
                                       const bcue_plan_options *options, bcue_plan **plan, bcue_error *error)
{
    ref_plan *made = bcue_calloc(1, sizeof *made);
    if (made == NULL)
        return bcue_fail_memory(error, "a plan");
    made->base.vtable = &reference_vtable;
    made->graph = graph;
    made->weights = weights;
    made->options = *options;
    bcue_status status = build(made, error);
    if (status != BCUE_OK) {
        plan_destroy(&made->base);
        return status;
    }
    *plan = &made->base;
    return BCUE_OK;
}

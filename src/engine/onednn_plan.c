/* The oneDNN engine behind plan.h: lowers the graph, then only runs the program. */
#include <stdlib.h>
#include <string.h>
#include "base/fail.h"
#include "engine/onednn_recompute.h"

typedef bool lower_node(bcue_dn_plan *plan, int32_t node);

/* How oneDNN computes each operator; NULL: it does not, the plain kernel does. */
static const struct {
    lower_node *forward, *backward;
} lowering[BCUE_OP_COUNT] = {
    [BCUE_OP_CONV2D] = {bcue_dn_conv_forward, bcue_dn_conv_backward},
    [BCUE_OP_BATCH_NORM] = {bcue_dn_norm_forward, bcue_dn_norm_backward},
    [BCUE_OP_LINEAR] = {bcue_dn_linear_forward, bcue_dn_linear_backward},
    [BCUE_OP_RELU] = {bcue_dn_map_forward, bcue_dn_map_backward},
    [BCUE_OP_GELU] = {bcue_dn_map_forward, bcue_dn_map_backward},
    [BCUE_OP_SIGMOID] = {bcue_dn_map_forward, bcue_dn_map_backward},
    [BCUE_OP_TANH] = {bcue_dn_map_forward, bcue_dn_map_backward},
    [BCUE_OP_EXP] = {bcue_dn_map_forward, bcue_dn_map_backward},
    [BCUE_OP_MAX_POOL] = {bcue_dn_pool_forward, bcue_dn_pool_backward},
    [BCUE_OP_AVG_POOL] = {bcue_dn_pool_forward, bcue_dn_pool_backward},
    [BCUE_OP_ADAPTIVE_AVG_POOL] = {bcue_dn_pool_forward, bcue_dn_pool_backward},
    [BCUE_OP_ADD] = {bcue_dn_binary_forward, bcue_dn_binary_backward},
    [BCUE_OP_MUL] = {bcue_dn_binary_forward, bcue_dn_binary_backward},
    [BCUE_OP_RESHAPE] = {bcue_dn_reshape_forward, bcue_dn_reshape_backward},
    [BCUE_OP_PERMUTE] = {bcue_dn_permute_forward, bcue_dn_permute_backward},
    [BCUE_OP_SLICE] = {bcue_dn_slice_forward, NULL},
    [BCUE_OP_CONCAT] = {bcue_dn_concat_forward, bcue_dn_concat_backward},
    [BCUE_OP_DROPOUT] = {bcue_dn_dropout_forward, bcue_dn_dropout_backward},
    [BCUE_OP_RESIZE_BILINEAR] = {bcue_dn_resize_forward, bcue_dn_resize_backward},
    [BCUE_OP_LAYER_NORM] = {bcue_dn_layer_norm_forward, bcue_dn_layer_norm_backward},
    [BCUE_OP_SOFTMAX] = {bcue_dn_softmax_forward, bcue_dn_softmax_backward},
    [BCUE_OP_MATMUL] = {bcue_dn_matmul_forward, bcue_dn_matmul_backward},
    [BCUE_OP_ATTENTION] = {bcue_dn_attention_forward, bcue_dn_attention_backward},
    [BCUE_OP_FAKE_QUANTISE] = {bcue_dn_fake_forward, bcue_dn_fake_backward},
};

/* ---- making a plan ---- */

static bool wants_gradient(const bcue_plan_options *options, const bcue_value_info *info)
{
    if (info->kind == BCUE_VALUE_INPUT)
        return options->training && options->input_gradients && info->dtype == BCUE_F32;
    return bcue_plan_trains(options, info);
}

/* Readers and who needs a gradient. */
static void survey_values(bcue_dn_plan *plan)
{
    int32_t values = bcue_graph_value_count(plan->graph), nodes = bcue_graph_node_count(plan->graph);
    for (bcue_value v = 0; v < values; v++) {
        plan->values[v].gradient = BCUE_DN_NONE;
        plan->values[v].needs_gradient = wants_gradient(&plan->options, bcue_graph_value(plan->graph, v));
        plan->values[v].readers = plan->values[v].unread = plan->needed.output[v] ? 1 : 0;
    }
    for (int32_t i = 0; i < nodes; i++) {
        const bcue_node *node = bcue_graph_node(plan->graph, i);
        bcue_dn_node *state = &plan->nodes[i];
        *state = (bcue_dn_node){.result = node->output,
                                .source = BCUE_DN_NONE,
                                .mean = BCUE_DN_NONE,
                                .variance = BCUE_DN_NONE,
                                .workspace = BCUE_DN_NONE};
        for (int k = 0; plan->needed.node[i] && k < node->input_count; k++) {
            bcue_dn_value *value = &plan->values[node->input[k]];
            value->readers++;
            value->unread++;
            value->reader = i;
            if (value->needs_gradient)
                plan->values[node->output].needs_gradient = true;
        }
    }
}

int32_t bcue_dn_following_relu(const bcue_dn_plan *plan, int32_t index)
{
    const bcue_dn_value *value = &plan->values[bcue_graph_node(plan->graph, index)->output];
    if (plan->options.no_fusion || value->readers != 1 ||
        plan->needed.output[bcue_graph_node(plan->graph, index)->output])
        return -1;
    return bcue_graph_node(plan->graph, value->reader)->op == BCUE_OP_RELU ? value->reader : -1;
}

static bcue_status add_port(bcue_dn_port *ports, int32_t *count, const char *name, bcue_value value,
                            int32_t view, bcue_error *error)
{
    ports[*count] = (bcue_dn_port){bcue_strdup(name), value, view, BCUE_DN_NONE};
    if (ports[*count].name == NULL)
        return bcue_fail_memory(error, "a oneDNN plan");
    ++*count;
    return BCUE_OK;
}

static bcue_status define_leaves(bcue_dn_plan *plan, bcue_error *error)
{
    bcue_dn_program *program = &plan->program;
    for (bcue_value v = 0; v < bcue_graph_value_count(plan->graph); v++) {
        const bcue_value_info *info = bcue_graph_value(plan->graph, v);
        dnnl_memory_desc_t desc = bcue_dn_shape_desc(&info->shape);
        if (info->kind == BCUE_VALUE_PARAMETER) {
            bcue_dn_define(plan, v,
                           bcue_dn_external(program, &desc, plan->weights->tensors[info->parameter].data));
        } else if (info->kind == BCUE_VALUE_INPUT && plan->needed.value[v]) {
            int32_t view = bcue_dn_new(program, &desc);
            bcue_dn_keep_before(program, view);
            bcue_dn_keep_after(program, view);
            bcue_dn_define(plan, v, view);
            BCUE_TRY(add_port(plan->inputs, &plan->input_count, info->name, v, view, error));
        }
    }
    return BCUE_OK;
}

static bool has_elements(const bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    int64_t count = 0;
    for (int k = 0; k < node->input_count; k++)
        if (!bcue_shape_count(bcue_dn_shape(plan, node->input[k]), &count) || count == 0)
            return false;
    return bcue_shape_count(bcue_dn_shape(plan, node->output), &count) && count > 0;
}

/* Batch norm and add take the ReLU behind them along. */
static void absorb_relu(bcue_dn_plan *plan, int32_t index)
{
    bcue_op op = bcue_graph_node(plan->graph, index)->op;
    int32_t relu = op == BCUE_OP_BATCH_NORM || op == BCUE_OP_ADD ? bcue_dn_following_relu(plan, index) : -1;
    if (relu >= 0)
        plan->nodes[index].result = bcue_graph_node(plan->graph, relu)->output;
}

static void lower_forward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    bcue_dn_node *state = &plan->nodes[index];
    if (state->route != BCUE_DN_UNPLANNED)
        return;
    const bool in_step = node->op == BCUE_OP_BATCH_NORM && plan->options.norm_sync != NULL &&
                         bcue_plan_norm_by_batch(&plan->options, plan->graph, node);
    if (lowering[node->op].forward != NULL && has_elements(plan, index) && !in_step) {
        absorb_relu(plan, index);
        if (lowering[node->op].forward(plan, index)) {
            state->route = BCUE_DN_PRIMITIVE;
            if (state->result != node->output)
                plan->nodes[plan->values[node->output].reader].route = BCUE_DN_ABSORBED;
            return;
        }
        state->result = node->output;
    }
    bcue_dn_plain_forward(plan, index);
    state->route = BCUE_DN_PLAIN;
}

static void mark_read(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    for (int k = 0; k < node->input_count; k++)
        plan->values[node->input[k]].unread--;
}

static void lower_group(bcue_dn_plan *plan, const bcue_fusion_group *group)
{
    const int32_t members[] = {group->anchor, group->norm, group->dropout, group->add, group->relu};
    bool fused = has_elements(plan, group->anchor) && bcue_dn_group_forward(plan, group);
    for (int i = 0; i < 5; i++) {
        if (members[i] < 0)
            continue;
        if (fused)
            plan->nodes[members[i]].route = BCUE_DN_ABSORBED;
        else
            lower_forward(plan, members[i]);
        mark_read(plan, members[i]);
    }
}

static void lower_all_forward(bcue_dn_plan *plan)
{
    bool grouped = !plan->options.training;
    for (int32_t i = 0; i < bcue_graph_node_count(plan->graph); i++) {
        if (!plan->needed.node[i])
            continue;
        plan->program.owner = i;
        int32_t group = grouped ? plan->fusion.group_of_node[i] : -1;
        if (group < 0) {
            lower_forward(plan, i);
            mark_read(plan, i);
        } else if (plan->fusion.groups[group].last == i) {
            plan->program.owner = plan->fusion.groups[group].anchor;
            lower_group(plan, &plan->fusion.groups[group]);
        }
    }
}

static bcue_status define_outputs(bcue_dn_plan *plan, bcue_error *error)
{
    for (bcue_value v = 0; v < bcue_graph_value_count(plan->graph); v++) {
        if (!plan->needed.output[v])
            continue;
        int32_t view = bcue_dn_read_plain(plan, v);
        bcue_dn_keep_after(&plan->program, view);
        BCUE_TRY(add_port(plan->outputs, &plan->output_count, bcue_graph_value(plan->graph, v)->output_name,
                          v, view, error));
    }
    return BCUE_OK;
}

static bcue_status fill_one(const bcue_dn_program *program, const bcue_dn_step *step, bcue_error *error)
{
    (void)error;
    *(float *)bcue_dn_data(program, step->views[0]) = 1;
    return BCUE_OK;
}

/* The row-major gradient, kept until the next run. */
static int32_t deliver_gradient(bcue_dn_plan *plan, bcue_value value)
{
    dnnl_memory_desc_t desc = bcue_dn_shape_desc(bcue_dn_shape(plan, value));
    int32_t view = bcue_dn_convert(plan, bcue_dn_gradient(plan, value), &desc);
    bcue_dn_keep_after(&plan->program, view);
    return view;
}

static void lower_all_backward(bcue_dn_plan *plan, bcue_value loss)
{
    bcue_dn_program *program = &plan->program;
    dnnl_memory_desc_t scalar = bcue_dn_shape_desc(bcue_dn_shape(plan, loss));
    int32_t seed = bcue_dn_new(program, &scalar);
    bcue_dn_emit_kernel(program, fill_one, NULL, &seed, 1);
    bcue_dn_push_gradient(plan, loss, seed);
    for (int32_t i = bcue_graph_node_count(plan->graph) - 1; i >= 0; i--) {
        const bcue_node *node = bcue_graph_node(plan->graph, i);
        bcue_dn_node *state = &plan->nodes[i];
        if (state->route == BCUE_DN_UNPLANNED || state->route == BCUE_DN_ABSORBED ||
            bcue_dn_gradient(plan, state->result) == BCUE_DN_NONE)
            continue;
        bcue_dn_recompute_before(plan, i, lower_forward);
        program->owner = i;
        if (state->route == BCUE_DN_PLAIN || lowering[node->op].backward == NULL ||
            !lowering[node->op].backward(plan, i))
            bcue_dn_plain_backward(plan, i);
    }
    program->owner = -1;
    for (int32_t p = 0; p < plan->weights->count; p++)
        plan->gradients[p] = deliver_gradient(plan, bcue_graph_parameter_value(plan->graph, p));
    for (int32_t i = 0; i < plan->input_count; i++)
        plan->inputs[i].gradient = deliver_gradient(plan, plan->inputs[i].value);
}

static bcue_status lower_steps(bcue_dn_plan *plan, bcue_error *error)
{
    survey_values(plan);
    BCUE_TRY(define_leaves(plan, error));
    lower_all_forward(plan);
    plan->program.owner = -1;
    BCUE_TRY(define_outputs(plan, error));
    plan->forward_end = plan->program.run.count;
    bcue_value loss = bcue_plan_find_loss(plan->graph);
    if (plan->options.training && loss != BCUE_NO_VALUE)
        lower_all_backward(plan, loss);
    if (plan->options.packed != NULL)
        bcue_dn_pin_weights(plan);
    return BCUE_OK;
}

/* What is needed only while the plan is made. */
static void free_lowering(bcue_dn_plan *plan)
{
    for (int32_t i = 0; plan->nodes != NULL && i < bcue_graph_node_count(plan->graph); i++)
        if (plan->nodes[i].forward != NULL)
            dnnl_primitive_desc_destroy(plan->nodes[i].forward);
    free(plan->nodes);
    free(plan->values);
    plan->nodes = NULL;
    plan->values = NULL;
    bcue_needed_free(&plan->needed);
    bcue_fusion_free(&plan->fusion);
}

static void free_ports(bcue_dn_port *ports, int32_t count)
{
    for (int32_t i = 0; i < count; i++)
        free(ports[i].name);
    free(ports);
}

static void free_program(bcue_dn_plan *plan)
{
    bcue_dn_program_free(&plan->program);
    free_ports(plan->inputs, plan->input_count);
    free_ports(plan->outputs, plan->output_count);
    free(plan->gradients);
    plan->inputs = plan->outputs = NULL;
    plan->gradients = NULL;
    plan->input_count = plan->output_count = 0;
}

/* All steps, in place of those of a try before. `again`: how many runs of nodes are made again; -1: nobody
 * asks. */
static bcue_status lower_plan(bcue_dn_plan *plan, int32_t again, bcue_error *error)
{
    const bcue_graph *graph = plan->graph;
    free_lowering(plan);
    free_program(plan);
    plan->values = bcue_calloc((size_t)bcue_graph_value_count(graph), sizeof *plan->values);
    plan->nodes = bcue_calloc((size_t)bcue_graph_node_count(graph), sizeof *plan->nodes);
    plan->inputs = bcue_calloc((size_t)bcue_graph_value_count(graph), sizeof *plan->inputs);
    plan->outputs = bcue_calloc((size_t)bcue_graph_value_count(graph), sizeof *plan->outputs);
    plan->gradients = bcue_calloc((size_t)plan->weights->count, sizeof *plan->gradients);
    if (plan->values == NULL || plan->nodes == NULL || plan->inputs == NULL || plan->outputs == NULL ||
        plan->gradients == NULL)
        return bcue_fail_memory(error, "a oneDNN plan");
    for (int32_t p = 0; p < plan->weights->count; p++)
        plan->gradients[p] = BCUE_DN_NONE;
    BCUE_TRY(bcue_dn_program_init(&plan->program, error));
    BCUE_TRY(bcue_needed_create(graph, plan->options.training, &plan->needed, error));
    BCUE_TRY(bcue_fusion_create(graph, &plan->needed, !plan->options.no_fusion, &plan->fusion, error));
    if (again < 0)
        return lower_steps(plan, error);
    bcue_dn_recompute recompute;
    survey_values(plan);
    BCUE_TRY(bcue_dn_recompute_create(plan, &recompute, error));
    bcue_dn_recompute_choose(&recompute, again);
    plan->recompute = &recompute;
    bcue_status status = lower_steps(plan, error);
    plan->recompute = NULL;
    plan->recomputed_macs = bcue_dn_recompute_macs(&recompute);
    plan->run_count = recompute.count;
    bcue_dn_recompute_free(&recompute);
    return status;
}

/* The arena's size when so many runs are made again. */
static bcue_status try_size(bcue_dn_plan *plan, int32_t again, size_t *bytes, bcue_error *error)
{
    BCUE_TRY(lower_plan(plan, again, error));
    return bcue_dn_program_measure(&plan->program, bytes, error);
}

/* As few runs as fit the limit: their number is halved in. */
static bcue_status fit_memory(bcue_dn_plan *plan, bcue_error *error)
{
    const size_t limit = plan->options.memory_limit;
    int32_t too_few = 0, tried = -1;
    size_t bytes;
    BCUE_TRY(try_size(plan, 0, &bytes, error));
    if (bytes <= limit)
        return BCUE_OK;
    const size_t unlimited = bytes;
    int32_t enough = plan->run_count;
    if (plan->options.norm_sync == NULL)
        BCUE_TRY(try_size(plan, enough, &bytes, error));
    if (bytes > limit)
        return bcue_fail(
            error, BCUE_ERROR_MEMORY,
            "training takes %.1f MB for what is computed (%.1f MB without a limit), but the limit leaves "
            "%.1f MB",
            1e-6 * (double)bytes, 1e-6 * (double)unlimited, 1e-6 * (double)limit);
    while (enough - too_few > 1) {
        tried = too_few + (enough - too_few) / 2;
        BCUE_TRY(try_size(plan, tried, &bytes, error));
        if (bytes <= limit)
            enough = tried;
        else
            too_few = tried;
    }
    return tried == enough ? BCUE_OK : try_size(plan, enough, &bytes, error);
}

static bcue_status make(bcue_dn_plan *plan, bcue_error *error)
{
    if (plan->options.training && plan->options.memory_limit > 0)
        BCUE_TRY(fit_memory(plan, error));
    else
        BCUE_TRY(lower_plan(plan, -1, error));
    for (int32_t i = 0; i < bcue_graph_node_count(plan->graph); i++)
        plan->macs += plan->needed.node[i] ? (double)bcue_graph_node_macs(plan->graph, i) : 0;
    return bcue_dn_program_finish(&plan->program, error);
}

/* ---- the functions of plan.h ---- */

static void onednn_destroy(bcue_plan *base)
{
    bcue_dn_plan *plan = (bcue_dn_plan *)base;
    free_program(plan);
    if (plan->packed != plan->options.packed)
        bcue_packed_weights_destroy(plan->packed);
    free(plan);
}

enum { RELEASE_BYTES = 1 << 20 };

static bcue_status prepare_weights(bcue_dn_plan *plan, bcue_error *error)
{
    const bcue_dn_program *program = &plan->program;
    size_t packed = 0;
    for (size_t i = 0; i < program->prepare.count; i++) {
        const bcue_dn_step *step = &program->prepare.steps[i];
        BCUE_TRY(bcue_dn_run(program, &program->prepare, i, i + 1, error));
        for (int k = 0; k < step->count; k++)
            packed += program->buffers[program->views[step->views[k]].buffer].bytes;
        if (packed >= RELEASE_BYTES) {
            bcue_packed_weights_release(plan->packed);
            packed = 0;
        }
    }
    plan->stale = false;
    return BCUE_OK;
}

static const bcue_dn_port *find_port(const bcue_dn_port *ports, int32_t count, const char *name)
{
    static const bcue_dn_port none = {NULL, BCUE_NO_VALUE, BCUE_DN_NONE, BCUE_DN_NONE};
    for (int32_t i = 0; i < count; i++)
        if (strcmp(ports[i].name, name) == 0)
            return &ports[i];
    return &none;
}

static void *onednn_input(bcue_plan *base, const char *name)
{
    bcue_dn_plan *plan = (bcue_dn_plan *)base;
    return bcue_dn_data(&plan->program, find_port(plan->inputs, plan->input_count, name)->view);
}

static const void *onednn_output(const bcue_plan *base, const char *name)
{
    const bcue_dn_plan *plan = (const bcue_dn_plan *)base;
    return bcue_dn_data(&plan->program, find_port(plan->outputs, plan->output_count, name)->view);
}

static void onednn_set_step(bcue_plan *base, uint64_t seed, uint32_t epoch, uint32_t step)
{
    ((bcue_dn_plan *)base)->step = (bcue_dropout_key){.seed = seed, .epoch = epoch, .step = step};
}

static bcue_status onednn_forward(bcue_plan *base, bcue_error *error)
{
    bcue_dn_plan *plan = (bcue_dn_plan *)base;
    if (plan->stale)
        BCUE_TRY(prepare_weights(plan, error));
    if (base->stop == NULL)
        return bcue_dn_run(&plan->program, &plan->program.run, 0, plan->forward_end, error);
    for (size_t i = 0; i < plan->forward_end; i++) {
        BCUE_TRY(bcue_plan_ask_stop(base, i, error));
        BCUE_TRY(bcue_dn_run(&plan->program, &plan->program.run, i, i + 1, error));
    }
    return BCUE_OK;
}

static bcue_status onednn_backward(bcue_plan *base, bcue_error *error)
{
    bcue_dn_plan *plan = (bcue_dn_plan *)base;
    if (plan->program.run.count == plan->forward_end)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "the graph has no scalar output named loss");
    return bcue_dn_run(&plan->program, &plan->program.run, plan->forward_end, plan->program.run.count, error);
}

static bcue_status onednn_profile(bcue_plan *base, double *forward, double *backward, bcue_error *error)
{
    const bcue_dn_plan *plan = (const bcue_dn_plan *)base;
    BCUE_TRY(bcue_dn_run_timed(&plan->program, &plan->program.run, 0, plan->forward_end, forward, error));
    if (backward == NULL)
        return BCUE_OK;
    return bcue_dn_run_timed(&plan->program, &plan->program.run, plan->forward_end, plan->program.run.count,
                             backward, error);
}

static void *onednn_gradient(bcue_plan *base, int32_t parameter)
{
    bcue_dn_plan *plan = (bcue_dn_plan *)base;
    return bcue_dn_data(&plan->program, plan->gradients[parameter]);
}

static const void *onednn_input_gradient(const bcue_plan *base, const char *name)
{
    const bcue_dn_plan *plan = (const bcue_dn_plan *)base;
    return bcue_dn_data(&plan->program, find_port(plan->inputs, plan->input_count, name)->gradient);
}

static void onednn_weights_changed(bcue_plan *base)
{
    bcue_dn_plan *plan = (bcue_dn_plan *)base;
    plan->stale = true;
}

static size_t onednn_peak_bytes(const bcue_plan *base)
{
    return ((const bcue_dn_plan *)base)->program.memory_bytes;
}

static double onednn_recomputed(const bcue_plan *base)
{
    const bcue_dn_plan *plan = (const bcue_dn_plan *)base;
    return plan->macs > 0 ? plan->recomputed_macs / plan->macs : 0;
}

static size_t onednn_packed_bytes(const bcue_plan *base)
{
    return bcue_packed_weights_bytes(((const bcue_dn_plan *)base)->packed);
}

static int32_t onednn_int8_layers(const bcue_plan *base)
{
    return ((const bcue_dn_plan *)base)->int8_layers;
}

static int32_t onednn_row_layers(const bcue_plan *base)
{
    return ((const bcue_dn_plan *)base)->row_layers;
}

/* The store is locked when it is shared. */
static bcue_status make_and_prepare(bcue_dn_plan *plan, bcue_error *error)
{
    bcue_status status = make(plan, error);
    free_lowering(plan);
    plan->graph = NULL;
    if (status == BCUE_OK)
        status = prepare_weights(plan, error);
    bcue_packed_weights_settle(plan->packed, status == BCUE_OK);
    return status;
}

static bcue_status make_shared(bcue_dn_plan *plan, bcue_error *error)
{
    plan->packed = plan->options.packed;
    bcue_packed_weights_lock(plan->packed);
    bcue_status status = make_and_prepare(plan, error);
    bcue_packed_weights_release(plan->packed);
    bcue_packed_weights_unlock(plan->packed);
    bcue_dn_forget_prepare(&plan->program);
    return status;
}

static bcue_status make_alone(bcue_dn_plan *plan, bcue_error *error)
{
    BCUE_TRY(bcue_packed_weights_create(NULL, NULL, &plan->packed, error));
    return make_and_prepare(plan, error);
}

bcue_status bcue_onednn_plan_create(const bcue_graph *graph, bcue_weights *weights,
                                    const bcue_plan_options *options, bcue_plan **result, bcue_error *error)
{
    static const bcue_plan_vtable vtable = {.destroy = onednn_destroy,
                                            .input = onednn_input,
                                            .output = onednn_output,
                                            .set_step = onednn_set_step,
                                            .forward = onednn_forward,
                                            .backward = onednn_backward,
                                            .profile = onednn_profile,
                                            .gradient = onednn_gradient,
                                            .input_gradient = onednn_input_gradient,
                                            .weights_changed = onednn_weights_changed,
                                            .peak_bytes = onednn_peak_bytes,
                                            .recomputed = onednn_recomputed,
                                            .packed_bytes = onednn_packed_bytes,
                                            .int8_layers = onednn_int8_layers,
                                            .row_layers = onednn_row_layers};
    bcue_dn_plan *plan = bcue_calloc(1, sizeof *plan);
    if (plan == NULL)
        return bcue_fail_memory(error, "a oneDNN plan");
    plan->base.vtable = &vtable;
    plan->graph = graph;
    plan->weights = weights;
    plan->options = *options;
    bcue_status status = options->packed != NULL ? make_shared(plan, error) : make_alone(plan, error);
    if (status != BCUE_OK) {
        onednn_destroy(&plan->base);
        return status;
    }
    *result = &plan->base;
    return BCUE_OK;
}

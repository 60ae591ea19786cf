/* Operators without a oneDNN primitive, by the plain-C kernels, on row-major data. */
#include <string.h>
#include "engine/onednn_lower.h"
#include "engine/reference_ops.h"

/* One call of a plain kernel; the step's views are the inputs, the output, then what else is below. */
typedef struct plain_call {
    bcue_node node; /* the graph may be gone when the plan runs */
    bcue_ref_call call;
    const bcue_dropout_key *step;
    bool backward, again; /* again: running statistics were updated before */
    size_t gradient_bytes[BCUE_MAX_OP_INPUTS];
} plain_call;

enum { VIEW_OUT = BCUE_MAX_OP_INPUTS, VIEW_OUT_GRADIENT, VIEW_SAVED, VIEW_IN_GRADIENT };
enum { VIEW_COUNT = VIEW_IN_GRADIENT + BCUE_MAX_OP_INPUTS };

static bcue_status run_plain(const bcue_dn_program *program, const bcue_dn_step *step, bcue_error *error)
{
    const plain_call *made = step->context;
    bcue_ref_call call = made->call;
    call.node = &made->node;
    for (int i = 0; i < made->node.input_count; i++) {
        call.in[i] = bcue_dn_data(program, step->views[i]);
        call.in_gradient[i] = bcue_dn_data(program, step->views[VIEW_IN_GRADIENT + i]);
        if (call.in_gradient[i] != NULL)
            memset(call.in_gradient[i], 0, made->gradient_bytes[i]);
    }
    call.out = bcue_dn_data(program, step->views[VIEW_OUT]);
    call.out_gradient = bcue_dn_data(program, step->views[VIEW_OUT_GRADIENT]);
    call.saved = bcue_dn_data(program, step->views[VIEW_SAVED]);
    int32_t node = call.key.node;
    call.key = *made->step;
    call.key.node = node;
    if (made->node.op == BCUE_OP_BATCH_NORM && !made->again) {
        call.running[0] = bcue_dn_data(program, step->views[3]);
        call.running[1] = bcue_dn_data(program, step->views[4]);
    }
    if (!made->backward)
        return bcue_ref_forward_f32(&call, error);
    bcue_ref_backward_f32(&call);
    return BCUE_OK;
}

static plain_call *make_call(bcue_dn_plan *plan, int32_t index, bool backward)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    plain_call *made = bcue_arena_alloc(plan->program.objects, 1, sizeof *made);
    char *name = bcue_arena_strdup(plan->program.objects, node->name);
    if (made == NULL || name == NULL) {
        bcue_dn_fail_memory(&plan->program);
        return NULL;
    }
    made->node = *node;
    made->node.name = name;
    if (node->op == BCUE_OP_SELECT) {
        const size_t count = (size_t)node->u.select.count;
        int32_t *channels = bcue_arena_alloc(plan->program.objects, count, sizeof *channels);
        if (channels == NULL) {
            bcue_dn_fail_memory(&plan->program);
            return NULL;
        }
        memcpy(channels, node->u.select.index, count * sizeof *channels);
        made->node.u.select.index = channels;
    }
    made->step = &plan->step;
    made->backward = backward;
    made->again = plan->recomputing;
    bcue_ref_call *call = &made->call;
    for (int i = 0; i < node->input_count; i++)
        call->in_shape[i] = *bcue_dn_shape(plan, node->input[i]);
    call->out_shape = *bcue_dn_shape(plan, node->output);
    call->drop = plan->options.training && !plan->options.frozen_norm;
    call->batch_statistics =
        node->op == BCUE_OP_BATCH_NORM && bcue_plan_norm_by_batch(&plan->options, plan->graph, node);
    call->sync = plan->options.norm_sync;
    call->labels =
        bcue_op_is_loss(node->op) && bcue_graph_value(plan->graph, node->input[1])->dtype == BCUE_I32;
    call->key.node = index;
    return made;
}

void bcue_dn_plain_forward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    bcue_dn_program *program = &plan->program;
    plain_call *made = make_call(plan, index, false);
    int32_t views[VIEW_COUNT];
    for (int i = 0; i < VIEW_COUNT; i++)
        views[i] = i < node->input_count ? bcue_dn_read_plain(plan, node->input[i]) : BCUE_DN_NONE;
    dnnl_memory_desc_t out = bcue_dn_shape_desc(bcue_dn_shape(plan, node->output));
    views[VIEW_OUT] = bcue_dn_new(program, &out);
    if (node->op == BCUE_OP_BATCH_NORM && plan->options.training) {
        /* Doubles, which are the room of two floats each. */
        const size_t count =
            bcue_ref_saved_count(&plan->options, bcue_dn_shape(plan, node->input[1])->dim[0]);
        dnnl_memory_desc_t saved = bcue_dn_plain_desc(1, (int64_t[]){2 * (int64_t)count});
        views[VIEW_SAVED] = plan->nodes[index].workspace = bcue_dn_new(program, &saved);
    }
    bcue_dn_emit_kernel(program, run_plain, made, views, VIEW_COUNT);
    bcue_dn_define(plan, node->output, views[VIEW_OUT]);
}

void bcue_dn_plain_backward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    bcue_dn_program *program = &plan->program;
    plain_call *made = make_call(plan, index, true);
    if (made == NULL)
        return;
    int32_t views[VIEW_COUNT];
    for (int i = 0; i < VIEW_COUNT; i++)
        views[i] = BCUE_DN_NONE;
    for (int i = 0; bcue_ref_backward_reads_inputs(node->op) && i < node->input_count; i++)
        views[i] = bcue_dn_read_plain(plan, node->input[i]);
    if (bcue_ref_backward_reads_output(node->op))
        views[VIEW_OUT] = bcue_dn_read_plain(plan, node->output);
    dnnl_memory_desc_t out = bcue_dn_shape_desc(bcue_dn_shape(plan, node->output));
    views[VIEW_OUT_GRADIENT] = bcue_dn_convert(plan, bcue_dn_gradient(plan, node->output), &out);
    if (node->op == BCUE_OP_BATCH_NORM)
        views[VIEW_SAVED] = plan->nodes[index].workspace;
    for (int i = 0; i < node->input_count; i++) {
        if (!plan->values[node->input[i]].needs_gradient || !bcue_op_passes_gradient(node->op, i))
            continue;
        dnnl_memory_desc_t in = bcue_dn_shape_desc(bcue_dn_shape(plan, node->input[i]));
        views[VIEW_IN_GRADIENT + i] = bcue_dn_new(program, &in);
        made->gradient_bytes[i] = dnnl_memory_desc_get_size(&in);
    }
    bcue_dn_emit_kernel(program, run_plain, made, views, VIEW_COUNT);
    for (int i = 0; i < node->input_count; i++)
        bcue_dn_push_gradient(plan, node->input[i], views[VIEW_IN_GRADIENT + i]);
}

/* Attention by our own kernels (attention.h). Queries, keys and values are read where a projection left them,
   whatever their steps, as long as the width of a head is contiguous. */
#include "base/parallel.h"
#include "engine/attention.h"
#include "engine/onednn_lower.h"

typedef struct attention_call {
    const bcue_attention_kernels *kernels;
    bcue_attention_shape shape;
    int workers;
    const bcue_dropout_key *step; /* NULL: no dropout */
    int32_t node;
} attention_call;

enum { AT_Q, AT_K, AT_V, AT_Y, AT_LOG_SUM, AT_SCRATCH, AT_DY, AT_DQ, AT_DK, AT_DV, AT_COUNT };

static bcue_attention_run run_of(const bcue_dn_program *program, const bcue_dn_step *step,
                                 bcue_dropout_stream *stream)
{
    const attention_call *call = step->context;
    bcue_attention_run run = {.shape = &call->shape,
                              .q = bcue_dn_data(program, step->views[AT_Q]),
                              .k = bcue_dn_data(program, step->views[AT_K]),
                              .v = bcue_dn_data(program, step->views[AT_V]),
                              .y = bcue_dn_data(program, step->views[AT_Y]),
                              .log_sum = bcue_dn_data(program, step->views[AT_LOG_SUM]),
                              .dy = bcue_dn_data(program, step->views[AT_DY]),
                              .dq = bcue_dn_data(program, step->views[AT_DQ]),
                              .dk = bcue_dn_data(program, step->views[AT_DK]),
                              .dv = bcue_dn_data(program, step->views[AT_DV]),
                              .scratch = bcue_dn_data(program, step->views[AT_SCRATCH]),
                              .workers = call->workers};
    if (call->step != NULL) {
        bcue_dropout_key key = *call->step;
        key.node = call->node;
        *stream = bcue_dropout_begin(&key, call->shape.dropout, bcue_cpu_best());
        run.stream = stream;
    }
    return run;
}

static bcue_status run_forward(const bcue_dn_program *program, const bcue_dn_step *step, bcue_error *error)
{
    (void)error;
    bcue_dropout_stream stream;
    const bcue_attention_run run = run_of(program, step, &stream);
    bcue_attention_forward(((const attention_call *)step->context)->kernels, &run);
    return BCUE_OK;
}

static bcue_status run_backward(const bcue_dn_program *program, const bcue_dn_step *step, bcue_error *error)
{
    (void)error;
    bcue_dropout_stream stream;
    const bcue_attention_run run = run_of(program, step, &stream);
    bcue_attention_backward(((const attention_call *)step->context)->kernels, &run);
    return BCUE_OK;
}

static bcue_attention_side side_of(const dnnl_memory_desc_t *desc)
{
    const dnnl_dim_t *strides = desc->format_desc.blocking.strides;
    return (bcue_attention_side){strides[0], strides[1], strides[2]};
}

/* The value where it lies, or row-major when its width is not contiguous there. */
static int32_t read_side(bcue_dn_plan *plan, bcue_value value, bcue_attention_side *side)
{
    int32_t view = plan->values[value].layout[0];
    const dnnl_memory_desc_t *desc = bcue_dn_desc(&plan->program, view);
    const dnnl_blocking_desc_t *blocking = &desc->format_desc.blocking;
    if (desc->format_kind != dnnl_blocked || desc->ndims != 4 || blocking->inner_nblks > 0 ||
        blocking->strides[3] != 1)
        view = bcue_dn_read_plain(plan, value);
    *side = side_of(bcue_dn_desc(&plan->program, view));
    return view;
}

/* (batch, tokens, heads, width) when that is what the only reader turns the result into, else row-major. */
static dnnl_memory_desc_t result_desc(const bcue_dn_plan *plan, const bcue_node *node)
{
    const bcue_dn_value *value = &plan->values[node->output];
    dnnl_memory_desc_t plain = bcue_dn_shape_desc(bcue_dn_shape(plan, node->output)), turned;
    const bcue_node *reader = value->readers == 1 && !plan->needed.output[node->output]
                                  ? bcue_graph_node(plan->graph, value->reader)
                                  : NULL;
    static const int turn[4] = {0, 2, 1, 3};
    if (reader == NULL || reader->op != BCUE_OP_PERMUTE)
        return plain;
    for (int i = 0; i < 4; i++)
        if (reader->u.permute.order[i] != turn[i])
            return plain;
    int64_t dims[4] = {plain.dims[0], plain.dims[2], plain.dims[1], plain.dims[3]};
    dnnl_memory_desc_t tokens = bcue_dn_plain_desc(4, dims);
    return dnnl_memory_desc_permute_axes(&turned, &tokens, turn) == dnnl_success ? turned : plain;
}

static bcue_attention_shape shape_of(const bcue_dn_plan *plan, const bcue_node *node)
{
    const int64_t *q = bcue_dn_shape(plan, node->input[0])->dim,
                  *v = bcue_dn_shape(plan, node->input[2])->dim;
    bool drops = plan->options.training && !plan->options.frozen_norm;
    return (bcue_attention_shape){.batch = q[0],
                                  .heads = q[1],
                                  .queries = q[2],
                                  .keys = v[2],
                                  .width = q[3],
                                  .value_width = v[3],
                                  .scale = (float)node->u.attention.scale,
                                  .dropout = drops ? node->u.attention.dropout : 0};
}

static attention_call *make_call(bcue_dn_plan *plan, int32_t index, const bcue_attention_kernels *kernels)
{
    attention_call *call = bcue_arena_alloc(plan->program.objects, 1, sizeof *call);
    if (call == NULL) {
        bcue_dn_fail_memory(&plan->program);
        return NULL;
    }
    bcue_attention_shape shape = shape_of(plan, bcue_graph_node(plan->graph, index));
    *call =
        (attention_call){kernels, shape, bcue_get_threads(), shape.dropout > 0 ? &plan->step : NULL, index};
    return call;
}

static int32_t new_scratch(bcue_dn_plan *plan, const attention_call *call, bool backward)
{
    int64_t count = bcue_attention_scratch(call->kernels, &call->shape, call->workers, backward);
    dnnl_memory_desc_t desc = bcue_dn_plain_desc(1, &count);
    return bcue_dn_new(&plan->program, &desc);
}

bool bcue_dn_attention_forward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    bcue_dn_program *program = &plan->program;
    const bcue_attention_shape shape = shape_of(plan, node);
    const bcue_attention_kernels *kernels = bcue_attention_kernels_of(bcue_cpu_best(), &shape);
    attention_call *call = kernels != NULL ? make_call(plan, index, kernels) : NULL;
    if (call == NULL)
        return program->status != BCUE_OK;
    dnnl_memory_desc_t result = result_desc(plan, node);
    dnnl_memory_desc_t rows = bcue_dn_plain_desc(3, (int64_t[]){shape.batch, shape.heads, shape.queries});
    int32_t views[AT_COUNT];
    for (int i = 0; i < AT_COUNT; i++)
        views[i] = BCUE_DN_NONE;
    views[AT_Q] = read_side(plan, node->input[0], &call->shape.q);
    views[AT_K] = read_side(plan, node->input[1], &call->shape.k);
    views[AT_V] = read_side(plan, node->input[2], &call->shape.v);
    call->shape.y = side_of(&result);
    views[AT_Y] = bcue_dn_new(program, &result);
    if (plan->options.training)
        views[AT_LOG_SUM] = plan->nodes[index].workspace = bcue_dn_new(program, &rows);
    views[AT_SCRATCH] = new_scratch(plan, call, false);
    bcue_dn_emit_kernel(program, run_forward, call, views, AT_COUNT);
    bcue_dn_define(plan, node->output, views[AT_Y]);
    return true;
}

static int32_t new_gradient(bcue_dn_plan *plan, bcue_value value)
{
    dnnl_memory_desc_t desc = bcue_dn_shape_desc(bcue_dn_shape(plan, value));
    return plan->values[value].needs_gradient ? bcue_dn_new(&plan->program, &desc) : BCUE_DN_NONE;
}

bool bcue_dn_attention_backward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    bcue_dn_program *program = &plan->program;
    const bcue_attention_shape shape = shape_of(plan, node);
    attention_call *call = make_call(plan, index, bcue_attention_kernels_of(bcue_cpu_best(), &shape));
    if (call == NULL)
        return true;
    dnnl_memory_desc_t out = bcue_dn_shape_desc(bcue_dn_shape(plan, node->output));
    int32_t views[AT_COUNT];
    views[AT_Q] = read_side(plan, node->input[0], &call->shape.q);
    views[AT_K] = read_side(plan, node->input[1], &call->shape.k);
    views[AT_V] = read_side(plan, node->input[2], &call->shape.v);
    views[AT_Y] = BCUE_DN_NONE;
    views[AT_LOG_SUM] = plan->nodes[index].workspace;
    views[AT_DY] = bcue_dn_convert(plan, bcue_dn_gradient(plan, node->output), &out);
    for (int i = 0; i < 3; i++)
        views[AT_DQ + i] = new_gradient(plan, node->input[i]);
    views[AT_SCRATCH] = new_scratch(plan, call, true);
    bcue_dn_emit_kernel(program, run_backward, call, views, AT_COUNT);
    for (int i = 0; i < 3; i++)
        bcue_dn_push_gradient(plan, node->input[i], views[AT_DQ + i]);
    return true;
}

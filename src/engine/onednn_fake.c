/* Rounding to the levels of 8-bit numbers, in f32, on whatever layout the operand has: padding is 0 and stays
   0. The plain-C twin is reference_fake.inc.h; both agree to the bit. */
#include "base/parallel.h"
#include "engine/onednn_lower.h"

enum { CHUNK = 16384 };

/* Added and taken away again it leaves the nearest integer, half to even, of magnitudes below 2^22. */
#define TO_INTEGER 12582912.0F /* 1.5 * 2^23 */

typedef struct fake_call {
    float scale, inverse, low, high;
    size_t count;
} fake_call;

typedef struct fake_run {
    const fake_call *call;
    const float *x, *gradient;
    float *y;
} fake_run;

/* The level of x; `low - 1` or `high + 1` where that or more would be cut. */
static float level_of(const fake_call *call, float x)
{
    float level = x * call->inverse;
    level = level < call->low - 1 ? call->low - 1 : level;
    level = level > call->high + 1 ? call->high + 1 : level;
    return (level + TO_INTEGER) - TO_INTEGER;
}

static size_t chunk_end(const fake_call *call, size_t chunk)
{
    return (chunk + 1) * CHUNK < call->count ? (chunk + 1) * CHUNK : call->count;
}

static void round_chunk(void *context, size_t chunk)
{
    const fake_run *run = context;
    const fake_call call = *run->call;
    const float *restrict x = run->x;
    float *restrict y = run->y;
    for (size_t i = chunk * CHUNK, end = chunk_end(&call, chunk); i < end; i++) {
        float level = level_of(&call, x[i]);
        level = level < call.low ? call.low : level;
        level = level > call.high ? call.high : level;
        y[i] = level * call.scale;
    }
}

static void pass_chunk(void *context, size_t chunk)
{
    const fake_run *run = context;
    const fake_call call = *run->call;
    const float *restrict x = run->x, *restrict gradient = run->gradient;
    float *restrict y = run->y;
    for (size_t i = chunk * CHUNK, end = chunk_end(&call, chunk); i < end; i++) {
        const float level = level_of(&call, x[i]);
        y[i] = level >= call.low && level <= call.high ? gradient[i] : 0;
    }
}

/* Views: x, result. */
static bcue_status run_forward(const bcue_dn_program *program, const bcue_dn_step *step, bcue_error *error)
{
    (void)error;
    fake_run run = {step->context, bcue_dn_data(program, step->views[0]), NULL,
                    bcue_dn_data(program, step->views[1])};
    bcue_parallel_for((run.call->count + CHUNK - 1) / CHUNK, 1, round_chunk, &run);
    return BCUE_OK;
}

/* Views: x, gradient, result. */
static bcue_status run_backward(const bcue_dn_program *program, const bcue_dn_step *step, bcue_error *error)
{
    (void)error;
    fake_run run = {step->context, bcue_dn_data(program, step->views[0]),
                    bcue_dn_data(program, step->views[1]), bcue_dn_data(program, step->views[2])};
    bcue_parallel_for((run.call->count + CHUNK - 1) / CHUNK, 1, pass_chunk, &run);
    return BCUE_OK;
}

static fake_call *make_call(bcue_dn_plan *plan, const bcue_node *node, const dnnl_memory_desc_t *data)
{
    fake_call *call = bcue_arena_alloc(plan->program.objects, 1, sizeof *call);
    if (call == NULL) {
        bcue_dn_fail_memory(&plan->program);
        return NULL;
    }
    const float scale = (float)node->u.quantise.scale;
    const bool negative = node->u.quantise.negative;
    *call = (fake_call){.scale = scale,
                        .inverse = 1 / scale,
                        .low = negative ? -128 : 0,
                        .high = negative ? 127 : 255,
                        .count = dnnl_memory_desc_get_size(data) / sizeof(float)};
    return call;
}

bool bcue_dn_fake_forward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    const dnnl_memory_desc_t data = *bcue_dn_native(plan, node->input[0]);
    fake_call *call = make_call(plan, node, &data);
    if (call == NULL)
        return true;
    const int32_t views[2] = {bcue_dn_read(plan, node->input[0], &data), bcue_dn_new(&plan->program, &data)};
    bcue_dn_emit_kernel(&plan->program, run_forward, call, views, 2);
    bcue_dn_define(plan, node->output, views[1]);
    plan->nodes[index].source = views[0];
    return true;
}

bool bcue_dn_fake_backward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    const int32_t source = plan->nodes[index].source;
    const dnnl_memory_desc_t data = *bcue_dn_desc(&plan->program, source);
    fake_call *call = make_call(plan, node, &data);
    if (call == NULL || !plan->values[node->input[0]].needs_gradient)
        return true;
    const int32_t views[3] = {source, bcue_dn_convert(plan, bcue_dn_gradient(plan, node->output), &data),
                              bcue_dn_new(&plan->program, &data)};
    bcue_dn_emit_kernel(&plan->program, run_backward, call, views, 3);
    bcue_dn_push_gradient(plan, node->input[0], views[2]);
    return true;
}

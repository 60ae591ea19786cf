/* Own parallel kernels for what oneDNN does slowly or not at all: dropout, and adding or multiplying with an
   operand whose shape is the end of the other's (a bias, a position embedding under a batch). */
#include "base/parallel.h"
#include "engine/onednn_lower.h"

static int64_t count_of(const bcue_dn_plan *plan, bcue_value value)
{
    int64_t count = 0;
    return bcue_shape_count(bcue_dn_shape(plan, value), &count) ? count : 0;
}

/* ---- dropout ---- */

enum { DROPOUT_CHUNK = 4096, DROPOUT_GRAIN = 4 };

typedef struct dropout_call {
    const bcue_dropout_key *step;
    int32_t node;
    double probability;
    int64_t count;
} dropout_call;

typedef struct dropout_run {
    const dropout_call *call;
    const float *from;
    float *to;
} dropout_run;

static void drop_chunk(void *context, size_t chunk)
{
    const dropout_run *run = context;
    const dropout_call *call = run->call;
    bcue_dropout_key key = *call->step;
    key.node = call->node;
    size_t first = chunk * DROPOUT_CHUNK, left = (size_t)call->count - first;
    size_t count = left < DROPOUT_CHUNK ? left : DROPOUT_CHUNK;
    uint8_t keep[DROPOUT_CHUNK];
    bcue_dropout_mask(&key, call->probability, first, count, keep);
    float scale = (float)(1 / (1 - call->probability));
    for (size_t i = 0; i < count; i++)
        run->to[first + i] = keep[i] ? run->from[first + i] * scale : 0;
}

static bcue_status run_dropout(const bcue_dn_program *program, const bcue_dn_step *step, bcue_error *error)
{
    (void)error;
    const dropout_call *call = step->context;
    dropout_run run = {call, bcue_dn_data(program, step->views[0]), bcue_dn_data(program, step->views[1])};
    bcue_parallel_for(((size_t)call->count + DROPOUT_CHUNK - 1) / DROPOUT_CHUNK, DROPOUT_GRAIN, drop_chunk,
                      &run);
    return BCUE_OK;
}

static int32_t emit_dropout(bcue_dn_plan *plan, int32_t index, int32_t from)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    dropout_call *call = bcue_arena_alloc(plan->program.objects, 1, sizeof *call);
    if (call == NULL) {
        bcue_dn_fail_memory(&plan->program);
        return BCUE_DN_NONE;
    }
    *call = (dropout_call){&plan->step, index, node->u.dropout.probability, count_of(plan, node->output)};
    dnnl_memory_desc_t desc = bcue_dn_shape_desc(bcue_dn_shape(plan, node->output));
    int32_t views[2] = {from, bcue_dn_new(&plan->program, &desc)};
    bcue_dn_emit_kernel(&plan->program, run_dropout, call, views, 2);
    return views[1];
}

static bool drops(const bcue_dn_plan *plan, const bcue_node *node)
{
    return plan->options.training && !plan->options.frozen_norm && node->u.dropout.probability > 0;
}

bool bcue_dn_dropout_forward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    int32_t view = drops(plan, node)
                       ? emit_dropout(plan, index, bcue_dn_read_plain(plan, node->input[0]))
                       : bcue_dn_read(plan, node->input[0], bcue_dn_native(plan, node->input[0]));
    bcue_dn_define(plan, node->output, view);
    return true;
}

bool bcue_dn_dropout_backward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    int32_t gradient = bcue_dn_gradient(plan, node->output);
    if (drops(plan, node)) {
        dnnl_memory_desc_t desc = bcue_dn_shape_desc(bcue_dn_shape(plan, node->output));
        gradient = emit_dropout(plan, index, bcue_dn_convert(plan, gradient, &desc));
    }
    bcue_dn_push_gradient(plan, node->input[0], gradient);
    return true;
}

/* ---- big (outer, inner) with small (inner), repeated ---- */

enum { REPEAT_GRAIN = 8192 }; /* elements that are worth a thread */

typedef struct repeat_call {
    int64_t outer, inner;
    bool multiply;
} repeat_call;

typedef struct repeat_run {
    const repeat_call *call;
    const float *big, *small, *gradient;
    float *to;
} repeat_run;

static void repeat_row(void *context, size_t row)
{
    const repeat_run *run = context;
    int64_t inner = run->call->inner;
    const float *big = run->big + (int64_t)row * inner, *small = run->small;
    float *to = run->to + (int64_t)row * inner;
    if (run->call->multiply) {
        for (int64_t i = 0; i < inner; i++)
            to[i] = big[i] * small[i];
    } else {
        for (int64_t i = 0; i < inner; i++)
            to[i] = big[i] + small[i];
    }
}

enum { SUM_BLOCK = 64 };

/* The gradient of `small`: sums over the rows, block by block of columns. */
static void sum_columns(void *context, size_t block)
{
    const repeat_run *run = context;
    int64_t first = (int64_t)block * SUM_BLOCK, left = run->call->inner - first;
    int64_t count = left < SUM_BLOCK ? left : SUM_BLOCK;
    double sum[SUM_BLOCK] = {0};
    for (int64_t row = 0; row < run->call->outer; row++) {
        const float *gradient = run->gradient + row * run->call->inner + first;
        const float *big = run->call->multiply ? run->big + row * run->call->inner + first : NULL;
        for (int64_t i = 0; i < count; i++)
            sum[i] += big != NULL ? (double)gradient[i] * (double)big[i] : (double)gradient[i];
    }
    for (int64_t i = 0; i < count; i++)
        run->to[first + i] = (float)sum[i];
}

/* Views: big, small, result. */
static bcue_status run_repeat(const bcue_dn_program *program, const bcue_dn_step *step, bcue_error *error)
{
    (void)error;
    const repeat_call *call = step->context;
    repeat_run run = {call, bcue_dn_data(program, step->views[0]), bcue_dn_data(program, step->views[1]),
                      NULL, bcue_dn_data(program, step->views[2])};
    bcue_parallel_for((size_t)call->outer, (size_t)(REPEAT_GRAIN / call->inner + 1), repeat_row, &run);
    return BCUE_OK;
}

/* Views: big (multiply), gradient, result. */
static bcue_status run_sum(const bcue_dn_program *program, const bcue_dn_step *step, bcue_error *error)
{
    (void)error;
    const repeat_call *call = step->context;
    repeat_run run = {call, bcue_dn_data(program, step->views[0]), NULL,
                      bcue_dn_data(program, step->views[1]), bcue_dn_data(program, step->views[2])};
    bcue_parallel_for((size_t)((call->inner + SUM_BLOCK - 1) / SUM_BLOCK),
                      (size_t)(REPEAT_GRAIN / SUM_BLOCK / (call->outer + 1) + 1), sum_columns, &run);
    return BCUE_OK;
}

/* Does b's shape, ones in front left out, equal the end of a's? */
static bool is_end_of(const bcue_shape *a, const bcue_shape *b)
{
    int first = 0;
    while (first < b->rank && b->dim[first] == 1)
        first++;
    int rank = b->rank - first;
    if (rank > a->rank)
        return false;
    for (int i = 1; i <= rank; i++)
        if (a->dim[a->rank - i] != b->dim[b->rank - i])
            return false;
    return true;
}

/* Which input is the big one, or -1. */
static int big_side(const bcue_dn_plan *plan, const bcue_node *node)
{
    const bcue_shape *a = bcue_dn_shape(plan, node->input[0]), *b = bcue_dn_shape(plan, node->input[1]);
    const bcue_shape *y = bcue_dn_shape(plan, node->output);
    if (bcue_shape_equal(a, y) && is_end_of(a, b))
        return 0;
    return bcue_shape_equal(b, y) && is_end_of(b, a) ? 1 : -1;
}

static void emit_repeat(bcue_dn_plan *plan, const bcue_node *node, int big, bcue_dn_kernel *kernel,
                        const int32_t views[3])
{
    repeat_call *call = bcue_arena_alloc(plan->program.objects, 1, sizeof *call);
    if (call == NULL) {
        bcue_dn_fail_memory(&plan->program);
        return;
    }
    int64_t inner = count_of(plan, node->input[1 - big]);
    *call =
        (repeat_call){inner > 0 ? count_of(plan, node->output) / inner : 0, inner, node->op == BCUE_OP_MUL};
    bcue_dn_emit_kernel(&plan->program, kernel, call, views, 3);
}

bool bcue_dn_repeat_forward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    int big = big_side(plan, node);
    if (big < 0)
        return bcue_dn_column_forward(plan, index);
    dnnl_memory_desc_t out = bcue_dn_shape_desc(bcue_dn_shape(plan, node->output));
    int32_t views[3] = {bcue_dn_read_plain(plan, node->input[big]),
                        bcue_dn_read_plain(plan, node->input[1 - big]), bcue_dn_new(&plan->program, &out)};
    emit_repeat(plan, node, big, run_repeat, views);
    bcue_dn_define(plan, node->output, views[2]);
    return true;
}

bool bcue_dn_repeat_backward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    bcue_dn_program *program = &plan->program;
    int big = big_side(plan, node);
    if (big < 0)
        return bcue_dn_column_backward(plan, index);
    bcue_value large = node->input[big], small = node->input[1 - big];
    dnnl_memory_desc_t out = bcue_dn_shape_desc(bcue_dn_shape(plan, node->output)),
                       end = bcue_dn_shape_desc(bcue_dn_shape(plan, small));
    int32_t gradient = bcue_dn_convert(plan, bcue_dn_gradient(plan, node->output), &out);
    bool multiply = node->op == BCUE_OP_MUL;
    if (plan->values[small].needs_gradient) {
        int32_t views[3] = {multiply ? bcue_dn_read_plain(plan, large) : BCUE_DN_NONE, gradient,
                            bcue_dn_new(program, &end)};
        emit_repeat(plan, node, big, run_sum, views);
        bcue_dn_push_gradient(plan, small, views[2]);
    }
    if (plan->values[large].needs_gradient && multiply) {
        int32_t views[3] = {gradient, bcue_dn_read_plain(plan, small), bcue_dn_new(program, &out)};
        emit_repeat(plan, node, big, run_repeat, views);
        gradient = views[2];
    }
    bcue_dn_push_gradient(plan, large, gradient);
    return true;
}

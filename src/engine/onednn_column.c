/* Own parallel kernels for lists, (lists, rows, fields): adding or multiplying a column (lists, rows, 1), as
   a mask of rows is, and softmax over the rows. oneDNN has only its reference for these. */
#include <string.h>
#include "base/parallel.h"
#include "engine/onednn_lower.h"

static int64_t count_of(const bcue_shape *shape)
{
    int64_t count = 0;
    return bcue_shape_count(shape, &count) ? count : 0;
}

/* ---- a column ---- */

enum { COLUMN_GRAIN = 8192 /* elements that are worth a thread */ };

typedef struct column_call {
    int64_t rows, width;
    bool multiply;
} column_call;

typedef struct column_run {
    const column_call *call;
    const float *wide, *column, *gradient;
    float *to;
} column_run;

static void column_row(void *context, size_t row)
{
    const column_run *run = context;
    const int64_t width = run->call->width;
    const float *wide = run->wide + (int64_t)row * width, value = run->column[row];
    float *to = run->to + (int64_t)row * width;
    if (run->call->multiply) {
        for (int64_t i = 0; i < width; i++)
            to[i] = wide[i] * value;
    } else {
        for (int64_t i = 0; i < width; i++)
            to[i] = wide[i] + value;
    }
}

/* The gradient of the column. */
static void sum_row(void *context, size_t row)
{
    const column_run *run = context;
    const int64_t width = run->call->width;
    const float *gradient = run->gradient + (int64_t)row * width,
                *wide = run->wide != NULL ? run->wide + (int64_t)row * width : NULL;
    double sum = 0;
    for (int64_t i = 0; i < width; i++)
        sum += wide != NULL ? (double)gradient[i] * (double)wide[i] : (double)gradient[i];
    run->to[row] = (float)sum;
}

static size_t grain_of(const column_call *call)
{
    return (size_t)(COLUMN_GRAIN / call->width + 1);
}

/* Views: wide, column, result. */
static bcue_status run_column(const bcue_dn_program *program, const bcue_dn_step *step, bcue_error *error)
{
    (void)error;
    const column_call *call = step->context;
    column_run run = {call, bcue_dn_data(program, step->views[0]), bcue_dn_data(program, step->views[1]),
                      NULL, bcue_dn_data(program, step->views[2])};
    bcue_parallel_for((size_t)call->rows, grain_of(call), column_row, &run);
    return BCUE_OK;
}

/* Views: wide (multiply), gradient, result. */
static bcue_status run_row_sums(const bcue_dn_program *program, const bcue_dn_step *step, bcue_error *error)
{
    (void)error;
    const column_call *call = step->context;
    column_run run = {call, bcue_dn_data(program, step->views[0]), NULL,
                      bcue_dn_data(program, step->views[1]), bcue_dn_data(program, step->views[2])};
    bcue_parallel_for((size_t)call->rows, grain_of(call), sum_row, &run);
    return BCUE_OK;
}

/* Which input is the wide one, of the shape of the result, when the other has that shape with a last
   dimension of 1; or -1. */
static int wide_side(const bcue_dn_plan *plan, const bcue_node *node)
{
    const bcue_shape *y = bcue_dn_shape(plan, node->output);
    for (int side = 0; side < 2; side++) {
        bcue_shape column = *bcue_dn_shape(plan, node->input[1 - side]);
        if (column.rank != y->rank || column.rank < 1 || column.dim[column.rank - 1] != 1)
            continue;
        column.dim[column.rank - 1] = y->dim[y->rank - 1];
        if (bcue_shape_equal(&column, y) && bcue_shape_equal(bcue_dn_shape(plan, node->input[side]), y))
            return side;
    }
    return -1;
}

static void emit_column(bcue_dn_plan *plan, const bcue_node *node, bcue_dn_kernel *kernel,
                        const int32_t views[3])
{
    column_call *call = bcue_arena_alloc(plan->program.objects, 1, sizeof *call);
    if (call == NULL) {
        bcue_dn_fail_memory(&plan->program);
        return;
    }
    const bcue_shape *y = bcue_dn_shape(plan, node->output);
    const int64_t width = y->dim[y->rank - 1];
    *call = (column_call){count_of(y) / width, width, node->op == BCUE_OP_MUL};
    bcue_dn_emit_kernel(&plan->program, kernel, call, views, 3);
}

bool bcue_dn_column_forward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    const int wide = wide_side(plan, node);
    if (wide < 0)
        return false;
    const dnnl_memory_desc_t out = bcue_dn_shape_desc(bcue_dn_shape(plan, node->output));
    const int32_t views[3] = {bcue_dn_read_plain(plan, node->input[wide]),
                              bcue_dn_read_plain(plan, node->input[1 - wide]),
                              bcue_dn_new(&plan->program, &out)};
    emit_column(plan, node, run_column, views);
    bcue_dn_define(plan, node->output, views[2]);
    return true;
}

bool bcue_dn_column_backward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    const int side = wide_side(plan, node);
    if (side < 0)
        return false;
    bcue_dn_program *program = &plan->program;
    const bcue_value wide = node->input[side], column = node->input[1 - side];
    const dnnl_memory_desc_t out = bcue_dn_shape_desc(bcue_dn_shape(plan, node->output)),
                             narrow = bcue_dn_shape_desc(bcue_dn_shape(plan, column));
    const bool multiply = node->op == BCUE_OP_MUL;
    int32_t gradient = bcue_dn_convert(plan, bcue_dn_gradient(plan, node->output), &out);
    if (plan->values[column].needs_gradient) {
        const int32_t views[3] = {multiply ? bcue_dn_read_plain(plan, wide) : BCUE_DN_NONE, gradient,
                                  bcue_dn_new(program, &narrow)};
        emit_column(plan, node, run_row_sums, views);
        bcue_dn_push_gradient(plan, column, views[2]);
    }
    if (plan->values[wide].needs_gradient && multiply) {
        const int32_t views[3] = {gradient, bcue_dn_read_plain(plan, column), bcue_dn_new(program, &out)};
        emit_column(plan, node, run_column, views);
        gradient = views[2];
    }
    bcue_dn_push_gradient(plan, wide, gradient);
    return true;
}

/* ---- softmax along an axis that is not the last ---- */

enum { SOFTMAX_BLOCK = 64 /* of the inner elements */ };

typedef struct softmax_call {
    int64_t lists, rows, inner;
} softmax_call;

typedef struct softmax_run {
    const softmax_call *call;
    const float *x, *gradient; /* forward: x and y; backward: x is y, with its gradient */
    float *y;
} softmax_run;

/* e^x for x <= 0 without a call, so that the loops below become vectors: x = whole ln 2 + part, ln 2 in two
   pieces of which the first is exact; e^part, |part| <= 0.35, by its Taylor series (the next term is 5e-9),
   the whole as exponent bits. Below 2^-126: 0; NaN stays. */
static inline float power_of_e(float x)
{
    const float round = 12582912.0F; /* 1.5 * 2^23: adding it leaves no room for a fraction */
    const float held = x > -87.3F ? x : -87.3F;
    const float whole = held * 1.44269504F + round - round;
    const float part = (held - whole * 0.693359375F) + whole * 2.12194440e-4F;
    float power = 1.98412698e-4F;
    power = power * part + 1.38888889e-3F;
    power = power * part + 8.33333333e-3F;
    power = power * part + 4.16666667e-2F;
    power = power * part + 1.66666667e-1F;
    power = power * part + 0.5F;
    power = power * part + 1.0F;
    power = power * part + 1.0F;
    const uint32_t bits = (uint32_t)((int32_t)whole + 127) << 23;
    float scale;
    memcpy(&scale, &bits, sizeof scale);
    const float value = x > -87.3F ? power * scale : 0.0F;
    return x <= 0 ? value : x;
}

static void softmax_block(const softmax_call *call, const float *x, float *y, int64_t count)
{
    float most[SOFTMAX_BLOCK], sum[SOFTMAX_BLOCK] = {0};
    for (int64_t i = 0; i < count; i++)
        most[i] = x[i];
    for (int64_t r = 1; r < call->rows; r++)
        for (int64_t i = 0; i < count; i++) {
            const float value = x[r * call->inner + i];
            most[i] = value > most[i] ? value : most[i];
        }
    for (int64_t r = 0; r < call->rows; r++)
        for (int64_t i = 0; i < count; i++) {
            const float value = power_of_e(x[r * call->inner + i] - most[i]);
            y[r * call->inner + i] = value;
            sum[i] += value;
        }
    for (int64_t i = 0; i < count; i++)
        sum[i] = 1 / sum[i];
    for (int64_t r = 0; r < call->rows; r++)
        for (int64_t i = 0; i < count; i++)
            y[r * call->inner + i] *= sum[i];
}

static void softmax_list(void *context, size_t list)
{
    const softmax_run *run = context;
    const softmax_call *call = run->call;
    const int64_t at = (int64_t)list * call->rows * call->inner;
    for (int64_t first = 0; first < call->inner; first += SOFTMAX_BLOCK) {
        const int64_t left = call->inner - first;
        softmax_block(call, run->x + at + first, run->y + at + first,
                      left < SOFTMAX_BLOCK ? left : SOFTMAX_BLOCK);
    }
}

/* dx = y (dy - sum y dy) */
static void gradient_block(const softmax_call *call, const float *y, const float *dy, float *dx,
                           int64_t count)
{
    double sum[SOFTMAX_BLOCK] = {0};
    for (int64_t r = 0; r < call->rows; r++)
        for (int64_t i = 0; i < count; i++)
            sum[i] += (double)y[r * call->inner + i] * (double)dy[r * call->inner + i];
    for (int64_t r = 0; r < call->rows; r++)
        for (int64_t i = 0; i < count; i++)
            dx[r * call->inner + i] = y[r * call->inner + i] * (dy[r * call->inner + i] - (float)sum[i]);
}

static void gradient_list(void *context, size_t list)
{
    const softmax_run *run = context;
    const softmax_call *call = run->call;
    const int64_t at = (int64_t)list * call->rows * call->inner;
    for (int64_t first = 0; first < call->inner; first += SOFTMAX_BLOCK) {
        const int64_t left = call->inner - first;
        gradient_block(call, run->x + at + first, run->gradient + at + first, run->y + at + first,
                       left < SOFTMAX_BLOCK ? left : SOFTMAX_BLOCK);
    }
}

/* Views: x, result; or y, its gradient, result. */
static bcue_status run_softmax(const bcue_dn_program *program, const bcue_dn_step *step, bcue_error *error)
{
    (void)error;
    const bool backward = step->count == 3;
    softmax_run run = {step->context, bcue_dn_data(program, step->views[0]),
                       backward ? bcue_dn_data(program, step->views[1]) : NULL,
                       bcue_dn_data(program, step->views[step->count - 1])};
    const int64_t each = run.call->rows * run.call->inner;
    bcue_parallel_for((size_t)run.call->lists, (size_t)(COLUMN_GRAIN / (each + 1) + 1),
                      backward ? gradient_list : softmax_list, &run);
    return BCUE_OK;
}

bool bcue_dn_softmax_is_inner(const bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    const bcue_shape *shape = bcue_dn_shape(plan, node->output);
    int64_t inner = 1;
    for (int i = node->u.axis.axis + 1; i < shape->rank; i++)
        inner *= shape->dim[i];
    return inner > 1;
}

static softmax_call *make_softmax(bcue_dn_plan *plan, const bcue_node *node)
{
    softmax_call *call = bcue_arena_alloc(plan->program.objects, 1, sizeof *call);
    const bcue_shape *shape = bcue_dn_shape(plan, node->output);
    if (call == NULL) {
        bcue_dn_fail_memory(&plan->program);
        return NULL;
    }
    *call = (softmax_call){.lists = 1, .rows = shape->dim[node->u.axis.axis], .inner = 1};
    for (int i = 0; i < shape->rank; i++) {
        call->lists *= i < node->u.axis.axis ? shape->dim[i] : 1;
        call->inner *= i > node->u.axis.axis ? shape->dim[i] : 1;
    }
    return call;
}

void bcue_dn_inner_softmax_forward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    const dnnl_memory_desc_t out = bcue_dn_shape_desc(bcue_dn_shape(plan, node->output));
    softmax_call *call = make_softmax(plan, node);
    const int32_t views[2] = {bcue_dn_read_plain(plan, node->input[0]), bcue_dn_new(&plan->program, &out)};
    if (call != NULL)
        bcue_dn_emit_kernel(&plan->program, run_softmax, call, views, 2);
    bcue_dn_define(plan, node->output, views[1]);
}

void bcue_dn_inner_softmax_backward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    const dnnl_memory_desc_t out = bcue_dn_shape_desc(bcue_dn_shape(plan, node->output));
    softmax_call *call = make_softmax(plan, node);
    const int32_t views[3] = {bcue_dn_read_plain(plan, node->output),
                              bcue_dn_convert(plan, bcue_dn_gradient(plan, node->output), &out),
                              bcue_dn_new(&plan->program, &out)};
    if (call != NULL)
        bcue_dn_emit_kernel(&plan->program, run_softmax, call, views, 3);
    bcue_dn_push_gradient(plan, node->input[0], views[2]);
}

/* What each operator of a graph is in ONNX. */
#include <math.h>
#include <stdlib.h>

#include "base/fail.h"
#include "exchange/onnx_parts.h"

enum { MOST_ATTRIBUTES = 6 };

/* One node being written. */
typedef struct call {
    bcue_onnx *onnx;
    const bcue_node *node;
    const bcue_shape *shape[BCUE_MAX_OP_INPUTS]; /* of the inputs */
    const bcue_shape *out_shape;
    const char *in[BCUE_MAX_OP_INPUTS];
    const char *out;
    bcue_onnx_attribute attributes[MOST_ATTRIBUTES];
    size_t attribute_count;
} call;

static void take_int(call *c, const char *name, int64_t value)
{
    c->attributes[c->attribute_count++] =
        (bcue_onnx_attribute){.name = name, .type = BCUE_ONNX_A_INT, .one = value};
}

static void take_real(call *c, const char *name, double value)
{
    c->attributes[c->attribute_count++] =
        (bcue_onnx_attribute){.name = name, .type = BCUE_ONNX_A_FLOAT, .real = (float)value};
}

static void take_text(call *c, const char *name, const char *value)
{
    c->attributes[c->attribute_count++] =
        (bcue_onnx_attribute){.name = name, .type = BCUE_ONNX_A_STRING, .text = value};
}

/* `values` must live until the node is written. */
static void take_ints(call *c, const char *name, const int64_t *values, size_t count)
{
    c->attributes[c->attribute_count++] =
        (bcue_onnx_attribute){.name = name, .type = BCUE_ONNX_A_INTS, .ints = values, .count = count};
}

/* One step on the way to the result: writes the node with the attributes taken so far, and forgets them. */
static void put(call *c, const char *op, const char *const *inputs, size_t count, const char *output)
{
    const char *name = output == c->out ? c->node->name : output;
    bcue_onnx_node(c->onnx, op, name, inputs, count, output, c->attributes, c->attribute_count);
    c->attribute_count = 0;
}

static const char *step(call *c, const char *op, const char *a, const char *b)
{
    const char *output = bcue_onnx_fresh(c->onnx, c->node->name);
    put(c, op, (const char *const[]){a, b}, b != NULL ? 2 : 1, output);
    return output;
}

static void finish(call *c, const char *op, const char *a, const char *b)
{
    put(c, op, (const char *const[]){a, b}, b != NULL ? 2 : 1, c->out);
}

/* The last two of `rank` dimensions exchanged. */
static const char *transposed(call *c, const char *x, int rank)
{
    int64_t order[BCUE_MAX_RANK];
    for (int i = 0; i < rank; i++)
        order[i] = i;
    order[rank - 1] = rank - 2;
    order[rank - 2] = rank - 1;
    take_ints(c, "perm", order, (size_t)rank);
    return step(c, "Transpose", x, NULL);
}

static void put_conv(call *c)
{
    const int *p = c->node->u.conv.padding;
    const int64_t strides[2] = {c->node->u.conv.stride[0], c->node->u.conv.stride[1]},
                  dilations[2] = {c->node->u.conv.dilation[0], c->node->u.conv.dilation[1]},
                  pads[4] = {p[0], p[1], p[0], p[1]}, kernel[2] = {c->shape[1]->dim[2], c->shape[1]->dim[3]};
    take_ints(c, "kernel_shape", kernel, 2);
    take_ints(c, "strides", strides, 2);
    take_ints(c, "pads", pads, 4);
    take_ints(c, "dilations", dilations, 2);
    take_int(c, "group", c->node->u.conv.groups);
    put(c, "Conv", c->in, (size_t)c->node->input_count, c->out);
}

static void put_pool(call *c, const char *op)
{
    const int *k = c->node->u.pool.kernel, *s = c->node->u.pool.stride, *p = c->node->u.pool.padding;
    const int64_t kernel[2] = {k[0], k[1]}, strides[2] = {s[0], s[1]}, pads[4] = {p[0], p[1], p[0], p[1]};
    take_ints(c, "kernel_shape", kernel, 2);
    take_ints(c, "strides", strides, 2);
    take_ints(c, "pads", pads, 4);
    if (c->node->op == BCUE_OP_AVG_POOL)
        take_int(c, "count_include_pad", 1);
    finish(c, op, c->in[0], NULL);
}

/* (out, in), or its transpose: row i averages the elements floor(i in / out) up to ceil((i + 1) in / out). */
static const char *averaging_matrix(call *c, int64_t in, int64_t out, bool transpose)
{
    const bcue_shape shape = transpose ? bcue_shape_of(in, out) : bcue_shape_of(out, in);
    float *values = bcue_calloc((size_t)(in * out), sizeof *values);
    c->onnx->failed = c->onnx->failed || values == NULL;
    if (values == NULL)
        return "";
    for (int64_t i = 0; i < out; i++) {
        const int64_t from = i * in / out, to = ((i + 1) * in + out - 1) / out;
        for (int64_t k = from; k < to; k++)
            values[transpose ? k * out + i : i * in + k] = 1.0F / (float)(to - from);
    }
    const char *name = bcue_onnx_floats(c->onnx, &shape, values);
    free(values);
    return name;
}

static void put_adaptive_pool(call *c)
{
    const int64_t *in = &c->shape[0]->dim[2], *out = &c->out_shape->dim[2];
    if (out[0] == 1 && out[1] == 1) {
        finish(c, "GlobalAveragePool", c->in[0], NULL);
    } else if (in[0] % out[0] == 0 && in[1] % out[1] == 0) {
        const int64_t window[2] = {in[0] / out[0], in[1] / out[1]};
        take_ints(c, "kernel_shape", window, 2);
        take_ints(c, "strides", window, 2);
        finish(c, "AveragePool", c->in[0], NULL);
    } else { /* windows of different sizes: a matrix from each side */
        const char *rows = averaging_matrix(c, in[0], out[0], false),
                   *columns = averaging_matrix(c, in[1], out[1], true);
        finish(c, "MatMul", step(c, "MatMul", rows, c->in[0]), columns);
    }
}

static void put_linear(call *c)
{
    if (c->shape[0]->rank == 2) {
        take_int(c, "transB", 1);
        put(c, "Gemm", c->in, (size_t)c->node->input_count, c->out);
        return;
    }
    const char *weight = transposed(c, c->in[1], 2);
    if (c->node->input_count == 3)
        finish(c, "Add", step(c, "MatMul", c->in[0], weight), c->in[2]);
    else
        finish(c, "MatMul", c->in[0], weight);
}

static void put_slice(call *c)
{
    const int64_t axis = c->node->u.axis.axis;
    const char *start = bcue_onnx_ints(c->onnx, &c->node->u.axis.start, 1);
    const char *stop = bcue_onnx_ints(c->onnx, &c->node->u.axis.stop, 1);
    const char *along = bcue_onnx_ints(c->onnx, &axis, 1);
    put(c, "Slice", (const char *const[]){c->in[0], start, stop, along}, 4, c->out);
}

/* Zeros are read from behind the end of the axis, where one is put. */
static void put_select(call *c)
{
    const int64_t count = c->node->u.select.count, length = c->shape[0]->dim[c->node->u.select.axis];
    const char *x = c->in[0];
    int64_t *index = bcue_calloc((size_t)count, sizeof *index), pads[2 * BCUE_MAX_RANK] = {0};
    bool zeros = false;
    c->onnx->failed = c->onnx->failed || index == NULL;
    for (int64_t i = 0; index != NULL && i < count; i++) {
        zeros = zeros || c->node->u.select.index[i] < 0;
        index[i] = c->node->u.select.index[i] < 0 ? length : c->node->u.select.index[i];
    }
    if (index != NULL && zeros) {
        const int rank = c->shape[0]->rank;
        pads[rank + c->node->u.select.axis] = 1;
        const char *by = bcue_onnx_ints(c->onnx, pads, 2 * (size_t)rank);
        x = step(c, "Pad", x, by);
    }
    if (index != NULL) {
        const char *order = bcue_onnx_ints(c->onnx, index, (size_t)count);
        take_int(c, "axis", c->node->u.select.axis);
        finish(c, "Gather", x, order);
    }
    free(index);
}

/* A dimension that follows the batch is left for the reader to work out, which it can for one. */
static bcue_status put_reshape(call *c, bcue_error *error)
{
    const bcue_graph *other = c->onnx->source->other;
    const bcue_shape *shape = c->out_shape;
    int64_t dim[BCUE_MAX_RANK];
    int open = 0;
    for (int i = 0; i < shape->rank; i++) {
        const bool free_dim =
            other != NULL && bcue_graph_value(other, c->node->output)->shape.dim[i] != shape->dim[i];
        dim[i] = free_dim ? -1 : shape->dim[i];
        open += free_dim;
    }
    if (open > 1)
        return bcue_fail(error, BCUE_ERROR_UNSUPPORTED,
                         "%s (reshape): two dimensions follow the batch; export with a fixed batch size",
                         c->node->name);
    finish(c, "Reshape", c->in[0], bcue_onnx_ints(c->onnx, dim, (size_t)shape->rank));
    return BCUE_OK;
}

static void put_permute(call *c)
{
    int64_t order[BCUE_MAX_RANK];
    for (int i = 0; i < c->shape[0]->rank; i++)
        order[i] = c->node->u.permute.order[i];
    take_ints(c, "perm", order, (size_t)c->shape[0]->rank);
    finish(c, "Transpose", c->in[0], NULL);
}

static void put_reduce(call *c)
{
    int64_t axes[BCUE_MAX_RANK];
    size_t count = 0;
    for (int i = 0; i < c->shape[0]->rank; i++) {
        if ((c->node->u.reduce.axes >> i & 1U) != 0)
            axes[count++] = i;
    }
    take_int(c, "keepdims", c->node->u.reduce.keep);
    if (count == 0)
        take_int(c, "noop_with_empty_axes", 1);
    finish(c, c->node->op == BCUE_OP_REDUCE_MEAN ? "ReduceMean" : "ReduceSum", c->in[0],
           bcue_onnx_ints(c->onnx, axes, count));
}

static void put_norm(call *c, const char *op)
{
    take_real(c, "epsilon", c->node->u.norm.epsilon);
    if (c->node->op == BCUE_OP_LAYER_NORM)
        take_int(c, "axis", -1);
    put(c, op, c->in, (size_t)c->node->input_count, c->out);
}

static void put_matmul(call *c)
{
    const char *a = c->in[0], *b = c->in[1];
    if (c->node->u.matmul.transpose_a)
        a = transposed(c, a, c->shape[0]->rank);
    if (c->node->u.matmul.transpose_b)
        b = transposed(c, b, c->shape[1]->rank);
    finish(c, "MatMul", a, b);
}

/* x / 2 (1 + erf(x / sqrt 2)) */
static void put_gelu(call *c)
{
    const char *x = c->in[0];
    const char *erf = step(c, "Erf", step(c, "Mul", x, bcue_onnx_number(c->onnx, sqrt(0.5))), NULL);
    const char *twice = step(c, "Add", erf, bcue_onnx_number(c->onnx, 1));
    const char *half = step(c, "Mul", x, bcue_onnx_number(c->onnx, 0.5));
    finish(c, "Mul", half, twice);
}

static void put_affine(call *c)
{
    const char *scaled = step(c, "Mul", c->in[0], bcue_onnx_number(c->onnx, c->node->u.affine.scale));
    finish(c, "Add", scaled, bcue_onnx_number(c->onnx, c->node->u.affine.shift));
}

static void put_resize(call *c)
{
    static const int64_t axes[2] = {2, 3};
    const char *inputs[4] = {c->in[0], "", "", bcue_onnx_ints(c->onnx, &c->out_shape->dim[2], 2)};
    take_text(c, "mode", "linear");
    take_text(c, "coordinate_transformation_mode", "half_pixel");
    take_ints(c, "axes", axes, 2);
    put(c, "Resize", inputs, 4, c->out);
}

static void put_attention(call *c)
{
    const char *key = transposed(c, c->in[1], c->shape[1]->rank);
    const char *scale = bcue_onnx_number(c->onnx, c->node->u.attention.scale);
    const char *scores = step(c, "MatMul", c->in[0], key);
    scores = step(c, "Mul", scores, scale);
    take_int(c, "axis", -1);
    const char *shares = step(c, "Softmax", scores, NULL);
    finish(c, "MatMul", shares, c->in[2]);
}

static void put_along_axis(call *c, const char *op)
{
    take_int(c, "axis", c->node->u.axis.axis);
    put(c, op, c->in, (size_t)c->node->input_count, c->out);
}

static bcue_status put_by_kind(call *c, bcue_error *error)
{
    switch (c->node->op) {
    case BCUE_OP_CONV2D:
        put_conv(c);
        break;
    case BCUE_OP_BATCH_NORM:
        put_norm(c, "BatchNormalization");
        break;
    case BCUE_OP_LINEAR:
        put_linear(c);
        break;
    case BCUE_OP_RELU:
        finish(c, "Relu", c->in[0], NULL);
        break;
    case BCUE_OP_MAX_POOL:
        put_pool(c, "MaxPool");
        break;
    case BCUE_OP_AVG_POOL:
        put_pool(c, "AveragePool");
        break;
    case BCUE_OP_ADAPTIVE_AVG_POOL:
        put_adaptive_pool(c);
        break;
    case BCUE_OP_ADD:
        finish(c, "Add", c->in[0], c->in[1]);
        break;
    case BCUE_OP_MUL:
        finish(c, "Mul", c->in[0], c->in[1]);
        break;
    case BCUE_OP_CONCAT:
        put_along_axis(c, "Concat");
        break;
    case BCUE_OP_SLICE:
        put_slice(c);
        break;
    case BCUE_OP_SELECT:
        put_select(c);
        break;
    case BCUE_OP_RESHAPE:
        return put_reshape(c, error);
    case BCUE_OP_PERMUTE:
        put_permute(c);
        break;
    case BCUE_OP_REDUCE_MEAN:
    case BCUE_OP_REDUCE_SUM:
        put_reduce(c);
        break;
    case BCUE_OP_SOFTMAX:
        put_along_axis(c, "Softmax");
        break;
    case BCUE_OP_LAYER_NORM:
        put_norm(c, "LayerNormalization");
        break;
    case BCUE_OP_MATMUL:
        put_matmul(c);
        break;
    case BCUE_OP_GELU:
        put_gelu(c);
        break;
    case BCUE_OP_SIGMOID:
        finish(c, "Sigmoid", c->in[0], NULL);
        break;
    case BCUE_OP_TANH:
        finish(c, "Tanh", c->in[0], NULL);
        break;
    case BCUE_OP_EXP:
        finish(c, "Exp", c->in[0], NULL);
        break;
    case BCUE_OP_AFFINE:
        put_affine(c);
        break;
    case BCUE_OP_RESIZE_BILINEAR:
        put_resize(c);
        break;
    case BCUE_OP_ATTENTION:
        put_attention(c);
        break;
    default:
        return bcue_fail(error, BCUE_ERROR_UNSUPPORTED, "%s (%s): has no ONNX form here", c->node->name,
                         bcue_op_name(c->node->op));
    }
    return BCUE_OK;
}

bcue_status bcue_onnx_put_node(bcue_onnx *onnx, int32_t index, bcue_error *error)
{
    const bcue_graph *graph = onnx->source->graph;
    const bcue_node *node = bcue_graph_node(graph, index);
    if (node->op == BCUE_OP_DROPOUT) { /* passes its input on */
        onnx->names[node->output] = onnx->names[node->input[0]];
        return BCUE_OK;
    }
    call c = {.onnx = onnx, .node = node, .out_shape = &bcue_graph_value(graph, node->output)->shape};
    for (int i = 0; i < BCUE_MAX_OP_INPUTS; i++) /* nobody looks at those that are not there */
        c.shape[i] = c.out_shape;
    for (int i = 0; i < node->input_count; i++) {
        c.in[i] = onnx->names[node->input[i]];
        c.shape[i] = &bcue_graph_value(graph, node->input[i])->shape;
    }
    if (onnx->int8 != NULL && onnx->int8[index].scale > 0)
        c.in[0] = bcue_onnx_rounded(onnx, c.in[0], &onnx->int8[index]);
    c.out = bcue_arena_printf(onnx->arena, "%s_output", node->name);
    if (c.out == NULL)
        return bcue_fail_memory(error, "the ONNX file");
    onnx->names[node->output] = c.out;
    return put_by_kind(&c, error);
}

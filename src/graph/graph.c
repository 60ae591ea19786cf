#include "graph/graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/fail.h"
#include "base/memory.h"
#include "graph/graph_build.h"
#include "graph/infer_shape.h"

const char *bcue_op_name(bcue_op op)
{
    static const char *const names[BCUE_OP_COUNT] = {
        [BCUE_OP_CONV2D] = "conv2d",
        [BCUE_OP_BATCH_NORM] = "batch_norm",
        [BCUE_OP_LINEAR] = "linear",
        [BCUE_OP_RELU] = "relu",
        [BCUE_OP_MAX_POOL] = "max_pool",
        [BCUE_OP_AVG_POOL] = "avg_pool",
        [BCUE_OP_ADAPTIVE_AVG_POOL] = "adaptive_avg_pool",
        [BCUE_OP_ADD] = "add",
        [BCUE_OP_MUL] = "mul",
        [BCUE_OP_CONCAT] = "concat",
        [BCUE_OP_SLICE] = "slice",
        [BCUE_OP_SELECT] = "select",
        [BCUE_OP_RESHAPE] = "reshape",
        [BCUE_OP_PERMUTE] = "permute",
        [BCUE_OP_REDUCE_MEAN] = "reduce_mean",
        [BCUE_OP_REDUCE_SUM] = "reduce_sum",
        [BCUE_OP_SOFTMAX] = "softmax",
        [BCUE_OP_DROPOUT] = "dropout",
        [BCUE_OP_CROSS_ENTROPY] = "cross_entropy",
        [BCUE_OP_LAYER_NORM] = "layer_norm",
        [BCUE_OP_MATMUL] = "matmul",
        [BCUE_OP_GELU] = "gelu",
        [BCUE_OP_SIGMOID] = "sigmoid",
        [BCUE_OP_TANH] = "tanh",
        [BCUE_OP_EXP] = "exp",
        [BCUE_OP_AFFINE] = "affine",
        [BCUE_OP_RESIZE_BILINEAR] = "resize_bilinear",
        [BCUE_OP_ATTENTION] = "attention",
        [BCUE_OP_FOCAL_SOFTMAX] = "focal_softmax",
        [BCUE_OP_FOCAL_SIGMOID] = "focal_sigmoid",
        [BCUE_OP_MSE] = "mse",
        [BCUE_OP_SMOOTH_L1] = "smooth_l1",
        [BCUE_OP_KL_DISTILL] = "kl_distill",
        [BCUE_OP_GAUSSIAN_KL] = "gaussian_kl",
        [BCUE_OP_FAKE_QUANTISE] = "fake_quantise",
        [BCUE_OP_FAKE_QUANTISE_WEIGHT] = "fake_quantise_weight",
        [BCUE_OP_FAKE_QUANTISE_BIAS] = "fake_quantise_bias",
    };
    return (unsigned)op < BCUE_OP_COUNT ? names[op] : "unknown";
}

bool bcue_op_is_loss(bcue_op op)
{
    return op == BCUE_OP_CROSS_ENTROPY || op == BCUE_OP_FOCAL_SOFTMAX || op == BCUE_OP_FOCAL_SIGMOID ||
           op == BCUE_OP_MSE || op == BCUE_OP_SMOOTH_L1 || op == BCUE_OP_KL_DISTILL ||
           op == BCUE_OP_GAUSSIAN_KL;
}

bool bcue_op_passes_gradient(bcue_op op, int input)
{
    if (op == BCUE_OP_GAUSSIAN_KL)
        return input < 2;
    if (bcue_op_is_loss(op) || op == BCUE_OP_FAKE_QUANTISE_BIAS)
        return input == 0;
    return op != BCUE_OP_BATCH_NORM || input < 3;
}

bcue_graph *bcue_graph_create(void)
{
    bcue_graph *graph = bcue_calloc(1, sizeof *graph);
    if (graph == NULL)
        return NULL;
    graph->arena = bcue_arena_create();
    if (graph->arena == NULL) {
        free(graph);
        return NULL;
    }
    return graph;
}

void bcue_graph_destroy(bcue_graph *graph)
{
    if (graph == NULL)
        return;
    bcue_arena_destroy(graph->arena);
    free(graph->nodes);
    free(graph->values);
    free(graph->parameters);
    free(graph->scopes);
    free(graph);
}

bcue_status bcue_graph_check(const bcue_graph *graph, bcue_error *error)
{
    if (graph->status != BCUE_OK && error != NULL)
        *error = graph->error;
    return graph->status;
}

bcue_value bcue_graph_give_up(bcue_graph *graph, bcue_status status)
{
    if (graph->status == BCUE_OK)
        graph->status = status;
    return BCUE_NO_VALUE;
}

static bcue_value give_up_memory(bcue_graph *graph)
{
    return bcue_graph_give_up(graph, bcue_fail_memory(&graph->error, "a model graph"));
}

static const char *scoped(bcue_graph *graph, const char *name)
{
    const char *prefix = graph->scope_count > 0 ? graph->scopes[graph->scope_count - 1] : "";
    return bcue_arena_printf(graph->arena, "%s%s", prefix, name);
}

void bcue_graph_push(bcue_graph *graph, const char *scope)
{
    if (graph->status != BCUE_OK)
        return;
    const char *name = scoped(graph, scope);
    const char *prefix = name == NULL ? NULL : bcue_arena_printf(graph->arena, "%s.", name);
    if (prefix == NULL || !bcue_grow((void **)&graph->scopes, &graph->scope_capacity, graph->scope_count + 1,
                                     sizeof *graph->scopes)) {
        give_up_memory(graph);
        return;
    }
    graph->scopes[graph->scope_count++] = prefix;
}

void bcue_graph_pop(bcue_graph *graph)
{
    if (graph->status != BCUE_OK)
        return;
    if (graph->scope_count == 0) {
        bcue_graph_give_up(
            graph, bcue_fail(&graph->error, BCUE_ERROR_ARGUMENT, "a scope was left that was never entered"));
        return;
    }
    graph->scope_count--;
}

/* Every dimension must be 1 .. 2^31-1, so that sizes and offsets are safe to compute with everywhere else. */
static bcue_status check_shape(const char *name, const bcue_shape *shape, bcue_error *error)
{
    char text[160];
    bool fits = shape->rank >= 0 && shape->rank <= BCUE_MAX_RANK;
    for (int i = 0; fits && i < shape->rank; i++)
        fits = shape->dim[i] >= 1 && shape->dim[i] <= INT32_MAX;
    int64_t count = 0;
    if (!fits)
        return bcue_fail(error, BCUE_ERROR_SHAPE,
                         "%s: shape %s is not usable: at most %d dimensions of at least 1 and below 2^31",
                         name, bcue_shape_text(shape, text, sizeof text), (int)BCUE_MAX_RANK);
    if (!bcue_shape_count(shape, &count) || count > INT64_MAX / 16)
        return bcue_fail(error, BCUE_ERROR_SHAPE, "%s: shape %s has too many elements", name,
                         bcue_shape_text(shape, text, sizeof text));
    return BCUE_OK;
}

static bcue_value add_value(bcue_graph *graph, const bcue_value_info *info)
{
    if (graph->value_count >= INT32_MAX || !bcue_grow((void **)&graph->values, &graph->value_capacity,
                                                      graph->value_count + 1, sizeof *graph->values))
        return give_up_memory(graph);
    graph->values[graph->value_count] = *info;
    return (bcue_value)graph->value_count++;
}

/* An input or parameter by full name. */
static bcue_value find_leaf(const bcue_graph *graph, const char *name)
{
    for (size_t i = 0; i < graph->value_count; i++) {
        const bcue_value_info *value = &graph->values[i];
        if (value->kind != BCUE_VALUE_RESULT && strcmp(value->name, name) == 0)
            return (bcue_value)i;
    }
    return BCUE_NO_VALUE;
}

static const bcue_node *find_node(const bcue_graph *graph, const char *name)
{
    for (size_t i = 0; i < graph->node_count; i++) {
        if (strcmp(graph->nodes[i].name, name) == 0)
            return &graph->nodes[i];
    }
    return NULL;
}

bcue_value bcue_graph_input(bcue_graph *graph, const char *name, bcue_dtype dtype, const bcue_shape *shape)
{
    if (graph->status != BCUE_OK)
        return BCUE_NO_VALUE;
    const char *full = scoped(graph, name);
    if (full == NULL)
        return give_up_memory(graph);
    if (dtype != BCUE_F32 && dtype != BCUE_I32)
        return bcue_graph_give_up(
            graph, bcue_fail(&graph->error, BCUE_ERROR_ARGUMENT,
                             "input %s has element type %s; an input is f32 (any real) or i32 (labels)", full,
                             bcue_dtype_name(dtype)));
    if (find_leaf(graph, full) != BCUE_NO_VALUE)
        return bcue_graph_give_up(graph,
                                  bcue_fail(&graph->error, BCUE_ERROR_ARGUMENT,
                                            "input %s: another input or parameter has this name", full));
    bcue_status status = check_shape(full, shape, &graph->error);
    if (status != BCUE_OK)
        return bcue_graph_give_up(graph, status);
    bcue_value_info info = {
        .kind = BCUE_VALUE_INPUT, .name = full, .dtype = dtype, .shape = *shape, .node = -1, .parameter = -1};
    return add_value(graph, &info);
}

static bcue_value share_parameter(bcue_graph *graph, bcue_value found, const bcue_shape *shape)
{
    const bcue_value_info *value = &graph->values[found];
    if (value->kind == BCUE_VALUE_PARAMETER && bcue_shape_equal(&value->shape, shape))
        return found;
    char have[160], want[160];
    return bcue_graph_give_up(graph,
                              bcue_fail(&graph->error, BCUE_ERROR_SHAPE,
                                        "parameter %s of shape %s: the name is taken by %s of shape %s",
                                        value->name, bcue_shape_text(shape, want, sizeof want),
                                        value->kind == BCUE_VALUE_INPUT ? "an input" : "a parameter",
                                        bcue_shape_text(&value->shape, have, sizeof have)));
}

bcue_value bcue_graph_parameter(bcue_graph *graph, const char *name, const bcue_shape *shape,
                                const bcue_parameter_spec *spec)
{
    if (graph->status != BCUE_OK)
        return BCUE_NO_VALUE;
    const char *full = scoped(graph, name);
    if (full == NULL)
        return give_up_memory(graph);
    bcue_value found = find_leaf(graph, full);
    if (found != BCUE_NO_VALUE)
        return share_parameter(graph, found, shape);
    bcue_status status = check_shape(full, shape, &graph->error);
    if (status != BCUE_OK)
        return bcue_graph_give_up(graph, status);
    if (!bcue_grow((void **)&graph->parameters, &graph->parameter_capacity, graph->parameter_count + 1,
                   sizeof *graph->parameters))
        return give_up_memory(graph);
    bcue_value_info info = {.kind = BCUE_VALUE_PARAMETER,
                            .name = full,
                            .dtype = BCUE_F32,
                            .shape = *shape,
                            .node = -1,
                            .parameter = (int32_t)graph->parameter_count,
                            .spec = *spec};
    bcue_value value = add_value(graph, &info);
    if (value != BCUE_NO_VALUE)
        graph->parameters[graph->parameter_count++] = value;
    return value;
}

static bool is_value(const bcue_graph *graph, bcue_value value)
{
    return value >= 0 && (size_t)value < graph->value_count;
}

void bcue_graph_output(bcue_graph *graph, const char *name, bcue_value value)
{
    if (graph->status != BCUE_OK)
        return;
    const char *full = scoped(graph, name);
    if (full == NULL) {
        give_up_memory(graph);
        return;
    }
    if (!is_value(graph, value) || graph->values[value].kind != BCUE_VALUE_RESULT) {
        bcue_graph_give_up(graph, bcue_fail(&graph->error, BCUE_ERROR_ARGUMENT,
                                            "output %s: only the result of a node can be an output", full));
        return;
    }
    if (graph->values[value].output_name != NULL) {
        bcue_graph_give_up(graph, bcue_fail(&graph->error, BCUE_ERROR_ARGUMENT,
                                            "output %s: the value is already output %s", full,
                                            graph->values[value].output_name));
        return;
    }
    for (size_t i = 0; i < graph->value_count; i++) {
        if (graph->values[i].output_name != NULL && strcmp(graph->values[i].output_name, full) == 0) {
            bcue_graph_give_up(
                graph, bcue_fail(&graph->error, BCUE_ERROR_ARGUMENT, "output %s is already there", full));
            return;
        }
    }
    graph->values[value].output_name = full;
}

/* The scoped name, made from the operator when the caller gave none, and with "#2", "#3", ... when it is
   taken (a shared layer called again). */
static const char *node_name(bcue_graph *graph, const char *name, bcue_op op)
{
    char made[64];
    if (name == NULL) {
        snprintf(made, sizeof made, "%s_%zu", bcue_op_name(op), graph->node_count);
        name = made;
    }
    const char *base = scoped(graph, name), *full = base;
    for (int use = 2; full != NULL && find_node(graph, full) != NULL; use++)
        full = bcue_arena_printf(graph->arena, "%s#%d", base, use);
    return full;
}

bcue_value bcue_graph_add_node(bcue_graph *graph, const char *name, bcue_node *node, bcue_shape shape)
{
    if (graph->status != BCUE_OK)
        return BCUE_NO_VALUE;
    node->name = node_name(graph, name, node->op);
    if (node->name == NULL || !bcue_grow((void **)&graph->nodes, &graph->node_capacity, graph->node_count + 1,
                                         sizeof *graph->nodes))
        return give_up_memory(graph);
    const bcue_value_info *inputs[BCUE_MAX_OP_INPUTS] = {0};
    for (int i = 0; i < node->input_count; i++) {
        if (!is_value(graph, node->input[i]))
            return bcue_graph_give_up(graph, bcue_fail(&graph->error, BCUE_ERROR_ARGUMENT,
                                                       "%s (%s): input %d is not a value of this graph",
                                                       node->name, bcue_op_name(node->op), i));
        inputs[i] = &graph->values[node->input[i]];
    }
    bcue_status status = bcue_infer_shape(node, inputs, &shape, &graph->error);
    if (status == BCUE_OK)
        status = check_shape(node->name, &shape, &graph->error);
    if (status != BCUE_OK)
        return bcue_graph_give_up(graph, status);
    bcue_value_info info = {.kind = BCUE_VALUE_RESULT,
                            .name = node->name,
                            .dtype = BCUE_F32,
                            .shape = shape,
                            .node = (int32_t)graph->node_count,
                            .parameter = -1};
    node->output = add_value(graph, &info);
    if (node->output != BCUE_NO_VALUE)
        graph->nodes[graph->node_count++] = *node;
    return node->output;
}

int32_t bcue_graph_node_count(const bcue_graph *graph)
{
    return (int32_t)graph->node_count;
}

const bcue_node *bcue_graph_node(const bcue_graph *graph, int32_t index)
{
    return &graph->nodes[index];
}

int32_t bcue_graph_value_count(const bcue_graph *graph)
{
    return (int32_t)graph->value_count;
}

const bcue_value_info *bcue_graph_value(const bcue_graph *graph, bcue_value value)
{
    return is_value(graph, value) ? &graph->values[value] : NULL;
}

int32_t bcue_graph_parameter_count(const bcue_graph *graph)
{
    return (int32_t)graph->parameter_count;
}

bcue_value bcue_graph_parameter_value(const bcue_graph *graph, int32_t parameter)
{
    return graph->parameters[parameter];
}

bcue_value bcue_graph_find(const bcue_graph *graph, const char *name)
{
    bcue_value leaf = find_leaf(graph, name);
    if (leaf != BCUE_NO_VALUE)
        return leaf;
    for (size_t i = 0; i < graph->value_count; i++) {
        if (graph->values[i].output_name != NULL && strcmp(graph->values[i].output_name, name) == 0)
            return (bcue_value)i;
    }
    const bcue_node *node = find_node(graph, name);
    return node == NULL ? BCUE_NO_VALUE : node->output;
}

int64_t bcue_graph_node_macs(const bcue_graph *graph, int32_t index)
{
    const bcue_node *node = &graph->nodes[index];
    const bcue_shape *a = &graph->values[node->input[0]].shape;
    int64_t outputs = 0, taps = 1, macs;
    bcue_shape_count(&graph->values[node->output].shape, &outputs);
    switch (node->op) {
    case BCUE_OP_CONV2D:
    case BCUE_OP_LINEAR: {
        const bcue_shape *weight = &graph->values[node->input[1]].shape;
        for (int i = 1; i < weight->rank; i++)
            taps *= weight->dim[i];
        break;
    }
    case BCUE_OP_MATMUL:
        taps = a->dim[a->rank - (node->u.matmul.transpose_a ? 2 : 1)];
        break;
    case BCUE_OP_ATTENTION: /* T S (d + e) per head */
        outputs =
            outputs / graph->values[node->output].shape.dim[3] * graph->values[node->input[1]].shape.dim[2];
        taps = a->dim[3] + graph->values[node->output].shape.dim[3];
        break;
    default:
        return 0;
    }
    return __builtin_mul_overflow(outputs, taps, &macs) ? INT64_MAX : macs;
}

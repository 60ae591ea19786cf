#include "graph/graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/fail.h"
#include "base/memory.h"
#include "graph/infer_shape.h"

struct bcue_graph {
    bcue_arena *arena;
    bcue_node *nodes;
    bcue_value_info *values;
    bcue_value *parameters;
    const char **scopes; /* full prefixes, innermost last */
    size_t node_count, node_capacity;
    size_t value_count, value_capacity;
    size_t parameter_count, parameter_capacity;
    size_t scope_count, scope_capacity;
    bcue_status status; /* of the first failure; building does nothing more after it */
    bcue_error error;
};

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
        [BCUE_OP_RESHAPE] = "reshape",
        [BCUE_OP_PERMUTE] = "permute",
        [BCUE_OP_REDUCE_MEAN] = "reduce_mean",
        [BCUE_OP_REDUCE_SUM] = "reduce_sum",
        [BCUE_OP_SOFTMAX] = "softmax",
        [BCUE_OP_DROPOUT] = "dropout",
        [BCUE_OP_CROSS_ENTROPY] = "cross_entropy",
    };
    return (unsigned)op < BCUE_OP_COUNT ? names[op] : "unknown";
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

static bcue_value give_up(bcue_graph *graph, bcue_status status)
{
    if (graph->status == BCUE_OK)
        graph->status = status;
    return BCUE_NO_VALUE;
}

static bcue_value give_up_memory(bcue_graph *graph)
{
    return give_up(graph, bcue_fail_memory(&graph->error, "a model graph"));
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
        give_up(graph,
                bcue_fail(&graph->error, BCUE_ERROR_ARGUMENT, "a scope was left that was never entered"));
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
        return give_up(graph,
                       bcue_fail(&graph->error, BCUE_ERROR_ARGUMENT,
                                 "input %s has element type %s; an input is f32 (any real) or i32 (labels)",
                                 full, bcue_dtype_name(dtype)));
    if (find_leaf(graph, full) != BCUE_NO_VALUE)
        return give_up(graph, bcue_fail(&graph->error, BCUE_ERROR_ARGUMENT,
                                        "input %s: another input or parameter has this name", full));
    bcue_status status = check_shape(full, shape, &graph->error);
    if (status != BCUE_OK)
        return give_up(graph, status);
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
    return give_up(graph, bcue_fail(&graph->error, BCUE_ERROR_SHAPE,
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
        return give_up(graph, status);
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
        give_up(graph, bcue_fail(&graph->error, BCUE_ERROR_ARGUMENT,
                                 "output %s: only the result of a node can be an output", full));
        return;
    }
    if (graph->values[value].output_name != NULL) {
        give_up(graph,
                bcue_fail(&graph->error, BCUE_ERROR_ARGUMENT, "output %s: the value is already output %s",
                          full, graph->values[value].output_name));
        return;
    }
    for (size_t i = 0; i < graph->value_count; i++) {
        if (graph->values[i].output_name != NULL && strcmp(graph->values[i].output_name, full) == 0) {
            give_up(graph, bcue_fail(&graph->error, BCUE_ERROR_ARGUMENT, "output %s is already there", full));
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

/* Append `node` (op, inputs and attributes set). `shape` is what the caller asked for on entry, where the
 * operator has such a thing. */
static bcue_value add_node(bcue_graph *graph, const char *name, bcue_node *node, bcue_shape shape)
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
            return give_up(graph, bcue_fail(&graph->error, BCUE_ERROR_ARGUMENT,
                                            "%s (%s): input %d is not a value of this graph", node->name,
                                            bcue_op_name(node->op), i));
        inputs[i] = &graph->values[node->input[i]];
    }
    bcue_status status = bcue_infer_shape(node, inputs, &shape, &graph->error);
    if (status == BCUE_OK)
        status = check_shape(node->name, &shape, &graph->error);
    if (status != BCUE_OK)
        return give_up(graph, status);
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

static bcue_node node_of(bcue_op op, int input_count, bcue_value a, bcue_value b, bcue_value c)
{
    /* A missing optional third input is simply not there. */
    if (input_count == 3 && c == BCUE_NO_VALUE)
        input_count = 2;
    return (bcue_node){.op = op, .input = {a, b, c}, .input_count = input_count, .output = BCUE_NO_VALUE};
}

bcue_value bcue_graph_conv2d(bcue_graph *graph, const char *name, bcue_value x, bcue_value weight,
                             bcue_value bias, const int stride[2], const int padding[2],
                             const int dilation[2], int groups)
{
    bcue_node node = node_of(BCUE_OP_CONV2D, 3, x, weight, bias);
    for (int i = 0; i < 2; i++) {
        node.u.conv.stride[i] = stride[i];
        node.u.conv.padding[i] = padding[i];
        node.u.conv.dilation[i] = dilation[i];
    }
    node.u.conv.groups = groups;
    return add_node(graph, name, &node, (bcue_shape){0});
}

bcue_value bcue_graph_batch_norm(bcue_graph *graph, const char *name, bcue_value x, bcue_value weight,
                                 bcue_value bias, bcue_value running_mean, bcue_value running_var,
                                 double epsilon, double momentum)
{
    bcue_node node = {
        .op = BCUE_OP_BATCH_NORM, .input = {x, weight, bias, running_mean, running_var}, .input_count = 5};
    node.u.norm.epsilon = epsilon;
    node.u.norm.momentum = momentum;
    return add_node(graph, name, &node, (bcue_shape){0});
}

bcue_value bcue_graph_linear(bcue_graph *graph, const char *name, bcue_value x, bcue_value weight,
                             bcue_value bias)
{
    bcue_node node = node_of(BCUE_OP_LINEAR, 3, x, weight, bias);
    return add_node(graph, name, &node, (bcue_shape){0});
}

bcue_value bcue_graph_relu(bcue_graph *graph, const char *name, bcue_value x)
{
    bcue_node node = node_of(BCUE_OP_RELU, 1, x, BCUE_NO_VALUE, BCUE_NO_VALUE);
    return add_node(graph, name, &node, (bcue_shape){0});
}

static bcue_value add_pool(bcue_graph *graph, const char *name, bcue_op op, bcue_value x, const int kernel[2],
                           const int stride[2], const int padding[2])
{
    bcue_node node = node_of(op, 1, x, BCUE_NO_VALUE, BCUE_NO_VALUE);
    for (int i = 0; i < 2; i++) {
        node.u.pool.kernel[i] = kernel[i];
        node.u.pool.stride[i] = stride[i];
        node.u.pool.padding[i] = padding[i];
    }
    return add_node(graph, name, &node, (bcue_shape){0});
}

bcue_value bcue_graph_max_pool(bcue_graph *graph, const char *name, bcue_value x, const int kernel[2],
                               const int stride[2], const int padding[2])
{
    return add_pool(graph, name, BCUE_OP_MAX_POOL, x, kernel, stride, padding);
}

bcue_value bcue_graph_avg_pool(bcue_graph *graph, const char *name, bcue_value x, const int kernel[2],
                               const int stride[2], const int padding[2])
{
    return add_pool(graph, name, BCUE_OP_AVG_POOL, x, kernel, stride, padding);
}

bcue_value bcue_graph_adaptive_avg_pool(bcue_graph *graph, const char *name, bcue_value x, int height,
                                        int width)
{
    bcue_node node = node_of(BCUE_OP_ADAPTIVE_AVG_POOL, 1, x, BCUE_NO_VALUE, BCUE_NO_VALUE);
    return add_node(graph, name, &node, bcue_shape_of(0, 0, height, width));
}

bcue_value bcue_graph_add(bcue_graph *graph, const char *name, bcue_value a, bcue_value b)
{
    bcue_node node = node_of(BCUE_OP_ADD, 2, a, b, BCUE_NO_VALUE);
    return add_node(graph, name, &node, (bcue_shape){0});
}

bcue_value bcue_graph_mul(bcue_graph *graph, const char *name, bcue_value a, bcue_value b)
{
    bcue_node node = node_of(BCUE_OP_MUL, 2, a, b, BCUE_NO_VALUE);
    return add_node(graph, name, &node, (bcue_shape){0});
}

/* -1 is the last axis, as in NumPy. */
static int resolve_axis(const bcue_graph *graph, bcue_value x, int axis)
{
    return axis < 0 && is_value(graph, x) ? axis + graph->values[x].shape.rank : axis;
}

bcue_value bcue_graph_concat(bcue_graph *graph, const char *name, const bcue_value *inputs, int count,
                             int axis)
{
    bcue_node node = {.op = BCUE_OP_CONCAT};
    if (graph->status != BCUE_OK)
        return BCUE_NO_VALUE;
    if (count < 1 || count > BCUE_MAX_OP_INPUTS)
        return give_up(graph, bcue_fail(&graph->error, BCUE_ERROR_ARGUMENT,
                                        "%s (concat): %d inputs; it takes 1 to %d",
                                        name != NULL ? name : "unnamed", count, (int)BCUE_MAX_OP_INPUTS));
    for (int i = 0; i < count; i++)
        node.input[i] = inputs[i];
    node.input_count = count;
    node.u.axis.axis = resolve_axis(graph, inputs[0], axis);
    return add_node(graph, name, &node, (bcue_shape){0});
}

bcue_value bcue_graph_slice(bcue_graph *graph, const char *name, bcue_value x, int axis, int64_t start,
                            int64_t stop)
{
    bcue_node node = node_of(BCUE_OP_SLICE, 1, x, BCUE_NO_VALUE, BCUE_NO_VALUE);
    node.u.axis.axis = resolve_axis(graph, x, axis);
    node.u.axis.start = start;
    node.u.axis.stop = stop;
    return add_node(graph, name, &node, (bcue_shape){0});
}

bcue_value bcue_graph_reshape(bcue_graph *graph, const char *name, bcue_value x, const bcue_shape *shape)
{
    bcue_node node = node_of(BCUE_OP_RESHAPE, 1, x, BCUE_NO_VALUE, BCUE_NO_VALUE);
    return add_node(graph, name, &node, *shape);
}

bcue_value bcue_graph_permute(bcue_graph *graph, const char *name, bcue_value x, const int *order)
{
    bcue_node node = node_of(BCUE_OP_PERMUTE, 1, x, BCUE_NO_VALUE, BCUE_NO_VALUE);
    for (int i = 0; is_value(graph, x) && i < graph->values[x].shape.rank; i++)
        node.u.permute.order[i] = order[i];
    return add_node(graph, name, &node, (bcue_shape){0});
}

bcue_value bcue_graph_reduce(bcue_graph *graph, const char *name, bcue_op op, bcue_value x, uint32_t axes,
                             bool keep)
{
    if (graph->status == BCUE_OK && op != BCUE_OP_REDUCE_MEAN && op != BCUE_OP_REDUCE_SUM)
        return give_up(graph, bcue_fail(&graph->error, BCUE_ERROR_ARGUMENT, "%s: %s does not reduce",
                                        name != NULL ? name : "unnamed", bcue_op_name(op)));
    bcue_node node = node_of(op, 1, x, BCUE_NO_VALUE, BCUE_NO_VALUE);
    node.u.reduce.axes = axes;
    node.u.reduce.keep = keep;
    return add_node(graph, name, &node, (bcue_shape){0});
}

bcue_value bcue_graph_softmax(bcue_graph *graph, const char *name, bcue_value x, int axis)
{
    bcue_node node = node_of(BCUE_OP_SOFTMAX, 1, x, BCUE_NO_VALUE, BCUE_NO_VALUE);
    node.u.axis.axis = resolve_axis(graph, x, axis);
    return add_node(graph, name, &node, (bcue_shape){0});
}

bcue_value bcue_graph_dropout(bcue_graph *graph, const char *name, bcue_value x, double probability)
{
    bcue_node node = node_of(BCUE_OP_DROPOUT, 1, x, BCUE_NO_VALUE, BCUE_NO_VALUE);
    node.u.dropout.probability = probability;
    return add_node(graph, name, &node, (bcue_shape){0});
}

bcue_value bcue_graph_cross_entropy(bcue_graph *graph, const char *name, bcue_value logits, bcue_value target,
                                    bcue_value row_weight, double label_smoothing)
{
    bcue_node node = node_of(BCUE_OP_CROSS_ENTROPY, 3, logits, target, row_weight);
    node.u.loss.label_smoothing = label_smoothing;
    return add_node(graph, name, &node, (bcue_shape){0});
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
    if (node->op != BCUE_OP_CONV2D && node->op != BCUE_OP_LINEAR)
        return 0;
    const bcue_shape *weight = &graph->values[node->input[1]].shape;
    int64_t outputs = 0, taps = 1, macs;
    bcue_shape_count(&graph->values[node->output].shape, &outputs);
    for (int i = 1; i < weight->rank; i++)
        taps *= weight->dim[i];
    return __builtin_mul_overflow(outputs, taps, &macs) ? INT64_MAX : macs;
}

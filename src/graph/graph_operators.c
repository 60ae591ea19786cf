/* The operators, as calls that append a node. */
#include "base/fail.h"
#include "graph/graph_build.h"

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
    return bcue_graph_add_node(graph, name, &node, (bcue_shape){0});
}

bcue_value bcue_graph_batch_norm(bcue_graph *graph, const char *name, bcue_value x, bcue_value weight,
                                 bcue_value bias, bcue_value running_mean, bcue_value running_var,
                                 double epsilon, double momentum)
{
    bcue_node node = {
        .op = BCUE_OP_BATCH_NORM, .input = {x, weight, bias, running_mean, running_var}, .input_count = 5};
    node.u.norm.epsilon = epsilon;
    node.u.norm.momentum = momentum;
    return bcue_graph_add_node(graph, name, &node, (bcue_shape){0});
}

bcue_value bcue_graph_linear(bcue_graph *graph, const char *name, bcue_value x, bcue_value weight,
                             bcue_value bias)
{
    bcue_node node = node_of(BCUE_OP_LINEAR, 3, x, weight, bias);
    return bcue_graph_add_node(graph, name, &node, (bcue_shape){0});
}

bcue_value bcue_graph_relu(bcue_graph *graph, const char *name, bcue_value x)
{
    bcue_node node = node_of(BCUE_OP_RELU, 1, x, BCUE_NO_VALUE, BCUE_NO_VALUE);
    return bcue_graph_add_node(graph, name, &node, (bcue_shape){0});
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
    return bcue_graph_add_node(graph, name, &node, (bcue_shape){0});
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
    return bcue_graph_add_node(graph, name, &node, bcue_shape_of(0, 0, height, width));
}

bcue_value bcue_graph_add(bcue_graph *graph, const char *name, bcue_value a, bcue_value b)
{
    bcue_node node = node_of(BCUE_OP_ADD, 2, a, b, BCUE_NO_VALUE);
    return bcue_graph_add_node(graph, name, &node, (bcue_shape){0});
}

bcue_value bcue_graph_mul(bcue_graph *graph, const char *name, bcue_value a, bcue_value b)
{
    bcue_node node = node_of(BCUE_OP_MUL, 2, a, b, BCUE_NO_VALUE);
    return bcue_graph_add_node(graph, name, &node, (bcue_shape){0});
}

/* -1 is the last axis, as in NumPy. */
static int resolve_axis(const bcue_graph *graph, bcue_value x, int axis)
{
    return axis < 0 && bcue_graph_value(graph, x) != NULL ? axis + bcue_graph_value(graph, x)->shape.rank
                                                          : axis;
}

bcue_value bcue_graph_concat(bcue_graph *graph, const char *name, const bcue_value *inputs, int count,
                             int axis)
{
    bcue_node node = {.op = BCUE_OP_CONCAT};
    if (graph->status != BCUE_OK)
        return BCUE_NO_VALUE;
    if (count < 1 || count > BCUE_MAX_OP_INPUTS)
        return bcue_graph_give_up(
            graph, bcue_fail(&graph->error, BCUE_ERROR_ARGUMENT, "%s (concat): %d inputs; it takes 1 to %d",
                             name != NULL ? name : "unnamed", count, (int)BCUE_MAX_OP_INPUTS));
    for (int i = 0; i < count; i++)
        node.input[i] = inputs[i];
    node.input_count = count;
    node.u.axis.axis = resolve_axis(graph, inputs[0], axis);
    return bcue_graph_add_node(graph, name, &node, (bcue_shape){0});
}

bcue_value bcue_graph_slice(bcue_graph *graph, const char *name, bcue_value x, int axis, int64_t start,
                            int64_t stop)
{
    bcue_node node = node_of(BCUE_OP_SLICE, 1, x, BCUE_NO_VALUE, BCUE_NO_VALUE);
    node.u.axis.axis = resolve_axis(graph, x, axis);
    node.u.axis.start = start;
    node.u.axis.stop = stop;
    return bcue_graph_add_node(graph, name, &node, (bcue_shape){0});
}

bcue_value bcue_graph_select(bcue_graph *graph, const char *name, bcue_value x, int axis,
                             const int32_t *index, int64_t count)
{
    bcue_node node = node_of(BCUE_OP_SELECT, 1, x, BCUE_NO_VALUE, BCUE_NO_VALUE);
    if (graph->status != BCUE_OK)
        return BCUE_NO_VALUE;
    int32_t *copy = count > 0 ? bcue_arena_alloc(graph->arena, (size_t)count, sizeof *copy) : NULL;
    if (count > 0 && copy == NULL)
        return bcue_graph_give_up(graph, bcue_fail_memory(&graph->error, "the model graph"));
    for (int64_t i = 0; i < count; i++)
        copy[i] = index[i];
    node.u.select.axis = resolve_axis(graph, x, axis);
    node.u.select.index = copy;
    node.u.select.count = count;
    return bcue_graph_add_node(graph, name, &node, (bcue_shape){0});
}

bcue_value bcue_graph_reshape(bcue_graph *graph, const char *name, bcue_value x, const bcue_shape *shape)
{
    bcue_node node = node_of(BCUE_OP_RESHAPE, 1, x, BCUE_NO_VALUE, BCUE_NO_VALUE);
    return bcue_graph_add_node(graph, name, &node, *shape);
}

bcue_value bcue_graph_permute(bcue_graph *graph, const char *name, bcue_value x, const int *order)
{
    bcue_node node = node_of(BCUE_OP_PERMUTE, 1, x, BCUE_NO_VALUE, BCUE_NO_VALUE);
    for (int i = 0; bcue_graph_value(graph, x) != NULL && i < bcue_graph_value(graph, x)->shape.rank; i++)
        node.u.permute.order[i] = order[i];
    return bcue_graph_add_node(graph, name, &node, (bcue_shape){0});
}

bcue_value bcue_graph_reduce(bcue_graph *graph, const char *name, bcue_op op, bcue_value x, uint32_t axes,
                             bool keep)
{
    if (graph->status == BCUE_OK && op != BCUE_OP_REDUCE_MEAN && op != BCUE_OP_REDUCE_SUM)
        return bcue_graph_give_up(graph,
                                  bcue_fail(&graph->error, BCUE_ERROR_ARGUMENT, "%s: %s does not reduce",
                                            name != NULL ? name : "unnamed", bcue_op_name(op)));
    bcue_node node = node_of(op, 1, x, BCUE_NO_VALUE, BCUE_NO_VALUE);
    node.u.reduce.axes = axes;
    node.u.reduce.keep = keep;
    return bcue_graph_add_node(graph, name, &node, (bcue_shape){0});
}

bcue_value bcue_graph_softmax(bcue_graph *graph, const char *name, bcue_value x, int axis)
{
    bcue_node node = node_of(BCUE_OP_SOFTMAX, 1, x, BCUE_NO_VALUE, BCUE_NO_VALUE);
    node.u.axis.axis = resolve_axis(graph, x, axis);
    return bcue_graph_add_node(graph, name, &node, (bcue_shape){0});
}

bcue_value bcue_graph_dropout(bcue_graph *graph, const char *name, bcue_value x, double probability)
{
    bcue_node node = node_of(BCUE_OP_DROPOUT, 1, x, BCUE_NO_VALUE, BCUE_NO_VALUE);
    node.u.dropout.probability = probability;
    return bcue_graph_add_node(graph, name, &node, (bcue_shape){0});
}

bcue_value bcue_graph_cross_entropy(bcue_graph *graph, const char *name, bcue_value logits, bcue_value target,
                                    bcue_value row_weight, double label_smoothing)
{
    bcue_node node = node_of(BCUE_OP_CROSS_ENTROPY, 3, logits, target, row_weight);
    node.u.loss.label_smoothing = label_smoothing;
    return bcue_graph_add_node(graph, name, &node, (bcue_shape){0});
}

bcue_value bcue_graph_layer_norm(bcue_graph *graph, const char *name, bcue_value x, bcue_value weight,
                                 bcue_value bias, double epsilon)
{
    bcue_node node = {.op = BCUE_OP_LAYER_NORM, .input = {x, weight, bias}, .input_count = 3};
    node.u.norm.epsilon = epsilon;
    return bcue_graph_add_node(graph, name, &node, (bcue_shape){0});
}

bcue_value bcue_graph_matmul(bcue_graph *graph, const char *name, bcue_value a, bcue_value b,
                             bool transpose_a, bool transpose_b)
{
    bcue_node node = node_of(BCUE_OP_MATMUL, 2, a, b, BCUE_NO_VALUE);
    node.u.matmul.transpose_a = transpose_a;
    node.u.matmul.transpose_b = transpose_b;
    return bcue_graph_add_node(graph, name, &node, (bcue_shape){0});
}

static bcue_value add_map(bcue_graph *graph, const char *name, bcue_op op, bcue_value x)
{
    bcue_node node = node_of(op, 1, x, BCUE_NO_VALUE, BCUE_NO_VALUE);
    return bcue_graph_add_node(graph, name, &node, (bcue_shape){0});
}

bcue_value bcue_graph_gelu(bcue_graph *graph, const char *name, bcue_value x)
{
    return add_map(graph, name, BCUE_OP_GELU, x);
}

bcue_value bcue_graph_sigmoid(bcue_graph *graph, const char *name, bcue_value x)
{
    return add_map(graph, name, BCUE_OP_SIGMOID, x);
}

bcue_value bcue_graph_tanh(bcue_graph *graph, const char *name, bcue_value x)
{
    return add_map(graph, name, BCUE_OP_TANH, x);
}

bcue_value bcue_graph_exp(bcue_graph *graph, const char *name, bcue_value x)
{
    return add_map(graph, name, BCUE_OP_EXP, x);
}

bcue_value bcue_graph_affine(bcue_graph *graph, const char *name, bcue_value x, double scale, double shift)
{
    bcue_node node = node_of(BCUE_OP_AFFINE, 1, x, BCUE_NO_VALUE, BCUE_NO_VALUE);
    node.u.affine.scale = scale;
    node.u.affine.shift = shift;
    return bcue_graph_add_node(graph, name, &node, (bcue_shape){0});
}

bcue_value bcue_graph_resize_bilinear(bcue_graph *graph, const char *name, bcue_value x, int height,
                                      int width)
{
    bcue_node node = node_of(BCUE_OP_RESIZE_BILINEAR, 1, x, BCUE_NO_VALUE, BCUE_NO_VALUE);
    return bcue_graph_add_node(graph, name, &node, bcue_shape_of(0, 0, height, width));
}

bcue_value bcue_graph_attention(bcue_graph *graph, const char *name, bcue_value q, bcue_value k, bcue_value v,
                                double scale, double dropout)
{
    bcue_node node = {.op = BCUE_OP_ATTENTION, .input = {q, k, v}, .input_count = 3};
    node.u.attention.scale = scale;
    node.u.attention.dropout = dropout;
    return bcue_graph_add_node(graph, name, &node, (bcue_shape){0});
}

bcue_value bcue_graph_focal_softmax(bcue_graph *graph, const char *name, bcue_value logits, bcue_value label,
                                    bcue_value row_weight, double gamma)
{
    bcue_node node = node_of(BCUE_OP_FOCAL_SOFTMAX, 3, logits, label, row_weight);
    node.u.loss.gamma = gamma;
    return bcue_graph_add_node(graph, name, &node, (bcue_shape){0});
}

bcue_value bcue_graph_focal_sigmoid(bcue_graph *graph, const char *name, bcue_value logits, bcue_value target,
                                    bcue_value row_weight, double alpha, double gamma)
{
    bcue_node node = node_of(BCUE_OP_FOCAL_SIGMOID, 3, logits, target, row_weight);
    node.u.loss.alpha = alpha;
    node.u.loss.gamma = gamma;
    return bcue_graph_add_node(graph, name, &node, (bcue_shape){0});
}

bcue_value bcue_graph_mse(bcue_graph *graph, const char *name, bcue_value x, bcue_value target,
                          bcue_value row_weight)
{
    bcue_node node = node_of(BCUE_OP_MSE, 3, x, target, row_weight);
    return bcue_graph_add_node(graph, name, &node, (bcue_shape){0});
}

bcue_value bcue_graph_smooth_l1(bcue_graph *graph, const char *name, bcue_value x, bcue_value target,
                                bcue_value row_weight, double beta)
{
    bcue_node node = node_of(BCUE_OP_SMOOTH_L1, 3, x, target, row_weight);
    node.u.loss.beta = beta;
    return bcue_graph_add_node(graph, name, &node, (bcue_shape){0});
}

bcue_value bcue_graph_kl_distill(bcue_graph *graph, const char *name, bcue_value student, bcue_value teacher,
                                 bcue_value row_weight, double temperature)
{
    bcue_node node = node_of(BCUE_OP_KL_DISTILL, 3, student, teacher, row_weight);
    node.u.loss.temperature = temperature;
    return bcue_graph_add_node(graph, name, &node, (bcue_shape){0});
}

bcue_value bcue_graph_gaussian_kl(bcue_graph *graph, const char *name, bcue_value mean,
                                  bcue_value log_variance, bcue_value row_weight)
{
    bcue_node node = node_of(BCUE_OP_GAUSSIAN_KL, 3, mean, log_variance, row_weight);
    return bcue_graph_add_node(graph, name, &node, (bcue_shape){0});
}

bcue_value bcue_graph_fake_quantise(bcue_graph *graph, const char *name, bcue_value x, double scale,
                                    bool negative)
{
    bcue_node node = node_of(BCUE_OP_FAKE_QUANTISE, 1, x, BCUE_NO_VALUE, BCUE_NO_VALUE);
    node.u.quantise.scale = scale;
    node.u.quantise.negative = negative;
    return bcue_graph_add_node(graph, name, &node, (bcue_shape){0});
}

bcue_value bcue_graph_fake_quantise_weight(bcue_graph *graph, const char *name, bcue_value weight)
{
    bcue_node node = node_of(BCUE_OP_FAKE_QUANTISE_WEIGHT, 1, weight, BCUE_NO_VALUE, BCUE_NO_VALUE);
    return bcue_graph_add_node(graph, name, &node, (bcue_shape){0});
}

bcue_value bcue_graph_fake_quantise_bias(bcue_graph *graph, const char *name, bcue_value bias,
                                         bcue_value weight, double scale, const bcue_value norm[4],
                                         double epsilon)
{
    bcue_node node = node_of(BCUE_OP_FAKE_QUANTISE_BIAS, 2, bias, weight, BCUE_NO_VALUE);
    for (int i = 0; norm != NULL && i < 4 && norm[i] != BCUE_NO_VALUE; i++)
        node.input[node.input_count++] = norm[i];
    node.u.quantise.scale = scale;
    node.u.quantise.epsilon = epsilon;
    return bcue_graph_add_node(graph, name, &node, (bcue_shape){0});
}

#include "op_cases.h"

#include <math.h>
#include <string.h>
#include "base/rng.h"
#include "op_case_parts.h"

static const bcue_parameter_spec trained = {.init = BCUE_INIT_NORMAL, .scale = 0.5};
static const bcue_parameter_spec statistic = {.init = BCUE_INIT_ZERO, .running = true};

bcue_value bcue_case_input(bcue_graph *g, const char *name, bcue_shape shape)
{
    return bcue_graph_input(g, name, BCUE_F32, &shape);
}

bcue_value bcue_case_parameter(bcue_graph *g, const char *name, bcue_shape shape)
{
    return bcue_graph_parameter(g, name, &shape, &trained);
}

void bcue_case_finish(bcue_graph *g, bcue_value y)
{
    const bcue_value_info *info = bcue_graph_value(g, y);
    if (info == NULL)
        return;
    bcue_shape shape = info->shape;
    bcue_value product = bcue_graph_mul(g, "weighted", y, bcue_graph_input(g, "cotangent", BCUE_F32, &shape));
    bcue_graph_output(g, "y", y);
    bcue_graph_output(
        g, "loss", bcue_graph_reduce(g, "total", BCUE_OP_REDUCE_SUM, product, (1U << shape.rank) - 1, false));
}

typedef struct conv_case {
    int64_t x[4], w[4];
    int stride[2], padding[2], dilation[2], groups;
    bool bias;
} conv_case;

static void conv(bcue_graph *g, const conv_case *c)
{
    bcue_value x = bcue_case_input(g, "x", bcue_shape_make(4, c->x)),
               w = bcue_case_parameter(g, "w", bcue_shape_make(4, c->w));
    bcue_value b = c->bias ? bcue_case_parameter(g, "b", bcue_shape_of(c->w[0])) : BCUE_NO_VALUE;
    bcue_case_finish(g, bcue_graph_conv2d(g, "conv", x, w, b, c->stride, c->padding, c->dilation, c->groups));
}

#define CONV_CASE(name, ...)                                                                                 \
    static void name(bcue_graph *g)                                                                          \
    {                                                                                                        \
        static const conv_case c = {__VA_ARGS__};                                                            \
        conv(g, &c);                                                                                         \
    }
CONV_CASE(conv_3x3, {2, 3, 6, 7}, {4, 3, 3, 3}, {1, 1}, {1, 1}, {1, 1}, 1, true)
CONV_CASE(conv_1x1, {2, 5, 4, 3}, {3, 5, 1, 1}, {1, 1}, {0, 0}, {1, 1}, 1, false)
CONV_CASE(conv_stem, {1, 3, 15, 13}, {4, 3, 7, 7}, {2, 2}, {3, 3}, {1, 1}, 1, false)
CONV_CASE(conv_strided_1x1, {2, 4, 7, 6}, {6, 4, 1, 1}, {2, 2}, {0, 0}, {1, 1}, 1, true)
CONV_CASE(conv_uneven, {1, 2, 9, 8}, {3, 2, 2, 5}, {3, 1}, {0, 2}, {1, 1}, 1, true)
CONV_CASE(conv_dilated, {2, 2, 9, 10}, {3, 2, 3, 3}, {1, 2}, {2, 1}, {2, 3}, 1, true)
CONV_CASE(conv_grouped, {2, 6, 5, 5}, {4, 3, 3, 3}, {1, 1}, {1, 1}, {1, 1}, 2, true)
CONV_CASE(conv_depthwise, {2, 4, 6, 5}, {4, 1, 3, 3}, {2, 1}, {1, 1}, {1, 1}, 4, true)
CONV_CASE(conv_depth_multiplier, {1, 3, 5, 6}, {6, 1, 3, 3}, {1, 1}, {1, 1}, {1, 1}, 3, false)
CONV_CASE(conv_kernel_over_input, {2, 2, 2, 3}, {3, 2, 5, 5}, {1, 1}, {2, 2}, {1, 1}, 1, true)
CONV_CASE(conv_wide, {2, 17, 6, 6}, {19, 17, 3, 3}, {2, 2}, {1, 1}, {1, 1}, 1, false)

static bcue_value norm(bcue_graph *g, const char *scope, bcue_value x)
{
    const bcue_value_info *info = bcue_graph_value(g, x);
    if (info == NULL)
        return BCUE_NO_VALUE;
    bcue_shape channels = bcue_shape_of(info->shape.dim[1]);
    bcue_graph_push(g, scope);
    bcue_value weight = bcue_case_parameter(g, "weight", channels),
               bias = bcue_case_parameter(g, "bias", channels);
    bcue_value mean = bcue_graph_parameter(g, "running_mean", &channels, &statistic);
    bcue_value variance = bcue_graph_parameter(g, "running_var", &channels, &statistic);
    bcue_value y = bcue_graph_batch_norm(g, "norm", x, weight, bias, mean, variance, 1e-5, 0.1);
    bcue_graph_pop(g);
    return y;
}

static void norm_4d(bcue_graph *g)
{
    bcue_case_finish(g, norm(g, "bn", bcue_case_input(g, "x", bcue_shape_of(3, 4, 3, 5))));
}

static void norm_2d(bcue_graph *g)
{
    bcue_case_finish(g, norm(g, "bn", bcue_case_input(g, "x", bcue_shape_of(6, 5))));
}

static void linear_case(bcue_graph *g, bcue_shape x, int64_t outputs, bool bias)
{
    bcue_value w = bcue_case_parameter(g, "w", bcue_shape_of(outputs, x.dim[x.rank - 1]));
    bcue_value b = bias ? bcue_case_parameter(g, "b", bcue_shape_of(outputs)) : BCUE_NO_VALUE;
    bcue_case_finish(g, bcue_graph_linear(g, "fc", bcue_case_input(g, "x", x), w, b));
}

static void linear_2d(bcue_graph *g)
{
    linear_case(g, bcue_shape_of(4, 7), 5, true);
}

static void linear_3d(bcue_graph *g)
{
    linear_case(g, bcue_shape_of(2, 3, 4), 6, false);
}

static void linear_one_row(bcue_graph *g)
{
    linear_case(g, bcue_shape_of(1, 33), 17, true);
}

static void linear_vector(bcue_graph *g)
{
    linear_case(g, bcue_shape_of(5), 3, true);
}

static void relu_3d(bcue_graph *g)
{
    bcue_case_finish(g, bcue_graph_relu(g, "relu", bcue_case_input(g, "x", bcue_shape_of(2, 3, 5))));
}

typedef bcue_value pool_function(bcue_graph *, const char *, bcue_value, const int[2], const int[2],
                                 const int[2]);

static void pool(bcue_graph *g, pool_function *function, bcue_shape x, int kernel_y, int kernel_x, int stride,
                 int padding)
{
    const int kernel[2] = {kernel_y, kernel_x}, step[2] = {stride, stride}, pad[2] = {padding, padding};
    bcue_case_finish(g, function(g, "pool", bcue_case_input(g, "x", x), kernel, step, pad));
}

static void max_pool_3x3(bcue_graph *g)
{
    pool(g, bcue_graph_max_pool, bcue_shape_of(2, 3, 7, 8), 3, 3, 2, 1);
}

static void max_pool_2x1(bcue_graph *g)
{
    pool(g, bcue_graph_max_pool, bcue_shape_of(1, 2, 6, 5), 2, 1, 2, 0);
}

static void avg_pool_3x3(bcue_graph *g)
{
    pool(g, bcue_graph_avg_pool, bcue_shape_of(2, 3, 7, 8), 3, 3, 2, 1);
}

static void avg_pool_2x3(bcue_graph *g)
{
    pool(g, bcue_graph_avg_pool, bcue_shape_of(1, 2, 6, 7), 2, 3, 1, 0);
}

static void adaptive_pool_global(bcue_graph *g)
{
    bcue_case_finish(
        g, bcue_graph_adaptive_avg_pool(g, "pool", bcue_case_input(g, "x", bcue_shape_of(2, 3, 5, 4)), 1, 1));
}

static void adaptive_pool_even(bcue_graph *g)
{
    bcue_case_finish(
        g, bcue_graph_adaptive_avg_pool(g, "pool", bcue_case_input(g, "x", bcue_shape_of(2, 2, 6, 9)), 3, 3));
}

static void adaptive_pool_uneven(bcue_graph *g)
{
    bcue_case_finish(
        g, bcue_graph_adaptive_avg_pool(g, "pool", bcue_case_input(g, "x", bcue_shape_of(1, 2, 7, 5)), 3, 4));
}

static void two(bcue_graph *g, bcue_op op, bcue_shape a, bcue_shape b)
{
    bcue_value x = bcue_case_input(g, "x", a), w = bcue_case_parameter(g, "w", b);
    bcue_case_finish(g, op == BCUE_OP_ADD ? bcue_graph_add(g, "two", x, w) : bcue_graph_mul(g, "two", x, w));
}

static void add_same(bcue_graph *g)
{
    two(g, BCUE_OP_ADD, bcue_shape_of(2, 3, 4), bcue_shape_of(2, 3, 4));
}

static void add_row(bcue_graph *g)
{
    two(g, BCUE_OP_ADD, bcue_shape_of(3, 4), bcue_shape_of(4));
}

static void add_both_ways(bcue_graph *g)
{
    two(g, BCUE_OP_ADD, bcue_shape_of(2, 1, 4), bcue_shape_of(3, 1));
}

static void add_scalar(bcue_graph *g)
{
    two(g, BCUE_OP_ADD, bcue_shape_of(2, 3), (bcue_shape){0});
}

static void mul_same(bcue_graph *g)
{
    two(g, BCUE_OP_MUL, bcue_shape_of(2, 3, 4), bcue_shape_of(2, 3, 4));
}

static void mul_channel(bcue_graph *g)
{
    two(g, BCUE_OP_MUL, bcue_shape_of(2, 3, 4, 2), bcue_shape_of(2, 3, 1, 1));
}

static void mul_small_first(bcue_graph *g)
{
    two(g, BCUE_OP_MUL, bcue_shape_of(4), bcue_shape_of(2, 3, 4));
}

static void mul_itself(bcue_graph *g)
{
    bcue_value x = bcue_case_input(g, "x", bcue_shape_of(2, 5));
    bcue_case_finish(g, bcue_graph_mul(g, "square", x, x));
}

static void concat(bcue_graph *g, int axis)
{
    bcue_shape a = bcue_shape_of(2, 3, 4), b = a, c = a;
    b.dim[axis < 0 ? axis + 3 : axis] = 1;
    c.dim[axis < 0 ? axis + 3 : axis] = 5;
    const bcue_value inputs[] = {bcue_case_input(g, "x", a), bcue_case_parameter(g, "w", b),
                                 bcue_case_input(g, "x2", c)};
    bcue_case_finish(g, bcue_graph_concat(g, "concat", inputs, 3, axis));
}

static void concat_first(bcue_graph *g)
{
    concat(g, 0);
}

static void concat_middle(bcue_graph *g)
{
    concat(g, 1);
}

static void concat_last(bcue_graph *g)
{
    concat(g, -1);
}

static void slice_middle(bcue_graph *g)
{
    bcue_case_finish(g,
                     bcue_graph_slice(g, "slice", bcue_case_input(g, "x", bcue_shape_of(2, 5, 3)), 1, 1, 4));
}

static void slice_last(bcue_graph *g)
{
    bcue_case_finish(g, bcue_graph_slice(g, "slice", bcue_case_input(g, "x", bcue_shape_of(3, 4)), -1, 3, 4));
}

static void reshape_open(bcue_graph *g)
{
    const bcue_shape shape = bcue_shape_of(3, -1, 2);
    bcue_case_finish(
        g, bcue_graph_reshape(g, "reshape", bcue_case_input(g, "x", bcue_shape_of(2, 3, 4)), &shape));
}

static void permute_3d(bcue_graph *g)
{
    const int order[] = {2, 0, 1};
    bcue_case_finish(
        g, bcue_graph_permute(g, "permute", bcue_case_input(g, "x", bcue_shape_of(2, 3, 4)), order));
}

static void permute_6d(bcue_graph *g)
{
    const int order[] = {0, 4, 2, 5, 3, 1};
    bcue_case_finish(
        g, bcue_graph_permute(g, "permute", bcue_case_input(g, "x", bcue_shape_of(2, 3, 1, 2, 4, 2)), order));
}

static void reduce_mean_inner(bcue_graph *g)
{
    bcue_case_finish(g, bcue_graph_reduce(g, "reduce", BCUE_OP_REDUCE_MEAN,
                                          bcue_case_input(g, "x", bcue_shape_of(2, 3, 4, 5)), 0xC, false));
}

static void reduce_mean_outer_keep(bcue_graph *g)
{
    bcue_case_finish(g, bcue_graph_reduce(g, "reduce", BCUE_OP_REDUCE_MEAN,
                                          bcue_case_input(g, "x", bcue_shape_of(2, 3, 4)), 0x5, true));
}

static void reduce_sum_middle(bcue_graph *g)
{
    bcue_case_finish(g, bcue_graph_reduce(g, "reduce", BCUE_OP_REDUCE_SUM,
                                          bcue_case_input(g, "x", bcue_shape_of(3, 4, 5)), 0x2, false));
}

static void softmax_last(bcue_graph *g)
{
    bcue_case_finish(g, bcue_graph_softmax(g, "softmax", bcue_case_input(g, "x", bcue_shape_of(3, 7)), -1));
}

static void softmax_middle(bcue_graph *g)
{
    bcue_case_finish(g, bcue_graph_softmax(g, "softmax", bcue_case_input(g, "x", bcue_shape_of(2, 5, 3)), 1));
}

static void dropout_half(bcue_graph *g)
{
    bcue_case_finish(g, bcue_graph_dropout(g, "dropout", bcue_case_input(g, "x", bcue_shape_of(7, 41)), 0.5));
}

static void dropout_twice(bcue_graph *g)
{
    bcue_value x = bcue_graph_dropout(g, "first", bcue_case_input(g, "x", bcue_shape_of(5, 61)), 0.1);
    bcue_case_finish(g, bcue_graph_dropout(g, "second", x, 0.3));
}

/* One layer called three times: its gradients add up. */
static void shared_layer(bcue_graph *g)
{
    bcue_value x = bcue_case_input(g, "x", bcue_shape_of(4, 6));
    for (int i = 0; i < 3; i++) {
        bcue_value y = bcue_graph_linear(g, "fc", x, bcue_case_parameter(g, "w", bcue_shape_of(6, 6)),
                                         bcue_case_parameter(g, "b", bcue_shape_of(6)));
        x = i == 2 ? y : bcue_graph_relu(g, NULL, y);
    }
    const bcue_shape rows = bcue_shape_of(4);
    bcue_graph_output(g, "y", x);
    bcue_graph_output(g, "loss",
                      bcue_graph_cross_entropy(g, "ce", x, bcue_graph_input(g, "label", BCUE_I32, &rows),
                                               BCUE_NO_VALUE, 0));
}

/* One value read by two branches that meet again. */
static void two_readers(bcue_graph *g)
{
    bcue_value x = bcue_case_input(g, "x", bcue_shape_of(3, 4));
    bcue_value h =
        bcue_graph_linear(g, "fc", x, bcue_case_parameter(g, "w", bcue_shape_of(4, 4)), BCUE_NO_VALUE);
    bcue_case_finish(
        g, bcue_graph_mul(g, "meet", bcue_graph_softmax(g, "gate", h, -1), bcue_graph_add(g, "skip", h, x)));
}

/* total + scale * (sum of the elements of `part`), with a scale of its own for each part. */
static bcue_value add_part(bcue_graph *g, bcue_value total, const char *scale, bcue_value part)
{
    const bcue_value_info *info = bcue_graph_value(g, part);
    if (info == NULL)
        return BCUE_NO_VALUE;
    uint32_t all = (1U << info->shape.rank) - 1;
    bcue_value factor = bcue_case_parameter(g, scale, info->shape);
    bcue_value sum =
        bcue_graph_reduce(g, NULL, BCUE_OP_REDUCE_SUM, bcue_graph_mul(g, NULL, part, factor), all, false);
    return total == BCUE_NO_VALUE ? sum : bcue_graph_add(g, NULL, total, sum);
}

/* One value read by every operator, so that every backward pass has to add to a gradient that is already
 * there. */
static void many_readers(bcue_graph *g)
{
    const int one[2] = {1, 1}, two_by_two[2] = {2, 2}, none[2] = {0, 0}, order[4] = {0, 2, 3, 1};
    const bcue_shape flat = bcue_shape_of(4, -1), rows = bcue_shape_of(4);
    bcue_value x = bcue_case_input(g, "x", bcue_shape_of(4, 2, 4, 3));
    bcue_value label = bcue_graph_input(g, "label", BCUE_I32, &rows);
    bcue_value w = bcue_case_parameter(g, "w", bcue_shape_of(2, 2, 2, 2)),
               m = bcue_case_parameter(g, "m", bcue_shape_of(4, 3));
    bcue_value gain = bcue_case_parameter(g, "gain", bcue_shape_of(3));
    bcue_value y =
        add_part(g, BCUE_NO_VALUE, "a", bcue_graph_conv2d(g, NULL, x, w, BCUE_NO_VALUE, one, one, one, 1));
    y = add_part(g, y, "b", norm(g, "bn", x));
    y = add_part(g, y, "c", bcue_graph_linear(g, NULL, x, m, BCUE_NO_VALUE));
    y = add_part(g, y, "d", bcue_graph_relu(g, NULL, x));
    y = add_part(g, y, "e", bcue_graph_max_pool(g, NULL, x, two_by_two, one, none));
    y = add_part(g, y, "f", bcue_graph_avg_pool(g, NULL, x, two_by_two, one, none));
    y = add_part(g, y, "h", bcue_graph_adaptive_avg_pool(g, NULL, x, 2, 2));
    y = add_part(g, y, "i", bcue_graph_mul(g, NULL, x, x));
    const bcue_value twice[] = {x, x};
    y = add_part(g, y, "j", bcue_graph_concat(g, NULL, twice, 2, 1));
    y = add_part(g, y, "k", bcue_graph_slice(g, NULL, x, 2, 1, 3));
    y = add_part(g, y, "l", bcue_graph_permute(g, NULL, x, order));
    y = add_part(g, y, "n", bcue_graph_reduce(g, NULL, BCUE_OP_REDUCE_MEAN, x, 0x6, false));
    y = add_part(g, y, "o", bcue_graph_softmax(g, NULL, x, 1));
    y = add_part(g, y, "p", bcue_graph_dropout(g, NULL, x, 0.25));
    y = add_part(g, y, "s", bcue_graph_gelu(g, NULL, x));
    y = add_part(g, y, "t", bcue_graph_sigmoid(g, NULL, x));
    y = add_part(g, y, "u", bcue_graph_tanh(g, NULL, x));
    y = add_part(g, y, "v", bcue_graph_layer_norm(g, NULL, x, gain, gain, 1e-5));
    y = add_part(g, y, "x1", bcue_graph_matmul(g, NULL, x, x, true, false));
    y = add_part(g, y, "x2", bcue_graph_resize_bilinear(g, NULL, x, 5, 5));
    y = add_part(g, y, "x3", bcue_graph_attention(g, NULL, x, x, x, 0.7, 0.25));
    bcue_value logits = bcue_graph_reshape(g, NULL, x, &flat);
    y = bcue_graph_add(g, NULL, y, bcue_graph_cross_entropy(g, NULL, logits, label, BCUE_NO_VALUE, 0));
    y = add_part(g, y, "q", bcue_graph_add(g, NULL, logits, logits));
    y = add_part(g, y, "r", bcue_graph_add(g, NULL, x, m));
    bcue_graph_output(g, "loss", y);
    bcue_graph_output(g, "y", logits);
}

static bcue_value conv_norm(bcue_graph *g, const char *scope, bcue_value x, int64_t outputs, int kernel,
                            int stride)
{
    const bcue_value_info *info = bcue_graph_value(g, x);
    if (info == NULL)
        return BCUE_NO_VALUE;
    const int steps[2] = {stride, stride}, padding[2] = {kernel / 2, kernel / 2}, dilation[2] = {1, 1};
    bcue_graph_push(g, scope);
    bcue_value w = bcue_case_parameter(g, "w", bcue_shape_of(outputs, info->shape.dim[1], kernel, kernel));
    bcue_value y = bcue_graph_conv2d(g, "conv", x, w, BCUE_NO_VALUE, steps, padding, dilation, 1);
    bcue_graph_pop(g);
    return norm(g, scope, y);
}

/* As torchvision's BasicBlock. */
static bcue_value basic_block(bcue_graph *g, const char *scope, bcue_value x, int64_t outputs, int stride)
{
    bcue_graph_push(g, scope);
    bcue_value y = bcue_graph_relu(g, "relu1", conv_norm(g, "conv1", x, outputs, 3, stride));
    y = conv_norm(g, "conv2", y, outputs, 3, 1);
    bcue_value skip = stride == 1 ? x : conv_norm(g, "down", x, outputs, 1, stride);
    y = bcue_graph_relu(g, "relu2", bcue_graph_add(g, "add", y, skip));
    bcue_graph_pop(g);
    return y;
}

static void residual_block(bcue_graph *g)
{
    bcue_case_finish(g, basic_block(g, "block", bcue_case_input(g, "x", bcue_shape_of(2, 3, 5, 6)), 3, 1));
}

static void residual_block_down(bcue_graph *g)
{
    bcue_case_finish(g, basic_block(g, "block", bcue_case_input(g, "x", bcue_shape_of(2, 3, 7, 6)), 5, 2));
}

static void tiny_resnet(bcue_graph *g)
{
    const int three[2] = {3, 3}, stride[2] = {2, 2}, one[2] = {1, 1};
    bcue_value x = bcue_graph_relu(
        g, "relu", conv_norm(g, "stem", bcue_case_input(g, "x", bcue_shape_of(3, 3, 16, 14)), 4, 7, 2));
    x = bcue_graph_max_pool(g, "pool", x, three, stride, one);
    x = basic_block(g, "layer1", x, 4, 1);
    x = basic_block(g, "layer2", x, 6, 2);
    const bcue_shape flat = bcue_shape_of(3, -1), rows = bcue_shape_of(3);
    x = bcue_graph_reshape(g, "flat", bcue_graph_adaptive_avg_pool(g, "mean", x, 1, 1), &flat);
    x = bcue_graph_linear(g, "fc", x, bcue_case_parameter(g, "fc.w", bcue_shape_of(8, 6)),
                          bcue_case_parameter(g, "fc.b", bcue_shape_of(8)));
    bcue_graph_output(g, "y", x);
    bcue_graph_output(g, "loss",
                      bcue_graph_cross_entropy(g, "ce", x, bcue_graph_input(g, "label", BCUE_I32, &rows),
                                               BCUE_NO_VALUE, 0));
}

#define CASE(name)                                                                                           \
    {                                                                                                        \
#name, name, false                                                                                   \
    }
#define SHARED_CASE(name)                                                                                    \
    {                                                                                                        \
#name, bcue_case_##name, false                                                                       \
    }
const bcue_op_case bcue_op_cases[] = {
    CASE(conv_3x3),
    CASE(conv_1x1),
    CASE(conv_stem),
    CASE(conv_strided_1x1),
    CASE(conv_uneven),
    CASE(conv_dilated),
    CASE(conv_grouped),
    CASE(conv_depthwise),
    CASE(conv_depth_multiplier),
    CASE(conv_kernel_over_input),
    CASE(conv_wide),
    CASE(norm_4d),
    CASE(norm_2d),
    CASE(linear_2d),
    CASE(linear_3d),
    CASE(linear_one_row),
    CASE(linear_vector),
    CASE(relu_3d),
    CASE(max_pool_3x3),
    CASE(max_pool_2x1),
    CASE(avg_pool_3x3),
    CASE(avg_pool_2x3),
    CASE(adaptive_pool_global),
    CASE(adaptive_pool_even),
    CASE(adaptive_pool_uneven),
    CASE(add_same),
    CASE(add_row),
    CASE(add_both_ways),
    CASE(add_scalar),
    CASE(mul_same),
    CASE(mul_channel),
    CASE(mul_small_first),
    CASE(mul_itself),
    CASE(concat_first),
    CASE(concat_middle),
    CASE(concat_last),
    CASE(slice_middle),
    CASE(slice_last),
    {"select_channels", bcue_case_select_channels, false},
    {"select_rows", bcue_case_select_rows, false},
    CASE(reshape_open),
    CASE(permute_3d),
    CASE(permute_6d),
    CASE(reduce_mean_inner),
    CASE(reduce_mean_outer_keep),
    CASE(reduce_sum_middle),
    CASE(softmax_last),
    CASE(softmax_middle),
    {"dropout_half", dropout_half, true},
    {"dropout_twice", dropout_twice, true},
    SHARED_CASE(layer_norm_3d),
    SHARED_CASE(layer_norm_vector),
    SHARED_CASE(matmul_2d),
    SHARED_CASE(matmul_turned_a),
    SHARED_CASE(matmul_turned_b),
    SHARED_CASE(matmul_turned_both),
    SHARED_CASE(matmul_broadcast),
    SHARED_CASE(gelu_2d),
    SHARED_CASE(sigmoid_3d),
    SHARED_CASE(tanh_3d),
    SHARED_CASE(exp_2d),
    SHARED_CASE(resize_double),
    SHARED_CASE(resize_eightfold),
    SHARED_CASE(resize_uneven),
    SHARED_CASE(resize_same),
    SHARED_CASE(attention_self),
    SHARED_CASE(attention_cross),
    SHARED_CASE(attention_one_token),
    {"attention_dropped", bcue_case_attention_dropped, true},
    SHARED_CASE(attention_heads),
    SHARED_CASE(cross_entropy_hard),
    SHARED_CASE(cross_entropy_one_row),
    SHARED_CASE(cross_entropy_smooth_weighted),
    SHARED_CASE(cross_entropy_soft),
    SHARED_CASE(cross_entropy_soft_weighted),
    SHARED_CASE(focal_softmax),
    SHARED_CASE(focal_softmax_weighted),
    SHARED_CASE(focal_sigmoid),
    SHARED_CASE(focal_sigmoid_weighted),
    SHARED_CASE(mse_3d),
    SHARED_CASE(smooth_l1),
    SHARED_CASE(smooth_l1_weighted),
    SHARED_CASE(kl_distill),
    SHARED_CASE(kl_distill_weighted),
    SHARED_CASE(gaussian_kl),
    SHARED_CASE(gaussian_kl_weighted),
    CASE(shared_layer),
    CASE(two_readers),
    {"many_readers", many_readers, true},
    CASE(residual_block),
    CASE(residual_block_down),
    CASE(tiny_resnet),
};
const int bcue_op_case_count = (int)(sizeof bcue_op_cases / sizeof *bcue_op_cases);

static bool ends_with(const char *text, const char *end)
{
    size_t a = strlen(text), b = strlen(end);
    return a >= b && strcmp(text + a - b, end) == 0;
}

static uint32_t name_key(const char *text)
{
    uint32_t key = 2166136261U;
    for (; *text != '\0'; text++)
        key = (key ^ (unsigned char)*text) * 16777619U;
    return key;
}

static void put(bool twice, void *data, int64_t i, double value)
{
    if (twice)
        ((double *)data)[i] = value;
    else
        ((float *)data)[i] = (float)value;
}

void bcue_op_case_fill(const char *case_name, const bcue_graph *graph, bcue_value value, bool twice,
                       void *data)
{
    const bcue_value_info *info = bcue_graph_value(graph, value);
    bcue_rng rng = bcue_rng_make(1, BCUE_RNG_TEST, name_key(case_name), name_key(info->name), 0);
    int64_t count = 0, classes = info->shape.rank > 0 ? info->shape.dim[info->shape.rank - 1] : 1;
    bcue_shape_count(&info->shape, &count);
    bool positive = ends_with(info->name, "row_weight") || ends_with(info->name, "running_var") ||
                    (ends_with(info->name, ".weight") && info->parameter >= 0);
    double sum = 0;
    for (int64_t i = 0; i < count; i++) {
        if (info->dtype == BCUE_I32)
            ((int32_t *)data)[i] = (int32_t)bcue_rng_below(&rng, 5);
        else if (positive)
            put(twice, data, i, bcue_rng_range(&rng, 0.5, 1.5));
        else if (!ends_with(info->name, "target"))
            put(twice, data, i, bcue_rng_normal(&rng));
        else {
            /* Stick breaking: what is left goes to the last class. */
            double share = i % classes == classes - 1 ? 1 - sum : bcue_rng_range(&rng, 0, 1 - sum);
            sum = i % classes == classes - 1 ? 0 : sum + share;
            put(twice, data, i, share);
        }
    }
}

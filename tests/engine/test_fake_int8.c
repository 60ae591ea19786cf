/* Layers that are rounded as in 8 bits, in real numbers: against the convolutions over bytes, and their
   gradients against the rule (straight through what was not cut) and finite differences. */
#include <stdlib.h>
#include "base/memory.h"
#include "base/rng.h"
#include "check.h"
#include "engine/plan.h"
#include "graph/fake_int8.h"
#include "int8_net.h"
#include "small_net.h"

static const bcue_plan_options reference32 = {.engine = BCUE_ENGINE_REFERENCE, .dtype = BCUE_F32},
                               fast = {.engine = BCUE_ENGINE_ONEDNN, .dtype = BCUE_F32};

/* ---- one operator ---- */

/* x / 0.25, the level it becomes signed and unsigned, and whether the gradient passes. */
static const struct {
    float steps, level_signed, level_unsigned;
    bool passes_signed, passes_unsigned;
} levels[] = {
    {0, 0, 0, true, true},
    {0.5F, 0, 0, true, true}, /* half to even */
    {1.5F, 2, 2, true, true},
    {2.5F, 2, 2, true, true},
    {-0.5F, 0, 0, true, true},
    {-0.75F, -1, 0, true, false},
    {-1.5F, -2, 0, true, false},
    {63.25F, 63, 63, true, true},
    {126.5F, 126, 126, true, true},
    {127.25F, 127, 127, true, true},
    {127.5F, 127, 128, false, true}, /* rounds to 128 first */
    {-128, -128, 0, true, false},
    {-128.5F, -128, 0, true, false},
    {-129, -128, 0, false, false},
    {254.5F, 127, 254, false, true},
    {255.25F, 127, 255, false, true},
    {255.5F, 127, 255, false, false},
    {1e9F, 127, 255, false, false},
    {-1e9F, -128, 0, false, false},
};
enum { LEVELS = sizeof levels / sizeof *levels };

static bcue_graph *one_operator(bool negative, double scale, int64_t count)
{
    bcue_graph *g = bcue_graph_create();
    const bcue_shape shape = bcue_shape_of(1, count);
    const bcue_value x = bcue_graph_input(g, "x", BCUE_F32, &shape),
                     cotangent = bcue_graph_input(g, "cotangent", BCUE_F32, &shape);
    const bcue_value y = bcue_graph_fake_quantise(g, "fake", x, scale, negative);
    bcue_graph_output(g, "y", y);
    bcue_graph_output(
        g, "loss",
        bcue_graph_reduce(g, "total", BCUE_OP_REDUCE_SUM, bcue_graph_mul(g, "m", y, cotangent), 3, false));
    return g;
}

static double get(const void *data, bool twice, int i)
{
    return twice ? ((const double *)data)[i] : (double)((const float *)data)[i];
}

static void put(void *data, bool twice, int i, double value)
{
    if (twice)
        ((double *)data)[i] = value;
    else
        ((float *)data)[i] = (float)value;
}

static void levels_with(bcue_plan_options options, bool negative)
{
    bcue_error error = {""};
    bcue_weights none = {0};
    bcue_plan *plan = NULL;
    bcue_graph *graph = one_operator(negative, 0.25, LEVELS);
    const bool twice = options.dtype == BCUE_F64;
    options.training = options.input_gradients = true;
    CHECK_OK(bcue_plan_create(graph, &none, &options, &plan, &error), error);
    for (int i = 0; i < LEVELS; i++) {
        put(bcue_plan_input(plan, "x"), twice, i, 0.25 * (double)levels[i].steps);
        put(bcue_plan_input(plan, "cotangent"), twice, i, 3 + i);
    }
    CHECK_OK(bcue_plan_forward(plan, &error), error);
    for (int i = 0; i < LEVELS; i++)
        CHECK_NEAR(get(bcue_plan_output(plan, "y"), twice, i),
                   0.25 * (double)(negative ? levels[i].level_signed : levels[i].level_unsigned), 0);
    CHECK_OK(bcue_plan_backward(plan, &error), error);
    for (int i = 0; i < LEVELS; i++)
        CHECK_NEAR(get(bcue_plan_input_gradient(plan, "x"), twice, i),
                   (negative ? levels[i].passes_signed : levels[i].passes_unsigned) ? 3 + i : 0, 0);
    bcue_plan_destroy(plan);
    bcue_graph_destroy(graph);
}

static void levels_by_hand(void)
{
    const bcue_plan_options reference64 = {.engine = BCUE_ENGINE_REFERENCE, .dtype = BCUE_F64};
    for (int negative = 0; negative < 2; negative++) {
        levels_with(reference32, negative);
        levels_with(reference64, negative);
        levels_with(fast, negative);
    }
}

/* The fast kernel is the plain one to the bit, whatever the scale, and lets through what is not a number. */
static void kernels_agree(void)
{
    enum { COUNT = 40000 };
    bcue_error error = {""};
    bcue_weights none = {0};
    bcue_plan *plans[2] = {NULL, NULL};
    for (int round = 0; round < 6; round++) {
        bcue_rng rng = bcue_rng_make(6, BCUE_RNG_TEST, 0, 0, (uint32_t)round);
        const double scale = bcue_rng_range(&rng, 0.001, 0.1);
        bcue_graph *graph = one_operator(round % 2, scale, COUNT);
        bcue_plan_options options[2] = {reference32, fast};
        for (int p = 0; p < 2; p++) {
            options[p].training = options[p].input_gradients = true;
            CHECK_OK(bcue_plan_create(graph, &none, &options[p], &plans[p], &error), error);
        }
        for (int i = 0; i < COUNT; i++) {
            const float x = i == 7 ? NAN : (float)bcue_rng_range(&rng, -300 * scale, 300 * scale),
                        d = (float)bcue_rng_normal(&rng);
            for (int p = 0; p < 2; p++) {
                ((float *)bcue_plan_input(plans[p], "x"))[i] = x;
                ((float *)bcue_plan_input(plans[p], "cotangent"))[i] = d;
            }
        }
        for (int p = 0; p < 2; p++) {
            CHECK_OK(bcue_plan_forward(plans[p], &error), error);
            CHECK(isnan(((const float *)bcue_plan_output(plans[p], "y"))[7]));
        }
        const float *a = bcue_plan_output(plans[0], "y"), *b = bcue_plan_output(plans[1], "y");
        int wrong = 0;
        for (int i = 0; i < COUNT; i++)
            wrong += i != 7 && (a[i] < b[i] || a[i] > b[i]);
        CHECK_INT(wrong, 0);
        for (int p = 0; p < 2; p++)
            CHECK_OK(bcue_plan_backward(plans[p], &error), error);
        a = bcue_plan_input_gradient(plans[0], "x");
        b = bcue_plan_input_gradient(plans[1], "x");
        CHECK(memcmp(a, b, COUNT * sizeof *a) == 0);
        for (int p = 0; p < 2; p++)
            bcue_plan_destroy(plans[p]);
        bcue_graph_destroy(graph);
    }
}

/* ---- a network against convolutions over bytes ---- */

/* Sums over bytes are exact, those here are rounded: answers agree to that, but where an input of b lies on
   the border of two levels, which is one level of one input of it. */
static void check_answers(const bcue_plan *plan, const char *name, const float *expected, size_t count)
{
    const float *answer = bcue_plan_output(plan, name);
    double worst = 0, largest = 0;
    for (size_t i = 0; i < count; i++) {
        worst = fmax(worst, fabs((double)answer[i] - (double)expected[i]));
        largest = fmax(largest, fabs((double)expected[i]));
    }
    CHECK_AT(worst <= 3e-6 * largest, "%s: off by %g of %g", name, worst, largest);
}

static void equals_bytes_with(const bcue_plan_options *options)
{
    static bcue_int8_net_answers answers;
    bcue_error error = {""};
    bcue_graph *graph = bcue_int8_net(), *made = NULL;
    bcue_int8_input *inputs = bcue_int8_net_inputs(graph);
    bcue_weights weights;
    bcue_plan *plan = NULL, *exact = NULL;
    CHECK_OK(bcue_int8_net_weights(graph, &weights, &error), error);
    CHECK_OK(bcue_graph_fake_int8(graph, inputs, &made, &error), error);
    CHECK_OK(bcue_plan_create(made, &weights, options, &plan, &error), error);
    CHECK_OK(bcue_plan_create(graph, &weights, options, &exact, &error), error);
    float *x = bcue_plan_input(plan, "x"), *t = bcue_plan_input(plan, "t");
    bcue_int8_net_fill(x, t);
    bcue_int8_net_fill(bcue_plan_input(exact, "x"), bcue_plan_input(exact, "t"));
    CHECK(bcue_int8_net_answer(&weights, x, t, &answers));
    CHECK_OK(bcue_plan_forward(plan, &error), error);
    check_answers(plan, "y", answers.y, sizeof answers.y / sizeof *answers.y);
    check_answers(plan, "u", answers.u, sizeof answers.u / sizeof *answers.u);
    check_answers(plan, "v", answers.v, sizeof answers.v / sizeof *answers.v);
    check_answers(plan, "z", answers.z, sizeof answers.z / sizeof *answers.z);
    /* and the network in f32 is something else */
    CHECK_OK(bcue_plan_forward(exact, &error), error);
    double away = 0;
    const float *z = bcue_plan_output(exact, "z");
    for (size_t i = 0; i < sizeof answers.z / sizeof *answers.z; i++)
        away = fmax(away, fabs((double)z[i] - (double)answers.z[i]));
    CHECK_AT(away > 1e-3, "f32 is off by %g only", away);
    bcue_plan_destroy(plan);
    bcue_plan_destroy(exact);
    bcue_graph_destroy(made);
    bcue_graph_destroy(graph);
    bcue_weights_free(&weights);
    free(inputs);
}

static void equals_bytes(void)
{
    bcue_plan_options unfused = fast;
    unfused.no_fusion = true;
    equals_bytes_with(&reference32);
    equals_bytes_with(&fast);
    equals_bytes_with(&unfused);
}

/* ---- the graph ---- */

static int count_of(const bcue_graph *graph, bcue_op op)
{
    int count = 0;
    for (int32_t i = 0; i < bcue_graph_node_count(graph); i++)
        count += bcue_graph_node(graph, i)->op == op;
    return count;
}

static void rewritten_graph(void)
{
    bcue_error error = {""};
    bcue_graph *graph = bcue_int8_net(), *made = NULL;
    bcue_int8_input *inputs = bcue_int8_net_inputs(graph);
    CHECK_OK(bcue_graph_fake_int8(graph, inputs, &made, &error), error);
    CHECK_INT(bcue_graph_parameter_count(made), bcue_graph_parameter_count(graph));
    for (int32_t i = 0; i < bcue_graph_parameter_count(graph); i++)
        CHECK_STR(bcue_graph_value(made, bcue_graph_parameter_value(made, i))->name,
                  bcue_graph_value(graph, bcue_graph_parameter_value(graph, i))->name);
    CHECK_INT(count_of(made, BCUE_OP_FAKE_QUANTISE), 3); /* a, u and v read x alike */
    CHECK_INT(count_of(made, BCUE_OP_FAKE_QUANTISE_WEIGHT), 5);
    CHECK_INT(count_of(made, BCUE_OP_FAKE_QUANTISE_BIAS), 5); /* of u, fc and three norms */
    bcue_graph_destroy(made);
    /* the sum reads x as it is */
    for (int32_t i = 0; i < bcue_graph_node_count(graph); i++)
        inputs[i].scale = 0;
    CHECK_OK(bcue_graph_fake_int8(graph, inputs, &made, &error), error);
    CHECK_INT(bcue_graph_node_count(made), bcue_graph_node_count(graph));
    bcue_graph_destroy(made);
    bcue_graph_destroy(graph);
    free(inputs);
}

static void what_can(void)
{
    bcue_graph *g = bcue_graph_create();
    const bcue_shape picture = bcue_shape_of(1, 4, 8, 8), whole = bcue_shape_of(4, 4, 3, 3),
                     half = bcue_shape_of(4, 2, 3, 3);
    const bcue_parameter_spec spec = {.init = BCUE_INIT_ONE};
    const int one[2] = {1, 1}, two[2] = {2, 2};
    const bcue_value x = bcue_graph_input(g, "x", BCUE_F32, &picture);
    const bcue_value w = bcue_graph_parameter(g, "w", &whole, &spec),
                     h = bcue_graph_parameter(g, "h", &half, &spec);
    (void)bcue_graph_conv2d(g, "plain", x, w, BCUE_NO_VALUE, two, one, one, 1);
    (void)bcue_graph_conv2d(g, "groups", x, h, BCUE_NO_VALUE, one, one, one, 2);
    (void)bcue_graph_conv2d(g, "dilated", x, w, BCUE_NO_VALUE, one, two, two, 1);
    const bcue_value made = bcue_graph_mul(g, "made", w, w);
    (void)bcue_graph_conv2d(g, "computed", x, made, BCUE_NO_VALUE, one, one, one, 1);
    CHECK(bcue_int8_can(g, 0) && !bcue_int8_can(g, 1) && !bcue_int8_can(g, 2) && !bcue_int8_can(g, 3) &&
          !bcue_int8_can(g, 4));
    bcue_graph_destroy(g);
}

static void refused(void)
{
    bcue_error error = {""};
    const bcue_shape shape = bcue_shape_of(3), matrix = bcue_shape_of(4, 2);
    bcue_graph *g = bcue_graph_create();
    bcue_value x = bcue_graph_input(g, "x", BCUE_F32, &shape);
    (void)bcue_graph_fake_quantise(g, "fake", x, 0, true);
    CHECK_STATUS(bcue_graph_check(g, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "fake (fake_quantise): the scale must be above 0");
    bcue_graph_destroy(g);
    g = bcue_graph_create();
    x = bcue_graph_input(g, "x", BCUE_F32, &shape);
    (void)bcue_graph_fake_quantise_bias(g, "fake", x, bcue_graph_input(g, "w", BCUE_F32, &matrix), 1, NULL,
                                        0);
    CHECK_STATUS(bcue_graph_check(g, &error), BCUE_ERROR_SHAPE);
    CHECK_CONTAINS(error.text, "one value per output is needed");
    bcue_graph_destroy(g);
}

/* ---- gradients ---- */

enum { BATCH = 3 };

static bcue_int8_input *small_inputs(const bcue_graph *graph)
{
    bcue_int8_input *inputs = bcue_calloc((size_t)bcue_graph_node_count(graph), sizeof *inputs);
    for (int32_t i = 0; inputs != NULL && i < bcue_graph_node_count(graph); i++) {
        const bcue_node *node = bcue_graph_node(graph, i);
        const bool first = bcue_graph_value(graph, node->input[0])->kind == BCUE_VALUE_INPUT;
        if (bcue_int8_can(graph, i) && strcmp(node->name, "out") != 0)
            inputs[i] = (bcue_int8_input){0.011F, first}; /* so coarse that some values are cut */
    }
    return inputs;
}

/* The function whose derivative straight-through takes: y = pass x + rest, with `pass` 1 where nothing was
   cut and `rest` such that y is what it was. `pass` and `rest` are inputs "pass N" and "rest N" of node N. */
static bcue_graph *straight_graph(const bcue_graph *graph)
{
    bcue_graph *g = bcue_graph_create();
    bcue_value map[512];
    char name[32];
    CHECK(bcue_graph_value_count(graph) <= 512);
    for (bcue_value v = 0; v < bcue_graph_value_count(graph); v++) {
        const bcue_value_info *info = bcue_graph_value(graph, v);
        if (info->kind == BCUE_VALUE_PARAMETER)
            map[v] = bcue_graph_parameter(g, info->name, &info->shape, &info->spec);
        else if (info->kind == BCUE_VALUE_INPUT)
            map[v] = bcue_graph_input(g, info->name, info->dtype, &info->shape);
    }
    for (int32_t i = 0; i < bcue_graph_node_count(graph); i++) {
        bcue_node node = *bcue_graph_node(graph, i);
        const bcue_value_info *info = bcue_graph_value(graph, node.output);
        bcue_value y;
        if (node.op >= BCUE_OP_FAKE_QUANTISE) {
            snprintf(name, sizeof name, "pass %d", (int)i);
            const bcue_value pass = bcue_graph_input(g, name, BCUE_F32, &info->shape);
            snprintf(name, sizeof name, "rest %d", (int)i);
            const bcue_value rest = bcue_graph_input(g, name, BCUE_F32, &info->shape);
            y = bcue_graph_add(g, NULL, bcue_graph_mul(g, NULL, map[node.input[0]], pass), rest);
        } else {
            y = BCUE_NO_VALUE;
            switch (node.op) { /* those of the small network */
            case BCUE_OP_CONV2D:
                y = bcue_graph_conv2d(g, NULL, map[node.input[0]], map[node.input[1]],
                                      node.input_count > 2 ? map[node.input[2]] : BCUE_NO_VALUE,
                                      node.u.conv.stride, node.u.conv.padding, node.u.conv.dilation, 1);
                break;
            case BCUE_OP_BATCH_NORM:
                y = bcue_graph_batch_norm(g, NULL, map[node.input[0]], map[node.input[1]], map[node.input[2]],
                                          map[node.input[3]], map[node.input[4]], node.u.norm.epsilon, 0.1);
                break;
            case BCUE_OP_LINEAR:
                y = bcue_graph_linear(g, NULL, map[node.input[0]], map[node.input[1]], map[node.input[2]]);
                break;
            case BCUE_OP_RELU:
                y = bcue_graph_relu(g, NULL, map[node.input[0]]);
                break;
            case BCUE_OP_MAX_POOL:
                y = bcue_graph_max_pool(g, NULL, map[node.input[0]], node.u.pool.kernel, node.u.pool.stride,
                                        node.u.pool.padding);
                break;
            case BCUE_OP_ADD:
                y = bcue_graph_add(g, NULL, map[node.input[0]], map[node.input[1]]);
                break;
            case BCUE_OP_REDUCE_MEAN:
                y = bcue_graph_reduce(g, NULL, node.op, map[node.input[0]], node.u.reduce.axes, false);
                break;
            case BCUE_OP_CONCAT: {
                const bcue_value two[2] = {map[node.input[0]], map[node.input[1]]};
                y = bcue_graph_concat(g, NULL, two, 2, node.u.axis.axis);
                break;
            }
            case BCUE_OP_DROPOUT: /* off with frozen norms */
                y = map[node.input[0]];
                break;
            case BCUE_OP_CROSS_ENTROPY:
                y = bcue_graph_cross_entropy(g, NULL, map[node.input[0]], map[node.input[1]], BCUE_NO_VALUE,
                                             node.u.loss.label_smoothing);
                break;
            default:
                CHECK_AT(false, "%s is no operator of the small network", bcue_op_name(node.op));
            }
        }
        map[node.output] = y;
        if (info->output_name != NULL)
            bcue_graph_output(g, info->output_name, y);
    }
    return g;
}

/* Marks what the rounding operators read and give, so that it can be seen. */
static void show_rounding(bcue_graph *graph)
{
    static char names[512][24];
    for (int32_t i = 0; i < bcue_graph_node_count(graph); i++) {
        const bcue_node *node = bcue_graph_node(graph, i);
        const bcue_value shown[2] = {node->input[0], node->output};
        for (int k = 0; node->op >= BCUE_OP_FAKE_QUANTISE && k < 2; k++) {
            const bcue_value_info *info = bcue_graph_value(graph, shown[k]);
            snprintf(names[shown[k]], sizeof names[0], "seen %d", (int)shown[k]);
            if (info->kind == BCUE_VALUE_RESULT && info->output_name == NULL)
                bcue_graph_output(graph, names[shown[k]], shown[k]);
        }
    }
}

static const double *seen(const bcue_graph *graph, bcue_plan *plan, const bcue_weights *weights, bcue_value v)
{
    const bcue_value_info *info = bcue_graph_value(graph, v);
    if (info->kind == BCUE_VALUE_PARAMETER)
        return weights->tensors[info->parameter].data;
    return info->kind == BCUE_VALUE_INPUT ? bcue_plan_input(plan, info->name)
                                          : bcue_plan_output(plan, info->output_name);
}

/* How much of a rounding operator's input was cut. */
static int64_t copy_rounding(const bcue_graph *graph, bcue_plan *rounded, const bcue_weights *weights,
                             bcue_plan *straight)
{
    int64_t cut = 0;
    for (int32_t i = 0; i < bcue_graph_node_count(graph); i++) {
        const bcue_node *node = bcue_graph_node(graph, i);
        char name[32];
        int64_t count = 0;
        if (node->op < BCUE_OP_FAKE_QUANTISE)
            continue;
        const double *x = seen(graph, rounded, weights, node->input[0]),
                     *y = seen(graph, rounded, weights, node->output);
        snprintf(name, sizeof name, "pass %d", (int)i);
        double *pass = bcue_plan_input(straight, name);
        snprintf(name, sizeof name, "rest %d", (int)i);
        double *rest = bcue_plan_input(straight, name);
        bcue_shape_count(&bcue_graph_value(graph, node->output)->shape, &count);
        const double low = node->u.quantise.negative ? -128 : 0, high = node->u.quantise.negative ? 127 : 255;
        for (int64_t k = 0; k < count; k++) {
            const double level = x[k] / node->u.quantise.scale;
            const bool out = node->op == BCUE_OP_FAKE_QUANTISE && (level < low - 0.5 || level > high + 0.5);
            pass[k] = out ? 0 : 1;
            rest[k] = y[k] - pass[k] * x[k];
            cut += out;
        }
    }
    return cut;
}

static double loss_of(bcue_plan *plan)
{
    bcue_error error = {""};
    CHECK_OK(bcue_plan_forward(plan, &error), error);
    return *(const double *)bcue_plan_output(plan, "loss");
}

/* The gradient of parameter p of the rounded network, and differences of the straight one. */
static void check_parameter(bcue_plan *rounded, bcue_plan *straight, const bcue_weights *weights, int32_t p)
{
    const double step = 1e-5, *gradient = bcue_plan_gradient(rounded, p);
    double *data = weights->tensors[p].data, away = 0, size = 0;
    const int64_t count = bcue_tensor_count(&weights->tensors[p]), stride = count / 12 + 1;
    if (gradient == NULL) {
        CHECK_AT(strstr(weights->names[p], "norm.mean") != NULL ||
                     strstr(weights->names[p], "norm.var") != NULL,
                 "%s has no gradient", weights->names[p]);
        return;
    }
    for (int64_t i = 0; i < count; i += stride) {
        const double kept = data[i];
        data[i] = kept + step;
        const double above = loss_of(straight);
        data[i] = kept - step;
        const double below = loss_of(straight);
        data[i] = kept;
        const double numeric = (above - below) / (2 * step);
        away += (gradient[i] - numeric) * (gradient[i] - numeric);
        size += gradient[i] * gradient[i] + numeric * numeric;
    }
    CHECK_AT(sqrt(away) <= 1e-5 * fmax(sqrt(size), 1e-4), "gradient of %s is off by %g of %g",
             weights->names[p], sqrt(away), sqrt(size));
}

static void fill_double(bcue_plan *plan)
{
    bcue_rng rng = bcue_rng_make(2, BCUE_RNG_TEST, 0, 0, 5);
    double *x = bcue_plan_input(plan, "x"), *position = bcue_plan_input(plan, "position");
    int32_t *label = bcue_plan_input(plan, "label");
    for (int i = 0; i < BATCH * 3 * 40 * 24; i++)
        x[i] = bcue_rng_normal(&rng);
    for (int i = 0; i < BATCH * 2; i++)
        position[i] = bcue_rng_normal(&rng);
    for (int i = 0; i < BATCH; i++)
        label[i] = (int32_t)bcue_rng_below(&rng, BCUE_SMALL_NET_CLASSES);
}

static void straight_through(void)
{
    bcue_error error = {""};
    bcue_graph *graph = bcue_small_net(BATCH), *made = NULL;
    bcue_int8_input *inputs = small_inputs(graph);
    bcue_weights weights, before;
    bcue_plan *rounded = NULL, *straight = NULL;
    const bcue_plan_options options = {.dtype = BCUE_F64, .training = true, .frozen_norm = true};
    CHECK_OK(bcue_graph_fake_int8(graph, inputs, &made, &error), error);
    CHECK_INT(count_of(made, BCUE_OP_FAKE_QUANTISE_WEIGHT), 8);
    bcue_graph *smooth = straight_graph(made);
    show_rounding(made);
    CHECK_OK(bcue_graph_check(smooth, &error), error);
    CHECK_OK(bcue_weights_create(made, BCUE_F64, 3, &weights, &error), error);
    CHECK_OK(bcue_weights_copy(&weights, BCUE_F64, &before, &error), error);
    CHECK_OK(bcue_plan_create(made, &weights, &options, &rounded, &error), error);
    CHECK_OK(bcue_plan_create(smooth, &weights, &options, &straight, &error), error);
    fill_double(rounded);
    fill_double(straight);
    const double loss = loss_of(rounded);
    const int64_t cut = copy_rounding(made, rounded, &weights, straight);
    CHECK_AT(cut > 100, "%lld values were cut", (long long)cut);
    CHECK_NEAR(loss_of(straight), loss, 1e-12);
    CHECK_OK(bcue_plan_backward(rounded, &error), error);
    for (int32_t p = 0; p < weights.count; p++) {
        check_parameter(rounded, straight, &weights, p);
        /* the weights are masters: nobody rounds them in place */
        CHECK(memcmp(weights.tensors[p].data, before.tensors[p].data,
                     bcue_tensor_size(&weights.tensors[p])) == 0);
    }
    bcue_plan_destroy(rounded);
    bcue_plan_destroy(straight);
    bcue_weights_free(&weights);
    bcue_weights_free(&before);
    bcue_graph_destroy(smooth);
    bcue_graph_destroy(made);
    bcue_graph_destroy(graph);
    free(inputs);
}

/* The fast engine, with its layouts, against the plain one: everything that training computes. */
static void engines_agree(void)
{
    bcue_error error = {""};
    bcue_graph *graph = bcue_small_net(BATCH), *made = NULL;
    bcue_int8_input *inputs = small_inputs(graph);
    bcue_weights weights[2];
    bcue_plan *plans[2] = {NULL, NULL};
    bcue_plan_options options[2] = {reference32, fast};
    CHECK_OK(bcue_graph_fake_int8(graph, inputs, &made, &error), error);
    for (int i = 0; i < 2; i++) {
        options[i].training = true;
        CHECK_OK(bcue_weights_create(made, BCUE_F32, 3, &weights[i], &error), error);
        CHECK_OK(bcue_plan_create(made, &weights[i], &options[i], &plans[i], &error), error);
        bcue_small_net_fill(plans[i], BATCH, 1);
        CHECK_OK(bcue_plan_forward(plans[i], &error), error);
        CHECK_OK(bcue_plan_backward(plans[i], &error), error);
    }
    for (int32_t p = 0; p < weights[0].count; p++) {
        const float *a = bcue_plan_gradient(plans[0], p), *b = bcue_plan_gradient(plans[1], p);
        double away = 0, size = 0;
        CHECK((a != NULL) == (b != NULL));
        for (int64_t i = 0; a != NULL && i < bcue_tensor_count(&weights[0].tensors[p]); i++) {
            away += pow((double)a[i] - (double)b[i], 2);
            size += pow((double)a[i], 2);
        }
        CHECK_AT(sqrt(away) <= 0.01 * fmax(sqrt(size), 1e-5), "gradients of %s are %g of %g apart",
                 weights[0].names[p], sqrt(away), sqrt(size));
    }
    for (int i = 0; i < 2; i++) {
        bcue_plan_destroy(plans[i]);
        bcue_weights_free(&weights[i]);
    }
    bcue_graph_destroy(made);
    bcue_graph_destroy(graph);
    free(inputs);
}

int main(void)
{
    RUN(levels_by_hand);
    RUN(kernels_agree);
    RUN(equals_bytes);
    RUN(rewritten_graph);
    RUN(what_can);
    RUN(refused);
    RUN(straight_through);
    RUN(engines_agree);
    return check_summary();
}

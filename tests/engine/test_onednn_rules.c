/* What the oneDNN engine chooses by rule: Winograd's convolution, attention read where projections left it;
   and the profile that shows what a choice costs. */
#include <math.h>
#include <stdlib.h>
#include "base/cpu.h"
#include "base/rng.h"
#include "check.h"
#include "engine/plan.h"

typedef struct pair {
    bcue_graph *graph;
    bcue_weights weights;
    bcue_plan *fast, *slow; /* oneDNN; the reference engine, unfused, with the same weights and inputs */
} pair;

static pair make_pair(bcue_graph *graph, bcue_plan_options options)
{
    pair p = {.graph = graph};
    bcue_error error = {""};
    CHECK_OK(bcue_graph_check(graph, &error), error);
    CHECK_OK(bcue_weights_create(graph, BCUE_F32, 3, &p.weights, &error), error);
    bcue_plan_options reference = {.dtype = BCUE_F32, .training = options.training, .no_fusion = true};
    options.engine = BCUE_ENGINE_ONEDNN;
    CHECK_OK(bcue_plan_create(graph, &p.weights, &options, &p.fast, &error), error);
    CHECK_OK(bcue_plan_create(graph, &p.weights, &reference, &p.slow, &error), error);
    bcue_rng rng = bcue_rng_make(1, BCUE_RNG_TEST, 0, 0, 0);
    for (bcue_value v = 0; v < bcue_graph_value_count(graph); v++) {
        const bcue_value_info *info = bcue_graph_value(graph, v);
        float *a = bcue_plan_input(p.fast, info->name), *b = bcue_plan_input(p.slow, info->name);
        int64_t count = 0;
        bcue_shape_count(&info->shape, &count);
        for (int64_t i = 0; info->kind == BCUE_VALUE_INPUT && a != NULL && i < count; i++)
            a[i] = b[i] = (float)bcue_rng_normal(&rng);
    }
    return p;
}

static void free_pair(pair *p)
{
    bcue_plan_destroy(p->fast);
    bcue_plan_destroy(p->slow);
    bcue_weights_free(&p->weights);
    bcue_graph_destroy(p->graph);
}

/* ||a - b|| / ||b|| */
static double distance(const float *a, const float *b, int64_t count)
{
    double away = 0, size = 0;
    for (int64_t i = 0; i < count; i++) {
        away += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
        size += (double)b[i] * (double)b[i];
    }
    return sqrt(away / size);
}

static void compare(pair *p, double tolerance)
{
    bcue_error error = {""};
    int64_t count = 0;
    CHECK_OK(bcue_plan_forward(p->fast, &error), error);
    CHECK_OK(bcue_plan_forward(p->slow, &error), error);
    bcue_shape_count(&bcue_graph_value(p->graph, bcue_graph_find(p->graph, "y"))->shape, &count);
    double away = distance(bcue_plan_output(p->fast, "y"), bcue_plan_output(p->slow, "y"), count);
    CHECK_AT(away <= tolerance, "the result is off by %g", away);
}

static bcue_value parameter(bcue_graph *graph, const char *name, bcue_shape shape)
{
    bcue_parameter_spec spec = {.init = BCUE_INIT_NORMAL, .scale = 0.08};
    return bcue_graph_parameter(graph, name, &shape, &spec);
}

/* 3x3 kernels of stride 1 with residual and ReLU. */
static bcue_graph *pictures(int64_t images, int64_t channels, int64_t height, int64_t width)
{
    const int one[2] = {1, 1};
    bcue_graph *graph = bcue_graph_create();
    bcue_shape shape = bcue_shape_of(images, channels, height, width), bias = bcue_shape_of(channels),
               kernel = bcue_shape_of(channels, channels, 3, 3);
    bcue_value x = bcue_graph_input(graph, "x", BCUE_F32, &shape);
    bcue_value first = parameter(graph, "w0", kernel), second = parameter(graph, "w1", kernel);
    bcue_value y = bcue_graph_conv2d(graph, "conv0", x, first, parameter(graph, "b", bias), one, one, one, 1);
    y = bcue_graph_relu(graph, "relu0", y);
    y = bcue_graph_conv2d(graph, "conv1", y, second, BCUE_NO_VALUE, one, one, one, 1);
    bcue_graph_output(graph, "y", bcue_graph_relu(graph, "relu1", bcue_graph_add(graph, "sum", y, x)));
    return graph;
}

static void winograd(void)
{
    const int64_t sizes[][4] = {{1, 64, 17, 16}, {1, 64, 16, 23}, {2, 80, 18, 16}};
    for (int i = 0; i < 3; i++) {
        const int64_t *s = sizes[i];
        pair by_rule = make_pair(pictures(s[0], s[1], s[2], s[3]), (bcue_plan_options){.dtype = BCUE_F32});
        pair direct = make_pair(pictures(s[0], s[1], s[2], s[3]), (bcue_plan_options){.no_winograd = true});
        compare(&by_rule, 3e-6);
        compare(&direct, 1e-6);
        /* Its weights are larger: so it shows that the rule was followed. */
        size_t more = bcue_plan_packed_bytes(by_rule.fast), less = bcue_plan_packed_bytes(direct.fast);
        CHECK(bcue_cpu_best() == BCUE_CPU_AVX512 ? more > less : more == less);
        free_pair(&by_rule);
        free_pair(&direct);
    }
    pair few = make_pair(pictures(2, 64, 8, 8), (bcue_plan_options){.dtype = BCUE_F32});
    pair few_direct = make_pair(pictures(2, 64, 8, 8), (bcue_plan_options){.no_winograd = true});
    CHECK(bcue_plan_packed_bytes(few.fast) == bcue_plan_packed_bytes(few_direct.fast));
    free_pair(&few);
    free_pair(&few_direct);
    pair training = make_pair(pictures(1, 64, 16, 16), (bcue_plan_options){.no_winograd = true});
    pair small = make_pair(pictures(1, 32, 16, 16), (bcue_plan_options){.dtype = BCUE_F32});
    compare(&training, 1e-6);
    compare(&small, 1e-6);
    free_pair(&training);
    free_pair(&small);
}

/* x + second(ReLU(first(x))), and what is read again behind it. */
static void large_linear(void)
{
    const int64_t rows[] = {257, 40};
    for (int i = 0; i < 2; i++) {
        bcue_graph *graph = bcue_graph_create();
        const bcue_shape shape = bcue_shape_of(1, rows[i], 512);
        bcue_value x = bcue_graph_input(graph, "x", BCUE_F32, &shape);
        bcue_value h = bcue_graph_relu(graph, "start", x);
        bcue_value first = parameter(graph, "w0", bcue_shape_of(2048, 512)),
                   second = parameter(graph, "w1", bcue_shape_of(512, 2048));
        bcue_value y =
            bcue_graph_linear(graph, "first", h, first, parameter(graph, "b", bcue_shape_of(2048)));
        y = bcue_graph_linear(graph, "second", bcue_graph_relu(graph, "relu", y), second, BCUE_NO_VALUE);
        y = bcue_graph_add(graph, "sum", h, bcue_graph_dropout(graph, "drop", y, 0.1));
        bcue_graph_output(graph, "y", i == 0 ? bcue_graph_mul(graph, "again", y, h) : y);
        pair p = make_pair(graph, (bcue_plan_options){.dtype = BCUE_F32});
        compare(&p, 1e-6);
        compare(&p, 1e-6);
        free_pair(&p);
    }
}

static bcue_value project(bcue_graph *graph, const char *name, bcue_value x, int64_t heads)
{
    const bcue_shape tokens = bcue_graph_value(graph, x)->shape;
    int64_t width = tokens.dim[2];
    const bcue_shape split = bcue_shape_of(tokens.dim[0], tokens.dim[1], heads, width / heads);
    bcue_value y =
        bcue_graph_linear(graph, NULL, x, parameter(graph, name, bcue_shape_of(width, width)), BCUE_NO_VALUE);
    return bcue_graph_permute(graph, NULL, bcue_graph_reshape(graph, NULL, y, &split), (int[]){0, 2, 1, 3});
}

static bcue_graph *transformer(void)
{
    bcue_graph *graph = bcue_graph_create();
    const bcue_shape tokens = bcue_shape_of(2, 70, 128);
    bcue_value x = bcue_graph_input(graph, "x", BCUE_F32, &tokens);
    bcue_value q = project(graph, "q", x, 4), k = project(graph, "k", x, 4), v = project(graph, "v", x, 4);
    bcue_value y = bcue_graph_attention(graph, "attention", q, k, v, 0.3, 0.1);
    y = bcue_graph_reshape(graph, NULL, bcue_graph_permute(graph, NULL, y, (int[]){0, 2, 1, 3}), &tokens);
    y = bcue_graph_linear(graph, "proj", y, parameter(graph, "w", bcue_shape_of(128, 128)), BCUE_NO_VALUE);
    y = bcue_graph_add(graph, "sum", x, y);
    bcue_graph_output(graph, "y", y);
    bcue_value square = bcue_graph_mul(graph, "square", y, y);
    bcue_graph_output(graph, "loss", bcue_graph_reduce(graph, NULL, BCUE_OP_REDUCE_MEAN, square, 0x7, false));
    return graph;
}

static void attention_by_token(void)
{
    for (int training = 0; training < 2; training++) {
        pair p = make_pair(transformer(), (bcue_plan_options){.training = training != 0});
        bcue_plan_set_step(p.fast, 9, 1, 4);
        bcue_plan_set_step(p.slow, 9, 1, 4);
        compare(&p, 2e-6);
        bcue_error error = {""};
        for (int i = 0; training && i < bcue_graph_parameter_count(p.graph); i++) {
            if (i == 0) {
                CHECK_OK(bcue_plan_backward(p.fast, &error), error);
                CHECK_OK(bcue_plan_backward(p.slow, &error), error);
            }
            double away = distance(bcue_plan_gradient(p.fast, i), bcue_plan_gradient(p.slow, i), 128 * 128);
            CHECK_AT(away <= 5e-6, "gradient of %s is off by %g", p.weights.names[i], away);
        }
        free_pair(&p);
    }
}

static void profile(void)
{
    bcue_graph *graph = transformer();
    int32_t nodes = bcue_graph_node_count(graph),
            attention = bcue_graph_value(graph, bcue_graph_find(graph, "attention"))->node;
    double *forward = calloc((size_t)nodes, sizeof *forward),
           *backward = calloc((size_t)nodes, sizeof *backward);
    pair p = make_pair(graph, (bcue_plan_options){.training = true});
    bcue_plan *plans[2] = {p.fast, p.slow};
    for (int i = 0; i < 2; i++) {
        bcue_error error = {""};
        double sum = 0;
        CHECK_OK(bcue_plan_profile(plans[i], forward, backward, &error), error);
        for (int32_t n = 0; n < nodes; n++) {
            CHECK(forward[n] >= 0 && backward[n] >= 0);
            sum += forward[n] + backward[n];
        }
        CHECK(forward[attention] > 0 && backward[attention] > 0 && sum < 60);
        CHECK_STATUS(bcue_plan_backward(plans[i], &error), BCUE_ERROR_ARGUMENT);
    }
    free_pair(&p);
    p = make_pair(transformer(), (bcue_plan_options){.dtype = BCUE_F32});
    bcue_error error = {""};
    CHECK_OK(bcue_plan_profile(p.fast, forward, NULL, &error), error);
    CHECK_STATUS(bcue_plan_profile(p.fast, forward, backward, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "inference");
    free_pair(&p);
    free(forward);
    free(backward);
}

int main(void)
{
    RUN(winograd);
    RUN(large_linear);
    RUN(attention_by_token);
    RUN(profile);
    return check_summary();
}

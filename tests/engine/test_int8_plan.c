/* Layers in 8 bits within a plan against plain-C convolutions over the same bytes, bit for bit. */
#include <math.h>
#include <stdlib.h>
#include "base/memory.h"
#include "base/rng.h"
#include "check.h"
#include "engine/int8_conv.h"
#include "engine/plan.h"
#include "graph/fuse.h"
#include "small_net.h"

enum { PICTURES = 2, C = 24, MID = 40, H = 9, W = 7, ROWS = 11, IN = 48, OUT = 33 };
static const float scale_x = 0.021F, scale_mid = 0.017F, scale_t = 0.013F;

static bcue_value conv(bcue_graph *g, const char *name, bcue_value x, int64_t inputs, int64_t outputs)
{
    const bcue_shape shape = bcue_shape_of(outputs, inputs, 3, 3), vector = bcue_shape_of(outputs);
    const bcue_parameter_spec spec = {.init = BCUE_INIT_NORMAL_FAN_OUT, .fan = outputs * 9},
                              one = {.init = BCUE_INIT_ONE},
                              running = {.init = BCUE_INIT_ONE, .running = true};
    const int ones[2] = {1, 1};
    bcue_graph_push(g, name);
    const bcue_value y = bcue_graph_conv2d(g, "conv", x, bcue_graph_parameter(g, "weight", &shape, &spec),
                                           BCUE_NO_VALUE, ones, ones, ones, 1);
    const bcue_value weight = bcue_graph_parameter(g, "norm.weight", &vector, &one),
                     bias = bcue_graph_parameter(g, "norm.bias", &vector, &one),
                     mean = bcue_graph_parameter(g, "norm.mean", &vector, &running),
                     variance = bcue_graph_parameter(g, "norm.var", &vector, &running);
    const bcue_value normed = bcue_graph_batch_norm(g, "norm", y, weight, bias, mean, variance, 1e-5, 0.1);
    bcue_graph_pop(g);
    return normed;
}

/* relu(b(relu(a(x))) + x), and a linear layer of t. */
static bcue_graph *make_graph(void)
{
    bcue_graph *g = bcue_graph_create();
    const bcue_shape picture = bcue_shape_of(PICTURES, C, H, W), tokens = bcue_shape_of(PICTURES, ROWS, IN),
                     matrix = bcue_shape_of(OUT, IN), vector = bcue_shape_of(OUT);
    const bcue_parameter_spec spec = {.init = BCUE_INIT_UNIFORM_FAN_IN, .fan = IN};
    const bcue_value x = bcue_graph_input(g, "x", BCUE_F32, &picture),
                     t = bcue_graph_input(g, "t", BCUE_F32, &tokens);
    const bcue_value a = bcue_graph_relu(g, "a.relu", conv(g, "a", x, C, MID));
    const bcue_value b = bcue_graph_add(g, "sum", conv(g, "b", a, MID, C), x);
    bcue_graph_output(g, "y", bcue_graph_relu(g, "b.relu", b));
    const bcue_value weight = bcue_graph_parameter(g, "fc.weight", &matrix, &spec),
                     bias = bcue_graph_parameter(g, "fc.bias", &vector, &spec);
    bcue_graph_output(g, "z", bcue_graph_linear(g, "fc", t, weight, bias));
    return g;
}

static bcue_tensor *find(const bcue_weights *weights, const char *name)
{
    for (int32_t i = 0; i < weights->count; i++) {
        if (strcmp(weights->names[i], name) == 0)
            return &weights->tensors[i];
    }
    return NULL;
}

/* One layer as the plan has it, run by the plain convolution. */
static void plain_layer(bcue_int8_conv_spec spec, const bcue_tensor *weight, const float *bias,
                        const float scale[2], const void *x, void *y)
{
    const size_t taps = (size_t)bcue_tensor_count(weight), outputs = (size_t)spec.outputs;
    int8_t *bytes = bcue_calloc(taps, 1);
    int32_t *sums = bcue_calloc(outputs, sizeof *sums);
    float *factors = bcue_calloc(outputs, sizeof *factors);
    bcue_int8_layer(weight, bias, scale[0], scale[1], bytes, sums, factors);
    spec.weight = bytes;
    spec.bias = sums;
    spec.scale = factors;
    bcue_int8_conv_reference(&spec, x, y);
    free(bytes);
    free(sums);
    free(factors);
}

static void plain_conv(const bcue_weights *weights, const char *name, bcue_int8_conv_spec spec,
                       const float scale[2], const void *x, void *y)
{
    static const char *const parts[] = {"weight", "norm.weight", "norm.bias", "norm.mean", "norm.var"};
    bcue_tensor *part[5], folded, bias;
    for (int i = 0; i < 5; i++) {
        char full[32];
        snprintf(full, sizeof full, "%s.%s", name, parts[i]);
        part[i] = find(weights, full);
        CHECK_AT(part[i] != NULL, "no %s", full);
        if (part[i] == NULL)
            return;
    }
    const bcue_norm_values norm = {part[1], part[2], part[3], part[4], 1e-5};
    folded = *part[0];
    bias = *part[2];
    folded.data = bcue_calloc(1, bcue_tensor_size(&folded));
    bias.data = bcue_calloc(1, bcue_tensor_size(&bias));
    bcue_fold_batch_norm(part[0], NULL, &norm, &folded, &bias);
    plain_layer(spec, &folded, bias.data, scale, x, y);
    free(folded.data);
    free(bias.data);
}

static float to_level(float x, float scale, float low, float high)
{
    return fminf(fmaxf(nearbyintf(x * (1 / scale)), low), high);
}

static void check_convolutions(const bcue_weights *weights, const float *x, const float *y)
{
    static int8_t bytes[PICTURES * H * W * C];
    static uint8_t middle[PICTURES * H * W * MID];
    static float result[PICTURES * H * W * C];
    bcue_int8_conv_spec a = {.pictures = PICTURES,
                             .channels = C,
                             .height = H,
                             .width = W,
                             .outputs = MID,
                             .kernel = {3, 3},
                             .stride = {1, 1},
                             .padding = {1, 1},
                             .signed_input = true,
                             .relu = true,
                             .result = BCUE_INT8_BYTE};
    bcue_int8_conv_spec b = a;
    b.channels = MID;
    b.outputs = C;
    b.signed_input = b.relu = false;
    b.result = BCUE_INT8_REAL;
    for (int n = 0; n < PICTURES; n++)
        for (int c = 0; c < C; c++)
            for (int i = 0; i < H * W; i++)
                bytes[(n * H * W + i) * C + c] =
                    (int8_t)to_level(x[(n * C + c) * H * W + i], scale_x, -128, 127);
    plain_conv(weights, "a", a, (float[]){scale_x, scale_mid}, bytes, middle);
    plain_conv(weights, "b", b, (float[]){scale_mid, 1}, middle, result);
    int wrong = 0, positive = 0;
    for (int n = 0; n < PICTURES; n++)
        for (int c = 0; c < C; c++)
            for (int i = 0; i < H * W; i++) {
                const int at = (n * C + c) * H * W + i;
                const float expected = fmaxf(result[(n * H * W + i) * C + c] + x[at], 0);
                positive += expected > 0;
                wrong += expected < y[at] || expected > y[at];
            }
    CHECK_INT(wrong, 0);
    CHECK(positive > 100);
}

static void check_linear(const bcue_weights *weights, const float *t, const float *z)
{
    static int8_t bytes[PICTURES * ROWS * IN];
    static float expected[PICTURES * ROWS * OUT];
    const bcue_int8_conv_spec spec = {.pictures = 1,
                                      .channels = IN,
                                      .height = 1,
                                      .width = PICTURES * ROWS,
                                      .outputs = OUT,
                                      .kernel = {1, 1},
                                      .stride = {1, 1},
                                      .signed_input = true,
                                      .result = BCUE_INT8_REAL};
    for (int i = 0; i < PICTURES * ROWS * IN; i++)
        bytes[i] = (int8_t)to_level(t[i], scale_t, -128, 127);
    plain_layer(spec, find(weights, "fc.weight"), find(weights, "fc.bias")->data, (float[]){scale_t, 1},
                bytes, expected);
    CHECK(memcmp(expected, z, sizeof expected) == 0);
}

static void equals_plain_layers(void)
{
    bcue_error error = {""};
    bcue_graph *graph = make_graph();
    bcue_weights weights;
    bcue_plan *plan = NULL;
    bcue_int8_input *inputs = bcue_calloc((size_t)bcue_graph_node_count(graph), sizeof *inputs);
    CHECK_OK(bcue_weights_create(graph, BCUE_F32, 5, &weights, &error), error);
    bcue_rng rng = bcue_rng_make(8, BCUE_RNG_TEST, 0, 0, 0);
    for (int32_t i = 0; i < weights.count; i++)
        for (int64_t k = 0;
             strstr(weights.names[i], "norm") != NULL && k < bcue_tensor_count(&weights.tensors[i]); k++)
            ((float *)weights.tensors[i].data)[k] = (float)bcue_rng_range(&rng, 0.3, 1.7);
    for (int32_t i = 0; i < bcue_graph_node_count(graph); i++) {
        const bcue_node *node = bcue_graph_node(graph, i);
        if (strncmp(node->name, "a.conv", 6) == 0)
            inputs[i] = (bcue_int8_input){scale_x, true};
        if (strncmp(node->name, "b.conv", 6) == 0)
            inputs[i] = (bcue_int8_input){scale_mid, false};
        if (strncmp(node->name, "fc", 2) == 0)
            inputs[i] = (bcue_int8_input){scale_t, true};
    }
    const bcue_plan_options options = {.engine = BCUE_ENGINE_ONEDNN, .dtype = BCUE_F32, .int8 = inputs};
    CHECK_OK(bcue_plan_create(graph, &weights, &options, &plan, &error), error);
    if (plan != NULL) {
        CHECK_INT(bcue_plan_int8_layers(plan), 3);
        float *x = bcue_plan_input(plan, "x"), *t = bcue_plan_input(plan, "t");
        for (int i = 0; i < PICTURES * C * H * W; i++)
            x[i] = (float)bcue_rng_normal(&rng);
        for (int i = 0; i < PICTURES * ROWS * IN; i++)
            t[i] = (float)bcue_rng_normal(&rng);
        CHECK_OK(bcue_plan_forward(plan, &error), error);
        check_convolutions(&weights, x, bcue_plan_output(plan, "y"));
        check_linear(&weights, t, bcue_plan_output(plan, "z"));
    }
    bcue_plan_destroy(plan);
    bcue_weights_free(&weights);
    bcue_graph_destroy(graph);
    free(inputs);
}

/* weight rows (2 -1) and (0 0), x in steps of 0.5, y in steps of 0.25. */
static void layer_by_hand(void)
{
    float values[] = {2, -1, 0, 0};
    const float bias[] = {1, 3};
    const bcue_tensor weight = {.dtype = BCUE_F32, .shape = bcue_shape_of(2, 2), .data = values};
    int8_t bytes[4];
    int32_t sums[2];
    float factors[2];
    bcue_int8_layer(&weight, bias, 0.5F, 0.25F, bytes, sums, factors);
    CHECK_INT(bytes[0], 127);
    CHECK_INT(bytes[1], -64); /* -63.5, half to even */
    CHECK_INT(bytes[2], 0);
    CHECK_INT(sums[0], 127); /* 1 / (2 / 127 / 2) */
    CHECK_INT(sums[1], 6);
    CHECK_NEAR(factors[0], 2. / 127 * 0.5 / 0.25, 1e-8);
    CHECK_NEAR(factors[1], 2, 0);
}

static void training_refuses(void)
{
    bcue_error error = {""};
    bcue_graph *graph = bcue_small_net(2);
    bcue_weights weights;
    bcue_plan *plan = NULL;
    bcue_int8_input *inputs = bcue_calloc((size_t)bcue_graph_node_count(graph), sizeof *inputs);
    CHECK_OK(bcue_weights_create(graph, BCUE_F32, 5, &weights, &error), error);
    bcue_plan_options options = {
        .engine = BCUE_ENGINE_ONEDNN, .dtype = BCUE_F32, .training = true, .int8 = inputs};
    CHECK_INT(bcue_plan_create(graph, &weights, &options, &plan, &error), BCUE_ERROR_UNSUPPORTED);
    options = (bcue_plan_options){.engine = BCUE_ENGINE_REFERENCE, .dtype = BCUE_F32, .int8 = inputs};
    CHECK_INT(bcue_plan_create(graph, &weights, &options, &plan, &error), BCUE_ERROR_UNSUPPORTED);
    bcue_weights_free(&weights);
    bcue_graph_destroy(graph);
    free(inputs);
}

int main(void)
{
    RUN(layer_by_hand);
    RUN(training_refuses);
    if (bcue_int8_available())
        RUN(equals_plain_layers);
    return check_summary();
}

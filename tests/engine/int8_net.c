#include "int8_net.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/rng.h"
#include "engine/int8_conv.h"
#include "graph/fuse.h"

enum { PICTURES = 2, C = 24, MID = 40, H = 9, W = 7, ROWS = 11, IN = 48, OUT = 33, U = 20, V = 12 };
enum { PLANE = H * W, U_H = (H - 1) / 2 + 1, U_W = (W - 1) / 2 + 1 };
static const float scale_x = 0.021F, scale_mid = 0.017F, scale_t = 0.013F;

typedef struct conv_shape {
    int64_t inputs, outputs;
    int stride;
    bool bias, norm;
} conv_shape;

static bcue_value conv(bcue_graph *g, const char *name, bcue_value x, const conv_shape *s)
{
    const bcue_shape shape = bcue_shape_of(s->outputs, s->inputs, 3, 3), vector = bcue_shape_of(s->outputs);
    const bcue_parameter_spec spec = {.init = BCUE_INIT_NORMAL_FAN_OUT, .fan = s->outputs * 9},
                              offset = {.init = BCUE_INIT_NORMAL, .scale = 0.5},
                              one = {.init = BCUE_INIT_ONE},
                              running = {.init = BCUE_INIT_ONE, .running = true};
    const int ones[2] = {1, 1}, strides[2] = {s->stride, s->stride};
    bcue_graph_push(g, name);
    const bcue_value kernel = bcue_graph_parameter(g, "weight", &shape, &spec);
    const bcue_value add = s->bias ? bcue_graph_parameter(g, "bias", &vector, &offset) : BCUE_NO_VALUE;
    bcue_value y = bcue_graph_conv2d(g, "conv", x, kernel, add, strides, ones, ones, 1);
    if (s->norm) {
        const bcue_value weight = bcue_graph_parameter(g, "norm.weight", &vector, &one),
                         bias = bcue_graph_parameter(g, "norm.bias", &vector, &one),
                         mean = bcue_graph_parameter(g, "norm.mean", &vector, &running),
                         variance = bcue_graph_parameter(g, "norm.var", &vector, &running);
        y = bcue_graph_batch_norm(g, "norm", y, weight, bias, mean, variance, 1e-5, 0.1);
    }
    bcue_graph_pop(g);
    return y;
}

static const conv_shape shape_a = {C, MID, 1, false, true}, shape_b = {MID, C, 1, false, true},
                        shape_u = {C, U, 2, true, false}, shape_v = {C, V, 1, true, true};

bcue_graph *bcue_int8_net(void)
{
    bcue_graph *g = bcue_graph_create();
    const bcue_shape picture = bcue_shape_of(PICTURES, C, H, W), tokens = bcue_shape_of(PICTURES, ROWS, IN),
                     matrix = bcue_shape_of(OUT, IN), vector = bcue_shape_of(OUT);
    const bcue_parameter_spec spec = {.init = BCUE_INIT_UNIFORM_FAN_IN, .fan = IN};
    const bcue_value x = bcue_graph_input(g, "x", BCUE_F32, &picture),
                     t = bcue_graph_input(g, "t", BCUE_F32, &tokens);
    const bcue_value a = bcue_graph_relu(g, "a.relu", conv(g, "a", x, &shape_a));
    const bcue_value b = bcue_graph_add(g, "sum", conv(g, "b", a, &shape_b), x);
    bcue_graph_output(g, "y", bcue_graph_relu(g, "b.relu", b));
    bcue_graph_output(g, "u", bcue_graph_relu(g, "u.relu", conv(g, "u", x, &shape_u)));
    bcue_graph_output(g, "v", conv(g, "v", x, &shape_v));
    const bcue_value weight = bcue_graph_parameter(g, "fc.weight", &matrix, &spec),
                     bias = bcue_graph_parameter(g, "fc.bias", &vector, &spec);
    bcue_graph_output(g, "z", bcue_graph_linear(g, "fc", t, weight, bias));
    return g;
}

bcue_int8_input *bcue_int8_net_inputs(const bcue_graph *graph)
{
    static const struct {
        const char *name;
        const float *scale;
        bool negative;
    } layers[BCUE_INT8_NET_LAYERS] = {{"a.conv", &scale_x, true},
                                      {"b.conv", &scale_mid, false},
                                      {"u.conv", &scale_x, true},
                                      {"v.conv", &scale_x, true},
                                      {"fc", &scale_t, true}};
    bcue_int8_input *inputs = bcue_calloc((size_t)bcue_graph_node_count(graph), sizeof *inputs);
    for (int32_t i = 0; inputs != NULL && i < bcue_graph_node_count(graph); i++)
        for (int k = 0; k < BCUE_INT8_NET_LAYERS; k++)
            if (strcmp(bcue_graph_node(graph, i)->name, layers[k].name) == 0)
                inputs[i] = (bcue_int8_input){*layers[k].scale, layers[k].negative};
    return inputs;
}

bcue_status bcue_int8_net_weights(const bcue_graph *graph, bcue_weights *weights, bcue_error *error)
{
    bcue_rng rng = bcue_rng_make(8, BCUE_RNG_TEST, 0, 0, 0);
    const bcue_status status = bcue_weights_create(graph, BCUE_F32, 5, weights, error);
    for (int32_t i = 0; status == BCUE_OK && i < weights->count; i++)
        for (int64_t k = 0;
             strstr(weights->names[i], "norm") != NULL && k < bcue_tensor_count(&weights->tensors[i]); k++)
            ((float *)weights->tensors[i].data)[k] = (float)bcue_rng_range(&rng, 0.3, 1.7);
    return status;
}

void bcue_int8_net_fill(float *x, float *t)
{
    bcue_rng rng = bcue_rng_make(8, BCUE_RNG_TEST, 0, 0, 1);
    for (int i = 0; i < PICTURES * C * PLANE; i++)
        x[i] = (float)bcue_rng_normal(&rng);
    for (int i = 0; i < PICTURES * ROWS * IN; i++)
        t[i] = (float)bcue_rng_normal(&rng);
}

/* ---- by bytes ---- */

static const bcue_tensor *find(const bcue_weights *weights, const char *layer, const char *part)
{
    char full[64];
    snprintf(full, sizeof full, "%s.%s", layer, part);
    for (int32_t i = 0; i < weights->count; i++)
        if (strcmp(weights->names[i], full) == 0)
            return &weights->tensors[i];
    return NULL;
}

/* One layer as a plan has it, run by the plain convolution. */
static bool run_layer(bcue_int8_conv_spec spec, const bcue_tensor *weight, const float *bias,
                      const float scale[2], const void *x, void *y)
{
    const size_t taps = (size_t)bcue_tensor_count(weight), outputs = (size_t)spec.outputs;
    int8_t *bytes = bcue_calloc(taps, 1);
    int32_t *sums = bcue_calloc(outputs, sizeof *sums);
    float *factors = bcue_calloc(outputs, sizeof *factors);
    const bool made = bytes != NULL && sums != NULL && factors != NULL;
    if (made) {
        bcue_int8_layer(weight, bias, scale[0], scale[1], bytes, sums, factors);
        spec.weight = bytes;
        spec.bias = sums;
        spec.scale = factors;
        bcue_int8_conv_reference(&spec, x, y);
    }
    free(bytes);
    free(sums);
    free(factors);
    return made;
}

static bool run_conv(const bcue_weights *weights, const char *name, const conv_shape *shape, bool relu,
                     const float scale[2], bcue_int8_result result, const void *x, void *y)
{
    const bcue_int8_conv_spec spec = {.pictures = PICTURES,
                                      .channels = shape->inputs,
                                      .height = H,
                                      .width = W,
                                      .outputs = shape->outputs,
                                      .kernel = {3, 3},
                                      .stride = {shape->stride, shape->stride},
                                      .padding = {1, 1},
                                      .signed_input = shape->inputs == C,
                                      .relu = relu,
                                      .result = result};
    const bcue_tensor *weight = find(weights, name, "weight"), *bias = find(weights, name, "bias");
    const bcue_norm_values norm = {find(weights, name, "norm.weight"), find(weights, name, "norm.bias"),
                                   find(weights, name, "norm.mean"), find(weights, name, "norm.var"), 1e-5};
    if (weight == NULL || (bias != NULL) != shape->bias || (norm.weight != NULL) != shape->norm)
        return false;
    if (!shape->norm)
        return run_layer(spec, weight, bias != NULL ? bias->data : NULL, scale, x, y);
    bcue_tensor folded = *weight, folded_bias = *norm.bias;
    folded.data = bcue_calloc(1, bcue_tensor_size(&folded));
    folded_bias.data = bcue_calloc(1, bcue_tensor_size(&folded_bias));
    bool ran = folded.data != NULL && folded_bias.data != NULL;
    if (ran) {
        bcue_fold_batch_norm(weight, bias, &norm, &folded, &folded_bias);
        ran = run_layer(spec, &folded, folded_bias.data, scale, x, y);
    }
    free(folded.data);
    free(folded_bias.data);
    return ran;
}

static int8_t to_level(float x, float scale)
{
    return (int8_t)fminf(fmaxf(nearbyintf(x * (1 / scale)), -128), 127);
}

/* (N,H,W,C) to (N,C,H,W). */
static void to_planes(const float *from, int channels, int plane, float *to)
{
    for (int n = 0; n < PICTURES; n++)
        for (int c = 0; c < channels; c++)
            for (int i = 0; i < plane; i++)
                to[(n * channels + c) * plane + i] = from[(n * plane + i) * channels + c];
}

static bool answer_pictures(const bcue_weights *weights, const float *x, bcue_int8_net_answers *answers)
{
    static int8_t bytes[PICTURES * PLANE * C];
    static uint8_t middle[PICTURES * PLANE * MID];
    static float result[PICTURES * PLANE * C];
    for (int n = 0; n < PICTURES; n++)
        for (int c = 0; c < C; c++)
            for (int i = 0; i < PLANE; i++)
                bytes[(n * PLANE + i) * C + c] = to_level(x[(n * C + c) * PLANE + i], scale_x);
    bool ran =
        run_conv(weights, "a", &shape_a, true, (float[]){scale_x, scale_mid}, BCUE_INT8_BYTE, bytes,
                 middle) &&
        run_conv(weights, "b", &shape_b, false, (float[]){scale_mid, 1}, BCUE_INT8_REAL, middle, result);
    to_planes(result, C, PLANE, answers->y);
    for (int i = 0; i < PICTURES * C * PLANE; i++)
        answers->y[i] = fmaxf(answers->y[i] + x[i], 0);
    ran = ran && run_conv(weights, "u", &shape_u, true, (float[]){scale_x, 1}, BCUE_INT8_REAL, bytes, result);
    to_planes(result, U, U_H * U_W, answers->u);
    ran =
        ran && run_conv(weights, "v", &shape_v, false, (float[]){scale_x, 1}, BCUE_INT8_REAL, bytes, result);
    to_planes(result, V, PLANE, answers->v);
    return ran;
}

bool bcue_int8_net_answer(const bcue_weights *weights, const float *x, const float *t,
                          bcue_int8_net_answers *answers)
{
    static int8_t bytes[PICTURES * ROWS * IN];
    const bcue_int8_conv_spec spec = {.pictures = 1,
                                      .channels = IN,
                                      .height = 1,
                                      .width = PICTURES * ROWS,
                                      .outputs = OUT,
                                      .kernel = {1, 1},
                                      .stride = {1, 1},
                                      .signed_input = true,
                                      .result = BCUE_INT8_REAL};
    const bcue_tensor *weight = find(weights, "fc", "weight"), *bias = find(weights, "fc", "bias");
    for (int i = 0; i < PICTURES * ROWS * IN; i++)
        bytes[i] = to_level(t[i], scale_t);
    return weight != NULL && bias != NULL && answer_pictures(weights, x, answers) &&
           run_layer(spec, weight, bias->data, (float[]){scale_t, 1}, bytes, answers->z);
}

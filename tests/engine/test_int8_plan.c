/* Layers in 8 bits within a plan against plain-C convolutions over the same bytes, bit for bit. */
#include <stdlib.h>
#include "base/memory.h"
#include "check.h"
#include "engine/int8_conv.h"
#include "engine/plan.h"
#include "int8_net.h"
#include "small_net.h"

static void check_equal(const bcue_plan *plan, const char *name, const float *expected, size_t count)
{
    const float *answer = bcue_plan_output(plan, name);
    int wrong = 0, positive = 0;
    for (size_t i = 0; i < count; i++) {
        wrong += expected[i] < answer[i] || expected[i] > answer[i];
        positive += expected[i] > 0;
    }
    CHECK_AT(wrong == 0, "%s: %d of %zu are wrong", name, wrong, count);
    CHECK_AT(positive > 50, "%s: %d of %zu are positive", name, positive, count);
}

static void equals_plain_layers(void)
{
    static bcue_int8_net_answers answers;
    bcue_error error = {""};
    bcue_graph *graph = bcue_int8_net();
    bcue_weights weights;
    bcue_plan *plan = NULL;
    bcue_int8_input *inputs = bcue_int8_net_inputs(graph);
    CHECK_OK(bcue_int8_net_weights(graph, &weights, &error), error);
    const bcue_plan_options options = {.engine = BCUE_ENGINE_ONEDNN, .dtype = BCUE_F32, .int8 = inputs};
    CHECK_OK(bcue_plan_create(graph, &weights, &options, &plan, &error), error);
    if (plan != NULL) {
        CHECK_INT(bcue_plan_int8_layers(plan), BCUE_INT8_NET_LAYERS);
        float *x = bcue_plan_input(plan, "x"), *t = bcue_plan_input(plan, "t");
        bcue_int8_net_fill(x, t);
        CHECK(bcue_int8_net_answer(&weights, x, t, &answers));
        CHECK_OK(bcue_plan_forward(plan, &error), error);
        check_equal(plan, "y", answers.y, sizeof answers.y / sizeof *answers.y);
        check_equal(plan, "u", answers.u, sizeof answers.u / sizeof *answers.u);
        check_equal(plan, "v", answers.v, sizeof answers.v / sizeof *answers.v);
        check_equal(plan, "z", answers.z, sizeof answers.z / sizeof *answers.z);
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

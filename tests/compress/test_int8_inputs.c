/* Scales of a whole network from calibration windows, and what the network then answers. */
#include <math.h>
#include <stdlib.h>
#include "base/memory.h"
#include "check.h"
#include "compress/int8_inputs.h"
#include "engine/int8_conv.h"
#include "small_net.h"

enum { BATCH = 4, WINDOWS = 12, CLASSES = BCUE_SMALL_NET_CLASSES };

static void feed(void *context, bcue_plan *plan, size_t first, size_t count)
{
    (void)context;
    (void)count;
    bcue_small_net_fill(plan, BATCH, (uint32_t)first);
}

static bcue_plan *make_plan(const bcue_graph *graph, bcue_weights *weights, const bcue_int8_input *inputs)
{
    bcue_error error = {""};
    bcue_plan *plan = NULL;
    const bcue_plan_options options = {.engine = BCUE_ENGINE_ONEDNN, .dtype = BCUE_F32, .int8 = inputs};
    CHECK_OK(bcue_plan_create(graph, weights, &options, &plan, &error), error);
    return plan;
}

/* By the largest magnitude the scale of the first layer is that of the input, which we can see ourselves. */
static void check_first(const bcue_graph *graph, bcue_plan *plan, const bcue_int8_input *inputs)
{
    double largest = 0;
    for (uint32_t first = 0; first < WINDOWS; first += BATCH) {
        bcue_small_net_fill(plan, BATCH, first);
        const float *x = bcue_plan_input(plan, "x");
        for (int i = 0; i < BATCH * 3 * 40 * 24; i++)
            largest = fmax(largest, fabs((double)x[i]));
    }
    for (int32_t i = 0; i < bcue_graph_node_count(graph); i++) {
        if (bcue_graph_node(graph, i)->op != BCUE_OP_CONV2D)
            continue;
        CHECK_NEAR(inputs[i].scale, largest / 127, 1e-8);
        CHECK(inputs[i].negative);
        return;
    }
}

/* The distance of the logits from those in f32, as a share of their norm. */
static double logit_error(bcue_plan *exact, bcue_plan *bytes)
{
    bcue_error error = {""};
    double difference = 0, norm = 0;
    for (uint32_t first = 100; first < 108; first++) {
        bcue_small_net_fill(exact, BATCH, first);
        bcue_small_net_fill(bytes, BATCH, first);
        CHECK_OK(bcue_plan_forward(exact, &error), error);
        CHECK_OK(bcue_plan_forward(bytes, &error), error);
        const float *a = bcue_plan_output(exact, "logits"), *b = bcue_plan_output(bytes, "logits");
        for (int i = 0; i < BATCH * CLASSES; i++) {
            difference += pow((double)a[i] - (double)b[i], 2);
            norm += pow((double)a[i], 2);
        }
    }
    return sqrt(difference / norm);
}

static void whole_network(void)
{
    static const bcue_range_rule methods[] = {BCUE_CALIBRATE_MIN_MAX, BCUE_CALIBRATE_PERCENTILE,
                                              BCUE_CALIBRATE_MSE, BCUE_CALIBRATE_KL};
    bcue_error error = {""};
    bcue_graph *graph = bcue_small_net(BATCH);
    bcue_weights weights;
    CHECK_OK(bcue_weights_create(graph, BCUE_F32, 3, &weights, &error), error);
    bcue_int8_input *inputs = bcue_calloc((size_t)bcue_graph_node_count(graph), sizeof *inputs);
    bcue_plan *exact = make_plan(graph, &weights, NULL);
    CHECK_INT(bcue_plan_int8_layers(exact), 0);
    for (int m = 0; m < 4; m++) {
        const bcue_int8_calibration calibration = {
            .method = methods[m], .share = 0.9999, .windows = WINDOWS, .batch = BATCH, .feed = feed};
        bcue_graph *copy = bcue_small_net(BATCH);
        CHECK_OK(bcue_int8_inputs(copy, &weights, &calibration, inputs, &error), error);
        bcue_graph_destroy(copy);
        if (m == 0)
            check_first(graph, exact, inputs);
        bcue_plan *bytes = make_plan(graph, &weights, inputs);
        CHECK_INT(bcue_plan_int8_layers(bytes), bcue_int8_available() ? 8 : 0); /* all but the last */
        const double off = logit_error(exact, bytes);
        CHECK_AT(off < 0.08, "method %d: the logits are off by %.4f", m, off);
        CHECK_AT(off > 0 || !bcue_int8_available(), "method %d: nothing was rounded", m);
        bcue_plan_destroy(bytes);
    }
    bcue_plan_destroy(exact);
    bcue_weights_free(&weights);
    bcue_graph_destroy(graph);
    free(inputs);
}

static void no_windows(void)
{
    bcue_error error = {""};
    bcue_graph *graph = bcue_small_net(BATCH);
    bcue_weights weights;
    CHECK_OK(bcue_weights_create(graph, BCUE_F32, 3, &weights, &error), error);
    bcue_int8_input *inputs = bcue_calloc((size_t)bcue_graph_node_count(graph), sizeof *inputs);
    const bcue_int8_calibration calibration = {.windows = BATCH - 1, .batch = BATCH, .feed = feed};
    CHECK_INT(bcue_int8_inputs(graph, &weights, &calibration, inputs, &error), BCUE_ERROR_ARGUMENT);
    bcue_weights_free(&weights);
    bcue_graph_destroy(graph);
    free(inputs);
}

int main(void)
{
    RUN(whole_network);
    RUN(no_windows);
    return check_summary();
}

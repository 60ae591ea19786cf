/* Training within a memory limit: the same bits, in less memory, at the cost of computing again. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"
#include "check.h"
#include "engine/plan.h"
#include "models/model_graph.h"

enum { BATCH = 3, STEPS = 2 };

typedef struct trainee {
    bcue_graph *graph;
    bcue_weights weights;
    bcue_plan *plan;
} trainee;

static bcue_status make(trainee *t, const char *yaml, const bcue_model_inputs *inputs, size_t limit,
                        bcue_error *error)
{
    bcue_model_config config = {0};
    bcue_config *owned;
    *t = (trainee){0};
    CHECK_OK(bcue_config_read_text(yaml, strlen(yaml), "test", NULL, 0, bcue_model_config_fields, &config,
                                   &owned, error),
             *error);
    CHECK_OK(bcue_model_build(&config, inputs, BATCH, &t->graph, error), *error);
    CHECK_OK(bcue_weights_create(t->graph, BCUE_F32, 11, &t->weights, error), *error);
    bcue_config_destroy(owned);
    const bcue_plan_options options = {.engine = BCUE_ENGINE_ONEDNN, .training = true, .memory_limit = limit};
    return bcue_plan_create(t->graph, &t->weights, &options, &t->plan, error);
}

static void free_trainee(trainee *t)
{
    bcue_plan_destroy(t->plan);
    bcue_weights_free(&t->weights);
    bcue_graph_destroy(t->graph);
}

/* One step of plain gradient descent on drawn data. */
static void step(trainee *t, uint32_t number)
{
    bcue_error error = {""};
    bcue_rng rng = bcue_rng_make(6, BCUE_RNG_TEST, 0, 0, number);
    for (bcue_value v = 0; v < bcue_graph_value_count(t->graph); v++) {
        const bcue_value_info *info = bcue_graph_value(t->graph, v);
        int64_t count = 0;
        void *data = info->kind == BCUE_VALUE_INPUT ? bcue_plan_input(t->plan, info->name) : NULL;
        (void)bcue_shape_count(&info->shape, &count);
        for (int64_t i = 0; data != NULL && i < count; i++) {
            if (info->dtype == BCUE_I32)
                ((int32_t *)data)[i] = (int32_t)bcue_rng_below(&rng, 5);
            else
                ((float *)data)[i] = (float)bcue_rng_normal(&rng);
        }
    }
    bcue_plan_set_step(t->plan, 5, 1, number);
    CHECK_OK(bcue_plan_forward(t->plan, &error), error);
    CHECK_OK(bcue_plan_backward(t->plan, &error), error);
    for (int32_t p = 0; p < t->weights.count; p++) {
        const float *gradient = bcue_plan_gradient(t->plan, p);
        float *weight = t->weights.tensors[p].data;
        for (int64_t i = 0; gradient != NULL && i < bcue_tensor_count(&t->weights.tensors[p]); i++)
            weight[i] -= 0.01F * gradient[i];
    }
    bcue_plan_weights_changed(t->plan);
}

static void same_weights(const trainee *a, const trainee *b, double share)
{
    CHECK_INT(a->weights.count, b->weights.count);
    for (int32_t p = 0; p < a->weights.count; p++)
        CHECK_AT(memcmp(a->weights.tensors[p].data, b->weights.tensors[p].data,
                        bcue_tensor_size(&a->weights.tensors[p])) == 0,
                 "limit of %.2f: %s differs", share, a->weights.names[p]);
}

static void check_limits(const char *yaml, const bcue_model_inputs *inputs, double least_share)
{
    bcue_error error = {""};
    trainee free_run, limited;
    CHECK_OK(make(&free_run, yaml, inputs, 0, &error), error);
    const size_t whole = bcue_plan_peak_bytes(free_run.plan);
    CHECK(bcue_plan_recomputed(free_run.plan) == 0);
    for (uint32_t i = 0; i < STEPS; i++)
        step(&free_run, i);
    double before = -1;
    for (double share = 1; share >= least_share; share -= 0.15) {
        const size_t limit = (size_t)(share * (double)whole);
        const bcue_status status = make(&limited, yaml, inputs, limit, &error);
        CHECK_AT(status == BCUE_OK, "limit of %.2f: %s", share, error.text);
        if (status == BCUE_OK) {
            CHECK(bcue_plan_peak_bytes(limited.plan) <= limit);
            const double again = bcue_plan_recomputed(limited.plan);
            CHECK_AT(share == 1 ? again == 0 : again >= before, "limit of %.2f: %.3f is computed again",
                     share, again);
            before = again;
            for (uint32_t i = 0; i < STEPS; i++)
                step(&limited, i);
            same_weights(&free_run, &limited, share);
        }
        free_trainee(&limited);
    }
    CHECK(before > 0 && before <= 1);
    CHECK_STATUS(make(&limited, yaml, inputs, whole / 100, &error), BCUE_ERROR_MEMORY);
    CHECK_CONTAINS(error.text, "without a limit");
    free_trainee(&limited);
    free_trainee(&free_run);
}

static const bcue_model_inputs inputs = {.frames = 2,
                                         .channels = 3,
                                         .height = 64,
                                         .width = 64,
                                         .lidar = {1, 64, 64},
                                         .radar = {2, 32, 64},
                                         .gps_frames = 2,
                                         .beams = 5};

static void fused_network(void)
{
    check_limits(
        "kind: beamtransfuser\nwidth: 8\ncamera_depth: 18\nblocks: 2\nanchors: 4\nhead: [16]\ndropout: 0.2\n",
        &inputs, 0.65);
}

static void residual_network(void)
{
    /* Most of it are gradients of parameters. */
    check_limits("kind: resnet18\nwidth: 16\nposition: true\ndropout: 0.3\n", &inputs, 0.84);
}

int main(void)
{
    RUN(fused_network);
    RUN(residual_network);
    return check_summary();
}

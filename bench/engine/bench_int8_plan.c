/* A whole BeamTransFuser with random weights and inputs, one window: in f32 and in 8 bits in turns in one
   run.

       bench_int8_plan [THREADS [ROUNDS [full|small]]] */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "compress/int8_inputs.h"
#include "engine/int8_conv.h"
#include "models/model_graph.h"

#define INPUTS(size, frames_)                                                                                \
    {                                                                                                        \
        .frames = (frames_), .channels = 3, .height = (size), .width = (size), .lidar = {1, (size), (size)}, \
        .radar = {2, (size), (size)}, .gps_frames = 2, .beams = 64                                           \
    }

typedef struct bench {
    bcue_graph *graph, *copy;
    bcue_weights weights;
    bcue_int8_input *inputs;
    bcue_plan *plans[2]; /* f32, int8 */
    double *seconds[2];
} bench;

static void feed(void *context, bcue_plan *plan, size_t first, size_t count)
{
    const bcue_graph *graph = context;
    bcue_rng rng = bcue_rng_make(3, BCUE_RNG_TEST, 0, 0, (uint32_t)first);
    (void)count;
    for (bcue_value v = 0; v < bcue_graph_value_count(graph); v++) {
        const bcue_value_info *info = bcue_graph_value(graph, v);
        int64_t elements = 0;
        float *data = info->kind == BCUE_VALUE_INPUT && info->dtype == BCUE_F32
                          ? bcue_plan_input(plan, info->name)
                          : NULL;
        if (data == NULL || !bcue_shape_count(&info->shape, &elements))
            continue;
        for (int64_t i = 0; i < elements; i++)
            data[i] = (float)bcue_rng_normal(&rng);
    }
}

static bcue_status make(bench *b, const char *preset, bcue_error *error)
{
    const bool full = strcmp(preset, "full") == 0;
    const bcue_model_inputs wide = INPUTS(256, 5), narrow = INPUTS(128, 2), *shape = full ? &wide : &narrow;
    const char *yaml =
        full ? "kind: beamtransfuser\n" : "kind: beamtransfuser\nwidth: 16\nanchors: 4\nhead: [128, 64]\n";
    bcue_model_config config;
    bcue_config *owned;
    BCUE_TRY(bcue_config_read_text(yaml, strlen(yaml), "bench", NULL, 0, bcue_model_config_fields, &config,
                                   &owned, error));
    bcue_status status = bcue_model_build(&config, shape, 1, &b->graph, error);
    if (status == BCUE_OK)
        status = bcue_model_build(&config, shape, 1, &b->copy, error);
    bcue_config_destroy(owned);
    BCUE_TRY(status);
    BCUE_TRY(bcue_weights_create(b->graph, BCUE_F32, 1, &b->weights, error));
    b->inputs = bcue_calloc((size_t)bcue_graph_node_count(b->graph), sizeof *b->inputs);
    if (b->inputs == NULL)
        return bcue_fail_memory(error, "the layers");
    const bcue_int8_calibration calibration = {
        .method = BCUE_CALIBRATE_MSE, .windows = 1, .batch = 1, .context = b->graph, .feed = feed};
    BCUE_TRY(bcue_int8_inputs(b->copy, &b->weights, &calibration, b->inputs, error));
    for (int i = 0; i < 2; i++) {
        const bcue_plan_options options = {
            .engine = BCUE_ENGINE_ONEDNN, .dtype = BCUE_F32, .int8 = i == 1 ? b->inputs : NULL};
        BCUE_TRY(bcue_plan_create(b->graph, &b->weights, &options, &b->plans[i], error));
        feed(b->graph, b->plans[i], 7, 1);
    }
    return BCUE_OK;
}

static bcue_status run(bench *b, int rounds, bcue_error *error)
{
    for (int i = 0; i < 2; i++) {
        b->seconds[i] = bcue_calloc((size_t)rounds, sizeof(double));
        if (b->seconds[i] == NULL)
            return bcue_fail_memory(error, "the times");
        BCUE_TRY(bcue_plan_forward(b->plans[i], error));
    }
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < 2; i++) {
            const double start = bcue_clock_s();
            BCUE_TRY(bcue_plan_forward(b->plans[i], error));
            b->seconds[i][round] = bcue_clock_s() - start;
        }
    }
    return BCUE_OK;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print(bench *b, const char *preset, int threads, int rounds)
{
    const float *exact = bcue_plan_output(b->plans[0], "logits"),
                *bytes = bcue_plan_output(b->plans[1], "logits");
    double difference = 0, norm = 0;
    for (int i = 0; exact != NULL && bytes != NULL && i < 64; i++) {
        difference += pow((double)exact[i] - (double)bytes[i], 2);
        norm += pow((double)exact[i], 2);
    }
    for (int i = 0; i < 2; i++)
        qsort(b->seconds[i], (size_t)rounds, sizeof(double), compare);
    const double f32 = b->seconds[0][rounds / 2], int8 = b->seconds[1][rounds / 2];
    printf("| preset | threads | rounds | layers in 8 bits | f32 ms p50 (fastest) | int8 ms p50 (fastest) | "
           "int8 / "
           "f32 (fastest) | logits off by |\n|---|---|---|---|---|---|---|---|\n");
    printf("| %s | %d | %d | %d | %.1f (%.1f) | %.1f (%.1f) | %.2f (%.2f) | %.3f |\n", preset, threads,
           rounds, (int)bcue_plan_int8_layers(b->plans[1]), 1e3 * f32, 1e3 * b->seconds[0][0], 1e3 * int8,
           1e3 * b->seconds[1][0], int8 / f32, b->seconds[1][0] / b->seconds[0][0], sqrt(difference / norm));
}

int main(int argc, char **argv)
{
    const int threads = argc > 1 ? atoi(argv[1]) : 1,
              rounds = argc > 2 && atoi(argv[2]) > 0 ? atoi(argv[2]) : 5;
    const char *preset = argc > 3 ? argv[3] : "full";
    bcue_error error = {""};
    bench b = {0};
    if (!bcue_int8_available()) {
        printf("this processor has neither VNNI nor AMX\n");
        return 0;
    }
    bcue_set_threads(threads);
    bcue_status status = make(&b, preset, &error);
    if (status == BCUE_OK)
        status = run(&b, rounds, &error);
    if (status == BCUE_OK)
        print(&b, preset, threads, rounds);
    else
        fprintf(stderr, "bench_int8_plan: %s\n", error.text);
    for (int i = 0; i < 2; i++) {
        bcue_plan_destroy(b.plans[i]);
        free(b.seconds[i]);
    }
    bcue_weights_free(&b.weights);
    bcue_graph_destroy(b.graph);
    bcue_graph_destroy(b.copy);
    free(b.inputs);
    return status != BCUE_OK;
}

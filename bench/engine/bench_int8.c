/* The convolutions of the full BeamTransFuser (or of another preset) in 8 bits against f32, layer by layer in
   one run: f32 as the engine runs them within the network (Winograd's where it chooses that, batch norm and
   ReLU fused), 8 bits from bytes to bytes with bias, scale and ReLU fused. What the network would need
   besides (scaling to bytes where a residual sum leaves f32) is not counted. Both take turns; of every layer
   the fastest of all rounds counts, so that a busy machine hardly matters on one thread.

       bench_int8 [THREADS [ROUNDS [full|small]]] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "engine/int8_conv.h"
#include "engine/plan.h"
#include "models/model_graph.h"

#define INPUTS(size, frames_)                                                                                \
    {                                                                                                        \
        .frames = (frames_), .channels = 3, .height = (size), .width = (size), .lidar = {1, (size), (size)}, \
        .radar = {2, (size), (size)}, .gps_frames = 2, .beams = 64                                           \
    }

typedef struct layer {
    int32_t node;
    int64_t macs;
    bcue_int8_conv *bytes;
    double f32_s, int8_s; /* fastest */
} layer;

typedef struct bench {
    bcue_graph *graph;
    bcue_weights weights;
    bcue_plan *plan;
    layer *layers;
    size_t count;
    double *forward;
} bench;

static bcue_status make_layer(const bcue_graph *graph, int32_t index, layer *made, bcue_error *error)
{
    const bcue_node *node = bcue_graph_node(graph, index);
    const bcue_shape *x = &bcue_graph_value(graph, node->input[0])->shape,
                     *w = &bcue_graph_value(graph, node->input[1])->shape;
    const int64_t outputs = w->dim[0];
    int64_t taps = 0;
    bcue_rng rng = bcue_rng_make(1, BCUE_RNG_TEST, 0, 0, (uint32_t)index);
    (void)bcue_shape_count(w, &taps);
    int8_t *weight = bcue_calloc((size_t)taps, 1);
    int32_t *bias = bcue_calloc((size_t)outputs, sizeof *bias);
    float *scale = bcue_calloc((size_t)outputs, sizeof *scale);
    bcue_status status =
        weight == NULL || bias == NULL || scale == NULL ? bcue_fail_memory(error, "a layer") : BCUE_OK;
    for (int64_t i = 0; status == BCUE_OK && i < taps; i++)
        weight[i] = (int8_t)((int)bcue_rng_below(&rng, 255) - 127);
    for (int64_t i = 0; status == BCUE_OK && i < outputs; i++)
        scale[i] = 1e-4F;
    bcue_int8_conv_spec spec = {.pictures = x->dim[0],
                                .channels = x->dim[1],
                                .height = x->dim[2],
                                .width = x->dim[3],
                                .outputs = outputs,
                                .kernel = {(int)w->dim[2], (int)w->dim[3]},
                                .signed_input = x->dim[1] <= 3,
                                .weight = weight,
                                .bias = bias,
                                .scale = scale,
                                .relu = true,
                                .result = BCUE_INT8_BYTE};
    for (int i = 0; i < 2; i++) {
        spec.stride[i] = node->u.conv.stride[i];
        spec.padding[i] = node->u.conv.padding[i];
    }
    *made = (layer){.node = index, .macs = bcue_graph_node_macs(graph, index), .f32_s = 1e9, .int8_s = 1e9};
    if (status == BCUE_OK)
        status = bcue_int8_conv_create(&spec, &made->bytes, error);
    const size_t inputs = (size_t)(x->dim[0] * x->dim[1] * x->dim[2] * x->dim[3]);
    uint8_t *data = made->bytes != NULL ? bcue_int8_conv_input(made->bytes) : NULL;
    for (size_t i = 0; data != NULL && i < inputs; i++)
        data[i] = (uint8_t)(i * 2654435761U >> 24);
    free(weight);
    free(bias);
    free(scale);
    return status;
}

static bcue_status make(bench *b, const char *preset, bcue_error *error)
{
    const bool full = strcmp(preset, "full") == 0;
    const bcue_model_inputs wide = INPUTS(256, 5), narrow = INPUTS(128, 2);
    const char *yaml =
        full ? "kind: beamtransfuser\n" : "kind: beamtransfuser\nwidth: 16\nanchors: 4\nhead: [128, 64]\n";
    bcue_model_config config;
    bcue_config *owned;
    const bcue_plan_options options = {.engine = BCUE_ENGINE_ONEDNN, .dtype = BCUE_F32};
    BCUE_TRY(bcue_config_read_text(yaml, strlen(yaml), "bench", NULL, 0, bcue_model_config_fields, &config,
                                   &owned, error));
    bcue_status status = bcue_model_build(&config, full ? &wide : &narrow, 1, &b->graph, error);
    bcue_config_destroy(owned);
    if (status == BCUE_OK)
        status = bcue_weights_create(b->graph, BCUE_F32, 1, &b->weights, error);
    if (status == BCUE_OK)
        status = bcue_plan_create(b->graph, &b->weights, &options, &b->plan, error);
    if (status != BCUE_OK)
        return status;
    const int32_t nodes = bcue_graph_node_count(b->graph);
    b->layers = bcue_calloc((size_t)nodes, sizeof *b->layers);
    b->forward = bcue_calloc((size_t)nodes, sizeof *b->forward);
    if (b->layers == NULL || b->forward == NULL)
        return bcue_fail_memory(error, "the layers");
    for (int32_t i = 0; status == BCUE_OK && i < nodes; i++) {
        if (bcue_graph_node(b->graph, i)->op == BCUE_OP_CONV2D)
            status = make_layer(b->graph, i, &b->layers[b->count++], error);
    }
    return status;
}

static bcue_status run_round(bench *b, bcue_error *error)
{
    memset(b->forward, 0, (size_t)bcue_graph_node_count(b->graph) * sizeof *b->forward);
    BCUE_TRY(bcue_plan_profile(b->plan, b->forward, NULL, error));
    for (size_t i = 0; i < b->count; i++) {
        layer *l = &b->layers[i];
        const double start = bcue_clock_s();
        BCUE_TRY(bcue_int8_conv_run(l->bytes, error));
        const double took = bcue_clock_s() - start;
        l->int8_s = took < l->int8_s ? took : l->int8_s;
        l->f32_s = b->forward[l->node] < l->f32_s ? b->forward[l->node] : l->f32_s;
    }
    return BCUE_OK;
}

static void print(const bench *b, const char *preset, int threads, int rounds)
{
    double f32 = 0, bytes = 0;
    int64_t macs = 0;
    for (size_t i = 0; i < b->count; i++) {
        f32 += b->layers[i].f32_s;
        bytes += b->layers[i].int8_s;
        macs += b->layers[i].macs;
    }
    printf("| preset | threads | rounds | layers | GMAC | f32 ms | int8 ms | int8 / f32 "
           "|\n|---|---|---|---|---|---|---|---|\n");
    printf("| %s | %d | %d | %zu | %.2f | %.1f | %.1f | %.2f |\n", preset, threads, rounds, b->count,
           1e-9 * (double)macs, 1e3 * f32, 1e3 * bytes, bytes / f32);
}

int main(int argc, char **argv)
{
    const int threads = argc > 1 ? atoi(argv[1]) : 1, rounds = argc > 2 ? atoi(argv[2]) : 5;
    const char *preset = argc > 3 ? argv[3] : "full";
    bcue_error error = {""};
    bench b = {0};
    if (!bcue_int8_available()) {
        printf("this processor has neither VNNI nor AMX\n");
        return 0;
    }
    bcue_set_threads(threads);
    bcue_status status = make(&b, preset, &error);
    for (int round = 0; status == BCUE_OK && round < rounds; round++)
        status = run_round(&b, &error);
    if (status == BCUE_OK)
        print(&b, preset, threads, rounds);
    else
        fprintf(stderr, "bench_int8: %s\n", error.text);
    for (size_t i = 0; i < b.count; i++)
        bcue_int8_conv_destroy(b.layers[i].bytes);
    bcue_plan_destroy(b.plan);
    bcue_weights_free(&b.weights);
    bcue_graph_destroy(b.graph);
    free(b.layers);
    free(b.forward);
    return status != BCUE_OK;
}

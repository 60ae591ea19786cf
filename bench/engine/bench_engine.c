/* Times one network on the oneDNN engine, so that a driver can take turns with other programs
   (tools/peer/bench_torch.py, bench_beamtransfuser.py):

       bench_engine 18|34|full BATCH inference|int8|training|layers|int8-layers THREADS [SIZE|SVG]

   Prints "ready", then for each line of input with a number n runs n times and prints the milliseconds of
   each run on one line. A training run is forward and backward: loss and all gradients, without the
   optimiser. 18 and 34 are ResNets of width 64, 3 channels, SIZE x SIZE (256), 64 classes; full is
   BeamTransFuser with all its 78,422,528 parameters. Weights are random. "int8" is inference with all layers
   that can be in 8 bits, their scales from the inputs of the run. "layers" and "int8-layers" print where the
   time goes instead, and draw it in a file SVG. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "api/layers_api.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/fail.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "compress/int8_inputs.h"
#include "engine/plan.h"
#include "models/model_graph.h"
#include "models/resnet.h"

enum { CLASSES = 64, FEATURES = 512 };

static bcue_graph *build(int depth, int64_t batch, int64_t size)
{
    bcue_graph *graph = bcue_graph_create();
    if (graph == NULL)
        return NULL;
    bcue_shape picture = bcue_shape_of(batch, 3, size, size), labels = bcue_shape_of(batch);
    bcue_shape weight_shape = bcue_shape_of(CLASSES, FEATURES), bias_shape = bcue_shape_of(CLASSES);
    bcue_parameter_spec spec = {.init = BCUE_INIT_UNIFORM_FAN_IN, .fan = FEATURES};
    bcue_value x = bcue_graph_input(graph, "x", BCUE_F32, &picture);
    bcue_value label = bcue_graph_input(graph, "label", BCUE_I32, &labels);
    bcue_value logits = bcue_graph_linear(graph, "fc", bcue_resnet_backbone(graph, x, depth),
                                          bcue_graph_parameter(graph, "fc.weight", &weight_shape, &spec),
                                          bcue_graph_parameter(graph, "fc.bias", &bias_shape, &spec));
    bcue_graph_output(graph, "logits", logits);
    bcue_graph_output(graph, "loss",
                      bcue_graph_cross_entropy(graph, "loss", logits, label, BCUE_NO_VALUE, 0));
    return graph;
}

static bcue_status build_full(int64_t batch, bcue_graph **graph, bcue_error *error)
{
    char *modalities[] = {"camera", "lidar", "radar", "gps"};
    int64_t hidden[] = {256, 128};
    const bcue_model_config config = {.kind = BCUE_MODEL_BEAMTRANSFUSER,
                                      .width = 64,
                                      .dropout = 0.1,
                                      .modalities = {.items = modalities, .count = 4},
                                      .depth = {34, 18, 18},
                                      .blocks = 8,
                                      .heads = 4,
                                      .expansion = 4,
                                      .anchors = 8,
                                      .head = {.items = hidden, .count = 2}};
    const bcue_model_inputs inputs = {.frames = 5,
                                      .channels = 3,
                                      .height = 256,
                                      .width = 256,
                                      .lidar = {1, 256, 256},
                                      .radar = {2, 256, 256},
                                      .gps_frames = 2,
                                      .beams = CLASSES};
    return bcue_model_build(&config, &inputs, batch, graph, error);
}

static void fill(const bcue_graph *graph, bcue_plan *plan)
{
    bcue_rng rng = bcue_rng_make(1, BCUE_RNG_TEST, 0, 0, 0);
    for (bcue_value v = 0; v < bcue_graph_value_count(graph); v++) {
        const bcue_value_info *info = bcue_graph_value(graph, v);
        int64_t count = 0;
        void *data = info->kind == BCUE_VALUE_INPUT ? bcue_plan_input(plan, info->name) : NULL;
        (void)bcue_shape_count(&info->shape, &count);
        for (int64_t i = 0; data != NULL && i < count; i++) {
            if (info->dtype == BCUE_I32)
                ((int32_t *)data)[i] = (int32_t)bcue_rng_below(&rng, CLASSES);
            else
                ((float *)data)[i] = (float)bcue_rng_range(&rng, -1, 1);
        }
    }
}

static void feed(void *context, bcue_plan *plan, size_t first, size_t count)
{
    (void)first;
    (void)count;
    fill(context, plan);
}

/* How every layer takes its input in 8 bits. `graph` is spent: it gets outputs that no plan should have. */
static bcue_status calibrate(bcue_graph *graph, bcue_weights *weights, int64_t batch,
                             bcue_int8_input **inputs, bcue_error *error)
{
    const bcue_int8_calibration calibration = {.method = BCUE_CALIBRATE_MSE,
                                               .windows = (size_t)batch,
                                               .batch = (size_t)batch,
                                               .context = graph,
                                               .feed = feed};
    *inputs = bcue_calloc((size_t)bcue_graph_node_count(graph), sizeof **inputs);
    return *inputs == NULL ? bcue_fail_memory(error, "the layers")
                           : bcue_int8_inputs(graph, weights, &calibration, *inputs, error);
}

static bcue_status show_layers(const bcue_graph *graph, bcue_plan *plan, const char *svg, bcue_error *error)
{
    const bcue_layers_options options = {.runs = 7, .svg_path = svg};
    bcue_report *made = bcue_report_create(), *report = NULL;
    if (made == NULL)
        return BCUE_ERROR_MEMORY;
    bcue_status status = bcue_report_layers(graph, plan, &options, "Layers", made, error);
    status = bcue_report_deliver(made, status, &report, error);
    if (status == BCUE_OK)
        fputs(bcue_report_text(report), stdout);
    bcue_report_destroy(report);
    return status;
}

/* Processor time of the process: on one thread it is the same on a busy machine. */
static double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static bcue_status serve(bcue_plan *plan, bool training, bcue_error *error)
{
    char line[64];
    printf("ready %.1f MB\n", (double)bcue_plan_peak_bytes(plan) / 1e6);
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL) {
        for (long n = strtol(line, NULL, 10); n > 0; n--) {
            double start = bcue_clock_s(), start_cpu = cpu_s();
            bcue_status status = bcue_plan_forward(plan, error);
            if (status == BCUE_OK && training)
                status = bcue_plan_backward(plan, error);
            if (status != BCUE_OK)
                return status;
            printf("%.4f/%.4f ", (bcue_clock_s() - start) * 1e3, (cpu_s() - start_cpu) * 1e3);
        }
        putchar('\n');
        fflush(stdout);
    }
    return BCUE_OK;
}

static bcue_status make_graph(const char *network, int64_t batch, int64_t size, bcue_graph **graph,
                              bcue_error *error)
{
    if (strcmp(network, "full") == 0)
        return build_full(batch, graph, error);
    *graph = build((int)strtol(network, NULL, 10), batch, size);
    return *graph == NULL ? bcue_fail_memory(error, "the network") : bcue_graph_check(*graph, error);
}

int main(int argc, char **argv)
{
    if (argc < 5 || argc > 6) {
        fprintf(stderr,
                "usage: bench_engine 18|34|full BATCH inference|int8|training|layers|int8-layers THREADS "
                "[SIZE|SVG]\n");
        return 2;
    }
    const bool layers = strstr(argv[3], "layers") != NULL, int8 = strncmp(argv[3], "int8", 4) == 0;
    const bool training = strcmp(argv[3], "training") == 0;
    const int64_t batch = strtol(argv[2], NULL, 10),
                  size = argc > 5 && !layers ? strtol(argv[5], NULL, 10) : 256;
    bcue_set_threads((int)strtol(argv[4], NULL, 10));
    bcue_error error = {""};
    bcue_weights weights = {0};
    bcue_plan *plan = NULL;
    bcue_graph *graph = NULL, *copy = NULL;
    bcue_int8_input *inputs = NULL;
    bcue_status status = make_graph(argv[1], batch, size, &graph, &error);
    if (status == BCUE_OK)
        status = bcue_weights_create(graph, BCUE_F32, 1, &weights, &error);
    if (status == BCUE_OK && int8)
        status = make_graph(argv[1], batch, size, &copy, &error);
    if (status == BCUE_OK && int8)
        status = calibrate(copy, &weights, batch, &inputs, &error);
    const bcue_plan_options options = {
        .engine = BCUE_ENGINE_ONEDNN, .dtype = BCUE_F32, .training = training, .int8 = inputs};
    if (status == BCUE_OK)
        status = bcue_plan_create(graph, &weights, &options, &plan, &error);
    if (status == BCUE_OK && int8 && bcue_plan_int8_layers(plan) == 0)
        status = bcue_fail(&error, BCUE_ERROR_UNSUPPORTED, "this processor has neither VNNI nor AMX");
    if (status == BCUE_OK) {
        fill(graph, plan);
        status = layers ? show_layers(graph, plan, argc > 5 ? argv[5] : NULL, &error)
                        : serve(plan, training, &error);
    }
    if (status != BCUE_OK)
        fprintf(stderr, "bench_engine: %s\n", error.text);
    bcue_plan_destroy(plan);
    bcue_weights_free(&weights);
    bcue_graph_destroy(graph);
    bcue_graph_destroy(copy);
    free(inputs);
    return status == BCUE_OK ? 0 : 1;
}

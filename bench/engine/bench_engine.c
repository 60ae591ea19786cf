/* Times one ResNet on the oneDNN engine, so that a driver can take turns with other programs
   (tools/peer/bench_torch.py):

       bench_engine DEPTH BATCH inference|training THREADS [SIZE]

   Prints "ready", then for each line of input with a number n runs n times and prints the milliseconds of
   each run on one line. A training run is forward and backward: loss and all gradients, without the
   optimiser. The network is width 64, 3 channels, SIZE x SIZE (256), 64 classes, with random weights. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "engine/plan.h"
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

static void fill(bcue_plan *plan, int64_t batch, int64_t size)
{
    bcue_rng rng = bcue_rng_make(1, BCUE_RNG_TEST, 0, 0, 0);
    float *x = bcue_plan_input(plan, "x");
    int32_t *label = bcue_plan_input(plan, "label");
    for (int64_t i = 0; i < batch * 3 * size * size; i++)
        x[i] = (float)bcue_rng_range(&rng, -1, 1);
    for (int64_t i = 0; label != NULL && i < batch; i++)
        label[i] = (int32_t)bcue_rng_below(&rng, CLASSES);
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

int main(int argc, char **argv)
{
    if (argc < 5 || argc > 6) {
        fprintf(stderr, "usage: bench_engine DEPTH BATCH inference|training THREADS [SIZE]\n");
        return 2;
    }
    int depth = (int)strtol(argv[1], NULL, 10);
    int64_t batch = strtol(argv[2], NULL, 10), size = argc > 5 ? strtol(argv[5], NULL, 10) : 256;
    bool training = strcmp(argv[3], "training") == 0;
    bcue_set_threads((int)strtol(argv[4], NULL, 10));
    bcue_error error = {""};
    bcue_weights weights = {0};
    bcue_plan *plan = NULL;
    bcue_plan_options options = {.engine = BCUE_ENGINE_ONEDNN, .dtype = BCUE_F32, .training = training};
    bcue_graph *graph = build(depth, batch, size);
    bcue_status status = graph == NULL ? BCUE_ERROR_MEMORY : bcue_graph_check(graph, &error);
    if (status == BCUE_OK)
        status = bcue_weights_create(graph, BCUE_F32, 1, &weights, &error);
    if (status == BCUE_OK)
        status = bcue_plan_create(graph, &weights, &options, &plan, &error);
    if (status == BCUE_OK) {
        fill(plan, batch, size);
        status = serve(plan, training, &error);
    }
    if (status != BCUE_OK)
        fprintf(stderr, "bench_engine: %s\n", error.text);
    bcue_plan_destroy(plan);
    bcue_weights_free(&weights);
    bcue_graph_destroy(graph);
    return status == BCUE_OK ? 0 : 1;
}

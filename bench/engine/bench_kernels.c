/* What the engine's choices buy, as ratios in one run: Winograd's convolution over the direct one, and the
   fused attention over matmul, softmax and matmul by oneDNN. Both variants take turns; medians of the
   processor time, so that a busy machine hardly matters on one thread.

       bench_kernels [THREADS [ROUNDS]] */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "base/fail.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "engine/plan.h"

typedef struct variant {
    bcue_graph *graph;
    bcue_weights weights;
    bcue_plan *plan;
    double times[101];
} variant;

static double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bcue_status make(variant *v, bool no_winograd, bcue_error *error)
{
    const bcue_plan_options options = {.engine = BCUE_ENGINE_ONEDNN, .no_winograd = no_winograd};
    bcue_rng rng = bcue_rng_make(1, BCUE_RNG_TEST, 0, 0, 0);
    bcue_status status = bcue_graph_check(v->graph, error);
    if (status == BCUE_OK)
        status = bcue_weights_create(v->graph, BCUE_F32, 1, &v->weights, error);
    if (status == BCUE_OK)
        status = bcue_plan_create(v->graph, &v->weights, &options, &v->plan, error);
    for (bcue_value i = 0; status == BCUE_OK && i < bcue_graph_value_count(v->graph); i++) {
        const bcue_value_info *info = bcue_graph_value(v->graph, i);
        int64_t count = 0;
        float *data = info->kind == BCUE_VALUE_INPUT ? bcue_plan_input(v->plan, info->name) : NULL;
        (void)bcue_shape_count(&info->shape, &count);
        for (int64_t k = 0; data != NULL && k < count; k++)
            data[k] = (float)bcue_rng_range(&rng, -1, 1);
    }
    return status;
}

/* Prints the two medians and the ratio of the first over the second. */
static bcue_status compare(const char *name, variant both[2], bool second_direct, int rounds,
                           bcue_error *error)
{
    bcue_status status = BCUE_OK;
    for (int i = 0; i < 2 && status == BCUE_OK; i++)
        status = make(&both[i], second_direct && i == 1, error);
    for (int round = -1; status == BCUE_OK && round < rounds; round++) {
        for (int i = 0; i < 2 && status == BCUE_OK; i++) {
            double start = cpu_s();
            status = bcue_plan_forward(both[i].plan, error);
            if (round >= 0)
                both[i].times[round] = 1e3 * (cpu_s() - start);
        }
    }
    for (int i = 0; i < 2; i++) {
        qsort(both[i].times, (size_t)rounds, sizeof *both[i].times, by_value);
        bcue_plan_destroy(both[i].plan);
        bcue_weights_free(&both[i].weights);
        bcue_graph_destroy(both[i].graph);
    }
    if (status == BCUE_OK)
        printf("| %s | %.3f | %.3f | %.2f |\n", name, both[0].times[rounds / 2], both[1].times[rounds / 2],
               both[0].times[rounds / 2] / both[1].times[rounds / 2]);
    fflush(stdout);
    return status;
}

static bcue_graph *convolution(int64_t pictures, int64_t channels, int64_t size)
{
    const int one[2] = {1, 1};
    bcue_graph *graph = bcue_graph_create();
    const bcue_shape x = bcue_shape_of(1, pictures, channels, size, size),
                     flat = bcue_shape_of(pictures, channels, size, size),
                     w = bcue_shape_of(channels, channels, 3, 3);
    const bcue_parameter_spec spec = {.init = BCUE_INIT_NORMAL, .scale = 0.05};
    bcue_value y = bcue_graph_reshape(graph, NULL, bcue_graph_input(graph, "x", BCUE_F32, &x), &flat);
    /* Two in a row, so that the layout between them is the algorithm's own. */
    for (int i = 0; i < 2; i++) {
        bcue_value weight = bcue_graph_parameter(graph, i == 0 ? "w0" : "w1", &w, &spec);
        y = bcue_graph_relu(graph, NULL,
                            bcue_graph_conv2d(graph, NULL, y, weight, BCUE_NO_VALUE, one, one, one, 1));
    }
    bcue_graph_output(graph, "y", y);
    return graph;
}

static bcue_graph *attention(int64_t width, bool fused)
{
    bcue_graph *graph = bcue_graph_create();
    const bcue_shape shape = bcue_shape_of(1, 4, 962, width);
    bcue_value q = bcue_graph_input(graph, "q", BCUE_F32, &shape),
               k = bcue_graph_input(graph, "k", BCUE_F32, &shape),
               v = bcue_graph_input(graph, "v", BCUE_F32, &shape);
    bcue_value y;
    if (fused) {
        y = bcue_graph_attention(graph, NULL, q, k, v, 1, 0);
    } else {
        y = bcue_graph_softmax(graph, NULL, bcue_graph_matmul(graph, NULL, q, k, false, true), -1);
        y = bcue_graph_matmul(graph, NULL, y, v, false, false);
    }
    bcue_graph_output(graph, "y", y);
    return graph;
}

static bcue_status run(int rounds, bcue_error *error)
{
    static const int64_t sizes[][3] = {{1, 64, 64},  {1, 128, 32}, {1, 256, 16}, {5, 64, 64},
                                       {5, 128, 32}, {5, 256, 16}, {5, 512, 8}};
    char name[96];
    puts("| two 3x3 convolutions with ReLU | Winograd, ms | direct, ms | ratio |\n|---|---|---|---|");
    for (int i = 0; i < 7; i++) {
        const int64_t *s = sizes[i];
        variant both[2] = {{.graph = convolution(s[0], s[1], s[2])},
                           {.graph = convolution(s[0], s[1], s[2])}};
        snprintf(name, sizeof name, "%lld pictures of %lld channels, %lldx%lld", (long long)s[0],
                 (long long)s[1], (long long)s[2], (long long)s[2]);
        BCUE_TRY(compare(name, both, true, rounds, error));
    }
    puts("\n| attention, 962 tokens, 4 heads | fused, ms | matmul, softmax, matmul, ms | ratio "
         "|\n|---|---|---|---|");
    for (int64_t width = 16; width <= 128; width *= 2) {
        variant both[2] = {{.graph = attention(width, true)}, {.graph = attention(width, false)}};
        snprintf(name, sizeof name, "width %lld", (long long)width);
        BCUE_TRY(compare(name, both, false, rounds, error));
    }
    return BCUE_OK;
}

int main(int argc, char **argv)
{
    bcue_error error = {""};
    int rounds = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 31;
    bcue_set_threads(argc > 1 ? (int)strtol(argv[1], NULL, 10) : 1);
    rounds = rounds < 1 || rounds > 101 ? 31 : rounds;
    bcue_status status = run(rounds, &error);
    if (status != BCUE_OK)
        fprintf(stderr, "bench_kernels: %s\n", error.text);
    return status == BCUE_OK ? 0 : 1;
}

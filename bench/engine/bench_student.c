/* One window through the radar students of paper B, with weights in 32, 16 and 8 bits in turns in one run:
   random weights, random points.

       bench_student [THREADS [ROUNDS [FILLED [PARAMETERS]]]]

   FILLED: share of the rows that hold a point, the rest are zeros (default 1). Between two runs of a form all
   others run, so that weights larger than the caches come from memory, as they do beside other work. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "engine/plan.h"
#include "models/model_graph.h"

enum { FORMS = 3, POINTS = 512, FRAMES = 5, BEAMS = 152 };
static const char *const form_names[FORMS] = {"f32", "bf16", "int8"};

typedef struct bench {
    bcue_graph *graph;
    bcue_weights weights;
    bcue_plan *plans[FORMS];
    double *seconds[FORMS], *busy[FORMS]; /* wall clock; processor */
} bench;

static int64_t parameters_of(const bcue_weights *weights)
{
    int64_t sum = 0;
    for (int32_t i = 0; i < weights->count; i++)
        sum += bcue_tensor_count(&weights->tensors[i]);
    return sum;
}

static void feed(bcue_plan *plan, double filled)
{
    bcue_rng rng = bcue_rng_make(3, BCUE_RNG_TEST, 0, 0, 0);
    float *rows = bcue_plan_input(plan, "radar");
    for (int64_t f = 0; f < FRAMES; f++)
        for (int64_t i = 0; i < POINTS; i++)
            for (int k = 0; k < 5; k++) {
                const double value = k == 4 ? 1 : bcue_rng_range(&rng, -1, 1);
                rows[(f * POINTS + i) * 5 + k] = (double)i < filled * POINTS ? (float)value : 0;
            }
}

static bcue_status make(bench *b, const char *yaml, double filled, bcue_error *error)
{
    const bcue_model_inputs inputs = {.frames = FRAMES, .radar = {1, POINTS, 5}, .beams = BEAMS};
    bcue_model_config config;
    bcue_config *owned;
    BCUE_TRY(bcue_config_read_text(yaml, strlen(yaml), "bench", NULL, 0, bcue_model_config_fields, &config,
                                   &owned, error));
    const bcue_status status = bcue_model_build(&config, &inputs, 1, &b->graph, error);
    bcue_config_destroy(owned);
    BCUE_TRY(status);
    BCUE_TRY(bcue_weights_create(b->graph, BCUE_F32, 1, &b->weights, error));
    for (int i = 0; i < FORMS; i++) {
        const bcue_plan_options options = {
            .engine = BCUE_ENGINE_ONEDNN, .dtype = BCUE_F32, .weight_bits = (bcue_weight_bits)i};
        BCUE_TRY(bcue_plan_create(b->graph, &b->weights, &options, &b->plans[i], error));
        feed(b->plans[i], filled);
    }
    return BCUE_OK;
}

static bcue_status run(bench *b, int rounds, bcue_error *error)
{
    for (int i = 0; i < FORMS; i++) {
        b->seconds[i] = bcue_calloc((size_t)rounds, sizeof(double));
        b->busy[i] = bcue_calloc((size_t)rounds, sizeof(double));
        if (b->seconds[i] == NULL || b->busy[i] == NULL)
            return bcue_fail_memory(error, "the times");
        BCUE_TRY(bcue_plan_forward(b->plans[i], error));
    }
    for (int round = 0; round < rounds; round++)
        for (int i = 0; i < FORMS; i++) {
            const double start = bcue_clock_s();
            const clock_t busy = clock();
            BCUE_TRY(bcue_plan_forward(b->plans[i], error));
            b->busy[i][round] = (double)(clock() - busy) / CLOCKS_PER_SEC;
            b->seconds[i][round] = bcue_clock_s() - start;
        }
    return BCUE_OK;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of the logits, relative to their own spread. */
static double off_by(const bench *b, int form)
{
    const float *exact = bcue_plan_output(b->plans[0], "logits"),
                *other = bcue_plan_output(b->plans[form], "logits");
    double mean = 0, spread = 0, difference = 0;
    for (int i = 0; i < BEAMS; i++)
        mean += (double)exact[i] / BEAMS;
    for (int i = 0; i < BEAMS; i++) {
        spread += pow((double)exact[i] - mean, 2);
        difference += pow((double)exact[i] - (double)other[i], 2);
    }
    return sqrt(difference / spread);
}

static void print(bench *b, const char *name, int rounds)
{
    double base = 0;
    for (int i = 0; i < FORMS; i++) {
        qsort(b->seconds[i], (size_t)rounds, sizeof(double), compare);
        qsort(b->busy[i], (size_t)rounds, sizeof(double), compare);
        const double median = b->busy[i][rounds / 2];
        base = i == 0 ? median : base;
        printf("| %s | %.2f M | %s | %.3f | %.3f | %.3f | %.2f | %.1f | %.1e |\n", name,
               1e-6 * (double)parameters_of(&b->weights), form_names[i], 1e3 * b->seconds[i][rounds / 2],
               1e3 * b->seconds[i][0], 1e3 * median, median / base,
               1e-6 * (double)bcue_plan_packed_bytes(b->plans[i]), off_by(b, i));
    }
}

static int bench_one(const char *name, const char *yaml, int rounds, double filled)
{
    bcue_error error = {""};
    bench b = {0};
    bcue_status status = make(&b, yaml, filled, &error);
    if (status == BCUE_OK)
        status = run(&b, rounds, &error);
    if (status == BCUE_OK)
        print(&b, name, rounds);
    else
        fprintf(stderr, "bench_student: %s\n", error.text);
    for (int i = 0; i < FORMS; i++) {
        bcue_plan_destroy(b.plans[i]);
        free(b.seconds[i]);
        free(b.busy[i]);
    }
    bcue_weights_free(&b.weights);
    bcue_graph_destroy(b.graph);
    return status != BCUE_OK;
}

int main(int argc, char **argv)
{
    const int threads = argc > 1 ? atoi(argv[1]) : 1,
              rounds = argc > 2 && atoi(argv[2]) > 0 ? atoi(argv[2]) : 200;
    const double filled = argc > 3 ? atof(argv[3]) : 1;
    char student[96];
    snprintf(student, sizeof student, "kind: student\nparameters: %ld\n",
             argc > 4 ? atol(argv[4]) : 13000000L);
    bcue_set_threads(threads);
    printf("threads %d, rounds %d, rows that hold a point %.2f\n\n", threads, rounds, filled);
    printf("| network | weights | form | ms p50 | fastest | processor p50 | of f32's | packed MB | logits "
           "off by |\n"
           "|---|---|---|---|---|---|---|---|---|\n");
    const int failed = bench_one("student", student, rounds, filled);
    return bench_one("point-student", "kind: point-student\n", rounds, filled) | failed;
}

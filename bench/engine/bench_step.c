/* Times a whole training step, of BeamTransFuser or of a radar student, so that a driver can take turns with
   PyTorch (tools/peer/bench_training_step.py):

       bench_step full|small|student|point-student BATCH MICRO_BATCH THREADS

   A step is BATCH / MICRO_BATCH forward and backward passes whose gradients are added up, and AdamW (of
   students, as the paper trains them, SGD). Prints "ready", then for each line of input with a number n takes
   n steps and prints the milliseconds of each, wall clock / processor, on one line. Weights and inputs are
   random. */
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
#include "learn/optimizer.h"
#include "models/model_graph.h"

typedef struct stepper {
    bcue_graph *graph;
    bcue_plan *plan;
    bcue_weights weights;
    bcue_optimizer optimizer;
    bcue_optimizer_config config;
    float **gradients; /* of all micro-batches; of one: those of the plan */
    long passes;
} stepper;

typedef struct preset {
    const char *name, *yaml;
    bcue_model_inputs inputs;
} preset;

static const preset presets[] = {
    {"full",
     "kind: beamtransfuser\ndropout: 0.1\n",
     {.frames = 5,
      .channels = 3,
      .height = 256,
      .width = 256,
      .lidar = {1, 256, 256},
      .radar = {2, 256, 256},
      .gps_frames = 2,
      .beams = 64}},
    {"small",
     "kind: beamtransfuser\ndropout: 0.1\nwidth: 16\nanchors: 4\nhead: [128, 64]\n",
     {.frames = 2,
      .channels = 3,
      .height = 128,
      .width = 128,
      .lidar = {1, 128, 128},
      .radar = {2, 128, 128},
      .gps_frames = 2,
      .beams = 64}},
    {"student", "kind: student\n", {.frames = 5, .radar = {1, 512, 5}, .beams = 152}},
    {"point-student", "kind: point-student\n", {.frames = 5, .radar = {1, 512, 5}, .beams = 152}}};

static const preset *find_preset(const char *name)
{
    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++)
        if (strcmp(presets[i].name, name) == 0)
            return &presets[i];
    return NULL;
}

static bool is_student(const preset *which)
{
    return strstr(which->name, "student") != NULL;
}

static bcue_status build(stepper *s, const preset *which, int64_t batch, bcue_error *error)
{
    bcue_model_config model = {0};
    bcue_config *owned;
    BCUE_TRY(bcue_config_read_text(which->yaml, strlen(which->yaml), "model", NULL, 0,
                                   bcue_model_config_fields, &model, &owned, error));
    bcue_status status = bcue_model_build(&model, &which->inputs, batch, &s->graph, error);
    bcue_config_destroy(owned);
    return status;
}

static bcue_status prepare(stepper *s, const preset *which, bcue_error *error)
{
    const bcue_plan_options options = {.engine = BCUE_ENGINE_ONEDNN, .dtype = BCUE_F32, .training = true};
    s->config = (bcue_optimizer_config){.kind = is_student(which) ? BCUE_OPTIMIZER_SGD : BCUE_OPTIMIZER_ADAMW,
                                        .lr = 1e-4,
                                        .momentum = 0.9,
                                        .beta1 = 0.9,
                                        .beta2 = 0.999,
                                        .epsilon = 1e-8,
                                        .weight_decay = is_student(which) ? 0 : 0.01};
    BCUE_TRY(bcue_weights_create(s->graph, BCUE_F32, 1, &s->weights, error));
    BCUE_TRY(bcue_plan_create(s->graph, &s->weights, &options, &s->plan, error));
    BCUE_TRY(bcue_optimizer_create(&s->config, s->graph, NULL, &s->optimizer, error));
    s->gradients = bcue_calloc((size_t)s->weights.count, sizeof *s->gradients);
    for (int32_t i = 0; s->gradients != NULL && i < s->weights.count; i++) {
        if (!s->optimizer.trained[i])
            continue;
        if (s->passes == 1) {
            s->gradients[i] = bcue_plan_gradient(s->plan, i);
            continue;
        }
        s->gradients[i] =
            bcue_calloc_aligned((size_t)bcue_tensor_count(&s->weights.tensors[i]), sizeof(float));
        if (s->gradients[i] == NULL)
            return BCUE_ERROR_MEMORY;
    }
    return s->gradients == NULL ? BCUE_ERROR_MEMORY : BCUE_OK;
}

static void fill(stepper *s)
{
    bcue_rng rng = bcue_rng_make(1, BCUE_RNG_TEST, 0, 0, 0);
    for (int32_t v = 0; v < bcue_graph_value_count(s->graph); v++) {
        const bcue_value_info *info = bcue_graph_value(s->graph, v);
        void *data = info->kind == BCUE_VALUE_INPUT ? bcue_plan_input(s->plan, info->name) : NULL;
        int64_t count = 1;
        for (int d = 0; d < info->shape.rank; d++)
            count *= info->shape.dim[d];
        for (int64_t i = 0; data != NULL && i < count; i++) {
            if (info->dtype == BCUE_I32)
                ((int32_t *)data)[i] = (int32_t)bcue_rng_below(&rng, 64);
            else
                ((float *)data)[i] = (float)bcue_rng_normal(&rng);
        }
    }
}

typedef struct addition {
    stepper *s;
    bool first;
} addition;

static void add_gradient(void *context, size_t i)
{
    const addition *a = context;
    float *sum = a->s->gradients[i];
    const float *gradient = bcue_plan_gradient(a->s->plan, (int32_t)i);
    const int64_t count = bcue_tensor_count(&a->s->weights.tensors[i]);
    const float share = 1 / (float)a->s->passes;
    for (int64_t k = 0; sum != NULL && gradient != NULL && k < count; k++)
        sum[k] = (a->first ? 0 : sum[k]) + share * gradient[k];
}

static bcue_status take_step(stepper *s, uint32_t number, bcue_error *error)
{
    for (long p = 0; p < s->passes; p++) {
        addition a = {s, p == 0};
        bcue_plan_set_step(s->plan, 1, number, (uint32_t)p);
        BCUE_TRY(bcue_plan_forward(s->plan, error));
        BCUE_TRY(bcue_plan_backward(s->plan, error));
        if (s->passes > 1)
            bcue_parallel_for((size_t)s->weights.count, 1, add_gradient, &a);
    }
    const double norm = bcue_gradient_norm(&s->optimizer, &s->weights, s->gradients);
    bcue_optimizer_step(&s->optimizer, &s->weights, s->gradients, norm, s->config.lr);
    bcue_plan_weights_changed(s->plan);
    return BCUE_OK;
}

static double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static bcue_status serve(stepper *s, bcue_error *error)
{
    char line[64];
    uint32_t number = 0;
    puts("ready");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL) {
        for (long n = strtol(line, NULL, 10); n > 0; n--) {
            const double start = bcue_clock_s(), start_cpu = cpu_s();
            BCUE_TRY(take_step(s, number++, error));
            printf("%.4f/%.4f ", (bcue_clock_s() - start) * 1e3, (cpu_s() - start_cpu) * 1e3);
        }
        putchar('\n');
        fflush(stdout);
    }
    return BCUE_OK;
}

int main(int argc, char **argv)
{
    const long batch = argc == 5 ? strtol(argv[2], NULL, 10) : 0,
               micro = argc == 5 ? strtol(argv[3], NULL, 10) : 0;
    const preset *which = argc == 5 ? find_preset(argv[1]) : NULL;
    if (which == NULL || micro < 1 || batch < micro || batch % micro != 0) {
        fprintf(stderr, "usage: bench_step full|small|student|point-student BATCH MICRO_BATCH THREADS\n");
        return 2;
    }
    bcue_set_threads((int)strtol(argv[4], NULL, 10));
    bcue_error error = {""};
    stepper s = {.passes = batch / micro};
    bcue_status status = build(&s, which, micro, &error);
    if (status == BCUE_OK)
        status = prepare(&s, which, &error);
    if (status == BCUE_OK) {
        fill(&s);
        status = serve(&s, &error);
    }
    if (status != BCUE_OK)
        fprintf(stderr, "bench_step: %s\n", error.text);
    for (int32_t i = 0; s.gradients != NULL && s.passes > 1 && i < s.weights.count; i++)
        free(s.gradients[i]);
    free(s.gradients);
    bcue_optimizer_free(&s.optimizer);
    bcue_plan_destroy(s.plan);
    bcue_weights_free(&s.weights);
    bcue_graph_destroy(s.graph);
    return status == BCUE_OK ? 0 : 1;
}

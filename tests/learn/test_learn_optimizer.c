/* Optimisers and schedules against PyTorch (tools/fixtures/make_optimizers.py), clipping, threads. */
#include <stdlib.h>
#include "base/memory.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "check.h"
#include "learn/optimizer.h"

enum { HALF = 3, PARAMETERS = 2 * HALF, STEPS_PER_EPOCH = 4, EPOCHS = 5 };

/* Two parameters of `size` numbers, the second marked as not to be decayed. */
static bcue_graph *two_parameters(int64_t size)
{
    bcue_graph *graph = bcue_graph_create();
    const bcue_shape shape = bcue_shape_of(size);
    const bcue_parameter_spec plain = {.init = BCUE_INIT_ZERO},
                              no_decay = {.init = BCUE_INIT_ZERO, .no_decay = true};
    CHECK(bcue_graph_parameter(graph, "a", &shape, &plain) != BCUE_NO_VALUE);
    CHECK(bcue_graph_parameter(graph, "b", &shape, &no_decay) != BCUE_NO_VALUE);
    return graph;
}

static int64_t milestones[] = {2, 4};

static const struct {
    const char *name;
    bcue_optimizer_config config;
} cases[] = {
    {"sgd", {.kind = BCUE_OPTIMIZER_SGD, .lr = 0.05}},
    {"sgd_momentum", {.kind = BCUE_OPTIMIZER_SGD, .lr = 0.05, .momentum = 0.9, .weight_decay = 0.01}},
    {"sgd_decay_all",
     {.kind = BCUE_OPTIMIZER_SGD, .lr = 0.05, .momentum = 0.9, .weight_decay = 0.01, .decay_all = true}},
    {"adam", {.kind = BCUE_OPTIMIZER_ADAM, .lr = 0.01, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8}},
    {"adam_decay",
     {.kind = BCUE_OPTIMIZER_ADAM,
      .lr = 0.01,
      .beta1 = 0.8,
      .beta2 = 0.95,
      .epsilon = 1e-4,
      .weight_decay = 0.1}},
    {"adamw",
     {.kind = BCUE_OPTIMIZER_ADAMW,
      .lr = 0.01,
      .beta1 = 0.9,
      .beta2 = 0.999,
      .epsilon = 1e-8,
      .weight_decay = 0.1}},
    {"adamw_decay_all",
     {.kind = BCUE_OPTIMIZER_ADAMW,
      .lr = 0.01,
      .beta1 = 0.9,
      .beta2 = 0.999,
      .epsilon = 1e-8,
      .weight_decay = 0.1,
      .decay_all = true}},
    {"sgd_clip", {.kind = BCUE_OPTIMIZER_SGD, .lr = 0.05, .momentum = 0.9, .clip_norm = 0.5}},
    {"adam_step",
     {.kind = BCUE_OPTIMIZER_ADAM,
      .lr = 0.01,
      .beta1 = 0.9,
      .beta2 = 0.999,
      .epsilon = 1e-8,
      .schedule = BCUE_SCHEDULE_STEP,
      .milestones = {milestones, 2},
      .gamma = 0.3}},
    {"adamw_cosine",
     {.kind = BCUE_OPTIMIZER_ADAMW,
      .lr = 0.01,
      .beta1 = 0.9,
      .beta2 = 0.999,
      .epsilon = 1e-8,
      .weight_decay = 0.05,
      .schedule = BCUE_SCHEDULE_COSINE,
      .minimum_lr = 0.001}},
    {"sgd_warm_cosine",
     {.kind = BCUE_OPTIMIZER_SGD,
      .lr = 0.05,
      .momentum = 0.9,
      .schedule = BCUE_SCHEDULE_COSINE,
      .warmup_epochs = 1}},
};

typedef struct setup {
    bcue_graph *graph;
    bcue_weights weights;
    bcue_optimizer optimizer;
    float *gradients[2];
} setup;

static void take_step(setup *s, float *const *gradients, double rate)
{
    const double norm = bcue_gradient_norm(&s->optimizer, &s->weights, gradients);
    bcue_optimizer_step(&s->optimizer, &s->weights, gradients, norm, rate);
}

static void set_up(const bcue_optimizer_config *config, int64_t size, const bool *frozen, setup *made)
{
    bcue_error error = {""};
    *made = (setup){.graph = two_parameters(size)};
    CHECK_OK(bcue_weights_create(made->graph, BCUE_F32, 1, &made->weights, &error), error);
    CHECK_OK(bcue_optimizer_create(config, made->graph, frozen, &made->optimizer, &error), error);
    for (int p = 0; p < 2; p++)
        made->gradients[p] = bcue_calloc((size_t)size, sizeof(float));
}

static void tear_down(setup *made)
{
    bcue_optimizer_free(&made->optimizer);
    bcue_weights_free(&made->weights);
    bcue_graph_destroy(made->graph);
    free(made->gradients[0]);
    free(made->gradients[1]);
}

static double weight(const setup *s, int i)
{
    return (double)((const float *)s->weights.tensors[i / HALF].data)[i % HALF];
}

static void start_weights(setup *s)
{
    static const float start[PARAMETERS] = {0.5F, -1.25F, 2.0F, 1.0F, 0.25F, -0.75F};
    for (int i = 0; i < PARAMETERS; i++)
        ((float *)s->weights.tensors[i / HALF].data)[i % HALF] = start[i];
}

/* The gradient rule of the fixture's script. */
static void fill_gradients(setup *s, int step)
{
    for (int i = 0; i < PARAMETERS; i++) {
        const float wave = (float)sin(1 + 0.7 * i + 0.9 * step);
        s->gradients[i / HALF][i % HALF] = wave * (1 + 0.3F * (float)weight(s, i));
    }
}

static int check_case(FILE *file, size_t index)
{
    setup s;
    const bcue_optimizer_config *config = &cases[index].config;
    set_up(config, HALF, NULL, &s);
    start_weights(&s);
    int steps = 0;
    for (; steps < EPOCHS * STEPS_PER_EPOCH; steps++) {
        char name[32];
        int step;
        double lr, expected[PARAMETERS];
        if (fscanf(file, "%31s %d %lf %lf %lf %lf %lf %lf %lf", name, &step, &lr, &expected[0], &expected[1],
                   &expected[2], &expected[3], &expected[4], &expected[5]) != 9)
            break;
        CHECK_STR(name, cases[index].name);
        const double rate = bcue_learning_rate(config, s.optimizer.steps, STEPS_PER_EPOCH, EPOCHS);
        CHECK_AT(fabs(rate - lr) <= 1e-9 * lr, "%s step %d: rate %.12g, PyTorch %.12g", name, step, rate, lr);
        fill_gradients(&s, step);
        take_step(&s, s.gradients, rate);
        for (int i = 0; i < PARAMETERS; i++)
            CHECK_AT(fabs(weight(&s, i) - expected[i]) <= 1e-6 * fmax(1, fabs(expected[i])),
                     "%s step %d weight %d: %.9g, PyTorch %.9g", name, step, i, weight(&s, i), expected[i]);
    }
    tear_down(&s);
    return steps;
}

static void agrees_with_pytorch(void)
{
    FILE *file = fopen(BCUE_SOURCE_DIR "/tests/learn/data/optimizers.txt", "r");
    CHECK(file != NULL);
    if (file == NULL)
        return;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_INT(check_case(file, i), EPOCHS * STEPS_PER_EPOCH);
    fclose(file);
}

static void schedule_by_hand(void)
{
    const bcue_optimizer_config step = {
        .lr = 1, .schedule = BCUE_SCHEDULE_STEP, .milestones = {milestones, 2}, .gamma = 0.5};
    CHECK_NEAR(bcue_learning_rate(&step, 19, 10, 5), 1, 0);
    CHECK_NEAR(bcue_learning_rate(&step, 20, 10, 5), 0.5, 0);
    CHECK_NEAR(bcue_learning_rate(&step, 40, 10, 5), 0.25, 0);
    const bcue_optimizer_config cosine = {
        .lr = 1, .schedule = BCUE_SCHEDULE_COSINE, .minimum_lr = 0.2, .warmup_epochs = 1};
    CHECK_NEAR(bcue_learning_rate(&cosine, 0, 10, 5), 0.1, 1e-15);
    CHECK_NEAR(bcue_learning_rate(&cosine, 9, 10, 5), 1, 1e-15);
    CHECK_NEAR(bcue_learning_rate(&cosine, 30, 10, 5), 0.6, 1e-15);
    CHECK_NEAR(bcue_learning_rate(&cosine, 50, 10, 5), 0.2, 1e-15);
    CHECK_NEAR(bcue_learning_rate(&cosine, 60, 10, 5), 0.2, 1e-15);
    /* Nothing but warm-up. */
    const bcue_optimizer_config warm = {.lr = 1, .schedule = BCUE_SCHEDULE_COSINE, .warmup_epochs = 5};
    CHECK_NEAR(bcue_learning_rate(&warm, 49, 10, 5), 1, 1e-15);
}

/* The published recipe: 10 epochs up from 2.5e-6, 15 down from 1e-4, then 10 at a time down from 1.25e-4.
   Expected values by the half-angle identity, (1 + cos x) / 2 = cos^2(x / 2). */
static void cyclic_cosine_by_hand(void)
{
    const bcue_optimizer_config config = {.lr = 1e-4,
                                          .schedule = BCUE_SCHEDULE_CYCLIC_COSINE,
                                          .warmup_epochs = 10,
                                          .warmup_lr = 2.5e-6,
                                          .decay_epochs = 15,
                                          .minimum_lr = 2.5e-6,
                                          .restart_epochs = 10,
                                          .restart_lr = 1.25e-4};
    const double pi = 3.14159265358979323846, low = 2.5e-6;
    for (int64_t epoch = 0; epoch < 60; epoch++) {
        const double from = epoch < 10 ? low : epoch < 25 ? 1e-4 : 1.25e-4, to = epoch < 10 ? 1e-4 : low;
        const double part = epoch < 10   ? (double)epoch / 10
                            : epoch < 25 ? (double)(epoch - 10) / 15
                                         : (double)((epoch - 25) % 10) / 10;
        const double share = cos(pi * part / 2) * cos(pi * part / 2);
        for (int64_t step = 7 * epoch; step < 7 * (epoch + 1); step++)
            CHECK_NEAR(bcue_learning_rate(&config, step, 7, 60), from * share + to * (1 - share), 1e-18);
    }
    CHECK_NEAR(bcue_learning_rate(&config, 0, 7, 60), 2.5e-6, 1e-18);
    CHECK_NEAR(bcue_learning_rate(&config, 70, 7, 60), 1e-4, 1e-18);
    CHECK_NEAR(bcue_learning_rate(&config, 175, 7, 60), 1.25e-4, 1e-18);
    bcue_optimizer_config again = config;
    again.restart_lr = 0;
    CHECK_NEAR(bcue_learning_rate(&again, 175, 7, 60), 1e-4, 1e-18);
}

static void frozen_and_missing_gradients_stay(void)
{
    const bcue_optimizer_config config = {.kind = BCUE_OPTIMIZER_ADAMW,
                                          .lr = 0.1,
                                          .beta1 = 0.9,
                                          .beta2 = 0.999,
                                          .epsilon = 1e-8,
                                          .weight_decay = 0.5,
                                          .decay_all = true};
    const bool frozen[2] = {true, false};
    setup s;
    set_up(&config, HALF, frozen, &s);
    start_weights(&s);
    fill_gradients(&s, 0);
    take_step(&s, s.gradients, 0.1);
    CHECK_NEAR(weight(&s, 0), 0.5, 0);
    CHECK(fabs(weight(&s, HALF) - 1) > 0.05);
    const double before = weight(&s, HALF);
    float *const none[2] = {NULL, NULL};
    take_step(&s, none, 0.1);
    CHECK_NEAR(weight(&s, HALF), before, 0);
    CHECK(s.optimizer.first[0] == NULL && s.optimizer.second[0] == NULL);
    tear_down(&s);
}

static void clip_counts_only_what_is_trained(void)
{
    const bcue_optimizer_config config = {.kind = BCUE_OPTIMIZER_SGD, .lr = 1, .clip_norm = 1};
    const bool frozen[2] = {true, false};
    setup s;
    set_up(&config, HALF, frozen, &s);
    for (int k = 0; k < HALF; k++)
        s.gradients[0][k] = 1000;
    s.gradients[1][0] = 3;
    s.gradients[1][1] = 4;
    take_step(&s, s.gradients, 1);
    CHECK_NEAR(weight(&s, HALF), -0.6, 1e-7);
    CHECK_NEAR(weight(&s, HALF + 1), -0.8, 1e-7);
    /* Below the limit nothing changes. */
    s.gradients[1][0] = 0.25F;
    s.gradients[1][1] = 0;
    take_step(&s, s.gradients, 1);
    CHECK_NEAR(weight(&s, HALF), -0.85, 1e-7);
    tear_down(&s);
}

/* A size that is cut into several pieces, the last one short. */
static void train_large(int kind, int threads, setup *s)
{
    const bcue_optimizer_config config = {.kind = kind,
                                          .lr = 0.01,
                                          .momentum = 0.9,
                                          .beta1 = 0.9,
                                          .beta2 = 0.999,
                                          .epsilon = 1e-8,
                                          .weight_decay = 0.1,
                                          .clip_norm = 3};
    bcue_set_threads(threads);
    set_up(&config, 100003, NULL, s);
    for (uint32_t step = 0; step < 3; step++) {
        bcue_rng rng = bcue_rng_make(5, BCUE_RNG_TEST, 0, 0, step);
        for (int p = 0; p < 2; p++)
            for (size_t k = 0; k < 100003; k++)
                s->gradients[p][k] = (float)bcue_rng_normal(&rng);
        take_step(s, s->gradients, 0.01);
    }
    bcue_set_threads(0);
}

static void threads_do_not_matter(void)
{
    for (int kind = BCUE_OPTIMIZER_SGD; kind <= BCUE_OPTIMIZER_ADAMW; kind++) {
        setup one, three;
        train_large(kind, 1, &one);
        train_large(kind, 3, &three);
        for (int p = 0; p < 2; p++) {
            CHECK(memcmp(one.weights.tensors[p].data, three.weights.tensors[p].data,
                         100003 * sizeof(float)) == 0);
            CHECK(memcmp(one.optimizer.first[p], three.optimizer.first[p], 100003 * sizeof(float)) == 0);
        }
        tear_down(&one);
        tear_down(&three);
    }
}

/* The paper's recipe by its words: 5e-4, from epoch 15 on 5e-6 less every epoch, from the start again
 * after 10. */
static void cyclic_linear_by_hand(void)
{
    bcue_optimizer_config config = {.lr = 5e-4,
                                    .schedule = BCUE_SCHEDULE_CYCLIC_LINEAR,
                                    .decay_epochs = 15,
                                    .restart_epochs = 10,
                                    .decrement = 5e-6};
    static const double expected[][2] = {{0, 5e-4},    {14, 5e-4},    {15, 4.95e-4}, {16, 4.9e-4},
                                         {24, 4.5e-4}, {25, 4.95e-4}, {34, 4.5e-4},  {49, 4.75e-4}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        for (int64_t step = 0; step < 3; step++)
            CHECK_NEAR(bcue_learning_rate(&config, 3 * (int64_t)expected[i][0] + step, 3, 50), expected[i][1],
                       1e-15);
    config.minimum_lr = 4.9e-4;
    config.restart_lr = 6e-4;
    config.warmup_epochs = 2; /* linear, by step */
    CHECK_NEAR(bcue_learning_rate(&config, 0, 3, 50), 5e-4 / 6, 1e-15);
    CHECK_NEAR(bcue_learning_rate(&config, 3 * 17, 3, 50), 4.95e-4, 1e-15);
    CHECK_NEAR(bcue_learning_rate(&config, 3 * 26, 3, 50), 4.9e-4, 1e-15);
    CHECK_NEAR(bcue_learning_rate(&config, 3 * 27, 3, 50), 5.95e-4, 1e-15);
}

int main(void)
{
    RUN(agrees_with_pytorch);
    RUN(cyclic_linear_by_hand);
    RUN(schedule_by_hand);
    RUN(cyclic_cosine_by_hand);
    RUN(frozen_and_missing_gradients_stay);
    RUN(clip_counts_only_what_is_trained);
    RUN(threads_do_not_matter);
    return check_summary();
}

#include "learn/complete_lesson.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/report_hooks.h"
#include "base/rng.h"
#include "learn/optimizer.h"

enum { DRAWS = 1 << 20 /* index of the draws' streams, behind the samples' */ };

typedef struct teacher {
    const bcue_lesson *lesson;
    const bcue_complete_config *config;
    uint64_t seed;
    int64_t batch;
    bcue_graph *graph, *check_graph;
    bcue_weights weights, best, check_weights;
    bcue_plan *plan, *check_plan;
    bcue_optimizer optimizer;
    float **gradients;
} teacher;

static void feed_draws(teacher *t, uint32_t epoch, uint32_t step)
{
    float *draws = bcue_plan_input(t->plan, "latent");
    bcue_rng rng = bcue_rng_make(t->seed, BCUE_RNG_COMPLETE, epoch, step, DRAWS);
    for (int64_t i = 0; i < t->batch * t->config->latent; i++)
        draws[i] = (float)bcue_rng_normal(&rng);
}

static bcue_status take_step(teacher *t, int64_t epoch, int64_t step, int64_t steps, double lr,
                             bcue_error *error)
{
    const int64_t warm = t->config->warmup_epochs;
    BCUE_TRY(t->lesson->feed(t->lesson->cookie, t->plan, epoch, step, t->batch, error));
    feed_draws(t, (uint32_t)epoch, (uint32_t)step);
    const double share = ((double)epoch + (double)step / (double)steps) / (double)(warm > 0 ? warm : 1);
    *(float *)bcue_plan_input(t->plan, "kl_weight") = (float)(warm == 0 || share > 1 ? 1 : share);
    BCUE_TRY(bcue_plan_forward(t->plan, error));
    if (!isfinite(*(const float *)bcue_plan_output(t->plan, "loss")))
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "the loss of the generator is not a number in epoch %lld; set a smaller complete.lr",
                         (long long)epoch + 1);
    BCUE_TRY(bcue_plan_backward(t->plan, error));
    const double norm = bcue_gradient_norm(&t->optimizer, &t->weights, t->gradients);
    bcue_optimizer_step(&t->optimizer, &t->weights, t->gradients, norm, lr);
    bcue_plan_weights_changed(t->plan);
    return BCUE_OK;
}

/* What is known already and not learned: the means of the inputs. */
static void take_known(const teacher *t, const bcue_weights *known)
{
    for (int32_t i = 0; i < t->weights.count; i++) {
        const bcue_value value = bcue_graph_parameter_value(t->graph, i);
        for (int32_t k = 0; bcue_graph_value(t->graph, value)->spec.running && k < known->count; k++)
            if (strcmp(t->weights.names[i], known->names[k]) == 0)
                memcpy(t->weights.tensors[i].data, known->tensors[k].data,
                       bcue_tensor_size(&known->tensors[k]));
    }
}

static bcue_status open_plans(teacher *t, const bcue_weights *known, bcue_error *error)
{
    const bcue_plan_options learn = {.engine = BCUE_ENGINE_ONEDNN, .dtype = BCUE_F32, .training = true},
                            check = {.engine = BCUE_ENGINE_ONEDNN, .dtype = BCUE_F32};
    const bcue_weights *sets[] = {&t->weights};
    BCUE_TRY(t->lesson->build(t->lesson->cookie, true, t->batch, &t->graph, error));
    BCUE_TRY(t->lesson->build(t->lesson->cookie, false, t->batch, &t->check_graph, error));
    BCUE_TRY(bcue_weights_create(t->graph, BCUE_F32, t->seed, &t->weights, error));
    take_known(t, known);
    BCUE_TRY(bcue_weights_copy(&t->weights, BCUE_F32, &t->best, error));
    BCUE_TRY(bcue_weights_select(t->check_graph, sets, 1, &t->check_weights, error));
    BCUE_TRY(bcue_plan_create(t->graph, &t->weights, &learn, &t->plan, error));
    return bcue_plan_create(t->check_graph, &t->check_weights, &check, &t->check_plan, error);
}

static bcue_status open_optimizer(teacher *t, bcue_error *error)
{
    const bcue_optimizer_config optimizer = {.kind = BCUE_OPTIMIZER_ADAMW,
                                             .lr = t->config->lr,
                                             .beta1 = 0.9,
                                             .beta2 = 0.999,
                                             .epsilon = 1e-8,
                                             .weight_decay = t->config->weight_decay,
                                             .clip_norm = 100,
                                             .schedule = BCUE_SCHEDULE_COSINE};
    BCUE_TRY(bcue_optimizer_create(&optimizer, t->graph, NULL, &t->optimizer, error));
    t->gradients = bcue_calloc((size_t)t->weights.count, sizeof *t->gradients);
    if (t->gradients == NULL)
        return bcue_fail_memory(error, "the generator of missing modalities");
    for (int32_t i = 0; i < t->weights.count; i++)
        t->gradients[i] = bcue_plan_gradient(t->plan, i);
    return BCUE_OK;
}

static void close_teacher(teacher *t)
{
    bcue_plan_destroy(t->plan);
    bcue_plan_destroy(t->check_plan);
    bcue_graph_destroy(t->graph);
    bcue_graph_destroy(t->check_graph);
    bcue_weights_free(&t->weights);
    bcue_weights_free(&t->best);
    bcue_weights_release(&t->check_weights);
    bcue_optimizer_free(&t->optimizer);
    free(t->gradients);
}

static bcue_status check(teacher *t, double *error_now, bcue_error *error)
{
    bcue_plan_weights_changed(t->check_plan);
    memset(bcue_plan_input(t->check_plan, "latent"), 0,
           (size_t)(t->batch * t->config->latent) * sizeof(float));
    return t->lesson->check(t->lesson->cookie, t->check_plan, t->batch, error_now, error);
}

static void keep_best(teacher *t)
{
    for (int32_t i = 0; i < t->weights.count; i++)
        memcpy(t->best.tensors[i].data, t->weights.tensors[i].data, bcue_tensor_size(&t->weights.tensors[i]));
}

static bcue_status run_epoch(teacher *t, int64_t epoch, const bcue_hooks *hooks, bcue_error *error)
{
    const int64_t steps = (int64_t)t->lesson->train_rows / t->batch;
    BCUE_TRY(t->lesson->begin(t->lesson->cookie, epoch, t->batch, error));
    for (int64_t step = 0; step < steps; step++) {
        if (bcue_cancelled(hooks))
            return bcue_fail(error, BCUE_ERROR_CANCELLED, "stopped while training the generator");
        const double lr =
            bcue_learning_rate(&t->optimizer.config, epoch * steps + step, steps, t->config->epochs);
        BCUE_TRY(take_step(t, epoch, step, steps, lr, error));
    }
    return BCUE_OK;
}

static bcue_status learn(teacher *t, const bcue_hooks *hooks, bcue_complete_fit *fit, bcue_error *error)
{
    const bool choose = t->lesson->validation_rows > 0;
    if (choose)
        BCUE_TRY(check(t, &fit->first_error, error));
    fit->error = INFINITY;
    for (int64_t epoch = 0; epoch < t->config->epochs; epoch++) {
        double now = 0;
        BCUE_TRY(run_epoch(t, epoch, hooks, error));
        if (choose)
            BCUE_TRY(check(t, &now, error));
        bcue_progress(hooks, "generator", (uint64_t)epoch + 1, (uint64_t)t->config->epochs);
        if (choose && !(now < fit->error))
            continue;
        fit->error = now;
        fit->best_epoch = epoch + 1;
        keep_best(t);
    }
    return BCUE_OK;
}

static void deliver(const teacher *t, bcue_model_file *file)
{
    for (int32_t i = 0; i < file->generator.count; i++)
        for (int32_t k = 0; k < t->best.count; k++)
            if (strcmp(t->best.names[k], file->generator.names[i]) == 0)
                memcpy(file->generator.tensors[i].data, t->best.tensors[k].data,
                       bcue_tensor_size(&t->best.tensors[k]));
}

bcue_status bcue_lesson_learn(const bcue_lesson *lesson, const bcue_complete_config *config, uint64_t seed,
                              const bcue_hooks *hooks, bcue_model_file *file, bcue_complete_fit *fit,
                              bcue_error *error)
{
    const size_t rows = lesson->train_rows;
    *fit = (bcue_complete_fit){.train_rows = rows, .validation_rows = lesson->validation_rows};
    if (rows < 2)
        return bcue_fail(error, BCUE_ERROR_DATA, "a generator cannot learn from %zu training samples", rows);
    teacher t = {.lesson = lesson,
                 .config = config,
                 .seed = seed,
                 .batch = (int64_t)rows < config->batch ? (int64_t)rows : config->batch};
    bcue_status status = open_plans(&t, &file->generator, error);
    if (status == BCUE_OK)
        status = open_optimizer(&t, error);
    if (status == BCUE_OK)
        status = learn(&t, hooks, fit, error);
    if (status == BCUE_OK)
        deliver(&t, file);
    close_teacher(&t);
    return status;
}

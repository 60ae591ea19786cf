#include "learn/complete_train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/report_hooks.h"
#include "base/rng.h"
#include "learn/optimizer.h"

enum {
    SLOTS = BCUE_INPUT_POSITION + 1,
    DRAWS = 1 << 20 /* index of the draws' streams, behind the samples' */
};

typedef struct teacher {
    const bcue_complete_config *config;
    const bcue_gap_vectors *train, *validation;
    const bcue_completion *completion;
    uint64_t seed;
    int64_t batch;
    bcue_graph *graph, *check_graph;
    bcue_weights weights, best, check_weights;
    bcue_plan *plan, *check_plan;
    bcue_optimizer optimizer;
    float **gradients;
    size_t *order;
} teacher;

/* ---- normalising ---- */

static bool seen(const bcue_gap_vectors *v, int m)
{
    return (v->sizes.seen & 1U << m) != 0;
}

/* Mean of every number, one spread for all: sqrt of the mean variance. */
static void measure(const bcue_gap_vectors *v, int m, float *mean, double *spread)
{
    const size_t numbers = (size_t)bcue_gap_numbers(&v->sizes, m);
    double sum = 0;
    for (size_t i = 0; i < numbers; i++) {
        double first = 0, second = 0;
        for (size_t r = 0; r < v->rows; r++)
            first += (double)v->data[0][m][r * numbers + i] / (double)v->rows;
        mean[i] = (float)first;
        for (size_t r = 0; r < v->rows; r++) {
            const double x = (double)v->data[0][m][r * numbers + i] - (double)mean[i];
            second += x * x / (double)v->rows;
        }
        sum += second / (double)numbers;
    }
    *spread = sqrt(sum) > 1e-6 ? sqrt(sum) : 1e-6;
}

static void normalise(bcue_gap_vectors *v, int m, const float *mean, double spread)
{
    const size_t numbers = (size_t)bcue_gap_numbers(&v->sizes, m);
    for (size_t p = 0; p < v->patterns; p++) {
        for (size_t k = 0; v->data[p][m] != NULL && k < v->rows * numbers; k++)
            v->data[p][m][k] = (float)(((double)v->data[p][m][k] - (double)mean[k % numbers]) / spread);
    }
}

static float *tensor_of(const bcue_weights *weights, const char *part, int m)
{
    char name[48];
    snprintf(name, sizeof name, "complete.%s.%s", part, bcue_model_input_names[m]);
    for (int32_t i = 0; i < weights->count; i++) {
        if (strcmp(weights->names[i], name) == 0)
            return weights->tensors[i].data;
    }
    return NULL;
}

static void prepare(bcue_gap_vectors *train, bcue_gap_vectors *validation, const bcue_model_inputs *inputs,
                    bcue_model_file *file)
{
    for (int m = 0; m < SLOTS; m++) {
        if (!seen(train, m))
            continue;
        const bcue_picture_size size = bcue_model_picture(inputs, (bcue_model_input)m);
        const int64_t numbers = m == BCUE_INPUT_POSITION ? 2 : size.channels * size.height * size.width;
        float *mean = tensor_of(&file->generator, "mean", m),
              *input = tensor_of(&file->generator, "input", m);
        double *spread = &file->completion->spread.items[m];
        measure(train, m, mean, spread);
        normalise(train, m, mean, *spread);
        normalise(validation, m, mean, *spread);
        for (int64_t i = 0; i < numbers && train->input_frames[m] > 0; i++)
            input[i] = (float)(train->input_sum[m][i] / train->input_frames[m]);
    }
}

/* ---- steps ---- */

static void feed_row(bcue_plan *plan, const bcue_gap_vectors *v, size_t row, size_t pattern, size_t at)
{
    for (int m = 0; m < SLOTS; m++) {
        char name[32];
        const size_t numbers = (size_t)bcue_gap_numbers(&v->sizes, m);
        if (!seen(v, m))
            continue;
        const bool there = v->data[pattern][m] != NULL;
        snprintf(name, sizeof name, "there.%s", bcue_model_input_names[m]);
        ((float *)bcue_plan_input(plan, name))[at] = there ? 1 : 0;
        snprintf(name, sizeof name, "given.%s", bcue_model_input_names[m]);
        float *given = (float *)bcue_plan_input(plan, name) + at * numbers;
        if (there)
            memcpy(given, v->data[pattern][m] + row * numbers, numbers * sizeof *given);
        else
            memset(given, 0, numbers * sizeof *given);
        snprintf(name, sizeof name, "target.%s", bcue_model_input_names[m]);
        memcpy((float *)bcue_plan_input(plan, name) + at * numbers, v->data[0][m] + row * numbers,
               numbers * sizeof(float));
    }
}

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
    for (int64_t i = 0; i < t->batch; i++) {
        const size_t row = t->order[(size_t)(step * t->batch + i)];
        bcue_rng rng = bcue_rng_make(t->seed, BCUE_RNG_COMPLETE, (uint32_t)epoch, 0, (uint32_t)(row % DRAWS));
        const size_t pattern = 1 + bcue_rng_below(&rng, (uint32_t)(t->train->patterns - 1));
        feed_row(t->plan, t->train, row, pattern, (size_t)i);
    }
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

/* Numbers that are missing in a pattern. */
static double missing_numbers(const bcue_gap_vectors *v, size_t pattern)
{
    double count = 0;
    for (int m = 0; m < SLOTS; m++)
        count += (v->missing[pattern] & 1U << m) != 0 ? (double)bcue_gap_numbers(&v->sizes, m) : 0;
    return count;
}

/* Mean over rows, patterns and missing numbers of the squared error, where z is the prior's mean. Rows that
   fill up the last batch lack nothing, so that they add nothing. */
static bcue_status validate(teacher *t, const bcue_gap_vectors *v, double *mean, bcue_error *error)
{
    double sum = 0;
    bcue_plan_weights_changed(t->check_plan);
    memset(bcue_plan_input(t->check_plan, "latent"), 0,
           (size_t)(t->batch * t->config->latent) * sizeof(float));
    for (size_t p = 1; p < v->patterns; p++) {
        for (size_t first = 0; first < v->rows; first += (size_t)t->batch) {
            for (size_t i = 0; i < (size_t)t->batch; i++) {
                const bool inside = first + i < v->rows;
                feed_row(t->check_plan, v, inside ? first + i : 0, inside ? p : 0, i);
            }
            BCUE_TRY(bcue_plan_forward(t->check_plan, error));
            sum += 2 * (double)t->batch *
                   (double)*(const float *)bcue_plan_output(t->check_plan, "reconstruction") /
                   missing_numbers(v, p);
        }
    }
    *mean = sum / ((double)v->rows * (double)(v->patterns - 1));
    return BCUE_OK;
}

/* ---- all of it ---- */

static bcue_status open_plans(teacher *t, bcue_error *error)
{
    const bcue_plan_options learn = {.engine = BCUE_ENGINE_ONEDNN, .dtype = BCUE_F32, .training = true},
                            check = {.engine = BCUE_ENGINE_ONEDNN, .dtype = BCUE_F32};
    const bcue_weights *sets[] = {&t->weights};
    const bcue_branch_vectors *sizes = &t->train->sizes;
    BCUE_TRY(bcue_completion_build_training(t->completion, sizes, t->config->weight, true, t->batch,
                                            &t->graph, error));
    BCUE_TRY(bcue_completion_build_training(t->completion, sizes, t->config->weight, false, t->batch,
                                            &t->check_graph, error));
    BCUE_TRY(bcue_weights_create(t->graph, BCUE_F32, t->seed, &t->weights, error));
    BCUE_TRY(bcue_weights_copy(&t->weights, BCUE_F32, &t->best, error));
    BCUE_TRY(bcue_weights_select(t->check_graph, sets, 1, &t->check_weights, error));
    BCUE_TRY(bcue_plan_create(t->graph, &t->weights, &learn, &t->plan, error));
    BCUE_TRY(bcue_plan_create(t->check_graph, &t->check_weights, &check, &t->check_plan, error));
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
    t->order = bcue_calloc(t->train->rows, sizeof *t->order);
    if (t->gradients == NULL || t->order == NULL)
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
    free(t->order);
}

static void keep_best(teacher *t)
{
    for (int32_t i = 0; i < t->weights.count; i++)
        memcpy(t->best.tensors[i].data, t->weights.tensors[i].data, bcue_tensor_size(&t->weights.tensors[i]));
}

static bcue_status run_epoch(teacher *t, int64_t epoch, const bcue_hooks *hooks, bcue_error *error)
{
    const int64_t steps = (int64_t)t->train->rows / t->batch;
    for (size_t i = 0; i < t->train->rows; i++)
        t->order[i] = i;
    bcue_rng rng = bcue_rng_make(t->seed, BCUE_RNG_COMPLETE, (uint32_t)epoch, 1, 0);
    bcue_rng_shuffle(&rng, t->order, t->train->rows);
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
    const bool choose = t->validation->rows > 0;
    if (choose)
        BCUE_TRY(validate(t, t->validation, &fit->first_error, error));
    fit->error = INFINITY;
    for (int64_t epoch = 0; epoch < t->config->epochs; epoch++) {
        double now = 0;
        BCUE_TRY(run_epoch(t, epoch, hooks, error));
        if (choose)
            BCUE_TRY(validate(t, t->validation, &now, error));
        if (choose && !(now < fit->error))
            continue;
        fit->error = now;
        fit->best_epoch = epoch + 1;
        keep_best(t);
    }
    return BCUE_OK;
}

bcue_status bcue_complete_train(const bcue_complete_config *config, uint64_t seed, bcue_gap_vectors *train,
                                bcue_gap_vectors *validation, const bcue_hooks *hooks, bcue_model_file *file,
                                bcue_complete_fit *fit, bcue_error *error)
{
    *fit = (bcue_complete_fit){.train_rows = train->rows, .validation_rows = validation->rows};
    if (train->rows < 2)
        return bcue_fail(error, BCUE_ERROR_DATA, "a generator cannot learn from %zu training samples",
                         train->rows);
    bcue_graph *kept;
    BCUE_TRY(bcue_completion_build_kept(file->completion, &file->config, &file->inputs, &kept, error));
    bcue_status status = bcue_weights_create(kept, BCUE_F32, seed, &file->generator, error);
    bcue_graph_destroy(kept);
    if (status != BCUE_OK)
        return status;
    prepare(train, validation, &file->inputs, file);
    teacher t = {.config = config,
                 .train = train,
                 .validation = validation,
                 .completion = file->completion,
                 .seed = seed,
                 .batch = (int64_t)train->rows < config->batch ? (int64_t)train->rows : config->batch};
    status = open_plans(&t, error);
    if (status == BCUE_OK)
        status = learn(&t, hooks, fit, error);
    for (int32_t i = 0; status == BCUE_OK && i < file->generator.count; i++)
        for (int32_t k = 0; k < t.best.count; k++)
            if (strcmp(t.best.names[k], file->generator.names[i]) == 0)
                memcpy(file->generator.tensors[i].data, t.best.tensors[k].data,
                       bcue_tensor_size(&t.best.tensors[k]));
    close_teacher(&t);
    return status;
}

#include "learn/complete_train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/rng.h"
#include "learn/complete_inputs.h"

enum { SLOTS = BCUE_INPUT_POSITION + 1, STREAMS = 1 << 20 };

typedef struct pupil {
    const bcue_complete_config *config;
    const bcue_gap_vectors *train, *validation;
    const bcue_completion *completion;
    uint64_t seed;
    size_t *order;
} pupil;

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

static void prepare(bcue_gap_vectors *train, bcue_gap_vectors *validation, bcue_model_file *file)
{
    for (int m = 0; m < SLOTS; m++) {
        if (!seen(train, m))
            continue;
        float *mean = bcue_complete_tensor(&file->generator, "mean", m);
        double *spread = &file->completion->spread.items[m];
        measure(train, m, mean, spread);
        normalise(train, m, mean, *spread);
        normalise(validation, m, mean, *spread);
    }
}

/* ---- the lesson ---- */

static bcue_status build(void *cookie, bool posterior, int64_t batch, bcue_graph **graph, bcue_error *error)
{
    const pupil *p = cookie;
    return bcue_completion_build_training(p->completion, &p->train->sizes, p->config->weight, posterior,
                                          batch, graph, error);
}

static bcue_status begin(void *cookie, int64_t epoch, int64_t batch, bcue_error *error)
{
    const pupil *p = cookie;
    (void)batch;
    (void)error;
    for (size_t i = 0; i < p->train->rows; i++)
        p->order[i] = i;
    bcue_rng rng = bcue_rng_make(p->seed, BCUE_RNG_COMPLETE, (uint32_t)epoch, 1, 0);
    bcue_rng_shuffle(&rng, p->order, p->train->rows);
    return BCUE_OK;
}

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

static bcue_status feed(void *cookie, bcue_plan *plan, int64_t epoch, int64_t step, int64_t batch,
                        bcue_error *error)
{
    const pupil *p = cookie;
    (void)error;
    for (int64_t i = 0; i < batch; i++) {
        const size_t row = p->order[(size_t)(step * batch + i)];
        bcue_rng rng =
            bcue_rng_make(p->seed, BCUE_RNG_COMPLETE, (uint32_t)epoch, 0, (uint32_t)(row % STREAMS));
        const size_t pattern = 1 + bcue_rng_below(&rng, (uint32_t)(p->train->patterns - 1));
        feed_row(plan, p->train, row, pattern, (size_t)i);
    }
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
static bcue_status check(void *cookie, bcue_plan *plan, int64_t batch, double *mean, bcue_error *error)
{
    const bcue_gap_vectors *v = ((const pupil *)cookie)->validation;
    double sum = 0;
    for (size_t p = 1; p < v->patterns; p++) {
        for (size_t first = 0; first < v->rows; first += (size_t)batch) {
            for (size_t i = 0; i < (size_t)batch; i++) {
                const bool inside = first + i < v->rows;
                feed_row(plan, v, inside ? first + i : 0, inside ? p : 0, i);
            }
            BCUE_TRY(bcue_plan_forward(plan, error));
            sum += 2 * (double)batch * (double)*(const float *)bcue_plan_output(plan, "reconstruction") /
                   missing_numbers(v, p);
        }
    }
    *mean = sum / ((double)v->rows * (double)(v->patterns - 1));
    return BCUE_OK;
}

bcue_status bcue_complete_train(const bcue_complete_config *config, uint64_t seed, bcue_gap_vectors *train,
                                bcue_gap_vectors *validation, const bcue_hooks *hooks, bcue_model_file *file,
                                bcue_complete_fit *fit, bcue_error *error)
{
    pupil p = {.config = config,
               .train = train,
               .validation = validation,
               .completion = file->completion,
               .seed = seed,
               .order = bcue_calloc(train->rows + 1, sizeof *p.order)};
    const bcue_lesson lesson = {.cookie = &p,
                                .train_rows = train->rows,
                                .validation_rows = validation->rows,
                                .build = build,
                                .begin = begin,
                                .feed = feed,
                                .check = check};
    if (p.order == NULL)
        return bcue_fail_memory(error, "the generator of missing modalities");
    prepare(train, validation, file);
    bcue_status status = bcue_lesson_learn(&lesson, config, seed, hooks, file, fit, error);
    free(p.order);
    return status;
}

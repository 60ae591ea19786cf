#include "learn/complete_maps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/rng.h"
#include "learn/complete_vectors.h"
#include "models/map_completion.h"

enum { SLOTS = BCUE_INPUT_POSITION + 1, STREAMS = 1 << 20 };

typedef struct painter {
    const bcue_complete_config *config;
    const bcue_model_file *file;
    const bcue_split *split;
    uint64_t seed;
    size_t *order, patterns;
    unsigned missing[BCUE_GAP_PATTERNS], seen;
    bcue_loader *loader, *validation;
} painter;

static bcue_status build(void *cookie, bool posterior, int64_t batch, bcue_graph **graph, bcue_error *error)
{
    const painter *p = cookie;
    return bcue_map_completion_build_training(p->file->completion, &p->file->config, &p->file->inputs,
                                              p->config->map_weight, posterior, batch, graph, error);
}

static bcue_status begin(void *cookie, int64_t epoch, int64_t batch, bcue_error *error)
{
    painter *p = cookie;
    memcpy(p->order, p->split->train, p->split->train_count * sizeof *p->order);
    bcue_rng rng = bcue_rng_make(p->seed, BCUE_RNG_COMPLETE, (uint32_t)epoch, 1, 0);
    bcue_rng_shuffle(&rng, p->order, p->split->train_count);
    return bcue_loader_begin(p->loader, p->order, p->split->train_count, (size_t)batch, false, p->seed,
                             (uint32_t)epoch, error);
}

/* Row `at` of a plan lacks these. */
static void set_missing(bcue_plan *plan, unsigned seen, unsigned missing, size_t at)
{
    for (int m = 0; m < SLOTS; m++) {
        char name[32];
        snprintf(name, sizeof name, "there.%s", bcue_model_input_names[m]);
        if ((seen & 1U << m) != 0)
            ((float *)bcue_plan_input(plan, name))[at] = (missing & 1U << m) != 0 ? 0 : 1;
    }
}

static bcue_status next(bcue_loader *loader, bcue_batch *batch, bcue_error *error)
{
    BCUE_TRY(bcue_loader_next(loader, batch, error));
    return batch->count > 0 ? BCUE_OK
                            : bcue_fail(error, BCUE_ERROR_INTERNAL, "the loader ended before its samples");
}

static bcue_status feed(void *cookie, bcue_plan *plan, int64_t epoch, int64_t step, int64_t batch_size,
                        bcue_error *error)
{
    const painter *p = cookie;
    bcue_batch batch;
    (void)step;
    BCUE_TRY(next(p->loader, &batch, error));
    bcue_feed_batch(plan, &p->file->inputs, &batch, (size_t)batch_size);
    for (size_t i = 0; i < batch.count; i++) {
        bcue_rng rng = bcue_rng_make(p->seed, BCUE_RNG_COMPLETE, (uint32_t)epoch, 0,
                                     (uint32_t)(batch.sample[i] % STREAMS));
        set_missing(plan, p->seen, p->missing[bcue_rng_below(&rng, (uint32_t)p->patterns)], i);
    }
    return BCUE_OK;
}

/* Adds a batch's squared errors, of whole modalities. */
static void add_errors(const painter *p, const bcue_plan *plan, double rows, double sum[SLOTS])
{
    for (int m = 0; m < SLOTS; m++) {
        char name[48];
        snprintf(name, sizeof name, "reconstruction.%s", bcue_model_input_names[m]);
        if ((p->seen & 1U << m) != 0)
            sum[m] += 2 * rows * (double)*(const float *)bcue_plan_output(plan, name);
    }
}

/* Rows that fill up the last batch lack nothing, so that they add nothing. */
static bcue_status check(void *cookie, bcue_plan *plan, int64_t batch_size, double *mean, bcue_error *error)
{
    painter *p = cookie;
    double sum[SLOTS] = {0}, times[SLOTS] = {0}, modalities = 0;
    const size_t rows = p->split->validation_count;
    BCUE_TRY(bcue_loader_begin(p->validation, p->split->validation, rows, (size_t)batch_size, false, p->seed,
                               0, error));
    for (size_t done = 0; done < rows;) {
        bcue_batch batch;
        BCUE_TRY(next(p->validation, &batch, error));
        bcue_feed_batch(plan, &p->file->inputs, &batch, (size_t)batch_size);
        for (size_t i = 0; i < (size_t)batch_size; i++) {
            const unsigned missing = i < batch.count ? p->missing[(done + i) % p->patterns] : 0;
            set_missing(plan, p->seen, missing, i);
            for (int m = 0; m < SLOTS; m++)
                times[m] += (missing & 1U << m) != 0;
        }
        BCUE_TRY(bcue_plan_forward(plan, error));
        add_errors(p, plan, (double)batch_size, sum);
        done += batch.count;
    }
    *mean = 0;
    for (int m = 0; m < SLOTS; m++) {
        if (times[m] > 0) {
            *mean += sum[m] / times[m];
            modalities++;
        }
    }
    *mean /= modalities > 0 ? modalities : 1;
    return BCUE_OK;
}

static bcue_status open_loaders(painter *p, const bcue_score_session *session, const bcue_score_job *job,
                                const bcue_hooks *hooks, bcue_error *error)
{
    const bcue_feature_config used = bcue_features_for(&session->features, &session->model.config);
    const int threads = (int)job->train->loader_threads;
    p->order = bcue_calloc(p->split->train_count + 1, sizeof *p->order);
    if (p->order == NULL)
        return bcue_fail_memory(error, "the generator of missing modalities");
    BCUE_TRY(bcue_loader_create(job->dataset, &used, threads, hooks, &p->loader, error));
    return bcue_loader_create(job->dataset, &used, threads, hooks, &p->validation, error);
}

bcue_status bcue_complete_train_maps(const bcue_complete_config *config, bcue_score_session *session,
                                     const bcue_score_job *job, const bcue_split *split,
                                     const bcue_hooks *hooks, bcue_complete_fit *fit, bcue_error *error)
{
    bcue_model_file *file = &session->model;
    painter p = {.config = config, .file = file, .split = split, .seed = job->seed};
    const bcue_lesson lesson = {.cookie = &p,
                                .train_rows = split->train_count,
                                .validation_rows = split->validation_count,
                                .build = build,
                                .begin = begin,
                                .feed = feed,
                                .check = check};
    p.seen = bcue_branch_vectors_of(&file->config, &file->inputs).seen;
    p.patterns = bcue_gap_patterns(p.seen, config->most_missing, p.missing);
    bcue_status status = open_loaders(&p, session, job, hooks, error);
    if (status == BCUE_OK)
        status = bcue_lesson_learn(&lesson, config, job->seed, hooks, file, fit, error);
    bcue_loader_destroy(p.loader);
    bcue_loader_destroy(p.validation);
    free(p.order);
    return status;
}

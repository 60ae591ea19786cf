#include "learn/complete_run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/report_hooks.h"
#include "learn/complete_inputs.h"
#include "learn/complete_maps.h"

enum { SLOTS = BCUE_INPUT_POSITION + 1 };

/* What a model file will hold of it, without allocations. */
typedef struct record {
    bcue_completion completion;
    double spread[SLOTS], map_spread[SLOTS];
    bcue_completion_choice choices[BCUE_GAP_PATTERNS];
    char *names[BCUE_GAP_PATTERNS][SLOTS];
} record;

static bcue_status check_model(const bcue_model_file *file, const char *path, bcue_error *error)
{
    int seen = 0;
    for (int m = 0; m < BCUE_INPUT_COUNT; m++)
        seen += bcue_model_needs(&file->config, (bcue_model_input)m);
    return file->config.kind == BCUE_MODEL_BEAMTRANSFUSER && seen > 1
               ? BCUE_OK
               : bcue_fail(error, BCUE_ERROR_UNSUPPORTED,
                           "%s: only a beamtransfuser of several modalities can do without one of them",
                           path);
}

/* Made anew: what the file had is dropped. */
static void drop_completion(bcue_model_file *file)
{
    if (file->calibration != NULL) /* of patterns: it was made with the stand-ins that go */
        file->calibration->patterns.count = 0;
    bcue_weights_free(&file->generator);
    bcue_config_destroy(file->owned_completion);
    free(file->completion);
    file->owned_completion = NULL;
    file->completion = NULL;
}

static bcue_status train_features(const bcue_run_config *run, bcue_score_session *session,
                                  const bcue_score_job *job, const bcue_split *split, const bcue_hooks *hooks,
                                  bcue_complete_result *result, bcue_error *error)
{
    bcue_gap_vectors learn = {0}, check = {0};
    const double began = bcue_clock_s();
    const bcue_complete_config *config = &run->complete;
    bcue_status status = bcue_gap_vectors_collect(session, job, split->train, split->train_count,
                                                  config->most_missing, hooks, &learn, error);
    if (status == BCUE_OK)
        status = bcue_gap_vectors_collect(session, job, split->validation, split->validation_count,
                                          config->most_missing, hooks, &check, error);
    if (status == BCUE_OK)
        status = bcue_complete_train(config, job->seed, &learn, &check, hooks, &session->model, &result->fit,
                                     error);
    bcue_gap_vectors_free(&learn);
    bcue_gap_vectors_free(&check);
    result->seconds = bcue_clock_s() - began;
    return status;
}

static bcue_status train(const bcue_run_config *run, bcue_score_session *session, const bcue_score_job *job,
                         const bcue_split *split, const bcue_hooks *hooks, bcue_complete_result *result,
                         bcue_error *error)
{
    const bcue_completion *completion = session->model.completion;
    BCUE_TRY(bcue_complete_reserve(&session->model, job->seed, error));
    BCUE_TRY(bcue_complete_measure_inputs(session, job, split->train, split->train_count, hooks, error));
    if (bcue_completion_offers(completion, BCUE_STAND_IN_GENERATED))
        BCUE_TRY(train_features(run, session, job, split, hooks, result, error));
    if (!bcue_completion_offers(completion, BCUE_STAND_IN_MAP))
        return BCUE_OK;
    const double began = bcue_clock_s();
    BCUE_TRY(bcue_complete_train_maps(&run->complete, session, job, split, hooks, &result->map_fit, error));
    result->map_seconds = bcue_clock_s() - began;
    return BCUE_OK;
}

/* Parameters of each generator; the means of the inputs are of neither. */
static void count_numbers(const bcue_weights *generator, bcue_complete_result *result)
{
    for (int32_t i = 0; i < generator->count; i++) {
        const int64_t count = bcue_tensor_count(&generator->tensors[i]);
        if (strncmp(generator->names[i], "complete.map.", 13) == 0)
            result->map_numbers += count;
        else if (strncmp(generator->names[i], "complete.input.", 15) != 0)
            result->generator_numbers += count;
    }
}

static double full_dba(const bcue_complete_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->rows[i].missing == 0)
            return table->rows[i].scores.dba;
    return NAN;
}

static double or_zero(double x)
{
    return isnan(x) ? 0 : x;
}

static void choose(record *made, bcue_complete_result *result)
{
    for (size_t p = 0; p < result->patterns; p++) {
        bcue_completion_choice *choice = &made->choices[p];
        const bcue_complete_row *best = bcue_complete_best(&result->validation, result->missing[p]);
        choice->missing.items = made->names[p];
        for (int m = 0; m < SLOTS; m++)
            if ((result->missing[p] & 1U << m) != 0)
                made->names[p][choice->missing.count++] = (char *)(uintptr_t)bcue_model_input_names[m];
        choice->stand_in = best != NULL ? best->stand_in : BCUE_STAND_IN_ZERO;
        choice->dba = best != NULL ? or_zero(best->scores.dba) : 0;
        choice->full_dba = or_zero(full_dba(&result->validation));
        result->chosen[p] = choice->stand_in;
    }
    made->completion.choices = (bcue_section_list){.items = made->choices, .count = result->patterns};
}

static bcue_status measure(const bcue_run_config *run, bcue_score_session *session, bcue_score_job job,
                           const size_t *samples, size_t count, int64_t draws, const bcue_hooks *hooks,
                           bcue_complete_table *table, bcue_error *error)
{
    const bcue_complete_job what = {.most_missing = run->complete.most_missing,
                                    .hold_rows = run->complete.hold_rows,
                                    .draws = draws,
                                    .seed = job.seed};
    table->count = 0;
    job.samples = samples;
    job.count = count;
    return count > 0 ? bcue_complete_measure(session, &job, &what, hooks, table, error) : BCUE_OK;
}

static bcue_status time_patterns(const bcue_run_config *run, const bcue_model_file *file,
                                 bcue_complete_result *result, bcue_error *error)
{
    static const int generated[] = {BCUE_STAND_IN_GENERATED, BCUE_STAND_IN_MAP};
    const bcue_engine engine = (bcue_engine)run->train.engine;
    const int64_t runs = run->complete.timing_runs;
    BCUE_TRY(bcue_complete_latency(file, engine, 0, BCUE_STAND_IN_ZERO, runs, &result->full, error));
    for (size_t p = 0; p < result->patterns; p++)
        for (int k = 0; k < 2; k++)
            if (bcue_completion_offers(file->completion, generated[k]))
                BCUE_TRY(bcue_complete_latency(file, engine, result->missing[p], generated[k], runs,
                                               &result->times[p][generated[k]], error));
    return BCUE_OK;
}

static bcue_status complete_file(const bcue_run_config *run, bcue_score_session *session,
                                 const bcue_score_job *job, const bcue_split *split, const char *path,
                                 bool with_latency, const bcue_hooks *hooks, record *made,
                                 bcue_complete_result *result, bcue_error *error)
{
    bcue_model_file *file = &session->model;
    const bool on_test = run->evaluate.part == 0;
    BCUE_TRY(check_model(file, path, error));
    drop_completion(file);
    made->completion = (bcue_completion){.prior = run->complete.prior,
                                         .target = run->complete.target,
                                         .latent = run->complete.latent,
                                         .hidden = run->complete.hidden,
                                         .channels = run->complete.map_channels,
                                         .data = (char *)(uintptr_t)bcue_dataset_hash(job->dataset)};
    if (bcue_completion_offers(&made->completion, BCUE_STAND_IN_GENERATED))
        made->completion.spread = (bcue_double_list){made->spread, SLOTS};
    if (bcue_completion_offers(&made->completion, BCUE_STAND_IN_MAP))
        made->completion.map_spread = (bcue_double_list){made->map_spread, SLOTS};
    file->completion = &made->completion;
    const bcue_branch_vectors vectors = bcue_branch_vectors_of(&file->config, &file->inputs);
    result->patterns = bcue_gap_patterns(vectors.seen, run->complete.most_missing, result->missing);
    BCUE_TRY(train(run, session, job, split, hooks, result, error));
    count_numbers(&file->generator, result);
    result->validation_samples = split->validation_count;
    result->test_samples = on_test ? split->test_count : split->validation_count;
    BCUE_TRY(measure(run, session, *job, split->validation, split->validation_count, 0, hooks,
                     &result->validation, error));
    BCUE_TRY(measure(run, session, *job, on_test ? split->test : split->validation, result->test_samples,
                     run->complete.draws, hooks, &result->test, error));
    if (with_latency)
        BCUE_TRY(time_patterns(run, file, result, error));
    choose(made, result);
    return bcue_model_file_write(path, file, error);
}

bcue_status bcue_complete_member(const bcue_run_config *run, const bcue_config *origin,
                                 const bcue_dataset *dataset, bcue_run_member member, bool with_latency,
                                 const bcue_hooks *hooks, bcue_complete_result *result, bcue_error *error)
{
    bcue_split split;
    bcue_score_session session = {0};
    char seen_hash[17];
    *result = (bcue_complete_result){0};
    char *path = bcue_run_member_path(run, member, "model", "safetensors");
    record *made = bcue_calloc(1, sizeof *made);
    if (path == NULL || made == NULL) {
        free(path);
        free(made);
        return bcue_fail_memory(error, "the generator of missing modalities");
    }
    bcue_status status = bcue_run_member_split(run, origin, dataset, member, &split, error);
    if (status != BCUE_OK) {
        free(path);
        free(made);
        return status;
    }
    bcue_split_seen_hash(dataset, &split, seen_hash);
    const bcue_score_job job = {
        .train = &run->train, .dataset = dataset, .seed = member.seed, .seen_hash = seen_hash};
    if (!bcue_path_exists(path))
        status = bcue_fail(
            error, BCUE_ERROR_DATA,
            "%s: no such model; train it first with 'beamcue train' and the same configuration", path);
    else
        status = bcue_score_session_open(path, &job, hooks, NULL, &session, error);
    if (status == BCUE_OK)
        status = complete_file(run, &session, &job, &split, path, with_latency, hooks, made, result, error);
    if (session.model.completion == &made->completion)
        session.model.completion = NULL;
    bcue_score_session_close(&session);
    bcue_split_free(&split);
    free(made);
    free(path);
    return status;
}

bcue_status bcue_complete_choose(const bcue_model_file *file, const char *path, unsigned missing, int wanted,
                                 int *stand_in, bcue_error *error)
{
    const bcue_completion *completion = file->completion;
    *stand_in = wanted;
    for (int m = 0; m < BCUE_INPUT_COUNT; m++) {
        if ((missing & 1U << m) != 0 && !bcue_model_needs(&file->config, (bcue_model_input)m))
            return bcue_fail(error, BCUE_ERROR_CONFIG, "%s: the model has no %s that could be missing", path,
                             bcue_model_input_names[m]);
    }
    BCUE_TRY(check_model(file, path, error));
    if (wanted == BCUE_STAND_IN_COUNT) {
        const bcue_completion_choice *choice =
            completion != NULL ? bcue_completion_find(completion, missing) : NULL;
        *stand_in = choice != NULL ? choice->stand_in : BCUE_STAND_IN_ZERO;
    }
    const bool needs_file = *stand_in == BCUE_STAND_IN_MEAN || *stand_in == BCUE_STAND_IN_GENERATED ||
                            *stand_in == BCUE_STAND_IN_MAP;
    if (needs_file && (completion == NULL || !bcue_completion_offers(completion, *stand_in)))
        return bcue_fail(
            error, BCUE_ERROR_CONFIG,
            "%s: the model has no stand-in '%s' for what is missing; make it with 'beamcue complete'%s", path,
            bcue_stand_in_names[*stand_in], completion == NULL ? "" : " and complete.target: both");
    return BCUE_OK;
}

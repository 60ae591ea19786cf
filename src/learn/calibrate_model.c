#include "learn/calibrate_model.h"

#include <math.h>
#include <stdlib.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/report_hooks.h"
#include "dataset/split.h"
#include "learn/pattern_answers.h"
#include "learn/score_file.h"
#include "models/model_file.h"

/* Above 1: every beam. */
#define ALL_BEAMS 2.0

bcue_answers bcue_answers_of(const bcue_predictions *predictions, bcue_scored_set *set)
{
    *set = bcue_predictions_view(predictions, false, BCUE_POWER_ARBITRARY);
    return (bcue_answers){set, predictions->probability};
}

static double *new_list(bcue_double_list *list, size_t count)
{
    double *items = bcue_calloc(count, sizeof *items);
    *list = (bcue_double_list){.items = items, .count = items != NULL ? count : 0};
    return items;
}

static void release_pattern(bcue_calibration_pattern *pattern)
{
    free(pattern->missing.items); /* the names are not its own */
    free(pattern->held.items);
    free(pattern->threshold.items);
    free(pattern->margin_threshold.items);
}

void bcue_calibration_release(bcue_calibration *made)
{
    bcue_calibration_pattern *patterns = made->patterns.items;
    release_pattern(&made->whole);
    for (size_t i = 0; patterns != NULL && i < made->patterns.count; i++)
        release_pattern(&patterns[i]);
    free(patterns);
    free(made->coverage.items);
    free(made->data);
    *made = (bcue_calibration){0};
}

/* ---- one pattern ---- */

static bcue_status name_inputs(unsigned inputs, bcue_string_list *names, bcue_error *error)
{
    if (inputs == 0)
        return BCUE_OK;
    names->items = bcue_calloc(BCUE_INPUT_COUNT, sizeof *names->items);
    if (names->items == NULL)
        return bcue_fail_memory(error, "the calibration");
    for (int m = 0; m < BCUE_INPUT_COUNT; m++)
        if ((inputs & 1U << m) != 0)
            names->items[names->count++] = (char *)(uintptr_t)bcue_model_input_names[m];
    return BCUE_OK;
}

/* `pattern` is empty, and released by the caller in any case. */
static bcue_status learn_from(const bcue_answers *answers, const bcue_calibration *made,
                              bcue_calibration_pattern *pattern, bcue_error *error)
{
    const size_t levels = made->coverage.count;
    BCUE_TRY(bcue_answers_check(answers, error));
    BCUE_TRY(bcue_temperature_fit(answers, &pattern->temperature, error));
    pattern->error_before = bcue_calibration_error(answers, 1.0);
    pattern->error_after = bcue_calibration_error(answers, pattern->temperature);
    double *threshold = new_list(&pattern->threshold, levels),
           *margin = made->margin_db > 0.0 ? new_list(&pattern->margin_threshold, levels) : NULL;
    if (threshold == NULL || (made->margin_db > 0.0 && margin == NULL))
        return bcue_fail_memory(error, "the calibration");
    for (size_t i = 0; i < levels; i++) {
        size_t episodes, rows;
        BCUE_TRY(bcue_conformal_threshold(answers, pattern->temperature, made->coverage.items[i], 0.0,
                                          &threshold[i], &episodes, &rows, error));
        threshold[i] = fmin(threshold[i], ALL_BEAMS);
        pattern->episodes = (int64_t)episodes;
        pattern->samples = (int64_t)rows;
        if (margin == NULL)
            continue;
        BCUE_TRY(bcue_conformal_threshold(answers, pattern->temperature, made->coverage.items[i],
                                          made->margin_db, &margin[i], NULL, NULL, error));
        margin[i] = fmin(margin[i], ALL_BEAMS);
    }
    return BCUE_OK;
}

/* What was answered for the pattern, with what the recordings have of it. */
static bcue_status learn_pattern(const bcue_predictions *predictions, const bcue_model_config *model,
                                 bcue_input_pattern inputs, const bcue_calibration *made,
                                 bcue_calibration_pattern *pattern, bcue_error *error)
{
    bcue_predictions rows;
    bcue_scored_set set;
    pattern->stand_in = inputs.stand_in;
    BCUE_TRY(name_inputs(inputs.missing, &pattern->missing, error));
    BCUE_TRY(name_inputs(inputs.held, &pattern->held, error));
    BCUE_TRY(bcue_pattern_rows(predictions, model, inputs, &rows, error));
    const bcue_answers answers = bcue_answers_of(&rows, &set);
    const bcue_status status = learn_from(&answers, made, pattern, error);
    bcue_predictions_free(&rows);
    return status;
}

/* ---- a model ---- */

/* The samples to learn from; a copy. */
static size_t *part_samples(const bcue_split *split, int part, size_t *count)
{
    const size_t *const from[3] = {split->test, split->validation, split->train};
    const size_t counts[3] = {split->test_count, split->validation_count, split->train_count};
    size_t *samples = bcue_calloc(counts[0] + counts[1] + counts[2], sizeof *samples);
    *count = 0;
    for (int i = 0; samples != NULL && i < 3; i++)
        for (size_t k = 0; (part == 2 || part == i) && k < counts[i]; k++)
            samples[(*count)++] = from[i][k];
    return samples;
}

/* Levels, margin and room for the patterns. `made` is empty. */
static bcue_status prepare(const bcue_calibrate_config *config, const bcue_predictions *predictions,
                           size_t patterns, bcue_calibration *made, bcue_error *error)
{
    const bcue_scored_set set = bcue_predictions_view(predictions, false, BCUE_POWER_ARBITRARY);
    double *coverage = new_list(&made->coverage, config->coverage.count);
    made->margin_db = bcue_scored_set_count(&set).rows_with_power > 0 ? config->margin_db : 0.0;
    made->hold_rows = config->hold_rows;
    made->patterns.items = patterns > 1 ? bcue_calloc(patterns - 1, sizeof(bcue_calibration_pattern)) : NULL;
    if (coverage == NULL || (patterns > 1 && made->patterns.items == NULL))
        return bcue_fail_memory(error, "the calibration");
    for (size_t i = 0; i < config->coverage.count; i++)
        coverage[i] = config->coverage.items[i];
    return BCUE_OK;
}

/* Of a row, mean over those that follow one another in an episode. */
static double row_interval_s(const bcue_score_job *job)
{
    double time_s = 0, rows = 0;
    for (size_t i = 1; i < job->count; i++) {
        const bcue_sample *before = bcue_dataset_sample(job->dataset, job->samples[i - 1]),
                          *now = bcue_dataset_sample(job->dataset, job->samples[i]);
        if (now->source != before->source || now->episode != before->episode || now->row <= before->row ||
            !(now->time_s >= before->time_s))
            continue;
        time_s += now->time_s - before->time_s;
        rows += (double)(now->row - before->row);
    }
    return rows > 0 ? time_s / rows : 0;
}

static bcue_status learn_patterns(const bcue_calibrate_config *config, bcue_score_session *session,
                                  const bcue_score_job *job, const bcue_hooks *hooks, bcue_calibration *made,
                                  bcue_error *error)
{
    bcue_input_pattern patterns[BCUE_MOST_PATTERNS];
    bcue_predictions predictions;
    const size_t count =
        bcue_pattern_list(&session->model, config->most_missing, config->hold_rows > 0, patterns);
    if (job->count == 0)
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "the split leaves no sample to calibrate with; check calibrate.part and split");
    BCUE_TRY(bcue_predictions_create(job->dataset, job->samples, job->count, bcue_dataset_beams(job->dataset),
                                     &predictions, error));
    bcue_status status = prepare(config, &predictions, count, made, error);
    made->hold_s = row_interval_s(job) * (double)config->hold_rows;
    for (size_t i = 0; status == BCUE_OK && i < count; i++) {
        bcue_calibration_pattern *of_these = made->patterns.items;
        bcue_progress(hooks, "calibrate", i, count);
        status =
            bcue_pattern_answer(session, job, patterns[i], config->hold_rows, hooks, &predictions, error);
        made->patterns.count = i; /* to be released */
        if (status == BCUE_OK)
            status = learn_pattern(&predictions, &session->model.config, patterns[i], made,
                                   i == 0 ? &made->whole : &of_these[i - 1], error);
    }
    bcue_progress(hooks, "calibrate", count, count);
    bcue_predictions_free(&predictions);
    return status;
}

static bcue_status learn_file(const bcue_run_config *run, const char *path, const bcue_score_job *job,
                              const bcue_hooks *hooks, bcue_calibration *made, bcue_error *error)
{
    bcue_score_session session = {0};
    if (!bcue_path_exists(path))
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "%s: no such model; train it first with 'beamcue train' and the same configuration",
                         path);
    bcue_status status = bcue_score_session_open(path, job, hooks, NULL, &session, error);
    if (status == BCUE_OK)
        status = learn_patterns(&run->calibrate, &session, job, hooks, made, error);
    bcue_score_session_close(&session);
    return status;
}

/* From the answers on the part of the member's split. */
static bcue_status learn_member(const bcue_run_config *run, const bcue_config *origin,
                                const bcue_dataset *dataset, bcue_run_member member, const char *path,
                                const bcue_hooks *hooks, bcue_calibration *made, bcue_error *error)
{
    bcue_split split;
    char seen_hash[17] = "all of it"; /* no split's: recordings that the model was trained on are refused */
    BCUE_TRY(bcue_run_member_split(run, origin, dataset, member, &split, error));
    if (run->calibrate.part != 2)
        bcue_split_seen_hash(dataset, &split, seen_hash);
    bcue_score_job job = {
        .train = &run->train, .dataset = dataset, .seed = member.seed, .seen_hash = seen_hash};
    size_t *samples = part_samples(&split, run->calibrate.part, &job.count);
    job.samples = samples;
    bcue_status status = samples == NULL ? bcue_fail_memory(error, "the calibration")
                                         : learn_file(run, path, &job, hooks, made, error);
    free(samples);
    bcue_split_free(&split);
    return status;
}

static bcue_status write_into(const char *path, bcue_calibration *made, bcue_error *error)
{
    bcue_model_file file;
    BCUE_TRY(bcue_model_file_read(path, &file, error));
    bcue_calibration *before = file.calibration;
    file.calibration = made;
    bcue_status status = bcue_model_file_write(path, &file, error);
    file.calibration = before;
    bcue_model_file_free(&file);
    return status;
}

static bcue_status check_levels(const bcue_calibrate_config *config, const bcue_config *origin,
                                bcue_error *error)
{
    bool rising = config->coverage.count > 0;
    for (size_t i = 1; i < config->coverage.count; i++)
        rising = rising && config->coverage.items[i] > config->coverage.items[i - 1];
    return rising ? BCUE_OK
                  : bcue_config_fail(origin, error, "calibrate.coverage",
                                     "has to be one or more rising numbers, for instance [0.8, 0.9]");
}

bcue_status bcue_calibrate_member(const bcue_run_config *run, const bcue_config *origin,
                                  const bcue_dataset *dataset, bcue_run_member member,
                                  const bcue_hooks *hooks, bcue_calibration *made, bcue_error *error)
{
    *made = (bcue_calibration){0};
    BCUE_TRY(check_levels(&run->calibrate, origin, error));
    char *path = bcue_run_member_path(run, member, "model", "safetensors");
    bcue_status status = path == NULL ? bcue_fail_memory(error, "the calibration")
                                      : learn_member(run, origin, dataset, member, path, hooks, made, error);
    if (status == BCUE_OK && (made->data = bcue_strdup(bcue_dataset_hash(dataset))) == NULL)
        status = bcue_fail_memory(error, "the calibration");
    if (status == BCUE_OK)
        status = write_into(path, made, error);
    if (status != BCUE_OK)
        bcue_calibration_release(made);
    free(path);
    return status;
}

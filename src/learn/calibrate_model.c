#include "learn/calibrate_model.h"

#include <math.h>
#include <stdlib.h>

#include "base/fail.h"
#include "base/memory.h"
#include "dataset/split.h"
#include "learn/score_file.h"
#include "models/model_file.h"

/* Above 1: every beam. */
#define ALL_BEAMS 2.0

static bcue_answers view_answers(const bcue_predictions *predictions, bcue_scored_set *set)
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

void bcue_calibration_release(bcue_calibration *made)
{
    free((void *)made->coverage.items);
    free((void *)made->threshold.items);
    free((void *)made->margin_threshold.items);
    free(made->data);
    *made = (bcue_calibration){0};
}

static bool has_power(const bcue_scored_set *set)
{
    return bcue_scored_set_count(set).rows_with_power > 0;
}

/* `made` is empty, and released by the caller in any case. */
static bcue_status learn_from(const bcue_predictions *predictions, const bcue_calibrate_config *config,
                              bcue_calibration *made, bcue_error *error)
{
    bcue_scored_set set;
    const bcue_answers answers = view_answers(predictions, &set);
    BCUE_TRY(bcue_answers_check(&answers, error));
    BCUE_TRY(bcue_temperature_fit(&answers, &made->temperature, error));
    made->error_before = bcue_calibration_error(&answers, 1.0);
    made->error_after = bcue_calibration_error(&answers, made->temperature);
    made->margin_db = has_power(&set) ? config->margin_db : 0.0;
    const size_t levels = config->coverage.count;
    double *coverage = new_list(&made->coverage, levels), *threshold = new_list(&made->threshold, levels),
           *margin = made->margin_db > 0.0 ? new_list(&made->margin_threshold, levels) : NULL;
    if (coverage == NULL || threshold == NULL || (made->margin_db > 0.0 && margin == NULL))
        return bcue_fail_memory(error, "the calibration");
    for (size_t i = 0; i < levels; i++) {
        size_t episodes, rows;
        coverage[i] = config->coverage.items[i];
        BCUE_TRY(bcue_conformal_threshold(&answers, made->temperature, coverage[i], 0.0, &threshold[i],
                                          &episodes, &rows, error));
        threshold[i] = fmin(threshold[i], ALL_BEAMS);
        made->episodes = (int64_t)episodes;
        made->samples = (int64_t)rows;
        if (margin == NULL)
            continue;
        BCUE_TRY(bcue_conformal_threshold(&answers, made->temperature, coverage[i], made->margin_db,
                                          &margin[i], NULL, NULL, error));
        margin[i] = fmin(margin[i], ALL_BEAMS);
    }
    return BCUE_OK;
}

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

static bcue_status answer_samples(const char *path, const bcue_score_job *job, const bcue_hooks *hooks,
                                  bcue_predictions *predictions, bcue_error *error)
{
    const size_t beams = (size_t)bcue_dataset_beams(job->dataset);
    if (job->count == 0)
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "the split leaves no sample to calibrate with; check calibrate.part and split");
    float *scores = bcue_calloc(job->count, beams * sizeof *scores);
    bcue_status status = scores == NULL ? bcue_fail_memory(error, "the calibration")
                                        : bcue_score_file(path, job, hooks, scores, error);
    if (status == BCUE_OK)
        status = bcue_predictions_create(job->dataset, job->samples, job->count, (int32_t)beams, predictions,
                                         error);
    for (size_t i = 0; status == BCUE_OK && i < job->count; i++)
        bcue_predictions_rank(predictions, i, scores + i * beams);
    free(scores);
    return status;
}

/* The member's answers on the part of its split. */
static bcue_status answer_part(const bcue_run_config *run, const bcue_config *origin,
                               const bcue_dataset *dataset, bcue_run_member member, const char *path,
                               const bcue_hooks *hooks, bcue_predictions *predictions, bcue_error *error)
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
                                         : answer_samples(path, &job, hooks, predictions, error);
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
    bcue_predictions predictions = {0};
    char *path = bcue_run_member_path(run, member, "model", "safetensors");
    bcue_status status = path == NULL
                             ? bcue_fail_memory(error, "the calibration")
                             : answer_part(run, origin, dataset, member, path, hooks, &predictions, error);
    if (status == BCUE_OK)
        status = learn_from(&predictions, &run->calibrate, made, error);
    if (status == BCUE_OK && (made->data = bcue_strdup(bcue_dataset_hash(dataset))) == NULL)
        status = bcue_fail_memory(error, "the calibration");
    if (status == BCUE_OK)
        status = write_into(path, made, error);
    if (status != BCUE_OK)
        bcue_calibration_release(made);
    bcue_predictions_free(&predictions);
    free(path);
    return status;
}

/* ---- what it does ---- */

static bcue_status measure_row(const bcue_calibration *c, size_t level, bool margin,
                               const bcue_answers *answers, uint64_t seed, bcue_reliability_row *row,
                               bcue_error *error)
{
    *row = (bcue_reliability_row){.coverage = c->coverage.items[level],
                                  .margin_db = margin ? c->margin_db : 0.0};
    const double threshold = margin ? c->margin_threshold.items[level] : c->threshold.items[level];
    return bcue_coverage_measure(answers, c->temperature, threshold, row->margin_db, seed, &row->found,
                                 error);
}

static bcue_status measure(const bcue_calibration *c, const bcue_predictions *predictions, uint64_t seed,
                           bcue_reliability *reliability, bcue_error *error)
{
    bcue_scored_set set;
    const bcue_answers answers = view_answers(predictions, &set);
    BCUE_TRY(bcue_answers_check(&answers, error));
    const bool margin = c->margin_db > 0.0 && has_power(&set);
    reliability->temperature = c->temperature;
    reliability->error_before = bcue_calibration_error(&answers, 1.0);
    reliability->error_after = bcue_calibration_error(&answers, c->temperature);
    reliability->episodes = c->episodes;
    reliability->rows = bcue_calloc(2 * c->coverage.count + 1, sizeof *reliability->rows);
    if (reliability->rows == NULL)
        return bcue_fail_memory(error, "the reliability");
    for (size_t i = 0; i < c->coverage.count; i++)
        for (int k = 0; k < (margin ? 2 : 1); k++)
            BCUE_TRY(
                measure_row(c, i, k == 1, &answers, seed, &reliability->rows[reliability->count++], error));
    return BCUE_OK;
}

bcue_status bcue_reliability_measure(const char *model_path, const bcue_predictions *predictions,
                                     uint64_t seed, bcue_reliability *reliability, bool *measured,
                                     bcue_error *error)
{
    *reliability = (bcue_reliability){0};
    *measured = false;
    bcue_model_file file;
    BCUE_TRY(bcue_model_file_open(model_path, &file, error));
    bcue_status status = BCUE_OK;
    if (file.calibration != NULL) {
        status = measure(file.calibration, predictions, seed, reliability, error);
        *measured = status == BCUE_OK;
    }
    bcue_model_file_free(&file);
    if (status != BCUE_OK)
        bcue_reliability_free(reliability);
    return status;
}

void bcue_reliability_free(bcue_reliability *reliability)
{
    free(reliability->rows);
    *reliability = (bcue_reliability){0};
}

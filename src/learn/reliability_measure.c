#include "learn/reliability_measure.h"

#include <stdlib.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/report_hooks.h"
#include "learn/calibrate_model.h"
#include "learn/pattern_answers.h"

typedef struct measurer {
    const bcue_calibration *calibration;
    const bcue_model_config *model;
    uint64_t seed;
    bcue_reliability *reliability;
} measurer;

static bcue_status measure_row(const measurer *m, const bcue_calibration_pattern *pattern, size_t level,
                               bool margin, const bcue_answers *answers, bcue_reliability_row *row,
                               bcue_error *error)
{
    const bcue_calibration *c = m->calibration;
    const bcue_double_list *own = margin ? &pattern->margin_threshold : &pattern->threshold,
                           *whole = margin ? &c->whole.margin_threshold : &c->whole.threshold;
    bcue_coverage as_whole;
    row->coverage = c->coverage.items[level];
    row->margin_db = margin ? c->margin_db : 0.0;
    BCUE_TRY(bcue_coverage_measure(answers, pattern->temperature, own->items[level], row->margin_db, m->seed,
                                   &row->found, error));
    BCUE_TRY(bcue_coverage_measure(answers, c->whole.temperature, whole->items[level], row->margin_db,
                                   m->seed, &as_whole, error));
    row->whole_mean = as_whole.mean;
    row->whole_size = as_whole.size;
    return BCUE_OK;
}

static bcue_status measure_answers(const measurer *m, bcue_input_pattern inputs, const bcue_answers *answers,
                                   bcue_error *error)
{
    const bcue_calibration *c = m->calibration;
    const bcue_calibration_pattern *own = bcue_calibration_find(c, inputs),
                                   *pattern = own != NULL ? own : &c->whole;
    BCUE_TRY(bcue_answers_check(answers, error));
    const bool margin = c->margin_db > 0.0 && bcue_scored_set_count(answers->set).rows_with_power > 0;
    const bcue_reliability_row start = {.inputs = inputs,
                                        .own = own != NULL,
                                        .temperature = pattern->temperature,
                                        .error_before = bcue_calibration_error(answers, 1.0),
                                        .error_after = bcue_calibration_error(answers, pattern->temperature)};
    for (size_t i = 0; i < c->coverage.count; i++)
        for (int k = 0; k < (margin ? 2 : 1); k++) {
            bcue_reliability_row *row = &m->reliability->rows[m->reliability->count];
            *row = start;
            BCUE_TRY(measure_row(m, pattern, i, k == 1, answers, row, error));
            m->reliability->count++;
        }
    return BCUE_OK;
}

/* The rows of which the recording has what the pattern leaves. */
static bcue_status measure_pattern(const measurer *m, bcue_input_pattern inputs,
                                   const bcue_predictions *predictions, bcue_error *error)
{
    bcue_predictions rows;
    bcue_scored_set set;
    BCUE_TRY(bcue_pattern_rows(predictions, m->model, inputs, &rows, error));
    const bcue_answers answers = bcue_answers_of(&rows, &set);
    const bcue_status status = measure_answers(m, inputs, &answers, error);
    bcue_predictions_free(&rows);
    return status;
}

static bcue_status measure_others(const measurer *m, bcue_score_session *session, const bcue_score_job *job,
                                  const bcue_hooks *hooks, bcue_error *error)
{
    const size_t count = bcue_calibration_count(m->calibration);
    bcue_predictions predictions;
    BCUE_TRY(bcue_predictions_create(job->dataset, job->samples, job->count, bcue_dataset_beams(job->dataset),
                                     &predictions, error));
    bcue_status status = BCUE_OK;
    for (size_t i = 1; status == BCUE_OK && i < count; i++) {
        const bcue_input_pattern inputs = bcue_calibration_inputs(bcue_calibration_at(m->calibration, i));
        bcue_progress(hooks, "patterns", i - 1, count - 1);
        status =
            bcue_pattern_answer(session, job, inputs, m->calibration->hold_rows, hooks, &predictions, error);
        if (status == BCUE_OK)
            status = measure_pattern(m, inputs, &predictions, error);
    }
    bcue_progress(hooks, "patterns", count - 1, count - 1);
    bcue_predictions_free(&predictions);
    return status;
}

static bcue_status measure(bcue_score_session *session, const bcue_score_job *job,
                           const bcue_predictions *answers, bcue_input_pattern given, bool others,
                           uint64_t seed, const bcue_hooks *hooks, bcue_reliability *reliability,
                           bcue_error *error)
{
    const bcue_calibration *c = session->model.calibration;
    const measurer m = {c, &session->model.config, seed, reliability};
    if (c == NULL)
        return bcue_fail(error, BCUE_ERROR_DATA, "the model file was replaced while it was read");
    reliability->rows =
        bcue_calloc(2 * c->coverage.count * bcue_calibration_count(c) + 1, sizeof *reliability->rows);
    if (reliability->rows == NULL)
        return bcue_fail_memory(error, "the reliability");
    BCUE_TRY(measure_pattern(&m, given, answers, error));
    return others && given.missing == 0 && c->patterns.count > 0
               ? measure_others(&m, session, job, hooks, error)
               : BCUE_OK;
}

bcue_status bcue_reliability_measure(const char *model_path, const bcue_score_job *job,
                                     const bcue_predictions *answers, bcue_input_pattern given, bool others,
                                     uint64_t seed, const bcue_hooks *hooks, bcue_reliability *reliability,
                                     bcue_error *error)
{
    bcue_score_session session = {0};
    bcue_model_file file;
    *reliability = (bcue_reliability){0};
    BCUE_TRY(bcue_model_file_open(model_path, &file, error));
    const bool calibrated = file.calibration != NULL;
    bcue_model_file_free(&file);
    if (!calibrated)
        return BCUE_OK;
    bcue_status status = bcue_score_session_open(model_path, job, hooks, NULL, &session, error);
    if (status == BCUE_OK)
        status = measure(&session, job, answers, given, others, seed, hooks, reliability, error);
    bcue_score_session_close(&session);
    if (status != BCUE_OK)
        bcue_reliability_free(reliability);
    return status;
}

void bcue_reliability_free(bcue_reliability *reliability)
{
    free(reliability->rows);
    *reliability = (bcue_reliability){0};
}

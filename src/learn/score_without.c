#include "learn/score_without.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "learn/complete_run.h"
#include "learn/score_file.h"

enum { PATTERNS = 1 << BCUE_LOSABLE };

bcue_status bcue_missing_inputs(const bcue_evaluate_config *config, unsigned *missing, bcue_error *error)
{
    *missing = 0;
    for (size_t i = 0; i < config->missing.count; i++) {
        const int m = bcue_model_sensor_find(config->missing.items[i], strlen(config->missing.items[i]));
        if (m < 0)
            return bcue_fail(error, BCUE_ERROR_CONFIG,
                             "evaluate.missing: '%.40s' is no modality; expected camera, lidar, radar or gps",
                             config->missing.items[i]);
        *missing |= 1U << m;
    }
    return BCUE_OK;
}

/* Samples that lack these modalities as a whole; 0: none. */
static bcue_status score_pattern(const bcue_run_config *run, const char *path, bcue_score_session *session,
                                 const bcue_score_job *job, unsigned missing, const bcue_hooks *hooks,
                                 float *scores, bcue_error *error)
{
    const bcue_model_config *model = &session->model.config;
    int stand_in = BCUE_STAND_IN_ZERO;
    /* Of nothing, nothing can be made. */
    if (missing != 0 && model->kind == BCUE_MODEL_BEAMTRANSFUSER && missing != bcue_model_needed(model))
        BCUE_TRY(bcue_complete_choose(&session->model, path, missing,
                                      run->evaluate.stand_in == 0 ? BCUE_STAND_IN_COUNT
                                                                  : run->evaluate.stand_in - 1,
                                      &stand_in, error));
    return bcue_complete_score(session, job, missing, stand_in, run->complete.hold_rows, job->seed, hooks,
                               scores, error);
}

/* The rows of one pattern after those of another. */
typedef struct sorted_rows {
    size_t *row, *sample;
    float *scores;
} sorted_rows;

static bcue_status score_sorted(const bcue_run_config *run, const char *path, bcue_score_session *session,
                                const bcue_score_job *job, const bcue_frame_gaps *gaps, unsigned always,
                                const bcue_hooks *hooks, const sorted_rows *rows, float *scores,
                                bcue_error *error)
{
    const size_t beams = (size_t)session->model.inputs.beams;
    for (unsigned pattern = 0; pattern < PATTERNS; pattern++) {
        bcue_score_job part = *job;
        part.samples = rows->sample;
        part.gaps = gaps;
        part.gap_rows = rows->row;
        part.count = 0;
        for (size_t i = 0; i < job->count; i++) {
            if ((gaps->missing[i] | always) != pattern)
                continue;
            rows->row[part.count] = i;
            rows->sample[part.count++] = job->samples[i];
        }
        if (part.count == 0)
            continue;
        BCUE_TRY(score_pattern(run, path, session, &part, pattern, hooks, rows->scores, error));
        for (size_t k = 0; k < part.count; k++)
            memcpy(scores + rows->row[k] * beams, rows->scores + k * beams, beams * sizeof *scores);
    }
    return BCUE_OK;
}

static void add_counts(const bcue_frame_gaps *gaps, bcue_frame_counts frames[BCUE_LOSABLE])
{
    for (int m = 0; m < BCUE_LOSABLE; m++) {
        const bcue_frame_counts *c = &gaps->counts[m];
        frames[m].places += c->places;
        frames[m].lost += c->lost;
        frames[m].held += c->held;
        frames[m].carried += c->carried;
        frames[m].zero += c->zero;
        frames[m].windows += c->windows;
        frames[m].moved += c->moved;
        frames[m].without += c->without;
    }
}

static bcue_status score_with_gaps(const bcue_run_config *run, const char *path, bcue_score_session *session,
                                   const bcue_score_job *job, unsigned missing, const bcue_hooks *hooks,
                                   float *scores, bcue_frame_counts frames[BCUE_LOSABLE], bcue_error *error)
{
    bcue_frame_gaps gaps;
    const sorted_rows rows = {
        .row = bcue_calloc(job->count, sizeof *rows.row),
        .sample = bcue_calloc(job->count, sizeof *rows.sample),
        .scores = bcue_calloc(job->count, (size_t)session->model.inputs.beams * sizeof *rows.scores)};
    bcue_status status =
        bcue_frame_gaps_create(&run->evaluate.missing_frames, &session->model, &session->features,
                               job->dataset, job->samples, job->count, job->seed, &gaps, error);
    if (status == BCUE_OK) {
        status = rows.row == NULL || rows.sample == NULL || rows.scores == NULL
                     ? bcue_fail_memory(error, "the scores")
                     : score_sorted(run, path, session, job, &gaps, missing, hooks, &rows, scores, error);
        add_counts(&gaps, frames);
        bcue_frame_gaps_free(&gaps);
    }
    free(rows.row);
    free(rows.sample);
    free(rows.scores);
    return status;
}

bcue_status bcue_score_without(const bcue_run_config *run, const char *path, const bcue_score_job *job,
                               const bcue_hooks *hooks, float *scores, bcue_frame_counts frames[BCUE_LOSABLE],
                               bcue_error *error)
{
    const bool lossy = bcue_missing_frames_any(&run->evaluate.missing_frames);
    bcue_score_session session = {0};
    unsigned missing;
    int ignored;
    BCUE_TRY(bcue_missing_inputs(&run->evaluate, &missing, error));
    if ((missing == 0 && !lossy) || !bcue_path_exists(path)) /* which says so */
        return bcue_score_file(path, job, hooks, scores, error);
    if (job->rounded)
        return bcue_fail(
            error, BCUE_ERROR_CONFIG,
            "evaluate.rounded: not with evaluate.missing or evaluate.missing_frames; score one of "
            "both at a time");
    bcue_status status = bcue_score_session_open(path, job, hooks, NULL, &session, error);
    if (status == BCUE_OK && missing != 0) /* says what cannot be taken away */
        status = bcue_complete_choose(&session.model, path, missing, BCUE_STAND_IN_ZERO, &ignored, error);
    if (status == BCUE_OK)
        status = lossy ? score_with_gaps(run, path, &session, job, missing, hooks, scores, frames, error)
                       : score_pattern(run, path, &session, job, missing, hooks, scores, error);
    bcue_score_session_close(&session);
    return status;
}

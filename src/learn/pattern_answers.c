#include "learn/pattern_answers.h"

#include <stdlib.h>

#include "base/fail.h"
#include "base/memory.h"
#include "learn/complete_measure.h"

/* As bcue_network_lack chooses it. */
static int stand_in_of(const bcue_model_file *file, unsigned missing)
{
    const bcue_completion_choice *choice =
        file->completion != NULL ? bcue_completion_find(file->completion, missing) : NULL;
    return choice != NULL ? choice->stand_in : BCUE_STAND_IN_ZERO;
}

size_t bcue_pattern_list(const bcue_model_file *file, int64_t most_missing, bool with_held,
                         bcue_input_pattern patterns[BCUE_MOST_PATTERNS])
{
    const unsigned needed = bcue_model_needed(&file->config);
    unsigned missing[BCUE_GAP_PATTERNS];
    size_t count = 0;
    patterns[count++] = (bcue_input_pattern){0};
    if (bcue_model_is_table(&file->config) || (needed & 1U << BCUE_INPUT_VEHICLES) != 0 ||
        (needed & (needed - 1)) == 0)
        return count;
    const size_t gaps = bcue_gap_patterns(needed, most_missing, missing);
    for (size_t i = 0; i < gaps; i++)
        patterns[count++] =
            (bcue_input_pattern){.missing = missing[i], .stand_in = stand_in_of(file, missing[i])};
    for (int m = 0; with_held && m <= BCUE_INPUT_POSITION; m++)
        if ((needed & 1U << m) != 0)
            patterns[count++] = (bcue_input_pattern){.held = 1U << m};
    return count;
}

bcue_status bcue_pattern_answer(bcue_score_session *session, const bcue_score_job *job,
                                bcue_input_pattern pattern, int64_t hold_rows, const bcue_hooks *hooks,
                                bcue_predictions *predictions, bcue_error *error)
{
    const size_t beams = (size_t)session->model.inputs.beams;
    const bool held = pattern.held != 0;
    float *scores = bcue_calloc(job->count, beams * sizeof *scores);
    if (scores == NULL)
        return bcue_fail_memory(error, "the scores");
    const bcue_status status = pattern.missing == 0 && !held
                                   ? bcue_scorer_run(session->scorer, job->samples, job->count, scores, error)
                                   : bcue_complete_score(session, job, held ? pattern.held : pattern.missing,
                                                         held ? BCUE_STAND_IN_HOLD : pattern.stand_in,
                                                         hold_rows, job->seed, hooks, scores, error);
    for (size_t i = 0; status == BCUE_OK && i < job->count; i++)
        bcue_predictions_rank(predictions, i, scores + i * beams);
    free(scores);
    return status;
}

bcue_status bcue_pattern_rows(const bcue_predictions *predictions, const bcue_model_config *model,
                              bcue_input_pattern pattern, bcue_predictions *rows, bcue_error *error)
{
    const unsigned there = bcue_model_needed(model) & ~pattern.missing;
    bool *keep = bcue_calloc(predictions->rows, sizeof *keep);
    size_t kept = 0;
    if (keep == NULL)
        return bcue_fail_memory(error, "the predictions");
    for (size_t i = 0; i < predictions->rows; i++)
        kept += keep[i] = (predictions->missing[i] & there) == 0;
    for (size_t i = 0; kept == 0 && i < predictions->rows; i++)
        keep[i] = true;
    const bcue_status status = bcue_predictions_select(predictions, keep, rows, error);
    free(keep);
    return status;
}

/* A model's answers when modalities are missing or held, with the stand-ins that a session would give. */
#ifndef BCUE_LEARN_PATTERN_ANSWERS_H
#define BCUE_LEARN_PATTERN_ANSWERS_H

#include "learn/complete_vectors.h"
#include "learn/predictions.h"
#include "models/calibration.h"

enum { BCUE_MOST_PATTERNS = 1 + BCUE_GAP_PATTERNS + BCUE_INPUT_POSITION + 1 };

/* The patterns that can befall a model: [0] nothing, then up to `most_missing` modalities missing, each with
   the stand-in that the file has for it, then (`with_held`) each held. Only the first for tables, models of
   one modality, and those that a session does not run. Returns how many. */
size_t bcue_pattern_list(const bcue_model_file *file, int64_t most_missing, bool with_held,
                         bcue_input_pattern patterns[BCUE_MOST_PATTERNS]);

/* Ranks the job's samples in `predictions`, which were made for them and rank every beam. hold_rows: age of
   what is held. */
bcue_status bcue_pattern_answer(bcue_score_session *session, const bcue_score_job *job,
                                bcue_input_pattern pattern, int64_t hold_rows, const bcue_hooks *hooks,
                                bcue_predictions *predictions, bcue_error *error);

/* The rows in which the recording has everything that the pattern leaves in place, as a copy; all when there
   is no such row. */
bcue_status bcue_pattern_rows(const bcue_predictions *predictions, const bcue_model_config *model,
                              bcue_input_pattern pattern, bcue_predictions *rows, bcue_error *error);

#endif

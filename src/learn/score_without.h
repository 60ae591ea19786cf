/* A model file's answers as the section `evaluate` asks for them: without modalities, with frames lost. */
#ifndef BCUE_LEARN_SCORE_WITHOUT_H
#define BCUE_LEARN_SCORE_WITHOUT_H

#include "learn/missing_frames.h"
#include "learn/run_config.h"

/* Bits of what evaluate.missing names. BCUE_ERROR_CONFIG. */
bcue_status bcue_missing_inputs(const bcue_evaluate_config *config, unsigned *missing, bcue_error *error);
/* The job's count x beams scores. What is done about frames that are lost is added to `frames`. */
bcue_status bcue_score_without(const bcue_run_config *run, const char *path, const bcue_score_job *job,
                               const bcue_hooks *hooks, float *scores, bcue_frame_counts frames[BCUE_LOSABLE],
                               bcue_error *error);

#endif

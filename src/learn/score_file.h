/* A model file on samples of a data set: opened, checked against the data, run. */
#ifndef BCUE_LEARN_SCORE_FILE_H
#define BCUE_LEARN_SCORE_FILE_H

#include "beamcue/hooks.h"
#include "dataset/recordings.h"
#include "learn/scorer.h"
#include "learn/train_config.h"
#include "models/model_file.h"

struct bcue_frame_gaps;

typedef struct bcue_score_job {
    const bcue_train_config *train; /* engine and loader threads */
    const bcue_dataset *dataset;
    uint64_t seed;         /* of models that guess */
    const char *seen_hash; /* of what the model may have seen (bcue_split_seen_hash): another split of the
                              same recordings is refused; NULL: the samples are surely new */
    const size_t *samples;
    size_t count;
    /* Frames that are lost, and which of their rows the samples are (learn/missing_frames.h); NULL: none.
       Only bcue_complete_score looks at them. */
    const struct bcue_frame_gaps *gaps;
    const size_t *gap_rows;
    bool rounded;             /* layers in 8 bits: rounded in f32 on any machine (bcue_scorer_options) */
    bcue_point_faults faults; /* of the radar; all 0: none */
} bcue_score_job;

/* A model file opened for the data of a job, to be run several times. Of `look` (may be NULL) only look and
   cookie count. Close it whatever opening said. */
typedef struct bcue_score_session {
    bcue_model_file model;
    bcue_feature_config features;
    bcue_config *owned;
    bcue_scorer *scorer;
} bcue_score_session;
bcue_status bcue_score_session_open(const char *path, const bcue_score_job *job, const bcue_hooks *hooks,
                                    const bcue_scorer_options *look, bcue_score_session *session,
                                    bcue_error *error);
void bcue_score_session_close(bcue_score_session *session);

/* count x beams scores, row by row. BCUE_ERROR_DATA when there is no such file, or when the model was made
 * for other data, with what was expected and found; BCUE_ERROR_IO, BCUE_ERROR_FORMAT for the file. */
bcue_status bcue_score_file(const char *path, const bcue_score_job *job, const bcue_hooks *hooks,
                            float *scores, bcue_error *error);

/* The same, and the model's middle layer: count x its width (bcue_score_file_check). */
bcue_status bcue_score_file_mid(const char *path, const bcue_score_job *job, const bcue_hooks *hooks,
                                float *scores, float *mid, bcue_error *error);
/* Would the model be run on this data? `seen_hash` as above. *mid_width: numbers of its middle layer, 0:
   none. *parameters: its trainable numbers. */
bcue_status bcue_score_file_check(const char *path, const bcue_dataset *dataset, const char *seen_hash,
                                  int64_t *mid_width, int64_t *parameters, bcue_error *error);

#endif

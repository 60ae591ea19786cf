/* What the calibration of a model file does on other samples. */
#ifndef BCUE_LEARN_RELIABILITY_MEASURE_H
#define BCUE_LEARN_RELIABILITY_MEASURE_H

#include "beamcue/hooks.h"
#include "learn/predictions.h"
#include "learn/score_file.h"
#include "metrics/reliability.h"
#include "models/calibration.h"

/* One coverage of one pattern on one set of answers. */
typedef struct bcue_reliability_row {
    bcue_input_pattern inputs;
    bool own;                   /* the file has a calibration for just this; else that of everything there */
    double coverage, margin_db; /* margin 0: the best beam */
    bcue_coverage found;
    double whole_mean, whole_size; /* covered, and beams in a set, by the calibration of everything there */
    double temperature, error_before, error_after; /* of these answers */
} bcue_reliability_row;

typedef struct bcue_reliability {
    bcue_reliability_row *rows; /* owned */
    size_t count;               /* 0: the model is not calibrated */
} bcue_reliability;

/* `answers`: of the model to the job's samples, with `given` missing; of every other pattern of the file,
   when nothing is and `others` says so, its answers are made. `seed`: of the intervals. Free *reliability. */
bcue_status bcue_reliability_measure(const char *model_path, const bcue_score_job *job,
                                     const bcue_predictions *answers, bcue_input_pattern given, bool others,
                                     uint64_t seed, const bcue_hooks *hooks, bcue_reliability *reliability,
                                     bcue_error *error);
void bcue_reliability_free(bcue_reliability *reliability);

#endif

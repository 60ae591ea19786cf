/* Calibration of trained models, and what it does on other samples. */
#ifndef BCUE_LEARN_CALIBRATE_MODEL_H
#define BCUE_LEARN_CALIBRATE_MODEL_H

#include "beamcue/hooks.h"
#include "learn/predictions.h"
#include "learn/run_config.h"
#include "metrics/reliability.h"
#include "models/calibration.h"

/* Score the member's model on calibrate.part of its split, learn temperature and thresholds, and write them
   into the model file. Free *made with bcue_calibration_release. BCUE_ERROR_DATA when there is no such model,
   or nothing to learn from. */
bcue_status bcue_calibrate_member(const bcue_run_config *run, const bcue_config *origin,
                                  const bcue_dataset *dataset, bcue_run_member member,
                                  const bcue_hooks *hooks, bcue_calibration *made, bcue_error *error);
void bcue_calibration_release(bcue_calibration *made);

/* One coverage on one set of answers. */
typedef struct bcue_reliability_row {
    double coverage, margin_db; /* margin 0: the best beam */
    bcue_coverage found;
} bcue_reliability_row;

typedef struct bcue_reliability {
    double temperature, error_before, error_after; /* of these answers */
    int64_t episodes;                              /* it was calibrated with */
    bcue_reliability_row *rows;                    /* owned */
    size_t count;
} bcue_reliability;

/* What the calibration of a model file does to answers of that model. *measured false: the file has none. */
bcue_status bcue_reliability_measure(const char *model_path, const bcue_predictions *predictions,
                                     uint64_t seed, bcue_reliability *reliability, bool *measured,
                                     bcue_error *error);
void bcue_reliability_free(bcue_reliability *reliability);

#endif

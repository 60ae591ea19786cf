/* Calibration of trained models. */
#ifndef BCUE_LEARN_CALIBRATE_MODEL_H
#define BCUE_LEARN_CALIBRATE_MODEL_H

#include "beamcue/hooks.h"
#include "learn/predictions.h"
#include "learn/run_config.h"
#include "metrics/reliability.h"
#include "models/calibration.h"

/* Score the member's model on calibrate.part of its split, with everything and for every pattern of missing
   and held modalities that calibrate asks for, learn temperature and thresholds, and write them into the
   model file. Free *made with bcue_calibration_release. BCUE_ERROR_DATA when there is no such model, or
   nothing to learn from. */
bcue_status bcue_calibrate_member(const bcue_run_config *run, const bcue_config *origin,
                                  const bcue_dataset *dataset, bcue_run_member member,
                                  const bcue_hooks *hooks, bcue_calibration *made, bcue_error *error);
void bcue_calibration_release(bcue_calibration *made);

/* The predictions as answers; `set` has to live as long. */
bcue_answers bcue_answers_of(const bcue_predictions *predictions, bcue_scored_set *set);

#endif

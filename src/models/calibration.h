/* How far a model's probabilities can be believed, as its file keeps it; metrics/reliability.h says what the
   numbers mean. */
#ifndef BCUE_MODELS_CALIBRATION_H
#define BCUE_MODELS_CALIBRATION_H

#include "base/config.h"
#include "beamcue/status.h"

typedef struct bcue_calibration {
    double temperature;
    double error_before, error_after;  /* expected calibration error */
    bcue_double_list coverage;         /* rising; for each of them: */
    bcue_double_list threshold;        /* so that a best beam is in the set; above 1: all beams */
    double margin_db;                  /* 0: there are no thresholds for a margin */
    bcue_double_list margin_threshold; /* so that a beam within the margin of the best is */
    int64_t episodes, samples;         /* it was made with */
    char *data;                        /* hash of the data set */
} bcue_calibration;

extern const bcue_config_field bcue_calibration_fields[];

/* What the table of keys cannot say; `name`: of the file. BCUE_ERROR_FORMAT. */
bcue_status bcue_calibration_check(const bcue_calibration *calibration, const char *name, bcue_error *error);

/* The threshold of the least coverage that is not below the one asked for. margin_db: 0, or that of the
   calibration. BCUE_ERROR_ARGUMENT says what there is. */
bcue_status bcue_calibration_threshold(const bcue_calibration *calibration, double coverage, double margin_db,
                                       double *threshold, bcue_error *error);

#endif

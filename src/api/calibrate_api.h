/* What calibrated models promise, in the report of an evaluation. */
#ifndef BCUE_API_CALIBRATE_API_H
#define BCUE_API_CALIBRATE_API_H

#include "api/report_handle.h"
#include "learn/evaluate.h"

/* A table of coverage, when model files of the run are calibrated; nothing otherwise. */
bcue_status bcue_add_reliability(const bcue_run_config *run, const bcue_evaluation *evaluation,
                                 bcue_report *report, bcue_error *error);

#endif

/* Answers for recordings without labels, in the form that a challenge takes. */
#ifndef BCUE_LEARN_SUBMISSION_H
#define BCUE_LEARN_SUBMISSION_H

#include "beamcue/hooks.h"
#include "learn/run_config.h"

enum { BCUE_SUBMITTED_BEAMS = 3 };

/* Score every row of `source` (a folder, or a CSV in one) with the model of every member of the run and write
   OUT/submission-seedS.csv: index (from 0, in the order of the table), "top-1 beam" .. "top-3 beam", counted
   from 1, as the baseline of the 2022 challenge writes it. All other data keys are the run's. A row that
   gives no sample is an error that says how many. *rows: of the table. */
bcue_status bcue_submission_write(const bcue_run_config *run, const char *source, const bcue_hooks *hooks,
                                  size_t *rows, bcue_error *error);

#endif

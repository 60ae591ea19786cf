/* Shared by scoring and comparing: what a scored run is called and how its numbers look. */
#ifndef BCUE_API_EVALUATE_API_H
#define BCUE_API_EVALUATE_API_H

#include "api/report_handle.h"
#include "learn/evaluate.h"

/* Factor and decimals for showing a metric: fractions as percent. */
double bcue_metric_scale(bcue_metric metric);
int bcue_metric_decimals(bcue_metric metric);

/* One table of all metrics of a subset. */
bcue_table *bcue_evaluation_table(const bcue_run_config *run, const bcue_evaluation *evaluation,
                                  const bcue_evaluation_subset *subset);
/* OUT/report.html. */
bcue_status bcue_evaluation_write_page(const bcue_run_config *run, const bcue_dataset *dataset,
                                       const bcue_evaluation *evaluation, const char *path,
                                       bcue_error *error);
/* Sentences that must stand beside the numbers (leak, random rows), each ends with a newline. */
void bcue_evaluation_notes(const bcue_run_config *run, const bcue_dataset *dataset,
                           const bcue_evaluation *evaluation, bcue_text *out);

#endif

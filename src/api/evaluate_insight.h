/* The part of a page that looks into a network: what each sensor is worth to it, and where it attends. */
#ifndef BCUE_API_EVALUATE_INSIGHT_H
#define BCUE_API_EVALUATE_INSIGHT_H

#include "api/evaluate_breakdown.h"

/* Adds nothing where nothing was looked at. */
bcue_status bcue_add_insight(bcue_page *page, const bcue_run_config *run, const bcue_dataset *dataset,
                             const bcue_sample_lookup *lookup, const bcue_breakdown *breakdown,
                             const bcue_insight *insight, bcue_error *error);

#endif

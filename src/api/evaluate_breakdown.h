/* The metrics of an evaluation, part by part: by scene or source, by condition, by how many vehicles were in
   view. */
#ifndef BCUE_API_EVALUATE_BREAKDOWN_H
#define BCUE_API_EVALUATE_BREAKDOWN_H

#include "api/sample_lookup.h"
#include "learn/evaluate.h"
#include "report/page.h"

typedef enum bcue_breakdown_kind {
    BCUE_BREAKDOWN_SCENE,     /* the table's column `scene`, else the source */
    BCUE_BREAKDOWN_CONDITION, /* the column `condition` */
    BCUE_BREAKDOWN_VEHICLES,  /* ground_truth.csv beside the table: vehicles_in_view, in up to four groups of
                                 about equally many samples */
    BCUE_BREAKDOWN_KINDS
} bcue_breakdown_kind;

typedef struct bcue_breakdown bcue_breakdown;

/* `dataset` and `lookup` outlive it. */
bcue_status bcue_breakdown_make(const bcue_dataset *dataset, const bcue_sample_lookup *lookup,
                                const bcue_predictions *first_seed, bcue_breakdown **breakdown,
                                bcue_error *error);
void bcue_breakdown_destroy(bcue_breakdown *breakdown);
size_t bcue_breakdown_count(const bcue_breakdown *breakdown, bcue_breakdown_kind kind);
const char *bcue_breakdown_name(const bcue_breakdown *breakdown, bcue_breakdown_kind kind, size_t group);
const char *bcue_breakdown_title(bcue_breakdown_kind kind); /* "condition" */
/* The group of a sample, or bcue_breakdown_count: unknown. */
size_t bcue_breakdown_group(const bcue_breakdown *breakdown, bcue_breakdown_kind kind, const char *id);

/* A section with a table for every kind that has two groups or more; nothing when none has. */
bcue_status bcue_add_breakdown(bcue_page *page, const bcue_run_config *run, const bcue_breakdown *breakdown,
                               const bcue_evaluation *evaluation, bcue_error *error);

#endif

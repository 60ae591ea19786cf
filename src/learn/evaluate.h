/* Scoring a run: every seed (and fold) on its test samples, metrics with intervals. */
#ifndef BCUE_LEARN_EVALUATE_H
#define BCUE_LEARN_EVALUATE_H

#include "beamcue/hooks.h"
#include "learn/insight.h"
#include "learn/predictions.h"
#include "learn/reliability_measure.h"
#include "learn/run_config.h"
#include "metrics/bootstrap.h"

typedef struct bcue_evaluation_value {
    bcue_metric metric;
    char name[BCUE_METRIC_NAME_SIZE];
    bool available;
    char reason[256];       /* why not */
    double mean;            /* over the seeds */
    double deviation;       /* between the seeds (n - 1); 0 with one seed */
    bcue_interval interval; /* hierarchical bootstrap */
} bcue_evaluation_value;

/* The same metrics on part of the test samples. */
typedef struct bcue_evaluation_subset {
    char name[48];             /* "all", "all sensors present", "best beam changed" */
    size_t rows;               /* per seed */
    bcue_scored_counts counts; /* of the first seed */
    bcue_evaluation_value *values;
    size_t value_count;
} bcue_evaluation_subset;

enum { BCUE_EVALUATION_SUBSETS = 3 };

typedef struct bcue_evaluation {
    size_t seeds;
    bcue_predictions *predictions; /* one per seed; the folds of a seed together */
    bcue_reliability *reliability; /* one per seed; empty for models that are not calibrated, foreign answers,
                                      and folds */
    bcue_evaluation_subset subsets[BCUE_EVALUATION_SUBSETS];
    size_t subset_count;
    bcue_leak leak;                         /* worst of the splits */
    size_t train_count, validation_count;   /* of the first member */
    bcue_insight insight;                   /* of the first member's model */
    bcue_frame_counts frames[BCUE_LOSABLE]; /* evaluate.missing_frames, of all members together */
    bool random_rows;                       /* split.kind paper-random or official: intervals understate */
} bcue_evaluation;

/* Reads OUT/model-*.safetensors of every member and writes OUT/predictions-seedS.csv. `foreign` (may be
 * NULL): score that file instead of models (one seed). */
bcue_status bcue_evaluate_run(const bcue_run_config *run, const bcue_config *origin,
                              const bcue_dataset *dataset, const char *foreign, const bcue_hooks *hooks,
                              bcue_evaluation *evaluation, bcue_error *error);
void bcue_evaluation_free(bcue_evaluation *evaluation);
const bcue_evaluation_value *bcue_evaluation_find(const bcue_evaluation_subset *subset,
                                                  const char *name); /* NULL: not there */

#endif

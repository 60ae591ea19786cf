/* Intervals by the hierarchical bootstrap: what a metric might have been with other streets, episodes and
   training seeds.

   One draw picks as many streets as there are, with replacement (when there are several); in each picked
   street as many of its episodes as it has; and as many seeds as were trained. The metric is computed anew
   from the picked episodes for every picked seed and averaged over the seeds. Two models are drawn together:
   the same episodes, and, when they have equally many seeds, the same seeds (run s of A goes with run s of
   B); otherwise each draws its own seeds. dba_official keeps its four scenarios fixed, because their weights
   are; only their episodes are drawn.

   Draw r is a function of (options.seed, r) alone, so results do not depend on the number of threads.
   Only episodes with at least one row that counts for the metric take part. */
#ifndef BCUE_METRICS_BOOTSTRAP_H
#define BCUE_METRICS_BOOTSTRAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "metrics/metric.h"

/* A model's answers on the same test samples, one scored set per training seed. */
typedef struct bcue_runs {
    const bcue_scored_set *sets;
    size_t count; /* S > 0 */
} bcue_runs;

typedef struct bcue_bootstrap_options {
    uint32_t draws;    /* 0: 10,000 */
    double confidence; /* 0: 0.95 */
    uint64_t seed;
    bool random_row_split; /* test rows were drawn at random, so training holds their neighbours: intervals
                              understate */
} bcue_bootstrap_options;

#define BCUE_BOOTSTRAP_DRAWS 10000
#define BCUE_BOOTSTRAP_CONFIDENCE 0.95
#define BCUE_BOOTSTRAP_LEAST_EPISODES 10

typedef struct bcue_interval {
    double estimate;   /* on the samples themselves, averaged over seeds */
    double low, high;  /* percentiles of the draws; only with has_interval */
    bool has_interval; /* false: fewer than BCUE_BOOTSTRAP_LEAST_EPISODES episodes */
    bool understates;  /* options.random_row_split */
    size_t episodes, streets;
    uint32_t draws;
    char note[96]; /* "" or what must stand beside the numbers: "too few episodes (4 of at least 10)",
                      "interval understates: ..." */
} bcue_interval;

/* The metric averaged over the runs; the model has at least one. */
bcue_status bcue_runs_mean(const bcue_runs *model, bcue_metric metric, double *mean, bcue_error *error);

/* The metric of one model with its interval. Every set needs episodes. */
bcue_status bcue_metric_interval(const bcue_runs *model, bcue_metric metric,
                                 const bcue_bootstrap_options *options, bcue_interval *interval,
                                 bcue_error *error);

/* The difference A - B with its interval, and how compatible the draws are with no difference:
   p = min(1, 2 (1 + min(#{d <= 0}, #{d >= 0})) / (draws + 1)); 1 without an interval. */
bcue_status bcue_difference_interval(const bcue_runs *a, const bcue_runs *b, bcue_metric metric,
                                     const bcue_bootstrap_options *options, bcue_interval *difference,
                                     double *p_value, bcue_error *error);

#endif

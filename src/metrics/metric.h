/* The metrics of beam prediction, each a mean over samples of a value per sample, or a plain function of such
   means. docs/metrics.md has the formulas and their sources. All are pure functions of a scored set; any
   thread. */
#ifndef BCUE_METRICS_METRIC_H
#define BCUE_METRICS_METRIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "metrics/scored_set.h"

/* yhat_j: the j-th ranked beam; p: the power vector; p* = max_b p[b]. */
typedef enum bcue_metric_kind {
    BCUE_METRIC_TOP_K,        /* "top_K": share with a best beam among yhat_1 .. yhat_K */
    BCUE_METRIC_DBA,          /* "dba": distance-based accuracy, K = 3, Delta = 5 */
    BCUE_METRIC_DBA_OFFICIAL, /* "dba_official": DBA per street 31 .. 34, weighted as the 2022 challenge's
                                 test set */
    BCUE_METRIC_MPR,          /* "mpr": mean percentile rank of yhat_1 */
    BCUE_METRIC_RSS,          /* "rss_db": mean of p[yhat_1] in dBm, or in dB to an arbitrary reference */
    BCUE_METRIC_LOSS,         /* "loss_db": mean dB of yhat_1 below p* (3GPP: L1-RSRP difference) */
    BCUE_METRIC_WITHIN,     /* "within_Ldb": share of loss <= L dB (L = 1: 3GPP's top-1 within 1 dB margin) */
    BCUE_METRIC_OUTAGE,     /* "outage_Ldb": share of loss > L dB */
    BCUE_METRIC_POWER_LOSS, /* "power_loss_db": ratio averaged before the logarithm, noise = min p / 2 (Morais
                               et al.) */
    BCUE_METRIC_TOP_K_LOSS, /* "top_K_loss_db": mean dB of the strongest of yhat_1 .. yhat_K below p* */
    BCUE_METRIC_APL,        /* "apl_db": mean dB of p[yhat_1] / p* (V2V challenge), never positive */
    BCUE_METRIC_RATE_RATIO, /* "rate_ratio_Ldb": log2(1 + rho p[yhat_1] / p*) / log2(1 + rho), rho = L dB */
    BCUE_METRIC_OVERHEAD_SAVING, /* "overhead_saving_K": 1 - K / B */
    /* With several vehicles in a sample (bcue_vehicle_score), rows where they are unknown left out: */
    BCUE_METRIC_REACHABLE,      /* "reachable" */
    BCUE_METRIC_VEHICLE_RSS,    /* "vehicle_rss_db": over the samples with a reachable vehicle */
    BCUE_METRIC_VEHICLE_WORST,  /* "vehicle_worst_db": likewise */
    BCUE_METRIC_VEHICLE_LOSS,   /* "vehicle_loss_db": likewise */
    BCUE_METRIC_VEHICLE_OUTAGE, /* "vehicle_outage" */
    BCUE_METRIC_KIND_COUNT
} bcue_metric_kind;

typedef struct bcue_metric {
    bcue_metric_kind kind;
    int32_t k;       /* for names with K, else 0 */
    double level_db; /* for names with L, else 0 */
} bcue_metric;

#define BCUE_METRIC_NAME_SIZE 40
#define BCUE_DBA_K 3
#define BCUE_DBA_DELTA 5
#define BCUE_OFFICIAL_FIRST_SCENARIO 31
#define BCUE_OFFICIAL_SCENARIOS 4

/* The overall score of the 2022 challenge from the DBA of scenarios 31, 32, 33, 34: their mean weighted by
 * test samples. */
double bcue_official_dba(const double dba[BCUE_OFFICIAL_SCENARIOS]);

/* "top_3" and so on, as above; L is written shortest ("within_0.5db"). */
void bcue_metric_name(bcue_metric metric, char name[BCUE_METRIC_NAME_SIZE]);
/* Back from the name; BCUE_ERROR_ARGUMENT names the nearest known one. */
bcue_status bcue_metric_parse(const char *name, bcue_metric *metric, bcue_error *error);
/* For tables: a title such as "Top-3 accuracy"; its unit, "%", "dB", "dBm" or ""; whether more is better.
   Values are always fractions, dB or dBm; those in "%" are to be shown times 100. The unit of a power level
   is "dB rel." where the powers are not calibrated. */
void bcue_metric_title(bcue_metric metric, char title[64]);
const char *bcue_metric_unit(bcue_metric metric, bcue_power_unit power_unit);
bool bcue_metric_higher_is_better(bcue_metric metric);

/* Can the metric be had from this kind of set? BCUE_ERROR_ARGUMENT when k exceeds the beams or the ranking,
   or L is out of range; BCUE_ERROR_DATA when the set has no powers or no streets; BCUE_ERROR_UNSUPPORTED for
   DBA on a codebook that is not monotone in angle. */
bcue_status bcue_metric_check(const bcue_scored_set *set, bcue_metric metric, bcue_error *error);

/* values[n], of N: what row n contributes to the mean; NaN where the metric leaves the row out. The set must
 * have been checked. */
bcue_status bcue_metric_rows(const bcue_scored_set *set, bcue_metric metric, double *values,
                             bcue_error *error);
/* From the mean over rows to the metric (the identity but for power_loss_db). */
double bcue_metric_finish(bcue_metric metric, double mean);

/* One metric. `rows` (may be NULL): rows that counted. BCUE_ERROR_DATA when none did. Within 1e-12 of the
 * formula. */
bcue_status bcue_metric_compute(const bcue_scored_set *set, bcue_metric metric, double *value, size_t *rows,
                                bcue_error *error);

typedef struct bcue_metric_value {
    bcue_metric metric;
    char name[BCUE_METRIC_NAME_SIZE];
    bool available;
    double value; /* 0 when not available */
    size_t rows;
    char reason[256]; /* why not available; empty when it is */
} bcue_metric_value;

typedef struct bcue_metrics {
    bcue_scored_counts counts;
    bcue_metric_value *values; /* in the order asked for */
    size_t count;
} bcue_metrics;

/* All of `list`; `list` NULL: every metric that the set's size allows, top-K for K = 1, 2, 3, 5, 10. A metric
   that this set cannot have is listed as not available, with the reason. An empty set is BCUE_ERROR_DATA. On
   success free with bcue_metrics_free. */
bcue_status bcue_metrics_compute(const bcue_scored_set *set, const bcue_metric *list, size_t count,
                                 bcue_metrics *metrics, bcue_error *error);
void bcue_metrics_free(bcue_metrics *metrics);
const bcue_metric_value *bcue_metrics_find(const bcue_metrics *metrics,
                                           const char *name); /* NULL: not listed */

/* The list that NULL stands for; returns how many (at most BCUE_METRIC_DEFAULT_MAX). */
#define BCUE_METRIC_DEFAULT_MAX 32
size_t bcue_metric_default_list(int32_t beams, int32_t ranked_count,
                                bcue_metric list[BCUE_METRIC_DEFAULT_MAX]);

/* Histogram of yhat_1 - nearest best beam over the rows that have one: by_signed[d + B - 1], of 2 B - 1.
   Refused (BCUE_ERROR_UNSUPPORTED) for a codebook that is not monotone in angle. `rows` may be NULL. */
bcue_status bcue_confusion_by_distance(const bcue_scored_set *set, int64_t *by_signed, size_t *rows,
                                       bcue_error *error);
/* |d| from d: by_absolute[0 .. B-1]. */
void bcue_confusion_absolute(const int64_t *by_signed, int32_t beams, int64_t *by_absolute);

#endif

#include "metrics/metric.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/fail.h"
#include "base/memory.h"
#include "metrics/accurate_sum.h"

double bcue_official_dba(const double dba[BCUE_OFFICIAL_SCENARIOS])
{
    static const double test_samples[BCUE_OFFICIAL_SCENARIOS] = {300.0, 54.0, 140.0, 131.0};
    double weighted = 0.0, total = 0.0;
    for (int i = 0; i < BCUE_OFFICIAL_SCENARIOS; i++) {
        weighted += test_samples[i] * dba[i];
        total += test_samples[i];
    }
    return weighted / total;
}

/* ---- May this metric be had? ---- */

static bool uses_k(bcue_metric_kind kind)
{
    return kind == BCUE_METRIC_TOP_K || kind == BCUE_METRIC_TOP_K_LOSS || kind == BCUE_METRIC_OVERHEAD_SAVING;
}

static bool uses_vehicles(bcue_metric_kind kind)
{
    return kind >= BCUE_METRIC_REACHABLE && kind <= BCUE_METRIC_VEHICLE_OUTAGE;
}

static bool uses_power(bcue_metric_kind kind)
{
    return !(uses_vehicles(kind) || kind == BCUE_METRIC_TOP_K || kind == BCUE_METRIC_DBA ||
             kind == BCUE_METRIC_DBA_OFFICIAL || kind == BCUE_METRIC_OVERHEAD_SAVING);
}

static bcue_status check_k(const bcue_scored_set *set, bcue_metric metric, bcue_error *error)
{
    char name[BCUE_METRIC_NAME_SIZE];
    bcue_metric_name(metric, name);
    if (metric.k < 1 || metric.k > set->beams)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "%s: K is %" PRId32 ", but the codebook has %" PRId32
                         " beams; ask for 1 to %" PRId32,
                         name, metric.k, set->beams, set->beams);
    if (metric.kind != BCUE_METRIC_OVERHEAD_SAVING && metric.k > set->ranked_count)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "%s: the answers rank only %" PRId32 " beams per sample; rank at least %" PRId32,
                         name, set->ranked_count, metric.k);
    return BCUE_OK;
}

static bcue_status check_dba(const bcue_scored_set *set, bcue_metric metric, bcue_error *error)
{
    char name[BCUE_METRIC_NAME_SIZE];
    bcue_metric_name(metric, name);
    if (!set->index_monotone)
        return bcue_fail(error, BCUE_ERROR_UNSUPPORTED,
                         "%s: the beam numbers of this codebook do not rise with the angle, so a distance "
                         "between them means nothing; "
                         "use top_3 or loss_db",
                         name);
    if (set->ranked_count < BCUE_DBA_K)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "%s needs %d ranked beams per sample, the answers have %" PRId32, name, BCUE_DBA_K,
                         set->ranked_count);
    if (metric.kind == BCUE_METRIC_DBA_OFFICIAL && set->street == NULL)
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "%s needs the scenario number (31 to 34) of every sample as its street", name);
    return BCUE_OK;
}

bcue_status bcue_metric_check(const bcue_scored_set *set, bcue_metric metric, bcue_error *error)
{
    if ((int)metric.kind < 0 || metric.kind >= BCUE_METRIC_KIND_COUNT)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "metric kind %d does not exist", (int)metric.kind);
    char name[BCUE_METRIC_NAME_SIZE];
    bcue_metric_name(metric, name);
    if (uses_k(metric.kind))
        BCUE_TRY(check_k(set, metric, error));
    if (metric.kind == BCUE_METRIC_DBA || metric.kind == BCUE_METRIC_DBA_OFFICIAL)
        BCUE_TRY(check_dba(set, metric, error));
    if ((metric.kind == BCUE_METRIC_WITHIN || metric.kind == BCUE_METRIC_OUTAGE) &&
        !(metric.level_db >= 0.0 && metric.level_db < BCUE_LOSS_LIMIT_DB))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "%s: the margin must be 0 dB or more and below %g dB",
                         name, BCUE_LOSS_LIMIT_DB);
    if (metric.kind == BCUE_METRIC_RATE_RATIO && !(fabs(metric.level_db) <= 100.0))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "%s: the signal-to-noise ratio must lie within -100 .. 100 dB", name);
    if (uses_vehicles(metric.kind) && set->vehicle == NULL)
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "%s needs the power of every vehicle (unit1_vehicle_pwr of a recording)", name);
    if (uses_power(metric.kind) && set->power == NULL)
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "%s needs the power of every beam, and this set has labels only", name);
    return BCUE_OK;
}

/* ---- What one row contributes ---- */

static double row_top_k(const bcue_scored_row *row, int32_t k)
{
    for (int32_t j = 0; j < k; j++)
        if (bcue_scored_row_is_best(row, row->ranked[j]))
            return 1.0;
    return 0.0;
}

static double row_dba(const bcue_scored_row *row, int32_t beams)
{
    int nearest = BCUE_DBA_DELTA, sum = 0;
    for (int j = 0; j < BCUE_DBA_K; j++) {
        int32_t beam = row->ranked[j];
        int distance = beam < 0 ? BCUE_DBA_DELTA : abs(bcue_scored_row_distance(row, beams, beam));
        nearest = distance < nearest ? distance : nearest;
        sum += nearest;
    }
    return 1.0 - (double)sum / (BCUE_DBA_K * BCUE_DBA_DELTA);
}

static double row_percentile(const bcue_scored_row *row, int32_t beams)
{
    int32_t stronger = 0;
    for (int32_t b = 0; b < beams; b++)
        stronger += row->power[b] > row->power[row->ranked[0]];
    return (double)(beams - stronger) / (double)beams;
}

static double row_loss_db(const bcue_scored_row *row, int32_t k)
{
    double best = 0.0;
    for (int32_t j = 0; j < k && row->ranked[j] >= 0; j++) {
        double ratio = bcue_scored_row_ratio(row, row->ranked[j]);
        best = ratio > best ? ratio : best;
    }
    /* Not -10 log10, whose zero would be negative. */
    return 10.0 * log10(1.0 / best);
}

static double row_noise_free_ratio(const bcue_scored_row *row)
{
    double noise = row->least_power / 2.0, limit = pow(10.0, BCUE_LOSS_LIMIT_DB / 10.0);
    double best = row->best_power - noise, answered = row->power[row->ranked[0]] - noise;
    return best < limit * answered ? best / answered : limit;
}

static double row_rate_ratio(const bcue_scored_row *row, double snr_db)
{
    double rho = pow(10.0, snr_db / 10.0);
    return log1p(rho * bcue_scored_row_ratio(row, row->ranked[0])) / log1p(rho);
}

static double row_value(const bcue_scored_set *set, bcue_metric metric, const bcue_scored_row *row)
{
    switch (metric.kind) {
    case BCUE_METRIC_TOP_K:
        return row_top_k(row, metric.k);
    case BCUE_METRIC_DBA:
    case BCUE_METRIC_DBA_OFFICIAL:
        return row_dba(row, set->beams);
    case BCUE_METRIC_MPR:
        return row_percentile(row, set->beams);
    case BCUE_METRIC_RSS:
        return 10.0 * log10(row->best_power) - row_loss_db(row, 1) +
               (set->power_unit == BCUE_POWER_WATT ? 30.0 : 0.0);
    case BCUE_METRIC_LOSS:
        return row_loss_db(row, 1);
    case BCUE_METRIC_WITHIN:
        return row_loss_db(row, 1) <= metric.level_db ? 1.0 : 0.0;
    case BCUE_METRIC_OUTAGE:
        return row_loss_db(row, 1) > metric.level_db ? 1.0 : 0.0;
    case BCUE_METRIC_POWER_LOSS:
        return row_noise_free_ratio(row);
    case BCUE_METRIC_TOP_K_LOSS:
        return row_loss_db(row, metric.k);
    case BCUE_METRIC_APL:
        return -row_loss_db(row, 1);
    case BCUE_METRIC_RATE_RATIO:
        return row_rate_ratio(row, metric.level_db);
    case BCUE_METRIC_OVERHEAD_SAVING:
        return 1.0 - (double)metric.k / (double)set->beams;
    case BCUE_METRIC_REACHABLE: /* read by vehicle_value */
    case BCUE_METRIC_VEHICLE_RSS:
    case BCUE_METRIC_VEHICLE_WORST:
    case BCUE_METRIC_VEHICLE_LOSS:
    case BCUE_METRIC_VEHICLE_OUTAGE:
    case BCUE_METRIC_KIND_COUNT:
        break;
    }
    return NAN;
}

/* Watts are 30 dB more milliwatts, but the scores are in dBm already. */
static double vehicle_value(const bcue_scored_set *set, bcue_metric_kind kind, size_t n)
{
    return set->vehicle[n * BCUE_VEHICLE_SCORES + (size_t)(kind - BCUE_METRIC_REACHABLE)];
}

bcue_status bcue_metric_rows(const bcue_scored_set *set, bcue_metric metric, double *values,
                             bcue_error *error)
{
    BCUE_TRY(bcue_metric_check(set, metric, error));
    for (size_t n = 0; n < set->rows; n++) {
        if (uses_vehicles(metric.kind)) {
            values[n] = vehicle_value(set, metric.kind, n);
            continue;
        }
        bcue_scored_row row = bcue_scored_set_row(set, n);
        bool counts = uses_power(metric.kind) ? row.power != NULL : row.has_best;
        values[n] = counts ? row_value(set, metric, &row) : NAN;
    }
    return BCUE_OK;
}

double bcue_metric_finish(bcue_metric metric, double mean)
{
    return metric.kind == BCUE_METRIC_POWER_LOSS ? 10.0 * log10(mean) : mean;
}

/* ---- Whole metrics ---- */

typedef struct {
    bcue_sum sum;
    size_t rows;
} row_mean;

static void row_mean_add(row_mean *mean, double value)
{
    if (isnan(value))
        return;
    bcue_sum_add(&mean->sum, value);
    mean->rows++;
}

static bcue_status official_dba(const bcue_scored_set *set, const double *values, double *value, size_t *rows,
                                bcue_error *error)
{
    row_mean means[BCUE_OFFICIAL_SCENARIOS] = {0};
    for (size_t n = 0; n < set->rows; n++) {
        int32_t scenario = set->street[n];
        if (scenario < BCUE_OFFICIAL_FIRST_SCENARIO ||
            scenario >= BCUE_OFFICIAL_FIRST_SCENARIO + BCUE_OFFICIAL_SCENARIOS)
            return bcue_fail(error, BCUE_ERROR_DATA,
                             "dba_official: row %zu is of scenario %" PRId32 ", not of 31 to 34", n,
                             scenario);
        row_mean_add(&means[scenario - BCUE_OFFICIAL_FIRST_SCENARIO], values[n]);
    }
    double dba[BCUE_OFFICIAL_SCENARIOS];
    size_t counted = 0;
    for (int i = 0; i < BCUE_OFFICIAL_SCENARIOS; i++) {
        if (means[i].rows == 0)
            return bcue_fail(error, BCUE_ERROR_DATA,
                             "dba_official: no sample of scenario %d, so its weight has nothing to stand on",
                             BCUE_OFFICIAL_FIRST_SCENARIO + i);
        dba[i] = bcue_sum_value(&means[i].sum) / (double)means[i].rows;
        counted += means[i].rows;
    }
    *value = bcue_official_dba(dba);
    *rows = counted;
    return BCUE_OK;
}

/* On a set that has been checked; `values` has room for its rows. */
static bcue_status compute_checked(const bcue_scored_set *set, bcue_metric metric, double *values,
                                   double *value, size_t *rows, bcue_error *error)
{
    BCUE_TRY(bcue_metric_rows(set, metric, values, error));
    if (metric.kind == BCUE_METRIC_DBA_OFFICIAL)
        return official_dba(set, values, value, rows, error);
    row_mean mean = {0};
    for (size_t n = 0; n < set->rows; n++)
        row_mean_add(&mean, values[n]);
    if (mean.rows == 0) {
        char name[BCUE_METRIC_NAME_SIZE];
        bcue_metric_name(metric, name);
        return bcue_fail(error, BCUE_ERROR_DATA, "%s: none of the %zu samples has a valid %s", name,
                         set->rows,
                         uses_vehicles(metric.kind) ? "list of powers per vehicle"
                         : uses_power(metric.kind)  ? "power vector"
                                                    : "label or power vector");
    }
    *value = bcue_metric_finish(metric, bcue_sum_value(&mean.sum) / (double)mean.rows);
    *rows = mean.rows;
    return BCUE_OK;
}

bcue_status bcue_metric_compute(const bcue_scored_set *set, bcue_metric metric, double *value, size_t *rows,
                                bcue_error *error)
{
    BCUE_TRY(bcue_scored_set_check(set, error));
    double *values = bcue_calloc(set->rows, sizeof *values);
    if (values == NULL)
        return bcue_fail_memory(error, "a metric");
    size_t counted = 0;
    bcue_status status = compute_checked(set, metric, values, value, &counted, error);
    free(values);
    if (status == BCUE_OK && rows != NULL)
        *rows = counted;
    return status;
}

size_t bcue_metric_default_list(int32_t beams, int32_t ranked_count,
                                bcue_metric list[BCUE_METRIC_DEFAULT_MAX])
{
    static const int32_t top[] = {1, 2, 3, 5, 10};
    static const bcue_metric fixed[] = {
        {BCUE_METRIC_DBA, 0, 0.0},         {BCUE_METRIC_DBA_OFFICIAL, 0, 0.0},
        {BCUE_METRIC_MPR, 0, 0.0},         {BCUE_METRIC_RSS, 0, 0.0},
        {BCUE_METRIC_LOSS, 0, 0.0},        {BCUE_METRIC_WITHIN, 0, 1.0},
        {BCUE_METRIC_OUTAGE, 0, 1.0},      {BCUE_METRIC_OUTAGE, 0, 3.0},
        {BCUE_METRIC_POWER_LOSS, 0, 0.0},  {BCUE_METRIC_APL, 0, 0.0},
        {BCUE_METRIC_RATE_RATIO, 0, 0.0},  {BCUE_METRIC_RATE_RATIO, 0, 10.0},
        {BCUE_METRIC_RATE_RATIO, 0, 20.0},
    };
    size_t count = 0, tops = sizeof top / sizeof *top;
    int32_t most = ranked_count < beams ? ranked_count : beams;
    for (size_t i = 0; i < tops && top[i] <= most; i++)
        list[count++] = (bcue_metric){.kind = BCUE_METRIC_TOP_K, .k = top[i]};
    memcpy(list + count, fixed, sizeof fixed);
    count += sizeof fixed / sizeof *fixed;
    for (size_t i = 1; i < tops && top[i] <= most; i++)
        list[count++] = (bcue_metric){.kind = BCUE_METRIC_TOP_K_LOSS, .k = top[i]};
    for (size_t i = 0; i < tops && top[i] <= most; i++)
        list[count++] = (bcue_metric){.kind = BCUE_METRIC_OVERHEAD_SAVING, .k = top[i]};
    return count;
}

static void fill_value(const bcue_scored_set *set, bcue_metric metric, double *scratch,
                       bcue_metric_value *out)
{
    bcue_error error;
    out->metric = metric;
    out->available = compute_checked(set, metric, scratch, &out->value, &out->rows, &error) == BCUE_OK;
    if ((int)metric.kind >= 0 && metric.kind < BCUE_METRIC_KIND_COUNT)
        bcue_metric_name(metric, out->name);
    if (!out->available) {
        size_t length = strlen(error.text);
        length = length < sizeof out->reason ? length : sizeof out->reason - 1;
        memcpy(out->reason, error.text, length);
        out->reason[length] = '\0';
    }
}

bcue_status bcue_metrics_compute(const bcue_scored_set *set, const bcue_metric *list, size_t count,
                                 bcue_metrics *metrics, bcue_error *error)
{
    bcue_metric defaults[BCUE_METRIC_DEFAULT_MAX];
    *metrics = (bcue_metrics){0};
    BCUE_TRY(bcue_scored_set_check(set, error));
    if (set->rows == 0)
        return bcue_fail(error, BCUE_ERROR_DATA, "there are no samples to score");
    if (list == NULL) {
        list = defaults;
        count = bcue_metric_default_list(set->beams, set->ranked_count, defaults);
    }
    double *scratch = bcue_calloc(set->rows, sizeof *scratch);
    metrics->values = bcue_calloc(count, sizeof *metrics->values);
    if (scratch == NULL || metrics->values == NULL) {
        free(scratch);
        bcue_metrics_free(metrics);
        return bcue_fail_memory(error, "the metrics");
    }
    metrics->counts = bcue_scored_set_count(set);
    metrics->count = count;
    for (size_t i = 0; i < count; i++)
        fill_value(set, list[i], scratch, &metrics->values[i]);
    free(scratch);
    return BCUE_OK;
}

void bcue_metrics_free(bcue_metrics *metrics)
{
    if (metrics == NULL)
        return;
    free(metrics->values);
    *metrics = (bcue_metrics){0};
}

const bcue_metric_value *bcue_metrics_find(const bcue_metrics *metrics, const char *name)
{
    for (size_t i = 0; i < metrics->count; i++)
        if (strcmp(metrics->values[i].name, name) == 0)
            return &metrics->values[i];
    return NULL;
}

bcue_status bcue_confusion_by_distance(const bcue_scored_set *set, int64_t *by_signed, size_t *rows,
                                       bcue_error *error)
{
    BCUE_TRY(bcue_scored_set_check(set, error));
    if (!set->index_monotone)
        return bcue_fail(error, BCUE_ERROR_UNSUPPORTED,
                         "confusion by beam distance: the beam numbers of this codebook do not rise with the "
                         "angle, so a distance "
                         "between them means nothing");
    size_t counted = 0;
    memset(by_signed, 0, (2 * (size_t)set->beams - 1) * sizeof *by_signed);
    for (size_t n = 0; n < set->rows; n++) {
        bcue_scored_row row = bcue_scored_set_row(set, n);
        if (!row.has_best)
            continue;
        int32_t distance = bcue_scored_row_distance(&row, set->beams, row.ranked[0]);
        by_signed[distance + set->beams - 1]++;
        counted++;
    }
    if (rows != NULL)
        *rows = counted;
    return BCUE_OK;
}

void bcue_confusion_absolute(const int64_t *by_signed, int32_t beams, int64_t *by_absolute)
{
    const int64_t *zero = by_signed + beams - 1;
    by_absolute[0] = zero[0];
    for (int32_t d = 1; d < beams; d++)
        by_absolute[d] = zero[d] + zero[-d];
}

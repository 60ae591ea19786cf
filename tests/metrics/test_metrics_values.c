/* Hand-computed metrics, ties, bad rows, limits, ranking and latencies. */
#include <stdlib.h>
#include "check.h"
#include "metrics/metric.h"
#include "metrics/quantile.h"
#include "metrics/rank.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static double value_of(const bcue_scored_set *set, const char *name)
{
    bcue_error error = {{0}};
    bcue_metric metric;
    double value = NAN;
    CHECK_OK(bcue_metric_parse(name, &metric, &error), error);
    CHECK_OK(bcue_metric_compute(set, metric, &value, NULL, &error), error);
    return value;
}

static bcue_status status_of(const bcue_scored_set *set, const char *name, bcue_error *error)
{
    bcue_metric metric;
    double value;
    CHECK_OK(bcue_metric_parse(name, &metric, error), *error);
    return bcue_metric_compute(set, metric, &value, NULL, error);
}

/* 2 rows of 8 beams, labels only: label 3 ranked third, label 0 ranked first. */
static void test_labels_by_hand(void)
{
    const int32_t ranked[] = {7, 5, 3, 0, 1, 2, 4, 6, /**/ 0, 7, 6, 5, 4, 3, 2, 1};
    const int32_t label[] = {3, 0};
    bcue_scored_set set = {
        .rows = 2, .beams = 8, .ranked_count = 8, .ranked = ranked, .label = label, .index_monotone = true};
    CHECK_NEAR(value_of(&set, "top_1"), 0.5, 0.0);
    CHECK_NEAR(value_of(&set, "top_2"), 0.5, 0.0);
    CHECK_NEAR(value_of(&set, "top_3"), 1.0, 0.0);
    CHECK_NEAR(value_of(&set, "top_8"), 1.0, 0.0);
    /* Row 0: distances 4, 2, 0, so 1 - 0.8, 1 - 0.4, 1; row 1: 1, 1, 1. */
    CHECK_NEAR(value_of(&set, "dba"), ((0.2 + 0.6 + 1.0) / 3.0 + 1.0) / 2.0, 1e-15);
    CHECK_NEAR(value_of(&set, "overhead_saving_2"), 0.75, 0.0);
}

/* Beams further than Delta = 5 count as 5; the nearest so far is kept. */
static void test_dba_clips_and_nests(void)
{
    const int32_t ranked[] = {20, 2, 10};
    const int32_t label[] = {0};
    bcue_scored_set set = {
        .rows = 1, .beams = 32, .ranked_count = 3, .ranked = ranked, .label = label, .index_monotone = true};
    CHECK_NEAR(value_of(&set, "dba"), (0.0 + 0.6 + 0.6) / 3.0, 1e-15);
}

static void test_power_by_hand(void)
{
    /* Answer: beam 2 of power 2; the best has 8, the least 1. */
    const int32_t ranked[] = {2, 1, 3, 0};
    const double power[] = {1.0, 4.0, 2.0, 8.0};
    bcue_scored_set set = {.rows = 1,
                           .beams = 4,
                           .ranked_count = 4,
                           .ranked = ranked,
                           .power = power,
                           .power_unit = BCUE_POWER_WATT,
                           .index_monotone = true};
    double loss = 10.0 * log10(4.0);
    CHECK_NEAR(value_of(&set, "mpr"), (4.0 - 3.0 + 1.0) / 4.0, 0.0);
    CHECK_NEAR(value_of(&set, "rss_db"), 10.0 * log10(2.0) + 30.0, 1e-12);
    CHECK_NEAR(value_of(&set, "loss_db"), loss, 1e-12);
    CHECK_NEAR(value_of(&set, "apl_db"), -loss, 1e-12);
    CHECK_NEAR(value_of(&set, "power_loss_db"), 10.0 * log10((8.0 - 0.5) / (2.0 - 0.5)), 1e-12);
    CHECK_NEAR(value_of(&set, "top_2_loss_db"), 10.0 * log10(2.0), 1e-12);
    CHECK_NEAR(value_of(&set, "top_3_loss_db"), 0.0, 0.0);
    CHECK_NEAR(value_of(&set, "rate_ratio_0db"), log2(1.25) / log2(2.0), 1e-12);
    CHECK_NEAR(value_of(&set, "rate_ratio_10db"), log2(3.5) / log2(11.0), 1e-12);
    CHECK_NEAR(value_of(&set, "outage_1db"), 1.0, 0.0);
    CHECK_NEAR(value_of(&set, "within_1db"), 0.0, 0.0);
    CHECK_NEAR(value_of(&set, "within_6.1db"), 1.0, 0.0);
    CHECK_NEAR(value_of(&set, "top_3"), 1.0, 0.0); /* no labels: the power decides */
}

/* The mean of ratios comes before the logarithm in power_loss_db and after it in loss_db. */
static void test_mean_before_logarithm(void)
{
    const int32_t ranked[] = {0, 1, 0, 1};
    const double power[] = {2.0, 4.0, 8.0, 4.0};
    bcue_scored_set set = {.rows = 2, .beams = 2, .ranked_count = 2, .ranked = ranked, .power = power};
    CHECK_NEAR(value_of(&set, "power_loss_db"), 10.0 * log10((3.0 / 1.0 + 1.0) / 2.0), 1e-12);
    CHECK_NEAR(value_of(&set, "loss_db"), 5.0 * log10(2.0), 1e-12);
}

static void test_exactly_at_the_margin(void)
{
    const int32_t ranked[] = {0, 1};
    const double power[] = {1.0, 10.0};
    bcue_scored_set set = {.rows = 1, .beams = 2, .ranked_count = 2, .ranked = ranked, .power = power};
    CHECK_NEAR(value_of(&set, "within_10db"), 1.0, 0.0);
    CHECK_NEAR(value_of(&set, "outage_10db"), 0.0, 0.0);
}

static void test_ties_count_any(void)
{
    const int32_t ranked[] = {5, 0, 1, 2, 3, 4}, label[] = {1};
    const double power[] = {1.0, 9.0, 1.0, 2.0, 3.0, 9.0};
    bcue_scored_set set = {.rows = 1,
                           .beams = 6,
                           .ranked_count = 6,
                           .ranked = ranked,
                           .power = power,
                           .label = label,
                           .index_monotone = true};
    CHECK_NEAR(value_of(&set, "top_1"), 1.0, 0.0);
    CHECK_NEAR(value_of(&set, "dba"), 1.0, 0.0);
    CHECK_NEAR(value_of(&set, "mpr"), 1.0, 0.0);
    CHECK_INT(bcue_scored_set_count(&set).tied_best, 1);
    set.power = NULL; /* only the label is left */
    CHECK_NEAR(value_of(&set, "top_1"), 0.0, 0.0);
    CHECK_NEAR(value_of(&set, "top_3"), 1.0, 0.0);
}

/* The percentile rank counts strictly stronger beams only, so equals share the better rank. */
static void test_percentile_favours_ties(void)
{
    const int32_t ranked[] = {0};
    const double power[] = {3.0, 3.0, 3.0, 5.0};
    bcue_scored_set set = {.rows = 1, .beams = 4, .ranked_count = 1, .ranked = ranked, .power = power};
    CHECK_NEAR(value_of(&set, "mpr"), 0.75, 0.0);
}

static void test_contradicting_label(void)
{
    const int32_t ranked[] = {1, 0, 2}, label[] = {0};
    const double power[] = {1.0, 2.0, 1.0};
    bcue_scored_set set = {
        .rows = 1, .beams = 3, .ranked_count = 3, .ranked = ranked, .power = power, .label = label};
    CHECK_NEAR(value_of(&set, "top_1"), 0.0, 0.0);
    CHECK_NEAR(value_of(&set, "loss_db"), 0.0, 0.0);
    CHECK_INT(bcue_scored_set_count(&set).label_mismatch, 1);
}

static void test_bad_power_rows(void)
{
    const int32_t ranked[] = {0, 1, 0, 1, 0, 1, 0, 1, 0, 1}, label[] = {0, 0, 1, -1, 0};
    const double power[] = {4.0, 2.0, NAN, 1.0, 0.0, 0.0, INFINITY, 1.0, -1.0, 2.0};
    bcue_scored_set set = {
        .rows = 5, .beams = 2, .ranked_count = 2, .ranked = ranked, .power = power, .label = label};
    bcue_scored_counts counts = bcue_scored_set_count(&set);
    CHECK_INT(counts.rows_with_power, 1);
    CHECK_INT(counts.invalid_power, 4);
    CHECK_INT(counts.rows_with_best, 4); /* row 3 has neither label nor power */
    CHECK_NEAR(value_of(&set, "top_1"), 0.75, 0.0);
    CHECK_NEAR(value_of(&set, "loss_db"), 0.0, 0.0);
    set.power += 2;
    set.ranked += 2;
    set.label += 1;
    set.rows = 4;
    bcue_error error;
    CHECK_STATUS(status_of(&set, "loss_db", &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "none of the 4 samples");
}

static void test_unmeasured_beam_is_limited(void)
{
    const int32_t ranked[] = {0, 1};
    const double power[] = {0.0, 1.0};
    bcue_scored_set set = {.rows = 1, .beams = 2, .ranked_count = 2, .ranked = ranked, .power = power};
    CHECK_NEAR(value_of(&set, "loss_db"), 100.0, 1e-12);
    CHECK_NEAR(value_of(&set, "rss_db"), -100.0, 1e-12);
    CHECK_NEAR(value_of(&set, "power_loss_db"), 100.0, 1e-12);
    CHECK_INT(bcue_scored_set_count(&set).limited_loss, 1);
}

static void test_short_ranking(void)
{
    const int32_t ranked[] = {1, -1, -1}, label[] = {0};
    const double power[] = {4.0, 1.0, 1.0, 1.0};
    bcue_scored_set set = {.rows = 1,
                           .beams = 4,
                           .ranked_count = 3,
                           .ranked = ranked,
                           .power = power,
                           .label = label,
                           .index_monotone = true};
    CHECK_NEAR(value_of(&set, "top_3"), 0.0, 0.0);
    CHECK_NEAR(value_of(&set, "top_3_loss_db"), 10.0 * log10(4.0), 1e-12);
    CHECK_NEAR(value_of(&set, "dba"), 0.8, 1e-15);
}

static void test_refusals(void)
{
    const int32_t ranked[] = {0, 1, 2}, label[] = {0};
    bcue_scored_set set = {
        .rows = 1, .beams = 8, .ranked_count = 3, .ranked = ranked, .label = label, .index_monotone = false};
    bcue_error error;
    int64_t by_signed[15];
    CHECK_STATUS(status_of(&set, "top_9", &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "8 beams");
    CHECK_STATUS(status_of(&set, "top_5", &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "rank only 3");
    CHECK_STATUS(status_of(&set, "dba", &error), BCUE_ERROR_UNSUPPORTED);
    CHECK_CONTAINS(error.text, "do not rise with the angle");
    CHECK_STATUS(bcue_confusion_by_distance(&set, by_signed, NULL, &error), BCUE_ERROR_UNSUPPORTED);
    CHECK_STATUS(status_of(&set, "loss_db", &error), BCUE_ERROR_DATA);
    CHECK_STATUS(status_of(&set, "outage_-1db", &error), BCUE_ERROR_ARGUMENT);
    set.index_monotone = true;
    CHECK_STATUS(status_of(&set, "dba_official", &error), BCUE_ERROR_DATA);
    set.rows = 0;
    CHECK_STATUS(status_of(&set, "top_1", &error), BCUE_ERROR_DATA);
    bcue_metrics metrics;
    CHECK_STATUS(bcue_metrics_compute(&set, NULL, 0, &metrics, &error), BCUE_ERROR_DATA);
    CHECK(metrics.values == NULL);
}

static void test_unusable_sets(void)
{
    const int32_t beyond[] = {0, 8}, twice[] = {3, 3}, resumed[] = {-1, 1}, gap[] = {1, -1, 2},
                  fine[] = {0, 1}, label[] = {8}, good[] = {1};
    bcue_error error;
    bcue_scored_set set = {.rows = 1, .beams = 8, .ranked_count = 2, .label = good};
    const struct {
        const int32_t *ranked, *label;
        int32_t count;
        const char *says;
    } cases[] = {{beyond, good, 2, "beam 8 in place 2"},
                 {twice, good, 2, "ranked twice"},
                 {resumed, good, 2, "beam -1 in place 1"},
                 {gap, good, 3, "follows the end"},
                 {fine, label, 2, "label 8"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        set.ranked = cases[i].ranked;
        set.label = cases[i].label;
        set.ranked_count = cases[i].count;
        CHECK_STATUS(bcue_scored_set_check(&set, &error), BCUE_ERROR_DATA);
        CHECK_CONTAINS(error.text, cases[i].says);
    }
    set.ranked_count = 9;
    CHECK_STATUS(bcue_scored_set_check(&set, &error), BCUE_ERROR_ARGUMENT);
    set.ranked_count = 2;
    set.label = NULL;
    CHECK_STATUS(bcue_scored_set_check(&set, &error), BCUE_ERROR_ARGUMENT);
}

static void test_listing_says_why_not(void)
{
    const int32_t ranked[] = {1, 0}, label[] = {1};
    bcue_scored_set set = {
        .rows = 1, .beams = 2, .ranked_count = 2, .ranked = ranked, .label = label, .index_monotone = true};
    bcue_metrics metrics;
    bcue_error error = {{0}};
    CHECK_OK(bcue_metrics_compute(&set, NULL, 0, &metrics, &error), error);
    const bcue_metric_value *top = bcue_metrics_find(&metrics, "top_1"),
                            *dba = bcue_metrics_find(&metrics, "dba"),
                            *loss = bcue_metrics_find(&metrics, "loss_db");
    CHECK(top != NULL && top->available && top->value == 1.0);
    CHECK(dba != NULL && !dba->available);
    CHECK(bcue_metrics_find(&metrics, "top_3") == NULL);
    CHECK(loss != NULL && !loss->available);
    if (loss != NULL && dba != NULL) {
        CHECK_CONTAINS(loss->reason, "labels only");
        CHECK_CONTAINS(dba->reason, "needs 3 ranked beams");
    }
    bcue_metrics_free(&metrics);
    bcue_metrics_free(&metrics);
}

static void test_official_weights(void)
{
    /* DBA 1, 0, 1, 0 in scenarios 31 .. 34, so (300 + 140) / 625; scenario 31 twice must not weigh more. */
    const int32_t ranked[] = {0, 1, 2, 0, 1, 2, 10, 11, 12, 0, 1, 2, 10, 11, 12}, label[] = {0, 0, 0, 0, 0},
                  street[] = {31, 31, 32, 33, 34};
    bcue_scored_set set = {.rows = 5,
                           .beams = 16,
                           .ranked_count = 3,
                           .ranked = ranked,
                           .label = label,
                           .street = street,
                           .index_monotone = true};
    CHECK_NEAR(value_of(&set, "dba_official"), 440.0 / 625.0, 1e-15);
    bcue_error error;
    set.rows = 4;
    CHECK_STATUS(status_of(&set, "dba_official", &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "scenario 34");
}

/* The published table of the 2022 challenge: DBA of scenarios 31 .. 34, and the overall score. */
static void test_official_leaderboard(void)
{
    const struct {
        double dba[4], overall;
    } rows[] = {{{0.6536, 0.7074, 0.8576, 0.7120}, 0.7162},
                {{0.5331, 0.7173, 0.7910, 0.8209}, 0.6671},
                {{0.3700, 0.8012, 0.8857, 0.8865}, 0.6310}};
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        CHECK_NEAR(bcue_official_dba(rows[i].dba), rows[i].overall, 1e-4);
}

static void test_confusion_by_distance(void)
{
    const int32_t ranked[] = {0, 3, 1, 2}, label[] = {3, 0, 1, -1};
    int64_t by_signed[7], by_absolute[4];
    size_t rows;
    bcue_error error = {{0}};
    bcue_scored_set set = {
        .rows = 4, .beams = 4, .ranked_count = 1, .ranked = ranked, .label = label, .index_monotone = true};
    CHECK_OK(bcue_confusion_by_distance(&set, by_signed, &rows, &error), error);
    const int64_t expected[] = {1, 0, 0, 1, 0, 0, 1};
    for (size_t i = 0; i < 7; i++)
        CHECK_INT(by_signed[i], expected[i]);
    CHECK_INT(rows, 3);
    bcue_confusion_absolute(by_signed, 4, by_absolute);
    CHECK_INT(by_absolute[0], 1);
    CHECK_INT(by_absolute[1], 0);
    CHECK_INT(by_absolute[3], 2);
}

static void test_names_round_trip(void)
{
    bcue_metric list[BCUE_METRIC_DEFAULT_MAX], parsed;
    size_t count = bcue_metric_default_list(64, 64, list);
    bcue_error error = {{0}};
    CHECK(count > 20 && count <= BCUE_METRIC_DEFAULT_MAX);
    for (size_t i = 0; i < count; i++) {
        char name[BCUE_METRIC_NAME_SIZE], again[BCUE_METRIC_NAME_SIZE], title[64];
        bcue_metric_name(list[i], name);
        CHECK_OK(bcue_metric_parse(name, &parsed, &error), error);
        bcue_metric_name(parsed, again);
        CHECK_STR(again, name);
        CHECK_INT(parsed.kind, list[i].kind);
        bcue_metric_title(list[i], title);
        CHECK(title[0] != '\0' && bcue_metric_unit(list[i], BCUE_POWER_MILLIWATT) != NULL);
    }
    char title[64];
    bcue_metric_title((bcue_metric){.kind = BCUE_METRIC_RATE_RATIO, .level_db = 10.0}, title);
    CHECK_STR(title, "Rate ratio at 10 dB");
    CHECK(!bcue_metric_higher_is_better((bcue_metric){.kind = BCUE_METRIC_OUTAGE}));
    const char *const bad[] = {"",     "top_",      "top_0",        "top_x",
                               "dbaa", "within_db", "outage_nandb", "top_99999999999"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        CHECK_STATUS(bcue_metric_parse(bad[i], &parsed, &error), BCUE_ERROR_ARGUMENT);
    CHECK_STATUS(bcue_metric_parse("powr_loss_db", &parsed, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "power_loss_db");
}

static void check_ranked(const float *scores, int32_t beams, int32_t count, const int32_t *expected)
{
    int32_t ranked[8];
    bcue_rank_beams(scores, beams, count, ranked);
    for (int32_t k = 0; k < count; k++)
        CHECK_INT(ranked[k], expected[k]);
}

static void test_ranking(void)
{
    const float scores[] = {0.5F, NAN, 2.0F, 0.5F, -INFINITY, NAN, 2.0F};
    const int32_t expected[] = {2, 6, 0, 3, 4, 1, 5};
    for (int32_t count = 1; count <= 7; count++)
        check_ranked(scores, 7, count, expected);
    const float none[] = {NAN, NAN};
    const int32_t in_order[] = {0, 1};
    check_ranked(none, 2, 2, in_order);
}

static void test_softmax(void)
{
    const float scores[] = {1000.0F, 1001.0F, NAN}, infinite[] = {INFINITY, 0.0F, INFINITY},
                low[] = {-INFINITY, -INFINITY, NAN}, none[] = {NAN, NAN, NAN};
    double p[3];
    bcue_softmax(scores, 3, p);
    CHECK_NEAR(p[0], 1.0 / (1.0 + exp(1.0)), 1e-15);
    CHECK_NEAR(p[1], 1.0 / (1.0 + exp(-1.0)), 1e-15);
    CHECK_NEAR(p[2], 0.0, 0.0);
    bcue_softmax(infinite, 3, p);
    CHECK(p[0] == 0.5 && p[1] == 0.0 && p[2] == 0.5);
    bcue_softmax(low, 3, p);
    CHECK(p[0] == 0.5 && p[1] == 0.5 && p[2] == 0.0);
    bcue_softmax(none, 3, p);
    CHECK(p[0] == 0.0 && p[1] == 0.0 && p[2] == 0.0);
}

static void test_median(void)
{
    double odd[] = {5, -1, 3}, even[] = {4, 1, 10, 2}, ends[] = {INFINITY, 1, INFINITY, 0};
    CHECK_NEAR(bcue_median(odd, 3), 3, 0);
    CHECK(odd[0] == -1 && odd[2] == 5);
    CHECK_NEAR(bcue_median(even, 4), 3, 0);
    CHECK_NEAR(bcue_quantile_sorted(even, 4, 0.5), 3, 0);
    CHECK_NEAR(bcue_quantile_sorted(even, 4, 0.9), 8.2, 1e-12);
    CHECK(isinf(bcue_median(ends, 4)));
    CHECK_NEAR(bcue_median(even, 1), 1, 0);
    CHECK(isnan(bcue_median(even, 0)) && isnan(bcue_quantile_sorted(even, 0, 0.5)));
}

static void test_latency(void)
{
    double values[101];
    bcue_latency latency = {0};
    bcue_error error = {{0}};
    for (int i = 0; i <= 100; i++)
        values[i] = 100.0 - i;
    CHECK_OK(bcue_latency_summarise(values, 101, &latency, &error), error);
    CHECK_NEAR(latency.p50, 50.0, 1e-12);
    CHECK_NEAR(latency.p90, 90.0, 1e-12);
    CHECK_NEAR(latency.p99, 99.0, 1e-12);
    CHECK_NEAR(latency.max, 100.0, 0.0);
    CHECK_NEAR(latency.mean, 50.0, 1e-12);
    CHECK_NEAR(values[0], 100.0, 0.0);
    CHECK_OK(bcue_latency_summarise(values, 1, &latency, &error), error);
    CHECK(latency.p50 == 100.0 && latency.p99 == 100.0);
    CHECK_OK(bcue_latency_summarise(values, 2, &latency, &error), error);
    CHECK_NEAR(latency.p50, 99.5, 1e-12);
    CHECK_STATUS(bcue_latency_summarise(values, 0, &latency, &error), BCUE_ERROR_DATA);
    values[3] = NAN;
    CHECK_STATUS(bcue_latency_summarise(values, 101, &latency, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "latency 3");
}

int main(void)
{
    RUN(test_labels_by_hand);
    RUN(test_dba_clips_and_nests);
    RUN(test_power_by_hand);
    RUN(test_mean_before_logarithm);
    RUN(test_exactly_at_the_margin);
    RUN(test_ties_count_any);
    RUN(test_percentile_favours_ties);
    RUN(test_contradicting_label);
    RUN(test_bad_power_rows);
    RUN(test_unmeasured_beam_is_limited);
    RUN(test_short_ranking);
    RUN(test_refusals);
    RUN(test_unusable_sets);
    RUN(test_listing_says_why_not);
    RUN(test_official_weights);
    RUN(test_official_leaderboard);
    RUN(test_confusion_by_distance);
    RUN(test_names_round_trip);
    RUN(test_ranking);
    RUN(test_softmax);
    RUN(test_median);
    RUN(test_latency);
    return check_summary();
}

/* The bootstrap against an oracle that resamples rows, its coverage, and the comparison rule. */
#include <stdlib.h>
#include "base/parallel.h"
#include "base/rng.h"
#include "check.h"
#include "metrics/compare.h"
#include "metrics/quantile.h"

#define BEAMS 6
#define ROWS 240
#define SEEDS 3

static const bcue_metric TOP_1 = {.kind = BCUE_METRIC_TOP_K, .k = 1};

/* Answers of SEEDS runs to the same rows. */
typedef struct {
    int32_t ranked[SEEDS][ROWS * BEAMS], label[ROWS], episode[ROWS], street[ROWS];
    double power[ROWS * BEAMS];
    bcue_scored_set sets[SEEDS];
    bcue_runs runs;
} model;

/* `skill`: how often the label comes first. The samples depend on `streets` only, so models made with the
 * same number share them. */
static void make_model(model *m, double skill, uint32_t seed, int32_t streets)
{
    bcue_rng world = bcue_rng_make(1, BCUE_RNG_TEST, 0, 0, 0),
             answers = bcue_rng_make(1, BCUE_RNG_TEST, 1, seed, 0);
    for (size_t n = 0; n < ROWS; n++) {
        m->episode[n] = (int32_t)(n * 24 / ROWS);
        m->street[n] = 31 + m->episode[n] % streets;
        for (size_t b = 0; b < BEAMS; b++)
            m->power[n * BEAMS + b] = 1.0 + bcue_rng_below(&world, 50);
        m->label[n] = 0;
        for (int32_t b = 1; b < BEAMS; b++)
            if (m->power[n * BEAMS + (size_t)b] > m->power[n * BEAMS + (size_t)m->label[n]])
                m->label[n] = b;
        if (n % 17 == 3)
            m->power[n * BEAMS] = NAN;
    }
    for (size_t s = 0; s < SEEDS; s++) {
        for (size_t n = 0; n < ROWS; n++) {
            bool hit = bcue_rng_uniform(&answers) < skill;
            int32_t first = hit ? m->label[n] : (int32_t)bcue_rng_below(&answers, BEAMS);
            for (int32_t k = 0; k < BEAMS; k++)
                m->ranked[s][n * BEAMS + (size_t)k] = (first + k) % BEAMS;
        }
        m->sets[s] = (bcue_scored_set){.rows = ROWS,
                                       .beams = BEAMS,
                                       .ranked_count = BEAMS,
                                       .ranked = m->ranked[s],
                                       .power = m->power,
                                       .label = m->label,
                                       .episode = m->episode,
                                       .street = m->street,
                                       .index_monotone = true};
    }
    m->runs = (bcue_runs){m->sets, SEEDS};
}

static model better, worse;

/* ---- The oracle: the drawn rows themselves, put together and scored ---- */

typedef struct {
    int32_t ranked[4 * ROWS * BEAMS], label[4 * ROWS], street[4 * ROWS];
    double power[4 * ROWS * BEAMS];
    size_t rows;
} drawn_rows;

static drawn_rows drawn;

static void take_episode(const model *m, size_t seed, int32_t episode)
{
    for (size_t n = 0; n < ROWS; n++) {
        if (m->episode[n] != episode || drawn.rows == 4 * ROWS)
            continue;
        memcpy(drawn.ranked + drawn.rows * BEAMS, m->ranked[seed] + n * BEAMS, BEAMS * sizeof *drawn.ranked);
        memcpy(drawn.power + drawn.rows * BEAMS, m->power + n * BEAMS, BEAMS * sizeof *drawn.power);
        drawn.label[drawn.rows] = m->label[n];
        drawn.street[drawn.rows] = m->street[n];
        drawn.rows++;
    }
}

/* Episodes e of street t are those with e % streets == t. */
static bcue_rng take_draw(const model *m, size_t seed, bcue_rng rng, int32_t streets, bool fixed)
{
    drawn.rows = 0;
    for (int32_t i = 0; i < streets; i++) {
        int32_t street = streets == 1 || fixed ? i : (int32_t)bcue_rng_below(&rng, (uint32_t)streets),
                count = 24 / streets;
        for (int32_t e = 0; e < count; e++)
            take_episode(m, seed, street + streets * (int32_t)bcue_rng_below(&rng, (uint32_t)count));
    }
    return rng;
}

static double oracle_draw(const model *m, bcue_metric metric, uint32_t draw, int32_t streets)
{
    bcue_rng rng = bcue_rng_make(7, BCUE_RNG_BOOTSTRAP, 0, 0, draw), after = rng;
    bcue_error error = {{0}};
    double values[SEEDS], mean = 0.0;
    for (size_t s = 0; s < SEEDS; s++) {
        after = take_draw(m, s, rng, streets, metric.kind == BCUE_METRIC_DBA_OFFICIAL);
        bcue_scored_set set = {.rows = drawn.rows,
                               .beams = BEAMS,
                               .ranked_count = BEAMS,
                               .ranked = drawn.ranked,
                               .power = drawn.power,
                               .label = drawn.label,
                               .street = drawn.street,
                               .index_monotone = true};
        values[s] = NAN;
        CHECK_OK(bcue_metric_compute(&set, metric, &values[s], NULL, &error), error);
    }
    for (size_t s = 0; s < SEEDS; s++)
        mean += values[bcue_rng_below(&after, SEEDS)];
    return mean / SEEDS;
}

static void check_against_oracle(const char *name, int32_t streets)
{
    enum { DRAWS = 100 };
    const bcue_bootstrap_options options = {.draws = DRAWS, .seed = 7};
    double values[DRAWS], p_value = -1.0;
    bcue_metric metric;
    bcue_interval one, difference;
    bcue_error error = {{0}};
    make_model(&better, 0.7, 1, streets);
    make_model(&worse, 0.5, 2, streets);
    CHECK_OK(bcue_metric_parse(name, &metric, &error), error);
    CHECK_OK(bcue_metric_interval(&better.runs, metric, &options, &one, &error), error);
    for (uint32_t r = 0; r < DRAWS; r++)
        values[r] = oracle_draw(&better, metric, r, streets);
    bcue_sort_doubles(values, DRAWS);
    CHECK_NEAR(one.low, bcue_quantile_sorted(values, DRAWS, 0.025), 1e-12);
    CHECK_NEAR(one.high, bcue_quantile_sorted(values, DRAWS, 0.975), 1e-12);
    CHECK(one.low < one.estimate && one.estimate < one.high);
    CHECK_INT(one.streets, streets);
    CHECK_INT(one.episodes, 24);

    CHECK_OK(
        bcue_difference_interval(&better.runs, &worse.runs, metric, &options, &difference, &p_value, &error),
        error);
    size_t at_most = 0, at_least = 0;
    for (uint32_t r = 0; r < DRAWS; r++) {
        values[r] = oracle_draw(&better, metric, r, streets) - oracle_draw(&worse, metric, r, streets);
        at_most += values[r] <= 0.0;
        at_least += values[r] >= 0.0;
    }
    bcue_sort_doubles(values, DRAWS);
    CHECK_NEAR(difference.low, bcue_quantile_sorted(values, DRAWS, 0.025), 1e-12);
    CHECK_NEAR(difference.high, bcue_quantile_sorted(values, DRAWS, 0.975), 1e-12);
    CHECK_NEAR(p_value,
               fmin(1.0, 2.0 * (double)(1 + (at_most < at_least ? at_most : at_least)) / (DRAWS + 1)), 1e-15);
}

static void test_oracle(void)
{
    check_against_oracle("top_1", 1);
    check_against_oracle("top_3", 3);
    check_against_oracle("dba", 2);
    check_against_oracle("loss_db", 1);
    check_against_oracle("power_loss_db", 1);
    check_against_oracle("power_loss_db", 4);
    check_against_oracle("dba_official", 4);
}

/* ---- Coverage ---- */

#define TRIAL_EPISODES 40
#define TRIAL_ROWS (TRIAL_EPISODES * 5)
#define TRIAL_SEEDS 5

/* Hit rates of an episode and of a seed vary evenly about 0.6, so the truth is 0.6. */
static bool trial_covers(uint32_t trial)
{
    static int32_t ranked[TRIAL_SEEDS][TRIAL_ROWS];
    int32_t label[TRIAL_ROWS] = {0}, episode[TRIAL_ROWS];
    bcue_scored_set sets[TRIAL_SEEDS];
    bcue_rng rng = bcue_rng_make(3, BCUE_RNG_TEST, 2, 0, trial);
    double of_episode[TRIAL_EPISODES];
    for (size_t e = 0; e < TRIAL_EPISODES; e++)
        of_episode[e] = bcue_rng_range(&rng, -0.3, 0.3);
    for (size_t s = 0; s < TRIAL_SEEDS; s++) {
        double of_seed = bcue_rng_range(&rng, -0.05, 0.05);
        for (size_t n = 0; n < TRIAL_ROWS; n++) {
            episode[n] = (int32_t)(n / 5);
            ranked[s][n] = bcue_rng_uniform(&rng) < 0.6 + of_episode[n / 5] + of_seed ? 0 : 1;
        }
        sets[s] = (bcue_scored_set){.rows = TRIAL_ROWS,
                                    .beams = 2,
                                    .ranked_count = 1,
                                    .ranked = ranked[s],
                                    .label = label,
                                    .episode = episode};
    }
    const bcue_bootstrap_options options = {.draws = 400, .seed = trial};
    bcue_runs runs = {sets, TRIAL_SEEDS};
    bcue_interval interval = {0};
    bcue_error error = {{0}};
    CHECK_OK(bcue_metric_interval(&runs, TOP_1, &options, &interval, &error), error);
    return interval.low <= 0.6 && 0.6 <= interval.high;
}

static void test_coverage(void)
{
    enum { TRIALS = 600 };
    int covered = 0;
    for (uint32_t t = 0; t < TRIALS; t++)
        covered += trial_covers(t);
    double share = (double)covered / TRIALS;
    printf("coverage of the 95 %% interval: %.1f %% of %d trials\n", 100.0 * share, TRIALS);
    CHECK_AT(share > 0.92 && share < 0.98, "95 %% intervals covered the truth in %.1f %% of trials",
             100.0 * share);
}

/* One run, one street, episodes of equal size: the draws have the variance of the episode means / episodes.
 */
static void test_width_in_closed_form(void)
{
    int32_t ranked[ROWS], label[ROWS] = {0}, episode[ROWS];
    double variance = 0.0;
    for (int32_t n = 0; n < ROWS; n++) {
        episode[n] = n / 10;
        ranked[n] = n % 10 < episode[n] % 8 ? 0 : 1;
    }
    for (int e = 0; e < 24; e++)
        variance += pow(e % 8 / 10.0 - 0.35, 2.0) / 24.0;
    bcue_scored_set set = {
        .rows = ROWS, .beams = 2, .ranked_count = 1, .ranked = ranked, .label = label, .episode = episode};
    bcue_runs runs = {&set, 1};
    bcue_interval interval = {0};
    bcue_error error = {{0}};
    CHECK_OK(bcue_metric_interval(&runs, TOP_1, NULL, &interval, &error), error);
    CHECK_NEAR(interval.estimate, 0.35, 1e-15);
    CHECK_INT(interval.draws, 10000);
    CHECK_NEAR((interval.high - interval.low) / (2.0 * 1.959964 * sqrt(variance / 24.0)), 1.0, 0.04);
}

/* ---- The rule ---- */

static void test_identical_models(void)
{
    bcue_comparison c;
    bcue_error error = {{0}};
    make_model(&better, 0.6, 1, 1);
    make_model(&worse, 0.6, 1, 1);
    CHECK_OK(bcue_compare(&better.runs, &worse.runs, TOP_1, NULL, &c, &error), error);
    CHECK_OK(bcue_comparisons_decide(&c, 1, 0.0, &error), error);
    CHECK(c.difference.has_interval && c.difference.low == 0.0 && c.difference.high == 0.0 &&
          c.difference.estimate == 0.0);
    CHECK_NEAR(c.p_holm, 1.0, 0.0);
    CHECK_INT(c.verdict, BCUE_VERDICT_OPEN);
}

static void test_clear_winner(void)
{
    bcue_comparison c[3];
    bcue_error error = {{0}};
    const bcue_metric loss = {.kind = BCUE_METRIC_LOSS};
    make_model(&better, 0.9, 1, 1);
    make_model(&worse, 0.4, 2, 1);
    CHECK_OK(bcue_compare(&better.runs, &worse.runs, TOP_1, NULL, &c[0], &error), error);
    CHECK_OK(bcue_compare(&worse.runs, &better.runs, TOP_1, NULL, &c[1], &error), error);
    CHECK_OK(bcue_compare(&better.runs, &worse.runs, loss, NULL, &c[2], &error), error);
    CHECK_OK(bcue_comparisons_decide(c, 3, 0.05, &error), error);
    CHECK_INT(c[0].verdict, BCUE_VERDICT_A);
    CHECK_INT(c[1].verdict, BCUE_VERDICT_B);
    CHECK_INT(c[2].verdict, BCUE_VERDICT_A); /* less loss is better */
    CHECK(c[2].difference.high < 0.0);
    CHECK_NEAR(c[0].p_value, 2.0 / 10001.0, 1e-15);
    CHECK_NEAR(c[0].p_holm, 6.0 / 10001.0, 1e-15);
    CHECK_NEAR(c[0].difference.estimate, c[0].value_a - c[0].value_b, 1e-15);
    CHECK_STR(bcue_verdict_text(c[0].verdict), "A");
    CHECK_STR(c[0].difference.note, "");
}

/* An interval that excludes 0 is not enough when too many comparisons were listed. */
static void test_holm_withholds(void)
{
    bcue_comparison c[40] = {0};
    bcue_error error = {{0}};
    for (size_t i = 0; i < 40; i++) {
        c[i].metric = TOP_1;
        c[i].p_value = i == 0 ? 0.002 : 0.5;
        c[i].difference = (bcue_interval){.has_interval = true, .low = i == 0 ? 0.01 : -0.1, .high = 0.2};
    }
    CHECK_OK(bcue_comparisons_decide(c, 40, 0.05, &error), error);
    CHECK_NEAR(c[0].p_holm, 0.08, 1e-15);
    CHECK_INT(c[0].verdict, BCUE_VERDICT_OPEN);
    CHECK_OK(bcue_comparisons_decide(c, 20, 0.05, &error), error);
    CHECK_NEAR(c[0].p_holm, 0.04, 1e-15);
    CHECK_INT(c[0].verdict, BCUE_VERDICT_A);
    CHECK_STATUS(bcue_comparisons_decide(c, 20, NAN, &error), BCUE_ERROR_ARGUMENT);
}

/* By hand: 0.005 x 4, 0.01 x 3, 0.03 x 2, then max(0.06, 0.04 x 1). */
static void test_holm_by_hand(void)
{
    const double p[] = {0.01, 0.04, 0.03, 0.005}, expected[] = {0.03, 0.06, 0.06, 0.02}, large[] = {0.6, 0.7},
                 bad[] = {0.1, NAN};
    double adjusted[4];
    bcue_error error = {{0}};
    CHECK_OK(bcue_holm_adjust(p, 4, adjusted, &error), error);
    for (size_t i = 0; i < 4; i++)
        CHECK_NEAR(adjusted[i], expected[i], 1e-15);
    CHECK_OK(bcue_holm_adjust(large, 2, adjusted, &error), error);
    CHECK(adjusted[0] == 1.0 && adjusted[1] == 1.0);
    CHECK_OK(bcue_holm_adjust(NULL, 0, adjusted, &error), error);
    CHECK_STATUS(bcue_holm_adjust(bad, 2, adjusted, &error), BCUE_ERROR_ARGUMENT);
}

static void test_too_few_episodes(void)
{
    bcue_comparison c;
    bcue_error error = {{0}};
    make_model(&better, 0.9, 1, 1);
    make_model(&worse, 0.1, 2, 1);
    for (size_t n = 0; n < ROWS; n++)
        better.episode[n] = worse.episode[n] = (int32_t)(n % 9);
    CHECK_OK(bcue_compare(&better.runs, &worse.runs, TOP_1, NULL, &c, &error), error);
    CHECK_OK(bcue_comparisons_decide(&c, 1, 0.0, &error), error);
    CHECK(!c.difference.has_interval && c.difference.draws == 0);
    CHECK_CONTAINS(c.difference.note, "too few episodes (9");
    CHECK_NEAR(c.p_value, 1.0, 0.0);
    CHECK_INT(c.verdict, BCUE_VERDICT_TOO_FEW_EPISODES);
    CHECK(c.value_a > c.value_b);
}

/* An episode whose rows all lack powers does not help a power metric to its ten. */
static void test_episodes_without_powers(void)
{
    bcue_interval interval;
    bcue_error error = {{0}};
    make_model(&better, 0.9, 1, 1);
    for (size_t n = 0; n < ROWS; n++)
        if (better.episode[n] >= 9)
            better.power[n * BEAMS] = NAN;
    CHECK_OK(bcue_metric_interval(&better.runs, TOP_1, NULL, &interval, &error), error);
    CHECK(interval.has_interval && interval.episodes == 24);
    CHECK_OK(
        bcue_metric_interval(&better.runs, (bcue_metric){.kind = BCUE_METRIC_LOSS}, NULL, &interval, &error),
        error);
    CHECK(!interval.has_interval && interval.episodes == 9);
}

static void test_random_rows_are_marked(void)
{
    const bcue_bootstrap_options options = {.draws = 200, .random_row_split = true};
    bcue_interval interval;
    bcue_error error = {{0}};
    make_model(&better, 0.9, 1, 1);
    CHECK_OK(bcue_metric_interval(&better.runs, TOP_1, &options, &interval, &error), error);
    CHECK(interval.has_interval && interval.understates);
    CHECK_CONTAINS(interval.note, "understates");
}

/* A baseline without seeds against a model with three. */
static void test_unequal_seed_counts(void)
{
    bcue_comparison c;
    bcue_error error = {{0}};
    make_model(&better, 0.9, 1, 2);
    make_model(&worse, 0.3, 2, 2);
    worse.runs.count = 1;
    CHECK_OK(bcue_compare(&better.runs, &worse.runs, TOP_1, NULL, &c, &error), error);
    CHECK_OK(bcue_comparisons_decide(&c, 1, 0.0, &error), error);
    CHECK_INT(c.verdict, BCUE_VERDICT_A);
}

static void test_threads_do_not_matter(void)
{
    bcue_comparison one, four;
    bcue_error error = {{0}};
    const bcue_metric metric = {.kind = BCUE_METRIC_POWER_LOSS};
    make_model(&better, 0.6, 1, 3);
    make_model(&worse, 0.5, 2, 3);
    bcue_set_threads(1);
    CHECK_OK(bcue_compare(&better.runs, &worse.runs, metric, NULL, &one, &error), error);
    bcue_set_threads(4);
    CHECK_OK(bcue_compare(&better.runs, &worse.runs, metric, NULL, &four, &error), error);
    bcue_set_threads(0);
    CHECK(one.difference.low == four.difference.low && one.difference.high == four.difference.high &&
          one.p_value == four.p_value);
    CHECK(one.difference.low < one.difference.high);
}

static void expect_refused(const char *says)
{
    bcue_comparison c;
    bcue_error error = {{0}};
    CHECK_STATUS(bcue_compare(&better.runs, &worse.runs, TOP_1, NULL, &c, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, says);
}

static void test_other_samples_are_refused(void)
{
    const char *ids_a[ROWS], *ids_b[ROWS];
    for (size_t n = 0; n < ROWS; n++)
        ids_a[n] = ids_b[n] = "same";
    ids_b[5] = "other";
    make_model(&better, 0.6, 1, 1);
    make_model(&worse, 0.5, 2, 1);
    better.sets[0].sample_id = ids_a;
    worse.sets[1].sample_id = ids_b;
    expect_refused("model B, run 2: row 5, sample same: sample ids differ");
    worse.sets[1].sample_id = NULL;
    worse.episode[7]++;
    expect_refused("row 7");
    make_model(&worse, 0.5, 2, 1);
    worse.power[40] *= 1.01;
    expect_refused("powers");
    make_model(&worse, 0.5, 2, 1);
    worse.sets[0].rows--;
    expect_refused("239 of");
}

static void test_bad_options(void)
{
    bcue_interval interval;
    bcue_error error = {{0}};
    const bcue_bootstrap_options few = {.draws = 5}, sure = {.confidence = 1.0}, wrong = {.confidence = NAN};
    make_model(&better, 0.6, 1, 1);
    CHECK_STATUS(bcue_metric_interval(&better.runs, TOP_1, &few, &interval, &error), BCUE_ERROR_ARGUMENT);
    CHECK_STATUS(bcue_metric_interval(&better.runs, TOP_1, &sure, &interval, &error), BCUE_ERROR_ARGUMENT);
    CHECK_STATUS(bcue_metric_interval(&better.runs, TOP_1, &wrong, &interval, &error), BCUE_ERROR_ARGUMENT);
    better.sets[0].episode = better.sets[1].episode = better.sets[2].episode = NULL;
    CHECK_STATUS(bcue_metric_interval(&better.runs, TOP_1, NULL, &interval, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "episode");
    better.runs.count = 0;
    CHECK_STATUS(bcue_metric_interval(&better.runs, TOP_1, NULL, &interval, &error), BCUE_ERROR_ARGUMENT);
}

int main(void)
{
    RUN(test_oracle);
    RUN(test_coverage);
    RUN(test_width_in_closed_form);
    RUN(test_identical_models);
    RUN(test_clear_winner);
    RUN(test_holm_withholds);
    RUN(test_holm_by_hand);
    RUN(test_too_few_episodes);
    RUN(test_episodes_without_powers);
    RUN(test_random_rows_are_marked);
    RUN(test_unequal_seed_counts);
    RUN(test_threads_do_not_matter);
    RUN(test_other_samples_are_refused);
    RUN(test_bad_options);
    return check_summary();
}

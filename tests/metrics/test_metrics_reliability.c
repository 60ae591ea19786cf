/* Temperature, calibration error and conformal sets: by hand on small sets, and the promise of coverage on
   drawn episodes whose samples are alike. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"
#include "check.h"
#include "metrics/reliability.h"

enum { BEAMS = 8, MOST = 4096 };

/* A set under construction. */
static int32_t ranked[MOST * BEAMS], label[MOST], episode[MOST];
static double probability[MOST * BEAMS], power[MOST * BEAMS];
static bcue_scored_set set;
static bcue_answers answers;

static void start(size_t rows)
{
    set = (bcue_scored_set){.rows = rows,
                            .beams = BEAMS,
                            .ranked_count = BEAMS,
                            .ranked = ranked,
                            .label = label,
                            .episode = episode};
    answers = (bcue_answers){&set, probability};
}

/* Row i: beams in their order, so that the label is its own place; the first has p, the others share the
   rest, falling by halves. */
static void put_row(size_t i, int32_t of_episode, double p, int32_t place)
{
    double rest = 1.0 - p, sum = 0.0;
    for (int k = 1; k < BEAMS; k++)
        sum += pow(0.5, k);
    for (int32_t k = 0; k < BEAMS; k++) {
        ranked[i * BEAMS + (size_t)k] = k;
        probability[i * BEAMS + (size_t)k] = k == 0 ? p : rest * pow(0.5, k) / sum;
    }
    label[i] = place;
    episode[i] = of_episode;
}

static void softening_flattens_and_sharpens(void)
{
    const double p[4] = {0.64, 0.16, 0.16, 0.04};
    double out[4];
    bcue_soften(p, 4, 2.0, out); /* roots: 0.8, 0.4, 0.4, 0.2 */
    CHECK_NEAR(out[0], 0.8 / 1.8, 1e-15);
    CHECK_NEAR(out[3], 0.2 / 1.8, 1e-15);
    bcue_soften(p, 4, 1.0, out);
    CHECK_NEAR(out[1], 0.16, 1e-15);
    const double none[2] = {0.0, 0.0};
    bcue_soften(none, 2, 2.0, out);
    CHECK(out[0] == 0.5 && out[1] == 0.5);
}

/* Answers that are right as often as their true probabilities say, made sharper by a known power. */
static void the_temperature_of_sharpened_answers_is_found(void)
{
    bcue_error error = {""};
    bcue_rng rng = bcue_rng_make(5, BCUE_RNG_TEST, 0, 0, 0);
    start(MOST);
    for (size_t i = 0; i < MOST; i++) {
        put_row(i, (int32_t)(i / 16), bcue_rng_range(&rng, 0.2, 0.9), 0);
        double *p = probability + i * BEAMS, at = bcue_rng_uniform(&rng);
        int32_t drawn = 0;
        while (drawn < BEAMS - 1 && at >= p[drawn])
            at -= p[drawn++];
        label[i] = drawn;
        bcue_soften(p, BEAMS, 1.0 / 3.0, p); /* too sure of themselves */
    }
    double temperature = 0.0;
    CHECK_OK(bcue_answers_check(&answers, &error), error);
    CHECK_OK(bcue_temperature_fit(&answers, &temperature, &error), error);
    CHECK_AT(temperature > 2.7 && temperature < 3.3, "temperature %g", temperature);
    const double before = bcue_calibration_error(&answers, 1.0),
                 after = bcue_calibration_error(&answers, temperature);
    CHECK_AT(before > 0.15 && after < 0.04, "error %g, then %g", before, after);
}

/* Two bins: 0.55 right in one of two, 0.95 right in three of four. */
static void the_calibration_error_is_as_by_hand(void)
{
    start(6);
    for (size_t i = 0; i < 2; i++)
        put_row(i, 0, 0.55, i == 0 ? 0 : 1);
    for (size_t i = 2; i < 6; i++)
        put_row(i, 0, 0.95, i == 2 ? 1 : 0);
    CHECK_NEAR(bcue_calibration_error(&answers, 1.0), (fabs(1.1 - 1.0) + fabs(3.8 - 3.0)) / 6.0, 1e-12);
}

/* Nine episodes of one sample each: 0.9 of ten times a tenth is the ninth score, the largest. */
static void thresholds_are_as_by_hand(void)
{
    bcue_error error = {""};
    double threshold = 0.0;
    size_t episodes = 0, rows = 0;
    start(9);
    for (size_t i = 0; i < 9; i++)
        put_row(i, (int32_t)i, 0.5, i < 8 ? 0 : 1);
    CHECK_OK(bcue_conformal_threshold(&answers, 1.0, 0.9, 0.0, &threshold, &episodes, &rows, &error), error);
    CHECK_NEAR(threshold, 0.5 + 0.5 * 0.5 / (1.0 - pow(0.5, 7)), 1e-9);
    CHECK_INT(episodes, 9);
    CHECK_INT(rows, 9);
    CHECK_INT(bcue_conformal_size(probability, BEAMS, threshold), 2);
    /* With 0.8, eight episodes are enough, whose first beam is right. */
    CHECK_OK(bcue_conformal_threshold(&answers, 1.0, 0.8, 0.0, &threshold, NULL, NULL, &error), error);
    CHECK_INT(bcue_conformal_size(probability, BEAMS, threshold), 1);
    /* Nine episodes cannot promise 0.95: all beams. */
    CHECK_OK(bcue_conformal_threshold(&answers, 1.0, 0.95, 0.0, &threshold, NULL, NULL, &error), error);
    CHECK(threshold > 1.0);
    CHECK_INT(bcue_conformal_size(probability, BEAMS, threshold), BEAMS);
    /* A long episode weighs as much as a short one: a hundred rows more of the last do not change the rank.
     */
    start(109);
    for (size_t i = 9; i < 109; i++)
        put_row(i, 8, 0.5, 3);
    CHECK_OK(bcue_conformal_threshold(&answers, 1.0, 0.8, 0.0, &threshold, &episodes, NULL, &error), error);
    CHECK_INT(episodes, 9);
    CHECK_INT(bcue_conformal_size(probability, BEAMS, threshold), 1);
}

static void a_beam_within_the_margin_is_enough(void)
{
    bcue_error error = {""};
    double threshold = 0.0;
    start(19);
    for (size_t i = 0; i < 19; i++) {
        put_row(i, (int32_t)i, 0.5, 2);
        for (int b = 0; b < BEAMS; b++)
            power[i * BEAMS + (size_t)b] = b == 2 ? 1.0 : b == 0 ? 0.85 : 0.1; /* 0.7 dB below */
    }
    set.power = power;
    CHECK_OK(bcue_conformal_threshold(&answers, 1.0, 0.9, 0.0, &threshold, NULL, NULL, &error), error);
    CHECK_INT(bcue_conformal_size(probability, BEAMS, threshold), 3);
    CHECK_OK(bcue_conformal_threshold(&answers, 1.0, 0.9, 1.0, &threshold, NULL, NULL, &error), error);
    CHECK_INT(bcue_conformal_size(probability, BEAMS, threshold), 1);
    set.power = NULL;
    CHECK_STATUS(bcue_conformal_threshold(&answers, 1.0, 0.9, 1.0, &threshold, NULL, NULL, &error),
                 BCUE_ERROR_DATA);
}

static void what_a_threshold_does_is_measured_by_episodes(void)
{
    bcue_error error = {""};
    bcue_coverage c;
    start(40);
    /* Twenty episodes of two rows; one whole and half of another are missed with one beam. */
    for (size_t i = 0; i < 40; i++)
        put_row(i, (int32_t)(i / 2), 0.6, i < 3 ? 5 : 0);
    CHECK_OK(bcue_coverage_measure(&answers, 1.0, 0.1, 0.0, 1, &c, &error), error);
    CHECK_NEAR(c.mean, 18.5 / 20.0, 1e-12);
    CHECK_NEAR(c.worst_tenth, 0.25, 1e-12);
    CHECK_NEAR(c.size, 1.0, 1e-12);
    CHECK_INT(c.episodes, 20);
    CHECK(c.low < c.mean && c.mean < c.high && c.low > 0.7 && c.high <= 1.0);
    CHECK_OK(bcue_coverage_measure(&answers, 1.0, INFINITY, 0.0, 1, &c, &error), error);
    CHECK_NEAR(c.mean, 1.0, 1e-12);
    CHECK_NEAR(c.size, BEAMS, 1e-12);
    CHECK_NEAR(c.low, 1.0, 1e-12);
}

/* Episodes of their own difficulty, samples of an episode alike: over many draws of calibration and test
   episodes the covered share is at least nominal, and not far above. */
static void exchangeable_episodes_are_covered(void)
{
    bcue_error error = {""};
    bcue_rng rng = bcue_rng_make(6, BCUE_RNG_TEST, 0, 0, 0);
    enum { DRAWS = 60, EPISODES = 40, EACH = 6, ROWS = EPISODES * EACH };
    double sum = 0.0;
    for (int draw = 0; draw < DRAWS; draw++) {
        double threshold = 0.0;
        for (int part = 0; part < 2; part++) {
            bcue_coverage c;
            start(ROWS);
            for (size_t i = 0; i < ROWS; i++) {
                static double hard;
                if (i % EACH == 0)
                    hard = bcue_rng_range(&rng, 0.0, 0.7);
                int32_t place = 0;
                while (place < BEAMS - 1 && bcue_rng_uniform(&rng) < hard)
                    place++;
                put_row(i, (int32_t)(i / EACH), bcue_rng_range(&rng, 0.3, 0.6), place);
            }
            if (part == 0) {
                CHECK_OK(bcue_conformal_threshold(&answers, 1.0, 0.9, 0.0, &threshold, NULL, NULL, &error),
                         error);
                continue;
            }
            CHECK_OK(bcue_coverage_measure(&answers, 1.0, threshold, 0.0, 1, &c, &error), error);
            sum += c.mean / DRAWS;
        }
    }
    CHECK_AT(sum > 0.89 && sum < 0.96, "covered %g", sum);
}

static void bad_answers_are_refused(void)
{
    bcue_error error = {""};
    start(2);
    put_row(0, 0, 0.5, 0);
    put_row(1, 0, 0.5, 0);
    CHECK_OK(bcue_answers_check(&answers, &error), error);
    probability[3] = NAN;
    CHECK_STATUS(bcue_answers_check(&answers, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "row 0");
    put_row(0, 0, 0.5, -1);
    label[0] = label[1] = -1;
    CHECK_STATUS(bcue_answers_check(&answers, &error), BCUE_ERROR_DATA);
    label[0] = label[1] = 0;
    set.episode = NULL;
    CHECK_STATUS(bcue_answers_check(&answers, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "episodes");
}

int main(void)
{
    RUN(softening_flattens_and_sharpens);
    RUN(the_temperature_of_sharpened_answers_is_found);
    RUN(the_calibration_error_is_as_by_hand);
    RUN(thresholds_are_as_by_hand);
    RUN(a_beam_within_the_margin_is_enough);
    RUN(what_a_threshold_does_is_measured_by_episodes);
    RUN(exchangeable_episodes_are_covered);
    RUN(bad_answers_are_refused);
    return check_summary();
}

/* Table models by hand-made cases: what they learn, ties, missing positions, what they refuse. */
#include <stdlib.h>
#include "check.h"
#include "models/model_graph.h"

enum { BEAMS = 6 };

static bcue_weights fit(const bcue_model_config *config, const bcue_table_samples *samples)
{
    bcue_error error = {""};
    bcue_weights weights = {0};
    CHECK_OK(bcue_table_fit(config, BEAMS, samples, &weights, &error), error);
    return weights;
}

static void score(const bcue_model_config *config, const bcue_weights *weights, float x, float y,
                  uint32_t sample, float scores[BEAMS])
{
    bcue_error error = {""};
    const float position[2] = {x, y};
    CHECK_OK(bcue_table_score(config, BEAMS, weights, position, 7, sample, scores, &error), error);
}

static int best_of(const float scores[BEAMS])
{
    int best = 0;
    for (int b = 1; b < BEAMS; b++)
        best = scores[b] > scores[best] ? b : best;
    return best;
}

static void majority_counts_labels(void)
{
    const int32_t label[] = {2, 2, 5, 0, 5, 2};
    const bcue_table_samples samples = {6, NULL, label, NULL, NULL, 0};
    const bcue_model_config config = {.kind = BCUE_MODEL_MAJORITY};
    bcue_weights weights = fit(&config, &samples);
    float scores[BEAMS];
    score(&config, &weights, NAN, NAN, 0, scores);
    const float expected[BEAMS] = {1, 0, 3, 0, 0, 2};
    for (int b = 0; b < BEAMS; b++)
        CHECK_NEAR(scores[b], expected[b], 0);
    bcue_weights_free(&weights);
}

static void constant_is_best_on_average_in_db(void)
{
    /* In linear powers beam 1 has the larger mean, in dB beam 4. */
    const double a[BEAMS] = {1, 1000, 1, 1, 100, 1}, b[BEAMS] = {1, 1, 1, 1, 100, 1},
                 bad[BEAMS] = {1, 1, NAN, 1, 1, 1}, zero[BEAMS] = {1e9, 1, 1, 0, 1, 1};
    const double *const power[] = {a, b, NULL, bad, zero};
    const int32_t label[] = {1, 4, 0, 0, 0};
    const bcue_table_samples samples = {5, NULL, label, power, NULL, 0};
    const bcue_model_config config = {.kind = BCUE_MODEL_CONSTANT};
    bcue_weights weights = fit(&config, &samples);
    float scores[BEAMS];
    score(&config, &weights, 0, 0, 0, scores);
    CHECK_NEAR(scores[1], 15, 1e-6);
    CHECK_NEAR(scores[4], 20, 1e-6);
    CHECK_NEAR(scores[0], 0, 1e-6);
    bcue_weights_free(&weights);

    bcue_error error = {""};
    const bcue_table_samples without = {5, NULL, label, NULL, NULL, 0},
                             useless = {2, NULL, label, power + 2, NULL, 0};
    CHECK_STATUS(bcue_table_fit(&config, BEAMS, &without, &weights, &error), BCUE_ERROR_DATA);
    CHECK_STATUS(bcue_table_fit(&config, BEAMS, &useless, &weights, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "majority");
    CHECK(weights.tensors == NULL);
}

static void random_depends_on_seed_and_sample_alone(void)
{
    const int32_t label[] = {0};
    const bcue_table_samples samples = {1, NULL, label, NULL, NULL, 0};
    const bcue_model_config config = {.kind = BCUE_MODEL_RANDOM};
    bcue_weights weights = fit(&config, &samples);
    CHECK_INT(weights.count, 0);
    float first[BEAMS], again[BEAMS], other[BEAMS];
    int hits[BEAMS] = {0};
    bcue_error error = {""};
    for (uint32_t sample = 0; sample < 6000; sample++) {
        score(&config, &weights, 0, 0, sample, first);
        hits[best_of(first)]++;
    }
    for (int b = 0; b < BEAMS; b++)
        CHECK_AT(hits[b] > 870 && hits[b] < 1130, "beam %d is first %d of 6000 times", b, hits[b]);
    score(&config, &weights, 0, 0, 5, first);
    score(&config, &weights, 0.5F, NAN, 5, again);
    CHECK(memcmp(first, again, sizeof first) == 0);
    CHECK_OK(bcue_table_score(&config, BEAMS, &weights, NULL, 8, 5, other, &error), error);
    CHECK(memcmp(first, other, sizeof first) != 0);
    bcue_weights_free(&weights);
}

/* Two by two cells; cell (0, 0) has beams 1, 1, 3; cell (1, 1) a tie of 2 and 4; the others are empty. */
static bcue_weights small_lut(const bcue_model_config *config)
{
    static const float position[] = {0.1F, 0.1F, 0.4F, 0.2F, 0.0F, 0.49F, 0.9F,
                                     0.9F, 1.0F, 1.0F, NAN,  0.1F, 0.1F,  NAN};
    static const int32_t label[] = {1, 1, 3, 2, 4, 5, 5};
    const bcue_table_samples samples = {7, position, label, NULL, NULL, 0};
    return fit(config, &samples);
}

static void lut_votes_by_cell(void)
{
    const bcue_model_config config = {.kind = BCUE_MODEL_POSITION_LUT, .lut_bins = 2};
    bcue_weights weights = small_lut(&config);
    float scores[BEAMS];
    score(&config, &weights, 0.3F, 0.3F, 0, scores);
    CHECK_INT(best_of(scores), 1);
    for (int b = 0; b < BEAMS; b++)
        CHECK(b == 1 || scores[b] < scores[1]);
    for (int b = 0; b < BEAMS; b++)
        CHECK(b == 1 || b == 3 || scores[b] < scores[3]);
    /* Outside the grid: the nearest cell. */
    score(&config, &weights, -5, -0.1F, 0, scores);
    CHECK_INT(best_of(scores), 1);
    /* A tie goes to one of the two, not always to the same. */
    int firsts[BEAMS] = {0}, empty[BEAMS] = {0}, lost[BEAMS] = {0};
    for (uint32_t sample = 0; sample < 600; sample++) {
        score(&config, &weights, 5, 0.8F, sample, scores);
        firsts[best_of(scores)]++;
        score(&config, &weights, 0.9F, 0.1F, sample, scores);
        empty[best_of(scores)]++;
        score(&config, &weights, NAN, 0.1F, sample, scores);
        lost[best_of(scores)]++;
    }
    CHECK_INT(firsts[2] + firsts[4], 600);
    CHECK(firsts[2] > 200 && firsts[4] > 200);
    for (int b = 0; b < BEAMS; b++) {
        CHECK(empty[b] > 50);
        CHECK(lost[b] > 50);
    }
    bcue_weights_free(&weights);
}

static void knn_votes_and_breaks_ties_by_nearness(void)
{
    const float position[] = {0, 0, 0.1F, 0, 0.2F, 0, 0.3F, 0, 1, 1, NAN, 0};
    const int32_t label[] = {3, 1, 1, 3, 5, 0};
    const bcue_table_samples samples = {6, position, label, NULL, NULL, 0};
    bcue_model_config config = {.kind = BCUE_MODEL_POSITION_KNN, .neighbours = 3};
    bcue_weights weights = fit(&config, &samples);
    CHECK_INT(weights.tensors[0].shape.dim[0], 5);
    float scores[BEAMS];
    score(&config, &weights, -0.01F, 0, 0, scores); /* voters 3, 1, 1 */
    CHECK_INT(best_of(scores), 1);
    CHECK(scores[1] > scores[3] && scores[3] > scores[5] && scores[5] > scores[0]);
    config.neighbours = 4; /* two votes each: the nearer voter decides */
    score(&config, &weights, -0.01F, 0, 0, scores);
    CHECK_INT(best_of(scores), 3);
    score(&config, &weights, 0.14F, 0, 0, scores);
    CHECK_INT(best_of(scores), 1);
    config.neighbours = 1000; /* more than there are */
    score(&config, &weights, 0.9F, 0.9F, 0, scores);
    CHECK_INT(best_of(scores), 3); /* 3 and 1 have two votes, 5 one; of the former 3 lies nearer */
    int lost[BEAMS] = {0};
    for (uint32_t sample = 0; sample < 600; sample++) {
        score(&config, &weights, NAN, NAN, sample, scores);
        lost[best_of(scores)]++;
    }
    for (int b = 0; b < BEAMS; b++)
        CHECK(lost[b] > 50);
    bcue_weights_free(&weights);
}

static void refuses(void)
{
    bcue_error error = {""};
    bcue_weights weights = {0};
    const float nowhere[] = {NAN, NAN}, here[] = {0, 0};
    const int32_t label[] = {0}, high[] = {BEAMS}, none[] = {-1};
    bcue_model_config config = {.kind = BCUE_MODEL_POSITION_LUT, .lut_bins = 2};
    bcue_table_samples samples = {1, NULL, label, NULL, NULL, 0};
    CHECK_STATUS(bcue_table_fit(&config, BEAMS, &samples, &weights, &error), BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(error.text, "features.position.enabled: true");
    samples.position = nowhere;
    CHECK_STATUS(bcue_table_fit(&config, BEAMS, &samples, &weights, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "no training sample has a position");
    samples = (bcue_table_samples){1, here, high, NULL, NULL, 0};
    CHECK_STATUS(bcue_table_fit(&config, BEAMS, &samples, &weights, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "beam 6, outside 0 .. 5");
    samples.label = none;
    CHECK_STATUS(bcue_table_fit(&config, BEAMS, &samples, &weights, &error), BCUE_ERROR_DATA);
    config.kind = BCUE_MODEL_POSITION_MLP;
    CHECK_STATUS(bcue_table_fit(&config, BEAMS, &samples, &weights, &error), BCUE_ERROR_ARGUMENT);

    bcue_graph *graph;
    const bcue_model_inputs inputs = {.frames = 1, .beams = BEAMS};
    CHECK_STATUS(bcue_model_build(&config, &inputs, 4, &graph, &error), BCUE_ERROR_CONFIG);
    config.kind = BCUE_MODEL_RESNET18;
    CHECK_STATUS(bcue_model_build(&config, &inputs, 4, &graph, &error), BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(error.text, "features.camera.enabled: true");
    config.kind = BCUE_MODEL_RANDOM;
    CHECK_STATUS(bcue_model_build(&config, &inputs, 4, &graph, &error), BCUE_ERROR_ARGUMENT);
    CHECK(graph == NULL);
}

/* Rows of radar points: velocity, azimuth, altitude, depth, mask. */
static void radar_directions(void)
{
    enum { ROWS = 7 };
    float frame[ROWS][5] = {{0.2F, -0.5F, 0, 1, 1}, {0.001F, -0.49F, 0, 1, 1}, {-0.1F, 0.30F, 0, 1, 1},
                            {0.1F, 0.33F, 0, 1, 1}, {0.1F, 0.36F, 0, 1, 1},    {0.3F, 0.5F, 0, 1, 1},
                            {0.3F, 0.36F, 0, 1, 0}};
    CHECK_NEAR(bcue_radar_direction(&frame[0][0], ROWS), 0.33, 1e-6); /* three, but one, and one */
    CHECK_NEAR(bcue_radar_direction(&frame[0][0], 2), -0.5, 1e-6);    /* the second stands still */
    CHECK(isnan(bcue_radar_direction(&frame[1][0], 1)));
    CHECK(isnan(bcue_radar_direction(&frame[6][0], 1)));
}

static void radar_tables(void)
{
    static const double first[BEAMS] = {[0] = 4, [1] = 3, [2] = 2},
                        other[BEAMS] = {[0] = 2, [1] = 9, [2] = 8};
    double strong[2][BEAMS];
    for (int b = 0; b < BEAMS; b++) {
        strong[0][b] = first[b] + 0.01 * (BEAMS - b);
        strong[1][b] = other[b] + 0.01 * (BEAMS - b);
    }
    const double *power[] = {strong[0], strong[1], strong[0]};
    const int32_t label[] = {0, 1, 0};
    const float windows[] = {0, 0, 0, 5, 5, 5, 1, 0, 0}, directions[] = {-0.5F, 0.5F, -0.5F};
    float scores[BEAMS];
    bcue_weights weights;
    bcue_error error;
    bcue_model_config config = {.kind = BCUE_MODEL_RADAR_KNN, .neighbours = 2};
    bcue_table_samples samples = {3, NULL, label, power, windows, 3};
    CHECK_OK(bcue_table_fit(&config, BEAMS, &samples, &weights, &error), error);
    const float here[] = {0.4F, 0, 0}, there[] = {5, 5, 4};
    CHECK_OK(bcue_table_score(&config, BEAMS, &weights, here, 1, 1, scores, &error), error);
    CHECK(scores[0] > 2 && scores[0] > scores[1]); /* both neighbours */
    config.neighbours = 1;
    CHECK_OK(bcue_table_score(&config, BEAMS, &weights, there, 1, 1, scores, &error), error);
    CHECK(scores[1] > scores[0] && scores[1] > 1);
    bcue_weights_free(&weights);
    config = (bcue_model_config){.kind = BCUE_MODEL_RADAR_RULE, .lut_bins = 4};
    samples = (bcue_table_samples){3, NULL, label, power, directions, 1};
    CHECK_OK(bcue_table_fit(&config, BEAMS, &samples, &weights, &error), error);
    const float left = -0.45F, empty = -0.9F, nothing = NAN;
    CHECK_OK(bcue_table_score(&config, BEAMS, &weights, &left, 1, 1, scores, &error), error);
    CHECK(scores[0] > 2 && scores[1] < 1);
    /* Mean dB: beam 1 before beam 0 (3 x 3 x 9 > 4 x 4 x 2) before beam 2. */
    CHECK_OK(bcue_table_score(&config, BEAMS, &weights, &empty, 1, 1, scores, &error), error);
    CHECK(scores[1] > scores[0] && scores[0] > scores[2]);
    CHECK_OK(bcue_table_score(&config, BEAMS, &weights, &nothing, 1, 1, scores, &error), error);
    CHECK(scores[1] > scores[0] && scores[0] > scores[2]);
    bcue_weights_free(&weights);
    /* Percentile ranks: beam 0 is first twice and third once, beam 1 second twice and first once: equal with
       weights 2 : 1 in ranks, 1 + 1 + 1 - 2 steps against 1 + 1 + 1 - 2. */
    config = (bcue_model_config){.kind = BCUE_MODEL_CONSTANT, .constant_by = 1};
    CHECK_OK(bcue_table_fit(&config, BEAMS, &samples, &weights, &error), error);
    const float *score = weights.tensors[0].data;
    CHECK_NEAR(score[0], 1 - 2.0 / 3 / BEAMS, 1e-6);
    CHECK_NEAR(score[1], 1 - 2.0 / 3 / BEAMS, 1e-6);
    CHECK_NEAR(score[2], 1 - 5.0 / 3 / BEAMS, 1e-6);
    bcue_weights_free(&weights);
    config = (bcue_model_config){.kind = BCUE_MODEL_ORACLE_HOLD};
    CHECK_OK(bcue_table_fit(&config, BEAMS, &samples, &weights, &error), error);
    CHECK_STATUS(bcue_table_score(&config, BEAMS, &weights, NULL, 1, 1, scores, &error),
                 BCUE_ERROR_UNSUPPORTED);
    CHECK_CONTAINS(error.text, "oracle-hold is told the powers");
    bcue_weights_free(&weights);
}

int main(void)
{
    RUN(majority_counts_labels);
    RUN(constant_is_best_on_average_in_db);
    RUN(random_depends_on_seed_and_sample_alone);
    RUN(lut_votes_by_cell);
    RUN(knn_votes_and_breaks_ties_by_nearness);
    RUN(refuses);
    RUN(radar_directions);
    RUN(radar_tables);
    return check_summary();
}

/* Predictions as files: ours there and back, foreign ones in every form, everything that is refused. */
#include <unistd.h>
#include "check.h"
#include "learn/evaluate.h"
#include "metrics/rank.h"
#include "toy_data.h"

#define FOLDER BCUE_BINARY_DIR "/test_learn_predictions"
#define FILE_PATH FOLDER "/predictions.csv"

static const toy_shape street = {.episodes = 6, .rows = 5, .beams = 8, .missing_every = 4};
static const char yaml[] = "name: toy\n"
                           "out: " FOLDER "/out\n"
                           "data:\n"
                           "  sources: [{format: npy, root: " FOLDER ", prefix: toy, name: scenario31}]\n"
                           "  beams: 8\n"
                           "features: {position: {enabled: true}}\n"
                           "model: {kind: position-mlp}\n";

static toy_run run;

static bcue_predictions make(size_t rows, int32_t ranked)
{
    bcue_error error = {""};
    bcue_predictions p;
    size_t samples[64];
    for (size_t i = 0; i < rows; i++)
        samples[i] = rows - 1 - i; /* any order */
    CHECK_OK(bcue_predictions_create(run.dataset, samples, rows, ranked, &p, &error), error);
    return p;
}

static void check_same(const bcue_predictions *a, const bcue_predictions *b)
{
    CHECK_INT(a->rows, b->rows);
    CHECK_INT(a->beams, b->beams);
    CHECK_INT(a->ranked_count, b->ranked_count);
    const size_t width = (size_t)a->ranked_count, beams = (size_t)a->beams;
    CHECK(memcmp(a->ranked, b->ranked, a->rows * width * sizeof *a->ranked) == 0);
    CHECK(memcmp(a->label, b->label, a->rows * sizeof *a->label) == 0);
    CHECK(memcmp(a->episode, b->episode, a->rows * sizeof *a->episode) == 0);
    CHECK(memcmp(a->street, b->street, a->rows * sizeof *a->street) == 0);
    CHECK(memcmp(a->missing, b->missing, a->rows) == 0);
    for (size_t i = 0; i < a->rows; i++)
        CHECK_STR(a->ids[i], b->ids[i]);
    for (size_t i = 0; i < a->rows * width; i++)
        CHECK(isnan(a->probability[i]) ? isnan(b->probability[i]) : a->probability[i] == b->probability[i]);
    for (size_t i = 0; i < a->rows * beams; i++)
        CHECK(isnan(a->power[i]) ? isnan(b->power[i]) : a->power[i] == b->power[i]);
}

static void comes_back_bit_for_bit(void)
{
    bcue_error error = {""};
    for (int32_t ranked = 1; ranked <= 8; ranked += 7) {
        bcue_predictions p = make(30, ranked), read, again;
        for (size_t i = 0; i < 30; i++) {
            bcue_rng rng = bcue_rng_make(1, BCUE_RNG_TEST, 0, 0, (uint32_t)i);
            float scores[8];
            for (int b = 0; b < 8; b++)
                scores[b] = (float)(20 * bcue_rng_normal(&rng));
            bcue_predictions_rank(&p, i, scores);
        }
        p.power[3] = NAN;
        p.power[9] = 1.0 / 3;
        p.power[10] = INFINITY;
        p.label[2] = -1;
        CHECK_INT(p.street[0], 31);
        CHECK_OK(bcue_predictions_write(FILE_PATH, &p, &error), error);
        CHECK_OK(bcue_predictions_read(FILE_PATH, &read, &error), error);
        check_same(&p, &read);
        CHECK_OK(bcue_predictions_write(FILE_PATH, &read, &error), error);
        CHECK_OK(bcue_predictions_read(FILE_PATH, &again, &error), error);
        check_same(&p, &again);
        bcue_predictions_free(&p);
        bcue_predictions_free(&read);
        bcue_predictions_free(&again);
    }
}

static void probabilities_are_a_softmax(void)
{
    bcue_predictions p = make(2, 8);
    const float scores[8] = {0, 1, 2, 3, 2, 1, 0, -1};
    double softmax[8], sum = 0;
    bcue_predictions_rank(&p, 1, scores);
    bcue_softmax(scores, 8, softmax);
    static const int32_t expected[8] = {3, 2, 4, 1, 5, 0, 6, 7};
    for (size_t k = 0; k < 8; k++) {
        CHECK_INT(p.ranked[8 + k], expected[k]);
        CHECK_NEAR(p.probability[8 + k], softmax[expected[k]], 1e-7);
        sum += p.probability[8 + k];
    }
    CHECK_NEAR(sum, 1, 1e-6);
    bcue_predictions_free(&p);
}

static void missing_bits_and_selection(void)
{
    bcue_error error = {""};
    bcue_predictions p = make(30, 8), kept;
    bool keep[30];
    size_t count = 0;
    for (size_t i = 0; i < 30; i++) {
        const size_t row = 29 - i;
        CHECK_INT(p.missing[i] >> BCUE_GPS & 1, toy_missing(&street, row));
        CHECK_INT(p.missing[i] >> BCUE_CAMERA & 1, 1);
        CHECK_INT(p.label[i], toy_beam(&street, row));
        CHECK_INT(p.episode[i], row / street.rows);
        keep[i] = !toy_missing(&street, row);
        count += keep[i];
    }
    CHECK_OK(bcue_predictions_select(&p, keep, &kept, &error), error);
    CHECK_INT(kept.rows, count);
    for (size_t i = 0, to = 0; i < 30; i++)
        if (keep[i])
            CHECK_STR(kept.ids[to++], p.ids[i]);
    bcue_predictions_free(&kept);
    memset(keep, 0, sizeof keep);
    CHECK_OK(bcue_predictions_select(&p, keep, &kept, &error), error);
    CHECK_INT(kept.rows, 0);
    bcue_predictions_free(&kept);
    bcue_predictions_free(&p);
}

#define HEADER "id,street,episode,label,missing,ranked,probability,power\n"

static void reads(const char *text)
{
    bcue_error error = {""};
    bcue_predictions p;
    CHECK_OK(bcue_predictions_decode(text, strlen(text), "p.csv", &p, &error), error);
    bcue_predictions_free(&p);
}

static void refuses(const char *text, const char *part)
{
    bcue_error error = {""};
    bcue_predictions p;
    CHECK_STATUS(bcue_predictions_decode(text, strlen(text), "p.csv", &p, &error), BCUE_ERROR_FORMAT);
    CHECK_CONTAINS(error.text, part);
    CHECK_AT(strncmp(error.text, "p.csv", 5) == 0, "no file in: %s", error.text);
    CHECK(p.ids == NULL);
}

static void damaged_predictions_are_refused(void)
{
    reads(HEADER "a,1,0,1,0,1 0,0.6 0.4,1 2\n");
    reads(HEADER
          "a,1,0,-1,255,1 0,,nan nan\nb,1,0,1,0,0,1,1 2\n"); /* no probabilities; lists of other lengths */
    refuses("", "p.csv");
    refuses("id,ranked\na,1\n", "no column 'street'");
    refuses("id,ranked\na,1\n", "--predictions FILE");
    refuses(HEADER, "no predictions in it");
    refuses(HEADER "a,1,0,2,0,1 0,0.6 0.4,1 2\n", "p.csv:2: street, episode, label or missing");
    refuses(HEADER "a,1,0,-2,0,1 0,0.6 0.4,1 2\n", "label");
    refuses(HEADER "a,1,x,1,0,1 0,0.6 0.4,1 2\n", "episode");
    refuses(HEADER "a,1,0,1,256,1 0,0.6 0.4,1 2\n", "missing");
    refuses(HEADER "a,-1,0,1,0,1 0,0.6 0.4,1 2\n", "street");
    refuses(HEADER "a,99999999999,0,1,0,1 0,0.6 0.4,1 2\n", "street");
    refuses(HEADER "a,1,0,1,0,1 1,0.6 0.4,1 2\n", "not different beam numbers");
    refuses(HEADER "a,1,0,1,0,2 1,0.6 0.4,1 2\n", "not different beam numbers");
    refuses(HEADER "a,1,0,1,0,0.5 1,0.6 0.4,1 2\n", "not different beam numbers");
    refuses(HEADER "a,1,0,1,0,nan 1,0.6 0.4,1 2\n", "not different beam numbers");
    refuses(HEADER "a,1,0,1,0,x,0.6 0.4,1 2\n", "ranked");
    refuses(HEADER "a,1,0,1,0,,0.6 0.4,1 2\n", "ranked");
    refuses(HEADER "a,1,0,1,0,0 1 0,0.6 0.4,1 2\n", "ranked");
    refuses(HEADER "a,1,0,1,0,1 0,0.6,1 2\n", "one probability per ranked beam");
    refuses(HEADER "a,1,0,1,0,1 0,x y,1 2\n", "one probability per ranked beam");
    refuses(HEADER "a,1,0,1,0,0,1,1\n", "as many powers");
    refuses(HEADER "a,1,0,1,0,1 0,0.6 0.4,1 2\nb,1,0,1,0,1 0,0.6 0.4,1 2 3\n",
            "p.csv:3: every row must have as many powers");
    refuses(HEADER "a,1,0,1,0,1 0,0.6 0.4,1 2\nb\n", "p.csv:3");
    bcue_error error = {""};
    bcue_predictions p;
    CHECK_STATUS(bcue_predictions_read(FOLDER "/nowhere.csv", &p, &error), BCUE_ERROR_IO);
}

/* ---- foreign ---- */

static bcue_status foreign(const char *name, const char *text, bcue_predictions *p, bcue_error *error)
{
    char path[512];
    snprintf(path, sizeof path, FOLDER "/%s", name);
    if (text != NULL)
        toy_write_text(FOLDER, name, text);
    return bcue_predictions_read_foreign(path, p, error);
}

static void foreign_rankings(void)
{
    bcue_error error = {""};
    bcue_predictions p = make(3, 8), read;
    CHECK_OK(
        foreign("f.csv",
                "note,id,ranked\nx,scenario31/2,7 0 3\n,scenario31/1, 1\ny,scenario31/3,0 1 2 3 4 5 6 7\n",
                &p, &error),
        error);
    static const int32_t expected[3][8] = {
        {0, 1, 2, 3, 4, 5, 6, 7}, {7, 0, 3, -1, -1, -1, -1, -1}, {1, -1, -1, -1, -1, -1, -1, -1}};
    CHECK(memcmp(p.ranked, expected, sizeof expected) == 0);
    for (size_t i = 0; i < 24; i++)
        CHECK(isnan(p.probability[i]));
    CHECK_OK(bcue_predictions_write(FILE_PATH, &p, &error), error);
    CHECK_OK(bcue_predictions_read(FILE_PATH, &read, &error), error);
    check_same(&p, &read);
    bcue_predictions_free(&p);
    bcue_predictions_free(&read);
}

static void foreign_scores(void)
{
    bcue_error error = {""};
    bcue_predictions p = make(2, 8);
    /* Scores that are equal as floats, and an order of columns and rows of its own. */
    CHECK_OK(foreign("f.csv",
                     "score_7,score_6,score_5,score_4,score_3,score_2,score_1,score_0,id\n"
                     "-1,2,3,4,5,6,1.00000000002,1.00000000001,scenario31/1\n"
                     "1e300,1e301,0,0,0,0,0,0,scenario31/2\n",
                     &p, &error),
             error);
    static const int32_t expected[2][8] = {{6, 7, 0, 1, 2, 3, 4, 5}, {2, 3, 4, 5, 6, 1, 0, 7}};
    CHECK(memcmp(p.ranked, expected, sizeof expected) == 0);

    double scores[2][8] = {{0, 0, 0, 0, 0, 0, 0, 1}, {8, 7, 6, 5, 4, 3, 2, 1.5}};
    toy_write_array(FOLDER, "scores", 2, 2, 8, scores[0]);
    CHECK_OK(foreign("toy_scores.npy", NULL, &p, &error), error);
    static const int32_t from_array[2][8] = {{7, 0, 1, 2, 3, 4, 5, 6}, {0, 1, 2, 3, 4, 5, 6, 7}};
    CHECK(memcmp(p.ranked, from_array, sizeof from_array) == 0);
    scores[1][3] = NAN;
    toy_write_array(FOLDER, "scores", 2, 2, 8, scores[0]);
    CHECK_STATUS(foreign("toy_scores.npy", NULL, &p, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "the score of beam 3 for sample 'scenario31/1' (row 1) is not finite");
    toy_write_array(FOLDER, "scores", 2, 1, 8, scores[0]);
    CHECK_STATUS(foreign("toy_scores.npy", NULL, &p, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "of the shape (2, 8)");
    toy_write_array(FOLDER, "scores", 1, 16, 1, scores[0]);
    CHECK_STATUS(foreign("toy_scores.npy", NULL, &p, &error), BCUE_ERROR_DATA);
    CHECK_OK(bcue_file_write(FOLDER "/toy_scores.npy", "no", 2, &error), error);
    CHECK_STATUS(foreign("toy_scores.npy", NULL, &p, &error), BCUE_ERROR_FORMAT);
    CHECK_STATUS(foreign("nowhere.npy", NULL, &p, &error), BCUE_ERROR_IO);
    CHECK_STATUS(foreign("nowhere.csv", NULL, &p, &error), BCUE_ERROR_IO);
    bcue_predictions_free(&p);
}

static void foreign_mistakes_are_named(void)
{
    static const char *const mistakes[][2] = {
        {"ranked\n1\n", "needs a column 'id'"},
        {"id\nscenario31/1\n", "has no 'score_0'"},
        {"id,score_0,score_1\nscenario31/1,1,2\n", "has no 'score_2'"},
        {"id,ranked\nscenario31/1,1\n", "no answer for sample 'scenario31/2'"},
        {"id,ranked\nscenario31/9,1\n", "f.csv:2: 'scenario31/9' is not a sample"},
        {"id,ranked\nscenario31/1,1\nscenario31/1,1\n", "f.csv:3: 'scenario31/1' is answered twice"},
        {"id,ranked\nscenario31/1,1 1\n", "f.csv:2: 'ranked' must list different beams from 0 to 7"},
        {"id,ranked\nscenario31/1,8\n", "from 0 to 7"},
        {"id,ranked\nscenario31/1,-1\n", "from 0 to 7"},
        {"id,ranked\nscenario31/1,1;2\n", "separated by blanks"},
        {"id,ranked\nscenario31/1,\n", "from 0 to 7"},
        {"id,ranked\nscenario31/1,0 1 2 3 4 5 6 7 0\n", "from 0 to 7"},
        {"id,score_0,score_1,score_2,score_3,score_4,score_5,score_6,score_7\nscenario31/1,1,1,1,x,1,1,1,1\n",
         "f.csv:2: score_3 is not a finite number"},
        {"id,score_0,score_1,score_2,score_3,score_4,score_5,score_6,score_7\nscenario31/"
         "1,1,1,1,nan,1,1,1,1\n",
         "score_3 is not a finite number"},
        {"id,score_0,score_1,score_2,score_3,score_4,score_5,score_6,score_7\nscenario31/1,1,1\n",
         "score_2 is not a finite number"}};
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        bcue_error error = {""};
        bcue_predictions p = make(2, 8);
        CHECK_STATUS(foreign("f.csv", mistakes[i][0], &p, &error), BCUE_ERROR_DATA);
        CHECK_CONTAINS(error.text, mistakes[i][1]);
        CHECK_CONTAINS(error.text, "f.csv");
        bcue_predictions_free(&p);
    }
}

int main(void)
{
    toy_write_positions(FOLDER, &street);
    CHECK_OK(toy_open(FOLDER, yaml, NULL, &run), run.error);
    RUN(comes_back_bit_for_bit);
    RUN(probabilities_are_a_softmax);
    RUN(missing_bits_and_selection);
    RUN(damaged_predictions_are_refused);
    RUN(foreign_rankings);
    RUN(foreign_scores);
    RUN(foreign_mistakes_are_named);
    toy_close(&run);
    return check_summary();
}

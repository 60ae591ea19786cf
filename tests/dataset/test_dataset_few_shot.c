/* The split of little data from a new street: the first samples of every street train and validate, its later
   episodes test, and the rest of an episode that gave some is left out. */
#include "check.h"
#include "open_text.h"

#include "base/rng.h"
#include "base/text.h"
#include "fabricate.h"

enum { STREETS = 2, EPISODES = 8 /* of both in turns */, ROWS = 6, BEAMS = 4 };

/* No two power vectors are alike: equal ones count as copies of one sample. Row 2 has none. */
static void make_recording(void)
{
    bcue_text table = {0};
    fabricate_begin("few_shot");
    bcue_text_puts(&table, "index,unit1_pwr_60ghz,unit2_loc,seq_index,scene\n");
    fabricate_fix("fix.txt", 33.42, -111.93);
    for (int i = 0; i < EPISODES * ROWS; i++) {
        char power[64];
        bcue_text values = {0};
        bcue_rng rng = bcue_rng_make(81, BCUE_RNG_TEST, 0, 0, (uint32_t)i);
        for (int b = 0; b < BEAMS; b++)
            bcue_text_printf(&values, "%.6f\n", 0.1 + bcue_rng_uniform(&rng));
        snprintf(power, sizeof power, "power/%d.txt", i);
        fabricate_bytes(power, values.data, values.size);
        bcue_text_free(&values);
        bcue_text_printf(&table, "%d,%s,fix.txt,%d,street%d\n", i + 1, i == 2 ? "" : power, i / ROWS,
                         i / ROWS % STREETS);
    }
    fabricate_bytes("table.csv", table.data, table.size);
    bcue_text_free(&table);
}

static bcue_status split(const char *shares, bcue_split *found, bcue_error *error)
{
    char yaml[3000];
    test_opened t;
    snprintf(yaml, sizeof yaml,
             "data: {beams: %d, sources: [{name: s, root: \"%s\"}]}\nfeatures: {position: {enabled: true}}\n"
             "split: {kind: few-shot, %s}\n",
             (int)BEAMS, fabricate_root, shares);
    bcue_status status = test_open(yaml, NULL, &t);
    CHECK_AT(status == BCUE_OK, "%s", t.error.text);
    if (status == BCUE_OK)
        status = bcue_split_make(t.dataset, &t.config.split, t.origin, found, error);
    bcue_dataset_destroy(t.dataset);
    bcue_config_destroy(t.origin);
    return status;
}

/* Samples are rows here, in order; row 2 is unlabelled. */
static void check_side(const char *name, const size_t *list, size_t count, const size_t *expected,
                       size_t wanted)
{
    CHECK_INT(count, wanted);
    for (size_t i = 0; i < count && i < wanted; i++)
        CHECK_AT(list[i] == expected[i], "%s %zu: row %zu, expected %zu", name, i, list[i], expected[i]);
}

static void test_first_of_every_street(void)
{
    /* Street 0 has rows 0-5, 12-17, 24-29, 36-41; street 1 those between. Eight shots, a quarter of them
     * validate. */
    static const size_t train[] = {0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, validation[] = {13, 14, 18, 19};
    size_t test[4 * ROWS], tests = 0;
    bcue_split found;
    bcue_error error;
    make_recording();
    for (size_t row = 24; row < EPISODES * ROWS; row++)
        test[tests++] = row;
    CHECK_OK(split("shots: 8, train: 0.6, validation: 0.2, test: 0.2", &found, &error), error);
    check_side("train", found.train, found.train_count, train, 12);
    check_side("validation", found.validation, found.validation_count, validation, 4);
    check_side("test", found.test, found.test_count, test, tests);
    CHECK_INT(found.leak.near_in_time + found.leak.shared_frames + found.leak.augmented, 0);
    bcue_split_free(&found);
    CHECK_OK(split("shots: 5, train: 0.8, validation: 0, test: 0.2", &found, &error), error);
    CHECK_INT(found.train_count, 10);
    CHECK_INT(found.validation_count, 0);
    CHECK_INT(found.test_count, 36);
    bcue_split_free(&found);
}

static void test_refused(void)
{
    bcue_split found;
    bcue_error error;
    make_recording();
    CHECK_STATUS(split("shots: 24, train: 0.8, validation: 0, test: 0.2", &found, &error), BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(error.text, "is 24, but the street of sample 's/1' has only 23 labelled samples");
    CHECK_STATUS(split("shots: 19, train: 0.8, validation: 0, test: 0.2", &found, &error), BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(error.text, "no sample is left for testing");
}

int main(void)
{
    RUN(test_first_of_every_street);
    RUN(test_refused);
    return check_summary();
}

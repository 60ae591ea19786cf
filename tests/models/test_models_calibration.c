/* A calibration as model files keep it: of before there were patterns, and with them. */
#include <string.h>
#include "check.h"
#include "models/calibration.h"
#include "models/completion.h"

static bcue_config *read_text(const char *text, bcue_calibration *c)
{
    bcue_error error = {""};
    bcue_config *owned = NULL;
    CHECK_OK(bcue_config_read_text(text, strlen(text), "test", NULL, 0, bcue_calibration_fields, c, &owned,
                                   &error),
             error);
    return owned;
}

static const char old_text[] =
    "temperature: 1.25\nerror_before: 0.2\nerror_after: 0.05\ncoverage: [0.8, 0.9]\nthreshold: [0.5, 0.7]\n"
    "margin_db: 1\nmargin_threshold: [0.4, 0.6]\nepisodes: 12\nsamples: 340\ndata: 'abc'\n";

#define MORE                                                                                                 \
    "hold_rows: 7\nhold_s: 0.7\npatterns:\n"                                                                 \
    "  - {missing: [camera], stand_in: generated, temperature: 2, error_before: 0.3, error_after: 0.1,\n"    \
    "     threshold: [0.6, 0.8], margin_threshold: [0.5, 0.7], episodes: 11, samples: 300}\n"                \
    "  - {held: [gps], temperature: 1.5, error_before: 0.3, error_after: 0.1,\n"                             \
    "     threshold: [0.61, 0.81], margin_threshold: [0.51, 0.71], episodes: 12, samples: 340}\n"

static void files_of_before_are_read(void)
{
    bcue_error error = {""};
    bcue_calibration c = {0};
    bcue_config *owned = read_text(old_text, &c);
    CHECK_OK(bcue_calibration_check(&c, "old", &error), error);
    CHECK_INT(bcue_calibration_count(&c), 1);
    CHECK_INT(c.whole.episodes, 12);
    CHECK_NEAR(c.whole.margin_threshold.items[1], 0.6, 0);
    CHECK(bcue_calibration_find(&c, (bcue_input_pattern){0}) == &c.whole);
    CHECK(bcue_calibration_find(&c, (bcue_input_pattern){.missing = 1}) == NULL);
    CHECK_NEAR(bcue_calibration_temperature(&c, NULL), 1.25, 0);
    bcue_config_destroy(owned);
}

static void patterns_are_found_with_their_stand_in(void)
{
    static const char text[] =
        "temperature: 1.25\nerror_before: 0.2\nerror_after: 0.05\ncoverage: [0.8, 0.9]\n"
        "threshold: [0.5, 0.7]\nmargin_db: 1\nmargin_threshold: [0.4, 0.6]\nepisodes: 12\nsamples: "
        "340\n" MORE;
    bcue_error error = {""};
    bcue_calibration c = {0}, again = {0};
    bcue_config *owned = read_text(text, &c);
    CHECK_OK(bcue_calibration_check(&c, "new", &error), error);
    CHECK_INT(bcue_calibration_count(&c), 3);
    const bcue_input_pattern camera = {.missing = 1U << BCUE_INPUT_CAMERA,
                                       .stand_in = BCUE_STAND_IN_GENERATED};
    bcue_input_pattern other = camera;
    const bcue_calibration_pattern *found = bcue_calibration_find(&c, camera);
    CHECK(found == bcue_calibration_at(&c, 1));
    CHECK_NEAR(bcue_calibration_temperature(&c, found), 2, 0);
    CHECK_NEAR(bcue_calibration_temperature(&c, NULL), 2, 0); /* the least sure */
    other.stand_in = BCUE_STAND_IN_MEAN;
    CHECK(bcue_calibration_find(&c, other) == NULL);
    other = (bcue_input_pattern){.missing = camera.missing | 2, .stand_in = BCUE_STAND_IN_GENERATED};
    CHECK(bcue_calibration_find(&c, other) == NULL);
    other = (bcue_input_pattern){.held = 1U << BCUE_INPUT_POSITION, .stand_in = BCUE_STAND_IN_MEAN};
    CHECK(bcue_calibration_find(&c, other) == bcue_calibration_at(&c, 2));
    other.held |= 1;
    CHECK(bcue_calibration_find(&c, other) == NULL);
    /* Written and read again. */
    bcue_text out = {0};
    bcue_config_write(bcue_calibration_fields, &c, &out);
    bcue_config *owned_again = read_text(out.data, &again);
    CHECK_OK(bcue_calibration_check(&again, "again", &error), error);
    CHECK_INT(again.hold_rows, 7);
    CHECK_NEAR(again.hold_s, 0.7, 0);
    found = bcue_calibration_find(&again, camera);
    CHECK(found != NULL && found->threshold.count == 2 && found->samples == 300);
    CHECK_NEAR(found->threshold.items[1], 0.8, 0);
    bcue_text_free(&out);
    bcue_config_destroy(owned_again);
    bcue_config_destroy(owned);
}

static void damaged_patterns_are_refused(void)
{
    static const char *const bad[] = {
        "{held: [gps], missing: [gps], threshold: [1, 1], margin_threshold: [1, 1], ",
        "{threshold: [1, 1], margin_threshold: [1, 1], ",
        "{held: [gps], threshold: [1], margin_threshold: [1, 1], ",
        "{held: [gps], threshold: [1, 1], margin_threshold: [], "};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        bcue_error error = {""};
        bcue_calibration c = {0};
        char text[1024];
        snprintf(
            text, sizeof text,
            "%spatterns:\n  - %s temperature: 2, error_before: 0.3, error_after: 0.1, episodes: 1, samples: "
            "1}\n",
            old_text, bad[i]);
        bcue_config *owned = read_text(text, &c);
        CHECK_STATUS(bcue_calibration_check(&c, "file", &error), BCUE_ERROR_FORMAT);
        CHECK_CONTAINS(error.text, "beamcue calibrate");
        bcue_config_destroy(owned);
    }
}

static void patterns_have_names(void)
{
    static const struct {
        bcue_input_pattern pattern;
        const char *name;
    } cases[] = {{{0}, "all there"},
                 {{.missing = 1, .stand_in = BCUE_STAND_IN_GENERATED}, "no camera (generated)"},
                 {{.missing = 9, .stand_in = BCUE_STAND_IN_MEAN, .held = 6},
                  "no camera + gps (mean), lidar + radar held"},
                 {{.held = 4}, "radar held"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char name[BCUE_PATTERN_NAME_SIZE];
        bcue_input_pattern_name(cases[i].pattern, name);
        CHECK_AT(strcmp(name, cases[i].name) == 0, "'%s', expected '%s'", name, cases[i].name);
    }
}

int main(void)
{
    RUN(files_of_before_are_read);
    RUN(patterns_are_found_with_their_stand_in);
    RUN(damaged_patterns_are_refused);
    RUN(patterns_have_names);
    return check_summary();
}

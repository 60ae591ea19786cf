/* The public calls on a toy street: train, evaluate, compare; what they write and what they refuse. */
#include <sys/stat.h>
#include <unistd.h>
#include "base/json.h"
#include "base/parallel.h"
#include "beamcue/train.h"
#include "check.h"
#include "toy_data.h"

#define FOLDER BCUE_BINARY_DIR "/test_api_runs"
#define CONFIG FOLDER "/run.yaml"

static const toy_shape street = {.episodes = 30, .rows = 6, .beams = 8, .missing_every = 9};
static const char yaml[] = "name: toy\n"
                           "out: " FOLDER "/knn\n"
                           "seeds: 2\n"
                           "threads: 1\n"
                           "data:\n"
                           "  sources: [{format: npy, root: " FOLDER ", prefix: toy}]\n"
                           "  beams: 8\n"
                           "split: {train: 0.5, validation: 0, test: 0.5}\n"
                           "features: {position: {enabled: true}}\n"
                           "model: {kind: position-knn, neighbours: 1}\n"
                           "train: {loader_threads: 0}\n"
                           "evaluate: {bootstrap: 200}\n";

static bool report_names(const bcue_report *report, const char *ending)
{
    for (size_t i = 0; i < bcue_report_file_count(report); i++)
        if (bcue_ends_with(bcue_report_file(report, i), ending))
            return bcue_path_exists(bcue_report_file(report, i));
    return false;
}

static void check_report(const bcue_report *report)
{
    json_t *json = json_loads(bcue_report_json(report), JSON_REJECT_DUPLICATES, NULL);
    CHECK(json_is_object(json));
    json_decref(json);
    const char *text = bcue_report_text(report);
    CHECK(text[0] != '\0' && text[strlen(text) - 1] == '\n');
    CHECK(bcue_report_file(report, bcue_report_file_count(report)) == NULL);
}

static size_t count_of(const char *const *overrides)
{
    size_t count = 0;
    while (overrides[count] != NULL)
        count++;
    return count;
}

/* Train and evaluate into the folder that `overrides` name. */
static void run_all(const char *const *overrides)
{
    bcue_error error = {""};
    bcue_report *report = NULL;
    const size_t count = count_of(overrides);
    CHECK_OK(bcue_train(CONFIG, overrides, count, NULL, &report, &error), error);
    if (report != NULL) {
        check_report(report);
        CHECK(report_names(report, "/config.yaml"));
        CHECK(report_names(report, "model-seed2.safetensors"));
    }
    bcue_report_destroy(report);
    CHECK_OK(bcue_evaluate(CONFIG, overrides, count, NULL, NULL, &report, &error), error);
    if (report != NULL) {
        check_report(report);
        CHECK(report_names(report, "/results.json"));
        CHECK(report_names(report, "/report.html"));
    }
    bcue_report_destroy(report);
}

static const char *const knn[] = {"out=" FOLDER "/knn", NULL};
static const char *const chance[] = {"out=" FOLDER "/chance", "name=chance", "model={kind: random}", NULL};

static json_t *compare(const char *const *folders, size_t count, const char *html, bcue_status expected,
                       const char *part)
{
    bcue_error error = {""};
    bcue_report *report;
    bcue_status status = bcue_compare_runs(folders, count, NULL, 0, html, &report, &error);
    CHECK_AT(status == expected, "%s: %s", bcue_status_name(status), error.text);
    if (status != BCUE_OK) {
        CHECK_CONTAINS(error.text, part);
        CHECK(report == NULL);
        return NULL;
    }
    check_report(report);
    CHECK_CONTAINS(bcue_report_text(report), part);
    json_t *json = json_loads(bcue_report_json(report), JSON_REJECT_DUPLICATES, NULL);
    bcue_report_destroy(report);
    return json;
}

static void a_good_model_beats_chance(void)
{
    const char *const folders[] = {FOLDER "/knn", FOLDER "/chance", FOLDER "/knn"};
    (void)unlink(FOLDER "/compare.html");
    run_all(knn);
    run_all(chance);
    json_t *json = compare(folders, 2, FOLDER "/compare.html", BCUE_OK,
                           "after Holm's correction over all 3 comparisons");
    json_decref(json);
    bcue_error error = {""};
    bcue_bytes page;
    CHECK_OK(bcue_file_read(FOLDER "/compare.html", 1 << 22, &page, &error), error);
    CHECK_CONTAINS((const char *)page.data, "Who beats whom");
    bcue_bytes_free(&page);
    /* The same model twice: no difference, and no winner. */
    const char *const same[] = {FOLDER "/knn", FOLDER "/knn"};
    json_decref(compare(same, 2, NULL, BCUE_OK, "0.000 .. 0.000"));
    json_decref(compare(folders, 3, NULL, BCUE_OK, "all 9 comparisons"));
}

static void other_samples_are_refused(void)
{
    const char *const other[] = {"out=" FOLDER "/other", "split.seed=9", NULL};
    run_all(other);
    const char *const folders[] = {FOLDER "/knn", FOLDER "/other"};
    compare(folders, 2, NULL, BCUE_ERROR_DATA, "toy against toy");
    compare(folders, 2, NULL, BCUE_ERROR_DATA, "sample");
    compare(folders, 1, NULL, BCUE_ERROR_ARGUMENT, "two folders");
    const char *const nowhere[] = {FOLDER "/knn", FOLDER "/nowhere"};
    compare(nowhere, 2, NULL, BCUE_ERROR_IO, "not a folder of 'beamcue evaluate'");
    bcue_error error = {""};
    CHECK_OK(bcue_make_dirs(FOLDER "/rubbish", &error), error);
    const char *const rubbish[] = {FOLDER "/rubbish", FOLDER "/knn"};
    static const char *const contents[] = {
        "", "[]", "{\"name\": \"x\"}",
        ("{\"name\": \"x\", \"index_monotone\": true, \"random_rows\": false, "
         "\"seeds\": 0, \"first_seed\": 1, \"leak\": {\"percent\": 0.0}}")};
    for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
        toy_write_text(FOLDER "/rubbish", "results.json", contents[i]);
        compare(rubbish, 2, NULL, BCUE_ERROR_FORMAT, "evaluate again");
    }
    const char *const same[] = {FOLDER "/knn", FOLDER "/chance"}, *const unknown[] = {"top_0"};
    bcue_report *report;
    CHECK(bcue_compare_runs(same, 2, unknown, 1, NULL, &report, &error) != BCUE_OK);
    CHECK_CONTAINS(error.text, "top_0");
    CHECK_STATUS(bcue_compare_runs(same, 2, NULL, 0, FOLDER "/no/where.html", &report, &error),
                 BCUE_ERROR_IO);
}

static void few_episodes_get_no_interval(void)
{
    const char *const a[] = {"out=" FOLDER "/few", "split={train: 0.8, validation: 0, test: 0.2}", NULL};
    const char *const b[] = {"out=" FOLDER "/few_chance", "name=chance", "model={kind: random}",
                             "split={train: 0.8, validation: 0, test: 0.2}", NULL};
    run_all(a);
    run_all(b);
    const char *const folders[] = {FOLDER "/few", FOLDER "/few_chance"};
    json_decref(compare(folders, 2, NULL, BCUE_OK, "too few episodes"));
}

static void refused(bcue_status status, const bcue_error *error, bcue_status expected, const char *part)
{
    CHECK_STATUS(status, expected);
    CHECK_CONTAINS(error->text, part);
}

static void bad_places_and_configurations(void)
{
    bcue_error error = {""};
    bcue_report *report;
    toy_write_text(FOLDER, "a_file", "x");
    const char *const in_file[] = {"out=" FOLDER "/a_file/out"},
                      *const no_data[] = {"data.sources.0.root=" FOLDER "/no"},
                      *const key[] = {"train.epoch=3"}, *const batch[] = {"train.batch=0"};
    refused(bcue_train(CONFIG, in_file, 1, NULL, &report, &error), &error, BCUE_ERROR_IO, "a_file");
    CHECK(report == NULL);
    refused(bcue_evaluate(CONFIG, in_file, 1, NULL, NULL, &report, &error), &error, BCUE_ERROR_IO, "a_file");
    refused(bcue_train(CONFIG, key, 1, NULL, &report, &error), &error, BCUE_ERROR_CONFIG, "epochs");
    refused(bcue_train(CONFIG, batch, 1, NULL, &report, &error), &error, BCUE_ERROR_CONFIG, "batch");
    CHECK(bcue_train(CONFIG, no_data, 1, NULL, &report, &error) != BCUE_OK);
    CHECK_CONTAINS(error.text, FOLDER "/no");
    CHECK(bcue_train(FOLDER "/nowhere.yaml", NULL, 0, NULL, &report, &error) == BCUE_ERROR_IO);
    CHECK_CONTAINS(error.text, "nowhere.yaml");
    if (geteuid() == 0)
        return; /* to whom no folder is read-only */
    CHECK_OK(bcue_make_dirs(FOLDER "/locked", &error), error);
    CHECK_INT(chmod(FOLDER "/locked", 0555), 0);
    const char *const locked[] = {"out=" FOLDER "/locked"};
    refused(bcue_train(CONFIG, locked, 1, NULL, &report, &error), &error, BCUE_ERROR_IO, "locked");
    CHECK_INT(chmod(FOLDER "/locked", 0755), 0);
}

/* The configuration that a run writes repeats the run. */
static void the_effective_configuration_repeats_the_run(void)
{
    bcue_error error = {""};
    bcue_report *report = NULL;
    bcue_bytes a, b;
    const char *const again[] = {"out=" FOLDER "/again"};
    CHECK_OK(bcue_train(FOLDER "/knn/config.yaml", again, 1, NULL, &report, &error), error);
    bcue_report_destroy(report);
    CHECK_OK(bcue_evaluate(FOLDER "/knn/config.yaml", again, 1, NULL, NULL, &report, &error), error);
    bcue_report_destroy(report);
    CHECK_OK(bcue_file_read(FOLDER "/knn/predictions-seed2.csv", 1 << 22, &a, &error), error);
    CHECK_OK(bcue_file_read(FOLDER "/again/predictions-seed2.csv", 1 << 22, &b, &error), error);
    CHECK(a.size == b.size && memcmp(a.data, b.data, a.size) == 0);
    bcue_bytes_free(&a);
    bcue_bytes_free(&b);
}

int main(void)
{
    toy_write_positions(FOLDER, &street);
    toy_write_text(FOLDER, "run.yaml", yaml);
    RUN(a_good_model_beats_chance);
    RUN(other_samples_are_refused);
    RUN(few_episodes_get_no_interval);
    RUN(bad_places_and_configurations);
    RUN(the_effective_configuration_repeats_the_run);
    return check_summary();
}

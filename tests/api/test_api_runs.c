/* The public calls on a toy street: train, evaluate, compare; what they write and what they refuse. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
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
    bcue_status status = bcue_compare_runs(folders, count, NULL, 0, html, NULL, &report, &error);
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
                           "after Holm's correction over the 3 comparisons");
    json_decref(json);
    bcue_error error = {""};
    bcue_bytes page;
    CHECK_OK(bcue_file_read(FOLDER "/compare.html", 1 << 22, &page, &error), error);
    CHECK_CONTAINS((const char *)page.data, "Who beats whom");
    bcue_bytes_free(&page);
    /* The same model twice: no difference, and no winner. */
    const char *const same[] = {FOLDER "/knn", FOLDER "/knn"};
    json_decref(compare(same, 2, NULL, BCUE_OK, "0.000 .. 0.000"));
    json_decref(compare(folders, 3, NULL, BCUE_OK, "the 9 comparisons"));
}

#define LIST FOLDER "/lists/list.yaml"

static bcue_status compare_list(const char *yaml_text, const bcue_hooks *hooks, bcue_report **report,
                                bcue_error *error)
{
    *report = NULL;
    CHECK_OK(bcue_make_dirs(FOLDER "/lists", error), *error);
    toy_write_text(FOLDER "/lists", "list.yaml", yaml_text);
    return bcue_compare_listed(LIST, NULL, hooks, report, error);
}

typedef struct heard {
    uint64_t done, total;
    int calls, stop_after;
} heard;

static void hear_progress(void *cookie, const char *what, uint64_t done, uint64_t total)
{
    heard *h = cookie;
    CHECK(strcmp(what, "compare") == 0 && done >= h->done && done <= total);
    h->calls++;
    h->done = done;
    h->total = total;
}

static int hear_cancelled(void *cookie)
{
    const heard *h = cookie;
    return h->stop_after > 0 && h->calls >= h->stop_after;
}

/* The rows "p (Holm)" of a report's table of comparisons. */
static size_t holm_values(const bcue_report *report, double *values, size_t most)
{
    json_t *json = json_loads(bcue_report_json(report), JSON_REJECT_DUPLICATES, NULL);
    json_t *rows = json_object_get(json_object_get(json, "comparisons"), "rows");
    const size_t count = json_array_size(rows);
    for (size_t i = 0; i < count && i < most; i++)
        values[i] = json_number_value(json_array_get(json_array_get(rows, i), 7));
    json_decref(json);
    return count;
}

/* The family is what the file lists, no more: the smallest p is multiplied by the length of the list. */
static void a_list_is_the_family(void)
{
    bcue_error error = {""};
    bcue_report *report;
    heard h = {0};
    const bcue_hooks hooks = {.cookie = &h, .progress = hear_progress, .cancelled = hear_cancelled};
    double p[4] = {0};
    static const char one[] = "runs: {near: ../knn, dice: ../chance}\n"
                              "draws: 1000\n"
                              "comparisons: [{a: near, b: dice, metrics: [top_1]}]\n";
    CHECK_OK(compare_list(one, &hooks, &report, &error), error);
    CHECK(holm_values(report, p, 4) == 1);
    CHECK_NEAR(p[0], 2.0 / 1001.0, 1e-12);
    CHECK_CONTAINS(bcue_report_text(report), "over the 1 comparison listed in " LIST);
    CHECK_CONTAINS(bcue_report_text(report), LIST " was changed after the results of near were written");
    CHECK_CONTAINS(bcue_report_text(report), "dice");
    CHECK(h.done == 3 && h.total == 3); /* one comparison, two models by one metric */
    bcue_report_destroy(report);
    static const char two[] = "runs: {near: ../knn}\n"
                              "draws: 1000\n"
                              "comparisons:\n"
                              "- {a: near, b: " FOLDER "/chance, metrics: [top_1, mpr]}\n";
    CHECK_OK(compare_list(two, NULL, &report, &error), error);
    CHECK(holm_values(report, p, 4) == 2);
    CHECK_NEAR(p[0], 2 * 2.0 / 1001.0, 1e-12);
    CHECK_CONTAINS(bcue_report_text(report), "chance"); /* its own name */
    bcue_report_destroy(report);
    /* Links of the page, escaped, and relative as they stand. */
    static const char linked[] = "runs: {near: ../knn, dice: ../chance}\n"
                                 "draws: 1000\n"
                                 "see_also: {the \"street\" & more: street.html, other: ../b.html}\n"
                                 "comparisons: [{a: near, b: dice, metrics: [top_1]}]\n";
    bcue_bytes page;
    toy_write_text(FOLDER "/lists", "list.yaml", linked);
    CHECK_OK(bcue_compare_listed(LIST, FOLDER "/linked.html", NULL, &report, &error), error);
    CHECK_OK(bcue_file_read(FOLDER "/linked.html", 1 << 22, &page, &error), error);
    CHECK_CONTAINS(
        (const char *)page.data,
        "See also <a href=\"street.html\">the &quot;street&quot; &amp; more</a> and <a href=\"../b.html\">");
    bcue_bytes_free(&page);
    bcue_report_destroy(report);
    h = (heard){.stop_after = 2};
    CHECK_STATUS(compare_list(one, &hooks, &report, &error), BCUE_ERROR_CANCELLED);
    CHECK_CONTAINS(error.text, "stopped after 2 of 3 intervals");
    CHECK(report == NULL);
    /* A list older than the results was there first. */
    const struct timespec old[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    toy_write_text(FOLDER "/lists", "list.yaml", one);
    CHECK(utimensat(AT_FDCWD, LIST, old, 0) == 0);
    CHECK_OK(bcue_compare_listed(LIST, NULL, NULL, &report, &error), error);
    CHECK(strstr(bcue_report_text(report), "was changed after") == NULL);
    bcue_report_destroy(report);
}

static void wrong_lists_are_refused(void)
{
    static const char runs[] = "runs: {near: ../knn, dice: ../chance}\ncomparisons:\n";
    static const struct {
        const char *list, *part;
    } wrong[] = {
        {"- {a: near, b: dicee, metrics: top_1}\n",
         "list.yaml:3: comparisons.0.b: 'dicee' is neither a name of runs nor a folder; did you mean dice"},
        {"- {a: near, b: near, metrics: top_1}\n", "comparisons.0.b: is the same run as a"},
        {"- {a: near, b: " FOLDER "/./knn, metrics: top_1}\n", "is the same run as a"},
        {"- {a: near, b: dice, metrics: []}\n", "comparisons.0.metrics: needs at least one metric"},
        {"- {a: near, b: dice, metrics: topp_1}\n", "comparisons.0.metrics: no metric is named"},
        {"- {a: near, b: dice, metrics: [top_1, mpr, top_1]}\n", "top_1 of these two is asked twice"},
        {"- {a: near, b: dice, metrics: top_1}\n- {a: dice, b: near, metrics: top_1}\n",
         "list.yaml:4: comparisons.1.metrics: top_1 of these two is asked twice"},
        {"- {a: near, b: dice}\n", "metrics"},
        {"- {a: near, c: dice, metrics: top_1}\n", "unknown key 'c' in 'comparisons.0'"},
        {"", "comparisons: lists no comparison"},
        {"- {a: near, b: dice, metrics: top_1}\nsee_also: {x: 'http://a'}\n",
         "see_also: 'http://a' is not a file beside the page"},
        {"- {a: near, b: dice, metrics: top_1}\nsee_also: {x: /a.html}\n", "give a relative name"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        bcue_error error = {""};
        bcue_report *report;
        char text[1024];
        snprintf(text, sizeof text, "%s%s", runs, wrong[i].list);
        CHECK_STATUS(compare_list(text, NULL, &report, &error), BCUE_ERROR_CONFIG);
        CHECK_CONTAINS(error.text, wrong[i].part);
        CHECK(report == NULL);
    }
    char *help = bcue_compare_config_help();
    CHECK_CONTAINS(help, "alpha: 0.05");
    free(help);
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
        ("{\"name\": \"x\", \"index_monotone\": true, \"power_unit\": \"mW\", \"random_rows\": false, "
         "\"seeds\": 0, \"first_seed\": 1, \"leak\": {\"percent\": 0.0}}")};
    for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
        toy_write_text(FOLDER "/rubbish", "results.json", contents[i]);
        compare(rubbish, 2, NULL, BCUE_ERROR_FORMAT, "evaluate again");
    }
    const char *const same[] = {FOLDER "/knn", FOLDER "/chance"}, *const unknown[] = {"top_0"};
    bcue_report *report;
    CHECK(bcue_compare_runs(same, 2, unknown, 1, NULL, NULL, &report, &error) != BCUE_OK);
    CHECK_CONTAINS(error.text, "top_0");
    CHECK_STATUS(bcue_compare_runs(same, 2, NULL, 0, FOLDER "/no/where.html", NULL, &report, &error),
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
    RUN(a_list_is_the_family);
    RUN(wrong_lists_are_refused);
    RUN(other_samples_are_refused);
    RUN(few_episodes_get_no_interval);
    RUN(bad_places_and_configurations);
    RUN(the_effective_configuration_repeats_the_run);
    return check_summary();
}

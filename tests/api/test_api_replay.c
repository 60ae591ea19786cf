/* A recording played as if it were live: the scores are those of the evaluation of the same samples, and
   every fault is found again in the report. */
#include <stdlib.h>

#include "base/json.h"
#include "beamcue/replay.h"
#include "beamcue/train.h"
#include "check.h"
#include "learn/predictions.h"
#include "toy_data.h"

#define FOLDER BCUE_BINARY_DIR "/test_api_replay"
#define CONFIG FOLDER "/run.yaml"
#define MODEL FOLDER "/knn/model-seed1.safetensors"
enum { EPISODES = 30, ROWS = 6, BEAMS = 8 };

static const toy_shape street = {.episodes = EPISODES, .rows = ROWS, .beams = BEAMS, .missing_every = 9};
static const char yaml[] = "name: toy\n"
                           "out: " FOLDER "/knn\n"
                           "threads: 1\n"
                           "data:\n"
                           "  sources: [{format: npy, root: " FOLDER ", prefix: toy}]\n"
                           "  beams: 8\n"
                           "split: {train: 0.5, validation: 0, test: 0.5}\n"
                           "features: {position: {enabled: true}}\n"
                           "model: {kind: position-knn, neighbours: 1}\n"
                           "train: {loader_threads: 0}\n"
                           "evaluate: {bootstrap: 0}\n";

/* The object of the report. Fixes of the toy street lie anywhere, so that no speed is too fast. */
static json_t *play(bcue_replay_options options)
{
    bcue_error error = {""};
    bcue_report *report = NULL;
    if (options.stream.speed_limit_mps == 0)
        options.stream.speed_limit_mps = 1e6;
    CHECK_OK(bcue_replay(MODEL, CONFIG, &options, NULL, &report, &error), error);
    json_t *json = report == NULL ? NULL : json_loads(bcue_report_json(report), JSON_REJECT_DUPLICATES, NULL);
    bcue_report_destroy(report);
    return json;
}

static double number(const json_t *json, const char *key)
{
    return json_number_value(json_object_get(json, key));
}

static double way(const json_t *json, const char *name, const char *key)
{
    const json_t *ways = json_object_get(json, "ways");
    for (size_t i = 0; i < json_array_size(ways); i++) {
        const json_t *one = json_array_get(ways, i);
        if (strcmp(json_string_value(json_object_get(one, "name")), name) == 0)
            return number(one, key);
    }
    return NAN;
}

static double rung(const json_t *json, const char *name)
{
    return number(json_object_get(json, "rung_shares"), name);
}

/* Cell `column` of row `row` of the table of faults. */
static double fault_cell(const json_t *json, size_t row, size_t column)
{
    const json_t *rows = json_object_get(json_object_get(json, "faults"), "rows");
    return json_number_value(json_array_get(json_array_get(rows, row), column));
}

static void prepare(void)
{
    bcue_error error = {""};
    bcue_report *report = NULL;
    toy_write_positions(FOLDER, &street);
    toy_write_text(FOLDER, "run.yaml", yaml);
    CHECK_OK(bcue_train(CONFIG, NULL, 0, NULL, &report, &error), error);
    bcue_report_destroy(report);
}

/* Without stand-ins: a position that is missing is one in the evaluation, too. */
static void scores_are_those_of_evaluate(void)
{
    bcue_error error = {""};
    bcue_report *report = NULL;
    CHECK_OK(bcue_evaluate(CONFIG, NULL, 0, NULL, NULL, &report, &error), error);
    json_t *evaluated = json_loads(bcue_report_json(report), JSON_REJECT_DUPLICATES, NULL);
    bcue_report_destroy(report);
    const json_t *metrics =
        json_object_get(json_array_get(json_object_get(evaluated, "subsets"), 1), "metrics");
    if (metrics == NULL) /* no second table: nothing was missing */
        metrics = json_object_get(json_array_get(json_object_get(evaluated, "subsets"), 0), "metrics");
    json_t *json =
        play((bcue_replay_options){.stream = {.hold_s = -1, .stale_s = {[BCUE_SENSOR_GPS] = 0.01}}});
    CHECK_INT(number(json, "episodes"), EPISODES / 2);
    CHECK_INT(number(json, "instants"), EPISODES / 2 * ROWS);
    CHECK(json_is_true(json_object_get(json, "test_part")));
    /* The table of samples that lack nothing is that of the instants answered by the model. */
    const double network = rung(json, "network");
    CHECK(network > 0.8 && network < 1);
    CHECK_NEAR(network + rung(json, "sweep"), 1, 1e-9);
    CHECK_NEAR(number(json, "loss_db"), number(json_object_get(metrics, "loss_db"), "mean"), 1e-9);
    CHECK_NEAR(way(json, "exhaustive sweep", "rate"), 1 - BEAMS * 0.125 / 20, 1e-9);
    CHECK_NEAR(way(json, "first beam", "probes"), BEAMS * rung(json, "sweep"), 1e-9);
    CHECK(number(json, "late_share") == 0 && number(json, "cut_share") == 0);
    json_decref(evaluated);
    json_decref(json);
}

/* The model as its own cheaper one: asked first, and replaced in time; one of other beams is refused. */
static void a_compressed_model_answers_first(void)
{
    bcue_error error = {""};
    bcue_report *report = NULL;
    json_t *json = play((bcue_replay_options){.compressed_path = MODEL, .deadline_ms = 10000});
    CHECK(number(json_object_get(json, "compressed_ms"), "p50") > 0);
    CHECK_NEAR(rung(json, "compressed"), 0, 1e-9);
    CHECK(rung(json, "network") > 0.8);
    CHECK_NEAR(number(json, "compressed_cut_share"), 0, 1e-9);
    json_decref(json);
    const char *const other[] = {"data.beam_step=2", "out=" FOLDER "/other"};
    CHECK_OK(bcue_train(CONFIG, other, 2, NULL, &report, &error), error);
    bcue_report_destroy(report);
    const bcue_replay_options options = {.compressed_path = FOLDER "/other/model-seed1.safetensors"};
    CHECK_STATUS(bcue_replay(MODEL, CONFIG, &options, NULL, &report, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "both have to be of one codebook");
}

static void faults_are_counted(void)
{
    static const char *const none[] = {"gps:drop"}, *const half[] = {"gps:nofix:0.5"},
                             *const jumping[] = {"gps:jump:200ms"}, *const late[] = {"gps:late:250ms"};
    json_t *json = play((bcue_replay_options){.faults = none, .fault_count = 1});
    CHECK_NEAR(rung(json, "sweep"), 1, 1e-9);
    CHECK_NEAR(way(json, "first beam", "rate"), 1 - BEAMS * 0.125 / 20, 1e-9);
    CHECK_INT(fault_cell(json, 0, 1), EPISODES / 2 * ROWS);
    CHECK_INT(fault_cell(json, 0, 2), EPISODES / 2 * ROWS);
    json_decref(json);
    json = play((bcue_replay_options){.faults = half, .fault_count = 1, .seed = 5});
    const double fell = fault_cell(json, 0, 1);
    CHECK(fell > 0.3 * EPISODES / 2 * ROWS && fell < 0.7 * EPISODES / 2 * ROWS);
    CHECK_NEAR(fault_cell(json, 0, 3), fell, 0); /* all rejected */
    CHECK_NEAR(fault_cell(json, 0, 4), 0, 0);
    json_decref(json);
    /* A third of a kilometre: rejected at 40 m/s where a fix came before, believed where none had. */
    json = play((bcue_replay_options){
        .faults = jumping, .fault_count = 1, .stream = {.speed_limit_mps = 100, .jump_m = 150}});
    CHECK(fault_cell(json, 0, 1) >= EPISODES / 2 && fault_cell(json, 0, 1) <= EPISODES / 2 * 3);
    CHECK(fault_cell(json, 0, 3) > fault_cell(json, 0, 4));
    json_decref(json);
    /* Of six frames the first three arrive within the episode. */
    json = play((bcue_replay_options){.faults = late, .fault_count = 1});
    CHECK_NEAR(fault_cell(json, 0, 2), EPISODES / 2 * 3, 0);
    json_decref(json);
}

static void the_page_and_what_is_refused(void)
{
    static const char *const bad[] = {"gps",          "gps:black", "sonar:drop",
                                      "gps:drop:1.5", "gps:late",  "gps:late:0s"};
    bcue_error error = {""};
    bcue_report *report = NULL;
    bcue_bytes page;
    (void)remove(FOLDER "/replay.html");
    json_decref(play((bcue_replay_options){.html_path = FOLDER "/replay.html",
                                           .faults = (const char *const[]){"gps:drop:0.1"},
                                           .fault_count = 1}));
    CHECK_OK(bcue_file_read(FOLDER "/replay.html", 1 << 22, &page, &error), error);
    CHECK_CONTAINS((const char *)page.data, "Beams over time");
    CHECK_CONTAINS((const char *)page.data, "gps:drop:0.1");
    bcue_bytes_free(&page);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const bcue_replay_options options = {.faults = &bad[i], .fault_count = 1};
        CHECK_STATUS(bcue_replay(MODEL, CONFIG, &options, NULL, &report, &error), BCUE_ERROR_ARGUMENT);
        CHECK_CONTAINS(error.text, bad[i]);
        CHECK(report == NULL);
    }
    CHECK_STATUS(bcue_replay(MODEL, FOLDER "/nowhere.yaml", NULL, NULL, &report, &error), BCUE_ERROR_IO);
}

/* ---- rows that are not 0.1 s apart ---- */

enum { SLOW_EPISODES = 12, SLOW_ROWS = 8, SLOW_COUNT = SLOW_EPISODES * SLOW_ROWS };
#define SLOW FOLDER "/slow"
static const toy_shape slow_street = {.episodes = SLOW_EPISODES, .rows = SLOW_ROWS, .beams = BEAMS};
static const char slow_yaml[] = "name: slow\n"
                                "out: " SLOW "/out\n"
                                "threads: 1\n"
                                "data:\n"
                                "  sources: [{root: " SLOW "}]\n"
                                "  beams: 8\n"
                                "  gps_frames: 2\n"
                                "split: {train: 0.5, validation: 0, test: 0.5}\n"
                                "features: {position: {enabled: true}}\n"
                                "model: {kind: position-mlp, hidden: 16}\n"
                                "train: {epochs: 40, batch: 16, loader_threads: 0, select: last, "
                                "optimizer: {kind: adam, lr: 0.02}}\n"
                                "evaluate: {bootstrap: 0}\n";

/* The table of a recording of 2.5 Hz. */
static void write_slow_recording(void)
{
    bcue_error error = {""};
    bcue_text table = {0};
    bcue_bytes bytes = {0};
    size_t row = 0;
    toy_write_scenario(SLOW, &slow_street);
    CHECK_OK(bcue_file_read(SLOW "/scenario.csv", 1 << 20, &bytes, &error), error);
    const char *line = (const char *)bytes.data, *const end = line + bytes.size;
    for (const char *stop; line < end && (stop = memchr(line, '\n', (size_t)(end - line))) != NULL;
         line = stop + 1, row++) {
        bcue_text_printf(&table, "%.*s", (int)(stop - line), line);
        if (row == 0)
            bcue_text_puts(&table, ",time_stamp\n");
        else
            bcue_text_printf(&table, ",10:%02zu:%02zu.%zu\n", row * 4 / 600, row * 4 / 10 % 60, row * 4 % 10);
    }
    CHECK_INT(row, SLOW_COUNT + 1);
    toy_write_text(SLOW, "scenario.csv", table.data);
    bcue_text_free(&table);
    bcue_bytes_free(&bytes);
    toy_write_text(SLOW, "run.yaml", slow_yaml);
}

/* The first beam of every instant by its id. */
typedef struct answers {
    size_t count;
    char id[SLOW_COUNT][64];
    int32_t first[SLOW_COUNT];
    int frames[SLOW_COUNT];
} answers;

static void note(void *cookie, const bcue_replay_tick *tick)
{
    answers *all = cookie;
    if (all->count == SLOW_COUNT)
        return;
    snprintf(all->id[all->count], sizeof all->id[0], "%s", tick->id);
    all->first[all->count] = tick->answer->beams[0].beam;
    all->frames[all->count++] = tick->answer->sources[BCUE_SENSOR_GPS].frames;
}

/* Trains, scores and plays with `stride`: every instant that has a sample is answered as its sample was. */
static void windows_are_those_of_training(const char *stride)
{
    static answers all;
    const char *const overrides[] = {stride};
    const bcue_replay_options options = {.stream = {.speed_limit_mps = 1e6}, .cookie = &all, .tick = note};
    bcue_error error = {""};
    bcue_report *report = NULL;
    bcue_predictions scored;
    size_t found = 0, unlike_before = 0;
    all.count = 0;
    toy_write_text(SLOW, "run.yaml", slow_yaml);
    CHECK_OK(bcue_train(SLOW "/run.yaml", overrides, 1, NULL, &report, &error), error);
    bcue_report_destroy(report);
    CHECK_OK(bcue_evaluate(SLOW "/run.yaml", overrides, 1, NULL, NULL, &report, &error), error);
    bcue_report_destroy(report);
    CHECK_OK(bcue_predictions_read(SLOW "/out/predictions-seed1.csv", &scored, &error), error);
    CHECK_OK(bcue_replay(SLOW "/out/model-seed1.safetensors", SLOW "/out/config.yaml", &options, NULL,
                         &report, &error),
             error);
    bcue_report_destroy(report);
    for (size_t i = 0; i < scored.rows; i++)
        for (size_t k = 0; k < all.count; k++)
            if (strcmp(scored.ids[i], all.id[k]) == 0) {
                const int32_t best = scored.ranked[i * (size_t)scored.ranked_count];
                CHECK_INT(all.first[k], best);
                CHECK_INT(all.frames[k], 2);
                unlike_before += k > 0 && all.first[k] != all.first[k - 1] ? 1 : 0;
                found++;
            }
    CHECK_INT(found, scored.rows);
    CHECK(found >= SLOW_COUNT / 2 - SLOW_EPISODES && unlike_before > found / 4);
    bcue_predictions_free(&scored);
}

static void steps_are_those_of_the_recording(void)
{
    write_slow_recording();
    windows_are_those_of_training("data.window.stride=1");
    windows_are_those_of_training("data.window.stride=2");
}

int main(void)
{
    prepare();
    RUN(scores_are_those_of_evaluate);
    RUN(a_compressed_model_answers_first);
    RUN(faults_are_counted);
    RUN(the_page_and_what_is_refused);
    RUN(steps_are_those_of_the_recording);
    return check_summary();
}

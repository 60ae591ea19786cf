/* The search for a model in time, with a stopwatch that knows what it shall say: who is timed, who is
   trained, and that the tail of all rounds decides. */
#include "check.h"
#include "compress/compress_run.h"
#include "learn/trainer.h"
#include "models/model_file.h"
#include "toy_data.h"

#define FOLDER BCUE_BINARY_DIR "/test_compress_run"

static const toy_shape street = {.episodes = 6, .rows = 7, .beams = 4};
static const char yaml[] =
    "name: toy\n"
    "out: " FOLDER "/out\n"
    "data:\n"
    "  sources: [{root: " FOLDER "/scenario}]\n"
    "  beams: 4\n"
    "  window: {frames: 2}\n"
    "split: {train: 0.5, validation: 0.34, test: 0.16}\n"
    "features:\n"
    "  camera: {enabled: true, width: 64, height: 32}\n"
    "  position: {enabled: true}\n"
    "model: {kind: beamtransfuser, preset: tiny, modalities: [camera, gps], blocks: 1, width: 32, heads: 4,\n"
    "        anchors: 2, head: [8], dropout: 0}\n"
    "train: {epochs: 1, batch: 8, loader_threads: 0, optimizer: {kind: adam, lr: 0.001}}\n"
    "prune: {epochs: 1, windows: 4, score: magnitude, phases: one-shot, round_channels: 8}\n"
    "compress: {ratios: [0.6], frames: [1], pixels: [0.5], tune: 3, target_ms: 20, percentile: 90, max_loss: "
    "1,\n"
    "           threads: 1, layer_runs: 3}\n"
    "evaluate: {bootstrap: 0, top_k: [1]}\n";

/* What the watch says: ms of the whole model and of others; every second round of `busy` ones is 100 ms, in
   f32 as in 8 bits. */
typedef struct watch {
    double whole_ms, other_ms;
    const char *busy; /* a part of their path; NULL: none */
    int whole, shapes, others, rounds[2];
} watch;

static bcue_status measure(void *cookie, const char *path, bcue_answer_times *times, bcue_error *error)
{
    watch *w = cookie;
    const bool whole = strstr(path, "/whole/") != NULL, shape = strstr(path, "/shapes/") != NULL;
    w->whole += whole;
    w->shapes += shape;
    w->others += !whole && !shape;
    double ms = whole ? w->whole_ms : w->other_ms;
    if (w->busy != NULL && strstr(path, w->busy) != NULL &&
        w->rounds[strstr(path, "/int8/") != NULL]++ % 2 == 1)
        ms = 100;
    const double runs[4] = {ms, ms, ms, ms};
    return bcue_answer_times_add(times, runs, runs, 4, 90, error);
}

static void search(const char *const *more, watch *w, bcue_search *found)
{
    bcue_error error = {""};
    toy_run run;
    bcue_training_summary summary;
    CHECK_OK(toy_open(FOLDER, yaml, more, &run), run.error);
    run.run.train.resume = true;
    CHECK_OK(bcue_train_member(&run.run, run.config, run.dataset, bcue_run_member_at(&run.run, 0), NULL,
                               &summary, &error),
             error);
    bcue_training_summary_free(&summary);
    run.run.train.resume = false;
    const bcue_stopwatch stopwatch = {w, measure};
    CHECK_OK(bcue_compress_search(&run.run, run.config, run.dataset, &stopwatch, NULL, found, &error), error);
    toy_close(&run);
}

static const bcue_candidate *find(const bcue_search *found, bcue_candidate_kind kind, bool whole)
{
    for (size_t i = 0; i < found->count; i++)
        if (found->items[i].kind == kind && (found->items[i].state == BCUE_CANDIDATE_WHOLE) == whole &&
            !found->items[i].int8)
            return &found->items[i];
    CHECK_AT(false, "no candidate of kind %d", (int)kind);
    return &found->items[0];
}

static void read_inputs(const bcue_candidate *c, bcue_model_file *file)
{
    bcue_error error = {""};
    char path[600];
    snprintf(path, sizeof path, "%s/model-seed1.safetensors", c->folder);
    CHECK_OK(bcue_model_file_read(path, file, &error), error);
}

/* All of them fit: each kind is trained, and a narrower network from scratch for as many epochs. */
static void all_kinds(void)
{
    watch w = {.whole_ms = 10, .other_ms = 5};
    bcue_search found;
    bcue_model_file file;
    toy_write_scenario(FOLDER "/scenario", &street);
    search(NULL, &w, &found);
    const bcue_candidate *pruned = find(&found, BCUE_CANDIDATE_PRUNED, false),
                         *frames = find(&found, BCUE_CANDIDATE_FRAMES, false),
                         *pixels = find(&found, BCUE_CANDIDATE_PIXELS, false),
                         *dense = find(&found, BCUE_CANDIDATE_DENSE, false);
    const bcue_candidate *all[] = {pruned, frames, pixels, dense};
    for (int i = 0; i < 4; i++) {
        char name[64];
        bcue_candidate_name(all[i], name, sizeof name);
        CHECK_AT(all[i]->state == BCUE_CANDIDATE_TUNED && all[i]->dba >= 0 && all[i]->times.runs > 0, "%s",
                 name);
        CHECK_AT(all[i]->predicted_ms > 0 && isfinite(bcue_candidate_error(all[i])), "%s", name);
    }
    read_inputs(frames, &file);
    CHECK_INT(file.inputs.frames, 1);
    bcue_model_file_free(&file);
    read_inputs(pixels, &file);
    CHECK(file.inputs.width == 32 && file.inputs.height == 16);
    bcue_model_file_free(&file);
    CHECK(found.dense >= 0 && dense->width < 32 && dense->width % 4 == 0);
    CHECK_INT(dense->epochs, 1 + 4); /* as trained, and four phases of one */
    read_inputs(dense, &file);
    CHECK_INT(file.config.width, dense->width);
    bcue_model_file_free(&file);
    CHECK(found.chosen >= 0 && bcue_candidate_ms(&found.items[found.chosen]) <= 20);
    for (size_t i = 0; i < found.count; i++)
        CHECK(!(found.items[i].dba > found.items[found.chosen].dba));
    const int64_t size = found.items[0].parameters;
    CHECK(pruned->parameters < size && dense->parameters < size);
    bcue_search_free(&found);
}

/* Nothing fits by far: the shapes are not timed at all, only predicted. */
static void screened(void)
{
    static const char *const more[] = {"compress.target_ms=0.01", "out=" FOLDER "/screened", NULL};
    watch w = {.whole_ms = 10, .other_ms = 5};
    bcue_search found;
    search(more, &w, &found);
    CHECK(w.whole > 0);
    CHECK_INT(w.shapes, 0);
    CHECK_INT(w.others, 0);
    CHECK(found.chosen < 0 && found.dense < 0);
    const bcue_candidate *pruned = find(&found, BCUE_CANDIDATE_PRUNED, false);
    CHECK(pruned->state == BCUE_CANDIDATE_SCREENED && pruned->times.runs == 0);
    /* scaled by the whole model: sum over its layers -> 10 ms */
    CHECK_NEAR(pruned->predicted_ms, 10 * pruned->layers_ms / found.items[0].layers_ms, 1e-9);
    CHECK(isnan(bcue_candidate_error(pruned)) && bcue_candidate_ms(pruned) == pruned->predicted_ms);
    bcue_search_free(&found);
}

/* Half of the rounds of the fewer frames were held up: they are not in time at the 90th percentile, whatever
   their quickest round says. */
static void busy_rounds(void)
{
    static const char *const more[] = {"compress.ratios=[]", "compress.pixels=[]", "compress.dense=false",
                                       NULL};
    watch w = {.whole_ms = 30, .other_ms = 5, .busy = "/frames-1/"};
    bcue_search found;
    search(more, &w, &found);
    const bcue_candidate *frames = find(&found, BCUE_CANDIDATE_FRAMES, false);
    CHECK(frames->times.runs_ms[0] == 5 && frames->times.ms == 100);
    CHECK_INT(found.chosen, -1);
    bcue_search_free(&found);
}

/* No model may be narrower than 8, so there is no dense control, whatever the layers' times are. */
static void narrowest(void)
{
    static const char *const more[] = {"compress.ratios=[]", "compress.pixels=[]",       "model.width=8",
                                       "model.heads=1",      "out=" FOLDER "/narrowest", NULL};
    watch w = {.whole_ms = 10, .other_ms = 5};
    bcue_search found;
    search(more, &w, &found);
    CHECK(found.dense < 0 && found.no_narrower);
    CHECK(find(&found, BCUE_CANDIDATE_FRAMES, false)->state == BCUE_CANDIDATE_TUNED);
    bcue_search_free(&found);
}

static void refused(void)
{
    static const char *const more[] = {"compress.frames=[2]", NULL};
    bcue_error error = {""};
    bcue_search found;
    toy_run run;
    watch w = {.whole_ms = 10, .other_ms = 5};
    const bcue_stopwatch stopwatch = {&w, measure};
    CHECK_OK(toy_open(FOLDER, yaml, more, &run), run.error);
    CHECK_STATUS(bcue_compress_search(&run.run, run.config, run.dataset, &stopwatch, NULL, &found, &error),
                 BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "compress.frames: 2 is not fewer than the 2 of the model");
    toy_close(&run);
}

int main(void)
{
    RUN(all_kinds);
    RUN(screened);
    RUN(busy_rounds);
    RUN(narrowest);
    RUN(refused);
    return check_summary();
}

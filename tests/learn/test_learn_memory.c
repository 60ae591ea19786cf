/* train.memory_limit: the same model to the bit; what does not fit is refused with what would. */
#include "base/parallel.h"
#include "check.h"
#include "toy_data.h"

#define FOLDER BCUE_BINARY_DIR "/test_learn_memory"

static const toy_shape street = {.episodes = 5, .rows = 6, .beams = 4, .missing_every = 9};

/* 18 training samples in batches of 8, each in micro-batches of 6 and 2; the last batch has 2. */
static const char yaml[] =
    "name: toy\n"
    "out: " FOLDER "/out\n"
    "data:\n"
    "  sources: [{root: " FOLDER "/scenario}]\n"
    "  beams: 4\n"
    "split: {train: 0.6, validation: 0.2, test: 0.2}\n"
    "features:\n"
    "  camera: {enabled: true, width: 64, height: 64}\n"
    "  position: {enabled: true}\n"
    "model: {kind: beamtransfuser, modalities: [camera, gps], width: 8, camera_depth: 18, blocks: "
    "1, anchors: 4, head: [16], dropout: 0.2}\n"
    "train:\n"
    "  epochs: 2\n"
    "  batch: 8\n"
    "  micro_batch: 6\n"
    "  ema: 0.9\n"
    "  loader_threads: 1\n"
    "  checkpoint_every: 0\n"
    "  optimizer: {kind: adamw, lr: 0.001}\n";

#include "toy_train.h"

typedef struct memory_line {
    double plans_mb, rest_mb, limit_mb, again;
} memory_line;

static void keep_memory_line(void *cookie, bcue_log_level level, const char *text)
{
    memory_line *line = cookie;
    (void)level;
    if (strncmp(text, "memory: ", 8) == 0)
        CHECK_INT(sscanf(text, "memory: %lf MB for what is computed and %lf MB for the rest, of %lf MB; %lf",
                         &line->plans_mb, &line->rest_mb, &line->limit_mb, &line->again),
                  4);
}

static bcue_status run_limited(const char *out, const char *limit, const char *more, memory_line *line,
                               bcue_error *error)
{
    char out_setting[256], limit_setting[64];
    snprintf(out_setting, sizeof out_setting, "out=%s/%s", FOLDER, out);
    snprintf(limit_setting, sizeof limit_setting, "train.memory_limit=%s", limit);
    const char *const overrides[] = {out_setting, more, limit[0] != '\0' ? limit_setting : NULL, NULL};
    const bcue_hooks hooks = {.cookie = line, .log = keep_memory_line};
    toy_run run;
    bcue_training_summary summary = {0};
    *line = (memory_line){0};
    bcue_status status = toy_open(FOLDER, yaml, overrides, &run);
    *error = run.error;
    if (status == BCUE_OK)
        status = bcue_train_member(&run.run, run.config, run.dataset, bcue_run_member_at(&run.run, 0), &hooks,
                                   &summary, error);
    bcue_training_summary_free(&summary);
    toy_close(&run);
    return status;
}

/* The least micro-batch plans take this share of what the first run's plans took. */
static void megabytes(const memory_line *all, double share, char text[32])
{
    snprintf(text, 32, "%.4fMB", all->rest_mb + share * all->plans_mb);
}

static void same_model_in_less_memory(void)
{
    bcue_error error = {""};
    memory_line line, all;
    char limit[32];
    CHECK_OK(run_limited("free", "", "seed=1", &line, &error), error);
    CHECK(line.plans_mb == 0); /* nobody asked */
    CHECK_OK(run_limited("wide", "100GiB", "seed=1", &all, &error), error);
    CHECK(all.plans_mb > 0 && all.rest_mb > 0 && all.again == 0);
    CHECK_NEAR(all.limit_mb, 100 * 1073.741824, 0.1);
    CHECK(same_models(FOLDER "/free", FOLDER "/wide"));
    double before = 0;
    for (double share = 0.9; share > 0.65; share -= 0.1) {
        megabytes(&all, share, limit);
        CHECK_OK(run_limited("tight", limit, "seed=1", &line, &error), error);
        CHECK(line.plans_mb <= share * all.plans_mb + 0.06); /* as printed */
        CHECK(line.again > 0 && line.again >= before);
        CHECK(same_models(FOLDER "/free", FOLDER "/tight"));
        before = line.again;
    }
}

static void refused_with_what_fits(void)
{
    bcue_error error = {""};
    memory_line line, all;
    char limit[32], micro[64];
    CHECK_OK(run_limited("wide", "1TB", "seed=1", &all, &error), error);
    megabytes(&all, 0.35, limit);
    CHECK_STATUS(run_limited("refused", limit, "seed=1", &line, &error), BCUE_ERROR_MEMORY);
    CHECK_CONTAINS(error.text, "train.memory_limit");
    const char *best = strstr(error.text, "train.micro_batch: ");
    CHECK_AT(best != NULL, "%s", error.text);
    if (best == NULL)
        return;
    const int most = (int)strtol(best + strlen("train.micro_batch: "), NULL, 10);
    CHECK(most >= 1 && most < 6);
    snprintf(micro, sizeof micro, "train.micro_batch=%d", most);
    CHECK_OK(run_limited("fits", limit, micro, &line, &error), error);
    snprintf(micro, sizeof micro, "train.micro_batch=%d", most + 1);
    CHECK_STATUS(run_limited("refused", limit, micro, &line, &error), BCUE_ERROR_MEMORY);
    /* Not even the weights, and nothing beside them. */
    megabytes(&all, -0.01, limit);
    CHECK_STATUS(run_limited("refused", limit, "seed=1", &line, &error), BCUE_ERROR_MEMORY);
    CHECK_CONTAINS(error.text, "alone take");
    megabytes(&all, 0.001, limit);
    CHECK_STATUS(run_limited("refused", limit, "seed=1", &line, &error), BCUE_ERROR_MEMORY);
    CHECK_CONTAINS(error.text, "no smaller micro-batch");
}

static void amounts_are_checked(void)
{
    static const char *const wrong[] = {"8", "8 gigs", "GiB", "-8GiB", "0GiB", "1e99GiB", "8GiB of it"};
    bcue_error error = {""};
    memory_line line;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK_STATUS(run_limited("wrong", wrong[i], "seed=1", &line, &error), BCUE_ERROR_CONFIG);
        CHECK_CONTAINS(error.text, "train.memory_limit");
    }
    CHECK_STATUS(run_limited("wrong", "8GiB", "train.engine=reference", &line, &error), BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(error.text, "onednn");
}

int main(void)
{
    bcue_set_threads(1);
    toy_write_scenario(FOLDER "/scenario", &street);
    RUN(same_model_in_less_memory);
    RUN(refused_with_what_fits);
    RUN(amounts_are_checked);
    return check_summary();
}

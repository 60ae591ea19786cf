/* From a trained model to a smaller one, by the configuration: the files are there, the numbers fit, the
   result is a model like any other and can be pruned further. */
#include "check.h"
#include "compress/prune_run.h"
#include "compress/prune_windows.h"
#include "learn/evaluate.h"
#include "learn/scorer.h"
#include "learn/trainer.h"
#include "toy_data.h"

#define FOLDER BCUE_BINARY_DIR "/test_prune_run"

static const toy_shape street = {.episodes = 5, .rows = 6, .beams = 4, .missing_every = 9};
static const char yaml[] =
    "name: toy\n"
    "out: " FOLDER "/out\n"
    "data:\n"
    "  sources: [{root: " FOLDER "/scenario}]\n"
    "  beams: 4\n"
    "split: {train: 0.6, validation: 0.2, test: 0.2}\n"
    "features:\n"
    "  camera: {enabled: true, width: 32, height: 32}\n"
    "  position: {enabled: true}\n"
    "model: {kind: beamtransfuser, preset: tiny, modalities: [camera, gps], blocks: 1, width: 16,\n"
    "        anchors: 2, head: [8], dropout: 0}\n"
    "train: {epochs: 1, batch: 8, loader_threads: 0, optimizer: {kind: adam, lr: 0.001}}\n"
    "prune: {ratios: [0.6], epochs: 1, windows: 8, score: fisher, round_channels: 8}\n"
    "evaluate: {bootstrap: 0, top_k: [1]}\n";

static bool exists(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file != NULL)
        fclose(file);
    return file != NULL;
}

static void check_result(const bcue_prune_result *result, int phases)
{
    CHECK_INT(result->phase_count, phases);
    int64_t before = result->parameters;
    for (int i = 0; i < result->phase_count; i++) {
        CHECK_AT(result->phases[i].parameters < before, "%s took nothing", result->phases[i].name);
        CHECK(result->phases[i].macs < result->macs);
        before = result->phases[i].parameters;
    }
    const double left = (double)before / (double)result->plan.before;
    CHECK_AT(fabs(left - result->ratio) < 0.04, "%g of the parameters became %g", result->ratio, left);
}

static void phase_by_phase(void)
{
    bcue_error error = {""};
    toy_run run;
    bcue_training_summary summary;
    bcue_prune_result result;
    toy_write_scenario(FOLDER "/scenario", &street);
    CHECK_OK(toy_open(FOLDER, yaml, NULL, &run), run.error);
    const bcue_run_member member = bcue_run_member_at(&run.run, 0);
    CHECK_OK(bcue_train_member(&run.run, run.config, run.dataset, member, NULL, &summary, &error), error);
    CHECK_OK(bcue_prune_member(&run.run, run.config, run.dataset, member, 0.6, summary.model_path, NULL,
                               &result, &error),
             error);
    check_result(&result, 4);
    CHECK_STR(result.model_path, FOLDER "/out/prune-total-0.6/model-seed1.safetensors");
    CHECK(exists(FOLDER "/out/prune-total-0.6/config.yaml"));
    CHECK(exists(FOLDER "/out/prune-total-0.6/shape-seed1.yaml"));
    CHECK(exists(FOLDER "/out/prune-total-0.6/scores-tokens-seed1.csv"));
    CHECK(exists(FOLDER "/out/prune-total-0.6/phase1/pruned-seed1.safetensors"));
    /* the written configuration finds and scores its model */
    bcue_run_config scored;
    bcue_config *config;
    bcue_evaluation evaluation;
    CHECK_OK(
        bcue_run_config_read(FOLDER "/out/prune-total-0.6/config.yaml", NULL, 0, &scored, &config, &error),
        error);
    CHECK(scored.model.pruned.count > 0);
    CHECK_STR(scored.name, "toy-total-0.6");
    CHECK_OK(bcue_evaluate_run(&scored, config, run.dataset, NULL, NULL, &evaluation, &error), error);
    bcue_evaluation_free(&evaluation);
    bcue_config_destroy(config);
    /* a smaller share of the same network, from here, at once, without fine-tuning */
    const char *const more[] = {"prune.phases=one-shot", "prune.epochs=0",       "prune.of=fusion",
                                "prune.score=kl",        "prune.agreement=true", NULL};
    toy_run again;
    char *from = result.model_path;
    result.model_path = NULL;
    bcue_prune_result_free(&result);
    CHECK_OK(toy_open(FOLDER, yaml, more, &again), again.error);
    CHECK_OK(
        bcue_prune_member(&again.run, again.config, again.dataset, member, 0.3, from, NULL, &result, &error),
        error);
    CHECK_INT(result.phase_count, 1);
    CHECK(result.phases[0].parameters < result.parameters);
    CHECK_NEAR(result.phases[0].pruned_top1, result.phases[0].tuned_top1, 0);
    CHECK_STR(result.model_path, FOLDER "/out/prune-fusion-0.3/model-seed1.safetensors");
    bcue_prune_result_free(&result);
    free(from);
    bcue_training_summary_free(&summary);
    toy_close(&again);
    toy_close(&run);
}

/* One window from each episode before a second one from any. */
static void windows_of_many_episodes(void)
{
    bcue_error error = {""};
    toy_run run;
    CHECK_OK(toy_open(FOLDER, yaml, NULL, &run), run.error);
    bcue_split split;
    CHECK_OK(bcue_run_member_split(&run.run, run.config, run.dataset, bcue_run_member_at(&run.run, 0), &split,
                                   &error),
             error);
    bcue_feature_config features = run.run.features;
    CHECK_OK(bcue_features_fit(run.dataset, split.train, split.train_count, &features, &error), error);
    const bcue_model_inputs inputs = bcue_model_inputs_of(run.dataset, &features, &run.run.model);
    for (size_t wanted = 2; wanted <= 40; wanted += 19) {
        bcue_prune_windows windows;
        CHECK_OK(bcue_prune_windows_load(run.dataset, &split, &features, &inputs, wanted, 1, NULL, &windows,
                                         &error),
                 error);
        CHECK_INT(windows.data.count, wanted < split.train_count ? wanted : split.train_count);
        CHECK_INT(windows.episodes, wanted < 3 ? wanted : 3); /* 0.6 of five episodes train */
        int counts[8] = {0};
        for (size_t i = 0; i < windows.data.count; i++) {
            const bcue_sample *sample = bcue_dataset_sample(run.dataset, windows.samples[i]);
            CHECK_INT(windows.data.label[i], sample->label);
            counts[sample->episode]++;
        }
        int least = 99, most = 0;
        for (int e = 0; e < 8; e++) {
            least = counts[e] > 0 && counts[e] < least ? counts[e] : least;
            most = counts[e] > most ? counts[e] : most;
        }
        CHECK(most - least <= 1);
        bcue_prune_windows_free(&windows);
    }
    bcue_split_free(&split);
    toy_close(&run);
}

int main(void)
{
    RUN(phase_by_phase);
    RUN(windows_of_many_episodes);
    return check_summary();
}

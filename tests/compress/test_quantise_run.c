/* From a trained model to one in 8 bits, by the configuration: what rounding costs, and that fine-tuning with
   the rounding wins back what fine-tuning without it does not. */
#include <stdlib.h>
#include "check.h"
#include "compress/quantise_run.h"
#include "engine/int8_conv.h"
#include "learn/score_file.h"
#include "learn/trainer.h"
#include "models/model_file.h"
#include "toy_data.h"

#define FOLDER BCUE_BINARY_DIR "/test_quantise_run"

static const toy_shape street = {.episodes = 20, .rows = 16, .beams = 8};
static const char yaml[] =
    "name: toy\n"
    "out: " FOLDER "/out\n"
    "data:\n"
    "  sources: [{root: " FOLDER "/scenario}]\n"
    "  beams: 8\n"
    "split: {train: 0.6, validation: 0.3, test: 0.1}\n"
    "features:\n"
    "  position: {enabled: true}\n"
    "model: {kind: position-mlp, hidden: 24}\n"
    "train: {epochs: 150, batch: 32, loader_threads: 0, select: last, optimizer: {kind: adam, lr: 0.01}}\n"
    "quantise: {method: percentile, share: 0.8, windows: 128, validation_windows: 96, epochs: 60,\n"
    "           tune: always, sensitivity: false}\n"
    "evaluate: {bootstrap: 0, top_k: [1]}\n";

static void quantise(const char *const *more, const char *from, bcue_quantise_result *result)
{
    bcue_error error = {""};
    toy_run run;
    CHECK_OK(toy_open(FOLDER, yaml, more, &run), run.error);
    CHECK_OK(bcue_quantise_member(&run.run, run.config, run.dataset, bcue_run_member_at(&run.run, 0), from,
                                  NULL, result, &error),
             error);
    toy_close(&run);
}

static void train(const char *const *more)
{
    bcue_error error = {""};
    toy_run run;
    bcue_training_summary summary = {0};
    CHECK_OK(toy_open(FOLDER, yaml, more, &run), run.error);
    CHECK_OK(bcue_train_member(&run.run, run.config, run.dataset, bcue_run_member_at(&run.run, 0), NULL,
                               &summary, &error),
             error);
    bcue_training_summary_free(&summary);
    toy_close(&run);
}

static bcue_model_file read_model(const char *path)
{
    bcue_error error = {""};
    bcue_model_file model = {0};
    CHECK_OK(bcue_model_file_read(path, &model, &error), error);
    return model;
}

static bool same_weights(const bcue_model_file *a, const bcue_model_file *b)
{
    bool same = a->weights.count == b->weights.count;
    for (int32_t i = 0; same && i < a->weights.count; i++)
        same = memcmp(a->weights.tensors[i].data, b->weights.tensors[i].data,
                      bcue_tensor_size(&a->weights.tensors[i])) == 0;
    return same;
}

static bool same_scales(const bcue_int8_scales *a, const bcue_int8_scales *b)
{
    bool same = a->layers.count == b->layers.count;
    for (size_t i = 0; same && i < a->layers.count; i++)
        same = strcmp(a->layers.items[i], b->layers.items[i]) == 0 &&
               fabs(a->scale.items[i] - b->scale.items[i]) <= 1e-7 * a->scale.items[i] &&
               a->negative.items[i] == b->negative.items[i];
    return same;
}

/* The share of a matrix's weights that are no whole steps of their row's scale. */
static double between_levels(const bcue_tensor *weight)
{
    const float *w = weight->data;
    const int64_t columns = weight->shape.dim[1], count = bcue_tensor_count(weight);
    int64_t between = 0;
    for (int64_t i = 0; i < count; i++) {
        float largest = 0;
        for (int64_t k = i / columns * columns; k < i / columns * columns + columns; k++)
            largest = fmaxf(largest, fabsf(w[k]));
        const double level = (double)w[i] / ((double)largest / 127);
        between += fabs(level - nearbyint(level)) > 0.01;
    }
    return (double)between / (double)count;
}

/* Top-1 of a model file on the validation samples. */
static double validate(const char *path, bool rounded)
{
    bcue_error error = {""};
    toy_run run;
    bcue_split split;
    double hits = 0;
    CHECK_OK(toy_open(FOLDER, yaml, NULL, &run), run.error);
    CHECK_OK(bcue_run_member_split(&run.run, run.config, run.dataset, bcue_run_member_at(&run.run, 0), &split,
                                   &error),
             error);
    float *scores = calloc(split.validation_count * street.beams, sizeof *scores);
    const bcue_score_job job = {.train = &run.run.train,
                                .dataset = run.dataset,
                                .samples = split.validation,
                                .count = split.validation_count,
                                .rounded = rounded};
    CHECK_OK(bcue_score_file(path, &job, NULL, scores, &error), error);
    for (size_t i = 0; i < split.validation_count; i++) {
        size_t best = 0;
        for (size_t b = 1; b < street.beams; b++)
            best = scores[i * street.beams + b] > scores[i * street.beams + best] ? b : best;
        hits += (int32_t)best == bcue_dataset_sample(run.dataset, split.validation[i])->label;
    }
    const double top1 = hits / (double)split.validation_count;
    free(scores);
    bcue_split_free(&split);
    toy_close(&run);
    return top1;
}

#define TRAINED FOLDER "/out/model-seed1.safetensors"

/* A fifth of what layers read is cut, which rounding after training pays for dearly. */
static void fine_tuning_recovers(void)
{
    static const char *const never[] = {"quantise.tune=never", "out=" FOLDER "/never", NULL},
                             *const always[] = {"out=" FOLDER "/always", NULL},
                             *const plain[] = {"train.init=" TRAINED,       "train.epochs=60",
                                               "train.optimizer.lr=0.001",  "train.optimizer.schedule=cosine",
                                               "out=" FOLDER "/trained_on", NULL},
                             *const control[] = {"quantise.tune=never", "out=" FOLDER "/control", NULL};
    bcue_quantise_result after, tuned, without;
    toy_write_scenario(FOLDER "/scenario", &street);
    train(NULL);
    quantise(never, TRAINED, &after);
    quantise(always, TRAINED, &tuned);
    const double lost = after.exact.top1 - after.all.top1;
    CHECK_AT(lost > 0.1, "only %g is lost", lost);
    CHECK(!after.tried_tuning && after.tuned_epochs == 0 && after.rounded == !bcue_int8_available());
    CHECK(tuned.tried_tuning && tuned.tuned_epochs == 60);
    CHECK_NEAR(tuned.all.top1, after.all.top1, 0);
    CHECK_AT(tuned.tuned.top1 > after.all.top1 + 0.5 * lost, "%g, %g before and %g in f32", tuned.tuned.top1,
             after.all.top1, after.exact.top1);
    CHECK_AT(tuned.tuned.divergence < 0.5 * after.all.divergence, "%g, %g before", tuned.tuned.divergence,
             after.all.divergence);
    /* as long a training without the rounding is no help */
    train(plain);
    quantise(control, FOLDER "/trained_on/model-seed1.safetensors", &without);
    CHECK_AT(without.all.top1 < after.all.top1 + 0.25 * lost, "%g without rounding, %g before",
             without.all.top1, after.all.top1);
    /* the files */
    bcue_model_file trained = read_model(TRAINED), a = read_model(after.model_path),
                    b = read_model(tuned.model_path);
    CHECK(same_weights(&trained, &a) && !same_weights(&trained, &b));
    CHECK(a.int8 != NULL && b.int8 != NULL && same_scales(a.int8, b.int8));
    CHECK_INT(a.int8->epochs, 0);
    CHECK_INT(b.int8->epochs, 60);
    for (int32_t i = 0; i < b.weights.count; i++)
        if (strcmp(b.weights.names[i], "shared.weight") == 0)
            CHECK_AT(between_levels(&b.weights.tensors[i]) > 0.8, "%g of the weights lie between levels",
                     between_levels(&b.weights.tensors[i]));
    bcue_model_file_free(&trained);
    bcue_model_file_free(&a);
    bcue_model_file_free(&b);
    const double border =
        bcue_int8_available() ? 0.025 : 1e-12; /* levels may differ by the last bit of a sum */
    CHECK_NEAR(validate(tuned.model_path, true), tuned.tuned.top1, border);
    CHECK_NEAR(validate(after.model_path, true), after.all.top1, border);
    if (!bcue_int8_available())
        CHECK_NEAR(validate(after.model_path, false), after.exact.top1, 1e-12);
    bcue_quantise_result_free(&after);
    bcue_quantise_result_free(&tuned);
    bcue_quantise_result_free(&without);
}

static void only_when_needed(void)
{
    static const char *const fine[] = {"quantise.tune=when-needed", "quantise.max_loss=1",
                                       "quantise.epochs=1",         "quantise.sensitivity=true",
                                       "out=" FOLDER "/fine",       NULL},
                             *const needed[] = {"quantise.tune=when-needed", "quantise.epochs=1",
                                                "quantise.sensitivity=true", "out=" FOLDER "/needed", NULL};
    bcue_quantise_result result;
    quantise(fine, TRAINED, &result);
    CHECK(!result.tried_tuning && result.validation > 0);
    bcue_quantise_result_free(&result);
    quantise(needed, TRAINED, &result);
    CHECK(result.exact.dba - result.all.dba > 0.005 && result.tried_tuning && result.tried_layers);
    CHECK(result.exact.dba - result.chosen.dba <= 0.005); /* the rest is for layers in f32 */
    bcue_quantise_result_free(&result);
}

/* Fine-tuning that makes it worse is thrown away. */
static void made_worse(void)
{
    static const char *const wild[] = {"quantise.lr=30", "quantise.epochs=3", "quantise.max_loss=1",
                                       "out=" FOLDER "/wild", NULL};
    bcue_quantise_result result;
    quantise(wild, TRAINED, &result);
    CHECK(result.tried_tuning && result.tuned.dba < result.all.dba);
    CHECK_INT(result.tuned_epochs, 0);
    CHECK_NEAR(result.chosen.dba, result.all.dba, 0);
    bcue_model_file trained = read_model(TRAINED), made = read_model(result.model_path);
    CHECK(same_weights(&trained, &made));
    CHECK_INT(made.int8->epochs, 0);
    bcue_model_file_free(&trained);
    bcue_model_file_free(&made);
    bcue_quantise_result_free(&result);
}

static void refused(void)
{
    static const char *const no_scales[] = {"train.int8=true", "train.init=" TRAINED,
                                            "out=" FOLDER "/refused", NULL},
                             *const no_model[] = {"train.int8=true", NULL},
                             *const table[] = {"train.int8=true", "train.init=" TRAINED,
                                               "model.kind=position-knn", NULL};
    bcue_error error = {""};
    bcue_training_summary summary;
    toy_run run;
    CHECK_OK(toy_open(FOLDER, yaml, no_scales, &run), run.error);
    CHECK_STATUS(bcue_train_member(&run.run, run.config, run.dataset, bcue_run_member_at(&run.run, 0), NULL,
                                   &summary, &error),
                 BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "make them first with 'beamcue quantise'");
    toy_close(&run);
    CHECK_STATUS(toy_open(FOLDER, yaml, no_model, &run), BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(run.error.text, "needs train.init, a model of 'beamcue quantise'");
    toy_close(&run);
    CHECK_STATUS(toy_open(FOLDER, yaml, table, &run), BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(run.error.text, "train.int8: a table (position-knn) has no layers");
    toy_close(&run);
}

/* By itself the branch of the fixes stays in f32, and the head; the tokens' layers do not. */
static void keeps_fixes_and_head(void)
{
    static const char *const more[] = {"out=" FOLDER "/keeps",
                                       "model.kind=beamtransfuser",
                                       "model.preset=tiny",
                                       "model.modalities=[gps]",
                                       "model.blocks=1",
                                       "model.head=[8]",
                                       "train.epochs=1",
                                       "quantise.tune=never",
                                       NULL};
    bcue_quantise_result result;
    int kept = 0, bytes = 0;
    train(more);
    quantise(more, FOLDER "/keeps/model-seed1.safetensors", &result);
    for (size_t i = 0; i < result.layer_count; i++) {
        const char *name = result.layers[i].name;
        const bool wanted = strncmp(name, "gps.", 4) == 0 || strncmp(name, "head.", 5) == 0;
        CHECK_AT(result.layers[i].kept == wanted, "%s", name);
        kept += result.layers[i].kept;
        bytes += !result.layers[i].kept;
    }
    CHECK(kept >= 4 && bytes >= 4);
    bcue_quantise_result_free(&result);
}

int main(void)
{
    RUN(fine_tuning_recovers);
    RUN(only_when_needed);
    RUN(made_worse);
    RUN(refused);
    RUN(keeps_fixes_and_head);
    return check_summary();
}

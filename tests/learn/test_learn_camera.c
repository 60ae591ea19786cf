/* Training a camera network: it learns; frozen branches keep every bit, batch-norm statistics included. */
#include <unistd.h>
#include "base/parallel.h"
#include "check.h"
#include "learn/trainer.h"
#include "models/model_file.h"
#include "toy_data.h"

#define FOLDER BCUE_BINARY_DIR "/test_learn_camera"

static const toy_shape street = {.episodes = 5, .rows = 6, .beams = 4, .missing_every = 9};

/* 18 training samples, some without picture and position. */
static const char yaml[] = "name: toy\n"
                           "out: " FOLDER "/out\n"
                           "data:\n"
                           "  sources: [{root: " FOLDER "/scenario}]\n"
                           "  beams: 4\n"
                           "split: {train: 0.6, validation: 0.2, test: 0.2}\n"
                           "features:\n"
                           "  camera: {enabled: true, width: 32, height: 32}\n"
                           "  position: {enabled: true}\n"
                           "model: {kind: resnet18, position: true, hidden: 8}\n"
                           "train:\n"
                           "  epochs: 4\n"
                           "  batch: 8\n"
                           "  loader_threads: 1\n"
                           "  checkpoint_every: 0\n"
                           "  select: last\n"
                           "  optimizer: {kind: adam, lr: 0.001}\n";

static bcue_status train(const char *const *overrides, bcue_error *error)
{
    toy_run run;
    bcue_training_summary summary = {0};
    bcue_status status = toy_open(FOLDER, yaml, overrides, &run);
    *error = run.error;
    if (status == BCUE_OK)
        status = bcue_train_member(&run.run, run.config, run.dataset, bcue_run_member_at(&run.run, 0), NULL,
                                   &summary, error);
    bcue_training_summary_free(&summary);
    toy_close(&run);
    return status;
}

static bcue_model_file read_model(const char *path)
{
    bcue_error error = {""};
    bcue_model_file model;
    CHECK_OK(bcue_model_file_read(path, &model, &error), error);
    return model;
}

static void learns(void)
{
    bcue_error error = {""};
    CHECK_OK(train(NULL, &error), error);
    FILE *history = fopen(FOLDER "/out/history-seed1.csv", "r");
    CHECK(history != NULL);
    if (history == NULL)
        return;
    char line[256];
    double loss[8] = {0};
    int rows = -1;
    for (; rows < 5 && fgets(line, sizeof line, history) != NULL; rows++)
        if (rows >= 0)
            CHECK_INT(sscanf(line, "%*d,%*f,%lf", &loss[rows]), 1);
    fclose(history);
    CHECK_INT(rows, 4);
    CHECK_AT(loss[3] < 0.7 * loss[0], "loss from %g to %g", loss[0], loss[3]);
}

/* Which tensors changed since the first model: those whose name does not begin with `frozen`. */
static void check_frozen(const char *frozen)
{
    bcue_model_file before = read_model(FOLDER "/out/model-seed1.safetensors"),
                    after = read_model(FOLDER "/frozen/model-seed1.safetensors");
    const size_t length = strlen(frozen);
    int kept = 0;
    CHECK_INT(before.weights.count, after.weights.count);
    for (int32_t i = 0; i < before.weights.count; i++) {
        const char *name = before.weights.names[i];
        const bool same = memcmp(before.weights.tensors[i].data, after.weights.tensors[i].data,
                                 bcue_tensor_size(&before.weights.tensors[i])) == 0;
        const bool expected = strncmp(name, frozen, length) == 0 && name[length] == '.';
        CHECK_AT(same == expected, "freeze [%s]: %s %s", frozen, name, same ? "is unchanged" : "changed");
        kept += same;
    }
    CHECK(kept > 10);
    bcue_model_file_free(&before);
    bcue_model_file_free(&after);
}

#define INIT "train.init=" FOLDER "/out/model-seed1.safetensors"

static void frozen_branches_keep_every_bit(void)
{
    bcue_error error = {""};
    static const char *const freeze[] = {"train.freeze=[camera]", "train.freeze=[camera.layer1]"};
    static const char *const names[] = {"camera", "camera.layer1"};
    for (int i = 0; i < 2; i++) {
        const char *const overrides[] = {
            "out=" FOLDER "/frozen", INIT, "train.epochs=1", "seed=1", freeze[i], NULL};
        CHECK_OK(train(overrides, &error), error);
        check_frozen(names[i]);
    }
}

static size_t weights_size(const bcue_model_file *model, int32_t i)
{
    return bcue_tensor_size(&model->weights.tensors[i]);
}

/* Compares with the first model: how many statistics of batch norm, and how many other tensors, are the same.
 */
static void count_same(const char *path, int *statistics, int *others, int *all_statistics)
{
    bcue_model_file a = read_model(FOLDER "/out/model-seed1.safetensors"), b = read_model(path);
    *statistics = *others = *all_statistics = 0;
    for (int32_t i = 0; i < a.weights.count; i++) {
        const bool running = strstr(a.weights.names[i], ".running_") != NULL;
        const bool same =
            memcmp(a.weights.tensors[i].data, b.weights.tensors[i].data, weights_size(&a, i)) == 0;
        *all_statistics += running;
        *statistics += running && same;
        *others += !running && same;
    }
    bcue_model_file_free(&a);
    bcue_model_file_free(&b);
}

static void modes_of_batch_norm(void)
{
    bcue_error error = {""};
    int statistics, others, all;
    /* sync: as one big batch, to the last bit. */
    const char *const sync[] = {"out=" FOLDER "/sync", "train.bn=sync", NULL};
    CHECK_OK(train(sync, &error), error);
    count_same(FOLDER "/sync/model-seed1.safetensors", &statistics, &others, &all);
    CHECK(all == 40 && statistics == all && others == 64);
    /* micro: each micro-batch has statistics of its own. */
    const char *const micro[] = {"out=" FOLDER "/micro", "train.micro_batch=2", NULL};
    CHECK_OK(train(micro, &error), error);
    count_same(FOLDER "/micro/model-seed1.safetensors", &statistics, &others, &all);
    CHECK(statistics == 0 && others == 0);
    /* frozen: those of the first model stay, all else is trained; and then pieces add up to the batch. */
    const char *const frozen[] = {"out=" FOLDER "/bn", INIT, "train.bn=frozen", "train.epochs=1", NULL};
    CHECK_OK(train(frozen, &error), error);
    count_same(FOLDER "/bn/model-seed1.safetensors", &statistics, &others, &all);
    CHECK(statistics == all && others == 0);
    const char *const pieces[] = {"out=" FOLDER "/bn2",
                                  INIT,
                                  "train.bn=frozen",
                                  "train.epochs=1",
                                  "train.micro_batch=3",
                                  "train.optimizer={kind: sgd, lr: 0.001}",
                                  NULL};
    const char *const whole[] = {"out=" FOLDER "/bn1",
                                 INIT,
                                 "train.bn=frozen",
                                 "train.epochs=1",
                                 "train.optimizer={kind: sgd, lr: 0.001}",
                                 NULL};
    CHECK_OK(train(pieces, &error), error);
    CHECK_OK(train(whole, &error), error);
    bcue_model_file a = read_model(FOLDER "/bn1/model-seed1.safetensors"),
                    b = read_model(FOLDER "/bn2/model-seed1.safetensors");
    double difference = 0, size = 0;
    for (int32_t i = 0; i < a.weights.count; i++) {
        for (int64_t k = 0; k < bcue_tensor_count(&a.weights.tensors[i]); k++) {
            const double x = (double)((float *)a.weights.tensors[i].data)[k],
                         y = (double)((float *)b.weights.tensors[i].data)[k];
            difference += (x - y) * (x - y);
            size += x * x;
        }
    }
    CHECK_AT(difference < 1e-11 * size, "%g of %g", difference, size);
    bcue_model_file_free(&a);
    bcue_model_file_free(&b);
}

/* A last batch of one picture leaves one value per channel in the last stage. */
static void a_last_batch_too_small_is_told(void)
{
    bcue_error error = {""};
    const char *const overrides[] = {"out=" FOLDER "/tail", "train.batch=17", NULL};
    CHECK_STATUS(train(overrides, &error), BCUE_ERROR_SHAPE);
    CHECK_CONTAINS(error.text,
                   "the last batch of an epoch would hold only 1 of 18 samples; set another train.batch");
}

int main(void)
{
    bcue_set_threads(1);
    toy_write_scenario(FOLDER "/scenario", &street);
    RUN(learns);
    RUN(frozen_branches_keep_every_bit);
    RUN(modes_of_batch_norm);
    RUN(a_last_batch_too_small_is_told);
    return check_summary();
}

/* Training on a toy street: it learns, it repeats, and broken runs end as unbroken ones. */
#include "base/parallel.h"
#include "check.h"
#include "tensor/safetensors.h"
#include "toy_data.h"

#define FOLDER BCUE_BINARY_DIR "/test_learn_trainer"

static const toy_shape street = {.episodes = 10, .rows = 12, .beams = 8};

/* 72 training samples in batches of 10: seven steps and a short one. */
static const char yaml[] = "name: toy\n"
                           "out: " FOLDER "/out\n"
                           "data:\n"
                           "  sources:\n"
                           "    - {format: npy, root: " FOLDER ", prefix: toy}\n"
                           "  beams: 8\n"
                           "split: {train: 0.6, validation: 0.2, test: 0.2}\n"
                           "features: {position: {enabled: true}}\n"
                           "model: {kind: position-mlp, hidden: 24, shared_layers: 1, dropout: 0.1}\n"
                           "train:\n"
                           "  epochs: 3\n"
                           "  batch: 10\n"
                           "  loader_threads: 0\n"
                           "  optimizer: {kind: adamw, lr: 0.02, weight_decay: 0.01, clip_norm: 5}\n";

#include "toy_train.h"

/* ---- tests ---- */

static void learns(void)
{
    const char *const overrides[] = {"train.epochs=60", "out=" FOLDER "/learns", "model.dropout=0", NULL};
    outcome result = train_yaml(yaml, overrides, NULL);
    CHECK_OK(result.status, result.error);
    CHECK(result.summary.validation_top1 > 0.95);
    CHECK(!result.summary.skipped);
    CHECK_INT(result.summary.epochs, 60);
    CHECK_INT(result.summary.train_count, 72);
    CHECK_INT(result.summary.validation_count, 24);
    CHECK_STR(result.summary.model_path, FOLDER "/learns/model-seed1.safetensors");
    bcue_training_summary_free(&result.summary);
    CHECK(!exists(FOLDER "/learns", "checkpoint-seed1.safetensors"));

    FILE *history = fopen(FOLDER "/learns/history-seed1.csv", "r");
    CHECK(history != NULL);
    if (history == NULL)
        return;
    char line[256];
    CHECK(fgets(line, sizeof line, history) != NULL);
    CHECK_STR(line, "epoch,learning_rate,train_loss,validation_loss,validation_top1,seconds,validation_dba,"
                    "gradient_norm,validation_mpr,validation_below_db\n");
    double loss, first_loss = 0;
    int epoch, rows = 0;
    for (; fgets(line, sizeof line, history) != NULL; rows++) {
        CHECK_INT(sscanf(line, "%d,%*f,%lf", &epoch, &loss), 2);
        CHECK_INT(epoch, rows + 1);
        first_loss = rows == 0 ? loss : first_loss;
    }
    CHECK_INT(rows, 60);
    CHECK(loss < first_loss / 5);
    fclose(history);
}

static void same_seed_same_weights(void)
{
    const char *const a[] = {"out=" FOLDER "/a", NULL},
                      *const b[] = {"out=" FOLDER "/b", "train.loader_threads=2", "threads=2", NULL},
                      *const c[] = {"out=" FOLDER "/c", "seed=2", NULL};
    CHECK_STATUS(train(a, NULL), BCUE_OK);
    bcue_set_threads(2);
    CHECK_STATUS(train(b, NULL), BCUE_OK);
    CHECK_INT(bcue_get_threads(), 2); /* put back after a graph that takes one */
    bcue_set_threads(1);
    CHECK(same_models(FOLDER "/a", FOLDER "/b"));
    CHECK_STATUS(train(c, NULL), BCUE_OK);
    bcue_error error = {""};
    bcue_model_file first = read_model(FOLDER "/a"), other;
    CHECK_OK(bcue_model_file_read(FOLDER "/c/model-seed2.safetensors", &other, &error), error);
    CHECK(memcmp(first.weights.tensors[0].data, other.weights.tensors[0].data,
                 bcue_tensor_size(&first.weights.tensors[0])) != 0);
    bcue_model_file_free(&first);
    bcue_model_file_free(&other);
}

/* Stop at poll k and go on, for every `step`-th k until a run is not stopped any more. */
static void break_everywhere(const char *optimizer, int step)
{
    const char *const whole[] = {"out=" FOLDER "/whole", optimizer, NULL};
    const char *const broken[] = {"out=" FOLDER "/broken", optimizer, "train.checkpoint_every=0",
                                  "train.resume=true", NULL};
    CHECK_STATUS(train(whole, NULL), BCUE_OK);
    int stopped = 0;
    for (int k = 1;; k += step) {
        remove_results(FOLDER "/broken");
        watcher w = {.cancel_at = k};
        if (train(broken, &w) == BCUE_OK)
            break;
        stopped++;
        CHECK(exists(FOLDER "/broken", "checkpoint-seed1.safetensors"));
        CHECK(!exists(FOLDER "/broken", "model-seed1.safetensors"));
        if (k % 3 == 0) { /* and once more, a little later */
            watcher again = {.cancel_at = 4};
            (void)train(broken, &again);
        }
        CHECK_STATUS(train(broken, NULL), BCUE_OK);
        CHECK_AT(same_models(FOLDER "/whole", FOLDER "/broken"), "%s: stopped at poll %d: other weights",
                 optimizer, k);
        CHECK(!exists(FOLDER "/broken", "checkpoint-seed1.safetensors"));
    }
    CHECK(stopped * step >= 24);
}

static void stopped_and_resumed_is_as_unbroken(void)
{
    break_everywhere(
        "train.optimizer={kind: adamw, lr: 0.02, weight_decay: 0.01, schedule: cosine, warmup_epochs: 1}", 1);
    break_everywhere(
        "train.optimizer={kind: sgd, lr: 0.1, momentum: 0.9, schedule: step, milestones: [1, 2]}", 4);
    break_everywhere("train.optimizer={kind: adam, lr: 0.02, clip_norm: 0.5, weight_decay: 0.001}", 5);
}

/* The process dies in a step: what is left is the checkpoint of the last whole epoch. */
static void killed_and_resumed_is_as_unbroken(void)
{
    const char *const whole[] = {"out=" FOLDER "/whole", NULL}, *const killed[] = {"out=" FOLDER "/killed",
                                                                                   "train.resume=true", NULL};
    CHECK_STATUS(train(whole, NULL), BCUE_OK);
    const int places[] = {3, 9, 16, 23};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        remove_results(FOLDER "/killed");
        fflush(NULL);
        const pid_t child = fork();
        if (child == 0) {
            watcher w = {.die_at = places[i]};
            (void)train(killed, &w);
            _exit(0);
        }
        int status = 0;
        CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
        CHECK_INT(WEXITSTATUS(status), 7);
        CHECK_INT(exists(FOLDER "/killed", "checkpoint-seed1.safetensors"), places[i] > 8);
        CHECK_STATUS(train(killed, NULL), BCUE_OK);
        CHECK_AT(same_models(FOLDER "/whole", FOLDER "/killed"), "killed in step %d: other weights",
                 places[i]);
    }
}

/* A network large enough for several threads: resuming with another number works and says so. */
static void other_threads_work_and_warn(void)
{
    const char *const overrides[] = {"out=" FOLDER "/threads",
                                     "model.hidden=1024",
                                     "model.shared_layers=8",
                                     "train.batch=30",
                                     "train.epochs=1",
                                     "train.resume=true",
                                     NULL};
    remove_results(FOLDER "/threads");
    watcher w = {.cancel_at = 2}, rest = {0};
    CHECK_STATUS(train(overrides, &w), BCUE_ERROR_CANCELLED);
    bcue_set_threads(2);
    CHECK_STATUS(train(overrides, &rest), BCUE_OK);
    bcue_set_threads(1);
    CHECK_CONTAINS(rest.warning, "other threads");
}

static void refused(const char *const *overrides, bcue_status expected, const char *part)
{
    outcome result = train_yaml(yaml, overrides, NULL);
    CHECK_STATUS(result.status, expected);
    CHECK_CONTAINS(result.error.text, part);
    bcue_training_summary_free(&result.summary);
}

static void copy_file(const char *from, const char *to, size_t less)
{
    bcue_error error = {""};
    bcue_bytes bytes;
    CHECK_OK(bcue_file_read(from, 1 << 24, &bytes, &error), error);
    CHECK_OK(bcue_file_write(to, bytes.data, bytes.size > less ? bytes.size - less : 0, &error), error);
    bcue_bytes_free(&bytes);
}

#define CHECKPOINT FOLDER "/stop/checkpoint-seed1.safetensors"

static void foreign_and_damaged_checkpoints_are_refused(void)
{
    const char *const stop[] = {"out=" FOLDER "/stop", NULL};
    remove_results(FOLDER "/stop");
    watcher w = {.cancel_at = 12};
    CHECK_STATUS(train(stop, &w), BCUE_ERROR_CANCELLED);
    const char *const other_config[] = {"out=" FOLDER "/stop", "train.resume=true", "train.optimizer.lr=0.03",
                                        NULL},
                      *const other_model[] = {"out=" FOLDER "/stop", "train.resume=true", "model.hidden=25",
                                              NULL},
                      *const other_split[] = {"out=" FOLDER "/stop", "train.resume=true", "split.seed=5",
                                              NULL},
                      *const other_seed[] = {"out=" FOLDER "/stop", "train.resume=true", "seed=2", NULL},
                      *const same[] = {"out=" FOLDER "/stop", "train.resume=true", "evaluate.bootstrap=5",
                                       "train.loader_threads=1", NULL};
    refused(other_config, BCUE_ERROR_DATA, "belongs to another run");
    refused(other_model, BCUE_ERROR_DATA, "belongs to another run");
    refused(other_split, BCUE_ERROR_DATA, "belongs to another run");
    copy_file(CHECKPOINT, FOLDER "/stop/checkpoint-seed2.safetensors", 0);
    refused(other_seed, BCUE_ERROR_DATA, "belongs to another run");
    (void)unlink(FOLDER "/stop/checkpoint-seed2.safetensors");

    copy_file(CHECKPOINT, FOLDER "/stop/kept", 0);
    for (size_t less = 1; less < 4000; less = less * 3 + 1) {
        copy_file(FOLDER "/stop/kept", CHECKPOINT, less);
        refused(same, BCUE_ERROR_FORMAT, "checkpoint-seed1.safetensors");
    }
    copy_file(FOLDER "/a/model-seed1.safetensors", CHECKPOINT, 0);
    refused(same, BCUE_ERROR_FORMAT, "not a training checkpoint");
    copy_file(FOLDER "/stop/kept", CHECKPOINT, 0);
    CHECK_STATUS(train(same, NULL), BCUE_OK);
}

static void finished_members_are_skipped(void)
{
    const char *const overrides[] = {"out=" FOLDER "/a", "train.resume=true", NULL}, *const longer[] = {
                                                                                         "out=" FOLDER "/a",
                                                                                         "train.resume=true",
                                                                                         "train.epochs=4",
                                                                                         NULL};
    outcome result = train_yaml(yaml, overrides, NULL);
    CHECK_OK(result.status, result.error);
    CHECK(result.summary.skipped);
    CHECK(result.summary.parameters > 0);
    bcue_training_summary_free(&result.summary);
    result = train_yaml(yaml, longer, NULL);
    CHECK_OK(result.status, result.error);
    CHECK(!result.summary.skipped);
    bcue_training_summary_free(&result.summary);
}

static void without_validation_the_last_epoch_is_kept(void)
{
    const char *const none[] = {"out=" FOLDER "/none", "split.validation=0", "split.train=0.8",
                                "train.epochs=4", NULL};
    watcher w = {0};
    outcome result = train_yaml(yaml, none, &w);
    CHECK_OK(result.status, result.error);
    CHECK_INT(result.summary.best_epoch, 4);
    CHECK_CONTAINS(w.epoch, "epoch 4: loss ");
    CHECK(strstr(w.epoch, "validation") == NULL && strstr(w.epoch, "top-1") == NULL);
    CHECK_INT(result.summary.validation_count, 0);
    bcue_training_summary_free(&result.summary);
    const char *const last[] = {"out=" FOLDER "/last", "train.select=last", NULL};
    result = train_yaml(yaml, last, &w);
    CHECK_OK(result.status, result.error);
    CHECK_CONTAINS(w.epoch, ", validation loss ");
    CHECK_CONTAINS(w.epoch, " %, DBA ");
    CHECK_INT(result.summary.best_epoch, 3);
    bcue_training_summary_free(&result.summary);
    const char *const loss[] = {"out=" FOLDER "/loss", "train.select=validation-loss", "train.epochs=6",
                                NULL};
    result = train_yaml(yaml, loss, NULL);
    CHECK_OK(result.status, result.error);
    CHECK(result.summary.validation_loss > 0);
    bcue_training_summary_free(&result.summary);
}

static void diverging_is_told(void)
{
    bcue_error error = {""};
    bcue_model_file model = read_model(FOLDER "/a");
    for (int32_t i = 0; i < model.weights.count; i++)
        for (int64_t k = 0; k < bcue_tensor_count(&model.weights.tensors[i]); k++)
            ((float *)model.weights.tensors[i].data)[k] *= 1e30F;
    CHECK_OK(bcue_model_file_write(FOLDER "/huge.safetensors", &model, &error), error);
    bcue_model_file_free(&model);
    remove_results(FOLDER "/wild");
    const char *const wild[] = {"out=" FOLDER "/wild", "train.init=" FOLDER "/huge.safetensors", NULL};
    refused(wild, BCUE_ERROR_DATA, "the loss is not a number in epoch 1, step 1 (samples toy/");
    CHECK(!exists(FOLDER "/wild", "model-seed1.safetensors"));
}

static void init_and_freeze(void)
{
    const char *const start[] = {"out=" FOLDER "/start", NULL};
    CHECK_STATUS(train(start, NULL), BCUE_OK);
    const char *const overrides[] = {"out=" FOLDER "/frozen",
                                     "train.init=" FOLDER "/start/model-seed1.safetensors",
                                     "train.freeze=[input, shared]", "train.epochs=2", NULL};
    CHECK_STATUS(train(overrides, NULL), BCUE_OK);
    bcue_model_file before = read_model(FOLDER "/start"), after = read_model(FOLDER "/frozen");
    for (int32_t i = 0; i < before.weights.count; i++) {
        const bool same = memcmp(before.weights.tensors[i].data, after.weights.tensors[i].data,
                                 bcue_tensor_size(&before.weights.tensors[i])) == 0;
        CHECK_AT(same == (strncmp(before.weights.names[i], "output", 6) != 0), "%s", before.weights.names[i]);
    }
    bcue_model_file_free(&before);
    bcue_model_file_free(&after);

#define INIT "train.init=" FOLDER "/start/model-seed1.safetensors"
    const char *const unknown[] = {INIT, "train.freeze=[outpu]", NULL},
                      *const all[] = {INIT, "train.freeze=[input, shared, output]", NULL},
                      *const alone[] = {"train.freeze=[input]", NULL},
                      *const other[] = {INIT, "model.hidden=25", NULL},
                      *const nowhere[] = {"train.init=" FOLDER "/nowhere.safetensors", NULL};
    refused(unknown, BCUE_ERROR_CONFIG, "no parameter is in a branch 'outpu'");
    refused(all, BCUE_ERROR_CONFIG, "nothing to train");
    refused(alone, BCUE_ERROR_CONFIG, "train.init");
    refused(other, BCUE_ERROR_DATA, "tensor 'input.weight' is f32 (24, 2), but this model has f32 (25, 2)");
    refused(nowhere, BCUE_ERROR_IO, "nowhere.safetensors");
}

/* ---- a part of a model ---- */

typedef struct told {
    char info[512], warning[512];
} told;

static void keep_lines(void *cookie, bcue_log_level level, const char *text)
{
    told *t = cookie;
    if (strstr(text, "part.safetensors") == NULL)
        return;
    snprintf(level == BCUE_LOG_WARNING ? t->warning : t->info, sizeof t->info, "%s", text);
}

/* Writes the tensors of the model in `out` that are named, the last of them under another name if asked. */
static void write_part(const char *out, const char *const *names, size_t count, const char *other_name)
{
    bcue_error error = {""};
    bcue_model_file model = read_model(out);
    bcue_named_tensor tensors[8];
    for (size_t n = 0; n < count; n++)
        for (int32_t i = 0; i < model.weights.count; i++)
            if (strcmp(model.weights.names[i], names[n]) == 0)
                tensors[n] = (bcue_named_tensor){.name = names[n], .tensor = &model.weights.tensors[i]};
    if (other_name != NULL)
        tensors[count - 1].name = other_name;
    CHECK_OK(bcue_safetensors_write(FOLDER "/part.safetensors", tensors, count, NULL, 0, &error), error);
    bcue_model_file_free(&model);
}

#define PART "train.init=" FOLDER "/part.safetensors"
static bcue_status train_part(const char *const *overrides, told *t, bcue_error *error)
{
    toy_run run;
    bcue_training_summary summary = {0};
    const bcue_hooks hooks = {.cookie = t, .log = keep_lines};
    *t = (told){.info = ""};
    bcue_status status = toy_open(FOLDER, yaml, overrides, &run);
    *error = run.error;
    if (status == BCUE_OK)
        status = bcue_train_member(&run.run, run.config, run.dataset, bcue_run_member_at(&run.run, 0), &hooks,
                                   &summary, error);
    bcue_training_summary_free(&summary);
    toy_close(&run);
    return status;
}

/* Which tensors of two models are the same; a bit each. */
static unsigned same_tensors(const char *out_a, const char *out_b)
{
    bcue_model_file a = read_model(out_a), b = read_model(out_b);
    unsigned same = 0;
    for (int32_t i = 0; i < a.weights.count; i++)
        if (memcmp(a.weights.tensors[i].data, b.weights.tensors[i].data,
                   bcue_tensor_size(&a.weights.tensors[i])) == 0)
            same |= 1U << i;
    bcue_model_file_free(&a);
    bcue_model_file_free(&b);
    return same;
}

/* Tensors 0 .. 5: input, shared, output, a weight and a bias each. */
static void starts_from_a_part(void)
{
    static const char *const names[] = {"input.weight", "input.bias", "output.bias"};
    bcue_error error = {""};
    told t;
    /* So small a step moves nothing: the weights stay what they were at the start. */
    const char *const still[] = {"out=" FOLDER "/drawn", "train.epochs=1", "train.optimizer.lr=1e-12",
                                 "train.optimizer.weight_decay=0", NULL};
    const char *const part[] = {"out=" FOLDER "/part",
                                "train.epochs=1",
                                "train.optimizer.lr=1e-12",
                                "train.optimizer.weight_decay=0",
                                PART,
                                NULL};
    CHECK_OK(train_part(still, &t, &error), error);
    write_part(FOLDER "/start", names, 3, NULL);
    CHECK_OK(train_part(part, &t, &error), error);
    CHECK_CONTAINS(
        t.info, "taken: input (all 2), output (1 of 2: output.bias); drawn: shared (all 2), output (1 of 2: "
                "output.weight)");
    CHECK_STR(t.warning, "");
    CHECK_INT(same_tensors(FOLDER "/part", FOLDER "/start"), 0x23);
    CHECK_INT(same_tensors(FOLDER "/part", FOLDER "/drawn"), 0x1C);
    /* A tensor that the model lacks is named. */
    write_part(FOLDER "/start", names, 3, "stranger");
    CHECK_OK(train_part(part, &t, &error), error);
    CHECK_CONTAINS(t.warning, "no tensor 'stranger'");
    CHECK_CONTAINS(t.info, "output (all 2)");
    const char *const frozen[] = {"out=" FOLDER "/part", "train.epochs=1", PART, "train.freeze=[input]",
                                  NULL},
                      *const too_much[] = {"out=" FOLDER "/part", "train.epochs=1", PART,
                                           "train.freeze=[output]", NULL};
    CHECK_OK(train_part(frozen, &t, &error), error);
    CHECK_INT(same_tensors(FOLDER "/part", FOLDER "/start") & 3U, 3);
    CHECK_STATUS(train_part(too_much, &t, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "has no tensor 'output.weight', which is frozen");
    /* Nothing of it, a wrong shape, a value that is none. */
    write_part(FOLDER "/start", names, 1, "stranger");
    CHECK_STATUS(train_part(part, &t, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "no tensor has a name of this model (such as 'input.weight')");
    write_part(FOLDER "/start", names, 3, "output.weight");
    CHECK_STATUS(train_part(part, &t, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text,
                   "part.safetensors: tensor 'output.weight' is f32 (8), but this model has f32 (8, 24)");
}

static void impossible_runs_are_refused(void)
{
    toy_run run;
    const char *const camera[] = {"model.kind=resnet18", NULL},
                      *const folds[] = {"cross_validate=true", NULL},
                      *const part[] = {"cross_validate=true", "split.folds=3", "evaluate.part=validation",
                                       NULL},
                      *const minimum[] = {"train.optimizer.minimum_lr=1", NULL},
                      *const flip[] = {"features.augment.flip=0.5", NULL};
    const char *const *const all[] = {camera, folds, part, minimum, flip};
    const char *const parts[] = {"features.camera.enabled: true", "split.folds", "overlap", "minimum_lr",
                                 "mirror plane"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        CHECK_STATUS(toy_open(FOLDER, yaml, all[i], &run), BCUE_ERROR_CONFIG);
        CHECK_CONTAINS(run.error.text, parts[i]);
        toy_close(&run);
    }
}

static void tables_are_fitted(void)
{
    static const char *const kinds[] = {"model.kind=random", "model.kind=constant", "model.kind=majority",
                                        "model.kind=position-lut", "model.kind=position-knn"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const char *const overrides[] = {kinds[i], "out=" FOLDER "/table", NULL};
        outcome result = train_yaml(yaml, overrides, NULL);
        CHECK_OK(result.status, result.error);
        CHECK_INT(result.summary.best_epoch, 0);
        bcue_training_summary_free(&result.summary);
        bcue_model_file model = read_model(FOLDER "/table");
        CHECK_INT(model.inputs.beams, 8);
        CHECK_STR(bcue_model_kind_names[model.config.kind], strchr(kinds[i], '=') + 1);
        bcue_model_file_free(&model);
    }
}

int main(void)
{
    bcue_set_threads(1);
    toy_write_positions(FOLDER, &street);
    RUN(learns);
    RUN(same_seed_same_weights);
    RUN(stopped_and_resumed_is_as_unbroken);
    RUN(killed_and_resumed_is_as_unbroken);
    RUN(other_threads_work_and_warn);
    RUN(foreign_and_damaged_checkpoints_are_refused);
    RUN(finished_members_are_skipped);
    RUN(without_validation_the_last_epoch_is_kept);
    RUN(diverging_is_told);
    RUN(init_and_freeze);
    RUN(starts_from_a_part);
    RUN(impossible_runs_are_refused);
    RUN(tables_are_fitted);
    return check_summary();
}

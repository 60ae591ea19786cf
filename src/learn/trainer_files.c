#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/json.h"
#include "base/parallel.h"
#include "base/report_hooks.h"
#include "beamcue/version.h"
#include "base/hash.h"
#include "learn/trainer_internal.h"
#include "models/model_file.h"

/* Of everything that shapes the weights; where files lie, how many seeds there are and how results are scored
 * do not. */
static bool hash_config(bcue_trainer *trainer)
{
    bcue_run_config run = *trainer->run;
    run.name = run.out = NULL;
    run.seed = run.seeds = run.threads = 0;
    run.features = trainer->features;
    run.train.resume = false;
    run.train.loader_threads = run.train.checkpoint_every = 0;
    run.data.cache = NULL;
    run.data.power_unit = 0;
    run.evaluate = (bcue_evaluate_config){0};
    run.view = (bcue_view_config){0};
    bcue_text text = {0};
    bcue_config_write(bcue_run_config_fields, &run, &text);
    if (text.failed) {
        bcue_text_free(&text);
        return false;
    }
    bcue_hash hash = bcue_hash_begin();
    bcue_hash_text(&hash, text.data);
    bcue_hash_text(&hash, bcue_dataset_hash(trainer->dataset));
    snprintf(trainer->config_hash, sizeof trainer->config_hash, "%016llx",
             (unsigned long long)bcue_hash_end(&hash));
    bcue_text_free(&text);
    return true;
}

bcue_status bcue_trainer_name_files(bcue_trainer *trainer, bcue_error *error)
{
    trainer->checkpoint_path =
        bcue_run_member_path(trainer->run, trainer->member, "checkpoint", "safetensors");
    trainer->model_path = bcue_run_member_path(trainer->run, trainer->member, "model", "safetensors");
    trainer->history_path = bcue_run_member_path(trainer->run, trainer->member, "history", "csv");
    if (trainer->checkpoint_path == NULL || trainer->model_path == NULL || trainer->history_path == NULL ||
        !hash_config(trainer))
        return bcue_fail_memory(error, "training");
    return BCUE_OK;
}

static bcue_checkpoint_identity identity_of(const bcue_trainer *trainer)
{
    return (bcue_checkpoint_identity){.seed = trainer->member.seed,
                                      .fold = trainer->member.fold,
                                      .config_hash = trainer->config_hash,
                                      .threads = bcue_get_threads(),
                                      .isa = bcue_cpu_isa()};
}

bcue_status bcue_trainer_save(const bcue_trainer *trainer, bcue_error *error)
{
    const bcue_checkpoint_identity identity = identity_of(trainer);
    return bcue_checkpoint_write(trainer->checkpoint_path, &trainer->state, &identity, error);
}

bcue_status bcue_trainer_resume(bcue_trainer *trainer, bcue_error *error)
{
    if (!bcue_path_exists(trainer->checkpoint_path)) {
        bcue_log(trainer->hooks, BCUE_LOG_INFO, "no checkpoint %s: training begins with the first epoch",
                 trainer->checkpoint_path);
        return BCUE_OK;
    }
    const bcue_checkpoint_identity identity = identity_of(trainer);
    bool bit_equal;
    BCUE_TRY(bcue_checkpoint_read(trainer->checkpoint_path, &trainer->state, &identity, &bit_equal, error));
    const bcue_train_state *state = &trainer->state;
    if (state->epoch > trainer->run->train.epochs || state->step_in_epoch > trainer->steps_per_epoch ||
        state->optimizer.steps != state->epoch * trainer->steps_per_epoch + state->step_in_epoch)
        return bcue_fail(error, BCUE_ERROR_FORMAT,
                         "%s: impossible counts in the checkpoint; delete the file and train again",
                         trainer->checkpoint_path);
    bcue_plan_weights_changed(trainer->full.plan);
    if (trainer->tail.plan != NULL)
        bcue_plan_weights_changed(trainer->tail.plan);
    bcue_log(trainer->hooks, BCUE_LOG_INFO, "resumed %s after epoch %lld, step %lld",
             trainer->checkpoint_path, (long long)trainer->state.epoch,
             (long long)trainer->state.step_in_epoch);
    if (!bit_equal)
        bcue_log(trainer->hooks, BCUE_LOG_WARNING,
                 "the checkpoint was made with other threads or another CPU: the weights may differ in their "
                 "last bits from an unbroken run");
    return BCUE_OK;
}

bool bcue_trainer_finished(bcue_trainer *trainer)
{
    bcue_model_file model;
    if (!bcue_path_exists(trainer->model_path) ||
        bcue_model_file_read(trainer->model_path, &model, NULL) != BCUE_OK)
        return false;
    json_t *training = json_loads(model.training_json, JSON_REJECT_DUPLICATES, NULL);
    const char *hash = NULL;
    const bool same = training != NULL && json_unpack(training, "{s:s}", "config_hash", &hash) == 0 &&
                      strcmp(hash, trainer->config_hash) == 0;
    json_decref(training);
    if (same) { /* for the summary */
        trainer->state.weights = model.weights;
        model.weights = (bcue_weights){0};
    }
    bcue_model_file_free(&model);
    return same;
}

static char *training_json(const bcue_trainer *trainer)
{
    const bcue_train_state *state = &trainer->state;
    char now[32], seen[17];
    bcue_clock_utc(now, sizeof now);
    bcue_split_seen_hash(trainer->dataset, &trainer->split, seen);
    json_t *history = json_array();
    for (int64_t i = 0; i < state->epoch; i++) {
        const bcue_history_row *row = &state->history[i];
        json_array_append_new(history,
                              json_pack("{s:I, s:f, s:f, s:f, s:f}", "epoch", (json_int_t)row->epoch, "lr",
                                        row->learning_rate, "train_loss", row->train_loss, "validation_loss",
                                        row->validation_loss, "validation_top1", row->validation_top1));
    }
    json_t *all = json_pack(
        "{s:s, s:s, s:I, s:I, s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:I, s:I, s:I, s:f, s:o}", "name",
        trainer->run->name, "commit", bcue_version_commit(), "seed", (json_int_t)trainer->member.seed, "fold",
        (json_int_t)trainer->member.fold, "config_hash", trainer->config_hash, "data_hash",
        bcue_dataset_hash(trainer->dataset), "seen_hash", seen, "beamcue", bcue_version_string(), "date", now,
        "threads", bcue_get_threads(), "isa", bcue_cpu_isa(), "train_samples",
        (json_int_t)trainer->split.train_count, "validation_samples",
        (json_int_t)trainer->split.validation_count, "best_epoch", (json_int_t)state->best_epoch,
        "leak_percent", trainer->split.leak.percent, "history", history);
    char *text = all == NULL ? NULL : json_dumps(all, JSON_REAL_PRECISION(9) | JSON_COMPACT);
    json_decref(all);
    return text;
}

bcue_status bcue_trainer_write_model(bcue_trainer *trainer, const bcue_weights *weights, bcue_error *error)
{
    bcue_text features = {0}, codebook = {0};
    bcue_config_write(bcue_feature_config_fields, &trainer->features, &features);
    bcue_text_printf(&codebook, "beams: %lld\nindex_monotone: %s\n", (long long)trainer->inputs.beams,
                     trainer->run->data.index_monotone ? "true" : "false");
    char *training = training_json(trainer);
    bcue_status status = BCUE_OK;
    if (features.failed || codebook.failed || training == NULL) {
        status = bcue_fail_memory(error, trainer->model_path);
    } else {
        const bcue_model_file model = {.config = trainer->run->model,
                                       .inputs = trainer->inputs,
                                       .weights = *weights,
                                       .features_yaml = features.data,
                                       .codebook_yaml = codebook.data,
                                       .training_json = training};
        status = bcue_model_file_write(trainer->model_path, &model, error);
    }
    bcue_text_free(&features);
    bcue_text_free(&codebook);
    free(training);
    return status;
}

bcue_status bcue_trainer_write_history(const bcue_trainer *trainer, bcue_error *error)
{
    bcue_text text = {0};
    bcue_text_puts(&text, "epoch,learning_rate,train_loss,validation_loss,validation_top1,seconds\n");
    for (int64_t i = 0; i < trainer->state.epoch; i++) {
        const bcue_history_row *row = &trainer->state.history[i];
        bcue_text_printf(&text, "%lld,%.9g,%.9g,%.9g,%.9g,%.3f\n", (long long)row->epoch, row->learning_rate,
                         row->train_loss, row->validation_loss, row->validation_top1, row->seconds);
    }
    bcue_status status = text.failed ? bcue_fail_memory(error, trainer->history_path)
                                     : bcue_file_write(trainer->history_path, text.data, text.size, error);
    bcue_text_free(&text);
    return status;
}

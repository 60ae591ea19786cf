#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "base/report_hooks.h"
#include "beamcue/version.h"
#include "learn/trainer_internal.h"
#include "models/codebook_note.h"
#include "models/model_file.h"
#include "tensor/safetensors.h"

/* The keys of a run without those that say where files lie, how many seeds there are and how results are
 * scored (malloc'd). */
static bcue_config_field *fields_of_weights(void)
{
    static const char *const others[] = {"name", "out", "seed", "seeds", "threads", "evaluate", "view"};
    size_t count = 0, kept = 0;
    while (bcue_run_config_fields[count].name != NULL)
        count++;
    bcue_config_field *fields = bcue_calloc(count + 1, sizeof *fields);
    for (size_t i = 0; fields != NULL && i < count; i++) {
        bool other = false;
        for (size_t k = 0; k < sizeof others / sizeof *others; k++)
            other = other || strcmp(bcue_run_config_fields[i].name, others[k]) == 0;
        if (!other)
            fields[kept++] = bcue_run_config_fields[i];
    }
    return fields;
}

/* Of everything that shapes the weights. What has its default is left out, so that a later version, which
 * knows more keys, goes on with a checkpoint of this one. */
static bool hash_config(bcue_trainer *trainer)
{
    bcue_config_field *fields = fields_of_weights();
    if (fields == NULL)
        return false;
    bcue_run_config run = *trainer->run;
    run.features = trainer->features;
    run.train.resume = false;
    run.train.loader_threads = run.train.checkpoint_every = 0;
    run.train.checkpoint_minutes = 0;
    run.data.cache = NULL;
    run.data.power_unit = 0;
    char teacher[17] = "";
    if (run.distill.teacher != NULL) /* what counts is which teacher, not where it lies */
        (void)bcue_teacher_hash(run.distill.teacher, teacher, NULL);
    run.distill.teacher = run.distill.teacher != NULL ? teacher : NULL;
    run.distill.cache = NULL;
    bcue_text text = {0};
    bcue_config_write_given(fields, &run, &text);
    free(fields);
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
    trainer->metrics_path = bcue_run_member_path(trainer->run, trainer->member, "metrics", "jsonl");
    trainer->best_path = bcue_run_member_path(trainer->run, trainer->member, "best", "safetensors");
    trainer->diverged_path = bcue_run_member_path(trainer->run, trainer->member, "diverged", "safetensors");
    if (trainer->checkpoint_path == NULL || trainer->model_path == NULL || trainer->history_path == NULL ||
        trainer->metrics_path == NULL || trainer->best_path == NULL || trainer->diverged_path == NULL ||
        !hash_config(trainer))
        return bcue_fail_memory(error, "training");
    return BCUE_OK;
}

static bcue_checkpoint_identity identity_of(const bcue_trainer *trainer)
{
    return (bcue_checkpoint_identity){.seed = trainer->member.seed,
                                      .fold = trainer->member.fold,
                                      .config_hash = trainer->config_hash,
                                      .threads = bcue_get_threads() * trainer->ranks->count,
                                      .isa = bcue_cpu_isa()};
}

bcue_status bcue_trainer_save(bcue_trainer *trainer, bcue_error *error)
{
    const bcue_checkpoint_identity identity = identity_of(trainer);
    bcue_train_state *state = &trainer->state;
    if (trainer->ranks->rank > 0) {
        trainer->saved_s = bcue_clock_s();
        return BCUE_OK;
    }
    BCUE_TRY(bcue_checkpoint_write(trainer->checkpoint_path, state, &identity, error));
    if (state->epoch > 0)
        BCUE_TRY(bcue_trainer_write_history(trainer, error));
    if (state->best_epoch > trainer->best_written) {
        BCUE_TRY(bcue_trainer_write_model(trainer, &state->best, trainer->best_path, error));
        trainer->best_written = state->best_epoch;
    }
    trainer->saved_s = bcue_clock_s();
    return BCUE_OK;
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
    bcue_trainer_weights_changed(trainer);
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
    if (all != NULL && trainer->batch_size > 0) {
        json_object_set_new(all, "batch", json_integer((json_int_t)trainer->batch_size));
        json_object_set_new(all, "micro_batch", json_integer((json_int_t)trainer->micro_batch));
        json_object_set_new(all, "ema", json_real(trainer->run->train.ema));
        json_object_set_new(all, "ranks", json_integer(trainer->ranks->count));
    }
    char *text = all == NULL ? NULL : json_dumps(all, JSON_REAL_PRECISION(9) | JSON_COMPACT);
    json_decref(all);
    return text;
}

bcue_status bcue_trainer_write_model(bcue_trainer *trainer, const bcue_weights *weights, const char *path,
                                     bcue_error *error)
{
    if (trainer->ranks->rank > 0)
        return BCUE_OK;
    bcue_text features = {0}, codebook = {0};
    bcue_config_write(bcue_feature_config_fields, &trainer->features, &features);
    bcue_codebook_note_write(trainer->inputs.beams, trainer->run->data.index_monotone,
                             bcue_dataset_codebook(trainer->dataset), &codebook);
    char *training = training_json(trainer);
    bcue_status status = BCUE_OK;
    if (features.failed || codebook.failed || training == NULL) {
        status = bcue_fail_memory(error, path);
    } else {
        const bcue_model_file model = {.config = trainer->run->model,
                                       .inputs = trainer->inputs,
                                       .weights = bcue_trainer_model_part(trainer, weights),
                                       .features_yaml = features.data,
                                       .codebook_yaml = codebook.data,
                                       .int8 = trainer->scaled.int8,
                                       .training_json = training};
        status = bcue_model_file_write(path, &model, error);
    }
    bcue_text_free(&features);
    bcue_text_free(&codebook);
    free(training);
    return status;
}

static void put_metrics_line(const bcue_trainer *trainer, const bcue_history_row *row, bcue_text *out)
{
    const bool validated = trainer->split.validation_count > 0;
    bcue_text_printf(
        out,
        "{\"seed\": %llu, \"fold\": %lld, \"epoch\": %lld, \"step\": %lld, \"learning_rate\": %.9g, "
        "\"train_loss\": %.9g, \"gradient_norm\": %.9g, \"seconds\": %.3f",
        (unsigned long long)trainer->member.seed, (long long)trainer->member.fold, (long long)row->epoch,
        (long long)row->epoch * trainer->steps_per_epoch, row->learning_rate, row->train_loss,
        row->gradient_norm, row->seconds);
    if (validated)
        bcue_text_printf(out, ", \"validation_loss\": %.9g, \"validation_top1\": %.9g", row->validation_loss,
                         row->validation_top1);
    if (row->validation_dba >= 0)
        bcue_text_printf(out, ", \"validation_dba\": %.9g", row->validation_dba);
    if (row->validation_mpr >= 0)
        bcue_text_printf(out, ", \"validation_mpr\": %.9g, \"validation_below_db\": %.9g",
                         row->validation_mpr, row->validation_below_db);
    bcue_text_puts(out, "}\n");
}

static bcue_status write_text(const char *path, bcue_text *text, bcue_error *error)
{
    bcue_status status =
        text->failed ? bcue_fail_memory(error, path) : bcue_file_write(path, text->data, text->size, error);
    bcue_text_free(text);
    return status;
}

bcue_status bcue_trainer_write_history(bcue_trainer *trainer, bcue_error *error)
{
    trainer->written_s = bcue_clock_s();
    if (trainer->ranks->rank > 0)
        return BCUE_OK;
    bcue_text csv = {0}, lines = {0};
    bcue_text_puts(&csv, "epoch,learning_rate,train_loss,validation_loss,validation_top1,seconds,"
                         "validation_dba,gradient_norm,validation_mpr,validation_below_db\n");
    for (int64_t i = 0; i < trainer->state.epoch; i++) {
        const bcue_history_row *row = &trainer->state.history[i];
        bcue_text_printf(&csv, "%lld,%.9g,%.9g,%.9g,%.9g,%.3f,", (long long)row->epoch, row->learning_rate,
                         row->train_loss, row->validation_loss, row->validation_top1, row->seconds);
        if (row->validation_dba >= 0)
            bcue_text_printf(&csv, "%.9g", row->validation_dba);
        bcue_text_printf(&csv, ",%.9g,", row->gradient_norm);
        if (row->validation_mpr >= 0)
            bcue_text_printf(&csv, "%.9g,%.9g", row->validation_mpr, row->validation_below_db);
        else
            bcue_text_puts(&csv, ",");
        bcue_text_puts(&csv, "\n");
        put_metrics_line(trainer, row, &lines);
    }
    bcue_status status = write_text(trainer->history_path, &csv, error);
    if (status != BCUE_OK) {
        bcue_text_free(&lines);
        return status;
    }
    return write_text(trainer->metrics_path, &lines, error);
}

/* ---- divergence ---- */

enum { NAMED_SAMPLES = 3, MOST_TENSORS = BCUE_MODALITY_COUNT + 1 };

static bcue_status write_batch(const bcue_trainer *trainer, const bcue_batch *batch, const char *metadata,
                               bcue_error *error)
{
    const bcue_model_inputs *inputs = &trainer->inputs;
    const int64_t count = (int64_t)batch->count;
    bcue_tensor tensors[MOST_TENSORS];
    bcue_named_tensor named[MOST_TENSORS];
    size_t used = 0;
    for (int m = 0; m < BCUE_MODALITY_COUNT; m++) {
        const bcue_picture_size size = bcue_model_picture(inputs, (bcue_model_input)m);
        if (batch->data[m] == NULL)
            continue;
        tensors[used] =
            (bcue_tensor){.dtype = BCUE_F32,
                          .shape = m == BCUE_GPS ? bcue_shape_of(count, inputs->gps_frames, 2)
                                                 : bcue_shape_of(count, inputs->frames, size.channels,
                                                                 size.height, size.width),
                          .data = (void *)(uintptr_t)batch->data[m]};
        named[used] = (bcue_named_tensor){.name = m == BCUE_GPS ? "position" : bcue_model_input_names[m],
                                          .tensor = &tensors[used]};
        used++;
    }
    tensors[used] = (bcue_tensor){
        .dtype = BCUE_I32, .shape = bcue_shape_of(count), .data = (void *)(uintptr_t)batch->label};
    named[used] = (bcue_named_tensor){.name = "label", .tensor = &tensors[used]};
    const bcue_metadata pair = {"beamcue.batch", metadata};
    return bcue_safetensors_write(trainer->diverged_path, named, used + 1, &pair, 1, error);
}

bcue_status bcue_trainer_diverged(bcue_trainer *trainer, const bcue_batch *batch, int64_t step,
                                  const char *what, bcue_error *error)
{
    const long long epoch = (long long)trainer->state.epoch + 1;
    bcue_text names = {0};
    json_t *ids = json_array();
    for (size_t i = 0; i < batch->count; i++) {
        const char *id = bcue_dataset_sample(trainer->dataset, batch->sample[i])->id;
        json_array_append_new(ids, json_string(id));
        if (i < NAMED_SAMPLES)
            bcue_text_printf(&names, "%s%s", i > 0 ? ", " : "", id);
    }
    json_t *all =
        json_pack("{s:s, s:I, s:I, s:I, s:o}", "what", what, "seed", (json_int_t)trainer->member.seed,
                  "epoch", (json_int_t)epoch, "step", (json_int_t)step + 1, "samples", ids);
    char *metadata = all == NULL ? NULL : json_dumps(all, JSON_COMPACT);
    json_decref(all);
    bcue_status status = metadata == NULL || names.failed ? bcue_fail_memory(error, trainer->diverged_path)
                                                          : write_batch(trainer, batch, metadata, error);
    if (status == BCUE_OK)
        status = bcue_fail(error, BCUE_ERROR_DATA,
                           "%s in epoch %lld, step %lld (samples %s%s); lower train.optimizer.lr or set "
                           "clip_norm; the batch lies in %s",
                           what, epoch, (long long)step + 1, names.data,
                           batch->count > NAMED_SAMPLES ? ", ..." : "", trainer->diverged_path);
    bcue_text_free(&names);
    free(metadata);
    return status;
}

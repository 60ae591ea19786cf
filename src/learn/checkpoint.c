#include "learn/checkpoint.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/json.h"
#include "base/memory.h"
#include "tensor/safetensors.h"

enum { CHECKPOINT_FORMAT = 2 };

void bcue_train_state_free(bcue_train_state *state)
{
    bcue_weights_free(&state->weights);
    bcue_weights_free(&state->best);
    bcue_weights_free(&state->ema);
    bcue_optimizer_free(&state->optimizer);
    free(state->history);
    *state = (bcue_train_state){0};
}

/* The tensors of a state under their names in the file: "weights.NAME", "best.NAME", "ema.NAME",
 * "first.NAME", "second.NAME". */
typedef struct tensor_list {
    bcue_tensor *tensors;
    char **names;
    bcue_named_tensor *named;
    size_t count, capacity;
    bool failed;
} tensor_list;

static void list_free(tensor_list *list)
{
    for (size_t i = 0; list->names != NULL && i < list->count; i++)
        free(list->names[i]);
    free(list->names);
    free(list->tensors);
    free(list->named);
}

static void list_add(tensor_list *list, const char *prefix, const char *name, const bcue_shape *shape,
                     void *data)
{
    bcue_text full = {0};
    bcue_text_printf(&full, "%s.%s", prefix, name);
    list->failed = list->failed || full.failed;
    list->names[list->count] = full.data;
    list->tensors[list->count] = (bcue_tensor){.dtype = BCUE_F32, .shape = *shape, .data = data};
    list->named[list->count] = (bcue_named_tensor){.name = full.data, .tensor = &list->tensors[list->count]};
    list->count++;
}

static bcue_status list_state(const bcue_train_state *state, tensor_list *list, bcue_error *error)
{
    *list = (tensor_list){.capacity = 5 * (size_t)state->weights.count};
    list->tensors = bcue_calloc(list->capacity, sizeof *list->tensors);
    list->names = bcue_calloc(list->capacity, sizeof *list->names);
    list->named = bcue_calloc(list->capacity, sizeof *list->named);
    if (list->tensors == NULL || list->names == NULL || list->named == NULL)
        return bcue_fail_memory(error, "the checkpoint");
    for (int32_t i = 0; i < state->weights.count; i++) {
        const char *name = state->weights.names[i];
        const bcue_shape *shape = &state->weights.tensors[i].shape;
        list_add(list, "weights", name, shape, state->weights.tensors[i].data);
        list_add(list, "best", name, shape, state->best.tensors[i].data);
        if (state->ema.count > 0)
            list_add(list, "ema", name, shape, state->ema.tensors[i].data);
        if (state->optimizer.first[i] != NULL)
            list_add(list, "first", name, shape, state->optimizer.first[i]);
        if (state->optimizer.second[i] != NULL)
            list_add(list, "second", name, shape, state->optimizer.second[i]);
    }
    return list->failed ? bcue_fail_memory(error, "the checkpoint") : BCUE_OK;
}

static json_t *history_json(const bcue_train_state *state)
{
    json_t *rows = json_array();
    for (int64_t i = 0; i < state->epoch; i++) {
        const bcue_history_row *row = &state->history[i];
        json_array_append_new(rows,
                              json_pack("[I,f,f,f,f,f,f,f,f,f]", (json_int_t)row->epoch, row->learning_rate,
                                        row->train_loss, row->validation_loss, row->validation_top1,
                                        row->seconds, row->validation_dba, row->gradient_norm,
                                        row->validation_mpr, row->validation_below_db));
    }
    return rows;
}

bcue_status bcue_checkpoint_write(const char *path, const bcue_train_state *state,
                                  const bcue_checkpoint_identity *identity, bcue_error *error)
{
    json_t *meta =
        json_pack("{s:i, s:s, s:I, s:s, s:i, s:s, s:I, s:I, s:I, s:f, s:f, s:f, s:I, s:o}", "format",
                  (int)CHECKPOINT_FORMAT, "config_hash", identity->config_hash, "seed",
                  (json_int_t)identity->seed, "isa", identity->isa, "threads", identity->threads, "kind",
                  "training checkpoint", "fold", (json_int_t)identity->fold, "epoch",
                  (json_int_t)state->epoch, "step_in_epoch", (json_int_t)state->step_in_epoch, "loss_sum",
                  state->loss_sum, "epoch_seconds", state->epoch_seconds, "best_metric", state->best_metric,
                  "best_epoch", (json_int_t)state->best_epoch, "history", history_json(state));
    if (meta != NULL) {
        json_object_set_new(meta, "optimizer_steps", json_integer((json_int_t)state->optimizer.steps));
        json_object_set_new(meta, "norm_sum", json_real(state->norm_sum));
    }
    char *text = meta == NULL ? NULL : json_dumps(meta, JSON_REAL_PRECISION(17));
    json_decref(meta);
    if (text == NULL)
        return bcue_fail_memory(error, "the checkpoint");
    tensor_list list;
    bcue_status status = list_state(state, &list, error);
    const bcue_metadata metadata = {"beamcue.checkpoint", text};
    if (status == BCUE_OK)
        status = bcue_safetensors_write(path, list.named, list.count, &metadata, 1, error);
    list_free(&list);
    free(text);
    return status;
}

static bcue_status read_history(const char *path, json_t *rows, bcue_train_state *state, bcue_error *error)
{
    if ((int64_t)json_array_size(rows) != state->epoch)
        return bcue_fail(error, BCUE_ERROR_FORMAT,
                         "%s: the history has %zu rows for %lld epochs; delete the file and train again",
                         path, json_array_size(rows), (long long)state->epoch);
    void *grown = state->history;
    if (!bcue_grow(&grown, &state->history_capacity, (size_t)state->epoch, sizeof *state->history))
        return bcue_fail_memory(error, path);
    state->history = grown;
    for (int64_t i = 0; i < state->epoch; i++) {
        bcue_history_row *row = &state->history[i];
        json_int_t epoch;
        if (json_unpack(json_array_get(rows, (size_t)i), "[I,F,F,F,F,F,F,F,F,F]", &epoch, &row->learning_rate,
                        &row->train_loss, &row->validation_loss, &row->validation_top1, &row->seconds,
                        &row->validation_dba, &row->gradient_norm, &row->validation_mpr,
                        &row->validation_below_db) != 0)
            return bcue_fail(error, BCUE_ERROR_FORMAT,
                             "%s: row %lld of the history is damaged; delete the file and train again", path,
                             (long long)i);
        row->epoch = epoch;
    }
    return BCUE_OK;
}

static bcue_status read_meta(const char *path, json_t *meta, bcue_train_state *state,
                             const bcue_checkpoint_identity *identity, bool *bit_equal, bcue_error *error)
{
    int format = 0, threads;
    const char *hash, *isa;
    json_int_t seed, fold, epoch, step, best_epoch, steps;
    json_t *history;
    if (json_unpack(meta, "{s:i}", "format", &format) == 0 && format != CHECKPOINT_FORMAT)
        return bcue_fail(error, BCUE_ERROR_UNSUPPORTED, "%s: checkpoint format %d, this program reads %d",
                         path, format, CHECKPOINT_FORMAT);
    if (json_unpack(meta, "{s:i, s:s, s:I, s:s, s:i, s:I, s:I, s:I, s:F, s:F, s:F, s:F, s:I, s:I, s:o}",
                    "format", &format, "config_hash", &hash, "seed", &seed, "isa", &isa, "threads", &threads,
                    "fold", &fold, "epoch", &epoch, "step_in_epoch", &step, "loss_sum", &state->loss_sum,
                    "norm_sum", &state->norm_sum, "epoch_seconds", &state->epoch_seconds, "best_metric",
                    &state->best_metric, "best_epoch", &best_epoch, "optimizer_steps", &steps, "history",
                    &history) != 0)
        return bcue_fail(error, BCUE_ERROR_FORMAT,
                         "%s: damaged checkpoint metadata; delete the file and train again", path);
    if ((uint64_t)seed != identity->seed || fold != identity->fold ||
        strcmp(hash, identity->config_hash) != 0)
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "%s: belongs to another run (seed, fold, data or configuration differ); use another "
                         "out folder, or delete it",
                         path);
    if (epoch < 0 || step < 0 || steps < 0 || best_epoch < 0 || best_epoch > epoch || epoch > 1000000)
        return bcue_fail(error, BCUE_ERROR_FORMAT,
                         "%s: impossible counts in the checkpoint; delete the file and train again", path);
    state->epoch = epoch;
    state->step_in_epoch = step;
    state->best_epoch = best_epoch;
    state->optimizer.steps = steps;
    *bit_equal = threads == identity->threads && strcmp(isa, identity->isa) == 0;
    return read_history(path, history, state, error);
}

static bcue_status read_tensors(const char *path, const bcue_safetensors *file, bcue_train_state *state,
                                bcue_error *error)
{
    tensor_list list;
    bcue_status status = list_state(state, &list, error);
    if (status == BCUE_OK && bcue_safetensors_count(file) != list.count)
        status = bcue_fail(error, BCUE_ERROR_FORMAT, "%s: %zu tensors, expected %zu", path,
                           bcue_safetensors_count(file), list.count);
    for (size_t i = 0; status == BCUE_OK && i < list.count; i++) {
        const bcue_tensor *from = bcue_safetensors_find(file, list.names[i]);
        if (from == NULL || from->dtype != BCUE_F32 ||
            !bcue_shape_equal(&from->shape, &list.tensors[i].shape))
            status = bcue_fail(error, BCUE_ERROR_FORMAT, "%s: tensor '%s' is missing or has a wrong shape",
                               path, list.names[i]);
        else
            memcpy(list.tensors[i].data, from->data, bcue_tensor_size(from));
    }
    list_free(&list);
    return status;
}

bcue_status bcue_checkpoint_read(const char *path, bcue_train_state *state,
                                 const bcue_checkpoint_identity *identity, bool *bit_equal, bcue_error *error)
{
    bcue_safetensors *file;
    BCUE_TRY(bcue_safetensors_open(path, &file, error));
    const char *text = bcue_safetensors_metadata(file, "beamcue.checkpoint");
    json_t *meta = text == NULL ? NULL : json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    bcue_status status = meta == NULL
                             ? bcue_fail(error, BCUE_ERROR_FORMAT, "%s: not a training checkpoint", path)
                             : read_meta(path, meta, state, identity, bit_equal, error);
    if (status == BCUE_OK)
        status = read_tensors(path, file, state, error);
    json_decref(meta);
    bcue_safetensors_close(file);
    return status;
}

#include "exchange/torch_weights.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"

/* The first part of a name here, and what stands for it there. */
static const struct {
    const char *own, *torch;
} fuser_parts[] = {{"camera.", "encoder.image_encoder.features."},
                   {"lidar.", "encoder.lidar_encoder._model."},
                   {"radar.", "encoder.radar_encoder._model."},
                   {"head.", "join."},
                   {"fusion.", "encoder.transformer"},
                   {"gps.", "encoder.vel_emb"}};

static bool is_numbered(const char *own)
{
    return strcmp(own, "fusion.") == 0 || strcmp(own, "gps.") == 0;
}

static bool fuser_name(const char *name, bcue_text *out)
{
    for (size_t i = 0; i < sizeof fuser_parts / sizeof *fuser_parts; i++) {
        const char *own = fuser_parts[i].own, *rest = name + strlen(own);
        if (!bcue_starts_with(name, own) || (is_numbered(own) && !(*rest >= '1' && *rest <= '4')))
            continue;
        bcue_text_puts(out, fuser_parts[i].torch);
        bcue_text_puts(out, rest);
        return true;
    }
    return false;
}

static bool trunk_name(const bcue_model_config *config, const char *name, bcue_text *out)
{
    const char *modality = bcue_model_input_names[config->modality];
    const size_t size = strlen(modality);
    if (bcue_starts_with(name, "head.")) {
        bcue_text_puts(out, "fc.");
        bcue_text_puts(out, name + strlen("head."));
        return true;
    }
    if (!bcue_starts_with(name, modality) || name[size] != '.')
        return false;
    bcue_text_puts(out, name + size + 1);
    return true;
}

void bcue_torch_name(const bcue_model_config *config, const char *name, bcue_text *out)
{
    const bool trunk =
        (config->kind == BCUE_MODEL_RESNET18 || config->kind == BCUE_MODEL_RESNET34) && !config->position;
    if ((trunk && trunk_name(config, name, out)) ||
        (config->kind == BCUE_MODEL_BEAMTRANSFUSER && fuser_name(name, out)))
        return;
    bcue_text_puts(out, name);
}

/* Tensors with their new names, which are owned. */
typedef struct state_dict {
    bcue_named_tensor *items;
    char **names;
    size_t count;
} state_dict;

static bcue_status add(state_dict *state, bcue_text *name, const bcue_tensor *tensor, bcue_error *error)
{
    if (name->failed || name->data == NULL)
        return bcue_fail_memory(error, "the weights");
    state->names[state->count] = name->data;
    state->items[state->count++] = (bcue_named_tensor){.name = name->data, .tensor = tensor};
    *name = (bcue_text){0};
    return BCUE_OK;
}

static bcue_status fill(const bcue_model_file *model, const bcue_tensor *counter, state_dict *state,
                        bcue_error *error)
{
    static const char statistic[] = "running_var", tracked[] = "num_batches_tracked";
    for (int32_t i = 0; i < model->weights.count; i++) {
        bcue_text name = {0};
        bcue_torch_name(&model->config, model->weights.names[i], &name);
        bcue_status status = add(state, &name, &model->weights.tensors[i], error);
        if (status == BCUE_OK && bcue_ends_with(model->weights.names[i], statistic)) {
            bcue_torch_name(&model->config, model->weights.names[i], &name);
            if (!name.failed)
                name.size -= sizeof statistic - 1;
            bcue_text_puts(&name, tracked);
            status = add(state, &name, counter, error);
        }
        bcue_text_free(&name);
        BCUE_TRY(status);
    }
    return BCUE_OK;
}

bcue_status bcue_torch_write_weights(const char *path, const bcue_model_file *model, bcue_error *error)
{
    int64_t zero = 0;
    const bcue_tensor counter = {.dtype = BCUE_I64, .shape = {.rank = 0}, .data = &zero};
    const size_t most = 2 * (size_t)model->weights.count;
    state_dict state = {.items = bcue_calloc(most, sizeof *state.items),
                        .names = bcue_calloc(most, sizeof *state.names)};
    if (bcue_model_is_table(&model->config)) {
        free(state.items);
        free(state.names);
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "%s is a table, not a network: it has no state dict",
                         bcue_model_kind_names[model->config.kind]);
    }
    const bcue_metadata metadata[] = {{"format", "pt"}};
    bcue_status status = state.items == NULL || state.names == NULL ? bcue_fail_memory(error, "the weights")
                                                                    : fill(model, &counter, &state, error);
    if (status == BCUE_OK)
        status = bcue_safetensors_write(path, state.items, state.count, metadata, 1, error);
    for (size_t i = 0; i < state.count; i++)
        free(state.names[i]);
    free(state.items);
    free(state.names);
    return status;
}

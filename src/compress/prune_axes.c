/* Along which axes of which parameters the units of a group lie. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "compress/prune_space.h"

/* Where in the network a parameter is. */
typedef struct place {
    const bcue_prune_space *space;
    const bcue_model_config *config;
    int modality, stage, block;
    int axis;
} place;

static const bcue_prune_group *fusion(const place *at, bcue_prune_kind kind)
{
    const bool whole_stage = kind == BCUE_PRUNE_TOKENS;
    return bcue_prune_find(at->space, kind, -1, at->stage, whole_stage ? -1 : at->block);
}

static const bcue_prune_group *trunk(const place *at, bcue_prune_kind kind, int stage)
{
    return bcue_prune_find(at->space, kind, at->modality, stage, kind == BCUE_PRUNE_INNER ? at->block : -1);
}

/* Outputs (axis 0, and the bias) and inputs (axis 1) of a linear layer. -1: neither. */
static const bcue_prune_group *linear(const place *at, int outputs, int inputs)
{
    const int kind = at->axis == 0 ? outputs : at->axis == 1 ? inputs : -1;
    return kind < 0 ? NULL : fusion(at, (bcue_prune_kind)kind);
}

static const bcue_prune_group *block_axis(const place *at, const char *rest)
{
    if (bcue_starts_with(rest, "ln"))
        return linear(at, BCUE_PRUNE_TOKENS, -1);
    if (bcue_starts_with(rest, "attn.key.") || bcue_starts_with(rest, "attn.query."))
        return linear(at, BCUE_PRUNE_QK, BCUE_PRUNE_TOKENS);
    if (bcue_starts_with(rest, "attn.value."))
        return linear(at, BCUE_PRUNE_VALUE, BCUE_PRUNE_TOKENS);
    if (bcue_starts_with(rest, "attn.proj."))
        return linear(at, BCUE_PRUNE_TOKENS, BCUE_PRUNE_VALUE);
    if (bcue_starts_with(rest, "mlp.0."))
        return linear(at, BCUE_PRUNE_NEURONS, BCUE_PRUNE_TOKENS);
    if (bcue_starts_with(rest, "mlp.2."))
        return linear(at, BCUE_PRUNE_TOKENS, BCUE_PRUNE_NEURONS);
    return NULL;
}

static int modality_at(const char *name)
{
    for (int m = 0; m < BCUE_PICTURE_INPUTS; m++) {
        const size_t size = strlen(bcue_model_input_names[m]);
        if (strncmp(name, bcue_model_input_names[m], size) == 0 && name[size] == '.')
            return m;
    }
    return -1;
}

/* "project_in.camera.weight" and the like. */
static const bcue_prune_group *projection_axis(place *at, const char *rest)
{
    const bool in = bcue_starts_with(rest, "project_in.");
    at->modality = modality_at(rest + strlen(in ? "project_in." : "project_out."));
    const bool tokens = in ? at->axis == 0 : at->axis == 1;
    return tokens ? linear(&(place){.space = at->space, .stage = at->stage, .axis = 0}, BCUE_PRUNE_TOKENS, -1)
                  : trunk(at, BCUE_PRUNE_CHANNELS, at->stage);
}

static const bcue_prune_group *fusion_axis(place *at, const char *rest)
{
    int end = 0;
    if (strcmp(rest, "pos_emb") == 0)
        return at->axis == 2 ? fusion(at, BCUE_PRUNE_TOKENS) : NULL;
    if (sscanf(rest, "blocks.%d.%n", &at->block, &end) == 1 && end > 0)
        return block_axis(at, rest + end);
    if (bcue_starts_with(rest, "ln_f."))
        return linear(at, BCUE_PRUNE_TOKENS, -1);
    if (bcue_starts_with(rest, "exit."))
        return linear(at, -1, BCUE_PRUNE_TOKENS);
    return bcue_starts_with(rest, "project_") ? projection_axis(at, rest) : NULL;
}

static bool is_projected(const bcue_model_config *config, int stage)
{
    return config->embedding.count > 0 && config->embedding.items[stage - 1] != config->width << (stage - 1);
}

static const bcue_prune_group *gps_axis(place *at, const char *rest)
{
    int end = 0;
    if (bcue_starts_with(rest, "project.")) {
        at->stage = 4;
        return linear(at, -1, BCUE_PRUNE_TOKENS);
    }
    if (sscanf(rest, "%d.%n", &at->stage, &end) != 1 || end == 0)
        return NULL;
    if (at->axis == 0)
        return fusion(at, BCUE_PRUNE_TOKENS);
    at->stage--; /* what the fusion stage before gave back; without a projection that has all channels */
    return at->stage > 0 && is_projected(at->config, at->stage) ? fusion(at, BCUE_PRUNE_TOKENS) : NULL;
}

static const bcue_prune_group *trunk_axis(place *at, const char *rest)
{
    int end = 0;
    if (bcue_starts_with(rest, "conv1.") || bcue_starts_with(rest, "bn1."))
        return at->axis == 0 ? trunk(at, BCUE_PRUNE_CHANNELS, 1) : NULL;
    if (sscanf(rest, "layer%d.%d.%n", &at->stage, &at->block, &end) != 2 || end == 0 || at->axis > 1)
        return NULL;
    const int before = at->block == 0 && at->stage > 1 ? at->stage - 1 : at->stage;
    rest += end;
    if (bcue_starts_with(rest, "conv1."))
        return at->axis == 0 ? trunk(at, BCUE_PRUNE_INNER, at->stage)
                             : trunk(at, BCUE_PRUNE_CHANNELS, before);
    if (bcue_starts_with(rest, "bn1."))
        return trunk(at, BCUE_PRUNE_INNER, at->stage);
    if (bcue_starts_with(rest, "conv2."))
        return at->axis == 0 ? trunk(at, BCUE_PRUNE_CHANNELS, at->stage)
                             : trunk(at, BCUE_PRUNE_INNER, at->stage);
    if (bcue_starts_with(rest, "downsample.0."))
        return trunk(at, BCUE_PRUNE_CHANNELS, at->axis == 0 ? at->stage : before);
    return bcue_starts_with(rest, "bn2.") || bcue_starts_with(rest, "downsample.1.")
               ? trunk(at, BCUE_PRUNE_CHANNELS, at->stage)
               : NULL;
}

/* The layer of a plain ResNet that reads the pooled features. */
static const bcue_prune_group *reader_axis(place *at, const char *parameter)
{
    const char *reader = at->config->position ? "fusion.weight" : "head.weight";
    at->modality = at->config->modality;
    return at->axis == 1 && strcmp(parameter, reader) == 0 ? trunk(at, BCUE_PRUNE_CHANNELS, 4) : NULL;
}

const bcue_prune_group *bcue_prune_axis(const bcue_prune_space *space, const bcue_model_config *config,
                                        const char *parameter, int axis)
{
    place at = {
        .space = space, .config = config, .modality = modality_at(parameter), .block = -1, .axis = axis};
    int end = 0;
    if (at.modality >= 0)
        return trunk_axis(&at, parameter + strlen(bcue_model_input_names[at.modality]) + 1);
    if (config->kind != BCUE_MODEL_BEAMTRANSFUSER)
        return reader_axis(&at, parameter);
    if (sscanf(parameter, "fusion.%d.%n", &at.stage, &end) == 1 && end > 0)
        return fusion_axis(&at, parameter + end);
    return bcue_starts_with(parameter, "gps.") ? gps_axis(&at, parameter + 4) : NULL;
}

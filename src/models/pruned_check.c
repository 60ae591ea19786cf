/* Do the widths of a pruned network fit the network that it was? */
#include "models/pruned_check.h"

#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "models/resnet.h"

typedef struct limits {
    int64_t channels, blocks, qk, inner; /* of the whole part; qk 0: it has none */
} limits;

static limits trunk_limits(const bcue_model_config *config, int64_t depth, int stage)
{
    static const int blocks[2][BCUE_RESNET_STAGES] = {{2, 2, 2, 2}, {3, 4, 6, 3}};
    const int64_t channels = config->width << (stage - 1);
    return (limits){channels, blocks[depth == 34][stage - 1], 0, channels};
}

static limits fusion_limits(const bcue_model_config *config, int stage)
{
    const int64_t width =
        config->embedding.count > 0 ? config->embedding.items[stage - 1] : config->width << (stage - 1);
    return (limits){width, config->blocks, width / config->heads, width * config->expansion};
}

/* Which part is it? False: none that this network has. */
static bool find_limits(const bcue_model_config *config, const char *part, limits *found)
{
    const size_t size = strcspn(part, ".");
    const int stage =
        part[size] == '.' && part[size + 1] != '\0' && part[size + 2] == '\0' ? part[size + 1] - '0' : 0;
    if (stage < 1 || stage > BCUE_RESNET_STAGES)
        return false;
    const bool fuser = config->kind == BCUE_MODEL_BEAMTRANSFUSER;
    if (fuser && size == strlen("fusion") && strncmp(part, "fusion", size) == 0) {
        *found = fusion_limits(config, stage);
        return true;
    }
    for (int m = 0; m < BCUE_PICTURE_INPUTS; m++) {
        const char *name = bcue_model_input_names[m];
        if (strlen(name) != size || strncmp(part, name, size) != 0 ||
            !bcue_model_needs(config, (bcue_model_input)m))
            continue;
        const int64_t depth = fuser ? config->depth[m] : config->kind == BCUE_MODEL_RESNET34 ? 34 : 18;
        *found = trunk_limits(config, depth, stage);
        return true;
    }
    return false;
}

static bcue_status check_keep(const bcue_pruned_part *part, int64_t channels, bcue_error *error)
{
    for (size_t i = 0; i < part->keep.count; i++) {
        const int64_t item = part->keep.items[i];
        if (item < 0 || item >= channels || (i > 0 && item <= part->keep.items[i - 1]))
            return bcue_fail(error, BCUE_ERROR_CONFIG,
                             "%s: keep must be ascending channel numbers below %lld; item %zu is %lld",
                             part->part, (long long)channels, i, (long long)item);
    }
    return BCUE_OK;
}

static bcue_status check_widths(const bcue_pruned_part *part, const char *key, const bcue_int_list *list,
                                int64_t blocks, int64_t most, bcue_error *error)
{
    if (list->count == 0)
        return BCUE_OK;
    if (most == 0)
        return bcue_fail(error, BCUE_ERROR_CONFIG, "%s: %s belongs to fusion parts", part->part, key);
    if ((int64_t)list->count != blocks)
        return bcue_fail(error, BCUE_ERROR_CONFIG, "%s: %s has %zu numbers, the part has %lld blocks",
                         part->part, key, list->count, (long long)blocks);
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i] < 1 || list->items[i] > most)
            return bcue_fail(error, BCUE_ERROR_CONFIG, "%s: %s of block %zu is %lld, expected 1 to %lld",
                             part->part, key, i, (long long)list->items[i], (long long)most);
    }
    return BCUE_OK;
}

bcue_status bcue_pruned_check(const bcue_model_config *config, bcue_error *error)
{
    const bcue_pruned_part *parts = config->pruned.items;
    for (size_t i = 0; i < config->pruned.count; i++) {
        const bcue_pruned_part *part = &parts[i];
        limits most;
        if (!find_limits(config, part->part, &most))
            return bcue_fail(error, BCUE_ERROR_CONFIG, "'%.40s' is no part of this %s", part->part,
                             bcue_model_kind_names[config->kind]);
        for (size_t k = 0; k < i; k++) {
            if (strcmp(parts[k].part, part->part) == 0)
                return bcue_fail(error, BCUE_ERROR_CONFIG, "names %s twice", part->part);
        }
        BCUE_TRY(check_keep(part, most.channels, error));
        BCUE_TRY(check_widths(part, "qk", &part->qk, most.blocks, most.qk, error));
        BCUE_TRY(check_widths(part, "value", &part->value, most.blocks, most.qk, error));
        BCUE_TRY(check_widths(part, "inner", &part->inner, most.blocks, most.inner, error));
    }
    return BCUE_OK;
}

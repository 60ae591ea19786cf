#include "compress/prune_space.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"

const char *const bcue_prune_kind_names[] = {"tokens", "qk", "value", "neurons", "inner", "channels", NULL};

static int modality_of(const char *name, size_t size)
{
    for (int m = 0; m < BCUE_PICTURE_INPUTS; m++) {
        if (strlen(bcue_model_input_names[m]) == size && strncmp(bcue_model_input_names[m], name, size) == 0)
            return m;
    }
    return -1;
}

/* Which group does an input of the masked network switch? False: none of its own. */
static bool read_name(const char *name, bcue_prune_group *group)
{
    int stage = 0, block = -1, end = 0;
    *group = (bcue_prune_group){.modality = -1, .block = -1};
    if (sscanf(name, "fusion.%d.mask_kee%n", &stage, &end) == 1 && end > 0 && strcmp(name + end, "p") == 0) {
        group->kind = BCUE_PRUNE_TOKENS;
    } else if (sscanf(name, "fusion.%d.blocks.%d.%n", &stage, &block, &end) == 2 && end > 0) {
        static const struct {
            const char *rest;
            bcue_prune_kind kind;
        } rests[] = {{"attn.mask_qk", BCUE_PRUNE_QK},
                     {"attn.mask_value", BCUE_PRUNE_VALUE},
                     {"mask_inner", BCUE_PRUNE_NEURONS}};
        size_t i = 0;
        while (i < 3 && strcmp(name + end, rests[i].rest) != 0)
            i++;
        if (i == 3)
            return false;
        group->kind = rests[i].kind;
    } else {
        const size_t size = strcspn(name, ".");
        group->modality = modality_of(name, size);
        if (group->modality < 0 || name[size] == '\0')
            return false;
        const char *rest = name + size + 1;
        end = 0;
        if (sscanf(rest, "layer%d.%d.mask_inne%n", &stage, &block, &end) == 2 && end > 0)
            group->kind = BCUE_PRUNE_INNER;
        else if (sscanf(rest, "mask_keep_%d", &stage) == 1)
            group->kind = BCUE_PRUNE_CHANNELS;
        else
            return false;
    }
    group->stage = stage;
    group->block = block;
    return true;
}

static bcue_status add_group(const bcue_value_info *info, bcue_prune_space *space, bcue_error *error)
{
    bcue_prune_group group;
    const char *last = strrchr(info->name, '.');
    if (info->kind != BCUE_VALUE_INPUT || last == NULL || strncmp(last, ".mask_", 6) != 0 ||
        !read_name(info->name, &group))
        return BCUE_OK;
    const int64_t *dim = info->shape.dim;
    const bool by_head = group.kind == BCUE_PRUNE_QK || group.kind == BCUE_PRUNE_VALUE;
    group.heads = by_head ? dim[1] : 1;
    group.count = by_head ? dim[3] : info->shape.rank == 4 ? dim[1] : dim[2];
    snprintf(group.mask, sizeof group.mask, "%s", info->name);
    const size_t units = (size_t)(group.heads * group.count);
    group.keep = bcue_calloc(units, sizeof *group.keep);
    group.score = bcue_calloc(units, sizeof *group.score);
    space->groups[space->count++] = group;
    if (group.keep == NULL || group.score == NULL)
        return bcue_fail_memory(error, "pruning");
    for (size_t i = 0; i < units; i++)
        group.keep[i] = true;
    return BCUE_OK;
}

bcue_status bcue_prune_masked_graph(const bcue_model_config *config, const bcue_model_inputs *inputs,
                                    int64_t batch, bcue_graph **graph, bcue_error *error)
{
    return bcue_model_build_masked(config, inputs, batch, graph, error);
}

bcue_status bcue_prune_space_create(const bcue_model_config *config, const bcue_model_inputs *inputs,
                                    bcue_prune_space *space, bcue_error *error)
{
    bcue_graph *graph;
    *space = (bcue_prune_space){0};
    BCUE_TRY(bcue_prune_masked_graph(config, inputs, 1, &graph, error));
    const int32_t values = bcue_graph_value_count(graph);
    space->groups = bcue_calloc((size_t)values, sizeof *space->groups);
    if (space->groups == NULL) {
        bcue_graph_destroy(graph);
        return bcue_fail_memory(error, "pruning");
    }
    bcue_status status = BCUE_OK;
    for (bcue_value v = 0; status == BCUE_OK && v < values; v++)
        status = add_group(bcue_graph_value(graph, v), space, error);
    bcue_graph_destroy(graph);
    if (status == BCUE_OK && space->count == 0)
        status = bcue_fail(error, BCUE_ERROR_UNSUPPORTED, "a %s has nothing to prune",
                           bcue_model_kind_names[config->kind]);
    if (status != BCUE_OK)
        bcue_prune_space_free(space);
    return status;
}

void bcue_prune_space_free(bcue_prune_space *space)
{
    for (size_t i = 0; i < space->count; i++) {
        free(space->groups[i].keep);
        free(space->groups[i].score);
    }
    free(space->groups);
    *space = (bcue_prune_space){0};
}

bcue_prune_group *bcue_prune_find(const bcue_prune_space *space, bcue_prune_kind kind, int modality,
                                  int stage, int block)
{
    for (size_t i = 0; i < space->count; i++) {
        bcue_prune_group *group = &space->groups[i];
        if (group->kind == kind && group->modality == modality && group->stage == stage &&
            group->block == block)
            return group;
    }
    return NULL;
}

static void fill(bcue_plan *plan, const char *name, int64_t rows, float value)
{
    float *to = bcue_plan_input(plan, name);
    for (int64_t i = 0; to != NULL && i < rows; i++)
        to[i] = value;
}

void bcue_prune_feed(bcue_plan *plan, const bcue_graph *graph, const bcue_prune_group *group,
                     const bool *keep)
{
    float *to = bcue_plan_input(plan, group->mask);
    const bcue_value value = bcue_graph_find(graph, group->mask);
    if (to == NULL || value == BCUE_NO_VALUE)
        return;
    const int64_t rows = bcue_graph_value(graph, value)->shape.dim[0], units = group->heads * group->count;
    int64_t kept = 0;
    for (int64_t i = 0; i < units; i++)
        kept += keep == NULL || keep[i];
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t i = 0; i < units; i++)
            to[r * units + i] = keep == NULL || keep[i] ? 1.0F : 0.0F;
    }
    if (group->kind != BCUE_PRUNE_TOKENS)
        return;
    char name[sizeof group->mask + 8];
    const int stem = (int)(strlen(group->mask) - strlen("keep"));
    const double all = (double)units, left = (double)(kept > 0 ? kept : 1);
    snprintf(name, sizeof name, "%.*sshare", stem, group->mask);
    fill(plan, name, rows, (float)(1 / left));
    snprintf(name, sizeof name, "%.*sspread", stem, group->mask);
    fill(plan, name, rows, (float)sqrt(all / left));
    snprintf(name, sizeof name, "%.*sback", stem, group->mask);
    fill(plan, name, rows, (float)sqrt(left / all));
}

void bcue_prune_feed_all(bcue_plan *plan, const bcue_graph *graph, const bcue_prune_space *space)
{
    for (size_t i = 0; i < space->count; i++)
        bcue_prune_feed(plan, graph, &space->groups[i], space->groups[i].keep);
}

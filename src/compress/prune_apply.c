#include "compress/prune_apply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"

/* ---- widths ---- */

static int64_t kept_in_head(const bcue_prune_group *group, int64_t head)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < group->count; i++)
        kept += group->keep[head * group->count + i];
    return kept;
}

static bcue_status check_group(const bcue_prune_group *group, bcue_error *error)
{
    for (int64_t h = 0; h < group->heads; h++) {
        if (kept_in_head(group, h) == 0)
            return bcue_fail(error, BCUE_ERROR_ARGUMENT, "%s: nothing would be left", group->mask);
        if (kept_in_head(group, h) != kept_in_head(group, 0))
            return bcue_fail(error, BCUE_ERROR_ARGUMENT, "%s: heads would keep %lld and %lld numbers",
                             group->mask, (long long)kept_in_head(group, 0),
                             (long long)kept_in_head(group, h));
    }
    return BCUE_OK;
}

/* keep: numbers of the channels in the unpruned network. */
static void put_keep(const bcue_prune_group *group, const bcue_pruned_part *before, bcue_text *yaml)
{
    if (group == NULL || (kept_in_head(group, 0) == group->count && before->keep.count == 0))
        return;
    bcue_text_puts(yaml, ", keep: [");
    bool first = true;
    for (int64_t i = 0; i < group->count; i++) {
        if (!group->keep[i])
            continue;
        bcue_text_printf(yaml, "%s%lld", first ? "" : ", ",
                         (long long)bcue_pruned_width(&before->keep, i, i));
        first = false;
    }
    bcue_text_puts(yaml, "]");
}

/* One number for each block of the part; nothing when all are as wide as they can be. */
static void put_blocks(const bcue_prune_space *space, const char *key, bcue_prune_kind kind, int modality,
                       int stage, const bcue_int_list *before, bcue_text *yaml)
{
    bool pruned = before->count > 0;
    const bcue_prune_group *group;
    for (int b = 0; (group = bcue_prune_find(space, kind, modality, stage, b)) != NULL; b++)
        pruned = pruned || kept_in_head(group, 0) < group->count;
    if (!pruned)
        return;
    bcue_text_printf(yaml, ", %s: [", key);
    for (int b = 0; (group = bcue_prune_find(space, kind, modality, stage, b)) != NULL; b++)
        bcue_text_printf(yaml, "%s%lld", b > 0 ? ", " : "", (long long)kept_in_head(group, 0));
    bcue_text_puts(yaml, "]");
}

static void put_part(const bcue_model_config *config, const bcue_prune_space *space, int modality, int stage,
                     bcue_text *yaml)
{
    const char *name = modality < 0 ? "fusion" : bcue_model_input_names[modality];
    const bcue_pruned_part *before = bcue_pruned_find(&config->pruned, name, stage);
    bcue_text widths = {0};
    put_keep(
        bcue_prune_find(space, modality < 0 ? BCUE_PRUNE_TOKENS : BCUE_PRUNE_CHANNELS, modality, stage, -1),
        before, &widths);
    if (modality < 0) {
        put_blocks(space, "qk", BCUE_PRUNE_QK, modality, stage, &before->qk, &widths);
        put_blocks(space, "value", BCUE_PRUNE_VALUE, modality, stage, &before->value, &widths);
    }
    put_blocks(space, "inner", modality < 0 ? BCUE_PRUNE_NEURONS : BCUE_PRUNE_INNER, modality, stage,
               &before->inner, &widths);
    if (widths.size > 0)
        bcue_text_printf(yaml, "%s{part: %s.%d%s}", yaml->size > 1 ? ", " : "", name, stage, widths.data);
    yaml->failed = yaml->failed || widths.failed;
    bcue_text_free(&widths);
}

bcue_status bcue_prune_widths(const bcue_model_config *config, const bcue_prune_space *space, bcue_text *yaml,
                              bcue_error *error)
{
    for (size_t i = 0; i < space->count; i++)
        BCUE_TRY(check_group(&space->groups[i], error));
    bcue_text_puts(yaml, "[");
    for (int m = -1; m < BCUE_PICTURE_INPUTS; m++) {
        for (int stage = 1; stage <= 4; stage++)
            put_part(config, space, m, stage, yaml);
    }
    bcue_text_puts(yaml, "]");
    return yaml->failed ? bcue_fail_memory(error, "pruning") : BCUE_OK;
}

bcue_status bcue_prune_configure(const bcue_model_config *from, const char *yaml, bcue_model_config *to,
                                 bcue_config **owned, bcue_error *error)
{
    bcue_text text = {0}, setting = {0};
    bcue_config_write(bcue_model_config_fields, from, &text);
    bcue_text_printf(&setting, "pruned=%s", yaml);
    const char *const overrides[] = {setting.data};
    bcue_status status = text.failed || setting.failed
                             ? bcue_fail_memory(error, "pruning")
                             : bcue_config_read_text(text.data, text.size, "the pruned model", overrides, 1,
                                                     bcue_model_config_fields, to, owned, error);
    bcue_text_free(&text);
    bcue_text_free(&setting);
    return status;
}

/* ---- weights ---- */

static const bcue_tensor *find_tensor(const bcue_weights *weights, const char *name)
{
    for (int32_t i = 0; i < weights->count; i++) {
        if (strcmp(weights->names[i], name) == 0)
            return &weights->tensors[i];
    }
    return NULL;
}

/* For each axis of a tensor the old index of every new one. */
typedef struct gather_map {
    int64_t *axis[BCUE_MAX_RANK];
    int64_t count[BCUE_MAX_RANK];
} gather_map;

static void free_map(gather_map *map)
{
    for (int i = 0; i < BCUE_MAX_RANK; i++)
        free(map->axis[i]);
}

static bcue_status make_map(const bcue_prune_space *space, const bcue_model_config *config, const char *name,
                            const bcue_shape *shape, gather_map *map, bcue_error *error)
{
    *map = (gather_map){0};
    for (int i = 0; i < shape->rank; i++) {
        const bcue_prune_group *group = bcue_prune_axis(space, config, name, i);
        const int64_t units = group != NULL ? group->heads * group->count : 0;
        map->axis[i] = bcue_calloc((size_t)shape->dim[i], sizeof *map->axis[i]);
        if (map->axis[i] == NULL)
            return bcue_fail_memory(error, "pruning");
        if (units > shape->dim[i])
            return bcue_fail(error, BCUE_ERROR_INTERNAL, "%s has fewer numbers than %s has units", name,
                             group->mask);
        for (int64_t k = 0; k < shape->dim[i]; k++) {
            if (k >= units || group->keep[k])
                map->axis[i][map->count[i]++] = k;
        }
    }
    return BCUE_OK;
}

static bcue_status gather(const bcue_tensor *from, const gather_map *map, const char *name, bcue_tensor *to,
                          bcue_error *error)
{
    int64_t at[BCUE_MAX_RANK] = {0};
    const float *values = from->data;
    float *result = to->data;
    for (int i = 0; i < from->shape.rank; i++) {
        if (to->shape.rank != from->shape.rank || to->shape.dim[i] != map->count[i])
            return bcue_fail(error, BCUE_ERROR_INTERNAL, "%s: pruned by %lld along axis %d, expected %lld",
                             name, (long long)map->count[i], i, (long long)to->shape.dim[i]);
    }
    for (int64_t k = 0, count = bcue_tensor_count(to); k < count; k++) {
        int64_t offset = 0;
        for (int i = 0; i < from->shape.rank; i++)
            offset = offset * from->shape.dim[i] + map->axis[i][at[i]];
        result[k] = values[offset];
        for (int i = from->shape.rank - 1; i >= 0 && ++at[i] == map->count[i]; i--)
            at[i] = 0;
    }
    return BCUE_OK;
}

/* The new layer at a stage's exit: token channel j goes to the channel that it was. */
static bool make_exit(const bcue_model_config *config, const char *name, bcue_tensor *to)
{
    int stage = 0, end = 0;
    if (sscanf(name, "fusion.%d.exit.%n", &stage, &end) != 1 || end == 0)
        return false;
    float *values = to->data;
    memset(values, 0, bcue_tensor_size(to));
    const bcue_int_list *keep = &bcue_pruned_find(&config->pruned, "fusion", stage)->keep;
    for (int64_t j = 0; to->shape.rank == 2 && j < to->shape.dim[1]; j++)
        values[keep->items[j] * to->shape.dim[1] + j] = 1;
    return true;
}

static bcue_status prune_tensor(const bcue_model_file *from, const bcue_prune_space *space,
                                const bcue_model_config *config, const char *name, bcue_tensor *to,
                                bcue_error *error)
{
    const bcue_tensor *old = find_tensor(&from->weights, name);
    gather_map map;
    if (old == NULL)
        return make_exit(config, name, to)
                   ? BCUE_OK
                   : bcue_fail(error, BCUE_ERROR_INTERNAL, "%s: not pruned from anything", name);
    bcue_status status = make_map(space, &from->config, name, &old->shape, &map, error);
    if (status == BCUE_OK)
        status = gather(old, &map, name, to, error);
    free_map(&map);
    return status;
}

static bcue_status prune_weights(const bcue_model_file *from, const bcue_prune_space *space,
                                 bcue_model_file *to, bcue_error *error)
{
    bcue_graph *graph;
    BCUE_TRY(bcue_model_build(&to->config, &to->inputs, 1, &graph, error));
    bcue_status status = bcue_weights_create(graph, BCUE_F32, 0, &to->weights, error);
    bcue_graph_destroy(graph);
    for (int32_t i = 0; status == BCUE_OK && i < to->weights.count; i++)
        status = prune_tensor(from, space, &to->config, to->weights.names[i], &to->weights.tensors[i], error);
    return status;
}

static bcue_status copy_texts(const bcue_model_file *from, bcue_model_file *to, bcue_error *error)
{
    to->features_yaml = bcue_strdup(from->features_yaml);
    to->codebook_yaml = bcue_strdup(from->codebook_yaml);
    to->training_json = bcue_strdup(from->training_json);
    return (from->features_yaml != NULL && to->features_yaml == NULL) ||
                   (from->codebook_yaml != NULL && to->codebook_yaml == NULL) ||
                   (from->training_json != NULL && to->training_json == NULL)
               ? bcue_fail_memory(error, "pruning")
               : BCUE_OK;
}

bcue_status bcue_prune_apply(const bcue_model_file *from, const bcue_prune_space *space, bcue_model_file *to,
                             bcue_error *error)
{
    bcue_text yaml = {0};
    *to = (bcue_model_file){.inputs = from->inputs};
    bcue_status status = bcue_prune_widths(&from->config, space, &yaml, error);
    if (status == BCUE_OK)
        status = bcue_prune_configure(&from->config, yaml.data, &to->config, &to->owned_config, error);
    bcue_text_free(&yaml);
    if (status == BCUE_OK)
        status = copy_texts(from, to, error);
    if (status == BCUE_OK)
        status = prune_weights(from, space, to, error);
    if (status != BCUE_OK)
        bcue_model_file_free(to);
    return status;
}

bcue_status bcue_prune_count(const bcue_model_config *config, const bcue_model_inputs *inputs,
                             const char *const *prefixes, size_t prefix_count, int64_t *counts,
                             bcue_error *error)
{
    bcue_graph *graph;
    BCUE_TRY(bcue_model_build(config, inputs, 1, &graph, error));
    for (size_t k = 0; k < prefix_count; k++)
        counts[k] = 0;
    for (int32_t i = 0; i < bcue_graph_parameter_count(graph); i++) {
        const bcue_value_info *info = bcue_graph_value(graph, bcue_graph_parameter_value(graph, i));
        int64_t count = 0;
        (void)bcue_shape_count(&info->shape, &count);
        for (size_t k = 0; k < prefix_count; k++) {
            if (!info->spec.running && bcue_starts_with(info->name, prefixes[k]))
                counts[k] += count;
        }
    }
    bcue_graph_destroy(graph);
    return BCUE_OK;
}

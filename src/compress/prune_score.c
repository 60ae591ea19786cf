#include "compress/prune_score.h"

#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "base/rng.h"

enum { MOST_WINDOWS = 16 };

size_t bcue_prune_chunk(const bcue_prune_data *data)
{
    size_t chunk = data->count < MOST_WINDOWS ? data->count : MOST_WINDOWS;
    while (chunk > 1 && data->count % chunk != 0)
        chunk--;
    return chunk;
}

static bool asked(const bcue_prune_score_options *options, const bcue_prune_group *group)
{
    return (options->kinds >> group->kind & 1U) != 0;
}

static void score_random(const bcue_prune_score_options *options, bcue_prune_space *space)
{
    for (size_t i = 0; i < space->count; i++) {
        bcue_prune_group *group = &space->groups[i];
        bcue_rng rng = bcue_rng_make(options->seed, BCUE_RNG_PRUNE, 0, 0, (uint32_t)i);
        for (int64_t k = 0; asked(options, group) && k < group->heads * group->count; k++)
            group->score[k] = bcue_rng_uniform(&rng);
    }
}

/* Adds the squares of a parameter to the units that lie along one of its axes. */
static void add_squares(const bcue_tensor *tensor, int axis, const bcue_prune_group *group)
{
    const float *values = tensor->data;
    const int64_t length = tensor->shape.dim[axis], units = group->heads * group->count;
    int64_t inner = 1;
    for (int i = axis + 1; i < tensor->shape.rank; i++)
        inner *= tensor->shape.dim[i];
    for (int64_t k = 0; k < bcue_tensor_count(tensor); k++) {
        const int64_t unit = k / inner % length;
        if (unit < units)
            group->score[unit] += (double)values[k] * (double)values[k];
    }
}

static bool is_statistic(const char *name)
{
    return strstr(name, ".running_") != NULL;
}

static void score_magnitude(const bcue_model_file *model, const bcue_prune_score_options *options,
                            bcue_prune_space *space)
{
    for (size_t i = 0; i < space->count; i++) {
        if (asked(options, &space->groups[i]))
            memset(space->groups[i].score, 0,
                   (size_t)(space->groups[i].heads * space->groups[i].count) * sizeof(double));
    }
    for (int32_t p = 0; p < model->weights.count; p++) {
        const bcue_tensor *tensor = &model->weights.tensors[p];
        for (int axis = 0; axis < tensor->shape.rank && !is_statistic(model->weights.names[p]); axis++) {
            const bcue_prune_group *group =
                bcue_prune_axis(space, &model->config, model->weights.names[p], axis);
            if (group != NULL && asked(options, group))
                add_squares(tensor, axis, group);
        }
    }
    for (size_t i = 0; i < space->count; i++) {
        bcue_prune_group *group = &space->groups[i];
        for (int64_t k = 0; asked(options, group) && k < group->heads * group->count; k++)
            group->score[k] = sqrt(group->score[k]);
    }
}

bcue_status bcue_prune_score_units(const bcue_model_file *model, const bcue_prune_data *data,
                                   const bcue_prune_score_options *options, bcue_prune_space *space,
                                   bcue_error *error)
{
    switch ((bcue_prune_score)options->score) {
    case BCUE_SCORE_KL:
        return bcue_prune_score_exact(model, data, options, space, error);
    case BCUE_SCORE_FISHER:
    case BCUE_SCORE_TAYLOR:
        return bcue_prune_score_gradient(model, data, options, space, error);
    case BCUE_SCORE_MAGNITUDE:
        score_magnitude(model, options, space);
        return BCUE_OK;
    case BCUE_SCORE_RANDOM:
        score_random(options, space);
        return BCUE_OK;
    case BCUE_SCORE_AUTO: /* whoever asks has chosen */
        break;
    }
    return bcue_fail(error, BCUE_ERROR_ARGUMENT, "no such score");
}

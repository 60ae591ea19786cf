#include "graph/weights.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/fail.h"
#include "base/memory.h"
#include "base/rng.h"

static bcue_status allocate(int32_t count, bcue_weights *weights, bcue_error *error)
{
    *weights = (bcue_weights){.count = count};
    weights->tensors = bcue_calloc((size_t)count, sizeof *weights->tensors);
    weights->names = bcue_calloc((size_t)count, sizeof *weights->names);
    if (weights->tensors == NULL || weights->names == NULL) {
        bcue_weights_free(weights);
        return bcue_fail_memory(error, "the weights of a model");
    }
    return BCUE_OK;
}

static bcue_status allocate_one(bcue_weights *weights, int32_t i, const char *name, bcue_dtype dtype,
                                const bcue_shape *shape, bcue_error *error)
{
    weights->names[i] = bcue_strdup(name);
    if (weights->names[i] == NULL)
        return bcue_fail_memory(error, "the weights of a model");
    return bcue_tensor_create(dtype, shape, &weights->tensors[i], error);
}

static void put(bcue_tensor *tensor, int64_t i, double value)
{
    if (tensor->dtype == BCUE_F64)
        ((double *)tensor->data)[i] = value;
    else
        ((float *)tensor->data)[i] = (float)value;
}

static double get(const bcue_tensor *tensor, int64_t i)
{
    return tensor->dtype == BCUE_F64 ? ((const double *)tensor->data)[i]
                                     : (double)((const float *)tensor->data)[i];
}

static double draw(const bcue_parameter_spec *spec, bcue_rng *rng)
{
    double fan = spec->fan > 0 ? (double)spec->fan : 1;
    switch (spec->init) {
    case BCUE_INIT_ZERO:
        return 0;
    case BCUE_INIT_ONE:
        return 1;
    case BCUE_INIT_UNIFORM_FAN_IN:
        return bcue_rng_range(rng, -1 / sqrt(fan), 1 / sqrt(fan));
    case BCUE_INIT_NORMAL_FAN_OUT:
        return bcue_rng_normal(rng) * sqrt(2 / fan);
    case BCUE_INIT_NORMAL:
        return bcue_rng_normal(rng) * spec->scale;
    }
    return 0;
}

bcue_status bcue_weights_create(const bcue_graph *graph, bcue_dtype dtype, uint64_t seed,
                                bcue_weights *weights, bcue_error *error)
{
    if (dtype != BCUE_F32 && dtype != BCUE_F64)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "weights of element type %s; they are f32 or f64",
                         bcue_dtype_name(dtype));
    BCUE_TRY(allocate(bcue_graph_parameter_count(graph), weights, error));
    for (int32_t i = 0; i < weights->count; i++) {
        const bcue_value_info *info = bcue_graph_value(graph, bcue_graph_parameter_value(graph, i));
        bcue_status status = allocate_one(weights, i, info->name, dtype, &info->shape, error);
        if (status != BCUE_OK) {
            bcue_weights_free(weights);
            return status;
        }
        bcue_rng rng = bcue_rng_make(seed, BCUE_RNG_INIT, 0, 0, (uint32_t)i);
        int64_t count = bcue_tensor_count(&weights->tensors[i]);
        for (int64_t k = 0; k < count; k++)
            put(&weights->tensors[i], k, draw(&info->spec, &rng));
    }
    return BCUE_OK;
}

bcue_status bcue_weights_copy(const bcue_weights *from, bcue_dtype dtype, bcue_weights *to, bcue_error *error)
{
    if (dtype != BCUE_F32 && dtype != BCUE_F64)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "weights of element type %s; they are f32 or f64",
                         bcue_dtype_name(dtype));
    BCUE_TRY(allocate(from->count, to, error));
    for (int32_t i = 0; i < from->count; i++) {
        const bcue_tensor *source = &from->tensors[i];
        bcue_status status = allocate_one(to, i, from->names[i], dtype, &source->shape, error);
        if (status != BCUE_OK) {
            bcue_weights_free(to);
            return status;
        }
        int64_t count = bcue_tensor_count(source);
        for (int64_t k = 0; k < count; k++)
            put(&to->tensors[i], k, get(source, k));
    }
    return BCUE_OK;
}

void bcue_weights_free(bcue_weights *weights)
{
    if (weights == NULL)
        return;
    for (int32_t i = 0; i < weights->count; i++) {
        if (weights->tensors != NULL)
            bcue_tensor_free(&weights->tensors[i]);
        if (weights->names != NULL)
            free(weights->names[i]);
    }
    free(weights->tensors);
    free(weights->names);
    memset(weights, 0, sizeof *weights);
}

static bool take_named(const bcue_weights *from, const char *name, bcue_weights *to, int32_t at)
{
    int32_t k = 0;
    while (k < from->count && strcmp(from->names[k], name) != 0)
        k++;
    if (k == from->count)
        return false;
    to->tensors[at] = from->tensors[k];
    to->names[at] = from->names[k];
    return true;
}

bcue_status bcue_weights_select(const bcue_graph *graph, const bcue_weights *const *sets, size_t count,
                                bcue_weights *selected, bcue_error *error)
{
    BCUE_TRY(allocate(bcue_graph_parameter_count(graph), selected, error));
    for (int32_t i = 0; i < selected->count; i++) {
        const char *name = bcue_graph_value(graph, bcue_graph_parameter_value(graph, i))->name;
        bool found = false;
        for (size_t s = 0; !found && s < count; s++)
            found = take_named(sets[s], name, selected, i);
        if (!found) {
            bcue_weights_release(selected);
            return bcue_fail(error, BCUE_ERROR_INTERNAL, "the model has no tensor '%s'", name);
        }
    }
    return BCUE_OK;
}

void bcue_weights_release(bcue_weights *selected)
{
    free(selected->tensors);
    free(selected->names);
    *selected = (bcue_weights){0};
}

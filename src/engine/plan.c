#include "engine/plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/fail.h"
#include "engine/plan_backend.h"
#ifdef BCUE_HAVE_ONEDNN
#include <dnnl.h>
#endif

void bcue_engine_library(char *text, size_t size)
{
#ifdef BCUE_HAVE_ONEDNN
    const dnnl_version_t *version = dnnl_version();
    snprintf(text, size, "oneDNN %d.%d.%d", version->major, version->minor, version->patch);
#else
    snprintf(text, size, "none");
#endif
}

static bcue_status check_options(const bcue_plan_options *options, bcue_error *error)
{
    if (options->dtype != BCUE_F32 && options->dtype != BCUE_F64)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "a plan computes in f32 or f64, not in %s",
                         bcue_dtype_name(options->dtype));
    if (options->engine == BCUE_ENGINE_ONEDNN && options->dtype == BCUE_F64)
        return bcue_fail(error, BCUE_ERROR_UNSUPPORTED,
                         "the oneDNN engine computes in f32; use the reference engine for f64");
    if (options->memory_limit > 0 && options->engine != BCUE_ENGINE_ONEDNN)
        return bcue_fail(error, BCUE_ERROR_UNSUPPORTED,
                         "the reference engine keeps everything; a memory limit needs the oneDNN engine");
    if (options->int8 != NULL && (options->training || options->engine != BCUE_ENGINE_ONEDNN))
        return bcue_fail(error, BCUE_ERROR_UNSUPPORTED,
                         "layers in 8 bits are for inference with the oneDNN engine");
    return BCUE_OK;
}

static bcue_status check_weights(const bcue_graph *graph, const bcue_weights *weights, bcue_dtype dtype,
                                 bcue_error *error)
{
    if (weights->count != bcue_graph_parameter_count(graph))
        return bcue_fail(error, BCUE_ERROR_SHAPE,
                         "the weights hold %" PRId32 " tensors, but the graph has %" PRId32 " parameters",
                         weights->count, bcue_graph_parameter_count(graph));
    for (int32_t i = 0; i < weights->count; i++) {
        const bcue_value_info *info = bcue_graph_value(graph, bcue_graph_parameter_value(graph, i));
        const bcue_tensor *tensor = &weights->tensors[i];
        if (strcmp(weights->names[i], info->name) != 0)
            return bcue_fail(error, BCUE_ERROR_DATA,
                             "weight %" PRId32 " is %s, but parameter %" PRId32 " of the graph is %s", i,
                             weights->names[i], i, info->name);
        if (tensor->dtype != dtype)
            return bcue_fail(error, BCUE_ERROR_ARGUMENT, "weight %s is %s, but the plan computes in %s",
                             info->name, bcue_dtype_name(tensor->dtype), bcue_dtype_name(dtype));
        if (!bcue_shape_equal(&tensor->shape, &info->shape)) {
            char have[160], want[160];
            return bcue_fail(error, BCUE_ERROR_SHAPE, "weight %s has shape %s, but the graph needs %s",
                             info->name, bcue_shape_text(&tensor->shape, have, sizeof have),
                             bcue_shape_text(&info->shape, want, sizeof want));
        }
    }
    return BCUE_OK;
}

bcue_value bcue_plan_find_loss(const bcue_graph *graph)
{
    for (int32_t v = 0; v < bcue_graph_value_count(graph); v++) {
        const char *output = bcue_graph_value(graph, v)->output_name;
        if (output != NULL && strcmp(output, "loss") == 0)
            return v;
    }
    return BCUE_NO_VALUE;
}

bool bcue_plan_trains(const bcue_plan_options *options, const bcue_value_info *info)
{
    return options->training && info->kind == BCUE_VALUE_PARAMETER && !info->spec.running &&
           (options->frozen == NULL || !options->frozen[info->parameter]);
}

bool bcue_plan_norm_by_batch(const bcue_plan_options *options, const bcue_graph *graph, const bcue_node *node)
{
    if (!options->training || options->frozen_norm)
        return false;
    return options->frozen == NULL || !options->frozen[bcue_graph_value(graph, node->input[3])->parameter];
}

static bcue_status check_training(const bcue_graph *graph, const bcue_plan_options *options,
                                  bcue_error *error)
{
    bcue_value loss = bcue_plan_find_loss(graph);
    if (loss == BCUE_NO_VALUE)
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "training needs an output named \"loss\", and the graph has none");
    char text[160];
    const bcue_shape *shape = &bcue_graph_value(graph, loss)->shape;
    int64_t count = 0;
    if (!bcue_shape_count(shape, &count) || count != 1)
        return bcue_fail(error, BCUE_ERROR_SHAPE, "the output \"loss\" must be one number, but has shape %s",
                         bcue_shape_text(shape, text, sizeof text));
    for (int32_t i = 0; i < bcue_graph_node_count(graph); i++) {
        const bcue_node *node = bcue_graph_node(graph, i);
        shape = &bcue_graph_value(graph, node->output)->shape;
        if (node->op == BCUE_OP_BATCH_NORM && bcue_plan_norm_by_batch(options, graph, node) &&
            bcue_shape_count(shape, &count) && count / shape->dim[1] < 2)
            return bcue_fail(error, BCUE_ERROR_SHAPE,
                             "%s: batch norm cannot be trained on %s: it needs more than one value per "
                             "channel; use a larger batch",
                             node->name, bcue_shape_text(shape, text, sizeof text));
    }
    return BCUE_OK;
}

bcue_status bcue_plan_create(const bcue_graph *graph, bcue_weights *weights, const bcue_plan_options *options,
                             bcue_plan **plan, bcue_error *error)
{
    *plan = NULL;
    BCUE_TRY(bcue_graph_check(graph, error));
    BCUE_TRY(check_options(options, error));
    BCUE_TRY(check_weights(graph, weights, options->dtype, error));
    if (options->training)
        BCUE_TRY(check_training(graph, options, error));
    bcue_status status = BCUE_ERROR_UNSUPPORTED;
    switch (options->engine) {
    case BCUE_ENGINE_REFERENCE:
        status = bcue_reference_plan_create(graph, weights, options, plan, error);
        break;
    case BCUE_ENGINE_ONEDNN:
#ifdef BCUE_HAVE_ONEDNN
        status = bcue_onednn_plan_create(graph, weights, options, plan, error);
#else
        status = bcue_fail(error, BCUE_ERROR_UNSUPPORTED,
                           "this build has no oneDNN engine; use the reference engine");
#endif
        break;
    }
    if (status != BCUE_OK)
        return status;
    (*plan)->training = options->training;
    (*plan)->forward_done = false;
    (*plan)->parameter_count = weights->count;
    return BCUE_OK;
}

void bcue_plan_destroy(bcue_plan *plan)
{
    if (plan != NULL)
        plan->vtable->destroy(plan);
}

void *bcue_plan_input(bcue_plan *plan, const char *name)
{
    return plan->vtable->input(plan, name);
}

const void *bcue_plan_output(const bcue_plan *plan, const char *name)
{
    return plan->vtable->output(plan, name);
}

void bcue_plan_set_step(bcue_plan *plan, uint64_t seed, uint32_t epoch, uint32_t step)
{
    plan->vtable->set_step(plan, seed, epoch, step);
}

void bcue_plan_set_stop(bcue_plan *plan, bcue_plan_stop *stop, void *cookie)
{
    plan->stop = stop;
    plan->stop_cookie = cookie;
}

bcue_status bcue_plan_ask_stop(const bcue_plan *plan, size_t at, bcue_error *error)
{
    if (plan->stop != NULL && plan->stop(plan->stop_cookie))
        return bcue_fail(error, BCUE_ERROR_CANCELLED, "stopped before operator %zu, as asked", at);
    return BCUE_OK;
}

bcue_status bcue_plan_forward(bcue_plan *plan, bcue_error *error)
{
    plan->forward_done = false;
    BCUE_TRY(plan->vtable->forward(plan, error));
    plan->forward_done = true;
    return BCUE_OK;
}

bcue_status bcue_plan_backward(bcue_plan *plan, bcue_error *error)
{
    if (!plan->training)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "a plan made for inference has no gradients; make one for training");
    if (!plan->forward_done)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "the backward pass needs a forward pass just before it");
    /* The backward pass overwrites what it was given. */
    plan->forward_done = false;
    return plan->vtable->backward(plan, error);
}

bcue_status bcue_plan_profile(bcue_plan *plan, double *forward, double *backward, bcue_error *error)
{
    if (backward != NULL && !plan->training)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "a plan made for inference has no backward pass; make one for training");
    BCUE_TRY(bcue_plan_forward(plan, error)); /* weights that changed, and caches */
    plan->forward_done = false;
    return plan->vtable->profile(plan, forward, backward, error);
}

void *bcue_plan_gradient(bcue_plan *plan, int32_t parameter)
{
    if (!plan->training || parameter < 0 || parameter >= plan->parameter_count)
        return NULL;
    return plan->vtable->gradient(plan, parameter);
}

const void *bcue_plan_input_gradient(const bcue_plan *plan, const char *name)
{
    return plan->training ? plan->vtable->input_gradient(plan, name) : NULL;
}

void bcue_plan_weights_changed(bcue_plan *plan)
{
    plan->vtable->weights_changed(plan);
}

size_t bcue_plan_peak_bytes(const bcue_plan *plan)
{
    return plan->vtable->peak_bytes(plan);
}

double bcue_plan_recomputed(const bcue_plan *plan)
{
    return plan->vtable->recomputed != NULL ? plan->vtable->recomputed(plan) : 0;
}

size_t bcue_plan_packed_bytes(const bcue_plan *plan)
{
    return plan->vtable->packed_bytes != NULL ? plan->vtable->packed_bytes(plan) : 0;
}

int32_t bcue_plan_int8_layers(const bcue_plan *plan)
{
    return plan->vtable->int8_layers != NULL ? plan->vtable->int8_layers(plan) : 0;
}

int32_t bcue_plan_row_layers(const bcue_plan *plan)
{
    return plan->vtable->row_layers != NULL ? plan->vtable->row_layers(plan) : 0;
}

#ifndef BCUE_HAVE_ONEDNN
/* Nobody packs weights in this build. */
bcue_status bcue_packed_weights_create(void (*released)(void *cookie), void *cookie,
                                       bcue_packed_weights **store, bcue_error *error)
{
    (void)released;
    (void)cookie;
    (void)error;
    *store = NULL;
    return BCUE_OK;
}

void bcue_packed_weights_destroy(bcue_packed_weights *store)
{
    (void)store;
}

size_t bcue_packed_weights_bytes(bcue_packed_weights *store)
{
    (void)store;
    return 0;
}
#endif

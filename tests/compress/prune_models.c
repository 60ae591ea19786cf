#include "prune_models.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"

static void stir(const bcue_graph *graph, bcue_weights *weights, uint64_t seed)
{
    for (int32_t i = 0; i < weights->count; i++) {
        const bcue_parameter_spec *spec =
            &bcue_graph_value(graph, bcue_graph_parameter_value(graph, i))->spec;
        bcue_rng rng = bcue_rng_make(seed, BCUE_RNG_TEST, 7, 0, (uint32_t)i);
        float *values = weights->tensors[i].data;
        for (int64_t k = 0; k < bcue_tensor_count(&weights->tensors[i]); k++) {
            if (spec->init == BCUE_INIT_ONE)
                values[k] = (float)bcue_rng_range(&rng, 0.5, 1.5);
            else if (spec->init == BCUE_INIT_ZERO)
                values[k] = (float)(0.3 * bcue_rng_normal(&rng));
            else if (spec->init == BCUE_INIT_NORMAL)
                values[k] *= 15;
        }
    }
}

bcue_status bcue_prune_model_make(const char *config, const char *inputs, uint64_t seed,
                                  bcue_model_file *model, bcue_error *error)
{
    bcue_graph *graph = NULL;
    *model = (bcue_model_file){.features_yaml = bcue_strdup("{}"), .training_json = bcue_strdup("{}")};
    bcue_status status =
        bcue_config_read_text(config, strlen(config), "test", NULL, 0, bcue_model_config_fields,
                              &model->config, &model->owned_config, error);
    if (status == BCUE_OK)
        status = bcue_config_read_text(inputs, strlen(inputs), "test", NULL, 0, bcue_model_inputs_fields,
                                       &model->inputs, &model->owned_inputs, error);
    if (status == BCUE_OK)
        status = bcue_model_build(&model->config, &model->inputs, 1, &graph, error);
    if (status == BCUE_OK)
        status = bcue_weights_create(graph, BCUE_F32, seed, &model->weights, error);
    if (status == BCUE_OK)
        stir(graph, &model->weights, seed);
    bcue_graph_destroy(graph);
    return status;
}

static void fill_inputs(const bcue_graph *graph, bcue_plan *plan, uint64_t seed)
{
    uint32_t number = 0;
    for (bcue_value v = 0; v < bcue_graph_value_count(graph); v++) {
        const bcue_value_info *info = bcue_graph_value(graph, v);
        if (info->kind != BCUE_VALUE_INPUT || info->dtype != BCUE_F32 || strstr(info->name, "mask_") != NULL)
            continue;
        float *data = bcue_plan_input(plan, info->name);
        int64_t count = 0;
        bcue_shape_count(&info->shape, &count);
        bcue_rng rng = bcue_rng_make(seed, BCUE_RNG_TEST, 8, 0, number++);
        for (int64_t k = 0; data != NULL && k < count; k++)
            data[k] = (float)bcue_rng_normal(&rng);
    }
}

bcue_status bcue_prune_logits(const bcue_model_file *model, const bcue_prune_space *space, int64_t windows,
                              uint64_t seed, float *logits, bcue_error *error)
{
    const bcue_plan_options options = {.engine = BCUE_ENGINE_ONEDNN, .dtype = BCUE_F32};
    bcue_weights weights = model->weights; /* inference only reads */
    bcue_graph *graph = NULL;
    bcue_plan *plan = NULL;
    bcue_status status = space != NULL
                             ? bcue_prune_masked_graph(&model->config, &model->inputs, windows, &graph, error)
                             : bcue_model_build(&model->config, &model->inputs, windows, &graph, error);
    if (status == BCUE_OK)
        status = bcue_plan_create(graph, &weights, &options, &plan, error);
    if (status == BCUE_OK) {
        fill_inputs(graph, plan, seed);
        if (space != NULL)
            bcue_prune_feed_all(plan, graph, space);
        status = bcue_plan_forward(plan, error);
    }
    if (status == BCUE_OK)
        memcpy(logits, bcue_plan_output(plan, "logits"),
               (size_t)(windows * model->inputs.beams) * sizeof *logits);
    bcue_plan_destroy(plan);
    bcue_graph_destroy(graph);
    return status;
}

void bcue_prune_at_random(bcue_prune_space *space, bcue_rng *rng)
{
    for (size_t i = 0; i < space->count; i++) {
        bcue_prune_group *group = &space->groups[i];
        const int64_t kept = 1 + (int64_t)bcue_rng_below(rng, (uint32_t)group->count);
        for (int64_t h = 0; h < group->heads; h++) {
            bool *keep = group->keep + h * group->count;
            for (int64_t k = 0, left = kept; k < group->count; k++) { /* `left` of those that remain */
                keep[k] = (int64_t)bcue_rng_below(rng, (uint32_t)(group->count - k)) < left;
                left -= keep[k];
            }
        }
    }
}

double bcue_prune_error(const float *a, const float *b, size_t count)
{
    double difference = 0, norm = 0;
    for (size_t i = 0; i < count; i++) {
        difference += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
        norm += (double)b[i] * (double)b[i];
    }
    return sqrt(difference / norm);
}

/* What answers without some of the modalities: a network with its generator, or the generator. */
#include "base/fail.h"
#include "exchange/onnx_parts.h"
#include "models/completion.h"
#include "models/map_completion.h"

static bcue_status build(const bcue_model_file *model, unsigned missing, bool maps, int64_t batch,
                         bcue_graph **graph, bcue_error *error)
{
    const bcue_model_gap gap = {.missing = missing, .completion = model->completion};
    return maps ? bcue_map_completion_build(model->completion, &model->config, &model->inputs, missing, batch,
                                            graph, error)
                : bcue_model_build_gap(&model->config, &model->inputs, &gap, batch, BCUE_FORM_WHOLE, graph,
                                       error);
}

static bcue_status check(const char *path, const bcue_model_file *model, unsigned missing, int stand_in,
                         bcue_error *error)
{
    if (model->completion == NULL)
        return bcue_fail(
            error, BCUE_ERROR_ARGUMENT,
            "%s: the model has no generator of missing modalities; 'beamcue complete' trains one", path);
    const unsigned seen = bcue_branch_vectors_of(&model->config, &model->inputs).seen;
    if ((stand_in != BCUE_STAND_IN_GENERATED && stand_in != BCUE_STAND_IN_MAP) ||
        !bcue_completion_offers(model->completion, stand_in))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "%s: the model has no generator of this kind (it generates: %s)", path,
                         bcue_completion_target_names[model->completion->target]);
    if (missing == 0 || (missing & ~seen) != 0 || (seen & ~missing) == 0)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "%s: what is missing has to be some, not all, of the modalities that the model sees",
                         path);
    return BCUE_OK;
}

bcue_status bcue_onnx_write_gap(const char *path, const bcue_model_file *model, unsigned missing,
                                int stand_in, int64_t batch, bcue_error *error)
{
    const bool maps = stand_in == BCUE_STAND_IN_MAP;
    const bcue_weights *sets[] = {&model->weights, &model->generator};
    bcue_graph *graph = NULL, *other = NULL;
    bcue_weights selected = {0};
    BCUE_TRY(check(path, model, missing, stand_in, error));
    bcue_status status = build(model, missing, maps, batch > 0 ? batch : 2, &graph, error);
    if (status == BCUE_OK && batch == 0)
        status = build(model, missing, maps, 3, &other, error);
    if (status == BCUE_OK)
        status = bcue_weights_select(graph, sets, 2, &selected, error);
    bcue_onnx_source source = {.graph = graph,
                               .other = other,
                               .weights = &selected,
                               .int8 = maps ? NULL : model->int8,
                               .optional = "latent",
                               .name = maps ? "generator" : bcue_model_kind_names[model->config.kind]};
    if (status == BCUE_OK)
        status = bcue_onnx_write(path, &source, model, error);
    bcue_weights_release(&selected);
    bcue_graph_destroy(graph);
    bcue_graph_destroy(other);
    return status;
}

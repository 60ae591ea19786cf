#include "models/fusion_view.h"

#include <math.h>
#include <string.h>

#include "base/fail.h"

static const char *const pooled_names[BCUE_INPUT_COUNT] = {"pooled.camera", "pooled.lidar", "pooled.radar",
                                                           "pooled.position", "pooled.vehicles"};

const char *bcue_fusion_pooled_name(bcue_model_input input)
{
    return pooled_names[input];
}

static int32_t last_attention(const bcue_graph *graph)
{
    int32_t at = bcue_graph_node_count(graph) - 1;
    while (at >= 0 && bcue_graph_node(graph, at)->op != BCUE_OP_ATTENTION)
        at--;
    return at;
}

static bcue_status no_view(bcue_error *error)
{
    return bcue_fail(error, BCUE_ERROR_INTERNAL,
                     "the network is not laid out as a BeamTransFuser; its fusion cannot be looked at");
}

/* Before the attention: the pools that made the tokens of this stage, one for each picture modality, in
   order. */
static bcue_status find_grids(const bcue_model_config *config, const bcue_model_inputs *inputs,
                              const bcue_graph *graph, int32_t attention, bcue_fusion_view *view,
                              bcue_error *error)
{
    int32_t at = attention;
    for (int m = BCUE_PICTURE_INPUTS - 1; m >= 0; m--) {
        if (!bcue_model_needs(config, (bcue_model_input)m))
            continue;
        do
            at--;
        while (at >= 0 && bcue_graph_node(graph, at)->op != BCUE_OP_ADAPTIVE_AVG_POOL);
        if (at < 0)
            return no_view(error);
        const bcue_shape *shape = &bcue_graph_value(graph, bcue_graph_node(graph, at)->output)->shape;
        view->grid[m][0] = shape->dim[2];
        view->grid[m][1] = shape->dim[3];
        view->count[m] = inputs->frames * shape->dim[2] * shape->dim[3];
    }
    if (bcue_model_needs(config, BCUE_INPUT_POSITION))
        view->count[BCUE_INPUT_POSITION] = inputs->gps_frames;
    int64_t first = 0;
    for (int m = 0; m < BCUE_INPUT_COUNT; m++) {
        view->first[m] = first;
        first += view->count[m];
    }
    return first == view->tokens ? BCUE_OK : no_view(error);
}

/* After the attention: the sum over the frames of each modality, in order. */
static bcue_status mark_pooled(const bcue_model_config *config, bcue_graph *graph, int32_t attention,
                               bcue_fusion_view *view, bcue_error *error)
{
    const int32_t count = bcue_graph_node_count(graph);
    int32_t at = attention;
    for (int m = 0; m < BCUE_INPUT_COUNT; m++) {
        if (!bcue_model_needs(config, (bcue_model_input)m))
            continue;
        do
            at++;
        while (at < count && bcue_graph_node(graph, at)->op != BCUE_OP_REDUCE_SUM);
        if (at >= count)
            return no_view(error);
        const bcue_value sum = bcue_graph_node(graph, at)->output;
        const bcue_shape *shape = &bcue_graph_value(graph, sum)->shape;
        view->pooled = shape->dim[shape->rank - 1];
        bcue_graph_output(graph, pooled_names[m], sum);
    }
    return BCUE_OK;
}

bcue_status bcue_fusion_view_mark(const bcue_model_config *config, const bcue_model_inputs *inputs,
                                  bcue_graph *graph, bcue_fusion_view *view, bcue_error *error)
{
    *view = (bcue_fusion_view){0};
    if (config->kind != BCUE_MODEL_BEAMTRANSFUSER || config->blocks == 0)
        return BCUE_OK;
    const int32_t at = last_attention(graph);
    if (at < 0)
        return no_view(error);
    const bcue_node *node = bcue_graph_node(graph, at);
    const bcue_value query = node->input[0], key = node->input[1], value = node->input[2],
                     mixed = node->output;
    const bcue_shape *q = &bcue_graph_value(graph, query)->shape, *v = &bcue_graph_value(graph, value)->shape;
    view->heads = q->dim[1];
    view->tokens = q->dim[2];
    view->width = q->dim[3];
    view->value_width = v->dim[3];
    view->scale = node->u.attention.scale;
    BCUE_TRY(find_grids(config, inputs, graph, at, view, error));
    bcue_graph_output(graph, BCUE_VIEW_QUERY, query);
    bcue_graph_output(graph, BCUE_VIEW_KEY, key);
    bcue_graph_output(graph, BCUE_VIEW_VALUE, value);
    bcue_graph_output(graph, BCUE_VIEW_MIXED, mixed);
    BCUE_TRY(mark_pooled(config, graph, at, view, error));
    BCUE_TRY(bcue_graph_check(graph, error));
    view->there = true;
    return BCUE_OK;
}

void bcue_attention_weights(const float *query, const float *keys, int64_t key_count, int64_t width,
                            double scale, double *weights)
{
    double most = -HUGE_VAL, sum = 0;
    for (int64_t j = 0; j < key_count; j++) {
        double product = 0;
        for (int64_t c = 0; c < width; c++)
            product += (double)query[c] * (double)keys[j * width + c];
        weights[j] = scale * product;
        most = weights[j] > most ? weights[j] : most;
    }
    for (int64_t j = 0; j < key_count; j++) {
        weights[j] = exp(weights[j] - most);
        sum += weights[j];
    }
    for (int64_t j = 0; j < key_count; j++)
        weights[j] /= sum;
}

void bcue_attention_received(const bcue_fusion_view *view, const float *query, const float *key,
                             double *scratch, double *received)
{
    const int64_t tokens = view->tokens, width = view->width;
    memset(received, 0, (size_t)tokens * sizeof *received);
    for (int64_t h = 0; h < view->heads; h++) {
        const float *keys = key + h * tokens * width;
        for (int64_t t = 0; t < tokens; t++) {
            bcue_attention_weights(query + (h * tokens + t) * width, keys, tokens, width, view->scale,
                                   scratch);
            for (int64_t j = 0; j < tokens; j++)
                received[j] += scratch[j] / (double)(view->heads * tokens);
        }
    }
}

bool bcue_fusion_weights(const bcue_model_config *config, const bcue_weights *all,
                         double weights[BCUE_INPUT_COUNT])
{
    int seen[BCUE_INPUT_COUNT], count = 0;
    memset(weights, 0, BCUE_INPUT_COUNT * sizeof *weights);
    if (config->kind != BCUE_MODEL_BEAMTRANSFUSER)
        return false;
    for (int m = 0; m < BCUE_INPUT_COUNT; m++) {
        if (bcue_model_needs(config, (bcue_model_input)m))
            seen[count++] = m;
    }
    for (int i = 0; i < count; i++)
        weights[seen[i]] = 1;
    for (int32_t p = 0; config->fusion == BCUE_FUSION_SOFTMAX && p < all->count; p++) {
        const bcue_tensor *tensor = &all->tensors[p];
        if (strcmp(all->names[p], "modality.weight") != 0 || bcue_tensor_count(tensor) != count)
            continue;
        const float *w = tensor->data;
        double sum = 0;
        for (int i = 0; i < count; i++)
            sum += exp((double)w[i] - (double)w[0]);
        for (int i = 0; i < count; i++)
            weights[seen[i]] = (double)count * exp((double)w[i] - (double)w[0]) / sum;
    }
    return true;
}

#include "models/point_layers.h"

#include <stdio.h>

#include "models/layers.h"

/* Added to the scores of rows without a point: far below any score, and e to it is 0 in float. */
static const double nowhere = 1e4;

bcue_value bcue_point_layers(bcue_graph *graph, const char *name, bcue_value points, int64_t width,
                             bcue_value *mask)
{
    *mask = BCUE_NO_VALUE;
    if (points == BCUE_NO_VALUE)
        return BCUE_NO_VALUE;
    const bcue_shape *shape = &bcue_graph_value(graph, points)->shape;
    const int64_t fields = shape->dim[shape->rank - 1];
    bcue_value x = points;
    *mask = bcue_graph_slice(graph, NULL, points, 2, fields - 1, fields);
    for (int i = 0; i < 2; i++) {
        char layer[64];
        snprintf(layer, sizeof layer, "%s.%d", name, i);
        x = bcue_linear_layer(graph, layer, x, i == 0 ? width / 2 : width, BCUE_LINEAR_TORCH_NO_DECAY);
        x = bcue_graph_relu(graph, NULL, x);
    }
    char masked[64];
    snprintf(masked, sizeof masked, "%s.masked", name);
    return bcue_graph_mul(graph, masked, x, *mask);
}

bcue_value bcue_attention_pool(bcue_graph *graph, const char *name, bcue_value x, const bcue_value *mask,
                               int64_t queries)
{
    bcue_graph_push(graph, name);
    bcue_value score = bcue_linear_layer(graph, "score", x, queries, BCUE_LINEAR_TORCH_NO_DECAY);
    if (mask != NULL) {
        bcue_value bias = bcue_graph_affine(graph, NULL, *mask, nowhere, -nowhere);
        score = bcue_graph_add(graph, NULL, score, bias);
    }
    score = bcue_graph_softmax(graph, NULL, score, 1);
    bcue_value pooled = bcue_graph_matmul(graph, NULL, score, x, true, false);
    bcue_graph_pop(graph);
    return pooled;
}

/* Layers over lists of points: shared per-point layers, and attention pooling, which do not depend on the
   order of the points. All pass BCUE_NO_VALUE on. */
#ifndef BCUE_MODELS_POINT_LAYERS_H
#define BCUE_MODELS_POINT_LAYERS_H

#include "graph/graph.h"

/* points (B, T, F), whose last number is the mask (1: a point, 0: none), through linear layers NAME.0, NAME.1
   of width / 2 and width, each with ReLU: (B, T, width), rows without a point zero. *mask gets (B, T, 1). */
bcue_value bcue_point_layers(bcue_graph *graph, const char *name, bcue_value points, int64_t width,
                             bcue_value *mask);

/* x (B, T, D) pooled by `queries` sets of attention weights, each a softmax over the T rows of a linear score
   (NAME.score: D -> queries): (B, queries, D). `mask` (B, T, 1), or NULL: rows with mask 0 get weight 0
   (where all are 0 all count alike). */
bcue_value bcue_attention_pool(bcue_graph *graph, const char *name, bcue_value x, const bcue_value *mask,
                               int64_t queries);

#endif

/* The parameters of a graph as tensors, by name: what a model file holds and a plan runs with. */
#ifndef BCUE_GRAPH_WEIGHTS_H
#define BCUE_GRAPH_WEIGHTS_H

#include "graph/graph.h"

/* tensors[i] belongs to parameter i of the graph; dtype F32 or F64 for all. */
typedef struct bcue_weights {
    int32_t count;
    bcue_tensor *tensors;
    char **names;
} bcue_weights;

/* Initial values from (seed, parameter index): independent of batch size and threads. */
bcue_status bcue_weights_create(const bcue_graph *graph, bcue_dtype dtype, uint64_t seed,
                                bcue_weights *weights, bcue_error *error);
bcue_status bcue_weights_copy(const bcue_weights *from, bcue_dtype dtype, bcue_weights *to,
                              bcue_error *error);
void bcue_weights_free(bcue_weights *weights);
/* The parameters of `graph`, found by name in `count` sets (earlier ones first), in its order: tensors and
   names stay theirs. Release with bcue_weights_release. BCUE_ERROR_INTERNAL names a parameter that is in
   none.
 */
bcue_status bcue_weights_select(const bcue_graph *graph, const bcue_weights *const *sets, size_t count,
                                bcue_weights *selected, bcue_error *error);
void bcue_weights_release(bcue_weights *selected);

#endif

/* How long the nodes of a network take. */
#ifndef BCUE_ENGINE_LAYER_TIMES_H
#define BCUE_ENGINE_LAYER_TIMES_H

#include "engine/plan.h"

/* seconds[node] for every node of the graph that `plan`, an inference plan, runs: the median over `runs` > 0
   forward passes on random inputs, after one to warm up. What was fused counts for the node that it was fused
   into; the others get 0. */
bcue_status bcue_layer_times(const bcue_graph *graph, bcue_plan *plan, long runs, double *seconds,
                             bcue_error *error);

#endif

/* A part of a graph as a graph of its own. */
#ifndef BCUE_GRAPH_EXTRACT_H
#define BCUE_GRAPH_EXTRACT_H

#include "graph/graph.h"

/* What computes the results `to` when the results `from` are given. Those of `from` that it reads become
   inputs named after their nodes; other inputs and the parameters that it reads keep their names and order.
   Each of `to` is an output under the name that it has as output, else its node's. */
bcue_status bcue_graph_extract(const bcue_graph *graph, const bcue_value *from, int32_t from_count,
                               const bcue_value *to, int32_t to_count, bcue_graph **part, bcue_error *error);

#endif

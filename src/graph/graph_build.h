/* How graph.c and graph_operators.c build a graph together. */
#ifndef BCUE_GRAPH_GRAPH_BUILD_H
#define BCUE_GRAPH_GRAPH_BUILD_H

#include "base/memory.h"
#include "graph/graph.h"

struct bcue_graph {
    bcue_arena *arena;
    bcue_node *nodes;
    bcue_value_info *values;
    bcue_value *parameters;
    const char **scopes; /* full prefixes, innermost last */
    size_t node_count, node_capacity;
    size_t value_count, value_capacity;
    size_t parameter_count, parameter_capacity;
    size_t scope_count, scope_capacity;
    bcue_status status; /* of the first failure; building does nothing more after it */
    bcue_error error;
};

/* Keep `status`, whose sentence is in graph->error, as the first failure; gives BCUE_NO_VALUE. */
bcue_value bcue_graph_give_up(bcue_graph *graph, bcue_status status);
/* Append `node` (op, inputs and attributes set). `shape` is what the caller asked for on entry, where the
   operator has such a thing. */
bcue_value bcue_graph_add_node(bcue_graph *graph, const char *name, bcue_node *node, bcue_shape shape);
/* A node of another graph is to be appended: the index list of a select belongs to its graph. false: no
 * memory. */
bool bcue_graph_own_index(bcue_graph *graph, bcue_node *node);

#endif

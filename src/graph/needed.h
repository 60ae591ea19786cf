/* Which nodes have to be run for what is asked of a graph. */
#ifndef BCUE_GRAPH_NEEDED_H
#define BCUE_GRAPH_NEEDED_H

#include "graph/graph.h"

/* What a plan runs. */
typedef struct bcue_needed {
    bool *node;   /* per node: runs */
    bool *value;  /* per value: written or read by a node that runs, or an output that is kept */
    bool *output; /* per value: an output that is kept */
} bcue_needed;

/* Training keeps every output. Inference leaves out the outputs that hang on a loss, and with them the loss
   and the labels. Fails with BCUE_ERROR_DATA when no output is left. Free with bcue_needed_free. */
bcue_status bcue_needed_create(const bcue_graph *graph, bool training, bcue_needed *needed,
                               bcue_error *error);
void bcue_needed_free(bcue_needed *needed);

#endif

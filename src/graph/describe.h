/* A graph as tables: what `beamcue info` shows of a model. */
#ifndef BCUE_GRAPH_DESCRIBE_H
#define BCUE_GRAPH_DESCRIBE_H

#include "base/text.h"
#include "graph/graph.h"

typedef struct bcue_node_row {
    const char *name; /* these belong to the graph */
    const char *op;
    bcue_shape shape;   /* of the output */
    int64_t parameters; /* trainable elements that this node is the first to use */
    int64_t macs;       /* multiply-accumulates of the forward pass */
} bcue_node_row;

/* All that lies under the first component of the names ("camera" of "camera.layer1.0.conv1"). */
typedef struct bcue_branch_row {
    char *name; /* owned */
    int32_t nodes;
    int64_t parameters;
    int64_t macs;
} bcue_branch_row;

typedef struct bcue_description {
    bcue_node_row *nodes; /* in execution order */
    int32_t node_count;
    bcue_branch_row *branches; /* in the order of their first node */
    int32_t branch_count;
    int64_t parameters; /* trainable elements; running statistics do not count */
    int64_t macs;
} bcue_description;

/* The graph must outlive the description. */
bcue_status bcue_describe(const bcue_graph *graph, bcue_description *description, bcue_error *error);
void bcue_description_free(bcue_description *description);
/* Two plain tables, nodes and branches, with totals. */
void bcue_description_print(const bcue_description *description, bcue_text *out);

/* A limit for bcue_limit_threads: 1 where one run of the graph has so little to compute that handing part of
   it to a second thread costs more than it brings (and far more when other programs keep that thread
   waiting), else 0, none. Depends on the shapes alone, so results repeat. */
int bcue_useful_threads(const bcue_graph *graph);

#endif

/* The shape rules of the operators. */
#ifndef BCUE_GRAPH_INFER_SHAPE_H
#define BCUE_GRAPH_INFER_SHAPE_H

#include "graph/graph.h"

/* The output shape of `node`, whose name and attributes are set and whose inputs are described by `inputs`
   (node->input_count of them). Reshape, permute and adaptive pooling find what was asked for in `shape` on
   entry. Fails with BCUE_ERROR_SHAPE (or BCUE_ERROR_ARGUMENT for attributes that fit no shape), naming the
   node and the shapes. */
bcue_status bcue_infer_shape(const bcue_node *node, const bcue_value_info *const *inputs, bcue_shape *shape,
                             bcue_error *error);

/* The NumPy broadcast of two shapes; false when they do not go together. */
bool bcue_shape_broadcast(const bcue_shape *a, const bcue_shape *b, bcue_shape *result);

#endif

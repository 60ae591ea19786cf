/* A tree of axis-aligned boxes that finds those which reach into a convex region. */
#ifndef BCUE_WORLD_BOX_TREE_H
#define BCUE_WORLD_BOX_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/vec3.h"

typedef struct bcue_box {
    bcue_vec3 low, high;
} bcue_box;

/* Points x with normal . x >= offset. */
typedef struct bcue_half_space {
    bcue_vec3 normal;
    double offset;
} bcue_half_space;

typedef struct bcue_box_node {
    bcue_vec3 middle, half;
    uint32_t skip;  /* the node after this one's subtree */
    uint32_t first; /* a leaf: its boxes in `order` */
    uint32_t count; /* 0: not a leaf */
} bcue_box_node;

typedef struct bcue_box_tree {
    bcue_box_node *nodes; /* owned, in depth-first order */
    size_t node_count, node_capacity;
    uint32_t *order; /* owned: box numbers, leaf by leaf */
    bcue_box *boxes; /* owned: in the same order */
    size_t count, capacity;
} bcue_box_tree;

/* (Re)build the tree over `count` boxes; false: no memory. The result depends on the boxes alone. */
bool bcue_box_tree_make(bcue_box_tree *tree, const bcue_box *boxes, size_t count);
void bcue_box_tree_free(bcue_box_tree *tree); /* and make it empty */

/* Box numbers that grow; reuse it from call to call. */
typedef struct bcue_index_list {
    uint32_t *all; /* owned */
    size_t count, capacity;
} bcue_index_list;

/* Append the number (plus `base`) of every box that no single one of the half-spaces excludes: all that reach
   into the region are among them, with some that do not. False: no memory. */
bool bcue_box_tree_query(const bcue_box_tree *tree, const bcue_half_space *region, size_t count,
                         uint32_t base, bcue_index_list *found);

#endif

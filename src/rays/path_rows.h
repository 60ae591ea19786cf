/* Long trees of images, laid out so that a receiver finds those that it may see many at a time. */
#ifndef BCUE_RAYS_PATH_ROWS_H
#define BCUE_RAYS_PATH_ROWS_H

#include "rays/path_lanes.h"
#include "rays/path_search.h"

struct bcue_image_rows {
    const bcue_lane_tests *tests;
    uint32_t *node; /* those of the tree that are tried, by their last surface: */
    size_t *first;  /* of surface i: node[first[i] .. first[i + 1]) */
    size_t longest; /* row */
    size_t stride;  /* in floats: */
    float *floats;  /* heights of the images above their last surface, places along its axis u, along its axis
                       v */
};

/* Sets tree->rows for a tree of many images of two and more reflections; leaves it NULL for others. False: no
 * memory. */
bool bcue_rows_make(const bcue_search *s, bcue_image_tree *tree);
void bcue_rows_free(bcue_image_rows *rows); /* NULL is fine */

typedef struct bcue_row_scratch {
    uint32_t *hits;
    uint64_t *left; /* a bit per node of the tree */
} bcue_row_scratch;

/* All zero at first. False: no memory; free it all the same. */
bool bcue_rows_scratch_make(const bcue_image_tree *tree, bcue_row_scratch *scratch);
void bcue_rows_scratch_free(bcue_row_scratch *scratch);
/* Sets the bits of the images whose straight line to the receiver may pass their last surface. */
void bcue_rows_look(const bcue_search *s, const bcue_image_tree *tree, bcue_vec3 receiver,
                    bcue_row_scratch *scratch);

#endif

/* Triangles of one mesh file, for importers. Not for other rooms. */
#ifndef BCUE_SCENE_TRIANGLE_LIST_H
#define BCUE_SCENE_TRIANGLE_LIST_H

#include <stddef.h>
#include <stdint.h>
#include "beamcue/status.h"

typedef struct bcue_triangle_list {
    double *vertices; /* owned: vertex_count x 3 */
    size_t vertex_count;
    uint32_t *triangles; /* owned: triangle_count x 3 */
    size_t triangle_count;
} bcue_triangle_list;

/* The faces of a PLY file; polygons of more than three corners are cut into triangles in the plane in which
   they have the largest area. On success the caller frees. */
bcue_status bcue_ply_triangles_read(const char *path, bcue_triangle_list *list, bcue_error *error);
void bcue_triangle_list_free(bcue_triangle_list *list); /* and make it empty */

#endif

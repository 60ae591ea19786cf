/* Edges of a mesh that only one triangle has: holes, and the rims of sheets. Not for other rooms. */
#ifndef BCUE_SCENE_OPEN_EDGES_H
#define BCUE_SCENE_OPEN_EDGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "world/mesh.h"

typedef struct bcue_open_edges {
    size_t count;
    bcue_vec3 a, b; /* the first of them, when there is one */
} bcue_open_edges;

/* Vertices at the same place count as one. Corners of `triangles` are `first` + an index below vertex_count.
   False: out of memory. */
bool bcue_find_open_edges(const bcue_vec3 *vertices, size_t vertex_count, const bcue_triangle *triangles,
                          size_t triangle_count, uint32_t first, bcue_open_edges *open);

#endif

/* Steps of bcue_radio_shape_make: welding, surfaces, wedges. */
#ifndef BCUE_WORLD_RADIO_WELD_H
#define BCUE_WORLD_RADIO_WELD_H

#include "world/radio_shape.h"

/* A triangle on its way into a shape. */
typedef struct bcue_weld_triangle {
    uint32_t vertex[3]; /* welded */
    uint32_t source;    /* in the mesh */
    uint32_t surface;
    bcue_vec3 normal;
    double area;
} bcue_weld_triangle;

/* One side of a triangle, or a piece of it: its ends in ascending order of index. */
typedef struct bcue_weld_edge {
    uint32_t low, high;
    uint32_t triangle, corner; /* from vertex[corner] to the next one */
    bool forward;              /* that way it runs from low to high */
    bool buried;               /* of the first of a run: no border of the body (bcue_weld_contacts) */
} bcue_weld_edge;

typedef struct bcue_weld {
    const bcue_mesh *mesh;
    bcue_vec3 *vertices;
    size_t vertex_count;
    bcue_weld_triangle *triangles;
    size_t triangle_count;
    bcue_weld_edge *edges; /* sorted by (low, high, triangle) */
    size_t edge_count, edge_capacity;
    bcue_surface *surfaces;
    size_t surface_count;
    double tolerance_m;
    size_t dropped;
} bcue_weld;

/* Everything but the surfaces, of the first `triangle_count` triangles of the mesh. All arrays are owned by
 * `weld` and freed by bcue_weld_free. */
bcue_status bcue_weld_make(const bcue_mesh *mesh, size_t triangle_count, bcue_weld *weld, bcue_error *error);
void bcue_weld_free(bcue_weld *weld);

/* The edges with the same two ends as edge `first`: the index behind the last of them. */
size_t bcue_weld_run_end(const bcue_weld *weld, size_t first);

/* Put the edges into their order. */
void bcue_weld_sort_edges(bcue_weld *weld);

/* Divide edges of one triangle at the vertices of other such edges that lie on them, so that pieces which are
   divided differently still meet edge to edge. Then mark the edges of one triangle that are no border,
   because they lie on a face that goes on to both sides.
 */
bcue_status bcue_weld_contacts(bcue_weld *weld, bcue_error *error);

/* The surfaces, and triangle.surface. */
bcue_status bcue_weld_surfaces(bcue_weld *weld, bcue_error *error);

/* The wedges between them, collinear touching pieces joined. `*wedges` is owned by the caller. */
bcue_status bcue_weld_wedges(const bcue_weld *weld, double min_turn, bcue_wedge **wedges, size_t *count,
                             bcue_error *error);

#endif

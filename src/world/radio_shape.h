/* What reflects and diffracts: flat surfaces and straight wedges, made once from a triangle mesh. */
#ifndef BCUE_WORLD_RADIO_SHAPE_H
#define BCUE_WORLD_RADIO_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "beamcue/status.h"
#include "world/mesh.h"

#define BCUE_NO_SURFACE UINT32_MAX

/* Connected coplanar triangles of one object and one material. */
typedef struct bcue_surface {
    bcue_vec3 normal;      /* unit; the side from which the mesh's triangles run counter-clockwise */
    double offset;         /* normal . x = offset for every point x of the surface */
    uint32_t first, count; /* its triangles in the shape */
    bcue_vec3 centre;      /* of the sphere around it */
    double radius;
    bcue_vec3 middle, axis_u, axis_v; /* of the rectangle around it: unit axes in the plane, u x v = normal */
    double half_u, half_v;
    bool rectangle; /* it is that rectangle */
    /* The rectangle in bins_per_side^2 cells, row by row along v: the triangles that reach into cell c are
       bin_triangles[bins[first_bin + c] .. bins[first_bin + c + 1]) of the shape. 0: of few triangles. */
    uint32_t first_bin, bins_per_side;
    double area_m2;
    uint32_t object;
    bcue_material_id material;
    bool two_sided; /* false: part of a closed body, so that only the side of `normal` can be seen from
                       outside */
} bcue_surface;

/* A straight edge at which the air takes up more than a half space: where two faces meet that turn away from
   each other by `min_turn` or more, or where a sheet ends. The air is the region that the angle phi sweeps,
   counted about `along` from face 0 (phi = 0) to face n (phi = exterior_angle):
       t0 = normal[0] x along  points along face 0, away from the edge;
       a direction d from the edge has phi = atan2(d . normal[0], d . t0) in [0, 2 pi).
   normal[0] and normal[1] are unit and point from their faces into the air. A sheet that ends has
   exterior_angle = 2 pi, surface[1] = BCUE_NO_SURFACE and normal[1] = -normal[0]. */
typedef struct bcue_wedge {
    bcue_vec3 a, b; /* its ends; along = unit(b - a) */
    bcue_vec3 along;
    double length_m;
    bcue_vec3 normal[2];   /* of face 0 and of face n */
    uint32_t surface[2];   /* face 0 and face n */
    double exterior_angle; /* radians, pi + min_turn .. 2 pi */
} bcue_wedge;

typedef struct bcue_radio_triangle {
    uint32_t vertex[3];
    uint32_t surface;
} bcue_radio_triangle;

/* Immutable once made: any number of threads may read it. */
typedef struct bcue_radio_shape {
    bcue_vec3 *vertices; /* owned; vertices of the mesh that coincide are one here */
    size_t vertex_count;
    bcue_radio_triangle *triangles; /* owned; those of a surface follow each other */
    size_t triangle_count;
    bcue_surface *surfaces; /* owned */
    size_t surface_count;
    uint32_t *bins, *bin_triangles; /* owned */
    bcue_wedge *wedges;             /* owned */
    size_t wedge_count;
    bcue_vec3 low, high; /* the box around it */
    double tolerance_m;  /* points closer than this are one, and so are planes */
    size_t dropped;      /* triangles of the mesh without an area */
} bcue_radio_shape;

/* The least turn between the normals of a wedge's faces: 15 degrees. */
#define BCUE_WEDGE_MIN_TURN (15.0 * BCUE_PI / 180.0)

/* Make the shape of the first `triangle_count` triangles of a mesh (none: an empty shape). `min_turn` is in
   radians. Vertices closer than 1e-7 of the largest
   coordinate + 1 um are welded; triangles join a surface while they stay as close to its plane. Triangles
   without an area are dropped and counted. A coordinate that is no number, or an index beyond the vertices,
   is an error that names the triangle. On success the caller frees the shape. */
bcue_status bcue_radio_shape_make(const bcue_mesh *mesh, size_t triangle_count, double min_turn,
                                  bcue_radio_shape *shape, bcue_error *error);
void bcue_radio_shape_free(bcue_radio_shape *shape); /* and make it empty */

/* Is a point of the surface's plane inside the surface (its rim included)? */
bool bcue_radio_surface_contains(const bcue_radio_shape *shape, uint32_t surface, bcue_vec3 point);

#endif

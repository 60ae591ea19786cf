/* Triangle meshes that carry a material and an object per triangle. */
#ifndef BCUE_WORLD_MESH_H
#define BCUE_WORLD_MESH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/vec3.h"
#include "world/material.h"

typedef struct bcue_triangle {
    uint32_t vertex[3]; /* counter-clockwise seen from outside */
    uint32_t object;
    bcue_material_id material;
} bcue_triangle;

/* A mesh grows piece by piece with a sticky failure: add freely, check `failed` once at the end. */
typedef struct bcue_mesh {
    bcue_vec3 *vertices; /* owned */
    size_t vertex_count, vertex_capacity;
    bcue_triangle *triangles; /* owned */
    size_t triangle_count, triangle_capacity;
    bool failed; /* out of memory; the mesh is incomplete */
} bcue_mesh;

void bcue_mesh_free(bcue_mesh *mesh); /* and make it empty */

/* Index of the first of `count` new vertices; `vertices` NULL: they are at the origin, to be set by the
 * caller. */
uint32_t bcue_mesh_add_vertices(bcue_mesh *mesh, const bcue_vec3 *vertices, size_t count);
void bcue_mesh_add_triangle(bcue_mesh *mesh, uint32_t a, uint32_t b, uint32_t c, bcue_material_id material,
                            uint32_t object);
/* Corners counter-clockwise seen from outside. */
void bcue_mesh_add_quad(bcue_mesh *mesh, const bcue_vec3 corners[4], bcue_material_id material,
                        uint32_t object);

/* Corner i lies at (x, y, z) = (low or high) by bits 0, 1, 2 of i. `materials` per side: -x, +x, -y, +y, -z,
 * +z. */
void bcue_mesh_add_hexahedron(bcue_mesh *mesh, const bcue_vec3 corners[8],
                              const bcue_material_id materials[6], uint32_t object);
void bcue_mesh_add_box(bcue_mesh *mesh, bcue_vec3 low, bcue_vec3 high, bcue_material_id material,
                       uint32_t object);
/* A drum with its axis along +axis from `base`; `rim` is the material of its two flat ends. */
void bcue_mesh_add_cylinder(bcue_mesh *mesh, bcue_vec3 base, bcue_vec3 axis, double radius, int sides,
                            bcue_material_id side, bcue_material_id rim, uint32_t object);
/* A closed rounded body (an octahedron divided twice) with the given half axes. */
void bcue_mesh_add_ellipsoid(bcue_mesh *mesh, bcue_vec3 centre, bcue_vec3 half_axes,
                             bcue_material_id material, uint32_t object);

#endif

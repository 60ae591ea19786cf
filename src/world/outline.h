/* Polygons in the plane: area, containment, overlap, and triangulation with holes. Points are bcue_vec3 of
   which only x and y count. */
#ifndef BCUE_WORLD_OUTLINE_H
#define BCUE_WORLD_OUTLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/vec3.h"
#include "world/mesh.h"

/* Loops of points that grow piece by piece with a sticky failure. Loop i is points[starts[i]] up to
   points[starts[i + 1]] (the last: up to point_count). */
typedef struct bcue_loops {
    bcue_vec3 *points; /* owned */
    size_t point_count, point_capacity;
    size_t *starts; /* owned */
    size_t loop_count, loop_capacity;
    bool failed; /* out of memory */
} bcue_loops;

void bcue_loops_free(bcue_loops *loops);  /* and make it empty */
void bcue_loops_reset(bcue_loops *loops); /* forget the contents, keep the memory */
void bcue_loops_begin(bcue_loops *loops);
/* A point closer than 0.1 mm to the one before it in the loop is left out. */
void bcue_loops_add(bcue_loops *loops, bcue_vec3 point);
/* End the last loop: a last point on the first one is left out; bcue_loops_close also makes it run
   counter-clockwise. */
void bcue_loops_open_end(bcue_loops *loops);
void bcue_loops_close(bcue_loops *loops);
/* Turn the last loop around. */
void bcue_loops_reverse(bcue_loops *loops);
/* Points of loop i; *count of them. */
const bcue_vec3 *bcue_loops_get(const bcue_loops *loops, size_t i, size_t *count);

/* Counter-clockwise is positive. */
double bcue_outline_area(const bcue_vec3 *points, size_t count);
/* Even-odd rule; points on the rim may fall either way. */
bool bcue_outline_contains(const bcue_vec3 *points, size_t count, double x, double y);
/* Do two simple polygons share any point (touching rims count), or does one lie in the other? */
bool bcue_outlines_meet(const bcue_vec3 *a, size_t a_count, const bcue_vec3 *b, size_t b_count);

/* Do two sides of the loops cross or touch, other than neighbours at their common corner? *at: near where. */
bool bcue_loops_cross(const bcue_loops *loops, bcue_vec3 *at);

/* Cut the region of loop 0 (counter-clockwise) without the others (clockwise, inside loop 0, disjoint) into
   triangles by ear clipping; holes are joined to the rim by bridges (D. Eberly, Triangulation by Ear
   Clipping, 2002). Every point of a loop becomes a corner, also on straight sides. *triangles (the caller
   frees it) holds 3 point indices per triangle, counter-clockwise. False: out of memory, or the loops cross.
 */
bool bcue_loops_triangulate(const bcue_loops *loops, uint32_t **triangles, size_t *count);
/* The region of the loops as triangles at height z that face up. Failure sticks in mesh->failed. */
void bcue_loops_to_mesh(const bcue_loops *loops, double z, bcue_mesh *mesh, bcue_material_id material,
                        uint32_t object);

#endif

/* Polygons with holes into triangles, by ear clipping. Not for other rooms. */
#ifndef BCUE_SCENE_POLYGON_H
#define BCUE_SCENE_POLYGON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct bcue_point2 {
    double x, y;
} bcue_point2;

typedef enum bcue_polygon_result {
    BCUE_POLYGON_OK,
    BCUE_POLYGON_MEMORY,
    BCUE_POLYGON_CROSSED, /* its outline crosses or touches itself, or another ring's, or it has no area */
} bcue_polygon_result;

/* Twice the signed area of a ring; positive: counter-clockwise. The last point is joined to the first. */
double bcue_ring_area2(const bcue_point2 *ring, size_t count);
bool bcue_ring_contains(const bcue_point2 *ring, size_t count, bcue_point2 point);
/* Do two edges of the rings cross or touch, other than neighbours at their common corner? Rings lie one after
   the other in `points`, ring r from ring_first[r] to ring_first[r + 1]. *a and *b: the first corners of two
   such edges. */
bcue_polygon_result bcue_rings_check(const bcue_point2 *points, const size_t *ring_first, size_t ring_count,
                                     size_t *a, size_t *b);
/* The rings: the outline first, then its holes, in any direction, checked by bcue_rings_check. *triangles
   gets 3 x *count indices into `points`, counter-clockwise; the caller frees it. A simple outline of n
   corners with h holes gives n + 2 h - 2 triangles. O(n^2). */
bcue_polygon_result bcue_polygon_triangulate(const bcue_point2 *points, const size_t *ring_first,
                                             size_t ring_count, uint32_t **triangles, size_t *count);

#endif

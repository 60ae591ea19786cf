/* Tests of many things at once, in float, that rule out what certainly gives no path; what they leave is
   looked at in double. Places are relative to the transmitter, so that float has room for scenes of a few
   kilometres: each test allows BCUE_LANE_SLACK_M for what rounding does. The answer may differ from one
   instruction set to another in what it leaves, never in what the paths are. */
#ifndef BCUE_RAYS_PATH_LANES_H
#define BCUE_RAYS_PATH_LANES_H

#include <stddef.h>
#include <stdint.h>

#define BCUE_LANE_SLACK_M 0.02f
/* So many floats beyond the last one of every array can be read. */
enum { BCUE_LANE_PADDING = 16, BCUE_LANE_PLANES = 5 };

/* Boxes: middle and half size. */
typedef struct bcue_lane_boxes {
    const float *x, *y, *z, *half_x, *half_y, *half_z;
} bcue_lane_boxes;

/* Points n . x >= offset of every plane; {n, offset}. */
typedef struct bcue_lane_region {
    float plane[BCUE_LANE_PLANES][4];
} bcue_lane_region;

/* What lies within `radius` of a segment, given by its middle and half. */
typedef struct bcue_lane_tube {
    float middle[3], half[3], radius;
} bcue_lane_tube;

typedef struct bcue_lane_spheres {
    const float *x, *y, *z, *radius;
} bcue_lane_spheres;

typedef struct bcue_lane_cone {
    float apex[3], axis[3];
    float slope, secant; /* of its half angle */
    float least;         /* nothing counts that is nearer to the apex along the axis */
} bcue_lane_cone;

/* Lines from a point of their own, each past a sphere of its own, to a common end. */
typedef struct bcue_lane_lines {
    const float *from_x, *from_y, *from_z;
    bcue_lane_spheres past;
} bcue_lane_lines;

typedef struct bcue_lane_end {
    float to[3];
    float wide;                   /* added to the radius of every sphere */
    float also[4];                /* a sphere that all lines have to pass as well; radius INFINITY: none */
    const bcue_lane_cone *within; /* the spheres have to reach into this as well; NULL: need not */
} bcue_lane_end;

/* Mirrors: the plane normal . x = offset, and a sphere around its part of it. */
typedef struct bcue_lane_mirrors {
    const float *normal_x, *normal_y, *normal_z, *offset;
    const float *two_sided; /* 1 or 0 */
    bcue_lane_spheres around;
} bcue_lane_mirrors;

/* Receivers that the way from `apex` through the sphere may reach, not behind the plane {n, offset} (all of
   them may be in front: n = 0, offset <= 0). */
typedef struct bcue_lane_way {
    float apex[3], sphere[4], front[4];
} bcue_lane_way;

/* Points by their height above a plane and their place along two axes in it. */
typedef struct bcue_lane_crossings {
    const float *above, *u, *v;
} bcue_lane_crossings;

/* A rectangle of that plane around its origin, and a point on one side of it. */
typedef struct bcue_lane_window {
    float above, u, v, half_u, half_v;
} bcue_lane_window;

/* Each writes the numbers of those in [first, end) that are left, in ascending order, and returns how many.
 */
typedef struct bcue_lane_tests {
    int width; /* floats at a time */
    size_t (*boxes)(const bcue_lane_boxes *boxes, size_t first, size_t end, const bcue_lane_region *region,
                    uint32_t *hits);
    size_t (*tube)(const bcue_lane_boxes *boxes, size_t first, size_t end, const bcue_lane_tube *tube,
                   uint32_t *hits);
    size_t (*cone)(const bcue_lane_spheres *spheres, size_t first, size_t end, const bcue_lane_cone *cone,
                   uint32_t *hits);
    /* Lines whose (infinite) straight continuation passes their sphere and `also`. */
    size_t (*lines)(const bcue_lane_lines *lines, size_t first, size_t end, const bcue_lane_end *at,
                    uint32_t *hits);
    /* Mirrors that face `source` and whose image of it lies on a line to at->to that passes the mirror. */
    size_t (*mirrors)(const bcue_lane_mirrors *mirrors, size_t first, size_t end, const float source[3],
                      const bcue_lane_end *at, uint32_t *hits);
    size_t (*receivers)(const bcue_lane_spheres *points, size_t first, size_t end, const bcue_lane_way *way,
                        uint32_t *hits); /* points: without radius */
    /* Points on the other side of the plane whose straight line to the window's point passes the rectangle.
     */
    size_t (*crossings)(const bcue_lane_crossings *points, size_t first, size_t end,
                        const bcue_lane_window *window, uint32_t *hits);
} bcue_lane_tests;

extern const bcue_lane_tests bcue_lane_tests_baseline;
#ifdef __x86_64__
extern const bcue_lane_tests bcue_lane_tests_avx2, bcue_lane_tests_avx512;
#endif
/* The widest that this machine has. */
const bcue_lane_tests *bcue_lane_tests_best(void);

#endif

/* The tests of path_lanes.h with FLOAT_LANES floats at a time. The including file defines FLOAT_LANES and
 * LANE_TESTS. */
#include <math.h>
#include "base/float_lanes.h"
#include "rays/path_lanes.h"

/* Write the numbers of the lanes that hold, [i, end). */
static inline size_t put(uint32_t bits, size_t i, size_t end, uint32_t *hits, size_t count)
{
    if (end - i < LANES)
        bits &= (1u << (end - i)) - 1u;
    for (; bits != 0; bits &= bits - 1)
        hits[count++] = (uint32_t)(i + (size_t)__builtin_ctz(bits));
    return count;
}

static size_t boxes(const bcue_lane_boxes *b, size_t first, size_t end, const bcue_lane_region *region,
                    uint32_t *hits)
{
    size_t count = 0;
    for (size_t i = first; i < end; i += LANES) {
        lanes x = load(b->x + i), y = load(b->y + i), z = load(b->z + i);
        lanes hx = load(b->half_x + i), hy = load(b->half_y + i), hz = load(b->half_z + i);
        uint32_t bits = UINT32_MAX;
        for (int p = 0; p < BCUE_LANE_PLANES && bits != 0; p++) {
            const float *n = region->plane[p];
            lanes most = n[0] * x + n[1] * y + n[2] * z + fabsf(n[0]) * hx + fabsf(n[1]) * hy +
                         fabsf(n[2]) * hz + BCUE_LANE_SLACK_M;
            bits &= lane_bits(most >= n[3]);
        }
        count = put(bits, i, end, hits, count);
    }
    return count;
}

static inline lanes size_of(lanes x)
{
    return larger(x, -x);
}

/* By separating axes: those of the box, and their cross products with the segment. */
static size_t tube(const bcue_lane_boxes *b, size_t first, size_t end, const bcue_lane_tube *t,
                   uint32_t *hits)
{
    const float u = t->half[0], v = t->half[1], w = t->half[2], reach_x = fabsf(u), reach_y = fabsf(v),
                reach_z = fabsf(w), radius = t->radius + BCUE_LANE_SLACK_M;
    size_t count = 0;
    for (size_t i = first; i < end; i += LANES) {
        lanes x = load(b->x + i) - t->middle[0], y = load(b->y + i) - t->middle[1],
              z = load(b->z + i) - t->middle[2];
        lanes hx = load(b->half_x + i) + radius, hy = load(b->half_y + i) + radius,
              hz = load(b->half_z + i) + radius;
        uint32_t bits = lane_bits((size_of(x) <= hx + reach_x) & (size_of(y) <= hy + reach_y) &
                                  (size_of(z) <= hz + reach_z));
        if (bits != 0)
            bits &= lane_bits((size_of(y * w - z * v) <= hy * reach_z + hz * reach_y) &
                              (size_of(z * u - x * w) <= hz * reach_x + hx * reach_z) &
                              (size_of(x * v - y * u) <= hx * reach_y + hy * reach_x));
        count = put(bits, i, end, hits, count);
    }
    return count;
}

static inline uint32_t in_cone(const bcue_lane_cone *c, lanes x, lanes y, lanes z, lanes radius)
{
    x -= c->apex[0];
    y -= c->apex[1];
    z -= c->apex[2];
    radius += BCUE_LANE_SLACK_M;
    lanes along = c->axis[0] * x + c->axis[1] * y + c->axis[2] * z, whole = x * x + y * y + z * z;
    lanes most = along * c->slope + radius * c->secant;
    return lane_bits((whole * (1.0f - 1e-6f) - along * along <= most * most) & (most >= 0.0f) &
                     (along + radius >= c->least));
}

static size_t cone(const bcue_lane_spheres *s, size_t first, size_t end, const bcue_lane_cone *c,
                   uint32_t *hits)
{
    size_t count = 0;
    for (size_t i = first; i < end; i += LANES)
        count = put(in_cone(c, load(s->x + i), load(s->y + i), load(s->z + i), load(s->radius + i)), i, end,
                    hits, count);
    return count;
}

/* A line from (x, y, z) along (u, v, w). */
typedef struct lane_line {
    lanes x, y, z, u, v, w, square;
} lane_line;

static inline lane_line line_to(lanes x, lanes y, lanes z, const float to[3])
{
    lanes u = to[0] - x, v = to[1] - y, w = to[2] - z;
    return (lane_line){x, y, z, u, v, w, u * u + v * v + w * w};
}

/* Where it passes the point within `near`: by the cross product, which loses no digits where the two are far
   apart. */
static inline uint32_t passes(const lane_line *line, lanes x, lanes y, lanes z, lanes near)
{
    lanes a = x - line->x, b = y - line->y, c = z - line->z;
    lanes d = b * line->w - c * line->v, e = c * line->u - a * line->w, f = a * line->v - b * line->u;
    return lane_bits(d * d + e * e + f * f <= near * near * line->square);
}

static size_t lines(const bcue_lane_lines *l, size_t first, size_t end, const bcue_lane_end *at,
                    uint32_t *hits)
{
    size_t count = 0;
    for (size_t i = first; i < end; i += LANES) {
        lanes x = load(l->past.x + i), y = load(l->past.y + i), z = load(l->past.z + i),
              radius = load(l->past.radius + i);
        uint32_t bits = at->within != NULL ? in_cone(at->within, x, y, z, radius) : UINT32_MAX;
        if (bits == 0)
            continue;
        const lane_line line = line_to(load(l->from_x + i), load(l->from_y + i), load(l->from_z + i), at->to);
        bits &= passes(&line, x, y, z, radius + (at->wide + BCUE_LANE_SLACK_M));
        if (bits != 0 && at->also[3] < INFINITY)
            bits &= passes(&line, all(at->also[0]), all(at->also[1]), all(at->also[2]),
                           all(at->also[3] + BCUE_LANE_SLACK_M));
        count = put(bits, i, end, hits, count);
    }
    return count;
}

static size_t mirrors(const bcue_lane_mirrors *m, size_t first, size_t end, const float source[3],
                      const bcue_lane_end *at, uint32_t *hits)
{
    size_t count = 0;
    for (size_t i = first; i < end; i += LANES) {
        lanes nx = load(m->normal_x + i), ny = load(m->normal_y + i), nz = load(m->normal_z + i);
        lanes above = nx * source[0] + ny * source[1] + nz * source[2] - load(m->offset + i);
        lanes facing = above + BCUE_LANE_SLACK_M + 1e9f * load(m->two_sided + i);
        const lane_line line = line_to(source[0] - 2.0f * above * nx, source[1] - 2.0f * above * ny,
                                       source[2] - 2.0f * above * nz, at->to);
        uint32_t bits = lane_bits(facing > 0.0f);
        if (bits != 0)
            bits &= passes(&line, load(m->around.x + i), load(m->around.y + i), load(m->around.z + i),
                           load(m->around.radius + i) + (at->wide + BCUE_LANE_SLACK_M));
        count = put(bits, i, end, hits, count);
    }
    return count;
}

static size_t receivers(const bcue_lane_spheres *points, size_t first, size_t end, const bcue_lane_way *way,
                        uint32_t *hits)
{
    const float vx = way->sphere[0] - way->apex[0], vy = way->sphere[1] - way->apex[1],
                vz = way->sphere[2] - way->apex[2], near = way->sphere[3] + BCUE_LANE_SLACK_M;
    const float square = vx * vx + vy * vy + vz * vz, length = sqrtf(square);
    /* The way passes the sphere: not beside it, not before the apex (unless that is in it), and not beyond
       the receiver x: v . x <= |x|^2 + near |x|, |x| <= (|x|^2 / |v| + |v|) / 2. */
    const float over = square - near * near - 1e-5f * square;
    const float far = 1.0f + 0.5f * near / (length + 1e-3f),
                beyond = 0.5f * near * (length + 1e-3f) + 1e-5f * square;
    size_t count = 0;
    for (size_t i = first; i < end; i += LANES) {
        lanes px = load(points->x + i), py = load(points->y + i), pz = load(points->z + i);
        lanes in_front = way->front[0] * px + way->front[1] * py + way->front[2] * pz + BCUE_LANE_SLACK_M;
        lanes x = px - way->apex[0], y = py - way->apex[1], z = pz - way->apex[2];
        lanes part = vx * x + vy * y + vz * z, whole = x * x + y * y + z * z;
        lanes ahead = larger(part, all(0.0f));
        uint32_t bits = lane_bits((in_front >= way->front[3]) & (part - far * whole - beyond <= 0.0f) &
                                  (over * whole - ahead * ahead <= 0.0f));
        count = put(bits, i, end, hits, count);
    }
    return count;
}

/* The line crosses the plane at (|h| u' + |h'| u) / (|h| + |h'|) along an axis. Heights and places were made
   in double, so that each product is right to some 2^-23 of itself, and the slack covers places of up to a
   hundred kilometres. */
static size_t crossings(const bcue_lane_crossings *points, size_t first, size_t end,
                        const bcue_lane_window *window, uint32_t *hits)
{
    const float other = fabsf(window->above), side = window->above > 0.0f ? -1.0f : 1.0f;
    size_t count = 0;
    for (size_t i = first; i < end; i += LANES) {
        lanes above = load(points->above + i) * side, whole = above + other;
        lanes u = above * window->u + load(points->u + i) * other,
              v = above * window->v + load(points->v + i) * other;
        uint32_t bits =
            lane_bits((above > 0.0f) & (size_of(u) <= whole * (window->half_u + BCUE_LANE_SLACK_M)) &
                      (size_of(v) <= whole * (window->half_v + BCUE_LANE_SLACK_M)));
        count = put(bits, i, end, hits, count);
    }
    return count;
}

const bcue_lane_tests LANE_TESTS = {LANES, boxes, tube, cone, lines, mirrors, receivers, crossings};

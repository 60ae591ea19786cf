#include "scene/polygon.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

/* Twice the signed area of a triangle; positive: counter-clockwise. */
static double turn(bcue_point2 a, bcue_point2 b, bcue_point2 c)
{
    return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
}

static bool same(bcue_point2 a, bcue_point2 b)
{
    return a.x == b.x && a.y == b.y;
}

double bcue_ring_area2(const bcue_point2 *ring, size_t count)
{
    double sum = 0.0;
    for (size_t i = 1; i + 1 < count; i++)
        sum += turn(ring[0], ring[i], ring[i + 1]);
    return sum;
}

bool bcue_ring_contains(const bcue_point2 *ring, size_t count, bcue_point2 point)
{
    bool inside = false;
    for (size_t i = 0, j = count - 1; i < count; j = i++) {
        bcue_point2 a = ring[i], b = ring[j];
        if ((a.y > point.y) != (b.y > point.y) && point.x < (b.x - a.x) * (point.y - a.y) / (b.y - a.y) + a.x)
            inside = !inside;
    }
    return inside;
}

/* ---- do edges meet? ---- */

/* Is p, which is in line with a and b, between them? */
static bool between(bcue_point2 a, bcue_point2 b, bcue_point2 p)
{
    return fmin(a.x, b.x) <= p.x && p.x <= fmax(a.x, b.x) && fmin(a.y, b.y) <= p.y && p.y <= fmax(a.y, b.y);
}

static bool segments_meet(bcue_point2 a, bcue_point2 b, bcue_point2 c, bcue_point2 d)
{
    if (fmax(a.x, b.x) < fmin(c.x, d.x) || fmax(c.x, d.x) < fmin(a.x, b.x) ||
        fmax(a.y, b.y) < fmin(c.y, d.y) || fmax(c.y, d.y) < fmin(a.y, b.y))
        return false;
    double c_side = turn(a, b, c), d_side = turn(a, b, d), a_side = turn(c, d, a), b_side = turn(c, d, b);
    if (((c_side > 0.0 && d_side < 0.0) || (c_side < 0.0 && d_side > 0.0)) &&
        ((a_side > 0.0 && b_side < 0.0) || (a_side < 0.0 && b_side > 0.0)))
        return true;
    return (c_side == 0.0 && between(a, b, c)) || (d_side == 0.0 && between(a, b, d)) ||
           (a_side == 0.0 && between(c, d, a)) || (b_side == 0.0 && between(c, d, b));
}

/* The corner after i on its ring. */
static size_t next_corner(const size_t *ring_first, size_t ring, size_t i)
{
    return i + 1 == ring_first[ring + 1] ? ring_first[ring] : i + 1;
}

bcue_polygon_result bcue_rings_check(const bcue_point2 *points, const size_t *ring_first, size_t ring_count,
                                     size_t *a, size_t *b)
{
    for (size_t r = 0; r < ring_count; r++)
        for (size_t i = ring_first[r]; i < ring_first[r + 1]; i++) {
            size_t i_next = next_corner(ring_first, r, i);
            *a = *b = i;
            if (same(points[i], points[i_next]))
                return BCUE_POLYGON_CROSSED;
            for (size_t q = r; q < ring_count; q++)
                for (size_t j = q == r ? i + 1 : ring_first[q]; j < ring_first[q + 1]; j++) {
                    size_t j_next = next_corner(ring_first, q, j);
                    *b = j;
                    if (j == i_next || j_next == i) {
                        /* Neighbours: they may only share that corner, and not fold back. */
                        bcue_point2 before = j == i_next ? points[i] : points[j];
                        bcue_point2 corner = j == i_next ? points[j] : points[i];
                        bcue_point2 after = j == i_next ? points[j_next] : points[i_next];
                        double along = (corner.x - before.x) * (after.x - corner.x) +
                                       (corner.y - before.y) * (after.y - corner.y);
                        if (turn(before, corner, after) == 0.0 && along < 0.0)
                            return BCUE_POLYGON_CROSSED;
                    } else if (segments_meet(points[i], points[i_next], points[j], points[j_next])) {
                        return BCUE_POLYGON_CROSSED;
                    }
                }
        }
    return BCUE_POLYGON_OK;
}

/* ---- triangulation ---- */

/* A corner of the one ring that outline and holes become; corners where a hole is joined are there twice. */
typedef struct corner {
    uint32_t point;
    size_t previous, next;
} corner;

typedef struct clipping {
    const bcue_point2 *points;
    corner *corners; /* owned */
    size_t count;
} clipping;

static bcue_point2 place(const clipping *clip, size_t c)
{
    return clip->points[clip->corners[c].point];
}

/* Link points first .. end - 1 to a ring with the given direction; any of its corners. */
static size_t link_ring(clipping *clip, size_t first, size_t end, bool counter_clockwise)
{
    bool turned = (bcue_ring_area2(clip->points + first, end - first) > 0.0) != counter_clockwise;
    size_t start = clip->count, count = end - first;
    for (size_t i = 0; i < count; i++)
        clip->corners[start + i] = (corner){.point = (uint32_t)(turned ? end - 1 - i : first + i),
                                            .previous = start + (i + count - 1) % count,
                                            .next = start + (i + 1) % count};
    clip->count += count;
    return start;
}

/* Closed triangle, either direction of points on its border. */
static bool in_triangle(bcue_point2 a, bcue_point2 b, bcue_point2 c, bcue_point2 p)
{
    return turn(a, b, p) >= 0.0 && turn(b, c, p) >= 0.0 && turn(c, a, p) >= 0.0;
}

/* The corner of the ring at `outer` that the hole's rightmost corner `hole` sees: along the ray towards +x
   the nearest edge, then its right end, or the reflex corner inside the triangle between that is nearest in
   angle to the ray (Eberly, "Triangulation by Ear Clipping", section 3). SIZE_MAX: the hole lies outside. */
static size_t find_bridge(const clipping *clip, size_t outer, size_t hole)
{
    bcue_point2 m = place(clip, hole);
    double nearest = INFINITY;
    size_t best = SIZE_MAX, c = outer;
    do {
        bcue_point2 a = place(clip, c), b = place(clip, clip->corners[c].next);
        if (a.y <= m.y && m.y <= b.y && a.y != b.y) {
            double x = a.x + (m.y - a.y) * (b.x - a.x) / (b.y - a.y);
            if (x >= m.x && x < nearest) {
                nearest = x;
                best = a.x > b.x ? c : clip->corners[c].next;
                if (m.y == a.y)
                    best = c;
                else if (m.y == b.y)
                    best = clip->corners[c].next;
            }
        }
        c = clip->corners[c].next;
    } while (c != outer);
    if (best == SIZE_MAX || place(clip, best).y == m.y)
        return best; /* the ray meets a corner */
    bcue_point2 hit = {nearest, m.y}, p = place(clip, best);
    double least = INFINITY;
    size_t chosen = best;
    c = outer;
    do {
        bcue_point2 q = place(clip, c);
        bool inside = p.y > m.y ? in_triangle(m, hit, p, q) : in_triangle(m, p, hit, q);
        if (c != best && inside && q.x > m.x &&
            turn(place(clip, clip->corners[c].previous), q, place(clip, clip->corners[c].next)) <= 0.0) {
            double slope = fabs(q.y - m.y) / (q.x - m.x);
            if (slope < least || (slope == least && q.x < place(clip, chosen).x)) {
                least = slope;
                chosen = c;
            }
        }
        c = clip->corners[c].next;
    } while (c != outer);
    /* The right end of the edge itself, if nothing is nearer to the ray. */
    double own = p.x > m.x ? fabs(p.y - m.y) / (p.x - m.x) : INFINITY;
    return least <= own ? chosen : best;
}

/* Of the corners at the same place as `bridge` (earlier holes may have joined there) the one whose angle
   opens towards the hole. */
static size_t open_towards(const clipping *clip, size_t bridge, bcue_point2 m)
{
    size_t c = bridge;
    bcue_point2 q = place(clip, bridge);
    do {
        if (same(place(clip, c), q)) {
            bcue_point2 before = place(clip, clip->corners[c].previous),
                        after = place(clip, clip->corners[c].next);
            bool convex = turn(before, q, after) > 0.0;
            bool left_of_before = turn(before, q, m) > 0.0, left_of_after = turn(q, after, m) > 0.0;
            if (convex ? left_of_before && left_of_after : left_of_before || left_of_after)
                return c;
        }
        c = clip->corners[c].next;
    } while (c != bridge);
    return bridge;
}

/* Cut the outline open at `bridge` and let it run once round the hole. */
static void join_hole(clipping *clip, size_t bridge, size_t hole)
{
    corner *corners = clip->corners;
    size_t bridge_again = clip->count++, hole_again = clip->count++;
    corners[bridge_again] = (corner){corners[bridge].point, hole_again, corners[bridge].next};
    corners[hole_again] = (corner){corners[hole].point, corners[hole].previous, bridge_again};
    corners[corners[bridge].next].previous = bridge_again;
    corners[corners[hole].previous].next = hole_again;
    corners[bridge].next = hole;
    corners[hole].previous = bridge;
}

static bool is_ear(const clipping *clip, size_t b)
{
    size_t a = clip->corners[b].previous, c = clip->corners[b].next;
    bcue_point2 pa = place(clip, a), pb = place(clip, b), pc = place(clip, c);
    double area = turn(pa, pb, pc);
    if (area < 0.0)
        return false;
    for (size_t q = clip->corners[c].next; q != a; q = clip->corners[q].next) {
        bcue_point2 p = place(clip, q);
        if (same(p, pa) || same(p, pb) || same(p, pc))
            continue;
        if (area == 0.0
                ? turn(pa, pc, p) == 0.0 && between(pa, pc, p) && !between(pa, pb, p) && !between(pb, pc, p)
                : in_triangle(pa, pb, pc, p))
            return false;
    }
    return true;
}

static bool clip_ears(clipping *clip, size_t start, size_t left, uint32_t *triangles, size_t *count)
{
    size_t at = start, idle = 0;
    while (left > 2) {
        corner here = clip->corners[at];
        if (!is_ear(clip, at)) {
            if (++idle > left)
                return false;
            at = here.next;
            continue;
        }
        uint32_t a = clip->corners[here.previous].point, c = clip->corners[here.next].point;
        if (turn(clip->points[a], clip->points[here.point], clip->points[c]) > 0.0) {
            triangles[3 * *count] = a;
            triangles[3 * *count + 1] = here.point;
            triangles[3 * *count + 2] = c;
            ++*count;
        }
        clip->corners[here.previous].next = here.next;
        clip->corners[here.next].previous = here.previous;
        left--;
        idle = 0;
        /* Skipping one makes fans rarer, so fewer slivers. */
        at = clip->corners[here.next].next;
    }
    return true;
}

/* The hole not yet joined whose rightmost corner is farthest right; its ring is in *ring. */
static size_t rightmost_hole(const clipping *clip, const size_t *starts, bool *joined, size_t ring_count)
{
    size_t best = SIZE_MAX, best_ring = 0;
    for (size_t r = 1; r < ring_count; r++) {
        if (joined[r])
            continue;
        size_t c = starts[r];
        do {
            if (best == SIZE_MAX || place(clip, c).x > place(clip, best).x) {
                best = c;
                best_ring = r;
            }
            c = clip->corners[c].next;
        } while (c != starts[r]);
    }
    joined[best_ring] = true;
    return best;
}

static bcue_polygon_result triangulate(clipping *clip, const size_t *ring_first, size_t ring_count,
                                       size_t *starts, bool *joined, uint32_t *triangles, size_t *count)
{
    for (size_t r = 0; r < ring_count; r++)
        starts[r] = link_ring(clip, ring_first[r], ring_first[r + 1], r == 0);
    for (size_t r = 1; r < ring_count; r++) {
        size_t hole = rightmost_hole(clip, starts, joined, ring_count);
        size_t bridge = find_bridge(clip, starts[0], hole);
        if (bridge == SIZE_MAX)
            return BCUE_POLYGON_CROSSED;
        join_hole(clip, open_towards(clip, bridge, place(clip, hole)), hole);
    }
    return clip_ears(clip, starts[0], clip->count, triangles, count) && *count > 0 ? BCUE_POLYGON_OK
                                                                                   : BCUE_POLYGON_CROSSED;
}

bcue_polygon_result bcue_polygon_triangulate(const bcue_point2 *points, const size_t *ring_first,
                                             size_t ring_count, uint32_t **triangles, size_t *count)
{
    *triangles = NULL;
    *count = 0;
    for (size_t r = 0; r < ring_count; r++)
        if (ring_first[r + 1] - ring_first[r] < 3 ||
            bcue_ring_area2(points + ring_first[r], ring_first[r + 1] - ring_first[r]) == 0.0)
            return BCUE_POLYGON_CROSSED;
    size_t most = ring_first[ring_count] - ring_first[0] + 2 * (ring_count - 1);
    clipping clip = {.points = points, .corners = bcue_calloc(most, sizeof *clip.corners)};
    size_t *starts = bcue_calloc(ring_count, sizeof *starts);
    bool *joined = bcue_calloc(ring_count, sizeof *joined);
    uint32_t *made = bcue_calloc(most, 3 * sizeof *made);
    bcue_polygon_result result = BCUE_POLYGON_MEMORY;
    if (clip.corners != NULL && starts != NULL && joined != NULL && made != NULL)
        result = triangulate(&clip, ring_first, ring_count, starts, joined, made, count);
    free(clip.corners);
    free(starts);
    free(joined);
    if (result == BCUE_POLYGON_OK) {
        *triangles = made;
    } else {
        free(made);
        *count = 0;
    }
    return result;
}

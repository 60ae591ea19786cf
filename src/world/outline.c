#include "world/outline.h"

#include <stdlib.h>
#include "base/memory.h"

#define SAME_POINT_M 1e-4

void bcue_loops_free(bcue_loops *loops)
{
    free(loops->points);
    free(loops->starts);
    *loops = (bcue_loops){0};
}

void bcue_loops_reset(bcue_loops *loops)
{
    loops->point_count = 0;
    loops->loop_count = 0;
}

void bcue_loops_begin(bcue_loops *loops)
{
    if (!bcue_grow((void **)&loops->starts, &loops->loop_capacity, loops->loop_count + 1,
                   sizeof *loops->starts)) {
        loops->failed = true;
        return;
    }
    loops->starts[loops->loop_count++] = loops->point_count;
}

void bcue_loops_add(bcue_loops *loops, bcue_vec3 point)
{
    if (loops->failed || loops->loop_count == 0)
        return;
    size_t start = loops->starts[loops->loop_count - 1];
    if (loops->point_count > start) {
        bcue_vec3 last = loops->points[loops->point_count - 1];
        if (hypot(point.x - last.x, point.y - last.y) < SAME_POINT_M)
            return;
    }
    if (!bcue_grow((void **)&loops->points, &loops->point_capacity, loops->point_count + 1,
                   sizeof *loops->points)) {
        loops->failed = true;
        return;
    }
    loops->points[loops->point_count++] = point;
}

void bcue_loops_open_end(bcue_loops *loops)
{
    if (loops->failed || loops->loop_count == 0)
        return;
    size_t start = loops->starts[loops->loop_count - 1];
    while (loops->point_count > start + 1) {
        bcue_vec3 first = loops->points[start], last = loops->points[loops->point_count - 1];
        if (hypot(first.x - last.x, first.y - last.y) >= SAME_POINT_M)
            return;
        loops->point_count--;
    }
}

void bcue_loops_reverse(bcue_loops *loops)
{
    if (loops->failed || loops->loop_count == 0 || loops->point_count == 0)
        return;
    for (size_t low = loops->starts[loops->loop_count - 1], high = loops->point_count - 1; low < high;
         low++, high--) {
        bcue_vec3 kept = loops->points[low];
        loops->points[low] = loops->points[high];
        loops->points[high] = kept;
    }
}

void bcue_loops_close(bcue_loops *loops)
{
    bcue_loops_open_end(loops);
    if (loops->failed || loops->loop_count == 0)
        return;
    size_t count;
    const bcue_vec3 *points = bcue_loops_get(loops, loops->loop_count - 1, &count);
    if (count > 2 && bcue_outline_area(points, count) < 0.0)
        bcue_loops_reverse(loops);
}

const bcue_vec3 *bcue_loops_get(const bcue_loops *loops, size_t i, size_t *count)
{
    size_t end = i + 1 < loops->loop_count ? loops->starts[i + 1] : loops->point_count;
    *count = end - loops->starts[i];
    return loops->points + loops->starts[i];
}

double bcue_outline_area(const bcue_vec3 *points, size_t count)
{
    double twice = 0.0;
    for (size_t i = 0, j = count - 1; i < count; j = i++)
        twice += (points[j].x - points[0].x) * (points[i].y - points[0].y) -
                 (points[i].x - points[0].x) * (points[j].y - points[0].y);
    return 0.5 * twice;
}

bool bcue_outline_contains(const bcue_vec3 *points, size_t count, double x, double y)
{
    bool inside = false;
    for (size_t i = 0, j = count - 1; i < count; j = i++) {
        bcue_vec3 a = points[i], b = points[j];
        if ((a.y > y) != (b.y > y) && x < (b.x - a.x) * (y - a.y) / (b.y - a.y) + a.x)
            inside = !inside;
    }
    return inside;
}

/* Twice the signed area of a triangle: positive when c lies to the left of a -> b. */
static double turn(bcue_vec3 a, bcue_vec3 b, bcue_vec3 c)
{
    return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
}

static bool between(double low, double high, double value)
{
    return low <= high ? value >= low && value <= high : value >= high && value <= low;
}

static bool on_segment(bcue_vec3 a, bcue_vec3 b, bcue_vec3 p)
{
    return between(a.x, b.x, p.x) && between(a.y, b.y, p.y);
}

static bool segments_meet(bcue_vec3 a, bcue_vec3 b, bcue_vec3 c, bcue_vec3 d)
{
    double c_side = turn(a, b, c), d_side = turn(a, b, d), a_side = turn(c, d, a), b_side = turn(c, d, b);
    if (((c_side > 0.0 && d_side < 0.0) || (c_side < 0.0 && d_side > 0.0)) &&
        ((a_side > 0.0 && b_side < 0.0) || (a_side < 0.0 && b_side > 0.0)))
        return true;
    return (c_side == 0.0 && on_segment(a, b, c)) || (d_side == 0.0 && on_segment(a, b, d)) ||
           (a_side == 0.0 && on_segment(c, d, a)) || (b_side == 0.0 && on_segment(c, d, b));
}

bool bcue_outlines_meet(const bcue_vec3 *a, size_t a_count, const bcue_vec3 *b, size_t b_count)
{
    for (size_t i = 0, j = a_count - 1; i < a_count; j = i++)
        for (size_t k = 0, l = b_count - 1; k < b_count; l = k++)
            if (segments_meet(a[j], a[i], b[l], b[k]))
                return true;
    return bcue_outline_contains(a, a_count, b[0].x, b[0].y) ||
           bcue_outline_contains(b, b_count, a[0].x, a[0].y);
}

/* Index of the point that follows point i in its loop. */
static size_t next_in_loop(const bcue_loops *loops, size_t loop, size_t i)
{
    size_t end = loop + 1 < loops->loop_count ? loops->starts[loop + 1] : loops->point_count;
    return i + 1 < end ? i + 1 : loops->starts[loop];
}

bool bcue_loops_cross(const bcue_loops *loops, bcue_vec3 *at)
{
    for (size_t a = 0, i = 0; a < loops->loop_count; a++)
        for (size_t count, k = (bcue_loops_get(loops, a, &count), 0); k < count; k++, i++) {
            size_t i_next = next_in_loop(loops, a, i);
            for (size_t b = a, j = i + 1; j < loops->point_count; j++) {
                while (b + 1 < loops->loop_count && loops->starts[b + 1] <= j)
                    b++;
                size_t j_next = next_in_loop(loops, b, j);
                if (j == i_next || j_next == i ||
                    !segments_meet(loops->points[i], loops->points[i_next], loops->points[j],
                                   loops->points[j_next]))
                    continue;
                *at = bcue_vec3_scale(bcue_vec3_add(loops->points[j], loops->points[j_next]), 0.5);
                return true;
            }
        }
    return false;
}

/* ---- triangulation: one ring of nodes, from which ears are cut ---- */
typedef struct node {
    uint32_t point;
    size_t previous, next;
} node;

typedef struct ring {
    const bcue_vec3 *points;
    node *nodes;
    size_t count; /* of nodes, cut ones included */
} ring;

static bcue_vec3 place(const ring *r, size_t n)
{
    return r->points[r->nodes[n].point];
}

static double corner(const ring *r, size_t n)
{
    return turn(place(r, r->nodes[n].previous), place(r, n), place(r, r->nodes[n].next));
}

static bool same_place(bcue_vec3 a, bcue_vec3 b)
{
    return a.x == b.x && a.y == b.y;
}

/* Insert a loop as a closed chain of nodes; the node of its first point. */
static size_t add_chain(ring *r, size_t first_point, size_t count)
{
    size_t first = r->count;
    for (size_t i = 0; i < count; i++)
        r->nodes[r->count++] =
            (node){(uint32_t)(first_point + i), first + (i + count - 1) % count, first + (i + 1) % count};
    return first;
}

/* Does the direction to `p` leave node n into the region? */
static bool opens_towards(const ring *r, size_t n, bcue_vec3 p)
{
    bcue_vec3 before = place(r, r->nodes[n].previous), at = place(r, n), after = place(r, r->nodes[n].next);
    if (turn(before, at, after) > 0.0)
        return turn(at, after, p) > 0.0 && turn(before, at, p) > 0.0;
    return turn(at, after, p) > 0.0 || turn(before, at, p) > 0.0;
}

/* Can node n see `p`, the leftmost point of a hole: is the segment free of every side of the ring and of the
   holes that are still apart? */
static bool can_see(const ring *r, size_t n, bcue_vec3 p, size_t nodes)
{
    bcue_vec3 at = place(r, n);
    for (size_t k = 0; k < nodes; k++) {
        bcue_vec3 a = place(r, k), b = place(r, r->nodes[k].next);
        if (same_place(a, at) || same_place(b, at) || same_place(a, p) || same_place(b, p)) {
            /* A side that begins where the segment ends blocks only when its other end lies on the segment.
             */
            bcue_vec3 other = same_place(a, at) || same_place(a, p) ? b : a;
            if (!same_place(other, at) && !same_place(other, p) && turn(at, p, other) == 0.0 &&
                on_segment(at, p, other))
                return false;
            continue;
        }
        if (segments_meet(at, p, a, b))
            return false;
    }
    return true;
}

/* Join the hole that begins at node `hole` to the ring through the nearest node that sees its leftmost point.
 */
static bool join_hole(ring *r, size_t ring_start, size_t hole)
{
    size_t left = hole;
    for (size_t n = r->nodes[hole].next; n != hole; n = r->nodes[n].next)
        if (place(r, n).x < place(r, left).x ||
            (place(r, n).x == place(r, left).x && place(r, n).y < place(r, left).y))
            left = n;
    bcue_vec3 p = place(r, left);
    size_t nodes = r->count, found = SIZE_MAX;
    double best = HUGE_VAL;
    size_t n = ring_start;
    do {
        bcue_vec3 at = place(r, n);
        double distance = hypot(at.x - p.x, at.y - p.y);
        if (distance < best && opens_towards(r, n, p) && opens_towards(r, left, at) &&
            can_see(r, n, p, nodes)) {
            best = distance;
            found = n;
        }
        n = r->nodes[n].next;
    } while (n != ring_start);
    if (found == SIZE_MAX)
        return false;
    /* found -> left ... around the hole ... -> copy of left -> copy of found -> what followed found */
    size_t left_copy = r->count++, found_copy = r->count++;
    r->nodes[left_copy] = (node){r->nodes[left].point, r->nodes[left].previous, found_copy};
    r->nodes[found_copy] = (node){r->nodes[found].point, left_copy, r->nodes[found].next};
    r->nodes[r->nodes[left].previous].next = left_copy;
    r->nodes[r->nodes[found].next].previous = found_copy;
    r->nodes[found].next = left;
    r->nodes[left].previous = found;
    return true;
}

/* Is no point of the ring in the ear at node n, nor within `slack` of its diagonal? Only corners that turn
   right, or lie on a straight side, can be. */
static bool ear_is_free(const ring *r, size_t n, double slack)
{
    size_t before = r->nodes[n].previous, after = r->nodes[n].next;
    bcue_vec3 a = place(r, before), b = place(r, n), c = place(r, after);
    double side = hypot(a.x - c.x, a.y - c.y);
    for (size_t k = r->nodes[after].next; k != before; k = r->nodes[k].next) {
        bcue_vec3 p = place(r, k);
        if (same_place(p, a) || same_place(p, b) || same_place(p, c))
            continue;
        if (turn(a, b, p) >= 0.0 && turn(b, c, p) >= 0.0 && turn(c, a, p) >= -slack * side &&
            corner(r, k) <= slack * side)
            return false;
    }
    return true;
}

static bool clip_ears(ring *r, size_t start, size_t alive, uint32_t *triangles, size_t *count)
{
    /* Least height of an ear, and of what it leaves behind along its diagonal: slivers are taken only when
       nothing else is left. */
    static const double least[] = {0.2, 0.02, 1e-3, 1e-5, 1e-7, 0.0};
    enum { LEVELS = sizeof least / sizeof least[0] };
    size_t n = start, tried = 0, level = 0;
    while (alive > 2) {
        bcue_vec3 a = place(r, r->nodes[n].previous), b = place(r, n), c = place(r, r->nodes[n].next);
        double twice = turn(a, b, c);
        double side =
            fmax(hypot(c.x - a.x, c.y - a.y), fmax(hypot(b.x - a.x, b.y - a.y), hypot(c.x - b.x, c.y - b.y)));
        if (twice > 1e-9 * (1.0 + side) && twice >= least[level] * side && ear_is_free(r, n, least[level])) {
            uint32_t *triangle = triangles + 3 * (*count)++;
            triangle[0] = r->nodes[r->nodes[n].previous].point;
            triangle[1] = r->nodes[n].point;
            triangle[2] = r->nodes[r->nodes[n].next].point;
            r->nodes[r->nodes[n].previous].next = r->nodes[n].next;
            r->nodes[r->nodes[n].next].previous = r->nodes[n].previous;
            n = r->nodes[r->nodes[n].next].next; /* not the neighbour: fans of slivers are avoided */
            alive--;
            tried = 0;
            level = 0;
            continue;
        }
        n = r->nodes[n].next;
        if (++tried <= alive)
            continue;
        if (level + 1 < LEVELS) {
            level++;
            tried = 0;
            continue;
        }
        /* What is left has no area (points on straight sides), or the loops cross. */
        size_t k = n;
        double rest = 0.0;
        do {
            rest += fabs(corner(r, k));
            k = r->nodes[k].next;
        } while (k != n);
        return rest < 1e-6 * (double)alive;
    }
    return true;
}

typedef struct hole_key {
    double x;
    size_t loop;
} hole_key;

static int by_left(const void *a, const void *b)
{
    const hole_key *left = a, *right = b;
    if (left->x != right->x)
        return left->x < right->x ? -1 : 1;
    return left->loop < right->loop ? -1 : left->loop > right->loop;
}

bool bcue_loops_triangulate(const bcue_loops *loops, uint32_t **triangles, size_t *count)
{
    *triangles = NULL;
    *count = 0;
    if (loops->failed || loops->loop_count == 0 || loops->point_count > UINT32_MAX / 2)
        return false;
    size_t holes = loops->loop_count - 1, most = loops->point_count + 2 * holes, outer_count;
    (void)bcue_loops_get(loops, 0, &outer_count);
    ring r = {loops->points, bcue_calloc(most, sizeof *r.nodes), 0};
    hole_key *order = bcue_calloc(holes, sizeof *order);
    size_t *starts = bcue_calloc(loops->loop_count, sizeof *starts);
    *triangles = bcue_calloc(3 * most, sizeof **triangles);
    bool ok = r.nodes && order && starts && *triangles && outer_count >= 3;
    for (size_t i = 0; ok && i < loops->loop_count; i++) {
        size_t points;
        const bcue_vec3 *loop = bcue_loops_get(loops, i, &points);
        ok = points >= 3;
        starts[i] = ok ? add_chain(&r, loops->starts[i], points) : 0;
        if (!ok || i == 0)
            continue;
        order[i - 1] = (hole_key){HUGE_VAL, i};
        for (size_t k = 0; k < points; k++)
            order[i - 1].x = fmin(order[i - 1].x, loop[k].x);
    }
    if (ok && holes > 1)
        qsort(order, holes, sizeof *order, by_left);
    for (size_t i = 0; ok && i < holes; i++)
        ok = join_hole(&r, 0, starts[order[i].loop]);
    ok = ok && clip_ears(&r, 0, r.count, *triangles, count);
    free(r.nodes);
    free(order);
    free(starts);
    if (!ok) {
        free(*triangles);
        *triangles = NULL;
        *count = 0;
    }
    return ok;
}

void bcue_loops_to_mesh(const bcue_loops *loops, double z, bcue_mesh *mesh, bcue_material_id material,
                        uint32_t object)
{
    uint32_t *triangles;
    size_t count;
    if (!bcue_loops_triangulate(loops, &triangles, &count)) {
        mesh->failed = true;
        return;
    }
    uint32_t first = bcue_mesh_add_vertices(mesh, loops->points, loops->point_count);
    for (size_t i = 0; !mesh->failed && i < loops->point_count; i++)
        mesh->vertices[first + i].z = z;
    for (size_t i = 0; i < count; i++)
        bcue_mesh_add_triangle(mesh, first + triangles[3 * i], first + triangles[3 * i + 1],
                               first + triangles[3 * i + 2], material, object);
    free(triangles);
}

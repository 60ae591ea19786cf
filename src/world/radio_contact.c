/* Borders that are none: where a mesh ends against the face of another (a wall that stands on the ground), or
   meets a coplanar piece whose edges are divided differently. */
#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"
#include "world/box_tree.h"
#include "world/radio_weld.h"

static bcue_box box_around(const bcue_weld *weld, size_t triangle)
{
    const uint32_t *v = weld->triangles[triangle].vertex;
    bcue_vec3 a = weld->vertices[v[0]], b = weld->vertices[v[1]], c = weld->vertices[v[2]];
    return (bcue_box){{fmin(a.x, fmin(b.x, c.x)), fmin(a.y, fmin(b.y, c.y)), fmin(a.z, fmin(b.z, c.z))},
                      {fmax(a.x, fmax(b.x, c.x)), fmax(a.y, fmax(b.y, c.y)), fmax(a.z, fmax(b.z, c.z))}};
}

/* Is the point on the triangle (two tolerances around it included)? */
static bool lies_on(const bcue_weld *weld, uint32_t triangle, bcue_vec3 p)
{
    const bcue_weld_triangle *t = &weld->triangles[triangle];
    double near = 2.0 * weld->tolerance_m;
    if (fabs(bcue_vec3_dot(t->normal, bcue_vec3_sub(p, weld->vertices[t->vertex[0]]))) > near)
        return false;
    for (int k = 0; k < 3; k++) {
        bcue_vec3 from = weld->vertices[t->vertex[k]];
        bcue_vec3 side = bcue_vec3_sub(weld->vertices[t->vertex[(k + 1) % 3]], from);
        if (bcue_vec3_dot(t->normal, bcue_vec3_cross(side, bcue_vec3_sub(p, from))) <
            -near * bcue_vec3_norm(side))
            return false;
    }
    return true;
}

static bool covered(const bcue_weld *weld, const bcue_index_list *near, bcue_vec3 p)
{
    for (size_t i = 0; i < near->count; i++)
        if (lies_on(weld, near->all[i], p))
            return true;
    return false;
}

/* Does some plane through the edge go on to both sides of this point of it? */
static bool buried_at(const bcue_weld *weld, const bcue_box_tree *tree, bcue_vec3 p, bcue_vec3 along,
                      bcue_index_list *near, bool *failed)
{
    double reach = 20.0 * weld->tolerance_m;
    const bcue_half_space cube[6] = {{{1, 0, 0}, p.x - reach}, {{-1, 0, 0}, -p.x - reach},
                                     {{0, 1, 0}, p.y - reach}, {{0, -1, 0}, -p.y - reach},
                                     {{0, 0, 1}, p.z - reach}, {{0, 0, -1}, -p.z - reach}};
    near->count = 0;
    if (!bcue_box_tree_query(tree, cube, 6, 0, near)) {
        *failed = true;
        return false;
    }
    for (size_t i = 0; i < near->count; i++) {
        const bcue_weld_triangle *t = &weld->triangles[near->all[i]];
        if (fabs(bcue_vec3_dot(t->normal, along)) > 1e-3 || !lies_on(weld, near->all[i], p))
            continue;
        bcue_vec3 across = bcue_vec3_scale(bcue_vec3_unit(bcue_vec3_cross(t->normal, along)), 0.5 * reach);
        if (covered(weld, near, bcue_vec3_add(p, across)) && covered(weld, near, bcue_vec3_sub(p, across)))
            return true;
    }
    return false;
}

static bool mark(bcue_weld *weld, const bcue_box_tree *tree)
{
    const double share[3] = {0.2317, 0.5113, 0.7719};
    bcue_index_list near = {0};
    bool failed = false;
    for (size_t first = 0; !failed && first < weld->edge_count;) {
        size_t end = bcue_weld_run_end(weld, first);
        bcue_vec3 a = weld->vertices[weld->edges[first].low],
                  span = bcue_vec3_sub(weld->vertices[weld->edges[first].high], a);
        bool buried = end == first + 1;
        for (int i = 0; buried && i < 3; i++)
            buried = buried_at(weld, tree, bcue_vec3_add(a, bcue_vec3_scale(span, share[i])),
                               bcue_vec3_unit(span), &near, &failed);
        weld->edges[first].buried = buried;
        first = end;
    }
    free(near.all);
    return !failed;
}

/* ---- dividing edges ---- */

/* The vertices of all edges of one triangle, as a tree. */
typedef struct border_points {
    bcue_box_tree tree;
    uint32_t *vertices; /* by number in the tree */
} border_points;

static int by_number(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return a < b ? -1 : a > b;
}

static bool list_points(const bcue_weld *weld, border_points *points)
{
    size_t count = 0, kept = 0;
    points->vertices = bcue_calloc(2 * weld->edge_count, sizeof *points->vertices);
    bcue_box *boxes = bcue_calloc(2 * weld->edge_count, sizeof *boxes);
    bool ok = points->vertices && boxes;
    for (size_t first = 0; ok && first < weld->edge_count;) {
        size_t end = bcue_weld_run_end(weld, first);
        if (end == first + 1) {
            points->vertices[count++] = weld->edges[first].low;
            points->vertices[count++] = weld->edges[first].high;
        }
        first = end;
    }
    if (ok && count > 0)
        qsort(points->vertices, count, sizeof *points->vertices, by_number);
    for (size_t i = 0; ok && i < count; i++) {
        if (i > 0 && points->vertices[i] == points->vertices[i - 1])
            continue;
        bcue_vec3 p = weld->vertices[points->vertices[i]];
        boxes[kept] = (bcue_box){p, p};
        points->vertices[kept++] = points->vertices[i];
    }
    ok = ok && bcue_box_tree_make(&points->tree, boxes, kept);
    free(boxes);
    return ok;
}

/* The tube around the edge, from end to end. */
static bool points_on(const bcue_weld *weld, const border_points *points, const bcue_weld_edge *edge,
                      bcue_index_list *found)
{
    bcue_vec3 a = weld->vertices[edge->low], b = weld->vertices[edge->high],
              along = bcue_vec3_unit(bcue_vec3_sub(b, a));
    bcue_vec3 helper = fabs(along.z) < 0.9 ? bcue_vec3_make(0, 0, 1) : bcue_vec3_make(1, 0, 0);
    bcue_vec3 u = bcue_vec3_unit(bcue_vec3_cross(helper, along)), v = bcue_vec3_cross(along, u);
    const bcue_vec3 normal[6] = {along, bcue_vec3_scale(along, -1), u, bcue_vec3_scale(u, -1),
                                 v,     bcue_vec3_scale(v, -1)};
    bcue_half_space tube[6];
    for (int i = 0; i < 6; i++)
        tube[i] = (bcue_half_space){normal[i], bcue_vec3_dot(normal[i], i == 1 ? b : a) +
                                                   (i < 2 ? weld->tolerance_m : -weld->tolerance_m)};
    found->count = 0;
    return bcue_box_tree_query(&points->tree, tube, 6, 0, found);
}

/* Replace edge `index` by its pieces between the points on it. */
static bool divide(bcue_weld *weld, size_t index, const border_points *points, const bcue_index_list *found)
{
    bcue_weld_edge edge = weld->edges[index];
    bcue_vec3 a = weld->vertices[edge.low], span = bcue_vec3_sub(weld->vertices[edge.high], a);
    uint32_t from = edge.low;
    double reached = 0.0;
    if (!bcue_grow((void **)&weld->edges, &weld->edge_capacity, weld->edge_count + found->count,
                   sizeof *weld->edges))
        return false;
    for (size_t i = 0; i <= found->count; i++) {
        uint32_t next = edge.high; /* the nearest of the points beyond the last one */
        double nearest = INFINITY;
        for (size_t k = 0; k < found->count; k++) {
            uint32_t vertex = points->vertices[found->all[k]];
            double at = bcue_vec3_dot(span, bcue_vec3_sub(weld->vertices[vertex], a));
            if (at > reached && at < nearest && vertex != edge.low && vertex != edge.high) {
                nearest = at;
                next = vertex;
            }
        }
        bcue_weld_edge piece = edge;
        bool ascending = from < next;
        piece.low = ascending ? from : next;
        piece.high = ascending ? next : from;
        piece.forward = edge.forward == ascending;
        weld->edges[i == 0 ? index : weld->edge_count++] = piece;
        if (next == edge.high)
            break;
        from = next;
        reached = nearest;
    }
    return true;
}

static bool divide_borders(bcue_weld *weld)
{
    border_points points = {{0}, NULL};
    bcue_index_list found = {0};
    bool ok = list_points(weld, &points);
    size_t count = weld->edge_count; /* pieces are appended behind */
    for (size_t first = 0; ok && first < count;) {
        size_t end = first + 1;
        while (end < count && weld->edges[end].low == weld->edges[first].low &&
               weld->edges[end].high == weld->edges[first].high)
            end++;
        if (end == first + 1) {
            ok = points_on(weld, &points, &weld->edges[first], &found);
            if (ok && found.count > 0)
                ok = divide(weld, first, &points, &found);
        }
        first = end;
    }
    if (ok && weld->edge_count > count)
        bcue_weld_sort_edges(weld);
    free(found.all);
    free(points.vertices);
    bcue_box_tree_free(&points.tree);
    return ok;
}

bcue_status bcue_weld_contacts(bcue_weld *weld, bcue_error *error)
{
    bcue_box_tree tree = {0};
    bcue_box *boxes = bcue_calloc(weld->triangle_count, sizeof *boxes);
    bool ok = boxes != NULL;
    ok = ok && divide_borders(weld);
    for (size_t i = 0; ok && i < weld->triangle_count; i++)
        boxes[i] = box_around(weld, i);
    ok = ok && bcue_box_tree_make(&tree, boxes, weld->triangle_count) && mark(weld, &tree);
    bcue_box_tree_free(&tree);
    free(boxes);
    return ok ? BCUE_OK : bcue_fail_memory(error, "the borders of a mesh");
}

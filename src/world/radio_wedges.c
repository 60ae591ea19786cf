/* Edges to wedges: the half planes that meet at an edge, sorted by angle, leave gaps; a gap of more than a
   half space is air around a wedge. An edge inside a surface leaves two gaps of half a space, and is none. */
#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"
#include "world/radio_weld.h"

enum { MOST_FACES = 16 }; /* edges with more faces are left out */

typedef struct face {
    double angle;      /* about the edge */
    bcue_vec3 outward; /* into the face, across the edge */
    uint32_t triangle;
} face;

/* A wedge before it is joined with its neighbours. */
typedef struct piece {
    bcue_wedge wedge;
    uint32_t from, to; /* vertices */
    uint32_t index;    /* a unique key for the sort */
    bool used;
} piece;

typedef struct piece_list {
    piece *all;
    size_t count, capacity;
} piece_list;

static size_t list_faces(const bcue_weld *weld, size_t first, size_t end, bcue_vec3 along, face *faces)
{
    bcue_vec3 origin = weld->vertices[weld->edges[first].low], axis_x = {0}, axis_y = {0};
    size_t count = 0;
    for (size_t e = first; e < end; e++) {
        uint32_t t = weld->edges[e].triangle;
        bcue_vec3 third = weld->vertices[weld->triangles[t].vertex[(weld->edges[e].corner + 2) % 3]];
        bcue_vec3 across = bcue_vec3_sub(third, origin);
        across = bcue_vec3_unit(bcue_vec3_sub(across, bcue_vec3_scale(along, bcue_vec3_dot(across, along))));
        if (count == 0) {
            axis_x = across;
            axis_y = bcue_vec3_cross(along, axis_x);
        }
        double angle = count == 0 ? 0.0 : atan2(bcue_vec3_dot(across, axis_y), bcue_vec3_dot(across, axis_x));
        face made = {angle < 0.0 ? angle + 2.0 * BCUE_PI : angle, across, t};
        size_t place = count++;
        for (; place > 0 && faces[place - 1].angle > made.angle; place--)
            faces[place] = faces[place - 1];
        faces[place] = made;
    }
    return count;
}

/* Does the mesh say that the air is on the side of `normal` of this triangle? */
static bool faces_air(const bcue_weld *weld, uint32_t triangle, bcue_vec3 normal)
{
    const bcue_weld_triangle *t = &weld->triangles[triangle];
    return weld->surfaces[t->surface].two_sided || bcue_vec3_dot(t->normal, normal) > 0.0;
}

/* The wedge as seen from its other end: the faces change places. */
static void turn(piece *p)
{
    bcue_wedge w = p->wedge;
    p->wedge.a = w.b;
    p->wedge.b = w.a;
    p->wedge.along = bcue_vec3_scale(w.along, -1.0);
    for (int i = 0; i < 2; i++) {
        p->wedge.normal[i] = w.normal[1 - i];
        p->wedge.surface[i] = w.surface[1 - i];
    }
    uint32_t from = p->from;
    p->from = p->to;
    p->to = from;
}

/* One form for each wedge: face 0 has the smaller surface number; a sheet's face 0 is its front. */
static void normalise(const bcue_weld *weld, piece *p, uint32_t triangle)
{
    bcue_wedge *w = &p->wedge;
    if (w->surface[0] == w->surface[1]) {
        if (bcue_vec3_dot(w->normal[0], weld->triangles[triangle].normal) < 0.0)
            turn(p);
        w->surface[1] = BCUE_NO_SURFACE;
    } else if (w->surface[0] > w->surface[1]) {
        turn(p);
    }
}

static bool add_piece(const bcue_weld *weld, size_t first, size_t end, double min_turn, piece_list *list)
{
    if (end - first > MOST_FACES || weld->edges[first].buried)
        return true;
    uint32_t from = weld->edges[first].low, to = weld->edges[first].high;
    bcue_vec3 a = weld->vertices[from], b = weld->vertices[to], along = bcue_vec3_unit(bcue_vec3_sub(b, a));
    face faces[MOST_FACES];
    size_t count = list_faces(weld, first, end, along, faces), widest = 0;
    double gap = -1.0;
    if (count == 0)
        return true;
    for (size_t i = 0; i < count; i++) {
        double next = i + 1 < count ? faces[i + 1].angle : faces[0].angle + 2.0 * BCUE_PI;
        if (next - faces[i].angle > gap) {
            gap = next - faces[i].angle;
            widest = i;
        }
    }
    const face *start = &faces[widest], *stop = &faces[(widest + 1) % count];
    piece made = {.from = from, .to = to, .index = (uint32_t)list->count};
    made.wedge = (bcue_wedge){
        .a = a,
        .b = b,
        .along = along,
        .normal = {bcue_vec3_cross(along, start->outward), bcue_vec3_cross(stop->outward, along)},
        .surface = {weld->triangles[start->triangle].surface, weld->triangles[stop->triangle].surface},
        .exterior_angle = gap};
    if (gap < BCUE_PI + min_turn - 1e-9 || !faces_air(weld, start->triangle, made.wedge.normal[0]) ||
        !faces_air(weld, stop->triangle, made.wedge.normal[1]))
        return true;
    normalise(weld, &made, start->triangle);
    if (!bcue_grow((void **)&list->all, &list->capacity, list->count + 1, sizeof made))
        return false;
    list->all[list->count++] = made;
    return true;
}

static int piece_order(const void *left, const void *right)
{
    const piece *a = left, *b = right;
    for (int i = 0; i < 2; i++)
        if (a->wedge.surface[i] != b->wedge.surface[i])
            return a->wedge.surface[i] < b->wedge.surface[i] ? -1 : 1;
    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

/* The unused piece of [first, end), sorted by `from`, that begins at `vertex` and goes straight on; NULL when
 * there is none. */
static piece *follower(piece *all, size_t first, size_t end, uint32_t vertex, const bcue_wedge *chain,
                       double tolerance)
{
    size_t low = first, high = end;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (all[middle].from < vertex)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < end && all[low].from == vertex; low++) {
        piece *p = &all[low];
        bcue_vec3 reach = bcue_vec3_sub(p->wedge.b, chain->a);
        if (!p->used && bcue_vec3_dot(p->wedge.along, chain->along) > 0.9 &&
            bcue_vec3_norm(bcue_vec3_cross(chain->along, reach)) <= tolerance)
            return p;
    }
    return NULL;
}

/* Does some piece of [first, end) run straight into the start of this one? Then it is not the first of a
 * chain. */
static bool has_leader(const piece *all, size_t first, size_t end, const piece *p, double tolerance)
{
    for (size_t i = first; i < end; i++)
        if (all[i].to == p->from && &all[i] != p && bcue_vec3_dot(all[i].wedge.along, p->wedge.along) > 0.9 &&
            bcue_vec3_norm(bcue_vec3_cross(all[i].wedge.along, bcue_vec3_sub(p->wedge.b, all[i].wedge.a))) <=
                tolerance)
            return true;
    return false;
}

static void take_chain(piece_list *list, size_t first, size_t end, piece *start, double tolerance,
                       bcue_wedge *wedge)
{
    *wedge = start->wedge;
    start->used = true;
    uint32_t tip = start->to;
    for (piece *p; (p = follower(list->all, first, end, tip, wedge, tolerance)) != NULL;) {
        p->used = true;
        tip = p->to;
        wedge->b = p->wedge.b;
    }
    bcue_vec3 span = bcue_vec3_sub(wedge->b, wedge->a);
    wedge->length_m = bcue_vec3_norm(span);
    wedge->along = bcue_vec3_unit(span);
    for (int i = 0; i < 2; i++) /* stay exactly across the joined edge */
        wedge->normal[i] = bcue_vec3_unit(bcue_vec3_sub(
            wedge->normal[i], bcue_vec3_scale(wedge->along, bcue_vec3_dot(wedge->normal[i], wedge->along))));
}

static size_t join(piece_list *list, double tolerance, bcue_wedge *wedges)
{
    size_t count = 0;
    for (size_t first = 0; first < list->count;) {
        size_t end = first + 1;
        while (end < list->count && list->all[end].wedge.surface[0] == list->all[first].wedge.surface[0] &&
               list->all[end].wedge.surface[1] == list->all[first].wedge.surface[1])
            end++;
        for (int pass = 0; pass < 2; pass++) /* chains from their first piece; then what is left (a ring) */
            for (size_t i = first; i < end; i++)
                if (!list->all[i].used &&
                    (pass == 1 || !has_leader(list->all, first, end, &list->all[i], tolerance)))
                    take_chain(list, first, end, &list->all[i], tolerance, &wedges[count++]);
        first = end;
    }
    return count;
}

bcue_status bcue_weld_wedges(const bcue_weld *weld, double min_turn, bcue_wedge **wedges, size_t *count,
                             bcue_error *error)
{
    piece_list list = {0};
    bool ok = true;
    for (size_t first = 0; ok && first < weld->edge_count;) {
        size_t end = bcue_weld_run_end(weld, first);
        ok = add_piece(weld, first, end, min_turn, &list);
        first = end;
    }
    *wedges = ok ? bcue_calloc(list.count, sizeof **wedges) : NULL;
    ok = *wedges != NULL;
    if (ok) {
        if (list.count > 0)
            qsort(list.all, list.count, sizeof *list.all, piece_order);
        *count = join(&list, weld->tolerance_m, *wedges);
    }
    free(list.all);
    return ok ? BCUE_OK : bcue_fail_memory(error, "the edges of a mesh");
}

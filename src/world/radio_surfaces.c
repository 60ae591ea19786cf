/* Triangles to surfaces: regions of connected coplanar triangles, grown from the largest triangle down. */
#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"
#include "world/radio_weld.h"

typedef struct region_work {
    uint32_t *order; /* triangles, largest first */
    uint32_t *stack;
    uint32_t *run;        /* per edge: where the run of edges with its two ends begins */
    uint32_t *edge_of;    /* edges by triangle: those of triangle t begin at edge_of[first_edge[t + 1]] */
    uint32_t *first_edge; /* two more than triangles */
    uint32_t *root;       /* per triangle: of the body it belongs to */
    uint32_t *reference;  /* per root: a vertex */
    bool *open;           /* per root */
    double *volume;       /* per root: six times the signed volume */
} region_work;

/* What qsort orders: area first, index where equal. */
typedef struct sized {
    double area;
    uint32_t index;
} sized;

static int larger_first(const void *left, const void *right)
{
    const sized *a = left, *b = right;
    if (a->area > b->area)
        return -1;
    if (a->area < b->area)
        return 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

static bool sort_by_area(const bcue_weld *weld, uint32_t *order)
{
    sized *all = bcue_calloc(weld->triangle_count, sizeof *all);
    if (!all)
        return false;
    for (size_t i = 0; i < weld->triangle_count; i++)
        all[i] = (sized){weld->triangles[i].area, (uint32_t)i};
    qsort(all, weld->triangle_count, sizeof *all, larger_first);
    for (size_t i = 0; i < weld->triangle_count; i++)
        order[i] = all[i].index;
    free(all);
    return true;
}

static uint32_t root_of(uint32_t *root, uint32_t i)
{
    while (root[i] != i) {
        root[i] = root[root[i]];
        i = root[i];
    }
    return i;
}

/* Which triangles hang together by edges, and which of these bodies are closed and face outward. */
static void find_bodies(const bcue_weld *weld, region_work *work)
{
    for (size_t i = 0; i < weld->triangle_count; i++) {
        work->root[i] = (uint32_t)i;
        work->reference[i] = weld->triangles[i].vertex[0];
    }
    for (size_t first = 0; first < weld->edge_count;) {
        size_t end = bcue_weld_run_end(weld, first);
        for (size_t e = first; e < end; e++) {
            uint32_t a = root_of(work->root, weld->edges[first].triangle),
                     b = root_of(work->root, weld->edges[e].triangle);
            work->root[a > b ? a : b] = a < b ? a : b;
            work->run[e] = (uint32_t)first;
            work->first_edge[weld->edges[e].triangle + 1]++;
        }
        first = end;
    }
    for (size_t i = 0; i < weld->triangle_count; i++)
        work->first_edge[i + 1] += work->first_edge[i];
    work->first_edge[weld->triangle_count + 1] = (uint32_t)weld->edge_count;
    for (size_t e = weld->edge_count; e-- > 0;) /* from behind, so that each start ends up in its place */
        work->edge_of[--work->first_edge[weld->edges[e].triangle + 1]] = (uint32_t)e;
    for (size_t first = 0; first < weld->edge_count;) {
        size_t end = bcue_weld_run_end(weld, first);
        const bcue_weld_edge *pair = &weld->edges[first];
        bool closed = end == first + 2;
        if (closed) {
            /* Two neighbours of the same orientation run along their edge in opposite directions. */
            closed = pair[0].forward != pair[1].forward;
        }
        uint32_t root = root_of(work->root, pair[0].triangle);
        if (!closed && !pair->buried)
            work->open[root] = true;
        if (pair->buried) /* the missing face lies in its plane, and adds no volume seen from there */
            work->reference[root] = pair->low;
        first = end;
    }
    for (size_t i = 0; i < weld->triangle_count; i++) {
        const uint32_t *v = weld->triangles[i].vertex;
        bcue_vec3 a = weld->vertices[v[0]];
        bcue_vec3 reference = weld->vertices[work->reference[root_of(work->root, (uint32_t)i)]];
        work->volume[root_of(work->root, (uint32_t)i)] +=
            bcue_vec3_dot(bcue_vec3_sub(a, reference),
                          bcue_vec3_scale(weld->triangles[i].normal, 2.0 * weld->triangles[i].area));
    }
}

static bool fits(const bcue_weld *weld, const bcue_weld_triangle *seed, double offset, uint32_t candidate)
{
    const bcue_weld_triangle *t = &weld->triangles[candidate];
    const bcue_triangle *mine = &weld->mesh->triangles[seed->source],
                        *other = &weld->mesh->triangles[t->source];
    if (t->surface != BCUE_NO_SURFACE || mine->object != other->object || mine->material != other->material ||
        bcue_vec3_dot(seed->normal, t->normal) < 0.9)
        return false;
    for (int k = 0; k < 3; k++)
        if (fabs(bcue_vec3_dot(seed->normal, weld->vertices[t->vertex[k]]) - offset) > weld->tolerance_m)
            return false;
    return true;
}

/* Give `surface` to every triangle that hangs together with `seed` in its plane. */
static void grow(bcue_weld *weld, region_work *work, uint32_t seed, uint32_t surface)
{
    const bcue_weld_triangle *start = &weld->triangles[seed];
    double offset = bcue_vec3_dot(start->normal, weld->vertices[start->vertex[0]]);
    size_t depth = 0;
    weld->triangles[seed].surface = surface;
    work->stack[depth++] = seed;
    while (depth > 0) {
        uint32_t t = work->stack[--depth];
        for (uint32_t k = work->first_edge[t + 1]; k < work->first_edge[t + 2]; k++) {
            size_t first = work->run[work->edge_of[k]], end = bcue_weld_run_end(weld, first);
            for (size_t e = first; e < end; e++) {
                uint32_t candidate = weld->edges[e].triangle;
                if (!fits(weld, start, offset, candidate))
                    continue;
                weld->triangles[candidate].surface = surface;
                work->stack[depth++] = candidate;
            }
        }
    }
}

/* Plane, sphere and area of the surfaces whose numbers the triangles carry. */
static bool fit_surfaces(bcue_weld *weld, region_work *work)
{
    size_t count = weld->surface_count;
    bcue_vec3 *sums = bcue_calloc(count, sizeof *sums), *lows = bcue_calloc(count, sizeof *lows),
              *highs = bcue_calloc(count, sizeof *highs);
    bool ok = sums && lows && highs;
    for (size_t i = 0; ok && i < weld->triangle_count; i++) {
        const bcue_weld_triangle *t = &weld->triangles[i];
        bcue_surface *s = &weld->surfaces[t->surface];
        bcue_vec3 a = weld->vertices[t->vertex[0]], b = weld->vertices[t->vertex[1]],
                  c = weld->vertices[t->vertex[2]];
        if (s->count++ == 0) {
            lows[t->surface] = highs[t->surface] = a;
            uint32_t root = root_of(work->root, (uint32_t)i);
            s->object = weld->mesh->triangles[t->source].object;
            s->material = weld->mesh->triangles[t->source].material;
            s->two_sided = work->open[root] || !(work->volume[root] > 0.0);
        }
        const bcue_vec3 corners[3] = {a, b, c};
        bcue_vec3 *low = &lows[t->surface], *high = &highs[t->surface];
        for (int k = 0; k < 3; k++) {
            *low = bcue_vec3_make(fmin(low->x, corners[k].x), fmin(low->y, corners[k].y),
                                  fmin(low->z, corners[k].z));
            *high = bcue_vec3_make(fmax(high->x, corners[k].x), fmax(high->y, corners[k].y),
                                   fmax(high->z, corners[k].z));
        }
        s->normal = bcue_vec3_add(s->normal, bcue_vec3_scale(t->normal, t->area));
        s->area_m2 += t->area;
        sums[t->surface] = bcue_vec3_add(
            sums[t->surface], bcue_vec3_scale(bcue_vec3_add(a, bcue_vec3_add(b, c)), t->area / 3.0));
    }
    for (size_t i = 0; ok && i < count; i++) {
        bcue_surface *s = &weld->surfaces[i];
        s->normal = bcue_vec3_unit(s->normal);
        s->offset = bcue_vec3_dot(s->normal, bcue_vec3_scale(sums[i], 1.0 / s->area_m2));
        s->centre = bcue_vec3_scale(bcue_vec3_add(lows[i], highs[i]), 0.5);
    }
    for (size_t i = 0; ok && i < weld->triangle_count; i++) {
        bcue_surface *s = &weld->surfaces[weld->triangles[i].surface];
        for (int k = 0; k < 3; k++)
            s->radius =
                fmax(s->radius,
                     bcue_vec3_norm(bcue_vec3_sub(weld->vertices[weld->triangles[i].vertex[k]], s->centre)));
    }
    free(sums);
    free(lows);
    free(highs);
    return ok;
}

/* The rectangle along the longest side of any of its triangles. */
static bool fit_rectangles(bcue_weld *weld)
{
    size_t count = weld->surface_count;
    double *longest = bcue_calloc(count, sizeof *longest);
    double(*span)[4] = bcue_calloc(count, sizeof *span); /* least u, most u, least v, most v */
    bool ok = longest && span;
    for (size_t i = 0; ok && i < 3 * weld->triangle_count; i++) {
        const bcue_weld_triangle *t = &weld->triangles[i / 3];
        bcue_surface *s = &weld->surfaces[t->surface];
        bcue_vec3 side =
            bcue_vec3_sub(weld->vertices[t->vertex[(i + 1) % 3]], weld->vertices[t->vertex[i % 3]]);
        side = bcue_vec3_sub(side, bcue_vec3_scale(s->normal, bcue_vec3_dot(s->normal, side)));
        double length = bcue_vec3_norm(side);
        /* A diagonal is longer than the sides, and no good; sides of a rectangle come in right angles. */
        bcue_vec3 next =
            bcue_vec3_sub(weld->vertices[t->vertex[(i + 2) % 3]], weld->vertices[t->vertex[(i + 1) % 3]]);
        double slope = fabs(bcue_vec3_dot(side, next)) / fmax(length * bcue_vec3_norm(next), 1e-300);
        double merit = slope < 1e-6 ? 1e6 * length : length;
        if (merit > longest[t->surface]) {
            longest[t->surface] = merit;
            s->axis_u = bcue_vec3_unit(side);
        }
    }
    for (size_t i = 0; ok && i < count; i++) {
        weld->surfaces[i].axis_v = bcue_vec3_cross(weld->surfaces[i].normal, weld->surfaces[i].axis_u);
        span[i][0] = span[i][2] = INFINITY;
        span[i][1] = span[i][3] = -INFINITY;
    }
    for (size_t i = 0; ok && i < 3 * weld->triangle_count; i++) {
        uint32_t index = weld->triangles[i / 3].surface;
        const bcue_surface *s = &weld->surfaces[index];
        bcue_vec3 from = bcue_vec3_sub(weld->vertices[weld->triangles[i / 3].vertex[i % 3]], s->centre);
        double u = bcue_vec3_dot(from, s->axis_u), v = bcue_vec3_dot(from, s->axis_v);
        span[index][0] = fmin(span[index][0], u);
        span[index][1] = fmax(span[index][1], u);
        span[index][2] = fmin(span[index][2], v);
        span[index][3] = fmax(span[index][3], v);
    }
    for (size_t i = 0; ok && i < count; i++) {
        bcue_surface *s = &weld->surfaces[i];
        double u = 0.5 * (span[i][0] + span[i][1]), v = 0.5 * (span[i][2] + span[i][3]);
        s->middle = bcue_vec3_add(
            s->centre, bcue_vec3_add(bcue_vec3_scale(s->axis_u, u), bcue_vec3_scale(s->axis_v, v)));
        s->half_u = 0.5 * (span[i][1] - span[i][0]);
        s->half_v = 0.5 * (span[i][3] - span[i][2]);
        s->rectangle = s->count == 2 && fabs(4.0 * s->half_u * s->half_v - s->area_m2) <= 1e-9 * s->area_m2;
    }
    free(longest);
    free(span);
    return ok;
}

static bool build(bcue_weld *weld, region_work *work)
{
    size_t count = weld->triangle_count;
    work->order = bcue_calloc(count, sizeof *work->order);
    work->stack = bcue_calloc(count, sizeof *work->stack);
    work->run = bcue_calloc(weld->edge_count, sizeof *work->run);
    work->edge_of = bcue_calloc(weld->edge_count, sizeof *work->edge_of);
    work->first_edge = bcue_calloc(count + 2, sizeof *work->first_edge);
    work->root = bcue_calloc(count, sizeof *work->root);
    work->reference = bcue_calloc(count, sizeof *work->reference);
    work->open = bcue_calloc(count, sizeof *work->open);
    work->volume = bcue_calloc(count, sizeof *work->volume);
    weld->surfaces = bcue_calloc(count, sizeof *weld->surfaces);
    if (!work->order || !work->stack || !work->run || !work->edge_of || !work->first_edge || !work->root ||
        !work->reference || !work->open || !work->volume || !weld->surfaces ||
        !sort_by_area(weld, work->order))
        return false;
    find_bodies(weld, work);
    for (size_t i = 0; i < count; i++)
        if (weld->triangles[work->order[i]].surface == BCUE_NO_SURFACE)
            grow(weld, work, work->order[i], (uint32_t)weld->surface_count++);
    return fit_surfaces(weld, work) && fit_rectangles(weld);
}

bcue_status bcue_weld_surfaces(bcue_weld *weld, bcue_error *error)
{
    region_work work = {0};
    bool ok = build(weld, &work);
    free(work.order);
    free(work.stack);
    free(work.run);
    free(work.edge_of);
    free(work.first_edge);
    free(work.root);
    free(work.reference);
    free(work.open);
    free(work.volume);
    return ok ? BCUE_OK : bcue_fail_memory(error, "the surfaces of a mesh");
}

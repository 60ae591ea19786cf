#include "world/radio_weld.h"

#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"

/* A grid of cells as a hash table of lists: finds the welded vertex near a point. */
typedef struct weld_grid {
    uint32_t *heads; /* `size` lists, UINT32_MAX = empty */
    uint32_t *next;  /* per welded vertex */
    size_t size;     /* a power of two */
    double cell;
} weld_grid;

static size_t cell_of(const weld_grid *grid, int64_t x, int64_t y, int64_t z)
{
    uint64_t hash = (uint64_t)x * 0x9E3779B97F4A7C15u ^ (uint64_t)y * 0xC2B2AE3D27D4EB4Fu ^
                    (uint64_t)z * 0x165667B19E3779F9u;
    hash ^= hash >> 29;
    hash *= 0xBF58476D1CE4E5B9u;
    return (size_t)(hash >> 32) & (grid->size - 1);
}

/* The nearest welded vertex within the tolerance in one cell; the first of equals. */
static void search_cell(const bcue_weld *weld, const weld_grid *grid, size_t cell, bcue_vec3 p, double *best,
                        uint32_t *found)
{
    for (uint32_t v = grid->heads[cell]; v != UINT32_MAX; v = grid->next[v]) {
        bcue_vec3 apart = bcue_vec3_sub(weld->vertices[v], p);
        double square = bcue_vec3_dot(apart, apart);
        if (square < *best || (square <= *best && v < *found)) {
            *best = square;
            *found = v;
        }
    }
}

static uint32_t weld_vertex(bcue_weld *weld, weld_grid *grid, bcue_vec3 p)
{
    double tolerance = weld->tolerance_m, best = tolerance * tolerance;
    uint32_t found = UINT32_MAX;
    int64_t low[3], high[3];
    const double at[3] = {p.x, p.y, p.z};
    for (int axis = 0; axis < 3; axis++) {
        low[axis] = (int64_t)floor((at[axis] - tolerance) / grid->cell);
        high[axis] = (int64_t)floor((at[axis] + tolerance) / grid->cell);
    }
    for (int64_t x = low[0]; x <= high[0]; x++)
        for (int64_t y = low[1]; y <= high[1]; y++)
            for (int64_t z = low[2]; z <= high[2]; z++)
                search_cell(weld, grid, cell_of(grid, x, y, z), p, &best, &found);
    if (found != UINT32_MAX)
        return found;
    uint32_t made = (uint32_t)weld->vertex_count++;
    size_t home = cell_of(grid, (int64_t)floor(p.x / grid->cell), (int64_t)floor(p.y / grid->cell),
                          (int64_t)floor(p.z / grid->cell));
    weld->vertices[made] = p;
    grid->next[made] = grid->heads[home];
    grid->heads[home] = made;
    return made;
}

static bool make_grid(weld_grid *grid, size_t vertices, double tolerance)
{
    grid->size = 64;
    while (grid->size < 2 * vertices)
        grid->size *= 2;
    grid->cell = 8.0 * tolerance;
    grid->heads = bcue_calloc(grid->size, sizeof *grid->heads);
    grid->next = bcue_calloc(vertices, sizeof *grid->next);
    if (!grid->heads || !grid->next)
        return false;
    for (size_t i = 0; i < grid->size; i++)
        grid->heads[i] = UINT32_MAX;
    return true;
}

/* Normal, area, and whether there is an area to speak of: the height over the longest side. */
static bool measure(const bcue_weld *weld, bcue_weld_triangle *triangle)
{
    bcue_vec3 a = weld->vertices[triangle->vertex[0]], b = weld->vertices[triangle->vertex[1]],
              c = weld->vertices[triangle->vertex[2]];
    bcue_vec3 ab = bcue_vec3_sub(b, a), ac = bcue_vec3_sub(c, a), bc = bcue_vec3_sub(c, b);
    bcue_vec3 cross = bcue_vec3_cross(ab, ac);
    double twice = bcue_vec3_norm(cross);
    double longest = fmax(bcue_vec3_norm(ab), fmax(bcue_vec3_norm(ac), bcue_vec3_norm(bc)));
    triangle->area = 0.5 * twice;
    triangle->normal = twice > 0.0 ? bcue_vec3_scale(cross, 1.0 / twice) : cross;
    return twice > weld->tolerance_m * longest;
}

static bcue_status check_mesh(const bcue_mesh *mesh, size_t triangle_count, double *largest,
                              bcue_error *error)
{
    for (size_t i = 0; i < triangle_count; i++)
        for (int k = 0; k < 3; k++) {
            uint32_t v = mesh->triangles[i].vertex[k];
            if (v >= mesh->vertex_count)
                return bcue_fail(error, BCUE_ERROR_DATA,
                                 "triangle %zu of a mesh names vertex %u, but the mesh has %zu", i, v,
                                 mesh->vertex_count);
            bcue_vec3 p = mesh->vertices[v];
            double most = fmax(fabs(p.x), fmax(fabs(p.y), fabs(p.z)));
            if (!isfinite(p.x) || !isfinite(p.y) || !isfinite(p.z) || most > 1e7)
                return bcue_fail(error, BCUE_ERROR_DATA,
                                 "vertex %u of triangle %zu of a mesh lies at (%g, %g, %g): coordinates must "
                                 "be finite and within 10,000 km",
                                 v, i, p.x, p.y, p.z);
            *largest = fmax(*largest, most);
        }
    return BCUE_OK;
}

static int edge_order(const void *left, const void *right)
{
    const bcue_weld_edge *a = left, *b = right;
    if (a->low != b->low)
        return a->low < b->low ? -1 : 1;
    if (a->high != b->high)
        return a->high < b->high ? -1 : 1;
    return a->triangle < b->triangle ? -1 : a->triangle > b->triangle;
}

void bcue_weld_sort_edges(bcue_weld *weld)
{
    if (weld->edge_count > 0)
        qsort(weld->edges, weld->edge_count, sizeof *weld->edges, edge_order);
}

static void list_edges(bcue_weld *weld)
{
    for (size_t t = 0; t < weld->triangle_count; t++)
        for (uint32_t k = 0; k < 3; k++) {
            uint32_t from = weld->triangles[t].vertex[k], to = weld->triangles[t].vertex[(k + 1) % 3];
            weld->edges[weld->edge_count++] = (bcue_weld_edge){.low = from < to ? from : to,
                                                               .high = from < to ? to : from,
                                                               .triangle = (uint32_t)t,
                                                               .corner = k,
                                                               .forward = from < to};
        }
    bcue_weld_sort_edges(weld);
}

static void weld_triangles(bcue_weld *weld, weld_grid *grid, size_t count)
{
    const bcue_mesh *mesh = weld->mesh;
    for (size_t i = 0; i < count; i++) {
        bcue_weld_triangle triangle = {.source = (uint32_t)i, .surface = BCUE_NO_SURFACE};
        for (int k = 0; k < 3; k++)
            triangle.vertex[k] = weld_vertex(weld, grid, mesh->vertices[mesh->triangles[i].vertex[k]]);
        if (measure(weld, &triangle))
            weld->triangles[weld->triangle_count++] = triangle;
        else
            weld->dropped++;
    }
}

bcue_status bcue_weld_make(const bcue_mesh *mesh, size_t triangle_count, bcue_weld *weld, bcue_error *error)
{
    *weld = (bcue_weld){.mesh = mesh};
    double largest = 0.0;
    BCUE_TRY(check_mesh(mesh, triangle_count, &largest, error));
    weld->tolerance_m = 1e-6 + 1e-7 * largest;
    size_t most = 3 * triangle_count;
    weld->edge_capacity = most;
    weld_grid grid = {0};
    weld->vertices = bcue_calloc(most, sizeof *weld->vertices);
    weld->triangles = bcue_calloc(triangle_count, sizeof *weld->triangles);
    weld->edges = bcue_calloc(most, sizeof *weld->edges);
    bool ok = triangle_count < UINT32_MAX / 3 && weld->vertices && weld->triangles && weld->edges &&
              make_grid(&grid, most, weld->tolerance_m);
    if (ok) {
        weld_triangles(weld, &grid, triangle_count);
        list_edges(weld);
    }
    free(grid.heads);
    free(grid.next);
    if (ok)
        return BCUE_OK;
    bcue_weld_free(weld);
    return bcue_fail_memory(error, "the surfaces of a mesh");
}

void bcue_weld_free(bcue_weld *weld)
{
    free(weld->vertices);
    free(weld->triangles);
    free(weld->edges);
    free(weld->surfaces);
    *weld = (bcue_weld){0};
}

size_t bcue_weld_run_end(const bcue_weld *weld, size_t first)
{
    size_t end = first + 1;
    while (end < weld->edge_count && weld->edges[end].low == weld->edges[first].low &&
           weld->edges[end].high == weld->edges[first].high)
        end++;
    return end;
}

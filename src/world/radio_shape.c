#include "world/radio_shape.h"

#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"
#include "world/radio_weld.h"

#define RIM_M 1e-9 /* what counts as inside beyond the rim */

static bool sort_into_bins(bcue_radio_shape *shape);

/* Surface by surface: where each one's triangles begin, then the triangles. */
static bool sort_triangles(const bcue_weld *weld, bcue_radio_shape *shape)
{
    uint32_t *next = bcue_calloc(shape->surface_count, sizeof *next);
    shape->triangles = bcue_calloc(weld->triangle_count, sizeof *shape->triangles);
    if (!next || !shape->triangles) {
        free(next);
        return false;
    }
    uint32_t first = 0;
    for (size_t i = 0; i < shape->surface_count; i++) {
        shape->surfaces[i].first = next[i] = first;
        first += shape->surfaces[i].count;
    }
    for (size_t i = 0; i < weld->triangle_count; i++) {
        const bcue_weld_triangle *t = &weld->triangles[i];
        shape->triangles[next[t->surface]++] =
            (bcue_radio_triangle){{t->vertex[0], t->vertex[1], t->vertex[2]}, t->surface};
    }
    shape->triangle_count = weld->triangle_count;
    free(next);
    return true;
}

static void find_box(bcue_radio_shape *shape)
{
    for (size_t i = 0; i < shape->vertex_count; i++) {
        bcue_vec3 p = shape->vertices[i];
        if (i == 0)
            shape->low = shape->high = p;
        shape->low =
            bcue_vec3_make(fmin(shape->low.x, p.x), fmin(shape->low.y, p.y), fmin(shape->low.z, p.z));
        shape->high =
            bcue_vec3_make(fmax(shape->high.x, p.x), fmax(shape->high.y, p.y), fmax(shape->high.z, p.z));
    }
}

bcue_status bcue_radio_shape_make(const bcue_mesh *mesh, size_t triangle_count, double min_turn,
                                  bcue_radio_shape *shape, bcue_error *error)
{
    bcue_weld weld;
    BCUE_TRY(bcue_weld_make(mesh, triangle_count, &weld, error));
    bcue_radio_shape made = {.tolerance_m = weld.tolerance_m, .dropped = weld.dropped};
    bcue_status status = bcue_weld_contacts(&weld, error);
    if (status == BCUE_OK)
        status = bcue_weld_surfaces(&weld, error);
    if (status == BCUE_OK)
        status = bcue_weld_wedges(&weld, min_turn, &made.wedges, &made.wedge_count, error);
    if (status == BCUE_OK) {
        made.surfaces = weld.surfaces;
        made.surface_count = weld.surface_count;
        made.vertices = weld.vertices;
        made.vertex_count = weld.vertex_count;
        weld.surfaces = NULL;
        weld.vertices = NULL;
        if (!sort_triangles(&weld, &made) || !sort_into_bins(&made))
            status = bcue_fail_memory(error, "the surfaces of a mesh");
    }
    bcue_weld_free(&weld);
    if (status != BCUE_OK) {
        bcue_radio_shape_free(&made);
        return status;
    }
    find_box(&made);
    *shape = made;
    return BCUE_OK;
}

void bcue_radio_shape_free(bcue_radio_shape *shape)
{
    free(shape->vertices);
    free(shape->triangles);
    free(shape->surfaces);
    free(shape->wedges);
    free(shape->bins);
    free(shape->bin_triangles);
    *shape = (bcue_radio_shape){0};
}

static bool triangle_contains(const bcue_radio_shape *shape, const bcue_surface *s, uint32_t triangle,
                              bcue_vec3 point)
{
    const uint32_t *v = shape->triangles[triangle].vertex;
    for (int k = 0; k < 3; k++) {
        bcue_vec3 from = shape->vertices[v[k]];
        bcue_vec3 side = bcue_vec3_sub(shape->vertices[v[(k + 1) % 3]], from);
        if (bcue_vec3_dot(s->normal, bcue_vec3_cross(side, bcue_vec3_sub(point, from))) <
            -RIM_M * bcue_vec3_norm(side))
            return false;
    }
    return true;
}

/* The row or column of a place between -half and half. */
static uint32_t cell_of(const bcue_surface *s, double place, double half)
{
    double share = half > 0.0 ? (place + half) / (2.0 * half) : 0.0;
    double cell = floor(share * s->bins_per_side);
    return cell <= 0.0 ? 0 : cell >= s->bins_per_side ? s->bins_per_side - 1 : (uint32_t)cell;
}

bool bcue_radio_surface_contains(const bcue_radio_shape *shape, uint32_t surface, bcue_vec3 point)
{
    const bcue_surface *s = &shape->surfaces[surface];
    bcue_vec3 from = bcue_vec3_sub(point, s->middle);
    double u = bcue_vec3_dot(from, s->axis_u), v = bcue_vec3_dot(from, s->axis_v);
    bool inside = fabs(u) <= s->half_u + RIM_M && fabs(v) <= s->half_v + RIM_M;
    if (s->rectangle || !inside)
        return inside;
    if (s->bins_per_side == 0) {
        for (uint32_t t = s->first; t < s->first + s->count; t++)
            if (triangle_contains(shape, s, t, point))
                return true;
        return false;
    }
    size_t cell =
        s->first_bin + (size_t)cell_of(s, v, s->half_v) * s->bins_per_side + cell_of(s, u, s->half_u);
    for (uint32_t i = shape->bins[cell]; i < shape->bins[cell + 1]; i++)
        if (triangle_contains(shape, s, shape->bin_triangles[i], point))
            return true;
    return false;
}

/* The cells that a triangle (a little enlarged) reaches into: low and high column, low and high row. */
static void cells_of(const bcue_radio_shape *shape, const bcue_surface *s, uint32_t triangle,
                     uint32_t range[4])
{
    double low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
    for (int k = 0; k < 3; k++) {
        bcue_vec3 from = bcue_vec3_sub(shape->vertices[shape->triangles[triangle].vertex[k]], s->middle);
        const double at[2] = {bcue_vec3_dot(from, s->axis_u), bcue_vec3_dot(from, s->axis_v)};
        for (int axis = 0; axis < 2; axis++) {
            low[axis] = fmin(low[axis], at[axis] - 10.0 * RIM_M);
            high[axis] = fmax(high[axis], at[axis] + 10.0 * RIM_M);
        }
    }
    range[0] = cell_of(s, low[0], s->half_u);
    range[1] = cell_of(s, high[0], s->half_u);
    range[2] = cell_of(s, low[1], s->half_v);
    range[3] = cell_of(s, high[1], s->half_v);
}

enum { FEW_TRIANGLES = 8, MOST_BINS_PER_SIDE = 64 };

/* Count the entries of the cells (write = false) or write them. */
static void visit_cells(bcue_radio_shape *shape, const bcue_surface *s, uint32_t *counts, bool write)
{
    for (uint32_t t = s->first; t < s->first + s->count; t++) {
        uint32_t range[4];
        cells_of(shape, s, t, range);
        for (uint32_t row = range[2]; row <= range[3]; row++)
            for (uint32_t column = range[0]; column <= range[1]; column++) {
                uint32_t *count = &counts[s->first_bin + (size_t)row * s->bins_per_side + column];
                if (write)
                    shape->bin_triangles[shape->bins[count - counts] + *count] = t;
                (*count)++;
            }
    }
}

static bool sort_into_bins(bcue_radio_shape *shape)
{
    size_t cells = 0, total = 0;
    for (size_t i = 0; i < shape->surface_count; i++) {
        bcue_surface *s = &shape->surfaces[i];
        double side = ceil(sqrt(0.5 * s->count));
        s->first_bin = (uint32_t)cells;
        s->bins_per_side = s->count <= FEW_TRIANGLES   ? 0
                           : side > MOST_BINS_PER_SIDE ? MOST_BINS_PER_SIDE
                                                       : (uint32_t)side;
        cells += (size_t)s->bins_per_side * s->bins_per_side;
    }
    uint32_t *counts = bcue_calloc(cells, sizeof *counts);
    shape->bins = bcue_calloc(cells + 1, sizeof *shape->bins);
    bool ok = counts && shape->bins && cells < UINT32_MAX;
    for (size_t i = 0; ok && i < shape->surface_count; i++)
        if (shape->surfaces[i].bins_per_side > 0)
            visit_cells(shape, &shape->surfaces[i], counts, false);
    for (size_t c = 0; ok && c < cells; c++) {
        shape->bins[c] = (uint32_t)total;
        total += counts[c];
        counts[c] = 0;
    }
    ok = ok && total < UINT32_MAX;
    shape->bin_triangles = ok ? bcue_calloc(total, sizeof *shape->bin_triangles) : NULL;
    ok = shape->bin_triangles != NULL;
    if (ok)
        shape->bins[cells] = (uint32_t)total;
    for (size_t i = 0; ok && i < shape->surface_count; i++)
        if (shape->surfaces[i].bins_per_side > 0)
            visit_cells(shape, &shape->surfaces[i], counts, true);
    free(counts);
    return ok;
}

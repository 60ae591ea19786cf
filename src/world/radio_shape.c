#include "world/radio_shape.h"

#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"
#include "world/radio_weld.h"

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
        if (!sort_triangles(&weld, &made))
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
    *shape = (bcue_radio_shape){0};
}

bool bcue_radio_surface_contains(const bcue_radio_shape *shape, uint32_t surface, bcue_vec3 point)
{
    const double rim_m = 1e-9;
    const bcue_surface *s = &shape->surfaces[surface];
    double along_u = fabs(bcue_vec3_dot(bcue_vec3_sub(point, s->middle), s->axis_u)),
           along_v = fabs(bcue_vec3_dot(bcue_vec3_sub(point, s->middle), s->axis_v));
    bool inside_rectangle = along_u <= s->half_u + rim_m && along_v <= s->half_v + rim_m;
    if (s->rectangle || !inside_rectangle)
        return inside_rectangle;
    for (uint32_t t = s->first; t < s->first + s->count; t++) {
        const uint32_t *v = shape->triangles[t].vertex;
        bool inside = true;
        for (int k = 0; k < 3 && inside; k++) {
            bcue_vec3 from = shape->vertices[v[k]];
            bcue_vec3 side = bcue_vec3_sub(shape->vertices[v[(k + 1) % 3]], from);
            double twice = bcue_vec3_dot(s->normal, bcue_vec3_cross(side, bcue_vec3_sub(point, from)));
            inside = twice >= -rim_m * bcue_vec3_norm(side);
        }
        if (inside)
            return true;
    }
    return false;
}

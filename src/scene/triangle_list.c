#include "scene/triangle_list.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/vec3.h"
#include "formats/ply.h"
#include "scene/polygon.h"

enum { MOST_CORNERS = 10000 };

void bcue_triangle_list_free(bcue_triangle_list *list)
{
    free(list->vertices);
    free(list->triangles);
    *list = (bcue_triangle_list){0};
}

/* Newell's normal of a polygon; its length is twice the area. */
static bcue_vec3 polygon_normal(const double *vertices, const uint32_t *corners, size_t count)
{
    bcue_vec3 sum = {0, 0, 0};
    for (size_t i = 0; i < count; i++) {
        const double *a = vertices + 3 * (size_t)corners[i],
                     *b = vertices + 3 * (size_t)corners[(i + 1) % count];
        sum.x += (a[1] - b[1]) * (a[2] + b[2]);
        sum.y += (a[2] - b[2]) * (a[0] + b[0]);
        sum.z += (a[0] - b[0]) * (a[1] + b[1]);
    }
    return sum;
}

/* Seen along the axis on which the normal is longest, so that the polygon stays counter-clockwise. */
static void project(const double *vertices, const uint32_t *corners, size_t count, bcue_point2 *points)
{
    bcue_vec3 normal = polygon_normal(vertices, corners, count);
    double size[3] = {fabs(normal.x), fabs(normal.y), fabs(normal.z)},
           along[3] = {normal.x, normal.y, normal.z};
    size_t axis = size[0] > size[1] && size[0] > size[2] ? 0 : size[1] > size[2] ? 1 : 2;
    size_t u = (axis + 1) % 3, v = (axis + 2) % 3;
    for (size_t i = 0; i < count; i++) {
        const double *vertex = vertices + 3 * (size_t)corners[i];
        points[i] =
            along[axis] >= 0.0 ? (bcue_point2){vertex[u], vertex[v]} : (bcue_point2){vertex[v], vertex[u]};
    }
}

static bcue_status cut_polygon(const bcue_ply_mesh *ply, size_t face, const char *path, uint32_t *triangles,
                               size_t *triangle_count, bcue_error *error)
{
    const uint32_t *corners = ply->corners + ply->face_first[face];
    size_t count = ply->face_first[face + 1] - ply->face_first[face], made = 0;
    if (count > MOST_CORNERS)
        return bcue_fail(error, BCUE_ERROR_UNSUPPORTED, "%s: face %zu has %zu corners; at most %d are read",
                         path, face, count, (int)MOST_CORNERS);
    bcue_point2 *points = bcue_calloc(count, sizeof *points);
    if (points == NULL)
        return bcue_fail_memory(error, path);
    project(ply->vertices, corners, count, points);
    const size_t ring_first[2] = {0, count};
    uint32_t *cut = NULL;
    bcue_polygon_result result = bcue_polygon_triangulate(points, ring_first, 1, &cut, &made);
    free(points);
    for (size_t i = 0; i < 3 * made && result == BCUE_POLYGON_OK; i++)
        triangles[3 * *triangle_count + i] = corners[cut[i]];
    *triangle_count += made;
    free(cut);
    if (result == BCUE_POLYGON_OK)
        return BCUE_OK;
    return result == BCUE_POLYGON_MEMORY
               ? bcue_fail_memory(error, path)
               : bcue_fail(error, BCUE_ERROR_DATA,
                           "%s: face %zu has %zu corners and no simple outline; cut the mesh into triangles",
                           path, face, count);
}

static bcue_status cut_faces(const bcue_ply_mesh *ply, const char *path, bcue_triangle_list *list,
                             bcue_error *error)
{
    /* A polygon of n corners gives at most n - 2 triangles. */
    size_t most = ply->face_first[ply->face_count] - 2 * ply->face_count;
    list->triangles = bcue_calloc(most, 3 * sizeof *list->triangles);
    if (list->triangles == NULL)
        return bcue_fail_memory(error, path);
    for (size_t face = 0; face < ply->face_count; face++) {
        const uint32_t *corners = ply->corners + ply->face_first[face];
        if (ply->face_first[face + 1] - ply->face_first[face] == 3)
            memcpy(list->triangles + 3 * list->triangle_count++, corners, 3 * sizeof *corners);
        else
            BCUE_TRY(cut_polygon(ply, face, path, list->triangles, &list->triangle_count, error));
    }
    return BCUE_OK;
}

bcue_status bcue_ply_triangles_read(const char *path, bcue_triangle_list *list, bcue_error *error)
{
    *list = (bcue_triangle_list){0};
    bcue_ply_mesh ply;
    BCUE_TRY(bcue_ply_mesh_read(path, &ply, error));
    bcue_status status = cut_faces(&ply, path, list, error);
    list->vertices = ply.vertices;
    list->vertex_count = ply.vertex_count;
    ply.vertices = NULL;
    bcue_ply_mesh_free(&ply);
    if (status != BCUE_OK)
        bcue_triangle_list_free(list);
    return status;
}

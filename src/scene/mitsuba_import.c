#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "formats/ply.h"
#include "scene/mitsuba_document.h"
#include "scene/model_import.h"

typedef struct mitsuba_import {
    const char *path;
    char *folder; /* owned */
    const bcue_mitsuba_document *document;
    bcue_material_id *ids; /* owned: per material of the document; UINT32_MAX: not used so far */
    bcue_scene_builder *builder;
    bcue_error *error;
} mitsuba_import;

/* The material of a shape joins the world when the first shape uses it: an unknown one that nothing uses is
   no error. */
static bcue_status shape_material(mitsuba_import *import, const bcue_mitsuba_shape *shape,
                                  bcue_material_id *id)
{
    const bcue_mitsuba_document *document = import->document;
    for (size_t i = 0; i < document->material_count; i++) {
        if (strcmp(document->materials[i].name, shape->material) != 0)
            continue;
        if (import->ids[i] == UINT32_MAX)
            BCUE_TRY(bcue_scene_add_material(import->builder, &document->materials[i], import->path,
                                             &import->ids[i], import->error));
        *id = import->ids[i];
        return BCUE_OK;
    }
    return bcue_fail(import->error, BCUE_ERROR_DATA,
                     "%s:%zu: shape \"%.60s\" refers to \"%.60s\", and no <bsdf> has that id", import->path,
                     shape->line, shape->id, shape->material);
}

static bool is_identity(const double m[12])
{
    for (int i = 0; i < 12; i++)
        if (m[i] != (i % 5 == 0 ? 1.0 : 0.0))
            return false;
    return true;
}

/* Place the vertices; mirrored or flipped shapes get their corners turned round. */
static void transform(const bcue_mitsuba_shape *shape, double *vertices, size_t vertex_count,
                      uint32_t *triangles, size_t triangle_count)
{
    const double *m = shape->matrix;
    for (size_t i = 0; i < vertex_count && !is_identity(m); i++) {
        double *v = vertices + 3 * i, x = v[0], y = v[1], z = v[2];
        for (int row = 0; row < 3; row++)
            v[row] = m[4 * row] * x + m[4 * row + 1] * y + m[4 * row + 2] * z + m[4 * row + 3];
    }
    double determinant = m[0] * (m[5] * m[10] - m[6] * m[9]) - m[1] * (m[4] * m[10] - m[6] * m[8]) +
                         m[2] * (m[4] * m[9] - m[5] * m[8]);
    for (size_t i = 0; i < triangle_count && (determinant < 0.0) != shape->flip; i++) {
        uint32_t second = triangles[3 * i + 1];
        triangles[3 * i + 1] = triangles[3 * i + 2];
        triangles[3 * i + 2] = second;
    }
}

static bcue_status add_shape_mesh(mitsuba_import *import, const bcue_mitsuba_shape *shape, const char *file,
                                  double *vertices, size_t vertex_count, uint32_t *triangles,
                                  size_t triangle_count)
{
    bcue_material_id material = 0;
    BCUE_TRY(shape_material(import, shape, &material));
    transform(shape, vertices, vertex_count, triangles, triangle_count);
    bcue_scene_mesh mesh = {.file = file,
                            .name = shape->id,
                            .vertices = vertices,
                            .vertex_count = vertex_count,
                            .triangles = triangles,
                            .triangle_count = triangle_count,
                            .material = material,
                            .kind = bcue_scene_guess_kind(shape->id)};
    return bcue_scene_add_mesh(import->builder, &mesh, import->error);
}

static bcue_status add_file_shape(mitsuba_import *import, const bcue_mitsuba_shape *shape)
{
    char *path = bcue_path_join(import->folder, shape->file);
    if (path == NULL)
        return bcue_fail_memory(import->error, import->path);
    bcue_triangle_list list;
    bcue_status status = shape->kind == BCUE_MITSUBA_PLY
                             ? bcue_ply_triangles_read(path, &list, import->error)
                             : bcue_model_triangles_read(path, &list, import->error);
    if (status == BCUE_OK) {
        import->builder->report.files++;
        status = add_shape_mesh(import, shape, path, list.vertices, list.vertex_count, list.triangles,
                                list.triangle_count);
        bcue_triangle_list_free(&list);
    } else if (status == BCUE_ERROR_IO) {
        status = bcue_fail_context(import->error, status, "%s:%zu: shape \"%.60s\"", import->path,
                                   shape->line, shape->id);
    }
    free(path);
    return status;
}

static bcue_status add_rectangle(mitsuba_import *import, const bcue_mitsuba_shape *shape)
{
    double vertices[12] = {-1, -1, 0, 1, -1, 0, 1, 1, 0, -1, 1, 0};
    uint32_t triangles[6] = {0, 1, 2, 0, 2, 3};
    return add_shape_mesh(import, shape, import->path, vertices, 4, triangles, 2);
}

static bcue_status add_cube(mitsuba_import *import, const bcue_mitsuba_shape *shape)
{
    double vertices[24];
    for (int i = 0; i < 24; i++)
        vertices[i] = i / 3 & 1 << i % 3 ? 1.0 : -1.0;
    uint32_t triangles[36] = {0, 4, 6, 0, 6, 2, 1, 3, 7, 1, 7, 5, 0, 1, 5, 0, 5, 4,
                              2, 6, 7, 2, 7, 3, 0, 2, 3, 0, 3, 1, 4, 5, 7, 4, 7, 6};
    return add_shape_mesh(import, shape, import->path, vertices, 8, triangles, 12);
}

static bcue_status add_shapes(mitsuba_import *import)
{
    for (size_t i = 0; i < import->document->material_count; i++)
        import->ids[i] = UINT32_MAX;
    for (size_t i = 0; i < import->document->shape_count; i++) {
        const bcue_mitsuba_shape *shape = &import->document->shapes[i];
        if (shape->kind == BCUE_MITSUBA_RECTANGLE)
            BCUE_TRY(add_rectangle(import, shape));
        else if (shape->kind == BCUE_MITSUBA_CUBE)
            BCUE_TRY(add_cube(import, shape));
        else
            BCUE_TRY(add_file_shape(import, shape));
    }
    return BCUE_OK;
}

bcue_status bcue_mitsuba_import(const char *path, bcue_scene_builder *builder, bcue_error *error)
{
    bcue_mitsuba_document document;
    BCUE_TRY(bcue_mitsuba_read(path, &document, error));
    mitsuba_import import = {.path = path,
                             .folder = bcue_path_dirname(path),
                             .document = &document,
                             .ids = bcue_calloc(document.material_count, sizeof(bcue_material_id)),
                             .builder = builder,
                             .error = error};
    builder->report.files++;
    bcue_status status =
        import.folder != NULL && import.ids != NULL ? add_shapes(&import) : bcue_fail_memory(error, path);
    free(import.folder);
    free(import.ids);
    bcue_mitsuba_free(&document);
    return status;
}

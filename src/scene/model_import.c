#include "scene/model_import.h"

#include <assimp/cimport.h>
#include <assimp/material.h>
#include <assimp/postprocess.h>
#include <assimp/scene.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

enum { DEEPEST_NODE = 256 };

/* What is done with each mesh of a node; `matrix` is the node's to the file's frame. */
typedef struct mesh_sink {
    bcue_status (*take)(struct mesh_sink *sink, const struct aiMesh *mesh, const char *node,
                        const struct aiMatrix4x4 *matrix);
    const char *path;
    const struct aiScene *scene;
    bcue_error *error;
    bcue_scene_builder *builder; /* one of the two */
    bcue_triangle_list *list;
} mesh_sink;

static bcue_status open_scene(const char *path, const struct aiScene **scene, bcue_error *error)
{
    if (!bcue_path_exists(path))
        return bcue_fail(error, BCUE_ERROR_IO, "%s: cannot open: no such file", path);
    *scene =
        aiImportFile(path, aiProcess_Triangulate | aiProcess_JoinIdenticalVertices | aiProcess_SortByPType);
    if (*scene == NULL)
        return bcue_fail(error, BCUE_ERROR_FORMAT, "%s: cannot be read: %s", path, aiGetErrorString());
    if ((*scene)->mRootNode == NULL || ((*scene)->mFlags & AI_SCENE_FLAGS_INCOMPLETE) != 0) {
        aiReleaseImport(*scene);
        return bcue_fail(error, BCUE_ERROR_FORMAT, "%s: the file describes no complete scene", path);
    }
    return BCUE_OK;
}

/* Corners of the mesh's triangles (points and lines apart) and its placed vertices; the caller frees, also
   after a failure. */
static bcue_status copy_mesh(const mesh_sink *sink, const struct aiMesh *mesh, const struct aiMatrix4x4 *m,
                             bcue_triangle_list *list)
{
    *list = (bcue_triangle_list){.vertices = bcue_calloc(mesh->mNumVertices, 3 * sizeof *list->vertices),
                                 .triangles = bcue_calloc(mesh->mNumFaces, 3 * sizeof *list->triangles)};
    if (list->vertices == NULL || list->triangles == NULL)
        return bcue_fail_memory(sink->error, sink->path);
    list->vertex_count = mesh->mNumVertices;
    for (size_t i = 0; i < list->vertex_count; i++) {
        double x = (double)mesh->mVertices[i].x, y = (double)mesh->mVertices[i].y,
               z = (double)mesh->mVertices[i].z;
        list->vertices[3 * i] = (double)m->a1 * x + (double)m->a2 * y + (double)m->a3 * z + (double)m->a4;
        list->vertices[3 * i + 1] = (double)m->b1 * x + (double)m->b2 * y + (double)m->b3 * z + (double)m->b4;
        list->vertices[3 * i + 2] = (double)m->c1 * x + (double)m->c2 * y + (double)m->c3 * z + (double)m->c4;
    }
    struct aiMatrix4x4 copy = *m;
    bool mirrored = aiMatrix4Determinant(&copy) < 0.0f;
    for (size_t i = 0; i < mesh->mNumFaces; i++) {
        const struct aiFace *face = &mesh->mFaces[i];
        if (face->mNumIndices != 3)
            continue;
        uint32_t *triangle = list->triangles + 3 * list->triangle_count++;
        triangle[0] = face->mIndices[0];
        triangle[1] = face->mIndices[mirrored ? 2 : 1];
        triangle[2] = face->mIndices[mirrored ? 1 : 2];
    }
    return BCUE_OK;
}

static void describe_material(const struct aiMaterial *from, unsigned index, bcue_scene_material *material)
{
    *material = (bcue_scene_material){.slab = true, .thickness_m = 0.1, .permittivity = 1.0};
    struct aiString name;
    if (aiGetMaterialString(from, AI_MATKEY_NAME, &name) == aiReturn_SUCCESS && name.length > 0)
        snprintf(material->name, sizeof material->name, "%.47s", name.data);
    else
        snprintf(material->name, sizeof material->name, "material-%u", index);
    (void)bcue_scene_itu_name(material->name, material->radio);
    struct aiColor4D colour;
    if (aiGetMaterialColor(from, "$clr.base", 0, 0, &colour) == aiReturn_SUCCESS ||
        aiGetMaterialColor(from, AI_MATKEY_COLOR_DIFFUSE, &colour) == aiReturn_SUCCESS) {
        const float rgb[3] = {colour.r, colour.g, colour.b};
        material->has_colour = true;
        for (int c = 0; c < 3; c++)
            material->colour[c] = fminf(1.0f, fmaxf(0.0f, rgb[c]));
    }
}

static bcue_status add_to_builder(mesh_sink *sink, const struct aiMesh *mesh, const char *node,
                                  const struct aiMatrix4x4 *matrix)
{
    bcue_material_id id = 0;
    bcue_scene_material material;
    if (mesh->mMaterialIndex >= sink->scene->mNumMaterials)
        return bcue_fail(sink->error, BCUE_ERROR_FORMAT, "%s: mesh \"%.60s\" has no material", sink->path,
                         node);
    describe_material(sink->scene->mMaterials[mesh->mMaterialIndex], mesh->mMaterialIndex, &material);
    BCUE_TRY(bcue_scene_add_material(sink->builder, &material, sink->path, &id, sink->error));
    bcue_triangle_list list;
    bcue_status status = copy_mesh(sink, mesh, matrix, &list);
    if (status == BCUE_OK && list.triangle_count > 0) {
        const char *name = mesh->mName.length > 0 ? mesh->mName.data : node;
        bcue_scene_mesh part = {.file = sink->path,
                                .name = name,
                                .vertices = list.vertices,
                                .vertex_count = list.vertex_count,
                                .triangles = list.triangles,
                                .triangle_count = list.triangle_count,
                                .material = id,
                                .kind = bcue_scene_guess_kind(node[0] != '\0' ? node : name)};
        status = bcue_scene_add_mesh(sink->builder, &part, sink->error);
    }
    bcue_triangle_list_free(&list);
    return status;
}

static bcue_status add_to_list(mesh_sink *sink, const struct aiMesh *mesh, const char *node,
                               const struct aiMatrix4x4 *matrix)
{
    (void)node;
    bcue_triangle_list *all = sink->list, part;
    bcue_status status = copy_mesh(sink, mesh, matrix, &part);
    size_t vertices = all->vertex_count + part.vertex_count,
           triangles = all->triangle_count + part.triangle_count;
    double *more_vertices = NULL;
    uint32_t *more_triangles = NULL;
    if (status == BCUE_OK && vertices < UINT32_MAX) {
        more_vertices = realloc(all->vertices, (3 * vertices + 1) * sizeof *more_vertices);
        all->vertices = more_vertices != NULL ? more_vertices : all->vertices;
        more_triangles = realloc(all->triangles, (3 * triangles + 1) * sizeof *more_triangles);
        all->triangles = more_triangles != NULL ? more_triangles : all->triangles;
    }
    if (more_vertices != NULL && more_triangles != NULL) {
        memcpy(more_vertices + 3 * all->vertex_count, part.vertices,
               3 * part.vertex_count * sizeof *more_vertices);
        for (size_t i = 0; i < 3 * part.triangle_count; i++)
            more_triangles[3 * all->triangle_count + i] = part.triangles[i] + (uint32_t)all->vertex_count;
        all->vertex_count = vertices;
        all->triangle_count = triangles;
    } else if (status == BCUE_OK) {
        status = bcue_fail_memory(sink->error, sink->path);
    }
    bcue_triangle_list_free(&part);
    return status;
}

static bcue_status visit_node(mesh_sink *sink, const struct aiNode *node, const struct aiMatrix4x4 *parent,
                              int depth)
{
    if (depth > DEEPEST_NODE)
        return bcue_fail(sink->error, BCUE_ERROR_UNSUPPORTED, "%s: nodes nested deeper than %d", sink->path,
                         (int)DEEPEST_NODE);
    struct aiMatrix4x4 matrix = *parent;
    aiMultiplyMatrix4(&matrix, &node->mTransformation);
    for (unsigned i = 0; i < node->mNumMeshes; i++)
        BCUE_TRY(sink->take(sink, sink->scene->mMeshes[node->mMeshes[i]], node->mName.data, &matrix));
    for (unsigned i = 0; i < node->mNumChildren; i++)
        BCUE_TRY(visit_node(sink, node->mChildren[i], &matrix, depth + 1));
    return BCUE_OK;
}

static bcue_status visit_file(mesh_sink *sink)
{
    BCUE_TRY(open_scene(sink->path, &sink->scene, sink->error));
    struct aiMatrix4x4 identity;
    aiIdentityMatrix4(&identity);
    bcue_status status = visit_node(sink, sink->scene->mRootNode, &identity, 0);
    aiReleaseImport(sink->scene);
    return status;
}

static bcue_status import_ply(const char *path, bcue_scene_builder *builder, bcue_error *error)
{
    bcue_scene_material material = {.name = "ply", .slab = true, .thickness_m = 0.1, .permittivity = 1.0};
    char stem[48];
    snprintf(stem, sizeof stem, "%s", bcue_path_basename(path));
    char *dot = strrchr(stem, '.');
    if (dot != NULL)
        *dot = '\0';
    if (bcue_scene_itu_name(stem, material.radio))
        snprintf(material.name, sizeof material.name, "%s", stem);
    bcue_material_id id = 0;
    BCUE_TRY(bcue_scene_add_material(builder, &material, path, &id, error));
    bcue_triangle_list list;
    BCUE_TRY(bcue_ply_triangles_read(path, &list, error));
    bcue_scene_mesh mesh = {.file = path,
                            .name = stem,
                            .vertices = list.vertices,
                            .vertex_count = list.vertex_count,
                            .triangles = list.triangles,
                            .triangle_count = list.triangle_count,
                            .material = id,
                            .kind = bcue_scene_guess_kind(stem)};
    bcue_status status = bcue_scene_add_mesh(builder, &mesh, error);
    bcue_triangle_list_free(&list);
    return status;
}

bcue_status bcue_model_import(const char *path, bcue_scene_builder *builder, bcue_error *error)
{
    builder->report.files++;
    if (bcue_ends_with(path, ".ply"))
        return import_ply(path, builder, error);
    if (bcue_ends_with(path, ".gltf") || bcue_ends_with(path, ".glb"))
        builder->options.y_up = true;
    mesh_sink sink = {.take = add_to_builder, .path = path, .error = error, .builder = builder};
    return visit_file(&sink);
}

bcue_status bcue_model_triangles_read(const char *path, bcue_triangle_list *list, bcue_error *error)
{
    *list = (bcue_triangle_list){0};
    mesh_sink sink = {.take = add_to_list, .path = path, .error = error, .list = list};
    bcue_status status = visit_file(&sink);
    if (status != BCUE_OK)
        bcue_triangle_list_free(list);
    return status;
}

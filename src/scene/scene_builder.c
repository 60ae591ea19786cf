#include "scene/scene_builder.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/report_hooks.h"
#include "base/text.h"
#include "scene/open_edges.h"

#define FARTHEST_M 1e7
/* A triangle whose height is below this part of its longest side has no direction worth the name. */
#define FLATTEST 1e-9
enum { MOST_WARNINGS = 20 };

bcue_status bcue_scene_begin(bcue_scene_builder *builder, const bcue_import_options *options,
                             bcue_error *error)
{
    *builder = (bcue_scene_builder){0};
    if (options != NULL)
        builder->options = *options;
    if (builder->options.unit_m == 0.0)
        builder->options.unit_m = 1.0;
    if (!isfinite(builder->options.unit_m) || builder->options.unit_m <= 0.0)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "unit_m is %g; it must be a number of metres above 0",
                         builder->options.unit_m);
    BCUE_TRY(bcue_world_init(&builder->world, error));
    if (builder->options.materials != NULL) {
        bcue_status status = bcue_material_map_read(builder->options.materials, &builder->map, error);
        if (status != BCUE_OK) {
            bcue_scene_abandon(builder);
            return status;
        }
    }
    return BCUE_OK;
}

void bcue_scene_abandon(bcue_scene_builder *builder)
{
    bcue_world_free(&builder->world);
    bcue_material_map_destroy(builder->map);
    *builder = (bcue_scene_builder){0};
}

bcue_status bcue_scene_finish(bcue_scene_builder *builder, const char *path, bcue_world *world,
                              bcue_import_report *report, bcue_error *error)
{
    if (builder->warnings > MOST_WARNINGS)
        bcue_log(builder->options.hooks, BCUE_LOG_WARNING, "%s: and %zu more such warnings", path,
                 builder->warnings - MOST_WARNINGS);
    if (builder->world.statics.triangle_count == 0 && !builder->world.statics.failed) {
        bcue_scene_abandon(builder);
        return bcue_fail(error, BCUE_ERROR_DATA, "%s: nothing to build a world from: not one triangle", path);
    }
    bcue_material_map_destroy(builder->map);
    builder->map = NULL;
    bcue_status status = bcue_world_finish(&builder->world, path, error);
    if (status == BCUE_OK) {
        builder->report.objects = builder->world.object_count;
        builder->report.vertices = builder->world.statics.vertex_count;
        builder->report.triangles = builder->world.statics.triangle_count;
        *world = builder->world;
        if (report != NULL)
            *report = builder->report;
    }
    *builder = (bcue_scene_builder){0};
    return status;
}

void bcue_scene_warn(bcue_scene_builder *builder, const char *format, ...)
{
    if (builder->warnings++ >= MOST_WARNINGS)
        return;
    char sentence[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    bcue_log(builder->options.hooks, BCUE_LOG_WARNING, "%s", sentence);
}

bcue_vec3 bcue_scene_place(const bcue_import_options *options, bcue_vec3 point)
{
    if (options->y_up)
        point = bcue_vec3_make(point.x, -point.z, point.y);
    return bcue_vec3_add(bcue_vec3_scale(point, options->unit_m), options->shift_m);
}

bcue_object_kind bcue_scene_guess_kind(const char *name)
{
    static const char *const grounds[] = {"floor", "ground", "terrain", "plane", "road", "street", "asphalt"};
    char lower[BCUE_SCENE_NAME];
    size_t size = 0;
    for (; name[size] != '\0' && size + 1 < sizeof lower; size++)
        lower[size] = (char)tolower((unsigned char)name[size]);
    lower[size] = '\0';
    const char *plain = bcue_starts_with(lower, "mesh-") ? lower + 5 : lower;
    for (size_t i = 0; i < sizeof grounds / sizeof grounds[0]; i++)
        if (bcue_starts_with(plain, grounds[i]))
            return BCUE_OBJECT_GROUND;
    return BCUE_OBJECT_BUILDING;
}

bcue_status bcue_scene_add_material(bcue_scene_builder *builder, const bcue_scene_material *material,
                                    const char *file, bcue_material_id *id, bcue_error *error)
{
    bcue_material made;
    BCUE_TRY(bcue_scene_material_resolve(builder->map, material, file, &made, error));
    for (bcue_material_id m = BCUE_MATERIAL_COUNT; m < builder->world.material_count; m++)
        if (strcmp(builder->world.materials[m].name, made.name) == 0) {
            *id = m;
            return BCUE_OK;
        }
    *id = bcue_world_add_material(&builder->world, &made);
    return builder->world.statics.failed ? bcue_fail_memory(error, file) : BCUE_OK;
}

static bcue_status add_placed_vertices(bcue_scene_builder *builder, const bcue_scene_mesh *mesh,
                                       uint32_t *first, bcue_error *error)
{
    bcue_mesh *statics = &builder->world.statics;
    *first = bcue_mesh_add_vertices(statics, NULL, mesh->vertex_count);
    if (statics->failed)
        return bcue_fail_memory(error, mesh->file);
    for (size_t i = 0; i < mesh->vertex_count; i++) {
        bcue_vec3 raw = {mesh->vertices[3 * i], mesh->vertices[3 * i + 1], mesh->vertices[3 * i + 2]};
        bcue_vec3 placed = bcue_scene_place(&builder->options, raw);
        if (!(isfinite(placed.x) && isfinite(placed.y) && isfinite(placed.z)))
            return bcue_fail(error, BCUE_ERROR_DATA,
                             "%s: vertex %zu of \"%.60s\" is (%g, %g, %g), which is no place; mend the mesh",
                             mesh->file, i, mesh->name, raw.x, raw.y, raw.z);
        if (fabs(placed.x) > FARTHEST_M || fabs(placed.y) > FARTHEST_M || fabs(placed.z) > FARTHEST_M)
            return bcue_fail(error, BCUE_ERROR_DATA,
                             "%s: vertex %zu of \"%.60s\" lies at (%g, %g, %g) m, farther than %g m from the "
                             "origin; shift the scene or correct its unit",
                             mesh->file, i, mesh->name, placed.x, placed.y, placed.z, FARTHEST_M);
        statics->vertices[*first + i] = placed;
    }
    return BCUE_OK;
}

static bool has_no_area(const bcue_vec3 *vertices, const uint32_t corner[3])
{
    bcue_vec3 a = vertices[corner[0]], b = vertices[corner[1]], c = vertices[corner[2]];
    bcue_vec3 ab = bcue_vec3_sub(b, a), ac = bcue_vec3_sub(c, a), bc = bcue_vec3_sub(c, b);
    double longest = fmax(bcue_vec3_dot(ab, ab), fmax(bcue_vec3_dot(ac, ac), bcue_vec3_dot(bc, bc)));
    return !(bcue_vec3_norm(bcue_vec3_cross(ab, ac)) > FLATTEST * longest);
}

static bcue_status add_checked_triangles(bcue_scene_builder *builder, const bcue_scene_mesh *mesh,
                                         uint32_t first, uint32_t object, bcue_error *error)
{
    bcue_mesh *statics = &builder->world.statics;
    size_t zero_area = 0;
    for (size_t i = 0; i < mesh->triangle_count; i++) {
        const uint32_t *corner = mesh->triangles + 3 * i;
        for (int k = 0; k < 3; k++)
            if (corner[k] >= mesh->vertex_count)
                return bcue_fail(error, BCUE_ERROR_DATA,
                                 "%s: triangle %zu of \"%.60s\" has corner %u, but there are %zu vertices",
                                 mesh->file, i, mesh->name, (unsigned)corner[k], mesh->vertex_count);
        if (!has_no_area(statics->vertices + first, corner)) {
            bcue_mesh_add_triangle(statics, first + corner[0], first + corner[1], first + corner[2],
                                   mesh->material, object);
            continue;
        }
        if (builder->options.strict)
            return bcue_fail(error, BCUE_ERROR_DATA,
                             "%s: triangle %zu of \"%.60s\" has no area; mend the mesh", mesh->file, i,
                             mesh->name);
        if (zero_area++ == 0)
            bcue_scene_warn(builder, "%s: triangle %zu of \"%.60s\" has no area and is left out", mesh->file,
                            i, mesh->name);
    }
    builder->report.zero_area += zero_area;
    return statics->failed ? bcue_fail_memory(error, mesh->file) : BCUE_OK;
}

bcue_status bcue_scene_add_mesh(bcue_scene_builder *builder, const bcue_scene_mesh *mesh, bcue_error *error)
{
    bcue_mesh *statics = &builder->world.statics;
    size_t before = statics->triangle_count;
    uint32_t first = 0;
    BCUE_TRY(add_placed_vertices(builder, mesh, &first, error));
    bcue_object object = {
        .kind = mesh->kind, .tint = {1.0f, 1.0f, 1.0f}, .variant = (uint32_t)builder->world.object_count};
    uint32_t id = bcue_world_add_object(&builder->world, object);
    BCUE_TRY(add_checked_triangles(builder, mesh, first, id, error));
    bcue_open_edges open;
    if (!bcue_find_open_edges(statics->vertices + first, mesh->vertex_count, statics->triangles + before,
                              statics->triangle_count - before, first, &open))
        return bcue_fail_memory(error, mesh->file);
    if (open.count == 0)
        return BCUE_OK;
    builder->report.open_objects++;
    if (builder->options.strict)
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "%s: \"%.60s\" has a hole: %zu edges belong to one triangle only, the first from "
                         "(%.3f, %.3f, %.3f) to (%.3f, %.3f, %.3f); close it, or import without strict",
                         mesh->file, mesh->name, open.count, open.a.x, open.a.y, open.a.z, open.b.x, open.b.y,
                         open.b.z);
    return BCUE_OK;
}

/* What all importers share: checked meshes into a world. Not for other rooms. */
#ifndef BCUE_SCENE_SCENE_BUILDER_H
#define BCUE_SCENE_SCENE_BUILDER_H

#include <stddef.h>
#include <stdint.h>
#include "beamcue/status.h"
#include "scene/import.h"
#include "scene/scene_material.h"

enum { BCUE_SCENE_NAME = 64 };

/* A world in the making. Zeroed by bcue_scene_begin. */
typedef struct bcue_scene_builder {
    bcue_world world;
    bcue_import_options options;
    bcue_import_report report;
    bcue_material_map *map; /* owned; NULL without one */
    size_t warnings;        /* sentences given to the hooks so far; only the first few of a kind are */
} bcue_scene_builder;

/* One mesh of one material, in the file's axes. Nothing is owned. */
typedef struct bcue_scene_mesh {
    const char *file, *name; /* for messages */
    const double *vertices;  /* vertex_count x 3 */
    size_t vertex_count;
    const uint32_t *triangles; /* triangle_count x 3, counter-clockwise seen from outside */
    size_t triangle_count;
    bcue_material_id material;
    bcue_object_kind kind;
} bcue_scene_mesh;

bcue_status bcue_scene_begin(bcue_scene_builder *builder, const bcue_import_options *options,
                             bcue_error *error);
/* The world is the caller's; the builder is empty afterwards, as after bcue_scene_abandon. */
bcue_status bcue_scene_finish(bcue_scene_builder *builder, const char *path, bcue_world *world,
                              bcue_import_report *report, bcue_error *error);
void bcue_scene_abandon(bcue_scene_builder *builder);

/* Check a mesh and add it as an object of its own. NaN, infinite or far (1e7 m) vertices and corners that are
   no vertex are errors; see bcue_import_options.strict for the rest. */
bcue_status bcue_scene_add_mesh(bcue_scene_builder *builder, const bcue_scene_mesh *mesh, bcue_error *error);
/* The material of the world for one of the file: what the map says, otherwise `material` as the file has it.
 */
bcue_status bcue_scene_add_material(bcue_scene_builder *builder, const bcue_scene_material *material,
                                    const char *file, bcue_material_id *id, bcue_error *error);
/* The axes of the file, turned, scaled and shifted to those of the world. */
bcue_vec3 bcue_scene_place(const bcue_import_options *options, bcue_vec3 point);
/* A warning to the hooks; after the first 20 they are only counted. */
BCUE_PRINTF(2, 3) void bcue_scene_warn(bcue_scene_builder *builder, const char *format, ...);
/* Ground for names such as floor, ground, terrain, road; otherwise a building. */
bcue_object_kind bcue_scene_guess_kind(const char *name);

#endif

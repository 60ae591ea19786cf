/* What a Mitsuba XML scene says, before its meshes are read. Not for other rooms. */
#ifndef BCUE_SCENE_MITSUBA_DOCUMENT_H
#define BCUE_SCENE_MITSUBA_DOCUMENT_H

#include <stddef.h>
#include "beamcue/status.h"
#include "scene/scene_builder.h"

typedef enum bcue_mitsuba_kind {
    BCUE_MITSUBA_PLY,
    BCUE_MITSUBA_OBJ,
    BCUE_MITSUBA_RECTANGLE,
    BCUE_MITSUBA_CUBE,
} bcue_mitsuba_kind;

typedef struct bcue_mitsuba_shape {
    bcue_mitsuba_kind kind;
    char *id, *file;   /* owned; file: as written, NULL for rectangle and cube */
    char *material;    /* owned: id of a material */
    double matrix[12]; /* to the world of the file: 3 rows of 4 */
    size_t line;
    bool flip; /* normals */
} bcue_mitsuba_shape;

typedef struct bcue_mitsuba_document {
    bcue_scene_material *materials; /* owned; .name is the id */
    size_t material_count, material_capacity;
    bcue_mitsuba_shape *shapes; /* owned */
    size_t shape_count, shape_capacity;
} bcue_mitsuba_document;

/* Mitsuba 2 and 3 XML as far as Sionna RT writes it: <bsdf> (itu-radio-material, radio-material, or any with
   an id that names an ITU material), <shape> (ply, obj, rectangle, cube) with <transform>, <ref>, <default>.
   Sensors, lights, integrators and textures are passed over. `name` stands for the document in messages. On
   success the caller frees; otherwise the document is empty. */
bcue_status bcue_mitsuba_decode(const void *data, size_t size, const char *name,
                                bcue_mitsuba_document *document, bcue_error *error);
bcue_status bcue_mitsuba_read(const char *path, bcue_mitsuba_document *document, bcue_error *error);
void bcue_mitsuba_free(bcue_mitsuba_document *document); /* and make it empty */

/* Add the scene of a file to a builder. */
bcue_status bcue_mitsuba_import(const char *path, bcue_scene_builder *builder, bcue_error *error);

#endif

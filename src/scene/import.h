/* Worlds from files of other programs: Mitsuba XML as Sionna RT writes it, OBJ, glTF, PLY, OpenStreetMap XML.

   The kind of file follows from its name (.obj, .gltf, .glb, .ply, .osm) and, for .xml, from its root element
   (<scene> or <osm>). Every solid of the file becomes an object of the world, every material of the file a
   material of the world, after the built-in ones. */
#ifndef BCUE_SCENE_IMPORT_H
#define BCUE_SCENE_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include "beamcue/hooks.h"
#include "beamcue/status.h"
#include "world/world.h"

typedef struct bcue_import_options {
    /* From the file's axes to east, north, up: first y-up to z-up where asked, then scale, then shift. OSM is
       always in metres east and north of its origin. */
    bool y_up;             /* glTF is y-up by its standard, and turned without this */
    double unit_m;         /* metres per unit of the file; 0 = 1 */
    bcue_vec3 shift_m;     /* added last */
    const char *materials; /* a YAML file (docs/import.md) that says what the file's materials are; NULL:
                              their names must be ITU materials ("itu_concrete") */
    /* Refuse zero-area triangles and solids with holes. Otherwise the former are left out and both are
       counted and reported to `hooks` as warnings. */
    bool strict;
    bool has_origin; /* OSM: the origin of the world; otherwise the middle of the extract */
    double latitude_deg, longitude_deg;
    bool left_hand;          /* OSM: traffic keeps left */
    const bcue_hooks *hooks; /* may be NULL */
} bcue_import_options;

/* What was found. */
typedef struct bcue_import_report {
    size_t files, objects, vertices, triangles;
    size_t zero_area;    /* triangles left out */
    size_t open_objects; /* objects with edges that belong to one triangle only: walls without thickness,
                            holes */
    size_t skipped;      /* OSM: buildings left out, each with a warning that names it */
    double latitude_deg, longitude_deg; /* OSM: of the origin; otherwise 0 */
} bcue_import_report;

/* `options` and `report` may be NULL. On success the caller frees the world. Errors name the file, and the
   line of an XML file or the number of a vertex or triangle: BCUE_ERROR_FORMAT, BCUE_ERROR_DATA (a NaN
   vertex, an unknown material), BCUE_ERROR_UNSUPPORTED, BCUE_ERROR_IO (a missing mesh), BCUE_ERROR_MEMORY,
   BCUE_ERROR_CONFIG (of the material map). Any thread. */
bcue_status bcue_world_import(const char *path, const bcue_import_options *options, bcue_world *world,
                              bcue_import_report *report, bcue_error *error);

#endif

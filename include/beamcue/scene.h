/* Scenes of other programs: look at one, and turn it into glTF together with the traffic on it.

   A scene is Mitsuba XML as Sionna RT writes it (.xml), OBJ, glTF, PLY, or an OpenStreetMap extract (.osm,
   .xml). docs/import.md says what is read. */
#ifndef BEAMCUE_SCENE_H
#define BEAMCUE_SCENE_H

#include <stddef.h>
#include <stdint.h>
#include "beamcue/hooks.h"
#include "beamcue/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Zero is the default of every member. */
typedef struct bcue_scene_options {
    int y_up;              /* the file's y axis points up (glTF is turned without this) */
    double unit_m;         /* metres per unit of the file; 0 = 1 */
    double shift_m[3];     /* added last, east, north, up */
    const char *materials; /* YAML file that says what the file's materials are, or NULL */
    int strict;            /* zero-area triangles, holes and unusable buildings are errors */
    int has_origin; /* OpenStreetMap: where the world's origin is; otherwise the middle of the extract */
    double latitude_deg, longitude_deg;
    int left_hand;          /* OpenStreetMap: traffic keeps left */
    const char *traffic;    /* SUMO's floating-car data (sumo --fcd-output), or NULL */
    int traffic_geographic; /* its x, y are longitude and latitude */
    double traffic_step_s;  /* between key frames; 0 = 0.1 */
} bcue_scene_options;

typedef struct bcue_scene_summary {
    uint64_t files, objects, vertices, triangles, materials;
    uint64_t zero_area_triangles, open_objects; /* left out; with edges of one triangle only */
    uint64_t skipped_buildings, lanes, signals, trees;
    double low_m[3], high_m[3]; /* the box around everything */
    double latitude_deg, longitude_deg;
    uint64_t vehicles, overlaps; /* of the traffic */
    double traffic_s;
    uint64_t gltf_bytes;
} bcue_scene_summary;

/* Read the scene `path` (and options->traffic), and write it to `gltf_path` (a name in .glb) unless that is
   NULL. `options`, `hooks`, `summary` and `error` may be NULL. The file appears complete or not at all. */
BCUE_API BCUE_CHECK_RESULT bcue_status bcue_scene_convert(const char *path, const bcue_scene_options *options,
                                                          const char *gltf_path, const bcue_hooks *hooks,
                                                          bcue_scene_summary *summary, bcue_error *error);

#ifdef __cplusplus
}
#endif
#endif

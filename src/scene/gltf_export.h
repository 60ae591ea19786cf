/* A world and its traffic as binary glTF 2.0 (.glb), to look at in any viewer.

   Static triangles are grouped by kind of object and material, with the colours of the objects at their
   corners; each vehicle is a node with its own paint that an animation "traffic" moves, turns, and shows (by
   its scale) while it is there. Surfaces have plain colours: patterns such as windows are the camera's own.
   glTF's y is up; the node "world" turns it so that x, y, z below it are metres east, north, up. */
#ifndef BCUE_SCENE_GLTF_EXPORT_H
#define BCUE_SCENE_GLTF_EXPORT_H

#include <stddef.h>
#include "beamcue/status.h"
#include "world/traffic.h"

typedef struct bcue_gltf_report {
    size_t triangles, vehicles, bytes; /* vehicles: parked ones too; triangles: each model's once */
} bcue_gltf_report;

/* `traffic` and `report` may be NULL. The file appears complete or not at all. BCUE_ERROR_ARGUMENT when the
   name does not end in .glb, BCUE_ERROR_DATA when it would be larger than the format allows (4 GiB),
   BCUE_ERROR_IO, BCUE_ERROR_MEMORY. Any thread. */
bcue_status bcue_gltf_write(const char *path, const bcue_world *world, const bcue_traffic *traffic,
                            bcue_gltf_report *report, bcue_error *error);

#endif

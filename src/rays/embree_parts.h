/* What the ray scenes of this room share of Embree. */
#ifndef BCUE_RAYS_EMBREE_PARTS_H
#define BCUE_RAYS_EMBREE_PARTS_H

#include <embree3/rtcore.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/vec3.h"
#include "beamcue/status.h"

/* A device with one builder thread: the search structure, and with it every tie, is then the same on every
   machine. NULL when Embree cannot run on this CPU. */
RTCDevice bcue_embree_device(void);

/* An empty scene in robust mode, which keeps rays from slipping through the shared edge of two triangles. */
RTCScene bcue_embree_new_scene(RTCDevice device, enum RTCBuildQuality quality);

/* Triangles for Embree: vertex indices lie `stride` bytes apart, three uint32_t each; float copies of the
   vertices are taken relative to `origin`. */
typedef struct bcue_embree_mesh {
    const bcue_vec3 *vertices;
    size_t vertex_count;
    const void *triangles;
    size_t triangle_count, stride;
    bcue_vec3 origin;
} bcue_embree_mesh;

/* A committed scene of one mesh; NULL on failure. An empty mesh is fine. */
RTCScene bcue_embree_mesh_scene(RTCDevice device, const bcue_embree_mesh *mesh);

/* Place `part` in the scene `top` under `id`, turned by `yaw` and moved to `position`. */
bool bcue_embree_attach(RTCDevice device, RTCScene top, RTCScene part, bcue_vec3 position, double yaw,
                        unsigned id);

bcue_status bcue_embree_failure(RTCDevice device, const char *what, bcue_error *error);

#endif

/* The arrays of a glTF file while it is being put together. Not for other rooms. */
#ifndef BCUE_SCENE_GLTF_PARTS_H
#define BCUE_SCENE_GLTF_PARTS_H

#include <stddef.h>
#include "base/json.h"
#include "base/text.h"
#include "beamcue/status.h"
#include "world/world.h"

/* `failed` sticks, as in bcue_text. */
typedef struct bcue_gltf {
    json_t *nodes, *meshes, *materials, *accessors, *views, *children, *channels, *samplers; /* owned */
    bcue_text bytes; /* owned: the buffer */
    bool failed;
} bcue_gltf;

typedef enum bcue_gltf_target { BCUE_GLTF_VERTICES = 34962, BCUE_GLTF_DATA = 0 } bcue_gltf_target;

bool bcue_gltf_begin(bcue_gltf *gltf);
void bcue_gltf_free(bcue_gltf *gltf);
/* Add to an array; the index. Takes `value` over, also when it is NULL (out of memory) or this fails. */
int bcue_gltf_add(bcue_gltf *gltf, json_t *array, json_t *value);
/* `count` rows of `width` floats (1, 3 or 4); with `limits` their least and greatest too. The accessor. */
int bcue_gltf_add_floats(bcue_gltf *gltf, const float *values, size_t count, int width,
                         bcue_gltf_target target, bool limits);
/* `count` colours of 4 bytes, 0 .. 255 for 0 .. 1. */
int bcue_gltf_add_colours(bcue_gltf *gltf, const uint8_t *values, size_t count);
/* A material of this colour (linear RGB); the same one again for the same name. */
int bcue_gltf_material(bcue_gltf *gltf, const bcue_material *material, const float tint[3]);
/* Put the file together and write it. */
bcue_status bcue_gltf_finish(bcue_gltf *gltf, const char *path, size_t *bytes, bcue_error *error);

#endif

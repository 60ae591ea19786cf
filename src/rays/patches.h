/* Surfaces divided into patches that scatter. Patches are fixed to their shape, so that a path by way of one
   lives on from frame to frame. */
#ifndef BCUE_RAYS_PATCHES_H
#define BCUE_RAYS_PATCHES_H

#include "beamcue/status.h"
#include "world/world.h"

typedef struct bcue_patch {
    bcue_vec3 centre; /* in the frame of its shape */
    double area_m2;
    uint32_t surface; /* of the shape */
} bcue_patch;

typedef struct bcue_patch_list {
    bcue_patch *all; /* owned */
    size_t count, capacity;
} bcue_patch_list;

/* Immutable: any number of threads may use it. */
typedef struct bcue_patch_set bcue_patch_set;

/* Divide all surfaces of the street and of the vehicle models that are rough (scattering or roughness_m above
   0): a triangle is halved across its longest side until that is at most `patch_m` (0.05 or more) long. The
   world may be destroyed afterwards. */
bcue_status bcue_patch_set_create(const bcue_world *world, double patch_m, bcue_patch_set **set,
                                  bcue_error *error);
void bcue_patch_set_destroy(bcue_patch_set *set); /* NULL is fine */
const bcue_patch_list *bcue_patches_of_street(const bcue_patch_set *set);
const bcue_patch_list *bcue_patches_of_model(const bcue_patch_set *set, size_t model);

#endif

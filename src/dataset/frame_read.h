/* Inside the room: the file of one frame as a network input, the one way for loader, cache and export. */
#ifndef BCUE_DATASET_FRAME_READ_H
#define BCUE_DATASET_FRAME_READ_H

#include "dataset/recordings.h"
#include "features/recipes.h"

/* What every frame of a data set is read with. Immutable once open: shareable by threads. */
typedef struct bcue_frame_recipes {
    bcue_feature_config features;
    bcue_lidar_background *background; /* NULL: none */
} bcue_frame_recipes;

/* Reads what the recipes name (the static LiDAR background). Close it either way. */
bcue_status bcue_frame_recipes_open(const bcue_feature_config *features, bcue_frame_recipes *recipes,
                                    bcue_error *error);
void bcue_frame_recipes_close(bcue_frame_recipes *recipes);

/* `out`: a frame of camera (before normalisation and augmentation), LiDAR or radar (before augmentation), or
   vehicles, from the file `path` of `sample`, which says where the RSU stands and how.
   `maps`: work space for radar, kept from call to call by one thread; starts as NULL and is destroyed by the
   caller. `change` (may be NULL) is for LiDAR. */
bcue_status bcue_frame_read(const bcue_frame_recipes *recipes, bcue_modality modality, const char *path,
                            const bcue_sample *sample, bcue_radar_maps **maps,
                            const bcue_lidar_change *change, float *out, bcue_error *error);

#endif

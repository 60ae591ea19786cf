/* The packed cache: every frame of one modality of a data set as the recipe makes it (resized pictures,
   bird's-eye views, radar maps) in one file, so that decoding happens once. It is a flat file that is mapped,
   not HDF5: a frame is then one copy out of the page cache without a library, a lock or a chunk index in
   between; the file is written under another name by one process and renamed when it is whole, so that a
   reader sees all of it or nothing, and two runs that build it at once do not meet. Its name holds a hash of
   the recipe, the data set's files, their sizes and their times of change. Layout, native byte order: header,
   one entry per frame (present, checksum), then at a page border the frames as f32 (channels, height, width)
   in [0, 1], before normalisation and augmentation. A file that is cut off, foreign or damaged fails its
   checksums and is built again. */
#ifndef BCUE_DATASET_FEATURE_CACHE_H
#define BCUE_DATASET_FEATURE_CACHE_H

#include "dataset/frame_read.h"
#include "dataset/recordings.h"

typedef struct bcue_feature_cache bcue_feature_cache;

/* Open the cache of camera, LiDAR or radar for this data set and recipe in `folder`, building it first where
 * there is none that fits. Cancelled by the hooks. */
bcue_status bcue_feature_cache_open(const bcue_dataset *dataset, const bcue_frame_recipes *recipes,
                                    bcue_modality modality, const char *folder, const bcue_hooks *hooks,
                                    bcue_feature_cache **cache, bcue_error *error);
void bcue_feature_cache_close(bcue_feature_cache *cache);
/* Frame `frame` of a sample; NULL: the file is missing or could not be decoded. */
const float *bcue_feature_cache_frame(const bcue_feature_cache *cache, size_t sample, size_t frame);
const char *bcue_feature_cache_path(const bcue_feature_cache *cache);
bool bcue_feature_cache_was_built(const bcue_feature_cache *cache); /* by this opening */

#endif

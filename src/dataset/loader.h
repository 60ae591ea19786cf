/* Batches of network inputs, made ahead by threads. What a batch holds depends on the order, the recipes and
 * the seed alone, never on the threads. */
#ifndef BCUE_DATASET_LOADER_H
#define BCUE_DATASET_LOADER_H

#include "dataset/recordings.h"

typedef struct bcue_batch {
    size_t count;                              /* samples in this batch (the last one may be short) */
    const size_t *sample;                      /* their indices */
    const float *data[BCUE_MODALITY_COUNT];    /* camera (count, P, C, H, W); lidar (count, P, 1, H, W); radar
                                                  (count, P, 2, H, W) or (count, P, 1, points, 5);
                                                  gps (count, gps_frames, 2); vehicles (count, P, 1, most, 3);
                                                  NULL: not enabled. Missing frames are zeros. */
    const float *present[BCUE_MODALITY_COUNT]; /* (count, P) or (count, gps_frames): 1 or 0 */
    const int32_t *label; /* (count), -1 = none; of a mirrored sample: the mirrored beam */
    const double *power; /* (count, beams) linear, NaN where there is none; reversed with a mirrored sample */
} bcue_batch;

typedef struct bcue_loader bcue_loader;

/* Bounds of the position recipe that are not given are fitted on `fit` (samples), or on all samples with
 * fit_all, and written back into `features`. */
bcue_status bcue_features_fit(const bcue_dataset *dataset, const size_t *fit, size_t fit_count,
                              bcue_feature_config *features, bcue_error *error);

/* `threads` workers decode ahead (0: decode in the caller's thread). `features` is copied; data set must
   outlive the loader. A recipe that refuses what the files hold (another size, a list of points instead of a
   cube) is BCUE_ERROR_DATA. With a cache folder in the data config, decoded features are kept there, keyed by
   a hash of recipe and file list; a cache that cannot be written is a warning, not an error. */
bcue_status bcue_loader_create(const bcue_dataset *dataset, const bcue_feature_config *features, int threads,
                               const bcue_hooks *hooks, bcue_loader **loader, bcue_error *error);
void bcue_loader_destroy(bcue_loader *loader);
/* From the next pass on every frame of radar points is spoiled by these faults (features/point_faults.h),
   drawn from (seed, frame), the same in every window and pass; the cache is passed by. All 0: no longer. For
   recipes that read lists of points. */
void bcue_loader_spoil_points(bcue_loader *loader, const bcue_point_faults *faults, uint64_t seed);
/* Begin a pass over `order` (copied). `training` switches training-only recipe steps (quantise, augmentation
   keyed by seed, epoch, sample). A pass that is not at its end is given up. */
bcue_status bcue_loader_begin(bcue_loader *loader, const size_t *order, size_t count, size_t batch_size,
                              bool training, uint64_t seed, uint32_t epoch, bcue_error *error);
/* The next batch; count 0 at the end. Pointers are valid until the next call. A frame that cannot be decoded
   is counted as missing (with a warning through the hooks), unless the config requires its modality: then an
   error, and the pass is over. */
bcue_status bcue_loader_next(bcue_loader *loader, bcue_batch *batch, bcue_error *error);
double
bcue_loader_wait_s(const bcue_loader *loader); /* time the caller has waited in bcue_loader_next so far */
int64_t bcue_loader_undecodable(
    const bcue_loader *loader); /* frames that could not be decoded so far, of all passes */

/* One sample's inputs, for prediction and tests: buffers as in bcue_batch with count 1, owned by the caller;
 * data[m] is needed for every enabled modality. */
bcue_status bcue_sample_inputs(const bcue_dataset *dataset, const bcue_feature_config *features,
                               size_t sample, float *const data[BCUE_MODALITY_COUNT],
                               float *const present[BCUE_MODALITY_COUNT], bcue_error *error);

#endif

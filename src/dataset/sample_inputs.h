/* Inside the room: the network inputs of one sample, from files or from the packed cache. */
#ifndef BCUE_DATASET_SAMPLE_INPUTS_H
#define BCUE_DATASET_SAMPLE_INPUTS_H

#include "dataset/feature_cache.h"
#include "dataset/loader.h"

typedef struct bcue_input_maker {
    const bcue_dataset *dataset;
    bcue_frame_recipes recipes;
    const bcue_feature_cache *cache[BCUE_MODALITY_COUNT]; /* NULL: read the files */
    bool training;
    uint64_t seed;
    uint32_t epoch;
    bcue_point_faults faults; /* of radar points */
    uint64_t fault_seed;
} bcue_input_maker;

/* Where one sample's inputs go; shapes as in bcue_batch without the batch axis. data[m] NULL: not wanted. */
typedef struct bcue_input_target {
    float *data[BCUE_MODALITY_COUNT];
    float *present[BCUE_MODALITY_COUNT];
    int32_t *label;
    double *power;
} bcue_input_target;

/* Floats of one frame of a modality (camera, LiDAR, radar C*H*W, gps 2; 0 when not enabled) and frames per
 * sample. */
size_t bcue_input_frame_size(const bcue_feature_config *features, bcue_modality modality);
size_t bcue_input_frames(const bcue_dataset *dataset, bcue_modality modality);

/* Frames that cannot be decoded read as missing: `undecodable` counts them and `trouble` keeps the sentence
   of the first; an error only when the data config requires the modality. Thread-safe: the maker is only
   read. */
bcue_status bcue_input_make(const bcue_input_maker *maker, size_t index, const bcue_input_target *target,
                            int *undecodable, bcue_error *trouble, bcue_error *error);

#endif

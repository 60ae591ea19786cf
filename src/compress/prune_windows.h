/* Calibration windows of a data set. */
#ifndef BCUE_COMPRESS_PRUNE_WINDOWS_H
#define BCUE_COMPRESS_PRUNE_WINDOWS_H

#include "compress/prune_score.h"
#include "dataset/loader.h"
#include "dataset/split.h"

typedef struct bcue_prune_windows {
    bcue_prune_data data; /* borrows from the rest */
    size_t episodes;      /* that they come from */
    bcue_loader *loader;
    bcue_batch batch;
    bcue_model_inputs inputs;
    size_t *samples;
} bcue_prune_windows;

/* `count` labelled training samples (fewer where there are fewer), one from each of so many episodes drawn by
   `seed`, then a second one from each, and so on. `features` are those of the model. The struct must stay
   where it is. Free with bcue_prune_windows_free. */
bcue_status bcue_prune_windows_load(const bcue_dataset *dataset, const bcue_split *split,
                                    const bcue_feature_config *features, const bcue_model_inputs *inputs,
                                    size_t count, uint64_t seed, const bcue_hooks *hooks,
                                    bcue_prune_windows *windows, bcue_error *error);
void bcue_prune_windows_free(bcue_prune_windows *windows);

#endif

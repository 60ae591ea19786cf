/* Fine-tuning the weights of a model with the rounding of its layers in 8 bits. */
#ifndef BCUE_COMPRESS_QUANTISE_TUNE_H
#define BCUE_COMPRESS_QUANTISE_TUNE_H

#include "beamcue/hooks.h"
#include "dataset/recordings.h"
#include "learn/run_config.h"
#include "models/model_file.h"

/* Trains on from `scaled`, which has scales, as `quantise` in the run says: train.int8, statistics of batch
   norm as they are, half a cosine from the learning rate to 0, the other keys of `train` as they are.
   *weights, of the kept epoch, are the caller's. `folder` gets scaled-seedS.safetensors and what training
   writes. */
bcue_status bcue_quantise_tune_weights(const bcue_run_config *run, const bcue_config *origin,
                                       const bcue_dataset *dataset, bcue_run_member member,
                                       const bcue_model_file *scaled, const char *folder,
                                       const bcue_hooks *hooks, bcue_weights *weights, bcue_error *error);

#endif

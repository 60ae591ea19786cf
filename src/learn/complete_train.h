/* Training of a generator of missing modalities, from vectors that a frozen network gave. */
#ifndef BCUE_LEARN_COMPLETE_TRAIN_H
#define BCUE_LEARN_COMPLETE_TRAIN_H

#include "learn/complete_lesson.h"
#include "learn/complete_vectors.h"

/* `train` and `validation` (may have no rows: then the last epoch is kept) are normalised in place. Fills in
   completion->spread and the tensors of the generator in the file, which are there (bcue_complete_reserve)
   and whose file->completion is `completion`. */
bcue_status bcue_complete_train(const bcue_complete_config *config, uint64_t seed, bcue_gap_vectors *train,
                                bcue_gap_vectors *validation, const bcue_hooks *hooks, bcue_model_file *file,
                                bcue_complete_fit *fit, bcue_error *error);

#endif

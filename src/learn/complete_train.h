/* Training of a generator of missing modalities, from vectors that a frozen network gave. */
#ifndef BCUE_LEARN_COMPLETE_TRAIN_H
#define BCUE_LEARN_COMPLETE_TRAIN_H

#include "learn/complete_config.h"
#include "learn/complete_vectors.h"

/* How well it learned. Errors: of the missing modalities' numbers, mean squared, over the variance of these
   numbers in training (1: no better than their mean), on the validation rows, by the prior's mean. */
typedef struct bcue_complete_fit {
    int64_t best_epoch;
    double error, first_error; /* of the epoch that was kept; before training */
    size_t train_rows, validation_rows;
} bcue_complete_fit;

/* `train` and `validation` (may have no rows: then the last epoch is kept) are normalised in place. Fills in
   completion->spread and the tensors of the generator in the file, which has none yet and whose
   file->completion is `completion`. */
bcue_status bcue_complete_train(const bcue_complete_config *config, uint64_t seed, bcue_gap_vectors *train,
                                bcue_gap_vectors *validation, const bcue_hooks *hooks, bcue_model_file *file,
                                bcue_complete_fit *fit, bcue_error *error);

#endif

/* The state of a training run on an optimiser-step boundary: everything that is needed to go on as if it had
 * never stopped. */
#ifndef BCUE_LEARN_CHECKPOINT_H
#define BCUE_LEARN_CHECKPOINT_H

#include "learn/optimizer.h"

typedef struct bcue_history_row {
    int64_t epoch; /* 1-based */
    double learning_rate, train_loss, validation_loss, validation_top1, seconds;
    double validation_dba;                      /* -1: beam numbers are no angles, or no validation samples */
    double gradient_norm;                       /* mean over the steps, before clipping */
    double validation_mpr, validation_below_db; /* mean percentile rank; mean dB below the best beam; -1: no
                                                   validation sample has powers */
} bcue_history_row;

typedef struct bcue_train_state {
    bcue_weights weights; /* trained so far, with the batch-norm statistics */
    bcue_weights best;    /* of the selected epoch */
    bcue_weights ema;     /* moving average, which is validated and kept; count 0 without train.ema */
    bcue_optimizer optimizer;
    int64_t epoch;             /* complete epochs */
    int64_t step_in_epoch;     /* complete steps of the one begun */
    double loss_sum;           /* over the samples of the epoch begun */
    double norm_sum;           /* gradient norms of the steps of the epoch begun */
    double epoch_seconds;      /* spent in the epoch begun */
    double best_metric;        /* larger = better */
    int64_t best_epoch;        /* 1-based, 0 = none yet */
    bcue_history_row *history; /* `epoch` rows */
    size_t history_capacity;
} bcue_train_state;

void bcue_train_state_free(bcue_train_state *state);

/* What the run depends on; a checkpoint of another run is refused. */
typedef struct bcue_checkpoint_identity {
    uint64_t seed;
    int64_t fold;
    const char *config_hash; /* of everything that shapes the weights */
    int threads;
    const char *isa;
} bcue_checkpoint_identity;

bcue_status bcue_checkpoint_write(const char *path, const bcue_train_state *state,
                                  const bcue_checkpoint_identity *identity, bcue_error *error);
/* `state` must have been created for the same graph. `*bit_equal` false: threads or ISA differ, so the
 * weights may end differently in the last bits. */
bcue_status bcue_checkpoint_read(const char *path, bcue_train_state *state,
                                 const bcue_checkpoint_identity *identity, bool *bit_equal,
                                 bcue_error *error);

#endif

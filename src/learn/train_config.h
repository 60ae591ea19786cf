/* The section `train` of a run configuration. */
#ifndef BCUE_LEARN_TRAIN_CONFIG_H
#define BCUE_LEARN_TRAIN_CONFIG_H

#include "engine/plan.h"
#include "learn/modality_dropout.h"
#include "learn/optimizer.h"
#include "models/loss.h"

typedef enum bcue_select_rule {
    BCUE_SELECT_TOP1,  /* the epoch with the best validation top-1 (earliest of equals) */
    BCUE_SELECT_LOSS,  /* ... lowest validation loss */
    BCUE_SELECT_LAST,  /* the last epoch */
    BCUE_SELECT_DBA,   /* ... best validation DBA */
    BCUE_SELECT_MPR,   /* ... best validation mean percentile rank */
    BCUE_SELECT_BELOW, /* ... least mean dB below the best beam in validation */
} bcue_select_rule;

typedef enum bcue_bn_mode {
    BCUE_BN_MICRO,  /* statistics of each micro-batch */
    BCUE_BN_SYNC,   /* of the whole batch: it is computed in one piece, on all ranks together */
    BCUE_BN_FROZEN, /* the running statistics of train.init, which stay as they are */
} bcue_bn_mode;

typedef struct bcue_train_config {
    int64_t epochs, batch;
    int64_t micro_batch; /* 0: by the size of the network */
    char *memory_limit;  /* with a unit; NULL: none */
    int bn;              /* bcue_bn_mode */
    bcue_loss_config loss;
    bcue_optimizer_config optimizer;
    double ema; /* decay per step; 0: none */
    bcue_modality_dropout drop;
    int select; /* bcue_select_rule */
    int engine; /* bcue_engine */
    int64_t loader_threads;
    int64_t checkpoint_every; /* epochs */
    double checkpoint_minutes;
    bool resume;
    char *init;              /* model file to start from */
    bool int8;               /* the layers that it has 8-bit scales for are rounded */
    bcue_string_list freeze; /* first parts of parameter names to leave alone, e.g. "camera" */
} bcue_train_config;

extern const bcue_config_field bcue_train_config_fields[];
/* memory_limit in bytes, 0: none. */
bcue_status bcue_train_memory_limit(const bcue_train_config *train, const bcue_config *config, size_t *bytes,
                                    bcue_error *error);
/* What one key alone cannot show. */
bcue_status bcue_train_config_check(const bcue_train_config *train, bool index_monotone,
                                    const bcue_config *config, bcue_error *error);

#endif

/* How 'beamcue complete' makes a generator of missing modalities. */
#ifndef BCUE_LEARN_COMPLETE_CONFIG_H
#define BCUE_LEARN_COMPLETE_CONFIG_H

#include "base/config.h"

typedef struct bcue_complete_config {
    int prior;  /* bcue_completion_prior */
    int target; /* bcue_completion_target */
    int64_t latent, hidden, map_channels, most_missing;
    int64_t epochs, batch, warmup_epochs;
    double lr, weight, map_weight, weight_decay;
    int64_t hold_rows, draws, timing_runs;
} bcue_complete_config;

extern const bcue_config_field bcue_complete_config_fields[];

#endif

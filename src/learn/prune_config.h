/* The section `prune` of a run configuration. */
#ifndef BCUE_LEARN_PRUNE_CONFIG_H
#define BCUE_LEARN_PRUNE_CONFIG_H

#include "base/config.h"

typedef enum bcue_prune_score {
    BCUE_SCORE_AUTO,   /* KL, but FISHER for networks of more than 20 million parameters */
    BCUE_SCORE_KL,     /* mean over the windows of KL(p || p without the unit), p the output's softmax: exact,
                          every unit switched off in turn */
    BCUE_SCORE_FISHER, /* its second-order estimate: half the mean square of d log p(y|x) / d mask, with y
                          drawn from the model's own output */
    BCUE_SCORE_TAYLOR, /* mean over the windows of |d loss / d mask| (Molchanov et al. 2017), true labels */
    BCUE_SCORE_MAGNITUDE, /* norm of all weights of the unit */
    BCUE_SCORE_RANDOM,
} bcue_prune_score;

typedef enum bcue_prune_of {
    BCUE_PRUNE_OF_FUSION, /* the four fusion stages keep the share, everything else stays */
    BCUE_PRUNE_OF_TOTAL,  /* fusion stages and trunks keep one share each, such that the whole network keeps
                             what was asked for */
} bcue_prune_of;

typedef enum bcue_prune_phases {
    BCUE_PRUNE_PROGRESSIVE, /* tokens; then queries, keys, values; then neurons; then channels of trunks (with
                               of: total); scores anew and fine-tuning in each */
    BCUE_PRUNE_ONE_SHOT,    /* everything by one set of scores, then fine-tuning for as many epochs */
} bcue_prune_phases;

extern const char *const bcue_prune_score_names[], *const bcue_prune_of_names[];

typedef struct bcue_prune_config {
    char *model; /* NULL: OUT/model-seedS.safetensors of the run */
    bcue_double_list ratios;
    int of, score, phases; /* the enumerations above */
    bool agreement;        /* score by the other of KL and FISHER too */
    bool cumulative;       /* each ratio starts from the result of the one before */
    int64_t windows, draws, epochs, round_fusion, round_channels;
    double lr; /* of fine-tuning; 0: train.optimizer.lr */
} bcue_prune_config;

extern const bcue_config_field bcue_prune_config_fields[];

#endif

/* How wide each part of a network becomes for a share of its parameters, and which units stay. */
#ifndef BCUE_COMPRESS_PRUNE_CHOOSE_H
#define BCUE_COMPRESS_PRUNE_CHOOSE_H

#include "compress/prune_apply.h"
#include "learn/prune_config.h"

typedef struct bcue_prune_target {
    double ratio;                         /* parameters that are left, of the unpruned: 0 .. 1 */
    int of;                               /* bcue_prune_of */
    int64_t round_fusion, round_channels; /* numbers kept are multiples of these (of all heads together), at
                                             least one of them */
} bcue_prune_target;

enum { BCUE_PRUNE_STAGES = 4, BCUE_PRUNE_MODULES = BCUE_PRUNE_STAGES * (1 + BCUE_PICTURE_INPUTS) };

/* Widths of one fusion stage, or of one stage of a trunk. */
typedef struct bcue_prune_module {
    int modality, stage; /* -1: fusion */
    int64_t blocks;
    int64_t channels;      /* kept: tokens or channels; 0: the model has no such module */
    int64_t qk, value;     /* per head, mean over the blocks (fusion) */
    int64_t inner;         /* neurons or channels of all blocks together */
    int64_t before, after; /* trained parameters: unpruned, and as planned */
} bcue_prune_module;

typedef struct bcue_prune_plan {
    bcue_prune_target target;
    bcue_prune_module modules[BCUE_PRUNE_MODULES]; /* fusion.1 .. 4, camera.1 .. 4, lidar, radar */
    int64_t before, after;                         /* of the whole network */
} bcue_prune_plan;

/* Every module loses the same share of its own parameters: within it channels, queries, keys, values and
   neurons by one common factor, the neurons (or the channels between convolutions) then by what rounding
   left over. `config` is the unpruned network. What
   rounding does not allow is not done: compare `after`. BCUE_ERROR_DATA when the network cannot become so
   small. */
bcue_status bcue_prune_plan_make(const bcue_model_config *config, const bcue_model_inputs *inputs,
                                 const bcue_prune_target *target, bcue_prune_plan *plan, bcue_error *error);

/* Switches off in `space` the units of lowest score of these kinds (bit i: bcue_prune_kind i), down to the
   planned widths; all others stay on. Units of a module's blocks compete with each other; pairs and values
   go in every head at once. */
bcue_status bcue_prune_choose(const bcue_prune_plan *plan, unsigned kinds, bcue_prune_space *space,
                              bcue_error *error);

#endif

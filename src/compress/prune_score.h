/* What every unit of a network is worth. Higher is dearer; results do not depend on threads. */
#ifndef BCUE_COMPRESS_PRUNE_SCORE_H
#define BCUE_COMPRESS_PRUNE_SCORE_H

#include "beamcue/hooks.h"
#include "compress/prune_space.h"
#include "learn/prune_config.h"

/* Calibration windows. `feed` writes windows first .. first + count - 1 into those inputs of a plan for
   `count` windows that the plan has. */
typedef struct bcue_prune_data {
    size_t count;
    const int32_t *label; /* for TAYLOR: 0 .. beams - 1 */
    void *context;
    void (*feed)(void *context, bcue_plan *plan, size_t first, size_t count);
} bcue_prune_data;

typedef struct bcue_prune_score_options {
    int score;      /* bcue_prune_score */
    unsigned kinds; /* bit i: units of bcue_prune_kind i get scores; others keep theirs */
    uint64_t seed;  /* of RANDOM, and of the labels that FISHER draws */
    int draws;      /* FISHER: labels drawn per window; 0: 1 */
    const bcue_hooks *hooks;
} bcue_prune_score_options;

/* Fills in the scores of `space`, which is that of the model. BCUE_ERROR_CANCELLED when the hooks ask for it.
   KL of a `small` network takes minutes: it runs the rest of the network behind each unit as often as there
   are units. */
bcue_status bcue_prune_score_units(const bcue_model_file *model, const bcue_prune_data *data,
                                   const bcue_prune_score_options *options, bcue_prune_space *space,
                                   bcue_error *error);

/* The parts: prune_exact.c and prune_gradient.c. */
bcue_status bcue_prune_score_exact(const bcue_model_file *model, const bcue_prune_data *data,
                                   const bcue_prune_score_options *options, bcue_prune_space *space,
                                   bcue_error *error);
bcue_status bcue_prune_score_gradient(const bcue_model_file *model, const bcue_prune_data *data,
                                      const bcue_prune_score_options *options, bcue_prune_space *space,
                                      bcue_error *error);
/* Windows of one run: the largest divisor of the number of windows that is at most 16. */
size_t bcue_prune_chunk(const bcue_prune_data *data);

#endif

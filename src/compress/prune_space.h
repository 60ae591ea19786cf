/* Everything of a network that can be pruned, as groups of units: channels of tokens, pairs of query and key
   dimensions, value dimensions, feed-forward neurons, channels of trunks. */
#ifndef BCUE_COMPRESS_PRUNE_SPACE_H
#define BCUE_COMPRESS_PRUNE_SPACE_H

#include "engine/plan.h"
#include "models/model_file.h"

typedef enum bcue_prune_kind {
    BCUE_PRUNE_TOKENS,   /* channels of a fusion stage's tokens, through all its blocks */
    BCUE_PRUNE_QK,       /* pairs of a query and a key dimension of one layer */
    BCUE_PRUNE_VALUE,    /* value dimensions of one layer, with their rows of the output projection */
    BCUE_PRUNE_NEURONS,  /* of one layer's feed-forward part */
    BCUE_PRUNE_INNER,    /* channels between the two convolutions of one residual block */
    BCUE_PRUNE_CHANNELS, /* of what leaves every block of a trunk's stage (stage 1: and the stem) */
    BCUE_PRUNE_KINDS
} bcue_prune_kind;

extern const char *const bcue_prune_kind_names[]; /* "tokens", ... */

typedef struct bcue_prune_group {
    bcue_prune_kind kind;
    int modality;         /* bcue_model_input of the trunk; -1: fusion */
    int stage, block;     /* 1 .. 4; block within the stage, from 0 (-1: none in particular) */
    int64_t heads, count; /* heads x count units, head by head (1 head where there are none) */
    char mask[96];        /* the input of the masked network that switches the units */
    bool *keep;           /* per unit; all true at first */
    double *score;        /* per unit: what it is worth */
} bcue_prune_group;

typedef struct bcue_prune_space {
    bcue_prune_group *groups;
    size_t count;
} bcue_prune_space;

/* BCUE_ERROR_UNSUPPORTED for models without such parts. Free with bcue_prune_space_free. */
bcue_status bcue_prune_space_create(const bcue_model_config *config, const bcue_model_inputs *inputs,
                                    bcue_prune_space *space, bcue_error *error);
void bcue_prune_space_free(bcue_prune_space *space);
bcue_prune_group *bcue_prune_find(const bcue_prune_space *space, bcue_prune_kind kind, int modality,
                                  int stage, int block); /* NULL: not there */

/* The masked network: bcue_model_build_masked, for `batch` windows. */
bcue_status bcue_prune_masked_graph(const bcue_model_config *config, const bcue_model_inputs *inputs,
                                    int64_t batch, bcue_graph **graph, bcue_error *error);
/* Write a group's mask for every row of the inputs of `plan`, which runs `graph` or a part of it; inputs that
   it lacks are passed over. `keep` NULL: everything on. */
void bcue_prune_feed(bcue_plan *plan, const bcue_graph *graph, const bcue_prune_group *group,
                     const bool *keep);
/* The masks of all groups by their `keep`. */
void bcue_prune_feed_all(bcue_plan *plan, const bcue_graph *graph, const bcue_prune_space *space);

/* The group whose units lie along an axis of a parameter, or NULL. Units begin at the axis's first element;
   after them may come others that belong to no group. */
const bcue_prune_group *bcue_prune_axis(const bcue_prune_space *space, const bcue_model_config *config,
                                        const char *parameter, int axis);

#endif

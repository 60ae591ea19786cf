/* What training minimises: a loss over logits and the target that a label becomes. */
#ifndef BCUE_MODELS_LOSS_H
#define BCUE_MODELS_LOSS_H

#include "base/config.h"
#include "graph/graph.h"

typedef enum bcue_loss_kind {
    BCUE_LOSS_CROSS_ENTROPY, /* of the softmax over beams */
    BCUE_LOSS_FOCAL_SOFTMAX, /* -(1 - p)^gamma ln p of the best beam (Lin et al. 2017) */
    BCUE_LOSS_FOCAL_SIGMOID, /* every beam a yes or no of its own, weighted by alpha and gamma */
} bcue_loss_kind;

typedef enum bcue_target_kind {
    BCUE_TARGET_HARD,     /* 1 for the best beam */
    BCUE_TARGET_GAUSSIAN, /* scale N(beam; label, sigma^2) within `reach` beams, 0 beyond */
} bcue_target_kind;

typedef struct bcue_loss_config {
    int kind;               /* bcue_loss_kind */
    int targets;            /* bcue_target_kind */
    double sigma, scale;    /* GAUSSIAN: in beams; factor on the density */
    int64_t reach;          /* GAUSSIAN: beams to either side */
    double alpha, gamma;    /* FOCAL_* (alpha: FOCAL_SIGMOID) */
    double label_smoothing; /* CROSS_ENTROPY with hard targets */
    /* Not of a configuration: the caller computes the loss from the outputs, and writes its gradients by the
       logits and by "mid" into the inputs "gradient.end" and "gradient.mid" between forward and backward. */
    bool external;
    int64_t projected; /* EXTERNAL: "mid" goes through a linear layer to so many numbers first, the output
                          "projected" with the parameters "distill.projection.*", after all others; 0: not */
} bcue_loss_config;

extern const bcue_config_field bcue_loss_config_fields[];

/* Does the loss read a row of target values per sample (input "target") instead of labels (input "label")? */
bool bcue_loss_needs_target(const bcue_loss_config *config);
/* Adds input "label" (B) i32 or "target" (B, beams) (EXTERNAL: the two gradients), and output "loss".
 * `config` NULL: cross-entropy with the label. */
void bcue_loss_build(bcue_graph *graph, const bcue_loss_config *config, bcue_value logits, int64_t batch,
                     int64_t beams);
/* Rows of `target` (count, beams) from labels 0 .. beams - 1. Rows of cross-entropy are scaled to sum to 1;
   values never exceed 1. */
void bcue_loss_fill_target(const bcue_loss_config *config, const int32_t *label, size_t count, int64_t beams,
                           float *target);

#endif

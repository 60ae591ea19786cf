/* Relational knowledge distillation: a loss between the relations that a student and a teacher see among the
   samples of a batch. Only N x N relations are compared, so the two feature widths may differ.

   Sources: Park et al. 2019 (RKD: distance and angle, the mean of positives), the CRKD paper's equations
   (10) to (14) with the readings of the field survey 6.1 to 6.3 (hyperbolic relation of DistilVPR). */
#ifndef BCUE_LEARN_RELATION_LOSS_H
#define BCUE_LEARN_RELATION_LOSS_H

#include <stdbool.h>
#include <stddef.h>
#include "beamcue/status.h"

typedef enum bcue_relation {
    /* |x_i - x_j|, over the mean of the positive ones */
    BCUE_RELATION_EUCLIDEAN,
    /* <x_i, x_j> / (|x_i| |x_j|) */
    BCUE_RELATION_COSINE,
    /* one minus that, over the mean of the positive ones */
    BCUE_RELATION_COSINE_DISTANCE,
    /* distance in the Poincare ball of curvature c, of the vectors taken there by the exponential map at 0;
       over the mean of the positive ones */
    BCUE_RELATION_HYPERBOLIC,
    /* cosine of the angle at x_j between x_i and x_k, for every triplet */
    BCUE_RELATION_ANGLE,
    BCUE_RELATION_COUNT
} bcue_relation;

extern const char *const bcue_relation_names[]; /* NULL-terminated, as in configurations */

typedef struct bcue_relation_options {
    bcue_relation relation;
    double curvature; /* HYPERBOLIC: c > 0; 0 = 0.1 */
    bool sum;         /* sum over all pairs (triplets), as printed, instead of the mean */
} bcue_relation_options;

/* loss = mean (or sum) over all N^2 pairs (N^3 triplets) of smooth L1 (beta 1) of the student's relation
   minus the teacher's. student (count, student_width), teacher (count, teacher_width), row-major.
   `gradient` (count, student_width), or NULL: of the loss by the student's features; the teacher is a
   constant, and the mean of positives is part of what is differentiated.

   Where a relation does not exist or is not differentiable, its gradient is 0 and nothing is NaN: the
   diagonal; equal vectors (distance 1e-6 by the clamp of RKD, angle cosine 0); a zero vector (cosine 0). The
   diagonal never counts as positive. With one sample the loss is 0.

   BCUE_ERROR_ARGUMENT for features that are not finite; BCUE_ERROR_MEMORY. One thread; count^2 numbers of
   memory (a few times), time count^2 width, for the angle also count^3. */
bcue_status bcue_relation_loss(const bcue_relation_options *options, size_t count, const double *student,
                               size_t student_width, const double *teacher, size_t teacher_width,
                               double *loss, double *gradient, bcue_error *error);

#endif

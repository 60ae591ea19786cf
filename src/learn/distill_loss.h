/* The losses of knowledge distillation: (1 - alpha) focal + alpha (what the teacher adds, at its middle and
   its last layer). CRKD paper, equations (7) to (15), with the readings of the field survey 6.3. */
#ifndef BCUE_LEARN_DISTILL_LOSS_H
#define BCUE_LEARN_DISTILL_LOSS_H

#include <stdint.h>
#include "base/config.h"
#include "learn/relation_loss.h"

typedef enum bcue_distill_variant {
    BCUE_DISTILL_NONE, /* the focal loss alone, at full weight */
    BCUE_DISTILL_KD_MID,
    BCUE_DISTILL_KD_END,
    BCUE_DISTILL_KD_BOTH,
    BCUE_DISTILL_RKD_MID,
    BCUE_DISTILL_RKD_END,
    BCUE_DISTILL_RKD_BOTH,
} bcue_distill_variant;

typedef struct bcue_distill_config {
    char *teacher;              /* model file; NULL: nothing is distilled */
    char *cache;                /* file of its answers; NULL: OUT/teacher-answers.safetensors */
    int variant;                /* bcue_distill_variant */
    double alpha;               /* weight of what the teacher adds */
    double gamma;               /* of the focal loss */
    double temperature;         /* KD */
    bcue_string_list relations; /* RKD: names of bcue_relation; their losses are added */
    double curvature;           /* hyperbolic */
    int reduce;                 /* RKD: 0 mean over pairs, 1 sum */
} bcue_distill_config;

extern const bcue_config_field bcue_distill_config_fields[];
/* Are the names of relations right, each once? */
bcue_status bcue_distill_config_check(const bcue_distill_config *distill, const bcue_config *config,
                                      const char *prefix, bcue_error *error);
bool bcue_distill_uses_mid(const bcue_distill_config *config);

/* One batch; row-major. The middle layers are needed where the variant uses them. */
typedef struct bcue_distill_batch {
    size_t count, beams;
    const int32_t *label;                    /* count, 0 .. beams - 1 */
    const double *student_end, *teacher_end; /* logits, count x beams */
    const double *student_mid, *teacher_mid; /* count x student_width, count x teacher_width */
    size_t student_width, teacher_width;
    const double *projection, *bias; /* KD at the middle: (teacher_width, student_width) and (teacher_width),
                                        a linear layer that is learned beside the student; NULL when the
                                        widths are equal and none is wanted */
} bcue_distill_batch;

/* Gradients are the caller's, overwritten, NULL where not wanted; of the total. */
typedef struct bcue_distill_result {
    double loss, focal, mid, end; /* total; the terms before their weights */
    double *by_end;               /* count x beams */
    double *by_mid;               /* count x student_width */
    double *by_projection, *by_bias;
} bcue_distill_result;

bcue_status bcue_distill_loss(const bcue_distill_config *config, const bcue_distill_batch *batch,
                              bcue_distill_result *result, bcue_error *error);

/* Mean over rows of -(1 - p)^gamma ln p of the label's softmax probability. */
double bcue_focal_loss(double gamma, size_t count, size_t classes, const double *logits, const int32_t *label,
                       double *gradient);
/* Mean over rows of T^2 KL(softmax(teacher / T) || softmax(student / T)) (Hinton et al. 2015). */
double bcue_kd_loss(double temperature, size_t count, size_t classes, const double *student,
                    const double *teacher, double *gradient);

#endif

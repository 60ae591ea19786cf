/* Inside training: what a teacher adds to the steps of a student. */
#ifndef BCUE_LEARN_DISTILL_STEP_H
#define BCUE_LEARN_DISTILL_STEP_H

#include "engine/plan.h"
#include "learn/distill_loss.h"
#include "learn/run_config.h"
#include "learn/teacher_outputs.h"
#include "dataset/loader.h"

typedef struct bcue_distiller {
    const bcue_distill_config *config; /* NULL: nothing is distilled */
    bcue_teacher_outputs teacher;
    int64_t student_width; /* of the middle layer */
    int64_t beams;
    double *numbers; /* work space */
} bcue_distiller;

/* Opens the teacher's answers and makes `loss` one that the distiller computes. `origin` gives file:line to
   messages. Free with bcue_distiller_close, whatever happened. */
bcue_status bcue_distiller_open(const bcue_run_config *run, const bcue_config *origin,
                                const bcue_dataset *dataset, const bcue_model_inputs *inputs,
                                const char *seen_hash, const bcue_hooks *hooks, bcue_distiller *distiller,
                                bcue_loss_config *loss, bcue_error *error);
void bcue_distiller_close(bcue_distiller *distiller);
/* Between forward and backward: the loss of the batch, and its gradients into the plan's inputs. */
bcue_status bcue_distiller_fill(bcue_distiller *distiller, bcue_plan *plan, const bcue_batch *batch,
                                double *loss, bcue_error *error);

#endif

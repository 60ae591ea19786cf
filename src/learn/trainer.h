/* Training one member of a run: from samples to a model file. */
#ifndef BCUE_LEARN_TRAINER_H
#define BCUE_LEARN_TRAINER_H

#include "beamcue/hooks.h"
#include "learn/checkpoint.h"
#include "learn/ranks.h"
#include "learn/run_config.h"

typedef struct bcue_training_summary {
    char *model_path;           /* malloc'd */
    bool skipped;               /* resume: it was finished already */
    int64_t epochs, best_epoch; /* 0 for tables */
    double validation_top1;     /* of the kept weights, 0..1; 0 without validation samples */
    double validation_loss;
    double validation_mpr, validation_below_db; /* -1: no powers */
    bool has_teacher;                           /* distilled; the teacher's on the same samples: */
    double teacher_top1, teacher_mpr, teacher_below_db;
    int64_t teacher_parameters;
    double seconds;
    double wait_share; /* part of the time that the trainer waited for the loader */
    int64_t parameters;
    size_t train_count, validation_count;
} bcue_training_summary;

void bcue_training_summary_free(bcue_training_summary *summary);

/* Trains or fits one member and writes OUT/model-seedS[-foldF].safetensors and OUT/history-....csv. On Ctrl-C
 * (BCUE_ERROR_CANCELLED) a checkpoint lies in OUT. */
bcue_status bcue_train_member(const bcue_run_config *run, const bcue_config *origin,
                              const bcue_dataset *dataset, bcue_run_member member, const bcue_hooks *hooks,
                              bcue_training_summary *summary, bcue_error *error);
/* The same in several processes, each with its share of every batch (train.batch is a multiple of their
   number); all end with the same weights, the first one writes. NULL: one process. */
bcue_status bcue_train_member_on(const bcue_run_config *run, const bcue_config *origin,
                                 const bcue_dataset *dataset, bcue_run_member member, bcue_ranks *ranks,
                                 const bcue_hooks *hooks, bcue_training_summary *summary, bcue_error *error);

#endif

/* Shared by the parts of the trainer. */
#ifndef BCUE_LEARN_TRAINER_INTERNAL_H
#define BCUE_LEARN_TRAINER_INTERNAL_H

#include "learn/scorer.h"
#include "learn/trainer.h"

/* A graph and its training plan for one batch size. */
typedef struct bcue_train_plan {
    bcue_graph *graph;
    bcue_plan *plan;
    float **gradients;
} bcue_train_plan;

typedef struct bcue_trainer {
    const bcue_run_config *run;
    const bcue_dataset *dataset;
    const bcue_hooks *hooks;
    bcue_run_member member;
    bcue_split split;
    bcue_feature_config features; /* fitted, only what the model uses */
    bcue_model_inputs inputs;
    bcue_train_state state;
    bcue_train_plan full, tail; /* tail: the last, short batch; plan NULL when there is none */
    bcue_loader *loader;
    bcue_scorer *scorer;
    float *validation_scores;
    size_t *order;
    bool *frozen; /* per parameter: train.freeze */
    int64_t batch_size, steps_per_epoch;
    char *checkpoint_path, *model_path, *history_path;
    char config_hash[17];
} bcue_trainer;

/* trainer_files.c */
bcue_status bcue_trainer_write_model(bcue_trainer *trainer, const bcue_weights *weights, bcue_error *error);
bcue_status bcue_trainer_write_history(const bcue_trainer *trainer, bcue_error *error);
bcue_status bcue_trainer_save(const bcue_trainer *trainer, bcue_error *error);
bcue_status bcue_trainer_resume(bcue_trainer *trainer, bcue_error *error); /* no checkpoint is fine */
bcue_status bcue_trainer_name_files(bcue_trainer *trainer, bcue_error *error);
/* Is there a finished model of exactly this member? Then the state takes its weights. */
bool bcue_trainer_finished(bcue_trainer *trainer);

#endif

/* Shared by the parts of the trainer. */
#ifndef BCUE_LEARN_TRAINER_INTERNAL_H
#define BCUE_LEARN_TRAINER_INTERNAL_H

#include "learn/distill_step.h"
#include "learn/scorer.h"
#include "learn/trainer.h"
#include "models/model_file.h"

/* A graph and its training plan for one batch size. */
typedef struct bcue_train_plan {
    bcue_graph *graph;
    bcue_plan *plan;
    float **gradients;
    int64_t size; /* samples */
} bcue_train_plan;

enum { BCUE_TRAIN_PLANS = 3 }; /* micro-batch, rest of a batch, rest of the last batch of an epoch */

typedef struct bcue_trainer {
    const bcue_run_config *run;
    const bcue_dataset *dataset;
    const bcue_hooks *hooks;
    bcue_run_member member;
    bcue_split split;
    bcue_feature_config features; /* fitted, only what the model uses */
    bcue_model_inputs inputs;
    bcue_train_state state;
    bcue_loss_config loss; /* run->train.loss, or one that the distiller computes */
    bcue_distiller distiller;
    bcue_model_file scaled;       /* train.int8: that of train.init, of which the scales count */
    bcue_history_row teacher_row; /* its validation metrics */
    int32_t model_parameters;     /* those of the graph that belong to the model, the first ones */
    bcue_weights shown; /* what is validated: the model's part of the weights, or of their average */
    bcue_train_plan plans[BCUE_TRAIN_PLANS]; /* the first is for a whole micro-batch */
    int plan_count;
    size_t memory_limit, fixed_bytes; /* train.memory_limit (0: none); of it, what plans do not take */
    int64_t micro_batch, pieces;      /* this rank's part of a batch is computed in so many */
    float **sums; /* per parameter: gradients added over pieces and ranks; NULL with one of both */
    bcue_ranks *ranks, alone;
    bcue_norm_sync norm_sync; /* bn: sync with several ranks */
    bcue_loader *loader;
    bcue_scorer *scorer;
    float *validation_scores;
    size_t *order;       /* of the epoch */
    size_t *local_order; /* this rank's parts of its batches, one after another */
    bool *taken;         /* per parameter: from train.init; NULL without */
    bool *frozen;        /* per parameter: train.freeze, and with bn: frozen every statistic */
    int64_t batch_size, steps_per_epoch;
    int64_t local_batch; /* this rank's part of a batch */
    char *checkpoint_path, *model_path, *history_path, *metrics_path, *best_path, *diverged_path;
    double saved_s, written_s; /* when the last checkpoint, the last history was written */
    int64_t best_written;      /* epoch whose weights lie in best_path */
    char config_hash[17];
} bcue_trainer;

/* The teacher's metrics on the validation samples into teacher_row. */
void bcue_trainer_score_teacher(bcue_trainer *trainer);
/* The model's part of weights that training keeps: a view. */
bcue_weights bcue_trainer_model_part(const bcue_trainer *trainer, const bcue_weights *weights);

/* train_table.c */
bcue_status bcue_trainer_fit_table(bcue_trainer *trainer, bcue_error *error);

/* train_step.c. First the graphs, then (with weights of the first graph) the plans. */
bcue_status bcue_trainer_build_graphs(bcue_trainer *trainer, bcue_error *error);
bcue_status bcue_trainer_build_graphs_for(bcue_trainer *trainer, bcue_error *error); /* its micro-batch */
bcue_status bcue_trainer_make_plans(bcue_trainer *trainer, bcue_error *error);
void bcue_trainer_free_plans(bcue_trainer *trainer);
/* The plan of one micro-batch size, whose graph is made. */
bcue_status bcue_trainer_make_plan(bcue_trainer *trainer, bcue_train_plan *made, bcue_error *error);

/* train_init.c. train.int8: before the graphs are built. */
bcue_status bcue_trainer_take_scales(bcue_trainer *trainer, bcue_error *error);
/* Into the weights of the state, which were drawn before. */
bcue_status bcue_trainer_take_initial_weights(bcue_trainer *trainer, bcue_error *error);

/* train_memory.c. After the state and the scorer, before the plans: what the limit leaves for these. */
bcue_status bcue_trainer_count_memory(bcue_trainer *trainer, bcue_error *error);
/* The limit of one of the plans, 0: none. `sizes`: samples of all of them. */
size_t bcue_trainer_plan_limit(const bcue_trainer *trainer, int64_t size, int64_t sizes);
/* The plans do not fit: fails with the largest micro-batch that does. */
bcue_status bcue_trainer_refuse_memory(bcue_trainer *trainer, bcue_error *error);
void bcue_trainer_log_memory(const bcue_trainer *trainer);
void bcue_trainer_weights_changed(bcue_trainer *trainer);
/* Samples of the batch of a step, and where this rank's part begins and ends in it. */
size_t bcue_trainer_step_samples(const bcue_trainer *trainer, int64_t step, size_t *begin, size_t *end);
/* Step `step` of the epoch with this rank's part of its batch. */
bcue_status bcue_trainer_step(bcue_trainer *trainer, const bcue_batch *batch, int64_t step,
                              bcue_error *error);

/* train_validate.c */
/* Fills in the validation columns of `row` (0 and -1 without validation samples). */
bcue_status bcue_trainer_validate(bcue_trainer *trainer, bcue_history_row *row, bcue_error *error);
/* Takes the weights of the epoch of `row` when train.select prefers them. */
void bcue_trainer_keep_if_best(bcue_trainer *trainer, const bcue_history_row *row);
const bcue_weights *bcue_trainer_kept_weights(const bcue_trainer *trainer);

/* trainer_files.c */
bcue_status bcue_trainer_write_model(bcue_trainer *trainer, const bcue_weights *weights, const char *path,
                                     bcue_error *error);
bcue_status bcue_trainer_write_history(bcue_trainer *trainer, bcue_error *error);
bcue_status bcue_trainer_save(bcue_trainer *trainer, bcue_error *error); /* checkpoint, best model so far */
/* Write the batch that `what` happened with, and fail with a sentence that names it. */
bcue_status bcue_trainer_diverged(bcue_trainer *trainer, const bcue_batch *batch, int64_t step,
                                  const char *what, bcue_error *error);
bcue_status bcue_trainer_resume(bcue_trainer *trainer, bcue_error *error); /* no checkpoint is fine */
bcue_status bcue_trainer_name_files(bcue_trainer *trainer, bcue_error *error);
/* Is there a finished model of exactly this member? Then the state takes its weights. */
bool bcue_trainer_finished(bcue_trainer *trainer);

#endif

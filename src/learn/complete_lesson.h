/* Training of a generator of missing modalities, whatever it generates. */
#ifndef BCUE_LEARN_COMPLETE_LESSON_H
#define BCUE_LEARN_COMPLETE_LESSON_H

#include "beamcue/hooks.h"
#include "engine/plan.h"
#include "learn/complete_config.h"
#include "models/model_file.h"

/* How well it learned. Errors: of the missing modalities' numbers, mean squared, over the variance of these
   numbers in training (1: no better than their mean), on the validation rows, by the prior's mean. */
typedef struct bcue_complete_fit {
    int64_t best_epoch;
    double error, first_error; /* of the epoch that was kept; before training */
    size_t train_rows, validation_rows;
} bcue_complete_fit;

/* What is learned from. The functions are called by the thread that calls bcue_lesson_learn. */
typedef struct bcue_lesson {
    void *cookie;
    size_t train_rows, validation_rows; /* 0 to validate on: the last epoch is kept */
    /* The training graph (models/completion.h, models/map_completion.h) for so many samples at once. */
    bcue_status (*build)(void *cookie, bool posterior, int64_t batch, bcue_graph **graph, bcue_error *error);
    /* An epoch begins, of train_rows / batch steps. */
    bcue_status (*begin)(void *cookie, int64_t epoch, int64_t batch, bcue_error *error);
    /* The inputs of a step, all but "latent" and "kl_weight". */
    bcue_status (*feed)(void *cookie, bcue_plan *plan, int64_t epoch, int64_t step, int64_t batch,
                        bcue_error *error);
    /* *error_now on the validation rows with a plan without posterior, whose "latent" is zeros. */
    bcue_status (*check)(void *cookie, bcue_plan *plan, int64_t batch, double *error_now, bcue_error *error);
} bcue_lesson;

/* AdamW, KL warm-up, the best epoch. Every parameter of the training graph that file->generator has gets its
   value; those that are not learned (means of inputs) are taken from there. BCUE_ERROR_DATA: fewer than two
   rows, or a loss that is no number. */
bcue_status bcue_lesson_learn(const bcue_lesson *lesson, const bcue_complete_config *config, uint64_t seed,
                              const bcue_hooks *hooks, bcue_model_file *file, bcue_complete_fit *fit,
                              bcue_error *error);

#endif

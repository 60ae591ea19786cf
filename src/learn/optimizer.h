/* Optimisers and learning-rate schedules. */
#ifndef BCUE_LEARN_OPTIMIZER_H
#define BCUE_LEARN_OPTIMIZER_H

#include "base/config.h"
#include "graph/weights.h"

typedef enum bcue_optimizer_kind {
    BCUE_OPTIMIZER_SGD,   /* v = momentum v + g + decay w; w -= lr v */
    BCUE_OPTIMIZER_ADAM,  /* Kingma and Ba 2015; weight decay added to the gradient, as PyTorch's Adam */
    BCUE_OPTIMIZER_ADAMW, /* Loshchilov and Hutter 2019: decoupled decay, w -= lr decay w */
} bcue_optimizer_kind;

typedef enum bcue_schedule_kind {
    BCUE_SCHEDULE_CONSTANT,
    BCUE_SCHEDULE_STEP,          /* times `gamma` at every epoch of `milestones` */
    BCUE_SCHEDULE_COSINE,        /* half a cosine from lr to `minimum_lr` over the epochs after the warm-up */
    BCUE_SCHEDULE_CYCLIC_COSINE, /* the same rate throughout an epoch: a half cosine from `warmup_lr` up to
                                    lr, one from lr to `minimum_lr` in `decay_epochs`, then again and again
                                    one from `restart_lr` to `minimum_lr` in `restart_epochs` */
    BCUE_SCHEDULE_CYCLIC_LINEAR, /* the same rate throughout an epoch: lr for `decay_epochs` after the
                                    warm-up, then `decrement` less every epoch, and every `restart_epochs`
                                    from `restart_lr` again; never below `minimum_lr` */
} bcue_schedule_kind;

typedef struct bcue_optimizer_config {
    int kind; /* bcue_optimizer_kind */
    double lr, momentum, beta1, beta2, epsilon, weight_decay;
    bool decay_all;   /* also parameters marked no_decay (biases, norms), as plain PyTorch optimisers do */
    double clip_norm; /* gradients scaled down to this global norm; 0 = not */
    int schedule;     /* bcue_schedule_kind */
    bcue_int_list milestones; /* epochs */
    double gamma, minimum_lr;
    int64_t warmup_epochs;        /* linear from lr / (warmup steps), but see cyclic cosine */
    double warmup_lr, restart_lr; /* cyclic cosine; restart_lr 0 = lr */
    int64_t decay_epochs, restart_epochs;
    double decrement; /* cyclic linear */
} bcue_optimizer_config;

extern const bcue_config_field bcue_optimizer_config_fields[];

/* Learning rate for optimiser step `step` (0-based) of a run of epochs x steps_per_epoch. */
double bcue_learning_rate(const bcue_optimizer_config *config, int64_t step, int64_t steps_per_epoch,
                          int64_t epochs);

/* Moments of every trainable parameter. first/second have the shapes of the weights (empty for running
 * statistics and frozen ones). */
typedef struct bcue_optimizer {
    bcue_optimizer_config config;
    int64_t steps; /* taken so far */
    int32_t count;
    float **first, **second;
    bool *trained; /* per parameter */
    bool *decayed;
    double *piece_norms; /* scratch of bcue_gradient_norm */
} bcue_optimizer;

/* `frozen[i]` true: parameter i is left alone; NULL: none. Milestones are borrowed from `config`. Destroy
 * with bcue_optimizer_free. */
bcue_status bcue_optimizer_create(const bcue_optimizer_config *config, const bcue_graph *graph,
                                  const bool *frozen, bcue_optimizer *optimizer, bcue_error *error);
void bcue_optimizer_free(bcue_optimizer *optimizer);
/* Euclidean norm of all gradients of trained parameters together; NaN or infinite when one of them is. */
double bcue_gradient_norm(bcue_optimizer *optimizer, const bcue_weights *weights, float *const *gradients);
/* One step with gradients[i] (NULL: skipped), whose norm is `gradient_norm`. Element-wise and in a fixed
 * order: the result does not depend on the thread count. */
void bcue_optimizer_step(bcue_optimizer *optimizer, bcue_weights *weights, float *const *gradients,
                         double gradient_norm, double learning_rate);

#endif

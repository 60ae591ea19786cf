#include "learn/optimizer.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/parallel.h"

static const char *const optimizer_names[] = {"sgd", "adam", "adamw", NULL};
static const char *const schedule_names[] = {"constant",      "step",          "cosine",
                                             "cyclic-cosine", "cyclic-linear", NULL};

#define OPT(field) offsetof(bcue_optimizer_config, field)
const bcue_config_field bcue_optimizer_config_fields[] = {
    {.name = "kind",
     .type = BCUE_CONFIG_CHOICE,
     .offset = OPT(kind),
     .choices = optimizer_names,
     .fallback = "adam",
     .help = "optimiser"},
    {.name = "lr",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = OPT(lr),
     .fallback = "0.001",
     .minimum = 1e-12,
     .maximum = 100,
     .help = "learning rate"},
    {.name = "momentum",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = OPT(momentum),
     .fallback = "0.9",
     .minimum = 0,
     .maximum = 0.99999,
     .help = "sgd"},
    {.name = "beta1",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = OPT(beta1),
     .fallback = "0.9",
     .minimum = 0,
     .maximum = 0.99999,
     .help = "adam, adamw"},
    {.name = "beta2",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = OPT(beta2),
     .fallback = "0.999",
     .minimum = 0,
     .maximum = 0.9999999,
     .help = "adam, adamw"},
    {.name = "epsilon",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = OPT(epsilon),
     .fallback = "1e-8",
     .minimum = 1e-30,
     .maximum = 1,
     .help = "adam, adamw"},
    {.name = "weight_decay",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = OPT(weight_decay),
     .fallback = "0",
     .minimum = 0,
     .maximum = 10,
     .help = "L2 term (sgd, adam) or decoupled (adamw)"},
    {.name = "decay_all",
     .type = BCUE_CONFIG_BOOL,
     .offset = OPT(decay_all),
     .fallback = "false",
     .help = "decay biases and normalisation parameters too"},
    {.name = "clip_norm",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = OPT(clip_norm),
     .fallback = "0",
     .minimum = 0,
     .maximum = 1e9,
     .help = "largest global gradient norm, 0 = no clipping"},
    {.name = "schedule",
     .type = BCUE_CONFIG_CHOICE,
     .offset = OPT(schedule),
     .choices = schedule_names,
     .fallback = "constant",
     .help = "learning rate over time"},
    {.name = "milestones",
     .type = BCUE_CONFIG_INT_LIST,
     .offset = OPT(milestones),
     .minimum = 0,
     .maximum = 1e6,
     .help = "step: epochs at which lr is multiplied by gamma"},
    {.name = "gamma",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = OPT(gamma),
     .fallback = "0.1",
     .minimum = 1e-9,
     .maximum = 1,
     .help = "step: factor"},
    {.name = "minimum_lr",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = OPT(minimum_lr),
     .fallback = "0",
     .minimum = 0,
     .maximum = 100,
     .help = "cosine, cyclic-cosine, cyclic-linear: lowest learning rate"},
    {.name = "warmup_epochs",
     .type = BCUE_CONFIG_INT,
     .offset = OPT(warmup_epochs),
     .fallback = "0",
     .minimum = 0,
     .maximum = 1e6,
     .help = "epochs of warm-up: linear; cyclic-cosine: half a cosine from warmup_lr"},
    {.name = "warmup_lr",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = OPT(warmup_lr),
     .fallback = "2.5e-6",
     .minimum = 0,
     .maximum = 100,
     .help = "cyclic-cosine: learning rate of the first epoch of the warm-up"},
    {.name = "decay_epochs",
     .type = BCUE_CONFIG_INT,
     .offset = OPT(decay_epochs),
     .fallback = "15",
     .minimum = 1,
     .maximum = 1e6,
     .help =
         "cyclic-cosine: epochs of the first descent, after the warm-up; cyclic-linear: epochs before it"},
    {.name = "restart_epochs",
     .type = BCUE_CONFIG_INT,
     .offset = OPT(restart_epochs),
     .fallback = "10",
     .minimum = 1,
     .maximum = 1e6,
     .help = "cyclic-cosine, cyclic-linear: epochs of every further descent"},
    {.name = "restart_lr",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = OPT(restart_lr),
     .fallback = "0",
     .minimum = 0,
     .maximum = 100,
     .help = "cyclic-cosine, cyclic-linear: where every further descent begins; 0 = lr"},
    {.name = "decrement",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = OPT(decrement),
     .fallback = "5e-6",
     .minimum = 0,
     .maximum = 100,
     .help = "cyclic-linear: what the learning rate loses every epoch"},
    {0}};

/* Half a cosine: `from` at part 0, `to` at part 1. */
static double half_cosine(double from, double to, double part)
{
    const double pi = 3.14159265358979323846;
    return to + 0.5 * (from - to) * (1 + cos(pi * part));
}

/* Cyclic cosine decay with restarts, as the BeamTransFuser authors train (survey 1.1). */
static double cyclic_cosine(const bcue_optimizer_config *config, int64_t epoch)
{
    if (epoch < config->warmup_epochs)
        return half_cosine(config->warmup_lr, config->lr, (double)epoch / (double)config->warmup_epochs);
    epoch -= config->warmup_epochs;
    if (epoch < config->decay_epochs)
        return half_cosine(config->lr, config->minimum_lr, (double)epoch / (double)config->decay_epochs);
    const int64_t in_cycle = (epoch - config->decay_epochs) % config->restart_epochs;
    return half_cosine(config->restart_lr > 0 ? config->restart_lr : config->lr, config->minimum_lr,
                       (double)in_cycle / (double)config->restart_epochs);
}

/* The other reading of the CRKD paper's "decayed by an absolute 5e-6 per epoch, from epoch 15, restart 10".
 */
static double cyclic_linear(const bcue_optimizer_config *config, int64_t epoch)
{
    const int64_t after = epoch - config->warmup_epochs - config->decay_epochs;
    if (after < 0)
        return config->lr;
    const double from =
        after >= config->restart_epochs && config->restart_lr > 0 ? config->restart_lr : config->lr;
    const double rate = from - config->decrement * (double)(after % config->restart_epochs + 1);
    return rate > config->minimum_lr ? rate : config->minimum_lr;
}

double bcue_learning_rate(const bcue_optimizer_config *config, int64_t step, int64_t steps_per_epoch,
                          int64_t epochs)
{
    const int64_t epoch = steps_per_epoch > 0 ? step / steps_per_epoch : 0;
    const int64_t warmup_steps = config->warmup_epochs * steps_per_epoch;
    if (config->schedule == BCUE_SCHEDULE_CYCLIC_COSINE)
        return cyclic_cosine(config, epoch);
    if (step < warmup_steps)
        return config->lr * (double)(step + 1) / (double)warmup_steps;
    if (config->schedule == BCUE_SCHEDULE_CYCLIC_LINEAR)
        return cyclic_linear(config, epoch);
    double rate = config->lr;
    switch ((bcue_schedule_kind)config->schedule) {
    case BCUE_SCHEDULE_CONSTANT:
    case BCUE_SCHEDULE_CYCLIC_COSINE:
    case BCUE_SCHEDULE_CYCLIC_LINEAR:
        break;
    case BCUE_SCHEDULE_STEP:
        for (size_t i = 0; i < config->milestones.count; i++) {
            if (epoch >= config->milestones.items[i])
                rate *= config->gamma;
        }
        break;
    case BCUE_SCHEDULE_COSINE: {
        const int64_t total = epochs * steps_per_epoch - warmup_steps;
        const double part = total > 0 ? (double)(step - warmup_steps) / (double)total : 1;
        rate = half_cosine(config->lr, config->minimum_lr, part > 1 ? 1 : part);
        break;
    }
    }
    return rate;
}

/* Elements per piece of work: small enough to share out, the same for every thread count. */
enum { PIECE = 16384 };

static size_t pieces_of(size_t count)
{
    return (count + PIECE - 1) / PIECE;
}

static bcue_status create_moments(bcue_optimizer *optimizer, const bcue_graph *graph, const bool *frozen,
                                  bcue_error *error)
{
    const size_t count = (size_t)optimizer->count;
    optimizer->first = bcue_calloc(count, sizeof *optimizer->first);
    optimizer->second = bcue_calloc(count, sizeof *optimizer->second);
    optimizer->trained = bcue_calloc(count, sizeof *optimizer->trained);
    optimizer->decayed = bcue_calloc(count, sizeof *optimizer->decayed);
    if (optimizer->first == NULL || optimizer->second == NULL || optimizer->trained == NULL ||
        optimizer->decayed == NULL)
        return bcue_fail_memory(error, "the optimiser");
    size_t most = 1;
    for (int32_t i = 0; i < optimizer->count; i++) {
        const bcue_value_info *info = bcue_graph_value(graph, bcue_graph_parameter_value(graph, i));
        int64_t size;
        if (info->spec.running || (frozen != NULL && frozen[i]) || !bcue_shape_count(&info->shape, &size))
            continue;
        optimizer->trained[i] = true;
        most = pieces_of((size_t)size) > most ? pieces_of((size_t)size) : most;
        optimizer->decayed[i] = optimizer->config.decay_all || !info->spec.no_decay;
        optimizer->first[i] = bcue_calloc_aligned((size_t)size, sizeof(float));
        optimizer->second[i] = optimizer->config.kind == BCUE_OPTIMIZER_SGD
                                   ? NULL
                                   : bcue_calloc_aligned((size_t)size, sizeof(float));
        if (optimizer->first[i] == NULL ||
            (optimizer->config.kind != BCUE_OPTIMIZER_SGD && optimizer->second[i] == NULL))
            return bcue_fail_memory(error, "the optimiser");
    }
    optimizer->piece_norms = bcue_calloc(most, sizeof *optimizer->piece_norms);
    return optimizer->piece_norms != NULL ? BCUE_OK : bcue_fail_memory(error, "the optimiser");
}

bcue_status bcue_optimizer_create(const bcue_optimizer_config *config, const bcue_graph *graph,
                                  const bool *frozen, bcue_optimizer *optimizer, bcue_error *error)
{
    *optimizer = (bcue_optimizer){.config = *config, .count = bcue_graph_parameter_count(graph)};
    bcue_status status = create_moments(optimizer, graph, frozen, error);
    if (status != BCUE_OK)
        bcue_optimizer_free(optimizer);
    return status;
}

void bcue_optimizer_free(bcue_optimizer *optimizer)
{
    for (int32_t i = 0; i < optimizer->count; i++) {
        if (optimizer->first != NULL)
            free(optimizer->first[i]);
        if (optimizer->second != NULL)
            free(optimizer->second[i]);
    }
    free(optimizer->first);
    free(optimizer->second);
    free(optimizer->trained);
    free(optimizer->decayed);
    free(optimizer->piece_norms);
    *optimizer = (bcue_optimizer){0};
}

typedef struct update {
    const bcue_optimizer_config *config;
    float *weight, *first, *second;
    const float *gradient;
    size_t count;
    float lr, decay, gradient_scale, correction1, correction2;
} update;

static void update_sgd(const update *u, size_t begin, size_t end)
{
    const float momentum = (float)u->config->momentum;
    for (size_t i = begin; i < end; i++) {
        u->first[i] = momentum * u->first[i] + (u->gradient_scale * u->gradient[i] + u->decay * u->weight[i]);
        u->weight[i] -= u->lr * u->first[i];
    }
}

static void update_adam(const update *u, size_t begin, size_t end)
{
    const bool decoupled = u->config->kind == BCUE_OPTIMIZER_ADAMW;
    const float beta1 = (float)u->config->beta1, beta2 = (float)u->config->beta2,
                epsilon = (float)u->config->epsilon;
    const float rest1 = (float)(1 - u->config->beta1), rest2 = (float)(1 - u->config->beta2);
    const float added = decoupled ? 0 : u->decay, shrink = decoupled ? 1 - u->lr * u->decay : 1;
    const float rate = u->lr / u->correction1, root = 1 / sqrtf(u->correction2);
    for (size_t i = begin; i < end; i++) {
        const float gradient = u->gradient_scale * u->gradient[i] + added * u->weight[i];
        u->first[i] = beta1 * u->first[i] + rest1 * gradient;
        u->second[i] = beta2 * u->second[i] + rest2 * gradient * gradient;
        u->weight[i] = shrink * u->weight[i] - rate * u->first[i] / (sqrtf(u->second[i]) * root + epsilon);
    }
}

static void update_piece(void *context, size_t piece)
{
    const update *u = context;
    const size_t begin = piece * PIECE, end = begin + PIECE < u->count ? begin + PIECE : u->count;
    if (u->config->kind == BCUE_OPTIMIZER_SGD)
        update_sgd(u, begin, end);
    else
        update_adam(u, begin, end);
}

typedef struct norm_task {
    const float *values;
    size_t count;
    double *pieces;
} norm_task;

static void norm_piece(void *context, size_t piece)
{
    const norm_task *task = context;
    const size_t begin = piece * PIECE, end = begin + PIECE < task->count ? begin + PIECE : task->count;
    double sum = 0;
    for (size_t i = begin; i < end; i++)
        sum += (double)task->values[i] * (double)task->values[i];
    task->pieces[piece] = sum;
}

double bcue_gradient_norm(bcue_optimizer *optimizer, const bcue_weights *weights, float *const *gradients)
{
    double total = 0;
    for (int32_t i = 0; i < optimizer->count; i++) {
        if (!optimizer->trained[i] || gradients[i] == NULL)
            continue;
        norm_task task = {gradients[i], (size_t)bcue_tensor_count(&weights->tensors[i]),
                          optimizer->piece_norms};
        bcue_parallel_for(pieces_of(task.count), 2, norm_piece, &task);
        for (size_t piece = 0; piece < pieces_of(task.count); piece++)
            total += task.pieces[piece];
    }
    return sqrt(total);
}

void bcue_optimizer_step(bcue_optimizer *optimizer, bcue_weights *weights, float *const *gradients,
                         double gradient_norm, double learning_rate)
{
    const bcue_optimizer_config *config = &optimizer->config;
    const bool clip = config->clip_norm > 0 && gradient_norm > config->clip_norm;
    const double scale = clip ? config->clip_norm / gradient_norm : 1;
    optimizer->steps++;
    for (int32_t i = 0; i < optimizer->count; i++) {
        if (!optimizer->trained[i] || gradients[i] == NULL)
            continue;
        update u = {
            .config = config,
            .weight = weights->tensors[i].data,
            .first = optimizer->first[i],
            .second = optimizer->second[i],
            .gradient = gradients[i],
            .count = (size_t)bcue_tensor_count(&weights->tensors[i]),
            .lr = (float)learning_rate,
            .decay = optimizer->decayed[i] ? (float)config->weight_decay : 0,
            .gradient_scale = (float)scale,
            .correction1 = (float)(1 - pow(config->beta1, (double)optimizer->steps)),
            .correction2 = (float)(1 - pow(config->beta2, (double)optimizer->steps)),
        };
        bcue_parallel_for(pieces_of(u.count), 2, update_piece, &u);
    }
}

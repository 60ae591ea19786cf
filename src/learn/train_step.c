/* One optimiser step: the batch in pieces, their gradients added up, the step itself, the moving average. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "graph/describe.h"
#include "learn/trainer_internal.h"

enum { SUM_PIECE = 16384 /* numbers */, LARGE_NETWORK = 40000000 /* parameters */, LARGE_MICRO_BATCH = 2 };

/* ---- plans ---- */

void bcue_trainer_free_plans(bcue_trainer *trainer)
{
    for (int i = 0; i < trainer->plan_count; i++) {
        bcue_train_plan *made = &trainer->plans[i];
        bcue_plan_destroy(made->plan);
        bcue_graph_destroy(made->graph);
        free(made->gradients);
    }
    for (int32_t i = 0; trainer->sums != NULL && i < trainer->state.weights.count; i++)
        free(trainer->sums[i]);
    free(trainer->sums);
}

bcue_status bcue_trainer_make_plan(bcue_trainer *trainer, bcue_train_plan *made, bcue_error *error)
{
    int64_t sizes = 0;
    for (int i = 0; i < trainer->plan_count; i++)
        sizes += trainer->plans[i].size;
    const bcue_plan_options options = {
        .engine = (bcue_engine)trainer->run->train.engine,
        .dtype = BCUE_F32,
        .training = true,
        .memory_limit = bcue_trainer_plan_limit(trainer, made->size, sizes),
        .frozen = trainer->frozen,
        .norm_sync =
            trainer->ranks->count > 1 && trainer->run->train.bn == BCUE_BN_SYNC ? &trainer->norm_sync : NULL};
    BCUE_TRY(bcue_plan_create(made->graph, &trainer->state.weights, &options, &made->plan, error));
    const int32_t count = bcue_graph_parameter_count(made->graph);
    made->gradients = bcue_calloc((size_t)count, sizeof *made->gradients);
    if (made->gradients == NULL)
        return bcue_fail_memory(error, "the gradients");
    for (int32_t i = 0; i < count; i++)
        made->gradients[i] = bcue_plan_gradient(made->plan, i);
    return BCUE_OK;
}

static bcue_train_plan *find_plan(bcue_trainer *trainer, size_t size)
{
    for (int i = 0; i < trainer->plan_count; i++) {
        if ((size_t)trainer->plans[i].size == size)
            return &trainer->plans[i];
    }
    return NULL;
}

static bcue_status add_graph(bcue_trainer *trainer, int64_t size, bcue_error *error)
{
    if (size == 0 || find_plan(trainer, (size_t)size) != NULL)
        return BCUE_OK;
    bcue_train_plan *made = &trainer->plans[trainer->plan_count++];
    made->size = size;
    BCUE_TRY(bcue_model_build_with_loss(&trainer->run->model, &trainer->inputs, &trainer->loss, size,
                                        &made->graph, error));
    const bcue_int8_scales *int8 = trainer->scaled.int8;
    return int8 != NULL ? bcue_int8_scales_round(int8, &made->graph, error) : BCUE_OK;
}

static int64_t count_parameters(const bcue_graph *graph)
{
    int64_t total = 0;
    for (int32_t i = 0; i < bcue_graph_parameter_count(graph); i++) {
        int64_t size;
        if (bcue_shape_count(&bcue_graph_value(graph, bcue_graph_parameter_value(graph, i))->shape, &size))
            total += size;
    }
    return total;
}

/* By the size of the network alone, never by the memory at hand, so that a run repeats elsewhere. */
static bcue_status choose_micro_batch(bcue_trainer *trainer, bcue_error *error)
{
    const bcue_train_config *train = &trainer->run->train;
    int64_t wanted = train->micro_batch;
    if (wanted == 0 && train->bn != BCUE_BN_SYNC && trainer->distiller.config == NULL) {
        bcue_graph *probe;
        BCUE_TRY(bcue_model_build(&trainer->run->model, &trainer->inputs, 1, &probe, error));
        wanted = count_parameters(probe) > LARGE_NETWORK ? LARGE_MICRO_BATCH : 0;
        bcue_graph_destroy(probe);
    }
    trainer->micro_batch = wanted == 0 || wanted > trainer->local_batch ? trainer->local_batch : wanted;
    trainer->pieces = (trainer->local_batch + trainer->micro_batch - 1) / trainer->micro_batch;
    return BCUE_OK;
}

size_t bcue_trainer_step_samples(const bcue_trainer *trainer, int64_t step, size_t *begin, size_t *end)
{
    const size_t batch = (size_t)trainer->batch_size, first = (size_t)step * batch,
                 left = trainer->split.train_count - first, count = left < batch ? left : batch;
    *begin = bcue_ranks_share(trainer->ranks, count, trainer->ranks->rank);
    *end = bcue_ranks_share(trainer->ranks, count, trainer->ranks->rank + 1);
    return count;
}

static void sum_statistics(void *cookie, double *values, size_t count)
{
    bcue_ranks_sum_f64(cookie, values, count);
}

static bcue_status share_batches(bcue_trainer *trainer, bcue_error *error)
{
    const int64_t ranks = trainer->ranks->count,
                  last = (int64_t)trainer->split.train_count % trainer->batch_size;
    if (trainer->batch_size % ranks != 0)
        return bcue_fail(
            error, BCUE_ERROR_CONFIG,
            "a batch of %lld samples cannot be shared evenly by %lld processes; set train.batch to a "
            "multiple",
            (long long)trainer->batch_size, (long long)ranks);
    if (last > 0 && last < ranks)
        return bcue_fail(
            error, BCUE_ERROR_CONFIG,
            "the last batch of an epoch would hold only %lld samples for %lld processes; set another "
            "train.batch",
            (long long)last, (long long)ranks);
    trainer->local_batch = trainer->batch_size / ranks;
    trainer->norm_sync = (bcue_norm_sync){.cookie = trainer->ranks, .sum = sum_statistics};
    return BCUE_OK;
}

bcue_status bcue_trainer_build_graphs(bcue_trainer *trainer, bcue_error *error)
{
    BCUE_TRY(share_batches(trainer, error));
    BCUE_TRY(choose_micro_batch(trainer, error));
    return bcue_trainer_build_graphs_for(trainer, error);
}

bcue_status bcue_trainer_build_graphs_for(bcue_trainer *trainer, bcue_error *error)
{
    size_t begin, end;
    (void)bcue_trainer_step_samples(trainer, trainer->steps_per_epoch - 1, &begin, &end);
    const int64_t batch = trainer->local_batch, micro = trainer->micro_batch, last = (int64_t)(end - begin);
    BCUE_TRY(add_graph(trainer, micro, error));
    BCUE_TRY(add_graph(trainer, batch % micro, error));
    return add_graph(trainer, last % micro, error); /* of the last batch of an epoch */
}

static bcue_status make_sums(bcue_trainer *trainer, bcue_error *error)
{
    const bcue_weights *weights = &trainer->state.weights;
    if (trainer->pieces == 1 && trainer->ranks->count == 1)
        return BCUE_OK;
    trainer->sums = bcue_calloc((size_t)weights->count, sizeof *trainer->sums);
    if (trainer->sums == NULL)
        return bcue_fail_memory(error, "the gradients");
    for (int32_t i = 0; i < weights->count; i++) {
        if (trainer->plans[0].gradients[i] == NULL)
            continue;
        trainer->sums[i] =
            bcue_calloc_aligned((size_t)bcue_tensor_count(&weights->tensors[i]), sizeof(float));
        if (trainer->sums[i] == NULL)
            return bcue_fail_memory(error, "the gradients");
    }
    return BCUE_OK;
}

bcue_status bcue_trainer_make_plans(bcue_trainer *trainer, bcue_error *error)
{
    for (int i = 0; i < trainer->plan_count; i++) {
        bcue_status status = bcue_trainer_make_plan(trainer, &trainer->plans[i], error);
        if (status == BCUE_ERROR_SHAPE && i > 0 && trainer->pieces == 1)
            status = bcue_fail_context(
                error, status,
                "the last batch of an epoch would hold only %lld of %zu samples; set another train.batch",
                (long long)trainer->plans[i].size, trainer->split.train_count);
        else if (status == BCUE_ERROR_SHAPE && i > 0)
            status = bcue_fail_context(
                error, status,
                "some micro-batches would hold only %lld of %lld samples; set another train.batch "
                "or train.micro_batch",
                (long long)trainer->plans[i].size, (long long)trainer->micro_batch);
        if (status == BCUE_ERROR_MEMORY && trainer->memory_limit > 0)
            return bcue_trainer_refuse_memory(trainer, error);
        BCUE_TRY(status);
    }
    bcue_trainer_log_memory(trainer);
    return make_sums(trainer, error);
}

void bcue_trainer_weights_changed(bcue_trainer *trainer)
{
    for (int i = 0; i < trainer->plan_count; i++)
        bcue_plan_weights_changed(trainer->plans[i].plan);
}

/* ---- gradients ---- */

typedef struct sum_task {
    float *sum;
    const float *part;
    size_t count;
    float share;
    bool first;
} sum_task;

static void sum_piece(void *context, size_t piece)
{
    const sum_task *task = context;
    const size_t begin = piece * SUM_PIECE,
                 end = begin + SUM_PIECE < task->count ? begin + SUM_PIECE : task->count;
    for (size_t i = begin; i < end; i++)
        task->sum[i] = (task->first ? 0 : task->sum[i]) + task->share * task->part[i];
}

/* Adds a piece's gradients, weighted by its share of the batch, always in the order of the pieces. */
static void add_gradients(bcue_trainer *trainer, const bcue_train_plan *plan, float share, bool first)
{
    const bcue_weights *weights = &trainer->state.weights;
    for (int32_t i = 0; i < weights->count; i++) {
        if (trainer->sums[i] == NULL)
            continue;
        sum_task task = {trainer->sums[i], plan->gradients[i],
                         (size_t)bcue_tensor_count(&weights->tensors[i]), share, first};
        bcue_parallel_for((task.count + SUM_PIECE - 1) / SUM_PIECE, 2, sum_piece, &task);
    }
}

static void feed_piece(bcue_trainer *trainer, bcue_plan *plan, const bcue_batch *part)
{
    const bcue_train_config *train = &trainer->run->train;
    bcue_feed_batch(plan, &trainer->inputs, part, part->count);
    bcue_modality_dropout_apply(&train->drop, &trainer->inputs, plan, part->sample, part->count,
                                trainer->member.seed, (uint32_t)trainer->state.epoch);
    float *target = bcue_plan_input(plan, "target");
    if (target != NULL)
        bcue_loss_fill_target(&trainer->loss, part->label, part->count, trainer->inputs.beams, target);
}

/* Forward and backward of all pieces. `*gradients` are those of the mean loss over the batch. */
static bcue_status compute_batch(bcue_trainer *trainer, const bcue_batch *batch, int64_t step, double *loss,
                                 float *const **gradients, bcue_error *error)
{
    const size_t micro = (size_t)trainer->micro_batch;
    const bcue_ranks *ranks = trainer->ranks;
    size_t begin, end;
    const size_t whole = bcue_trainer_step_samples(trainer, step, &begin, &end);
    trainer->norm_sync.share = (double)batch->count / (double)whole;
    *loss = 0;
    for (size_t first = 0, piece = 0; first < batch->count; first += micro, piece++) {
        const size_t count = batch->count - first < micro ? batch->count - first : micro;
        const bcue_batch part = bcue_batch_part(batch, &trainer->inputs, first, count);
        bcue_train_plan *plan = find_plan(trainer, count);
        if (plan == NULL)
            return bcue_fail(error, BCUE_ERROR_INTERNAL, "no plan for %zu samples", count);
        feed_piece(trainer, plan->plan, &part);
        bcue_plan_set_step(
            plan->plan, trainer->member.seed, (uint32_t)trainer->state.epoch,
            (uint32_t)((step * trainer->pieces + (int64_t)piece) * ranks->count + ranks->rank));
        BCUE_TRY(bcue_plan_forward(plan->plan, error));
        const double share = (double)count / (double)whole;
        double part_loss = (double)*(const float *)bcue_plan_output(plan->plan, "loss");
        if (trainer->distiller.config != NULL)
            BCUE_TRY(bcue_distiller_fill(&trainer->distiller, plan->plan, &part, &part_loss, error));
        *loss += share * part_loss;
        if (!isfinite(part_loss))
            return bcue_trainer_diverged(trainer, &part, step, "the loss is not a number", error);
        BCUE_TRY(bcue_plan_backward(plan->plan, error));
        *gradients = trainer->sums != NULL ? trainer->sums : plan->gradients;
        if (trainer->sums != NULL)
            add_gradients(trainer, plan, (float)share, first == 0);
    }
    return BCUE_OK;
}

/* ---- the moving average ---- */

typedef struct average_task {
    float *average;
    const float *weight;
    size_t count;
    float keep;
} average_task;

static void average_piece(void *context, size_t piece)
{
    const average_task *task = context;
    const size_t begin = piece * SUM_PIECE,
                 end = begin + SUM_PIECE < task->count ? begin + SUM_PIECE : task->count;
    for (size_t i = begin; i < end; i++)
        task->average[i] = task->keep * task->average[i] + (1 - task->keep) * task->weight[i];
}

/* average = d average + (1 - d) weight with d = min(decay, (1 + steps) / (10 + steps)), which forgets the
   initial weights in short runs. What is not trained (running statistics, frozen branches) is copied: the
   statistics of batch norm are those of the trained weights. */
static void average_weights(bcue_trainer *trainer)
{
    bcue_train_state *state = &trainer->state;
    const double steps = (double)state->optimizer.steps;
    const double warm = (1 + steps) / (10 + steps), decay = trainer->run->train.ema;
    for (int32_t i = 0; i < state->ema.count; i++) {
        const bcue_tensor *from = &state->weights.tensors[i];
        average_task task = {state->ema.tensors[i].data, from->data, (size_t)bcue_tensor_count(from),
                             (float)(warm < decay ? warm : decay)};
        if (state->optimizer.trained[i])
            bcue_parallel_for((task.count + SUM_PIECE - 1) / SUM_PIECE, 2, average_piece, &task);
        else
            memcpy(task.average, task.weight, task.count * sizeof *task.average);
    }
}

/* ---- ranks ---- */

/* Loss and gradients of the whole batch. */
static void add_ranks(bcue_trainer *trainer, double *loss)
{
    const bcue_weights *weights = &trainer->state.weights;
    if (trainer->ranks->count == 1)
        return;
    bcue_ranks_sum_f64(trainer->ranks, loss, 1);
    for (int32_t i = 0; i < weights->count; i++) {
        if (trainer->sums[i] != NULL)
            bcue_ranks_sum_f32(trainer->ranks, trainer->sums[i],
                               (size_t)bcue_tensor_count(&weights->tensors[i]));
    }
}

/* Each rank has moved the running statistics by its own samples: they become the mean over the ranks. (With
   bn: sync they are the same already.) */
static void average_statistics(bcue_trainer *trainer)
{
    const bcue_graph *graph = trainer->plans[0].graph;
    const float share = 1 / (float)trainer->ranks->count;
    if (trainer->ranks->count == 1 || trainer->run->train.bn != BCUE_BN_MICRO)
        return;
    for (int32_t i = 0; i < trainer->state.weights.count; i++) {
        const bcue_tensor *tensor = &trainer->state.weights.tensors[i];
        const size_t count = (size_t)bcue_tensor_count(tensor);
        if (!bcue_graph_value(graph, bcue_graph_parameter_value(graph, i))->spec.running ||
            trainer->frozen[i])
            continue;
        for (size_t k = 0; k < count; k++)
            ((float *)tensor->data)[k] *= share;
        bcue_ranks_sum_f32(trainer->ranks, tensor->data, count);
    }
}

/* ---- the step ---- */

bcue_status bcue_trainer_step(bcue_trainer *trainer, const bcue_batch *batch, int64_t step, bcue_error *error)
{
    bcue_train_state *state = &trainer->state;
    const bcue_optimizer_config *config = &trainer->run->train.optimizer;
    float *const *gradients = NULL;
    double loss = 0;
    BCUE_TRY(compute_batch(trainer, batch, step, &loss, &gradients, error));
    add_ranks(trainer, &loss);
    const double norm = bcue_gradient_norm(&state->optimizer, &state->weights, gradients);
    if (!isfinite(norm))
        return bcue_trainer_diverged(trainer, batch, step, "a gradient is not a number", error);
    const double rate = bcue_learning_rate(config, state->optimizer.steps, trainer->steps_per_epoch,
                                           trainer->run->train.epochs);
    bcue_optimizer_step(&state->optimizer, &state->weights, gradients, norm, rate);
    average_statistics(trainer);
    average_weights(trainer);
    bcue_trainer_weights_changed(trainer);
    size_t begin, end;
    state->loss_sum += loss * (double)bcue_trainer_step_samples(trainer, step, &begin, &end);
    state->norm_sum += norm;
    state->step_in_epoch = step + 1;
    return BCUE_OK;
}

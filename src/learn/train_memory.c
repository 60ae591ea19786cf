/* train.memory_limit: what training takes besides its plans, and what is left for these. */
#include <string.h>

#include "base/fail.h"
#include "base/report_hooks.h"
#include "learn/trainer_internal.h"

static size_t weights_bytes(const bcue_weights *weights)
{
    size_t sum = 0;
    for (int32_t i = 0; i < weights->count; i++)
        sum += bcue_tensor_size(&weights->tensors[i]);
    return sum;
}

static size_t moments_bytes(const bcue_trainer *trainer)
{
    const bcue_optimizer *optimizer = &trainer->state.optimizer;
    size_t sum = 0;
    for (int32_t i = 0; i < optimizer->count; i++) {
        const size_t size = bcue_tensor_size(&trainer->state.weights.tensors[i]);
        sum += (optimizer->first[i] != NULL ? size : 0) + (optimizer->second[i] != NULL ? size : 0);
    }
    return sum;
}

/* What training takes besides its plans. */
static size_t fixed_bytes_of(const bcue_trainer *trainer)
{
    const bcue_train_state *state = &trainer->state;
    const int threads = (int)trainer->run->train.loader_threads;
    const size_t one = weights_bytes(&state->weights);
    const bool sums = trainer->pieces > 1 || trainer->ranks->count > 1;
    size_t fixed = one + weights_bytes(&state->best) + weights_bytes(&state->ema) + moments_bytes(trainer);
    fixed += sums ? one : 0;
    fixed += bcue_scorer_batch_bytes(&trainer->inputs, threads, (size_t)trainer->local_batch);
    if (trainer->scorer != NULL)
        fixed += bcue_scorer_network_bytes(trainer->scorer) +
                 bcue_scorer_batch_bytes(&trainer->inputs, threads, BCUE_SCORER_BATCH);
    return fixed;
}

bcue_status bcue_trainer_count_memory(bcue_trainer *trainer, bcue_error *error)
{
    BCUE_TRY(bcue_train_memory_limit(&trainer->run->train, NULL, &trainer->memory_limit, error));
    if (trainer->memory_limit == 0)
        return BCUE_OK;
    const size_t fixed = trainer->fixed_bytes = fixed_bytes_of(trainer);
    if (fixed < trainer->memory_limit)
        return BCUE_OK;
    return bcue_fail(
        error, BCUE_ERROR_MEMORY,
        "train.memory_limit: weights, their copies, the optimiser, validation and batches alone take %.1f "
        "MB, more than the limit of %.1f MB; raise it",
        1e-6 * (double)fixed, 1e-6 * (double)trainer->memory_limit);
}

size_t bcue_trainer_plan_limit(const bcue_trainer *trainer, int64_t size, int64_t sizes)
{
    if (trainer->memory_limit == 0)
        return 0;
    const double left = (double)(trainer->memory_limit - trainer->fixed_bytes);
    return (size_t)(left * (double)size / (double)sizes);
}

/* Do plans of micro-batches of this size fit? */
static bool fits(const bcue_trainer *trainer, int64_t micro)
{
    bcue_trainer tried = *trainer;
    bcue_error ignored = {""};
    tried.micro_batch = micro;
    tried.pieces = (tried.local_batch + micro - 1) / micro;
    tried.sums = NULL;
    tried.fixed_bytes = fixed_bytes_of(&tried); /* with the sums of several micro-batches, where there are */
    if (tried.fixed_bytes >= tried.memory_limit)
        return false;
    tried.plan_count = 0;
    memset(tried.plans, 0, sizeof tried.plans);
    bcue_status status = bcue_trainer_build_graphs_for(&tried, &ignored);
    for (int i = 0; status == BCUE_OK && i < tried.plan_count; i++)
        status = bcue_trainer_make_plan(&tried, &tried.plans[i], &ignored);
    bcue_trainer_free_plans(&tried);
    return status == BCUE_OK;
}

bcue_status bcue_trainer_refuse_memory(bcue_trainer *trainer, bcue_error *error)
{
    const bcue_error cause = *error;
    int64_t most = 0, too_many = trainer->micro_batch;
    while (trainer->run->train.bn != BCUE_BN_SYNC && too_many - most > 1) {
        const int64_t middle = most + (too_many - most) / 2;
        if (fits(trainer, middle))
            most = middle;
        else
            too_many = middle;
    }
    if (most == 0)
        return bcue_fail(
            error, BCUE_ERROR_MEMORY,
            "train.memory_limit of %.1f MB: %s (%.1f MB go to weights, copies, optimiser, validation and "
            "batches); no smaller micro-batch fits: raise the limit",
            1e-6 * (double)trainer->memory_limit, cause.text, 1e-6 * (double)trainer->fixed_bytes);
    return bcue_fail(
        error, BCUE_ERROR_MEMORY,
        "train.memory_limit of %.1f MB: micro-batches of %lld: %s (%.1f MB go to weights, copies, "
        "optimiser, validation and batches); the largest that fits is train.micro_batch: %lld",
        1e-6 * (double)trainer->memory_limit, (long long)trainer->micro_batch, cause.text,
        1e-6 * (double)trainer->fixed_bytes, (long long)most);
}

void bcue_trainer_log_memory(const bcue_trainer *trainer)
{
    if (trainer->memory_limit == 0)
        return;
    size_t plans = 0;
    for (int i = 0; i < trainer->plan_count; i++)
        plans += bcue_plan_peak_bytes(trainer->plans[i].plan);
    bcue_log(trainer->hooks, BCUE_LOG_INFO,
             "memory: %.1f MB for what is computed and %.1f MB for the rest, of %.1f MB; %.0f %% of the "
             "forward pass is "
             "computed again",
             1e-6 * (double)plans, 1e-6 * (double)trainer->fixed_bytes, 1e-6 * (double)trainer->memory_limit,
             100 * bcue_plan_recomputed(trainer->plans[0].plan));
}

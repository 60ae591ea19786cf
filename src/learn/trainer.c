#include "learn/trainer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "base/report_hooks.h"
#include "base/rng.h"
#include "graph/describe.h"
#include "learn/trainer_internal.h"
#include "models/model_file.h"

void bcue_training_summary_free(bcue_training_summary *summary)
{
    free(summary->model_path);
    *summary = (bcue_training_summary){0};
}

static void free_train_plan(bcue_train_plan *plan)
{
    bcue_plan_destroy(plan->plan);
    bcue_graph_destroy(plan->graph);
    free(plan->gradients);
}

static void free_trainer(bcue_trainer *trainer)
{
    bcue_scorer_destroy(trainer->scorer);
    bcue_loader_destroy(trainer->loader);
    free_train_plan(&trainer->full);
    free_train_plan(&trainer->tail);
    bcue_train_state_free(&trainer->state);
    bcue_split_free(&trainer->split);
    free(trainer->validation_scores);
    free(trainer->order);
    free(trainer->frozen);
    free(trainer->checkpoint_path);
    free(trainer->model_path);
    free(trainer->history_path);
}

/* ---- tables
 * ----------------------------------------------------------------------------------------------------------------------
 */

static bcue_status gather_table_samples(bcue_trainer *trainer, float *position, int32_t *label,
                                        const double **power, bcue_error *error)
{
    const bcue_split *split = &trainer->split;
    for (size_t i = 0; i < split->train_count; i++) {
        const bcue_sample *sample = bcue_dataset_sample(trainer->dataset, split->train[i]);
        label[i] = sample->label;
        power[i] = sample->power;
        position[2 * i] = position[2 * i + 1] = NAN;
    }
    if (trainer->inputs.gps_frames == 0)
        return BCUE_OK;
    BCUE_TRY(bcue_loader_begin(trainer->loader, split->train, split->train_count, 256, true,
                               trainer->member.seed, 0, error));
    for (size_t done = 0; done < split->train_count;) {
        bcue_batch batch;
        BCUE_TRY(bcue_loader_next(trainer->loader, &batch, error));
        for (size_t i = 0; i < batch.count; i++)
            bcue_batch_position(&batch, trainer->inputs.gps_frames, i, position + 2 * (done + i));
        if (batch.count == 0)
            return bcue_fail(error, BCUE_ERROR_INTERNAL, "the loader ended early");
        done += batch.count;
    }
    return BCUE_OK;
}

static bcue_status fit_table(bcue_trainer *trainer, bcue_error *error)
{
    const size_t count = trainer->split.train_count;
    float *position = bcue_calloc(count, 2 * sizeof *position);
    int32_t *label = bcue_calloc(count, sizeof *label);
    const double **power = bcue_calloc(count, sizeof *power);
    bcue_status status = position == NULL || label == NULL || power == NULL
                             ? bcue_fail_memory(error, "the training samples")
                             : gather_table_samples(trainer, position, label, power, error);
    if (status == BCUE_OK) {
        const bcue_table_samples samples = {count, trainer->inputs.gps_frames > 0 ? position : NULL, label,
                                            power};
        status = bcue_table_fit(&trainer->run->model, trainer->inputs.beams, &samples,
                                &trainer->state.weights, error);
    }
    free(position);
    free(label);
    free(power);
    return status;
}

/* ---- networks
 * --------------------------------------------------------------------------------------------------------------------
 */

static bcue_status take_initial_weights(bcue_trainer *trainer, bcue_error *error)
{
    const char *path = trainer->run->train.init;
    if (path == NULL)
        return BCUE_OK;
    bcue_model_file model;
    BCUE_TRY(bcue_model_file_read(path, &model, error));
    bcue_status status = BCUE_OK;
    bcue_weights *weights = &trainer->state.weights;
    if (model.weights.count != weights->count)
        status = bcue_fail(
            error, BCUE_ERROR_DATA,
            "%s: has %d tensors, this model has %d; train.init needs a model of the same configuration", path,
            model.weights.count, weights->count);
    for (int32_t i = 0; status == BCUE_OK && i < weights->count; i++) {
        const bcue_tensor *from = &model.weights.tensors[i];
        if (strcmp(model.weights.names[i], weights->names[i]) != 0 ||
            !bcue_shape_equal(&from->shape, &weights->tensors[i].shape))
            status = bcue_fail(error, BCUE_ERROR_DATA,
                               "%s: tensor '%s' does not fit '%s' of this model; train.init needs a model of "
                               "the same configuration",
                               path, model.weights.names[i], weights->names[i]);
        else
            memcpy(weights->tensors[i].data, from->data, bcue_tensor_size(from));
    }
    bcue_model_file_free(&model);
    return status;
}

static bool in_branch(const char *name, const char *branch)
{
    const size_t size = strlen(branch);
    return strncmp(name, branch, size) == 0 && (name[size] == '.' || name[size] == '\0');
}

/* Marks the parameters of the branches in train.freeze, batch-norm statistics included: a frozen branch
   computes what it computed in the model that it came from. */
static bcue_status mark_frozen(bcue_trainer *trainer, bcue_error *error)
{
    const bcue_weights *weights = &trainer->state.weights;
    const bcue_string_list *freeze = &trainer->run->train.freeze;
    int32_t left = weights->count;
    trainer->frozen = bcue_calloc((size_t)weights->count, sizeof *trainer->frozen);
    if (trainer->frozen == NULL)
        return bcue_fail_memory(error, "the frozen parameters");
    for (size_t f = 0; f < freeze->count; f++) {
        bool any = false;
        for (int32_t i = 0; i < weights->count; i++) {
            if (!in_branch(weights->names[i], freeze->items[f]))
                continue;
            left -= !trainer->frozen[i];
            any = trainer->frozen[i] = true;
        }
        if (!any)
            return bcue_fail(
                error, BCUE_ERROR_CONFIG,
                "train.freeze: no parameter is in a branch '%s'; 'beamcue info MODEL' lists the branches",
                freeze->items[f]);
    }
    if (left == 0)
        return bcue_fail(
            error, BCUE_ERROR_CONFIG,
            "train.freeze: every parameter is frozen, so there is nothing to train; name fewer branches");
    return BCUE_OK;
}

static bcue_status plan_training(bcue_trainer *trainer, bcue_train_plan *made, bcue_error *error)
{
    const bcue_plan_options options = {.engine = (bcue_engine)trainer->run->train.engine,
                                       .dtype = BCUE_F32,
                                       .training = true,
                                       .frozen = trainer->frozen};
    BCUE_TRY(bcue_plan_create(made->graph, &trainer->state.weights, &options, &made->plan, error));
    const int32_t count = bcue_graph_parameter_count(made->graph);
    made->gradients = bcue_calloc((size_t)count, sizeof *made->gradients);
    if (made->gradients == NULL)
        return bcue_fail_memory(error, "the gradients");
    for (int32_t i = 0; i < count; i++)
        made->gradients[i] = bcue_plan_gradient(made->plan, i);
    return BCUE_OK;
}

/* The plan for the last batch of an epoch, which holds what is left. */
static bcue_status plan_tail(bcue_trainer *trainer, int64_t left, bcue_error *error)
{
    if (left == 0)
        return BCUE_OK;
    BCUE_TRY(bcue_model_build(&trainer->run->model, &trainer->inputs, left, &trainer->tail.graph, error));
    bcue_status status = plan_training(trainer, &trainer->tail, error);
    if (status == BCUE_ERROR_SHAPE)
        status = bcue_fail_context(
            error, status,
            "the last batch of an epoch would hold only %lld of %zu samples; set another train.batch",
            (long long)left, trainer->split.train_count);
    return status;
}

static bcue_status make_state(bcue_trainer *trainer, bcue_error *error)
{
    bcue_train_state *state = &trainer->state;
    BCUE_TRY(
        bcue_weights_create(trainer->full.graph, BCUE_F32, trainer->member.seed, &state->weights, error));
    BCUE_TRY(take_initial_weights(trainer, error));
    BCUE_TRY(mark_frozen(trainer, error));
    BCUE_TRY(bcue_optimizer_create(&trainer->run->train.optimizer, trainer->full.graph, trainer->frozen,
                                   &state->optimizer, error));
    state->best_metric = -1e300;
    return bcue_weights_copy(&state->weights, BCUE_F32, &state->best, error);
}

static bcue_status prepare_network(bcue_trainer *trainer, bcue_error *error)
{
    const bcue_train_config *train = &trainer->run->train;
    const int64_t count = (int64_t)trainer->split.train_count;
    trainer->batch_size = train->batch < count ? train->batch : count;
    trainer->steps_per_epoch = (count + trainer->batch_size - 1) / trainer->batch_size;
    BCUE_TRY(bcue_model_build(&trainer->run->model, &trainer->inputs, trainer->batch_size,
                              &trainer->full.graph, error));
    (void)bcue_limit_threads(bcue_useful_threads(trainer->full.graph));
    BCUE_TRY(make_state(trainer, error));
    BCUE_TRY(plan_training(trainer, &trainer->full, error));
    BCUE_TRY(plan_tail(trainer, count % trainer->batch_size, error));
    trainer->order = bcue_calloc(trainer->split.train_count, sizeof *trainer->order);
    trainer->validation_scores =
        bcue_calloc(trainer->split.validation_count, (size_t)trainer->inputs.beams * sizeof(float));
    if (trainer->order == NULL || trainer->validation_scores == NULL)
        return bcue_fail_memory(error, "training");
    if (trainer->split.validation_count == 0)
        return BCUE_OK;
    const bcue_scorer_options options = {.engine = (bcue_engine)train->engine,
                                         .loader_threads = (int)train->loader_threads};
    return bcue_scorer_create(&trainer->run->model, &trainer->inputs, &trainer->state.weights,
                              trainer->dataset, &trainer->features, &options, trainer->hooks,
                              &trainer->scorer, error);
}

static bcue_status train_step(bcue_trainer *trainer, const bcue_batch *batch, int64_t step, bcue_error *error)
{
    bcue_train_plan *plan = batch->count == (size_t)trainer->batch_size ? &trainer->full : &trainer->tail;
    bcue_train_state *state = &trainer->state;
    bcue_feed_batch(plan->plan, &trainer->inputs, batch, batch->count);
    bcue_plan_set_step(plan->plan, trainer->member.seed, (uint32_t)state->epoch, (uint32_t)step);
    BCUE_TRY(bcue_plan_forward(plan->plan, error));
    const double loss = (double)*(const float *)bcue_plan_output(plan->plan, "loss");
    if (!isfinite(loss))
        return bcue_fail(
            error, BCUE_ERROR_DATA,
            "the loss is not a number in epoch %lld, step %lld; lower train.optimizer.lr or set clip_norm",
            (long long)state->epoch + 1, (long long)step + 1);
    BCUE_TRY(bcue_plan_backward(plan->plan, error));
    const double rate = bcue_learning_rate(&trainer->run->train.optimizer, state->optimizer.steps,
                                           trainer->steps_per_epoch, trainer->run->train.epochs);
    bcue_optimizer_step(&state->optimizer, &state->weights, plan->gradients, rate);
    bcue_plan_weights_changed(trainer->full.plan);
    if (trainer->tail.plan != NULL)
        bcue_plan_weights_changed(trainer->tail.plan);
    state->loss_sum += loss * (double)batch->count;
    state->step_in_epoch = step + 1;
    return BCUE_OK;
}

/* Batch order of an epoch: from (seed, epoch) alone, so that a resumed epoch goes on with the same batches.
 */
static void shuffle_epoch(bcue_trainer *trainer)
{
    const size_t count = trainer->split.train_count;
    memcpy(trainer->order, trainer->split.train, count * sizeof *trainer->order);
    bcue_rng rng =
        bcue_rng_make(trainer->member.seed, BCUE_RNG_SHUFFLE, (uint32_t)trainer->state.epoch, 0, 0);
    bcue_rng_shuffle(&rng, trainer->order, count);
}

static bcue_status stop_here(bcue_trainer *trainer, double started, bcue_error *error)
{
    trainer->state.epoch_seconds += bcue_clock_s() - started;
    BCUE_TRY(bcue_trainer_save(trainer, error));
    return bcue_fail(error, BCUE_ERROR_CANCELLED,
                     "stopped; go on with --set train.resume=true (checkpoint: %s)",
                     trainer->checkpoint_path);
}

static bcue_status run_epoch(bcue_trainer *trainer, double started, bcue_error *error)
{
    bcue_train_state *state = &trainer->state;
    if (state->step_in_epoch == trainer->steps_per_epoch)
        return BCUE_OK; /* resumed where the epoch had only to be scored */
    const size_t first = (size_t)(state->step_in_epoch * trainer->batch_size);
    char what[64];
    snprintf(what, sizeof what, "epoch %lld/%lld", (long long)state->epoch + 1,
             (long long)trainer->run->train.epochs);
    shuffle_epoch(trainer);
    BCUE_TRY(bcue_loader_begin(trainer->loader, trainer->order + first, trainer->split.train_count - first,
                               (size_t)trainer->batch_size, true, trainer->member.seed,
                               (uint32_t)state->epoch, error));
    for (int64_t step = state->step_in_epoch; step < trainer->steps_per_epoch; step++) {
        if (bcue_cancelled(trainer->hooks))
            return stop_here(trainer, started, error);
        bcue_batch batch;
        BCUE_TRY(bcue_loader_next(trainer->loader, &batch, error));
        BCUE_TRY(train_step(trainer, &batch, step, error));
        bcue_progress(trainer->hooks, what, (uint64_t)(step + 1), (uint64_t)trainer->steps_per_epoch);
    }
    return BCUE_OK;
}

/* Mean cross-entropy and top-1 of logits (ties: the lower index answers). */
static void score_validation(const bcue_trainer *trainer, double *loss, double *top1)
{
    const int64_t beams = trainer->inputs.beams;
    double loss_sum = 0, hits = 0;
    for (size_t i = 0; i < trainer->split.validation_count; i++) {
        const float *scores = trainer->validation_scores + i * (size_t)beams;
        const int32_t label = bcue_dataset_sample(trainer->dataset, trainer->split.validation[i])->label;
        int64_t best = 0;
        for (int64_t b = 1; b < beams; b++)
            best = scores[b] > scores[best] ? b : best;
        double sum = 0;
        for (int64_t b = 0; b < beams; b++)
            sum += exp((double)scores[b] - (double)scores[best]);
        loss_sum += log(sum) + (double)scores[best] - (double)scores[label];
        hits += best == label;
    }
    *loss = loss_sum / (double)trainer->split.validation_count;
    *top1 = hits / (double)trainer->split.validation_count;
}

static void keep_if_best(bcue_trainer *trainer, double loss, double top1)
{
    bcue_train_state *state = &trainer->state;
    const bool last = trainer->run->train.select == BCUE_SELECT_LAST || trainer->split.validation_count == 0;
    const double metric = last                                             ? (double)state->epoch
                          : trainer->run->train.select == BCUE_SELECT_LOSS ? -loss
                                                                           : top1;
    if (metric <= state->best_metric)
        return;
    state->best_metric = metric;
    state->best_epoch = state->epoch;
    for (int32_t i = 0; i < state->weights.count; i++)
        memcpy(state->best.tensors[i].data, state->weights.tensors[i].data,
               bcue_tensor_size(&state->weights.tensors[i]));
}

static bcue_status end_epoch(bcue_trainer *trainer, double started, bcue_error *error)
{
    bcue_train_state *state = &trainer->state;
    double loss = 0, top1 = 0;
    if (trainer->split.validation_count > 0) {
        BCUE_TRY(bcue_scorer_run(trainer->scorer, trainer->split.validation, trainer->split.validation_count,
                                 trainer->validation_scores, error));
        score_validation(trainer, &loss, &top1);
        if (!isfinite(loss))
            return bcue_fail(error, BCUE_ERROR_DATA,
                             "the validation loss is not a number after epoch %lld; lower train.optimizer.lr",
                             (long long)state->epoch + 1);
    }
    void *grown = state->history;
    if (!bcue_grow(&grown, &state->history_capacity, (size_t)state->epoch + 1, sizeof *state->history))
        return bcue_fail_memory(error, "the training history");
    state->history = grown;
    const double rate = bcue_learning_rate(&trainer->run->train.optimizer, state->optimizer.steps - 1,
                                           trainer->steps_per_epoch, trainer->run->train.epochs);
    const double train_loss = state->loss_sum / (double)trainer->split.train_count;
    state->history[state->epoch] = (bcue_history_row){
        state->epoch + 1, rate, train_loss, loss, top1, state->epoch_seconds + bcue_clock_s() - started};
    state->epoch++;
    state->step_in_epoch = 0;
    state->loss_sum = state->epoch_seconds = 0;
    keep_if_best(trainer, loss, top1);
    bcue_log(trainer->hooks, BCUE_LOG_INFO,
             "epoch %lld: loss %.4f, validation loss %.4f, top-1 %.2f %%, %.1f s", (long long)state->epoch,
             train_loss, loss, 100 * top1, state->history[state->epoch - 1].seconds);
    return BCUE_OK;
}

static bcue_status train_network(bcue_trainer *trainer, bcue_error *error)
{
    const bcue_train_config *train = &trainer->run->train;
    BCUE_TRY(prepare_network(trainer, error));
    if (train->resume)
        BCUE_TRY(bcue_trainer_resume(trainer, error));
    while (trainer->state.epoch < train->epochs) {
        const double started = bcue_clock_s();
        BCUE_TRY(run_epoch(trainer, started, error));
        bcue_status status = end_epoch(trainer, started, error);
        if (status == BCUE_ERROR_CANCELLED)
            return stop_here(trainer, started, error);
        BCUE_TRY(status);
        const int64_t every = train->checkpoint_every;
        if (every > 0 && trainer->state.epoch % every == 0 && trainer->state.epoch < train->epochs)
            BCUE_TRY(bcue_trainer_save(trainer, error));
    }
    BCUE_TRY(bcue_trainer_write_history(trainer, error));
    BCUE_TRY(bcue_trainer_write_model(trainer, &trainer->state.best, error));
    if (unlink(trainer->checkpoint_path) == 0)
        bcue_log(trainer->hooks, BCUE_LOG_DEBUG, "removed %s: the model is complete",
                 trainer->checkpoint_path);
    return BCUE_OK;
}

static bcue_status prepare(bcue_trainer *trainer, const bcue_config *origin, bcue_error *error)
{
    BCUE_TRY(bcue_run_member_split(trainer->run, origin, trainer->dataset, trainer->member, &trainer->split,
                                   error));
    if (trainer->split.train_count == 0)
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "the split leaves no training sample; check split and data.require");
    trainer->features = bcue_features_for(&trainer->run->features, &trainer->run->model);
    BCUE_TRY(bcue_features_fit(trainer->dataset, trainer->split.train, trainer->split.train_count,
                               &trainer->features, error));
    trainer->inputs = bcue_model_inputs_of(trainer->dataset, &trainer->features, &trainer->run->model);
    BCUE_TRY(bcue_trainer_name_files(trainer, error));
    return bcue_loader_create(trainer->dataset, &trainer->features, (int)trainer->run->train.loader_threads,
                              trainer->hooks, &trainer->loader, error);
}

static void summarise(const bcue_trainer *trainer, bool skipped, double started,
                      bcue_training_summary *summary)
{
    const bcue_train_state *state = &trainer->state;
    const int64_t best = state->best_epoch;
    *summary = (bcue_training_summary){
        .model_path = bcue_strdup(trainer->model_path),
        .skipped = skipped,
        .epochs = state->epoch,
        .best_epoch = best,
        .validation_top1 = best > 0 ? state->history[best - 1].validation_top1 : 0,
        .validation_loss = best > 0 ? state->history[best - 1].validation_loss : 0,
        .seconds = bcue_clock_s() - started,
        .train_count = trainer->split.train_count,
        .validation_count = trainer->split.validation_count,
    };
    if (trainer->loader != NULL && summary->seconds > 0)
        summary->wait_share = bcue_loader_wait_s(trainer->loader) / summary->seconds;
    for (int32_t i = 0; i < state->weights.count; i++)
        summary->parameters += bcue_tensor_count(&state->weights.tensors[i]);
}

bcue_status bcue_train_member(const bcue_run_config *run, const bcue_config *origin,
                              const bcue_dataset *dataset, bcue_run_member member, const bcue_hooks *hooks,
                              bcue_training_summary *summary, bcue_error *error)
{
    const double started = bcue_clock_s();
    const int limit = bcue_limit_threads(0);
    bcue_trainer trainer = {.run = run, .dataset = dataset, .hooks = hooks, .member = member};
    *summary = (bcue_training_summary){0};
    bool skipped = false;
    bcue_status status = prepare(&trainer, origin, error);
    if (status == BCUE_OK && run->train.resume && bcue_trainer_finished(&trainer)) {
        skipped = true;
    } else if (status == BCUE_OK && bcue_model_is_table(&run->model)) {
        status = fit_table(&trainer, error);
        if (status == BCUE_OK)
            status = bcue_trainer_write_model(&trainer, &trainer.state.weights, error);
    } else if (status == BCUE_OK) {
        status = train_network(&trainer, error);
    }
    if (status == BCUE_OK) {
        summarise(&trainer, skipped, started, summary);
        if (summary->model_path == NULL)
            status = bcue_fail_memory(error, "the summary");
    }
    free_trainer(&trainer);
    (void)bcue_limit_threads(limit);
    return status;
}

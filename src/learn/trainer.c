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

enum { HISTORY_SECONDS = 2 }; /* short epochs do not write theirs each time */

void bcue_training_summary_free(bcue_training_summary *summary)
{
    free(summary->model_path);
    *summary = (bcue_training_summary){0};
}

static void free_trainer(bcue_trainer *trainer)
{
    bcue_scorer_destroy(trainer->scorer);
    bcue_loader_destroy(trainer->loader);
    bcue_trainer_free_plans(trainer);
    bcue_train_state_free(&trainer->state);
    bcue_distiller_close(&trainer->distiller);
    bcue_model_file_free(&trainer->scaled);
    bcue_split_free(&trainer->split);
    free(trainer->validation_scores);
    free(trainer->order);
    free(trainer->local_order);
    free(trainer->frozen);
    free(trainer->taken);
    free(trainer->checkpoint_path);
    free(trainer->model_path);
    free(trainer->history_path);
    free(trainer->metrics_path);
    free(trainer->best_path);
    free(trainer->diverged_path);
}

/* ---- networks
 * --------------------------------------------------------------------------------------------------------------------
 */

bcue_weights bcue_trainer_model_part(const bcue_trainer *trainer, const bcue_weights *weights)
{
    bcue_weights part = *weights;
    if (trainer->model_parameters > 0 && part.count > trainer->model_parameters)
        part.count = trainer->model_parameters;
    return part;
}

static bool in_branch(const char *name, const char *branch)
{
    const size_t size = strlen(branch);
    return strncmp(name, branch, size) == 0 && (name[size] == '.' || name[size] == '\0');
}

static bool is_statistic(const bcue_graph *graph, int32_t parameter)
{
    return bcue_graph_value(graph, bcue_graph_parameter_value(graph, parameter))->spec.running;
}

/* Marks the parameters of the branches in train.freeze, batch-norm statistics included: a frozen branch
   computes what it computed in the model that it came from. With bn: frozen the statistics of all. */
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
    for (int32_t i = 0; i < weights->count && trainer->run->train.bn == BCUE_BN_FROZEN; i++)
        trainer->frozen[i] = trainer->frozen[i] || is_statistic(trainer->plans[0].graph, i);
    for (int32_t i = 0; i < weights->count; i++)
        if (trainer->frozen[i] && !trainer->taken[i])
            return bcue_fail(error, BCUE_ERROR_DATA,
                             "%s: has no tensor '%s', which is frozen; freeze only what the file holds",
                             trainer->run->train.init, weights->names[i]);
    if (left == 0)
        return bcue_fail(
            error, BCUE_ERROR_CONFIG,
            "train.freeze: every parameter is frozen, so there is nothing to train; name fewer branches");
    return BCUE_OK;
}

static bcue_status make_state(bcue_trainer *trainer, bcue_error *error)
{
    bcue_train_state *state = &trainer->state;
    const bcue_graph *graph = trainer->plans[0].graph;
    BCUE_TRY(bcue_weights_create(graph, BCUE_F32, trainer->member.seed, &state->weights, error));
    BCUE_TRY(bcue_trainer_take_initial_weights(trainer, error));
    BCUE_TRY(mark_frozen(trainer, error));
    BCUE_TRY(bcue_optimizer_create(&trainer->run->train.optimizer, graph, trainer->frozen, &state->optimizer,
                                   error));
    state->best_metric = -1e300;
    if (trainer->run->train.ema > 0)
        BCUE_TRY(bcue_weights_copy(&state->weights, BCUE_F32, &state->ema, error));
    return bcue_weights_copy(&state->weights, BCUE_F32, &state->best, error);
}

static bcue_status make_scorer(bcue_trainer *trainer, bcue_error *error)
{
    const bcue_train_config *train = &trainer->run->train;
    const bcue_scorer_options options = {.engine = (bcue_engine)train->engine,
                                         .loader_threads = (int)train->loader_threads,
                                         .int8 = trainer->scaled.int8,
                                         .rounded = true};
    if (trainer->split.validation_count == 0)
        return BCUE_OK;
    trainer->shown = bcue_trainer_model_part(trainer, bcue_trainer_kept_weights(trainer));
    return bcue_scorer_create(&trainer->run->model, &trainer->inputs, &trainer->shown, trainer->dataset,
                              &trainer->features, &options, trainer->hooks, &trainer->scorer, error);
}

enum { PROJECTION_PARAMETERS = 2 }; /* weight and bias */

static bcue_status open_teacher(bcue_trainer *trainer, const bcue_config *origin, bcue_error *error)
{
    char seen[17];
    trainer->loss = trainer->run->train.loss;
    trainer->loss.external = false; /* these two are no keys of a configuration */
    trainer->loss.projected = 0;
    bcue_split_seen_hash(trainer->dataset, &trainer->split, seen);
    if (trainer->run->distill.teacher != NULL && trainer->ranks->count > 1)
        return bcue_fail(error, BCUE_ERROR_UNSUPPORTED,
                         "distillation runs in one process: relations are between all samples of a batch");
    return bcue_distiller_open(trainer->run, origin, trainer->dataset, &trainer->inputs, seen, trainer->hooks,
                               &trainer->distiller, &trainer->loss, error);
}

static bcue_status prepare_network(bcue_trainer *trainer, const bcue_config *origin, bcue_error *error)
{
    const bcue_train_config *train = &trainer->run->train;
    const int64_t count = (int64_t)trainer->split.train_count;
    trainer->batch_size = train->batch < count ? train->batch : count;
    trainer->steps_per_epoch = (count + trainer->batch_size - 1) / trainer->batch_size;
    BCUE_TRY(open_teacher(trainer, origin, error));
    BCUE_TRY(bcue_trainer_take_scales(trainer, error));
    BCUE_TRY(bcue_trainer_build_graphs(trainer, error));
    trainer->model_parameters = bcue_graph_parameter_count(trainer->plans[0].graph) -
                                (trainer->loss.projected > 0 ? PROJECTION_PARAMETERS : 0);
    (void)bcue_limit_threads(bcue_useful_threads(trainer->plans[0].graph));
    BCUE_TRY(make_state(trainer, error));
    BCUE_TRY(make_scorer(trainer, error));
    BCUE_TRY(bcue_trainer_count_memory(trainer, error));
    BCUE_TRY(bcue_trainer_make_plans(trainer, error));
    trainer->order = bcue_calloc(trainer->split.train_count, sizeof *trainer->order);
    trainer->local_order = bcue_calloc(trainer->split.train_count, sizeof *trainer->local_order);
    trainer->validation_scores =
        bcue_calloc(trainer->split.validation_count, (size_t)trainer->inputs.beams * sizeof(float));
    if (trainer->order == NULL || trainer->local_order == NULL || trainer->validation_scores == NULL)
        return bcue_fail_memory(error, "training");
    if (trainer->distiller.config != NULL)
        bcue_trainer_score_teacher(trainer);
    trainer->saved_s = bcue_clock_s();
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

/* This rank's parts of the batches from `step` on; returns how many samples they are. */
static size_t take_own_parts(bcue_trainer *trainer, int64_t step)
{
    size_t taken = 0;
    for (; step < trainer->steps_per_epoch; step++) {
        size_t begin, end;
        (void)bcue_trainer_step_samples(trainer, step, &begin, &end);
        memcpy(trainer->local_order + taken, trainer->order + (size_t)(step * trainer->batch_size) + begin,
               (end - begin) * sizeof *trainer->order);
        taken += end - begin;
    }
    return taken;
}

/* Has somebody asked to stop? All ranks get the same answer. */
static bool should_stop(const bcue_trainer *trainer)
{
    double asked = bcue_cancelled(trainer->hooks) ? 1 : 0;
    bcue_ranks_sum_f64(trainer->ranks, &asked, 1);
    return asked > 0;
}

static bcue_status stop_here(bcue_trainer *trainer, double started, bcue_error *error)
{
    trainer->state.epoch_seconds += bcue_clock_s() - started;
    BCUE_TRY(bcue_trainer_save(trainer, error));
    return bcue_fail(error, BCUE_ERROR_CANCELLED,
                     "stopped; go on with --set train.resume=true (checkpoint: %s)",
                     trainer->checkpoint_path);
}

/* A run that is killed between two checkpoints loses what came after the first. */
static bcue_status save_if_due(bcue_trainer *trainer, double started, bcue_error *error)
{
    const double minutes = trainer->run->train.checkpoint_minutes, now = bcue_clock_s();
    if (minutes <= 0 || now - trainer->saved_s < 60 * minutes)
        return BCUE_OK;
    const double before = trainer->state.epoch_seconds;
    trainer->state.epoch_seconds += now - started;
    bcue_status status = bcue_trainer_save(trainer, error);
    trainer->state.epoch_seconds = before;
    return status;
}

static bcue_status run_epoch(bcue_trainer *trainer, double started, bcue_error *error)
{
    bcue_train_state *state = &trainer->state;
    if (state->step_in_epoch == trainer->steps_per_epoch)
        return BCUE_OK; /* resumed where the epoch had only to be scored */
    char what[64];
    snprintf(what, sizeof what, "epoch %lld/%lld", (long long)state->epoch + 1,
             (long long)trainer->run->train.epochs);
    shuffle_epoch(trainer);
    BCUE_TRY(bcue_loader_begin(trainer->loader, trainer->local_order,
                               take_own_parts(trainer, state->step_in_epoch), (size_t)trainer->local_batch,
                               true, trainer->member.seed, (uint32_t)state->epoch, error));
    for (int64_t step = state->step_in_epoch; step < trainer->steps_per_epoch; step++) {
        if (should_stop(trainer))
            return stop_here(trainer, started, error);
        bcue_batch batch;
        BCUE_TRY(bcue_loader_next(trainer->loader, &batch, error));
        BCUE_TRY(bcue_trainer_step(trainer, &batch, step, error));
        BCUE_TRY(save_if_due(trainer, started, error));
        bcue_progress(trainer->hooks, what, (uint64_t)(step + 1), (uint64_t)trainer->steps_per_epoch);
    }
    return BCUE_OK;
}

static void log_epoch(const bcue_trainer *trainer, const bcue_history_row *row)
{
    char judged[96] = "", dba[32] = "";
    if (row->validation_dba >= 0)
        snprintf(dba, sizeof dba, ", DBA %.3f", row->validation_dba);
    if (trainer->split.validation_count > 0)
        snprintf(judged, sizeof judged, ", validation loss %.4f, top-1 %.2f %%%s", row->validation_loss,
                 100 * row->validation_top1, dba);
    bcue_log(trainer->hooks, BCUE_LOG_INFO, "epoch %lld: loss %.4f%s, %.1f s", (long long)row->epoch,
             row->train_loss, judged, row->seconds);
}

/* A line of the live table: the student beside its teacher. */
static void log_both(const bcue_trainer *trainer, const bcue_history_row *row)
{
    const bcue_history_row *teacher = &trainer->teacher_row;
    if (row->epoch == 1)
        bcue_log(trainer->hooks, BCUE_LOG_INFO,
                 "epoch     loss |    student: top-1     MPR   below best |    teacher: top-1     MPR   "
                 "below best");
    bcue_log(trainer->hooks, BCUE_LOG_INFO,
             "%5lld %8.4f |          %6.2f %%  %6.2f %%  %6.2f dB |          %6.2f %%  %6.2f %%  %6.2f dB",
             (long long)row->epoch, row->train_loss, 100 * row->validation_top1, 100 * row->validation_mpr,
             row->validation_below_db, 100 * teacher->validation_top1, 100 * teacher->validation_mpr,
             teacher->validation_below_db);
}

static bcue_status end_epoch(bcue_trainer *trainer, double started, bcue_error *error)
{
    bcue_train_state *state = &trainer->state;
    bcue_history_row row = {.epoch = state->epoch + 1};
    BCUE_TRY(bcue_trainer_validate(trainer, &row, error));
    void *grown = state->history;
    if (!bcue_grow(&grown, &state->history_capacity, (size_t)state->epoch + 1, sizeof *state->history))
        return bcue_fail_memory(error, "the training history");
    state->history = grown;
    row.learning_rate = bcue_learning_rate(&trainer->run->train.optimizer, state->optimizer.steps - 1,
                                           trainer->steps_per_epoch, trainer->run->train.epochs);
    row.train_loss = state->loss_sum / (double)trainer->split.train_count;
    row.gradient_norm = state->norm_sum / (double)trainer->steps_per_epoch;
    row.seconds = state->epoch_seconds + bcue_clock_s() - started;
    state->history[state->epoch++] = row;
    state->step_in_epoch = 0;
    state->loss_sum = state->norm_sum = state->epoch_seconds = 0;
    bcue_trainer_keep_if_best(trainer, &row);
    if (trainer->distiller.config != NULL)
        log_both(trainer, &row);
    else
        log_epoch(trainer, &row);
    return bcue_clock_s() - trainer->written_s > HISTORY_SECONDS ? bcue_trainer_write_history(trainer, error)
                                                                 : BCUE_OK;
}

static bcue_status train_network(bcue_trainer *trainer, const bcue_config *origin, bcue_error *error)
{
    const bcue_train_config *train = &trainer->run->train;
    BCUE_TRY(prepare_network(trainer, origin, error));
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
    BCUE_TRY(bcue_trainer_write_model(trainer, &trainer->state.best, trainer->model_path, error));
    if (trainer->ranks->rank > 0)
        return BCUE_OK;
    if (unlink(trainer->checkpoint_path) == 0)
        bcue_log(trainer->hooks, BCUE_LOG_DEBUG, "removed %s: the model is complete",
                 trainer->checkpoint_path);
    (void)unlink(trainer->best_path);
    return BCUE_OK;
}

/* A sensor that no training sample has would be learned as zeros. */
static bcue_status check_sensors(const bcue_trainer *trainer, bcue_error *error)
{
    static const char *const what[BCUE_INPUT_COUNT] = {"a picture", "a LiDAR frame", "a radar frame",
                                                       "a position", "the vehicles' positions"};
    const bcue_split *split = &trainer->split;
    for (int m = 0; m < BCUE_INPUT_COUNT; m++) {
        bool any = !bcue_model_needs(&trainer->run->model, (bcue_model_input)m);
        for (size_t i = 0; i < split->train_count && !any; i++)
            any = bcue_sample_has(trainer->dataset, bcue_dataset_sample(trainer->dataset, split->train[i]),
                                  (bcue_modality)m);
        if (!any)
            return bcue_fail(error, BCUE_ERROR_DATA,
                             "the model reads %s, but none of the %zu training samples has %s in its newest "
                             "frame; take %s out of the model (model.modalities, or another model.kind), or "
                             "say in data.sources which column holds it",
                             bcue_model_input_names[m], split->train_count, what[m],
                             bcue_model_input_names[m]);
    }
    return BCUE_OK;
}

static bcue_status prepare(bcue_trainer *trainer, const bcue_config *origin, bcue_error *error)
{
    BCUE_TRY(bcue_run_member_split(trainer->run, origin, trainer->dataset, trainer->member, &trainer->split,
                                   error));
    if (trainer->split.train_count == 0)
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "the split leaves no training sample; check split and data.require");
    BCUE_TRY(check_sensors(trainer, error));
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
        .validation_mpr = best > 0 ? state->history[best - 1].validation_mpr : -1,
        .validation_below_db = best > 0 ? state->history[best - 1].validation_below_db : -1,
        .has_teacher = trainer->distiller.config != NULL,
        .teacher_top1 = trainer->teacher_row.validation_top1,
        .teacher_mpr = trainer->teacher_row.validation_mpr,
        .teacher_below_db = trainer->teacher_row.validation_below_db,
        .teacher_parameters = trainer->distiller.teacher.parameters,
        .seconds = bcue_clock_s() - started,
        .train_count = trainer->split.train_count,
        .validation_count = trainer->split.validation_count,
    };
    if (trainer->loader != NULL && summary->seconds > 0)
        summary->wait_share = bcue_loader_wait_s(trainer->loader) / summary->seconds;
    const bcue_weights part = bcue_trainer_model_part(trainer, &state->weights);
    for (int32_t i = 0; i < part.count; i++)
        summary->parameters += bcue_tensor_count(&part.tensors[i]);
}

bcue_status bcue_train_member(const bcue_run_config *run, const bcue_config *origin,
                              const bcue_dataset *dataset, bcue_run_member member, const bcue_hooks *hooks,
                              bcue_training_summary *summary, bcue_error *error)
{
    return bcue_train_member_on(run, origin, dataset, member, NULL, hooks, summary, error);
}

bcue_status bcue_train_member_on(const bcue_run_config *run, const bcue_config *origin,
                                 const bcue_dataset *dataset, bcue_run_member member, bcue_ranks *ranks,
                                 const bcue_hooks *hooks, bcue_training_summary *summary, bcue_error *error)
{
    const double started = bcue_clock_s();
    const int limit = bcue_limit_threads(0);
    bcue_trainer trainer = {
        .run = run, .dataset = dataset, .hooks = hooks, .member = member, .alone = {.count = 1}};
    trainer.ranks = ranks != NULL ? ranks : &trainer.alone;
    *summary = (bcue_training_summary){0};
    bool skipped = false;
    bcue_status status = prepare(&trainer, origin, error);
    if (status == BCUE_OK && run->train.resume && bcue_trainer_finished(&trainer)) {
        skipped = true;
    } else if (status == BCUE_OK && bcue_model_is_table(&run->model)) {
        status = bcue_trainer_fit_table(&trainer, error);
        if (status == BCUE_OK)
            status = bcue_trainer_write_model(&trainer, &trainer.state.weights, trainer.model_path, error);
    } else if (status == BCUE_OK) {
        status = train_network(&trainer, origin, error);
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

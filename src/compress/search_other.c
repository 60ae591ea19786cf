/* Candidates that are not pruned: the whole model with fewer frames or smaller pictures, fine-tuned from its
   weights, and the dense control, trained from scratch. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/report_hooks.h"
#include "compress/prune_run.h"
#include "compress/search_parts.h"
#include "learn/scorer.h"
#include "learn/trainer.h"
#include "models/refit.h"

enum { LEAST_SIDE = 16, SIDE_STEP = 4, LEAST_WIDTH = 8 /* that model.width may have */ };

static int64_t smaller(int64_t side, double share)
{
    const int64_t made = SIDE_STEP * (int64_t)nearbyint(share * (double)side / SIDE_STEP);
    return made >= LEAST_SIDE ? made : side < LEAST_SIDE ? side : LEAST_SIDE;
}

/* Fewer rows and columns of the same bins, as a cube's transforms do not fit in fewer: the next whole shrink.
 */
static void shrink_radar(bcue_radar_recipe *radar, double pixels)
{
    const int64_t rows = smaller(bcue_radar_rows(radar), pixels);
    while (radar->kind != BCUE_RADAR_HPS && bcue_radar_rows(radar) > rows) {
        const int64_t twice = 2 * (radar->shrink > 1 ? radar->shrink : 1);
        if (radar->height % twice != 0 || radar->width % twice != 0)
            break;
        radar->shrink = twice;
    }
}

/* The configuration that makes and trains the candidate; its strings are the search's. */
static bcue_run_config run_of(const bcue_searcher *s, const bcue_candidate *c)
{
    bcue_run_config run = *s->run;
    run.model = s->whole.config;
    run.seed = (int64_t)s->member.seed;
    run.seeds = 1;
    run.train.init = NULL;
    run.train.freeze.count = 0;
    if (c->kind == BCUE_CANDIDATE_FRAMES) {
        const int64_t behind = (run.data.window.frames - 1) * run.data.window.stride;
        run.data.window.behind = run.data.window.behind > behind ? run.data.window.behind : behind;
        run.data.window.frames = c->frames;
    }
    if (c->kind == BCUE_CANDIDATE_PIXELS) {
        bcue_feature_config *f = &run.features;
        f->camera.width = smaller(f->camera.width, c->pixels);
        f->camera.height = smaller(f->camera.height, c->pixels);
        f->lidar.width = smaller(f->lidar.width, c->pixels);
        f->lidar.height = smaller(f->lidar.height, c->pixels);
        shrink_radar(&f->radar, c->pixels);
    }
    if (c->kind == BCUE_CANDIDATE_DENSE) {
        run.model.width = c->width;
        run.model.pruned = (bcue_section_list){0};
        run.model.embedding = (bcue_int_list){0};
        run.train.epochs = c->epochs;
        return run;
    }
    run.train.epochs = bcue_prune_epochs(s->run, &s->whole.config);
    if (run.prune.lr > 0) {
        run.train.optimizer.lr = run.prune.lr;
        run.train.optimizer.minimum_lr = fmin(run.train.optimizer.minimum_lr, run.prune.lr);
    }
    return run;
}

static bcue_model_inputs inputs_of(const bcue_searcher *s, const bcue_run_config *run)
{
    bcue_model_inputs inputs = bcue_model_inputs_of(s->dataset, &run->features, &run->model);
    inputs.frames = run->data.window.frames;
    return inputs;
}

char *bcue_search_other_folder(const bcue_searcher *s, const bcue_candidate *exact)
{
    char stage[64];
    if (exact->kind == BCUE_CANDIDATE_FRAMES)
        snprintf(stage, sizeof stage, "frames-%lld", (long long)exact->frames);
    else if (exact->kind == BCUE_CANDIDATE_PIXELS)
        snprintf(stage, sizeof stage, "pixels-%g", exact->pixels);
    else
        snprintf(stage, sizeof stage, "dense-%lld-epochs-%lld", (long long)exact->width,
                 (long long)exact->epochs);
    return bcue_search_stage(s, stage);
}

/* Their 8-bit twins are predicted when they are trained: scales come from trained layers. */
static bcue_status screen(bcue_searcher *s, bcue_candidate *exact, bcue_error *error)
{
    const bcue_run_config run = run_of(s, exact);
    const bcue_model_inputs inputs = inputs_of(s, &run);
    return bcue_search_sum_network(s, &run.model, &inputs, NULL, exact, error);
}

bcue_status bcue_search_add_others(bcue_searcher *s, bcue_error *error)
{
    const bcue_compress_config *config = &s->run->compress;
    for (size_t i = 0; i < config->frames.count; i++) {
        const int64_t frames = config->frames.items[i];
        if (frames >= s->whole.inputs.frames)
            return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                             "compress.frames: %lld is not fewer than the %lld of the model",
                             (long long)frames, (long long)s->whole.inputs.frames);
        bcue_candidate *exact = bcue_search_new(s, BCUE_CANDIDATE_FRAMES, BCUE_CANDIDATE_SCREENED);
        for (int k = 0; k < (s->search->int8 ? 2 : 1); k++)
            exact[k].frames = frames;
        BCUE_TRY(screen(s, exact, error));
    }
    for (size_t i = 0; i < config->pixels.count; i++) {
        bcue_candidate *exact = bcue_search_new(s, BCUE_CANDIDATE_PIXELS, BCUE_CANDIDATE_SCREENED);
        for (int k = 0; k < (s->search->int8 ? 2 : 1); k++)
            exact[k].pixels = config->pixels.items[i];
        BCUE_TRY(screen(s, exact, error));
    }
    return BCUE_OK;
}

/* The whole model's weights, refitted, as FOLDER/refit.safetensors. */
static bcue_status write_initial(const bcue_searcher *s, const bcue_run_config *run, const char *path,
                                 bcue_error *error)
{
    const bcue_model_inputs inputs = inputs_of(s, run);
    bcue_weights refit;
    BCUE_TRY(bcue_model_refit(&run->model, &s->whole.inputs, &s->whole.weights, &inputs, &refit, error));
    bcue_named_tensor *tensors = bcue_calloc((size_t)refit.count, sizeof *tensors);
    for (int32_t i = 0; tensors != NULL && i < refit.count; i++)
        tensors[i] = (bcue_named_tensor){.name = refit.names[i], .tensor = &refit.tensors[i]};
    const bcue_status status =
        tensors == NULL ? bcue_fail_memory(error, path)
                        : bcue_safetensors_write(path, tensors, (size_t)refit.count, NULL, 0, error);
    free(tensors);
    bcue_weights_free(&refit);
    return status;
}

/* Trains in exact->folder, on the data of `there`. */
static bcue_status train(const bcue_searcher *there, bcue_run_config *run, const bcue_candidate *exact,
                         bcue_error *error)
{
    bcue_training_summary summary;
    bcue_text name = {0};
    char label[64];
    char *init = bcue_path_join(exact->folder, "refit.safetensors");
    bcue_candidate_name(exact, label, sizeof label);
    bcue_text_printf(&name, "%s: %s", there->run->name, label);
    bcue_status status = init == NULL || name.failed ? bcue_fail_memory(error, "compressing") : BCUE_OK;
    run->out = exact->folder;
    run->name = name.data;
    run->train.resume = true;
    if (status == BCUE_OK)
        status = bcue_make_dirs(exact->folder, error);
    if (status == BCUE_OK && exact->kind != BCUE_CANDIDATE_DENSE) {
        status = write_initial(there, run, init, error);
        run->train.init = init;
    }
    if (status == BCUE_OK)
        status = bcue_train_member(run, there->origin, there->dataset, there->member, there->hooks, &summary,
                                   error);
    if (status == BCUE_OK) {
        bcue_training_summary_free(&summary);
        status = bcue_run_config_write(run, "config.yaml",
                                       "A candidate of 'beamcue compress': 'beamcue evaluate' with this file "
                                       "scores it.",
                                       NULL, error);
    }
    run->name = there->run->name;
    run->train.init = NULL;
    bcue_text_free(&name);
    free(init);
    return status;
}

/* On the candidate's own data set, whose samples have to be those of the search. */
static bcue_status train_and_take(bcue_searcher *there, bcue_run_config *run, bcue_candidate *exact,
                                  const char *seen_hash, bcue_error *error)
{
    bool failed, finished = bcue_search_is_finished(exact->folder, &failed);
    bcue_candidate_state state = BCUE_CANDIDATE_TUNED;
    if (failed)
        return bcue_fail_memory(error, "compressing");
    bcue_split_seen_hash(there->dataset, &there->split, there->seen_hash);
    if (exact->kind == BCUE_CANDIDATE_FRAMES && strcmp(there->seen_hash, seen_hash) != 0) {
        bcue_log(there->hooks, BCUE_LOG_WARNING,
                 "%lld frames: other samples would train than of the whole model (data.require?); not tried",
                 (long long)exact->frames);
        state = BCUE_CANDIDATE_OTHER_DATA;
    } else {
        if (!finished)
            BCUE_TRY(train(there, run, exact, error));
        there->run = run;
        BCUE_TRY(bcue_search_take_trained(there, exact, error));
    }
    for (int i = 0; i < (there->search->int8 ? 2 : 1); i++)
        exact[i].state = state;
    return BCUE_OK;
}

bcue_status bcue_search_tune_other(bcue_searcher *s, bcue_candidate *exact, bcue_error *error)
{
    bcue_run_config run = run_of(s, exact);
    bcue_searcher there = *s;
    bcue_dataset *own = NULL;
    free(exact->folder);
    exact->folder = bcue_search_other_folder(s, exact);
    if (exact->folder == NULL)
        return bcue_fail_memory(error, "compressing");
    there.split = (bcue_split){0};
    run.out = exact->folder;
    bcue_status status = BCUE_OK;
    if (exact->kind == BCUE_CANDIDATE_FRAMES)
        status = bcue_dataset_open(&run.data, s->origin, s->hooks, &own, error);
    if (own != NULL)
        there.dataset = own;
    if (status == BCUE_OK)
        status = bcue_run_member_split(&run, s->origin, there.dataset, s->member, &there.split, error);
    if (status == BCUE_OK)
        status = train_and_take(&there, &run, exact, s->seen_hash, error);
    s->table.changed = there.table.changed;
    bcue_split_free(&there.split);
    bcue_dataset_destroy(own);
    return status;
}

/* Can a network be made so narrow, and has it widths at all? */
static int64_t width_step(const bcue_model_config *config)
{
    return config->kind == BCUE_MODEL_BEAMTRANSFUSER && config->heads > 4 ? config->heads : 4;
}

bcue_status bcue_search_add_dense(bcue_searcher *s, const bcue_candidate *best, bcue_error *error)
{
    const bcue_model_config *config = &s->whole.config;
    /* Equal in f32, as the dense one has no scales of 8 bits before it is trained. */
    const double most_ms = (best->int8 ? best - 1 : best)->layers_ms;
    const int64_t step = width_step(config);
    int64_t width = (config->width - 1) / step * step;
    bcue_candidate *exact = bcue_search_new(s, BCUE_CANDIDATE_DENSE, BCUE_CANDIDATE_SCREENED);
    for (; width >= LEAST_WIDTH; width -= step) {
        for (int i = 0; i < (s->search->int8 ? 2 : 1); i++) {
            exact[i].width = width;
            exact[i].epochs = s->run->train.epochs + bcue_prune_epochs(s->run, config);
        }
        BCUE_TRY(screen(s, exact, error));
        if (exact->layers_ms <= most_ms) {
            s->search->dense = exact - s->search->items;
            return BCUE_OK;
        }
    }
    s->search->count -= s->search->int8 ? 2 : 1;
    s->search->no_narrower = true;
    return BCUE_OK;
}

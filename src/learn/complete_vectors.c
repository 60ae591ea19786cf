#include "learn/complete_vectors.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/report_hooks.h"
#include "models/map_completion.h"

enum { BATCH = BCUE_SCORER_BATCH, SLOTS = BCUE_INPUT_POSITION + 1 };

static int64_t bits_of(unsigned set)
{
    int64_t count = 0;
    for (; set != 0; set &= set - 1)
        count++;
    return count;
}

size_t bcue_gap_patterns(unsigned seen, int64_t most, unsigned missing[BCUE_GAP_PATTERNS])
{
    size_t count = 0;
    for (int64_t size = 1; size <= most; size++) {
        for (unsigned set = 1; set < 1U << SLOTS; set++) {
            if (bits_of(set) == size && (set & ~seen) == 0 && set != seen)
                missing[count++] = set;
        }
    }
    return count;
}

static bcue_status plan_net(const bcue_model_file *file, bcue_engine engine, bcue_gap_net *net,
                            bcue_error *error)
{
    const bcue_weights *sets[] = {&file->weights, &file->generator};
    bcue_plan_options options = {.engine = engine, .dtype = BCUE_F32};
    bcue_int8_input *int8 = NULL;
    BCUE_TRY(bcue_weights_select(net->graph, sets, 2, &net->weights, error));
    if (file->int8 != NULL && engine == BCUE_ENGINE_ONEDNN)
        BCUE_TRY(bcue_int8_scales_apply(file->int8, net->graph, &int8, error));
    options.int8 = int8;
    const bcue_status status = bcue_plan_create(net->graph, &net->weights, &options, &net->plan, error);
    free(int8);
    return status;
}

bcue_status bcue_gap_net_open(const bcue_model_file *file, const bcue_model_gap *gap, bcue_engine engine,
                              int64_t batch, bcue_gap_net *net, bcue_error *error)
{
    *net = (bcue_gap_net){0};
    if (file->config.kind != BCUE_MODEL_BEAMTRANSFUSER && gap->missing == 0)
        BCUE_TRY(bcue_model_build(&file->config, &file->inputs, batch, &net->graph, error));
    else
        BCUE_TRY(bcue_model_build_gap(&file->config, &file->inputs, gap, batch, BCUE_FORM_WHOLE, &net->graph,
                                      error));
    return plan_net(file, engine, net, error);
}

bcue_status bcue_generator_net_open(const bcue_model_file *file, int stand_in, unsigned missing,
                                    bcue_engine engine, int64_t batch, bcue_gap_net *net, bcue_error *error)
{
    *net = (bcue_gap_net){0};
    BCUE_TRY(stand_in == BCUE_STAND_IN_MAP
                 ? bcue_map_completion_build(file->completion, &file->config, &file->inputs, missing, batch,
                                             &net->graph, error)
                 : bcue_completion_build_generator(file->completion, &file->config, &file->inputs, missing,
                                                   batch, &net->graph, error));
    return plan_net(file, engine, net, error);
}

void bcue_gap_net_close(bcue_gap_net *net)
{
    bcue_plan_destroy(net->plan);
    bcue_graph_destroy(net->graph);
    bcue_weights_release(&net->weights);
    *net = (bcue_gap_net){0};
}

int64_t bcue_gap_numbers(const bcue_branch_vectors *sizes, int m)
{
    return sizes->rows[m] * sizes->width;
}

static bcue_status reserve(bcue_gap_vectors *v, bcue_error *error)
{
    for (int m = 0; m < SLOTS; m++) {
        if ((v->sizes.seen & 1U << m) == 0)
            continue;
        for (size_t p = 0; p < v->patterns; p++) {
            if ((v->missing[p] & 1U << m) != 0)
                continue;
            v->data[p][m] = bcue_calloc(v->rows, (size_t)bcue_gap_numbers(&v->sizes, m) * sizeof(float));
            if (v->data[p][m] == NULL)
                return bcue_fail_memory(error, "the vectors of the branches");
        }
    }
    return BCUE_OK;
}

static void keep_vectors(bcue_gap_vectors *v, size_t pattern, const bcue_gap_net *net, size_t first,
                         size_t count)
{
    for (int m = 0; m < SLOTS; m++) {
        const size_t numbers = (size_t)bcue_gap_numbers(&v->sizes, m);
        if (v->data[pattern][m] != NULL)
            memcpy(v->data[pattern][m] + first * numbers,
                   bcue_plan_output(net->plan, bcue_model_vectors_name((bcue_model_input)m)),
                   count * numbers * sizeof(float));
    }
}

static bcue_status run_all(bcue_score_session *session, bcue_gap_net *nets, bcue_loader *loader,
                           const bcue_hooks *hooks, bcue_gap_vectors *v, bcue_error *error)
{
    for (size_t done = 0; done < v->rows;) {
        bcue_batch batch;
        BCUE_TRY(bcue_loader_next(loader, &batch, error));
        if (batch.count == 0)
            return bcue_fail(error, BCUE_ERROR_INTERNAL, "the loader ended after %zu of %zu samples", done,
                             v->rows);
        if (bcue_cancelled(hooks))
            return bcue_fail(error, BCUE_ERROR_CANCELLED, "stopped while running the branches");
        for (size_t p = 0; p < v->patterns; p++) {
            bcue_feed_batch(nets[p].plan, &session->model.inputs, &batch, BATCH);
            BCUE_TRY(bcue_plan_forward(nets[p].plan, error));
            keep_vectors(v, p, &nets[p], done, batch.count);
        }
        done += batch.count;
    }
    return BCUE_OK;
}

bcue_status bcue_gap_vectors_collect(bcue_score_session *session, const bcue_score_job *job,
                                     const size_t *samples, size_t count, int64_t most,
                                     const bcue_hooks *hooks, bcue_gap_vectors *v, bcue_error *error)
{
    bcue_gap_net nets[BCUE_GAP_PATTERNS + 1] = {{0}};
    bcue_loader *loader = NULL;
    const bcue_model_file *file = &session->model;
    *v = (bcue_gap_vectors){.sizes = bcue_branch_vectors_of(&file->config, &file->inputs), .rows = count};
    v->patterns = 1 + bcue_gap_patterns(v->sizes.seen, most, v->missing + 1);
    bcue_status status = reserve(v, error);
    for (size_t p = 0; status == BCUE_OK && p < v->patterns; p++) {
        const bcue_model_gap gap = {.missing = v->missing[p], .show = true};
        status = bcue_gap_net_open(file, &gap, (bcue_engine)job->train->engine, BATCH, &nets[p], error);
    }
    const bcue_feature_config used = bcue_features_for(&session->features, &file->config);
    if (status == BCUE_OK)
        status =
            bcue_loader_create(job->dataset, &used, (int)job->train->loader_threads, hooks, &loader, error);
    if (status == BCUE_OK)
        status = bcue_loader_begin(loader, samples, count, BATCH, false, 0, 0, error);
    if (status == BCUE_OK)
        status = run_all(session, nets, loader, hooks, v, error);
    bcue_loader_destroy(loader);
    for (size_t p = 0; p < v->patterns; p++)
        bcue_gap_net_close(&nets[p]);
    if (status != BCUE_OK)
        bcue_gap_vectors_free(v);
    return status;
}

void bcue_gap_vectors_free(bcue_gap_vectors *v)
{
    for (int m = 0; m < BCUE_INPUT_COUNT; m++) {
        for (size_t p = 0; p < v->patterns; p++)
            free(v->data[p][m]);
    }
    *v = (bcue_gap_vectors){0};
}

#include "learn/insight.h"

#include <math.h>
#include <stdlib.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/report_hooks.h"

/* While the network runs. */
typedef struct looker {
    bcue_insight *insight;
    bool off;        /* not in this pass */
    double *scratch; /* tokens */
    double *received;
    bool failed; /* no memory */
} looker;

/* Maps are of rows that are spread evenly. */
static size_t map_count(const bcue_insight *insight)
{
    return insight->rows < BCUE_INSIGHT_MAPS ? insight->rows : BCUE_INSIGHT_MAPS;
}

static bool wants_map(const bcue_insight *insight, size_t row)
{
    const size_t k = insight->map_count, count = map_count(insight);
    return k < count && (2 * k + 1) * insight->rows / (2 * count) == row;
}

static void keep_shares(looker *l, const bcue_plan *plan, const bcue_fusion_view *view, size_t row, size_t at)
{
    double *share = l->insight->share + row * BCUE_INPUT_COUNT, sum = 0;
    for (int m = 0; m < BCUE_INPUT_COUNT; m++) {
        share[m] = 0;
        if (!l->insight->sees[m])
            continue;
        const float *pooled = bcue_plan_output(plan, bcue_fusion_pooled_name((bcue_model_input)m));
        double square = 0;
        for (int64_t c = 0; c < view->pooled; c++) {
            const double x = (double)pooled[(int64_t)at * view->pooled + c];
            square += x * x;
        }
        share[m] = l->insight->weights[m] * sqrt(square);
        sum += share[m];
    }
    for (int m = 0; sum > 0 && m < BCUE_INPUT_COUNT; m++)
        share[m] /= sum;
}

static bool reserve_tokens(looker *l, const bcue_fusion_view *view)
{
    if (l->scratch == NULL)
        l->scratch = bcue_calloc((size_t)view->tokens, sizeof *l->scratch);
    if (l->received == NULL)
        l->received = bcue_calloc((size_t)view->tokens, sizeof *l->received);
    return l->scratch != NULL && l->received != NULL;
}

static void keep_map(looker *l, const bcue_plan *plan, const bcue_fusion_view *view, size_t row, size_t at)
{
    bcue_attention_map *map = &l->insight->maps[l->insight->map_count];
    const int64_t *grid = view->grid[BCUE_INPUT_CAMERA];
    const size_t cells = (size_t)(grid[0] * grid[1]);
    map->received = bcue_calloc(cells > 0 ? cells : 1, sizeof *map->received);
    if (map->received == NULL || !reserve_tokens(l, view)) {
        l->failed = true;
        return;
    }
    const int64_t size = view->heads * view->tokens * view->width;
    const float *query = bcue_plan_output(plan, BCUE_VIEW_QUERY),
                *key = bcue_plan_output(plan, BCUE_VIEW_KEY);
    bcue_attention_received(view, query + (int64_t)at * size, key + (int64_t)at * size, l->scratch,
                            l->received);
    for (int m = 0; m < BCUE_INPUT_COUNT; m++) {
        map->modality[m] = 0;
        for (int64_t t = 0; t < view->count[m]; t++)
            map->modality[m] += l->received[view->first[m] + t];
    }
    const int64_t newest = view->first[BCUE_INPUT_CAMERA] + view->count[BCUE_INPUT_CAMERA] - (int64_t)cells;
    for (size_t i = 0; i < cells; i++)
        map->received[i] = l->received[newest + (int64_t)i];
    map->row = row;
    map->grid[0] = grid[0];
    map->grid[1] = grid[1];
    l->insight->map_count++;
}

static void look(void *cookie, const bcue_plan *plan, const bcue_fusion_view *view, size_t first,
                 size_t count)
{
    looker *l = cookie;
    for (size_t i = 0; !l->off && i < count; i++) {
        keep_shares(l, plan, view, first + i, i);
        if (!l->failed && wants_map(l->insight, first + i))
            keep_map(l, plan, view, first + i, i);
    }
}

static bcue_status answer(const bcue_score_session *session, const bcue_score_job *job, float *scores,
                          bcue_predictions *predictions, bcue_error *error)
{
    const int32_t beams = bcue_dataset_beams(job->dataset);
    BCUE_TRY(bcue_scorer_run(session->scorer, job->samples, job->count, scores, error));
    BCUE_TRY(bcue_predictions_create(job->dataset, job->samples, job->count, beams, predictions, error));
    for (size_t i = 0; i < job->count; i++)
        bcue_predictions_rank(predictions, i, scores + i * (size_t)beams);
    return BCUE_OK;
}

static bcue_status answer_all(bcue_score_session *session, const bcue_score_job *job, looker *l,
                              const bcue_hooks *hooks, float *scores, bcue_error *error)
{
    bcue_insight *insight = l->insight;
    const bcue_model_config *config = &session->model.config;
    size_t done = 0;
    for (int m = 0; m < BCUE_INPUT_COUNT; m++)
        insight->seen += insight->sees[m] = bcue_model_needs(config, (bcue_model_input)m);
    insight->fused = bcue_fusion_weights(config, &session->model.weights, insight->weights);
    insight->learned = insight->fused && config->fusion == BCUE_FUSION_SOFTMAX;
    insight->rows = job->count;
    BCUE_TRY(answer(session, job, scores, &insight->with_all, error));
    if (l->failed)
        return bcue_fail_memory(error, "the attention");
    l->off = true;
    for (int m = 0; insight->seen > 1 && m < BCUE_INPUT_COUNT; m++) {
        if (!insight->sees[m])
            continue;
        bcue_progress(hooks, "look", done++, insight->seen);
        bcue_scorer_leave_out(session->scorer, 1U << m);
        BCUE_TRY(answer(session, job, scores, &insight->without[m], error));
    }
    return BCUE_OK;
}

static bcue_status look_at(const char *path, const bcue_score_job *job, const bcue_hooks *hooks,
                           bcue_insight *insight, bcue_error *error)
{
    looker l = {.insight = insight};
    const bcue_scorer_options options = {.look = look, .cookie = &l};
    bcue_score_session session;
    float *scores = bcue_calloc(job->count, (size_t)bcue_dataset_beams(job->dataset) * sizeof *scores);
    insight->share = bcue_calloc(job->count, BCUE_INPUT_COUNT * sizeof *insight->share);
    if (scores == NULL || insight->share == NULL) {
        free(scores);
        return bcue_fail_memory(error, "a look at the network");
    }
    bcue_status status = bcue_score_session_open(path, job, hooks, &options, &session, error);
    if (status == BCUE_OK && !bcue_model_is_table(&session.model.config))
        status = answer_all(&session, job, &l, hooks, scores, error);
    bcue_score_session_close(&session);
    free(l.scratch);
    free(l.received);
    free(scores);
    return status;
}

bcue_status bcue_insight_make(const char *path, const bcue_score_job *job, size_t most,
                              const bcue_hooks *hooks, bcue_insight *insight, bcue_error *error)
{
    *insight = (bcue_insight){0};
    const size_t count = job->count < most ? job->count : most;
    if (count == 0)
        return BCUE_OK;
    size_t *samples = bcue_calloc(count, sizeof *samples);
    if (samples == NULL)
        return bcue_fail_memory(error, "a look at the network");
    for (size_t i = 0; i < count; i++)
        samples[i] = job->samples[(2 * i + 1) * job->count / (2 * count)];
    bcue_score_job part = *job;
    part.samples = samples;
    part.count = count;
    bcue_status status = look_at(path, &part, hooks, insight, error);
    free(samples);
    return status;
}

void bcue_insight_free(bcue_insight *insight)
{
    bcue_predictions_free(&insight->with_all);
    for (int m = 0; m < BCUE_INPUT_COUNT; m++)
        bcue_predictions_free(&insight->without[m]);
    for (size_t i = 0; i < BCUE_INSIGHT_MAPS; i++)
        free(insight->maps[i].received);
    free(insight->share);
    *insight = (bcue_insight){0};
}

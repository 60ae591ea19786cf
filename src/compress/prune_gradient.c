/* Scores by the gradient of the masks, one per window: masks have a row for each. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "base/report_hooks.h"
#include "base/rng.h"
#include "compress/prune_score.h"
#include "graph/describe.h"

typedef struct gradient {
    const bcue_model_file *model;
    const bcue_prune_data *data;
    const bcue_prune_score_options *options;
    bcue_prune_space *space;
    bcue_graph *graph;
    bcue_weights weights; /* a copy of the struct; nothing is written to its tensors */
    bcue_plan *plan;
    bool *frozen; /* per parameter: true */
    size_t chunk;
    int draws;
} gradient;

/* Labels of a chunk: the true ones, or drawn from the softmax of the logits of the last forward pass. */
static void set_labels(const gradient *g, size_t first, int draw)
{
    int32_t *label = bcue_plan_input(g->plan, "label");
    if (g->options->score == BCUE_SCORE_TAYLOR) {
        memcpy(label, g->data->label + first, g->chunk * sizeof *label);
        return;
    }
    const float *logits = bcue_plan_output(g->plan, "logits");
    const int64_t beams = g->model->inputs.beams;
    for (size_t i = 0; i < g->chunk; i++, logits += beams) {
        bcue_rng rng =
            bcue_rng_make(g->options->seed, BCUE_RNG_PRUNE, 1, (uint32_t)draw, (uint32_t)(first + i));
        double top = (double)logits[0], sum = 0, part = 0;
        for (int64_t b = 1; b < beams; b++)
            top = fmax(top, (double)logits[b]);
        for (int64_t b = 0; b < beams; b++)
            sum += exp((double)logits[b] - top);
        const double point = bcue_rng_uniform(&rng) * sum;
        label[i] = (int32_t)beams - 1;
        for (int64_t b = 0; b < beams; b++) {
            part += exp((double)logits[b] - top);
            if (part > point) {
                label[i] = (int32_t)b;
                break;
            }
        }
    }
}

static double aside(const gradient *g, const bcue_prune_group *group, const char *which, size_t row)
{
    char name[sizeof group->mask + 8];
    snprintf(name, sizeof name, "%.*s%s", (int)(strlen(group->mask) - strlen("keep")), group->mask, which);
    const float *values = bcue_plan_input_gradient(g->plan, name);
    return values != NULL ? (double)values[row] : 0;
}

/* Channels of tokens also count through n, the number of those that are on: d (1/n) = -1/D^2,
   d sqrt(D/n) = -1/(2 D), d sqrt(n/D) = 1/(2 D) at n = D. */
static double through_count(const gradient *g, const bcue_prune_group *group, size_t row)
{
    const double all = (double)group->count;
    if (group->kind != BCUE_PRUNE_TOKENS)
        return 0;
    return -aside(g, group, "share", row) / (all * all) - aside(g, group, "spread", row) / (2 * all) +
           aside(g, group, "back", row) / (2 * all);
}

static void add_scores(const gradient *g, bcue_prune_group *group)
{
    const float *values = bcue_plan_input_gradient(g->plan, group->mask);
    const bcue_value mask = bcue_graph_find(g->graph, group->mask);
    const size_t rows = (size_t)bcue_graph_value(g->graph, mask)->shape.dim[0], frames = rows / g->chunk;
    const size_t units = (size_t)(group->heads * group->count);
    for (size_t w = 0; w < g->chunk && values != NULL; w++) {
        const double beside = through_count(g, group, w);
        for (size_t u = 0; u < units; u++) {
            double slope = beside;
            for (size_t f = 0; f < frames; f++) /* the pictures of a window are switched together */
                slope += (double)values[(w * frames + f) * units + u];
            slope *= (double)g->chunk; /* the loss is a mean over the chunk */
            const double part = g->options->score == BCUE_SCORE_FISHER ? 0.5 * slope * slope : fabs(slope);
            group->score[u] += part / ((double)g->data->count * g->draws);
        }
    }
}

static bcue_status score_chunk(const gradient *g, size_t first, bcue_error *error)
{
    g->data->feed(g->data->context, g->plan, first, g->chunk);
    memset(bcue_plan_input(g->plan, "label"), 0, g->chunk * sizeof(int32_t));
    for (int draw = 0; draw < g->draws; draw++) {
        if (draw == 0 && g->options->score == BCUE_SCORE_FISHER)
            BCUE_TRY(bcue_plan_forward(g->plan, error));
        set_labels(g, first, draw);
        BCUE_TRY(bcue_plan_forward(g->plan, error));
        BCUE_TRY(bcue_plan_backward(g->plan, error));
        for (size_t i = 0; i < g->space->count; i++) {
            if ((g->options->kinds >> g->space->groups[i].kind & 1U) != 0)
                add_scores(g, &g->space->groups[i]);
        }
    }
    return BCUE_OK;
}

static bcue_status score_all(const gradient *g, bcue_error *error)
{
    for (size_t i = 0; i < g->space->count; i++) {
        bcue_prune_group *group = &g->space->groups[i];
        if ((g->options->kinds >> group->kind & 1U) != 0)
            memset(group->score, 0, (size_t)(group->heads * group->count) * sizeof *group->score);
    }
    bcue_prune_feed_all(g->plan, g->graph, g->space);
    for (size_t first = 0; first < g->data->count; first += g->chunk) {
        if (bcue_cancelled(g->options->hooks))
            return bcue_fail(error, BCUE_ERROR_CANCELLED, "stopped while scoring");
        BCUE_TRY(score_chunk(g, first, error));
        bcue_progress(g->options->hooks, "scoring", first + g->chunk, g->data->count);
    }
    return BCUE_OK;
}

static bcue_status make_plan(gradient *g, bcue_error *error)
{
    BCUE_TRY(
        bcue_prune_masked_graph(&g->model->config, &g->model->inputs, (int64_t)g->chunk, &g->graph, error));
    g->frozen = bcue_calloc((size_t)g->weights.count, sizeof *g->frozen);
    if (g->frozen == NULL)
        return bcue_fail_memory(error, "scoring");
    for (int32_t i = 0; i < g->weights.count; i++)
        g->frozen[i] = true;
    const bcue_plan_options options = {.engine = BCUE_ENGINE_ONEDNN,
                                       .dtype = BCUE_F32,
                                       .training = true,
                                       .frozen_norm = true,
                                       .frozen = g->frozen,
                                       .input_gradients = true};
    (void)bcue_limit_threads(bcue_useful_threads(g->graph));
    return bcue_plan_create(g->graph, &g->weights, &options, &g->plan, error);
}

bcue_status bcue_prune_score_gradient(const bcue_model_file *model, const bcue_prune_data *data,
                                      const bcue_prune_score_options *options, bcue_prune_space *space,
                                      bcue_error *error)
{
    const bool fisher = options->score == BCUE_SCORE_FISHER;
    gradient g = {.model = model,
                  .data = data,
                  .options = options,
                  .space = space,
                  .weights = model->weights,
                  .chunk = bcue_prune_chunk(data),
                  .draws = fisher && options->draws > 0 ? options->draws : 1};
    if (data->count == 0)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "scores need calibration windows");
    if (!fisher && data->label == NULL)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "Taylor scores need the labels of the windows");
    const int limit = bcue_limit_threads(0);
    bcue_status status = make_plan(&g, error);
    if (status == BCUE_OK)
        status = score_all(&g, error);
    (void)bcue_limit_threads(limit);
    bcue_plan_destroy(g.plan);
    bcue_graph_destroy(g.graph);
    free(g.frozen);
    return status;
}

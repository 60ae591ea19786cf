/* Scores by switching every unit off in turn. The network is cut around each group: what lies before its mask
   is computed once per chunk of windows, only what lies behind runs once per unit. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "base/report_hooks.h"
#include "compress/divergence.h"
#include "compress/prune_score.h"
#include "graph/describe.h"
#include "graph/extract.h"

/* A piece of the masked network, ready to run. */
typedef struct piece {
    bcue_graph *graph;
    bcue_weights weights; /* borrowed tensors and names, own arrays */
    bcue_plan *plan;
    int threads; /* for bcue_limit_threads */
} piece;

typedef struct exact {
    const bcue_model_file *model;
    const bcue_prune_data *data;
    const bcue_prune_space *space;
    bcue_graph *graph; /* masked, for one chunk */
    size_t chunk;
    bool *behind;         /* per value: depends on the group's mask */
    bcue_value *frontier; /* results before the mask that are read behind it */
    int32_t frontier_count;
    piece prefix, suffix;
    float *base; /* (chunk, beams): logits with everything on */
} exact;

static void close_piece(piece *p)
{
    bcue_plan_destroy(p->plan);
    bcue_graph_destroy(p->graph);
    free(p->weights.tensors);
    free(p->weights.names);
    *p = (piece){0};
}

/* The tensors that a graph reads, in its order. */
static bcue_status borrow_weights(const bcue_graph *graph, const bcue_weights *all, bcue_weights *some,
                                  bcue_error *error)
{
    some->count = bcue_graph_parameter_count(graph);
    some->tensors = bcue_calloc((size_t)some->count, sizeof *some->tensors);
    some->names = bcue_calloc((size_t)some->count, sizeof *some->names);
    if (some->tensors == NULL || some->names == NULL)
        return bcue_fail_memory(error, "scoring");
    int32_t at = 0;
    for (int32_t i = 0; i < some->count; i++) {
        const char *name = bcue_graph_value(graph, bcue_graph_parameter_value(graph, i))->name;
        while (at < all->count && strcmp(all->names[at], name) != 0)
            at++;
        if (at == all->count)
            return bcue_fail(error, BCUE_ERROR_INTERNAL, "no weights for %s", name);
        some->tensors[i] = all->tensors[at];
        some->names[i] = all->names[at];
    }
    return BCUE_OK;
}

static bcue_status open_piece(const exact *e, const bcue_value *from, int32_t from_count,
                              const bcue_value *to, int32_t to_count, piece *p, bcue_error *error)
{
    const bcue_plan_options options = {.engine = BCUE_ENGINE_ONEDNN, .dtype = BCUE_F32};
    BCUE_TRY(bcue_graph_extract(e->graph, from, from_count, to, to_count, &p->graph, error));
    BCUE_TRY(borrow_weights(p->graph, &e->model->weights, &p->weights, error));
    const int limit = bcue_limit_threads(p->threads = bcue_useful_threads(p->graph));
    bcue_status status = bcue_plan_create(p->graph, &p->weights, &options, &p->plan, error);
    (void)bcue_limit_threads(limit);
    return status;
}

static bcue_status run_piece(const piece *p, bcue_error *error)
{
    const int limit = bcue_limit_threads(p->threads);
    bcue_status status = bcue_plan_forward(p->plan, error);
    (void)bcue_limit_threads(limit);
    return status;
}

/* Marks what depends on the inputs of the group, and lists what this reads from before. */
static void find_frontier(exact *e, const bcue_prune_group *group)
{
    const size_t stem = strlen(group->mask) - (group->kind == BCUE_PRUNE_TOKENS ? strlen("keep") : 0);
    const bool whole = group->kind != BCUE_PRUNE_TOKENS;
    e->frontier_count = 0;
    for (bcue_value v = 0; v < bcue_graph_value_count(e->graph); v++) {
        const bcue_value_info *info = bcue_graph_value(e->graph, v);
        e->behind[v] = info->kind == BCUE_VALUE_INPUT && strncmp(info->name, group->mask, stem) == 0 &&
                       (!whole || info->name[stem] == '\0');
    }
    for (int32_t i = 0; i < bcue_graph_node_count(e->graph); i++) {
        const bcue_node *node = bcue_graph_node(e->graph, i);
        for (int k = 0; k < node->input_count; k++)
            e->behind[node->output] = e->behind[node->output] || e->behind[node->input[k]];
        if (!e->behind[node->output] || bcue_op_is_loss(node->op))
            continue;
        for (int k = 0; k < node->input_count; k++) {
            const bcue_value v = node->input[k];
            bool listed = e->behind[v] || bcue_graph_value(e->graph, v)->kind != BCUE_VALUE_RESULT;
            for (int32_t f = 0; !listed && f < e->frontier_count; f++)
                listed = e->frontier[f] == v;
            if (!listed)
                e->frontier[e->frontier_count++] = v;
        }
    }
}

static bcue_status open_group(exact *e, const bcue_prune_group *group, bcue_error *error)
{
    const bcue_value logits = bcue_graph_find(e->graph, "logits");
    find_frontier(e, group);
    if (!e->behind[logits])
        return bcue_fail(error, BCUE_ERROR_INTERNAL, "%s does not reach the output", group->mask);
    if (e->frontier_count > 0)
        BCUE_TRY(open_piece(e, NULL, 0, e->frontier, e->frontier_count, &e->prefix, error));
    return open_piece(e, e->frontier, e->frontier_count, &logits, 1, &e->suffix, error);
}

/* Everything before the masks of the group, for windows from `first`; and the logits with all masks on. */
static bcue_status begin_chunk(exact *e, const bcue_prune_group *group, size_t first, bcue_error *error)
{
    e->data->feed(e->data->context, e->suffix.plan, first, e->chunk);
    bcue_prune_feed_all(e->suffix.plan, e->suffix.graph, e->space);
    if (e->prefix.plan != NULL) {
        e->data->feed(e->data->context, e->prefix.plan, first, e->chunk);
        bcue_prune_feed_all(e->prefix.plan, e->prefix.graph, e->space);
        BCUE_TRY(run_piece(&e->prefix, error));
    }
    for (int32_t i = 0; i < e->frontier_count; i++) {
        const bcue_value_info *info = bcue_graph_value(e->graph, e->frontier[i]);
        void *to = bcue_plan_input(e->suffix.plan, info->name);
        int64_t count = 0;
        (void)bcue_shape_count(&info->shape, &count);
        if (to != NULL) /* not what only the loss would read */
            memcpy(to, bcue_plan_output(e->prefix.plan, info->name), (size_t)count * sizeof(float));
    }
    bcue_prune_feed(e->suffix.plan, e->suffix.graph, group, NULL);
    BCUE_TRY(run_piece(&e->suffix, error));
    memcpy(e->base, bcue_plan_output(e->suffix.plan, "logits"),
           e->chunk * (size_t)e->model->inputs.beams * sizeof *e->base);
    return BCUE_OK;
}

static bcue_status score_chunk(exact *e, bcue_prune_group *group, bool *keep, bcue_error *error)
{
    const int64_t beams = e->model->inputs.beams, units = group->heads * group->count;
    for (int64_t u = 0; u < units; u++) {
        keep[u] = false;
        bcue_prune_feed(e->suffix.plan, e->suffix.graph, group, keep);
        keep[u] = true;
        BCUE_TRY(run_piece(&e->suffix, error));
        const float *logits = bcue_plan_output(e->suffix.plan, "logits");
        for (size_t i = 0; i < e->chunk; i++) {
            const size_t row = i * (size_t)beams;
            group->score[u] +=
                bcue_logits_divergence(e->base + row, logits + row, (size_t)beams) / (double)e->data->count;
        }
    }
    return BCUE_OK;
}

static bcue_status score_group(exact *e, bcue_prune_group *group, bcue_error *error)
{
    const size_t units = (size_t)(group->heads * group->count);
    bool *keep = bcue_calloc(units, sizeof *keep);
    if (keep == NULL)
        return bcue_fail_memory(error, "scoring");
    memset(group->score, 0, units * sizeof *group->score);
    for (size_t i = 0; i < units; i++)
        keep[i] = true;
    bcue_status status = open_group(e, group, error);
    for (size_t first = 0; status == BCUE_OK && first < e->data->count; first += e->chunk) {
        status = begin_chunk(e, group, first, error);
        if (status == BCUE_OK)
            status = score_chunk(e, group, keep, error);
    }
    close_piece(&e->prefix);
    close_piece(&e->suffix);
    free(keep);
    return status;
}

static bcue_status score_groups(exact *e, const bcue_prune_score_options *options, bcue_prune_space *space,
                                bcue_error *error)
{
    for (size_t i = 0; i < space->count; i++) {
        if ((options->kinds >> space->groups[i].kind & 1U) == 0)
            continue;
        if (bcue_cancelled(options->hooks))
            return bcue_fail(error, BCUE_ERROR_CANCELLED, "stopped while scoring");
        BCUE_TRY(score_group(e, &space->groups[i], error));
        bcue_progress(options->hooks, "scoring", i + 1, space->count);
    }
    return BCUE_OK;
}

bcue_status bcue_prune_score_exact(const bcue_model_file *model, const bcue_prune_data *data,
                                   const bcue_prune_score_options *options, bcue_prune_space *space,
                                   bcue_error *error)
{
    exact e = {.model = model, .data = data, .space = space, .chunk = bcue_prune_chunk(data)};
    if (data->count == 0)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "scores need calibration windows");
    BCUE_TRY(bcue_prune_masked_graph(&model->config, &model->inputs, (int64_t)e.chunk, &e.graph, error));
    const size_t values = (size_t)bcue_graph_value_count(e.graph);
    e.behind = bcue_calloc(values, sizeof *e.behind);
    e.frontier = bcue_calloc(values, sizeof *e.frontier);
    e.base = bcue_calloc(e.chunk * (size_t)model->inputs.beams, sizeof *e.base);
    bcue_status status = e.behind == NULL || e.frontier == NULL || e.base == NULL
                             ? bcue_fail_memory(error, "scoring")
                             : score_groups(&e, options, space, error);
    bcue_graph_destroy(e.graph);
    free(e.behind);
    free(e.frontier);
    free(e.base);
    return status;
}

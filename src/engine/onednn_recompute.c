#include "engine/onednn_recompute.h"

#include <stdlib.h>
#include <string.h>
#include "base/fail.h"

enum { LONGEST_RUN = 24 };

static double bytes_of(const bcue_dn_plan *plan, bcue_value value)
{
    int64_t count = 0;
    return bcue_shape_count(bcue_dn_shape(plan, value), &count) ? 4.0 * (double)count : 0;
}

/* Per value: the last needed node that reads it, INT32_MAX for outputs, -1. */
static int32_t *last_readers(const bcue_dn_plan *plan)
{
    int32_t *last = bcue_calloc((size_t)bcue_graph_value_count(plan->graph), sizeof *last);
    for (bcue_value v = 0; last != NULL && v < bcue_graph_value_count(plan->graph); v++)
        last[v] = plan->needed.output[v] ? INT32_MAX : -1;
    for (int32_t i = 0; last != NULL && i < bcue_graph_node_count(plan->graph); i++) {
        const bcue_node *node = bcue_graph_node(plan->graph, i);
        for (int k = 0; plan->needed.node[i] && k < node->input_count; k++)
            if (last[node->input[k]] < i)
                last[node->input[k]] = i;
    }
    return last;
}

/* alive[p]: bytes of what nodes before p made and nodes from p on read. */
static double *alive_bytes(const bcue_dn_plan *plan, const int32_t *last)
{
    const int32_t nodes = bcue_graph_node_count(plan->graph);
    double *alive = bcue_calloc((size_t)nodes + 1, sizeof *alive);
    for (int32_t i = 0; alive != NULL && i < nodes; i++) {
        const bcue_value output = bcue_graph_node(plan->graph, i)->output;
        const int32_t end = last[output] < nodes - 1 ? last[output] : nodes - 1;
        for (int32_t p = i + 1; plan->needed.node[i] && p <= end; p++)
            alive[p] += bytes_of(plan, output);
    }
    return alive;
}

/* May a run begin with node p? Not with a ReLU that the node before it computes, too. */
static bool may_cut(const bcue_dn_plan *plan, int32_t p)
{
    for (int32_t i = 0; i < p; i++) {
        const bcue_op op = bcue_graph_node(plan->graph, i)->op;
        if (plan->needed.node[i] && (op == BCUE_OP_BATCH_NORM || op == BCUE_OP_ADD) &&
            bcue_dn_following_relu(plan, i) >= p)
            return false;
    }
    return true;
}

/* Where the next run begins: behind the first valley of what is alive, or at the lowest place of a long
 * slope. */
static int32_t next_cut(const bcue_dn_plan *plan, const double *alive, int32_t first, int32_t nodes)
{
    int32_t best = nodes;
    for (int32_t p = first + 1; p < nodes; p++) {
        if (!may_cut(plan, p))
            continue;
        if (best == nodes || alive[p] < alive[best])
            best = p;
        const bool fell = p >= 2 && alive[p] < alive[p - 1] - 0.5,
                   rises = p + 1 < nodes && alive[p + 1] > alive[p] + 0.5;
        if ((fell || alive[p] < alive[first] + 0.5) && rises && p > first + 2)
            return p;
        if (p - first >= LONGEST_RUN)
            return best;
    }
    return nodes;
}

static void weigh(const bcue_dn_plan *plan, const int32_t *last, bcue_dn_run_of_nodes *run)
{
    for (int32_t i = run->first; i <= run->last; i++) {
        const bcue_value output = bcue_graph_node(plan->graph, i)->output;
        if (!plan->needed.node[i])
            continue;
        run->macs += (double)bcue_graph_node_macs(plan->graph, i);
        if (last[output] <= run->last)
            run->bytes += bytes_of(plan, output);
    }
}

/* Bytes saved per unit of work; an element that is only moved counts as some multiply-adds. */
static double worth(const bcue_dn_run_of_nodes *run)
{
    return run->bytes / (run->macs + 16 * run->bytes + 1);
}

static void sort_runs(bcue_dn_recompute *recompute)
{
    for (int32_t i = 0; i < recompute->count; i++) {
        int32_t at = i;
        for (; at > 0 && worth(&recompute->runs[recompute->order[at - 1]]) < worth(&recompute->runs[i]); at--)
            recompute->order[at] = recompute->order[at - 1];
        recompute->order[at] = i;
    }
}

bcue_status bcue_dn_recompute_create(const bcue_dn_plan *plan, bcue_dn_recompute *recompute,
                                     bcue_error *error)
{
    const int32_t nodes = bcue_graph_node_count(plan->graph);
    int32_t *last = last_readers(plan);
    double *alive = last != NULL ? alive_bytes(plan, last) : NULL;
    *recompute =
        (bcue_dn_recompute){.runs = bcue_calloc((size_t)nodes, sizeof *recompute->runs),
                            .run_of_node = bcue_calloc((size_t)nodes, sizeof *recompute->run_of_node),
                            .order = bcue_calloc((size_t)nodes, sizeof *recompute->order)};
    const bool enough = alive != NULL && recompute->runs != NULL && recompute->run_of_node != NULL &&
                        recompute->order != NULL;
    for (int32_t first = 0; enough && first < nodes;) {
        const int32_t next = next_cut(plan, alive, first, nodes);
        bcue_dn_run_of_nodes *run = &recompute->runs[recompute->count];
        *run = (bcue_dn_run_of_nodes){.first = first, .last = next - 1};
        for (int32_t i = first; i < next; i++)
            recompute->run_of_node[i] = recompute->count;
        weigh(plan, last, run);
        recompute->count++;
        first = next;
    }
    free(last);
    free(alive);
    if (!enough) {
        bcue_dn_recompute_free(recompute);
        return bcue_fail_memory(error, "a oneDNN plan");
    }
    sort_runs(recompute);
    return BCUE_OK;
}

void bcue_dn_recompute_free(bcue_dn_recompute *recompute)
{
    free(recompute->runs);
    free(recompute->run_of_node);
    free(recompute->order);
    *recompute = (bcue_dn_recompute){0};
}

void bcue_dn_recompute_choose(bcue_dn_recompute *recompute, int32_t count)
{
    for (int32_t i = 0; i < recompute->count; i++) {
        bcue_dn_run_of_nodes *run = &recompute->runs[recompute->order[i]];
        run->again = i < count;
        run->made = false;
    }
}

double bcue_dn_recompute_macs(const bcue_dn_recompute *recompute)
{
    double sum = 0;
    for (int32_t i = 0; i < recompute->count; i++)
        sum += recompute->runs[i].again ? recompute->runs[i].macs : 0;
    return sum;
}

/* Copies in other layouts that were made for the forward pass would otherwise live until now. */
static void forget_copies(bcue_dn_plan *plan, bcue_value value)
{
    bcue_dn_program *program = &plan->program;
    bcue_dn_value *state = &plan->values[value];
    int kept = state->layout_count > 0 ? 1 : 0;
    for (int i = kept; i < state->layout_count; i++) {
        const bcue_dn_buffer *buffer = &program->buffers[program->views[state->layout[i]].buffer];
        if (buffer->last > (int32_t)plan->forward_end)
            state->layout[kept++] = state->layout[i];
    }
    state->layout_count = kept;
}

void bcue_dn_recompute_before(bcue_dn_plan *plan, int32_t index,
                              void (*lower)(bcue_dn_plan *plan, int32_t node))
{
    bcue_dn_recompute *recompute = plan->recompute;
    bcue_dn_run_of_nodes *run = recompute != NULL ? &recompute->runs[recompute->run_of_node[index]] : NULL;
    if (run == NULL || !run->again || run->made)
        return;
    run->made = true;
    for (int32_t i = run->first; i <= run->last; i++) {
        const bcue_node *node = bcue_graph_node(plan->graph, i);
        bcue_dn_node *state = &plan->nodes[i];
        if (!plan->needed.node[i])
            continue;
        for (int k = 0; k < node->input_count; k++)
            forget_copies(plan, node->input[k]);
        if (state->forward != NULL)
            dnnl_primitive_desc_destroy(state->forward);
        *state = (bcue_dn_node){.result = node->output,
                                .source = BCUE_DN_NONE,
                                .mean = BCUE_DN_NONE,
                                .variance = BCUE_DN_NONE,
                                .workspace = BCUE_DN_NONE};
    }
    plan->recomputing = true;
    for (int32_t i = run->first; i <= run->last; i++) {
        plan->program.owner = i;
        if (plan->needed.node[i])
            lower(plan, i);
    }
    plan->recomputing = false;
}

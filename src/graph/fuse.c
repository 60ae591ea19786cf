#include "graph/fuse.h"

#include <math.h>
#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"

typedef struct readers {
    int32_t *count; /* per value: how often needed nodes read it */
    int32_t *node;  /* per value: the last of them */
} readers;

static bool find_readers(const bcue_graph *graph, const bcue_needed *needed, readers *out)
{
    size_t values = (size_t)bcue_graph_value_count(graph);
    *out = (readers){.count = bcue_calloc(values, sizeof(int32_t)),
                     .node = bcue_calloc(values, sizeof(int32_t))};
    if (out->count == NULL || out->node == NULL)
        return false;
    for (int32_t i = 0; i < bcue_graph_node_count(graph); i++) {
        const bcue_node *node = bcue_graph_node(graph, i);
        for (int k = 0; needed->node[i] && k < node->input_count; k++) {
            out->count[node->input[k]]++;
            out->node[node->input[k]] = i;
        }
    }
    return true;
}

/* The one node that reads `value`, when nobody else needs the value; else NULL. */
static const bcue_node *only_reader(const bcue_graph *graph, const bcue_needed *needed, const readers *read,
                                    bcue_value value, int32_t *index)
{
    if (needed->output[value] || read->count[value] != 1)
        return NULL;
    *index = read->node[value];
    return bcue_graph_node(graph, *index);
}

static bool same_shape(const bcue_graph *graph, bcue_value a, bcue_value b)
{
    return bcue_shape_equal(&bcue_graph_value(graph, a)->shape, &bcue_graph_value(graph, b)->shape);
}

/* Folding needs all of its ingredients before the first run, and batch norm over the anchor's output
   channels: for a linear layer those are the last dimension, so (N, C) only. */
static bool can_fold(const bcue_graph *graph, const bcue_node *anchor, const bcue_node *norm)
{
    if (norm->op != BCUE_OP_BATCH_NORM || norm->input[0] != anchor->output)
        return false;
    for (int i = 1; i < anchor->input_count; i++) {
        if (bcue_graph_value(graph, anchor->input[i])->kind != BCUE_VALUE_PARAMETER)
            return false;
    }
    for (int i = 1; i < norm->input_count; i++) {
        if (bcue_graph_value(graph, norm->input[i])->kind != BCUE_VALUE_PARAMETER)
            return false;
    }
    return anchor->op == BCUE_OP_CONV2D || bcue_graph_value(graph, anchor->output)->shape.rank == 2;
}

/* Grow the group node by node, from the anchor on. */
static void extend(const bcue_graph *graph, const bcue_needed *needed, const readers *read,
                   const int32_t *group_of_node, bcue_fusion_group *group)
{
    int32_t index = -1;
    const bcue_node *next = only_reader(graph, needed, read, group->output, &index);
    if (next != NULL && can_fold(graph, bcue_graph_node(graph, group->anchor), next)) {
        group->norm = index;
        group->output = next->output;
        next = only_reader(graph, needed, read, group->output, &index);
    }
    if (next != NULL && next->op == BCUE_OP_DROPOUT) {
        group->dropout = index;
        group->output = next->output;
        next = only_reader(graph, needed, read, group->output, &index);
    }
    if (next != NULL && next->op == BCUE_OP_ADD && group_of_node[index] < 0) {
        bcue_value other = next->input[0] == group->output ? next->input[1] : next->input[0];
        if (same_shape(graph, other, group->output)) {
            group->add = index;
            group->residual = other;
            group->output = next->output;
            next = only_reader(graph, needed, read, group->output, &index);
        }
    }
    if (next != NULL && next->op == BCUE_OP_RELU) {
        group->relu = index;
        group->output = next->output;
    }
}

static void claim(const bcue_graph *graph, bcue_fusion *fusion, bcue_fusion_group *group, int32_t group_index)
{
    const int32_t members[] = {group->anchor, group->norm, group->dropout, group->add, group->relu};
    group->last = bcue_graph_value(graph, group->output)->node;
    for (int i = 0; i < 5; i++) {
        if (members[i] >= 0)
            fusion->group_of_node[members[i]] = group_index;
    }
}

static void build(const bcue_graph *graph, const bcue_needed *needed, const readers *read, bool enable,
                  bcue_fusion *fusion)
{
    for (int32_t i = 0; i < bcue_graph_node_count(graph); i++)
        fusion->group_of_node[i] = -1;
    /* Backwards: of two convolutions that meet in one sum, the later one takes the sum, so that the other's
     * result is there by then. */
    for (int32_t i = bcue_graph_node_count(graph) - 1; i >= 0; i--) {
        const bcue_node *node = bcue_graph_node(graph, i);
        if (!needed->node[i] || (node->op != BCUE_OP_CONV2D && node->op != BCUE_OP_LINEAR))
            continue;
        bcue_fusion_group *group = &fusion->groups[fusion->count];
        *group = (bcue_fusion_group){.anchor = i,
                                     .norm = -1,
                                     .dropout = -1,
                                     .add = -1,
                                     .relu = -1,
                                     .residual = BCUE_NO_VALUE,
                                     .output = node->output};
        if (enable)
            extend(graph, needed, read, fusion->group_of_node, group);
        claim(graph, fusion, group, fusion->count++);
    }
    for (int32_t a = 0, b = fusion->count - 1; a < b; a++, b--) {
        bcue_fusion_group swapped = fusion->groups[a];
        fusion->groups[a] = fusion->groups[b];
        fusion->groups[b] = swapped;
    }
    for (int32_t i = 0; i < bcue_graph_node_count(graph); i++) {
        if (fusion->group_of_node[i] >= 0)
            fusion->group_of_node[i] = fusion->count - 1 - fusion->group_of_node[i];
    }
}

bcue_status bcue_fusion_create(const bcue_graph *graph, const bcue_needed *needed, bool enable,
                               bcue_fusion *fusion, bcue_error *error)
{
    size_t nodes = (size_t)bcue_graph_node_count(graph);
    *fusion = (bcue_fusion){.groups = bcue_calloc(nodes, sizeof *fusion->groups),
                            .group_of_node = bcue_calloc(nodes, sizeof *fusion->group_of_node)};
    readers read = {0};
    bool enough =
        find_readers(graph, needed, &read) && fusion->groups != NULL && fusion->group_of_node != NULL;
    if (enough)
        build(graph, needed, &read, enable, fusion);
    free(read.count);
    free(read.node);
    if (!enough) {
        bcue_fusion_free(fusion);
        return bcue_fail_memory(error, "planning a model");
    }
    return BCUE_OK;
}

void bcue_fusion_free(bcue_fusion *fusion)
{
    if (fusion == NULL)
        return;
    free(fusion->groups);
    free(fusion->group_of_node);
    *fusion = (bcue_fusion){0};
}

static double get(const bcue_tensor *tensor, int64_t i)
{
    return tensor->dtype == BCUE_F64 ? ((const double *)tensor->data)[i]
                                     : (double)((const float *)tensor->data)[i];
}

static void put(bcue_tensor *tensor, int64_t i, double value)
{
    if (tensor->dtype == BCUE_F64)
        ((double *)tensor->data)[i] = value;
    else
        ((float *)tensor->data)[i] = (float)value;
}

static double norm_factor(const bcue_norm_values *norm, int64_t c)
{
    return get(norm->weight, c) / sqrt(get(norm->variance, c) + norm->epsilon);
}

static double folded_bias_of(const bcue_tensor *bias, const bcue_norm_values *norm, int64_t c)
{
    const double before = bias == NULL ? 0 : get(bias, c);
    return (before - get(norm->mean, c)) * norm_factor(norm, c) + get(norm->bias, c);
}

void bcue_fold_batch_norm_bias(const bcue_tensor *bias, const bcue_norm_values *norm, double *factor,
                               bcue_tensor *folded_bias)
{
    for (int64_t c = 0; c < folded_bias->shape.dim[0]; c++) {
        factor[c] = norm_factor(norm, c);
        put(folded_bias, c, folded_bias_of(bias, norm, c));
    }
}

void bcue_fold_batch_norm(const bcue_tensor *weight, const bcue_tensor *bias, const bcue_norm_values *norm,
                          bcue_tensor *folded_weight, bcue_tensor *folded_bias)
{
    int64_t channels = weight->shape.dim[0], taps = bcue_tensor_count(weight) / channels;
    for (int64_t c = 0; c < channels; c++) {
        const double factor = norm_factor(norm, c);
        for (int64_t k = c * taps; k < (c + 1) * taps; k++)
            put(folded_weight, k, get(weight, k) * factor);
        put(folded_bias, c, folded_bias_of(bias, norm, c));
    }
}

#include "graph/fake_int8.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/fail.h"
#include "graph/fuse.h"
#include "graph/graph_build.h"

/* A value of the graph as some layer reads it in 8 bits. */
typedef struct rounded {
    bcue_value value; /* in the copy; BCUE_NO_VALUE: nobody read it so yet */
    bcue_int8_input as;
} rounded;

typedef struct rewriting {
    const bcue_graph *graph;
    const bcue_int8_input *inputs;
    bcue_graph *made;
    bcue_needed needed;
    bcue_fusion fusion; /* of inference: it says which batch norms are folded */
    bcue_value *map;    /* per value: in the copy */
    rounded *read;      /* per value: the last layer's reading; a weight's too */
    int32_t *folded;    /* per node: the layer in 8 bits that this batch norm is folded into, or -1 */
} rewriting;

bool bcue_int8_can(const bcue_graph *graph, int32_t index)
{
    const bcue_node *node = bcue_graph_node(graph, index);
    if (node->op != BCUE_OP_LINEAR && node->op != BCUE_OP_CONV2D)
        return false;
    if (bcue_graph_value(graph, node->input[1])->kind != BCUE_VALUE_PARAMETER)
        return false;
    return node->op == BCUE_OP_LINEAR ||
           (node->u.conv.groups == 1 && node->u.conv.dilation[0] == 1 && node->u.conv.dilation[1] == 1);
}

/* The fusion group of a layer in 8 bits, else NULL. */
static const bcue_fusion_group *group_of(const rewriting *r, int32_t index)
{
    const int32_t group = r->fusion.group_of_node[index];
    if (group < 0 || r->fusion.groups[group].anchor != index || !(r->inputs[index].scale > 0) ||
        !bcue_int8_can(r->graph, index))
        return NULL;
    return &r->fusion.groups[group];
}

static void find_folded(const rewriting *r)
{
    for (int32_t i = 0; i < bcue_graph_node_count(r->graph); i++)
        r->folded[i] = -1;
    for (int32_t i = 0; i < bcue_graph_node_count(r->graph); i++) {
        const bcue_fusion_group *group = group_of(r, i);
        if (group != NULL && group->norm >= 0)
            r->folded[group->norm] = i;
    }
}

static void put_leaves(const rewriting *r)
{
    for (bcue_value v = 0; v < bcue_graph_value_count(r->graph); v++) {
        const bcue_value_info *info = bcue_graph_value(r->graph, v);
        r->map[v] = r->read[v].value = BCUE_NO_VALUE;
        if (info->kind == BCUE_VALUE_PARAMETER)
            r->map[v] = bcue_graph_parameter(r->made, info->name, &info->shape, &info->spec);
        else if (info->kind == BCUE_VALUE_INPUT)
            r->map[v] = bcue_graph_input(r->made, info->name, info->dtype, &info->shape);
    }
}

static bool same_reading(const bcue_int8_input *a, const bcue_int8_input *b)
{
    return !(a->scale < b->scale) && !(a->scale > b->scale) && a->negative == b->negative;
}

/* One rounding for all layers in a row that read the value alike. */
static bcue_value read_input(const rewriting *r, bcue_value value, const bcue_node *node,
                             const bcue_int8_input *as)
{
    char name[256];
    rounded *read = &r->read[value];
    if (read->value == BCUE_NO_VALUE || !same_reading(&read->as, as)) {
        snprintf(name, sizeof name, "%s.input8", node->name);
        read->value = bcue_graph_fake_quantise(r->made, name, r->map[value], (double)as->scale, as->negative);
        read->as = *as;
    }
    return read->value;
}

static bcue_value read_weight(const rewriting *r, bcue_value value, const bcue_node *node)
{
    char name[256];
    rounded *read = &r->read[value];
    if (read->value == BCUE_NO_VALUE) {
        snprintf(name, sizeof name, "%s.weight8", node->name);
        read->value = bcue_graph_fake_quantise_weight(r->made, name, r->map[value]);
    }
    return read->value;
}

static void read_layer(const rewriting *r, int32_t index, const bcue_fusion_group *group, bcue_node *node)
{
    const bcue_node *from = bcue_graph_node(r->graph, index);
    char name[256];
    node->input[0] = read_input(r, from->input[0], from, &r->inputs[index]);
    node->input[1] = read_weight(r, from->input[1], from);
    if (node->input_count < 3 || group->norm >= 0) /* with a norm its bias makes good for both */
        return;
    snprintf(name, sizeof name, "%s.bias8", from->name);
    node->input[2] =
        bcue_graph_fake_quantise_bias(r->made, name, r->map[from->input[2]], r->map[from->input[1]],
                                      (double)r->inputs[index].scale, NULL, 0);
}

static void read_norm(const rewriting *r, int32_t index, bcue_node *node)
{
    const bcue_node *from = bcue_graph_node(r->graph, index),
                    *layer = bcue_graph_node(r->graph, r->folded[index]);
    char name[256];
    const bcue_value norm[4] = {r->map[from->input[1]], r->map[from->input[3]], r->map[from->input[4]],
                                layer->input_count > 2 ? r->map[layer->input[2]] : BCUE_NO_VALUE};
    snprintf(name, sizeof name, "%s.bias8", from->name);
    node->input[2] =
        bcue_graph_fake_quantise_bias(r->made, name, r->map[from->input[2]], r->map[layer->input[1]],
                                      (double)r->inputs[r->folded[index]].scale, norm, from->u.norm.epsilon);
}

static bcue_status put_nodes(const rewriting *r, bcue_error *error)
{
    for (int32_t i = 0; i < bcue_graph_node_count(r->graph); i++) {
        bcue_node node = *bcue_graph_node(r->graph, i);
        const bcue_value output = node.output;
        const bcue_fusion_group *group = group_of(r, i);
        const bcue_value_info *info = bcue_graph_value(r->graph, output);
        for (int k = 0; k < node.input_count; k++)
            node.input[k] = r->map[node.input[k]];
        if (group != NULL)
            read_layer(r, i, group, &node);
        if (r->folded[i] >= 0)
            read_norm(r, i, &node);
        if (!bcue_graph_own_index(r->made, &node))
            return bcue_fail_memory(error, "a graph in 8 bits");
        r->map[output] = bcue_graph_add_node(r->made, node.name, &node, info->shape);
        if (info->output_name != NULL)
            bcue_graph_output(r->made, info->output_name, r->map[output]);
    }
    return bcue_graph_check(r->made, error);
}

static bcue_status rewrite(rewriting *r, bcue_error *error)
{
    BCUE_TRY(bcue_needed_create(r->graph, false, &r->needed, error));
    BCUE_TRY(bcue_fusion_create(r->graph, &r->needed, true, &r->fusion, error));
    find_folded(r);
    put_leaves(r);
    return put_nodes(r, error);
}

bcue_status bcue_graph_fake_int8(const bcue_graph *graph, const bcue_int8_input *inputs, bcue_graph **made,
                                 bcue_error *error)
{
    const size_t values = (size_t)bcue_graph_value_count(graph), nodes = (size_t)bcue_graph_node_count(graph);
    rewriting r = {.graph = graph,
                   .inputs = inputs,
                   .made = bcue_graph_create(),
                   .map = bcue_calloc(values, sizeof(bcue_value)),
                   .read = bcue_calloc(values, sizeof(rounded)),
                   .folded = bcue_calloc(nodes, sizeof(int32_t))};
    *made = NULL;
    bcue_status status = r.made == NULL || r.map == NULL || r.read == NULL || r.folded == NULL
                             ? bcue_fail_memory(error, "a graph in 8 bits")
                             : rewrite(&r, error);
    bcue_fusion_free(&r.fusion);
    bcue_needed_free(&r.needed);
    free(r.map);
    free(r.read);
    free(r.folded);
    if (status != BCUE_OK)
        bcue_graph_destroy(r.made);
    else
        *made = r.made;
    return status;
}

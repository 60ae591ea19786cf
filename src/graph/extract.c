#include "graph/extract.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "graph/graph_build.h"

typedef struct extraction {
    const bcue_graph *graph;
    bcue_graph *part;
    bool *given;     /* per value: of `from` */
    bool *wanted;    /* per value: read or asked for */
    bcue_value *map; /* per value: in the part */
} extraction;

static void mark(const extraction *e)
{
    for (int32_t i = bcue_graph_node_count(e->graph) - 1; i >= 0; i--) {
        const bcue_node *node = bcue_graph_node(e->graph, i);
        for (int k = 0; e->wanted[node->output] && !e->given[node->output] && k < node->input_count; k++)
            e->wanted[node->input[k]] = true;
    }
}

static void put_leaves(const extraction *e)
{
    for (bcue_value v = 0; v < bcue_graph_value_count(e->graph); v++) {
        const bcue_value_info *info = bcue_graph_value(e->graph, v);
        e->map[v] = BCUE_NO_VALUE;
        if (!e->wanted[v])
            continue;
        if (info->kind == BCUE_VALUE_PARAMETER)
            e->map[v] = bcue_graph_parameter(e->part, info->name, &info->shape, &info->spec);
        else if (info->kind == BCUE_VALUE_INPUT || e->given[v])
            e->map[v] = bcue_graph_input(e->part, info->name, info->dtype, &info->shape);
    }
}

bool bcue_graph_own_index(bcue_graph *part, bcue_node *node)
{
    if (node->op != BCUE_OP_SELECT)
        return true;
    int32_t *index = bcue_arena_alloc(part->arena, (size_t)node->u.select.count, sizeof *index);
    if (index != NULL)
        memcpy(index, node->u.select.index, (size_t)node->u.select.count * sizeof *index);
    node->u.select.index = index;
    return index != NULL;
}

static bcue_status put_nodes(const extraction *e, bcue_error *error)
{
    for (int32_t i = 0; i < bcue_graph_node_count(e->graph); i++) {
        bcue_node node = *bcue_graph_node(e->graph, i);
        const bcue_value output = node.output;
        if (!e->wanted[output] || e->given[output])
            continue;
        for (int k = 0; k < node.input_count; k++)
            node.input[k] = e->map[node.input[k]];
        if (!bcue_graph_own_index(e->part, &node))
            return bcue_fail_memory(error, "part of a graph");
        e->map[output] =
            bcue_graph_add_node(e->part, node.name, &node, bcue_graph_value(e->graph, output)->shape);
    }
    return BCUE_OK;
}

static bcue_status put_part(const extraction *e, const bcue_value *to, int32_t to_count, bcue_error *error)
{
    mark(e);
    put_leaves(e);
    BCUE_TRY(put_nodes(e, error));
    for (int32_t i = 0; i < to_count; i++) {
        const bcue_value_info *info = bcue_graph_value(e->graph, to[i]);
        bcue_graph_output(e->part, info->output_name != NULL ? info->output_name : info->name, e->map[to[i]]);
    }
    return bcue_graph_check(e->part, error);
}

bcue_status bcue_graph_extract(const bcue_graph *graph, const bcue_value *from, int32_t from_count,
                               const bcue_value *to, int32_t to_count, bcue_graph **part, bcue_error *error)
{
    const size_t values = (size_t)bcue_graph_value_count(graph);
    extraction e = {.graph = graph,
                    .part = bcue_graph_create(),
                    .given = bcue_calloc(values, sizeof(bool)),
                    .wanted = bcue_calloc(values, sizeof(bool)),
                    .map = bcue_calloc(values, sizeof(bcue_value))};
    bcue_status status = e.part == NULL || e.given == NULL || e.wanted == NULL || e.map == NULL
                             ? bcue_fail_memory(error, "part of a graph")
                             : BCUE_OK;
    *part = NULL;
    if (status == BCUE_OK) {
        for (int32_t i = 0; i < from_count; i++)
            e.given[from[i]] = true;
        for (int32_t i = 0; i < to_count; i++)
            e.wanted[to[i]] = true;
        status = put_part(&e, to, to_count, error);
    }
    free(e.given);
    free(e.wanted);
    free(e.map);
    if (status != BCUE_OK)
        bcue_graph_destroy(e.part);
    else
        *part = e.part;
    return status;
}

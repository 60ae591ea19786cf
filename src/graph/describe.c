#include "graph/describe.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/fail.h"
#include "base/memory.h"

static int64_t count_of(const bcue_value_info *info)
{
    int64_t count = 0;
    return bcue_shape_count(&info->shape, &count) ? count : 0;
}

/* Trainable elements among the node's inputs that no node before it has used. */
static int64_t new_parameters(const bcue_graph *graph, const bcue_node *node, bool *counted)
{
    int64_t sum = 0;
    for (int k = 0; k < node->input_count; k++) {
        const bcue_value_info *info = bcue_graph_value(graph, node->input[k]);
        if (info->kind != BCUE_VALUE_PARAMETER || info->spec.running || counted[info->parameter])
            continue;
        counted[info->parameter] = true;
        sum += count_of(info);
    }
    return sum;
}

static bcue_branch_row *branch_of(bcue_description *description, const char *name)
{
    size_t length = strcspn(name, ".");
    for (int32_t i = 0; i < description->branch_count; i++) {
        bcue_branch_row *branch = &description->branches[i];
        if (strlen(branch->name) == length && strncmp(branch->name, name, length) == 0)
            return branch;
    }
    bcue_branch_row *branch = &description->branches[description->branch_count];
    branch->name = bcue_calloc(length + 1, 1);
    if (branch->name == NULL)
        return NULL;
    memcpy(branch->name, name, length);
    description->branch_count++;
    return branch;
}

static bool fill(const bcue_graph *graph, bcue_description *description, bool *counted)
{
    for (int32_t i = 0; i < bcue_graph_node_count(graph); i++) {
        const bcue_node *node = bcue_graph_node(graph, i);
        bcue_node_row *row = &description->nodes[description->node_count++];
        *row = (bcue_node_row){.name = node->name,
                               .op = bcue_op_name(node->op),
                               .shape = bcue_graph_value(graph, node->output)->shape,
                               .parameters = new_parameters(graph, node, counted),
                               .macs = bcue_graph_node_macs(graph, i)};
        bcue_branch_row *branch = branch_of(description, node->name);
        if (branch == NULL)
            return false;
        branch->nodes++;
        branch->parameters += row->parameters;
        branch->macs += row->macs;
        description->parameters += row->parameters;
        description->macs += row->macs;
    }
    return true;
}

bcue_status bcue_describe(const bcue_graph *graph, bcue_description *description, bcue_error *error)
{
    size_t nodes = (size_t)bcue_graph_node_count(graph);
    *description = (bcue_description){.nodes = bcue_calloc(nodes, sizeof *description->nodes),
                                      .branches = bcue_calloc(nodes, sizeof *description->branches)};
    bool *counted = bcue_calloc((size_t)bcue_graph_parameter_count(graph), sizeof *counted);
    bool enough = description->nodes != NULL && description->branches != NULL && counted != NULL &&
                  fill(graph, description, counted);
    free(counted);
    if (!enough) {
        bcue_description_free(description);
        return bcue_fail_memory(error, "the description of a model");
    }
    return BCUE_OK;
}

void bcue_description_free(bcue_description *description)
{
    if (description == NULL)
        return;
    for (int32_t i = 0; description->branches != NULL && i < description->branch_count; i++)
        free(description->branches[i].name);
    free(description->nodes);
    free(description->branches);
    *description = (bcue_description){0};
}

static int wider(int width, const char *text)
{
    size_t length = strlen(text);
    return length > (size_t)width && length < 200 ? (int)length : width;
}

void bcue_description_print(const bcue_description *description, bcue_text *out)
{
    int width = 6;
    for (int32_t i = 0; i < description->node_count; i++)
        width = wider(width, description->nodes[i].name);
    for (int32_t i = 0; i < description->branch_count; i++)
        width = wider(width, description->branches[i].name);
    bcue_text_printf(out, "%-*s  %-17s  %-22s  %12s  %15s\n", width, "node", "operator", "output",
                     "parameters", "MACs");
    for (int32_t i = 0; i < description->node_count; i++) {
        const bcue_node_row *row = &description->nodes[i];
        char shape[160];
        bcue_text_printf(out, "%-*s  %-17s  %-22s  %12" PRId64 "  %15" PRId64 "\n", width, row->name, row->op,
                         bcue_shape_text(&row->shape, shape, sizeof shape), row->parameters, row->macs);
    }
    bcue_text_printf(out, "\n%-*s  %-17s  %-22s  %12s  %15s\n", width, "branch", "nodes", "", "parameters",
                     "MACs");
    for (int32_t i = 0; i < description->branch_count; i++) {
        const bcue_branch_row *row = &description->branches[i];
        bcue_text_printf(out, "%-*s  %-17" PRId32 "  %-22s  %12" PRId64 "  %15" PRId64 "\n", width, row->name,
                         row->nodes, "", row->parameters, row->macs);
    }
    bcue_text_printf(out, "%-*s  %-17" PRId32 "  %-22s  %12" PRId64 "  %15" PRId64 "\n", width, "total",
                     description->node_count, "", description->parameters, description->macs);
}

int bcue_useful_threads(const bcue_graph *graph)
{
    const int64_t few = 50000000; /* multiply-accumulates forward: some 2 ms of one core */
    int64_t macs = 0;
    for (int32_t i = 0; i < bcue_graph_node_count(graph) && macs < few; i++)
        macs += bcue_graph_node_macs(graph, i);
    return macs < few ? 1 : 0;
}

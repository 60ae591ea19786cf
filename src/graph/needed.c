#include "graph/needed.h"

#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"

/* Marks in `on_loss` the values that are a loss or computed from one. */
static void mark_losses(const bcue_graph *graph, bool *on_loss)
{
    for (int32_t i = 0; i < bcue_graph_node_count(graph); i++) {
        const bcue_node *node = bcue_graph_node(graph, i);
        on_loss[node->output] = bcue_op_is_loss(node->op);
        for (int k = 0; k < node->input_count; k++)
            on_loss[node->output] = on_loss[node->output] || on_loss[node->input[k]];
    }
}

static void mark_ancestors(const bcue_graph *graph, bcue_needed *needed)
{
    for (int32_t i = bcue_graph_node_count(graph) - 1; i >= 0; i--) {
        const bcue_node *node = bcue_graph_node(graph, i);
        needed->node[i] = needed->value[node->output];
        for (int k = 0; needed->node[i] && k < node->input_count; k++)
            needed->value[node->input[k]] = true;
    }
}

bcue_status bcue_needed_create(const bcue_graph *graph, bool training, bcue_needed *needed, bcue_error *error)
{
    size_t values = (size_t)bcue_graph_value_count(graph);
    *needed = (bcue_needed){.node = bcue_calloc((size_t)bcue_graph_node_count(graph), sizeof(bool)),
                            .value = bcue_calloc(values, sizeof(bool)),
                            .output = bcue_calloc(values, sizeof(bool))};
    bool *on_loss = bcue_calloc(values, sizeof(bool));
    if (needed->node == NULL || needed->value == NULL || needed->output == NULL || on_loss == NULL) {
        free(on_loss);
        bcue_needed_free(needed);
        return bcue_fail_memory(error, "planning a model");
    }
    if (!training)
        mark_losses(graph, on_loss);
    bool any = false;
    for (size_t i = 0; i < values; i++) {
        needed->output[i] = bcue_graph_value(graph, (bcue_value)i)->output_name != NULL && !on_loss[i];
        needed->value[i] = needed->output[i];
        any = any || needed->output[i];
    }
    free(on_loss);
    if (!any) {
        bcue_needed_free(needed);
        return bcue_fail(error, BCUE_ERROR_DATA, "the graph has no output%s; mark one with bcue_graph_output",
                         training ? "" : " besides the loss");
    }
    mark_ancestors(graph, needed);
    return BCUE_OK;
}

void bcue_needed_free(bcue_needed *needed)
{
    if (needed == NULL)
        return;
    free(needed->node);
    free(needed->value);
    free(needed->output);
    *needed = (bcue_needed){0};
}

#include "compress/int8_inputs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fail.h"
#include "base/memory.h"
#include "graph/needed.h"

typedef struct survey {
    bcue_graph *graph;
    bcue_needed needed;
    bcue_magnitudes **seen; /* per value: what layers read of it, or NULL */
    bcue_plan *plan;
} survey;

static bool is_layer(const survey *s, int32_t index)
{
    const bcue_node *node = bcue_graph_node(s->graph, index);
    return s->needed.node[index] && !s->needed.output[node->output] &&
           (node->op == BCUE_OP_CONV2D || node->op == BCUE_OP_LINEAR) &&
           bcue_graph_value(s->graph, node->input[0])->kind != BCUE_VALUE_PARAMETER;
}

/* Histograms for what layers read; these values become outputs. `needed` stays that of the graph before. */
static bcue_status open_values(survey *s, bcue_error *error)
{
    for (int32_t i = 0; i < bcue_graph_node_count(s->graph); i++) {
        const bcue_value x = bcue_graph_node(s->graph, i)->input[0];
        char name[32];
        if (!is_layer(s, i) || s->seen[x] != NULL)
            continue;
        s->seen[x] = bcue_calloc(1, sizeof **s->seen);
        if (s->seen[x] == NULL)
            return bcue_fail_memory(error, "histograms");
        snprintf(name, sizeof name, "int8 input %" PRId32, (int32_t)x);
        if (bcue_graph_value(s->graph, x)->kind == BCUE_VALUE_RESULT && !s->needed.output[x])
            bcue_graph_output(s->graph, name, x);
    }
    return BCUE_OK;
}

static bcue_status add_batch(survey *s, bcue_error *error)
{
    BCUE_TRY(bcue_plan_forward(s->plan, error));
    for (bcue_value v = 0; v < bcue_graph_value_count(s->graph); v++) {
        if (s->seen[v] == NULL)
            continue;
        const bcue_value_info *info = bcue_graph_value(s->graph, v);
        const float *data = info->kind == BCUE_VALUE_INPUT ? bcue_plan_input(s->plan, info->name)
                                                           : bcue_plan_output(s->plan, info->output_name);
        int64_t count = 0;
        if (data == NULL || !bcue_shape_count(&info->shape, &count))
            return bcue_fail(error, BCUE_ERROR_INTERNAL, "a layer's input cannot be seen");
        BCUE_TRY(bcue_histogram_add(s->seen[v], data, (size_t)count, error));
    }
    return BCUE_OK;
}

static bcue_status look(survey *s, bcue_weights *weights, const bcue_int8_calibration *calibration,
                        bcue_error *error)
{
    const bcue_plan_options options = {.engine = BCUE_ENGINE_ONEDNN, .dtype = BCUE_F32};
    BCUE_TRY(bcue_needed_create(s->graph, false, &s->needed, error));
    BCUE_TRY(open_values(s, error));
    BCUE_TRY(bcue_plan_create(s->graph, weights, &options, &s->plan, error));
    if (calibration->batch == 0 || calibration->windows < calibration->batch)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "calibration needs at least one batch of windows");
    for (size_t first = 0; first + calibration->batch <= calibration->windows; first += calibration->batch) {
        calibration->feed(calibration->context, s->plan, first, calibration->batch);
        BCUE_TRY(add_batch(s, error));
    }
    return BCUE_OK;
}

bcue_status bcue_int8_inputs(bcue_graph *graph, bcue_weights *weights,
                             const bcue_int8_calibration *calibration, bcue_int8_input *inputs,
                             bcue_error *error)
{
    const bcue_value values = bcue_graph_value_count(graph);
    survey s = {.graph = graph, .seen = bcue_calloc((size_t)values, sizeof *s.seen)};
    if (s.seen == NULL)
        return bcue_fail_memory(error, "histograms");
    const bcue_status status = look(&s, weights, calibration, error);
    for (int32_t i = 0; status == BCUE_OK && i < bcue_graph_node_count(graph); i++) {
        inputs[i] = (bcue_int8_input){0};
        if (!is_layer(&s, i))
            continue;
        const bcue_magnitudes *seen = s.seen[bcue_graph_node(graph, i)->input[0]];
        inputs[i].scale = (float)bcue_calibrate_ranges(seen, calibration->method, calibration->share);
        inputs[i].negative = seen->negative;
    }
    for (bcue_value v = 0; v < values; v++)
        free(s.seen[v]);
    free(s.seen);
    bcue_plan_destroy(s.plan);
    bcue_needed_free(&s.needed);
    return status;
}

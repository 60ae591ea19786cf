/* The layers of a network against the limits of the machine. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "api/layers_api.h"
#include "base/file.h"
#include "base/json.h"
#include "check.h"
#include "engine/machine_limits.h"

#define PICTURE BCUE_BINARY_DIR "/test_api_layers.svg"

static bcue_value parameter(bcue_graph *graph, const char *name, bcue_shape shape)
{
    bcue_parameter_spec spec = {.init = BCUE_INIT_NORMAL, .scale = 0.1};
    return bcue_graph_parameter(graph, name, &shape, &spec);
}

static bcue_graph *network(void)
{
    const int one[2] = {1, 1};
    const bcue_shape shape = bcue_shape_of(1, 16, 32, 32), flat = bcue_shape_of(1, -1);
    bcue_graph *graph = bcue_graph_create();
    bcue_value x = bcue_graph_input(graph, "x", BCUE_F32, &shape);
    bcue_value w = parameter(graph, "w", bcue_shape_of(16, 16, 3, 3)),
               v = parameter(graph, "v", bcue_shape_of(10, 64));
    x = bcue_graph_relu(graph, "relu",
                        bcue_graph_conv2d(graph, "conv", x, w, BCUE_NO_VALUE, one, one, one, 1));
    x = bcue_graph_reshape(graph, "flat", bcue_graph_adaptive_avg_pool(graph, "pool", x, 2, 2), &flat);
    bcue_graph_output(graph, "y", bcue_graph_linear(graph, "head", x, v, BCUE_NO_VALUE));
    return graph;
}

/* Cell `column` of the row that starts with `name`; NULL: no such row. */
static const json_t *cell(const json_t *table, const char *name, size_t column)
{
    size_t i;
    const json_t *row;
    json_array_foreach(json_object_get(table, "rows"), i, row)
    {
        if (strcmp(json_string_value(json_array_get(row, 0)), name) == 0)
            return json_array_get(row, column);
    }
    return NULL;
}

static void check_json(const bcue_report *report)
{
    json_t *json = json_loads(bcue_report_json(report), JSON_REJECT_DUPLICATES, NULL);
    const json_t *table = json_object_get(json_object_get(json, "tables"), "layers");
    table = table != NULL ? table : json_object_get(json, "layers");
    CHECK(table != NULL);
    const json_t *time = cell(table, "conv", 3), *rate = cell(table, "conv", 5),
                 *bytes = cell(table, "conv", 6);
    CHECK(time != NULL && json_number_value(time) > 0);
    /* 2 x 16 x 1024 x 144 operations; input, weights and output of 4 bytes each. */
    double seconds = 1e-3 * json_number_value(time);
    CHECK_NEAR(1e9 * seconds * json_number_value(rate), 2.0 * 16 * 1024 * 144, 100);
    CHECK_NEAR(1e9 * seconds * json_number_value(bytes), 4.0 * (2 * 16 * 1024 + 16 * 16 * 9), 100);
    CHECK(cell(table, "relu", 3) == NULL); /* fused */
    CHECK(json_number_value(json_object_get(json, "machine_bytes")) > 1e8);
    json_decref(json);
}

static void report_of_layers(void)
{
    bcue_error error = {""};
    bcue_graph *graph = network();
    bcue_weights weights;
    bcue_plan *plan = NULL;
    const bcue_plan_options with = {.engine = BCUE_ENGINE_ONEDNN, .dtype = BCUE_F32};
    const bcue_layers_options options = {.runs = 3, .svg_path = PICTURE};
    CHECK_OK(bcue_graph_check(graph, &error), error);
    CHECK_OK(bcue_weights_create(graph, BCUE_F32, 1, &weights, &error), error);
    CHECK_OK(bcue_plan_create(graph, &weights, &with, &plan, &error), error);
    bcue_report *made = bcue_report_create(), *report = NULL;
    bcue_status status = bcue_report_layers(graph, plan, &options, "small", made, &error);
    CHECK_OK(bcue_report_deliver(made, status, &report, &error), error);
    CHECK_CONTAINS(bcue_report_text(report), "conv2d");
    CHECK_CONTAINS(bcue_report_text(report), "Limits of this machine");
    CHECK_INT(bcue_report_file_count(report), 1);
    check_json(report);
    bcue_mapping picture;
    CHECK_OK(bcue_file_map(PICTURE, &picture, &error), error);
    CHECK(picture.size > 500 && memcmp(picture.data, "<svg", 4) == 0);
    bcue_file_unmap(&picture);
    bcue_report_destroy(report);
    bcue_plan_destroy(plan);
    bcue_weights_free(&weights);
    bcue_graph_destroy(graph);
}

static void limits(void)
{
    bcue_machine_limits limits;
    bcue_error error = {""};
    CHECK_OK(bcue_machine_limits_measure(&limits, &error), error);
    CHECK(limits.threads >= 1 && limits.bytes > 1e8 && limits.bytes < 1e13);
    CHECK(limits.flops == 0 || (limits.flops > 1e8 && limits.flops < 1e15));
}

static void no_such_model(void)
{
    bcue_error error = {""};
    bcue_report *report = NULL;
    const bcue_layers_options options = {.runs = 1};
    CHECK_STATUS(bcue_bench_layers("/nothing/here.safetensors", &options, &report, &error), BCUE_ERROR_IO);
    CHECK_CONTAINS(error.text, "/nothing/here.safetensors");
    CHECK(report == NULL);
}

int main(void)
{
    RUN(report_of_layers);
    RUN(limits);
    RUN(no_such_model);
    return check_summary();
}

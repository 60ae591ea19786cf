/* Where the time of a network goes: a table, layer by layer, against what the machine could do at most, and
   the roofline picture of it. */
#include "api/layers_api.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "beamcue/predict.h"
#include "engine/layer_times.h"
#include "engine/machine_limits.h"
#include "engine/plan.h"
#include "graph/describe.h"
#include "models/model_file.h"
#include "report/chart.h"

enum { KINDS = 4, MOST_POINTS = 190 };
static const char *const kind_names[KINDS] = {"convolution", "linear, matmul", "attention", "others"};

/* One node that took time. */
typedef struct layer {
    int32_t node;
    double seconds; /* median over the runs */
    double flops, bytes;
} layer;

typedef struct layers {
    const bcue_graph *graph;
    layer *items; /* in execution order */
    size_t count;
    double seconds; /* of all */
    long runs;
    bcue_machine_limits limits;
} layers;

static int kind_of(bcue_op op)
{
    switch (op) {
    case BCUE_OP_CONV2D:
        return 0;
    case BCUE_OP_LINEAR:
    case BCUE_OP_MATMUL:
        return 1;
    case BCUE_OP_ATTENTION:
        return 2;
    default:
        return 3;
    }
}

/* What the operator itself reads and writes, each once. */
static double bytes_of(const bcue_graph *graph, const bcue_node *node)
{
    int64_t sum = 0, count = 0;
    for (int k = -1; k < node->input_count; k++) {
        const bcue_value value = k < 0 ? node->output : node->input[k];
        if (bcue_shape_count(&bcue_graph_value(graph, value)->shape, &count))
            sum += count;
    }
    return 4.0 * (double)sum;
}

static bcue_status measure(layers *l, bcue_plan *plan, bcue_error *error)
{
    const size_t nodes = (size_t)bcue_graph_node_count(l->graph);
    double *seconds = bcue_calloc(nodes, sizeof *seconds);
    l->items = bcue_calloc(nodes, sizeof *l->items);
    bcue_status status = seconds == NULL || l->items == NULL
                             ? bcue_fail_memory(error, "the layers of a network")
                             : bcue_machine_limits_measure(&l->limits, error);
    if (status == BCUE_OK)
        status = bcue_layer_times(l->graph, plan, l->runs, seconds, error);
    for (size_t n = 0; status == BCUE_OK && n < nodes; n++) {
        if (seconds[n] <= 0)
            continue;
        l->items[l->count++] = (layer){.node = (int32_t)n,
                                       .seconds = seconds[n],
                                       .flops = 2.0 * (double)bcue_graph_node_macs(l->graph, (int32_t)n),
                                       .bytes = bytes_of(l->graph, bcue_graph_node(l->graph, (int32_t)n))};
        l->seconds += seconds[n];
    }
    free(seconds);
    return status;
}

/* The least time that the machine allows; `*by_bytes`: memory sets it. */
static double least_seconds(const layers *l, const layer *item, bool *by_bytes)
{
    const double by_flops = l->limits.flops > 0 ? item->flops / l->limits.flops : 0;
    const double by_memory = item->bytes / l->limits.bytes;
    *by_bytes = by_memory > by_flops;
    return *by_bytes ? by_memory : by_flops;
}

static void add_row(bcue_table *table, const layers *l, const layer *item)
{
    const bcue_node *node = bcue_graph_node(l->graph, item->node);
    char shape[80];
    bool by_bytes;
    const double least = least_seconds(l, item, &by_bytes);
    bcue_table_row(table);
    bcue_table_text(table, node->name);
    bcue_table_text(table, bcue_op_name(node->op));
    bcue_table_text(table,
                    bcue_shape_text(&bcue_graph_value(l->graph, node->output)->shape, shape, sizeof shape));
    bcue_table_number(table, 1e3 * item->seconds);
    bcue_table_number(table, 100 * item->seconds / l->seconds);
    bcue_table_number(table, item->flops > 0 ? 1e-9 * item->flops / item->seconds : NAN);
    bcue_table_number(table, 1e-9 * item->bytes / item->seconds);
    bcue_table_number(table, 100 * least / item->seconds);
    bcue_table_text(table, by_bytes ? "bytes" : "FLOP");
}

/* Layers below a thousandth of the time share a row. */
static void add_rest(bcue_table *table, const layers *l)
{
    double rest = 0;
    int count = 0;
    for (size_t i = 0; i < l->count; i++) {
        if (l->items[i].seconds < 1e-3 * l->seconds) {
            rest += l->items[i].seconds;
            count++;
        }
    }
    if (count == 0)
        return;
    bcue_table_row(table);
    bcue_table_printf(table, "%d smaller ones", count);
    bcue_table_missing(table);
    bcue_table_missing(table);
    bcue_table_number(table, 1e3 * rest);
    bcue_table_number(table, 100 * rest / l->seconds);
}

static bcue_status layer_table(const layers *l, bcue_report *report, bcue_error *error)
{
    const bcue_column columns[] = {
        {"layer", NULL, BCUE_ALIGN_LEFT, 0},  {"operator", NULL, BCUE_ALIGN_LEFT, 0},
        {"output", NULL, BCUE_ALIGN_LEFT, 0}, {"time", "ms", BCUE_ALIGN_RIGHT, 3},
        {"share", "%", BCUE_ALIGN_RIGHT, 1},  {"GFLOP/s", NULL, BCUE_ALIGN_RIGHT, 1},
        {"GB/s", NULL, BCUE_ALIGN_RIGHT, 1},  {"of the limit", "%", BCUE_ALIGN_RIGHT, 0},
        {"limit", NULL, BCUE_ALIGN_LEFT, 0}};
    bcue_table *table = bcue_table_create("Layers", columns, 9);
    for (size_t i = 0; table != NULL && i < l->count; i++) {
        if (l->items[i].seconds >= 1e-3 * l->seconds)
            add_row(table, l, &l->items[i]);
    }
    if (table != NULL) {
        add_rest(table, l);
        bcue_table_footnote(
            table,
            "Limits of this machine, measured just now on %d thread(s): %.0f GFLOP/s in f32, %.1f GB/s "
            "over arrays of 16 MiB",
            l->limits.threads, 1e-9 * l->limits.flops, 1e-9 * l->limits.bytes);
        bcue_table_footnote(table,
                            "Median of %ld runs. What was fused into a layer counts for it. Winograd's "
                            "convolution multiplies less than is counted here, so that it can pass the limit",
                            l->runs);
    }
    bcue_status status = bcue_report_add_table(report, "layers", table, error);
    bcue_table_destroy(table);
    return status;
}

static bcue_status kind_table(const layers *l, bcue_report *report, bcue_error *error)
{
    const bcue_column columns[] = {
        {"operators", NULL, BCUE_ALIGN_LEFT, 0}, {"time", "ms", BCUE_ALIGN_RIGHT, 3},
        {"share", "%", BCUE_ALIGN_RIGHT, 1},     {"MACs", "million", BCUE_ALIGN_RIGHT, 1},
        {"GFLOP/s", NULL, BCUE_ALIGN_RIGHT, 1},  {"least time", "ms", BCUE_ALIGN_RIGHT, 3}};
    double seconds[KINDS + 1] = {0}, flops[KINDS + 1] = {0}, least[KINDS + 1] = {0};
    for (size_t i = 0; i < l->count; i++) {
        bool by_bytes;
        const int kinds[2] = {kind_of(bcue_graph_node(l->graph, l->items[i].node)->op), KINDS};
        for (int k = 0; k < 2; k++) {
            seconds[kinds[k]] += l->items[i].seconds;
            flops[kinds[k]] += l->items[i].flops;
            least[kinds[k]] += least_seconds(l, &l->items[i], &by_bytes);
        }
    }
    bcue_table *table = bcue_table_create("All layers", columns, 6);
    for (int k = 0; table != NULL && k <= KINDS; k++) {
        if (k == KINDS)
            bcue_table_rule(table);
        if (seconds[k] <= 0)
            continue;
        bcue_table_row(table);
        bcue_table_text(table, k < KINDS ? kind_names[k] : "total");
        bcue_table_number(table, 1e3 * seconds[k]);
        bcue_table_number(table, 100 * seconds[k] / l->seconds);
        bcue_table_number(table, 0.5e-6 * flops[k]);
        bcue_table_number(table, flops[k] > 0 ? 1e-9 * flops[k] / seconds[k] : NAN);
        bcue_table_number(table, 1e3 * least[k]);
    }
    bcue_status status = bcue_report_add_table(report, "kinds", table, error);
    bcue_table_destroy(table);
    return status;
}

/* Points are kept apart by gaps, so that no line joins them. `x` and `y` have room for 2 MOST_POINTS. */
static size_t points_of(const layers *l, int kind, double *x, double *y)
{
    size_t used = 0;
    for (size_t i = 0; i < l->count && used + 2 <= 2 * MOST_POINTS; i++) {
        const layer *item = &l->items[i];
        if (item->flops <= 0 || kind_of(bcue_graph_node(l->graph, item->node)->op) != kind)
            continue;
        x[used] = item->flops / item->bytes;
        y[used++] = 1e-9 * item->flops / item->seconds;
        x[used] = y[used] = NAN;
        used++;
    }
    return used;
}

static bcue_status draw(const layers *l, const char *title, bcue_text *out, bcue_error *error)
{
    enum { ROOF = 3 };
    double *x = bcue_calloc((KINDS - 1) * 2 * MOST_POINTS, sizeof *x);
    double *y = bcue_calloc((KINDS - 1) * 2 * MOST_POINTS, sizeof *y);
    if (x == NULL || y == NULL) {
        free(x);
        free(y);
        return bcue_fail_memory(error, "a roofline");
    }
    bcue_line_series series[KINDS];
    const double knee = l->limits.flops > 0 ? l->limits.flops / l->limits.bytes : 100;
    double roof_x[ROOF] = {knee / 100, knee, knee * 30}, roof_y[ROOF];
    for (int i = 0; i < ROOF; i++)
        roof_y[i] = 1e-9 * l->limits.bytes * (roof_x[i] < knee ? roof_x[i] : knee);
    series[0] =
        (bcue_line_series){.name = "what this machine can do", .x = roof_x, .y = roof_y, .count = ROOF};
    size_t drawn = 1;
    for (int k = 0; k < KINDS - 1; k++) {
        double *at_x = x + k * 2 * MOST_POINTS, *at_y = y + k * 2 * MOST_POINTS;
        const size_t count = points_of(l, k, at_x, at_y);
        if (count > 0)
            series[drawn++] = (bcue_line_series){
                .name = kind_names[k], .x = at_x, .y = at_y, .count = count, .markers = true};
    }
    const bcue_line_chart chart = {
        .options = {.title = title,
                    .description =
                        "Each layer's speed over the operations that it does per byte that it touches",
                    .height = 480,
                    .standalone = true},
        .x = {.title = "operations per byte", .unit = "FLOP/B", .logarithmic = true},
        .y = {.title = "speed", .unit = "GFLOP/s", .logarithmic = true},
        .series = series,
        .series_count = drawn};
    bcue_status status = bcue_chart_lines(&chart, out, error);
    free(x);
    free(y);
    return status;
}

static bcue_status write_roofline(const layers *l, const char *title, const char *path, bcue_report *report,
                                  bcue_error *error)
{
    bcue_text svg = {0};
    bcue_status status = draw(l, title, &svg, error);
    if (status == BCUE_OK && svg.failed)
        status = bcue_fail_memory(error, "a roofline");
    if (status == BCUE_OK)
        status = bcue_file_write(path, svg.data, svg.size, error);
    bcue_text_free(&svg);
    if (status == BCUE_OK && !bcue_report_add_file(report, path))
        status = bcue_fail_memory(error, "the report");
    return status;
}

bcue_status bcue_report_layers(const bcue_graph *graph, bcue_plan *plan, const bcue_layers_options *options,
                               const char *title, bcue_report *report, bcue_error *error)
{
    layers l = {.graph = graph, .runs = options->runs > 0 ? options->runs : 10};
    bcue_status status = measure(&l, plan, error);
    json_t *object = bcue_report_object(report);
    json_object_set_new(object, "threads", json_integer(l.limits.threads));
    json_object_set_new(object, "machine_flops", json_real(l.limits.flops));
    json_object_set_new(object, "machine_bytes", json_real(l.limits.bytes));
    if (status == BCUE_OK)
        status = layer_table(&l, report, error);
    if (status == BCUE_OK) {
        bcue_text_puts(bcue_report_out(report), "\n");
        status = kind_table(&l, report, error);
    }
    if (status == BCUE_OK && options->svg_path != NULL)
        status = write_roofline(&l, title, options->svg_path, report, error);
    free(l.items);
    return status;
}

static bcue_status bench_file(const char *path, const bcue_layers_options *options, bcue_report *report,
                              bcue_error *error)
{
    bcue_model_file file;
    bcue_graph *graph = NULL;
    bcue_plan *plan = NULL;
    bcue_int8_input *inputs = NULL;
    bcue_plan_options with = {.engine = BCUE_ENGINE_ONEDNN, .dtype = BCUE_F32};
    BCUE_TRY(bcue_model_file_read(path, &file, error));
    bcue_status status = BCUE_OK;
    if (bcue_model_is_table(&file.config))
        status = bcue_fail(error, BCUE_ERROR_ARGUMENT,
                           "%s: a %s is a table and has no layers; give the model of a network", path,
                           bcue_model_kind_names[file.config.kind]);
    if (status == BCUE_OK)
        status = bcue_model_build(&file.config, &file.inputs, 1, &graph, error);
    if (status == BCUE_OK && file.int8 != NULL)
        status = bcue_int8_scales_apply(file.int8, graph, &inputs, error);
    with.int8 = inputs;
    if (status == BCUE_OK)
        status = bcue_plan_create(graph, &file.weights, &with, &plan, error);
    free(inputs);
    if (status == BCUE_OK)
        status =
            bcue_report_layers(graph, plan, options, bcue_model_kind_names[file.config.kind], report, error);
    bcue_plan_destroy(plan);
    bcue_graph_destroy(graph);
    bcue_model_file_free(&file);
    return status;
}

bcue_status bcue_bench_layers(const char *model_path, const bcue_layers_options *options,
                              bcue_report **report, bcue_error *error)
{
    *report = NULL;
    bcue_report *made = bcue_report_create();
    if (made == NULL)
        return bcue_fail_memory(error, model_path);
    return bcue_report_deliver(made, bench_file(model_path, options, made, error), report, error);
}

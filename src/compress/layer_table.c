#include "compress/layer_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "beamcue/version.h"
#include "engine/layer_times.h"
#include "graph/describe.h"
#include "graph/fuse.h"

enum { LARGEST_FILE = 64 << 20 };

void bcue_layer_machine(int threads, bcue_text *machine)
{
    char cpu[128], library[64];
    const int all = bcue_get_threads();
    bcue_cpu_name(cpu, sizeof cpu);
    bcue_engine_library(library, sizeof library);
    bcue_text_printf(machine, "%s, %s, beamcue %s %s, %s, %d threads", cpu, bcue_cpu_isa(),
                     bcue_version_string(), bcue_version_commit(), library,
                     threads > 0 && threads < all ? threads : all);
}

/* ---- the file ---- */

static bcue_status parse(const char *path, const bcue_bytes *bytes, json_t **file, bcue_error *error)
{
    json_error_t where;
    *file = json_loadb((const char *)bytes->data, bytes->size, JSON_REJECT_DUPLICATES, &where);
    const char *key, *layer;
    json_t *layers, *ms;
    bool good = json_is_object(*file);
    json_object_foreach(*file, key, layers)
    {
        good = good && json_is_object(layers);
        json_object_foreach(layers, layer, ms) good =
            good && json_is_number(ms) && json_number_value(ms) >= 0 && json_number_value(ms) < 1e9;
    }
    if (good)
        return BCUE_OK;
    json_decref(*file);
    *file = NULL;
    return bcue_fail(error, BCUE_ERROR_FORMAT,
                     "%s: is no table of layers; delete it and they are timed anew, or name another file in "
                     "compress.layers",
                     path);
}

static bcue_status read_file(const char *path, json_t **file, bcue_error *error)
{
    bcue_bytes bytes;
    if (path == NULL || !bcue_path_exists(path)) {
        *file = json_object();
        return *file == NULL ? bcue_fail_memory(error, "a table of layers") : BCUE_OK;
    }
    BCUE_TRY(bcue_file_read(path, LARGEST_FILE, &bytes, error));
    const bcue_status status = parse(path, &bytes, file, error);
    bcue_bytes_free(&bytes);
    return status;
}

bcue_status bcue_layer_table_open(const char *path, const char *machine, bcue_layer_table *table,
                                  bcue_error *error)
{
    *table = (bcue_layer_table){0};
    BCUE_TRY(read_file(path, &table->file, error));
    if (path != NULL)
        table->path = bcue_strdup(path);
    table->layers = json_object_get(table->file, machine);
    if (table->layers == NULL && json_object_set_new(table->file, machine, json_object()) == 0)
        table->layers = json_object_get(table->file, machine);
    if (table->layers != NULL && (path == NULL || table->path != NULL))
        return BCUE_OK;
    bcue_layer_table_close(table);
    return bcue_fail_memory(error, "a table of layers");
}

void bcue_layer_table_close(bcue_layer_table *table)
{
    json_decref(table->file);
    free(table->path);
    *table = (bcue_layer_table){0};
}

bcue_status bcue_layer_table_save(bcue_layer_table *table, bcue_error *error)
{
    if (!table->changed || table->path == NULL)
        return BCUE_OK;
    char *text = json_dumps(table->file, JSON_INDENT(1) | JSON_SORT_KEYS);
    const bcue_status status = text == NULL ? bcue_fail_memory(error, "a table of layers")
                                            : bcue_file_write(table->path, text, strlen(text), error);
    free(text);
    table->changed = status != BCUE_OK;
    return status;
}

bool bcue_layer_table_find(const bcue_layer_table *table, const char *layer, double *ms)
{
    const json_t *found = json_object_get(table->layers, layer);
    if (found != NULL)
        *ms = json_number_value(found);
    return found != NULL;
}

bcue_status bcue_layer_table_put(bcue_layer_table *table, const char *layer, double ms, bcue_error *error)
{
    if (json_object_set_new(table->layers, layer, json_real(ms)) != 0)
        return bcue_fail_memory(error, "a table of layers");
    table->changed = true;
    return BCUE_OK;
}

/* ---- parts of a network ---- */

static bcue_status add_part(const bcue_layered *network, bcue_graph *graph, int64_t next, int64_t window,
                            bcue_layer_parts *parts, bcue_error *error)
{
    bcue_layer_part *part = &parts->items[parts->count++];
    *part = (bcue_layer_part){.graph = graph, .next = next, .window = window};
    return network->int8 == NULL ? BCUE_OK : bcue_int8_scales_apply(network->int8, graph, &part->int8, error);
}

static bcue_status make_parts(const bcue_layered *network, bcue_layer_parts *parts, bcue_error *error)
{
    bcue_graph *graph;
    if (!bcue_model_is_split(network->config, network->inputs)) {
        BCUE_TRY(bcue_model_build(network->config, network->inputs, 1, &graph, error));
        return add_part(network, graph, 1, 1, parts, error);
    }
    BCUE_TRY(bcue_model_build_rest(network->config, network->inputs, &graph, error));
    BCUE_TRY(add_part(network, graph, 1, 1, parts, error));
    for (int i = 0; i < BCUE_PICTURE_INPUTS; i++) {
        if (!bcue_model_has_front(network->config, (bcue_model_input)i))
            continue;
        BCUE_TRY(
            bcue_model_build_front(network->config, network->inputs, (bcue_model_input)i, &graph, error));
        BCUE_TRY(add_part(network, graph, 1, network->inputs->frames, parts, error));
    }
    return BCUE_OK;
}

bcue_status bcue_layer_parts_make(const bcue_layered *network, bcue_layer_parts *parts, bcue_error *error)
{
    *parts = (bcue_layer_parts){0};
    const bcue_status status = make_parts(network, parts, error);
    if (status != BCUE_OK)
        bcue_layer_parts_free(parts);
    return status;
}

void bcue_layer_parts_free(bcue_layer_parts *parts)
{
    for (int i = 0; i < parts->count; i++) {
        bcue_graph_destroy(parts->items[i].graph);
        free(parts->items[i].int8);
    }
    *parts = (bcue_layer_parts){0};
}

/* ---- names ---- */

static void put_settings(const bcue_node *node, bcue_text *name)
{
    if (node->op == BCUE_OP_CONV2D)
        bcue_text_printf(name, " stride %dx%d padding %dx%d dilation %dx%d groups %d", node->u.conv.stride[0],
                         node->u.conv.stride[1], node->u.conv.padding[0], node->u.conv.padding[1],
                         node->u.conv.dilation[0], node->u.conv.dilation[1], node->u.conv.groups);
    if (node->op == BCUE_OP_MAX_POOL || node->op == BCUE_OP_AVG_POOL)
        bcue_text_printf(name, " kernel %dx%d stride %dx%d", node->u.pool.kernel[0], node->u.pool.kernel[1],
                         node->u.pool.stride[0], node->u.pool.stride[1]);
    if (node->op == BCUE_OP_PERMUTE)
        for (int i = 0; i < BCUE_MAX_RANK; i++)
            bcue_text_printf(name, "%s%d", i == 0 ? " order " : "", node->u.permute.order[i]);
    if (node->op == BCUE_OP_MATMUL)
        bcue_text_printf(name, " %d%d", node->u.matmul.transpose_a, node->u.matmul.transpose_b);
}

/* "conv2d of relu 1x16x32x32, 16x16x3x3 to 1x16x32x32 stride 1x1 ...". */
static void put_node(const bcue_graph *graph, const bcue_node *node, bcue_text *name)
{
    char shape[96];
    bcue_text_printf(name, "%s of ", bcue_op_name(node->op));
    for (int k = 0; k < node->input_count; k++) {
        const bcue_value_info *info = bcue_graph_value(graph, node->input[k]);
        bcue_text_printf(
            name, "%s%s%s%s", k > 0 ? ", " : "",
            info->kind == BCUE_VALUE_RESULT ? bcue_op_name(bcue_graph_node(graph, info->node)->op) : "",
            info->kind == BCUE_VALUE_RESULT ? " " : "", bcue_shape_text(&info->shape, shape, sizeof shape));
    }
    bcue_text_printf(name, " to %s",
                     bcue_shape_text(&bcue_graph_value(graph, node->output)->shape, shape, sizeof shape));
    put_settings(node, name);
}

/* What a chain runs after its anchor. */
static void put_rest(const bcue_fusion_group *group, bcue_text *name)
{
    bcue_text_printf(name, "%s%s%s", group->norm >= 0 ? " + norm" : "", group->add >= 0 ? " + add" : "",
                     group->relu >= 0 ? " + relu" : "");
}

static double chain_seconds(const bcue_fusion *fusion, int32_t nodes, int32_t node, const double *seconds)
{
    double sum = 0;
    for (int32_t i = 0; seconds != NULL && i < nodes; i++) {
        const bool in = fusion->group_of_node[node] >= 0
                            ? fusion->group_of_node[i] == fusion->group_of_node[node]
                            : i == node;
        sum += in ? seconds[i] : 0;
    }
    return sum;
}

static bcue_status visit_all(const bcue_layer_part *part, const bcue_needed *needed,
                             const bcue_fusion *fusion, const double *seconds, bcue_layer_visit *visit,
                             void *cookie, bcue_error *error)
{
    const int32_t nodes = bcue_graph_node_count(part->graph);
    bcue_status status = BCUE_OK;
    for (int32_t i = 0; status == BCUE_OK && i < nodes; i++) {
        const int32_t g = fusion->group_of_node[i];
        if (!needed->node[i] || (g >= 0 && fusion->groups[g].anchor != i))
            continue;
        bcue_text name = {0};
        put_node(part->graph, bcue_graph_node(part->graph, i), &name);
        if (g >= 0)
            put_rest(&fusion->groups[g], &name);
        if (part->int8 != NULL && part->int8[i].scale > 0)
            bcue_text_puts(&name, " in 8 bits");
        status = name.failed ? bcue_fail_memory(error, "the layers of a network")
                             : visit(cookie, name.data, chain_seconds(fusion, nodes, i, seconds), error);
        bcue_text_free(&name);
    }
    return status;
}

bcue_status bcue_layer_part_visit(const bcue_layer_part *part, const double *seconds, bcue_layer_visit *visit,
                                  void *cookie, bcue_error *error)
{
    bcue_needed needed;
    bcue_fusion fusion;
    BCUE_TRY(bcue_needed_create(part->graph, false, &needed, error));
    bcue_status status = bcue_fusion_create(part->graph, &needed, true, &fusion, error);
    if (status == BCUE_OK) {
        status = visit_all(part, &needed, &fusion, seconds, visit, cookie, error);
        bcue_fusion_free(&fusion);
    }
    bcue_needed_free(&needed);
    return status;
}

/* ---- sums ---- */

typedef struct adder {
    const bcue_layer_table *table;
    double ms;
    int32_t layers, unknown;
} adder;

static bcue_status add_layer(void *cookie, const char *layer, double seconds, bcue_error *error)
{
    adder *a = cookie;
    double ms = 0;
    (void)seconds;
    (void)error;
    a->unknown += !bcue_layer_table_find(a->table, layer, &ms);
    a->ms += ms;
    a->layers++;
    return BCUE_OK;
}

bcue_status bcue_layer_table_sum(const bcue_layer_table *table, const bcue_layered *network,
                                 bcue_layer_sum *sum, bcue_error *error)
{
    bcue_layer_parts parts;
    *sum = (bcue_layer_sum){0};
    BCUE_TRY(bcue_layer_parts_make(network, &parts, error));
    bcue_status status = BCUE_OK;
    for (int i = 0; status == BCUE_OK && i < parts.count; i++) {
        adder a = {.table = table};
        status = bcue_layer_part_visit(&parts.items[i], NULL, add_layer, &a, error);
        sum->next_ms += (double)parts.items[i].next * a.ms;
        sum->window_ms += (double)parts.items[i].window * a.ms;
        sum->layers += a.layers;
        sum->unknown += a.unknown;
    }
    bcue_layer_parts_free(&parts);
    return status;
}

/* ---- learning ---- */

/* What one profile says, before it goes into the table: {layer: [ms, how often]}. */
typedef struct learner {
    bcue_layer_table *table;
    json_t *found; /* owned */
} learner;

static bcue_status note_layer(void *cookie, const char *layer, double seconds, bcue_error *error)
{
    learner *l = cookie;
    double ms;
    if (bcue_layer_table_find(l->table, layer, &ms))
        return BCUE_OK;
    json_t *list = json_object_get(l->found, layer);
    if (list == NULL && json_object_set_new(l->found, layer, json_array()) == 0)
        list = json_object_get(l->found, layer);
    return json_array_append_new(list, json_real(1e3 * seconds)) != 0
               ? bcue_fail_memory(error, "a table of layers")
               : BCUE_OK;
}

static bcue_status put_means(const learner *l, int32_t *added, bcue_error *error)
{
    const char *layer;
    json_t *list;
    json_object_foreach(l->found, layer, list)
    {
        double sum = 0;
        for (size_t i = 0; i < json_array_size(list); i++)
            sum += json_real_value(json_array_get(list, i));
        BCUE_TRY(bcue_layer_table_put(l->table, layer, sum / (double)json_array_size(list), error));
        (*added)++;
    }
    return BCUE_OK;
}

/* As predict/network.c plans it. */
static bcue_status profile(const bcue_layered *network, const bcue_layer_part *part, long runs,
                           double *seconds, bcue_error *error)
{
    const bcue_plan_options options = {.engine = BCUE_ENGINE_ONEDNN,
                                       .dtype = BCUE_F32,
                                       .window_pictures = network->inputs->frames,
                                       .int8 = part->int8};
    bcue_weights weights;
    bcue_plan *plan;
    BCUE_TRY(bcue_weights_create(part->graph, BCUE_F32, 1, &weights, error));
    bcue_status status = bcue_plan_create(part->graph, &weights, &options, &plan, error);
    if (status == BCUE_OK) {
        status = bcue_layer_times(part->graph, plan, runs, seconds, error);
        bcue_plan_destroy(plan);
    }
    bcue_weights_free(&weights);
    return status;
}

static bcue_status learn_part(bcue_layer_table *table, const bcue_layered *network,
                              const bcue_layer_part *part, long runs, int32_t *added, bcue_error *error)
{
    adder known = {.table = table};
    BCUE_TRY(bcue_layer_part_visit(part, NULL, add_layer, &known, error));
    if (known.unknown == 0)
        return BCUE_OK;
    learner l = {.table = table, .found = json_object()};
    double *seconds = bcue_calloc((size_t)bcue_graph_node_count(part->graph), sizeof *seconds);
    bcue_status status = seconds == NULL || l.found == NULL ? bcue_fail_memory(error, "a table of layers")
                                                            : profile(network, part, runs, seconds, error);
    if (status == BCUE_OK)
        status = bcue_layer_part_visit(part, seconds, note_layer, &l, error);
    if (status == BCUE_OK)
        status = put_means(&l, added, error);
    free(seconds);
    json_decref(l.found);
    return status;
}

bcue_status bcue_layer_table_learn(bcue_layer_table *table, const bcue_layered *network, long runs,
                                   int32_t *added, bcue_error *error)
{
    bcue_layer_parts parts;
    *added = 0;
    BCUE_TRY(bcue_layer_parts_make(network, &parts, error));
    int threads = bcue_useful_threads(parts.items[0].graph); /* of the main part, as the road side does */
    if (network->threads > 0 && (threads == 0 || network->threads < threads))
        threads = network->threads;
    const int limit = bcue_limit_threads(threads);
    bcue_status status = BCUE_OK;
    for (int i = 0; status == BCUE_OK && i < parts.count; i++)
        status = learn_part(table, network, &parts.items[i], runs, added, error);
    (void)bcue_limit_threads(limit);
    bcue_layer_parts_free(&parts);
    return status;
}

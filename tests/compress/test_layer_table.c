/* The table of layers: what a network takes is the sum over its layers, fronts once for the next window of a
   stream and once per frame for a new one; the file; what is timed and what is not timed again. */
#include <stdlib.h>
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "check.h"
#include "compress/layer_table.h"
#include "graph/fuse.h"
#include "prune_models.h"

#define FILE_NAME BCUE_BINARY_DIR "/test_layer_table.json"

static const char config[] =
    "{kind: beamtransfuser, modalities: [camera, lidar, gps], width: 8, blocks: 1, heads: 2,\n"
    " anchors: 2, head: [8], camera_depth: 18, lidar_depth: 18}\n";
static const char inputs[] =
    "{frames: 3, channels: 3, height: 32, width: 32, lidar_channels: 1, lidar_height: 32, lidar_width: "
    "64, gps_frames: 1, beams: 4}\n";

typedef struct names {
    char *first; /* owned: of a layer of the camera's front */
    int count;
    bcue_layer_table *table;
    double ms; /* to put for each */
} names;

static bcue_status put(void *cookie, const char *layer, double seconds, bcue_error *error)
{
    names *n = cookie;
    (void)seconds;
    n->count++;
    if (n->first == NULL)
        n->first = bcue_strdup(layer);
    return n->table != NULL ? bcue_layer_table_put(n->table, layer, n->ms, error) : BCUE_OK;
}

/* Chains of nodes that run: needed nodes, less those that are fused into a convolution or linear layer. */
static int chains_of(const bcue_graph *graph)
{
    bcue_error error = {""};
    bcue_needed needed;
    bcue_fusion fusion;
    int count = 0;
    CHECK_OK(bcue_needed_create(graph, false, &needed, &error), error);
    CHECK_OK(bcue_fusion_create(graph, &needed, true, &fusion, &error), error);
    for (int32_t i = 0; i < bcue_graph_node_count(graph); i++)
        count += needed.node[i];
    for (int32_t g = 0; g < fusion.count; g++)
        count -= (fusion.groups[g].norm >= 0) + (fusion.groups[g].dropout >= 0) +
                 (fusion.groups[g].add >= 0) + (fusion.groups[g].relu >= 0);
    bcue_fusion_free(&fusion);
    bcue_needed_free(&needed);
    return count;
}

/* A fabricated table: the rest is 1 ms a layer, the camera's front 10, LiDAR's 100. */
static void composition(void)
{
    bcue_error error = {""};
    bcue_model_file model;
    bcue_layer_table table;
    bcue_layer_parts parts;
    bcue_layer_sum sum;
    CHECK_OK(bcue_prune_model_make(config, inputs, 1, &model, &error), error);
    CHECK_OK(bcue_layer_table_open(NULL, "fabricated", &table, &error), error);
    const bcue_layered network = {&model.config, &model.inputs, NULL, 1};
    CHECK_OK(bcue_layer_parts_make(&network, &parts, &error), error);
    CHECK_INT(parts.count, 3);
    int chains[3] = {0};
    for (int i = 0; i < parts.count; i++)
        chains[i] = chains_of(parts.items[i].graph);
    CHECK_OK(bcue_layer_table_sum(&table, &network, &sum, &error), error);
    CHECK_INT(sum.layers, chains[0] + chains[1] + chains[2]);
    CHECK_INT(sum.unknown, sum.layers);
    CHECK(sum.next_ms == 0 && sum.window_ms == 0);
    char *of_camera = NULL;
    for (int i = 0; i < parts.count; i++) {
        names n = {.table = &table, .ms = i == 0 ? 1 : i == 1 ? 10 : 100};
        CHECK_OK(bcue_layer_part_visit(&parts.items[i], NULL, put, &n, &error), error);
        CHECK_INT(n.count, chains[i]);
        if (i == 1)
            of_camera = n.first;
        else
            free(n.first);
    }
    CHECK_OK(bcue_layer_table_sum(&table, &network, &sum, &error), error);
    CHECK_INT(sum.unknown, 0);
    CHECK_NEAR(sum.next_ms, chains[0] + 10 * chains[1] + 100 * chains[2], 1e-9);
    CHECK_NEAR(sum.window_ms, chains[0] + 30 * chains[1] + 300 * chains[2], 1e-9); /* three frames */
    /* one layer of the camera's front that takes 5 ms more: once, and three times for a new window */
    const bcue_layer_sum before = sum;
    CHECK_OK(bcue_layer_table_put(&table, of_camera, 15, &error), error);
    CHECK_OK(bcue_layer_table_sum(&table, &network, &sum, &error), error);
    CHECK_NEAR(sum.next_ms - before.next_ms, 5, 1e-9);
    CHECK_NEAR(sum.window_ms - before.window_ms, 15, 1e-9);
    /* the same layers in another number of frames have other shapes */
    bcue_model_inputs fewer = model.inputs;
    fewer.frames = 2;
    const bcue_layered shorter = {&model.config, &fewer, NULL, 1};
    CHECK_OK(bcue_layer_table_sum(&table, &shorter, &sum, &error), error);
    CHECK(sum.unknown > 0 && sum.unknown < sum.layers);
    free(of_camera);
    bcue_layer_parts_free(&parts);
    bcue_layer_table_close(&table);
    bcue_model_file_free(&model);
}

/* One frame: no fronts, one graph, and both windows take the same. */
static void one_frame(void)
{
    bcue_error error = {""};
    bcue_model_file model;
    bcue_layer_table table;
    bcue_layer_sum sum;
    CHECK_OK(bcue_prune_model_make(config, inputs, 1, &model, &error), error);
    model.inputs.frames = 1;
    CHECK_OK(bcue_layer_table_open(NULL, "m", &table, &error), error);
    const bcue_layered network = {&model.config, &model.inputs, NULL, 1};
    int32_t added;
    CHECK_OK(bcue_layer_table_learn(&table, &network, 3, &added, &error), error);
    CHECK(added > 20);
    CHECK_OK(bcue_layer_table_sum(&table, &network, &sum, &error), error);
    CHECK_INT(sum.unknown, 0);
    CHECK(sum.layers >= added); /* layers of one kind and shape share an entry */
    CHECK(sum.next_ms > 0 && sum.next_ms == sum.window_ms);
    bcue_layer_table_close(&table);
    bcue_model_file_free(&model);
}

static void learnt_once(void)
{
    bcue_error error = {""};
    bcue_model_file model;
    bcue_layer_table table;
    bcue_layer_sum sum, again;
    int32_t added;
    (void)remove(FILE_NAME);
    CHECK_OK(bcue_prune_model_make(config, inputs, 1, &model, &error), error);
    const bcue_layered network = {&model.config, &model.inputs, NULL, 1};
    CHECK_OK(bcue_layer_table_open(FILE_NAME, "here", &table, &error), error);
    CHECK_OK(bcue_layer_table_learn(&table, &network, 3, &added, &error), error);
    CHECK(added > 20);
    CHECK_OK(bcue_layer_table_sum(&table, &network, &sum, &error), error);
    CHECK(sum.unknown == 0 && sum.next_ms > 0 && sum.window_ms > sum.next_ms);
    CHECK_OK(bcue_layer_table_save(&table, &error), error);
    bcue_layer_table_close(&table);
    /* another session of this machine: nothing is timed, the sums are the same */
    CHECK_OK(bcue_layer_table_open(FILE_NAME, "here", &table, &error), error);
    CHECK_OK(bcue_layer_table_learn(&table, &network, 3, &added, &error), error);
    CHECK_INT(added, 0);
    CHECK_OK(bcue_layer_table_sum(&table, &network, &again, &error), error);
    CHECK_NEAR(again.next_ms, sum.next_ms, 1e-9);
    bcue_layer_table_close(&table);
    /* another machine, library or number of threads: all of it, and what the first one found stays */
    CHECK_OK(bcue_layer_table_open(FILE_NAME, "there", &table, &error), error);
    CHECK_OK(bcue_layer_table_sum(&table, &network, &again, &error), error);
    CHECK_INT(again.unknown, again.layers);
    CHECK_OK(bcue_layer_table_put(&table, "a layer", 1, &error), error);
    CHECK_OK(bcue_layer_table_save(&table, &error), error);
    bcue_layer_table_close(&table);
    CHECK_OK(bcue_layer_table_open(FILE_NAME, "here", &table, &error), error);
    CHECK_OK(bcue_layer_table_sum(&table, &network, &again, &error), error);
    CHECK_INT(again.unknown, 0);
    bcue_layer_table_close(&table);
    bcue_model_file_free(&model);
}

static void refused(void)
{
    static const char *const texts[] = {"", "[1]", "{\"here\": 3}", "{\"here\": {\"a\": \"b\"}}",
                                        "{\"here\": {\"a\": -1}}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        bcue_error error = {""};
        bcue_layer_table table;
        CHECK_OK(bcue_file_write(FILE_NAME, texts[i], strlen(texts[i]), &error), error);
        CHECK_STATUS(bcue_layer_table_open(FILE_NAME, "here", &table, &error), BCUE_ERROR_FORMAT);
        CHECK_CONTAINS(error.text, "is no table of layers; delete it");
    }
}

static void machine(void)
{
    bcue_text one = {0}, all = {0};
    bcue_layer_machine(1, &one);
    bcue_layer_machine(0, &all);
    CHECK_CONTAINS(one.data, ", beamcue ");
    CHECK_CONTAINS(one.data, ", 1 threads");
    CHECK_CONTAINS(all.data, " threads");
    bcue_text_free(&one);
    bcue_text_free(&all);
}

int main(void)
{
    RUN(composition);
    RUN(one_frame);
    RUN(learnt_once);
    RUN(refused);
    RUN(machine);
    return check_summary();
}

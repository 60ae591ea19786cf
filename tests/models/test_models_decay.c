/* What weight decay leaves alone: biases, norms, position embeddings and the learned weights of modalities,
   in every network. */
#include <stdlib.h>
#include "check.h"
#include "models/model_graph.h"

static void check_graph(const char *text)
{
    bcue_model_config model;
    bcue_config *config;
    bcue_error error = {""};
    CHECK_OK(bcue_config_read_text(text, strlen(text), "model", NULL, 0, bcue_model_config_fields, &model,
                                   &config, &error),
             error);
    const bcue_model_inputs inputs = {.frames = 2,
                                      .channels = 3,
                                      .height = 32,
                                      .width = 32,
                                      .lidar = {1, 32, 32},
                                      .radar = {2, 32, 32},
                                      .gps_frames = 2,
                                      .beams = 8};
    bcue_graph *graph;
    CHECK_OK(bcue_model_build(&model, &inputs, 1, &graph, &error), error);
    int decayed = 0, left = 0;
    for (int32_t i = 0; graph != NULL && i < bcue_graph_parameter_count(graph); i++) {
        const bcue_value_info *info = bcue_graph_value(graph, bcue_graph_parameter_value(graph, i));
        if (info->spec.running)
            continue;
        const bool matrix = info->shape.rank >= 2 && strstr(info->name, "pos_emb") == NULL;
        CHECK_AT(info->spec.no_decay == !matrix, "%s: %s", text, info->name);
        decayed += matrix;
        left += !matrix;
    }
    CHECK_AT(decayed >= 2 && left >= 2, "%s: %d and %d", text, decayed, left);
    bcue_graph_destroy(graph);
    bcue_config_destroy(config);
}

static void every_network(void)
{
    check_graph("{kind: position-mlp, hidden: 8}");
    check_graph("{kind: position-gru, hidden: 8}");
    check_graph("{kind: resnet18, width: 8, position: true}");
    check_graph("{kind: resnet34, width: 8}");
    check_graph("{kind: beamtransfuser, width: 8, blocks: 1, fusion: softmax}");
}

int main(void)
{
    RUN(every_network);
    return check_summary();
}

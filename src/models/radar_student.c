#include "models/radar_student.h"

#include <stdio.h>

#include "base/fail.h"
#include "models/layers.h"
#include "models/point_layers.h"

enum { HIDDEN_LAYERS = 5 };

static int64_t weights_of(int64_t inputs, int64_t width, int64_t beams)
{
    return (inputs + 1) * width + (HIDDEN_LAYERS - 1) * (width + 1) * width + (width + 1) * beams;
}

static int64_t window_size(const bcue_model_inputs *inputs)
{
    const bcue_picture_size size = inputs->radar;
    return inputs->frames * size.channels * size.height * size.width;
}

int64_t bcue_student_width(const bcue_model_config *config, const bcue_model_inputs *inputs)
{
    const int64_t numbers = window_size(inputs), wanted = config->parameters;
    int64_t low = 1, high = 1 << 16; /* widths: low is not too wide, high is, or the end */
    while (high - low > 1) {
        const int64_t middle = low + (high - low) / 2;
        if (weights_of(numbers, middle, inputs->beams) <= wanted)
            low = middle;
        else
            high = middle;
    }
    const int64_t below = wanted - weights_of(numbers, low, inputs->beams),
                  above = weights_of(numbers, high, inputs->beams) - wanted;
    return above < below ? high : low;
}

bcue_value bcue_student(bcue_graph *graph, const bcue_model_config *config, const bcue_model_inputs *inputs,
                        int64_t batch)
{
    const bcue_picture_size size = inputs->radar;
    const bcue_shape shape = bcue_shape_of(batch, inputs->frames, size.channels, size.height, size.width);
    const bcue_shape flat = bcue_shape_of(batch, window_size(inputs));
    const int64_t width = bcue_student_width(config, inputs);
    bcue_value x = bcue_graph_input(graph, "radar", BCUE_F32, &shape);
    x = bcue_graph_reshape(graph, NULL, x, &flat);
    for (int i = 0; i < HIDDEN_LAYERS; i++) {
        char name[32];
        snprintf(name, sizeof name, "layers.%d", i);
        x = bcue_linear_layer(graph, name, x, config->widths.count > 0 ? config->widths.items[i] : width,
                              BCUE_LINEAR_TORCH_NO_DECAY);
        x = bcue_graph_relu(graph, NULL, x);
        if (i + 1 == config->mid_layer)
            bcue_graph_output(graph, "mid", x);
    }
    if (config->dropout > 0)
        x = bcue_graph_dropout(graph, NULL, x, config->dropout);
    return bcue_linear_layer(graph, "layers.5", x, inputs->beams, BCUE_LINEAR_TORCH_NO_DECAY);
}

bcue_value bcue_point_student(bcue_graph *graph, const bcue_model_config *config,
                              const bcue_model_inputs *inputs, int64_t batch)
{
    const bcue_picture_size size = inputs->radar;
    const int64_t frames = inputs->frames, hidden = config->hidden, queries = config->queries;
    const bcue_shape shape = bcue_shape_of(batch, frames, size.channels, size.height, size.width);
    const bcue_shape lists = bcue_shape_of(batch * frames, size.height, size.width);
    const bcue_shape pooled = bcue_shape_of(batch * frames, queries * config->point_width);
    const bcue_shape window = bcue_shape_of(batch, frames, hidden), place = bcue_shape_of(1, frames, hidden);
    const bcue_shape all = bcue_shape_of(batch, queries * hidden);
    const bcue_parameter_spec zero = {.init = BCUE_INIT_ZERO, .no_decay = true};
    bcue_value mask;
    bcue_value x = bcue_graph_input(graph, "radar", BCUE_F32, &shape);
    x = bcue_graph_reshape(graph, NULL, x, &lists);
    x = bcue_point_layers(graph, "points", x, config->point_width, &mask);
    x = bcue_attention_pool(graph, "pool", x, &mask, queries);
    x = bcue_graph_reshape(graph, NULL, x, &pooled);
    x = bcue_graph_relu(graph, NULL,
                        bcue_linear_layer(graph, "frame", x, hidden, BCUE_LINEAR_TORCH_NO_DECAY));
    x = bcue_graph_reshape(graph, NULL, x, &window);
    bcue_value embedding = bcue_graph_parameter(graph, "pos_emb", &place, &zero);
    x = bcue_graph_add(graph, "pos_emb.add", x, embedding);
    x = bcue_attention_pool(graph, "frames", x, NULL, queries);
    x = bcue_graph_reshape(graph, NULL, x, &all);
    x = bcue_graph_relu(graph, NULL,
                        bcue_linear_layer(graph, "middle", x, hidden, BCUE_LINEAR_TORCH_NO_DECAY));
    bcue_graph_output(graph, "mid", x);
    if (config->dropout > 0)
        x = bcue_graph_dropout(graph, NULL, x, config->dropout);
    return bcue_linear_layer(graph, "head", x, inputs->beams, BCUE_LINEAR_TORCH_NO_DECAY);
}

bcue_status bcue_student_check(const bcue_model_config *config, const char **key, bcue_error *error)
{
    *key = "widths";
    if (config->kind == BCUE_MODEL_STUDENT && config->widths.count != 0 &&
        config->widths.count != HIDDEN_LAYERS)
        return bcue_fail(error, BCUE_ERROR_CONFIG,
                         "has %zu hidden widths; expected one for each of the %d hidden layers, or none",
                         config->widths.count, HIDDEN_LAYERS);
    return BCUE_OK;
}

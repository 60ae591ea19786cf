#include "models/fusion_teacher.h"

#include "base/fail.h"
#include "models/beamtransfuser.h"
#include "models/layers.h"
#include "models/point_layers.h"
#include "models/resnet.h"

/* The input of a modality, all frames of all windows one after the other. */
static bcue_value frames_of(bcue_graph *graph, const bcue_model_inputs *inputs, bcue_model_input m,
                            int64_t batch)
{
    const bcue_picture_size size = bcue_model_picture(inputs, m);
    const bool list = m == BCUE_INPUT_RADAR || m == BCUE_INPUT_VEHICLES;
    const bcue_shape windows = bcue_shape_of(batch, inputs->frames, size.channels, size.height, size.width);
    const bcue_shape pictures = bcue_shape_of(batch * inputs->frames, size.channels, size.height, size.width);
    const bcue_shape lists = bcue_shape_of(batch * inputs->frames, size.height, size.width);
    bcue_value x = bcue_graph_input(graph, bcue_model_input_names[m], BCUE_F32, &windows);
    return bcue_graph_reshape(graph, NULL, x, list ? &lists : &pictures);
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* (batch, P * rows * columns, hidden). */
static bcue_value picture_tokens(bcue_graph *graph, const bcue_model_config *config,
                                 const bcue_model_inputs *inputs, bcue_model_input m, int64_t batch)
{
    const bcue_resnet_config trunk = {.depth = (int)config->depth[m], .width = (int)config->width};
    bcue_value x = frames_of(graph, inputs, m, batch), stages[BCUE_RESNET_STAGES];
    bcue_graph_push(graph, bcue_model_input_names[m]);
    bcue_resnet_stages(graph, x, &trunk, stages);
    x = stages[BCUE_RESNET_STAGES - 1];
    if (x != BCUE_NO_VALUE) {
        const bcue_shape map = bcue_graph_value(graph, x)->shape;
        const int64_t rows = least(map.dim[2], config->anchors), columns = least(map.dim[3], config->anchors);
        const bcue_shape flat = bcue_shape_of(map.dim[0], map.dim[1], rows * columns);
        const bcue_shape tokens = bcue_shape_of(batch, inputs->frames * rows * columns, map.dim[1]);
        x = bcue_graph_adaptive_avg_pool(graph, NULL, x, (int)rows, (int)columns);
        x = bcue_graph_reshape(graph, NULL, x, &flat);
        x = bcue_graph_permute(graph, NULL, x, (int[]){0, 2, 1});
        x = bcue_graph_reshape(graph, NULL, x, &tokens);
        x = bcue_linear_layer(graph, "project", x, config->hidden, BCUE_LINEAR_GPT);
    }
    bcue_graph_pop(graph);
    return x;
}

/* (batch, P * queries, hidden). */
static bcue_value list_tokens(bcue_graph *graph, const bcue_model_config *config,
                              const bcue_model_inputs *inputs, bcue_model_input m, int64_t batch)
{
    const bcue_shape tokens = bcue_shape_of(batch, inputs->frames * config->queries, config->point_width);
    const bcue_transformer_config block = {
        .blocks = 1, .heads = config->heads, .expansion = 1, .dropout = config->dropout};
    bcue_value x = frames_of(graph, inputs, m, batch), mask;
    bcue_graph_push(graph, bcue_model_input_names[m]);
    x = bcue_point_layers(graph, "points", x, config->point_width, &mask);
    x = bcue_attention_pool(graph, "pool", x, &mask, config->queries);
    x = bcue_graph_reshape(graph, NULL, x, &tokens);
    x = bcue_transformer(graph, x, &block);
    x = bcue_linear_layer(graph, "project", x, config->hidden, BCUE_LINEAR_GPT);
    bcue_graph_pop(graph);
    return x;
}

static bcue_value fuse(bcue_graph *graph, const bcue_model_config *config, bcue_value tokens)
{
    if (tokens == BCUE_NO_VALUE)
        return BCUE_NO_VALUE;
    const bcue_shape *shape = &bcue_graph_value(graph, tokens)->shape;
    const bcue_shape place = bcue_shape_of(1, shape->dim[1], shape->dim[2]);
    const bcue_parameter_spec zero = {.init = BCUE_INIT_ZERO, .no_decay = true};
    const bcue_transformer_config transformer = {.blocks = config->blocks,
                                                 .heads = config->heads,
                                                 .expansion = config->expansion,
                                                 .dropout = config->dropout};
    bcue_graph_push(graph, "fusion");
    bcue_value embedding = bcue_graph_parameter(graph, "pos_emb", &place, &zero);
    bcue_value x = bcue_graph_add(graph, NULL, tokens, embedding);
    x = bcue_transformer(graph, x, &transformer);
    x = bcue_layer_norm_layer(graph, "ln_f", x, 1e-5);
    bcue_graph_pop(graph);
    return bcue_graph_reduce(graph, NULL, BCUE_OP_REDUCE_MEAN, x, 1U << 1, false);
}

bcue_value bcue_teacher(bcue_graph *graph, const bcue_model_config *config, const bcue_model_inputs *inputs,
                        int64_t batch)
{
    static const bcue_model_input order[] = {BCUE_INPUT_CAMERA, BCUE_INPUT_LIDAR, BCUE_INPUT_RADAR,
                                             BCUE_INPUT_VEHICLES};
    bcue_value parts[BCUE_INPUT_COUNT];
    int count = 0;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        if (bcue_model_needs(config, order[i]))
            parts[count++] = (i < 2 ? picture_tokens : list_tokens)(graph, config, inputs, order[i], batch);
    }
    bcue_value x = count > 1 ? bcue_graph_concat(graph, NULL, parts, count, 1) : parts[0];
    x = fuse(graph, config, x);
    bcue_graph_output(graph, "mid", x);
    return bcue_linear_layer(graph, "head", x, inputs->beams, BCUE_LINEAR_TORCH_NO_DECAY);
}

bcue_status bcue_teacher_check(const bcue_model_config *config, const char **key, bcue_error *error)
{
    BCUE_TRY(bcue_modalities_check(config, key, error));
    *key = "heads";
    const int64_t widths[] = {config->hidden, config->point_width};
    static const char *const names[] = {"hidden", "point_width"};
    for (int i = 0; i < 2; i++) {
        if (config->heads < 1 || widths[i] % config->heads != 0)
            return bcue_fail(error, BCUE_ERROR_CONFIG,
                             "%lld heads cannot share the %lld numbers of model.%s evenly",
                             (long long)config->heads, (long long)widths[i], names[i]);
    }
    return BCUE_OK;
}

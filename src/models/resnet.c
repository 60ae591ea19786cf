#include "models/resnet.h"

#include <stdio.h>

static const int unit[2] = {1, 1};

static bcue_value conv(bcue_graph *graph, const char *name, bcue_value x, int64_t channels, int kernel,
                       int stride)
{
    if (x == BCUE_NO_VALUE)
        return BCUE_NO_VALUE;
    bcue_graph_push(graph, name);
    bcue_shape shape = bcue_shape_of(channels, bcue_graph_value(graph, x)->shape.dim[1], kernel, kernel);
    bcue_parameter_spec spec = {.init = BCUE_INIT_NORMAL_FAN_OUT, .fan = channels * kernel * kernel};
    bcue_value weight = bcue_graph_parameter(graph, "weight", &shape, &spec);
    bcue_graph_pop(graph);
    int strides[2] = {stride, stride}, padding[2] = {kernel / 2, kernel / 2};
    return bcue_graph_conv2d(graph, name, x, weight, BCUE_NO_VALUE, strides, padding, unit, 1);
}

static bcue_value norm(bcue_graph *graph, const char *name, bcue_value x)
{
    if (x == BCUE_NO_VALUE)
        return BCUE_NO_VALUE;
    bcue_graph_push(graph, name);
    bcue_shape shape = bcue_shape_of(bcue_graph_value(graph, x)->shape.dim[1]);
    bcue_parameter_spec one = {.init = BCUE_INIT_ONE, .no_decay = true},
                        zero = {.init = BCUE_INIT_ZERO, .no_decay = true};
    bcue_parameter_spec mean = {.init = BCUE_INIT_ZERO, .running = true},
                        variance = {.init = BCUE_INIT_ONE, .running = true};
    bcue_value weight = bcue_graph_parameter(graph, "weight", &shape, &one);
    bcue_value bias = bcue_graph_parameter(graph, "bias", &shape, &zero);
    bcue_value running_mean = bcue_graph_parameter(graph, "running_mean", &shape, &mean);
    bcue_value running_var = bcue_graph_parameter(graph, "running_var", &shape, &variance);
    bcue_graph_pop(graph);
    return bcue_graph_batch_norm(graph, name, x, weight, bias, running_mean, running_var, 1e-5, 0.1);
}

/* Two 3x3 convolutions and a shortcut; the shortcut is projected where the shape changes. */
static bcue_value basic_block(bcue_graph *graph, bcue_value x, int64_t channels, int stride)
{
    if (x == BCUE_NO_VALUE)
        return BCUE_NO_VALUE;
    bcue_value shortcut = x;
    bcue_value y = norm(graph, "bn1", conv(graph, "conv1", x, channels, 3, stride));
    y = bcue_graph_relu(graph, "relu1", y);
    y = norm(graph, "bn2", conv(graph, "conv2", y, channels, 3, 1));
    if (stride != 1 || bcue_graph_value(graph, x)->shape.dim[1] != channels)
        shortcut = norm(graph, "downsample.1", conv(graph, "downsample.0", x, channels, 1, stride));
    return bcue_graph_relu(graph, "relu2", bcue_graph_add(graph, "add", y, shortcut));
}

bcue_value bcue_resnet_stem(bcue_graph *graph, bcue_value x, const bcue_resnet_config *config)
{
    bcue_value y = norm(graph, "bn1", conv(graph, "conv1", x, config->width, 7, 2));
    y = bcue_graph_relu(graph, "relu", y);
    return bcue_graph_max_pool(graph, "maxpool", y, (int[]){3, 3}, (int[]){2, 2}, unit);
}

bcue_value bcue_resnet_stage(bcue_graph *graph, bcue_value x, const bcue_resnet_config *config, int stage)
{
    static const int blocks[2][BCUE_RESNET_STAGES] = {{2, 2, 2, 2}, {3, 4, 6, 3}};
    int64_t channels = (int64_t)config->width << (stage - 1);
    for (int block = 0; block < blocks[config->depth == 34][stage - 1]; block++) {
        char scope[32];
        snprintf(scope, sizeof scope, "layer%d.%d", stage, block);
        bcue_graph_push(graph, scope);
        x = basic_block(graph, x, channels, stage > 1 && block == 0 ? 2 : 1);
        bcue_graph_pop(graph);
    }
    return x;
}

bcue_value bcue_resnet_pool(bcue_graph *graph, bcue_value x)
{
    bcue_value pooled = bcue_graph_adaptive_avg_pool(graph, "avgpool", x, 1, 1);
    if (pooled == BCUE_NO_VALUE)
        return BCUE_NO_VALUE;
    const bcue_shape *shape = &bcue_graph_value(graph, pooled)->shape;
    bcue_shape flat = bcue_shape_of(shape->dim[0], shape->dim[1]);
    return bcue_graph_reshape(graph, "flatten", pooled, &flat);
}

void bcue_resnet_stages(bcue_graph *graph, bcue_value x, const bcue_resnet_config *config,
                        bcue_value stages[BCUE_RESNET_STAGES])
{
    x = bcue_resnet_stem(graph, x, config);
    for (int stage = 1; stage <= BCUE_RESNET_STAGES; stage++)
        stages[stage - 1] = x = bcue_resnet_stage(graph, x, config, stage);
}

bcue_value bcue_resnet(bcue_graph *graph, bcue_value x, const bcue_resnet_config *config)
{
    bcue_value stages[BCUE_RESNET_STAGES];
    bcue_resnet_stages(graph, x, config, stages);
    return bcue_resnet_pool(graph, stages[BCUE_RESNET_STAGES - 1]);
}

bcue_value bcue_resnet_backbone(bcue_graph *graph, bcue_value x, int depth)
{
    return bcue_resnet(graph, x, &(bcue_resnet_config){.depth = depth, .width = 64});
}

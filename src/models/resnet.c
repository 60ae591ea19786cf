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

int64_t bcue_resnet_channels(const bcue_resnet_config *config, int stage)
{
    const int64_t all = (int64_t)config->width << (stage - 1);
    return config->pruned != NULL ? bcue_pruned_kept(&config->pruned[stage - 1]->keep, all) : all;
}

void bcue_resnet_mask_inputs(bcue_graph *graph, int64_t pictures, const bcue_resnet_config *config,
                             bcue_value masks[BCUE_RESNET_STAGES])
{
    for (int s = 1; s <= BCUE_RESNET_STAGES; s++) {
        char name[24];
        const bcue_shape shape = bcue_shape_of(pictures, bcue_resnet_channels(config, s), 1, 1);
        snprintf(name, sizeof name, "mask_keep_%d", s);
        masks[s - 1] = bcue_graph_input(graph, name, BCUE_F32, &shape);
    }
}

static bcue_value masked(bcue_graph *graph, const bcue_resnet_config *config, int stage, bcue_value x)
{
    return config->keep_mask != NULL ? bcue_graph_mul(graph, NULL, x, config->keep_mask[stage - 1]) : x;
}

/* Times an input of its own. */
static bcue_value inner_masked(bcue_graph *graph, const bcue_resnet_config *config, bcue_value x)
{
    if (config->keep_mask == NULL || x == BCUE_NO_VALUE)
        return x;
    const bcue_shape *shape = &bcue_graph_value(graph, x)->shape;
    const bcue_shape mask = bcue_shape_of(shape->dim[0], shape->dim[1], 1, 1);
    return bcue_graph_mul(graph, NULL, x, bcue_graph_input(graph, "mask_inner", BCUE_F32, &mask));
}

/* Two 3x3 convolutions and a shortcut; the shortcut is projected where the shape changes. */
static bcue_value basic_block(bcue_graph *graph, bcue_value x, const bcue_resnet_config *config, int stage,
                              int block)
{
    if (x == BCUE_NO_VALUE)
        return BCUE_NO_VALUE;
    const int64_t channels = bcue_resnet_channels(config, stage),
                  whole = (int64_t)config->width << (stage - 1);
    const int64_t inner =
        config->pruned != NULL ? bcue_pruned_width(&config->pruned[stage - 1]->inner, block, whole) : whole;
    const int stride = stage > 1 && block == 0 ? 2 : 1;
    bcue_value shortcut = x;
    bcue_value y = norm(graph, "bn1", conv(graph, "conv1", x, inner, 3, stride));
    y = inner_masked(graph, config, bcue_graph_relu(graph, "relu1", y));
    y = norm(graph, "bn2", conv(graph, "conv2", y, channels, 3, 1));
    if (stride != 1 || bcue_graph_value(graph, x)->shape.dim[1] != channels)
        shortcut = norm(graph, "downsample.1", conv(graph, "downsample.0", x, channels, 1, stride));
    return masked(graph, config, stage,
                  bcue_graph_relu(graph, "relu2", bcue_graph_add(graph, "add", y, shortcut)));
}

bcue_value bcue_resnet_stem(bcue_graph *graph, bcue_value x, const bcue_resnet_config *config)
{
    bcue_value y = norm(graph, "bn1", conv(graph, "conv1", x, bcue_resnet_channels(config, 1), 7, 2));
    y = bcue_graph_relu(graph, "relu", y);
    y = bcue_graph_max_pool(graph, "maxpool", y, (int[]){3, 3}, (int[]){2, 2}, unit);
    return masked(graph, config, 1, y);
}

bcue_value bcue_resnet_stage(bcue_graph *graph, bcue_value x, const bcue_resnet_config *config, int stage)
{
    static const int blocks[2][BCUE_RESNET_STAGES] = {{2, 2, 2, 2}, {3, 4, 6, 3}};
    for (int block = 0; block < blocks[config->depth == 34][stage - 1]; block++) {
        char scope[32];
        snprintf(scope, sizeof scope, "layer%d.%d", stage, block);
        bcue_graph_push(graph, scope);
        x = basic_block(graph, x, config, stage, block);
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

bcue_value bcue_resnet_front(bcue_graph *graph, bcue_value x, const bcue_resnet_config *config)
{
    return bcue_resnet_stage(graph, bcue_resnet_stem(graph, x, config), config, 1);
}

bcue_value bcue_resnet_back(bcue_graph *graph, bcue_value x, const bcue_resnet_config *config)
{
    for (int stage = 2; stage <= BCUE_RESNET_STAGES; stage++)
        x = bcue_resnet_stage(graph, x, config, stage);
    return bcue_resnet_pool(graph, x);
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

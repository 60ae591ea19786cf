#include "models/model_graph.h"

#include <stddef.h>

#include "base/fail.h"
#include "models/resnet.h"

const char *const bcue_model_kind_names[] = {"random",       "constant",     "majority",
                                             "position-lut", "position-knn", "position-mlp",
                                             "resnet18",     "resnet34",     NULL};

#define MODEL(field) offsetof(bcue_model_config, field)
const bcue_config_field bcue_model_config_fields[] = {
    {.name = "kind",
     .type = BCUE_CONFIG_CHOICE,
     .offset = MODEL(kind),
     .choices = bcue_model_kind_names,
     .required = true,
     .help = "which model"},
    {.name = "position",
     .type = BCUE_CONFIG_BOOL,
     .offset = MODEL(position),
     .fallback = "false",
     .help = "resnet*: late fusion with the position"},
    {.name = "width",
     .type = BCUE_CONFIG_INT,
     .offset = MODEL(width),
     .fallback = "64",
     .minimum = 8,
     .maximum = 256,
     .help = "resnet*: channels of the first stage, 64 in the paper; a smaller network trains faster"},
    {.name = "hidden",
     .type = BCUE_CONFIG_INT,
     .offset = MODEL(hidden),
     .fallback = "256",
     .minimum = 1,
     .maximum = 65536,
     .help = "width of the hidden layers (position-mlp, fusion head)"},
    {.name = "shared_layers",
     .type = BCUE_CONFIG_INT,
     .offset = MODEL(shared_layers),
     .fallback = "3",
     .minimum = 0,
     .maximum = 64,
     .help = "position-mlp: how often its one shared hidden layer is applied"},
    {.name = "lut_bins",
     .type = BCUE_CONFIG_INT,
     .offset = MODEL(lut_bins),
     .fallback = "40",
     .minimum = 1,
     .maximum = 4096,
     .help = "position-lut: cells per axis"},
    {.name = "neighbours",
     .type = BCUE_CONFIG_INT,
     .offset = MODEL(neighbours),
     .fallback = "9",
     .minimum = 1,
     .maximum = 1e6,
     .help = "position-knn: how many neighbours vote"},
    {.name = "dropout",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = MODEL(dropout),
     .fallback = "0",
     .minimum = 0,
     .maximum = 0.95,
     .help = "probability, before the last layer"},
    {0}};

#define INPUTS(field) offsetof(bcue_model_inputs, field)
const bcue_config_field bcue_model_inputs_fields[] = {{.name = "frames",
                                                       .type = BCUE_CONFIG_INT,
                                                       .offset = INPUTS(frames),
                                                       .minimum = 1,
                                                       .maximum = 1024,
                                                       .required = true,
                                                       .help = "camera frames per window"},
                                                      {.name = "channels",
                                                       .type = BCUE_CONFIG_INT,
                                                       .offset = INPUTS(channels),
                                                       .minimum = 0,
                                                       .maximum = 3,
                                                       .required = true,
                                                       .help = "camera channels, 0 = no camera"},
                                                      {.name = "height",
                                                       .type = BCUE_CONFIG_INT,
                                                       .offset = INPUTS(height),
                                                       .minimum = 0,
                                                       .maximum = 16384,
                                                       .required = true,
                                                       .help = "camera rows, pixels"},
                                                      {.name = "width",
                                                       .type = BCUE_CONFIG_INT,
                                                       .offset = INPUTS(width),
                                                       .minimum = 0,
                                                       .maximum = 16384,
                                                       .required = true,
                                                       .help = "camera columns, pixels"},
                                                      {.name = "gps_frames",
                                                       .type = BCUE_CONFIG_INT,
                                                       .offset = INPUTS(gps_frames),
                                                       .minimum = 0,
                                                       .maximum = 1024,
                                                       .required = true,
                                                       .help = "position fixes per window, 0 = no position"},
                                                      {.name = "beams",
                                                       .type = BCUE_CONFIG_INT,
                                                       .offset = INPUTS(beams),
                                                       .minimum = 2,
                                                       .maximum = 65536,
                                                       .required = true,
                                                       .help = "beams of the codebook"},
                                                      {0}};

bool bcue_model_is_table(const bcue_model_config *config)
{
    return config->kind < BCUE_MODEL_POSITION_MLP;
}

bool bcue_model_needs_camera(const bcue_model_config *config)
{
    return config->kind == BCUE_MODEL_RESNET18 || config->kind == BCUE_MODEL_RESNET34;
}

bool bcue_model_needs_position(const bcue_model_config *config)
{
    return config->kind == BCUE_MODEL_POSITION_LUT || config->kind == BCUE_MODEL_POSITION_KNN ||
           config->kind == BCUE_MODEL_POSITION_MLP || (bcue_model_needs_camera(config) && config->position);
}

/* weight (out, in) and bias (out), both uniform in the fan-in, as PyTorch's Linear. */
static bcue_value linear_layer(bcue_graph *graph, const char *name, bcue_value x, int64_t in, int64_t out)
{
    const bcue_parameter_spec spec = {.init = BCUE_INIT_UNIFORM_FAN_IN, .fan = in};
    bcue_graph_push(graph, name);
    const bcue_shape weight_shape = bcue_shape_of(out, in), bias_shape = bcue_shape_of(out);
    bcue_value weight = bcue_graph_parameter(graph, "weight", &weight_shape, &spec);
    bcue_value bias = bcue_graph_parameter(graph, "bias", &bias_shape, &spec);
    bcue_graph_pop(graph);
    return bcue_graph_linear(graph, NULL, x, weight, bias);
}

static bcue_value position_input(bcue_graph *graph, const bcue_model_inputs *inputs, int64_t batch)
{
    const bcue_shape shape = bcue_shape_of(batch, inputs->gps_frames, 2),
                     flat = bcue_shape_of(batch, inputs->gps_frames * 2);
    bcue_value fixes = bcue_graph_input(graph, "position", BCUE_F32, &shape);
    return bcue_graph_reshape(graph, NULL, fixes, &flat);
}

/* The position network of the DeepSense position-aided study: one shared hidden layer applied several times.
 */
static bcue_value position_mlp(bcue_graph *graph, const bcue_model_config *config,
                               const bcue_model_inputs *inputs, int64_t batch)
{
    bcue_value x = position_input(graph, inputs, batch);
    x = bcue_graph_relu(graph, NULL, linear_layer(graph, "input", x, inputs->gps_frames * 2, config->hidden));
    for (int64_t i = 0; i < config->shared_layers; i++)
        x = bcue_graph_relu(graph, NULL, linear_layer(graph, "shared", x, config->hidden, config->hidden));
    if (config->dropout > 0)
        x = bcue_graph_dropout(graph, NULL, x, config->dropout);
    return linear_layer(graph, "output", x, config->hidden, inputs->beams);
}

/* Every frame through the same backbone; pooled vectors of a window averaged. */
static bcue_value camera_network(bcue_graph *graph, const bcue_model_config *config,
                                 const bcue_model_inputs *inputs, int64_t batch)
{
    const int64_t frames = inputs->frames, features = 8 * config->width;
    const bcue_resnet_config resnet = {.depth = config->kind == BCUE_MODEL_RESNET18 ? 18 : 34,
                                       .width = (int)config->width};
    const bcue_shape shape = bcue_shape_of(batch, frames, inputs->channels, inputs->height, inputs->width);
    const bcue_shape images = bcue_shape_of(batch * frames, inputs->channels, inputs->height, inputs->width);
    const bcue_shape windows = bcue_shape_of(batch, frames, features);
    bcue_value x = bcue_graph_input(graph, "camera", BCUE_F32, &shape);
    x = bcue_graph_reshape(graph, NULL, x, &images);
    bcue_graph_push(graph, "camera");
    x = bcue_resnet(graph, x, &resnet);
    bcue_graph_pop(graph);
    if (frames > 1)
        x = bcue_graph_reduce(graph, NULL, BCUE_OP_REDUCE_MEAN, bcue_graph_reshape(graph, NULL, x, &windows),
                              1U << 1, false);
    if (!config->position) {
        if (config->dropout > 0)
            x = bcue_graph_dropout(graph, NULL, x, config->dropout);
        return linear_layer(graph, "head", x, features, inputs->beams);
    }
    const bcue_value both[2] = {x, position_input(graph, inputs, batch)};
    x = bcue_graph_concat(graph, NULL, both, 2, 1);
    x = bcue_graph_relu(graph, NULL,
                        linear_layer(graph, "fusion", x, features + inputs->gps_frames * 2, config->hidden));
    if (config->dropout > 0)
        x = bcue_graph_dropout(graph, NULL, x, config->dropout);
    return linear_layer(graph, "head", x, config->hidden, inputs->beams);
}

static bcue_status check_inputs(const bcue_model_config *config, const bcue_model_inputs *inputs,
                                int64_t batch, bcue_error *error)
{
    const char *kind = bcue_model_kind_names[config->kind];
    if (bcue_model_is_table(config))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "%s is a table, not a network: it has no graph", kind);
    if (batch < 1)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "a batch of %lld samples cannot be built",
                         (long long)batch);
    if (bcue_model_needs_camera(config) && inputs->channels == 0)
        return bcue_fail(error, BCUE_ERROR_CONFIG, "%s needs pictures: set features.camera.enabled: true",
                         kind);
    if (bcue_model_needs_position(config) && inputs->gps_frames == 0)
        return bcue_fail(error, BCUE_ERROR_CONFIG, "%s needs positions: set features.position.enabled: true",
                         kind);
    if (bcue_model_needs_camera(config) && config->width < 1)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "a %s with %lld channels cannot be built", kind,
                         (long long)config->width);
    return BCUE_OK;
}

bcue_status bcue_model_build(const bcue_model_config *config, const bcue_model_inputs *inputs, int64_t batch,
                             bcue_graph **graph, bcue_error *error)
{
    *graph = NULL;
    BCUE_TRY(check_inputs(config, inputs, batch, error));
    bcue_graph *built = bcue_graph_create();
    if (built == NULL)
        return bcue_fail_memory(error, "the model graph");
    bcue_value logits = config->kind == BCUE_MODEL_POSITION_MLP
                            ? position_mlp(built, config, inputs, batch)
                            : camera_network(built, config, inputs, batch);
    const bcue_shape label_shape = bcue_shape_of(batch);
    bcue_value label = bcue_graph_input(built, "label", BCUE_I32, &label_shape);
    bcue_graph_output(built, "logits", logits);
    bcue_graph_output(built, "loss",
                      bcue_graph_cross_entropy(built, "cross_entropy", logits, label, BCUE_NO_VALUE, 0));
    bcue_status status = bcue_graph_check(built, error);
    if (status != BCUE_OK) {
        bcue_graph_destroy(built);
        return status;
    }
    *graph = built;
    return BCUE_OK;
}

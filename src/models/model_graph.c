#include "models/model_graph.h"

#include <stddef.h>

#include "base/fail.h"
#include "models/beamtransfuser.h"
#include "models/fusion_teacher.h"
#include "models/layers.h"
#include "models/pruned_check.h"
#include "models/radar_student.h"
#include "models/resnet.h"

static bcue_value fixes_input(bcue_graph *graph, const bcue_model_inputs *inputs, int64_t batch)
{
    const bcue_shape shape = bcue_shape_of(batch, inputs->gps_frames, 2);
    return bcue_graph_input(graph, "position", BCUE_F32, &shape);
}

/* All fixes of a window as one vector. */
static bcue_value position_input(bcue_graph *graph, const bcue_model_inputs *inputs, int64_t batch)
{
    const bcue_shape flat = bcue_shape_of(batch, inputs->gps_frames * 2);
    return bcue_graph_reshape(graph, NULL, fixes_input(graph, inputs, batch), &flat);
}

/* The fixes one after the other through a recurrent unit, as the challenge's baseline has it. */
static bcue_value position_gru(bcue_graph *graph, const bcue_model_config *config,
                               const bcue_model_inputs *inputs, int64_t batch)
{
    bcue_value x = bcue_gru(graph, "gru", fixes_input(graph, inputs, batch), config->hidden);
    if (config->dropout > 0)
        x = bcue_graph_dropout(graph, NULL, x, config->dropout);
    return bcue_linear_layer(graph, "output", x, inputs->beams, BCUE_LINEAR_TORCH);
}

/* The position network of the DeepSense position-aided study: one shared hidden layer applied several times.
 */
static bcue_value position_mlp(bcue_graph *graph, const bcue_model_config *config,
                               const bcue_model_inputs *inputs, int64_t batch)
{
    bcue_value x = position_input(graph, inputs, batch);
    x = bcue_graph_relu(graph, NULL, bcue_linear_layer(graph, "input", x, config->hidden, BCUE_LINEAR_TORCH));
    for (int64_t i = 0; i < config->shared_layers; i++)
        x = bcue_graph_relu(graph, NULL,
                            bcue_linear_layer(graph, "shared", x, config->hidden, BCUE_LINEAR_TORCH));
    if (config->dropout > 0)
        x = bcue_graph_dropout(graph, NULL, x, config->dropout);
    return bcue_linear_layer(graph, "output", x, inputs->beams, BCUE_LINEAR_TORCH);
}

/* A modality's trunk. */
typedef struct trunk {
    bcue_resnet_config resnet;
    const bcue_pruned_part *parts[BCUE_RESNET_STAGES];
} trunk;

static void describe_trunk(const bcue_model_config *config, bcue_model_input input, trunk *t)
{
    const bool deep = config->kind == BCUE_MODEL_BEAMTRANSFUSER ? config->depth[input] == 34
                                                                : config->kind == BCUE_MODEL_RESNET34;
    for (int s = 1; s <= BCUE_RESNET_STAGES; s++)
        t->parts[s - 1] = bcue_pruned_find(&config->pruned, bcue_model_input_names[input], s);
    t->resnet =
        (bcue_resnet_config){.depth = deep ? 34 : 18, .width = (int)config->width, .pruned = t->parts};
}

/* Every frame through the same backbone; pooled vectors of a window averaged. */
static bcue_value picture_network(bcue_graph *graph, const bcue_model_config *config,
                                  const bcue_model_inputs *inputs, int64_t batch, bcue_model_form form)
{
    const bool staged = form == BCUE_FORM_STAGED;
    const char *modality = bcue_model_input_names[config->modality];
    const bcue_model_input input = (bcue_model_input)config->modality;
    const bcue_picture_size size =
        staged ? bcue_model_front_size(config, inputs, input) : bcue_model_picture(inputs, input);
    bcue_value masks[BCUE_RESNET_STAGES];
    trunk t;
    describe_trunk(config, input, &t);
    const int64_t frames = inputs->frames, features = bcue_resnet_channels(&t.resnet, BCUE_RESNET_STAGES);
    const bcue_shape shape = bcue_shape_of(batch, frames, size.channels, size.height, size.width);
    const bcue_shape images = bcue_shape_of(batch * frames, size.channels, size.height, size.width);
    const bcue_shape windows = bcue_shape_of(batch, frames, features);
    bcue_value x = bcue_graph_input(graph, modality, BCUE_F32, &shape);
    x = bcue_graph_reshape(graph, NULL, x, &images);
    bcue_graph_push(graph, modality);
    if (form == BCUE_FORM_MASKED) {
        bcue_resnet_mask_inputs(graph, batch * frames, &t.resnet, masks);
        t.resnet.keep_mask = masks;
    }
    x = staged ? bcue_resnet_back(graph, x, &t.resnet) : bcue_resnet(graph, x, &t.resnet);
    bcue_graph_pop(graph);
    if (frames > 1)
        x = bcue_graph_reduce(graph, NULL, BCUE_OP_REDUCE_MEAN, bcue_graph_reshape(graph, NULL, x, &windows),
                              1U << 1, false);
    if (!config->position) {
        if (config->dropout > 0)
            x = bcue_graph_dropout(graph, NULL, x, config->dropout);
        return bcue_linear_layer(graph, "head", x, inputs->beams, BCUE_LINEAR_TORCH);
    }
    const bcue_value position = config->gru > 0
                                    ? bcue_gru(graph, "gru", fixes_input(graph, inputs, batch), config->gru)
                                    : position_input(graph, inputs, batch);
    const bcue_value both[2] = {x, position};
    x = bcue_graph_concat(graph, NULL, both, 2, 1);
    x = bcue_graph_relu(graph, NULL,
                        bcue_linear_layer(graph, "fusion", x, config->hidden, BCUE_LINEAR_TORCH));
    if (config->dropout > 0)
        x = bcue_graph_dropout(graph, NULL, x, config->dropout);
    return bcue_linear_layer(graph, "head", x, inputs->beams, BCUE_LINEAR_TORCH);
}

/* A model needs what the data must offer. */
static bcue_status check_offers(const bcue_model_config *config, const bcue_model_inputs *inputs,
                                bcue_error *error)
{
    static const char *const noun[] = {"pictures", "LiDAR", "radar", "positions", "vehicles"};
    static const char *const key[] = {"camera", "lidar", "radar", "position", "vehicles"};
    for (int i = 0; i < BCUE_INPUT_COUNT; i++) {
        if (bcue_model_needs(config, (bcue_model_input)i) && !bcue_model_offers(inputs, (bcue_model_input)i))
            return bcue_fail(error, BCUE_ERROR_CONFIG, "%s needs %s: set features.%s.enabled: true",
                             bcue_model_kind_names[config->kind], noun[i], key[i]);
    }
    return BCUE_OK;
}

bcue_status bcue_model_config_check(const bcue_model_config *config, const char **key, bcue_error *error)
{
    *key = NULL;
    switch ((bcue_model_kind)config->kind) {
    case BCUE_MODEL_BEAMTRANSFUSER:
        BCUE_TRY(bcue_beamtransfuser_check(config, key, error));
        break;
    case BCUE_MODEL_TEACHER:
        BCUE_TRY(bcue_teacher_check(config, key, error));
        break;
    case BCUE_MODEL_STUDENT:
        BCUE_TRY(bcue_student_check(config, key, error));
        break;
    default:
        break;
    }
    *key = "pruned";
    return bcue_pruned_check(config, error);
}

static bcue_status check_model(const bcue_model_config *config, bcue_error *error)
{
    const char *key;
    bcue_error cause;
    bcue_status status = bcue_model_config_check(config, &key, &cause);
    return status == BCUE_OK ? BCUE_OK : bcue_fail(error, status, "model.%s: %s", key, cause.text);
}

/* Lists of points are one channel of rows with a mask. */
static bcue_status check_points(const bcue_model_config *config, const bcue_model_inputs *inputs,
                                bcue_error *error)
{
    const bool lists = config->kind == BCUE_MODEL_POINT_STUDENT || config->kind == BCUE_MODEL_TEACHER;
    if (lists && bcue_model_needs(config, BCUE_INPUT_RADAR) &&
        (inputs->radar.channels != 1 || inputs->radar.width < 2 || inputs->radar.width > 64))
        return bcue_fail(error, BCUE_ERROR_CONFIG,
                         "%s takes lists of radar points, not maps: set features.radar.recipe: hps",
                         bcue_model_kind_names[config->kind]);
    return BCUE_OK;
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
    BCUE_TRY(check_model(config, error));
    BCUE_TRY(check_offers(config, inputs, error));
    BCUE_TRY(check_points(config, inputs, error));
    const bool pictures = config->kind == BCUE_MODEL_RESNET18 || config->kind == BCUE_MODEL_RESNET34 ||
                          config->kind == BCUE_MODEL_BEAMTRANSFUSER || config->kind == BCUE_MODEL_TEACHER;
    if (pictures && config->width < 1)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "a %s with %lld channels cannot be built", kind,
                         (long long)config->width);
    return BCUE_OK;
}

static bcue_value network(bcue_graph *graph, const bcue_model_config *config, const bcue_model_inputs *inputs,
                          int64_t batch, bcue_model_form form, const bcue_model_gap *gap)
{
    switch ((bcue_model_kind)config->kind) {
    case BCUE_MODEL_POSITION_MLP:
        return position_mlp(graph, config, inputs, batch);
    case BCUE_MODEL_POSITION_GRU:
        return position_gru(graph, config, inputs, batch);
    case BCUE_MODEL_BEAMTRANSFUSER:
        return bcue_beamtransfuser(graph, config, inputs, batch, form, gap);
    case BCUE_MODEL_STUDENT:
        return bcue_student(graph, config, inputs, batch);
    case BCUE_MODEL_POINT_STUDENT:
        return bcue_point_student(graph, config, inputs, batch);
    case BCUE_MODEL_TEACHER:
        return bcue_teacher(graph, config, inputs, batch);
    default:
        return picture_network(graph, config, inputs, batch, form);
    }
}

static bcue_status deliver(bcue_graph *built, bcue_graph **graph, bcue_error *error)
{
    bcue_status status = bcue_graph_check(built, error);
    if (status != BCUE_OK) {
        bcue_graph_destroy(built);
        return status;
    }
    *graph = built;
    return BCUE_OK;
}

static bcue_status build(const bcue_model_config *config, const bcue_model_inputs *inputs,
                         const bcue_loss_config *loss, int64_t batch, bcue_model_form form,
                         const bcue_model_gap *gap, bcue_graph **graph, bcue_error *error)
{
    *graph = NULL;
    BCUE_TRY(check_inputs(config, inputs, batch, error));
    bcue_graph *built = bcue_graph_create();
    if (built == NULL)
        return bcue_fail_memory(error, "the model graph");
    bcue_value logits = network(built, config, inputs, batch, form, gap);
    bcue_graph_output(built, "logits", logits);
    bcue_loss_build(built, loss, logits, batch, inputs->beams);
    return deliver(built, graph, error);
}

bcue_status bcue_model_build_with_loss(const bcue_model_config *config, const bcue_model_inputs *inputs,
                                       const bcue_loss_config *loss, int64_t batch, bcue_graph **graph,
                                       bcue_error *error)
{
    return build(config, inputs, loss, batch, BCUE_FORM_WHOLE, NULL, graph, error);
}

bcue_status bcue_model_build(const bcue_model_config *config, const bcue_model_inputs *inputs, int64_t batch,
                             bcue_graph **graph, bcue_error *error)
{
    return bcue_model_build_with_loss(config, inputs, NULL, batch, graph, error);
}

bcue_status bcue_model_build_masked(const bcue_model_config *config, const bcue_model_inputs *inputs,
                                    int64_t batch, bcue_graph **graph, bcue_error *error)
{
    return build(config, inputs, NULL, batch, BCUE_FORM_MASKED, NULL, graph, error);
}

/* ---- without some modalities ---- */

const char *bcue_model_vectors_name(bcue_model_input input)
{
    static const char *const names[BCUE_INPUT_COUNT] = {"vectors.camera", "vectors.lidar", "vectors.radar",
                                                        "vectors.gps", "vectors.vehicles"};
    return names[input];
}

bcue_status bcue_model_build_gap(const bcue_model_config *config, const bcue_model_inputs *inputs,
                                 const bcue_model_gap *gap, int64_t batch, bcue_model_form form,
                                 bcue_graph **graph, bcue_error *error)
{
    *graph = NULL;
    unsigned left = 0;
    for (int m = 0; m < BCUE_INPUT_COUNT; m++)
        left |= bcue_model_needs(config, (bcue_model_input)m) ? 1U << m : 0;
    if (config->kind != BCUE_MODEL_BEAMTRANSFUSER)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "only a beamtransfuser can be run without some of its modalities, not a %s",
                         bcue_model_kind_names[config->kind]);
    if ((left & ~gap->missing) == 0 || (gap->missing & ~left) != 0)
        return bcue_fail(
            error, BCUE_ERROR_ARGUMENT,
            "the model needs at least one of its modalities, and none but its own can be missing");
    return build(config, inputs, NULL, batch, form, gap, graph, error);
}

/* ---- in two parts ---- */

bool bcue_model_has_front(const bcue_model_config *config, bcue_model_input input)
{
    const bool trunks = config->kind == BCUE_MODEL_RESNET18 || config->kind == BCUE_MODEL_RESNET34 ||
                        config->kind == BCUE_MODEL_BEAMTRANSFUSER;
    return trunks && input != BCUE_INPUT_POSITION && bcue_model_needs(config, input);
}

bool bcue_model_is_split(const bcue_model_config *config, const bcue_model_inputs *inputs)
{
    bool any = false;
    for (int i = 0; i < BCUE_PICTURE_INPUTS; i++)
        any = any || bcue_model_has_front(config, (bcue_model_input)i);
    return any && inputs->frames > 1;
}

/* Each of the stem's two steps halves, rounding up; stage 1 keeps the size. */
bcue_picture_size bcue_model_front_size(const bcue_model_config *config, const bcue_model_inputs *inputs,
                                        bcue_model_input input)
{
    const bcue_picture_size size = bcue_model_picture(inputs, input);
    trunk t;
    describe_trunk(config, input, &t);
    return (bcue_picture_size){bcue_resnet_channels(&t.resnet, 1), (size.height + 3) / 4,
                               (size.width + 3) / 4};
}

bcue_status bcue_model_build_front(const bcue_model_config *config, const bcue_model_inputs *inputs,
                                   bcue_model_input input, bcue_graph **graph, bcue_error *error)
{
    *graph = NULL;
    BCUE_TRY(check_inputs(config, inputs, 1, error));
    bcue_graph *built = bcue_graph_create();
    if (built == NULL)
        return bcue_fail_memory(error, "the model graph");
    const bcue_picture_size size = bcue_model_picture(inputs, input);
    const bcue_shape shape = bcue_shape_of(1, size.channels, size.height, size.width);
    trunk t;
    describe_trunk(config, input, &t);
    bcue_value x = bcue_graph_input(built, bcue_model_input_names[input], BCUE_F32, &shape);
    bcue_graph_push(built, bcue_model_input_names[input]);
    x = bcue_resnet_front(built, x, &t.resnet);
    bcue_graph_pop(built);
    bcue_graph_output(built, "map", x);
    return deliver(built, graph, error);
}

bcue_status bcue_model_build_rest(const bcue_model_config *config, const bcue_model_inputs *inputs,
                                  bcue_graph **graph, bcue_error *error)
{
    return build(config, inputs, NULL, 1, BCUE_FORM_STAGED, NULL, graph, error);
}

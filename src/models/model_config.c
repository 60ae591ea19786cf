/* The keys of `model` and of the inputs that a model file stores, and what a configuration asks for. */
#include <stddef.h>
#include <string.h>

#include "models/model_graph.h"

const char *const bcue_model_kind_names[] = {
    "random",   "constant",  "majority",     "position-lut",   "position-knn", "position-mlp",
    "resnet18", "resnet34",  "position-gru", "beamtransfuser", "student",      "point-student",
    "teacher",  "radar-knn", "radar-rule",   "oracle-hold",    "oracle-sweep", NULL};
const char *const bcue_model_input_names[] = {"camera", "lidar", "radar", "gps", "vehicles", NULL};
static const char *const picture_names[] = {"camera", "lidar", "radar", NULL};
const char *const bcue_model_preset_names[] = {"full", "edge", "small", "tiny", NULL};
static const char *const constant_names[] = {"db", "mpr", NULL};
static const char *const fusion_names[] = {"sum", "softmax", NULL};

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
    {.name = "modality",
     .type = BCUE_CONFIG_CHOICE,
     .offset = MODEL(modality),
     .choices = picture_names,
     .fallback = "camera",
     .help = "resnet*: what the trunk sees"},
    {.name = "width",
     .type = BCUE_CONFIG_INT,
     .offset = MODEL(width),
     .fallback = "64",
     .minimum = 8,
     .maximum = 256,
     .help =
         "resnet*, beamtransfuser, teacher: channels of the first stage, 64 in the papers; a smaller network "
         "trains faster"},
    {.name = "gru",
     .type = BCUE_CONFIG_INT,
     .offset = MODEL(gru),
     .fallback = "0",
     .minimum = 0,
     .maximum = 4096,
     .help =
         "resnet* with position: the fixes go through a recurrent unit of this many numbers first; 0 = as "
         "they are"},
    {.name = "hidden",
     .type = BCUE_CONFIG_INT,
     .offset = MODEL(hidden),
     .fallback = "256",
     .minimum = 1,
     .maximum = 65536,
     .help = "width of the hidden layers (position-mlp, position-gru, fusion head, point-student); teacher: "
             "of its tokens"},
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
     .help = "position-lut: cells per axis; radar-rule: directions"},
    {.name = "neighbours",
     .type = BCUE_CONFIG_INT,
     .offset = MODEL(neighbours),
     .fallback = "9",
     .minimum = 1,
     .maximum = 1e6,
     .help = "position-knn, radar-knn: how many neighbours vote"},
    {.name = "constant_by",
     .type = BCUE_CONFIG_CHOICE,
     .offset = MODEL(constant_by),
     .choices = constant_names,
     .fallback = "db",
     .help = "constant: the beam with the best mean in training: db, or mpr, its percentile rank"},
    {.name = "dropout",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = MODEL(dropout),
     .fallback = "0",
     .minimum = 0,
     .maximum = 0.95,
     .help = "probability, before the last layer; beamtransfuser: in the fusion blocks"},
    {.name = "preset",
     .type = BCUE_CONFIG_CHOICE,
     .offset = MODEL(preset),
     .choices = bcue_model_preset_names,
     .fallback = "full",
     .help = "beamtransfuser, teacher: defaults of the keys below, and of frames, fixes and picture sizes, "
             "where they "
             "are not given"},
    {.name = "modalities",
     .type = BCUE_CONFIG_STRING_LIST,
     .offset = MODEL(modalities),
     .fallback = "[camera, lidar, radar, gps]",
     .help = "beamtransfuser, teacher: what it sees, any of camera, lidar, radar, gps (teacher: gps is "
             "features.vehicles)"},
    {.name = "camera_depth",
     .type = BCUE_CONFIG_INT,
     .offset = MODEL(depth[BCUE_INPUT_CAMERA]),
     .fallback = "34",
     .minimum = 18,
     .maximum = 34,
     .help = "beamtransfuser, teacher: ResNet of the camera, 18 or 34"},
    {.name = "lidar_depth",
     .type = BCUE_CONFIG_INT,
     .offset = MODEL(depth[BCUE_INPUT_LIDAR]),
     .fallback = "18",
     .minimum = 18,
     .maximum = 34,
     .help = "beamtransfuser, teacher: ResNet of the LiDAR, 18 or 34"},
    {.name = "radar_depth",
     .type = BCUE_CONFIG_INT,
     .offset = MODEL(depth[BCUE_INPUT_RADAR]),
     .fallback = "18",
     .minimum = 18,
     .maximum = 34,
     .help = "beamtransfuser: ResNet of the radar, 18 or 34"},
    {.name = "embedding",
     .type = BCUE_CONFIG_INT_LIST,
     .offset = MODEL(embedding),
     .fallback = "[]",
     .minimum = 1,
     .maximum = 4096,
     .help =
         "beamtransfuser: width D of the tokens after each of the four stages; empty: the channels of the "
         "stage, other widths are projected to and back"},
    {.name = "blocks",
     .type = BCUE_CONFIG_INT,
     .offset = MODEL(blocks),
     .fallback = "8",
     .minimum = 0,
     .maximum = 64,
     .help = "beamtransfuser: transformer blocks after each stage; teacher: of its one transformer"},
    {.name = "heads",
     .type = BCUE_CONFIG_INT,
     .offset = MODEL(heads),
     .fallback = "4",
     .minimum = 1,
     .maximum = 64,
     .help = "beamtransfuser, teacher: attention heads"},
    {.name = "expansion",
     .type = BCUE_CONFIG_INT,
     .offset = MODEL(expansion),
     .fallback = "4",
     .minimum = 1,
     .maximum = 16,
     .help = "beamtransfuser, teacher: hidden width of a block's feed-forward layers, in units of D"},
    {.name = "anchors",
     .type = BCUE_CONFIG_INT,
     .offset = MODEL(anchors),
     .fallback = "8",
     .minimum = 1,
     .maximum = 32,
     .help = "beamtransfuser, teacher: every frame is pooled to this many rows and columns of tokens, fewer "
             "where the "
             "stage has fewer"},
    {.name = "fusion",
     .type = BCUE_CONFIG_CHOICE,
     .offset = MODEL(fusion),
     .choices = fusion_names,
     .fallback = "sum",
     .help = "beamtransfuser: sum adds the pooled vectors, softmax weighs each modality by a learned number"},
    {.name = "head",
     .type = BCUE_CONFIG_INT_LIST,
     .offset = MODEL(head),
     .fallback = "[256, 128]",
     .minimum = 1,
     .maximum = 65536,
     .help = "beamtransfuser: hidden widths of the last layers"},
    {.name = "pruned",
     .type = BCUE_CONFIG_SECTION_LIST,
     .offset = MODEL(pruned),
     .fields = bcue_pruned_part_fields,
     .item_size = sizeof(bcue_pruned_part),
     .help = "resnet*, beamtransfuser: widths of a smaller network, as 'beamcue prune' writes them"},
    {.name = "parameters",
     .type = BCUE_CONFIG_INT,
     .offset = MODEL(parameters),
     .fallback = "13000000",
     .minimum = 1000,
     .maximum = 1e10,
     .help = "student: size to come near to, by equal hidden widths"},
    {.name = "widths",
     .type = BCUE_CONFIG_INT_LIST,
     .offset = MODEL(widths),
     .fallback = "[]",
     .minimum = 1,
     .maximum = 65536,
     .help = "student: its five hidden widths; empty: by parameters"},
    {.name = "mid_layer",
     .type = BCUE_CONFIG_INT,
     .offset = MODEL(mid_layer),
     .fallback = "3",
     .minimum = 1,
     .maximum = 5,
     .help = "student: the hidden layer that is compared with the teacher's middle layer"},
    {.name = "point_width",
     .type = BCUE_CONFIG_INT,
     .offset = MODEL(point_width),
     .fallback = "64",
     .minimum = 2,
     .maximum = 4096,
     .help = "point-student, teacher: numbers that the shared layers make of a point"},
    {.name = "queries",
     .type = BCUE_CONFIG_INT,
     .offset = MODEL(queries),
     .fallback = "8",
     .minimum = 1,
     .maximum = 256,
     .help = "point-student, teacher: attention pooling compresses a list of points to so many vectors"},
    {0}};

#define INPUTS(field) offsetof(bcue_model_inputs, field)
/* Sizes of pictures: channels, rows, columns. */
#define SIZE(key, field, most, absent, text)                                                                 \
    {                                                                                                        \
        .name = (key), .type = BCUE_CONFIG_INT, .offset = INPUTS(field), .minimum = 0, .maximum = (most),    \
        .fallback = (absent), .required = (absent) == NULL, .help = (text)                                   \
    }
const bcue_config_field bcue_model_inputs_fields[] = {
    {.name = "frames",
     .type = BCUE_CONFIG_INT,
     .offset = INPUTS(frames),
     .minimum = 1,
     .maximum = 1024,
     .required = true,
     .help = "frames per window, of camera, LiDAR and radar alike"},
    SIZE("channels", channels, 3, NULL, "camera channels, 0 = no camera"),
    SIZE("height", height, 16384, NULL, "camera rows, pixels"),
    SIZE("width", width, 16384, NULL, "camera columns, pixels"),
    SIZE("lidar_channels", lidar.channels, 64, "0", "channels of the LiDAR picture, 0 = no LiDAR"),
    SIZE("lidar_height", lidar.height, 16384, "0", "its rows"),
    SIZE("lidar_width", lidar.width, 16384, "0", "its columns"),
    SIZE("radar_channels", radar.channels, 64, "0", "channels of the radar picture, 0 = no radar"),
    SIZE("radar_height", radar.height, 65536, "0", "its rows"),
    SIZE("radar_width", radar.width, 16384, "0", "its columns"),
    SIZE("vehicles_channels", vehicles.channels, 1, "0", "1 for a set of vehicles, 0 = none"),
    SIZE("vehicles_height", vehicles.height, 4096, "0", "its rows"),
    SIZE("vehicles_width", vehicles.width, 64, "0", "numbers of a row"),
    SIZE("gps_frames", gps_frames, 1024, NULL, "position fixes per window, 0 = no position"),
    {.name = "beams",
     .type = BCUE_CONFIG_INT,
     .offset = INPUTS(beams),
     .minimum = 2,
     .maximum = 65536,
     .required = true,
     .help = "beams of the codebook"},
    {0}};

int bcue_model_sensor_find(const char *name, size_t size)
{
    for (int m = 0; m <= BCUE_INPUT_POSITION; m++)
        if (strlen(bcue_model_input_names[m]) == size && strncmp(name, bcue_model_input_names[m], size) == 0)
            return m;
    return -1;
}

bool bcue_model_is_table(const bcue_model_config *config)
{
    return config->kind < BCUE_MODEL_POSITION_MLP || config->kind >= BCUE_MODEL_RADAR_KNN;
}

bool bcue_model_is_oracle(const bcue_model_config *config)
{
    return config->kind == BCUE_MODEL_ORACLE_HOLD || config->kind == BCUE_MODEL_ORACLE_SWEEP;
}

static bool listed(const bcue_string_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i], name) == 0)
            return true;
    }
    return false;
}

bool bcue_model_needs(const bcue_model_config *config, bcue_model_input input)
{
    switch ((bcue_model_kind)config->kind) {
    case BCUE_MODEL_POSITION_LUT:
    case BCUE_MODEL_POSITION_KNN:
    case BCUE_MODEL_POSITION_MLP:
    case BCUE_MODEL_POSITION_GRU:
        return input == BCUE_INPUT_POSITION;
    case BCUE_MODEL_RESNET18:
    case BCUE_MODEL_RESNET34:
        return input == BCUE_INPUT_POSITION ? config->position : (int)input == config->modality;
    case BCUE_MODEL_BEAMTRANSFUSER:
        return listed(&config->modalities, bcue_model_input_names[input]);
    case BCUE_MODEL_STUDENT:
    case BCUE_MODEL_POINT_STUDENT:
    case BCUE_MODEL_RADAR_KNN:
    case BCUE_MODEL_RADAR_RULE:
        return input == BCUE_INPUT_RADAR;
    case BCUE_MODEL_TEACHER: /* positions come as the set of all vehicles */
        return input != BCUE_INPUT_POSITION &&
               listed(&config->modalities,
                      bcue_model_input_names[input == BCUE_INPUT_VEHICLES ? BCUE_INPUT_POSITION : input]);
    default:
        return false;
    }
}

unsigned bcue_model_needed(const bcue_model_config *config)
{
    unsigned bits = 0;
    for (int m = 0; m < BCUE_INPUT_COUNT; m++)
        bits |= bcue_model_needs(config, (bcue_model_input)m) ? 1U << m : 0;
    return bits;
}

unsigned bcue_model_input_bits(const bcue_string_list *names)
{
    unsigned bits = 0;
    for (int m = 0; m <= BCUE_INPUT_POSITION; m++)
        bits |= listed(names, bcue_model_input_names[m]) ? 1U << m : 0;
    return bits;
}

bool bcue_model_needs_camera(const bcue_model_config *config)
{
    return bcue_model_needs(config, BCUE_INPUT_CAMERA);
}

bool bcue_model_needs_position(const bcue_model_config *config)
{
    return bcue_model_needs(config, BCUE_INPUT_POSITION);
}

bcue_picture_size bcue_model_picture(const bcue_model_inputs *inputs, bcue_model_input input)
{
    switch (input) {
    case BCUE_INPUT_CAMERA:
        return (bcue_picture_size){inputs->channels, inputs->height, inputs->width};
    case BCUE_INPUT_LIDAR:
        return inputs->lidar;
    case BCUE_INPUT_RADAR:
        return inputs->radar;
    case BCUE_INPUT_VEHICLES:
        return inputs->vehicles;
    default:
        return (bcue_picture_size){0};
    }
}

bool bcue_model_input_has_frames(bcue_model_input input)
{
    return input != BCUE_INPUT_POSITION;
}

bool bcue_model_offers(const bcue_model_inputs *inputs, bcue_model_input input)
{
    const bcue_picture_size size = bcue_model_picture(inputs, input);
    return input == BCUE_INPUT_POSITION ? inputs->gps_frames > 0
                                        : size.channels > 0 && size.height > 0 && size.width > 0;
}

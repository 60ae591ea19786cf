/* Model files: every kind there and back, damage, foreign and impossible contents. */
#include <stdlib.h>
#include <unistd.h>
#include "base/file.h"
#include "base/memory.h"
#include "check.h"
#include "mangle.h"
#include "models/codebook_note.h"
#include "models/model_file.h"
#include "tensor/half.h"

#define FOLDER BCUE_BINARY_DIR "/test_models_file"

static const bcue_model_inputs position_inputs = {.frames = 1, .gps_frames = 2, .beams = 8},
                               no_inputs = {.frames = 1, .beams = 8},
                               camera_inputs = {.frames = 2,
                                                .channels = 1,
                                                .height = 32,
                                                .width = 32,
                                                .gps_frames = 1,
                                                .beams = 8};

/* A fitted or freshly drawn model of a kind; `inputs` for the file. */
static bcue_weights weights_of(const bcue_model_config *config, const bcue_model_inputs *inputs)
{
    static const float position[] = {0.1F, 0.2F, 0.5F, 0.5F, 0.9F, 0.1F};
    static const int32_t label[] = {1, 7, 2};
    static const double power[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    static const double *const powers[] = {power, power, power};
    const bcue_table_samples samples = {3, position, label, powers, NULL, 0};
    bcue_error error = {""};
    bcue_weights weights = {0};
    if (bcue_model_is_table(config)) {
        CHECK_OK(bcue_table_fit(config, inputs->beams, &samples, &weights, &error), error);
        return weights;
    }
    bcue_graph *graph;
    CHECK_OK(bcue_model_build(config, inputs, 1, &graph, &error), error);
    CHECK_OK(bcue_weights_create(graph, BCUE_F32, 3, &weights, &error), error);
    bcue_graph_destroy(graph);
    return weights;
}

/* Every key that has a default, at it. */
static bcue_model_config defaults(void)
{
    static bcue_model_config config;
    static bcue_config *owner; /* of the lists */
    bcue_error error = {""};
    if (owner == NULL)
        CHECK_OK(bcue_config_read_text("kind: random\n", 13, "defaults", NULL, 0, bcue_model_config_fields,
                                       &config, &owner, &error),
                 error);
    return config;
}

static bcue_model_config config_of(int kind)
{
    bcue_model_config config = defaults();
    config.kind = kind;
    config.width = kind == BCUE_MODEL_BEAMTRANSFUSER ? 8 : 64;
    config.hidden = 16;
    config.shared_layers = 2;
    config.lut_bins = 5;
    config.neighbours = 4;
    config.dropout = 0.25;
    config.position = kind == BCUE_MODEL_RESNET18;
    config.blocks = 1;
    config.anchors = 2;
    return config;
}

static const bcue_model_inputs *inputs_of(const bcue_model_config *config)
{
    if (bcue_model_needs_camera(config))
        return &camera_inputs;
    return bcue_model_needs_position(config) ? &position_inputs : &no_inputs;
}

static void write_kind(int kind, const char *path)
{
    const bcue_model_config config = config_of(kind);
    const bcue_model_inputs *inputs = inputs_of(&config);
    bcue_error error = {""};
    bcue_model_file model = {.config = config,
                             .inputs = *inputs,
                             .weights = weights_of(&config, inputs),
                             .features_yaml = "position:\n  enabled: true\n",
                             .codebook_yaml = "beams: 8\n",
                             .training_json = "{\"name\": \"x\"}"};
    CHECK_OK(bcue_model_file_write(path, &model, &error), error);
    bcue_weights_free(&model.weights);
}

static void check_same_weights(const bcue_weights *a, const bcue_weights *b)
{
    CHECK_INT(a->count, b->count);
    for (int32_t i = 0; i < a->count && i < b->count; i++) {
        CHECK_STR(a->names[i], b->names[i]);
        CHECK(bcue_shape_equal(&a->tensors[i].shape, &b->tensors[i].shape));
        CHECK(memcmp(a->tensors[i].data, b->tensors[i].data, bcue_tensor_size(&a->tensors[i])) == 0);
    }
}

static void every_kind_comes_back(void)
{
    for (int kind = 0; kind < BCUE_MODEL_RESNET34; kind++) {
        bcue_error error = {""};
        bcue_model_file read;
        const bcue_model_config config = config_of(kind);
        write_kind(kind, FOLDER "/kind.safetensors");
        CHECK_OK(bcue_model_file_read(FOLDER "/kind.safetensors", &read, &error), error);
        bcue_weights weights = weights_of(&config, inputs_of(&config));
        check_same_weights(&weights, &read.weights);
        bcue_model_file mapped;
        CHECK_OK(bcue_model_file_open(FOLDER "/kind.safetensors", &mapped, &error), error);
        check_same_weights(&weights, &mapped.weights);
        bcue_model_file_release(&mapped);
        check_same_weights(&weights, &mapped.weights); /* read again from the file */
        bcue_model_file_release(&read);                /* nothing to release */
        check_same_weights(&weights, &read.weights);
        bcue_model_file_free(&mapped);
        bcue_weights_free(&weights);
        CHECK_INT(read.config.kind, kind);
        CHECK_INT(read.config.hidden, 16);
        CHECK_INT(read.config.lut_bins, 5);
        CHECK_INT(read.config.neighbours, 4);
        CHECK(read.config.position == config.position);
        CHECK_NEAR(read.config.dropout, 0.25, 0);
        CHECK(memcmp(&read.inputs, inputs_of(&config), sizeof read.inputs) == 0);
        CHECK_STR(read.features_yaml, "position:\n  enabled: true\n");
        CHECK_STR(read.codebook_yaml, "beams: 8\n");
        CHECK_STR(read.training_json, "{\"name\": \"x\"}");
        bcue_model_file_free(&read);
    }
}

/* Matrices as halves, the rest as it is; written again, the same bytes. */
static void half_precision_comes_back(void)
{
    bcue_error error = {""};
    const int kind = BCUE_MODEL_RESNET18;
    const bcue_model_config config = config_of(kind);
    bcue_model_file full, half;
    write_kind(kind, FOLDER "/full.safetensors");
    CHECK_OK(bcue_model_file_read(FOLDER "/full.safetensors", &full, &error), error);
    CHECK(!full.half);
    full.half = true;
    CHECK_OK(bcue_model_file_write(FOLDER "/half.safetensors", &full, &error), error);
    CHECK_OK(bcue_model_file_open(FOLDER "/half.safetensors", &half, &error), error);
    CHECK(half.half && half.weights.count == full.weights.count && half.config.kind == config.kind);
    for (int32_t i = 0; i < full.weights.count; i++) {
        const bcue_tensor *a = &full.weights.tensors[i], *b = &half.weights.tensors[i];
        const float *from = a->data, *to = b->data;
        for (size_t k = 0; k < bcue_tensor_size(a) / sizeof *from; k++) {
            const float want =
                a->shape.rank > 1 ? bcue_half_to_float(bcue_half_from_float(from[k])) : from[k];
            CHECK_AT(to[k] == want, "%s %zu: %g, not %g", full.weights.names[i], k, (double)to[k],
                     (double)want);
        }
    }
    CHECK_OK(bcue_model_file_write(FOLDER "/again.safetensors", &half, &error), error);
    bcue_mapping whole, first, again;
    CHECK_OK(bcue_file_map(FOLDER "/full.safetensors", &whole, &error), error);
    CHECK_OK(bcue_file_map(FOLDER "/half.safetensors", &first, &error), error);
    CHECK_OK(bcue_file_map(FOLDER "/again.safetensors", &again, &error), error);
    CHECK(100 * first.size < 55 * whole.size);
    CHECK(first.size == again.size && memcmp(first.data, again.data, first.size) == 0);
    bcue_file_unmap(&whole);
    bcue_file_unmap(&first);
    bcue_file_unmap(&again);
    bcue_model_file_free(&full);
    bcue_model_file_free(&half);
}

/* Which layers compute in 8 bits comes back, finds its nodes, and is refused when it names no layer. */
static void scales_come_back(void)
{
    const bcue_model_config config = config_of(BCUE_MODEL_RESNET18);
    bcue_error error = {""};
    bcue_graph *graph;
    CHECK_OK(bcue_model_build(&config, &camera_inputs, 1, &graph, &error), error);
    char first[96] = "", other[] = "nowhere.weight";
    int32_t node = 0;
    while (bcue_int8_layer_name(graph, node) == NULL)
        node++;
    snprintf(first, sizeof first, "%s", bcue_int8_layer_name(graph, node));
    char *layers[1] = {first};
    double scale[1] = {0.1 / 3};
    int64_t negative[1] = {1};
    char method[] = "mse";
    bcue_int8_scales scales = {.layers = {layers, 1},
                               .scale = {scale, 1},
                               .negative = {negative, 1},
                               .method = method,
                               .windows = 7,
                               .episodes = 3};
    bcue_model_file model = {.config = config,
                             .inputs = camera_inputs,
                             .int8 = &scales,
                             .weights = weights_of(&config, &camera_inputs)},
                    read;
    CHECK_OK(bcue_model_file_write(FOLDER "/int8.safetensors", &model, &error), error);
    CHECK_OK(bcue_model_file_read(FOLDER "/int8.safetensors", &read, &error), error);
    CHECK(read.int8 != NULL && read.int8->layers.count == 1);
    CHECK_STR(read.int8->layers.items[0], first);
    CHECK_NEAR(read.int8->scale.items[0], 0.1 / 3, 0);
    CHECK_STR(read.int8->method, "mse");
    CHECK_INT(read.int8->windows, 7);
    bcue_int8_input *inputs;
    CHECK_OK(bcue_int8_scales_apply(read.int8, graph, &inputs, &error), error);
    for (int32_t i = 0; i < bcue_graph_node_count(graph); i++)
        CHECK_NEAR(inputs[i].scale, i == node ? (float)(0.1 / 3) : 0, 0);
    CHECK(inputs[node].negative);
    free(inputs);
    bcue_model_file_free(&read);
    layers[0] = other;
    CHECK_OK(bcue_model_file_write(FOLDER "/int8.safetensors", &model, &error), error);
    CHECK_STATUS(bcue_model_file_read(FOLDER "/int8.safetensors", &read, &error), BCUE_ERROR_FORMAT);
    CHECK_STR(error.text,
              FOLDER "/int8.safetensors: 'nowhere.weight' is to compute in 8 bits, but it is no layer of "
                     "this model; make it again with 'beamcue quantise'");
    scales.scale.count = 0;
    CHECK_OK(bcue_model_file_write(FOLDER "/int8.safetensors", &model, &error), error);
    CHECK_STATUS(bcue_model_file_read(FOLDER "/int8.safetensors", &read, &error), BCUE_ERROR_FORMAT);
    bcue_weights_free(&model.weights);
    bcue_graph_destroy(graph);
}

static bcue_status decode(const uint8_t *data, size_t size, const char *name, bcue_error *error)
{
    bcue_model_file model;
    bcue_status status = bcue_model_file_decode(data, size, name, &model, error);
    if (status == BCUE_OK) {
        /* What was let through can be used. */
        float scores[65536];
        const float position[2] = {0.3F, 0.4F};
        if (bcue_model_is_table(&model.config))
            CHECK_OK(bcue_table_score(&model.config, model.inputs.beams, &model.weights, position, 1, 1,
                                      scores, error),
                     *error);
        bcue_model_file_free(&model);
        return BCUE_OK;
    }
    CHECK_AT(status == BCUE_ERROR_FORMAT || status == BCUE_ERROR_UNSUPPORTED, "%s: %s",
             bcue_status_name(status), error->text);
    CHECK_AT(strncmp(error->text, name, strlen(name)) == 0, "no file in: %s", error->text);
    return status;
}

/* As mangle.h, but the sentence need name only the file: a tensor has a name, not a place. */
static void damage(int kind, size_t times)
{
    bcue_error error = {""};
    bcue_bytes bytes;
    write_kind(kind, FOLDER "/damage.safetensors");
    CHECK_OK(bcue_file_read(FOLDER "/damage.safetensors", 1 << 24, &bytes, &error), error);
    CHECK_STATUS(decode(bytes.data, bytes.size, "m", &error), BCUE_OK);
    size_t refused = 0;
    for (size_t i = 0; i < times; i++) {
        const size_t size = bytes.size * i / times;
        uint8_t *copy = malloc(size > 0 ? size : 1);
        memcpy(copy, bytes.data, size);
        CHECK(decode(copy, size, "m", &error) != BCUE_OK);
        free(copy);
        copy = malloc(bytes.size);
        memcpy(copy, bytes.data, bytes.size);
        bcue_rng rng = bcue_rng_make(9, BCUE_RNG_TEST, (uint32_t)kind, 0, (uint32_t)i);
        for (size_t flips = i % 3 + 1; flips > 0;
             flips--) /* mostly in the header, which is what can be wrong */
            copy[bcue_rng_below(&rng, bytes.size < 1500 ? (uint32_t)bytes.size : 1500)] ^=
                (uint8_t)(1U << bcue_rng_below(&rng, 8));
        refused += decode(copy, bytes.size, "m", &error) != BCUE_OK;
        free(copy);
    }
    CHECK(refused > times / 4);
    bcue_bytes_free(&bytes);
}

static void damage_is_refused_or_harmless(void)
{
    damage(BCUE_MODEL_POSITION_KNN, 700);
    damage(BCUE_MODEL_POSITION_LUT, 300);
    damage(BCUE_MODEL_POSITION_MLP, 300);
    damage(BCUE_MODEL_RANDOM, 300);
}

typedef struct odd_file {
    const char *format, *model, *inputs;
    const char *tensor_names[3];
    bcue_shape shapes[3];
    bcue_dtype dtype;
    float fill;
} odd_file;

static const odd_file good_knn = {
    .format = "1",
    .model = "kind: position-knn\n",
    .inputs = "frames: 1\nchannels: 0\nheight: 0\nwidth: 0\ngps_frames: 1\nbeams: 8\n",
    .tensor_names = {"position", "label"},
    .shapes = {{2, {3, 2}}, {1, {3}}},
    .dtype = BCUE_F32};

static bcue_status read_odd(const odd_file *odd, bcue_error *error)
{
    bcue_tensor tensors[3] = {{0}};
    bcue_named_tensor named[3];
    size_t count = 0;
    for (; count < 3 && odd->tensor_names[count] != NULL; count++) {
        CHECK_OK(bcue_tensor_create(odd->dtype, &odd->shapes[count], &tensors[count], error), *error);
        for (int64_t k = 0; odd->dtype == BCUE_F32 && k < bcue_tensor_count(&tensors[count]); k++)
            ((float *)tensors[count].data)[k] = odd->fill;
        named[count] = (bcue_named_tensor){.name = odd->tensor_names[count], .tensor = &tensors[count]};
    }
    const bcue_metadata metadata[] = {{"beamcue.model", odd->model}, {"beamcue.inputs", odd->inputs},
                                      {"beamcue.features", ""},      {"beamcue.codebook", ""},
                                      {"beamcue.training", "{}"},    {"beamcue.format", odd->format}};
    CHECK_OK(bcue_safetensors_write(FOLDER "/odd.safetensors", named, count, metadata,
                                    odd->format != NULL ? 6 : 5, error),
             *error);
    for (size_t i = 0; i < count; i++)
        bcue_tensor_free(&tensors[i]);
    bcue_model_file model;
    bcue_error same = {""};
    bcue_status status = bcue_model_file_open(FOLDER "/odd.safetensors", &model, &same);
    if (status == BCUE_OK)
        bcue_model_file_free(&model);
    CHECK_INT(bcue_model_file_read(FOLDER "/odd.safetensors", &model, error), status);
    CHECK_STR(error->text, same.text);
    if (status == BCUE_OK)
        bcue_model_file_free(&model);
    else
        CHECK_CONTAINS(error->text, FOLDER "/odd.safetensors");
    return status;
}

static void refused(odd_file odd, bcue_status expected, const char *part)
{
    bcue_error error = {""};
    CHECK_STATUS(read_odd(&odd, &error), expected);
    CHECK_CONTAINS(error.text, part);
}

static void impossible_contents_are_named(void)
{
    bcue_error error = {""};
    odd_file odd = good_knn;
    CHECK_OK(read_odd(&odd, &error), error);
    odd.format = NULL;
    refused(odd, BCUE_ERROR_FORMAT, "not a beamcue model");
    odd.format = "two";
    refused(odd, BCUE_ERROR_FORMAT, "not a beamcue model");
    odd.format = "2";
    refused(odd, BCUE_ERROR_UNSUPPORTED, "model format 2, this program reads 1");
    odd = good_knn;
    odd.model = "kind: telepathy\n";
    refused(odd, BCUE_ERROR_FORMAT, "telepathy");
    odd = good_knn;
    odd.inputs = "frames: 1\n";
    refused(odd, BCUE_ERROR_FORMAT, "channels");
    odd = good_knn;
    odd.inputs = "frames: 1\nchannels: 0\nheight: 0\nwidth: 0\ngps_frames: 0\nbeams: 8\n";
    refused(odd, BCUE_ERROR_FORMAT, "do not fit a position-knn");
    odd.inputs = "frames: 1\nchannels: 3\nheight: 8\nwidth: 8\ngps_frames: 1\nbeams: 8\n";
    refused(odd, BCUE_ERROR_FORMAT, "do not fit a position-knn");
    odd = good_knn;
    odd.tensor_names[1] = "labels";
    refused(odd, BCUE_ERROR_FORMAT, "tensor 'label' is missing");
    odd = good_knn;
    odd.tensor_names[2] = "extra";
    odd.shapes[2] = bcue_shape_of(1);
    refused(odd, BCUE_ERROR_FORMAT, "tensor 'extra' does not belong to a position-knn");
    odd = good_knn;
    odd.shapes[0] = bcue_shape_of(3, 3);
    refused(odd, BCUE_ERROR_FORMAT, "tensor 'position' is f32 (3, 3), expected f32 (-1, 2)");
    odd = good_knn;
    odd.shapes[1] = bcue_shape_of(2);
    refused(odd, BCUE_ERROR_FORMAT, "3 neighbours but 2 labels");
    odd = good_knn;
    odd.dtype = BCUE_I32;
    refused(odd, BCUE_ERROR_FORMAT, "i32");
    odd = good_knn;
    odd.fill = 8;
    refused(odd, BCUE_ERROR_FORMAT, "outside the 8 beams");
    odd.fill = 1.5F;
    refused(odd, BCUE_ERROR_FORMAT, "not a whole number");
    odd.fill = NAN;
    refused(odd, BCUE_ERROR_FORMAT, "not finite");
    odd =
        (odd_file){.format = "1",
                   .model = "kind: position-mlp\nhidden: 65536\n", /* 16 GiB, which the file does not hold */
                   .inputs = good_knn.inputs,
                   .tensor_names = {"input.weight"},
                   .shapes = {{2, {65536, 2}}}};
    refused(odd, BCUE_ERROR_FORMAT, "tensor 'input.bias' is missing");
    odd = (odd_file){.format = "1",
                     .model = "kind: resnet18\n",
                     .inputs = "frames: 1\nchannels: 3\nheight: 0\nwidth: 64\ngps_frames: 0\nbeams: 8\n"};
    refused(odd, BCUE_ERROR_FORMAT, "do not fit a resnet18");
}

/* A trunk that sees LiDAR. That files without the keys of LiDAR and radar are read, as they were before there
 * were any, is shown above. */
static void other_modalities(void)
{
    bcue_error error = {""};
    bcue_model_config config = config_of(BCUE_MODEL_RESNET18);
    config.width = 8;
    config.modality = BCUE_INPUT_LIDAR;
    bcue_model_inputs inputs = {
        .frames = 2, .lidar = {1, 32, 48}, .gps_frames = 1, .beams = 8}; /* and the position */
    bcue_model_file model = {.config = config, .inputs = inputs, .weights = weights_of(&config, &inputs)},
                    read;
    CHECK_OK(bcue_model_file_write(FOLDER "/lidar.safetensors", &model, &error), error);
    CHECK_OK(bcue_model_file_read(FOLDER "/lidar.safetensors", &read, &error), error);
    check_same_weights(&model.weights, &read.weights);
    CHECK(memcmp(&read.inputs, &inputs, sizeof inputs) == 0);
    CHECK_INT(read.config.modality, BCUE_INPUT_LIDAR);
    CHECK_STR(read.weights.names[0], "lidar.conv1.weight");
    bcue_model_file_free(&read);
    inputs.radar = (bcue_picture_size){2, 32, 32}; /* more than it takes */
    model.inputs = inputs;
    CHECK_OK(bcue_model_file_write(FOLDER "/lidar.safetensors", &model, &error), error);
    CHECK_STATUS(bcue_model_file_read(FOLDER "/lidar.safetensors", &read, &error), BCUE_ERROR_FORMAT);
    CHECK_CONTAINS(error.text, "do not fit a resnet18 (radar)");
    bcue_weights_free(&model.weights);
}

static const bcue_model_inputs four_inputs = {.frames = 2,
                                              .channels = 3,
                                              .height = 32,
                                              .width = 32,
                                              .lidar = {1, 32, 32},
                                              .radar = {2, 32, 32},
                                              .gps_frames = 2,
                                              .beams = 8};

/* Write a BeamTransFuser whose weights are those of `made` on `made_for`, saying that it is `said` on
   `said_for`; it must be refused with a sentence that has `part`. */
static void misfit(bcue_model_config made, bcue_model_inputs made_for, bcue_model_config said,
                   bcue_model_inputs said_for, const char *part)
{
    bcue_error error = {""};
    bcue_model_file read,
        model = {.config = said, .inputs = said_for, .weights = weights_of(&made, &made_for)};
    CHECK_OK(bcue_model_file_write(FOLDER "/misfit.safetensors", &model, &error), error);
    CHECK_STATUS(bcue_model_file_read(FOLDER "/misfit.safetensors", &read, &error), BCUE_ERROR_FORMAT);
    CHECK_CONTAINS(error.text, FOLDER "/misfit.safetensors");
    CHECK_CONTAINS(error.text, part);
    bcue_weights_free(&model.weights);
}

static void a_beamtransfuser_that_does_not_fit(void)
{
    const bcue_model_config good = config_of(BCUE_MODEL_BEAMTRANSFUSER);
    bcue_model_config said = good;
    bcue_model_inputs inputs = four_inputs;
    char *camera_gps[] = {"camera", "gps"};
    said.blocks = 2; /* more than its tensors */
    misfit(good, inputs, said, inputs, "tensor 'fusion.1.blocks.1.ln1.weight' is missing");
    said = good;
    said.blocks = 0;
    misfit(good, inputs, said, inputs, "tensor 'fusion.1.blocks.0.");
    said = good;
    said.modalities = (bcue_string_list){camera_gps, 2}; /* the inputs still offer LiDAR */
    misfit(good, inputs, said, inputs, "the sizes of its inputs do not fit a beamtransfuser (lidar)");
    said = good;
    inputs.frames = 3; /* windows of another length have another number of tokens */
    misfit(good, four_inputs, said, inputs,
           "tensor 'fusion.1.pos_emb' is f32 (1, 26, 8), expected f32 (1, 38, 8)");
    inputs = four_inputs;
    said.heads = 3;
    misfit(good, inputs, said, inputs,
           "model.heads: 3 heads cannot share the 8 numbers of a token after stage 1 evenly");
}

/* Written and read again; then one weight that is not a number. */
static void a_beamtransfuser_with_nan(void)
{
    bcue_error error = {""};
    const bcue_model_config config = config_of(BCUE_MODEL_BEAMTRANSFUSER);
    bcue_model_file read,
        model = {.config = config, .inputs = four_inputs, .weights = weights_of(&config, &four_inputs)};
    CHECK_OK(bcue_model_file_write(FOLDER "/four.safetensors", &model, &error), error);
    CHECK_OK(bcue_model_file_read(FOLDER "/four.safetensors", &read, &error), error);
    check_same_weights(&model.weights, &read.weights);
    CHECK_INT(read.config.modalities.count, 4);
    CHECK_INT(read.config.head.count, 2);
    CHECK_INT(read.config.embedding.count, 0);
    CHECK(memcmp(&read.inputs, &four_inputs, sizeof four_inputs) == 0);
    bcue_model_file_free(&read);
    int32_t i = 0;
    while (strcmp(model.weights.names[i], "radar.layer2.0.bn1.bias") != 0)
        i++;
    ((float *)model.weights.tensors[i].data)[3] = NAN;
    CHECK_OK(bcue_model_file_write(FOLDER "/four.safetensors", &model, &error), error);
    CHECK_STATUS(bcue_model_file_read(FOLDER "/four.safetensors", &read, &error), BCUE_ERROR_FORMAT);
    CHECK_CONTAINS(error.text, "tensor 'radar.layer2.0.bn1.bias' holds a value that is not finite");
    bcue_weights_free(&model.weights);
}

static void impossible_configurations(void)
{
    static const struct {
        const char *yaml, *key, *part;
    } odd[] = {
        {"modalities: []\n", "modalities", "names no modality"},
        {"modalities: [camera, sonar]\n", "modalities", "'sonar' is no modality"},
        {"modalities: [camera, gps, camera]\n", "modalities", "names camera twice"},
        {"lidar_depth: 20\n", "lidar_depth", "there is no ResNet-20 here; expected 18 or 34"},
        {"embedding: [64, 64]\n", "embedding", "has 2 widths; expected one for each of the 4 stages"},
        {"embedding: [64, 64, 66, 64]\n", "heads", "4 heads cannot share the 66 numbers"},
    };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        char yaml[128];
        const char *key = NULL;
        bcue_error error = {""};
        bcue_model_config config;
        bcue_config *owner = NULL;
        bcue_graph *graph;
        snprintf(yaml, sizeof yaml, "kind: beamtransfuser\n%s", odd[i].yaml);
        CHECK_OK(bcue_config_read_text(yaml, strlen(yaml), "odd", NULL, 0, bcue_model_config_fields, &config,
                                       &owner, &error),
                 error);
        CHECK_STATUS(bcue_model_config_check(&config, &key, &error), BCUE_ERROR_CONFIG);
        CHECK_STR(key, odd[i].key);
        CHECK_CONTAINS(error.text, odd[i].part);
        CHECK_STATUS(bcue_model_build(&config, &four_inputs, 1, &graph, &error), BCUE_ERROR_CONFIG);
        CHECK_CONTAINS(error.text, odd[i].part);
        bcue_config_destroy(owner);
    }
    bcue_error error = {""};
    bcue_graph *graph;
    const bcue_model_config config = config_of(BCUE_MODEL_BEAMTRANSFUSER);
    CHECK_STATUS(bcue_model_build(&config, &camera_inputs, 1, &graph, &error), BCUE_ERROR_CONFIG);
    CHECK_CONTAINS(error.text, "beamtransfuser needs LiDAR: set features.lidar.enabled: true");
}

static void not_a_model_at_all(void)
{
    bcue_error error = {""};
    bcue_model_file model;
    CHECK_STATUS(bcue_model_file_read(FOLDER "/nowhere.safetensors", &model, &error), BCUE_ERROR_IO);
    CHECK_CONTAINS(error.text, "nowhere.safetensors");
    CHECK_OK(bcue_file_write(FOLDER "/text", "hello", 5, &error), error);
    CHECK_STATUS(bcue_model_file_read(FOLDER "/text", &model, &error), BCUE_ERROR_FORMAT);
    bcue_model_file_free(&model); /* empty after a failure */
    write_kind(BCUE_MODEL_RANDOM, FOLDER "/random.safetensors");
    const bcue_model_file random = {.config = config_of(BCUE_MODEL_RANDOM), .inputs = no_inputs};
    CHECK_STATUS(bcue_model_file_write(FOLDER "/no/folder.safetensors", &random, &error), BCUE_ERROR_IO);
}

/* What files say of their codebook, with a mark and from before there were any. */
static void notes_of_codebooks(void)
{
    static const struct {
        const char *note, *mark;
    } cases[] = {{NULL, ""},
                 {"", ""},
                 {"beams: 8\nindex_monotone: true\n", ""},
                 {"beams: 8\nhash: 0123456789abcdef/2\nazimuths: [1]\n", "0123456789abcdef/2"},
                 {"hash: \"00000000000000e1\" # written by hand\n", "00000000000000e1"},
                 {"hash: ", ""}};
    char mark[BCUE_CODEBOOK_MARK_SIZE];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bcue_codebook_note_mark(cases[i].note, mark);
        CHECK_STR(mark, cases[i].mark);
    }
    bcue_text one = {0}, other = {0}, none = {0}, more = {0};
    bcue_codebook_note_write(64, true, "0123456789abcdef", &one);
    bcue_codebook_note_write(64, true, "0123456789abcdee", &other);
    bcue_codebook_note_write(64, true, NULL, &none);
    bcue_codebook_note_write(64, false, "0123456789abcdef", &more);
    CHECK_STR(none.data, "beams: 64\nindex_monotone: true\n"); /* as files were before */
    bcue_codebook_note_mark(one.data, mark);
    CHECK_STR(mark, "0123456789abcdef");
    CHECK(!bcue_codebook_notes_differ(one.data, one.data));
    CHECK(bcue_codebook_notes_differ(one.data, other.data));
    CHECK(!bcue_codebook_notes_differ(one.data, none.data) &&
          !bcue_codebook_notes_differ(none.data, other.data));
    CHECK(bcue_codebook_notes_differ(one.data, more.data));
    bcue_text_free(&one);
    bcue_text_free(&other);
    bcue_text_free(&none);
    bcue_text_free(&more);
}

int main(void)
{
    bcue_error error;
    if (bcue_make_dirs(FOLDER, &error) != BCUE_OK)
        return 1;
    RUN(notes_of_codebooks);
    RUN(every_kind_comes_back);
    RUN(half_precision_comes_back);
    RUN(scales_come_back);
    RUN(damage_is_refused_or_harmless);
    RUN(impossible_contents_are_named);
    RUN(other_modalities);
    RUN(a_beamtransfuser_that_does_not_fit);
    RUN(a_beamtransfuser_with_nan);
    RUN(impossible_configurations);
    RUN(not_a_model_at_all);
    return check_summary();
}

#include "models/model_file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/parallel.h"

static bcue_status take_metadata(const bcue_safetensors *file, const char *path, const char *key,
                                 char **value, bcue_error *error)
{
    const char *text = bcue_safetensors_metadata(file, key);
    if (text == NULL)
        return bcue_fail(
            error, BCUE_ERROR_FORMAT,
            "%s: the metadata has no '%s', so this is not a beamcue model; make one with 'beamcue train'",
            path, key);
    *value = bcue_strdup(text);
    return *value == NULL ? bcue_fail_memory(error, path) : BCUE_OK;
}

static bcue_status check_version(const bcue_safetensors *file, const char *path, bcue_error *error)
{
    const char *text = bcue_safetensors_metadata(file, "beamcue.format");
    int64_t version = 0;
    if (text == NULL || !bcue_parse_int64(text, &version))
        return bcue_fail(error, BCUE_ERROR_FORMAT,
                         "%s: not a beamcue model (no 'beamcue.format' in its metadata)", path);
    if (version != BCUE_MODEL_FORMAT_VERSION)
        return bcue_fail(
            error, BCUE_ERROR_UNSUPPORTED,
            "%s: model format %lld, this program reads %d; use the version of beamcue that wrote it", path,
            (long long)version, BCUE_MODEL_FORMAT_VERSION);
    return BCUE_OK;
}

/* *section: what the metadata has under `key`, `size` bytes, allocated; NULL: most models have none. */
static bcue_status read_section(const bcue_safetensors *file, const char *path, const char *key,
                                const bcue_config_field *fields, size_t size, void **section,
                                bcue_config **owned, bcue_error *error)
{
    const char *text = bcue_safetensors_metadata(file, key);
    if (text == NULL)
        return BCUE_OK;
    *section = bcue_calloc(1, size);
    if (*section == NULL)
        return bcue_fail_memory(error, path);
    const bcue_status status =
        bcue_config_read_text(text, strlen(text), path, NULL, 0, fields, *section, owned, error);
    return status == BCUE_ERROR_CONFIG ? BCUE_ERROR_FORMAT : status;
}

static bcue_status read_sections(const bcue_safetensors *file, const char *path, bcue_model_file *model,
                                 bcue_error *error)
{
    void *calibration = NULL, *int8 = NULL, *completion = NULL;
    bcue_status status =
        read_section(file, path, "beamcue.calibration", bcue_calibration_fields, sizeof *model->calibration,
                     &calibration, &model->owned_calibration, error);
    model->calibration = calibration;
    if (status == BCUE_OK && model->calibration != NULL)
        status = bcue_calibration_check(model->calibration, path, error);
    if (status == BCUE_OK)
        status = read_section(file, path, "beamcue.int8", bcue_int8_scales_fields, sizeof *model->int8, &int8,
                              &model->owned_int8, error);
    model->int8 = int8;
    if (status == BCUE_OK && model->int8 != NULL)
        status = bcue_int8_scales_check(model->int8, path, error);
    if (status == BCUE_OK)
        status = read_section(file, path, "beamcue.complete", bcue_completion_fields,
                              sizeof *model->completion, &completion, &model->owned_completion, error);
    model->completion = completion;
    if (status == BCUE_OK && model->completion != NULL)
        status = bcue_completion_check(model->completion, &model->config, path, error);
    return status;
}

static bcue_status read_configs(const bcue_safetensors *file, const char *path, bcue_model_file *model,
                                bcue_error *error)
{
    const char *config = bcue_safetensors_metadata(file, "beamcue.model");
    const char *inputs = bcue_safetensors_metadata(file, "beamcue.inputs");
    if (config == NULL || inputs == NULL)
        return bcue_fail(error, BCUE_ERROR_FORMAT,
                         "%s: the metadata has no model configuration, so this is not a beamcue model", path);
    bcue_status status =
        bcue_config_read_text(config, strlen(config), path, NULL, 0, bcue_model_config_fields, &model->config,
                              &model->owned_config, error);
    if (status == BCUE_OK)
        status = bcue_config_read_text(inputs, strlen(inputs), path, NULL, 0, bcue_model_inputs_fields,
                                       &model->inputs, &model->owned_inputs, error);
    if (status != BCUE_OK) /* a damaged file, not a user's configuration */
        return status == BCUE_ERROR_CONFIG ? BCUE_ERROR_FORMAT : status;
    BCUE_TRY(take_metadata(file, path, "beamcue.features", &model->features_yaml, error));
    BCUE_TRY(take_metadata(file, path, "beamcue.codebook", &model->codebook_yaml, error));
    BCUE_TRY(take_metadata(file, path, "beamcue.training", &model->training_json, error));
    return read_sections(file, path, model, error);
}

/* A file says twice what a model takes in: by its kind and by the sizes. */
static bcue_status check_sizes(const char *path, const bcue_model_file *model, bcue_error *error)
{
    for (int i = 0; i < BCUE_INPUT_COUNT; i++) {
        const bcue_model_input input = (bcue_model_input)i;
        if (bcue_model_offers(&model->inputs, input) != bcue_model_needs(&model->config, input))
            return bcue_fail(error, BCUE_ERROR_FORMAT,
                             "%s: the sizes of its inputs do not fit a %s (%s); train the model again", path,
                             bcue_model_kind_names[model->config.kind], bcue_model_input_names[i]);
    }
    return BCUE_OK;
}

static bcue_status reserve(bcue_weights *weights, size_t count, const char *path, bcue_error *error)
{
    weights->tensors = bcue_calloc(count, sizeof *weights->tensors);
    weights->names = bcue_calloc(count, sizeof *weights->names);
    return weights->tensors == NULL || weights->names == NULL ? bcue_fail_memory(error, path) : BCUE_OK;
}

/* Does `have` have the dimensions of `want`, where -1 stands for any but 0? */
static bool shape_matches(const bcue_shape *have, const bcue_shape *want)
{
    bool same = have->rank == want->rank;
    for (int i = 0; same && i < want->rank; i++)
        same = want->dim[i] < 0 ? have->dim[i] > 0 : have->dim[i] == want->dim[i];
    return same;
}

enum { PIECE = 1 << 14 /* numbers that are checked together */, RELEASE_BYTES = 1 << 20 };

typedef struct finite_check {
    const uint32_t *bits;
    size_t count;
    bool *bad; /* per piece */
} finite_check;

/* A float is finite unless its exponent is all ones. */
static void check_piece(void *context, size_t piece)
{
    const finite_check *check = context;
    const uint32_t *bits = check->bits + piece * PIECE;
    const size_t left = check->count - piece * PIECE, count = left < PIECE ? left : PIECE;
    uint32_t bad = 0;
    for (size_t i = 0; i < count; i++)
        bad |= (bits[i] & 0x7F800000U) == 0x7F800000U;
    check->bad[piece] = bad != 0;
}

static bcue_status check_finite(const bcue_tensor *tensor, const char *path, const char *name,
                                bcue_error *error)
{
    const size_t count = (size_t)bcue_tensor_count(tensor), pieces = (count + PIECE - 1) / PIECE;
    finite_check check = {tensor->data, count, bcue_calloc(pieces, sizeof *check.bad)};
    if (check.bad == NULL)
        return bcue_fail_memory(error, path);
    bool bad = false;
    bcue_parallel_for(pieces, 4, check_piece, &check);
    for (size_t i = 0; i < pieces; i++)
        bad = bad || check.bad[i];
    free(check.bad);
    return bad ? bcue_fail(error, BCUE_ERROR_FORMAT,
                           "%s: tensor '%s' holds a value that is not finite; train the model again", path,
                           name)
               : BCUE_OK;
}

/* Nothing is allocated before the file is known to hold it. */
static bcue_status take_tensor(const bcue_safetensors *file, const char *path, const char *name,
                               const bcue_shape *want, const bcue_model_file *model, bcue_weights *weights,
                               bcue_error *error)
{
    const bcue_tensor *from = bcue_safetensors_find(file, name);
    char have_text[80], want_text[80];
    if (from == NULL)
        return bcue_fail(error, BCUE_ERROR_FORMAT, "%s: tensor '%s' is missing; train the model again", path,
                         name);
    if (from->dtype != BCUE_F32 || !shape_matches(&from->shape, want))
        return bcue_fail(error, BCUE_ERROR_FORMAT,
                         "%s: tensor '%s' is %s %s, expected f32 %s; train the model again", path, name,
                         bcue_dtype_name(from->dtype),
                         bcue_shape_text(&from->shape, have_text, sizeof have_text),
                         bcue_shape_text(want, want_text, sizeof want_text));
    BCUE_TRY(check_finite(from, path, name, error));
    bcue_tensor *to = &weights->tensors[weights->count];
    weights->names[weights->count] = bcue_strdup(name);
    if (weights->names[weights->count] == NULL)
        return bcue_fail_memory(error, path);
    weights->count++;
    if (model->mapped != NULL) {
        *to = (bcue_tensor){.dtype = from->dtype, .shape = from->shape, .data = from->data};
        if (bcue_tensor_size(from) >= RELEASE_BYTES)
            bcue_safetensors_release(file);
        return BCUE_OK;
    }
    BCUE_TRY(bcue_tensor_create(BCUE_F32, &from->shape, to, error));
    memcpy(to->data, from->data, bcue_tensor_size(from));
    return BCUE_OK;
}

static bcue_status refuse_others(const bcue_safetensors *file, const char *path, const bcue_model_file *model,
                                 bcue_error *error)
{
    if (bcue_safetensors_count(file) == (size_t)model->weights.count + (size_t)model->generator.count)
        return BCUE_OK;
    for (size_t i = 0; i < bcue_safetensors_count(file); i++) {
        const char *name = bcue_safetensors_name(file, i);
        bool known = false;
        for (int32_t k = 0; !known && k < model->weights.count; k++)
            known = strcmp(name, model->weights.names[k]) == 0;
        for (int32_t k = 0; !known && k < model->generator.count; k++)
            known = strcmp(name, model->generator.names[k]) == 0;
        if (!known)
            return bcue_fail(error, BCUE_ERROR_FORMAT, "%s: tensor '%s' does not belong to a %s", path, name,
                             bcue_model_kind_names[model->config.kind]);
    }
    return BCUE_OK;
}

/* Every parameter of the graph, which is destroyed, must be there with its shape. */
static bcue_status take_parameters(const bcue_safetensors *file, const char *path, bcue_graph *graph,
                                   const bcue_model_file *model, bcue_weights *weights, bcue_error *error)
{
    const int32_t count = bcue_graph_parameter_count(graph);
    bcue_status status = reserve(weights, (size_t)count, path, error);
    for (int32_t i = 0; status == BCUE_OK && i < count; i++) {
        const bcue_value_info *info = bcue_graph_value(graph, bcue_graph_parameter_value(graph, i));
        status = take_tensor(file, path, info->name, &info->shape, model, weights, error);
    }
    bcue_graph_destroy(graph);
    return status;
}

static bcue_status read_network(const bcue_safetensors *file, const char *path, bcue_model_file *model,
                                bcue_error *error)
{
    bcue_graph *graph;
    bcue_status status = bcue_model_build(&model->config, &model->inputs, 1, &graph, error);
    if (status != BCUE_OK)
        return status == BCUE_ERROR_MEMORY ? status : bcue_fail_context(error, BCUE_ERROR_FORMAT, "%s", path);
    if (model->int8 != NULL) {
        status = bcue_int8_scales_check_layers(model->int8, graph, path, error);
        if (status != BCUE_OK) {
            bcue_graph_destroy(graph);
            return status;
        }
    }
    BCUE_TRY(take_parameters(file, path, graph, model, &model->weights, error));
    if (model->completion == NULL)
        return BCUE_OK;
    status = bcue_completion_build_kept(model->completion, &model->config, &model->inputs, &graph, error);
    if (status != BCUE_OK)
        return status == BCUE_ERROR_MEMORY ? status : bcue_fail_context(error, BCUE_ERROR_FORMAT, "%s", path);
    return take_parameters(file, path, graph, model, &model->generator, error);
}

/* The tensors of a table and their shapes; a dimension of -1 is free. */
static size_t table_layout(const bcue_model_file *model, const char *names[2], bcue_shape shapes[2])
{
    const int64_t bins = model->config.lut_bins, beams = model->inputs.beams;
    switch ((bcue_model_kind)model->config.kind) {
    case BCUE_MODEL_CONSTANT:
    case BCUE_MODEL_MAJORITY:
        names[0] = "score";
        shapes[0] = bcue_shape_of(beams);
        return 1;
    case BCUE_MODEL_POSITION_LUT:
        names[0] = "votes";
        shapes[0] = bcue_shape_of(bins, bins, beams);
        return 1;
    case BCUE_MODEL_POSITION_KNN:
        names[0] = "position";
        shapes[0] = bcue_shape_of(-1, 2);
        names[1] = "label";
        shapes[1] = bcue_shape_of(-1);
        return 2;
    case BCUE_MODEL_RADAR_KNN: {
        const bcue_picture_size size = model->inputs.radar;
        names[0] = "radar";
        shapes[0] = bcue_shape_of(-1, model->inputs.frames * size.channels * size.height * size.width);
        names[1] = "label";
        shapes[1] = bcue_shape_of(-1);
        return 2;
    }
    case BCUE_MODEL_RADAR_RULE:
        names[0] = "votes";
        shapes[0] = bcue_shape_of(bins, beams);
        names[1] = "score";
        shapes[1] = bcue_shape_of(beams);
        return 2;
    default:
        return 0;
    }
}

static bcue_status check_neighbours(const bcue_model_file *model, const char *path, bcue_error *error)
{
    const bcue_tensor *position = &model->weights.tensors[0], *label = &model->weights.tensors[1];
    if (position->shape.dim[0] != label->shape.dim[0])
        return bcue_fail(error, BCUE_ERROR_FORMAT, "%s: %lld neighbours but %lld labels", path,
                         (long long)position->shape.dim[0], (long long)label->shape.dim[0]);
    const float *labels = label->data;
    for (int64_t i = 0; i < label->shape.dim[0]; i++) {
        if (!(labels[i] >= 0 && labels[i] < (float)model->inputs.beams))
            return bcue_fail(error, BCUE_ERROR_FORMAT, "%s: label %lld is %g, outside the %lld beams", path,
                             (long long)i, (double)labels[i], (long long)model->inputs.beams);
        if (labels[i] != floorf(labels[i]))
            return bcue_fail(error, BCUE_ERROR_FORMAT, "%s: label %lld is %g, which is not a whole number",
                             path, (long long)i, (double)labels[i]);
    }
    return BCUE_OK;
}

static bcue_status read_table(const bcue_safetensors *file, const char *path, bcue_model_file *model,
                              bcue_error *error)
{
    const char *names[2];
    bcue_shape shapes[2];
    const size_t count = table_layout(model, names, shapes);
    BCUE_TRY(reserve(&model->weights, count, path, error));
    for (size_t i = 0; i < count; i++)
        BCUE_TRY(take_tensor(file, path, names[i], &shapes[i], model, &model->weights, error));
    const bool votes =
        model->config.kind == BCUE_MODEL_POSITION_KNN || model->config.kind == BCUE_MODEL_RADAR_KNN;
    return votes ? check_neighbours(model, path, error) : BCUE_OK;
}

static bcue_status read_all(const bcue_safetensors *file, const char *path, bcue_model_file *model,
                            bcue_error *error)
{
    BCUE_TRY(check_version(file, path, error));
    BCUE_TRY(read_configs(file, path, model, error));
    BCUE_TRY(check_sizes(path, model, error));
    for (size_t i = 0; i < bcue_safetensors_count(file); i++)
        model->half = model->half || bcue_safetensors_is_half(file, i);
    if (bcue_model_is_table(&model->config))
        BCUE_TRY(read_table(file, path, model, error));
    else
        BCUE_TRY(read_network(file, path, model, error));
    return refuse_others(file, path, model, error);
}

bcue_status bcue_model_file_open(const char *path, bcue_model_file *model, bcue_error *error)
{
    *model = (bcue_model_file){0};
    BCUE_TRY(bcue_safetensors_open(path, &model->mapped, error));
    bcue_status status = read_all(model->mapped, path, model, error);
    if (status != BCUE_OK)
        bcue_model_file_free(model);
    else
        bcue_model_file_release(model);
    return status;
}

void bcue_model_file_release(const bcue_model_file *model)
{
    if (model->mapped != NULL)
        bcue_safetensors_release(model->mapped);
}

static bcue_status read_and_close(bcue_safetensors *file, const char *path, bcue_model_file *model,
                                  bcue_error *error)
{
    bcue_status status = read_all(file, path, model, error);
    bcue_safetensors_close(file);
    if (status != BCUE_OK)
        bcue_model_file_free(model);
    return status;
}

bcue_status bcue_model_file_read(const char *path, bcue_model_file *model, bcue_error *error)
{
    bcue_safetensors *file;
    *model = (bcue_model_file){0};
    BCUE_TRY(bcue_safetensors_open(path, &file, error));
    return read_and_close(file, path, model, error);
}

bcue_status bcue_model_file_decode(const void *data, size_t size, const char *name, bcue_model_file *model,
                                   bcue_error *error)
{
    bcue_safetensors *file;
    *model = (bcue_model_file){0};
    BCUE_TRY(bcue_safetensors_open_memory(data, size, name, &file, error));
    return read_and_close(file, name, model, error);
}

void bcue_model_file_free(bcue_model_file *model)
{
    bcue_weights_free(&model->weights);
    bcue_weights_free(&model->generator);
    bcue_safetensors_close(model->mapped);
    free(model->features_yaml);
    free(model->codebook_yaml);
    free(model->training_json);
    bcue_config_destroy(model->owned_config);
    bcue_config_destroy(model->owned_inputs);
    bcue_config_destroy(model->owned_calibration);
    bcue_config_destroy(model->owned_int8);
    free(model->int8);
    bcue_config_destroy(model->owned_completion);
    free(model->calibration);
    free(model->completion);
    *model = (bcue_model_file){0};
}

static void name_tensors(const bcue_weights *weights, bool half, bcue_named_tensor *tensors)
{
    for (int32_t i = 0; i < weights->count; i++)
        tensors[i] = (bcue_named_tensor){weights->names[i], &weights->tensors[i],
                                         half && weights->tensors[i].shape.rank > 1};
}

/* The texts of the metadata that are made for it. */
typedef struct file_texts {
    bcue_text config, inputs, calibration, completion, int8;
} file_texts;

static bcue_status write_all(const char *path, const bcue_model_file *model, const file_texts *texts,
                             bcue_error *error)
{
    const size_t count = (size_t)model->weights.count + (size_t)model->generator.count;
    bcue_named_tensor *tensors = bcue_calloc(count, sizeof *tensors);
    char version[16];
    if (tensors == NULL)
        return bcue_fail_memory(error, path);
    snprintf(version, sizeof version, "%d", BCUE_MODEL_FORMAT_VERSION);
    name_tensors(&model->weights, model->half, tensors);
    name_tensors(&model->generator, model->half, tensors + model->weights.count);
    bcue_metadata metadata[9] = {
        {"beamcue.format", version},
        {"beamcue.model", texts->config.data},
        {"beamcue.inputs", texts->inputs.data},
        {"beamcue.features", model->features_yaml != NULL ? model->features_yaml : ""},
        {"beamcue.codebook", model->codebook_yaml != NULL ? model->codebook_yaml : ""},
        {"beamcue.training", model->training_json != NULL ? model->training_json : "{}"},
    };
    size_t entries = 6;
    if (model->calibration != NULL)
        metadata[entries++] = (bcue_metadata){"beamcue.calibration", texts->calibration.data};
    if (model->completion != NULL)
        metadata[entries++] = (bcue_metadata){"beamcue.complete", texts->completion.data};
    if (model->int8 != NULL)
        metadata[entries++] = (bcue_metadata){"beamcue.int8", texts->int8.data};
    bcue_status status = bcue_safetensors_write(path, tensors, count, metadata, entries, error);
    free(tensors);
    return status;
}

bcue_status bcue_model_file_write(const char *path, const bcue_model_file *model, bcue_error *error)
{
    file_texts texts = {{0}, {0}, {0}, {0}, {0}};
    bcue_config_write(bcue_model_config_fields, &model->config, &texts.config);
    bcue_config_write(bcue_model_inputs_fields, &model->inputs, &texts.inputs);
    if (model->calibration != NULL)
        bcue_config_write(bcue_calibration_fields, model->calibration, &texts.calibration);
    if (model->completion != NULL)
        bcue_config_write(bcue_completion_fields, model->completion, &texts.completion);
    if (model->int8 != NULL)
        bcue_config_write(bcue_int8_scales_fields, model->int8, &texts.int8);
    bcue_status status = texts.config.failed || texts.inputs.failed || texts.calibration.failed ||
                                 texts.completion.failed || texts.int8.failed
                             ? bcue_fail_memory(error, path)
                             : write_all(path, model, &texts, error);
    bcue_text_free(&texts.config);
    bcue_text_free(&texts.inputs);
    bcue_text_free(&texts.calibration);
    bcue_text_free(&texts.completion);
    bcue_text_free(&texts.int8);
    return status;
}

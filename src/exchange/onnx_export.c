#include "exchange/onnx_export.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "beamcue/version.h"
#include "exchange/onnx_parts.h"
#include "formats/protobuf.h"
#include "graph/needed.h"

enum { IR_VERSION = 8, OPERATOR_SET = 18 };
/* ModelProto, GraphProto, TensorProto, ValueInfoProto and what lies within. */
enum {
    MODEL_IR = 1,
    MODEL_PRODUCER = 2,
    MODEL_PRODUCER_VERSION = 3,
    MODEL_GRAPH = 7,
    MODEL_OPERATOR_SET = 8,
    MODEL_METADATA = 14,
    GRAPH_NAME = 2,
    GRAPH_INPUT = 11,
    GRAPH_OUTPUT = 12,
    TENSOR_DIMS = 1,
    TENSOR_TYPE = 2,
    TENSOR_NAME = 8,
    TENSOR_RAW = 9
};
static const int64_t most_bytes = INT32_MAX; /* of one message, in every protobuf library */

const char *bcue_onnx_fresh(bcue_onnx *onnx, const char *stem)
{
    const char *name = bcue_arena_printf(onnx->arena, "%s.%d", stem, onnx->made++);
    onnx->failed = onnx->failed || name == NULL;
    return name != NULL ? name : "";
}

static void put_attribute(bcue_text *out, const bcue_onnx_attribute *attribute)
{
    const size_t place = bcue_protobuf_begin(out, 5);
    bcue_protobuf_string(out, 1, attribute->name);
    switch (attribute->type) {
    case BCUE_ONNX_A_FLOAT:
        bcue_protobuf_float(out, 2, attribute->real);
        break;
    case BCUE_ONNX_A_INT:
        bcue_protobuf_int(out, 3, attribute->one);
        break;
    case BCUE_ONNX_A_STRING:
        bcue_protobuf_string(out, 4, attribute->text);
        break;
    case BCUE_ONNX_A_INTS:
        for (size_t i = 0; i < attribute->count; i++)
            bcue_protobuf_int(out, 8, attribute->ints[i]);
        break;
    }
    bcue_protobuf_int(out, 20, (int64_t)attribute->type);
    bcue_protobuf_end(out, place);
}

void bcue_onnx_node(bcue_onnx *onnx, const char *op, const char *name, const char *const *inputs,
                    size_t input_count, const char *output, const bcue_onnx_attribute *attributes,
                    size_t attribute_count)
{
    bcue_text *out = onnx->out;
    const size_t place = bcue_protobuf_begin(out, BCUE_ONNX_NODE);
    for (size_t i = 0; i < input_count; i++)
        bcue_protobuf_string(out, 1, inputs[i]);
    bcue_protobuf_string(out, 2, output);
    bcue_protobuf_string(out, 3, name);
    bcue_protobuf_string(out, 4, op);
    for (size_t i = 0; i < attribute_count; i++)
        put_attribute(out, &attributes[i]);
    bcue_protobuf_end(out, place);
}

/* Numbers in a file are little-endian. */
void bcue_onnx_tensor(bcue_onnx *onnx, const char *name, int type, const bcue_shape *shape, const void *data,
                      size_t element)
{
    bcue_text *out = onnx->out;
    int64_t count = 0;
    (void)bcue_shape_count(shape, &count);
    const size_t place = bcue_protobuf_begin(out, BCUE_ONNX_INITIALIZER);
    for (int i = 0; i < shape->rank; i++)
        bcue_protobuf_int(out, TENSOR_DIMS, shape->dim[i]);
    bcue_protobuf_int(out, TENSOR_TYPE, type);
    bcue_protobuf_string(out, TENSOR_NAME, name);
    bcue_protobuf_bytes(out, TENSOR_RAW, data, (size_t)count * element);
    bcue_protobuf_end(out, place);
}

const char *bcue_onnx_ints(bcue_onnx *onnx, const int64_t *values, size_t count)
{
    const bcue_shape shape = bcue_shape_of((int64_t)count);
    const char *name = bcue_onnx_fresh(onnx, "sizes");
    bcue_onnx_tensor(onnx, name, BCUE_ONNX_INT64, &shape, values, sizeof *values);
    return name;
}

const char *bcue_onnx_floats(bcue_onnx *onnx, const bcue_shape *shape, const float *values)
{
    const char *name = bcue_onnx_fresh(onnx, "constant");
    bcue_onnx_tensor(onnx, name, BCUE_ONNX_FLOAT, shape, values, sizeof *values);
    return name;
}

const char *bcue_onnx_number(bcue_onnx *onnx, double value)
{
    const bcue_shape scalar = {.rank = 0};
    return bcue_onnx_floats(onnx, &scalar, &(float){(float)value});
}

/* `optional`: its first dimension is free. */
static void put_value_info(const bcue_onnx *onnx, int field, const char *name, bcue_value value,
                           bool optional)
{
    bcue_text *out = onnx->out;
    const bcue_value_info *info = bcue_graph_value(onnx->source->graph, value);
    const bcue_graph *other = onnx->source->other;
    const size_t place = bcue_protobuf_begin(out, field);
    bcue_protobuf_string(out, 1, name);
    const size_t type = bcue_protobuf_begin(out, 2), tensor = bcue_protobuf_begin(out, 1);
    bcue_protobuf_int(out, 1, info->dtype == BCUE_I32 ? BCUE_ONNX_INT32 : BCUE_ONNX_FLOAT);
    const size_t shape = bcue_protobuf_begin(out, 2);
    for (int i = 0; i < info->shape.rank; i++) {
        const size_t dim = bcue_protobuf_begin(out, 1);
        if (optional && i == 0)
            bcue_protobuf_string(out, 2, "draws");
        else if (other != NULL && bcue_graph_value(other, value)->shape.dim[i] != info->shape.dim[i])
            bcue_protobuf_string(out, 2, "batch");
        else
            bcue_protobuf_int(out, 1, info->shape.dim[i]);
        bcue_protobuf_end(out, dim);
    }
    bcue_protobuf_end(out, shape);
    bcue_protobuf_end(out, tensor);
    bcue_protobuf_end(out, type);
    bcue_protobuf_end(out, place);
}

/* Is it the weight of a layer in 8 bits? */
static bool in_bytes(const bcue_onnx *onnx, bcue_value value)
{
    const bcue_graph *graph = onnx->source->graph;
    for (int32_t i = 0; onnx->int8 != NULL && i < bcue_graph_node_count(graph); i++) {
        if (onnx->int8[i].scale > 0 && bcue_graph_node(graph, i)->input[1] == value)
            return true;
    }
    return false;
}

static bcue_status put_parameter(bcue_onnx *onnx, bcue_value value, bcue_error *error)
{
    const bcue_weights *weights = onnx->source->weights;
    const bcue_value_info *info = bcue_graph_value(onnx->source->graph, value);
    for (int32_t i = 0; i < weights->count; i++) {
        if (strcmp(weights->names[i], info->name) != 0)
            continue;
        if (weights->tensors[i].dtype != BCUE_F32 ||
            !bcue_shape_equal(&weights->tensors[i].shape, &info->shape))
            return bcue_fail(error, BCUE_ERROR_ARGUMENT, "weight '%s' does not have the shape of the graph's",
                             info->name);
        if (in_bytes(onnx, value))
            return bcue_onnx_put_byte_weight(onnx, info->name, &weights->tensors[i], error);
        bcue_onnx_tensor(onnx, info->name, BCUE_ONNX_FLOAT, &info->shape, weights->tensors[i].data,
                         sizeof(float));
        return BCUE_OK;
    }
    return bcue_fail(error, BCUE_ERROR_ARGUMENT, "weight '%s' is missing", info->name);
}

/* An input that may be left out has a value, which an initializer of its name is: one row of zeros. */
static bcue_status put_input(bcue_onnx *onnx, bcue_value value, bcue_error *error)
{
    const bcue_value_info *info = bcue_graph_value(onnx->source->graph, value);
    const bool optional = onnx->source->optional != NULL && strcmp(onnx->source->optional, info->name) == 0;
    bcue_shape row = info->shape;
    int64_t count = 0;
    put_value_info(onnx, GRAPH_INPUT, info->name, value, optional);
    if (!optional)
        return BCUE_OK;
    row.dim[0] = 1;
    (void)bcue_shape_count(&row, &count);
    float *zeros = bcue_calloc((size_t)count, sizeof *zeros);
    if (zeros == NULL)
        return bcue_fail_memory(error, "the ONNX file");
    bcue_onnx_tensor(onnx, info->name, BCUE_ONNX_FLOAT, &row, zeros, sizeof *zeros);
    free(zeros);
    return BCUE_OK;
}

static bcue_status put_values(bcue_onnx *onnx, const bcue_needed *needed, bcue_error *error)
{
    const bcue_graph *graph = onnx->source->graph;
    for (bcue_value v = 0; v < bcue_graph_value_count(graph); v++) {
        const bcue_value_info *info = bcue_graph_value(graph, v);
        if (!needed->value[v] || info->kind == BCUE_VALUE_RESULT)
            continue;
        onnx->names[v] = info->name;
        if (info->kind == BCUE_VALUE_INPUT)
            BCUE_TRY(put_input(onnx, v, error));
        else
            BCUE_TRY(put_parameter(onnx, v, error));
    }
    return BCUE_OK;
}

static bcue_status put_graph(bcue_onnx *onnx, const bcue_needed *needed, bcue_error *error)
{
    const bcue_graph *graph = onnx->source->graph;
    BCUE_TRY(put_values(onnx, needed, error));
    for (int32_t i = 0; i < bcue_graph_node_count(graph); i++) {
        if (needed->node[i])
            BCUE_TRY(bcue_onnx_put_node(onnx, i, error));
    }
    for (bcue_value v = 0; v < bcue_graph_value_count(graph); v++) {
        if (!needed->output[v])
            continue;
        const char *name = bcue_graph_value(graph, v)->output_name;
        bcue_onnx_node(onnx, "Identity", name, &onnx->names[v], 1, name, NULL, 0);
        put_value_info(onnx, GRAPH_OUTPUT, name, v, false);
    }
    return BCUE_OK;
}

static void put_metadata(bcue_onnx *onnx)
{
    for (size_t i = 0; i < onnx->source->metadata_count; i++) {
        const size_t place = bcue_protobuf_begin(onnx->out, MODEL_METADATA);
        bcue_protobuf_string(onnx->out, 1, onnx->source->metadata[i].key);
        bcue_protobuf_string(onnx->out, 2, onnx->source->metadata[i].value);
        bcue_protobuf_end(onnx->out, place);
    }
}

static bcue_status put_model(bcue_onnx *onnx, const bcue_needed *needed, bcue_error *error)
{
    bcue_text *out = onnx->out;
    bcue_protobuf_int(out, MODEL_IR, IR_VERSION);
    bcue_protobuf_string(out, MODEL_PRODUCER, "beamcue");
    bcue_protobuf_string(out, MODEL_PRODUCER_VERSION, bcue_version_string());
    const size_t graph = bcue_protobuf_begin(out, MODEL_GRAPH);
    bcue_protobuf_string(out, GRAPH_NAME, onnx->source->name);
    BCUE_TRY(put_graph(onnx, needed, error));
    bcue_protobuf_end(out, graph);
    const size_t set = bcue_protobuf_begin(out, MODEL_OPERATOR_SET);
    bcue_protobuf_string(out, 1, ""); /* ONNX's own operators */
    bcue_protobuf_int(out, 2, OPERATOR_SET);
    bcue_protobuf_end(out, set);
    put_metadata(onnx);
    if (out->failed || onnx->failed)
        return bcue_fail_memory(error, "the ONNX file");
    if ((int64_t)out->size > most_bytes)
        return bcue_fail(error, BCUE_ERROR_UNSUPPORTED,
                         "the network takes %zu bytes as one ONNX file, which ends at 2 GB", out->size);
    return BCUE_OK;
}

bcue_status bcue_onnx_encode(const bcue_onnx_source *source, bcue_text *out, bcue_error *error)
{
    bcue_needed needed;
    BCUE_TRY(bcue_graph_check(source->graph, error));
    if (source->other != NULL && bcue_graph_node_count(source->other) != bcue_graph_node_count(source->graph))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "the graphs for two batch sizes are not of one model");
    BCUE_TRY(bcue_needed_create(source->graph, false, &needed, error));
    bcue_onnx onnx = {.source = source, .out = out, .arena = bcue_arena_create()};
    onnx.names = bcue_calloc((size_t)bcue_graph_value_count(source->graph), sizeof *onnx.names);
    bcue_status status =
        onnx.arena == NULL || onnx.names == NULL ? bcue_fail_memory(error, "the ONNX file") : BCUE_OK;
    if (status == BCUE_OK && source->int8 != NULL)
        status = bcue_int8_scales_apply(source->int8, source->graph, &onnx.int8, error);
    if (status == BCUE_OK)
        status = put_model(&onnx, &needed, error);
    free(onnx.int8);
    free(onnx.names);
    bcue_arena_destroy(onnx.arena);
    bcue_needed_free(&needed);
    return status;
}

bcue_status bcue_onnx_write(const char *path, bcue_onnx_source *source, const bcue_model_file *model,
                            bcue_error *error)
{
    const bcue_metadata metadata[] = {
        {"beamcue.features", model->features_yaml != NULL ? model->features_yaml : ""},
        {"beamcue.codebook", model->codebook_yaml != NULL ? model->codebook_yaml : ""},
        {"beamcue.training", model->training_json != NULL ? model->training_json : "{}"},
    };
    bcue_text out = {0};
    source->metadata = metadata;
    source->metadata_count = sizeof metadata / sizeof *metadata;
    bcue_status status = bcue_onnx_encode(source, &out, error);
    if (status == BCUE_OK)
        status = bcue_file_write(path, out.data, out.size, error);
    bcue_text_free(&out);
    source->metadata = NULL; /* it ends here */
    source->metadata_count = 0;
    return status;
}

bcue_status bcue_onnx_write_model(const char *path, const bcue_model_file *model, int64_t batch,
                                  bcue_error *error)
{
    bcue_graph *graph, *other = NULL;
    BCUE_TRY(bcue_model_build(&model->config, &model->inputs, batch > 0 ? batch : 2, &graph, error));
    bcue_status status =
        batch > 0 ? BCUE_OK : bcue_model_build(&model->config, &model->inputs, 3, &other, error);
    bcue_onnx_source source = {.graph = graph,
                               .other = other,
                               .weights = &model->weights,
                               .int8 = model->int8,
                               .name = bcue_model_kind_names[model->config.kind]};
    if (status == BCUE_OK)
        status = bcue_onnx_write(path, &source, model, error);
    bcue_graph_destroy(graph);
    bcue_graph_destroy(other);
    return status;
}

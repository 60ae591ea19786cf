/* write_onnx_cases DIR: every operator case, every model of exchange_models.c and its generators of missing
   sensors as DIR/NAME.onnx, and beside it DIR/NAME.safetensors with inputs ("in|NAME") and what beamcue makes
   of them ("out|NAME"): tools/peer/check_onnx.py compares. Not a test of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/rng.h"
#include "case_plan.h"
#include "compress/int8_inputs.h"
#include "engine/int8_conv.h"
#include "exchange/onnx_export.h"
#include "exchange_models.h"
#include "models/map_completion.h"

enum { MOST = 24 };

typedef struct values {
    bcue_named_tensor named[MOST];
    bcue_tensor tensors[MOST];
    char names[MOST][120];
    size_t count;
} values;

static void add(values *v, const char *kind, const char *name, bcue_dtype dtype, const bcue_shape *shape,
                const void *data)
{
    snprintf(v->names[v->count], sizeof v->names[0], "%s|%s", kind, name);
    v->tensors[v->count] = (bcue_tensor){.dtype = dtype, .shape = *shape, .data = (void *)(uintptr_t)data};
    v->named[v->count] = (bcue_named_tensor){.name = v->names[v->count], .tensor = &v->tensors[v->count]};
    v->count++;
}

/* Inputs and outputs of a plan after its forward pass. */
static bcue_status write_values(const char *path, const bcue_graph *graph, bcue_plan *plan, bcue_error *error)
{
    values v = {.count = 0};
    for (bcue_value i = 0; i < bcue_graph_value_count(graph) && v.count < MOST; i++) {
        const bcue_value_info *info = bcue_graph_value(graph, i);
        if (info->kind == BCUE_VALUE_INPUT && bcue_plan_input(plan, info->name) != NULL)
            add(&v, "in", info->name, info->dtype, &info->shape, bcue_plan_input(plan, info->name));
        if (info->output_name != NULL && bcue_plan_output(plan, info->output_name) != NULL)
            add(&v, "out", info->output_name, BCUE_F32, &info->shape,
                bcue_plan_output(plan, info->output_name));
    }
    return bcue_safetensors_write(path, v.named, v.count, NULL, 0, error);
}

static bcue_status write_case(const bcue_op_case *op_case, const char *folder, bcue_error *error)
{
    const bcue_plan_options options = {.engine = BCUE_ENGINE_REFERENCE, .dtype = BCUE_F32};
    bcue_case_plan made;
    char path[512];
    bcue_text out = {0};
    BCUE_TRY(bcue_case_plan_create(op_case, &options, &made, error));
    const bcue_onnx_source source = {.graph = made.graph, .weights = &made.weights, .name = op_case->name};
    bcue_status status = bcue_plan_forward(made.plan, error);
    if (status == BCUE_OK)
        status = bcue_onnx_encode(&source, &out, error);
    snprintf(path, sizeof path, "%s/op-%s.onnx", folder, op_case->name);
    if (status == BCUE_OK)
        status = bcue_file_write(path, out.data, out.size, error);
    snprintf(path, sizeof path, "%s/op-%s.safetensors", folder, op_case->name);
    if (status == BCUE_OK)
        status = write_values(path, made.graph, made.plan, error);
    bcue_text_free(&out);
    bcue_case_plan_destroy(&made);
    return status;
}

static void fill_inputs(const bcue_graph *graph, bcue_plan *plan)
{
    for (bcue_value i = 0; i < bcue_graph_value_count(graph); i++) {
        const bcue_value_info *info = bcue_graph_value(graph, i);
        float *data = info->kind == BCUE_VALUE_INPUT && info->dtype == BCUE_F32
                          ? bcue_plan_input(plan, info->name)
                          : NULL;
        int64_t count = 0;
        bcue_shape_count(&info->shape, &count);
        bcue_rng rng = bcue_rng_make(4, BCUE_RNG_TEST, 0, 0, (uint32_t)i);
        for (int64_t k = 0; data != NULL && k < count; k++)
            data[k] = (float)bcue_rng_normal(&rng);
    }
}

/* `windows` at a time in the values; `batch` in the file, 0: any number. */
static bcue_status write_model(const bcue_exchange_model *what, int64_t windows, int64_t batch,
                               const char *folder, bcue_error *error)
{
    const bcue_plan_options options = {.engine = BCUE_ENGINE_ONEDNN, .dtype = BCUE_F32};
    bcue_model_file model;
    bcue_graph *graph = NULL;
    bcue_plan *plan = NULL;
    char path[512];
    BCUE_TRY(bcue_exchange_model_make(what, &model, error));
    bcue_status status = bcue_model_build(&model.config, &model.inputs, windows, &graph, error);
    if (status == BCUE_OK)
        status = bcue_plan_create(graph, &model.weights, &options, &plan, error);
    if (status == BCUE_OK) {
        fill_inputs(graph, plan);
        status = bcue_plan_forward(plan, error);
    }
    snprintf(path, sizeof path, "%s/model-%s-%d.onnx", folder, what->name, (int)batch);
    if (status == BCUE_OK)
        status = bcue_onnx_write_model(path, &model, batch, error);
    snprintf(path, sizeof path, "%s/model-%s-%d.safetensors", folder, what->name, (int)batch);
    if (status == BCUE_OK)
        status = write_values(path, graph, plan, error);
    bcue_plan_destroy(plan);
    bcue_graph_destroy(graph);
    bcue_model_file_free(&model);
    return status;
}

static void feed(void *context, bcue_plan *plan, size_t first, size_t count)
{
    (void)first;
    (void)count;
    fill_inputs(context, plan);
}

/* Scales of all layers, from the inputs that the model is then run on. */
static bcue_status find_scales(const bcue_model_file *model, bcue_int8_scales *scales, bcue_error *error)
{
    bcue_graph *graph = NULL;
    BCUE_TRY(bcue_model_build(&model->config, &model->inputs, 2, &graph, error));
    const size_t nodes = (size_t)bcue_graph_node_count(graph);
    bcue_int8_input *inputs = bcue_calloc(nodes, sizeof *inputs);
    const bcue_int8_calibration calibration = {
        .method = BCUE_CALIBRATE_MIN_MAX, .windows = 2, .batch = 2, .context = graph, .feed = feed};
    bcue_weights weights = model->weights;
    bcue_status status = bcue_int8_inputs(graph, &weights, &calibration, inputs, error);
    scales->layers.items = bcue_calloc(nodes, sizeof *scales->layers.items);
    scales->scale.items = bcue_calloc(nodes, sizeof *scales->scale.items);
    scales->negative.items = bcue_calloc(nodes, sizeof *scales->negative.items);
    for (size_t n = 0; status == BCUE_OK && n < nodes; n++) {
        const char *name = bcue_int8_layer_name(graph, (int32_t)n);
        if (name == NULL || !(inputs[n].scale > 0))
            continue;
        const size_t i = scales->layers.count++;
        scales->layers.items[i] = bcue_strdup(name);
        scales->scale.items[i] = (double)inputs[n].scale;
        scales->negative.items[i] = inputs[n].negative;
        scales->scale.count = scales->negative.count = i + 1;
    }
    free(inputs);
    bcue_graph_destroy(graph);
    return status;
}

static void free_scales(bcue_int8_scales *scales)
{
    for (size_t i = 0; i < scales->layers.count; i++)
        free(scales->layers.items[i]);
    free(scales->layers.items);
    free(scales->scale.items);
    free(scales->negative.items);
}

/* The model in 8 bits, and what it answers here; the logits in f32 as "exact|logits". */
static bcue_status write_bytes(const bcue_exchange_model *what, const char *folder, bcue_error *error)
{
    bcue_model_file model;
    bcue_graph *graph = NULL;
    bcue_plan *plans[2] = {NULL, NULL};
    bcue_int8_input *inputs = NULL;
    bcue_int8_scales scales = {0};
    values v = {.count = 0};
    char path[512];
    BCUE_TRY(bcue_exchange_model_make(what, &model, error));
    bcue_status status = find_scales(&model, &scales, error);
    model.int8 = &scales;
    if (status == BCUE_OK)
        status = bcue_model_build(&model.config, &model.inputs, 2, &graph, error);
    if (status == BCUE_OK)
        status = bcue_int8_scales_apply(&scales, graph, &inputs, error);
    for (int i = 0; status == BCUE_OK && i < 2; i++) {
        const bcue_plan_options options = {
            .engine = BCUE_ENGINE_ONEDNN, .dtype = BCUE_F32, .int8 = i == 1 ? inputs : NULL};
        status = bcue_plan_create(graph, &model.weights, &options, &plans[i], error);
        if (status == BCUE_OK) {
            fill_inputs(graph, plans[i]);
            status = bcue_plan_forward(plans[i], error);
        }
    }
    snprintf(path, sizeof path, "%s/int8-%s.onnx", folder, what->name);
    if (status == BCUE_OK)
        status = bcue_onnx_write_model(path, &model, 2, error);
    snprintf(path, sizeof path, "%s/int8-%s.safetensors", folder, what->name);
    for (bcue_value i = 0; status == BCUE_OK && i < bcue_graph_value_count(graph); i++) {
        const bcue_value_info *info = bcue_graph_value(graph, i);
        if (info->kind == BCUE_VALUE_INPUT && bcue_plan_input(plans[1], info->name) != NULL)
            add(&v, "in", info->name, info->dtype, &info->shape, bcue_plan_input(plans[1], info->name));
        if (info->output_name == NULL || bcue_plan_output(plans[1], info->output_name) == NULL)
            continue;
        add(&v, "out", info->output_name, BCUE_F32, &info->shape,
            bcue_plan_output(plans[1], info->output_name));
        add(&v, "exact", info->output_name, BCUE_F32, &info->shape,
            bcue_plan_output(plans[0], info->output_name));
    }
    if (status == BCUE_OK)
        status = bcue_safetensors_write(path, v.named, v.count, NULL, 0, error);
    model.int8 = NULL;
    free_scales(&scales);
    free(inputs);
    for (int i = 0; i < 2; i++)
        bcue_plan_destroy(plans[i]);
    bcue_graph_destroy(graph);
    bcue_model_file_free(&model);
    return status;
}

/* ---- what answers without some sensors ---- */

typedef struct gap_case {
    const char *name;
    int prior, stand_in;
    unsigned missing;
} gap_case;

#define RADAR (1U << BCUE_INPUT_RADAR)
#define CAMERA_AND_FIXES (1U << BCUE_INPUT_CAMERA | 1U << BCUE_INPUT_POSITION)
static const gap_case gap_cases[] = {
    {"fixed-radar", BCUE_PRIOR_FIXED, BCUE_STAND_IN_GENERATED, RADAR},
    {"learned-radar", BCUE_PRIOR_LEARNED, BCUE_STAND_IN_GENERATED, RADAR},
    {"learned-camera-gps", BCUE_PRIOR_LEARNED, BCUE_STAND_IN_GENERATED, CAMERA_AND_FIXES},
    {"map-fixed-radar", BCUE_PRIOR_FIXED, BCUE_STAND_IN_MAP, RADAR},
    {"map-learned-camera-gps", BCUE_PRIOR_LEARNED, BCUE_STAND_IN_MAP, CAMERA_AND_FIXES},
};

static bcue_status build_gap(const gap_case *what, const bcue_model_file *model, int64_t windows,
                             bcue_graph **graph, bcue_error *error)
{
    const bcue_model_gap gap = {.missing = what->missing, .completion = model->completion};
    return what->stand_in == BCUE_STAND_IN_MAP
               ? bcue_map_completion_build(model->completion, &model->config, &model->inputs, what->missing,
                                           windows, graph, error)
               : bcue_model_build_gap(&model->config, &model->inputs, &gap, windows, BCUE_FORM_WHOLE, graph,
                                      error);
}

/* Outputs of a forward pass under KIND|NAME; copies, owned by `kept`. */
static bcue_status keep_outputs(const bcue_graph *graph, bcue_plan *plan, const char *kind, values *v,
                                float **kept, size_t *count, bcue_error *error)
{
    BCUE_TRY(bcue_plan_forward(plan, error));
    for (bcue_value i = 0; i < bcue_graph_value_count(graph); i++) {
        const bcue_value_info *info = bcue_graph_value(graph, i);
        int64_t numbers = 0;
        if (info->output_name == NULL || bcue_plan_output(plan, info->output_name) == NULL)
            continue;
        (void)bcue_shape_count(&info->shape, &numbers);
        float *copy = bcue_calloc((size_t)numbers, sizeof *copy);
        if (copy == NULL || *count == MOST)
            return bcue_fail_memory(error, "the outputs");
        memcpy(copy, bcue_plan_output(plan, info->output_name), (size_t)numbers * sizeof *copy);
        kept[(*count)++] = copy;
        add(v, kind, info->output_name, BCUE_F32, &info->shape, copy);
    }
    return BCUE_OK;
}

/* "out|": a drawn z for each window; "row|": the first of them for all; "zero|": the mean of the prior. */
static bcue_status write_gap_values(const char *path, const bcue_graph *graph, bcue_plan *plan,
                                    int64_t windows, bcue_error *error)
{
    values v = {.count = 0};
    float *kept[MOST] = {NULL}, *latent = bcue_plan_input(plan, "latent");
    float *drawn = NULL;
    size_t count = 0, row = 0;
    fill_inputs(graph, plan);
    for (bcue_value i = 0; i < bcue_graph_value_count(graph); i++) {
        const bcue_value_info *info = bcue_graph_value(graph, i);
        if (info->kind != BCUE_VALUE_INPUT || bcue_plan_input(plan, info->name) == NULL)
            continue;
        const void *data = bcue_plan_input(plan, info->name);
        if (strcmp(info->name, "latent") == 0) { /* what follows changes it */
            row = (size_t)info->shape.dim[1];
            drawn = bcue_calloc((size_t)windows * row, sizeof *drawn);
            if (drawn == NULL)
                return bcue_fail_memory(error, "the latent numbers");
            memcpy(drawn, latent, (size_t)windows * row * sizeof *drawn);
            data = drawn;
        }
        add(&v, "in", info->name, info->dtype, &info->shape, data);
    }
    bcue_status status = keep_outputs(graph, plan, "out", &v, kept, &count, error);
    for (size_t w = 1; w < (size_t)windows; w++)
        memcpy(latent + w * row, latent, row * sizeof *latent);
    if (status == BCUE_OK)
        status = keep_outputs(graph, plan, "row", &v, kept, &count, error);
    memset(latent, 0, (size_t)windows * row * sizeof *latent);
    if (status == BCUE_OK)
        status = keep_outputs(graph, plan, "zero", &v, kept, &count, error);
    if (status == BCUE_OK)
        status = bcue_safetensors_write(path, v.named, v.count, NULL, 0, error);
    for (size_t i = 0; i < count; i++)
        free(kept[i]);
    free(drawn);
    return status;
}

static bcue_status write_gap(const gap_case *what, int64_t windows, int64_t batch, const char *folder,
                             bcue_error *error)
{
    const bcue_plan_options options = {.engine = BCUE_ENGINE_ONEDNN, .dtype = BCUE_F32};
    bcue_model_file model;
    bcue_graph *graph = NULL;
    bcue_plan *plan = NULL;
    bcue_weights selected = {0};
    char path[512];
    BCUE_TRY(bcue_exchange_generators_make(what->prior, &model, error));
    const bcue_weights *sets[] = {&model.weights, &model.generator};
    bcue_status status = build_gap(what, &model, windows, &graph, error);
    if (status == BCUE_OK)
        status = bcue_weights_select(graph, sets, 2, &selected, error);
    if (status == BCUE_OK)
        status = bcue_plan_create(graph, &selected, &options, &plan, error);
    snprintf(path, sizeof path, "%s/gap-%s-%d.safetensors", folder, what->name, (int)batch);
    if (status == BCUE_OK)
        status = write_gap_values(path, graph, plan, windows, error);
    snprintf(path, sizeof path, "%s/gap-%s-%d.onnx", folder, what->name, (int)batch);
    if (status == BCUE_OK)
        status = bcue_onnx_write_gap(path, &model, what->missing, what->stand_in, batch, error);
    bcue_plan_destroy(plan);
    bcue_weights_release(&selected);
    bcue_graph_destroy(graph);
    bcue_model_file_free(&model);
    return status;
}

static bcue_status write_gaps(const char *folder, bcue_error *error)
{
    for (size_t i = 0; i < sizeof gap_cases / sizeof *gap_cases; i++) {
        BCUE_TRY(write_gap(&gap_cases[i], 2, 2, folder, error));
        BCUE_TRY(write_gap(&gap_cases[i], 3, 0, folder, error));
    }
    return BCUE_OK;
}

int main(int argc, char **argv)
{
    bcue_error error = {""};
    bcue_status status = argc == 2 ? bcue_make_dirs(argv[1], &error) : BCUE_ERROR_ARGUMENT;
    for (int i = 0; status == BCUE_OK && i < bcue_op_case_count; i++) {
        if (bcue_op_cases[i].random)
            continue;
        status = write_case(&bcue_op_cases[i], argv[1], &error);
        if (status == BCUE_ERROR_DATA) { /* a loss and nothing else: inference has nothing to do */
            printf("%s: left out, %s\n", bcue_op_cases[i].name, error.text);
            status = BCUE_OK;
        }
    }
    for (int i = 0; status == BCUE_OK && i < bcue_exchange_model_count; i++) {
        status = write_model(&bcue_exchange_models[i], 2, 2, argv[1], &error);
        if (status == BCUE_OK)
            status = write_model(&bcue_exchange_models[i], 3, 0, argv[1], &error);
        if (status == BCUE_OK && bcue_int8_available())
            status = write_bytes(&bcue_exchange_models[i], argv[1], &error);
    }
    if (status == BCUE_OK)
        status = write_gaps(argv[1], &error);
    if (status != BCUE_OK)
        fprintf(stderr, "write_onnx_cases: %s: %s\n", bcue_status_name(status), error.text);
    return status != BCUE_OK;
}

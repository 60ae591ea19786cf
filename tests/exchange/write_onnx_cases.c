/* write_onnx_cases DIR: every operator case and every model of exchange_models.c as DIR/NAME.onnx, and beside
   it DIR/NAME.safetensors with inputs ("in|NAME") and what beamcue makes of them ("out|NAME"):
   tools/peer/check_onnx.py compares. Not a test of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/rng.h"
#include "case_plan.h"
#include "exchange/onnx_export.h"
#include "exchange_models.h"

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
    }
    if (status != BCUE_OK)
        fprintf(stderr, "write_onnx_cases: %s: %s\n", bcue_status_name(status), error.text);
    return status != BCUE_OK;
}

#include "api/report_handle.h"
#include "base/fail.h"
#include "beamcue/model.h"
#include "exchange/c_header.h"
#include "exchange/onnx_export.h"
#include "exchange/torch_weights.h"

static bcue_status wrote(bcue_report *report, const char *path, const char *what, bcue_error *error)
{
    if (!bcue_report_add_file(report, path))
        return bcue_fail_memory(error, "the report");
    bcue_text_printf(bcue_report_out(report), "%s: %s\n", path, what);
    return BCUE_OK;
}

static bcue_status write_onnx(const bcue_model_file *model, const bcue_export_options *options,
                              bcue_report *report, bcue_error *error)
{
    BCUE_TRY(bcue_onnx_write_model(options->onnx_path, model, options->onnx_batch, error));
    return wrote(report, options->onnx_path,
                 model->int8 != NULL ? "the network as ONNX, operator set 18, its 8-bit layers as QDQ"
                                     : "the network as ONNX, operator set 18",
                 error);
}

static bcue_status export_all(const char *path, bcue_model_file *model, const bcue_export_options *options,
                              bcue_report *report, bcue_error *error)
{
    json_object_set_new(bcue_report_object(report), "kind",
                        json_string(bcue_model_kind_names[model->config.kind]));
    json_object_set_new(bcue_report_object(report), "tensors", json_integer(model->weights.count));
    if (options->onnx_path != NULL)
        BCUE_TRY(write_onnx(model, options, report, error));
    if (options->safetensors_path != NULL) {
        BCUE_TRY(bcue_torch_write_weights(options->safetensors_path, model, error));
        BCUE_TRY(wrote(report, options->safetensors_path, "the weights by their PyTorch names", error));
    }
    if (options->half_path != NULL) {
        model->half = true;
        BCUE_TRY(bcue_model_file_write(options->half_path, model, error));
        BCUE_TRY(wrote(report, options->half_path, "the model in half precision", error));
    }
    if (options->c_header_path == NULL)
        return BCUE_OK;
    BCUE_TRY(bcue_c_header_write(options->c_header_path, path, error));
    return wrote(report, options->c_header_path, "the model as a C array, for bcue_model_open_memory", error);
}

bcue_status bcue_export_model(const char *model_path, const bcue_export_options *options,
                              bcue_report **report, bcue_error *error)
{
    bcue_model_file model;
    *report = NULL;
    if (options->onnx_path == NULL && options->safetensors_path == NULL && options->half_path == NULL &&
        options->c_header_path == NULL)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "nothing to export: give at least one path");
    if (options->onnx_batch < 0)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "a batch of %ld windows cannot be exported",
                         options->onnx_batch);
    BCUE_TRY(bcue_model_file_read(model_path, &model, error));
    bcue_report *made = bcue_report_create();
    bcue_status status = made == NULL ? bcue_fail_memory(error, "the report")
                                      : export_all(model_path, &model, options, made, error);
    bcue_model_file_free(&model);
    return bcue_report_deliver(made, status, report, error);
}

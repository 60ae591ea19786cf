#include <stdlib.h>
#include <string.h>

#include "api/report_handle.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
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

/* "DIR/NAME-without-radar.onnx" beside "DIR/NAME.onnx", of a generator of maps
 * "DIR/NAME-map-without-radar.onnx". */
static void name_gap(const char *path, unsigned missing, int stand_in, bcue_text *out)
{
    const size_t size = strlen(path) - (bcue_ends_with(path, ".onnx") ? strlen(".onnx") : 0);
    bcue_text_printf(out, "%.*s%s-without", (int)size, path, stand_in == BCUE_STAND_IN_MAP ? "-map" : "");
    for (int m = 0; m <= BCUE_INPUT_POSITION; m++)
        if ((missing & 1U << m) != 0)
            bcue_text_printf(out, "-%s", bcue_model_input_names[m]);
    bcue_text_puts(out, ".onnx");
}

static bcue_status write_gap(const bcue_model_file *model, const bcue_export_options *options,
                             unsigned missing, int stand_in, bcue_report *report, bcue_error *error)
{
    bcue_text path = {0};
    name_gap(options->onnx_path, missing, stand_in, &path);
    bcue_status status =
        path.failed ? bcue_fail_memory(error, "the report")
                    : bcue_onnx_write_gap(path.data, model, missing, stand_in, options->onnx_batch, error);
    if (status == BCUE_OK)
        status =
            wrote(report, path.data,
                  stand_in == BCUE_STAND_IN_MAP
                      ? "the generator of the inputs that are missing; 'latent' may be left out"
                      : "the network without these sensors, with its generator; 'latent' may be left out",
                  error);
    bcue_text_free(&path);
    return status;
}

/* Bits of "camera,lidar". */
static bcue_status read_missing(const char *text, unsigned *missing, bcue_error *error)
{
    *missing = 0;
    while (*text != '\0') {
        const size_t size = strcspn(text, ",");
        const int m = bcue_model_sensor_find(text, size);
        if (m < 0)
            return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                             "'%.*s' is no sensor that can be missing; expected camera, lidar, radar or gps",
                             (int)(size < 40 ? size : 40), text);
        *missing |= 1U << m;
        text += size + (text[size] == ',');
    }
    return BCUE_OK;
}

/* What is asked for, by every generator there is. */
static bcue_status write_asked(const bcue_model_file *model, const bcue_export_options *options,
                               bcue_report *report, bcue_error *error)
{
    static const int generators[] = {BCUE_STAND_IN_GENERATED, BCUE_STAND_IN_MAP};
    unsigned missing;
    BCUE_TRY(read_missing(options->onnx_missing, &missing, error));
    if (model->completion == NULL) /* which says so */
        return bcue_onnx_write_gap(options->onnx_path, model, missing, generators[0], options->onnx_batch,
                                   error);
    for (size_t i = 0; i < 2; i++)
        if (bcue_completion_offers(model->completion, generators[i]))
            BCUE_TRY(write_gap(model, options, missing, generators[i], report, error));
    return BCUE_OK;
}

/* What `predict` would run: the sets whose best stand-in is generated. */
static bcue_status write_measured(const bcue_model_file *model, const bcue_export_options *options,
                                  bcue_report *report, bcue_error *error)
{
    const bcue_completion_choice *choices = model->completion->choices.items;
    size_t written = 0;
    for (size_t i = 0; i < model->completion->choices.count; i++) {
        const int stand_in = choices[i].stand_in;
        if (stand_in != BCUE_STAND_IN_GENERATED && stand_in != BCUE_STAND_IN_MAP)
            continue;
        BCUE_TRY(write_gap(model, options, bcue_completion_missing(&choices[i]), stand_in, report, error));
        written++;
    }
    if (written == 0)
        bcue_text_puts(
            bcue_report_out(report),
            "The model's generator of missing sensors is nowhere its best stand-in, so it was not written; "
            "--missing does.\n");
    return BCUE_OK;
}

static bcue_status write_onnx(const bcue_model_file *model, const bcue_export_options *options,
                              bcue_report *report, bcue_error *error)
{
    if (options->onnx_missing != NULL) /* first, for it may be asked for what there is not */
        BCUE_TRY(write_asked(model, options, report, error));
    BCUE_TRY(bcue_onnx_write_model(options->onnx_path, model, options->onnx_batch, error));
    BCUE_TRY(wrote(report, options->onnx_path,
                   model->int8 != NULL ? "the network as ONNX, operator set 18, its 8-bit layers as QDQ"
                                       : "the network as ONNX, operator set 18",
                   error));
    return model->completion != NULL && options->onnx_missing == NULL
               ? write_measured(model, options, report, error)
               : BCUE_OK;
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

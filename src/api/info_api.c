#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/report_handle.h"
#include "base/fail.h"
#include "base/file.h"
#include "beamcue/dataset.h"
#include "engine/plan.h"
#include "learn/run_config.h"
#include "learn/scorer.h"
#include "models/codebook_note.h"
#include "models/model_file.h"

enum { MOST_BRANCHES = 32 };

typedef struct branch {
    char name[48];
    int64_t parameters, macs;
} branch;

/* "camera.layer1.0.conv1.weight" belongs to the branch "camera". */
static branch *branch_of(branch *branches, size_t *count, const char *name)
{
    const size_t size = strcspn(name, ".");
    char first[48];
    snprintf(first, sizeof first, "%.*s", (int)(size < sizeof first ? size : sizeof first - 1), name);
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(branches[i].name, first) == 0)
            return &branches[i];
    }
    if (*count == MOST_BRANCHES)
        return &branches[MOST_BRANCHES - 1];
    branch *made = &branches[(*count)++];
    memcpy(made->name, first, sizeof first);
    return made;
}

static bcue_status branch_table(const bcue_graph *graph, bcue_report *report, bcue_error *error)
{
    branch branches[MOST_BRANCHES] = {0};
    size_t count = 0;
    int64_t parameters = 0, running = 0, macs = 0;
    for (int32_t p = 0; p < bcue_graph_parameter_count(graph); p++) {
        const bcue_value_info *info = bcue_graph_value(graph, bcue_graph_parameter_value(graph, p));
        int64_t size = 0;
        (void)bcue_shape_count(&info->shape, &size);
        if (info->spec.running) {
            running += size;
            continue;
        }
        branch_of(branches, &count, info->name)->parameters += size;
        parameters += size;
    }
    for (int32_t n = 0; n < bcue_graph_node_count(graph); n++) {
        const int64_t work = bcue_graph_node_macs(graph, n);
        if (work > 0) {
            const bcue_node *node = bcue_graph_node(graph, n);
            const bcue_value weight = node->input[1];
            branch_of(branches, &count, bcue_graph_value(graph, weight)->name)->macs += work;
            macs += work;
        }
    }
    const bcue_column columns[] = {{"branch", NULL, BCUE_ALIGN_LEFT, 0},
                                   {"parameters", NULL, BCUE_ALIGN_RIGHT, 0},
                                   {"MACs", "million", BCUE_ALIGN_RIGHT, 3}};
    bcue_table *table = bcue_table_create("Network, per window", columns, 3);
    for (size_t i = 0; table != NULL && i < count; i++) {
        bcue_table_row(table);
        bcue_table_text(table, branches[i].name);
        bcue_table_number(table, (double)branches[i].parameters);
        bcue_table_number(table, 1e-6 * (double)branches[i].macs);
    }
    if (table != NULL) {
        bcue_table_rule(table);
        bcue_table_row(table);
        bcue_table_text(table, "total");
        bcue_table_number(table, (double)parameters);
        bcue_table_number(table, 1e-6 * (double)macs);
        bcue_table_footnote(table, "plus %lld batch-norm statistics, which are not trained",
                            (long long)running);
    }
    json_object_set_new(bcue_report_object(report), "parameters", json_integer(parameters));
    json_object_set_new(bcue_report_object(report), "macs", json_integer(macs));
    bcue_status status = bcue_report_add_table(report, "branches", table, error);
    bcue_table_destroy(table);
    return status;
}

static bcue_status layer_table(const bcue_graph *graph, bcue_report *report, bcue_error *error)
{
    const bcue_column columns[] = {{"layer", NULL, BCUE_ALIGN_LEFT, 0},
                                   {"operator", NULL, BCUE_ALIGN_LEFT, 0},
                                   {"output", NULL, BCUE_ALIGN_LEFT, 0},
                                   {"MACs", "million", BCUE_ALIGN_RIGHT, 3}};
    bcue_table *table = bcue_table_create("Layers", columns, 4);
    for (int32_t n = 0; table != NULL && n < bcue_graph_node_count(graph); n++) {
        const bcue_node *node = bcue_graph_node(graph, n);
        char shape[80];
        bcue_table_row(table);
        bcue_table_text(table, node->name);
        bcue_table_text(table, bcue_op_name(node->op));
        bcue_table_text(table,
                        bcue_shape_text(&bcue_graph_value(graph, node->output)->shape, shape, sizeof shape));
        const int64_t work = bcue_graph_node_macs(graph, n);
        if (work > 0)
            bcue_table_number(table, 1e-6 * (double)work);
        else
            bcue_table_missing(table);
    }
    bcue_status status = bcue_report_add_table(report, "layers", table, error);
    bcue_table_destroy(table);
    return status;
}

static void release_file(void *cookie)
{
    bcue_model_file_release(cookie);
}

static void describe_int8(const bcue_int8_scales *int8, int32_t layers, bcue_report *report)
{
    bcue_text *out = bcue_report_out(report);
    bcue_text_printf(out, "8 bits: scales for %zu layers, %s, from %lld windows of %lld training episodes; ",
                     int8->layers.count, int8->method != NULL ? int8->method : "by hand",
                     (long long)int8->windows, (long long)int8->episodes);
    if (int8->epochs > 0)
        bcue_text_printf(out, "fine-tuned with their rounding for %lld epochs; ", (long long)int8->epochs);
    if (layers > 0)
        bcue_text_printf(out, "this machine computes %d of them in 8 bits\n", layers);
    else
        bcue_text_puts(out, "this machine has neither VNNI nor AMX and computes them in f32\n");
    json_object_set_new(bcue_report_object(report), "int8",
                        json_pack("{s:I, s:i, s:s, s:I, s:I, s:I}", "layers", (json_int_t)int8->layers.count,
                                  "layers_here", (int)layers, "method",
                                  int8->method != NULL ? int8->method : "", "windows",
                                  (json_int_t)int8->windows, "episodes", (json_int_t)int8->episodes, "epochs",
                                  (json_int_t)int8->epochs));
}

/* What a session of the model takes. */
static bcue_status describe_memory(const bcue_graph *graph, bcue_model_file *model, bcue_report *report,
                                   bcue_error *error)
{
    bcue_packed_weights *packed;
    bcue_plan *plan = NULL;
    bcue_int8_input *int8 = NULL;
    BCUE_TRY(bcue_packed_weights_create(release_file, model, &packed, error));
    bcue_status status =
        model->int8 != NULL ? bcue_int8_scales_apply(model->int8, graph, &int8, error) : BCUE_OK;
    const bcue_plan_options options = {
        .engine = BCUE_ENGINE_ONEDNN, .dtype = BCUE_F32, .packed = packed, .int8 = int8};
    if (status == BCUE_OK)
        status = bcue_plan_create(graph, &model->weights, &options, &plan, error);
    if (status == BCUE_OK) {
        const size_t weights = bcue_plan_packed_bytes(plan), activations = bcue_plan_peak_bytes(plan);
        bcue_text_printf(
            bcue_report_out(report),
            "\nMemory: %.2f MB of packed weights, which all sessions share, and %.2f MB of activations "
            "for each session\n",
            1e-6 * (double)weights, 1e-6 * (double)activations);
        json_object_set_new(bcue_report_object(report), "packed_bytes", json_integer((json_int_t)weights));
        json_object_set_new(bcue_report_object(report), "session_bytes",
                            json_integer((json_int_t)activations));
        if (model->int8 != NULL)
            describe_int8(model->int8, bcue_plan_int8_layers(plan), report);
    }
    free(int8);
    bcue_plan_destroy(plan);
    bcue_packed_weights_destroy(packed);
    return status;
}

static bcue_status describe_network(const bcue_model_config *config, const bcue_model_inputs *inputs,
                                    bcue_model_file *model, bcue_report *report, bcue_error *error)
{
    bcue_graph *graph;
    BCUE_TRY(bcue_model_build(config, inputs, 1, &graph, error));
    bcue_status status = layer_table(graph, report, error);
    bcue_text_puts(bcue_report_out(report), "\n");
    if (status == BCUE_OK)
        status = branch_table(graph, report, error);
    if (status == BCUE_OK && model != NULL)
        status = describe_memory(graph, model, report, error);
    bcue_graph_destroy(graph);
    return status;
}

static void describe_training(const bcue_model_file *model, bcue_report *report)
{
    json_t *training = json_loads(model->training_json, JSON_REJECT_DUPLICATES, NULL);
    if (training == NULL)
        return;
    bcue_text *out = bcue_report_out(report);
    const char *key;
    json_t *value;
    bcue_text_puts(out, "\nTraining\n");
    json_object_foreach(training, key, value)
    {
        if (json_is_string(value))
            bcue_text_printf(out, "  %-20s %s\n", key, json_string_value(value));
        else if (json_is_integer(value))
            bcue_text_printf(out, "  %-20s %lld\n", key, (long long)json_integer_value(value));
        else if (json_is_real(value))
            bcue_text_printf(out, "  %-20s %.6g\n", key, json_real_value(value));
    }
    json_object_set_new(bcue_report_object(report), "training", training);
}

static void describe_codebook(const bcue_model_file *model, bcue_report *report)
{
    char mark[BCUE_CODEBOOK_MARK_SIZE];
    bcue_codebook_note_mark(model->codebook_yaml, mark);
    bcue_text_printf(bcue_report_out(report), "  %-20s %s\n", "codebook",
                     mark[0] != '\0' ? mark : "not known");
    json_object_set_new(bcue_report_object(report), "codebook",
                        mark[0] != '\0' ? json_string(mark) : json_null());
}

static void describe_calibration(const bcue_calibration *calibration, bcue_report *report)
{
    bcue_text *out = bcue_report_out(report);
    json_t *patterns = json_array();
    bcue_text_puts(out, "\nCalibration\n");
    for (size_t i = 0; i < bcue_calibration_count(calibration); i++) {
        const bcue_calibration_pattern *p = bcue_calibration_at(calibration, i);
        char name[BCUE_PATTERN_NAME_SIZE] = "";
        if (bcue_calibration_count(calibration) > 1)
            bcue_input_pattern_name(bcue_calibration_inputs(p), name);
        bcue_text_printf(out,
                         "  %s%s%lld episodes, %lld samples; temperature %.4g; expected calibration error "
                         "%.2f %% before, %.2f %% after\n",
                         name, name[0] != '\0' ? ": " : "", (long long)p->episodes, (long long)p->samples,
                         p->temperature, 100.0 * p->error_before, 100.0 * p->error_after);
        json_t *object = json_pack("{s:I, s:I, s:f, s:f, s:f}", "episodes", (json_int_t)p->episodes,
                                   "samples", (json_int_t)p->samples, "temperature", p->temperature,
                                   "error_before", p->error_before, "error_after", p->error_after);
        if (i > 0)
            json_object_set_new(object, "sensors", json_string(name));
        if (i > 0)
            json_array_append_new(patterns, object);
        else
            json_object_set_new(bcue_report_object(report), "calibration", object);
    }
    json_object_set_new(json_object_get(bcue_report_object(report), "calibration"), "patterns", patterns);
}

static bcue_status describe_model(const char *path, bcue_report *report, bcue_error *error)
{
    bcue_model_file model;
    BCUE_TRY(bcue_model_file_open(path, &model, error));
    bcue_text *out = bcue_report_out(report);
    const bcue_model_inputs *inputs = &model.inputs;
    bcue_text_printf(out, "%s: %s, %lld beams\n", path, bcue_model_kind_names[model.config.kind],
                     (long long)inputs->beams);
    for (int i = 0; i < BCUE_INPUT_COUNT; i++) {
        const bcue_picture_size size = bcue_model_picture(inputs, (bcue_model_input)i);
        if (bcue_model_input_has_frames((bcue_model_input)i) &&
            bcue_model_offers(inputs, (bcue_model_input)i))
            bcue_text_printf(out, "  %-8s %lld frame(s) of %lld x %lld, %lld channel(s)\n",
                             bcue_model_input_names[i], (long long)inputs->frames, (long long)size.width,
                             (long long)size.height, (long long)size.channels);
    }
    if (inputs->gps_frames > 0)
        bcue_text_printf(out, "  position %lld fix(es)\n", (long long)inputs->gps_frames);
    json_object_set_new(bcue_report_object(report), "kind", json_string("model"));
    json_object_set_new(bcue_report_object(report), "model",
                        json_string(bcue_model_kind_names[model.config.kind]));
    json_object_set_new(bcue_report_object(report), "beams", json_integer(inputs->beams));
    bcue_status status = BCUE_OK;
    bcue_text_puts(out, "\n");
    if (!bcue_model_is_table(&model.config))
        status = describe_network(&model.config, inputs, &model, report, error);
    describe_training(&model, report);
    describe_codebook(&model, report);
    if (model.calibration != NULL)
        describe_calibration(model.calibration, report);
    bcue_text_printf(out, "\nFeatures\n%s", model.features_yaml);
    bcue_model_file_free(&model);
    return status;
}

/* What the data of a run would offer its model. */
static bcue_model_inputs planned_inputs(const bcue_run_config *run)
{
    const bcue_feature_config used = bcue_features_for(&run->features, &run->model);
    int64_t size[BCUE_INPUT_COUNT][3]; /* channels, height, width */
    for (int i = 0; i < BCUE_INPUT_COUNT; i++)
        (void)bcue_feature_shape(&used, (bcue_modality)i, size[i]);
    return (bcue_model_inputs){.frames = run->data.window.frames,
                               .channels = size[0][0],
                               .height = size[0][1],
                               .width = size[0][2],
                               .lidar = {size[1][0], size[1][1], size[1][2]},
                               .radar = {size[2][0], size[2][1], size[2][2]},
                               .vehicles = {size[4][0], size[4][1], size[4][2]},
                               .gps_frames = used.position.enabled ? run->data.gps_frames : 0,
                               .beams = (run->data.beams + run->data.beam_step - 1) / run->data.beam_step};
}

static bcue_status describe_config(const char *path, const char *const *overrides, size_t override_count,
                                   bcue_report *report, bcue_error *error)
{
    bcue_run_config run;
    bcue_config *config;
    BCUE_TRY(bcue_run_config_read(path, overrides, override_count, &run, &config, error));
    bcue_text *out = bcue_report_out(report);
    bcue_text_printf(out, "# %s: the effective configuration\n", path);
    bcue_config_write(bcue_run_config_fields, &run, out);
    json_object_set_new(bcue_report_object(report), "kind", json_string("configuration"));
    json_object_set_new(bcue_report_object(report), "model",
                        json_string(bcue_model_kind_names[run.model.kind]));
    const bcue_model_inputs inputs = planned_inputs(&run);
    bcue_text_puts(out, "\n");
    bcue_status status = bcue_model_is_table(&run.model)
                             ? BCUE_OK
                             : describe_network(&run.model, &inputs, NULL, report, error);
    bcue_config_destroy(config);
    return status;
}

static bcue_status describe_folder(const char *path, bcue_report *report, bcue_error *error)
{
    bcue_report *inner;
    BCUE_TRY(bcue_inspect(path, NULL, 0, NULL, NULL, &inner, error));
    bcue_text_puts(bcue_report_out(report), bcue_report_text(inner));
    json_object_set_new(bcue_report_object(report), "kind", json_string("dataset"));
    json_object_set_new(bcue_report_object(report), "dataset", json_loads(bcue_report_json(inner), 0, NULL));
    bcue_report_destroy(inner);
    return BCUE_OK;
}

bcue_status bcue_info(const char *path, const char *const *overrides, size_t override_count,
                      bcue_report **report, bcue_error *error)
{
    *report = NULL;
    if (override_count > 0 && (bcue_path_is_dir(path) || bcue_ends_with(path, ".safetensors")))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "%s is no configuration, so no key of it can be overridden", path);
    bcue_report *made = bcue_report_create();
    if (made == NULL)
        return bcue_fail_memory(error, path);
    bcue_status status;
    if (bcue_path_is_dir(path))
        status = describe_folder(path, made, error);
    else if (bcue_ends_with(path, ".safetensors"))
        status = describe_model(path, made, error);
    else
        status = describe_config(path, overrides, override_count, made, error);
    return bcue_report_deliver(made, status, report, error);
}

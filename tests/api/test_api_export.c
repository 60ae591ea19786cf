/* What `export` writes of a model with generators of missing sensors, and how the files are called. */
#include <stdlib.h>
#include <unistd.h>

#include "../exchange/exchange_models.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "beamcue/model.h"
#include "check.h"

#define FOLDER BCUE_BINARY_DIR "/test_api_export"
#define MODEL FOLDER "/model.safetensors"

static const char *const files[] = {"net.onnx",
                                    "net-without-radar.onnx",
                                    "net-map-without-radar.onnx",
                                    "net-without-camera-gps.onnx",
                                    "net-map-without-camera-gps.onnx",
                                    "net-without-lidar.onnx",
                                    "net-map-without-lidar.onnx"};
enum { FILES = sizeof files / sizeof *files };

/* Bits of the files that are there, which are removed. */
static unsigned found(void)
{
    unsigned bits = 0;
    for (int i = 0; i < FILES; i++) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", FOLDER, files[i]);
        bits |= bcue_path_exists(path) ? 1U << i : 0;
        (void)unlink(path);
    }
    return bits;
}

static bcue_status export(const char *missing, char *said, size_t size, bcue_error *error)
{
    const bcue_export_options options = {.onnx_path = FOLDER "/net.onnx", .onnx_missing = missing};
    bcue_report *report = NULL;
    const bcue_status status = bcue_export_model(MODEL, &options, &report, error);
    snprintf(said, size, "%s", status == BCUE_OK ? bcue_report_text(report) : "");
    bcue_report_destroy(report);
    return status;
}

/* Radar: features; camera and fixes: maps; LiDAR: the last that was seen. */
static void write_model(bool with_generators, bool wanted)
{
    static char *const radar[] = {(char *)"radar"}, *const both[] = {(char *)"camera", (char *)"gps"},
                       *const lidar[] = {(char *)"lidar"};
    bcue_completion_choice choices[] = {
        {.missing = {(char **)(uintptr_t)radar, 1}, .stand_in = BCUE_STAND_IN_GENERATED},
        {.missing = {(char **)(uintptr_t)both, 2}, .stand_in = BCUE_STAND_IN_MAP},
        {.missing = {(char **)(uintptr_t)lidar, 1}, .stand_in = BCUE_STAND_IN_HOLD}};
    bcue_error error = {""};
    bcue_model_file model;
    CHECK_OK(bcue_exchange_generators_make(BCUE_PRIOR_FIXED, &model, &error), error);
    model.completion->choices = (bcue_section_list){wanted ? choices : choices + 2, wanted ? 3 : 1};
    bcue_completion *kept = model.completion;
    bcue_weights generator = model.generator;
    if (!with_generators) {
        model.completion = NULL;
        model.generator = (bcue_weights){0};
    }
    CHECK_OK(bcue_model_file_write(MODEL, &model, &error), error);
    model.completion = kept;
    model.generator = generator;
    bcue_model_file_free(&model);
}

static void generators_are_written_where_they_are_best(void)
{
    char said[4096];
    bcue_error error = {""};
    write_model(true, true);
    CHECK_OK(export(NULL, said, sizeof said, &error), error);
    CHECK_INT(found(), 1U | 1U << 1 | 1U << 4);
    CHECK_CONTAINS(said, "net-without-radar.onnx: the network without these sensors, with its generator");
    CHECK_CONTAINS(said, "net-map-without-camera-gps.onnx: the generator of the inputs that are missing");
    write_model(true, false);
    CHECK_OK(export(NULL, said, sizeof said, &error), error);
    CHECK_INT(found(), 1U);
    CHECK_CONTAINS(said, "nowhere its best stand-in");
}

static void those_that_are_asked_for(void)
{
    char said[4096];
    bcue_error error = {""};
    write_model(true, false);
    CHECK_OK(export("lidar", said, sizeof said, &error), error);
    CHECK_INT(found(), 1U | 1U << 5 | 1U << 6);
    CHECK_OK(export("gps,camera", said, sizeof said, &error), error);
    CHECK_INT(found(), 1U | 1U << 3 | 1U << 4);
    CHECK_STATUS(export("lidra", said, sizeof said, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text,
                   "'lidra' is no sensor that can be missing; expected camera, lidar, radar or gps");
    CHECK_STATUS(export("camera,lidar,radar,gps", said, sizeof said, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "some, not all");
    CHECK_INT(found(), 0);
}

static void without_a_generator(void)
{
    char said[4096];
    bcue_error error = {""};
    write_model(false, false);
    CHECK_OK(export(NULL, said, sizeof said, &error), error);
    CHECK_INT(found(), 1U);
    CHECK_STATUS(export("radar", said, sizeof said, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text,
                   "the model has no generator of missing modalities; 'beamcue complete' trains one");
    CHECK_INT(found(), 0);
}

int main(void)
{
    bcue_error error = {""};
    CHECK_OK(bcue_make_dirs(FOLDER, &error), error);
    RUN(generators_are_written_where_they_are_best);
    RUN(those_that_are_asked_for);
    RUN(without_a_generator);
    return check_summary();
}

/* A drawn network of four sensors, frames for it, and what single calls say of them: for the tests of
 * streams.
 */
#ifndef BCUE_TESTS_STREAM_SCENE_H
#define BCUE_TESTS_STREAM_SCENE_H

#include <stdlib.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/rng.h"
#include "base/text.h"
#include "beamcue/stream.h"
#include "check.h"
#include "formats/image.h"
#include "formats/npy.h"
#include "models/model_file.h"

enum { BEAMS = 8, FRAMES = 3, FIXES = 2, TICKS = 24, SIZE = 64, POINTS = 200 };

static const bcue_fix rsu = {33.42, -111.92};

static inline void write_model_file(const char *path, const char *kind, const char *inputs,
                                    const char *features)
{
    bcue_error error = {""};
    bcue_model_file model = {0};
    bcue_graph *graph;
    CHECK_OK(bcue_config_read_text(kind, strlen(kind), "test", NULL, 0, bcue_model_config_fields,
                                   &model.config, &model.owned_config, &error),
             error);
    CHECK_OK(bcue_config_read_text(inputs, strlen(inputs), "test", NULL, 0, bcue_model_inputs_fields,
                                   &model.inputs, &model.owned_inputs, &error),
             error);
    model.features_yaml = bcue_strdup(features);
    CHECK_OK(bcue_model_build(&model.config, &model.inputs, 1, &graph, &error), error);
    CHECK_OK(bcue_weights_create(graph, BCUE_F32, 2, &model.weights, &error), error);
    CHECK_OK(bcue_model_file_write(path, &model, &error), error);
    bcue_graph_destroy(graph);
    bcue_model_file_free(&model);
}

static inline bcue_model *open_model(const char *path)
{
    bcue_error error = {""};
    bcue_model *model = NULL;
    write_model_file(path,
                     "kind: beamtransfuser\nmodalities: [camera, lidar, radar, gps]\nwidth: 8\ncamera_depth: "
                     "18\nblocks: 1\nanchors: 4\nhead: [16]\n",
                     "frames: 3\nchannels: 3\nheight: 64\nwidth: 64\nlidar_channels: 1\nlidar_height: 64\n"
                     "lidar_width: 64\nradar_channels: 2\nradar_height: 64\nradar_width: 64\ngps_frames: 2\n"
                     "beams: 8\n",
                     "camera: {enabled: true, width: 64, height: 64}\n"
                     "lidar: {enabled: true, width: 64, height: 64}\n"
                     "radar: {enabled: true, width: 64, height: 64}\n"
                     "position: {enabled: true, mode: enu}\n");
    CHECK_OK(bcue_model_load(path, &model, &error), error);
    return model;
}

static inline bcue_model *open_tracker(const char *path)
{
    bcue_error error = {""};
    bcue_model *model = NULL;
    write_model_file(path, "kind: position-mlp\nhidden: 8\n",
                     "frames: 1\nchannels: 0\nheight: 0\nwidth: 0\ngps_frames: 2\nbeams: 8\n",
                     "position: {enabled: true, mode: enu}\n");
    CHECK_OK(bcue_model_load(path, &model, &error), error);
    return model;
}

/* Fed with the frames of open_model's. */
static inline bcue_model *open_compressed(const char *path)
{
    bcue_error error = {""};
    bcue_model *model = NULL;
    write_model_file(path,
                     "kind: beamtransfuser\nmodalities: [camera, lidar, radar, gps]\nwidth: 8\n"
                     "camera_depth: 18\nblocks: 1\nanchors: 1\nhead: [8]\n",
                     "frames: 1\nchannels: 3\nheight: 64\nwidth: 64\nlidar_channels: 1\nlidar_height: 64\n"
                     "lidar_width: 64\nradar_channels: 2\nradar_height: 64\nradar_width: 64\ngps_frames: 2\n"
                     "beams: 8\n",
                     "camera: {enabled: true, width: 64, height: 64}\n"
                     "lidar: {enabled: true, width: 64, height: 64}\n"
                     "radar: {enabled: true, width: 64, height: 64}\n"
                     "position: {enabled: true, mode: enu}\n");
    CHECK_OK(bcue_model_load(path, &model, &error), error);
    return model;
}

/* Frame n of each sensor. */
typedef struct recording {
    bcue_bytes camera[TICKS], radar[TICKS];
    bcue_text lidar[TICKS];
    bcue_fix fix[TICKS];
} recording;
static recording record;

static inline void encode_picture(const uint8_t *pixels, bcue_bytes *out)
{
    bcue_error error = {""};
    const bcue_image image = {
        .width = SIZE, .height = SIZE, .channels = 3, .pixels = (uint8_t *)(uintptr_t)pixels};
    CHECK_OK(bcue_png_encode(&image, out, &error), error);
}

static inline void encode_cube(const float *values, bcue_bytes *out)
{
    bcue_error error = {""};
    const bcue_npy cube = {.type = BCUE_NPY_C64,
                           .rank = 3,
                           .shape = {4, 16, 12},
                           .count = 4 * 16 * 12,
                           .data = (void *)(uintptr_t)values};
    CHECK_OK(bcue_npy_encode(&cube, out, &error), error);
}

static inline void free_recording(void)
{
    for (int n = 0; n < TICKS; n++) {
        bcue_bytes_free(&record.camera[n]);
        bcue_bytes_free(&record.radar[n]);
        bcue_text_free(&record.lidar[n]);
    }
}

static inline void make_recording(void)
{
    static uint8_t pixels[SIZE * SIZE * 3];
    static float cube[2 * 4 * 16 * 12];
    for (uint32_t n = 0; n < TICKS; n++) {
        bcue_rng rng = bcue_rng_make(4, BCUE_RNG_TEST, 0, 0, n);
        for (int i = 0; i < SIZE * SIZE * 3; i++)
            pixels[i] = (uint8_t)bcue_rng_below(&rng, 256);
        for (int i = 0; i < 2 * 4 * 16 * 12; i++)
            cube[i] = (float)bcue_rng_normal(&rng);
        encode_picture(pixels, &record.camera[n]);
        encode_cube(cube, &record.radar[n]);
        bcue_text_printf(
            &record.lidar[n],
            "ply\nformat ascii 1.0\nelement vertex %d\nproperty float x\nproperty float y\nproperty float "
            "z\nend_header\n",
            (int)POINTS);
        for (int i = 0; i < POINTS; i++)
            bcue_text_printf(&record.lidar[n], "%g %g %g\n", bcue_rng_range(&rng, -40, 40),
                             bcue_rng_range(&rng, -40, 40), bcue_rng_range(&rng, -2, 1));
        record.fix[n] = (bcue_fix){33.42 + 1e-5 * n, -111.92 + 2e-5 * n};
    }
}

static inline double time_of(int n)
{
    return 1000.0 + 0.1 * n;
}

static inline bcue_verdict push(bcue_session *session, bcue_sensor sensor, double time_s, const void *data,
                                size_t size)
{
    bcue_error error = {""};
    bcue_verdict verdict = BCUE_VERDICT_COUNT;
    CHECK_OK(bcue_session_push(session, sensor, time_s, data, size, &verdict, &error), error);
    return verdict;
}

static inline bcue_verdict push_fix(bcue_session *session, double time_s, bcue_fix fix)
{
    bcue_error error = {""};
    bcue_verdict verdict = BCUE_VERDICT_COUNT;
    CHECK_OK(bcue_session_push_fix(session, time_s, fix, &verdict, &error), error);
    return verdict;
}

static inline bcue_verdict push_frame(bcue_session *session, bcue_sensor sensor, int n, double time_s)
{
    switch (sensor) {
    case BCUE_SENSOR_CAMERA:
        return push(session, sensor, time_s, record.camera[n].data, record.camera[n].size);
    case BCUE_SENSOR_LIDAR:
        return push(session, sensor, time_s, record.lidar[n].data, record.lidar[n].size);
    case BCUE_SENSOR_RADAR:
        return push(session, sensor, time_s, record.radar[n].data, record.radar[n].size);
    default:
        return push_fix(session, time_s, record.fix[n]);
    }
}

/* Frame n of every sensor but `left_out` (BCUE_SENSOR_COUNT: none). */
static inline void push_all(bcue_session *session, int n, bcue_sensor left_out)
{
    for (int s = 0; s < BCUE_SENSOR_COUNT; s++)
        if ((bcue_sensor)s != left_out)
            CHECK_INT(push_frame(session, (bcue_sensor)s, n, time_of(n)), BCUE_FRAME_GOOD);
}

static inline bcue_answer predict(bcue_session *session, double now_s, double budget_s)
{
    bcue_error error = {""};
    bcue_answer answer = {0};
    CHECK_OK(bcue_session_predict(session, now_s, now_s + budget_s, &answer, &error), error);
    return answer;
}

static inline bcue_session *open_stream(const bcue_model *model, const bcue_stream_options *options)
{
    bcue_error error = {""};
    bcue_session *session = NULL;
    bcue_stream_options with = options != NULL ? *options : (bcue_stream_options){0};
    with.rsu = rsu;
    CHECK_OK(
        bcue_session_create_with(model, &(bcue_session_options){.ring_frames = FRAMES}, &session, &error),
        error);
    CHECK_OK(bcue_session_stream(session, &with, &error), error);
    return session;
}

/* What a single call says of frames n - 2, n - 1, n; the sensor `missing` has none, and of the others those
   of which bit i of `gaps` is set. */
static inline void expect(bcue_session *plain, int n, bcue_sensor missing, bcue_ranked_beam ranked[BEAMS])
{
    bcue_error error = {""};
    bcue_encoded_picture frames[3][FRAMES] = {0};
    bcue_fix fixes[FIXES] = {{NAN, NAN}, {NAN, NAN}};
    for (int i = 0; i < FRAMES; i++) {
        const int k = n - FRAMES + 1 + i;
        frames[0][i] = (bcue_encoded_picture){record.camera[k].data, record.camera[k].size, NULL};
        frames[1][i] = (bcue_encoded_picture){record.lidar[k].data, record.lidar[k].size, NULL};
        frames[2][i] = (bcue_encoded_picture){record.radar[k].data, record.radar[k].size, NULL};
        if ((int)missing < 3)
            frames[missing][i].data = NULL;
    }
    for (int i = 0; missing != BCUE_SENSOR_GPS && i < FIXES; i++)
        fixes[i] = record.fix[n - FIXES + 1 + i];
    const bcue_observation observation = {.camera = frames[0],
                                          .camera_count = FRAMES,
                                          .lidar = frames[1],
                                          .lidar_count = FRAMES,
                                          .radar = frames[2],
                                          .radar_count = FRAMES,
                                          .fixes = fixes,
                                          .fix_count = FIXES,
                                          .rsu = rsu};
    CHECK_OK(bcue_predict(plain, &observation, BEAMS, ranked, NULL, &error), error);
}

static inline void same_beams(const bcue_answer *answer, const bcue_ranked_beam *want, int n)
{
    CHECK_INT(answer->count, BEAMS);
    for (int k = 0; k < BEAMS; k++)
        CHECK_AT(answer->beams[k].beam == want[k].beam && answer->beams[k].probability == want[k].probability,
                 "frame %d: beam %d, probability %.17g; expected %d, %.17g", n, answer->beams[k].beam,
                 answer->beams[k].probability, want[k].beam, want[k].probability);
}

typedef struct scene {
    bcue_model *model;
    bcue_session *stream, *plain;
} scene;

static inline scene open_scene(const char *path, const bcue_stream_options *options)
{
    bcue_error error = {""};
    scene s = {.model = open_model(path)};
    s.stream = open_stream(s.model, options);
    CHECK_OK(bcue_session_create(s.model, &s.plain, &error), error);
    return s;
}

static inline void close_scene(scene *s)
{
    bcue_session_destroy(s->stream);
    bcue_session_destroy(s->plain);
    bcue_model_destroy(s->model);
}

#endif

/* A session that keeps frames: the same answers, bit for bit, as one that makes everything anew, without
   looking at frames it has seen. */
#include "base/file.h"
#include "base/memory.h"
#include "base/rng.h"
#include "base/text.h"
#include "beamcue/predict.h"
#include "check.h"
#include "formats/image.h"
#include "models/model_file.h"

#define PATH BCUE_BINARY_DIR "/test_predict_stream.safetensors"
enum {
    BEAMS = 8,
    FRAMES = 3,
    STRIDE = 2,
    TICKS = 14,
    SIZE = 64,
    POINTS = 200,
    HISTORY = STRIDE * (FRAMES - 1)
};

static void write_model(const char *kind)
{
    static const char inputs[] =
        "frames: 3\nchannels: 3\nheight: 64\nwidth: 64\nlidar_channels: 1\nlidar_height: 64\n"
        "lidar_width: 64\ngps_frames: 2\nbeams: 8\n";
    bcue_error error = {""};
    bcue_model_file model = {0};
    bcue_graph *graph;
    CHECK_OK(bcue_config_read_text(kind, strlen(kind), "test", NULL, 0, bcue_model_config_fields,
                                   &model.config, &model.owned_config, &error),
             error);
    CHECK_OK(bcue_config_read_text(inputs, sizeof inputs - 1, "test", NULL, 0, bcue_model_inputs_fields,
                                   &model.inputs, &model.owned_inputs, &error),
             error);
    if (model.config.kind != BCUE_MODEL_BEAMTRANSFUSER) { /* takes the camera alone */
        model.inputs.lidar = (bcue_picture_size){0};
        model.inputs.gps_frames = 0;
    }
    model.features_yaml = bcue_strdup(
        model.inputs.gps_frames > 0
            ? "camera: {enabled: true, width: 64, height: 64}\nlidar: {enabled: true, width: 64, height: "
              "64}\nposition: {enabled: true, mode: enu}\n"
            : "camera: {enabled: true, width: 64, height: 64}\n");
    CHECK_OK(bcue_model_build(&model.config, &model.inputs, 1, &graph, &error), error);
    CHECK_OK(bcue_weights_create(graph, BCUE_F32, 2, &model.weights, &error), error);
    CHECK_OK(bcue_model_file_write(PATH, &model, &error), error);
    bcue_graph_destroy(graph);
    bcue_model_file_free(&model);
}

/* Frame n of each sensor. */
typedef struct recording {
    bcue_bytes camera[TICKS + HISTORY];
    bcue_text lidar[TICKS + HISTORY];
} recording;

static void record(recording *r)
{
    bcue_error error = {""};
    static uint8_t pixels[SIZE * SIZE * 3];
    for (uint32_t n = 0; n < TICKS + HISTORY; n++) {
        bcue_rng rng = bcue_rng_make(4, BCUE_RNG_TEST, 0, 0, n);
        const bcue_image image = {.width = SIZE, .height = SIZE, .channels = 3, .pixels = pixels};
        for (int i = 0; i < SIZE * SIZE * 3; i++)
            pixels[i] = (uint8_t)bcue_rng_below(&rng, 256);
        CHECK_OK(bcue_png_encode(&image, &r->camera[n], &error), error);
        bcue_text_printf(
            &r->lidar[n],
            "ply\nformat ascii 1.0\nelement vertex %d\nproperty float x\nproperty float y\nproperty float "
            "z\nend_header\n",
            (int)POINTS);
        for (int i = 0; i < POINTS; i++)
            bcue_text_printf(&r->lidar[n], "%g %g %g\n", bcue_rng_range(&rng, -40, 40),
                             bcue_rng_range(&rng, -40, 40), bcue_rng_range(&rng, -2, 1));
    }
}

static void free_recording(recording *r)
{
    for (int n = 0; n < TICKS + HISTORY; n++) {
        bcue_bytes_free(&r->camera[n]);
        bcue_text_free(&r->lidar[n]);
    }
}

typedef struct window {
    bcue_encoded_picture camera[FRAMES], lidar[FRAMES];
    uint64_t id[FRAMES];
    bcue_fix fixes[2];
    bcue_observation observation;
} window;

/* Of one tick. Every fifth LiDAR frame is missing. `fresh_only`: frames that the tick before the last had,
   too, are rubbish. */
static void make_window(const recording *r, int tick, bool fresh_only, window *w)
{
    *w = (window){.fixes = {{33.42 + 1e-5 * tick, -111.92}, {33.42 + 1.1e-5 * tick, -111.92}}};
    for (int i = 0; i < FRAMES; i++) {
        const int n = tick + STRIDE * i;
        w->id[i] = (uint64_t)n + 1;
        w->camera[i] = (bcue_encoded_picture){r->camera[n].data, r->camera[n].size, NULL};
        if (n % 5 != 3)
            w->lidar[i] = (bcue_encoded_picture){r->lidar[n].data, r->lidar[n].size, NULL};
        if (fresh_only && tick >= STRIDE && i + 1 < FRAMES) {
            w->camera[i] = (bcue_encoded_picture){"rubbish", 7, NULL};
            if (w->lidar[i].data != NULL)
                w->lidar[i] = (bcue_encoded_picture){"rubbish", 7, NULL};
        }
    }
    w->observation = (bcue_observation){.camera = w->camera,
                                        .camera_count = FRAMES,
                                        .lidar = w->lidar,
                                        .lidar_count = FRAMES,
                                        .fixes = w->fixes,
                                        .fix_count = 2,
                                        .rsu = {33.42, -111.92},
                                        .camera_id = w->id,
                                        .lidar_id = w->id};
}

static void same_answers(const char *kind)
{
    static recording r;
    static const int rings[] = {0, STRIDE * FRAMES, 1, 2};
    bcue_error error = {""};
    bcue_model *model;
    bcue_session *plain, *session[4];
    write_model(kind);
    record(&r);
    CHECK_OK(bcue_model_load(PATH, &model, &error), error);
    CHECK_OK(bcue_session_create(model, &plain, &error), error);
    for (int s = 0; s < 4; s++) {
        const bcue_session_options options = {.ring_frames = rings[s]};
        CHECK_OK(bcue_session_create_with(model, &options, &session[s], &error), error);
    }
    for (int tick = 0; tick < TICKS; tick++) {
        window w;
        bcue_ranked_beam want[BEAMS], got[BEAMS];
        make_window(&r, tick, false, &w);
        w.observation.camera_id = w.observation.lidar_id = NULL;
        CHECK_OK(bcue_predict(plain, &w.observation, BEAMS, want, NULL, &error), error);
        for (int s = 0; s < 4; s++) {
            make_window(&r, tick, rings[s] == STRIDE * FRAMES, &w);
            CHECK_OK(bcue_predict(session[s], &w.observation, BEAMS, got, NULL, &error), error);
            for (int k = 0; k < BEAMS; k++)
                CHECK_AT(got[k].beam == want[k].beam && got[k].probability == want[k].probability,
                         "tick %d, a ring of %d: beam %d, probability %.17g; expected %d, %.17g", tick,
                         rings[s], got[k].beam, got[k].probability, want[k].beam, want[k].probability);
        }
    }
    bcue_session_destroy(plain);
    for (int s = 0; s < 4; s++)
        bcue_session_destroy(session[s]);
    bcue_model_destroy(model);
    free_recording(&r);
}

static void same_answers_fused(void)
{
    same_answers("kind: beamtransfuser\nmodalities: [camera, lidar, gps]\nwidth: 8\ncamera_depth: "
                 "18\nblocks: 1\nanchors: "
                 "4\nhead: [16]\n");
}

static void same_answers_resnet(void)
{
    same_answers("kind: resnet18\nwidth: 8\n");
    same_answers("kind: resnet18\nwidth: 64\n");
}

/* Other recipes for another scenario: what was kept does not count. */
static void another_scenario_forgets(void)
{
    static recording r;
    bcue_error error = {""};
    bcue_model *model;
    bcue_session *session;
    window w;
    bcue_ranked_beam best;
    const bcue_session_options options = {.ring_frames = STRIDE * FRAMES};
    write_model("kind: beamtransfuser\nmodalities: [camera, lidar, gps]\nwidth: 8\ncamera_depth: 18\nblocks: "
                "1\nanchors: "
                "4\nhead: [16]\n");
    record(&r);
    CHECK_OK(bcue_model_load(PATH, &model, &error), error);
    CHECK_OK(bcue_session_create_with(model, &options, &session, &error), error);
    for (int tick = 0; tick < 2 * STRIDE; tick++) {
        make_window(&r, tick, true, &w);
        CHECK_OK(bcue_predict(session, &w.observation, 1, &best, NULL, &error), error);
    }
    make_window(&r, 2 * STRIDE, true, &w);
    w.observation.scenario = 32;
    CHECK_STATUS(bcue_predict(session, &w.observation, 1, &best, NULL, &error), BCUE_ERROR_FORMAT);
    bcue_session_destroy(session);
    CHECK_STATUS(
        bcue_session_create_with(model, &(bcue_session_options){.ring_frames = -1}, &session, &error),
        BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "frames");
    CHECK(session == NULL);
    bcue_model_destroy(model);
    free_recording(&r);
}

static void facts_tell_what_a_frame_saves(void)
{
    bcue_error error = {""};
    bcue_model *model;
    bcue_session *session;
    bcue_session_facts facts;
    bcue_model_facts all;
    write_model("kind: resnet18\nwidth: 8\n");
    CHECK_OK(bcue_model_load(PATH, &model, &error), error);
    CHECK_OK(bcue_session_create_with(model, &(bcue_session_options){.ring_frames = 5}, &session, &error),
             error);
    bcue_session_get_facts(session, &facts);
    bcue_model_get_facts(model, &all);
    /* 7x7 from 3 to 8 channels at 32x32, four 3x3 from 8 to 8 at 16x16 */
    CHECK_INT(facts.frame_multiply_accumulates, 32 * 32 * 8 * 3 * 49 + 4 * 16 * 16 * 8 * 8 * 9);
    CHECK(all.multiply_accumulates > FRAMES * facts.frame_multiply_accumulates);
    CHECK_INT(facts.ring_bytes, 5 * 8 * 16 * 16 * 4);
    bcue_session_destroy(session);
    bcue_model_destroy(model);
}

int main(void)
{
    RUN(same_answers_fused);
    RUN(same_answers_resnet);
    RUN(another_scenario_forgets);
    RUN(facts_tell_what_a_frame_saves);
    return check_summary();
}

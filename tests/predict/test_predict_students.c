/* Radar students at the road side: empty, crowded and damaged frames, frames of another radar, and weights in
   fewer bits. */
#include <math.h>
#include <stdlib.h>
#include "base/file.h"
#include "base/memory.h"
#include "base/rng.h"
#include "beamcue/predict.h"
#include "check.h"
#include "formats/npy.h"
#include "models/model_file.h"

enum { BEAMS = 12, FRAMES = 3, POINTS = 16, MOST = 5 * POINTS };
static const char *const kinds[] = {"kind: student\nwidths: [80, 70, 60, 50, 40]\n",
                                    "kind: point-student\npoint_width: 16\nqueries: 2\nhidden: 24\n"};

/* A model file with drawn weights, opened. */
static bcue_model *make_model_of(const char *yaml, const char *features)
{
    static const char path[] = BCUE_BINARY_DIR "/test_predict_students.safetensors";
    bcue_error error = {""};
    bcue_model_file file = {.inputs = {.frames = FRAMES, .radar = {1, POINTS, 5}, .beams = BEAMS}};
    bcue_model *model = NULL;
    bcue_graph *graph;
    CHECK_OK(bcue_config_read_text(yaml, strlen(yaml), "test", NULL, 0, bcue_model_config_fields,
                                   &file.config, &file.owned_config, &error),
             error);
    file.features_yaml = bcue_strdup(features);
    CHECK_OK(bcue_model_build(&file.config, &file.inputs, 1, &graph, &error), error);
    CHECK_OK(bcue_weights_create(graph, BCUE_F32, 2, &file.weights, &error), error);
    CHECK_OK(bcue_model_file_write(path, &file, &error), error);
    bcue_graph_destroy(graph);
    bcue_model_file_free(&file);
    CHECK_OK(bcue_model_load(path, &model, &error), error);
    return model;
}

static bcue_model *make_model(const char *yaml)
{
    return make_model_of(yaml, "radar: {enabled: true, recipe: hps, points: 16}\n");
}

static bcue_session *make_session(const bcue_model *model, bcue_weight_form weights)
{
    const bcue_session_options options = {.weights = weights};
    bcue_session *session = NULL;
    bcue_error error;
    CHECK_OK(bcue_session_create_with(model, &options, &session, &error), error);
    return session;
}

/* `count` detections, the i-th from `first` on: the later, the lower. */
static void draw_points(float *values, uint32_t frame, size_t first, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bcue_rng rng = bcue_rng_make(71, BCUE_RNG_TEST, frame, 0, (uint32_t)(first + i));
        values[4 * i] = (float)bcue_rng_range(&rng, -10, 10);
        values[4 * i + 1] = (float)bcue_rng_range(&rng, -1, 1);
        values[4 * i + 2] = (float)(0.2 - 0.4 * (double)(first + i) / MOST);
        values[4 * i + 3] = 20;
    }
}

static bcue_bytes encode(const float *values, size_t rows, size_t columns)
{
    const bcue_npy list = {.type = BCUE_NPY_F32,
                           .rank = 2,
                           .shape = {rows, columns},
                           .count = rows * columns,
                           .data = (void *)(uintptr_t)values};
    bcue_bytes bytes = {0};
    bcue_error error;
    CHECK_OK(bcue_npy_encode(&list, &bytes, &error), error);
    return bytes;
}

typedef struct answer {
    bcue_status status;
    bcue_error error;
    bcue_ranked_beam ranked[BEAMS];
} answer;

/* The first `count` frames, oldest first; they are freed. */
static answer ask(bcue_session *session, bcue_bytes *frames, size_t count)
{
    answer a = {.status = BCUE_OK};
    bcue_encoded_picture pictures[FRAMES];
    for (size_t i = 0; i < count; i++)
        pictures[i] = (bcue_encoded_picture){frames[i].data, frames[i].size, "radar.npy"};
    const bcue_observation observation = {.radar = pictures, .radar_count = count};
    a.status = bcue_predict(session, &observation, BEAMS, a.ranked, NULL, &a.error);
    for (size_t i = 0; i < count; i++)
        bcue_bytes_free(&frames[i]);
    return a;
}

static void check_same(const answer *a, const answer *b, double tolerance, const char *what)
{
    double of_a[BEAMS] = {0}, of_b[BEAMS] = {0}, sum = 0;
    CHECK_AT(a->status == BCUE_OK && b->status == BCUE_OK, "%s: %s %s", what, a->error.text, b->error.text);
    for (int i = 0; a->status == BCUE_OK && b->status == BCUE_OK && i < BEAMS; i++) {
        of_a[a->ranked[i].beam] = a->ranked[i].probability;
        of_b[b->ranked[i].beam] = b->ranked[i].probability;
        sum += a->ranked[i].probability;
    }
    CHECK_NEAR(sum, 1, 1e-6);
    for (int i = 0; i < BEAMS; i++)
        CHECK_AT(fabs(of_a[i] - of_b[i]) <= tolerance, "%s: beam %d: %.9g, %.9g", what, i, of_a[i], of_b[i]);
}

/* A window without one point is an observation: that nothing is there. */
static void test_empty_window(void)
{
    for (int k = 0; k < 2; k++) {
        bcue_model *model = make_model(kinds[k]);
        bcue_session *session = make_session(model, BCUE_FORM_F32);
        bcue_bytes frames[FRAMES] = {encode(NULL, 0, 4), encode(NULL, 0, 4), encode(NULL, 0, 4)},
                   one[1] = {encode(NULL, 0, 4)};
        const answer all = ask(session, frames, FRAMES), last = ask(session, one, 1);
        check_same(&all, &last, 0, "empty");
        const answer nothing = ask(session, NULL, 0); /* not one frame: refused */
        CHECK_INT(nothing.status, BCUE_ERROR_DATA);
        CHECK_CONTAINS(nothing.error.text, "radar frames");
        bcue_session_destroy(session);
        bcue_model_destroy(model);
    }
}

/* Points beyond those that the rule takes, and points that are no numbers, change nothing. */
static void test_crowded_and_damaged(void)
{
    float values[4 * MOST];
    for (int k = 0; k < 2; k++) {
        bcue_model *model = make_model(kinds[k]);
        bcue_session *session = make_session(model, BCUE_FORM_F32);
        bcue_bytes few[FRAMES], many[FRAMES], broken[FRAMES];
        for (uint32_t f = 0; f < FRAMES; f++) {
            draw_points(values, f, 0, MOST);
            few[f] = encode(values, POINTS, 4);
            many[f] = encode(values, MOST, 4);
            draw_points(values + 4 * 3, f, 0, POINTS);
            for (int i = 0; i < 12; i++)
                values[i] = i % 4 == 0 ? NAN : i == 7 ? INFINITY : 1;
            broken[f] = encode(values, POINTS + 3, 4);
        }
        const answer right = ask(session, few, FRAMES), crowd = ask(session, many, FRAMES),
                     damaged = ask(session, broken, FRAMES);
        check_same(&right, &crowd, 0, "more points than rows");
        check_same(&right, &damaged, 0, "NaN velocities");
        CHECK(!bcue_session_out_of_domain(session));
        bcue_bytes wrong[1] = {encode(values, 4, 3)};
        const answer refused = ask(session, wrong, 1);
        CHECK_INT(refused.status, BCUE_ERROR_DATA);
        CHECK_CONTAINS(refused.error.text, "radar.npy: not a list of radar points: real numbers (N, 4)");
        bcue_session_destroy(session);
        bcue_model_destroy(model);
    }
}

/* A cube with one moving target among noise: answered, and marked; the next answer about points is not. */
static bcue_bytes encode_cube(uint32_t frame)
{
    enum { ANTENNAS = 4, SAMPLES = 64, CHIRPS = 64 };
    float *values = bcue_calloc(ANTENNAS * SAMPLES * CHIRPS, 2 * sizeof *values);
    bcue_rng rng = bcue_rng_make(72, BCUE_RNG_TEST, frame, 0, 0);
    size_t at = 0;
    for (int a = 0; a < ANTENNAS; a++)
        for (int s = 0; s < SAMPLES; s++)
            for (int c = 0; c < CHIRPS; c++) {
                const double turn = 6.283185307 * (12.0 * s / SAMPLES + 9.0 * c / CHIRPS + 0.2 * a);
                values[at++] = (float)(cos(turn) + 0.3 * bcue_rng_normal(&rng));
                values[at++] = (float)(sin(turn) + 0.3 * bcue_rng_normal(&rng));
            }
    const bcue_npy cube = {.type = BCUE_NPY_C64,
                           .rank = 3,
                           .shape = {ANTENNAS, SAMPLES, CHIRPS},
                           .count = ANTENNAS * SAMPLES * CHIRPS,
                           .data = values};
    bcue_bytes bytes = {0};
    bcue_error error;
    CHECK_OK(bcue_npy_encode(&cube, &bytes, &error), error);
    free(values);
    return bytes;
}

static void test_cube(void)
{
    float values[4 * POINTS];
    for (int k = 0; k < 2; k++) {
        bcue_model *model = make_model(kinds[k]);
        bcue_session *session = make_session(model, BCUE_FORM_F32);
        bcue_bytes cubes[FRAMES], empty[FRAMES], lists[FRAMES];
        for (uint32_t f = 0; f < FRAMES; f++) {
            cubes[f] = encode_cube(f);
            empty[f] = encode(NULL, 0, 4);
            draw_points(values, f, 0, POINTS);
            lists[f] = encode(values, POINTS, 4);
        }
        const answer seen = ask(session, cubes, FRAMES);
        CHECK_AT(seen.status == BCUE_OK, "%s", seen.error.text);
        CHECK(bcue_session_out_of_domain(session));
        const answer unseen = ask(session, empty, FRAMES);
        CHECK(!bcue_session_out_of_domain(session));
        CHECK(fabs(seen.ranked[0].probability - unseen.ranked[0].probability) >
              1e-7); /* the target was seen */
        const answer usual = ask(session, lists, FRAMES);
        CHECK_INT(usual.status, BCUE_OK);
        CHECK(!bcue_session_out_of_domain(session));
        bcue_session_destroy(session);
        bcue_model_destroy(model);
    }
}

static void test_weights(void)
{
    static const double most[] = {0, 2e-3, 4e-3};
    float values[4 * POINTS];
    for (int k = 0; k < 2; k++) {
        bcue_model *model = make_model(kinds[k]);
        answer answers[3];
        uint64_t packed[3];
        for (int form = 0; form < 3; form++) {
            bcue_session *session = make_session(model, (bcue_weight_form)form);
            bcue_session_facts facts;
            bcue_bytes frames[FRAMES];
            for (uint32_t f = 0; f < FRAMES; f++) {
                draw_points(values, f, 0, POINTS);
                frames[f] = encode(values, POINTS, 4);
            }
            answers[form] = ask(session, frames, FRAMES);
            check_same(&answers[0], &answers[form], most[form], form == 1 ? "bf16" : "int8");
            bcue_session_get_facts(session, &facts);
            packed[form] = facts.packed_bytes; /* of all sessions so far: this one's beside the others' */
            bcue_session_destroy(session);
        }
        const double ratio = (double)(packed[2] - packed[1]) / (double)packed[0];
        CHECK_AT(k != 0 || (ratio > 0.2 && ratio < 0.5), "8 bits take %g of the bytes", ratio);
        bcue_session *session = NULL;
        const bcue_session_options options = {.weights = (bcue_weight_form)3};
        bcue_error error;
        CHECK_STATUS(bcue_session_create_with(model, &options, &session, &error), BCUE_ERROR_ARGUMENT);
        CHECK_CONTAINS(error.text, "3 is no form of weights");
        bcue_model_destroy(model);
    }
}

/* A session is told how the radar stands: as a model whose recipe says so, and not as one that stands
   otherwise. */
static void test_pose(void)
{
    static const char level[] = "radar: {enabled: true, recipe: hps, points: 16, points_frame: ground}\n",
                      tilted[] = "radar: {enabled: true, recipe: hps, points: 16, points_frame: ground, "
                                 "points_height_m: 4, points_pitch_deg: -10}\n";
    const bcue_session_options told = {.radar_height_m = 4, .radar_pitch_deg = -10};
    const char *const recipes[] = {tilted, level, level};
    answer answers[3];
    bcue_session *session = NULL;
    bcue_error error;
    float values[4 * POINTS];
    for (int i = 0; i < 3; i++) {
        bcue_model *model = make_model_of(kinds[1], recipes[i]);
        CHECK_OK(bcue_session_create_with(model, i == 1 ? &told : NULL, &session, &error), error);
        bcue_bytes frames[FRAMES];
        for (uint32_t f = 0; f < FRAMES; f++) {
            draw_points(values, f, 0, POINTS);
            frames[f] = encode(values, POINTS, 4);
        }
        answers[i] = ask(session, frames, FRAMES);
        CHECK_OK(answers[i].status, answers[i].error);
        bcue_session_destroy(session);
        bcue_model_destroy(model);
    }
    CHECK(memcmp(answers[0].ranked, answers[1].ranked, sizeof answers[0].ranked) == 0);
    CHECK(memcmp(answers[0].ranked, answers[2].ranked, sizeof answers[0].ranked) != 0);
    bcue_model *model = make_model_of(kinds[1], level);
    const bcue_session_options wrong[] = {{.radar_height_m = -1},
                                          {.radar_height_m = 4, .radar_pitch_deg = 91}};
    for (int i = 0; i < 2; i++)
        CHECK(bcue_session_create_with(model, &wrong[i], &session, &error) == BCUE_ERROR_ARGUMENT);
    bcue_model_destroy(model);
}

/* An observation has no place for the fixes of all vehicles: zeros in their place would be a silent wrong
   answer. */
static void test_teacher_of_vehicles(void)
{
    static const char path[] = BCUE_BINARY_DIR "/test_predict_teacher.safetensors";
    bcue_error error = {""};
    bcue_model_file file = {
        .inputs = {.frames = FRAMES, .radar = {1, POINTS, 5}, .vehicles = {1, 4, 3}, .beams = BEAMS}};
    bcue_model *model = NULL;
    bcue_session *session = NULL;
    bcue_graph *graph;
    const char yaml[] = "kind: teacher\nmodalities: [radar, gps]\nhidden: 16\nheads: 2\nblocks: 1\n"
                        "point_width: 16\nqueries: 2\n";
    CHECK_OK(bcue_config_read_text(yaml, strlen(yaml), "test", NULL, 0, bcue_model_config_fields,
                                   &file.config, &file.owned_config, &error),
             error);
    file.features_yaml = bcue_strdup("radar: {enabled: true, recipe: hps, points: 16}\n"
                                     "vehicles: {enabled: true, most: 4}\n");
    CHECK_OK(bcue_model_build(&file.config, &file.inputs, 1, &graph, &error), error);
    CHECK_OK(bcue_weights_create(graph, BCUE_F32, 2, &file.weights, &error), error);
    CHECK_OK(bcue_model_file_write(path, &file, &error), error);
    bcue_graph_destroy(graph);
    bcue_model_file_free(&file);
    CHECK_OK(bcue_model_load(path, &model, &error), error);
    CHECK(bcue_session_create(model, &session, &error) == BCUE_ERROR_UNSUPPORTED);
    CHECK(session == NULL);
    CHECK(strstr(error.text, "fixes of all vehicles") != NULL);
    bcue_model_destroy(model);
}

int main(void)
{
    RUN(test_empty_window);
    RUN(test_crowded_and_damaged);
    RUN(test_cube);
    RUN(test_weights);
    RUN(test_pose);
    RUN(test_teacher_of_vehicles);
    return check_summary();
}

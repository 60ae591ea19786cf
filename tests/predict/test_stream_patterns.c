/* Sets of beams by the sensors that were there: a calibration of hand-made temperatures and thresholds, one
   for each pattern, and what sessions and streams make of it, against sets added up here from the
   uncalibrated probabilities. */
#include "stream_scene.h"

#define PATH BCUE_BINARY_DIR "/test_stream_patterns.safetensors"
#define CALIBRATED BCUE_BINARY_DIR "/test_stream_patterns_calibrated.safetensors"

enum { LEVELS = 2, PATTERNS = 3, HOLD_ROWS = 5 };

static double levels[LEVELS] = {0.5, 0.9};
static double thresholds[1 + PATTERNS][LEVELS] = {{0.5, 0.7}, {0.7, 0.85}, {0.6, 0.99}, {0.6, 0.8}};
static const double temperatures[1 + PATTERNS] = {4.0, 8.0, 3.0, 6.0};
static char *camera_name[1], *two_names[2], *radar_name[1];

static bcue_calibration_pattern pattern(int i)
{
    return (bcue_calibration_pattern){
        .temperature = temperatures[i], .threshold = {thresholds[i], LEVELS}, .episodes = 9, .samples = 99};
}

/* 1: without camera, 2: without LiDAR and GPS, 3: with the radar held. */
static void write_calibrated(void)
{
    bcue_error error = {""};
    bcue_model_file file;
    bcue_calibration_pattern patterns[PATTERNS] = {pattern(1), pattern(2), pattern(3)};
    camera_name[0] = (char *)(uintptr_t)bcue_model_input_names[BCUE_INPUT_CAMERA];
    two_names[0] = (char *)(uintptr_t)bcue_model_input_names[BCUE_INPUT_LIDAR];
    two_names[1] = (char *)(uintptr_t)bcue_model_input_names[BCUE_INPUT_POSITION];
    radar_name[0] = (char *)(uintptr_t)bcue_model_input_names[BCUE_INPUT_RADAR];
    patterns[0].missing = (bcue_string_list){camera_name, 1};
    patterns[1].missing = (bcue_string_list){two_names, 2};
    patterns[2].held = (bcue_string_list){radar_name, 1};
    bcue_calibration made = {.whole = pattern(0),
                             .coverage = {levels, LEVELS},
                             .hold_rows = HOLD_ROWS,
                             .hold_s = 0.1 * HOLD_ROWS,
                             .patterns = {patterns, PATTERNS}};
    CHECK_OK(bcue_model_file_read(PATH, &file, &error), error);
    file.calibration = &made;
    CHECK_OK(bcue_model_file_write(CALIBRATED, &file, &error), error);
    file.calibration = NULL;
    bcue_model_file_free(&file);
}

/* Softened at `temperature`, and how many of the first add up to `threshold` at most. */
static size_t soften(const bcue_ranked_beam *plain, double temperature, double threshold, double p[BEAMS])
{
    double sum = 0, reached = 0;
    size_t count = 0;
    for (int k = 0; k < BEAMS; k++)
        sum += p[k] = pow(plain[k].probability, 1 / temperature);
    for (int k = 0; k < BEAMS; k++)
        p[k] /= sum;
    for (; count < BEAMS && reached + p[count] <= threshold; count++)
        reached += p[count];
    return count > 0 ? count : 1;
}

/* `which` -1: never calibrated. */
static size_t expected_set(const bcue_ranked_beam *plain, int which, int level, double p[BEAMS])
{
    double other[BEAMS];
    size_t widest = 0;
    if (which >= 0)
        return soften(plain, temperatures[which], thresholds[which][level], p);
    for (int i = 0; i <= PATTERNS; i++) {
        const size_t size = soften(plain, temperatures[i], thresholds[i][level], other);
        widest = size > widest ? size : widest;
    }
    (void)soften(plain, 8.0, 1, p); /* the highest temperature */
    return widest;
}

static void single_calls(const bcue_model *plain_model, const bcue_model *model)
{
    static const struct {
        bcue_sensor missing;
        int which;
    } cases[] = {{BCUE_SENSOR_COUNT, 0}, {BCUE_SENSOR_CAMERA, 1}, {BCUE_SENSOR_LIDAR, -1}};
    bcue_error error = {""};
    bcue_session *plain, *session;
    size_t sizes[3];
    CHECK_OK(bcue_session_create(plain_model, &plain, &error), error);
    CHECK_OK(bcue_session_create(model, &session, &error), error);
    for (int c = 0; c < 3; c++) {
        bcue_ranked_beam want[BEAMS], got[BEAMS];
        bcue_sensor_pattern lacked;
        expect(plain, 9, cases[c].missing, want);
        expect(session, 9, cases[c].missing, got);
        bcue_session_get_pattern(session, &lacked);
        CHECK_INT(lacked.missing, c == 0 ? 0 : 1U << cases[c].missing);
        CHECK_INT(lacked.partly, 0);
        CHECK_INT(lacked.basis, cases[c].which >= 0 ? BCUE_SET_OWN : BCUE_SET_WIDEST);
        for (int level = 0; level < LEVELS; level++) {
            double p[BEAMS];
            size_t count = 0;
            const size_t wanted = expected_set(want, cases[c].which, level, p);
            CHECK_OK(bcue_session_probe(session, levels[level], 0, &count, &error), error);
            CHECK_AT(count == wanted, "case %d, level %d: %zu beams, expected %zu", c, level, count, wanted);
            for (int k = 0; k < BEAMS; k++)
                CHECK_AT(got[k].beam == want[k].beam && fabs(got[k].probability - p[k]) < 1e-6,
                         "case %d: beam %d with %g, expected %d with %g", c, got[k].beam, got[k].probability,
                         want[k].beam, p[k]);
            sizes[c] = count;
        }
    }
    CHECK(sizes[0] < sizes[1] && sizes[0] < sizes[2]); /* else nothing is shown here */
    bcue_session_get_pattern(plain, &(bcue_sensor_pattern){0});
    bcue_session_destroy(plain);
    bcue_session_destroy(session);
}

/* Some frames of a window are not there: that was never calibrated. */
static void a_window_with_gaps(const bcue_model *model)
{
    bcue_error error = {""};
    bcue_session *session;
    bcue_ranked_beam ranked[BEAMS];
    bcue_sensor_pattern lacked;
    const bcue_fix fixes[FIXES] = {record.fix[0], record.fix[1]};
    const bcue_encoded_picture one = {record.camera[1].data, record.camera[1].size, NULL};
    const bcue_observation observation = {
        .camera = &one, .camera_count = 1, .fixes = fixes, .fix_count = FIXES, .rsu = rsu};
    CHECK_OK(bcue_session_create(model, &session, &error), error);
    CHECK_OK(bcue_predict(session, &observation, BEAMS, ranked, NULL, &error), error);
    bcue_session_get_pattern(session, &lacked);
    CHECK_INT(lacked.missing, 1U << BCUE_SENSOR_LIDAR | 1U << BCUE_SENSOR_RADAR);
    CHECK_INT(lacked.partly, 1);
    CHECK_INT(lacked.basis, BCUE_SET_WIDEST);
    bcue_session_destroy(session);
}

static void push_without(bcue_session *session, int n, unsigned left_out)
{
    for (int s = 0; s < BCUE_SENSOR_COUNT; s++)
        if ((left_out & 1U << s) == 0)
            CHECK_INT(push_frame(session, (bcue_sensor)s, n, time_of(n)), BCUE_FRAME_GOOD);
}

/* A sensor stops: fresh for 0.25 s, held for 0.5 s, of which the calibration covers ages up to 0.5 s, then
 * gone. */
static void a_stream(const bcue_model *model, bcue_sensor sensor, bool held_known, bool gone_known)
{
    bcue_session *stream = open_stream(model, NULL);
    int seen[4] = {0};
    for (int n = 0; n < TICKS; n++) {
        push_without(stream, n, n > 5 ? 1U << sensor : 0);
        const bcue_answer answer = predict(stream, time_of(n), INFINITY);
        const bcue_source *source = &answer.sources[sensor];
        if (n < FRAMES - 1)
            continue; /* windows are not full */
        CHECK_INT(answer.calibrated, 1);
        CHECK(answer.probe > 0);
        if (source->state == BCUE_SOURCE_USED && source->held == 0) {
            CHECK_INT(answer.pattern.missing | answer.pattern.held, 0);
            CHECK_INT(answer.pattern.basis, BCUE_SET_OWN);
            CHECK_INT(answer.probe_promised, 1);
            seen[0]++;
        } else if (source->state == BCUE_SOURCE_HELD && n <= 5 + HOLD_ROWS) {
            CHECK_INT(answer.pattern.held, 1U << sensor);
            CHECK_INT(answer.pattern.basis, held_known ? BCUE_SET_OWN : BCUE_SET_WIDEST);
            CHECK_INT(answer.probe_promised, 0); /* of another age */
            seen[1]++;
        } else if (source->state == BCUE_SOURCE_HELD) {
            CHECK_INT(answer.pattern.partly, 1);
            CHECK_INT(answer.pattern.basis, BCUE_SET_WIDEST);
            CHECK_INT(answer.probe_promised, 0);
            seen[2]++;
        } else if (source->state == BCUE_SOURCE_ZERO) {
            CHECK_INT(answer.pattern.missing, 1U << sensor);
            CHECK_INT(answer.pattern.basis, gone_known ? BCUE_SET_OWN : BCUE_SET_WIDEST);
            CHECK_INT(answer.probe_promised, gone_known);
            seen[3]++;
        }
    }
    for (int i = 0; i < 4; i++)
        CHECK_AT(seen[i] > 0, "%s: state %d was not seen", bcue_sensor_name(sensor), i);
    bcue_session_destroy(stream);
}

static bcue_model *plain_model, *calibrated_model;

static void single(void)
{
    single_calls(plain_model, calibrated_model);
}

static void gaps(void)
{
    a_window_with_gaps(calibrated_model);
}

static void streams(void)
{
    a_stream(calibrated_model, BCUE_SENSOR_CAMERA, false, true);
    a_stream(calibrated_model, BCUE_SENSOR_RADAR, true, false);
    a_stream(calibrated_model, BCUE_SENSOR_LIDAR, false, false);
}

int main(void)
{
    bcue_error error = {""};
    make_recording();
    plain_model = open_model(PATH);
    write_calibrated();
    CHECK_OK(bcue_model_load(CALIBRATED, &calibrated_model, &error), error);
    RUN(single);
    RUN(gaps);
    RUN(streams);
    bcue_model_destroy(plain_model);
    bcue_model_destroy(calibrated_model);
    free_recording();
    (void)remove(PATH);
    (void)remove(CALIBRATED);
    return check_summary();
}

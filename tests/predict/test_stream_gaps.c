/* Single frames of a window that are missing: each is stood in for alone, the answer is that of a single call
   with what stands in, and says how many and why. */
#include "stream_scene.h"

#define PATH BCUE_BINARY_DIR "/test_stream_gaps.safetensors"
#define TRACKER BCUE_BINARY_DIR "/test_stream_gaps_tracker.safetensors"

enum { LAST = 9, SENSORS = BCUE_SENSOR_COUNT };

/* What a single call says of frames `n` of every sensor's places, oldest first; -1: none. */
static void expect_frames(bcue_session *plain, const int n[3][FRAMES], const bcue_fix *fixes,
                          bcue_ranked_beam ranked[BEAMS])
{
    bcue_error error = {""};
    bcue_encoded_picture frames[3][FRAMES] = {0};
    for (int i = 0; i < FRAMES; i++) {
        if (n[0][i] >= 0)
            frames[0][i] =
                (bcue_encoded_picture){record.camera[n[0][i]].data, record.camera[n[0][i]].size, NULL};
        if (n[1][i] >= 0)
            frames[1][i] =
                (bcue_encoded_picture){record.lidar[n[1][i]].data, record.lidar[n[1][i]].size, NULL};
        if (n[2][i] >= 0)
            frames[2][i] =
                (bcue_encoded_picture){record.radar[n[2][i]].data, record.radar[n[2][i]].size, NULL};
    }
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

static void push_black(bcue_session *session, int n)
{
    static uint8_t pixels[SIZE * SIZE * 3];
    bcue_bytes picture;
    encode_picture(pixels, &picture);
    CHECK_INT(push(session, BCUE_SENSOR_CAMERA, time_of(n), picture.data, picture.size), BCUE_FRAME_BLACK);
    bcue_bytes_free(&picture);
}

/* Frames up to LAST, of `sensor` without those of which bit LAST - n is set. `bad`: they come, but black or
   as garbage. */
static void push_with_gaps(bcue_session *session, bcue_sensor sensor, unsigned gaps, bool bad)
{
    for (int n = 0; n <= LAST; n++) {
        const bool lost = (gaps >> (LAST - n) & 1) != 0;
        push_all(session, n, lost ? sensor : BCUE_SENSOR_COUNT);
        if (!lost || !bad)
            continue;
        if (sensor == BCUE_SENSOR_CAMERA)
            push_black(session, n);
        else if (sensor == BCUE_SENSOR_GPS)
            CHECK_INT(push_fix(session, time_of(n), (bcue_fix){NAN, NAN}), BCUE_FRAME_NO_FIX);
        else
            CHECK_INT(push(session, sensor, time_of(n), (const char[]){'x', (char)('a' + n)}, 2),
                      BCUE_FRAME_UNREADABLE);
    }
}

static const bcue_verdict bad_verdict[SENSORS] = {BCUE_FRAME_BLACK, BCUE_FRAME_UNREADABLE,
                                                  BCUE_FRAME_UNREADABLE, BCUE_FRAME_NO_FIX};

/* Of each picture sensor one or two frames are missing: the nearest older one of the window stands in, else
   the nearest newer one; where the newest is missing, the window ends before it. */
static void frames_are_stood_in_for_alone(void)
{
    static const struct {
        unsigned gaps; /* bit 0: the newest */
        int behind[FRAMES], held, steps;
    } cases[] = {{2, {2, 2, 0}, 1, 0}, {4, {1, 1, 0}, 1, 0}, {6, {0, 0, 0}, 2, 0},
                 {1, {3, 2, 1}, 0, 1}, {5, {3, 3, 1}, 1, 1}, {3, {4, 3, 2}, 0, 2}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
        for (int sensor = 0; sensor < 3; sensor++)
            for (int bad = 0; bad < 2; bad++) {
                scene s = open_scene(PATH, NULL);
                bcue_ranked_beam want[BEAMS];
                int n[3][FRAMES];
                push_with_gaps(s.stream, (bcue_sensor)sensor, cases[c].gaps, bad != 0);
                const bcue_answer answer = predict(s.stream, time_of(LAST), INFINITY);
                for (int k = 0; k < 3; k++)
                    for (int i = 0; i < FRAMES; i++)
                        n[k][i] = LAST - (k == sensor ? cases[c].behind[i] : FRAMES - 1 - i);
                expect_frames(s.plain, (const int(*)[FRAMES])n, &record.fix[LAST - 1], want);
                same_beams(&answer, want, (int)c);
                const bcue_source *source = &answer.sources[sensor];
                CHECK_INT(source->state, BCUE_SOURCE_USED);
                CHECK_INT(source->frames, FRAMES - cases[c].held);
                CHECK_INT(source->held, cases[c].held);
                CHECK_INT(source->carried + source->missing, 0);
                CHECK_INT(source->behind, cases[c].steps);
                if (cases[c].steps == 0 || bad) /* the last one was good; or it was not */
                    CHECK_INT(source->reason, bad ? bad_verdict[sensor] : BCUE_FRAME_LOST);
                CHECK_INT(answer.pattern.missing | answer.pattern.held, 0);
                CHECK_INT(answer.pattern.partly, cases[c].held > 0);
                close_scene(&s);
            }
}

/* Nothing is held: the place is zeros, as in a single call that lacks the frame. */
static void or_they_are_zeros(void)
{
    scene s = open_scene(PATH, &(bcue_stream_options){.hold_s = -1});
    bcue_ranked_beam want[BEAMS];
    const int n[3][FRAMES] = {{LAST - 2, LAST - 1, LAST}, {LAST - 2, -1, LAST}, {LAST - 2, LAST - 1, LAST}};
    push_with_gaps(s.stream, BCUE_SENSOR_LIDAR, 2, false);
    const bcue_answer answer = predict(s.stream, time_of(LAST), INFINITY);
    expect_frames(s.plain, n, &record.fix[LAST - 1], want);
    same_beams(&answer, want, LAST);
    CHECK_INT(answer.sources[BCUE_SENSOR_LIDAR].missing, 1);
    CHECK_INT(answer.sources[BCUE_SENSOR_LIDAR].frames, 2);
    close_scene(&s);
}

/* With too few good ones the sensor is missing as a whole, and nothing of it is used. */
static void least_frames(void)
{
    for (int least = 1; least <= 4; least++) {
        scene s = open_scene(PATH, &(bcue_stream_options){.least_frames = least});
        bcue_ranked_beam want[BEAMS];
        push_with_gaps(s.stream, BCUE_SENSOR_RADAR, 2, true); /* two of three are good */
        const bcue_answer answer = predict(s.stream, time_of(LAST), INFINITY);
        const bcue_source *radar = &answer.sources[BCUE_SENSOR_RADAR];
        CHECK_INT(radar->state, least <= 2 ? BCUE_SOURCE_USED : BCUE_SOURCE_ZERO);
        CHECK_INT(radar->reason, BCUE_FRAME_UNREADABLE);
        if (least > 2) {
            CHECK_INT(radar->missing, FRAMES);
            CHECK_INT(answer.pattern.missing, 1U << BCUE_SENSOR_RADAR);
            expect(s.plain, LAST, BCUE_SENSOR_RADAR, want);
            same_beams(&answer, want, least);
        }
        CHECK_INT(answer.sources[BCUE_SENSOR_LIDAR].state, BCUE_SOURCE_USED);
        close_scene(&s);
    }
}

/* A window that is whole is enough whatever is asked for, and the first ones of a stream say why they are
 * not. */
static void windows_at_the_beginning(void)
{
    scene s = open_scene(PATH, &(bcue_stream_options){.least_frames = 9});
    for (int n = 0; n < 4; n++) {
        push_all(s.stream, n, BCUE_SENSOR_COUNT);
        const bcue_answer answer = predict(s.stream, time_of(n), INFINITY);
        const bcue_source *camera = &answer.sources[BCUE_SENSOR_CAMERA];
        CHECK_INT(camera->state, n < FRAMES - 1 ? BCUE_SOURCE_ZERO : BCUE_SOURCE_USED);
        CHECK_INT(camera->reason, n < FRAMES - 1 ? BCUE_FRAME_NEVER : BCUE_FRAME_GOOD);
    }
    close_scene(&s);
}

static void near_beams(const bcue_answer *answer, const bcue_ranked_beam *want)
{
    for (int k = 0; k < BEAMS; k++)
        for (int i = 0; i < BEAMS; i++)
            if (answer->beams[k].beam == want[i].beam)
                CHECK_NEAR(answer->beams[k].probability, want[i].probability, 1e-6);
}

static bool differs(const bcue_ranked_beam *a, const bcue_ranked_beam *b)
{
    double most = 0;
    for (int k = 0; k < BEAMS; k++)
        for (int i = 0; i < BEAMS; i++)
            if (a[k].beam == b[i].beam)
                most = fmax(most, fabs(a[k].probability - b[i].probability));
    return most > 1e-5;
}

/* The vehicle of the recording drives evenly, so what is carried is the truth; until the line is not trusted.
 */
static void fixes_are_carried(void)
{
    static const struct {
        double carry_s;
        int carried_until; /* n */
    } cases[] = {{0, 9 + 20}, {0.32, 9 + 3}, {-1, 0}};
    static const int whole[3][FRAMES] = {{7, 8, 9}, {7, 8, 9}, {7, 8, 9}};
    for (size_t c = 0; c < 3; c++)
        for (int after = 1; after <= 4; after++) {
            scene s = open_scene(
                PATH, &(bcue_stream_options){.carry_s = cases[c].carry_s, .stale_s = {2, 2, 2, 2}});
            bcue_ranked_beam truth[BEAMS], stood[BEAMS];
            bcue_fix fixes[FIXES];
            push_with_gaps(s.stream, BCUE_SENSOR_GPS, 0, false);
            for (int i = 1; i <= after; i++)
                CHECK_INT(push_fix(s.stream, time_of(LAST + i), (bcue_fix){NAN, NAN}), BCUE_FRAME_NO_FIX);
            const bcue_answer answer = predict(s.stream, time_of(LAST + after) + 0.01, INFINITY);
            const bcue_source *gps = &answer.sources[BCUE_SENSOR_GPS];
            const bool carried = LAST + after <= cases[c].carried_until;
            CHECK_INT(gps->carried, carried ? (after < FIXES ? after : FIXES) : 0);
            CHECK_INT(gps->frames, FIXES - gps->carried);
            CHECK_INT(gps->behind, after);
            CHECK_INT(gps->reason, BCUE_FRAME_NO_FIX);
            CHECK_INT(answer.pattern.partly, carried);
            expect_frames(s.plain, whole, &record.fix[LAST + after - 1], truth);
            for (int i = 0; i < FIXES; i++)
                fixes[i] = record.fix[LAST - 1 + i];
            expect_frames(s.plain, whole, fixes, stood);
            CHECK(differs(truth, stood)); /* else nothing is shown here */
            near_beams(&answer, carried ? truth : stood);
            close_scene(&s);
        }
}

/* One lost between two others is between them. */
static void fixes_in_between(void)
{
    for (int carry = 0; carry < 2; carry++) {
        scene s = open_scene(PATH, &(bcue_stream_options){.carry_s = carry ? 0 : -1});
        bcue_ranked_beam want[BEAMS];
        static const int whole[3][FRAMES] = {{7, 8, 9}, {7, 8, 9}, {7, 8, 9}};
        push_with_gaps(s.stream, BCUE_SENSOR_GPS, 2, false);
        const bcue_answer answer = predict(s.stream, time_of(LAST), INFINITY);
        const bcue_source *gps = &answer.sources[BCUE_SENSOR_GPS];
        CHECK_INT(gps->carried, carry);
        CHECK_INT(gps->held, 1 - carry);
        CHECK_INT(gps->reason, BCUE_FRAME_LOST);
        CHECK_INT(answer.probe_promised, 0);
        expect_frames(s.plain, whole, (bcue_fix[]){record.fix[carry ? 8 : 7], record.fix[9]}, want);
        near_beams(&answer, want);
        close_scene(&s);
    }
}

/* The tracker goes by the same fixes. */
static void the_tracker_is_given_them_too(void)
{
    bcue_error error = {""};
    bcue_model *tracking = open_tracker(TRACKER);
    bcue_session *plain;
    bcue_ranked_beam want[BEAMS];
    scene s = open_scene(PATH, &(bcue_stream_options){.tracker = tracking});
    CHECK_OK(bcue_session_create(tracking, &plain, &error), error);
    push_with_gaps(s.stream, BCUE_SENSOR_GPS, 3, false);
    const bcue_answer answer = predict(s.stream, time_of(LAST), -1.0);
    CHECK_INT(answer.rung, BCUE_RUNG_TRACKER);
    const bcue_observation observation = {.fixes = &record.fix[LAST - 1], .fix_count = FIXES, .rsu = rsu};
    CHECK_OK(bcue_predict(plain, &observation, BEAMS, want, NULL, &error), error);
    near_beams(&answer, want);
    bcue_session_destroy(plain);
    close_scene(&s);
    bcue_model_destroy(tracking);
}

/* East of Fiji the degrees begin anew. */
static void across_the_date_line(void)
{
    scene s = open_scene(PATH, NULL);
    bcue_ranked_beam want[BEAMS];
    bcue_error error = {""};
    static const int whole[3][FRAMES] = {{7, 8, 9}, {7, 8, 9}, {7, 8, 9}};
    const bcue_fix there = {-17, 180};
    bcue_fix fix[12];
    CHECK_OK(bcue_session_stream(s.stream, &(bcue_stream_options){.rsu = there}, &error), error);
    for (int n = 0; n < 12; n++) {
        const double east = 180 + 1e-5 * (n - 7);
        fix[n] = (bcue_fix){-17, east > 180 ? east - 360 : east};
    }
    for (int n = 0; n <= LAST; n++) {
        for (int i = 0; i < 3; i++)
            CHECK_INT(push_frame(s.stream, (bcue_sensor)i, n, time_of(n)), BCUE_FRAME_GOOD);
        if (n < LAST)
            CHECK_INT(push_fix(s.stream, time_of(n), fix[n]), BCUE_FRAME_GOOD);
    }
    const bcue_answer answer = predict(s.stream, time_of(LAST), INFINITY);
    CHECK_INT(answer.sources[BCUE_SENSOR_GPS].carried, 1);
    bcue_encoded_picture frames[3][FRAMES];
    for (int i = 0; i < FRAMES; i++) {
        const int k = whole[0][i];
        frames[0][i] = (bcue_encoded_picture){record.camera[k].data, record.camera[k].size, NULL};
        frames[1][i] = (bcue_encoded_picture){record.lidar[k].data, record.lidar[k].size, NULL};
        frames[2][i] = (bcue_encoded_picture){record.radar[k].data, record.radar[k].size, NULL};
    }
    const bcue_observation observation = {.camera = frames[0],
                                          .camera_count = FRAMES,
                                          .lidar = frames[1],
                                          .lidar_count = FRAMES,
                                          .radar = frames[2],
                                          .radar_count = FRAMES,
                                          .fixes = &fix[LAST - 1],
                                          .fix_count = FIXES,
                                          .rsu = there};
    CHECK_OK(bcue_predict(s.plain, &observation, BEAMS, want, NULL, &error), error);
    near_beams(&answer, want);
    close_scene(&s);
}

static void what_is_refused(void)
{
    bcue_error error = {""};
    scene s = open_scene(PATH, NULL);
    CHECK_STATUS(bcue_session_stream(s.stream, &(bcue_stream_options){.carry_s = 61}, &error),
                 BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "carries fixes on for up to 60 s");
    CHECK_STATUS(bcue_session_stream(s.stream, &(bcue_stream_options){.least_frames = -1}, &error),
                 BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "least_frames");
    CHECK_STR(bcue_verdict_name(BCUE_FRAME_LOST), "lost");
    close_scene(&s);
}

int main(void)
{
    make_recording();
    RUN(frames_are_stood_in_for_alone);
    RUN(or_they_are_zeros);
    RUN(least_frames);
    RUN(windows_at_the_beginning);
    RUN(fixes_are_carried);
    RUN(fixes_in_between);
    RUN(the_tracker_is_given_them_too);
    RUN(across_the_date_line);
    RUN(what_is_refused);
    free_recording();
    (void)remove(PATH);
    (void)remove(TRACKER);
    return check_summary();
}

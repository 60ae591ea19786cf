/* A stream of frames: the same answers, bit for bit, as single calls with the same frames; every fault of a
   sensor is told and stood in for; a deadline stops the network, and leaves nothing of it behind. */
#include "stream_scene.h"

#define PATH BCUE_BINARY_DIR "/test_stream_faults.safetensors"
#define TRACKER BCUE_BINARY_DIR "/test_stream_tracker.safetensors"
#define BEAMS_CSV BCUE_BINARY_DIR "/test_stream_beams.csv"

static void same_answers_as_single_calls(void)
{
    scene s = open_scene(PATH, NULL);
    for (int n = 0; n < TICKS; n++) {
        bcue_ranked_beam want[BEAMS];
        push_all(s.stream, n, BCUE_SENSOR_COUNT);
        const bcue_answer answer = predict(s.stream, time_of(n) + 0.02, INFINITY);
        CHECK_INT(answer.rung, BCUE_RUNG_NETWORK);
        CHECK_INT(answer.late, 0);
        CHECK_INT(answer.cut, 0);
        CHECK_INT(answer.probe, 0); /* not calibrated */
        if (n < FRAMES - 1) {
            CHECK_INT(answer.sources[BCUE_SENSOR_LIDAR].frames, n + 1);
            continue;
        }
        expect(s.plain, n, BCUE_SENSOR_COUNT, want);
        same_beams(&answer, want, n);
        for (int i = 0; i < BCUE_SENSOR_COUNT; i++) {
            const bcue_source *source = &answer.sources[i];
            CHECK_INT(source->state, BCUE_SOURCE_USED);
            CHECK_INT(source->reason, BCUE_FRAME_GOOD);
            CHECK_INT(source->frames, i == BCUE_SENSOR_GPS ? FIXES : FRAMES);
            CHECK_NEAR(source->age_ms, 20, 1e-6);
        }
        CHECK_NEAR(answer.age_ms, 20, 1e-6);
        CHECK(answer.longest_operator_ms > 0 && answer.longest_operator_ms < 1e4);
        CHECK(answer.prepare_ms > 0);
    }
    close_scene(&s);
}

/* Camera at 20 Hz and its clock 3 s ahead, radar at 10 Hz but 30 ms late, LiDAR at 5 Hz. */
static void other_rates_and_clocks(void)
{
    scene s = open_scene(
        PATH, &(bcue_stream_options){.clock_offset_s = {[BCUE_SENSOR_CAMERA] = 3.0}, .speed_limit_mps = 1e5});
    bcue_ranked_beam want[BEAMS];
    for (int n = 0; n < TICKS; n++) {
        static const char between[] = "not looked at";
        CHECK_INT(push_frame(s.stream, BCUE_SENSOR_CAMERA, n, time_of(n) + 3.0), BCUE_FRAME_GOOD);
        CHECK_INT(push_frame(s.stream, BCUE_SENSOR_RADAR, n, time_of(n) - 0.03), BCUE_FRAME_GOOD);
        CHECK_INT(push_frame(s.stream, BCUE_SENSOR_GPS, n, time_of(n)), BCUE_FRAME_GOOD);
        if (n % 2 == 0)
            CHECK_INT(push_frame(s.stream, BCUE_SENSOR_LIDAR, n, time_of(n)), BCUE_FRAME_GOOD);
        const bcue_answer answer = predict(s.stream, time_of(n) + 0.01, INFINITY);
        if (n >= 6 && n % 2 == 0) {
            const bcue_source *lidar = &answer.sources[BCUE_SENSOR_LIDAR];
            CHECK_INT(lidar->state, BCUE_SOURCE_USED);
            CHECK_INT(lidar->frames, 2); /* the one between two of them was never taken */
            CHECK_INT(lidar->held, 1);
            CHECK_NEAR(answer.sources[BCUE_SENSOR_CAMERA].age_ms, 10, 1e-6);
            CHECK_NEAR(answer.sources[BCUE_SENSOR_RADAR].age_ms, 40, 1e-6);
            CHECK_NEAR(answer.age_ms, 40, 1e-6);
        }
        CHECK_INT(push(s.stream, BCUE_SENSOR_CAMERA, time_of(n) + 3.05, between, sizeof between),
                  BCUE_FRAME_UNREADABLE);
    }
    /* Twice as many frames as the window wants, the second half of them others: the window takes every
       second one. */
    bcue_session_forget(s.stream);
    for (int n = 0; n < 6; n++) {
        for (int i = 0; i < BCUE_SENSOR_COUNT; i++) {
            const double time_s = time_of(n) + (i == BCUE_SENSOR_CAMERA ? 3.0 : 0);
            CHECK_INT(push_frame(s.stream, (bcue_sensor)i, n, time_s), BCUE_FRAME_GOOD);
            CHECK_INT(push_frame(s.stream, (bcue_sensor)i, 12 + n, time_s + 0.05), BCUE_FRAME_GOOD);
        }
    }
    const bcue_answer answer = predict(s.stream, time_of(5) + 0.06, INFINITY);
    expect(s.plain, 12 + 5, BCUE_SENSOR_COUNT, want);
    same_beams(&answer, want, 17);
    close_scene(&s);
}

static void fill(uint8_t *pixels, uint8_t value)
{
    memset(pixels, value, (size_t)SIZE * SIZE * 3);
}

static void bad_pictures_are_told(void)
{
    scene s = open_scene(PATH, NULL);
    static uint8_t pixels[SIZE * SIZE * 3];
    bcue_error error = {""};
    bcue_verdict verdict;
    bcue_bytes picture;
    static const struct {
        uint8_t value;
        bcue_verdict want;
    } even[] = {
        {0, BCUE_FRAME_BLACK}, {9, BCUE_FRAME_BLACK}, {255, BCUE_FRAME_SATURATED}, {128, BCUE_FRAME_FLAT}};
    for (size_t i = 0; i < sizeof even / sizeof *even; i++) {
        fill(pixels, even[i].value);
        encode_picture(pixels, &picture);
        CHECK_INT(push(s.stream, BCUE_SENSOR_CAMERA, time_of((int)i), picture.data, picture.size),
                  even[i].want);
        bcue_bytes_free(&picture);
    }
    /* A night with one lamp is a picture. */
    fill(pixels, 3);
    for (int i = 0; i < 8; i++)
        memset(pixels + (size_t)(SIZE * (20 + i) + 30) * 3, 250, 24);
    encode_picture(pixels, &picture);
    CHECK_INT(push(s.stream, BCUE_SENSOR_CAMERA, time_of(5), picture.data, picture.size), BCUE_FRAME_GOOD);
    /* Cut off, empty, garbage. */
    CHECK_OK(bcue_session_push(s.stream, BCUE_SENSOR_CAMERA, time_of(6), picture.data, picture.size / 2,
                               &verdict, &error),
             error);
    CHECK_INT(verdict, BCUE_FRAME_UNREADABLE);
    CHECK_CONTAINS(error.text, "camera frame");
    CHECK_INT(push(s.stream, BCUE_SENSOR_CAMERA, time_of(7), "", 0), BCUE_FRAME_UNREADABLE);
    CHECK_INT(push(s.stream, BCUE_SENSOR_CAMERA, time_of(8), "rubbish", 7), BCUE_FRAME_UNREADABLE);
    bcue_bytes_free(&picture);
    const bcue_answer answer = predict(s.stream, time_of(8), INFINITY);
    CHECK_INT(answer.sources[BCUE_SENSOR_CAMERA].state, BCUE_SOURCE_HELD);
    CHECK_INT(answer.sources[BCUE_SENSOR_CAMERA].reason, BCUE_FRAME_UNREADABLE);
    close_scene(&s);
}

static void bad_echoes_are_told(void)
{
    static const char empty_cloud[] =
        "ply\nformat ascii 1.0\nelement vertex 0\nproperty float x\nproperty float y\nproperty float "
        "z\nend_header\n";
    static float cube[2 * 4 * 16 * 12];
    scene s = open_scene(PATH, NULL);
    bcue_bytes bytes;
    CHECK_INT(push(s.stream, BCUE_SENSOR_LIDAR, time_of(0), empty_cloud, sizeof empty_cloud - 1),
              BCUE_FRAME_EMPTY);
    CHECK_INT(push(s.stream, BCUE_SENSOR_LIDAR, time_of(1), record.lidar[1].data, 150),
              BCUE_FRAME_UNREADABLE);
    encode_cube(cube, &bytes);
    CHECK_INT(push(s.stream, BCUE_SENSOR_RADAR, time_of(0), bytes.data, bytes.size), BCUE_FRAME_EMPTY);
    bcue_bytes_free(&bytes);
    for (int i = 0; i < 4 * 16; i++) /* the same in every chirp */
        for (int c = 0; c < 2 * 12; c += 2)
            cube[i * 24 + c] = (float)i + 1;
    encode_cube(cube, &bytes);
    CHECK_INT(push(s.stream, BCUE_SENSOR_RADAR, time_of(1), bytes.data, bytes.size), BCUE_FRAME_EMPTY);
    CHECK_INT(push(s.stream, BCUE_SENSOR_RADAR, time_of(2), bytes.data, bytes.size / 2),
              BCUE_FRAME_UNREADABLE);
    bcue_bytes_free(&bytes);
    close_scene(&s);
}

static void frozen_frames_are_told(void)
{
    scene s = open_scene(PATH, NULL);
    for (int i = 0; i < 3; i++) {
        const bcue_sensor sensor = (bcue_sensor)i;
        CHECK_INT(push_frame(s.stream, sensor, 0, time_of(0)), BCUE_FRAME_GOOD);
        CHECK_INT(push_frame(s.stream, sensor, 0, time_of(1)), BCUE_FRAME_FROZEN);
        CHECK_INT(push_frame(s.stream, sensor, 0, time_of(2)), BCUE_FRAME_FROZEN);
        CHECK_INT(push_frame(s.stream, sensor, 1, time_of(3)), BCUE_FRAME_GOOD);
        CHECK_INT(push_frame(s.stream, sensor, 0, time_of(4)), BCUE_FRAME_GOOD);
    }
    CHECK_INT(push_fix(s.stream, time_of(0), record.fix[0]), BCUE_FRAME_GOOD);
    CHECK_INT(push_fix(s.stream, time_of(1), record.fix[0]), BCUE_FRAME_GOOD); /* it stands */
    close_scene(&s);
    s = open_scene(PATH, &(bcue_stream_options){.frozen_after = 3});
    for (int n = 0; n < 6; n++)
        CHECK_INT(push_frame(s.stream, BCUE_SENSOR_CAMERA, 0, time_of(n)),
                  n < 3 ? BCUE_FRAME_GOOD : BCUE_FRAME_FROZEN);
    close_scene(&s);
}

static void times_are_judged(void)
{
    scene s = open_scene(PATH, NULL);
    CHECK_INT(push_frame(s.stream, BCUE_SENSOR_CAMERA, 5, time_of(5)), BCUE_FRAME_GOOD);
    CHECK_INT(push_frame(s.stream, BCUE_SENSOR_CAMERA, 4, time_of(4)), BCUE_FRAME_GOOD); /* out of order */
    CHECK_INT(push_frame(s.stream, BCUE_SENSOR_CAMERA, 6, time_of(5)), BCUE_FRAME_LATE); /* twice */
    CHECK_INT(push_frame(s.stream, BCUE_SENSOR_CAMERA, 7, NAN), BCUE_FRAME_BAD_TIME);
    CHECK_INT(push_frame(s.stream, BCUE_SENSOR_CAMERA, 7, 1e300), BCUE_FRAME_BAD_TIME);
    bcue_answer answer = predict(s.stream, time_of(5), INFINITY);
    CHECK_INT(answer.sources[BCUE_SENSOR_CAMERA].frames, 2);
    CHECK_INT(answer.sources[BCUE_SENSOR_LIDAR].state, BCUE_SOURCE_ZERO);
    CHECK_INT(answer.sources[BCUE_SENSOR_LIDAR].reason, BCUE_FRAME_NEVER);
    CHECK_INT(push_frame(s.stream, BCUE_SENSOR_CAMERA, 8, time_of(5) - 2), BCUE_FRAME_LATE);
    /* From the future: not used before its time, and dropped when it is far ahead. */
    CHECK_INT(push_frame(s.stream, BCUE_SENSOR_LIDAR, 0, time_of(8)), BCUE_FRAME_GOOD);
    CHECK_INT(push_frame(s.stream, BCUE_SENSOR_RADAR, 0, time_of(5000)), BCUE_FRAME_GOOD);
    answer = predict(s.stream, time_of(6), INFINITY);
    CHECK_INT(answer.sources[BCUE_SENSOR_LIDAR].state, BCUE_SOURCE_ZERO);
    CHECK_INT(answer.sources[BCUE_SENSOR_LIDAR].reason, BCUE_FRAME_FUTURE);
    CHECK_INT(answer.sources[BCUE_SENSOR_RADAR].reason, BCUE_FRAME_FUTURE);
    answer = predict(s.stream, time_of(8), INFINITY);
    CHECK_INT(answer.sources[BCUE_SENSOR_LIDAR].state, BCUE_SOURCE_USED);
    CHECK_INT(answer.sources[BCUE_SENSOR_CAMERA].state, BCUE_SOURCE_HELD); /* 0.3 s old */
    CHECK_INT(answer.sources[BCUE_SENSOR_CAMERA].reason, BCUE_FRAME_LATE); /* of its last frame */
    close_scene(&s);
}

static void fixes_are_judged(void)
{
    scene s = open_scene(PATH, NULL);
    bcue_error error = {""};
    bcue_verdict verdict;
    static const char text[] = "33.42\n-111.92\n", nmea[] = "$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,"
                                                            "545.4,M,46.9,M,,*47\r\n";
    CHECK_INT(push_fix(s.stream, time_of(0), (bcue_fix){NAN, NAN}), BCUE_FRAME_NO_FIX);
    CHECK_INT(push(s.stream, BCUE_SENSOR_GPS, time_of(0), text, sizeof text - 1), BCUE_FRAME_GOOD);
    CHECK_INT(push_fix(s.stream, time_of(1), (bcue_fix){33.4201, -111.92}), BCUE_FRAME_GOOD); /* 11 m */
    CHECK_INT(push_fix(s.stream, time_of(2), (bcue_fix){33.4221, -111.92}), BCUE_FRAME_JUMP); /* 222 m */
    CHECK_INT(push_fix(s.stream, time_of(3), (bcue_fix){33.4221, -111.92}), BCUE_FRAME_JUMP);
    CHECK_INT(push(s.stream, BCUE_SENSOR_GPS, time_of(4), nmea, sizeof nmea - 1), BCUE_FRAME_JUMP);
    CHECK_INT(push(s.stream, BCUE_SENSOR_GPS, time_of(5), "north", 5), BCUE_FRAME_UNREADABLE);
    CHECK_OK(bcue_session_push_fix(s.stream, time_of(6), (bcue_fix){95, 0}, &verdict, &error), error);
    CHECK_INT(verdict, BCUE_FRAME_UNREADABLE);
    CHECK_CONTAINS(error.text, "no place on Earth");
    bcue_answer answer = predict(s.stream, time_of(6), INFINITY);
    CHECK_INT(answer.sources[BCUE_SENSOR_GPS].state, BCUE_SOURCE_USED); /* 0.5 s old */
    CHECK_INT(answer.sources[BCUE_SENSOR_GPS].reason, BCUE_FRAME_UNREADABLE);
    /* 222 m are possible after (222 - 20) / 40 = 5.05 s. */
    CHECK_INT(push_fix(s.stream, time_of(50), (bcue_fix){33.4221, -111.92}), BCUE_FRAME_JUMP);
    CHECK_INT(push_fix(s.stream, time_of(53), (bcue_fix){33.4221, -111.92}), BCUE_FRAME_GOOD);
    close_scene(&s);
}

/* A sensor that fails is held, then zeros: the answer of a single call without that sensor. */
static void held_then_zero(void)
{
    for (int out = 0; out < BCUE_SENSOR_COUNT; out++) {
        scene s = open_scene(PATH, &(bcue_stream_options){.stale_s = {[BCUE_SENSOR_GPS] = 0.25}});
        const bcue_sensor sensor = (bcue_sensor)out;
        for (int n = 0; n < TICKS; n++) {
            bcue_ranked_beam want[BEAMS];
            push_all(s.stream, n, n > 5 ? sensor : BCUE_SENSOR_COUNT);
            const bcue_answer answer = predict(s.stream, time_of(n), INFINITY);
            const bcue_source *source = &answer.sources[out];
            CHECK_INT(answer.rung, BCUE_RUNG_NETWORK);
            CHECK_INT(source->state, n <= 7    ? BCUE_SOURCE_USED
                                     : n <= 12 ? BCUE_SOURCE_HELD
                                               : BCUE_SOURCE_ZERO);
            CHECK_INT(source->reason, n < (sensor == BCUE_SENSOR_GPS ? FIXES : FRAMES) - 1 ? BCUE_FRAME_NEVER
                                      : n > 7                                              ? BCUE_FRAME_STALE
                                      : n > 5 && sensor == BCUE_SENSOR_GPS                 ? BCUE_FRAME_LOST
                                                                                           : BCUE_FRAME_GOOD);
            CHECK_INT(source->carried, n > 5 && n <= 12 && sensor == BCUE_SENSOR_GPS ? (n == 6 ? 1 : 2) : 0);
            if (n <= 12)
                continue;
            CHECK_INT(source->missing, sensor == BCUE_SENSOR_GPS ? FIXES : FRAMES);
            expect(s.plain, n, sensor, want);
            same_beams(&answer, want, n);
        }
        close_scene(&s);
    }
}

static void nothing_is_a_sweep(void)
{
    scene s = open_scene(PATH, NULL);
    bcue_answer answer = predict(s.stream, time_of(0), INFINITY);
    CHECK_INT(answer.rung, BCUE_RUNG_SWEEP);
    CHECK(isnan(answer.beams[0].probability) && isnan(answer.age_ms));
    CHECK_INT(answer.count, BEAMS);
    for (int n = 0; n < 4; n++)
        push_all(s.stream, n, BCUE_SENSOR_COUNT);
    answer = predict(s.stream, time_of(3), INFINITY);
    CHECK_INT(answer.rung, BCUE_RUNG_NETWORK);
    bcue_session_forget(s.stream);
    CHECK_INT(predict(s.stream, time_of(3), INFINITY).rung, BCUE_RUNG_SWEEP);
    close_scene(&s);
}

/* Whatever the deadline, the next answer is that of a session that was never stopped. */
static void deadlines_leave_nothing_behind(void)
{
    bcue_model *tracking = open_tracker(TRACKER);
    scene s = open_scene(PATH, &(bcue_stream_options){.tracker = tracking});
    int cut = 0, through = 0;
    for (int n = 0; n < TICKS; n++) {
        bcue_ranked_beam want[BEAMS];
        push_all(s.stream, n, BCUE_SENSOR_COUNT);
        for (int i = -1; i < 12; i++) {
            const bcue_answer answer = predict(s.stream, time_of(n), i < 0 ? -1.0 : 2e-4 * i * i);
            cut += answer.cut;
            through += answer.rung == BCUE_RUNG_NETWORK;
            CHECK_INT(answer.rung, answer.cut ? BCUE_RUNG_TRACKER : BCUE_RUNG_NETWORK);
            CHECK(i >= 0 || (answer.cut && answer.late));
        }
        if (n < FRAMES - 1)
            continue;
        const bcue_answer answer = predict(s.stream, time_of(n), INFINITY);
        expect(s.plain, n, BCUE_SENSOR_COUNT, want);
        same_beams(&answer, want, n);
        CHECK(answer.network_ms <= answer.total_ms);
    }
    printf("%d windows stopped, %d not\n", cut, through);
    CHECK(cut > TICKS);
    close_scene(&s);
    bcue_model_destroy(tracking);
}

static void rungs(void)
{
    bcue_model *tracking = open_tracker(TRACKER);
    bcue_error error = {""};
    bcue_session *plain;
    scene s = open_scene(PATH, &(bcue_stream_options){.tracker = tracking});
    bcue_ranked_beam want[BEAMS];
    CHECK_OK(bcue_session_create(tracking, &plain, &error), error);
    for (int n = 0; n < 5; n++)
        push_all(s.stream, n, BCUE_SENSOR_COUNT);
    const bcue_answer tracked = predict(s.stream, time_of(4), -1.0);
    CHECK_INT(tracked.rung, BCUE_RUNG_TRACKER);
    const bcue_observation observation = {.fixes = &record.fix[3], .fix_count = 2, .rsu = rsu};
    CHECK_OK(bcue_predict(plain, &observation, BEAMS, want, NULL, &error), error);
    same_beams(&tracked, want, 4);
    bcue_session_destroy(plain);
    close_scene(&s);
    bcue_model_destroy(tracking);

    s = open_scene(PATH, NULL); /* no tracker: the last answer, for half a second */
    for (int n = 0; n < 5; n++)
        push_all(s.stream, n, BCUE_SENSOR_COUNT);
    CHECK_INT(predict(s.stream, time_of(4), -1.0).rung, BCUE_RUNG_SWEEP);
    CHECK_INT(predict(s.stream, time_of(4), INFINITY).rung, BCUE_RUNG_NETWORK);
    expect(s.plain, 4, BCUE_SENSOR_COUNT, want);
    const bcue_answer last = predict(s.stream, time_of(8), -1.0);
    CHECK_INT(last.rung, BCUE_RUNG_LAST);
    same_beams(&last, want, 8);
    CHECK_INT(predict(s.stream, time_of(10), -1.0).rung, BCUE_RUNG_SWEEP);
    close_scene(&s);
}

static void beams_have_names(void)
{
    bcue_error error = {""};
    scene s = open_scene(PATH, NULL);
    static const char good[] = "beam,id,azimuth_deg\n0,SSB 7,45\n3,TCI-12,\n7,,-45.5\n";
    static const struct {
        const char *text, *say;
    } bad[] = {{"index,id\n0,a\n", "there is no column 'beam'"},
               {"beam\n8\n", ":2: beam '8'; expected 0 to 7"},
               {"beam\n1\n1\n", ":3: beam '1'"},
               {"beam,azimuth_deg\n1,left\n", "'left' is no angle"}};
    bcue_stream_options options = {.beams_csv = BEAMS_CSV};
    CHECK_OK(bcue_file_write(BEAMS_CSV, good, sizeof good - 1, &error), error);
    CHECK_OK(bcue_session_stream(s.stream, &options, &error), error);
    for (int n = 0; n < 3; n++)
        push_all(s.stream, n, BCUE_SENSOR_GPS);
    const bcue_answer answer = predict(s.stream, time_of(2), INFINITY);
    for (int k = 0; k < BEAMS; k++) {
        const bcue_beam_answer *beam = &answer.beams[k];
        if (beam->beam == 0) {
            CHECK_STR(beam->id, "SSB 7");
            CHECK_NEAR(beam->azimuth_deg, 45, 0);
        } else if (beam->beam == 3) {
            CHECK_STR(beam->id, "TCI-12");
            CHECK(isnan(beam->azimuth_deg));
        } else {
            CHECK(beam->id == NULL && isnan(beam->elevation_deg));
        }
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_OK(bcue_file_write(BEAMS_CSV, bad[i].text, strlen(bad[i].text), &error), error);
        CHECK_STATUS(bcue_session_stream(s.stream, &options, &error), BCUE_ERROR_DATA);
        CHECK_CONTAINS(error.text, bad[i].say);
    }
    (void)remove(BEAMS_CSV);
    close_scene(&s);
}

static void wrong_use_is_told(void)
{
    bcue_error error = {""};
    bcue_answer answer;
    scene s = open_scene(PATH, NULL);
    CHECK_STATUS(bcue_session_push(s.plain, BCUE_SENSOR_CAMERA, 0, "x", 1, NULL, &error),
                 BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "bcue_session_stream");
    CHECK_STATUS(bcue_session_predict(s.plain, 0, 1, &answer, &error), BCUE_ERROR_ARGUMENT);
    CHECK_STATUS(bcue_session_push(s.stream, (bcue_sensor)9, 0, "x", 1, NULL, &error), BCUE_ERROR_ARGUMENT);
    CHECK_STATUS(bcue_session_push(s.stream, BCUE_SENSOR_CAMERA, 0, NULL, 0, NULL, &error),
                 BCUE_ERROR_ARGUMENT);
    CHECK_STATUS(bcue_session_predict(s.stream, NAN, 1, &answer, &error), BCUE_ERROR_ARGUMENT);
    CHECK_STATUS(bcue_session_stream(s.stream, &(bcue_stream_options){.step_s = -1}, &error),
                 BCUE_ERROR_ARGUMENT);
    CHECK_STATUS(bcue_session_stream(s.stream, &(bcue_stream_options){.tracker = s.model}, &error),
                 BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "positions alone");
    CHECK_STR(bcue_verdict_name(BCUE_FRAME_NEVER), "never");
    CHECK_STR(bcue_sensor_name(BCUE_SENSOR_GPS), "gps");
    close_scene(&s);
}

/* Bytes of any kind, at any time, to any sensor: no error, and the stream goes on. */
static void garbage(void)
{
    scene s = open_scene(PATH, NULL);
    bcue_rng rng = bcue_rng_make(9, BCUE_RNG_TEST, 0, 0, 0);
    int unreadable = 0;
    for (int i = 0; i < 600; i++) {
        const int sensor = (int)bcue_rng_below(&rng, BCUE_SENSOR_COUNT), n = i % TICKS;
        const bcue_bytes *frame = sensor == 2 ? &record.radar[n] : &record.camera[n];
        const size_t size = bcue_rng_below(&rng, (uint32_t)frame->size);
        uint8_t *bytes = malloc(size + 1);
        if (bytes == NULL)
            break;
        memcpy(bytes, frame->data, size);
        for (size_t k = 0; k < size; k += 1 + bcue_rng_below(&rng, 400))
            bytes[k] = (uint8_t)bcue_rng_below(&rng, 256);
        unreadable += push(s.stream, (bcue_sensor)sensor, time_of(i), bytes, size) == BCUE_FRAME_UNREADABLE;
        free(bytes);
        if (i % 50 == 0)
            (void)predict(s.stream, time_of(i), INFINITY);
    }
    CHECK(unreadable > 300);
    for (int n = 0; n < 3; n++)
        for (int i = 0; i < BCUE_SENSOR_COUNT; i++)
            CHECK_INT(push_frame(s.stream, (bcue_sensor)i, n, time_of(700 + n)), BCUE_FRAME_GOOD);
    CHECK_INT(predict(s.stream, time_of(702), INFINITY).rung, BCUE_RUNG_NETWORK);
    close_scene(&s);
}

int main(void)
{
    make_recording();
    RUN(same_answers_as_single_calls);
    RUN(other_rates_and_clocks);
    RUN(bad_pictures_are_told);
    RUN(bad_echoes_are_told);
    RUN(frozen_frames_are_told);
    RUN(times_are_judged);
    RUN(fixes_are_judged);
    RUN(held_then_zero);
    RUN(nothing_is_a_sweep);
    RUN(deadlines_leave_nothing_behind);
    RUN(rungs);
    RUN(beams_have_names);
    RUN(wrong_use_is_told);
    RUN(garbage);
    free_recording();
    (void)remove(PATH);
    (void)remove(TRACKER);
    return check_summary();
}

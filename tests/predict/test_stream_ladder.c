/* A compressed model below the network: the answer of either is, bit for bit, that of a single call of its
   model, whatever was stopped before; what is not of one codebook, or wants more sensors, is refused. */
#include "stream_scene.h"

#define PATH BCUE_BINARY_DIR "/test_stream_ladder.safetensors"
#define COMPRESSED BCUE_BINARY_DIR "/test_stream_ladder_compressed.safetensors"
#define OTHER BCUE_BINARY_DIR "/test_stream_ladder_other.safetensors"

static bcue_model *load(const char *path)
{
    bcue_error error = {""};
    bcue_model *model = NULL;
    CHECK_OK(bcue_model_load(path, &model, &error), error);
    return model;
}

/* Small grey pictures and small clouds: prepared a second time. */
static bcue_model *own_recipe(void)
{
    write_model_file(COMPRESSED,
                     "kind: beamtransfuser\nmodalities: [camera, lidar]\nwidth: 8\ncamera_depth: 18\n"
                     "blocks: 1\nanchors: 1\nhead: [8]\n",
                     "frames: 2\nchannels: 1\nheight: 32\nwidth: 32\nlidar_channels: 1\nlidar_height: 32\n"
                     "lidar_width: 32\ngps_frames: 0\nbeams: 8\n",
                     "camera: {enabled: true, width: 32, height: 32, channels: 1}\n"
                     "lidar: {enabled: true, width: 32, height: 32}\n");
    return load(COMPRESSED);
}

typedef struct tally {
    int rungs[BCUE_RUNG_COUNT], cut, compressed_cut;
    double network_s, compressed_s; /* what they took the last time that they ended */
} tally;

/* One answer by a drawn deadline, against the single calls of both models. */
static void ask(bcue_session *stream, bcue_session *plain, bcue_session *plain_compressed, int n,
                double budget_s, tally *t)
{
    bcue_ranked_beam want[BEAMS];
    const bcue_answer answer = predict(stream, time_of(n), budget_s);
    t->rungs[answer.rung]++;
    t->cut += answer.cut;
    t->compressed_cut += answer.compressed_cut;
    if (!answer.compressed_cut)
        t->compressed_s = 1e-3 * answer.compressed_ms;
    if (answer.rung == BCUE_RUNG_NETWORK) {
        expect(plain, n, BCUE_SENSOR_COUNT, want);
        same_beams(&answer, want, n);
        CHECK_INT(answer.cut, 0);
    } else if (answer.rung == BCUE_RUNG_COMPRESSED) {
        expect(plain_compressed, n, BCUE_SENSOR_COUNT, want);
        same_beams(&answer, want, n);
        CHECK(answer.cut && !answer.compressed_cut && answer.compressed_ms > 0);
        CHECK(answer.prepare_ms > 0 && answer.age_ms >= 0);
    } else {
        CHECK(answer.cut && answer.compressed_cut);
    }
    CHECK(answer.total_ms >= answer.compressed_ms + answer.network_ms);
    CHECK(answer.late || answer.total_ms <= 1e3 * budget_s);
}

static void climb(bcue_model *compressed)
{
    bcue_error error = {""};
    bcue_session *plain_compressed;
    tally t = {0};
    scene s = open_scene(PATH, &(bcue_stream_options){.compressed = compressed});
    bcue_rng rng = bcue_rng_make(3, BCUE_RNG_TEST, 0, 0, 0);
    CHECK_OK(bcue_session_create(compressed, &plain_compressed, &error), error);
    for (int round = 0; round < 8; round++) {
        for (int n = 0; n < TICKS; n++) {
            push_all(s.stream, n, BCUE_SENSOR_COUNT);
            if (n < FRAMES - 1)
                continue;
            if (n % 4 == 0) { /* without a deadline nobody asks the compressed model */
                const bcue_answer answer = predict(s.stream, time_of(n), INFINITY);
                CHECK_INT(answer.rung, BCUE_RUNG_NETWORK);
                CHECK(answer.compressed_ms <= 0 && !answer.compressed_cut);
                CHECK(answer.longest_operator_ms > 0);
                t.network_s = 1e-3 * answer.network_ms;
                continue;
            }
            const double budget_s = n % 4 == 1 ? 10
                                    : n % 4 == 2
                                        ? bcue_rng_range(&rng, 0, 0.9) * t.network_s
                                        : t.compressed_s + bcue_rng_range(&rng, 0.2, 0.7) * t.network_s;
            ask(s.stream, s.plain, plain_compressed, n, budget_s, &t);
        }
        bcue_session_forget(s.stream);
    }
    CHECK_AT(t.rungs[BCUE_RUNG_NETWORK] >= 8 * 5 && t.rungs[BCUE_RUNG_COMPRESSED] > 10,
             "network %d, compressed %d, stopped %d and %d", t.rungs[BCUE_RUNG_NETWORK],
             t.rungs[BCUE_RUNG_COMPRESSED], t.cut, t.compressed_cut);
    /* Nothing in time: what was known before. */
    push_all(s.stream, 0, BCUE_SENSOR_COUNT);
    const bcue_answer answer = predict(s.stream, time_of(0), -1);
    CHECK(answer.rung == BCUE_RUNG_SWEEP && answer.cut && answer.compressed_cut && answer.late);
    bcue_session_destroy(plain_compressed);
    close_scene(&s);
}

static void shared_frames(void)
{
    bcue_model *compressed = open_compressed(COMPRESSED);
    climb(compressed);
    bcue_model_destroy(compressed);
}

static void frames_of_its_own(void)
{
    bcue_model *compressed = own_recipe();
    climb(compressed);
    bcue_model_destroy(compressed);
}

/* Its sensors gone, the compressed model says nothing; the network still answers. */
static void only_what_it_sees_counts(void)
{
    bcue_model *compressed = own_recipe();
    scene s = open_scene(PATH, &(bcue_stream_options){.compressed = compressed});
    for (int n = 0; n < FRAMES; n++)
        CHECK_INT(push_frame(s.stream, BCUE_SENSOR_RADAR, n, time_of(n)), BCUE_FRAME_GOOD);
    const bcue_answer answer = predict(s.stream, time_of(FRAMES - 1), 10);
    CHECK_INT(answer.rung, BCUE_RUNG_NETWORK);
    CHECK(answer.compressed_ms <= 0 && !answer.compressed_cut);
    close_scene(&s);
    bcue_model_destroy(compressed);
}

static void refuse(const bcue_model *compressed, const char *sentence)
{
    bcue_error error = {""};
    bcue_session *session;
    bcue_model *model = open_model(PATH);
    CHECK_OK(bcue_session_create(model, &session, &error), error);
    CHECK_STATUS(bcue_session_stream(session, &(bcue_stream_options){.compressed = compressed}, &error),
                 BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, sentence);
    bcue_session_destroy(session);
    bcue_model_destroy(model);
}

/* As two recordings whose beams are counted in other orders. */
static void describe_codebook(const char *path, const char *text)
{
    bcue_error error = {""};
    bcue_model_file file;
    CHECK_OK(bcue_model_file_read(path, &file, &error), error);
    free(file.codebook_yaml);
    file.codebook_yaml = bcue_strdup(text);
    CHECK_OK(bcue_model_file_write(path, &file, &error), error);
    bcue_model_file_free(&file);
}

static void refusals(void)
{
    write_model_file(OTHER, "kind: position-mlp\nhidden: 8\n",
                     "frames: 1\nchannels: 0\nheight: 0\nwidth: 0\ngps_frames: 2\nbeams: 9\n",
                     "position: {enabled: true, mode: enu}\n");
    bcue_model *other = load(OTHER);
    refuse(other, "ranks 9 beams and the model 8");
    bcue_model_destroy(other);
    write_model_file(OTHER, "kind: position-mlp\nhidden: 8\n",
                     "frames: 1\nchannels: 0\nheight: 0\nwidth: 0\ngps_frames: 5\nbeams: 8\n",
                     "position: {enabled: true, mode: enu}\n");
    other = load(OTHER);
    refuse(other, "takes 5 of gps where the model takes 2");
    bcue_model_destroy(other);
    bcue_error error = {""};
    bcue_session *session;
    bcue_model_destroy(open_model(PATH));
    describe_codebook(PATH, "beams: 8\nindex_monotone: true\n");
    bcue_model_destroy(open_compressed(COMPRESSED));
    describe_codebook(COMPRESSED, "beams: 8\nindex_monotone: false\n");
    bcue_model *model = load(PATH);
    other = load(COMPRESSED);
    CHECK_OK(bcue_session_create(model, &session, &error), error);
    CHECK_STATUS(bcue_session_stream(session, &(bcue_stream_options){.compressed = other}, &error),
                 BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "another codebook");
    bcue_session_destroy(session);
    bcue_model_destroy(other);
    bcue_model_destroy(model);
}

int main(void)
{
    make_recording();
    RUN(shared_frames);
    RUN(frames_of_its_own);
    RUN(only_what_it_sees_counts);
    RUN(refusals);
    free_recording();
    (void)remove(PATH);
    (void)remove(COMPRESSED);
    (void)remove(OTHER);
    return check_summary();
}

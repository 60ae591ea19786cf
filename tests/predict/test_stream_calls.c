/* What a stream costs beside computing: allocations and locks of ours after warm-up, counted by the linker's
   wrapping; and sessions in several threads on one model, which ThreadSanitizer watches. */
#include "stream_scene.h"

#include <pthread.h>
#include "call_counter.h"

#define PATH BCUE_BINARY_DIR "/test_stream_calls.safetensors"
#define COMPRESSED BCUE_BINARY_DIR "/test_stream_calls_compressed.safetensors"

typedef struct asked {
    int rungs[BCUE_RUNG_COUNT], held, carried;
    double network_s, compressed_s; /* of the last window that was not stopped */
} asked;

static void ask(bcue_session *session, int n, double budget_s, asked *seen)
{
    bcue_error error;
    bcue_answer answer;
    const bcue_call_counts before = bcue_call_counts_now();
    const bcue_status status =
        bcue_session_predict(session, time_of(n), time_of(n) + budget_s, &answer, &error);
    const bcue_call_counts after = bcue_call_counts_now();
    CHECK_INT(status, BCUE_OK);
    CHECK_INT(after.allocations, before.allocations);
    CHECK_INT(after.locks, before.locks);
    seen->rungs[answer.rung]++;
    seen->held += answer.sources[BCUE_SENSOR_CAMERA].held;
    seen->carried += answer.sources[BCUE_SENSOR_GPS].carried;
    if (!answer.cut && answer.network_ms > 0)
        seen->network_s = 1e-3 * answer.network_ms;
    if (!answer.compressed_cut && answer.compressed_ms > 0)
        seen->compressed_s = 1e-3 * answer.compressed_ms;
}

/* Predicting allocates nothing and takes no lock; a push allocates what its decoder does, and frees it. */
static void calls_are_few(void)
{
    bcue_model *compressed = open_compressed(COMPRESSED);
    scene s = open_scene(PATH, &(bcue_stream_options){.compressed = compressed});
    asked seen = {0};
    long per_push[BCUE_SENSOR_COUNT] = {0};
    for (int n = 0; n < TICKS; n++) {
        for (int i = 0; i < BCUE_SENSOR_COUNT; i++) {
            bcue_error error;
            bcue_verdict verdict;
            const void *bytes[] = {record.camera[n].data, record.lidar[n].data, record.radar[n].data};
            const size_t sizes[] = {record.camera[n].size, record.lidar[n].size, record.radar[n].size};
            if (n > 8 && ((i == BCUE_SENSOR_GPS && n % 4 < 2) || (i == BCUE_SENSOR_CAMERA && n % 5 == 2)))
                continue; /* windows with gaps: held, and carried on */
            const bcue_call_counts before = bcue_call_counts_now();
            const bcue_status status =
                i < 3 ? bcue_session_push(s.stream, (bcue_sensor)i, time_of(n), bytes[i], sizes[i], &verdict,
                                          &error)
                      : bcue_session_push_fix(s.stream, time_of(n), record.fix[n], &verdict, &error);
            const bcue_call_counts after = bcue_call_counts_now();
            CHECK(status == BCUE_OK && verdict == BCUE_FRAME_GOOD);
            CHECK_INT(after.locks, before.locks);
            if (n > 4) {
                CHECK(n == 5 || after.allocations - before.allocations == per_push[i]);
                per_push[i] = after.allocations - before.allocations;
            }
        }
        ask(s.stream, n, n % 3 == 1 ? 0 : n % 3 == 2 ? INFINITY : 10, &seen);
    }
    for (int i = 0; i < 400 && (i < 20 || seen.rungs[BCUE_RUNG_COMPRESSED] == 0); i++)
        ask(s.stream, TICKS - 1, seen.compressed_s + 0.5 * seen.network_s, &seen);
    CHECK(seen.held > 3 && seen.carried > 3);
    CHECK(seen.rungs[BCUE_RUNG_NETWORK] > 0 && seen.rungs[BCUE_RUNG_COMPRESSED] > 0);
    printf(
        "calls of the allocator per push: camera (PNG) %ld, LiDAR %ld, radar %ld, GPS %ld; per prediction: "
        "0\n",
        per_push[0], per_push[1], per_push[2], per_push[3]);
    CHECK_INT(per_push[BCUE_SENSOR_GPS], 0);
    close_scene(&s);
    bcue_model_destroy(compressed);
}

enum { THREADS = 2, SESSIONS = 4 };

typedef struct worker {
    bcue_session *session[SESSIONS];
    int32_t best[SESSIONS][TICKS];
    int failures;
} worker;

static void *work(void *argument)
{
    worker *w = argument;
    for (int n = 0; n < TICKS; n++)
        for (int k = 0; k < SESSIONS; k++) {
            bcue_error error;
            bcue_answer answer;
            bcue_session *s = w->session[k];
            bcue_status status = bcue_session_push_fix(s, time_of(n), record.fix[n], NULL, &error);
            if (status == BCUE_OK)
                status = bcue_session_push(s, BCUE_SENSOR_CAMERA, time_of(n), record.camera[n].data,
                                           record.camera[n].size, NULL, &error);
            if (status == BCUE_OK && n % SESSIONS == k) /* a deadline that it may miss */
                status = bcue_session_predict(s, time_of(n), time_of(n) + 1e-3, &answer, &error);
            if (status == BCUE_OK)
                status = bcue_session_predict(s, time_of(n), INFINITY, &answer, &error);
            w->failures += status != BCUE_OK || answer.rung != BCUE_RUNG_NETWORK;
            w->best[k][n] = status == BCUE_OK ? answer.beams[0].beam : -1;
        }
    return NULL;
}

static void eight_sessions_on_two_threads(void)
{
    static worker workers[THREADS];
    bcue_error error = {""};
    pthread_t thread[THREADS];
    bcue_model *model = open_model(PATH), *compressed = open_compressed(COMPRESSED);
    for (int t = 0; t < THREADS; t++)
        for (int k = 0; k < SESSIONS; k++) {
            const bcue_session_options options = {.ring_frames = FRAMES, .threads = 1};
            CHECK_OK(bcue_session_create_with(model, &options, &workers[t].session[k], &error), error);
            const bcue_stream_options with = {.rsu = rsu, .compressed = compressed};
            CHECK_OK(bcue_session_stream(workers[t].session[k], &with, &error), error);
        }
    for (int t = 0; t < THREADS; t++)
        CHECK(pthread_create(&thread[t], NULL, work, &workers[t]) == 0);
    for (int t = 0; t < THREADS; t++)
        CHECK(pthread_join(thread[t], NULL) == 0);
    for (int t = 0; t < THREADS; t++)
        for (int k = 0; k < SESSIONS; k++) {
            CHECK_INT(workers[t].failures, 0);
            for (int n = 0; n < TICKS; n++)
                CHECK_INT(workers[t].best[k][n], workers[0].best[0][n]);
            bcue_session_destroy(workers[t].session[k]);
        }
    bcue_model_destroy(model);
    bcue_model_destroy(compressed);
}

int main(void)
{
    make_recording();
    RUN(calls_are_few);
    RUN(eight_sessions_on_two_threads);
    free_recording();
    (void)remove(PATH);
    (void)remove(COMPRESSED);
    return check_summary();
}

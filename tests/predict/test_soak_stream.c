/* test_soak_stream MINUTES RATE: a stream of four sensors for so long, at so many instants a second (0: as
   fast as it goes), with faults of every kind, bytes of no kind, times out of order and deadlines that cannot
   be kept. Every call has to succeed, a late answer has to say so, memory must not grow. */
#include "sanitized.h"
#include "stream_scene.h"

#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/text.h"

#define PATH BCUE_BINARY_DIR "/soak_stream.safetensors"
#define COMPRESSED BCUE_BINARY_DIR "/soak_stream_compressed.safetensors"
#define TRACKER BCUE_BINARY_DIR "/soak_stream_tracker.safetensors"

typedef struct tally {
    unsigned long pushes, verdicts[BCUE_VERDICT_COUNT], answers, rungs[BCUE_RUNG_COUNT], late, cut,
        unannounced;
    double longest_ms, over_ms; /* over: the most by which an answer was late */
} tally;

/* KiB that the process holds; 0: unknown. */
static long resident_kib(void)
{
    long pages = 0, held = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL)
        return 0;
    if (fscanf(file, "%ld %ld", &pages, &held) != 2)
        held = 0;
    fclose(file);
    return held * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Some bytes of a frame, changed in one of several ways; the caller frees them. */
static uint8_t *damage(bcue_rng *rng, const void *data, size_t *size)
{
    const uint32_t kind = bcue_rng_below(rng, 4);
    uint8_t *bytes = malloc(*size + 1);
    if (bytes == NULL)
        return NULL;
    memcpy(bytes, data, *size);
    if (kind == 0) /* cut */
        *size = bcue_rng_below(rng, (uint32_t)*size + 1);
    else if (kind == 1) /* a few flipped bits */
        for (int i = 0; i < 8; i++)
            bytes[bcue_rng_below(rng, (uint32_t)*size)] ^= (uint8_t)(1U << bcue_rng_below(rng, 8));
    else if (kind == 2) /* garbage */
        for (size_t i = 0; i < *size; i++)
            bytes[i] = (uint8_t)bcue_rng_u32(rng);
    else /* zeros to the end */
        memset(bytes + *size / 4, 0, *size - *size / 4);
    return bytes;
}

static void push_one(bcue_session *session, bcue_rng *rng, int sensor, double time_s, int n, tally *t)
{
    const void *data[] = {record.camera[n].data, record.lidar[n].data, record.radar[n].data};
    const size_t sizes[] = {record.camera[n].size, record.lidar[n].size, record.radar[n].size};
    bcue_error error = {""};
    bcue_verdict verdict = BCUE_FRAME_GOOD;
    const double dice = bcue_rng_uniform(rng);
    if (dice < 0.05)
        return; /* lost */
    if (dice < 0.07)
        time_s += bcue_rng_range(rng, -5, 5);
    else if (dice < 0.075)
        time_s = bcue_rng_below(rng, 2) == 0 ? NAN : bcue_rng_range(rng, -1e18, 1e18);
    if (sensor == BCUE_SENSOR_GPS) {
        bcue_fix fix = record.fix[n];
        if (dice > 0.97)
            fix.latitude_deg += bcue_rng_range(rng, -200, 200);
        else if (dice > 0.95)
            fix.longitude_deg = NAN;
        CHECK_OK(bcue_session_push_fix(session, time_s, fix, &verdict, &error), error);
    } else {
        size_t size = sizes[sensor];
        uint8_t *damaged = dice > 0.85 ? damage(rng, data[sensor], &size) : NULL;
        CHECK_OK(bcue_session_push(session, (bcue_sensor)sensor, time_s,
                                   damaged != NULL ? damaged : data[sensor], size, &verdict, &error),
                 error);
        free(damaged);
    }
    t->pushes++;
    t->verdicts[verdict]++;
}

static void ask(bcue_session *session, bcue_rng *rng, double now_s, tally *t)
{
    bcue_error error = {""};
    bcue_answer answer;
    const uint32_t dice = bcue_rng_below(rng, 10);
    const double budget_s = dice == 0   ? -1
                            : dice == 1 ? 0
                            : dice < 6  ? bcue_rng_range(rng, 0, 0.02)
                            : dice < 9  ? 0.04
                                        : INFINITY;
    CHECK_OK(bcue_session_predict(session, now_s, now_s + budget_s, &answer, &error), error);
    const double over_ms = answer.total_ms - 1e3 * budget_s;
    CHECK(answer.count == BEAMS);
    for (size_t k = 1; answer.rung > BCUE_RUNG_SWEEP && k < answer.count; k++)
        CHECK(answer.beams[k].probability <= answer.beams[k - 1].probability);
    t->answers++;
    t->rungs[answer.rung]++;
    t->late += answer.late != 0;
    t->cut += answer.cut != 0;
    t->unannounced += over_ms > 1e-6 && !answer.late;
    t->over_ms = budget_s > 0 && over_ms > t->over_ms ? over_ms : t->over_ms;
    t->longest_ms = answer.longest_operator_ms > t->longest_ms ? answer.longest_operator_ms : t->longest_ms;
}

static void rest_until(double due_s)
{
    const double left_s = due_s - bcue_clock_s();
    if (left_s <= 0)
        return;
    const struct timespec rest = {.tv_sec = (time_t)left_s,
                                  .tv_nsec = (long)(1e9 * (left_s - (double)(time_t)left_s))};
    (void)nanosleep(&rest, NULL);
}

static void report(const tally *t, long first_kib, long last_kib)
{
    printf("%lu frames:", t->pushes);
    for (int v = 0; v < BCUE_VERDICT_COUNT; v++)
        if (t->verdicts[v] > 0)
            printf(" %s %lu", bcue_verdict_name((bcue_verdict)v), t->verdicts[v]);
    printf("\n%lu answers:", t->answers);
    for (int r = 0; r < BCUE_RUNG_COUNT; r++)
        printf(" %s %lu", bcue_rung_name((bcue_rung)r), t->rungs[r]);
    printf("; stopped %lu, late %lu (by at most %.2f ms), late without saying so %lu; longest operator %.2f "
           "ms\nmemory: %ld KiB after warm-up, %ld KiB at the end\n",
           t->cut, t->late, t->over_ms, t->unannounced, t->longest_ms, first_kib, last_kib);
}

int main(int argc, char **argv)
{
    double minutes = 0.05, rate_hz = 0;
    if (argc > 3 || (argc > 1 && !bcue_parse_double(argv[1], &minutes)) ||
        (argc > 2 && !bcue_parse_double(argv[2], &rate_hz))) {
        fprintf(stderr, "usage: test_soak_stream [MINUTES [RATE]]\n");
        return 2;
    }
    check_test_name = "soak";
    check_tests = 1;
    make_recording();
    bcue_model *tracking = open_tracker(TRACKER);
    bcue_model *compressed = open_compressed(COMPRESSED);
    scene s = open_scene(PATH, &(bcue_stream_options){.tracker = tracking, .compressed = compressed});
    static tally t;
    bcue_rng rng = bcue_rng_make(1, BCUE_RNG_TEST, 0, 0, 0);
    const double started_s = bcue_clock_s(), ends_s = started_s + 60 * minutes;
    long first_kib = 0;
    for (unsigned long i = 0; bcue_clock_s() < ends_s; i++) {
        const double now_s = time_of(0) + 0.1 * (double)i;
        const int n = (int)(i % TICKS);
        if (rate_hz > 0)
            rest_until(started_s + (double)i / rate_hz);
        if (bcue_rng_below(&rng, 200) == 0)
            bcue_session_forget(s.stream);
        for (int sensor = 0; sensor < BCUE_SENSOR_COUNT; sensor++)
            push_one(s.stream, &rng, sensor, now_s, n, &t);
        ask(s.stream, &rng, now_s, &t);
        if (first_kib == 0 && bcue_clock_s() - started_s > 6 * minutes) /* a tenth of the time */
            first_kib = resident_kib();
    }
    const long last_kib = resident_kib();
    report(&t, first_kib, last_kib);
    CHECK_INT(t.unannounced, 0);
    CHECK(t.answers > 0 && t.rungs[BCUE_RUNG_NETWORK] > 0);
#ifndef SANITIZED /* which keeps what was freed */
    CHECK_AT(last_kib - first_kib < 4096, "memory grew by %ld KiB", last_kib - first_kib);
#endif
    close_scene(&s);
    bcue_model_destroy(tracking);
    bcue_model_destroy(compressed);
    free_recording();
    (void)remove(PATH);
    (void)remove(TRACKER);
    (void)remove(COMPRESSED);
    return check_summary();
}

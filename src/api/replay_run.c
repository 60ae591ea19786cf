#include "api/replay_run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/memory.h"
#include "metrics/quantile.h"

enum { WAITING = 64 };
#define LARGEST_FRAME ((size_t)256 << 20)
static const double jump_deg = 0.003; /* of latitude, a third of a kilometre */

/* A late frame on its way. */
typedef struct waiting_frame {
    bcue_bytes bytes;
    bcue_fix fix;
    double time_s, due_s;
    uint64_t faults; /* that fell upon it, as bits */
} waiting_frame;

typedef struct player {
    const bcue_dataset *dataset;
    const bcue_replay_options *options;
    bcue_playback *replay;
    bcue_session *session, *alone; /* alone: the tracker without the network; NULL */
    const bcue_replay_models *models;
    bcue_bytes before[BCUE_SENSOR_COUNT]; /* the last frame that no fault fell upon */
    waiting_frame waiting[BCUE_SENSOR_COUNT][WAITING];
    size_t waiting_count[BCUE_SENSOR_COUNT];
    double push_ms; /* of this instant */
    bcue_fix rsu;
    int32_t scenario;
    bool open;
} player;

void bcue_replay_free(bcue_playback *replay)
{
    free(replay->rows);
    free(replay->faults);
    *replay = (bcue_playback){0};
}

/* ---- frames ---- */

static void note_verdict(player *p, uint64_t faults, bcue_verdict verdict)
{
    for (size_t f = 0; f < p->replay->fault_count; f++)
        if (faults >> f & 1)
            p->replay->faults[f].met[verdict]++;
}

static void note_lost(player *p, uint64_t faults)
{
    for (size_t f = 0; f < p->replay->fault_count; f++)
        p->replay->faults[f].lost += faults >> f & 1;
}

static bcue_status push(player *p, bcue_sensor sensor, double time_s, const bcue_bytes *bytes, bcue_fix fix,
                        uint64_t faults, bcue_error *error)
{
    bcue_verdict verdict;
    const double started = bcue_clock_s();
    BCUE_TRY(sensor == BCUE_SENSOR_GPS
                 ? bcue_session_push_fix(p->session, time_s, fix, &verdict, error)
                 : bcue_session_push(p->session, sensor, time_s, bytes->data, bytes->size, &verdict, error));
    p->push_ms += 1e3 * (bcue_clock_s() - started);
    note_verdict(p, faults, verdict);
    if (sensor == BCUE_SENSOR_GPS && p->alone != NULL)
        return bcue_session_push_fix(p->alone, time_s, fix, NULL, error);
    return BCUE_OK;
}

/* What the disk has of a frame; bytes->data NULL: nothing. */
static bcue_status read_frame(const player *p, const bcue_sample *sample, bcue_sensor sensor,
                              bcue_bytes *bytes, bcue_error *error)
{
    const char *const *files = sample->file[sensor];
    const size_t newest = (size_t)bcue_dataset_frames(p->dataset) - 1;
    *bytes = (bcue_bytes){0};
    if (files == NULL || files[newest] == NULL)
        return BCUE_OK;
    char *path = bcue_dataset_path(p->dataset, sample, files[newest]);
    if (path == NULL)
        return bcue_fail_memory(error, files[newest]);
    const bcue_status status = bcue_file_read(path, LARGEST_FRAME, bytes, error);
    free(path);
    return status == BCUE_ERROR_MEMORY ? status : BCUE_OK; /* a frame that is not there */
}

/* Which faults fall upon this frame, as bits. */
static uint64_t find_faults(player *p, const bcue_replay_row *row, bcue_sensor sensor, size_t frame)
{
    uint64_t found = 0;
    for (size_t f = 0; f < p->replay->fault_count; f++) {
        bcue_fault *fault = &p->replay->faults[f];
        if (fault->sensor != sensor ||
            !bcue_fault_falls(fault, f, p->options->seed, row->episode, frame, row->time_s))
            continue;
        fault->frames++;
        found |= (uint64_t)1 << f;
    }
    return found;
}

static bcue_status apply_faults(player *p, uint64_t faults, bcue_sensor sensor, size_t frame,
                                bcue_bytes *bytes, bcue_fix *fix, bcue_error *error)
{
    for (size_t f = 0; f < p->replay->fault_count; f++) {
        const bcue_fault *fault = &p->replay->faults[f];
        if ((faults >> f & 1) == 0)
            continue;
        if (fault->kind == BCUE_FAULT_JUMP)
            fix->latitude_deg += jump_deg;
        else if (fault->kind == BCUE_FAULT_NOFIX)
            *fix = (bcue_fix){NAN, NAN};
        else if (bytes->data != NULL)
            BCUE_TRY(bcue_fault_apply(fault, p->options->seed, frame, &p->before[sensor], bytes, error));
    }
    return BCUE_OK;
}

static bcue_status keep_copy(const bcue_bytes *bytes, bcue_bytes *copy, bcue_error *error)
{
    copy->data = bcue_calloc(bytes->size + 1, 1);
    if (copy->data == NULL)
        return bcue_fail_memory(error, "a frame");
    memcpy(copy->data, bytes->data, bytes->size);
    copy->size = bytes->size;
    return BCUE_OK;
}

static double lateness_s(const player *p, uint64_t faults, bcue_fault_kind kind, bool *any)
{
    double late_s = 0;
    for (size_t f = 0; f < p->replay->fault_count; f++)
        if ((faults >> f & 1) && p->replay->faults[f].kind == kind) {
            *any = true;
            late_s += p->replay->faults[f].duration_s;
        }
    return late_s;
}

/* Takes the bytes. */
static void wait(player *p, bcue_sensor sensor, double time_s, double due_s, bcue_bytes *bytes, bcue_fix fix,
                 uint64_t faults)
{
    size_t *count = &p->waiting_count[sensor];
    if (*count == WAITING) {
        note_lost(p, faults);
        return;
    }
    p->waiting[sensor][(*count)++] = (waiting_frame){*bytes, fix, time_s, due_s, faults};
    *bytes = (bcue_bytes){0};
}

static bcue_status deliver_waiting(player *p, bcue_sensor sensor, double now_s, bcue_error *error)
{
    size_t left = 0;
    bcue_status status = BCUE_OK;
    for (size_t i = 0; i < p->waiting_count[sensor]; i++) {
        waiting_frame *frame = &p->waiting[sensor][i];
        if (frame->due_s > now_s || status != BCUE_OK) {
            p->waiting[sensor][left++] = *frame;
            continue;
        }
        status = push(p, sensor, frame->time_s, &frame->bytes, frame->fix, frame->faults, error);
        bcue_bytes_free(&frame->bytes);
    }
    p->waiting_count[sensor] = left;
    return status;
}

static bcue_status play_sensor(player *p, const bcue_replay_row *row, bcue_sensor sensor, size_t frame,
                               bcue_error *error)
{
    const bcue_sample *sample = row->sample;
    bcue_bytes bytes = {0};
    const double *newest = sample->fix != NULL ? sample->fix + 2 * (bcue_dataset_gps_frames(p->dataset) - 1)
                                               : (const double[2]){NAN, NAN};
    bcue_fix fix = {newest[0], newest[1]};
    bool dropped = false, is_late = false;
    bcue_status status = BCUE_OK;
    if (sensor != BCUE_SENSOR_GPS)
        BCUE_TRY(read_frame(p, sample, sensor, &bytes, error));
    else if (sample->fix == NULL)
        return BCUE_OK;
    if (sensor != BCUE_SENSOR_GPS && bytes.data == NULL)
        return BCUE_OK;
    const uint64_t faults = find_faults(p, row, sensor, frame);
    if (p->before[sensor].data == NULL &&
        bytes.data != NULL) /* what a sensor that is frozen from the start sends */
        status = keep_copy(&bytes, &p->before[sensor], error);
    if (status == BCUE_OK)
        status = apply_faults(p, faults, sensor, frame, &bytes, &fix, error);
    (void)lateness_s(p, faults, BCUE_FAULT_DROP, &dropped);
    const double late_s = lateness_s(p, faults, BCUE_FAULT_LATE, &is_late);
    if (status == BCUE_OK && dropped)
        note_lost(p, faults);
    else if (status == BCUE_OK && is_late)
        wait(p, sensor, row->time_s, row->time_s + late_s, &bytes, fix, faults);
    else if (status == BCUE_OK)
        status = push(p, sensor, row->time_s, &bytes, fix, faults, error);
    if (faults == 0) {
        bcue_bytes_free(&p->before[sensor]);
        p->before[sensor] = bytes;
    } else {
        bcue_bytes_free(&bytes);
    }
    return status;
}

/* ---- episodes ---- */

static void empty_queues(player *p)
{
    for (int s = 0; s < BCUE_SENSOR_COUNT; s++) {
        for (size_t i = 0; i < p->waiting_count[s]; i++) {
            note_lost(p, p->waiting[s][i].faults);
            bcue_bytes_free(&p->waiting[s][i].bytes);
        }
        p->waiting_count[s] = 0;
        bcue_bytes_free(&p->before[s]);
    }
}

/* The median time from one row of an episode to the next. 0: no two rows follow one another. */
static double median_step_s(const bcue_playback *replay)
{
    double *steps = bcue_calloc(replay->count + 1, sizeof *steps), median = 0;
    size_t count = 0;
    for (size_t i = 1; steps != NULL && i < replay->count; i++)
        if (replay->rows[i].episode == replay->rows[i - 1].episode)
            steps[count++] = replay->rows[i].time_s - replay->rows[i - 1].time_s;
    if (count > 0)
        median = bcue_median(steps, count);
    free(steps);
    return median;
}

/* Another drive past: nothing of the one before counts. Recipes may depend on place and scenario. */
static bcue_status begin_episode(player *p, const bcue_sample *sample, double length_s, size_t episode,
                                 bcue_error *error)
{
    const bcue_fix rsu = {sample->rsu_fix[0], sample->rsu_fix[1]};
    empty_queues(p);
    for (size_t f = 0; f < p->replay->fault_count; f++)
        bcue_fault_begin_episode(&p->replay->faults[f], f, p->options->seed, episode, length_s);
    const bool same = p->open && memcmp(&rsu, &p->rsu, sizeof rsu) == 0 && sample->scenario == p->scenario;
    if (same) {
        bcue_session_forget(p->session);
        if (p->alone != NULL)
            bcue_session_forget(p->alone);
        return BCUE_OK;
    }
    bcue_stream_options stream = p->options->stream;
    if (!(stream.step_s > 0))
        stream.step_s = median_step_s(p->replay) * bcue_dataset_stride(p->dataset);
    stream.rsu = rsu;
    stream.scenario = sample->scenario;
    stream.tracker = stream.compressed = NULL;
    if (p->alone != NULL)
        BCUE_TRY(bcue_session_stream(p->alone, &stream, error));
    stream.tracker = p->models->tracker;
    stream.compressed = p->models->compressed;
    BCUE_TRY(bcue_session_stream(p->session, &stream, error));
    p->rsu = rsu;
    p->scenario = sample->scenario;
    p->open = true;
    return BCUE_OK;
}

/* ---- instants ---- */

static double below_best_db(const double *power, int32_t beams, const bcue_beam_answer *answer, size_t count)
{
    double best = 0, reached = 0;
    for (int32_t b = 0; b < beams; b++)
        best = power[b] > best ? power[b] : best;
    for (size_t k = 0; k < count; k++)
        reached = power[answer[k].beam] > reached ? power[answer[k].beam] : reached;
    return best > 0 && reached > 0 ? 10 * log10(best / reached) : NAN;
}

static void score(bcue_replay_row *row, const bcue_answer *answer, int32_t beams)
{
    const double *power = row->sample->power;
    row->loss_db = row->loss3_db = row->probe_loss_db = NAN;
    if (power == NULL || answer->rung == BCUE_RUNG_SWEEP)
        return;
    row->loss_db = below_best_db(power, beams, answer->beams, 1);
    row->loss3_db = below_best_db(power, beams, answer->beams, answer->count < 3 ? answer->count : 3);
    if (answer->probe > 0)
        row->probe_loss_db = below_best_db(power, beams, answer->beams, answer->probe);
}

static void record(player *p, bcue_replay_row *row, const bcue_answer *answer)
{
    row->rung = answer->rung;
    row->first = answer->rung == BCUE_RUNG_SWEEP ? -1 : answer->beams[0].beam;
    row->probe = answer->probe;
    row->pattern = answer->pattern;
    row->latency_ms = p->push_ms + answer->total_ms;
    row->prepare_ms = p->push_ms;
    row->network_ms = answer->network_ms;
    row->compressed_ms = answer->compressed_ms;
    row->age_ms = answer->age_ms;
    row->validity_ms = answer->validity_ms;
    row->late = answer->late != 0;
    row->cut = answer->cut != 0;
    row->compressed_cut = answer->compressed_cut != 0;
    memcpy(row->sources, answer->sources, sizeof row->sources);
    p->replay->calibrated = p->replay->calibrated || answer->calibrated != 0;
    if (answer->longest_operator_ms > p->replay->longest_operator_ms)
        p->replay->longest_operator_ms = answer->longest_operator_ms;
    score(row, answer, p->replay->beams);
}

static bcue_status ask(player *p, bcue_replay_row *row, size_t index, bcue_error *error)
{
    const bcue_replay_options *o = p->options;
    const double now_s = row->time_s + 1e-3 * o->delay_ms;
    const double left_s = o->deadline_ms > 0 ? 1e-3 * (o->deadline_ms - p->push_ms) : INFINITY;
    bcue_answer answer;
    row->tracked = -1;
    if (p->alone != NULL) {
        BCUE_TRY(bcue_session_predict(p->alone, now_s, INFINITY, &answer, error));
        row->tracked = answer.rung == BCUE_RUNG_NETWORK ? answer.beams[0].beam : -1;
    }
    BCUE_TRY(bcue_session_predict(p->session, now_s, now_s + left_s, &answer, error));
    record(p, row, &answer);
    const bcue_replay_tick tick = {.index = index,
                                   .total = p->replay->count,
                                   .id = row->sample->id,
                                   .answer = &answer,
                                   .best = row->sample->label,
                                   .loss_db = row->loss_db,
                                   .latency_ms = row->latency_ms};
    if (o->tick != NULL)
        o->tick(o->cookie, &tick);
    return BCUE_OK;
}

/* Waits until instant `index` is due. */
static void keep_pace(player *p, size_t index, double started_s)
{
    if (!(p->options->rate_hz > 0))
        return;
    const double due_s = started_s + (double)index / p->options->rate_hz, left_s = due_s - bcue_clock_s();
    p->replay->behind += left_s < -1e-3;
    if (left_s <= 0)
        return;
    const double whole_s = floor(left_s);
    const struct timespec rest = {.tv_sec = (time_t)whole_s, .tv_nsec = (long)(1e9 * (left_s - whole_s))};
    (void)nanosleep(&rest, NULL);
}

static bcue_status play_instant(player *p, size_t index, size_t frame, bcue_error *error)
{
    bcue_replay_row *row = &p->replay->rows[index];
    p->push_ms = 0;
    for (int s = 0; s < BCUE_SENSOR_COUNT; s++) {
        BCUE_TRY(deliver_waiting(p, (bcue_sensor)s, row->time_s, error));
        BCUE_TRY(play_sensor(p, row, (bcue_sensor)s, frame, error));
    }
    return ask(p, row, index, error);
}

static bcue_status play_all(player *p, const bcue_hooks *hooks, bcue_error *error)
{
    bcue_playback *replay = p->replay;
    const double started_s = bcue_clock_s();
    size_t first = 0;
    for (size_t i = 0; i < replay->count; i++) {
        const bcue_replay_row *row = &replay->rows[i];
        if (i == 0 || row->episode != replay->rows[i - 1].episode) {
            size_t last = i;
            while (last + 1 < replay->count && replay->rows[last + 1].episode == row->episode)
                last++;
            BCUE_TRY(begin_episode(p, row->sample, replay->rows[last].time_s, row->episode, error));
            first = i;
        }
        if (hooks != NULL && hooks->cancelled != NULL && hooks->cancelled(hooks->cookie) != 0)
            return bcue_fail(error, BCUE_ERROR_CANCELLED, "stopped after %zu of %zu instants", i,
                             replay->count);
        keep_pace(p, i, started_s);
        BCUE_TRY(play_instant(p, i, i - first, error));
        if (hooks != NULL && hooks->progress != NULL && p->options->tick == NULL)
            hooks->progress(hooks->cookie, "replay", i + 1, replay->count);
    }
    replay->wall_s = bcue_clock_s() - started_s;
    return BCUE_OK;
}

/* ---- the whole ---- */

/* Episodes as they follow one another, each with a clock of its own that starts at 0. */
static void lay_out(const bcue_dataset *dataset, const size_t *samples, const bool *tested,
                    bcue_playback *replay)
{
    double start_s = 0;
    for (size_t i = 0; i < replay->count; i++) {
        bcue_replay_row *row = &replay->rows[i];
        row->sample = bcue_dataset_sample(dataset, samples[i]);
        const bcue_sample *before = i > 0 ? replay->rows[i - 1].sample : NULL;
        const bool follows = before != NULL && before->source == row->sample->source &&
                             before->episode == row->sample->episode && row->sample->time_s > before->time_s;
        if (!follows) {
            start_s = row->sample->time_s;
            replay->episodes++;
        }
        row->episode = replay->episodes - 1;
        row->time_s = row->sample->time_s - start_s;
        row->scored = row->sample->power != NULL && (tested == NULL || tested[i]);
    }
}

static bcue_status read_faults(const bcue_replay_options *o, bcue_playback *replay, bcue_error *error)
{
    if (o->fault_count > 64)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "at most 64 faults at a time, not %zu", o->fault_count);
    replay->faults = bcue_calloc(o->fault_count, sizeof *replay->faults);
    if (replay->faults == NULL)
        return bcue_fail_memory(error, "the faults");
    for (; replay->fault_count < o->fault_count; replay->fault_count++)
        BCUE_TRY(
            bcue_fault_parse(o->faults[replay->fault_count], &replay->faults[replay->fault_count], error));
    return BCUE_OK;
}

bcue_status bcue_replay_play(const bcue_replay_models *models, const bcue_dataset *dataset,
                             const size_t *samples, const bool *tested, size_t count,
                             const bcue_replay_options *options, const bcue_hooks *hooks,
                             bcue_playback *replay, bcue_error *error)
{
    player *p = bcue_calloc(1, sizeof *p);
    *replay = (bcue_playback){.count = count,
                              .beams = bcue_dataset_beams(dataset),
                              .monotone = bcue_dataset_index_monotone(dataset),
                              .test_part = tested != NULL,
                              .compressed = models->compressed != NULL,
                              .delay_ms = options->delay_ms};
    replay->rows = bcue_calloc(count, sizeof *replay->rows);
    if (p == NULL || replay->rows == NULL) {
        free(p);
        return bcue_fail_memory(error, "the replay");
    }
    p->dataset = dataset;
    p->options = options;
    p->replay = replay;
    p->models = models;
    lay_out(dataset, samples, tested, replay);
    bcue_status status = read_faults(options, replay, error);
    if (status == BCUE_OK)
        status = bcue_session_create_with(models->network, &options->session, &p->session, error);
    if (status == BCUE_OK && models->tracker != NULL)
        status = bcue_session_create(models->tracker, &p->alone, error);
    if (status == BCUE_OK)
        status = play_all(p, hooks, error);
    empty_queues(p);
    bcue_session_destroy(p->session);
    bcue_session_destroy(p->alone);
    free(p);
    return status;
}

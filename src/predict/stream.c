/* Streams: their options, and the frames that are pushed. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/hash.h"
#include "base/memory.h"
#include "models/codebook_note.h"
#include "predict/frame_judge.h"
#include "predict/stream_parts.h"

_Static_assert((int)BCUE_SENSOR_CAMERA == (int)BCUE_INPUT_CAMERA &&
                   (int)BCUE_SENSOR_LIDAR == (int)BCUE_INPUT_LIDAR &&
                   (int)BCUE_SENSOR_RADAR == (int)BCUE_INPUT_RADAR &&
                   (int)BCUE_SENSOR_GPS == (int)BCUE_INPUT_POSITION,
               "sensors are in the order of the inputs of a model");

/* So many frames of a sensor are kept for every frame of the window: sensors may be faster than the step. */
enum { KEPT_PER_FRAME = 4, LEAST_KEPT = 8, LEAST_FIXES = 17 };
#define STREAM_ID ((uint64_t)1 << 63) /* apart from the names that callers of bcue_predict give */

const char *bcue_sensor_name(bcue_sensor sensor)
{
    static const char *const names[] = {"camera", "lidar", "radar", "gps"};
    return (unsigned)sensor < BCUE_SENSOR_COUNT ? names[sensor] : "unknown";
}

const char *bcue_verdict_name(bcue_verdict verdict)
{
    static const char *const names[] = {"good",   "unwanted",  "unreadable", "bad-time", "late",   "frozen",
                                        "black",  "saturated", "flat",       "empty",    "no-fix", "jump",
                                        "future", "stale",     "never",      "lost"};
    _Static_assert(sizeof names / sizeof *names == BCUE_VERDICT_COUNT, "a name for each");
    return (unsigned)verdict < BCUE_VERDICT_COUNT ? names[verdict] : "unknown";
}

/* ---- making ---- */

static double or_default(double value, double usual)
{
    return value == 0 ? usual : value;
}

static size_t count_fixes(const bcue_model *model)
{
    const bcue_model_file *file = &model->file;
    if (!bcue_model_needs(&file->config, BCUE_INPUT_POSITION))
        return 0;
    return file->inputs.gps_frames > 0 ? (size_t)file->inputs.gps_frames : 1;
}

/* Frames of a picture sensor, or fixes, that a window of the model has. */
static size_t window_of(const bcue_model *model, int which)
{
    const bcue_model_file *file = &model->file;
    if (which == BCUE_SENSOR_GPS)
        return count_fixes(model);
    return bcue_model_needs(&file->config, (bcue_model_input)which) && !bcue_model_is_table(&file->config)
               ? (size_t)file->inputs.frames
               : 0;
}

static size_t frame_size(const bcue_model *model, int which)
{
    const bcue_picture_size shape = bcue_model_picture(&model->file.inputs, (bcue_model_input)which);
    return (size_t)(shape.channels * shape.height * shape.width);
}

/* Of one codebook, as far as the files say. */
static bcue_status check_codebook(const char *what, const bcue_model *other, const bcue_model *model,
                                  bcue_error *error)
{
    const bcue_model_file *a = &other->file, *b = &model->file;
    if (a->inputs.beams != b->inputs.beams)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "the %s ranks %lld beams and the model %lld: both have to be of one codebook", what,
                         (long long)a->inputs.beams, (long long)b->inputs.beams);
    if (a->codebook_yaml != NULL && b->codebook_yaml != NULL &&
        bcue_codebook_notes_differ(a->codebook_yaml, b->codebook_yaml))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "the %s was trained for another codebook than the model (their files describe their "
                         "beams differently): both have to be of one",
                         what);
    return BCUE_OK;
}

/* It answers from frames that are there for the session's model. */
static bcue_status check_compressed(const bcue_model *compressed, const bcue_model *model, bcue_error *error)
{
    if (compressed == NULL)
        return BCUE_OK;
    BCUE_TRY(check_codebook("compressed model", compressed, model, error));
    for (int i = 0; i < BCUE_SENSOR_COUNT; i++)
        if (window_of(compressed, i) > window_of(model, i))
            return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                             "the compressed model takes %zu of %s where the model takes %zu: it has to make "
                             "do with the same sensors and windows",
                             window_of(compressed, i), bcue_sensor_name((bcue_sensor)i), window_of(model, i));
    return BCUE_OK;
}

static bcue_status check(const bcue_session *session, const bcue_stream_options *o, bcue_error *error)
{
    const bcue_model *tracker = o->tracker;
    BCUE_TRY(check_compressed(o->compressed, session->model, error));
    const double positive[] = {o->step_s,     o->speed_limit_mps, o->jump_m,    o->stale_s[0],
                               o->stale_s[1], o->stale_s[2],      o->stale_s[3]};
    for (size_t i = 0; i < sizeof positive / sizeof *positive; i++)
        if (!(positive[i] >= 0 && positive[i] <= 1e6))
            return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                             "a stream's step_s, stale_s, speed_limit_mps and jump_m are 0 to 1e6, not %g",
                             positive[i]);
    for (int i = 0; i < BCUE_SENSOR_COUNT; i++)
        if (!isfinite(o->clock_offset_s[i]))
            return bcue_fail(error, BCUE_ERROR_ARGUMENT, "the clock of %s cannot be off by %g s",
                             bcue_sensor_name((bcue_sensor)i), o->clock_offset_s[i]);
    if (!(o->hold_s <= 1e6) || o->frozen_after < 0 || !(o->coverage >= 0 && o->coverage <= 1))
        return bcue_fail(
            error, BCUE_ERROR_ARGUMENT,
            "a stream holds frames up to 1e6 s, takes frozen_after from 0 and a coverage of 0 to "
            "1, not %g s, %d and %g",
            o->hold_s, o->frozen_after, o->coverage);
    if (!(o->carry_s <= 60) || o->least_frames < 0)
        return bcue_fail(
            error, BCUE_ERROR_ARGUMENT,
            "a stream carries fixes on for up to 60 s and takes least_frames from 0, not %g s and %d",
            o->carry_s, o->least_frames);
    if (tracker == NULL)
        return BCUE_OK;
    BCUE_TRY(check_codebook("tracker", tracker, session->model, error));
    for (int i = 0; i < BCUE_INPUT_COUNT; i++)
        if (i != BCUE_INPUT_POSITION && bcue_model_needs(&tracker->file.config, (bcue_model_input)i))
            return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                             "a tracker answers from positions alone, and this %s needs %s",
                             bcue_model_kind_names[tracker->file.config.kind], bcue_model_input_names[i]);
    return BCUE_OK;
}

/* Are both fed with the same numbers? */
static bool same_recipe(const bcue_model *a, const bcue_model *b, int which)
{
    const bcue_picture_size p = bcue_model_picture(&a->file.inputs, (bcue_model_input)which),
                            q = bcue_model_picture(&b->file.inputs, (bcue_model_input)which);
    return strcmp(a->file.features_yaml, b->file.features_yaml) == 0 && p.channels == q.channels &&
           p.height == q.height && p.width == q.width;
}

/* Places for what the compressed model takes of the sensor's frames. */
static bcue_status make_other(const bcue_session *session, const bcue_stream *stream, int which,
                              bcue_stream_sensor *s, bcue_error *error)
{
    if (stream->compressed == NULL)
        return BCUE_OK;
    const bcue_model *other = stream->compressed->model;
    s->other_window = window_of(other, which);
    if (which == BCUE_SENSOR_GPS || s->other_window == 0)
        return BCUE_OK;
    s->other_size = frame_size(other, which);
    const bool same = same_recipe(other, session->model, which);
    s->other = same ? NULL : bcue_calloc_aligned(s->room, s->other_size * sizeof *s->other);
    if (!same && s->other == NULL)
        return bcue_fail_memory(error, "the frames of a stream");
    for (size_t i = 0; i < s->room; i++)
        s->frames[i].other = same ? s->frames[i].features : s->other + i * s->other_size;
    return BCUE_OK;
}

static bcue_status make_sensor(const bcue_session *session, bcue_stream *stream, int which, bcue_error *error)
{
    bcue_stream_sensor *s = &stream->sensors[which];
    s->window = window_of(session->model, which);
    s->size = which == BCUE_SENSOR_GPS || s->window == 0 ? 0 : frame_size(session->model, which);
    s->wanted = s->window > 0 || (which == BCUE_SENSOR_GPS && stream->tracker_window > 0);
    if (!s->wanted)
        return BCUE_OK;
    const bool gps = which == BCUE_SENSOR_GPS;
    const size_t least = gps ? LEAST_FIXES : LEAST_KEPT;
    s->longest = gps && stream->tracker_window > s->window ? stream->tracker_window : s->window;
    s->room = KEPT_PER_FRAME * s->longest + 1;
    s->room = s->room < least ? least : s->room;
    s->frames = bcue_calloc(s->room, sizeof *s->frames);
    s->refused = bcue_calloc(s->room, sizeof *s->refused);
    s->how = bcue_calloc(s->longest, sizeof *s->how);
    s->pick = bcue_calloc(s->longest, sizeof *s->pick);
    s->from = bcue_calloc(s->longest, sizeof *s->from);
    s->there = bcue_calloc(s->longest, sizeof *s->there);
    s->places = bcue_calloc(s->longest, sizeof *s->places);
    s->track = bcue_calloc(s->room, sizeof *s->track);
    s->features = s->size > 0 ? bcue_calloc_aligned(s->room, s->size * sizeof *s->features) : NULL;
    if (s->frames == NULL || s->refused == NULL || s->how == NULL || s->pick == NULL || s->from == NULL ||
        s->there == NULL || s->places == NULL || s->track == NULL || (s->size > 0 && s->features == NULL))
        return bcue_fail_memory(error, "the frames of a stream");
    for (size_t i = 0; s->size > 0 && i < s->room; i++)
        s->frames[i].features = s->features + i * s->size;
    return make_other(session, stream, which, s, error);
}

static bcue_status make_tracker(bcue_stream *stream, const bcue_model *tracker, bcue_error *error)
{
    if (tracker == NULL)
        return BCUE_OK;
    stream->tracker_window = count_fixes(tracker);
    stream->tracker_fixes = bcue_calloc(stream->tracker_window, sizeof *stream->tracker_fixes);
    if (stream->tracker_fixes == NULL)
        return bcue_fail_memory(error, "a stream");
    return bcue_session_create(tracker, &stream->tracker, error);
}

static bcue_status make_compressed(const bcue_session *session, const bcue_model *compressed,
                                   bcue_stream *stream, bcue_error *error)
{
    if (compressed == NULL)
        return BCUE_OK;
    BCUE_TRY(bcue_session_create_with(compressed, &session->options, &stream->compressed, error));
    if (stream->compressed->radar != NULL) /* as for the session's own */
        bcue_radar_maps_accept_cubes(stream->compressed->radar, false);
    return BCUE_OK;
}

/* A first window, of zeros: what is done only once is done before the first deadline. */
static bcue_status warm_up(bcue_session *session, bcue_error *error)
{
    const bcue_model_inputs *inputs = &session->model->file.inputs;
    double ms;
    for (int run = 0; session->network != NULL && run < 2; run++) {
        bcue_network_begin(session->network, INFINITY);
        for (int i = 0; i < BCUE_PICTURE_INPUTS; i++)
            for (size_t f = 0; f < (size_t)inputs->frames; f++) {
                const bcue_picture_size shape = bcue_model_picture(inputs, (bcue_model_input)i);
                float *input = bcue_network_frame(session->network, (bcue_model_input)i, f);
                if (input == NULL)
                    continue;
                memset(input, 0, (size_t)(shape.channels * shape.height * shape.width) * sizeof *input);
                BCUE_TRY(bcue_network_take(session->network, (bcue_model_input)i, f, 0, error));
            }
        (void)bcue_network_longest_s(session->network, true);
        BCUE_TRY(bcue_session_score(session, (float[2]){NAN, NAN}, &ms, error));
    }
    session->scored = false;
    return BCUE_OK;
}

static bcue_status make(bcue_session *session, const bcue_stream_options *o, bcue_stream *stream,
                        bcue_error *error)
{
    stream->step_s = or_default(o->step_s, 0.1);
    stream->hold_s = o->hold_s < 0 ? 0 : or_default(o->hold_s, 0.5);
    stream->carry_s = o->carry_s < 0 ? 0 : or_default(o->carry_s, o->hold_s < 0 ? 0 : 2);
    stream->least_frames = o->least_frames == 0 ? 1 : (size_t)o->least_frames;
    stream->speed_limit_mps = or_default(o->speed_limit_mps, 40);
    stream->jump_m = or_default(o->jump_m, 20);
    stream->coverage = or_default(o->coverage, 0.9);
    stream->frozen_after = o->frozen_after == 0 ? 1 : o->frozen_after;
    stream->rsu = o->rsu;
    if (o->rsu.latitude_deg == 0 && o->rsu.longitude_deg == 0)
        stream->rsu = (bcue_fix){NAN, NAN};
    stream->scenario = o->scenario;
    stream->beams = (size_t)session->model->file.inputs.beams;
    stream->ranked = bcue_calloc(stream->beams, sizeof *stream->ranked);
    stream->answer = bcue_calloc(stream->beams, sizeof *stream->answer);
    stream->last = bcue_calloc(stream->beams, sizeof *stream->last);
    if (stream->ranked == NULL || stream->answer == NULL || stream->last == NULL)
        return bcue_fail_memory(error, "a stream");
    BCUE_TRY(bcue_beam_list_read(o->beams_csv, stream->beams, &stream->notes, error));
    BCUE_TRY(make_tracker(stream, o->tracker, error));
    BCUE_TRY(make_compressed(session, o->compressed, stream, error));
    for (int i = 0; i < BCUE_SENSOR_COUNT; i++) {
        BCUE_TRY(make_sensor(session, stream, i, error));
        stream->sensors[i].clock_offset_s = o->clock_offset_s[i];
        stream->sensors[i].stale_s =
            or_default(o->stale_s[i], i == BCUE_SENSOR_GPS ? 1.5 : 2.5 * stream->step_s);
    }
    if (stream->compressed != NULL)
        BCUE_TRY(warm_up(stream->compressed, error));
    return warm_up(session, error);
}

void bcue_stream_destroy(bcue_stream *stream)
{
    if (stream == NULL)
        return;
    for (int i = 0; i < BCUE_SENSOR_COUNT; i++) {
        free(stream->sensors[i].frames);
        free(stream->sensors[i].features);
        free(stream->sensors[i].other);
        free(stream->sensors[i].refused);
        free(stream->sensors[i].how);
        free(stream->sensors[i].pick);
        free(stream->sensors[i].from);
        free(stream->sensors[i].there);
        free(stream->sensors[i].places);
        free(stream->sensors[i].track);
    }
    bcue_beam_list_free(stream->notes, stream->beams);
    bcue_session_destroy(stream->tracker);
    bcue_session_destroy(stream->compressed);
    free(stream->tracker_fixes);
    free(stream->ranked);
    free(stream->answer);
    free(stream->last);
    free(stream);
}

bcue_status bcue_session_stream(bcue_session *session, const bcue_stream_options *options, bcue_error *error)
{
    static const bcue_stream_options usual;
    const bcue_stream_options *o = options != NULL ? options : &usual;
    BCUE_TRY(check(session, o, error));
    bcue_stream *made = bcue_calloc(1, sizeof *made);
    bcue_status status = made == NULL ? bcue_fail_memory(error, "a stream") : make(session, o, made, error);
    if (status != BCUE_OK) {
        bcue_stream_destroy(made);
        return status;
    }
    if (session->radar != NULL)
        bcue_radar_maps_accept_cubes(session->radar,
                                     false); /* nobody would say that they are out of domain */
    bcue_stream_destroy(session->stream);
    session->stream = made;
    bcue_session_forget(session);
    return BCUE_OK;
}

void bcue_session_forget(bcue_session *session)
{
    bcue_stream *stream = session->stream;
    session->scored = false;
    if (session->network != NULL)
        bcue_network_forget(session->network);
    if (stream == NULL)
        return;
    if (stream->compressed != NULL)
        bcue_session_forget(stream->compressed);
    for (int i = 0; i < BCUE_SENSOR_COUNT; i++) {
        bcue_stream_sensor *s = &stream->sensors[i];
        for (size_t k = 0; k < s->room; k++)
            s->frames[k].id = 0;
        for (size_t k = 0; k < s->room; k++)
            s->refused[k].verdict = BCUE_FRAME_GOOD;
        s->first_s = NAN;
        s->hash = 0;
        s->repeats = 0;
        s->rejected = BCUE_FRAME_GOOD;
    }
    stream->now_s = stream->last_s = NAN;
    stream->best = -1;
    stream->dwells = 0;
}

/* ---- pushing ---- */

/* A free place: there always is one. */
static bcue_kept_frame *free_place(const bcue_stream_sensor *s)
{
    size_t i = 0;
    while (i + 1 < s->room && s->frames[i].id != 0)
        i++;
    return &s->frames[i];
}

/* What was written there counts from now on; the oldest goes when no place would be left. */
static void keep(bcue_stream *stream, bcue_stream_sensor *s, bcue_kept_frame *place, double time_s)
{
    bcue_kept_frame *oldest = place;
    place->id = STREAM_ID | ++stream->frames;
    place->time_s = time_s;
    s->first_s = time_s >= s->first_s ? s->first_s : time_s; /* false while it is NaN */
    for (size_t i = 0; i < s->room; i++) {
        if (s->frames[i].id == 0)
            return;
        if (s->frames[i].time_s < oldest->time_s)
            oldest = &s->frames[i];
    }
    oldest->id = 0;
}

/* What became of a frame. */
static void note(bcue_stream_sensor *s, double time_s, bcue_verdict verdict)
{
    s->rejected = s->wanted ? verdict : BCUE_FRAME_GOOD;
    if (s->rejected == BCUE_FRAME_GOOD)
        return;
    s->refused[s->refusals++ % s->room] = (bcue_rejected_frame){time_s, verdict};
}

static bcue_verdict judge_time(const bcue_stream *stream, const bcue_stream_sensor *s, double time_s)
{
    if (!isfinite(time_s) || fabs(time_s) > 1e15)
        return BCUE_FRAME_BAD_TIME;
    const double span_s = (double)(s->window > 0 ? s->window - 1 : 0) * stream->step_s;
    if (time_s < stream->now_s - span_s - s->stale_s - stream->hold_s) /* false while now_s is NaN */
        return BCUE_FRAME_LATE;
    for (size_t i = 0; i < s->room; i++)
        if (s->frames[i].id != 0 && s->frames[i].time_s == time_s)
            return BCUE_FRAME_LATE;
    return BCUE_FRAME_GOOD;
}

/* Remembers the bytes. Fixes may repeat. */
static bool is_frozen(const bcue_stream *stream, bcue_stream_sensor *s, const void *data, size_t size)
{
    bcue_hash hash = bcue_hash_begin();
    bcue_hash_bytes(&hash, data, size);
    const uint64_t now = bcue_hash_end(&hash);
    s->repeats = now == s->hash ? s->repeats + 1 : 0;
    s->hash = now;
    return s->repeats >= stream->frozen_after;
}

static bcue_status take(bcue_session *session, bcue_sensor sensor, double time_s, const void *data,
                        size_t size, bcue_verdict *verdict, bcue_error *error)
{
    bcue_stream_sensor *s = &session->stream->sensors[sensor];
    const double started = bcue_clock_s();
    *verdict = judge_time(session->stream, s, time_s);
    if (*verdict != BCUE_FRAME_GOOD)
        return BCUE_OK;
    /* The same bytes that were rejected are so again, and for the same reason. */
    *verdict =
        s->rejected >= BCUE_FRAME_BLACK && s->rejected <= BCUE_FRAME_EMPTY ? s->rejected : BCUE_FRAME_FROZEN;
    if (is_frozen(session->stream, s, data, size))
        return BCUE_OK;
    bcue_kept_frame *place = free_place(s);
    BCUE_TRY(bcue_stream_read(session, sensor, data, size, place, verdict, error));
    if (*verdict != BCUE_FRAME_GOOD)
        return BCUE_OK;
    place->prepare_ms = 1e3 * (bcue_clock_s() - started);
    keep(session->stream, s, place, time_s);
    return BCUE_OK;
}

/* Against the last good fix before it. As time goes by, more is possible, so a receiver that is really
   elsewhere is believed in the end. */
static bool jumps(const bcue_stream *stream, double time_s, const bcue_fix *fix)
{
    const bcue_stream_sensor *s = &stream->sensors[BCUE_SENSOR_GPS];
    const bcue_kept_frame *last = NULL;
    for (size_t i = 0; i < s->room; i++)
        if (s->frames[i].id != 0 && s->frames[i].time_s < time_s &&
            (last == NULL || s->frames[i].time_s > last->time_s))
            last = &s->frames[i];
    return last != NULL && bcue_fix_distance_m(&last->fix, fix) >
                               stream->jump_m + stream->speed_limit_mps * (time_s - last->time_s);
}

static void take_fix(bcue_session *session, double time_s, const bcue_fix *fix, bcue_verdict *verdict,
                     bcue_error *error)
{
    bcue_stream *stream = session->stream;
    bcue_stream_sensor *s = &stream->sensors[BCUE_SENSOR_GPS];
    *verdict = judge_time(stream, s, time_s);
    if (*verdict != BCUE_FRAME_GOOD)
        return;
    if (isnan(fix->latitude_deg) || isnan(fix->longitude_deg)) {
        *verdict = BCUE_FRAME_NO_FIX;
    } else if (!(fabs(fix->latitude_deg) <= 90 && fabs(fix->longitude_deg) <= 360)) {
        *verdict = BCUE_FRAME_UNREADABLE;
        (void)bcue_fail(error, BCUE_ERROR_DATA, "latitude %g, longitude %g is no place on Earth",
                        fix->latitude_deg, fix->longitude_deg);
    } else if (jumps(stream, time_s, fix)) {
        *verdict = BCUE_FRAME_JUMP;
    } else {
        bcue_kept_frame *place = free_place(s);
        place->fix = *fix;
        place->prepare_ms = 0;
        keep(stream, s, place, time_s);
    }
}

/* The stream's sensor, or NULL and why not. */
static bcue_stream_sensor *find_sensor(bcue_session *session, bcue_sensor sensor, bcue_status *status,
                                       bcue_error *error)
{
    if (session->stream == NULL || (unsigned)sensor >= BCUE_SENSOR_COUNT) {
        *status = session->stream == NULL
                      ? bcue_fail(error, BCUE_ERROR_ARGUMENT,
                                  "the session is no stream: call bcue_session_stream first")
                      : bcue_fail(error, BCUE_ERROR_ARGUMENT, "there is no sensor %d", (int)sensor);
        return NULL;
    }
    *status = BCUE_OK;
    return &session->stream->sensors[sensor];
}

bcue_status bcue_session_push(bcue_session *session, bcue_sensor sensor, double time_s, const void *data,
                              size_t size, bcue_verdict *verdict, bcue_error *error)
{
    bcue_verdict found = BCUE_FRAME_UNWANTED;
    bcue_status status;
    bcue_stream_sensor *s = find_sensor(session, sensor, &status, error);
    if (s == NULL)
        return status;
    if (data == NULL)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "a frame of %s without data", bcue_sensor_name(sensor));
    if (s->wanted && sensor == BCUE_SENSOR_GPS) {
        bcue_fix fix;
        status = bcue_fix_parse(data, size, &fix, error);
        if (status == BCUE_ERROR_MEMORY)
            return status;
        found = BCUE_FRAME_UNREADABLE;
        if (status == BCUE_OK)
            take_fix(session, time_s - s->clock_offset_s, &fix, &found, error);
    } else if (s->wanted) {
        BCUE_TRY(take(session, sensor, time_s - s->clock_offset_s, data, size, &found, error));
    }
    note(s, time_s - s->clock_offset_s, found);
    if (verdict != NULL)
        *verdict = found;
    return BCUE_OK;
}

bcue_status bcue_session_push_fix(bcue_session *session, double time_s, bcue_fix fix, bcue_verdict *verdict,
                                  bcue_error *error)
{
    bcue_verdict found = BCUE_FRAME_UNWANTED;
    bcue_status status;
    bcue_stream_sensor *s = find_sensor(session, BCUE_SENSOR_GPS, &status, error);
    if (s == NULL)
        return status;
    if (s->wanted)
        take_fix(session, time_s - s->clock_offset_s, &fix, &found, error);
    note(s, time_s - s->clock_offset_s, found);
    if (verdict != NULL)
        *verdict = found;
    return BCUE_OK;
}

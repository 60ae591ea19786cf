/* Streams: the answer at an instant, rung by rung. */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/fail.h"
#include "predict/stream_parts.h"

const char *bcue_rung_name(bcue_rung rung)
{
    static const char *const names[] = {"sweep", "last", "tracker", "compressed", "network"};
    return (unsigned)rung < sizeof names / sizeof *names ? names[rung] : "unknown";
}

/* ---- what the answer says ---- */

/* `ranked` NULL: no beam is better than another. */
static void fill_beams(bcue_stream *stream, const bcue_ranked_beam *ranked)
{
    for (size_t k = 0; k < stream->beams; k++) {
        const int32_t beam = ranked != NULL ? ranked[k].beam : (int32_t)k;
        const bcue_beam_note *note = &stream->notes[beam];
        stream->answer[k] = (bcue_beam_answer){.beam = beam,
                                               .probability = ranked != NULL ? ranked[k].probability : NAN,
                                               .azimuth_deg = note->azimuth_deg,
                                               .elevation_deg = note->elevation_deg,
                                               .id = note->id};
    }
}

static double median_dwell_s(const bcue_stream *stream)
{
    double sorted[BCUE_DWELLS];
    const size_t count = stream->dwells < BCUE_DWELLS ? stream->dwells : BCUE_DWELLS;
    for (size_t i = 0; i < count; i++) {
        size_t k = i;
        for (; k > 0 && sorted[k - 1] > stream->dwell_s[i]; k--)
            sorted[k] = sorted[k - 1];
        sorted[k] = stream->dwell_s[i];
    }
    return count < 2 ? NAN : sorted[count / 2];
}

/* An answer comes, on average, in the middle of the time in which its beam is the best. */
static double validity_ms(const bcue_stream *stream, double age_ms)
{
    const double dwell_s = median_dwell_s(stream);
    const double whole_ms = isnan(dwell_s) ? 1e3 * stream->step_s : 1e3 * 0.5 * dwell_s;
    const double left_ms = whole_ms - (isnan(age_ms) ? 0 : age_ms);
    return left_ms > 0 ? left_ms : 0;
}

/* A tracker's or the network's answer is kept for times without one. */
static void remember(bcue_stream *stream, double now_s, const bcue_answer *answer)
{
    const int32_t best = stream->ranked[0].beam;
    memcpy(stream->last, stream->ranked, stream->beams * sizeof *stream->last);
    stream->last_s = now_s;
    stream->last_calibrated = answer->calibrated != 0;
    if (best == stream->best)
        return;
    if (stream->best >= 0 && now_s > stream->best_since_s)
        stream->dwell_s[stream->dwells++ % BCUE_DWELLS] = now_s - stream->best_since_s;
    stream->best = best;
    stream->best_since_s = now_s;
}

static void set_probe(bcue_session *session, const bcue_stream *stream, bcue_answer *answer)
{
    bcue_error error;
    answer->calibrated = session->model->file.calibration != NULL;
    answer->pattern = session->pattern;
    if (!answer->calibrated ||
        bcue_session_probe(session, stream->coverage, 0, &answer->probe, &error) != BCUE_OK)
        answer->probe = 0;
}

/* ---- the rungs ---- */

static void answer_last(bcue_stream *stream, double now_s, bcue_answer *answer)
{
    const bool there = now_s - stream->last_s <= stream->hold_s; /* false: NaN, none */
    answer->rung = there ? BCUE_RUNG_LAST : BCUE_RUNG_SWEEP;
    answer->calibrated = there && stream->last_calibrated;
    answer->probe = 0;
    fill_beams(stream, there ? stream->last : NULL);
}

/* What stands in place `index` of a window of fixes; NaN: nothing. */
static bcue_fix fix_at(const bcue_stream_sensor *s, size_t window, size_t index)
{
    const size_t place = bcue_stream_place(s, window, index);
    return s->how[place] != BCUE_FILL_NONE ? (bcue_fix){s->places[place].at[0], s->places[place].at[1]}
                                           : (bcue_fix){NAN, NAN};
}

static bcue_status answer_tracker(bcue_stream *stream, bcue_answer *answer, bcue_error *error)
{
    const double started = bcue_clock_s();
    const bcue_stream_sensor *s = &stream->sensors[BCUE_SENSOR_GPS];
    if (stream->tracker == NULL || answer->sources[BCUE_SENSOR_GPS].state == BCUE_SOURCE_ZERO)
        return BCUE_OK;
    for (size_t i = 0; i < stream->tracker_window; i++)
        stream->tracker_fixes[i] = fix_at(s, stream->tracker_window, i);
    const bcue_observation observation = {.fixes = stream->tracker_fixes,
                                          .fix_count = stream->tracker_window,
                                          .rsu = stream->rsu,
                                          .scenario = stream->scenario};
    const bcue_status status =
        bcue_predict(stream->tracker, &observation, stream->beams, stream->ranked, NULL, error);
    answer->tracker_ms = 1e3 * (bcue_clock_s() - started);
    if (status == BCUE_ERROR_DATA)
        return BCUE_OK; /* it cannot make anything of these fixes: the rung below holds */
    BCUE_TRY(status);
    answer->rung = BCUE_RUNG_TRACKER;
    set_probe(stream->tracker, stream, answer);
    fill_beams(stream, stream->ranked);
    return BCUE_OK;
}

/* One of the two models that look at the sensors. */
typedef struct looker {
    bcue_session *session;
    const bcue_stream *stream;
    bool compressed;
} looker;

/* Its window of a sensor, 0: it takes none. */
static size_t window_of(const looker *l, int which)
{
    const bcue_stream_sensor *s = &l->stream->sensors[which];
    return s->wanted ? bcue_stream_window(s, l->compressed) : 0;
}

/* Modalities that the model sees and nothing stands for. *held: those of which all is held or carried on, and
   not longer than what was calibrated; *partly: of others something is, or is missing. */
static unsigned lacking(const looker *l, const bcue_source *sources, unsigned *held, bool *partly)
{
    const bcue_model_file *file = &l->session->model->file;
    const double oldest_ms = file->calibration != NULL ? 1e3 * file->calibration->hold_s + 1 : 0;
    unsigned missing = 0;
    *held = 0;
    *partly = false;
    for (int m = 0; m <= BCUE_INPUT_POSITION; m++) { /* in the order of the sensors */
        const bcue_stream_sensor *s = &l->stream->sensors[m];
        const size_t window = window_of(l, m);
        bool any = false;
        for (size_t i = 0; i < window; i++)
            any = any || s->how[bcue_stream_place(s, window, i)] != BCUE_FILL_NONE;
        if (!bcue_model_needs(&file->config, (bcue_model_input)m))
            continue;
        missing |= !any ? 1U << m : 0;
        if (!any || (sources[m].held == 0 && sources[m].carried == 0 && sources[m].missing == 0))
            continue;
        if (sources[m].state == BCUE_SOURCE_HELD && sources[m].missing == 0 && sources[m].age_ms <= oldest_ms)
            *held |= 1U << m;
        else
            *partly = true;
    }
    return missing;
}

static bcue_status feed_frames(const looker *l, int which, bcue_error *error)
{
    const bcue_stream_sensor *s = &l->stream->sensors[which];
    const bcue_model_input input = (bcue_model_input)which;
    bcue_network *network = l->session->network;
    const size_t size = l->compressed ? s->other_size : s->size;
    const size_t window = window_of(l, which);
    if (bcue_network_skips(network, input))
        return BCUE_OK;
    const float *mean = bcue_network_mean(network, input);
    for (size_t i = 0; i < window; i++) {
        const int pick = s->pick[bcue_stream_place(s, window, i)];
        const bcue_kept_frame *frame = pick >= 0 ? &s->frames[pick] : NULL;
        const uint64_t id = frame != NULL ? frame->id : UINT64_MAX - (mean != NULL);
        float *to = bcue_network_frame(network, input, i);
        if (bcue_network_recall(network, input, i, id))
            continue;
        if (frame != NULL)
            memcpy(to, l->compressed ? frame->other : frame->features, size * sizeof *to);
        else
            bcue_session_stand_in(mean, size, to);
        BCUE_TRY(bcue_network_take(network, input, i, id, error));
    }
    return BCUE_OK;
}

static bcue_status feed_fixes(const looker *l, float position[2], bcue_error *error)
{
    const bcue_stream *stream = l->stream;
    const bcue_stream_sensor *s = &stream->sensors[BCUE_SENSOR_GPS];
    const size_t window = window_of(l, BCUE_SENSOR_GPS);
    position[0] = position[1] = NAN;
    for (size_t i = 0; i < window; i++) {
        float features[2] = {0, 0};
        bool there = false;
        const bcue_fix fix = fix_at(s, window, i);
        BCUE_TRY(bcue_session_fix(l->session, &fix, &stream->rsu, stream->scenario, features, &there, error));
        bcue_session_put_fix(l->session, i, window, there, features, position);
    }
    return BCUE_OK;
}

/* Is there anything that the model looks at? */
static bool has_anything(const looker *l, const bcue_answer *answer)
{
    bool any = !bcue_session_needs_anything(l->session);
    for (int i = 0; i < BCUE_SENSOR_COUNT; i++)
        any =
            any ||
            (bcue_stream_window(&l->stream->sensors[i], l->compressed) > 0 &&
             (answer->sources[i].state == BCUE_SOURCE_USED || answer->sources[i].state == BCUE_SOURCE_HELD));
    return any;
}

static bcue_status run_network(const looker *l, const bcue_source *sources, double until_s, bcue_error *error)
{
    float position[2];
    double ms;
    unsigned held;
    bool partly;
    const unsigned missing = lacking(l, sources, &held, &partly);
    bcue_network *network = l->session->network;
    if (network != NULL) {
        bcue_network_begin(network, until_s);
        BCUE_TRY(bcue_network_lack(network, missing, error));
    }
    bcue_session_note_pattern(l->session, missing, held, partly);
    for (int i = 0; network != NULL && i < BCUE_PICTURE_INPUTS; i++)
        BCUE_TRY(feed_frames(l, i, error));
    BCUE_TRY(feed_fixes(l, position, error));
    return bcue_session_score(l->session, position, &ms, error);
}

/* *took_ms: what it took. *cut: it was stopped, and the answer stays what it was. */
static bcue_status answer_model(bcue_stream *stream, const looker *l, double until_s, double *took_ms,
                                int *cut, bcue_answer *answer, bcue_error *error)
{
    const double started = bcue_clock_s();
    if (!has_anything(l, answer))
        return BCUE_OK;
    const bcue_status status = run_network(l, answer->sources, until_s, error);
    *took_ms = 1e3 * (bcue_clock_s() - started);
    const double longest_ms =
        l->session->network != NULL ? 1e3 * bcue_network_longest_s(l->session->network, false) : 0;
    if (longest_ms > answer->longest_operator_ms)
        answer->longest_operator_ms = longest_ms;
    if (status == BCUE_ERROR_CANCELLED) {
        *cut = 1;
        return BCUE_OK;
    }
    BCUE_TRY(status);
    bcue_session_rank(l->session, stream->beams, stream->ranked);
    answer->rung = l->compressed ? BCUE_RUNG_COMPRESSED : BCUE_RUNG_NETWORK;
    set_probe(l->session, stream, answer);
    fill_beams(stream, stream->ranked);
    return BCUE_OK;
}

/* Without a deadline the network's answer would replace the cheaper one in any case. */
static bcue_status answer_models(bcue_session *session, double until_s, bcue_answer *answer,
                                 bcue_error *error)
{
    bcue_stream *stream = session->stream;
    const looker cheap = {stream->compressed, stream, true}, whole = {session, stream, false};
    if (stream->compressed != NULL && until_s < INFINITY)
        BCUE_TRY(answer_model(stream, &cheap, until_s, &answer->compressed_ms, &answer->compressed_cut,
                              answer, error));
    return answer_model(stream, &whole, until_s, &answer->network_ms, &answer->cut, answer, error);
}

/* ---- the whole ---- */

/* Ages, preparation and the promise, from what was used. A sensor that only the tracker takes counts there
   alone. */
static void sum_up(const bcue_stream *stream, bcue_answer *answer)
{
    const bcue_source *gps = &answer->sources[BCUE_SENSOR_GPS];
    const bool fresh =
        answer->rung != BCUE_RUNG_TRACKER ||
        (gps->state == BCUE_SOURCE_USED && gps->held == 0 && gps->carried == 0 && gps->missing == 0);
    answer->probe_promised =
        answer->probe > 0 && answer->pattern.basis == BCUE_SET_OWN && answer->pattern.held == 0 && fresh;
    answer->age_ms = NAN;
    answer->prepare_ms = 0;
    for (int i = 0; i < BCUE_SENSOR_COUNT && answer->rung >= BCUE_RUNG_TRACKER; i++) {
        const bcue_stream_sensor *s = &stream->sensors[i];
        const bcue_source *source = &answer->sources[i];
        const bool network = answer->rung >= BCUE_RUNG_COMPRESSED;
        if (!s->wanted || (network ? bcue_stream_window(s, answer->rung == BCUE_RUNG_COMPRESSED) == 0
                                   : i != BCUE_SENSOR_GPS))
            continue;
        if (isnan(source->age_ms))
            continue;
        answer->age_ms =
            isnan(answer->age_ms) || source->age_ms > answer->age_ms ? source->age_ms : answer->age_ms;
        if (network && i != BCUE_SENSOR_GPS)
            answer->prepare_ms += s->frames[s->pick[s->window - 1]].prepare_ms;
    }
}

bcue_status bcue_session_predict(bcue_session *session, double now_s, double deadline_s, bcue_answer *answer,
                                 bcue_error *error)
{
    const double started = bcue_clock_s();
    bcue_stream *stream = session->stream;
    if (stream == NULL)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "the session is no stream: call bcue_session_stream first");
    if (!isfinite(now_s) || isnan(deadline_s))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "a prediction at %g s with the deadline %g s", now_s,
                         deadline_s);
    const double until_s = started + (deadline_s - now_s);
    *answer = (bcue_answer){.beams = stream->answer, .count = stream->beams};
    stream->now_s = now_s;
    bcue_stream_align(stream, now_s, answer->sources);
    answer_last(stream, now_s, answer);
    BCUE_TRY(answer_tracker(stream, answer, error));
    BCUE_TRY(answer_models(session, until_s, answer, error));
    sum_up(stream, answer);
    if (answer->rung >= BCUE_RUNG_TRACKER)
        remember(stream, now_s, answer);
    answer->validity_ms = validity_ms(stream, answer->age_ms);
    const double ended = bcue_clock_s();
    answer->total_ms = 1e3 * (ended - started);
    answer->late = ended > until_s;
    return BCUE_OK;
}

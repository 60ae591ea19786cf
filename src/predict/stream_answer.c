/* Streams: the answer at an instant, rung by rung. */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/fail.h"
#include "predict/stream_parts.h"

const char *bcue_rung_name(bcue_rung rung)
{
    static const char *const names[] = {"sweep", "last", "tracker", "network"};
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

static bcue_status answer_tracker(bcue_stream *stream, double now_s, bcue_answer *answer, bcue_error *error)
{
    const double started = bcue_clock_s();
    bcue_stream_sensor *s = &stream->sensors[BCUE_SENSOR_GPS];
    const double newest_s = now_s - 1e-3 * answer->sources[BCUE_SENSOR_GPS].age_ms;
    if (stream->tracker == NULL || answer->sources[BCUE_SENSOR_GPS].state == BCUE_SOURCE_ZERO)
        return BCUE_OK;
    for (size_t i = 0; i < stream->tracker_window; i++) {
        const double at_s = newest_s - (double)(stream->tracker_window - 1 - i) * stream->step_s;
        double best_s = 0.5 * stream->step_s + 1e-9;
        stream->tracker_fixes[i] = (bcue_fix){NAN, NAN};
        for (size_t k = 0; k < s->room; k++) {
            const double off_s = fabs(s->frames[k].time_s - at_s);
            if (s->frames[k].id == 0 || off_s > best_s)
                continue;
            best_s = off_s;
            stream->tracker_fixes[i] = s->frames[k].fix;
        }
    }
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

/* Modalities that the model sees and nothing was picked of. *held: those of which all is held, and not longer
   than what was calibrated; *partly: of others something is held or missing. */
static unsigned lacking(const bcue_session *session, const bcue_source *sources, unsigned *held, bool *partly)
{
    const bcue_calibration *calibration = session->model->file.calibration;
    const double oldest_ms =
        calibration != NULL ? 1e3 * (double)calibration->hold_rows * session->stream->step_s + 1e-6 : 0;
    unsigned missing = 0;
    *held = 0;
    *partly = false;
    for (int m = 0; m <= BCUE_INPUT_POSITION; m++) { /* in the order of the sensors */
        const bcue_stream_sensor *s = &session->stream->sensors[m];
        bool any = false;
        for (size_t i = 0; s->wanted && i < s->window; i++)
            any = any || s->pick[i] >= 0;
        if (!bcue_model_needs(&session->model->file.config, (bcue_model_input)m))
            continue;
        missing |= !any ? 1U << m : 0;
        if (!any || (sources[m].held == 0 && sources[m].missing == 0))
            continue;
        if (sources[m].state == BCUE_SOURCE_HELD && sources[m].missing == 0 && sources[m].age_ms <= oldest_ms)
            *held |= 1U << m;
        else
            *partly = true;
    }
    return missing;
}

static bcue_status feed_frames(bcue_session *session, int which, bcue_error *error)
{
    const bcue_stream_sensor *s = &session->stream->sensors[which];
    if (bcue_network_skips(session->network, (bcue_model_input)which))
        return BCUE_OK;
    const float *mean = bcue_network_mean(session->network, (bcue_model_input)which);
    for (size_t i = 0; s->wanted && i < s->window; i++) {
        const bcue_kept_frame *frame = s->pick[i] >= 0 ? &s->frames[s->pick[i]] : NULL;
        const uint64_t id = frame != NULL ? frame->id : UINT64_MAX - (mean != NULL);
        float *input = bcue_network_frame(session->network, (bcue_model_input)which, i);
        if (bcue_network_recall(session->network, (bcue_model_input)which, i, id))
            continue;
        if (frame != NULL)
            memcpy(input, frame->features, s->size * sizeof *input);
        else
            bcue_session_stand_in(mean, s->size, input);
        BCUE_TRY(bcue_network_take(session->network, (bcue_model_input)which, i, id, error));
    }
    return BCUE_OK;
}

static bcue_status feed_fixes(bcue_session *session, float position[2], bcue_error *error)
{
    const bcue_stream *stream = session->stream;
    const bcue_stream_sensor *s = &stream->sensors[BCUE_SENSOR_GPS];
    position[0] = position[1] = NAN;
    for (size_t i = 0; i < s->window; i++) {
        float features[2] = {0, 0};
        bool there = false;
        if (s->pick[i] >= 0)
            BCUE_TRY(bcue_session_fix(session, &s->frames[s->pick[i]].fix, &stream->rsu, stream->scenario,
                                      features, &there, error));
        bcue_session_put_fix(session, i, s->window, there, features, position);
    }
    return BCUE_OK;
}

/* Is there anything that the session's model looks at? */
static bool has_anything(const bcue_session *session, const bcue_answer *answer)
{
    bool any = !bcue_session_needs_anything(session);
    for (int i = 0; i < BCUE_SENSOR_COUNT; i++)
        any =
            any || (session->stream->sensors[i].window > 0 && (answer->sources[i].state == BCUE_SOURCE_USED ||
                                                               answer->sources[i].state == BCUE_SOURCE_HELD));
    return any;
}

static bcue_status run_network(bcue_session *session, const bcue_source *sources, double until_s,
                               bcue_error *error)
{
    float position[2];
    double ms;
    unsigned held;
    bool partly;
    const unsigned missing = lacking(session, sources, &held, &partly);
    if (session->network != NULL) {
        bcue_network_begin(session->network, until_s);
        BCUE_TRY(bcue_network_lack(session->network, missing, error));
    }
    bcue_session_note_pattern(session, missing, held, partly);
    for (int i = 0; session->network != NULL && i < BCUE_PICTURE_INPUTS; i++)
        BCUE_TRY(feed_frames(session, i, error));
    BCUE_TRY(feed_fixes(session, position, error));
    return bcue_session_score(session, position, &ms, error);
}

static bcue_status answer_network(bcue_session *session, double until_s, bcue_answer *answer,
                                  bcue_error *error)
{
    bcue_stream *stream = session->stream;
    const double started = bcue_clock_s();
    if (!has_anything(session, answer))
        return BCUE_OK;
    const bcue_status status = run_network(session, answer->sources, until_s, error);
    answer->network_ms = 1e3 * (bcue_clock_s() - started);
    if (session->network != NULL)
        answer->longest_operator_ms = 1e3 * bcue_network_longest_s(session->network, false);
    if (status == BCUE_ERROR_CANCELLED) {
        answer->cut = 1;
        return BCUE_OK;
    }
    BCUE_TRY(status);
    bcue_session_rank(session, stream->beams, stream->ranked);
    answer->rung = BCUE_RUNG_NETWORK;
    set_probe(session, stream, answer);
    fill_beams(stream, stream->ranked);
    return BCUE_OK;
}

/* ---- the whole ---- */

/* Ages, preparation and the promise, from what was used. A sensor that only the tracker takes counts there
   alone. */
static void sum_up(const bcue_stream *stream, bcue_answer *answer)
{
    const bcue_source *gps = &answer->sources[BCUE_SENSOR_GPS];
    const bool fresh = answer->rung != BCUE_RUNG_TRACKER ||
                       (gps->state == BCUE_SOURCE_USED && gps->held == 0 && gps->missing == 0);
    answer->probe_promised =
        answer->probe > 0 && answer->pattern.basis == BCUE_SET_OWN && answer->pattern.held == 0 && fresh;
    answer->age_ms = NAN;
    answer->prepare_ms = 0;
    for (int i = 0; i < BCUE_SENSOR_COUNT && answer->rung >= BCUE_RUNG_TRACKER; i++) {
        const bcue_stream_sensor *s = &stream->sensors[i];
        const bcue_source *source = &answer->sources[i];
        const bool network = answer->rung == BCUE_RUNG_NETWORK;
        if (!s->wanted || (network ? s->window == 0 : i != BCUE_SENSOR_GPS))
            continue;
        if (isnan(source->age_ms))
            continue;
        answer->age_ms =
            isnan(answer->age_ms) || source->age_ms > answer->age_ms ? source->age_ms : answer->age_ms;
        if (network)
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
    BCUE_TRY(answer_tracker(stream, now_s, answer, error));
    BCUE_TRY(answer_network(session, until_s, answer, error));
    sum_up(stream, answer);
    if (answer->rung >= BCUE_RUNG_TRACKER)
        remember(stream, now_s, answer);
    answer->validity_ms = validity_ms(stream, answer->age_ms);
    const double ended = bcue_clock_s();
    answer->total_ms = 1e3 * (ended - started);
    answer->late = ended > until_s;
    return BCUE_OK;
}

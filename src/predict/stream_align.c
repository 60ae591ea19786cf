/* Streams: which frames stand for the model's window at an instant. */
#include <math.h>

#include "predict/stream_parts.h"

const char *bcue_source_state_name(bcue_source_state state)
{
    static const char *const names[] = {"unwanted", "used", "held", "zero"};
    return (unsigned)state < sizeof names / sizeof *names ? names[state] : "unknown";
}

/* The newest frame that is not from the future; -1: none. `future`: there is one that is. */
static int find_newest(const bcue_stream_sensor *s, double latest_s, bool *future)
{
    int newest = -1;
    for (size_t i = 0; i < s->room; i++) {
        const bcue_kept_frame *frame = &s->frames[i];
        if (frame->id == 0)
            continue;
        if (frame->time_s > latest_s)
            *future = true;
        else if (newest < 0 || frame->time_s > s->frames[newest].time_s)
            newest = (int)i;
    }
    return newest;
}

/* The frame nearest to `time_s` and not newer than `latest_s`; -1: none within `reach_s`. */
static int find_nearest(const bcue_stream_sensor *s, double time_s, double latest_s, double reach_s)
{
    int nearest = -1;
    double best_s = reach_s;
    for (size_t i = 0; i < s->room; i++) {
        const bcue_kept_frame *frame = &s->frames[i];
        const double off_s = fabs(frame->time_s - time_s);
        if (frame->id != 0 && frame->time_s <= latest_s && off_s <= best_s) {
            best_s = off_s;
            nearest = (int)i;
        }
    }
    return nearest;
}

/* Frames that are dated so far ahead that they cannot become useful would take the places of others. */
static void drop_far_ahead(bcue_stream_sensor *s, double now_s)
{
    for (size_t i = 0; i < s->room; i++) {
        if (s->frames[i].id == 0 || s->frames[i].time_s <= now_s + s->stale_s + 1.0)
            continue;
        s->frames[i].id = 0;
        s->rejected = BCUE_FRAME_FUTURE;
    }
}

/* Good fixes as they rise in time, none from the future; how many. */
static size_t sort_fixes(const bcue_stream_sensor *s, double latest_s)
{
    size_t count = 0;
    for (size_t i = 0; i < s->room; i++) {
        const bcue_kept_frame *frame = &s->frames[i];
        size_t k = count;
        if (frame->id == 0 || frame->time_s > latest_s)
            continue;
        for (; k > 0 && s->track[k - 1].time_s > frame->time_s; k--)
            s->track[k] = s->track[k - 1];
        s->track[k] = (bcue_timed_fix){frame->time_s, {frame->fix.latitude_deg, frame->fix.longitude_deg}};
        count++;
    }
    for (size_t k = 1; k < count; k++) { /* a longitude that does not wrap */
        const double turns = rint((s->track[k].at[1] - s->track[k - 1].at[1]) / 360);
        s->track[k].at[1] -= 360 * turns;
    }
    return count;
}

static void align_fixes(const bcue_stream *stream, bcue_stream_sensor *s, double now_s)
{
    const bcue_fix_rule rule = {.step_s = stream->step_s,
                                .fit_s = BCUE_STREAM_FIT_S,
                                .carry_s = stream->carry_s,
                                .hold_s = stream->hold_s};
    const size_t count = sort_fixes(s, now_s + 0.5 * stream->step_s);
    bcue_fill_fixes(&rule, s->track, count, now_s, s->longest, s->places, s->how);
    for (size_t i = 0; i < s->longest; i++) { /* lines may lead off the map */
        s->places[i].at[0] = fmax(-90, fmin(90, s->places[i].at[0]));
        if (fabs(s->places[i].at[1]) > 360)
            s->places[i].at[1] = remainder(s->places[i].at[1], 360);
    }
}

/* False: too few frames of the window are there for others to be stood in for. */
static bool align_frames(const bcue_stream *stream, bcue_stream_sensor *s, double newest_s)
{
    const size_t reach = (size_t)(stream->hold_s / stream->step_s + 1e-6);
    size_t good = 0;
    for (size_t i = 0; i < s->window; i++) {
        const double at_s = newest_s - (double)(s->window - 1 - i) * stream->step_s;
        s->places[i].time_s = at_s;
        s->pick[i] = find_nearest(s, at_s, newest_s, 0.5 * stream->step_s);
        s->there[i] = s->pick[i] >= 0;
        good += s->there[i];
    }
    bcue_fill_window(s->there, s->window, reach, s->from);
    for (size_t i = 0; i < s->window; i++) {
        s->how[i] = s->there[i] ? BCUE_FILL_THERE : s->from[i] >= 0 ? BCUE_FILL_HELD : BCUE_FILL_NONE;
        if (s->how[i] == BCUE_FILL_HELD)
            s->pick[i] = s->pick[s->from[i]];
    }
    return good >= stream->least_frames || good == s->window;
}

/* Why the newest place that is not as it should be is not. */
static bcue_verdict find_reason(const bcue_stream *stream, const bcue_stream_sensor *s, size_t window)
{
    const double near_s = 0.5 * stream->step_s;
    for (size_t i = window; i-- > 0;) {
        const size_t place = bcue_stream_place(s, window, i);
        const double at_s = s->places[place].time_s;
        if (s->how[place] == BCUE_FILL_THERE)
            continue;
        for (size_t k = 0; k < s->room; k++)
            if (s->refused[k].verdict != BCUE_FRAME_GOOD && fabs(s->refused[k].time_s - at_s) <= near_s)
                return s->refused[k].verdict;
        return at_s < s->first_s - near_s ? BCUE_FRAME_NEVER : BCUE_FRAME_LOST;
    }
    return BCUE_FRAME_GOOD;
}

static void count_places(const bcue_stream_sensor *s, size_t window, bcue_source *source)
{
    for (size_t i = 0; i < window; i++)
        switch (s->how[bcue_stream_place(s, window, i)]) {
        case BCUE_FILL_THERE:
            *(source->state == BCUE_SOURCE_USED ? &source->frames : &source->held) += 1;
            break;
        case BCUE_FILL_HELD:
            source->held++;
            break;
        case BCUE_FILL_CARRIED:
            source->carried++;
            break;
        case BCUE_FILL_NONE:
            source->missing++;
            break;
        }
}

static void align_sensor(const bcue_stream *stream, bcue_stream_sensor *s, bool gps, size_t window,
                         double now_s, bcue_source *source)
{
    const double latest_s = now_s + 0.5 * stream->step_s; /* clocks agree to half a step */
    bool future = false, enough = true;
    drop_far_ahead(s, now_s);
    const int newest = find_newest(s, latest_s, &future);
    const double age_s = newest >= 0 ? now_s - s->frames[newest].time_s : NAN;
    source->state = newest < 0                             ? BCUE_SOURCE_ZERO
                    : age_s <= s->stale_s                  ? BCUE_SOURCE_USED
                    : age_s <= s->stale_s + stream->hold_s ? BCUE_SOURCE_HELD
                                                           : BCUE_SOURCE_ZERO;
    if (source->state != BCUE_SOURCE_ZERO && gps)
        align_fixes(stream, s, now_s);
    else if (source->state != BCUE_SOURCE_ZERO)
        enough = align_frames(stream, s, s->frames[newest].time_s);
    source->reason = s->rejected != BCUE_FRAME_GOOD      ? s->rejected
                     : source->state == BCUE_SOURCE_USED ? find_reason(stream, s, window)
                     : future                            ? BCUE_FRAME_FUTURE
                     : newest >= 0                       ? BCUE_FRAME_STALE
                                                         : BCUE_FRAME_NEVER;
    if (!enough)
        source->state = BCUE_SOURCE_ZERO;
    for (size_t i = 0; source->state == BCUE_SOURCE_ZERO && i < s->longest; i++) {
        s->how[i] = BCUE_FILL_NONE;
        s->pick[i] = -1;
    }
    count_places(s, window, source);
    if (source->state == BCUE_SOURCE_ZERO)
        return;
    source->age_ms = 1e3 * (age_s > 0 ? age_s : 0);
    source->behind = age_s > 0 ? (int)(age_s / stream->step_s + 1e-6) : 0;
}

void bcue_stream_align(bcue_stream *stream, double now_s, bcue_source sources[BCUE_SENSOR_COUNT])
{
    for (int i = 0; i < BCUE_SENSOR_COUNT; i++) {
        bcue_stream_sensor *s = &stream->sensors[i];
        sources[i] = (bcue_source){.state = BCUE_SOURCE_UNWANTED, .age_ms = NAN};
        if (!s->wanted)
            continue;
        /* Fixes that only the tracker takes are looked at through its window. */
        align_sensor(stream, s, i == BCUE_SENSOR_GPS, s->window > 0 ? s->window : stream->tracker_window,
                     now_s, &sources[i]);
    }
}

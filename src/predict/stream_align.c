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

static void align_sensor(const bcue_stream *stream, bcue_stream_sensor *s, size_t window, double now_s,
                         bcue_source *source)
{
    const double latest_s = now_s + 0.5 * stream->step_s; /* clocks agree to half a step */
    bool future = false;
    drop_far_ahead(s, now_s);
    const int newest = find_newest(s, latest_s, &future);
    const double age_s = newest >= 0 ? now_s - s->frames[newest].time_s : NAN;
    source->state = newest < 0                             ? BCUE_SOURCE_ZERO
                    : age_s <= s->stale_s                  ? BCUE_SOURCE_USED
                    : age_s <= s->stale_s + stream->hold_s ? BCUE_SOURCE_HELD
                                                           : BCUE_SOURCE_ZERO;
    source->reason = s->rejected != BCUE_FRAME_GOOD      ? s->rejected
                     : source->state == BCUE_SOURCE_USED ? BCUE_FRAME_GOOD
                     : future                            ? BCUE_FRAME_FUTURE
                     : newest >= 0                       ? BCUE_FRAME_STALE
                                                         : BCUE_FRAME_NEVER;
    for (size_t i = 0; i < window; i++) {
        const double behind_s = (double)(window - 1 - i) * stream->step_s;
        s->pick[i] = -1;
        if (source->state == BCUE_SOURCE_ZERO) {
            source->missing++;
            continue;
        }
        const double at_s = s->frames[newest].time_s - behind_s;
        s->pick[i] = find_nearest(s, at_s, s->frames[newest].time_s, 0.5 * stream->step_s);
        if (s->pick[i] >= 0 && source->state == BCUE_SOURCE_USED) {
            source->frames++;
            continue;
        }
        if (s->pick[i] < 0)
            s->pick[i] = find_nearest(s, at_s, s->frames[newest].time_s, stream->hold_s);
        source->held += s->pick[i] >= 0;
        source->missing += s->pick[i] < 0;
    }
    if (source->state != BCUE_SOURCE_ZERO)
        source->age_ms = 1e3 * (age_s > 0 ? age_s : 0);
}

void bcue_stream_align(bcue_stream *stream, double now_s, bcue_source sources[BCUE_SENSOR_COUNT])
{
    for (int i = 0; i < BCUE_SENSOR_COUNT; i++) {
        bcue_stream_sensor *s = &stream->sensors[i];
        sources[i] = (bcue_source){.state = BCUE_SOURCE_UNWANTED, .age_ms = NAN};
        if (!s->wanted)
            continue;
        /* Fixes that only the tracker takes are looked at through its window. */
        const bool tracked = s->window == 0;
        align_sensor(stream, s, tracked ? stream->tracker_window : s->window, now_s, &sources[i]);
    }
}

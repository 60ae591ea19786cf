/* Inside the room: what a stream keeps between calls. */
#ifndef BCUE_PREDICT_STREAM_PARTS_H
#define BCUE_PREDICT_STREAM_PARTS_H

#include "beamcue/stream.h"
#include "features/window_fill.h"
#include "predict/beam_list.h"
#include "predict/session_parts.h"

typedef struct bcue_kept_frame {
    uint64_t id;     /* 0: this place is free */
    double time_s;   /* by the caller's clock, the sensor's offset taken out */
    float *features; /* NULL for fixes */
    float *other;    /* what the compressed model takes of it; may be `features`; NULL: nothing */
    bcue_fix fix;
    double prepare_ms;
} bcue_kept_frame;

/* A frame that was not believed, and when it was taken. */
typedef struct bcue_rejected_frame {
    double time_s;
    bcue_verdict verdict; /* BCUE_FRAME_GOOD: this place is free */
} bcue_rejected_frame;

typedef struct bcue_stream_sensor {
    bool wanted;
    size_t window, size;     /* frames that the model takes; floats of one */
    size_t longest;          /* of window and, for fixes, the tracker's */
    bcue_kept_frame *frames; /* owned: `room`, of which one is always free */
    size_t room;
    float *features;                 /* owned: of all frames */
    size_t other_window, other_size; /* of the compressed model; window 0: it takes none */
    float *other;                    /* owned: of all frames; NULL where it takes what the model takes */
    /* How the next answer's places are filled, oldest first, all owned: `longest` each. Picture sensors:
       which frames; fixes: what and when. */
    bcue_fill *how;
    int *pick, *from;
    bool *there;
    bcue_timed_fix *places, *track; /* track: room; good fixes as they rise in time */
    bcue_rejected_frame *refused;   /* owned: room; the newest overwrites the oldest */
    size_t refusals;
    double first_s; /* of the first frame that was believed; NaN: none was */
    double stale_s, clock_offset_s;
    uint64_t hash; /* of the last one's bytes */
    int repeats;
    bcue_verdict rejected; /* of the last one; BCUE_FRAME_GOOD: it was not */
} bcue_stream_sensor;

enum { BCUE_DWELLS = 8 };
#define BCUE_STREAM_FIT_S 1.0 /* fixes are carried on the line through those of so long */

struct bcue_stream {
    double step_s, hold_s, carry_s, speed_limit_mps, jump_m, coverage;
    int frozen_after;
    size_t least_frames;
    bcue_fix rsu;
    int32_t scenario;
    bcue_stream_sensor sensors[BCUE_SENSOR_COUNT];
    size_t beams;
    bcue_beam_note *notes;   /* owned */
    bcue_session *tracker;   /* owned; NULL: none */
    bcue_fix *tracker_fixes; /* owned: as many as it takes */
    size_t tracker_window;
    bcue_session *compressed; /* owned, no stream of its own; NULL: none */
    bcue_ranked_beam *ranked; /* owned: beams */
    bcue_beam_answer *answer; /* owned: beams */
    bcue_ranked_beam *last;   /* owned: beams; the last answer of tracker or network */
    double last_s;            /* when it was given; NaN: never */
    bool last_calibrated;
    double now_s;    /* of the last prediction; NaN: none yet */
    uint64_t frames; /* so many were named */
    int32_t best;    /* beam of the last answers, -1: none */
    double best_since_s;
    double dwell_s[BCUE_DWELLS]; /* how long the best beams before it stayed, newest overwrites oldest */
    size_t dwells;
};

/* Decodes a frame of camera, LiDAR or radar into `place`, for both models, unless it is rejected. */
bcue_status bcue_stream_read(const bcue_session *session, bcue_sensor sensor, const void *data, size_t size,
                             bcue_kept_frame *place, bcue_verdict *verdict, bcue_error *error);

/* Frames and fixes of the window that a model takes: the session's, or the compressed one's. */
static inline size_t bcue_stream_window(const bcue_stream_sensor *sensor, bool compressed)
{
    return compressed ? sensor->other_window : sensor->window;
}

/* Place `index` of the window of `window` places, the newest of the sensor's. */
static inline size_t bcue_stream_place(const bcue_stream_sensor *sensor, size_t window, size_t index)
{
    return sensor->longest - window + index;
}

/* For every wanted sensor: which frames stand for its window at `now_s`, and what is to be said of them. */
void bcue_stream_align(bcue_stream *stream, double now_s, bcue_source sources[BCUE_SENSOR_COUNT]);

#endif

/* A session that is fed sensor frames as they come, and asked for beams at an instant with a deadline.

   bcue_session_stream, then bcue_session_push for every frame of every sensor, and bcue_session_predict
   whenever beams are wanted. Sensors may have different rates, and clocks that differ by a known offset. All
   times are seconds of one clock, of the caller's choice. A frame is judged when it is pushed; one that
   cannot be trusted counts as missing, and is an answer of push, not an error. One thread at a time, like all
   that a session does. */
#ifndef BEAMCUE_STREAM_H
#define BEAMCUE_STREAM_H

#include "beamcue/predict.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum bcue_sensor {
    BCUE_SENSOR_CAMERA, /* JPEG or PNG */
    BCUE_SENSOR_LIDAR,  /* PLY */
    BCUE_SENSOR_RADAR,  /* npy, or MAT */
    BCUE_SENSOR_GPS,    /* the vehicle's fix: "latitude longitude" in degrees as text, or NMEA sentences */
    BCUE_SENSOR_COUNT
} bcue_sensor;
BCUE_API const char *bcue_sensor_name(bcue_sensor sensor); /* "camera", "lidar", "radar", "gps" */

/* What became of a frame, or why a sensor has none that can be used. */
typedef enum bcue_verdict {
    BCUE_FRAME_GOOD,
    BCUE_FRAME_UNWANTED,   /* the model takes nothing of this sensor */
    BCUE_FRAME_UNREADABLE, /* does not decode, or is not of the shape that the model was trained with */
    BCUE_FRAME_BAD_TIME,   /* its time is no number */
    BCUE_FRAME_LATE,       /* came when it was too old to be used, or has the time of one that is there */
    BCUE_FRAME_FROZEN,     /* the same bytes as the one before */
    BCUE_FRAME_BLACK,      /* camera: hardly a pixel above 15 of 255 */
    BCUE_FRAME_SATURATED,  /* camera: nearly all pixels at 250 or more */
    BCUE_FRAME_FLAT,       /* camera: pixels without variance */
    BCUE_FRAME_EMPTY,      /* LiDAR: not one point; radar: zeros, or the same in every chirp */
    BCUE_FRAME_NO_FIX,     /* GPS: the receiver says that it has no fix */
    BCUE_FRAME_JUMP,       /* GPS: too far from the last good fix for the speed limit */
    BCUE_FRAME_FUTURE,     /* dated later than now: a clock is off */
    BCUE_FRAME_STALE,      /* none came for too long */
    BCUE_FRAME_NEVER,      /* none has come */
    BCUE_FRAME_LOST,       /* none came for a place of the window, between or after others that did */
    BCUE_VERDICT_COUNT
} bcue_verdict;
/* One word, "good", "frozen", ...; never NULL. */
BCUE_API const char *bcue_verdict_name(bcue_verdict verdict);

/* 0 stands for the default everywhere. */
typedef struct bcue_stream_options {
    double step_s; /* between two frames of the model's window, as in training; 0.1 */
    /* Per sensor: a newest frame older than this is stale; 2.5 steps, GPS 1.5 s. */
    double stale_s[BCUE_SENSOR_COUNT];
    /* Per sensor: subtracted from its times, for a clock that runs ahead. */
    double clock_offset_s[BCUE_SENSOR_COUNT];
    /* Where a sensor fails, its last good frame stands in for so long, then zeros, which is what a missing
       frame is in training; 0.5. Negative: zeros at once, also for a single frame of a window. */
    double hold_s;
    /* Fixes are carried on at constant velocity, on the least-squares line through the good ones of the last
       second, until the newest is so old; then the newest is held, as above. 2, with a negative hold_s 0.
       Negative: never. */
    double carry_s;
    /* So many frames of a window of camera, LiDAR or radar have to be there for others to be stood in for by
       them; with fewer the sensor is missing as a whole. At most as many as the window has; 1. */
    int least_frames;
    double speed_limit_mps; /* a fix further from the last good one than this speed and jump_m allow is a
                               jump; 40 */
    double jump_m;          /* what noise of the receiver alone may move a fix; 20 */
    int frozen_after; /* so many identical pictures, clouds or radar frames after the first are frozen; 1.
                         Fixes may repeat: a vehicle may stand */
    bcue_fix rsu;     /* where the roadside unit stands; {0, 0}: unknown */
    int32_t scenario; /* of DeepSense 6G; 0: unknown */
    double coverage;  /* of the set of beams to probe, for a calibrated model; 0.9 */
    /* CSV with the columns beam (from 0) and any of azimuth_deg, elevation_deg, id: what is known of the
       beams, and what you call them (an SSB, CSI-RS or TCI number). NULL: nothing. Read by
       bcue_session_stream. */
    const char *beams_csv;
    /* A model that needs positions alone, for an answer at once: the rung below the network. It must rank as
       many beams, and outlive the session. NULL: the rung below is the last answer. */
    const bcue_model *tracker;
    /* A cheaper model of the same codebook ('beamcue prune', 'quantise', 'compress', 'distill', or any
       other), that takes no sensor and no more frames than the session's: the rung between tracker and
       network. It gets a session of its own with the options of this one, and must outlive it. Frames are
       prepared once for both when their files have the same recipes. NULL: no such rung. */
    const bcue_model *compressed;
} bcue_stream_options;

/* Makes the session a stream, or starts its stream anew. `options` NULL: all zero; borrowed for the call.
   The network's work on frames that were seen before is saved when the session was made with ring_frames.
   BCUE_ERROR_ARGUMENT says which option cannot be. */
BCUE_API BCUE_CHECK_RESULT bcue_status bcue_session_stream(bcue_session *session,
                                                           const bcue_stream_options *options,
                                                           bcue_error *error);
/* Forgets all frames and the last answer: another place, another vehicle. */
BCUE_API void bcue_session_forget(bcue_session *session);

/* The `size` bytes of a frame, borrowed for the call, and when it was taken. Decodes it and makes what the
   network takes of it. `verdict` (may be NULL) is what became of it; when it is BCUE_FRAME_UNREADABLE, the
   sentence in `error` says why, although the call is BCUE_OK. An error: out of memory, no such sensor, not a
   stream. */
BCUE_API BCUE_CHECK_RESULT bcue_status bcue_session_push(bcue_session *session, bcue_sensor sensor,
                                                         double time_s, const void *data, size_t size,
                                                         bcue_verdict *verdict, bcue_error *error);
/* A fix by its numbers; NaN: the receiver has none. */
BCUE_API BCUE_CHECK_RESULT bcue_status bcue_session_push_fix(bcue_session *session, double time_s,
                                                             bcue_fix fix, bcue_verdict *verdict,
                                                             bcue_error *error);

/* How good an answer is, best last. */
typedef enum bcue_rung {
    BCUE_RUNG_SWEEP,      /* nothing is known: sweep */
    BCUE_RUNG_LAST,       /* the last answer of a higher rung, not older than hold_s */
    BCUE_RUNG_TRACKER,    /* bcue_stream_options.tracker, from the fix */
    BCUE_RUNG_COMPRESSED, /* bcue_stream_options.compressed */
    BCUE_RUNG_NETWORK,    /* the session's model */
    BCUE_RUNG_COUNT
} bcue_rung;
/* "sweep", "last", "tracker", "compressed", "network" */
BCUE_API const char *bcue_rung_name(bcue_rung rung);

typedef enum bcue_source_state {
    BCUE_SOURCE_UNWANTED, /* the model takes none */
    BCUE_SOURCE_USED,     /* new enough; frames of its window may be held */
    BCUE_SOURCE_HELD,     /* its last good frame stands in, a fix as it is or carried on */
    BCUE_SOURCE_ZERO,     /* zeros stand in */
} bcue_source_state;
BCUE_API const char *bcue_source_state_name(bcue_source_state state);

/* What an answer was made of, per sensor. */
typedef struct bcue_source {
    bcue_source_state state;
    bcue_verdict reason; /* why it is not, or not all, as it should be; BCUE_FRAME_GOOD: all well */
    double age_ms;       /* of the newest frame used; NaN: none */
    /* Places of its window: as they should be; stood in for by another frame; fixes on the line of others;
       zeros. */
    int frames, held, carried, missing;
    int behind; /* whole steps that the newest frame is old: camera, LiDAR, radar: its window ends so much
                   earlier; fixes: they are carried over them, or held */
} bcue_source;

typedef struct bcue_beam_answer {
    int32_t beam;                      /* 0-based codebook index */
    double probability;                /* at the temperature of a calibrated model; NaN on the rung "sweep" */
    double azimuth_deg, elevation_deg; /* NaN: unknown */
    const char *id;                    /* of beams_csv; NULL: none */
} bcue_beam_answer;

typedef struct bcue_answer {
    const bcue_beam_answer *beams; /* the whole codebook, best first; valid until the session's next call */
    size_t count;
    bcue_rung rung;
    int calibrated; /* the probabilities are those of a calibrated model */
    size_t probe;   /* so many of the first beams are to be probed for the coverage asked for; 0: unknown */
    int probe_promised; /* that holds: calibrated for just the sensors that were there, and nothing was held.
                           Else the number is what the same rule gives, without the promise */
    bcue_sensor_pattern pattern; /* of the rung that answered; basis BCUE_SET_NONE on "last" and "sweep" */
    bcue_source sources[BCUE_SENSOR_COUNT];
    double age_ms; /* of the oldest of the newest frames that are used; NaN: none */
    /* How long the answer can be expected to be the best from now on: half the median of how long the last
       best beams stayed best, less the age; one step where too little has been seen. */
    double validity_ms;
    double prepare_ms; /* decoding, and making the inputs: what the pushes of the newest used frames took */
    double tracker_ms, compressed_ms, network_ms; /* within total_ms */
    double total_ms;                              /* of bcue_session_predict */
    int cut;                    /* the network was stopped, for it would not have ended in time */
    int compressed_cut;         /* so was the compressed model */
    int late;                   /* the deadline had passed when this answer was ready */
    double longest_operator_ms; /* of both models, in this stream so far: so much can a stop come too late */
} bcue_answer;

/* What to do at `now_s`, by `deadline_s` of the same clock (INFINITY: whenever it is ready). The time until
   the deadline counts from the call on. The cheapest rung answers first and is kept; the answer of the
   compressed model, and then of the network, replaces it if it is ready in time: the deadline is looked at
   before every operator. Without a deadline the compressed model is not asked. Without anything to go by the
   answer is the rung BCUE_RUNG_SWEEP, not an error. Allocates nothing after the first calls, but for what
   oneDNN does. BCUE_ERROR_ARGUMENT: not a stream, or times that are no numbers. */
BCUE_API BCUE_CHECK_RESULT bcue_status bcue_session_predict(bcue_session *session, double now_s,
                                                            double deadline_s, bcue_answer *answer,
                                                            bcue_error *error);

#ifdef __cplusplus
}
#endif
#endif

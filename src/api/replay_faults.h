/* Inside the room: faults of sensors, put into a replay. */
#ifndef BCUE_API_REPLAY_FAULTS_H
#define BCUE_API_REPLAY_FAULTS_H

#include "base/file.h"
#include "beamcue/stream.h"

typedef enum bcue_fault_kind {
    BCUE_FAULT_DROP,
    BCUE_FAULT_FREEZE,
    BCUE_FAULT_GARBAGE,
    BCUE_FAULT_CUT,
    BCUE_FAULT_LATE,
    BCUE_FAULT_BLACK,
    BCUE_FAULT_SATURATE,
    BCUE_FAULT_EMPTY,
    BCUE_FAULT_JUMP,
    BCUE_FAULT_NOFIX,
    BCUE_FAULT_KIND_COUNT
} bcue_fault_kind;

typedef struct bcue_fault {
    const char *text; /* as given; borrowed */
    bcue_sensor sensor;
    bcue_fault_kind kind;
    double share;      /* of the frames, drawn one by one; 0: not so */
    double duration_s; /* one outage an episode, or the delay of late frames; 0: all the time */
    double begin_s;    /* of the outage in this episode */
    size_t frames;     /* that it fell upon; of these: */
    size_t lost, met[BCUE_VERDICT_COUNT]; /* not delivered, by it or another; verdicts of the others */
} bcue_fault;

/* "SENSOR:KIND[:AMOUNT]": camera, lidar, radar, gps; drop, freeze, garbage, cut, late, black, saturate,
   empty, jump, nofix; a share (0.2) or a time (5s, 300ms). BCUE_ERROR_ARGUMENT says what there is. */
bcue_status bcue_fault_parse(const char *text, bcue_fault *fault, bcue_error *error);
/* Chooses when an outage begins, in an episode of `length_s`. */
void bcue_fault_begin_episode(bcue_fault *fault, size_t number, uint64_t seed, size_t episode,
                              double length_s);
/* Does it fall upon frame `frame` of the episode, `at_s` after its start? */
bool bcue_fault_falls(const bcue_fault *fault, size_t number, uint64_t seed, size_t episode, size_t frame,
                      double at_s);
/* Changes the bytes of a frame (not for drop, late, jump and nofix). `before` is the last frame of the sensor
   that no fault had fallen upon; data NULL: there is none, and freeze does nothing. */
bcue_status bcue_fault_apply(const bcue_fault *fault, uint64_t seed, size_t frame, const bcue_bytes *before,
                             bcue_bytes *bytes, bcue_error *error);

#endif

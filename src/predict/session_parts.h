/* Inside the room: a session, and the steps of a prediction that single calls and streams share. */
#ifndef BCUE_PREDICT_SESSION_PARTS_H
#define BCUE_PREDICT_SESSION_PARTS_H

#include "predict/network.h"

typedef struct bcue_stream bcue_stream;

struct bcue_session {
    const bcue_model *model;
    bcue_session_options options;
    bcue_network *network; /* NULL for look-up models */
    int32_t scenario;      /* of the last observation */
    float *scores;
    bool *taken;
    int32_t *order; /* for bcue_session_probe: all beams, best first, and their probabilities */
    double *probability;
    bool scored, out_of_domain;
    bcue_sensor_pattern pattern;             /* of the last prediction */
    const bcue_calibration_pattern *of_them; /* calibrated for it; NULL: none */
    bcue_radar_maps *radar;                  /* NULL: the model takes no radar */
    bcue_lidar_background *background;       /* NULL: the recipe has none */
    bcue_stream *stream;                     /* NULL: bcue_session_stream was not called */
};

/* Does the model look at anything at all (some tables do not)? */
bool bcue_session_needs_anything(const bcue_session *session);
/* The features of a fix; *there is false, and they are zeros, when it is NaN. BCUE_ERROR_DATA: no place on
   Earth. */
bcue_status bcue_session_fix(const bcue_session *session, const bcue_fix *fix, const bcue_fix *rsu,
                             int32_t scenario, float features[2], bool *there, bcue_error *error);
/* What is written for a frame or fix that is not there: `mean`, or zeros where that is NULL. */
void bcue_session_stand_in(const float *mean, size_t size, float *input);
/* Fix `index` of the window's, of which the last is the newest, into the network's input if it takes fixes,
   with what stands in for it unless it is `there`; the newest that is there into `position` as well. */
void bcue_session_put_fix(bcue_session *session, size_t index, size_t window, bool there, float features[2],
                          float position[2]);
/* Scores from the inputs that were written; `position` is the newest fix as features, NaN when missing. */
bcue_status bcue_session_score(bcue_session *session, const float position[2], double *network_ms,
                               bcue_error *error);
/* What the window that is written lacks (bits as in bcue_sensor_pattern); after bcue_network_lack. */
void bcue_session_note_pattern(bcue_session *session, unsigned missing, unsigned held, bool partly);
/* The `count` best beams by the scores. */
void bcue_session_rank(bcue_session *session, size_t count, bcue_ranked_beam *ranked);

void bcue_stream_destroy(bcue_stream *stream); /* NULL is fine */

#endif

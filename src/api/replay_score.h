/* Inside the room: what a replay came to, in numbers and tables. */
#ifndef BCUE_API_REPLAY_SCORE_H
#define BCUE_API_REPLAY_SCORE_H

#include "api/replay_run.h"
#include "api/report_handle.h"

/* Ways to find a beam, the answer of the replay among them. */
typedef enum bcue_policy {
    BCUE_POLICY_EXHAUSTIVE,   /* all beams are measured, at every instant */
    BCUE_POLICY_HIERARCHICAL, /* groups of about sqrt(beams) neighbours by their mean power, then the best
                                 group's beams */
    BCUE_POLICY_LAST,         /* the best beam of the last sweep, one every ten instants */
    BCUE_POLICY_TRACKER,      /* the first beam of the tracker */
    BCUE_POLICY_FIRST,        /* the first beam of the answer, not measured */
    BCUE_POLICY_THREE,        /* its first three, measured */
    BCUE_POLICY_SET,          /* its set for the coverage asked for, measured; without one a sweep */
    BCUE_POLICY_COUNT
} bcue_policy;

typedef struct bcue_policy_score {
    bool available;
    double loss_db, probes, rate; /* means; rate: of a link that always knows the best beam for nothing */
    double found;                 /* share in which a best beam was used */
} bcue_policy_score;

enum { BCUE_DELAYS = 11 }; /* 0, 20, ... 200 ms */

typedef struct bcue_replay_score {
    size_t scored;
    bcue_policy_score policies[BCUE_POLICY_COUNT];
    double delay_ms[BCUE_DELAYS], delay_loss_db[BCUE_DELAYS]; /* of the first beam, used so much later */
    double validity_ms;    /* delay at which the loss has grown by 1 dB; 200: it has not until then */
    double usable_loss_db; /* at the moment when each answer was ready */
    double latency_ms[3], prepare_ms[3], network_ms[3], compressed_ms[3]; /* p50, p95, p99 */
    double rung_share[BCUE_RUNG_COUNT], late_share, cut_share, compressed_cut_share;
    double state_loss_db[3]; /* all sensors used, one held, one zero; NaN: never */
    size_t state_count[3];
} bcue_replay_score;

/* BCUE_ERROR_DATA: no instant has a power to compare with. */
bcue_status bcue_replay_score_make(const bcue_playback *replay, bcue_replay_score *score, bcue_error *error);
const char *bcue_policy_name(bcue_policy policy);

/* Tables; NULL: no memory. */
bcue_table *bcue_replay_policy_table(const bcue_playback *replay, const bcue_replay_score *score);
bcue_table *bcue_replay_answer_table(const bcue_playback *replay, const bcue_replay_score *score);
bcue_table *bcue_replay_sensor_table(const bcue_playback *replay);
bcue_table *bcue_replay_fault_table(const bcue_playback *replay); /* NULL also when there were none */
bcue_table *bcue_replay_latency_table(const bcue_playback *replay, const bcue_replay_score *score);
/* Of calibrated models: what the sets of every pattern of sensors covered. */
bcue_table *bcue_replay_set_table(const bcue_playback *replay);

/* A page; `title` names model and recording. */
bcue_status bcue_replay_write_page(const bcue_playback *replay, const bcue_replay_score *score,
                                   const char *title, const char *path, bcue_error *error);

#endif

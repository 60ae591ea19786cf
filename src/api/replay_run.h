/* Inside the room: playing recordings to a stream, and what came of every instant. */
#ifndef BCUE_API_REPLAY_RUN_H
#define BCUE_API_REPLAY_RUN_H

#include "api/replay_faults.h"
#include "beamcue/replay.h"
#include "dataset/recordings.h"

typedef struct bcue_replay_row {
    const bcue_sample *sample;
    size_t episode; /* counted over what is played */
    double time_s;  /* within it */
    bool scored;    /* its power is known, and it belongs to the part that is tested */
    bcue_rung rung;
    int32_t first, tracked; /* first beam of the answer, and of the tracker alone; -1: none */
    size_t probe;           /* 0: unknown */
    bcue_sensor_pattern pattern;
    double loss_db, loss3_db, probe_loss_db; /* of the first, of the best of three, of the best of those to
                                                probe, below the best beam; NaN */
    double latency_ms, prepare_ms, network_ms, compressed_ms, age_ms, validity_ms;
    bool late, cut, compressed_cut;
    bcue_source sources[BCUE_SENSOR_COUNT];
} bcue_replay_row;

typedef struct bcue_playback {
    bcue_replay_row *rows; /* owned */
    size_t count, episodes;
    int32_t beams;
    bool monotone, test_part, calibrated, compressed; /* compressed: there is such a rung */
    bcue_fault *faults;                               /* owned */
    size_t fault_count, behind; /* instants that began late, for the one before took too long */
    double longest_operator_ms, wall_s, delay_ms;
} bcue_playback;

/* The models of the rungs; NULL: there is none, `network` excepted. */
typedef struct bcue_replay_models {
    bcue_model *network, *compressed, *tracker;
} bcue_replay_models;

/* `samples` of the data set, in its order; `tested[i]` belongs to samples[i], NULL: all are. Free also after
   a failure. */
bcue_status bcue_replay_play(const bcue_replay_models *models, const bcue_dataset *dataset,
                             const size_t *samples, const bool *tested, size_t count,
                             const bcue_replay_options *options, const bcue_hooks *hooks,
                             bcue_playback *replay, bcue_error *error);
void bcue_replay_free(bcue_playback *replay);

#endif

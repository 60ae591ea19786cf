/* Playing recordings as if they were live. */
#ifndef BEAMCUE_REPLAY_H
#define BEAMCUE_REPLAY_H

#include "beamcue/hooks.h"
#include "beamcue/report.h"
#include "beamcue/stream.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One answer, as it is given. Everything lives until the callback returns. */
typedef struct bcue_replay_tick {
    size_t index, total; /* instants */
    const char *id;      /* of the sample */
    const bcue_answer *answer;
    int32_t best;      /* the best beam at that instant, -1: unknown */
    double loss_db;    /* of the first beam below it; NaN: unknown, or the answer is to sweep */
    double latency_ms; /* from the frames' bytes to the answer */
} bcue_replay_tick;

typedef struct bcue_replay_options {
    double rate_hz;     /* instants a second; 0: as fast as it goes */
    double deadline_ms; /* from the arrival of the frames to the answer; 0: none */
    double delay_ms;    /* from when a frame was taken to its arrival */
    /* What goes wrong, each "SENSOR:KIND[:AMOUNT]" (docs/streaming.md). */
    const char *const *faults;
    size_t fault_count;
    uint64_t seed;               /* of the faults */
    size_t most;                 /* instants; 0: all */
    const char *tracker_path;    /* a model of positions for the rung below; NULL: none */
    const char *compressed_path; /* a cheaper model for the rung between the two; NULL: none */
    const char *html_path;       /* a page; NULL: none */
    bcue_session_options session;
    bcue_stream_options
        stream; /* its tracker, compressed, rsu and scenario are replaced by what the recording says */
    void *cookie;
    void (*tick)(void *cookie, const bcue_replay_tick *tick); /* NULL: nobody listens */
} bcue_replay_options;

/* Plays `recording` (a scenario folder, or the configuration of a run, of which the test part is played) to
   the model, episode by episode, and scores every answer against the measured power of every beam. Errors as
   of bcue_train; BCUE_ERROR_ARGUMENT for a fault that there is not. */
BCUE_API BCUE_CHECK_RESULT bcue_status bcue_replay(const char *model_path, const char *recording,
                                                   const bcue_replay_options *options,
                                                   const bcue_hooks *hooks, bcue_report **report,
                                                   bcue_error *error);

#ifdef __cplusplus
}
#endif
#endif

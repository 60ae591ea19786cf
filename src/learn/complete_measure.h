/* What each stand-in for a missing modality is worth: the frozen model's answers with it. */
#ifndef BCUE_LEARN_COMPLETE_MEASURE_H
#define BCUE_LEARN_COMPLETE_MEASURE_H

#include "learn/complete_vectors.h"
#include "learn/predictions.h"

typedef struct bcue_complete_scores {
    double top1, dba, loss_db; /* NaN: not to be had from this data */
} bcue_complete_scores;

typedef struct bcue_complete_row {
    unsigned missing; /* bits of inputs; 0: everything is there */
    int stand_in;     /* bcue_stand_in */
    bcue_complete_scores scores;
    double dba_spread, top1_spread; /* generated: standard deviation between draws of the prior, and */
    bcue_complete_scores drawn;     /* their mean; NaN: not drawn */
} bcue_complete_row;

typedef struct bcue_complete_table {
    bcue_complete_row rows[1 + BCUE_GAP_PATTERNS * BCUE_STAND_IN_COUNT];
    size_t count;
} bcue_complete_table;

typedef struct bcue_complete_job {
    int64_t most_missing, hold_rows, draws; /* draws 0: none; of what is generated */
    uint64_t seed;
} bcue_complete_job;

/* The session's file has a generator. One pass over the job's samples. */
bcue_status bcue_complete_measure(bcue_score_session *session, const bcue_score_job *job,
                                  const bcue_complete_job *what, const bcue_hooks *hooks,
                                  bcue_complete_table *table, bcue_error *error);
/* count x beams scores of the job's samples where `missing` is replaced by `stand_in`. */
bcue_status bcue_complete_score(bcue_score_session *session, const bcue_score_job *job, unsigned missing,
                                int stand_in, int64_t hold_rows, uint64_t seed, const bcue_hooks *hooks,
                                float *scores, bcue_error *error);
/* Of the rows for this pattern, the best by DBA (top-1 where there is none) among those that a session can
   always give: zero, mean, and what is generated. Of equal ones the simplest. */
const bcue_complete_row *bcue_complete_best(const bcue_complete_table *table, unsigned missing);

/* Median times of one window, ms, one sample at a time, with the threads of the scorer. */
typedef struct bcue_complete_times {
    double window_ms;    /* all of it */
    double generator_ms; /* the generator alone; 0: there is none */
} bcue_complete_times;
/* Of the network, where `missing` is replaced by `stand_in`. 0: nothing is missing. */
bcue_status bcue_complete_latency(const bcue_model_file *file, bcue_engine engine, unsigned missing,
                                  int stand_in, int64_t runs, bcue_complete_times *times, bcue_error *error);

#endif

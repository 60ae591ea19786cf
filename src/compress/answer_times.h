/* The times of one model's answers, over all the rounds in which it was measured. */
#ifndef BCUE_COMPRESS_ANSWER_TIMES_H
#define BCUE_COMPRESS_ANSWER_TIMES_H

#include <stddef.h>
#include "beamcue/status.h"

/* Begins as zeros. Free with bcue_answer_times_free. */
typedef struct bcue_answer_times {
    double ms, window_ms; /* at the percentile asked for, of the runs of all rounds: the next window of a
                             stream, and one of new frames */
    double *runs_ms;      /* owned, ascending: the next window in every run of every round */
    double *windows_ms;   /* owned, ascending: likewise, windows of new frames */
    size_t runs;          /* of each */
} bcue_answer_times;

typedef struct bcue_answer_tail {
    double p50, p95, p99; /* ms; of the runs of all rounds */
    double missed;        /* share of the runs that took longer than the target */
} bcue_answer_tail;

/* The least value that `percentile` % of ascending values do not exceed (nearest rank); count > 0. */
double bcue_answer_rank(const double *sorted, size_t count, double percentile);
/* One more round: `count` > 0 times of the next window, and as many of a window of new frames. At most
   100 - percentile % of all the runs then took longer than `ms`. On failure `times` is as before. */
bcue_status bcue_answer_times_add(bcue_answer_times *times, const double *next_ms, const double *window_ms,
                                  size_t count, double percentile, bcue_error *error);
/* NaN where nothing was measured. */
bcue_answer_tail bcue_answer_times_tail(const bcue_answer_times *times, double target_ms);
/* The median over the quickest run: near 1 on a quiet machine, more where others take the processor away. NaN
   where nothing was measured. */
double bcue_answer_times_slowdown(const bcue_answer_times *times);
void bcue_answer_times_free(bcue_answer_times *times);

#endif

/* From the scores of a network to beams. */
#ifndef BCUE_METRICS_RANK_H
#define BCUE_METRICS_RANK_H

#include <stdint.h>

/* The `count` (1 .. beams) beams of highest score, best first. Equal scores: the lower beam first. NaN scores
   come last, in beam order. Allocates nothing; any thread. */
void bcue_rank_beams(const float *scores, int32_t beams, int32_t count, int32_t *ranked);

/* exp(score - max) / sum, in double. A NaN score has probability 0 (as have all, when every score is NaN);
   infinite scores share all of it; scores that are all -inf are alike. May not alias. */
void bcue_softmax(const float *scores, int32_t beams, double *probability);

#endif

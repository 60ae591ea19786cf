/* Can a model's probabilities be believed, and how many beams have to be probed?

   Temperature (Guo et al., ICML 2017): probabilities p become p^(1/T) / sum. Conformal sets: ranked beams are
   probed until their probabilities add up to a threshold, which is chosen on calibration episodes so that in
   a new episode an acceptable beam is in the set with a given probability. Samples of an episode are alike,
   so episodes count, not samples: the threshold is the quantile of

       sum over the E episodes e of 1 / (E + 1) times the mean over its samples of [score <= q]  +  1 / (E +
   1) [q = infinity]

   (Lee, Barber, Willett: "Distribution-free inference with hierarchical data", 2023), the score of a sample
   being the sum of the probabilities down to its first acceptable beam. The promise holds on average over
   exchangeable episodes: not for other streets, and not for each episode.

   All functions are pure; any thread. */
#ifndef BCUE_METRICS_RELIABILITY_H
#define BCUE_METRICS_RELIABILITY_H

#include "metrics/scored_set.h"

/* Answers that list every beam (set->ranked_count == set->beams), with their probabilities in the same order.
   Episodes are needed. Borrowed. */
typedef struct bcue_answers {
    const bcue_scored_set *set;
    const double *probability; /* rows x beams, each row falling and of sum 1 */
} bcue_answers;

/* BCUE_ERROR_DATA: no row has a best beam, a list is short, or a probability is not within 0 .. 1. */
bcue_status bcue_answers_check(const bcue_answers *answers, bcue_error *error);

/* out[i] = p[i]^(1/T) / sum, of `count`; `out` may be `p`. T > 0. */
void bcue_soften(const double *p, size_t count, double temperature, double *out);

/* The T (0.05 .. 20) of least mean negative log-likelihood, every episode of the same weight. Checked
 * answers. */
bcue_status bcue_temperature_fit(const bcue_answers *answers, double *temperature, bcue_error *error);

enum { BCUE_CALIBRATION_BINS = 15 };
/* Expected calibration error: the mean over samples of |confidence - accuracy|, both of the first beam, in
   bins of equal width of the confidence. Checked answers. */
double bcue_calibration_error(const bcue_answers *answers, double temperature);

/* What counts as right: a best beam (margin_db 0), or any within margin_db of the best (rows without power
   are left out then). The threshold for `coverage` (within 0 .. 1): above 1 when there are too few episodes
   for it (fewer than coverage / (1 - coverage)), which means all beams. `episodes`, `rows` (may be NULL):
   that counted. BCUE_ERROR_MEMORY; BCUE_ERROR_DATA when no row counts. */
bcue_status bcue_conformal_threshold(const bcue_answers *answers, double temperature, double coverage,
                                     double margin_db, double *threshold, size_t *episodes, size_t *rows,
                                     bcue_error *error);

/* How many of the first beams, whose probabilities fall, are in the set: at least one. */
size_t bcue_conformal_size(const double *probability, size_t count, double threshold);

typedef struct bcue_coverage {
    double mean;        /* over episodes, of the share of samples with an acceptable beam in the set */
    double low, high;   /* its 95 % interval, by drawing episodes with replacement */
    double worst_tenth; /* mean over the tenth of the episodes that are covered least, at least one */
    double size;        /* beams in a set, mean over episodes */
    size_t episodes, rows;
} bcue_coverage;

/* What a threshold that was chosen elsewhere does here. `seed`: of the draws. */
bcue_status bcue_coverage_measure(const bcue_answers *answers, double temperature, double threshold,
                                  double margin_db, uint64_t seed, bcue_coverage *coverage,
                                  bcue_error *error);

#endif

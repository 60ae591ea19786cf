/* What a receiver measures of the power per beam: hardware ripple, noise floor, finite averaging. */
#ifndef BCUE_CHANNEL_RECEIVER_H
#define BCUE_CHANNEL_RECEIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/rng.h"

typedef struct bcue_receiver_config {
    double noise_floor_dbm; /* noise power N within a measurement */
    double ripple_db;       /* standard deviation of the fixed gain error of each beam */
    int snapshots;          /* K independent samples are averaged per beam */
} bcue_receiver_config;

/* The fixed gain error of each beam (a factor), the same in every episode of a seed. `gains` has `beams`
 * places. */
void bcue_receiver_ripple(const bcue_receiver_config *config, uint64_t seed, size_t beams, double *gains);

/* The mean of K samples |s + n|^2 with |s|^2 = gain * power and complex Gaussian n of power N: mean S + N,
   variance (N^2 + 2 S N) / K, drawn as a Gaussian and kept positive. */
void bcue_receiver_measure(const bcue_receiver_config *config, const double *gains, const double *power_mw,
                           size_t beams, bcue_rng *rng, double *measured_mw);

/* Would the strongest beam stand out of the noise: is S above four standard deviations N / sqrt(K) of a beam
 * without signal? */
bool bcue_receiver_detects(const bcue_receiver_config *config, const double *gains, const double *power_mw,
                           size_t beams);

#endif

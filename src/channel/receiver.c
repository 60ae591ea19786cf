#include "channel/receiver.h"

#include <math.h>

/* The frame of the ripple's stream; measurements use the real frames. */
#define RIPPLE_FRAME UINT32_MAX
#define DETECTION_DEVIATIONS 4.0

static double noise_mw(const bcue_receiver_config *config)
{
    return pow(10.0, config->noise_floor_dbm / 10.0);
}

void bcue_receiver_ripple(const bcue_receiver_config *config, uint64_t seed, size_t beams, double *gains)
{
    bcue_rng rng = bcue_rng_make(seed, BCUE_RNG_CHANNEL, 0, RIPPLE_FRAME, 0);
    for (size_t b = 0; b < beams; b++)
        gains[b] = pow(10.0, 0.1 * config->ripple_db * bcue_rng_normal(&rng));
}

void bcue_receiver_measure(const bcue_receiver_config *config, const double *gains, const double *power_mw,
                           size_t beams, bcue_rng *rng, double *measured_mw)
{
    double noise = noise_mw(config), snapshots = (double)config->snapshots;
    for (size_t b = 0; b < beams; b++) {
        double signal = gains[b] * power_mw[b];
        double deviation = sqrt((noise * noise + 2.0 * signal * noise) / snapshots);
        double value = signal + noise + deviation * bcue_rng_normal(rng);
        /* A Gaussian has a tail below zero that an average of squares has not. */
        double least = 1e-3 * noise;
        measured_mw[b] = value > least ? value : least;
    }
}

bool bcue_receiver_detects(const bcue_receiver_config *config, const double *gains, const double *power_mw,
                           size_t beams)
{
    double threshold = DETECTION_DEVIATIONS * noise_mw(config) / sqrt((double)config->snapshots);
    for (size_t b = 0; b < beams; b++)
        if (gains[b] * power_mw[b] > threshold)
            return true;
    return false;
}

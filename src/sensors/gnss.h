/* A satellite positioning receiver: white and correlated error, error near buildings, outages, RTK. */
#ifndef BCUE_SENSORS_GNSS_H
#define BCUE_SENSORS_GNSS_H

#include <stdbool.h>
#include "base/rng.h"
#include "base/vec3.h"
#include "rays/ray_scene.h"

typedef struct bcue_gnss_config {
    double horizontal_sigma_m; /* standard deviation of the white error, per horizontal axis */
    double vertical_sigma_m;
    /* A slow error besides, a first-order Gauss-Markov process: per horizontal axis, and 1.5 times of it
       upward. */
    double drift_sigma_m, drift_time_s; /* standard deviation; correlation time, > 0 when there is drift */
    /* Reflected signals near buildings: where a share s of the sky is hidden, a slow error of standard
       deviation s x this besides, with the drift's correlation time (10 s without drift). */
    double multipath_m;
    double outages_per_minute, outage_mean_s; /* no fix at all; exponential lengths */
    /* Real-time kinematic corrections: with a fixed solution all of the above errors are replaced by white
       noise of rtk_fix_sigma_m; with a float solution they are scaled down to rtk_float_sigma_m (as if
       horizontal_sigma_m were that). More hidden sky, less fixing: fixed while less than rtk_lost_above of
       it is hidden. 0: no RTK. */
    double rtk_fix_sigma_m, rtk_float_sigma_m, rtk_lost_above;
} bcue_gnss_config;

/* As NMEA GGA says it. */
typedef enum bcue_gnss_quality {
    BCUE_GNSS_NONE = 0,
    BCUE_GNSS_SINGLE = 1,
    BCUE_GNSS_RTK_FIXED = 4,
    BCUE_GNSS_RTK_FLOAT = 5,
} bcue_gnss_quality;

typedef struct bcue_gnss_fix {
    bcue_vec3 position; /* world frame; the last one during an outage */
    bcue_gnss_quality quality;
    int satellites;
    double hdop;
} bcue_gnss_fix;

/* One receiver in one episode: steps forward in time only. The same (seed, episode, vehicle) and the same
   steps give the same fixes. */
typedef struct bcue_gnss {
    bcue_gnss_config config;
    uint64_t seed;
    uint32_t episode, vehicle, step;
    double time_s, outage_until_s, next_outage_s;
    bcue_vec3 drift, reflected; /* in units of their standard deviation */
    bcue_vec3 last;
    bool started;
} bcue_gnss;

void bcue_gnss_start(bcue_gnss *receiver, const bcue_gnss_config *config, uint64_t seed, uint32_t episode,
                     uint32_t vehicle);
/* The fix at `time_s` (not before the last step's). `hidden_sky`: share 0..1 of the sky that is hidden. */
bcue_gnss_fix bcue_gnss_step(bcue_gnss *receiver, double time_s, bcue_vec3 truth, double hidden_sky);
/* The share of directions above 10 degrees of elevation (64 of them, evenly over the solid angle) in which
   the scene's still objects hide the sky from `place`. */
double bcue_gnss_hidden_sky(const bcue_ray_scene *scene, bcue_vec3 place);

#endif

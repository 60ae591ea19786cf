/* A satellite positioning receiver. */
#ifndef BCUE_SENSORS_GNSS_H
#define BCUE_SENSORS_GNSS_H

#include "base/rng.h"
#include "base/vec3.h"

typedef struct bcue_gnss_config {
    double horizontal_sigma_m; /* standard deviation of the white error, per horizontal axis */
    double vertical_sigma_m;
} bcue_gnss_config;

/* The position as the receiver reports it: truth plus white Gaussian error from `rng`. World frame. */
bcue_vec3 bcue_gnss_fix(const bcue_gnss_config *config, bcue_vec3 truth, bcue_rng *rng);

#endif

/* A channel without geometry: path loss by distance, with shadowing that is correlated over space. */
#ifndef BCUE_CHANNEL_LOG_DISTANCE_H
#define BCUE_CHANNEL_LOG_DISTANCE_H

#include <stddef.h>
#include <stdint.h>
#include "antenna/codebook.h"
#include "base/vec3.h"
#include "beamcue/status.h"

/* PL(d) = reference_db + 10 exponent log10(d / 1 m) + X (paper B, eq. (3)). X is a Gaussian field over the
   ground with deviation shadowing_db and the correlation exp(-distance / correlation_m) between places
   (Gudmundson, Electron. Lett. 27, 1991); one and the same for a seed. */
typedef struct bcue_log_distance {
    double reference_db, exponent;
    double shadowing_db, correlation_m;
    uint64_t seed;
} bcue_log_distance;

/* X at a place; a sum of plane waves whose wave numbers follow the spectrum of that correlation. */
double bcue_shadowing_db(const bcue_log_distance *model, bcue_vec3 place);
double bcue_log_distance_db(const bcue_log_distance *model, double distance_m, bcue_vec3 place);

/* Received power per beam (mW) over the direct line alone: P_tx |w^T a|^2 10^(-PL/10). power_mw:
 * codebook->beams. */
bcue_status bcue_log_distance_power(const bcue_log_distance *model, const bcue_array *array,
                                    const bcue_codebook *codebook, const bcue_frame *frame, bcue_vec3 vehicle,
                                    double wavelength_m, double transmit_power_dbm, double *power_mw,
                                    bcue_error *error);

/* Least squares of loss_db over 10 log10(distance): reference, exponent, and the deviation of the rest (count
   - 2 degrees of freedom). correlation_m: the distance over which the rest's correlation along consecutive
   points falls to 1/e, from the lag at which it first does (0 when it does at once, or without places). Needs
   three points or more at two different distances, all finite. */
bcue_status bcue_log_distance_fit(const double *distance_m, const double *loss_db, const bcue_vec3 *places,
                                  size_t count, bcue_log_distance *model, bcue_error *error);

#endif

/* One value per beam for several vehicles at once, and interference between several roadside units. */
#ifndef BCUE_CHANNEL_AGGREGATE_H
#define BCUE_CHANNEL_AGGREGATE_H

#include <stdbool.h>
#include <stddef.h>
#include "beamcue/status.h"

typedef enum bcue_aggregation {
    BCUE_AGGREGATE_MEAN_DB,           /* mean of the powers in dBm, each at least -200 (paper B) */
    BCUE_AGGREGATE_MEAN_LINEAR,       /* dBm of the mean power */
    BCUE_AGGREGATE_MIN,               /* the worst vehicle, dBm, at least -200 */
    BCUE_AGGREGATE_PROPORTIONAL_FAIR, /* mean over vehicles of ln(log2(1 + P / N)), P at least -200 dBm */
} bcue_aggregation;

/* false: no such name ("mean-db", "mean-linear", "min", "proportional-fair"). */
bool bcue_aggregation_from_name(const char *name, bcue_aggregation *aggregation);
const char *bcue_aggregation_name(bcue_aggregation aggregation);

/* values[b] over power_mw[v * beams + b]; noise_mw matters to the last only and must be positive there. No
   vehicle: BCUE_ERROR_ARGUMENT. The beam with the largest value serves best in each of the four senses. */
bcue_status bcue_aggregate(bcue_aggregation aggregation, const double *power_mw, size_t vehicles,
                           size_t beams, double noise_mw, double *values, bcue_error *error);
size_t bcue_best_beam(const double *values, size_t beams); /* the first of the largest */

/* Thermal noise in milliwatts: -174 dBm/Hz (290 K) + 10 log10(B) + noise figure. */
double bcue_thermal_noise_mw(double bandwidth_hz, double noise_figure_db);

/* Several units serve a receiver: it takes the unit and beam that it receives best, while every other unit
   radiates its own beam active[u] (SIZE_MAX: silent). power_mw[u * beams + b]. */
typedef struct bcue_service {
    size_t unit, beam;
    double power_mw, interference_mw;
    double sinr_db;
    size_t strongest_interferer; /* the unit; SIZE_MAX: none */
} bcue_service;
bcue_service bcue_serve(const double *power_mw, size_t units, size_t beams, const size_t *active,
                        double noise_mw);

#endif

#include "channel/aggregate.h"

#include <math.h>
#include <stdint.h>
#include <string.h>
#include "base/fail.h"

#define FLOOR_DBM (-200.0)

static const char *const names[] = {[BCUE_AGGREGATE_MEAN_DB] = "mean-db",
                                    [BCUE_AGGREGATE_MEAN_LINEAR] = "mean-linear",
                                    [BCUE_AGGREGATE_MIN] = "min",
                                    [BCUE_AGGREGATE_PROPORTIONAL_FAIR] = "proportional-fair"};

bool bcue_aggregation_from_name(const char *name, bcue_aggregation *aggregation)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], name) == 0) {
            *aggregation = (bcue_aggregation)i;
            return true;
        }
    return false;
}

const char *bcue_aggregation_name(bcue_aggregation aggregation)
{
    return names[aggregation];
}

static double dbm(double milliwatts)
{
    double value = milliwatts > 0.0 ? 10.0 * log10(milliwatts) : FLOOR_DBM;
    return fmax(value, FLOOR_DBM);
}

static double one_beam(bcue_aggregation aggregation, const double *power_mw, size_t vehicles, size_t stride,
                       double noise_mw)
{
    double sum = 0.0, least = INFINITY;
    for (size_t v = 0; v < vehicles; v++) {
        double power = power_mw[v * stride];
        least = fmin(least, dbm(power));
        if (aggregation == BCUE_AGGREGATE_MEAN_DB)
            sum += dbm(power);
        else if (aggregation == BCUE_AGGREGATE_PROPORTIONAL_FAIR)
            sum += log(log1p(fmax(power, pow(10.0, 0.1 * FLOOR_DBM)) / noise_mw) / log(2.0));
        else
            sum += power;
    }
    double mean = sum / (double)vehicles;
    switch (aggregation) {
    case BCUE_AGGREGATE_MEAN_LINEAR:
        return dbm(mean);
    case BCUE_AGGREGATE_MIN:
        return least;
    default:
        return mean;
    }
}

bcue_status bcue_aggregate(bcue_aggregation aggregation, const double *power_mw, size_t vehicles,
                           size_t beams, double noise_mw, double *values, bcue_error *error)
{
    if (vehicles == 0)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "there is no vehicle to choose a beam for");
    if (aggregation == BCUE_AGGREGATE_PROPORTIONAL_FAIR && !(noise_mw > 0.0))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "proportional-fair needs a noise power above 0, not %g mW", noise_mw);
    for (size_t b = 0; b < beams; b++)
        values[b] = one_beam(aggregation, power_mw + b, vehicles, beams, noise_mw);
    return BCUE_OK;
}

size_t bcue_best_beam(const double *values, size_t beams)
{
    size_t best = 0;
    for (size_t b = 1; b < beams; b++)
        if (values[b] > values[best])
            best = b;
    return best;
}

double bcue_thermal_noise_mw(double bandwidth_hz, double noise_figure_db)
{
    return bandwidth_hz * pow(10.0, 0.1 * (-174.0 + noise_figure_db));
}

bcue_service bcue_serve(const double *power_mw, size_t units, size_t beams, const size_t *active,
                        double noise_mw)
{
    bcue_service s = {.power_mw = -1.0, .strongest_interferer = SIZE_MAX};
    for (size_t u = 0; u < units; u++) {
        size_t best = bcue_best_beam(power_mw + u * beams, beams);
        if (power_mw[u * beams + best] > s.power_mw) {
            s.unit = u;
            s.beam = best;
            s.power_mw = power_mw[u * beams + best];
        }
    }
    double strongest = 0.0;
    for (size_t u = 0; u < units; u++) {
        if (u == s.unit || active[u] >= beams)
            continue;
        double power = power_mw[u * beams + active[u]];
        s.interference_mw += power;
        if (power > strongest) {
            strongest = power;
            s.strongest_interferer = u;
        }
    }
    s.sinr_db = s.power_mw > 0.0 ? 10.0 * log10(s.power_mw / (s.interference_mw + noise_mw)) : -INFINITY;
    return s;
}

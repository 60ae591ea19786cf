#include "channel/log_distance.h"

#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"
#include "base/rng.h"

enum { WAVES = 300 };

double bcue_shadowing_db(const bcue_log_distance *model, bcue_vec3 place)
{
    if (!(model->shadowing_db > 0.0))
        return 0.0;
    double sum = 0.0;
    for (uint32_t i = 0; i < WAVES; i++) {
        bcue_rng rng = bcue_rng_make(model->seed, BCUE_RNG_SHADOWING, 0, 0, i);
        /* exp(-d / c) in the plane has the density c^2 k / (1 + (c k)^2)^(3/2) of wave numbers k, whose
           distribution 1 - 1 / sqrt(1 + (c k)^2) is inverted here; strata over i even the draws out. */
        double u = ((double)i + bcue_rng_uniform(&rng)) / WAVES;
        double k = sqrt(1.0 / ((1.0 - u) * (1.0 - u)) - 1.0) / model->correlation_m;
        double angle = bcue_rng_range(&rng, 0.0, 2.0 * BCUE_PI),
               phase = bcue_rng_range(&rng, 0.0, 2.0 * BCUE_PI);
        sum += cos(k * (cos(angle) * place.x + sin(angle) * place.y) + phase);
    }
    return model->shadowing_db * sqrt(2.0 / WAVES) * sum;
}

double bcue_log_distance_db(const bcue_log_distance *model, double distance_m, bcue_vec3 place)
{
    return model->reference_db + 10.0 * model->exponent * log10(distance_m) + bcue_shadowing_db(model, place);
}

bcue_status bcue_log_distance_power(const bcue_log_distance *model, const bcue_array *array,
                                    const bcue_codebook *codebook, const bcue_frame *frame, bcue_vec3 vehicle,
                                    double wavelength_m, double transmit_power_dbm, double *power_mw,
                                    bcue_error *error)
{
    bcue_vec3 line = bcue_vec3_sub(vehicle, frame->origin);
    double distance = bcue_vec3_norm(line);
    if (codebook->weights && codebook->elements != array->count)
        return bcue_fail(error, BCUE_ERROR_SHAPE, "the codebook is for %zu elements, the array has %zu",
                         codebook->elements, array->count);
    if (!(distance > 0.0) || (model->shadowing_db > 0.0 && !(model->correlation_m > 0.0)))
        return bcue_fail(
            error, BCUE_ERROR_ARGUMENT,
            "a log-distance channel needs a distance (%g m) and, with shadowing, a correlation distance "
            "(%g m) above 0",
            distance, model->correlation_m);
    double complex *scratch = bcue_calloc(codebook->elements, sizeof *scratch);
    if (!scratch)
        return bcue_fail_memory(error, "the power per beam");
    bcue_vec3 direction = bcue_frame_local(frame, bcue_vec3_unit(line));
    double power = pow(10.0, 0.1 * (transmit_power_dbm - bcue_log_distance_db(model, distance, vehicle)));
    for (size_t b = 0; b < codebook->beams; b++)
        power_mw[b] = power * bcue_codebook_gain(codebook, array, b, direction, wavelength_m, scratch);
    free(scratch);
    return BCUE_OK;
}

/* Distance at which the correlation of consecutive residuals first falls below 1/e, interpolated. */
static double correlation_distance(const double *rest, const bcue_vec3 *places, size_t count)
{
    double variance = 0.0, step = 0.0, before = 1.0;
    for (size_t i = 0; i < count; i++)
        variance += rest[i] * rest[i] / (double)count;
    for (size_t i = 1; i < count; i++)
        step += bcue_vec3_norm(bcue_vec3_sub(places[i], places[i - 1])) / (double)(count - 1);
    for (size_t lag = 1; variance > 0.0 && lag < count / 2; lag++) {
        double sum = 0.0;
        for (size_t i = lag; i < count; i++)
            sum += rest[i] * rest[i - lag];
        double now = sum / (double)(count - lag) / variance;
        if (now <= exp(-1.0))
            return step * ((double)(lag - 1) + (before - exp(-1.0)) / (before - now));
        before = now;
    }
    return 0.0;
}

bcue_status bcue_log_distance_fit(const double *distance_m, const double *loss_db, const bcue_vec3 *places,
                                  size_t count, bcue_log_distance *model, bcue_error *error)
{
    double x_mean = 0.0, y_mean = 0.0, xx = 0.0, xy = 0.0, squares = 0.0;
    for (size_t i = 0; i < count; i++) {
        if (!(distance_m[i] > 0.0) || !isfinite(distance_m[i]) || !isfinite(loss_db[i]))
            return bcue_fail(error, BCUE_ERROR_DATA,
                             "point %zu has the distance %g m and the loss %g dB; leave it out", i,
                             distance_m[i], loss_db[i]);
        x_mean += 10.0 * log10(distance_m[i]) / (double)count;
        y_mean += loss_db[i] / (double)count;
    }
    double *rest = bcue_calloc(count, sizeof *rest);
    if (!rest)
        return bcue_fail_memory(error, "the fit of a path loss");
    for (size_t i = 0; i < count; i++) {
        double x = 10.0 * log10(distance_m[i]) - x_mean;
        xx += x * x;
        xy += x * (loss_db[i] - y_mean);
    }
    if (count < 3 || !(xx > 1e-12)) {
        free(rest);
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "a path loss is fitted to three points or more at different distances, not to %zu",
                         count);
    }
    double exponent = xy / xx, reference = y_mean - exponent * x_mean;
    for (size_t i = 0; i < count; i++) {
        rest[i] = loss_db[i] - reference - exponent * 10.0 * log10(distance_m[i]);
        squares += rest[i] * rest[i];
    }
    *model = (bcue_log_distance){.reference_db = reference,
                                 .exponent = exponent,
                                 .shadowing_db = sqrt(squares / (double)(count - 2)),
                                 .correlation_m = places ? correlation_distance(rest, places, count) : 0.0};
    free(rest);
    return BCUE_OK;
}

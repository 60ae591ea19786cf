#include "channel/link.h"

#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"
#include "channel/fresnel.h"

/* A field vector with complex components along the world axes. */
typedef struct field {
    double complex x, y, z;
} field;

/* The vertical unit vector across a direction: downward theta of spherical coordinates, turned up. A vertical
 * ray takes east. */
static bcue_vec3 vertical_across(bcue_vec3 direction)
{
    bcue_vec3 up = {0, 0, 1};
    bcue_vec3 across = bcue_vec3_sub(up, bcue_vec3_scale(direction, direction.z));
    return bcue_vec3_norm(across) > 1e-9 ? bcue_vec3_unit(across) : bcue_vec3_make(1, 0, 0);
}

static double complex field_dot(field e, bcue_vec3 v)
{
    return e.x * v.x + e.y * v.y + e.z * v.z;
}

/* The field after reflection of a wave that travels along `in` off a half-space with the given normal. */
static field reflect(field e, bcue_vec3 in, bcue_vec3 normal, double complex permittivity)
{
    double cos_incidence = -bcue_vec3_dot(in, normal);
    bcue_vec3 out = bcue_vec3_add(in, bcue_vec3_scale(normal, 2.0 * cos_incidence));
    bcue_vec3 s = bcue_vec3_cross(in, normal);
    /* At normal incidence any s across the ray will do. */
    s = bcue_vec3_norm(s) > 1e-9 ? bcue_vec3_unit(s) : vertical_across(in);
    bcue_vec3 p_in = bcue_vec3_cross(in, s), p_out = bcue_vec3_cross(out, s);
    double complex along_s = bcue_fresnel_s(cos_incidence, permittivity) * field_dot(e, s);
    double complex along_p = bcue_fresnel_p(cos_incidence, permittivity) * field_dot(e, p_in);
    return (field){along_s * s.x + along_p * p_out.x, along_s * s.y + along_p * p_out.y,
                   along_s * s.z + along_p * p_out.z};
}

bcue_tap bcue_path_tap(const bcue_path *path, double carrier_hz)
{
    bcue_vec3 polarisation = vertical_across(path->departure), direction = path->departure;
    field e = {polarisation.x, polarisation.y, polarisation.z};
    for (int i = 0; i < path->count; i++) {
        bcue_vec3 normal = path->at[i].normal;
        e = reflect(e, direction, normal, bcue_material_permittivity(path->at[i].material, carrier_hz));
        direction = bcue_vec3_sub(direction, bcue_vec3_scale(normal, 2.0 * bcue_vec3_dot(direction, normal)));
    }
    double complex polarised = field_dot(e, vertical_across(path->arrival));
    double wavelength = BCUE_SPEED_OF_LIGHT / carrier_hz, cycles = path->length_m / wavelength;
    double phase = -2.0 * BCUE_PI * (cycles - floor(cycles)),
           spreading = wavelength / (4.0 * BCUE_PI * path->length_m);
    return (bcue_tap){.gain = spreading * polarised * (cos(phase) + sin(phase) * I),
                      .delay_s = path->length_m / BCUE_SPEED_OF_LIGHT,
                      .arrival = path->arrival};
}

/* |sum_l gain_l exp(-j 2 pi offset tau_l) response_l|^2 averaged over the subcarriers, for one beam. */
static double beam_power(const bcue_link_config *config, const bcue_tap *taps,
                         const double complex *responses, size_t count)
{
    double total = 0.0;
    for (int k = 0; k < config->subcarriers; k++) {
        double offset = config->bandwidth_hz * (((double)k + 0.5) / (double)config->subcarriers - 0.5);
        double complex sum = 0.0;
        for (size_t l = 0; l < count; l++) {
            /* Delays relative to the first path: a common delay turns every subcarrier as a whole. */
            double phase = -2.0 * BCUE_PI * offset * (taps[l].delay_s - taps[0].delay_s);
            sum += taps[l].gain * responses[l] * (cos(phase) + sin(phase) * I);
        }
        total += creal(sum) * creal(sum) + cimag(sum) * cimag(sum);
    }
    return total / (double)config->subcarriers;
}

bcue_status bcue_link_power(const bcue_link_config *config, const bcue_link_receiver *receiver,
                            const bcue_path_list *paths, double *power_mw, bcue_error *error)
{
    const bcue_codebook *codebook = receiver->codebook;
    if (codebook->elements != receiver->array->count)
        return bcue_fail(error, BCUE_ERROR_SHAPE, "the codebook is for %zu elements, the array has %zu",
                         codebook->elements, receiver->array->count);
    if (config->subcarriers < 1)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "a link needs at least one subcarrier, not %d",
                         config->subcarriers);
    size_t count = paths->count;
    bcue_tap *taps = bcue_calloc(count, sizeof *taps);
    double complex *steering = bcue_calloc(count * receiver->array->count, sizeof *steering);
    double complex *responses = bcue_calloc(count, sizeof *responses);
    bool ok = taps && steering && responses;
    for (size_t l = 0; ok && l < count; l++) {
        taps[l] = bcue_path_tap(&paths->paths[l], config->carrier_hz);
        bcue_array_steering(receiver->array, bcue_frame_local(&receiver->frame, taps[l].arrival),
                            BCUE_SPEED_OF_LIGHT / config->carrier_hz, steering + l * receiver->array->count);
    }
    double transmit_mw = pow(10.0, config->transmit_power_dbm / 10.0);
    for (size_t b = 0; ok && b < codebook->beams; b++) {
        for (size_t l = 0; l < count; l++)
            responses[l] = bcue_array_response(codebook->weights + b * codebook->elements,
                                               steering + l * codebook->elements, codebook->elements);
        power_mw[b] = transmit_mw * beam_power(config, taps, responses, count);
    }
    free(taps);
    free(steering);
    free(responses);
    return ok ? BCUE_OK : bcue_fail_memory(error, "the channel");
}

#include "channel/link.h"

#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"

/* The field of an antenna towards a world direction, along v and h of that direction. */
typedef struct components {
    double v, h;
} components;

static components antenna_field(const bcue_element *element, const bcue_frame *frame, bcue_vec3 direction)
{
    bcue_vec3 field =
        bcue_frame_world(frame, bcue_element_field(element, bcue_frame_local(frame, direction)));
    bcue_polarisation across = bcue_polarisation_across(direction);
    return (components){bcue_vec3_dot(field, across.v), bcue_vec3_dot(field, across.h)};
}

static components other_field(const bcue_link_antenna *other, bcue_vec3 direction)
{
    return other ? antenna_field(&other->element, &other->frame, direction) : (components){1.0, 0.0};
}

static bool mechanism_counts(const bcue_link_config *config, const bcue_path *path)
{
    for (int i = 0; config->few_mechanisms && i < path->count; i++)
        if (path->at[i].kind == BCUE_TRANSMISSION || path->at[i].kind == BCUE_SCATTERING)
            return false;
    return true;
}

static bcue_link_ray make_ray(const bcue_link_config *config, const bcue_link_receiver *receiver,
                              const bcue_tap *tap)
{
    bcue_vec3 direction = receiver->transmits ? tap->departure : tap->arrival;
    components array = antenna_field(&receiver->array->element, &receiver->frame, direction);
    components other = other_field(receiver->other, receiver->transmits ? tap->arrival : tap->departure);
    components sent = receiver->transmits ? array : other, got = receiver->transmits ? other : array;
    bcue_link_ray ray = {.delay_s = tap->delay_s,
                         .doppler_hz = tap->doppler_hz,
                         .direction = bcue_frame_local(&receiver->frame, direction),
                         .range_m = receiver->transmits ? tap->departure_range_m : tap->arrival_range_m,
                         .line_of_sight = tap->line_of_sight};
    const bcue_jones *j = &tap->gain;
    if (config->unpolarised) {
        double gain = hypot(sent.v, sent.h) * hypot(got.v, got.h);
        ray.gain[0] = gain * j->vv;
        ray.gain[1] = gain * j->vh;
        ray.gain[2] = gain * j->hv;
        ray.gain[3] = gain * j->hh;
    } else
        ray.gain[0] = got.v * (j->vv * sent.v + j->vh * sent.h) + got.h * (j->hv * sent.v + j->hh * sent.h);
    return ray;
}

double bcue_link_ray_power(const bcue_link_rays *rays, size_t index)
{
    const double complex *g = rays->rays[index].gain;
    return rays->unpolarised
               ? 0.5 * (bcue_power(g[0]) + bcue_power(g[1]) + bcue_power(g[2]) + bcue_power(g[3]))
               : bcue_power(g[0]);
}

bcue_status bcue_link_trace(const bcue_link_config *config, const bcue_channel *channel,
                            const bcue_link_receiver *receiver, const bcue_path_list *paths,
                            bcue_vec3 transmitter_mps, bcue_vec3 receiver_mps, bcue_link_rays *rays,
                            bcue_error *error)
{
    rays->count = 0;
    rays->wavelength_m = bcue_channel_wavelength_m(channel);
    rays->unpolarised = config->unpolarised;
    double least = config->max_path_loss_db > 0.0 ? pow(10.0, -0.1 * config->max_path_loss_db) : 0.0;
    if (!bcue_grow((void **)&rays->rays, &rays->capacity, paths->count + 1, sizeof *rays->rays))
        return bcue_fail_memory(error, "the rays of a link");
    for (size_t l = 0; l < paths->count; l++) {
        bcue_tap tap;
        if (!mechanism_counts(config, &paths->paths[l]))
            continue;
        BCUE_TRY(bcue_channel_tap(channel, &paths->paths[l], transmitter_mps, receiver_mps, &tap, error));
        rays->rays[rays->count] = make_ray(config, receiver, &tap);
        if (bcue_link_ray_power(rays, rays->count) >= least)
            rays->count++;
    }
    return BCUE_OK;
}

void bcue_link_rays_free(bcue_link_rays *rays)
{
    free(rays->rays);
    *rays = (bcue_link_rays){0};
}

bcue_status bcue_link_check(const bcue_link_config *config, bcue_error *error)
{
    if (config->subcarriers < 1 || !(config->bandwidth_hz >= 0.0))
        return bcue_fail(
            error, BCUE_ERROR_ARGUMENT,
            "a link needs at least one subcarrier and a bandwidth that is not negative, not %d and %g Hz",
            config->subcarriers, config->bandwidth_hz);
    return BCUE_OK;
}

static double subcarrier_offset(const bcue_link_config *config, int k)
{
    return config->bandwidth_hz * (((double)k + 0.5) / (double)config->subcarriers - 0.5);
}

bcue_status bcue_link_power(const bcue_link_config *config, const bcue_channel *channel,
                            const bcue_link_receiver *receiver, const bcue_path_list *paths, double *power_mw,
                            bcue_error *error)
{
    const bcue_vec3 rest = {0, 0, 0};
    bcue_link_rays rays = {0};
    bcue_status status = bcue_link_trace(config, channel, receiver, paths, rest, rest, &rays, error);
    if (status == BCUE_OK)
        status = bcue_link_beam_power(config, receiver, &rays, power_mw, error);
    bcue_link_rays_free(&rays);
    return status;
}

bcue_link_summary bcue_link_summarise(const bcue_link_rays *rays)
{
    bcue_link_summary s = {.rays = rays->count};
    double total = 0.0, direct = 0.0, others = 0.0, mean_doppler = 0.0;
    double start =
        rays->count ? rays->rays[0].delay_s : 0.0; /* delays from here: no digits lost in squares */
    for (size_t l = 0; l < rays->count; l++) {
        double power = bcue_link_ray_power(rays, l);
        total += power;
        s.mean_delay_s += power * (rays->rays[l].delay_s - start);
        mean_doppler += power * rays->rays[l].doppler_hz;
        if (rays->rays[l].line_of_sight) {
            s.line_of_sight = true;
            direct += power;
        } else
            others += power;
    }
    s.gain_db = total > 0.0 ? 10.0 * log10(total) : -INFINITY;
    s.rician_k_db = direct > 0.0 ? 10.0 * log10(direct / others) : -INFINITY;
    if (!(total > 0.0))
        return s;
    s.mean_delay_s /= total;
    mean_doppler /= total;
    double delay = 0.0, doppler = 0.0;
    for (size_t l = 0; l < rays->count; l++) {
        double power = bcue_link_ray_power(rays, l) / total;
        delay += power * pow(rays->rays[l].delay_s - start - s.mean_delay_s, 2.0);
        doppler += power * pow(rays->rays[l].doppler_hz - mean_doppler, 2.0);
    }
    s.mean_delay_s += start;
    s.delay_spread_s = sqrt(delay);
    s.doppler_spread_hz = sqrt(doppler);
    return s;
}

static bcue_status check_polarised(const bcue_link_config *config, const bcue_link_rays *rays,
                                   bcue_error *error)
{
    if (rays->unpolarised)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "an unpolarised link has no amplitude response; trace it with polarisation");
    return bcue_link_check(config, error);
}

/* The gain of a ray at a time and a subcarrier. */
static double complex ray_at(const bcue_link_ray *ray, double offset_hz, double time_s)
{
    return ray->gain[0] * bcue_turn(2.0 * BCUE_PI * (offset_hz * ray->delay_s - ray->doppler_hz * time_s));
}

bcue_status bcue_link_element_response(const bcue_link_config *config, const bcue_link_receiver *receiver,
                                       const bcue_link_rays *rays, double time_s, double complex *response,
                                       bcue_error *error)
{
    BCUE_TRY(check_polarised(config, rays, error));
    size_t elements = receiver->array->count, subcarriers = (size_t)config->subcarriers;
    double complex *a = bcue_calloc(elements, sizeof *a);
    if (!a)
        return bcue_fail_memory(error, "the response of the array");
    for (size_t i = 0; i < elements * subcarriers; i++)
        response[i] = 0.0;
    for (size_t l = 0; l < rays->count; l++) {
        const bcue_link_ray *ray = &rays->rays[l];
        if (config->spherical)
            bcue_array_steering_near(receiver->array, ray->direction, ray->range_m, rays->wavelength_m, a);
        else
            bcue_array_steering(receiver->array, ray->direction, rays->wavelength_m, a);
        for (size_t k = 0; k < subcarriers; k++) {
            double complex gain = ray_at(ray, subcarrier_offset(config, (int)k), time_s);
            for (size_t n = 0; n < elements; n++)
                response[n * subcarriers + k] += gain * a[n];
        }
    }
    free(a);
    return BCUE_OK;
}

bcue_status bcue_link_frequency_response(const bcue_link_config *config, const bcue_link_rays *rays,
                                         double time_s, double complex *response, bcue_error *error)
{
    BCUE_TRY(check_polarised(config, rays, error));
    for (int k = 0; k < config->subcarriers; k++) {
        response[k] = 0.0;
        for (size_t l = 0; l < rays->count; l++)
            response[k] += ray_at(&rays->rays[l], subcarrier_offset(config, k), time_s);
    }
    return BCUE_OK;
}

bcue_status bcue_link_impulse_response(const bcue_link_config *config, const bcue_link_rays *rays,
                                       double time_s, double start_s, size_t count, double complex *taps,
                                       bcue_error *error)
{
    BCUE_TRY(check_polarised(config, rays, error));
    for (size_t m = 0; m < count; m++) {
        taps[m] = 0.0;
        for (size_t l = 0; l < rays->count; l++) {
            double x = BCUE_PI * ((double)m - (rays->rays[l].delay_s - start_s) * config->bandwidth_hz);
            taps[m] += ray_at(&rays->rays[l], 0.0, time_s) * (fabs(x) < 1e-12 ? 1.0 : sin(x) / x);
        }
    }
    return BCUE_OK;
}

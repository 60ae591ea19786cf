#include "channel/path_gain.h"

#include <stdlib.h>
#include <string.h>
#include "antenna/element.h"
#include "base/fail.h"
#include "base/memory.h"
#include "channel/atmosphere.h"
#include "channel/scatter.h"

typedef struct radio {
    bcue_radio_material material;
    double complex permittivity;
    bool slab;
    double wavelength_m;
} radio;

struct bcue_channel {
    bcue_channel_config config;
    double wavelength_m;
    double air_db_per_km;
    bool foliage;
    radio *materials; /* owned */
    size_t material_count;
    char extrapolated[48];
    size_t extrapolated_count;
};

bcue_status bcue_channel_create(const bcue_world *world, const bcue_channel_config *config,
                                bcue_channel **channel, bcue_error *error)
{
    if (!(config->carrier_hz >= 1e8 && config->carrier_hz <= 1e12))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "the carrier is %g Hz; it lies between 100 MHz and 1 THz", config->carrier_hz);
    for (size_t m = 0; m < world->material_count; m++)
        BCUE_TRY(bcue_radio_material_check(&world->materials[m].radio, error));
    bcue_channel *made = bcue_calloc(1, sizeof *made);
    if (made)
        made->materials = bcue_calloc(world->material_count, sizeof *made->materials);
    if (!made || !made->materials) {
        free(made);
        return bcue_fail_memory(error, "the channel");
    }
    made->config = *config;
    made->config.weather = NULL;
    made->wavelength_m = BCUE_SPEED_OF_LIGHT / config->carrier_hz;
    made->material_count = world->material_count;
    if (config->weather) {
        made->air_db_per_km = bcue_weather_db_per_km(config->carrier_hz, config->weather);
        made->foliage = true;
    }
    for (size_t m = 0; m < world->material_count; m++) {
        const bcue_radio_material *material = &world->materials[m].radio;
        bool extrapolated = false;
        double complex eta = bcue_radio_permittivity(material, config->carrier_hz, &extrapolated);
        made->materials[m] =
            (radio){*material, eta, material->slab && !config->half_spaces, made->wavelength_m};
        if (extrapolated && made->extrapolated_count++ == 0)
            memcpy(made->extrapolated, material->name, sizeof made->extrapolated);
    }
    *channel = made;
    return BCUE_OK;
}

void bcue_channel_destroy(bcue_channel *channel)
{
    if (!channel)
        return;
    free(channel->materials);
    free(channel);
}

double bcue_channel_wavelength_m(const bcue_channel *channel)
{
    return channel->wavelength_m;
}

const bcue_channel_config *bcue_channel_configuration(const bcue_channel *channel)
{
    return &channel->config;
}

const char *bcue_channel_extrapolated(const bcue_channel *channel, size_t *count)
{
    if (count)
        *count = channel->extrapolated_count;
    return channel->extrapolated_count ? channel->extrapolated : NULL;
}

static const radio *material_of(const bcue_channel *channel, bcue_material_id id)
{
    return &channel->materials[id < channel->material_count ? id : 0];
}

static bcue_plane_response plane_response(const void *face, double cos_incidence)
{
    const radio *r = face;
    cos_incidence = fmin(fmax(cos_incidence, 0.0), 1.0);
    if (!r->slab)
        return bcue_fresnel_half_space(cos_incidence, r->permittivity);
    bcue_layer layer = {r->permittivity, r->material.thickness_m};
    return bcue_fresnel_layers(cos_incidence, &layer, 1, r->wavelength_m);
}

bcue_plane_response bcue_channel_plane(const bcue_channel *channel, bcue_material_id material,
                                       double cos_incidence)
{
    return plane_response(material_of(channel, material), cos_incidence);
}

/* The factor on the specular field that roughness leaves. */
static double specular_factor(const bcue_channel *channel, const radio *r, double cos_incidence)
{
    if (channel->config.smooth)
        return 1.0;
    return bcue_radio_specular_factor(&r->material, cos_incidence, channel->wavelength_m);
}

/* s across the plane of ray and normal; any vector across the ray at normal incidence. */
static bcue_vec3 s_direction(bcue_vec3 in, bcue_vec3 normal)
{
    bcue_vec3 s = bcue_vec3_cross(in, normal);
    return bcue_vec3_norm(s) > 1e-9 ? bcue_vec3_unit(s) : bcue_polarisation_across(in).v;
}

/* The field after a plane, along `out`, with the coefficients of the two polarisations. */
static bcue_field through(bcue_field e, bcue_vec3 in, bcue_vec3 out, bcue_vec3 normal, double complex c_s,
                          double complex c_p)
{
    bcue_vec3 s = s_direction(in, normal);
    bcue_field made = {0.0, 0.0, 0.0};
    made = bcue_field_add(made, c_s * bcue_field_dot(e, s), s);
    return bcue_field_add(made, c_p * bcue_field_dot(e, bcue_vec3_cross(in, s)), bcue_vec3_cross(out, s));
}

/* A path on its way: both fields sent (v and h), and the leg on which they are. */
typedef struct traveller {
    const bcue_channel *channel;
    bcue_field e[2];
    bcue_vec3 in, out;    /* directions before and after the point at hand */
    double before, after; /* lengths from the transmitter to it and from it to the receiver */
} traveller;

static void diffract(traveller *t, const bcue_interaction *at)
{
    const bcue_channel *c = t->channel;
    bcue_utd_wedge wedge = {.edge = at->edge,
                            .normal = at->normal,
                            .n = at->wedge_n,
                            .sheet = bcue_vec3_dot(at->normal, at->normal_n) < -1.0 + 1e-9,
                            .face = {material_of(c, at->material), material_of(c, at->material_n)},
                            .response = plane_response,
                            .method = c->config.diffraction};
    double wavenumber = 2.0 * BCUE_PI / c->wavelength_m;
    for (int i = 0; i < 2; i++)
        t->e[i] = bcue_utd_diffract(&wedge, t->e[i], t->in, t->out, t->before, t->after, wavenumber);
}

static void interact(traveller *t, const bcue_interaction *at)
{
    const bcue_channel *c = t->channel;
    const radio *r = material_of(c, at->material);
    double cos_incidence = fmin(fabs(bcue_vec3_dot(t->in, at->normal)), 1.0);
    bcue_plane_response plane = plane_response(r, cos_incidence);
    double factor = specular_factor(c, r, cos_incidence);
    for (int i = 0; i < 2; i++)
        switch (at->kind) {
        case BCUE_REFLECTION:
            t->e[i] = through(t->e[i], t->in, t->out, at->normal, factor * plane.r_s, factor * plane.r_p);
            break;
        case BCUE_TRANSMISSION:
            t->e[i] = through(t->e[i], t->in, t->out, at->normal, plane.t_s, plane.t_p);
            break;
        case BCUE_SCATTERING:
            t->e[i] =
                bcue_scatter_field(&r->material, &plane, sqrt(fmax(0.0, 1.0 - factor * factor)), t->e[i],
                                   t->in, t->out, at->normal, c->config.seed, at->instance, at->surface);
            break;
        case BCUE_DIFFRACTION:
            break;
        }
    if (at->kind == BCUE_DIFFRACTION)
        diffract(t, at);
}

/* Unit vectors of the legs and their lengths: `count` + 1 of them. */
static void make_legs(const bcue_path *path, bcue_vec3 *directions, double *lengths)
{
    bcue_vec3 from = path->transmitter;
    for (int i = 0; i <= path->count; i++) {
        bcue_vec3 to = i < path->count ? path->at[i].point : path->receiver;
        bcue_vec3 leg = bcue_vec3_sub(to, from);
        lengths[i] = bcue_vec3_norm(leg);
        directions[i] = bcue_vec3_unit(leg);
        from = to;
    }
}

/* -(d length / dt) / lambda: every point moves with its object; what it slides along a plane or an edge does
   not change the length (Fermat). */
static double doppler(const bcue_channel *channel, const bcue_path *path, const bcue_vec3 *directions,
                      bcue_vec3 transmitter_mps, bcue_vec3 receiver_mps)
{
    double rate =
        bcue_vec3_dot(directions[path->count], receiver_mps) - bcue_vec3_dot(directions[0], transmitter_mps);
    for (int i = 0; i < path->count; i++) {
        bcue_vec3 change = bcue_vec3_sub(directions[i], directions[i + 1]);
        rate += bcue_vec3_dot(change, path->at[i].velocity_mps);
    }
    return -rate / channel->wavelength_m;
}

/* The loss of the air and of leaves, as a factor on the field. */
static double air_factor(const bcue_channel *channel, const bcue_path *path)
{
    double loss_db = channel->air_db_per_km * path->length_m * 1e-3;
    if (channel->foliage)
        loss_db += bcue_foliage_db(channel->config.carrier_hz, path->foliage_m);
    return loss_db > 0.0 ? pow(10.0, -0.05 * loss_db) : 1.0;
}

bcue_status bcue_channel_tap(const bcue_channel *channel, const bcue_path *path, bcue_vec3 transmitter_mps,
                             bcue_vec3 receiver_mps, bcue_tap *tap, bcue_error *error)
{
    bcue_vec3 directions[BCUE_PATH_MAX_INTERACTIONS + 1];
    double lengths[BCUE_PATH_MAX_INTERACTIONS + 1], before = 0.0;
    make_legs(path, directions, lengths);
    bcue_polarisation sent = bcue_polarisation_across(path->departure),
                      received = bcue_polarisation_across(path->arrival);
    traveller t = {.channel = channel, .e = {bcue_field_along(sent.v), bcue_field_along(sent.h)}};
    /* 1 / L on the whole; a point that spreads the wave anew makes it 1 / (s' s) or 1 / sqrt(s' s (s' + s)).
     */
    double spreading = 1.0 / path->length_m;
    *tap = (bcue_tap){.departure_range_m = path->length_m,
                      .arrival_range_m = path->length_m,
                      .line_of_sight = path->count == 0};
    int spreaders = 0;
    for (int i = 0; i < path->count; i++) {
        const bcue_interaction *at = &path->at[i];
        before += lengths[i];
        t.in = directions[i];
        t.out = directions[i + 1];
        t.before = before;
        t.after = path->length_m - before;
        interact(&t, at);
        if (at->kind != BCUE_DIFFRACTION && at->kind != BCUE_SCATTERING)
            continue;
        if (++spreaders > 1)
            return bcue_fail(
                error, BCUE_ERROR_UNSUPPORTED,
                "a path with %d interactions has two diffractions or scatterings; the channel knows the "
                "spreading of one",
                path->count);
        spreading = at->kind == BCUE_DIFFRACTION ? 1.0 / sqrt(t.before * t.after * path->length_m)
                                                 : sqrt(at->area_m2) / (t.before * t.after);
        tap->departure_range_m = t.before;
        tap->arrival_range_m = t.after;
    }
    double cycles = path->length_m / channel->wavelength_m;
    double complex factor = channel->wavelength_m / (4.0 * BCUE_PI) * spreading * air_factor(channel, path) *
                            bcue_turn(2.0 * BCUE_PI * (cycles - floor(cycles)));
    tap->gain = (bcue_jones){.vv = factor * bcue_field_dot(t.e[0], received.v),
                             .vh = factor * bcue_field_dot(t.e[1], received.v),
                             .hv = factor * bcue_field_dot(t.e[0], received.h),
                             .hh = factor * bcue_field_dot(t.e[1], received.h)};
    tap->delay_s = path->length_m / BCUE_SPEED_OF_LIGHT;
    tap->doppler_hz = doppler(channel, path, directions, transmitter_mps, receiver_mps);
    tap->departure = path->departure;
    tap->arrival = path->arrival;
    return BCUE_OK;
}

double bcue_jones_norm(const bcue_jones *j)
{
    /* The larger eigenvalue of J^H J. */
    double v = bcue_power(j->vv) + bcue_power(j->hv), h = bcue_power(j->vh) + bcue_power(j->hh);
    double complex mixed = conj(j->vv) * j->vh + conj(j->hv) * j->hh;
    return sqrt(0.5 * (v + h) + sqrt(0.25 * (v - h) * (v - h) + bcue_power(mixed)));
}

double bcue_jones_unpolarised(const bcue_jones *j)
{
    return 0.5 * (bcue_power(j->vv) + bcue_power(j->vh) + bcue_power(j->hv) + bcue_power(j->hh));
}

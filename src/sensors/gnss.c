#include "sensors/gnss.h"

#include <math.h>

enum { SKY_DIRECTIONS = 64, SATELLITES_OPEN_SKY = 24 };
#define LOWEST_ELEVATION (10.0 * BCUE_PI / 180.0)
#define DEFAULT_CORRELATION_S 10.0
#define SKY_REACH_M 500.0f
#define GOLDEN_ANGLE 2.39996322972865332

static double exponential(bcue_rng *rng, double mean)
{
    return -mean * log(1.0 - bcue_rng_uniform(rng));
}

static bcue_rng stream(const bcue_gnss *r)
{
    return bcue_rng_make(r->seed, BCUE_RNG_GNSS, r->episode, r->step, r->vehicle);
}

static bcue_vec3 normals(bcue_rng *rng)
{
    bcue_vec3 n;
    n.x = bcue_rng_normal(rng);
    n.y = bcue_rng_normal(rng);
    n.z = bcue_rng_normal(rng);
    return n;
}

void bcue_gnss_start(bcue_gnss *receiver, const bcue_gnss_config *config, uint64_t seed, uint32_t episode,
                     uint32_t vehicle)
{
    *receiver = (bcue_gnss){.config = *config, .seed = seed, .episode = episode, .vehicle = vehicle};
}

/* x' = rho x + sqrt(1 - rho^2) w: variance 1 at all times. */
static void advance(bcue_vec3 *state, double rho, bcue_vec3 w)
{
    double fresh = sqrt(1.0 - rho * rho);
    *state = bcue_vec3_add(bcue_vec3_scale(*state, rho), bcue_vec3_scale(w, fresh));
}

/* Outages begin at random moments and last a random time; returns whether one is under way. */
static bool advance_outages(bcue_gnss *r, bcue_rng *rng, double time_s)
{
    const bcue_gnss_config *c = &r->config;
    if (!(c->outages_per_minute > 0.0 && c->outage_mean_s > 0.0))
        return false;
    double between_s = 60.0 / c->outages_per_minute;
    if (!r->started)
        r->next_outage_s = time_s + exponential(rng, between_s);
    while (time_s >= r->next_outage_s) {
        r->outage_until_s = r->next_outage_s + exponential(rng, c->outage_mean_s);
        r->next_outage_s = r->outage_until_s + exponential(rng, between_s);
    }
    return time_s < r->outage_until_s;
}

static bcue_gnss_quality quality_of(const bcue_gnss_config *c, double hidden_sky)
{
    if (!(c->rtk_fix_sigma_m > 0.0))
        return BCUE_GNSS_SINGLE;
    return hidden_sky < c->rtk_lost_above ? BCUE_GNSS_RTK_FIXED : BCUE_GNSS_RTK_FLOAT;
}

static bcue_vec3 error_of(const bcue_gnss *r, bcue_gnss_quality quality, bcue_vec3 white, double hidden_sky)
{
    const bcue_gnss_config *c = &r->config;
    if (quality == BCUE_GNSS_RTK_FIXED)
        return bcue_vec3_scale(white, c->rtk_fix_sigma_m);
    bcue_vec3 e = {c->horizontal_sigma_m * white.x, c->horizontal_sigma_m * white.y,
                   c->vertical_sigma_m * white.z};
    const double slow = c->drift_sigma_m, near = c->multipath_m * hidden_sky;
    e.x += slow * r->drift.x + near * r->reflected.x;
    e.y += slow * r->drift.y + near * r->reflected.y;
    e.z += 1.5 * (slow * r->drift.z + near * r->reflected.z);
    if (quality == BCUE_GNSS_RTK_FLOAT && c->horizontal_sigma_m > 0.0)
        e = bcue_vec3_scale(e, c->rtk_float_sigma_m / c->horizontal_sigma_m);
    return e;
}

bcue_gnss_fix bcue_gnss_step(bcue_gnss *r, double time_s, bcue_vec3 truth, double hidden_sky)
{
    const bcue_gnss_config *c = &r->config;
    bcue_rng rng = stream(r);
    bcue_vec3 white = normals(&rng), slow = normals(&rng), near = normals(&rng);
    double correlation_s = c->drift_time_s > 0.0 ? c->drift_time_s : DEFAULT_CORRELATION_S;
    double rho = r->started ? exp(-(time_s - r->time_s) / correlation_s) : 0.0;
    advance(&r->drift, rho, slow);
    advance(&r->reflected, rho, near);
    bool outage = advance_outages(r, &rng, time_s);
    r->started = true;
    r->time_s = time_s;
    r->step++;
    bcue_gnss_fix fix = {.position = r->last, .quality = BCUE_GNSS_NONE, .hdop = 99.0};
    if (outage)
        return fix;
    double open = 1.0 - fmin(fmax(hidden_sky, 0.0), 1.0);
    fix.quality = quality_of(c, hidden_sky);
    fix.position = bcue_vec3_add(truth, error_of(r, fix.quality, white, hidden_sky));
    fix.satellites = (int)(SATELLITES_OPEN_SKY * open + 0.5);
    fix.hdop = 0.6 + 1.2 * (1.0 - open);
    r->last = fix.position;
    return fix;
}

double bcue_gnss_hidden_sky(const bcue_ray_scene *scene, bcue_vec3 place)
{
    int hidden = 0;
    double lowest = sin(LOWEST_ELEVATION);
    for (int start = 0; start < SKY_DIRECTIONS; start += BCUE_RAY_LANES) {
        bcue_ray_packet packet = {.count = BCUE_RAY_LANES};
        for (int i = 0; i < BCUE_RAY_LANES; i++) {
            double up = lowest + (1.0 - lowest) * (start + i + 0.5) / SKY_DIRECTIONS;
            double flat = sqrt(1.0 - up * up), azimuth = GOLDEN_ANGLE * (start + i);
            bcue_vec3 direction = {flat * cos(azimuth), flat * sin(azimuth), up};
            bcue_ray_packet_set(&packet, i, place, direction, 0.01f, SKY_REACH_M);
        }
        bool blocked[BCUE_RAY_LANES];
        bcue_ray_occluded(scene, BCUE_RAY_STREET_ONLY, &packet, blocked);
        for (int i = 0; i < BCUE_RAY_LANES; i++)
            hidden += blocked[i];
    }
    return (double)hidden / SKY_DIRECTIONS;
}

#include "sensors/lidar.h"

#include <math.h>
#include <string.h>
#include "base/fail.h"
#include "base/parallel.h"
#include "sensors/surface_hit.h"

#define DEGREE (BCUE_PI / 180.0)
/* Packets of rays that are worth another thread. */
#define PACKETS_PER_THREAD 64
/* The reflectivity that reach_10_percent_m is about. */
#define REFERENCE_REFLECTIVITY 0.1

bcue_lidar_config bcue_lidar_paper_b(void)
{
    return (bcue_lidar_config){.channels = 32,
                               .top_elevation = 25.5 * DEGREE,
                               .low_elevation = -22.5 * DEGREE,
                               .columns = 2344,
                               .revolution_s = 0.05,
                               .clockwise = true,
                               .max_range_m = 250.0,
                               .reach_10_percent_m = 250.0};
}

bcue_lidar_config bcue_lidar_os1_32(void)
{
    return (bcue_lidar_config){.channels = 32,
                               .top_elevation = 22.5 * DEGREE,
                               .low_elevation = -22.5 * DEGREE,
                               .columns = 1024,
                               .revolution_s = 0.05,
                               .clockwise = true,
                               .min_range_m = 0.3,
                               .max_range_m = 120.0,
                               .reach_10_percent_m = 90.0,
                               .range_sigma_m = 0.02,
                               .drop_rate = 0.005};
}

bcue_status bcue_lidar_check(const bcue_lidar_config *c, bcue_error *error)
{
    if (c->channels < 1 || c->channels > 256 || c->columns < 1 || c->columns > 16384)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "a LiDAR has 1 to 256 channels and 1 to 16384 columns, not %d and %d", c->channels,
                         c->columns);
    if (!(c->top_elevation >= c->low_elevation && c->top_elevation < 0.5 * BCUE_PI &&
          c->low_elevation > -0.5 * BCUE_PI))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "a LiDAR's channels run from the top (%g degrees) down to the lowest (%g), within "
                         "+-90 degrees",
                         c->top_elevation / DEGREE, c->low_elevation / DEGREE);
    if (!(c->min_range_m >= 0.0 && c->max_range_m > c->min_range_m && c->max_range_m <= 2000.0 &&
          c->reach_10_percent_m > 0.0))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "a LiDAR's ranges must grow from the least (%g m) to the greatest (%g m, at most "
                         "2000), with a positive reach at 10 %% (%g m)",
                         c->min_range_m, c->max_range_m, c->reach_10_percent_m);
    if (!(c->revolution_s > 0.0 && c->range_sigma_m >= 0.0 && c->drop_rate >= 0.0 && c->drop_rate <= 1.0))
        return bcue_fail(
            error, BCUE_ERROR_ARGUMENT,
            "a LiDAR needs a positive revolution_s, range noise of 0 or more, and a drop rate of "
            "0 to 1 (%g, %g, %g)",
            c->revolution_s, c->range_sigma_m, c->drop_rate);
    return BCUE_OK;
}

double bcue_lidar_column_time(const bcue_lidar_config *config, int column)
{
    return config->revolution_s * ((double)column + 0.5) / (double)config->columns;
}

typedef struct scan {
    const bcue_lidar_config *config;
    const bcue_ray_scene *scene;
    const bcue_frame *frame;
    const bcue_lidar_air *air;
    uint64_t seed;
    uint32_t episode, frame_index;
    int first, last, groups; /* groups of columns per channel */
    bcue_lidar_point *points;
} scan;

/* Unit direction of a ray in the sensor's frame. */
static bcue_vec3 ray_direction(const bcue_lidar_config *c, int channel, int column)
{
    double turned = 2.0 * BCUE_PI * ((double)column + 0.5) / (double)c->columns;
    double azimuth = c->clockwise ? BCUE_PI - turned : turned - BCUE_PI;
    double share = c->channels > 1 ? (double)channel / (double)(c->channels - 1) : 0.0;
    double elevation = c->top_elevation + share * (c->low_elevation - c->top_elevation);
    return bcue_vec3_make(cos(elevation) * cos(azimuth), cos(elevation) * sin(azimuth), sin(elevation));
}

/* Is a return detected? Power falls with the square of the range and with the air's two-way transmission; an
   upright surface of 10 % at reach_10_percent_m in clear air is the limit. */
static bool detected(const bcue_lidar_config *c, double strength, double range)
{
    if (c->reach_10_percent_m >= c->max_range_m)
        return strength > 0.0;
    double limit = REFERENCE_REFLECTIVITY * (range / c->reach_10_percent_m) * (range / c->reach_10_percent_m);
    return strength >= limit;
}

/* The range of an echo from the air before `reach`, or a negative number. Echoes come at the rate
   share x extinction x two-way transmission per metre (single scattering). */
static double draw_echo(const bcue_lidar_air *air, double near, double reach, bcue_rng *rng)
{
    double two_way = 2.0 * air->extinction_per_m;
    if (!(two_way > 0.0 && air->echo_share > 0.0) || reach <= near)
        return -1.0;
    /* The integral of the rate from `near` is share / 2 x (T(near) - T(r)); an exponential draw against it.
     */
    double from = exp(-two_way * near), wanted = -log(1.0 - bcue_rng_uniform(rng)) * 2.0 / air->echo_share;
    double left = from - wanted;
    if (left <= exp(-two_way * reach))
        return -1.0;
    return -log(left) / two_way;
}

static void keep(const scan *s, bcue_lidar_point *point, bcue_vec3 direction, double range, double intensity,
                 uint32_t instance)
{
    point->x = (float)(range * direction.x);
    point->y = (float)(range * direction.y);
    point->z = (float)(range * direction.z);
    point->intensity = (float)fmin(intensity, 1.0);
    point->time_s = (float)bcue_lidar_column_time(s->config, point->column);
    point->instance = instance;
}

/* Turn lane `lane` of a traced packet into a point; a point without a return keeps time_s < 0. */
static void judge(const scan *s, const bcue_ray_packet *packet, int lane, bcue_vec3 direction,
                  bcue_lidar_point *point)
{
    const bcue_lidar_config *c = s->config;
    uint32_t ray = (uint32_t)point->column * (uint32_t)c->channels + point->channel;
    bcue_rng rng = bcue_rng_make(s->seed, BCUE_RNG_LIDAR, s->episode, s->frame_index, ray);
    bool hit = packet->hit_triangle[lane] != BCUE_RAY_MISS;
    double range = hit ? (double)packet->far[lane] : c->max_range_m;
    if (c->drop_rate > 0.0 && bcue_rng_uniform(&rng) < c->drop_rate)
        return;
    double echo = draw_echo(s->air, fmax(c->min_range_m, 0.5), range, &rng);
    if (echo >= 0.0) {
        double weak = s->air->echo_share * exp(-2.0 * s->air->extinction_per_m * echo);
        keep(s, point, direction, echo, weak, BCUE_LIDAR_ECHO);
        return;
    }
    if (!hit || range < c->min_range_m)
        return;
    bcue_surface_hit surface = bcue_surface_hit_of(s->scene, packet, lane);
    double through = exp(-2.0 * s->air->extinction_per_m * range);
    /* The mirror-like part of a surface only comes back when met face on. */
    double strength = surface.reflectivity * surface.cosine + surface.gloss * pow(surface.cosine, 64.0);
    double intensity = strength * through;
    if (!detected(c, intensity, range))
        return;
    if (c->range_sigma_m > 0.0)
        range += c->range_sigma_m * bcue_rng_normal(&rng);
    keep(s, point, direction, range, intensity, packet->hit_instance[lane]);
}

/* One packet: up to 16 neighbouring columns of one channel. */
static void scan_packet(void *context, size_t index)
{
    const scan *s = context;
    const bcue_lidar_config *c = s->config;
    int channel = (int)(index / (size_t)s->groups), group = (int)(index % (size_t)s->groups);
    int start = s->first + group * BCUE_RAY_LANES;
    bcue_ray_packet packet = {.count = s->last - start < BCUE_RAY_LANES ? s->last - start : BCUE_RAY_LANES};
    bcue_vec3 local[BCUE_RAY_LANES];
    for (int i = 0; i < packet.count; i++) {
        local[i] = ray_direction(c, channel, start + i);
        bcue_ray_packet_set(&packet, i, s->frame->origin, bcue_frame_world(s->frame, local[i]), 0.05f,
                            (float)c->max_range_m);
    }
    bcue_ray_intersect(s->scene, BCUE_RAY_ALL, &packet);
    for (int i = 0; i < packet.count; i++) {
        bcue_lidar_point *point =
            &s->points[(size_t)(start + i - s->first) * (size_t)c->channels + (size_t)channel];
        *point = (bcue_lidar_point){
            .time_s = -1.0f, .channel = (uint16_t)channel, .column = (uint16_t)(start + i)};
        judge(s, &packet, i, local[i], point);
    }
}

void bcue_lidar_scan(const bcue_lidar_config *config, const bcue_ray_scene *scene, const bcue_frame *frame,
                     const bcue_lidar_air *air, uint64_t seed, uint32_t episode, uint32_t frame_index,
                     int first, int last, bcue_lidar_point *points, size_t *count)
{
    scan s = {config, scene, frame, air, seed, episode, frame_index, first, last, 0, points};
    s.groups = (last - first + BCUE_RAY_LANES - 1) / BCUE_RAY_LANES;
    bcue_parallel_for((size_t)s.groups * (size_t)config->channels, PACKETS_PER_THREAD, scan_packet, &s);
    size_t kept = 0, all = (size_t)(last - first) * (size_t)config->channels;
    for (size_t i = 0; i < all; i++)
        if (points[i].time_s >= 0.0f)
            points[kept++] = points[i];
    *count = kept;
}

#include "sensors/radar_points.h"

#include <math.h>
#include "base/fail.h"
#include "base/parallel.h"
#include "sensors/surface_hit.h"

#define DEGREE (BCUE_PI / 180.0)
#define PACKETS_PER_THREAD 16
/* `index` of the stream that draws false detections; rays have theirs. */
#define FALSE_STREAM UINT32_MAX

bcue_radar_points_config bcue_radar_points_paper_b(void)
{
    return (bcue_radar_points_config){.range_m = 50.0,
                                      .horizontal_field_of_view = 150.0 * DEGREE,
                                      .vertical_field_of_view = 30.0 * DEGREE,
                                      .rays = 2000};
}

bcue_status bcue_radar_points_check(const bcue_radar_points_config *c, bcue_error *error)
{
    if (!(c->range_m > 0.0 && c->range_m <= 1000.0 && c->horizontal_field_of_view > 0.0 &&
          c->horizontal_field_of_view < BCUE_PI && c->vertical_field_of_view > 0.0 &&
          c->vertical_field_of_view < BCUE_PI))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "a radar needs a range of up to 1000 m and fields of view below 180 degrees (%g m, "
                         "%g x %g degrees)",
                         c->range_m, c->horizontal_field_of_view / DEGREE,
                         c->vertical_field_of_view / DEGREE);
    if (c->rays < 1 || c->rays > 1000000 || !(c->miss_rate >= 0.0 && c->miss_rate <= 1.0) ||
        !(c->false_points >= 0.0 && c->false_points <= 1e4) || !(c->range_sigma_m >= 0.0) ||
        !(c->angle_sigma >= 0.0) || !(c->velocity_sigma_mps >= 0.0))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "a radar needs 1 to 1,000,000 rays (%d), a miss rate of 0 to 1 (%g), up to 10,000 "
                         "false points (%g) and noise of 0 or more",
                         c->rays, c->miss_rate, c->false_points);
    return BCUE_OK;
}

static size_t most_false(const bcue_radar_points_config *config)
{
    return config->false_points > 0.0 ? (size_t)(2.0 * config->false_points + 64.0) : 0;
}

size_t bcue_radar_points_most(const bcue_radar_points_config *config)
{
    return (size_t)config->rays + most_false(config);
}

typedef struct scan {
    const bcue_radar_points_config *config;
    const bcue_ray_scene *scene;
    const bcue_frame *frame;
    bcue_vec3 radar_velocity;
    uint64_t seed;
    uint32_t episode, frame_index;
    bcue_radar_point *points; /* depth_m < 0: nothing */
    uint32_t *instances;
} scan;

static bcue_rng stream(const scan *s, uint32_t index)
{
    return bcue_rng_make(s->seed, BCUE_RNG_RADAR, s->episode, s->frame_index, index);
}

/* Ahead, left, up; `far` of the packet is 1 at its end. */
static bcue_vec3 draw_end(const bcue_radar_points_config *c, bcue_rng *rng)
{
    double rho = bcue_rng_uniform(rng), angle = 2.0 * BCUE_PI * bcue_rng_uniform(rng);
    double right = c->range_m * tan(0.5 * c->horizontal_field_of_view) * rho * cos(angle);
    double up = c->range_m * tan(0.5 * c->vertical_field_of_view) * rho * sin(angle);
    return bcue_vec3_make(c->range_m, -right, up);
}

static bcue_radar_point detection(bcue_vec3 local, double depth, double velocity)
{
    return (bcue_radar_point){(float)velocity, (float)atan2(-local.y, local.x),
                              (float)atan2(local.z, hypot(local.x, local.y)), (float)depth};
}

static void add_noise(const bcue_radar_points_config *c, bcue_radar_point *point, bcue_rng *rng)
{
    if (c->velocity_sigma_mps > 0.0)
        point->velocity_mps += (float)(c->velocity_sigma_mps * bcue_rng_normal(rng));
    if (c->angle_sigma > 0.0) {
        point->azimuth += (float)(c->angle_sigma * bcue_rng_normal(rng));
        point->altitude += (float)(c->angle_sigma * bcue_rng_normal(rng));
    }
    if (c->range_sigma_m > 0.0)
        point->depth_m = (float)fmax((double)point->depth_m + c->range_sigma_m * bcue_rng_normal(rng), 0.0);
}

static void scan_packet(void *context, size_t index)
{
    const scan *s = context;
    const bcue_radar_points_config *c = s->config;
    int start = (int)index * BCUE_RAY_LANES;
    bcue_ray_packet packet = {.count = c->rays - start < BCUE_RAY_LANES ? c->rays - start : BCUE_RAY_LANES};
    bcue_vec3 local[BCUE_RAY_LANES];
    bcue_rng rng[BCUE_RAY_LANES];
    for (int i = 0; i < packet.count; i++) {
        rng[i] = stream(s, (uint32_t)(start + i));
        local[i] = draw_end(c, &rng[i]);
        bcue_ray_packet_set(&packet, i, s->frame->origin, bcue_frame_world(s->frame, local[i]), 1e-3f, 1.0f);
    }
    bcue_ray_intersect(s->scene, BCUE_RAY_ALL, &packet);
    for (int i = 0; i < packet.count; i++) {
        bcue_radar_point *point = &s->points[start + i];
        point->depth_m = -1.0f;
        s->instances[start + i] = BCUE_RAY_STATIC;
        if (packet.hit_triangle[i] == BCUE_RAY_MISS ||
            (c->miss_rate > 0.0 && bcue_rng_uniform(&rng[i]) < c->miss_rate))
            continue;
        bcue_surface_hit hit = bcue_surface_hit_of(s->scene, &packet, i);
        bcue_vec3 away = bcue_vec3_unit(bcue_frame_world(s->frame, local[i]));
        double velocity = bcue_vec3_dot(bcue_vec3_sub(hit.velocity_mps, s->radar_velocity), away);
        *point = detection(local[i], (double)packet.far[i] * bcue_vec3_norm(local[i]), velocity);
        s->instances[start + i] = packet.hit_instance[i];
        add_noise(c, point, &rng[i]);
    }
}

/* False detections are uniform over the cone's rays, their length and the speeds of a street. */
static size_t add_false(const scan *s, size_t kept)
{
    const double fastest_mps = 20.0;
    bcue_rng rng = stream(s, FALSE_STREAM);
    size_t wanted = bcue_rng_poisson(&rng, s->config->false_points), most = most_false(s->config);
    for (size_t i = 0; i < wanted && i < most; i++) {
        bcue_vec3 end = draw_end(s->config, &rng);
        double depth = bcue_vec3_norm(end) * bcue_rng_uniform(&rng);
        s->points[kept] = detection(end, depth, bcue_rng_range(&rng, -fastest_mps, fastest_mps));
        s->instances[kept++] = BCUE_RADAR_FALSE;
    }
    return kept;
}

void bcue_radar_points_scan(const bcue_radar_points_config *config, const bcue_ray_scene *scene,
                            const bcue_frame *frame, bcue_vec3 radar_velocity_mps, uint64_t seed,
                            uint32_t episode, uint32_t frame_index, bcue_radar_point *points,
                            uint32_t *instances, size_t *count)
{
    scan s = {config, scene, frame, radar_velocity_mps, seed, episode, frame_index, points, instances};
    bcue_parallel_for(((size_t)config->rays + BCUE_RAY_LANES - 1) / BCUE_RAY_LANES, PACKETS_PER_THREAD,
                      scan_packet, &s);
    size_t kept = 0;
    for (size_t i = 0; i < (size_t)config->rays; i++)
        if (points[i].depth_m >= 0.0f) {
            points[kept] = points[i];
            instances[kept++] = instances[i];
        }
    *count = add_false(&s, kept);
}

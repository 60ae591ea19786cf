#include "simulate/sim_scene.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"

#define DEGREE (BCUE_PI / 180.0)

static bcue_street_config street_of(const bcue_simulate_config *c)
{
    return (bcue_street_config){.length_m = c->street.length_m,
                                .lane_width_m = c->street.lane_width_m,
                                .setback_m = c->street.setback_m,
                                .sidewalk_m = c->street.sidewalk_m,
                                .yard_m = c->street.yard_m,
                                .building_min_height_m = c->street.building_min_height_m,
                                .building_max_height_m = c->street.building_max_height_m,
                                .tree_spacing_m = c->street.tree_spacing_m};
}

static bcue_traffic_config traffic_of(const bcue_simulate_config *c, const bcue_street_config *street)
{
    bcue_traffic_config traffic = {.vehicles_per_minute = c->traffic.vehicles_per_minute,
                                   .min_speed_mps = c->traffic.min_speed_mps,
                                   .max_speed_mps = c->traffic.max_speed_mps,
                                   .min_gap_m = c->traffic.min_gap_m};
    for (int lane = 0; lane < 2; lane++)
        traffic.half_span_m[lane] = tan(c->record_half_angle_deg * DEGREE) * bcue_street_lane_y(street, lane);
    double *weights = traffic.class_weights;
    weights[BCUE_VEHICLE_HATCHBACK] = c->traffic.class_weights.hatchback;
    weights[BCUE_VEHICLE_SEDAN] = c->traffic.class_weights.sedan;
    weights[BCUE_VEHICLE_SUV] = c->traffic.class_weights.suv;
    weights[BCUE_VEHICLE_VAN] = c->traffic.class_weights.van;
    weights[BCUE_VEHICLE_TRUCK] = c->traffic.class_weights.truck;
    weights[BCUE_VEHICLE_BUS] = c->traffic.class_weights.bus;
    weights[BCUE_VEHICLE_MOTORCYCLE] = c->traffic.class_weights.motorcycle;
    return traffic;
}

/* The condition of every episode: as many of each as its share asks for (largest remainder), in an order that
   the seed draws. */
static bcue_status deal_conditions(bcue_sim_scene *scene, uint32_t index, bcue_error *error)
{
    const bcue_simulate_config *c = scene->config;
    const double weights[BCUE_CONDITION_COUNT] = {c->weather.noon, c->weather.night, c->weather.rain,
                                                  c->weather.fog, c->weather.snow};
    size_t episodes = (size_t)c->episodes, dealt = 0;
    size_t *order = bcue_calloc(episodes, sizeof *order);
    scene->conditions = bcue_calloc(episodes, sizeof *scene->conditions);
    if (!order || !scene->conditions) {
        free(order);
        return bcue_fail_memory(error, "the conditions of the episodes");
    }
    double sum = 0.0, given[BCUE_CONDITION_COUNT] = {0};
    for (int k = 0; k < BCUE_CONDITION_COUNT; k++)
        sum += weights[k];
    for (size_t e = 0; e < episodes; e++)
        order[e] = e;
    bcue_rng rng = bcue_rng_make((uint64_t)c->seed, BCUE_RNG_WEATHER, 0, index, 0);
    bcue_rng_shuffle(&rng, order, episodes);
    for (; dealt < episodes; dealt++) {
        int most = 0;
        double lag = -1.0;
        for (int k = 0; k < BCUE_CONDITION_COUNT; k++) {
            double behind = weights[k] / sum * (double)(dealt + 1) - given[k];
            if (weights[k] > 0.0 && behind > lag) {
                most = k;
                lag = behind;
            }
        }
        given[most] += 1.0;
        scene->conditions[order[dealt]] = (bcue_condition)most;
    }
    free(order);
    return BCUE_OK;
}

static bcue_status make_straight(bcue_sim_scene *scene, bcue_error *error)
{
    const bcue_simulate_config *c = scene->config;
    bcue_street_config street = street_of(c);
    scene->cruise = traffic_of(c, &street);
    BCUE_TRY(bcue_world_make_street(&street, (uint64_t)c->seed, &scene->world, error));
    /* Array, camera and LiDAR share place and boresight; the radar stands below them. */
    scene->place = bcue_vec3_make(0, 0, c->rsu.height_m);
    scene->azimuth = 0.5 * BCUE_PI;
    scene->poses.camera = bcue_frame_make(scene->place, scene->azimuth, c->camera.pitch_deg * DEGREE);
    scene->poses.lidar = bcue_frame_make(scene->place, scene->azimuth, c->lidar.pitch_deg * DEGREE);
    scene->poses.radar =
        bcue_frame_make(bcue_vec3_make(0, 0, c->radar.height_m), scene->azimuth, c->radar.pitch_deg * DEGREE);
    return BCUE_OK;
}

static bcue_status make_scenery(bcue_sim_scene *scene, bcue_error *error)
{
    const bcue_simulate_config *c = scene->config;
    bcue_site site;
    BCUE_TRY(bcue_scenery_make(&c->scenery, (uint64_t)c->seed, &scene->world, &site, error));
    scene->place = site.position;
    scene->azimuth = site.yaw;
    scene->bounds = site.bounds;
    scene->poses.camera = bcue_frame_make(site.position, site.yaw, site.camera_pitch);
    scene->poses.lidar = bcue_frame_make(site.position, site.yaw, site.lidar_pitch);
    scene->poses.radar = bcue_frame_make(site.radar_position, site.yaw, site.radar_pitch);
    return BCUE_OK;
}

bcue_status bcue_sim_scene_create(const bcue_simulate_config *config, uint32_t index, const bcue_hooks *hooks,
                                  bcue_sim_scene *scene, bcue_error *error)
{
    *scene = (bcue_sim_scene){.config = config,
                              .hooks = hooks,
                              .latitude_deg = config->rsu.latitude_deg,
                              .longitude_deg = config->rsu.longitude_deg};
    if (config->weather.enabled)
        BCUE_TRY(deal_conditions(scene, index, error));
    bcue_status status = BCUE_OK;
    if (config->scene == BCUE_SIM_SCENE_IMPORTED)
        status = bcue_sim_scene_import(scene, error);
    else
        status = config->scene == BCUE_SIM_SCENE_SCENERY ? make_scenery(scene, error)
                                                         : make_straight(scene, error);
    const bcue_sim_rsu_entry *rsus = config->rsus.items;
    for (size_t i = 0; status == BCUE_OK && i < config->rsus.count; i++) {
        char what[32];
        snprintf(what, sizeof what, "rsus.%zu", i);
        status = bcue_sim_scene_check_place(scene, what,
                                            bcue_vec3_make(rsus[i].x_m, rsus[i].y_m, rsus[i].z_m), error);
    }
    return status;
}

void bcue_sim_scene_destroy(bcue_sim_scene *scene)
{
    free(scene->conditions);
    bcue_world_free(&scene->world);
    *scene = (bcue_sim_scene){0};
}

static bcue_daylight draw_daylight(const bcue_simulate_config *c, uint32_t episode)
{
    bcue_rng rng = bcue_rng_make((uint64_t)c->seed, BCUE_RNG_CAMERA, episode, 0, 0);
    double elevation =
        DEGREE * bcue_rng_range(&rng, c->light.min_sun_elevation_deg, c->light.max_sun_elevation_deg);
    double yaw = -0.5 * BCUE_PI + DEGREE * c->light.max_sun_azimuth_deg * bcue_rng_range(&rng, -1.0, 1.0);
    bcue_vec3 sun = {cos(elevation) * cos(yaw), cos(elevation) * sin(yaw), sin(elevation)};
    double cloudiness = bcue_rng_range(&rng, c->light.min_cloudiness, c->light.max_cloudiness);
    return (bcue_daylight){.sun = sun, .exposure = c->light.exposure, .cloudiness = cloudiness};
}

static bcue_status drive_cruise(const bcue_sim_scene *scene, uint32_t number, bcue_sim_episode *episode,
                                bcue_error *error)
{
    const bcue_simulate_config *c = scene->config;
    BCUE_TRY(bcue_traffic_make(&scene->world, &scene->cruise, (uint64_t)c->seed, number, &episode->traffic,
                               error));
    double frames = floor(episode->traffic.duration_s * c->frame_rate_hz) + 1.0;
    episode->frames = (uint32_t)fmin(frames, (double)c->max_frames_per_episode);
    return BCUE_OK;
}

/* The vehicle that is inside the bounds for longest; walkers do not transmit. */
static size_t choose_target(const bcue_sim_scene *scene, const bcue_traffic *traffic, double step_s,
                            size_t steps)
{
    size_t best = 0, longest = 0;
    for (size_t t = 0; t < traffic->track_count; t++) {
        if (scene->world.models[traffic->tracks[t].model].vehicle_class == BCUE_VEHICLE_PEDESTRIAN)
            continue;
        size_t inside = 0;
        bcue_track_state state;
        for (size_t k = 0; k < steps; k++)
            inside += bcue_track_at(traffic, t, step_s * (double)k, &state) &&
                      bcue_bounds_contain(&scene->bounds, state.position.x, state.position.y);
        if (inside > longest) {
            longest = inside;
            best = t;
        }
    }
    return best;
}

static bcue_status drive_flow(bcue_sim_scene *scene, uint32_t number, uint32_t in_scene,
                              bcue_sim_episode *episode, bcue_error *error)
{
    const bcue_simulate_config *c = scene->config;
    bcue_flow_config flow = c->flow;
    double step_s = 1.0 / c->frame_rate_hz;
    flow.duration_s = fmax(flow.duration_s, step_s * (double)c->max_frames_per_episode);
    if (bcue_sim_given(c->fcd.file))
        BCUE_TRY(bcue_sim_scene_fcd(scene, in_scene, &episode->traffic, error));
    else
        BCUE_TRY(
            bcue_traffic_flow(&scene->world, &flow, (uint64_t)c->seed, number, &episode->traffic, error));
    size_t steps =
        bcue_traffic_steps(&scene->world, &episode->traffic, step_s, (size_t)c->max_frames_per_episode);
    episode->frames = (uint32_t)steps;
    if (c->receivers == BCUE_SIM_TARGET && episode->traffic.track_count > 0)
        episode->traffic.target = choose_target(scene, &episode->traffic, step_s, steps);
    return BCUE_OK;
}

/* The weather of a condition, as strong as the configuration has it. */
static bcue_status make_weather(const bcue_sim_scene *scene, bcue_condition condition, bcue_weather *weather,
                                bcue_error *error)
{
    const bcue_simulate_config *c = scene->config;
    BCUE_TRY(bcue_weather_condition(condition, scene->latitude_deg, scene->longitude_deg, weather, error));
    if (condition == BCUE_CONDITION_RAIN)
        weather->rain_mm_h = c->weather.rain_mm_h;
    if (condition == BCUE_CONDITION_FOG)
        weather->fog_visibility_m = c->weather.fog_visibility_m;
    if (condition == BCUE_CONDITION_SNOW)
        weather->snow_mm_h = c->weather.snow_mm_h;
    return bcue_weather_derive(weather, error);
}

bcue_status bcue_sim_scene_episode(bcue_sim_scene *scene, uint32_t number, uint32_t in_scene,
                                   bcue_sim_episode *episode, bcue_error *error)
{
    const bcue_simulate_config *c = scene->config;
    *episode = (bcue_sim_episode){.light = draw_daylight(c, number), .condition = "day"};
    if (scene->conditions) {
        bcue_condition condition = scene->conditions[in_scene];
        episode->has_weather = true;
        episode->condition = bcue_condition_name(condition);
        BCUE_TRY(make_weather(scene, condition, &episode->weather, error));
    }
    return scene->config->scene == BCUE_SIM_SCENE_STRAIGHT
               ? drive_cruise(scene, number, episode, error)
               : drive_flow(scene, number, in_scene, episode, error);
}

bool bcue_sim_scene_counts(const bcue_sim_scene *scene, const bcue_instance *instance)
{
    if (scene->world.models[instance->model].vehicle_class == BCUE_VEHICLE_PEDESTRIAN)
        return false;
    if (scene->config->scene != BCUE_SIM_SCENE_STRAIGHT)
        return bcue_bounds_contain(&scene->bounds, instance->position.x, instance->position.y);
    return fabs(instance->position.x) < 0.5 * scene->config->street.length_m;
}

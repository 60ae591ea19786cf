#include "simulate/sim_sensors.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/fail.h"
#include "base/memory.h"
#include "formats/npy.h"
#include "formats/ply.h"

#define DEGREE (BCUE_PI / 180.0)
/* A sweep is scanned in so many sectors, with the vehicles where they are in the middle of each. */
enum { LIDAR_SECTORS = 8 };
/* The ushort intensity of DeepSense clouds. */
#define INTENSITY_SCALE 1000.0
/* What the FMCW radar sends and how it hears: 12 dBm, 10 dB gain, 12 dB noise figure. */
#define RADAR_POWER_W 0.016
#define RADAR_GAIN_DB 10.0
#define RADAR_NOISE_FIGURE_DB 12.0
/* The converter's counts for one square root of watt: real cubes have magnitudes of tens to hundreds. */
#define RADAR_COUNTS 2e8

static bcue_status make_camera(bcue_sim_sensors *s, bcue_error *error)
{
    const bcue_simulate_config *c = s->config;
    bcue_camera_config config = {.width = (int)c->camera.width,
                                 .height = (int)c->camera.height,
                                 .field_of_view = c->camera.field_of_view_deg * DEGREE,
                                 .distortion = {c->camera.distortion, 0.0},
                                 .exposure_s = c->camera.exposure_s,
                                 .noise = c->camera.noise};
    BCUE_TRY(bcue_camera_create(&config, s->scene, &s->camera, error));
    s->image = (bcue_image){.width = config.width, .height = config.height, .channels = 3};
    s->image.pixels = bcue_calloc((size_t)config.width * (size_t)config.height, 3);
    s->lamps = bcue_calloc(s->world->lamp_count + 1, sizeof *s->lamps);
    return s->image.pixels && s->lamps ? BCUE_OK : bcue_fail_memory(error, "the camera's picture");
}

static bcue_status make_lidar(bcue_sim_sensors *s, bcue_error *error)
{
    const bcue_simulate_config *c = s->config;
    s->lidar = c->lidar.kind == BCUE_SIM_LIDAR_PAPER_B ? bcue_lidar_paper_b() : bcue_lidar_os1_32();
    if (c->lidar.columns > 0)
        s->lidar.columns = (int)c->lidar.columns;
    BCUE_TRY(bcue_lidar_check(&s->lidar, error));
    s->lidar_points =
        bcue_calloc((size_t)s->lidar.channels * (size_t)s->lidar.columns, sizeof *s->lidar_points);
    return s->lidar_points ? BCUE_OK : bcue_fail_memory(error, "a LiDAR sweep");
}

static bcue_status make_radar_points(bcue_sim_sensors *s, bcue_error *error)
{
    const bcue_simulate_config *c = s->config;
    s->radar_points = bcue_radar_points_paper_b();
    s->radar_points.rays = (int)c->radar.rays;
    s->radar_points.miss_rate = c->radar.miss_rate;
    s->radar_points.false_points = c->radar.false_points;
    BCUE_TRY(bcue_radar_points_check(&s->radar_points, error));
    size_t most = bcue_radar_points_most(&s->radar_points);
    s->radar_hits = bcue_calloc(most, sizeof *s->radar_hits);
    s->radar_instances = bcue_calloc(most, sizeof *s->radar_instances);
    return s->radar_hits && s->radar_instances ? BCUE_OK : bcue_fail_memory(error, "the radar's points");
}

static bcue_status make_radar_cube(bcue_sim_sensors *s, bcue_error *error)
{
    s->chirp =
        s->config->radar.kind == BCUE_SIM_RADAR_CUBE_9 ? bcue_fmcw_scenario9() : bcue_fmcw_scenario31();
    s->chirp.noise_power =
        RADAR_COUNTS * RADAR_COUNTS * bcue_fmcw_noise_power(s->chirp.sample_rate_hz, RADAR_NOISE_FIGURE_DB);
    s->radar_view = bcue_radar_view_default();
    s->radar_view.most = (int)s->config->radar.scatterers;
    BCUE_TRY(bcue_radar_view_check(&s->radar_view, error));
    BCUE_TRY(bcue_fmcw_check(&s->chirp, error));
    size_t most = (size_t)s->radar_view.most;
    s->scatterers = bcue_calloc(most, sizeof *s->scatterers);
    s->echoes = bcue_calloc(most, sizeof *s->echoes);
    s->cube = bcue_calloc(s->chirp.antennas * s->chirp.samples * s->chirp.chirps, 2 * sizeof *s->cube);
    return s->scatterers && s->echoes && s->cube ? BCUE_OK : bcue_fail_memory(error, "a radar cube");
}

bcue_status bcue_sim_sensors_create(const bcue_simulate_config *config, const bcue_world *world,
                                    const bcue_sim_poses *poses, bcue_sim_sensors *s, bcue_error *error)
{
    *s = (bcue_sim_sensors){.config = config, .world = world, .poses = *poses};
    BCUE_TRY(bcue_ray_scene_create(world, &s->scene, error));
    if (config->camera.enabled)
        BCUE_TRY(make_camera(s, error));
    if (config->lidar.enabled)
        BCUE_TRY(make_lidar(s, error));
    if (config->radar.enabled && config->radar.kind == BCUE_SIM_RADAR_POINTS)
        BCUE_TRY(make_radar_points(s, error));
    if (config->radar.enabled && config->radar.kind != BCUE_SIM_RADAR_POINTS)
        BCUE_TRY(make_radar_cube(s, error));
    return BCUE_OK;
}

void bcue_sim_sensors_destroy(bcue_sim_sensors *s)
{
    bcue_camera_destroy(s->camera);
    bcue_image_free(&s->image);
    free(s->lamps);
    free(s->lidar_points);
    free(s->radar_hits);
    free(s->radar_instances);
    free(s->scatterers);
    free(s->echoes);
    free(s->cube);
    free(s->placed);
    bcue_ray_scene_destroy(s->scene);
    *s = (bcue_sim_sensors){0};
}

void bcue_sim_sensors_set_weather(bcue_sim_sensors *s, const bcue_weather *weather,
                                  const bcue_daylight *light)
{
    s->light = *light;
    s->air = (bcue_lidar_air){0};
    if (!weather)
        return;
    if (s->lamps)
        s->light = bcue_daylight_of(weather, s->world, s->lamps);
    /* Drops and flakes send more of what they take back than the small droplets of fog. */
    bool falling = weather->rain_mm_h > 0.0 || weather->snow_mm_h > 0.0;
    s->air = (bcue_lidar_air){weather->extinction_per_m, falling ? 0.05 : 0.02};
}

static bcue_status write_bytes(bcue_output_tree *tree, const char *path, bcue_bytes *bytes, bcue_error *error)
{
    bcue_status status = bcue_output_tree_write(tree, path, bytes->data, bytes->size, true, error);
    bcue_bytes_free(bytes);
    return status;
}

static bcue_status write_image(bcue_sim_sensors *s, const bcue_sim_instant *at, bcue_output_tree *tree,
                               bcue_error *error)
{
    double start = bcue_clock_s();
    bcue_camera_set_key(s->camera, (uint64_t)s->config->seed, at->episode, at->frame);
    bcue_camera_render(s->camera, &s->poses.camera, &s->light, s->image.pixels);
    bcue_bytes bytes = {0};
    BCUE_TRY(bcue_jpeg_encode(&s->image, (int)s->config->camera.jpeg_quality, &bytes, error));
    s->camera_seconds += bcue_clock_s() - start;
    char path[64];
    snprintf(path, sizeof path, BCUE_SIM_IMAGE, at->episode + 1, at->frame);
    return write_bytes(tree, path, &bytes, error);
}

static bcue_status place_at(bcue_sim_sensors *s, const bcue_sim_instant *at, double time_s, bcue_error *error)
{
    size_t count;
    if (!bcue_grow((void **)&s->placed, &s->placed_capacity, bcue_traffic_capacity(s->world, at->traffic),
                   sizeof *s->placed))
        return bcue_fail_memory(error, "the vehicles");
    bcue_traffic_at(s->world, at->traffic, fmax(time_s, 0.0), s->placed, &count, NULL);
    return bcue_ray_scene_place(s->scene, s->placed, count, error);
}

/* The whole sweep, sector by sector. */
static bcue_status sweep(bcue_sim_sensors *s, const bcue_sim_instant *at, size_t *count, bcue_error *error)
{
    *count = 0;
    for (int sector = 0; sector < LIDAR_SECTORS; sector++) {
        int first = s->lidar.columns * sector / LIDAR_SECTORS;
        int last = s->lidar.columns * (sector + 1) / LIDAR_SECTORS;
        double middle = bcue_lidar_column_time(&s->lidar, (first + last) / 2);
        BCUE_TRY(place_at(s, at, at->time_s - s->lidar.revolution_s + middle, error));
        size_t found;
        bcue_lidar_scan(&s->lidar, s->scene, &s->poses.lidar, &s->air, (uint64_t)s->config->seed, at->episode,
                        at->frame, first, last, s->lidar_points + *count, &found);
        *count += found;
    }
    return bcue_ray_scene_place(s->scene, at->instances, at->instance_count, error);
}

static bcue_status write_cloud(bcue_sim_sensors *s, const bcue_sim_instant *at, bcue_output_tree *tree,
                               bcue_error *error)
{
    double start = bcue_clock_s();
    bcue_ply cloud = {0};
    BCUE_TRY(sweep(s, at, &cloud.count, error));
    s->lidar_count = cloud.count;
    cloud.points = bcue_calloc(cloud.count + 1, 3 * sizeof *cloud.points);
    cloud.intensity = bcue_calloc(cloud.count + 1, sizeof *cloud.intensity);
    bcue_bytes bytes = {0};
    bcue_status status = cloud.points && cloud.intensity ? BCUE_OK : bcue_fail_memory(error, "a LiDAR cloud");
    for (size_t i = 0; status == BCUE_OK && i < cloud.count; i++) {
        cloud.points[3 * i] = (double)s->lidar_points[i].x;
        cloud.points[3 * i + 1] = (double)s->lidar_points[i].y;
        cloud.points[3 * i + 2] = (double)s->lidar_points[i].z;
        cloud.intensity[i] = INTENSITY_SCALE * (double)s->lidar_points[i].intensity;
    }
    if (status == BCUE_OK)
        status = bcue_ply_encode(&cloud, s->config->lidar.ascii ? BCUE_PLY_ASCII : BCUE_PLY_BINARY_FLOAT,
                                 &bytes, error);
    bcue_ply_free(&cloud);
    s->lidar_seconds += bcue_clock_s() - start;
    char path[64];
    snprintf(path, sizeof path, BCUE_SIM_CLOUD, at->episode + 1, at->frame);
    return status == BCUE_OK ? write_bytes(tree, path, &bytes, error) : status;
}

static bcue_status write_array(bcue_npy_type type, int rank, const size_t *shape, void *data,
                               const bcue_sim_instant *at, bcue_output_tree *tree, bcue_error *error)
{
    bcue_npy array = {.type = type, .rank = rank, .count = 1, .data = data};
    for (int d = 0; d < rank; d++) {
        array.shape[d] = shape[d];
        array.count *= shape[d];
    }
    bcue_bytes bytes = {0};
    BCUE_TRY(bcue_npy_encode(&array, &bytes, error));
    char path[64];
    snprintf(path, sizeof path, BCUE_SIM_RADAR, at->episode + 1, at->frame);
    return write_bytes(tree, path, &bytes, error);
}

static bcue_status write_detections(bcue_sim_sensors *s, const bcue_sim_instant *at, bcue_output_tree *tree,
                                    bcue_error *error)
{
    double start = bcue_clock_s();
    size_t shape[2] = {0, 4};
    bcue_radar_points_scan(&s->radar_points, s->scene, &s->poses.radar, (bcue_vec3){0, 0, 0},
                           (uint64_t)s->config->seed, at->episode, at->frame, s->radar_hits,
                           s->radar_instances, &shape[0]);
    s->radar_count = shape[0];
    s->radar_seconds += bcue_clock_s() - start;
    return write_array(BCUE_NPY_F32, 2, shape, s->radar_hits, at, tree, error);
}

static bcue_status write_cube(bcue_sim_sensors *s, const bcue_sim_instant *at, bcue_output_tree *tree,
                              bcue_error *error)
{
    double start = bcue_clock_s();
    size_t count;
    BCUE_TRY(bcue_radar_scatterers_find(&s->radar_view, s->scene, &s->poses.radar, (bcue_vec3){0, 0, 0},
                                        (uint64_t)s->config->seed, s->scatterers, &count, error));
    for (size_t i = 0; i < count; i++) {
        const bcue_radar_scatterer *from = &s->scatterers[i];
        double amplitude = bcue_fmcw_amplitude(RADAR_POWER_W, RADAR_GAIN_DB, s->chirp.carrier_hz,
                                               from->rcs_m2, bcue_vec3_norm(from->position_m));
        s->echoes[i] = (bcue_fmcw_scatterer){.position_m = from->position_m,
                                             .velocity_mps = from->velocity_mps,
                                             .amplitude = RADAR_COUNTS * amplitude,
                                             .phase = from->phase};
    }
    const bcue_fmcw_key key = {(uint64_t)s->config->seed, at->episode, at->frame};
    BCUE_TRY(bcue_fmcw_synthesise(&s->chirp, s->echoes, count, &key, s->cube, error));
    s->radar_seconds += bcue_clock_s() - start;
    const size_t shape[3] = {s->chirp.antennas, s->chirp.samples, s->chirp.chirps};
    return write_array(BCUE_NPY_C64, 3, shape, s->cube, at, tree, error);
}

bcue_status bcue_sim_sensors_write(bcue_sim_sensors *s, const bcue_sim_instant *at, bcue_output_tree *tree,
                                   bcue_error *error)
{
    BCUE_TRY(bcue_ray_scene_place(s->scene, at->instances, at->instance_count, error));
    if (s->config->camera.enabled)
        BCUE_TRY(write_image(s, at, tree, error));
    if (s->config->radar.enabled && s->config->radar.kind == BCUE_SIM_RADAR_POINTS)
        BCUE_TRY(write_detections(s, at, tree, error));
    if (s->config->radar.enabled && s->config->radar.kind != BCUE_SIM_RADAR_POINTS)
        BCUE_TRY(write_cube(s, at, tree, error));
    return s->config->lidar.enabled ? write_cloud(s, at, tree, error) : BCUE_OK;
}

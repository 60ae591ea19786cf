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

static void make_outlet(bcue_sim_sensors *s, bcue_sim_clock_id sensor, bool enabled, int mount,
                        const bcue_sim_clock_config *clock)
{
    s->outlets[sensor] =
        (bcue_sim_outlet){.enabled = enabled && bcue_sim_mounted(mount, s->unit == 2),
                          .clock = bcue_sim_clock_make(clock, s->config->frame_rate_hz,
                                                       (uint64_t)s->config->seed, s->unit, sensor)};
}

bool bcue_sim_sensors_any(const bcue_sim_sensors *s)
{
    return s->outlets[BCUE_SIM_CLOCK_CAMERA].enabled || s->outlets[BCUE_SIM_CLOCK_LIDAR].enabled ||
           s->outlets[BCUE_SIM_CLOCK_RADAR].enabled;
}

bcue_status bcue_sim_sensors_create(const bcue_simulate_config *config, const bcue_world *world,
                                    unsigned unit, const bcue_sim_poses *poses, bcue_sim_sensors *s,
                                    bcue_error *error)
{
    *s = (bcue_sim_sensors){.config = config, .world = world, .unit = unit};
    if (poses)
        s->poses = *poses;
    make_outlet(s, BCUE_SIM_CLOCK_CAMERA, config->camera.enabled, config->camera.on, &config->camera.clock);
    make_outlet(s, BCUE_SIM_CLOCK_LIDAR, config->lidar.enabled, config->lidar.on, &config->lidar.clock);
    make_outlet(s, BCUE_SIM_CLOCK_RADAR, config->radar.enabled, config->radar.on, &config->radar.clock);
    if (unit != 1 && !bcue_sim_sensors_any(s))
        return BCUE_OK;
    BCUE_TRY(bcue_ray_scene_create(world, &s->scene, error));
    if (s->outlets[BCUE_SIM_CLOCK_CAMERA].enabled)
        BCUE_TRY(make_camera(s, error));
    if (s->outlets[BCUE_SIM_CLOCK_LIDAR].enabled)
        BCUE_TRY(make_lidar(s, error));
    bool radar = s->outlets[BCUE_SIM_CLOCK_RADAR].enabled;
    if (radar && config->radar.kind == BCUE_SIM_RADAR_POINTS)
        BCUE_TRY(make_radar_points(s, error));
    if (radar && config->radar.kind != BCUE_SIM_RADAR_POINTS)
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
    for (int k = 0; k < 3; k++)
        s->outlets[k].written = 0; /* of an episode before, or of this one in an attempt that was undone */
    s->air = (bcue_lidar_air){0};
    if (!weather)
        return;
    if (s->lamps)
        s->light = bcue_daylight_of(weather, s->world, s->lamps);
    /* Drops and flakes send more of what they take back than the small droplets of fog. */
    bool falling = weather->rain_mm_h > 0.0 || weather->snow_mm_h > 0.0;
    s->air = (bcue_lidar_air){weather->extinction_per_m, falling ? 0.05 : 0.02};
}

/* Below the output, by bcue_sim_clock_id: the formats take the unit, the episode, from 1, and the number of
   the measurement, from 0. */
static const char *const path_formats[] = {"unit%u/camera_data/image_%04u_%04u.jpg",
                                           "unit%u/lidar_data/lidar_data_%04u_%04u.ply",
                                           "unit%u/radar_data/radar_data_%04u_%04u.npy"};

bool bcue_sim_sensors_path(const bcue_sim_sensors *s, bcue_sim_clock_id sensor, uint32_t episode, char *path,
                           size_t size)
{
    const bcue_sim_capture *capture = &s->outlets[sensor].capture;
    if (!capture->due || capture->dropped)
        return false;
    snprintf(path, size, path_formats[sensor], s->unit, episode + 1, capture->number);
    return true;
}

void bcue_sim_sensors_names(const bcue_simulate_config *c, unsigned unit, const char *suffix, bcue_text *out)
{
    const struct {
        bool enabled;
        int mount;
        const char *name;
    } sensors[3] = {{c->camera.enabled, c->camera.on, "rgb"},
                    {c->lidar.enabled, c->lidar.on, "lidar"},
                    {c->radar.enabled, c->radar.on, "radar"}};
    for (int k = 0; k < 3; k++)
        if (sensors[k].enabled && bcue_sim_mounted(sensors[k].mount, unit == 2))
            bcue_text_printf(out, ",unit%u_%s%s", unit, sensors[k].name, suffix);
}

void bcue_sim_sensors_cells(const bcue_sim_sensors *s, uint32_t episode, bcue_text *out)
{
    char path[64];
    for (int k = 0; k < 3; k++) {
        if (!s->outlets[k].enabled)
            continue;
        bcue_text_puts(out, ",");
        if (bcue_sim_sensors_path(s, (bcue_sim_clock_id)k, episode, path, sizeof path))
            bcue_text_printf(out, "./%s", path);
    }
}

static bcue_status write_bytes(bcue_sim_sensors *s, bcue_sim_clock_id sensor, const bcue_sim_instant *at,
                               bcue_output_tree *tree, bcue_bytes *bytes, bcue_error *error)
{
    char path[64];
    snprintf(path, sizeof path, path_formats[sensor], s->unit, at->episode + 1, at->frame);
    bcue_status status = bcue_output_tree_write(tree, path, bytes->data, bytes->size, true, error);
    bcue_bytes_free(bytes);
    return status;
}

static bcue_status write_image(bcue_sim_sensors *s, const bcue_sim_instant *at, bcue_output_tree *tree,
                               bcue_error *error)
{
    double start = bcue_clock_s();
    bcue_camera_set_key(s->camera, (uint64_t)s->config->seed, at->episode, at->frame);
    bcue_camera_set_time(s->camera, at->time_s);
    /* On a vehicle nothing stays where it was. */
    (s->unit != 2 ? bcue_camera_render : bcue_camera_render_all)(s->camera, &s->poses.camera, &s->light,
                                                                 s->image.pixels);
    bcue_bytes bytes = {0};
    BCUE_TRY(bcue_jpeg_encode(&s->image, (int)s->config->camera.jpeg_quality, &bytes, error));
    s->camera_seconds += bcue_clock_s() - start;
    return write_bytes(s, BCUE_SIM_CLOCK_CAMERA, at, tree, &bytes, error);
}

/* Where the vehicle's sensors are at an instant: the camera before the roof's front edge, the LiDAR on the
   roof, the radar in the front bumper. False: the vehicle is not there. A roadside unit stays. */
static bool ride(bcue_sim_sensors *s, const bcue_sim_instant *at, double time_s)
{
    if (s->unit != 2)
        return true;
    bcue_track_state state;
    const bcue_traffic *traffic = at->traffic;
    if (traffic->track_count == 0 || !bcue_track_at(traffic, traffic->target, fmax(time_s, 0.0), &state))
        return false;
    const bcue_vehicle_model *model = &s->world->models[traffic->tracks[traffic->target].model];
    const bcue_frame body = bcue_frame_make(state.position, state.yaw, 0.0);
    const bcue_vec3 places[3] = {{0.25 * model->length_m, 0, model->height_m + 0.12},
                                 {0, 0, model->height_m + 0.35},
                                 {0.5 * model->length_m + 0.1, 0, fmin(0.5, 0.5 * model->height_m)}};
    const double pitches[3] = {s->config->camera.pitch_deg, s->config->lidar.pitch_deg,
                               s->config->radar.pitch_deg};
    bcue_frame *const frames[3] = {&s->poses.camera, &s->poses.lidar, &s->poses.radar};
    for (int k = 0; k < 3; k++)
        *frames[k] = bcue_frame_make(bcue_vec3_add(body.origin, bcue_frame_world(&body, places[k])),
                                     state.yaw, pitches[k] * DEGREE);
    s->velocity_mps = state.velocity_mps;
    return true;
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
        (void)ride(s, at, at->time_s - s->lidar.revolution_s + middle);
        size_t found;
        bcue_lidar_scan(&s->lidar, s->scene, &s->poses.lidar, &s->air, (uint64_t)s->config->seed, at->episode,
                        at->frame, first, last, s->lidar_points + *count, &found);
        *count += found;
    }
    return BCUE_OK;
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
    return status == BCUE_OK ? write_bytes(s, BCUE_SIM_CLOCK_LIDAR, at, tree, &bytes, error) : status;
}

static bcue_status write_array(bcue_sim_sensors *s, bcue_npy_type type, int rank, const size_t *shape,
                               void *data, const bcue_sim_instant *at, bcue_output_tree *tree,
                               bcue_error *error)
{
    bcue_npy array = {.type = type, .rank = rank, .count = 1, .data = data};
    for (int d = 0; d < rank; d++) {
        array.shape[d] = shape[d];
        array.count *= shape[d];
    }
    bcue_bytes bytes = {0};
    BCUE_TRY(bcue_npy_encode(&array, &bytes, error));
    return write_bytes(s, BCUE_SIM_CLOCK_RADAR, at, tree, &bytes, error);
}

static bcue_status write_detections(bcue_sim_sensors *s, const bcue_sim_instant *at, bcue_output_tree *tree,
                                    bcue_error *error)
{
    double start = bcue_clock_s();
    size_t shape[2] = {0, 4};
    bcue_radar_points_scan(&s->radar_points, s->scene, &s->poses.radar, s->velocity_mps,
                           (uint64_t)s->config->seed, at->episode, at->frame, s->radar_hits,
                           s->radar_instances, &shape[0]);
    s->radar_count = shape[0];
    s->radar_seconds += bcue_clock_s() - start;
    return write_array(s, BCUE_NPY_F32, 2, shape, s->radar_hits, at, tree, error);
}

static bcue_status write_cube(bcue_sim_sensors *s, const bcue_sim_instant *at, bcue_output_tree *tree,
                              bcue_error *error)
{
    double start = bcue_clock_s();
    size_t count;
    BCUE_TRY(bcue_radar_scatterers_find(&s->radar_view, s->scene, &s->poses.radar, s->velocity_mps,
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
    return write_array(s, BCUE_NPY_C64, 3, shape, s->cube, at, tree, error);
}

static bcue_status write_radar(bcue_sim_sensors *s, const bcue_sim_instant *at, bcue_output_tree *tree,
                               bcue_error *error)
{
    return s->config->radar.kind == BCUE_SIM_RADAR_POINTS ? write_detections(s, at, tree, error)
                                                          : write_cube(s, at, tree, error);
}

/* The measurement that holds at an instant, and its file, unless it has been written. */
static bcue_status measure(bcue_sim_sensors *s, bcue_sim_clock_id sensor, const bcue_sim_instant *at,
                           bcue_output_tree *tree, bcue_error *error)
{
    static bcue_status (*const writers[])(bcue_sim_sensors *, const bcue_sim_instant *, bcue_output_tree *,
                                          bcue_error *) = {write_image, write_cloud, write_radar};
    bcue_sim_outlet *outlet = &s->outlets[sensor];
    if (!outlet->enabled)
        return BCUE_OK;
    bcue_sim_capture *capture = &outlet->capture;
    *capture = bcue_sim_clock_newest(&outlet->clock, at->episode, at->time_s);
    uint64_t key = 1 + ((uint64_t)at->episode << 32 | capture->number);
    if (!capture->due || capture->dropped || outlet->written == key)
        return BCUE_OK;
    if (!ride(s, at, capture->time_s)) {
        capture->due = false; /* its carrier was not there yet */
        return BCUE_OK;
    }
    bcue_sim_instant then = *at;
    then.frame = capture->number;
    then.time_s = capture->time_s;
    if (fabs(capture->time_s - at->time_s) < 1e-9)
        BCUE_TRY(bcue_ray_scene_place(s->scene, at->instances, at->instance_count, error));
    else
        BCUE_TRY(place_at(s, at, capture->time_s, error));
    outlet->written = key;
    return writers[sensor](s, &then, tree, error);
}

bcue_status bcue_sim_sensors_write(bcue_sim_sensors *s, const bcue_sim_instant *at, bcue_output_tree *tree,
                                   bcue_error *error)
{
    BCUE_TRY(measure(s, BCUE_SIM_CLOCK_CAMERA, at, tree, error));
    BCUE_TRY(measure(s, BCUE_SIM_CLOCK_RADAR, at, tree, error));
    return measure(s, BCUE_SIM_CLOCK_LIDAR, at, tree, error);
}

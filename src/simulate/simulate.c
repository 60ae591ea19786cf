#include "beamcue/simulate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/fail.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/report_hooks.h"
#include "channel/link.h"
#include "channel/receiver.h"
#include "features/geodesy.h"
#include "formats/deepsense_text.h"
#include "formats/image.h"
#include "sensors/rgb_camera.h"
#include "sensors/gnss.h"
#include "simulate/output_tree.h"
#include "simulate/simulate_config.h"

#define DEGREE (BCUE_PI / 180.0)
#define UNIT1_LOCATION "unit1/GPS_data/gps_location.txt"

/* Everything of one run. */
typedef struct run {
    const bcue_simulate_config *config;
    const bcue_hooks *hooks;
    bcue_simulate_summary summary;
    bcue_traffic_config traffic_config;
    bcue_link_config link;
    bcue_channel *channel;
    bcue_receiver_config receiver_config;
    bcue_world world;
    bcue_ray_scene *scene;
    bcue_radio_scene *radio;
    bcue_camera *camera;
    bcue_frame camera_frame;
    bcue_image image;
    bcue_gnss gnss; /* of the target */
    bcue_gnss_fix fix;
    bcue_array array;
    bcue_codebook codebook;
    bcue_link_receiver receiver;
    double *ripple, *clean, *measured; /* per beam */
    bcue_path_list paths;
    bcue_instance *instances;
    size_t instance_count, instance_capacity;
    bcue_text csv, truth, scratch;
    bcue_output_tree tree;
} run;

/* One instant of one episode. */
typedef struct instant {
    uint32_t episode, frame;
    double time_s;
    const bcue_traffic *traffic;
    const bcue_daylight *daylight;
} instant;

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

static bcue_status make_radio(run *r, bcue_error *error)
{
    const bcue_simulate_config *c = r->config;
    double wavelength = BCUE_SPEED_OF_LIGHT / c->channel.carrier_hz;
    BCUE_TRY(bcue_array_make_ula((size_t)c->array.elements, c->array.spacing_wavelengths * wavelength,
                                 &r->array, error));
    BCUE_TRY(bcue_codebook_make_oversampled(&r->array, wavelength, (size_t)c->array.beams,
                                            c->array.field_of_view_deg * DEGREE, &r->codebook, error));
    bcue_channel_config channel = {.carrier_hz = c->channel.carrier_hz, .seed = (uint64_t)c->seed};
    BCUE_TRY(bcue_channel_create(&r->world, &channel, &r->channel, error));
    r->link = (bcue_link_config){.bandwidth_hz = c->channel.bandwidth_hz,
                                 .subcarriers = (int)c->channel.subcarriers,
                                 .transmit_power_dbm = c->channel.transmit_power_dbm};
    r->receiver_config = (bcue_receiver_config){.noise_floor_dbm = c->channel.noise_floor_dbm,
                                                .ripple_db = c->channel.ripple_db,
                                                .snapshots = (int)c->channel.snapshots};
    /* Array and camera share place and boresight; only the camera is pitched. */
    bcue_vec3 place = {0, 0, c->rsu.height_m};
    r->receiver = (bcue_link_receiver){
        .array = &r->array, .codebook = &r->codebook, .frame = bcue_frame_make(place, 0.5 * BCUE_PI, 0.0)};
    r->camera_frame = bcue_frame_make(place, 0.5 * BCUE_PI, c->camera.pitch_deg * DEGREE);
    r->ripple = bcue_calloc(r->codebook.beams, sizeof *r->ripple);
    r->clean = bcue_calloc(r->codebook.beams, sizeof *r->clean);
    r->measured = bcue_calloc(r->codebook.beams, sizeof *r->measured);
    if (!r->ripple || !r->clean || !r->measured)
        return bcue_fail_memory(error, "the power per beam");
    bcue_receiver_ripple(&r->receiver_config, (uint64_t)c->seed, r->codebook.beams, r->ripple);
    return BCUE_OK;
}

static bcue_status make_camera(run *r, bcue_error *error)
{
    const bcue_simulate_config *c = r->config;
    if (!c->camera.enabled)
        return BCUE_OK;
    bcue_camera_config config = {.width = (int)c->camera.width,
                                 .height = (int)c->camera.height,
                                 .field_of_view = c->camera.field_of_view_deg * DEGREE};
    BCUE_TRY(bcue_camera_create(&config, r->scene, &r->camera, error));
    r->image = (bcue_image){.width = config.width, .height = config.height, .channels = 3};
    r->image.pixels = bcue_calloc((size_t)config.width * (size_t)config.height, 3);
    return r->image.pixels ? BCUE_OK : bcue_fail_memory(error, "the camera's picture");
}

static bcue_status set_up(run *r, bcue_error *error)
{
    const bcue_simulate_config *c = r->config;
    bcue_street_config street = street_of(c);
    r->traffic_config = traffic_of(c, &street);
    BCUE_TRY(bcue_output_tree_open(&r->tree, c->output, c->overwrite, error));
    BCUE_TRY(bcue_world_make_street(&street, (uint64_t)c->seed, &r->world, error));
    BCUE_TRY(bcue_ray_scene_create(&r->world, &r->scene, error));
    BCUE_TRY(bcue_radio_scene_create(&r->world, &r->radio, error));
    BCUE_TRY(make_radio(r, error));
    BCUE_TRY(make_camera(r, error));
    bcue_text_puts(&r->csv, c->camera.enabled ? "index,unit1_rgb,unit1_pwr_60ghz" : "index,unit1_pwr_60ghz");
    bcue_text_puts(&r->csv, ",unit1_loc,unit2_loc,unit1_beam,seq_index,time_stamp,los\n");
    bcue_text_puts(
        &r->truth,
        "index,seq_index,time_s,x_m,y_m,z_m,velocity_mps,lane,class,azimuth_deg,paths,vehicles_in_view,"
        "image_column,image_row\n");
    r->scratch.size = 0;
    bcue_deepsense_gps_write(c->rsu.latitude_deg, c->rsu.longitude_deg, &r->scratch);
    if (r->scratch.failed)
        return bcue_fail_memory(error, "a position");
    return bcue_output_tree_write(&r->tree, UNIT1_LOCATION, r->scratch.data, r->scratch.size, true, error);
}

static void tear_down(run *r)
{
    bcue_output_tree_close(&r->tree);
    bcue_camera_destroy(r->camera);
    bcue_image_free(&r->image);
    bcue_ray_scene_destroy(r->scene);
    bcue_radio_scene_destroy(r->radio);
    bcue_channel_destroy(r->channel);
    bcue_world_free(&r->world);
    bcue_array_free(&r->array);
    bcue_codebook_free(&r->codebook);
    bcue_path_list_free(&r->paths);
    free(r->ripple);
    free(r->clean);
    free(r->measured);
    free(r->instances);
    bcue_text_free(&r->csv);
    bcue_text_free(&r->truth);
    bcue_text_free(&r->scratch);
}

static bcue_status write_image(run *r, const instant *at, const char *path, bcue_error *error)
{
    double start = bcue_clock_s();
    bcue_camera_render(r->camera, &r->camera_frame, at->daylight, r->image.pixels);
    r->summary.camera_seconds += bcue_clock_s() - start;
    bcue_bytes bytes = {0};
    BCUE_TRY(bcue_jpeg_encode(&r->image, (int)r->config->camera.jpeg_quality, &bytes, error));
    bcue_status status = bcue_output_tree_write(&r->tree, path, bytes.data, bytes.size, true, error);
    bcue_bytes_free(&bytes);
    return status;
}

static bcue_status write_power(run *r, const char *path, bcue_error *error)
{
    r->scratch.size = 0;
    bcue_deepsense_power_write(r->measured, r->codebook.beams, &r->scratch);
    if (r->scratch.failed)
        return bcue_fail_memory(error, "the power per beam");
    return bcue_output_tree_write(&r->tree, path, r->scratch.data, r->scratch.size, true, error);
}

static bcue_status write_fix(run *r, const char *path, bcue_error *error)
{
    const bcue_vec3 measured = r->fix.position;
    const double enu_m[3] = {measured.x, measured.y, measured.z};
    double latitude_deg, longitude_deg, altitude_m;
    bcue_enu_to_geodetic(enu_m, r->config->rsu.latitude_deg, r->config->rsu.longitude_deg,
                         r->config->rsu.altitude_m, &latitude_deg, &longitude_deg, &altitude_m);
    r->scratch.size = 0;
    bcue_deepsense_gps_write(latitude_deg, longitude_deg, &r->scratch);
    if (r->scratch.failed)
        return bcue_fail_memory(error, "a position");
    return bcue_output_tree_write(&r->tree, path, r->scratch.data, r->scratch.size, true, error);
}

static size_t best_beam(const double *power, size_t beams)
{
    size_t best = 0;
    for (size_t b = 1; b < beams; b++)
        if (power[b] > power[best])
            best = b;
    return best;
}

static void write_truth_row(run *r, const instant *at, uint64_t number, bcue_vec3 antenna)
{
    const bcue_track *target = &at->traffic->tracks[at->traffic->target];
    const bcue_track_state *state = &at->traffic->states[target->first_state];
    bcue_camera_config camera = {.width = (int)r->config->camera.width,
                                 .height = (int)r->config->camera.height,
                                 .field_of_view = r->config->camera.field_of_view_deg * DEGREE};
    double column = -1.0, row = -1.0, half_view = tan(0.5 * camera.field_of_view);
    (void)bcue_camera_project(&camera, &r->camera_frame, antenna, &column, &row);
    size_t in_view = 0;
    for (size_t i = 0; i < r->instance_count; i++)
        in_view += fabs(r->instances[i].position.x) < half_view * r->instances[i].position.y;
    double azimuth = atan2(-antenna.x, antenna.y) / DEGREE;
    bcue_text_printf(&r->truth, "%llu,%u,%.3f,%.4f,%.4f,%.4f,%.4f,%d,%s,%.4f,%zu,%zu,%.2f,%.2f\n",
                     (unsigned long long)number + 1, at->episode + 1, at->time_s, antenna.x, antenna.y,
                     antenna.z, state->velocity_mps.x, (int)state->lane, r->world.models[target->model].name,
                     azimuth, r->paths.count, in_view, column, row);
}

/* Episodes begin a minute apart from noon on; 24 hours later the clock starts again, and seq_index tells the
 * days apart. */
static void format_time_stamp(uint32_t episode, double time_s, char *text, size_t size)
{
    unsigned long long microseconds = (unsigned long long)(time_s * 1e6 + 0.5);
    unsigned long long seconds = 12ull * 3600 + 60ull * episode + microseconds / 1000000;
    snprintf(text, size, "%02llu:%02llu:%02llu-%06llu", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60,
             microseconds % 1000000);
}

static bcue_status write_sample(run *r, const instant *at, bcue_vec3 antenna, bcue_error *error)
{
    uint64_t number = r->summary.samples;
    char image[64], power[64], fix[64], stamp[32];
    snprintf(image, sizeof image, "unit1/camera_data/image_%llu.jpg", (unsigned long long)number);
    snprintf(power, sizeof power, "unit1/mmWave_data/mmWave_power_%llu.txt", (unsigned long long)number);
    snprintf(fix, sizeof fix, "unit2/GPS_data/gps_location_%llu.txt", (unsigned long long)number);
    format_time_stamp(at->episode, at->time_s, stamp, sizeof stamp);
    if (r->camera)
        BCUE_TRY(write_image(r, at, image, error));
    BCUE_TRY(write_power(r, power, error));
    BCUE_TRY(write_fix(r, fix, error));
    bool line_of_sight = r->paths.paths[0].count == 0;
    bcue_text_printf(&r->csv, "%llu,", (unsigned long long)number + 1);
    if (r->camera)
        bcue_text_printf(&r->csv, "./%s,", image);
    bcue_text_printf(&r->csv, "./%s,./" UNIT1_LOCATION ",./%s,%zu,%u,%s,%d\n", power, fix,
                     best_beam(r->measured, r->codebook.beams) + 1, at->episode + 1, stamp, line_of_sight);
    write_truth_row(r, at, number, antenna);
    r->summary.samples++;
    r->summary.samples_blocked += !line_of_sight;
    return BCUE_OK;
}

static bcue_status simulate_instant(run *r, const instant *at, bcue_error *error)
{
    const bcue_traffic *traffic = at->traffic;
    bcue_traffic_at(&r->world, traffic, at->time_s, r->instances, &r->instance_count, NULL);
    BCUE_TRY(bcue_ray_scene_place(r->scene, r->instances, r->instance_count, error));
    BCUE_TRY(bcue_radio_scene_place(r->radio, r->instances, r->instance_count, error));
    bcue_vec3 antenna = bcue_instance_antenna(&r->world, &r->instances[traffic->target]);
    r->fix = bcue_gnss_step(&r->gnss, at->time_s, antenna, 0.0);
    bcue_path_options options = {.max_reflections = (int)r->config->channel.reflections};
    BCUE_TRY(
        bcue_paths_find(r->radio, antenna, &r->receiver.frame.origin, 1, &options, &r->paths, NULL, error));
    BCUE_TRY(bcue_link_power(&r->link, r->channel, &r->receiver, &r->paths, r->clean, error));
    /* Where nothing stands out of the noise the best beam would be a throw of dice: no sample. */
    if (!bcue_receiver_detects(&r->receiver_config, r->ripple, r->clean, r->codebook.beams)) {
        r->summary.frames_no_signal++;
        return BCUE_OK;
    }
    bcue_rng rng = bcue_rng_make((uint64_t)r->config->seed, BCUE_RNG_CHANNEL, at->episode, at->frame, 0);
    bcue_receiver_measure(&r->receiver_config, r->ripple, r->clean, r->codebook.beams, &rng, r->measured);
    return write_sample(r, at, antenna, error);
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

static bcue_status simulate_episode(run *r, uint32_t episode, bcue_error *error)
{
    bcue_traffic traffic;
    BCUE_TRY(bcue_traffic_make(&r->world, &r->traffic_config, (uint64_t)r->config->seed, episode, &traffic,
                               error));
    bcue_daylight daylight = draw_daylight(r->config, episode);
    const bcue_gnss_config gnss = {.horizontal_sigma_m = r->config->gnss.horizontal_sigma_m,
                                   .vertical_sigma_m = r->config->gnss.vertical_sigma_m};
    bcue_gnss_start(&r->gnss, &gnss, (uint64_t)r->config->seed, episode, 0);
    double frames = floor(traffic.duration_s * r->config->frame_rate_hz) + 1.0;
    if (frames > (double)r->config->max_frames_per_episode)
        frames = (double)r->config->max_frames_per_episode;
    bcue_status status = BCUE_OK;
    if (!bcue_grow((void **)&r->instances, &r->instance_capacity, bcue_traffic_capacity(&r->world, &traffic),
                   sizeof *r->instances))
        status = bcue_fail_memory(error, "the vehicles");
    for (uint32_t frame = 0; status == BCUE_OK && frame < (uint32_t)frames; frame++) {
        if (bcue_cancelled(r->hooks)) {
            status = bcue_fail(error, BCUE_ERROR_CANCELLED,
                               "stopped in episode %u of %lld; nothing was left in %s", episode + 1,
                               (long long)r->config->episodes, r->config->output);
            break;
        }
        instant at = {episode, frame, (double)frame / r->config->frame_rate_hz, &traffic, &daylight};
        status = simulate_instant(r, &at, error);
    }
    bcue_traffic_free(&traffic);
    return status;
}

/* The configuration that repeats this run. */
static bcue_status write_config(run *r, char hash[17], bcue_error *error)
{
    bcue_text text = {0}, nameless = {0};
    bcue_config_write(bcue_simulate_fields, r->config, &text);
    /* The hash leaves out where the files went. */
    bcue_simulate_config elsewhere = *r->config;
    char none[] = "-";
    elsewhere.output = none;
    elsewhere.overwrite = false;
    bcue_config_write(bcue_simulate_fields, &elsewhere, &nameless);
    bcue_status status =
        text.failed || nameless.failed ? bcue_fail_memory(error, "the configuration") : BCUE_OK;
    if (status == BCUE_OK) {
        bcue_hash_hex(nameless.data, nameless.size, hash);
        status = bcue_output_tree_write(&r->tree, "beamcue.yaml", text.data, text.size, false, error);
    }
    bcue_text_free(&text);
    bcue_text_free(&nameless);
    return status;
}

static bcue_status write_manifest(run *r, bcue_error *error)
{
    char hash[17];
    BCUE_TRY(write_config(r, hash, error));
    json_t *files = bcue_output_tree_list(&r->tree);
    json_t *manifest = json_pack(
        "{s:s, s:s, s:s, s:I, s:{s:I, s:I, s:I, s:I, s:I}, s:o*}", "generator", "beamcue simulate", "version",
        BCUE_PROJECT_VERSION, "config_hash", hash, "seed", (json_int_t)r->config->seed, "counts", "episodes",
        (json_int_t)r->summary.episodes, "samples", (json_int_t)r->summary.samples, "samples_blocked",
        (json_int_t)r->summary.samples_blocked, "frames_no_signal", (json_int_t)r->summary.frames_no_signal,
        "beams", (json_int_t)r->codebook.beams, "files", files);
    char *text = files && manifest ? json_dumps(manifest, JSON_INDENT(1)) : NULL;
    json_decref(manifest);
    if (!text)
        return bcue_fail_memory(error, "the manifest");
    bcue_status status = bcue_output_tree_write(&r->tree, "manifest.json", text, strlen(text), false, error);
    free(text);
    return status;
}

static bcue_status finish(run *r, bcue_error *error)
{
    if (r->summary.samples == 0)
        return bcue_fail(
            error, BCUE_ERROR_DATA,
            "none of the %llu frames had a signal above the noise; raise channel.transmit_power_dbm or lower "
            "channel.noise_floor_dbm",
            (unsigned long long)r->summary.frames_no_signal);
    if (r->csv.failed || r->truth.failed)
        return bcue_fail_memory(error, "scenario.csv");
    BCUE_TRY(bcue_output_tree_write(&r->tree, "scenario.csv", r->csv.data, r->csv.size, true, error));
    BCUE_TRY(bcue_output_tree_write(&r->tree, "ground_truth.csv", r->truth.data, r->truth.size, true, error));
    BCUE_TRY(write_manifest(r, error));
    r->summary.bytes = r->tree.bytes;
    return bcue_output_tree_commit(&r->tree, error);
}

static bcue_status simulate_all(run *r, bcue_error *error)
{
    BCUE_TRY(set_up(r, error));
    for (uint32_t episode = 0; episode < (uint32_t)r->config->episodes; episode++) {
        bcue_progress(r->hooks, "episode", episode, (uint64_t)r->config->episodes);
        BCUE_TRY(simulate_episode(r, episode, error));
        r->summary.episodes++;
    }
    bcue_progress(r->hooks, "episode", (uint64_t)r->config->episodes, (uint64_t)r->config->episodes);
    return finish(r, error);
}

bcue_status bcue_simulate(const char *config_path, const char *const *overrides, size_t override_count,
                          const bcue_hooks *hooks, bcue_simulate_summary *summary, bcue_error *error)
{
    double start = bcue_clock_s();
    bcue_simulate_config config;
    bcue_config *source;
    BCUE_TRY(bcue_simulate_config_read(config_path, overrides, override_count, &config, &source, error));
    run r = {.config = &config, .hooks = hooks};
    bcue_status status = simulate_all(&r, error);
    if (status == BCUE_OK && summary) {
        *summary = r.summary;
        snprintf(summary->output, sizeof summary->output, "%s", config.output);
        summary->seconds = bcue_clock_s() - start;
    }
    tear_down(&r);
    bcue_config_destroy(source);
    return status;
}

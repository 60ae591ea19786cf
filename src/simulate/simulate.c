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
#include "features/geodesy.h"
#include "formats/deepsense_text.h"
#include "formats/nmea.h"
#include "formats/npy.h"
#include "sensors/gnss.h"
#include "simulate/output_tree.h"
#include "simulate/sim_radio.h"
#include "simulate/sim_scene.h"

#define DEGREE (BCUE_PI / 180.0)
#define UNIT1_LOCATION "unit1/GPS_data/gps_location.txt"

/* Everything of one run. */
typedef struct run {
    const bcue_simulate_config *config;
    const bcue_hooks *hooks;
    bcue_simulate_summary summary;
    bcue_sim_scene scene;
    bcue_sim_radio radio;
    bcue_sim_sensors sensors;
    bcue_instance *instances;
    uint32_t *ids;
    size_t *served; /* indices of the vehicles that count */
    size_t instance_count, served_count, instance_capacity, id_capacity, served_capacity;
    bcue_gnss *receivers; /* per track of the episode */
    size_t receiver_capacity;
    bcue_text csv, truth, nmea, scratch;
    bcue_output_tree tree;
} run;

/* One instant of one episode. */
typedef struct instant {
    const bcue_sim_episode *episode;
    bcue_sim_instant at;
} instant;

static bool all_vehicles(const run *r)
{
    return r->config->receivers == BCUE_SIM_ALL;
}

/* Latitude and longitude of a place, as the two lines of a DeepSense file in r->scratch. */
static bcue_status put_location(run *r, bcue_vec3 place, double geodetic[3], bcue_error *error)
{
    const bcue_simulate_config *c = r->config;
    bcue_vec3 origin = r->scene.place;
    const double enu_m[3] = {place.x - origin.x, place.y - origin.y, place.z};
    bcue_enu_to_geodetic(enu_m, c->rsu.latitude_deg, c->rsu.longitude_deg, c->rsu.altitude_m, &geodetic[0],
                         &geodetic[1], &geodetic[2]);
    r->scratch.size = 0;
    bcue_deepsense_gps_write(geodetic[0], geodetic[1], &r->scratch);
    return r->scratch.failed ? bcue_fail_memory(error, "a position") : BCUE_OK;
}

static void put_header(run *r)
{
    const bcue_simulate_config *c = r->config;
    bcue_text_puts(&r->csv, "index");
    if (c->camera.enabled)
        bcue_text_puts(&r->csv, ",unit1_rgb");
    if (c->lidar.enabled)
        bcue_text_puts(&r->csv, ",unit1_lidar");
    if (c->radar.enabled)
        bcue_text_puts(&r->csv, ",unit1_radar");
    bcue_text_puts(&r->csv, ",unit1_pwr_60ghz,unit1_loc");
    bcue_text_puts(&r->csv, all_vehicles(r) ? ",unit2_vehicles,unit1_vehicle_pwr" : ",unit2_loc");
    bcue_text_puts(&r->csv, ",unit1_beam,seq_index,time_stamp,los");
    bcue_text_puts(&r->csv, r->scene.conditions ? ",condition\n" : "\n");
    bcue_text_puts(
        &r->truth,
        "index,seq_index,time_s,x_m,y_m,z_m,velocity_mps,lane,class,azimuth_deg,paths,vehicles_in_view,"
        "image_column,image_row\n");
}

static bcue_status set_up(run *r, bcue_error *error)
{
    const bcue_simulate_config *c = r->config;
    double geodetic[3];
    BCUE_TRY(bcue_output_tree_open(&r->tree, c->output, c->overwrite, error));
    BCUE_TRY(bcue_sim_scene_create(c, &r->scene, error));
    BCUE_TRY(bcue_sim_radio_create(c, &r->scene.world, r->scene.place, r->scene.azimuth, &r->radio, error));
    BCUE_TRY(bcue_sim_sensors_create(c, &r->scene.world, &r->scene.poses, &r->sensors, error));
    size_t count;
    const char *material = bcue_channel_extrapolated(r->radio.channel, &count);
    if (material)
        bcue_log(r->hooks, BCUE_LOG_INFO,
                 "%zu material(s), %s first, are used outside of their frequency range at %g GHz: continued "
                 "as docs/simulation.md says",
                 count, material, 1e-9 * c->channel.carrier_hz);
    put_header(r);
    BCUE_TRY(put_location(r, bcue_vec3_make(r->scene.place.x, r->scene.place.y, 0.0), geodetic, error));
    return bcue_output_tree_write(&r->tree, UNIT1_LOCATION, r->scratch.data, r->scratch.size, true, error);
}

static void tear_down(run *r)
{
    bcue_output_tree_close(&r->tree);
    bcue_sim_sensors_destroy(&r->sensors);
    bcue_sim_radio_destroy(&r->radio);
    bcue_sim_scene_destroy(&r->scene);
    free(r->instances);
    free(r->ids);
    free(r->served);
    free(r->receivers);
    bcue_text_free(&r->csv);
    bcue_text_free(&r->truth);
    bcue_text_free(&r->nmea);
    bcue_text_free(&r->scratch);
}

static bcue_status write_power(run *r, const char *path, bcue_error *error)
{
    r->scratch.size = 0;
    bcue_deepsense_power_write(r->radio.measured_mw, r->radio.codebook.beams, &r->scratch);
    if (r->scratch.failed)
        return bcue_fail_memory(error, "the power per beam");
    return bcue_output_tree_write(&r->tree, path, r->scratch.data, r->scratch.size, true, error);
}

static bcue_gnss_fix step_receiver(run *r, const instant *now, size_t index)
{
    const bcue_instance *vehicle = &r->instances[index];
    bcue_vec3 antenna = bcue_instance_antenna(&r->scene.world, vehicle);
    double hidden = r->config->gnss.multipath_m > 0.0 || r->config->gnss.rtk_fix_sigma_m > 0.0
                        ? bcue_gnss_hidden_sky(r->sensors.scene, antenna)
                        : 0.0;
    return bcue_gnss_step(&r->receivers[r->ids[index]], now->at.time_s, antenna, hidden);
}

static void put_nmea(run *r, const instant *now, const bcue_gnss_fix *fix, const double geodetic[3])
{
    if (!r->config->gnss.nmea)
        return;
    bool none = fix->quality == BCUE_GNSS_NONE;
    bcue_nmea_fix line = {.time_s = 43200.0 + 60.0 * now->at.episode + now->at.time_s,
                          .year = 2024,
                          .month = 6,
                          .day = 21,
                          .latitude_deg = none ? NAN : geodetic[0],
                          .longitude_deg = none ? NAN : geodetic[1],
                          .altitude_m = geodetic[2],
                          .hdop = fix->hdop,
                          .quality = (int)fix->quality,
                          .satellites = fix->satellites};
    bcue_nmea_write_gga(&line, &r->nmea);
}

/* The fix of the transmitting vehicle. */
static bcue_status write_fix(run *r, const instant *now, const bcue_gnss_fix *fix, const char *path,
                             bcue_error *error)
{
    double geodetic[3];
    BCUE_TRY(put_location(r, fix->position, geodetic, error));
    put_nmea(r, now, fix, geodetic);
    if (fix->quality == BCUE_GNSS_NONE) { /* as DeepSense has it where telemetry is missing */
        r->scratch.size = 0;
        bcue_text_puts(&r->scratch, "nan\nnan\n");
    }
    return bcue_output_tree_write(&r->tree, path, r->scratch.data, r->scratch.size, true, error);
}

/* One line per vehicle that counts, in the order of the rows of the power array. */
static bcue_status write_vehicles(run *r, const instant *now, const char *path, bcue_error *error)
{
    bcue_text table = {0};
    bcue_text_puts(&table, "vehicle,class,latitude_deg,longitude_deg,fix,x_m,y_m,z_m,yaw_deg,speed_mps,los,"
                           "best_beam,path_gain_db\n");
    bcue_status status = BCUE_OK;
    for (size_t v = 0; status == BCUE_OK && v < r->served_count; v++) {
        const bcue_instance *vehicle = &r->instances[r->served[v]];
        bcue_gnss_fix fix = step_receiver(r, now, r->served[v]);
        double geodetic[3];
        status = put_location(r, fix.position, geodetic, error);
        size_t best =
            bcue_best_beam(r->radio.power_mw + v * r->radio.codebook.beams, r->radio.codebook.beams);
        const bcue_link_summary *link = &r->radio.links[v];
        bcue_text_printf(&table, "%u,%s,%.9f,%.9f,%d,%.4f,%.4f,%.4f,%.3f,%.4f,%d,%zu,%.3f\n",
                         r->ids[r->served[v]], r->scene.world.models[vehicle->model].name, geodetic[0],
                         geodetic[1], (int)fix.quality, vehicle->position.x, vehicle->position.y,
                         vehicle->position.z, vehicle->yaw / DEGREE, bcue_vec3_norm(vehicle->velocity_mps),
                         link->line_of_sight, best + 1, link->rays > 0 ? link->gain_db : -200.0);
    }
    if (status == BCUE_OK)
        status = table.failed ? bcue_fail_memory(error, "the vehicles")
                              : bcue_output_tree_write(&r->tree, path, table.data, table.size, true, error);
    bcue_text_free(&table);
    return status;
}

static bcue_status write_vehicle_power(run *r, const char *path, bcue_error *error)
{
    bcue_npy array = {.type = BCUE_NPY_F64,
                      .rank = 2,
                      .shape = {r->radio.vehicles, r->radio.codebook.beams},
                      .count = r->radio.vehicles * r->radio.codebook.beams,
                      .data = r->radio.power_mw};
    bcue_bytes bytes = {0};
    BCUE_TRY(bcue_npy_encode(&array, &bytes, error));
    bcue_status status = bcue_output_tree_write(&r->tree, path, bytes.data, bytes.size, true, error);
    bcue_bytes_free(&bytes);
    return status;
}

static void write_truth_row(run *r, const instant *now, uint64_t number)
{
    const bcue_traffic *traffic = &now->episode->traffic;
    const bcue_instance *vehicle = &r->instances[r->served[0]];
    bcue_vec3 antenna = bcue_instance_antenna(&r->scene.world, vehicle);
    bcue_track_state state = {.lane = UINT32_MAX};
    (void)bcue_track_at(traffic, traffic->target, now->at.time_s, &state);
    bcue_camera_config camera = {.width = (int)r->config->camera.width,
                                 .height = (int)r->config->camera.height,
                                 .field_of_view = r->config->camera.field_of_view_deg * DEGREE,
                                 .distortion = {r->config->camera.distortion, 0.0}};
    double column = -1.0, row = -1.0, half_view = tan(0.5 * camera.field_of_view);
    const bcue_frame *view = &r->scene.poses.camera;
    (void)bcue_camera_project(&camera, view, antenna, &column, &row);
    size_t in_view = 0;
    for (size_t i = 0; i < r->instance_count; i++) {
        bcue_vec3 local = bcue_frame_local(view, bcue_vec3_sub(r->instances[i].position, view->origin));
        in_view += local.x > 0.0 && fabs(local.y) < half_view * local.x;
    }
    bcue_vec3 seen = bcue_frame_local(&r->radio.unit.frame, bcue_vec3_sub(antenna, r->scene.place));
    const bcue_vehicle_model *model = &r->scene.world.models[vehicle->model];
    double speed = state.velocity_mps.x;
    bcue_text_printf(&r->truth, "%llu,%u,%.3f,%.4f,%.4f,%.4f,%.4f,%d,%s,%.4f,%zu,%zu,%.2f,%.2f\n",
                     (unsigned long long)number + 1, now->at.episode + 1, now->at.time_s, antenna.x,
                     antenna.y, antenna.z, speed, (int)state.lane, model->name,
                     atan2(seen.y, seen.x) / DEGREE, r->radio.lists[0].count, in_view, column, row);
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

static bool any_line_of_sight(const run *r)
{
    for (size_t v = 0; v < r->radio.vehicles; v++)
        if (r->radio.links[v].line_of_sight)
            return true;
    return false;
}

static void put_row(run *r, const instant *now, uint64_t number)
{
    const bcue_simulate_config *c = r->config;
    unsigned long long n = (unsigned long long)number;
    char stamp[32];
    format_time_stamp(now->at.episode, now->at.time_s, stamp, sizeof stamp);
    bcue_text_printf(&r->csv, "%llu", n + 1);
    if (c->camera.enabled)
        bcue_text_printf(&r->csv, ",./unit1/camera_data/image_%llu.jpg", n);
    if (c->lidar.enabled)
        bcue_text_printf(&r->csv, ",./unit1/lidar_data/lidar_data_%llu.ply", n);
    if (c->radar.enabled)
        bcue_text_printf(&r->csv, ",./unit1/radar_data/radar_data_%llu.npy", n);
    bcue_text_printf(&r->csv, ",./unit1/mmWave_data/mmWave_power_%llu.txt,./" UNIT1_LOCATION, n);
    if (all_vehicles(r))
        bcue_text_printf(&r->csv,
                         ",./unit2/vehicle_data/vehicles_%llu.csv,./unit1/mmWave_data/vehicle_power_%llu.npy",
                         n, n);
    else
        bcue_text_printf(&r->csv, ",./unit2/GPS_data/gps_location_%llu.txt", n);
    bcue_text_printf(&r->csv, ",%zu,%u,%s,%d",
                     bcue_best_beam(r->radio.measured_mw, r->radio.codebook.beams) + 1, now->at.episode + 1,
                     stamp, any_line_of_sight(r));
    if (r->scene.conditions)
        bcue_text_printf(&r->csv, ",%s", now->episode->condition);
    bcue_text_puts(&r->csv, "\n");
}

static bcue_status write_sample(run *r, const instant *now, const bcue_gnss_fix *fix, bcue_error *error)
{
    uint64_t number = r->summary.samples;
    unsigned long long n = (unsigned long long)number;
    char path[64];
    BCUE_TRY(bcue_sim_sensors_write(&r->sensors, &now->at, number, &r->tree, error));
    snprintf(path, sizeof path, "unit1/mmWave_data/mmWave_power_%llu.txt", n);
    BCUE_TRY(write_power(r, path, error));
    if (all_vehicles(r)) {
        snprintf(path, sizeof path, "unit2/vehicle_data/vehicles_%llu.csv", n);
        BCUE_TRY(write_vehicles(r, now, path, error));
        snprintf(path, sizeof path, "unit1/mmWave_data/vehicle_power_%llu.npy", n);
        BCUE_TRY(write_vehicle_power(r, path, error));
    } else {
        snprintf(path, sizeof path, "unit2/GPS_data/gps_location_%llu.txt", n);
        BCUE_TRY(write_fix(r, now, fix, path, error));
        write_truth_row(r, now, number);
    }
    put_row(r, now, number);
    r->summary.samples++;
    r->summary.samples_blocked += !any_line_of_sight(r);
    return BCUE_OK;
}

/* Who is there, and who of them counts. */
static bcue_status place_vehicles(run *r, instant *now, bcue_error *error)
{
    const bcue_traffic *traffic = &now->episode->traffic;
    size_t most = bcue_traffic_capacity(&r->scene.world, traffic);
    if (!bcue_grow((void **)&r->instances, &r->instance_capacity, most, sizeof *r->instances) ||
        !bcue_grow((void **)&r->ids, &r->id_capacity, most, sizeof *r->ids) ||
        !bcue_grow((void **)&r->served, &r->served_capacity, most, sizeof *r->served))
        return bcue_fail_memory(error, "the vehicles");
    bcue_traffic_at(&r->scene.world, traffic, now->at.time_s, r->instances, &r->instance_count, r->ids);
    r->served_count = 0;
    for (size_t i = 0; i < r->instance_count; i++) {
        bool counts = all_vehicles(r)
                          ? r->ids[i] != BCUE_NO_TRACK && bcue_sim_scene_counts(&r->scene, &r->instances[i])
                          : r->ids[i] == traffic->target;
        if (counts)
            r->served[r->served_count++] = i;
    }
    now->at.instances = r->instances;
    now->at.instance_count = r->instance_count;
    return BCUE_OK;
}

static bcue_status simulate_instant(run *r, instant *now, bcue_error *error)
{
    BCUE_TRY(place_vehicles(r, now, error));
    double start = bcue_clock_s();
    BCUE_TRY(
        bcue_sim_radio_trace(&r->radio, r->instances, r->instance_count, r->served, r->served_count, error));
    r->summary.channel_seconds += bcue_clock_s() - start;
    bcue_gnss_fix fix = {.quality = BCUE_GNSS_NONE};
    if (!all_vehicles(r) && r->served_count == 1)
        fix = step_receiver(r, now, r->served[0]);
    if (r->served_count == 0) {
        r->summary.frames_no_signal++;
        return BCUE_OK;
    }
    BCUE_TRY(bcue_sim_radio_aggregate(&r->radio, error));
    /* Where nothing stands out of the noise the best beam would be a throw of dice: no sample. */
    if (!bcue_sim_radio_measure(&r->radio, now->at.episode, now->at.frame)) {
        r->summary.frames_no_signal++;
        return BCUE_OK;
    }
    return write_sample(r, now, &fix, error);
}

static bcue_status start_receivers(run *r, uint32_t episode, size_t tracks, bcue_error *error)
{
    const bcue_simulate_config *c = r->config;
    const bcue_gnss_config gnss = {.horizontal_sigma_m = c->gnss.horizontal_sigma_m,
                                   .vertical_sigma_m = c->gnss.vertical_sigma_m,
                                   .drift_sigma_m = c->gnss.drift_sigma_m,
                                   .drift_time_s = c->gnss.drift_time_s,
                                   .multipath_m = c->gnss.multipath_m,
                                   .outages_per_minute = c->gnss.outages_per_minute,
                                   .outage_mean_s = c->gnss.outage_mean_s,
                                   .rtk_fix_sigma_m = c->gnss.rtk_fix_sigma_m,
                                   .rtk_float_sigma_m = c->gnss.rtk_float_sigma_m,
                                   .rtk_lost_above = c->gnss.rtk_lost_above};
    if (!bcue_grow((void **)&r->receivers, &r->receiver_capacity, tracks, sizeof *r->receivers))
        return bcue_fail_memory(error, "the vehicles' receivers");
    for (size_t t = 0; t < tracks; t++)
        bcue_gnss_start(&r->receivers[t], &gnss, (uint64_t)c->seed, episode, (uint32_t)t);
    return BCUE_OK;
}

static bcue_status write_nmea(run *r, uint32_t episode, bcue_error *error)
{
    if (!r->config->gnss.nmea)
        return BCUE_OK;
    char path[64];
    snprintf(path, sizeof path, "unit2/GPS_data/nmea_%u.txt", episode + 1);
    if (r->nmea.failed)
        return bcue_fail_memory(error, "the NMEA log");
    bcue_status status =
        bcue_output_tree_write(&r->tree, path, r->nmea.data ? r->nmea.data : "", r->nmea.size, true, error);
    r->nmea.size = 0;
    return status;
}

static bcue_status simulate_frames(run *r, uint32_t number, const bcue_sim_episode *episode,
                                   bcue_error *error)
{
    BCUE_TRY(bcue_sim_radio_set_weather(&r->radio, episode->has_weather ? &episode->weather : NULL, error));
    bcue_sim_sensors_set_weather(&r->sensors, episode->has_weather ? &episode->weather : NULL,
                                 &episode->light);
    BCUE_TRY(start_receivers(r, number, episode->traffic.track_count, error));
    for (uint32_t frame = 0; frame < episode->frames; frame++) {
        if (bcue_cancelled(r->hooks))
            return bcue_fail(error, BCUE_ERROR_CANCELLED,
                             "stopped in episode %u of %lld; nothing was left in %s", number + 1,
                             (long long)r->config->episodes, r->config->output);
        instant now = {.episode = episode,
                       .at = {.episode = number,
                              .frame = frame,
                              .time_s = (double)frame / r->config->frame_rate_hz,
                              .traffic = &episode->traffic}};
        BCUE_TRY(simulate_instant(r, &now, error));
    }
    return write_nmea(r, number, error);
}

static bcue_status simulate_episode(run *r, uint32_t number, bcue_error *error)
{
    bcue_sim_episode episode;
    BCUE_TRY(bcue_sim_scene_episode(&r->scene, number, &episode, error));
    bcue_status status = simulate_frames(r, number, &episode, error);
    bcue_traffic_free(&episode.traffic);
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
        "beams", (json_int_t)r->radio.codebook.beams, "files", files);
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
    if (!all_vehicles(r))
        BCUE_TRY(
            bcue_output_tree_write(&r->tree, "ground_truth.csv", r->truth.data, r->truth.size, true, error));
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
        summary->camera_seconds = r.sensors.camera_seconds;
        summary->lidar_seconds = r.sensors.lidar_seconds;
        summary->radar_seconds = r.sensors.radar_seconds;
        snprintf(summary->output, sizeof summary->output, "%s", config.output);
        summary->seconds = bcue_clock_s() - start;
    }
    tear_down(&r);
    bcue_config_destroy(source);
    return status;
}

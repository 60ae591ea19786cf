#include "simulate/sim_run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/fail.h"
#include "features/geodesy.h"
#include "formats/deepsense_text.h"
#include "formats/nmea.h"
#include "formats/npy.h"

#define DEGREE (BCUE_PI / 180.0)
/* Paths below the output: the format takes the episode, from 1, and the frame, from 0. */
#define POWER_PATH "unit1/mmWave_data/mmWave_power_%04u_%04u.txt"
#define VEHICLE_POWER_PATH "unit1/mmWave_data/vehicle_power_%04u_%04u.npy"
#define VEHICLES_PATH "unit2/vehicle_data/vehicles_%04u_%04u.csv"
#define FIX_PATH "unit2/GPS_data/gps_location_%04u_%04u.txt"

/* Latitude and longitude of a place, as the two lines of a DeepSense file in r->scratch. */
static bcue_status put_location(bcue_sim_run *r, bcue_vec3 place, double geodetic[3], bcue_error *error)
{
    const bcue_simulate_config *c = r->config;
    bcue_vec3 origin = r->scene.place;
    const double enu_m[3] = {place.x - origin.x, place.y - origin.y, place.z};
    bcue_enu_to_geodetic(enu_m, r->scene.latitude_deg, r->scene.longitude_deg, c->rsu.altitude_m,
                         &geodetic[0], &geodetic[1], &geodetic[2]);
    r->scratch.size = 0;
    bcue_deepsense_gps_write(geodetic[0], geodetic[1], &r->scratch);
    return r->scratch.failed ? bcue_fail_memory(error, "a position") : BCUE_OK;
}

void bcue_sim_location_path(const bcue_sim_plan *plan, const bcue_sim_plan_scene *scene, char *path,
                            size_t size)
{
    if (plan->config.scenes.count == 0)
        snprintf(path, size, "unit1/GPS_data/gps_location.txt");
    else
        snprintf(path, size, "unit1/GPS_data/gps_location_%s.txt", scene->name);
}

/* Of the names of those files. */
static void place_suffix(const bcue_sim_plan *plan, const bcue_sim_plan_scene *scene, char *suffix,
                         size_t size)
{
    suffix[0] = '\0';
    if (plan->config.scenes.count > 0)
        snprintf(suffix, size, "_%s", scene->name);
}

bcue_status bcue_sim_write_locations(bcue_sim_run *r, bcue_error *error)
{
    for (size_t i = 0; i < r->plan->scene_count; i++) {
        const bcue_sim_plan_scene *scene = &r->plan->scenes[i];
        const bcue_sim_site *site = &r->sites[i];
        char path[128], suffix[96];
        r->scratch.size = 0;
        bcue_deepsense_gps_write(site->latitude_deg, site->longitude_deg, &r->scratch);
        if (r->scratch.failed)
            return bcue_fail_memory(error, "a position");
        bcue_sim_location_path(r->plan, scene, path, sizeof path);
        BCUE_TRY(bcue_output_tree_write(&r->tree, path, r->scratch.data, r->scratch.size, true, error));
        place_suffix(r->plan, scene, suffix, sizeof suffix);
        BCUE_TRY(bcue_sim_stations_write_places(&scene->config, site->place, site->latitude_deg,
                                                site->longitude_deg, suffix, &r->tree, error));
    }
    return BCUE_OK;
}

static bcue_status write_power(bcue_sim_run *r, const char *path, bcue_error *error)
{
    r->scratch.size = 0;
    bcue_deepsense_power_write(r->radio.measured_mw, r->radio.codebook.beams, &r->scratch);
    if (r->scratch.failed)
        return bcue_fail_memory(error, "the power per beam");
    return bcue_output_tree_write(&r->tree, path, r->scratch.data, r->scratch.size, true, error);
}

/* Where the antenna of a vehicle was when its receiver measured. */
static bcue_vec3 antenna_at(const bcue_sim_run *r, const bcue_sim_moment *now, size_t index, double time_s)
{
    bcue_instance vehicle = r->instances[index];
    bcue_track_state state;
    if (fabs(time_s - now->at.time_s) > 1e-9 &&
        bcue_track_at(now->at.traffic, r->ids[index], time_s, &state)) {
        vehicle.position = state.position;
        vehicle.yaw = state.yaw;
    }
    return bcue_instance_antenna(&r->scene.world, &vehicle);
}

bcue_gnss_fix bcue_sim_step_receiver(bcue_sim_run *r, const bcue_sim_moment *now, size_t index)
{
    bcue_sim_receiver *receiver = &r->receivers[r->ids[index]];
    const bcue_sim_capture capture = bcue_sim_clock_newest(&receiver->clock, now->at.episode, now->at.time_s);
    r->fix_capture = capture;
    if (!capture.due || capture.dropped)
        return (bcue_gnss_fix){.position = {NAN, NAN, NAN}, .quality = BCUE_GNSS_NONE};
    if (receiver->stepped == 1 + (uint64_t)capture.number)
        return receiver->fix;
    bcue_vec3 antenna = antenna_at(r, now, index, capture.time_s);
    double hidden = r->config->gnss.multipath_m > 0.0 || r->config->gnss.rtk_fix_sigma_m > 0.0
                        ? bcue_gnss_hidden_sky(r->sensors.scene, antenna)
                        : 0.0;
    receiver->stepped = 1 + (uint64_t)capture.number;
    receiver->fix = bcue_gnss_step(&receiver->gnss, capture.time_s, antenna, hidden);
    return receiver->fix;
}

static void put_nmea(bcue_sim_run *r, const bcue_sim_moment *now, const bcue_gnss_fix *fix,
                     const double geodetic[3])
{
    if (!r->config->gnss.nmea)
        return;
    bool none = fix->quality == BCUE_GNSS_NONE;
    bcue_nmea_fix line = {.time_s = 43200.0 + 60.0 * now->at.episode + r->fix_capture.time_s,
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

static void keep_fix(bcue_sim_run *r, size_t vehicle, const bcue_gnss_fix *fix)
{
    r->fixes[vehicle] = fix->position;
    if (fix->quality == BCUE_GNSS_NONE)
        r->fixes[vehicle].x = NAN;
}

/* The fix of the transmitting vehicle; nothing when it was lost on the way. */
static bcue_status write_fix(bcue_sim_run *r, const bcue_sim_moment *now, const bcue_gnss_fix *fix,
                             const char *path, bcue_error *error)
{
    double geodetic[3];
    keep_fix(r, 0, fix);
    if (!r->fix_capture.due || r->fix_capture.dropped)
        return BCUE_OK;
    BCUE_TRY(put_location(r, fix->position, geodetic, error));
    put_nmea(r, now, fix, geodetic);
    if (fix->quality == BCUE_GNSS_NONE) { /* as DeepSense has it where telemetry is missing */
        r->scratch.size = 0;
        bcue_text_puts(&r->scratch, "nan\nnan\n");
    }
    return bcue_output_tree_write(&r->tree, path, r->scratch.data, r->scratch.size, true, error);
}

/* What is told of a vehicle's link; nothing where it was not measured. */
static void put_link(const bcue_sim_run *r, const bcue_sim_moment *now, size_t v, bcue_text *out)
{
    if (!now->measured) {
        bcue_text_puts(out, ",,,,,,\n");
        return;
    }
    const size_t beams = r->radio.codebook.beams, best = bcue_best_beam(r->radio.power_mw + v * beams, beams);
    const bcue_link_summary *link = &r->radio.links[v];
    bcue_text_printf(out, ",%d,%zu,%.3f,%d,%.3f,%.4f\n", link->line_of_sight, best + 1,
                     link->rays > 0 ? link->gain_db : -200.0, bcue_sim_blocker(r, v), link->rician_k_db,
                     1e9 * link->delay_spread_s);
}

/* One line per vehicle that counts, in the order of the rows of the power array. */
static bcue_status write_vehicles(bcue_sim_run *r, const bcue_sim_moment *now, const char *path,
                                  bcue_error *error)
{
    bcue_text table = {0};
    bcue_text_puts(&table, "vehicle,class,latitude_deg,longitude_deg,fix,x_m,y_m,z_m,yaw_deg,speed_mps,los,"
                           "best_beam,path_gain_db,blocker,rician_k_db,delay_spread_ns\n");
    bcue_status status = BCUE_OK;
    for (size_t v = 0; status == BCUE_OK && v < r->served_count; v++) {
        const bcue_instance *vehicle = &r->instances[r->served[v]];
        bcue_gnss_fix fix = bcue_sim_step_receiver(r, now, r->served[v]);
        keep_fix(r, v, &fix);
        double geodetic[3];
        status = put_location(r, fix.position, geodetic, error);
        bcue_text_printf(&table, "%u,%s,%.9f,%.9f,%d,%.4f,%.4f,%.4f,%.3f,%.4f", r->ids[r->served[v]],
                         r->scene.world.models[vehicle->model].name, geodetic[0], geodetic[1],
                         (int)fix.quality, vehicle->position.x, vehicle->position.y, vehicle->position.z,
                         vehicle->yaw / DEGREE, bcue_vec3_norm(vehicle->velocity_mps));
        put_link(r, now, v, &table);
    }
    if (status == BCUE_OK)
        status = table.failed ? bcue_fail_memory(error, "the vehicles")
                              : bcue_output_tree_write(&r->tree, path, table.data, table.size, true, error);
    bcue_text_free(&table);
    return status;
}

static bcue_status write_vehicle_power(bcue_sim_run *r, const char *path, bcue_error *error)
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

static void put_truth_row(bcue_sim_run *r, const bcue_sim_moment *now)
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
    bcue_text_printf(
        &r->truth, ",%u,%.3f,%.4f,%.4f,%.4f,%.4f,%d,%s,%.4f,%zu,%zu,%.2f,%.2f,%s,%s,%d,%d,%.3f,%.4f\n",
        now->at.episode + 1, now->at.time_s, antenna.x, antenna.y, antenna.z, speed, (int)state.lane,
        model->name, atan2(seen.y, seen.x) / DEGREE, r->radio.lists[0].count, in_view, column, row,
        r->staged->name, now->episode->condition, r->radio.links[0].line_of_sight, bcue_sim_blocker(r, 0),
        r->radio.links[0].rician_k_db, 1e9 * r->radio.links[0].delay_spread_s);
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

static bool any_line_of_sight(const bcue_sim_run *r)
{
    for (size_t v = 0; v < r->radio.vehicles; v++)
        if (r->radio.links[v].line_of_sight)
            return true;
    return false;
}

static void put_time(bcue_sim_run *r, uint32_t episode, const bcue_sim_capture *capture)
{
    char stamp[32];
    bcue_text_puts(&r->rows, ",");
    if (!capture->due || capture->dropped)
        return;
    format_time_stamp(episode, capture->time_s, stamp, sizeof stamp);
    bcue_text_puts(&r->rows, stamp);
}

static void put_unit_times(bcue_sim_run *r, uint32_t episode, const bcue_sim_sensors *sensors)
{
    for (int k = 0; k < 3; k++)
        if (sensors->outlets[k].enabled)
            put_time(r, episode, &sensors->outlets[k].capture);
}

/* When each sensor measured what the row has of it. */
static void put_times(bcue_sim_run *r, const bcue_sim_moment *now)
{
    put_unit_times(r, now->at.episode, &r->sensors);
    put_unit_times(r, now->at.episode, &r->carried);
    for (size_t i = 0; i < r->stations.count; i++)
        put_unit_times(r, now->at.episode, &r->stations.items[i].sensors);
    if (!bcue_sim_all_vehicles(r))
        put_time(r, now->at.episode, &r->fix_capture);
}

static void put_row(bcue_sim_run *r, const bcue_sim_moment *now)
{
    const bcue_simulate_config *c = r->config;
    const unsigned episode = now->at.episode + 1, frame = now->at.frame;
    char stamp[32], location[128], suffix[96];
    place_suffix(r->plan, r->staged, suffix, sizeof suffix);
    format_time_stamp(now->at.episode, now->at.time_s, stamp, sizeof stamp);
    bcue_sim_location_path(r->plan, r->staged, location, sizeof location);
    bcue_sim_sensors_cells(&r->sensors, now->at.episode, &r->rows);
    bcue_text_puts(&r->rows, ",");
    if (now->measured)
        bcue_text_printf(&r->rows, "./" POWER_PATH, episode, frame);
    bcue_text_printf(&r->rows, ",./%s", location);
    if (bcue_sim_all_vehicles(r)) {
        bcue_text_printf(&r->rows, ",./" VEHICLES_PATH ",", episode, frame);
        if (now->measured)
            bcue_text_printf(&r->rows, "./" VEHICLE_POWER_PATH, episode, frame);
    } else if (r->fix_capture.due && !r->fix_capture.dropped)
        bcue_text_printf(&r->rows, ",./" FIX_PATH, episode, frame);
    else
        bcue_text_puts(&r->rows, ",");
    bcue_sim_sensors_cells(&r->carried, now->at.episode, &r->rows);
    bcue_sim_stations_cells(&r->stations, &now->at, suffix, &r->rows);
    if (now->measured)
        bcue_text_printf(&r->rows, ",%zu,%u,%s,%d",
                         bcue_best_beam(r->radio.measured_mw, r->radio.codebook.beams) + 1, episode, stamp,
                         any_line_of_sight(r));
    else
        bcue_text_printf(&r->rows, ",,%u,%s,", episode, stamp);
    bcue_text_printf(&r->rows, ",%s,%s", r->staged->name, now->episode->condition);
    if (c->keep.frames > 0)
        bcue_text_printf(&r->rows, ",%u", bcue_sim_piece(c, frame) + 1);
    if (bcue_sim_has_times(c))
        put_times(r, now);
    bcue_text_puts(&r->rows, "\n");
}

bcue_status bcue_sim_write_sample(bcue_sim_run *r, const bcue_sim_moment *now, const bcue_gnss_fix *fix,
                                  bcue_error *error)
{
    const unsigned episode = now->at.episode + 1, frame = now->at.frame;
    char path[64];
    BCUE_TRY(bcue_sim_sensors_write(&r->sensors, &now->at, &r->tree, error));
    BCUE_TRY(bcue_sim_sensors_write(&r->carried, &now->at, &r->tree, error));
    BCUE_TRY(bcue_sim_stations_write(&r->stations, &now->at, r->served, r->served_count, now->measured,
                                     &r->tree, error));
    snprintf(path, sizeof path, POWER_PATH, episode, frame);
    if (now->measured)
        BCUE_TRY(write_power(r, path, error));
    if (bcue_sim_all_vehicles(r)) {
        snprintf(path, sizeof path, VEHICLES_PATH, episode, frame);
        BCUE_TRY(write_vehicles(r, now, path, error));
        snprintf(path, sizeof path, VEHICLE_POWER_PATH, episode, frame);
        if (now->measured)
            BCUE_TRY(write_vehicle_power(r, path, error));
    } else {
        snprintf(path, sizeof path, FIX_PATH, episode, frame);
        BCUE_TRY(write_fix(r, now, fix, path, error));
        put_truth_row(r, now);
    }
    put_row(r, now);
    r->tally.samples++;
    r->tally.samples_blocked += now->measured && !any_line_of_sight(r);
    return BCUE_OK;
}

static void put_header(const bcue_sim_run *r, bcue_text *out)
{
    const bcue_simulate_config *c = &r->plan->scenes[0].config;
    bcue_text_puts(out, "index");
    bcue_sim_sensors_names(c, 1, "", out);
    bcue_text_puts(out, ",unit1_pwr_60ghz,unit1_loc");
    bcue_text_puts(out, c->receivers == BCUE_SIM_ALL ? ",unit2_vehicles,unit1_vehicle_pwr" : ",unit2_loc");
    bcue_sim_sensors_names(c, 2, "", out);
    bcue_sim_stations_header(c, out);
    bcue_text_puts(out, ",unit1_beam,seq_index,time_stamp,los,scene,condition");
    bcue_text_puts(out, c->keep.frames > 0 ? ",window_index" : "");
    if (bcue_sim_has_times(c)) {
        const bcue_sim_rsu_entry *further = c->rsus.items;
        bcue_sim_sensors_names(c, 1, "_time_stamp", out);
        bcue_sim_sensors_names(c, 2, "_time_stamp", out);
        for (size_t i = 0; i < c->rsus.count; i++)
            if (further[i].sensors)
                bcue_sim_sensors_names(c, 3 + (unsigned)i, "_time_stamp", out);
        bcue_text_puts(out, c->receivers == BCUE_SIM_ALL ? "" : ",unit2_loc_time_stamp");
    }
    bcue_text_puts(out, "\n");
}

/* Rows begin with their comma: put the running number before it. */
static void put_numbered(const bcue_text *rows, bcue_text *out)
{
    unsigned long long number = 0;
    for (const char *line = rows->data, *end; line && *line; line = end) {
        end = strchr(line, '\n');
        end = end ? end + 1 : line + strlen(line);
        bcue_text_printf(out, "%llu%.*s", ++number, (int)(end - line), line);
    }
}

bcue_status bcue_sim_write_tables(bcue_sim_run *r, bcue_error *error)
{
    bcue_text table = {0};
    put_header(r, &table);
    put_numbered(&r->rows, &table);
    bcue_status status =
        table.failed || r->rows.failed
            ? bcue_fail_memory(error, "scenario.csv")
            : bcue_output_tree_write(&r->tree, "scenario.csv", table.data, table.size, true, error);
    if (status == BCUE_OK && r->plan->scenes[0].config.receivers != BCUE_SIM_ALL) {
        table.size = 0;
        bcue_text_puts(&table, "index,seq_index,time_s,x_m,y_m,z_m,velocity_mps,lane,class,azimuth_deg,paths,"
                               "vehicles_in_view,image_column,image_row,scene,condition,los,blocker,rician_k_"
                               "db,delay_spread_ns\n");
        put_numbered(&r->truth, &table);
        status =
            table.failed || r->truth.failed
                ? bcue_fail_memory(error, "ground_truth.csv")
                : bcue_output_tree_write(&r->tree, "ground_truth.csv", table.data, table.size, true, error);
    }
    bcue_text_free(&table);
    return status;
}

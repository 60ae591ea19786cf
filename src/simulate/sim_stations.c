#include "simulate/sim_stations.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"
#include "features/geodesy.h"
#include "formats/deepsense_text.h"

#define DEGREE (BCUE_PI / 180.0)
/* Units 1 and 2 are the first RSU and the vehicle. */
enum { FIRST_UNIT = 3 };
#define POWER_PATH "unit%u/mmWave_data/mmWave_power_%04u_%04u.txt"
#define PLACE_PATH "unit%u/GPS_data/gps_location%s.txt"

static unsigned unit_of(size_t index)
{
    return FIRST_UNIT + (unsigned)index;
}

static bcue_status add_sensors(bcue_sim_station *station, const bcue_sim_rsu_entry *entry, unsigned unit,
                               const bcue_world *world, bcue_error *error)
{
    const double azimuth = entry->yaw_deg * DEGREE, pitch = entry->sensor_pitch_deg * DEGREE;
    bcue_vec3 low = station->place;
    low.z = fmin(low.z, station->config.radar.height_m);
    const bcue_sim_poses poses = {
        .camera = bcue_frame_make(station->place, azimuth, pitch),
        .lidar = bcue_frame_make(station->place, azimuth, pitch),
        .radar = bcue_frame_make(low, azimuth, station->config.radar.pitch_deg * DEGREE)};
    return bcue_sim_sensors_create(&station->config, world, unit, &poses, &station->sensors, error);
}

bcue_status bcue_sim_stations_create(const bcue_sim_scene *scene, bcue_sim_stations *stations,
                                     bcue_error *error)
{
    const bcue_section_list *entries = &scene->config->rsus;
    const bcue_sim_rsu_entry *entry = entries->items;
    *stations = (bcue_sim_stations){0};
    stations->items = bcue_calloc(entries->count, sizeof *stations->items);
    if (!stations->items)
        return bcue_fail_memory(error, "the roadside units");
    for (size_t i = 0; i < entries->count; i++) {
        bcue_sim_station *station = &stations->items[stations->count++];
        station->config = *scene->config;
        station->config.array.tilt_deg = entry[i].tilt_deg;
        if (entry[i].elements > 0)
            station->config.array.elements = entry[i].elements;
        if (entry[i].beams > 0)
            station->config.array.beams = entry[i].beams;
        /* Ripple and noise of its own. */
        station->config.seed = scene->config->seed + 1000003 * (int64_t)unit_of(i);
        station->place = bcue_vec3_make(entry[i].x_m, entry[i].y_m, entry[i].z_m);
        BCUE_TRY(bcue_sim_radio_create(&station->config, &scene->world, station->place,
                                       entry[i].yaw_deg * DEGREE, &station->radio, error));
        if (entry[i].sensors)
            BCUE_TRY(add_sensors(station, &entry[i], unit_of(i), &scene->world, error));
    }
    return BCUE_OK;
}

void bcue_sim_stations_destroy(bcue_sim_stations *stations)
{
    for (size_t i = 0; i < stations->count; i++) {
        bcue_sim_radio_destroy(&stations->items[i].radio);
        bcue_sim_sensors_destroy(&stations->items[i].sensors);
    }
    free(stations->items);
    *stations = (bcue_sim_stations){0};
}

bcue_status bcue_sim_stations_set_weather(bcue_sim_stations *stations, const bcue_weather *weather,
                                          const bcue_daylight *light, bcue_error *error)
{
    for (size_t i = 0; i < stations->count; i++) {
        bcue_sim_station *station = &stations->items[i];
        BCUE_TRY(bcue_sim_radio_set_weather(&station->radio, weather, error));
        if (bcue_sim_sensors_any(&station->sensors))
            bcue_sim_sensors_set_weather(&station->sensors, weather, light);
    }
    return BCUE_OK;
}

static bcue_status write_power(const bcue_sim_station *station, const char *path, bcue_output_tree *tree,
                               bcue_error *error)
{
    bcue_text text = {0};
    bcue_deepsense_power_write(station->radio.measured_mw, station->radio.codebook.beams, &text);
    bcue_status status = text.failed ? bcue_fail_memory(error, "the power per beam")
                                     : bcue_output_tree_write(tree, path, text.data, text.size, true, error);
    bcue_text_free(&text);
    return status;
}

bcue_status bcue_sim_stations_write(bcue_sim_stations *stations, const bcue_sim_instant *at,
                                    const size_t *served, size_t served_count, bool measured,
                                    bcue_output_tree *tree, bcue_error *error)
{
    for (size_t i = 0; i < stations->count; i++) {
        bcue_sim_station *station = &stations->items[i];
        BCUE_TRY(bcue_sim_sensors_write(&station->sensors, at, tree, error));
        station->heard = false;
        if (!measured)
            continue;
        BCUE_TRY(bcue_sim_radio_trace(&station->radio, at->instances, at->instance_count, served,
                                      served_count, error));
        BCUE_TRY(bcue_sim_radio_aggregate(&station->radio, error));
        station->heard = bcue_sim_radio_measure(&station->radio, at->episode, at->frame);
        if (!station->heard)
            continue;
        char path[64];
        snprintf(path, sizeof path, POWER_PATH, unit_of(i), at->episode + 1, at->frame);
        BCUE_TRY(write_power(station, path, tree, error));
    }
    return BCUE_OK;
}

bcue_status bcue_sim_stations_write_places(const bcue_simulate_config *config, bcue_vec3 first,
                                           double latitude_deg, double longitude_deg, const char *suffix,
                                           bcue_output_tree *tree, bcue_error *error)
{
    bcue_status status = BCUE_OK;
    const bcue_sim_rsu_entry *entry = config->rsus.items;
    for (size_t i = 0; status == BCUE_OK && i < config->rsus.count; i++) {
        const double enu_m[3] = {entry[i].x_m - first.x, entry[i].y_m - first.y, 0.0};
        double latitude, longitude, altitude;
        bcue_enu_to_geodetic(enu_m, latitude_deg, longitude_deg, config->rsu.altitude_m, &latitude,
                             &longitude, &altitude);
        bcue_text text = {0};
        char path[160];
        bcue_deepsense_gps_write(latitude, longitude, &text);
        snprintf(path, sizeof path, PLACE_PATH, unit_of(i), suffix);
        status = text.failed ? bcue_fail_memory(error, "a position")
                             : bcue_output_tree_write(tree, path, text.data, text.size, true, error);
        bcue_text_free(&text);
    }
    return status;
}

void bcue_sim_stations_header(const bcue_simulate_config *config, bcue_text *out)
{
    const bcue_sim_rsu_entry *entry = config->rsus.items;
    for (size_t i = 0; i < config->rsus.count; i++) {
        bcue_text_printf(out, ",unit%u_pwr_60ghz,unit%u_loc,unit%u_beam", unit_of(i), unit_of(i), unit_of(i));
        if (entry[i].sensors)
            bcue_sim_sensors_names(config, unit_of(i), "", out);
    }
}

void bcue_sim_stations_cells(const bcue_sim_stations *stations, const bcue_sim_instant *at,
                             const char *suffix, bcue_text *out)
{
    for (size_t i = 0; i < stations->count; i++) {
        const bcue_sim_station *station = &stations->items[i];
        bcue_text_puts(out, ",");
        if (station->heard)
            bcue_text_printf(out, "./" POWER_PATH, unit_of(i), at->episode + 1, at->frame);
        bcue_text_printf(out, ",./" PLACE_PATH ",", unit_of(i), suffix);
        if (station->heard)
            bcue_text_printf(out, "%zu",
                             bcue_best_beam(station->radio.measured_mw, station->radio.codebook.beams) + 1);
        bcue_sim_sensors_cells(&station->sensors, at->episode, out);
    }
}

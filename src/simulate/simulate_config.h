/* The configuration of a simulation. */
#ifndef BCUE_SIMULATE_SIMULATE_CONFIG_H
#define BCUE_SIMULATE_SIMULATE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include "base/config.h"

typedef struct bcue_simulate_config {
    char *output;
    bool overwrite;
    int64_t seed;
    int64_t episodes;
    double frame_rate_hz;
    int64_t max_frames_per_episode;
    double record_half_angle_deg;
    struct {
        double length_m, lane_width_m, setback_m, sidewalk_m, yard_m;
        double building_min_height_m, building_max_height_m, tree_spacing_m;
    } street;
    struct {
        double latitude_deg, longitude_deg, altitude_m, height_m;
    } rsu;
    struct {
        double vehicles_per_minute, min_speed_mps, max_speed_mps, min_gap_m;
        struct {
            double hatchback, sedan, suv, van, truck, bus, motorcycle;
        } class_weights;
    } traffic;
    struct {
        int64_t elements, beams;
        double spacing_wavelengths, field_of_view_deg;
    } array;
    struct {
        double carrier_hz, bandwidth_hz;
        int64_t subcarriers;
        int64_t reflections;
        double transmit_power_dbm, noise_floor_dbm, ripple_db;
        int64_t snapshots;
    } channel;
    struct {
        bool enabled;
        int64_t width, height;
        double field_of_view_deg, pitch_deg;
        int64_t jpeg_quality;
    } camera;
    struct {
        double min_sun_elevation_deg, max_sun_elevation_deg, max_sun_azimuth_deg, min_cloudiness,
            max_cloudiness, exposure;
    } light;
    struct {
        double horizontal_sigma_m, vertical_sigma_m;
    } gnss;
} bcue_simulate_config;

extern const bcue_config_field bcue_simulate_fields[];

/* Read, and check what single ranges cannot: low <= high, room for the sidewalk, something to drive. On
   success the caller destroys *source when `config` is no longer used. */
bcue_status bcue_simulate_config_read(const char *path, const char *const *overrides, size_t override_count,
                                      bcue_simulate_config *config, bcue_config **source, bcue_error *error);

#endif

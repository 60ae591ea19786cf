/* The configuration of a simulation. */
#ifndef BCUE_SIMULATE_SIMULATE_CONFIG_H
#define BCUE_SIMULATE_SIMULATE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include "base/config.h"
#include "beamcue/status.h"
#include "simulate/sim_clock.h"
#include "world/scenery.h"
#include "world/traffic_flow.h"

typedef enum bcue_sim_scene_kind {
    BCUE_SIM_SCENE_STRAIGHT,
    BCUE_SIM_SCENE_SCENERY,
    BCUE_SIM_SCENE_IMPORTED, /* from a file of another program */
} bcue_sim_scene_kind;
/* What carries a sensor: bit 0 the RSU, bit 1 the transmitting vehicle. */
typedef enum bcue_sim_mount { BCUE_SIM_ON_RSU, BCUE_SIM_ON_VEHICLE, BCUE_SIM_ON_BOTH } bcue_sim_mount;
typedef enum bcue_sim_receivers { BCUE_SIM_TARGET, BCUE_SIM_ALL } bcue_sim_receivers;
typedef enum bcue_sim_codebook {
    BCUE_SIM_CODEBOOK_OVERSAMPLED,
    BCUE_SIM_CODEBOOK_PAPER_B,
    BCUE_SIM_CODEBOOK_MEASURED,
} bcue_sim_codebook;
typedef enum bcue_sim_normalisation {
    BCUE_SIM_NORMALISE_BY_MODE, /* amplitude in mode paper, power in mode corrected */
    BCUE_SIM_NORMALISE_AMPLITUDE,
    BCUE_SIM_NORMALISE_POWER,
} bcue_sim_normalisation;
typedef enum bcue_sim_lidar { BCUE_SIM_LIDAR_OS1_32, BCUE_SIM_LIDAR_PAPER_B } bcue_sim_lidar;
typedef enum bcue_sim_radar {
    BCUE_SIM_RADAR_POINTS,
    BCUE_SIM_RADAR_CUBE_31, /* the chirp of DeepSense scenarios 31-34 */
    BCUE_SIM_RADAR_CUBE_9,  /* of scenario 9 */
} bcue_sim_radar;

typedef enum bcue_sim_record {
    BCUE_SIM_RECORD_NONE,
    BCUE_SIM_RECORD_PATHS,
    BCUE_SIM_RECORD_POWER, /* and power per beam */
    BCUE_SIM_RECORD_CFR,   /* and frequency response */
} bcue_sim_record;
typedef enum bcue_sim_isa { BCUE_SIM_ISA_AUTO, BCUE_SIM_ISA_AVX2, BCUE_SIM_ISA_SSE42 } bcue_sim_isa;
typedef enum bcue_sim_scale { BCUE_SIM_SCALE_FULL, BCUE_SIM_SCALE_SMALL } bcue_sim_scale;

/* One entry of `scenes`: what differs from the rest of the configuration there. */
typedef struct bcue_sim_scene_entry {
    char *name;
    int64_t episodes; /* of each street; 0: `episodes` of the run */
    int64_t streets;  /* so many streets, with seeds of their own */
    int64_t seed;     /* of the first street; -1: `seed` of the run */
    bcue_string_map set;
} bcue_sim_scene_entry;

/* One entry of `rsus`: a further roadside unit. */
typedef struct bcue_sim_rsu_entry {
    double x_m, y_m, z_m, yaw_deg, tilt_deg;
    int64_t elements, beams; /* 0: as the first one */
    bool sensors;            /* as the first one has them */
    double sensor_pitch_deg;
} bcue_sim_rsu_entry;

typedef struct bcue_simulate_config {
    char *output;
    bool overwrite;
    double max_output_gb; /* 0: what is free */
    int isa;              /* bcue_sim_isa */
    int64_t seed;
    int64_t episodes;
    bcue_section_list scenes; /* of bcue_sim_scene_entry; none: one scene */
    int scale;                /* bcue_sim_scale */
    struct {
        int64_t episodes, max_frames_per_episode, streets;
    } small;
    struct {
        int64_t frames, every; /* of every so many frames the first ones are recorded; 0: all */
        int64_t power;         /* so many last frames of each piece have power per beam; 0: all */
    } keep;
    double frame_rate_hz;
    int64_t max_frames_per_episode;
    double record_half_angle_deg;
    int receivers; /* bcue_sim_receivers */
    int scene;     /* bcue_sim_scene_kind */
    bcue_scenery_config scenery;
    bcue_flow_config flow;
    struct {
        double length_m, lane_width_m, setback_m, sidewalk_m, yard_m;
        double building_min_height_m, building_max_height_m, tree_spacing_m;
    } street;
    struct {
        double latitude_deg, longitude_deg, altitude_m, height_m;
    } rsu;
    struct {
        char *file, *materials;
        bool y_up, left_hand, strict;
        double unit_m;
        bcue_double_list shift_m, origin_deg, bounds_m;
        double x_m, y_m, z_m, yaw_deg, camera_pitch_deg, lidar_pitch_deg, radar_z_m, radar_pitch_deg;
    } imported;
    struct {
        char *file;
        double begin_s;
        bool geographic;
        bcue_double_list shift_m;
        double lane_change_s;
        bool on_road;
    } fcd;
    bcue_section_list rsus; /* of bcue_sim_rsu_entry */
    bool time_stamps;
    struct {
        double vehicles_per_minute, min_speed_mps, max_speed_mps, min_gap_m;
        struct {
            double hatchback, sedan, suv, van, truck, bus, motorcycle;
        } class_weights;
    } traffic;
    struct {
        int64_t elements, beams;
        double spacing_wavelengths, field_of_view_deg;
        int codebook;      /* bcue_sim_codebook */
        int normalisation; /* bcue_sim_normalisation */
        char *patterns;    /* folder of measured beams; NULL: none */
        double tilt_deg;
    } array;
    struct {
        double carrier_hz, bandwidth_hz;
        int64_t subcarriers;
        int mode; /* bcue_link_mode */
        int64_t reflections, transmissions;
        bool diffraction;
        double max_path_loss_db;
        int aggregate; /* bcue_aggregation */
        bool measured;
        double transmit_power_dbm, noise_floor_dbm, ripple_db;
        int64_t snapshots;
        int record; /* bcue_sim_record */
    } channel;
    struct {
        bool enabled;
        int64_t width, height;
        double field_of_view_deg, pitch_deg;
        double distortion, exposure_s, noise;
        int64_t jpeg_quality;
        int on; /* bcue_sim_mount */
        bcue_sim_clock_config clock;
    } camera;
    struct {
        bool enabled;
        int kind;        /* bcue_sim_lidar */
        int64_t columns; /* 0: those of the kind */
        double pitch_deg;
        bool ascii;
        int on; /* bcue_sim_mount */
        bcue_sim_clock_config clock;
    } lidar;
    struct {
        bool enabled;
        int kind; /* bcue_sim_radar */
        double height_m, pitch_deg;
        int64_t rays, scatterers;
        double miss_rate, false_points;
        int on; /* bcue_sim_mount */
        bcue_sim_clock_config clock;
    } radar;
    struct {
        bool enabled;
        double noon, night, rain, fog, snow; /* relative frequencies */
        double rain_mm_h, fog_visibility_m, snow_mm_h;
    } weather;
    struct {
        double min_sun_elevation_deg, max_sun_elevation_deg, max_sun_azimuth_deg, min_cloudiness,
            max_cloudiness, exposure;
    } light;
    struct {
        double horizontal_sigma_m, vertical_sigma_m;
        double drift_sigma_m, drift_time_s, multipath_m;
        double outages_per_minute, outage_mean_s;
        double rtk_fix_sigma_m, rtk_float_sigma_m, rtk_lost_above;
        bool nmea;
        bcue_sim_clock_config clock;
    } gnss;
} bcue_simulate_config;

extern const bcue_config_field bcue_simulate_fields[];

/* A text key that may be left empty. */
static inline bool bcue_sim_given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

/* Does scenario.csv say when each sensor measured? Where time_stamps asks for it, or a clock is not that of
   the frames. */
bool bcue_sim_has_times(const bcue_simulate_config *config);
/* Is a sensor carried by the RSU, by the transmitting vehicle? */
static inline bool bcue_sim_mounted(int mount, bool on_vehicle)
{
    return mount == BCUE_SIM_ON_BOTH || (mount == BCUE_SIM_ON_VEHICLE) == on_vehicle;
}

/* Does the run record this frame of an episode? And how many pieces without a gap come before it. */
bool bcue_sim_keeps(const bcue_simulate_config *config, uint32_t frame);
/* Is the power of this frame, which is kept, measured? */
bool bcue_sim_measures(const bcue_simulate_config *config, uint32_t frame);
uint32_t bcue_sim_piece(const bcue_simulate_config *config, uint32_t frame);

/* Read, and check what single ranges cannot: low <= high, room for the sidewalk, something to drive. On
   success the caller destroys *source when `config` is no longer used. */
bcue_status bcue_simulate_config_read(const char *path, const char *const *overrides, size_t override_count,
                                      bcue_simulate_config *config, bcue_config **source, bcue_error *error);

#endif

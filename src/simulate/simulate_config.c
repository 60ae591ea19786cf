#include "simulate/simulate_config.h"

#include <stddef.h>
#include "base/fail.h"
#include "base/vec3.h"
#include "beamcue/simulate.h"

#define AT(member) offsetof(bcue_simulate_config, member)
#define REAL_AT(key, place, fallback_text, low, high, help_text)                                             \
    {                                                                                                        \
        .name = (key), .type = BCUE_CONFIG_DOUBLE, .offset = (place), .fallback = (fallback_text),           \
        .minimum = (low), .maximum = (high), .help = (help_text)                                             \
    }
#define REAL(key, member, fallback_text, low, high, help_text)                                               \
    REAL_AT(key, AT(member), fallback_text, low, high, help_text)
#define WHOLE(key, member, fallback_text, low, high, help_text)                                              \
    {                                                                                                        \
        .name = (key), .type = BCUE_CONFIG_INT, .offset = AT(member), .fallback = (fallback_text),           \
        .minimum = (low), .maximum = (high), .help = (help_text)                                             \
    }
#define FLAG(key, member, fallback_text, help_text)                                                          \
    {                                                                                                        \
        .name = (key), .type = BCUE_CONFIG_BOOL, .offset = AT(member), .fallback = (fallback_text),          \
        .help = (help_text)                                                                                  \
    }
#define CHOICE(key, member, fallback_text, names, help_text)                                                 \
    {                                                                                                        \
        .name = (key), .type = BCUE_CONFIG_CHOICE, .offset = AT(member), .fallback = (fallback_text),        \
        .choices = (names), .help = (help_text)                                                              \
    }
#define SECTION(key, table, help_text)                                                                       \
    {                                                                                                        \
        .name = (key), .type = BCUE_CONFIG_SECTION, .offset = 0, .fields = (table), .help = (help_text)      \
    }
#define TEXT(key, member, fallback_text, help_text)                                                          \
    {                                                                                                        \
        .name = (key), .type = BCUE_CONFIG_STRING, .offset = AT(member), .fallback = (fallback_text),        \
        .help = (help_text)                                                                                  \
    }
#define REALS(key, member, help_text)                                                                        \
    {                                                                                                        \
        .name = (key), .type = BCUE_CONFIG_DOUBLE_LIST, .offset = AT(member), .help = (help_text)            \
    }
/* The clock of a sensor, at offset `clock`. */
#define IN_CLOCK(clock, member) ((clock) + offsetof(bcue_sim_clock_config, member))
#define CLOCK(clock)                                                                                         \
    REAL_AT("rate_hz", IN_CLOCK(clock, rate_hz), "0", 0, 1000,                                               \
            "measurements a second; 0 = one with every frame"),                                              \
        REAL_AT("offset_ms", IN_CLOCK(clock, offset_ms), "0", 0, 60000,                                      \
                "when the first measurement is taken"),                                                      \
        REAL_AT("latency_ms", IN_CLOCK(clock, latency_ms), "0", 0, 60000,                                    \
                "until a measurement arrives; a row has the newest that has arrived"),                       \
        REAL_AT("jitter_ms", IN_CLOCK(clock, jitter_ms), "0", 0, 10000,                                      \
                "standard deviation of when a measurement is taken"),                                        \
        REAL_AT("drop_rate", IN_CLOCK(clock, drop_rate), "0", 0, 1,                                          \
                "share of measurements lost: an empty cell")
#define END                                                                                                  \
    {                                                                                                        \
        .name = NULL                                                                                         \
    }

/* In the order of their enumerations. */
static const char *const receiver_names[] = {"target", "all", NULL};
static const char *const scene_names[] = {"straight", "scenery", "imported", NULL};
static const char *const mount_names[] = {"rsu", "vehicle", "both", NULL};
static const char *const codebook_names[] = {"oversampled", "paper-b", "measured", NULL};
static const char *const normalisation_names[] = {"by-mode", "amplitude", "power", NULL};
static const char *const mode_names[] = {"paper", "corrected", NULL};
static const char *const aggregate_names[] = {"mean-db", "mean-linear", "min", "proportional-fair", NULL};
static const char *const lidar_names[] = {"os1-32", "paper-b", NULL};
static const char *const radar_names[] = {"points", "cube", "cube-scenario9", NULL};
static const char *const record_names[] = {"none", "paths", "power", "cfr", NULL};
static const char *const isa_names[] = {"auto", "avx2", "sse4.2", NULL};
static const char *const scale_names[] = {"full", "small", NULL};

#define ENTRY(key, member, fallback_text, low, high, help_text)                                              \
    {                                                                                                        \
        .name = (key), .type = BCUE_CONFIG_INT, .offset = offsetof(bcue_sim_scene_entry, member),            \
        .fallback = (fallback_text), .minimum = (low), .maximum = (high), .help = (help_text)                \
    }

static const bcue_config_field scene_entry_fields[] = {
    {.name = "name",
     .type = BCUE_CONFIG_STRING,
     .offset = offsetof(bcue_sim_scene_entry, name),
     .required = true,
     .help = "in the column scene; letters, digits, - and _"},
    ENTRY("episodes", episodes, "0", 0, 100000, "of each of its streets; 0 = `episodes` above"),
    ENTRY("streets", streets, "1", 1, 1000,
          "so many streets from one description, with seeds that count up; named NAME-1, NAME-2, ..."),
    ENTRY("seed", seed, "-1", -1, 9e15, "of its (first) street; -1 = `seed` above"),
    {.name = "set",
     .type = BCUE_CONFIG_MAP,
     .offset = offsetof(bcue_sim_scene_entry, set),
     .help = "any other keys of this file, as they are in this scene: 'scenery.preset: 3-lane'"},
    END,
};
static const bcue_config_field small_fields[] = {
    WHOLE("episodes", small.episodes, "10", 1, 100000, "of each street"),
    WHOLE("max_frames_per_episode", small.max_frames_per_episode, "100", 1, 100000, "longer ones are cut"),
    WHOLE("streets", small.streets, "2", 1, 1000, "of an entry of `scenes`"),
    END,
};
static const bcue_config_field keep_fields[] = {
    WHOLE("frames", keep.frames, "0", 0, 100000, "so many of every `every` frames; 0 = all"),
    WHOLE("every", keep.every, "10", 1, 100000, "the others are not rendered; no window crosses the gap"),
    WHOLE("power", keep.power, "0", 0, 100000,
          "only so many last frames of each piece have power and label, the others are what sensors saw "
          "before; "
          "0 = all"),
    END,
};

static const bcue_config_field street_fields[] = {
    REAL("length_m", street.length_m, "140", 60, 2000, "length of the street, centred on the RSU"),
    REAL("lane_width_m", street.lane_width_m, "3.5", 2.8, 6, "width of each of the two lanes"),
    REAL("setback_m", street.setback_m, "12", 4, 60, "from the RSU to the near edge of the road"),
    REAL("sidewalk_m", street.sidewalk_m, "3", 1, 10, "width of each sidewalk"),
    REAL("yard_m", street.yard_m, "1.5", 0, 50, "from the far sidewalk to the fronts of the buildings"),
    REAL("building_min_height_m", street.building_min_height_m, "6.5", 4, 200, "lowest building"),
    REAL("building_max_height_m", street.building_max_height_m, "17", 4, 200,
         "highest building of the front row"),
    REAL("tree_spacing_m", street.tree_spacing_m, "11", 0, 200, "mean distance between trees; 0 = no trees"),
    END,
};
static const bcue_config_field rsu_fields[] = {
    REAL("latitude_deg", rsu.latitude_deg, "33.4203", -89, 89,
         "where the roadside unit (RSU) stands, WGS-84"),
    REAL("longitude_deg", rsu.longitude_deg, "-111.9289", -180, 180, "the same, east positive"),
    REAL("altitude_m", rsu.altitude_m, "350", -500, 9000, "of the ground, above the ellipsoid"),
    REAL("height_m", rsu.height_m, "5", 1, 50, "of camera and antenna array above the ground"),
    END,
};
static const bcue_config_field imported_fields[] = {
    TEXT("file", imported.file, "", "Mitsuba XML, OBJ, glTF, PLY or OpenStreetMap (docs/import.md)"),
    TEXT("materials", imported.materials, "", "a YAML file that says what the file's materials are"),
    FLAG("y_up", imported.y_up, "false", "the file's y axis is up (glTF is turned always)"),
    FLAG("left_hand", imported.left_hand, "false", "OpenStreetMap: traffic keeps left"),
    FLAG("strict", imported.strict, "false",
         "refuse holes, triangles without area, and buildings that cannot be used"),
    REAL("unit_m", imported.unit_m, "1", 1e-6, 1e6, "metres per unit of the file"),
    REALS("shift_m", imported.shift_m, "x, y, z added to the file's coordinates, metres"),
    REALS("origin_deg", imported.origin_deg,
          "OpenStreetMap: latitude and longitude of (0, 0); without it the middle of the extract"),
    REALS("bounds_m", imported.bounds_m,
          "x_low, x_high, y_low, y_high: vehicles count inside; without it everywhere, or in the extract"),
    REAL("x_m", imported.x_m, "0", -1e6, 1e6, "of the RSU: camera, LiDAR and array; east"),
    REAL("y_m", imported.y_m, "0", -1e6, 1e6, "north"),
    REAL("z_m", imported.z_m, "6", -1e4, 1e4, "up"),
    REAL("yaw_deg", imported.yaw_deg, "90", -360, 360, "where it faces; counter-clockwise from east"),
    REAL("camera_pitch_deg", imported.camera_pitch_deg, "-8", -89, 89, "positive looks up"),
    REAL("lidar_pitch_deg", imported.lidar_pitch_deg, "0", -89, 89, "positive looks up"),
    REAL("radar_z_m", imported.radar_z_m, "3", -1e4, 1e4, "of the radar, at the same x and y"),
    REAL("radar_pitch_deg", imported.radar_pitch_deg, "0", -89, 89, "positive looks up"),
    END,
};
static const bcue_config_field fcd_fields[] = {
    TEXT("file", fcd.file, "", "output of `sumo --fcd-output`, instead of the traffic of `flow`"),
    REAL("begin_s", fcd.begin_s, "0", 0, 1e9,
         "of the file's time: where the first episode begins; the others follow"),
    FLAG("geographic", fcd.geographic, "false", "the file has longitude and latitude (--fcd-output.geo)"),
    REALS("shift_m", fcd.shift_m, "x, y added to the file's coordinates, metres"),
    REAL("lane_change_s", fcd.lane_change_s, "3", -1, 60,
         "over which a jump to the next lane is spread; -1 = left as it is"),
    FLAG("on_road", fcd.on_road, "false", "refuse a file with a vehicle off the road; otherwise a warning"),
    END,
};
#define PLACE(key, member, fallback_text, low, high, help_text)                                              \
    {                                                                                                        \
        .name = (key), .type = BCUE_CONFIG_DOUBLE, .offset = offsetof(bcue_sim_rsu_entry, member),           \
        .fallback = (fallback_text), .minimum = (low), .maximum = (high), .help = (help_text)                \
    }
static const bcue_config_field rsus_fields[] = {
    PLACE("x_m", x_m, "0", -1e6, 1e6, "east, in the scene"),
    PLACE("y_m", y_m, "0", -1e6, 1e6, "north"),
    PLACE("z_m", z_m, "5", -1e4, 1e4, "up"),
    PLACE("yaw_deg", yaw_deg, "90", -360, 360, "where it faces; counter-clockwise from east"),
    PLACE("tilt_deg", tilt_deg, "0", -89, 89, "of its boresight; positive looks up"),
    {.name = "elements",
     .type = BCUE_CONFIG_INT,
     .offset = offsetof(bcue_sim_rsu_entry, elements),
     .fallback = "0",
     .minimum = 0,
     .maximum = 1024,
     .help = "of its uniform linear array; 0 = `array.elements`"},
    {.name = "beams",
     .type = BCUE_CONFIG_INT,
     .offset = offsetof(bcue_sim_rsu_entry, beams),
     .fallback = "0",
     .minimum = 0,
     .maximum = 4096,
     .help = "of its over-sampled codebook; 0 = `array.beams`"},
    {.name = "sensors",
     .type = BCUE_CONFIG_BOOL,
     .offset = offsetof(bcue_sim_rsu_entry, sensors),
     .fallback = "false",
     .help = "camera, LiDAR and radar as the first unit has them, at its place"},
    PLACE("sensor_pitch_deg", sensor_pitch_deg, "-8", -89, 89, "of camera and LiDAR; positive looks up"),
    END,
};
static const bcue_config_field class_fields[] = {
    REAL("hatchback", traffic.class_weights.hatchback, "3", 0, 1e6, "relative frequency"),
    REAL("sedan", traffic.class_weights.sedan, "4", 0, 1e6, "relative frequency"),
    REAL("suv", traffic.class_weights.suv, "3", 0, 1e6, "relative frequency"),
    REAL("van", traffic.class_weights.van, "1.5", 0, 1e6, "relative frequency"),
    REAL("truck", traffic.class_weights.truck, "0.7", 0, 1e6, "relative frequency"),
    REAL("bus", traffic.class_weights.bus, "0.5", 0, 1e6, "relative frequency"),
    REAL("motorcycle", traffic.class_weights.motorcycle, "0.8", 0, 1e6, "relative frequency"),
    END,
};
static const bcue_config_field traffic_fields[] = {
    REAL("vehicles_per_minute", traffic.vehicles_per_minute, "14", 0, 60,
         "per lane, beside the transmitting vehicle"),
    REAL("min_speed_mps", traffic.min_speed_mps, "5", 0.5, 60, "slowest vehicle"),
    REAL("max_speed_mps", traffic.max_speed_mps, "10", 0.5, 60, "fastest vehicle"),
    REAL("min_gap_m", traffic.min_gap_m, "4", 0.5, 100, "least distance from bumper to bumper"),
    SECTION("class_weights", class_fields,
            "how often each class of vehicle comes, the transmitting one included"),
    END,
};
static const bcue_config_field array_fields[] = {
    WHOLE("elements", array.elements, "16", 1, 1024, "of the uniform linear array"),
    REAL("spacing_wavelengths", array.spacing_wavelengths, "0.5", 0.05, 4, "between elements"),
    WHOLE("beams", array.beams, "64", 2, 4096, "of the over-sampled codebook"),
    REAL("field_of_view_deg", array.field_of_view_deg, "90", 1, 179,
         "that the beams cover; beam 1 left, the last right"),
    CHOICE("codebook", array.codebook, "oversampled", codebook_names,
           "paper-b: an 8 x 8 array with its 152 beams of one, two and three lobes; the keys above do not "
           "matter; measured: the patterns of a folder"),
    CHOICE("normalisation", array.normalisation, "by-mode", normalisation_names,
           "paper-b: amplitude: weights as published, |w|^2 = 64, 32, 21 for 1, 2, 3 lobes; power: w / |w|; "
           "by-mode: amplitude in mode paper, power in mode corrected"),
    {.name = "patterns",
     .type = BCUE_CONFIG_STRING,
     .offset = AT(array.patterns),
     .help = "measured: folder of built_in_beam_pattern_0.mat, _1.mat, ...; absent: none"},
    REAL("tilt_deg", array.tilt_deg, "0", -89, 89, "of the array's boresight; positive looks up"),
    END,
};
static const bcue_config_field channel_fields[] = {
    REAL("carrier_hz", channel.carrier_hz, "60e9", 1e9, 100e9, "carrier frequency"),
    REAL("bandwidth_hz", channel.bandwidth_hz, "100e6", 0, 10e9, "over which the power is averaged"),
    WHOLE("subcarriers", channel.subcarriers, "16", 1, 4096, "of that average"),
    CHOICE("mode", channel.mode, "corrected", mode_names,
           "paper: paths add in power, half-spaces, unpolarised, lost beyond 120 dB, published orientation "
           "and beam weights"),
    WHOLE("reflections", channel.reflections, "1", 0, 6, "highest order: 0 = line of sight only"),
    FLAG("diffraction", channel.diffraction, "false",
         "at one edge, alone and with one reflection before or after it"),
    WHOLE("transmissions", channel.transmissions, "0", 0, 4, "slabs that a path may go through"),
    REAL("max_path_loss_db", channel.max_path_loss_db, "160", 0, 400,
         "weaker paths are not looked for; 0 = all are"),
    CHOICE("aggregate", channel.aggregate, "mean-db", aggregate_names,
           "receivers: all: one power per beam over the vehicles"),
    FLAG("measured", channel.measured, "true",
         "false: power per beam as it is, without ripple and noise of the receiver"),
    REAL("transmit_power_dbm", channel.transmit_power_dbm, "20", -100, 100,
         "of the vehicle's isotropic antenna"),
    REAL("noise_floor_dbm", channel.noise_floor_dbm, "-66.5", -200, 50,
         "noise power within each power measurement"),
    REAL("ripple_db", channel.ripple_db, "0.3", 0, 10,
         "standard deviation of the fixed gain error of each beam"),
    WHOLE("snapshots", channel.snapshots, "4000", 1, 1e9, "samples that each power measurement averages"),
    CHOICE("record", channel.record, "none", record_names,
           "write channel/channel_EPISODE.h5: paths; power: and power per beam; cfr: and frequency response"),
    END,
};
static const bcue_config_field camera_fields[] = {
    {.name = "enabled",
     .type = BCUE_CONFIG_BOOL,
     .offset = AT(camera.enabled),
     .fallback = "true",
     .help = "false: positions and power only"},
    WHOLE("width", camera.width, "320", 16, 4096, "pixels"),
    WHOLE("height", camera.height, "180", 16, 4096, "pixels"),
    REAL("field_of_view_deg", camera.field_of_view_deg, "100", 10, 150, "horizontal"),
    REAL("pitch_deg", camera.pitch_deg, "-4", -80, 80, "positive looks up"),
    REAL("distortion", camera.distortion, "0", -0.3, 1,
         "of the lens: k1 of r (1 + k1 r^2), r = 1 at half the width"),
    REAL("exposure_s", camera.exposure_s, "0", 0, 1, "shutter time: how long moving vehicles smear"),
    REAL("noise", camera.noise, "0", 0, 1, "standard deviation in mid-grey, as a share of white"),
    WHOLE("jpeg_quality", camera.jpeg_quality, "90", 1, 100, "of the images"),
    CHOICE("on", camera.on, "rsu", mount_names,
           "rsu: columns of unit1; vehicle: on the transmitting vehicle, of unit2; both"),
    CLOCK(AT(camera.clock)),
    END,
};
static const bcue_config_field lidar_fields[] = {
    FLAG("enabled", lidar.enabled, "false", "write unit1/lidar_data"),
    CHOICE("kind", lidar.kind, "os1-32", lidar_names,
           "os1-32: 32 x 1024, +-22.5 degrees, 120 m; paper-b: 32 x 2344, +25.5 to -22.5 degrees, 250 m"),
    WHOLE("columns", lidar.columns, "0", 0, 16384, "of a revolution; 0: those of the kind"),
    REAL("pitch_deg", lidar.pitch_deg, "0", -80, 80, "positive looks up"),
    FLAG("ascii", lidar.ascii, "false", "ASCII PLY as DeepSense writes it, instead of binary"),
    CHOICE("on", lidar.on, "rsu", mount_names,
           "rsu: columns of unit1; vehicle: on the transmitting vehicle, of unit2; both"),
    CLOCK(AT(lidar.clock)),
    END,
};
static const bcue_config_field radar_fields[] = {
    FLAG("enabled", radar.enabled, "false", "write unit1/radar_data"),
    CHOICE(
        "kind", radar.kind, "points", radar_names,
        "points: CARLA's detections (N, 4); cube: raw samples (4, 256, 250) of the chirp of scenarios 31-34; "
        "cube-scenario9: (4, 256, 128)"),
    REAL("height_m", radar.height_m, "2.5", 0.2, 50, "above the ground"),
    REAL("pitch_deg", radar.pitch_deg, "0", -80, 80, "positive looks up"),
    WHOLE("rays", radar.rays, "2000", 1, 1000000, "points: rays a frame"),
    WHOLE("scatterers", radar.scatterers, "300", 1, 65536, "cube: scattering centres a frame"),
    REAL("miss_rate", radar.miss_rate, "0", 0, 1, "points: share of detections lost"),
    REAL("false_points", radar.false_points, "0", 0, 1e4, "points: mean number of false detections a frame"),
    CHOICE("on", radar.on, "rsu", mount_names,
           "rsu: columns of unit1; vehicle: on the transmitting vehicle, of unit2; both"),
    CLOCK(AT(radar.clock)),
    END,
};
static const bcue_config_field weather_fields[] = {
    FLAG("enabled", weather.enabled, "false",
         "each episode takes one of the conditions below, in these shares, in drawn order; else `light`"),
    REAL("noon", weather.noon, "30", 0, 1e6, "clear, at noon; relative frequency"),
    REAL("night", weather.night, "10", 0, 1e6, "street lamps and headlights"),
    REAL("rain", weather.rain, "5", 0, 1e6, "as strong as rain_mm_h says"),
    REAL("fog", weather.fog, "5", 0, 1e6, "as dense as fog_visibility_m says"),
    REAL("snow", weather.snow, "0", 0, 1e6, "as strong as snow_mm_h says"),
    REAL("rain_mm_h", weather.rain_mm_h, "30", 0.1, 300, "in episodes of rain"),
    REAL("fog_visibility_m", weather.fog_visibility_m, "80", 10, 1000, "in episodes of fog"),
    REAL("snow_mm_h", weather.snow_mm_h, "2", 0.1, 50, "of water, in episodes of snow"),
    END,
};
static const bcue_config_field light_fields[] = {
    REAL("min_sun_elevation_deg", light.min_sun_elevation_deg, "28", 3, 90, "each episode draws its own sun"),
    REAL("max_sun_elevation_deg", light.max_sun_elevation_deg, "60", 3, 90, "highest sun"),
    REAL("max_sun_azimuth_deg", light.max_sun_azimuth_deg, "65", 0, 180,
         "furthest the sun stands east or west of south"),
    REAL("min_cloudiness", light.min_cloudiness, "0.2", 0, 1, "share of the sky, least"),
    REAL("max_cloudiness", light.max_cloudiness, "0.6", 0, 1, "share of the sky, most"),
    REAL("exposure", light.exposure, "0.75", 0.01, 100, "of the camera"),
    END,
};
static const bcue_config_field gnss_fields[] = {
    REAL("horizontal_sigma_m", gnss.horizontal_sigma_m, "1.5", 0, 100,
         "standard deviation of the white error, per axis"),
    REAL("vertical_sigma_m", gnss.vertical_sigma_m, "2.5", 0, 100, "the same, upward"),
    REAL("drift_sigma_m", gnss.drift_sigma_m, "0", 0, 100, "standard deviation of a slow error, per axis"),
    REAL("drift_time_s", gnss.drift_time_s, "10", 0.1, 1e5, "its correlation time"),
    REAL("multipath_m", gnss.multipath_m, "0", 0, 100,
         "slow error where buildings hide all of the sky; in proportion where they hide less"),
    REAL("outages_per_minute", gnss.outages_per_minute, "0", 0, 60, "times without any fix"),
    REAL("outage_mean_s", gnss.outage_mean_s, "5", 0, 3600, "how long they last, mean"),
    REAL("rtk_fix_sigma_m", gnss.rtk_fix_sigma_m, "0", 0, 10,
         "error of a fixed RTK solution, per axis; 0 = no RTK"),
    REAL("rtk_float_sigma_m", gnss.rtk_float_sigma_m, "0.5", 0, 10, "of a float solution"),
    REAL("rtk_lost_above", gnss.rtk_lost_above, "0.5", 0, 1,
         "share of hidden sky from which a solution floats"),
    FLAG("nmea", gnss.nmea, "false", "write unit2/GPS_data/nmea_EPISODE.txt besides"),
    CLOCK(AT(gnss.clock)),
    END,
};
const bcue_config_field bcue_simulate_fields[] = {
    {.name = "output",
     .type = BCUE_CONFIG_STRING,
     .offset = AT(output),
     .required = true,
     .help = "folder to make, in the DeepSense layout"},
    {.name = "overwrite",
     .type = BCUE_CONFIG_BOOL,
     .offset = AT(overwrite),
     .fallback = "false",
     .help = "replace an earlier simulation there"},
    REAL("max_output_gb", max_output_gb, "0", 0, 1e9,
         "a run that needs more does not start, or stops early; 0 = what is free on the disk"),
    CHOICE("isa", isa, "auto", isa_names,
           "instructions of the ray search; auto takes the best of this CPU, and another CPU may then give "
           "other last digits"),
    WHOLE("seed", seed, "1", 0, 9e15, "everything random follows from it"),
    WHOLE("episodes", episodes, "28", 1, 100000, "passages of the transmitting vehicle"),
    CHOICE("scale", scale, "full", scale_names, "small: at most what the section `small` says"),
    REAL("frame_rate_hz", frame_rate_hz, "10", 0.1, 1000, "of all sensors"),
    WHOLE("max_frames_per_episode", max_frames_per_episode, "200", 1, 100000, "longer passages are cut"),
    REAL("record_half_angle_deg", record_half_angle_deg, "45", 5, 80,
         "an episode lasts while the vehicle is within +- this of boresight"),
    CHOICE("receivers", receivers, "target", receiver_names,
           "target: one transmitting vehicle; all: every vehicle in the scene, power over all of them"),
    CHOICE("scene", scene, "straight", scene_names,
           "straight: a road with two lanes (street, traffic); scenery: built from a description (scenery, "
           "flow); imported: from a file (imported, flow)"),
    FLAG("time_stamps", time_stamps, "false",
         "a column for when each sensor measured; they are there too when a sensor has a clock of its own"),
    {.name = "scenes",
     .type = BCUE_CONFIG_SECTION_LIST,
     .offset = AT(scenes),
     .fields = scene_entry_fields,
     .item_size = sizeof(bcue_sim_scene_entry),
     .help = "several scenes in one data set; episodes are numbered over all of them"},
    SECTION("small", small_fields, "of a run with scale: small"),
    SECTION("keep", keep_fields, "record pieces of each episode, for windows that do not overlap"),
    SECTION("street", street_fields,
            "scene: straight: a road with two lanes, seen from a RSU that looks north"),
    SECTION("rsu", rsu_fields, "looks north across the road"),
    {.name = "rsus",
     .type = BCUE_CONFIG_SECTION_LIST,
     .offset = AT(rsus),
     .fields = rsus_fields,
     .item_size = sizeof(bcue_sim_rsu_entry),
     .help = "further roadside units: unit3, unit4, ..."},
    SECTION("traffic", traffic_fields, "scene: straight: vehicles at constant speed, both ways"),
    {.name = "scenery",
     .type = BCUE_CONFIG_SECTION,
     .offset = AT(scenery),
     .fields = bcue_scenery_fields,
     .help = "scene: scenery: roads, buildings, trees, and where the RSU stands"},
    {.name = "flow",
     .type = BCUE_CONFIG_SECTION,
     .offset = AT(flow),
     .fields = bcue_flow_fields,
     .help = "scene: scenery, imported: traffic that follows, changes lanes, stops and turns"},
    SECTION("imported", imported_fields, "scene: imported: the file, and where the RSU stands in it"),
    SECTION("fcd", fcd_fields, "scene: scenery, imported: traffic of the simulator SUMO"),
    SECTION("array", array_fields, "the RSU's antenna array and its codebook"),
    SECTION("channel", channel_fields, "from the vehicle's antenna to power per beam"),
    SECTION("camera", camera_fields, "at the RSU, along the array's boresight"),
    SECTION("lidar", lidar_fields, "at the RSU, at the camera's place"),
    SECTION("radar", radar_fields, "at the RSU, below the camera"),
    SECTION("weather", weather_fields, "conditions of the episodes, for every sensor and the channel"),
    SECTION("light", light_fields, "daylight, without weather"),
    SECTION("gnss", gnss_fields, "the vehicle's positioning"),
    END,
};

static bcue_status check_order(const bcue_config *source, const char *key, double low, double high,
                               bcue_error *error)
{
    if (low <= high)
        return BCUE_OK;
    return bcue_config_fail(source, error, key,
                            "the least value %g is above the greatest %g; swap them or change one", low,
                            high);
}

static bcue_status check_list(const bcue_config *source, const char *key, const bcue_double_list *list,
                              size_t wanted, bcue_error *error)
{
    if (list->count == 0 || list->count == wanted)
        return BCUE_OK;
    return bcue_config_fail(source, error, key, "has %zu numbers instead of %zu", list->count, wanted);
}

/* Of what other programs made. */
static bcue_status check_foreign(const bcue_simulate_config *c, const bcue_config *source, bcue_error *error)
{
    BCUE_TRY(check_list(source, "imported.shift_m", &c->imported.shift_m, 3, error));
    BCUE_TRY(check_list(source, "imported.origin_deg", &c->imported.origin_deg, 2, error));
    BCUE_TRY(check_list(source, "imported.bounds_m", &c->imported.bounds_m, 4, error));
    BCUE_TRY(check_list(source, "fcd.shift_m", &c->fcd.shift_m, 2, error));
    const double *b = c->imported.bounds_m.items;
    if (c->imported.bounds_m.count == 4 && !(b[0] < b[1] && b[2] < b[3]))
        return bcue_config_fail(source, error, "imported.bounds_m",
                                "holds no place: x from %g to %g, y from %g to %g", b[0], b[1], b[2], b[3]);
    if (c->scene == BCUE_SIM_SCENE_IMPORTED && !bcue_sim_given(c->imported.file))
        return bcue_config_fail(source, error, "imported.file",
                                "is missing; scene: imported needs the file of a scene");
    if (bcue_sim_given(c->fcd.file) && c->scene == BCUE_SIM_SCENE_STRAIGHT)
        return bcue_config_fail(source, error, "fcd.file",
                                "does not go with scene: straight, whose vehicles have a constant speed; use "
                                "scene: scenery or imported");
    return BCUE_OK;
}

static bcue_status check_mounts(const bcue_simulate_config *c, const bcue_config *source, bcue_error *error)
{
    bool rides =
        c->camera.on != BCUE_SIM_ON_RSU || c->lidar.on != BCUE_SIM_ON_RSU || c->radar.on != BCUE_SIM_ON_RSU;
    if (rides && c->receivers == BCUE_SIM_ALL)
        return bcue_config_fail(source, error, "receivers",
                                "all vehicles transmit, so there is no single one to carry a sensor; use "
                                "receivers: target, or leave the sensors on the RSU");
    return BCUE_OK;
}

bool bcue_sim_has_times(const bcue_simulate_config *c)
{
    return c->time_stamps || bcue_sim_clock_is_own(&c->gnss.clock) ||
           (c->camera.enabled && bcue_sim_clock_is_own(&c->camera.clock)) ||
           (c->lidar.enabled && bcue_sim_clock_is_own(&c->lidar.clock)) ||
           (c->radar.enabled && bcue_sim_clock_is_own(&c->radar.clock));
}

static bcue_status check_weather(const bcue_simulate_config *config, const bcue_config *source,
                                 bcue_error *error)
{
    double sum = config->weather.noon + config->weather.night + config->weather.rain + config->weather.fog +
                 config->weather.snow;
    if (config->weather.enabled && !(sum > 0.0))
        return bcue_config_fail(source, error, "weather",
                                "every condition has the share 0; give one of noon, night, rain, fog, snow a "
                                "positive number");
    return BCUE_OK;
}

bool bcue_sim_keeps(const bcue_simulate_config *config, uint32_t frame)
{
    return config->keep.frames == 0 || frame % config->keep.every < config->keep.frames;
}

bool bcue_sim_measures(const bcue_simulate_config *config, uint32_t frame)
{
    return config->keep.frames == 0 || config->keep.power == 0 ||
           frame % config->keep.every + config->keep.power >= config->keep.frames;
}

uint32_t bcue_sim_piece(const bcue_simulate_config *config, uint32_t frame)
{
    return config->keep.frames == 0 ? 0 : frame / (uint32_t)config->keep.every;
}

static bcue_status check_keep(const bcue_simulate_config *config, const bcue_config *source,
                              bcue_error *error)
{
    if (config->keep.frames > config->keep.every)
        return bcue_config_fail(source, error, "keep.frames",
                                "%lld of every %lld frames cannot be kept; make keep.every larger, or "
                                "keep.frames 0 to keep all",
                                (long long)config->keep.frames, (long long)config->keep.every);
    if (config->keep.power > config->keep.frames)
        return bcue_config_fail(source, error, "keep.power",
                                "%lld of %lld frames cannot have power; make it at most keep.frames, or 0",
                                (long long)config->keep.power, (long long)config->keep.frames);
    if (config->keep.power > 0 && config->receivers != BCUE_SIM_ALL)
        return bcue_config_fail(source, error, "keep.power",
                                "with receivers: target every frame has power; make it 0, or receivers: all");
    return BCUE_OK;
}

static bcue_status check(const bcue_simulate_config *config, const bcue_config *source, bcue_error *error)
{
    if (config->array.codebook == BCUE_SIM_CODEBOOK_MEASURED &&
        (!config->array.patterns || !config->array.patterns[0]))
        return bcue_config_fail(source, error, "array.patterns",
                                "measured beams need the folder of their patterns; name it, or take "
                                "array.codebook oversampled");
    BCUE_TRY(check_weather(config, source, error));
    BCUE_TRY(check_foreign(config, source, error));
    BCUE_TRY(check_mounts(config, source, error));
    BCUE_TRY(check_keep(config, source, error));
    BCUE_TRY(check_order(source, "street.building_min_height_m", config->street.building_min_height_m,
                         config->street.building_max_height_m, error));
    BCUE_TRY(check_order(source, "traffic.min_speed_mps", config->traffic.min_speed_mps,
                         config->traffic.max_speed_mps, error));
    BCUE_TRY(check_order(source, "light.min_sun_elevation_deg", config->light.min_sun_elevation_deg,
                         config->light.max_sun_elevation_deg, error));
    BCUE_TRY(check_order(source, "light.min_cloudiness", config->light.min_cloudiness,
                         config->light.max_cloudiness, error));
    if (config->street.sidewalk_m > config->street.setback_m - 1.0)
        return bcue_config_fail(source, error, "street.sidewalk_m",
                                "a sidewalk of %g m leaves the RSU no place %g m from the road; make "
                                "street.setback_m at least 1 m larger",
                                config->street.sidewalk_m, config->street.setback_m);
    if (config->scene != BCUE_SIM_SCENE_STRAIGHT)
        return BCUE_OK;
    double span = tan(config->record_half_angle_deg * BCUE_PI / 180.0) *
                  (config->street.setback_m + 1.5 * config->street.lane_width_m);
    if (span > 0.5 * config->street.length_m)
        return bcue_config_fail(source, error, "street.length_m",
                                "an episode runs %.0f m to each side of the RSU, beyond the street's end; "
                                "make the street at least %.0f m long or "
                                "record_half_angle_deg smaller",
                                span, ceil(2.0 * span));
    double weights = config->traffic.class_weights.hatchback + config->traffic.class_weights.sedan +
                     config->traffic.class_weights.suv + config->traffic.class_weights.van +
                     config->traffic.class_weights.truck + config->traffic.class_weights.bus +
                     config->traffic.class_weights.motorcycle;
    if (!(weights > 0.0))
        return bcue_config_fail(source, error, "traffic.class_weights",
                                "all weights are 0, so there is no vehicle to drive; make one positive");
    if (!config->output[0])
        return bcue_config_fail(source, error, "output", "the name of the folder is empty");
    return BCUE_OK;
}

bcue_status bcue_simulate_config_read(const char *path, const char *const *overrides, size_t override_count,
                                      bcue_simulate_config *config, bcue_config **source, bcue_error *error)
{
    BCUE_TRY(bcue_config_read(path, overrides, override_count, bcue_simulate_fields, config, source, error));
    bcue_status status = check(config, *source, error);
    if (status != BCUE_OK) {
        bcue_config_destroy(*source);
        *source = NULL;
    }
    return status;
}

bcue_status bcue_simulate_describe(char **text, bcue_error *error)
{
    bcue_text out = {0};
    bcue_config_describe(bcue_simulate_fields, &out);
    if (out.failed || !out.data) {
        bcue_text_free(&out);
        return bcue_fail_memory(error, "the description of the configuration");
    }
    *text = out.data;
    return BCUE_OK;
}

#include "simulate/simulate_config.h"

#include <stddef.h>
#include "base/fail.h"
#include "base/vec3.h"
#include "beamcue/simulate.h"

#define AT(member) offsetof(bcue_simulate_config, member)
#define REAL(key, member, fallback_text, low, high, help_text)                                               \
    {                                                                                                        \
        .name = key, .type = BCUE_CONFIG_DOUBLE, .offset = AT(member), .fallback = fallback_text,            \
        .minimum = low, .maximum = high, .help = help_text                                                   \
    }
#define WHOLE(key, member, fallback_text, low, high, help_text)                                              \
    {                                                                                                        \
        .name = key, .type = BCUE_CONFIG_INT, .offset = AT(member), .fallback = fallback_text,               \
        .minimum = low, .maximum = high, .help = help_text                                                   \
    }
#define SECTION(key, table, help_text)                                                                       \
    {                                                                                                        \
        .name = key, .type = BCUE_CONFIG_SECTION, .offset = 0, .fields = table, .help = help_text            \
    }
#define END                                                                                                  \
    {                                                                                                        \
        .name = NULL                                                                                         \
    }

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
    END,
};
static const bcue_config_field channel_fields[] = {
    REAL("carrier_hz", channel.carrier_hz, "60e9", 1e9, 100e9, "carrier frequency"),
    REAL("bandwidth_hz", channel.bandwidth_hz, "100e6", 0, 10e9, "over which the power is averaged"),
    WHOLE("subcarriers", channel.subcarriers, "16", 1, 4096, "of that average"),
    WHOLE("reflections", channel.reflections, "1", 0, 1, "highest order: 0 = line of sight only"),
    REAL("transmit_power_dbm", channel.transmit_power_dbm, "20", -100, 100,
         "of the vehicle's isotropic antenna"),
    REAL("noise_floor_dbm", channel.noise_floor_dbm, "-66.5", -200, 50,
         "noise power within each power measurement"),
    REAL("ripple_db", channel.ripple_db, "0.3", 0, 10,
         "standard deviation of the fixed gain error of each beam"),
    WHOLE("snapshots", channel.snapshots, "4000", 1, 1e9, "samples that each power measurement averages"),
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
    WHOLE("jpeg_quality", camera.jpeg_quality, "90", 1, 100, "of the images"),
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
    WHOLE("seed", seed, "1", 0, 9e15, "everything random follows from it"),
    WHOLE("episodes", episodes, "28", 1, 100000, "passages of the transmitting vehicle"),
    REAL("frame_rate_hz", frame_rate_hz, "10", 0.1, 1000, "of all sensors"),
    WHOLE("max_frames_per_episode", max_frames_per_episode, "200", 1, 100000, "longer passages are cut"),
    REAL("record_half_angle_deg", record_half_angle_deg, "45", 5, 80,
         "an episode lasts while the vehicle is within +- this of boresight"),
    SECTION("street", street_fields, "a straight road with two lanes"),
    SECTION("rsu", rsu_fields, "looks north across the road"),
    SECTION("traffic", traffic_fields, "vehicles at constant speed, both ways"),
    SECTION("array", array_fields, "the RSU's antenna array and its codebook"),
    SECTION("channel", channel_fields, "from the vehicle's antenna to power per beam"),
    SECTION("camera", camera_fields, "at the RSU, along the array's boresight"),
    SECTION("light", light_fields, "daylight"),
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

static bcue_status check(const bcue_simulate_config *config, const bcue_config *source, bcue_error *error)
{
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

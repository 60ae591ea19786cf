#include "features/recipes.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "features/point_sampling.h"

static const char *const modality_names[BCUE_MODALITY_COUNT] = {"camera", "lidar", "radar", "gps",
                                                                "vehicles"};

const char *bcue_modality_name(bcue_modality modality)
{
    return (unsigned)modality < BCUE_MODALITY_COUNT ? modality_names[modality] : "unknown";
}

bcue_modality bcue_modality_find(const char *name)
{
    for (int i = 0; i < BCUE_MODALITY_COUNT; i++)
        if (strcmp(modality_names[i], name) == 0)
            return (bcue_modality)i;
    return BCUE_MODALITY_COUNT;
}

static const char *const view_choices[] = {"fixed", "scenario", NULL};
static const char *const radar_choices[] = {"tii", "calibrated", "points", "hps", NULL};
static const char *const rule_choices[] = {"highest", "farthest", "moving", "azimuth-nearest", NULL};
static const char *const frame_choices[] = {"sensor", "ground", NULL};
static const char *const normalise_choices[] = {"imagenet", "unit", NULL};
static const char *const position_choices[] = {"minmax", "enu", "utm", "angle", NULL};

#define CAMERA(member) offsetof(bcue_camera_recipe, member)
static const bcue_config_field camera_fields[] = {
    {.name = "enabled",
     .type = BCUE_CONFIG_BOOL,
     .offset = CAMERA(enabled),
     .fallback = "false",
     .help = "use the camera"},
    {.name = "width",
     .type = BCUE_CONFIG_INT,
     .offset = CAMERA(width),
     .fallback = "256",
     .minimum = 1,
     .maximum = 4096,
     .help = "network input width, pixels"},
    {.name = "height",
     .type = BCUE_CONFIG_INT,
     .offset = CAMERA(height),
     .fallback = "256",
     .minimum = 1,
     .maximum = 4096,
     .help = "network input height, pixels"},
    {.name = "channels",
     .type = BCUE_CONFIG_INT,
     .offset = CAMERA(channels),
     .fallback = "3",
     .minimum = 1,
     .maximum = 3,
     .help = "1 (grey) or 3 (RGB)"},
    {.name = "normalise",
     .type = BCUE_CONFIG_CHOICE,
     .offset = CAMERA(normalise),
     .fallback = "imagenet",
     .choices = normalise_choices,
     .help = "imagenet: subtract mean, divide by deviation; unit: stay in [0, 1]"},
    {.name = "input_width",
     .type = BCUE_CONFIG_INT,
     .offset = CAMERA(input_width),
     .fallback = "0",
     .minimum = 0,
     .maximum = 16384,
     .help = "refuse pictures of another width, pixels; 0 = any"},
    {.name = "input_height",
     .type = BCUE_CONFIG_INT,
     .offset = CAMERA(input_height),
     .fallback = "0",
     .minimum = 0,
     .maximum = 16384,
     .help = "refuse pictures of another height, pixels; 0 = any"},
    {0},
};

#define LIDAR(member) offsetof(bcue_lidar_recipe, member)
static const bcue_config_field lidar_fields[] = {
    {.name = "enabled",
     .type = BCUE_CONFIG_BOOL,
     .offset = LIDAR(enabled),
     .fallback = "false",
     .help = "use the LiDAR"},
    {.name = "height",
     .type = BCUE_CONFIG_INT,
     .offset = LIDAR(height),
     .fallback = "256",
     .minimum = 1,
     .maximum = 4096,
     .help = "bins along x, the rows of the map"},
    {.name = "width",
     .type = BCUE_CONFIG_INT,
     .offset = LIDAR(width),
     .fallback = "256",
     .minimum = 1,
     .maximum = 4096,
     .help = "bins along y, the columns of the map"},
    {.name = "field_of_view",
     .type = BCUE_CONFIG_CHOICE,
     .offset = LIDAR(field_of_view),
     .fallback = "fixed",
     .choices = view_choices,
     .help = "fixed: the bounds below; scenario: the published streets of DeepSense scenarios 31-34, the "
             "bounds below elsewhere"},
    {.name = "x_low_m",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = LIDAR(x_low_m),
     .fallback = "-50",
     .minimum = -10000,
     .maximum = 10000,
     .help = "where the map begins along x, metres in the frame of the sensor"},
    {.name = "x_high_m",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = LIDAR(x_high_m),
     .fallback = "0",
     .minimum = -10000,
     .maximum = 10000,
     .help = "where it ends"},
    {.name = "y_low_m",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = LIDAR(y_low_m),
     .fallback = "-50",
     .minimum = -10000,
     .maximum = 10000,
     .help = "where the map begins along y, metres in the frame of the sensor"},
    {.name = "y_high_m",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = LIDAR(y_high_m),
     .fallback = "50",
     .minimum = -10000,
     .maximum = 10000,
     .help = "where it ends"},
    {.name = "clip",
     .type = BCUE_CONFIG_INT,
     .offset = LIDAR(clip),
     .fallback = "5",
     .minimum = 1,
     .maximum = 1000000,
     .help = "points in a cell that become 1; more is cut"},
    {.name = "background",
     .type = BCUE_CONFIG_STRING,
     .offset = LIDAR(background),
     .help = "PLY of static points (beamcue inspect --static-lidar); points of a cloud within 0.3 + 4.7 "
             "(r/30)^4 m of one are left out"},
    {.name = "ground_m",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = LIDAR(ground_m),
     .fallback = "0",
     .minimum = 0,
     .maximum = 1000,
     .help = "leave out points less than this above flat ground, metres; 0 = none"},
    {.name = "height_m",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = LIDAR(height_m),
     .fallback = "0",
     .minimum = 0,
     .maximum = 1000,
     .help = "with ground_m: height of the sensor above ground, metres"},
    {.name = "pitch_deg",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = LIDAR(pitch_deg),
     .fallback = "0",
     .minimum = -90,
     .maximum = 90,
     .help = "with ground_m: the sensor looks up by this much, degrees"},
    {0},
};

#define RADAR(member) offsetof(bcue_radar_recipe, member)
static const bcue_config_field radar_fields[] = {
    {.name = "enabled",
     .type = BCUE_CONFIG_BOOL,
     .offset = RADAR(enabled),
     .fallback = "false",
     .help = "use the radar"},
    {.name = "recipe",
     .type = BCUE_CONFIG_CHOICE,
     .offset = RADAR(kind),
     .fallback = "tii",
     .choices = radar_choices,
     .help = "tii: magnitudes scaled from least to largest, as published; calibrated: windowed, centred, in "
             "dB; points: counts of a list of points; hps: the points themselves"},
    {.name = "height",
     .type = BCUE_CONFIG_INT,
     .offset = RADAR(height),
     .fallback = "256",
     .minimum = 1,
     .maximum = 4096,
     .help = "range bins, the rows of both maps"},
    {.name = "width",
     .type = BCUE_CONFIG_INT,
     .offset = RADAR(width),
     .fallback = "256",
     .minimum = 1,
     .maximum = 4096,
     .help = "angle bins of the first map and velocity bins of the second"},
    {.name = "shrink",
     .type = BCUE_CONFIG_INT,
     .offset = RADAR(shrink),
     .fallback = "1",
     .minimum = 1,
     .maximum = 64,
     .help = "so many bins become one, both ways: 2 makes maps of 128 x 128 of 256 x 256 bins; divides "
             "height and "
             "width; not for hps"},
    {.name = "dynamic_range_db",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = RADAR(dynamic_range_db),
     .fallback = "60",
     .minimum = 1,
     .maximum = 200,
     .help = "calibrated: what lies this far below the largest value becomes 0, dB"},
    {.name = "carrier_hz",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = RADAR(carrier_hz),
     .fallback = "77e9",
     .minimum = 1000000.0,
     .maximum = 1000000000000.0,
     .help = "of the chirp; for the axes, like the next four; the defaults are scenarios 31-34"},
    {.name = "slope_hz_per_s",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = RADAR(slope_hz_per_s),
     .fallback = "8.014e12",
     .minimum = 1000000.0,
     .maximum = 1e+18,
     .help = "how fast the chirp rises (scenario 9: 15.015e12)"},
    {.name = "sample_rate_hz",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = RADAR(sample_rate_hz),
     .fallback = "6.2e6",
     .minimum = 1,
     .maximum = 1000000000000.0,
     .help = "of the converter (scenario 9: 5e6)"},
    {.name = "chirp_period_s",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = RADAR(chirp_period_s),
     .fallback = "49.5e-6",
     .minimum = 1e-09,
     .maximum = 10,
     .help = "from one chirp to the next, idle time included (scenario 9: 65e-6)"},
    {.name = "antenna_spacing",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = RADAR(antenna_spacing),
     .fallback = "0.5",
     .minimum = 0.001,
     .maximum = 1000,
     .help = "between neighbours, wavelengths"},
    {.name = "points_range_m",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = RADAR(points_range_m),
     .fallback = "200",
     .minimum = 0.001,
     .maximum = 100000.0,
     .help = "points: depth where the maps end, metres"},
    {.name = "points_azimuth_deg",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = RADAR(points_azimuth_deg),
     .fallback = "75",
     .minimum = 1,
     .maximum = 180,
     .help = "points: the first map spans this much to each side, degrees"},
    {.name = "points_velocity_mps",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = RADAR(points_velocity_mps),
     .fallback = "40",
     .minimum = 0.001,
     .maximum = 1000,
     .help = "points: the second map spans this much to each side, m/s"},
    {.name = "points_clip",
     .type = BCUE_CONFIG_INT,
     .offset = RADAR(points_clip),
     .fallback = "5",
     .minimum = 1,
     .maximum = 1000000,
     .help = "points: number in a cell that becomes 1; more is cut"},
    {.name = "points",
     .type = BCUE_CONFIG_INT,
     .offset = RADAR(points),
     .fallback = "512",
     .minimum = 1,
     .maximum = 65536,
     .help = "hps: points a frame; fewer leave rows of zeros. points_range_m, points_azimuth_deg and "
             "points_velocity_mps become 1"},
    {.name = "hps",
     .type = BCUE_CONFIG_CHOICE,
     .offset = RADAR(hps),
     .fallback = "highest",
     .choices = rule_choices,
     .help = "hps: which stay when there are more: greatest height above ground; farthest-point sampling; "
             "fastest; the nearest in each of 64 directions, then the second nearest, ..."},
    {.name = "points_frame",
     .type = BCUE_CONFIG_CHOICE,
     .offset = RADAR(points_frame),
     .fallback = "sensor",
     .choices = frame_choices,
     .help =
         "hps: sensor: velocity, azimuth, altitude, depth as measured; ground: velocity, and metres ahead, "
         "to the right and above ground in units of points_height_m"},
    {.name = "points_altitude_deg",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = RADAR(points_altitude_deg),
     .fallback = "15",
     .minimum = 0.1,
     .maximum = 90,
     .help = "hps: altitude that becomes 1, degrees"},
    {.name = "points_pitch_deg",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = RADAR(points_pitch_deg),
     .fallback = "0",
     .minimum = -90,
     .maximum = 90,
     .help = "hps: the radar looks up by this much, degrees"},
    {.name = "points_height_m",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = RADAR(points_height_m),
     .fallback = "5",
     .minimum = 0.1,
     .maximum = 1000,
     .help = "hps: height of the radar above ground, metres"},
    {0},
};

#define VEHICLES(member) offsetof(bcue_vehicle_recipe, member)
static const bcue_config_field vehicle_fields[] = {
    {.name = "enabled",
     .type = BCUE_CONFIG_BOOL,
     .offset = VEHICLES(enabled),
     .fallback = "false",
     .help = "use the fixes of all vehicles (unit2_vehicles)"},
    {.name = "most",
     .type = BCUE_CONFIG_INT,
     .offset = VEHICLES(most),
     .fallback = "40",
     .minimum = 1,
     .maximum = 4096,
     .help = "vehicles a frame, those nearest to the RSU; fewer leave rows of zeros"},
    {.name = "scale_m",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = VEHICLES(scale_m),
     .fallback = "50",
     .minimum = 1e-3,
     .maximum = 1e6,
     .help = "metres east and north of the RSU that become 1"},
    {0},
};

#define POSITION(member) offsetof(bcue_position_recipe, member)
static const bcue_config_field position_fields[] = {
    {.name = "enabled",
     .type = BCUE_CONFIG_BOOL,
     .offset = POSITION(enabled),
     .fallback = "false",
     .help = "use the vehicle's GPS"},
    {.name = "mode",
     .type = BCUE_CONFIG_CHOICE,
     .offset = POSITION(mode),
     .fallback = "minmax",
     .choices = position_choices,
     .help = "minmax: latitude, longitude to [0, 1]; enu: metres east, north of the RSU; utm: UTM difference "
             "to [0, 1]; angle"},
    {.name = "scale_m",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = POSITION(scale_m),
     .fallback = "50",
     .minimum = 1e-3,
     .maximum = 1e6,
     .help = "enu: metres that become 1"},
    {.name = "angle_offset_deg",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = POSITION(angle_offset_deg),
     .fallback = "0",
     .minimum = -360,
     .maximum = 360,
     .help = "angle: direction of the array, degrees from east, counter-clockwise"},
    {.name = "angle_by_scenario",
     .type = BCUE_CONFIG_BOOL,
     .offset = POSITION(angle_by_scenario),
     .fallback = "false",
     .help = "angle: DeepSense scenarios 31-34 take the published -50.52, 44.8, 55.6, -60 degrees instead"},
    {.name = "quantise",
     .type = BCUE_CONFIG_INT,
     .offset = POSITION(quantise),
     .fallback = "0",
     .minimum = 0,
     .maximum = 1000000,
     .help = "round training inputs to 1/quantise; 0 = do not"},
    {.name = "fit_all",
     .type = BCUE_CONFIG_BOOL,
     .offset = POSITION(fit_all),
     .fallback = "false",
     .help = "fit the bounds on all samples, as published protocols do, instead of on training samples"},
    {.name = "low_0",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = POSITION(low[0]),
     .fallback = "0",
     .help = "minmax, utm: what becomes 0 on the first axis (latitude, degrees; UTM east, m); low = high: "
             "fitted"},
    {.name = "low_1",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = POSITION(low[1]),
     .fallback = "0",
     .help = "the same for the second axis (longitude, degrees; UTM north, m)"},
    {.name = "high_0",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = POSITION(high[0]),
     .fallback = "0",
     .help = "what becomes 1 on the first axis"},
    {.name = "high_1",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = POSITION(high[1]),
     .fallback = "0",
     .help = "what becomes 1 on the second axis"},
    {0},
};

#define AUGMENT(member) offsetof(bcue_augment_recipe, member)
static const bcue_config_field augment_fields[] = {
    {.name = "brightness",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = AUGMENT(brightness),
     .fallback = "0",
     .minimum = 0,
     .maximum = 1,
     .help = "camera values times 1 +- this"},
    {.name = "contrast",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = AUGMENT(contrast),
     .fallback = "0",
     .minimum = 0,
     .maximum = 1,
     .help = "distance to the picture's mean grey times 1 +- this"},
    {.name = "gamma",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = AUGMENT(gamma),
     .fallback = "0",
     .minimum = 0,
     .maximum = 10,
     .help = "camera values to a power between 1/(1 + this) and 1 + this (night, glare)"},
    {.name = "saturation",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = AUGMENT(saturation),
     .fallback = "0",
     .minimum = 0,
     .maximum = 1,
     .help = "distance of a pixel to its own grey times 1 +- this"},
    {.name = "blur_px",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = AUGMENT(blur_px),
     .fallback = "0",
     .minimum = 0,
     .maximum = 16,
     .help = "largest deviation of a Gaussian blur, pixels of the network's input"},
    {.name = "lidar_jitter_m",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = AUGMENT(lidar_jitter_m),
     .fallback = "0",
     .minimum = 0,
     .maximum = 10,
     .help = "largest deviation of normal noise on the coordinates of LiDAR points, metres"},
    {.name = "lidar_drop",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = AUGMENT(lidar_drop),
     .fallback = "0",
     .minimum = 0,
     .maximum = 1,
     .help = "largest share of LiDAR points left out"},
    {.name = "radar_gain",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = AUGMENT(radar_gain),
     .fallback = "0",
     .minimum = 0,
     .maximum = 1,
     .help = "radar maps times 1 +- this"},
    {.name = "probability",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = AUGMENT(probability),
     .fallback = "1",
     .minimum = 0,
     .maximum = 1,
     .help = "share of training samples that get the changes above"},
    {.name = "flip",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = AUGMENT(flip),
     .fallback = "0",
     .minimum = 0,
     .maximum = 1,
     .help = "share of training samples that are mirrored with their beams; needs the facts below"},
    {.name = "shared_mirror_plane",
     .type = BCUE_CONFIG_BOOL,
     .offset = AUGMENT(shared_mirror_plane),
     .fallback = "false",
     .help = "array, camera and radar share one vertical mirror plane"},
    {.name = "mirrored_codebook",
     .type = BCUE_CONFIG_BOOL,
     .offset = AUGMENT(mirrored_codebook),
     .fallback = "false",
     .help = "beam i and beam beams-1-i are mirror images in that plane"},
    {.name = "boresight_deg",
     .type = BCUE_CONFIG_DOUBLE,
     .offset = AUGMENT(boresight_deg),
     .fallback = "-1000",
     .minimum = -1000,
     .maximum = 360,
     .help = "azimuth of the mirror plane from the RSU, degrees clockwise from north; mirrors positions; "
             "-1000 = unknown"},
    {0},
};

const bcue_config_field bcue_feature_config_fields[] = {
    {.name = "camera",
     .type = BCUE_CONFIG_SECTION,
     .offset = offsetof(bcue_feature_config, camera),
     .fields = camera_fields,
     .help = "camera pictures"},
    {.name = "lidar",
     .type = BCUE_CONFIG_SECTION,
     .offset = offsetof(bcue_feature_config, lidar),
     .fields = lidar_fields,
     .help = "LiDAR clouds"},
    {.name = "radar",
     .type = BCUE_CONFIG_SECTION,
     .offset = offsetof(bcue_feature_config, radar),
     .fields = radar_fields,
     .help = "radar cubes"},
    {.name = "position",
     .type = BCUE_CONFIG_SECTION,
     .offset = offsetof(bcue_feature_config, position),
     .fields = position_fields,
     .help = "vehicle position"},
    {.name = "vehicles",
     .type = BCUE_CONFIG_SECTION,
     .offset = offsetof(bcue_feature_config, vehicles),
     .fields = vehicle_fields,
     .help = "positions of all vehicles"},
    {.name = "augment",
     .type = BCUE_CONFIG_SECTION,
     .offset = offsetof(bcue_feature_config, augment),
     .fields = augment_fields,
     .help = "random changes of training samples"},
    {0},
};

static bcue_status refuse(const bcue_config *origin, const char *prefix, const char *key,
                          const char *sentence, bcue_error *error)
{
    char full[128];
    snprintf(full, sizeof full, "%s%s", prefix != NULL ? prefix : "", key);
    if (origin != NULL)
        return bcue_config_fail(origin, error, full, "%s", sentence);
    return bcue_fail(error, BCUE_ERROR_CONFIG, "%s: %s", full, sentence);
}

static bcue_status check_flip(const bcue_feature_config *config, int64_t beam_step, const bcue_config *origin,
                              const char *prefix, bcue_error *error)
{
    const bcue_augment_recipe *augment = &config->augment;
    if (augment->flip <= 0)
        return BCUE_OK;
    if (!augment->shared_mirror_plane)
        return refuse(origin, prefix, "augment.flip",
                      "a flip is right only where array, camera and radar share a mirror plane: set "
                      "shared_mirror_plane: true if they do",
                      error);
    if (!augment->mirrored_codebook)
        return refuse(origin, prefix, "augment.flip",
                      "a flip needs a codebook in which beam i mirrors beam beams-1-i: set "
                      "mirrored_codebook: true if it is so",
                      error);
    if (beam_step != 1)
        return refuse(origin, prefix, "augment.flip",
                      "with beam_step > 1 the kept beams are not mirror images of one another, so samples "
                      "cannot be flipped",
                      error);
    if ((config->radar.enabled && config->radar.kind == BCUE_RADAR_HPS) || config->vehicles.enabled)
        return refuse(origin, prefix, "augment.flip",
                      "lists of radar points and sets of vehicles are not mirrored: set flip: 0", error);
    const bcue_lidar_recipe *lidar = &config->lidar;
    if (lidar->enabled && (lidar->field_of_view != BCUE_LIDAR_VIEW_FIXED ||
                           lidar->y_low_m + lidar->y_high_m < 0 || lidar->y_low_m + lidar->y_high_m > 0))
        return refuse(origin, prefix, "augment.flip",
                      "LiDAR maps are used, so their field of view must be symmetric: lidar.y_low_m = "
                      "-y_high_m, field_of_view: fixed",
                      error);
    if (config->position.enabled && augment->boresight_deg == BCUE_BORESIGHT_UNKNOWN)
        return refuse(origin, prefix, "augment.flip",
                      "positions are used, so give boresight_deg, the direction of the mirror plane", error);
    return BCUE_OK;
}

bcue_status bcue_feature_config_check(const bcue_feature_config *config, int64_t beam_step,
                                      const bcue_config *origin, const char *prefix, bcue_error *error)
{
    if (config->camera.enabled && config->camera.channels == 2)
        return refuse(origin, prefix, "camera.channels", "must be 1 (grey) or 3 (RGB)", error);
    const bcue_radar_recipe *radar = &config->radar;
    if (radar->shrink > 1 && radar->kind == BCUE_RADAR_HPS)
        return refuse(origin, prefix, "radar.shrink", "points are not shrunk: leave it out with recipe: hps",
                      error);
    if (radar->shrink > 1 && (radar->height % radar->shrink != 0 || radar->width % radar->shrink != 0))
        return refuse(origin, prefix, "radar.shrink", "must divide radar.height and radar.width", error);
    for (int axis = 0; axis < 2; axis++)
        if (config->position.low[axis] > config->position.high[axis])
            return refuse(origin, prefix, axis == 0 ? "position.low_0" : "position.low_1",
                          "must not be above high", error);
    if (config->lidar.enabled && !(config->lidar.x_low_m < config->lidar.x_high_m))
        return refuse(origin, prefix, "lidar.x_low_m", "must be below x_high_m", error);
    if (config->lidar.enabled && !(config->lidar.y_low_m < config->lidar.y_high_m))
        return refuse(origin, prefix, "lidar.y_low_m", "must be below y_high_m", error);
    return check_flip(config, beam_step, origin, prefix, error);
}

bool bcue_modality_has_frames(bcue_modality modality)
{
    return (unsigned)modality < BCUE_MODALITY_COUNT && modality != BCUE_GPS;
}

bool bcue_feature_shape(const bcue_feature_config *config, bcue_modality modality, int64_t shape[3])
{
    const bcue_camera_recipe *camera = &config->camera;
    const bcue_lidar_recipe *lidar = &config->lidar;
    const bcue_radar_recipe *radar = &config->radar;
    const bool points = radar->kind == BCUE_RADAR_HPS;
    const int64_t sizes[BCUE_MODALITY_COUNT][3] = {
        [BCUE_CAMERA] = {camera->channels, camera->height, camera->width},
        [BCUE_LIDAR] = {1, lidar->height, lidar->width},
        [BCUE_RADAR] = {points ? 1 : 2, points ? radar->points : bcue_radar_rows(radar),
                        points ? BCUE_POINT_FIELDS : bcue_radar_columns(radar)},
        [BCUE_VEHICLES] = {1, config->vehicles.most, BCUE_VEHICLE_FIELDS}};
    const bool enabled[BCUE_MODALITY_COUNT] = {[BCUE_CAMERA] = camera->enabled,
                                               [BCUE_LIDAR] = lidar->enabled,
                                               [BCUE_RADAR] = radar->enabled,
                                               [BCUE_VEHICLES] = config->vehicles.enabled};
    const bool has = (unsigned)modality < BCUE_MODALITY_COUNT && enabled[modality];
    for (int i = 0; i < 3; i++)
        shape[i] = has ? sizes[modality][i] : 0;
    return has;
}

static bcue_status check_restored(const bcue_feature_config *config, const char *name,
                                  const bcue_feature_sizes *sizes, bcue_error *error)
{
    bcue_status status = bcue_feature_config_check(config, 1, NULL, "", error);
    if (status != BCUE_OK)
        return bcue_fail_context(error, BCUE_ERROR_FORMAT, "%s", name);
    for (int m = 0; m < BCUE_MODALITY_COUNT; m++) {
        int64_t shape[3];
        (void)bcue_feature_shape(config, (bcue_modality)m, shape);
        if (memcmp(shape, sizes->frame[m], sizeof shape) != 0)
            return bcue_fail(
                error, BCUE_ERROR_FORMAT,
                "%s: its %s recipe does not make the pictures that its network takes; train the model again",
                name, bcue_modality_name((bcue_modality)m));
    }
    if (config->position.enabled != sizes->position)
        return bcue_fail(error, BCUE_ERROR_FORMAT,
                         "%s: its position recipe does not fit its inputs; train the model again", name);
    return BCUE_OK;
}

bcue_status bcue_feature_config_restore(const char *yaml, const char *name, const bcue_feature_sizes *sizes,
                                        bcue_feature_config *config, bcue_config **owned, bcue_error *error)
{
    bcue_status status = bcue_config_read_text(yaml, strlen(yaml), name, NULL, 0, bcue_feature_config_fields,
                                               config, owned, error);
    if (status != BCUE_OK)
        return status == BCUE_ERROR_CONFIG ? BCUE_ERROR_FORMAT : status;
    config->augment =
        (bcue_augment_recipe){.boresight_deg = BCUE_BORESIGHT_UNKNOWN}; /* a matter of training */
    status = check_restored(config, name, sizes, error);
    if (status != BCUE_OK) {
        bcue_config_destroy(*owned);
        *owned = NULL;
    }
    return status;
}

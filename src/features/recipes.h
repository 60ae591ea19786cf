/* From records to network inputs: named recipes with parameters. A model file stores the recipes it was
   trained with, so that training, evaluation and the road side compute the same numbers from the same frames.
 */
#ifndef BCUE_FEATURES_RECIPES_H
#define BCUE_FEATURES_RECIPES_H

#include <stdbool.h>
#include "base/config.h"
#include "base/rng.h"
#include "features/lidar_map.h"
#include "features/radar_map.h"
#include "features/vehicle_set.h"
#include "formats/image.h"

typedef enum bcue_modality {
    BCUE_CAMERA,
    BCUE_LIDAR,
    BCUE_RADAR,
    BCUE_GPS,
    BCUE_VEHICLES, /* the fixes of all vehicles in sight of the RSU, a set */
    BCUE_MODALITY_COUNT
} bcue_modality;

const char *bcue_modality_name(bcue_modality modality); /* "camera", "lidar", "radar", "gps", "vehicles" */
/* The modality of a name, or BCUE_MODALITY_COUNT. */
bcue_modality bcue_modality_find(const char *name);

/* Resize with the antialiased triangle filter in float (as Pillow's BILINEAR), scale to [0, 1], then
 * normalise. */
typedef struct bcue_camera_recipe {
    bool enabled;
    int64_t width, height;             /* pixels */
    int64_t channels;                  /* 1 or 3 */
    int normalise;                     /* bcue_camera_normalise */
    int64_t input_width, input_height; /* pictures of another size are refused; 0 = any size */
} bcue_camera_recipe;
typedef enum bcue_camera_normalise {
    BCUE_NORMALISE_IMAGENET, /* mean .485 .456 .406, deviation .229 .224 .225; grey: .449, .226 */
    BCUE_NORMALISE_UNIT,     /* [0, 1] */
} bcue_camera_normalise;

typedef enum bcue_position_mode {
    BCUE_POSITION_MINMAX, /* latitude and longitude scaled to [0, 1] by the fitted bounds */
    BCUE_POSITION_ENU,    /* east, north of the RSU in metres, divided by scale_m */
    BCUE_POSITION_UTM,    /* UTM difference to the RSU, scaled to [0, 1] by fixed or fitted bounds */
    BCUE_POSITION_ANGLE, /* angle of the line through RSU and vehicle, as the challenge entry of TII had it */
} bcue_position_mode;

typedef struct bcue_position_recipe {
    bool enabled;
    int mode;                /* bcue_position_mode */
    double scale_m;          /* ENU */
    double angle_offset_deg; /* ANGLE */
    bool angle_by_scenario;  /* ANGLE: scenarios 31-34 take their published offsets instead */
    int64_t quantise;        /* training inputs rounded to 1/quantise; 0 = not */
    bool fit_all; /* fit the bounds on all samples (as published protocols do) instead of on training samples
                     only */
    double low[2],
        high[2]; /* MINMAX, UTM: bounds of the two numbers before scaling; fitted when low == high */
} bcue_position_recipe;

enum { BCUE_BORESIGHT_UNKNOWN = -1000 };

/* Changes of training samples only. Every amount is the largest change; each frame of a window gets the same
 * draw, but every LiDAR point its own. 0 = off. */
typedef struct bcue_augment_recipe {
    double brightness;        /* pixels times 1 +- brightness */
    double contrast;          /* distance to the mean grey times 1 +- contrast */
    double gamma;             /* exponent between 1 / (1 + gamma) and 1 + gamma */
    double saturation;        /* distance to the pixel's own grey times 1 +- saturation */
    double blur_px;           /* deviation of a Gaussian blur, 0 .. blur_px pixels of the network's input */
    double lidar_jitter_m;    /* deviation of normal noise on every coordinate of every LiDAR point */
    double lidar_drop;        /* share of the LiDAR points that is left out */
    double radar_gain;        /* radar maps times 1 +- radar_gain */
    double probability;       /* of the changes above */
    double flip;              /* probability of mirroring the whole sample; needs the three facts below */
    bool shared_mirror_plane; /* array, camera and radar look along one vertical plane, so that mirroring the
                                 street mirrors all of them */
    bool mirrored_codebook;   /* beam i and beam (beams - 1 - i) are mirror images in that plane */
    double boresight_deg; /* azimuth of that plane from the RSU, clockwise from north, to mirror positions;
                             BCUE_BORESIGHT_UNKNOWN */
} bcue_augment_recipe;

typedef struct bcue_feature_config {
    bcue_camera_recipe camera;
    bcue_lidar_recipe lidar;
    bcue_radar_recipe radar;
    bcue_position_recipe position;
    bcue_vehicle_recipe vehicles;
    bcue_augment_recipe augment;
} bcue_feature_config;

extern const bcue_config_field
    bcue_feature_config_fields[]; /* keys: camera {enabled, width, ...}, lidar, radar, position, augment */

/* What a table cannot say: channels, bounds in order, a flip that is allowed. `beam_step` is that of the
   data; `origin` and `prefix` ("features.") give file:line to messages; origin may be NULL. Call it after
   reading a config; creating a loader does so too. */
bcue_status bcue_feature_config_check(const bcue_feature_config *config, int64_t beam_step,
                                      const bcue_config *origin, const char *prefix, bcue_error *error);

/* Does the modality come in frames, one file each (all but BCUE_GPS)? */
bool bcue_modality_has_frames(bcue_modality modality);
/* Channels, height and width of one frame of a modality that comes in frames (camera, LiDAR, radar, vehicles;
   of points and vehicles: 1, rows, numbers of a row); false,
 * and zeros, when it does not or is not enabled. */
bool bcue_feature_shape(const bcue_feature_config *config, bcue_modality modality, int64_t shape[3]);

/* What a network takes in, to be compared with what the recipes make. */
typedef struct bcue_feature_sizes {
    int64_t frame[BCUE_MODALITY_COUNT][3]; /* channels, height, width; 0 = not taken (BCUE_GPS: always) */
    bool position;
} bcue_feature_sizes;

/* The recipes that a model file holds as YAML, checked against the sizes of the model's inputs. `name` stands
   for the file in messages. BCUE_ERROR_FORMAT when they are damaged. On success destroy `*owned` when
   `config` is no longer used. */
bcue_status bcue_feature_config_restore(const char *yaml, const char *name, const bcue_feature_sizes *sizes,
                                        bcue_feature_config *config, bcue_config **owned, bcue_error *error);

/* out: (channels, height, width) floats. */
bcue_status bcue_camera_features(const bcue_image *image, const bcue_camera_recipe *recipe, float *out,
                                 bcue_error *error);
/* The two steps of it, for caches and augmentation: resized values in [0, 1] before normalisation, and
 * normalisation in place. */
bcue_status bcue_camera_resize(const bcue_image *image, const bcue_camera_recipe *recipe, float *out,
                               bcue_error *error);
void bcue_camera_normalise_planes(const bcue_camera_recipe *recipe, float *planes);

/* One draw of the augmentations for a sample. Identity when the recipe is all off. */
typedef struct bcue_augment_draw {
    bool flip;
    float brightness, contrast, gamma, saturation; /* factors and exponent; 1 = unchanged */
    float blur_px;                                 /* 0 = none */
    float lidar_jitter_m, lidar_drop;              /* 0 = none */
    float radar_gain;                              /* factor; 1 = unchanged */
} bcue_augment_draw;
/* The draw that changes nothing. */
bcue_augment_draw bcue_augment_none(void);
bcue_augment_draw bcue_augment_make(const bcue_augment_recipe *recipe, bcue_rng *rng);
/* Apply to resized values in [0, 1], (channels, height, width), in place: flip, brightness, contrast,
   saturation, gamma, blur, clipped to [0, 1]. `scratch` holds width * height floats. */
void bcue_augment_camera(const bcue_augment_draw *draw, const bcue_camera_recipe *recipe, float *planes,
                         float *scratch);
/* Gain and flip of the radar maps (2, height, width), in place. */
void bcue_augment_radar(const bcue_augment_draw *draw, const bcue_radar_recipe *recipe, float *maps);
/* Mirror a fix in the vertical plane through the RSU with azimuth boresight_deg. NaN stays NaN. */
void bcue_augment_mirror_fix(double boresight_deg, const double rsu_fix[2], double fix[2]);

/* The recipe for a sample of DeepSense scenario `scenario` (0 = unknown): with angle_by_scenario its offset
 * is that of the scenario. */
bcue_position_recipe bcue_position_recipe_for(const bcue_position_recipe *recipe, int scenario);
/* out: 2 floats; rsu_* may be NaN for MINMAX. A NaN fix is an error (treat it as missing before). `training`
 * applies `quantise`. */
bcue_status bcue_position_features(double latitude_deg, double longitude_deg, double rsu_latitude_deg,
                                   double rsu_longitude_deg, const bcue_position_recipe *recipe,
                                   bool training, float out[2], bcue_error *error);
/* The two numbers before scaling to bounds: latitude and longitude (MINMAX), UTM differences in metres (UTM).
 * What bounds are fitted on. */
bcue_status bcue_position_raw(double latitude_deg, double longitude_deg, double rsu_latitude_deg,
                              double rsu_longitude_deg, const bcue_position_recipe *recipe, double raw[2],
                              bcue_error *error);

#endif

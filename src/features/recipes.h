/* From records to network inputs: named recipes with parameters. A model file stores the recipes it was trained with, so that training, evaluation and
   the road side compute the same numbers from the same frames. */
#ifndef BCUE_FEATURES_RECIPES_H
#define BCUE_FEATURES_RECIPES_H

#include <stdbool.h>
#include "base/config.h"
#include "formats/image.h"

typedef enum bcue_modality {
    BCUE_CAMERA,
    BCUE_LIDAR,
    BCUE_RADAR,
    BCUE_GPS,
    BCUE_MODALITY_COUNT
} bcue_modality;

const char *bcue_modality_name(bcue_modality modality); /* "camera", "lidar", "radar", "gps" */

/* Resize with the antialiased triangle filter in float (as Pillow's BILINEAR), scale to [0, 1], then normalise. */
typedef struct bcue_camera_recipe {
    bool enabled;
    int64_t width, height;   /* pixels */
    int64_t channels;        /* 1 or 3 */
    int normalise;           /* bcue_camera_normalise */
} bcue_camera_recipe;
typedef enum bcue_camera_normalise {
    BCUE_NORMALISE_IMAGENET, /* mean .485 .456 .406, deviation .229 .224 .225 */
    BCUE_NORMALISE_UNIT,     /* [0, 1] */
} bcue_camera_normalise;

typedef enum bcue_position_mode {
    BCUE_POSITION_MINMAX, /* latitude and longitude scaled to [0, 1] by the fitted bounds */
    BCUE_POSITION_ENU,    /* east, north of the RSU in metres, divided by scale_m */
    BCUE_POSITION_UTM,    /* UTM difference to the RSU, scaled to [0, 1] by fixed or fitted bounds */
    BCUE_POSITION_ANGLE,  /* the TII angle recipe, survey 3.5 */
} bcue_position_mode;

typedef struct bcue_position_recipe {
    bool enabled;
    int mode;              /* bcue_position_mode */
    double scale_m;        /* ENU */
    double angle_offset_deg; /* ANGLE */
    int64_t quantise;      /* training inputs rounded to 1/quantise; 0 = not */
    bool fit_all;          /* fit the bounds on all samples (as published protocols do) instead of on training samples only */
    double low[2], high[2]; /* fitted or given bounds; fitted when low == high */
} bcue_position_recipe;

typedef struct bcue_feature_config {
    bcue_camera_recipe camera;
    bcue_position_recipe position;
} bcue_feature_config;

extern const bcue_config_field bcue_feature_config_fields[]; /* keys: camera {enabled, width, ...}, position {...} */

/* out: (channels, height, width) floats. */
bcue_status bcue_camera_features(const bcue_image *image, const bcue_camera_recipe *recipe, float *out, bcue_error *error);
/* out: 2 floats; rsu_* may be NaN for MINMAX. A NaN fix is an error (treat it as missing before). `training` applies `quantise`. */
bcue_status bcue_position_features(double latitude_deg, double longitude_deg, double rsu_latitude_deg, double rsu_longitude_deg,
                                   const bcue_position_recipe *recipe, bool training, float out[2], bcue_error *error);

#endif

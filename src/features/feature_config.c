/* What the table of keys cannot say about feature recipes, and recipes out of a model file. */
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "features/point_sampling.h"
#include "features/recipes.h"

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

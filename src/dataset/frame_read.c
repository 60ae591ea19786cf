#include "dataset/frame_read.h"

#include "base/fail.h"
#include "base/file.h"

enum { LARGEST_FRAME = 1 << 30 };

bcue_status bcue_frame_recipes_open(const bcue_feature_config *features, bcue_frame_recipes *recipes,
                                    bcue_error *error)
{
    *recipes = (bcue_frame_recipes){.features = *features};
    bcue_status status = bcue_lidar_background_read(&features->lidar, &recipes->background, error);
    return status == BCUE_OK ? status : bcue_fail_context(error, status, "features.lidar.background");
}

void bcue_frame_recipes_close(bcue_frame_recipes *recipes)
{
    bcue_lidar_background_destroy(recipes->background);
    recipes->background = NULL;
}

static bcue_status read_camera(const char *path, const bcue_camera_recipe *recipe, float *out,
                               bcue_error *error)
{
    bcue_image image;
    BCUE_TRY(bcue_image_read(path, (int)recipe->channels, &image, error));
    bcue_status status = bcue_camera_resize(&image, recipe, out, error);
    bcue_image_free(&image);
    return status == BCUE_OK ? status : bcue_fail_context(error, status, "%s", path);
}

bcue_status bcue_frame_read(const bcue_frame_recipes *recipes, bcue_modality modality, const char *path,
                            const bcue_sample *sample, bcue_radar_maps **maps,
                            const bcue_lidar_change *change, float *out, bcue_error *error)
{
    const bcue_feature_config *features = &recipes->features;
    if (modality == BCUE_CAMERA)
        return read_camera(path, &features->camera, out, error);
    if (modality == BCUE_RADAR && *maps == NULL)
        BCUE_TRY(bcue_radar_maps_create(&features->radar, maps, error));
    if (modality == BCUE_RADAR)
        bcue_radar_maps_stand(*maps, sample->radar_pose);
    bcue_bytes bytes;
    BCUE_TRY(bcue_file_read(path, LARGEST_FRAME, &bytes, error));
    bcue_status status;
    if (modality == BCUE_LIDAR)
        status = bcue_lidar_features_decode(bytes.data, bytes.size, path, &features->lidar,
                                            recipes->background, sample->scenario, change, out, error);
    else if (modality == BCUE_VEHICLES)
        status = bcue_vehicle_set_decode(bytes.data, bytes.size, path, &features->vehicles, sample->rsu_fix,
                                         out, error);
    else
        status = bcue_radar_features_decode(*maps, bytes.data, bytes.size, path, out, error);
    bcue_bytes_free(&bytes);
    return status;
}

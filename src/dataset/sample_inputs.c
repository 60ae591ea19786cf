#include "dataset/sample_inputs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"

size_t bcue_input_frame_size(const bcue_feature_config *features, bcue_modality modality)
{
    if (modality == BCUE_CAMERA && features->camera.enabled)
        return (size_t)features->camera.channels * (size_t)features->camera.height *
               (size_t)features->camera.width;
    return modality == BCUE_GPS && features->position.enabled ? 2 : 0;
}

size_t bcue_input_frames(const bcue_dataset *dataset, bcue_modality modality)
{
    return (size_t)(modality == BCUE_GPS ? bcue_dataset_gps_frames(dataset) : bcue_dataset_frames(dataset));
}

static bcue_augment_draw draw_for(const bcue_input_maker *maker, const bcue_sample *sample, size_t index)
{
    bcue_augment_draw draw = {.brightness = 1, .contrast = 1, .gamma = 1, .saturation = 1};
    if (!maker->training)
        return draw;
    bcue_rng rng = bcue_rng_make(maker->seed, BCUE_RNG_AUGMENT, maker->epoch, 0, (uint32_t)index);
    draw = bcue_augment_make(&maker->features.augment, &rng);
    /* Where the RSU stands is needed to mirror a position. */
    if (maker->features.position.enabled && (isnan(sample->rsu_fix[0]) || isnan(sample->rsu_fix[1])))
        draw.flip = false;
    return draw;
}

static bcue_status load_frame(const bcue_input_maker *maker, const bcue_sample *sample, size_t index,
                              size_t frame, float *out, bcue_error *error)
{
    const char *file = sample->file[BCUE_CAMERA][frame];
    if (maker->cache != NULL) {
        const float *cached = bcue_feature_cache_frame(maker->cache, index, frame);
        if (cached == NULL)
            return bcue_fail(error, BCUE_ERROR_FORMAT, "%s: cannot be decoded", file);
        memcpy(out, cached, bcue_input_frame_size(&maker->features, BCUE_CAMERA) * sizeof *out);
        return BCUE_OK;
    }
    char *path = bcue_dataset_path(maker->dataset, sample, file);
    if (path == NULL)
        return bcue_fail_memory(error, file);
    bcue_status status = bcue_camera_file_read(path, &maker->features.camera, out, error);
    free(path);
    return status;
}

static bool is_augmented(const bcue_augment_draw *draw)
{
    return draw->flip || draw->brightness != 1 || draw->contrast != 1 || draw->gamma != 1 ||
           draw->saturation != 1 || draw->blur_px > 0;
}

static bcue_status make_camera(const bcue_input_maker *maker, size_t index, const bcue_augment_draw *draw,
                               const bcue_input_target *target, int *undecodable, bcue_error *trouble,
                               bcue_error *error)
{
    const bcue_sample *sample = bcue_dataset_sample(maker->dataset, index);
    const bcue_camera_recipe *recipe = &maker->features.camera;
    size_t frames = bcue_input_frames(maker->dataset, BCUE_CAMERA),
           size = bcue_input_frame_size(&maker->features, BCUE_CAMERA);
    float *scratch = NULL;
    if (is_augmented(draw)) {
        scratch = bcue_calloc((size_t)recipe->width * (size_t)recipe->height, sizeof *scratch);
        if (scratch == NULL)
            return bcue_fail_memory(error, "augmentation");
    }
    bcue_status status = BCUE_OK;
    for (size_t f = 0; f < frames && status == BCUE_OK; f++) {
        float *out = target->data[BCUE_CAMERA] + f * size;
        bool there = sample->file[BCUE_CAMERA] != NULL && sample->file[BCUE_CAMERA][f] != NULL;
        bcue_error reason;
        if (there && load_frame(maker, sample, index, f, out, &reason) != BCUE_OK) {
            there = false;
            if (bcue_dataset_requires(maker->dataset, BCUE_CAMERA))
                status = bcue_fail(error, BCUE_ERROR_DATA, "%s: %s (data.require: camera)", sample->id,
                                   reason.text);
            else if ((*undecodable)++ == 0 && trouble != NULL)
                *trouble = reason;
        }
        if (there) {
            if (scratch != NULL)
                bcue_augment_camera(draw, recipe, out, scratch);
            bcue_camera_normalise_planes(recipe, out);
        } else
            memset(out, 0, size * sizeof *out);
        target->present[BCUE_CAMERA][f] = there ? 1.0F : 0.0F;
    }
    free(scratch);
    return status;
}

static bcue_status make_position(const bcue_input_maker *maker, const bcue_sample *sample,
                                 const bcue_augment_draw *draw, const bcue_input_target *target,
                                 bcue_error *error)
{
    const bcue_feature_config *features = &maker->features;
    for (size_t f = 0; f < bcue_input_frames(maker->dataset, BCUE_GPS); f++) {
        double fix[2] = {sample->fix[2 * f], sample->fix[2 * f + 1]};
        float *out = target->data[BCUE_GPS] + 2 * f;
        bool there = !isnan(fix[0]) && !isnan(fix[1]);
        out[0] = out[1] = 0;
        if (there && draw->flip)
            bcue_augment_mirror_fix(features->augment.boresight_deg, sample->rsu_fix, fix);
        if (there) {
            bcue_status status =
                bcue_position_features(fix[0], fix[1], sample->rsu_fix[0], sample->rsu_fix[1],
                                       &features->position, maker->training, out, error);
            if (status != BCUE_OK)
                return bcue_fail_context(error, status, "%s", sample->id);
        }
        target->present[BCUE_GPS][f] = there ? 1.0F : 0.0F;
    }
    return BCUE_OK;
}

bcue_status bcue_input_make(const bcue_input_maker *maker, size_t index, const bcue_input_target *target,
                            int *undecodable, bcue_error *trouble, bcue_error *error)
{
    const bcue_sample *sample = bcue_dataset_sample(maker->dataset, index);
    bcue_augment_draw draw = draw_for(maker, sample, index);
    if (target->data[BCUE_CAMERA] != NULL)
        BCUE_TRY(make_camera(maker, index, &draw, target, undecodable, trouble, error));
    if (target->data[BCUE_GPS] != NULL)
        BCUE_TRY(make_position(maker, sample, &draw, target, error));
    int32_t beams = bcue_dataset_beams(maker->dataset);
    if (target->label != NULL)
        *target->label = draw.flip && sample->label >= 0 ? beams - 1 - sample->label : sample->label;
    for (int32_t b = 0; target->power != NULL && b < beams; b++)
        target->power[b] = sample->power == NULL ? NAN : sample->power[draw.flip ? beams - 1 - b : b];
    return BCUE_OK;
}

#include "dataset/sample_inputs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/hash.h"
#include "base/memory.h"

size_t bcue_input_frame_size(const bcue_feature_config *features, bcue_modality modality)
{
    int64_t shape[3];
    if (bcue_feature_shape(features, modality, shape))
        return (size_t)(shape[0] * shape[1] * shape[2]);
    return modality == BCUE_GPS && features->position.enabled ? 2 : 0;
}

size_t bcue_input_frames(const bcue_dataset *dataset, bcue_modality modality)
{
    return (size_t)(modality == BCUE_GPS ? bcue_dataset_gps_frames(dataset) : bcue_dataset_frames(dataset));
}

/* A copy is the same in every epoch, run and side of the split: its draw depends on its place alone. */
static bcue_augment_draw draw_of_copy(const bcue_augment_recipe *augment, const bcue_sample *sample)
{
    bcue_augment_recipe always = *augment;
    always.probability = 1.0;
    always.flip = 0.0;
    bcue_rng rng = bcue_rng_make((uint64_t)sample->source, BCUE_RNG_AUGMENT, UINT32_MAX,
                                 (uint32_t)sample->copy, (uint32_t)sample->row);
    return bcue_augment_make(&always, &rng);
}

static bcue_augment_draw draw_for(const bcue_input_maker *maker, const bcue_sample *sample, size_t index)
{
    const bcue_feature_config *features = &maker->recipes.features;
    if (sample->copy > 0)
        return draw_of_copy(&features->augment, sample);
    if (!maker->training)
        return bcue_augment_none();
    bcue_rng rng = bcue_rng_make(maker->seed, BCUE_RNG_AUGMENT, maker->epoch, 0, (uint32_t)index);
    bcue_augment_draw draw = bcue_augment_make(&features->augment, &rng);
    /* Where the RSU stands is needed to mirror a position. */
    if (features->position.enabled && (isnan(sample->rsu_fix[0]) || isnan(sample->rsu_fix[1])))
        draw.flip = false;
    return draw;
}

/* What one sample's frames of one modality are made with. */
typedef struct frame_job {
    const bcue_input_maker *maker;
    const bcue_sample *sample;
    size_t index;
    bcue_modality modality;
    bcue_augment_draw draw;
    float *scratch; /* of the camera's augmentation, NULL: not augmented */
    bcue_radar_maps *maps;
} frame_job;

/* A frame has the same faults in every window that holds it. */
static bcue_status spoil_frame(frame_job *job, size_t frame, bcue_error *error)
{
    const bcue_input_maker *maker = job->maker;
    bcue_hash name = bcue_hash_begin(); /* wherever the folder lies */
    bcue_hash_text(&name, bcue_dataset_source_name(maker->dataset, (size_t)job->sample->source));
    bcue_hash_text(&name, job->sample->file[BCUE_RADAR][frame]);
    const uint64_t key = bcue_hash_end(&name);
    if (job->maps == NULL)
        BCUE_TRY(bcue_radar_maps_create(&maker->recipes.features.radar, &job->maps, error));
    bcue_radar_maps_spoil(
        job->maps, &maker->faults,
        bcue_rng_make(maker->fault_seed, BCUE_RNG_POINT_FAULTS, 0, (uint32_t)(key >> 32), (uint32_t)key));
    return BCUE_OK;
}

static bcue_status load_frame(frame_job *job, size_t frame, float *out, bcue_error *error)
{
    const bcue_input_maker *maker = job->maker;
    const bcue_feature_cache *cache = maker->cache[job->modality];
    const char *file = job->sample->file[job->modality][frame];
    bool moved_points =
        job->modality == BCUE_LIDAR && (job->draw.lidar_jitter_m > 0 || job->draw.lidar_drop > 0);
    const bool spoiled =
        job->modality == BCUE_RADAR && (maker->faults.lost > 0 || maker->faults.false_points > 0);
    if (cache != NULL && !moved_points && !spoiled) { /* the cache has counts, not points */
        const float *cached = bcue_feature_cache_frame(cache, job->index, frame);
        if (cached == NULL)
            return bcue_fail(error, BCUE_ERROR_FORMAT, "%s: cannot be decoded", file);
        memcpy(out, cached, bcue_input_frame_size(&maker->recipes.features, job->modality) * sizeof *out);
        return BCUE_OK;
    }
    bcue_lidar_change change = {.jitter_m = job->draw.lidar_jitter_m,
                                .drop = job->draw.lidar_drop,
                                .random = bcue_rng_make(maker->seed, BCUE_RNG_AUGMENT, maker->epoch,
                                                        (uint32_t)frame + 1, (uint32_t)job->index)};
    char *path = bcue_dataset_path(maker->dataset, job->sample, file);
    if (path == NULL)
        return bcue_fail_memory(error, file);
    bcue_status status = spoiled ? spoil_frame(job, frame, error) : BCUE_OK;
    if (status == BCUE_OK)
        status = bcue_frame_read(&maker->recipes, job->modality, path, job->sample, &job->maps,
                                 moved_points ? &change : NULL, out, error);
    free(path);
    return status;
}

static bool pictures_change(const bcue_augment_draw *draw)
{
    return draw->flip || draw->brightness != 1 || draw->contrast != 1 || draw->gamma != 1 ||
           draw->saturation != 1 || draw->blur_px > 0;
}

/* What comes after the cache: augmentation, and the pictures' normalisation. */
static void finish_frame(const frame_job *job, float *out)
{
    const bcue_feature_config *features = &job->maker->recipes.features;
    if (job->modality == BCUE_LIDAR && job->draw.flip)
        bcue_lidar_mirror(&features->lidar, out);
    if (job->modality == BCUE_RADAR)
        bcue_augment_radar(&job->draw, &features->radar, out);
    if (job->modality != BCUE_CAMERA)
        return;
    if (job->scratch != NULL)
        bcue_augment_camera(&job->draw, &features->camera, out, job->scratch);
    bcue_camera_normalise_planes(&features->camera, out);
}

static bcue_status fill_frames(frame_job *job, const bcue_input_target *target, int *undecodable,
                               bcue_error *trouble, bcue_error *error)
{
    const bcue_input_maker *maker = job->maker;
    const bcue_modality modality = job->modality;
    size_t size = bcue_input_frame_size(&maker->recipes.features, modality);
    for (size_t f = 0; f < bcue_input_frames(maker->dataset, modality); f++) {
        float *out = target->data[modality] + f * size;
        bool there = job->sample->file[modality] != NULL && job->sample->file[modality][f] != NULL;
        bcue_error reason;
        if (there && load_frame(job, f, out, &reason) != BCUE_OK) {
            there = false;
            if (bcue_dataset_requires(maker->dataset, modality))
                return bcue_fail(error, BCUE_ERROR_DATA, "%s: %s (data.require: %s)", job->sample->id,
                                 reason.text, bcue_modality_name(modality));
            if ((*undecodable)++ == 0 && trouble != NULL)
                *trouble = reason;
        }
        if (there)
            finish_frame(job, out);
        else
            memset(out, 0, size * sizeof *out);
        target->present[modality][f] = there ? 1.0F : 0.0F;
    }
    return BCUE_OK;
}

static bcue_status make_frames(const bcue_input_maker *maker, size_t index, bcue_modality modality,
                               const bcue_augment_draw *draw, const bcue_input_target *target,
                               int *undecodable, bcue_error *trouble, bcue_error *error)
{
    const bcue_camera_recipe *camera = &maker->recipes.features.camera;
    frame_job job = {.maker = maker,
                     .sample = bcue_dataset_sample(maker->dataset, index),
                     .index = index,
                     .modality = modality,
                     .draw = *draw};
    if (modality == BCUE_CAMERA && pictures_change(draw)) {
        job.scratch = bcue_calloc((size_t)camera->width * (size_t)camera->height, sizeof *job.scratch);
        if (job.scratch == NULL)
            return bcue_fail_memory(error, "augmentation");
    }
    bcue_status status = fill_frames(&job, target, undecodable, trouble, error);
    free(job.scratch);
    bcue_radar_maps_destroy(job.maps);
    return status;
}

static bcue_status make_position(const bcue_input_maker *maker, const bcue_sample *sample,
                                 const bcue_augment_draw *draw, const bcue_input_target *target,
                                 bcue_error *error)
{
    const bcue_feature_config *features = &maker->recipes.features;
    const bcue_position_recipe recipe = bcue_position_recipe_for(&features->position, sample->scenario);
    for (size_t f = 0; f < bcue_input_frames(maker->dataset, BCUE_GPS); f++) {
        double fix[2] = {sample->fix[2 * f], sample->fix[2 * f + 1]};
        float *out = target->data[BCUE_GPS] + 2 * f;
        bool there = !isnan(fix[0]) && !isnan(fix[1]);
        out[0] = out[1] = 0;
        if (there && draw->flip)
            bcue_augment_mirror_fix(features->augment.boresight_deg, sample->rsu_fix, fix);
        if (there) {
            bcue_status status = bcue_position_features(
                fix[0], fix[1], sample->rsu_fix[0], sample->rsu_fix[1], &recipe, maker->training, out, error);
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
    for (int m = 0; m < BCUE_MODALITY_COUNT; m++)
        if (target->data[m] != NULL && bcue_modality_has_frames((bcue_modality)m))
            BCUE_TRY(make_frames(maker, index, (bcue_modality)m, &draw, target, undecodable, trouble, error));
    if (target->data[BCUE_GPS] != NULL)
        BCUE_TRY(make_position(maker, sample, &draw, target, error));
    int32_t beams = bcue_dataset_beams(maker->dataset);
    if (target->label != NULL)
        *target->label = draw.flip && sample->label >= 0 ? beams - 1 - sample->label : sample->label;
    for (int32_t b = 0; target->power != NULL && b < beams; b++)
        target->power[b] = sample->power == NULL ? NAN : sample->power[draw.flip ? beams - 1 - b : b];
    return BCUE_OK;
}

#include "dataset/loader.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/report_hooks.h"
#include "dataset/sample_inputs.h"

enum { MAX_THREADS = 256, LOUD_WARNINGS = 5 };

/* One batch in the ring. Workers fill disjoint parts of the buffers; `filled` and what follows are guarded by
 * the loader's lock. */
typedef struct ring_slot {
    float *data[BCUE_MODALITY_COUNT], *present[BCUE_MODALITY_COUNT];
    int32_t *label;
    double *power;
    size_t filled;
    int undecodable;
    size_t trouble_item; /* of the sentence in `trouble`: the first in order, so that messages do not depend
                            on threads */
    bcue_error trouble;
    bcue_status status;
    size_t failed_item;
    bcue_error error;
} ring_slot;

struct bcue_loader {
    bcue_input_maker maker;
    bcue_feature_cache *cache[BCUE_MODALITY_COUNT];
    const bcue_hooks *hooks;
    pthread_t *threads;
    int thread_count;

    size_t *order;
    size_t count, batch_size, batches;
    ring_slot *slots;
    size_t slot_count, slot_batch; /* batch size that the slots have room for */

    pthread_mutex_t lock;
    pthread_cond_t work, done;
    /* Guarded by `lock`. */
    size_t next_item; /* first that no worker has taken */
    size_t released;  /* batches that the caller is done with */
    int busy;
    bool stop;

    size_t next_batch; /* caller's thread only, as all below */
    double wait_s;
    int64_t undecodable;
    int warnings;
};

bcue_status bcue_features_fit(const bcue_dataset *dataset, const size_t *fit, size_t fit_count,
                              bcue_feature_config *features, bcue_error *error)
{
    bcue_position_recipe *recipe = &features->position;
    bool bounded = recipe->mode == BCUE_POSITION_MINMAX || recipe->mode == BCUE_POSITION_UTM;
    bool wanted[2] = {recipe->low[0] == recipe->high[0], recipe->low[1] == recipe->high[1]};
    if (!recipe->enabled || !bounded || (!wanted[0] && !wanted[1]))
        return BCUE_OK;
    double low[2] = {HUGE_VAL, HUGE_VAL}, high[2] = {-HUGE_VAL, -HUGE_VAL};
    size_t count = recipe->fit_all ? bcue_dataset_count(dataset) : fit_count;
    for (size_t i = 0; i < count; i++) {
        const bcue_sample *sample = bcue_dataset_sample(dataset, recipe->fit_all ? i : fit[i]);
        for (int32_t f = 0; f < bcue_dataset_gps_frames(dataset); f++) {
            double raw[2];
            if (isnan(sample->fix[2 * f]) || isnan(sample->fix[2 * f + 1]))
                continue;
            BCUE_TRY(bcue_position_raw(sample->fix[2 * f], sample->fix[2 * f + 1], sample->rsu_fix[0],
                                       sample->rsu_fix[1], recipe, raw, error));
            for (int axis = 0; axis < 2; axis++) {
                low[axis] = fmin(low[axis], raw[axis]);
                high[axis] = fmax(high[axis], raw[axis]);
            }
        }
    }
    for (int axis = 0; axis < 2; axis++) {
        if (!wanted[axis])
            continue;
        if (!(high[axis] > low[axis]))
            return bcue_fail(error, BCUE_ERROR_DATA,
                             "position: no two training samples differ on axis %d, so its bounds cannot be "
                             "fitted; give low_%d and high_%d",
                             axis, axis, axis);
        recipe->low[axis] = low[axis];
        recipe->high[axis] = high[axis];
    }
    return BCUE_OK;
}

static void free_slots(bcue_loader *loader)
{
    for (size_t s = 0; loader->slots != NULL && s < loader->slot_count; s++) {
        for (int m = 0; m < BCUE_MODALITY_COUNT; m++) {
            free(loader->slots[s].data[m]);
            free(loader->slots[s].present[m]);
        }
        free(loader->slots[s].label);
        free(loader->slots[s].power);
    }
    free(loader->slots);
    loader->slots = NULL;
    loader->slot_count = loader->slot_batch = 0;
}

static bool allocate_slot(const bcue_loader *loader, size_t batch_size, ring_slot *slot)
{
    const bcue_dataset *dataset = loader->maker.dataset;
    slot->label = bcue_calloc(batch_size, sizeof *slot->label);
    slot->power = bcue_calloc(batch_size, (size_t)bcue_dataset_beams(dataset) * sizeof *slot->power);
    bool good = slot->label != NULL && slot->power != NULL;
    for (int m = 0; m < BCUE_MODALITY_COUNT; m++) {
        size_t size = bcue_input_frame_size(&loader->maker.recipes.features, (bcue_modality)m), frames,
               samples;
        if (size == 0)
            continue;
        frames = bcue_input_frames(dataset, (bcue_modality)m);
        if (!bcue_mul_size(batch_size, frames, &samples))
            return false;
        slot->data[m] =
            bcue_mul_size(samples, size, &frames) ? bcue_calloc_aligned(frames, sizeof(float)) : NULL;
        slot->present[m] = bcue_calloc(samples, sizeof(float));
        good = good && slot->data[m] != NULL && slot->present[m] != NULL;
    }
    return good;
}

static bcue_status make_slots(bcue_loader *loader, size_t batch_size, bcue_error *error)
{
    if (loader->slot_batch >= batch_size)
        return BCUE_OK;
    free_slots(loader);
    size_t ahead = loader->thread_count > 0 ? 3 + (size_t)loader->thread_count / batch_size : 0;
    loader->slots = bcue_calloc(ahead + 1, sizeof *loader->slots);
    if (loader->slots == NULL)
        return bcue_fail_memory(error, "batches");
    loader->slot_count = ahead + 1;
    for (size_t s = 0; s < loader->slot_count; s++)
        if (!allocate_slot(loader, batch_size, &loader->slots[s])) {
            free_slots(loader);
            return bcue_fail_memory(error, "batches; use a smaller batch size");
        }
    loader->slot_batch = batch_size;
    return BCUE_OK;
}

static void clear_slot(ring_slot *slot)
{
    slot->filled = 0;
    slot->undecodable = 0;
    slot->status = BCUE_OK;
    slot->trouble_item = slot->failed_item = SIZE_MAX;
}

static size_t batch_count(const bcue_loader *loader, size_t batch)
{
    size_t left = loader->count - batch * loader->batch_size;
    return left < loader->batch_size ? left : loader->batch_size;
}

typedef struct made_item {
    int undecodable;
    bcue_error trouble, error;
    bcue_status status;
} made_item;

static void make_item(const bcue_loader *loader, size_t item, made_item *made)
{
    const bcue_dataset *dataset = loader->maker.dataset;
    ring_slot *slot = &loader->slots[item / loader->batch_size % loader->slot_count];
    size_t place = item % loader->batch_size;
    bcue_input_target target = {.label = &slot->label[place],
                                .power = &slot->power[place * (size_t)bcue_dataset_beams(dataset)]};
    for (int m = 0; m < BCUE_MODALITY_COUNT; m++) {
        if (slot->data[m] == NULL)
            continue;
        size_t frames = bcue_input_frames(dataset, (bcue_modality)m);
        target.data[m] =
            slot->data[m] +
            place * frames * bcue_input_frame_size(&loader->maker.recipes.features, (bcue_modality)m);
        target.present[m] = slot->present[m] + place * frames;
    }
    made->undecodable = 0;
    made->status = bcue_input_make(&loader->maker, loader->order[item], &target, &made->undecodable,
                                   &made->trouble, &made->error);
}

/* With the lock held (or without threads). */
static void note_item(bcue_loader *loader, size_t item, const made_item *made)
{
    ring_slot *slot = &loader->slots[item / loader->batch_size % loader->slot_count];
    slot->filled++;
    if (made->undecodable > 0) {
        slot->undecodable += made->undecodable;
        if (item < slot->trouble_item) {
            slot->trouble_item = item;
            slot->trouble = made->trouble;
        }
    }
    if (made->status != BCUE_OK && item < slot->failed_item) {
        slot->failed_item = item;
        slot->status = made->status;
        slot->error = made->error;
    }
}

static bool has_work(const bcue_loader *loader)
{
    return loader->next_item < loader->count &&
           loader->next_item / loader->batch_size < loader->released + loader->slot_count;
}

static void *worker(void *argument)
{
    bcue_loader *loader = argument;
    made_item made;
    pthread_mutex_lock(&loader->lock);
    for (;;) {
        while (!loader->stop && !has_work(loader))
            pthread_cond_wait(&loader->work, &loader->lock);
        if (loader->stop)
            break;
        size_t item = loader->next_item++;
        loader->busy++;
        pthread_mutex_unlock(&loader->lock);
        make_item(loader, item, &made);
        pthread_mutex_lock(&loader->lock);
        note_item(loader, item, &made);
        loader->busy--;
        size_t batch = item / loader->batch_size;
        if (loader->busy == 0 ||
            loader->slots[batch % loader->slot_count].filled == batch_count(loader, batch))
            pthread_cond_signal(&loader->done);
    }
    pthread_mutex_unlock(&loader->lock);
    return NULL;
}

/* No worker touches the slots when this returns. */
static void settle(bcue_loader *loader)
{
    pthread_mutex_lock(&loader->lock);
    loader->next_item = loader->count;
    while (loader->busy > 0)
        pthread_cond_wait(&loader->done, &loader->lock);
    pthread_mutex_unlock(&loader->lock);
}

static bcue_status start_threads(bcue_loader *loader, int threads, bcue_error *error)
{
    loader->threads = bcue_calloc((size_t)threads, sizeof *loader->threads);
    if (loader->threads == NULL)
        return bcue_fail_memory(error, "loader threads");
    for (int i = 0; i < threads; i++) {
        int result = pthread_create(&loader->threads[i], NULL, worker, loader);
        if (result != 0)
            return bcue_fail(error, BCUE_ERROR_MEMORY, "cannot start loader thread %d: %s", i + 1,
                             strerror(result));
        loader->thread_count++;
    }
    return BCUE_OK;
}

static bcue_status open_cache(bcue_loader *loader, bcue_modality modality, const char *folder,
                              bcue_error *error)
{
    bcue_error reason;
    bcue_status status = bcue_feature_cache_open(loader->maker.dataset, &loader->maker.recipes, modality,
                                                 folder, loader->hooks, &loader->cache[modality], &reason);
    if (status == BCUE_ERROR_CANCELLED)
        return bcue_fail(error, status, "%s", reason.text);
    if (status != BCUE_OK)
        bcue_log(loader->hooks, BCUE_LOG_WARNING, "going on without a cache: %s", reason.text);
    loader->maker.cache[modality] = loader->cache[modality];
    return BCUE_OK;
}

static bcue_status open_caches(bcue_loader *loader, bcue_error *error)
{
    const char *folder = bcue_dataset_cache_folder(loader->maker.dataset);
    int64_t shape[3];
    for (int m = 0; folder != NULL && m < BCUE_MODALITY_COUNT; m++)
        if (bcue_feature_shape(&loader->maker.recipes.features, (bcue_modality)m, shape))
            BCUE_TRY(open_cache(loader, (bcue_modality)m, folder, error));
    return BCUE_OK;
}

/* A recipe that does not fit the recordings would make every frame missing: the first, a middle and the last
   file of a modality must not all be refused for what they are (damaged ones are another matter). */
static bcue_status probe_recipe(const bcue_input_maker *maker, bcue_modality modality, bcue_error *error)
{
    enum { PROBES = 3 };
    const size_t samples = bcue_dataset_count(maker->dataset),
                 newest = (size_t)bcue_dataset_frames(maker->dataset) - 1;
    size_t probed = 0, refused = 0;
    bcue_radar_maps *maps = NULL;
    bcue_error reason = {{0}};
    float *frame =
        bcue_calloc_aligned(bcue_input_frame_size(&maker->recipes.features, modality), sizeof *frame);
    if (frame == NULL)
        return bcue_fail_memory(error, "a frame");
    for (size_t p = 0; p < PROBES; p++)
        for (size_t i = samples * p / PROBES; i < samples * (p + 1) / PROBES; i++) {
            const bcue_sample *sample = bcue_dataset_sample(maker->dataset, i);
            const char *file = sample->file[modality] != NULL ? sample->file[modality][newest] : NULL;
            char *path = file != NULL ? bcue_dataset_path(maker->dataset, sample, file) : NULL;
            if (path == NULL)
                continue;
            probed++;
            refused += bcue_frame_read(&maker->recipes, modality, path, sample, &maps, NULL, frame,
                                       &reason) == BCUE_ERROR_DATA;
            free(path);
            break;
        }
    free(frame);
    bcue_radar_maps_destroy(maps);
    if (probed == 0 || refused < probed)
        return BCUE_OK;
    return bcue_fail(error, BCUE_ERROR_DATA, "%s (features.%s)", reason.text, bcue_modality_name(modality));
}

static bcue_status probe_recipes(const bcue_input_maker *maker, bcue_error *error)
{
    int64_t shape[3];
    for (int m = 0; m < BCUE_MODALITY_COUNT; m++)
        if (bcue_feature_shape(&maker->recipes.features, (bcue_modality)m, shape))
            BCUE_TRY(probe_recipe(maker, (bcue_modality)m, error));
    return BCUE_OK;
}

static bcue_status check_features(const bcue_dataset *dataset, const bcue_feature_config *features,
                                  bcue_error *error)
{
    const bcue_position_recipe *position = &features->position;
    bool bounded = position->mode == BCUE_POSITION_MINMAX || position->mode == BCUE_POSITION_UTM;
    BCUE_TRY(bcue_feature_config_check(features, bcue_dataset_beam_step(dataset), NULL, "features.", error));
    for (int axis = 0; axis < 2; axis++)
        if (position->enabled && bounded && !(position->high[axis] > position->low[axis]))
            return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                             "position: the bounds are not known; fit them first (bcue_features_fit)");
    return BCUE_OK;
}

bcue_status bcue_loader_create(const bcue_dataset *dataset, const bcue_feature_config *features, int threads,
                               const bcue_hooks *hooks, bcue_loader **loader, bcue_error *error)
{
    if (threads < 0 || threads > MAX_THREADS)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "loader: %d threads; expected 0 to %d", threads,
                         (int)MAX_THREADS);
    BCUE_TRY(check_features(dataset, features, error));
    bcue_loader *made = bcue_calloc(1, sizeof *made);
    if (made == NULL)
        return bcue_fail_memory(error, "the loader");
    made->maker = (bcue_input_maker){.dataset = dataset};
    made->hooks = hooks;
    made->batch_size = 1;
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->work, NULL);
    pthread_cond_init(&made->done, NULL);
    bcue_status status = bcue_frame_recipes_open(features, &made->maker.recipes, error);
    if (status == BCUE_OK)
        status = probe_recipes(&made->maker, error);
    if (status == BCUE_OK)
        status = open_caches(made, error);
    if (status == BCUE_OK && threads > 0)
        status = start_threads(made, threads, error);
    if (status != BCUE_OK) {
        bcue_loader_destroy(made);
        return status;
    }
    *loader = made;
    return BCUE_OK;
}

void bcue_loader_destroy(bcue_loader *loader)
{
    if (loader == NULL)
        return;
    pthread_mutex_lock(&loader->lock);
    loader->stop = true;
    pthread_cond_broadcast(&loader->work);
    pthread_mutex_unlock(&loader->lock);
    for (int i = 0; i < loader->thread_count; i++)
        pthread_join(loader->threads[i], NULL);
    pthread_cond_destroy(&loader->work);
    pthread_cond_destroy(&loader->done);
    pthread_mutex_destroy(&loader->lock);
    free_slots(loader);
    for (int m = 0; m < BCUE_MODALITY_COUNT; m++)
        bcue_feature_cache_close(loader->cache[m]);
    bcue_frame_recipes_close(&loader->maker.recipes);
    free(loader->threads);
    free(loader->order);
    free(loader);
}

void bcue_loader_spoil_points(bcue_loader *loader, const bcue_point_faults *faults, uint64_t seed)
{
    settle(loader);
    loader->maker.faults = *faults;
    loader->maker.fault_seed = seed;
}

bcue_status bcue_loader_begin(bcue_loader *loader, const size_t *order, size_t count, size_t batch_size,
                              bool training, uint64_t seed, uint32_t epoch, bcue_error *error)
{
    if (batch_size == 0)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "loader: the batch size is 0");
    for (size_t i = 0; i < count; i++)
        if (order[i] >= bcue_dataset_count(loader->maker.dataset))
            return bcue_fail(error, BCUE_ERROR_ARGUMENT, "loader: sample %zu is not in the data set",
                             order[i]);
    settle(loader);
    size_t *copy = bcue_calloc(count, sizeof *copy);
    if (copy == NULL)
        return bcue_fail_memory(error, "the order of a pass");
    if (count > 0)
        memcpy(copy, order, count * sizeof *copy);
    size_t largest = count < batch_size ? (count > 0 ? count : 1) : batch_size;
    pthread_mutex_lock(&loader->lock);
    free(loader->order);
    loader->order = copy;
    loader->count = 0; /* nothing to do until the slots are there */
    loader->next_item = 0;
    bcue_status status = make_slots(loader, largest, error);
    for (size_t s = 0; status == BCUE_OK && s < loader->slot_count; s++)
        clear_slot(&loader->slots[s]);
    if (status == BCUE_OK) {
        loader->maker.training = training;
        loader->maker.seed = seed;
        loader->maker.epoch = epoch;
        loader->batch_size = largest;
        loader->count = count;
        loader->batches = (count + largest - 1) / largest;
        loader->released = 0;
        loader->next_batch = 0;
        pthread_cond_broadcast(&loader->work);
    }
    pthread_mutex_unlock(&loader->lock);
    return status;
}

/* Give the previous batch's slot back to the workers. */
static void release_previous(bcue_loader *loader)
{
    if (loader->next_batch == 0 || loader->next_batch > loader->batches)
        return;
    pthread_mutex_lock(&loader->lock);
    if (loader->released < loader->next_batch) {
        clear_slot(&loader->slots[loader->released % loader->slot_count]);
        loader->released++;
        pthread_cond_broadcast(&loader->work);
    }
    pthread_mutex_unlock(&loader->lock);
}

static void await_batch(bcue_loader *loader, size_t batch, size_t count)
{
    double start_s = bcue_clock_s();
    ring_slot *slot = &loader->slots[batch % loader->slot_count];
    if (loader->thread_count == 0) {
        for (size_t i = 0; i < count; i++) {
            made_item made;
            make_item(loader, batch * loader->batch_size + i, &made);
            note_item(loader, batch * loader->batch_size + i, &made);
        }
    } else {
        pthread_mutex_lock(&loader->lock);
        while (slot->filled < count)
            pthread_cond_wait(&loader->done, &loader->lock);
        pthread_mutex_unlock(&loader->lock);
    }
    loader->wait_s += bcue_clock_s() - start_s;
}

static void report_trouble(bcue_loader *loader, const ring_slot *slot)
{
    if (slot->undecodable == 0)
        return;
    loader->undecodable += slot->undecodable;
    if (loader->warnings++ < LOUD_WARNINGS)
        bcue_log(loader->hooks, BCUE_LOG_WARNING, "%s; used as missing%s", slot->trouble.text,
                 loader->warnings == LOUD_WARNINGS ? " (further ones are only counted)" : "");
}

bcue_status bcue_loader_next(bcue_loader *loader, bcue_batch *batch, bcue_error *error)
{
    *batch = (bcue_batch){0};
    release_previous(loader);
    if (loader->next_batch >= loader->batches)
        return BCUE_OK;
    size_t count = batch_count(loader, loader->next_batch);
    await_batch(loader, loader->next_batch, count);
    const ring_slot *slot = &loader->slots[loader->next_batch % loader->slot_count];
    if (slot->status != BCUE_OK) {
        bcue_status status = bcue_fail(error, slot->status, "%s", slot->error.text);
        settle(loader);
        loader->next_batch = loader->batches + 1;
        return status;
    }
    report_trouble(loader, slot);
    batch->count = count;
    batch->sample = loader->order + loader->next_batch * loader->batch_size;
    for (int m = 0; m < BCUE_MODALITY_COUNT; m++) {
        batch->data[m] = slot->data[m];
        batch->present[m] = slot->present[m];
    }
    batch->label = slot->label;
    batch->power = slot->power;
    loader->next_batch++;
    return BCUE_OK;
}

double bcue_loader_wait_s(const bcue_loader *loader)
{
    return loader->wait_s;
}

int64_t bcue_loader_undecodable(const bcue_loader *loader)
{
    return loader->undecodable;
}

bcue_status bcue_sample_inputs(const bcue_dataset *dataset, const bcue_feature_config *features,
                               size_t sample, float *const data[BCUE_MODALITY_COUNT],
                               float *const present[BCUE_MODALITY_COUNT], bcue_error *error)
{
    BCUE_TRY(check_features(dataset, features, error));
    if (sample >= bcue_dataset_count(dataset))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "sample %zu is not in the data set", sample);
    bcue_input_maker maker = {.dataset = dataset};
    bcue_input_target target = {0};
    int undecodable = 0;
    for (int m = 0; m < BCUE_MODALITY_COUNT; m++) {
        if (bcue_input_frame_size(features, (bcue_modality)m) == 0)
            continue;
        if (data[m] == NULL || present[m] == NULL)
            return bcue_fail(error, BCUE_ERROR_ARGUMENT, "no buffer for %s",
                             bcue_modality_name((bcue_modality)m));
        target.data[m] = data[m];
        target.present[m] = present[m];
    }
    bcue_status status = bcue_frame_recipes_open(features, &maker.recipes, error);
    if (status == BCUE_OK)
        status = bcue_input_make(&maker, sample, &target, &undecodable, NULL, error);
    bcue_frame_recipes_close(&maker.recipes);
    return status;
}

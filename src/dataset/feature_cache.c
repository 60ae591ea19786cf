#include "dataset/feature_cache.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "base/report_hooks.h"
#include "base/hash.h"

enum { CACHE_VERSION = 1, PAYLOAD_ALIGNMENT = 4096, FRAMES_PER_CHUNK = 64, LOUD_WARNINGS = 5 };
static const char cache_magic[8] = {'B', 'C', 'U', 'E', 'P', 'A', 'C', 'K'};

typedef struct cache_header {
    char magic[8];
    uint32_t version, byte_order; /* byte_order reads 0x01020304 */
    uint64_t key;                 /* of recipe and files */
    uint64_t frames, frame_floats;
    uint64_t payload_offset, file_size;
    uint64_t entries_checksum;
    uint64_t header_checksum; /* of all above */
} cache_header;

typedef struct cache_entry {
    uint64_t present;
    uint64_t checksum; /* of the frame's bytes */
} cache_entry;

/* A file of the data set. */
typedef struct cached_file {
    int32_t source;
    const char *file;
    const bcue_sample *sample; /* one that has it */
} cached_file;

struct bcue_feature_cache {
    bcue_mapping mapping;
    const cache_entry *entries;
    const float *frames;
    size_t frame_floats, window;
    int64_t *place; /* samples x window: number of the file, -1 = none */
    char *path;
    bool built;
};

static int compare_files(const void *left, const void *right)
{
    const cached_file *a = left, *b = right;
    return a->source != b->source ? (a->source < b->source ? -1 : 1) : strcmp(a->file, b->file);
}

/* Every file of a modality once, in order. */
static bcue_status list_files(const bcue_dataset *dataset, bcue_modality modality, cached_file **files,
                              size_t *count, bcue_error *error)
{
    size_t samples = bcue_dataset_count(dataset), window = (size_t)bcue_dataset_frames(dataset), most,
           unique = 0;
    cached_file *list = bcue_mul_size(samples, window, &most) ? bcue_calloc(most, sizeof *list) : NULL;
    if (list == NULL)
        return bcue_fail_memory(error, "the list of frames");
    size_t found = 0;
    for (size_t i = 0; i < samples; i++) {
        const bcue_sample *sample = bcue_dataset_sample(dataset, i);
        for (size_t f = 0; sample->file[modality] != NULL && f < window; f++)
            if (sample->file[modality][f] != NULL)
                list[found++] = (cached_file){sample->source, sample->file[modality][f], sample};
    }
    qsort(list, found, sizeof *list, compare_files);
    for (size_t i = 0; i < found; i++)
        if (i == 0 || compare_files(&list[i], &list[unique - 1]) != 0)
            list[unique++] = list[i];
    *files = list;
    *count = unique;
    return BCUE_OK;
}

static bcue_status place_samples(bcue_feature_cache *cache, const bcue_dataset *dataset,
                                 bcue_modality modality, const cached_file *files, size_t count,
                                 bcue_error *error)
{
    size_t samples = bcue_dataset_count(dataset);
    cache->window = (size_t)bcue_dataset_frames(dataset);
    cache->place = bcue_calloc(samples * cache->window, sizeof *cache->place);
    if (cache->place == NULL)
        return bcue_fail_memory(error, "the cache");
    for (size_t i = 0; i < samples; i++) {
        const bcue_sample *sample = bcue_dataset_sample(dataset, i);
        for (size_t f = 0; f < cache->window; f++) {
            const char *file = sample->file[modality] != NULL ? sample->file[modality][f] : NULL;
            cached_file wanted = {sample->source, file, NULL};
            const cached_file *found =
                file != NULL ? bsearch(&wanted, files, count, sizeof wanted, compare_files) : NULL;
            cache->place[i * cache->window + f] = found != NULL ? found - files : -1;
        }
    }
    return BCUE_OK;
}

/* A file by its name, size and time of change. */
static void hash_file(bcue_hash *hash, const char *path)
{
    struct stat info;
    bcue_hash_text(hash, path);
    if (path != NULL && stat(path, &info) == 0) {
        bcue_hash_int(hash, (int64_t)info.st_size);
        bcue_hash_int(hash, (int64_t)info.st_mtim.tv_sec);
        bcue_hash_int(hash, (int64_t)info.st_mtim.tv_nsec);
    }
}

static void hash_camera(bcue_hash *hash, const bcue_camera_recipe *recipe)
{
    bcue_hash_int(hash, recipe->width);
    bcue_hash_int(hash, recipe->height);
    bcue_hash_int(hash, recipe->channels);
    bcue_hash_int(hash, recipe->input_width);
    bcue_hash_int(hash, recipe->input_height);
}

static void hash_lidar(bcue_hash *hash, const bcue_lidar_recipe *recipe)
{
    bcue_hash_int(hash, recipe->width);
    bcue_hash_int(hash, recipe->height);
    bcue_hash_int(hash, recipe->field_of_view);
    bcue_hash_double(hash, recipe->x_low_m);
    bcue_hash_double(hash, recipe->x_high_m);
    bcue_hash_double(hash, recipe->y_low_m);
    bcue_hash_double(hash, recipe->y_high_m);
    bcue_hash_int(hash, recipe->clip);
    hash_file(hash, recipe->background);
    if (recipe->ground_m > 0) { /* caches from before stay good */
        bcue_hash_double(hash, recipe->ground_m);
        bcue_hash_double(hash, recipe->height_m);
        bcue_hash_double(hash, recipe->pitch_deg);
    }
}

static void hash_radar(bcue_hash *hash, const bcue_radar_recipe *recipe)
{
    bcue_hash_int(hash, recipe->width);
    bcue_hash_int(hash, recipe->height);
    bcue_hash_int(hash, recipe->kind);
    bcue_hash_double(hash, recipe->dynamic_range_db);
    bcue_hash_double(hash, recipe->points_range_m);
    bcue_hash_double(hash, recipe->points_azimuth_deg);
    bcue_hash_double(hash, recipe->points_velocity_mps);
    bcue_hash_int(hash, recipe->points_clip);
    if (recipe->kind != BCUE_RADAR_HPS) /* caches from before stay good */
        return;
    bcue_hash_int(hash, recipe->points);
    bcue_hash_int(hash, recipe->hps);
    bcue_hash_int(hash, recipe->points_frame);
    bcue_hash_double(hash, recipe->points_altitude_deg);
    bcue_hash_double(hash, recipe->points_pitch_deg);
    bcue_hash_double(hash, recipe->points_height_m);
}

static void hash_vehicles(bcue_hash *hash, const bcue_vehicle_recipe *recipe)
{
    bcue_hash_int(hash, recipe->most);
    bcue_hash_double(hash, recipe->scale_m);
}

/* Recipe and files with sizes and times of change: whatever would change a frame changes the key. */
static uint64_t make_key(const bcue_dataset *dataset, const bcue_feature_config *features,
                         bcue_modality modality, const cached_file *files, size_t count)
{
    bcue_hash hash = bcue_hash_begin();
    bcue_hash_int(&hash, CACHE_VERSION);
    bcue_hash_text(&hash, bcue_modality_name(modality));
    if (modality == BCUE_CAMERA)
        hash_camera(&hash, &features->camera);
    else if (modality == BCUE_LIDAR)
        hash_lidar(&hash, &features->lidar);
    else if (modality == BCUE_VEHICLES)
        hash_vehicles(&hash, &features->vehicles);
    else
        hash_radar(&hash, &features->radar);
    for (size_t i = 0; i < count; i++) {
        char *path = bcue_dataset_path(dataset, files[i].sample, files[i].file);
        hash_file(&hash, path);
        bcue_hash_int(&hash, files[i].sample->scenario);
        for (int axis = 0; modality == BCUE_VEHICLES && axis < 2; axis++)
            bcue_hash_double(&hash, files[i].sample->rsu_fix[axis]);
        const double *pose = files[i].sample->radar_pose;
        for (int part = 0; modality == BCUE_RADAR && !isnan(pose[0]) && part < 2; part++)
            bcue_hash_double(&hash, pose[part]);
        free(path);
    }
    return bcue_hash_end(&hash);
}

static uint64_t checksum(const void *data, size_t size)
{
    bcue_hash hash = bcue_hash_begin();
    bcue_hash_bytes(&hash, data, size);
    return bcue_hash_end(&hash);
}

static void make_header(cache_header *header, uint64_t key, size_t frames, size_t frame_floats,
                        const cache_entry *entries)
{
    *header = (cache_header){.version = CACHE_VERSION,
                             .byte_order = 0x01020304,
                             .key = key,
                             .frames = frames,
                             .frame_floats = frame_floats};
    memcpy(header->magic, cache_magic, sizeof cache_magic);
    uint64_t tables = sizeof *header + frames * sizeof *entries;
    header->payload_offset = (tables + PAYLOAD_ALIGNMENT - 1) / PAYLOAD_ALIGNMENT * PAYLOAD_ALIGNMENT;
    header->file_size = header->payload_offset + (uint64_t)frames * frame_floats * sizeof(float);
    header->entries_checksum = checksum(entries, frames * sizeof *entries);
    header->header_checksum = checksum(header, offsetof(cache_header, header_checksum));
}

/* Decode a chunk of files in parallel. */
typedef struct chunk {
    const bcue_dataset *dataset;
    const bcue_frame_recipes *recipes;
    bcue_modality modality;
    const cached_file *files;
    size_t frame_floats;
    float *frames;
    cache_entry *entries;
    bcue_error *errors;
} chunk;

static void decode_one(void *context, size_t i)
{
    const chunk *job = context;
    float *out = job->frames + i * job->frame_floats;
    const bcue_sample *sample = job->files[i].sample;
    bcue_radar_maps *maps = NULL;
    char *path = bcue_dataset_path(job->dataset, sample, job->files[i].file);
    bool good = path != NULL && bcue_frame_read(job->recipes, job->modality, path, sample, &maps, NULL, out,
                                                &job->errors[i]) == BCUE_OK;
    bcue_radar_maps_destroy(maps);
    if (!good)
        memset(out, 0, job->frame_floats * sizeof *out);
    job->entries[i].present = good;
    job->entries[i].checksum = checksum(out, job->frame_floats * sizeof *out);
    free(path);
}

static bcue_status write_frames(bcue_file_writer *writer, chunk *job, size_t count, cache_entry *entries,
                                const bcue_hooks *hooks, bcue_error *error)
{
    static const char *const stages[BCUE_MODALITY_COUNT] = {"pack pictures", "pack LiDAR",
                                                            "pack radar", [BCUE_VEHICLES] = "pack vehicles"};
    const char *stage = stages[job->modality];
    int warnings = 0;
    const cached_file *files = job->files;
    for (size_t done = 0; done < count;) {
        size_t now = count - done < FRAMES_PER_CHUNK ? count - done : FRAMES_PER_CHUNK;
        if (bcue_cancelled(hooks))
            return bcue_fail(error, BCUE_ERROR_CANCELLED, "%s: stopped while packing frames", writer->path);
        bcue_progress(hooks, stage, done, count);
        job->files = files + done;
        job->entries = entries + done;
        bcue_parallel_for(now, 1, decode_one, job);
        for (size_t i = 0; i < now; i++)
            if (!job->entries[i].present && warnings++ < LOUD_WARNINGS)
                bcue_log(hooks, BCUE_LOG_WARNING, "%s; used as missing%s", job->errors[i].text,
                         warnings == LOUD_WARNINGS ? " (further ones are only counted)" : "");
        size_t floats = now * job->frame_floats;
        if (fwrite(job->frames, sizeof(float), floats, writer->stream) != floats)
            return bcue_fail(error, BCUE_ERROR_IO, "%s: cannot write; is the disk full?", writer->path);
        done += now;
    }
    bcue_progress(hooks, stage, count, count);
    return BCUE_OK;
}

static bcue_status fill_file(bcue_file_writer *writer, chunk *job, uint64_t key, size_t count,
                             const bcue_hooks *hooks, bcue_error *error)
{
    cache_entry *entries = bcue_calloc(count, sizeof *entries);
    job->frames = bcue_calloc_aligned(FRAMES_PER_CHUNK * job->frame_floats, sizeof(float));
    job->errors = bcue_calloc(FRAMES_PER_CHUNK, sizeof *job->errors);
    bcue_status status = BCUE_OK;
    cache_header header;
    if (entries == NULL || job->frames == NULL || job->errors == NULL)
        status = bcue_fail_memory(error, "packing frames");
    if (status == BCUE_OK) {
        make_header(&header, key, count, job->frame_floats, entries);
        if (fseeko(writer->stream, (off_t)header.payload_offset, SEEK_SET) != 0)
            status = bcue_fail(error, BCUE_ERROR_IO, "%s: cannot seek", writer->path);
    }
    if (status == BCUE_OK)
        status = write_frames(writer, job, count, entries, hooks, error);
    if (status == BCUE_OK) {
        make_header(&header, key, count, job->frame_floats, entries);
        if (fseeko(writer->stream, 0, SEEK_SET) != 0 ||
            fwrite(&header, sizeof header, 1, writer->stream) != 1 ||
            fwrite(entries, sizeof *entries, count, writer->stream) != count)
            status = bcue_fail(error, BCUE_ERROR_IO, "%s: cannot write; is the disk full?", writer->path);
    }
    free(entries);
    free(job->frames);
    free(job->errors);
    return status;
}

static size_t frame_size(const bcue_frame_recipes *recipes, bcue_modality modality)
{
    int64_t shape[3];
    (void)bcue_feature_shape(&recipes->features, modality, shape);
    return (size_t)(shape[0] * shape[1] * shape[2]);
}

static bcue_status build(const char *path, chunk *job, size_t count, uint64_t key, const bcue_hooks *hooks,
                         bcue_error *error)
{
    bcue_file_writer writer;
    BCUE_TRY(bcue_file_writer_open(&writer, path, error));
    bcue_status status = fill_file(&writer, job, key, count, hooks, error);
    if (status == BCUE_OK)
        status = bcue_file_writer_commit(&writer, error);
    bcue_file_writer_abandon(&writer);
    return status;
}

typedef struct verification {
    const bcue_feature_cache *cache;
    unsigned char *bad;
} verification;

static void verify_one(void *context, size_t i)
{
    const verification *job = context;
    const float *frame = job->cache->frames + i * job->cache->frame_floats;
    job->bad[i] =
        checksum(frame, job->cache->frame_floats * sizeof *frame) != job->cache->entries[i].checksum;
}

/* What is wrong with the mapped file; NULL: nothing. */
static const char *find_fault(bcue_feature_cache *cache, uint64_t key, size_t count, size_t frame_floats)
{
    cache_header header, expected;
    const bcue_mapping *mapping = &cache->mapping;
    if (mapping->size < sizeof header)
        return "shorter than its header";
    memcpy(&header, mapping->data, sizeof header);
    if (memcmp(header.magic, cache_magic, sizeof cache_magic) != 0 || header.version != CACHE_VERSION ||
        header.byte_order != 0x01020304)
        return "no cache of this version and machine";
    if (header.header_checksum != checksum(&header, offsetof(cache_header, header_checksum)))
        return "damaged in its header";
    if (header.key != key || header.frames != count || header.frame_floats != frame_floats)
        return "made of other files or by another recipe";
    if (header.file_size != mapping->size || mapping->size < sizeof header + count * sizeof(cache_entry))
        return "cut off";
    cache->entries = (const cache_entry *)(const void *)(mapping->data + sizeof header);
    make_header(&expected, key, count, frame_floats, cache->entries);
    if (memcmp(&expected, &header, sizeof header) != 0)
        return "damaged in its table";
    cache->frames = (const float *)(const void *)(mapping->data + header.payload_offset);
    cache->frame_floats = frame_floats;
    verification job = {cache, bcue_calloc(count, 1)};
    if (job.bad == NULL)
        return "not verifiable without memory";
    bcue_parallel_for(count, 4, verify_one, &job);
    bool damaged = false;
    for (size_t i = 0; i < count; i++)
        damaged = damaged || job.bad[i] != 0;
    free(job.bad);
    return damaged ? "damaged in a frame" : NULL;
}

static bcue_status open_or_build(bcue_feature_cache *cache, chunk *job, size_t count, uint64_t key,
                                 const bcue_hooks *hooks, bcue_error *error)
{
    const cached_file *files = job->files;
    for (int attempt = 0; attempt < 2; attempt++) {
        if (bcue_path_exists(cache->path)) {
            BCUE_TRY(bcue_file_map(cache->path, &cache->mapping, error));
            const char *fault = find_fault(cache, key, count, job->frame_floats);
            if (fault == NULL)
                return BCUE_OK;
            bcue_file_unmap(&cache->mapping);
            bcue_log(hooks, BCUE_LOG_WARNING, "%s: %s; building it again", cache->path, fault);
        }
        job->files = files;
        if (attempt == 0)
            BCUE_TRY(build(cache->path, job, count, key, hooks, error));
        cache->built = true;
    }
    return bcue_fail(error, BCUE_ERROR_IO, "%s: cannot be read back right after writing; is the disk sound?",
                     cache->path);
}

static bcue_status make_path(bcue_feature_cache *cache, bcue_modality modality, const char *folder,
                             uint64_t key, bcue_error *error)
{
    char name[64];
    snprintf(name, sizeof name, "%s-%016llx.cache", bcue_modality_name(modality), (unsigned long long)key);
    BCUE_TRY(bcue_check_writable_dir(folder, error));
    cache->path = bcue_path_join(folder, name);
    return cache->path != NULL ? BCUE_OK : bcue_fail_memory(error, "the cache");
}

bcue_status bcue_feature_cache_open(const bcue_dataset *dataset, const bcue_frame_recipes *recipes,
                                    bcue_modality modality, const char *folder, const bcue_hooks *hooks,
                                    bcue_feature_cache **cache, bcue_error *error)
{
    cached_file *files = NULL;
    size_t count = 0;
    BCUE_TRY(list_files(dataset, modality, &files, &count, error));
    bcue_feature_cache *opened = bcue_calloc(1, sizeof *opened);
    bcue_status status = opened != NULL ? place_samples(opened, dataset, modality, files, count, error)
                                        : bcue_fail_memory(error, "the cache");
    uint64_t key = make_key(dataset, &recipes->features, modality, files, count);
    chunk job = {.dataset = dataset,
                 .recipes = recipes,
                 .modality = modality,
                 .files = files,
                 .frame_floats = frame_size(recipes, modality)};
    if (status == BCUE_OK)
        status = make_path(opened, modality, folder, key, error);
    if (status == BCUE_OK)
        status = open_or_build(opened, &job, count, key, hooks, error);
    free(files);
    if (status != BCUE_OK) {
        bcue_feature_cache_close(opened);
        return status;
    }
    *cache = opened;
    return BCUE_OK;
}

void bcue_feature_cache_close(bcue_feature_cache *cache)
{
    if (cache == NULL)
        return;
    bcue_file_unmap(&cache->mapping);
    free(cache->place);
    free(cache->path);
    free(cache);
}

const float *bcue_feature_cache_frame(const bcue_feature_cache *cache, size_t sample, size_t frame)
{
    int64_t place = cache->place[sample * cache->window + frame];
    if (place < 0 || !cache->entries[place].present)
        return NULL;
    return cache->frames + (size_t)place * cache->frame_floats;
}

const char *bcue_feature_cache_path(const bcue_feature_cache *cache)
{
    return cache->path;
}

bool bcue_feature_cache_was_built(const bcue_feature_cache *cache)
{
    return cache->built;
}

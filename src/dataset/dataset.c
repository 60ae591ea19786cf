#include "dataset/recordings.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/hash.h"
#include "dataset/fix_error.h"
#include "dataset/source_table.h"

struct bcue_dataset {
    bcue_arena *arena;
    bcue_source_table *tables;
    size_t table_count;
    bcue_sample_list samples;
    size_t episodes;
    int32_t beams, beam_step, frames, gps_frames, stride;
    bool index_monotone, other_codebook, required[BCUE_MODALITY_COUNT];
    bcue_defects defects;
    char *cache;
    char hash[17];
};

void bcue_dataset_destroy(bcue_dataset *dataset)
{
    if (dataset == NULL)
        return;
    for (size_t i = 0; i < dataset->table_count; i++) {
        bcue_csv_destroy(dataset->tables[i].csv);
        free(dataset->tables[i].name);
        free(dataset->tables[i].root);
    }
    free(dataset->tables);
    free(dataset->samples.items);
    free(dataset->cache);
    bcue_arena_destroy(dataset->arena);
    free(dataset);
}

/* The folder of the config file that gave `key`, malloc'd; NULL when no file did. */
static char *config_folder(const bcue_config *origin, const char *key)
{
    const char *where = origin != NULL ? bcue_config_where(origin, key) : NULL;
    if (where == NULL || bcue_starts_with(where, "--set"))
        return NULL;
    char *path = bcue_strdup(where);
    char *colon = path != NULL ? strrchr(path, ':') : NULL;
    int64_t line;
    if (colon != NULL && bcue_parse_int64(colon + 1, &line))
        *colon = '\0';
    char *folder = path != NULL ? bcue_path_dirname(path) : NULL;
    free(path);
    return folder;
}

char *bcue_config_relative_path(const bcue_config *origin, const char *key, const char *path)
{
    char *folder = config_folder(origin, key);
    char *beside = folder != NULL ? bcue_path_join(folder, path) : NULL;
    free(folder);
    if (beside != NULL && bcue_path_exists(beside))
        return beside;
    free(beside);
    return bcue_strdup(path);
}

static bcue_status name_source(bcue_source_job *job, bcue_error *error)
{
    bcue_source_table *table = job->table;
    char key[64];
    snprintf(key, sizeof key, "data.sources.%zu.root", job->number);
    if (job->source->root == NULL)
        return bcue_source_fail(job, error, "root", "is missing; give the folder of the recording");
    table->root = bcue_config_relative_path(job->origin, key, job->source->root);
    if (table->root == NULL)
        return bcue_fail_memory(error, "a folder name");
    size_t length = strlen(table->root);
    while (length > 1 && table->root[length - 1] == '/')
        table->root[--length] = '\0';
    if (!bcue_path_is_dir(table->root))
        return bcue_source_fail(job, error, "root",
                                "there is no folder %s; download the recording or correct the path",
                                table->root);
    const char *name = job->source->name;
    if (name == NULL && job->source->format == BCUE_DATA_NPY && job->source->prefix != NULL)
        name = job->source->prefix;
    table->name = bcue_strdup(name != NULL ? name : bcue_path_basename(table->root));
    return table->name != NULL ? BCUE_OK : bcue_fail_memory(error, "a source name");
}

static bcue_status read_source(bcue_source_job *job, bcue_error *error)
{
    BCUE_TRY(name_source(job, error));
    switch ((bcue_data_format)job->source->format) {
    case BCUE_DATA_DEEPSENSE:
        return bcue_source_read_csv(job, error);
    case BCUE_DATA_NPY:
        return bcue_source_read_npy(job, error);
    case BCUE_DATA_PAPER_B:
        return bcue_source_read_paper_b(job, error);
    }
    return bcue_source_fail(job, error, "format", "is not a known format");
}

/* Every index of a table must name one row, for ids; else rows are named by their place. */
static int compare_text(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static bcue_status settle_indices(bcue_source_job *job, bcue_error *error)
{
    bcue_source_table *table = job->table;
    const char **names = bcue_calloc(table->row_count, sizeof *names);
    if (names == NULL)
        return bcue_fail_memory(error, table->name);
    for (size_t i = 0; i < table->row_count; i++)
        names[i] = table->rows[i].index;
    qsort(names, table->row_count, sizeof *names, compare_text);
    bool repeated = false;
    for (size_t i = 1; i < table->row_count; i++)
        repeated = repeated || strcmp(names[i], names[i - 1]) == 0;
    free(names);
    for (size_t i = 0; repeated && i < table->row_count; i++) {
        table->rows[i].index = bcue_arena_printf(job->arena, "row%zu", i + 1);
        if (table->rows[i].index == NULL)
            return bcue_fail_memory(error, table->name);
    }
    return BCUE_OK;
}

static void add_defects(bcue_defects *sum, const bcue_defects *part)
{
    /* The struct is counts only, so that a new one cannot be forgotten here. */
    int64_t values[sizeof *sum / sizeof(int64_t)], more[sizeof *sum / sizeof(int64_t)];
    memcpy(values, sum, sizeof *sum);
    memcpy(more, part, sizeof *part);
    for (size_t i = 0; i < sizeof *sum / sizeof(int64_t); i++)
        values[i] += more[i];
    memcpy(sum, values, sizeof *sum);
}

static bcue_status check_config(const bcue_data_config *config, const bcue_config *origin, bcue_error *error)
{
    if (config->sources.count == 0)
        return bcue_key_fail(origin, error, "data.sources", "names no recording");
    if (config->beam_step > config->beams)
        return bcue_key_fail(origin, error, "data.beam_step", "is more than data.beams");
    for (size_t i = 0; i < config->require.count; i++)
        if (bcue_modality_find(config->require.items[i]) == BCUE_MODALITY_COUNT)
            return bcue_key_fail(origin, error, "data.require",
                                 "%s is no modality; expected camera, lidar, radar, gps or vehicles",
                                 config->require.items[i]);
    return BCUE_OK;
}

static bcue_status check_required_columns(const bcue_source_job *job, bcue_error *error)
{
    const bcue_source_table *table = job->table;
    for (size_t i = 0; i < job->data->require.count; i++) {
        bcue_modality modality = bcue_modality_find(job->data->require.items[i]);
        bool has = table->has[modality];
        for (size_t row = 0; modality == BCUE_GPS && !has && row < table->row_count; row++)
            has = table->rows[row].fix[0] == table->rows[row].fix[0];
        if (!has)
            return bcue_key_fail(job->origin, error, "data.require", "%s is required, but %s has none at all",
                                 job->data->require.items[i], table->name);
    }
    return BCUE_OK;
}

static bcue_status check_pose(const bcue_source_job *job, bcue_error *error)
{
    const bcue_double_list *pose = &job->source->radar_pose;
    if (pose->count == 0 ||
        (pose->count == 2 && pose->items[0] >= 0.1 && pose->items[0] <= 1000 && fabs(pose->items[1]) <= 90))
        return BCUE_OK;
    return bcue_source_fail(job, error, "radar_pose",
                            "needs two numbers, the radar's height above ground, 0.1 to 1000 m, and its "
                            "pitch, -90 to 90 degrees, positive upwards");
}

static bcue_status open_source(bcue_dataset *dataset, bcue_source_job *job, bcue_error *error)
{
    BCUE_TRY(check_pose(job, error));
    BCUE_TRY(read_source(job, error));
    for (size_t other = 0; other < job->number; other++)
        if (strcmp(dataset->tables[other].name, job->table->name) == 0)
            return bcue_source_fail(job, error, "name", "%s is the name of two sources; give each its own",
                                    job->table->name);
    BCUE_TRY(settle_indices(job, error));
    BCUE_TRY(bcue_source_codebook_read(job, error));
    BCUE_TRY(bcue_labels_resolve(job, error));
    BCUE_TRY(check_required_columns(job, error));
    bcue_fix_errors_slow(job);
    BCUE_TRY(bcue_windows_make(job, dataset->episodes, &dataset->samples, error));
    dataset->episodes += job->table->episode_count;
    add_defects(&dataset->defects, &job->table->defects);
    return BCUE_OK;
}

static void hash_dataset(bcue_dataset *dataset)
{
    bcue_hash hash = bcue_hash_begin();
    bcue_hash_int(&hash, dataset->beams);
    bcue_hash_int(&hash, dataset->frames);
    bcue_hash_int(&hash, dataset->gps_frames);
    for (size_t i = 0; i < dataset->samples.count; i++) {
        const bcue_sample *sample = &dataset->samples.items[i];
        bcue_hash_text(&hash, sample->id);
        bcue_hash_int(&hash, sample->episode);
        bcue_hash_int(&hash, sample->label);
        for (int m = 0; m < BCUE_MODALITY_COUNT; m++)
            for (int f = 0; sample->file[m] != NULL && f < dataset->frames; f++)
                bcue_hash_text(&hash, sample->file[m][f]);
        for (int f = 0; f < 2 * dataset->gps_frames; f++)
            bcue_hash_double(&hash, sample->fix[f]);
        for (int b = 0; sample->power != NULL && b < dataset->beams; b++)
            bcue_hash_double(&hash, sample->power[b]);
    }
    snprintf(dataset->hash, sizeof dataset->hash, "%016llx", (unsigned long long)bcue_hash_end(&hash));
}

static bcue_status fill_dataset(bcue_dataset *dataset, const bcue_data_config *config,
                                const bcue_config *origin, const bcue_hooks *hooks, bcue_error *error)
{
    dataset->arena = bcue_arena_create();
    dataset->tables = bcue_calloc(config->sources.count, sizeof *dataset->tables);
    dataset->cache = bcue_strdup(config->cache);
    if (dataset->arena == NULL || dataset->tables == NULL ||
        (config->cache != NULL && dataset->cache == NULL))
        return bcue_fail_memory(error, "the data set");
    dataset->beam_step = (int32_t)config->beam_step;
    dataset->beams = (int32_t)((config->beams + config->beam_step - 1) / config->beam_step);
    dataset->frames = (int32_t)config->window.frames;
    dataset->gps_frames = (int32_t)config->gps_frames;
    dataset->stride = (int32_t)config->window.stride;
    dataset->index_monotone = config->index_monotone;
    dataset->other_codebook = config->other_codebook;
    for (size_t i = 0; i < config->require.count; i++)
        dataset->required[bcue_modality_find(config->require.items[i])] = true;
    const bcue_source_config *sources = config->sources.items;
    for (size_t i = 0; i < config->sources.count; i++) {
        bcue_source_job job = {config, &sources[i], origin, hooks, dataset->arena, i, &dataset->tables[i]};
        dataset->table_count = i + 1;
        BCUE_TRY(open_source(dataset, &job, error));
    }
    if (dataset->samples.count == 0)
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "no sample is left of %lld rows: %lld do not fill a window, %lld lack a required "
                         "modality; make data.window "
                         "shorter or require less",
                         (long long)dataset->defects.rows,
                         (long long)dataset->defects.window_crossing_dropped,
                         (long long)dataset->defects.required_missing_dropped);
    hash_dataset(dataset);
    return BCUE_OK;
}

bcue_status bcue_dataset_open(const bcue_data_config *config, const bcue_config *origin,
                              const bcue_hooks *hooks, bcue_dataset **dataset, bcue_error *error)
{
    BCUE_TRY(check_config(config, origin, error));
    bcue_dataset *opened = bcue_calloc(1, sizeof *opened);
    if (opened == NULL)
        return bcue_fail_memory(error, "the data set");
    bcue_status status = fill_dataset(opened, config, origin, hooks, error);
    if (status != BCUE_OK) {
        bcue_dataset_destroy(opened);
        return status;
    }
    *dataset = opened;
    return BCUE_OK;
}

size_t bcue_dataset_count(const bcue_dataset *dataset)
{
    return dataset->samples.count;
}

const bcue_sample *bcue_dataset_sample(const bcue_dataset *dataset, size_t index)
{
    return &dataset->samples.items[index];
}

int32_t bcue_dataset_beams(const bcue_dataset *dataset)
{
    return dataset->beams;
}

int32_t bcue_dataset_beam_step(const bcue_dataset *dataset)
{
    return dataset->beam_step;
}

bool bcue_dataset_index_monotone(const bcue_dataset *dataset)
{
    return dataset->index_monotone;
}

const char *bcue_dataset_codebook(const bcue_dataset *dataset)
{
    for (size_t i = 0; i < dataset->table_count; i++)
        if (dataset->tables[i].codebook_count == 0)
            return NULL;
    const char *first = dataset->tables[0].codebooks[0].text;
    return bcue_dataset_codebook_unlike(dataset, first, NULL) == NULL ? first : NULL;
}

const char *bcue_dataset_codebook_unlike(const bcue_dataset *dataset, const char *mark, const char **source)
{
    for (size_t i = 0; i < dataset->table_count; i++)
        for (size_t k = 0; k < dataset->tables[i].codebook_count; k++)
            if (strcmp(dataset->tables[i].codebooks[k].text, mark) != 0) {
                if (source != NULL)
                    *source = dataset->tables[i].name;
                return dataset->tables[i].codebooks[k].text;
            }
    return NULL;
}

bool bcue_dataset_allows_other_codebook(const bcue_dataset *dataset)
{
    return dataset->other_codebook;
}

bool bcue_dataset_requires(const bcue_dataset *dataset, bcue_modality modality)
{
    return dataset->required[modality];
}

bool bcue_sample_has(const bcue_dataset *dataset, const bcue_sample *sample, bcue_modality modality)
{
    if (modality == BCUE_GPS) {
        const double *newest =
            sample->fix != NULL ? sample->fix + 2 * (bcue_dataset_gps_frames(dataset) - 1) : NULL;
        return newest != NULL && isfinite(newest[0]) && isfinite(newest[1]);
    }
    return sample->file[modality] != NULL && sample->file[modality][bcue_dataset_frames(dataset) - 1] != NULL;
}

int32_t bcue_dataset_frames(const bcue_dataset *dataset)
{
    return dataset->frames;
}

int32_t bcue_dataset_gps_frames(const bcue_dataset *dataset)
{
    return dataset->gps_frames;
}

int32_t bcue_dataset_stride(const bcue_dataset *dataset)
{
    return dataset->stride;
}

size_t bcue_dataset_episodes(const bcue_dataset *dataset)
{
    return dataset->episodes;
}

size_t bcue_dataset_sources(const bcue_dataset *dataset)
{
    return dataset->table_count;
}

const char *bcue_dataset_source_name(const bcue_dataset *dataset, size_t source)
{
    return dataset->tables[source].name;
}

const char *bcue_dataset_source_root(const bcue_dataset *dataset, size_t source)
{
    return dataset->tables[source].root;
}

const bcue_defects *bcue_dataset_defects(const bcue_dataset *dataset)
{
    return &dataset->defects;
}

const bcue_defects *bcue_dataset_source_defects(const bcue_dataset *dataset, size_t source)
{
    return &dataset->tables[source].defects;
}

const char *bcue_dataset_cache_folder(const bcue_dataset *dataset)
{
    return dataset->cache;
}

const char *bcue_dataset_hash(const bcue_dataset *dataset)
{
    return dataset->hash;
}

const bcue_source_table *bcue_dataset_table(const bcue_dataset *dataset, size_t source)
{
    return &dataset->tables[source];
}

char *bcue_dataset_path(const bcue_dataset *dataset, const bcue_sample *sample, const char *file)
{
    return bcue_path_join(dataset->tables[sample->source].root, file);
}

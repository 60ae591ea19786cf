#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/hash.h"
#include "dataset/fix_error.h"
#include "dataset/source_table.h"
#include "formats/npy.h"

typedef struct npy_set {
    bcue_npy power, position, rsu, sequence;
    bool has_position, has_rsu, has_sequence;
} npy_set;

static void free_set(npy_set *set)
{
    bcue_npy_free(&set->power);
    bcue_npy_free(&set->position);
    bcue_npy_free(&set->rsu);
    bcue_npy_free(&set->sequence);
}

/* Does `name` read PREFIX + part [+ "_" ...] + ".npy", so that unit2_loc does not take unit2_loc_cal and
 * scenario1 not scenario10? */
static bool is_part(const char *name, const char *prefix, const char *part)
{
    size_t length = strlen(prefix), part_length = strlen(part);
    if (strncmp(name, prefix, length) != 0 || strncmp(name + length, part, part_length) != 0 ||
        !bcue_ends_with(name, ".npy"))
        return false;
    const char *rest = name + length + part_length;
    return strcmp(rest, ".npy") == 0 || (rest[0] == '_' && strncmp(rest, "_cal", 4) != 0);
}

/* The one file of the folder that is PREFIX + part; found false: none. */
static bcue_status find_part(const bcue_source_job *job, const char *prefix, const char *part, char *found,
                             size_t size, bcue_error *error)
{
    DIR *folder = opendir(job->table->root);
    if (folder == NULL)
        return bcue_source_fail(job, error, "root", "cannot open the folder %s", job->table->root);
    found[0] = '\0';
    int count = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (is_part(entry->d_name, prefix, part)) {
            count++;
            snprintf(found, size, "%s", entry->d_name);
        }
    closedir(folder);
    if (count > 1)
        return bcue_source_fail(job, error, "prefix", "%s has %d files %s%s*.npy; leave one",
                                job->table->root, count, prefix, part);
    return BCUE_OK;
}

static bcue_status read_part(const bcue_source_job *job, const char *name, bcue_npy *array, int rank,
                             size_t rows, size_t columns, bcue_error *error)
{
    char *path = bcue_path_join(job->table->root, name);
    if (path == NULL)
        return bcue_fail_memory(error, "a file name");
    bcue_status status = bcue_npy_read(path, array, error);
    if (status == BCUE_OK && array->rank != rank)
        status =
            bcue_fail(error, BCUE_ERROR_DATA, "%s: has %d dimensions, expected %d", path, array->rank, rank);
    else if (status == BCUE_OK && rows != 0 && array->shape[0] != rows)
        status = bcue_fail(error, BCUE_ERROR_DATA, "%s: has %zu rows, but the power has %zu", path,
                           array->shape[0], rows);
    else if (status == BCUE_OK && rank == 2 && array->shape[1] != columns)
        status = bcue_fail(error, BCUE_ERROR_DATA, "%s: has %zu columns, expected %zu%s", path,
                           array->shape[1], columns, rows == 0 ? " (data.beams)" : "");
    free(path);
    return status;
}

/* Without a prefix in the config: that of the only power file. */
static bcue_status choose_prefix(const bcue_source_job *job, char *prefix, size_t size, bcue_error *error)
{
    static const char part[] = "_unit1_pwr_60ghz";
    if (job->source->prefix != NULL) {
        snprintf(prefix, size, "%s", job->source->prefix);
        return BCUE_OK;
    }
    DIR *folder = opendir(job->table->root);
    if (folder == NULL)
        return bcue_source_fail(job, error, "root", "cannot open the folder %s", job->table->root);
    int count = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        const char *at = strstr(entry->d_name, part);
        if (at == NULL || !bcue_ends_with(entry->d_name, ".npy"))
            continue;
        count++;
        snprintf(prefix, size, "%.*s", (int)(at - entry->d_name), entry->d_name);
    }
    closedir(folder);
    if (count == 1)
        return BCUE_OK;
    return bcue_source_fail(job, error, "prefix", "%s has %d files *%s*.npy; say which by `prefix`",
                            job->table->root, count, part);
}

static bcue_status read_set(const bcue_source_job *job, npy_set *set, bcue_error *error)
{
    char prefix[256] = "", name[512] = "";
    BCUE_TRY(choose_prefix(job, prefix, sizeof prefix, error));
    BCUE_TRY(find_part(job, prefix, "_unit1_pwr_60ghz", name, sizeof name, error));
    if (name[0] == '\0')
        return bcue_source_fail(job, error, "prefix", "%s has no %s_unit1_pwr_60ghz*.npy", job->table->root,
                                prefix);
    BCUE_TRY(read_part(job, name, &set->power, 2, 0, (size_t)job->data->beams, error));
    size_t rows = set->power.shape[0];
    if (rows == 0)
        return bcue_fail(error, BCUE_ERROR_DATA, "%s/%s: has no rows", job->table->root, name);
    BCUE_TRY(find_part(job, prefix, "_unit2_loc_cal", name, sizeof name, error));
    if (name[0] == '\0')
        BCUE_TRY(find_part(job, prefix, "_unit2_loc", name, sizeof name, error));
    set->has_position = name[0] != '\0';
    if (set->has_position)
        BCUE_TRY(read_part(job, name, &set->position, 2, rows, 2, error));
    BCUE_TRY(find_part(job, prefix, "_unit1_loc", name, sizeof name, error));
    set->has_rsu = name[0] != '\0';
    if (set->has_rsu)
        BCUE_TRY(read_part(job, name, &set->rsu, 2, rows, 2, error));
    BCUE_TRY(find_part(job, prefix, "_seq_index", name, sizeof name, error));
    set->has_sequence = name[0] != '\0';
    if (set->has_sequence)
        BCUE_TRY(read_part(job, name, &set->sequence, 1, rows, 1, error));
    return BCUE_OK;
}

static bcue_status fill_row(bcue_source_job *job, const npy_set *set, size_t i, bcue_error *error)
{
    bcue_row *row = &job->table->rows[i];
    size_t beams = (size_t)job->data->beams;
    row->index = bcue_arena_printf(job->arena, "%zu", i + 1);
    row->power = bcue_arena_alloc(job->arena, beams, sizeof *row->power);
    if (row->index == NULL || row->power == NULL)
        return bcue_fail_memory(error, job->table->name);
    for (size_t b = 0; b < beams; b++)
        row->power[b] =
            bcue_npy_get(&set->power, i * beams + (job->source->reverse_beams ? beams - 1 - b : b));
    row->power_present = true;
    for (size_t axis = 0; axis < 2; axis++) {
        if (set->has_position)
            row->fix[axis] = bcue_npy_get(&set->position, 2 * i + axis);
        if (set->has_rsu)
            row->rsu_fix[axis] = bcue_npy_get(&set->rsu, 2 * i + axis);
    }
    if (set->has_position && (isnan(row->fix[0]) || isnan(row->fix[1])))
        job->table->defects.nan_fix++;
    bcue_fix_error_white(job, row->index, row->fix);
    if (set->has_sequence) {
        double sequence = bcue_npy_get(&set->sequence, i);
        if (sequence != nearbyint(sequence) || fabs(sequence) > 2147483647.0)
            return bcue_fail(error, BCUE_ERROR_DATA,
                             "%s: seq_index of row %zu is %g, expected a whole number", job->table->name, i,
                             sequence);
        row->sequence = (int64_t)sequence;
    }
    bcue_hash key = bcue_hash_begin();
    bcue_hash_text(&key, job->table->root);
    bcue_hash_text(&key, job->table->name);
    bcue_hash_int(&key, (int64_t)i);
    row->key[0] = (int64_t)bcue_hash_end(&key);
    return BCUE_OK;
}

bcue_status bcue_source_read_npy(bcue_source_job *job, bcue_error *error)
{
    npy_set set = {0};
    bcue_status status = read_set(job, &set, error);
    if (status == BCUE_OK)
        status = bcue_source_table_create(job, set.power.shape[0], 1, error);
    for (size_t i = 0; status == BCUE_OK && i < job->table->row_count; i++)
        status = fill_row(job, &set, i, error);
    if (status == BCUE_OK)
        status = bcue_source_table_finish(job, set.has_sequence, error);
    free_set(&set);
    return status;
}

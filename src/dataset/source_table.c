#include "dataset/source_table.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/report_hooks.h"
#include "dataset/frame_check.h"

static const double row_period_s = 0.1; /* the recordings' 10 Hz, where nothing says otherwise */
static const double episode_gap_s = 2.0;

bcue_status bcue_key_fail(const bcue_config *origin, bcue_error *error, const char *key, const char *format,
                          ...)
{
    char sentence[640];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    if (origin != NULL)
        return bcue_config_fail(origin, error, key, "%s", sentence);
    return bcue_fail(error, BCUE_ERROR_CONFIG, "%s: %s", key, sentence);
}

bcue_status bcue_source_fail(const bcue_source_job *job, bcue_error *error, const char *key,
                             const char *format, ...)
{
    char sentence[640], full[96];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    snprintf(full, sizeof full, "data.sources.%zu.%s", job->number, key);
    return bcue_key_fail(job->origin, error, full, "%s", sentence);
}

static bool allocate_row(bcue_source_job *job, bcue_row *row, int slots)
{
    size_t count = (size_t)slots;
    row->key = bcue_arena_alloc(job->arena, count, sizeof *row->key);
    row->fix = bcue_arena_alloc(job->arena, 2 * count, sizeof *row->fix);
    if (row->key == NULL || row->fix == NULL)
        return false;
    for (int m = 0; m < BCUE_MODALITY_COUNT; m++) {
        if (!job->table->has[m])
            continue;
        row->file[m] = bcue_arena_alloc(job->arena, count, sizeof *row->file[m]);
        if (row->file[m] == NULL)
            return false;
    }
    for (size_t i = 0; i < 2 * count; i++)
        row->fix[i] = NAN;
    row->rsu_fix[0] = row->rsu_fix[1] = row->time_s = NAN;
    row->file_label = INT64_MIN;
    row->label = -1;
    row->number = -1;
    return true;
}

bcue_status bcue_source_table_create(bcue_source_job *job, size_t rows, int slots, bcue_error *error)
{
    bcue_source_table *table = job->table;
    table->rows = bcue_arena_alloc(job->arena, rows > 0 ? rows : 1, sizeof *table->rows);
    if (table->rows == NULL)
        return bcue_fail_memory(error, table->name);
    table->row_count = rows;
    table->slots = slots;
    table->defects.rows = (int64_t)rows;
    for (size_t i = 0; i < rows; i++)
        if (!allocate_row(job, &table->rows[i], slots))
            return bcue_fail_memory(error, table->name);
    return BCUE_OK;
}

static bool says_missing(const char *cell)
{
    static const char *const words[] = {"", "nan", "NaN", "None", "none", "null", "-1"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(cell, words[i]) == 0)
            return true;
    return false;
}

const char *bcue_source_table_file(bcue_source_job *job, bcue_modality modality, const char *cell)
{
    bcue_source_table *table = job->table;
    while (*cell == ' ')
        cell++;
    if (bcue_starts_with(cell, "./"))
        cell += 2;
    struct stat info;
    char *path = says_missing(cell) ? NULL : bcue_path_join(table->root, cell);
    bool there = path != NULL && stat(path, &info) == 0 && S_ISREG(info.st_mode);
    bool damaged = there && bcue_frame_damaged(path, modality, (size_t)info.st_size, job->data->verify);
    free(path);
    if (!there)
        table->defects.missing_file[modality]++;
    if (damaged)
        table->defects.damaged_file[modality]++;
    if (!there || damaged)
        return NULL;
    return bcue_arena_strdup(job->arena, cell);
}

/* Order rows by sequence, so that equal ones lie together and the first appearance leads. */
typedef struct sequence_order {
    int64_t sequence;
    size_t row;
} sequence_order;

static int compare_sequences(const void *left, const void *right)
{
    const sequence_order *a = left, *b = right;
    if (a->sequence != b->sequence)
        return a->sequence < b->sequence ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

/* Number the sequences 0, 1, ... by first appearance. */
static bcue_status number_episodes(bcue_source_table *table, bcue_error *error)
{
    size_t count = table->row_count;
    sequence_order *order = bcue_calloc(count, sizeof *order);
    size_t *episode = bcue_calloc(count, sizeof *episode);
    if (order == NULL || episode == NULL) {
        free(order);
        free(episode);
        return bcue_fail_memory(error, table->name);
    }
    for (size_t i = 0; i < count; i++)
        order[i] = (sequence_order){table->rows[i].sequence, i};
    qsort(order, count, sizeof *order, compare_sequences);
    size_t leaders = 0;
    for (size_t i = 0; i < count; i++) {
        bool leads = i == 0 || order[i].sequence != order[i - 1].sequence;
        size_t leader = leads ? order[i].row : episode[order[i - 1].row];
        episode[order[i].row] = leader; /* for now: the row where the sequence first appears */
        if (leads)
            leaders++;
    }
    size_t next = 0;
    for (size_t i = 0; i < count; i++)
        table->rows[i].episode = episode[i] == i ? next++ : table->rows[episode[i]].episode;
    table->episode_count = leaders;
    free(order);
    free(episode);
    return BCUE_OK;
}

/* Which folder a row's files lie in: the first component of the first file's path. */
static uint64_t folder_of(const bcue_row *row, int slots)
{
    for (int m = 0; m < BCUE_MODALITY_COUNT; m++)
        for (int s = slots - 1; row->file[m] != NULL && s >= 0; s--)
            if (row->file[m][s] != NULL) {
                uint64_t hash = 5381;
                for (const char *at = row->file[m][s]; *at != '\0' && *at != '/'; at++)
                    hash = hash * 33 + (unsigned char)*at;
                return hash;
            }
    return 0;
}

typedef struct place_in_time {
    uint64_t folder;
    int64_t number;
    size_t row;
} place_in_time;

static int compare_places(const void *left, const void *right)
{
    const place_in_time *a = left, *b = right;
    if (a->folder != b->folder)
        return a->folder < b->folder ? -1 : 1;
    if (a->number != b->number)
        return a->number < b->number ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

/* Without a sequence column: frames of one folder whose numbers follow closely are one recording. */
static bcue_status derive_sequences(bcue_source_table *table, bcue_error *error)
{
    size_t count = table->row_count;
    place_in_time *places = bcue_calloc(count, sizeof *places);
    if (places == NULL)
        return bcue_fail_memory(error, table->name);
    for (size_t i = 0; i < count; i++)
        places[i] = (place_in_time){folder_of(&table->rows[i], table->slots), table->rows[i].number, i};
    qsort(places, count, sizeof *places, compare_places);
    const int64_t largest_step = (int64_t)(episode_gap_s / row_period_s);
    int64_t sequence = 1;
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && (places[i].folder != places[i - 1].folder ||
                      places[i].number - places[i - 1].number > largest_step))
            sequence++;
        table->rows[places[i].row].sequence = sequence;
        if (places[i].number >= 0 && isnan(table->rows[places[i].row].time_s))
            table->rows[places[i].row].time_s = (double)places[i].number * row_period_s;
    }
    free(places);
    return BCUE_OK;
}

/* A recording that passed midnight goes on counting; one that lacks a stamp, or runs backwards, is timed by
 * its rows. */
static bcue_status settle_times(bcue_source_table *table, bcue_error *error)
{
    bool *by_row = bcue_calloc(table->episode_count, sizeof *by_row);
    double *last_s = bcue_calloc(table->episode_count, sizeof *last_s);
    if (by_row == NULL || last_s == NULL) {
        free(by_row);
        free(last_s);
        return bcue_fail_memory(error, table->name);
    }
    for (size_t i = 0; i < table->episode_count; i++)
        last_s[i] = -HUGE_VAL;
    for (size_t i = 0; i < table->row_count; i++) {
        bcue_row *row = &table->rows[i];
        while (row->time_s < last_s[row->episode] - 43200.0)
            row->time_s += 86400.0;
        if (isnan(row->time_s) || (table->slots == 1 && row->time_s < last_s[row->episode]))
            by_row[row->episode] = true;
        else
            last_s[row->episode] = row->time_s;
    }
    for (size_t i = 0; i < table->row_count; i++)
        if (by_row[table->rows[i].episode])
            table->rows[i].time_s = (double)i * row_period_s;
    free(by_row);
    free(last_s);
    return BCUE_OK;
}

bcue_status bcue_source_table_finish(bcue_source_job *job, bool has_sequence, bcue_error *error)
{
    bcue_source_table *table = job->table;
    if (!has_sequence) {
        BCUE_TRY(derive_sequences(table, error));
        bcue_log(job->hooks, BCUE_LOG_INFO,
                 "%s: no seq_index: episodes are told by folders and frame numbers", table->name);
    }
    BCUE_TRY(number_episodes(table, error));
    BCUE_TRY(settle_times(table, error));
    double gap_s = job->data->window.max_gap_s;
    for (size_t i = 0; i < table->row_count; i++) {
        bcue_row *row = &table->rows[i];
        const bcue_row *before = i > 0 ? row - 1 : NULL;
        row->starts_run = before == NULL || before->episode != row->episode || before->piece != row->piece ||
                          (!has_sequence && row->number <= before->number && row->number >= 0) ||
                          (gap_s > 0 && row->time_s - before->time_s > gap_s);
    }
    return BCUE_OK;
}

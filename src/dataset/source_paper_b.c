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
#include "features/geodesy.h"
#include "formats/mat.h"

/* The simulator's clock: CARLA ticks of 0.05 s, frames named by the tick. */
static const double tick_s = 0.05;
static const double no_ray_db = -200.0; /* what its writer stores where nothing arrives */

typedef enum part_kind { PART_CAMERA, PART_LIDAR, PART_RADAR, PART_GPS, PART_NET, PART_COUNT } part_kind;
static const char *const part_folders[PART_COUNT] = {"_out_rgb", "_out_lidar", "_out_radar", "_out_gps",
                                                     "_out_net"};
static const char *const part_endings[PART_COUNT] = {".png", ".ply", ".npy", ".csv", ".csv.mat"};

static const bcue_modality modality_of[PART_NET] = {BCUE_CAMERA, BCUE_LIDAR, BCUE_RADAR, BCUE_GPS};

/* One file of the tree. */
typedef struct tree_file {
    const char *episode; /* sub-folder, "" = none */
    const char *path;    /* relative to the root */
    int64_t number;
    part_kind kind;
} tree_file;

typedef struct tree_list {
    tree_file *files;
    size_t count, capacity;
} tree_list;

static int compare_files(const void *left, const void *right)
{
    const tree_file *a = left, *b = right;
    int order = strcmp(a->episode, b->episode);
    if (order != 0)
        return order;
    if (a->number != b->number)
        return a->number < b->number ? -1 : 1;
    return a->kind < b->kind ? -1 : a->kind > b->kind;
}

/* "000123" of "000123.csv.mat" when the rest is `ending`; -1 = another file. */
static int64_t number_of(const char *name, const char *ending)
{
    size_t digits = strspn(name, "0123456789");
    if (digits == 0 || digits > 15 || strcmp(name + digits, ending) != 0)
        return -1;
    int64_t number = 0;
    for (size_t i = 0; i < digits; i++)
        number = number * 10 + (name[i] - '0');
    return number;
}

/* Add the files of one kind in root/FOLDER[/episode]; at the top also look into its sub-folders. */
static bcue_status scan(bcue_source_job *job, part_kind kind, const char *episode, tree_list *list,
                        bcue_error *error)
{
    char folder[512];
    int length =
        snprintf(folder, sizeof folder, "%s%s%s", part_folders[kind], *episode != '\0' ? "/" : "", episode);
    char *full = length < (int)sizeof folder ? bcue_path_join(job->table->root, folder) : NULL;
    DIR *stream = full != NULL ? opendir(full) : NULL;
    free(full);
    if (stream == NULL)
        return BCUE_OK; /* this kind is missing everywhere */
    bcue_status status = BCUE_OK;
    for (struct dirent *entry; status == BCUE_OK && (entry = readdir(stream)) != NULL;) {
        int64_t number = number_of(entry->d_name, part_endings[kind]);
        if (entry->d_name[0] == '.')
            continue;
        if (number < 0) {
            char *below = *episode == '\0' ? bcue_arena_printf(job->arena, "%s/%s/%s", job->table->root,
                                                               folder, entry->d_name)
                                           : NULL;
            if (below != NULL && bcue_path_is_dir(below)) {
                const char *name = bcue_arena_strdup(job->arena, entry->d_name);
                status = name != NULL ? scan(job, kind, name, list, error) : bcue_fail_memory(error, folder);
            }
            continue;
        }
        const char *path = bcue_arena_printf(job->arena, "%s/%s", folder, entry->d_name);
        void *files = list->files;
        if (path == NULL || !bcue_grow(&files, &list->capacity, list->count + 1, sizeof *list->files)) {
            status = bcue_fail_memory(error, folder);
            break;
        }
        list->files = files;
        list->files[list->count++] = (tree_file){episode, path, number, kind};
    }
    closedir(stream);
    return status;
}

/* The mean place of the frame's vehicles, as a fix about latitude 0, longitude 0: the maps have no place on
 * earth. */
static void read_places(bcue_source_job *job, const char *file, double fix[2])
{
    bcue_csv *csv = NULL;
    char *path = bcue_path_join(job->table->root, file);
    bcue_status status = path != NULL ? bcue_csv_read(path, &csv, NULL) : BCUE_ERROR_MEMORY;
    free(path);
    int x_column = csv != NULL ? bcue_csv_find(csv, "X") : -1,
        y_column = csv != NULL ? bcue_csv_find(csv, "Y") : -1;
    if (status != BCUE_OK || x_column < 0 || y_column < 0) {
        job->table->defects.damaged_file[BCUE_GPS]++;
        bcue_csv_destroy(csv);
        return;
    }
    double sum[3] = {0}, altitude_m;
    size_t count = 0;
    for (size_t row = 0; row < bcue_csv_rows(csv); row++) {
        double x, y;
        if (bcue_parse_double(bcue_csv_cell(csv, row, (size_t)x_column), &x) &&
            bcue_parse_double(bcue_csv_cell(csv, row, (size_t)y_column), &y) && isfinite(x) && isfinite(y)) {
            sum[0] += x;
            sum[1] += y;
            count++;
        }
    }
    job->table->defects.repeated_headers += (int64_t)bcue_csv_repeated_headers(csv);
    bcue_csv_destroy(csv);
    if (count == 0) {
        job->table->defects.nan_fix++;
        return;
    }
    sum[0] /= (double)count;
    sum[1] /= (double)count;
    bcue_enu_to_geodetic(sum, 0, 0, 0, &fix[0], &fix[1], &altitude_m);
}

/* The last row of list_RSS, the mean over the vehicles in dB, as linear power. */
static bcue_status read_power(bcue_source_job *job, const char *file, bcue_row *row, bcue_error *error)
{
    bcue_mat rss = {0};
    size_t beams = (size_t)job->data->beams;
    char *path = bcue_path_join(job->table->root, file);
    bcue_status status = path != NULL ? bcue_mat_read(path, "list_RSS", &rss, NULL) : BCUE_ERROR_MEMORY;
    free(path);
    if (status == BCUE_ERROR_MEMORY)
        return bcue_fail_memory(error, file);
    if (status != BCUE_OK || rss.rank != 2 || rss.shape[0] == 0)
        status = BCUE_ERROR_FORMAT;
    else if (rss.shape[1] != beams)
        status = bcue_key_fail(job->origin, error, "data.beams", "is %zu, but list_RSS of %s has %zu columns",
                               beams, file, rss.shape[1]);
    else {
        row->power_present = true;
        row->power = bcue_arena_alloc(job->arena, beams, sizeof *row->power);
        for (size_t b = 0; row->power != NULL && b < beams; b++) {
            size_t from = job->source->reverse_beams ? beams - 1 - b : b;
            double rss_db = rss.real[from * rss.shape[0] + rss.shape[0] - 1];
            row->power[b] = rss_db <= no_ray_db ? 0.0 : pow(10.0, rss_db / 10.0);
        }
        if (row->power == NULL)
            status = bcue_fail_memory(error, file);
    }
    bcue_mat_free(&rss);
    return status == BCUE_ERROR_FORMAT ? BCUE_OK : status; /* a damaged measurement is counted as no power */
}

static bcue_status take_file(bcue_source_job *job, const tree_file *file, bcue_row *row, bcue_error *error)
{
    if (file->kind == PART_NET)
        return read_power(job, file->path, row, error);
    bcue_modality modality = modality_of[file->kind];
    row->file[modality][0] = bcue_source_table_file(job, modality, file->path);
    if (modality == BCUE_GPS && row->file[modality][0] != NULL) {
        read_places(job, row->file[modality][0], row->fix);
        bcue_fix_error_white(job, file->path, row->fix);
    }
    return BCUE_OK;
}

static bcue_status begin_row(bcue_source_job *job, const tree_file *file, int64_t sequence, bcue_row *row,
                             bcue_error *error)
{
    row->index = bcue_arena_printf(job->arena, "%s%s%06lld", file->episode, *file->episode != '\0' ? "/" : "",
                                   (long long)file->number);
    if (row->index == NULL)
        return bcue_fail_memory(error, job->table->name);
    row->sequence = sequence;
    row->number = file->number;
    row->time_s = (double)file->number * tick_s;
    bcue_hash key = bcue_hash_begin();
    bcue_hash_text(&key, job->table->root);
    bcue_hash_text(&key, file->episode);
    bcue_hash_int(&key, file->number);
    row->key[0] = (int64_t)bcue_hash_end(&key);
    double altitude_m;
    if (job->source->rsu_m.count == 2) {
        const double place_m[3] = {job->source->rsu_m.items[0], job->source->rsu_m.items[1], 0};
        bcue_enu_to_geodetic(place_m, 0, 0, 0, &row->rsu_fix[0], &row->rsu_fix[1], &altitude_m);
    }
    return BCUE_OK;
}

static bool same_frame(const tree_file *a, const tree_file *b)
{
    return a->number == b->number && strcmp(a->episode, b->episode) == 0;
}

static bcue_status fill_rows(bcue_source_job *job, const tree_list *list, bcue_error *error)
{
    size_t rows = 0;
    for (size_t i = 0; i < list->count; i++)
        rows += i == 0 || !same_frame(&list->files[i], &list->files[i - 1]);
    BCUE_TRY(bcue_source_table_create(job, rows, 1, error));
    bcue_row *row = job->table->rows - 1;
    int64_t sequence = 0;
    size_t seen[BCUE_MODALITY_COUNT] = {0};
    for (size_t i = 0; i < list->count; i++) {
        const tree_file *file = &list->files[i];
        if (i == 0 || !same_frame(file, file - 1)) {
            row++;
            sequence += i == 0 || strcmp(file->episode, file[-1].episode) != 0;
            BCUE_TRY(begin_row(job, file, sequence, row, error));
        }
        BCUE_TRY(take_file(job, file, row, error));
        if (file->kind != PART_NET)
            seen[modality_of[file->kind]]++;
    }
    for (int m = 0; m < BCUE_MODALITY_COUNT; m++)
        if (job->table->has[m])
            job->table->defects.missing_file[m] = (int64_t)(rows - seen[m]);
    return bcue_source_table_finish(job, true, error);
}

bcue_status bcue_source_read_paper_b(bcue_source_job *job, bcue_error *error)
{
    tree_list list = {0};
    bcue_status status = BCUE_OK;
    if (job->source->rsu_m.count != 0 && job->source->rsu_m.count != 2)
        return bcue_source_fail(job, error, "rsu_m",
                                "needs two numbers, the RSU's X and Y in the map, metres");
    for (int kind = 0; kind < PART_COUNT && status == BCUE_OK; kind++)
        status = scan(job, (part_kind)kind, "", &list, error);
    if (status == BCUE_OK && list.count == 0)
        status = bcue_source_fail(job, error, "root",
                                  "%s has no frames in _out_rgb, _out_lidar, _out_radar, _out_gps, _out_net",
                                  job->table->root);
    if (status == BCUE_OK) {
        qsort(list.files, list.count, sizeof *list.files, compare_files);
        for (size_t i = 0; i < list.count; i++)
            if (list.files[i].kind != PART_NET)
                job->table->has[modality_of[list.files[i].kind]] = true;
        status = fill_rows(job, &list, error);
    }
    free(list.files);
    return status;
}

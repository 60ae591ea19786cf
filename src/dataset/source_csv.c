#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/report_hooks.h"
#include "base/hash.h"
#include "dataset/fix_error.h"
#include "dataset/source_table.h"
#include "features/geodesy.h"
#include "formats/deepsense_text.h"

/* The recordings' names of the columns with one file per frame. */
static const char *const file_columns[BCUE_MODALITY_COUNT] = {"unit1_rgb", "unit1_lidar", "unit1_radar",
                                                              "unit2_loc", "unit2_vehicles"};
static const char *const known_columns[] = {
    "index",      "seq_index", "window_index",   "time_stamp",        "unit1_pwr_60ghz",
    "unit1_beam", "unit1_loc", "unit1_rgb",      "unit1_lidar",       "unit1_radar",
    "unit2_loc",  "scene",     "unit2_vehicles", "unit1_vehicle_pwr", "condition"};
static const char *const telemetry_parts[] = {"spd_over_grnd", "num_sat", "altitude", "geo_sep",
                                              "mode_fix_type", "pdop",    "hdop",     "vdop"};
enum { MAX_TELEMETRY = 32 };

typedef struct csv_columns {
    int index, sequence, piece, time, power, beam, rsu, vehicle_power, scene, condition;
    int file[BCUE_MODALITY_COUNT][BCUE_MAX_SLOTS];
    int slots;
    int telemetry[MAX_TELEMETRY];
    size_t telemetry_count;
} csv_columns;

/* Tallies of one table that decide between a defect and a wrong setting. */
typedef struct csv_tally {
    int64_t power_files, wrong_beam_count;
    size_t wrong_beams;
    char wrong_file[256];
} csv_tally;

/* What the file calls our column `name`: the map's word for it, or for its part before "_K", or the name
 * itself. */
static const char *mapped_name(const bcue_string_map *map, const char *name, char *buffer, size_t size)
{
    for (size_t i = 0; i < map->count; i++)
        if (strcmp(map->keys[i], name) == 0)
            return map->values[i];
    const char *number = strrchr(name, '_');
    for (size_t i = 0; number != NULL && i < map->count; i++)
        if (strlen(map->keys[i]) == (size_t)(number - name) &&
            strncmp(map->keys[i], name, (size_t)(number - name)) == 0) {
            snprintf(buffer, size, "%s%s", map->values[i], number);
            return buffer;
        }
    return name;
}

static int find_column(const bcue_source_job *job, const char *name)
{
    char buffer[256];
    return bcue_csv_find(job->table->csv, mapped_name(&job->source->columns, name, buffer, sizeof buffer));
}

/* A column that the config maps must be there. */
static bcue_status check_map(const bcue_source_job *job, bcue_error *error)
{
    const bcue_string_map *map = &job->source->columns;
    const bcue_csv *csv = job->table->csv;
    for (size_t i = 0; i < map->count; i++) {
        bool known = false;
        for (size_t k = 0; k < sizeof known_columns / sizeof known_columns[0]; k++)
            known = known || bcue_starts_with(map->keys[i], known_columns[k]);
        if (!known) {
            const char *nearest = bcue_nearest_word(map->keys[i], known_columns,
                                                    sizeof known_columns / sizeof known_columns[0]);
            return bcue_source_fail(job, error, "columns", "%s is no column that beamcue reads%s%s%s",
                                    map->keys[i], nearest != NULL ? "; did you mean " : "",
                                    nearest != NULL ? nearest : "", nearest != NULL ? "?" : "");
        }
        char numbered[256];
        snprintf(numbered, sizeof numbered, "%s_1", map->values[i]);
        if (bcue_csv_find(csv, map->values[i]) < 0 && bcue_csv_find(csv, numbered) < 0)
            return bcue_source_fail(job, error, "columns", "%s has no column %s (for %s)", bcue_csv_name(csv),
                                    map->values[i], map->keys[i]);
    }
    return BCUE_OK;
}

static void find_file_columns(const bcue_source_job *job, csv_columns *columns)
{
    columns->slots = 1;
    for (int m = 0; m < BCUE_MODALITY_COUNT; m++) {
        for (int s = 0; s < BCUE_MAX_SLOTS; s++) {
            char name[64];
            snprintf(name, sizeof name, "%s_%d", file_columns[m], s + 1);
            columns->file[m][s] = find_column(job, name);
            if (columns->file[m][s] >= 0 && s + 1 > columns->slots)
                columns->slots = s + 1;
        }
        int plain = find_column(job, file_columns[m]);
        if (plain >= 0)
            columns->file[m][0] = plain;
    }
}

static void find_telemetry(const bcue_csv *csv, csv_columns *columns)
{
    columns->telemetry_count = 0;
    for (size_t c = 0; c < bcue_csv_columns(csv) && columns->telemetry_count < MAX_TELEMETRY; c++)
        for (size_t k = 0; k < sizeof telemetry_parts / sizeof telemetry_parts[0]; k++)
            if (strstr(bcue_csv_header(csv, c), telemetry_parts[k]) != NULL) {
                columns->telemetry[columns->telemetry_count++] = (int)c;
                break;
            }
}

static bcue_status find_columns(const bcue_source_job *job, csv_columns *columns, bcue_error *error)
{
    const bcue_csv *csv = job->table->csv;
    BCUE_TRY(check_map(job, error));
    columns->index = find_column(job, "index");
    columns->sequence = find_column(job, "seq_index");
    columns->piece = find_column(job, "window_index");
    columns->power = find_column(job, "unit1_pwr_60ghz");
    columns->beam = find_column(job, "unit1_beam");
    columns->rsu = find_column(job, "unit1_loc");
    columns->scene = find_column(job, "scene");
    columns->condition = find_column(job, "condition");
    columns->vehicle_power = find_column(job, "unit1_vehicle_pwr");
    columns->time = find_column(job, "time_stamp");
    for (size_t c = 0; columns->time < 0 && c < bcue_csv_columns(csv); c++)
        if (bcue_starts_with(bcue_csv_header(csv, c), "time_stamp"))
            columns->time = (int)c;
    find_file_columns(job, columns);
    find_telemetry(csv, columns);
    bool any = false;
    for (int m = 0; m < BCUE_MODALITY_COUNT; m++)
        for (int s = 0; s < columns->slots; s++)
            any = any || columns->file[m][s] >= 0;
    if (!any && columns->power < 0)
        return bcue_source_fail(job, error, "csv",
                                "%s has none of the columns unit1_rgb, unit1_lidar, unit1_radar, unit2_loc "
                                "(nor unit1_rgb_1 ...) and no unit1_pwr_60ghz; name "
                                "its columns under `columns`",
                                bcue_csv_name(csv));
    if (columns->power < 0 && columns->beam < 0)
        bcue_log(job->hooks, BCUE_LOG_WARNING,
                 "%s: neither unit1_pwr_60ghz nor unit1_beam: every sample is unlabelled",
                 bcue_csv_name(csv));
    return BCUE_OK;
}

/* The frame number at the end of a file name's stem, -1 = none. */
static int64_t frame_number(const char *file)
{
    const char *name = bcue_path_basename(file), *end = strrchr(name, '.');
    if (end == NULL)
        end = name + strlen(name);
    const char *start = end;
    while (start > name && start[-1] >= '0' && start[-1] <= '9')
        start--;
    if (start == end || end - start > 15)
        return -1;
    int64_t number = 0;
    for (; start < end; start++)
        number = number * 10 + (*start - '0');
    return number;
}

/* "16-41-02-387500", "16:41:02-387500" (microseconds) or "16:41:02.3875"; NaN when it is none of them. */
static double parse_time(const char *cell)
{
    int hours, minutes, seconds, used = 0;
    if (sscanf(cell, "%d%*1[-:]%d%*1[-:]%d%n", &hours, &minutes, &seconds, &used) != 3 || used == 0)
        return NAN;
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || seconds < 0 || seconds > 60)
        return NAN;
    double fraction = 0;
    if (cell[used] == '-') {
        int64_t micros;
        if (!bcue_parse_int64(cell + used + 1, &micros) || micros < 0 || micros >= 1000000)
            return NAN;
        fraction = (double)micros * 1e-6;
    } else if (cell[used] == '.') {
        if (!bcue_parse_double(cell + used, &fraction) || !(fraction >= 0 && fraction < 1))
            return NAN;
    } else if (cell[used] != '\0')
        return NAN;
    return hours * 3600.0 + minutes * 60.0 + seconds + fraction;
}

static const char *cell_of(const bcue_source_job *job, size_t row, int column)
{
    return column < 0 ? "" : bcue_csv_cell(job->table->csv, row, (size_t)column);
}

/* The same; NULL for an empty cell. */
static const char *word_of(const bcue_source_job *job, size_t row, int column)
{
    const char *cell = cell_of(job, row, column);
    return *cell != '\0' ? cell : NULL;
}

/* A GPS fix of a file; NaN when it is missing, damaged or says so. */
static void read_fix(bcue_source_job *job, const char *file, double fix[2])
{
    bcue_defects *defects = &job->table->defects;
    char *path = bcue_path_join(job->table->root, file);
    double latitude, longitude;
    if (path == NULL || bcue_deepsense_gps_read(path, &latitude, &longitude, NULL) != BCUE_OK)
        defects->damaged_file[BCUE_GPS]++;
    else if (isnan(latitude) || isnan(longitude))
        defects->nan_fix++;
    else {
        fix[0] = latitude;
        fix[1] = longitude;
    }
    free(path);
}

static bcue_status read_power(bcue_source_job *job, const char *cell, bcue_row *row, csv_tally *tally,
                              bcue_error *error)
{
    if (*cell == '\0')
        return BCUE_OK;
    char *path = bcue_path_join(job->table->root, cell);
    if (path == NULL)
        return bcue_fail_memory(error, "a file name");
    double *power;
    size_t count, beams = (size_t)job->data->beams;
    bcue_status status = bcue_deepsense_power_read(path, &power, &count, NULL);
    free(path);
    if (status != BCUE_OK)
        return BCUE_OK; /* a missing or damaged measurement: counted as no power */
    tally->power_files++;
    row->power_present = true;
    if (count != beams) {
        if (tally->wrong_beam_count++ == 0) {
            tally->wrong_beams = count;
            snprintf(tally->wrong_file, sizeof tally->wrong_file, "%s", cell);
        }
        free(power);
        return BCUE_OK;
    }
    row->power = bcue_arena_alloc(job->arena, beams, sizeof *power);
    for (size_t i = 0; row->power != NULL && i < beams; i++)
        row->power[i] = job->source->reverse_beams ? power[beams - 1 - i] : power[i];
    free(power);
    return row->power != NULL ? BCUE_OK : bcue_fail_memory(error, "power vectors");
}

static void read_label(const bcue_source_job *job, const char *cell, bcue_row *row)
{
    double value;
    if (*cell == '\0' || !bcue_parse_double(cell, &value) || isnan(value))
        return;
    /* Tables that passed through a float column say "37.0". What is no whole number is no beam either. */
    row->file_label = value == nearbyint(value) && fabs(value) < 1e9 ? (int64_t)value : -1;
    (void)job;
}

static uint64_t frame_key(const bcue_source_job *job, const bcue_row *row, size_t number, int slot)
{
    bcue_hash hash = bcue_hash_begin();
    bcue_hash_text(&hash, job->table->root);
    bool named = false;
    for (int m = 0; m < BCUE_MODALITY_COUNT && job->table->slots > 1 && !named; m++)
        if (row->file[m] != NULL && row->file[m][slot] != NULL) {
            bcue_hash_text(&hash, row->file[m][slot]);
            named = true;
        }
    if (!named) {
        bcue_hash_text(&hash, bcue_csv_name(job->table->csv));
        bcue_hash_int(&hash, (int64_t)number);
        bcue_hash_int(&hash, slot);
    }
    return bcue_hash_end(&hash);
}

/* Linear motion in the plane through the last two measured fixes, to the other instants of the window. */
static void extrapolate(bcue_row *row, int slots, const double *instant)
{
    int last = -1, before = -1;
    for (int s = slots - 1; s >= 0; s--) {
        if (isnan(row->fix[2 * s]))
            continue;
        if (last < 0)
            last = s;
        else if (before < 0)
            before = s;
    }
    if (last < 0)
        return;
    double step_m[3] = {0};
    if (before >= 0 && instant[last] > instant[before])
        bcue_geodetic_to_enu(row->fix[2 * before], row->fix[2 * before + 1], 0, row->fix[2 * last],
                             row->fix[2 * last + 1], 0, step_m);
    for (int s = last + 1; s < slots; s++) {
        double ahead = before >= 0 && instant[last] > instant[before]
                           ? (instant[s] - instant[last]) / (instant[last] - instant[before])
                           : 0;
        double moved_m[3] = {-step_m[0] * ahead, -step_m[1] * ahead, 0}, altitude_m;
        bcue_enu_to_geodetic(moved_m, row->fix[2 * last], row->fix[2 * last + 1], 0, &row->fix[2 * s],
                             &row->fix[2 * s + 1], &altitude_m);
    }
}

/* Without extrapolation the measured fixes stand for the newest instants, as the published baselines use
 * them. */
static void move_to_newest(bcue_row *row, int slots, int measured)
{
    for (int s = slots - 1; s >= 0; s--)
        for (int axis = 0; axis < 2; axis++) {
            int from = s - (slots - measured);
            row->fix[2 * s + axis] = from >= 0 ? row->fix[2 * from + axis] : NAN;
        }
}

/* When each slot was recorded, from the numbers in its file names; evenly spaced where they do not tell. */
static void slot_instants(const bcue_row *row, int slots, double *instant)
{
    bool told = true;
    for (int s = 0; s < slots; s++) {
        int64_t number = -1;
        for (int m = 0; m < BCUE_MODALITY_COUNT && number < 0; m++)
            if (m != BCUE_GPS && row->file[m] != NULL && row->file[m][s] != NULL)
                number = frame_number(row->file[m][s]);
        instant[s] = (double)number;
        told = told && number >= 0 && (s == 0 || instant[s] > instant[s - 1]);
    }
    for (int s = 0; !told && s < slots; s++)
        instant[s] = s;
}

static void read_files(bcue_source_job *job, const csv_columns *columns, size_t number, bcue_row *row)
{
    for (int m = 0; m < BCUE_MODALITY_COUNT; m++)
        for (int s = 0; s < columns->slots; s++)
            if (columns->file[m][s] >= 0 && row->file[m] != NULL)
                row->file[m][s] =
                    bcue_source_table_file(job, (bcue_modality)m, cell_of(job, number, columns->file[m][s]));
    for (int s = 0; row->file[BCUE_GPS] != NULL && s < columns->slots; s++)
        if (row->file[BCUE_GPS][s] != NULL) {
            read_fix(job, row->file[BCUE_GPS][s], &row->fix[2 * s]);
            bcue_fix_error_white(job, cell_of(job, number, columns->file[BCUE_GPS][s]), &row->fix[2 * s]);
        }
    for (int s = columns->slots - 1; s >= 0 && row->number < 0; s--)
        for (int m = 0; m < BCUE_MODALITY_COUNT && row->number < 0; m++)
            if (row->file[m] != NULL && row->file[m][s] != NULL)
                row->number = frame_number(row->file[m][s]);
    for (int s = 0; s < columns->slots; s++)
        row->key[s] = (int64_t)frame_key(job, row, number, s);
}

static void settle_fixes(bcue_source_job *job, const csv_columns *columns, bcue_row *row)
{
    int measured = 0;
    while (measured < columns->slots && columns->file[BCUE_GPS][measured] >= 0)
        measured++;
    if (measured == 0 || measured == columns->slots)
        return;
    double instant[BCUE_MAX_SLOTS];
    slot_instants(row, columns->slots, instant);
    if (job->data->gps_extrapolate)
        extrapolate(row, columns->slots, instant);
    else
        move_to_newest(row, columns->slots, measured);
}

static bcue_status read_row(bcue_source_job *job, const csv_columns *columns, size_t number, csv_tally *tally,
                            bcue_error *error)
{
    bcue_source_table *table = job->table;
    bcue_row *row = &table->rows[number];
    const char *index = cell_of(job, number, columns->index);
    row->index = *index != '\0' ? index : bcue_arena_printf(job->arena, "%zu", number + 1);
    if (row->index == NULL)
        return bcue_fail_memory(error, table->name);
    if (columns->sequence >= 0) {
        double sequence;
        if (!bcue_parse_double(cell_of(job, number, columns->sequence), &sequence) ||
            sequence != nearbyint(sequence) || fabs(sequence) > 2147483647.0)
            return bcue_fail(error, BCUE_ERROR_DATA, "%s:%zu: seq_index is \"%s\", expected a whole number",
                             bcue_csv_name(table->csv), bcue_csv_line(table->csv, number),
                             cell_of(job, number, columns->sequence));
        row->sequence = (int64_t)sequence;
    }
    double piece;
    if (columns->piece >= 0 && bcue_parse_double(cell_of(job, number, columns->piece), &piece) &&
        fabs(piece) < 1e15)
        row->piece = (int64_t)piece;
    row->scene = word_of(job, number, columns->scene);
    row->condition = word_of(job, number, columns->condition);
    row->time_s = parse_time(cell_of(job, number, columns->time));
    read_files(job, columns, number, row);
    settle_fixes(job, columns, row);
    const char *rsu = cell_of(job, number, columns->rsu);
    char *rsu_path = *rsu != '\0' ? bcue_path_join(table->root, rsu) : NULL;
    if (rsu_path != NULL &&
        bcue_deepsense_gps_read(rsu_path, &row->rsu_fix[0], &row->rsu_fix[1], NULL) != BCUE_OK)
        row->rsu_fix[0] = row->rsu_fix[1] = NAN;
    free(rsu_path);
    for (size_t t = 0; t < columns->telemetry_count; t++) {
        double value;
        if (!bcue_parse_double(cell_of(job, number, columns->telemetry[t]), &value) || isnan(value)) {
            table->defects.nan_telemetry++;
            break;
        }
    }
    read_label(job, cell_of(job, number, columns->beam), row);
    if (columns->vehicle_power >= 0) {
        const char *cell = cell_of(job, number, columns->vehicle_power);
        row->vehicle_power = *cell != '\0' ? bcue_arena_strdup(job->arena, cell) : NULL;
        if (*cell != '\0' && row->vehicle_power == NULL)
            return bcue_fail_memory(error, table->name);
    }
    return read_power(job, cell_of(job, number, columns->power), row, tally, error);
}

static bool is_csv(const char *name)
{
    return bcue_ends_with(name, ".csv") || bcue_ends_with(name, ".CSV");
}

/* The table of a folder: the one named after it, or the only one. */
static bcue_status choose_csv(const bcue_source_job *job, char **path, bcue_error *error)
{
    const bcue_source_table *table = job->table;
    if (job->source->csv != NULL) {
        *path = bcue_path_join(table->root, job->source->csv);
        return *path != NULL ? BCUE_OK : bcue_fail_memory(error, "a file name");
    }
    DIR *folder = opendir(table->root);
    if (folder == NULL)
        return bcue_source_fail(job, error, "root", "cannot open the folder %s", table->root);
    char named[512], only[512] = "";
    snprintf(named, sizeof named, "%s.csv", bcue_path_basename(table->root));
    static const char usual[] = "scenario.csv";
    int count = 0;
    bool is_named = false, is_usual = false;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (!is_csv(entry->d_name))
            continue;
        count++;
        is_named = is_named || strcmp(entry->d_name, named) == 0;
        is_usual = is_usual || strcmp(entry->d_name, usual) == 0;
        if (count == 1 || strcmp(entry->d_name, only) < 0)
            snprintf(only, sizeof only, "%s", entry->d_name);
    }
    closedir(folder);
    if (count == 0)
        return bcue_source_fail(job, error, "root", "%s has no *.csv; is it the folder of a scenario?",
                                table->root);
    if (!is_named && !is_usual && count > 1)
        return bcue_source_fail(job, error, "csv",
                                "%s has %d CSV files (%s, ...); say which one is the table", table->root,
                                count, only);
    *path = bcue_path_join(table->root, is_named ? named : is_usual ? usual : only);
    return *path != NULL ? BCUE_OK : bcue_fail_memory(error, "a file name");
}

bcue_status bcue_source_read_csv(bcue_source_job *job, bcue_error *error)
{
    bcue_source_table *table = job->table;
    char *path = NULL;
    BCUE_TRY(choose_csv(job, &path, error));
    bcue_status status = bcue_csv_read(path, &table->csv, error);
    free(path);
    BCUE_TRY(status);
    table->defects.repeated_headers = (int64_t)bcue_csv_repeated_headers(table->csv);
    if (bcue_csv_rows(table->csv) == 0)
        return bcue_fail(error, BCUE_ERROR_DATA, "%s: no rows below the header", bcue_csv_name(table->csv));
    csv_columns columns;
    BCUE_TRY(find_columns(job, &columns, error));
    for (int m = 0; m < BCUE_MODALITY_COUNT; m++)
        for (int s = 0; s < columns.slots; s++)
            table->has[m] = table->has[m] || columns.file[m][s] >= 0;
    BCUE_TRY(bcue_source_table_create(job, bcue_csv_rows(table->csv), columns.slots, error));
    csv_tally tally = {0};
    for (size_t row = 0; row < table->row_count; row++) {
        if (row % 256 == 0) {
            bcue_progress(job->hooks, "read", row, table->row_count);
            if (bcue_cancelled(job->hooks))
                return bcue_fail(error, BCUE_ERROR_CANCELLED, "%s: stopped while reading", table->name);
        }
        BCUE_TRY(read_row(job, &columns, row, &tally, error));
    }
    if (tally.wrong_beam_count * 2 > tally.power_files)
        return bcue_key_fail(job->origin, error, "data.beams",
                             "is %lld, but %s has %zu numbers (as have %lld of %lld power files)",
                             (long long)job->data->beams, tally.wrong_file, tally.wrong_beams,
                             (long long)tally.wrong_beam_count, (long long)tally.power_files);
    return bcue_source_table_finish(job, columns.sequence >= 0, error);
}

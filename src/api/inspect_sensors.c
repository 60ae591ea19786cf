#include "api/inspect_sensors.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/sensor_pictures.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "metrics/quantile.h"

enum { LARGEST_FRAME = 256 << 20, SHOWN_FRAMES = 6 };

/* The k-th of `count` frames of a modality, spread evenly over the samples: its sample, and path (malloc'd);
   NULL: none in that part of the data set. */
static char *frame_path(const bcue_dataset *dataset, bcue_modality modality, size_t k, size_t count,
                        const bcue_sample **found)
{
    const size_t samples = bcue_dataset_count(dataset), newest = (size_t)bcue_dataset_frames(dataset) - 1;
    for (size_t i = samples * k / count; i < samples * (k + 1) / count; i++) {
        const bcue_sample *sample = bcue_dataset_sample(dataset, i);
        if (sample->file[modality] == NULL || sample->file[modality][newest] == NULL)
            continue;
        *found = sample;
        return bcue_dataset_path(dataset, sample, sample->file[modality][newest]);
    }
    return NULL;
}

/* An npy file; MAT files of scenario 9 are not drawn. */
static bool read_echoes(const char *path, bcue_npy *frame)
{
    bcue_bytes bytes;
    if (bcue_file_read(path, LARGEST_FRAME, &bytes, NULL) != BCUE_OK)
        return false;
    const bool good = bcue_npy_decode(bytes.data, bytes.size, path, frame, NULL) == BCUE_OK;
    bcue_bytes_free(&bytes);
    return good;
}

/* Sorts. 0 for none. */
static double median(double *values, size_t count)
{
    return count > 0 ? bcue_median(values, count) : 0;
}

static void count_points(bcue_sensor_summary *summary, size_t points, double *list, size_t *listed)
{
    if (*listed == 0 || points < summary->least_points)
        summary->least_points = points;
    if (*listed == 0 || points > summary->most_points)
        summary->most_points = points;
    list[(*listed)++] = (double)points;
}

static void look_at_lidar(const bcue_dataset *dataset, bcue_sensor_summary *summary)
{
    double points[BCUE_SENSOR_FRAMES], reach_m[BCUE_SENSOR_FRAMES];
    size_t listed = 0;
    for (size_t k = 0; k < BCUE_SENSOR_FRAMES; k++) {
        const bcue_sample *sample;
        bcue_ply cloud;
        char *path = frame_path(dataset, BCUE_LIDAR, k, BCUE_SENSOR_FRAMES, &sample);
        if (path == NULL)
            continue;
        summary->looked_at++;
        if (bcue_ply_read(path, &cloud, NULL) == BCUE_OK) {
            const bcue_cloud_facts facts = bcue_cloud_facts_of(&cloud);
            reach_m[listed] = facts.reach_m;
            count_points(summary, facts.points, points, &listed);
            bcue_ply_free(&cloud);
        } else {
            summary->unreadable++;
        }
        free(path);
    }
    summary->median_points = median(points, listed);
    summary->reach_m = median(reach_m, listed);
}

static void look_at_radar(const bcue_dataset *dataset, bcue_sensor_summary *summary)
{
    double points[BCUE_SENSOR_FRAMES];
    size_t listed = 0;
    for (size_t k = 0; k < BCUE_SENSOR_FRAMES; k++) {
        const bcue_sample *sample;
        bcue_npy frame;
        char *path = frame_path(dataset, BCUE_RADAR, k, BCUE_SENSOR_FRAMES, &sample);
        if (path == NULL)
            continue;
        summary->looked_at++;
        if (read_echoes(path, &frame)) {
            const bcue_echo_facts facts = bcue_echo_facts_of(&frame);
            if (facts.points)
                count_points(summary, facts.shape[0], points, &listed);
            else if (summary->cubes)
                summary->shapes_differ =
                    summary->shapes_differ || memcmp(summary->shape, facts.shape, sizeof facts.shape) != 0;
            summary->cubes = summary->cubes || !facts.points;
            if (!facts.points)
                memcpy(summary->shape, facts.shape, sizeof facts.shape);
            bcue_npy_free(&frame);
        } else {
            summary->unreadable++;
        }
        free(path);
    }
    summary->median_points = median(points, listed);
}

void bcue_sensors_look(const bcue_dataset *dataset, bcue_sensors *sensors)
{
    *sensors = (bcue_sensors){0};
    look_at_lidar(dataset, &sensors->lidar);
    look_at_radar(dataset, &sensors->radar);
}

static void put_row(bcue_table *table, const char *name, double value, const char *unit)
{
    bcue_table_row(table);
    bcue_table_text(table, name);
    bcue_table_number(table, value);
    bcue_table_text(table, unit);
}

static void put_count(bcue_table *table, const char *name, size_t count)
{
    bcue_table_row(table);
    bcue_table_text(table, name);
    bcue_table_printf(table, "%zu", count);
    bcue_table_text(table, "");
}

static void put_points(bcue_table *table, const char *of, const bcue_sensor_summary *summary)
{
    static const char *const names[] = {"least", "median", "most"};
    const size_t values[] = {summary->least_points, (size_t)summary->median_points, summary->most_points};
    for (int i = 0; i < 3; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s, %s", of, names[i]);
        put_count(table, name, values[i]);
    }
}

bcue_table *bcue_sensors_table(const bcue_sensors *sensors)
{
    const bcue_sensor_summary *lidar = &sensors->lidar, *radar = &sensors->radar;
    const bcue_column columns[] = {{"what", NULL, BCUE_ALIGN_LEFT, 0},
                                   {"value", NULL, BCUE_ALIGN_RIGHT, -1},
                                   {"unit", NULL, BCUE_ALIGN_LEFT, 0}};
    if (lidar->looked_at == 0 && radar->looked_at == 0)
        return NULL;
    bcue_table *table = bcue_table_create("LiDAR and radar, a few frames", columns, 3);
    if (table == NULL)
        return NULL;
    if (lidar->looked_at > 0) {
        put_count(table, "LiDAR clouds looked at", lidar->looked_at);
        put_count(table, "of these, unreadable", lidar->unreadable);
        put_points(table, "points in a cloud", lidar);
        put_row(table, "distance of 99 % of the points, median", lidar->reach_m, "m");
    }
    if (radar->looked_at > 0) {
        put_count(table, "radar frames looked at", radar->looked_at);
        put_count(table, "of these, unreadable", radar->unreadable);
        if (radar->cubes) {
            put_count(table, "antennas", radar->shape[0]);
            put_count(table, "samples in a chirp", radar->shape[1]);
            put_count(table, "chirps in a frame", radar->shape[2]);
            if (radar->shapes_differ)
                bcue_table_footnote(table, "the cubes differ in shape; that of the last one is shown");
        } else if (radar->unreadable < radar->looked_at) {
            put_points(table, "points in a radar frame", radar);
        }
    }
    return table;
}

static json_t *points_json(const bcue_sensor_summary *summary)
{
    return json_pack("{s:I, s:f, s:I}", "least", (json_int_t)summary->least_points, "median",
                     summary->median_points, "most", (json_int_t)summary->most_points);
}

void bcue_sensors_json(const bcue_sensors *sensors, json_t *object)
{
    const bcue_sensor_summary *lidar = &sensors->lidar, *radar = &sensors->radar;
    if (lidar->looked_at > 0) {
        json_t *part = json_pack("{s:I, s:I, s:f}", "looked_at", (json_int_t)lidar->looked_at, "unreadable",
                                 (json_int_t)lidar->unreadable, "reach_m", lidar->reach_m);
        json_object_set_new(part, "points", points_json(lidar));
        json_object_set_new(object, "lidar", part);
    }
    if (radar->looked_at > 0) {
        json_t *part = json_pack("{s:I, s:I}", "looked_at", (json_int_t)radar->looked_at, "unreadable",
                                 (json_int_t)radar->unreadable);
        if (radar->cubes)
            json_object_set_new(part, "shape",
                                json_pack("[I, I, I]", (json_int_t)radar->shape[0],
                                          (json_int_t)radar->shape[1], (json_int_t)radar->shape[2]));
        else
            json_object_set_new(part, "points", points_json(radar));
        json_object_set_new(object, "radar", part);
    }
}

/* A round span that holds what is worth seeing. */
static double round_span(double reach_m)
{
    return fmin(fmax(10 * ceil(reach_m / 10), 20), 200);
}

static bcue_status add_cloud(bcue_page *page, const bcue_sample *sample, const char *path, double span_m,
                             bcue_error *error)
{
    bcue_ply cloud;
    bcue_bytes png;
    char caption[200];
    if (bcue_ply_read(path, &cloud, NULL) != BCUE_OK)
        return BCUE_OK; /* counted in the table */
    bcue_status status = bcue_picture_cloud(&cloud, span_m, &png, error);
    if (status == BCUE_OK) {
        snprintf(caption, sizeof caption, "%.80s: %zu points, %.0f m to each side; best beam %d", sample->id,
                 cloud.count, span_m, sample->label);
        bcue_page_picture(page, png.data, png.size, "LiDAR cloud from above", caption, NULL);
    }
    bcue_bytes_free(&png);
    bcue_ply_free(&cloud);
    return status;
}

static void add_echoes(bcue_page *page, const bcue_sample *sample, const char *path)
{
    bcue_npy frame;
    bcue_bytes png;
    char caption[256];
    if (!read_echoes(path, &frame))
        return; /* counted in the table */
    const bcue_radar_recipe recipe = bcue_echo_recipe(&frame);
    if (bcue_picture_echoes(&frame, path, &png, NULL) == BCUE_OK) {
        snprintf(
            caption, sizeof caption,
            "%.80s: range upwards to %.0f m; left over angle, right over velocity, +-%.1f m/s; best beam %d",
            sample->id, bcue_radar_range_m(&recipe, recipe.height),
            recipe.kind == BCUE_RADAR_POINTS ? recipe.points_velocity_mps
                                             : -bcue_radar_velocity_mps(&recipe, 0),
            sample->label);
        bcue_page_picture(page, png.data, png.size, "radar maps", caption, NULL);
        bcue_bytes_free(&png);
    }
    bcue_npy_free(&frame);
}

/* Where the newest frame of a sample is (malloc'd); NULL: it has none. */
static char *newest_path(const bcue_dataset *dataset, const bcue_sample *sample, bcue_modality modality)
{
    const size_t newest = (size_t)bcue_dataset_frames(dataset) - 1;
    if (sample->file[modality] == NULL || sample->file[modality][newest] == NULL)
        return NULL;
    return bcue_dataset_path(dataset, sample, sample->file[modality][newest]);
}

bcue_status bcue_sensors_add_sample(bcue_page *page, const bcue_dataset *dataset, const bcue_sample *sample,
                                    bool lidar, bool radar, bcue_error *error)
{
    char *cloud = lidar ? newest_path(dataset, sample, BCUE_LIDAR) : NULL;
    char *echoes = radar ? newest_path(dataset, sample, BCUE_RADAR) : NULL;
    bcue_status status = BCUE_OK;
    if (cloud != NULL || echoes != NULL) {
        bcue_page_heading(page, "What LiDAR and radar saw of the first one");
        bcue_page_grid_begin(page, BCUE_GRID_COLUMNS);
        if (cloud != NULL)
            status = add_cloud(page, sample, cloud, 40, error);
        if (status == BCUE_OK && echoes != NULL)
            add_echoes(page, sample, echoes);
        bcue_page_grid_end(page);
    }
    free(cloud);
    free(echoes);
    return status;
}

static bcue_status add_part(bcue_page *page, const bcue_dataset *dataset, bcue_modality modality,
                            double span_m, bcue_error *error)
{
    bcue_status status = BCUE_OK;
    bcue_page_grid_begin(page, modality == BCUE_LIDAR ? BCUE_GRID_GALLERY : BCUE_GRID_COLUMNS);
    for (size_t k = 0; status == BCUE_OK && k < SHOWN_FRAMES; k++) {
        const bcue_sample *sample;
        char *path = frame_path(dataset, modality, k, SHOWN_FRAMES, &sample);
        if (path == NULL)
            continue;
        if (modality == BCUE_LIDAR)
            status = add_cloud(page, sample, path, span_m, error);
        else
            add_echoes(page, sample, path);
        free(path);
    }
    bcue_page_grid_end(page);
    return status;
}

bcue_status bcue_sensors_add_pictures(bcue_page *page, const bcue_dataset *dataset,
                                      const bcue_sensors *sensors, bcue_error *error)
{
    if (sensors->lidar.looked_at > 0) {
        bcue_page_section(page, "LiDAR");
        bcue_page_paragraph(page,
                            "Seen from above: forward is up, left is left, the sensor is the cross. The "
                            "highest point of a cell counts; dark is low, yellow is high.");
        BCUE_TRY(add_part(page, dataset, BCUE_LIDAR, round_span(sensors->lidar.reach_m), error));
    }
    if (sensors->radar.looked_at > 0) {
        bcue_page_section(page, "Radar");
        bcue_page_paragraph(
            page, "%s",
            sensors->radar.cubes
                ? "What stands still is taken out; windowed, power in dB over 60 dB. Range and "
                  "velocity assume the chirp of the DeepSense scenarios with that many chirps."
                : "Lists of points: how many fall in a cell.");
        BCUE_TRY(add_part(page, dataset, BCUE_RADAR, 0, error));
    }
    return BCUE_OK;
}

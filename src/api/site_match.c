#include "api/site_match.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/sensor_pictures.h"
#include "base/fail.h"
#include "base/memory.h"
#include "features/radar_detect.h"
#include "formats/npy.h"
#include "formats/ply.h"

enum { REFERENCE_CLOUDS = 40, LEAST_CLOUDS = 8, LEAST_OF_GROUP = 3, MOST_MOVING = 2000 };
static const double static_share = 0.6;    /* of the clouds that hit a place: it stands still */
static const double least_speed_mps = 0.3; /* radial, of what moves */
static const double least_height_m = 0.2;  /* of a point above the ground */
static const double group_distance_m = 1.5;

void bcue_site_points_free(bcue_site_points *points)
{
    free(points->at);
    free(points->moving);
    *points = (bcue_site_points){0};
}

/* The file of a sample's newest frame; NULL: none, or no memory. */
static char *frame_path(const bcue_dataset *dataset, size_t sample, bcue_modality modality)
{
    const bcue_sample *s = bcue_dataset_sample(dataset, sample);
    const size_t newest = (size_t)bcue_dataset_frames(dataset) - 1;
    const char *file = s->file[modality] != NULL ? s->file[modality][newest] : NULL;
    return file != NULL ? bcue_dataset_path(dataset, s, file) : NULL;
}

static bool read_cloud(const bcue_dataset *dataset, size_t sample, bcue_ply *cloud)
{
    char *path = frame_path(dataset, sample, BCUE_LIDAR);
    const bool read = path != NULL && bcue_ply_read(path, cloud, NULL) == BCUE_OK;
    free(path);
    return read;
}

static bcue_status learn_background(bcue_site_reader *reader, const bcue_site_tracks *tracks,
                                    bcue_error *error)
{
    bcue_ply clouds[REFERENCE_CLOUDS], fixed = {0};
    size_t count = 0;
    for (size_t k = 0; k < REFERENCE_CLOUDS; k++) {
        const size_t end = tracks->count * (k + 1) / REFERENCE_CLOUDS;
        bool found = false;
        for (size_t i = tracks->count * k / REFERENCE_CLOUDS; i < end && !found; i++)
            found = isfinite(tracks->place[i].x) && read_cloud(reader->dataset, i, &clouds[count]);
        count += found;
    }
    bcue_status status = BCUE_OK;
    if (count >= LEAST_CLOUDS)
        status = bcue_lidar_background_build(clouds, count, static_share, &fixed, error);
    if (status == BCUE_OK && fixed.count > 0)
        status = bcue_lidar_background_create(&fixed, &reader->background, error);
    for (size_t k = 0; k < count; k++)
        bcue_ply_free(&clouds[k]);
    bcue_ply_free(&fixed);
    return status;
}

bcue_status bcue_site_reader_open(const bcue_site_config *site, const bcue_dataset *dataset,
                                  const bcue_site_tracks *tracks, bcue_site_sensor sensor,
                                  bcue_site_reader *reader, bcue_error *error)
{
    *reader = (bcue_site_reader){.site = site,
                                 .dataset = dataset,
                                 .sensor = sensor,
                                 .frame = bcue_site_frame(site, bcue_site_pose_of(site, sensor))};
    return sensor == BCUE_SITE_LIDAR ? learn_background(reader, tracks, error) : BCUE_OK;
}

void bcue_site_reader_close(bcue_site_reader *reader)
{
    bcue_lidar_background_destroy(reader->background);
    *reader = (bcue_site_reader){0};
}

static bcue_status reserve(size_t count, bcue_site_points *points, bcue_error *error)
{
    points->at = bcue_calloc(count, sizeof *points->at);
    points->moving = bcue_calloc(count, sizeof *points->moving);
    if (points->at != NULL && points->moving != NULL)
        return BCUE_OK;
    bcue_site_points_free(points);
    return bcue_fail_memory(error, "the points of a frame");
}

static void add_point(const bcue_frame *frame, bcue_vec3 local, bool moving, bcue_site_points *points)
{
    const bcue_vec3 at = bcue_vec3_add(frame->origin, bcue_frame_world(frame, local));
    if (!isfinite(at.x) || !isfinite(at.y) || !isfinite(at.z))
        return;
    points->at[points->count] = at;
    points->moving[points->count++] = moving;
}

static bcue_status lidar_points(const bcue_site_reader *reader, size_t sample, bcue_site_points *points,
                                bcue_error *error)
{
    bcue_ply cloud;
    if (!read_cloud(reader->dataset, sample, &cloud))
        return BCUE_OK;
    bcue_status status = reserve(cloud.count, points, error);
    for (size_t i = 0; status == BCUE_OK && i < cloud.count; i++) {
        const double *p = &cloud.points[3 * i];
        const bool moving = reader->background != NULL && bcue_lidar_is_foreground(reader->background, p);
        add_point(&reader->frame, bcue_vec3_make(p[0], p[1], p[2]), moving, points);
        const size_t last = points->count - 1;
        if (points->count > 0 && points->at[last].z < least_height_m)
            points->moving[last] = false;
    }
    bcue_ply_free(&cloud);
    return status;
}

/* Rows of velocity, azimuth (right positive), altitude, depth: a list of points as it is, a cube detected. */
static bcue_status read_echoes(const char *path, bool *flat, float **rows, size_t *count, bcue_error *error)
{
    bcue_npy frame;
    *rows = NULL;
    *count = 0;
    if (bcue_npy_read(path, &frame, NULL) != BCUE_OK)
        return BCUE_OK;
    bcue_status status = BCUE_OK;
    *flat = frame.rank == 3;
    if (frame.rank == 3) {
        const bcue_radar_recipe recipe = bcue_echo_recipe(&frame);
        status = bcue_radar_detect(&recipe, &frame, path, rows, count, error);
    } else if (frame.rank == 2 && frame.shape[1] == 4) {
        *rows = bcue_calloc(frame.count, sizeof **rows);
        status = *rows == NULL ? bcue_fail_memory(error, path) : BCUE_OK;
        for (size_t i = 0; status == BCUE_OK && i < frame.count; i++)
            (*rows)[i] = (float)bcue_npy_get(&frame, i);
        *count = status == BCUE_OK ? frame.shape[0] : 0;
    }
    bcue_npy_free(&frame);
    return status;
}

static bcue_status radar_points(const bcue_site_reader *reader, size_t sample, bcue_site_points *points,
                                bcue_error *error)
{
    char *path = frame_path(reader->dataset, sample, BCUE_RADAR);
    float *rows = NULL;
    size_t count = 0;
    bool flat = false; /* without elevation */
    bcue_status status = path != NULL ? read_echoes(path, &flat, &rows, &count, error) : BCUE_OK;
    free(path);
    if (status == BCUE_OK && count > 0)
        status = reserve(count, points, error);
    for (size_t i = 0; status == BCUE_OK && i < count; i++) {
        const double velocity = rows[4 * i], azimuth = rows[4 * i + 1], altitude = rows[4 * i + 2],
                     depth = rows[4 * i + 3];
        const bcue_vec3 local = {depth * cos(altitude) * cos(azimuth), -depth * cos(altitude) * sin(azimuth),
                                 depth * sin(altitude)};
        add_point(&reader->frame, local, fabs(velocity) > least_speed_mps, points);
    }
    free(rows);
    return status;
}

bcue_status bcue_site_read_points(const bcue_site_reader *reader, size_t sample, bcue_site_points *points,
                                  bcue_error *error)
{
    *points = (bcue_site_points){0};
    return reader->sensor == BCUE_SITE_LIDAR ? lidar_points(reader, sample, points, error)
                                             : radar_points(reader, sample, points, error);
}

/* ---- groups ---- */

static bool near(bcue_vec3 a, bcue_vec3 b)
{
    return hypot(a.x - b.x, a.y - b.y) < group_distance_m;
}

/* Grow the group of point `first` among those that have no group (-1) yet; its size and middle. */
static size_t grow_group(const bcue_vec3 *at, size_t count, size_t first, int *group, size_t *queue,
                         bcue_vec3 *middle)
{
    size_t begin = 0, end = 1;
    bcue_vec3 sum = {0, 0, 0};
    queue[0] = first;
    group[first] = 1;
    while (begin < end) {
        const bcue_vec3 here = at[queue[begin++]];
        sum = bcue_vec3_add(sum, here);
        for (size_t i = 0; i < count; i++) {
            if (group[i] < 0 && near(at[i], here)) {
                group[i] = 1;
                queue[end++] = i;
            }
        }
    }
    *middle = bcue_vec3_scale(sum, 1.0 / (double)end);
    return end;
}

bcue_status bcue_site_nearest_group(const bcue_site_points *points, bcue_vec3 at, bcue_vec3 *middle,
                                    bcue_error *error)
{
    *middle = bcue_vec3_make(NAN, NAN, NAN);
    size_t moving = 0, count = 0;
    for (size_t i = 0; i < points->count; i++)
        moving += points->moving[i];
    const size_t step = moving / MOST_MOVING + 1;
    bcue_vec3 *kept = bcue_calloc(moving + 1, sizeof *kept);
    int *group = bcue_calloc(moving + 1, sizeof *group);
    size_t *queue = bcue_calloc(moving + 1, sizeof *queue);
    if (kept == NULL || group == NULL || queue == NULL) {
        free(kept);
        free(group);
        free(queue);
        return bcue_fail_memory(error, "the groups of points");
    }
    for (size_t i = 0, k = 0; i < points->count; i++)
        if (points->moving[i] && k++ % step == 0)
            kept[count++] = points->at[i];
    for (size_t i = 0; i < count; i++)
        group[i] = -1;
    double best_m = INFINITY;
    for (size_t i = 0; i < count; i++) {
        bcue_vec3 found;
        if (group[i] >= 0 || grow_group(kept, count, i, group, queue, &found) < LEAST_OF_GROUP)
            continue;
        const double distance_m = hypot(found.x - at.x, found.y - at.y);
        if (distance_m < best_m) {
            best_m = distance_m;
            *middle = found;
        }
    }
    free(kept);
    free(group);
    free(queue);
    return BCUE_OK;
}

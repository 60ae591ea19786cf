#include "api/site_check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/report_hooks.h"
#include "formats/csv.h"
#include "metrics/quantile.h"

#define DEGREE (BCUE_PI / 180.0)
enum { MOST_FRAMES = 200 /* of LiDAR and radar that are read */ };

bool bcue_site_camera_of(const bcue_site_config *site, bcue_camera_config *camera, bcue_frame *frame)
{
    bcue_text missing = {0};
    bcue_site_missing(site, BCUE_SITE_CAMERA, &missing);
    const bool known = missing.size == 0 && !missing.failed && site->camera.width > 0;
    bcue_text_free(&missing);
    if (!known)
        return false;
    *camera = (bcue_camera_config){.width = (int)site->camera.width,
                                   .height = (int)site->camera.height,
                                   .field_of_view = site->camera.field_of_view_deg * DEGREE,
                                   .distortion = {site->camera.distortion, 0}};
    *frame = bcue_site_frame(site, &site->camera.pose);
    return true;
}

/* ---- what the simulation knows ---- */

static bcue_status fill_truth(const bcue_csv *csv, bcue_site_study *study, bcue_error *error)
{
    const int index = bcue_csv_find(csv, "index"), column = bcue_csv_find(csv, "image_column"),
              row = bcue_csv_find(csv, "image_row");
    if (index < 0 || column < 0 || row < 0)
        return BCUE_OK;
    study->truth = bcue_calloc(2 * study->tracks.count, sizeof *study->truth);
    if (study->truth == NULL)
        return bcue_fail_memory(error, "the true places");
    for (size_t i = 0; i < study->tracks.count; i++)
        study->truth[2 * i] = study->truth[2 * i + 1] = NAN;
    size_t at = 0; /* samples are in the order of the table */
    for (size_t i = 0; i < study->tracks.count; i++) {
        const char *id = bcue_path_basename(bcue_dataset_sample(study->dataset, i)->id);
        const size_t rows = bcue_csv_rows(csv);
        size_t k = at;
        while (k < rows && strcmp(bcue_csv_cell(csv, k, (size_t)index), id) != 0)
            k++;
        double place[2];
        if (k == rows || !bcue_parse_double(bcue_csv_cell(csv, k, (size_t)column), &place[0]) ||
            !bcue_parse_double(bcue_csv_cell(csv, k, (size_t)row), &place[1]))
            continue;
        at = k + 1;
        if (place[0] != -1 || place[1] != -1) /* so it writes: behind the camera */
            memcpy(&study->truth[2 * i], place, sizeof place);
    }
    return BCUE_OK;
}

static bcue_status read_truth(bcue_site_study *study, bcue_error *error)
{
    bcue_csv *csv = NULL;
    char *path = bcue_path_join(bcue_dataset_source_root(study->dataset, 0), "ground_truth.csv");
    bcue_status status = BCUE_OK;
    if (path != NULL && bcue_path_exists(path) && bcue_csv_read(path, &csv, NULL) == BCUE_OK)
        status = fill_truth(csv, study, error);
    bcue_csv_destroy(csv);
    free(path);
    return status;
}

/* ---- comparing ---- */

typedef struct differences {
    double *range, *azimuth; /* owned */
    size_t count;
} differences;

static bcue_status differences_make(size_t room, differences *d, bcue_error *error)
{
    *d = (differences){bcue_calloc(room + 1, sizeof(double)), bcue_calloc(room + 1, sizeof(double)), 0};
    return d->range != NULL && d->azimuth != NULL ? BCUE_OK : bcue_fail_memory(error, "the comparison");
}

static void differences_free(differences *d)
{
    free(d->range);
    free(d->azimuth);
    *d = (differences){0};
}

static double middle(double *values, size_t count, double *spread)
{
    const double median = bcue_median(values, count);
    for (size_t i = 0; i < count; i++)
        values[i] = fabs(values[i] - median);
    *spread = bcue_median(values, count);
    return median;
}

static void conclude(differences *d, bool ranges, bcue_site_agreement *agreement)
{
    agreement->compared = d->count;
    agreement->range_m = agreement->range_spread_m = NAN;
    if (ranges)
        agreement->range_m = middle(d->range, d->count, &agreement->range_spread_m);
    agreement->azimuth_deg = middle(d->azimuth, d->count, &agreement->azimuth_spread_deg);
}

static void add_difference(bcue_vec3 from, bcue_vec3 seen, bcue_vec3 fix, differences *d)
{
    const bcue_vec3 a = bcue_vec3_sub(seen, from), b = bcue_vec3_sub(fix, from);
    d->range[d->count] = hypot(a.x, a.y) - hypot(b.x, b.y);
    d->azimuth[d->count++] = remainder(atan2(a.y, a.x) - atan2(b.y, b.x), 2 * BCUE_PI) / DEGREE;
}

static bool still_missing(bcue_text *missing, bcue_site_agreement *agreement)
{
    const bool any = missing->size > 0;
    snprintf(agreement->missing, sizeof agreement->missing, "%s", any ? missing->data : "");
    bcue_text_free(missing);
    return any;
}

static bcue_status compare_array(bcue_site_study *study, bcue_error *error)
{
    const bcue_site_config *site = study->site;
    const int32_t beams = bcue_dataset_beams(study->dataset);
    const double heading = (90 - site->heading_deg) * DEGREE;
    bcue_text missing = {0};
    bcue_site_missing_array(site, &missing);
    if (!bcue_dataset_index_monotone(study->dataset)) {
        bcue_text_free(&missing);
        bcue_text_puts(&missing, "beams in the order of angles (data.index_monotone)");
    }
    if (still_missing(&missing, &study->array))
        return BCUE_OK;
    differences d;
    bcue_status status = differences_make(study->tracks.count, &d, error);
    for (size_t i = 0; status == BCUE_OK && i < study->tracks.count; i++) {
        const bcue_vec3 fix = study->tracks.place[i];
        const int32_t beam = bcue_dataset_sample(study->dataset, i)->label_now;
        study->array.looked_at += isfinite(fix.x) ? 1 : 0;
        if (!isfinite(fix.x) || beam < 0)
            continue;
        const double azimuth = heading + bcue_site_beam_azimuth(site, beam, beams);
        d.azimuth[d.count++] = remainder(azimuth - atan2(fix.y, fix.x), 2 * BCUE_PI) / DEGREE;
    }
    if (status == BCUE_OK)
        conclude(&d, false, &study->array);
    differences_free(&d);
    return status;
}

static bcue_status compare_camera(bcue_site_study *study, bcue_error *error)
{
    bcue_site_agreement *agreement = &study->sensors[BCUE_SITE_CAMERA];
    bcue_text missing = {0};
    bcue_camera_config camera;
    bcue_frame frame;
    bcue_site_missing(study->site, BCUE_SITE_CAMERA, &missing);
    if (missing.size == 0 && study->site->camera.width == 0)
        bcue_text_puts(&missing, "camera.width and camera.height");
    if (still_missing(&missing, agreement) || !bcue_site_camera_of(study->site, &camera, &frame))
        return BCUE_OK;
    differences d; /* of pixels, and of the direction that they are seen in */
    bcue_status status = differences_make(study->tracks.count, &d, error);
    size_t inside = 0;
    for (size_t i = 0; status == BCUE_OK && i < study->tracks.count; i++) {
        const bcue_vec3 at =
            bcue_site_tracks_at(&study->tracks, i, 1e-3 * study->site->camera.pose.clock_offset_ms);
        double column, row;
        if (!isfinite(at.x))
            continue;
        agreement->looked_at++;
        const bool ahead = bcue_camera_project(&camera, &frame, at, &column, &row);
        inside += ahead && column >= 0 && column < camera.width && row >= 0 && row < camera.height;
        if (!ahead || study->truth == NULL || isnan(study->truth[2 * i]))
            continue;
        const double *truth = &study->truth[2 * i],
                     focal = 0.5 * camera.width / tan(0.5 * camera.field_of_view);
        d.range[d.count] = hypot(column - truth[0], row - truth[1]);
        d.azimuth[d.count++] =
            (atan((column - 0.5 * camera.width) / focal) - atan((truth[0] - 0.5 * camera.width) / focal)) /
            DEGREE;
    }
    if (status == BCUE_OK && agreement->looked_at > 0)
        agreement->inside_percent = 100.0 * (double)inside / (double)agreement->looked_at;
    agreement->pixels = NAN;
    if (status == BCUE_OK) {
        conclude(&d, false, agreement);
        if (d.count > 0)
            agreement->pixels = bcue_median(d.range, d.count);
    }
    differences_free(&d);
    return status;
}

/* LiDAR or radar: on frames spread over the recording. */
static bcue_status compare_points(bcue_site_study *study, bcue_site_sensor sensor, const bcue_hooks *hooks,
                                  bcue_error *error)
{
    bcue_site_agreement *agreement = &study->sensors[sensor];
    const double offset_s = 1e-3 * bcue_site_pose_of(study->site, sensor)->clock_offset_ms;
    const size_t step = study->tracks.count / MOST_FRAMES + 1;
    bcue_text missing = {0};
    bcue_site_missing(study->site, sensor, &missing);
    if (still_missing(&missing, agreement))
        return BCUE_OK;
    bcue_site_reader reader;
    differences d = {0};
    bcue_status status =
        bcue_site_reader_open(study->site, study->dataset, &study->tracks, sensor, &reader, error);
    if (status == BCUE_OK)
        status = differences_make(study->tracks.count, &d, error);
    for (size_t i = 0; status == BCUE_OK && i < study->tracks.count; i += step) {
        const bcue_vec3 at = bcue_site_tracks_at(&study->tracks, i, offset_s);
        bcue_site_points points;
        bcue_vec3 seen;
        bcue_progress(hooks, sensor == BCUE_SITE_LIDAR ? "LiDAR" : "radar", i, study->tracks.count);
        if (bcue_cancelled(hooks))
            status = bcue_fail(error, BCUE_ERROR_CANCELLED, "stopped while comparing frames");
        if (!isfinite(at.x) || status != BCUE_OK)
            continue;
        agreement->looked_at++;
        status = bcue_site_read_points(&reader, i, &points, error);
        if (status == BCUE_OK)
            status = bcue_site_nearest_group(&points, at, &seen, error);
        if (status == BCUE_OK && isfinite(seen.x))
            add_difference(reader.frame.origin, seen, at, &d);
        bcue_site_points_free(&points);
    }
    if (status == BCUE_OK)
        conclude(&d, true, agreement);
    differences_free(&d);
    bcue_site_reader_close(&reader);
    return status;
}

bcue_status bcue_site_study_make(const bcue_site_config *site, const bcue_dataset *dataset,
                                 const bcue_hooks *hooks, bcue_site_study *study, bcue_error *error)
{
    *study = (bcue_site_study){.site = site, .dataset = dataset};
    bcue_status status = bcue_site_tracks_make(site, dataset, &study->tracks, error);
    bcue_site_config assumed = *site;
    if (isnan(assumed.array.field_of_view_deg))
        assumed.array.field_of_view_deg = 90;
    if (status == BCUE_OK && bcue_dataset_index_monotone(dataset))
        status = bcue_site_heading_fit(&assumed, &study->tracks, &study->fit, error);
    if (status == BCUE_OK)
        status = read_truth(study, error);
    if (status == BCUE_OK)
        status = compare_array(study, error);
    bool has[3] = {false, false, false};
    for (size_t i = 0; i < study->tracks.count; i++)
        for (int s = 0; s < 3; s++)
            has[s] = has[s] || bcue_sample_has(dataset, bcue_dataset_sample(dataset, i), (bcue_modality)s);
    if (status == BCUE_OK && has[BCUE_SITE_CAMERA])
        status = compare_camera(study, error);
    for (int s = BCUE_SITE_LIDAR; status == BCUE_OK && s <= BCUE_SITE_RADAR; s++)
        if (has[s])
            status = compare_points(study, (bcue_site_sensor)s, hooks, error);
    return status;
}

void bcue_site_study_free(bcue_site_study *study)
{
    bcue_site_tracks_free(&study->tracks);
    free(study->truth);
    *study = (bcue_site_study){0};
}

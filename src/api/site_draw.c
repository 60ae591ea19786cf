/* Pictures of a site check: fixes in camera pictures, and what LiDAR and radar see from above. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/site_check.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "report/canvas.h"

#define DEGREE (BCUE_PI / 180.0)
enum { PICTURES = 4, SIDE = 760 /* of a view from above, pixels */ };
static const double behind_m = 10, ahead_m = 60; /* what it shows along the heading */
static const bcue_colour white = {255, 255, 255, 255}, dark = {20, 24, 30, 255}, grey = {120, 130, 140, 255},
                         track_colour = {255, 210, 0, 220}, fix_colour = {255, 60, 40, 255},
                         truth_colour = {60, 230, 90, 255}, radar_colour = {255, 140, 0, 255},
                         lidar_colour = {90, 150, 255, 255}, beam_colour = {170, 120, 255, 255};

typedef struct drawing {
    const bcue_site_study *study;
    bcue_site_reader reader[3]; /* LiDAR and radar */
    double *line;               /* room for two numbers per sample */
    const char *folder;
} drawing;

/* The k-th of the frames that are drawn: the one of its part of the recording nearest to the array, of those
   with a fix. SIZE_MAX: none. */
static size_t choose(const bcue_site_study *study, size_t k)
{
    const size_t count = study->tracks.count;
    size_t best = SIZE_MAX;
    double best_m = INFINITY;
    for (size_t i = count * k / PICTURES; i < count * (k + 1) / PICTURES; i++) {
        const bcue_vec3 at = study->tracks.place[i];
        const double wanted = 12.0 + 8.0 * (double)k; /* not all at the same place */
        const double off = fabs(hypot(at.x, at.y) - wanted);
        if (isfinite(at.x) && off < best_m) {
            best_m = off;
            best = i;
        }
    }
    return best;
}

static bcue_status write_canvas(const drawing *d, bcue_canvas *canvas, const char *kind, size_t k,
                                bool (*name)(void *, const char *), void *cookie, bcue_error *error)
{
    char file[64];
    snprintf(file, sizeof file, "%s-%zu.png", kind, k + 1);
    char *path = bcue_path_join(d->folder, file);
    const bcue_image image = {canvas->width, canvas->height, 3, canvas->pixels};
    bcue_status status =
        path == NULL ? bcue_fail_memory(error, file) : bcue_image_write(path, &image, 0, error);
    if (status == BCUE_OK && !name(cookie, path))
        status = bcue_fail_memory(error, file);
    free(path);
    return status;
}

/* First and last sample of the episode of `sample`. */
static void episode_of(const bcue_site_study *study, size_t sample, size_t *first, size_t *end)
{
    const int32_t episode = bcue_dataset_sample(study->dataset, sample)->episode;
    *first = sample;
    *end = sample + 1;
    while (*first > 0 && bcue_dataset_sample(study->dataset, *first - 1)->episode == episode)
        --*first;
    while (*end < study->tracks.count && bcue_dataset_sample(study->dataset, *end)->episode == episode)
        ++*end;
}

/* ---- camera ---- */

static void draw_fixes(const drawing *d, size_t sample, const bcue_camera_config *camera,
                       const bcue_frame *frame, double scale, bcue_canvas *canvas)
{
    const bcue_site_study *study = d->study;
    const double offset_s = 1e-3 * study->site->camera.pose.clock_offset_ms;
    size_t first, end, count = 0;
    double now[2] = {NAN, NAN};
    episode_of(study, sample, &first, &end);
    for (size_t i = first; i < end; i++, count++) {
        double *at = &d->line[2 * count];
        const bcue_vec3 place = bcue_site_tracks_at(&study->tracks, i, offset_s);
        at[0] = at[1] = NAN;
        if (!isfinite(place.x) || !bcue_camera_project(camera, frame, place, &at[0], &at[1]) ||
            fabs(at[0]) > 20.0 * camera->width || fabs(at[1]) > 20.0 * camera->height)
            at[0] = at[1] = NAN;
        at[0] *= scale;
        at[1] *= scale;
        if (i == sample)
            memcpy(now, at, sizeof now);
    }
    bcue_canvas_line(canvas, d->line, count, false, 2, track_colour);
    if (study->truth != NULL && isfinite(study->truth[2 * sample]))
        bcue_canvas_circle(canvas, scale * study->truth[2 * sample], scale * study->truth[2 * sample + 1], 6,
                           2, truth_colour);
    if (isfinite(now[0]))
        bcue_canvas_circle(canvas, now[0], now[1], 11, 3, fix_colour);
}

/* The picture at `scale` times its size. */
static bcue_status open_canvas(const bcue_image *image, int scale, bcue_canvas *canvas, bcue_error *error)
{
    BCUE_TRY(bcue_canvas_create(image->width * scale, image->height * scale, dark, canvas, error));
    for (int y = 0; y < canvas->height; y++)
        for (int x = 0; x < canvas->width; x++)
            memcpy(&canvas->pixels[3 * ((size_t)y * (size_t)canvas->width + (size_t)x)],
                   &image->pixels[3 * ((size_t)(y / scale) * (size_t)image->width + (size_t)(x / scale))], 3);
    return BCUE_OK;
}

static void tell(bcue_canvas *canvas, const char *words)
{
    bcue_canvas_rect(canvas, 0, 0, bcue_canvas_text_width(11, words) + 14, 24, (bcue_colour){0, 0, 0, 170});
    bcue_canvas_text(canvas, 7, 17, 11, BCUE_CANVAS_START, false, white, words);
}

static bcue_status draw_camera(const drawing *d, size_t k, size_t sample, bool (*name)(void *, const char *),
                               void *cookie, bcue_error *error)
{
    const bcue_site_study *study = d->study;
    const bcue_sample *s = bcue_dataset_sample(study->dataset, sample);
    const size_t newest = (size_t)bcue_dataset_frames(study->dataset) - 1;
    bcue_camera_config camera;
    bcue_frame frame;
    bcue_image image;
    if (s->file[BCUE_CAMERA] == NULL || s->file[BCUE_CAMERA][newest] == NULL ||
        !bcue_site_camera_of(study->site, &camera, &frame))
        return BCUE_OK;
    char *path = bcue_dataset_path(study->dataset, s, s->file[BCUE_CAMERA][newest]);
    bcue_status status = path == NULL ? bcue_fail_memory(error, "a picture") : BCUE_OK;
    if (status == BCUE_OK && bcue_image_read(path, 3, &image, NULL) == BCUE_OK) {
        bcue_canvas canvas = {0};
        const int scale = image.width < 640 ? 2 : 1;
        status = open_canvas(&image, scale, &canvas, error);
        if (status == BCUE_OK) {
            char words[160];
            draw_fixes(d, sample, &camera, &frame, (double)(scale * image.width) / camera.width, &canvas);
            snprintf(words, sizeof words, "%.60s: red fix, yellow its track%s", s->id,
                     study->truth != NULL ? ", green true place" : "");
            tell(&canvas, words);
            status = write_canvas(d, &canvas, "camera", k, name, cookie, error);
        }
        bcue_canvas_free(&canvas);
        bcue_image_free(&image);
    }
    free(path);
    return status;
}

/* ---- from above ---- */

/* The heading is up. */
static void to_canvas(const bcue_site_config *site, bcue_vec3 at, double *xy)
{
    const double heading = (90.0 - site->heading_deg) * DEGREE, scale = SIDE / (behind_m + ahead_m);
    const double x = at.x * cos(heading) + at.y * sin(heading),
                 y = -at.x * sin(heading) + at.y * cos(heading);
    xy[0] = 0.5 * SIDE - scale * y;
    xy[1] = SIDE - scale * (x + behind_m);
    if (!(fabs(xy[0]) < 10.0 * SIDE && fabs(xy[1]) < 10.0 * SIDE))
        xy[0] = xy[1] = NAN;
}

static void draw_points(const drawing *d, const bcue_site_points *points, bcue_site_sensor sensor,
                        bcue_canvas *canvas)
{
    for (size_t i = 0; i < points->count; i++) {
        double xy[2];
        to_canvas(d->study->site, points->at[i], xy);
        if (!(xy[0] > 2 && xy[0] < SIDE - 2 && xy[1] > 2 && xy[1] < SIDE - 2))
            continue;
        const double size = points->moving[i] ? 3 : sensor == BCUE_SITE_LIDAR ? 1 : 2;
        const bcue_colour still = sensor == BCUE_SITE_LIDAR ? grey : (bcue_colour){150, 95, 40, 255};
        bcue_canvas_rect(canvas, xy[0], xy[1], size, size,
                         !points->moving[i]          ? still
                         : sensor == BCUE_SITE_LIDAR ? lidar_colour
                                                     : radar_colour);
    }
}

static void draw_ray(const drawing *d, double azimuth_deg, double length_m, bcue_colour colour, double width,
                     bcue_canvas *canvas)
{
    const double angle = (90.0 - d->study->site->heading_deg + azimuth_deg) * DEGREE;
    double ray[4];
    to_canvas(d->study->site, bcue_vec3_make(0, 0, 0), ray);
    to_canvas(d->study->site, bcue_vec3_make(length_m * cos(angle), length_m * sin(angle), 0), ray + 2);
    bcue_canvas_line(canvas, ray, 2, false, width, colour);
}

static void draw_tracks(const drawing *d, size_t sample, bcue_canvas *canvas)
{
    const bcue_site_study *study = d->study;
    size_t first, end, count = 0;
    double now[2];
    episode_of(study, sample, &first, &end);
    for (size_t i = first; i < end; i++, count++)
        to_canvas(study->site, study->tracks.place[i], &d->line[2 * count]);
    bcue_canvas_line(canvas, d->line, count, false, 2, track_colour);
    to_canvas(study->site, study->tracks.place[sample], now);
    if (isfinite(now[0]))
        bcue_canvas_circle(canvas, now[0], now[1], 11, 3, fix_colour);
}

static void draw_ground(const drawing *d, size_t sample, bcue_canvas *canvas)
{
    const bcue_site_config *site = d->study->site;
    const int32_t beam = bcue_dataset_sample(d->study->dataset, sample)->label_now;
    double origin[2];
    to_canvas(site, bcue_vec3_make(0, 0, 0), origin);
    for (int ring = 1; ring <= 6; ring++) {
        char words[16];
        const double radius = 10.0 * ring * SIDE / (behind_m + ahead_m);
        bcue_canvas_circle(canvas, origin[0], origin[1], radius, 1, (bcue_colour){50, 58, 66, 255});
        snprintf(words, sizeof words, "%d m", 10 * ring);
        bcue_canvas_text(canvas, origin[0] + 4, origin[1] - radius - 3, 8, BCUE_CANVAS_START, false, grey,
                         words);
    }
    draw_ray(d, 0, 65, grey, 1, canvas);
    if (!isnan(site->array.field_of_view_deg) && beam >= 0)
        draw_ray(d, bcue_site_beam_azimuth(site, beam, bcue_dataset_beams(d->study->dataset)) / DEGREE, 65,
                 beam_colour, 2, canvas);
}

static bcue_status draw_above(const drawing *d, size_t k, size_t sample, bool (*name)(void *, const char *),
                              void *cookie, bcue_error *error)
{
    bcue_canvas canvas;
    if (isnan(d->study->site->heading_deg))
        return BCUE_OK;
    BCUE_TRY(bcue_canvas_create(SIDE, SIDE, dark, &canvas, error));
    draw_ground(d, sample, &canvas);
    bcue_status status = BCUE_OK;
    for (int s = BCUE_SITE_LIDAR; status == BCUE_OK && s <= BCUE_SITE_RADAR; s++) {
        bcue_site_points points;
        if (d->reader[s].site == NULL)
            continue;
        status = bcue_site_read_points(&d->reader[s], sample, &points, error);
        draw_points(d, &points, (bcue_site_sensor)s, &canvas);
        bcue_site_points_free(&points);
    }
    if (status == BCUE_OK) {
        draw_tracks(d, sample, &canvas);
        tell(&canvas,
             "red fix, yellow its track, violet best beam; moving: blue LiDAR, orange radar; up: heading");
        status = write_canvas(d, &canvas, "bev", k, name, cookie, error);
    }
    bcue_canvas_free(&canvas);
    return status;
}

static bcue_status open_readers(drawing *d, bcue_error *error)
{
    const bcue_site_study *study = d->study;
    for (int s = BCUE_SITE_LIDAR; s <= BCUE_SITE_RADAR; s++)
        if (study->sensors[s].looked_at > 0)
            BCUE_TRY(bcue_site_reader_open(study->site, study->dataset, &study->tracks, (bcue_site_sensor)s,
                                           &d->reader[s], error));
    return BCUE_OK;
}

bcue_status bcue_site_draw(const bcue_site_study *study, const char *folder,
                           bool (*name)(void *cookie, const char *path), void *cookie, bcue_error *error)
{
    drawing d = {.study = study, .folder = folder};
    BCUE_TRY(bcue_check_writable_dir(folder, error));
    d.line = bcue_calloc(2 * study->tracks.count + 2, sizeof *d.line);
    bcue_status status = d.line == NULL ? bcue_fail_memory(error, "the pictures") : open_readers(&d, error);
    for (size_t k = 0; status == BCUE_OK && k < PICTURES; k++) {
        const size_t sample = choose(study, k);
        if (sample == SIZE_MAX)
            continue;
        status = draw_camera(&d, k, sample, name, cookie, error);
        if (status == BCUE_OK)
            status = draw_above(&d, k, sample, name, cookie, error);
    }
    for (int s = BCUE_SITE_LIDAR; s <= BCUE_SITE_RADAR; s++)
        bcue_site_reader_close(&d.reader[s]);
    free(d.line);
    return status;
}

#include <math.h>
#include <stdlib.h>
#include "base/base64.h"
#include "base/fail.h"
#include "base/memory.h"
#include "simulate/view_parts.h"

enum { PICTURE_WIDTH = 448, PICTURE_QUALITY = 62, CLOUD_WIDTH = 270, ECHO_ROWS = 96, ECHO_COLUMNS = 128 };
/* Of detections on what stands still, one in so many is kept. */
enum { STATIC_DETECTIONS = 3 };
enum { CLOUD_AIR = 1, CLOUD_STREET = 2, CLOUD_VEHICLE = 128 };
#define RADAR_RANGE_DB 30.0

static bcue_status create_picture(const bcue_image *image, bcue_view_sensing *sensing, bcue_error *error)
{
    int width = image->width < PICTURE_WIDTH ? image->width : PICTURE_WIDTH;
    int height = (int)lround((double)image->height * width / image->width);
    return bcue_image_create(width, height > 0 ? height : 1, 3, &sensing->reduced, error);
}

static bcue_status create_cloud(const bcue_view_window *window, bcue_view_sensing *sensing, bcue_error *error)
{
    double aspect = (window->high - window->low) / (window->right - window->left);
    int height = (int)fmax(1.0, fmin(4096.0, round(CLOUD_WIDTH * aspect)));
    return bcue_image_create(CLOUD_WIDTH, height, 1, &sensing->cloud, error);
}

static bcue_status create_echoes(const bcue_view_window *window, const bcue_fmcw_config *chirp,
                                 bcue_view_sensing *sensing, bcue_error *error)
{
    size_t most = chirp->samples > chirp->chirps ? chirp->samples : chirp->chirps;
    int64_t side = 2 * ECHO_COLUMNS;
    while ((size_t)side < most)
        side *= 2;
    sensing->recipe =
        (bcue_radar_recipe){.enabled = true,
                            .height = side,
                            .width = side,
                            .kind = BCUE_RADAR_CALIBRATED,
                            .dynamic_range_db = RADAR_RANGE_DB,
                            .carrier_hz = chirp->carrier_hz,
                            .slope_hz_per_s = chirp->slope_hz_per_s,
                            .sample_rate_hz = chirp->sample_rate_hz,
                            .chirp_period_s = chirp->idle_s + chirp->ramp_s,
                            .antenna_spacing = chirp->spacing_m * chirp->carrier_hz / BCUE_SPEED_OF_LIGHT};
    BCUE_TRY(bcue_radar_maps_create(&sensing->recipe, &sensing->maps, error));
    sensing->levels = bcue_calloc((size_t)(2 * side * side), sizeof *sensing->levels);
    if (!sensing->levels)
        return bcue_fail_memory(error, "the radar's map");
    double reach = hypot(fmax(fabs(window->left), fabs(window->right)), window->high);
    double rows = ceil(reach / bcue_radar_range_m(&sensing->recipe, 1));
    rows = fmin(rows, (double)side);
    sensing->merged = (int)ceil(rows / ECHO_ROWS);
    int height = (int)ceil(rows / sensing->merged);
    return bcue_image_create(ECHO_COLUMNS, height, 1, &sensing->echoes, error);
}

bcue_status bcue_view_sensing_create(const bcue_view_window *window, const bcue_sim_sensors *sensors,
                                     bcue_view_sensing *sensing, bcue_error *error)
{
    const bcue_simulate_config *c = sensors->config;
    *sensing = (bcue_view_sensing){.maps = NULL};
    if (sensors->outlets[BCUE_SIM_CLOCK_CAMERA].enabled)
        BCUE_TRY(create_picture(&sensors->image, sensing, error));
    if (sensors->outlets[BCUE_SIM_CLOCK_LIDAR].enabled)
        BCUE_TRY(create_cloud(window, sensing, error));
    if (sensors->outlets[BCUE_SIM_CLOCK_RADAR].enabled && c->radar.kind != BCUE_SIM_RADAR_POINTS)
        BCUE_TRY(create_echoes(window, &sensors->chirp, sensing, error));
    if (sensors->outlets[BCUE_SIM_CLOCK_RADAR].enabled && c->radar.kind == BCUE_SIM_RADAR_POINTS) {
        sensing->dots = bcue_calloc(bcue_radar_points_most(&sensors->radar_points), 3);
        if (!sensing->dots)
            return bcue_fail_memory(error, "the radar's detections");
    }
    return BCUE_OK;
}

void bcue_view_sensing_destroy(bcue_view_sensing *sensing)
{
    bcue_image_free(&sensing->reduced);
    bcue_image_free(&sensing->cloud);
    bcue_image_free(&sensing->echoes);
    bcue_radar_maps_destroy(sensing->maps);
    free(sensing->levels);
    free(sensing->dots);
    *sensing = (bcue_view_sensing){.maps = NULL};
}

/* Each pixel is the mean of those it covers. */
static void reduce(const bcue_image *from, bcue_image *to)
{
    for (int row = 0; row < to->height; row++)
        for (int column = 0; column < to->width; column++) {
            int top = (int)((int64_t)row * from->height / to->height);
            int bottom = (int)((int64_t)(row + 1) * from->height / to->height);
            int left = (int)((int64_t)column * from->width / to->width);
            int right = (int)((int64_t)(column + 1) * from->width / to->width);
            int sum[3] = {0}, count = 0;
            for (int y = top; y < bottom || y == top; y++)
                for (int x = left; x < right || x == left; x++, count++)
                    for (int k = 0; k < 3; k++)
                        sum[k] += from->pixels[3 * ((size_t)y * (size_t)from->width + (size_t)x) + (size_t)k];
            for (int k = 0; k < 3; k++)
                to->pixels[3 * ((size_t)row * (size_t)to->width + (size_t)column) + (size_t)k] =
                    (uint8_t)((sum[k] + count / 2) / count);
        }
}

bcue_status bcue_view_put_picture(bcue_view_sensing *sensing, const bcue_sim_sensors *sensors, bcue_text *out,
                                  bcue_error *error)
{
    bcue_bytes jpeg = {0};
    reduce(&sensors->image, &sensing->reduced);
    BCUE_TRY(bcue_jpeg_encode(&sensing->reduced, PICTURE_QUALITY, &jpeg, error));
    bcue_base64(out, jpeg.data, jpeg.size);
    bcue_bytes_free(&jpeg);
    return BCUE_OK;
}

static bcue_status put_png(const bcue_image *image, bcue_text *out, bcue_error *error)
{
    bcue_bytes png = {0};
    BCUE_TRY(bcue_png_encode(image, &png, error));
    bcue_base64(out, png.data, png.size);
    bcue_bytes_free(&png);
    return BCUE_OK;
}

static uint8_t cloud_code(uint32_t instance, double z)
{
    if (instance == BCUE_LIDAR_ECHO)
        return CLOUD_AIR;
    if (instance == BCUE_RAY_STATIC)
        return (uint8_t)(CLOUD_STREET + fmin(125.0, fmax(0.0, 10.0 * z)));
    return (uint8_t)(CLOUD_VEHICLE + fmin(127.0, fmax(0.0, 30.0 * z)));
}

bcue_status bcue_view_put_cloud(bcue_view_sensing *sensing, const bcue_view_window *window,
                                const bcue_sim_sensors *sensors, bcue_text *out, bcue_error *error)
{
    bcue_image *image = &sensing->cloud;
    const bcue_frame *frame = &sensors->poses.lidar;
    double scale = image->width / (window->right - window->left);
    for (size_t i = 0; i < (size_t)image->width * (size_t)image->height; i++)
        image->pixels[i] = 0;
    for (size_t i = 0; i < sensors->lidar_count; i++) {
        const bcue_lidar_point *p = &sensors->lidar_points[i];
        bcue_vec3 local = {(double)p->x, (double)p->y, (double)p->z};
        bcue_vec3 place = bcue_vec3_add(frame->origin, bcue_frame_world(frame, local));
        double u, w;
        bcue_view_place(window, place, &u, &w);
        double column = floor((u - window->left) * scale), row = floor((window->high - w) * scale);
        if (!(column >= 0.0 && column < image->width && row >= 0.0 && row < image->height))
            continue;
        uint8_t *pixel = &image->pixels[(size_t)row * (size_t)image->width + (size_t)column];
        uint8_t code = cloud_code(p->instance, place.z);
        *pixel = code > *pixel ? code : *pixel;
    }
    return put_png(image, out, error);
}

void bcue_view_put_detections(bcue_view_sensing *sensing, const bcue_view_window *window,
                              const bcue_sim_sensors *sensors, bcue_text *out)
{
    const bcue_frame *frame = &sensors->poses.radar;
    size_t bytes = 0;
    for (size_t i = 0; i < sensors->radar_count; i++) {
        const bcue_radar_point *p = &sensors->radar_hits[i];
        bool still = sensors->radar_instances[i] == BCUE_RAY_STATIC;
        if (still && i % STATIC_DETECTIONS != 0)
            continue;
        double range = (double)p->depth_m;
        bcue_vec3 local = bcue_vec3_scale(bcue_direction(-(double)p->azimuth, (double)p->altitude), range);
        double u, w;
        bcue_view_place(window, bcue_vec3_add(frame->origin, bcue_frame_world(frame, local)), &u, &w);
        double x = (u - window->left) / (window->right - window->left);
        double y = (w - window->low) / (window->high - window->low);
        if (!(x >= 0.0 && x <= 1.0 && y >= 0.0 && y <= 1.0))
            continue;
        long speed = lround(fmin(127.0, fmax(-127.0, 4.0 * (double)p->velocity_mps)));
        sensing->dots[bytes++] = (uint8_t)lround(255.0 * x);
        sensing->dots[bytes++] = (uint8_t)lround(255.0 * y);
        sensing->dots[bytes++] = (uint8_t)(int8_t)speed;
    }
    bcue_base64(out, sensing->dots, bytes);
}

double bcue_view_range_step(const bcue_view_sensing *sensing)
{
    return sensing->merged * bcue_radar_range_m(&sensing->recipe, 1);
}

bcue_status bcue_view_put_echoes(bcue_view_sensing *sensing, const bcue_sim_sensors *sensors, bcue_text *out,
                                 bcue_error *error)
{
    const bcue_fmcw_config *chirp = &sensors->chirp;
    const bcue_npy cube = {.type = BCUE_NPY_C64,
                           .rank = 3,
                           .shape = {chirp->antennas, chirp->samples, chirp->chirps},
                           .count = chirp->antennas * chirp->samples * chirp->chirps,
                           .data = sensors->cube};
    BCUE_TRY(bcue_radar_features(sensing->maps, &cube, "the radar cube", sensing->levels, error));
    bcue_image *image = &sensing->echoes;
    int width = (int)sensing->recipe.width, across = width / ECHO_COLUMNS;
    for (int row = 0; row < image->height; row++)
        for (int column = 0; column < ECHO_COLUMNS; column++) {
            float most = 0.0f;
            for (int y = row * sensing->merged; y < (row + 1) * sensing->merged && y < width; y++)
                for (int x = column * across; x < (column + 1) * across; x++)
                    most = fmaxf(most, sensing->levels[(size_t)y * (size_t)width + (size_t)x]);
            image->pixels[(size_t)row * ECHO_COLUMNS + (size_t)column] = (uint8_t)lroundf(255.0f * most);
        }
    return put_png(image, out, error);
}

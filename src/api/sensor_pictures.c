#include "api/sensor_pictures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "metrics/quantile.h"

enum { CLOUD_SIDE = 384, ECHO_SIDE = 256, ECHO_GAP = 8 };

/* Viridis (Smith and van der Walt) at eight places, linear between them. */
static void viridis(double value, uint8_t pixel[3])
{
    static const uint8_t stops[8][3] = {{68, 1, 84},    {70, 50, 127},  {54, 92, 141},  {39, 127, 142},
                                        {31, 161, 135}, {74, 194, 109}, {159, 218, 58}, {253, 231, 37}};
    double at = (value < 0 ? 0 : value > 1 ? 1 : value) * 7.0;
    int below = (int)at < 7 ? (int)at : 6;
    for (int c = 0; c < 3; c++)
        pixel[c] = (uint8_t)(stops[below][c] + (at - below) * (stops[below + 1][c] - stops[below][c]) + 0.5);
}

static bcue_status finish(bcue_image *image, bcue_status status, bcue_bytes *png, bcue_error *error)
{
    if (status == BCUE_OK)
        status = bcue_png_encode(image, png, error);
    bcue_image_free(image);
    return status;
}

static void draw_sensor(bcue_image *image)
{
    const int middle = CLOUD_SIDE / 2;
    for (int i = -4; i <= 4; i++) {
        memset(&image->pixels[3 * ((middle + i) * CLOUD_SIDE + middle)], 255, 3);
        memset(&image->pixels[3 * (middle * CLOUD_SIDE + middle + i)], 255, 3);
    }
}

/* The heights that 2 % of the points lie below and above; of finite points only. */
static bool height_bounds(const bcue_ply *cloud, double bounds_m[2])
{
    double *heights = bcue_calloc(cloud->count, sizeof *heights);
    size_t count = 0;
    for (size_t i = 0; heights != NULL && i < cloud->count; i++)
        if (isfinite(cloud->points[3 * i + 2]))
            heights[count++] = cloud->points[3 * i + 2];
    if (heights != NULL && count > 0) {
        bcue_sort_doubles(heights, count);
        bounds_m[0] = heights[count / 50];
        bounds_m[1] = heights[count - 1 - count / 50];
    }
    free(heights);
    return count > 0;
}

bcue_status bcue_picture_cloud(const bcue_ply *cloud, double span_m, bcue_bytes *png, bcue_error *error)
{
    bcue_image image;
    double bounds_m[2] = {0, 0}, *top = bcue_calloc(CLOUD_SIDE * CLOUD_SIDE, sizeof *top);
    *png = (bcue_bytes){0};
    if (top == NULL)
        return bcue_fail_memory(error, "a picture");
    bcue_status status = bcue_image_create(CLOUD_SIDE, CLOUD_SIDE, 3, &image, error);
    if (status != BCUE_OK) {
        free(top);
        return status;
    }
    for (size_t i = 0; i < CLOUD_SIDE * CLOUD_SIDE; i++)
        top[i] = -HUGE_VAL;
    (void)height_bounds(cloud, bounds_m);
    for (size_t i = 0; i < cloud->count; i++) {
        const double *at = &cloud->points[3 * i];
        double row = floor((1.0 - at[0] / span_m) * CLOUD_SIDE / 2),
               column = floor((1.0 - at[1] / span_m) * CLOUD_SIDE / 2);
        if (!(row >= 0 && row < CLOUD_SIDE && column >= 0 && column < CLOUD_SIDE && isfinite(at[2])))
            continue;
        double *cell = &top[(size_t)row * CLOUD_SIDE + (size_t)column];
        *cell = at[2] > *cell ? at[2] : *cell;
    }
    const double range_m = bounds_m[1] > bounds_m[0] ? bounds_m[1] - bounds_m[0] : 1;
    for (size_t i = 0; i < CLOUD_SIDE * CLOUD_SIDE; i++)
        if (top[i] > -HUGE_VAL)
            viridis(0.15 + 0.85 * (top[i] - bounds_m[0]) / range_m, &image.pixels[3 * i]);
    draw_sensor(&image);
    free(top);
    return finish(&image, BCUE_OK, png, error);
}

bcue_cloud_facts bcue_cloud_facts_of(const bcue_ply *cloud)
{
    bcue_cloud_facts facts = {.points = cloud->count, .reach_m = 0};
    double *distance_m = bcue_calloc(cloud->count, sizeof *distance_m);
    size_t count = 0;
    for (size_t i = 0; distance_m != NULL && i < cloud->count; i++) {
        double d = hypot(cloud->points[3 * i], cloud->points[3 * i + 1]);
        if (isfinite(d))
            distance_m[count++] = d;
    }
    if (count > 0) {
        bcue_sort_doubles(distance_m, count);
        facts.reach_m = distance_m[(count - 1) * 99 / 100];
    }
    free(distance_m);
    return facts;
}

static bool is_cube(const bcue_npy *frame)
{
    return (frame->type == BCUE_NPY_C64 || frame->type == BCUE_NPY_C128) && frame->rank == 3;
}

bcue_echo_facts bcue_echo_facts_of(const bcue_npy *frame)
{
    bcue_echo_facts facts = {.points = !is_cube(frame)};
    for (int i = 0; i < 3 && i < frame->rank; i++)
        facts.shape[i] = frame->shape[i];
    return facts;
}

bcue_radar_recipe bcue_echo_recipe(const bcue_npy *frame)
{
    bcue_radar_recipe recipe = {.enabled = true,
                                .height = ECHO_SIDE,
                                .width = ECHO_SIDE,
                                .kind = is_cube(frame) ? BCUE_RADAR_CALIBRATED : BCUE_RADAR_POINTS,
                                .dynamic_range_db = 60,
                                .carrier_hz = 77e9,
                                .slope_hz_per_s = 8.014e12,
                                .sample_rate_hz = 6.2e6,
                                .chirp_period_s = 49.5e-6,
                                .antenna_spacing = 0.5,
                                .points_range_m = 100,
                                .points_azimuth_deg = 75,
                                .points_velocity_mps = 20,
                                .points_clip = 2};
    if (is_cube(frame) && frame->shape[2] <= 128) { /* scenario 9 has 128 chirps, the others 250 */
        recipe.slope_hz_per_s = 15.015e12;
        recipe.sample_rate_hz = 5e6;
        recipe.chirp_period_s = 65e-6;
    }
    return recipe;
}

bcue_status bcue_picture_echoes(const bcue_npy *frame, const char *name, bcue_bytes *png, bcue_error *error)
{
    const bcue_radar_recipe recipe = bcue_echo_recipe(frame);
    bcue_radar_maps *maps = NULL;
    bcue_image image;
    enum { WIDTH = 2 * ECHO_SIDE + ECHO_GAP, PLANE = ECHO_SIDE * ECHO_SIDE };
    float *values = bcue_calloc(2 * PLANE, sizeof *values);
    *png = (bcue_bytes){0};
    bcue_status status =
        values == NULL ? bcue_fail_memory(error, "a picture") : bcue_radar_maps_create(&recipe, &maps, error);
    if (status == BCUE_OK)
        status = bcue_radar_features(maps, frame, name, values, error);
    bcue_radar_maps_destroy(maps);
    if (status == BCUE_OK)
        status = bcue_image_create(WIDTH, ECHO_SIDE, 3, &image, error);
    if (status != BCUE_OK) {
        free(values);
        return status;
    }
    memset(image.pixels, 255, 3 * WIDTH * ECHO_SIDE);
    for (size_t m = 0; m < 2; m++)
        for (size_t r = 0; r < ECHO_SIDE; r++) /* row 0, the nearest, at the bottom */
            for (size_t c = 0; c < ECHO_SIDE; c++)
                viridis((double)values[m * PLANE + (ECHO_SIDE - 1 - r) * ECHO_SIDE + c],
                        &image.pixels[3 * (r * WIDTH + m * (ECHO_SIDE + ECHO_GAP) + c)]);
    free(values);
    return finish(&image, BCUE_OK, png, error);
}

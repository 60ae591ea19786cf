#include "features/recipes.h"

#include <math.h>
#include <string.h>

#include "features/geodesy.h"

enum { LARGEST_BLUR_RADIUS = 48 }; /* three deviations of the largest blur_px that the schema allows */

static float around_one(bcue_rng *rng, double amount)
{
    return (float)bcue_rng_range(rng, 1.0 - amount, 1.0 + amount);
}

bcue_augment_draw bcue_augment_none(void)
{
    return (bcue_augment_draw){.brightness = 1, .contrast = 1, .gamma = 1, .saturation = 1, .radar_gain = 1};
}

bcue_augment_draw bcue_augment_make(const bcue_augment_recipe *recipe, bcue_rng *rng)
{
    /* Every number is drawn whether it is used or not, so that switching one change on leaves the others as
     * they were. */
    double chance = bcue_rng_uniform(rng), flip = bcue_rng_uniform(rng);
    float brightness = around_one(rng, recipe->brightness), contrast = around_one(rng, recipe->contrast);
    float saturation = around_one(rng, recipe->saturation);
    double exponent = bcue_rng_range(rng, -1.0, 1.0) * log1p(recipe->gamma);
    float blur_px = (float)(bcue_rng_uniform(rng) * recipe->blur_px);
    float lidar_jitter_m = (float)(bcue_rng_uniform(rng) * recipe->lidar_jitter_m);
    float lidar_drop = (float)(bcue_rng_uniform(rng) * recipe->lidar_drop);
    float radar_gain = around_one(rng, recipe->radar_gain);
    bcue_augment_draw draw = bcue_augment_none();
    draw.flip = flip < recipe->flip;
    if (chance < recipe->probability) {
        draw.brightness = brightness;
        draw.contrast = contrast;
        draw.saturation = saturation;
        draw.gamma = (float)exp(exponent);
        draw.blur_px = blur_px;
        draw.lidar_jitter_m = lidar_jitter_m;
        draw.lidar_drop = lidar_drop;
        draw.radar_gain = radar_gain;
    }
    return draw;
}

static float clipped(float value)
{
    return value < 0 ? 0 : value > 1 ? 1 : value;
}

static float grey_of(const float *planes, size_t plane, int64_t channels, size_t i)
{
    return channels == 1 ? planes[i]
                         : 0.299F * planes[i] + 0.587F * planes[plane + i] + 0.114F * planes[2 * plane + i];
}

static void mirror(const bcue_camera_recipe *recipe, float *planes)
{
    size_t width = (size_t)recipe->width, rows = (size_t)recipe->height * (size_t)recipe->channels;
    for (size_t row = 0; row < rows; row++, planes += width)
        for (size_t x = 0; x < width / 2; x++) {
            float kept = planes[x];
            planes[x] = planes[width - 1 - x];
            planes[width - 1 - x] = kept;
        }
}

static void change_contrast(float contrast, const bcue_camera_recipe *recipe, float *planes)
{
    size_t plane = (size_t)recipe->width * (size_t)recipe->height;
    double sum = 0;
    for (size_t i = 0; i < plane; i++)
        sum += (double)grey_of(planes, plane, recipe->channels, i);
    float mean = (float)(sum / (double)plane);
    for (size_t i = 0; i < plane * (size_t)recipe->channels; i++)
        planes[i] = clipped(mean + contrast * (planes[i] - mean));
}

static void change_saturation(float saturation, const bcue_camera_recipe *recipe, float *planes)
{
    size_t plane = (size_t)recipe->width * (size_t)recipe->height;
    for (size_t i = 0; i < plane; i++) {
        float grey = grey_of(planes, plane, recipe->channels, i);
        for (size_t c = 0; c < (size_t)recipe->channels; c++)
            planes[c * plane + i] = clipped(grey + saturation * (planes[c * plane + i] - grey));
    }
}

/* One pass along rows (step 1) or columns; the border sample goes on beyond the border. */
static void blur_axis(const float *weights, int radius, const float *in, float *out, int lines, int length,
                      size_t line_step, size_t step)
{
    for (int line = 0; line < lines; line++)
        for (int i = 0; i < length; i++) {
            float sum = 0;
            for (int k = -radius; k <= radius; k++) {
                int at = i + k < 0 ? 0 : i + k >= length ? length - 1 : i + k;
                sum += weights[k + radius] * in[(size_t)line * line_step + (size_t)at * step];
            }
            out[(size_t)line * line_step + (size_t)i * step] = sum;
        }
}

static void blur(float blur_px, const bcue_camera_recipe *recipe, float *planes, float *scratch)
{
    int radius = (int)ceilf(3 * blur_px), width = (int)recipe->width, height = (int)recipe->height;
    radius = radius > LARGEST_BLUR_RADIUS ? LARGEST_BLUR_RADIUS : radius;
    float weights[2 * LARGEST_BLUR_RADIUS + 1] = {0}, sum = 0;
    for (int k = -radius; k <= radius; k++)
        sum += weights[k + radius] = expf(-0.5F * (float)(k * k) / (blur_px * blur_px));
    for (int k = 0; k <= 2 * radius; k++)
        weights[k] /= sum;
    for (int64_t c = 0; c < recipe->channels; c++, planes += (size_t)width * (size_t)height) {
        blur_axis(weights, radius, planes, scratch, height, width, (size_t)width, 1);
        blur_axis(weights, radius, scratch, planes, width, height, 1, (size_t)width);
    }
}

void bcue_augment_camera(const bcue_augment_draw *draw, const bcue_camera_recipe *recipe, float *planes,
                         float *scratch)
{
    size_t values = (size_t)recipe->width * (size_t)recipe->height * (size_t)recipe->channels;
    if (draw->flip)
        mirror(recipe, planes);
    if (draw->brightness != 1)
        for (size_t i = 0; i < values; i++)
            planes[i] = clipped(planes[i] * draw->brightness);
    if (draw->contrast != 1)
        change_contrast(draw->contrast, recipe, planes);
    if (draw->saturation != 1 && recipe->channels == 3)
        change_saturation(draw->saturation, recipe, planes);
    if (draw->gamma != 1)
        for (size_t i = 0; i < values; i++)
            planes[i] = powf(clipped(planes[i]), draw->gamma);
    if (draw->blur_px > 0.1F) /* below, the neighbours' weights vanish */
        blur(draw->blur_px, recipe, planes, scratch);
}

void bcue_augment_radar(const bcue_augment_draw *draw, const bcue_radar_recipe *recipe, float *maps)
{
    if (recipe->kind == BCUE_RADAR_HPS) /* points have no gain, and are never mirrored */
        return;
    size_t values = 2 * (size_t)bcue_radar_rows(recipe) * (size_t)bcue_radar_columns(recipe);
    if (draw->flip)
        bcue_radar_mirror(recipe, maps);
    for (size_t i = 0; draw->radar_gain != 1 && i < values; i++)
        maps[i] *= draw->radar_gain;
}

void bcue_augment_mirror_fix(double boresight_deg, const double rsu_fix[2], double fix[2])
{
    const double degree = 3.14159265358979323846 / 180.0;
    double enu_m[3], altitude_m;
    bcue_geodetic_to_enu(fix[0], fix[1], 0, rsu_fix[0], rsu_fix[1], 0, enu_m);
    double east = sin(boresight_deg * degree), north = cos(boresight_deg * degree);
    double along_m = enu_m[0] * east + enu_m[1] * north;
    enu_m[0] = 2 * along_m * east - enu_m[0];
    enu_m[1] = 2 * along_m * north - enu_m[1];
    bcue_enu_to_geodetic(enu_m, rsu_fix[0], rsu_fix[1], 0, &fix[0], &fix[1], &altitude_m);
}

#include "features/recipes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"

static const float grey_weight[3] = {0.299F, 0.587F, 0.114F}; /* ITU-R BT.601 luma */

/* Which input samples make one output sample, along one axis. */
typedef struct filter_taps {
    int *first;     /* per output */
    int *count;     /* per output */
    float *weights; /* outputs x most */
    int most;
} filter_taps;

static void free_taps(filter_taps *taps)
{
    free(taps->first);
    free(taps->count);
    free(taps->weights);
}

/* The triangle of half-width max(1, input / output) input samples around each output's centre, cut at the
   border and scaled to sum `total`: interpolation when enlarging, an antialiasing average when shrinking. */
static bool make_taps(int input, int output, double total, filter_taps *taps)
{
    double scale = (double)input / output, support = scale > 1.0 ? scale : 1.0;
    taps->most = 2 * (int)ceil(support) + 1;
    taps->first = bcue_calloc((size_t)output, sizeof *taps->first);
    taps->count = bcue_calloc((size_t)output, sizeof *taps->count);
    taps->weights = bcue_calloc((size_t)output * (size_t)taps->most, sizeof *taps->weights);
    double *exact = bcue_calloc((size_t)taps->most, sizeof *exact);
    if (taps->first == NULL || taps->count == NULL || taps->weights == NULL || exact == NULL) {
        free(exact);
        free_taps(taps);
        return false;
    }
    for (int i = 0; i < output; i++) {
        double centre = (i + 0.5) * scale, sum = 0;
        int first = (int)(centre - support + 0.5), end = (int)(centre + support + 0.5);
        first = first < 0 ? 0 : first;
        end = end > input ? input : end;
        for (int k = first; k < end; k++) {
            double distance = fabs((k + 0.5 - centre) / support);
            exact[k - first] = distance < 1.0 ? 1.0 - distance : 0.0;
            sum += exact[k - first];
        }
        taps->first[i] = first;
        taps->count[i] = end - first;
        for (int k = 0; k < end - first; k++)
            taps->weights[(size_t)i * (size_t)taps->most + (size_t)k] = (float)(exact[k] / sum * total);
    }
    free(exact);
    return true;
}

/* One output row before the horizontal pass: `length` interleaved samples. */
static void sum_rows(const bcue_image *image, const filter_taps *vertical, int y, size_t length, float *row)
{
    const uint8_t *source = image->pixels + (size_t)vertical->first[y] * length;
    const float *weights = vertical->weights + (size_t)y * (size_t)vertical->most;
    memset(row, 0, length * sizeof *row);
    for (int k = 0; k < vertical->count[y]; k++, source += length) {
        float weight = weights[k];
        for (size_t i = 0; i < length; i++)
            row[i] += weight * (float)source[i];
    }
}

static void sum_columns_rgb(const float *row, const filter_taps *horizontal, int width, size_t plane,
                            float *out)
{
    for (int x = 0; x < width; x++) {
        const float *source = row + 3 * (size_t)horizontal->first[x];
        const float *weights = horizontal->weights + (size_t)x * (size_t)horizontal->most;
        float red = 0, green = 0, blue = 0;
        for (int k = 0; k < horizontal->count[x]; k++, source += 3) {
            red += weights[k] * source[0];
            green += weights[k] * source[1];
            blue += weights[k] * source[2];
        }
        out[x] = red;
        out[plane + (size_t)x] = green;
        out[2 * plane + (size_t)x] = blue;
    }
}

static void sum_columns_grey(const float *row, const filter_taps *horizontal, int width, float *out)
{
    for (int x = 0; x < width; x++) {
        const float *source = row + horizontal->first[x];
        const float *weights = horizontal->weights + (size_t)x * (size_t)horizontal->most;
        float sum = 0;
        for (int k = 0; k < horizontal->count[x]; k++)
            sum += weights[k] * source[k];
        out[x] = sum;
    }
}

/* (image->channels, height, width) floats in [0, 1]. */
static bcue_status resize_planes(const bcue_image *image, int width, int height, float *out,
                                 bcue_error *error)
{
    filter_taps vertical, horizontal;
    if (!make_taps(image->height, height, 1.0 / 255.0, &vertical))
        return bcue_fail_memory(error, "resizing a picture");
    if (!make_taps(image->width, width, 1.0, &horizontal)) {
        free_taps(&vertical);
        return bcue_fail_memory(error, "resizing a picture");
    }
    size_t length = (size_t)image->width * (size_t)image->channels, plane = (size_t)width * (size_t)height;
    float *row = bcue_calloc(length, sizeof *row);
    for (int y = 0; row != NULL && y < height; y++) {
        sum_rows(image, &vertical, y, length, row);
        if (image->channels == 3)
            sum_columns_rgb(row, &horizontal, width, plane, out + (size_t)y * (size_t)width);
        else
            sum_columns_grey(row, &horizontal, width, out + (size_t)y * (size_t)width);
    }
    free_taps(&vertical);
    free_taps(&horizontal);
    bool done = row != NULL;
    free(row);
    return done ? BCUE_OK : bcue_fail_memory(error, "resizing a picture");
}

static bcue_status check_image(const bcue_image *image, const bcue_camera_recipe *recipe, bcue_error *error)
{
    if (image->pixels == NULL || image->width < 1 || image->height < 1 ||
        (image->channels != 1 && image->channels != 3))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "camera: a picture of %d x %d with %d channels; expected 1 (grey) or 3 (RGB)",
                         image->width, image->height, image->channels);
    if ((recipe->channels != 1 && recipe->channels != 3) || recipe->width < 1 || recipe->height < 1)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "camera: the recipe asks for %lld x %lld with %lld channels",
                         (long long)recipe->width, (long long)recipe->height, (long long)recipe->channels);
    if ((recipe->input_width != 0 && recipe->input_width != image->width) ||
        (recipe->input_height != 0 && recipe->input_height != image->height))
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "camera: the picture is %d x %d, but the recipe expects %lld x %lld", image->width,
                         image->height, (long long)recipe->input_width, (long long)recipe->input_height);
    return BCUE_OK;
}

bcue_status bcue_camera_resize(const bcue_image *image, const bcue_camera_recipe *recipe, float *out,
                               bcue_error *error)
{
    BCUE_TRY(check_image(image, recipe, error));
    int width = (int)recipe->width, height = (int)recipe->height;
    size_t plane = (size_t)width * (size_t)height;
    if (image->channels == recipe->channels)
        return resize_planes(image, width, height, out, error);
    if (image->channels == 1) {
        BCUE_TRY(resize_planes(image, width, height, out, error));
        memcpy(out + plane, out, plane * sizeof *out);
        memcpy(out + 2 * plane, out, plane * sizeof *out);
        return BCUE_OK;
    }
    float *colour = bcue_calloc(plane, 3 * sizeof *colour);
    if (colour == NULL)
        return bcue_fail_memory(error, "resizing a picture");
    bcue_status status = resize_planes(image, width, height, colour, error);
    for (size_t i = 0; status == BCUE_OK && i < plane; i++)
        out[i] = grey_weight[0] * colour[i] + grey_weight[1] * colour[plane + i] +
                 grey_weight[2] * colour[2 * plane + i];
    free(colour);
    return status;
}

void bcue_camera_normalise_planes(const bcue_camera_recipe *recipe, float *planes)
{
    static const float mean[3] = {0.485F, 0.456F, 0.406F}, deviation[3] = {0.229F, 0.224F, 0.225F};
    if (recipe->normalise != BCUE_NORMALISE_IMAGENET)
        return;
    size_t plane = (size_t)recipe->width * (size_t)recipe->height;
    for (int64_t c = 0; c < recipe->channels; c++) {
        float centre = recipe->channels == 3 ? mean[c] : 0.449F,
              spread = recipe->channels == 3 ? deviation[c] : 0.226F;
        float *values = planes + (size_t)c * plane;
        for (size_t i = 0; i < plane; i++)
            values[i] = (values[i] - centre) / spread;
    }
}

bcue_status bcue_camera_features(const bcue_image *image, const bcue_camera_recipe *recipe, float *out,
                                 bcue_error *error)
{
    BCUE_TRY(bcue_camera_resize(image, recipe, out, error));
    bcue_camera_normalise_planes(recipe, out);
    return BCUE_OK;
}

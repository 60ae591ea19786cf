/* Time per camera frame on one thread: JPEG decode, then resize and normalise. Usage: bench_features FILE.jpg
   [ROUNDS] [WIDTH HEIGHT] Prints one line: median decode, median features, median total, all in ms.
   tools/peer/bench_features.py runs it in turns with Pillow and numpy. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "features/recipes.h"

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, by_value);
    return values[count / 2];
}

static bcue_status measure(const bcue_bytes *file, const bcue_camera_recipe *recipe, size_t rounds,
                           double *ms[3], float *out, bcue_error *error)
{
    for (size_t i = 0; i < rounds; i++) {
        bcue_image image;
        const double started = bcue_clock_s();
        bcue_status status =
            bcue_jpeg_decode(file->data, file->size, "picture", (int)recipe->channels, &image, error);
        if (status != BCUE_OK)
            return status;
        const double decoded = bcue_clock_s();
        status = bcue_camera_features(&image, recipe, out, error);
        bcue_image_free(&image);
        if (status != BCUE_OK)
            return status;
        const double ended = bcue_clock_s();
        ms[0][i] = 1e3 * (decoded - started);
        ms[1][i] = 1e3 * (ended - decoded);
        ms[2][i] = 1e3 * (ended - started);
    }
    return BCUE_OK;
}

int main(int argc, char **argv)
{
    bcue_error error = {{0}};
    bcue_bytes file = {0};
    int64_t rounds = 50;
    bcue_camera_recipe recipe = {
        .enabled = true, .width = 256, .height = 256, .channels = 3, .normalise = BCUE_NORMALISE_IMAGENET};
    if (argc < 2 || (argc > 2 && (!bcue_parse_int64(argv[2], &rounds) || rounds < 1 || rounds > 100000)) ||
        (argc > 4 &&
         (!bcue_parse_int64(argv[3], &recipe.width) || !bcue_parse_int64(argv[4], &recipe.height)))) {
        fprintf(stderr, "usage: bench_features FILE.jpg [ROUNDS] [WIDTH HEIGHT]\n");
        return 2;
    }
    double *ms[3];
    for (int i = 0; i < 3; i++)
        ms[i] = bcue_calloc((size_t)rounds, sizeof(double));
    float *out = bcue_calloc((size_t)(3 * recipe.width * recipe.height), sizeof *out);
    bcue_status status = BCUE_ERROR_MEMORY;
    if (ms[0] != NULL && ms[1] != NULL && ms[2] != NULL && out != NULL) {
        status = bcue_file_read(argv[1], (size_t)64 << 20, &file, &error);
        if (status == BCUE_OK)
            status = measure(&file, &recipe, (size_t)rounds, ms, out, &error);
    }
    if (status == BCUE_OK)
        printf("%.4f %.4f %.4f\n", median(ms[0], (size_t)rounds), median(ms[1], (size_t)rounds),
               median(ms[2], (size_t)rounds));
    else
        fprintf(stderr, "bench_features: %s\n",
                error.text[0] != '\0' ? error.text : bcue_status_name(status));
    bcue_bytes_free(&file);
    for (int i = 0; i < 3; i++)
        free(ms[i]);
    free(out);
    return status == BCUE_OK ? 0 : 1;
}

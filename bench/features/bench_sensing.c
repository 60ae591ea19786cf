/* Processor time per LiDAR or radar frame on one thread, from the bytes of the file to the network's input.
   Usage: bench_sensing FILE.ply|FILE.npy [ROUNDS] [RECIPE] [OUT.npy]. RECIPE: tii or calibrated. Prints one
   line: median decode, median features, median total, all in ms; OUT.npy gets the maps, for comparison.
   tools/peer/bench_sensing.py runs it in turns with numpy. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "features/recipes.h"

enum { SIDE = 256, MOST_ROUNDS = 100000 };

/* Processor time of this one thread: it says the same on a busy machine as on an idle one. */
static double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

typedef struct bench {
    bcue_bytes file;
    bool lidar;
    bcue_radar_maps *maps;
    float *out;
    double *ms[3]; /* decode, features, total */
    size_t rounds;
} bench;

static const bcue_lidar_recipe lidar_recipe = {.enabled = true,
                                               .height = SIDE,
                                               .width = SIDE,
                                               .x_low_m = -50,
                                               .x_high_m = 0,
                                               .y_low_m = -50,
                                               .y_high_m = 50,
                                               .clip = 5};

static bcue_status run_lidar(bench *b, double *decoded, bcue_error *error)
{
    bcue_ply cloud;
    bcue_status status = bcue_ply_decode(b->file.data, b->file.size, "cloud", &cloud, error);
    if (status != BCUE_OK)
        return status;
    *decoded = cpu_s();
    bcue_lidar_features(&cloud, &lidar_recipe, NULL, 0, NULL, b->out);
    bcue_ply_free(&cloud);
    return BCUE_OK;
}

static bcue_status run_radar(bench *b, double *decoded, bcue_error *error)
{
    bcue_npy cube;
    bcue_status status = bcue_npy_decode(b->file.data, b->file.size, "cube", &cube, error);
    if (status != BCUE_OK)
        return status;
    *decoded = cpu_s();
    status = bcue_radar_features(b->maps, &cube, "cube", b->out, error);
    bcue_npy_free(&cube);
    return status;
}

static bcue_status measure(bench *b, bcue_error *error)
{
    for (size_t i = 0; i < b->rounds; i++) {
        const double started = cpu_s();
        double decoded = started;
        bcue_status status = b->lidar ? run_lidar(b, &decoded, error) : run_radar(b, &decoded, error);
        if (status != BCUE_OK)
            return status;
        const double ended = cpu_s();
        b->ms[0][i] = 1e3 * (decoded - started);
        b->ms[1][i] = 1e3 * (ended - decoded);
        b->ms[2][i] = 1e3 * (ended - started);
    }
    return BCUE_OK;
}

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

static bcue_status prepare(bench *b, const char *path, bool calibrated, bcue_error *error)
{
    const bcue_radar_recipe radar = {.enabled = true,
                                     .height = SIDE,
                                     .width = SIDE,
                                     .kind = calibrated ? BCUE_RADAR_CALIBRATED : BCUE_RADAR_TII,
                                     .dynamic_range_db = 60};
    b->lidar = bcue_ends_with(path, ".ply");
    b->out = bcue_calloc(2 * SIDE * SIDE, sizeof *b->out);
    for (int i = 0; i < 3; i++)
        b->ms[i] = bcue_calloc(b->rounds, sizeof(double));
    if (b->out == NULL || b->ms[0] == NULL || b->ms[1] == NULL || b->ms[2] == NULL)
        return BCUE_ERROR_MEMORY;
    bcue_status status = bcue_radar_maps_create(&radar, &b->maps, error);
    return status == BCUE_OK ? bcue_file_read(path, (size_t)1 << 30, &b->file, error) : status;
}

static bcue_status keep(const bench *b, const char *path, bcue_error *error)
{
    const size_t channels = b->lidar ? 1 : 2;
    const bcue_npy array = {.type = BCUE_NPY_F32,
                            .rank = 3,
                            .shape = {channels, SIDE, SIDE},
                            .count = channels * SIDE * SIDE,
                            .data = b->out};
    return bcue_npy_write(path, &array, error);
}

int main(int argc, char **argv)
{
    bcue_error error = {{0}};
    bench b = {0};
    int64_t rounds = 20;
    if (argc < 2 ||
        (argc > 2 && (!bcue_parse_int64(argv[2], &rounds) || rounds < 1 || rounds > MOST_ROUNDS))) {
        fprintf(stderr, "usage: bench_sensing FILE.ply|FILE.npy [ROUNDS] [tii|calibrated] [OUT.npy]\n");
        return 2;
    }
    b.rounds = (size_t)rounds;
    bcue_status status = prepare(&b, argv[1], argc > 3 && argv[3][0] == 'c', &error);
    if (status == BCUE_OK)
        status = measure(&b, &error);
    if (status == BCUE_OK && argc > 4)
        status = keep(&b, argv[4], &error);
    if (status == BCUE_OK)
        printf("%.4f %.4f %.4f\n", median(b.ms[0], b.rounds), median(b.ms[1], b.rounds),
               median(b.ms[2], b.rounds));
    else
        fprintf(stderr, "bench_sensing: %s\n", error.text[0] != '\0' ? error.text : bcue_status_name(status));
    bcue_radar_maps_destroy(b.maps);
    bcue_bytes_free(&b.file);
    for (int i = 0; i < 3; i++)
        free(b.ms[i]);
    free(b.out);
    return status == BCUE_OK ? 0 : 1;
}

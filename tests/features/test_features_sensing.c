/* LiDAR and radar maps against numpy fixtures (tools/fixtures/make_sensing.py), the defining sums in double
   precision, and a point target's closed form. */
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "features/recipes.h"

static const double pi = 3.14159265358979323846;

static bcue_npy fixture(const char *name)
{
    char path[1024];
    bcue_npy array = {0};
    bcue_error error = {{0}};
    snprintf(path, sizeof path, "%s/tests/features/data/%s.npy", BCUE_SOURCE_DIR, name);
    CHECK_OK(bcue_npy_read(path, &array, &error), error);
    return array;
}

static bcue_lidar_recipe lidar_recipe(int64_t bins)
{
    return (bcue_lidar_recipe){.enabled = true,
                               .height = bins,
                               .width = bins,
                               .x_low_m = -50,
                               .x_high_m = 0,
                               .y_low_m = -50,
                               .y_high_m = 50,
                               .clip = 5};
}

static bcue_radar_recipe radar_recipe(int kind, int64_t height, int64_t width)
{
    return (bcue_radar_recipe){.enabled = true,
                               .height = height,
                               .width = width,
                               .kind = kind,
                               .dynamic_range_db = 60,
                               .carrier_hz = 77e9,
                               .slope_hz_per_s = 8.014e12,
                               .sample_rate_hz = 6.2e6,
                               .chirp_period_s = 49.5e-6,
                               .antenna_spacing = 0.5,
                               .points_range_m = 100,
                               .points_azimuth_deg = 75,
                               .points_velocity_mps = 20,
                               .points_clip = 5};
}

static void check_counts(const char *name, const float *map)
{
    bcue_npy expected = fixture(name);
    size_t wrong = 0;
    double filled = 0;
    for (size_t i = 0; i < expected.count; i++) {
        double count = bcue_npy_get(&expected, i);
        filled += count > 0;
        wrong += fabs((double)map[i] - count / 5) > 1e-7;
    }
    CHECK_AT(wrong == 0 && filled > 100, "%s: %zu of %zu cells differ", name, wrong, expected.count);
    bcue_npy_free(&expected);
}

static void test_bird_view(void)
{
    bcue_npy points = fixture("lidar_points");
    const bcue_ply cloud = {.count = points.shape[0], .points = points.data};
    float *map = calloc(256 * 256, sizeof *map);
    bcue_lidar_recipe recipe = lidar_recipe(256);
    bcue_lidar_features(&cloud, &recipe, NULL, 31, NULL, map);
    check_counts("lidar_default", map);
    recipe.field_of_view = BCUE_LIDAR_VIEW_SCENARIO;
    bcue_lidar_features(&cloud, &recipe, NULL, 31, NULL, map);
    check_counts("lidar_scenario31", map);
    bcue_lidar_features(&cloud, &recipe, NULL, 0, NULL, map);
    check_counts("lidar_default", map);
    free(map);
    bcue_npy_free(&points);
}

static void test_background(void)
{
    bcue_npy points = fixture("lidar_points"), fixed = fixture("lidar_static");
    const bcue_ply cloud = {.count = points.shape[0], .points = points.data};
    const bcue_ply fixed_cloud = {.count = fixed.shape[0], .points = fixed.data};
    const bcue_lidar_recipe recipe = lidar_recipe(64);
    bcue_lidar_background *background = NULL;
    bcue_error error;
    float map[64 * 64];
    CHECK_OK(bcue_lidar_background_create(&fixed_cloud, &background, &error), error);
    bcue_lidar_features(&cloud, &recipe, background, 0, NULL, map);
    check_counts("lidar_foreground", map);
    bcue_lidar_background_destroy(background);
    bcue_npy_free(&points);
    bcue_npy_free(&fixed);
}

/* Ten clouds: a wall in all of them, something that passes by in one. */
static void test_background_build(void)
{
    enum { CLOUDS = 10, WALL = 50 };
    bcue_ply clouds[CLOUDS];
    bcue_error error;
    for (int c = 0; c < CLOUDS; c++) {
        double *values = bcue_calloc(3 * (WALL + 1), sizeof *values);
        for (int i = 0; i < WALL; i++) {
            values[3 * i] = -10.0 + 0.001 * c;
            values[3 * i + 1] = i * 0.5 + 0.1;
            values[3 * i + 2] = 1.1;
        }
        values[3 * WALL] = -5.0 - c;
        clouds[c] = (bcue_ply){.count = WALL + 1, .points = values};
    }
    bcue_ply fixed;
    CHECK_OK(bcue_lidar_background_build(clouds, CLOUDS, 0.8, &fixed, &error), error);
    CHECK_INT(fixed.count, WALL);
    for (size_t i = 0; i < fixed.count; i++)
        CHECK(fabs(fixed.points[3 * i] + 10.0) < 0.3 && fabs(fixed.points[3 * i + 2] - 1.1) < 1e-9);
    bcue_lidar_background *background = NULL;
    CHECK_OK(bcue_lidar_background_create(&fixed, &background, &error), error);
    const double wall[3] = {-10, 3.1, 1.1}, passer[3] = {-5, 0, 0}, lost[3] = {NAN, 0, 0};
    CHECK(!bcue_lidar_is_foreground(background, wall));
    CHECK(bcue_lidar_is_foreground(background, passer));
    CHECK(!bcue_lidar_is_foreground(background, lost));
    bcue_lidar_background_destroy(background);
    bcue_ply_free(&fixed);
    for (int c = 0; c < CLOUDS; c++)
        bcue_ply_free(&clouds[c]);
}

static void test_lidar_changes(void)
{
    enum { COUNT = 20000 };
    double *values = bcue_calloc(3 * COUNT, sizeof *values);
    for (int i = 0; i < COUNT; i++) {
        values[3 * i] = -25.0;
        values[3 * i + 1] = 0.1;
    }
    const bcue_ply cloud = {.count = COUNT, .points = values};
    bcue_lidar_recipe recipe = lidar_recipe(100);
    recipe.clip = COUNT;
    float *map = calloc(100 * 100, sizeof *map), *again = calloc(100 * 100, sizeof *again);
    bcue_lidar_change change = {.drop = 0.25F, .random = bcue_rng_make(1, BCUE_RNG_AUGMENT, 0, 0, 0)};
    bcue_lidar_features(&cloud, &recipe, NULL, 0, &change, map);
    CHECK_NEAR(map[50 * 100 + 50], 0.75, 4 * sqrt(0.25 * 0.75 / COUNT));
    change = (bcue_lidar_change){.jitter_m = 2, .random = bcue_rng_make(2, BCUE_RNG_AUGMENT, 0, 0, 0)};
    bcue_lidar_features(&cloud, &recipe, NULL, 0, &change, map);
    bcue_lidar_features(&cloud, &recipe, NULL, 0, &change, again);
    CHECK(memcmp(map, again, 100 * 100 * sizeof *map) == 0); /* the change itself is not used up */
    double sum = 0, spread = 0;
    for (int x = 0; x < 100; x++)
        for (int y = 0; y < 100; y++) {
            double weight = (double)map[x * 100 + y], off_m = (x + 0.5) * 0.5 - 25.0;
            sum += weight;
            spread += weight * off_m * off_m;
        }
    CHECK_NEAR(sum, 1, 1e-4);
    CHECK_NEAR(spread, 4 + 0.25 / 12, 0.2); /* the noise's variance and that of a bin */
    bcue_lidar_features(&cloud, &recipe, NULL, 0, NULL, map);
    bcue_lidar_mirror(&recipe, map);
    CHECK_NEAR(map[50 * 100 + 49], 1, 0);
    free(map);
    free(again);
    free(values);
}

static double worst_difference(const float *map, const bcue_npy *expected)
{
    double worst = 0;
    for (size_t i = 0; i < expected->count; i++)
        worst = fmax(worst, fabs((double)map[i] - bcue_npy_get(expected, i)));
    return worst;
}

static void check_radar(const char *name, const char *recipe_name, int kind, int64_t height, int64_t width)
{
    char expected_name[64];
    snprintf(expected_name, sizeof expected_name, "%s_%s", name, recipe_name);
    bcue_npy cube = fixture(name), expected = fixture(expected_name);
    const bcue_radar_recipe recipe = radar_recipe(kind, height, width);
    bcue_radar_maps *maps = NULL;
    bcue_error error;
    float *out = calloc((size_t)(2 * height * width), sizeof *out),
          *again = calloc((size_t)(2 * height * width), sizeof *again);
    CHECK_OK(bcue_radar_maps_create(&recipe, &maps, &error), error);
    CHECK_OK(bcue_radar_features(maps, &cube, name, out, &error), error);
    double worst = worst_difference(out, &expected);
    CHECK_AT(worst <= 1e-5, "%s: off by %g of a range of 1", expected_name, worst);
    /* Work space that was used before changes nothing. */
    CHECK_OK(bcue_radar_features(maps, &cube, name, again, &error), error);
    CHECK(memcmp(out, again, (size_t)(2 * height * width) * sizeof *out) == 0);
    bcue_radar_maps_destroy(maps);
    free(out);
    free(again);
    bcue_npy_free(&cube);
    bcue_npy_free(&expected);
}

static void test_radar_fixtures(void)
{
    check_radar("radar_even", "tii", BCUE_RADAR_TII, 32, 32);
    check_radar("radar_padded", "tii", BCUE_RADAR_TII, 64, 64);
    check_radar("radar_odd", "tii", BCUE_RADAR_TII, 20, 24);
    check_radar("radar_even", "calibrated", BCUE_RADAR_CALIBRATED, 32, 32);
    check_radar("radar_padded", "calibrated", BCUE_RADAR_CALIBRATED, 64, 64);
    check_radar("radar_odd", "calibrated", BCUE_RADAR_CALIBRATED, 20, 24);
    check_radar("radar_points", "maps", BCUE_RADAR_POINTS, 16, 16);
}

/* Both maps of the TII recipe from the defining sums, before scaling. `cube`: (antennas, samples, chirps). */
static void defining_maps(const bcue_npy *cube, size_t bins, double *out)
{
    size_t antennas = cube->shape[0], samples = cube->shape[1], chirps = cube->shape[2];
    const float *values = cube->data;
    double *turn = calloc(2 * bins, sizeof *turn),
           *ranges = calloc(2 * antennas * bins * chirps, sizeof *ranges);
    for (size_t k = 0; k < bins; k++) {
        turn[2 * k] = cos(2 * pi * (double)k / (double)bins);
        turn[2 * k + 1] = -sin(2 * pi * (double)k / (double)bins);
    }
    for (size_t a = 0; a < antennas; a++)
        for (size_t r = 0; r < bins; r++)
            for (size_t s = 0; s < samples; s++) {
                const double *w = &turn[2 * (r * s % bins)];
                const float *from = &values[2 * (a * samples + s) * chirps];
                double *to = &ranges[2 * (a * bins + r) * chirps];
                for (size_t c = 0; c < chirps; c++) {
                    to[2 * c] += (double)from[2 * c] * w[0] - (double)from[2 * c + 1] * w[1];
                    to[2 * c + 1] += (double)from[2 * c] * w[1] + (double)from[2 * c + 1] * w[0];
                }
            }
    for (size_t r = 0; r < bins; r++)
        for (size_t k = 0; k < bins; k++) {
            for (size_t a = 0; a < antennas; a++) {
                double sum[2] = {0, 0};
                for (size_t c = 0; c < chirps; c++) {
                    const double *w = &turn[2 * (k * c % bins)],
                                 *x = &ranges[2 * ((a * bins + r) * chirps + c)];
                    sum[0] += x[0] * w[0] - x[1] * w[1];
                    sum[1] += x[0] * w[1] + x[1] * w[0];
                }
                out[bins * bins + r * bins + k] += hypot(sum[0], sum[1]);
            }
        }
    for (size_t a = 0; a < antennas; a++)
        for (size_t r = 0; r < bins; r++) {
            double *row = &ranges[2 * (a * bins + r) * chirps], mean[2] = {0, 0};
            for (size_t c = 0; c < chirps; c++) {
                mean[0] += row[2 * c] / (double)chirps;
                mean[1] += row[2 * c + 1] / (double)chirps;
            }
            for (size_t c = 0; c < chirps; c++) {
                row[2 * c] -= mean[0];
                row[2 * c + 1] -= mean[1];
            }
        }
    for (size_t r = 0; r < bins; r++)
        for (size_t c = 0; c < chirps; c++)
            for (size_t k = 0; k < bins; k++) {
                double sum[2] = {0, 0};
                for (size_t a = 0; a < antennas; a++) {
                    const double *w = &turn[2 * (k * a % bins)],
                                 *x = &ranges[2 * ((a * bins + r) * chirps + c)];
                    sum[0] += x[0] * w[0] - x[1] * w[1];
                    sum[1] += x[0] * w[1] + x[1] * w[0];
                }
                out[r * bins + k] += sqrt(sum[0] * sum[0] + sum[1] * sum[1]);
            }
    free(turn);
    free(ranges);
}

static void check_against_sums(const bcue_npy *cube, size_t bins)
{
    const bcue_radar_recipe recipe = radar_recipe(BCUE_RADAR_TII, (int64_t)bins, (int64_t)bins);
    size_t plane = bins * bins;
    double *exact = calloc(2 * plane, sizeof *exact);
    float *out = calloc(2 * plane, sizeof *out);
    bcue_radar_maps *maps = NULL;
    bcue_error error;
    defining_maps(cube, bins, exact);
    CHECK_OK(bcue_radar_maps_create(&recipe, &maps, &error), error);
    CHECK_OK(bcue_radar_features(maps, cube, "cube", out, &error), error);
    for (int m = 0; m < 2; m++) {
        double low = HUGE_VAL, high = 0, worst = 0;
        for (size_t i = 0; i < plane; i++) {
            low = fmin(low, exact[(size_t)m * plane + i]);
            high = fmax(high, exact[(size_t)m * plane + i]);
        }
        for (size_t i = 0; i < plane; i++)
            worst = fmax(worst, fabs((double)out[(size_t)m * plane + i] -
                                     (exact[(size_t)m * plane + i] - low) / (high - low)));
        CHECK_AT(worst <= 1e-5, "map %d of %zu bins: off by %g of a range of 1", m, bins, worst);
    }
    bcue_radar_maps_destroy(maps);
    free(out);
    free(exact);
}

/* A frame of scenarios 31-34's size: a wall a thousand times as strong as the car before it, and noise. */
static bcue_npy whole_frame(size_t antennas, size_t samples, size_t chirps)
{
    bcue_npy cube = {.type = BCUE_NPY_C64,
                     .rank = 3,
                     .shape = {antennas, samples, chirps},
                     .count = antennas * samples * chirps};
    float *values = bcue_calloc(cube.count, 2 * sizeof *values);
    bcue_rng rng = bcue_rng_make(11, BCUE_RNG_TEST, 0, 0, 0);
    size_t at = 0;
    for (size_t a = 0; a < antennas; a++)
        for (size_t s = 0; s < samples; s++)
            for (size_t c = 0; c < chirps; c++, at++) {
                double wall = 2 * pi * (40.3 * (double)s / 256 + 0.15 * (double)a);
                double car = 2 * pi * (17.6 * (double)s / 256 + 0.07 * (double)c - 0.21 * (double)a);
                values[2 * at] = (float)(3000 * cos(wall) + 3 * cos(car) + bcue_rng_normal(&rng));
                values[2 * at + 1] = (float)(3000 * sin(wall) + 3 * sin(car) + bcue_rng_normal(&rng));
            }
    cube.data = values;
    return cube;
}

static void test_whole_frame(void)
{
    bcue_npy cube = whole_frame(4, 256, 250);
    check_against_sums(&cube, 256);
    bcue_npy_free(&cube);
}

static void test_real_cube(void)
{
    char path[1024];
    bcue_npy cube;
    bcue_error error;
    snprintf(path, sizeof path, "%s/../shared/realdata/radar/openradar_tx1_cube_4x128x128_c64.npy",
             BCUE_SOURCE_DIR);
    if (!bcue_path_exists(path)) {
        puts("  (no real data beside the project: radar cube not tried)");
        return;
    }
    CHECK_OK(bcue_npy_read(path, &cube, &error), error);
    check_against_sums(&cube, 128);
    bcue_npy_free(&cube);
}

static void find_peak(const float *map, size_t height, size_t width, size_t peak[2])
{
    size_t best = 0;
    for (size_t i = 0; i < height * width; i++)
        best = map[i] > map[best] ? i : best;
    peak[0] = best / width;
    peak[1] = best % width;
}

/* A point target where the axes say it is: 30 m, -6 m/s, 20 degrees. */
static void test_axes(void)
{
    enum { SAMPLES = 256, CHIRPS = 250, BINS = 256 };
    const double range_m = 30, velocity_mps = -6, angle_rad = 20 * pi / 180, c_mps = 299792458.0;
    const bcue_radar_recipe recipe = radar_recipe(BCUE_RADAR_CALIBRATED, BINS, BINS);
    bcue_npy cube = {
        .type = BCUE_NPY_C64, .rank = 3, .shape = {4, SAMPLES, CHIRPS}, .count = 4 * SAMPLES * CHIRPS};
    float *values = bcue_calloc(cube.count, 2 * sizeof *values);
    size_t at = 0;
    for (size_t a = 0; a < 4; a++)
        for (size_t s = 0; s < SAMPLES; s++)
            for (size_t n = 0; n < CHIRPS; n++, at++) {
                double delay_s = 2 * (range_m + velocity_mps * (double)n * 49.5e-6) / c_mps;
                double phase = 2 * pi *
                               (77e9 * delay_s + 8.014e12 * delay_s * (double)s / 6.2e6 +
                                0.5 * (double)a * sin(angle_rad));
                values[2 * at] = (float)cos(phase);
                values[2 * at + 1] = (float)sin(phase);
            }
    cube.data = values;
    bcue_radar_maps *maps = NULL;
    bcue_error error;
    float *out = calloc(2 * BINS * BINS, sizeof *out);
    CHECK_OK(bcue_radar_maps_create(&recipe, &maps, &error), error);
    CHECK_OK(bcue_radar_features(maps, &cube, "cube", out, &error), error);
    size_t peak[2];
    find_peak(out, BINS, BINS, peak);
    double bin_m = bcue_radar_range_m(&recipe, 1), bin_mps = bcue_radar_velocity_mps(&recipe, BINS / 2 + 1);
    CHECK_NEAR(bin_m, 0.453, 5e-4); /* the survey's figures for this chirp */
    CHECK_NEAR(bin_mps * BINS / 250, 0.157, 5e-4);
    CHECK_NEAR(bcue_radar_velocity_mps(&recipe, 0), -19.7, 0.05);
    CHECK_NEAR(bcue_radar_range_m(&recipe, (int64_t)peak[0]), range_m, bin_m);
    CHECK_NEAR(sin(bcue_radar_angle_rad(&recipe, (int64_t)peak[1])), sin(angle_rad), 2.0 / BINS);
    find_peak(out + BINS * BINS, BINS, BINS, peak);
    CHECK_NEAR(bcue_radar_range_m(&recipe, (int64_t)peak[0]), range_m, bin_m);
    CHECK_NEAR(bcue_radar_velocity_mps(&recipe, (int64_t)peak[1]), velocity_mps, bin_mps);
    bcue_radar_recipe plain = recipe;
    plain.kind = BCUE_RADAR_TII;
    CHECK_NEAR(bcue_radar_velocity_mps(&plain, 255), -bcue_radar_velocity_mps(&plain, 1), 1e-12);
    CHECK_NEAR(bcue_radar_angle_rad(&plain, 64), asin(0.5), 1e-12);
    bcue_radar_maps_destroy(maps);
    free(out);
    bcue_npy_free(&cube);
}

/* Two bins to one: a quarter of both neighbours and half of the bin itself, across the edges too. */
static void test_shrink(void)
{
    enum { ROWS = 4, COLUMNS = 6 };
    float map[ROWS * COLUMNS], out[ROWS * COLUMNS / 4];
    bcue_rng rng = bcue_rng_make(5, BCUE_RNG_TEST, 0, 0, 0);
    for (size_t i = 0; i < ROWS * COLUMNS; i++)
        map[i] = (float)bcue_rng_normal(&rng);
    bcue_radar_shrink(map, ROWS, COLUMNS, 2, out);
    static const double weight[] = {0.25, 0.5, 0.25};
    for (int r = 0; r < ROWS / 2; r++)
        for (int c = 0; c < COLUMNS / 2; c++) {
            double expected = 0;
            for (int i = 0; i < 3; i++)
                for (int j = 0; j < 3; j++)
                    expected +=
                        weight[i] * weight[j] *
                        (double)map[(2 * r + i + 3) % ROWS * COLUMNS + (2 * c + j + COLUMNS - 1) % COLUMNS];
            CHECK_NEAR(out[r * COLUMNS / 2 + c], expected, 1e-6);
        }
    for (size_t i = 0; i < ROWS * COLUMNS; i++)
        map[i] = 3;
    bcue_radar_shrink(map, ROWS, COLUMNS, 2, out);
    for (size_t i = 0; i < ROWS * COLUMNS / 4; i++)
        CHECK_NEAR(out[i], 3, 1e-6);
}

/* A shrunk map's axes are those of the bins that were kept, and a target peaks where it did. */
static void test_shrunk_maps(void)
{
    bcue_npy cube = whole_frame(4, 256, 250);
    float *whole = calloc((size_t)2 * 256 * 256, sizeof *whole),
          *out = calloc((size_t)2 * 128 * 128, sizeof *out);
    for (int kind = BCUE_RADAR_TII; kind <= BCUE_RADAR_CALIBRATED; kind++) {
        bcue_radar_recipe recipe = radar_recipe(kind, 256, 256);
        bcue_radar_maps *maps = NULL;
        bcue_error error;
        size_t peak[2], shrunk[2];
        CHECK_OK(bcue_radar_maps_create(&recipe, &maps, &error), error);
        CHECK_OK(bcue_radar_features(maps, &cube, "cube", whole, &error), error);
        bcue_radar_maps_destroy(maps);
        find_peak(whole, 256, 256, peak);
        const double range_m = bcue_radar_range_m(&recipe, (int64_t)peak[0]),
                     angle_rad = bcue_radar_angle_rad(&recipe, (int64_t)peak[1]);
        const double bin_m = bcue_radar_range_m(&recipe, 1),
                     step_mps = bcue_radar_velocity_mps(&recipe, 130) - bcue_radar_velocity_mps(&recipe, 129);
        recipe.shrink = 2;
        CHECK(bcue_radar_rows(&recipe) == 128 && bcue_radar_columns(&recipe) == 128);
        CHECK_OK(bcue_radar_maps_create(&recipe, &maps, &error), error);
        CHECK_OK(bcue_radar_features(maps, &cube, "cube", out, &error), error);
        bcue_radar_maps_destroy(maps);
        find_peak(out, 128, 128, shrunk);
        CHECK_NEAR(bcue_radar_range_m(&recipe, 1), 2 * bin_m, 1e-9);
        CHECK_NEAR(bcue_radar_velocity_mps(&recipe, 66) - bcue_radar_velocity_mps(&recipe, 65), 2 * step_mps,
                   1e-9);
        CHECK_AT(fabs(bcue_radar_range_m(&recipe, (int64_t)shrunk[0]) - range_m) <= 1.01 * bin_m,
                 "recipe %d: row %zu of 128 for %zu of 256", kind, shrunk[0], peak[0]);
        CHECK_AT(fabs(sin(bcue_radar_angle_rad(&recipe, (int64_t)shrunk[1])) - sin(angle_rad)) <= 3.01 / 128,
                 "recipe %d: column %zu of 128 for %zu of 256", kind, shrunk[1], peak[1]);
    }
    free(whole);
    free(out);
    bcue_npy_free(&cube);
}

/* Antennas in the other order give the mirrored range-angle map. */
static void test_mirror(void)
{
    for (int i = 0; i < 4; i++) {
        bcue_npy cube = fixture("radar_even");
        const int kind = i % 2 == 0 ? BCUE_RADAR_TII : BCUE_RADAR_CALIBRATED;
        bcue_radar_recipe recipe = radar_recipe(kind, 32, 32);
        recipe.shrink = 1 + i / 2;
        float out[2 * 32 * 32] = {0}, turned[2 * 32 * 32] = {0};
        bcue_radar_maps *maps = NULL;
        bcue_error error;
        CHECK_OK(bcue_radar_maps_create(&recipe, &maps, &error), error);
        CHECK_OK(bcue_radar_features(maps, &cube, "cube", out, &error), error);
        size_t plane = 2 * cube.shape[1] * cube.shape[2];
        float *values = cube.data;
        for (size_t a = 0; a < 2; a++)
            for (size_t k = 0; k < plane; k++) {
                float kept = values[a * plane + k];
                values[a * plane + k] = values[(3 - a) * plane + k];
                values[(3 - a) * plane + k] = kept;
            }
        CHECK_OK(bcue_radar_features(maps, &cube, "cube", turned, &error), error);
        bcue_augment_draw draw = bcue_augment_none();
        draw.flip = true;
        bcue_augment_radar(&draw, &recipe, out);
        double worst = 0;
        for (size_t k = 0; k < 2 * 32 * 32; k++)
            worst = fmax(worst, fabs((double)(out[k] - turned[k])));
        CHECK_AT(worst < 1e-5, "recipe %d, shrink %d: off by %g", kind, 1 + i / 2, worst);
        draw = bcue_augment_none();
        draw.radar_gain = 1.1F;
        memcpy(turned, out, sizeof out);
        bcue_augment_radar(&draw, &recipe, turned);
        CHECK_NEAR(turned[100], (double)out[100] * 1.1, 1e-6);
        bcue_radar_maps_destroy(maps);
        bcue_npy_free(&cube);
    }
}

/* The cubes of scenario 9 are MAT files: the same numbers as from npy. */
static void test_mat(void)
{
    const bcue_radar_recipe recipe = radar_recipe(BCUE_RADAR_TII, 20, 24);
    bcue_npy cube = fixture("radar_odd");
    bcue_radar_maps *maps = NULL;
    bcue_bytes bytes;
    bcue_error error;
    float out[2 * 20 * 24], from_mat[2 * 20 * 24];
    CHECK_OK(bcue_radar_maps_create(&recipe, &maps, &error), error);
    CHECK_OK(bcue_radar_features(maps, &cube, "cube", out, &error), error);
    CHECK_OK(bcue_file_read(BCUE_SOURCE_DIR "/tests/features/data/radar_odd.mat", 1 << 20, &bytes, &error),
             error);
    CHECK_OK(bcue_radar_features_decode(maps, bytes.data, bytes.size, "radar.mat", from_mat, &error), error);
    CHECK(memcmp(out, from_mat, sizeof out) == 0);
    bytes.data[184] ^= 1; /* another name than "data" */
    CHECK(bcue_radar_features_decode(maps, bytes.data, bytes.size, "radar.mat", from_mat, &error) != BCUE_OK);
    CHECK_CONTAINS(error.text, "radar.mat");
    bcue_bytes_free(&bytes);
    bcue_radar_maps_destroy(maps);
    bcue_npy_free(&cube);
}

static void test_refusals(void)
{
    bcue_radar_recipe recipe = radar_recipe(BCUE_RADAR_TII, 16, 16);
    bcue_radar_maps *maps = NULL;
    bcue_error error;
    float out[2 * 16 * 16];
    bcue_npy cube = fixture("radar_even"), points = fixture("radar_points");
    CHECK_OK(bcue_radar_maps_create(&recipe, &maps, &error), error);
    CHECK_STATUS(bcue_radar_features(maps, &cube, "f.npy", out, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "f.npy");
    CHECK_CONTAINS(error.text, "features.radar.height");
    CHECK_STATUS(bcue_radar_features(maps, &points, "f.npy", out, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "recipe: points");
    bcue_npy small = cube;
    small.shape[0] = 1;
    small.shape[1] = 4;
    small.shape[2] = 4;
    small.count = 16;
    ((float *)small.data)[7] = NAN;
    CHECK_STATUS(bcue_radar_features(maps, &small, "f.npy", out, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "antenna 0, sample 0");
    memset(small.data, 0, 32 * sizeof(float));
    ((float *)small.data)[7] = 3e38F;
    CHECK_STATUS(bcue_radar_features(maps, &small, "f.npy", out, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "overflows");
    memset(small.data, 0, 32 * sizeof(float));
    CHECK_OK(bcue_radar_features(maps, &small, "f.npy", out, &error), error);
    CHECK(out[0] == 0 && out[300] == 0); /* an empty frame is a map without differences */
    CHECK_STATUS(bcue_radar_features_decode(maps, "no", 2, "f.npy", out, &error), BCUE_ERROR_FORMAT);
    CHECK_CONTAINS(error.text, "f.npy");
    bcue_radar_maps_destroy(maps);
    recipe.kind = BCUE_RADAR_POINTS;
    CHECK_OK(bcue_radar_maps_create(&recipe, &maps, &error), error);
    CHECK_STATUS(bcue_radar_features(maps, &cube, "f.npy", out, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "tii or calibrated");
    bcue_radar_maps_destroy(maps);
    recipe.shrink = 3;
    CHECK_STATUS(bcue_radar_maps_create(&recipe, &maps, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "does not divide");
    recipe.shrink = 1;
    recipe.height = 0;
    CHECK_STATUS(bcue_radar_maps_create(&recipe, &maps, &error), BCUE_ERROR_ARGUMENT);
    bcue_npy_free(&cube);
    bcue_npy_free(&points);
}

static void test_scenario_offsets(void)
{
    const bcue_position_recipe recipe = {
        .mode = BCUE_POSITION_ANGLE, .angle_offset_deg = 5, .angle_by_scenario = true};
    CHECK_NEAR(bcue_position_recipe_for(&recipe, 31).angle_offset_deg, -50.52, 0);
    CHECK_NEAR(bcue_position_recipe_for(&recipe, 34).angle_offset_deg, -60, 0);
    CHECK_NEAR(bcue_position_recipe_for(&recipe, 0).angle_offset_deg, 5, 0);
}

int main(void)
{
    RUN(test_bird_view);
    RUN(test_background);
    RUN(test_background_build);
    RUN(test_lidar_changes);
    RUN(test_radar_fixtures);
    RUN(test_whole_frame);
    RUN(test_real_cube);
    RUN(test_axes);
    RUN(test_shrink);
    RUN(test_shrunk_maps);
    RUN(test_mirror);
    RUN(test_mat);
    RUN(test_refusals);
    RUN(test_scenario_offsets);
    return check_summary();
}

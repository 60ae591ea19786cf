#include "features/radar_map.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "dsp/fft.h"
#include "features/point_faults.h"
#include "features/point_sampling.h"
#include "features/radar_detect.h"
#include "formats/mat.h"

static const double speed_of_light_mps = 299792458.0, pi = 3.14159265358979323846;

enum { LANES = BCUE_FFT_LANES, MOST_ANTENNAS = 1024 };

struct bcue_radar_maps {
    bcue_radar_recipe recipe;
    bcue_fft *range, *across; /* of `height` and `width` */
    float *scratch;           /* for the transforms, then one block of lanes, re and im */
    float *sum;               /* ceil(height / 8) blocks of width x 8: range-velocity */
    float *whole;             /* (height, width): a map before it is shrunk; NULL: not shrunk */
    /* Sized by the cube: planes (antennas, height, padded chirps), their clutter (antennas, height) and
       windows. */
    size_t antennas, samples, chirps, padded;
    float *re, *im;
    float *clutter_re, *clutter_im;
    float *sample_window, *chirp_window;
    bool accepts_cubes, took_cube; /* HPS */
    double height_m, pitch_deg;    /* of the recipe */
    bool spoiled;                  /* the next frame, by: */
    bcue_point_faults faults;
    bcue_rng random;
};

static size_t padded_to_lanes(size_t count)
{
    return (count + LANES - 1) / LANES * LANES;
}

static void free_planes(bcue_radar_maps *maps)
{
    free(maps->re);
    free(maps->im);
    free(maps->clutter_re);
    free(maps->clutter_im);
    free(maps->sample_window);
    free(maps->chirp_window);
    maps->re = maps->im = maps->clutter_re = maps->clutter_im = NULL;
    maps->sample_window = maps->chirp_window = NULL;
    maps->antennas = 0;
}

void bcue_radar_maps_destroy(bcue_radar_maps *maps)
{
    if (maps == NULL)
        return;
    free_planes(maps);
    bcue_fft_destroy(maps->range);
    bcue_fft_destroy(maps->across);
    free(maps->scratch);
    free(maps->sum);
    free(maps->whole);
    free(maps);
}

static bcue_status make_plans(bcue_radar_maps *maps, bcue_error *error)
{
    size_t height = (size_t)maps->recipe.height, width = (size_t)maps->recipe.width;
    BCUE_TRY(bcue_fft_create(height, &maps->range, error));
    BCUE_TRY(bcue_fft_create(width, &maps->across, error));
    size_t longest = height > width ? height : width;
    size_t scratch = bcue_fft_scratch(height > width ? maps->range : maps->across) + 2 * LANES * longest;
    maps->scratch = bcue_calloc_aligned(scratch, sizeof *maps->scratch);
    maps->sum = bcue_calloc_aligned(padded_to_lanes(height) * width, sizeof *maps->sum);
    if (maps->recipe.shrink > 1 && (maps->whole = bcue_calloc(height * width, sizeof *maps->whole)) == NULL)
        return bcue_fail_memory(error, "the radar maps");
    return maps->scratch != NULL && maps->sum != NULL ? BCUE_OK : bcue_fail_memory(error, "the radar maps");
}

int64_t bcue_radar_rows(const bcue_radar_recipe *recipe)
{
    return recipe->shrink > 1 ? recipe->height / recipe->shrink : recipe->height;
}

int64_t bcue_radar_columns(const bcue_radar_recipe *recipe)
{
    return recipe->shrink > 1 ? recipe->width / recipe->shrink : recipe->width;
}

bcue_status bcue_radar_maps_create(const bcue_radar_recipe *recipe, bcue_radar_maps **maps, bcue_error *error)
{
    *maps = NULL;
    if (recipe->height < 1 || recipe->height > 4096 || recipe->width < 1 || recipe->width > 4096)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "radar: maps of %lld x %lld; expected 1 to 4096 bins",
                         (long long)recipe->height, (long long)recipe->width);
    if (recipe->shrink > 1 && (recipe->height % recipe->shrink != 0 || recipe->width % recipe->shrink != 0))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "radar: shrink %lld does not divide maps of %lld x %lld bins",
                         (long long)recipe->shrink, (long long)recipe->height, (long long)recipe->width);
    bcue_radar_maps *made = bcue_calloc(1, sizeof *made);
    if (made == NULL)
        return bcue_fail_memory(error, "the radar maps");
    made->recipe = *recipe;
    made->height_m = recipe->points_height_m;
    made->pitch_deg = recipe->points_pitch_deg;
    const bool cubes = recipe->kind == BCUE_RADAR_TII || recipe->kind == BCUE_RADAR_CALIBRATED;
    bcue_status status = cubes ? make_plans(made, error) : BCUE_OK;
    if (status != BCUE_OK) {
        bcue_radar_maps_destroy(made);
        return status;
    }
    *maps = made;
    return BCUE_OK;
}

void bcue_radar_maps_accept_cubes(bcue_radar_maps *maps, bool accept)
{
    maps->accepts_cubes = accept;
}

void bcue_radar_maps_stand(bcue_radar_maps *maps, const double pose[2])
{
    const bool given = !isnan(pose[0]) && !isnan(pose[1]);
    maps->recipe.points_height_m = given ? pose[0] : maps->height_m;
    maps->recipe.points_pitch_deg = given ? pose[1] : maps->pitch_deg;
}

void bcue_radar_maps_spoil(bcue_radar_maps *maps, const bcue_point_faults *faults, bcue_rng random)
{
    maps->spoiled = faults->lost > 0 || faults->false_points > 0;
    maps->faults = *faults;
    maps->random = random;
}

bool bcue_radar_maps_took_cube(bcue_radar_maps *maps)
{
    const bool took = maps->took_cube;
    maps->took_cube = false;
    return took;
}

static bcue_status fit_planes(bcue_radar_maps *maps, const size_t shape[3], bcue_error *error)
{
    if (maps->antennas == shape[0] && maps->samples == shape[1] && maps->chirps == shape[2])
        return BCUE_OK;
    free_planes(maps);
    size_t rows = shape[0] * (size_t)maps->recipe.height; /* at most 2^22 */
    maps->padded = padded_to_lanes(shape[2]);
    maps->re = bcue_calloc_aligned(rows * maps->padded, sizeof *maps->re);
    maps->im = bcue_calloc_aligned(rows * maps->padded, sizeof *maps->im);
    maps->clutter_re = bcue_calloc(rows, sizeof *maps->clutter_re);
    maps->clutter_im = bcue_calloc(rows, sizeof *maps->clutter_im);
    maps->sample_window = bcue_calloc(shape[1], sizeof *maps->sample_window);
    maps->chirp_window = bcue_calloc(shape[2], sizeof *maps->chirp_window);
    if (maps->re == NULL || maps->im == NULL || maps->clutter_re == NULL || maps->clutter_im == NULL ||
        maps->sample_window == NULL || maps->chirp_window == NULL) {
        free_planes(maps);
        return bcue_fail_memory(error, "the radar maps");
    }
    bcue_hann_window(shape[1], maps->sample_window);
    bcue_hann_window(shape[2], maps->chirp_window);
    maps->antennas = shape[0];
    maps->samples = shape[1];
    maps->chirps = shape[2];
    return BCUE_OK;
}

static bcue_status check_cube(const bcue_radar_recipe *recipe, const bcue_npy *cube, const char *name,
                              bcue_error *error)
{
    if ((cube->type != BCUE_NPY_C64 && cube->type != BCUE_NPY_C128) || cube->rank != 3 || cube->count == 0)
        return bcue_fail(
            error, BCUE_ERROR_DATA,
            "%s: not a radar cube: complex (antennas, samples, chirps) is expected, not %s of "
            "rank %d%s",
            name,
            cube->type == BCUE_NPY_C64 || cube->type == BCUE_NPY_C128 ? "complex numbers" : "real numbers",
            cube->rank,
            cube->rank == 2 && cube->shape[1] == 4 ? "; lists of points need recipe: points" : "");
    size_t height = (size_t)recipe->height, width = (size_t)recipe->width;
    if (cube->shape[0] > width || cube->shape[2] > width || cube->shape[1] > height ||
        cube->shape[0] > MOST_ANTENNAS)
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "%s: %zu antennas, %zu samples and %zu chirps do not fit in maps of %zu range bins "
                         "and %zu angle and velocity bins; raise features.radar.height or width",
                         name, cube->shape[0], cube->shape[1], cube->shape[2], height, width);
    return BCUE_OK;
}

/* One row of chirps: its mean to `mean`, what is left of it to re and im. */
static void split_row(const bcue_npy *cube, size_t first, size_t chirps, float *re, float *im, double mean[2])
{
    double sum[2] = {0, 0};
    if (cube->type == BCUE_NPY_C64) {
        const float *values = (const float *)cube->data + 2 * first;
        for (size_t c = 0; c < chirps; c++) {
            sum[0] += (double)values[2 * c];
            sum[1] += (double)values[2 * c + 1];
        }
        mean[0] = sum[0] / (double)chirps;
        mean[1] = sum[1] / (double)chirps;
        for (size_t c = 0; c < chirps; c++) {
            re[c] = (float)((double)values[2 * c] - mean[0]);
            im[c] = (float)((double)values[2 * c + 1] - mean[1]);
        }
        return;
    }
    const double *values = (const double *)cube->data + 2 * first;
    for (size_t c = 0; c < chirps; c++) {
        sum[0] += values[2 * c];
        sum[1] += values[2 * c + 1];
    }
    mean[0] = sum[0] / (double)chirps;
    mean[1] = sum[1] / (double)chirps;
    for (size_t c = 0; c < chirps; c++) {
        re[c] = (float)(values[2 * c] - mean[0]);
        im[c] = (float)(values[2 * c + 1] - mean[1]);
    }
}

/* The cube as planes without static clutter, which goes to clutter_*: taking it out before the transforms
   keeps weak moving targets exact beside strong walls. */
static bcue_status load_cube(bcue_radar_maps *maps, const bcue_npy *cube, const char *name, bcue_error *error)
{
    size_t height = (size_t)maps->recipe.height;
    for (size_t a = 0; a < maps->antennas; a++)
        for (size_t s = 0; s < height; s++) {
            size_t row = a * height + s;
            float *re = maps->re + row * maps->padded, *im = maps->im + row * maps->padded;
            double mean[2] = {0, 0};
            if (s < maps->samples)
                split_row(cube, (a * maps->samples + s) * maps->chirps, maps->chirps, re, im, mean);
            else {
                memset(re, 0, maps->padded * sizeof *re);
                memset(im, 0, maps->padded * sizeof *im);
            }
            if (!isfinite(mean[0]) || !isfinite(mean[1]))
                return bcue_fail(error, BCUE_ERROR_DATA,
                                 "%s: antenna %zu, sample %zu has a value that is not finite", name, a, s);
            maps->clutter_re[row] = (float)mean[0];
            maps->clutter_im[row] = (float)mean[1];
            for (size_t c = maps->chirps; c < maps->padded; c++)
                re[c] = im[c] = 0;
        }
    return BCUE_OK;
}

static float *block_of(const bcue_radar_maps *maps)
{
    const bcue_fft *longer = maps->recipe.height > maps->recipe.width ? maps->range : maps->across;
    return maps->scratch + bcue_fft_scratch(longer);
}

/* Range transforms of eight columns: rows `stride` floats apart, in place. */
static void transform_columns(const bcue_radar_maps *maps, float *re, float *im, size_t stride,
                              size_t columns)
{
    size_t height = (size_t)maps->recipe.height;
    float *block_re = block_of(maps), *block_im = block_re + LANES * height;
    bool windowed = maps->recipe.kind == BCUE_RADAR_CALIBRATED;
    memset(block_re, 0, 2 * LANES * height * sizeof *block_re);
    for (size_t s = 0; s < maps->samples; s++) {
        float weight = windowed ? maps->sample_window[s] : 1.0F;
        for (size_t l = 0; l < columns; l++) {
            block_re[LANES * s + l] = re[s * stride + l] * weight;
            block_im[LANES * s + l] = im[s * stride + l] * weight;
        }
    }
    bcue_fft_lanes(maps->range, block_re, block_im, maps->scratch);
    for (size_t r = 0; r < height; r++)
        for (size_t l = 0; l < columns; l++) {
            re[r * stride + l] = block_re[LANES * r + l];
            im[r * stride + l] = block_im[LANES * r + l];
        }
}

static void transform_ranges(bcue_radar_maps *maps)
{
    size_t height = (size_t)maps->recipe.height, plane = height * maps->padded;
    for (size_t a = 0; a < maps->antennas; a++) {
        for (size_t c = 0; c < maps->padded; c += LANES)
            transform_columns(maps, maps->re + a * plane + c, maps->im + a * plane + c, maps->padded, LANES);
        transform_columns(maps, maps->clutter_re + a * height, maps->clutter_im + a * height, 1, 1);
    }
}

/* Velocity transforms of eight ranges of one antenna, added to their sums. */
static void add_velocities(const bcue_radar_maps *maps, size_t antenna, size_t first)
{
    size_t height = (size_t)maps->recipe.height, width = (size_t)maps->recipe.width;
    float *block_re = block_of(maps), *block_im = block_re + LANES * width;
    bool calibrated = maps->recipe.kind == BCUE_RADAR_CALIBRATED;
    memset(block_re, 0, 2 * LANES * width * sizeof *block_re);
    for (size_t l = 0; l < LANES && first + l < height; l++) {
        size_t row = antenna * height + first + l;
        const float *re = maps->re + row * maps->padded, *im = maps->im + row * maps->padded;
        float still_re = calibrated ? 0 : maps->clutter_re[row],
              still_im = calibrated ? 0 : maps->clutter_im[row];
        for (size_t c = 0; c < maps->chirps; c++) {
            block_re[LANES * c + l] = re[c] + still_re;
            block_im[LANES * c + l] = im[c] + still_im;
        }
    }
    for (size_t c = 0; calibrated && c < maps->chirps; c++)
        for (size_t l = 0; l < LANES; l++) {
            block_re[LANES * c + l] *= maps->chirp_window[c];
            block_im[LANES * c + l] *= maps->chirp_window[c];
        }
    bcue_fft_lanes(maps->across, block_re, block_im, maps->scratch);
    bcue_lanes_add_magnitude(block_re, block_im, width, calibrated, maps->sum + first * width);
}

static void range_velocity(const bcue_radar_maps *maps, float *out)
{
    size_t height = (size_t)maps->recipe.height, width = (size_t)maps->recipe.width;
    memset(maps->sum, 0, padded_to_lanes(height) * width * sizeof *maps->sum);
    for (size_t a = 0; a < maps->antennas; a++)
        for (size_t first = 0; first < height; first += LANES)
            add_velocities(maps, a, first);
    for (size_t r = 0; r < height; r++)
        for (size_t v = 0; v < width; v++)
            out[r * width + v] = maps->sum[r / LANES * LANES * width + v * LANES + r % LANES];
}

static void range_angle(const bcue_radar_maps *maps, float *out)
{
    size_t height = (size_t)maps->recipe.height, plane = height * maps->padded;
    bool calibrated = maps->recipe.kind == BCUE_RADAR_CALIBRATED;
    for (size_t r = 0; r < height; r++)
        bcue_fft_padded_magnitudes(maps->across, maps->re + r * maps->padded, maps->im + r * maps->padded,
                                   maps->antennas, plane, maps->padded, calibrated, maps->scratch,
                                   out + r * (size_t)maps->recipe.width);
}

static void make_map(const bcue_radar_maps *maps, void (*map)(const bcue_radar_maps *, float *), float *out)
{
    const bcue_radar_recipe *recipe = &maps->recipe;
    map(maps, maps->whole != NULL ? maps->whole : out);
    if (maps->whole != NULL)
        bcue_radar_shrink(maps->whole, (size_t)recipe->height, (size_t)recipe->width, (size_t)recipe->shrink,
                          out);
}

/* To [0, 1] from the least to the largest value; a map without differences becomes 0. */
static void scale_min_max(float *map, size_t count)
{
    float low = map[0], high = map[0];
    for (size_t i = 1; i < count; i++) {
        low = map[i] < low ? map[i] : low;
        high = map[i] > high ? map[i] : high;
    }
    float range = high - low;
    for (size_t i = 0; i < count; i++)
        map[i] = range > 0 ? (map[i] - low) / range : 0;
}

/* Power to [0, 1]: 1 is the largest, 0 lies `dynamic_range_db` below it or deeper; zero column to the middle.
 */
static void scale_decibels(const bcue_radar_recipe *recipe, float *map, float *row_of_scratch)
{
    size_t height = (size_t)bcue_radar_rows(recipe), width = (size_t)bcue_radar_columns(recipe),
           half = width / 2;
    float high = 0;
    for (size_t i = 0; i < height * width; i++)
        high = map[i] > high ? map[i] : high;
    for (size_t r = 0; r < height; r++, map += width) {
        for (size_t i = 0; i < width; i++) {
            double level =
                high > 0 ? 1.0 + 10.0 * log10((double)map[i] / (double)high) / recipe->dynamic_range_db : 0.0;
            row_of_scratch[(i + half) % width] = level > 0 ? (float)level : 0.0F;
        }
        memcpy(map, row_of_scratch, width * sizeof *map);
    }
}

static bcue_status make_from_cube(bcue_radar_maps *maps, const bcue_npy *cube, const char *name, float *out,
                                  bcue_error *error)
{
    const bcue_radar_recipe *recipe = &maps->recipe;
    const size_t plane = (size_t)bcue_radar_rows(recipe) * (size_t)bcue_radar_columns(recipe);
    BCUE_TRY(check_cube(recipe, cube, name, error));
    BCUE_TRY(fit_planes(maps, cube->shape, error));
    BCUE_TRY(load_cube(maps, cube, name, error));
    transform_ranges(maps);
    make_map(maps, range_velocity, out + plane);
    make_map(maps, range_angle, out);
    for (size_t i = 0; i < 2 * plane; i++)
        if (!isfinite(out[i]))
            return bcue_fail(error, BCUE_ERROR_DATA, "%s: values so large that their power overflows", name);
    for (int m = 0; m < 2; m++) {
        if (recipe->kind == BCUE_RADAR_CALIBRATED)
            scale_decibels(recipe, out + (size_t)m * plane, maps->scratch);
        else
            scale_min_max(out + (size_t)m * plane, plane);
    }
    return BCUE_OK;
}

/* Which of `bins` between `low` and `high`; -1: none. */
static int64_t cell_of(double value, double low, double high, int64_t bins)
{
    if (!(value >= low && value < high))
        return -1;
    int64_t cell = (int64_t)((value - low) / (high - low) * (double)bins);
    return cell < bins ? cell : bins - 1;
}

static bcue_status make_from_points(const bcue_radar_recipe *recipe, const bcue_npy *points, const char *name,
                                    float *out, bcue_error *error)
{
    if (points->type == BCUE_NPY_C64 || points->type == BCUE_NPY_C128 || points->rank != 2 ||
        points->shape[1] != 4)
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "%s: not a list of radar points: real numbers (N, 4) are expected: velocity, "
                         "azimuth, altitude, depth%s",
                         name, points->rank == 3 ? "; cubes need recipe: tii or calibrated" : "");
    const int64_t rows = bcue_radar_rows(recipe), columns = bcue_radar_columns(recipe);
    const size_t plane = (size_t)rows * (size_t)columns;
    double azimuth_rad = recipe->points_azimuth_deg * pi / 180.0, speed_mps = recipe->points_velocity_mps;
    memset(out, 0, 2 * plane * sizeof *out);
    for (size_t i = 0; i < points->shape[0]; i++) {
        int64_t row = cell_of(bcue_npy_get(points, 4 * i + 3), 0, recipe->points_range_m, rows);
        int64_t angle = cell_of(bcue_npy_get(points, 4 * i + 1), -azimuth_rad, azimuth_rad, columns);
        int64_t velocity = cell_of(bcue_npy_get(points, 4 * i), -speed_mps, speed_mps, columns);
        if (row >= 0 && angle >= 0)
            out[row * columns + angle] += 1;
        if (row >= 0 && velocity >= 0)
            out[(int64_t)plane + row * columns + velocity] += 1;
    }
    float most = (float)recipe->points_clip;
    for (size_t i = 0; i < 2 * plane; i++)
        out[i] = (out[i] < most ? out[i] : most) / most;
    return BCUE_OK;
}

/* A list of points, or a cube that is turned into one. */
static bcue_status make_list(bcue_radar_maps *maps, const bcue_npy *frame, const char *name, float *out,
                             bcue_error *error)
{
    const bool complex = frame->type == BCUE_NPY_C64 || frame->type == BCUE_NPY_C128;
    if (!maps->accepts_cubes || !complex || frame->rank != 3)
        return bcue_point_sample(&maps->recipe, frame, name, out, error);
    float *points;
    size_t count;
    BCUE_TRY(bcue_radar_detect(&maps->recipe, frame, name, &points, &count, error));
    const bcue_npy list = {
        .type = BCUE_NPY_F32, .rank = 2, .shape = {count, 4}, .count = 4 * count, .data = points};
    bcue_status status = bcue_point_sample(&maps->recipe, &list, name, out, error);
    free(points);
    maps->took_cube = maps->took_cube || status == BCUE_OK;
    return status;
}

static bcue_status make_features(bcue_radar_maps *maps, const bcue_npy *cube, const char *name, float *out,
                                 bcue_error *error)
{
    if (maps->recipe.kind == BCUE_RADAR_HPS)
        return make_list(maps, cube, name, out, error);
    return maps->recipe.kind == BCUE_RADAR_POINTS ? make_from_points(&maps->recipe, cube, name, out, error)
                                                  : make_from_cube(maps, cube, name, out, error);
}

bcue_status bcue_radar_features(bcue_radar_maps *maps, const bcue_npy *cube, const char *name, float *out,
                                bcue_error *error)
{
    if (!maps->spoiled)
        return make_features(maps, cube, name, out, error);
    float *points, none[4] = {0};
    size_t count;
    maps->spoiled = false;
    BCUE_TRY(bcue_point_faults_apply(&maps->faults, &maps->recipe, maps->random, cube, name, &points, &count,
                                     error));
    const bcue_npy list = {.type = BCUE_NPY_F32,
                           .rank = 2,
                           .shape = {count, 4},
                           .count = 4 * count,
                           .data = points != NULL ? points : none};
    const bcue_status status = make_features(maps, &list, name, out, error);
    free(points);
    return status;
}

/* A MAT array in C order. */
static bcue_status from_mat(const bcue_mat *matrix, const char *name, bcue_npy *array, bcue_error *error)
{
    if (matrix->rank != 3 || matrix->imaginary == NULL)
        return bcue_fail(error, BCUE_ERROR_DATA, "%s: \"data\" is not complex of rank 3", name);
    double *values = bcue_calloc(matrix->count, 2 * sizeof *values);
    if (values == NULL)
        return bcue_fail_memory(error, name);
    const size_t *shape = matrix->shape;
    size_t at = 0;
    for (size_t i = 0; i < shape[0]; i++)
        for (size_t j = 0; j < shape[1]; j++)
            for (size_t k = 0; k < shape[2]; k++, at++) {
                size_t from = i + shape[0] * (j + shape[1] * k);
                values[2 * at] = matrix->real[from];
                values[2 * at + 1] = matrix->imaginary[from];
            }
    *array = (bcue_npy){.type = BCUE_NPY_C128,
                        .rank = 3,
                        .shape = {shape[0], shape[1], shape[2]},
                        .count = matrix->count,
                        .data = values};
    return BCUE_OK;
}

bcue_status bcue_radar_features_decode(bcue_radar_maps *maps, const void *data, size_t size, const char *name,
                                       float *out, bcue_error *error)
{
    bcue_npy array = {0};
    if (size >= 6 && memcmp(data, "MATLAB", 6) == 0) {
        bcue_mat matrix;
        BCUE_TRY(bcue_mat_decode(data, size, name, "data", &matrix, error));
        bcue_status status = from_mat(&matrix, name, &array, error);
        bcue_mat_free(&matrix);
        BCUE_TRY(status);
    } else {
        BCUE_TRY(bcue_npy_decode(data, size, name, &array, error));
    }
    bcue_status status = bcue_radar_features(maps, &array, name, out, error);
    bcue_npy_free(&array);
    return status;
}

void bcue_radar_mirror(const bcue_radar_recipe *recipe, float *maps)
{
    size_t width = (size_t)bcue_radar_columns(recipe);
    size_t first = recipe->kind == BCUE_RADAR_POINTS ? 0 : 1; /* bin 0, broadside or -90 degrees, stays */
    for (int64_t row = 0; row < bcue_radar_rows(recipe); row++, maps += width)
        for (size_t i = first, j = width - 1; i < j; i++, j--) {
            float kept = maps[i];
            maps[i] = maps[j];
            maps[j] = kept;
        }
}

/* Of a column: the signed number of its frequency bin. */
static double signed_bin(const bcue_radar_recipe *recipe, int64_t column)
{
    const int64_t width = bcue_radar_columns(recipe), half = width / 2;
    if (recipe->kind == BCUE_RADAR_CALIBRATED)
        return (double)(column - half);
    return (double)(column < width - half ? column : column - width);
}

double bcue_radar_range_m(const bcue_radar_recipe *recipe, int64_t row)
{
    if (recipe->kind == BCUE_RADAR_POINTS)
        return ((double)row + 0.5) * recipe->points_range_m / (double)bcue_radar_rows(recipe);
    return (double)row * speed_of_light_mps * recipe->sample_rate_hz /
           (2.0 * recipe->slope_hz_per_s * (double)bcue_radar_rows(recipe));
}

double bcue_radar_velocity_mps(const bcue_radar_recipe *recipe, int64_t column)
{
    if (recipe->kind == BCUE_RADAR_POINTS)
        return (2.0 * ((double)column + 0.5) / (double)bcue_radar_columns(recipe) - 1.0) *
               recipe->points_velocity_mps;
    return signed_bin(recipe, column) * speed_of_light_mps /
           (2.0 * recipe->carrier_hz * recipe->chirp_period_s * (double)bcue_radar_columns(recipe));
}

double bcue_radar_angle_rad(const bcue_radar_recipe *recipe, int64_t column)
{
    if (recipe->kind == BCUE_RADAR_POINTS)
        return (2.0 * ((double)column + 0.5) / (double)bcue_radar_columns(recipe) - 1.0) *
               recipe->points_azimuth_deg * pi / 180.0;
    double sine = signed_bin(recipe, column) / ((double)bcue_radar_columns(recipe) * recipe->antenna_spacing);
    return fabs(sine) <= 1.0 ? asin(sine) : NAN;
}

#include "features/radar_detect.h"

#include <math.h>
#include <stdlib.h>

#include "base/fail.h"
#include "base/memory.h"
#include "dsp/cfar.h"
#include "dsp/fft.h"

enum {
    LANES = BCUE_FFT_LANES,
    LEAST = 8,
    MOST = 4096, /* samples, chirps */
    MOST_ANTENNAS = 64,
    ANGLES = 256 /* sines that are tried; bins of a quarter degree ahead */
};
static const double pi = 3.14159265358979323846, false_alarms = 1e-6; /* per cell */

/* The transformed cube: planes (antennas, ranges, dopplers). */
typedef struct spectrum {
    size_t antennas, samples, chirps, ranges, dopplers;
    float *re, *im, *power; /* power: all antennas */
} spectrum;

static size_t power_of_two(size_t least)
{
    size_t power = LEAST;
    while (power < least)
        power *= 2;
    return power;
}

static bcue_status check_cube(const bcue_npy *cube, const char *name, bcue_error *error)
{
    const bool complex = cube->type == BCUE_NPY_C64 || cube->type == BCUE_NPY_C128;
    if (!complex || cube->rank != 3)
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "%s: not a radar cube: complex (antennas, samples, chirps) is expected", name);
    const size_t *shape = cube->shape;
    if (shape[0] < 2 || shape[0] > MOST_ANTENNAS || shape[1] < LEAST || shape[1] > MOST || shape[2] < LEAST ||
        shape[2] > MOST)
        return bcue_fail(
            error, BCUE_ERROR_DATA,
            "%s: a cube of %zu antennas, %zu samples and %zu chirps cannot be turned into points: 2 to "
            "%d antennas and %d to %d samples and chirps are expected",
            name, shape[0], shape[1], shape[2], (int)MOST_ANTENNAS, (int)LEAST, (int)MOST);
    return BCUE_OK;
}

static void free_spectrum(spectrum *s)
{
    free(s->re);
    free(s->im);
    free(s->power);
}

static void value_at(const bcue_npy *cube, size_t at, float *re, float *im)
{
    const bool single = cube->type == BCUE_NPY_C64;
    *re = single ? ((const float *)cube->data)[2 * at] : (float)((const double *)cube->data)[2 * at];
    *im = single ? ((const float *)cube->data)[2 * at + 1] : (float)((const double *)cube->data)[2 * at + 1];
}

/* ---- transforms, eight signals at a time ---- */

typedef struct work {
    bcue_fft *fft;
    float *window, *re, *im, *scratch; /* re, im: LANES x length */
} work;

static void free_work(work *w)
{
    bcue_fft_destroy(w->fft);
    free(w->window);
    free(w->re);
    free(w->im);
    free(w->scratch);
}

static bcue_status make_work(size_t count, size_t length, work *w, bcue_error *error)
{
    BCUE_TRY(bcue_fft_create(length, &w->fft, error));
    w->window = bcue_calloc(count, sizeof *w->window);
    w->re = bcue_calloc_aligned(LANES * length, sizeof *w->re);
    w->im = bcue_calloc_aligned(LANES * length, sizeof *w->im);
    w->scratch = bcue_calloc_aligned(bcue_fft_scratch(w->fft), sizeof *w->scratch);
    if (w->window == NULL || w->re == NULL || w->im == NULL || w->scratch == NULL)
        return bcue_fail_memory(error, "the transforms of a radar cube");
    bcue_hann_window(count, w->window);
    return BCUE_OK;
}

/* Samples to ranges, of every antenna and chirp. */
static void transform_ranges(const bcue_npy *cube, spectrum *s, work *w)
{
    for (size_t a = 0; a < s->antennas; a++)
        for (size_t first = 0; first < s->chirps; first += LANES) {
            for (size_t i = 0; i < LANES * s->ranges; i++) {
                const size_t sample = i / LANES, chirp = first + i % LANES;
                w->re[i] = w->im[i] = 0;
                if (sample >= s->samples || chirp >= s->chirps)
                    continue;
                value_at(cube, (a * s->samples + sample) * s->chirps + chirp, &w->re[i], &w->im[i]);
                w->re[i] *= w->window[sample];
                w->im[i] *= w->window[sample];
            }
            bcue_fft_lanes(w->fft, w->re, w->im, w->scratch);
            for (size_t i = 0; i < LANES * s->ranges; i++) {
                const size_t to = (a * s->ranges + i / LANES) * s->dopplers + first + i % LANES;
                s->re[to] = w->re[i];
                s->im[to] = w->im[i];
            }
        }
}

/* Chirps to velocities, of every antenna and range, in place; powers add up over the antennas. */
static void transform_dopplers(spectrum *s, work *w)
{
    for (size_t a = 0; a < s->antennas; a++)
        for (size_t first = 0; first < s->ranges; first += LANES) {
            for (size_t i = 0; i < LANES * s->dopplers; i++) {
                const size_t from = (a * s->ranges + first + i % LANES) * s->dopplers + i / LANES;
                const float weight = i / LANES < s->chirps ? w->window[i / LANES] : 0;
                w->re[i] = s->re[from] * weight;
                w->im[i] = s->im[from] * weight;
            }
            bcue_fft_lanes(w->fft, w->re, w->im, w->scratch);
            for (size_t i = 0; i < LANES * s->dopplers; i++) {
                const size_t row = first + i % LANES, column = i / LANES,
                             to = (a * s->ranges + row) * s->dopplers + column;
                s->re[to] = w->re[i];
                s->im[to] = w->im[i];
                s->power[row * s->dopplers + column] += w->re[i] * w->re[i] + w->im[i] * w->im[i];
            }
        }
}

static bcue_status transform(const bcue_npy *cube, spectrum *s, bcue_error *error)
{
    *s = (spectrum){.antennas = cube->shape[0],
                    .samples = cube->shape[1],
                    .chirps = cube->shape[2],
                    .ranges = power_of_two(cube->shape[1]),
                    .dopplers = power_of_two(cube->shape[2])};
    const size_t cells = s->ranges * s->dopplers;
    work along = {0}, across = {0};
    s->re = bcue_calloc(s->antennas * cells, sizeof *s->re);
    s->im = bcue_calloc(s->antennas * cells, sizeof *s->im);
    s->power = bcue_calloc(cells, sizeof *s->power);
    bcue_status status = s->re != NULL && s->im != NULL && s->power != NULL
                             ? BCUE_OK
                             : bcue_fail_memory(error, "a radar cube");
    if (status == BCUE_OK)
        status = make_work(s->samples, s->ranges, &along, error);
    if (status == BCUE_OK)
        status = make_work(s->chirps, s->dopplers, &across, error);
    if (status == BCUE_OK) {
        transform_ranges(cube, s, &along);
        transform_dopplers(s, &across);
    }
    free_work(&along);
    free_work(&across);
    return status;
}

/* ---- from cells to points ---- */

/* Sine of the angle from broadside at which the antennas add up best; positive: later antennas are further
 * away. */
static double best_sine(const spectrum *s, const bcue_cfar_cell *cell, double spacing)
{
    double best = -1, sine_of_best = 0;
    for (int k = 0; k < ANGLES; k++) {
        const double sine = (2.0 * k + 1) / ANGLES - 1, turn = -2 * pi * spacing * sine;
        double sum[2] = {0, 0};
        for (size_t a = 0; a < s->antennas; a++) {
            const size_t at = (a * s->ranges + cell->row) * s->dopplers + cell->column;
            const double re = (double)s->re[at], im = (double)s->im[at], phase = turn * (double)a;
            sum[0] += re * cos(phase) - im * sin(phase);
            sum[1] += re * sin(phase) + im * cos(phase);
        }
        const double power = sum[0] * sum[0] + sum[1] * sum[1];
        if (power > best) {
            best = power;
            sine_of_best = sine;
        }
    }
    return sine_of_best;
}

static void write_points(const bcue_radar_recipe *recipe, const spectrum *s, const bcue_cfar_cell *cells,
                         size_t count, float *points)
{
    bcue_radar_recipe axes = *recipe;
    axes.kind = BCUE_RADAR_CALIBRATED; /* rest in the middle column */
    axes.height = (int64_t)s->ranges;
    axes.width = (int64_t)s->dopplers;
    for (size_t i = 0; i < count; i++, points += 4) {
        const size_t column = (cells[i].column + s->dopplers / 2) % s->dopplers;
        points[0] = (float)bcue_radar_velocity_mps(&axes, (int64_t)column);
        points[1] = (float)-asin(best_sine(s, &cells[i], recipe->antenna_spacing));
        points[2] = 0;
        points[3] = (float)bcue_radar_range_m(&axes, (int64_t)cells[i].row);
    }
}

static bcue_status detect(const bcue_radar_recipe *recipe, const spectrum *s, const char *name,
                          float **points, size_t *count, bcue_error *error)
{
    const size_t all = s->ranges * s->dopplers;
    /* A Hann window spreads a target over three bins; short cubes have fewer cells around. */
    const bcue_cfar cfar = {.guard = {2, 2},
                            .reference = {8, s->dopplers >= 32 ? 6 : 1},
                            .factor = bcue_cfar_factor(false_alarms, (int)s->antennas)};
    for (size_t i = 0; i < all; i++)
        if (!isfinite(s->power[i]))
            return bcue_fail(error, BCUE_ERROR_DATA, "%s: has a value that is not finite, or too large",
                             name);
    bcue_cfar_cell *cells = bcue_calloc(all, sizeof *cells);
    if (cells == NULL)
        return bcue_fail_memory(error, "the detections of a radar");
    bcue_status status = bcue_cfar_detect(&cfar, s->power, s->ranges, s->dopplers, cells, count, error);
    if (status == BCUE_OK && *count > 0) {
        *points = bcue_calloc(*count, 4 * sizeof **points);
        if (*points == NULL)
            status = bcue_fail_memory(error, "the detections of a radar");
        else
            write_points(recipe, s, cells, *count, *points);
    }
    free(cells);
    return status;
}

bcue_status bcue_radar_detect(const bcue_radar_recipe *recipe, const bcue_npy *cube, const char *name,
                              float **points, size_t *count, bcue_error *error)
{
    spectrum s = {0};
    *points = NULL;
    *count = 0;
    BCUE_TRY(check_cube(cube, name, error));
    bcue_status status = transform(cube, &s, error);
    if (status == BCUE_OK)
        status = detect(recipe, &s, name, points, count, error);
    free_spectrum(&s);
    return status;
}

#include "beamcue/beams.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "antenna/codebook.h"
#include "api/report_handle.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "formats/image.h"
#include "formats/mat.h"
#include "formats/npy.h"
#include "report/canvas.h"
#include "report/chart.h"

#define DEGREE (BCUE_PI / 180.0)
/* Everything is in wavelengths. */
#define WAVELENGTH 1.0
enum { CUT_STEPS = 1440, MOST_PATTERNS = 8192, MOST_ELEMENTS = 4096 };

typedef struct antenna {
    bcue_array array;
    bcue_codebook codebook;
    bcue_beam_peak *peaks;
} antenna;

static void free_antenna(antenna *a)
{
    bcue_array_free(&a->array);
    bcue_codebook_free(&a->codebook);
    free(a->peaks);
}

static bcue_status make_measured(const double *magnitudes, size_t beams, size_t directions,
                                 bcue_codebook *codebook, bcue_error *error)
{
    double *azimuths = bcue_calloc(directions + 1, sizeof *azimuths);
    if (azimuths == NULL)
        return bcue_fail_memory(error, "the measured beams");
    for (size_t s = 0; s < directions; s++)
        azimuths[s] = (180.0 * (double)s / (double)(directions > 1 ? directions - 1 : 1) - 90.0) * DEGREE;
    bcue_status status =
        bcue_codebook_make_measured(azimuths, magnitudes, beams, directions, true, codebook, error);
    free(azimuths);
    return status;
}

static bcue_status read_npy(const char *path, bcue_codebook *codebook, bcue_error *error)
{
    bcue_npy array = {0};
    BCUE_TRY(bcue_npy_read(path, &array, error));
    double *magnitudes = array.rank == 2 ? bcue_calloc(array.count, sizeof *magnitudes) : NULL;
    bcue_status status = BCUE_OK;
    if (array.rank != 2)
        status = bcue_fail(error, BCUE_ERROR_SHAPE,
                           "%s: measured beams need an array (beams, directions), not one of rank %d", path,
                           array.rank);
    else if (magnitudes == NULL)
        status = bcue_fail_memory(error, path);
    for (size_t i = 0; status == BCUE_OK && i < array.count; i++)
        magnitudes[i] = bcue_npy_get(&array, i);
    if (status == BCUE_OK)
        status = make_measured(magnitudes, array.shape[0], array.shape[1], codebook, error);
    free(magnitudes);
    bcue_npy_free(&array);
    return status;
}

/* One pattern per file; all with as many directions. */
static bcue_status read_pattern(const char *path, size_t beam, double **magnitudes, size_t *capacity,
                                size_t *directions, bcue_error *error)
{
    bcue_mat matrix;
    BCUE_TRY(bcue_mat_read(path, "beam_pattern", &matrix, error));
    bcue_status status = BCUE_OK;
    if (beam == 0)
        *directions = matrix.count;
    if (matrix.count != *directions)
        status = bcue_fail(error, BCUE_ERROR_SHAPE, "%s: %zu directions, where the beams before have %zu",
                           path, matrix.count, *directions);
    else if (!bcue_grow((void **)magnitudes, capacity, (beam + 1) * *directions + 1, sizeof **magnitudes))
        status = bcue_fail_memory(error, path);
    else
        memcpy(*magnitudes + beam * *directions, matrix.real, *directions * sizeof **magnitudes);
    bcue_mat_free(&matrix);
    return status;
}

static bcue_status read_patterns(const char *folder, bcue_codebook *codebook, bcue_error *error)
{
    double *magnitudes = NULL;
    size_t capacity = 0, directions = 0, beams = 0;
    bcue_status status = BCUE_OK;
    while (status == BCUE_OK && beams < MOST_PATTERNS) {
        char name[64];
        snprintf(name, sizeof name, "built_in_beam_pattern_%zu.mat", beams);
        char *path = bcue_path_join(folder, name);
        bool there = path != NULL && bcue_path_exists(path);
        if (there)
            status = read_pattern(path, beams++, &magnitudes, &capacity, &directions, error);
        free(path);
        if (!there)
            break;
    }
    if (status == BCUE_OK && beams == 0)
        status =
            bcue_fail(error, BCUE_ERROR_IO, "%s: there is no file built_in_beam_pattern_0.mat in it", folder);
    if (status == BCUE_OK)
        status = make_measured(magnitudes, beams, directions, codebook, error);
    free(magnitudes);
    return status;
}

static int64_t or_else(int64_t value, int64_t otherwise)
{
    return value != 0 ? value : otherwise;
}

static bcue_status make_array(const bcue_beams_options *o, int64_t rows, int64_t columns, antenna *a,
                              bcue_error *error)
{
    rows = or_else(o->rows, rows);
    columns = or_else(o->columns, columns);
    double spacing = o->spacing != 0.0 ? o->spacing : 0.5;
    if (rows < 1 || columns < 1 || rows > MOST_ELEMENTS || columns > MOST_ELEMENTS / rows)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "an array of %lld x %lld elements; expected 1 to %d of them", (long long)rows,
                         (long long)columns, MOST_ELEMENTS);
    if (!(spacing > 0.0 && spacing <= 10.0))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "elements %g wavelengths apart; expected up to 10",
                         spacing);
    return rows > 1
               ? bcue_array_make_ura((size_t)rows, (size_t)columns, spacing * WAVELENGTH, &a->array, error)
               : bcue_array_make_ula((size_t)columns, spacing * WAVELENGTH, &a->array, error);
}

static bcue_status make_antenna(const bcue_beams_options *o, const char *name, antenna *a, bcue_error *error)
{
    if (strcmp(name, "measured") == 0) {
        if (o->measured == NULL)
            return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                             "a measured codebook needs the file or folder it is in");
        return bcue_path_is_dir(o->measured) ? read_patterns(o->measured, &a->codebook, error)
                                             : read_npy(o->measured, &a->codebook, error);
    }
    if (strcmp(name, "paper-b") == 0) {
        if (or_else(o->rows, 8) != 8 || or_else(o->columns, 8) != 8)
            return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                             "the beams of paper-b are for 8 x 8 elements, not %lld x %lld",
                             (long long)or_else(o->rows, 8), (long long)or_else(o->columns, 8));
        BCUE_TRY(make_array(o, 8, 8, a, error));
        return bcue_codebook_make_paper_b(o->amplitude ? BCUE_NORMALISE_AMPLITUDE : BCUE_NORMALISE_POWER,
                                          &a->codebook, error);
    }
    BCUE_TRY(make_array(o, 1, 16, a, error));
    if (strcmp(name, "dft") == 0)
        return bcue_codebook_make_dft(&a->array, WAVELENGTH, (size_t)or_else(o->oversampling, 1),
                                      &a->codebook, error);
    if (strcmp(name, "oversampled") == 0)
        return bcue_codebook_make_oversampled(
            &a->array, WAVELENGTH, (size_t)or_else(o->beams, 64),
            (o->field_of_view_deg != 0.0 ? o->field_of_view_deg : 90.0) * DEGREE, &a->codebook, error);
    return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                     "'%s' is no codebook; expected oversampled, dft, paper-b or measured", name);
}

static bcue_status check_shown(const bcue_beams_options *o, const antenna *a, bcue_error *error)
{
    for (size_t i = 0; i < o->shown_count; i++)
        if (o->shown[i] >= a->codebook.beams)
            return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                             "beam %llu does not exist; the codebook has beams 0 to %zu",
                             (unsigned long long)o->shown[i], a->codebook.beams - 1);
    if (o->polar != NULL && (o->shown_count == 0 || o->shown_count > 16))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "%s: name 1 to 16 beams to plot, not %zu", o->polar,
                         o->shown_count);
    if (o->polar != NULL && !bcue_ends_with(o->polar, ".png") && !bcue_ends_with(o->polar, ".svg"))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "%s: a plot's name ends in .png or .svg", o->polar);
    return BCUE_OK;
}

static double azimuth_of(bcue_vec3 direction)
{
    return atan2(direction.y, direction.x);
}

static double elevation_of(bcue_vec3 direction)
{
    return asin(fmax(-1.0, fmin(1.0, direction.z)));
}

static bcue_status list_beams(const bcue_beams_options *o, const char *name, const antenna *a,
                              bcue_report *report, bcue_error *error)
{
    const bcue_column columns[] = {{"beam", NULL, BCUE_ALIGN_RIGHT, 0},
                                   {"lobes", NULL, BCUE_ALIGN_RIGHT, 0},
                                   {"azimuth", "deg", BCUE_ALIGN_RIGHT, 2},
                                   {"elevation", "deg", BCUE_ALIGN_RIGHT, 2},
                                   {"u_y", NULL, BCUE_ALIGN_RIGHT, 3},
                                   {"u_z", NULL, BCUE_ALIGN_RIGHT, 3},
                                   {"gain", a->codebook.weights ? "dBi" : "dB", BCUE_ALIGN_RIGHT, 2}};
    char caption[160], hash[17];
    bcue_codebook_hash(&a->codebook, &a->array, WAVELENGTH, hash);
    if (a->codebook.weights)
        snprintf(caption, sizeof caption, "%s: %zu beams of %zu x %zu elements", name, a->codebook.beams,
                 a->array.rows, a->array.columns);
    else
        snprintf(caption, sizeof caption, "%s: %zu beams", name, a->codebook.beams);
    bcue_table *table = bcue_table_create(caption, columns, sizeof columns / sizeof columns[0]);
    size_t rows = o->shown_count > 0 ? o->shown_count : a->codebook.beams;
    for (size_t i = 0; table != NULL && i < rows; i++) {
        size_t b = o->shown_count > 0 ? (size_t)o->shown[i] : i;
        const bcue_beam_peak *peak = &a->peaks[b];
        bcue_table_row(table);
        bcue_table_number(table, (double)b);
        bcue_table_number(table, (double)a->codebook.lobes[b]);
        bcue_table_number(table, azimuth_of(peak->direction) / DEGREE);
        bcue_table_number(table, elevation_of(peak->direction) / DEGREE);
        bcue_table_number(table, peak->direction.y);
        bcue_table_number(table, peak->direction.z);
        bcue_table_number(table, 10.0 * log10(fmax(peak->gain, 1e-30)));
    }
    if (table != NULL)
        bcue_table_footnote(table,
                            "Beams count from 0. Left and up are positive; (u_y, u_z) are the direction "
                            "cosines of the peak. Hash of the codebook: %s.",
                            hash);
    json_object_set_new(bcue_report_object(report), "codebook", json_string(name));
    json_object_set_new(bcue_report_object(report), "hash", json_string(hash));
    bcue_status status = bcue_report_add_table(report, "beams", table, error);
    bcue_table_destroy(table);
    return status;
}

/* Curves of the shown beams: `angles` and `values` have CUT_STEPS places each. */
static bcue_status sample(const bcue_beams_options *o, const antenna *a, bcue_polar_series *series,
                          double *angles, double *values, char (*names)[48], bcue_error *error)
{
    for (size_t i = 0; i < o->shown_count; i++) {
        size_t b = (size_t)o->shown[i];
        bcue_vec3 peak = a->peaks[b].direction;
        double at = o->has_cut         ? o->cut_deg * DEGREE
                    : o->elevation_cut ? azimuth_of(peak)
                                       : elevation_of(peak);
        const bcue_beam_cut cut = {.vertical = o->elevation_cut != 0, .at = at};
        double *angle = angles + i * CUT_STEPS, *value = values + i * CUT_STEPS;
        BCUE_TRY(bcue_codebook_sample(&a->codebook, &a->array, b, WAVELENGTH, cut, CUT_STEPS, angle, value,
                                      error));
        for (size_t s = 0; s < CUT_STEPS; s++)
            angle[s] /= DEGREE;
        snprintf(names[i], sizeof names[i], "beam %zu at %.1f\xC2\xB0", b, at / DEGREE);
        series[i] = (bcue_polar_series){names[i], angle, value, CUT_STEPS, false};
    }
    return BCUE_OK;
}

static bcue_status write_chart(const bcue_polar_chart *chart, const char *path, bcue_error *error)
{
    if (bcue_ends_with(path, ".svg")) {
        bcue_text svg = {0};
        bcue_status status = bcue_chart_polar(chart, &svg, error);
        if (status == BCUE_OK)
            status = bcue_file_write(path, svg.data, svg.size, error);
        bcue_text_free(&svg);
        return status;
    }
    bcue_canvas canvas;
    BCUE_TRY(bcue_canvas_polar(chart, 2.0, &canvas, error));
    const bcue_image image = {canvas.width, canvas.height, 3, canvas.pixels};
    bcue_status status = bcue_image_write(path, &image, 0, error);
    bcue_canvas_free(&canvas);
    return status;
}

static bcue_status plot(const bcue_beams_options *o, const char *name, const antenna *a, bcue_error *error)
{
    bcue_polar_series series[16];
    char names[16][48], title[160];
    double *angles = bcue_calloc(o->shown_count, CUT_STEPS * sizeof *angles);
    double *values = bcue_calloc(o->shown_count, CUT_STEPS * sizeof *values);
    bcue_status status = angles != NULL && values != NULL ? BCUE_OK : bcue_fail_memory(error, "a polar plot");
    if (status == BCUE_OK)
        status = sample(o, a, series, angles, values, names, error);
    const char *over = o->elevation_cut ? "gain over elevation" : "gain over azimuth";
    const char *through = o->elevation_cut ? "azimuth" : "elevation";
    if (status == BCUE_OK && o->shown_count == 1)
        snprintf(title, sizeof title, "%s, beam %llu: %s at %s %s", name, (unsigned long long)o->shown[0],
                 over, through, strstr(names[0], "at ") + 3);
    else
        snprintf(title, sizeof title, "%s: %s, each at its %s", name, over, through);
    const bcue_polar_chart chart = {
        .options = {.title = title,
                    .description = "Gain of beams over an isotropic antenna over the full circle",
                    .width = 520,
                    .height = o->shown_count > 1 ? 600 : 560,
                    .standalone = true},
        .series = series,
        .series_count = o->shown_count,
        .range_db = o->range_db,
        .upright = o->elevation_cut != 0,
        .unit = a->codebook.weights ? "dBi" : "dB, as measured"};
    if (status == BCUE_OK)
        status = write_chart(&chart, o->polar, error);
    free(angles);
    free(values);
    return status;
}

static bcue_status describe(const bcue_beams_options *o, const char *name, antenna *a, bcue_report *report,
                            bcue_error *error)
{
    BCUE_TRY(make_antenna(o, name, a, error));
    BCUE_TRY(check_shown(o, a, error));
    a->peaks = bcue_calloc(a->codebook.beams, sizeof *a->peaks);
    if (a->peaks == NULL)
        return bcue_fail_memory(error, "the peaks");
    BCUE_TRY(bcue_codebook_peaks(&a->codebook, &a->array, WAVELENGTH, a->peaks, error));
    BCUE_TRY(list_beams(o, name, a, report, error));
    if (o->polar == NULL)
        return BCUE_OK;
    BCUE_TRY(plot(o, name, a, error));
    return bcue_report_add_file(report, o->polar) ? BCUE_OK : bcue_fail_memory(error, "the report");
}

bcue_status bcue_beams(const bcue_beams_options *options, bcue_report **report, bcue_error *error)
{
    static const bcue_beams_options defaults = {0};
    const bcue_beams_options *o = options != NULL ? options : &defaults;
    const char *name = o->codebook != NULL ? o->codebook : o->measured != NULL ? "measured" : "oversampled";
    *report = NULL;
    bcue_report *made = bcue_report_create();
    if (made == NULL)
        return bcue_fail_memory(error, "the report");
    antenna a = {0};
    bcue_status status = describe(o, name, &a, made, error);
    free_antenna(&a);
    return bcue_report_deliver(made, status, report, error);
}

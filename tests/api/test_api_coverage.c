/* Codebooks and coverage maps through the public interface: files against plain geometry. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/json.h"
#include "base/text.h"
#include "base/vec3.h"
#include "beamcue/beams.h"
#include "beamcue/coverage_map.h"
#include "check.h"
#include "formats/image.h"
#include "formats/npy.h"

#define DEGREE (BCUE_PI / 180.0)

static char root[512];

static char *in_root(const char *name)
{
    bcue_text text = {0};
    bcue_text_printf(&text, "%s/%s", root, name);
    return text.data;
}

static void polar_files(void)
{
    bcue_error error = {0};
    bcue_report *report = NULL;
    char *png = in_root("beam.png"), *svg = in_root("beam.svg"), *text = in_root("beam.pdf");
    const uint64_t shown[] = {17, 60};
    bcue_beams_options options = {.codebook = "paper-b", .shown = shown, .shown_count = 2, .polar = png};
    CHECK_OK(bcue_beams(&options, &report, &error), error);
    CHECK_CONTAINS(bcue_report_text(report), "0.663");
    CHECK_CONTAINS(bcue_report_text(report), "18.06");
    CHECK_STR(bcue_report_file(report, 0), png);
    bcue_report_destroy(report);
    bcue_image image = {0};
    CHECK_OK(bcue_image_read(png, 3, &image, &error), error);
    CHECK_INT(image.width, 1040);
    bcue_image_free(&image);
    options.polar = svg;
    options.elevation_cut = 1;
    CHECK_OK(bcue_beams(&options, &report, &error), error);
    bcue_report_destroy(report);
    bcue_bytes bytes = {0};
    CHECK_OK(bcue_file_read(svg, 1 << 24, &bytes, &error), error);
    CHECK_CONTAINS((const char *)bytes.data, "gain over elevation");
    CHECK_CONTAINS((const char *)bytes.data, "beam 60 at");
    bcue_bytes_free(&bytes);
    options.polar = text;
    CHECK_STATUS(bcue_beams(&options, &report, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "ends in .png or .svg");
    const uint64_t beyond[] = {152};
    options = (bcue_beams_options){.codebook = "paper-b", .shown = beyond, .shown_count = 1};
    CHECK_STATUS(bcue_beams(&options, &report, &error), BCUE_ERROR_ARGUMENT);
    CHECK_STR(error.text, "beam 152 does not exist; the codebook has beams 0 to 151");
    options = (bcue_beams_options){.codebook = "butler"};
    CHECK_STATUS(bcue_beams(&options, &report, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "'butler' is no codebook");
    free(png);
    free(svg);
    free(text);
}

/* Two beams over three directions: -90, 0 and 90 degrees. */
static void measured_beams(void)
{
    bcue_error error = {0};
    bcue_report *report = NULL;
    char *path = in_root("measured.npy");
    double magnitudes[6] = {0.1, 2.0, 0.1, 0.1, 0.2, 0.5};
    const bcue_npy array = {.type = BCUE_NPY_F64, .rank = 2, .shape = {2, 3}, .count = 6, .data = magnitudes};
    CHECK_OK(bcue_npy_write(path, &array, &error), error);
    const bcue_beams_options options = {.measured = path};
    CHECK_OK(bcue_beams(&options, &report, &error), error);
    json_t *result = json_loads(bcue_report_json(report), 0, NULL);
    const json_t *rows = json_object_get(json_object_get(result, "beams"), "rows");
    CHECK_INT(json_array_size(rows), 2);
    CHECK_NEAR(json_number_value(json_array_get(json_array_get(rows, 0), 2)), 0.0, 1e-9);
    CHECK_NEAR(json_number_value(json_array_get(json_array_get(rows, 0), 6)), 20.0 * log10(2.0), 1e-9);
    CHECK_NEAR(json_number_value(json_array_get(json_array_get(rows, 1), 2)), 90.0, 1e-9);
    json_decref(result);
    bcue_report_destroy(report);
    const bcue_beams_options none = {.measured = root};
    CHECK_STATUS(bcue_beams(&none, &report, &error), BCUE_ERROR_IO);
    CHECK_CONTAINS(error.text, "built_in_beam_pattern_0.mat");
    free(path);
}

enum { COLUMNS = 20, ROWS = 8 };

static bcue_npy read_array(const char *folder, const char *name)
{
    bcue_error error = {0};
    bcue_npy array = {0};
    char path[1024];
    snprintf(path, sizeof path, "%s/%s.npy", folder, name);
    CHECK_OK(bcue_npy_read(path, &array, &error), error);
    CHECK(array.rank == 2 && array.shape[0] == ROWS && array.shape[1] == COLUMNS);
    return array;
}

/* Line of sight alone over an open street: Friis with the array's gain, best beam by angle, no delay spread.
   The second unit stands 40 m to the east. */
static void open_street(void)
{
    bcue_error error = {0};
    bcue_report *report = NULL;
    char *folder = in_root("map");
    const char *settings[] = {"output=none",
                              "channel.reflections=0",
                              "channel.diffraction=false",
                              "channel.transmissions=0",
                              "street.tree_spacing_m=0",
                              "array.beams=31",
                              "channel.transmit_power_dbm=10",
                              "channel.noise_floor_dbm=-80"};
    const bcue_coverage_site site = {40.0, 0.0, 5.0, 90.0, 3};
    const bcue_coverage_options options = {.step_m = 4.0,
                                           .has_area = 1,
                                           .x_low_m = -40.0,
                                           .x_high_m = 40.0,
                                           .y_low_m = 2.0,
                                           .y_high_m = 34.0,
                                           .has_beam = 1,
                                           .beam = 27,
                                           .sites = &site,
                                           .site_count = 1};
    CHECK_OK(bcue_map_coverage(NULL, settings, sizeof settings / sizeof settings[0], &options, folder, NULL,
                               &report, &error),
             error);
    bcue_npy rss = read_array(folder, "rss_dbm"), beam = read_array(folder, "best_beam"),
             unit = read_array(folder, "unit"), spread = read_array(folder, "delay_spread_s"),
             sinr = read_array(folder, "sinr_db"), other = read_array(folder, "interferer_unit"),
             radiated = read_array(folder, "interferer_beam");
    double wavelength = 299792458.0 / 60e9;
    int checked = 0, west = 0;
    for (size_t p = 0; p < ROWS * COLUMNS; p++) {
        double x = -38.0 + 4.0 * (double)(p % COLUMNS), y = 4.0 + 4.0 * (double)(p / COLUMNS);
        if (bcue_npy_get(&unit, p) < 0.0) { /* behind the fronts of the houses */
            CHECK(y > 20.0 && isinf(bcue_npy_get(&rss, p)) && isnan(bcue_npy_get(&spread, p)));
            continue;
        }
        bool first = bcue_npy_get(&unit, p) == 0.0;
        double dx = x - (first ? 0.0 : 40.0), distance = sqrt(dx * dx + y * y + 3.5 * 3.5);
        /* The beams cover 90 degrees; a cone around the axis of the array. */
        double azimuth = asin(-dx / distance) / DEGREE, ideal = 30.0 * (0.5 - azimuth / 90.0);
        CHECK_NEAR(bcue_npy_get(&spread, p), 0.0, 1e-15);
        CHECK_INT(bcue_npy_get(&other, p), first ? 1 : 0);
        CHECK_INT(bcue_npy_get(&radiated, p), first ? 3 : 27);
        if (fabs(azimuth) > 44.0)
            continue;
        CHECK_AT(fabs(bcue_npy_get(&beam, p) - ideal) <= 0.51, "%g, %g: beam %g, expected %.2f", x, y,
                 bcue_npy_get(&beam, p), ideal);
        double friis = 10.0 + 20.0 * log10(wavelength / (4.0 * BCUE_PI * distance)) + 10.0 * log10(16.0);
        /* The nearest beam may be half a step off: 1.5 of the 6 degrees that a beam is wide. */
        CHECK(bcue_npy_get(&rss, p) <= friis + 1e-6 && bcue_npy_get(&rss, p) > friis - 1.2);
        CHECK(bcue_npy_get(&sinr, p) <= bcue_npy_get(&rss, p) + 80.0 + 1e-9);
        checked++;
        west += x < -2.0;
    }
    CHECK_AT(checked > 50 && west > 10, "%d points, %d in the west", checked, west);
    bcue_npy *const arrays[] = {&rss, &beam, &unit, &spread, &sinr, &other, &radiated};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        bcue_npy_free(arrays[i]);
    CHECK_INT(bcue_report_file_count(report), 13);
    for (size_t i = 8; i < 12; i++) {
        bcue_image image = {0};
        CHECK_OK(bcue_image_read(bcue_report_file(report, i), 3, &image, &error), error);
        CHECK(image.width > 1000 && image.height > 300);
        bcue_image_free(&image);
    }
    bcue_report_destroy(report);
    free(folder);
}

static void bad_requests(void)
{
    bcue_error error = {0};
    bcue_report *report = NULL;
    const char *settings[] = {"output=none"};
    char *folder = in_root("bad");
    bcue_coverage_options options = {.step_m = 500.0};
    CHECK_STATUS(bcue_map_coverage(NULL, settings, 1, &options, folder, NULL, &report, &error),
                 BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "0 points; expected 1");
    options = (bcue_coverage_options){.has_beam = 1, .beam = 64};
    CHECK_STATUS(bcue_map_coverage(NULL, settings, 1, &options, folder, NULL, &report, &error),
                 BCUE_ERROR_ARGUMENT);
    CHECK_STR(error.text, "unit 0 radiates beam 64; the codebook has beams 0 to 63");
    options = (bcue_coverage_options){.scene = 1};
    CHECK_STATUS(bcue_map_coverage(NULL, settings, 1, &options, folder, NULL, &report, &error),
                 BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "no scene 1");
    CHECK(access(folder, F_OK) != 0);
    free(folder);
}

int main(void)
{
    snprintf(root, sizeof root, "%s/coverage-XXXXXX", BCUE_BINARY_DIR);
    if (!mkdtemp(root)) {
        perror(root);
        return 1;
    }
    RUN(polar_files);
    RUN(measured_beams);
    RUN(open_street);
    RUN(bad_requests);
    char command[600];
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    return system(command) == 0 ? check_summary() : 1;
}

#include "report/beam_parts.h"
#include "report/chart.h"
#include "report/svg.h"
#include "check.h"

#include <stdlib.h>
#include "base/memory.h"
#include "base/rng.h"
#include "xml_check.h"

/* What every chart must be, whatever it was given: well-formed, without a coordinate that is no number. */
static void check_svg(const bcue_text *out, const char *what)
{
    size_t offset;
    const char *fault = out->data ? bcue_xml_fault(out->data, out->size, &offset) : "nothing written";
    CHECK_AT(fault == NULL, "%s: %s at byte %zu", what, fault, offset);
    if (out->data == NULL)
        return;
    CHECK_AT(strncmp(out->data, "<svg xmlns=", 11) == 0, "%s does not begin with <svg", what);
    CHECK_AT(bcue_xml_count(out->data, "svg") == 1, "%s is not one svg", what);
    for (const char *p = out->data; (p = strstr(p, "=\"")) != NULL; p++) {
        bool number = strncmp(p - 2, " d=", 3) != 0;
        CHECK_AT(!number || (strncmp(p + 2, "nan", 3) != 0 && strncmp(p + 2, "-nan", 4) != 0 &&
                             strncmp(p + 2, "inf", 3) != 0 && strncmp(p + 2, "-inf", 4) != 0),
                 "%s has a coordinate that is no number", what);
    }
    CHECK_AT(strstr(out->data, "Mnan") == NULL && strstr(out->data, "Lnan") == NULL &&
                 strstr(out->data, " nan") == NULL,
             "%s has a path through nan", what);
}

static const double odd[] = {NAN, INFINITY, -INFINITY, 0, 1e300, -1e300, 5e-324, 42, 42, -7};
enum { ODD = sizeof odd / sizeof odd[0] };

static void test_lines(void)
{
    bcue_error error = {0};
    for (size_t count = 0; count <= ODD; count++)
        for (int log = 0; log < 4; log++) {
            bcue_text out = {0};
            bcue_line_series series[2] = {
                {.name = "<a&b>", .y = odd, .low = odd, .high = odd, .count = count, .markers = true},
                {.name = "\"x\"", .x = odd, .y = odd, .count = count, .dashed = true}};
            bcue_line_chart chart = {
                .options = {.title = "</svg><script>", .description = "d", .standalone = true},
                .x = {.title = "x", .unit = "m", .logarithmic = log & 1},
                .y = {.title = "y", .logarithmic = (log & 2) != 0},
                .series = series,
                .series_count = 2};
            CHECK_OK(bcue_chart_lines(&chart, &out, &error), error);
            check_svg(&out, "lines");
            CHECK((count > 3) == (strstr(out.data, "no data") == NULL) || log != 0);
            bcue_text_free(&out);
        }
}

static void test_line_path(void)
{
    static const double y[] = {1, 2, NAN, 3, NAN, 4, 5};
    bcue_error error = {0};
    bcue_text out = {0};
    bcue_line_series series = {.y = y, .count = 7};
    bcue_line_chart chart = {.series = &series, .series_count = 1};
    CHECK_OK(bcue_chart_lines(&chart, &out, &error), error);
    const char *path = strstr(out.data, " d=\"") + 4;
    size_t moves = 0, lines = 0, dots = 0;
    for (const char *p = path; *p != '"'; p++) {
        moves += *p == 'M';
        lines += *p == 'L';
        dots += *p == 'h';
    }
    CHECK_INT(moves, 3); /* three pieces, the middle one a dot */
    CHECK_INT(lines, 2);
    CHECK_INT(dots, 1);
    bcue_text_free(&out);
}

/* A million points stay a small file that still shows the one outlier. */
static void test_huge_line(void)
{
    size_t count = 1000000;
    double *y = bcue_calloc(count, sizeof *y);
    bcue_rng rng = bcue_rng_make(1, BCUE_RNG_TEST, 0, 0, 0);
    for (size_t i = 0; i < count; i++)
        y[i] = bcue_rng_uniform(&rng);
    y[543210] = 9;
    bcue_error error = {0};
    bcue_text out = {0};
    bcue_line_series series = {.y = y, .count = count};
    bcue_line_chart chart = {.series = &series, .series_count = 1, .y = {.low = 0, .high = 10}};
    CHECK_OK(bcue_chart_lines(&chart, &out, &error), error);
    check_svg(&out, "a million points");
    CHECK_AT(out.size < 60000, "%zu bytes", out.size);
    CHECK(strstr(out.data, "V48.0") != NULL); /* 9 of 10 between the axis at 336 and the top at 16 */
    bcue_text_free(&out);
    free(y);
}

static void test_bars(void)
{
    static const char *const names[] = {"a<b", "a very long category name that cannot fit anywhere at all",
                                        NULL, "d"};
    static const double values[] = {3, -2, NAN, 1e6}, low[] = {2, -3, 0, NAN}, high[] = {4, 1, 0, 2e6};
    bcue_error error = {0};
    bcue_bar_series series[2] = {{.name = "one", .values = values, .low = low, .high = high},
                                 {.name = "two", .values = values}};
    for (int kind = 0; kind < 32; kind++) {
        bcue_text out = {0};
        bcue_bar_chart chart = {.options = {.title = "Bars"},
                                .value = {.title = "loss", .unit = "dB", .logarithmic = (kind & 16) != 0},
                                .categories = kind & 1 ? names : NULL,
                                .category_count = kind & 2 ? 4 : 0,
                                .series = series,
                                .series_count = kind & 4 ? 2 : 0,
                                .horizontal = (kind & 8) != 0,
                                .values = true,
                                .decimals = 1};
        CHECK_OK(bcue_chart_bars(&chart, &out, &error), error);
        check_svg(&out, "bars");
        CHECK((strstr(out.data, "no data") == NULL) == ((kind & 6) == 6));
        if ((kind & 22) == 6) /* two keys, 2 x 3 bars that have a value, each with a tooltip */
            CHECK_INT(bcue_xml_count(out.data, "title"), 6);
        bcue_text_free(&out);
    }
}

static void test_histogram(void)
{
    bcue_error error = {0};
    static const double same[] = {5, 5, 5}, few[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    static const double *const sets[] = {odd, same, few, few};
    static const size_t counts[] = {ODD, 3, 10, 0};
    for (int i = 0; i < 4; i++) {
        bcue_text out = {0};
        bcue_histogram chart = {.values = sets[i], .count = counts[i], .x = {.title = "gap", .unit = "dB"}};
        CHECK_OK(bcue_chart_histogram(&chart, &out, &error), error);
        check_svg(&out, "histogram");
        CHECK((i == 3) == (strstr(out.data, "no data") != NULL));
        bcue_text_free(&out);
    }
    bcue_text out = {0};
    bcue_histogram chart = {.values = few, .count = 10, .bins = 5};
    CHECK_OK(bcue_chart_histogram(&chart, &out, &error), error);
    CHECK_CONTAINS(out.data, "<title>7.2 to 9: 2</title>"); /* the highest value belongs to the last bin */
    CHECK_INT(bcue_xml_count(out.data, "title"), 5);
    bcue_text_free(&out);
}

static void test_map(void)
{
    bcue_error error = {0};
    size_t count = 200000;
    double *x = bcue_calloc(count, sizeof *x), *y = bcue_calloc(count, sizeof *y),
           *c = bcue_calloc(count, sizeof *c);
    bcue_rng rng = bcue_rng_make(2, BCUE_RNG_TEST, 0, 0, 0);
    for (size_t i = 0; i < count; i++) {
        x[i] = bcue_rng_range(&rng, -50, 50);
        y[i] = bcue_rng_range(&rng, 0, 10);
        c[i] = floor(bcue_rng_range(&rng, 0, 64));
    }
    bcue_map_mark mark = {.x = 0, .y = -5, .label = "<RSU>"};
    bcue_map_chart chart = {.x_values = x,
                            .y_values = y,
                            .colors = c,
                            .count = count,
                            .marks = &mark,
                            .mark_count = 1,
                            .value_title = "beam"};
    bcue_text out = {0};
    CHECK_OK(bcue_chart_map(&chart, &out, &error), error);
    check_svg(&out, "map");
    CHECK_AT(out.size < 3000000, "%zu bytes", out.size);
    bcue_text_free(&out);
    chart.count = 1;
    CHECK_OK(bcue_chart_map(&chart, &out, &error), error);
    check_svg(&out, "map of one point");
    CHECK(strstr(out.data, "no data") == NULL);
    bcue_text_free(&out);
    chart = (bcue_map_chart){.x_values = odd, .y_values = odd, .colors = odd, .count = ODD};
    CHECK_OK(bcue_chart_map(&chart, &out, &error), error);
    check_svg(&out, "map of odd points");
    bcue_text_free(&out);
    chart.count = 0;
    CHECK_OK(bcue_chart_map(&chart, &out, &error), error);
    CHECK_CONTAINS(out.data, "no data");
    bcue_text_free(&out);
    free(x);
    free(y);
    free(c);
}

/* Two points 10 m apart along x and along y are as many pixels apart. */
static void test_equal_aspect(void)
{
    static const double x[] = {0, 10, 0}, y[] = {0, 0, 10};
    bcue_error error = {0};
    bcue_text out = {0};
    bcue_map_chart chart = {.x_values = x, .y_values = y, .count = 3};
    CHECK_OK(bcue_chart_map(&chart, &out, &error), error);
    double px[3], py[3];
    const char *path = strstr(out.data, "d=\"M");
    CHECK_INT(
        sscanf(path, "d=\"M%lf %lfh0M%lf %lfh0M%lf %lfh0", &px[0], &py[0], &px[1], &py[1], &px[2], &py[2]),
        6);
    CHECK_NEAR(px[1] - px[0], py[0] - py[2], 0.11);
    CHECK(px[1] - px[0] > 100);
    bcue_text_free(&out);
}

static void test_heat_map(void)
{
    static const double values[] = {1, 0, NAN, 0.25, 0.75, 0, INFINITY, 0.5, 0.5};
    static const char *const labels[] = {"<0", "1&", NULL};
    bcue_error error = {0};
    bcue_text out = {0};
    bcue_heat_map map = {.values = values,
                         .row_count = 3,
                         .column_count = 3,
                         .row_labels = labels,
                         .column_labels = labels,
                         .row_title = "truth",
                         .column_title = "predicted",
                         .value_title = "share",
                         .decimals = 2};
    CHECK_OK(bcue_chart_heat_map(&map, &out, &error), error);
    check_svg(&out, "heat map");
    CHECK_CONTAINS(out.data, ">0.75</text>");
    bcue_text_free(&out);
    double *many = bcue_calloc(65536, sizeof *many);
    map = (bcue_heat_map){.values = many, .row_count = 256, .column_count = 256};
    CHECK_OK(bcue_chart_heat_map(&map, &out, &error), error); /* all zero: no cell is drawn */
    check_svg(&out, "large heat map");
    CHECK(bcue_xml_count(out.data, "rect") < 30); /* the ground and the key */
    bcue_text_free(&out);
    map.row_count = 257;
    CHECK_STATUS(bcue_chart_heat_map(&map, &out, &error), BCUE_ERROR_ARGUMENT);
    map.row_count = SIZE_MAX / 2 + 1; /* times 256 is 0 */
    CHECK_STATUS(bcue_chart_heat_map(&map, &out, &error), BCUE_ERROR_ARGUMENT);
    CHECK_INT(out.size, 0);
    map = (bcue_heat_map){0};
    CHECK_OK(bcue_chart_heat_map(&map, &out, &error), error);
    CHECK_CONTAINS(out.data, "no data");
    bcue_text_free(&out);
    free(many);
}

static void test_beams(void)
{
    static const double azimuth[] = {-180, -90, NAN, 0, 0, 30, 90, 180, 720, 10};
    static const size_t ranked[] = {3, 5, 0, 2, 9};
    bcue_error error = {0};
    for (size_t count = 0; count <= ODD; count++)
        for (int fan = 0; fan < 2; fan++) {
            bcue_text out = {0};
            bcue_beam_chart chart = {.power_db = odd,
                                     .azimuth_deg = fan ? azimuth : NULL,
                                     .beam_count = count,
                                     .ranked = ranked,
                                     .ranked_count = count == ODD ? 5 : 0,
                                     .probability = odd,
                                     .label = count > 0 ? 0 : -1};
            CHECK_OK(bcue_chart_beams(&chart, &out, &error), error);
            check_svg(&out, "beams");
            bcue_text_free(&out);
        }
    bcue_text out = {0};
    bcue_beam_chart chart = {
        .power_db = odd, .beam_count = 3, .ranked = ranked, .ranked_count = 1, .label = -1};
    CHECK_STATUS(bcue_chart_beams(&chart, &out, &error), BCUE_ERROR_ARGUMENT);
    CHECK_STR(error.text, "ranked beam 3 does not exist: there are 3 beams");
    chart.ranked_count = 0;
    chart.label = 3;
    CHECK_STATUS(bcue_chart_beams(&chart, &out, &error), BCUE_ERROR_ARGUMENT);
    CHECK_INT(out.size, 0);
}

static void test_bounds_and_places(void)
{
    static const double azimuth[] = {0, 10, 30};
    double low, high;
    bcue_beam_bounds(azimuth, 3, 0, &low, &high);
    CHECK_NEAR(low, -5, 1e-12);
    CHECK_NEAR(high, 5, 1e-12);
    bcue_beam_bounds(azimuth, 3, 1, &low, &high);
    CHECK_NEAR(low, 5, 1e-12);
    CHECK_NEAR(high, 20, 1e-12);
    bcue_beam_bounds(azimuth, 1, 0, &low, &high);
    CHECK_NEAR(high - low, 10, 1e-12);
    bcue_placed placed = {0};
    CHECK_INT(bcue_place(&placed, 100, 10), 0);
    CHECK_INT(bcue_place(&placed, 105, 10), 1);
    CHECK_INT(bcue_place(&placed, 112, 10), 0);
    CHECK_INT(bcue_place(&placed, 106, 10), 2);
}

static void test_overlay(void)
{
    static const double azimuth[] = {-60, -20, 0, 20, 100, NAN}, probability[] = {0.1, 0.5, 2, NAN, -1, 0.2};
    static const size_t ranked[] = {2, 0, 4, 5, 3};
    bcue_error error = {0};
    bcue_text out = {0};
    bcue_beam_overlay overlay = {.width = 960,
                                 .height = 540,
                                 .horizontal_fov_deg = 90,
                                 .azimuth_deg = azimuth,
                                 .beam_count = 6,
                                 .probability = probability,
                                 .ranked = ranked,
                                 .ranked_count = 5,
                                 .label = 3};
    /* f = 480 px at 90 degrees; left (positive azimuth) is towards column 0. */
    CHECK_NEAR(bcue_overlay_column(&overlay, 0), 480, 1e-9);
    CHECK_NEAR(bcue_overlay_column(&overlay, 45), 0, 1e-9);
    CHECK_NEAR(bcue_overlay_column(&overlay, -45), 960, 1e-9);
    CHECK(isnan(bcue_overlay_column(&overlay, 90)));
    CHECK(isnan(bcue_overlay_column(&overlay, NAN)));
    overlay.camera_yaw_deg = 350;
    CHECK_NEAR(bcue_overlay_column(&overlay, -10), 480, 1e-9); /* across the turn */
    overlay.camera_yaw_deg = 0;
    CHECK_OK(bcue_chart_overlay(&overlay, &out, &error), error);
    check_svg(&out, "overlay");
    CHECK_INT(bcue_xml_count(out.data, "circle"), 4); /* the beam without an azimuth has no badge */
    CHECK_CONTAINS(out.data, "best measured: 3");
    bcue_text_free(&out);
    overlay.horizontal_fov_deg = 180;
    CHECK_STATUS(bcue_chart_overlay(&overlay, &out, &error), BCUE_ERROR_ARGUMENT);
    overlay.horizontal_fov_deg = 90;
    overlay.width = NAN;
    CHECK_STATUS(bcue_chart_overlay(&overlay, &out, &error), BCUE_ERROR_ARGUMENT);
}

static size_t times_in(const char *text, const char *part)
{
    size_t times = 0;
    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part))
        times++;
    return times;
}

static void test_cells(void)
{
    bcue_text out = {0};
    bcue_error error;
    double values[] = {1, 2, 3, 5, 4, 1};
    bcue_cell_overlay cells = {.width = 90, .height = 40, .rows = 2, .columns = 3, .values = values};
    CHECK_STATUS(bcue_chart_cells(&cells, &out, &error), BCUE_OK);
    CHECK(times_in(out.data, "<rect") == 7); /* six veils and the frame of the highest */
    CHECK_CONTAINS(out.data, "<rect x=\"0.00\" y=\"20.00\" width=\"30.00\" height=\"20.00\" fill=\"none\"");
    CHECK_CONTAINS(out.data, "<rect x=\"0.00\" y=\"20.00\" width=\"30.00\" height=\"20.00\" fill=\"#05080c\" "
                             "fill-opacity=\"0.00\"");
    CHECK_CONTAINS(out.data, "<rect x=\"0.00\" y=\"0.00\" width=\"30.00\" height=\"20.00\" fill=\"#05080c\" "
                             "fill-opacity=\"0.82\"");
    bcue_text_free(&out);
    values[0] = NAN;
    CHECK_STATUS(bcue_chart_cells(&cells, &out, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "finite values");
    bcue_text_free(&out);
}

static void test_training(void)
{
    static const double loss[] = {3, 2, 1, NAN, 0.5}, top1[] = {10, 30, 50, 55, 54};
    bcue_error error = {0};
    bcue_text out = {0};
    bcue_training_chart chart = {.train_loss = loss,
                                 .metric = top1,
                                 .metric_name = "top-1",
                                 .metric_unit = "%",
                                 .epoch_count = 5,
                                 .best_epoch = 4};
    CHECK_OK(bcue_chart_training(&chart, &out, &error), error);
    check_svg(&out, "training");
    CHECK_CONTAINS(out.data, "best: epoch 4");
    bcue_text_free(&out);
    chart = (bcue_training_chart){0};
    CHECK_OK(bcue_chart_training(&chart, &out, &error), error);
    CHECK_CONTAINS(out.data, "no data");
    bcue_text_free(&out);
}

static void test_limits(void)
{
    bcue_error error = {0};
    bcue_text out = {0};
    bcue_line_chart lines = {.series_count = BCUE_CHART_MAX_SERIES + 1};
    CHECK_STATUS(bcue_chart_lines(&lines, &out, &error), BCUE_ERROR_ARGUMENT);
    lines = (bcue_line_chart){.options = {.width = 1e9}};
    CHECK_STATUS(bcue_chart_lines(&lines, &out, &error), BCUE_ERROR_ARGUMENT);
    lines.options.width = NAN;
    CHECK_STATUS(bcue_chart_lines(&lines, &out, &error), BCUE_ERROR_ARGUMENT);
    bcue_bar_chart bars = {.category_count = BCUE_CHART_MAX_BARS + 1};
    CHECK_STATUS(bcue_chart_bars(&bars, &out, &error), BCUE_ERROR_ARGUMENT);
    bcue_histogram histogram = {.bins = BCUE_CHART_MAX_BARS + 1};
    CHECK_STATUS(bcue_chart_histogram(&histogram, &out, &error), BCUE_ERROR_ARGUMENT);
    bcue_map_chart map = {.count = 1};
    CHECK_STATUS(bcue_chart_map(&map, &out, &error), BCUE_ERROR_ARGUMENT);
    CHECK_INT(out.size, 0);
}

/* The checker must be able to fail. */
static void test_xml_checker(void)
{
    static const char *const bad[] = {
        "<a>",   "<a></b>", "<a b=c/>", "<a b=\"<\"/>", "a & b", "<a b=\"1\" b=\"2\"/>",
        "a < b", "</a>",    "\x01",     "\xFF",         "&nbsp;"};
    size_t offset;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_AT(bcue_xml_fault(bad[i], strlen(bad[i]), &offset) != NULL, "%s passes", bad[i]);
    const char *good = "<a b=\"1\" c='&amp;'>x &lt; y<b/>&#39;</a>";
    CHECK(bcue_xml_fault(good, strlen(good), &offset) == NULL);
}

int main(void)
{
    RUN(test_xml_checker);
    RUN(test_lines);
    RUN(test_line_path);
    RUN(test_huge_line);
    RUN(test_bars);
    RUN(test_histogram);
    RUN(test_map);
    RUN(test_equal_aspect);
    RUN(test_heat_map);
    RUN(test_beams);
    RUN(test_bounds_and_places);
    RUN(test_overlay);
    RUN(test_cells);
    RUN(test_training);
    RUN(test_limits);
    return check_summary();
}

/* Polar charts: well-formed whatever they are given, and drawn where they should be. */
#include "report/chart.h"
#include "check.h"

#include <stdlib.h>
#include "xml_check.h"

static void check_svg(const bcue_text *out)
{
    size_t offset = 0;
    const char *fault = out->data ? bcue_xml_fault(out->data, out->size, &offset) : "nothing written";
    CHECK_AT(fault == NULL, "%s at byte %zu", fault, offset);
    CHECK(out->data && !strstr(out->data, "nan") && !strstr(out->data, "inf"));
}

static void odd_values(void)
{
    static const double odd[] = {NAN, INFINITY, -INFINITY, 0, 1e300, -1e300, 5e-324, 42, 42, -7};
    bcue_error error = {0};
    for (size_t count = 0; count <= 10; count++)
        for (int upright = 0; upright < 2; upright++) {
            bcue_text out = {0};
            bcue_polar_series series[2] = {{"<a&b>", odd, odd, count, false},
                                           {NULL, odd + 3, odd, count < 7 ? count : 7, true}};
            bcue_polar_chart chart = {.options = {.title = "</svg>", .standalone = true},
                                      .series = series,
                                      .series_count = 2,
                                      .upright = upright,
                                      .unit = "dB<i>"};
            CHECK_OK(bcue_chart_polar(&chart, &out, &error), error);
            check_svg(&out);
            bcue_text_free(&out);
        }
    bcue_text out = {0};
    bcue_polar_chart none = {.series_count = 0};
    CHECK_OK(bcue_chart_polar(&none, &out, &error), error);
    CHECK_CONTAINS(out.data, "no data");
    bcue_text_free(&out);
    bcue_polar_series broken = {.count = 3};
    bcue_polar_chart bad = {.series = &broken, .series_count = 1};
    CHECK_STATUS(bcue_chart_polar(&bad, &out, &error), BCUE_ERROR_ARGUMENT);
    bad.series_count = BCUE_CHART_MAX_SERIES + 1;
    CHECK_STATUS(bcue_chart_polar(&bad, &out, &error), BCUE_ERROR_ARGUMENT);
    CHECK(out.size == 0);
    bcue_text_free(&out);
}

/* The first two points of the curve. */
static void points(const bcue_polar_chart *chart, double xy[4])
{
    bcue_error error = {0};
    bcue_text out = {0};
    CHECK_OK(bcue_chart_polar(chart, &out, &error), error);
    const char *path = strstr(out.data, "d=\"M");
    CHECK(path && sscanf(path, "d=\"M%lf %lfL%lf %lf", &xy[0], &xy[1], &xy[2], &xy[3]) == 4);
    bcue_text_free(&out);
}

/* Boresight is up, positive angles are to the left; the strongest value lies on the rim, what is below the
   range in the centre. Upright: 0 to the right, 90 up. */
static void directions(void)
{
    static const double angles[] = {0, 90}, values[] = {10, 10}, weak[] = {10, -60};
    bcue_polar_series series = {"beam", angles, values, 2, false};
    bcue_polar_chart chart = {.series = &series, .series_count = 1};
    double xy[4] = {0}, centre[4] = {0};
    points(&chart, xy);
    series.value_db = weak;
    points(&chart, centre);
    double radius = centre[3] - xy[1];
    CHECK(radius > 50.0);
    CHECK_NEAR(xy[0], centre[2], 0.11);
    CHECK_NEAR(xy[2], centre[2] - radius, 0.21);
    CHECK_NEAR(xy[3], centre[3], 0.11);
    chart.upright = true;
    series.value_db = values;
    points(&chart, xy);
    CHECK_NEAR(xy[0], centre[2] + radius, 0.21);
    CHECK_NEAR(xy[1], centre[3], 0.11);
    CHECK_NEAR(xy[2], centre[2], 0.11);
    CHECK_NEAR(xy[3], centre[3] - radius, 0.21);
}

int main(void)
{
    RUN(odd_values);
    RUN(directions);
    return check_summary();
}

/* Patterns over the full circle. */
#include <math.h>
#include <stdio.h>
#include "base/fail.h"
#include "report/markup.h"
#include "report/polar_parts.h"
#include "report/svg.h"

static const double degree = 3.14159265358979323846 / 180.0;

void bcue_dial_place(const bcue_dial *d, double angle_deg, double radius, double *x, double *y)
{
    double a = angle_deg * degree;
    *x = d->x + (d->upright ? radius * cos(a) : -radius * sin(a));
    *y = d->y - (d->upright ? radius * sin(a) : radius * cos(a));
}

double bcue_dial_radius(const bcue_dial *d, double value_db)
{
    return d->radius * fmin(1, fmax(0, 1 - (d->top - value_db) / d->range));
}

int bcue_dial_rings(const bcue_dial *d)
{
    return (int)ceil(fmin(d->range / d->step, 1000) - 1e-9);
}

bcue_dial bcue_dial_of(const bcue_polar_chart *chart)
{
    bcue_dial d = {
        .range = chart->range_db > 0 ? chart->range_db : 40, .upright = chart->upright, .top = NAN};
    d.step = d.range > 20 ? 10 : 5;
    for (size_t s = 0; s < chart->series_count; s++)
        for (size_t i = 0; i < chart->series[s].count; i++)
            if (isfinite(chart->series[s].value_db[i]) && isfinite(chart->series[s].angle_deg[i]))
                d.top = fmax(d.top, chart->series[s].value_db[i]);
    d.top = d.step * ceil(d.top / d.step - 1e-9);
    return d;
}

bool bcue_polar_joins(const bcue_polar_series *series)
{
    const double *angle = series->angle_deg;
    double gap = fabs(remainder(angle[0] - angle[series->count - 1], 360.0));
    return series->count >= 3 && !(gap > 2.0 * fabs(angle[1] - angle[0]));
}

bcue_status bcue_polar_check(const bcue_polar_chart *chart, bcue_error *error)
{
    if (chart->series_count > BCUE_CHART_MAX_SERIES || (chart->series_count > 0 && chart->series == NULL))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "a polar chart takes up to %d curves, not %zu",
                         BCUE_CHART_MAX_SERIES, chart->series_count);
    for (size_t s = 0; s < chart->series_count; s++) {
        const bcue_polar_series *series = &chart->series[s];
        if (series->count > 0 && (series->angle_deg == NULL || series->value_db == NULL))
            return bcue_fail(error, BCUE_ERROR_ARGUMENT, "curve %zu of a polar chart has no angles or values",
                             s);
    }
    return BCUE_OK;
}

static void draw_grid(bcue_svg *svg, const bcue_dial *d)
{
    char words[BCUE_NUMBER_SIZE];
    const double step = d->step;
    int rings = bcue_dial_rings(d);
    for (int ring = 0; ring < rings; ring++)
        bcue_text_printf(svg->out,
                         "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" class=\"bq-g\" fill=\"none\"/>", d->x,
                         d->y, d->radius * (1 - step * ring / d->range));
    for (int angle = -150; angle <= 180; angle += 30) {
        double x1, y1, x2, y2;
        bcue_dial_place(d, angle, 0, &x1, &y1);
        bcue_dial_place(d, angle, d->radius, &x1, &y1);
        bcue_dial_place(d, angle, 0, &x2, &y2);
        bcue_svg_line(svg, x2, y2, x1, y1, "bq-g");
        bcue_dial_place(d, angle, d->radius + 16, &x1, &y1);
        snprintf(words, sizeof words, "%s%d\xC2\xB0", angle < 0 ? "\xE2\x88\x92" : "",
                 angle < 0 ? -angle : angle);
        bcue_svg_text(svg, x1, y1 + 4, BCUE_ANCHOR_MIDDLE, "bq-s", words);
    }
    for (int ring = 0; ring < rings; ring++) { /* labels between two spokes, above the curves' grid */
        double x, y;
        bcue_dial_place(d, d->upright ? -15 : 195, d->radius * (1 - step * ring / d->range), &x, &y);
        bcue_format_number(words, d->top - step * ring, 0, false);
        bcue_svg_text(svg, x, y + 4, BCUE_ANCHOR_MIDDLE, "bq-s bq-halo", words);
    }
}

static void draw_series(bcue_svg *svg, const bcue_dial *d, const bcue_polar_series *series, size_t color)
{
    bcue_text_printf(svg->out, "<path class=\"bq-n bq-l%zu%s\" d=\"", color % BCUE_SERIES_COLORS,
                     series->dashed ? " bq-d" : "");
    bool begin = true;
    for (size_t i = 0; i <= series->count; i++) {
        /* The last point joins the first where they are as close as any two neighbours. */
        size_t k = i % series->count;
        if (i == series->count) {
            if (begin || !bcue_polar_joins(series))
                break;
        }
        double value = series->value_db[k];
        if (isnan(value) || value == INFINITY || !isfinite(series->angle_deg[k])) {
            begin = true;
            continue;
        }
        double x, y;
        bcue_dial_place(d, series->angle_deg[k], bcue_dial_radius(d, value), &x, &y);
        bcue_text_printf(svg->out, "%s%.1f %.1f", begin ? "M" : "L", x, y);
        begin = false;
    }
    bcue_text_puts(svg->out, "\"><title>");
    bcue_escape_html(svg->out, series->name);
    bcue_text_puts(svg->out, "</title></path>");
}

bcue_status bcue_chart_polar(const bcue_polar_chart *chart, bcue_text *out, bcue_error *error)
{
    const char *names[BCUE_CHART_MAX_SERIES];
    bool dashed[BCUE_CHART_MAX_SERIES];
    BCUE_TRY(bcue_polar_check(chart, error));
    for (size_t s = 0; s < chart->series_count; s++) {
        const bcue_polar_series *series = &chart->series[s];
        names[s] = series->name;
        dashed[s] = series->dashed;
    }
    bcue_svg svg;
    bcue_status status = bcue_svg_begin(&svg, &chart->options, 420, 460, "Pattern", out, error);
    if (status != BCUE_OK)
        return status;
    bcue_svg_legend(&svg, names, dashed, chart->series_count, BCUE_KEY_LINE);
    bcue_dial d = bcue_dial_of(chart);
    d.x = 0.5 * svg.width;
    d.radius = fmin(0.5 * svg.width - 34, 0.5 * (svg.height - svg.top) - 26);
    d.y = svg.top + 26 + d.radius;
    if (isnan(d.top) || d.radius < 10)
        bcue_svg_text(&svg, d.x, d.y, BCUE_ANCHOR_MIDDLE, "bq-m", "no data");
    else {
        draw_grid(&svg, &d);
        for (size_t s = 0; s < chart->series_count; s++)
            if (chart->series[s].count > 0)
                draw_series(&svg, &d, &chart->series[s], s);
        if (chart->unit != NULL)
            bcue_svg_text(&svg, svg.width - 6, svg.height - 6, BCUE_ANCHOR_END, "bq-s", chart->unit);
    }
    return bcue_svg_end(&svg, error);
}

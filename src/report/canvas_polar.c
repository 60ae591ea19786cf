#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"
#include "report/canvas.h"
#include "report/markup.h"
#include "report/polar_parts.h"

static const bcue_colour ink = {28, 37, 48, 255}, soft = {91, 102, 114, 255}, grid = {222, 227, 232, 255},
                         paper = {255, 255, 255, 255};

static void draw_grid(bcue_canvas *canvas, const bcue_dial *d, double scale)
{
    char words[BCUE_NUMBER_SIZE];
    for (int ring = 0; ring < bcue_dial_rings(d); ring++)
        bcue_canvas_circle(canvas, d->x, d->y, d->radius * (1 - d->step * ring / d->range), scale, grid);
    for (int angle = -150; angle <= 180; angle += 30) {
        double spoke[4] = {d->x, d->y, 0, 0}, x, y;
        bcue_dial_place(d, angle, d->radius, &spoke[2], &spoke[3]);
        bcue_canvas_line(canvas, spoke, 2, false, scale, grid);
        bcue_dial_place(d, angle, d->radius + 16 * scale, &x, &y);
        snprintf(words, sizeof words, "%s%d\xC2\xB0", angle < 0 ? "\xE2\x88\x92" : "", abs(angle));
        bcue_canvas_text(canvas, x, y + 4 * scale, 8 * scale, BCUE_CANVAS_MIDDLE, false, soft, words);
    }
}

static void draw_levels(bcue_canvas *canvas, const bcue_dial *d, double scale)
{
    char words[BCUE_NUMBER_SIZE];
    for (int ring = 0; ring < bcue_dial_rings(d); ring++) {
        double x, y;
        bcue_dial_place(d, d->upright ? -15 : 195, d->radius * (1 - d->step * ring / d->range), &x, &y);
        bcue_format_number(words, d->top - d->step * ring, 0, false);
        double width = bcue_canvas_text_width(8 * scale, words);
        bcue_canvas_rect(canvas, x - 0.5 * width - 2 * scale, y - 6 * scale, width + 4 * scale, 12 * scale,
                         paper);
        bcue_canvas_text(canvas, x, y + 4 * scale, 8 * scale, BCUE_CANVAS_MIDDLE, false, soft, words);
    }
}

static bcue_status draw_series(bcue_canvas *canvas, const bcue_dial *d, const bcue_polar_series *series,
                               double scale, bcue_colour colour, bcue_error *error)
{
    double *xy = bcue_calloc(series->count + 1, 2 * sizeof *xy);
    if (xy == NULL)
        return bcue_fail_memory(error, "a pattern");
    for (size_t i = 0; i < series->count; i++) {
        double value = series->value_db[i];
        if (isnan(value) || value == INFINITY || !isfinite(series->angle_deg[i]))
            xy[2 * i] = xy[2 * i + 1] = NAN;
        else
            bcue_dial_place(d, series->angle_deg[i], bcue_dial_radius(d, value), &xy[2 * i], &xy[2 * i + 1]);
    }
    bcue_canvas_line(canvas, xy, series->count, bcue_polar_joins(series), 2 * scale, colour);
    free(xy);
    return BCUE_OK;
}

/* Names with their colours in rows; *y moves below them. */
static void draw_legend(bcue_canvas *canvas, const bcue_polar_chart *chart, double scale, double *y)
{
    double x = 6 * scale, at = *y + 12 * scale;
    if (chart->series_count < 2)
        return;
    for (size_t s = 0; s < chart->series_count; s++) {
        const char *name = chart->series[s].name ? chart->series[s].name : "";
        double width = bcue_canvas_text_width(9 * scale, name) + 42 * scale;
        if (x > 6 * scale && x + width > canvas->width) {
            x = 6 * scale;
            at += 20 * scale;
        }
        const double key[4] = {x, at, x + 20 * scale, at};
        bcue_canvas_line(canvas, key, 2, false, 2 * scale, bcue_series_colour(s));
        bcue_canvas_text(canvas, x + 26 * scale, at + 4 * scale, 9 * scale, BCUE_CANVAS_START, false, ink,
                         name);
        x += width;
    }
    *y = at + 10 * scale;
}

static bcue_status draw(const bcue_polar_chart *chart, double scale, bcue_canvas *canvas, bcue_error *error)
{
    double top = 8 * scale;
    if (chart->options.title != NULL) {
        /* As large as fits. */
        double wide = bcue_canvas_text_width(11 * scale, chart->options.title),
               room = canvas->width - 16 * scale;
        bcue_canvas_text(canvas, 8 * scale, 22 * scale, 11 * scale * fmin(1.0, room / fmax(wide, 1.0)),
                         BCUE_CANVAS_START, true, ink, chart->options.title);
        top = 34 * scale;
    }
    draw_legend(canvas, chart, scale, &top);
    bcue_dial d = bcue_dial_of(chart);
    d.x = 0.5 * canvas->width;
    d.radius = fmin(0.5 * canvas->width - 34 * scale, 0.5 * (canvas->height - top) - 26 * scale);
    d.y = top + 26 * scale + d.radius;
    if (isnan(d.top) || d.radius < 10 * scale) {
        bcue_canvas_text(canvas, d.x, 0.5 * canvas->height, 9 * scale, BCUE_CANVAS_MIDDLE, false, soft,
                         "no data");
        return BCUE_OK;
    }
    draw_grid(canvas, &d, scale);
    for (size_t s = 0; s < chart->series_count; s++)
        if (chart->series[s].count > 0)
            BCUE_TRY(draw_series(canvas, &d, &chart->series[s], scale, bcue_series_colour(s), error));
    draw_levels(canvas, &d, scale);
    if (chart->unit != NULL)
        bcue_canvas_text(canvas, canvas->width - 8 * scale, canvas->height - 8 * scale, 8 * scale,
                         BCUE_CANVAS_END, false, soft, chart->unit);
    return BCUE_OK;
}

bcue_status bcue_canvas_polar(const bcue_polar_chart *chart, double scale, bcue_canvas *canvas,
                              bcue_error *error)
{
    double width = chart->options.width != 0 ? chart->options.width : 420;
    double height = chart->options.height != 0 ? chart->options.height : 460;
    BCUE_TRY(bcue_polar_check(chart, error));
    if (!(width >= 160 && width <= 4096 && height >= 120 && height <= 4096 && scale >= 1 && scale <= 8))
        return bcue_fail(
            error, BCUE_ERROR_ARGUMENT,
            "a polar chart of %g x %g px at %g pixels each is outside 160 x 120 to 4096 x 4096 at 1 to 8",
            width, height, scale);
    BCUE_TRY(bcue_canvas_create((int)(width * scale), (int)(height * scale), paper, canvas, error));
    bcue_status status = draw(chart, scale, canvas, error);
    if (status != BCUE_OK)
        bcue_canvas_free(canvas);
    return status;
}

/* Positions on a map, coloured by a value. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"
#include "report/svg.h"

enum { BAR_WIDTH = 96 }; /* px that the colour bar takes on the right */

/* Shrink the pixels of one axis about its middle, or rather widen its range, until both axes have as many
 * units per pixel. */
static void equal_aspect(bcue_range *x, bcue_range *y, double width, double height)
{
    double per_x = (x->high - x->low) / width, per_y = (y->high - y->low) / height;
    double unit = fmax(per_x, per_y) * 1.08;
    if (!(unit > 0) || !isfinite(unit))
        unit = 1 / fmin(width, height);
    double x_middle = x->low / 2 + x->high / 2, y_middle = y->low / 2 + y->high / 2;
    *x = (bcue_range){.low = x_middle - unit * width / 2, .high = x_middle + unit * width / 2};
    *y = (bcue_range){.low = y_middle - unit * height / 2, .high = y_middle + unit * height / 2};
}

static void fit(bcue_panel *panel, const bcue_svg *svg, const bcue_map_chart *chart, bcue_range x,
                bcue_range y)
{
    double right = svg->width - (chart->colors != NULL ? BAR_WIDTH : 0);
    bcue_chart_axis x_axis = chart->x, y_axis = chart->y;
    x_axis.logarithmic = y_axis.logarithmic = false;
    bcue_panel_fit(panel, &x_axis, &y_axis, x, y, 0, svg->top, right, svg->height, false);
    if (x.low > x.high)
        return;
    equal_aspect(&x, &y, panel->right - panel->left, panel->bottom - panel->top);
    x_axis.low = x.low;
    x_axis.high = x.high;
    y_axis.low = y.low;
    y_axis.high = y.high;
    double left = panel->left;
    bcue_panel_fit(panel, &x_axis, &y_axis, x, y, 0, svg->top, right, svg->height, false);
    /* Wider tick labels than at the first try would upset the equal scales. */
    panel->x.pixel_low = panel->left = fmax(left, panel->left);
    double unit = (y.high - y.low) / (panel->bottom - panel->top);
    panel->x.high = panel->x.low + unit * (panel->right - panel->left);
}

static bool usable(const bcue_map_chart *chart, size_t i)
{
    return isfinite(chart->x_values[i]) && isfinite(chart->y_values[i]) &&
           (chart->colors == NULL || isfinite(chart->colors[i]));
}

/* The points of one colour as zero-length strokes with round ends: the most compact form that SVG has for
 * dots. */
static void draw_color(bcue_svg *svg, const bcue_panel *panel, const bcue_map_chart *chart,
                       const signed char *color, int which, unsigned char *seen, size_t seen_width,
                       size_t seen_height, double size)
{
    bool any = false;
    for (size_t i = 0; i < chart->count; i++) {
        if (color[i] != which)
            continue;
        double x = bcue_scale_at(&panel->x, chart->x_values[i]),
               y = bcue_scale_at(&panel->y, chart->y_values[i]);
        size_t column = (size_t)fmax(0, x * 2), row = (size_t)fmax(0, y * 2);
        if (column < seen_width && row < seen_height) {
            unsigned char *at = &seen[row * seen_width + column];
            if (*at == which + 1)
                continue;
            *at = (unsigned char)(which + 1);
        }
        if (!any && chart->colors != NULL)
            bcue_text_printf(svg->out,
                             "<path class=\"bq-p bq-r%d\" style=\"fill:none\" stroke-width=\"%g\" d=\"",
                             which, size);
        else if (!any)
            bcue_text_printf(svg->out, "<path class=\"bq-p bq-l0\" stroke-width=\"%g\" d=\"", size);
        any = true;
        bcue_text_printf(svg->out, "M%.1f %.1fh0", x, y);
    }
    if (any)
        bcue_text_puts(svg->out, "\"/>");
}

static void draw_color_bar(bcue_svg *svg, const bcue_panel *panel, const bcue_map_chart *chart,
                           bcue_range range)
{
    double left = svg->width - BAR_WIDTH + 22, height = panel->bottom - panel->top;
    bcue_chart_axis axis = {.title = chart->value_title, .unit = chart->value_unit};
    axis.low = range.low;
    axis.high = range.high;
    bcue_scale scale;
    bcue_scale_fit(&scale, &axis, range, (int)(height / 44), false);
    scale.pixel_low = panel->bottom;
    scale.pixel_high = panel->top;
    for (int i = 0; i < BCUE_RAMP_COLORS; i++) {
        char classes[16];
        snprintf(classes, sizeof classes, "bq-r%d", i);
        bcue_svg_rect(svg, left, panel->bottom - height * (i + 1) / BCUE_RAMP_COLORS, 14,
                      height / BCUE_RAMP_COLORS, classes, NULL);
    }
    for (size_t i = 0; i < scale.tick_count; i++) {
        double at = bcue_scale_at(&scale, scale.ticks[i]);
        bcue_svg_line(svg, left + 14, at, left + 18, at, "bq-a");
        bcue_svg_text(svg, left + 22, at + 4, BCUE_ANCHOR_START, NULL, scale.labels[i]);
    }
    char words[256], fitted[256];
    bcue_axis_words(&axis, words, sizeof words);
    bcue_svg_fitted(words, BAR_WIDTH - 4, fitted, sizeof fitted);
    bcue_svg_text(svg, svg->width - 4, panel->top - 11, BCUE_ANCHOR_END, "bq-k", fitted);
}

static void draw_marks(bcue_svg *svg, const bcue_panel *panel, const bcue_map_chart *chart)
{
    for (size_t i = 0; i < chart->mark_count; i++) {
        const bcue_map_mark *mark = &chart->marks[i];
        if (!isfinite(mark->x) || !isfinite(mark->y))
            continue;
        double x = bcue_scale_at(&panel->x, mark->x), y = bcue_scale_at(&panel->y, mark->y);
        bcue_text_printf(svg->out, "<path class=\"bq-i bq-halo\" d=\"M%.1f %.1fl7 12h-14Z\"/>", x, y - 8);
        double width = bcue_svg_width(mark->label);
        bool right = x + 12 + width < panel->right;
        bcue_svg_text(svg, right ? x + 11 : x - 11, y + 4, right ? BCUE_ANCHOR_START : BCUE_ANCHOR_END,
                      "bq-k bq-b bq-halo", mark->label);
    }
}

static void draw_map(bcue_svg *svg, const bcue_map_chart *chart, signed char *color, unsigned char *seen,
                     size_t seen_width, size_t seen_height)
{
    bcue_range x = BCUE_EMPTY_RANGE, y = BCUE_EMPTY_RANGE, value = BCUE_EMPTY_RANGE;
    size_t shown = 0;
    for (size_t i = 0; i < chart->count; i++) {
        color[i] = -1;
        if (!usable(chart, i))
            continue;
        bcue_range_add(&x, chart->x_values[i], false);
        bcue_range_add(&y, chart->y_values[i], false);
        bcue_range_add(&value, chart->colors ? chart->colors[i] : 0, false);
        shown++;
    }
    for (size_t i = 0; i < chart->mark_count && shown > 0; i++)
        if (isfinite(chart->marks[i].x) && isfinite(chart->marks[i].y)) {
            bcue_range_add(&x, chart->marks[i].x, false);
            bcue_range_add(&y, chart->marks[i].y, false);
        }
    bcue_panel panel;
    fit(&panel, svg, chart, x, y);
    bcue_panel_draw(svg, &panel, &chart->x, &chart->y);
    if (shown == 0) {
        bcue_panel_no_data(svg, &panel);
        return;
    }
    for (size_t i = 0; i < chart->count; i++)
        if (usable(chart, i))
            color[i] = (signed char)(chart->colors == NULL || !(value.high > value.low)
                                         ? 0
                                         : bcue_ramp_index((chart->colors[i] / 2 - value.low / 2) /
                                                           (value.high / 2 - value.low / 2)));
    double size = shown > 20000 ? 2.5 : shown > 2000 ? 4 : 6;
    for (int c = 0; c < BCUE_RAMP_COLORS; c++)
        draw_color(svg, &panel, chart, color, c, seen, seen_width, seen_height, size);
    draw_marks(svg, &panel, chart);
    if (chart->colors != NULL)
        draw_color_bar(svg, &panel, chart, value);
}

bcue_status bcue_chart_map(const bcue_map_chart *chart, bcue_text *out, bcue_error *error)
{
    if ((chart->count > 0 && (chart->x_values == NULL || chart->y_values == NULL)) ||
        (chart->mark_count > 0 && chart->marks == NULL) || chart->mark_count > BCUE_CHART_MAX_BARS)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "a map needs x and y values, and takes up to %d marks",
                         BCUE_CHART_MAX_BARS);
    bcue_svg svg;
    BCUE_TRY(bcue_svg_begin(&svg, &chart->options, 960, 480, "Map", out, error));
    size_t seen_width = (size_t)(svg.width * 2) + 1, seen_height = (size_t)(svg.height * 2) + 1;
    signed char *color = bcue_calloc(chart->count, 1);
    unsigned char *seen = bcue_calloc(seen_width * seen_height, 1);
    if (color != NULL && seen != NULL)
        draw_map(&svg, chart, color, seen, seen_width, seen_height);
    else
        out->failed = true;
    free(color);
    free(seen);
    return bcue_svg_end(&svg, error);
}

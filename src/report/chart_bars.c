/* Bar charts and histograms. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"
#include "report/markup.h"
#include "report/svg.h"

/* Where the bars go; along = the axis of the categories. */
typedef struct layout {
    const bcue_bar_chart *chart;
    bcue_panel panel;
    const bcue_scale *value;
    double first, pitch, bar; /* px along the categories */
    double base;              /* px of the value where bars begin */
} layout;

static void category_words(const bcue_bar_chart *chart, size_t i, char *text, size_t size)
{
    if (chart->categories != NULL)
        snprintf(text, size, "%s", chart->categories[i] ? chart->categories[i] : "");
    else
        snprintf(text, size, "%zu", i);
}

static bcue_range value_range(const bcue_bar_chart *chart)
{
    bcue_range range = BCUE_EMPTY_RANGE;
    for (size_t s = 0; s < chart->series_count; s++) {
        bcue_range_add_all(&range, chart->series[s].values, chart->category_count, chart->value.logarithmic);
        bcue_range_add_all(&range, chart->series[s].low, chart->category_count, chart->value.logarithmic);
        bcue_range_add_all(&range, chart->series[s].high, chart->category_count, chart->value.logarithmic);
    }
    return range;
}

static double names_width(const bcue_bar_chart *chart, double most)
{
    double widest = 0;
    char words[256];
    for (size_t i = 0; i < chart->category_count; i++) {
        category_words(chart, i, words, sizeof words);
        widest = fmax(widest, bcue_svg_width(words));
    }
    return fmin(widest, most);
}

/* The panel of vertical bars: the x axis has no scale of its own, so its labels are written here. */
static void place_vertical(layout *l, bcue_svg *svg, bcue_range range)
{
    bcue_chart_axis x = l->chart->category;
    x.low = -0.5;
    x.high = (double)l->chart->category_count - 0.5;
    bcue_panel_fit(&l->panel, &x, &l->chart->value, BCUE_EMPTY_RANGE, range, 0, svg->top, svg->width,
                   svg->height, false);
    l->panel.x.tick_count = 0;
    bcue_panel_draw(svg, &l->panel, &x, &l->chart->value);
    l->first = l->panel.left;
    l->pitch = (l->panel.right - l->panel.left) / fmax(1, (double)l->chart->category_count);
    l->value = &l->panel.y;
    double free_from = -1e9;
    for (size_t i = 0; i < l->chart->category_count; i++) {
        char words[256], fitted[256];
        category_words(l->chart, i, words, sizeof words);
        double room = l->chart->categories != NULL ? fmax(l->pitch - 4, 48) : 1e9;
        bcue_svg_fitted(words, room, fitted, sizeof fitted);
        double at = l->first + ((double)i + 0.5) * l->pitch, half = bcue_svg_width(fitted) / 2;
        if (at - half < free_from)
            continue;
        bcue_svg_text(svg, at, l->panel.bottom + 18, BCUE_ANCHOR_MIDDLE, NULL, fitted);
        free_from = at + half + (l->chart->categories != NULL ? 6 : 10);
    }
}

static void place_horizontal(layout *l, bcue_svg *svg, bcue_range range)
{
    double names = names_width(l->chart, svg->width * 0.4);
    bcue_chart_axis y = {0};
    bcue_panel_fit(&l->panel, &l->chart->value, &y, range, BCUE_EMPTY_RANGE, 0, svg->top, svg->width,
                   svg->height, true);
    l->panel.left = names + 14;
    l->panel.right = svg->width - (l->chart->values ? 60 : 16);
    l->panel.x.pixel_low = l->panel.left;
    l->panel.x.pixel_high = l->panel.right;
    l->panel.y.tick_count = 0;
    for (size_t i = 0; i < l->panel.x.tick_count; i++) {
        double at = bcue_scale_at(&l->panel.x, l->panel.x.ticks[i]);
        bcue_svg_line(svg, at, l->panel.top, at, l->panel.bottom, "bq-g");
    }
    bcue_panel_draw(svg, &l->panel, &l->chart->value, &y);
    l->first = l->panel.top;
    l->pitch = (l->panel.bottom - l->panel.top) / fmax(1, (double)l->chart->category_count);
    l->value = &l->panel.x;
    for (size_t i = 0; i < l->chart->category_count; i++) {
        char words[256], fitted[256];
        category_words(l->chart, i, words, sizeof words);
        bcue_svg_fitted(words, names, fitted, sizeof fitted);
        bcue_svg_text(svg, l->panel.left - 8, l->first + ((double)i + 0.5) * l->pitch + 4, BCUE_ANCHOR_END,
                      "bq-k", fitted);
    }
}

static void tooltip_words(const bcue_bar_chart *chart, const bcue_bar_series *series, size_t i, char *text,
                          size_t size)
{
    char words[256], value[BCUE_NUMBER_SIZE], low[BCUE_NUMBER_SIZE], high[BCUE_NUMBER_SIZE], range[128] = "";
    category_words(chart, i, words, sizeof words);
    bcue_format_number(value, series->values[i], chart->values ? chart->decimals : -1, false);
    if (series->low != NULL) {
        bcue_format_number(low, series->low[i], chart->values ? chart->decimals : -1, false);
        bcue_format_number(high, series->high[i], chart->values ? chart->decimals : -1, false);
        snprintf(range, sizeof range, " [%s, %s]", low, high);
    }
    snprintf(text, size, "%s%s%s: %s%s", words, series->name ? ", " : "", series->name ? series->name : "",
             value, range);
}

static void error_bar(bcue_svg *svg, const layout *l, double along, double low, double high)
{
    double a = bcue_scale_at(l->value, low), b = bcue_scale_at(l->value, high), cap = fmin(4, l->bar / 3);
    if (!isfinite(low) || !isfinite(high) || isnan(a) || isnan(b))
        return;
    if (l->chart->horizontal) {
        bcue_svg_line(svg, a, along, b, along, "bq-e");
        bcue_svg_line(svg, a, along - cap, a, along + cap, "bq-e");
        bcue_svg_line(svg, b, along - cap, b, along + cap, "bq-e");
    } else {
        bcue_svg_line(svg, along, a, along, b, "bq-e");
        bcue_svg_line(svg, along - cap, a, along + cap, a, "bq-e");
        bcue_svg_line(svg, along - cap, b, along + cap, b, "bq-e");
    }
}

static void draw_bar(bcue_svg *svg, const layout *l, size_t s, size_t i)
{
    const bcue_bar_series *series = &l->chart->series[s];
    double value = series->values[i], end = bcue_scale_at(l->value, value);
    if (!isfinite(value) || isnan(end))
        return;
    double group = l->bar * (double)l->chart->series_count;
    double from = l->first + ((double)i + 0.5) * l->pitch - group / 2 + (double)s * l->bar;
    double thick = l->bar > 6 ? l->bar - 1 : l->bar;
    char classes[24], words[640], number[BCUE_NUMBER_SIZE];
    snprintf(classes, sizeof classes, "bq-f%zu", s % BCUE_SERIES_COLORS);
    tooltip_words(l->chart, series, i, words, sizeof words);
    if (l->chart->horizontal)
        bcue_svg_rect(svg, fmin(l->base, end), from, fabs(end - l->base), thick, classes, words);
    else
        bcue_svg_rect(svg, from, fmin(l->base, end), thick, fabs(end - l->base), classes, words);
    double outer = end;
    if (series->low != NULL && isfinite(series->low[i]) && isfinite(series->high[i])) {
        error_bar(svg, l, from + thick / 2, series->low[i], series->high[i]);
        outer = bcue_scale_at(l->value, value < 0 ? series->low[i] : series->high[i]);
        outer = isnan(outer) ? end : l->chart->horizontal ? fmax(outer, end) : fmin(outer, end);
    }
    if (!l->chart->values)
        return;
    bcue_format_number(number, value, l->chart->decimals, false);
    if (l->chart->horizontal && thick >= 9)
        bcue_svg_text(svg, outer + 6, from + thick / 2 + 4, BCUE_ANCHOR_START, "bq-k", number);
    else if (!l->chart->horizontal && bcue_svg_width(number) * 0.9 <= l->bar + 2)
        bcue_svg_text(svg, from + thick / 2, outer - 5, BCUE_ANCHOR_MIDDLE, "bq-k bq-s", number);
}

static bcue_status check(const bcue_bar_chart *chart, bcue_error *error)
{
    if (chart->category_count > BCUE_CHART_MAX_BARS || chart->series_count > BCUE_CHART_MAX_SERIES ||
        (chart->series_count > 0 && chart->series == NULL))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "a bar chart takes up to %d categories and %d series, not %zu and %zu",
                         BCUE_CHART_MAX_BARS, BCUE_CHART_MAX_SERIES, chart->category_count,
                         chart->series_count);
    for (size_t s = 0; s < chart->series_count; s++) {
        const bcue_bar_series *series = &chart->series[s];
        if ((series->values == NULL && chart->category_count > 0) ||
            (series->low == NULL) != (series->high == NULL))
            return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                             "series %zu of a bar chart needs values, and low and high only together", s);
    }
    return BCUE_OK;
}

static double default_height(const bcue_bar_chart *chart)
{
    if (!chart->horizontal)
        return 340;
    double bars = (double)(chart->category_count * (chart->series_count > 0 ? chart->series_count : 1));
    return fmin(8000, fmax(180, 110 + 14 * bars + 12 * (double)chart->category_count));
}

bcue_status bcue_chart_bars(const bcue_bar_chart *given, bcue_text *out, bcue_error *error)
{
    BCUE_TRY(check(given, error));
    bcue_bar_chart chart = *given;
    chart.value.from_zero = true; /* the length of a bar is its value */
    bcue_svg svg;
    BCUE_TRY(bcue_svg_begin(&svg, &chart.options, 960, default_height(&chart), "Bar chart", out, error));
    const char *names[BCUE_CHART_MAX_SERIES];
    for (size_t s = 0; s < chart.series_count; s++)
        names[s] = chart.series[s].name;
    bcue_svg_legend(&svg, names, NULL, chart.series_count, BCUE_KEY_BOX);
    bcue_range range = value_range(&chart);
    layout l = {.chart = &chart};
    if (chart.horizontal)
        place_horizontal(&l, &svg, range);
    else
        place_vertical(&l, &svg, range);
    l.bar = l.pitch * 0.78 / fmax(1, (double)chart.series_count);
    l.bar = fmin(l.bar, 56);
    l.base = bcue_scale_at(l.value, chart.value.logarithmic ? l.value->low : 0);
    if (range.low > range.high)
        bcue_panel_no_data(&svg, &l.panel);
    for (size_t i = 0; i < chart.category_count; i++)
        for (size_t s = 0; s < chart.series_count; s++)
            draw_bar(&svg, &l, s, i);
    if (l.value->low < 0 && !chart.horizontal)
        bcue_svg_line(&svg, l.panel.left, l.base, l.panel.right, l.base, "bq-a");
    else if (chart.horizontal)
        bcue_svg_line(&svg, l.base, l.panel.top, l.base, l.panel.bottom, "bq-a");
    return bcue_svg_end(&svg, error);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Width 2 IQR n^(-1/3), Freedman and Diaconis (1981). `sorted` has no nan. */
static size_t choose_bins(const double *sorted, size_t count, double low, double high)
{
    double spread = sorted[(count - 1) * 3 / 4] - sorted[(count - 1) / 4];
    double width = 2 * spread / cbrt((double)count);
    double bins = width > 0 ? ceil((high - low) / width) : ceil(sqrt((double)count));
    return bins < 1 ? 1 : bins > 60 ? 60 : (size_t)bins;
}

static void draw_histogram(bcue_svg *svg, const bcue_histogram *chart, const double *sorted, size_t count,
                           bcue_range range, double *counts, size_t bins)
{
    bcue_range highest = BCUE_EMPTY_RANGE;
    double low = range.low, width = (range.high - low) / (double)bins;
    for (size_t i = 0; i < count; i++) {
        double at = (sorted[i] - low) / width;
        if (at >= 0 && at <= (double)bins)
            counts[at >= (double)bins ? bins - 1 : (size_t)at] += 1;
    }
    bcue_range_add_all(&highest, counts, bins, false);
    bcue_chart_axis x = chart->x, y = {.title = "count", .from_zero = true, .integer = true};
    x.low = range.low;
    x.high = range.high;
    bcue_panel panel;
    bcue_panel_fit(&panel, &x, &y, range, count > 0 ? highest : BCUE_EMPTY_RANGE, 0, svg->top, svg->width,
                   svg->height, false);
    bcue_panel_draw(svg, &panel, &x, &y);
    if (count == 0)
        bcue_panel_no_data(svg, &panel);
    for (size_t b = 0; b < bins && count > 0; b++) {
        double from = bcue_scale_at(&panel.x, low + (double)b * width);
        double to = bcue_scale_at(&panel.x, low + (double)(b + 1) * width);
        double top = bcue_scale_at(&panel.y, counts[b]), gap = to - from > 4 ? 1 : 0;
        char words[160];
        snprintf(words, sizeof words, "%.4g to %.4g: %.0f", low + (double)b * width,
                 low + (double)(b + 1) * width, counts[b]);
        if (counts[b] > 0)
            bcue_svg_rect(svg, from, top, fmax(to - from - gap, 0.5), panel.bottom - top, "bq-f0", words);
    }
}

bcue_status bcue_chart_histogram(const bcue_histogram *chart, bcue_text *out, bcue_error *error)
{
    if ((chart->values == NULL && chart->count > 0) || chart->bins > BCUE_CHART_MAX_BARS)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "a histogram needs values and takes up to %d bins, not %zu", BCUE_CHART_MAX_BARS,
                         chart->bins);
    double *sorted = bcue_calloc(chart->count, sizeof *sorted);
    double *counts = bcue_calloc(BCUE_CHART_MAX_BARS, sizeof *counts);
    bcue_status status = BCUE_OK;
    bcue_svg svg;
    if (sorted == NULL || counts == NULL) {
        status = bcue_fail_memory(error, "a histogram");
    } else if ((status = bcue_svg_begin(&svg, &chart->options, 960, 320, "Histogram", out, error)) ==
               BCUE_OK) {
        size_t count = 0;
        for (size_t i = 0; i < chart->count; i++)
            if (isfinite(chart->values[i]) && fabs(chart->values[i]) <= 1e300)
                sorted[count++] = chart->values[i];
        qsort(sorted, count, sizeof *sorted, ascending);
        bcue_range range = {.low = count ? sorted[0] : 0, .high = count ? sorted[count - 1] : 1};
        if (chart->x.low < chart->x.high)
            range = (bcue_range){.low = chart->x.low, .high = chart->x.high};
        double room = fmax(0.5, 1e-6 * fmax(fabs(range.low), fabs(range.high)));
        if (!(range.high - range.low > 1e-9 * fabs(range.high)) || range.high - range.low < 1e-300)
            range = (bcue_range){.low = range.low - room, .high = range.high + room};
        size_t bins = chart->bins > 0 ? chart->bins
                      : count == 0    ? 1
                                      : choose_bins(sorted, count, range.low, range.high);
        draw_histogram(&svg, chart, sorted, count, range, counts, bins);
        status = bcue_svg_end(&svg, error);
    }
    free(sorted);
    free(counts);
    return status;
}

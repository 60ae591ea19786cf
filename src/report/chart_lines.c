/* Line charts and training curves. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"
#include "report/svg.h"

/* What is drawn of a series: per pixel column (when there are far more points than pixels) or per point. x =
 * nan starts a new piece. */
typedef struct stroke {
    double x, low, high; /* px; low is the lower value, so the larger y */
    double last;
} stroke;

static double x_of(const bcue_line_series *series, size_t i)
{
    return series->x != NULL ? series->x[i] : (double)i;
}

/* Reduce lower/upper (both the same array for a line) to strokes; `strokes` has room for `count`. */
static size_t reduce(const bcue_panel *panel, const bcue_line_series *series, const double *lower,
                     const double *upper, stroke *strokes)
{
    bool dense = (double)series->count > 4 * (panel->x.pixel_high - panel->x.pixel_low);
    size_t used = 0;
    bool open = false;
    for (size_t i = 0; i < series->count; i++) {
        double x = isfinite(x_of(series, i)) ? bcue_scale_at(&panel->x, x_of(series, i)) : NAN;
        double low = isfinite(lower[i]) ? bcue_scale_at(&panel->y, lower[i]) : NAN;
        double high = isfinite(upper[i]) ? bcue_scale_at(&panel->y, upper[i]) : NAN;
        if (isnan(x) || isnan(low) || isnan(high)) {
            if (open)
                strokes[used++] = (stroke){.x = NAN};
            open = false;
            continue;
        }
        stroke *before = open ? &strokes[used - 1] : NULL;
        if (dense && before != NULL && floor(before->x) == floor(x)) {
            before->low = fmax(before->low, low);
            before->high = fmin(before->high, high);
            before->last = low;
            continue;
        }
        strokes[used++] = (stroke){.x = x, .low = low, .high = high, .last = low};
        open = true;
    }
    return used;
}

static void draw_line(bcue_svg *svg, const stroke *strokes, size_t count, size_t color, bool dashed)
{
    bcue_text_printf(svg->out, "<path class=\"bq-n bq-l%zu%s\" d=\"", color, dashed ? " bq-d" : "");
    bool begin = true;
    for (size_t i = 0; i < count; i++) {
        if (isnan(strokes[i].x)) {
            begin = true;
            continue;
        }
        bool alone = begin && (i + 1 == count || isnan(strokes[i + 1].x));
        bcue_text_printf(svg->out, "%s%.1f %.1f", begin ? "M" : "L", strokes[i].x, strokes[i].low);
        if (strokes[i].high != strokes[i].low)
            bcue_text_printf(svg->out, "V%.1fV%.1f", strokes[i].high, strokes[i].last);
        else if (alone)
            bcue_text_puts(svg->out, "h0");
        begin = false;
    }
    bcue_text_puts(svg->out, "\"/>");
}

static void draw_band(bcue_svg *svg, const stroke *strokes, size_t count, size_t color)
{
    size_t begin = 0;
    for (size_t i = 0; i <= count; i++) {
        if (i < count && !isnan(strokes[i].x))
            continue;
        if (i > begin + 1) {
            bcue_text_printf(svg->out, "<path class=\"bq-v bq-f%zu\" d=\"", color);
            for (size_t k = begin; k < i; k++)
                bcue_text_printf(svg->out, "%s%.1f %.1f", k == begin ? "M" : "L", strokes[k].x,
                                 strokes[k].high);
            for (size_t k = i; k > begin; k--)
                bcue_text_printf(svg->out, "L%.1f %.1f", strokes[k - 1].x, strokes[k - 1].low);
            bcue_text_puts(svg->out, "Z\"/>");
        }
        begin = i + 1;
    }
}

static bcue_status draw_series(bcue_svg *svg, const bcue_panel *panel, const bcue_line_series *series,
                               size_t index, bcue_error *error)
{
    stroke *strokes = bcue_calloc(series->count, sizeof *strokes);
    if (strokes == NULL)
        return bcue_fail_memory(error, "a chart");
    size_t color = index % BCUE_SERIES_COLORS;
    if (series->low != NULL)
        draw_band(svg, strokes, reduce(panel, series, series->low, series->high, strokes), color);
    size_t used = reduce(panel, series, series->y, series->y, strokes);
    draw_line(svg, strokes, used, color, series->dashed || index >= BCUE_SERIES_COLORS);
    for (size_t i = 0; series->markers && used <= 400 && i < used; i++)
        if (!isnan(strokes[i].x))
            bcue_text_printf(svg->out, "<circle class=\"bq-f%zu\" cx=\"%.1f\" cy=\"%.1f\" r=\"3.2\"/>", color,
                             strokes[i].x, strokes[i].low);
    free(strokes);
    return BCUE_OK;
}

/* A chart whose box is given, so that two can stand side by side. */
static bcue_status draw_chart(bcue_svg *svg, const bcue_line_chart *chart, double left, double right,
                              bcue_panel *panel, bcue_error *error)
{
    bcue_range x = BCUE_EMPTY_RANGE, y = BCUE_EMPTY_RANGE;
    for (size_t s = 0; s < chart->series_count; s++) {
        const bcue_line_series *series = &chart->series[s];
        for (size_t i = 0; i < series->count; i++)
            bcue_range_add(&x, x_of(series, i), chart->x.logarithmic);
        bcue_range_add_all(&y, series->y, series->count, chart->y.logarithmic);
        bcue_range_add_all(&y, series->low, series->count, chart->y.logarithmic);
        bcue_range_add_all(&y, series->high, series->count, chart->y.logarithmic);
    }
    bcue_panel_fit(panel, &chart->x, &chart->y, x, y, left, svg->top, right, svg->height, false);
    bcue_panel_draw(svg, panel, &chart->x, &chart->y);
    if (y.low > y.high || x.low > x.high) {
        bcue_panel_no_data(svg, panel);
        return BCUE_OK;
    }
    for (size_t s = 0; s < chart->series_count; s++)
        BCUE_TRY(draw_series(svg, panel, &chart->series[s], s, error));
    return BCUE_OK;
}

static bcue_status check(const bcue_line_chart *chart, bcue_error *error)
{
    if (chart->series_count > BCUE_CHART_MAX_SERIES || (chart->series_count > 0 && chart->series == NULL))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "a line chart takes up to %d series, not %zu",
                         BCUE_CHART_MAX_SERIES, chart->series_count);
    for (size_t s = 0; s < chart->series_count; s++) {
        const bcue_line_series *series = &chart->series[s];
        if ((series->count > 0 && series->y == NULL) || (series->low == NULL) != (series->high == NULL))
            return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                             "series %zu of a line chart needs y, and low and high only together", s);
    }
    return BCUE_OK;
}

bcue_status bcue_chart_lines(const bcue_line_chart *chart, bcue_text *out, bcue_error *error)
{
    const char *names[BCUE_CHART_MAX_SERIES];
    bool dashed[BCUE_CHART_MAX_SERIES];
    bcue_svg svg;
    bcue_panel panel;
    BCUE_TRY(check(chart, error));
    BCUE_TRY(bcue_svg_begin(&svg, &chart->options, 960, 360, "Line chart", out, error));
    for (size_t s = 0; s < chart->series_count; s++) {
        names[s] = chart->series[s].name;
        dashed[s] = chart->series[s].dashed;
    }
    bcue_svg_legend(&svg, names, dashed, chart->series_count, BCUE_KEY_LINE);
    if (draw_chart(&svg, chart, 0, svg.width, &panel, error) != BCUE_OK)
        out->failed = true;
    return bcue_svg_end(&svg, error);
}

static void mark_best(bcue_svg *svg, const bcue_panel *panel, const bcue_training_chart *chart, bool words)
{
    if (chart->best_epoch == 0 || chart->best_epoch > chart->epoch_count)
        return;
    double x = bcue_scale_at(&panel->x, (double)chart->best_epoch);
    bcue_svg_line(svg, x, panel->top, x, panel->bottom, "bq-a bq-d");
    if (!words)
        return;
    char text[64];
    snprintf(text, sizeof text, "best: epoch %zu", chart->best_epoch);
    bool right = x + 8 + bcue_svg_width(text) < panel->right;
    bcue_svg_text(svg, right ? x + 6 : x - 6, panel->bottom - 8, right ? BCUE_ANCHOR_START : BCUE_ANCHOR_END,
                  "bq-halo", text);
}

static bcue_status draw_training(bcue_svg *svg, const bcue_training_chart *chart, const double *epochs,
                                 bcue_error *error)
{
    static const char *const names[3] = {"training loss", "validation loss", "metric"};
    const char *legend[3] = {names[0], names[1], chart->metric_name ? chart->metric_name : names[2]};
    size_t shown = chart->metric != NULL ? 3 : 2;
    bcue_svg_legend(svg, legend, NULL, shown, BCUE_KEY_LINE);
    bcue_line_series loss[2] = {
        {.x = epochs, .y = chart->train_loss, .count = chart->train_loss ? chart->epoch_count : 0},
        {.x = epochs, .y = chart->validation_loss, .count = chart->validation_loss ? chart->epoch_count : 0}};
    bcue_chart_axis epoch = {.title = "epoch", .integer = true};
    bcue_line_chart left = {.x = epoch,
                            .y = {.title = "loss", .logarithmic = chart->logarithmic_loss},
                            .series = loss,
                            .series_count = 2};
    bcue_panel panel;
    double middle = chart->metric != NULL ? svg->width / 2 : svg->width;
    BCUE_TRY(draw_chart(svg, &left, 0, middle, &panel, error));
    mark_best(svg, &panel, chart, chart->metric == NULL);
    if (chart->metric == NULL)
        return BCUE_OK;
    /* The third colour of the legend: two empty series go first. */
    bcue_line_series metric[3] = {{0}, {0}, {.x = epochs, .y = chart->metric, .count = chart->epoch_count}};
    bcue_line_chart right = {.x = epoch,
                             .y = {.title = legend[2], .unit = chart->metric_unit},
                             .series = metric,
                             .series_count = 3};
    BCUE_TRY(draw_chart(svg, &right, middle + 8, svg->width, &panel, error));
    mark_best(svg, &panel, chart, true);
    return BCUE_OK;
}

bcue_status bcue_chart_training(const bcue_training_chart *chart, bcue_text *out, bcue_error *error)
{
    double *epochs = bcue_calloc(chart->epoch_count, sizeof *epochs);
    if (epochs == NULL)
        return bcue_fail_memory(error, "a chart");
    for (size_t i = 0; i < chart->epoch_count; i++)
        epochs[i] = (double)(i + 1);
    bcue_svg svg;
    bcue_status status = bcue_svg_begin(&svg, &chart->options, 960, 340, "Training curves", out, error);
    if (status == BCUE_OK) {
        if (draw_training(&svg, chart, epochs, error) != BCUE_OK)
            out->failed = true;
        status = bcue_svg_end(&svg, error);
    }
    free(epochs);
    return status;
}

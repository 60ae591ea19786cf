/* Heat maps. A cell is the accent colour, as opaque as its value is high, so that it reads on light and on
 * dark pages alike. */
#include <math.h>
#include <stdio.h>
#include "base/fail.h"
#include "report/markup.h"
#include "report/svg.h"

typedef struct grid {
    double left, top, cell_width, cell_height;
} grid;

static void label_words(const char *const *labels, size_t i, char *text, size_t size)
{
    if (labels != NULL)
        snprintf(text, size, "%s", labels[i] ? labels[i] : "");
    else
        snprintf(text, size, "%zu", i);
}

static double widest_label(const char *const *labels, size_t count)
{
    double widest = 0;
    char words[128];
    for (size_t i = 0; i < count; i++) {
        label_words(labels, i, words, sizeof words);
        widest = fmax(widest, bcue_svg_width(words));
    }
    return widest;
}

/* Every how-many-th index is labelled so that labels `each` px wide fit cells of `cell` px: 1, 2, 5, 10, 20,
 * ... */
static size_t label_stride(double each, double cell)
{
    size_t stride = 1;
    for (int i = 0; (double)stride * cell < each; i++)
        stride = i % 3 == 0 ? stride * 2 : i % 3 == 1 ? stride / 2 * 5 : stride * 2;
    return stride;
}

static void draw_labels(bcue_svg *svg, const bcue_heat_map *map, const grid *g)
{
    char words[128], fitted[128];
    double bottom = g->top + g->cell_height * (double)map->row_count;
    double room = fmax(g->cell_width - 4, 44);
    double column_width =
        map->column_labels ? fmin(widest_label(map->column_labels, map->column_count), room) : 22;
    size_t stride = label_stride(column_width + 8, g->cell_width);
    for (size_t c = 0; c < map->column_count; c += stride) {
        label_words(map->column_labels, c, words, sizeof words);
        bcue_svg_fitted(words, room, fitted, sizeof fitted);
        bcue_svg_text(svg, g->left + ((double)c + 0.5) * g->cell_width, bottom + 16, BCUE_ANCHOR_MIDDLE, NULL,
                      fitted);
    }
    stride = label_stride(15, g->cell_height);
    for (size_t r = 0; r < map->row_count; r += stride) {
        label_words(map->row_labels, r, words, sizeof words);
        bcue_svg_fitted(words, svg->width / 4, fitted, sizeof fitted);
        bcue_svg_text(svg, g->left - 7, g->top + ((double)r + 0.5) * g->cell_height + 4, BCUE_ANCHOR_END,
                      NULL, fitted);
    }
    if (map->column_title != NULL)
        bcue_svg_text(svg, g->left + g->cell_width * (double)map->column_count / 2, bottom + 36,
                      BCUE_ANCHOR_MIDDLE, "bq-k", map->column_title);
    if (map->row_title != NULL)
        bcue_svg_text(svg, g->left, g->top - 10, BCUE_ANCHOR_START, "bq-k", map->row_title);
}

static void draw_cell(bcue_svg *svg, const bcue_heat_map *map, const grid *g, size_t r, size_t c,
                      bcue_range range)
{
    double value = map->values[r * map->column_count + c];
    if (!isfinite(value))
        return;
    double part =
        range.high > range.low ? (value / 2 - range.low / 2) / (range.high / 2 - range.low / 2) : value != 0;
    double x = g->left + (double)c * g->cell_width, y = g->top + (double)r * g->cell_height;
    double gap = g->cell_width > 6 && g->cell_height > 6 ? 1 : 0;
    char number[BCUE_NUMBER_SIZE];
    bcue_format_number(number, value, map->decimals, false);
    if (part > 0.004) {
        bcue_text_printf(svg->out,
                         "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" class=\"bq-f0\" "
                         "fill-opacity=\"%.3f\"",
                         x, y, g->cell_width - gap, g->cell_height - gap, 0.06 + 0.94 * part);
        if (map->row_count * map->column_count <= 1024) {
            char row[128], column[128], words[400];
            label_words(map->row_labels, r, row, sizeof row);
            label_words(map->column_labels, c, column, sizeof column);
            snprintf(words, sizeof words, "%s, %s: %s", row, column, number);
            bcue_text_puts(svg->out, "><title>");
            bcue_escape_html(svg->out, words);
            bcue_text_puts(svg->out, "</title></rect>");
        } else {
            bcue_text_puts(svg->out, "/>");
        }
    }
    if (bcue_svg_width(number) <= g->cell_width - 2 && g->cell_height >= 14)
        bcue_svg_text(svg, x + g->cell_width / 2, y + g->cell_height / 2 + 4, BCUE_ANCHOR_MIDDLE,
                      part > 0.5 ? "bq-w" : "bq-k", number);
}

static void draw_key(bcue_svg *svg, const bcue_heat_map *map, const grid *g, bcue_range range)
{
    double right = g->left + g->cell_width * (double)map->column_count, y = g->top - 20;
    char low[BCUE_NUMBER_SIZE], high[BCUE_NUMBER_SIZE];
    bcue_format_number(low, range.low, range.low == floor(range.low) ? 0 : map->decimals, false);
    bcue_format_number(high, range.high, range.high == floor(range.high) ? 0 : map->decimals, false);
    double x = right - bcue_svg_width(high) - 6 - 80;
    double words = bcue_svg_width(low) + bcue_svg_width(map->value_title) + 20;
    double row_title = map->row_title ? bcue_svg_width(map->row_title) : 0;
    if (x - words < g->left + row_title)
        return; /* too narrow for title and key: the numbers are in the tooltips */
    bcue_svg_text(svg, right, y + 9, BCUE_ANCHOR_END, NULL, high);
    for (int i = 0; i < 20; i++)
        bcue_text_printf(svg->out,
                         "<rect x=\"%.1f\" y=\"%.1f\" width=\"4\" height=\"10\" class=\"bq-f0\" "
                         "fill-opacity=\"%.3f\"/>",
                         x + 4 * i, y, 0.06 + 0.94 * (i + 0.5) / 20);
    bcue_svg_text(svg, x - 6, y + 9, BCUE_ANCHOR_END, NULL, low);
    if (map->value_title != NULL)
        bcue_svg_text(svg, x - 14 - bcue_svg_width(low), y + 9, BCUE_ANCHOR_END, "bq-k", map->value_title);
}

bcue_status bcue_chart_heat_map(const bcue_heat_map *map, bcue_text *out, bcue_error *error)
{
    if (map->row_count > BCUE_CHART_MAX_CELLS || map->column_count > BCUE_CHART_MAX_CELLS ||
        map->row_count * map->column_count > BCUE_CHART_MAX_CELLS ||
        (map->values == NULL && map->row_count * map->column_count > 0))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "a heat map needs values and takes up to %d cells, not %zu x %zu",
                         BCUE_CHART_MAX_CELLS, map->row_count, map->column_count);
    bcue_svg svg;
    double rows = fmax(1, (double)map->row_count), columns = fmax(1, (double)map->column_count);
    double room = fmin(widest_label(map->row_labels, map->row_count), 180) + 12;
    double square = fmin(fmin(600 / columns, 600 / rows), 56);
    square = fmax(square, 100 / fmin(rows, columns) > 24 ? 24 : 100 / fmin(rows, columns));
    BCUE_TRY(bcue_svg_begin(&svg, &map->options, fmin(4096, fmax(320, room + square * columns + 24)),
                            fmin(8192, 34 + 32 + 48 + square * rows), "Heat map", out, error));
    grid g = {.left = fmin(room, svg.width * 0.4), .top = svg.top + 30};
    g.cell_width = (svg.width - g.left - 16) / columns;
    g.cell_height = (svg.height - g.top - (map->column_title ? 46 : 26)) / rows;
    g.cell_width = fmin(g.cell_width, g.cell_height * 2); /* not too far from square */
    bcue_range range = BCUE_EMPTY_RANGE;
    bcue_range_add_all(&range, map->values, map->row_count * map->column_count, false);
    if (range.low <= range.high)
        range.low = fmin(range.low, 0);
    bcue_svg_rect(&svg, g.left, g.top, g.cell_width * columns, g.cell_height * rows, "bq-z", NULL);
    if (range.low > range.high) {
        bcue_svg_text(&svg, g.left + g.cell_width * columns / 2, g.top + g.cell_height * rows / 2,
                      BCUE_ANCHOR_MIDDLE, "bq-m", "no data");
    } else {
        for (size_t r = 0; r < map->row_count; r++)
            for (size_t c = 0; c < map->column_count; c++)
                draw_cell(&svg, map, &g, r, c, range);
        draw_key(&svg, map, &g, range);
    }
    draw_labels(&svg, map, &g);
    return bcue_svg_end(&svg, error);
}

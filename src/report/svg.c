#include "report/svg.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include "base/fail.h"
#include "report/markup.h"

bcue_status bcue_svg_begin(bcue_svg *svg, const bcue_chart_options *options, double default_width,
                           double default_height, const char *fallback_title, bcue_text *out,
                           bcue_error *error)
{
    double width = options->width != 0 ? options->width : default_width;
    double height = options->height != 0 ? options->height : default_height;
    if (!(width >= 160 && width <= 4096 && height >= 120 && height <= 8192))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "chart \"%s\": its size of %g x %g px is outside 160 x 120 to 4096 x 8192",
                         options->title ? options->title : fallback_title, width, height);
    *svg = (bcue_svg){.out = out, .start = out->size, .width = width, .height = height, .top = 8};
    bcue_text_printf(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"bq\" role=\"img\" viewBox=\"0 0 %g %g\" "
        "width=\"%g\" height=\"%g\" aria-label=\"",
        width, height, width, height);
    bcue_escape_html(out, options->title ? options->title : fallback_title);
    if (options->standalone)
        bcue_text_puts(out, "\">");
    else /* on a narrow screen the page scrolls a chart rather than shrink its words beyond reading */
        bcue_text_printf(out, "\" style=\"min-width:%.0fpx\">", 0.75 * width);
    if (options->standalone) {
        bcue_text_puts(out, "<style>");
        bcue_chart_style(out);
        bcue_text_puts(out, "</style>");
    }
    if (options->description != NULL) {
        bcue_text_puts(out, "<desc>");
        bcue_escape_html(out, options->description);
        bcue_text_puts(out, "</desc>");
    }
    if (options->title != NULL) {
        char fitted[256];
        bcue_svg_fitted(options->title, (width - 8) / 1.25, fitted, sizeof fitted);
        bcue_svg_text(svg, 4, 20, BCUE_ANCHOR_START, "bq-h", fitted);
        svg->top = 34;
    }
    return BCUE_OK;
}

bcue_status bcue_svg_end(bcue_svg *svg, bcue_error *error)
{
    bcue_text_puts(svg->out, "</svg>\n");
    if (!svg->out->failed)
        return BCUE_OK;
    if (svg->out->data != NULL) {
        svg->out->size = svg->start;
        svg->out->data[svg->start] = '\0';
    }
    return bcue_fail_memory(error, "a chart");
}

void bcue_svg_text(bcue_svg *svg, double x, double y, bcue_anchor anchor, const char *classes,
                   const char *string)
{
    static const char *const anchors[] = {"", " text-anchor=\"middle\"", " text-anchor=\"end\""};
    bcue_text_printf(svg->out, "<text x=\"%.1f\" y=\"%.1f\"%s", x, y, anchors[anchor]);
    if (classes != NULL)
        bcue_text_printf(svg->out, " class=\"%s\"", classes);
    bcue_text_puts(svg->out, ">");
    bcue_escape_html(svg->out, string);
    bcue_text_puts(svg->out, "</text>");
}

void bcue_svg_line(bcue_svg *svg, double x1, double y1, double x2, double y2, const char *classes)
{
    bcue_text_printf(svg->out, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" class=\"%s\"/>", x1, y1,
                     x2, y2, classes);
}

void bcue_svg_rect(bcue_svg *svg, double x, double y, double width, double height, const char *classes,
                   const char *tooltip)
{
    bcue_text_printf(svg->out, "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" class=\"%s\"", x,
                     y, width, height, classes);
    if (tooltip == NULL) {
        bcue_text_puts(svg->out, "/>");
        return;
    }
    bcue_text_puts(svg->out, "><title>");
    bcue_escape_html(svg->out, tooltip);
    bcue_text_puts(svg->out, "</title></rect>");
}

double bcue_svg_width(const char *string)
{
    return 6.9 * (double)bcue_text_columns(string);
}

void bcue_svg_fitted(const char *string, double width, char *fitted, size_t size)
{
    bool whole = bcue_svg_width(string) <= width;
    double used = whole ? 0 : bcue_svg_width("\xE2\x80\xA6");
    size_t length = 0;
    const char *p = string ? string : "";
    while (*p != '\0') {
        const char *start = p;
        bcue_utf8_next(&p);
        char one[8] = "";
        memcpy(one, start, (size_t)(p - start));
        used += bcue_svg_width(one);
        if ((!whole && used > width) || length + 8 > size) {
            whole = false;
            break;
        }
        memcpy(fitted + length, start, (size_t)(p - start));
        length += (size_t)(p - start);
    }
    snprintf(fitted + length, size - length, "%s", whole ? "" : "\xE2\x80\xA6");
}

void bcue_axis_words(const bcue_chart_axis *axis, char *text, size_t size)
{
    const char *title = axis->title ? axis->title : "";
    if (axis->unit != NULL && axis->unit[0] != '\0')
        snprintf(text, size, "%s%s(%s)", title, title[0] ? " " : "", axis->unit);
    else
        snprintf(text, size, "%s", title);
}

static bool has_words(const bcue_chart_axis *axis)
{
    return (axis->title != NULL && axis->title[0] != '\0') || (axis->unit != NULL && axis->unit[0] != '\0');
}

void bcue_panel_fit(bcue_panel *panel, const bcue_chart_axis *x, const bcue_chart_axis *y, bcue_range x_data,
                    bcue_range y_data, double left, double top, double right, double bottom, bool round_x)
{
    panel->top = top + (has_words(y) ? 24 : 8);
    panel->bottom = bottom - (has_words(x) ? 44 : 24);
    if (panel->bottom < panel->top + 40)
        panel->bottom = panel->top + 40;
    bcue_scale_fit(&panel->y, y, y_data, (int)((panel->bottom - panel->top) / 44), true);
    double widest = 0;
    for (size_t i = 0; i < panel->y.tick_count; i++)
        widest = fmax(widest, bcue_svg_width(panel->y.labels[i]));
    panel->left = left + widest + 12;
    panel->right = fmax(right - 14, panel->left + 40);
    bcue_scale_fit(&panel->x, x, x_data, (int)((panel->right - panel->left) / 80), round_x);
    panel->x.pixel_low = panel->left;
    panel->x.pixel_high = panel->right;
    panel->y.pixel_low = panel->bottom;
    panel->y.pixel_high = panel->top;
}

void bcue_panel_draw(bcue_svg *svg, const bcue_panel *panel, const bcue_chart_axis *x,
                     const bcue_chart_axis *y)
{
    char words[256];
    double free_from = -1e9; /* tick labels never overlap: one that would is left out */
    for (size_t i = 0; i < panel->y.tick_count; i++) {
        double at = bcue_scale_at(&panel->y, panel->y.ticks[i]);
        bcue_svg_line(svg, panel->left, at, panel->right, at, "bq-g");
        bcue_svg_text(svg, panel->left - 8, at + 4, BCUE_ANCHOR_END, NULL, panel->y.labels[i]);
    }
    for (size_t i = 0; i < panel->x.tick_count; i++) {
        double at = bcue_scale_at(&panel->x, panel->x.ticks[i]),
               half = bcue_svg_width(panel->x.labels[i]) / 2;
        bcue_svg_line(svg, at, panel->bottom, at, panel->bottom + 5, "bq-a");
        if (at - half < free_from)
            continue;
        bcue_svg_text(svg, at, panel->bottom + 18, BCUE_ANCHOR_MIDDLE, NULL, panel->x.labels[i]);
        free_from = at + half + 6;
    }
    bcue_svg_line(svg, panel->left, panel->bottom, panel->right, panel->bottom, "bq-a");
    if (has_words(y)) {
        bcue_axis_words(y, words, sizeof words);
        bcue_svg_text(svg, panel->left, panel->top - 11, BCUE_ANCHOR_START, "bq-k", words);
    }
    if (has_words(x)) {
        bcue_axis_words(x, words, sizeof words);
        bcue_svg_text(svg, (panel->left + panel->right) / 2, panel->bottom + 37, BCUE_ANCHOR_MIDDLE, "bq-k",
                      words);
    }
}

void bcue_panel_no_data(bcue_svg *svg, const bcue_panel *panel)
{
    bcue_svg_text(svg, (panel->left + panel->right) / 2, (panel->top + panel->bottom) / 2, BCUE_ANCHOR_MIDDLE,
                  "bq-m", "no data");
}

void bcue_svg_legend(bcue_svg *svg, const char *const *names, const bool *dashed, size_t count, bcue_key key)
{
    size_t named = 0;
    for (size_t i = 0; i < count; i++)
        named += names[i] != NULL && names[i][0] != '\0';
    if (named == 0 || count < 2)
        return;
    double x = 4, y = svg->top + 8;
    for (size_t i = 0; i < count; i++) {
        char name[128], classes[32];
        bcue_svg_fitted(names[i], svg->width - 60, name, sizeof name);
        double width = 26 + bcue_svg_width(name) + 18;
        if (x > 4 && x + width > svg->width) {
            x = 4;
            y += 20;
        }
        size_t color = i % BCUE_SERIES_COLORS;
        bool dash = (dashed != NULL && dashed[i]) || i >= BCUE_SERIES_COLORS;
        if (key == BCUE_KEY_LINE) {
            snprintf(classes, sizeof classes, "bq-n bq-l%zu%s", color, dash ? " bq-d" : "");
            bcue_svg_line(svg, x, y, x + 20, y, classes);
        } else {
            snprintf(classes, sizeof classes, "bq-f%zu", color);
            bcue_svg_rect(svg, x + 6, y - 5.5, 11, 11, classes, NULL);
        }
        bcue_svg_text(svg, x + 26, y + 4, BCUE_ANCHOR_START, "bq-k", name);
        x += width;
    }
    svg->top = y + 16;
}

/* The pieces that all charts are drawn from. */
#ifndef BCUE_REPORT_SVG_H
#define BCUE_REPORT_SVG_H

#include "report/chart.h"
#include "report/scale.h"

enum { BCUE_SERIES_COLORS = 8, BCUE_RAMP_COLORS = 24 };

typedef enum bcue_anchor {
    BCUE_ANCHOR_START,
    BCUE_ANCHOR_MIDDLE,
    BCUE_ANCHOR_END,
} bcue_anchor;

/* Start a chart of width x height: checks the options' size, opens the element, writes title and description.
   `*top` is the first free y. `start` remembers where `out` was. */
typedef struct bcue_svg {
    bcue_text *out;
    size_t start;
    double width, height;
    double top;
} bcue_svg;
bcue_status bcue_svg_begin(bcue_svg *svg, const bcue_chart_options *options, double default_width,
                           double default_height, const char *fallback_title, bcue_text *out,
                           bcue_error *error);
/* Close the element; cuts `out` back when there was no memory. */
bcue_status bcue_svg_end(bcue_svg *svg, bcue_error *error);

void bcue_svg_text(bcue_svg *svg, double x, double y, bcue_anchor anchor, const char *classes,
                   const char *string);
void bcue_svg_line(bcue_svg *svg, double x1, double y1, double x2, double y2, const char *classes);
/* Without a tooltip when `tooltip` is NULL. */
void bcue_svg_rect(bcue_svg *svg, double x, double y, double width, double height, const char *classes,
                   const char *tooltip);
/* Rough width of a string at the 12 px of labels, on the safe side. */
double bcue_svg_width(const char *string);
/* As much of `string` as fits `width`, with an ellipsis. */
void bcue_svg_fitted(const char *string, double width, char *fitted, size_t size);

/* The plotting area with its two axes. */
typedef struct bcue_panel {
    double left, top, right, bottom;
    bcue_scale x, y;
} bcue_panel;
/* "Loss (dB)"; `size` bytes. */
void bcue_axis_words(const bcue_chart_axis *axis, char *text, size_t size);
/* Choose the scales for the data and place them in the box left..right x top..bottom, leaving room for labels
 * and titles. */
void bcue_panel_fit(bcue_panel *panel, const bcue_chart_axis *x, const bcue_chart_axis *y, bcue_range x_data,
                    bcue_range y_data, double left, double top, double right, double bottom, bool round_x);
/* Grid lines, tick labels and axis titles. */
void bcue_panel_draw(bcue_svg *svg, const bcue_panel *panel, const bcue_chart_axis *x,
                     const bcue_chart_axis *y);
void bcue_panel_no_data(bcue_svg *svg, const bcue_panel *panel);

/* Names with colour keys in as many rows as they need, from svg->top on; moves svg->top below. One single
 * name is left out. */
typedef enum bcue_key {
    BCUE_KEY_LINE,
    BCUE_KEY_BOX,
} bcue_key;
void bcue_svg_legend(bcue_svg *svg, const char *const *names, const bool *dashed, size_t count, bcue_key key);

/* Colour of a part of the range 0..1 on the ramp that orders values (blue-violet to amber): index of the
 * class "bq-rN". */
int bcue_ramp_index(double part);

#endif

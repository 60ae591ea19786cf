/* Pictures as pixels: filled shapes, lines and words with smooth edges, for charts that are asked for as PNG.
   Words are drawn with a stroke font of our own (ASCII and a few signs), so that no font file is needed.
   Coordinates are pixels, the centre of the first at (0.5, 0.5), y downwards. One thread per canvas. */
#ifndef BCUE_REPORT_CANVAS_H
#define BCUE_REPORT_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "report/chart.h"

typedef struct bcue_colour {
    uint8_t r, g, b, alpha; /* 255: opaque */
} bcue_colour;

typedef struct bcue_canvas {
    int width, height;
    uint8_t *pixels; /* owned: height x width x 3, rows top to bottom */
    float *cover;    /* owned: work space */
} bcue_canvas;

/* Filled with one colour; sides 1..8192. On success the caller frees it. */
bcue_status bcue_canvas_create(int width, int height, bcue_colour paper, bcue_canvas *canvas,
                               bcue_error *error);
void bcue_canvas_free(bcue_canvas *canvas); /* and make it empty */

/* `xy`: x, y pairs, `count` of them. Even-odd rule. */
void bcue_canvas_fill(bcue_canvas *canvas, const double *xy, size_t count, bcue_colour colour);
void bcue_canvas_rect(bcue_canvas *canvas, double x, double y, double width, double height,
                      bcue_colour colour);
/* A polyline with round joints and ends; `closed`: back to the first point. A point that is not finite leaves
   a gap. */
void bcue_canvas_line(bcue_canvas *canvas, const double *xy, size_t count, bool closed, double width,
                      bcue_colour colour);
void bcue_canvas_circle(bcue_canvas *canvas, double x, double y, double radius, double width,
                        bcue_colour colour);

typedef enum bcue_canvas_anchor {
    BCUE_CANVAS_START,
    BCUE_CANVAS_MIDDLE,
    BCUE_CANVAS_END,
} bcue_canvas_anchor;
/* Words whose capitals are `size` pixels high and stand on y. What the font lacks is drawn as a box. */
void bcue_canvas_text(bcue_canvas *canvas, double x, double y, double size, bcue_canvas_anchor anchor,
                      bool bold, bcue_colour colour, const char *words);
double bcue_canvas_text_width(double size, const char *words);

/* The colours of the charts on light pages (chart_style.c). */
bcue_colour bcue_series_colour(size_t series);
bcue_colour bcue_ramp_colour(double part); /* 0..1 */

/* The same as bcue_chart_polar, `scale` pixels per unit of options.width and height (at least 1). On success
   the caller frees the canvas. */
bcue_status bcue_canvas_polar(const bcue_polar_chart *chart, double scale, bcue_canvas *canvas,
                              bcue_error *error);

#endif

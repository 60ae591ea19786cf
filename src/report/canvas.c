#include "report/canvas.h"

#include <math.h>
#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"

enum { MOST_SIDE = 8192, SUBROWS = 4 };

bcue_status bcue_canvas_create(int width, int height, bcue_colour paper, bcue_canvas *canvas,
                               bcue_error *error)
{
    *canvas = (bcue_canvas){.width = width, .height = height};
    if (width < 1 || height < 1 || width > MOST_SIDE || height > MOST_SIDE)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "a picture of %d x %d pixels is outside 1 x 1 to %d x %d", width, height, MOST_SIDE,
                         MOST_SIDE);
    size_t pixels = (size_t)width * (size_t)height;
    canvas->pixels = bcue_calloc(pixels, 3);
    canvas->cover = bcue_calloc(pixels, sizeof *canvas->cover);
    if (!canvas->pixels || !canvas->cover) {
        bcue_canvas_free(canvas);
        return bcue_fail_memory(error, "a picture");
    }
    for (size_t i = 0; i < pixels; i++) {
        canvas->pixels[3 * i] = paper.r;
        canvas->pixels[3 * i + 1] = paper.g;
        canvas->pixels[3 * i + 2] = paper.b;
    }
    return BCUE_OK;
}

void bcue_canvas_free(bcue_canvas *canvas)
{
    free(canvas->pixels);
    free(canvas->cover);
    *canvas = (bcue_canvas){0};
}

/* Pixels first .. last - 1 in x and y. */
typedef struct box {
    int left, right, top, bottom;
} box;

static box box_around(const bcue_canvas *canvas, const double *xy, size_t count, double margin)
{
    double low_x = INFINITY, high_x = -INFINITY, low_y = INFINITY, high_y = -INFINITY;
    for (size_t i = 0; i < count; i++)
        if (isfinite(xy[2 * i]) && isfinite(xy[2 * i + 1])) {
            low_x = fmin(low_x, xy[2 * i]);
            high_x = fmax(high_x, xy[2 * i]);
            low_y = fmin(low_y, xy[2 * i + 1]);
            high_y = fmax(high_y, xy[2 * i + 1]);
        }
    if (!(low_x <= high_x))
        return (box){0, 0, 0, 0};
    return (box){(int)fmax(0.0, fmin(canvas->width, floor(low_x - margin))),
                 (int)fmax(0.0, fmin(canvas->width, ceil(high_x + margin))),
                 (int)fmax(0.0, fmin(canvas->height, floor(low_y - margin))),
                 (int)fmax(0.0, fmin(canvas->height, ceil(high_y + margin)))};
}

static float *cover_at(const bcue_canvas *canvas, int x, int y)
{
    return &canvas->cover[(size_t)y * (size_t)canvas->width + (size_t)x];
}

/* Lay the colour down where something is covered, and clear the cover. */
static void lay(bcue_canvas *canvas, box b, bcue_colour colour)
{
    const uint8_t ink[3] = {colour.r, colour.g, colour.b};
    for (int y = b.top; y < b.bottom; y++)
        for (int x = b.left; x < b.right; x++) {
            float *cover = cover_at(canvas, x, y);
            float part = fminf(*cover, 1.0f) * (float)colour.alpha / 255.0f;
            *cover = 0.0f;
            uint8_t *pixel = &canvas->pixels[3 * ((size_t)y * (size_t)canvas->width + (size_t)x)];
            for (int k = 0; part > 0.0f && k < 3; k++)
                pixel[k] = (uint8_t)lroundf((float)pixel[k] + part * ((float)ink[k] - (float)pixel[k]));
        }
}

static int rising(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Cover of one part of a row between two crossings. */
static void cover_span(bcue_canvas *canvas, box b, int row, double from, double to)
{
    for (int x = (int)fmax(b.left, floor(from)); x < b.right && x < to; x++) {
        double part = fmin(to, x + 1.0) - fmax(from, x);
        if (part > 0.0)
            *cover_at(canvas, x, row) += (float)(part / SUBROWS);
    }
}

void bcue_canvas_fill(bcue_canvas *canvas, const double *xy, size_t count, bcue_colour colour)
{
    box b = box_around(canvas, xy, count, 1.0);
    double *crossings = bcue_calloc(count + 1, sizeof *crossings);
    if (!crossings || count < 3) {
        free(crossings);
        return;
    }
    for (int sub = b.top * SUBROWS; sub < b.bottom * SUBROWS; sub++) {
        double y = (sub + 0.5) / SUBROWS;
        size_t found = 0;
        for (size_t i = 0; i < count; i++) {
            const double *p = &xy[2 * i], *q = &xy[2 * ((i + 1) % count)];
            if ((p[1] <= y) != (q[1] <= y))
                crossings[found++] = p[0] + (y - p[1]) / (q[1] - p[1]) * (q[0] - p[0]);
        }
        qsort(crossings, found, sizeof *crossings, rising);
        for (size_t k = 0; k + 1 < found; k += 2)
            cover_span(canvas, b, sub / SUBROWS, crossings[k], crossings[k + 1]);
    }
    free(crossings);
    lay(canvas, b, colour);
}

void bcue_canvas_rect(bcue_canvas *canvas, double x, double y, double width, double height,
                      bcue_colour colour)
{
    const double corners[8] = {x, y, x + width, y, x + width, y + height, x, y + height};
    bcue_canvas_fill(canvas, corners, 4, colour);
}

/* How much of each pixel a stroke from p to q covers, the most over all strokes of the line. */
static void cover_stroke(bcue_canvas *canvas, const double *p, const double *q, double width)
{
    const double ends[4] = {p[0], p[1], q[0], q[1]};
    box b = box_around(canvas, ends, 2, 0.5 * width + 1.0);
    double dx = q[0] - p[0], dy = q[1] - p[1], square = dx * dx + dy * dy;
    for (int y = b.top; y < b.bottom; y++)
        for (int x = b.left; x < b.right; x++) {
            double px = x + 0.5 - p[0], py = y + 0.5 - p[1];
            double along = square > 0.0 ? fmin(1.0, fmax(0.0, (px * dx + py * dy) / square)) : 0.0;
            double away = hypot(px - along * dx, py - along * dy);
            /* Lines thinner than a pixel are fainter instead. */
            double part = fmin(fmin(1.0, width), 0.5 * width + 0.5 - away);
            float *cover = cover_at(canvas, x, y);
            if (part > 0.0)
                *cover = fmaxf(*cover, (float)part);
        }
}

void bcue_canvas_line(bcue_canvas *canvas, const double *xy, size_t count, bool closed, double width,
                      bcue_colour colour)
{
    if (count == 0)
        return;
    for (size_t i = 0; i + (closed ? 0 : 1) < (count > 1 ? count : 2); i++) {
        const double *p = &xy[2 * (i % count)], *q = &xy[2 * ((i + 1) % count)];
        if (isfinite(p[0]) && isfinite(p[1]) && isfinite(q[0]) && isfinite(q[1]))
            cover_stroke(canvas, p, q, width);
    }
    lay(canvas, box_around(canvas, xy, count, 0.5 * width + 1.0), colour);
}

void bcue_canvas_circle(bcue_canvas *canvas, double x, double y, double radius, double width,
                        bcue_colour colour)
{
    enum { SIDES = 180 };
    double xy[2 * SIDES];
    for (int i = 0; i < SIDES; i++) {
        xy[2 * i] = x + radius * cos(2.0 * 3.14159265358979323846 * i / SIDES);
        xy[2 * i + 1] = y + radius * sin(2.0 * 3.14159265358979323846 * i / SIDES);
    }
    bcue_canvas_line(canvas, xy, SIDES, true, width, colour);
}

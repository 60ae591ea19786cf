/* Shapes, lines, words and polar plots as pixels: how much ink they leave, and where. */
#include <math.h>
#include <stdlib.h>
#include "check.h"
#include "report/canvas.h"

static const bcue_colour white = {255, 255, 255, 255}, black = {0, 0, 0, 255};

/* Ink in pixels: 1 for a black one. */
static double ink(const bcue_canvas *canvas, int left, int top, int right, int bottom)
{
    double sum = 0.0;
    for (int y = top; y < bottom; y++)
        for (int x = left; x < right; x++)
            sum += 1.0 - canvas->pixels[3 * (y * canvas->width + x)] / 255.0;
    return sum;
}

static double all_ink(const bcue_canvas *canvas)
{
    return ink(canvas, 0, 0, canvas->width, canvas->height);
}

static bcue_canvas paper(int width, int height)
{
    bcue_canvas canvas;
    bcue_error error = {0};
    CHECK_OK(bcue_canvas_create(width, height, white, &canvas, &error), error);
    return canvas;
}

/* The area of a shape is its ink, wherever its corners lie between pixels. */
static void areas(void)
{
    bcue_canvas c = paper(100, 80);
    bcue_canvas_rect(&c, 10.3, 20.25, 30.5, 15.5, black);
    CHECK_NEAR(all_ink(&c), 30.5 * 15.5, 0.01 * 30.5 * 15.5);
    CHECK(c.pixels[3 * (25 * 100 + 20)] == 0 && c.pixels[3 * (25 * 100 + 45)] == 255);
    bcue_canvas_free(&c);
    c = paper(100, 80);
    const double triangle[6] = {10, 10, 90, 20, 40, 70};
    bcue_canvas_fill(&c, triangle, 3, black);
    CHECK_NEAR(all_ink(&c), 0.5 * (80.0 * 60.0 - 30.0 * 10.0), 8.0);
    bcue_canvas_free(&c);
    /* A star's middle is outside by the even-odd rule; what lies beyond the paper is cut. */
    c = paper(60, 60);
    const double twice[16] = {-40, -40, 100, -40, 100, 100, -40, 100, 20, 20, 20, 40, 40, 40, 40, 20};
    bcue_canvas_fill(&c, twice, 4, (bcue_colour){0, 0, 0, 128});
    CHECK_NEAR(all_ink(&c), 3600.0 * 128 / 255, 10.0);
    bcue_canvas_free(&c);
}

/* A line of width w and length l: w l and two half circles; thin ones are faint, crossings not twice as dark.
 */
static void lines(void)
{
    const double pi = 3.14159265358979323846;
    bcue_canvas c = paper(120, 90);
    const double slanted[4] = {20, 20, 100, 70};
    bcue_canvas_line(&c, slanted, 2, false, 4.0, black);
    CHECK_NEAR(all_ink(&c), 4.0 * hypot(80, 50) + pi * 4.0, 6.0);
    bcue_canvas_free(&c);
    c = paper(120, 90);
    bcue_canvas_line(&c, slanted, 2, false, 0.5, black);
    CHECK_NEAR(all_ink(&c), 0.5 * hypot(80, 50), 8.0);
    bcue_canvas_free(&c);
    c = paper(120, 120);
    bcue_canvas_circle(&c, 60, 60, 40, 3, (bcue_colour){0, 0, 0, 128});
    CHECK_NEAR(all_ink(&c), 2 * pi * 40 * 3 * 128 / 255, 8.0);
    CHECK_NEAR(1.0 - c.pixels[3 * (60 * 120 + 100)] / 255.0, 128.0 / 255.0, 0.01);
    bcue_canvas_free(&c);
    c = paper(120, 90);
    const double gap[8] = {10, 40, 40, 40, NAN, 40, 80, 40};
    bcue_canvas_line(&c, gap, 4, false, 4.0, black);
    CHECK(ink(&c, 46, 0, 120, 90) == 0.0 && ink(&c, 0, 0, 46, 90) > 100.0);
    bcue_canvas_free(&c);
}

static void words(void)
{
    bcue_canvas c = paper(400, 60);
    bcue_canvas_text(&c, 200, 40, 14, BCUE_CANVAS_END, false, black, "beam 17");
    double wide = bcue_canvas_text_width(14, "beam 17");
    CHECK(wide > 60 && wide < 140);
    CHECK(ink(&c, 203, 0, 400, 60) == 0.0 && ink(&c, 0, 0, (int)(200 - wide) - 3, 60) == 0.0);
    CHECK(ink(&c, 0, 0, 400, 24) == 0.0 && ink(&c, 0, 42, 400, 60) == 0.0);
    CHECK(ink(&c, (int)(200 - wide) - 1, 24, 203, 42) > 80.0);
    bcue_canvas_free(&c);
    /* Every printable sign of ASCII leaves ink, bold ones more; unknown ones are boxes. */
    for (char sign[2] = "!"; sign[0] < 127; sign[0]++) {
        c = paper(40, 40);
        bcue_canvas_text(&c, 10, 30, 14, BCUE_CANVAS_START, false, black, sign);
        double thin = all_ink(&c);
        CHECK_AT(thin > 1.0, "'%s'", sign);
        bcue_canvas_text(&c, 10, 30, 14, BCUE_CANVAS_START, true, black, sign);
        CHECK_AT(all_ink(&c) > 1.1 * thin, "'%s'", sign);
        bcue_canvas_free(&c);
    }
    CHECK(bcue_canvas_text_width(14, "\xE4\xB8\x80") > 5.0);
    CHECK(bcue_canvas_text_width(14, "") == 0.0);
}

/* The colour of a curve is found where the angle and level of its only point put it, nowhere near the
   opposite side. */
static void polar(void)
{
    bcue_error error = {0};
    double angles[360], values[360];
    for (int i = 0; i < 360; i++) {
        angles[i] = i - 180.0;
        values[i] = fabs(angles[i] - 40.0) < 8.0 ? 10.0 : -60.0;
    }
    const bcue_polar_series series = {"lobe", angles, values, 360, false};
    bcue_polar_chart chart = {.series = &series, .series_count = 1, .unit = "dBi"};
    for (int upright = 0; upright < 2; upright++) {
        chart.upright = upright == 1;
        bcue_canvas c;
        CHECK_OK(bcue_canvas_polar(&chart, 2.0, &c, &error), error);
        CHECK_INT(c.width, 840);
        CHECK_INT(c.height, 920);
        bcue_colour blue = bcue_series_colour(0);
        double x = 0, y = 0, count = 0, far = 0;
        for (int py = 0; py < c.height; py++)
            for (int px = 0; px < c.width; px++) {
                const uint8_t *p = &c.pixels[3 * (py * c.width + px)];
                if (p[0] != blue.r || p[1] != blue.g || p[2] != blue.b)
                    continue;
                far = fmax(far, hypot(px - 420.0, py - 420.0)); /* the dial: 2 (8 + 26) + 352 below the top */
                x += px;
                y += py;
                count++;
            }
        CHECK(count > 400);
        /* 0 up, positive to the left; upright: 0 to the right, 90 up. */
        double angle = atan2(420.0 - y / count, x / count - 420.0) * 180.0 / 3.14159265358979323846;
        CHECK_NEAR(angle, upright ? 40.0 : 130.0, 2.0);
        CHECK_NEAR(far, 2.0 * (210.0 - 34.0), 16.0); /* 10 dBi is the rim */
        bcue_canvas_free(&c);
    }
    chart.series = NULL;
    bcue_canvas c;
    CHECK_STATUS(bcue_canvas_polar(&chart, 2.0, &c, &error), BCUE_ERROR_ARGUMENT);
    chart.series_count = 0;
    CHECK_STATUS(bcue_canvas_polar(&chart, 0.5, &c, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "at 0.5 pixels");
    CHECK_OK(bcue_canvas_polar(&chart, 1.0, &c, &error), error);
    CHECK(all_ink(&c) > 10.0); /* says "no data" */
    bcue_canvas_free(&c);
}

static void limits(void)
{
    bcue_canvas c;
    bcue_error error = {0};
    CHECK_STATUS(bcue_canvas_create(0, 10, white, &c, &error), BCUE_ERROR_ARGUMENT);
    CHECK_STATUS(bcue_canvas_create(10, 9000, white, &c, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "10 x 9000 pixels");
    bcue_canvas_free(&c);
}

int main(void)
{
    RUN(areas);
    RUN(lines);
    RUN(words);
    RUN(polar);
    RUN(limits);
    return check_summary();
}

#include "api/coverage_picture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"
#include "metrics/quantile.h"
#include "report/canvas.h"
#include "report/markup.h"
#include "report/scale.h"
#include "simulate/view_parts.h"

static const bcue_colour ink = {28, 37, 48, 255}, soft = {91, 102, 114, 255}, white = {255, 255, 255, 255};
enum {
    MAP_MOST_WIDE = 1080,
    MAP_MOST_HIGH = 900,
    LEFT = 76,
    TOP = 64,
    BOTTOM = 62,
    RIGHT = 300,
    LEGEND = 14
};

const char *bcue_coverage_layer_name(bcue_coverage_layer layer)
{
    static const char *const names[BCUE_COVERAGE_LAYERS] = {"best_beam", "rss", "sinr", "delay_spread"};
    return names[layer];
}

double bcue_coverage_value(const bcue_coverage *map, bcue_coverage_layer layer, size_t point)
{
    if (map->beam[point] < 0)
        return NAN;
    switch (layer) {
    case BCUE_COVERAGE_BEAM:
        return map->beam[point];
    case BCUE_COVERAGE_RSS:
        return map->rss_dbm[point];
    case BCUE_COVERAGE_SINR:
        return map->sinr_db[point];
    default:
        return 1e9 * map->delay_spread_s[point];
    }
}

static int more_first(const void *a, const void *b)
{
    const bcue_coverage_share *x = a, *y = b;
    if (x->points != y->points)
        return x->points > y->points ? -1 : 1;
    if (x->unit != y->unit)
        return x->unit < y->unit ? -1 : 1;
    return x->beam < y->beam ? -1 : x->beam > y->beam;
}

bcue_status bcue_coverage_shares(const bcue_sim_coverage *c, bcue_coverage_share **shares, size_t *count,
                                 bcue_error *error)
{
    size_t beams = c->radio.codebook.beams, used = 0;
    bcue_coverage_share *all = bcue_calloc(beams * c->unit_count, sizeof *all);
    if (!all)
        return bcue_fail_memory(error, "the shares of beams");
    for (size_t i = 0; i < beams * c->unit_count; i++)
        all[i] = (bcue_coverage_share){i / beams, i % beams, 0};
    for (size_t p = 0; p < c->map.points; p++)
        if (c->map.beam[p] >= 0)
            all[(size_t)c->map.unit[p] * beams + (size_t)c->map.beam[p]].points++;
    qsort(all, beams * c->unit_count, sizeof *all, more_first);
    while (used < beams * c->unit_count && all[used].points > 0)
        used++;
    *shares = all;
    *count = used;
    return BCUE_OK;
}

typedef struct sheet {
    const bcue_sim_coverage *coverage;
    bcue_coverage_layer layer;
    bcue_canvas canvas;
    double scale; /* pixels per metre */
    int width, height;
    double x_low, y_high;
    double low, high; /* of the colours */
    bool named;       /* beams whose numbers have no order: a colour each */
} sheet;

static double at_x(const sheet *s, double x)
{
    return LEFT + (x - s->x_low) * s->scale;
}

static double at_y(const sheet *s, double y)
{
    return TOP + (s->y_high - y) * s->scale;
}

/* Neighbouring numbers get colours far apart. */
static bcue_colour named_colour(size_t beam)
{
    double hue = fmod(0.61803398875 * (double)beam, 1.0) * 6.0, level = beam % 2 ? 0.62 : 0.82;
    double part[3] = {fabs(hue - 3.0) - 1.0, 2.0 - fabs(hue - 2.0), 2.0 - fabs(hue - 4.0)};
    uint8_t rgb[3];
    for (int k = 0; k < 3; k++)
        rgb[k] = (uint8_t)lround(255.0 * level * (0.25 + 0.75 * fmin(1.0, fmax(0.0, part[k]))));
    return (bcue_colour){rgb[0], rgb[1], rgb[2], 255};
}

static bcue_colour colour_of(const sheet *s, double value)
{
    return s->named ? named_colour((size_t)value) : bcue_ramp_colour((value - s->low) / (s->high - s->low));
}

/* Colours run over the middle 96 % of the values, rounded to fives. */
static bcue_status choose_range(sheet *s, bcue_error *error)
{
    const bcue_coverage *map = &s->coverage->map;
    s->low = 0.0;
    s->high = 1.0;
    s->named = s->layer == BCUE_COVERAGE_BEAM && !s->coverage->radio.codebook.index_monotone;
    if (s->layer == BCUE_COVERAGE_BEAM) {
        s->high = (double)s->coverage->radio.codebook.beams - 1.0;
        return BCUE_OK;
    }
    double *values = bcue_calloc(map->points + 1, sizeof *values);
    if (!values)
        return bcue_fail_memory(error, "a coverage map");
    size_t count = 0;
    for (size_t p = 0; p < map->points; p++) {
        double value = bcue_coverage_value(map, s->layer, p);
        if (isfinite(value))
            values[count++] = value;
    }
    bcue_sort_doubles(values, count);
    if (count > 0) {
        s->low = 5.0 * floor(values[count / 50] / 5.0);
        s->high = 5.0 * ceil(values[count - 1 - count / 50] / 5.0);
    }
    if (!(s->high > s->low))
        s->high = s->low + 5.0;
    free(values);
    return BCUE_OK;
}

static bcue_colour street_colour(uint8_t code)
{
    static const bcue_colour flat[8] = {{238, 239, 236, 255}, {205, 210, 215, 255}, {227, 226, 221, 255},
                                        {222, 230, 214, 255}, {232, 231, 226, 255}, {255, 255, 255, 255},
                                        {232, 214, 150, 255}, {160, 166, 172, 255}};
    if (code >= 64)
        return (bcue_colour){168, 163, 157, 255};
    return code >= 32 ? (bcue_colour){186, 208, 176, 255} : flat[code & 7];
}

static bcue_status draw_street(sheet *s, double x_high, double y_low, bcue_error *error)
{
    const bcue_view_window window = {
        .cosine = 0.0, .sine = 1.0, .left = s->x_low, .right = x_high, .low = y_low, .high = s->y_high};
    bcue_image map = {0};
    BCUE_TRY(bcue_view_draw_map(&window, &s->coverage->scene.world, s->width, &map, error));
    for (int y = 0; y < map.height && y < s->height; y++)
        for (int x = 0; x < map.width && x < s->width; x++) {
            bcue_colour c = street_colour(map.pixels[(size_t)y * (size_t)map.width + (size_t)x]);
            uint8_t *pixel =
                &s->canvas.pixels[3 * ((size_t)(y + TOP) * (size_t)s->canvas.width + (size_t)(x + LEFT))];
            pixel[0] = c.r;
            pixel[1] = c.g;
            pixel[2] = c.b;
        }
    bcue_image_free(&map);
    return BCUE_OK;
}

/* Each cell lets a quarter of the street shine through, so that lanes and houses stay visible. */
static void draw_cells(sheet *s)
{
    const bcue_sim_coverage *c = s->coverage;
    double step = c->grid.step_m;
    for (size_t p = 0; p < c->map.points; p++) {
        double value = bcue_coverage_value(&c->map, s->layer, p);
        if (!isfinite(value))
            continue;
        bcue_vec3 place = bcue_coverage_point(&c->grid, p);
        bcue_colour colour = colour_of(s, value);
        colour.alpha = 200;
        double x = round(at_x(s, place.x - 0.5 * step)), y = round(at_y(s, place.y + 0.5 * step));
        bcue_canvas_rect(&s->canvas, x, y, round(at_x(s, place.x + 0.5 * step)) - x,
                         round(at_y(s, place.y - 0.5 * step)) - y, colour);
    }
}

/* A word on a light ground. */
static void draw_tag(sheet *s, double x, double y, const char *words)
{
    double wide = bcue_canvas_text_width(10, words);
    bcue_canvas_rect(&s->canvas, x - 0.5 * wide - 5, y - 15, wide + 10, 20,
                     (bcue_colour){255, 255, 255, 225});
    bcue_canvas_text(&s->canvas, x, y, 10, BCUE_CANVAS_MIDDLE, false, ink, words);
}

/* Lines between cells that different units disturb most, and the name of each in the middle of its largest
   row. */
static void draw_interferers(sheet *s)
{
    const bcue_sim_coverage *c = s->coverage;
    const bcue_coverage_grid *g = &c->grid;
    for (size_t p = 0; p < c->map.points; p++) {
        bcue_vec3 place = bcue_coverage_point(g, p);
        double x = at_x(s, place.x + 0.5 * g->step_m), y = at_y(s, place.y + 0.5 * g->step_m);
        double side = g->step_m * s->scale;
        if (p % g->columns + 1 < g->columns && c->map.interferer[p] != c->map.interferer[p + 1])
            bcue_canvas_line(&s->canvas, (const double[]){x, y, x, y + side}, 2, false, 1.5, ink);
        if (p + g->columns < c->map.points && c->map.interferer[p] != c->map.interferer[p + g->columns])
            bcue_canvas_line(&s->canvas, (const double[]){x - side, y, x, y}, 2, false, 1.5, ink);
    }
    for (size_t u = 0; u < c->unit_count; u++) {
        size_t longest = 0, end = 0, run = 0;
        for (size_t p = 0; p < c->map.points; p++) {
            run = c->map.interferer[p] == (int32_t)u ? (p % g->columns == 0 ? 1 : run + 1) : 0;
            if (run > longest) {
                longest = run;
                end = p;
            }
        }
        if (longest == 0)
            continue;
        char words[64];
        snprintf(words, sizeof words, "disturbed by unit %zu, beam %zu", u, c->units[u].beam);
        bcue_vec3 place = bcue_coverage_point(g, end - longest / 2);
        double half = 0.5 * bcue_canvas_text_width(10, words) + 8;
        draw_tag(s, fmin(fmax(at_x(s, place.x), LEFT + half), LEFT + s->width - half), at_y(s, place.y),
                 words);
    }
}

static void draw_units(sheet *s)
{
    const bcue_sim_coverage *c = s->coverage;
    for (size_t u = 0; u < c->unit_count; u++) {
        double x = fmin(fmax(at_x(s, c->units[u].place.x), LEFT + 10), LEFT + s->width - 10);
        double y = fmin(fmax(at_y(s, c->units[u].place.y), TOP + 12), TOP + s->height - 10);
        double a = c->units[u].azimuth, corners[6];
        const double turn[3] = {0.0, 2.45, -2.45}, far[3] = {15.0, 11.0, 11.0};
        for (int k = 0; k < 3; k++) {
            corners[2 * k] = x + far[k] * cos(a + turn[k]);
            corners[2 * k + 1] = y - far[k] * sin(a + turn[k]);
        }
        bcue_canvas_fill(&s->canvas, corners, 3, ink);
        bcue_canvas_line(&s->canvas, corners, 3, true, 2, white);
        char words[32];
        snprintf(words, sizeof words, "unit %zu", u);
        if (c->unit_count > 1)
            draw_tag(s, fmin(fmax(x, LEFT + 40), LEFT + s->width - 40), y > TOP + 60 ? y - 20 : y + 32,
                     words);
    }
}

static void draw_axis(sheet *s, bool across)
{
    bcue_scale scale;
    double low = across ? s->x_low : s->y_high - s->height / s->scale;
    double high = across ? s->x_low + s->width / s->scale : s->y_high;
    const bcue_chart_axis axis = {.low = low, .high = high};
    bcue_scale_fit(&scale, &axis, (bcue_range){low, high}, across ? s->width / 110 : s->height / 80 + 1,
                   false);
    for (size_t i = 0; i < scale.tick_count; i++) {
        double x = across ? at_x(s, scale.ticks[i]) : LEFT - 6,
               y = across ? TOP + s->height : at_y(s, scale.ticks[i]);
        const double tick[4] = {x, y, across ? x : LEFT, across ? y + 6 : y};
        bcue_canvas_line(&s->canvas, tick, 2, false, 1.5, soft);
        bcue_canvas_text(&s->canvas, across ? x : LEFT - 12, across ? y + 22 : y + 5, 10,
                         across ? BCUE_CANVAS_MIDDLE : BCUE_CANVAS_END, false, soft, scale.labels[i]);
    }
}

static void draw_frame(sheet *s, const char *title)
{
    const double x = LEFT, y = TOP, w = s->width, h = s->height;
    const double corners[8] = {x, y, x + w, y, x + w, y + h, x, y + h};
    /* What the layers left outside of the frame is covered. */
    bcue_canvas_rect(&s->canvas, 0, 0, s->canvas.width, TOP, white);
    bcue_canvas_rect(&s->canvas, 0, TOP + h, s->canvas.width, s->canvas.height - TOP - h, white);
    bcue_canvas_rect(&s->canvas, 0, 0, LEFT, s->canvas.height, white);
    bcue_canvas_rect(&s->canvas, LEFT + w, 0, s->canvas.width - LEFT - w, s->canvas.height, white);
    bcue_canvas_line(&s->canvas, corners, 4, true, 1.5, soft);
    draw_axis(s, true);
    draw_axis(s, false);
    bcue_canvas_text(&s->canvas, LEFT + 0.5 * w, s->canvas.height - 12, 10, BCUE_CANVAS_MIDDLE, false, soft,
                     "metres east");
    bcue_canvas_text(&s->canvas, LEFT, TOP - 10, 10, BCUE_CANVAS_START, false, soft, "metres north");
    bcue_canvas_text(&s->canvas, LEFT, 26, 14, BCUE_CANVAS_START, true, ink, title);
}

static void draw_ramp(sheet *s, const char *unit)
{
    double x = LEFT + s->width + 28, top = TOP + 24, tall = fmin(s->canvas.height - TOP - 54, 420);
    for (int k = 0; k < 200; k++)
        bcue_canvas_rect(&s->canvas, x, top + tall * k / 200.0, 22, tall / 200.0 + 0.6,
                         bcue_ramp_colour(1.0 - (k + 0.5) / 200.0));
    bcue_scale scale;
    const bcue_chart_axis axis = {.low = s->low, .high = s->high, .integer = s->layer == BCUE_COVERAGE_BEAM};
    bcue_scale_fit(&scale, &axis, (bcue_range){s->low, s->high}, (int)(tall / 60) + 1, false);
    for (size_t i = 0; i < scale.tick_count; i++) {
        double y = top + tall * (1.0 - (scale.ticks[i] - s->low) / (s->high - s->low));
        bcue_canvas_line(&s->canvas, (const double[]){x + 22, y, x + 28, y}, 2, false, 1.5, soft);
        bcue_canvas_text(&s->canvas, x + 34, y + 5, 10, BCUE_CANVAS_START, false, soft, scale.labels[i]);
    }
    bcue_canvas_text(&s->canvas, x, TOP + 10, 10, BCUE_CANVAS_START, false, ink, unit);
}

/* The beams that serve most points. */
static bcue_status draw_beams(sheet *s, double x, bcue_error *error)
{
    bcue_coverage_share *shares;
    size_t count, lit = 0;
    BCUE_TRY(bcue_coverage_shares(s->coverage, &shares, &count, error));
    for (size_t i = 0; i < count; i++)
        lit += shares[i].points;
    double y = TOP + 10;
    bcue_canvas_text(&s->canvas, x, y, 10, BCUE_CANVAS_START, false, ink, "most frequent");
    for (size_t i = 0; i < count && i < LEGEND && y + 34 < s->canvas.height; i++) {
        char words[64];
        y += 24;
        bcue_canvas_rect(&s->canvas, x, y - 11, 14, 14, colour_of(s, (double)shares[i].beam));
        int used =
            s->coverage->unit_count > 1 ? snprintf(words, sizeof words, "unit %zu, ", shares[i].unit) : 0;
        snprintf(words + used, sizeof words - (size_t)used, "beam %zu: %.1f %%", shares[i].beam,
                 100.0 * (double)shares[i].points / (double)lit);
        bcue_canvas_text(&s->canvas, x + 20, y, 10, BCUE_CANVAS_START, false, ink, words);
    }
    free(shares);
    return BCUE_OK;
}

static bcue_status draw(sheet *s, const char *scene, bcue_error *error)
{
    const bcue_sim_coverage *c = s->coverage;
    const bool alone = c->unit_count == 1;
    const char *const titles[BCUE_COVERAGE_LAYERS] = {
        "Best beam", "Power of the best beam",
        alone ? "Signal over noise of the best beam" : "Signal over interference and noise of the best beam",
        "Delay spread"};
    const char *const units[BCUE_COVERAGE_LAYERS] = {"beam", "dBm", "dB", "ns"};
    char title[256];
    snprintf(title, sizeof title, "%s, %s, %.1f m above ground", titles[s->layer], scene, c->grid.origin.z);
    draw_cells(s);
    if (s->layer == BCUE_COVERAGE_SINR && !alone)
        draw_interferers(s);
    draw_units(s);
    draw_frame(s, title);
    double x = LEFT + s->width + 28;
    if (!s->named)
        draw_ramp(s, units[s->layer]);
    return s->layer == BCUE_COVERAGE_BEAM ? draw_beams(s, s->named ? x : x + 90, error) : BCUE_OK;
}

bcue_status bcue_coverage_picture(const bcue_sim_coverage *c, bcue_coverage_layer layer, const char *scene,
                                  const char *path, bcue_error *error)
{
    const bcue_coverage_grid *g = &c->grid;
    double wide = (double)g->columns * g->step_m, high = (double)g->rows * g->step_m;
    sheet s = {.coverage = c,
               .layer = layer,
               .scale = fmin(MAP_MOST_WIDE / wide, MAP_MOST_HIGH / high),
               .x_low = g->origin.x - 0.5 * g->step_m,
               .y_high = g->origin.y + high - 0.5 * g->step_m};
    s.width = (int)fmax(40.0, round(wide * s.scale));
    s.height = (int)fmax(40.0, round(high * s.scale));
    int paper_high = TOP + BOTTOM + (s.height > 260 ? s.height : 260);
    BCUE_TRY(choose_range(&s, error));
    BCUE_TRY(bcue_canvas_create(LEFT + s.width + RIGHT, paper_high, white, &s.canvas, error));
    bcue_status status = draw_street(&s, s.x_low + wide, s.y_high - high, error);
    if (status == BCUE_OK)
        status = draw(&s, scene, error);
    const bcue_image image = {s.canvas.width, s.canvas.height, 3, s.canvas.pixels};
    if (status == BCUE_OK)
        status = bcue_image_write(path, &image, 0, error);
    bcue_canvas_free(&s.canvas);
    return status;
}

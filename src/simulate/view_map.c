#include <math.h>
#include <stdlib.h>
#include "base/base64.h"
#include "base/fail.h"
#include "base/memory.h"
#include "simulate/view_parts.h"

enum { MAP_WIDTH = 1080 };
enum { ROAD = 1, PAVEMENT, GRASS, GROUND, WHITE, YELLOW, FURNITURE, TREE = 32, BUILDING = 64 };

typedef struct canvas {
    const bcue_view_window *window;
    const bcue_world *world;
    int width, height;
    double scale; /* pixels per metre */
    float *level; /* height of what a pixel shows */
    uint8_t *codes;
} canvas;

static uint8_t ground_code(const bcue_material *material, bcue_material_id id)
{
    if (material->pattern == BCUE_PATTERN_ROAD || id == BCUE_MATERIAL_ASPHALT)
        return ROAD;
    if (id == BCUE_MATERIAL_PAVING || id == BCUE_MATERIAL_KERB)
        return PAVEMENT;
    return id == BCUE_MATERIAL_GRASS ? GRASS : GROUND;
}

static uint8_t code_of(const canvas *c, const bcue_triangle *triangle, double z)
{
    bcue_object_kind kind = c->world->objects[triangle->object].kind;
    switch (kind) {
    case BCUE_OBJECT_GROUND:
        return ground_code(bcue_world_material(c->world, triangle->material), triangle->material);
    case BCUE_OBJECT_TREE:
        return (uint8_t)(TREE + fmin(31.0, fmax(0.0, 2.0 * z)));
    case BCUE_OBJECT_BUILDING:
        return (uint8_t)(BUILDING + fmin(191.0, fmax(0.0, 3.0 * z)));
    case BCUE_OBJECT_LAMP_POST:
    case BCUE_OBJECT_SIGN:
    case BCUE_OBJECT_BUS_STOP:
    case BCUE_OBJECT_PARKED_CAR:
        return FURNITURE;
    case BCUE_OBJECT_OTHER: /* of imported scenes: what lies low is ground */
        break;
    }
    return z < 0.5 ? GROUND : (uint8_t)(BUILDING + fmin(191.0, 3.0 * z));
}

static void draw_triangle(canvas *c, const bcue_triangle *triangle)
{
    double x[3], y[3], z[3];
    for (int k = 0; k < 3; k++) {
        bcue_vec3 v = c->world->statics.vertices[triangle->vertex[k]];
        double u, w;
        bcue_view_place(c->window, v, &u, &w);
        x[k] = (u - c->window->left) * c->scale - 0.5;
        y[k] = (c->window->high - w) * c->scale - 0.5;
        z[k] = v.z;
    }
    double area = (x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0]);
    if (!(fabs(area) > 1e-9))
        return;
    int column_low = (int)ceil(fmax(0.0, fmin(x[0], fmin(x[1], x[2]))));
    int column_high = (int)floor(fmin(c->width - 1.0, fmax(x[0], fmax(x[1], x[2]))));
    int row_low = (int)ceil(fmax(0.0, fmin(y[0], fmin(y[1], y[2]))));
    int row_high = (int)floor(fmin(c->height - 1.0, fmax(y[0], fmax(y[1], y[2]))));
    for (int row = row_low; row <= row_high; row++)
        for (int column = column_low; column <= column_high; column++) {
            double a = ((x[1] - column) * (y[2] - row) - (x[2] - column) * (y[1] - row)) / area;
            double b = ((x[2] - column) * (y[0] - row) - (x[0] - column) * (y[2] - row)) / area;
            double g = 1.0 - a - b, level = a * z[0] + b * z[1] + g * z[2];
            size_t at = (size_t)row * (size_t)c->width + (size_t)column;
            if (a < -1e-9 || b < -1e-9 || g < -1e-9 || !(level > (double)c->level[at]))
                continue;
            c->level[at] = (float)level;
            c->codes[at] = code_of(c, triangle, level);
        }
}

/* WHITE, YELLOW or ROAD. The straight street has no list of markings: a solid line at either edge, dashes in
   the middle. */
static uint8_t paint_at(const bcue_world *world, double x, double y, double pixel_m)
{
    float filter = (float)pixel_m;
    bool yellow = false;
    if (world->markings.count > 0)
        return bcue_markings_cover(&world->markings, (float)x, (float)y, filter, filter, &yellow) <= 0.4f
                   ? ROAD
               : yellow ? YELLOW
                        : WHITE;
    double lane = world->street.lane_width_m, across = y - world->street.setback_m;
    double half = fmax(0.1, 0.6 * pixel_m), period = fmod(x + 600.0, 6.0);
    bool edge = fabs(across - 0.3) < half || fabs(2.0 * lane - across - 0.3) < half;
    return edge || (fabs(across - lane) < half && period < 3.0) ? WHITE : ROAD;
}

static void draw_paint(canvas *c)
{
    for (int row = 0; row < c->height; row++)
        for (int column = 0; column < c->width; column++) {
            uint8_t *code = &c->codes[(size_t)row * (size_t)c->width + (size_t)column];
            if (*code != ROAD)
                continue;
            double u = c->window->left + (column + 0.5) / c->scale;
            double w = c->window->high - (row + 0.5) / c->scale;
            double east = u * c->window->sine + w * c->window->cosine;
            double north = w * c->window->sine - u * c->window->cosine;
            *code =
                paint_at(c->world, c->window->origin.x + east, c->window->origin.y + north, 1.0 / c->scale);
        }
}

bcue_status bcue_view_draw_map(const bcue_view_window *window, const bcue_world *world, int width,
                               bcue_image *image, bcue_error *error)
{
    double width_m = window->right - window->left, height_m = window->high - window->low;
    canvas c = {.window = window, .world = world, .width = width, .scale = width / width_m};
    c.height = (int)fmax(1.0, fmin(8192.0, ceil(height_m * c.scale - 1e-6)));
    BCUE_TRY(bcue_image_create(c.width, c.height, 1, image, error));
    size_t pixels = (size_t)c.width * (size_t)c.height;
    c.codes = image->pixels;
    c.level = bcue_calloc(pixels, sizeof *c.level);
    if (!c.level) {
        bcue_image_free(image);
        return bcue_fail_memory(error, "the map of a street");
    }
    for (size_t i = 0; i < pixels; i++)
        c.level[i] = -HUGE_VALF;
    for (size_t i = 0; i < world->statics.triangle_count; i++)
        draw_triangle(&c, &world->statics.triangles[i]);
    draw_paint(&c);
    free(c.level);
    return BCUE_OK;
}

bcue_status bcue_view_put_map(const bcue_view_window *window, const bcue_world *world, bcue_text *out,
                              bcue_error *error)
{
    bcue_image image = {0};
    bcue_bytes png = {0};
    BCUE_TRY(bcue_view_draw_map(window, world, MAP_WIDTH, &image, error));
    bcue_status status = bcue_png_encode(&image, &png, error);
    if (status == BCUE_OK)
        bcue_base64(out, png.data, png.size);
    bcue_bytes_free(&png);
    bcue_image_free(&image);
    return status;
}

#include <math.h>
#include <stdlib.h>

#include "base/fail.h"
#include "base/memory.h"
#include "scene/osm_import.h"

/* Drawn just above the ground; to radio waves and in height they are not there. */
#define ROAD_Z_M 0.05
#define MARKING_Z_M 0.08
#define MARKING_M 0.14
#define DASH_M 3.0
#define DASH_PERIOD_M 9.0

typedef struct drawing {
    bcue_mesh *mesh;
    uint32_t object;
    bool failed;
} drawing;

static bcue_vec3 lifted(bcue_vec3 place, double z)
{
    return bcue_vec3_make(place.x, place.y, z);
}

/* A band along a line, from `left_m` to `right_m` to the right of it. */
static void draw_band(drawing *draw, const bcue_vec3 *points, size_t point_count, double left_m,
                      double right_m, double from_m, double to_m, double z, bcue_material_id material)
{
    size_t left_count, right_count;
    bcue_vec3 *left = bcue_osm_side_line(points, point_count, left_m, from_m, to_m, &left_count);
    bcue_vec3 *right = bcue_osm_side_line(points, point_count, right_m, from_m, to_m, &right_count);
    for (size_t i = 0; left != NULL && right != NULL && i + 1 < left_count && i + 1 < right_count; i++) {
        const bcue_vec3 quad[4] = {lifted(right[i], z), lifted(right[i + 1], z), lifted(left[i + 1], z),
                                   lifted(left[i], z)};
        bcue_mesh_add_quad(draw->mesh, quad, material, draw->object);
    }
    free(left);
    free(right);
}

static double line_length(const bcue_vec3 *points, size_t count)
{
    double length = 0.0;
    for (size_t i = 1; i < count; i++)
        length += bcue_vec3_norm(bcue_vec3_sub(points[i], points[i - 1]));
    return length;
}

static void draw_disc(drawing *draw, bcue_vec3 centre, double radius, bcue_material_id material)
{
    enum { SIDES = 16 };
    uint32_t first = bcue_mesh_add_vertices(draw->mesh, NULL, SIDES + 1);
    if (draw->mesh->failed)
        return;
    for (uint32_t i = 0; i < SIDES; i++) {
        double angle = 2.0 * BCUE_PI * (double)i / SIDES;
        draw->mesh->vertices[first + i] =
            bcue_vec3_make(centre.x + radius * cos(angle), centre.y + radius * sin(angle), ROAD_Z_M);
    }
    draw->mesh->vertices[first + SIDES] = lifted(centre, ROAD_Z_M);
    for (uint32_t i = 0; i < SIDES; i++)
        bcue_mesh_add_triangle(draw->mesh, first + SIDES, first + i, first + (i + 1) % SIDES, material,
                               draw->object);
}

/* Dashes between lanes of one direction, a whole line between the directions. */
static void draw_markings(drawing *draw, const bcue_osm_piece *piece, const bcue_vec3 *points,
                          bcue_material_id material)
{
    const bcue_osm_profile *profile = &piece->profile;
    int lanes = profile->forward + profile->backward;
    double length = line_length(points, piece->point_count), spare = 0.5 * profile->width_m + 2.0;
    double period = fmax(DASH_PERIOD_M, length / 500.0); /* a few bytes of file may span kilometres */
    for (int border = 1; border < lanes; border++) {
        double at = (double)border * profile->lane_m - 0.5 * profile->width_m;
        double left = at - 0.5 * MARKING_M, right = at + 0.5 * MARKING_M;
        if (border == profile->backward) {
            draw_band(draw, points, piece->point_count, left, right, spare, spare, MARKING_Z_M, material);
            continue;
        }
        for (double s = spare; s + DASH_M < length - spare; s += period)
            draw_band(draw, points, piece->point_count, left, right, s, length - s - DASH_M, MARKING_Z_M,
                      material);
    }
}

static void draw_walks(bcue_osm_import *import, drawing *draw)
{
    const bcue_osm_document *document = import->document;
    for (size_t w = 0; w < document->way_count; w++) {
        const bcue_osm_way *way = &document->ways[w];
        const int64_t *refs = bcue_osm_refs(document, way);
        if (way->tags.highway != BCUE_OSM_WALK || way->tags.bridge_or_tunnel)
            continue;
        double half = 0.5 * (way->tags.width_m > 0.0 ? way->tags.width_m : 2.0);
        for (size_t i = 0; i + 1 < way->ref_count; i++) {
            if (refs[i] < 0 || refs[i + 1] < 0)
                continue;
            const bcue_vec3 step[2] = {import->places[refs[i]], import->places[refs[i + 1]]};
            if (bcue_bounds_contain(&import->bounds, step[0].x, step[0].y) &&
                bcue_bounds_contain(&import->bounds, step[1].x, step[1].y))
                draw_band(draw, step, 2, -half, half, 0.0, 0.0, 0.5 * ROAD_Z_M, import->walk);
        }
    }
}

bcue_status bcue_osm_draw_roads(bcue_osm_import *import, const bcue_osm_pieces *pieces, bcue_error *error)
{
    bcue_world *world = &import->builder->world;
    bcue_object object = {.kind = BCUE_OBJECT_GROUND, .tint = {1, 1, 1}, .decoration = true};
    drawing draw = {.mesh = &world->statics, .object = bcue_world_add_object(world, object)};
    draw_walks(import, &draw);
    for (size_t p = 0; p < pieces->count; p++) {
        const bcue_osm_piece *piece = &pieces->pieces[p];
        const bcue_vec3 *points = pieces->points + piece->first_point;
        double half = 0.5 * piece->profile.width_m;
        draw_band(&draw, points, piece->point_count, -half, half, 0.0, 0.0, ROAD_Z_M, import->road);
        if (piece->start_node >= 0)
            draw_disc(&draw, points[0], half, import->road);
        if (piece->end_node >= 0)
            draw_disc(&draw, points[piece->point_count - 1], half, import->road);
        draw_markings(&draw, piece, points, import->marking);
    }
    return world->statics.failed ? bcue_fail_memory(error, import->path) : BCUE_OK;
}

#include "scene/osm_import.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/rng.h"
#include "features/geodesy.h"

#define MARGIN_M 50.0 /* of ground around everything */
#define TREE_ROW_M 8.0
#define MOST_ROW_TREES 250 /* so that a few bytes of file cannot ask for a forest */
#define LARGEST_M 50000.0

/* ---- places ---- */

/* The middle of <bounds>, otherwise of all nodes. */
static bcue_status find_origin(const bcue_osm_document *document, const char *path,
                               bcue_import_options *options, bcue_error *error)
{
    double south = document->south_deg, north = document->north_deg, west = document->west_deg,
           east = document->east_deg;
    if (options->has_origin)
        return BCUE_OK;
    if (document->node_count == 0)
        return bcue_fail(error, BCUE_ERROR_DATA, "%s: the extract has no nodes", path);
    if (!document->has_bounds) {
        south = west = INFINITY;
        north = east = -INFINITY;
    }
    for (size_t i = 0; i < document->node_count && !document->has_bounds; i++) {
        south = fmin(south, document->nodes[i].latitude_deg);
        north = fmax(north, document->nodes[i].latitude_deg);
        west = fmin(west, document->nodes[i].longitude_deg);
        east = fmax(east, document->nodes[i].longitude_deg);
    }
    options->latitude_deg = 0.5 * (south + north);
    options->longitude_deg = 0.5 * (west + east);
    return BCUE_OK;
}

static bcue_vec3 place_of(const bcue_import_options *options, double latitude_deg, double longitude_deg)
{
    double enu[3];
    bcue_geodetic_to_enu(latitude_deg, longitude_deg, 0.0, options->latitude_deg, options->longitude_deg, 0.0,
                         enu);
    return bcue_vec3_make(enu[0] + options->shift_m.x, enu[1] + options->shift_m.y, 0.0);
}

static void widen(bcue_bounds *bounds, bcue_vec3 place)
{
    bounds->x_low = fmin(bounds->x_low, place.x);
    bounds->x_high = fmax(bounds->x_high, place.x);
    bounds->y_low = fmin(bounds->y_low, place.y);
    bounds->y_high = fmax(bounds->y_high, place.y);
}

static bcue_status place_nodes(bcue_osm_import *import, bcue_error *error)
{
    const bcue_osm_document *document = import->document;
    const bcue_import_options *options = &import->builder->options;
    import->places = bcue_calloc(document->node_count, sizeof *import->places);
    if (import->places == NULL)
        return bcue_fail_memory(error, import->path);
    import->bounds = (bcue_bounds){INFINITY, -INFINITY, INFINITY, -INFINITY};
    for (size_t i = 0; i < document->node_count; i++) {
        import->places[i] =
            place_of(options, document->nodes[i].latitude_deg, document->nodes[i].longitude_deg);
        if (!document->has_bounds)
            widen(&import->bounds, import->places[i]);
    }
    const double corners[4][2] = {{document->south_deg, document->west_deg},
                                  {document->south_deg, document->east_deg},
                                  {document->north_deg, document->west_deg},
                                  {document->north_deg, document->east_deg}};
    for (int c = 0; c < 4 && document->has_bounds; c++)
        widen(&import->bounds, place_of(options, corners[c][0], corners[c][1]));
    double span =
        fmax(import->bounds.x_high - import->bounds.x_low, import->bounds.y_high - import->bounds.y_low);
    if (!(span <= LARGEST_M))
        return bcue_fail(
            error, BCUE_ERROR_DATA,
            "%s: the extract spans %.0f km; cut it to a few square kilometres (at most %.0f km wide)",
            import->path, 1e-3 * span, 1e-3 * LARGEST_M);
    return BCUE_OK;
}

/* ---- ground, trees, lamps ---- */

static void add_ground(bcue_osm_import *import)
{
    bcue_world *world = &import->builder->world;
    bcue_bounds all = import->bounds;
    for (size_t i = 0; i < world->statics.vertex_count; i++)
        widen(&all, world->statics.vertices[i]);
    uint32_t object =
        bcue_world_add_object(world, (bcue_object){.kind = BCUE_OBJECT_GROUND, .tint = {1, 1, 1}});
    double width = all.x_high - all.x_low + 2.0 * MARGIN_M, depth = all.y_high - all.y_low + 2.0 * MARGIN_M;
    bcue_world_add_wall(world, bcue_vec3_make(all.x_low - MARGIN_M, all.y_low - MARGIN_M, 0.0),
                        bcue_vec3_make(width, 0, 0), bcue_vec3_make(0, depth, 0), BCUE_MATERIAL_PLAZA,
                        object);
}

/* A trunk, and a crown of leaves that radio waves know as a canopy. */
static void add_tree(bcue_osm_import *import, bcue_vec3 place, int64_t id, double height_m, double crown_m)
{
    bcue_world *world = &import->builder->world;
    bcue_rng rng = bcue_rng_make(0, BCUE_RNG_STREET, 2, (uint32_t)((uint64_t)id >> 32), (uint32_t)id);
    double height = height_m > 0.0 ? height_m : bcue_rng_range(&rng, 6.0, 10.0);
    double radius = crown_m > 0.0 ? 0.5 * crown_m : 0.28 * height;
    double trunk = 0.3 * height, half = 0.5 * (height - trunk);
    float warmth = (float)bcue_rng_range(&rng, 0.8, 1.3);
    bcue_object leaves = {.kind = BCUE_OBJECT_TREE,
                          .tint = {warmth, 0.5f + 0.5f * warmth, 1.0f},
                          .variant = bcue_rng_u32(&rng),
                          .decoration = true};
    bcue_object wood = leaves;
    wood.decoration = false;
    bcue_mesh_add_cylinder(&world->statics, place, bcue_vec3_make(0, 0, trunk + 0.3 * half),
                           0.015 * height + 0.05, 8, BCUE_MATERIAL_BARK, BCUE_MATERIAL_BARK,
                           bcue_world_add_object(world, wood));
    bcue_canopy canopy = {bcue_vec3_make(place.x, place.y, trunk + half),
                          bcue_vec3_make(radius, radius, half)};
    bcue_mesh_add_ellipsoid(&world->statics, canopy.centre, canopy.half_axes, BCUE_MATERIAL_LEAVES,
                            bcue_world_add_object(world, leaves));
    bcue_world_add_canopy(world, &canopy);
}

static void add_lamp(bcue_osm_import *import, bcue_vec3 place)
{
    bcue_world *world = &import->builder->world;
    uint32_t object =
        bcue_world_add_object(world, (bcue_object){.kind = BCUE_OBJECT_LAMP_POST, .tint = {1, 1, 1}});
    bcue_mesh_add_cylinder(&world->statics, place, bcue_vec3_make(0, 0, 6.0), 0.08, 8, BCUE_MATERIAL_STEEL,
                           BCUE_MATERIAL_STEEL, object);
    bcue_world_add_lamp(world, &(bcue_lamp){bcue_vec3_make(place.x, place.y, 6.0), 8000.0});
}

static void add_points(bcue_osm_import *import)
{
    const bcue_osm_document *document = import->document;
    for (size_t i = 0; i < document->node_count; i++) {
        const bcue_osm_node *node = &document->nodes[i];
        if (node->point == BCUE_OSM_TREE)
            add_tree(import, import->places[i], node->id, (double)node->height_m, (double)node->crown_m);
        else if (node->point == BCUE_OSM_LAMP)
            add_lamp(import, import->places[i]);
    }
}

/* A tree every 8 m, starting half a step from the end; a row of more than 2 km stops there. */
static void add_tree_rows(bcue_osm_import *import)
{
    const bcue_osm_document *document = import->document;
    for (size_t w = 0; w < document->way_count; w++) {
        const bcue_osm_way *way = &document->ways[w];
        const int64_t *refs = bcue_osm_refs(document, way);
        double due = 0.5 * TREE_ROW_M;
        int planted = 0;
        for (size_t i = 0; way->tags.tree_row && i + 1 < way->ref_count; i++) {
            if (refs[i] < 0 || refs[i + 1] < 0)
                continue;
            bcue_vec3 a = import->places[refs[i]], step = bcue_vec3_sub(import->places[refs[i + 1]], a);
            double length = bcue_vec3_norm(step);
            for (; due < length && planted < MOST_ROW_TREES; due += TREE_ROW_M, planted++)
                add_tree(import, bcue_vec3_add(a, bcue_vec3_scale(step, due / length)),
                         (int64_t)((uint64_t)way->id + (uint64_t)(due * 1000.0)), way->tags.height_m, 0.0);
            due -= length;
        }
    }
}

/* ---- all of it ---- */

static bcue_status add_own_materials(bcue_osm_import *import, bcue_error *error)
{
    static const bcue_scene_material own[] = {
        {.name = "road", .radio = "asphalt_concrete"},
        {.name = "marking", .radio = "asphalt_concrete", .has_colour = true, .colour = {0.75f, 0.75f, 0.72f}},
        {.name = "walk", .radio = "concrete", .has_colour = true, .colour = {0.42f, 0.40f, 0.37f}},
    };
    bcue_material_id *ids[] = {&import->road, &import->marking, &import->walk};
    for (int i = 0; i < 3; i++)
        BCUE_TRY(bcue_scene_add_material(import->builder, &own[i], import->path, ids[i], error));
    return BCUE_OK;
}

static bcue_status add_roads(bcue_osm_import *import, bcue_error *error)
{
    bcue_osm_pieces pieces;
    bcue_status status = bcue_osm_find_pieces(import, &pieces, error);
    if (status == BCUE_OK)
        status = bcue_osm_draw_roads(import, &pieces, error);
    if (status == BCUE_OK)
        status = bcue_osm_add_lanes(import, &pieces, error);
    bcue_osm_free_pieces(&pieces);
    return status;
}

static bcue_status add_everything(bcue_osm_import *import, bcue_error *error)
{
    bcue_world *world = &import->builder->world;
    BCUE_TRY(find_origin(import->document, import->path, &import->builder->options, error));
    BCUE_TRY(place_nodes(import, error));
    BCUE_TRY(add_own_materials(import, error));
    BCUE_TRY(bcue_osm_add_buildings(import, error));
    BCUE_TRY(add_roads(import, error));
    add_points(import);
    add_tree_rows(import);
    if (world->statics.triangle_count == 0)
        return bcue_fail(error, BCUE_ERROR_DATA, "%s: the extract has no building, road or tree (%zu ways)",
                         import->path, import->document->way_count);
    add_ground(import);
    world->bounds = import->bounds;
    import->builder->report.latitude_deg = import->builder->options.latitude_deg;
    import->builder->report.longitude_deg = import->builder->options.longitude_deg;
    return world->statics.failed ? bcue_fail_memory(error, import->path) : BCUE_OK;
}

bcue_status bcue_osm_world_import(const char *path, bcue_scene_builder *builder, bcue_error *error)
{
    bcue_osm_document document;
    BCUE_TRY(bcue_osm_read(path, &document, error));
    bcue_status status = bcue_osm_add_document(&document, path, builder, error);
    bcue_osm_free(&document);
    return status;
}

bcue_status bcue_osm_add_document(const bcue_osm_document *document, const char *path,
                                  bcue_scene_builder *builder, bcue_error *error)
{
    bcue_osm_import import = {.path = path, .document = document, .builder = builder};
    builder->report.files++;
    bcue_status status = add_everything(&import, error);
    free(import.places);
    return status;
}

/* OpenStreetMap extracts to worlds. Not for other rooms.

   Buildings stand on flat ground with flat roofs; roads are drawn on the ground and become lanes of
   world->roads; trees get trunk, crown and canopy. What cannot be used is left out with a warning that names
   it. */
#ifndef BCUE_SCENE_OSM_IMPORT_H
#define BCUE_SCENE_OSM_IMPORT_H

#include "scene/osm_document.h"
#include "scene/scene_builder.h"

/* An extract on its way into a builder. */
typedef struct bcue_osm_import {
    const char *path;
    const bcue_osm_document *document;
    bcue_scene_builder *builder;
    bcue_vec3 *places;  /* owned: of each node, in the world, z 0 */
    bcue_bounds bounds; /* of the extract, in the world */
    bcue_material_id road, marking, walk;
} bcue_osm_import;

/* Add an extract to a builder. */
bcue_status bcue_osm_world_import(const char *path, bcue_scene_builder *builder, bcue_error *error);
bcue_status bcue_osm_add_document(const bcue_osm_document *document, const char *path,
                                  bcue_scene_builder *builder, bcue_error *error);

bcue_status bcue_osm_add_buildings(bcue_osm_import *import, bcue_error *error);

/* How a road is divided. */
typedef struct bcue_osm_profile {
    int forward, backward; /* lanes along the way and against it; forward >= 1 for what can be driven */
    double lane_m, width_m, speed_mps;
} bcue_osm_profile;
/* False: not a road for cars (or one on a bridge or in a tunnel, which flat ground cannot have). */
bool bcue_osm_road_profile(const bcue_osm_tags *tags, bcue_osm_profile *profile);

/* A road between two junctions, an end, or the border of the extract. */
typedef struct bcue_osm_piece {
    size_t first_point, point_count;       /* >= 2, in pieces->points: the middle line */
    int64_t start_node, end_node;          /* of the document; -1: cut off at the border */
    bool signals_at_start, signals_at_end; /* a traffic light on the last 40 m */
    bcue_osm_profile profile;
    bcue_osm_highway highway;
    uint32_t way;
} bcue_osm_piece;

typedef struct bcue_osm_pieces {
    bcue_osm_piece *pieces; /* owned */
    size_t count, capacity;
    bcue_vec3 *points; /* owned */
    size_t point_count, point_capacity;
} bcue_osm_pieces;

/* All roads, split where they meet. The caller frees, also after a failure. */
bcue_status bcue_osm_find_pieces(const bcue_osm_import *import, bcue_osm_pieces *pieces, bcue_error *error);
void bcue_osm_free_pieces(bcue_osm_pieces *pieces);
/* A line beside `points`, `offset_m` to the right (negative: left), between `from_m` from the start and
   `to_m` from the end; its points, which the caller frees. NULL: out of memory, or nothing is left (*count
   0). */
bcue_vec3 *bcue_osm_side_line(const bcue_vec3 *points, size_t point_count, double offset_m, double from_m,
                              double to_m, size_t *count);
/* Draw the roads on the ground, as decoration. */
bcue_status bcue_osm_draw_roads(bcue_osm_import *import, const bcue_osm_pieces *pieces, bcue_error *error);
/* Lanes, connectors and traffic lights in world->roads. */
bcue_status bcue_osm_add_lanes(bcue_osm_import *import, const bcue_osm_pieces *pieces, bcue_error *error);

#endif

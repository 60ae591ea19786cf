/* What an OpenStreetMap XML extract says about buildings, roads and trees. Not for other rooms. */
#ifndef BCUE_SCENE_OSM_DOCUMENT_H
#define BCUE_SCENE_OSM_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "beamcue/status.h"

typedef enum bcue_osm_highway {
    BCUE_OSM_NO_HIGHWAY,
    BCUE_OSM_MOTORWAY,
    BCUE_OSM_TRUNK,
    BCUE_OSM_PRIMARY,
    BCUE_OSM_SECONDARY,
    BCUE_OSM_TERTIARY,
    BCUE_OSM_MINOR,   /* unclassified, residential */
    BCUE_OSM_SERVICE, /* service, living_street */
    BCUE_OSM_WALK,    /* pedestrian, footway, path, steps, cycleway: no lanes here */
} bcue_osm_highway;

typedef enum bcue_osm_point { BCUE_OSM_PLAIN, BCUE_OSM_TREE, BCUE_OSM_SIGNALS, BCUE_OSM_LAMP } bcue_osm_point;

typedef enum bcue_osm_wall {
    BCUE_OSM_PLASTER,
    BCUE_OSM_BRICK,
    BCUE_OSM_GLASS,
    BCUE_OSM_METAL,
    BCUE_OSM_WOOD
} bcue_osm_wall;

/* Tags of a way or relation that matter here. Lengths that were not given, or make no sense, are 0. */
typedef struct bcue_osm_tags {
    bool building, multipolygon, tree_row, oneway, reverse, bridge_or_tunnel, link, low_house;
    bcue_osm_highway highway;
    bcue_osm_wall wall;
    double height_m, min_height_m, levels, min_level; /* height as given; levels as counted */
    double width_m, speed_mps;
    int lanes, lanes_forward, lanes_backward; /* 0: not given */
    bool has_colour;
    float colour[3]; /* of the walls, linear RGB */
    char name[48];
} bcue_osm_tags;

typedef struct bcue_osm_node {
    int64_t id;
    double latitude_deg, longitude_deg;
    bcue_osm_point point;
    float height_m, crown_m; /* of a tree; 0: not given */
} bcue_osm_node;

typedef struct bcue_osm_way {
    int64_t id;
    size_t line;
    size_t first_ref, ref_count; /* in document->refs */
    bcue_osm_tags tags;
} bcue_osm_way;

/* A way in a relation. */
typedef struct bcue_osm_member {
    int64_t way; /* index; -1: not in the extract */
    bool inner;
} bcue_osm_member;

typedef struct bcue_osm_relation {
    int64_t id;
    size_t line;
    size_t first_member, member_count;
    bcue_osm_tags tags;
} bcue_osm_relation;

typedef struct bcue_osm_document {
    bcue_osm_node *nodes; /* owned; sorted by id */
    size_t node_count, node_capacity;
    bcue_osm_way *ways; /* owned; in the order of the file */
    size_t way_count, way_capacity;
    int64_t *refs; /* owned: indices of nodes, or -1 where the extract has no such node */
    size_t ref_count, ref_capacity;
    bcue_osm_relation *relations; /* owned: buildings made of several ways */
    size_t relation_count, relation_capacity;
    bcue_osm_member *members; /* owned */
    size_t member_count, member_capacity;
    bool has_bounds;
    double south_deg, west_deg, north_deg, east_deg;
} bcue_osm_document;

/* OSM XML 0.6. Relations that are no building are left out, and what an editor has marked as deleted. A node
   that is there twice is BCUE_ERROR_DATA. `name` stands for the document in messages. On success the caller
   frees; otherwise it is empty. */
bcue_status bcue_osm_decode(const void *data, size_t size, const char *name, bcue_osm_document *document,
                            bcue_error *error);
bcue_status bcue_osm_read(const char *path, bcue_osm_document *document, bcue_error *error);
void bcue_osm_free(bcue_osm_document *document); /* and make it empty */

/* The nodes of a way: way->ref_count indices or -1; never NULL. */
static inline const int64_t *bcue_osm_refs(const bcue_osm_document *document, const bcue_osm_way *way)
{
    static const int64_t none = -1;
    return way->ref_count > 0 ? document->refs + way->first_ref : &none;
}

/* "12", "12 m", "3.5km", "39'6\"", "20 ft" in metres; false: no such length. */
bool bcue_osm_length(const char *text, double *metres);
/* "50", "30 mph" in m/s. */
bool bcue_osm_speed(const char *text, double *mps);

#endif

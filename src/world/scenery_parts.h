/* Inside the street builder: what its steps share. */
#ifndef BCUE_WORLD_SCENERY_PARTS_H
#define BCUE_WORLD_SCENERY_PARTS_H

#include "base/rng.h"
#include "world/building.h"
#include "world/road_lanes.h"
#include "world/scenery.h"

/* A disc that is taken. */
typedef struct bcue_taken {
    double x, y, radius;
} bcue_taken;

typedef struct bcue_scenery {
    const bcue_scenery_config *config;
    uint64_t seed;
    bcue_world *world;
    bcue_site site;
    bcue_error *error;
    bcue_road_spec *specs; /* owned */
    size_t spec_count;
    double *lines;     /* owned: points of roads that the preset brings */
    double (*open)[4]; /* owned: rectangles x_low, x_high, y_low, y_high that stay open */
    size_t open_count, open_capacity;
    bcue_road_plan plan;
    bcue_loops corridors;  /* every piece of carriageway and sidewalk, one loop each */
    bcue_loops footprints; /* of buildings, as they are cut out of the ground */
    bcue_loops reserved;   /* bus stops and open areas: no building may touch them */
    bcue_taken *taken;     /* owned */
    size_t taken_count, taken_capacity;
} bcue_scenery;

/* The random numbers of one step and item. */
bcue_rng bcue_scenery_rng(const bcue_scenery *scenery, uint32_t step, uint32_t item);

/* The roads of the preset, and the RSU's site. */
bcue_status bcue_scenery_roads(bcue_scenery *scenery);
/* Once the plan is there: another place and heading for the RSU of a generated street, with generated.rsu. */
void bcue_scenery_place_rsu(bcue_scenery *scenery);
/* Given buildings, then drawn ones along the roads. */
bcue_status bcue_scenery_buildings(bcue_scenery *scenery);
/* Bus stops come before the buildings (they keep their place free), the rest after. */
void bcue_scenery_bus_stops(bcue_scenery *scenery);
void bcue_scenery_furniture(bcue_scenery *scenery);
/* Carriageways, sidewalks, kerbs, lots around the buildings. */
bcue_status bcue_scenery_ground(bcue_scenery *scenery);

bool bcue_scenery_is_free(const bcue_scenery *scenery, double x, double y, double radius);
void bcue_scenery_take(bcue_scenery *scenery, double x, double y, double radius);
void bcue_scenery_open(bcue_scenery *scenery, double x_low, double x_high, double y_low, double y_high);
/* Is (x, y) in one of the rectangles that stay open? */
bool bcue_scenery_is_open(const bcue_scenery *scenery, double x, double y);

#endif

/* A straight two-lane street seen from a roadside unit (RSU).
   World frame: the RSU stands at the origin, x east, y north, z up, and looks north across the road, which
   runs east-west. From south to north: the plaza with the RSU, near sidewalk, eastbound lane, westbound lane,
   far sidewalk, buildings (traffic keeps right). */
#ifndef BCUE_WORLD_STREET_H
#define BCUE_WORLD_STREET_H

#include <stddef.h>
#include <stdint.h>
#include "beamcue/status.h"
#include "world/mesh.h"
#include "world/vehicle_model.h"

typedef struct bcue_street_config {
    double length_m; /* of the road and the row of buildings, centred on the RSU */
    double lane_width_m;
    double setback_m;  /* from the RSU to the near edge of the road */
    double sidewalk_m; /* width of each sidewalk */
    double yard_m;     /* from the far sidewalk to the building fronts */
    double building_min_height_m, building_max_height_m;
    double tree_spacing_m; /* along the far sidewalk; 0 = no trees */
} bcue_street_config;

/* What an object id stands for. */
typedef enum bcue_object_kind {
    BCUE_OBJECT_GROUND,
    BCUE_OBJECT_BUILDING,
    BCUE_OBJECT_TREE,
    BCUE_OBJECT_LAMP_POST,
} bcue_object_kind;

typedef struct bcue_object {
    bcue_object_kind kind;
    float tint[3];    /* colour of its tinted materials, linear RGB */
    uint32_t variant; /* varies the pattern from building to building */
} bcue_object;

/* Everything that stands still, and the shapes of everything that moves. Immutable once built: any number of
 * threads may read it. */
typedef struct bcue_world {
    bcue_street_config street;
    bcue_mesh statics;    /* triangle.object indexes `objects` */
    bcue_object *objects; /* owned */
    size_t object_count, object_capacity;
    bcue_facet *facets; /* owned: surfaces that reflect radio waves */
    size_t facet_count, facet_capacity;
    bcue_vehicle_model models[BCUE_VEHICLE_CLASS_COUNT];
} bcue_world;

/* Build the street of a seed. On success the caller destroys it. */
bcue_status bcue_world_make_street(const bcue_street_config *config, uint64_t seed, bcue_world *world,
                                   bcue_error *error);
/* A bare ground half-space (z = 0, `half_side_m` to each side of the origin) with the vehicle shapes and
 * nothing else. */
bcue_status bcue_world_make_plain(double half_side_m, bcue_material_id ground, bcue_world *world,
                                  bcue_error *error);
void bcue_world_free(bcue_world *world); /* and make it empty */

/* Pieces that builders put together; `failed` sticks in world->statics. */
uint32_t bcue_world_add_object(bcue_world *world, bcue_object object);
/* A rectangle that is seen and that reflects. */
void bcue_world_add_wall(bcue_world *world, bcue_vec3 corner, bcue_vec3 edge_u, bcue_vec3 edge_v,
                         bcue_material_id material, uint32_t object);

/* y of the middle of a lane: 0 = near (eastbound), 1 = far (westbound). */
double bcue_street_lane_y(const bcue_street_config *config, int lane);

#endif

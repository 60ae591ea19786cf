/* A world: everything that stands still, the materials it is made of, and the shapes of everything that
   moves. Immutable once built: any number of threads may read it. World frame: x east, y north, z up, metres.
 */
#ifndef BCUE_WORLD_WORLD_H
#define BCUE_WORLD_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "beamcue/status.h"
#include "world/marking.h"
#include "world/mesh.h"
#include "world/radio_shape.h"
#include "world/road.h"
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
    BCUE_OBJECT_SIGN, /* traffic signs and signals */
    BCUE_OBJECT_BUS_STOP,
    BCUE_OBJECT_PARKED_CAR,
    BCUE_OBJECT_OTHER,
} bcue_object_kind;

typedef struct bcue_object {
    bcue_object_kind kind;
    float tint[3];    /* colour of its tinted materials, linear RGB */
    uint32_t variant; /* varies the pattern from building to building */
    /* Camera and LiDAR see it; to radio waves it is not there: no radio shape holds its triangles and
       bcue_radio_visible looks through them (leaves, whose loss comes from the canopy volumes; small trim).
     */
    bool decoration;
    /* The lens of a traffic light: 1 + its index in roads.signals, and the bcue_signal_state in which it
       shines. 0: no such lens. */
    uint32_t signal, signal_state;
} bcue_object;

/* A vehicle that stands for good. */
typedef struct bcue_parked {
    uint32_t model; /* in world->models */
    bcue_vec3 position;
    double yaw;
    float paint[3];
} bcue_parked;

/* A street lamp: where its light comes from. It shines downward. */
typedef struct bcue_lamp {
    bcue_vec3 position;
    double flux_lm;
} bcue_lamp;

/* The crown of a tree, an upright ellipsoid filled with leaves (ITU-R P.833: loss by the metres inside). */
typedef struct bcue_canopy {
    bcue_vec3 centre, half_axes;
} bcue_canopy;

/* Upright rectangle of the ground: x_low <= x <= x_high, ... */
typedef struct bcue_bounds {
    double x_low, x_high, y_low, y_high;
} bcue_bounds;

typedef struct bcue_world {
    bcue_street_config street; /* of the demo street */
    bcue_mesh statics;         /* triangle.object indexes `objects`, triangle.material `materials` */
    /* Triangles below this index belong to solid objects, the rest to decorations (bcue_world_finish sorts).
     */
    size_t solid_count;
    bcue_object *objects; /* owned */
    size_t object_count, object_capacity;
    bcue_material *materials; /* owned; the first BCUE_MATERIAL_COUNT are the built-in ones */
    size_t material_count, material_capacity;
    bcue_radio_shape radio; /* owned: what radio waves meet of the solid objects */
    /* Owned; the first BCUE_VEHICLE_CLASS_COUNT are the built-in classes, in the order of bcue_vehicle_class.
     */
    bcue_vehicle_model *models;
    size_t model_count, model_capacity;
    bcue_roads roads;
    bcue_markings markings; /* paint on the roads */
    bcue_parked *parked;    /* owned */
    size_t parked_count, parked_capacity;
    bcue_lamp *lamps; /* owned */
    size_t lamp_count, lamp_capacity;
    bcue_canopy *canopies; /* owned */
    size_t canopy_count, canopy_capacity;
    bcue_bounds bounds; /* vehicles count inside; all zero: everywhere */
} bcue_world;

/* An empty world with the built-in materials and vehicle models. Builders and importers start here: they add
   to it and end with bcue_world_finish. On success the caller frees it. */
bcue_status bcue_world_init(bcue_world *world, bcue_error *error);
/* Call when everything is in place (and again after adding to it): sorts solid triangles before decorations,
   makes the radio shapes of the street and of the models, and turns a sticky failure of the pieces (out of
   memory) into an error. `what` names the world in messages ("the street"). The world is freed on failure. */
bcue_status bcue_world_finish(bcue_world *world, const char *what, bcue_error *error);
void bcue_world_free(bcue_world *world); /* and make it empty */

/* Pieces that builders put together; `failed` sticks in world->statics. */
uint32_t bcue_world_add_object(bcue_world *world, bcue_object object);
/* A copy of `material` joins the world; its id. */
bcue_material_id bcue_world_add_material(bcue_world *world, const bcue_material *material);
/* The world takes over the model (its meshes; also when this fails); its index. */
uint32_t bcue_world_add_model(bcue_world *world, bcue_vehicle_model *model);
/* A rectangle; edge_u x edge_v points outward. */
void bcue_world_add_wall(bcue_world *world, bcue_vec3 corner, bcue_vec3 edge_u, bcue_vec3 edge_v,
                         bcue_material_id material, uint32_t object);

void bcue_world_add_parked(bcue_world *world, const bcue_parked *parked);
void bcue_world_add_lamp(bcue_world *world, const bcue_lamp *lamp);
void bcue_world_add_canopy(bcue_world *world, const bcue_canopy *canopy);

/* Does (x, y) lie in the bounds? Bounds that are all zero hold everything. */
bool bcue_bounds_contain(const bcue_bounds *bounds, double x, double y);

/* Never NULL; an id that the world does not have is taken for the first material. */
const bcue_material *bcue_world_material(const bcue_world *world, bcue_material_id id);
/* The material with this name (UINT32_MAX: none). */
bcue_material_id bcue_world_find_material(const bcue_world *world, const char *name);

#endif

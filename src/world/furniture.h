/* What stands along a street. Everything but bus shelters is a decoration: thin posts and small plates, and
   trees, whose radio loss comes from the canopies that are added to the world with them. */
#ifndef BCUE_WORLD_FURNITURE_H
#define BCUE_WORLD_FURNITURE_H

#include "base/rng.h"
#include "world/world.h"

/* `at`: the foot. `yaw`: where the thing faces (radians, 0 = east); a lamp's arm reaches that way. Failure
   sticks in world->statics. */
void bcue_tree_add(bcue_world *world, bcue_vec3 at, double height_m, bcue_rng *rng);
void bcue_lamp_post_add(bcue_world *world, bcue_vec3 at, double yaw);
void bcue_bus_stop_add(bcue_world *world, bcue_vec3 at, double yaw);

typedef enum bcue_sign_kind {
    BCUE_SIGN_STOP,
    BCUE_SIGN_SPEED,
    BCUE_SIGN_NAME,
    BCUE_SIGN_KIND_COUNT
} bcue_sign_kind;
void bcue_sign_add(bcue_world *world, bcue_vec3 at, double yaw, bcue_sign_kind kind);
/* A traffic light with a head above the road; where the head is. Its lenses shine as `signal` (index in
   roads.signals) says. */
bcue_vec3 bcue_traffic_light_add(bcue_world *world, bcue_vec3 at, double yaw, double reach_m,
                                 uint32_t signal);

#endif

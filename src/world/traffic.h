/* Vehicles on the street of one episode, each at its own constant speed. */
#ifndef BCUE_WORLD_TRAFFIC_H
#define BCUE_WORLD_TRAFFIC_H

#include <stddef.h>
#include <stdint.h>
#include "base/vec3.h"
#include "beamcue/status.h"
#include "world/street.h"

typedef struct bcue_traffic_config {
    double vehicles_per_minute; /* per lane, beyond the transmitting vehicle */
    double min_speed_mps, max_speed_mps;
    double min_gap_m;      /* bumper to bumper, at every instant */
    double half_span_m[2]; /* per lane: the episode runs while the target's |x| is below this */
    double class_weights[BCUE_VEHICLE_CLASS_COUNT]; /* relative frequency */
} bcue_traffic_config;

typedef struct bcue_vehicle {
    bcue_vehicle_class vehicle_class;
    int lane;            /* 0 near, eastbound; 1 far, westbound */
    double start_x_m;    /* at time 0 */
    double velocity_mps; /* along x; negative = westbound */
    float paint[3];      /* linear RGB */
} bcue_vehicle;

typedef struct bcue_traffic {
    bcue_vehicle *vehicles; /* owned */
    size_t count, capacity;
    size_t target;     /* the transmitting vehicle */
    double duration_s; /* until the target has passed */
} bcue_traffic;

/* Draw the traffic of an episode. Headways are exponential; nobody overlaps anybody before duration_s. */
bcue_status bcue_traffic_make(const bcue_world *world, const bcue_traffic_config *config, uint64_t seed,
                              uint32_t episode, bcue_traffic *traffic, bcue_error *error);
void bcue_traffic_free(bcue_traffic *traffic); /* and make it empty */

/* A vehicle shape placed in the world. */
typedef struct bcue_instance {
    uint32_t model;         /* index in world->models */
    bcue_vec3 position;     /* of the model's origin */
    double yaw;             /* radians, counter-clockwise, 0 = east */
    bcue_vec3 velocity_mps; /* of the vehicle, along the world's axes */
    float paint[3];
} bcue_instance;

bcue_instance bcue_vehicle_at(const bcue_world *world, const bcue_vehicle *vehicle, double time_s);
/* Where the antenna of a placed vehicle is. */
bcue_vec3 bcue_instance_antenna(const bcue_world *world, const bcue_instance *instance);
/* All vehicles at `time_s`, in order (instance i is vehicle i); `instances` has traffic->count places. */
void bcue_traffic_at(const bcue_world *world, const bcue_traffic *traffic, double time_s,
                     bcue_instance *instances);

#endif

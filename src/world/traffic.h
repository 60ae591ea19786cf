/* Who drives where in one episode: recorded tracks, whatever they come from (the flow simulation of
   traffic_flow.h, the constant-speed street below, or the trace of another simulator). */
#ifndef BCUE_WORLD_TRAFFIC_H
#define BCUE_WORLD_TRAFFIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/rng.h"
#include "base/vec3.h"
#include "beamcue/status.h"
#include "world/street.h"

/* A vehicle at one instant. */
typedef struct bcue_track_state {
    bcue_vec3 position; /* of the model's origin: on the ground under its centre */
    double yaw;         /* radians, counter-clockwise, 0 = east */
    bcue_vec3 velocity_mps;
    uint32_t lane; /* in world->roads; UINT32_MAX when unknown */
} bcue_track_state;

/* One vehicle from its first appearance to its last. State k holds at first_time_s + k * traffic->step_s.
   With a single state it is there all the time, at that velocity (before first_time_s too). */
typedef struct bcue_track {
    char id[32];
    uint32_t model; /* in world->models */
    float paint[3]; /* linear RGB */
    double first_time_s;
    size_t first_state, state_count; /* in traffic->states */
} bcue_track;

typedef struct bcue_traffic {
    bcue_track *tracks; /* owned */
    size_t track_count, track_capacity;
    bcue_track_state *states; /* owned */
    size_t state_count, state_capacity;
    double step_s;     /* between states */
    double duration_s; /* of the episode: times 0 .. duration_s */
    size_t target;     /* the track that transmits, where only one does */
} bcue_traffic;

void bcue_traffic_free(bcue_traffic *traffic); /* and make it empty */
/* Add a vehicle without states yet (states of different tracks must not interleave: add a track, then all its
   states). False: out of memory. */
bool bcue_traffic_add_track(bcue_traffic *traffic, const bcue_track *track);
/* Add the next state of the last track. */
bool bcue_traffic_add_state(bcue_traffic *traffic, const bcue_track_state *state);

/* A vehicle shape placed in the world. */
typedef struct bcue_instance {
    uint32_t model;         /* index in world->models */
    bcue_vec3 position;     /* of the model's origin */
    double yaw;             /* radians, counter-clockwise, 0 = east */
    bcue_vec3 velocity_mps; /* of the vehicle, along the world's axes */
    float paint[3];
    bool parked; /* stands for good, without driver and lights */
} bcue_instance;

#define BCUE_NO_TRACK UINT32_MAX /* id of a parked vehicle */

/* Is the vehicle of a track in the world at `time_s`? If so, *state is filled by interpolation (positions and
   velocities linear, yaw along the shorter arc, the lane of the earlier state). */
bool bcue_track_at(const bcue_traffic *traffic, size_t track, double time_s, bcue_track_state *state);
/* How many places `bcue_traffic_at` may need. */
size_t bcue_traffic_capacity(const bcue_world *world, const bcue_traffic *traffic);
/* Everything that stands or drives at `time_s`: the vehicles that are there in the order of their tracks,
   then the parked ones of the world. ids[i] (may be NULL) is the track of instance i, or BCUE_NO_TRACK. */
void bcue_traffic_at(const bcue_world *world, const bcue_traffic *traffic, double time_s,
                     bcue_instance *instances, size_t *count, uint32_t *ids);
/* Where the antenna of a placed vehicle is. */
bcue_vec3 bcue_instance_antenna(const bcue_world *world, const bcue_instance *instance);
/* Do the boxes around two placed vehicles overlap, seen from above? */
bool bcue_instances_overlap(const bcue_world *world, const bcue_instance *a, const bcue_instance *b);

/* A colour as cars have it. */
void bcue_draw_paint(float paint[3], bcue_rng *rng);

/* ---- the straight demo street: constant speed, both ways ---- */
typedef struct bcue_traffic_config {
    double vehicles_per_minute; /* per lane, beyond the transmitting vehicle */
    double min_speed_mps, max_speed_mps;
    double min_gap_m;      /* bumper to bumper, at every instant */
    double half_span_m[2]; /* per lane: the episode runs while the target's |x| is below this */
    double class_weights[BCUE_VEHICLE_CLASS_COUNT]; /* relative frequency */
} bcue_traffic_config;

/* Draw the traffic of an episode of a world of bcue_world_make_street. Headways are exponential; nobody
   overlaps anybody before duration_s. Every track has one state. */
bcue_status bcue_traffic_make(const bcue_world *world, const bcue_traffic_config *config, uint64_t seed,
                              uint32_t episode, bcue_traffic *traffic, bcue_error *error);

#endif

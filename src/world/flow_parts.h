/* Inside the traffic simulation: what its steps share. */
#ifndef BCUE_WORLD_FLOW_PARTS_H
#define BCUE_WORLD_FLOW_PARTS_H

#include "base/rng.h"
#include "world/driver_model.h"
#include "world/traffic_flow.h"

enum { BCUE_FLOW_HISTORY = 4, BCUE_FLOW_HOLDS = 3 };

/* Somebody on the way. Positions along lanes are those of the front bumper. */
typedef struct bcue_mover {
    uint32_t model, serial;
    bcue_vehicle_class vehicle_class;
    double length, width;
    bcue_driver driver;
    double speed_factor; /* of the limit */
    uint32_t lane;
    double s, v, a;
    uint32_t next;                      /* the lane after this one; BCUE_NO_LANE at the world's end */
    uint32_t before[BCUE_FLOW_HISTORY]; /* lanes behind, the latest first */
    uint32_t holds[BCUE_FLOW_HOLDS];    /* ways across crossings that are reserved for it */
    double waited_s;
    /* a lane change under way: from `beside`, `shift_m` off the new lane's centre at first */
    uint32_t beside;
    double shift_m, shift_from, shift_length, rest_s;
    bool walker, gone;
    float paint[3];
    size_t first_step; /* of its record */
    bcue_track_state *states;
    size_t state_count, state_capacity;
} bcue_mover;

/* A stretch of lane that somebody takes up. */
typedef struct bcue_occupant {
    uint32_t lane;
    double rear, front;
    size_t mover;
} bcue_occupant;

typedef struct bcue_flow {
    const bcue_world *world;
    const bcue_roads *roads;
    const bcue_flow_config *config;
    bcue_mover *movers; /* owned; gone ones stay for their records */
    size_t mover_count, mover_capacity;
    size_t *active; /* owned: movers on the road, in order of arrival */
    size_t active_count, active_capacity;
    bcue_occupant *occupants; /* owned; of this step */
    size_t occupant_count, occupant_capacity;
    double *arrivals; /* owned, per lane: waiting outside */
    double time;
    bcue_rng rng;
    uint64_t seed;
    uint32_t episode;
    bool failed; /* out of memory */
} bcue_flow;

/* The place `back_m` behind the front bumper, on the lanes it came along. */
bcue_vec3 bcue_mover_point(const bcue_flow *flow, const bcue_mover *mover, double back_m, double *yaw);
/* Pose for the record. */
bcue_track_state bcue_mover_state(const bcue_flow *flow, const bcue_mover *mover);
/* List who takes up what. */
void bcue_flow_list_occupants(bcue_flow *flow);
/* The gap ahead on the mover's way, up to a horizon, and the leader's speed. `lane`, `s`: as if it were
 * there. */
double bcue_flow_gap(const bcue_flow *flow, size_t mover, uint32_t lane, double s, uint32_t next,
                     double *leader_mps);
/* Draw which lane follows on `lane`. */
uint32_t bcue_flow_choose_next(bcue_flow *flow, uint32_t lane, bcue_rng *rng);
/* May the mover pass its stop line? Reserves the way across when it may. */
bool bcue_flow_may_cross(bcue_flow *flow, size_t index);
/* Give back the ways whose ends it has left. */
void bcue_flow_release(bcue_flow *flow, bcue_mover *mover);
/* Change lanes where it is safe and worth it. */
void bcue_flow_change_lanes(bcue_flow *flow);
/* Acceleration from what is ahead: leader, stop line, lower limits. */
double bcue_flow_acceleration(bcue_flow *flow, size_t index);

#endif

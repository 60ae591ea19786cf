/* Traffic that drives itself: car following (IDM), lane changes (MOBIL), traffic lights, right of way, turns,
   arrivals at a rate; walkers on the sidewalks. Everything follows from world, configuration, seed and
   episode. */
#ifndef BCUE_WORLD_TRAFFIC_FLOW_H
#define BCUE_WORLD_TRAFFIC_FLOW_H

#include "base/config.h"
#include "world/traffic.h"

typedef struct bcue_flow_config {
    double vehicles_per_minute; /* arrivals on each lane that enters the world */
    int64_t max_vehicles;       /* on the roads at once; arrivals wait outside */
    double walkers_per_minute;  /* arrivals on each sidewalk that enters the world */
    double warm_up_s;           /* simulated before time 0 */
    double spawn_until_s;       /* no arrivals from here on */
    double duration_s, step_s;  /* what is recorded: times 0, step, ... duration */
    struct {
        double headway_s, min_gap_m, acceleration_mps2, deceleration_mps2;
        double speed_spread; /* standard deviation of the desired speed as a share of the limit */
    } driver;
    struct {
        bool enabled;
        double politeness, threshold_mps2, safe_mps2;
    } lane_change;
    struct {
        double hatchback, sedan, suv, van, truck, bus, motorcycle, bicycle;
    } class_weights;
} bcue_flow_config;

extern const bcue_config_field bcue_flow_fields[];
/* All defaults. */
bcue_status bcue_flow_defaults(bcue_flow_config *config, bcue_error *error);

/* Simulate an episode of a world with roads. Vehicles never overlap. On success the caller frees the traffic:
   vehicles in the order of their arrival, tracks from time 0 on. */
bcue_status bcue_traffic_flow(const bcue_world *world, const bcue_flow_config *config, uint64_t seed,
                              uint32_t episode, bcue_traffic *traffic, bcue_error *error);

/* How many steps of `step_s` the episode has: it ends after `max_steps`, or before the first step at which no
   vehicle (walkers apart) is inside the world's bounds; 0 when none is there at the start. */
size_t bcue_traffic_steps(const bcue_world *world, const bcue_traffic *traffic, double step_s,
                          size_t max_steps);
/* Is the vehicle on the road: within half a lane of a lane's centre line (off-road vehicles are the sign of a
   trace that belongs to another street)? A failure names the vehicle, the time and the place. */
bcue_status bcue_traffic_check(const bcue_world *world, const bcue_traffic *traffic, bcue_error *error);

#endif

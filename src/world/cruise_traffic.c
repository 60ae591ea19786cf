/* The traffic of the straight demo street. */
#include <math.h>
#include <stdio.h>
#include "base/fail.h"
#include "base/rng.h"
#include "world/traffic.h"

/* A vehicle that keeps its speed. */
typedef struct cruiser {
    bcue_vehicle_class vehicle_class;
    int lane;            /* 0 near, eastbound; 1 far, westbound */
    double start_x_m;    /* at time 0 */
    double velocity_mps; /* along x; negative = westbound */
    float paint[3];
} cruiser;

static bcue_vehicle_class draw_class(const double weights[BCUE_VEHICLE_CLASS_COUNT], bcue_rng *rng)
{
    double total = 0.0;
    for (int c = 0; c < BCUE_VEHICLE_CLASS_COUNT; c++)
        total += weights[c];
    double left = bcue_rng_uniform(rng) * total;
    int last = 0;
    for (int c = 0; c < BCUE_VEHICLE_CLASS_COUNT; c++) {
        if (weights[c] <= 0.0)
            continue;
        last = c;
        left -= weights[c];
        if (left < 0.0)
            break;
    }
    return (bcue_vehicle_class)last;
}

static cruiser draw_vehicle(const bcue_traffic_config *config, int lane, bcue_rng *rng)
{
    cruiser vehicle = {.vehicle_class = draw_class(config->class_weights, rng), .lane = lane};
    bcue_draw_paint(vehicle.paint, rng);
    double speed = bcue_rng_range(rng, config->min_speed_mps, config->max_speed_mps);
    vehicle.velocity_mps = lane == 0 ? speed : -speed;
    return vehicle;
}

static bool add(const bcue_world *world, bcue_traffic *traffic, const cruiser *vehicle)
{
    bcue_track track = {.model = (uint32_t)vehicle->vehicle_class,
                        .paint = {vehicle->paint[0], vehicle->paint[1], vehicle->paint[2]}};
    snprintf(track.id, sizeof track.id, "%zu", traffic->track_count);
    const bcue_track_state state = {
        .position = {vehicle->start_x_m, bcue_street_lane_y(&world->street, vehicle->lane), 0.0},
        .yaw = vehicle->lane == 0 ? 0.0 : BCUE_PI,
        .velocity_mps = {vehicle->velocity_mps, 0.0, 0.0},
        .lane = (uint32_t)vehicle->lane};
    return bcue_traffic_add_track(traffic, &track) && bcue_traffic_add_state(traffic, &state);
}

/* Distance between the middles of two vehicles, `ahead` in front of `behind`, at time 0: an exponential
   headway at the mean flow on top of the least gap, and at least what keeps the gap at the end of the episode
   too (between, it is linear in time). */
static double draw_spacing(const bcue_world *world, const bcue_traffic_config *config, double duration_s,
                           const cruiser *ahead, const cruiser *behind, bcue_rng *rng)
{
    double least = config->min_gap_m + 0.5 * (world->models[ahead->vehicle_class].length_m +
                                              world->models[behind->vehicle_class].length_m);
    double closing = (fabs(behind->velocity_mps) - fabs(ahead->velocity_mps)) * duration_s;
    double mean_m =
        60.0 * 0.5 * (config->min_speed_mps + config->max_speed_mps) / config->vehicles_per_minute;
    double free_m = mean_m > least ? mean_m - least : 0.0;
    double spacing = least - free_m * log(1.0 - bcue_rng_uniform(rng));
    return spacing > least + closing ? spacing : least + closing;
}

/* Fill the lane of `first` ahead of it (sign +1) or behind it (-1), as far as anyone can be seen during the
 * episode. */
static bool fill_lane(const bcue_world *world, const bcue_traffic_config *config, bcue_traffic *traffic,
                      cruiser neighbour, double sign, bcue_rng *rng)
{
    double reach = 0.5 * world->street.length_m + 20.0, direction = neighbour.lane == 0 ? 1.0 : -1.0;
    for (;;) {
        cruiser next = draw_vehicle(config, neighbour.lane, rng);
        double spacing = sign > 0.0
                             ? draw_spacing(world, config, traffic->duration_s, &next, &neighbour, rng)
                             : draw_spacing(world, config, traffic->duration_s, &neighbour, &next, rng);
        double along = direction * neighbour.start_x_m + sign * spacing;
        next.start_x_m = direction * along;
        double limit = sign > 0.0 ? reach : reach + config->max_speed_mps * traffic->duration_s;
        if (sign * along > limit)
            return true;
        if (!add(world, traffic, &next))
            return false;
        neighbour = next;
    }
}

bcue_status bcue_traffic_make(const bcue_world *world, const bcue_traffic_config *config, uint64_t seed,
                              uint32_t episode, bcue_traffic *traffic, bcue_error *error)
{
    bcue_traffic made = {0};
    bcue_rng rng = bcue_rng_make(seed, BCUE_RNG_TRAFFIC, episode, 0, 0);
    int lane = bcue_rng_uniform(&rng) < 0.5 ? 0 : 1;
    cruiser target = draw_vehicle(config, lane, &rng);
    target.start_x_m = lane == 0 ? -config->half_span_m[lane] : config->half_span_m[lane];
    made.duration_s = 2.0 * config->half_span_m[lane] / fabs(target.velocity_mps);
    bool ok = add(world, &made, &target);
    if (config->vehicles_per_minute > 0.0) {
        ok = ok && fill_lane(world, config, &made, target, 1.0, &rng) &&
             fill_lane(world, config, &made, target, -1.0, &rng);
        /* The other lane starts from a vehicle somewhere on it, and is filled both ways from there. */
        cruiser other = draw_vehicle(config, 1 - lane, &rng);
        other.start_x_m = bcue_rng_range(&rng, -0.5, 0.5) * world->street.length_m;
        ok = ok && add(world, &made, &other) && fill_lane(world, config, &made, other, 1.0, &rng) &&
             fill_lane(world, config, &made, other, -1.0, &rng);
    }
    if (!ok) {
        bcue_traffic_free(&made);
        return bcue_fail_memory(error, "the traffic");
    }
    *traffic = made;
    return BCUE_OK;
}

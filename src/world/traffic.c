#include "world/traffic.h"

#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"
#include "base/rng.h"

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

static void draw_paint(bcue_vehicle *vehicle, bcue_rng *rng)
{
    static const float paints[][3] = {{0.70f, 0.70f, 0.70f}, {0.02f, 0.02f, 0.025f}, {0.22f, 0.23f, 0.25f},
                                      {0.42f, 0.43f, 0.45f}, {0.45f, 0.02f, 0.02f},  {0.02f, 0.08f, 0.35f},
                                      {0.03f, 0.18f, 0.08f}, {0.60f, 0.42f, 0.05f},  {0.10f, 0.30f, 0.45f},
                                      {0.30f, 0.12f, 0.05f}, {0.65f, 0.60f, 0.48f}};
    const float *paint = paints[bcue_rng_below(rng, sizeof paints / sizeof paints[0])];
    for (int c = 0; c < 3; c++)
        vehicle->paint[c] = paint[c] * (float)bcue_rng_range(rng, 0.85, 1.15);
}

static bcue_vehicle draw_vehicle(const bcue_traffic_config *config, int lane, bcue_rng *rng)
{
    bcue_vehicle vehicle = {.vehicle_class = draw_class(config->class_weights, rng), .lane = lane};
    draw_paint(&vehicle, rng);
    double speed = bcue_rng_range(rng, config->min_speed_mps, config->max_speed_mps);
    vehicle.velocity_mps = lane == 0 ? speed : -speed;
    return vehicle;
}

static bool add(bcue_traffic *traffic, const bcue_vehicle *vehicle)
{
    if (!bcue_grow((void **)&traffic->vehicles, &traffic->capacity, traffic->count + 1, sizeof *vehicle))
        return false;
    traffic->vehicles[traffic->count++] = *vehicle;
    return true;
}

/* Distance between the middles of two vehicles, `ahead` in front of `behind`, at time 0: an exponential
   headway at the mean flow on top of the least gap, and at least what keeps the gap at the end of the episode
   too (between, it is linear in time). */
static double draw_spacing(const bcue_world *world, const bcue_traffic_config *config, double duration_s,
                           const bcue_vehicle *ahead, const bcue_vehicle *behind, bcue_rng *rng)
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
                      bcue_vehicle neighbour, double sign, bcue_rng *rng)
{
    double reach = 0.5 * world->street.length_m + 20.0, direction = neighbour.lane == 0 ? 1.0 : -1.0;
    for (;;) {
        bcue_vehicle next = draw_vehicle(config, neighbour.lane, rng);
        double spacing = sign > 0.0
                             ? draw_spacing(world, config, traffic->duration_s, &next, &neighbour, rng)
                             : draw_spacing(world, config, traffic->duration_s, &neighbour, &next, rng);
        double along = direction * neighbour.start_x_m + sign * spacing;
        next.start_x_m = direction * along;
        double limit = sign > 0.0 ? reach : reach + config->max_speed_mps * traffic->duration_s;
        if (sign * along > limit)
            return true;
        if (!add(traffic, &next))
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
    bcue_vehicle target = draw_vehicle(config, lane, &rng);
    target.start_x_m = lane == 0 ? -config->half_span_m[lane] : config->half_span_m[lane];
    made.duration_s = 2.0 * config->half_span_m[lane] / fabs(target.velocity_mps);
    bool ok = add(&made, &target);
    if (config->vehicles_per_minute > 0.0) {
        ok = ok && fill_lane(world, config, &made, target, 1.0, &rng) &&
             fill_lane(world, config, &made, target, -1.0, &rng);
        /* The other lane starts from a vehicle somewhere on it, and is filled both ways from there. */
        bcue_vehicle other = draw_vehicle(config, 1 - lane, &rng);
        other.start_x_m = bcue_rng_range(&rng, -0.5, 0.5) * world->street.length_m;
        ok = ok && add(&made, &other) && fill_lane(world, config, &made, other, 1.0, &rng) &&
             fill_lane(world, config, &made, other, -1.0, &rng);
    }
    if (!ok) {
        bcue_traffic_free(&made);
        return bcue_fail_memory(error, "the traffic");
    }
    *traffic = made;
    return BCUE_OK;
}

void bcue_traffic_free(bcue_traffic *traffic)
{
    free(traffic->vehicles);
    *traffic = (bcue_traffic){0};
}

bcue_instance bcue_vehicle_at(const bcue_world *world, const bcue_vehicle *vehicle, double time_s)
{
    bcue_instance instance = {.model = (uint32_t)vehicle->vehicle_class,
                              .yaw = vehicle->lane == 0 ? 0.0 : BCUE_PI,
                              .velocity_mps = {vehicle->velocity_mps, 0.0, 0.0}};
    instance.position = bcue_vec3_make(vehicle->start_x_m + vehicle->velocity_mps * time_s,
                                       bcue_street_lane_y(&world->street, vehicle->lane), 0.0);
    for (int c = 0; c < 3; c++)
        instance.paint[c] = vehicle->paint[c];
    return instance;
}

bcue_vec3 bcue_instance_antenna(const bcue_world *world, const bcue_instance *instance)
{
    bcue_frame frame = bcue_frame_make(instance->position, instance->yaw, 0.0);
    return bcue_vec3_add(frame.origin, bcue_frame_world(&frame, world->models[instance->model].antenna));
}

void bcue_traffic_at(const bcue_world *world, const bcue_traffic *traffic, double time_s,
                     bcue_instance *instances)
{
    for (size_t i = 0; i < traffic->count; i++)
        instances[i] = bcue_vehicle_at(world, &traffic->vehicles[i], time_s);
}

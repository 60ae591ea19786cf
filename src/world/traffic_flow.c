#include "world/traffic_flow.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/fail.h"
#include "base/memory.h"
#include "world/flow_parts.h"

#define LARGEST_STEP_S 0.1
#define MOST_WAITING 3.0 /* arrivals that wait before a full lane; more turn away */

enum { RNG_ARRIVALS = 1, RNG_MOVERS = 2 };

static size_t count_vehicles(const bcue_flow *flow)
{
    size_t count = 0;
    for (size_t i = 0; i < flow->active_count; i++)
        count += !flow->movers[flow->active[i]].walker;
    return count;
}

/* ---- arrivals ---- */
static bcue_vehicle_class draw_class(bcue_flow *flow, bool rightmost)
{
    const bcue_flow_config *c = flow->config;
    const double weights[] = {c->class_weights.hatchback,
                              c->class_weights.sedan,
                              c->class_weights.suv,
                              c->class_weights.van,
                              rightmost ? c->class_weights.truck : 0.0,
                              rightmost ? c->class_weights.bus : 0.0,
                              c->class_weights.motorcycle,
                              rightmost ? c->class_weights.bicycle : 0.0};
    enum { CLASSES = sizeof weights / sizeof weights[0] };
    double total = 0.0;
    for (int i = 0; i < CLASSES; i++)
        total += weights[i];
    double left = bcue_rng_uniform(&flow->rng) * total;
    for (int i = 0; i < CLASSES; i++)
        if (weights[i] > 0.0 && (left -= weights[i]) < 0.0)
            return (bcue_vehicle_class)i;
    return BCUE_VEHICLE_SEDAN;
}

static void set_driver(bcue_flow *flow, bcue_mover *m)
{
    const bcue_flow_config *c = flow->config;
    double normal = bcue_rng_normal(&flow->rng);
    m->speed_factor = fmax(0.7, fmin(1.3, 1.0 + c->driver.speed_spread * normal));
    m->driver = (bcue_driver){.desired_mps = 60.0,
                              .headway_s = c->driver.headway_s * bcue_rng_range(&flow->rng, 0.85, 1.2),
                              .min_gap_m = c->driver.min_gap_m,
                              .acceleration_mps2 = c->driver.acceleration_mps2,
                              .deceleration_mps2 = c->driver.deceleration_mps2};
    if (m->vehicle_class == BCUE_VEHICLE_TRUCK || m->vehicle_class == BCUE_VEHICLE_BUS)
        m->driver.acceleration_mps2 *= 0.65;
    if (m->vehicle_class == BCUE_VEHICLE_BICYCLE)
        m->driver.desired_mps = fmax(3.0, 5.0 + 0.8 * normal);
    if (m->walker)
        m->driver = (bcue_driver){fmax(0.7, 1.35 + 0.2 * normal), 0.4, 0.5, 0.6, 1.0};
}

static size_t add_mover(bcue_flow *flow, const bcue_mover *mover)
{
    if (!bcue_grow((void **)&flow->movers, &flow->mover_capacity, flow->mover_count + 1, sizeof *mover) ||
        !bcue_grow((void **)&flow->active, &flow->active_capacity, flow->active_count + 1,
                   sizeof *flow->active)) {
        flow->failed = true;
        return SIZE_MAX;
    }
    flow->movers[flow->mover_count] = *mover;
    flow->active[flow->active_count++] = flow->mover_count;
    return flow->mover_count++;
}

static bcue_rng mover_rng(const bcue_flow *flow, const bcue_mover *m, uint32_t lane)
{
    return bcue_rng_make(flow->seed, BCUE_RNG_TRAFFIC, flow->episode, RNG_MOVERS + m->serial, lane);
}

/* The first arrival that waits before a lane comes in, if it can stop behind whoever is there. */
static void let_in(bcue_flow *flow, uint32_t index)
{
    const bcue_lane *lane = &flow->roads->lanes[index];
    bool walker = lane->kind == BCUE_LANE_WALK;
    if (!walker && count_vehicles(flow) >= (size_t)flow->config->max_vehicles)
        return;
    double room = lane->length_m;
    for (size_t i = 0; i < flow->occupant_count; i++)
        if (flow->occupants[i].lane == index)
            room = fmin(room, flow->occupants[i].rear);
    if (room < (walker ? 2.0 : 16.0)) /* before anything is drawn: the longest would need it */
        return;
    bcue_mover m = {
        .lane = index, .walker = walker, .beside = BCUE_NO_LANE, .serial = (uint32_t)flow->mover_count};
    m.vehicle_class = walker ? BCUE_VEHICLE_PEDESTRIAN : draw_class(flow, lane->right == BCUE_NO_LANE);
    m.model = (uint32_t)m.vehicle_class;
    m.length = flow->world->models[m.model].length_m;
    m.width = flow->world->models[m.model].width_m;
    set_driver(flow, &m);
    bcue_draw_paint(m.paint, &flow->rng);
    m.s = m.length + 0.2;
    double braking = fmax(0.0, room - m.s - m.driver.min_gap_m);
    m.v = fmin(fmin(m.driver.desired_mps, lane->speed_limit_mps * m.speed_factor),
               sqrt(2.0 * m.driver.deceleration_mps2 * braking) * 0.8);
    for (int i = 0; i < BCUE_FLOW_HISTORY; i++)
        m.before[i] = BCUE_NO_LANE;
    for (int i = 0; i < BCUE_FLOW_HOLDS; i++)
        m.holds[i] = BCUE_NO_LANE;
    bcue_rng rng = mover_rng(flow, &m, index);
    m.next = bcue_flow_choose_next(flow, index, &rng);
    if (add_mover(flow, &m) != SIZE_MAX) {
        flow->arrivals[index] -= 1.0;
        bcue_flow_list_occupants(flow);
    }
}

static void spawn(bcue_flow *flow, double dt)
{
    if (flow->time >= flow->config->spawn_until_s)
        return;
    for (uint32_t l = 0; l < flow->roads->lane_count; l++) {
        const bcue_lane *lane = &flow->roads->lanes[l];
        if (!lane->entry || lane->kind == BCUE_LANE_CONNECTOR)
            continue;
        double rate = lane->kind == BCUE_LANE_WALK ? flow->config->walkers_per_minute
                                                   : flow->config->vehicles_per_minute;
        if (bcue_rng_uniform(&flow->rng) < 1.0 - exp(-rate / 60.0 * dt))
            flow->arrivals[l] = fmin(MOST_WAITING, flow->arrivals[l] + 1.0);
        if (flow->arrivals[l] >= 1.0)
            let_in(flow, l);
    }
}

/* ---- one step ---- */
static void advance(bcue_flow *flow, bcue_mover *m, double dt)
{
    double v = fmax(0.0, m->v + m->a * dt);
    m->s += 0.5 * (m->v + v) * dt;
    m->v = v;
    m->rest_s -= dt;
    if (m->beside != BCUE_NO_LANE && m->s >= m->shift_from + m->shift_length)
        m->beside = BCUE_NO_LANE;
    while (!m->gone && m->s > flow->roads->lanes[m->lane].length_m) {
        if (m->next == BCUE_NO_LANE) {
            m->gone = true;
            break;
        }
        m->s -= flow->roads->lanes[m->lane].length_m;
        memmove(m->before + 1, m->before, (BCUE_FLOW_HISTORY - 1) * sizeof *m->before);
        m->before[0] = m->lane;
        m->lane = m->next;
        bcue_rng rng = mover_rng(flow, m, m->lane);
        m->next = bcue_flow_choose_next(flow, m->lane, &rng);
    }
    bcue_flow_release(flow, m);
}

static void step(bcue_flow *flow, double dt)
{
    bcue_flow_list_occupants(flow);
    if (flow->config->lane_change.enabled)
        bcue_flow_change_lanes(flow);
    for (size_t i = 0; i < flow->active_count; i++)
        flow->movers[flow->active[i]].a = bcue_flow_acceleration(flow, flow->active[i]);
    size_t left = 0;
    for (size_t i = 0; i < flow->active_count; i++) {
        bcue_mover *m = &flow->movers[flow->active[i]];
        advance(flow, m, dt);
        if (!m->gone)
            flow->active[left++] = flow->active[i];
    }
    flow->active_count = left;
    bcue_flow_list_occupants(flow);
    spawn(flow, dt);
}

static void record(bcue_flow *flow, size_t step_number)
{
    for (size_t i = 0; i < flow->active_count; i++) {
        bcue_mover *m = &flow->movers[flow->active[i]];
        if (!bcue_grow((void **)&m->states, &m->state_capacity, m->state_count + 1, sizeof *m->states)) {
            flow->failed = true;
            return;
        }
        if (m->state_count == 0)
            m->first_step = step_number;
        m->states[m->state_count++] = bcue_mover_state(flow, m);
    }
}

/* ---- the episode ---- */
static bool collect(const bcue_flow *flow, bcue_traffic *traffic)
{
    bool ok = true;
    for (size_t i = 0; ok && i < flow->mover_count; i++) {
        const bcue_mover *m = &flow->movers[i];
        if (m->state_count < 2) /* one state would mean: there for ever */
            continue;
        bcue_track track = {.model = m->model,
                            .paint = {m->paint[0], m->paint[1], m->paint[2]},
                            .first_time_s = (double)m->first_step * traffic->step_s};
        snprintf(track.id, sizeof track.id, "%s%u", m->walker ? "walker" : "vehicle", m->serial);
        ok = bcue_traffic_add_track(traffic, &track);
        for (size_t k = 0; ok && k < m->state_count; k++)
            ok = bcue_traffic_add_state(traffic, &m->states[k]);
    }
    return ok;
}

static bool run_episode(bcue_flow *flow, bcue_traffic *traffic)
{
    const bcue_flow_config *c = flow->config;
    int parts = (int)ceil(c->step_s / LARGEST_STEP_S - 1e-9);
    parts = parts < 1 ? 1 : parts;
    double dt = c->step_s / parts;
    size_t before = (size_t)ceil(c->warm_up_s / c->step_s),
           steps = (size_t)floor(c->duration_s / c->step_s + 1e-9);
    for (size_t k = 0; k <= before + steps && !flow->failed; k++) {
        double start = ((double)k - (double)before) * c->step_s;
        if (k >= before)
            record(flow, k - before);
        for (int part = 0; part < parts && k < before + steps; part++) {
            flow->time = start + part * dt;
            step(flow, dt);
        }
    }
    return !flow->failed && collect(flow, traffic);
}

static bcue_status check_config(const bcue_world *world, const bcue_flow_config *c, bcue_error *error)
{
    if (!(c->step_s > 0.0 && c->duration_s >= 0.0 && c->warm_up_s >= 0.0 && c->duration_s / c->step_s <= 1e6))
        return bcue_fail(
            error, BCUE_ERROR_ARGUMENT,
            "traffic: a duration of %g s in steps of %g s after %g s; times must not be negative, the step "
            "above 0, at most 1,000,000 steps",
            c->duration_s, c->step_s, c->warm_up_s);
    for (size_t l = 0; l < world->roads.lane_count; l++)
        if (world->roads.lanes[l].kind == BCUE_LANE_DRIVE && world->roads.lanes[l].entry)
            return BCUE_OK;
    return bcue_fail(
        error, BCUE_ERROR_DATA,
        "traffic: no lane leads into the world (it has %zu lanes), so nobody can arrive; give it roads that "
        "end in the open",
        world->roads.lane_count);
}

bcue_status bcue_traffic_flow(const bcue_world *world, const bcue_flow_config *config, uint64_t seed,
                              uint32_t episode, bcue_traffic *traffic, bcue_error *error)
{
    BCUE_TRY(check_config(world, config, error));
    bcue_flow flow = {
        .world = world, .roads = &world->roads, .config = config, .seed = seed, .episode = episode};
    bcue_traffic made = {.step_s = config->step_s, .duration_s = config->duration_s};
    flow.rng = bcue_rng_make(seed, BCUE_RNG_TRAFFIC, episode, RNG_ARRIVALS, 0);
    flow.arrivals = bcue_calloc(world->roads.lane_count, sizeof *flow.arrivals);
    bool ok = flow.arrivals && run_episode(&flow, &made);
    for (size_t i = 0; i < flow.mover_count; i++)
        free(flow.movers[i].states);
    free(flow.movers);
    free(flow.active);
    free(flow.occupants);
    free(flow.arrivals);
    if (!ok) {
        bcue_traffic_free(&made);
        return bcue_fail_memory(error, "the traffic");
    }
    *traffic = made;
    return BCUE_OK;
}

size_t bcue_traffic_steps(const bcue_world *world, const bcue_traffic *traffic, double step_s,
                          size_t max_steps)
{
    for (size_t k = 0; k < max_steps; k++) {
        bool anyone = false;
        for (size_t i = 0; !anyone && i < traffic->track_count; i++) {
            bcue_track_state state;
            if (world->models[traffic->tracks[i].model].vehicle_class == BCUE_VEHICLE_PEDESTRIAN ||
                !bcue_track_at(traffic, i, (double)k * step_s, &state))
                continue;
            anyone = bcue_bounds_contain(&world->bounds, state.position.x, state.position.y);
        }
        if (!anyone)
            return k;
    }
    return max_steps;
}

bcue_status bcue_traffic_check(const bcue_world *world, const bcue_traffic *traffic, bcue_error *error)
{
    for (size_t i = 0; i < traffic->track_count; i++) {
        const bcue_track *track = &traffic->tracks[i];
        if (world->models[track->model].vehicle_class == BCUE_VEHICLE_PEDESTRIAN)
            continue;
        for (size_t k = 0; k < track->state_count; k += 5) {
            const bcue_track_state *state = &traffic->states[track->first_state + k];
            double s, offset, x = state->position.x, y = state->position.y, reach = 6.0;
            uint32_t lane = bcue_roads_nearest(&world->roads, BCUE_LANE_DRIVE, x, y, reach, &s, &offset);
            if (lane != BCUE_NO_LANE && fabs(offset) <= 0.5 * world->roads.lanes[lane].width_m + 0.3)
                continue;
            lane = bcue_roads_nearest(&world->roads, BCUE_LANE_CONNECTOR, x, y, reach, &s, &offset);
            if (lane != BCUE_NO_LANE && fabs(offset) <= 0.5 * world->roads.lanes[lane].width_m + 0.3)
                continue;
            return bcue_fail(
                error, BCUE_ERROR_DATA,
                "vehicle %zu (%s): at %.2f s it is off the road, at (%.2f, %.2f); the nearest lane ends or "
                "runs too far away; does the trace belong to another street?",
                i + 1, track->id, track->first_time_s + (double)k * traffic->step_s, x, y);
        }
    }
    return BCUE_OK;
}

/* ---- configuration ---- */
#define AT(member) offsetof(bcue_flow_config, member)
#define REAL(key, member, fallback_text, low, high, help_text)                                               \
    {                                                                                                        \
        .name = (key), .type = BCUE_CONFIG_DOUBLE, .offset = AT(member), .fallback = (fallback_text),        \
        .minimum = (low), .maximum = (high), .help = (help_text)                                             \
    }
#define END                                                                                                  \
    {                                                                                                        \
        .name = NULL                                                                                         \
    }

static const bcue_config_field driver_fields[] = {
    REAL("headway_s", driver.headway_s, "1.3", 0.3, 5, "time gap to the vehicle ahead (IDM T)"),
    REAL("min_gap_m", driver.min_gap_m, "2", 0.5, 20, "bumper to bumper at rest (IDM s0)"),
    REAL("acceleration_mps2", driver.acceleration_mps2, "1.6", 0.2, 6, "IDM a"),
    REAL("deceleration_mps2", driver.deceleration_mps2, "2", 0.5, 6, "comfortable (IDM b)"),
    REAL("speed_spread", driver.speed_spread, "0.1", 0, 0.3,
         "deviation of desired speeds as a share of the limit"),
    END,
};
static const bcue_config_field lane_change_fields[] = {
    {.name = "enabled",
     .type = BCUE_CONFIG_BOOL,
     .offset = AT(lane_change.enabled),
     .fallback = "true",
     .help = "MOBIL"},
    REAL("politeness", lane_change.politeness, "0.3", 0, 1, "weight of the others' gain"),
    REAL("threshold_mps2", lane_change.threshold_mps2, "0.2", 0, 3, "least gain that is worth a change"),
    REAL("safe_mps2", lane_change.safe_mps2, "2.5", 0.5, 6, "nobody is made to brake harder"),
    END,
};
static const bcue_config_field class_fields[] = {
    REAL("hatchback", class_weights.hatchback, "3", 0, 1e6, "relative frequency"),
    REAL("sedan", class_weights.sedan, "4", 0, 1e6, "relative frequency"),
    REAL("suv", class_weights.suv, "3", 0, 1e6, "relative frequency"),
    REAL("van", class_weights.van, "1.5", 0, 1e6, "relative frequency"),
    REAL("truck", class_weights.truck, "0.8", 0, 1e6, "in the right lane only"),
    REAL("bus", class_weights.bus, "0.6", 0, 1e6, "in the right lane only"),
    REAL("motorcycle", class_weights.motorcycle, "0.8", 0, 1e6, "relative frequency"),
    REAL("bicycle", class_weights.bicycle, "0.3", 0, 1e6, "in the right lane only"),
    END,
};
const bcue_config_field bcue_flow_fields[] = {
    REAL("vehicles_per_minute", vehicles_per_minute, "9", 0, 60,
         "arrivals on each lane that enters the world"),
    {.name = "max_vehicles",
     .type = BCUE_CONFIG_INT,
     .offset = AT(max_vehicles),
     .fallback = "40",
     .minimum = 0,
     .maximum = 100000,
     .help = "on the roads at once; arrivals wait outside"},
    REAL("walkers_per_minute", walkers_per_minute, "2", 0, 60,
         "arrivals on each sidewalk that enters the world"),
    REAL("warm_up_s", warm_up_s, "60", 0, 3600, "simulated before the first frame"),
    REAL("spawn_until_s", spawn_until_s, "1e9", -3600, 1e9, "no arrivals from then on"),
    REAL("duration_s", duration_s, "20", 0, 1e5, "recorded"),
    REAL("step_s", step_s, "0.1", 0.001, 10, "between recorded states"),
    {.name = "driver", .type = BCUE_CONFIG_SECTION, .fields = driver_fields, .help = "car following"},
    {.name = "lane_change",
     .type = BCUE_CONFIG_SECTION,
     .fields = lane_change_fields,
     .help = "between lanes of one direction"},
    {.name = "class_weights",
     .type = BCUE_CONFIG_SECTION,
     .fields = class_fields,
     .help = "how often each class of vehicle comes"},
    END,
};

bcue_status bcue_flow_defaults(bcue_flow_config *config, bcue_error *error)
{
    bcue_config *source;
    BCUE_TRY(bcue_config_read(NULL, NULL, 0, bcue_flow_fields, config, &source, error));
    bcue_config_destroy(source);
    return BCUE_OK;
}

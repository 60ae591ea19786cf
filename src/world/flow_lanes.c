/* Who is where, what is ahead, and changes of lane. */
#include <math.h>
#include "base/memory.h"
#include "world/flow_parts.h"

#define HORIZON_M 120.0
#define LANE_CHANGE_M 32.0   /* length of the way from lane to lane of a car */
#define CLEAR_OF_ENDS_M 20.0 /* no change of lanes so near to a lane's start */
#define REST_S 5.0           /* between two changes */
#define SLOWEST_MPS 4.0
#define TURN_BRAKING_MPS2 1.6

bcue_vec3 bcue_mover_point(const bcue_flow *flow, const bcue_mover *m, double back_m, double *yaw)
{
    double s = m->s - back_m;
    uint32_t lane = m->lane;
    for (int k = 0; s < 0.0 && k < BCUE_FLOW_HISTORY && m->before[k] != BCUE_NO_LANE; k++) {
        lane = m->before[k];
        s += flow->roads->lanes[lane].length_m;
    }
    return bcue_lane_at(flow->roads, lane, s, yaw);
}

/* How far a lane change still is from the new lane's middle, and how it slants. */
static double shift_now(const bcue_mover *m, double *slope)
{
    *slope = 0.0;
    if (m->beside == BCUE_NO_LANE)
        return 0.0;
    double t = fmin(1.0, fmax(0.0, (m->s - m->shift_from) / m->shift_length));
    *slope = -m->shift_m * 6.0 * t * (1.0 - t) / m->shift_length;
    return m->shift_m * (1.0 - t * t * (3.0 - 2.0 * t));
}

bcue_track_state bcue_mover_state(const bcue_flow *flow, const bcue_mover *m)
{
    double yaw_front, yaw_rear, slope, shift = shift_now(m, &slope);
    bcue_vec3 front = bcue_mover_point(flow, m, 0.2 * m->length, &yaw_front);
    bcue_vec3 rear = bcue_mover_point(flow, m, 0.8 * m->length, &yaw_rear);
    bcue_track_state state = {.lane = m->lane};
    double yaw = atan2(front.y - rear.y, front.x - rear.x);
    state.position = bcue_vec3_scale(bcue_vec3_add(front, rear), 0.5);
    state.position.x -= shift * sin(yaw);
    state.position.y += shift * cos(yaw);
    state.yaw = yaw + atan(slope);
    state.velocity_mps = bcue_vec3_make(m->v * cos(state.yaw), m->v * sin(state.yaw), 0.0);
    return state;
}

static void add_occupant(bcue_flow *flow, uint32_t lane, double rear, double front, size_t mover)
{
    if (!bcue_grow((void **)&flow->occupants, &flow->occupant_capacity, flow->occupant_count + 1,
                   sizeof *flow->occupants)) {
        flow->failed = true;
        return;
    }
    flow->occupants[flow->occupant_count++] = (bcue_occupant){lane, rear, front, mover};
}

/* The front bumper's place on a lane beside its own. */
static double place_beside(const bcue_flow *flow, const bcue_mover *m, uint32_t lane)
{
    bcue_vec3 front = bcue_lane_at(flow->roads, m->lane, m->s, NULL);
    return bcue_lane_project(flow->roads, lane, front.x, front.y);
}

/* Where it is, the tail on the lanes behind, and the lane it is just leaving sideways. */
static void list_mover(bcue_flow *flow, size_t index)
{
    const bcue_mover *m = &flow->movers[index];
    double rear = m->s - m->length;
    add_occupant(flow, m->lane, rear, m->s, index);
    if (m->beside != BCUE_NO_LANE) {
        double front = place_beside(flow, m, m->beside);
        add_occupant(flow, m->beside, front - m->length, front, index);
    }
    for (int k = 0; rear < 0.0 && k < BCUE_FLOW_HISTORY && m->before[k] != BCUE_NO_LANE; k++) {
        double length = flow->roads->lanes[m->before[k]].length_m;
        rear += length;
        add_occupant(flow, m->before[k], rear, rear + m->length, index);
    }
}

void bcue_flow_list_occupants(bcue_flow *flow)
{
    flow->occupant_count = 0;
    for (size_t i = 0; i < flow->active_count; i++)
        list_mover(flow, flow->active[i]);
}

double bcue_flow_gap(const bcue_flow *flow, size_t mover, uint32_t lane, double s, uint32_t next,
                     double *leader_mps)
{
    double gap = INFINITY, ahead = 0.0;
    *leader_mps = 0.0;
    for (int hop = 0; hop < 8 && lane != BCUE_NO_LANE && ahead < HORIZON_M; hop++) {
        for (size_t i = 0; i < flow->occupant_count; i++) {
            const bcue_occupant *o = &flow->occupants[i];
            if (o->lane != lane || o->mover == mover || (hop == 0 && o->front <= s))
                continue;
            double free = hop == 0 ? o->rear - s : ahead + o->rear;
            if (free < gap) {
                gap = free;
                *leader_mps = flow->movers[o->mover].v;
            }
        }
        if (gap < INFINITY)
            return gap;
        const bcue_lane *at = &flow->roads->lanes[lane];
        ahead += hop == 0 ? at->length_m - s : at->length_m;
        uint32_t following =
            at->successor_count > 0 ? flow->roads->successors[at->first_successor] : BCUE_NO_LANE;
        lane = hop == 0 ? next : following;
        if (hop > 0 && at->successor_count > 1)
            break; /* where it turns next is not drawn yet */
    }
    return gap;
}

uint32_t bcue_flow_choose_next(bcue_flow *flow, uint32_t lane, bcue_rng *rng)
{
    const bcue_lane *at = &flow->roads->lanes[lane];
    if (at->successor_count == 0)
        return BCUE_NO_LANE;
    /* Straight on is twice as likely as each turn. */
    double total = 0.0, left;
    for (int pass = 0; pass < 2; pass++) {
        left = pass == 0 ? 0.0 : bcue_rng_uniform(rng) * total;
        for (size_t i = 0; i < at->successor_count; i++) {
            uint32_t next = flow->roads->successors[at->first_successor + i];
            double weight = flow->roads->lanes[next].speed_limit_mps >= at->speed_limit_mps ? 2.0 : 1.0;
            if (pass == 0)
                total += weight;
            else if ((left -= weight) < 0.0)
                return next;
        }
    }
    return flow->roads->successors[at->first_successor + at->successor_count - 1];
}

double bcue_flow_acceleration(bcue_flow *flow, size_t index)
{
    bcue_mover *m = &flow->movers[index];
    const bcue_lane *lane = &flow->roads->lanes[m->lane];
    double limit = lane->speed_limit_mps * m->speed_factor, ahead = lane->length_m - m->s, leader;
    if (m->next != BCUE_NO_LANE && !m->walker) {
        double turn = flow->roads->lanes[m->next].speed_limit_mps * m->speed_factor;
        limit = fmin(limit, sqrt(turn * turn + 2.0 * TURN_BRAKING_MPS2 * fmax(ahead, 0.0)));
    }
    bcue_driver driver = m->driver;
    driver.desired_mps = fmax(0.5, fmin(driver.desired_mps, limit));
    double gap = bcue_flow_gap(flow, index, m->lane, m->s, m->next, &leader);
    double acceleration = bcue_idm_acceleration(&driver, m->v, gap, leader);
    if (m->beside != BCUE_NO_LANE) { /* not out of the old lane yet: no nearer to its leader than ever */
        gap = bcue_flow_gap(flow, index, m->beside, place_beside(flow, m, m->beside), BCUE_NO_LANE, &leader);
        acceleration = fmin(acceleration, bcue_idm_acceleration(&driver, m->v, gap, leader));
    }
    bool crossing = m->next != BCUE_NO_LANE && flow->roads->lanes[m->next].kind == BCUE_LANE_CONNECTOR;
    if (crossing && !bcue_flow_may_cross(flow, index)) {
        bcue_driver careful = driver;
        careful.min_gap_m = 0.6;
        double stop = bcue_idm_acceleration(&careful, m->v, lane->stop_m - m->s, 0.0);
        acceleration = fmin(acceleration, stop);
        if (m->v < 0.3 && lane->stop_m - m->s < 6.0)
            m->waited_s += 0.1;
    }
    return acceleration;
}

/* The nearest vehicle behind position `s` of a lane. */
static size_t follower_on(const bcue_flow *flow, size_t except, uint32_t lane, double s)
{
    size_t found = SIZE_MAX;
    double best = -INFINITY;
    for (size_t i = 0; i < flow->occupant_count; i++) {
        const bcue_occupant *o = &flow->occupants[i];
        if (o->lane == lane && o->mover != except && o->front <= s && o->front > best) {
            best = o->front;
            found = i;
        }
    }
    return found;
}

/* Nobody beside, and what the change would mean for all who feel it. */
static bool consider(bcue_flow *flow, size_t index, uint32_t target, double *new_s)
{
    const bcue_mover *m = &flow->movers[index];
    const bcue_lane *lane = &flow->roads->lanes[m->lane];
    double s = place_beside(flow, m, target), leader, leader_then;
    *new_s = s;
    for (size_t i = 0; i < flow->occupant_count; i++) {
        const bcue_occupant *o = &flow->occupants[i];
        if (o->lane == target && o->mover != index && o->front > s - m->length - m->driver.min_gap_m &&
            o->rear < s + m->driver.min_gap_m)
            return false;
    }
    bcue_lane_change change = {0};
    double gap = bcue_flow_gap(flow, index, m->lane, m->s, m->next, &leader);
    double gap_then = bcue_flow_gap(flow, index, target, s, BCUE_NO_LANE, &leader_then);
    bcue_driver driver = m->driver;
    driver.desired_mps = fmin(driver.desired_mps, lane->speed_limit_mps * m->speed_factor);
    change.own_now = bcue_idm_acceleration(&driver, m->v, gap, leader);
    change.own_then = bcue_idm_acceleration(&driver, m->v, gap_then, leader_then);
    size_t old = follower_on(flow, index, m->lane, m->s), new = follower_on(flow, index, target, s);
    if (old != SIZE_MAX) {
        const bcue_occupant *o = &flow->occupants[old];
        const bcue_mover *f = &flow->movers[o->mover];
        change.old_follower_now = bcue_idm_acceleration(&f->driver, f->v, m->s - m->length - o->front, m->v);
        change.old_follower_then = bcue_idm_acceleration(&f->driver, f->v, gap + m->s - o->front, leader);
    }
    if (new != SIZE_MAX) {
        const bcue_occupant *o = &flow->occupants[new];
        const bcue_mover *f = &flow->movers[o->mover];
        change.new_follower_now =
            bcue_idm_acceleration(&f->driver, f->v, gap_then + s - o->front, leader_then);
        change.new_follower_then = bcue_idm_acceleration(&f->driver, f->v, s - m->length - o->front, m->v);
    }
    return bcue_mobil_accepts(&change, flow->config->lane_change.politeness,
                              flow->config->lane_change.safe_mps2, flow->config->lane_change.threshold_mps2);
}

/* Long and slow vehicles keep to their lane. */
static bool changes_lanes(const bcue_mover *m)
{
    return !m->walker && m->vehicle_class != BCUE_VEHICLE_BUS && m->vehicle_class != BCUE_VEHICLE_TRUCK &&
           m->vehicle_class != BCUE_VEHICLE_BICYCLE;
}

void bcue_flow_change_lanes(bcue_flow *flow)
{
    for (size_t i = 0; i < flow->active_count; i++) {
        size_t index = flow->active[i];
        bcue_mover *m = &flow->movers[index];
        const bcue_lane *lane = &flow->roads->lanes[m->lane];
        double reach = LANE_CHANGE_M + 2.0 * m->length;
        if (!changes_lanes(m) || lane->kind != BCUE_LANE_DRIVE || m->beside != BCUE_NO_LANE ||
            m->rest_s > 0.0 || m->v < SLOWEST_MPS || m->s < CLEAR_OF_ENDS_M + m->length ||
            lane->stop_m - m->s < reach + 20.0)
            continue;
        const uint32_t sides[2] = {lane->left, lane->right};
        for (int side = 0; side < 2; side++) {
            double s;
            if (sides[side] == BCUE_NO_LANE || !consider(flow, index, sides[side], &s))
                continue;
            double width = 0.5 * (lane->width_m + flow->roads->lanes[sides[side]].width_m);
            m->beside = m->lane;
            m->lane = sides[side];
            m->s = s;
            m->shift_m =
                side == 0 ? -width : width; /* seen from the new lane: it comes from the right or left */
            m->shift_from = s;
            m->shift_length = reach;
            m->rest_s = REST_S;
            bcue_rng rng = bcue_rng_make(flow->seed, BCUE_RNG_TRAFFIC, flow->episode, 3u + m->serial,
                                         (uint32_t)(flow->time * 10.0 + 1e6));
            m->next = bcue_flow_choose_next(flow, m->lane, &rng);
            bcue_flow_list_occupants(flow);
            break;
        }
    }
}

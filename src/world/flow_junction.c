/* Right of way: who may enter a crossing. A way across is reserved before the stop line and given back when
   the vehicle's rear has left it; ways that touch are never reserved together. */
#include <math.h>
#include "world/flow_parts.h"

#define YIELD_S 4.5     /* leave so much time to those with priority */
#define PATIENCE_S 12.0 /* then squeeze past those who stand */
#define HARD_STOP_MPS2 3.0
#define ROOM_M 2.0

static bool holds(const bcue_mover *mover, uint32_t way)
{
    for (int i = 0; i < BCUE_FLOW_HOLDS; i++)
        if (mover->holds[i] == way)
            return true;
    return false;
}

static bool anyone_holds(const bcue_flow *flow, uint32_t way, size_t except)
{
    for (size_t i = 0; i < flow->active_count; i++)
        if (flow->active[i] != except && holds(&flow->movers[flow->active[i]], way))
            return true;
    return false;
}

/* Do the lights let it go? `distance` to the stop line. Left turns that waited at the line may clear the
   crossing right after the end of green. */
static bool lights_allow(const bcue_flow *flow, const bcue_mover *m, const bcue_lane *way, double distance)
{
    const bcue_lane *lane = &flow->roads->lanes[m->lane];
    if (lane->signal == BCUE_NO_SIGNAL)
        return true;
    const bcue_signal *signal = &flow->roads->signals[lane->signal];
    switch (bcue_signal_at(signal, flow->time)) {
    case BCUE_SIGNAL_GREEN:
        return true;
    case BCUE_SIGNAL_YELLOW:
        return distance < m->v * m->v / (2.0 * HARD_STOP_MPS2) || (way->priority <= 1 && distance < 4.0);
    default: {
        double since =
            fmod(flow->time - signal->offset_s - signal->green_s - signal->yellow_s, signal->cycle_s);
        since += since < 0.0 ? signal->cycle_s : 0.0;
        return way->priority <= 1 && distance < 4.0 && since < 0.5;
    }
    }
}

/* Is there room behind the last vehicle of the lane after the crossing, those on their way there counted? */
static bool exit_has_room(const bcue_flow *flow, size_t index, uint32_t way)
{
    const bcue_mover *m = &flow->movers[index];
    const bcue_lane *across = &flow->roads->lanes[way];
    uint32_t exit = flow->roads->successors[across->first_successor];
    double room = flow->roads->lanes[exit].exit ? INFINITY : flow->roads->lanes[exit].length_m;
    for (size_t i = 0; i < flow->occupant_count; i++)
        if (flow->occupants[i].lane == exit && flow->occupants[i].mover != index)
            room = fmin(room, flow->occupants[i].rear);
    for (size_t i = 0; i < flow->active_count; i++) {
        const bcue_mover *other = &flow->movers[flow->active[i]];
        if (flow->active[i] == index || other->lane == exit)
            continue;
        for (int h = 0; h < BCUE_FLOW_HOLDS; h++)
            if (other->holds[h] != BCUE_NO_LANE &&
                flow->roads->successors[flow->roads->lanes[other->holds[h]].first_successor] == exit)
                room -= other->length + ROOM_M;
    }
    return room >= m->length + ROOM_M;
}

/* Somebody with priority over `way` comes too soon. */
static bool must_yield(const bcue_flow *flow, size_t index, uint32_t way)
{
    const bcue_mover *m = &flow->movers[index];
    const bcue_lane *across = &flow->roads->lanes[way];
    for (size_t i = 0; i < flow->active_count; i++) {
        const bcue_mover *other = &flow->movers[flow->active[i]];
        if (flow->active[i] == index || other->next == BCUE_NO_LANE || other->walker ||
            flow->roads->lanes[other->next].kind != BCUE_LANE_CONNECTOR ||
            flow->roads->lanes[other->next].priority <= across->priority || holds(other, other->next))
            continue;
        bool crosses = false;
        for (size_t c = 0; c < across->conflict_count; c++)
            crosses = crosses || flow->roads->conflicts[across->first_conflict + c] == other->next;
        const bcue_lane *lane = &flow->roads->lanes[other->lane];
        if (!crosses || (lane->signal != BCUE_NO_SIGNAL &&
                         bcue_signal_at(&flow->roads->signals[lane->signal], flow->time) == BCUE_SIGNAL_RED))
            continue;
        double distance = lane->stop_m - other->s;
        bool stands = other->v < 0.5 && m->waited_s > PATIENCE_S;
        if (distance / fmax(other->v, 1.5) < YIELD_S && !stands)
            return true;
    }
    return false;
}

/* Nobody asks past somebody before the same line who has not been let through: who waits behind must not keep
   others from the crossing. */
static bool is_first(const bcue_flow *flow, size_t index)
{
    const bcue_mover *m = &flow->movers[index];
    for (size_t i = 0; i < flow->active_count; i++) {
        const bcue_mover *other = &flow->movers[flow->active[i]];
        if (flow->active[i] != index && other->lane == m->lane && other->s > m->s &&
            !holds(other, other->next))
            return false;
    }
    return true;
}

bool bcue_flow_may_cross(bcue_flow *flow, size_t index)
{
    bcue_mover *m = &flow->movers[index];
    uint32_t way = m->next;
    if (holds(m, way))
        return true;
    const bcue_lane *across = &flow->roads->lanes[way];
    double distance = flow->roads->lanes[m->lane].stop_m - m->s;
    if (distance > m->v * m->v / (2.0 * m->driver.deceleration_mps2) + 2.0 * m->v + 5.0)
        return false; /* too early to ask */
    if (!is_first(flow, index) || !lights_allow(flow, m, across, distance))
        return false;
    for (size_t c = 0; c < across->conflict_count; c++)
        if (anyone_holds(flow, flow->roads->conflicts[across->first_conflict + c], index))
            return false;
    if (!exit_has_room(flow, index, way) || must_yield(flow, index, way))
        return false;
    for (int i = 0; i < BCUE_FLOW_HOLDS; i++)
        if (m->holds[i] == BCUE_NO_LANE) {
            m->holds[i] = way;
            m->waited_s = 0.0;
            return true;
        }
    return false;
}

void bcue_flow_release(bcue_flow *flow, bcue_mover *m)
{
    for (int i = 0; i < BCUE_FLOW_HOLDS; i++) {
        uint32_t way = m->holds[i];
        if (way == BCUE_NO_LANE || way == m->next || way == m->lane)
            continue;
        /* Behind it: how far is the end of the way behind the front bumper? */
        double back = m->s;
        for (int k = 0; k < BCUE_FLOW_HISTORY && m->before[k] != way && m->before[k] != BCUE_NO_LANE; k++)
            back += flow->roads->lanes[m->before[k]].length_m;
        if (back >= m->length + 0.5)
            m->holds[i] = BCUE_NO_LANE;
    }
}

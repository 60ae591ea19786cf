#include "world/road.h"

#include <math.h>
#include <stdlib.h>
#include "base/memory.h"

#define LEAST_STEP_M 1e-3

void bcue_roads_free(bcue_roads *roads)
{
    free(roads->lanes);
    free(roads->points);
    free(roads->arc);
    free(roads->successors);
    free(roads->conflicts);
    free(roads->signals);
    *roads = (bcue_roads){0};
}

static bool add_point(bcue_roads *roads, bcue_vec3 point, double arc)
{
    if (!bcue_grow((void **)&roads->points, &roads->point_capacity, roads->point_count + 1,
                   sizeof *roads->points) ||
        !bcue_grow((void **)&roads->arc, &roads->arc_capacity, roads->point_count + 1, sizeof *roads->arc)) {
        roads->failed = true;
        return false;
    }
    roads->points[roads->point_count] = point;
    roads->arc[roads->point_count++] = arc;
    return true;
}

uint32_t bcue_roads_add_lane(bcue_roads *roads, bcue_lane lane, const bcue_vec3 *points, size_t count)
{
    lane.first_point = roads->point_count;
    double arc = 0.0;
    bcue_vec3 last = {0};
    for (size_t i = 0; i < count; i++) {
        double step = i == 0 ? 0.0 : bcue_vec3_norm(bcue_vec3_sub(points[i], last));
        if (i > 0 && step < LEAST_STEP_M)
            continue;
        arc += step;
        last = points[i];
        if (!add_point(roads, last, arc))
            return 0;
    }
    lane.point_count = roads->point_count - lane.first_point;
    if (lane.point_count == 1) { /* never less than a direction */
        arc = LEAST_STEP_M;
        if (!add_point(roads, bcue_vec3_add(last, bcue_vec3_make(arc, 0, 0)), arc))
            return 0;
        lane.point_count = 2;
    }
    lane.length_m = arc;
    if (!(lane.stop_m > 0.0))
        lane.stop_m = arc;
    if (roads->lane_count >= UINT32_MAX || !bcue_grow((void **)&roads->lanes, &roads->lane_capacity,
                                                      roads->lane_count + 1, sizeof *roads->lanes)) {
        roads->failed = true;
        return 0;
    }
    roads->lanes[roads->lane_count] = lane;
    return (uint32_t)roads->lane_count++;
}

uint32_t bcue_roads_add_signal(bcue_roads *roads, bcue_signal signal)
{
    if (!bcue_grow((void **)&roads->signals, &roads->signal_capacity, roads->signal_count + 1,
                   sizeof *roads->signals)) {
        roads->failed = true;
        return BCUE_NO_SIGNAL;
    }
    roads->signals[roads->signal_count] = signal;
    return (uint32_t)roads->signal_count++;
}

void bcue_roads_set_successors(bcue_roads *roads, uint32_t lane, const uint32_t *successors, size_t count)
{
    if (roads->failed || !bcue_grow((void **)&roads->successors, &roads->successor_capacity,
                                    roads->successor_count + count, sizeof *roads->successors)) {
        roads->failed = true;
        return;
    }
    roads->lanes[lane].first_successor = roads->successor_count;
    roads->lanes[lane].successor_count = count;
    for (size_t i = 0; i < count; i++)
        roads->successors[roads->successor_count++] = successors[i];
}

/* The piece of the lane that holds arc length s: index of its first point. */
static size_t find_piece(const bcue_roads *roads, const bcue_lane *lane, double s)
{
    size_t low = lane->first_point, high = lane->first_point + lane->point_count - 2;
    while (low < high) {
        size_t middle = (low + high + 1) / 2;
        if (roads->arc[middle] <= s)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

bcue_vec3 bcue_lane_at(const bcue_roads *roads, uint32_t index, double s, double *yaw)
{
    const bcue_lane *lane = &roads->lanes[index];
    size_t i = find_piece(roads, lane, s);
    bcue_vec3 along = bcue_vec3_sub(roads->points[i + 1], roads->points[i]);
    double share = (s - roads->arc[i]) / (roads->arc[i + 1] - roads->arc[i]);
    share = share < 0.0 ? 0.0 : share > 1.0 ? 1.0 : share;
    if (yaw)
        *yaw = atan2(along.y, along.x);
    return bcue_vec3_add(roads->points[i], bcue_vec3_scale(along, share));
}

/* The nearest place of a lane: distance, and by pointer arc length and side (left is +). */
static double project(const bcue_roads *roads, const bcue_lane *lane, double x, double y, double *s,
                      double *side)
{
    double best = HUGE_VAL;
    for (size_t i = lane->first_point; i + 1 < lane->first_point + lane->point_count; i++) {
        bcue_vec3 a = roads->points[i], b = roads->points[i + 1];
        double ux = b.x - a.x, uy = b.y - a.y, length = hypot(ux, uy);
        if (!(length > 0.0))
            continue;
        ux /= length;
        uy /= length;
        double along = (x - a.x) * ux + (y - a.y) * uy;
        along = along < 0.0 ? 0.0 : along > length ? length : along;
        double dx = x - a.x - along * ux, dy = y - a.y - along * uy, distance = hypot(dx, dy);
        if (distance >= best)
            continue;
        best = distance;
        *s = roads->arc[i] + along / length * (roads->arc[i + 1] - roads->arc[i]);
        *side = ux * dy - uy * dx >= 0.0 ? 1.0 : -1.0;
    }
    return best;
}

double bcue_lane_project(const bcue_roads *roads, uint32_t index, double x, double y)
{
    double s = 0.0, side = 0.0;
    (void)project(roads, &roads->lanes[index], x, y, &s, &side);
    return s;
}

uint32_t bcue_roads_nearest(const bcue_roads *roads, bcue_lane_kind kind, double x, double y, double reach_m,
                            double *s, double *offset_m)
{
    uint32_t found = BCUE_NO_LANE;
    double best = reach_m;
    for (size_t l = 0; l < roads->lane_count; l++) {
        double at = 0.0, side = 0.0;
        if (roads->lanes[l].kind != kind)
            continue;
        double distance = project(roads, &roads->lanes[l], x, y, &at, &side);
        if (distance > best || (distance == best && found != BCUE_NO_LANE))
            continue;
        best = distance;
        found = (uint32_t)l;
        *s = at;
        *offset_m = side * distance;
    }
    return found;
}

bcue_signal_state bcue_signal_at(const bcue_signal *signal, double time_s)
{
    double phase = fmod(time_s - signal->offset_s, signal->cycle_s);
    if (phase < 0.0)
        phase += signal->cycle_s;
    if (phase < signal->green_s)
        return BCUE_SIGNAL_GREEN;
    return phase < signal->green_s + signal->yellow_s ? BCUE_SIGNAL_YELLOW : BCUE_SIGNAL_RED;
}

/* Do two upright boxes overlap, seen from above? Separating axes. */
static bool boxes_touch(bcue_vec3 a, double yaw_a, bcue_vec3 b, double yaw_b, double length_m, double width_m)
{
    double dx = b.x - a.x, dy = b.y - a.y, half_l = 0.5 * length_m, half_w = 0.5 * width_m;
    double c = fabs(cos(yaw_a - yaw_b)), s = fabs(sin(yaw_a - yaw_b));
    double reach_l = half_l + half_l * c + half_w * s, reach_w = half_w + half_l * s + half_w * c;
    const double yaws[2] = {yaw_a, yaw_b};
    for (int i = 0; i < 2; i++) {
        double along = fabs(dx * cos(yaws[i]) + dy * sin(yaws[i]));
        double across = fabs(dy * cos(yaws[i]) - dx * sin(yaws[i]));
        if (along > reach_l || across > reach_w)
            return false;
    }
    return true;
}

static bool connectors_touch(const bcue_roads *roads, uint32_t a, uint32_t b, double length_m, double width_m)
{
    enum { POSES = 24 };
    bcue_vec3 at[2][POSES + 1];
    double yaw[2][POSES + 1];
    const uint32_t lanes[2] = {a, b};
    for (int l = 0; l < 2; l++)
        for (int i = 0; i <= POSES; i++)
            at[l][i] = bcue_lane_at(roads, lanes[l], roads->lanes[lanes[l]].length_m * i / POSES, &yaw[l][i]);
    for (int i = 0; i <= POSES; i++)
        for (int j = 0; j <= POSES; j++)
            if (boxes_touch(at[0][i], yaw[0][i], at[1][j], yaw[1][j], length_m, width_m))
                return true;
    return false;
}

void bcue_roads_find_conflicts(bcue_roads *roads, double length_m, double width_m)
{
    uint32_t *origin = bcue_calloc(roads->lane_count, sizeof *origin);
    if (!origin || roads->failed) {
        free(origin);
        roads->failed = true;
        return;
    }
    for (size_t l = 0; l < roads->lane_count; l++)
        for (size_t i = 0; i < roads->lanes[l].successor_count; i++)
            origin[roads->successors[roads->lanes[l].first_successor + i]] = (uint32_t)l;
    for (uint32_t a = 0; a < roads->lane_count; a++) {
        bcue_lane *lane = &roads->lanes[a];
        lane->first_conflict = roads->conflict_count;
        lane->conflict_count = 0;
        if (lane->kind != BCUE_LANE_CONNECTOR)
            continue;
        for (uint32_t b = 0; b < roads->lane_count; b++) {
            const bcue_lane *other = &roads->lanes[b];
            if (a == b || other->kind != BCUE_LANE_CONNECTOR || other->junction != lane->junction ||
                origin[a] == origin[b] || !connectors_touch(roads, a, b, length_m, width_m))
                continue;
            if (!bcue_grow((void **)&roads->conflicts, &roads->conflict_capacity, roads->conflict_count + 1,
                           sizeof *roads->conflicts)) {
                roads->failed = true;
                break;
            }
            roads->conflicts[roads->conflict_count++] = b;
            lane->conflict_count++;
        }
    }
    free(origin);
}

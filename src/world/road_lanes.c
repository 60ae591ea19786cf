#include "world/road_lanes.h"

#include <stdlib.h>
#include "base/memory.h"
#include "world/vehicle_model.h"

#define DEGREE (BCUE_PI / 180.0)
#define GREEN_S 16.0
#define YELLOW_S 3.0
#define ALL_RED_S 2.0
#define WALK_SPEED_MPS 1.5
#define STRAIGHT_WITHIN (35.0 * DEGREE)

enum { MAX_LANES = 16, CURVE_POINTS = 17 };

/* The lanes of one section: by direction (0 forward), from the middle outward. */
typedef struct section_lanes {
    uint32_t drive[2][MAX_LANES];
    int count[2];
    uint32_t walk[2][2]; /* by side (0 left, 1 right) and direction (0 forward) */
} section_lanes;

typedef struct lane_builder {
    const bcue_road_plan *plan;
    bcue_roads *roads;
    section_lanes *sections;
    bcue_vec3 *points; /* scratch, as long as the longest section */
} lane_builder;

typedef enum turn_kind { TURN_LEFT, TURN_STRAIGHT, TURN_RIGHT } turn_kind;

static bcue_lane plain_lane(bcue_lane_kind kind, double width_m, double speed_mps)
{
    return (bcue_lane){.kind = kind,
                       .width_m = width_m,
                       .speed_limit_mps = speed_mps,
                       .left = BCUE_NO_LANE,
                       .right = BCUE_NO_LANE,
                       .classes = BCUE_ALL_CLASSES,
                       .signal = BCUE_NO_SIGNAL,
                       .junction = UINT32_MAX};
}

/* A line along a section, `offset_m` to the left, forward or backward. */
static uint32_t add_along(lane_builder *b, const bcue_section *section, double offset_m, bool forward,
                          bcue_lane lane)
{
    const bcue_station *stations = b->plan->stations + section->first_station;
    for (size_t i = 0; i < section->station_count; i++)
        b->points[i] = bcue_station_point(&stations[forward ? i : section->station_count - 1 - i], offset_m);
    lane.road = section->road;
    return bcue_roads_add_lane(b->roads, lane, b->points, section->station_count);
}

static void add_section_lanes(lane_builder *b, size_t s)
{
    const bcue_section *section = &b->plan->sections[s];
    const bcue_road_spec *spec = &b->plan->roads[section->road];
    section_lanes *made = &b->sections[s];
    const int counts[2] = {spec->lanes_forward, spec->lanes_backward};
    for (int d = 0; d < 2; d++) {
        made->count[d] = counts[d] < MAX_LANES ? counts[d] : MAX_LANES;
        int end = d == 0 ? 1 : 0; /* of the section, where this direction arrives */
        for (int k = 0; k < made->count[d]; k++) {
            double offset = ((double)k + 0.5) * spec->lane_width_m;
            bcue_lane lane = plain_lane(BCUE_LANE_DRIVE, spec->lane_width_m, spec->speed_limit_mps);
            lane.entry = section->junction[1 - end] == BCUE_NO_JUNCTION;
            lane.exit = section->junction[end] == BCUE_NO_JUNCTION;
            made->drive[d][k] = add_along(b, section, d == 0 ? -offset : offset, d == 0, lane);
            if (b->roads->failed)
                return;
            bcue_lane *added = &b->roads->lanes[made->drive[d][k]];
            if (!lane.exit)
                added->stop_m = fmax(0.5 * added->length_m, added->length_m - BCUE_STOP_LINE_M);
        }
        for (int k = 0; k < made->count[d]; k++) {
            bcue_lane *lane = &b->roads->lanes[made->drive[d][k]];
            lane->left = k > 0 ? made->drive[d][k - 1] : BCUE_NO_LANE;
            lane->right = k + 1 < made->count[d] ? made->drive[d][k + 1] : BCUE_NO_LANE;
        }
    }
    for (int side = 0; side < 2; side++)
        for (int d = 0; d < 2; d++) {
            /* On either sidewalk one keeps right, away from the posts at the kerb. */
            double share = (side == 0) == (d == 0) ? 0.56 : 0.84;
            double offset = (side == 0 ? section->left_m : section->right_m) + share * spec->sidewalk_m;
            bcue_lane lane = plain_lane(BCUE_LANE_WALK, 0.8, WALK_SPEED_MPS);
            lane.classes = 1u << BCUE_VEHICLE_PEDESTRIAN;
            int end = d == 0 ? 1 : 0;
            lane.entry = section->junction[1 - end] == BCUE_NO_JUNCTION;
            lane.exit = section->junction[end] == BCUE_NO_JUNCTION;
            made->walk[side][d] = add_along(b, section, side == 0 ? offset : -offset, d == 0, lane);
        }
}

/* ---- crossings ---- */
/* The lanes that come in on an arm, or leave on it, and how many. */
static const uint32_t *arm_lanes(const lane_builder *b, const bcue_arm *arm, bool inward, int *count)
{
    const section_lanes *lanes = &b->sections[arm->section];
    int direction = (arm->end == 0) == inward ? 1 : 0;
    *count = lanes->count[direction];
    return lanes->drive[direction];
}

static turn_kind turn_between(const bcue_arm *from, const bcue_arm *to)
{
    bcue_vec3 heading = bcue_vec3_scale(from->direction, -1.0);
    double turn = atan2(heading.x * to->direction.y - heading.y * to->direction.x,
                        bcue_vec3_dot(heading, to->direction));
    return turn > STRAIGHT_WITHIN ? TURN_LEFT : turn < -STRAIGHT_WITHIN ? TURN_RIGHT : TURN_STRAIGHT;
}

/* A curve from the end of one lane to the start of another that keeps both directions: a cubic whose handles
   are those of a circular arc. */
static uint32_t add_connector(lane_builder *b, uint32_t from, uint32_t to, bcue_lane lane)
{
    double yaw0, yaw1;
    bcue_vec3 p0 = bcue_lane_at(b->roads, from, b->roads->lanes[from].length_m, &yaw0);
    bcue_vec3 p3 = bcue_lane_at(b->roads, to, 0.0, &yaw1);
    double turn = fabs(remainder(yaw1 - yaw0, 2.0 * BCUE_PI)), chord = bcue_vec3_norm(bcue_vec3_sub(p3, p0));
    double handle =
        turn < 0.05 ? chord / 3.0 : 4.0 / 3.0 * tan(0.25 * turn) * chord / (2.0 * sin(0.5 * turn));
    bcue_vec3 p1 = bcue_vec3_add(p0, bcue_vec3_make(handle * cos(yaw0), handle * sin(yaw0), 0));
    bcue_vec3 p2 = bcue_vec3_sub(p3, bcue_vec3_make(handle * cos(yaw1), handle * sin(yaw1), 0));
    bcue_vec3 points[CURVE_POINTS];
    for (int i = 0; i < CURVE_POINTS; i++) {
        double t = (double)i / (CURVE_POINTS - 1), u = 1.0 - t;
        points[i] = bcue_vec3_add(
            bcue_vec3_add(bcue_vec3_scale(p0, u * u * u), bcue_vec3_scale(p1, 3.0 * u * u * t)),
            bcue_vec3_add(bcue_vec3_scale(p2, 3.0 * u * t * t), bcue_vec3_scale(p3, t * t * t)));
    }
    uint32_t made = bcue_roads_add_lane(b->roads, lane, points, CURVE_POINTS);
    bcue_roads_set_successors(b->roads, made, &to, 1);
    return made;
}

/* Does the arm's road go on through the crossing? */
static bool goes_through(const lane_builder *b, const bcue_junction *junction, size_t arm)
{
    uint32_t road = b->plan->sections[junction->arms[arm].section].road;
    for (size_t i = 0; i < junction->arm_count; i++)
        if (i != arm && b->plan->sections[junction->arms[i].section].road == road)
            return true;
    return false;
}

/* May lane k of `in` turn this way? `force`: whatever keeps it from being a dead end. */
static bool lane_may(turn_kind turn, int k, int in, bool force)
{
    return force || turn == TURN_STRAIGHT || (turn == TURN_LEFT && k == 0) ||
           (turn == TURN_RIGHT && k == in - 1);
}

static void connect_lane(lane_builder *b, uint32_t j, size_t arm, int k, bool lights)
{
    const bcue_junction *junction = &b->plan->junctions[j];
    const bcue_arm *from = &junction->arms[arm];
    uint32_t successors[BCUE_MAX_ARMS];
    size_t count = 0;
    int in;
    uint32_t lane = arm_lanes(b, from, true, &in)[k];
    for (int force = 0; force < 2 && count == 0; force++)
        for (size_t i = 1; i < junction->arm_count; i++) {
            const bcue_arm *to = &junction->arms[(arm + i) % junction->arm_count];
            turn_kind turn = turn_between(from, to);
            int out;
            const uint32_t *exits = arm_lanes(b, to, false, &out);
            if (out == 0 || !lane_may(turn, k, in, force) || (turn == TURN_STRAIGHT && k >= out && !force))
                continue;
            int exit = turn == TURN_LEFT ? 0 : turn == TURN_RIGHT ? out - 1 : k;
            exit = force && k < out ? k : exit < out ? exit : out - 1;
            double slow = turn == TURN_STRAIGHT ? 1.0 : turn == TURN_LEFT ? 0.6 : 0.45;
            bcue_lane made = plain_lane(BCUE_LANE_CONNECTOR, b->roads->lanes[lane].width_m,
                                        slow * b->roads->lanes[lane].speed_limit_mps);
            made.road = b->roads->lanes[lane].road;
            made.junction = j;
            made.priority = (turn == TURN_STRAIGHT ? 3
                             : turn == TURN_RIGHT  ? 2
                                                   : 1) -
                            (lights || goes_through(b, junction, arm) ? 0 : 3);
            successors[count++] = add_connector(b, lane, exits[exit], made);
            if (b->roads->failed)
                return;
        }
    bcue_roads_set_successors(b->roads, lane, successors, count);
}

/* Opposite arms share a phase. */
static void add_lights(lane_builder *b, uint32_t j, bcue_rng *rng)
{
    const bcue_junction *junction = &b->plan->junctions[j];
    int phase[BCUE_MAX_ARMS], phases = 0;
    for (size_t i = 0; i < junction->arm_count; i++) {
        phase[i] = -1;
        for (size_t k = 0; k < i; k++)
            if (bcue_vec3_dot(junction->arms[i].direction, junction->arms[k].direction) <
                -cos(STRAIGHT_WITHIN))
                phase[i] = phase[k];
        if (phase[i] < 0)
            phase[i] = phases++;
    }
    double slot = GREEN_S + YELLOW_S + ALL_RED_S, cycle = slot * phases,
           start = bcue_rng_range(rng, 0.0, cycle);
    for (size_t i = 0; i < junction->arm_count; i++) {
        int count;
        const uint32_t *lanes = arm_lanes(b, &junction->arms[i], true, &count);
        if (count == 0)
            continue;
        const bcue_arm *arm = &junction->arms[i];
        bcue_signal signal = {.yaw = atan2(arm->direction.y, arm->direction.x),
                              .cycle_s = cycle,
                              .offset_s = start + slot * phase[i],
                              .green_s = GREEN_S,
                              .yellow_s = YELLOW_S};
        signal.position = bcue_arm_point(b->plan, arm, arm->left_m + 0.7);
        uint32_t made = bcue_roads_add_signal(b->roads, signal);
        for (int k = 0; k < count && !b->roads->failed; k++)
            b->roads->lanes[lanes[k]].signal = made;
    }
}

/* Walkers stay on their block: around the corner between arm i and the next. */
static void add_corner_walks(lane_builder *b, const bcue_junction *junction, size_t i)
{
    const bcue_arm *from = &junction->arms[i], *to = &junction->arms[(i + 1) % junction->arm_count];
    /* Seen outward it is the left sidewalk of `from` and the right one of `to`. */
    int from_side = from->end == 0 ? 0 : 1, to_side = to->end == 0 ? 1 : 0;
    const section_lanes *a = &b->sections[from->section], *c = &b->sections[to->section];
    uint32_t in = a->walk[from_side][from->end == 0 ? 1 : 0], out = c->walk[to_side][to->end == 0 ? 0 : 1];
    uint32_t back_in = c->walk[to_side][to->end == 0 ? 1 : 0],
             back_out = a->walk[from_side][from->end == 0 ? 0 : 1];
    bcue_lane lane = plain_lane(BCUE_LANE_WALK, 0.8, WALK_SPEED_MPS);
    lane.classes = 1u << BCUE_VEHICLE_PEDESTRIAN;
    uint32_t there = add_connector(b, in, out, lane), back = add_connector(b, back_in, back_out, lane);
    if (b->roads->failed)
        return;
    bcue_roads_set_successors(b->roads, in, &there, 1);
    bcue_roads_set_successors(b->roads, back_in, &back, 1);
}

void bcue_road_plan_lanes(const bcue_road_plan *plan, bool lights, bcue_rng *rng, bcue_roads *roads)
{
    lane_builder b = {.plan = plan, .roads = roads};
    size_t most = 2;
    for (size_t s = 0; s < plan->section_count; s++)
        if (plan->sections[s].station_count > most)
            most = plan->sections[s].station_count;
    b.sections = bcue_calloc(plan->section_count, sizeof *b.sections);
    b.points = bcue_calloc(most, sizeof *b.points);
    roads->failed = roads->failed || !b.sections || !b.points;
    for (size_t s = 0; !roads->failed && s < plan->section_count; s++)
        add_section_lanes(&b, s);
    for (uint32_t j = 0; !roads->failed && j < plan->junction_count; j++) {
        bool lit = lights && plan->junctions[j].arm_count >= 3;
        for (size_t arm = 0; !roads->failed && arm < plan->junctions[j].arm_count; arm++) {
            int in;
            (void)arm_lanes(&b, &plan->junctions[j].arms[arm], true, &in);
            for (int k = 0; k < in && !roads->failed; k++)
                connect_lane(&b, j, arm, k, lit);
            if (!roads->failed)
                add_corner_walks(&b, &plan->junctions[j], arm);
        }
        if (lit && !roads->failed)
            add_lights(&b, j, rng);
    }
    if (!roads->failed)
        bcue_roads_find_conflicts(roads, 12.0, 2.6);
    free(b.sections);
    free(b.points);
}

/* ---- paint ---- */
static void paint_along(const bcue_road_plan *plan, const bcue_section *section, double offset_m,
                        double width_m, double on_m, double period_m, bool yellow, bcue_markings *markings)
{
    const bcue_station *stations = plan->stations + section->first_station;
    for (size_t i = 0; i + 1 < section->station_count; i++)
        bcue_markings_add(markings, bcue_station_point(&stations[i], offset_m),
                          bcue_station_point(&stations[i + 1], offset_m), width_m, on_m, period_m, yellow);
}

/* At an arm: the stop line of those who come in, and a zebra crossing between it and the crossing. */
static void paint_arm(const bcue_road_plan *plan, const bcue_arm *arm, bcue_markings *markings)
{
    const bcue_section *section = &plan->sections[arm->section];
    const bcue_road_spec *spec = &plan->roads[section->road];
    bool forward = arm->end == 1; /* those who come in */
    int in = forward ? spec->lanes_forward : spec->lanes_backward;
    double length = bcue_section_length(plan, section);
    double stop = fmax(0.5 * length, length - BCUE_STOP_LINE_M + 0.4), zebra = length - 2.0;
    bcue_station at = bcue_section_at(plan, section, arm->end == 0 ? length - stop : stop);
    double reach = in * spec->lane_width_m * (forward ? -1.0 : 1.0), gap = forward ? -0.15 : 0.15;
    if (in > 0)
        bcue_markings_add(markings, bcue_station_point(&at, gap), bcue_station_point(&at, reach), 0.4, 0, 0,
                          false);
    if (length < 12.0)
        return;
    at = bcue_section_at(plan, section, arm->end == 0 ? length - zebra : zebra);
    bcue_markings_add(markings, bcue_station_point(&at, -section->right_m + 0.3),
                      bcue_station_point(&at, section->left_m - 0.3), 2.6, 0.5, 1.0, false);
}

void bcue_road_plan_markings(const bcue_road_plan *plan, bcue_markings *markings)
{
    for (size_t s = 0; s < plan->section_count; s++) {
        const bcue_section *section = &plan->sections[s];
        const bcue_road_spec *spec = &plan->roads[section->road];
        const int counts[2] = {spec->lanes_forward, spec->lanes_backward};
        for (int d = 0; d < 2; d++) {
            double sign = d == 0 ? -1.0 : 1.0;
            for (int k = 1; k < counts[d]; k++)
                paint_along(plan, section, sign * k * spec->lane_width_m, 0.14, 3.0, 9.0, false, markings);
            double edge = counts[d] * spec->lane_width_m - (spec->parking_m > 0.0 ? 0.0 : 0.3);
            if (counts[d] > 0)
                paint_along(plan, section, sign * edge, 0.14, 0, 0, false, markings);
        }
        if (spec->lanes_forward > 0 && spec->lanes_backward > 0) {
            bool wide = spec->lanes_forward + spec->lanes_backward > 2;
            for (int side = -1; wide && side <= 1; side += 2)
                paint_along(plan, section, 0.12 * side, 0.12, 0, 0, true, markings);
            if (!wide)
                paint_along(plan, section, 0.0, 0.14, 3.0, 6.0, true, markings);
        }
    }
    for (size_t j = 0; j < plan->junction_count; j++)
        for (size_t i = 0; plan->junctions[j].arm_count > 2 && i < plan->junctions[j].arm_count; i++)
            paint_arm(plan, &plan->junctions[j].arms[i], markings);
    bcue_markings_index(markings);
}

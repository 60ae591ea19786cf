/* The shapes that a road plan lays on the ground. */
#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"
#include "world/road_plan.h"

#define ARC_STEP 0.2 /* radians per piece of a rounded corner */
#define STRAIGHT_ON 0.18

bcue_vec3 bcue_station_point(const bcue_station *station, double offset_m)
{
    return bcue_vec3_add(station->centre, bcue_vec3_scale(station->across, offset_m));
}

double bcue_section_length(const bcue_road_plan *plan, const bcue_section *section)
{
    return plan->stations[section->first_station + section->station_count - 1].s;
}

bcue_station bcue_section_at(const bcue_road_plan *plan, const bcue_section *section, double s)
{
    const bcue_station *stations = plan->stations + section->first_station;
    size_t i = 0;
    while (i + 2 < section->station_count && stations[i + 1].s <= s)
        i++;
    double share = (s - stations[i].s) / (stations[i + 1].s - stations[i].s);
    share = share < 0.0 ? 0.0 : share > 1.0 ? 1.0 : share;
    bcue_vec3 along = bcue_vec3_unit(bcue_vec3_sub(stations[i + 1].centre, stations[i].centre));
    return (bcue_station){
        bcue_vec3_add(stations[i].centre,
                      bcue_vec3_scale(bcue_vec3_sub(stations[i + 1].centre, stations[i].centre), share)),
        bcue_vec3_make(-along.y, along.x, 0.0), s};
}

double bcue_corner_radius(const bcue_road_plan *plan, const bcue_arm *a, const bcue_arm *b, double phi)
{
    /* On the bisector the kerb lies r (1 / sin - 1) from the edges' corner, the sidewalk's corner at least w
     * / sin. */
    double half = sin(0.5 * phi), room = 0.8 * fmin(a->sidewalk_m, b->sidewalk_m);
    return fmin(plan->corner_radius_m, room / fmax(1.0 - half, 1e-3));
}

bcue_vec3 bcue_arm_point(const bcue_road_plan *plan, const bcue_arm *arm, double offset_m)
{
    const bcue_section *section = &plan->sections[arm->section];
    size_t last = section->first_station + section->station_count - 1;
    return arm->end == 0 ? bcue_station_point(&plan->stations[section->first_station], offset_m)
                         : bcue_station_point(&plan->stations[last], -offset_m);
}

static bcue_vec3 left_of(bcue_vec3 direction)
{
    return bcue_vec3_make(-direction.y, direction.x, 0.0);
}

/* Where the line `wa` to the left of direction a meets the line `wb` to the right of direction b. */
static bcue_vec3 edge_corner(bcue_vec3 centre, bcue_vec3 a, double wa, bcue_vec3 b, double wb)
{
    double sine = a.x * b.y - a.y * b.x, cosine = bcue_vec3_dot(a, b), along = (wb + wa * cosine) / sine;
    return bcue_vec3_add(centre, bcue_vec3_add(bcue_vec3_scale(a, along), bcue_vec3_scale(left_of(a), wa)));
}

void bcue_junction_kerb(const bcue_road_plan *plan, const bcue_junction *junction, size_t i,
                        bcue_loops *loops, bcue_vec3 *corner, bool *has_corner)
{
    const bcue_arm *a = &junction->arms[i], *b = &junction->arms[(i + 1) % junction->arm_count];
    double turn = atan2(a->direction.x * b->direction.y - a->direction.y * b->direction.x,
                        bcue_vec3_dot(a->direction, b->direction));
    double phi = turn > 0.0 ? turn : turn + 2.0 * BCUE_PI, radius = bcue_corner_radius(plan, a, b, phi);
    *has_corner = phi < BCUE_PI - STRAIGHT_ON;
    bcue_loops_add(loops, bcue_arm_point(plan, a, a->left_m));
    if (*has_corner) {
        *corner = edge_corner(junction->centre, a->direction, a->left_m + a->sidewalk_m, b->direction,
                              b->right_m + b->sidewalk_m);
        bcue_vec3 vertex = edge_corner(junction->centre, a->direction, a->left_m, b->direction, b->right_m);
        bcue_vec3 middle = bcue_vec3_unit(bcue_vec3_add(a->direction, b->direction));
        bcue_vec3 centre = bcue_vec3_add(vertex, bcue_vec3_scale(middle, radius / sin(0.5 * phi)));
        bcue_vec3 spoke = bcue_vec3_scale(left_of(a->direction), -radius);
        int steps = (int)ceil((BCUE_PI - phi) / ARC_STEP);
        for (int k = 0; k <= steps; k++) {
            double angle = (phi - BCUE_PI) * k / steps, c = cos(angle), s = sin(angle);
            bcue_loops_add(loops, bcue_vec3_make(centre.x + c * spoke.x - s * spoke.y,
                                                 centre.y + s * spoke.x + c * spoke.y, 0.0));
        }
    }
    bcue_loops_add(loops, bcue_arm_point(plan, b, -b->right_m));
}

void bcue_section_carriageway(const bcue_road_plan *plan, const bcue_section *section, bcue_loops *loops)
{
    const bcue_station *stations = plan->stations + section->first_station;
    bcue_loops_begin(loops);
    for (size_t i = 0; i < section->station_count; i++)
        bcue_loops_add(loops, bcue_station_point(&stations[i], -section->right_m));
    for (size_t i = section->station_count; i-- > 0;)
        bcue_loops_add(loops, bcue_station_point(&stations[i], section->left_m));
    bcue_loops_close(loops);
}

void bcue_section_sidewalk(const bcue_road_plan *plan, const bcue_section *section, bool left,
                           bcue_loops *loops)
{
    const bcue_station *stations = plan->stations + section->first_station;
    double sidewalk = plan->roads[section->road].sidewalk_m;
    double inner = left ? section->left_m : -section->right_m;
    double outer = left ? section->left_m + sidewalk : -section->right_m - sidewalk;
    bcue_loops_begin(loops);
    for (size_t i = 0; i < section->station_count; i++)
        bcue_loops_add(loops, bcue_station_point(&stations[i], inner));
    for (size_t i = section->station_count; i-- > 0;)
        bcue_loops_add(loops, bcue_station_point(&stations[i], outer));
    bcue_loops_close(loops);
}

void bcue_junction_carriageway(const bcue_road_plan *plan, const bcue_junction *junction, bcue_loops *loops)
{
    bcue_loops_begin(loops);
    for (size_t i = 0; i < junction->arm_count; i++) {
        bcue_vec3 corner;
        bool has_corner;
        bcue_loops_add(loops, bcue_arm_point(plan, &junction->arms[i], -junction->arms[i].right_m));
        bcue_junction_kerb(plan, junction, i, loops, &corner, &has_corner);
    }
    bcue_loops_close(loops);
}

void bcue_junction_sidewalk(const bcue_road_plan *plan, const bcue_junction *junction, size_t i,
                            bcue_loops *loops)
{
    const bcue_arm *a = &junction->arms[i], *b = &junction->arms[(i + 1) % junction->arm_count];
    bcue_vec3 corner;
    bool has_corner;
    bcue_loops_begin(loops);
    bcue_junction_kerb(plan, junction, i, loops, &corner, &has_corner);
    bcue_loops_add(loops, bcue_arm_point(plan, b, -b->right_m - b->sidewalk_m));
    if (has_corner)
        bcue_loops_add(loops, corner);
    bcue_loops_add(loops, bcue_arm_point(plan, a, a->left_m + a->sidewalk_m));
    bcue_loops_close(loops);
}

/* ---- outlines: walk along the roads with the lots on the left ---- */
/* Side 0 of a section is walked forward along its left edge, side 1 backward along its right edge. */
static void walk_side(const bcue_road_plan *plan, const bcue_section *section, int side, bcue_loops *outlines)
{
    const bcue_station *stations = plan->stations + section->first_station;
    double sidewalk = plan->roads[section->road].sidewalk_m;
    for (size_t k = 0; k < section->station_count; k++) {
        size_t i = side == 0 ? k : section->station_count - 1 - k;
        bcue_loops_add(outlines, bcue_station_point(&stations[i], side == 0 ? section->left_m + sidewalk
                                                                            : -section->right_m - sidewalk));
    }
}

/* From the end of a side to the side that goes on. */
static void step_on(const bcue_road_plan *plan, size_t *section, int *side, bcue_loops *outlines)
{
    const bcue_section *at = &plan->sections[*section];
    int end = *side == 0 ? 1 : 0;
    if (at->junction[end] == BCUE_NO_JUNCTION) { /* around the open end, and back */
        const bcue_station *last =
            &plan->stations[at->first_station + (end == 1 ? at->station_count - 1 : 0)];
        bcue_loops_add(outlines, bcue_station_point(last, end == 1 ? at->left_m : -at->right_m));
        bcue_loops_add(outlines, bcue_station_point(last, end == 1 ? -at->right_m : at->left_m));
        *side = 1 - *side;
        return;
    }
    const bcue_junction *junction = &plan->junctions[at->junction[end]];
    size_t before = (at->arm[end] + junction->arm_count - 1) % junction->arm_count;
    const bcue_arm *arm = &junction->arms[before];
    bcue_loops kerb = {0};
    bcue_vec3 corner;
    bool has_corner;
    bcue_loops_begin(&kerb);
    bcue_junction_kerb(plan, junction, before, &kerb, &corner, &has_corner);
    if (has_corner)
        bcue_loops_add(outlines, corner);
    outlines->failed = outlines->failed || kerb.failed;
    bcue_loops_free(&kerb);
    *section = arm->section;
    *side = arm->end == 0 ? 0 : 1;
}

bcue_status bcue_road_plan_outlines(const bcue_road_plan *plan, bcue_loops *outlines, bcue_error *error)
{
    bool *walked = bcue_calloc(2 * plan->section_count, sizeof *walked);
    if (!walked)
        return bcue_fail_memory(error, "the outlines of the roads");
    for (size_t start = 0; start < 2 * plan->section_count; start++) {
        if (walked[start])
            continue;
        bcue_loops_begin(outlines);
        size_t section = start / 2;
        int side = (int)(start % 2);
        while (!walked[2 * section + (size_t)side]) {
            walked[2 * section + (size_t)side] = true;
            walk_side(plan, &plan->sections[section], side, outlines);
            step_on(plan, &section, &side, outlines);
        }
        bcue_loops_open_end(outlines);
    }
    free(walked);
    return outlines->failed ? bcue_fail_memory(error, "the outlines of the roads") : BCUE_OK;
}

/* The two roads nearest to a point, by number; the same twice when there is but one. */
static void nearest_roads(const bcue_road_plan *plan, bcue_vec3 at, size_t roads[2])
{
    double best[2] = {HUGE_VAL, HUGE_VAL};
    roads[0] = roads[1] = 0;
    for (size_t r = 0; r < plan->road_count; r++) {
        double distance = HUGE_VAL;
        for (size_t s = 0; s < plan->section_count; s++) {
            const bcue_section *section = &plan->sections[s];
            double length = bcue_section_length(plan, section);
            for (size_t k = 0; section->road == r && k <= 100; k++)
                distance = fmin(distance,
                                bcue_vec3_norm(bcue_vec3_sub(
                                    bcue_section_at(plan, section, length * (double)k / 100.0).centre, at)));
        }
        if (distance < best[0]) {
            best[1] = best[0];
            roads[1] = roads[0];
            best[0] = distance;
            roads[0] = r;
        } else if (distance < best[1]) {
            best[1] = distance;
            roads[1] = r;
        }
    }
}

/* A loop that lies on a road: the smallest loop around its first point runs clockwise. */
static bool lies_on_road(const bcue_loops *outlines, size_t loop)
{
    size_t count;
    bcue_vec3 at = bcue_loops_get(outlines, loop, &count)[0];
    double least = HUGE_VAL, direction = 1.0;
    for (size_t i = 0; i < outlines->loop_count; i++) {
        const bcue_vec3 *points = bcue_loops_get(outlines, i, &count);
        double area = bcue_outline_area(points, count);
        if (i == loop || fabs(area) >= least || !bcue_outline_contains(points, count, at.x, at.y))
            continue;
        least = fabs(area);
        direction = area;
    }
    return direction < 0.0;
}

bcue_status bcue_road_plan_check(const bcue_road_plan *plan, bcue_error *error)
{
    bcue_loops outlines = {0};
    bcue_vec3 at = {0};
    bcue_status status = bcue_road_plan_outlines(plan, &outlines, error);
    bool overlap = status == BCUE_OK && bcue_loops_cross(&outlines, &at);
    for (size_t i = 0; status == BCUE_OK && !overlap && i < outlines.loop_count; i++) {
        size_t count;
        const bcue_vec3 *points = bcue_loops_get(&outlines, i, &count);
        overlap = bcue_outline_area(points, count) < 0.0 && lies_on_road(&outlines, i);
        at = points[0];
    }
    bcue_loops_free(&outlines);
    if (!overlap)
        return status;
    size_t roads[2];
    nearest_roads(plan, at, roads);
    const char *names[2] = {plan->roads[roads[0]].name, plan->roads[roads[1]].name};
    return bcue_fail(error, BCUE_ERROR_DATA,
                     "road %zu (%s) and road %zu (%s) overlap near (%.0f, %.0f) without crossing there; move "
                     "them apart, or "
                     "let one end on the other's line",
                     roads[0] + 1, names[0] ? names[0] : "", roads[1] + 1, names[1] ? names[1] : "", at.x,
                     at.y);
}

#include "world/road_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"

#define SAME_CROSSING_M 8.0 /* crossings nearer than this are one */
#define END_REACH_M 2.0     /* a road that ends this near to another one joins it */
#define LEAST_SECTION_M 6.0
#define STRAIGHT_ON 0.18  /* radians: no corner between arms that turn less */
#define LEAST_CORNER 0.45 /* radians between neighbouring arms */
#define ARC_STEP 0.07     /* radians per piece of a bend */
#define CUT_MARGIN_M 0.5

/* A road's line with its bends rounded. */
typedef struct line {
    bcue_vec3 *points;
    double *s;
    size_t count, capacity, s_capacity;
} line;

/* Where a crossing cuts a road: the sections of the road end `before` it and go on `after` it. */
typedef struct crossing {
    uint32_t junction;
    double s;
} crossing;

typedef struct planner {
    bcue_road_plan *plan;
    line *lines;          /* per road */
    crossing **crossings; /* per road, sorted by s */
    size_t *crossing_count, *crossing_capacity;
    bcue_error *error;
} planner;

static bcue_vec3 left_of(bcue_vec3 direction)
{
    return bcue_vec3_make(-direction.y, direction.x, 0.0);
}

static double cross2(bcue_vec3 a, bcue_vec3 b)
{
    return a.x * b.y - a.y * b.x;
}

static bool add_point(line *l, bcue_vec3 p)
{
    double s = 0.0;
    if (l->count > 0) {
        double step = bcue_vec3_norm(bcue_vec3_sub(p, l->points[l->count - 1]));
        if (step < 1e-3)
            return true;
        s = l->s[l->count - 1] + step;
    }
    if (!bcue_grow((void **)&l->points, &l->capacity, l->count + 1, sizeof *l->points) ||
        !bcue_grow((void **)&l->s, &l->s_capacity, l->count + 1, sizeof *l->s))
        return false;
    l->points[l->count] = p;
    l->s[l->count++] = s;
    return true;
}

static const char *road_name(const planner *p, size_t road, char text[96])
{
    const char *name = p->plan->roads[road].name;
    if (name && name[0])
        snprintf(text, 96, "road %zu (%.40s)", road + 1, name);
    else
        snprintf(text, 96, "road %zu", road + 1);
    return text;
}

/* The corner at b becomes an arc that touches both sides. */
static bcue_status round_corner(planner *p, size_t road, bcue_vec3 a, bcue_vec3 b, bcue_vec3 c)
{
    const bcue_road_spec *spec = &p->plan->roads[road];
    bcue_vec3 in = bcue_vec3_unit(bcue_vec3_sub(b, a)), out = bcue_vec3_unit(bcue_vec3_sub(c, b));
    double turn = atan2(cross2(in, out), bcue_vec3_dot(in, out));
    if (fabs(turn) < 1e-6)
        return add_point(&p->lines[road], b) ? BCUE_OK : bcue_fail_memory(p->error, "a road");
    double reach = spec->bend_radius_m * tan(0.5 * fabs(turn));
    double room = fmin(bcue_vec3_norm(bcue_vec3_sub(b, a)), bcue_vec3_norm(bcue_vec3_sub(c, b)));
    char name[96];
    if (!(reach <= 0.5 * room + 1e-9))
        return bcue_fail(
            p->error, BCUE_ERROR_DATA,
            "%s: the bend at (%g, %g) needs %.1f m on either side for a radius of %g m, and there are "
            "%.1f m (half the way to the next point); move the points apart or make bend_radius_m "
            "smaller",
            road_name(p, road, name), b.x, b.y, reach, spec->bend_radius_m, 0.5 * room);
    int steps = (int)ceil(fabs(turn) / ARC_STEP);
    double side = turn > 0.0 ? 1.0 : -1.0;
    bcue_vec3 start = bcue_vec3_sub(b, bcue_vec3_scale(in, reach));
    bcue_vec3 centre = bcue_vec3_add(start, bcue_vec3_scale(left_of(in), side * spec->bend_radius_m));
    double from = atan2(start.y - centre.y, start.x - centre.x);
    for (int i = 0; i <= steps; i++) {
        double angle = from + turn * i / steps;
        bcue_vec3 at = {centre.x + spec->bend_radius_m * cos(angle),
                        centre.y + spec->bend_radius_m * sin(angle), 0};
        if (!add_point(&p->lines[road], at))
            return bcue_fail_memory(p->error, "a road");
    }
    return BCUE_OK;
}

static bcue_status make_line(planner *p, size_t road)
{
    const bcue_road_spec *spec = &p->plan->roads[road];
    char name[96];
    if (spec->line_count < 4 || spec->line_count % 2 != 0)
        return bcue_fail(p->error, BCUE_ERROR_DATA,
                         "%s: a line needs pairs of x and y for at least two points, and has %zu numbers",
                         road_name(p, road, name), spec->line_count);
    size_t points = spec->line_count / 2;
    for (size_t i = 0; i < spec->line_count; i++)
        if (!isfinite(spec->line_m[i]) || fabs(spec->line_m[i]) > 1e5)
            return bcue_fail(p->error, BCUE_ERROR_DATA,
                             "%s: number %zu of its line is %g; it must lie within 100 km",
                             road_name(p, road, name), i + 1, spec->line_m[i]);
    double widest = fmax(spec->lanes_forward, spec->lanes_backward) * spec->lane_width_m;
    if (points > 2 && spec->bend_radius_m < widest + 12.0)
        return bcue_fail(
            p->error, BCUE_ERROR_DATA,
            "%s: a bend_radius_m of %g leaves its inner lane less than the 12 m that long vehicles need; "
            "make it at least %g",
            road_name(p, road, name), spec->bend_radius_m, widest + 12.0);
    bcue_status status = BCUE_OK;
    for (size_t i = 0; status == BCUE_OK && i < points; i++) {
        bcue_vec3 at = {spec->line_m[2 * i], spec->line_m[2 * i + 1], 0.0};
        if (i == 0 || i + 1 == points) {
            status = add_point(&p->lines[road], at) ? BCUE_OK : bcue_fail_memory(p->error, "a road");
            continue;
        }
        bcue_vec3 before = {spec->line_m[2 * i - 2], spec->line_m[2 * i - 1], 0.0},
                  after = {spec->line_m[2 * i + 2], spec->line_m[2 * i + 3], 0.0};
        status = round_corner(p, road, before, at, after);
    }
    if (status == BCUE_OK &&
        (p->lines[road].count < 2 || p->lines[road].s[p->lines[road].count - 1] < LEAST_SECTION_M))
        return bcue_fail(p->error, BCUE_ERROR_DATA, "%s: it is shorter than %g m", road_name(p, road, name),
                         LEAST_SECTION_M);
    return status;
}

static bcue_vec3 line_at(const line *l, double s, bcue_vec3 *direction)
{
    size_t i = 0;
    while (i + 2 < l->count && l->s[i + 1] <= s)
        i++;
    bcue_vec3 along = bcue_vec3_unit(bcue_vec3_sub(l->points[i + 1], l->points[i]));
    if (direction)
        *direction = along;
    return bcue_vec3_add(l->points[i], bcue_vec3_scale(along, s - l->s[i]));
}

/* ---- crossings ---- */
static bcue_status add_crossing(planner *p, size_t road, uint32_t junction, double s)
{
    double end = p->lines[road].s[p->lines[road].count - 1];
    s = s < END_REACH_M ? 0.0 : s > end - END_REACH_M ? end : s;
    for (size_t i = 0; i < p->crossing_count[road]; i++)
        if (p->crossings[road][i].junction == junction)
            return BCUE_OK;
    if (!bcue_grow((void **)&p->crossings[road], &p->crossing_capacity[road], p->crossing_count[road] + 1,
                   sizeof **p->crossings))
        return bcue_fail_memory(p->error, "the crossings");
    size_t place = p->crossing_count[road]++;
    for (; place > 0 && p->crossings[road][place - 1].s > s; place--)
        p->crossings[road][place] = p->crossings[road][place - 1];
    p->crossings[road][place] = (crossing){junction, s};
    return BCUE_OK;
}

static bcue_status add_junction(planner *p, bcue_vec3 centre, uint32_t *junction)
{
    bcue_road_plan *plan = p->plan;
    for (size_t j = 0; j < plan->junction_count; j++)
        if (bcue_vec3_norm(bcue_vec3_sub(plan->junctions[j].centre, centre)) < SAME_CROSSING_M) {
            *junction = (uint32_t)j;
            return BCUE_OK;
        }
    if (!bcue_grow((void **)&plan->junctions, &plan->junction_capacity, plan->junction_count + 1,
                   sizeof *plan->junctions))
        return bcue_fail_memory(p->error, "the crossings");
    *junction = (uint32_t)plan->junction_count;
    plan->junctions[plan->junction_count++] = (bcue_junction){.centre = centre};
    return BCUE_OK;
}

/* Where segments i of a and k of b meet; the ends of both roads reach out a little. */
static bool segments_cross(const line *a, size_t i, const line *b, size_t k, double *sa, double *sb)
{
    bcue_vec3 u = bcue_vec3_sub(a->points[i + 1], a->points[i]),
              v = bcue_vec3_sub(b->points[k + 1], b->points[k]);
    bcue_vec3 w = bcue_vec3_sub(b->points[k], a->points[i]);
    double det = cross2(u, v), lu = bcue_vec3_norm(u), lv = bcue_vec3_norm(v);
    if (fabs(det) < 0.1 * lu * lv)
        return false;
    double x = cross2(w, v) / det * lu, y = cross2(w, u) / det * lv;
    double a_low = i == 0 ? -END_REACH_M : 0.0, a_high = lu + (i + 2 == a->count ? END_REACH_M : 0.0);
    double b_low = k == 0 ? -END_REACH_M : 0.0, b_high = lv + (k + 2 == b->count ? END_REACH_M : 0.0);
    if (x < a_low || x > a_high || y < b_low || y > b_high)
        return false;
    *sa = a->s[i] + x;
    *sb = b->s[k] + y;
    return true;
}

static bcue_status find_crossings(planner *p)
{
    for (size_t a = 0; a < p->plan->road_count; a++)
        for (size_t b = a + 1; b < p->plan->road_count; b++)
            for (size_t i = 0; i + 1 < p->lines[a].count; i++)
                for (size_t k = 0; k + 1 < p->lines[b].count; k++) {
                    double sa, sb;
                    if (!segments_cross(&p->lines[a], i, &p->lines[b], k, &sa, &sb))
                        continue;
                    uint32_t junction = 0;
                    BCUE_TRY(add_junction(p, line_at(&p->lines[a], sa, NULL), &junction));
                    BCUE_TRY(add_crossing(p, a, junction, sa));
                    BCUE_TRY(add_crossing(p, b, junction, sb));
                }
    return BCUE_OK;
}

/* ---- arms ---- */
static bcue_status add_arm(planner *p, uint32_t junction, size_t road, double s, bool forward)
{
    bcue_junction *j = &p->plan->junctions[junction];
    const bcue_road_spec *spec = &p->plan->roads[road];
    char name[96];
    if (j->arm_count == BCUE_MAX_ARMS)
        return bcue_fail(p->error, BCUE_ERROR_DATA, "%s: more than %d roads meet at (%g, %g)",
                         road_name(p, road, name), (int)BCUE_MAX_ARMS, j->centre.x, j->centre.y);
    bcue_vec3 along;
    (void)line_at(&p->lines[road], forward ? s : s - 1e-6, &along);
    double forward_m = spec->lanes_forward * spec->lane_width_m + spec->parking_m,
           backward_m = spec->lanes_backward * spec->lane_width_m + spec->parking_m;
    j->arms[j->arm_count++] = (bcue_arm){.section = (uint32_t)road, /* for now */
                                         .end = forward ? 0 : 1,
                                         .direction = forward ? along : bcue_vec3_scale(along, -1.0),
                                         .left_m = forward ? backward_m : forward_m,
                                         .right_m = forward ? forward_m : backward_m,
                                         .sidewalk_m = spec->sidewalk_m};
    return BCUE_OK;
}

static void sort_arms(bcue_junction *j)
{
    for (size_t i = 1; i < j->arm_count; i++) {
        bcue_arm arm = j->arms[i];
        double angle = atan2(arm.direction.y, arm.direction.x);
        size_t place = i;
        for (; place > 0 && atan2(j->arms[place - 1].direction.y, j->arms[place - 1].direction.x) > angle;
             place--)
            j->arms[place] = j->arms[place - 1];
        j->arms[place] = arm;
    }
}

/* The angle from one direction counter-clockwise to another, (0, 2 pi]. */
static double angle_between(bcue_vec3 a, bcue_vec3 b)
{
    double angle = atan2(cross2(a, b), bcue_vec3_dot(a, b));
    return angle > 1e-9 ? angle : angle + 2.0 * BCUE_PI;
}

/* Where the line `wi` to the left of arm i meets the line `wj` to the right of arm j: distances along both.
 */
static void meet(double wi, double wj, double phi, double *along_i, double *along_j)
{
    *along_i = (wj + wi * cos(phi)) / sin(phi);
    *along_j = (wi + wj * cos(phi)) / sin(phi);
}

/* How far the corner between arm i and the next takes up either arm. */
static bcue_status reserve_corner(planner *p, bcue_junction *j, size_t i)
{
    bcue_arm *a = &j->arms[i], *b = &j->arms[(i + 1) % j->arm_count];
    double phi = angle_between(a->direction, b->direction), ti, tj, oi, oj;
    char one[96], other[96];
    if (phi < LEAST_CORNER)
        return bcue_fail(p->error, BCUE_ERROR_DATA,
                         "%s and %s meet at (%g, %g) under %.0f degrees; at least %.0f are needed",
                         road_name(p, a->section, one), road_name(p, b->section, other), j->centre.x,
                         j->centre.y, phi * 180.0 / BCUE_PI, LEAST_CORNER * 180.0 / BCUE_PI);
    if (phi > BCUE_PI + STRAIGHT_ON)
        return bcue_fail(p->error, BCUE_ERROR_DATA,
                         "%s and %s only touch at (%g, %g); draw a bend as one road with one more point",
                         road_name(p, a->section, one), road_name(p, b->section, other), j->centre.x,
                         j->centre.y);
    if (phi > BCUE_PI - STRAIGHT_ON) {
        a->cut_m = fmax(a->cut_m, CUT_MARGIN_M);
        b->cut_m = fmax(b->cut_m, CUT_MARGIN_M);
        return BCUE_OK;
    }
    double reach = bcue_corner_radius(p->plan, a, b, phi) / tan(0.5 * phi);
    meet(a->left_m, b->right_m, phi, &ti, &tj);
    meet(a->left_m + a->sidewalk_m, b->right_m + b->sidewalk_m, phi, &oi, &oj);
    a->cut_m = fmax(a->cut_m, fmax(ti + reach, oi) + CUT_MARGIN_M);
    b->cut_m = fmax(b->cut_m, fmax(tj + reach, oj) + CUT_MARGIN_M);
    return BCUE_OK;
}

static bcue_status make_arms(planner *p)
{
    for (size_t road = 0; road < p->plan->road_count; road++) {
        double end = p->lines[road].s[p->lines[road].count - 1];
        for (size_t c = 0; c < p->crossing_count[road]; c++) {
            const crossing *at = &p->crossings[road][c];
            if (at->s > 0.0)
                BCUE_TRY(add_arm(p, at->junction, road, at->s, false));
            if (at->s < end)
                BCUE_TRY(add_arm(p, at->junction, road, at->s, true));
        }
    }
    for (size_t i = 0; i < p->plan->junction_count; i++) {
        bcue_junction *j = &p->plan->junctions[i];
        sort_arms(j);
        for (size_t k = 0; k < j->arm_count; k++)
            BCUE_TRY(reserve_corner(p, j, k));
    }
    return BCUE_OK;
}

/* ---- sections ---- */
static bcue_arm *find_arm(planner *p, uint32_t junction, size_t road, int end, uint32_t *index)
{
    bcue_junction *j = &p->plan->junctions[junction];
    for (size_t i = 0; i < j->arm_count; i++)
        if (j->arms[i].section == road && j->arms[i].end == end && j->arms[i].sidewalk_m >= 0.0) {
            *index = (uint32_t)i;
            return &j->arms[i];
        }
    return NULL;
}

static bool add_station(bcue_road_plan *plan, bcue_vec3 centre, bcue_vec3 across, double s)
{
    if (!bcue_grow((void **)&plan->stations, &plan->station_capacity, plan->station_count + 1,
                   sizeof *plan->stations))
        return false;
    plan->stations[plan->station_count++] = (bcue_station){centre, across, s};
    return true;
}

/* Stations from `from` to `to` along a road: both ends and every point of the line between. */
static bcue_status add_stations(planner *p, size_t road, double from, double to)
{
    const line *l = &p->lines[road];
    bcue_vec3 along;
    bcue_vec3 at = line_at(l, from, &along);
    bool ok = add_station(p->plan, at, left_of(along), 0.0);
    for (size_t i = 1; ok && i + 1 < l->count; i++) {
        if (l->s[i] < from + 0.05 || l->s[i] > to - 0.05)
            continue;
        bcue_vec3 in = bcue_vec3_unit(bcue_vec3_sub(l->points[i], l->points[i - 1]));
        bcue_vec3 out = bcue_vec3_unit(bcue_vec3_sub(l->points[i + 1], l->points[i]));
        bcue_vec3 middle = bcue_vec3_unit(bcue_vec3_add(in, out));
        ok = add_station(p->plan, l->points[i],
                         bcue_vec3_scale(left_of(middle), 1.0 / bcue_vec3_dot(middle, in)), l->s[i] - from);
    }
    at = line_at(l, to - 1e-9, &along);
    ok = ok && add_station(p->plan, at, left_of(along), to - from);
    return ok ? BCUE_OK : bcue_fail_memory(p->error, "a road");
}

/* The line must run straight from the crossing to where its section begins. */
static bcue_status check_straight(planner *p, size_t road, const crossing *at, const bcue_arm *arm)
{
    bcue_vec3 along;
    double s = arm->end == 0 ? at->s + arm->cut_m : at->s - arm->cut_m;
    (void)line_at(&p->lines[road], s, &along);
    char name[96];
    if (fabs(cross2(along, arm->direction)) < 1e-6)
        return BCUE_OK;
    return bcue_fail(p->error, BCUE_ERROR_DATA,
                     "%s: it bends within %.1f m of its crossing at (%g, %g); move the bend further away",
                     road_name(p, road, name), arm->cut_m, p->plan->junctions[at->junction].centre.x,
                     p->plan->junctions[at->junction].centre.y);
}

/* The section of a road between two neighbouring crossings; NULL: the road's end. */
static bcue_status add_section(planner *p, size_t road, const crossing *start, const crossing *end)
{
    bcue_road_plan *plan = p->plan;
    const bcue_road_spec *spec = &plan->roads[road];
    bcue_section section = {.road = (uint32_t)road,
                            .first_station = plan->station_count,
                            .left_m = spec->lanes_backward * spec->lane_width_m + spec->parking_m,
                            .right_m = spec->lanes_forward * spec->lane_width_m + spec->parking_m,
                            .junction = {BCUE_NO_JUNCTION, BCUE_NO_JUNCTION}};
    double from = 0.0, to = p->lines[road].s[p->lines[road].count - 1];
    bcue_arm *arms[2] = {NULL, NULL};
    const crossing *crossings[2] = {start, end};
    for (int e = 0; e < 2; e++) {
        if (!crossings[e])
            continue;
        section.junction[e] = crossings[e]->junction;
        arms[e] = find_arm(p, crossings[e]->junction, road, e, &section.arm[e]);
        if (!arms[e])
            return bcue_fail(p->error, BCUE_ERROR_DATA, "road %zu crosses another one twice at one place",
                             road + 1);
        if (e == 0)
            from = start->s + arms[0]->cut_m;
        else
            to = end->s - arms[1]->cut_m;
    }
    char name[96];
    if (!(to - from >= LEAST_SECTION_M))
        return bcue_fail(
            p->error, BCUE_ERROR_DATA,
            "%s: only %.1f m are left between its crossings or ends near (%g, %g); at least %g m are needed",
            road_name(p, road, name), to - from, line_at(&p->lines[road], from, NULL).x,
            line_at(&p->lines[road], from, NULL).y, LEAST_SECTION_M);
    for (int e = 0; e < 2; e++)
        if (arms[e])
            BCUE_TRY(check_straight(p, road, crossings[e], arms[e]));
    BCUE_TRY(add_stations(p, road, from, to));
    section.station_count = plan->station_count - section.first_station;
    if (!bcue_grow((void **)&plan->sections, &plan->section_capacity, plan->section_count + 1,
                   sizeof *plan->sections))
        return bcue_fail_memory(p->error, "the roads");
    plan->sections[plan->section_count++] = section;
    return BCUE_OK;
}

static bcue_status make_sections(planner *p)
{
    for (size_t road = 0; road < p->plan->road_count; road++) {
        double end = p->lines[road].s[p->lines[road].count - 1];
        const crossing *before = NULL;
        for (size_t c = 0; c < p->crossing_count[road]; c++) {
            const crossing *at = &p->crossings[road][c];
            if (at->s > 0.0)
                BCUE_TRY(add_section(p, road, before, at));
            before = at;
        }
        if (!before || before->s < end)
            BCUE_TRY(add_section(p, road, before, NULL));
    }
    /* Until here an arm held its road. */
    for (size_t s = 0; s < p->plan->section_count; s++)
        for (int e = 0; e < 2; e++) {
            const bcue_section *section = &p->plan->sections[s];
            if (section->junction[e] != BCUE_NO_JUNCTION)
                p->plan->junctions[section->junction[e]].arms[section->arm[e]].section = (uint32_t)s;
        }
    return BCUE_OK;
}

static bcue_status plan_all(planner *p)
{
    for (size_t road = 0; road < p->plan->road_count; road++)
        BCUE_TRY(make_line(p, road));
    BCUE_TRY(find_crossings(p));
    BCUE_TRY(make_arms(p));
    return make_sections(p);
}

bcue_status bcue_road_plan_make(const bcue_road_spec *roads, size_t count, double corner_radius_m,
                                bcue_road_plan *plan, bcue_error *error)
{
    bcue_road_plan made = {.roads = roads, .road_count = count, .corner_radius_m = corner_radius_m};
    planner p = {.plan = &made, .error = error};
    p.lines = bcue_calloc(count, sizeof *p.lines);
    p.crossings = bcue_calloc(count, sizeof *p.crossings);
    p.crossing_count = bcue_calloc(count, sizeof *p.crossing_count);
    p.crossing_capacity = bcue_calloc(count, sizeof *p.crossing_capacity);
    bcue_status status = p.lines && p.crossings && p.crossing_count && p.crossing_capacity
                             ? plan_all(&p)
                             : bcue_fail_memory(error, "the roads");
    for (size_t road = 0; road < count; road++) {
        if (p.lines) {
            free(p.lines[road].points);
            free(p.lines[road].s);
        }
        if (p.crossings)
            free(p.crossings[road]);
    }
    free(p.lines);
    free(p.crossings);
    free(p.crossing_count);
    free(p.crossing_capacity);
    if (status != BCUE_OK) {
        bcue_road_plan_free(&made);
        return status;
    }
    *plan = made;
    return BCUE_OK;
}

void bcue_road_plan_free(bcue_road_plan *plan)
{
    free(plan->stations);
    free(plan->sections);
    free(plan->junctions);
    *plan = (bcue_road_plan){0};
}

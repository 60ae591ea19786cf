/* The float tests of path_lanes.h against the same questions in double, one thing at a time, for every width
   that this machine has: nothing is lost, and what is left is hardly more. */
#include <math.h>
#include <stdbool.h>
#include <string.h>
#include "base/cpu.h"
#include "base/rng.h"
#include "base/vec3.h"
#include "check.h"
#include "rays/path_lanes.h"

enum { COUNT = 203, ARRAYS = 9, ROUNDS = 400 };

static float pool[ARRAYS][COUNT + BCUE_LANE_PADDING];
static uint32_t hits[COUNT];
static bcue_rng rng;

static double draw(double low, double high)
{
    return bcue_rng_range(&rng, low, high);
}

static void fill(int array, double low, double high)
{
    for (int i = 0; i < COUNT; i++)
        pool[array][i] = (float)draw(low, high);
}

static bcue_vec3 drawn_point(double size)
{
    return bcue_vec3_make(draw(-size, size), draw(-size, size), draw(-size, size));
}

static bcue_vec3 drawn_direction(void)
{
    return bcue_vec3_unit(drawn_point(1.0));
}

static bcue_vec3 at(int array, int i)
{
    return bcue_vec3_make((double)pool[array][i], (double)pool[array + 1][i], (double)pool[array + 2][i]);
}

static bcue_vec3 vector(const float *from)
{
    return bcue_vec3_make((double)from[0], (double)from[1], (double)from[2]);
}

static void put(bcue_vec3 v, float *to)
{
    to[0] = (float)v.x;
    to[1] = (float)v.y;
    to[2] = (float)v.z;
}

/* Which of [first, end) were left; fails when the numbers do not rise. */
static void check_hits(size_t count, size_t first, size_t end, bool *left)
{
    memset(left, 0, COUNT);
    for (size_t i = 0; i < count; i++) {
        CHECK(hits[i] >= first && hits[i] < end && (i == 0 || hits[i] > hits[i - 1]));
        if (hits[i] < COUNT)
            left[hits[i]] = true;
    }
}

/* margin(i): how far thing i is inside (positive) or outside of what is asked. */
typedef double margin(const void *question, int i);

static void compare(const char *what, int width, size_t count, size_t first, size_t end, margin *inside,
                    const void *question, double slack)
{
    bool left[COUNT];
    check_hits(count, first, end, left);
    for (size_t i = first; i < end; i++) {
        const double m = inside(question, (int)i);
        CHECK_AT(left[i] || m <= 1e-6, "%s, %d lanes: %zu is lost, %g inside", what, width, i, m);
        CHECK_AT(!left[i] || m >= -slack, "%s, %d lanes: %zu is left, %g outside", what, width, i, -m);
    }
}

/* ---- the questions in double ---- */

static double box_in_region(const void *question, int i)
{
    const bcue_lane_region *region = question;
    double least = INFINITY;
    for (int p = 0; p < BCUE_LANE_PLANES; p++) {
        const bcue_vec3 n = vector(region->plane[p]);
        least = fmin(least, bcue_vec3_dot(n, at(0, i)) + fabs(n.x) * (double)pool[3][i] +
                                fabs(n.y) * (double)pool[4][i] + fabs(n.z) * (double)pool[5][i] -
                                (double)region->plane[p][3]);
    }
    return least;
}

static double box_in_tube(const void *question, int i)
{
    const bcue_lane_tube *t = question;
    const bcue_vec3 d = bcue_vec3_sub(at(0, i), vector(t->middle)), s = vector(t->half);
    const double r = (double)t->radius;
    const bcue_vec3 h =
        bcue_vec3_make((double)pool[3][i] + r, (double)pool[4][i] + r, (double)pool[5][i] + r);
    double least =
        fmin(h.x + fabs(s.x) - fabs(d.x), fmin(h.y + fabs(s.y) - fabs(d.y), h.z + fabs(s.z) - fabs(d.z)));
    const bcue_vec3 c = bcue_vec3_cross(d, s);
    const double x = h.y * fabs(s.z) + h.z * fabs(s.y) - fabs(c.x),
                 y = h.z * fabs(s.x) + h.x * fabs(s.z) - fabs(c.y),
                 z = h.x * fabs(s.y) + h.y * fabs(s.x) - fabs(c.z);
    return fmin(least, fmin(x, fmin(y, z)) / bcue_vec3_norm(s));
}

static double past(bcue_vec3 from, bcue_vec3 to, bcue_vec3 point, double near)
{
    const bcue_vec3 along = bcue_vec3_unit(bcue_vec3_sub(to, from));
    return near - bcue_vec3_norm(bcue_vec3_cross(along, bcue_vec3_sub(point, from)));
}

/* Of the distances from the cone's side and its end. */
static double sphere_in_cone(const void *question, int i)
{
    const bcue_lane_cone *c = question;
    const bcue_vec3 from = bcue_vec3_sub(at(0, i), vector(c->apex)), axis = vector(c->axis);
    const double along = bcue_vec3_dot(from, axis), radius = (double)pool[3][i];
    const double beside = bcue_vec3_norm(bcue_vec3_cross(from, axis));
    const double side = along * (double)c->slope + radius * (double)c->secant - beside;
    return fmin(side, along + radius - (double)c->least);
}

static double line_past(const void *question, int i)
{
    const bcue_lane_end *e = question;
    const bcue_vec3 to = vector(e->to), from = at(4, i);
    double least = past(from, to, at(0, i), (double)pool[3][i] + (double)e->wide);
    if (e->also[3] < INFINITY)
        least = fmin(least, past(from, to, vector(e->also), (double)e->also[3]));
    return e->within ? fmin(least, sphere_in_cone(e->within, i)) : least;
}

typedef struct mirror_question {
    float source[3];
    bcue_lane_end end;
} mirror_question;

static double mirror_between(const void *question, int i)
{
    const mirror_question *q = question;
    const bcue_vec3 normal = at(4, i), source = vector(q->source);
    const double above = bcue_vec3_dot(normal, source) - (double)pool[7][i];
    const bcue_vec3 image = bcue_vec3_sub(source, bcue_vec3_scale(normal, 2.0 * above));
    const double facing = pool[8][i] > 0.0f ? INFINITY : above;
    return fmin(facing, past(image, vector(q->end.to), at(0, i), (double)pool[3][i] + (double)q->end.wide));
}

/* Does the segment from the apex to the receiver pass the sphere? The kernel's bound is coarser: what it
   leaves is compared with the whole line, and only the certain is demanded. */
static double segment_passes(const void *question, int i)
{
    const bcue_lane_way *w = question;
    const bcue_vec3 apex = vector(w->apex), centre = vector(w->sphere), to = at(0, i);
    const bcue_vec3 along = bcue_vec3_sub(to, apex), from = bcue_vec3_sub(centre, apex);
    const double t = fmin(fmax(bcue_vec3_dot(from, along) / bcue_vec3_dot(along, along), 0.0), 1.0);
    const double apart = bcue_vec3_norm(bcue_vec3_sub(from, bcue_vec3_scale(along, t)));
    return fmin((double)w->sphere[3] - apart, bcue_vec3_dot(vector(w->front), to) - (double)w->front[3]);
}

/* How far inside of the rectangle the line from point i to the window's point crosses the plane; -infinity:
 * not between the two. */
static double crosses(const void *question, int i)
{
    const bcue_lane_window *w = question;
    const double to = (double)w->above, from = (double)pool[0][i], t = from / (from - to);
    if (!(from * to < 0.0))
        return -INFINITY;
    const double u = (double)pool[1][i] + t * ((double)w->u - (double)pool[1][i]),
                 v = (double)pool[2][i] + t * ((double)w->v - (double)pool[2][i]);
    return fmin((double)w->half_u - fabs(u), (double)w->half_v - fabs(v));
}

/* ---- for every width ---- */
static void each_width(const bcue_lane_tests *tests)
{
    rng = bcue_rng_make(11, BCUE_RNG_TEST, 0, 0, 0);
    const bcue_lane_boxes boxes = {pool[0], pool[1], pool[2], pool[3], pool[4], pool[5]};
    const bcue_lane_spheres spheres = {pool[0], pool[1], pool[2], pool[3]};
    const bcue_lane_lines lines = {pool[4], pool[5], pool[6], spheres};
    const bcue_lane_mirrors mirrors = {pool[4], pool[5], pool[6], pool[7], pool[8], spheres};
    const int width = tests->width;
    for (int round = 0; round < ROUNDS; round++) {
        const size_t first = (size_t)draw(0, 20), end = first + (size_t)draw(0, COUNT - 20);
        for (int k = 0; k < 3; k++)
            fill(k, -300, 300);
        for (int k = 3; k < 6; k++)
            fill(k, 0, 10);
        bcue_lane_region region;
        for (int p = 0; p < BCUE_LANE_PLANES; p++) {
            put(drawn_direction(), region.plane[p]);
            region.plane[p][3] = (float)draw(-200, 20);
        }
        compare("boxes", width, tests->boxes(&boxes, first, end, &region, hits), first, end, box_in_region,
                &region, 0.03);
        bcue_lane_tube tube = {.radius = (float)draw(0, 10)};
        put(drawn_point(200), tube.middle);
        put(drawn_point(200), tube.half);
        compare("tube", width, tests->tube(&boxes, first, end, &tube, hits), first, end, box_in_tube, &tube,
                0.1);

        const double sine = draw(0.01, 0.8), cosine = sqrt(1.0 - sine * sine);
        bcue_lane_cone cone = {
            .slope = (float)(sine / cosine), .secant = (float)(1.0 / cosine), .least = (float)draw(0, 50)};
        put(drawn_point(300), cone.apex);
        put(drawn_direction(), cone.axis);
        compare("cone", width, tests->cone(&spheres, first, end, &cone, hits), first, end, sphere_in_cone,
                &cone, 1.0);

        for (int k = 4; k < 7; k++)
            fill(k, -300, 300);
        bcue_lane_end line = {.wide = (float)draw(0, 20), .also = {0, 0, 0, INFINITY}};
        put(drawn_point(300), line.to);
        if (round % 2) {
            put(drawn_point(100), line.also);
            line.also[3] = (float)draw(1, 100);
        }
        if (round % 4 > 1)
            line.within = &cone;
        compare("lines", width, tests->lines(&lines, first, end, &line, hits), first, end, line_past, &line,
                1.0);

        for (int i = 0; i < COUNT; i++) {
            const bcue_vec3 normal = drawn_direction();
            pool[4][i] = (float)normal.x;
            pool[5][i] = (float)normal.y;
            pool[6][i] = (float)normal.z;
            pool[7][i] = (float)bcue_vec3_dot(normal, at(0, i));
            pool[8][i] = i % 3 == 0 ? 1.0f : 0.0f;
        }
        mirror_question question = {.end = {.wide = (float)draw(0, 60), .also = {0, 0, 0, INFINITY}}};
        put(drawn_point(300), question.source);
        put(drawn_point(300), question.end.to);
        compare("mirrors", width, tests->mirrors(&mirrors, first, end, question.source, &question.end, hits),
                first, end, mirror_between, &question, 0.1);

        bcue_lane_way way = {.sphere = {0, 0, 0, (float)draw(0, 60)}};
        put(drawn_point(300), way.apex);
        put(drawn_point(200), way.sphere);
        put(drawn_direction(), way.front);
        way.front[3] = (float)draw(-300, 50);
        for (int k = 0; k < 3; k++)
            fill(k, round % 3 == 0 ? -5000 : -60, round % 3 == 0 ? 5000 : 60);
        const bcue_lane_crossings crossings = {pool[0], pool[1], pool[2]};
        const bcue_lane_window window = {.above = (float)draw(-40, 40),
                                         .u = (float)draw(-200, 200),
                                         .v = (float)draw(-200, 200),
                                         .half_u = (float)draw(0, 80),
                                         .half_v = (float)draw(0, 80)};
        compare("crossings", width, tests->crossings(&crossings, first, end, &window, hits), first, end,
                crosses, &window, 0.03);
        for (int k = 0; k < 3; k++)
            fill(k, -300, 300);
        fill(3, 0, 10);

        compare("receivers", width, tests->receivers(&spheres, first, end, &way, hits), first, end,
                segment_passes, &way, INFINITY);
    }
}

static void nothing_is_lost_by_any_width(void)
{
    each_width(&bcue_lane_tests_baseline);
#ifdef __x86_64__
    if (bcue_cpu_best() >= BCUE_CPU_AVX2)
        each_width(&bcue_lane_tests_avx2);
    if (bcue_cpu_best() >= BCUE_CPU_AVX512)
        each_width(&bcue_lane_tests_avx512);
#endif
}

/* What passes a sphere far beside the way is ruled out: the test for receivers does rule out. */
static void receivers_far_beside_are_ruled_out(void)
{
    const bcue_lane_spheres points = {pool[0], pool[1], pool[2], pool[3]};
    for (int i = 0; i < COUNT; i++) { /* on a circle around the apex */
        pool[0][i] = (float)(100.0 * cos(2.0 * BCUE_PI * i / COUNT));
        pool[1][i] = (float)(100.0 * sin(2.0 * BCUE_PI * i / COUNT));
        pool[2][i] = 0.0f;
    }
    const bcue_lane_way way = {.sphere = {50, 0, 0, 5}};
    const size_t count = bcue_lane_tests_best()->receivers(&points, 0, COUNT, &way, hits);
    /* 5 m at 50 m: 5.7 degrees on either side of 360, which are 6.5 of 203 points and the slack. */
    CHECK_AT(count >= 7 && count <= 9, "%zu are left", count);
}

int main(void)
{
    RUN(nothing_is_lost_by_any_width);
    RUN(receivers_far_beside_are_ruled_out);
    return check_summary();
}

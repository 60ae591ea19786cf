/* Triangulation against properties that any right one has: areas, directions, and every point of the polygon
   in exactly one triangle. */
#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "base/vec3.h"
#include "check.h"
#include "scene/polygon.h"

enum { MOST = 4096 };

static bool in_closed(const bcue_point2 *points, const uint32_t *t, bcue_point2 p, double margin)
{
    for (int k = 0; k < 3; k++) {
        bcue_point2 a = points[t[k]], b = points[t[(k + 1) % 3]];
        if ((b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x) < margin)
            return false;
    }
    return true;
}

static void check_triangulation(const bcue_point2 *points, const size_t *ring_first, size_t rings,
                                bcue_rng *rng, size_t number)
{
    size_t a, b, count = 0;
    uint32_t *triangles = NULL;
    CHECK_AT(bcue_rings_check(points, ring_first, rings, &a, &b) == BCUE_POLYGON_OK,
             "polygon %zu: edges %zu and %zu meet", number, a, b);
    bcue_polygon_result result = bcue_polygon_triangulate(points, ring_first, rings, &triangles, &count);
    CHECK_AT(result == BCUE_POLYGON_OK, "polygon %zu of %zu corners in %zu rings is not cut", number,
             ring_first[rings], rings);
    if (result != BCUE_POLYGON_OK)
        return;
    double area = fabs(bcue_ring_area2(points, ring_first[1])), sum = 0.0;
    for (size_t r = 1; r < rings; r++)
        area -= fabs(bcue_ring_area2(points + ring_first[r], ring_first[r + 1] - ring_first[r]));
    for (size_t t = 0; t < count; t++) {
        bcue_point2 corners[3];
        for (int k = 0; k < 3; k++)
            corners[k] = points[triangles[3 * t + (size_t)k]];
        double part = bcue_ring_area2(corners, 3);
        CHECK_AT(part > 0.0, "polygon %zu: triangle %zu has area %g", number, t, part);
        sum += part;
    }
    CHECK_AT(fabs(sum - area) <= 1e-9 * area, "polygon %zu: area %.12g instead of %.12g", number, sum, area);
    CHECK_AT(count <= ring_first[rings] + 2 * (rings - 1) - 2, "polygon %zu: %zu triangles", number, count);
    for (int i = 0; i < 200; i++) {
        bcue_point2 p = {bcue_rng_range(rng, -1.2, 1.2), bcue_rng_range(rng, -1.2, 1.2)};
        bool inside = bcue_ring_contains(points, ring_first[1], p);
        for (size_t r = 1; r < rings; r++)
            inside =
                inside && !bcue_ring_contains(points + ring_first[r], ring_first[r + 1] - ring_first[r], p);
        int closed = 0, strict = 0;
        for (size_t t = 0; t < count; t++) {
            closed += in_closed(points, triangles + 3 * t, p, -1e-12);
            strict += in_closed(points, triangles + 3 * t, p, 1e-12);
        }
        CHECK_AT(inside ? closed >= 1 && strict <= 1 : strict == 0,
                 "polygon %zu: a point %s it lies in %d triangles", number, inside ? "inside" : "outside",
                 strict);
    }
    free(triangles);
}

/* A star-shaped ring around (x, y). */
static size_t add_star(bcue_point2 *points, size_t at, bcue_rng *rng, size_t corners, double x, double y,
                       double low, double high)
{
    bool clockwise = bcue_rng_below(rng, 2) == 1;
    for (size_t i = 0; i < corners; i++) {
        double angle = 2.0 * BCUE_PI * (double)(clockwise ? corners - i : i) / (double)corners;
        double radius = bcue_rng_range(rng, low, high);
        points[at + i] = (bcue_point2){x + radius * cos(angle), y + radius * sin(angle)};
    }
    return at + corners;
}

static void test_random_stars(void)
{
    static bcue_point2 points[MOST];
    for (size_t i = 0; i < 400; i++) {
        bcue_rng rng = bcue_rng_make(1, BCUE_RNG_TEST, 1, 0, (uint32_t)i);
        size_t first[2] = {0, add_star(points, 0, &rng, 3 + bcue_rng_below(&rng, 40), 0, 0, 0.1, 1.0)};
        check_triangulation(points, first, 1, &rng, i);
    }
}

static void test_random_holes(void)
{
    static bcue_point2 points[MOST];
    for (size_t i = 0; i < 400; i++) {
        bcue_rng rng = bcue_rng_make(2, BCUE_RNG_TEST, 1, 0, (uint32_t)i);
        size_t first[11] = {0, add_star(points, 0, &rng, 24, 0, 0, 0.95, 1.1)}, rings = 1;
        /* Holes in the cells of a 3 x 3 grid, some left free. */
        for (int cell = 0; cell < 9; cell++) {
            if (bcue_rng_below(&rng, 3) == 0)
                continue;
            double x = 0.4 * (double)(cell % 3 - 1), y = 0.4 * (double)(cell / 3 - 1);
            first[rings + 1] =
                add_star(points, first[rings], &rng, 3 + bcue_rng_below(&rng, 9), x, y, 0.05, 0.19);
            rings++;
        }
        check_triangulation(points, first, rings, &rng, i);
    }
}

/* On a grid many corners are in line, and holes lie level with corners of the outline. */
static void test_grid_holes(void)
{
    static bcue_point2 points[MOST];
    bcue_rng rng = bcue_rng_make(3, BCUE_RNG_TEST, 1, 0, 0);
    size_t first[17] = {0}, rings = 1, at = 0;
    for (int side = 0; side < 4; side++)
        for (int i = 0; i < 8; i++) {
            double t = -1.0 + 0.25 * (double)i;
            points[at++] = side == 0   ? (bcue_point2){t, -1}
                           : side == 1 ? (bcue_point2){1, t}
                           : side == 2 ? (bcue_point2){-t, 1}
                                       : (bcue_point2){-1, -t};
        }
    first[1] = at;
    for (int cell = 0; cell < 9; cell++) {
        double x = -0.75 + 0.625 * (double)(cell % 3), y = -0.75 + 0.625 * (double)(cell / 3);
        const bcue_point2 square[4] = {{x, y}, {x + 0.25, y}, {x + 0.25, y + 0.25}, {x, y + 0.25}};
        for (int k = 0; k < 4; k++)
            points[at++] = square[k];
        first[++rings] = at;
    }
    check_triangulation(points, first, rings, &rng, 0);
}

static void check_crossed(const bcue_point2 *points, size_t count, bool crossed)
{
    size_t first[2] = {0, count}, a, b;
    CHECK((bcue_rings_check(points, first, 1, &a, &b) == BCUE_POLYGON_CROSSED) == crossed);
}

static void test_crossed(void)
{
    const bcue_point2 bow[] = {{0, 0}, {1, 1}, {1, 0}, {0, 1}};
    const bcue_point2 spike[] = {{0, 0}, {1, 0}, {2, 0}, {1, 0}, {0, 1}};
    const bcue_point2 back[] = {{0, 0}, {2, 0}, {1, 0}, {1, 1}};
    const bcue_point2 touch[] = {{0, 0}, {2, 0}, {2, 2}, {1, 0}, {0, 2}};
    const bcue_point2 twice[] = {{0, 0}, {0, 0}, {1, 0}, {0, 1}};
    const bcue_point2 line[] = {{0, 0}, {1, 0}, {2, 0}, {2, 1}};
    check_crossed(bow, 4, true);
    check_crossed(spike, 5, true);
    check_crossed(back, 4, true);
    check_crossed(touch, 5, true);
    check_crossed(twice, 4, true);
    check_crossed(line, 4, false);
    const bcue_point2 nested[] = {{0, 0}, {4, 0}, {4, 4}, {0, 4}, {3, 1}, {5, 1}, {5, 2}, {3, 2}};
    const size_t first[] = {0, 4, 8};
    size_t a = 0, b = 0;
    CHECK(bcue_rings_check(nested, first, 2, &a, &b) == BCUE_POLYGON_CROSSED);
    CHECK(a == 1 && b == 4);
    uint32_t *triangles;
    size_t count;
    const size_t flat_first[] = {0, 3};
    CHECK(bcue_polygon_triangulate(line, flat_first, 1, &triangles, &count) == BCUE_POLYGON_CROSSED);
}

int main(void)
{
    RUN(test_random_stars);
    RUN(test_random_holes);
    RUN(test_grid_holes);
    RUN(test_crossed);
    return check_summary();
}

/* The tree of boxes against every box one by one: nothing that reaches into a region or a tube is left out,
   and little else comes with it. */
#include <stdlib.h>
#include "base/rng.h"
#include "check.h"
#include "world/box_tree.h"

enum { BOXES = 700 };

static void make_boxes(bcue_rng *rng, bcue_box *boxes)
{
    for (int i = 0; i < BOXES; i++) {
        double size = i % 20 ? 1.0 : 12.0;
        bcue_vec3 low = {bcue_rng_range(rng, -40, 40), bcue_rng_range(rng, -40, 40),
                         bcue_rng_range(rng, 0, 8)};
        bcue_vec3 high = {low.x + bcue_rng_range(rng, 0, size), low.y + bcue_rng_range(rng, 0, size),
                          low.z + bcue_rng_range(rng, 0, size)};
        boxes[i] = (bcue_box){low, high};
    }
}

static double outside(double x, double low, double high)
{
    return x < low ? low - x : x > high ? x - high : 0.0;
}

/* The distance of a box from a segment: a function of one variable that has no second minimum. */
static double distance_at(const bcue_box *box, bcue_vec3 a, bcue_vec3 b, double t)
{
    bcue_vec3 p = bcue_vec3_add(a, bcue_vec3_scale(bcue_vec3_sub(b, a), t));
    return bcue_vec3_norm(bcue_vec3_make(outside(p.x, box->low.x, box->high.x),
                                         outside(p.y, box->low.y, box->high.y),
                                         outside(p.z, box->low.z, box->high.z)));
}

static double distance_of(const bcue_box *box, bcue_vec3 a, bcue_vec3 b)
{
    double low = 0.0, high = 1.0;
    for (int i = 0; i < 200; i++) {
        double third = (high - low) / 3.0;
        if (distance_at(box, a, b, low + third) < distance_at(box, a, b, high - third))
            high -= third;
        else
            low += third;
    }
    return distance_at(box, a, b, 0.5 * (low + high));
}

static void tubes(void)
{
    static bcue_box boxes[BOXES];
    bcue_rng rng = bcue_rng_make(41, BCUE_RNG_TEST, 0, 0, 0);
    bcue_box_tree tree = {0};
    bcue_index_list found = {0};
    make_boxes(&rng, boxes);
    CHECK(bcue_box_tree_make(&tree, boxes, BOXES));
    size_t inside = 0, more = 0;
    for (int n = 0; n < 200; n++) {
        bcue_vec3 a = {bcue_rng_range(&rng, -60, 60), bcue_rng_range(&rng, -60, 60),
                       bcue_rng_range(&rng, -5, 20)},
                  b = {bcue_rng_range(&rng, -60, 60), bcue_rng_range(&rng, -60, 60),
                       bcue_rng_range(&rng, -5, 20)};
        double radius = bcue_rng_range(&rng, 0.0, 4.0);
        if (n % 5 == 0)
            b = n % 10 ? a : bcue_vec3_make(a.x + 30.0, a.y, a.z);
        found.count = 0;
        CHECK(bcue_box_tree_query_tube(&tree, a, b, radius, 1000, &found));
        bool present[BOXES] = {false};
        for (size_t i = 0; i < found.count; i++) {
            CHECK(found.all[i] >= 1000 && found.all[i] < 1000 + BOXES && !present[found.all[i] - 1000]);
            present[found.all[i] - 1000] = true;
        }
        for (int i = 0; i < BOXES; i++) {
            double distance = distance_of(&boxes[i], a, b);
            inside += distance <= radius;
            more += present[i] && distance > 1.8 * radius + 1e-6;
            CHECK_AT(present[i] || distance > radius - 1e-9, "tube %d of %g m misses box %d at %g m", n,
                     radius, i, distance);
        }
    }
    /* A box grown by the radius keeps its corners: sqrt(3) radius at most. */
    CHECK_INT(more, 0);
    CHECK(inside > 1000);
    free(found.all);
    bcue_box_tree_free(&tree);
}

int main(void)
{
    RUN(tubes);
    return check_summary();
}

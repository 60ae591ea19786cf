/* Buildings: the given ones, and rows along the roads. */
#include <stdio.h>
#include "base/fail.h"
#include "world/scenery_parts.h"

#define SECOND_ROW_M 9.0 /* behind the deepest building of the first row */
#define STEP_ON_M 4.0    /* where a building does not fit, try again so much further */

/* The corridor or reserved place that a footprint touches, if any. */
static bool touches(const bcue_loops *loops, const bcue_vec3 *corners, size_t count)
{
    for (size_t i = 0; i < loops->loop_count; i++) {
        size_t n;
        const bcue_vec3 *points = bcue_loops_get(loops, i, &n);
        if (bcue_outlines_meet(points, n, corners, count))
            return true;
    }
    return false;
}

static bool touches_open(const bcue_scenery *s, const bcue_vec3 *corners, size_t count)
{
    for (size_t i = 0; i < s->open_count; i++) {
        const double *o = s->open[i];
        const bcue_vec3 box[4] = {{o[0], o[2], 0}, {o[1], o[2], 0}, {o[1], o[3], 0}, {o[0], o[3], 0}};
        if (bcue_outlines_meet(box, 4, corners, count))
            return true;
    }
    return false;
}

/* The footprint moved outward by `margin` at every corner, for a convex footprint. */
static void grow(const bcue_vec3 corners[4], double margin, bcue_vec3 grown[4])
{
    bcue_vec3 middle = {0};
    for (int i = 0; i < 4; i++)
        middle = bcue_vec3_add(middle, bcue_vec3_scale(corners[i], 0.25));
    for (int i = 0; i < 4; i++) {
        bcue_vec3 out = bcue_vec3_sub(corners[i], middle);
        grown[i] = bcue_vec3_add(middle, bcue_vec3_scale(out, 1.0 + margin / bcue_vec3_norm(out)));
    }
}

static bool fits(const bcue_scenery *s, const bcue_vec3 corners[4])
{
    bcue_vec3 roomy[4], near[4];
    grow(corners, 0.3, near);
    grow(corners, 0.8, roomy);
    bcue_vec3 rsu = s->site.position;
    return !touches(&s->corridors, near, 4) && !touches(&s->footprints, near, 4) &&
           !touches(&s->reserved, near, 4) && !touches_open(s, corners, 4) &&
           !bcue_outline_contains(roomy, 4, rsu.x, rsu.y);
}

static void add_drawn(bcue_scenery *s, const bcue_vec3 corners[4], double height, uint32_t front, bool second,
                      bcue_rng *rng)
{
    bcue_building_spec spec = {.footprint = corners,
                               .corner_count = 4,
                               .height_m = height,
                               .front = front,
                               .balconies =
                                   second ? 0.0 : s->config->blocks.balconies * (bcue_rng_uniform(rng) < 0.5),
                               .recess = !second && bcue_rng_uniform(rng) < s->config->blocks.recesses,
                               .windows = s->config->blocks.windows};
    bcue_building_add(s->world, &spec, rng, &s->footprints);
}

/* A rectangle on one side of a section: its front runs from `from` to `to`, `offset` off the middle line. */
static void front_lot(const bcue_scenery *s, const bcue_section *section, bool left, double from, double to,
                      double offset, double depth, bcue_vec3 corners[4])
{
    bcue_station a = bcue_section_at(&s->plan, section, left ? from : to);
    bcue_station b = bcue_section_at(&s->plan, section, left ? to : from);
    double side = left ? offset : -offset;
    corners[0] = bcue_station_point(&a, side);
    corners[1] = bcue_station_point(&b, side);
    bcue_vec3 along = bcue_vec3_unit(bcue_vec3_sub(corners[1], corners[0]));
    bcue_vec3 back = bcue_vec3_scale(bcue_vec3_make(-along.y, along.x, 0.0), depth);
    corners[2] = bcue_vec3_add(corners[1], back);
    corners[3] = bcue_vec3_add(corners[0], back);
}

static void build_row(bcue_scenery *s, size_t index, bool left, bool second)
{
    const bcue_scenery_config *c = s->config;
    const bcue_section *section = &s->plan.sections[index];
    bcue_rng rng = bcue_scenery_rng(s, second ? 5 : 4, (uint32_t)(2 * index + (left ? 1 : 0)));
    double length = bcue_section_length(&s->plan, section), at = 0.5;
    double edge = (left ? section->left_m : section->right_m) + s->plan.roads[section->road].sidewalk_m;
    edge += second ? c->blocks.max_depth_m + SECOND_ROW_M : c->blocks.setback_m;
    if (second && length < 60.0)
        return;
    while (at < length - c->blocks.min_width_m) {
        double width = bcue_rng_range(&rng, c->blocks.min_width_m, c->blocks.max_width_m + 1e-9);
        double depth = bcue_rng_range(&rng, c->blocks.min_depth_m, c->blocks.max_depth_m + 1e-9);
        double height = bcue_rng_range(&rng, c->blocks.min_height_m, c->blocks.max_height_m + 1e-9) *
                        (second ? 1.5 : 1.0);
        double gap = bcue_rng_range(&rng, c->blocks.min_gap_m, c->blocks.max_gap_m + 1e-9);
        bool wanted = bcue_rng_uniform(&rng) < (second ? 0.6 : 1.0) * c->blocks.share;
        double last = length - (second ? 1.9 : 0.7); /* in line with nothing else */
        if (at + width > last)
            width = last - at;
        bcue_vec3 corners[4];
        front_lot(s, section, left, at, at + width, edge + bcue_rng_range(&rng, 0.0, 0.8), depth, corners);
        if (wanted && width >= c->blocks.min_width_m && fits(s, corners)) {
            add_drawn(s, corners, height, second ? 0u : 1u, second, &rng);
            at += width + gap;
        } else {
            at += wanted ? STEP_ON_M : width;
        }
    }
}

static const char *building_name(const bcue_scenery *s, size_t i, char text[96])
{
    const bcue_scenery_building *buildings = s->config->buildings.items;
    if (buildings[i].name && buildings[i].name[0])
        snprintf(text, 96, "building %zu (%.40s)", i + 1, buildings[i].name);
    else
        snprintf(text, 96, "building %zu", i + 1);
    return text;
}

static bcue_status add_given(bcue_scenery *s, size_t i)
{
    const bcue_scenery_building *given = (const bcue_scenery_building *)s->config->buildings.items + i;
    bcue_vec3 corners[BCUE_MAX_FOOTPRINT];
    size_t count = given->footprint_m.count / 2;
    char name[96];
    if (given->footprint_m.count % 2 != 0 || count < 3 || count > BCUE_MAX_FOOTPRINT)
        return bcue_fail(s->error, BCUE_ERROR_DATA,
                         "%s: its footprint has %zu numbers; it needs x and y of 3 to %d corners",
                         building_name(s, i, name), given->footprint_m.count, (int)BCUE_MAX_FOOTPRINT);
    for (size_t k = 0; k < count; k++)
        corners[k] =
            bcue_vec3_make(given->footprint_m.items[2 * k], given->footprint_m.items[2 * k + 1], 0.0);
    double area = bcue_outline_area(corners, count);
    if (!(fabs(area) >= 4.0))
        return bcue_fail(s->error, BCUE_ERROR_DATA, "%s: its footprint covers %.2f m2; at least 4 are needed",
                         building_name(s, i, name), fabs(area));
    for (size_t k = 0; area < 0.0 && k < count / 2; k++) {
        bcue_vec3 kept = corners[k];
        corners[k] = corners[count - 1 - k];
        corners[count - 1 - k] = kept;
    }
    if (touches(&s->corridors, corners, count))
        return bcue_fail(s->error, BCUE_ERROR_DATA,
                         "%s: it stands on a road or sidewalk near (%g, %g); move it",
                         building_name(s, i, name), corners[0].x, corners[0].y);
    if (touches(&s->footprints, corners, count))
        return bcue_fail(s->error, BCUE_ERROR_DATA,
                         "%s: it overlaps a building before it in the list; leave at least 1 cm",
                         building_name(s, i, name));
    bcue_vec3 rsu = s->site.position;
    if (bcue_outline_contains(corners, count, rsu.x, rsu.y) && rsu.z < given->height_m + 0.5)
        return bcue_fail(
            s->error, BCUE_ERROR_DATA,
            "rsu: (%g, %g, %g) lies inside %s, whose roof is %g m high; move one of them, or put the RSU on "
            "the roof",
            rsu.x, rsu.y, rsu.z, building_name(s, i, name), given->height_m);
    bcue_rng rng = bcue_scenery_rng(s, 6, (uint32_t)i);
    bcue_building_spec spec = {.footprint = corners,
                               .corner_count = count,
                               .height_m = given->height_m,
                               .windows = s->config->blocks.windows};
    bcue_building_add(s->world, &spec, &rng, &s->footprints);
    return BCUE_OK;
}

/* The house on which paper B's RSU hangs. */
static void add_rsu_house(bcue_scenery *s)
{
    bcue_rng rng = bcue_scenery_rng(s, 7, 0);
    const bcue_vec3 two[4] = {{6, 87.2, 0}, {44, 87.2, 0}, {44, 101, 0}, {6, 101, 0}};
    const bcue_vec3 three[4] = {{127.4, -4, 0}, {127.4, -38, 0}, {141, -38, 0}, {141, -4, 0}};
    if (s->config->preset == BCUE_SCENERY_TWO_LANE)
        add_drawn(s, two, 24.0, 1u, true, &rng);
    else if (s->config->preset == BCUE_SCENERY_THREE_LANE)
        add_drawn(s, three, 16.0, 1u, true, &rng);
}

bcue_status bcue_scenery_buildings(bcue_scenery *s)
{
    for (size_t i = 0; i < s->config->buildings.count; i++)
        BCUE_TRY(add_given(s, i));
    add_rsu_house(s);
    for (int row = 0; row < (s->config->blocks.second_row ? 2 : 1); row++)
        for (size_t i = 0; s->config->blocks.share > 0.0 && i < s->plan.section_count; i++)
            for (int side = 0; side < 2; side++)
                build_row(s, i, side == 0, row == 1);
    return BCUE_OK;
}

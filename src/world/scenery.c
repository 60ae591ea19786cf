#include "world/scenery_parts.h"

#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"

#define DEGREE (BCUE_PI / 180.0)

bcue_rng bcue_scenery_rng(const bcue_scenery *scenery, uint32_t step, uint32_t item)
{
    return bcue_rng_make(scenery->seed, BCUE_RNG_STREET, 1, step, item);
}

bool bcue_scenery_is_free(const bcue_scenery *scenery, double x, double y, double radius)
{
    for (size_t i = 0; i < scenery->taken_count; i++)
        if (hypot(x - scenery->taken[i].x, y - scenery->taken[i].y) < radius + scenery->taken[i].radius)
            return false;
    return true;
}

void bcue_scenery_take(bcue_scenery *scenery, double x, double y, double radius)
{
    if (!bcue_grow((void **)&scenery->taken, &scenery->taken_capacity, scenery->taken_count + 1,
                   sizeof *scenery->taken))
        scenery->world->statics.failed = true;
    else
        scenery->taken[scenery->taken_count++] = (bcue_taken){x, y, radius};
}

void bcue_scenery_open(bcue_scenery *scenery, double x_low, double x_high, double y_low, double y_high)
{
    if (!bcue_grow((void **)&scenery->open, &scenery->open_capacity, scenery->open_count + 1,
                   sizeof *scenery->open)) {
        scenery->world->statics.failed = true;
        return;
    }
    double *rectangle = scenery->open[scenery->open_count++];
    rectangle[0] = x_low;
    rectangle[1] = x_high;
    rectangle[2] = y_low;
    rectangle[3] = y_high;
}

bool bcue_scenery_is_open(const bcue_scenery *scenery, double x, double y)
{
    for (size_t i = 0; i < scenery->open_count; i++) {
        const double *open = scenery->open[i];
        if (x >= open[0] && x <= open[1] && y >= open[2] && y <= open[3])
            return true;
    }
    return false;
}

/* ---- ground ---- */
static void add_pieces(bcue_scenery *s, uint32_t ground)
{
    const bcue_road_plan *plan = &s->plan;
    bcue_mesh *mesh = &s->world->statics;
    bcue_loops piece = {0};
    for (size_t i = 0; i < plan->section_count; i++) {
        bcue_loops_reset(&piece);
        bcue_section_carriageway(plan, &plan->sections[i], &piece);
        bcue_loops_to_mesh(&piece, 0.0, mesh, BCUE_MATERIAL_ASPHALT, ground);
        for (int side = 0; side < 2; side++) {
            bcue_loops_reset(&piece);
            bcue_section_sidewalk(plan, &plan->sections[i], side == 0, &piece);
            bcue_loops_to_mesh(&piece, 0.0, mesh, BCUE_MATERIAL_PAVING, ground);
        }
    }
    for (size_t j = 0; j < plan->junction_count; j++) {
        bcue_loops_reset(&piece);
        bcue_junction_carriageway(plan, &plan->junctions[j], &piece);
        bcue_loops_to_mesh(&piece, 0.0, mesh, BCUE_MATERIAL_ASPHALT, ground);
        for (size_t i = 0; i < plan->junctions[j].arm_count; i++) {
            bcue_loops_reset(&piece);
            bcue_junction_sidewalk(plan, &plan->junctions[j], i, &piece);
            bcue_loops_to_mesh(&piece, 0.0, mesh, BCUE_MATERIAL_PAVING, ground);
        }
    }
    bcue_loops_free(&piece);
}

/* A kerb stone along a line of points, on its left: a strip 12 cm high and 18 cm wide. */
static void add_kerb(bcue_mesh *mesh, const bcue_vec3 *points, size_t count, uint32_t object)
{
    const double height = 0.12, width = 0.18;
    for (size_t i = 0; i + 1 < count; i++) {
        bcue_vec3 a = points[i], b = points[i + 1], along = bcue_vec3_unit(bcue_vec3_sub(b, a));
        bcue_vec3 in = bcue_vec3_scale(bcue_vec3_make(-along.y, along.x, 0), width), up = {0, 0, height};
        bcue_vec3 a_in = bcue_vec3_add(a, in), b_in = bcue_vec3_add(b, in);
        const bcue_vec3 face[4] = {a, b, bcue_vec3_add(b, up), bcue_vec3_add(a, up)};
        const bcue_vec3 top[4] = {face[3], face[2], bcue_vec3_add(b_in, up), bcue_vec3_add(a_in, up)};
        const bcue_vec3 back[4] = {b_in, a_in, top[3], top[2]};
        bcue_mesh_add_quad(mesh, face, BCUE_MATERIAL_KERB, object);
        bcue_mesh_add_quad(mesh, top, BCUE_MATERIAL_KERB, object);
        bcue_mesh_add_quad(mesh, back, BCUE_MATERIAL_KERB, object);
    }
}

static void add_kerbs(bcue_scenery *s)
{
    const bcue_road_plan *plan = &s->plan;
    uint32_t kerbs = bcue_world_add_object(
        s->world, (bcue_object){.kind = BCUE_OBJECT_GROUND, .tint = {1, 1, 1}, .decoration = true});
    bcue_loops line = {0};
    for (size_t i = 0; i < plan->section_count; i++) {
        const bcue_section *section = &plan->sections[i];
        const bcue_station *stations = plan->stations + section->first_station;
        for (int side = 0; side < 2; side++) {
            bcue_loops_reset(&line);
            bcue_loops_begin(&line);
            for (size_t k = 0; k < section->station_count; k++) {
                size_t at = side == 0 ? k : section->station_count - 1 - k;
                bcue_loops_add(&line, bcue_station_point(&stations[at],
                                                         side == 0 ? section->left_m : -section->right_m));
            }
            add_kerb(&s->world->statics, line.points, line.point_count, kerbs);
        }
    }
    for (size_t j = 0; j < plan->junction_count; j++)
        for (size_t i = 0; i < plan->junctions[j].arm_count; i++) {
            bcue_vec3 corner;
            bool has_corner;
            bcue_loops_reset(&line);
            bcue_loops_begin(&line);
            bcue_junction_kerb(plan, &plan->junctions[j], i, &line, &corner, &has_corner);
            /* The kerb runs inward on one arm and out on the next, the sidewalk on its right: turn it. */
            bcue_loops_reverse(&line);
            add_kerb(&s->world->statics, line.points, line.point_count, kerbs);
        }
    s->world->statics.failed = s->world->statics.failed || line.failed;
    bcue_loops_free(&line);
}

/* The smallest counter-clockwise loop of `lots` that holds the point; SIZE_MAX: none. */
static size_t lot_of(const bcue_loops *lots, bcue_vec3 point, size_t except)
{
    size_t found = SIZE_MAX;
    double least = HUGE_VAL;
    for (size_t i = 0; i < lots->loop_count; i++) {
        size_t count;
        const bcue_vec3 *points = bcue_loops_get(lots, i, &count);
        double area = bcue_outline_area(points, count);
        if (i != except && area > 0.0 && area < least &&
            bcue_outline_contains(points, count, point.x, point.y)) {
            least = area;
            found = i;
        }
    }
    return found;
}

static void add_ring(bcue_loops *to, const bcue_vec3 *points, size_t count, bool reverse)
{
    bcue_loops_begin(to);
    for (size_t i = 0; i < count; i++)
        bcue_loops_add(to, points[reverse ? count - 1 - i : i]);
}

static void add_lot(bcue_scenery *s, const bcue_loops *lots, size_t lot, uint32_t ground)
{
    bcue_loops region = {0};
    size_t count;
    const bcue_vec3 *points = bcue_loops_get(lots, lot, &count);
    double area = bcue_outline_area(points, count);
    add_ring(&region, points, count, false);
    for (size_t i = 0; i < lots->loop_count; i++) { /* roads inside */
        points = bcue_loops_get(lots, i, &count);
        if (bcue_outline_area(points, count) < 0.0 && lot_of(lots, points[0], SIZE_MAX) == lot)
            add_ring(&region, points, count, false);
    }
    for (size_t i = 0; i < s->footprints.loop_count; i++) { /* buildings */
        points = bcue_loops_get(&s->footprints, i, &count);
        if (lot_of(lots, points[0], SIZE_MAX) == lot)
            add_ring(&region, points, count, true);
    }
    bcue_rng rng = bcue_scenery_rng(s, 1, (uint32_t)lot);
    bool park = area < 20000.0 && region.loop_count < 4 && bcue_rng_uniform(&rng) < 0.5;
    bcue_loops_to_mesh(&region, 0.0, &s->world->statics, park ? BCUE_MATERIAL_GRASS : BCUE_MATERIAL_PLAZA,
                       ground);
    s->world->statics.failed = s->world->statics.failed || region.failed;
    bcue_loops_free(&region);
}

/* Box around everything, with the margin, as the first and outermost lot. */
static void add_outer_lot(bcue_scenery *s, bcue_loops *lots)
{
    double low[2] = {HUGE_VAL, HUGE_VAL}, high[2] = {-HUGE_VAL, -HUGE_VAL};
    const bcue_loops *all[2] = {&s->corridors, &s->footprints};
    for (int l = 0; l < 2; l++)
        for (size_t i = 0; i < all[l]->point_count; i++) {
            low[0] = fmin(low[0], all[l]->points[i].x);
            low[1] = fmin(low[1], all[l]->points[i].y);
            high[0] = fmax(high[0], all[l]->points[i].x);
            high[1] = fmax(high[1], all[l]->points[i].y);
        }
    double margin = s->config->margin_m;
    const bcue_vec3 box[4] = {{low[0] - margin, low[1] - margin, 0},
                              {high[0] + margin, low[1] - margin, 0},
                              {high[0] + margin, high[1] + margin, 0},
                              {low[0] - margin, high[1] + margin, 0}};
    add_ring(lots, box, 4, false);
}

bcue_status bcue_scenery_ground(bcue_scenery *s)
{
    bcue_loops lots = {0};
    add_outer_lot(s, &lots);
    bcue_status status = bcue_road_plan_outlines(&s->plan, &lots, s->error);
    if (status == BCUE_OK) {
        uint32_t ground =
            bcue_world_add_object(s->world, (bcue_object){.kind = BCUE_OBJECT_GROUND, .tint = {1, 1, 1}});
        add_pieces(s, ground);
        add_kerbs(s);
        for (size_t i = 0; i < lots.loop_count; i++) {
            size_t count;
            const bcue_vec3 *points = bcue_loops_get(&lots, i, &count);
            if (bcue_outline_area(points, count) > 0.0)
                add_lot(s, &lots, i, ground);
        }
    }
    bcue_loops_free(&lots);
    return status;
}

/* ---- all of it ---- */
static void list_corridors(bcue_scenery *s)
{
    for (size_t i = 0; i < s->plan.section_count; i++) {
        bcue_section_carriageway(&s->plan, &s->plan.sections[i], &s->corridors);
        bcue_section_sidewalk(&s->plan, &s->plan.sections[i], true, &s->corridors);
        bcue_section_sidewalk(&s->plan, &s->plan.sections[i], false, &s->corridors);
    }
    for (size_t j = 0; j < s->plan.junction_count; j++) {
        bcue_junction_carriageway(&s->plan, &s->plan.junctions[j], &s->corridors);
        for (size_t i = 0; i < s->plan.junctions[j].arm_count; i++)
            bcue_junction_sidewalk(&s->plan, &s->plan.junctions[j], i, &s->corridors);
    }
}

static bcue_status check_config(const bcue_scenery_config *c, bcue_error *error)
{
    const struct {
        const char *name;
        double low, high;
    } ranges[] = {{"blocks: min_height_m and max_height_m", c->blocks.min_height_m, c->blocks.max_height_m},
                  {"blocks: min_width_m and max_width_m", c->blocks.min_width_m, c->blocks.max_width_m},
                  {"blocks: min_depth_m and max_depth_m", c->blocks.min_depth_m, c->blocks.max_depth_m},
                  {"blocks: min_gap_m and max_gap_m", c->blocks.min_gap_m, c->blocks.max_gap_m},
                  {"generated.rsu: min_height_m and max_height_m", c->generated.rsu.min_height_m,
                   c->generated.rsu.max_height_m},
                  {"furniture: min_tree_height_m and max_tree_height_m", c->furniture.min_tree_height_m,
                   c->furniture.max_tree_height_m}};
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (ranges[i].low > ranges[i].high)
            return bcue_fail(error, BCUE_ERROR_DATA,
                             "%s: the least, %g, is above the most, %g; swap them or change one",
                             ranges[i].name, ranges[i].low, ranges[i].high);
    const struct {
        const char *name;
        double value, least;
    } spacings[] = {{"tree_spacing_m", c->furniture.tree_spacing_m, 3.0},
                    {"lamp_spacing_m", c->furniture.lamp_spacing_m, 5.0},
                    {"sign_spacing_m", c->furniture.sign_spacing_m, 5.0}};
    for (size_t i = 0; i < sizeof spacings / sizeof spacings[0]; i++)
        if (spacings[i].value > 0.0 && spacings[i].value < spacings[i].least)
            return bcue_fail(error, BCUE_ERROR_DATA,
                             "furniture.%s: %g is too near; at least %g, or 0 for none", spacings[i].name,
                             spacings[i].value, spacings[i].least);
    if (c->open_m.count % 4 != 0)
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "open_m: %zu numbers; every rectangle has four: x_low, x_high, y_low, y_high",
                         c->open_m.count);
    for (size_t i = 0; i < c->open_m.count; i += 2)
        if (!(c->open_m.items[i] < c->open_m.items[i + 1]))
            return bcue_fail(error, BCUE_ERROR_DATA,
                             "open_m: rectangle %zu runs from %g to %g; the first must be lower", i / 4 + 1,
                             c->open_m.items[i], c->open_m.items[i + 1]);
    return BCUE_OK;
}

/* The RSU stands within the bounds, in no wall, and sees a lane of the bounds. */
static bcue_status check_site(const bcue_scenery *s)
{
    const bcue_site *site = &s->site;
    const bcue_bounds *b = &site->bounds;
    if (!bcue_bounds_contain(b, site->position.x, site->position.y))
        return bcue_fail(
            s->error, BCUE_ERROR_DATA,
            "rsu: (%g, %g) lies outside the bounds, x %g to %g and y %g to %g; move it or widen them",
            site->position.x, site->position.y, b->x_low, b->x_high, b->y_low, b->y_high);
    const bcue_roads *roads = &s->world->roads;
    for (size_t l = 0; l < roads->lane_count; l++)
        for (size_t i = 0; roads->lanes[l].kind == BCUE_LANE_DRIVE && i <= 50; i++) {
            bcue_vec3 at =
                bcue_lane_at(roads, (uint32_t)l, roads->lanes[l].length_m * (double)i / 50.0, NULL);
            if (bcue_bounds_contain(b, at.x, at.y))
                return BCUE_OK;
        }
    return bcue_fail(s->error, BCUE_ERROR_DATA,
                     "bounds: no lane runs inside x %g to %g and y %g to %g, so no vehicle would ever count",
                     b->x_low, b->x_high, b->y_low, b->y_high);
}

#define LONGEST_STREETS_M                                                                                    \
    15000.0 /* all roads together: the ground is cut in time that grows with the square */

static bcue_status check_length(const bcue_scenery *s)
{
    double length = 0.0;
    for (size_t i = 0; i < s->plan.section_count; i++)
        length += bcue_section_length(&s->plan, &s->plan.sections[i]);
    if (length <= LONGEST_STREETS_M)
        return BCUE_OK;
    return bcue_fail(
        s->error, BCUE_ERROR_DATA,
        "roads: %.1f km together; a street of this builder has at most %g km; build a part of it",
        length / 1e3, LONGEST_STREETS_M / 1e3);
}

static bcue_status build(bcue_scenery *s)
{
    BCUE_TRY(check_config(s->config, s->error));
    const bcue_double_list *open = &s->config->open_m;
    for (size_t i = 0; i + 3 < open->count; i += 4)
        bcue_scenery_open(s, open->items[i], open->items[i + 1], open->items[i + 2], open->items[i + 3]);
    BCUE_TRY(bcue_scenery_roads(s));
    BCUE_TRY(bcue_road_plan_make(s->specs, s->spec_count, s->config->corner_radius_m, &s->plan, s->error));
    bcue_scenery_place_rsu(s);
    BCUE_TRY(check_length(s));
    BCUE_TRY(bcue_road_plan_check(&s->plan, s->error));
    bcue_rng lights = bcue_scenery_rng(s, 2, 0);
    bcue_road_plan_lanes(&s->plan, s->config->traffic_lights, &lights, &s->world->roads);
    bcue_road_plan_markings(&s->plan, &s->world->markings);
    if (s->world->roads.failed || s->world->markings.failed)
        return bcue_fail_memory(s->error, "the roads");
    BCUE_TRY(check_site(s));
    s->world->bounds = s->site.bounds;
    list_corridors(s);
    bcue_scenery_bus_stops(s);
    BCUE_TRY(bcue_scenery_buildings(s));
    BCUE_TRY(bcue_scenery_ground(s));
    bcue_scenery_furniture(s);
    if (s->corridors.failed || s->footprints.failed || s->reserved.failed)
        return bcue_fail_memory(s->error, "the street");
    return BCUE_OK;
}

bcue_status bcue_scenery_make(const bcue_scenery_config *config, uint64_t seed, bcue_world *world,
                              bcue_site *site, bcue_error *error)
{
    bcue_world made;
    BCUE_TRY(bcue_world_init(&made, error));
    bcue_scenery s = {.config = config, .seed = seed, .world = &made, .error = error};
    bcue_status status = build(&s);
    free(s.specs);
    free(s.lines);
    free(s.open);
    free(s.taken);
    bcue_road_plan_free(&s.plan);
    bcue_loops_free(&s.corridors);
    bcue_loops_free(&s.footprints);
    bcue_loops_free(&s.reserved);
    if (status != BCUE_OK) {
        bcue_world_free(&made);
        return status;
    }
    BCUE_TRY(bcue_world_finish(&made, "the street", error));
    *world = made;
    if (site)
        *site = s.site;
    return BCUE_OK;
}

bcue_status bcue_scenery_make_preset(bcue_scenery_preset preset, uint64_t seed, bcue_world *world,
                                     bcue_site *site, bcue_error *error)
{
    bcue_scenery_config config;
    bcue_config *source;
    BCUE_TRY(bcue_config_read(NULL, NULL, 0, bcue_scenery_fields, &config, &source, error));
    config.preset = (int)preset;
    bcue_status status = bcue_scenery_make(&config, seed, world, site, error);
    bcue_config_destroy(source);
    return status;
}

uint32_t bcue_world_inside(const bcue_world *world, bcue_vec3 point)
{
    /* A ray that meets no edge but by chance; odd crossings of one closed object: inside. */
    const bcue_vec3 along = {0.5382907, 0.2371953, 0.8087411};
    uint32_t *crossed = bcue_calloc(world->object_count, sizeof *crossed), found = UINT32_MAX;
    for (size_t i = 0; crossed && i < world->solid_count; i++) {
        const bcue_triangle *t = &world->statics.triangles[i];
        bcue_vec3 a = world->statics.vertices[t->vertex[0]];
        bcue_vec3 u = bcue_vec3_sub(world->statics.vertices[t->vertex[1]], a),
                  v = bcue_vec3_sub(world->statics.vertices[t->vertex[2]], a), w = bcue_vec3_sub(point, a);
        bcue_vec3 p = bcue_vec3_cross(along, v), q = bcue_vec3_cross(w, u);
        double det = bcue_vec3_dot(u, p);
        if (det == 0.0)
            continue;
        double x = bcue_vec3_dot(w, p) / det, y = bcue_vec3_dot(along, q) / det;
        if (x >= 0.0 && y >= 0.0 && x + y <= 1.0 && bcue_vec3_dot(v, q) / det > 0.0)
            crossed[t->object]++;
    }
    for (size_t o = 0; crossed && o < world->object_count && found == UINT32_MAX; o++)
        if (crossed[o] % 2 == 1 && world->objects[o].kind != BCUE_OBJECT_GROUND)
            found = (uint32_t)o;
    free(crossed);
    return found;
}

/* The street builder: presets as paper B has them, ground without gaps and overlaps, and what it refuses. */
#include <stdlib.h>
#include "base/rng.h"
#include "check.h"
#include "world/outline.h"
#include "world/scenery.h"
#include "world/traffic_flow.h"

enum { ANY_ROADS = 400 };

static double triangle_area(const bcue_mesh *mesh, const bcue_triangle *t, bcue_vec3 *normal)
{
    bcue_vec3 a = mesh->vertices[t->vertex[0]];
    bcue_vec3 cross = bcue_vec3_cross(bcue_vec3_sub(mesh->vertices[t->vertex[1]], a),
                                      bcue_vec3_sub(mesh->vertices[t->vertex[2]], a));
    *normal = bcue_vec3_unit(cross);
    return 0.5 * bcue_vec3_norm(cross);
}

/* Ground and roofs, seen from above, tile the world's rectangle exactly: no gap, no overlap. And every edge
   of the solid mesh has two faces, but for the rectangle's rim. */
static void check_watertight(const bcue_world *world, const char *name)
{
    const bcue_mesh *mesh = &world->statics;
    double ground = 0.0, roofs = 0.0, low[2] = {HUGE_VAL, HUGE_VAL}, high[2] = {-HUGE_VAL, -HUGE_VAL};
    for (size_t i = 0; i < world->solid_count; i++) {
        const bcue_triangle *t = &mesh->triangles[i];
        bcue_vec3 normal, a = mesh->vertices[t->vertex[0]];
        double area = triangle_area(mesh, t, &normal);
        bool is_ground = world->objects[t->object].kind == BCUE_OBJECT_GROUND;
        if (is_ground) {
            CHECK(normal.z > 0.999999 && fabs(a.z) < 1e-12);
            ground += area;
            for (int k = 0; k < 3; k++) {
                bcue_vec3 p = mesh->vertices[t->vertex[k]];
                low[0] = fmin(low[0], p.x);
                low[1] = fmin(low[1], p.y);
                high[0] = fmax(high[0], p.x);
                high[1] = fmax(high[1], p.y);
            }
        } else if (t->material == BCUE_MATERIAL_ROOF && normal.z > 0.5) {
            roofs += area;
        }
    }
    double rectangle = (high[0] - low[0]) * (high[1] - low[1]);
    CHECK_AT(fabs(ground + roofs - rectangle) < 1e-6 * rectangle,
             "%s: ground %.3f and roofs %.3f cover %.3f of %.3f m2", name, ground, roofs, ground + roofs,
             rectangle);
    size_t open_edges = 0;
    for (size_t i = 0; i < world->radio.wedge_count; i++) {
        const bcue_wedge *w = &world->radio.wedges[i];
        if (w->surface[1] != BCUE_NO_SURFACE)
            continue;
        open_edges++;
        CHECK_AT((w->a.x == w->b.x && (w->a.x == low[0] || w->a.x == high[0])) ||
                     (w->a.y == w->b.y && (w->a.y == low[1] || w->a.y == high[1])),
                 "%s: a surface ends at (%g, %g, %g) - (%g, %g, %g)", name, w->a.x, w->a.y, w->a.z, w->b.x,
                 w->b.y, w->b.z);
    }
    CHECK_INT(open_edges, 4);
    CHECK_INT(world->radio.dropped, 0);
}

static void check_site(const bcue_world *world, const bcue_site *site, const char *name)
{
    CHECK_AT(bcue_bounds_contain(&site->bounds, site->position.x, site->position.y),
             "%s: the RSU is out of bounds", name);
    CHECK_AT(bcue_world_inside(world, site->position) == UINT32_MAX, "%s: the RSU is in a wall", name);
    CHECK_AT(bcue_world_inside(world, site->radar_position) == UINT32_MAX, "%s: the radar is in a wall",
             name);
    CHECK(bcue_world_inside(world, bcue_vec3_make(0, 0, 1000)) == UINT32_MAX);
}

/* Bounds, places and headings of paper B, in ENU. */
static void paper_scenes(void)
{
    bcue_error error = {0};
    bcue_world world;
    bcue_site site;
    CHECK_OK(bcue_scenery_make_preset(BCUE_SCENERY_TWO_LANE, 1, &world, &site, &error), error);
    CHECK(site.position.x == 26.25 && site.position.y == 86.33 && site.position.z == 21.31);
    CHECK_NEAR(site.yaw, -0.5 * BCUE_PI, 1e-12);
    CHECK_NEAR(site.camera_pitch * 180.0 / BCUE_PI, -40.0, 1e-12);
    CHECK_NEAR(site.lidar_pitch * 180.0 / BCUE_PI, -40.0, 1e-12);
    CHECK(site.radar_position.x == 26.25 && site.radar_position.y == 86.33 && site.radar_position.z == 5.0 &&
          site.radar_pitch == 0.0);
    CHECK(site.bounds.x_low == -90 && site.bounds.x_high == 115 && site.bounds.y_low == 0 &&
          site.bounds.y_high == 120);
    CHECK(memcmp(&world.bounds, &site.bounds, sizeof site.bounds) == 0);
    CHECK_AT(world.statics.triangle_count >= 20000, "%zu triangles", world.statics.triangle_count);
    check_site(&world, &site, "2-lane");
    check_watertight(&world, "2-lane");
    CHECK(world.canopy_count > 10 && world.lamp_count > 10 && world.parked_count > 10 &&
          world.roads.signal_count == 4);
    bcue_world_free(&world);
    CHECK_OK(bcue_scenery_make_preset(BCUE_SCENERY_THREE_LANE, 1, &world, &site, &error), error);
    CHECK(site.position.x == 126.50 && site.position.y == -21.09 && site.position.z == 11.29);
    CHECK_NEAR(site.yaw, BCUE_PI, 1e-12);
    CHECK_NEAR(site.camera_pitch * 180.0 / BCUE_PI, -12.0, 1e-12);
    CHECK(site.radar_position.z == 5.0);
    CHECK(site.bounds.x_low == -30 && site.bounds.x_high == 135 && site.bounds.y_low == -190 &&
          site.bounds.y_high == 150);
    check_site(&world, &site, "3-lane");
    check_watertight(&world, "3-lane");
    bcue_world_free(&world);
}

static void seeds_vary(void)
{
    bcue_error error = {0};
    size_t lanes[8] = {0}, junctions = 0;
    for (uint64_t seed = 1; seed <= 24; seed++) {
        char name[32];
        bcue_world world, again;
        bcue_site site, same;
        snprintf(name, sizeof name, "generated %d", (int)seed);
        CHECK_OK(bcue_scenery_make_preset(BCUE_SCENERY_GENERATED, seed, &world, &site, &error), error);
        check_site(&world, &site, name);
        check_watertight(&world, name);
        size_t entries = 0;
        for (size_t l = 0; l < world.roads.lane_count; l++)
            entries += world.roads.lanes[l].kind == BCUE_LANE_DRIVE && world.roads.lanes[l].entry;
        lanes[entries < 7 ? entries : 7]++;
        junctions += world.roads.signal_count > 0;
        if (seed <= 3) {
            CHECK_OK(bcue_scenery_make_preset(BCUE_SCENERY_GENERATED, seed, &again, &same, &error), error);
            CHECK_INT(again.statics.vertex_count, world.statics.vertex_count);
            CHECK(memcmp(again.statics.vertices, world.statics.vertices,
                         world.statics.vertex_count * sizeof(bcue_vec3)) == 0);
            CHECK(memcmp(&same.position, &site.position, sizeof same.position) == 0);
            bcue_world_free(&again);
        }
        bcue_world_free(&world);
    }
    CHECK(lanes[2] > 0 && lanes[2] < 24); /* one lane each way sometimes */
    CHECK(junctions > 5 && junctions < 24);
}

/* Read a description; returns the status of building it. */
static bcue_status build_seed(const char *text, uint64_t seed, bcue_world *world, bcue_site *site,
                              bcue_error *error)
{
    bcue_scenery_config config;
    bcue_config *source;
    bcue_status status = bcue_config_read_text(text, strlen(text), "street.yaml", NULL, 0,
                                               bcue_scenery_fields, &config, &source, error);
    if (status != BCUE_OK)
        return status;
    status = bcue_scenery_make(&config, seed, world, site, error);
    bcue_config_destroy(source);
    return status;
}

static bcue_status build(const char *text, bcue_world *world, bcue_site *site, bcue_error *error)
{
    return build_seed(text, 1, world, site, error);
}

/* Without keys of their own generated streets are those of street-v1, whose files are frozen: its manifest
   has these places of the first four. */
static void generated_streets_stay(void)
{
    static const double frozen[4][3] = {{-15.372912393890555, -14.277031292348532, 7.501493070315352},
                                        {-9.119034945432482, -6.9639600665820005, 5.07524327284303},
                                        {-2.3932440786932965, -14.71886998664682, 6.328143858616368},
                                        {-2.699248058932091, -13.661725262918354, 8.69383185006165}};
    for (uint64_t i = 0; i < 4; i++) {
        bcue_error error = {0};
        bcue_world world;
        bcue_site site;
        CHECK_OK(build_seed("preset: generated\n", 20262000 + i, &world, &site, &error), error);
        CHECK_NEAR(site.position.x, frozen[i][0], 1e-12);
        CHECK_NEAR(site.position.y, frozen[i][1], 1e-12);
        CHECK_NEAR(site.position.z, frozen[i][2], 1e-12);
        CHECK_NEAR(site.yaw, 0.5 * BCUE_PI, 1e-12);
        bcue_world_free(&world);
    }
}

/* How far from straight across the nearest road an RSU is turned, and how far it is from that road's lane. */
static double turn_of(const bcue_world *world, const bcue_site *site, double *away_m)
{
    double s, yaw;
    uint32_t lane = bcue_roads_nearest(&world->roads, BCUE_LANE_DRIVE, site->position.x, site->position.y,
                                       200.0, &s, away_m);
    CHECK(lane != BCUE_NO_LANE);
    (void)bcue_lane_at(&world->roads, lane, s, &yaw);
    /* Seen from the right of the lane (-) the road lies to the left. */
    double across = yaw + (*away_m < 0.0 ? 0.5 : -0.5) * BCUE_PI;
    return fabs(remainder(site->yaw - across, 2.0 * BCUE_PI)) * 180.0 / BCUE_PI;
}

/* Does a wall of a solid object cross the line between two points? */
static bool is_hidden(const bcue_world *world, bcue_vec3 from, bcue_vec3 to)
{
    bcue_vec3 along = bcue_vec3_sub(to, from);
    for (size_t i = 0; i < world->solid_count; i++) {
        const bcue_triangle *t = &world->statics.triangles[i];
        if (world->objects[t->object].kind == BCUE_OBJECT_GROUND)
            continue;
        bcue_vec3 a = world->statics.vertices[t->vertex[0]];
        bcue_vec3 u = bcue_vec3_sub(world->statics.vertices[t->vertex[1]], a),
                  v = bcue_vec3_sub(world->statics.vertices[t->vertex[2]], a), w = bcue_vec3_sub(from, a);
        bcue_vec3 p = bcue_vec3_cross(along, v), q = bcue_vec3_cross(w, u);
        double det = bcue_vec3_dot(u, p);
        if (det == 0.0)
            continue;
        double x = bcue_vec3_dot(w, p) / det, y = bcue_vec3_dot(along, q) / det,
               k = bcue_vec3_dot(v, q) / det;
        if (x >= 0.0 && y >= 0.0 && x + y <= 1.0 && k > 0.0 && k < 1.0)
            return true;
    }
    return false;
}

/* Of the seconds of an episode in which vehicles are about, those in which one within 100 m is in the
   camera's view (110 degrees) and behind no wall. */
static void count_views(const bcue_world *world, const bcue_site *site, uint64_t seed, size_t *seen,
                        size_t *all)
{
    bcue_error error = {0};
    bcue_flow_config flow;
    bcue_traffic traffic;
    CHECK_OK(bcue_flow_defaults(&flow, &error), error);
    flow.max_vehicles = 12;
    flow.vehicles_per_minute = 3;
    flow.duration_s = 20;
    CHECK_OK(bcue_traffic_flow(world, &flow, seed, 0, &traffic, &error), error);
    size_t room = bcue_traffic_capacity(world, &traffic), count;
    bcue_instance *placed = calloc(room + 1, sizeof *placed);
    for (int second = 0; second < 20; second++) {
        bool any = false, view = false;
        bcue_traffic_at(world, &traffic, second, placed, &count, NULL);
        for (size_t i = 0; i < count && !view; i++) {
            if (placed[i].parked ||
                !bcue_bounds_contain(&site->bounds, placed[i].position.x, placed[i].position.y) ||
                world->models[placed[i].model].vehicle_class == BCUE_VEHICLE_PEDESTRIAN)
                continue;
            any = true;
            bcue_vec3 to = bcue_instance_antenna(world, &placed[i]), way = bcue_vec3_sub(to, site->position);
            double off = fabs(remainder(atan2(way.y, way.x) - site->yaw, 2.0 * BCUE_PI));
            view = off < 55.0 * BCUE_PI / 180.0 && bcue_vec3_norm(way) < 100.0 &&
                   !is_hidden(world, site->position, to);
        }
        *all += any;
        *seen += view;
    }
    free(placed);
    bcue_traffic_free(&traffic);
}

#define VARIED                                                                                               \
    "preset: generated\n"                                                                                    \
    "generated: {curved: 0.6, crossing: 0.8, crossings: 2, rsu: {yaw_deg: 75, reach: 0.25, back_m: 15, "     \
    "either_side: true, corner: 0.35, min_height_m: 4.5, max_height_m: 14}}\n"

static bool is_at_crossing(const bcue_world *world, const bcue_site *site)
{
    for (size_t i = 0; i < world->roads.signal_count; i++) {
        bcue_vec3 apart = bcue_vec3_sub(world->roads.signals[i].position, site->position);
        if (hypot(apart.x, apart.y) < 20.0)
            return true;
    }
    return false;
}

/* Short streets with everything: none is refused. */
static void short_streets_are_built(void)
{
    for (uint64_t seed = 0; seed < 30; seed++) {
        bcue_error error = {0};
        bcue_world world;
        bcue_site site;
        CHECK_OK(
            build_seed(
                "preset: generated\nblocks: {windows: false}\n"
                "generated: {length_m: 200, lanes: [1, 2], crossing: 1, crossings: 2, rsu: {yaw_deg: 85, "
                "reach: 0.3, back_m: 20, either_side: true, corner: 0.5}}\n",
                20272000 + seed, &world, &site, &error),
            error);
        if (error.text[0])
            continue;
        check_site(&world, &site, "a short street");
        bcue_world_free(&world);
    }
}

/* Headings, places and heights differ from street to street; every RSU stands free, and most see somebody
   most of the time. */
static void roadside_units_vary(void)
{
    enum { STREETS = 40 };
    size_t turned = 0, along = 0, back = 0, high = 0, corner = 0, poor = 0, seen = 0, all = 0,
           quadrant[4] = {0};
    for (uint64_t seed = 1; seed <= STREETS; seed++) {
        char name[32];
        bcue_error error = {0};
        bcue_world world;
        bcue_site site;
        snprintf(name, sizeof name, "varied %d", (int)seed);
        CHECK_OK(build_seed(VARIED, seed, &world, &site, &error), error);
        if (error.text[0])
            continue;
        check_site(&world, &site, name);
        if (seed % 4 == 0)
            check_watertight(&world, name);
        double away, turn = turn_of(&world, &site, &away);
        bool at_crossing = is_at_crossing(&world, &site);
        CHECK_AT(turn < 76.0 || at_crossing, "%s: it looks away from the road, by %.0f degrees", name, turn);
        CHECK(site.position.z >= 4.5 && site.position.z <= 14.0);
        CHECK(site.radar_position.z == 4.0 && site.radar_position.x == site.position.x);
        turned += turn > 20.0;
        along += turn > 60.0;
        back += fabs(away) > 13.0;
        high += site.position.z > 9.0;
        corner += at_crossing;
        quadrant[(int)floor(remainder(site.yaw, 2.0 * BCUE_PI) / (0.5 * BCUE_PI) + 2.0) % 4]++;
        size_t its_seen = 0, its_all = 0;
        count_views(&world, &site, seed, &its_seen, &its_all);
        poor += 4 * its_seen < its_all;
        seen += its_seen;
        all += its_all;
        bcue_world_free(&world);
    }
    printf("of %d: turned %zu, along %zu, back %zu, high %zu, at a crossing %zu; somebody in view in %zu of "
           "%zu seconds, "
           "in less than a quarter on %zu\n",
           (int)STREETS, turned, along, back, high, corner, seen, all, poor);
    CHECK(turned > 20 && along > 6 && back > 4 && high > 12 && corner > 8);
    for (int q = 0; q < 4; q++)
        CHECK(quadrant[q] > 3);
    CHECK(3 * seen > 2 * all && poor <= 6);
}

/* A bend, a crossing at a slant, a road that ends at another, one-way and wide. */
static const char *const own_street =
    "roads:\n"
    "  - {name: main, line_m: [-200, 0, 40, 0, 200, 120], bend_radius_m: 70, "
    "lanes_forward: 3, lanes_backward: 2, parking_m: 2.3}\n"
    "  - {name: cross, line_m: [-120, -150, -60, 140], lanes_backward: 0}\n"
    "  - {name: stub, line_m: [-20, 0, -20, -130], lanes_forward: 1}\n"
    "buildings:\n"
    "  - {name: tower, footprint_m: [0, -60, 20, -60, 20, -40, 10, -40, 10, -30, 0, "
    "-30], height_m: 60}\n"
    "rsu: {x_m: 5, y_m: -26, z_m: 8}\n";

static void own_streets(void)
{
    bcue_error error = {0};
    bcue_world world;
    bcue_site site;
    CHECK_OK(build(own_street, &world, &site, &error), error);
    check_watertight(&world, "own street");
    check_site(&world, &site, "own street");
    double top = 0.0;
    for (size_t i = 0; i < world.statics.vertex_count; i++)
        top = fmax(top, world.statics.vertices[i].z);
    CHECK(top >= 60.0);
    /* The tower's inside is inside, its court outside. */
    CHECK(bcue_world_inside(&world, bcue_vec3_make(5, -50, 30)) != UINT32_MAX);
    CHECK(bcue_world_inside(&world, bcue_vec3_make(15, -35, 30)) == UINT32_MAX);
    /* Lanes join without a step, and every lane leads somewhere. */
    for (uint32_t l = 0; l < world.roads.lane_count; l++) {
        const bcue_lane *lane = &world.roads.lanes[l];
        CHECK_AT(lane->exit || lane->successor_count > 0, "lane %u is a dead end", l);
        double yaw_end, yaw_start;
        bcue_vec3 end = bcue_lane_at(&world.roads, l, lane->length_m, &yaw_end);
        for (size_t i = 0; i < lane->successor_count; i++) {
            uint32_t next = world.roads.successors[lane->first_successor + i];
            bcue_vec3 start = bcue_lane_at(&world.roads, next, 0.0, &yaw_start);
            CHECK(bcue_vec3_norm(bcue_vec3_sub(start, end)) < 1e-6);
            CHECK(fabs(remainder(yaw_start - yaw_end, 2.0 * BCUE_PI)) < 0.12);
        }
    }
    bcue_world_free(&world);
}

static void refuse(const char *text, const char *sentence)
{
    bcue_error error = {0};
    bcue_world world;
    bcue_site site;
    CHECK_AT(build(text, &world, &site, &error) != BCUE_OK, "accepted: %s", text);
    CHECK_CONTAINS(error.text, sentence);
}

#define STRAIGHT "roads:\n  - {name: main, line_m: [-100, 0, 100, 0]}\n"

static void bad_input(void)
{
    refuse("roads: []\n", "roads: a custom street needs at least one");
    refuse("road: []\n", "did you mean 'roads'?");
    refuse("roads:\n  - {lines_m: [0, 0, 1, 1]}\n", "line_m");
    refuse("roads:\n  - {name: main, line_m: [0, 0, 50]}\n",
           "road 1 (main): a line needs pairs of x and y for at least two points, and has 3 numbers");
    refuse("roads:\n  - {name: main, line_m: [0, 0, 100, 0, 110, 60]}\n",
           "road 1 (main): the bend at (100, 0) needs");
    refuse(
        "roads:\n  - {name: main, line_m: [-200, 0, 0, 0, 200, 60], bend_radius_m: 15, lanes_forward: 2}\n",
        "road 1 (main): a bend_radius_m of 15 leaves its inner lane less than the 12 m");
    refuse("roads:\n  - {name: a, line_m: [-100, 0, 100, 0]}\n  - {name: b, line_m: [-100, -20, 100, 20]}\n",
           "meet at (0, 0) under 11 degrees; at least 26 are needed");
    refuse("roads:\n  - {name: a, line_m: [-100, 0, 0, 0]}\n  - {name: b, line_m: [0, 0, 0, 100]}\n",
           "only touch at (0, 0); draw a bend as one road");
    refuse("roads:\n  - {name: a, line_m: [-100, 0, 100, 0]}\n  - {name: b, line_m: [0, -60, 0, 60]}\n  - "
           "{name: c, line_m: [22, -60, 22, 60]}\n",
           "road 1 (a): only");
    refuse(
        "roads:\n  - {name: a, line_m: [-100, 0, 0, 0, 70, 70]}\n  - {name: b, line_m: [20, -60, 20, 100]}\n",
        "it bends within");
    refuse(STRAIGHT
           "rsu: {x_m: 30, y_m: 0}\nbounds: {x_low_m: -20, x_high_m: 20, y_low_m: -20, y_high_m: 20}\n",
           "rsu: (30, 0) lies outside the bounds, x -20 to 20 and y -20 to 20");
    refuse(STRAIGHT
           "rsu: {x_m: 0, y_m: 50}\nbounds: {x_low_m: -20, x_high_m: 20, y_low_m: 40, y_high_m: 60}\n",
           "bounds: no lane runs inside x -20 to 20 and y 40 to 60");
    refuse(STRAIGHT "buildings:\n  - {name: hall, footprint_m: [-5, 20, 5, 20, 5, 30, -5, 30], height_m: "
                    "12}\nrsu: {x_m: 0, y_m: 25, z_m: 6}\n",
           "rsu: (0, 25, 6) lies inside building 1 (hall), whose roof is 12 m high");
    refuse(STRAIGHT
           "buildings:\n  - {name: hall, footprint_m: [-5, 2, 5, 2, 5, 30, -5, 30]}\nrsu: {y_m: -20}\n",
           "building 1 (hall): it stands on a road or sidewalk near (-5, 2)");
    refuse(STRAIGHT "buildings:\n  - {footprint_m: [-5, 20, 5, 20, 5, 30, -5, 30]}\n  - {footprint_m: [0, "
                    "25, 9, 25, 9, 40]}\nrsu: {y_m: -20}\n",
           "building 2: it overlaps a building before it");
    refuse(STRAIGHT "buildings:\n  - {footprint_m: [-5, 20, 5, 20]}\n",
           "building 1: its footprint has 4 numbers");
    refuse(STRAIGHT "buildings:\n  - {footprint_m: [-5, 20, 5, 20, 15, 20]}\n",
           "building 1: its footprint covers 0.00 m2");
    refuse(STRAIGHT "blocks: {min_height_m: 20, max_height_m: 10}\n",
           "blocks: min_height_m and max_height_m: the least, 20, is above the most, 10");
    refuse("roads:\n  - {name: a, line_m: [-100, 0, 100, 0]}\n  - {name: b, line_m: [-80, 9, 80, 14]}\n",
           "road 2 (b) and road 1 (a) overlap near");
    refuse("roads:\n  - {name: wide, lanes_forward: 8, lanes_backward: 8, line_m: [-100, 0, 100, 0]}\n"
           "  - {name: in, line_m: [-50, 12, 50, 12]}\n",
           "overlap near");
    refuse(STRAIGHT "open_m: [1, 2, 3]\n", "open_m: 3 numbers");
    refuse("preset: generated\ngenerated: {rsu: {min_height_m: 9, max_height_m: 6}}\n",
           "generated.rsu: min_height_m and max_height_m: the least, 9, is above the most, 6");
    refuse("preset: generated\ngenerated: {rsu: {yaw_deg: 100}}\n", "generated.rsu.yaw_deg");
    refuse(STRAIGHT "furniture: {tree_spacing_m: 0.01}\n",
           "furniture.tree_spacing_m: 0.01 is too near; at least 3, or 0");
    refuse("roads:\n  - {line_m: [-9000, 0, 9000, 0]}\n",
           "roads: 18.0 km together; a street of this builder has at most 15 km");
    refuse(STRAIGHT "rsu: {x_m: .nan}\n", "rsu.x_m");
}

/* Roads thrown down at random: each description is built watertight or refused with a sentence. */
static void any_roads(void)
{
    size_t built = 0, refused = 0;
    for (uint32_t seed = 0; seed < ANY_ROADS; seed++) {
        bcue_rng rng = bcue_rng_make(11, BCUE_RNG_TEST, seed, 0, 0);
        char text[2000] = "roads:\n", name[32];
        int roads = 1 + (int)bcue_rng_below(&rng, 4), points;
        for (int r = 0; r < roads; r++) {
            size_t used = strlen(text);
            points = 2 + (int)bcue_rng_below(&rng, 3);
            snprintf(
                text + used, sizeof text - used,
                "  - {bend_radius_m: %d, lanes_forward: %d, lanes_backward: %d, sidewalk_m: %d, line_m: [",
                20 + (int)bcue_rng_below(&rng, 60), 1 + (int)bcue_rng_below(&rng, 3),
                (int)bcue_rng_below(&rng, 4), 2 + (int)bcue_rng_below(&rng, 5));
            for (int k = 0; k < points; k++) {
                used = strlen(text);
                snprintf(text + used, sizeof text - used, "%.2f, %.2f%s", bcue_rng_range(&rng, -200, 200),
                         bcue_rng_range(&rng, -200, 200), k + 1 < points ? ", " : "]}\n");
            }
        }
        bcue_error error = {0};
        bcue_world world;
        bcue_site site;
        snprintf(name, sizeof name, "roads of seed %u", seed);
        if (build(text, &world, &site, &error) != BCUE_OK) {
            CHECK_AT(strlen(error.text) > 20, "%s: %s", name, error.text);
            CHECK_AT(!strstr(error.text, "memory"), "%s: %s\n%s", name, error.text, text);
            refused++;
            continue;
        }
        check_watertight(&world, name);
        bcue_world_free(&world);
        built++;
    }
    printf("%zu built, %zu refused\n", built, refused);
    CHECK(built > ANY_ROADS / 10 && refused > 0);
}

/* A square with a square hole, one with points on straight sides, and a comb: areas, and every point used. */
static void polygons(void)
{
    bcue_loops loops = {0};
    const double square[8] = {0, 0, 10, 0, 10, 10, 0, 10}, hole[10] = {2, 2, 2, 8, 5, 8, 8, 8, 8, 2};
    bcue_loops_begin(&loops);
    for (int i = 0; i < 4; i++) {
        bcue_loops_add(&loops, bcue_vec3_make(square[2 * i], square[2 * i + 1], 0));
        if (i == 0)
            for (int k = 1; k < 10; k++) /* points on the southern side */
                bcue_loops_add(&loops, bcue_vec3_make(k, 0, 0));
    }
    bcue_loops_begin(&loops);
    for (int i = 0; i < 5; i++)
        bcue_loops_add(&loops, bcue_vec3_make(hole[2 * i], hole[2 * i + 1], 0));
    uint32_t *triangles;
    size_t count;
    CHECK(bcue_loops_triangulate(&loops, &triangles, &count));
    CHECK_INT(count, loops.point_count); /* n + 2 holes - 2 */
    double area = 0.0;
    bool used[32] = {false};
    for (size_t i = 0; i < count; i++) {
        bcue_vec3 corners[3];
        for (size_t k = 0; k < 3; k++) {
            corners[k] = loops.points[triangles[3 * i + k]];
            used[triangles[3 * i + k]] = true;
        }
        CHECK(bcue_outline_area(corners, 3) > 1e-9);
        area += bcue_outline_area(corners, 3);
    }
    CHECK_NEAR(area, 64.0, 1e-9);
    for (size_t i = 0; i < loops.point_count; i++)
        CHECK(used[i]);
    free(triangles);
    bcue_loops_free(&loops);
    const bcue_vec3 a[4] = {{0, 0, 0}, {4, 0, 0}, {4, 4, 0}, {0, 4, 0}},
                    inside[3] = {{1, 1, 0}, {2, 1, 0}, {1, 2, 0}},
                    apart[3] = {{5, 1, 0}, {6, 1, 0}, {5, 2, 0}};
    CHECK(bcue_outlines_meet(a, 4, inside, 3) && bcue_outlines_meet(inside, 3, a, 4) &&
          !bcue_outlines_meet(a, 4, apart, 3));
}

/* Cover of a line and of a zebra crossing by hand. */
static void markings(void)
{
    bcue_markings m = {0};
    bool yellow;
    bcue_markings_add(&m, bcue_vec3_make(0, 0, 0), bcue_vec3_make(100, 0, 0), 0.2, 3.0, 9.0, true);
    bcue_markings_add(&m, bcue_vec3_make(50, 5, 0), bcue_vec3_make(50, 15, 0), 2.0, 0.5, 1.0, false);
    CHECK(bcue_markings_cover(&m, 1, 0, 0.01f, 0.01f, &yellow) == 0.0f);
    bcue_markings_index(&m);
    CHECK_NEAR(bcue_markings_cover(&m, 1.0f, 0.05f, 0.01f, 0.01f, &yellow), 1.0, 1e-4);
    CHECK(yellow);
    CHECK_NEAR(bcue_markings_cover(&m, 4.0f, 0.05f, 0.01f, 0.01f, &yellow), 0.0, 1e-6);
    CHECK_NEAR(bcue_markings_cover(&m, 1.0f, 0.1f, 0.01f, 0.02f, &yellow), 0.5,
               1e-3); /* half over the edge */
    CHECK_NEAR(bcue_markings_cover(&m, 50.3f, 5.25f, 0.01f, 0.01f, &yellow), 1.0, 1e-3);
    CHECK(!yellow);
    CHECK_NEAR(bcue_markings_cover(&m, 50.3f, 10.0f, 0.01f, 2.0f, &yellow), 0.5,
               1e-3); /* two stripes of four */
    CHECK(bcue_markings_cover(&m, -500.0f, 3.0f, 0.1f, 0.1f, &yellow) == 0.0f);
    bcue_markings_free(&m);
}

int main(void)
{
    RUN(polygons);
    RUN(markings);
    RUN(paper_scenes);
    RUN(seeds_vary);
    RUN(generated_streets_stay);
    RUN(roadside_units_vary);
    RUN(short_streets_are_built);
    RUN(own_streets);
    RUN(any_roads);
    RUN(bad_input);
    return check_summary();
}

/* OpenStreetMap extracts: made-up towns with known areas, volumes and lanes; damaged and odd ones against
   their sentences. */
#include <math.h>

#include "base/text.h"
#include "check.h"
#include "features/geodesy.h"
#include "mangle.h"
#include "scene/import.h"
#include "scene/osm_document.h"
#include "scene/osm_import.h"
#include "scene_scratch.h"

#define ORIGIN_LATITUDE 48.137
#define ORIGIN_LONGITUDE 11.575

/* An extract in the making; nodes are given in metres from the origin. */
typedef struct osm_town {
    bcue_text nodes, rest;
} osm_town;

static void add_node(osm_town *town, int id, double x, double y, const char *tags)
{
    const double enu[3] = {x, y, 0.0};
    double latitude, longitude, altitude;
    bcue_enu_to_geodetic(enu, ORIGIN_LATITUDE, ORIGIN_LONGITUDE, 0.0, &latitude, &longitude, &altitude);
    bcue_text_printf(&town->nodes, "<node id=\"%d\" lat=\"%.11f\" lon=\"%.11f\">%s</node>\n", id, latitude,
                     longitude, tags);
}

#define TAG(k, v) "<tag k=\"" k "\" v=\"" v "\"/>"

/* Nodes first .. first + count - 1 and the first again where closed. */
static void add_way(osm_town *town, int id, int first, int count, bool closed, const char *tags)
{
    bcue_text_printf(&town->rest, "<way id=\"%d\">", id);
    for (int i = 0; i < count + closed; i++)
        bcue_text_printf(&town->rest, "<nd ref=\"%d\"/>", first + i % count);
    bcue_text_printf(&town->rest, "%s</way>\n", tags);
}

static void add_ring(osm_town *town, int first, int count, const double (*corners)[2])
{
    for (int i = 0; i < count; i++)
        add_node(town, first + i, corners[i][0], corners[i][1], "");
}

static void add_box(osm_town *town, int id, double x, double y, double width, double depth, const char *tags)
{
    const double corners[4][2] = {{x, y}, {x + width, y}, {x + width, y + depth}, {x, y + depth}};
    add_ring(town, 10 * id, 4, corners);
    add_way(town, id, 10 * id, 4, true, tags);
}

static bcue_status import_town(osm_town *town, const bcue_import_options *extra, bcue_world *world,
                               bcue_import_report *report, bcue_error *error)
{
    bcue_text whole = {0};
    bcue_import_options options = extra != NULL ? *extra : (bcue_import_options){0};
    options.has_origin = true;
    options.latitude_deg = ORIGIN_LATITUDE;
    options.longitude_deg = ORIGIN_LONGITUDE;
    *world = (bcue_world){0};
    bcue_text_printf(&whole, "<osm version=\"0.6\">\n%s%s</osm>\n", town->nodes.data, town->rest.data);
    bcue_status status =
        bcue_world_import(scratch_write("town.osm", whole.data), &options, world, report, error);
    bcue_text_free(&whole);
    bcue_text_free(&town->nodes);
    bcue_text_free(&town->rest);
    return status;
}

/* Volume, area of walls and of what faces up, of one object. */
typedef struct solid {
    double volume, walls, up, top;
} solid;

static solid measure(const bcue_world *world, uint32_t object)
{
    solid sum = {0};
    for (size_t i = 0; i < world->statics.triangle_count; i++) {
        const bcue_triangle *triangle = &world->statics.triangles[i];
        if (triangle->object != object)
            continue;
        bcue_vec3 a = world->statics.vertices[triangle->vertex[0]];
        bcue_vec3 b = world->statics.vertices[triangle->vertex[1]],
                  c = world->statics.vertices[triangle->vertex[2]];
        bcue_vec3 twice = bcue_vec3_cross(bcue_vec3_sub(b, a), bcue_vec3_sub(c, a));
        sum.volume += bcue_vec3_dot(a, bcue_vec3_cross(b, c)) / 6.0;
        if (fabs(twice.z) > 1e-9)
            sum.up += 0.5 * fmax(0.0, twice.z);
        else
            sum.walls += 0.5 * bcue_vec3_norm(twice);
        sum.top = fmax(sum.top, a.z);
    }
    return sum;
}

/* The objects of one kind that are no decoration, in order; the ground comes last. */
static uint32_t nth_building(const bcue_world *world, size_t n)
{
    for (uint32_t i = 0; i < world->object_count; i++)
        if (world->objects[i].kind == BCUE_OBJECT_BUILDING && n-- == 0)
            return i;
    return UINT32_MAX;
}

static void test_buildings(void)
{
    static const struct {
        const char *tags;
        double height, base;
    } cases[] = {
        {TAG("building", "yes"), 9, 0},
        {TAG("building", "house") TAG("height", "12.5"), 12.5, 0},
        {TAG("building", "house") TAG("height", "40 ft"), 12.192, 0},
        {TAG("building", "house") TAG("height", "10'6&quot;"), 3.2004, 0},
        {TAG("building", "yes") TAG("building:levels", "5"), 15, 0},
        {TAG("building", "yes") TAG("building:levels", "5") TAG("height", "18 m"), 18, 0},
        {TAG("building", "garage"), 3, 0},
        {TAG("building", "yes") TAG("height", "tall"), 9, 0},
        {TAG("building", "yes") TAG("height", "20") TAG("min_height", "4"), 20, 4},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        osm_town town = {0};
        bcue_world world;
        bcue_import_report report;
        bcue_error error = {{0}};
        add_box(&town, 7, 30, -40, 20, 10, cases[i].tags);
        CHECK_OK(import_town(&town, NULL, &world, &report, &error), error);
        solid house = measure(&world, nth_building(&world, 0));
        CHECK_NEAR(house.top, cases[i].height, 1e-9);
        CHECK_NEAR(house.up, 200.0, 1e-3);
        CHECK_NEAR(house.walls, 60.0 * (cases[i].height - cases[i].base), 1e-3);
        if (cases[i].base > 0.0)
            CHECK_NEAR(house.volume, 200.0 * (cases[i].height - cases[i].base), 1e-2);
        CHECK_INT(report.skipped, 0);
        CHECK_NEAR(report.latitude_deg, ORIGIN_LATITUDE, 0);
        /* One solid and the ground. */
        CHECK_INT(nth_building(&world, 1), UINT32_MAX);
        if (world.statics.vertex_count == 0)
            continue;
        CHECK_NEAR(world.statics.vertices[0].x, 30.0, 1e-5);
        CHECK_NEAR(world.statics.vertices[0].y, -40.0, 1e-5);
        bcue_world_free(&world);
    }
}

/* A block with a courtyard: the outline from two ways, one of them backwards; the courtyard the wrong way
 * round. */
static void test_multipolygon(void)
{
    static const double outline[6][2] = {{0, 0}, {30, 0}, {40, 0}, {40, 20}, {0, 20}, {0, 10}};
    static const double yard[4][2] = {{10, 5}, {20, 5}, {20, 15}, {10, 15}};
    osm_town town = {0};
    add_ring(&town, 1, 6, outline);
    add_ring(&town, 11, 4, yard);
    bcue_text_puts(&town.rest,
                   "<way id=\"1\"><nd ref=\"1\"/><nd ref=\"2\"/><nd ref=\"3\"/><nd ref=\"4\"/></way>"
                   "<way id=\"2\"><nd ref=\"1\"/><nd ref=\"6\"/><nd ref=\"5\"/><nd ref=\"4\"/>" TAG(
                       "building", "yes") "</way>");
    add_way(&town, 3, 11, 4, true, "");
    bcue_text_puts(&town.rest,
                   "<relation id=\"9\"><member type=\"way\" ref=\"1\" role=\"outer\"/><member type=\"way\" "
                   "ref=\"3\" role=\"inner\"/><member type=\"way\" ref=\"2\" role=\"outer\"/>" TAG(
                       "type", "multipolygon") TAG("building", "yes") TAG("height", "10") "</relation>");
    bcue_world world;
    bcue_import_report report;
    bcue_error error = {{0}};
    CHECK_OK(import_town(&town, NULL, &world, &report, &error), error);
    solid block = measure(&world, nth_building(&world, 0));
    CHECK_NEAR(block.up, 700.0, 1e-3);
    CHECK_NEAR(block.walls, 10.0 * (120.0 + 40.0), 1e-3);
    CHECK_INT(nth_building(&world, 1), UINT32_MAX);
    bcue_world_free(&world);
}

static void odd_town(osm_town *town)
{
    static const double bow[4][2] = {{0, 0}, {10, 10}, {10, 0}, {0, 10}};
    *town = (struct osm_town){0};
    add_box(town, 7, 30, -40, 20, 10, TAG("building", "yes"));
    add_ring(town, 1, 4, bow);
    add_way(town, 1, 1, 4, true, TAG("building", "yes") TAG("name", "Bow House"));
    add_way(town, 2, 3, 4, true, TAG("building", "yes")); /* nodes 5 and 6 are not there */
    add_way(town, 3, 1, 3, false, TAG("building", "yes"));
    add_box(town, 8, 60, 0, 0, 10, TAG("building", "yes"));
    add_box(town, 9, 80, 0, 10, 10, TAG("building", "yes") TAG("height", "5") TAG("min_height", "6"));
    bcue_text_puts(
        &town->rest,
        "<relation id=\"4\"><member type=\"way\" ref=\"3\" role=\"outer\"/>" TAG("type", "multipolygon")
            TAG("building", "yes") "</relation>"
                                   "<relation id=\"5\"><member type=\"way\" ref=\"99\" role=\"outer\"/>" TAG(
                                       "type", "multipolygon") TAG("building", "yes") "</relation>");
}

static void test_left_out(void)
{
    osm_town town;
    bcue_world world;
    bcue_import_report report;
    bcue_error error = {{0}};
    bcue_hooks hooks = {.log = scratch_log};
    bcue_import_options options = {.hooks = &hooks};
    scratch_log_text[0] = '\0';
    odd_town(&town);
    CHECK_OK(import_town(&town, &options, &world, &report, &error), error);
    CHECK_INT(report.skipped, 6); /* way 3 belongs to relation 4 and is not named again */
    CHECK(nth_building(&world, 0) != UINT32_MAX && nth_building(&world, 1) == UINT32_MAX);
    CHECK_CONTAINS(scratch_log_text,
                   "building way 1 (Bow House) is left out: its outline crosses or touches itself near (");
    CHECK_CONTAINS(scratch_log_text, "building way 2 is left out: the extract lacks some of its nodes");
    CHECK_CONTAINS(scratch_log_text, "building way 8 is left out: its outline has fewer than three corners");
    CHECK_CONTAINS(scratch_log_text, "building way 9 is left out: it begins above its own roof");
    CHECK_CONTAINS(scratch_log_text, "building relation 4 is left out: its outline is not closed");
    CHECK_CONTAINS(scratch_log_text, "building relation 5 is left out: the extract lacks some of its ways");
    bcue_world_free(&world);
    odd_town(&town);
    options.strict = true;
    CHECK_STATUS(import_town(&town, &options, &world, &report, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "town.osm: building relation 4: its outline is not closed; mend it");
    CHECK(world.objects == NULL);
}

/* ---- roads ---- */

static size_t count_lanes(const bcue_world *world, bcue_lane_kind kind)
{
    size_t count = 0;
    for (size_t l = 0; l < world->roads.lane_count; l++)
        count += world->roads.lanes[l].kind == kind;
    return count;
}

/* A crossing at the origin: a residential road east-west, a one-way street northwards with two lanes. */
static void crossing_town(osm_town *town, const char *middle)
{
    *town = (struct osm_town){0};
    add_node(town, 1, -100, 0, "");
    add_node(town, 2, 0, 0, middle);
    add_node(town, 3, 100, 0, "");
    add_node(town, 4, 0, -80, "");
    add_node(town, 5, 0, 80, "");
    bcue_text_puts(
        &town->rest,
        "<way id=\"1\"><nd ref=\"1\"/><nd ref=\"2\"/><nd ref=\"3\"/>" TAG("highway", "residential")
            TAG("maxspeed",
                "50") "</way>"
                      "<way id=\"2\"><nd ref=\"4\"/><nd ref=\"2\"/><nd ref=\"5\"/>" TAG("highway", "tertiary")
                          TAG("oneway", "yes") TAG(
                              "lanes", "2") "</way>"
                                            "<way id=\"3\"><nd ref=\"1\"/><nd ref=\"4\"/>" TAG(
                                                "highway",
                                                "footway") "</way>"
                                                           "<way id=\"4\"><nd ref=\"3\"/><nd ref=\"5\"/>" TAG(
                                                               "highway", "primary")
                                                               TAG("tunnel", "yes") "</way>");
}

static void test_crossing(void)
{
    for (int left_hand = 0; left_hand < 2; left_hand++) {
        osm_town town;
        bcue_world world;
        bcue_import_report report;
        bcue_error error = {{0}};
        bcue_import_options options = {.left_hand = left_hand != 0};
        crossing_town(&town, TAG("highway", "traffic_signals"));
        CHECK_OK(import_town(&town, &options, &world, &report, &error), error);
        const bcue_roads *roads = &world.roads;
        /* East-west: one lane each way in two pieces; northwards: two lanes in two pieces. */
        CHECK_INT(count_lanes(&world, BCUE_LANE_DRIVE), 4 + 4);
        /* From the west: on, and north. From the east: on, and north. From the south: each lane on, and one
         * turn. */
        CHECK_INT(count_lanes(&world, BCUE_LANE_CONNECTOR), 2 + 2 + 4);
        double s, offset;
        /* Eastbound traffic keeps right (south), or left. */
        uint32_t eastbound =
            bcue_roads_nearest(roads, BCUE_LANE_DRIVE, -60.0, left_hand ? 1.5 : -1.5, 1.0, &s, &offset);
        CHECK(eastbound != BCUE_NO_LANE);
        if (eastbound == BCUE_NO_LANE)
            continue;
        double yaw;
        (void)bcue_lane_at(roads, eastbound, 10.0, &yaw);
        CHECK_NEAR(yaw, 0.0, 1e-3);
        CHECK_NEAR(offset, 0.0, 1e-3);
        const bcue_lane *lane = &roads->lanes[eastbound];
        CHECK_NEAR(lane->width_m, 3.0, 1e-12);
        CHECK_NEAR(lane->speed_limit_mps, 50.0 / 3.6, 1e-9);
        CHECK_NEAR(lane->length_m, 100.0 - (3.25 + 3.0),
                   1e-3); /* the widest road has 6.5 m, and 3 m more are free */
        CHECK(lane->entry && !lane->exit && lane->signal != BCUE_NO_SIGNAL && lane->successor_count == 2);
        for (size_t i = 0; i < lane->successor_count; i++) {
            const bcue_lane *connector = &roads->lanes[roads->successors[lane->first_successor + i]];
            CHECK(connector->kind == BCUE_LANE_CONNECTOR && connector->successor_count == 1);
            const bcue_lane *out = &roads->lanes[roads->successors[connector->first_successor]];
            CHECK(out->exit && !out->entry && out->kind == BCUE_LANE_DRIVE);
            bcue_vec3 start = roads->points[connector->first_point],
                      from = bcue_lane_at(roads, eastbound, lane->length_m, NULL);
            bcue_vec3 end = roads->points[connector->first_point + connector->point_count - 1];
            CHECK(bcue_vec3_norm(bcue_vec3_sub(start, from)) < 1e-6);
            CHECK(bcue_vec3_norm(bcue_vec3_sub(end, roads->points[out->first_point])) < 1e-6);
        }
        /* The two lanes northwards know each other. */
        uint32_t west = bcue_roads_nearest(roads, BCUE_LANE_DRIVE, -1.625, -40.0, 1.0, &s, &offset);
        uint32_t east = bcue_roads_nearest(roads, BCUE_LANE_DRIVE, 1.625, -40.0, 1.0, &s, &offset);
        CHECK(west != BCUE_NO_LANE && east != BCUE_NO_LANE && roads->lanes[west].right == east &&
              roads->lanes[east].left == west && roads->lanes[west].left == BCUE_NO_LANE);
        CHECK_INT(roads->signal_count, 3);
        bcue_world_free(&world);
    }
}

/* Against each other the two phases are never green at once. */
static void test_signals(void)
{
    osm_town town;
    bcue_world world;
    bcue_error error = {{0}};
    crossing_town(&town, TAG("highway", "traffic_signals"));
    CHECK_OK(import_town(&town, NULL, &world, NULL, &error), error);
    double s, offset;
    uint32_t across = bcue_roads_nearest(&world.roads, BCUE_LANE_DRIVE, -60.0, -1.5, 1.0, &s, &offset);
    uint32_t up = bcue_roads_nearest(&world.roads, BCUE_LANE_DRIVE, 1.625, -40.0, 1.0, &s, &offset);
    int green[2] = {0, 0};
    for (int t = 0; across != BCUE_NO_LANE && up != BCUE_NO_LANE && t < 120; t++) {
        const bcue_signal *signals = world.roads.signals;
        bool a = bcue_signal_at(&signals[world.roads.lanes[across].signal], t) != BCUE_SIGNAL_RED;
        bool b = bcue_signal_at(&signals[world.roads.lanes[up].signal], t) != BCUE_SIGNAL_RED;
        CHECK(!(a && b));
        green[0] += a;
        green[1] += b;
    }
    CHECK(green[0] > 30 && green[1] > 30);
    bcue_world_free(&world);
    crossing_town(&town, "");
    CHECK_OK(import_town(&town, NULL, &world, NULL, &error), error);
    CHECK_INT(world.roads.signal_count, 0);
    bcue_world_free(&world);
}

/* A road that leaves the extract ends at its border, and begins there again. */
static void test_border(void)
{
    osm_town town = {0};
    bcue_world world;
    bcue_error error = {{0}};
    double south, west, north, east, altitude;
    bcue_enu_to_geodetic((const double[3]){-50, -50, 0}, ORIGIN_LATITUDE, ORIGIN_LONGITUDE, 0, &south, &west,
                         &altitude);
    bcue_enu_to_geodetic((const double[3]){50, 50, 0}, ORIGIN_LATITUDE, ORIGIN_LONGITUDE, 0, &north, &east,
                         &altitude);
    bcue_text_printf(&town.nodes, "<bounds minlat=\"%.9f\" minlon=\"%.9f\" maxlat=\"%.9f\" maxlon=\"%.9f\"/>",
                     south, west, north, east);
    add_node(&town, 1, -500, 0, "");
    add_node(&town, 2, 500, 0, "");
    add_node(&town, 3, 20, 500, "");
    add_node(&town, 4, 20, 20, "");
    add_node(&town, 5, 10, 500, "");
    bcue_text_puts(&town.rest,
                   "<way id=\"1\"><nd ref=\"1\"/><nd ref=\"2\"/>" TAG(
                       "highway", "primary") "</way><way "
                                             "id=\"2\"><nd ref=\"3\"/><nd ref=\"4\"/><nd ref=\"5\"/>" TAG(
                                                 "highway", "service") TAG("oneway", "-1") "</way>");
    CHECK_OK(import_town(&town, NULL, &world, NULL, &error), error);
    CHECK_INT(count_lanes(&world, BCUE_LANE_DRIVE), 2 + 1);
    for (size_t l = 0; l < world.roads.lane_count && l < 2; l++) {
        CHECK_NEAR(world.roads.lanes[l].length_m, 100.0, 0.01);
        CHECK(world.roads.lanes[l].entry && world.roads.lanes[l].exit);
    }
    /* oneway=-1: from node 5 down to node 4, up to node 3. */
    double yaw;
    if (world.roads.lane_count == 3) {
        (void)bcue_lane_at(&world.roads, 2, 0.0, &yaw);
        CHECK(sin(yaw) < -0.9);
    }
    CHECK_NEAR(world.bounds.x_high, 50.0, 0.01);
    bcue_world_free(&world);
}

static void test_profiles(void)
{
    static const struct {
        bcue_osm_tags tags;
        int forward, backward;
        double width;
    } cases[] = {
        {{.highway = BCUE_OSM_MINOR}, 1, 1, 6.0},
        {{.highway = BCUE_OSM_PRIMARY, .lanes = 4}, 2, 2, 14.0},
        {{.highway = BCUE_OSM_PRIMARY, .lanes = 3}, 2, 1, 10.5},
        {{.highway = BCUE_OSM_PRIMARY, .lanes = 3, .lanes_backward = 2}, 1, 2, 10.5},
        {{.highway = BCUE_OSM_PRIMARY, .lanes_forward = 3}, 3, 1, 14.0},
        {{.highway = BCUE_OSM_MOTORWAY, .oneway = true}, 2, 0, 7.5},
        {{.highway = BCUE_OSM_MINOR, .oneway = true}, 1, 0, 3.0},
        {{.highway = BCUE_OSM_MINOR, .oneway = true, .reverse = true, .lanes = 2}, 0, 2, 6.0},
        {{.highway = BCUE_OSM_MINOR, .width_m = 8.0}, 1, 1, 8.0},
        {{.highway = BCUE_OSM_MINOR, .lanes = 1}, 1, 1, 6.0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bcue_osm_profile profile = {0};
        CHECK(bcue_osm_road_profile(&cases[i].tags, &profile));
        CHECK_AT(profile.forward == cases[i].forward && profile.backward == cases[i].backward,
                 "case %zu: %d forward, %d backward", i, profile.forward, profile.backward);
        CHECK_NEAR(profile.width_m, cases[i].width, 1e-12);
    }
    bcue_osm_profile none;
    CHECK(!bcue_osm_road_profile(&(bcue_osm_tags){.highway = BCUE_OSM_WALK}, &none));
    CHECK(
        !bcue_osm_road_profile(&(bcue_osm_tags){.highway = BCUE_OSM_MINOR, .bridge_or_tunnel = true}, &none));
    double value;
    CHECK(bcue_osm_speed("30 mph", &value) && fabs(value - 13.4112) < 1e-9);
    CHECK(!bcue_osm_speed("walk", &value) && !bcue_osm_length("1.2.3", &value) &&
          !bcue_osm_length("", &value));
}

static void test_trees(void)
{
    osm_town town = {0};
    bcue_world world;
    bcue_error error = {{0}};
    add_node(&town, 1, 10, 20, TAG("natural", "tree") TAG("height", "10") TAG("diameter_crown", "6"));
    add_node(&town, 2, 0, 0, TAG("highway", "street_lamp"));
    add_node(&town, 3, 0, 40, "");
    add_node(&town, 4, 80, 40, "");
    add_way(&town, 1, 3, 2, false, TAG("natural", "tree_row"));
    CHECK_OK(import_town(&town, NULL, &world, NULL, &error), error);
    CHECK_INT(world.canopy_count, 1 + 10);
    CHECK_INT(world.lamp_count, 1);
    CHECK_NEAR(world.canopies[0].centre.z + world.canopies[0].half_axes.z, 10.0, 1e-9);
    CHECK_NEAR(world.canopies[0].half_axes.x, 3.0, 1e-6);
    CHECK_NEAR(world.canopies[1].centre.x, 4.0, 1e-3);
    CHECK_NEAR(world.canopies[10].centre.x, 76.0, 1e-2);
    bcue_world_free(&world);
}

static void check_refused(const char *text, bcue_status expected, const char *part)
{
    bcue_world world = {0};
    bcue_error error = {{0}};
    CHECK_STATUS(bcue_world_import(scratch_write("bad.osm", text), NULL, &world, NULL, &error), expected);
    CHECK_CONTAINS(error.text, part);
    CHECK(world.objects == NULL);
}

static void test_refused(void)
{
    check_refused("<osm></osm>", BCUE_ERROR_DATA, "bad.osm: the extract has no nodes");
    check_refused("<osm><node id=\"1\" lat=\"1\" lon=\"1\"/></osm>", BCUE_ERROR_DATA,
                  "no building, road or tree");
    check_refused("<osm>\n<node id=\"x\"/></osm>", BCUE_ERROR_FORMAT,
                  "bad.osm:2: <node>: id=\"x\" is not a whole number");
    check_refused("<osm>\n<node id=\"1\" lat=\"91\" lon=\"0\"/></osm>", BCUE_ERROR_FORMAT,
                  "bad.osm:2: <node>: lat=\"91\" must be from -90 to 90");
    check_refused("<osm><node id=\"1\" lat=\"1\" lon=\"0\"/><node id=\"1\" lat=\"1\" lon=\"0\"/></osm>",
                  BCUE_ERROR_DATA, "bad.osm: node 1 is there twice");
    check_refused("<osm><node id=\"1\" lat=\"1\" lon=\"0\"/><node id=\"2\" lat=\"2\" lon=\"0\"/></osm>",
                  BCUE_ERROR_DATA, "bad.osm: the extract spans 111 km");
    check_refused("<osm>\n<way id=\"1\"><nd/></way></osm>", BCUE_ERROR_FORMAT,
                  "<nd>: the attribute \"ref\" is missing");
    check_refused("<osm><way id=\"1\">", BCUE_ERROR_FORMAT, "bad.osm:1: not well-formed XML");
}

static bcue_status decode(const uint8_t *data, size_t size, const char *name, bcue_error *error)
{
    bcue_osm_document document;
    bcue_status status = bcue_osm_decode(data, size, name, &document, error);
    for (size_t i = 0; i < document.ref_count; i++)
        CHECK(document.refs[i] < (int64_t)document.node_count);
    bcue_osm_free(&document);
    return status == BCUE_ERROR_DATA ? BCUE_OK : status; /* two nodes with one number */
}

static void test_mangled(void)
{
    osm_town town;
    odd_town(&town);
    bcue_text whole = {0};
    bcue_text_printf(&whole, "<osm>%s%s</osm>", town.nodes.data, town.rest.data);
    mangle_report cut = mangle_truncate((const uint8_t *)whole.data, whole.size, decode, "m.osm");
    mangle_report flipped = mangle_flip((const uint8_t *)whole.data, whole.size, decode, "m.osm");
    CHECK_INT(cut.refused, cut.tried);
    CHECK(flipped.refused > 200);
    bcue_text_free(&whole);
    bcue_text_free(&town.nodes);
    bcue_text_free(&town.rest);
}

int main(void)
{
    RUN(test_buildings);
    RUN(test_multipolygon);
    RUN(test_left_out);
    RUN(test_crossing);
    RUN(test_signals);
    RUN(test_border);
    RUN(test_profiles);
    RUN(test_trees);
    RUN(test_refused);
    RUN(test_mangled);
    scratch_remove();
    return check_summary();
}

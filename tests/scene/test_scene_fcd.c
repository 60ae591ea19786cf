/* SUMO traces: made-up ones with known motion, real ones against their own numbers read with sscanf, damaged
   ones against their sentences. */
#include <math.h>

#include "base/text.h"
#include "check.h"
#include "features/geodesy.h"
#include "mangle.h"
#include "scene/fcd_import.h"
#include "scene_scratch.h"

static bcue_world world;

static bcue_status decode_text(const char *text, const bcue_fcd_options *options, bcue_traffic *traffic,
                               bcue_fcd_report *report, bcue_error *error)
{
    return bcue_fcd_decode(text, strlen(text), "t.xml", options, &world, traffic, report, error);
}

static void step(bcue_text *text, double time)
{
    bcue_text_printf(text, "<timestep time=\"%.2f\">\n", time);
}

static void vehicle(bcue_text *text, const char *id, double x, double y, double angle, const char *more)
{
    bcue_text_printf(text, "<vehicle id=\"%s\" x=\"%.9f\" y=\"%.9f\" angle=\"%.9f\" %s/>\n", id, x, y, angle,
                     more);
}

static double half_length(const bcue_traffic *traffic, size_t track)
{
    return 0.5 * world.models[traffic->tracks[track].model].length_m;
}

/* The front bumper of a track. */
static bcue_vec3 front_at(const bcue_traffic *traffic, size_t track, double time_s, bcue_track_state *state)
{
    CHECK_AT(bcue_track_at(traffic, track, time_s, state), "track %zu is not there at %g", track, time_s);
    bcue_vec3 ahead = {cos(state->yaw), sin(state->yaw), 0.0};
    return bcue_vec3_add(state->position, bcue_vec3_scale(ahead, half_length(traffic, track)));
}

/* Angle 0 is north, 90 east; the origin lies half a length behind the bumper; steps of 1 s become 0.1 s. */
static void test_straight(void)
{
    static const struct {
        double angle, dx, dy, yaw;
    } ways[] = {{0, 0, 1, 0.5 * BCUE_PI},
                {90, 1, 0, 0},
                {180, 0, -1, -0.5 * BCUE_PI},
                {225, -M_SQRT1_2, -M_SQRT1_2, -0.75 * BCUE_PI}};
    for (size_t w = 0; w < sizeof ways / sizeof ways[0]; w++) {
        bcue_text text = {0};
        bcue_text_puts(&text, "<fcd-export>");
        for (int t = 0; t <= 5; t++) {
            step(&text, 100.0 + t);
            vehicle(&text, "a", 3 + 10.0 * t * ways[w].dx, 4 + 10.0 * t * ways[w].dy, ways[w].angle,
                    "type=\"bus\"");
            bcue_text_puts(&text, "</timestep>");
        }
        bcue_text_puts(&text, "</fcd-export>");
        bcue_fcd_options options = {.from_first = true, .shift_m = {-3, -4, 0.5}};
        bcue_traffic traffic;
        bcue_fcd_report report;
        bcue_error error = {{0}};
        CHECK_OK(decode_text(text.data, &options, &traffic, &report, &error), error);
        CHECK(report.vehicles == 1 && report.steps == 6 && report.overlaps == 0 && report.lane_jumps == 0);
        CHECK(report.first_s == 100.0 && report.last_s == 105.0);
        CHECK_NEAR(traffic.duration_s, 5.0, 1e-12);
        CHECK_NEAR(traffic.step_s, 0.1, 0);
        CHECK_INT(traffic.track_count, 1);
        if (traffic.track_count == 1) {
            CHECK_STR(traffic.tracks[0].id, "a");
            CHECK_STR(world.models[traffic.tracks[0].model].name, "bus");
            CHECK_INT(traffic.tracks[0].state_count, 51);
            for (int k = 0; k <= 50; k++) {
                bcue_track_state state = {0};
                bcue_vec3 front = front_at(&traffic, 0, 0.1 * k, &state);
                CHECK_NEAR(front.x, k * ways[w].dx, 1e-6);
                CHECK_NEAR(front.y, k * ways[w].dy, 1e-6);
                CHECK_NEAR(front.z, 0.5, 1e-9);
                CHECK_NEAR(remainder(state.yaw - ways[w].yaw, 2 * BCUE_PI), 0.0, 1e-9);
                CHECK_NEAR(state.velocity_mps.x, 10.0 * ways[w].dx, 1e-6);
                CHECK_NEAR(state.velocity_mps.y, 10.0 * ways[w].dy, 1e-6);
            }
        }
        bcue_traffic_free(&traffic);
        bcue_text_free(&text);
    }
}

/* 10 m/s on a circle of 25 m: between steps of 1 s the front stays within 2 cm of the circle (its chord would
   leave it by 50 cm), and the velocity is that of the origin, which swings in. */
static void test_bend(void)
{
    bcue_text text = {0};
    bcue_text_puts(&text, "<fcd-export>");
    for (int t = 0; t <= 8; t++) {
        double turned = 0.4 * t;
        step(&text, t);
        vehicle(&text, "a", 25 * sin(turned), 25 * (1 - cos(turned)), 90.0 - turned * 180.0 / BCUE_PI, "");
        bcue_text_puts(&text, "</timestep>");
    }
    bcue_text_puts(&text, "</fcd-export>");
    bcue_traffic traffic;
    bcue_error error = {{0}};
    CHECK_OK(decode_text(text.data, NULL, &traffic, NULL, &error), error);
    for (int k = 10; traffic.track_count == 1 && k < 70; k++) {
        bcue_track_state before = {0}, now = {0}, after = {0};
        bcue_vec3 front = front_at(&traffic, 0, 0.1 * k, &now);
        CHECK_NEAR(hypot(front.x, front.y - 25.0), 25.0, 0.02);
        (void)front_at(&traffic, 0, 0.1 * (k - 1), &before);
        (void)front_at(&traffic, 0, 0.1 * (k + 1), &after);
        bcue_vec3 slope = bcue_vec3_scale(bcue_vec3_sub(after.position, before.position), 5.0);
        CHECK_NEAR(slope.x, now.velocity_mps.x, 0.05);
        CHECK_NEAR(slope.y, now.velocity_mps.y, 0.05);
    }
    bcue_traffic_free(&traffic);
    bcue_text_free(&text);
}

/* Hard braking and a standstill, as Euler's rule writes them: never backward, never past the next sample. */
static void test_stop(void)
{
    static const double places[] = {0, 10, 18, 20, 20, 20, 21, 29};
    bcue_text text = {0};
    bcue_text_puts(&text, "<fcd-export>");
    for (int t = 0; t < 8; t++) {
        step(&text, t);
        vehicle(&text, "a", places[t], 0, 90, "");
        bcue_text_puts(&text, "</timestep>");
    }
    bcue_text_puts(&text, "</fcd-export>");
    bcue_traffic traffic;
    bcue_error error = {{0}};
    CHECK_OK(decode_text(text.data, NULL, &traffic, NULL, &error), error);
    double last = 0.0;
    for (int k = 0; traffic.track_count == 1 && k <= 70; k++) {
        bcue_track_state state = {0};
        double x = front_at(&traffic, 0, 0.1 * k, &state).x;
        CHECK_AT(x >= last - 1e-12, "backward at %g", 0.1 * k);
        CHECK(state.velocity_mps.x >= -1e-12);
        if (k % 10 == 0)
            CHECK_NEAR(x, places[k / 10], 1e-9);
        if (k >= 30 && k <= 50)
            CHECK_NEAR(x, 20.0, 1e-12);
        last = x;
    }
    bcue_traffic_free(&traffic);
    bcue_text_free(&text);
}

/* From lane 0 to lane 1 at 7.5 s: 3.2 m to the left in a step, spread over 6 .. 9 s. */
static void lane_change_text(bcue_text *text)
{
    bcue_text_puts(text, "<fcd-export>");
    for (int t = 0; t <= 15; t++) {
        step(text, t);
        vehicle(text, "a", 10 * t, t < 8 ? 0 : 3.2, 90, t < 8 ? "lane=\"e_x_0\"" : "lane=\"e_x_1\"");
        bcue_text_puts(text, "</timestep>");
    }
    bcue_text_puts(text, "</fcd-export>");
}

static void test_lane_change(void)
{
    bcue_text text = {0};
    lane_change_text(&text);
    bcue_traffic traffic;
    bcue_fcd_report report;
    bcue_error error = {{0}};
    CHECK_OK(decode_text(text.data, NULL, &traffic, &report, &error), error);
    CHECK_INT(report.lane_jumps, 1);
    double last = 0.0;
    for (int k = 0; traffic.track_count == 1 && k <= 150; k++) {
        double time = 0.1 * k, u = fmin(1.0, fmax(0.0, (time - 6.0) / 3.0));
        bcue_track_state state = {0};
        bcue_vec3 front = front_at(&traffic, 0, time, &state);
        CHECK_NEAR(front.y, 3.2 * u * u * (3 - 2 * u), 1e-6);
        CHECK_NEAR(front.x, 10 * time, 1e-6);
        CHECK(front.y - last < 0.17 && state.yaw < 0.17 && state.yaw > -1e-9);
        last = front.y;
    }
    bcue_traffic_free(&traffic);
    bcue_fcd_options leave = {.lane_change_s = -1};
    CHECK_OK(decode_text(text.data, &leave, &traffic, &report, &error), error);
    bcue_track_state state;
    CHECK(report.lane_jumps == 0 && bcue_track_at(&traffic, 0, 6.9, &state) && state.position.y < 0.2);
    bcue_traffic_free(&traffic);
    bcue_text_free(&text);
}

/* Out of the bounds and back in: two tracks. A window cuts at both ends. */
static void test_bounds_and_window(void)
{
    bcue_text text = {0};
    bcue_text_puts(&text, "<fcd-export>");
    for (int t = 0; t <= 20; t++) {
        step(&text, 0.5 * t);
        vehicle(&text, "a", t < 10 ? t : 20 - t, 0, t < 10 ? 90 : 270, "");
        bcue_text_puts(&text,
                       "<person id=\"walker\" x=\"1\" y=\"5\" angle=\"0\"/><container id=\"c\"/></timestep>");
    }
    bcue_text_puts(&text, "</fcd-export>");
    bcue_traffic traffic;
    bcue_fcd_report report;
    bcue_error error = {{0}};
    bcue_fcd_options bounds = {.bounds = {-1, 6.5, -1, 1}, .step_s = 0.5};
    CHECK_OK(decode_text(text.data, &bounds, &traffic, &report, &error), error);
    CHECK_INT(report.vehicles, 2);
    CHECK(traffic.track_count == 2 && traffic.tracks[0].state_count == 7 &&
          traffic.tracks[1].state_count == 7 && traffic.tracks[1].first_time_s == 7.0);
    bcue_traffic_free(&traffic);
    bcue_fcd_options window = {.begin_s = 2, .end_s = 4, .step_s = 0.25, .bounds = {-50, 50, -1, 1}};
    CHECK_OK(decode_text(text.data, &window, &traffic, &report, &error), error);
    CHECK_INT(report.steps, 5);
    CHECK(traffic.track_count == 1 && traffic.tracks[0].state_count == 9 &&
          traffic.tracks[0].first_time_s == 0.0);
    CHECK_NEAR(traffic.duration_s, 2.0, 1e-12);
    bcue_traffic_free(&traffic);
    bcue_text_free(&text);
}

static void test_geographic(void)
{
    bcue_text text = {0};
    double longitude[2], latitude[2], altitude;
    for (int i = 0; i < 2; i++) {
        const double enu[3] = {100.0 + 8 * i, -50.0, 0.0};
        bcue_enu_to_geodetic(enu, 48.1, 11.5, 0.0, &latitude[i], &longitude[i], &altitude);
    }
    bcue_text_printf(
        &text,
        "<fcd-export><timestep time=\"0\"><vehicle id=\"a\" x=\"%.12f\" y=\"%.12f\" angle=\"90\"/></timestep>"
        "<timestep time=\"1\"><vehicle id=\"a\" x=\"%.12f\" y=\"%.12f\" "
        "angle=\"90\"/></timestep></fcd-export>",
        longitude[0], latitude[0], longitude[1], latitude[1]);
    bcue_fcd_options options = {.geographic = true, .latitude_deg = 48.1, .longitude_deg = 11.5};
    bcue_traffic traffic;
    bcue_error error = {{0}};
    CHECK_OK(decode_text(text.data, &options, &traffic, NULL, &error), error);
    if (traffic.track_count == 1) {
        bcue_track_state state = {0};
        bcue_vec3 front = front_at(&traffic, 0, 1.0, &state);
        CHECK_NEAR(front.x, 108.0, 1e-5);
        CHECK_NEAR(front.y, -50.0, 1e-5);
    }
    bcue_traffic_free(&traffic);
    bcue_text_free(&text);
}

#define TRACE(body) "<fcd-export>\n" body "</fcd-export>\n"
#define AT(time, body) "<timestep time=\"" time "\">" body "</timestep>\n"
#define V(id, x) "<vehicle id=\"" id "\" x=\"" x "\" y=\"0\" angle=\"90\" type=\"car\"/>"

static void test_types(void)
{
    static const char *const own[] = {"car=truck"};
    bcue_traffic traffic;
    bcue_fcd_report report;
    bcue_error error = {{0}};
    bcue_fcd_options options = {.types = own, .type_count = 1};
    static const char *const text =
        TRACE(AT("0", V("a", "0") "<vehicle id=\"t\" x=\"9\" y=\"9\" angle=\"0\" type=\"rail_urban\"/>")
                  AT("1", V("a", "5") "<vehicle id=\"t\" x=\"9\" y=\"9\" angle=\"0\" type=\"rail_urban\"/>"));
    CHECK_OK(decode_text(text, &options, &traffic, &report, &error), error);
    CHECK(traffic.track_count == 1 && strcmp(world.models[traffic.tracks[0].model].name, "truck") == 0);
    CHECK_INT(report.skipped, 1);
    bcue_traffic_free(&traffic);
    static const char *const wrong[] = {"car=lorry"};
    options.types = wrong;
    CHECK_STATUS(decode_text(text, &options, &traffic, &report, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "t.xml:2: type \"car\" is to be \"lorry\"");
}

static void check_refused(const char *text, const bcue_fcd_options *options, bcue_status expected,
                          const char *part)
{
    bcue_traffic traffic;
    bcue_error error = {{0}};
    CHECK_STATUS(decode_text(text, options, &traffic, NULL, &error), expected);
    CHECK_CONTAINS(error.text, part);
    CHECK(traffic.tracks == NULL && traffic.states == NULL);
    bcue_traffic_free(&traffic);
}

static void test_refused(void)
{
    check_refused("", NULL, BCUE_ERROR_FORMAT, "t.xml:1: not well-formed XML");
    check_refused("<routes/>", NULL, BCUE_ERROR_FORMAT, "t.xml:1: <routes>: the root of SUMO's");
    check_refused(TRACE(""), NULL, BCUE_ERROR_DATA, "t.xml: no vehicle stays for a step of 0.1 s");
    check_refused(TRACE(AT("3", V("a", "0")) AT("2", V("a", "1"))), NULL, BCUE_ERROR_FORMAT,
                  "t.xml:3: <timestep>: time 2 comes after 3; the steps must go forward");
    check_refused(TRACE(AT("3", V("a", "0")) AT("3", V("a", "1"))), NULL, BCUE_ERROR_FORMAT,
                  "time 3 comes after 3");
    check_refused(TRACE(AT("1", V("a", "0") V("b", "9") V("a", "0"))), NULL, BCUE_ERROR_FORMAT,
                  "t.xml:2: <vehicle>: \"a\" is there twice at time 1");
    check_refused(TRACE("<timestep/>"), NULL, BCUE_ERROR_FORMAT,
                  "t.xml:2: <timestep>: the attribute \"time\" is missing");
    check_refused(TRACE(AT("1", "<vehicle id=\"a\" x=\"1\" y=\"1\"/>")), NULL, BCUE_ERROR_FORMAT,
                  "t.xml:2: <vehicle>: the attribute \"angle\" is missing");
    check_refused(TRACE(AT("1", V("a", "nan"))), NULL, BCUE_ERROR_FORMAT,
                  "t.xml:2: <vehicle>: x=\"nan\" is not a number");
    check_refused(TRACE(AT("1", V("a", "1e30"))), NULL, BCUE_ERROR_FORMAT,
                  "x=\"1e30\" must be from -1e+07 to 1e+07");
    check_refused(TRACE(AT("0", V("a", "0")) AT("1000000", V("a", "5"))), NULL, BCUE_ERROR_DATA,
                  "no vehicle stays");
    bcue_fcd_options few = {.most_states = 15};
    check_refused(TRACE(AT("0", V("a", "0")) AT("2", V("a", "5"))), &few, BCUE_ERROR_DATA,
                  "t.xml: more than 15 places of vehicles");
}

/* ---- a real run of SUMO ---- */

static const char *data_path(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/tests/scene/data/%s", BCUE_SOURCE_DIR, name);
    return path;
}

static size_t find_track(const bcue_traffic *traffic, const char *id)
{
    for (size_t t = 0; t < traffic->track_count; t++)
        if (strcmp(traffic->tracks[t].id, id) == 0)
            return t;
    return SIZE_MAX;
}

/* Every sample of the file against the track, apart from the seconds around a lane change. */
static size_t compare_samples(const char *file, const bcue_traffic *traffic)
{
    FILE *stream = fopen(data_path(file), "r");
    char line[512], id[64];
    double time = 0.0, x, y, angle;
    size_t compared = 0;
    while (stream != NULL && fgets(line, sizeof line, stream) != NULL) {
        if (sscanf(line, " <timestep time=\"%lf\"", &time) == 1 ||
            sscanf(line, " <vehicle id=\"%63[^\"]\" x=\"%lf\" y=\"%lf\" angle=\"%lf\"", id, &x, &y, &angle) !=
                4)
            continue;
        size_t track = find_track(traffic, id);
        bcue_track_state state;
        if (track == SIZE_MAX || !bcue_track_at(traffic, track, time, &state))
            continue;
        bcue_vec3 front = front_at(traffic, track, time, &state);
        double off = hypot(front.x - x, front.y - y);
        CHECK_AT(off < 2.0, "%s at %g: %g m off", id, time, off);
        if (off > 1e-6)
            continue;
        compared++;
        CHECK_NEAR(remainder(state.yaw - BCUE_PI * (90.0 - angle) / 180.0, 2 * BCUE_PI), 0.0, 1e-9);
    }
    if (stream != NULL)
        fclose(stream);
    return compared;
}

static size_t brute_overlaps(const bcue_traffic *traffic)
{
    size_t overlaps = 0;
    for (int k = 0; k <= (int)(traffic->duration_s / traffic->step_s + 0.5); k++)
        for (size_t a = 0; a < traffic->track_count; a++)
            for (size_t b = a + 1; b < traffic->track_count; b++) {
                bcue_track_state s, t;
                if (!bcue_track_at(traffic, a, k * traffic->step_s, &s) ||
                    !bcue_track_at(traffic, b, k * traffic->step_s, &t))
                    continue;
                bcue_instance p = {.model = traffic->tracks[a].model, .position = s.position, .yaw = s.yaw};
                bcue_instance q = {.model = traffic->tracks[b].model, .position = t.position, .yaw = t.yaw};
                overlaps += bcue_instances_overlap(&world, &p, &q);
            }
    return overlaps;
}

static void check_run(const char *file, size_t vehicles, size_t jumps, size_t least_compared)
{
    bcue_traffic traffic = {0};
    bcue_fcd_report report = {0};
    bcue_error error = {{0}};
    CHECK_OK(bcue_fcd_read(data_path(file), NULL, &world, &traffic, &report, &error), error);
    CHECK_INT(report.vehicles, vehicles);
    CHECK_INT(report.lane_jumps, jumps);
    size_t compared = compare_samples(file, &traffic), fastest = 0;
    CHECK_AT(compared >= least_compared, "%s: %zu samples agree", file, compared);
    CHECK_INT(report.overlaps, brute_overlaps(&traffic));
    printf("%s: %zu vehicles, %zu states, %zu samples on their place, %zu overlaps\n", file, report.vehicles,
           traffic.state_count, compared, report.overlaps);
    for (size_t t = 0; t < traffic.track_count; t++) {
        const bcue_track *track = &traffic.tracks[t];
        for (size_t k = 1; k < track->state_count; k++) {
            const bcue_track_state *a = &traffic.states[track->first_state + k - 1], *b = a + 1;
            bcue_vec3 moved = bcue_vec3_sub(b->position, a->position);
            CHECK_AT(moved.x * cos(a->yaw) + moved.y * sin(a->yaw) > -0.06, "%s step %zu: backward",
                     track->id, k);
            CHECK_AT(bcue_vec3_norm(moved) < 2.0, "%s step %zu: a jump of %g m", track->id, k,
                     bcue_vec3_norm(moved));
            CHECK_AT(fabs(-moved.x * sin(a->yaw) + moved.y * cos(a->yaw)) < 0.35, "%s step %zu: sideways",
                     track->id, k);
            fastest += bcue_vec3_norm(moved) > 1.0;
        }
    }
    CHECK(fastest > 100); /* they do drive */
    bcue_traffic_free(&traffic);
}

static void test_real_runs(void)
{
    check_run("crossing_jump.xml", 24, 6, 800);
    check_run("crossing_slide.xml", 20, 0, 600);
}

static bcue_status decode(const uint8_t *data, size_t size, const char *name, bcue_error *error)
{
    bcue_traffic traffic;
    bcue_status status = bcue_fcd_decode(data, size, name, NULL, &world, &traffic, NULL, error);
    for (size_t s = 0; s < traffic.state_count; s++)
        CHECK(isfinite(traffic.states[s].position.x) && isfinite(traffic.states[s].velocity_mps.y));
    bcue_traffic_free(&traffic);
    /* A file may be whole and yet hold no vehicle that stays. */
    return status == BCUE_ERROR_DATA ? BCUE_OK : status;
}

static void test_mangled(void)
{
    bcue_text text = {0};
    lane_change_text(&text);
    mangle_report cut = mangle_truncate((const uint8_t *)text.data, text.size, decode, "m.xml");
    mangle_report flipped = mangle_flip((const uint8_t *)text.data, text.size, decode, "m.xml");
    CHECK_INT(cut.refused, cut.tried);
    CHECK(flipped.refused > 300);
    bcue_text_free(&text);
}

int main(void)
{
    bcue_error error = {{0}};
    CHECK_OK(bcue_world_make_plain(100.0, BCUE_MATERIAL_ASPHALT, &world, &error), error);
    RUN(test_straight);
    RUN(test_bend);
    RUN(test_stop);
    RUN(test_lane_change);
    RUN(test_bounds_and_window);
    RUN(test_geographic);
    RUN(test_types);
    RUN(test_refused);
    RUN(test_real_runs);
    RUN(test_mangled);
    bcue_world_free(&world);
    return check_summary();
}

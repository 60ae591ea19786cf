/* Traffic that drives itself: nobody touches anybody, lights and right of way hold, the formulas are IDM's.
 */
#include <stdlib.h>
#include "check.h"
#include "world/driver_model.h"
#include "world/scenery.h"
#include "world/traffic_flow.h"

/* Equilibrium of IDM: at speed v behind a leader at v the gap is (s0 + v T) / sqrt(1 - (v / v0)^4). Treiber's
   book, table 11.2: v0 = 120 km/h, T = 1.0 s, s0 = 2 m, a = 1 m/s2, b = 1.5 m/s2. */
static void idm_by_hand(void)
{
    const bcue_driver d = {120.0 / 3.6, 1.0, 2.0, 1.0, 1.5};
    CHECK_NEAR(bcue_idm_acceleration(&d, 0.0, INFINITY, 0.0), 1.0, 1e-12);
    CHECK_NEAR(bcue_idm_acceleration(&d, d.desired_mps, INFINITY, 0.0), 0.0, 1e-12);
    double v = 20.0, gap = (2.0 + v) / sqrt(1.0 - pow(v / d.desired_mps, 4.0));
    CHECK_NEAR(bcue_idm_acceleration(&d, v, gap, v), 0.0, 1e-12);
    CHECK_NEAR(bcue_idm_acceleration(&d, 0.0, 2.0, 0.0), 0.0, 1e-12);
    /* Towards a standing obstacle from far: the braking strategy settles near b, never at the limit. */
    double s = 0.0, least = 0.0;
    v = 30.0;
    for (int i = 0; i < 20000 && v > 1e-3; i++) {
        double a = bcue_idm_acceleration(&d, v, 600.0 - s, 0.0);
        least = fmin(least, a);
        s += v * 0.005;
        v = fmax(0.0, v + a * 0.005);
    }
    CHECK(s < 600.0 - 1.5 && s > 590.0);
    CHECK(least > -2.5 && least < -1.0);
}

static void mobil_by_hand(void)
{
    bcue_lane_change change = {.own_now = 0.0, .own_then = 1.0};
    CHECK(bcue_mobil_accepts(&change, 0.5, 3.0, 0.2));
    change.new_follower_then = -1.7; /* 1.0 - 0.5 x 1.7 = 0.15 */
    CHECK(!bcue_mobil_accepts(&change, 0.5, 3.0, 0.2));
    CHECK(bcue_mobil_accepts(&change, 0.4, 3.0, 0.2));
    change.new_follower_then = -3.1;
    CHECK(!bcue_mobil_accepts(&change, 0.0, 3.0, 0.2));
}

typedef struct tally {
    size_t overlaps, most, left_late, lane_changes, stops, turns, walkers;
    double fastest;
} tally;

static void walk_through(const bcue_world *world, const bcue_traffic *traffic, double step_s, size_t steps,
                         const char *what, tally *t)
{
    size_t room = bcue_traffic_capacity(world, traffic), count;
    bcue_instance *placed = calloc(room + 1, sizeof *placed);
    uint32_t *ids = calloc(room + 1, sizeof *ids);
    for (size_t k = 0; k <= steps; k++) {
        bcue_traffic_at(world, traffic, (double)k * step_s, placed, &count, ids);
        size_t moving = 0;
        for (size_t i = 0; i < count; i++) {
            bool walker = world->models[placed[i].model].vehicle_class == BCUE_VEHICLE_PEDESTRIAN;
            moving += ids[i] != BCUE_NO_TRACK && !walker;
            t->walkers += walker;
            t->fastest = fmax(t->fastest, bcue_vec3_norm(placed[i].velocity_mps));
            for (size_t j = 0; j < i; j++)
                if (bcue_instances_overlap(world, &placed[i], &placed[j])) {
                    if (t->overlaps++ < 5)
                        CHECK_AT(false,
                                 "%s, %.1f s: %s %u at (%.2f, %.2f, %.2f rad) overlaps %s %u at (%.2f, %.2f, "
                                 "%.2f rad)",
                                 what, (double)k * step_s, world->models[placed[i].model].name, ids[i],
                                 placed[i].position.x, placed[i].position.y, placed[i].yaw,
                                 world->models[placed[j].model].name, ids[j], placed[j].position.x,
                                 placed[j].position.y, placed[j].yaw);
                }
        }
        t->most = moving > t->most ? moving : t->most;
    }
    for (size_t i = 0; i < traffic->track_count; i++) {
        const bcue_track *track = &traffic->tracks[i];
        bool stood = false, walker = world->models[track->model].vehicle_class == BCUE_VEHICLE_PEDESTRIAN;
        for (size_t k = 1; k < track->state_count && !walker; k++) {
            const bcue_track_state *a = &traffic->states[track->first_state + k - 1], *b = a + 1;
            const bcue_lane *from = &world->roads.lanes[a->lane];
            t->lane_changes += a->lane != b->lane && (b->lane == from->left || b->lane == from->right);
            stood = stood || bcue_vec3_norm(b->velocity_mps) < 0.1;
        }
        double last = track->first_time_s + (double)(track->state_count - 1) * step_s;
        t->left_late +=
            !walker && last > 0.6 * (double)steps * step_s && last < ((double)steps - 0.5) * step_s;
        if (!walker && track->state_count > 1) {
            double turned = remainder(traffic->states[track->first_state + track->state_count - 1].yaw -
                                          traffic->states[track->first_state].yaw,
                                      2.0 * BCUE_PI);
            t->turns += fabs(turned) > 0.7;
        }
        t->stops += stood;
    }
    free(placed);
    free(ids);
}

/* 10,000 steps of every preset with more traffic than the roads can take, several seeds. */
static void nobody_overlaps(void)
{
    bcue_error error = {0};
    bcue_flow_config config;
    CHECK_OK(bcue_flow_defaults(&config, &error), error);
    config.vehicles_per_minute = 25.0;
    config.max_vehicles = 120;
    config.duration_s = 200.0;
    const struct {
        bcue_scenery_preset preset;
        uint64_t seed;
    } cases[] = {{BCUE_SCENERY_TWO_LANE, 1},  {BCUE_SCENERY_THREE_LANE, 2}, {BCUE_SCENERY_GENERATED, 2},
                 {BCUE_SCENERY_GENERATED, 3}, {BCUE_SCENERY_GENERATED, 4},  {BCUE_SCENERY_GENERATED, 5}};
    size_t steps = 0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bcue_world world;
        bcue_traffic traffic;
        tally t = {0};
        char what[64];
        snprintf(what, sizeof what, "%s seed %d", bcue_scenery_preset_name(cases[i].preset),
                 (int)cases[i].seed);
        CHECK_OK(bcue_scenery_make_preset(cases[i].preset, cases[i].seed, &world, NULL, &error), error);
        CHECK_OK(bcue_traffic_flow(&world, &config, cases[i].seed, 0, &traffic, &error), error);
        CHECK_OK(bcue_traffic_check(&world, &traffic, &error), error);
        walk_through(&world, &traffic, config.step_s, 2000, what, &t);
        steps += 2000;
        printf("%s: %zu tracks, %zu at once, %zu lane changes, %zu turned, %zu stood, %zu left late, %zu "
               "walkers a step, "
               "%.1f m/s, %zu overlaps\n",
               what, traffic.track_count, t.most, t.lane_changes, t.turns, t.stops, t.left_late,
               t.walkers / 2000, t.fastest, t.overlaps);
        CHECK_INT(t.overlaps, 0);
        CHECK(t.fastest < 25.0);
        CHECK_AT(t.most > 10, "%s: only %zu vehicles at once", what, t.most);
        CHECK(traffic.track_count > 60);
        /* It flows: in the last 80 s as many leave as a green phase a minute lets through, at least. */
        CHECK_AT(t.left_late >= 12, "%s: only %zu vehicles left in the last 80 s", what, t.left_late);
        CHECK(t.stops > 0 || world.roads.signal_count == 0);
        bcue_traffic_free(&traffic);
        bcue_world_free(&world);
    }
    CHECK(steps >= 10000);
}

/* In a bend the lanes beside each other are not equally long: a change of lanes must not move anybody along.
 */
static void lane_changes_in_bends(void)
{
    static const char text[] =
        "traffic_lights: false\nroads:\n  - {bend_radius_m: 34, lanes_backward: 3, line_m: "
        "[157.56, -139.96, -2.6, -163.67, 139.88, 131.62, -101.63, -32.18]}\n";
    bcue_error error = {0};
    bcue_scenery_config scenery;
    bcue_config *source;
    bcue_flow_config config;
    bcue_world world;
    bcue_traffic traffic;
    tally t = {0};
    CHECK_OK(bcue_config_read_text(text, sizeof text - 1, "bends.yaml", NULL, 0, bcue_scenery_fields,
                                   &scenery, &source, &error),
             error);
    CHECK_OK(bcue_scenery_make(&scenery, 1, &world, NULL, &error), error);
    bcue_config_destroy(source);
    CHECK_OK(bcue_flow_defaults(&config, &error), error);
    config.vehicles_per_minute = 23.0;
    config.max_vehicles = 100;
    config.duration_s = 120.0;
    CHECK_OK(bcue_traffic_flow(&world, &config, 303, 0, &traffic, &error), error);
    CHECK_OK(bcue_traffic_check(&world, &traffic, &error), error);
    walk_through(&world, &traffic, config.step_s, 1200, "bends", &t);
    CHECK_INT(t.overlaps, 0);
    CHECK_AT(t.lane_changes >= 10, "%zu lane changes", t.lane_changes);
    for (size_t i = 0; i < traffic.track_count; i++)
        for (size_t k = 1; k < traffic.tracks[i].state_count; k++) {
            const bcue_track_state *a = &traffic.states[traffic.tracks[i].first_state + k - 1], *b = a + 1;
            double step = bcue_vec3_norm(bcue_vec3_sub(b->position, a->position));
            double speed = bcue_vec3_norm(b->velocity_mps);
            CHECK_AT(fabs(step - speed * config.step_s) < 0.5, "%s moves %g m in a step at %g m/s",
                     traffic.tracks[i].id, step, speed);
        }
    bcue_traffic_free(&traffic);
    bcue_world_free(&world);
}

static bool same_traffic(const bcue_traffic *a, const bcue_traffic *b)
{
    return a->track_count == b->track_count && a->state_count == b->state_count &&
           memcmp(a->states, b->states, a->state_count * sizeof *a->states) == 0;
}

/* The same seed and episode repeat bit for bit; another episode does not. */
static void episodes_repeat(void)
{
    bcue_error error = {0};
    bcue_world world;
    bcue_flow_config config;
    bcue_traffic first, again, other;
    CHECK_OK(bcue_flow_defaults(&config, &error), error);
    CHECK_OK(bcue_scenery_make_preset(BCUE_SCENERY_TWO_LANE, 1, &world, NULL, &error), error);
    CHECK_OK(bcue_traffic_flow(&world, &config, 7, 0, &first, &error), error);
    CHECK_OK(bcue_traffic_flow(&world, &config, 7, 0, &again, &error), error);
    CHECK_OK(bcue_traffic_flow(&world, &config, 7, 1, &other, &error), error);
    CHECK(same_traffic(&first, &again) && !same_traffic(&first, &other));
    /* Paths are smooth: nobody jumps or turns on the spot between two states. */
    for (size_t i = 0; i < first.track_count; i++)
        for (size_t k = 1; k < first.tracks[i].state_count; k++) {
            const bcue_track_state *a = &first.states[first.tracks[i].first_state + k - 1], *b = a + 1;
            double step = bcue_vec3_norm(bcue_vec3_sub(b->position, a->position));
            double speed = 0.5 * (bcue_vec3_norm(a->velocity_mps) + bcue_vec3_norm(b->velocity_mps));
            CHECK_AT(fabs(step - speed * config.step_s) < 0.08 + 0.1 * step,
                     "%s moves %g m in a step at %g m/s", first.tracks[i].id, step, speed);
            CHECK(fabs(remainder(b->yaw - a->yaw, 2.0 * BCUE_PI)) < 0.25);
        }
    bcue_traffic_free(&first);
    bcue_traffic_free(&again);
    bcue_traffic_free(&other);
    bcue_world_free(&world);
}

/* An episode has 200 steps, or ends when the bounds are empty. */
static void episodes_end(void)
{
    bcue_error error = {0};
    bcue_world world;
    bcue_flow_config config;
    bcue_traffic traffic;
    CHECK_OK(bcue_flow_defaults(&config, &error), error);
    CHECK_OK(bcue_scenery_make_preset(BCUE_SCENERY_GENERATED, 3, &world, NULL, &error), error);
    CHECK_OK(bcue_traffic_flow(&world, &config, 1, 0, &traffic, &error), error);
    CHECK_INT(bcue_traffic_steps(&world, &traffic, 0.1, 200), 200);
    bcue_traffic_free(&traffic);
    config.spawn_until_s = -25.0;
    config.duration_s = 60.0;
    CHECK_OK(bcue_traffic_flow(&world, &config, 1, 0, &traffic, &error), error);
    size_t steps = bcue_traffic_steps(&world, &traffic, 0.1, 600), inside = 0;
    CHECK_AT(steps > 0 && steps < 600, "%zu steps", steps);
    for (size_t i = 0; i < traffic.track_count; i++) {
        bcue_track_state state;
        if (world.models[traffic.tracks[i].model].vehicle_class != BCUE_VEHICLE_PEDESTRIAN &&
            bcue_track_at(&traffic, i, 0.1 * (double)steps, &state))
            inside += bcue_bounds_contain(&world.bounds, state.position.x, state.position.y);
    }
    CHECK_INT(inside, 0);
    bcue_traffic_free(&traffic);
    config.vehicles_per_minute = 0.0;
    CHECK_OK(bcue_traffic_flow(&world, &config, 1, 0, &traffic, &error), error);
    CHECK_INT(bcue_traffic_steps(&world, &traffic, 0.1, 200), 0);
    bcue_traffic_free(&traffic);
    bcue_world_free(&world);
}

static void bad_traffic(void)
{
    bcue_error error = {0};
    bcue_world world, empty;
    bcue_flow_config config;
    bcue_traffic traffic = {.step_s = 0.1}, none;
    CHECK_OK(bcue_flow_defaults(&config, &error), error);
    CHECK_OK(bcue_scenery_make_preset(BCUE_SCENERY_TWO_LANE, 1, &world, NULL, &error), error);
    bcue_track track = {.model = BCUE_VEHICLE_SEDAN, .id = "taxi 7"};
    bcue_track_state state = {.position = {10, 56.25, 0}};
    CHECK(bcue_traffic_add_track(&traffic, &track) && bcue_traffic_add_state(&traffic, &state));
    CHECK_OK(bcue_traffic_check(&world, &traffic, &error), error);
    state.position.y = 80.0;
    CHECK(bcue_traffic_add_track(&traffic, &track) && bcue_traffic_add_state(&traffic, &state));
    CHECK_STATUS(bcue_traffic_check(&world, &traffic, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "vehicle 2 (taxi 7): at 0.00 s it is off the road, at (10.00, 80.00)");
    bcue_traffic_free(&traffic);
    CHECK_OK(bcue_world_make_plain(50.0, BCUE_MATERIAL_ASPHALT, &empty, &error), error);
    CHECK_STATUS(bcue_traffic_flow(&empty, &config, 1, 0, &none, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "traffic: no lane leads into the world (it has 0 lanes)");
    config.step_s = 0.0;
    CHECK_STATUS(bcue_traffic_flow(&world, &config, 1, 0, &none, &error), BCUE_ERROR_ARGUMENT);
    bcue_world_free(&world);
    bcue_world_free(&empty);
}

int main(void)
{
    RUN(episodes_repeat);
    RUN(episodes_end);
    RUN(bad_traffic);
    RUN(idm_by_hand);
    RUN(mobil_by_hand);
    RUN(nobody_overlaps);
    RUN(lane_changes_in_bends);
    return check_summary();
}

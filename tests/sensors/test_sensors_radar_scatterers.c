/* Scattering centres of a street: where they lie, how they move, how strong a car is. */
#include "base/parallel.h"
#include "check.h"
#include "sensors/radar_scatterers.h"
#include "world/street.h"

enum { MOST = 4000 };
static bcue_radar_scatterer found[MOST], again[MOST];
static const bcue_vec3 still = {0, 0, 0};

typedef struct rig {
    bcue_world world;
    bcue_ray_scene *scene;
    bcue_frame frame;
} rig;

static void set_up(rig *r)
{
    bcue_error error = {0};
    CHECK_OK(bcue_world_make_plain(3000.0, BCUE_MATERIAL_ASPHALT, &r->world, &error), error);
    CHECK_OK(bcue_ray_scene_create(&r->world, &r->scene, &error), error);
    r->frame = bcue_frame_make(bcue_vec3_make(0, 0, 2), 0.5 * BCUE_PI, 0.0);
}

static void tear_down(rig *r)
{
    bcue_ray_scene_destroy(r->scene);
    bcue_world_free(&r->world);
}

static size_t find(const rig *r, const bcue_radar_view *view, bcue_radar_scatterer *out)
{
    bcue_error error = {0};
    size_t count = 0;
    CHECK_OK(bcue_radar_scatterers_find(view, r->scene, &r->frame, still, 4, out, &count, &error), error);
    return count;
}

/* Measured cars at 76-81 GHz have a median cross-section of about 0 to 10 dBsm in front and back view and up
   to 20 to 30 dBsm from the side (e.g. Buddappagari et al. 2019; Belgiovane and Chen 2017): the sums here lie
   in the same decades. */
static void cars_have_a_plausible_cross_section(void)
{
    rig r;
    set_up(&r);
    bcue_error error = {0};
    bcue_radar_view view = bcue_radar_view_default();
    view.horizontal_field_of_view = 0.4;
    view.vertical_field_of_view = 0.25;
    view.most = MOST;
    for (int side = 0; side < 2; side++) {
        bcue_instance car = {.model = BCUE_VEHICLE_SEDAN,
                             .position = {0, 20, 0},
                             .yaw = side ? 0.0 : 0.5 * BCUE_PI,
                             .velocity_mps = {3, 4, 0}};
        CHECK_OK(bcue_ray_scene_place(r.scene, &car, 1, &error), error);
        size_t count = find(&r, &view, found), on_car = 0;
        double sum = 0.0;
        for (size_t i = 0; i < count; i++) {
            if (found[i].instance != 0)
                continue;
            on_car++;
            sum += found[i].rcs_m2;
            /* The radar looks north: forward is north, left is west. */
            CHECK_NEAR(found[i].velocity_mps.x, 4.0, 1e-9);
            CHECK_NEAR(found[i].velocity_mps.y, -3.0, 1e-9);
            CHECK(found[i].position_m.x > 16.0 && found[i].position_m.x < 24.0);
        }
        double dbsm = 10.0 * log10(sum);
        CHECK_AT(on_car > 100 && dbsm > (side ? 5.0 : -5.0) && dbsm < (side ? 30.0 : 20.0),
                 "%zu centres, %.1f dBsm from %s", on_car, dbsm, side ? "the side" : "behind");
    }
    tear_down(&r);
}

static void strongest_come_first_and_threads_change_nothing(void)
{
    rig r;
    set_up(&r);
    bcue_error error = {0};
    bcue_radar_view view = bcue_radar_view_default();
    bcue_instance cars[2] = {{.model = BCUE_VEHICLE_SEDAN, .position = {-5, 18, 0}},
                             {.model = BCUE_VEHICLE_VAN, .position = {7, 26, 0}, .yaw = 0.3}};
    CHECK_OK(bcue_ray_scene_place(r.scene, cars, 2, &error), error);
    int threads = bcue_get_threads();
    bcue_set_threads(1);
    size_t count = find(&r, &view, found);
    bcue_set_threads(2);
    size_t second = find(&r, &view, again);
    bcue_set_threads(threads);
    CHECK_INT(count, view.most);
    CHECK_INT(second, count);
    CHECK(memcmp(found, again, count * sizeof *found) == 0);
    double last = HUGE_VAL;
    for (size_t i = 0; i < count; i++) {
        double range = bcue_vec3_norm(found[i].position_m), strength = found[i].rcs_m2 / pow(range, 4.0);
        CHECK(strength <= last * (1.0 + 1e-12));
        last = strength;
    }
    tear_down(&r);
}

/* The phase of a patch stays when its vehicle moves on. */
static void phases_travel_with_the_vehicle(void)
{
    rig r;
    set_up(&r);
    bcue_error error = {0};
    bcue_radar_view view = bcue_radar_view_default();
    view.horizontal_field_of_view = 0.01;
    view.vertical_field_of_view = 0.002;
    view.columns = view.rows = 1;
    double phases[2];
    for (int k = 0; k < 2; k++) {
        r.frame = bcue_frame_make(bcue_vec3_make(5.0 * k, 0, 0.8), 0.5 * BCUE_PI, 0.0);
        bcue_instance car = {.model = BCUE_VEHICLE_VAN, .position = {5.0 * k, 20, 0}};
        CHECK_OK(bcue_ray_scene_place(r.scene, &car, 1, &error), error);
        CHECK_INT(find(&r, &view, found), 1);
        CHECK(found[0].instance == 0);
        phases[k] = found[0].phase;
    }
    CHECK(phases[0] == phases[1] && phases[0] != 0.0);
    tear_down(&r);
}

static void wrong_settings_are_told(void)
{
    bcue_error error = {0};
    bcue_radar_view view = bcue_radar_view_default();
    CHECK_OK(bcue_radar_view_check(&view, &error), error);
    view.columns = 0;
    CHECK_STATUS(bcue_radar_view_check(&view, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "columns");
    view = bcue_radar_view_default();
    view.carrier_hz = 1e6;
    CHECK_STATUS(bcue_radar_view_check(&view, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "GHz");
}

int main(void)
{
    RUN(cars_have_a_plausible_cross_section);
    RUN(strongest_come_first_and_threads_change_nothing);
    RUN(phases_travel_with_the_vehicle);
    RUN(wrong_settings_are_told);
    return check_summary();
}

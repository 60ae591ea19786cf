/* Radar detections: CARLA's cone and signs, speeds against the definition, rates of what is lost and false.
 */
#include "base/parallel.h"
#include "check.h"
#include "sensors/radar_points.h"

enum { MOST = 20000 };
static bcue_radar_point points[MOST], again[MOST];
static uint32_t instances[MOST], instances_again[MOST];
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
    r->frame = bcue_frame_make(bcue_vec3_make(2, 1, 5), 0.5 * BCUE_PI, 0.0);
}

static void tear_down(rig *r)
{
    bcue_ray_scene_destroy(r->scene);
    bcue_world_free(&r->world);
}

/* Over flat ground a detection at altitude e < 0 is h / sin(-e) away, inside the cone's length. */
static void ground_is_met_inside_the_cone(void)
{
    rig r;
    set_up(&r);
    bcue_radar_points_config config = bcue_radar_points_paper_b();
    config.rays = 10000;
    size_t count;
    bcue_radar_points_scan(&config, r.scene, &r.frame, still, 3, 0, 0, points, instances, &count);
    CHECK_AT(count > 1500 && count < 5000, "%zu detections", count);
    double longest = 0.0;
    for (size_t i = 0; i < count; i++) {
        double a = (double)points[i].azimuth, e = (double)points[i].altitude, d = (double)points[i].depth_m;
        CHECK(points[i].velocity_mps == 0.0f && instances[i] == BCUE_RAY_STATIC);
        CHECK_NEAR(d * sin(-e), 5.0, 5e-3);
        /* Inside the ellipse of the cone, on the plane R ahead. */
        double right = tan(a) / tan(75.0 * BCUE_PI / 180.0);
        double up = tan(e) / cos(a) / tan(15.0 * BCUE_PI / 180.0);
        CHECK(right * right + up * up <= 1.0 + 1e-5);
        CHECK(d * cos(e) * cos(a) <= 50.0 + 1e-2);
        longest = fmax(longest, d);
    }
    CHECK(longest > 60.0 && longest <= 50.0 / cos(75.0 * BCUE_PI / 180.0) + 0.01);
    tear_down(&r);
}

static void signs_and_speeds(void)
{
    rig r;
    set_up(&r);
    bcue_error error = {0};
    bcue_radar_points_config config = bcue_radar_points_paper_b();
    config.rays = 10000;
    /* The radar looks north: the first bus stands to the right (east) and goes away, the second to the left.
     */
    bcue_instance buses[2] = {
        {.model = BCUE_VEHICLE_BUS, .position = {17, 21, 0}, .velocity_mps = {6, 8, 0}},
        {.model = BCUE_VEHICLE_BUS, .position = {-13, 21, 0}, .velocity_mps = {5, 0, 0}}};
    CHECK_OK(bcue_ray_scene_place(r.scene, buses, 2, &error), error);
    const bcue_vec3 moving = {0, 3, 0};
    for (int pass = 0; pass < 2; pass++) {
        size_t count, seen[2] = {0};
        bcue_radar_points_scan(&config, r.scene, &r.frame, pass ? moving : still, 3, 0, 0, points, instances,
                               &count);
        for (size_t i = 0; i < count; i++) {
            double a = (double)points[i].azimuth, e = (double)points[i].altitude;
            bcue_vec3 away = {sin(a) * cos(e), cos(a) * cos(e), sin(e)}; /* east, north, up */
            bcue_vec3 target = instances[i] < 2 ? buses[instances[i]].velocity_mps : still;
            bcue_vec3 relative = bcue_vec3_sub(target, pass ? moving : still);
            CHECK_NEAR(points[i].velocity_mps, bcue_vec3_dot(relative, away), 1e-4);
            if (instances[i] < 2) {
                seen[instances[i]]++;
                CHECK(instances[i] == 0 ? a > 0.0 : a < 0.0);
            }
        }
        CHECK_AT(seen[0] > 20 && seen[1] > 20, "%zu and %zu detections of the buses", seen[0], seen[1]);
    }
    tear_down(&r);
}

static void losses_and_false_points_at_their_rates(void)
{
    rig r;
    set_up(&r);
    bcue_radar_points_config config = bcue_radar_points_paper_b();
    size_t all = 0, left = 0, false_points = 0, count;
    enum { FRAMES = 200 };
    for (uint32_t frame = 0; frame < FRAMES; frame++) {
        config.miss_rate = config.false_points = 0.0;
        bcue_radar_points_scan(&config, r.scene, &r.frame, still, 3, 0, frame, points, instances, &count);
        all += count;
        config.miss_rate = 0.3;
        config.false_points = 12.0;
        CHECK(bcue_radar_points_most(&config) <= MOST);
        bcue_radar_points_scan(&config, r.scene, &r.frame, still, 3, 0, frame, points, instances, &count);
        for (size_t i = 0; i < count; i++) {
            left += instances[i] == BCUE_RAY_STATIC;
            false_points += instances[i] == BCUE_RADAR_FALSE;
        }
    }
    CHECK_NEAR((double)left / (double)all, 0.7, 4.0 * sqrt(0.21 / (double)all));
    CHECK_NEAR((double)false_points / FRAMES, 12.0, 4.0 * sqrt(12.0 / FRAMES));
    tear_down(&r);
}

static void threads_change_nothing(void)
{
    rig r;
    set_up(&r);
    bcue_radar_points_config config = bcue_radar_points_paper_b();
    config.miss_rate = 0.1;
    config.false_points = 3.0;
    config.range_sigma_m = 0.2;
    config.angle_sigma = 0.01;
    config.velocity_sigma_mps = 0.1;
    int threads = bcue_get_threads();
    size_t count, count_again;
    bcue_set_threads(1);
    bcue_radar_points_scan(&config, r.scene, &r.frame, still, 3, 4, 5, points, instances, &count);
    bcue_set_threads(2);
    bcue_radar_points_scan(&config, r.scene, &r.frame, still, 3, 4, 5, again, instances_again, &count_again);
    bcue_set_threads(threads);
    CHECK_INT(count, count_again);
    CHECK(memcmp(points, again, count * sizeof *points) == 0);
    CHECK(memcmp(instances, instances_again, count * sizeof *instances) == 0);
    tear_down(&r);
}

static void wrong_settings_are_told(void)
{
    bcue_error error = {0};
    bcue_radar_points_config config = bcue_radar_points_paper_b();
    CHECK_OK(bcue_radar_points_check(&config, &error), error);
    config.horizontal_field_of_view = 3.2;
    CHECK_STATUS(bcue_radar_points_check(&config, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "fields of view");
    config = bcue_radar_points_paper_b();
    config.miss_rate = 1.5;
    CHECK_STATUS(bcue_radar_points_check(&config, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "miss rate");
}

int main(void)
{
    RUN(ground_is_met_inside_the_cone);
    RUN(signs_and_speeds);
    RUN(losses_and_false_points_at_their_rates);
    RUN(threads_change_nothing);
    RUN(wrong_settings_are_told);
    return check_summary();
}

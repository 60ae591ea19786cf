/* The LiDAR against closed forms: ranges to a plane, a vehicle inside its box, echoes and losses at their
 * rates. */
#include <stdlib.h>
#include "base/parallel.h"
#include "check.h"
#include "sensors/lidar.h"

enum { MOST = 32 * 2344 };
#define DEGREE (BCUE_PI / 180.0)

static bcue_lidar_point points[MOST], again[MOST];
static const bcue_lidar_air clear = {0, 0};

typedef struct rig {
    bcue_world world;
    bcue_ray_scene *scene;
    bcue_frame frame;
} rig;

static void set_up(rig *r, double height)
{
    bcue_error error = {0};
    CHECK_OK(bcue_world_make_plain(3000.0, BCUE_MATERIAL_ASPHALT, &r->world, &error), error);
    CHECK_OK(bcue_ray_scene_create(&r->world, &r->scene, &error), error);
    r->frame = bcue_frame_make(bcue_vec3_make(3, -7, height), 0.7, 0.0);
}

static void tear_down(rig *r)
{
    bcue_ray_scene_destroy(r->scene);
    bcue_world_free(&r->world);
}

static size_t sweep(const rig *r, const bcue_lidar_config *config, const bcue_lidar_air *air,
                    bcue_lidar_point *out)
{
    size_t count;
    bcue_lidar_scan(config, r->scene, &r->frame, air, 7, 1, 2, 0, config->columns, out, &count);
    return count;
}

/* Every channel that looks down by e meets the ground at h / sin e, when that is in range; no other returns.
 */
static void ground_lies_where_the_angles_say(void)
{
    rig r;
    set_up(&r, 5.0);
    bcue_lidar_config config = bcue_lidar_paper_b();
    size_t count = sweep(&r, &config, &clear, points), expected = 0;
    for (int channel = 0; channel < config.channels; channel++) {
        double elevation =
            config.top_elevation + channel / 31.0 * (config.low_elevation - config.top_elevation);
        expected += elevation < 0.0 && 5.0 / sin(-elevation) <= 250.0 ? (size_t)config.columns : 0;
    }
    CHECK_INT(count, expected);
    CHECK(expected > 30000);
    for (size_t i = 0; i < count; i++) {
        const bcue_lidar_point *p = &points[i];
        CHECK_NEAR(p->z, -5.0, 2e-3);
        double elevation =
            config.top_elevation + p->channel / 31.0 * (config.low_elevation - config.top_elevation);
        double range =
            sqrt((double)p->x * (double)p->x + (double)p->y * (double)p->y + (double)p->z * (double)p->z);
        CHECK_NEAR(range * sin(-elevation), 5.0, 2e-3);
        double turned = 2.0 * BCUE_PI * (p->column + 0.5) / config.columns;
        double azimuth = atan2((double)p->y, (double)p->x);
        CHECK_NEAR(cos(azimuth - (BCUE_PI - turned)), 1.0, 1e-6); /* clockwise, from behind */
        CHECK(p->instance == BCUE_RAY_STATIC);
    }
    tear_down(&r);
}

static void vehicle_returns_lie_in_its_box(void)
{
    rig r;
    set_up(&r, 5.0);
    bcue_error error = {0};
    bcue_lidar_config config = bcue_lidar_os1_32();
    config.range_sigma_m = config.drop_rate = 0.0;
    bcue_instance car = {
        .model = BCUE_VEHICLE_SEDAN, .position = {15, 3, 0}, .yaw = 0.4, .paint = {0.6f, 0.6f, 0.6f}};
    CHECK_OK(bcue_ray_scene_place(r.scene, &car, 1, &error), error);
    const bcue_vehicle_model *model = &r.world.models[BCUE_VEHICLE_SEDAN];
    bcue_vec3 low = {9, 9, 9}, high = {-9, -9, -9}; /* of everything drawn, mirrors included */
    for (size_t v = 0; v < model->mesh.vertex_count; v++) {
        bcue_vec3 at = model->mesh.vertices[v];
        low = bcue_vec3_make(fmin(low.x, at.x), fmin(low.y, at.y), fmin(low.z, at.z));
        high = bcue_vec3_make(fmax(high.x, at.x), fmax(high.y, at.y), fmax(high.z, at.z));
    }
    size_t count = sweep(&r, &config, &clear, points), on_car = 0, shadowed = 0;
    for (size_t i = 0; i < count; i++) {
        bcue_vec3 local = {(double)points[i].x, (double)points[i].y, (double)points[i].z};
        bcue_vec3 p =
            bcue_vec3_sub(bcue_vec3_add(r.frame.origin, bcue_frame_world(&r.frame, local)), car.position);
        double ahead = cos(car.yaw) * p.x + sin(car.yaw) * p.y,
               left = cos(car.yaw) * p.y - sin(car.yaw) * p.x;
        bool inside = ahead > low.x - 0.02 && ahead < high.x + 0.02 && left > low.y - 0.02 &&
                      left < high.y + 0.02 && p.z > low.z - 0.02 && p.z < high.z + 0.02;
        if (points[i].instance == 0) {
            on_car++;
            CHECK(inside);
            CHECK(points[i].intensity > 0.0f && points[i].intensity <= 1.0f);
        } else {
            /* The LiDAR looks down on the car: the ground under its middle cannot be seen. */
            shadowed += fabs(ahead) < 0.3 * model->length_m && fabs(left) < 0.3 * model->width_m;
        }
    }
    CHECK_AT(on_car > 100, "%zu points on the car", on_car);
    CHECK_INT(shadowed, 0);
    tear_down(&r);
}

static void sectors_and_threads_change_nothing(void)
{
    rig r;
    set_up(&r, 3.0);
    bcue_lidar_config config = bcue_lidar_os1_32();
    const bcue_lidar_air fog = {0.02, 0.02};
    int threads = bcue_get_threads();
    bcue_set_threads(1);
    size_t count = sweep(&r, &config, &fog, points), joined = 0, part;
    bcue_set_threads(2);
    for (int first = 0; first < config.columns; first += 100) {
        int last = first + 100 < config.columns ? first + 100 : config.columns;
        bcue_lidar_scan(&config, r.scene, &r.frame, &fog, 7, 1, 2, first, last, again + joined, &part);
        joined += part;
    }
    bcue_set_threads(threads);
    CHECK_INT(joined, count);
    CHECK(memcmp(points, again, count * sizeof *points) == 0);
    tear_down(&r);
}

/* Echoes: P = 1 - exp(-(s / 2)(T(near) - T(reach))), T(r) = exp(-2 alpha r), and closer than the ground. */
static void fog_echoes_come_at_their_rate(void)
{
    rig r;
    set_up(&r, 8.0);
    bcue_lidar_config config = bcue_lidar_paper_b();
    config.channels = 1;
    config.top_elevation = config.low_elevation = -20.0 * DEGREE;
    config.columns = 16384;
    const bcue_lidar_air fog = {0.05, 0.5};
    size_t count = sweep(&r, &config, &fog, points), echoes = 0;
    double reach = 8.0 / sin(20.0 * DEGREE);
    for (size_t i = 0; i < count; i++) {
        if (points[i].instance != BCUE_LIDAR_ECHO)
            continue;
        echoes++;
        double range = -(double)points[i].z / sin(20.0 * DEGREE);
        CHECK(range > 0.499 && range < reach);
    }
    double rate = 1.0 - exp(-0.25 * (exp(-0.1 * 0.5) - exp(-0.1 * reach)));
    CHECK_NEAR((double)echoes / 16384.0, rate, 4.0 * sqrt(rate * (1.0 - rate) / 16384.0));
    tear_down(&r);
}

static void noise_and_losses_are_as_told(void)
{
    rig r;
    set_up(&r, 5.0);
    bcue_lidar_config config = bcue_lidar_paper_b();
    config.channels = 1;
    config.top_elevation = config.low_elevation = -30.0 * DEGREE;
    config.columns = 16384;
    config.drop_rate = 0.25;
    config.range_sigma_m = 0.1;
    size_t count = sweep(&r, &config, &clear, points);
    CHECK_NEAR((double)count / 16384.0, 0.75, 4.0 * sqrt(0.75 * 0.25 / 16384.0));
    double sum = 0.0, squares = 0.0;
    for (size_t i = 0; i < count; i++) {
        double e = -(double)points[i].z / 0.5 - 10.0;
        sum += e;
        squares += e * e;
    }
    CHECK_NEAR(sum / (double)count, 0.0, 0.005);
    CHECK_NEAR(sqrt(squares / (double)count), 0.1, 0.003);
    tear_down(&r);
}

/* A weak surface is seen up to where its return falls below that of 10 % at the reach. */
static void weak_returns_end_at_their_reach(void)
{
    rig r;
    set_up(&r, 20.0);
    bcue_lidar_config config = bcue_lidar_paper_b();
    config.channels = 256;
    config.top_elevation = -6.0 * DEGREE;
    config.low_elevation = -40.0 * DEGREE;
    config.columns = 16;
    config.reach_10_percent_m = 60.0;
    const bcue_material *asphalt = bcue_world_material(&r.world, BCUE_MATERIAL_ASPHALT);
    double albedo = (double)(asphalt->albedo[0] + asphalt->albedo[1] + asphalt->albedo[2]) / 3.0;
    size_t count = sweep(&r, &config, &clear, points);
    double furthest = 0.0;
    for (size_t i = 0; i < count; i++)
        furthest = fmax(furthest, -20.0 *
                                      sqrt((double)(points[i].x * points[i].x + points[i].y * points[i].y +
                                                    points[i].z * points[i].z)) /
                                      (double)points[i].z);
    /* albedo x (h / r) = 0.1 (r / 60)^2 */
    double expected = cbrt(albedo * 20.0 * 60.0 * 60.0 / 0.1);
    CHECK_NEAR(furthest, expected, 0.03 * expected);
    tear_down(&r);
}

static void wrong_settings_are_told(void)
{
    bcue_error error = {0};
    bcue_lidar_config config = bcue_lidar_paper_b();
    CHECK_OK(bcue_lidar_check(&config, &error), error);
    config.channels = 0;
    CHECK_STATUS(bcue_lidar_check(&config, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "channels");
    config = bcue_lidar_os1_32();
    config.max_range_m = 0.1;
    CHECK_STATUS(bcue_lidar_check(&config, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "ranges");
    config = bcue_lidar_os1_32();
    config.drop_rate = NAN;
    CHECK_STATUS(bcue_lidar_check(&config, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "drop rate");
    config = bcue_lidar_os1_32();
    config.top_elevation = -1.0;
    CHECK_STATUS(bcue_lidar_check(&config, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "lowest");
}

int main(void)
{
    RUN(ground_lies_where_the_angles_say);
    RUN(vehicle_returns_lie_in_its_box);
    RUN(sectors_and_threads_change_nothing);
    RUN(fog_echoes_come_at_their_rate);
    RUN(noise_and_losses_are_as_told);
    RUN(weak_returns_end_at_their_reach);
    RUN(wrong_settings_are_told);
    return check_summary();
}

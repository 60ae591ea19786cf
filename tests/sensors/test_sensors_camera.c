/* The camera: geometry by hand, what it sees, and that its pictures depend on nothing but the scene. */
#include <stdlib.h>
#include "base/parallel.h"
#include "check.h"
#include "sensors/rgb_camera.h"
#include "world/scenery.h"

enum { WIDTH = 160, HEIGHT = 90, BYTES = WIDTH * HEIGHT * 3 };

static const bcue_street_config street = {140, 3.5, 12, 3, 1.5, 8, 20, 11};
static const bcue_camera_config config = {
    .width = WIDTH, .height = HEIGHT, .field_of_view = 100.0 * BCUE_PI / 180.0};
static const bcue_daylight noon = {.sun = {0.0, -0.6, 0.8}, .exposure = 0.75, .cloudiness = 0.4};

typedef struct rig {
    bcue_world world;
    bcue_ray_scene *scene;
    bcue_camera *camera;
    bcue_frame frame;
} rig;

static void set_up(rig *r)
{
    bcue_error error = {0};
    CHECK_OK(bcue_world_make_street(&street, 1, &r->world, &error), error);
    CHECK_OK(bcue_ray_scene_create(&r->world, &r->scene, &error), error);
    CHECK_OK(bcue_camera_create(&config, r->scene, &r->camera, &error), error);
    r->frame = bcue_frame_make(bcue_vec3_make(0, 0, 5), 0.5 * BCUE_PI, -4.0 * BCUE_PI / 180.0);
}

static void tear_down(rig *r)
{
    bcue_camera_destroy(r->camera);
    bcue_ray_scene_destroy(r->scene);
    bcue_world_free(&r->world);
}

static void projection_by_hand(void)
{
    bcue_camera_config square = {.width = 200, .height = 100, .field_of_view = 0.5 * BCUE_PI};
    bcue_frame north = bcue_frame_make(bcue_vec3_make(1, 2, 3), 0.5 * BCUE_PI, 0.0);
    double column, row;
    CHECK(bcue_camera_project(&square, &north, bcue_vec3_make(1, 12, 3), &column, &row));
    CHECK_NEAR(column, 100.0, 1e-9);
    CHECK_NEAR(row, 50.0, 1e-9);
    /* 10 m ahead, 5 m to the right (east), 2 m up; the focal length is 100 pixels. */
    CHECK(bcue_camera_project(&square, &north, bcue_vec3_make(6, 12, 5), &column, &row));
    CHECK_NEAR(column, 150.0, 1e-9);
    CHECK_NEAR(row, 30.0, 1e-9);
    CHECK(!bcue_camera_project(&square, &north, bcue_vec3_make(1, 1, 3), &column, &row));
}

/* The instance map shows the vehicle where the projection puts it, all along the beams' field of view. */
static void vehicles_are_where_they_belong(void)
{
    rig r;
    set_up(&r);
    static uint8_t rgb[BYTES];
    bcue_error error = {0};
    for (int c = 0; c < BCUE_VEHICLE_CLASS_COUNT; c++)
        for (double azimuth = -44.0; azimuth <= 44.0; azimuth += 22.0) {
            bcue_instance car = {.model = (bcue_vehicle_class)c, .paint = {0.5f, 0.1f, 0.1f}};
            car.position = bcue_vec3_make(-14.0 * tan(azimuth * BCUE_PI / 180.0), 14.0, 0.0);
            CHECK_OK(bcue_ray_scene_place(r.scene, &car, 1, &error), error);
            bcue_camera_render(r.camera, &r.frame, &noon, rgb);
            bcue_vec3 body =
                bcue_vec3_add(car.position, bcue_vec3_make(0, 0, 0.6 * r.world.models[c].height_m - 0.2));
            double column, row;
            CHECK(bcue_camera_project(&config, &r.frame, body, &column, &row));
            CHECK(column > 0 && column < WIDTH && row > 0 && row < HEIGHT);
            /* Riders are thinner than a pixel here and there: one pixel off will do. */
            bool found = false;
            for (int dy = -1; dy <= 1; dy++)
                for (int dx = -1; dx <= 1; dx++)
                    found = found || bcue_camera_instance_map(
                                         r.camera)[((int)row + dy) * WIDTH + (int)column + dx] == 0;
            CHECK_AT(found, "a %s at %g degrees is not at (%g, %g)",
                     bcue_vehicle_class_name((bcue_vehicle_class)c), azimuth, column, row);
        }
    tear_down(&r);
}

static void picture_has_contrast(void)
{
    rig r;
    set_up(&r);
    static uint8_t rgb[BYTES];
    bcue_camera_render(r.camera, &r.frame, &noon, rgb);
    double sum = 0.0, squares = 0.0;
    for (int i = 0; i < BYTES; i++) {
        sum += rgb[i];
        squares += (double)rgb[i] * rgb[i];
    }
    double mean = sum / BYTES, deviation = sqrt(squares / BYTES - mean * mean);
    CHECK_AT(mean > 60.0 && mean < 200.0, "the mean level is %g", mean);
    CHECK_AT(deviation > 25.0, "the standard deviation is %g", deviation);
    /* Sky at the top is bluer than the road below. */
    const uint8_t *road = rgb + 3 * (HEIGHT * 62 / 100 * WIDTH + WIDTH / 2);
    CHECK(bcue_camera_instance_map(r.camera)[WIDTH * (HEIGHT - 1)] == BCUE_RAY_STATIC);
    CHECK(abs(road[0] - road[2]) < 40);
    tear_down(&r);
}

/* A picture does not depend on threads, on what was rendered before, or on rendering only what changed. */
static void pictures_repeat(void)
{
    rig r;
    set_up(&r);
    static uint8_t first[BYTES], again[BYTES], all[BYTES];
    bcue_error error = {0};
    bcue_traffic_config rush = {30, 4, 12, 3, {13.75, 17.25}, {3, 4, 3, 1, 1, 1, 1}};
    bcue_instance placed[200];
    const bcue_daylight evening = {.sun = {0.7, -0.66, 0.27}, .exposure = 0.9, .cloudiness = 0.2};
    for (uint32_t episode = 0; episode < 6; episode++) {
        bcue_traffic traffic;
        CHECK_OK(bcue_traffic_make(&r.world, &rush, 4, episode, &traffic, &error), error);
        size_t count;
        bcue_traffic_at(&r.world, &traffic, 0.4 * traffic.duration_s, placed, &count, NULL);
        CHECK_OK(bcue_ray_scene_place(r.scene, placed, count, &error), error);
        const bcue_daylight *light = episode % 2 ? &evening : &noon;
        bcue_set_threads(1);
        bcue_camera_render(r.camera, &r.frame, light, first);
        bcue_set_threads(3);
        bcue_camera_render_all(r.camera, &r.frame, light, all);
        bcue_camera_render(r.camera, &r.frame, light, again);
        CHECK(memcmp(first, again, BYTES) == 0);
        CHECK(memcmp(first, all, BYTES) == 0);
        bcue_traffic_free(&traffic);
    }
    bcue_set_threads(0);
    tear_down(&r);
}

static void nonsense_is_refused(void)
{
    rig r;
    set_up(&r);
    bcue_error error;
    bcue_camera *camera = NULL;
    bcue_camera_config flat = {.width = 0, .height = 10, .field_of_view = 1.0},
                       wide = {.width = 10, .height = 10, .field_of_view = 4.0};
    CHECK_STATUS(bcue_camera_create(&flat, r.scene, &camera, &error), BCUE_ERROR_ARGUMENT);
    CHECK_STATUS(bcue_camera_create(&wide, r.scene, &camera, &error), BCUE_ERROR_ARGUMENT);
    bcue_camera_destroy(NULL);
    tear_down(&r);
}

/* Six metres before a traffic light: its green lens shines while its programme says green, the red one while
   it says red, and rendering only what changed shows the same. */
static void lenses_shine_as_the_programme_says(void)
{
    static uint8_t rgb[BYTES], all[BYTES];
    static const bcue_signal_state states[2] = {BCUE_SIGNAL_GREEN, BCUE_SIGNAL_RED};
    bcue_error error = {0};
    rig r;
    bcue_site site;
    CHECK_OK(bcue_scenery_make_preset(BCUE_SCENERY_TWO_LANE, 1, &r.world, &site, &error), error);
    CHECK_OK(bcue_ray_scene_create(&r.world, &r.scene, &error), error);
    bcue_camera_config narrow = config;
    narrow.field_of_view = 0.5;
    CHECK_OK(bcue_camera_create(&narrow, r.scene, &r.camera, &error), error);
    CHECK(r.world.roads.signal_count > 0);
    const bcue_signal *signal = &r.world.roads.signals[0];
    r.frame = bcue_frame_make(
        bcue_vec3_add(signal->position, bcue_vec3_make(6.0 * cos(signal->yaw), 6.0 * sin(signal->yaw), 0)),
        signal->yaw + BCUE_PI, 0.0);
    for (int s = 0; s < 2; s++) {
        double time_s = 0.0;
        while (bcue_signal_at(signal, time_s) != states[s])
            time_s += 0.5;
        bcue_camera_set_time(r.camera, time_s);
        bcue_camera_render(r.camera, &r.frame, &noon, rgb);
        bcue_camera_render_all(r.camera, &r.frame, &noon, all);
        CHECK(memcmp(rgb, all, BYTES) == 0);
        int green = 0, red = 0;
        /* The middle of the picture: the head is 1 m high and 0.36 m wide. */
        for (int y = HEIGHT / 2 - 40; y < HEIGHT / 2 + 40; y++)
            for (int x = WIDTH / 2 - 12; x < WIDTH / 2 + 12; x++) {
                const uint8_t *p = rgb + 3 * (y * WIDTH + x);
                green += p[1] > 130 && p[1] > p[0] + 60;
                red += p[0] > 130 && p[0] > p[1] + 60;
            }
        CHECK_AT(s == 0 ? green > 8 && red == 0 : red > 8 && green == 0, "state %d: %d green, %d red", s,
                 green, red);
    }
    tear_down(&r);
}

int main(void)
{
    RUN(lenses_shine_as_the_programme_says);
    RUN(projection_by_hand);
    RUN(vehicles_are_where_they_belong);
    RUN(picture_has_contrast);
    RUN(pictures_repeat);
    RUN(nonsense_is_refused);
    return check_summary();
}

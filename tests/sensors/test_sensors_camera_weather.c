/* The camera in the dark and in weather: light of lamps in closed form, shadows, fog, depth, lens, noise,
 * blur. */
#include <stdlib.h>
#include "base/parallel.h"
#include "check.h"
#include "sensors/rgb_lamps.h"
#include "sensors/rgb_lens.h"
#include "world/street.h"
#include "world/traffic.h"

enum { WIDTH = 160, HEIGHT = 90, PIXELS = WIDTH * HEIGHT, BYTES = PIXELS * 3 };
static uint8_t picture[BYTES], other[BYTES];

static const bcue_camera_config plain = {
    .width = WIDTH, .height = HEIGHT, .field_of_view = 100.0 * BCUE_PI / 180.0};
static const bcue_daylight noon = {.sun = {0.0, -0.6, 0.8}, .exposure = 0.75, .cloudiness = 0.4};
static const bcue_daylight night = {.sun = {0, 0, -1}, .exposure = 1.0, .darkness = 1.0};

typedef struct rig {
    bcue_world world;
    bcue_ray_scene *scene;
    bcue_camera *camera;
    bcue_frame frame;
} rig;

static void set_up(rig *r, const bcue_camera_config *config, bool street)
{
    static const bcue_street_config houses = {140, 3.5, 12, 3, 1.5, 8, 20, 11};
    bcue_error error = {0};
    if (street)
        CHECK_OK(bcue_world_make_street(&houses, 1, &r->world, &error), error);
    else
        CHECK_OK(bcue_world_make_plain(3000.0, BCUE_MATERIAL_PLAZA, &r->world, &error), error);
    CHECK_OK(bcue_ray_scene_create(&r->world, &r->scene, &error), error);
    CHECK_OK(bcue_camera_create(config, r->scene, &r->camera, &error), error);
    r->frame = bcue_frame_make(bcue_vec3_make(0, 0, 5), 0.5 * BCUE_PI, -4.0 * BCUE_PI / 180.0);
}

static void tear_down(rig *r)
{
    bcue_camera_destroy(r->camera);
    bcue_ray_scene_destroy(r->scene);
    bcue_world_free(&r->world);
}

static double mean_level(const uint8_t *rgb, int top, int bottom)
{
    double sum = 0.0;
    for (size_t i = 3u * WIDTH * (size_t)top; i < 3u * WIDTH * (size_t)bottom; i++)
        sum += rgb[i];
    return sum / (3.0 * WIDTH * (bottom - top));
}

static void place(rig *r, const bcue_instance *vehicles, size_t count)
{
    bcue_error error = {0};
    CHECK_OK(bcue_ray_scene_place(r->scene, vehicles, count, &error), error);
}

/* Irradiance I cos / d^2 under a lamp; nothing outside its cone, behind a bus, or on the far side. */
static void lamp_light_in_closed_form(void)
{
    rig r;
    set_up(&r, &plain, false);
    bcue_lamp_source lamp = {.position = {0, 20, 6},
                             .direction = {0, 0, -1},
                             .half_angle = 1.0,
                             .intensity = 9.0,
                             .colour = {1, 0.5f, 0.25f}};
    bcue_daylight light = night;
    light.lamps = &lamp;
    light.lamp_count = 1;
    bcue_lamp_list list = {0};
    bcue_lamp_list_fill(&list, &light, r.scene);
    CHECK_INT(list.count, 1);
    bcue_shading_point points[BCUE_RAY_LANES] = {
        {.position = {0, 20, 0}, .normal = {0, 0, 1}, .view = {0, 0.7071f, -0.7071f}},
        {.position = {2, 20, 0}, .normal = {0, 0, 1}, .view = {0, 0.7071f, -0.7071f}},
        {.position = {30, 20, 0}, .normal = {0, 0, 1}, .view = {0, 0.7071f, -0.7071f}},
        {.position = {0, 20, 0}, .normal = {0, 0, -1}, .view = {0, 0.7071f, -0.7071f}}};
    bool hit[BCUE_RAY_LANES] = {true, true, true, true};
    bcue_lamps_light(&list, r.scene, BCUE_RAY_ALL, points, hit, 4);
    CHECK_NEAR(points[0].lamps.r, 9.0 / 36.0, 1e-3);
    CHECK_NEAR(points[0].lamps.g, 4.5 / 36.0, 1e-3);
    CHECK_NEAR(points[0].lamps.b, 2.25 / 36.0, 1e-3);
    CHECK_NEAR(points[1].lamps.r, 9.0 / 40.0 * 6.0 / sqrt(40.0), 1e-3);
    CHECK(points[2].lamps.r == 0.0f && points[3].lamps.r == 0.0f);
    bcue_instance bus = {.model = BCUE_VEHICLE_BUS, .position = {0, 20, 0}};
    place(&r, &bus, 1);
    bcue_shading_point under[BCUE_RAY_LANES] = {
        {.position = {0, 20, 0.01f}, .normal = {0, 0, 1}, .view = {0, 1, 0}}};
    bcue_lamps_light(&list, r.scene, BCUE_RAY_ALL, under, hit, 1);
    CHECK(under[0].lamps.r == 0.0f);
    bcue_lamps_light(&list, r.scene, BCUE_RAY_STREET_ONLY, under, hit, 1);
    CHECK(under[0].lamps.r > 0.2f);
    bcue_lamp_list_free(&list);
    tear_down(&r);
}

static void night_is_dark_and_lamps_light_it(void)
{
    rig r;
    set_up(&r, &plain, true);
    bcue_camera_render(r.camera, &r.frame, &noon, picture);
    double day = mean_level(picture, 0, HEIGHT);
    bcue_camera_render(r.camera, &r.frame, &night, picture);
    double dark = mean_level(picture, 60, HEIGHT);
    CHECK_AT(mean_level(picture, 0, HEIGHT) < 0.4 * day, "night %g against day %g",
             mean_level(picture, 0, HEIGHT), day);
    bcue_lamp_source lamp = {.position = {0, 14, 6},
                             .direction = {0, 0, -1},
                             .half_angle = 1.3,
                             .intensity = 14.0,
                             .colour = {1, 0.9f, 0.8f}};
    bcue_daylight lit = night;
    lit.lamps = &lamp;
    lit.lamp_count = 1;
    bcue_camera_render(r.camera, &r.frame, &lit, picture);
    CHECK_AT(mean_level(picture, 60, HEIGHT) > 1.5 * dark, "%g lit, %g dark", mean_level(picture, 60, HEIGHT),
             dark);
    /* By day again: nothing of the night is left in the buffers. */
    bcue_camera_render(r.camera, &r.frame, &noon, picture);
    bcue_camera_render_all(r.camera, &r.frame, &noon, other);
    CHECK(memcmp(picture, other, BYTES) == 0);
    CHECK_NEAR(mean_level(picture, 0, HEIGHT), day, 1e-9);
    tear_down(&r);
}

static void headlights_light_the_road_ahead(void)
{
    rig r;
    set_up(&r, &plain, true);
    bcue_instance car = {
        .model = BCUE_VEHICLE_SEDAN, .position = {-12, 13.75, 0}, .paint = {0.3f, 0.3f, 0.3f}};
    place(&r, &car, 1);
    bcue_camera_render(r.camera, &r.frame, &night, picture);
    bcue_daylight on = night;
    on.headlights = 1.0;
    bcue_camera_render(r.camera, &r.frame, &on, other);
    double ahead = 0.0, behind = 0.0, column, row;
    for (double x = 3.0; x < 12.0; x += 0.5) {
        CHECK(bcue_camera_project(&plain, &r.frame, bcue_vec3_make(-12.0 + x, 13.75, 0), &column, &row));
        size_t at = 3 * ((size_t)row * WIDTH + (size_t)column);
        ahead += other[at] - picture[at];
        CHECK(bcue_camera_project(&plain, &r.frame, bcue_vec3_make(-14.0 - x, 13.75, 0), &column, &row));
        at = 3 * ((size_t)row * WIDTH + (size_t)column);
        behind += other[at] - picture[at];
    }
    CHECK_AT(ahead > 600.0 && behind < 0.2 * ahead, "%g ahead, %g behind", ahead, behind);
    tear_down(&r);
}

/* In thick fog all that is far has one colour, and near things keep theirs. */
static void fog_hides_what_is_far(void)
{
    rig r;
    set_up(&r, &plain, true);
    bcue_daylight fog = noon;
    fog.extinction_per_m = 0.2;
    bcue_camera_render(r.camera, &r.frame, &fog, picture);
    int least = 255, most = 0;
    for (size_t i = 0; i < 3u * WIDTH * 30u; i += 3) {
        least = picture[i] < least ? picture[i] : least;
        most = picture[i] > most ? picture[i] : most;
    }
    CHECK_AT(most - least <= 5, "far levels from %d to %d", least, most);
    fog.extinction_per_m = 0.05;
    bcue_camera_render(r.camera, &r.frame, &fog, picture);
    /* The strip of grass at the camera's feet is still green. */
    const uint8_t *near = picture + 3 * ((size_t)(HEIGHT - 3) * WIDTH + WIDTH / 2);
    CHECK_AT(near[1] > near[2] + 9, "near the camera: %d %d %d", near[0], near[1], near[2]);
    tear_down(&r);
}

static void depth_and_classes(void)
{
    static float depth[PIXELS];
    static uint8_t classes[PIXELS];
    rig r;
    set_up(&r, &plain, false);
    bcue_instance bus = {.model = BCUE_VEHICLE_BUS, .position = {4, 25, 0}, .paint = {0.5f, 0.5f, 0.5f}};
    place(&r, &bus, 1);
    bcue_camera_render(r.camera, &r.frame, &noon, picture);
    bcue_camera_depth_map(r.camera, depth);
    bcue_camera_class_map(r.camera, classes);
    double focal = 0.5 * WIDTH / tan(50.0 * BCUE_PI / 180.0);
    size_t vehicle = 0, ground = 0, pixels;
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            size_t i = (size_t)y * WIDTH + (size_t)x;
            vehicle += classes[i] == BCUE_CLASS_VEHICLE;
            if (classes[i] == BCUE_CLASS_SKY)
                CHECK(isinf(depth[i]));
            if (classes[i] != BCUE_CLASS_GROUND)
                continue;
            ground++;
            bcue_vec3 local = {1.0, (0.5 * WIDTH - x - 0.5) / focal, (0.5 * HEIGHT - y - 0.5) / focal};
            bcue_vec3 d = bcue_vec3_unit(bcue_frame_world(&r.frame, local));
            CHECK_NEAR(depth[i], -5.0 / d.z, 1e-3 * (5.0 / -d.z));
        }
    CHECK(ground > PIXELS / 3);
    int left, top, right, bottom;
    CHECK(bcue_camera_visible_box(r.camera, 0, &left, &top, &right, &bottom, &pixels));
    CHECK_INT(pixels, vehicle);
    CHECK(left < right && top < bottom &&
          classes[(size_t)((top + bottom) / 2) * WIDTH + (size_t)((left + right) / 2)] == BCUE_CLASS_VEHICLE);
    CHECK(!bcue_camera_visible_box(r.camera, 7, &left, &top, &right, &bottom, &pixels));
    tear_down(&r);
}

static void lens_bends_and_straightens(void)
{
    const double barrel[2] = {0.12, 0.03}, none[2] = {0, 0};
    for (double r = 0.0; r < 1.3; r += 0.05) {
        CHECK_NEAR(bcue_lens_bend(barrel, bcue_lens_straighten(barrel, r)), r, 1e-10);
        CHECK_NEAR(bcue_lens_bend(none, r), r, 0.0);
    }
    /* A post is drawn where the projection through the same lens puts it. */
    bcue_camera_config config = plain;
    config.distortion[0] = 0.25;
    rig r;
    set_up(&r, &config, false);
    for (double x = -20.0; x <= 20.0; x += 10.0) {
        bcue_instance bus = {.model = BCUE_VEHICLE_BUS, .position = {x, 20, 0}};
        place(&r, &bus, 1);
        bcue_camera_render(r.camera, &r.frame, &noon, picture);
        double column, row;
        CHECK(bcue_camera_project(&config, &r.frame, bcue_vec3_make(x, 20, 1.5), &column, &row));
        CHECK(bcue_camera_instance_map(r.camera)[(size_t)row * WIDTH + (size_t)column] == 0);
    }
    tear_down(&r);
}

static void noise_is_as_large_as_told_and_repeats(void)
{
    bcue_camera_config config = plain;
    config.noise = 0.02;
    rig clean, noisy;
    set_up(&clean, &plain, false);
    set_up(&noisy, &config, false);
    bcue_camera_render(clean.camera, &clean.frame, &noon, other);
    bcue_camera_set_key(noisy.camera, 5, 1, 9);
    bcue_camera_render(noisy.camera, &noisy.frame, &noon, picture);
    double sum = 0.0, squares = 0.0;
    size_t count = 0;
    for (size_t i = 0; i < BYTES; i++)
        if (other[i] > 128 && other[i] < 230) {
            double e = (double)picture[i] - (double)other[i];
            sum += e;
            squares += e * e;
            count++;
        }
    CHECK(count > 5000);
    CHECK_NEAR(sum / (double)count, 0.0, 0.2);
    CHECK_NEAR(sqrt(squares / (double)count), 0.02 * 255.0, 0.25);
    memcpy(other, picture, BYTES);
    bcue_camera_render(noisy.camera, &noisy.frame, &noon, picture);
    CHECK(memcmp(picture, other, BYTES) == 0);
    bcue_camera_set_key(noisy.camera, 5, 1, 10);
    bcue_camera_render(noisy.camera, &noisy.frame, &noon, picture);
    CHECK(memcmp(picture, other, BYTES) != 0);
    tear_down(&clean);
    tear_down(&noisy);
}

/* A moving bus smears along its way; one that stands does not. */
static void motion_smears(void)
{
    bcue_camera_config config = plain;
    config.exposure_s = 0.25;
    rig r;
    set_up(&r, &config, false);
    bcue_instance bus = {.model = BCUE_VEHICLE_BUS, .position = {0, 20, 0}, .paint = {0.9f, 0.1f, 0.1f}};
    place(&r, &bus, 1);
    bcue_camera_render(r.camera, &r.frame, &noon, other);
    int left, top, right, bottom;
    size_t pixels;
    CHECK(bcue_camera_visible_box(r.camera, 0, &left, &top, &right, &bottom, &pixels));
    bus.velocity_mps = bcue_vec3_make(16, 0, 0);
    place(&r, &bus, 1);
    bcue_camera_render(r.camera, &r.frame, &noon, picture);
    int changed_left = 0, changed_right = 0, row = (top + bottom) / 2;
    for (int x = 0; x < WIDTH; x++) {
        size_t i = 3 * ((size_t)row * WIDTH + (size_t)x);
        bool changed = memcmp(picture + i, other + i, 3) != 0;
        changed_left += changed && x < left;
        changed_right += changed && x > right;
    }
    double x0, x1, y;
    CHECK(bcue_camera_project(&config, &r.frame, bcue_vec3_make(0, 20, 0.7), &x0, &y));
    CHECK(bcue_camera_project(&config, &r.frame, bcue_vec3_make(4, 20, 0.7), &x1, &y));
    double half = 0.5 * (x1 - x0);
    CHECK_AT(fabs(changed_left - half) <= 2.0 && fabs(changed_right - half) <= 2.0,
             "%d pixels left and %d right of the bus changed, expected %g", changed_left, changed_right,
             half);
    tear_down(&r);
}

static void weather_and_lamps_do_not_depend_on_threads(void)
{
    bcue_camera_config config = plain;
    config.noise = 0.02;
    config.exposure_s = 0.02;
    rig r;
    set_up(&r, &config, true);
    bcue_instance cars[2] = {
        {.model = BCUE_VEHICLE_SEDAN, .position = {-12, 13.75, 0}, .velocity_mps = {9, 0, 0}},
        {.model = BCUE_VEHICLE_VAN, .position = {9, 17.25, 0}, .yaw = BCUE_PI}};
    place(&r, cars, 2);
    bcue_daylight wet = night;
    wet.headlights = 1.0;
    wet.rain = 0.7;
    wet.wetness = 1.0;
    wet.extinction_per_m = 0.01;
    int threads = bcue_get_threads();
    bcue_set_threads(1);
    bcue_camera_render(r.camera, &r.frame, &wet, picture);
    bcue_set_threads(2);
    bcue_camera_render(r.camera, &r.frame, &wet, other);
    bcue_set_threads(threads);
    CHECK(memcmp(picture, other, BYTES) == 0);
    tear_down(&r);
}

/* Rendering what vehicles and their lamps change is the same as rendering everything: in rain with
   headlights, through a bent lens, with vehicles beside and behind the camera. */
static void changes_are_all_that_changes(void)
{
    static const bcue_traffic_config rush = {30, 4, 12, 3, {13.75, 17.25}, {3, 4, 3, 1, 1, 1, 1}};
    const bcue_daylight rain = {.sun = {0.3, -0.5, 0.81},
                                .exposure = 0.7,
                                .cloudiness = 1.0,
                                .rain = 0.4,
                                .wetness = 1.0,
                                .extinction_per_m = 0.004,
                                .headlights = 1.0};
    bcue_daylight dusk = rain;
    dusk.darkness = 0.4;
    bcue_error error = {0};
    bcue_instance placed[200];
    for (int k = 0; k < 2; k++) {
        bcue_camera_config bent = plain;
        bent.distortion[0] = k == 0 ? 0.12 : -0.05;
        bent.noise = 0.01;
        rig r;
        set_up(&r, &bent, true);
        /* Over the middle of the road, along it. */
        r.frame = bcue_frame_make(bcue_vec3_make(-5, 15.5, 4.5), 0.1, -0.2);
        for (uint32_t episode = 0; episode < 4; episode++) {
            bcue_traffic traffic;
            size_t count;
            CHECK_OK(bcue_traffic_make(&r.world, &rush, 4, episode, &traffic, &error), error);
            bcue_traffic_at(&r.world, &traffic, 0.4 * traffic.duration_s, placed, &count, NULL);
            place(&r, placed, count);
            const bcue_daylight *light = episode < 2 ? &rain : &dusk;
            bcue_camera_render(r.camera, &r.frame, light, picture);
            bcue_camera_render_all(r.camera, &r.frame, light, other);
            CHECK_AT(memcmp(picture, other, BYTES) == 0, "lens %d, episode %u", k, episode);
            bcue_traffic_free(&traffic);
        }
        tear_down(&r);
    }
}

/* However many lamps there are, the strongest on a point light it: a row of eighty cars does not take the
   light of the street lamp, which the list names first, nor that of the last car. */
static void no_lamp_is_forgotten(void)
{
    rig r;
    set_up(&r, &plain, false);
    static bcue_instance cars[80];
    for (int i = 0; i < 80; i++)
        cars[i] = (bcue_instance){.model = BCUE_VEHICLE_SEDAN, .position = {-6.0 * (79 - i), 20, 0}};
    place(&r, cars, 80);
    bcue_daylight light = night;
    light.headlights = 1.0;
    bcue_lamp_list list = {0};
    bcue_lamp_list_fill(&list, &light, r.scene);
    CHECK_INT(list.count, 320);
    const bool hit[BCUE_RAY_LANES] = {true};
    bcue_shading_point ahead[BCUE_RAY_LANES] = {
        {.position = {12, 20, 0}, .normal = {0, 0, 1}, .view = {0, 0.7071f, -0.7071f}}};
    bcue_lamps_light(&list, r.scene, BCUE_RAY_ALL, ahead, hit, 1);
    CHECK_AT(ahead[0].lamps.r > 0.01f, "%g", (double)ahead[0].lamps.r);
    bcue_lamp_list_free(&list);
    tear_down(&r);
}

int main(void)
{
    RUN(changes_are_all_that_changes);
    RUN(no_lamp_is_forgotten);
    RUN(lamp_light_in_closed_form);
    RUN(night_is_dark_and_lamps_light_it);
    RUN(headlights_light_the_road_ahead);
    RUN(fog_hides_what_is_far);
    RUN(depth_and_classes);
    RUN(lens_bends_and_straightens);
    RUN(noise_is_as_large_as_told_and_repeats);
    RUN(motion_smears);
    RUN(weather_and_lamps_do_not_depend_on_threads);
    return check_summary();
}

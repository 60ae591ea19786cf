/* Pictures of the generated streets: each preset seen from its RSU and from above. Given a folder it writes
   them there as PNG, to look at; as a test it checks that the radar sees traffic. */
#include <stdio.h>
#include <stdlib.h>
#include "base/file.h"
#include "base/text.h"
#include "check.h"
#include "formats/image.h"
#include "sensors/radar_points.h"
#include "sensors/rgb_camera.h"
#include "sensors/rgb_weather.h"
#include "world/scenery.h"
#include "world/traffic_flow.h"

static const char *folder;
static int scale = 4; /* of 960 x 540 */

static void save(const char *name, uint8_t *rgb, int width, int height)
{
    if (!folder)
        return;
    bcue_error error = {0};
    bcue_image image = {.width = width, .height = height, .channels = 3, .pixels = rgb};
    bcue_bytes bytes = {0};
    CHECK_OK(bcue_png_encode(&image, &bytes, &error), error);
    bcue_text path = {0};
    bcue_text_printf(&path, "%s/%s.png", folder, name);
    CHECK_OK(bcue_file_write(path.data, bytes.data, bytes.size, &error), error);
    bcue_text_free(&path);
    bcue_bytes_free(&bytes);
}

static void render(const bcue_ray_scene *scene, bcue_vec3 from, double yaw, double pitch, double fov_deg,
                   bcue_condition condition, const char *name)
{
    bcue_error error = {0};
    const bcue_world *world = bcue_ray_scene_world(scene);
    int width = 960 / scale, height = 540 / scale;
    bcue_camera_config config = {
        .width = width, .height = height, .field_of_view = fov_deg * BCUE_PI / 180.0};
    bcue_camera *camera;
    CHECK_OK(bcue_camera_create(&config, scene, &camera, &error), error);
    uint8_t *rgb = calloc((size_t)width * (size_t)height, 3);
    bcue_frame frame = bcue_frame_make(from, yaw, pitch);
    bcue_weather weather;
    CHECK_OK(bcue_weather_condition(condition, 37.2, -80.4, &weather, &error), error);
    bcue_lamp_source *lamps = calloc(world->lamp_count + 1, sizeof *lamps);
    bcue_daylight light = bcue_daylight_of(&weather, world, lamps);
    bcue_camera_render(camera, &frame, &light, rgb);
    save(name, rgb, width, height);
    free(lamps);
    free(rgb);
    bcue_camera_destroy(camera);
}

static void render_all(const bcue_ray_scene *scene, const bcue_site *site, const char *preset, int seed)
{
    char name[80];
    for (int c = 0; c < (folder ? BCUE_CONDITION_COUNT : 1); c++) {
        snprintf(name, sizeof name, "%s-%d-rsu-%s", preset, seed, bcue_condition_name((bcue_condition)c));
        render(scene, site->position, site->yaw, site->camera_pitch, 110.0, (bcue_condition)c, name);
    }
    snprintf(name, sizeof name, "%s-%d-above", preset, seed);
    bcue_vec3 high = {site->position.x + 1.0, site->position.y, 150.0};
    render(scene, high, site->yaw, -0.4999 * BCUE_PI, 90.0, BCUE_CONDITION_NOON, name);
    snprintf(name, sizeof name, "%s-%d-oblique", preset, seed);
    bcue_vec3 back = {site->position.x - 70.0 * cos(site->yaw + 0.6),
                      site->position.y - 70.0 * sin(site->yaw + 0.6), 62.0};
    render(scene, back, site->yaw + 0.6, -0.5, 80.0, BCUE_CONDITION_NOON, name);
}

/* In most frames paper B's radar has a return from a vehicle of the traffic. */
static void check_radar(bcue_ray_scene *scene, const bcue_traffic *traffic, const bcue_site *site,
                        bcue_instance *placed, uint32_t *ids, const char *preset)
{
    enum { FRAMES = 20 };
    bcue_error error = {0};
    bcue_radar_points_config config = bcue_radar_points_paper_b();
    size_t most = bcue_radar_points_most(&config), count, seen = 0;
    bcue_radar_point *points = calloc(most, sizeof *points);
    uint32_t *instances = calloc(most, sizeof *instances);
    bcue_frame frame = bcue_frame_make(site->radar_position, site->yaw, site->radar_pitch);
    for (uint32_t k = 0; k < FRAMES; k++) {
        size_t n;
        bcue_traffic_at(bcue_ray_scene_world(scene), traffic, (double)k, placed, &n, ids);
        CHECK_OK(bcue_ray_scene_place(scene, placed, n, &error), error);
        bcue_radar_points_scan(&config, scene, &frame, bcue_vec3_make(0, 0, 0), 1, 0, k, points, instances,
                               &count);
        bool vehicle = false;
        for (size_t i = 0; i < count; i++)
            vehicle = vehicle || (instances[i] < n && ids[instances[i]] != BCUE_NO_TRACK &&
                                  placed[instances[i]].model != BCUE_VEHICLE_PEDESTRIAN);
        seen += vehicle;
    }
    printf("%s: radar returns from vehicles in %zu of %d frames\n", preset, seen, (int)FRAMES);
    CHECK_AT(seen > FRAMES / 2, "%s: radar returns from vehicles in %zu of %d frames", preset, seen,
             (int)FRAMES);
    free(points);
    free(instances);
}

static void picture(bcue_scenery_preset preset, uint64_t seed)
{
    bcue_error error = {0};
    bcue_world world;
    bcue_site site;
    bcue_flow_config flow;
    bcue_traffic traffic;
    const char *name = bcue_scenery_preset_name(preset);
    CHECK_OK(bcue_scenery_make_preset(preset, seed, &world, &site, &error), error);
    CHECK_OK(bcue_flow_defaults(&flow, &error), error);
    CHECK_OK(bcue_traffic_flow(&world, &flow, seed, 0, &traffic, &error), error);
    bcue_ray_scene *scene;
    CHECK_OK(bcue_ray_scene_create(&world, &scene, &error), error);
    size_t room = bcue_traffic_capacity(&world, &traffic), count;
    bcue_instance *placed = calloc(room + 1, sizeof *placed);
    uint32_t *ids = calloc(room + 1, sizeof *ids);
    bcue_traffic_at(&world, &traffic, 8.0, placed, &count, ids);
    CHECK_OK(bcue_ray_scene_place(scene, placed, count, &error), error);
    printf(
        "%s seed %d: %zu triangles, %zu solid; %zu surfaces, %zu wedges; %zu objects, %zu lanes, %zu parked, "
        "%zu lamps, %zu placed\n",
        name, (int)seed, world.statics.triangle_count, world.solid_count, world.radio.surface_count,
        world.radio.wedge_count, world.object_count, world.roads.lane_count, world.parked_count,
        world.lamp_count, count);
    render_all(scene, &site, name, (int)seed);
    check_radar(scene, &traffic, &site, placed, ids, name);
    free(placed);
    free(ids);
    bcue_traffic_free(&traffic);
    bcue_ray_scene_destroy(scene);
    bcue_world_free(&world);
}

static void presets(void)
{
    picture(BCUE_SCENERY_TWO_LANE, 1);
    picture(BCUE_SCENERY_THREE_LANE, 1);
    for (uint64_t seed = 1; seed <= (folder ? 4 : 1); seed++)
        picture(BCUE_SCENERY_GENERATED, seed);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        folder = argv[1];
        scale = 1;
    }
    RUN(presets);
    return check_summary();
}

/* Pictures of the generated streets: each preset seen from its RSU and from above. Given a folder it writes
   them there as PNG, to look at; as a test it checks that the RSU sees road and sky where it should. */
#include <stdio.h>
#include <stdlib.h>
#include "base/file.h"
#include "base/text.h"
#include "check.h"
#include "formats/image.h"
#include "sensors/rgb_camera.h"
#include "world/scenery.h"

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
                   const char *name)
{
    bcue_error error = {0};
    int width = 960 / scale, height = 540 / scale;
    bcue_camera_config config = {
        .width = width, .height = height, .field_of_view = fov_deg * BCUE_PI / 180.0};
    bcue_camera *camera;
    CHECK_OK(bcue_camera_create(&config, scene, &camera, &error), error);
    uint8_t *rgb = calloc((size_t)width * (size_t)height, 3);
    bcue_frame frame = bcue_frame_make(from, yaw, pitch);
    const bcue_daylight noon = {.sun = {-0.35, -0.45, 0.82}, .exposure = 0.75, .cloudiness = 0.4};
    bcue_camera_render(camera, &frame, &noon, rgb);
    save(name, rgb, width, height);
    free(rgb);
    bcue_camera_destroy(camera);
}

static void picture(bcue_scenery_preset preset, uint64_t seed)
{
    bcue_error error = {0};
    bcue_world world;
    bcue_site site;
    CHECK_OK(bcue_scenery_make_preset(preset, seed, &world, &site, &error), error);
    bcue_ray_scene *scene;
    CHECK_OK(bcue_ray_scene_create(&world, &scene, &error), error);
    printf("%s seed %d: %zu triangles, %zu solid; %zu surfaces, %zu wedges, %zu dropped; %zu objects, %zu "
           "lanes, %zu parked, %zu lamps\n",
           bcue_scenery_preset_name(preset), (int)seed, world.statics.triangle_count, world.solid_count,
           world.radio.surface_count, world.radio.wedge_count, world.radio.dropped, world.object_count,
           world.roads.lane_count, world.parked_count, world.lamp_count);
    bcue_instance *placed = calloc(world.parked_count + 1, sizeof *placed);
    bcue_traffic none = {0};
    size_t count;
    bcue_traffic_at(&world, &none, 0.0, placed, &count, NULL);
    CHECK_OK(bcue_ray_scene_place(scene, placed, count, &error), error);
    char name[64];
    snprintf(name, sizeof name, "%s-%d-rsu", bcue_scenery_preset_name(preset), (int)seed);
    render(scene, site.position, site.yaw, site.camera_pitch, 110.0, name);
    snprintf(name, sizeof name, "%s-%d-above", bcue_scenery_preset_name(preset), (int)seed);
    bcue_vec3 high = {site.position.x + 1.0, site.position.y, 190.0};
    render(scene, high, site.yaw, -0.4999 * BCUE_PI, 90.0, name);
    snprintf(name, sizeof name, "%s-%d-oblique", bcue_scenery_preset_name(preset), (int)seed);
    bcue_vec3 back = {site.position.x - 90.0 * cos(site.yaw + 0.6),
                      site.position.y - 90.0 * sin(site.yaw + 0.6), 75.0};
    render(scene, back, site.yaw + 0.6, -0.5, 80.0, name);
    free(placed);
    bcue_ray_scene_destroy(scene);
    bcue_world_free(&world);
}

static void presets(void)
{
    picture(BCUE_SCENERY_TWO_LANE, 1);
    picture(BCUE_SCENERY_THREE_LANE, 1);
    for (uint64_t seed = 1; seed <= (folder ? 6 : 2); seed++)
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

/* The camera of paper B (960 x 540, 110 degrees) in its 2-lane scene with its traffic: what one picture takes
   at noon, at night, in rain and in fog, stage by stage, rendered with every pixel anew, and as a simulation
   does (what did not change is kept). Usage: bench_camera [THREADS] [ROUNDS] [FOLDER]: with a folder the last
   pictures are written there to look at. Milliseconds of processor time are of all threads together: a busy
   machine does not falsify them; stages are in wall time, which it does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "formats/image.h"
#include "sensors/rgb_weather.h"
#include "world/scenery.h"
#include "world/traffic_flow.h"

enum { WIDTH = 960, HEIGHT = 540, JPEG_QUALITY = 90 };

static uint8_t pixels[WIDTH * HEIGHT * 3];

typedef struct bench {
    bcue_world world;
    bcue_site site;
    bcue_traffic traffic;
    bcue_ray_scene *scene;
    bcue_camera *camera;
    bcue_frame frame;
    bcue_instance *placed;
    bcue_lamp_source *lamps;
    int rounds;
    const char *folder;
} bench;

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bcue_status set_up(bench *b, bcue_error *error)
{
    bcue_flow_config flow;
    const bcue_camera_config config = {
        .width = WIDTH, .height = HEIGHT, .field_of_view = 110.0 * BCUE_PI / 180.0};
    BCUE_TRY(bcue_scenery_make_preset(BCUE_SCENERY_TWO_LANE, 1, &b->world, &b->site, error));
    BCUE_TRY(bcue_flow_defaults(&flow, error));
    BCUE_TRY(bcue_traffic_flow(&b->world, &flow, 1, 0, &b->traffic, error));
    BCUE_TRY(bcue_ray_scene_create(&b->world, &b->scene, error));
    BCUE_TRY(bcue_camera_create(&config, b->scene, &b->camera, error));
    b->frame = bcue_frame_make(b->site.position, b->site.yaw, b->site.camera_pitch);
    b->placed = bcue_calloc(bcue_traffic_capacity(&b->world, &b->traffic), sizeof *b->placed);
    b->lamps = bcue_calloc(b->world.lamp_count + 1, sizeof *b->lamps);
    return b->placed && b->lamps ? BCUE_OK : BCUE_ERROR_MEMORY;
}

static void write_picture(const bench *b, const char *name, const bcue_image *image)
{
    char path[512];
    bcue_error error = {""};
    bcue_bytes bytes = {0};
    if (!b->folder)
        return;
    snprintf(path, sizeof path, "%s/2-lane_%s.png", b->folder, name);
    if (bcue_png_encode(image, &bytes, &error) != BCUE_OK ||
        bcue_file_write(path, bytes.data, bytes.size, &error) != BCUE_OK)
        fprintf(stderr, "%s\n", error.text);
    bcue_bytes_free(&bytes);
}

static void measure(bench *b, bcue_condition condition, bool anew)
{
    bcue_weather weather;
    bcue_error error = {""};
    const bcue_image image = {.width = WIDTH, .height = HEIGHT, .channels = 3, .pixels = pixels};
    double *ms = bcue_calloc((size_t)b->rounds, sizeof *ms),
           *wall = bcue_calloc((size_t)b->rounds, sizeof *wall);
    double jpeg_ms = 0.0;
    size_t count = 0;
    if (!ms || !wall || bcue_weather_condition(condition, 33.4, -111.9, &weather, &error) != BCUE_OK)
        return;
    const bcue_daylight light = bcue_daylight_of(&weather, &b->world, b->lamps);
    for (int i = -2; i < b->rounds; i++) {
        bcue_traffic_at(&b->world, &b->traffic, 0.1 * (i + 2), b->placed, &count, NULL);
        if (bcue_ray_scene_place(b->scene, b->placed, count, &error) != BCUE_OK)
            return;
        if (i == 0)
            bcue_camera_measure(b->camera, true);
        bcue_camera_set_key(b->camera, 1, 0, (uint32_t)(i + 2));
        double started = bcue_clock_s(), cpu = cpu_ms();
        (anew ? bcue_camera_render_all : bcue_camera_render)(b->camera, &b->frame, &light, pixels);
        if (i >= 0) {
            ms[i] = cpu_ms() - cpu;
            wall[i] = 1e3 * (bcue_clock_s() - started);
        }
        bcue_bytes bytes = {0};
        cpu = cpu_ms();
        if (bcue_jpeg_encode(&image, JPEG_QUALITY, &bytes, &error) == BCUE_OK && i >= 0)
            jpeg_ms += (cpu_ms() - cpu) / b->rounds;
        bcue_bytes_free(&bytes);
    }
    const bcue_camera_times *t = bcue_camera_measured(b->camera);
    double per = 1e3 / b->rounds;
    qsort(ms, (size_t)b->rounds, sizeof *ms, by_value);
    qsort(wall, (size_t)b->rounds, sizeof *wall, by_value);
    printf("%-5s %-10s %4zu vehicles: %6.1f ms, of processor %6.1f (medians of %d; least %.1f); JPEG %.1f\n",
           bcue_condition_name(condition), anew ? "all anew" : "changes", count, wall[b->rounds / 2],
           ms[b->rounds / 2], b->rounds, ms[0], jpeg_ms);
    printf("      wall: centres %.1f, edges %.1f, keep %.1f, post %.1f;  of all threads: rays %.1f, points "
           "%.1f, sun %.1f, lamps "
           "%.1f, shading %.1f\n",
           per * t->centres_s, per * t->edges_s, per * t->keep_s, per * t->post_s, per * t->rays_s,
           per * t->points_s, per * t->sun_s, per * t->lamps_s, per * t->shading_s);
    bcue_camera_measure(b->camera, false);
    if (!anew)
        write_picture(b, bcue_condition_name(condition), &image);
    free(ms);
    free(wall);
}

int main(int argc, char **argv)
{
    bench b = {.rounds = argc > 2 ? atoi(argv[2]) : 10, .folder = argc > 3 ? argv[3] : NULL};
    const char *only = argc > 4 ? argv[4] : NULL;
    bcue_error error = {""};
    bcue_set_threads(argc > 1 ? atoi(argv[1]) : 0);
    if (b.rounds < 1 || set_up(&b, &error) != BCUE_OK) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    printf("%d threads, %zu triangles, %zu street lamps\n", bcue_get_threads(),
           b.world.statics.triangle_count, b.world.lamp_count);
    for (int anew = 1; anew >= 0; anew--)
        for (int c = 0; c < BCUE_CONDITION_COUNT; c++)
            if (!only || strcmp(only, bcue_condition_name((bcue_condition)c)) == 0)
                measure(&b, (bcue_condition)c, anew == 1);
    bcue_camera_destroy(b.camera);
    bcue_ray_scene_destroy(b.scene);
    bcue_traffic_free(&b.traffic);
    bcue_world_free(&b.world);
    free(b.placed);
    free(b.lamps);
    return 0;
}

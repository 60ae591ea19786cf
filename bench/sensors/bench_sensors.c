/* Frames per second of the camera (960 x 540, 110 degrees) at noon, at night, in rain, fog and snow, sweeps
   per second of the LiDAR and frames per second of the radar's detections, on a street with traffic. Usage:
   bench_sensors [THREADS] [ROUNDS] [FOLDER]: with a folder, the pictures are written there to look at. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "formats/image.h"
#include "sensors/lidar.h"
#include "sensors/radar_points.h"
#include "sensors/rgb_camera.h"
#include "world/street.h"

enum { WIDTH = 960, HEIGHT = 540, VEHICLES = 12, LAMPS = 16 };

static uint8_t pixels[WIDTH * HEIGHT * 3];
static bcue_lamp_source lamps[LAMPS];

typedef struct bench {
    bcue_world world;
    bcue_ray_scene *scene;
    bcue_camera *camera;
    bcue_frame frame;
    bcue_instance vehicles[VEHICLES];
    int rounds;
    const char *folder;
} bench;

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of all threads: what a busy machine cannot falsify. */
static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void place(bench *b, double time_s)
{
    bcue_error error = {""};
    for (int i = 0; i < VEHICLES; i++) {
        bool east = i % 2 == 0;
        double speed = 8.0 + 0.4 * i, x = -66.0 + 11.5 * i + (east ? speed : -speed) * time_s;
        b->vehicles[i] =
            (bcue_instance){.model = (uint32_t)(i % BCUE_VEHICLE_CLASS_COUNT),
                            .position = {x, east ? 13.75 : 17.25, 0.0},
                            .yaw = east ? 0.0 : BCUE_PI,
                            .velocity_mps = {east ? speed : -speed, 0, 0},
                            .paint = {0.15f + 0.07f * (float)(i % 9), 0.2f, 0.65f - 0.05f * (float)i}};
    }
    if (bcue_ray_scene_place(b->scene, b->vehicles, VEHICLES, &error) != BCUE_OK)
        fprintf(stderr, "%s\n", error.text);
}

static void write_picture(const bench *b, const char *name)
{
    char path[512];
    bcue_error error = {""};
    bcue_bytes bytes = {0};
    const bcue_image image = {.width = WIDTH, .height = HEIGHT, .channels = 3, .pixels = pixels};
    snprintf(path, sizeof path, "%s/%s.png", b->folder, name);
    if (bcue_png_encode(&image, &bytes, &error) != BCUE_OK ||
        bcue_file_write(path, bytes.data, bytes.size, &error) != BCUE_OK)
        fprintf(stderr, "%s\n", error.text);
    bcue_bytes_free(&bytes);
}

static void measure_camera(bench *b, const char *name, const bcue_daylight *light)
{
    double *seconds = bcue_calloc((size_t)b->rounds, sizeof *seconds), cpu = cpu_seconds();
    for (int i = -1; seconds && i < b->rounds; i++) {
        place(b, 0.1 * i);
        bcue_camera_set_key(b->camera, 1, 0, (uint32_t)(i + 1));
        double started = bcue_clock_s();
        bcue_camera_render_all(b->camera, &b->frame, light, pixels);
        if (i >= 0)
            seconds[i] = bcue_clock_s() - started;
    }
    if (seconds) {
        qsort(seconds, (size_t)b->rounds, sizeof *seconds, by_value);
        printf("camera %-8s every pixel      %6.1f frames/s (median of %d), %.3f s of processor a frame\n",
               name, 1.0 / seconds[b->rounds / 2], b->rounds, (cpu_seconds() - cpu) / (b->rounds + 1));
    }
    if (b->folder)
        write_picture(b, name);
    free(seconds);
}

static void measure_lidar(bench *b, const char *name, bcue_lidar_config config, double extinction)
{
    size_t most = (size_t)config.channels * (size_t)config.columns, count = 0;
    bcue_lidar_point *points = bcue_calloc(most, sizeof *points);
    double *seconds = bcue_calloc((size_t)b->rounds, sizeof *seconds);
    const bcue_lidar_air air = {extinction, 0.03};
    for (int i = 0; points && seconds && i < b->rounds; i++) {
        place(b, 0.1 * i);
        double started = bcue_clock_s();
        bcue_lidar_scan(&config, b->scene, &b->frame, &air, 1, 0, (uint32_t)i, 0, config.columns, points,
                        &count);
        seconds[i] = bcue_clock_s() - started;
    }
    if (points && seconds) {
        qsort(seconds, (size_t)b->rounds, sizeof *seconds, by_value);
        printf("LiDAR  %-8s %6zu returns   %6.1f sweeps/s\n", name, count, 1.0 / seconds[b->rounds / 2]);
    }
    free(points);
    free(seconds);
}

static void measure_radar(bench *b)
{
    bcue_radar_points_config config = bcue_radar_points_paper_b();
    static bcue_radar_point points[4096];
    static uint32_t instances[4096];
    size_t count = 0;
    double started = bcue_clock_s();
    for (int i = 0; i < 50; i++)
        bcue_radar_points_scan(&config, b->scene, &b->frame, (bcue_vec3){0, 0, 0}, 1, 0, (uint32_t)i, points,
                               instances, &count);
    printf("radar  detections %5zu points    %6.1f frames/s\n", count, 50.0 / (bcue_clock_s() - started));
}

static bcue_status set_up(bench *b, bcue_error *error)
{
    static const bcue_street_config street = {140, 3.5, 12, 3, 1.5, 8, 20, 11};
    const bcue_camera_config config = {.width = WIDTH,
                                       .height = HEIGHT,
                                       .field_of_view = 110.0 * BCUE_PI / 180.0,
                                       .exposure_s = 0.02,
                                       .noise = 0.012};
    bcue_status status = bcue_world_make_street(&street, 1, &b->world, error);
    if (status == BCUE_OK)
        status = bcue_ray_scene_create(&b->world, &b->scene, error);
    if (status == BCUE_OK)
        status = bcue_camera_create(&config, b->scene, &b->camera, error);
    b->frame = bcue_frame_make(bcue_vec3_make(0, 0, 5), 0.5 * BCUE_PI, -6.0 * BCUE_PI / 180.0);
    for (int i = 0; i < LAMPS; i++)
        lamps[i] =
            (bcue_lamp_source){.position = {-63.0 + 27.0 * (i / 2) - 27.0 * 2, i % 2 ? 18.2 : 9.5, 6.45},
                               .direction = {0, 0, -1},
                               .half_angle = 1.35,
                               .intensity = 14.0,
                               .colour = {1.0f, 0.80f, 0.52f}};
    return status;
}

int main(int argc, char **argv)
{
    bench b = {.rounds = argc > 2 ? atoi(argv[2]) : 10, .folder = argc > 3 ? argv[3] : NULL};
    bcue_error error = {""};
    bcue_set_threads(argc > 1 ? atoi(argv[1]) : 0);
    if (set_up(&b, &error) != BCUE_OK || b.rounds < 1) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    const bcue_vec3 high = {0.3, -0.5, 0.81};
    const bcue_daylight noon = {.sun = high, .exposure = 0.75, .cloudiness = 0.35};
    const bcue_daylight night = {.sun = {0, 0, -1},
                                 .exposure = 1.0,
                                 .cloudiness = 0.3,
                                 .darkness = 1.0,
                                 .headlights = 1.0,
                                 .lamps = lamps,
                                 .lamp_count = LAMPS};
    const bcue_daylight rain = {.sun = high,
                                .exposure = 0.7,
                                .cloudiness = 1.0,
                                .rain = 0.8,
                                .wetness = 1.0,
                                .extinction_per_m = 0.004,
                                .headlights = 1.0};
    const bcue_daylight fog = {
        .sun = high, .exposure = 0.75, .cloudiness = 1.0, .extinction_per_m = 0.049, .headlights = 1.0};
    const bcue_daylight snow = {.sun = high,
                                .exposure = 0.75,
                                .cloudiness = 1.0,
                                .snow = 0.7,
                                .snow_cover = 0.9,
                                .extinction_per_m = 0.006,
                                .headlights = 1.0};
    printf("%d threads\n", bcue_get_threads());
    measure_camera(&b, "noon", &noon);
    measure_camera(&b, "night", &night);
    measure_camera(&b, "rain", &rain);
    measure_camera(&b, "fog", &fog);
    measure_camera(&b, "snow", &snow);
    measure_lidar(&b, "paper B", bcue_lidar_paper_b(), 0.0);
    measure_lidar(&b, "OS1-32", bcue_lidar_os1_32(), 0.0);
    measure_lidar(&b, "in fog", bcue_lidar_os1_32(), 0.049);
    measure_radar(&b);
    bcue_camera_destroy(b.camera);
    bcue_ray_scene_destroy(b.scene);
    bcue_world_free(&b.world);
    return 0;
}

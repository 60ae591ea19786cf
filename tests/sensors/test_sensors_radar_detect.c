/* FMCW cubes to points: targets of the simulator's cube within one bin, several at once in noise, noise
   alone, the real cube where it is there, and what is refused. */
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/rng.h"
#include "features/point_sampling.h"
#include "features/radar_detect.h"
#include "sensors/radar_fmcw.h"

static const double c_mps = 299792458.0;

static bcue_radar_recipe recipe_of(const bcue_fmcw_config *config)
{
    return (bcue_radar_recipe){.enabled = true,
                               .kind = BCUE_RADAR_HPS,
                               .height = 256,
                               .width = 256,
                               .carrier_hz = config->carrier_hz,
                               .slope_hz_per_s = config->slope_hz_per_s,
                               .sample_rate_hz = config->sample_rate_hz,
                               .chirp_period_s = config->idle_s + config->ramp_s,
                               .antenna_spacing = 0.5,
                               .points = 64,
                               .points_range_m = 100,
                               .points_azimuth_deg = 75,
                               .points_velocity_mps = 40,
                               .points_altitude_deg = 15,
                               .points_height_m = 5};
}

typedef struct target {
    double range_m, azimuth, velocity_mps, amplitude; /* azimuth: positive to the right */
} target;

/* The detections of a cube with these targets. The caller frees them. */
static size_t detect(const bcue_fmcw_config *config, const target *targets, size_t count, uint32_t frame,
                     float **points)
{
    bcue_fmcw_scatterer scatterers[8];
    const bcue_fmcw_key key = {7, 0, frame};
    const bcue_radar_recipe recipe = recipe_of(config);
    bcue_error error;
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        const bcue_vec3 away = {cos(targets[i].azimuth), -sin(targets[i].azimuth), 0};
        scatterers[i] = (bcue_fmcw_scatterer){
            .position_m = {targets[i].range_m * away.x, targets[i].range_m * away.y, 0},
            .velocity_mps = {targets[i].velocity_mps * away.x, targets[i].velocity_mps * away.y, 0},
            .amplitude = targets[i].amplitude};
    }
    bcue_npy cube = {.type = BCUE_NPY_C64,
                     .rank = 3,
                     .shape = {config->antennas, config->samples, config->chirps},
                     .count = config->antennas * config->samples * config->chirps};
    cube.data = bcue_calloc(cube.count, 2 * sizeof(float));
    CHECK_OK(bcue_fmcw_synthesise(config, scatterers, count, &key, cube.data, &error), error);
    CHECK_OK(bcue_radar_detect(&recipe, &cube, "cube", points, &found, &error), error);
    free(cube.data);
    return found;
}

/* Is there a detection within one bin of range and velocity and of the angle that so many antennas part? */
static void check_found(const bcue_fmcw_config *config, const target *t, const float *points, size_t count)
{
    const double frame_s = (double)config->chirps * (config->idle_s + config->ramp_s);
    const double swept_hz = config->slope_hz_per_s * (double)config->samples / config->sample_rate_hz;
    const double bin_m = c_mps / (2 * swept_hz), bin_mps = c_mps / config->carrier_hz / (2 * frame_s);
    double nearest = HUGE_VAL, sine = 0, velocity_mps = 0, range_m = 0;
    for (size_t i = 0; i < count; i++) {
        const double away = fabs((double)points[4 * i + 3] - t->range_m) / bin_m +
                            fabs((double)points[4 * i] - t->velocity_mps) / bin_mps;
        if (away < nearest) {
            nearest = away;
            velocity_mps = (double)points[4 * i];
            sine = sin((double)points[4 * i + 1]);
            range_m = (double)points[4 * i + 3];
        }
        CHECK(points[4 * i + 2] == 0);
    }
    CHECK_NEAR(range_m, t->range_m + t->velocity_mps * frame_s / 2, bin_m);
    CHECK_NEAR(velocity_mps, t->velocity_mps, bin_mps);
    CHECK_NEAR(sine, sin(t->azimuth), 2.0 / 256);
}

static void test_one_target(void)
{
    bcue_fmcw_config configs[] = {bcue_fmcw_scenario31(), bcue_fmcw_scenario9()};
    static const target targets[] = {
        {30, -0.35, -6, 1}, {75, 0.7, 12, 1}, {12.3, 0, 1.1, 1}, {20, 0.3, 0, 1}};
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 4; k++) {
            float *points;
            configs[i].noise_power = 0.01;
            if (i == 1 && targets[k].range_m > 40)
                continue; /* beyond that radar */
            const size_t count = detect(&configs[i], &targets[k], 1, 0, &points);
            CHECK_AT(count >= 1 && count <= 4, "chirp %d, target %d: %zu detections", i, k, count);
            check_found(&configs[i], &targets[k], points, count);
            free(points);
        }
}

/* Three in noise, 20 dB apart; nothing of all that is far from them. */
static void test_several(void)
{
    static const target targets[] = {{15, -0.6, 4, 1}, {32, 0.4, -8, 0.3}, {58, 0.05, 0, 0.1}};
    bcue_fmcw_config config = bcue_fmcw_scenario31();
    float *points;
    config.noise_power = 0.1;
    const size_t count = detect(&config, targets, 3, 1, &points);
    for (int k = 0; k < 3; k++)
        check_found(&config, &targets[k], points, count);
    CHECK_AT(count <= 12, "%zu detections", count);
    free(points);
}

static void test_noise_alone(void)
{
    bcue_fmcw_config config = bcue_fmcw_scenario31();
    size_t count = 0;
    config.noise_power = 2;
    for (uint32_t frame = 0; frame < 5; frame++) {
        float *points;
        count += detect(&config, NULL, 0, frame, &points);
        free(points);
    }
    CHECK_AT(count <= 6, "%zu detections in 5 x 65,536 cells of noise", count); /* 0.3 expected */
}

/* Its moving target is found at the same place when the cube is mirrored: antennas in the other order. */
static void test_real_cube(void)
{
    const char *path = BCUE_SOURCE_DIR "/../shared/realdata/radar/openradar_tx1_cube_4x128x128_c64.npy";
    struct stat there;
    if (stat(path, &there) != 0)
        SKIP("no real radar cube beside the project");
    const bcue_fmcw_config chirp = bcue_fmcw_scenario31();
    const bcue_radar_recipe recipe = recipe_of(&chirp);
    bcue_error error;
    bcue_npy cube;
    float *points, *mirrored;
    size_t count, again;
    CHECK_OK(bcue_npy_read(path, &cube, &error), error);
    CHECK_OK(bcue_radar_detect(&recipe, &cube, "real", &points, &count, &error), error);
    CHECK_AT(count > 0 && count < 2000, "%zu detections", count);
    float *values = cube.data;
    const size_t plane = 2 * cube.shape[1] * cube.shape[2];
    for (size_t a = 0; a < cube.shape[0] / 2; a++)
        for (size_t i = 0; i < plane; i++) {
            const size_t b = (cube.shape[0] - 1 - a) * plane + i;
            const float kept = values[a * plane + i];
            values[a * plane + i] = values[b];
            values[b] = kept;
        }
    CHECK_OK(bcue_radar_detect(&recipe, &cube, "real", &mirrored, &again, &error), error);
    CHECK(again + 3 >= count && again <= count + 3); /* sums of floats in another order */
    for (size_t i = 0; again == count && i < count; i++) {
        CHECK(points[4 * i] == mirrored[4 * i] && points[4 * i + 3] == mirrored[4 * i + 3]);
        CHECK_NEAR(sin((double)points[4 * i + 1]), -sin((double)mirrored[4 * i + 1]), 2.01 / 256);
    }
    free(points);
    free(mirrored);
    bcue_npy_free(&cube);
}

static void test_refused(void)
{
    const bcue_fmcw_config chirp = bcue_fmcw_scenario31();
    const bcue_radar_recipe recipe = recipe_of(&chirp);
    float values[2 * 2 * 8 * 8] = {0}, *points;
    bcue_npy cube = {.type = BCUE_NPY_C64, .rank = 3, .shape = {2, 8, 8}, .count = 128, .data = values};
    bcue_error error;
    size_t count;
    CHECK_OK(bcue_radar_detect(&recipe, &cube, "still.npy", &points, &count, &error), error);
    CHECK(count == 0 && points == NULL);
    values[17] = NAN;
    CHECK_STATUS(bcue_radar_detect(&recipe, &cube, "nan.npy", &points, &count, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "nan.npy: has a value that is not finite");
    cube.shape[0] = 1;
    CHECK_STATUS(bcue_radar_detect(&recipe, &cube, "one.npy", &points, &count, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "one.npy: a cube of 1 antennas");
    cube = (bcue_npy){.type = BCUE_NPY_F32, .rank = 2, .shape = {8, 4}, .count = 32, .data = values};
    CHECK_STATUS(bcue_radar_detect(&recipe, &cube, "points.npy", &points, &count, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "points.npy: not a radar cube");
}

int main(void)
{
    RUN(test_one_target);
    RUN(test_several);
    RUN(test_noise_alone);
    RUN(test_real_cube);
    RUN(test_refused);
    return check_summary();
}

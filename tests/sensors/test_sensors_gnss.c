/* The errors of a satellite receiver: their sizes, correlations, outages and RTK states. */
#include "check.h"
#include "sensors/gnss.h"
#include "world/street.h"

enum { STEPS = 40000 };
static const bcue_vec3 truth = {10, 20, 1};

typedef struct statistics {
    double mean[3], sigma[3], lag, cross;
} statistics;

static statistics run(const bcue_gnss_config *config, double step_s, int lag_steps, double hidden)
{
    static bcue_vec3 errors[STEPS];
    bcue_gnss receiver;
    bcue_gnss_start(&receiver, config, 1, 2, 3);
    statistics s = {{0}, {0}, 0, 0};
    for (int i = 0; i < STEPS; i++) {
        errors[i] = bcue_vec3_sub(bcue_gnss_step(&receiver, step_s * i, truth, hidden).position, truth);
        s.mean[0] += errors[i].x / STEPS;
        s.mean[1] += errors[i].y / STEPS;
        s.mean[2] += errors[i].z / STEPS;
    }
    for (int i = 0; i < STEPS; i++) {
        s.sigma[0] += errors[i].x * errors[i].x / STEPS;
        s.sigma[1] += errors[i].y * errors[i].y / STEPS;
        s.sigma[2] += errors[i].z * errors[i].z / STEPS;
        s.cross += errors[i].x * errors[i].y / STEPS;
        if (i >= lag_steps)
            s.lag += errors[i].x * errors[i - lag_steps].x / STEPS;
    }
    s.lag /= s.sigma[0];
    for (int k = 0; k < 3; k++)
        s.sigma[k] = sqrt(s.sigma[k]);
    return s;
}

static void white_error_is_as_large_as_told(void)
{
    const bcue_gnss_config config = {.horizontal_sigma_m = 1.5, .vertical_sigma_m = 2.5};
    statistics s = run(&config, 0.1, 1, 0.0);
    for (int k = 0; k < 3; k++)
        CHECK_NEAR(s.mean[k], 0.0, 0.05);
    CHECK_NEAR(s.sigma[0], 1.5, 0.03);
    CHECK_NEAR(s.sigma[1], 1.5, 0.03);
    CHECK_NEAR(s.sigma[2], 2.5, 0.05);
    CHECK_NEAR(s.lag, 0.0, 0.02);
    CHECK_NEAR(s.cross, 0.0, 0.05);
}

/* Correlation exp(-t / tau) of the drift. */
static void drift_is_slow(void)
{
    const bcue_gnss_config config = {.drift_sigma_m = 2.0, .drift_time_s = 5.0};
    statistics s = run(&config, 1.0, 5, 0.0);
    CHECK_NEAR(s.sigma[0], 2.0, 0.08);
    CHECK_NEAR(s.sigma[2], 3.0, 0.12);
    CHECK_NEAR(s.lag, exp(-1.0), 0.04);
    s = run(&config, 0.5, 1, 0.0);
    CHECK_NEAR(s.lag, exp(-0.1), 0.02);
}

static void buildings_add_error(void)
{
    const bcue_gnss_config config = {.horizontal_sigma_m = 0.3, .vertical_sigma_m = 0.3, .multipath_m = 4.0};
    CHECK_NEAR(run(&config, 20.0, 1, 0.0).sigma[0], 0.3, 0.01);
    CHECK_NEAR(run(&config, 20.0, 1, 0.5).sigma[0], sqrt(0.09 + 4.0), 0.05);
}

static void outages_come_and_last_as_told(void)
{
    const bcue_gnss_config config = {
        .horizontal_sigma_m = 1.0, .outages_per_minute = 3.0, .outage_mean_s = 4.0};
    bcue_gnss receiver;
    bcue_gnss_start(&receiver, &config, 9, 0, 0);
    int lost = 0, begun = 0;
    bool out = false;
    bcue_vec3 last = {0};
    for (int i = 0; i < STEPS; i++) {
        bcue_gnss_fix fix = bcue_gnss_step(&receiver, 0.1 * i, truth, 0.0);
        bool now = fix.quality == BCUE_GNSS_NONE;
        begun += now && !out;
        lost += now;
        if (now)
            CHECK(fix.position.x == last.x && fix.satellites == 0);
        last = fix.position;
        out = now;
    }
    /* 4 s of every 20 + 4 s, in STEPS / 10 s. */
    double cycles = STEPS / 240.0;
    CHECK_NEAR(begun, cycles, 4.0 * sqrt(cycles));
    CHECK_NEAR((double)lost / STEPS, 1.0 / 6.0, 0.05);
}

static void rtk_fixes_under_open_sky(void)
{
    const bcue_gnss_config config = {.horizontal_sigma_m = 1.5,
                                     .vertical_sigma_m = 2.5,
                                     .rtk_fix_sigma_m = 0.02,
                                     .rtk_float_sigma_m = 0.4,
                                     .rtk_lost_above = 0.6};
    statistics s = run(&config, 0.1, 1, 0.3);
    CHECK_NEAR(s.sigma[0], 0.02, 0.001);
    CHECK_NEAR(run(&config, 0.1, 1, 0.7).sigma[0], 0.4, 0.01);
    bcue_gnss receiver;
    bcue_gnss_start(&receiver, &config, 1, 0, 0);
    CHECK_INT(bcue_gnss_step(&receiver, 0.0, truth, 0.3).quality, BCUE_GNSS_RTK_FIXED);
    CHECK_INT(bcue_gnss_step(&receiver, 0.1, truth, 0.7).quality, BCUE_GNSS_RTK_FLOAT);
}

static void without_noise_it_is_the_truth(void)
{
    const bcue_gnss_config config = {0};
    bcue_gnss receiver;
    bcue_gnss_start(&receiver, &config, 1, 0, 0);
    bcue_gnss_fix fix = bcue_gnss_step(&receiver, 0.0, truth, 0.0);
    CHECK(fix.position.x == truth.x && fix.position.y == truth.y && fix.position.z == truth.z);
    CHECK_INT(fix.quality, BCUE_GNSS_SINGLE);
    CHECK_INT(fix.satellites, 24);
}

/* Nothing hides the sky of a plain; at the foot of a wall half of it is gone. */
static void walls_hide_the_sky(void)
{
    bcue_error error = {0};
    bcue_world plain = {0}, walled = {0};
    CHECK_OK(bcue_world_make_plain(1000.0, BCUE_MATERIAL_ASPHALT, &plain, &error), error);
    bcue_ray_scene *scene = NULL;
    CHECK_OK(bcue_ray_scene_create(&plain, &scene, &error), error);
    CHECK_NEAR(bcue_gnss_hidden_sky(scene, bcue_vec3_make(0, 0, 1)), 0.0, 0.0);
    bcue_ray_scene_destroy(scene);
    bcue_world_free(&plain);
    static const bcue_street_config street = {140, 3.5, 12, 3, 1.5, 190, 200, 0};
    CHECK_OK(bcue_world_make_street(&street, 1, &walled, &error), error);
    CHECK_OK(bcue_ray_scene_create(&walled, &scene, &error), error);
    double front = 12.0 + 7.0 + 3.0 + 1.5;
    double hidden = bcue_gnss_hidden_sky(scene, bcue_vec3_make(0, front - 0.5, 2));
    CHECK_AT(hidden > 0.35 && hidden < 0.6, "%g of the sky is hidden", hidden);
    bcue_ray_scene_destroy(scene);
    bcue_world_free(&walled);
}

int main(void)
{
    RUN(white_error_is_as_large_as_told);
    RUN(drift_is_slow);
    RUN(buildings_add_error);
    RUN(outages_come_and_last_as_told);
    RUN(rtk_fixes_under_open_sky);
    RUN(without_noise_it_is_the_truth);
    RUN(walls_hide_the_sky);
    return check_summary();
}

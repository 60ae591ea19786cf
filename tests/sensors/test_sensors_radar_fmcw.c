/* FMCW cubes: against the formula at every sample, the axes of the radar maps, the radar equation with
   thermal noise, aliasing, the converter. */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "dsp/fft.h"
#include "features/radar_map.h"
#include "sensors/radar_fmcw.h"

static const double pi = 3.14159265358979323846, c_mps = 299792458.0;
static const bcue_fmcw_key key = {5, 1, 2};

static float *new_cube(const bcue_fmcw_config *config)
{
    return bcue_calloc(config->antennas * config->samples * config->chirps, 2 * sizeof(float));
}

static bcue_fmcw_scatterer random_scatterer(bcue_rng *rng, double fastest_mps)
{
    double range_m = bcue_rng_range(rng, 2, 110), azimuth = bcue_rng_range(rng, -1.3, 1.3);
    return (bcue_fmcw_scatterer){
        .position_m = {range_m * cos(azimuth), range_m * sin(azimuth), bcue_rng_range(rng, -1, 3)},
        .velocity_mps = {bcue_rng_range(rng, -fastest_mps, fastest_mps),
                         bcue_rng_range(rng, -fastest_mps, fastest_mps), 0},
        .amplitude = bcue_rng_range(rng, 0.1, 1),
        .phase = bcue_rng_range(rng, 0, 6)};
}

/* 20 log10 of what is left over the formula itself. */
static double residual_db(const bcue_fmcw_config *config, const bcue_fmcw_scatterer *scatterers, size_t count,
                          const float *cube, size_t every)
{
    double wrong = 0, all = 0;
    for (size_t a = 0; a < config->antennas; a++)
        for (size_t s = 0; s < config->samples; s++)
            for (size_t c = 0; c < config->chirps; c += every) {
                double beat[2];
                size_t at = (a * config->samples + s) * config->chirps + c;
                bcue_fmcw_evaluate(config, scatterers, count, a, s, c, beat);
                wrong += pow((double)cube[2 * at] - beat[0], 2) + pow((double)cube[2 * at + 1] - beat[1], 2);
                all += beat[0] * beat[0] + beat[1] * beat[1];
            }
    return 10 * log10(wrong / all);
}

static void test_residual(void)
{
    enum { COUNT = 25 };
    bcue_fmcw_scatterer scatterers[COUNT];
    bcue_rng rng = bcue_rng_make(1, BCUE_RNG_TEST, 0, 0, 0);
    for (int i = 0; i < COUNT; i++)
        scatterers[i] = random_scatterer(&rng, 40);
    const bcue_fmcw_config configs[] = {bcue_fmcw_scenario31(), bcue_fmcw_scenario9()};
    for (int i = 0; i < 2; i++) {
        float *cube = new_cube(&configs[i]);
        bcue_error error;
        CHECK_OK(bcue_fmcw_synthesise(&configs[i], scatterers, COUNT, &key, cube, &error), error);
        double left_db = residual_db(&configs[i], scatterers, COUNT, cube, 5);
        CHECK_AT(left_db <= -40, "chirp %d: residual %.1f dB", i, left_db);
        free(cube);
    }
    /* One alone, at the edge: the fastest and nearest, crossing the beam; and odd sizes. */
    bcue_fmcw_config odd = bcue_fmcw_scenario31();
    odd.antennas = 3;
    odd.samples = 77;
    odd.chirps = 11;
    const bcue_fmcw_scatterer near = {
        .position_m = {1.5, 0.5, 0}, .velocity_mps = {-50, 50, 0}, .amplitude = 1, .phase = 1};
    float *cube = new_cube(&odd);
    bcue_error error;
    CHECK_OK(bcue_fmcw_synthesise(&odd, &near, 1, &key, cube, &error), error);
    double left_db = residual_db(&odd, &near, 1, cube, 1);
    CHECK_AT(left_db <= -40, "near and fast: residual %.1f dB", left_db);
    free(cube);
}

/* The formula once more, written out from the definitions: a scatterer straight ahead. */
static void test_formula(void)
{
    const bcue_fmcw_config config = bcue_fmcw_scenario31();
    const bcue_fmcw_scatterer ahead = {
        .position_m = {40, 0, 0}, .velocity_mps = {7, 0, 0}, .amplitude = 2, .phase = 0.25};
    const size_t samples[] = {0, 13, 255}, chirps[] = {0, 1, 249};
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++) {
            double t_s = (double)samples[i] / 6.2e6, now_s = (double)chirps[k] * 49.5e-6 + t_s;
            double tau_s = 2 * (40 + 7 * now_s) / c_mps, beat[2];
            double turns = 77e9 * tau_s + 8.014e12 * tau_s * t_s - 8.014e12 * tau_s * tau_s / 2;
            bcue_fmcw_evaluate(&config, &ahead, 1, 0, samples[i], chirps[k], beat);
            CHECK_NEAR(beat[0], 2 * cos(2 * pi * fmod(turns, 1) + 0.25), 1e-6);
            CHECK_NEAR(beat[1], 2 * sin(2 * pi * fmod(turns, 1) + 0.25), 1e-6);
        }
}

static bcue_radar_recipe map_recipe(const bcue_fmcw_config *config)
{
    return (bcue_radar_recipe){.enabled = true,
                               .height = 256,
                               .width = 256,
                               .kind = BCUE_RADAR_CALIBRATED,
                               .dynamic_range_db = 60,
                               .carrier_hz = config->carrier_hz,
                               .slope_hz_per_s = config->slope_hz_per_s,
                               .sample_rate_hz = config->sample_rate_hz,
                               .chirp_period_s = config->idle_s + config->ramp_s,
                               .antenna_spacing = 0.5};
}

static void find_peak(const float *map, size_t peak[2])
{
    size_t best = 0;
    for (size_t i = 0; i < 256 * 256; i++)
        best = map[i] > map[best] ? i : best;
    peak[0] = best / 256;
    peak[1] = best % 256;
}

/* Where the maps show a point target. */
static void locate(const bcue_fmcw_config *config, const bcue_fmcw_scatterer *target, double *range_m,
                   double *velocity_mps, double *sine)
{
    const bcue_radar_recipe recipe = map_recipe(config);
    bcue_npy cube = {.type = BCUE_NPY_C64,
                     .rank = 3,
                     .shape = {config->antennas, config->samples, config->chirps},
                     .count = config->antennas * config->samples * config->chirps,
                     .data = new_cube(config)};
    bcue_radar_maps *maps = NULL;
    bcue_error error;
    float *out = bcue_calloc(2 * 256 * 256, sizeof *out);
    size_t peak[2];
    CHECK_OK(bcue_fmcw_synthesise(config, target, 1, &key, cube.data, &error), error);
    CHECK_OK(bcue_radar_maps_create(&recipe, &maps, &error), error);
    CHECK_OK(bcue_radar_features(maps, &cube, "cube", out, &error), error);
    find_peak(out, peak);
    *range_m = bcue_radar_range_m(&recipe, (int64_t)peak[0]);
    *sine = sin(bcue_radar_angle_rad(&recipe, (int64_t)peak[1]));
    find_peak(out + 256 * 256, peak);
    *velocity_mps = bcue_radar_velocity_mps(&recipe, (int64_t)peak[1]);
    bcue_radar_maps_destroy(maps);
    free(out);
    bcue_npy_free(&cube);
}

static void check_located(const bcue_fmcw_config *config, double range_m, double velocity_mps, double azimuth,
                          double shown_mps)
{
    const bcue_vec3 ahead = {cos(azimuth), sin(azimuth), 0};
    const bcue_fmcw_scatterer target = {.position_m = {range_m * ahead.x, range_m * ahead.y, 0},
                                        .velocity_mps = {velocity_mps * ahead.x, velocity_mps * ahead.y, 0},
                                        .amplitude = 1};
    double found_m, found_mps, sine;
    locate(config, &target, &found_m, &found_mps, &sine);
    double swept_hz = config->slope_hz_per_s * (double)config->samples / config->sample_rate_hz;
    double frame_s = (double)config->chirps * (config->idle_s + config->ramp_s);
    CHECK_NEAR(found_m, range_m + velocity_mps * frame_s / 2,
               c_mps / (2 * swept_hz)); /* the frame's middle */
    CHECK_NEAR(found_mps, shown_mps, c_mps / 77e9 / (2 * frame_s));
    CHECK_NEAR(sine, sin(azimuth), 2.0 / 256);
}

static void test_located(void)
{
    const bcue_fmcw_config s31 = bcue_fmcw_scenario31(), s9 = bcue_fmcw_scenario9();
    check_located(&s31, 30, -6, 0.35, -6);
    check_located(&s31, 75, 12, -0.7, 12);
    check_located(&s31, 12.3, 1.1, 0.0, 1.1);
    check_located(&s9, 20, -4, -0.3, -4);
    /* Beyond lambda / 4 T = 19.7 m/s speeds fold over. */
    double span_mps = c_mps / 77e9 / (2 * 49.5e-6);
    check_located(&s31, 40, 22, 0.2, 22 - span_mps);
    check_located(&s31, 40, -25, 0.2, -25 + span_mps);
}

/* Peak over noise after range, Doppler and angle transforms, averaged over frames. The gain of coherent sums
   is the number of their terms, less the loss of a window: N sum(w)^2 / sum(w^2). */
static void test_radar_equation(void)
{
    enum { FRAMES = 6, SAMPLES = 256, CHIRPS = 250 };
    bcue_fmcw_config config = bcue_fmcw_scenario31();
    config.noise_power = bcue_fmcw_noise_power(config.sample_rate_hz, 12);
    /* 12 dBm, 10 dBi each way, a car of 10 m^2, at the centre of range bin 100. */
    double bin_m = c_mps * config.sample_rate_hz / (2 * config.slope_hz_per_s * SAMPLES),
           range_m = 100 * bin_m;
    double wavelength_m = c_mps / 77e9, received_w = pow(10, 1.2) * 1e-3 * 100 * wavelength_m * wavelength_m *
                                                     10 / (pow(4 * pi, 3) * pow(range_m, 4));
    double noise_w = 1.380649e-23 * 290 * 6.2e6 * pow(10, 1.2);
    CHECK_NEAR(pow(bcue_fmcw_amplitude(pow(10, 1.2) * 1e-3, 10, 77e9, 10, range_m), 2), received_w,
               1e-9 * received_w);
    CHECK_NEAR(config.noise_power, noise_w, 1e-9 * noise_w);
    const bcue_fmcw_scatterer car = {.position_m = {range_m, 0, 0}, .amplitude = sqrt(received_w)};
    float window[2][256];
    double expected_db = 10 * log10(received_w / noise_w * 4); /* four antennas, no window */
    for (int axis = 0; axis < 2; axis++) {
        size_t count = axis == 0 ? SAMPLES : CHIRPS;
        double sum = 0, squares = 0;
        bcue_hann_window(count, window[axis]);
        for (size_t n = 0; n < count; n++) {
            sum += (double)window[axis][n];
            squares += (double)(window[axis][n] * window[axis][n]);
        }
        expected_db += 10 * log10(sum * sum / squares);
    }
    double signal = 0, noise = 0;
    float *cube = new_cube(&config);
    for (uint32_t frame = 0; frame < FRAMES; frame++) {
        const bcue_fmcw_key at = {3, 0, frame};
        bcue_error error;
        CHECK_OK(bcue_fmcw_synthesise(&config, &car, 1, &at, cube, &error), error);
        /* Antennas added up, range bin 100 with the target and seven without. The mean over all Doppler bins
           of a bin's noise is, by Parseval, the sum of its windowed powers; the target is at rest: bin 0. */
        for (int cell = 0; cell < 8; cell++) {
            double total[2] = {0, 0}, range_bin = cell == 0 ? 100 : 10 + 11 * cell;
            for (size_t c = 0; c < CHIRPS; c++) {
                double sum[2] = {0, 0}, weight = (double)window[1][c];
                for (size_t s = 0; s < SAMPLES; s++) {
                    double turn = -2 * pi * range_bin * (double)s / SAMPLES, w = (double)window[0][s];
                    for (size_t a = 0; a < 4; a++) {
                        const float *x = &cube[2 * ((a * SAMPLES + s) * CHIRPS + c)];
                        sum[0] += w * ((double)x[0] * cos(turn) - (double)x[1] * sin(turn));
                        sum[1] += w * ((double)x[0] * sin(turn) + (double)x[1] * cos(turn));
                    }
                }
                total[0] += weight * sum[0];
                total[1] += weight * sum[1];
                if (cell > 0)
                    noise += weight * weight * (sum[0] * sum[0] + sum[1] * sum[1]) / (FRAMES * 7);
            }
            if (cell == 0)
                signal += (total[0] * total[0] + total[1] * total[1]) / FRAMES;
        }
    }
    free(cube);
    double found_db = 10 * log10(signal / noise);
    CHECK_AT(fabs(found_db - expected_db) <= 1, "signal to noise %.2f dB, expected %.2f", found_db,
             expected_db);
    config.noise_power = 2;
    bcue_error error;
    cube = new_cube(&config);
    CHECK_OK(bcue_fmcw_synthesise(&config, NULL, 0, &key, cube, &error), error);
    double sum = 0, power = 0;
    size_t count = 2 * config.antennas * config.samples * config.chirps;
    for (size_t i = 0; i < count; i++) {
        sum += (double)cube[i];
        power += (double)cube[i] * (double)cube[i];
    }
    CHECK_NEAR(power / (double)count, 1, 0.01);
    CHECK_NEAR(sum / (double)count, 0, 0.005);
    free(cube);
}

static void test_threads(void)
{
    bcue_fmcw_config config = bcue_fmcw_scenario9();
    bcue_fmcw_scatterer scatterers[70];
    bcue_rng rng = bcue_rng_make(2, BCUE_RNG_TEST, 0, 0, 0);
    config.noise_power = 0.5;
    for (int i = 0; i < 70; i++)
        scatterers[i] = random_scatterer(&rng, 20);
    float *cubes[2];
    for (int k = 0; k < 2; k++) {
        bcue_error error;
        cubes[k] = new_cube(&config);
        bcue_set_threads(k == 0 ? 1 : 2);
        bcue_fft_force_baseline(k == 0);
        CHECK_OK(bcue_fmcw_synthesise(&config, scatterers, 70, &key, cubes[k], &error), error);
    }
    bcue_fft_force_baseline(false);
    CHECK(memcmp(cubes[0], cubes[1], 2 * 4 * 256 * 128 * sizeof(float)) == 0);
    free(cubes[0]);
    free(cubes[1]);
}

static void test_converter(void)
{
    bcue_fmcw_config config = bcue_fmcw_scenario31();
    config.chirps = 4;
    config.adc_bits = 12;
    config.adc_full_scale = 1;
    const bcue_fmcw_scatterer target = {.position_m = {33, 2, 0}, .amplitude = 0.9};
    bcue_error error;
    float *coarse = new_cube(&config), *fine = new_cube(&config);
    CHECK_OK(bcue_fmcw_synthesise(&config, &target, 1, &key, coarse, &error), error);
    config.adc_bits = 0;
    CHECK_OK(bcue_fmcw_synthesise(&config, &target, 1, &key, fine, &error), error);
    double wrong = 0;
    size_t count = 2 * 4 * 256 * 4;
    for (size_t i = 0; i < count; i++) {
        double code = (double)coarse[i] * 2048;
        CHECK(code == nearbyint(code));
        CHECK_NEAR(coarse[i], fine[i], 0.5001 / 2048);
        wrong += pow((double)(coarse[i] - fine[i]) * 2048, 2);
    }
    CHECK_NEAR(wrong / (double)count, 1.0 / 12, 0.01); /* of a uniform error */
    config.adc_bits = 12;
    config.adc_full_scale = 0.5; /* driven into the stops */
    CHECK_OK(bcue_fmcw_synthesise(&config, &target, 1, &key, coarse, &error), error);
    float low = 1, high = -1;
    for (size_t i = 0; i < count; i++) {
        low = coarse[i] < low ? coarse[i] : low;
        high = coarse[i] > high ? coarse[i] : high;
    }
    CHECK_NEAR(low, -0.5, 0);
    CHECK_NEAR(high, 0.5 * 2047 / 2048, 1e-7);
    free(coarse);
    free(fine);
}

/* A faster sweep crosses ours in every chirp: it is heard for sample rate / difference of the slopes, with
   its amplitude, the frequency running from one end of the band to the other, and turned from antenna to
   antenna. */
static void test_interference(void)
{
    bcue_fmcw_config config = bcue_fmcw_scenario31();
    const bcue_fmcw_interferer other = {.carrier_hz = 76.9e9,
                                        .slope_hz_per_s = 20e12,
                                        .start_s = 3e-6,
                                        .period_s = 49.5e-6,
                                        .ramp_s = 47e-6,
                                        .amplitude = 3,
                                        .azimuth = 0.4};
    config.interferers = &other;
    config.interferer_count = 1;
    config.chirps = 3;
    float *cube = new_cube(&config);
    bcue_error error;
    CHECK_OK(bcue_fmcw_synthesise(&config, NULL, 0, &key, cube, &error), error);
    double expected = 6.2e6 / (20e12 - 8.014e12) * 6.2e6; /* samples */
    for (size_t c = 0; c < 3; c++) {
        size_t heard = 0, first = 0, last = 0;
        for (size_t s = 0; s < 256; s++) {
            const float *x = &cube[2 * (s * 3 + c)], *y = &cube[2 * ((256 + s) * 3 + c)];
            double size = hypot((double)x[0], (double)x[1]);
            if (size == 0)
                continue;
            first = heard == 0 ? s : first;
            last = s;
            heard++;
            CHECK_NEAR(size, 3, 1e-5);
            double turned = atan2((double)(y[1] * x[0] - y[0] * x[1]), (double)(y[0] * x[0] + y[1] * x[1]));
            CHECK_NEAR(turned, pi * sin(0.4) * 76.9 / 77, 1e-4);
        }
        CHECK_NEAR(heard, expected, 1);
        CHECK_INT(last - first + 1, heard);
        /* The sweeps meet where 77e9 + S t = 76.9e9 + 20e12 (t - 3 us). */
        double meet_s = (0.1e9 + 20e12 * 3e-6) / (20e12 - 8.014e12);
        CHECK_NEAR(0.5 * (double)(first + last), meet_s * 6.2e6, 1);
    }
    /* Two chirps differ only by how the carriers drifted apart in between, so the same samples are hit. */
    bcue_fmcw_interferer wrong = other;
    wrong.period_s = 1e-6;
    config.interferers = &wrong;
    CHECK_STATUS(bcue_fmcw_check(&config, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "interferer 0");
    free(cube);
}

static void test_refusals(void)
{
    bcue_fmcw_config config = bcue_fmcw_scenario31();
    bcue_error error;
    float cube[2];
    config.samples = 400;
    CHECK_STATUS(bcue_fmcw_synthesise(&config, NULL, 0, &key, cube, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "the ramp ends");
    config = bcue_fmcw_scenario31();
    config.chirps = 0;
    CHECK_STATUS(bcue_fmcw_check(&config, &error), BCUE_ERROR_ARGUMENT);
    config = bcue_fmcw_scenario31();
    config.adc_bits = 10;
    CHECK_STATUS(bcue_fmcw_check(&config, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "full scale");
    config = bcue_fmcw_scenario31();
    const bcue_fmcw_scatterer lost = {.position_m = {NAN, 0, 0}};
    CHECK_STATUS(bcue_fmcw_synthesise(&config, &lost, 1, &key, cube, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "scatterer 0");
}

int main(void)
{
    RUN(test_residual);
    RUN(test_formula);
    RUN(test_located);
    RUN(test_radar_equation);
    RUN(test_threads);
    RUN(test_converter);
    RUN(test_interference);
    RUN(test_refusals);
    return check_summary();
}

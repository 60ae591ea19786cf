/* Aggregation over vehicles, service by several units, and the log-distance channel. */
#include <stdint.h>
#include <stdlib.h>
#include "base/rng.h"
#include "channel/aggregate.h"
#include "channel/log_distance.h"
#include "check.h"

static void aggregations(void)
{
    bcue_error error = {0};
    /* Two vehicles, three beams, mW: -60/-80, -70/-70, 0/-50 dBm. */
    static const double power[] = {1e-6, 1e-7, 0.0, 1e-8, 1e-7, 1e-5};
    double v[3];
    CHECK_OK(bcue_aggregate(BCUE_AGGREGATE_MEAN_DB, power, 2, 3, 0.0, v, &error), error);
    CHECK_NEAR(v[0], -70.0, 1e-9);
    CHECK_NEAR(v[1], -70.0, 1e-9);
    CHECK_NEAR(v[2], -125.0, 1e-9);
    CHECK_OK(bcue_aggregate(BCUE_AGGREGATE_MEAN_LINEAR, power, 2, 3, 0.0, v, &error), error);
    CHECK_NEAR(v[0], 10.0 * log10(0.505e-6), 1e-9);
    CHECK_NEAR(v[2], 10.0 * log10(0.5e-5), 1e-9);
    CHECK_INT(bcue_best_beam(v, 3), 2);
    CHECK_OK(bcue_aggregate(BCUE_AGGREGATE_MIN, power, 2, 3, 0.0, v, &error), error);
    CHECK_NEAR(v[0], -80.0, 1e-9);
    CHECK_NEAR(v[2], -200.0, 1e-9);
    CHECK_INT(bcue_best_beam(v, 3), 1);
    CHECK_OK(bcue_aggregate(BCUE_AGGREGATE_PROPORTIONAL_FAIR, power, 2, 3, 1e-8, v, &error), error);
    CHECK_NEAR(v[0], 0.5 * (log(log2(101.0)) + log(log2(2.0))), 1e-9);
    CHECK_NEAR(v[1], log(log2(11.0)), 1e-9);
    CHECK(v[2] < v[0]);
    CHECK_STATUS(bcue_aggregate(BCUE_AGGREGATE_MIN, power, 0, 3, 0.0, v, &error), BCUE_ERROR_ARGUMENT);
    CHECK_STATUS(bcue_aggregate(BCUE_AGGREGATE_PROPORTIONAL_FAIR, power, 2, 3, 0.0, v, &error),
                 BCUE_ERROR_ARGUMENT);
    for (int a = 0; a < 4; a++) {
        bcue_aggregation back;
        CHECK(bcue_aggregation_from_name(bcue_aggregation_name((bcue_aggregation)a), &back) &&
              (int)back == a);
    }
    bcue_aggregation none;
    CHECK(!bcue_aggregation_from_name("median", &none));
    CHECK_NEAR(10.0 * log10(bcue_thermal_noise_mw(100e6, 7.0)), -87.0, 1e-9);
}

static void service(void)
{
    /* Three units, two beams. Unit 1 serves with beam 0; unit 0 shines beam 1, unit 2 is silent, then shines.
     */
    static const double power[] = {1.0, 3.0, 8.0, 2.0, 0.5, 0.25};
    size_t active[3] = {1, 0, SIZE_MAX};
    bcue_service s = bcue_serve(power, 3, 2, active, 0.2);
    CHECK_INT(s.unit, 1);
    CHECK_INT(s.beam, 0);
    CHECK_NEAR(s.interference_mw, 3.0, 1e-12);
    CHECK_NEAR(s.sinr_db, 10.0 * log10(8.0 / 3.2), 1e-9);
    CHECK(s.strongest_interferer == 0);
    active[2] = 0;
    active[0] = 0;
    s = bcue_serve(power, 3, 2, active, 0.2);
    CHECK_NEAR(s.interference_mw, 1.5, 1e-12);
    CHECK(s.strongest_interferer == 0);
    static const double dark[] = {0.0, 0.0};
    CHECK(isinf(bcue_serve(dark, 1, 2, active, 0.2).sinr_db));
}

/* Over many seeds: mean 0, the deviation asked for, and the correlation exp(-d / c). */
static void shadowing(void)
{
    enum { SEEDS = 3000 };
    static const double lags[] = {0.0, 2.0, 8.0, 20.0, 60.0};
    double products[5] = {0}, sum = 0.0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        bcue_log_distance model = {.shadowing_db = 4.0, .correlation_m = 8.0, .seed = seed};
        double here = bcue_shadowing_db(&model, bcue_vec3_make(3, -5, 1));
        sum += here / SEEDS;
        for (int i = 0; i < 5; i++)
            products[i] +=
                here * bcue_shadowing_db(&model, bcue_vec3_make(3 + 0.6 * lags[i], -5 + 0.8 * lags[i], 2)) /
                SEEDS;
    }
    CHECK_NEAR(sum, 0.0, 0.25);
    for (int i = 0; i < 5; i++)
        CHECK_NEAR(products[i] / 16.0, exp(-lags[i] / 8.0), 0.08);
    bcue_log_distance model = {.shadowing_db = 4.0, .correlation_m = 8.0, .seed = 3};
    CHECK(bcue_shadowing_db(&model, bcue_vec3_make(1, 2, 3)) ==
          bcue_shadowing_db(&model, bcue_vec3_make(1, 2, 9)));
}

/* A fit gives back what the data were made with. */
static void fit(void)
{
    bcue_error error = {0};
    enum { COUNT = 4000 };
    double *d = calloc(COUNT, sizeof *d), *loss = calloc(COUNT, sizeof *loss);
    bcue_vec3 *places = calloc(COUNT, sizeof *places);
    bcue_log_distance truth = {61.4, 2.7, 0.0, 10.0, 5}, found;
    for (int pass = 0; pass < 2; pass++) {
        truth.shadowing_db = pass ? 3.0 : 0.0;
        for (size_t i = 0; i < COUNT; i++) {
            places[i] = bcue_vec3_make(5.0 + 0.5 * (double)i, 2.0, 1.5);
            d[i] = bcue_vec3_norm(places[i]);
            loss[i] = bcue_log_distance_db(&truth, d[i], places[i]);
        }
        CHECK_OK(bcue_log_distance_fit(d, loss, places, COUNT, &found, &error), error);
        CHECK_NEAR(found.reference_db, 61.4, pass ? 3.0 : 1e-9);
        CHECK_NEAR(found.exponent, 2.7, pass ? 0.1 : 1e-9);
        CHECK_NEAR(found.shadowing_db, truth.shadowing_db, pass ? 0.4 : 1e-9);
        if (pass)
            CHECK_NEAR(found.correlation_m, 10.0, 4.0);
    }
    CHECK_STATUS(bcue_log_distance_fit(d, loss, NULL, 2, &found, &error), BCUE_ERROR_DATA);
    d[1] = -1.0;
    CHECK_STATUS(bcue_log_distance_fit(d, loss, NULL, 10, &found, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "point 1 has the distance -1 m");
    free(d);
    free(loss);
    free(places);
}

static void power(void)
{
    bcue_error error = {0};
    bcue_array array;
    bcue_codebook codebook;
    double beams[16];
    CHECK_OK(bcue_array_make_ula(16, 0.005, &array, &error), error);
    CHECK_OK(bcue_codebook_make_oversampled(&array, 0.01, 16, 1.5, &codebook, &error), error);
    bcue_log_distance model = {.reference_db = 60.0, .exponent = 2.0};
    bcue_frame frame = bcue_frame_make(bcue_vec3_make(0, 0, 5), 0.0, 0.0);
    bcue_vec3 u = bcue_direction(codebook.azimuth[4], 0.0);
    bcue_vec3 vehicle = {20.0 * u.x, 20.0 * u.y, 5.0};
    CHECK_OK(bcue_log_distance_power(&model, &array, &codebook, &frame, vehicle, 0.01, 10.0, beams, &error),
             error);
    CHECK_INT(bcue_best_beam(beams, 16), 4);
    CHECK_NEAR(10.0 * log10(beams[4]), 10.0 - 60.0 - 20.0 * log10(20.0) + 10.0 * log10(16.0), 1e-6);
    CHECK_STATUS(
        bcue_log_distance_power(&model, &array, &codebook, &frame, frame.origin, 0.01, 10.0, beams, &error),
        BCUE_ERROR_ARGUMENT);
    bcue_array_free(&array);
    bcue_codebook_free(&codebook);
}

int main(void)
{
    RUN(aggregations);
    RUN(service);
    RUN(shadowing);
    RUN(fit);
    RUN(power);
    return check_summary();
}

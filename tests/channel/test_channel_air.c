/* Rain, fog, gases and leaves against tabulated and published values. */
#include <complex.h>
#include "base/vec3.h"
#include "channel/atmosphere.h"
#include "check.h"

/* ITU-R P.838-3, table 5: f (GHz), k_H, alpha_H, k_V, alpha_V. */
static void rain_table(void)
{
    static const double table[][5] = {
        {1, 0.0000259, 0.9691, 0.0000308, 0.8592}, {10, 0.01217, 1.2571, 0.01129, 1.2156},
        {20, 0.09164, 1.0568, 0.09611, 0.9847},    {30, 0.2403, 0.9485, 0.2291, 0.9129},
        {40, 0.4431, 0.8673, 0.4274, 0.8421},      {50, 0.6600, 0.8084, 0.6472, 0.7871},
        {60, 0.8606, 0.7656, 0.8515, 0.7486},      {70, 1.0315, 0.7345, 1.0253, 0.7215},
        {80, 1.1704, 0.7115, 1.1668, 0.7021},      {90, 1.2807, 0.6944, 1.2795, 0.6876},
        {100, 1.3671, 0.6815, 1.3680, 0.6765}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        bcue_rain_law h = bcue_rain_coefficients(table[i][0] * 1e9, 0.0, 0.0),
                      v = bcue_rain_coefficients(table[i][0] * 1e9, 0.0, 0.5 * BCUE_PI);
        CHECK_NEAR(h.k, table[i][1], 6e-4 * table[i][1]);
        CHECK_NEAR(h.alpha, table[i][2], 6e-5);
        CHECK_NEAR(v.k, table[i][3], 1.5e-3 * table[i][3]);
        CHECK_NEAR(v.alpha, table[i][4], 6e-5);
    }
    /* 45 degrees: the mean of both. At the zenith polarisation does not matter. */
    bcue_rain_law c = bcue_rain_coefficients(60e9, 0.0, 0.25 * BCUE_PI);
    CHECK_NEAR(c.k, 0.5 * (0.8606 + 0.8515), 2e-4);
    CHECK_NEAR(bcue_rain_coefficients(60e9, 0.5 * BCUE_PI, 0.3).k, c.k, 1e-9);
    CHECK_NEAR(bcue_rain_db_per_km(60e9, 30.0, 0.0, 0.5 * BCUE_PI), 0.8515 * pow(30.0, 0.7486), 0.01);
    CHECK(bcue_rain_db_per_km(60e9, 0.0, 0.0, 0.0) == 0.0);
}

/* ITU's validation examples for P.676 (dry pressure 1013.25 hPa, 7.5 g/m3, 15 degrees). */
static void gases(void)
{
    static const double table[][3] = {{12, 0.00869826, 0.00953539},
                                      {20, 0.01188355, 0.09704730},
                                      {60, 14.62347480, 0.15484184},
                                      {90, 0.03886971, 0.34197339},
                                      {130, 0.04150908, 0.75184470}};
    for (size_t i = 0; i < 5; i++) {
        bcue_gas_loss loss = bcue_gas_db_per_km(table[i][0] * 1e9, 1013.25, 7.5, 15.0);
        CHECK_NEAR(loss.dry_db_per_km, table[i][1], 1e-3 * table[i][1]);
        CHECK_NEAR(loss.vapour_db_per_km, table[i][2], 1e-3 * table[i][2]);
    }
}

/* Droplets much smaller than the wavelength: Rayleigh absorption, 6 pi / lambda Im((eps - 1) / (eps + 2)) per
   volume share of water, with the permittivity of water written out. */
static void fog(void)
{
    for (double ghz = 5.0; ghz < 200.0; ghz += 7.0) {
        double theta = 300.0 / (273.15 + 8.0) - 1.0, fp = 20.20 - 146.0 * theta + 316.0 * theta * theta;
        double complex still = 77.66 + 103.3 * theta, middle = 0.0671 * (77.66 + 103.3 * theta);
        double complex eps =
            3.52 + (still - middle) / (1.0 + I * ghz / fp) + (middle - 3.52) / (1.0 + I * ghz / (39.8 * fp));
        double per_m = 6.0 * BCUE_PI * ghz * 1e9 / 299792458.0 * -cimag((eps - 1.0) / (eps + 2.0)) * 1e-6;
        CHECK_NEAR(bcue_fog_db_per_km(ghz * 1e9, 0.5, 8.0), 0.5 * per_m * 4342.9448, 2e-3 * per_m * 4342.9);
    }
    CHECK(bcue_fog_db_per_km(60e9, 0.0, 8.0) == 0.0);
}

/* FCC OET Bulletin 70: 10 m of leaves at 40 GHz take about 19 dB. */
static void leaves(void)
{
    CHECK_NEAR(bcue_foliage_db(40e9, 10.0), 19.0, 0.3);
    CHECK(bcue_foliage_db(40e9, 0.0) == 0.0);
}

static void together(void)
{
    bcue_error error = {0};
    bcue_weather weather = bcue_weather_clear();
    weather.rain_mm_h = 30.0;
    weather.when = (bcue_date_time){.year = 2024, .month = 6, .day = 21};
    CHECK_OK(bcue_weather_derive(&weather, &error), error);
    CHECK_NEAR(bcue_weather_db_per_km(60e9, &weather), 14.6 + 0.15 + 0.8515 * pow(30.0, 0.7486), 0.4);
    weather.rain_mm_h = 0.0;
    CHECK_NEAR(bcue_weather_db_per_km(28e9, &weather), 0.1, 0.03);
}

int main(void)
{
    RUN(rain_table);
    RUN(gases);
    RUN(fog);
    RUN(leaves);
    RUN(together);
    return check_summary();
}

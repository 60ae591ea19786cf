/* Received power against Friis, the two-ray model, and the limits of Fresnel's formulas. */
#include "channel/fresnel.h"
#include "channel/link.h"
#include "channel/receiver.h"
#include "check.h"

#define CARRIER 60e9

static double db(double ratio)
{
    return 10.0 * log10(ratio);
}

typedef struct rig {
    bcue_world world;
    bcue_radio_scene *scene;
    bcue_channel *channel;
    bcue_array array;
    bcue_codebook codebook;
    bcue_link_receiver receiver;
} rig;

static void set_up(rig *r, size_t elements)
{
    bcue_error error = {0};
    double wavelength = BCUE_SPEED_OF_LIGHT / CARRIER;
    CHECK_OK(bcue_world_make_plain(2000.0, BCUE_MATERIAL_PAVING, &r->world, &error), error);
    CHECK_OK(bcue_radio_scene_create(&r->world, &r->scene, &error), error);
    CHECK_OK(bcue_array_make_ula(elements, 0.5 * wavelength, &r->array, &error), error);
    CHECK_OK(bcue_codebook_make_oversampled(&r->array, wavelength, 65, 0.5 * BCUE_PI, &r->codebook, &error),
             error);
    r->receiver = (bcue_link_receiver){.array = &r->array,
                                       .codebook = &r->codebook,
                                       .frame = bcue_frame_make(bcue_vec3_make(0, 0, 5), 0.5 * BCUE_PI, 0.0)};
    bcue_channel_config channel = {.carrier_hz = CARRIER};
    CHECK_OK(bcue_channel_create(&r->world, &channel, &r->channel, &error), error);
}

static void tear_down(rig *r)
{
    bcue_radio_scene_destroy(r->scene);
    bcue_channel_destroy(r->channel);
    bcue_world_free(&r->world);
    bcue_array_free(&r->array);
    bcue_codebook_free(&r->codebook);
}

static void receive(rig *r, const bcue_link_config *link, bcue_vec3 tx, int order, double *power)
{
    bcue_error error = {0};
    bcue_path_list paths = {0};
    bcue_path_options options = {.max_reflections = order};
    CHECK_OK(bcue_paths_find(r->scene, tx, &r->receiver.frame.origin, 1, &options, &paths, NULL, &error),
             error);
    CHECK_OK(bcue_link_power(link, r->channel, &r->receiver, &paths, power, &error), error);
    bcue_path_list_free(&paths);
}

/* P_r = P_t + 20 log10(lambda / 4 pi d) + 10 log10(N) for the beam that looks there. */
static void friis(void)
{
    rig r;
    set_up(&r, 16);
    bcue_link_config link = {.bandwidth_hz = 0.0, .subcarriers = 1, .transmit_power_dbm = 23.0};
    double power[65], wavelength = BCUE_SPEED_OF_LIGHT / CARRIER;
    for (double d = 3.0; d < 400.0; d *= 1.37) {
        receive(&r, &link, bcue_vec3_make(0, d, 5), 0, power);
        double expected = 23.0 + 2.0 * db(wavelength / (4.0 * BCUE_PI * d)) + db(16.0);
        CHECK_NEAR(db(power[32]), expected, 1e-9);
    }
    tear_down(&r);
}

/* |1/d1 + R exp(-jk(d2 - d1))/d2|^2 with R written out from ITU-R P.2040 for the grazing angle, over
 * distance. */
static void two_ray(void)
{
    rig r;
    set_up(&r, 1);
    bcue_link_config link = {.bandwidth_hz = 0.0, .subcarriers = 1, .transmit_power_dbm = 0.0};
    double power[65], k = 2.0 * BCUE_PI * CARRIER / BCUE_SPEED_OF_LIGHT, deepest = 0.0;
    double complex eta = 5.24 - I * 0.0462 * pow(60.0, 0.7822) / (2.0 * BCUE_PI * CARRIER * 8.8541878128e-12);
    for (double d = 5.0; d < 300.0; d += 0.77) {
        double ht = 1.56, hr = 5.0, d1 = hypot(d, hr - ht), d2 = hypot(d, hr + ht);
        double sine = (hr + ht) / d2, cosine = d / d2;
        double complex q = csqrt(eta - cosine * cosine), reflection = (eta * sine - q) / (eta * sine + q);
        double complex sum = 1.0 / d1 + reflection * cexp(-I * k * (d2 - d1)) / d2;
        double expected = 2.0 * db(1.0 / (2.0 * k)) + 2.0 * db(cabs(sum));
        receive(&r, &link, bcue_vec3_make(0, d, ht), 1, power);
        CHECK_NEAR(db(power[7]), expected, 0.05);
        deepest = fmax(deepest, fabs(2.0 * db(cabs(sum) * d1)));
    }
    CHECK(deepest > 3.0); /* the fading that is being checked is there */
    tear_down(&r);
}

/* Two paths over a band: the mean over subcarriers is the incoherent sum when the delays differ by many
 * cycles of the band. */
static void wide_band_averages_fading(void)
{
    rig r;
    set_up(&r, 1);
    double narrow[65], wide[65], fading = 0.0, k = 2.0 * BCUE_PI * CARRIER / BCUE_SPEED_OF_LIGHT;
    bcue_link_config tone = {.bandwidth_hz = 0.0, .subcarriers = 1, .transmit_power_dbm = 0.0},
                     band = {.bandwidth_hz = 8e9, .subcarriers = 1024, .transmit_power_dbm = 0.0};
    double complex eta = bcue_material_permittivity(BCUE_MATERIAL_PAVING, CARRIER);
    for (double d = 3.0; d < 4.0; d += 0.013) {
        double d1 = hypot(d, 3.5), d2 = hypot(d, 6.5), reflection = cabs(bcue_fresnel_p(6.5 / d2, eta));
        double apart = (1.0 / (d1 * d1) + reflection * reflection / (d2 * d2)) / (4.0 * k * k);
        receive(&r, &tone, bcue_vec3_make(0, d, 1.5), 1, narrow);
        receive(&r, &band, bcue_vec3_make(0, d, 1.5), 1, wide);
        CHECK_NEAR(db(wide[0] / apart), 0.0, 0.1);
        fading = fmax(fading, fabs(db(narrow[0] / apart)));
    }
    CHECK(fading > 0.5);
    tear_down(&r);
}

static void fresnel_limits(void)
{
    double complex lossless = 4.0;
    CHECK_NEAR(creal(bcue_fresnel_s(1.0, lossless)), -1.0 / 3.0, 1e-12);
    CHECK_NEAR(creal(bcue_fresnel_p(1.0, lossless)), 1.0 / 3.0, 1e-12);
    CHECK_NEAR(cabs(bcue_fresnel_p(cos(atan(2.0)), lossless)), 0.0, 1e-12); /* Brewster's angle */
    CHECK_NEAR(creal(bcue_fresnel_s(1e-9, lossless)), -1.0, 1e-6);
    CHECK_NEAR(creal(bcue_fresnel_p(1e-9, lossless)), -1.0, 1e-6);
    double complex metal = bcue_material_permittivity(BCUE_MATERIAL_STEEL, CARRIER);
    CHECK_NEAR(cabs(bcue_fresnel_s(0.5, metal) + 1.0), 0.0, 2e-3);
    CHECK_NEAR(cabs(bcue_fresnel_p(0.5, metal) - 1.0), 0.0, 4e-3);
    for (double c = 0.0; c <= 1.0; c += 0.01)
        for (int m = 0; m < BCUE_MATERIAL_COUNT; m++) {
            double complex eta = bcue_material_permittivity((bcue_material_id)m, CARRIER);
            CHECK(cabs(bcue_fresnel_s(c, eta)) <= 1.0 + 1e-12 && cabs(bcue_fresnel_p(c, eta)) <= 1.0 + 1e-12);
        }
}

/* The strongest beam follows the transmitter: left is low, right is high. */
static void best_beam_follows(void)
{
    rig r;
    set_up(&r, 16);
    bcue_link_config link = {.bandwidth_hz = 100e6, .subcarriers = 16, .transmit_power_dbm = 0.0};
    double power[65];
    for (size_t b = 0; b < 65; b += 8) {
        double azimuth = r.codebook.azimuth[b];
        receive(&r, &link, bcue_vec3_make(-20.0 * sin(azimuth), 20.0 * cos(azimuth), 5.0), 0, power);
        size_t best = 0;
        for (size_t i = 0; i < 65; i++)
            best = power[i] > power[best] ? i : best;
        CHECK_INT(best, b);
    }
    tear_down(&r);
}

static void no_path_no_power(void)
{
    rig r;
    set_up(&r, 16);
    bcue_error error = {0};
    bcue_link_config link = {.bandwidth_hz = 100e6, .subcarriers = 16, .transmit_power_dbm = 0.0};
    bcue_path_list none = {0};
    double power[65];
    CHECK_OK(bcue_link_power(&link, r.channel, &r.receiver, &none, power, &error), error);
    for (int b = 0; b < 65; b++)
        CHECK(power[b] == 0.0);
    tear_down(&r);
}

/* Mean S + N and variance (N^2 + 2 S N) / K of the measured power. */
static void measurement_statistics(void)
{
    bcue_receiver_config config = {.noise_floor_dbm = -70.0, .ripple_db = 0.5, .snapshots = 100};
    enum { DRAWS = 20000 };
    double signal = 4e-7, noise = 1e-7, gain = 1.0, measured, sum = 0.0, squares = 0.0;
    for (uint32_t i = 0; i < DRAWS; i++) {
        bcue_rng rng = bcue_rng_make(5, BCUE_RNG_CHANNEL, i, 0, 0);
        bcue_receiver_measure(&config, &gain, &signal, 1, &rng, &measured);
        sum += measured;
        squares += measured * measured;
    }
    double mean = sum / DRAWS, variance = squares / DRAWS - mean * mean,
           expected = (noise * noise + 2 * signal * noise) / 100.0;
    CHECK_NEAR(mean, signal + noise, 5.0 * sqrt(expected / DRAWS));
    CHECK_NEAR(variance / expected, 1.0, 0.06);
    CHECK(bcue_receiver_detects(&config, &gain, &signal, 1));
    signal = 0.39e-7; /* four deviations of the noise are 0.4e-7 */
    CHECK(!bcue_receiver_detects(&config, &gain, &signal, 1));
    double ripple[400], again[400], spread = 0.0;
    bcue_receiver_ripple(&config, 3, 400, ripple);
    bcue_receiver_ripple(&config, 3, 400, again);
    CHECK(memcmp(ripple, again, sizeof ripple) == 0);
    for (int b = 0; b < 400; b++)
        spread += db(ripple[b]) * db(ripple[b]) / 400.0;
    CHECK_NEAR(sqrt(spread), 0.5, 0.08);
}

int main(void)
{
    RUN(friis);
    RUN(two_ray);
    RUN(wide_band_averages_fading);
    RUN(fresnel_limits);
    RUN(best_beam_follows);
    RUN(no_path_no_power);
    RUN(measurement_statistics);
    return check_summary();
}

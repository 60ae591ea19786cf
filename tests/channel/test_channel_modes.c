/* Links: power per beam by its definition, near field, responses, summaries, the two readings of paper B. */
#include <stdlib.h>
#include "channel/link_mode.h"
#include "hand_paths.h"

#define CARRIER 28e9
#define WAVELENGTH (BCUE_SPEED_OF_LIGHT / CARRIER)

typedef struct rig {
    bcue_world world;
    bcue_channel *channel;
    bcue_array array;
    bcue_codebook codebook;
    bcue_link_receiver receiver;
    bcue_path paths[4];
    bcue_path_list list;
    bcue_link_rays rays;
    double power[152];
} rig;

/* A street of three paths: direct, off the ground, off a wall; and one through glass. */
static void set_up(rig *r, bcue_codebook_normalisation normalisation)
{
    bcue_error error = {0};
    bcue_radio_material materials[2] = {hand_material("concrete", 0.0), hand_material("glass", 0.01)};
    *r = (rig){0};
    hand_world(&r->world, materials, 2);
    bcue_channel_config config = {.carrier_hz = CARRIER};
    CHECK_OK(bcue_channel_create(&r->world, &config, &r->channel, &error), error);
    CHECK_OK(bcue_array_make_ura(8, 8, 0.5 * WAVELENGTH, &r->array, &error), error);
    CHECK_OK(bcue_codebook_make_paper_b(normalisation, &r->codebook, &error), error);
    bcue_vec3 vehicle = {25, 9, 1.5}, place = {0, 0, 8};
    r->receiver = (bcue_link_receiver){
        .array = &r->array, .codebook = &r->codebook, .frame = bcue_frame_make(place, 0.2, 0.0)};
    hand_plane ground = {{0, 0, 1}, 0.0, BCUE_MATERIAL_COUNT, {0, 0, 0}};
    hand_plane wall = {{0, -1, 0}, -20.0, BCUE_MATERIAL_COUNT, {0, 0, 0}};
    hand_plane window = {{1, 0, 0}, 5.0, BCUE_MATERIAL_COUNT + 1, {0, 0, 0}};
    r->paths[0] = hand_direct(vehicle, place);
    r->paths[1] = hand_reflect(vehicle, place, &ground, 1);
    r->paths[2] = hand_reflect(vehicle, place, &wall, 1);
    r->paths[3] = hand_transmit(vehicle, place, &window);
    r->list = (bcue_path_list){r->paths, 4, 4};
}

static void tear_down(rig *r)
{
    bcue_channel_destroy(r->channel);
    bcue_world_free(&r->world);
    bcue_array_free(&r->array);
    bcue_codebook_free(&r->codebook);
    bcue_link_rays_free(&r->rays);
}

static void trace(rig *r, const bcue_link_config *config)
{
    bcue_error error = {0};
    bcue_vec3 rest = {0, 0, 0}, driving = {10, 3, 0};
    CHECK_OK(bcue_link_trace(config, r->channel, &r->receiver, &r->list, driving, rest, &r->rays, &error),
             error);
    CHECK_OK(bcue_link_beam_power(config, &r->receiver, &r->rays, r->power, &error), error);
}

static bcue_jones jones_of(const rig *r, size_t l)
{
    bcue_error error = {0};
    bcue_tap tap;
    bcue_vec3 rest = {0, 0, 0};
    CHECK_OK(bcue_channel_tap(r->channel, &r->paths[l], rest, rest, &tap, &error), error);
    return tap.gain;
}

/* w^T a towards where path l comes from, written out. */
static double complex response(const rig *r, size_t beam, size_t l)
{
    bcue_vec3 u = bcue_frame_local(&r->receiver.frame, r->paths[l].arrival);
    double complex sum = 0.0;
    for (size_t n = 0; n < 64; n++)
        sum += r->codebook.weights[64 * beam + n] *
               cexp(I * 2.0 * BCUE_PI / WAVELENGTH * bcue_vec3_dot(u, r->array.elements[n]));
    return sum;
}

static void definition(void)
{
    rig r;
    set_up(&r, BCUE_NORMALISE_POWER);
    bcue_link_config config = {.bandwidth_hz = 100e6, .subcarriers = 64, .transmit_power_dbm = 3.0};
    for (int variant = 0; variant < 4; variant++) {
        config.incoherent = variant & 1;
        config.unpolarised = variant & 2;
        trace(&r, &config);
        for (size_t b = 0; b < 152; b += 7) {
            double expected = 0.0;
            for (int k = 0; k < 64; k++) {
                double f = 100e6 * ((k + 0.5) / 64.0 - 0.5);
                double complex sum[4] = {0};
                double powers = 0.0;
                for (size_t l = 0; l < 4; l++) {
                    bcue_jones j = jones_of(&r, l);
                    const double complex g[4] = {j.vv, j.vh, j.hv, j.hh};
                    double complex turn =
                        cexp(-I * 2.0 * BCUE_PI * f * r.paths[l].length_m / BCUE_SPEED_OF_LIGHT) *
                        response(&r, b, l);
                    for (int p = 0; p < 4; p++) {
                        sum[p] += g[p] * turn;
                        powers += config.unpolarised || p == 0 ? bcue_power(g[p] * turn) : 0.0;
                    }
                }
                if (!config.incoherent)
                    powers =
                        bcue_power(sum[0]) +
                        (config.unpolarised ? bcue_power(sum[1]) + bcue_power(sum[2]) + bcue_power(sum[3])
                                            : 0.0);
                expected += powers / 64.0 * (config.unpolarised ? 0.5 : 1.0) * pow(10.0, 0.3);
            }
            CHECK_NEAR(r.power[b] / expected, 1.0, 1e-6);
        }
    }
    tear_down(&r);
}

/* The element response is what the beams are made of; and the array may stand at either end. */
static void either_end(void)
{
    rig r;
    bcue_error error = {0};
    set_up(&r, BCUE_NORMALISE_POWER);
    bcue_link_config config = {.bandwidth_hz = 100e6, .subcarriers = 16};
    trace(&r, &config);
    double complex *h = calloc(64 * 16, sizeof *h);
    CHECK_OK(bcue_link_element_response(&config, &r.receiver, &r.rays, 0.0, h, &error), error);
    for (size_t b = 0; b < 152; b++) {
        double power = 0.0;
        for (size_t k = 0; k < 16; k++) {
            double complex sum = 0.0;
            for (size_t n = 0; n < 64; n++)
                sum += r.codebook.weights[64 * b + n] * h[16 * n + k];
            power += bcue_power(sum) / 16.0;
        }
        CHECK_NEAR(r.power[b] / power, 1.0, 1e-9);
    }
    free(h);
    double up[152];
    memcpy(up, r.power, sizeof up);
    for (size_t l = 0; l < 4; l++)
        r.paths[l] = hand_reverse(&r.paths[l]);
    r.receiver.transmits = true;
    trace(&r, &config);
    for (size_t b = 0; b < 152; b++)
        CHECK_NEAR(r.power[b] / up[b], 1.0, 1e-9);
    tear_down(&r);
}

/* Spherical waves: every element sees exactly its own distance to the vehicle, and to its image in the
 * ground. */
static void near_field(void)
{
    rig r;
    bcue_error error = {0};
    set_up(&r, BCUE_NORMALISE_POWER);
    bcue_vec3 vehicle = {1.3, 0.4, 7.5};
    hand_plane ground = {{0, 0, 1}, 6.9, BCUE_MATERIAL_STEEL, {0, 0, 0}};
    r.paths[0] = hand_direct(vehicle, r.receiver.frame.origin);
    r.paths[1] = hand_reflect(vehicle, r.receiver.frame.origin, &ground, 1);
    r.list.count = 2;
    bcue_link_config config = {.subcarriers = 1, .spherical = true};
    trace(&r, &config);
    double complex h[64];
    CHECK_OK(bcue_link_element_response(&config, &r.receiver, &r.rays, 0.0, h, &error), error);
    double worst = 0.0, plane_worst = 0.0;
    double complex plane[64];
    config.spherical = false;
    CHECK_OK(bcue_link_element_response(&config, &r.receiver, &r.rays, 0.0, plane, &error), error);
    for (size_t n = 0; n < 64; n++) {
        bcue_vec3 at =
            bcue_vec3_add(r.receiver.frame.origin, bcue_frame_world(&r.receiver.frame, r.array.elements[n]));
        double complex sum = 0.0;
        for (int l = 0; l < 2; l++) {
            bcue_vec3 source = l ? hand_image(&ground, vehicle) : vehicle;
            double d = bcue_vec3_norm(bcue_vec3_sub(at, source)), centre = r.paths[l].length_m;
            /* Everything but distance as at the array's centre. */
            sum += jones_of(&r, (size_t)l).vv * centre / d *
                   cexp(-I * 2.0 * BCUE_PI / WAVELENGTH * (d - centre));
        }
        worst = fmax(worst, cabs(h[n] - sum) / cabs(sum));
        plane_worst = fmax(plane_worst, cabs(plane[n] - sum) / cabs(sum));
    }
    CHECK_AT(worst < 1e-9, "largest difference %g", worst);
    CHECK(plane_worst > 0.05); /* it matters here */
    tear_down(&r);
}

static void responses(void)
{
    rig r;
    bcue_error error = {0};
    set_up(&r, BCUE_NORMALISE_POWER);
    bcue_link_config config = {.bandwidth_hz = 400e6, .subcarriers = 64};
    trace(&r, &config);
    /* The impulse response summed against exp(-j 2 pi f m / B) is the frequency response in the middle of the
     * band. */
    enum { TAPS = 400 };
    double complex taps[TAPS], h[64];
    double start = r.rays.rays[0].delay_s - 200.0 / 400e6;
    CHECK_OK(bcue_link_impulse_response(&config, &r.rays, 0.01, start, TAPS, taps, &error), error);
    CHECK_OK(bcue_link_frequency_response(&config, &r.rays, 0.01, h, &error), error);
    for (int k = 24; k < 40; k++) {
        double f = 400e6 * ((k + 0.5) / 64.0 - 0.5);
        double complex sum = 0.0;
        for (int m = 0; m < TAPS; m++)
            sum += taps[m] * cexp(-I * 2.0 * BCUE_PI * f * (start + m / 400e6));
        CHECK(cabs(sum - h[k]) < 0.01 * cabs(h[k]));
    }
    /* Time turns each ray by its Doppler: against 1 ms later. */
    double complex later[64];
    r.rays.count = 1;
    CHECK_OK(bcue_link_frequency_response(&config, &r.rays, 0.0, h, &error), error);
    CHECK_OK(bcue_link_frequency_response(&config, &r.rays, 1e-4, later, &error), error);
    bcue_vec3 u = bcue_vec3_unit(bcue_vec3_sub(r.receiver.frame.origin, r.paths[0].transmitter));
    double expected = bcue_vec3_dot(u, bcue_vec3_make(10, 3, 0)) / WAVELENGTH;
    CHECK_NEAR(carg(later[9] / h[9]) / (2.0 * BCUE_PI * 1e-4), expected, 1e-3 * fabs(expected));
    r.rays.unpolarised = true;
    CHECK_STATUS(bcue_link_frequency_response(&config, &r.rays, 0.0, h, &error), BCUE_ERROR_ARGUMENT);
    tear_down(&r);
}

static void summaries(void)
{
    bcue_link_ray made[3] = {{.gain = {1e-4}, .delay_s = 100e-9, .doppler_hz = 10.0, .line_of_sight = true},
                             {.gain = {0.5e-4 * I}, .delay_s = 150e-9, .doppler_hz = -10.0},
                             {.gain = {-0.5e-4}, .delay_s = 200e-9, .doppler_hz = -10.0}};
    bcue_link_rays rays = {made, 3, 3, WAVELENGTH, false};
    bcue_link_summary s = bcue_link_summarise(&rays);
    CHECK(s.line_of_sight && s.rays == 3);
    CHECK_NEAR(s.gain_db, -80.0 + 10.0 * log10(1.5), 1e-9);
    CHECK_NEAR(s.rician_k_db, 10.0 * log10(2.0), 1e-9);
    double mean = (100.0 + 0.25 * 150.0 + 0.25 * 200.0) / 1.5;
    CHECK_NEAR(s.mean_delay_s, mean * 1e-9, 1e-15);
    double square = (pow(100.0 - mean, 2) + 0.25 * pow(150.0 - mean, 2) + 0.25 * pow(200.0 - mean, 2)) / 1.5;
    CHECK_NEAR(s.delay_spread_s, sqrt(square) * 1e-9, 1e-15);
    CHECK_NEAR(s.doppler_spread_hz, sqrt(100.0 - 10.0 / 3.0 * 10.0 / 3.0), 1e-9);
    rays.count = 1;
    CHECK(isinf(bcue_link_summarise(&rays).rician_k_db) && bcue_link_summarise(&rays).rician_k_db > 0.0);
    rays.count = 0;
    s = bcue_link_summarise(&rays);
    CHECK(!s.line_of_sight && isinf(s.gain_db) && s.delay_spread_s == 0.0);
}

/* What each difference between `paper` and `corrected` changes, one at a time. */
static void modes(void)
{
    bcue_link_switches paper = bcue_link_mode_switches(BCUE_LINK_PAPER),
                       corrected = bcue_link_mode_switches(BCUE_LINK_CORRECTED);
    bcue_weather weather = bcue_weather_clear();
    for (int d = -1; d < BCUE_DIFFERENCE_COUNT; d++) {
        bcue_link_switches one = corrected;
        if (d >= 0)
            one.paper[d] = true;
        bcue_link_config link = {.bandwidth_hz = 100e6, .subcarriers = 64};
        bcue_channel_config channel = {.carrier_hz = CARRIER};
        bcue_link_apply_switches(&one, &weather, &link, &channel);
        CHECK_INT(link.incoherent, d == BCUE_DIFFERENCE_COMBINING);
        CHECK_NEAR(link.max_path_loss_db, d == BCUE_DIFFERENCE_CAP ? 120.0 : 0.0, 0.0);
        CHECK_INT(link.unpolarised, d == BCUE_DIFFERENCE_POLARISATION);
        CHECK_INT(link.few_mechanisms, d == BCUE_DIFFERENCE_MECHANISMS);
        CHECK_INT(channel.weather == NULL, d == BCUE_DIFFERENCE_MECHANISMS);
        CHECK_INT(channel.half_spaces && channel.smooth, d == BCUE_DIFFERENCE_MATERIALS);
        CHECK_INT(bcue_link_switched_normalisation(&one) == BCUE_NORMALISE_AMPLITUDE,
                  d == BCUE_DIFFERENCE_NORMALISATION);
        /* 2-lane: facing -y, camera tilted -40 degrees. CARLA yaw 90: local azimuth = azimuth + 180 degrees.
         */
        bcue_frame frame = bcue_link_switched_frame(&one, bcue_vec3_make(0, 0, 21), -0.5 * BCUE_PI, -0.7);
        bcue_vec3 south = bcue_frame_local(&frame, bcue_vec3_make(0, -1, 0));
        double local = atan2(south.y, south.x) * 180.0 / BCUE_PI;
        if (d == BCUE_DIFFERENCE_ORIENTATION) {
            CHECK_NEAR(local, 90.0, 1e-9); /* -90 + 90 + 90 */
            CHECK_NEAR(south.z, 0.0, 1e-12);
        } else {
            CHECK_NEAR(local, 0.0, 1e-9);
            CHECK_NEAR(south.z, sin(0.7), 1e-12);
        }
    }
    CHECK(paper.paper[BCUE_DIFFERENCE_CAP] && !corrected.paper[BCUE_DIFFERENCE_CAP]);
    CHECK_STR(bcue_link_difference_name(BCUE_DIFFERENCE_NORMALISATION), "normalisation");
    rig r;
    set_up(&r, BCUE_NORMALISE_AMPLITUDE);
    bcue_link_config link = {.bandwidth_hz = 100e6, .subcarriers = 64};
    bcue_channel_config channel = {.carrier_hz = CARRIER};
    bcue_link_apply_switches(&paper, &weather, &link, &channel);
    trace(&r, &link);
    CHECK_INT(r.rays.count, 3); /* not through the window */
    link.max_path_loss_db = 94.0;
    trace(&r, &link);
    CHECK(r.rays.count < 3); /* some are weaker than 94 dB */
    for (size_t l = 0; l < r.rays.count; l++)
        CHECK(-10.0 * log10(bcue_link_ray_power(&r.rays, l)) <= 94.0);
    tear_down(&r);
}

/* Measured beams: paths add in power, whatever the configuration says. */
static void measured_beams(void)
{
    rig r;
    bcue_error error = {0};
    set_up(&r, BCUE_NORMALISE_POWER);
    bcue_codebook_free(&r.codebook);
    static const double azimuths[] = {-1.5, 1.5}, magnitudes[] = {2.0, 2.0, 0.0, 1.0};
    CHECK_OK(bcue_codebook_make_measured(azimuths, magnitudes, 2, 2, true, &r.codebook, &error), error);
    bcue_link_config link = {.bandwidth_hz = 100e6, .subcarriers = 4};
    trace(&r, &link);
    double sum = 0.0, ramp = 0.0;
    for (size_t l = 0; l < 4; l++) {
        bcue_vec3 u = bcue_frame_local(&r.receiver.frame, r.paths[l].arrival);
        sum += 4.0 * bcue_power(jones_of(&r, l).vv);
        ramp += (atan2(u.y, u.x) + 1.5) / 3.0 * bcue_power(jones_of(&r, l).vv);
    }
    CHECK_NEAR(r.power[0] / sum, 1.0, 1e-9);
    CHECK_NEAR(r.power[1] / ramp, 1.0, 1e-9);
    tear_down(&r);
}

int main(void)
{
    RUN(definition);
    RUN(either_end);
    RUN(near_field);
    RUN(responses);
    RUN(summaries);
    RUN(modes);
    RUN(measured_beams);
    return check_summary();
}

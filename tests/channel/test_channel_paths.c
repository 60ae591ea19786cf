/* Jones matrices, delays and Doppler of hand-made paths: Friis and two rays over distance, reciprocity,
   passivity, the phase slope of a moving channel, transmission, diffraction and scattering along a path. */
#include "hand_paths.h"
#include "antenna/element.h"
#include "channel/scatter.h"

#define CARRIER 28e9
#define WAVELENGTH (BCUE_SPEED_OF_LIGHT / CARRIER)
#define WAVENUMBER (2.0 * BCUE_PI / WAVELENGTH)

enum { CONCRETE = BCUE_MATERIAL_COUNT, WALL, GLASS, METAL, AIR, ROUGH, WET, MATERIALS = 7 };

static const bcue_vec3 rest = {0, 0, 0};

typedef struct rig {
    bcue_world world;
    bcue_channel *channel;
} rig;

static rig make_rig(bcue_channel_config config)
{
    rig r;
    bcue_error error = {0};
    bcue_radio_material materials[MATERIALS] = {
        hand_material("concrete", 0.0),  hand_material("concrete", 0.02), hand_material("glass", 0.006),
        hand_material("metal", 0.0),     hand_material("vacuum", 0.1),    hand_material("concrete", 0.0),
        hand_material("wet_ground", 0.0)};
    materials[5].scattering = 0.5;
    hand_world(&r.world, materials, MATERIALS);
    config.carrier_hz = CARRIER;
    CHECK_OK(bcue_channel_create(&r.world, &config, &r.channel, &error), error);
    return r;
}

static void free_rig(rig *r)
{
    bcue_channel_destroy(r->channel);
    bcue_world_free(&r->world);
}

static bcue_tap tap_of(const rig *r, const bcue_path *path)
{
    bcue_error error = {0};
    bcue_tap tap = {0};
    CHECK_OK(bcue_channel_tap(r->channel, path, rest, rest, &tap, &error), error);
    return tap;
}

static double db(double complex a)
{
    return 20.0 * log10(cabs(a));
}

/* Friis, and direct + ground-reflected rays with P.2040's coefficients, both polarisations, over distance. */
static void two_rays(void)
{
    rig r = make_rig((bcue_channel_config){0});
    hand_plane ground = {{0, 0, 1}, 0.0, CONCRETE, {0, 0, 0}};
    double complex eta = 5.24 - I * 17.98 * 0.0462 * pow(28.0, 0.7822) / 28.0;
    for (double d = 2.0; d < 2000.0; d *= 1.013) {
        bcue_vec3 from = {0, 0, 6.0}, to = {0.6 * d, 0.8 * d, 1.7};
        bcue_path direct = hand_direct(from, to), bounce = hand_reflect(from, to, &ground, 1);
        bcue_tap a = tap_of(&r, &direct), b = tap_of(&r, &bounce);
        double d1 = hypot(d, 4.3), d2 = hypot(d, 7.7), sine = 7.7 / d2;
        double friis = 20.0 * log10(WAVELENGTH / (4.0 * BCUE_PI * d1));
        CHECK_NEAR(db(a.gain.vv), friis, 1e-9);
        CHECK_NEAR(db(a.gain.hh), friis, 1e-9);
        CHECK(cabs(a.gain.vh) < 1e-15 && cabs(a.gain.hv) < 1e-15);
        double complex q = csqrt(eta - (1.0 - sine * sine));
        double complex rp = (eta * sine - q) / (eta * sine + q), rs = (sine - q) / (sine + q);
        double complex turn = cexp(-I * WAVENUMBER * (d2 - d1)) * d1 / d2;
        CHECK_NEAR(db(a.gain.vv + b.gain.vv), friis + db(1.0 + rp * turn), 0.05);
        CHECK_NEAR(db(a.gain.hh + b.gain.hh), friis + db(1.0 + rs * turn), 0.05);
        CHECK_NEAR(b.delay_s, d2 / BCUE_SPEED_OF_LIGHT, 1e-18 + 1e-14 * b.delay_s);
    }
    free_rig(&r);
}

/* A path and its reverse: the matrix is transposed, delay and Doppler stay. */
static double reverse_difference(const rig *r, const bcue_path *path)
{
    bcue_path back = hand_reverse(path);
    bcue_jones a = tap_of(r, path).gain, b = tap_of(r, &back).gain;
    double scale = bcue_jones_norm(&a) + 1e-30;
    double worst = cabs(a.vv - b.vv);
    worst = fmax(worst, cabs(a.hh - b.hh));
    worst = fmax(worst, cabs(a.vh - b.hv));
    return fmax(worst, cabs(a.hv - b.vh)) / scale;
}

/* A plane somewhere between or beside two points. */
static hand_plane random_plane(bcue_rng *rng, bcue_material_id material)
{
    bcue_vec3 normal = bcue_vec3_unit(hand_random(rng, 1.0));
    return (hand_plane){normal, bcue_rng_range(rng, -4.0, 4.0), material, {0, 0, 0}};
}

static hand_wedge random_wedge(bcue_rng *rng)
{
    bcue_vec3 edge = bcue_vec3_unit(hand_random(rng, 1.0));
    bcue_vec3 normal = bcue_vec3_unit(bcue_vec3_cross(edge, hand_random(rng, 1.0)));
    static const bcue_material_id materials[] = {CONCRETE, METAL, WET, CONCRETE, WALL, GLASS};
    uint32_t kind = bcue_rng_below(rng, 3);
    return (hand_wedge){hand_random(rng, 2.0),
                        edge,
                        normal,
                        bcue_rng_range(rng, 1.1, 2.0),
                        {materials[2 * kind], materials[2 * kind + 1]},
                        {0, 0, 0}};
}

/* Outside of the wedge's solid? */
static bool in_air(const hand_wedge *wedge, bcue_vec3 x)
{
    bcue_vec3 t0 = bcue_vec3_cross(wedge->normal, wedge->edge), r = bcue_vec3_sub(x, wedge->point);
    double phi = atan2(bcue_vec3_dot(r, wedge->normal), bcue_vec3_dot(r, t0));
    phi = phi < 0.0 ? phi + 2.0 * BCUE_PI : phi;
    return phi > 1e-3 && phi < wedge->n * BCUE_PI - 1e-3;
}

static void reciprocity(void)
{
    rig r = make_rig((bcue_channel_config){0});
    double worst[5] = {0};
    int bent = 0;
    for (uint32_t c = 0; c < 1500; c++) {
        bcue_rng rng = bcue_rng_make(8, BCUE_RNG_TEST, 0, 0, c);
        bcue_vec3 from = hand_random(&rng, 10.0), to = hand_random(&rng, 10.0);
        bcue_path path = hand_direct(from, to);
        worst[0] = fmax(worst[0], reverse_difference(&r, &path));
        hand_plane planes[3];
        for (int i = 0; i < 3; i++)
            planes[i] = random_plane(&rng, CONCRETE + bcue_rng_below(&rng, 4));
        if (hand_height(&planes[0], from) * hand_height(&planes[0], to) < 0.0) {
            path = hand_transmit(from, to, &planes[0]);
            worst[1] = fmax(worst[1], reverse_difference(&r, &path));
        } else {
            path = hand_reflect(from, to, planes, 1);
            worst[2] = fmax(worst[2], reverse_difference(&r, &path));
        }
        hand_wedge wedge = random_wedge(&rng);
        if (in_air(&wedge, from) && in_air(&wedge, to)) {
            path = hand_diffract(from, to, &wedge);
            worst[3] = fmax(worst[3], reverse_difference(&r, &path));
            bent++;
        }
        /* Three walls of a corner, met in turn: always a valid path from inside. */
        hand_plane corner[3] = {{{1, 0, 0}, 0, GLASS, {0, 0, 0}},
                                {{0, 1, 0}, 0, WALL, {0, 0, 0}},
                                {{0, 0, 1}, 0, WET, {0, 0, 0}}};
        bcue_vec3 a = {fabs(from.x) + 0.1, fabs(from.y) + 0.1, fabs(from.z) + 0.1};
        bcue_vec3 b = {fabs(to.x) + 0.1, fabs(to.y) + 0.1, fabs(to.z) + 0.1};
        path = hand_reflect(a, b, corner, 3);
        worst[4] = fmax(worst[4], reverse_difference(&r, &path));
    }
    for (int i = 0; i < 5; i++)
        CHECK_AT(worst[i] < 1e-6, "kind %d: largest difference %g", i, worst[i]);
    CHECK(bent > 200);
    free_rig(&r);
}

/* Every reflection or transmission makes the wave weaker than free space over the same length. */
static void passivity(void)
{
    rig r = make_rig((bcue_channel_config){0});
    for (uint32_t c = 0; c < 3000; c++) {
        bcue_rng rng = bcue_rng_make(8, BCUE_RNG_TEST, 1, 0, c);
        bcue_vec3 from = hand_random(&rng, 10.0), to = hand_random(&rng, 10.0);
        hand_plane plane = random_plane(&rng, CONCRETE + bcue_rng_below(&rng, MATERIALS));
        bool through = hand_height(&plane, from) * hand_height(&plane, to) < 0.0;
        bcue_path path = through ? hand_transmit(from, to, &plane) : hand_reflect(from, to, &plane, 1);
        bcue_tap tap = tap_of(&r, &path);
        CHECK(bcue_jones_norm(&tap.gain) * 4.0 * BCUE_PI * path.length_m / WAVELENGTH <= 1.0 + 1e-9);
        hand_plane corner[3] = {{{1, 0, 0}, 0, METAL, {0, 0, 0}},
                                {{0, 1, 0}, 0, WALL, {0, 0, 0}},
                                {{0, 0, 1}, 0, CONCRETE, {0, 0, 0}}};
        bcue_vec3 a = {fabs(from.x) + 0.1, fabs(from.y) + 0.1, fabs(from.z) + 0.1};
        bcue_vec3 b = {fabs(to.x) + 0.1, fabs(to.y) + 0.1, fabs(to.z) + 0.1};
        path = hand_reflect(a, b, corner, 3);
        tap = tap_of(&r, &path);
        CHECK(bcue_jones_norm(&tap.gain) * 4.0 * BCUE_PI * path.length_m / WAVELENGTH <= 1.0 + 1e-9);
    }
    /* The norm against the definition: the largest gain over all polarisations. */
    bcue_jones j = {0.3 + 0.1 * I, -0.2 * I, 0.05, 0.4 - 0.3 * I};
    double best = 0.0;
    for (double angle = 0.0; angle < BCUE_PI; angle += 0.01)
        for (double phase = 0.0; phase < 2.0 * BCUE_PI; phase += 0.01) {
            double complex v = cos(angle), h = sin(angle) * cexp(I * phase);
            best = fmax(best, bcue_power(j.vv * v + j.vh * h) + bcue_power(j.hv * v + j.hh * h));
        }
    CHECK_NEAR(bcue_jones_norm(&j), sqrt(best), 1e-4);
    free_rig(&r);
}

/* A slab of air does nothing; a window of glass takes what P.2040 says; behind concrete it is dark. */
static void transmission(void)
{
    rig r = make_rig((bcue_channel_config){0});
    bcue_vec3 from = {0, -5, 3}, to = {2, 7, 1};
    hand_plane wall = {{0, 1, 0}, 0.0, AIR, {0, 0, 0}};
    bcue_path open = hand_direct(from, to), path = hand_transmit(from, to, &wall);
    bcue_jones a = tap_of(&r, &open).gain, b = tap_of(&r, &path).gain;
    CHECK(cabs(a.vv - b.vv) < 1e-9 * cabs(a.vv) && cabs(a.hh - b.hh) < 1e-9 * cabs(a.hh));
    CHECK(cabs(b.vh) < 1e-9 * cabs(a.vv));
    wall.material = GLASS;
    path = hand_transmit(bcue_vec3_make(0, -5, 1), bcue_vec3_make(0, 7, 1), &wall);
    open = hand_direct(bcue_vec3_make(0, -5, 1), bcue_vec3_make(0, 7, 1));
    double complex eta = 6.31 - I * 17.98 * 0.312339 / 28.0, n = csqrt(eta), half = (1.0 - n) / (1.0 + n);
    double complex turn = cexp(-I * WAVENUMBER * 0.006 * n);
    double complex expected = (1.0 - half * half) * turn / (1.0 - half * half * turn * turn);
    CHECK_NEAR(db(tap_of(&r, &path).gain.vv / tap_of(&r, &open).gain.vv), db(expected), 0.01);
    free_rig(&r);
    r = make_rig((bcue_channel_config){.half_spaces = true});
    CHECK(bcue_jones_norm(&(bcue_jones){tap_of(&r, &path).gain.vv, 0, 0, 0}) == 0.0);
    free_rig(&r);
}

/* Doppler against the phase slope over 1 ms, with transmitter, receiver and object all moving. */
static void doppler(void)
{
    rig r = make_rig((bcue_channel_config){0});
    double worst = 0.0;
    bcue_error error = {0};
    for (uint32_t c = 0; c < 400; c++) {
        bcue_rng rng = bcue_rng_make(8, BCUE_RNG_TEST, 2, 0, c);
        bcue_vec3 from = hand_random(&rng, 30.0), to = hand_random(&rng, 30.0);
        bcue_vec3 v_from = hand_random(&rng, 15.0), v_to = hand_random(&rng, 15.0),
                  v_object = hand_random(&rng, 20.0);
        hand_plane plane = random_plane(&rng, CONCRETE);
        hand_wedge wedge = random_wedge(&rng);
        int kind = (int)(c % 4);
        if (kind == 1 && hand_height(&plane, from) * hand_height(&plane, to) < 0.0)
            continue;
        if (kind == 2 && !(in_air(&wedge, from) && in_air(&wedge, to)))
            continue;
        /* Against a still plane the object's movement counts across it alone. */
        plane.velocity_mps = wedge.velocity_mps = v_object;
        bcue_vec3 patch = hand_random(&rng, 5.0);
        double phase[2], said = 0.0;
        const double step = 1e-3;
        for (int i = 0; i < 2; i++) {
            double t = (i ? 0.5 : -0.5) * step;
            bcue_vec3 a = bcue_vec3_add(from, bcue_vec3_scale(v_from, t)),
                      b = bcue_vec3_add(to, bcue_vec3_scale(v_to, t));
            hand_plane moved = plane;
            moved.offset += bcue_vec3_dot(plane.normal, v_object) * t;
            hand_wedge bent = wedge;
            bent.point = bcue_vec3_add(wedge.point, bcue_vec3_scale(v_object, t));
            bcue_path path =
                kind == 0   ? hand_direct(a, b)
                : kind == 1 ? hand_reflect(a, b, &moved, 1)
                : kind == 2
                    ? hand_diffract(a, b, &bent)
                    : hand_scatter(a, b, &moved, bcue_vec3_add(patch, bcue_vec3_scale(v_object, t)), 0.1, 7);
            bcue_tap tap;
            CHECK_OK(bcue_channel_tap(r.channel, &path, v_from, v_to, &tap, &error), error);
            said += 0.5 * tap.doppler_hz;
            phase[i] = -2.0 * BCUE_PI * CARRIER * tap.delay_s;
        }
        double slope = (phase[1] - phase[0]) / (2.0 * BCUE_PI * step);
        worst = fmax(worst, fabs(slope - said) / fmax(fabs(said), 100.0));
    }
    CHECK_AT(worst < 1e-3, "largest relative difference %g", worst);
    free_rig(&r);
}

/* The phase of the whole channel coefficient, not only of the length, follows the Doppler of a moving
 * reflector. */
static void coefficient_turns(void)
{
    rig r = make_rig((bcue_channel_config){0});
    bcue_error error = {0};
    bcue_vec3 from = {0, 0, 5}, to = {30, 2, 1.5}, v_to = {13, -4, 0}, v_wall = {-9, 3, 0};
    double worst = 0.0;
    double complex before = 0.0;
    for (int i = 0; i <= 200; i++) {
        double t = 1e-3 * i;
        hand_plane wall = {{0, -1, 0}, -8.0 - v_wall.y * t, CONCRETE, v_wall};
        bcue_path path = hand_reflect(from, bcue_vec3_add(to, bcue_vec3_scale(v_to, t)), &wall, 1);
        bcue_tap tap;
        CHECK_OK(bcue_channel_tap(r.channel, &path, rest, v_to, &tap, &error), error);
        if (i > 0) {
            double turn = carg(tap.gain.vv / before * cexp(-I * 2.0 * BCUE_PI * tap.doppler_hz * 1e-3));
            worst = fmax(worst, fabs(turn / (2.0 * BCUE_PI * 1e-3 * tap.doppler_hz)));
        }
        before = tap.gain.vv;
    }
    CHECK_AT(worst < 1e-3, "largest relative difference %g", worst);
    free_rig(&r);
}

/* Diffraction along a path is the knife edge of ITU-R P.526 for a metal screen: J(v) with v = 0 is 6 dB. */
static void diffraction(void)
{
    rig r = make_rig((bcue_channel_config){0});
    /* A screen below z = 3; the line of sight grazes its upper edge, or passes 0.3 m under it. */
    hand_wedge screen = {{0, 0, 3}, {1, 0, 0}, {0, -1, 0}, 2.0, {METAL, METAL}, {0, 0, 0}};
    bcue_vec3 from = {0, -20, 3}, to = {0, 30, 3};
    bcue_path open = hand_direct(from, to), bent = hand_diffract(from, to, &screen);
    double complex free = tap_of(&r, &open).gain.vv;
    /* On the boundary itself the field is half of the free one. */
    CHECK_NEAR(db(tap_of(&r, &bent).gain.vv / free), -6.02, 0.1);
    from.z = to.z = 2.7;
    open = hand_direct(from, to);
    bent = hand_diffract(from, to, &screen);
    double v = 0.3 * sqrt(2.0 / WAVELENGTH * (1.0 / 20.0 + 1.0 / 30.0));
    double j = 6.9 + 20.0 * log10(sqrt((v - 0.1) * (v - 0.1) + 1.0) + v - 0.1);
    CHECK_NEAR(-db(tap_of(&r, &bent).gain.vv / free), j, 0.5);
    CHECK_NEAR(-db(tap_of(&r, &bent).gain.hh / free), j, 0.5);
    free_rig(&r);
}

/* Off a metal plane and then round an edge is round the edge from the mirror image, whose horizontal field is
   turned over; the way back is the transpose. */
static void reflected_then_diffracted(void)
{
    rig r = make_rig((bcue_channel_config){0});
    hand_plane plane = {{0, 0, 1}, 0.0, METAL, {0, 0, 0}};
    int compared = 0;
    for (uint32_t c = 0; c < 300; c++) {
        bcue_rng rng = bcue_rng_make(8, BCUE_RNG_TEST, 3, 0, c);
        hand_wedge wedge = random_wedge(&rng);
        wedge.point.z = fabs(wedge.point.z) + 2.0;
        wedge.material[0] = wedge.material[1] = CONCRETE;
        bcue_vec3 from = hand_random(&rng, 10.0), to = hand_random(&rng, 10.0);
        from.z = fabs(from.z) + 1.0;
        bcue_vec3 image = hand_image(&plane, from);
        if (!in_air(&wedge, image) || !in_air(&wedge, to))
            continue;
        bcue_path straight = hand_diffract(image, to, &wedge);
        if (straight.at[0].point.z < 0.1)
            continue;
        bcue_path path = {.count = 2, .transmitter = from, .receiver = to};
        bcue_vec3 bounce = hand_cut(&plane, image, straight.at[0].point);
        path.at[0] = hand_meeting(&plane, BCUE_REFLECTION, bounce, from);
        path.at[1] = straight.at[0];
        path = hand_close(path);
        CHECK_NEAR(path.length_m, straight.length_m, 1e-9);
        bcue_jones a = tap_of(&r, &path).gain, b = tap_of(&r, &straight).gain;
        double scale = bcue_jones_norm(&b);
        CHECK(cabs(a.vv - b.vv) < 0.01 * scale && cabs(a.hv - b.hv) < 0.01 * scale);
        CHECK(cabs(a.vh + b.vh) < 0.01 * scale && cabs(a.hh + b.hh) < 0.01 * scale);
        CHECK(reverse_difference(&r, &path) < 1e-6);
        compared++;
    }
    CHECK(compared > 40);
    free_rig(&r);
}

/* The power over a patch does not depend on how finely it is cut, and the received power is that of the radar
   equation for a Lambertian surface; roughness weakens the specular path to match. */
static void scattering(void)
{
    rig r = make_rig((bcue_channel_config){.seed = 3});
    bcue_vec3 from = {-6, 0, 4}, to = {5, 1, 3}, point = {0.3, 0.2, 0};
    hand_plane ground = {{0, 0, 1}, 0.0, ROUGH, {0, 0, 0}}, smooth = {{0, 0, 1}, 0.0, CONCRETE, {0, 0, 0}};
    bcue_path path = hand_scatter(from, to, &ground, point, 0.25, 11);
    bcue_tap tap = tap_of(&r, &path);
    bcue_vec3 a = bcue_vec3_sub(point, from), b = bcue_vec3_sub(to, point);
    double ra = bcue_vec3_norm(a), rb = bcue_vec3_norm(b), ci = -a.z / ra, co = b.z / rb;
    bcue_plane_response plane = bcue_channel_plane(r.channel, CONCRETE, ci);
    double common = 0.25 * 0.25 * ci * co / BCUE_PI * pow(WAVELENGTH / (4.0 * BCUE_PI * ra * rb), 2.0);
    double sum = 2.0 * bcue_jones_unpolarised(&tap.gain);
    CHECK_NEAR(sum / (common * (bcue_power(plane.r_s) + bcue_power(plane.r_p))), 1.0, 1e-9);
    bcue_path weak = hand_reflect(from, to, &ground, 1), strong = hand_reflect(from, to, &smooth, 1);
    CHECK_NEAR(cabs(tap_of(&r, &weak).gain.vv / tap_of(&r, &strong).gain.vv), sqrt(0.75), 1e-9);
    /* Two diffusions in one path are no model. */
    bcue_error error = {0};
    path.at[1] = path.at[0];
    path.at[1].point = bcue_vec3_make(2, 1, 0.5);
    path.count = 2;
    path = hand_close(path);
    CHECK_STATUS(bcue_channel_tap(r.channel, &path, rest, rest, &tap, &error), BCUE_ERROR_UNSUPPORTED);
    free_rig(&r);
}

static void weather_and_warnings(void)
{
    bcue_weather weather = bcue_weather_clear();
    weather.rain_mm_h = 25.0;
    rig dry = make_rig((bcue_channel_config){0}), wet = make_rig((bcue_channel_config){.weather = &weather});
    bcue_path path = hand_direct(bcue_vec3_make(0, 0, 5), bcue_vec3_make(1000, 0, 5));
    double loss = db(tap_of(&dry, &path).gain.vv) - db(tap_of(&wet, &path).gain.vv);
    CHECK_NEAR(loss, 0.1964 * pow(25.0, 0.9277) + 0.1, 0.15);
    path.foliage_m = 5.0;
    CHECK_NEAR(db(tap_of(&dry, &path).gain.vv) - db(tap_of(&wet, &path).gain.vv) - loss,
               0.2 * pow(28000.0, 0.3) * pow(5.0, 0.6), 1e-6);
    size_t count = 0;
    CHECK_CONTAINS(bcue_channel_extrapolated(dry.channel, &count), "ground");
    CHECK(count >= 2);
    bcue_error error = {0};
    bcue_channel *none = NULL;
    bcue_channel_config config = {.carrier_hz = 10.0};
    CHECK_STATUS(bcue_channel_create(&dry.world, &config, &none, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "between 100 MHz and 1 THz");
    dry.world.materials[3].radio.roughness_m = 0.01;
    dry.world.materials[3].radio.scattering = 0.5;
    config.carrier_hz = CARRIER;
    CHECK_STATUS(bcue_channel_create(&dry.world, &config, &none, &error), BCUE_ERROR_CONFIG);
    free_rig(&dry);
    free_rig(&wet);
}

int main(void)
{
    RUN(two_rays);
    RUN(reciprocity);
    RUN(passivity);
    RUN(transmission);
    RUN(doppler);
    RUN(coefficient_turns);
    RUN(diffraction);
    RUN(reflected_then_diffracted);
    RUN(scattering);
    RUN(weather_and_warnings);
    return check_summary();
}

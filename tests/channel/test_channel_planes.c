/* Planes: half-space and layers against closed forms; power in equals power out; scattering lobes. */
#include "channel/fresnel.h"
#include "channel/scatter.h"
#include "hand_paths.h"

#define CARRIER 28e9
#define WAVELENGTH (BCUE_SPEED_OF_LIGHT / CARRIER)

static double complex eta_of(const char *name, double frequency_hz)
{
    bcue_radio_material material = hand_material(name, 0.0);
    return bcue_radio_permittivity(&material, frequency_hz, NULL);
}

/* P.2040 eqs. (43): R = R' (1 - e^-2jq) / (1 - R'^2 e^-2jq), T = (1 - R'^2) e^-jq / (1 - R'^2 e^-2jq). */
static void slab(void)
{
    static const char *const names[] = {"concrete", "glass", "wood", "plasterboard", "plywood", "vacuum"};
    for (size_t m = 0; m < 6; m++)
        for (double thickness = 0.001; thickness < 0.4; thickness *= 1.7)
            for (double c = 0.02; c <= 1.0; c += 0.049) {
                double complex eta = eta_of(names[m], CARRIER), root = csqrt(eta - (1.0 - c * c));
                double complex q = 2.0 * BCUE_PI * thickness / WAVELENGTH * root, turn = cexp(-I * q);
                bcue_layer layer = {eta, thickness};
                bcue_plane_response r = bcue_fresnel_layers(c, &layer, 1, WAVELENGTH);
                double complex air = cexp(I * 2.0 * BCUE_PI * thickness / WAVELENGTH * c);
                for (int p = 0; p < 2; p++) {
                    double complex half = p ? (eta * c - root) / (eta * c + root) : (c - root) / (c + root);
                    double complex loop = 1.0 - half * half * turn * turn;
                    CHECK(cabs((p ? r.r_p : r.r_s) - half * (1.0 - turn * turn) / loop) < 1e-10);
                    CHECK(cabs((p ? r.t_p : r.t_s) - (1.0 - half * half) * turn / loop * air) < 1e-10);
                }
            }
    bcue_layer air = {1.0, 0.3};
    bcue_plane_response r = bcue_fresnel_layers(0.4, &air, 1, WAVELENGTH);
    CHECK(cabs(r.t_s - 1.0) < 1e-12 && cabs(r.t_p - 1.0) < 1e-12 && cabs(r.r_s) < 1e-12 &&
          cabs(r.r_p) < 1e-12);
    bcue_layer thick = {eta_of("concrete", CARRIER), 5.0};
    r = bcue_fresnel_layers(0.7, &thick, 1, WAVELENGTH);
    CHECK(cabs(r.r_s - bcue_fresnel_s(0.7, thick.permittivity)) < 1e-12);
    CHECK(cabs(r.r_p - bcue_fresnel_p(0.7, thick.permittivity)) < 1e-12);
}

/* Chain matrices of transmission lines (Pozar), which go at it from the other end. */
static void layers(void)
{
    for (int c = 0; c < 500; c++) {
        bcue_rng rng = bcue_rng_make(3, BCUE_RNG_TEST, 0, 0, (uint32_t)c);
        bcue_layer stack[4];
        size_t count = 1 + bcue_rng_below(&rng, 4);
        double cosine = bcue_rng_range(&rng, 0.05, 1.0), whole = 0.0;
        for (size_t i = 0; i < count; i++) {
            stack[i] = (bcue_layer){bcue_rng_range(&rng, 1.1, 8.0) - bcue_rng_range(&rng, 0.0, 0.5) * I,
                                    bcue_rng_range(&rng, 0.001, 0.03)};
            whole += stack[i].thickness_m;
        }
        bcue_plane_response r = bcue_fresnel_layers(cosine, stack, count, WAVELENGTH);
        double k = 2.0 * BCUE_PI / WAVELENGTH;
        for (int p = 0; p < 2; p++) {
            double complex m[4] = {1, 0, 0, 1};
            for (size_t i = 0; i < count; i++) {
                double complex q = csqrt(stack[i].permittivity - (1.0 - cosine * cosine));
                double complex z = p ? q / stack[i].permittivity : 1.0 / q, d = k * stack[i].thickness_m * q;
                double complex b[4] = {ccos(d), I * z * csin(d), I / z * csin(d), ccos(d)};
                double complex n[4] = {m[0] * b[0] + m[1] * b[2], m[0] * b[1] + m[1] * b[3],
                                       m[2] * b[0] + m[3] * b[2], m[2] * b[1] + m[3] * b[3]};
                for (int i4 = 0; i4 < 4; i4++)
                    m[i4] = n[i4];
            }
            double complex z0 = p ? cosine : 1.0 / cosine;
            double complex sum = m[0] + m[1] / z0 + m[2] * z0 + m[3];
            double complex e_tangential = (m[0] + m[1] / z0 - m[2] * z0 - m[3]) / sum;
            CHECK(cabs((p ? r.r_p : r.r_s) - (p ? -e_tangential : e_tangential)) < 1e-9);
            CHECK(cabs((p ? r.t_p : r.t_s) - 2.0 / sum * cexp(I * k * whole * cosine)) < 1e-9);
        }
    }
}

/* |R|^2 + |T|^2 <= 1 for every class of P.2040, at all angles and frequencies. */
static void passive(void)
{
    const char *name;
    for (size_t m = 0; (name = bcue_radio_material_class(m)) != NULL; m++)
        for (double f = 1e9; f < 1e11; f *= 1.5)
            for (double c = 0.0; c <= 1.0; c += 0.01) {
                bcue_layer layer = {eta_of(name, f), 0.013};
                bcue_plane_response half = bcue_fresnel_half_space(c, layer.permittivity),
                                    r = bcue_fresnel_layers(c, &layer, 1, BCUE_SPEED_OF_LIGHT / f);
                CHECK(cabs(half.r_s) <= 1.0 + 1e-12 && cabs(half.r_p) <= 1.0 + 1e-12);
                CHECK(bcue_power(r.r_s) + bcue_power(r.t_s) <= 1.0 + 1e-9);
                CHECK(bcue_power(r.r_p) + bcue_power(r.t_p) <= 1.0 + 1e-9);
            }
}

/* The integral over the hemisphere above z = 0 of f(direction). */
typedef double (*over_hemisphere)(void *context, bcue_vec3 out);
static double integrate(over_hemisphere f, void *context)
{
    enum { N = 180 };
    double sum = 0.0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < 2 * N; j++) {
            double zenith = ((double)i + 0.5) / N * 0.5 * BCUE_PI, azimuth = BCUE_PI * ((double)j + 0.5) / N;
            bcue_vec3 out = {sin(zenith) * cos(azimuth), sin(zenith) * sin(azimuth), cos(zenith)};
            sum += f(context, out) * sin(zenith);
        }
    return sum * (0.5 * BCUE_PI / N) * (BCUE_PI / N);
}

typedef struct rough {
    bcue_radio_material material;
    bcue_plane_response plane;
    bcue_field incident;
    bcue_vec3 in;
    double scattered;
} rough;

static const bcue_vec3 up = {0, 0, 1};

static double lobe(void *context, bcue_vec3 out)
{
    const rough *r = context;
    return bcue_scatter_lobe_value(&r->material, r->in, out, up);
}

static double sent(void *context, bcue_vec3 out)
{
    const rough *r = context;
    bcue_field e =
        bcue_scatter_field(&r->material, &r->plane, r->scattered, r->incident, r->in, out, up, 9, 2, 3);
    CHECK(cabs(bcue_field_dot(e, out)) < 1e-12);
    return bcue_power(e.x) + bcue_power(e.y) + bcue_power(e.z);
}

static void lobes_are_normalised(void)
{
    for (int alpha = 0; alpha <= 12; alpha++)
        for (double c = 0.1; c <= 1.0; c += 0.3) {
            rough r = {.in = {sqrt(1.0 - c * c), 0, -c}};
            r.material.lobe = alpha ? BCUE_LOBE_DIRECTIVE : BCUE_LOBE_LAMBERTIAN;
            r.material.lobe_exponent = alpha;
            CHECK_NEAR(integrate(lobe, &r), 1.0, 2e-3);
        }
}

/* Specular + scattered + transmitted power is what the smooth surface would reflect and transmit, at most 1.
 */
static void hemisphere_balance(void)
{
    for (int c = 0; c < 24; c++) {
        bcue_rng rng = bcue_rng_make(4, BCUE_RNG_TEST, 0, 0, (uint32_t)c);
        double zenith = bcue_rng_range(&rng, 0.0, 1.5), azimuth = bcue_rng_range(&rng, 0.0, 6.0);
        rough r = {.material = hand_material(c % 2 ? "concrete" : "glass", 0.01),
                   .in = {sin(zenith) * cos(azimuth), sin(zenith) * sin(azimuth), -cos(zenith)}};
        double cosine = cos(zenith);
        if (c % 3 == 0)
            r.material.roughness_m = 0.0007;
        else
            r.material.scattering = bcue_rng_uniform(&rng);
        r.material.cross_polarisation = bcue_rng_uniform(&rng);
        r.material.lobe = c % 4 < 2 ? BCUE_LOBE_LAMBERTIAN : BCUE_LOBE_DIRECTIVE;
        bcue_layer layer = {bcue_radio_permittivity(&r.material, CARRIER, NULL), r.material.thickness_m};
        r.plane = bcue_fresnel_layers(cosine, &layer, 1, WAVELENGTH);
        double factor = bcue_radio_specular_factor(&r.material, cosine, WAVELENGTH);
        r.scattered = sqrt(1.0 - factor * factor);
        /* A field across the ray, turned at random; its s and p parts. */
        bcue_vec3 s = bcue_vec3_unit(bcue_vec3_cross(r.in, up)), p = bcue_vec3_cross(r.in, s);
        double angle = bcue_rng_range(&rng, 0.0, 6.0), ps = cos(angle) * cos(angle), pp = 1.0 - ps;
        r.incident = bcue_field_add(bcue_field_add((bcue_field){0}, cos(angle), s), sin(angle) * I, p);
        double reflection = ps * bcue_power(r.plane.r_s) + pp * bcue_power(r.plane.r_p);
        double transmission = ps * bcue_power(r.plane.t_s) + pp * bcue_power(r.plane.t_p);
        double scattered = integrate(sent, &r) / cosine;
        CHECK_NEAR(factor * factor * reflection + scattered, reflection, 0.01 * reflection);
        CHECK(factor * factor * reflection + scattered + transmission <= 1.01);
    }
}

/* The phases of a patch stay with it, and differ from patch to patch. */
static void phases_belong_to_patches(void)
{
    rough r = {.material = hand_material("concrete", 0.0), .in = {0.6, 0, -0.8}, .scattered = 0.5};
    r.plane = bcue_fresnel_half_space(0.8, 5.0);
    r.incident = bcue_field_along(bcue_vec3_make(0, 1, 0));
    bcue_vec3 out = {0, 0.6, 0.8};
    bcue_field a = bcue_scatter_field(&r.material, &r.plane, 0.5, r.incident, r.in, out, up, 1, 2, 3);
    bcue_field b = bcue_scatter_field(&r.material, &r.plane, 0.5, r.incident, r.in, out, up, 1, 2, 3);
    bcue_field c = bcue_scatter_field(&r.material, &r.plane, 0.5, r.incident, r.in, out, up, 1, 2, 4);
    CHECK(a.x == b.x && a.y == b.y && a.z == b.z);
    CHECK(cabs(a.x - c.x) > 1e-3 * cabs(a.x));
    CHECK_NEAR(cabs(a.x), cabs(c.x), 1e-12);
}

int main(void)
{
    RUN(slab);
    RUN(layers);
    RUN(passive);
    RUN(lobes_are_normalised);
    RUN(hemisphere_balance);
    RUN(phases_belong_to_patches);
    return check_summary();
}

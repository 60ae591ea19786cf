#include "world/radio_material.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "base/fail.h"
#include "base/vec3.h"

#define VACUUM_PERMITTIVITY 8.8541878128e-12 /* F/m */

typedef struct itu_range {
    double min_ghz, max_ghz, a, b, c, d;
} itu_range;

enum { MAX_RANGES = 5 };

typedef struct itu_class {
    const char *name;
    itu_range ranges[MAX_RANGES]; /* the first that holds the frequency counts; max_ghz 0: no more */
    double moisture;              /* of ground beyond its range; 0: no ground */
} itu_class;

/* ITU-R P.2040-4, section 2.1.4. */
static const itu_class classes[] = {
    {"vacuum", {{0.001, 100, 1.0, 0, 0, 0}}, 0},
    {"concrete", {{1, 100, 5.24, 0, 0.0462, 0.7822}, {110, 330, 5.17, 0, 0.0145, 1.09}}, 0},
    {"brick", {{1, 40, 3.91, 0, 0.0238, 0.16}, {110, 330, 4.15, 0, 0.0006, 1.5712}}, 0},
    {"plasterboard",
     {{1, 100, 2.73, 0, 0.0085, 0.9395},
      {110, 330, 2.56, 0, 0.0001, 1.7799},
      {100, 400, 2.65, 0, 0.0002, 1.598}},
     0},
    {"wood",
     {{0.001, 100, 1.99, 0, 0.0047, 1.0718},
      {110, 330, 1.82, 0, 0.0040, 1.0761},
      {100, 400, 2.1183, 0, 0.0055, 1.1113}},
     0},
    {"glass",
     {{0.1, 100, 6.31, 0, 0.0036, 1.3394},
      {220, 450, 5.79, 0, 0.0004, 1.658},
      {100, 400, 6.5767, 0, 0.0012, 1.4697}},
     0},
    {"clear_acrylic", {{110, 330, 2.58, 0, 0.0001, 1.6524}}, 0},
    {"ceiling_board",
     {{1, 100, 1.48, 0, 0.0011, 1.075},
      {220, 450, 1.52, 0, 0.0029, 1.029},
      {100, 400, 1.2567, 0, 0.00013, 1.454}},
     0},
    {"chipboard", {{1, 100, 2.58, 0, 0.0217, 0.78}, {100, 200, 2.16, 0, 0.0023, 1.359}}, 0},
    {"plywood",
     {{1, 40, 2.71, 0, 0.33, 0}, {110, 330, 1.94, 0, 0.0067, 0.9982}, {100, 400, 2.17, 0, 0.0063, 1.045}},
     0},
    {"marble",
     {{1, 60, 7.074, 0, 0.0055, 0.9262},
      {110, 330, 7.94, 0, 0.0001, 1.733},
      {100, 400, 8.62, 0, 0.0027, 1.15}},
     0},
    {"floorboard",
     {{50, 100, 3.66, 0, 0.0044, 1.3515},
      {220, 300, 5.27, 0, 2.22e-17, 7.3413},
      {300, 400, 5.27, 0, 0.0003, 2.0298},
      {400, 450, 5.27, 0, 49.8726, 0},
      {100, 400, 3.1575, 0, 0.001675, 1.32775}},
     0},
    {"vinyl_tile", {{1, 40, 3.62, 0, 0.0051, 0.8422}}, 0},
    {"carpet_tile", {{1, 40, 2.08, 0, 0.0009, 0.82}}, 0},
    {"asphalt_concrete", {{1, 40, 4.83, 0, 0.0108, 1.3969}}, 0},
    {"metal", {{1, 100, 1.0, 0, 1e7, 0}}, 0},
    {"very_dry_ground", {{1, 10, 3.0, 0, 0.00015, 2.52}}, 0.01},
    {"medium_dry_ground", {{1, 10, 15.0, -0.1, 0.035, 1.63}}, 0.21},
    {"wet_ground", {{1, 10, 30.0, -0.4, 0.15, 1.3}}, 0.235},
};
enum { CLASS_COUNT = sizeof classes / sizeof classes[0] };

const char *bcue_radio_material_class(size_t index)
{
    return index < CLASS_COUNT ? classes[index].name : NULL;
}

/* Equal but for case and for what separates words. */
static bool same_name(const char *class_name, const char *name)
{
    for (; *class_name && *name; class_name++, name++) {
        char c = *name == ' ' || *name == '-' ? '_' : (char)tolower((unsigned char)*name);
        if (c != *class_name)
            return false;
    }
    return !*class_name && !*name;
}

bcue_status bcue_radio_material_named(const char *name, bcue_radio_material *material, bcue_error *error)
{
    const char *bare = name;
    if (strncmp(name, "itu_", 4) == 0 || strncmp(name, "itu-", 4) == 0)
        bare += 4;
    for (int i = 0; i < CLASS_COUNT; i++) {
        if (!same_name(classes[i].name, bare))
            continue;
        const itu_range *r = &classes[i].ranges[0];
        *material = (bcue_radio_material){.a = r->a,
                                          .b = r->b,
                                          .c = r->c,
                                          .d = r->d,
                                          .min_hz = r->min_ghz * 1e9,
                                          .max_hz = r->max_ghz * 1e9,
                                          .itu = i + 1,
                                          .lobe_exponent = 4};
        snprintf(material->name, sizeof material->name, "%s", classes[i].name);
        return BCUE_OK;
    }
    char list[400] = "";
    for (size_t i = 0, at = 0; i < CLASS_COUNT && at < sizeof list; i++)
        at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", i ? ", " : "", classes[i].name);
    return bcue_fail(
        error, BCUE_ERROR_DATA,
        "\"%.60s\" is no radio material; ITU-R P.2040-4 has %s. Give it one of these names, or a, b, "
        "c, d of its own",
        name, list);
}

bcue_status bcue_radio_material_check(const bcue_radio_material *m, bcue_error *error)
{
    if (!(isfinite(m->a) && isfinite(m->b) && isfinite(m->c) && isfinite(m->d) && m->a > 0.0 && m->c >= 0.0))
        return bcue_fail(error, BCUE_ERROR_CONFIG,
                         "radio material %s: a must be positive and c not negative (a %g, b %g, c %g, d %g)",
                         m->name, m->a, m->b, m->c, m->d);
    if (!(m->min_hz > 0.0 && m->max_hz >= m->min_hz))
        return bcue_fail(
            error, BCUE_ERROR_CONFIG,
            "radio material %s: its frequency range is %g to %g Hz; it must be positive and rising", m->name,
            m->min_hz, m->max_hz);
    if (m->slab && !(m->thickness_m > 0.0 && isfinite(m->thickness_m)))
        return bcue_fail(
            error, BCUE_ERROR_CONFIG,
            "radio material %s: a slab needs a positive thickness, not %g m; or make it a half-space",
            m->name, m->thickness_m);
    if (!(m->scattering >= 0.0 && m->scattering <= 1.0))
        return bcue_fail(error, BCUE_ERROR_CONFIG,
                         "radio material %s: the scattering coefficient is %g; it lies between 0 and 1",
                         m->name, m->scattering);
    if (!(m->roughness_m >= 0.0 && isfinite(m->roughness_m)))
        return bcue_fail(error, BCUE_ERROR_CONFIG,
                         "radio material %s: the roughness is %g m; it cannot be negative", m->name,
                         m->roughness_m);
    if (m->scattering > 0.0 && m->roughness_m > 0.0)
        return bcue_fail(
            error, BCUE_ERROR_CONFIG,
            "radio material %s: it has both a scattering coefficient (%g) and a roughness (%g m), which "
            "would weaken the reflection twice; give one of them",
            m->name, m->scattering, m->roughness_m);
    if (!(m->cross_polarisation >= 0.0 && m->cross_polarisation <= 1.0))
        return bcue_fail(error, BCUE_ERROR_CONFIG,
                         "radio material %s: the cross-polarised share is %g; it lies between 0 and 1",
                         m->name, m->cross_polarisation);
    if (m->lobe == BCUE_LOBE_DIRECTIVE && !(m->lobe_exponent >= 1 && m->lobe_exponent <= 100))
        return bcue_fail(
            error, BCUE_ERROR_CONFIG,
            "radio material %s: the exponent of its scattering lobe is %d; it lies between 1 and 100",
            m->name, m->lobe_exponent);
    return BCUE_OK;
}

double complex bcue_soil_permittivity(const bcue_soil *soil, double frequency_hz)
{
    double f = frequency_hz * 1e-9, theta = 300.0 / (soil->temperature_c + 273.15) - 1.0;
    /* Pure water: two Debye relaxations. */
    double f1 = 20.20 - 146.4 * theta + 316.0 * theta * theta, f2 = 39.8 * f1;
    double still = 77.66 + 103.3 * theta, middle = 0.0671 * still, fast = 3.52 - 7.52 * theta;
    double first = (still - middle) / (1.0 + (f / f1) * (f / f1));
    double second = (middle - fast) / (1.0 + (f / f2) * (f / f2));
    double real = first + second + fast, imaginary = f / f1 * first + f / f2 * second;
    /* Conductivity of the water in the soil. */
    double sand = soil->sand_percent, clay = soil->clay_percent, bulk = soil->bulk_density;
    double gravity = soil->specific_gravity, moisture = soil->moisture;
    double sigma1 = 0.0467 + 0.2204 * bulk - 0.004111 * sand - 0.006614 * clay;
    double sigma2 = -1.645 + 1.939 * bulk - 0.0225622 * sand + 0.01594 * clay;
    double common = (sigma1 - sigma2) / (1.0 + (f / 1.35) * (f / 1.35));
    double share = 18.0 / f * (gravity - bulk) / (gravity * moisture);
    real = fmax(real + f / 1.35 * common * share, 0.0);
    imaginary = fmax(imaginary + (sigma2 + common) * share, 0.0);
    /* Mixture of grains, air and water. */
    const double alpha = 0.65;
    double beta1 = 1.2748 - 0.00519 * sand - 0.00152 * clay;
    double beta2 = 1.33797 - 0.00603 * sand - 0.00166 * clay;
    double grain = (1.01 + 0.44 * gravity) * (1.01 + 0.44 * gravity) - 0.062;
    double mixed =
        1.0 + bulk / gravity * (pow(grain, alpha) - 1.0) + pow(moisture, beta1) * pow(real, alpha) - moisture;
    return pow(mixed, 1.0 / alpha) - pow(pow(moisture, beta2) * pow(imaginary, alpha), 1.0 / alpha) * I;
}

static double complex from_formula(double a, double b, double c, double d, double frequency_hz)
{
    double f = frequency_hz * 1e-9;
    return a * pow(f, b) - c * pow(f, d) / (2.0 * BCUE_PI * frequency_hz * VACUUM_PERMITTIVITY) * I;
}

/* How far outside of a range, as a ratio; 1 within it. */
static double distance(const itu_range *range, double ghz)
{
    return ghz < range->min_ghz ? range->min_ghz / ghz : ghz > range->max_ghz ? ghz / range->max_ghz : 1.0;
}

double complex bcue_radio_permittivity(const bcue_radio_material *material, double frequency_hz,
                                       bool *extrapolated)
{
    itu_range own = {
        material->min_hz * 1e-9, material->max_hz * 1e-9, material->a, material->b, material->c, material->d};
    const itu_range *best = &own;
    double ghz = frequency_hz * 1e-9, moisture = 0.0;
    if (material->itu >= 1 && material->itu <= CLASS_COUNT) {
        const itu_class *class = &classes[material->itu - 1];
        best = &class->ranges[0];
        moisture = class->moisture;
        for (int i = 1; i<MAX_RANGES &&class->ranges[i].max_ghz> 0.0; i++)
            if (distance(&class->ranges[i], ghz) < distance(best, ghz))
                best = &class->ranges[i];
    }
    if (distance(best, ghz) > 1.0 && extrapolated)
        *extrapolated = true;
    if (moisture > 0.0 && ghz > best->max_ghz) {
        bcue_soil soil = {51.52, 13.42, 2.66, 1.6006, moisture, 20.0};
        return bcue_soil_permittivity(&soil, frequency_hz);
    }
    return from_formula(best->a, best->b, best->c, best->d, frequency_hz);
}

double bcue_radio_specular_factor(const bcue_radio_material *material, double cos_incidence,
                                  double wavelength_m)
{
    if (material->roughness_m > 0.0) {
        double phase = 2.0 * BCUE_PI / wavelength_m * material->roughness_m * cos_incidence;
        return exp(-2.0 * phase * phase);
    }
    return sqrt(1.0 - material->scattering * material->scattering);
}

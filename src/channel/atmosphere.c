#include "channel/atmosphere.h"

#include <math.h>
#include <stddef.h>
#include "base/vec3.h"

#include "channel/gas_lines.inc.h"

/* ---- rain ---- */

/* sum of a exp(-((log10 f - b) / c)^2), plus slope log10 f + offset. */
typedef struct rain_curve {
    int terms;
    double a[5], b[5], c[5], slope, offset;
} rain_curve;

static const rain_curve log_k_h = {4,
                                   {-5.33980, -0.35351, -0.23789, -0.94158},
                                   {-0.10008, 1.26970, 0.86036, 0.64552},
                                   {1.13098, 0.45400, 0.15354, 0.16817},
                                   -0.18961,
                                   0.71147};
static const rain_curve log_k_v = {4,
                                   {-3.80595, -3.44965, -0.39902, 0.50167},
                                   {0.56934, -0.22911, 0.73042, 1.07319},
                                   {0.81061, 0.51059, 0.11899, 0.27195},
                                   -0.16398,
                                   0.63297};
static const rain_curve alpha_h = {5,
                                   {-0.14318, 0.29591, 0.32177, -5.37610, 16.1721},
                                   {1.82442, 0.77564, 0.63773, -0.96230, -3.29980},
                                   {-0.55187, 0.19822, 0.13164, 1.47828, 3.43990},
                                   0.67849,
                                   -1.95537};
static const rain_curve alpha_v = {5,
                                   {-0.07771, 0.56727, -0.20238, -48.2991, 48.5833},
                                   {2.33840, 0.95545, 1.14520, 0.791669, 0.791459},
                                   {-0.76284, 0.54039, 0.26809, 0.116226, 0.116479},
                                   -0.053739,
                                   0.83433};

static double curve(const rain_curve *c, double log_f)
{
    double sum = c->slope * log_f + c->offset;
    for (int j = 0; j < c->terms; j++) {
        double x = (log_f - c->b[j]) / c->c[j];
        sum += c->a[j] * exp(-x * x);
    }
    return sum;
}

bcue_rain_law bcue_rain_coefficients(double frequency_hz, double elevation, double tilt)
{
    double log_f = log10(frequency_hz * 1e-9);
    double kh = pow(10.0, curve(&log_k_h, log_f)), kv = pow(10.0, curve(&log_k_v, log_f));
    double ah = curve(&alpha_h, log_f), av = curve(&alpha_v, log_f);
    double share = cos(elevation) * cos(elevation) * cos(2.0 * tilt);
    double k = 0.5 * (kh + kv + (kh - kv) * share);
    return (bcue_rain_law){k, (kh * ah + kv * av + (kh * ah - kv * av) * share) / (2.0 * k)};
}

double bcue_rain_db_per_km(double frequency_hz, double rain_mm_h, double elevation, double tilt)
{
    if (!(rain_mm_h > 0.0))
        return 0.0;
    bcue_rain_law law = bcue_rain_coefficients(frequency_hz, elevation, tilt);
    return law.k * pow(rain_mm_h, law.alpha);
}

/* ---- fog ---- */

double bcue_fog_db_per_km(double frequency_hz, double water_g_m3, double temperature_c)
{
    if (!(water_g_m3 > 0.0))
        return 0.0;
    double f = frequency_hz * 1e-9, theta = 300.0 / (temperature_c + 273.15) - 1.0;
    double still = 77.66 + 103.3 * theta, middle = 0.0671 * still, fast = 3.52;
    double f1 = 20.20 - 146.0 * theta + 316.0 * theta * theta, f2 = 39.8 * f1;
    double first = (still - middle) / (1.0 + (f / f1) * (f / f1));
    double second = (middle - fast) / (1.0 + (f / f2) * (f / f2));
    double real = first + second + fast, imaginary = f / f1 * first + f / f2 * second;
    double eta = (2.0 + real) / imaginary;
    return 0.819 * f / (imaginary * (1.0 + eta * eta)) * water_g_m3;
}

/* ---- gases ---- */

static double oxygen(double f, double p, double e, double theta)
{
    double sum = 0.0;
    for (size_t i = 0; i < sizeof oxygen_lines / sizeof oxygen_lines[0]; i++) {
        const double *line = oxygen_lines[i];
        double f0 = line[0];
        double strength = line[1] * 1e-7 * p * pow(theta, 3.0) * exp(line[2] * (1.0 - theta));
        double width = line[3] * 1e-4 * (p * pow(theta, 0.8 - line[4]) + 1.1 * e * theta);
        width = sqrt(width * width + 2.25e-6); /* Zeeman splitting */
        double mixing = (line[5] + line[6] * theta) * 1e-4 * (p + e) * pow(theta, 0.8);
        double shape = f / f0 *
                       ((width - mixing * (f0 - f)) / ((f0 - f) * (f0 - f) + width * width) +
                        (width - mixing * (f0 + f)) / ((f0 + f) * (f0 + f) + width * width));
        sum += strength * shape;
    }
    double d = 5.6e-4 * (p + e) * pow(theta, 0.8);
    double continuum = f * p * theta * theta *
                       (6.14e-5 / (d * (1.0 + (f / d) * (f / d))) +
                        1.4e-12 * p * pow(theta, 1.5) / (1.0 + 1.9e-5 * pow(f, 1.5)));
    return sum + continuum;
}

static double vapour(double f, double p, double e, double theta)
{
    double sum = 0.0;
    for (size_t i = 0; i < sizeof vapour_lines / sizeof vapour_lines[0]; i++) {
        const double *line = vapour_lines[i];
        double f0 = line[0];
        double strength = line[1] * 1e-1 * e * pow(theta, 3.5) * exp(line[2] * (1.0 - theta));
        double width = line[3] * 1e-4 * (p * pow(theta, line[4]) + line[5] * e * pow(theta, line[6]));
        width = 0.535 * width + sqrt(0.217 * width * width + 2.1316e-12 * f0 * f0 / theta); /* Doppler */
        sum +=
            strength * f / f0 *
            (width / ((f0 - f) * (f0 - f) + width * width) + width / ((f0 + f) * (f0 + f) + width * width));
    }
    return sum;
}

/* Partial pressure of water vapour, hPa. */
static double vapour_pressure(double vapour_g_m3, double temperature_c)
{
    return vapour_g_m3 * (temperature_c + 273.15) / 216.7;
}

bcue_gas_loss bcue_gas_db_per_km(double frequency_hz, double dry_pressure_hpa, double vapour_g_m3,
                                 double temperature_c)
{
    double f = frequency_hz * 1e-9, theta = 300.0 / (temperature_c + 273.15);
    double e = vapour_pressure(vapour_g_m3, temperature_c);
    return (bcue_gas_loss){0.1820 * f * oxygen(f, dry_pressure_hpa, e, theta),
                           0.1820 * f * vapour(f, dry_pressure_hpa, e, theta)};
}

/* ---- leaves, and all together ---- */

double bcue_foliage_db(double frequency_hz, double depth_m)
{
    return depth_m > 0.0 ? 0.2 * pow(frequency_hz * 1e-6, 0.3) * pow(depth_m, 0.6) : 0.0;
}

double bcue_weather_db_per_km(double frequency_hz, const bcue_weather *weather)
{
    double dry = weather->pressure_hpa - vapour_pressure(weather->vapour_g_m3, weather->temperature_c);
    bcue_gas_loss gas =
        bcue_gas_db_per_km(frequency_hz, fmax(dry, 0.0), weather->vapour_g_m3, weather->temperature_c);
    return gas.dry_db_per_km + gas.vapour_db_per_km +
           bcue_rain_db_per_km(frequency_hz, weather->rain_mm_h, 0.0, 0.5 * BCUE_PI) +
           bcue_fog_db_per_km(frequency_hz, weather->fog_water_g_m3, weather->temperature_c);
}

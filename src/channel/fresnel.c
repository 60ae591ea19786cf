#include "channel/fresnel.h"

#include <math.h>
#include "base/vec3.h"

/* The root with a negative imaginary part: the wave decays into the half-space. */
static double complex root(double cos_incidence, double complex permittivity)
{
    return csqrt(permittivity - (1.0 - cos_incidence * cos_incidence));
}

/* Grazing along air 0 / 0 stands for: nothing is reflected. */
static double complex ratio(double complex above, double complex below)
{
    return below == 0.0 ? 0.0 : above / below;
}

double complex bcue_fresnel_s(double cos_incidence, double complex permittivity)
{
    double complex q = root(cos_incidence, permittivity);
    return ratio(cos_incidence - q, cos_incidence + q);
}

double complex bcue_fresnel_p(double cos_incidence, double complex permittivity)
{
    double complex q = root(cos_incidence, permittivity);
    return ratio(permittivity * cos_incidence - q, permittivity * cos_incidence + q);
}

bcue_plane_response bcue_fresnel_half_space(double cos_incidence, double complex permittivity)
{
    return (bcue_plane_response){.r_s = bcue_fresnel_s(cos_incidence, permittivity),
                                 .r_p = bcue_fresnel_p(cos_incidence, permittivity)};
}

/* One polarisation: from the last interface back to the first. The tangential field (E for s, H for p, which
   is continuous) has the reflection (Y_a - Y_b) / (Y_a + Y_b) and the transmission 1 + r, with Y = q for s
   and q / eta for p; in air on both sides H and E are transmitted alike. */
static void stack(double cos_incidence, const bcue_layer *layers, size_t count, double wavenumber, int p,
                  double complex *reflection, double complex *transmission)
{
    double complex behind = cos_incidence, r = 0.0, t = 1.0;
    for (size_t i = count + 1; i-- > 0;) {
        /* The interface in front of `behind`: between layer i - 1 (air for 0) and layer i. */
        double complex q = i == 0 ? cos_incidence : root(cos_incidence, layers[i - 1].permittivity);
        double complex admittance = i == 0 ? cos_incidence : p ? q / layers[i - 1].permittivity : q;
        double complex pass = 1.0;
        if (i < count) {
            double complex inside = root(cos_incidence, layers[i].permittivity);
            pass = cexp(-I * wavenumber * layers[i].thickness_m * inside);
        }
        double complex own = (admittance - behind) / (admittance + behind);
        double complex round = r * pass * pass, loop = 1.0 + own * round;
        t = (1.0 + own) * pass * t / loop;
        r = (own + round) / loop;
        behind = admittance;
    }
    *reflection = r;
    *transmission = t;
}

bcue_plane_response bcue_fresnel_layers(double cos_incidence, const bcue_layer *layers, size_t count,
                                        double wavelength_m)
{
    bcue_plane_response made;
    double wavenumber = 2.0 * BCUE_PI / wavelength_m, thickness = 0.0;
    for (size_t i = 0; i < count; i++)
        thickness += layers[i].thickness_m;
    if (cos_incidence <= 0.0)
        return (bcue_plane_response){.r_s = count ? -1.0 : 0.0,
                                     .r_p = count ? -1.0 : 0.0,
                                     .t_s = count ? 0.0 : 1.0,
                                     .t_p = count ? 0.0 : 1.0};
    stack(cos_incidence, layers, count, wavenumber, 0, &made.r_s, &made.t_s);
    stack(cos_incidence, layers, count, wavenumber, 1, &made.r_p, &made.t_p);
    double phase = wavenumber * thickness * cos_incidence;
    double complex air = cos(phase) + sin(phase) * I;
    made.t_s *= air;
    made.t_p *= air;
    return made;
}

#include "channel/fresnel.h"

/* The root with a negative imaginary part: the wave decays into the half-space. */
static double complex root(double cos_incidence, double complex permittivity)
{
    return csqrt(permittivity - (1.0 - cos_incidence * cos_incidence));
}

double complex bcue_fresnel_s(double cos_incidence, double complex permittivity)
{
    double complex q = root(cos_incidence, permittivity);
    return (cos_incidence - q) / (cos_incidence + q);
}

double complex bcue_fresnel_p(double cos_incidence, double complex permittivity)
{
    double complex q = root(cos_incidence, permittivity);
    return (permittivity * cos_incidence - q) / (permittivity * cos_incidence + q);
}

#include "channel/scatter.h"

#include "base/rng.h"

/* F_alpha: the integral of ((1 + cos psi) / 2)^alpha over the hemisphere, for incidence at theta
   (Degli-Esposti et al., eqs. (10) and (11)). */
static double directive_norm(int alpha, double cos_incidence)
{
    double sin_square = fmax(0.0, 1.0 - cos_incidence * cos_incidence);
    /* odd[j]: cos theta sum over w = 0 .. (j - 1) / 2 of (2w choose w) sin^2w / 4^w */
    double sum = 0.0, binomial = 1.0, central = 1.0, odd = cos_incidence;
    for (int j = 0; j <= alpha; j++) {
        double integral = 2.0 * BCUE_PI / (double)(j + 1);
        if (j % 2 == 1) {
            if (j > 1) {
                double w = 0.5 * (double)(j - 1);
                central *= (2.0 * w - 1.0) / (2.0 * w) * sin_square;
                odd += cos_incidence * central;
            }
            integral *= odd;
        }
        sum += binomial * integral;
        binomial *= (double)(alpha - j) / (double)(j + 1);
    }
    return ldexp(sum, -alpha);
}

double bcue_scatter_lobe_value(const bcue_radio_material *material, bcue_vec3 in, bcue_vec3 out,
                               bcue_vec3 normal)
{
    double cos_in = -bcue_vec3_dot(in, normal), cos_out = bcue_vec3_dot(out, normal);
    if (cos_in <= 0.0 || cos_out <= 0.0)
        return 0.0;
    if (material->lobe == BCUE_LOBE_LAMBERTIAN)
        return cos_out / BCUE_PI;
    bcue_vec3 specular = bcue_vec3_add(in, bcue_vec3_scale(normal, 2.0 * cos_in));
    double base = 0.5 * (1.0 + bcue_vec3_dot(specular, out));
    return pow(fmax(base, 0.0), (double)material->lobe_exponent) /
           directive_norm(material->lobe_exponent, fmin(cos_in, 1.0));
}

/* s across the plane of ray and normal, p = direction x s. */
static void basis(bcue_vec3 direction, bcue_vec3 normal, bcue_vec3 *s, bcue_vec3 *p)
{
    bcue_vec3 across = bcue_vec3_cross(direction, normal);
    if (bcue_vec3_norm(across) < 1e-9)
        across = bcue_vec3_cross(direction,
                                 fabs(normal.x) < 0.9 ? bcue_vec3_make(1, 0, 0) : bcue_vec3_make(0, 1, 0));
    *s = bcue_vec3_unit(across);
    *p = bcue_vec3_cross(direction, *s);
}

bcue_field bcue_scatter_field(const bcue_radio_material *material, const bcue_plane_response *response,
                              double scattered, bcue_field incident, bcue_vec3 in, bcue_vec3 out,
                              bcue_vec3 normal, uint64_t seed, uint32_t instance, uint32_t patch)
{
    bcue_vec3 s_in, p_in, s_out, p_out;
    basis(in, normal, &s_in, &p_in);
    basis(out, normal, &s_out, &p_out);
    double complex s = cabs(response->r_s) * bcue_field_dot(incident, s_in);
    double complex p = cabs(response->r_p) * bcue_field_dot(incident, p_in);
    bcue_rng rng = bcue_rng_make(seed, BCUE_RNG_SCATTER, 0, instance, patch);
    double a = bcue_rng_range(&rng, 0.0, 2.0 * BCUE_PI), b = bcue_rng_range(&rng, 0.0, 2.0 * BCUE_PI),
           c = bcue_rng_range(&rng, 0.0, 2.0 * BCUE_PI);
    /* A unitary matrix with random phases: no power is made or lost in changing over. */
    double keep = sqrt(1.0 - material->cross_polarisation), change = sqrt(material->cross_polarisation);
    double complex s_sent = keep * bcue_turn(a) * s + change * bcue_turn(b) * p;
    double complex p_sent = change * bcue_turn(c) * s - keep * bcue_turn(b + c - a) * p;
    double cos_in = -bcue_vec3_dot(in, normal);
    double amplitude =
        scattered * sqrt(fmax(cos_in, 0.0) * bcue_scatter_lobe_value(material, in, out, normal));
    bcue_field made = {0.0, 0.0, 0.0};
    made = bcue_field_add(made, amplitude * s_sent, s_out);
    return bcue_field_add(made, amplitude * p_sent, p_out);
}

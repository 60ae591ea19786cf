/* Reflection and transmission of a plane wave at half-spaces and layers in air. Time convention exp(+j omega
   t). Field coefficients (ITU-R P.2040, section 2.2); the E-field of the p polarisation (TM) is referred to
   p = k x s on either side. */
#ifndef BCUE_CHANNEL_FRESNEL_H
#define BCUE_CHANNEL_FRESNEL_H

#include <complex.h>
#include <stddef.h>

/* Reflection from a half-space. cos_incidence: cosine of the angle between ray and normal, 0 (grazing) to 1;
   permittivity = eta' - j eta'' (relative). s (TE): (cos i - q) / (cos i + q),  p (TM): (eta cos i - q) /
   (eta cos i + q),  q = sqrt(eta - sin^2 i). */
double complex bcue_fresnel_s(double cos_incidence, double complex permittivity);
double complex bcue_fresnel_p(double cos_incidence, double complex permittivity);

/* What a plane surface does to both polarisations. */
typedef struct bcue_plane_response {
    double complex r_s, r_p, t_s, t_p;
} bcue_plane_response;

/* A half-space: nothing comes through. */
bcue_plane_response bcue_fresnel_half_space(double cos_incidence, double complex permittivity);

typedef struct bcue_layer {
    double complex permittivity;
    double thickness_m;
} bcue_layer;

/* Layers in air, the first on the side of the wave (P.2040 eqs. (43) and following). t_s and t_p compare the
   wave behind the layers with what would be there without them (a layer of air gives 1): the coefficient from
   face to face times exp(+j k thickness cos i). No layer: r = 0, t = 1. */
bcue_plane_response bcue_fresnel_layers(double cos_incidence, const bcue_layer *layers, size_t count,
                                        double wavelength_m);

#endif

/* Diffuse scattering from rough surfaces (the effective roughness model of Degli-Esposti et al., "Measurement
   and modelling of scattering from buildings", IEEE Trans. Antennas Propag. 55, 2007). */
#ifndef BCUE_CHANNEL_SCATTER_H
#define BCUE_CHANNEL_SCATTER_H

#include <stdint.h>
#include "channel/field.h"
#include "channel/fresnel.h"
#include "world/radio_material.h"

/* The lobe f(in, out) in 1/sr, with an integral of 1 over the hemisphere of `normal`: Lambertian cos(theta_s)
   / pi, or directive ((1 + cos psi) / 2)^alpha / F_alpha with psi the angle to the specular direction. `in`
   travels towards the surface, `out` away from it; 0 where either lies behind it. */
double bcue_scatter_lobe_value(const bcue_radio_material *material, bcue_vec3 in, bcue_vec3 out,
                               bcue_vec3 normal);

/* The field that a patch sends along `out`, per field that arrives along `in`, times the square root of its
   area: the power density at distance r is |.|^2 area / r^2. Its power is S^2 times what the plane would
   reflect, in either polarisation (both keep their power ratio but for the share that changes over), so that
   the hemisphere of all directions adds up. `response` is that of the smooth surface at this incidence,
   `scattered` the share S of the field. The phases are random but fixed: keyed by (seed, instance, patch). */
bcue_field bcue_scatter_field(const bcue_radio_material *material, const bcue_plane_response *response,
                              double scattered, bcue_field incident, bcue_vec3 in, bcue_vec3 out,
                              bcue_vec3 normal, uint64_t seed, uint32_t instance, uint32_t patch);

#endif

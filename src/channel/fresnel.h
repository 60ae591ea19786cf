/* Reflection of a plane wave from a half-space (air above). Time convention exp(+j omega t). */
#ifndef BCUE_CHANNEL_FRESNEL_H
#define BCUE_CHANNEL_FRESNEL_H

#include <complex.h>

/* cos_incidence: cosine of the angle between ray and normal, 0 (grazing) to 1; permittivity = eta' - j eta''
   (relative). Field coefficients (ITU-R P.2040, eqs. for R_eTE and R_eTM; E-field referred to p = k x s on
   either side): s (TE): (cos i - q) / (cos i + q),  p (TM): (eta cos i - q) / (eta cos i + q),  q = sqrt(eta
   - sin^2 i). */
double complex bcue_fresnel_s(double cos_incidence, double complex permittivity);
double complex bcue_fresnel_p(double cos_incidence, double complex permittivity);

#endif

/* Diffraction at the edge of a wedge: the uniform theory of diffraction (UTD) of Kouyoumjian and Pathak ("A
   uniform geometrical theory of diffraction for an edge in a perfectly conducting surface", Proc. IEEE 62,
   1974), extended to faces of finite conductivity. Time convention exp(+j omega t). */
#ifndef BCUE_CHANNEL_UTD_H
#define BCUE_CHANNEL_UTD_H

#include <complex.h>
#include <stdbool.h>
#include "base/vec3.h"
#include "channel/field.h"
#include "channel/fresnel.h"

/* The transition function F(x) = 2 j sqrt(x) exp(jx) integral from sqrt(x) to infinity of exp(-j t^2) dt,
   x >= 0, to 1e-10. */
double complex bcue_utd_transition(double x);

/* The four terms of the coefficient, each
       -exp(-j pi/4) / (2 n sqrt(2 pi k) sin(beta0)) cot((pi +- beta) / 2n) F(k L a+-(beta)),
   in square roots of metres. incident[0] (+) and incident[1] (-) have beta = |phi - phi'|: incident[1] is
   singular at the incidence shadow boundary. reflected[0] (-) has beta = phi + phi' and is singular at the
   reflection boundary of face 0, reflected[1] (+) at that of face n. */
typedef struct bcue_utd_terms {
    double complex incident[2], reflected[2];
} bcue_utd_terms;
bcue_utd_terms bcue_utd_make_terms(double n, double phi_in, double phi_out, double wavenumber,
                                   double distance_parameter_m, double sin_beta);

/* How the terms combine where faces are no perfect conductors. R0, Rn: Fresnel's coefficients of the faces.
 */
typedef enum bcue_diffraction_method {
    /* incident[1] + R0 reflected[0] + Rn reflected[1] + R0 Rn incident[0], R0 for the smaller of phi, phi'
       counted from face 0, Rn for the larger counted from face n. The terms are those of Holm ("A new
       heuristic UTD diffraction coefficient for nonperfectly conducting wedges", IEEE Trans. Antennas Propag.
       48, 2000); which angle goes where is chosen so that exchanging transmitter and receiver changes
       nothing. The field vanishes along lossy faces, as it must. */
    BCUE_DIFFRACTION_RECIPROCAL,
    /* incident[0] + incident[1] + R0 reflected[0] + Rn reflected[1], R0 for phi', Rn for n pi - phi
       (Luebbers, "Finite conductivity uniform GTD versus knife edge diffraction in prediction of propagation
       path loss", IEEE Trans. Antennas Propag. 32, 1984). Not reciprocal. */
    BCUE_DIFFRACTION_LUEBBERS,
} bcue_diffraction_method;

/* What a face does to a plane wave at a given cosine of incidence. */
typedef bcue_plane_response (*bcue_face_response)(const void *face, double cos_incidence);

typedef struct bcue_utd_wedge {
    bcue_vec3 edge;      /* unit tangent */
    bcue_vec3 normal;    /* of face 0, unit; normal x edge points along face 0 away from the edge */
    double n;            /* exterior angle / pi, 1 .. 2 */
    bool sheet;          /* the end of a sheet: one layer lies in the shadow, not two */
    const void *face[2]; /* faces 0 and n, for `response` */
    bcue_face_response response;
    bcue_diffraction_method method;
} bcue_utd_wedge;

/* The field of a spherical wave behind the edge. `incident` is the field vector that travels along `in`
   (unit) and arrives at the edge, having come s_in metres from its source; `out` is the direction of travel
   afterwards (unit, on Keller's cone: in . edge = out . edge). The result is the dyadic coefficient times
   `incident`, to be multiplied by sqrt(s_in / (s_out (s_in + s_out))) exp(-j k s_out). Where faces let waves
   through (t_s, t_p not 0), the term at the incidence boundary is weakened by what the transmitted wave
   already brings into the shadow (Burnside and Burgener, IEEE Trans. Antennas Propag. 31, 1983). */
bcue_field bcue_utd_diffract(const bcue_utd_wedge *wedge, bcue_field incident, bcue_vec3 in, bcue_vec3 out,
                             double s_in, double s_out, double wavenumber);

#endif

/* Antenna arrays and their response to a plane wave.
   Directions are unit vectors in the array's own frame: x along boresight, y to the left, z up. They point
   from the array to the other end of the path, for sending and for receiving alike. */
#ifndef BCUE_ANTENNA_ARRAY_H
#define BCUE_ANTENNA_ARRAY_H

#include <complex.h>
#include <stddef.h>
#include "base/vec3.h"
#include "beamcue/status.h"

/* Identical isotropic elements. */
typedef struct bcue_array {
    size_t count;
    bcue_vec3 *elements; /* owned: positions in metres in the array's frame */
} bcue_array;

/* A uniform linear array along y, centred on the origin; element 0 is the rightmost (smallest y). */
bcue_status bcue_array_make_ula(size_t count, double spacing_m, bcue_array *array, bcue_error *error);
void bcue_array_free(bcue_array *array); /* and make it empty */

/* a_n = exp(+j 2 pi u.r_n / lambda) for every element; `steering` has array->count places. */
void bcue_array_steering(const bcue_array *array, bcue_vec3 direction, double wavelength_m,
                         double complex *steering);

/* w^T a (no conjugate). |.|^2 is the array gain when ||w|| = 1: at most `count`. */
double complex bcue_array_response(const double complex *weights, const double complex *steering,
                                   size_t count);

/* The direction at `azimuth` (radians from boresight, positive to the left) and `elevation` (positive up). */
bcue_vec3 bcue_direction(double azimuth, double elevation);

#endif

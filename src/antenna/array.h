/* Antenna arrays and their response to a wave.
   Directions are unit vectors in the array's own frame: x along boresight, y to the left, z up. They point
   from the array to the other end of the path, for sending and for receiving alike. */
#ifndef BCUE_ANTENNA_ARRAY_H
#define BCUE_ANTENNA_ARRAY_H

#include <complex.h>
#include <stddef.h>
#include "antenna/element.h"
#include "base/vec3.h"
#include "beamcue/status.h"

/* Identical elements, all turned alike. */
typedef struct bcue_array {
    size_t count;
    bcue_vec3 *elements;  /* owned: positions in metres in the array's frame */
    size_t rows, columns; /* of a rectangular array; a linear one has one row */
    bcue_element element; /* what each of them is; isotropic and vertical unless set */
} bcue_array;

/* A uniform linear array along y, centred on the origin; element 0 is the rightmost (smallest y). */
bcue_status bcue_array_make_ula(size_t count, double spacing_m, bcue_array *array, bcue_error *error);
/* A uniform rectangular array in the plane x = 0, centred on the origin. Element r + rows * k stands in row r
   from the top (z falls with r) and in column k from the right (y grows with k). */
bcue_status bcue_array_make_ura(size_t rows, size_t columns, double spacing_m, bcue_array *array,
                                bcue_error *error);
void bcue_array_free(bcue_array *array); /* and make it empty */

/* A plane wave: a_n = exp(+j 2 pi u.r_n / lambda) for every element; `steering` has array->count places. */
void bcue_array_steering(const bcue_array *array, bcue_vec3 direction, double wavelength_m,
                         double complex *steering);
/* A spherical wave from (or to) a point `distance_m` away along `direction`: with the distance d_n of
   each element from it, a_n = distance / d_n exp(-j 2 pi (d_n - distance) / lambda); the plane wave as the
   distance grows. distance_m > 0. */
void bcue_array_steering_near(const bcue_array *array, bcue_vec3 direction, double distance_m,
                              double wavelength_m, double complex *steering);

/* w^T a (no conjugate). |.|^2 is the array gain when ||w|| = 1: at most `count`. */
double complex bcue_array_response(const double complex *weights, const double complex *steering,
                                   size_t count);

/* The direction at `azimuth` (radians from boresight, positive to the left) and `elevation` (positive up). */
bcue_vec3 bcue_direction(double azimuth, double elevation);

#endif

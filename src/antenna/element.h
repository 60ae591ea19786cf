/* The field of one antenna element, and the polarisation basis that antennas and channel share.
   Directions are unit vectors in the antenna's own frame: x along boresight, y to the left, z up. */
#ifndef BCUE_ANTENNA_ELEMENT_H
#define BCUE_ANTENNA_ELEMENT_H

#include "base/vec3.h"

typedef enum bcue_element_kind {
    BCUE_ELEMENT_ISOTROPIC, /* gain 1 everywhere */
    BCUE_ELEMENT_DIPOLE,    /* half a wavelength long, along z: 2.15 dBi */
    BCUE_ELEMENT_TR38901,   /* 3GPP TR 38.901 table 7.3-1: 8 dBi, 65 degrees wide both ways, 30 dB to the back
                             */
} bcue_element_kind;

/* All zero: isotropic, vertically polarised. */
typedef struct bcue_element {
    bcue_element_kind kind;
    double slant; /* radians: 0 vertical, pi/2 horizontal, +-pi/4 slanted (TR 38.901, polarisation model 2) */
} bcue_element;

/* The vertical unit vector across a direction (theta of spherical coordinates, turned up) and the horizontal
   one (phi): h = z x d / |z x d|, v = d x h. Both depend on the line, not on its sense, up to h's sign:
   v(-d) = v(d), h(-d) = -h(d). Along +-z: v = x, h = y d.z. */
typedef struct bcue_polarisation {
    bcue_vec3 v, h;
} bcue_polarisation;
bcue_polarisation bcue_polarisation_across(bcue_vec3 direction);

/* The field pattern F: a vector across `direction` whose squared length is the power gain (1 = isotropic). */
bcue_vec3 bcue_element_field(const bcue_element *element, bcue_vec3 direction);

/* The frame turned about its forward axis; a positive roll lowers its left side. */
bcue_frame bcue_frame_rolled(const bcue_frame *frame, double roll);

#endif

/* Codebooks: the beams that an array can form. */
#ifndef BCUE_ANTENNA_CODEBOOK_H
#define BCUE_ANTENNA_CODEBOOK_H

#include <complex.h>
#include <stdbool.h>
#include <stddef.h>
#include "antenna/array.h"
#include "beamcue/status.h"

typedef struct bcue_codebook {
    size_t beams, elements;
    double complex *weights; /* owned: beams x elements */
    double *azimuth;         /* owned: steered azimuth per beam in radians, positive to the left */
    size_t *mirror; /* owned: the beam that looks like this one seen in a mirror (left <-> right); NULL: there
                       is none */
    bool index_monotone; /* beam index is monotone in angle, so that distances between indices mean something
                          */
} bcue_codebook;

/* An over-sampled azimuth codebook: beam b steers to
       azimuth_b = field_of_view * (1/2 - b / (beams - 1)),
   uniformly over the closed field of view, with
       w_bn = exp(-j 2 pi u_b.r_n / lambda) / sqrt(elements).
   Beam 0 looks furthest to the LEFT of boresight and the last furthest to the right, so that the index grows
   from left to right in the picture of a camera with the same boresight, as in the DeepSense 6G recordings.
   The mirror of beam b is beams-1-b. `beams` >= 2, 0 < field_of_view < pi (radians). */
bcue_status bcue_codebook_make_oversampled(const bcue_array *array, double wavelength_m, size_t beams,
                                           double field_of_view, bcue_codebook *codebook, bcue_error *error);
void bcue_codebook_free(bcue_codebook *codebook); /* and make it empty */

#endif

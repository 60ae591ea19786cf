/* Codebooks: the beams that an array can form. */
#ifndef BCUE_ANTENNA_CODEBOOK_H
#define BCUE_ANTENNA_CODEBOOK_H

#include <complex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "antenna/array.h"
#include "beamcue/status.h"

typedef struct bcue_codebook {
    size_t beams, elements;
    double complex *weights; /* owned: beams x elements; NULL for measured beams */
    double
        *azimuth; /* owned: steered azimuth per beam (of its first lobe) in radians, positive to the left */
    double *elevation; /* owned: the same, positive up */
    uint8_t *lobes;    /* owned: main lobes per beam */
    size_t *mirror; /* owned: the beam that looks like this one seen in a mirror (left <-> right); NULL: there
                       is none */
    bool index_monotone; /* beam index is monotone in angle, so that distances between indices mean something
                          */
    /* Measured beams: power gain (|amplitude|^2 as measured) over azimuth, without phase. */
    size_t samples;
    double *sample_azimuth; /* owned: samples, rising, radians */
    double *sample_gain;    /* owned: beams x samples */
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

/* The DFT codebook of a rectangular (or linear) array with `oversampling` x as many beams per axis: beam
   i + Y j steers to the direction cosines u_y = 1 - (2 i + 1) / Y and u_z = 1 - (2 j + 1) / Z with Y =
   oversampling * columns, Z = oversampling * rows: azimuth from left to right, then from top to bottom; with
   one row u_z = 0 and the index is monotone. Without oversampling and with half a wavelength between elements
   the beams are orthonormal. Beams with u_y^2 + u_z^2 > 1 have no lobe in space; their azimuth is that of the
   nearest direction at the rim. ||w|| = 1. */
bcue_status bcue_codebook_make_dft(const bcue_array *array, double wavelength_m, size_t oversampling,
                                   bcue_codebook *codebook, bcue_error *error);

typedef enum bcue_codebook_normalisation {
    BCUE_NORMALISE_AMPLITUDE, /* weights as published: |w|^2 = 64, about 32, about 21 for 1, 2, 3 lobes */
    BCUE_NORMALISE_POWER,     /* w / ||w||: every beam radiates the same power */
} bcue_codebook_normalisation;

/* The 152 beams of Park et al. ("paper B") for an 8 x 8 array with half a wavelength between elements: 40
   with one lobe, 64 with two, 48 with three, in this order. For the class, for theta in 80, 60, 40, 20, for
   phi in 0, 20, ..., 180 degrees: lobes at phi, phi + D, phi + 2 D for D in 45, 90, 135, 180 (two lobes) or
   30, 60, 90 (three), as far as the last is at most 180. Element r + 8 k of a lobe is
       exp(j pi (k sin(theta) cos(phi) - r sin(theta) sin(phi))),
   a beam is the mean of its lobes. As the response is w^T a, lobes lie at u_y = -sin(theta) cos(phi), u_z =
   -sin(theta) sin(phi): in the lower half-space. The index is not monotone in angle, and there is no mirror:
   the lobes of a beam have phases that a mirror image would not have, which shows where they overlap. */
bcue_status bcue_codebook_make_paper_b(bcue_codebook_normalisation normalisation, bcue_codebook *codebook,
                                       bcue_error *error);

/* Beams known by measurement: magnitudes[b * samples + s] is the amplitude of beam b at azimuths[s] (radians,
   positive to the left, strictly rising or falling). Gains are squared amplitudes, linear in between and 0
   outside; elevation does not matter. Without phases, the paths of a channel add in power. azimuth of a beam
   is where it peaks. */
bcue_status bcue_codebook_make_measured(const double *azimuths, const double *magnitudes, size_t beams,
                                        size_t samples, bool index_monotone, bcue_codebook *codebook,
                                        bcue_error *error);

void bcue_codebook_free(bcue_codebook *codebook); /* and make it empty */

/* What hardware makes of the weights. Phase shifters with 2^bits equal steps over the turn, rounded to the
   nearest; with `constant_modulus` there are no attenuators either, and every element of a beam gets the
   beam's mean power. Measured beams are refused (BCUE_ERROR_ARGUMENT), as are bits outside 1 to 16. */
bcue_status bcue_codebook_quantise(bcue_codebook *codebook, int bits, bool constant_modulus,
                                   bcue_error *error);
/* Turn every weight by a Gaussian phase error of deviation `rms_rad`, keyed by (seed, frame, beam, element):
   a calibration error with a fixed frame, phase noise with the frame of the measurement. */
bcue_status bcue_codebook_add_phase_noise(bcue_codebook *codebook, double rms_rad, uint64_t seed,
                                          uint32_t frame, bcue_error *error);

/* A fingerprint of the beams, 16 hex digits and a 0: the same on other processors, with other compilers and
   mathematical libraries, and another one when a beam differs or the order of the beams does. Hashed are all
   weights (real, imaginary), beam by beam, and the places of the elements in wavelengths; of measured beams
   their directions (radians) and gains. Weights and gains count in parts of the largest one of the codebook
   (what all beams have in common ranks none of them), everything rounded to 2^-20, about 1e-6. What the
   elements are, how the array stands and the carrier do not matter. `array`: that of the weights, else NULL.
 */
void bcue_codebook_hash(const bcue_codebook *codebook, const bcue_array *array, double wavelength_m,
                        char hash[17]);

/* Power gain of a beam of identical isotropic elements towards `direction` (array frame): |w^T a|^2, or the
 * measured gain. `scratch` has codebook->elements places (may be NULL for measured beams). */
double bcue_codebook_gain(const bcue_codebook *codebook, const bcue_array *array, size_t beam,
                          bcue_vec3 direction, double wavelength_m, double complex *scratch);

/* Sample the gain of a beam along a cut, for a polar plot: at angles[s] = -pi + 2 pi s / count (radians) in
   the plane of `elevation` (azimuth cut) or, with `vertical`, along elevation angles over the whole circle in
   the plane of `azimuth` (angles beyond +-pi/2 look backwards). gain_db has `count` places; at least -300 dB.
   The array's element pattern is included. */
typedef struct bcue_beam_cut {
    bool vertical;
    double at; /* the elevation of an azimuth cut, the azimuth of a vertical one */
} bcue_beam_cut;
bcue_status bcue_codebook_sample(const bcue_codebook *codebook, const bcue_array *array, size_t beam,
                                 double wavelength_m, bcue_beam_cut cut, size_t count, double *angles,
                                 double *gain_db, bcue_error *error);

/* Where each beam is strongest in front of the array (x >= 0) and how strong, the element's pattern included;
   `peaks` has codebook->beams places. Arrays in the plane x = 0; of a linear array (along y) in the plane z =
   0, of measured beams at elevation 0. Of equal lobes the one furthest to the left, then the highest. */
typedef struct bcue_beam_peak {
    bcue_vec3 direction; /* unit, array frame */
    double gain;         /* power gain over an isotropic element */
} bcue_beam_peak;
bcue_status bcue_codebook_peaks(const bcue_codebook *codebook, const bcue_array *array, double wavelength_m,
                                bcue_beam_peak *peaks, bcue_error *error);

#endif

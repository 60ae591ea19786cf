/* Codebooks to look at: where each beam points and how strong it is, and polar plots of its pattern. */
#ifndef BEAMCUE_BEAMS_H
#define BEAMCUE_BEAMS_H

#include <stddef.h>
#include <stdint.h>
#include "beamcue/report.h"
#include "beamcue/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Which beams of which codebook. Zeros and NULLs are defaults. */
typedef struct bcue_beams_options {
    /* "oversampled": `beams` over a field of view in azimuth; "dft": `oversampling` beams per element and
       axis; "paper-b": the 152 beams of an 8 x 8 array; "measured": of `measured`. NULL: "oversampled". */
    const char *codebook;
    /* Amplitudes over azimuth, -90 degrees (right) to 90 in equal steps: an .npy array (beams, directions),
       or a folder with the files built_in_beam_pattern_0.mat, 1, ... of the DeepSense 6G testbed. */
    const char *measured;
    int64_t rows, columns;    /* elements of the array: 1 x 16; 8 x 8 for paper-b */
    double spacing;           /* between them, in wavelengths: 0.5 */
    int64_t beams;            /* oversampled: 64 */
    int64_t oversampling;     /* dft: 1 */
    double field_of_view_deg; /* oversampled: 90 */
    int amplitude;            /* paper-b: weights as published; 0: every beam radiates the same power */
    const uint64_t *shown;    /* beams to list and plot, from 0; NULL: list all, plot none */
    size_t shown_count;
    const char *polar; /* write a polar plot of the shown beams here: .png or .svg */
    int elevation_cut; /* over elevation, seen from the side; 0: over azimuth, seen from above */
    int has_cut;       /* the cut lies at cut_deg; 0: through the peak of each beam */
    double cut_deg;    /* the elevation of an azimuth cut, the azimuth of an elevation cut */
    double range_db;   /* from the rim to the centre: 40 */
} bcue_beams_options;

/* Azimuth is positive to the left of boresight, elevation positive up, gain over an isotropic antenna (of
   measured beams: as it was measured). Where
   a beam has several equal lobes, the peak is the one furthest to the left. On success the caller destroys
   *report. `options` and `error` may be NULL. */
BCUE_API bcue_status bcue_beams(const bcue_beams_options *options, bcue_report **report, bcue_error *error);

#ifdef __cplusplus
}
#endif
#endif

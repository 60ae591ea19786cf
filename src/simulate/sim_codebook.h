/* Inside the room: the array that a configuration names, and its beams. */
#ifndef BCUE_SIMULATE_SIM_CODEBOOK_H
#define BCUE_SIMULATE_SIM_CODEBOOK_H

#include "antenna/codebook.h"
#include "channel/link_mode.h"
#include "simulate/simulate_config.h"

/* array.codebook: oversampled and measured beams belong to a linear array, paper-b to one of 8 x 8. Measured
   beams are the files built_in_beam_pattern_0.mat, _1.mat, ... of the folder array.patterns, one for each of
   array.beams beams: "beam_pattern", amplitudes over equally spaced directions from 0 to 180 degrees, with 90
   on boresight and larger ones to its left, as DeepSense 6G publishes those of its testbed. Free both after
   success. */
bcue_status bcue_sim_codebook_make(const bcue_simulate_config *config, const bcue_link_switches *switches,
                                   double wavelength_m, bcue_array *array, bcue_codebook *codebook,
                                   bcue_error *error);
/* Its fingerprint (bcue_codebook_hash), and how many beams and elements it has: 0 elements of measured beams.
 */
bcue_status bcue_sim_codebook_hash(const bcue_simulate_config *config, size_t *beams, size_t *elements,
                                   char hash[17], bcue_error *error);

#endif

/* From paths to received power per beam. */
#ifndef BCUE_CHANNEL_LINK_H
#define BCUE_CHANNEL_LINK_H

#include <complex.h>
#include <stddef.h>
#include "antenna/codebook.h"
#include "rays/paths.h"

#define BCUE_SPEED_OF_LIGHT 299792458.0 /* m/s */

/* One path as the channel sees it: the complex gain between isotropic, vertically polarised antennas, and its
 * delay. */
typedef struct bcue_tap {
    double complex gain; /* (lambda / 4 pi L) x polarisation and reflection x exp(-j 2 pi f_c tau) */
    double delay_s;
    bcue_vec3 arrival; /* unit, world */
} bcue_tap;

/* The gain of a path at `carrier_hz`. The field leaves along the vertical unit vector theta of its direction,
   is taken apart into s and p at a reflection, and is received along theta of the arrival. */
bcue_tap bcue_path_tap(const bcue_path *path, double carrier_hz);

typedef struct bcue_link_config {
    double carrier_hz;
    double bandwidth_hz; /* 0 with one subcarrier: narrow band */
    int subcarriers;
    double transmit_power_dbm;
} bcue_link_config;

/* A receiving array with its codebook. The structs are borrowed. */
typedef struct bcue_link_receiver {
    const bcue_array *array;
    const bcue_codebook *codebook;
    bcue_frame frame; /* orientation of the array in the world */
} bcue_link_receiver;

/* Noise-free received power per beam in milliwatts:
       P_b = P_tx * mean over subcarriers k of | sum_l gain_l exp(-j 2 pi (f_k - f_c) tau_l) w_b^T a_l |^2,
   subcarriers at f_c + B ((k + 1/2) / K - 1/2), plane waves over the array at the carrier. `power_mw` has
   codebook->beams places; no paths: all zero. */
bcue_status bcue_link_power(const bcue_link_config *config, const bcue_link_receiver *receiver,
                            const bcue_path_list *paths, double *power_mw, bcue_error *error);

#endif

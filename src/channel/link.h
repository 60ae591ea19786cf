/* From paths to received power per beam, and what else a link is told by. */
#ifndef BCUE_CHANNEL_LINK_H
#define BCUE_CHANNEL_LINK_H

#include <complex.h>
#include <stddef.h>
#include "antenna/codebook.h"
#include "channel/path_gain.h"
#include "rays/paths.h"

typedef struct bcue_link_config {
    double bandwidth_hz; /* 0 with one subcarrier: narrow band */
    int subcarriers;
    double transmit_power_dbm;
    bool incoherent;         /* paths add in power */
    bool unpolarised;        /* mean over both polarisations sent, sum over both received */
    bool spherical;          /* spherical waves over the array, not plane ones */
    double max_path_loss_db; /* weaker paths are dropped; 0: none is */
    bool few_mechanisms;     /* only line of sight, reflection, diffraction: no transmission, no scattering */
} bcue_link_config;

/* BCUE_ERROR_ARGUMENT for a bandwidth or a number of subcarriers that cannot be. */
bcue_status bcue_link_check(const bcue_link_config *config, bcue_error *error);

/* The single antenna at the other end. */
typedef struct bcue_link_antenna {
    bcue_element element;
    bcue_frame frame; /* its origin does not matter */
} bcue_link_antenna;

/* An array with its codebook, at the receiving end of the paths (or, with `transmits`, at the sending end).
   The structs are borrowed. */
typedef struct bcue_link_receiver {
    const bcue_array *array;
    const bcue_codebook *codebook;
    bcue_frame frame; /* orientation of the array in the world */
    bool transmits;
    const bcue_link_antenna *other; /* NULL: isotropic, vertical */
} bcue_link_receiver;

/* One path between the single antenna and one element of the array. */
typedef struct bcue_link_ray {
    double complex gain[4]; /* through both antennas: gain[0]; unpolarised: vv, vh, hv, hh instead */
    double delay_s, doppler_hz;
    bcue_vec3 direction; /* unit, in the array's frame, away from the array */
    double range_m;      /* where the wave seems to come from, seen from the array */
    bool line_of_sight;
} bcue_link_ray;

typedef struct bcue_link_rays {
    bcue_link_ray *rays; /* owned */
    size_t count, capacity;
    double wavelength_m;
    bool unpolarised;
} bcue_link_rays;

/* Replace the contents of `rays` by those of the paths that the configuration lets pass, in their order.
   Velocities are those of the transmitter and receiver of the paths. */
bcue_status bcue_link_trace(const bcue_link_config *config, const bcue_channel *channel,
                            const bcue_link_receiver *receiver, const bcue_path_list *paths,
                            bcue_vec3 transmitter_mps, bcue_vec3 receiver_mps, bcue_link_rays *rays,
                            bcue_error *error);
void bcue_link_rays_free(bcue_link_rays *rays); /* and make it empty */
double bcue_link_ray_power(const bcue_link_rays *rays,
                           size_t index); /* |gain|^2; unpolarised: half the sum */

/* Noise-free received power per beam in milliwatts, `power_mw` with codebook->beams places:
       P_b = P_tx * mean over subcarriers k of | sum_l gain_l exp(-j 2 pi (f_k - f_c) tau_l) w_b^T a_l |^2,
   subcarriers at f_c + B ((k + 1/2) / K - 1/2), or with `incoherent`
       P_b = P_tx * sum_l |gain_l|^2 |w_b^T a_l|^2.
   Measured beams have no phase: always the latter. No rays: all zero. */
bcue_status bcue_link_beam_power(const bcue_link_config *config, const bcue_link_receiver *receiver,
                                 const bcue_link_rays *rays, double *power_mw, bcue_error *error);
/* bcue_link_trace (at rest) and bcue_link_beam_power in one. */
bcue_status bcue_link_power(const bcue_link_config *config, const bcue_channel *channel,
                            const bcue_link_receiver *receiver, const bcue_path_list *paths, double *power_mw,
                            bcue_error *error);

/* What a link is told by, from the powers of its rays. */
typedef struct bcue_link_summary {
    size_t rays;
    bool line_of_sight;
    double gain_db;      /* sum of the powers; -infinity without rays */
    double rician_k_db;  /* line of sight over all the others; infinite with it alone, -infinite without it */
    double mean_delay_s; /* power-weighted; 0 without rays */
    double delay_spread_s; /* root mean square */
    double doppler_spread_hz;
} bcue_link_summary;
bcue_link_summary bcue_link_summarise(const bcue_link_rays *rays);

/* Frequency response of every element: response[n * subcarriers + k] = sum_l gain_l exp(-j 2 pi (f_k - f_c)
   tau_l) exp(+j 2 pi doppler_l t) a_ln, for elements n and subcarriers k. Polarised rays only
   (BCUE_ERROR_ARGUMENT). */
bcue_status bcue_link_element_response(const bcue_link_config *config, const bcue_link_receiver *receiver,
                                       const bcue_link_rays *rays, double time_s, double complex *response,
                                       bcue_error *error);
/* Frequency response between the single antenna and one element in the middle of the array: `subcarriers`
 * places. */
bcue_status bcue_link_frequency_response(const bcue_link_config *config, const bcue_link_rays *rays,
                                         double time_s, double complex *response, bcue_error *error);
/* Impulse response sampled at the bandwidth B: taps[m] = sum_l gain_l exp(+j 2 pi doppler_l t) sinc(m -
   (tau_l - start_s) B), m = 0 .. count - 1. */
bcue_status bcue_link_impulse_response(const bcue_link_config *config, const bcue_link_rays *rays,
                                       double time_s, double start_s, size_t count, double complex *taps,
                                       bcue_error *error);

#endif

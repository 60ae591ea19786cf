/* From the geometry of a path to what it does to a wave: polarisation matrix, delay, Doppler. */
#ifndef BCUE_CHANNEL_PATH_GAIN_H
#define BCUE_CHANNEL_PATH_GAIN_H

#include <complex.h>
#include <stdbool.h>
#include <stdint.h>
#include "channel/utd.h"
#include "rays/paths.h"
#include "world/weather.h"

#define BCUE_SPEED_OF_LIGHT 299792458.0 /* m/s */

/* Which of a path's losses count. All zero: everything as the materials say, dry vacuum around. */
typedef struct bcue_channel_config {
    double carrier_hz;
    bcue_diffraction_method diffraction;
    bool half_spaces;            /* take slabs for half-spaces: nothing is transmitted */
    bool smooth;                 /* take every surface for smooth */
    uint64_t seed;               /* of the phases of scattering patches */
    const bcue_weather *weather; /* rain, fog, gases, foliage; read at creation; NULL: none of them */
} bcue_channel_config;

/* The materials of a world at one carrier. Immutable: any number of threads may use it. */
typedef struct bcue_channel bcue_channel;

/* Work out the permittivity of all materials of the world, which may be destroyed afterwards.
   BCUE_ERROR_CONFIG for a material that bcue_radio_material_check refuses, BCUE_ERROR_ARGUMENT for a carrier
   outside 100 MHz to 1 THz. */
bcue_status bcue_channel_create(const bcue_world *world, const bcue_channel_config *config,
                                bcue_channel **channel, bcue_error *error);
void bcue_channel_destroy(bcue_channel *channel); /* NULL is fine */
double bcue_channel_wavelength_m(const bcue_channel *channel);
const bcue_channel_config *
bcue_channel_configuration(const bcue_channel *channel); /* weather is NULL in it */
/* The first material used outside of its frequency range and how many there are, for one warning; NULL: none.
 */
const char *bcue_channel_extrapolated(const bcue_channel *channel, size_t *count);
/* The response of a material's plane at a cosine of incidence, roughness left out. */
bcue_plane_response bcue_channel_plane(const bcue_channel *channel, bcue_material_id material,
                                       double cos_incidence);

/* The polarisation matrix: what of the field along v or h (bcue_polarisation_across of the departure) arrives
   along v or h (of the arrival; both directions point away from their ends). vh: from h to v. */
typedef struct bcue_jones {
    double complex vv, vh, hv, hh;
} bcue_jones;

/* One path as the channel sees it. */
typedef struct bcue_tap {
    bcue_jones gain;   /* times lambda / (4 pi L) or what stands for it, and exp(-j 2 pi f_c tau) */
    double delay_s;    /* length / c */
    double doppler_hz; /* -(d length / dt) / lambda */
    bcue_vec3 departure, arrival; /* unit, world, away from transmitter and receiver */
    /* How far away the wave seems to come from at either end: back to the last point that spreads it
       (diffraction, scattering) or to the other end. For spherical waves over an array. */
    double departure_range_m, arrival_range_m;
    bool line_of_sight;
} bcue_tap;

/* Fill `tap` from a path. Velocities are those of the two antennas. BCUE_ERROR_UNSUPPORTED for more than one
   diffraction or scattering in a path. */
bcue_status bcue_channel_tap(const bcue_channel *channel, const bcue_path *path, bcue_vec3 transmitter_mps,
                             bcue_vec3 receiver_mps, bcue_tap *tap, bcue_error *error);

/* Largest singular value of a matrix. */
double bcue_jones_norm(const bcue_jones *jones);
/* Mean over both polarisations sent of the power received: half of the sum of all |.|^2. */
double bcue_jones_unpolarised(const bcue_jones *jones);

#endif

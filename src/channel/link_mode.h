/* The two readings of paper B's link: as published, and as it should be; and each difference between them
 * alone.
 */
#ifndef BCUE_CHANNEL_LINK_MODE_H
#define BCUE_CHANNEL_LINK_MODE_H

#include "channel/link.h"

typedef enum bcue_link_mode {
    BCUE_LINK_PAPER,
    BCUE_LINK_CORRECTED,
} bcue_link_mode;

/* What sets `paper` apart; true: as in the paper. */
typedef enum bcue_link_difference {
    BCUE_DIFFERENCE_ORIENTATION, /* local azimuth = departure azimuth + CARLA yaw + 90 degrees, no tilt; else
                                    the boresight lies along the azimuth, tilted by tilt_deg */
    BCUE_DIFFERENCE_COMBINING,   /* paths add in power; else in amplitude, mean over 64 subcarriers in 100 MHz
                                  */
    BCUE_DIFFERENCE_CAP,         /* paths with more than 120 dB are dropped */
    BCUE_DIFFERENCE_MATERIALS, /* every surface a half-space, all of them smooth; else as the materials say */
    BCUE_DIFFERENCE_POLARISATION, /* unpolarised; else vertical at both ends */
    BCUE_DIFFERENCE_MECHANISMS, /* line of sight, reflection, diffraction; else also transmission, scattering,
                                   weather and foliage */
    BCUE_DIFFERENCE_NORMALISATION, /* codebook `amplitude`; else `power` */
    BCUE_DIFFERENCE_COUNT,
} bcue_link_difference;

typedef struct bcue_link_switches {
    bool paper[BCUE_DIFFERENCE_COUNT];
} bcue_link_switches;

bcue_link_switches bcue_link_mode_switches(bcue_link_mode mode);
const char *bcue_link_difference_name(bcue_link_difference difference); /* one word, static */

/* The settings of a set of switches. bandwidth_hz, subcarriers and transmit_power_dbm of `link` stay as they
   are (the paper: 0 dBm). `weather` is what counts with all mechanisms; NULL: none. */
void bcue_link_apply_switches(const bcue_link_switches *switches, const bcue_weather *weather,
                              bcue_link_config *link, bcue_channel_config *channel);
bcue_codebook_normalisation bcue_link_switched_normalisation(const bcue_link_switches *switches);

/* The frame of an array at `place` that faces `azimuth` (radians, counter-clockwise from east) and is tilted
   up by `tilt` (radians). In the paper's orientation CARLA's yaw is -azimuth, so that the array really faces
   azimuth - 90 degrees: the road lies in the array's own plane. */
bcue_frame bcue_link_switched_frame(const bcue_link_switches *switches, bcue_vec3 place, double azimuth,
                                    double tilt);

#endif

/* WGS-84 positions and local east-north-up coordinates. Exact: through earth-centred coordinates, no
 * small-area approximation. */
#ifndef BCUE_FEATURES_GEODESY_H
#define BCUE_FEATURES_GEODESY_H

#include "base/vec3.h"

typedef struct bcue_geodetic {
    double latitude_deg, longitude_deg; /* [-90, 90], [-180, 180] */
    double altitude_m;                  /* above the ellipsoid */
} bcue_geodetic;

/* Metres east (x), north (y) and up (z) of `origin`. Pure; any thread; nan gives nan. */
bcue_vec3 bcue_geodetic_to_enu(bcue_geodetic position, bcue_geodetic origin);
/* The inverse, to better than a micrometre within 1,000 km of the ellipsoid. */
bcue_geodetic bcue_enu_to_geodetic(bcue_vec3 enu, bcue_geodetic origin);

#endif

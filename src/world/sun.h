/* Where the sun stands. J. Meeus, Astronomical Algorithms (2nd ed., 1998), chapters 7, 12, 25: the
   low-accuracy solar position, good to 0.01 degrees between 1900 and 2100; the same formulas as NOAA's solar
   calculator. */
#ifndef BCUE_WORLD_SUN_H
#define BCUE_WORLD_SUN_H

#include "base/vec3.h"

/* A moment in the Gregorian calendar, universal time. */
typedef struct bcue_date_time {
    int year, month, day; /* month 1..12, day 1..31 */
    double hour;          /* UTC; below 0 and from 24 on run into the neighbouring days */
} bcue_date_time;

/* Days since noon of 1 January 4713 BC (Meeus eq. 7.1). */
double bcue_julian_date(const bcue_date_time *when);

typedef struct bcue_sun_place {
    double right_ascension, declination; /* apparent, radians */
    double elevation;  /* geometric: without refraction, radians above the horizon (negative at night) */
    double refraction; /* what the air adds to the elevation (Saemundsson, Meeus eq. 16.4), radians; 0 below
                          -1 degree */
    double azimuth;    /* radians, clockwise from north */
} bcue_sun_place;

/* latitude and longitude in degrees, north and east positive. */
bcue_sun_place bcue_sun_at(const bcue_date_time *when, double latitude_deg, double longitude_deg);
/* Unit vector towards the (refracted) sun, x east, y north, z up. */
bcue_vec3 bcue_sun_direction(const bcue_sun_place *place);

#endif

#include "world/sun.h"

#define DEGREE (BCUE_PI / 180.0)
/* Terrestrial time runs ahead of universal time; the sun moves 0.04 arc seconds a second, so a constant will
   do. */
#define DELTA_T_S 69.0

double bcue_julian_date(const bcue_date_time *when)
{
    double year = when->year, month = when->month;
    if (month <= 2.0) {
        year -= 1.0;
        month += 12.0;
    }
    double century = floor(year / 100.0), leap = 2.0 - century + floor(century / 4.0);
    return floor(365.25 * (year + 4716.0)) + floor(30.6001 * (month + 1.0)) + (double)when->day + leap -
           1524.5 + when->hour / 24.0;
}

/* Apparent right ascension and declination (chapter 25), `t` in Julian centuries of terrestrial time. */
static void apparent_place(double t, double *right_ascension, double *declination)
{
    double mean_longitude = 280.46646 + t * (36000.76983 + t * 0.0003032);
    double anomaly = (357.52911 + t * (35999.05029 - t * 0.0001537)) * DEGREE;
    double centre = (1.914602 - t * (0.004817 + t * 0.000014)) * sin(anomaly) +
                    (0.019993 - 0.000101 * t) * sin(2.0 * anomaly) + 0.000289 * sin(3.0 * anomaly);
    double node = (125.04 - 1934.136 * t) * DEGREE;
    double longitude = (mean_longitude + centre - 0.00569 - 0.00478 * sin(node)) * DEGREE;
    double obliquity = 23.0 + (26.0 + (21.448 - t * (46.815 + t * (0.00059 - t * 0.001813))) / 60.0) / 60.0;
    double tilt = (obliquity + 0.00256 * cos(node)) * DEGREE;
    *right_ascension = atan2(cos(tilt) * sin(longitude), cos(longitude));
    *declination = asin(sin(tilt) * sin(longitude));
}

/* Mean sidereal time at Greenwich (eq. 12.4), radians; nutation moves it by a second of time at most. */
static double sidereal_time(double julian_date)
{
    double days = julian_date - 2451545.0, t = days / 36525.0;
    double degrees = 280.46061837 + 360.98564736629 * days + t * t * (0.000387933 - t / 38710000.0);
    return fmod(degrees, 360.0) * DEGREE;
}

bcue_sun_place bcue_sun_at(const bcue_date_time *when, double latitude_deg, double longitude_deg)
{
    double julian_date = bcue_julian_date(when);
    double t = (julian_date + DELTA_T_S / 86400.0 - 2451545.0) / 36525.0;
    bcue_sun_place place = {0};
    apparent_place(t, &place.right_ascension, &place.declination);
    double latitude = latitude_deg * DEGREE;
    double hour_angle = sidereal_time(julian_date) + longitude_deg * DEGREE - place.right_ascension;
    double sine =
        sin(latitude) * sin(place.declination) + cos(latitude) * cos(place.declination) * cos(hour_angle);
    place.elevation = asin(fmax(-1.0, fmin(1.0, sine)));
    double west = cos(place.declination) * sin(hour_angle);
    double north =
        sin(place.declination) * cos(latitude) - cos(place.declination) * sin(latitude) * cos(hour_angle);
    place.azimuth = atan2(-west, north);
    if (place.azimuth < 0.0)
        place.azimuth += 2.0 * BCUE_PI;
    if (place.right_ascension < 0.0)
        place.right_ascension += 2.0 * BCUE_PI;
    double above = place.elevation / DEGREE;
    if (above > -1.0)
        place.refraction = DEGREE * 1.02 / (60.0 * tan((above + 10.3 / (above + 5.11)) * DEGREE));
    return place;
}

bcue_vec3 bcue_sun_direction(const bcue_sun_place *place)
{
    double elevation = place->elevation + place->refraction;
    return bcue_vec3_make(cos(elevation) * sin(place->azimuth), cos(elevation) * cos(place->azimuth),
                          sin(elevation));
}

/* Positions on the WGS-84 ellipsoid: geodetic, earth-centred, local east-north-up, UTM. Angles in degrees,
   lengths in metres, altitude 0 unless said. Pure functions of any thread. NaN in gives NaN out. */
#ifndef BCUE_FEATURES_GEODESY_H
#define BCUE_FEATURES_GEODESY_H

/* Exact (no small-angle approximation): geodetic -> earth-centred -> rotated into the tangent frame at the
 * reference. */
void bcue_geodetic_to_enu(double latitude_deg, double longitude_deg, double altitude_m,
                          double reference_latitude_deg, double reference_longitude_deg,
                          double reference_altitude_m, double enu_m[3]);
/* The inverse; good to a nanometre within 1000 km of the reference. */
void bcue_enu_to_geodetic(const double enu_m[3], double reference_latitude_deg,
                          double reference_longitude_deg, double reference_altitude_m, double *latitude_deg,
                          double *longitude_deg, double *altitude_m);
/* The UTM zone 1..60 of a place, with the exceptions of Norway and Svalbard. */
int bcue_utm_zone(double latitude_deg, double longitude_deg);
/* Easting and northing in a given zone (false easting 500 km; false northing 10,000 km south of the equator).
   Krueger's series to the sixth order in n as given by Karney, "Transverse Mercator with an accuracy of a few
   nanometers", J. Geodesy 85 (2011). */
void bcue_geodetic_to_utm(double latitude_deg, double longitude_deg, int zone, double *easting_m,
                          double *northing_m);

#endif

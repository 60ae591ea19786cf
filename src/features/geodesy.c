#include "features/geodesy.h"

#include <math.h>

#define PI 3.14159265358979323846
#define DEGREE (PI / 180.0)
#define SEMI_MAJOR_M 6378137.0
#define FLATTENING (1.0 / 298.257223563)
#define ECCENTRICITY2 (FLATTENING * (2.0 - FLATTENING))

static void to_earth_centred(double latitude_deg, double longitude_deg, double altitude_m, double xyz[3])
{
    double latitude = latitude_deg * DEGREE, longitude = longitude_deg * DEGREE;
    double sine = sin(latitude), cosine = cos(latitude);
    double prime_vertical_m = SEMI_MAJOR_M / sqrt(1.0 - ECCENTRICITY2 * sine * sine);
    xyz[0] = (prime_vertical_m + altitude_m) * cosine * cos(longitude);
    xyz[1] = (prime_vertical_m + altitude_m) * cosine * sin(longitude);
    xyz[2] = (prime_vertical_m * (1.0 - ECCENTRICITY2) + altitude_m) * sine;
}

void bcue_geodetic_to_enu(double latitude_deg, double longitude_deg, double altitude_m,
                          double reference_latitude_deg, double reference_longitude_deg,
                          double reference_altitude_m, double enu_m[3])
{
    double place[3], reference[3];
    to_earth_centred(latitude_deg, longitude_deg, altitude_m, place);
    to_earth_centred(reference_latitude_deg, reference_longitude_deg, reference_altitude_m, reference);
    double dx = place[0] - reference[0], dy = place[1] - reference[1], dz = place[2] - reference[2];
    double sine_lat = sin(reference_latitude_deg * DEGREE), cosine_lat = cos(reference_latitude_deg * DEGREE);
    double sine_lon = sin(reference_longitude_deg * DEGREE),
           cosine_lon = cos(reference_longitude_deg * DEGREE);
    double outward = cosine_lon * dx + sine_lon * dy;
    enu_m[0] = -sine_lon * dx + cosine_lon * dy;
    enu_m[1] = -sine_lat * outward + cosine_lat * dz;
    enu_m[2] = cosine_lat * outward + sine_lat * dz;
}

void bcue_enu_to_geodetic(const double enu_m[3], double reference_latitude_deg,
                          double reference_longitude_deg, double reference_altitude_m, double *latitude_deg,
                          double *longitude_deg, double *altitude_m)
{
    double xyz[3];
    to_earth_centred(reference_latitude_deg, reference_longitude_deg, reference_altitude_m, xyz);
    double sine_lat = sin(reference_latitude_deg * DEGREE), cosine_lat = cos(reference_latitude_deg * DEGREE);
    double sine_lon = sin(reference_longitude_deg * DEGREE),
           cosine_lon = cos(reference_longitude_deg * DEGREE);
    double outward = -sine_lat * enu_m[1] + cosine_lat * enu_m[2];
    xyz[0] += -sine_lon * enu_m[0] + cosine_lon * outward;
    xyz[1] += cosine_lon * enu_m[0] + sine_lon * outward;
    xyz[2] += cosine_lat * enu_m[1] + sine_lat * enu_m[2];

    double distance_m = hypot(xyz[0], xyz[1]);
    double latitude = atan2(xyz[2], distance_m * (1.0 - ECCENTRICITY2)), height = 0;
    /* Fixed-point iteration on the latitude: its error shrinks by about e^2 h / a (< 1e-2 even at 100 km) per
     * round. */
    for (int round = 0; round < 8; round++) {
        double sine = sin(latitude);
        double prime_vertical_m = SEMI_MAJOR_M / sqrt(1.0 - ECCENTRICITY2 * sine * sine);
        double cosine = cos(latitude);
        height = distance_m * cosine + xyz[2] * sine - SEMI_MAJOR_M * SEMI_MAJOR_M / prime_vertical_m;
        latitude = atan2(xyz[2] + ECCENTRICITY2 * prime_vertical_m * sine, distance_m);
    }
    *latitude_deg = latitude / DEGREE;
    *longitude_deg = atan2(xyz[1], xyz[0]) / DEGREE;
    *altitude_m = height;
}

int bcue_utm_zone(double latitude_deg, double longitude_deg)
{
    double turned = longitude_deg - 360.0 * floor((longitude_deg + 180.0) / 360.0); /* [-180, 180) */
    if (!(turned >= -180.0 && turned < 180.0))
        return 1;
    if (latitude_deg >= 56.0 && latitude_deg < 64.0 && turned >= 3.0 && turned < 12.0)
        return 32;
    if (latitude_deg >= 72.0 && latitude_deg < 84.0 && turned >= 0.0 && turned < 42.0)
        return turned < 9.0 ? 31 : turned < 21.0 ? 33 : turned < 33.0 ? 35 : 37;
    return (int)floor((turned + 180.0) / 6.0) + 1;
}

void bcue_geodetic_to_utm(double latitude_deg, double longitude_deg, int zone, double *easting_m,
                          double *northing_m)
{
    const double n = FLATTENING / (2.0 - FLATTENING), n2 = n * n, n3 = n2 * n, n4 = n3 * n, n5 = n4 * n,
                 n6 = n5 * n;
    const double alpha[6] = {
        n / 2 - 2 * n2 / 3 + 5 * n3 / 16 + 41 * n4 / 180 - 127 * n5 / 288 + 7891 * n6 / 37800,
        13 * n2 / 48 - 3 * n3 / 5 + 557 * n4 / 1440 + 281 * n5 / 630 - 1983433 * n6 / 1935360,
        61 * n3 / 240 - 103 * n4 / 140 + 15061 * n5 / 26880 + 167603 * n6 / 181440,
        49561 * n4 / 161280 - 179 * n5 / 168 + 6601661 * n6 / 7257600,
        34729 * n5 / 80640 - 3418889 * n6 / 1995840,
        212378941 * n6 / 319334400,
    };
    const double radius_m = SEMI_MAJOR_M / (1.0 + n) * (1.0 + n2 / 4 + n4 / 64 + n6 / 256);
    const double scale = 0.9996, eccentricity = sqrt(ECCENTRICITY2);
    double tangent = tan(latitude_deg * DEGREE);
    double sigma = sinh(eccentricity * atanh(eccentricity * tangent / sqrt(1.0 + tangent * tangent)));
    double conformal = tangent * sqrt(1.0 + sigma * sigma) - sigma * sqrt(1.0 + tangent * tangent);
    double from_meridian = (longitude_deg - (6.0 * zone - 183.0)) * DEGREE;
    double xi = atan2(conformal, cos(from_meridian));
    double eta = asinh(sin(from_meridian) / hypot(conformal, cos(from_meridian)));
    double x = eta, y = xi;
    for (int j = 0; j < 6; j++) {
        double order = 2.0 * (j + 1);
        x += alpha[j] * cos(order * xi) * sinh(order * eta);
        y += alpha[j] * sin(order * xi) * cosh(order * eta);
    }
    *easting_m = 500000.0 + scale * radius_m * x;
    *northing_m = scale * radius_m * y + (latitude_deg < 0 ? 10000000.0 : 0.0);
}

#include "features/geodesy.h"

/* WGS-84: semi-major axis in metres and flattening. */
#define SEMI_MAJOR_M 6378137.0
#define FLATTENING (1.0 / 298.257223563)
#define ECCENTRICITY_SQUARED (FLATTENING * (2.0 - FLATTENING))
#define DEGREE (BCUE_PI / 180.0)

static double prime_vertical_radius(double sine)
{
    return SEMI_MAJOR_M / sqrt(1.0 - ECCENTRICITY_SQUARED * sine * sine);
}

static bcue_vec3 to_earth_centred(bcue_geodetic g)
{
    double latitude = g.latitude_deg * DEGREE, longitude = g.longitude_deg * DEGREE;
    double radius = prime_vertical_radius(sin(latitude));
    double axial = (radius + g.altitude_m) * cos(latitude);
    return bcue_vec3_make(axial * cos(longitude), axial * sin(longitude),
                          (radius * (1.0 - ECCENTRICITY_SQUARED) + g.altitude_m) * sin(latitude));
}

static void local_axes(bcue_geodetic origin, bcue_vec3 *east, bcue_vec3 *north, bcue_vec3 *up)
{
    double sl = sin(origin.latitude_deg * DEGREE), cl = cos(origin.latitude_deg * DEGREE);
    double so = sin(origin.longitude_deg * DEGREE), co = cos(origin.longitude_deg * DEGREE);
    *east = bcue_vec3_make(-so, co, 0.0);
    *north = bcue_vec3_make(-sl * co, -sl * so, cl);
    *up = bcue_vec3_make(cl * co, cl * so, sl);
}

bcue_vec3 bcue_geodetic_to_enu(bcue_geodetic position, bcue_geodetic origin)
{
    bcue_vec3 east, north, up;
    local_axes(origin, &east, &north, &up);
    bcue_vec3 offset = bcue_vec3_sub(to_earth_centred(position), to_earth_centred(origin));
    return bcue_vec3_make(bcue_vec3_dot(offset, east), bcue_vec3_dot(offset, north),
                          bcue_vec3_dot(offset, up));
}

bcue_geodetic bcue_enu_to_geodetic(bcue_vec3 enu, bcue_geodetic origin)
{
    bcue_vec3 east, north, up;
    local_axes(origin, &east, &north, &up);
    bcue_vec3 offset =
        bcue_vec3_add(bcue_vec3_scale(east, enu.x),
                      bcue_vec3_add(bcue_vec3_scale(north, enu.y), bcue_vec3_scale(up, enu.z)));
    bcue_vec3 p = bcue_vec3_add(to_earth_centred(origin), offset);
    double axial = hypot(p.x, p.y);
    /* Fixed-point iteration on the latitude; each round gains more than two digits near the ellipsoid. */
    double latitude = atan2(p.z, axial * (1.0 - ECCENTRICITY_SQUARED));
    for (int i = 0; i < 12; i++) {
        double sine = sin(latitude);
        latitude = atan2(p.z + ECCENTRICITY_SQUARED * prime_vertical_radius(sine) * sine, axial);
    }
    double sine = sin(latitude), cosine = cos(latitude), radius = prime_vertical_radius(sine);
    /* This form of the height is well conditioned at every latitude. */
    double altitude = axial * cosine + p.z * sine - radius * (1.0 - ECCENTRICITY_SQUARED * sine * sine);
    return (bcue_geodetic){latitude / DEGREE, atan2(p.y, p.x) / DEGREE, altitude};
}

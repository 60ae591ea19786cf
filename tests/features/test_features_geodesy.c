/* WGS-84 against the ellipsoid's axes, and there and back. */
#include "check.h"
#include "base/vec3.h"
#include "features/geodesy.h"

/* The functions under test, with a place as one value. */
typedef struct place {
    double latitude, longitude, altitude;
} place;

static bcue_vec3 to_enu(place p, place origin)
{
    double enu[3];
    bcue_geodetic_to_enu(p.latitude, p.longitude, p.altitude, origin.latitude, origin.longitude,
                         origin.altitude, enu);
    return bcue_vec3_make(enu[0], enu[1], enu[2]);
}

static place to_place(bcue_vec3 v, place origin)
{
    const double enu[3] = {v.x, v.y, v.z};
    place p;
    bcue_enu_to_geodetic(enu, origin.latitude, origin.longitude, origin.altitude, &p.latitude, &p.longitude,
                         &p.altitude);
    return p;
}

static void corners_of_the_ellipsoid(void)
{
    const double a = 6378137.0, b = 6356752.314245179;
    place gulf = {0, 0, 0};
    bcue_vec3 up = to_enu((place){0, 0, 100}, gulf);
    CHECK_NEAR(up.z, 100.0, 1e-9);
    CHECK_NEAR(up.x, 0.0, 1e-9);
    bcue_vec3 east = to_enu((place){0, 90, 0}, gulf);
    CHECK_NEAR(east.x, a, 1e-6);
    CHECK_NEAR(east.y, 0.0, 1e-6);
    CHECK_NEAR(east.z, -a, 1e-6);
    bcue_vec3 pole = to_enu((place){90, 0, 0}, gulf);
    CHECK_NEAR(pole.y, b, 1e-6);
    CHECK_NEAR(pole.z, -a, 1e-6);
}

/* Near 45 degrees a second of latitude is 30.87 m and one of longitude 21.9 m: radii of curvature M and N
 * cos(latitude). */
static void small_steps_follow_the_radii(void)
{
    const double a = 6378137.0, e2 = 6.69437999014e-3, degree = BCUE_PI / 180.0, step = 1e-5;
    place origin = {45, 7, 200};
    double sine = sin(45 * degree), w = sqrt(1 - e2 * sine * sine), m = a * (1 - e2) / (w * w * w), n = a / w;
    bcue_vec3 north = to_enu((place){45 + step, 7, 200}, origin);
    bcue_vec3 east = to_enu((place){45, 7 + step, 200}, origin);
    CHECK_NEAR(north.y, (m + 200) * step * degree, 1e-6);
    CHECK_NEAR(north.x, 0.0, 1e-6);
    CHECK_NEAR(east.x, (n + 200) * cos(45 * degree) * step * degree, 1e-6);
}

static void there_and_back(void)
{
    const place origins[] = {{33.4203, -111.9289, 350}, {-45, 179.9999, 0}, {89, 10, 20}, {0, 0, -100}};
    for (size_t o = 0; o < sizeof origins / sizeof origins[0]; o++)
        for (int i = 0; i < 200; i++) {
            double reach = pow(10.0, (double)(i % 7) - 1.0);
            bcue_vec3 enu = {reach * sin(1.7 * i), reach * cos(2.3 * i), 0.1 * reach * sin(0.7 * i)};
            place g = to_place(enu, origins[o]);
            bcue_vec3 back = to_enu(g, origins[o]);
            CHECK_NEAR(bcue_vec3_norm(bcue_vec3_sub(back, enu)), 0.0, 2e-8 + 1e-13 * reach);
            CHECK(g.longitude >= -180.0 && g.longitude <= 180.0);
        }
    CHECK(isnan(to_enu((place){NAN, 0, 0}, origins[0]).x));
}

int main(void)
{
    RUN(corners_of_the_ellipsoid);
    RUN(small_steps_follow_the_radii);
    RUN(there_and_back);
    return check_summary();
}

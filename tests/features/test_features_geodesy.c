/* WGS-84 against the ellipsoid's axes, and there and back. */
#include "check.h"
#include "features/geodesy.h"

static void corners_of_the_ellipsoid(void)
{
    const double a = 6378137.0, b = 6356752.314245179;
    bcue_geodetic gulf = {0, 0, 0};
    bcue_vec3 up = bcue_geodetic_to_enu((bcue_geodetic){0, 0, 100}, gulf);
    CHECK_NEAR(up.z, 100.0, 1e-9);
    CHECK_NEAR(up.x, 0.0, 1e-9);
    bcue_vec3 east = bcue_geodetic_to_enu((bcue_geodetic){0, 90, 0}, gulf);
    CHECK_NEAR(east.x, a, 1e-6);
    CHECK_NEAR(east.y, 0.0, 1e-6);
    CHECK_NEAR(east.z, -a, 1e-6);
    bcue_vec3 pole = bcue_geodetic_to_enu((bcue_geodetic){90, 0, 0}, gulf);
    CHECK_NEAR(pole.y, b, 1e-6);
    CHECK_NEAR(pole.z, -a, 1e-6);
}

/* Near 45 degrees a second of latitude is 30.87 m and one of longitude 21.9 m: radii of curvature M and N cos(latitude). */
static void small_steps_follow_the_radii(void)
{
    const double a = 6378137.0, e2 = 6.69437999014e-3, degree = BCUE_PI / 180.0, step = 1e-5;
    bcue_geodetic origin = {45, 7, 200};
    double sine = sin(45 * degree), w = sqrt(1 - e2 * sine * sine), m = a * (1 - e2) / (w * w * w), n = a / w;
    bcue_vec3 north = bcue_geodetic_to_enu((bcue_geodetic){45 + step, 7, 200}, origin);
    bcue_vec3 east = bcue_geodetic_to_enu((bcue_geodetic){45, 7 + step, 200}, origin);
    CHECK_NEAR(north.y, (m + 200) * step * degree, 1e-6);
    CHECK_NEAR(north.x, 0.0, 1e-6);
    CHECK_NEAR(east.x, (n + 200) * cos(45 * degree) * step * degree, 1e-6);
}

static void there_and_back(void)
{
    const bcue_geodetic origins[] = {{33.4203, -111.9289, 350}, {-45, 179.9999, 0}, {89, 10, 20}, {0, 0, -100}};
    for (size_t o = 0; o < sizeof origins / sizeof origins[0]; o++)
        for (int i = 0; i < 200; i++) {
            double reach = pow(10.0, (double)(i % 7) - 1.0);
            bcue_vec3 enu = {reach * sin(1.7 * i), reach * cos(2.3 * i), 0.1 * reach * sin(0.7 * i)};
            bcue_geodetic g = bcue_enu_to_geodetic(enu, origins[o]);
            bcue_vec3 back = bcue_geodetic_to_enu(g, origins[o]);
            CHECK_NEAR(bcue_vec3_norm(bcue_vec3_sub(back, enu)), 0.0, 2e-8 + 1e-13 * reach);
            CHECK(g.longitude_deg >= -180.0 && g.longitude_deg <= 180.0);
        }
    CHECK(isnan(bcue_geodetic_to_enu((bcue_geodetic){NAN, 0, 0}, origins[0]).x));
}

int main(void)
{
    RUN(corners_of_the_ellipsoid);
    RUN(small_steps_follow_the_radii);
    RUN(there_and_back);
    return check_summary();
}

/* Array factors, elements and near field against closed forms. */
#include "antenna/array.h"
#include <stdint.h>
#include "check.h"

#define WAVELENGTH 0.01

static double gain(const bcue_array *array, bcue_vec3 steered, bcue_vec3 u)
{
    double complex w[64], a[64];
    bcue_array_steering(array, steered, WAVELENGTH, w);
    bcue_array_steering(array, u, WAVELENGTH, a);
    for (size_t n = 0; n < array->count; n++)
        w[n] = conj(w[n]);
    double amplitude = cabs(bcue_array_response(w, a, array->count));
    return amplitude * amplitude;
}

/* |sin(N x) / sin(x)|^2 with x = pi d u / lambda. */
static double dirichlet(double count, double spacing, double u)
{
    double x = 3.14159265358979323846 * spacing / WAVELENGTH * u;
    double ratio = fabs(sin(x)) < 1e-12 ? count : sin(count * x) / sin(x);
    return ratio * ratio;
}

/* The array factor of a rectangle is the product of two Dirichlet kernels. */
static void array_factor(void)
{
    bcue_error error = {0};
    bcue_array array;
    CHECK_OK(bcue_array_make_ura(4, 8, 0.6 * WAVELENGTH, &array, &error), error);
    CHECK_INT(array.count, 32);
    bcue_vec3 steered = bcue_direction(0.3, -0.2);
    for (int i = 0; i < 2000; i++) {
        bcue_vec3 u = bcue_direction(-1.5 + 0.0015 * i, 0.7 * sin(0.1 * i));
        double expected =
            dirichlet(8, 0.6 * WAVELENGTH, u.y - steered.y) * dirichlet(4, 0.6 * WAVELENGTH, u.z - steered.z);
        CHECK_NEAR(gain(&array, steered, u), expected, 1e-9 * 1024.0);
    }
    /* Element order: r + rows k, z falling with r, y growing with k. */
    CHECK_NEAR(array.elements[1].z - array.elements[0].z, -0.6 * WAVELENGTH, 1e-15);
    CHECK_NEAR(array.elements[4].y - array.elements[0].y, 0.6 * WAVELENGTH, 1e-15);
    CHECK_NEAR(array.elements[0].y + array.elements[31].y, 0.0, 1e-15);
    CHECK_NEAR(array.elements[0].z + array.elements[31].z, 0.0, 1e-15);
    bcue_array_free(&array);
    CHECK_STATUS(bcue_array_make_ura(0, 8, 0.1, &array, &error), BCUE_ERROR_ARGUMENT);
    CHECK_STATUS(bcue_array_make_ura(2, SIZE_MAX, 0.1, &array, &error), BCUE_ERROR_MEMORY);
}

/* Against the distances themselves in long double, and the plane wave as the limit. */
static void near_field(void)
{
    bcue_error error = {0};
    bcue_array array;
    double complex near[64], plane[64];
    CHECK_OK(bcue_array_make_ura(8, 8, 0.5 * WAVELENGTH, &array, &error), error);
    bcue_vec3 u = bcue_direction(0.4, -0.3);
    bcue_array_steering(&array, u, WAVELENGTH, plane);
    static const double distances[] = {0.1, 1.0, 50.0, 1e7};
    for (size_t i = 0; i < 4; i++) {
        double d = distances[i];
        bcue_array_steering_near(&array, u, d, WAVELENGTH, near);
        for (size_t n = 0; n < 64; n++) {
            bcue_vec3 r = array.elements[n];
            long double x = (long double)d * u.x - r.x, y = (long double)d * u.y - r.y,
                        z = (long double)d * u.z - r.z;
            long double each = sqrtl(x * x + y * y + z * z);
            long double phase = -2.0L * 3.14159265358979323846264L * (each - d) / WAVELENGTH;
            CHECK_NEAR(creal(near[n]), (double)(d / each * cosl(phase)), i < 3 ? 1e-9 : 1e-6);
            CHECK_NEAR(cimag(near[n]), (double)(d / each * sinl(phase)), i < 3 ? 1e-9 : 1e-6);
            if (i == 3)
                CHECK(cabs(near[n] - plane[n]) < 1e-6);
        }
    }
    bcue_array_free(&array);
}

/* Integral of the power gain over the sphere / (4 pi). */
static double mean_gain(const bcue_element *element)
{
    double sum = 0.0;
    enum { N = 400 };
    for (int i = 0; i < N; i++)
        for (int j = 0; j < 2 * N; j++) {
            double elevation = (((double)i + 0.5) / N - 0.5) * BCUE_PI,
                   azimuth = BCUE_PI * ((double)j / N - 1.0);
            bcue_vec3 f = bcue_element_field(element, bcue_direction(azimuth, elevation));
            sum += bcue_vec3_dot(f, f) * cos(elevation);
        }
    return sum * (BCUE_PI / N) * (BCUE_PI / N) / (4.0 * BCUE_PI);
}

static void elements(void)
{
    bcue_element isotropic = {0}, dipole = {BCUE_ELEMENT_DIPOLE, 0.0}, patch = {BCUE_ELEMENT_TR38901, 0.0};
    CHECK_NEAR(mean_gain(&isotropic), 1.0, 1e-5);
    CHECK_NEAR(mean_gain(&dipole), 1.0, 1e-4);
    /* Dipole: 2.15 dBi broadside, -3 dB at 39 degrees from it (half-power width 78 degrees), 0 along it. */
    bcue_vec3 f = bcue_element_field(&dipole, bcue_direction(1.0, 0.0));
    CHECK_NEAR(10.0 * log10(bcue_vec3_dot(f, f)), 2.15, 0.005);
    f = bcue_element_field(&dipole, bcue_direction(1.0, 39.0 * BCUE_PI / 180.0));
    CHECK_NEAR(10.0 * log10(bcue_vec3_dot(f, f)), 2.15 - 3.0, 0.03);
    f = bcue_element_field(&dipole, bcue_vec3_make(0, 0, 1));
    CHECK_NEAR(bcue_vec3_dot(f, f), 0.0, 1e-12);
    /* TR 38.901: 8 dBi, -3 dB at half of 65 degrees in either plane, the corner adds up, never below -30 dB.
     */
    static const double cases[][3] = {{0, 0, 8},   {32.5, 0, 5},  {0, 32.5, 5},  {32.5, -32.5, 2},
                                      {65, 0, -4}, {180, 0, -22}, {120, 89, -22}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        f = bcue_element_field(&patch,
                               bcue_direction(cases[i][0] * BCUE_PI / 180.0, cases[i][1] * BCUE_PI / 180.0));
        CHECK_NEAR(10.0 * log10(bcue_vec3_dot(f, f)), cases[i][2], 1e-9);
    }
}

/* Fields lie across the direction; slant turns from v to h; v and h are right-handed with d. */
static void polarisation(void)
{
    for (int i = 0; i < 200; i++) {
        bcue_vec3 d = bcue_direction(0.7 * i, 1.5 * sin(i));
        bcue_polarisation p = bcue_polarisation_across(d);
        CHECK_NEAR(bcue_vec3_dot(p.v, d), 0.0, 1e-12);
        CHECK_NEAR(bcue_vec3_dot(p.h, d), 0.0, 1e-12);
        CHECK(p.v.z >= 0.0);
        CHECK_NEAR(bcue_vec3_dot(bcue_vec3_cross(d, p.h), p.v), 1.0, 1e-12);
        bcue_polarisation back = bcue_polarisation_across(bcue_vec3_scale(d, -1.0));
        CHECK_NEAR(bcue_vec3_dot(back.v, p.v), 1.0, 1e-12);
        CHECK_NEAR(bcue_vec3_dot(back.h, p.h), -1.0, 1e-12);
        bcue_element slanted = {BCUE_ELEMENT_ISOTROPIC, 0.25 * BCUE_PI};
        bcue_vec3 f = bcue_element_field(&slanted, d);
        CHECK_NEAR(bcue_vec3_dot(f, p.v), sqrt(0.5), 1e-12);
        CHECK_NEAR(bcue_vec3_dot(f, p.h), sqrt(0.5), 1e-12);
    }
    bcue_frame frame = bcue_frame_make(bcue_vec3_make(1, 2, 3), 0.3, -0.2),
               rolled = bcue_frame_rolled(&frame, 0.1);
    CHECK(rolled.left.z < 0.0);
    CHECK_NEAR(bcue_vec3_dot(bcue_vec3_cross(rolled.forward, rolled.left), rolled.up), 1.0, 1e-12);
}

int main(void)
{
    RUN(array_factor);
    RUN(near_field);
    RUN(elements);
    RUN(polarisation);
    return check_summary();
}

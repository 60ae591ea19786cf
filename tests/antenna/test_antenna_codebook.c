/* Arrays and codebooks against closed forms. */
#include "antenna/codebook.h"
#include "check.h"

#define WAVELENGTH 0.005
enum { ELEMENTS = 16, BEAMS = 64 };

static double gain(const bcue_array *array, const double complex *weights, double azimuth)
{
    double complex steering[ELEMENTS];
    bcue_array_steering(array, bcue_direction(azimuth, 0.0), WAVELENGTH, steering);
    double amplitude = cabs(bcue_array_response(weights, steering, array->count));
    return amplitude * amplitude;
}

static void make(bcue_array *array, bcue_codebook *codebook)
{
    bcue_error error = {0};
    CHECK_OK(bcue_array_make_ula(ELEMENTS, 0.5 * WAVELENGTH, array, &error), error);
    CHECK_OK(bcue_codebook_make_oversampled(array, WAVELENGTH, BEAMS, 0.5 * BCUE_PI, codebook, &error),
             error);
}

/* |AF|^2 = (sin(N psi / 2) / sin(psi / 2))^2 / N with psi = k d (sin az - sin az_b). */
static void array_factor_matches_closed_form(void)
{
    bcue_array array;
    bcue_codebook codebook;
    make(&array, &codebook);
    for (size_t b = 0; b < BEAMS; b += 7) {
        for (double azimuth = -1.5; azimuth <= 1.5; azimuth += 0.0137) {
            double psi = BCUE_PI * (sin(azimuth) - sin(codebook.azimuth[b]));
            double factor =
                fabs(sin(0.5 * psi)) < 1e-12 ? ELEMENTS : sin(0.5 * ELEMENTS * psi) / sin(0.5 * psi);
            CHECK_NEAR(gain(&array, codebook.weights + b * ELEMENTS, azimuth), factor * factor / ELEMENTS,
                       1e-9);
        }
    }
    bcue_array_free(&array);
    bcue_codebook_free(&codebook);
}

/* Beam 0 left (+45 degrees), the last right (-45); each beam is best in its own direction, with gain N. */
static void beams_peak_in_order(void)
{
    bcue_array array;
    bcue_codebook codebook;
    make(&array, &codebook);
    CHECK(codebook.index_monotone);
    CHECK_NEAR(codebook.azimuth[0], 0.25 * BCUE_PI, 1e-15);
    CHECK_NEAR(codebook.azimuth[BEAMS - 1], -0.25 * BCUE_PI, 1e-15);
    for (size_t b = 0; b < BEAMS; b++) {
        double own = gain(&array, codebook.weights + b * ELEMENTS, codebook.azimuth[b]);
        CHECK_NEAR(own, ELEMENTS, 1e-9);
        double peak_at = 0.0, peak = 0.0;
        for (double azimuth = -1.2; azimuth <= 1.2; azimuth += 0.001) {
            double here = gain(&array, codebook.weights + b * ELEMENTS, azimuth);
            if (here > peak) {
                peak = here;
                peak_at = azimuth;
            }
        }
        CHECK_NEAR(peak_at, codebook.azimuth[b], 0.001);
        CHECK(b == 0 || codebook.azimuth[b] < codebook.azimuth[b - 1]);
    }
    bcue_array_free(&array);
    bcue_codebook_free(&codebook);
}

static void mirror_swaps_left_and_right(void)
{
    bcue_array array;
    bcue_codebook codebook;
    make(&array, &codebook);
    for (size_t b = 0; b < BEAMS; b++) {
        CHECK_INT(codebook.mirror[b], BEAMS - 1 - b);
        for (double azimuth = -1.0; azimuth <= 1.0; azimuth += 0.21)
            CHECK_NEAR(gain(&array, codebook.weights + b * ELEMENTS, azimuth),
                       gain(&array, codebook.weights + codebook.mirror[b] * ELEMENTS, -azimuth), 1e-9);
    }
    bcue_array_free(&array);
    bcue_codebook_free(&codebook);
}

static void a_linear_array_hears_the_cone(void)
{
    bcue_array array;
    bcue_codebook codebook;
    make(&array, &codebook);
    double complex level[ELEMENTS], raised[ELEMENTS];
    /* Elevation turns u_y = sin(az) cos(el): the same cone, the same response. */
    double azimuth = 0.3, elevation = 0.2, same = asin(sin(azimuth) * cos(elevation));
    bcue_array_steering(&array, bcue_direction(azimuth, elevation), WAVELENGTH, raised);
    bcue_array_steering(&array, bcue_direction(same, 0.0), WAVELENGTH, level);
    for (int n = 0; n < ELEMENTS; n++)
        CHECK_NEAR(cabs(level[n] - raised[n]), 0.0, 1e-12);
    bcue_array_free(&array);
    bcue_codebook_free(&codebook);
}

static void nonsense_is_refused(void)
{
    bcue_error error;
    bcue_array array;
    bcue_codebook codebook;
    CHECK_STATUS(bcue_array_make_ula(0, 0.1, &array, &error), BCUE_ERROR_ARGUMENT);
    CHECK_STATUS(bcue_array_make_ula(4, NAN, &array, &error), BCUE_ERROR_ARGUMENT);
    CHECK_OK(bcue_array_make_ula(4, 0.1, &array, &error), error);
    CHECK_STATUS(bcue_codebook_make_oversampled(&array, WAVELENGTH, 1, 1.0, &codebook, &error),
                 BCUE_ERROR_ARGUMENT);
    CHECK_STATUS(bcue_codebook_make_oversampled(&array, WAVELENGTH, 8, 4.0, &codebook, &error),
                 BCUE_ERROR_ARGUMENT);
    bcue_array_free(&array);
}

int main(void)
{
    RUN(array_factor_matches_closed_form);
    RUN(beams_peak_in_order);
    RUN(mirror_swaps_left_and_right);
    RUN(a_linear_array_hears_the_cone);
    RUN(nonsense_is_refused);
    return check_summary();
}

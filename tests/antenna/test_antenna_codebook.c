/* Arrays and codebooks against closed forms. */
#include "antenna/codebook.h"
#include "check.h"

#include <string.h>

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

/* A codebook with its array, and the hash. */
typedef struct hashed {
    bcue_array array;
    bcue_codebook codebook;
    char hash[17];
} hashed;

static void make_hashed(double wavelength_m, double spacing, double degrees, hashed *made)
{
    bcue_error error = {0};
    CHECK_OK(bcue_array_make_ula(ELEMENTS, spacing * wavelength_m, &made->array, &error), error);
    CHECK_OK(bcue_codebook_make_oversampled(&made->array, wavelength_m, BEAMS, degrees * BCUE_PI / 180,
                                            &made->codebook, &error),
             error);
    bcue_codebook_hash(&made->codebook, &made->array, wavelength_m, made->hash);
}

static void make_paper(bcue_codebook_normalisation normalisation, hashed *made)
{
    bcue_error error = {0};
    CHECK_OK(bcue_array_make_ura(8, 8, 0.5 * WAVELENGTH, &made->array, &error), error);
    CHECK_OK(bcue_codebook_make_paper_b(normalisation, &made->codebook, &error), error);
    bcue_codebook_hash(&made->codebook, &made->array, WAVELENGTH, made->hash);
}

static void free_hashed(hashed *made)
{
    bcue_array_free(&made->array);
    bcue_codebook_free(&made->codebook);
}

/* From tools/fixtures/make_codebook_hash.py, which computes them from the definition with numpy. */
static void hashes_are_those_of_another_library(void)
{
    hashed made;
    make_paper(BCUE_NORMALISE_AMPLITUDE, &made);
    CHECK_STR(made.hash, "200d8d41cd48ce7d");
    free_hashed(&made);
    make_paper(BCUE_NORMALISE_POWER, &made);
    CHECK_STR(made.hash, "d31792341fff590b");
    free_hashed(&made);
    make_hashed(WAVELENGTH, 0.5, 90, &made);
    CHECK_STR(made.hash, "3872f43bd7a81346");
    free_hashed(&made);
    make_hashed(0.0107, 0.5, 90, &made); /* the same beams at another carrier */
    CHECK_STR(made.hash, "3872f43bd7a81346");
    free_hashed(&made);
    make_hashed(WAVELENGTH, 0.5, 60, &made);
    CHECK_STR(made.hash, "e3321f70d7f84b38");
    free_hashed(&made);
}

/* What another compiler or processor changes does not count, nor what all beams have in common; a beam does.
 */
static void a_hash_tells_codebooks_apart(void)
{
    hashed made, other;
    char hash[17];
    make_paper(BCUE_NORMALISE_POWER, &made);
    bcue_codebook *c = &made.codebook;
    for (size_t i = 0; i < c->beams * c->elements; i++)
        c->weights[i] *= 3 * (1 + (i % 2 == 0 ? 1e-14 : -1e-14));
    bcue_codebook_hash(c, &made.array, WAVELENGTH, hash);
    CHECK_STR(hash, made.hash);
    c->weights[77 * 64 + 5] *= 1.0001;
    bcue_codebook_hash(c, &made.array, WAVELENGTH, hash);
    CHECK(strcmp(hash, made.hash) != 0);
    free_hashed(&made);
    make_hashed(WAVELENGTH, 0.5, 90, &made);
    make_hashed(WAVELENGTH, 0.5, 90, &other);
    for (size_t b = 0; b < BEAMS; b++) /* from right to left */
        memcpy(other.codebook.weights + b * ELEMENTS, made.codebook.weights + (BEAMS - 1 - b) * ELEMENTS,
               ELEMENTS * sizeof *other.codebook.weights);
    bcue_codebook_hash(&other.codebook, &other.array, WAVELENGTH, hash);
    CHECK(strcmp(hash, made.hash) != 0);
    bcue_codebook_hash(&made.codebook, &other.array, WAVELENGTH, hash);
    CHECK_STR(hash, made.hash);
    bcue_codebook_hash(&made.codebook, &other.array, 0.8 * WAVELENGTH, hash); /* the elements further apart */
    CHECK(strcmp(hash, made.hash) != 0);
    free_hashed(&made);
    free_hashed(&other);
}

static void hash_measured(double scale, double fifth, char hash[17])
{
    const double azimuths[] = {-0.5, 0, 0.5};
    const double amplitudes[] = {scale, 2 * scale, scale, 0.5 * scale, fifth * scale, 3 * scale};
    bcue_error error = {0};
    bcue_codebook codebook;
    CHECK_OK(bcue_codebook_make_measured(azimuths, amplitudes, 2, 3, true, &codebook, &error), error);
    bcue_codebook_hash(&codebook, NULL, WAVELENGTH, hash);
    bcue_codebook_free(&codebook);
}

static void measured_beams_have_a_hash(void)
{
    char one[17], larger[17], other[17];
    hash_measured(1, 0.5, one);
    hash_measured(7, 0.5, larger);
    hash_measured(1, 0.6, other);
    CHECK_STR(larger, one);
    CHECK(strcmp(other, one) != 0);
}

int main(void)
{
    RUN(array_factor_matches_closed_form);
    RUN(beams_peak_in_order);
    RUN(mirror_swaps_left_and_right);
    RUN(a_linear_array_hears_the_cone);
    RUN(nonsense_is_refused);
    RUN(hashes_are_those_of_another_library);
    RUN(a_hash_tells_codebooks_apart);
    RUN(measured_beams_have_a_hash);
    return check_summary();
}

/* Paper B's 152 beams, the DFT codebook, measured beams and imperfect hardware. */
#include <stdlib.h>
#include "antenna/codebook.h"
#include "base/file.h"
#include "check.h"
#include "formats/mat.h"

#define WAVELENGTH 0.01
#define DEGREE (BCUE_PI / 180.0)

static void make(bcue_codebook_normalisation normalisation, bcue_array *array, bcue_codebook *codebook)
{
    bcue_error error = {0};
    CHECK_OK(bcue_array_make_ura(8, 8, 0.5 * WAVELENGTH, array, &error), error);
    CHECK_OK(bcue_codebook_make_paper_b(normalisation, codebook, &error), error);
    CHECK_INT(codebook->beams, 152);
    CHECK_INT(codebook->elements, 64);
}

static void equals_the_published_file(void)
{
    static const char path[] = BCUE_SOURCE_DIR "/../shared/realdata/paper_b_codebook/beam_weights.mat";
    FILE *file = fopen(path, "rb");
    if (!file)
        SKIP("%s is not there", path);
    fclose(file);
    bcue_array array;
    bcue_codebook codebook;
    make(BCUE_NORMALISE_AMPLITUDE, &array, &codebook);
    static const char *const fields[] = {"beam_weights.single_beam", "beam_weights.double_beam",
                                         "beam_weights.triple_beam"};
    double largest = 0.0;
    size_t beam = 0;
    for (int class = 0; class < 3; class ++) {
        for (size_t i = 0;; i++, beam++) {
            bcue_error error = {0};
            bcue_mat matrix;
            char name[64];
            snprintf(name, sizeof name, "%s{%zu}", fields[class], i);
            if (bcue_mat_read(path, name, &matrix, &error) != BCUE_OK) {
                if (i == 0) /* one matrix with a beam per row or column instead of a cell array */
                    CHECK_AT(false, "%s", error.text);
                break;
            }
            CHECK_INT(matrix.count, 64);
            CHECK_INT(codebook.lobes[beam], class + 1);
            for (size_t n = 0; n < 64; n++) {
                double complex w = matrix.real[n] + (matrix.imaginary ? matrix.imaginary[n] : 0.0) * I;
                largest = fmax(largest, cabs(w - codebook.weights[64 * beam + n]));
            }
            bcue_mat_free(&matrix);
        }
    }
    CHECK_INT(beam, 152);
    CHECK_AT(largest <= 1e-12, "largest difference of a weight: %g", largest);
    bcue_array_free(&array);
    bcue_codebook_free(&codebook);
}

/* The direction cosines of the strongest response on a fine grid. */
static void peak(const bcue_codebook *codebook, const bcue_array *array, size_t beam, double *y, double *z)
{
    double complex scratch[64];
    double best = -1.0;
    for (double v = -1.0; v <= 1.0; v += 0.01)
        for (double u = -1.0; u <= 1.0; u += 0.01) {
            if (u * u + v * v > 1.0)
                continue;
            bcue_vec3 d = {sqrt(1.0 - u * u - v * v), u, v};
            double gain = bcue_codebook_gain(codebook, array, beam, d, WAVELENGTH, scratch);
            if (gain > best) {
                best = gain;
                *y = u;
                *z = v;
            }
        }
}

static void lobes(void)
{
    bcue_array array;
    bcue_codebook codebook;
    make(BCUE_NORMALISE_POWER, &array, &codebook);
    double y = 0, z = 0;
    /* 1-based beam 18: theta 60, phi 140. */
    peak(&codebook, &array, 17, &y, &z);
    CHECK_NEAR(y, 0.663, 0.01);
    CHECK_NEAR(z, -0.557, 0.01);
    double complex scratch[64];
    for (size_t b = 0; b < 40; b++) {
        bcue_vec3 u = bcue_direction(codebook.azimuth[b], codebook.elevation[b]);
        double gain_db = 10.0 * log10(bcue_codebook_gain(&codebook, &array, b, u, WAVELENGTH, scratch));
        CHECK_NEAR(gain_db, 18.06, 0.005);
        CHECK(u.z <= 1e-12 && u.x > 0.0);
    }
    bcue_array_free(&array);
    bcue_codebook_free(&codebook);
}

static void normalisations(void)
{
    bcue_array array;
    bcue_codebook amplitude, power;
    make(BCUE_NORMALISE_AMPLITUDE, &array, &amplitude);
    bcue_array_free(&array);
    make(BCUE_NORMALISE_POWER, &array, &power);
    double sums[4] = {0}, counts[4] = {0};
    for (size_t b = 0; b < 152; b++) {
        double norm = 0.0, unit = 0.0;
        for (size_t n = 0; n < 64; n++) {
            norm += pow(cabs(amplitude.weights[64 * b + n]), 2);
            unit += pow(cabs(power.weights[64 * b + n]), 2);
        }
        CHECK_NEAR(unit, 1.0, 1e-12);
        sums[amplitude.lobes[b]] += norm;
        counts[amplitude.lobes[b]] += 1.0;
    }
    CHECK_INT(counts[1], 40);
    CHECK_INT(counts[2], 64);
    CHECK_INT(counts[3], 48);
    CHECK_NEAR(sums[1] / counts[1], 64.0, 1e-9);
    CHECK_NEAR(sums[2] / counts[2], 32.0, 1.5);
    CHECK_NEAR(sums[3] / counts[3], 21.3, 1.5);
    CHECK(!power.index_monotone);
    bcue_array_free(&array);
    bcue_codebook_free(&amplitude);
    bcue_codebook_free(&power);
}

/* The mirror of a beam has its pattern with left and right exchanged. */
static void mirrors(void)
{
    bcue_array array;
    bcue_codebook codebook;
    bcue_error error = {0};
    double complex scratch[64];
    make(BCUE_NORMALISE_POWER, &array, &codebook);
    CHECK(codebook.mirror == NULL);
    bcue_codebook_free(&codebook);
    CHECK_OK(bcue_codebook_make_dft(&array, WAVELENGTH, 2, &codebook, &error), error);
    for (size_t b = 0; b < codebook.beams; b++) {
        CHECK_INT(codebook.mirror[codebook.mirror[b]], b);
        for (int i = 0; i < 20; i++) {
            bcue_vec3 u = bcue_direction(0.15 * (i - 10), -0.05 * i), v = {u.x, -u.y, u.z};
            CHECK_NEAR(bcue_codebook_gain(&codebook, &array, b, u, WAVELENGTH, scratch),
                       bcue_codebook_gain(&codebook, &array, codebook.mirror[b], v, WAVELENGTH, scratch),
                       1e-9);
        }
    }
    bcue_array_free(&array);
    bcue_codebook_free(&codebook);
}

/* Without oversampling the DFT beams are orthonormal, and each peaks where it says. */
static void dft(void)
{
    bcue_error error = {0};
    bcue_array array;
    bcue_codebook codebook;
    double complex scratch[64];
    CHECK_OK(bcue_array_make_ura(4, 8, 0.5 * WAVELENGTH, &array, &error), error);
    CHECK_OK(bcue_codebook_make_dft(&array, WAVELENGTH, 1, &codebook, &error), error);
    CHECK_INT(codebook.beams, 32);
    CHECK(!codebook.index_monotone);
    for (size_t a = 0; a < 32; a++)
        for (size_t b = 0; b < 32; b++) {
            double complex product = 0.0;
            for (size_t n = 0; n < 32; n++)
                product += codebook.weights[32 * a + n] * conj(codebook.weights[32 * b + n]);
            CHECK(cabs(product - (a == b)) < 1e-12);
        }
    size_t centre = 3 + 8 * 1;
    bcue_vec3 u = bcue_direction(codebook.azimuth[centre], codebook.elevation[centre]);
    CHECK_NEAR(u.y, 0.125, 1e-12);
    CHECK_NEAR(u.z, 0.25, 1e-12);
    CHECK_NEAR(bcue_codebook_gain(&codebook, &array, centre, u, WAVELENGTH, scratch), 32.0, 1e-9);
    bcue_codebook_free(&codebook);
    CHECK_STATUS(bcue_codebook_make_dft(&array, WAVELENGTH, 0, &codebook, &error), BCUE_ERROR_ARGUMENT);
    bcue_array_free(&array);
}

static void hardware(void)
{
    bcue_error error = {0};
    bcue_array array;
    bcue_codebook ideal, rough;
    double complex scratch[64];
    make(BCUE_NORMALISE_POWER, &array, &ideal);
    bcue_array_free(&array);
    make(BCUE_NORMALISE_POWER, &array, &rough);
    /* Phases lie on the grid; 2 bits cost 0.9 dB on average (sinc^2(1/4)), 5 bits next to nothing. */
    static const struct {
        int bits;
        double loss_db, within;
    } cases[] = {{2, 0.91, 0.5}, {5, 0.014, 0.01}};
    for (size_t c = 0; c < 2; c++) {
        for (size_t i = 0; i < 152 * 64; i++)
            rough.weights[i] = ideal.weights[i];
        CHECK_OK(bcue_codebook_quantise(&rough, cases[c].bits, true, &error), error);
        double loss = 0.0;
        for (size_t b = 0; b < 40; b++) {
            bcue_vec3 u = bcue_direction(ideal.azimuth[b], ideal.elevation[b]);
            loss += bcue_codebook_gain(&rough, &array, b, u, WAVELENGTH, scratch) / 64.0 / 40.0;
        }
        CHECK_NEAR(-10.0 * log10(loss), cases[c].loss_db, cases[c].within);
        for (size_t i = 0; i < 152 * 64; i++) {
            double steps = carg(rough.weights[i]) / (2.0 * BCUE_PI) * (1 << cases[c].bits);
            CHECK_NEAR(steps, nearbyint(steps), 1e-9);
            CHECK_NEAR(cabs(rough.weights[i]), 0.125, 1e-12);
        }
    }
    /* Gaussian phase errors: E|w^T a|^2 / 64 = e^-s^2 + (1 - e^-s^2) / 64 (Ruze). */
    double mean = 0.0, s = 0.5, expected = exp(-s * s) + (1.0 - exp(-s * s)) / 64.0;
    enum { FRAMES = 100 };
    for (uint32_t frame = 0; frame < FRAMES; frame++) {
        for (size_t i = 0; i < 152 * 64; i++)
            rough.weights[i] = ideal.weights[i];
        CHECK_OK(bcue_codebook_add_phase_noise(&rough, s, 7, frame, &error), error);
        for (size_t b = 0; b < 40; b++) {
            bcue_vec3 u = bcue_direction(ideal.azimuth[b], ideal.elevation[b]);
            mean += bcue_codebook_gain(&rough, &array, b, u, WAVELENGTH, scratch) / 64.0 / 40.0 / FRAMES;
        }
    }
    CHECK_NEAR(mean, expected, 0.004);
    double complex first = rough.weights[100];
    for (size_t i = 0; i < 152 * 64; i++)
        rough.weights[i] = ideal.weights[i];
    CHECK_OK(bcue_codebook_add_phase_noise(&rough, s, 7, FRAMES - 1, &error), error);
    CHECK(rough.weights[100] == first);
    CHECK_STATUS(bcue_codebook_quantise(&rough, 0, true, &error), BCUE_ERROR_ARGUMENT);
    CHECK_STATUS(bcue_codebook_add_phase_noise(&rough, -1.0, 7, 0, &error), BCUE_ERROR_ARGUMENT);
    bcue_array_free(&array);
    bcue_codebook_free(&ideal);
    bcue_codebook_free(&rough);
}

static void measured(void)
{
    bcue_error error = {0};
    bcue_codebook codebook;
    static const double azimuths[] = {1.0, 0.5, 0.0, -1.0},
                        magnitudes[] = {0.1, 0.9, 0.3, 0.2, 0.0, 0.1, 0.2, 0.7};
    CHECK_OK(bcue_codebook_make_measured(azimuths, magnitudes, 2, 4, true, &codebook, &error), error);
    CHECK_NEAR(codebook.azimuth[0], 0.5, 1e-15);
    CHECK_NEAR(codebook.azimuth[1], -1.0, 1e-15);
    CHECK_NEAR(bcue_codebook_gain(&codebook, NULL, 0, bcue_direction(0.5, 0.3), 1.0, NULL), 0.81, 1e-12);
    CHECK_NEAR(bcue_codebook_gain(&codebook, NULL, 0, bcue_direction(0.25, -0.2), 1.0, NULL),
               0.5 * (0.81 + 0.09), 1e-12);
    CHECK_NEAR(bcue_codebook_gain(&codebook, NULL, 1, bcue_direction(-1.0 + 1e-9, 0.0), 1.0, NULL), 0.49,
               1e-6);
    CHECK_NEAR(bcue_codebook_gain(&codebook, NULL, 1, bcue_direction(2.0, 0.0), 1.0, NULL), 0.0, 0.0);
    CHECK(codebook.mirror == NULL && codebook.weights == NULL);
    CHECK_STATUS(bcue_codebook_quantise(&codebook, 4, false, &error), BCUE_ERROR_ARGUMENT);
    CHECK_CONTAINS(error.text, "the beams are measured ones");
    bcue_codebook_free(&codebook);
    static const double back[] = {0.0, 0.5, 0.4, 1.0}, bad[] = {0.1, 0.2, -0.3, 0.0};
    CHECK_STATUS(bcue_codebook_make_measured(back, magnitudes, 2, 4, true, &codebook, &error),
                 BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "direction 2 does not");
    CHECK_STATUS(bcue_codebook_make_measured(azimuths, bad, 1, 4, true, &codebook, &error), BCUE_ERROR_DATA);
    CHECK_STR(error.text, "measured beam 0 has the amplitude -0.3 in direction 2");
}

static void cuts(void)
{
    bcue_array array;
    bcue_codebook codebook;
    bcue_error error = {0};
    double angles[360], gains[360];
    make(BCUE_NORMALISE_POWER, &array, &codebook);
    bcue_beam_cut cut = {false, codebook.elevation[17]};
    CHECK_OK(bcue_codebook_sample(&codebook, &array, 17, WAVELENGTH, cut, 360, angles, gains, &error), error);
    size_t best = 0;
    for (size_t s = 0; s < 360; s++)
        best = gains[s] > gains[best] ? s : best;
    /* In front; a planar array of isotropic elements has the same lobe behind it. */
    CHECK_NEAR(fmin(fabs(angles[best] - codebook.azimuth[17]),
                    fabs(angles[best] - (BCUE_PI - codebook.azimuth[17]))),
               0.0, 1.0 * DEGREE);
    CHECK_NEAR(gains[best], 18.06, 0.03);
    array.element.kind = BCUE_ELEMENT_TR38901;
    CHECK_OK(bcue_codebook_sample(&codebook, &array, 17, WAVELENGTH, cut, 360, angles, gains, &error), error);
    for (size_t s = 0; s < 360; s++)
        best = gains[s] > gains[best] ? s : best;
    CHECK(fabs(angles[best]) < 0.5 * BCUE_PI);
    CHECK_STATUS(bcue_codebook_sample(&codebook, &array, 152, WAVELENGTH, cut, 360, angles, gains, &error),
                 BCUE_ERROR_ARGUMENT);
    CHECK_STR(error.text, "beam 152 does not exist; the codebook has beams 0 to 151");
    bcue_array_free(&array);
    bcue_codebook_free(&codebook);
}

/* The peaks of all beams against closed forms, and against the slow search above. */
static void peaks(void)
{
    bcue_array array;
    bcue_codebook codebook;
    bcue_error error = {0};
    static bcue_beam_peak found[512];
    make(BCUE_NORMALISE_POWER, &array, &codebook);
    CHECK_OK(bcue_codebook_peaks(&codebook, &array, WAVELENGTH, found, &error), error);
    for (size_t b = 0; b < 40; b++) { /* theta 80, 60, 40, 20; phi 0 .. 180 */
        double theta = (80.0 - 20.0 * (double)(b / 10)) * DEGREE, phi = 20.0 * (double)(b % 10) * DEGREE;
        CHECK_NEAR(found[b].gain, 64.0, 1e-6);
        CHECK_NEAR(found[b].direction.y, -sin(theta) * cos(phi), 1e-4);
        CHECK_NEAR(found[b].direction.z, -sin(theta) * sin(phi), 1e-4);
    }
    /* 1-based beam 18, as the codebook's description has it to three digits. */
    CHECK_NEAR(found[17].direction.y, 0.663, 0.0005);
    CHECK_NEAR(found[17].direction.z, -0.557, 0.0005);
    for (size_t b = 44; b < 152; b += 27) {
        double y = 0, z = 0;
        double complex scratch[64];
        peak(&codebook, &array, b, &y, &z);
        double slow =
            bcue_codebook_gain(&codebook, &array, b, (bcue_vec3){sqrt(fmax(0.0, 1.0 - y * y - z * z)), y, z},
                               WAVELENGTH, scratch);
        CHECK_AT(found[b].gain >= slow - 1e-9 && found[b].gain < 1.01 * slow, "beam %zu: %g, slowly %g", b,
                 found[b].gain, slow);
        CHECK_NEAR(bcue_vec3_norm(found[b].direction), 1.0, 1e-9);
    }
    array.count = 63;
    CHECK_STATUS(bcue_codebook_peaks(&codebook, &array, WAVELENGTH, found, &error), BCUE_ERROR_SHAPE);
    array.count = 64;
    bcue_codebook_free(&codebook);
    bcue_array_free(&array);
    CHECK_OK(bcue_array_make_ula(16, 0.5 * WAVELENGTH, &array, &error), error);
    CHECK_OK(bcue_codebook_make_oversampled(&array, WAVELENGTH, 64, 90.0 * DEGREE, &codebook, &error), error);
    CHECK_OK(bcue_codebook_peaks(&codebook, &array, WAVELENGTH, found, &error), error);
    for (size_t b = 0; b < 64; b++) {
        CHECK_NEAR(found[b].gain, 16.0, 1e-9);
        CHECK_NEAR(atan2(found[b].direction.y, found[b].direction.x),
                   90.0 * DEGREE * (0.5 - (double)b / 63.0), 1e-6);
        CHECK(found[b].direction.z == 0.0);
    }
    bcue_codebook_free(&codebook);
    bcue_array_free(&array);
    static const double azimuths[] = {-1.0, 0.0, 0.5}, magnitudes[] = {0.2, 0.1, 0.9};
    CHECK_OK(bcue_codebook_make_measured(azimuths, magnitudes, 1, 3, true, &codebook, &error), error);
    CHECK_OK(bcue_codebook_peaks(&codebook, NULL, WAVELENGTH, found, &error), error);
    CHECK_NEAR(found[0].gain, 0.81, 1e-15);
    CHECK_NEAR(found[0].direction.y, sin(0.5), 1e-15);
    bcue_codebook_free(&codebook);
}

int main(void)
{
    RUN(equals_the_published_file);
    RUN(lobes);
    RUN(normalisations);
    RUN(mirrors);
    RUN(dft);
    RUN(peaks);
    RUN(hardware);
    RUN(measured);
    RUN(cuts);
    return check_summary();
}

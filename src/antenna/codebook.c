#include "antenna/codebook.h"

#include <stdlib.h>
#include "antenna/codebook_make.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/rng.h"

bool bcue_codebook_allocate(size_t beams, size_t elements, bcue_codebook *codebook)
{
    size_t total;
    bcue_codebook made = {.beams = beams, .elements = elements};
    bool ok = bcue_mul_size(beams, elements, &total);
    if (ok && elements > 0)
        ok = (made.weights = bcue_calloc(total, sizeof *made.weights)) != NULL;
    ok = ok && (made.azimuth = bcue_calloc(beams, sizeof *made.azimuth)) != NULL &&
         (made.elevation = bcue_calloc(beams, sizeof *made.elevation)) != NULL &&
         (made.lobes = bcue_calloc(beams, sizeof *made.lobes)) != NULL &&
         (made.mirror = bcue_calloc(beams, sizeof *made.mirror)) != NULL;
    if (!ok) {
        bcue_codebook_free(&made);
        return false;
    }
    for (size_t b = 0; b < beams; b++)
        made.lobes[b] = 1;
    *codebook = made;
    return true;
}

void bcue_codebook_free(bcue_codebook *codebook)
{
    free(codebook->weights);
    free(codebook->azimuth);
    free(codebook->elevation);
    free(codebook->lobes);
    free(codebook->mirror);
    free(codebook->sample_azimuth);
    free(codebook->sample_gain);
    *codebook = (bcue_codebook){0};
}

/* w_bn = exp(-j 2 pi u.r_n / lambda) / sqrt(elements); `u` need not be a unit vector. */
static void steer(const bcue_array *array, bcue_vec3 u, double wavelength_m, double complex *weights)
{
    double amplitude = 1.0 / sqrt((double)array->count);
    bcue_array_steering(array, u, wavelength_m, weights);
    for (size_t n = 0; n < array->count; n++)
        weights[n] = amplitude * conj(weights[n]);
}

bcue_status bcue_codebook_make_oversampled(const bcue_array *array, double wavelength_m, size_t beams,
                                           double field_of_view, bcue_codebook *codebook, bcue_error *error)
{
    if (beams < 2 || array->count == 0 || !(wavelength_m > 0.0) ||
        !(field_of_view > 0.0 && field_of_view < BCUE_PI))
        return bcue_fail(
            error, BCUE_ERROR_ARGUMENT,
            "an over-sampled codebook needs two or more beams, an array, a wavelength and a field of view "
            "below 180 degrees (%zu beams, %zu elements, %g m, %g rad)",
            beams, array->count, wavelength_m, field_of_view);
    bcue_codebook made;
    if (!bcue_codebook_allocate(beams, array->count, &made))
        return bcue_fail_memory(error, "the codebook");
    made.index_monotone = true;
    for (size_t b = 0; b < beams; b++) {
        made.azimuth[b] = field_of_view * (0.5 - (double)b / (double)(beams - 1));
        made.mirror[b] = beams - 1 - b;
        steer(array, bcue_direction(made.azimuth[b], 0.0), wavelength_m, made.weights + b * array->count);
    }
    *codebook = made;
    return BCUE_OK;
}

bcue_status bcue_codebook_make_dft(const bcue_array *array, double wavelength_m, size_t oversampling,
                                   bcue_codebook *codebook, bcue_error *error)
{
    if (oversampling == 0 || oversampling > 64 || array->count == 0 || !(wavelength_m > 0.0) ||
        array->rows * array->columns != array->count)
        return bcue_fail(
            error, BCUE_ERROR_ARGUMENT,
            "a DFT codebook needs a linear or rectangular array, a wavelength and an oversampling of 1 to "
            "64 (%zu elements, %g m, %zu)",
            array->count, wavelength_m, oversampling);
    size_t wide = oversampling * array->columns, high = array->rows > 1 ? oversampling * array->rows : 1;
    bcue_codebook made;
    if (!bcue_codebook_allocate(wide * high, array->count, &made))
        return bcue_fail_memory(error, "the codebook");
    made.index_monotone = high == 1;
    for (size_t b = 0; b < made.beams; b++) {
        size_t i = b % wide, j = b / wide;
        double y = 1.0 - (2.0 * (double)i + 1.0) / (double)wide;
        double z = high == 1 ? 0.0 : 1.0 - (2.0 * (double)j + 1.0) / (double)high;
        double x = sqrt(fmax(0.0, 1.0 - y * y - z * z));
        made.azimuth[b] = atan2(y, x);
        made.elevation[b] = atan2(z, hypot(x, y));
        made.mirror[b] = wide - 1 - i + wide * j;
        steer(array, bcue_vec3_make(0.0, y, z), wavelength_m, made.weights + b * array->count);
    }
    *codebook = made;
    return BCUE_OK;
}

bcue_status bcue_codebook_quantise(bcue_codebook *codebook, int bits, bool constant_modulus,
                                   bcue_error *error)
{
    if (!codebook->weights || bits < 1 || bits > 16)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "phase shifters need a codebook of weights and 1 to 16 bits, not %d%s", bits,
                         codebook->weights ? "" : "; the beams are measured ones");
    double step = 2.0 * BCUE_PI / (double)(1 << bits);
    for (size_t b = 0; b < codebook->beams; b++) {
        double complex *w = codebook->weights + b * codebook->elements;
        double power = 0.0;
        for (size_t n = 0; n < codebook->elements; n++)
            power += creal(w[n]) * creal(w[n]) + cimag(w[n]) * cimag(w[n]);
        for (size_t n = 0; n < codebook->elements; n++) {
            double phase = step * nearbyint(carg(w[n]) / step);
            double amplitude = constant_modulus ? sqrt(power / (double)codebook->elements) : cabs(w[n]);
            w[n] = amplitude * (cos(phase) + sin(phase) * I);
        }
    }
    return BCUE_OK;
}

bcue_status bcue_codebook_add_phase_noise(bcue_codebook *codebook, double rms_rad, uint64_t seed,
                                          uint32_t frame, bcue_error *error)
{
    if (!codebook->weights || !(rms_rad >= 0.0 && rms_rad < 100.0))
        return bcue_fail(
            error, BCUE_ERROR_ARGUMENT,
            "phase noise needs a codebook of weights and a deviation that is not negative (%g rad%s)",
            rms_rad, codebook->weights ? "" : "; the beams are measured ones");
    for (size_t b = 0; b < codebook->beams; b++) {
        bcue_rng rng = bcue_rng_make(seed, BCUE_RNG_PHASE_NOISE, 0, frame, (uint32_t)b);
        for (size_t n = 0; n < codebook->elements; n++) {
            double phase = rms_rad * bcue_rng_normal(&rng);
            codebook->weights[b * codebook->elements + n] *= cos(phase) + sin(phase) * I;
        }
    }
    return BCUE_OK;
}

/* The measured gain at an azimuth; 0 outside. */
static double measured_gain(const bcue_codebook *codebook, size_t beam, double azimuth)
{
    const double *at = codebook->sample_azimuth, *gain = codebook->sample_gain + beam * codebook->samples;
    size_t low = 0, high = codebook->samples - 1;
    if (!(azimuth >= at[low] && azimuth <= at[high]))
        return 0.0;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (azimuth < at[middle])
            high = middle;
        else
            low = middle;
    }
    double share = (azimuth - at[low]) / (at[high] - at[low]);
    return gain[low] + share * (gain[high] - gain[low]);
}

double bcue_codebook_gain(const bcue_codebook *codebook, const bcue_array *array, size_t beam,
                          bcue_vec3 direction, double wavelength_m, double complex *scratch)
{
    if (!codebook->weights)
        return measured_gain(codebook, beam, atan2(direction.y, direction.x));
    bcue_array_steering(array, direction, wavelength_m, scratch);
    double complex response =
        bcue_array_response(codebook->weights + beam * codebook->elements, scratch, codebook->elements);
    return creal(response) * creal(response) + cimag(response) * cimag(response);
}

bcue_status bcue_codebook_sample(const bcue_codebook *codebook, const bcue_array *array, size_t beam,
                                 double wavelength_m, bcue_beam_cut cut, size_t count, double *angles,
                                 double *gain_db, bcue_error *error)
{
    if (beam >= codebook->beams)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "beam %zu does not exist; the codebook has beams 0 to %zu", beam,
                         codebook->beams - 1);
    if (codebook->weights && codebook->elements != array->count)
        return bcue_fail(error, BCUE_ERROR_SHAPE, "the codebook is for %zu elements, the array has %zu",
                         codebook->elements, array->count);
    double complex *scratch = bcue_calloc(codebook->elements, sizeof *scratch);
    if (!scratch)
        return bcue_fail_memory(error, "the pattern of a beam");
    for (size_t s = 0; s < count; s++) {
        angles[s] = BCUE_PI * (2.0 * (double)s / (double)count - 1.0);
        bcue_vec3 u = cut.vertical ? bcue_direction(cut.at, angles[s]) : bcue_direction(angles[s], cut.at);
        double gain = bcue_codebook_gain(codebook, array, beam, u, wavelength_m, scratch);
        if (codebook->weights) {
            bcue_vec3 field = bcue_element_field(&array->element, u);
            gain *= bcue_vec3_dot(field, field);
        }
        gain_db[s] = 10.0 * log10(fmax(gain, 1e-30));
    }
    free(scratch);
    return BCUE_OK;
}

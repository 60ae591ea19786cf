#include "antenna/codebook.h"

#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"

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
    size_t total;
    bcue_codebook made = {.beams = beams, .elements = array->count, .index_monotone = true};
    if (bcue_mul_size(beams, array->count, &total)) {
        made.weights = bcue_calloc(total, sizeof *made.weights);
        made.azimuth = bcue_calloc(beams, sizeof *made.azimuth);
        made.mirror = bcue_calloc(beams, sizeof *made.mirror);
    }
    if (!made.weights || !made.azimuth || !made.mirror) {
        bcue_codebook_free(&made);
        return bcue_fail_memory(error, "the codebook");
    }
    double amplitude = 1.0 / sqrt((double)array->count);
    for (size_t b = 0; b < beams; b++) {
        made.azimuth[b] = field_of_view * (0.5 - (double)b / (double)(beams - 1));
        made.mirror[b] = beams - 1 - b;
        double complex *weights = made.weights + b * array->count;
        bcue_array_steering(array, bcue_direction(made.azimuth[b], 0.0), wavelength_m, weights);
        for (size_t n = 0; n < array->count; n++)
            weights[n] = amplitude * conj(weights[n]);
    }
    *codebook = made;
    return BCUE_OK;
}

void bcue_codebook_free(bcue_codebook *codebook)
{
    free(codebook->weights);
    free(codebook->azimuth);
    free(codebook->mirror);
    *codebook = (bcue_codebook){0};
}

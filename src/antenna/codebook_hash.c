#include <stdio.h>
#include "antenna/codebook.h"
#include "base/hash.h"

/* A power of two, so that what is exact in binary (weights like 1/8, places like 3.25 wavelengths) lies on a
   step and not half way between two, where the last bit of a cosine would decide. */
#define STEPS 1048576.0

static void put(bcue_hash *hash, double value)
{
    bcue_hash_int(hash, llround(value * STEPS));
}

static double largest(const bcue_codebook *codebook)
{
    double most = 0.0;
    if (codebook->weights)
        for (size_t i = 0; i < codebook->beams * codebook->elements; i++)
            most = fmax(most, cabs(codebook->weights[i]));
    else
        for (size_t i = 0; i < codebook->beams * codebook->samples; i++)
            most = fmax(most, codebook->sample_gain[i]);
    return most > 0.0 ? most : 1.0;
}

void bcue_codebook_hash(const bcue_codebook *codebook, const bcue_array *array, double wavelength_m,
                        char hash[17])
{
    bcue_hash state = bcue_hash_begin();
    const double most = largest(codebook);
    bcue_hash_text(&state, codebook->weights ? "weights" : "measured");
    bcue_hash_int(&state, (int64_t)codebook->beams);
    if (codebook->weights) {
        bcue_hash_int(&state, (int64_t)codebook->elements);
        for (size_t n = 0; n < codebook->elements; n++) {
            put(&state, array->elements[n].x / wavelength_m);
            put(&state, array->elements[n].y / wavelength_m);
            put(&state, array->elements[n].z / wavelength_m);
        }
        for (size_t i = 0; i < codebook->beams * codebook->elements; i++) {
            put(&state, creal(codebook->weights[i]) / most);
            put(&state, cimag(codebook->weights[i]) / most);
        }
    } else {
        bcue_hash_int(&state, (int64_t)codebook->samples);
        for (size_t s = 0; s < codebook->samples; s++)
            put(&state, codebook->sample_azimuth[s]);
        for (size_t i = 0; i < codebook->beams * codebook->samples; i++)
            put(&state, codebook->sample_gain[i] / most);
    }
    snprintf(hash, 17, "%016llx", (unsigned long long)bcue_hash_end(&state));
}

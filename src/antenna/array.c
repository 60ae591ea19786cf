#include "antenna/array.h"

#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"

bcue_status bcue_array_make_ula(size_t count, double spacing_m, bcue_array *array, bcue_error *error)
{
    if (count == 0 || !(spacing_m > 0.0))
        return bcue_fail(
            error, BCUE_ERROR_ARGUMENT,
            "a linear array needs at least one element and a positive spacing (%zu elements, %g m)", count,
            spacing_m);
    bcue_vec3 *elements = bcue_calloc(count, sizeof *elements);
    if (!elements)
        return bcue_fail_memory(error, "the antenna array");
    for (size_t n = 0; n < count; n++)
        elements[n].y = ((double)n - 0.5 * (double)(count - 1)) * spacing_m;
    *array = (bcue_array){.count = count, .elements = elements};
    return BCUE_OK;
}

void bcue_array_free(bcue_array *array)
{
    free(array->elements);
    *array = (bcue_array){0};
}

void bcue_array_steering(const bcue_array *array, bcue_vec3 direction, double wavelength_m,
                         double complex *steering)
{
    double wavenumber = 2.0 * BCUE_PI / wavelength_m;
    for (size_t n = 0; n < array->count; n++) {
        double phase = wavenumber * bcue_vec3_dot(direction, array->elements[n]);
        steering[n] = cos(phase) + sin(phase) * I;
    }
}

double complex bcue_array_response(const double complex *weights, const double complex *steering,
                                   size_t count)
{
    double real = 0.0, imaginary = 0.0;
    for (size_t n = 0; n < count; n++) {
        real += creal(weights[n]) * creal(steering[n]) - cimag(weights[n]) * cimag(steering[n]);
        imaginary += creal(weights[n]) * cimag(steering[n]) + cimag(weights[n]) * creal(steering[n]);
    }
    return real + imaginary * I;
}

bcue_vec3 bcue_direction(double azimuth, double elevation)
{
    return bcue_vec3_make(cos(elevation) * cos(azimuth), cos(elevation) * sin(azimuth), sin(elevation));
}

#include "antenna/array.h"

#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"

/* `rows` x `columns` isotropic elements; `what` for messages. */
static bcue_status make(size_t rows, size_t columns, double spacing_m, const char *what, bcue_array *array,
                        bcue_error *error)
{
    size_t count;
    if (rows == 0 || columns == 0 || !(spacing_m > 0.0) || !isfinite(spacing_m))
        return bcue_fail(
            error, BCUE_ERROR_ARGUMENT,
            "a %s array needs at least one element and a positive spacing (%zu x %zu elements, %g m)", what,
            rows, columns, spacing_m);
    bcue_vec3 *elements = bcue_mul_size(rows, columns, &count) ? bcue_calloc(count, sizeof *elements) : NULL;
    if (!elements)
        return bcue_fail_memory(error, "the antenna array");
    for (size_t k = 0; k < columns; k++)
        for (size_t r = 0; r < rows; r++) {
            elements[r + rows * k].y = ((double)k - 0.5 * (double)(columns - 1)) * spacing_m;
            elements[r + rows * k].z = (0.5 * (double)(rows - 1) - (double)r) * spacing_m;
        }
    *array = (bcue_array){.count = count, .elements = elements, .rows = rows, .columns = columns};
    return BCUE_OK;
}

bcue_status bcue_array_make_ula(size_t count, double spacing_m, bcue_array *array, bcue_error *error)
{
    return make(1, count, spacing_m, "linear", array, error);
}

bcue_status bcue_array_make_ura(size_t rows, size_t columns, double spacing_m, bcue_array *array,
                                bcue_error *error)
{
    return make(rows, columns, spacing_m, "rectangular", array, error);
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

void bcue_array_steering_near(const bcue_array *array, bcue_vec3 direction, double distance_m,
                              double wavelength_m, double complex *steering)
{
    double wavenumber = 2.0 * BCUE_PI / wavelength_m;
    for (size_t n = 0; n < array->count; n++) {
        /* d_n - d without the loss of digits of a difference of two large numbers. */
        bcue_vec3 r = array->elements[n];
        double excess = bcue_vec3_dot(r, r) - 2.0 * distance_m * bcue_vec3_dot(direction, r);
        double distance = sqrt(distance_m * distance_m + excess);
        double phase = -wavenumber * excess / (distance + distance_m);
        steering[n] = distance_m / distance * (cos(phase) + sin(phase) * I);
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

/* Complex field vectors in world axes. */
#ifndef BCUE_CHANNEL_FIELD_H
#define BCUE_CHANNEL_FIELD_H

#include <complex.h>
#include "base/vec3.h"

typedef struct bcue_field {
    double complex x, y, z;
} bcue_field;

static inline bcue_field bcue_field_along(bcue_vec3 direction)
{
    return (bcue_field){direction.x, direction.y, direction.z};
}
/* The component along a real vector. */
static inline double complex bcue_field_dot(bcue_field e, bcue_vec3 v)
{
    return e.x * v.x + e.y * v.y + e.z * v.z;
}
/* e + factor * v */
static inline bcue_field bcue_field_add(bcue_field e, double complex factor, bcue_vec3 v)
{
    return (bcue_field){e.x + factor * v.x, e.y + factor * v.y, e.z + factor * v.z};
}
static inline bcue_field bcue_field_scale(bcue_field e, double complex factor)
{
    return (bcue_field){e.x * factor, e.y * factor, e.z * factor};
}
/* |.|^2 of a complex number. */
static inline double bcue_power(double complex a)
{
    return creal(a) * creal(a) + cimag(a) * cimag(a);
}
/* exp(-j x) */
static inline double complex bcue_turn(double x)
{
    return cos(x) - sin(x) * I;
}

#endif

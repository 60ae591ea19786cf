#include <stdlib.h>
#include "antenna/codebook_make.h"
#include "base/fail.h"

enum { SIDE = 8, ELEMENTS = SIDE * SIDE, BEAMS = 152 };

#define DEGREE (BCUE_PI / 180.0)

/* The lobes of a beam: phi0 + i * step for i = 0 .. lobes-1, at theta (whole degrees). */
typedef struct shape {
    int lobes, theta, phi0, step;
} shape;

static void form(const shape *s, double complex *weights)
{
    double across = sin(s->theta * DEGREE);
    for (int k = 0; k < SIDE; k++)
        for (int r = 0; r < SIDE; r++) {
            double complex sum = 0.0;
            for (int i = 0; i < s->lobes; i++) {
                double phi = (s->phi0 + i * s->step) * DEGREE;
                double phase = BCUE_PI * (k * across * cos(phi) - r * across * sin(phi));
                sum += cos(phase) + sin(phase) * I;
            }
            weights[r + SIDE * k] = sum / (double)s->lobes;
        }
}

static void normalise(double complex *weights)
{
    double power = 0.0;
    for (size_t n = 0; n < ELEMENTS; n++)
        power += creal(weights[n]) * creal(weights[n]) + cimag(weights[n]) * cimag(weights[n]);
    for (size_t n = 0; n < ELEMENTS; n++)
        weights[n] /= sqrt(power);
}

/* All beams in order; the number of them. */
static size_t list(shape shapes[BEAMS])
{
    static const int thetas[] = {80, 60, 40, 20};
    static const int steps[3][5] = {{0, -1}, {45, 90, 135, 180, -1}, {30, 60, 90, -1}};
    size_t count = 0;
    for (int lobes = 1; lobes <= 3; lobes++)
        for (int t = 0; t < 4; t++)
            for (int phi0 = 0; phi0 <= 180; phi0 += 20)
                for (const int *step = steps[lobes - 1]; *step >= 0; step++)
                    if (phi0 + (lobes - 1) * *step <= 180 && count < BEAMS)
                        shapes[count++] = (shape){lobes, thetas[t], phi0, *step};
    return count;
}

bcue_status bcue_codebook_make_paper_b(bcue_codebook_normalisation normalisation, bcue_codebook *codebook,
                                       bcue_error *error)
{
    shape shapes[BEAMS];
    bcue_codebook made;
    if (list(shapes) != BEAMS)
        return bcue_fail(error, BCUE_ERROR_INTERNAL, "the list of paper B's beams is wrong");
    if (!bcue_codebook_allocate(BEAMS, ELEMENTS, &made))
        return bcue_fail_memory(error, "the codebook");
    for (size_t b = 0; b < BEAMS; b++) {
        form(&shapes[b], made.weights + b * ELEMENTS);
        if (normalisation == BCUE_NORMALISE_POWER)
            normalise(made.weights + b * ELEMENTS);
        double theta = shapes[b].theta * DEGREE, phi = shapes[b].phi0 * DEGREE;
        made.azimuth[b] = atan2(-sin(theta) * cos(phi), cos(theta));
        made.elevation[b] = asin(-sin(theta) * sin(phi));
        made.lobes[b] = (uint8_t)shapes[b].lobes;
    }
    free(made.mirror);
    made.mirror = NULL;
    *codebook = made;
    return BCUE_OK;
}

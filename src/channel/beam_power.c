/* Power per beam: all beams against all rays. The sums run in the order of the definition (elements, then
   rays); only the beams, and then the subcarriers, stand side by side, eight at a time, which a compiler
   turns into vectors. */
#include <stdlib.h>
#include <string.h>
#include "base/fail.h"
#include "base/memory.h"
#include "channel/link.h"

enum { LANES = 8, PAIRS = LANES / 2 };
typedef double pair __attribute__((vector_size(16))); /* what every x86-64 and ARM64 has */

/* Complex numbers apart, rows of whole lanes. */
typedef struct plane {
    double *re, *im; /* one allocation, owned by re */
    size_t stride;
} plane;

typedef struct work {
    size_t rays, elements, beams, subcarriers, parts;
    double complex *steering; /* of one ray: elements */
    plane weights;            /* elements x beams */
    plane responses;          /* rays x beams: w^T a */
    plane phasors;            /* rays x subcarriers: exp(-j 2 pi offset (tau_l - tau_0)) */
} work;

static bool make_plane(size_t rows, size_t columns, plane *p)
{
    size_t count;
    p->stride = (columns + LANES - 1) / LANES * LANES;
    if (p->stride < columns || !bcue_mul_size(rows, p->stride, &count) || !bcue_mul_size(count, 2, &count))
        return false;
    p->re = bcue_calloc_aligned(count, sizeof *p->re);
    p->im = p->re ? p->re + count / 2 : NULL;
    return p->re != NULL;
}

static void free_work(work *w)
{
    free(w->steering);
    free(w->weights.re);
    free(w->responses.re);
    free(w->phasors.re);
}

/* sum over n of x_n y[n][j] for LANES neighbouring j, into re and im. */
static void sum_lanes(const double complex *x, size_t count, const plane *y, size_t column, double *re,
                      double *im)
{
    pair sum_re[PAIRS] = {0}, sum_im[PAIRS] = {0};
    for (size_t n = 0; n < count; n++) {
        const double *y_re = y->re + n * y->stride + column, *y_im = y->im + n * y->stride + column;
        double x_re = creal(x[n]), x_im = cimag(x[n]);
        for (int i = 0; i < PAIRS; i++) {
            pair a, b;
            memcpy(&a, y_re + 2 * i, sizeof a);
            memcpy(&b, y_im + 2 * i, sizeof b);
            sum_re[i] += a * x_re - b * x_im;
            sum_im[i] += a * x_im + b * x_re;
        }
    }
    memcpy(re, sum_re, sizeof sum_re);
    memcpy(im, sum_im, sizeof sum_im);
}

static bool make_work(const bcue_link_config *config, const bcue_link_receiver *receiver,
                      const bcue_link_rays *rays, work *w)
{
    const bcue_codebook *codebook = receiver->codebook;
    *w = (work){.rays = rays->count,
                .elements = codebook->elements,
                .beams = codebook->beams,
                .subcarriers = (size_t)config->subcarriers,
                .parts = rays->unpolarised ? 4 : 1};
    w->steering = bcue_calloc(w->elements > w->rays ? w->elements : w->rays, sizeof *w->steering);
    if (!w->steering || !make_plane(w->elements, w->beams, &w->weights) ||
        !make_plane(w->rays, w->beams, &w->responses) || !make_plane(w->rays, w->subcarriers, &w->phasors))
        return false;
    for (size_t b = 0; codebook->weights && b < w->beams; b++)
        for (size_t n = 0; n < w->elements; n++) {
            w->weights.re[n * w->weights.stride + b] = creal(codebook->weights[b * w->elements + n]);
            w->weights.im[n * w->weights.stride + b] = cimag(codebook->weights[b * w->elements + n]);
        }
    return true;
}

/* w^T a of every beam towards every ray. */
static void fill_responses(const bcue_link_config *config, const bcue_link_receiver *receiver,
                           const bcue_link_rays *rays, work *w)
{
    for (size_t l = 0; l < w->rays; l++) {
        const bcue_link_ray *ray = &rays->rays[l];
        if (config->spherical)
            bcue_array_steering_near(receiver->array, ray->direction, ray->range_m, rays->wavelength_m,
                                     w->steering);
        else
            bcue_array_steering(receiver->array, ray->direction, rays->wavelength_m, w->steering);
        for (size_t b = 0; b < w->responses.stride; b += LANES)
            sum_lanes(w->steering, w->elements, &w->weights, b, w->responses.re + l * w->responses.stride + b,
                      w->responses.im + l * w->responses.stride + b);
    }
}

static void fill_phasors(const bcue_link_config *config, const bcue_link_rays *rays, work *w)
{
    for (size_t l = 0; l < w->rays; l++)
        for (size_t k = 0; k < w->subcarriers; k++) {
            /* Delays relative to the first path: a common delay turns every subcarrier as a whole. */
            double offset = config->bandwidth_hz * (((double)k + 0.5) / (double)w->subcarriers - 0.5);
            double complex turn =
                bcue_turn(2.0 * BCUE_PI * offset * (rays->rays[l].delay_s - rays->rays[0].delay_s));
            w->phasors.re[l * w->phasors.stride + k] = creal(turn);
            w->phasors.im[l * w->phasors.stride + k] = cimag(turn);
        }
}

static double coherent(work *w, const bcue_link_rays *rays, size_t beam)
{
    double total = 0.0;
    for (size_t part = 0; part < w->parts; part++) {
        double complex *weighted = w->steering; /* its room: the steering vectors have been used */
        for (size_t l = 0; l < w->rays; l++) {
            size_t at = l * w->responses.stride + beam;
            double complex response = w->responses.re[at] + w->responses.im[at] * I;
            weighted[l] = rays->rays[l].gain[part] * response;
        }
        for (size_t k = 0; k < w->subcarriers; k += LANES) {
            double re[LANES], im[LANES];
            sum_lanes(weighted, w->rays, &w->phasors, k, re, im);
            for (size_t i = 0; i < LANES && k + i < w->subcarriers; i++)
                total += re[i] * re[i] + im[i] * im[i];
        }
    }
    return total / (double)w->subcarriers * (w->parts == 4 ? 0.5 : 1.0);
}

static double incoherent(const work *w, const bcue_link_receiver *receiver, const bcue_link_rays *rays,
                         size_t beam)
{
    const bcue_codebook *codebook = receiver->codebook;
    double total = 0.0;
    for (size_t l = 0; l < w->rays; l++) {
        size_t at = l * w->responses.stride + beam;
        double gain =
            codebook->weights
                ? w->responses.re[at] * w->responses.re[at] + w->responses.im[at] * w->responses.im[at]
                : bcue_codebook_gain(codebook, receiver->array, beam, rays->rays[l].direction,
                                     rays->wavelength_m, NULL);
        total += bcue_link_ray_power(rays, l) * gain;
    }
    return total;
}

bcue_status bcue_link_beam_power(const bcue_link_config *config, const bcue_link_receiver *receiver,
                                 const bcue_link_rays *rays, double *power_mw, bcue_error *error)
{
    const bcue_codebook *codebook = receiver->codebook;
    BCUE_TRY(bcue_link_check(config, error));
    if (codebook->weights && codebook->elements != receiver->array->count)
        return bcue_fail(error, BCUE_ERROR_SHAPE, "the codebook is for %zu elements, the array has %zu",
                         codebook->elements, receiver->array->count);
    work w;
    if (!make_work(config, receiver, rays, &w)) {
        free_work(&w);
        return bcue_fail_memory(error, "the channel");
    }
    double transmit_mw = pow(10.0, config->transmit_power_dbm / 10.0);
    bool by_power = config->incoherent || !codebook->weights;
    if (codebook->weights)
        fill_responses(config, receiver, rays, &w);
    if (!by_power)
        fill_phasors(config, rays, &w);
    for (size_t b = 0; b < codebook->beams; b++)
        power_mw[b] = transmit_mw * (by_power ? incoherent(&w, receiver, rays, b) : coherent(&w, rays, b));
    free_work(&w);
    return BCUE_OK;
}

/* Batch norm of a training step: against sums in double, the same bits for every width of lanes and any
   number of threads; channels far from zero; one picture of one pixel. */
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/cpu.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "engine/batch_norm.h"

typedef struct norm_case {
    size_t images, channels, area, block;
    bool relu;
    double centre; /* of the numbers; they spread by 1 */
} norm_case;

static const norm_case cases[] = {
    {3, 16, 35, 8, true, 0},     {2, 48, 1024, 16, false, 0}, {5, 24, 300, 24, true, 0},
    {4, 32, 257, 16, true, 1e3}, {1, 16, 1, 16, false, 0.5},  {33, 64, 4, 16, true, 0},
};

typedef struct norm_data {
    float *x, *dy, *weight, *bias;             /* given */
    float *y, *dx, *mean, *variance, *dw, *db; /* found */
    double *scratch;
} norm_data;

static size_t count_of(const norm_case *c)
{
    return c->images * c->channels * c->area;
}

static size_t place(const norm_case *c, size_t n, size_t channel, size_t pixel)
{
    size_t blocks = c->channels / c->block;
    return ((n * blocks + channel / c->block) * c->area + pixel) * c->block + channel % c->block;
}

static float *floats(size_t count)
{
    float *values = bcue_calloc(count, sizeof *values);
    CHECK(values != NULL);
    return values;
}

static norm_data data_of(const norm_case *c, uint32_t number)
{
    bcue_rng rng = bcue_rng_make(3, BCUE_RNG_TEST, 0, 0, number);
    size_t count = count_of(c);
    norm_data d = {
        floats(count), floats(count),       floats(c->channels), floats(c->channels), floats(count),
        floats(count), floats(c->channels), floats(c->channels), floats(c->channels), floats(c->channels),
        NULL};
    for (size_t i = 0; i < count; i++) {
        d.x[i] = (float)(c->centre + bcue_rng_normal(&rng));
        d.dy[i] = (float)bcue_rng_normal(&rng);
    }
    for (size_t i = 0; i < c->channels; i++) {
        d.weight[i] = (float)bcue_rng_normal(&rng);
        d.bias[i] = (float)bcue_rng_normal(&rng);
    }
    return d;
}

static void free_data(norm_data *d)
{
    float *all[] = {d->x, d->dy, d->weight, d->bias, d->y, d->dx, d->mean, d->variance, d->dw, d->db};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
    free(d->scratch);
}

static void run(const norm_case *c, const bcue_norm_lanes *lanes, norm_data *d)
{
    bcue_batch_norm norm = {c->images, c->channels, c->area, c->block, 1e-5, c->relu, lanes};
    if (d->scratch == NULL)
        d->scratch = bcue_calloc(bcue_batch_norm_scratch(&norm), sizeof *d->scratch);
    CHECK(d->scratch != NULL);
    bcue_batch_norm_forward(&norm, d->x, d->weight, d->bias, d->mean, d->variance, d->y, d->scratch);
    bcue_batch_norm_backward(&norm, d->x, d->dy, d->weight, d->bias, d->mean, d->variance, d->dx, d->dw,
                             d->db, d->scratch);
}

/* Differences relative to the size of what is added up: float holds 6e-8 of it. */
static void check_near(double value, double expected, double size)
{
    CHECK_AT(fabs(value - expected) <= 3e-6 * size, "%.9g instead of %.9g, size %.3g", value, expected, size);
}

static void check_channel(const norm_case *c, const norm_data *d, size_t channel)
{
    double count = (double)(c->images * c->area), mean = 0, variance = 0, sum = 0, normal = 0, far = 1;
    for (size_t n = 0; n < c->images; n++) {
        for (size_t p = 0; p < c->area; p++)
            mean += (double)d->x[place(c, n, channel, p)] / count;
    }
    for (size_t n = 0; n < c->images; n++) {
        for (size_t p = 0; p < c->area; p++)
            variance += pow((double)d->x[place(c, n, channel, p)] - mean, 2) / count;
    }
    double inverse = 1 / sqrt(variance + 1e-5), weight = (double)d->weight[channel];
    double bias = (double)d->bias[channel];
    far += fabs(mean) * inverse; /* the mean is a float */
    check_near((double)d->mean[channel], mean, fabs(mean) + 0.01 * sqrt(variance));
    check_near((double)d->variance[channel], variance, variance + 1e-9);
    for (size_t n = 0; n < c->images; n++) {
        for (size_t p = 0; p < c->area; p++) {
            size_t at = place(c, n, channel, p);
            double x = ((double)d->x[at] - mean) * inverse, y = x * weight + bias;
            check_near((double)d->y[at], c->relu ? fmax(y, 0) : y,
                       (fabs(weight) * (fabs(x) + 0.1) + fabs(bias)) * far);
            double dy = !c->relu || d->y[at] > 0 ? (double)d->dy[at] : 0;
            sum += dy;
            normal += dy * x;
        }
    }
    check_near((double)d->db[channel], sum, count * far);
    check_near((double)d->dw[channel], normal, count * far);
    for (size_t n = 0; n < c->images; n++) {
        for (size_t p = 0; p < c->area; p++) {
            size_t at = place(c, n, channel, p);
            double x = ((double)d->x[at] - mean) * inverse;
            double dy = !c->relu || d->y[at] > 0 ? (double)d->dy[at] : 0;
            check_near((double)d->dx[at], weight * inverse * (dy - sum / count - x * normal / count),
                       fabs(weight) * inverse * (fabs(dy) + fabs(x) + 1) * far);
        }
    }
}

static void check_same(const norm_case *c, const norm_data *a, const norm_data *b)
{
    size_t count = count_of(c) * sizeof(float), row = c->channels * sizeof(float);
    CHECK(memcmp(a->y, b->y, count) == 0);
    CHECK(memcmp(a->dx, b->dx, count) == 0);
    CHECK(memcmp(a->mean, b->mean, row) == 0);
    CHECK(memcmp(a->variance, b->variance, row) == 0);
    CHECK(memcmp(a->dw, b->dw, row) == 0);
    CHECK(memcmp(a->db, b->db, row) == 0);
}

static size_t widths_of(const bcue_norm_lanes *widths[3])
{
    size_t count = 0;
    widths[count++] = &bcue_norm_lanes_baseline;
#ifdef BCUE_X86_KERNELS
    if (bcue_cpu_best() >= BCUE_CPU_AVX2)
        widths[count++] = &bcue_norm_lanes_avx2;
    if (bcue_cpu_best() >= BCUE_CPU_AVX512)
        widths[count++] = &bcue_norm_lanes_avx512;
#endif
    return count;
}

static void check_case(uint32_t number)
{
    const norm_case *c = &cases[number];
    const bcue_norm_lanes *widths[3];
    size_t count = widths_of(widths);
    norm_data first = data_of(c, number);
    bcue_set_threads(1);
    run(c, widths[0], &first);
    for (size_t channel = 0; channel < c->channels; channel++)
        check_channel(c, &first, channel);
    for (size_t i = 0; i < count; i++) {
        if (c->block % widths[i]->width != 0)
            continue;
        norm_data other = data_of(c, number);
        bcue_set_threads(3);
        run(c, widths[i], &other);
        check_same(c, &first, &other);
        free_data(&other);
    }
    free_data(&first);
}

static void test_cases(void)
{
    for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_case(i);
}

static void test_choice(void)
{
    CHECK(bcue_norm_lanes_for(0) == NULL);
    CHECK(bcue_norm_lanes_for(6) == NULL);
    CHECK(bcue_norm_lanes_for(16)->width >= 4 && 16 % bcue_norm_lanes_for(16)->width == 0);
    CHECK(24 % bcue_norm_lanes_for(24)->width == 0);
}

int main(void)
{
    RUN(test_cases);
    RUN(test_choice);
    return check_summary();
}

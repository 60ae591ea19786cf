/* The attention kernels of every instruction set that this CPU has, against the reference operator in double.
 */
#include "base/rng.h"
#include "check.h"
#include "engine/attention.h"
#include "engine/reference_ops.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct attention_case {
    int64_t batch, heads, queries, keys, width, value_width;
    float scale;
    double dropout;
    bool by_token; /* heads lie within tokens, as a projection leaves them */
} attention_case;

static const attention_case cases[] = {
    {1, 1, 1, 1, 16, 16, 1, 0, false},          {2, 3, 49, 70, 16, 32, 0.25F, 0, false},
    {1, 4, 97, 97, 32, 32, 0.18F, 0, true},     {2, 2, 48, 130, 64, 16, 0.125F, 0.1, true},
    {1, 2, 33, 5, 128, 128, 0.09F, 0.3, false}, {1, 2, 17, 40, 8, 24, 4, 0, true},
    {1, 1, 20, 1030, 48, 16, 30, 0.5, false}, /* scores of hundreds */
    {2, 4, 51, 67, 4, 4, 0.5, 0.1, true},       {1, 2, 33, 48, 2, 2, 0.7F, 0, false},
    {2, 3, 20, 21, 12, 5, 0.3F, 0.3, true},     {1, 1, 3, 2, 40, 17, 0.2F, 0, true},
};
enum { CASES = (int)(sizeof cases / sizeof *cases) };

/* q, k, v, dy, y, dq, dk, dv, each dense (batch, heads, tokens, width) in double. */
enum { Q, K, V, DY, Y, DQ, DK, DV, SIDES };

static bcue_shape side_shape(const attention_case *c, int side)
{
    bool keys = side == K || side == V || side == DK || side == DV;
    bool values = side == V || side == DV || side == Y || side == DY;
    return bcue_shape_of(c->batch, c->heads, keys ? c->keys : c->queries, values ? c->value_width : c->width);
}

static const bcue_dropout_key key = {.seed = 7, .epoch = 1, .step = 2, .node = 3};

static void reference(const attention_case *c, double *side[SIDES])
{
    bcue_node node = {.op = BCUE_OP_ATTENTION, .name = "attention", .input_count = 3};
    node.u.attention.scale = (double)c->scale;
    node.u.attention.dropout = c->dropout;
    bcue_ref_call call = {.node = &node, .out = side[Y], .out_gradient = side[DY], .drop = true, .key = key};
    call.out_shape = side_shape(c, Y);
    for (int i = 0; i < 3; i++) {
        call.in_shape[i] = side_shape(c, i);
        call.in[i] = side[i];
        call.in_gradient[i] = side[DQ + i];
    }
    bcue_error error = {""};
    CHECK_OK(bcue_ref_forward_f64(&call, &error), error);
    bcue_ref_backward_f64(&call);
}

static float *floats(int64_t count)
{
    float *data = aligned_alloc(64, ((size_t)count * sizeof(float) + 63) / 64 * 64);
    CHECK(data != NULL);
    if (data == NULL)
        exit(1);
    return data;
}

static bcue_attention_side steps(const bcue_shape *shape, bool by_token)
{
    int64_t heads = shape->dim[1], tokens = shape->dim[2], width = shape->dim[3];
    if (by_token)
        return (bcue_attention_side){heads * tokens * width, width, heads * width};
    return (bcue_attention_side){heads * tokens * width, tokens * width, width};
}

/* Element k of the dense order, in memory of these steps. */
static int64_t place(const bcue_shape *shape, bcue_attention_side side, int64_t k)
{
    int64_t width = shape->dim[3], tokens = shape->dim[2], heads = shape->dim[1];
    return k / (width * tokens * heads) * side.batch + k / (width * tokens) % heads * side.head +
           k / width % tokens * side.token + k % width;
}

static void compare(const attention_case *c, int lanes, int side, const float *found,
                    bcue_attention_side step, const double *expected)
{
    const bcue_shape shape = side_shape(c, side);
    double worst = 0, largest = 1e-3;
    for (int64_t k = 0; k < bcue_ref_count(&shape); k++) {
        double away = fabs((double)found[place(&shape, step, k)] - expected[k]);
        worst = away <= worst ? worst : away;
        largest = fmax(largest, fabs(expected[k]));
    }
    /* Scores of hundreds carry a rounding error of some 1e-5, which the exponential passes on. */
    CHECK_AT(worst <= (c->scale > 1 ? 1e-4 : 3e-6) * largest, "case %d, %d lanes, side %d: %g of %g",
             (int)(c - cases), lanes, side, worst, largest);
}

static void run_case(const attention_case *c, bcue_cpu_level level, double *side[SIDES], int workers,
                     float *result[SIDES])
{
    bcue_attention_shape shape = {c->batch,  c->heads,  c->queries, c->keys,   c->width, c->value_width,
                                  {0, 0, 0}, {0, 0, 0}, {0, 0, 0},  {0, 0, 0}, c->scale, c->dropout};
    bcue_attention_side *step[] = {&shape.q, &shape.k, &shape.v};
    const bcue_attention_kernels *kernels = bcue_attention_kernels_of(level, &shape);
    if (kernels == NULL)
        return;
    for (int i = 0; i < SIDES; i++) {
        const bcue_shape s = side_shape(c, i);
        result[i] = floats(bcue_ref_count(&s));
        const bcue_attention_side at = steps(&s, i < 3 && c->by_token);
        if (i < 3)
            *step[i] = at;
        for (int64_t k = 0; i <= DY && k < bcue_ref_count(&s); k++)
            result[i][place(&s, at, k)] = (float)side[i][k];
    }
    const bcue_shape y = side_shape(c, Y);
    shape.y = steps(&y, c->by_token);
    float *scratch = floats(bcue_attention_scratch(kernels, &shape, workers, true) +
                            bcue_attention_scratch(kernels, &shape, workers, false));
    float *log_sum = floats(c->batch * c->heads * c->queries);
    const bcue_dropout_stream stream = bcue_dropout_begin(&key, c->dropout, level);
    bcue_attention_run run = {.shape = &shape,
                              .q = result[Q],
                              .k = result[K],
                              .v = result[V],
                              .y = result[Y],
                              .stream = c->dropout > 0 ? &stream : NULL,
                              .log_sum = log_sum,
                              .dy = result[DY],
                              .dq = result[DQ],
                              .dk = result[DK],
                              .dv = result[DV],
                              .scratch = scratch,
                              .workers = workers};
    bcue_attention_forward(kernels, &run);
    bcue_attention_backward(kernels, &run);
    for (int i = Y; i < SIDES; i++) {
        const bcue_shape s = side_shape(c, i);
        compare(c, kernels->lanes, i, result[i], i == Y ? shape.y : steps(&s, false), side[i]);
    }
    free(scratch);
    free(log_sum);
}

static void check_case(const attention_case *c, bcue_cpu_level level)
{
    double *side[SIDES];
    bcue_rng rng = bcue_rng_make(3, BCUE_RNG_TEST, (uint32_t)(c - cases), 0, 0);
    for (int i = 0; i < SIDES; i++) {
        const bcue_shape s = side_shape(c, i);
        side[i] = calloc((size_t)bcue_ref_count(&s), sizeof(double));
        CHECK(side[i] != NULL);
        if (side[i] == NULL)
            return;
        for (int64_t k = 0; i <= DY && k < bcue_ref_count(&s); k++)
            side[i][k] = (double)(float)bcue_rng_normal(&rng);
    }
    reference(c, side);
    float *one[SIDES] = {0}, *three[SIDES] = {0};
    run_case(c, level, side, 1, one);
    run_case(c, level, side, 3, three);
    for (int i = 0; i < SIDES; i++) {
        const bcue_shape s = side_shape(c, i);
        if (one[i] != NULL)
            CHECK_AT(memcmp(one[i], three[i], (size_t)bcue_ref_count(&s) * sizeof(float)) == 0,
                     "case %d, side %d depends on the number of workers", (int)(c - cases), i);
        free(one[i]);
        free(three[i]);
        free(side[i]);
    }
}

static void kernels_match_reference(void)
{
    for (int level = BCUE_CPU_AVX2; level <= (int)bcue_cpu_best(); level++)
        for (int i = 0; i < CASES; i++)
            check_case(&cases[i], (bcue_cpu_level)level);
}

static void kernels_by_width(void)
{
    bcue_attention_shape shape = {.width = 32, .value_width = 32};
    CHECK(bcue_attention_kernels_of(BCUE_CPU_PLAIN, &shape) == NULL);
    const bcue_attention_kernels *best = bcue_attention_kernels_of(bcue_cpu_best(), &shape);
    CHECK(best == NULL || best->lanes == (bcue_cpu_best() == BCUE_CPU_AVX512 ? 16 : 8));
    shape.value_width = 24;
    best = bcue_attention_kernels_of(bcue_cpu_best(), &shape);
    CHECK(best == NULL || best->lanes == 8);
    shape.width = 7;
    best = bcue_attention_kernels_of(bcue_cpu_best(), &shape);
    CHECK(best == NULL || best->lanes == (bcue_cpu_best() == BCUE_CPU_AVX512 ? 16 : 8));
}

/* Half k % 2 of word k / 2 % 4 of block k / 8 decides element k, on every instruction set. */
static void masks_are_philox(void)
{
    const bcue_rng rng = bcue_rng_make(key.seed, BCUE_RNG_DROPOUT, key.epoch, key.step, (uint32_t)key.node);
    const size_t begins[] = {0, 1, 62, 4095, ((size_t)1 << 33) + 3};
    for (int level = BCUE_CPU_PLAIN; level <= (int)bcue_cpu_best(); level++) {
        const bcue_dropout_stream stream = bcue_dropout_begin(&key, 0.3, (bcue_cpu_level)level);
        for (int b = 0; b < 5; b++) {
            uint8_t keep[300];
            bcue_dropout_keep(&stream, begins[b], 300, keep);
            for (size_t i = 0; i < 300; i++) {
                size_t element = begins[b] + i;
                const uint32_t counter[4] = {(uint32_t)(element / 8), rng.counter[1], rng.counter[2],
                                             rng.counter[3]};
                uint32_t words[4];
                bcue_philox4x32_10(counter, rng.key, words);
                const uint32_t half = words[element / 2 % 4] >> (element % 2 ? 16 : 0) & 0xFFFF;
                CHECK_INT(keep[i], half >= (uint32_t)(0.3 * 65536.0 + 0.5));
            }
        }
    }
}

/* The bound that attention.h states. */
static void exponentials_are_close(void)
{
    const bcue_attention_shape shape = {.width = 16, .value_width = 16};
    for (int level = BCUE_CPU_AVX2; level <= (int)bcue_cpu_best(); level++) {
        const bcue_attention_kernels *kernels = bcue_attention_kernels_of((bcue_cpu_level)level, &shape);
        double worst = 0;
        for (int block = 0; block < 200000; block++) {
            float x[16], y[16] = {0};
            for (int i = 0; i < 16; i++)
                x[i] = -125.0F * (float)(block * 16 + i) / 3200000.0F;
            kernels->exp2(x, y);
            for (int i = 0; i < kernels->lanes; i++)
                worst = fmax(worst, fabs((double)y[i] / exp2((double)x[i]) - 1));
        }
        CHECK_AT(worst <= 3e-7, "relative error %g", worst);
        const float far[16] = {-126, -130, -150, -1000, -1e6F, -1e30F, 0, -0.0F};
        float y[16];
        kernels->exp2(far, y);
        for (int i = 0; i < 6; i++)
            CHECK(y[i] >= 0 && y[i] <= 0x1p-125F);
        CHECK(y[6] == 1 && y[7] == 1);
    }
}

int main(void)
{
    if (bcue_cpu_best() == BCUE_CPU_PLAIN) {
        puts("skipped: no kernels for this CPU");
        return 77;
    }
    RUN(kernels_match_reference);
    RUN(kernels_by_width);
    RUN(masks_are_philox);
    RUN(exponentials_are_close);
    return check_summary();
}

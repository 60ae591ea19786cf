/* Linear layers of few rows with weights in 16 and 8 bits: against sums in double of what the packed weights
   stand for, for every instruction set of this machine; inputs of 0; and plans of a student in all three
   forms. */
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "engine/plan.h"

typedef struct layer_case {
    int64_t inputs, outputs;
    double zeros; /* share of the inputs that are 0 */
    bool bias, relu;
} layer_case;

static const layer_case cases[] = {{1, 1, 0, true, false},     {3, 64, 0, false, false},
                                   {700, 65, 0.5, true, true}, {129, 200, 0.9, true, false},
                                   {64, 130, 1, true, true},   {2000, 152, 0.3, false, true}};

/* What a weight becomes, by the definitions. */
static double rounded_bf16(float weight)
{
    int exponent;
    const double part = frexp((double)weight, &exponent); /* 8 bits of it stay, half to even */
    return ldexp(nearbyint(part * 256), exponent - 8);
}

static double rounded_int8(float weight, double largest)
{
    const double step = (double)(float)(largest / 127);
    return largest > 0 ? nearbyint((double)weight / step) * step : 0;
}

/* y in double, and in `size` the sum of magnitudes. */
static double expected(const layer_case *c, bcue_weight_bits bits, const float *row, const float *x,
                       double *size)
{
    double largest = 0, sum = 0;
    *size = 0;
    for (int64_t i = 0; i < c->inputs; i++)
        largest = fmax(largest, fabs((double)row[i]));
    for (int64_t i = 0; i < c->inputs; i++) {
        const double weight =
            bits == BCUE_WEIGHTS_INT8 ? rounded_int8(row[i], largest) : rounded_bf16(row[i]);
        sum += weight * (double)x[i];
        *size += fabs(weight * (double)x[i]);
    }
    return sum;
}

static void check_case(uint32_t number, bcue_weight_bits bits, int level)
{
    const layer_case *c = &cases[number];
    bcue_rng rng = bcue_rng_make(21, BCUE_RNG_TEST, 0, 0, number);
    const size_t bytes = bcue_row_linear_bytes(bits, c->inputs, c->outputs);
    float *weight = bcue_calloc((size_t)(c->inputs * c->outputs), sizeof *weight),
          *x = bcue_calloc((size_t)c->inputs, sizeof *x),
          *bias = bcue_calloc((size_t)c->outputs, sizeof *bias),
          *y = bcue_calloc((size_t)c->outputs, sizeof *y);
    bcue_row_entry *entries = bcue_calloc((size_t)c->inputs, sizeof *entries);
    void *packed = bcue_calloc_aligned(bytes, 1);
    for (int64_t i = 0; i < c->inputs * c->outputs; i++)
        weight[i] = (float)bcue_rng_normal(&rng) * (i % 7 == 3 ? 1e-3F : 1);
    for (int64_t i = 0; i < c->inputs; i++)
        x[i] = bcue_rng_uniform(&rng) < c->zeros ? 0 : (float)bcue_rng_normal(&rng);
    for (int64_t o = 0; o < c->outputs; o++)
        bias[o] = (float)bcue_rng_normal(&rng);
    if (c->outputs > 64)
        memset(weight + 64 * c->inputs, 0, (size_t)c->inputs * sizeof *weight); /* an output that is off */
    CHECK(bcue_row_linear_pack(bits, weight, c->inputs, c->outputs, packed));
    const bcue_row_linear layer = {.bits = bits,
                                   .inputs = c->inputs,
                                   .outputs = c->outputs,
                                   .packed = packed,
                                   .bias = c->bias ? bias : NULL,
                                   .relu = c->relu};
    bcue_row_linear_run(&layer, (bcue_cpu_level)level, x, entries, y);
    for (int64_t o = 0; o < c->outputs; o++) {
        double size, sum = expected(c, bits, weight + o * c->inputs, x, &size);
        sum += c->bias ? (double)bias[o] : 0;
        sum = c->relu && sum < 0 ? 0 : sum;
        CHECK_AT(fabs((double)y[o] - sum) <= 2e-6 * (size + fabs((double)bias[o])) * sqrt((double)c->inputs),
                 "case %u, %s, level %d, output %lld: %.9g, by definition %.9g", number,
                 bits == BCUE_WEIGHTS_INT8 ? "int8" : "bf16", level, (long long)o, (double)y[o], sum);
    }
    free(weight);
    free(x);
    free(bias);
    free(y);
    free(entries);
    free(packed);
}

static void test_by_definition(void)
{
    for (uint32_t number = 0; number < sizeof cases / sizeof *cases; number++)
        for (int level = BCUE_CPU_PLAIN; level <= (int)bcue_cpu_best(); level++) {
            check_case(number, BCUE_WEIGHTS_BF16, level);
            check_case(number, BCUE_WEIGHTS_INT8, level);
        }
}

/* A NaN must not pass as nothing. */
static void test_nan_stays(void)
{
    const float weight[2] = {1, 2}, x[2] = {NAN, 0};
    bcue_row_entry entries[2];
    float y;
    void *packed = bcue_calloc_aligned(bcue_row_linear_bytes(BCUE_WEIGHTS_INT8, 2, 1), 1);
    CHECK(bcue_row_linear_pack(BCUE_WEIGHTS_INT8, weight, 2, 1, packed));
    const bcue_row_linear layer = {.bits = BCUE_WEIGHTS_INT8, .inputs = 2, .outputs = 1, .packed = packed};
    bcue_row_linear_run(&layer, BCUE_CPU_PLAIN, x, entries, &y);
    CHECK(isnan(y));
    free(packed);
}

/* ---- plans ---- */

enum { ROWS = 5, IN = 300, MIDDLE = 90, OUT = 20 };

static bcue_graph *small_graph(int64_t rows)
{
    bcue_graph *graph = bcue_graph_create();
    const bcue_parameter_spec spec = {.init = BCUE_INIT_UNIFORM_FAN_IN, .fan = IN};
    const bcue_shape x = bcue_shape_of(rows, IN), w1 = bcue_shape_of(MIDDLE, IN), b1 = bcue_shape_of(MIDDLE),
                     w2 = bcue_shape_of(OUT, MIDDLE), b2 = bcue_shape_of(OUT);
    bcue_value v = bcue_graph_input(graph, "x", BCUE_F32, &x);
    v = bcue_graph_linear(graph, "one", v, bcue_graph_parameter(graph, "one.weight", &w1, &spec),
                          bcue_graph_parameter(graph, "one.bias", &b1, &spec));
    v = bcue_graph_relu(graph, NULL, v);
    bcue_graph_output(graph, "mid", v);
    v = bcue_graph_linear(graph, "two", v, bcue_graph_parameter(graph, "two.weight", &w2, &spec),
                          bcue_graph_parameter(graph, "two.bias", &b2, &spec));
    bcue_graph_output(graph, "logits", v);
    return graph;
}

static bcue_plan *plan_of(const bcue_graph *graph, bcue_weights *weights, bcue_weight_bits bits,
                          bcue_packed_weights *store)
{
    bcue_error error;
    bcue_plan *plan = NULL;
    const bcue_plan_options options = {
        .engine = BCUE_ENGINE_ONEDNN, .dtype = BCUE_F32, .weight_bits = bits, .packed = store};
    CHECK_OK(bcue_plan_create(graph, weights, &options, &plan, &error), error);
    bcue_rng rng = bcue_rng_make(22, BCUE_RNG_TEST, 0, 0, 0);
    float *x = bcue_plan_input(plan, "x");
    const int64_t rows = bcue_graph_value(graph, bcue_graph_find(graph, "x"))->shape.dim[0];
    for (int64_t i = 0; i < rows * IN; i++)
        x[i] = i % 3 == 0 ? 0 : (float)bcue_rng_normal(&rng);
    CHECK_OK(bcue_plan_forward(plan, &error), error);
    return plan;
}

/* Relative, over all numbers of an output. */
static double apart(const bcue_plan *a, const bcue_plan *b, const char *name, int64_t count)
{
    const float *x = bcue_plan_output(a, name), *y = bcue_plan_output(b, name);
    double difference = 0, norm = 0;
    for (int64_t i = 0; i < count; i++) {
        difference += pow((double)x[i] - (double)y[i], 2);
        norm += pow((double)x[i], 2);
    }
    return sqrt(difference / norm);
}

static void check_plans(int64_t rows, int32_t layers, bcue_packed_weights *store)
{
    static const double least[] = {0, 5e-4, 1e-3}, most[] = {0, 5e-3, 2e-2};
    bcue_error error;
    bcue_weights weights;
    bcue_graph *graph = small_graph(rows);
    CHECK(graph != NULL);
    CHECK_OK(bcue_weights_create(graph, BCUE_F32, 4, &weights, &error), error);
    bcue_plan *exact = plan_of(graph, &weights, BCUE_WEIGHTS_F32, store);
    CHECK_INT(bcue_plan_row_layers(exact), 0);
    for (int bits = BCUE_WEIGHTS_BF16; bits <= BCUE_WEIGHTS_INT8; bits++) {
        bcue_plan *plan = plan_of(graph, &weights, (bcue_weight_bits)bits, store),
                  *again = plan_of(graph, &weights, (bcue_weight_bits)bits, store);
        const double off = apart(exact, plan, "logits", rows * OUT),
                     mid = apart(exact, plan, "mid", rows * MIDDLE);
        CHECK_INT(bcue_plan_row_layers(plan), layers);
        CHECK_AT(layers == 0 ? off < 1e-6 : off > least[bits] && off < most[bits],
                 "bits %d: logits off by %g", bits, off);
        CHECK_AT(layers == 0 ? mid < 1e-6 : mid > least[bits] && mid < most[bits], "bits %d: mid off by %g",
                 bits, mid);
        CHECK(apart(plan, again, "logits", rows * OUT) <= 0);
        bcue_plan_destroy(plan);
        bcue_plan_destroy(again);
    }
    bcue_plan_destroy(exact);
    bcue_weights_free(&weights);
    bcue_graph_destroy(graph);
}

static void test_plans(void)
{
    bcue_error error;
    bcue_packed_weights *store;
    check_plans(1, 2, NULL);
    check_plans(ROWS, 2, NULL);
    check_plans(100, 0, NULL); /* many rows: as before */
    CHECK_OK(bcue_packed_weights_create(NULL, NULL, &store, &error), error);
    check_plans(1, 2, store);
    bcue_packed_weights_destroy(store);
}

/* Blocks are shared out; the sums are not. */
static void test_threads(void)
{
    enum { WIDE = 4096, HIGH = 1024 };
    bcue_rng rng = bcue_rng_make(23, BCUE_RNG_TEST, 0, 0, 0);
    float *weight = bcue_calloc((size_t)WIDE * HIGH, sizeof *weight), *x = bcue_calloc(WIDE, sizeof *x),
          *y = bcue_calloc(HIGH, sizeof *y), *again = bcue_calloc(HIGH, sizeof *again);
    bcue_row_entry *entries = bcue_calloc(WIDE, sizeof *entries);
    void *packed = bcue_calloc_aligned(bcue_row_linear_bytes(BCUE_WEIGHTS_BF16, WIDE, HIGH), 1);
    for (size_t i = 0; i < (size_t)WIDE * HIGH; i++)
        weight[i] = (float)bcue_rng_uniform(&rng);
    for (size_t i = 0; i < WIDE; i++)
        x[i] = (float)bcue_rng_normal(&rng);
    CHECK(bcue_row_linear_pack(BCUE_WEIGHTS_BF16, weight, WIDE, HIGH, packed));
    const bcue_row_linear layer = {
        .bits = BCUE_WEIGHTS_BF16, .inputs = WIDE, .outputs = HIGH, .packed = packed};
    bcue_row_linear_run(&layer, bcue_cpu_best(), x, entries, y);
    const int before = bcue_limit_threads(1);
    bcue_row_linear_run(&layer, bcue_cpu_best(), x, entries, again);
    (void)bcue_limit_threads(before);
    CHECK(memcmp(y, again, HIGH * sizeof *y) == 0);
    free(weight);
    free(x);
    free(y);
    free(again);
    free(entries);
    free(packed);
}

int main(void)
{
    RUN(test_by_definition);
    RUN(test_nan_stays);
    RUN(test_plans);
    RUN(test_threads);
    return check_summary();
}

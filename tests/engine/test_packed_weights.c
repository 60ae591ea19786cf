/* Packed weights: Winograd's by the formula, one copy for all plans, and what stays out of small memory. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/cpu.h"
#include "base/rng.h"
#include "check.h"
#include "engine/plan.h"
#include "engine/winograd_pack.h"

/* ---- Winograd's weights ---- */

/* G of F(4x4, 3x3) at the points 0, 5/8, -5/8, 3/2, -3/2: rows p_i(x) = (1, x, x^2) / prod (x_i - x_j), and
   (0, 0, 1) for infinity. oneDNN turns the signs and the order of powers around: its row is x^-2 of that. */
static void transform_matrix(double g[6][3])
{
    const double point[5] = {0, 0.625, -0.625, 1.5, -1.5};
    for (int i = 0; i < 5; i++) {
        double product = 1;
        for (int j = 0; j < 5; j++)
            product *= j == i ? 1 : point[i] - point[j];
        for (int k = 0; k < 3; k++)
            g[i][k] = pow(point[i], k) / product;
    }
    memcpy(g[5], (const double[3]){0, 0, 1}, sizeof g[5]);
}

static double product_of(double g[6][3], const float *kernel, double scale, int u, int v)
{
    double sum = 0;
    for (int y = 0; y < 3; y++)
        for (int x = 0; x < 3; x++)
            sum += g[u][y] * g[v][x] * (double)(float)((double)kernel[3 * y + x] * scale);
    return sum;
}

static void check_winograd(int64_t outputs, int64_t inputs, int64_t out_blocks, int64_t in_blocks,
                           bool scaled)
{
    const size_t kernels = (size_t)(outputs * inputs);
    float *weight = calloc(9 * kernels, sizeof *weight),
          *packed = aligned_alloc(64, 36 * kernels * sizeof *packed);
    double *scale = calloc((size_t)outputs, sizeof *scale), g[6][3];
    bcue_rng rng = bcue_rng_make(5, BCUE_RNG_TEST, 0, 0, 0);
    for (size_t i = 0; i < 9 * kernels; i++)
        weight[i] = (float)bcue_rng_normal(&rng);
    for (int64_t i = 0; i < outputs; i++)
        scale[i] = bcue_rng_range(&rng, 0.5, 2);
    const bcue_winograd_pack pack = {inputs, outputs, in_blocks, out_blocks, weight, scaled ? scale : NULL,
                                     packed};
    bcue_winograd_pack_avx512(&pack);
    transform_matrix(g);
    double worst = 0;
    size_t at = 0;
    for (int64_t ob = 0; ob < outputs / 16 / out_blocks; ob++)
        for (int u = 0; u < 6; u++)
            for (int v = 0; v < 6; v++)
                for (int64_t ib = 0; ib < inputs / 16 / in_blocks; ib++)
                    for (int64_t o2 = 0; o2 < out_blocks; o2++)
                        for (int64_t i2 = 0; i2 < in_blocks; i2++)
                            for (int i = 0; i < 16; i++)
                                for (int o = 0; o < 16; o++, at++) {
                                    const int64_t out = (ob * out_blocks + o2) * 16 + o,
                                                  in = (ib * in_blocks + i2) * 16 + i;
                                    const double want = product_of(g, weight + 9 * (out * inputs + in),
                                                                   scaled ? scale[out] : 1, u, v);
                                    worst = fmax(worst, fabs((double)packed[at] - want));
                                }
    CHECK_AT(worst < 5e-6, "%lld x %lld kernels are off by %g", (long long)outputs, (long long)inputs, worst);
    free(weight);
    free(packed);
    free(scale);
}

static void winograd_by_the_formula(void)
{
    if (bcue_cpu_best() != BCUE_CPU_AVX512) {
        printf("no AVX-512 here: our kernel is not used\n");
        return;
    }
    check_winograd(64, 32, 1, 1, false);
    check_winograd(64, 64, 2, 4, true);
    check_winograd(16, 96, 1, 3, true);
    check_winograd(32, 16, 1, 1, false);
}

/* ---- plans that share ---- */

typedef struct net {
    bcue_graph *graph;
    bcue_weights weights;
} net;

static bcue_value parameter(bcue_graph *graph, const char *name, bcue_shape shape, bool running)
{
    bcue_parameter_spec spec = {
        .init = running ? BCUE_INIT_ONE : BCUE_INIT_NORMAL, .scale = 0.08, .running = running};
    return bcue_graph_parameter(graph, name, &shape, &spec);
}

/* Everything that packs: a 3x3 convolution with batch norm (Winograd's), another without, a linear layer, and
   parameters that are read as they are. */
static net make_net(int64_t batch)
{
    const int one[2] = {1, 1};
    net n = {.graph = bcue_graph_create()};
    bcue_error error = {""};
    const bcue_shape x_shape = bcue_shape_of(batch, 64, 16, 16), kernel = bcue_shape_of(64, 64, 3, 3),
                     channels = bcue_shape_of(64), rows = bcue_shape_of(batch, 64, 256);
    bcue_value x = bcue_graph_input(n.graph, "x", BCUE_F32, &x_shape);
    bcue_value y = bcue_graph_conv2d(n.graph, "a", x, parameter(n.graph, "a.weight", kernel, false),
                                     BCUE_NO_VALUE, one, one, one, 1);
    y = bcue_graph_batch_norm(n.graph, "norm", y, parameter(n.graph, "norm.weight", channels, false),
                              parameter(n.graph, "norm.bias", channels, false),
                              parameter(n.graph, "norm.mean", channels, true),
                              parameter(n.graph, "norm.var", channels, true), 1e-5, 0.1);
    y = bcue_graph_relu(n.graph, NULL, y);
    y = bcue_graph_conv2d(n.graph, "b", y, parameter(n.graph, "b.weight", kernel, false),
                          parameter(n.graph, "b.bias", channels, false), one, one, one, 1);
    y = bcue_graph_reshape(n.graph, NULL, y, &rows);
    y = bcue_graph_add(n.graph, NULL, y, parameter(n.graph, "place", bcue_shape_of(1, 64, 256), false));
    y = bcue_graph_linear(n.graph, "c", y, parameter(n.graph, "c.weight", bcue_shape_of(96, 256), false),
                          parameter(n.graph, "c.bias", bcue_shape_of(96), false));
    bcue_graph_output(n.graph, "y", y);
    CHECK_OK(bcue_graph_check(n.graph, &error), error);
    CHECK_OK(bcue_weights_create(n.graph, BCUE_F32, 3, &n.weights, &error), error);
    return n;
}

static void free_net(net *n)
{
    bcue_weights_free(&n->weights);
    bcue_graph_destroy(n->graph);
}

static bcue_plan *plan_of(net *n, bcue_packed_weights *packed, bool small)
{
    const bcue_plan_options options = {.engine = BCUE_ENGINE_ONEDNN, .packed = packed, .no_winograd = small};
    bcue_plan *plan = NULL;
    bcue_error error = {""};
    CHECK_OK(bcue_plan_create(n->graph, &n->weights, &options, &plan, &error), error);
    return plan;
}

/* The answer to one drawn window, from the first of the batch. */
static void answer(bcue_plan *plan, float y[64 * 96])
{
    bcue_error error = {""};
    bcue_rng rng = bcue_rng_make(8, BCUE_RNG_TEST, 0, 0, 0);
    float *x = bcue_plan_input(plan, "x");
    for (int i = 0; i < 64 * 256; i++)
        x[i] = (float)bcue_rng_normal(&rng);
    CHECK_OK(bcue_plan_forward(plan, &error), error);
    memcpy(y, bcue_plan_output(plan, "y"), 64 * 96 * sizeof *y);
}

static void count_release(void *cookie)
{
    ++*(int *)cookie;
}

static void one_copy_for_all_plans(void)
{
    static float alone[64 * 96], shared[64 * 96], slim[64 * 96];
    net one = make_net(1), two = make_net(2);
    bcue_packed_weights *store = NULL;
    bcue_error error = {""};
    int released = 0;
    bcue_plan *own = plan_of(&one, NULL, false);
    answer(own, alone);
    CHECK_OK(bcue_packed_weights_create(count_release, &released, &store, &error), error);
    bcue_plan *first = plan_of(&one, store, false);
    const size_t bytes = bcue_packed_weights_bytes(store);
    CHECK(bytes > 0 && bcue_plan_packed_bytes(first) == bytes && released > 0);
    bcue_plan *second = plan_of(&one, store, false);
    CHECK(bcue_packed_weights_bytes(store) == bytes);
    /* Another layout of two layers. */
    bcue_plan *small = plan_of(&one, store, true);
    if (bcue_cpu_best() == BCUE_CPU_AVX512)
        CHECK(bcue_packed_weights_bytes(store) == bytes + 2 * 9 * 64 * 64 * sizeof(float));
    /* Other weights have other addresses. */
    bcue_plan *other = plan_of(&two, store, false);
    CHECK(bcue_packed_weights_bytes(store) >= 2 * bytes);
    /* Nothing reads the weights any more. */
    for (int32_t i = 0; i < one.weights.count; i++)
        memset(one.weights.tensors[i].data, 0xFF, bcue_tensor_size(&one.weights.tensors[i]));
    answer(first, shared);
    CHECK(memcmp(alone, shared, sizeof alone) == 0);
    answer(second, shared);
    CHECK(memcmp(alone, shared, sizeof alone) == 0);
    answer(small, slim);
    answer(other, shared);
    CHECK(memcmp(alone, shared, sizeof alone) == 0);
    double away = 0;
    for (int i = 0; i < 64 * 96; i++)
        away = fmax(away, fabs((double)slim[i] - (double)alone[i]));
    CHECK_AT(away < 1e-4, "without Winograd the answer is off by %g", away);
    bcue_plan_destroy(first);
    answer(second, shared);
    CHECK(memcmp(alone, shared, sizeof alone) == 0);
    bcue_plan_destroy(own);
    bcue_plan_destroy(second);
    bcue_plan_destroy(small);
    bcue_plan_destroy(other);
    bcue_packed_weights_destroy(store);
    free_net(&one);
    free_net(&two);
}

/* A plan with weights of its own follows them. */
static void own_weights_may_change(void)
{
    static float before[64 * 96], after[64 * 96], fresh[64 * 96];
    net n = make_net(1);
    bcue_plan *plan = plan_of(&n, NULL, false);
    answer(plan, before);
    for (int32_t i = 0; i < n.weights.count; i++)
        for (int64_t k = 0; k < bcue_tensor_count(&n.weights.tensors[i]); k++)
            ((float *)n.weights.tensors[i].data)[k] *= 1.25F;
    bcue_plan_weights_changed(plan);
    answer(plan, after);
    bcue_plan *made = plan_of(&n, NULL, false);
    answer(made, fresh);
    CHECK(memcmp(before, after, sizeof before) != 0);
    CHECK(memcmp(fresh, after, sizeof fresh) == 0);
    bcue_plan_destroy(plan);
    bcue_plan_destroy(made);
    free_net(&n);
}

int main(void)
{
    RUN(winograd_by_the_formula);
    RUN(one_copy_for_all_plans);
    RUN(own_weights_may_change);
    return check_summary();
}

/* oneDNN plans: the same twice, weights that change, values with several readers, bad labels. */
#include <stdlib.h>
#include "base/parallel.h"
#include "base/rng.h"
#include "check.h"
#include "small_net.h"

static bcue_plan *make_plan(const bcue_graph *graph, bcue_weights *weights, bcue_plan_options options)
{
    bcue_error error = {""};
    bcue_plan *plan = NULL;
    options.engine = BCUE_ENGINE_ONEDNN;
    CHECK_OK(bcue_plan_create(graph, weights, &options, &plan, &error), error);
    return plan;
}

/* Plain gradient descent, so that every gradient ends up in the weights. */
static void train(bcue_weights *weights, int threads, int steps)
{
    bcue_set_threads(threads);
    bcue_error error = {""};
    bcue_graph *graph = bcue_small_net(5);
    CHECK_OK(bcue_weights_create(graph, BCUE_F32, 3, weights, &error), error);
    bcue_plan *plan = make_plan(graph, weights, (bcue_plan_options){.training = true});
    for (int step = 0; plan != NULL && step < steps; step++) {
        bcue_small_net_fill(plan, 5, (uint32_t)step);
        bcue_plan_set_step(plan, 1, 0, (uint32_t)step);
        CHECK_OK(bcue_plan_forward(plan, &error), error);
        CHECK_OK(bcue_plan_backward(plan, &error), error);
        for (int32_t i = 0; i < weights->count; i++) {
            const float *gradient = bcue_plan_gradient(plan, i);
            float *weight = weights->tensors[i].data;
            for (int64_t k = 0; gradient != NULL && k < bcue_tensor_count(&weights->tensors[i]); k++)
                weight[k] -= 0.05F * gradient[k];
        }
        bcue_plan_weights_changed(plan);
    }
    bcue_plan_destroy(plan);
    bcue_graph_destroy(graph);
    bcue_set_threads(0);
}

static double largest_difference(const bcue_weights *a, const bcue_weights *b)
{
    double largest = 0;
    for (int32_t i = 0; i < a->count; i++) {
        const float *x = a->tensors[i].data, *y = b->tensors[i].data;
        for (int64_t k = 0; k < bcue_tensor_count(&a->tensors[i]); k++)
            largest = fmax(largest, fabs((double)x[k] - (double)y[k]));
    }
    return largest;
}

static void training_repeats(void)
{
    for (int threads = 1; threads <= 2; threads++) {
        bcue_weights first, second, start;
        train(&first, threads, 4);
        train(&second, threads, 4);
        train(&start, threads, 0);
        for (int32_t i = 0; i < first.count; i++)
            CHECK_AT(memcmp(first.tensors[i].data, second.tensors[i].data,
                            bcue_tensor_size(&first.tensors[i])) == 0,
                     "%d threads: %s differs from run to run", threads, first.names[i]);
        CHECK(largest_difference(&first, &start) > 1e-3);
        bcue_weights_free(&first);
        bcue_weights_free(&second);
        bcue_weights_free(&start);
    }
}

static bool same_logits(const bcue_plan *a, const bcue_plan *b, int batch)
{
    return memcmp(bcue_plan_output(a, "logits"), bcue_plan_output(b, "logits"),
                  (size_t)batch * BCUE_SMALL_NET_CLASSES * sizeof(float)) == 0;
}

/* An inference plan keeps folded copies of the weights: they follow when it is told, and not before. */
static void changed_weights(void)
{
    bcue_error error = {""};
    bcue_graph *graph = bcue_small_net(2);
    bcue_weights weights;
    CHECK_OK(bcue_weights_create(graph, BCUE_F32, 3, &weights, &error), error);
    bcue_plan *old = make_plan(graph, &weights, (bcue_plan_options){0});
    bcue_plan *told = make_plan(graph, &weights, (bcue_plan_options){0});
    bcue_rng rng = bcue_rng_make(4, BCUE_RNG_TEST, 0, 0, 0);
    for (int32_t i = 0; i < weights.count; i++)
        for (int64_t k = 0; k < bcue_tensor_count(&weights.tensors[i]); k++)
            ((float *)weights.tensors[i].data)[k] += (float)bcue_rng_range(&rng, 0, 0.1);
    bcue_plan_weights_changed(told);
    bcue_plan *fresh = make_plan(graph, &weights, (bcue_plan_options){0});
    bcue_plan *plans[] = {old, told, fresh};
    for (int i = 0; i < 3; i++) {
        bcue_small_net_fill(plans[i], 2, 0);
        CHECK_OK(bcue_plan_forward(plans[i], &error), error);
    }
    CHECK(same_logits(told, fresh, 2));
    CHECK(!same_logits(old, fresh, 2));
    for (int i = 0; i < 3; i++)
        bcue_plan_destroy(plans[i]);
    bcue_weights_free(&weights);
    bcue_graph_destroy(graph);
}

/* r is a residual, is read again behind the fused sum, and is an output: the sum must not overwrite it.
   `reshaped`: the second reader sees r through a reshape, which shares its memory. */
static bcue_graph *shared_residual(bool reshaped)
{
    bcue_graph *graph = bcue_graph_create();
    bcue_shape shape = bcue_shape_of(2, 16, 6, 6), weight_shape = bcue_shape_of(16, 16, 3, 3),
               flat = bcue_shape_of(2, 576);
    bcue_parameter_spec spec = {.init = BCUE_INIT_NORMAL_FAN_OUT, .fan = 144};
    const int one[2] = {1, 1};
    bcue_value x = bcue_graph_input(graph, "x", BCUE_F32, &shape);
    bcue_value w0 = bcue_graph_parameter(graph, "w0", &weight_shape, &spec),
               w1 = bcue_graph_parameter(graph, "w1", &weight_shape, &spec);
    bcue_value r = bcue_graph_conv2d(graph, "conv0", x, w0, BCUE_NO_VALUE, one, one, one, 1);
    bcue_value seen = reshaped ? bcue_graph_reshape(graph, "flat", r, &flat) : r;
    bcue_value y = bcue_graph_conv2d(graph, "conv1", r, w1, BCUE_NO_VALUE, one, one, one, 1);
    y = bcue_graph_relu(graph, "relu", bcue_graph_add(graph, "sum", y, r));
    if (reshaped) {
        y = bcue_graph_reshape(graph, "flat_y", y, &flat);
    } else {
        bcue_graph_output(graph, "r", r);
    }
    bcue_graph_output(graph, "y", bcue_graph_add(graph, "again", y, seen));
    return graph;
}

static void residual_with_other_readers(void)
{
    for (int reshaped = 0; reshaped < 2; reshaped++) {
        bcue_error error = {""};
        bcue_graph *graph = shared_residual(reshaped != 0);
        bcue_weights weights;
        CHECK_OK(bcue_graph_check(graph, &error), error);
        CHECK_OK(bcue_weights_create(graph, BCUE_F32, 3, &weights, &error), error);
        bcue_plan *fused = make_plan(graph, &weights, (bcue_plan_options){0}), *plain = NULL;
        bcue_plan_options reference = {.dtype = BCUE_F32, .no_fusion = true};
        CHECK_OK(bcue_plan_create(graph, &weights, &reference, &plain, &error), error);
        float *x[] = {bcue_plan_input(fused, "x"), bcue_plan_input(plain, "x")};
        for (int run = 0; run < 2; run++) {
            bcue_rng rng = bcue_rng_make(1, BCUE_RNG_TEST, 0, 0, (uint32_t)run);
            for (int i = 0; i < 2 * 576; i++)
                x[0][i] = x[1][i] = (float)bcue_rng_normal(&rng);
            CHECK_OK(bcue_plan_forward(fused, &error), error);
            CHECK_OK(bcue_plan_forward(plain, &error), error);
            const char *names[] = {"y", "r"};
            for (int o = 0; o < 2 - reshaped; o++) {
                const float *a = bcue_plan_output(fused, names[o]), *b = bcue_plan_output(plain, names[o]);
                for (int i = 0; i < 2 * 576; i++)
                    CHECK_NEAR(a[i], b[i], 1e-4);
            }
        }
        bcue_plan_destroy(fused);
        bcue_plan_destroy(plain);
        bcue_weights_free(&weights);
        bcue_graph_destroy(graph);
    }
}

static void bad_label(void)
{
    bcue_error error = {""};
    bcue_graph *graph = bcue_small_net(3);
    bcue_weights weights;
    CHECK_OK(bcue_weights_create(graph, BCUE_F32, 3, &weights, &error), error);
    bcue_plan *plan = make_plan(graph, &weights, (bcue_plan_options){.training = true});
    bcue_small_net_fill(plan, 3, 0);
    int32_t *label = bcue_plan_input(plan, "label");
    label[1] = BCUE_SMALL_NET_CLASSES;
    CHECK_STATUS(bcue_plan_forward(plan, &error), BCUE_ERROR_DATA);
    CHECK_CONTAINS(error.text, "row 1");
    CHECK_STATUS(bcue_plan_backward(plan, &error), BCUE_ERROR_ARGUMENT);
    label[1] = 0;
    CHECK_OK(bcue_plan_forward(plan, &error), error);
    CHECK_OK(bcue_plan_backward(plan, &error), error);
    CHECK(bcue_plan_peak_bytes(plan) > 0);
    CHECK(bcue_plan_input(plan, "nothing") == NULL && bcue_plan_output(plan, "nothing") == NULL);
    bcue_plan_destroy(plan);
    bcue_plan_options twice = {.engine = BCUE_ENGINE_ONEDNN, .dtype = BCUE_F64};
    CHECK_STATUS(bcue_plan_create(graph, &weights, &twice, &plan, &error), BCUE_ERROR_UNSUPPORTED);
    bcue_weights_free(&weights);
    bcue_graph_destroy(graph);
}

typedef struct patience {
    int left, asked; /* operators that may still run; times that it was asked */
} patience;

static bool run_out(void *cookie)
{
    patience *p = cookie;
    p->asked++;
    return p->left-- <= 0;
}

/* Stopped before each operator in turn, and then run: the output of a plan that was never stopped. */
static void stops_between_operators(bcue_engine engine)
{
    enum { MOST = 1000 };
    bcue_error error = {""};
    bcue_graph *graph = bcue_small_net(2);
    bcue_weights weights;
    bcue_plan *plan = NULL;
    float want[2 * BCUE_SMALL_NET_CLASSES];
    const bcue_plan_options options = {.engine = engine, .dtype = BCUE_F32};
    CHECK_OK(bcue_weights_create(graph, BCUE_F32, 1, &weights, &error), error);
    CHECK_OK(bcue_plan_create(graph, &weights, &options, &plan, &error), error);
    bcue_small_net_fill(plan, 2, 0);
    CHECK_OK(bcue_plan_forward(plan, &error), error);
    memcpy(want, bcue_plan_output(plan, "logits"), sizeof want);
    int stopped = 0;
    for (; stopped < MOST; stopped++) {
        patience p = {.left = stopped};
        bcue_plan_set_stop(plan, run_out, &p);
        const bcue_status status = bcue_plan_forward(plan, &error);
        CHECK_INT(p.asked, stopped + (status == BCUE_OK ? 0 : 1));
        if (status == BCUE_OK)
            break;
        CHECK_STATUS(status, BCUE_ERROR_CANCELLED);
        bcue_plan_set_stop(plan, NULL, NULL);
        CHECK_OK(bcue_plan_forward(plan, &error), error);
        CHECK(memcmp(bcue_plan_output(plan, "logits"), want, sizeof want) == 0);
    }
    CHECK(stopped > 5 && stopped < MOST);
    CHECK(memcmp(bcue_plan_output(plan, "logits"), want, sizeof want) == 0);
    bcue_plan_destroy(plan);
    bcue_weights_free(&weights);
    bcue_graph_destroy(graph);
}

static void stops(void)
{
    stops_between_operators(BCUE_ENGINE_ONEDNN);
    stops_between_operators(BCUE_ENGINE_REFERENCE);
}

int main(void)
{
    RUN(training_repeats);
    RUN(changed_weights);
    RUN(residual_with_other_readers);
    RUN(bad_label);
    RUN(stops);
    return check_summary();
}

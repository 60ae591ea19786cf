/* The reference engine against PyTorch, against finite differences, and against itself. */
#include "case_plan.h"
#include "check.h"

#include <stdlib.h>

static const char golden_path[] = BCUE_SOURCE_DIR "/tests/engine/data/operators.safetensors";

static void golden_with(bcue_plan_options options, double tolerance)
{
    bcue_error error;
    bcue_safetensors *golden = NULL;
    CHECK_OK(bcue_safetensors_open(golden_path, &golden, &error), error);
    int total = 0;
    for (int i = 0; golden != NULL && i < bcue_op_case_count; i++) {
        char where[160];
        int compared = 0;
        if (bcue_op_cases[i].random)
            continue;
        double worst = bcue_case_golden_error(golden, &bcue_op_cases[i], &options, where, &compared);
        CHECK_AT(worst >= 0 && worst <= tolerance, "%s: error %g", where, worst);
        total += compared;
    }
    CHECK(total > (options.frozen_norm ? 30 : 50));
    bcue_safetensors_close(golden);
}

static void golden_double(void)
{
    golden_with((bcue_plan_options){.dtype = BCUE_F64, .training = true}, 1e-10);
    golden_with((bcue_plan_options){.dtype = BCUE_F64, .training = true, .frozen_norm = true}, 1e-10);
    golden_with((bcue_plan_options){.dtype = BCUE_F64}, 1e-10);
    golden_with((bcue_plan_options){.dtype = BCUE_F64, .no_fusion = true}, 1e-10);
}

static void golden_float(void)
{
    golden_with((bcue_plan_options){.dtype = BCUE_F32, .training = true}, 1e-5);
    golden_with((bcue_plan_options){.dtype = BCUE_F32, .training = true, .frozen_norm = true}, 1e-5);
    golden_with((bcue_plan_options){.dtype = BCUE_F32}, 1e-5);
    golden_with((bcue_plan_options){.dtype = BCUE_F32, .no_fusion = true}, 1e-5);
}

static double loss_of(bcue_case_plan *made)
{
    bcue_error error = {""};
    CHECK_OK(bcue_plan_forward(made->plan, &error), error);
    return *(const double *)bcue_plan_output(made->plan, "loss");
}

/* Central differences of every element of one leaf (of large ones: about 60); the norm of the difference
 * relative to the norms. */
static void check_leaf_gradient(bcue_case_plan *made, bcue_value leaf)
{
    const double step = 1e-5;
    int64_t count;
    double *data = bcue_case_leaf(made, leaf, &count);
    const char *name = bcue_graph_value(made->graph, leaf)->name;
    double *numeric = calloc((size_t)count, sizeof *numeric);
    CHECK(numeric != NULL);
    if (numeric == NULL)
        return;
    const int64_t stride = count / 60 + 1;
    for (int64_t i = 0; i < count; i += stride) {
        double kept = data[i];
        data[i] = kept + step;
        double above = loss_of(made);
        data[i] = kept - step;
        double below = loss_of(made);
        data[i] = kept;
        numeric[i] = (above - below) / (2 * step);
    }
    bcue_error error = {""};
    loss_of(made);
    CHECK_OK(bcue_plan_backward(made->plan, &error), error);
    const double *gradient = bcue_case_leaf_gradient(made, leaf);
    CHECK_AT(gradient != NULL, "%s: %s has no gradient", made->op_case->name, name);
    double away = 0, size = 0;
    for (int64_t i = 0; gradient != NULL && i < count; i += stride) {
        away += (gradient[i] - numeric[i]) * (gradient[i] - numeric[i]);
        size += gradient[i] * gradient[i] + numeric[i] * numeric[i];
    }
    CHECK_AT(sqrt(away) <= 1e-6 * fmax(sqrt(size), 1e-3), "%s: gradient of %s is off by %g of %g",
             made->op_case->name, name, sqrt(away), sqrt(size));
    free(numeric);
}

/* The targets and row weights of a loss are constants. */
static bool is_constant(const bcue_value_info *info)
{
    return info->spec.running || info->dtype != BCUE_F32 || strcmp(info->name, "target") == 0 ||
           strcmp(info->name, "row_weight") == 0;
}

static void finite_differences_with(bcue_plan_options options)
{
    for (int i = 0; i < bcue_op_case_count; i++) {
        bcue_case_plan made;
        bcue_error error = {""};
        CHECK_OK(bcue_case_plan_create(&bcue_op_cases[i], &options, &made, &error), error);
        if (made.plan == NULL)
            continue;
        bcue_plan_set_step(made.plan, 5, 1, 2);
        for (bcue_value v = 0; v < bcue_graph_value_count(made.graph); v++) {
            const bcue_value_info *info = bcue_graph_value(made.graph, v);
            if (info->kind != BCUE_VALUE_RESULT && !is_constant(info))
                check_leaf_gradient(&made, v);
        }
        bcue_case_plan_destroy(&made);
    }
}

static void finite_differences(void)
{
    finite_differences_with((bcue_plan_options){.dtype = BCUE_F64, .training = true});
}

static void finite_differences_frozen(void)
{
    finite_differences_with((bcue_plan_options){.dtype = BCUE_F64, .training = true, .frozen_norm = true});
}

/* Fused or not, inference gives the same. */
static void fusion_changes_nothing(void)
{
    for (int i = 0; i < bcue_op_case_count; i++) {
        bcue_case_plan fused, plain;
        bcue_error error = {""};
        const bcue_plan_options with = {.dtype = BCUE_F64}, without = {.dtype = BCUE_F64, .no_fusion = true};
        CHECK_OK(bcue_case_plan_create(&bcue_op_cases[i], &with, &fused, &error), error);
        CHECK_OK(bcue_case_plan_create(&bcue_op_cases[i], &without, &plain, &error), error);
        CHECK_OK(bcue_plan_forward(fused.plan, &error), error);
        CHECK_OK(bcue_plan_forward(plain.plan, &error), error);
        int64_t count = 0;
        bcue_shape_count(&bcue_graph_value(plain.graph, bcue_graph_find(plain.graph, "y"))->shape, &count);
        const double *a = bcue_plan_output(fused.plan, "y"), *b = bcue_plan_output(plain.plan, "y");
        for (int64_t k = 0; k < count; k++)
            CHECK_NEAR(a[k], b[k], 1e-9 * fmax(1, fabs(b[k])));
        CHECK(bcue_plan_peak_bytes(fused.plan) <= bcue_plan_peak_bytes(plain.plan));
        bcue_case_plan_destroy(&fused);
        bcue_case_plan_destroy(&plain);
    }
}

/* The arena is shared by values of different times: running again must not depend on what is left in it. */
static void runs_repeat(void)
{
    for (int i = 0; i < bcue_op_case_count; i++) {
        bcue_case_plan made;
        bcue_error error = {""};
        const bcue_plan_options options = {.dtype = BCUE_F32, .training = true};
        CHECK_OK(bcue_case_plan_create(&bcue_op_cases[i], &options, &made, &error), error);
        float first = 0, sum[2] = {0};
        for (int run = 0; run < 2; run++) {
            CHECK_OK(bcue_plan_forward(made.plan, &error), error);
            CHECK_OK(bcue_plan_backward(made.plan, &error), error);
            float loss = *(const float *)bcue_plan_output(made.plan, "loss");
            first = run == 0 ? loss : first;
            CHECK(loss == first);
            for (bcue_value v = 0; v < bcue_graph_value_count(made.graph); v++) {
                int64_t count;
                const float *gradient = bcue_case_leaf_gradient(&made, v);
                bcue_case_leaf(&made, v, &count);
                for (int64_t k = 0; gradient != NULL && k < count; k++)
                    sum[run] += gradient[k];
            }
        }
        CHECK_AT(sum[0] == sum[1], "%s: gradients changed from %g to %g", bcue_op_cases[i].name,
                 (double)sum[0], (double)sum[1]);
        bcue_case_plan_destroy(&made);
    }
}

int main(void)
{
    RUN(golden_double);
    RUN(golden_float);
    RUN(finite_differences);
    RUN(finite_differences_frozen);
    RUN(fusion_changes_nothing);
    RUN(runs_repeat);
    return check_summary();
}

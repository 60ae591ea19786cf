/* The oneDNN engine on the operators' case table: against PyTorch's golden values, and against itself. */
#include "case_plan.h"
#include "check.h"

static const char golden_path[] = BCUE_SOURCE_DIR "/tests/engine/data/operators.safetensors";

static void golden_with(bcue_plan_options options, double tolerance)
{
    bcue_error error = {""};
    bcue_safetensors *golden = NULL;
    options.engine = BCUE_ENGINE_ONEDNN;
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

static void golden_training(void)
{
    golden_with((bcue_plan_options){.training = true, .input_gradients = true}, 1e-4);
    golden_with((bcue_plan_options){.training = true}, 1e-4);
    golden_with((bcue_plan_options){.training = true, .no_fusion = true, .input_gradients = true}, 1e-4);
}

static void golden_frozen(void)
{
    golden_with((bcue_plan_options){.training = true, .frozen_norm = true, .input_gradients = true}, 1e-4);
}

static void golden_inference(void)
{
    golden_with((bcue_plan_options){.training = false}, 1e-5);
    golden_with((bcue_plan_options){.no_fusion = true}, 1e-5);
}

static int64_t output_count(const bcue_case_plan *made, const char *name)
{
    int64_t count = 0;
    bcue_value value = bcue_graph_find(made->graph, name);
    if (value != BCUE_NO_VALUE)
        bcue_shape_count(&bcue_graph_value(made->graph, value)->shape, &count);
    return count;
}

/* Dropout draws the same numbers in both engines. */
static void dropout_as_reference(void)
{
    for (int i = 0; i < bcue_op_case_count; i++) {
        if (!bcue_op_cases[i].random)
            continue;
        bcue_case_plan one, two;
        bcue_error error = {""};
        const bcue_plan_options reference = {.training = true};
        const bcue_plan_options onednn = {.engine = BCUE_ENGINE_ONEDNN, .training = true};
        CHECK_OK(bcue_case_plan_create(&bcue_op_cases[i], &reference, &one, &error), error);
        CHECK_OK(bcue_case_plan_create(&bcue_op_cases[i], &onednn, &two, &error), error);
        bcue_plan_set_step(one.plan, 11, 2, 3);
        bcue_plan_set_step(two.plan, 11, 2, 3);
        CHECK_OK(bcue_plan_forward(one.plan, &error), error);
        CHECK_OK(bcue_plan_forward(two.plan, &error), error);
        const float *a = bcue_plan_output(one.plan, "y"), *b = bcue_plan_output(two.plan, "y");
        for (int64_t k = 0; k < output_count(&one, "y"); k++)
            CHECK_NEAR(a[k], b[k], 1e-5F * fmaxf(1, fabsf(a[k])));
        bcue_case_plan_destroy(&one);
        bcue_case_plan_destroy(&two);
    }
}

/* Everything a run leaves behind in the arena must not change the next one. */
static void runs_repeat(void)
{
    for (int i = 0; i < bcue_op_case_count; i++) {
        bcue_case_plan made;
        bcue_error error = {""};
        const bcue_plan_options options = {
            .engine = BCUE_ENGINE_ONEDNN, .training = true, .input_gradients = true};
        CHECK_OK(bcue_case_plan_create(&bcue_op_cases[i], &options, &made, &error), error);
        double sum[2] = {0};
        float loss[2] = {0};
        for (int run = 0; run < 2; run++) {
            CHECK_OK(bcue_plan_forward(made.plan, &error), error);
            loss[run] = *(const float *)bcue_plan_output(made.plan, "loss");
            CHECK_OK(bcue_plan_backward(made.plan, &error), error);
            for (bcue_value v = 0; v < bcue_graph_value_count(made.graph); v++) {
                int64_t count;
                const float *gradient = bcue_case_leaf_gradient(&made, v);
                bcue_case_leaf(&made, v, &count);
                for (int64_t k = 0; gradient != NULL && k < count; k++)
                    sum[run] += (double)gradient[k];
            }
        }
        CHECK_AT(loss[0] == loss[1] && sum[0] == sum[1], "%s: %g became %g", bcue_op_cases[i].name, sum[0],
                 sum[1]);
        bcue_case_plan_destroy(&made);
    }
}

int main(void)
{
    RUN(golden_training);
    RUN(golden_frozen);
    RUN(golden_inference);
    RUN(dropout_as_reference);
    RUN(runs_repeat);
    return check_summary();
}

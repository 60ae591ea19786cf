/* A running plan allocates nothing and takes no lock in beamcue's own code, on either engine. */
#include "call_counter.h"
#include "case_plan.h"
#include "check.h"

#include <pthread.h>

static void counter_counts(void)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    bcue_call_counts before = bcue_call_counts_now();
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
    bcue_graph *graph = bcue_graph_create();
    bcue_graph_destroy(graph);
    bcue_call_counts after = bcue_call_counts_now();
    CHECK_INT(after.locks - before.locks, 1);
    CHECK(after.allocations - before.allocations >= 4);
}

static void run_silently(const bcue_op_case *op_case, bcue_plan_options options)
{
    bcue_case_plan made;
    bcue_error error = {""};
    CHECK_OK(bcue_case_plan_create(op_case, &options, &made, &error), error);
    bcue_call_counts before = bcue_call_counts_now();
    for (uint32_t step = 0; step < 3; step++) {
        bcue_plan_set_step(made.plan, 1, 0, step);
        CHECK_OK(bcue_plan_forward(made.plan, &error), error);
        if (options.training)
            CHECK_OK(bcue_plan_backward(made.plan, &error), error);
        CHECK(bcue_plan_output(made.plan, "y") != NULL);
        bcue_plan_weights_changed(made.plan);
    }
    bcue_call_counts after = bcue_call_counts_now();
    CHECK_AT(after.allocations == before.allocations, "%s: %ld allocations", op_case->name,
             after.allocations - before.allocations);
    CHECK_AT(after.locks == before.locks, "%s: %ld locks", op_case->name, after.locks - before.locks);
    bcue_case_plan_destroy(&made);
}

static void reference_is_silent(void)
{
    for (int i = 0; i < bcue_op_case_count; i++) {
        for (int twice = 0; twice < 2; twice++) {
            bcue_dtype dtype = twice ? BCUE_F64 : BCUE_F32;
            run_silently(&bcue_op_cases[i], (bcue_plan_options){.dtype = dtype, .training = true});
            run_silently(&bcue_op_cases[i], (bcue_plan_options){.dtype = dtype});
        }
    }
}

static void onednn_is_silent(void)
{
    for (int i = 0; i < bcue_op_case_count; i++) {
        run_silently(&bcue_op_cases[i], (bcue_plan_options){.engine = BCUE_ENGINE_ONEDNN, .dtype = BCUE_F32});
        run_silently(&bcue_op_cases[i],
                     (bcue_plan_options){.engine = BCUE_ENGINE_ONEDNN, .dtype = BCUE_F32, .training = true});
    }
}

int main(void)
{
    RUN(counter_counts);
    RUN(reference_is_silent);
    RUN(onednn_is_silent);
    return check_summary();
}

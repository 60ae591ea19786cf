#include "engine/layer_times.h"

#include <stdlib.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/rng.h"

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void fill_inputs(const bcue_graph *graph, bcue_plan *plan)
{
    bcue_rng rng = bcue_rng_make(1, BCUE_RNG_TEST, 0, 0, 0);
    for (bcue_value v = 0; v < bcue_graph_value_count(graph); v++) {
        const bcue_value_info *info = bcue_graph_value(graph, v);
        int64_t count = 0;
        float *data = info->kind == BCUE_VALUE_INPUT && info->dtype == BCUE_F32
                          ? bcue_plan_input(plan, info->name)
                          : NULL;
        (void)bcue_shape_count(&info->shape, &count);
        for (int64_t i = 0; data != NULL && i < count; i++)
            data[i] = (float)bcue_rng_range(&rng, -1, 1);
    }
}

/* `times` is runs x nodes, `column` has room for `runs`. */
static void take_medians(const double *times, size_t runs, size_t nodes, double *column, double *seconds)
{
    for (size_t n = 0; n < nodes; n++) {
        for (size_t r = 0; r < runs; r++)
            column[r] = times[r * nodes + n];
        qsort(column, runs, sizeof *column, by_value);
        seconds[n] = column[runs / 2];
    }
}

bcue_status bcue_layer_times(const bcue_graph *graph, bcue_plan *plan, long runs, double *seconds,
                             bcue_error *error)
{
    const size_t nodes = (size_t)bcue_graph_node_count(graph), count = (size_t)runs;
    double *times = bcue_calloc(count * nodes, sizeof *times), *column = bcue_calloc(count, sizeof *column);
    bcue_status status =
        times == NULL || column == NULL ? bcue_fail_memory(error, "the layers of a network") : BCUE_OK;
    fill_inputs(graph, plan);
    if (status == BCUE_OK)
        status = bcue_plan_forward(plan, error);
    for (size_t r = 0; status == BCUE_OK && r < count; r++)
        status = bcue_plan_profile(plan, times + r * nodes, NULL, error);
    if (status == BCUE_OK)
        take_medians(times, count, nodes, column, seconds);
    free(column);
    free(times);
    return status;
}

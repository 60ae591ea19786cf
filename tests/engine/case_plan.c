#include "case_plan.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

double bcue_case_get(const bcue_case_plan *made, const void *data, int64_t i)
{
    return made->dtype == BCUE_F64 ? ((const double *)data)[i] : (double)((const float *)data)[i];
}

void bcue_case_put(const bcue_case_plan *made, void *data, int64_t i, double value)
{
    if (made->dtype == BCUE_F64)
        ((double *)data)[i] = value;
    else
        ((float *)data)[i] = (float)value;
}

void *bcue_case_leaf(bcue_case_plan *made, bcue_value value, int64_t *count)
{
    const bcue_value_info *info = bcue_graph_value(made->graph, value);
    *count = 0;
    if (info->kind == BCUE_VALUE_RESULT)
        return NULL;
    bcue_shape_count(&info->shape, count);
    return info->parameter >= 0 ? made->weights.tensors[info->parameter].data
                                : bcue_plan_input(made->plan, info->name);
}

const void *bcue_case_leaf_gradient(const bcue_case_plan *made, bcue_value value)
{
    const bcue_value_info *info = bcue_graph_value(made->graph, value);
    if (info->kind == BCUE_VALUE_RESULT)
        return NULL;
    return info->parameter >= 0 ? bcue_plan_gradient(made->plan, info->parameter)
                                : bcue_plan_input_gradient(made->plan, info->name);
}

bcue_status bcue_case_plan_create(const bcue_op_case *op_case, const bcue_plan_options *options,
                                  bcue_case_plan *made, bcue_error *error)
{
    *made = (bcue_case_plan){.op_case = op_case, .graph = bcue_graph_create(), .dtype = options->dtype};
    if (made->graph == NULL)
        return BCUE_ERROR_MEMORY;
    op_case->build(made->graph);
    bcue_status status = bcue_graph_check(made->graph, error);
    if (status == BCUE_OK)
        status = bcue_weights_create(made->graph, options->dtype, 1, &made->weights, error);
    if (status == BCUE_OK)
        status = bcue_plan_create(made->graph, &made->weights, options, &made->plan, error);
    if (status != BCUE_OK) {
        bcue_case_plan_destroy(made);
        return status;
    }
    for (bcue_value v = 0; v < bcue_graph_value_count(made->graph); v++) {
        int64_t count;
        void *data = bcue_case_leaf(made, v, &count);
        if (data != NULL)
            bcue_op_case_fill(op_case->name, made->graph, v, options->dtype == BCUE_F64, data);
    }
    bcue_plan_weights_changed(made->plan);
    return BCUE_OK;
}

void bcue_case_plan_destroy(bcue_case_plan *made)
{
    bcue_plan_destroy(made->plan);
    bcue_weights_free(&made->weights);
    bcue_graph_destroy(made->graph);
    *made = (bcue_case_plan){0};
}

static const bcue_tensor *find(const bcue_safetensors *golden, const bcue_case_plan *made, const char *kind,
                               const char *name)
{
    char full[200];
    snprintf(full, sizeof full, "%s|%s|%s", made->op_case->name, kind, name);
    return bcue_safetensors_find(golden, full);
}

static bool load_leaves(const bcue_safetensors *golden, bcue_case_plan *made)
{
    for (bcue_value v = 0; v < bcue_graph_value_count(made->graph); v++) {
        const bcue_value_info *info = bcue_graph_value(made->graph, v);
        int64_t count;
        void *data = bcue_case_leaf(made, v, &count);
        if (data == NULL)
            continue;
        const bcue_tensor *tensor = find(golden, made, "in", info->name);
        if (tensor == NULL || !bcue_shape_equal(&tensor->shape, &info->shape))
            return false;
        for (int64_t i = 0; i < count; i++) {
            if (info->dtype == BCUE_I32)
                ((int32_t *)data)[i] = ((const int32_t *)tensor->data)[i];
            else
                bcue_case_put(made, data, i, ((const double *)tensor->data)[i]);
        }
    }
    bcue_plan_weights_changed(made->plan);
    return true;
}

typedef struct comparison {
    double worst;
    char *where;
    int compared;
} comparison;

static void compare(comparison *so_far, const bcue_safetensors *golden, const bcue_case_plan *made,
                    const char *kind, const char *name, const void *data)
{
    const bcue_tensor *tensor = find(golden, made, kind, name);
    if (tensor == NULL || data == NULL)
        return;
    const double *expected = tensor->data;
    double largest = 1e-3, worst = 0;
    for (int64_t i = 0; i < bcue_tensor_count(tensor); i++) {
        largest = fmax(largest, fabs(expected[i]));
        double away = fabs(bcue_case_get(made, data, i) - expected[i]);
        worst = away <= worst ? worst : away; /* NaN counts as away */
    }
    so_far->compared++;
    if (!(worst / largest <= so_far->worst)) {
        so_far->worst = isnan(worst) ? INFINITY : worst / largest;
        snprintf(so_far->where, 160, "%s|%s|%s", made->op_case->name, kind, name);
    }
}

static void compare_training(comparison *so_far, const bcue_safetensors *golden, bcue_case_plan *made,
                             bool frozen)
{
    if (!frozen) {
        compare(so_far, golden, made, "out", "y", bcue_plan_output(made->plan, "y"));
        compare(so_far, golden, made, "out", "loss", bcue_plan_output(made->plan, "loss"));
    }
    for (bcue_value v = 0; v < bcue_graph_value_count(made->graph); v++) {
        const bcue_value_info *info = bcue_graph_value(made->graph, v);
        int64_t count;
        compare(so_far, golden, made, frozen ? "frozen" : "grad", info->name,
                bcue_case_leaf_gradient(made, v));
        if (!frozen && info->spec.running)
            compare(so_far, golden, made, "after", info->name, bcue_case_leaf(made, v, &count));
    }
}

double bcue_case_golden_error(const bcue_safetensors *golden, const bcue_op_case *op_case,
                              const bcue_plan_options *options, char where[160], int *compared)
{
    bcue_case_plan made;
    bcue_error error = {""};
    comparison so_far = {.worst = 0, .where = where};
    snprintf(where, 160, "%s", op_case->name);
    *compared = 0;
    if (bcue_case_plan_create(op_case, options, &made, &error) != BCUE_OK) {
        snprintf(where, 160, "%s: %.100s", op_case->name, error.text);
        return INFINITY;
    }
    bool loaded = load_leaves(golden, &made);
    bool ran = loaded && bcue_plan_forward(made.plan, &error) == BCUE_OK;
    if (ran && options->training)
        ran = bcue_plan_backward(made.plan, &error) == BCUE_OK;
    if (ran && options->training)
        compare_training(&so_far, golden, &made, options->frozen_norm);
    else if (ran)
        compare(&so_far, golden, &made, "eval", "y", bcue_plan_output(made.plan, "y"));
    if (loaded && !ran) {
        snprintf(where, 160, "%s: %.100s", op_case->name, error.text);
        so_far.worst = INFINITY;
    }
    bcue_case_plan_destroy(&made);
    *compared = so_far.compared;
    return loaded ? so_far.worst : -1;
}

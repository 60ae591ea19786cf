/* Layouts of values, and sums of gradients. */
#include "engine/onednn_lower.h"

const bcue_shape *bcue_dn_shape(const bcue_dn_plan *plan, bcue_value value)
{
    return &bcue_graph_value(plan->graph, value)->shape;
}

static bool same_dims(const dnnl_memory_desc_t *a, const dnnl_memory_desc_t *b)
{
    if (a->ndims != b->ndims)
        return false;
    for (int i = 0; i < a->ndims; i++)
        if (a->dims[i] != b->dims[i])
            return false;
    return true;
}

static bool same_bytes(const dnnl_memory_desc_t *a, const dnnl_memory_desc_t *b)
{
    return dnnl_memory_desc_equal(a, b) || (bcue_dn_desc_is_plain(a) && bcue_dn_desc_is_plain(b));
}

int32_t bcue_dn_convert(bcue_dn_plan *plan, int32_t view, const dnnl_memory_desc_t *desc)
{
    bcue_dn_program *program = &plan->program;
    if (view == BCUE_DN_NONE || program->status != BCUE_OK)
        return BCUE_DN_NONE;
    dnnl_memory_desc_t have = *bcue_dn_desc(program, view);
    if (dnnl_memory_desc_equal(&have, desc))
        return view;
    if (same_bytes(&have, desc))
        return bcue_dn_alias(program, view, desc);
    if (!same_dims(&have, desc)) {
        /* Only the row-major order carries other dimensions. */
        dnnl_memory_desc_t plain = bcue_dn_plain_desc(have.ndims, have.dims);
        dnnl_memory_desc_t reshaped = bcue_dn_plain_desc(desc->ndims, desc->dims);
        view = bcue_dn_alias(program, bcue_dn_convert(plan, view, &plain), &reshaped);
        return bcue_dn_convert(plan, view, desc);
    }
    int32_t copy = bcue_dn_new(program, desc);
    bcue_dn_emit_reorder(program, view, copy);
    return copy;
}

static void add_layout(bcue_dn_value *value, int32_t view)
{
    if (view != BCUE_DN_NONE && value->layout_count < BCUE_DN_MAX_LAYOUTS)
        value->layout[value->layout_count++] = view;
}

int32_t bcue_dn_read(bcue_dn_plan *plan, bcue_value id, const dnnl_memory_desc_t *desc)
{
    bcue_dn_program *program = &plan->program;
    bcue_dn_value *value = &plan->values[id];
    if (program->status != BCUE_OK || value->layout_count == 0)
        return BCUE_DN_NONE;
    for (int i = 0; i < value->layout_count; i++)
        if (dnnl_memory_desc_equal(bcue_dn_desc(program, value->layout[i]), desc))
            return value->layout[i];
    int32_t from = value->layout[0];
    for (int i = value->layout_count - 1; i >= 0; i--)
        if (same_bytes(bcue_dn_desc(program, value->layout[i]), desc))
            from = value->layout[i];
    const bcue_value_info *info = bcue_graph_value(plan->graph, id);
    bool constant = !plan->options.training && info->kind == BCUE_VALUE_PARAMETER;
    int32_t view = constant && !same_bytes(bcue_dn_desc(program, from), desc)
                       ? bcue_dn_read_packed(plan, id, desc)
                       : bcue_dn_convert(plan, from, desc);
    add_layout(value, view);
    return view;
}

int32_t bcue_dn_read_plain(bcue_dn_plan *plan, bcue_value value)
{
    dnnl_memory_desc_t plain = bcue_dn_shape_desc(bcue_dn_shape(plan, value));
    return bcue_dn_read(plan, value, &plain);
}

const dnnl_memory_desc_t *bcue_dn_native(bcue_dn_plan *plan, bcue_value value)
{
    const dnnl_memory_desc_t *desc = bcue_dn_desc(&plan->program, plan->values[value].layout[0]);
    if (bcue_dn_desc_is_dense(desc))
        return desc;
    return bcue_dn_desc(&plan->program, bcue_dn_read_plain(plan, value));
}

void bcue_dn_define(bcue_dn_plan *plan, bcue_value value, int32_t view)
{
    plan->values[value].layout_count = 0;
    add_layout(&plan->values[value], view);
}

/* ---- gradients ---- */

static int32_t sum(bcue_dn_plan *plan, int32_t a, int32_t b)
{
    bcue_dn_program *program = &plan->program;
    if (a == BCUE_DN_NONE || b == BCUE_DN_NONE)
        return BCUE_DN_NONE;
    dnnl_memory_desc_t desc = *bcue_dn_desc(program, a);
    if (!bcue_dn_desc_is_dense(&desc))
        desc = bcue_dn_plain_desc(desc.ndims, desc.dims);
    a = bcue_dn_convert(plan, a, &desc);
    b = bcue_dn_convert(plan, b, &desc);
    int32_t result = bcue_dn_new(program, &desc);
    dnnl_memory_desc_t sources[2] = {desc, desc};
    dnnl_primitive_desc_t primitive = NULL;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_status_t status = dnnl_primitive_attr_create(&attr);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
    if (status == dnnl_success)
        status = dnnl_sum_primitive_desc_create(&primitive, &desc, 2, (float[]){1, 1}, sources, attr,
                                                program->engine);
    if (status == dnnl_success) {
        bcue_dn_arg args[] = {
            {DNNL_ARG_MULTIPLE_SRC, a}, {DNNL_ARG_MULTIPLE_SRC + 1, b}, {DNNL_ARG_DST, result}};
        bcue_dn_emit(program, primitive, args, 3);
        dnnl_primitive_desc_destroy(primitive);
    } else {
        bcue_dn_fail(program, status, "making a sum");
    }
    if (attr != NULL)
        dnnl_primitive_attr_destroy(attr);
    return result;
}

void bcue_dn_push_gradient(bcue_dn_plan *plan, bcue_value id, int32_t view)
{
    bcue_dn_value *value = &plan->values[id];
    if (!value->needs_gradient || view == BCUE_DN_NONE)
        return;
    dnnl_memory_desc_t desc = bcue_dn_shape_desc(bcue_dn_shape(plan, id));
    if (!same_dims(bcue_dn_desc(&plan->program, view), &desc))
        view = bcue_dn_convert(plan, view, &desc);
    value->gradient = value->gradient == BCUE_DN_NONE ? view : sum(plan, value->gradient, view);
}

int32_t bcue_dn_gradient(bcue_dn_plan *plan, bcue_value value)
{
    return plan->values[value].gradient;
}

/* ---- layers with weights ---- */

bcue_dn_layer bcue_dn_layer_of(const bcue_node *node)
{
    return (bcue_dn_layer){node->input[0], node->input[1],
                           node->input_count > 2 ? node->input[2] : BCUE_NO_VALUE};
}

bool bcue_dn_layer_trains(const bcue_dn_plan *plan, bcue_dn_layer layer)
{
    return plan->values[layer.weight].needs_gradient ||
           (layer.bias != BCUE_NO_VALUE && plan->values[layer.bias].needs_gradient);
}

int32_t bcue_dn_emit_weighted(bcue_dn_plan *plan, const_dnnl_primitive_desc_t forward, bcue_dn_layer layer)
{
    dnnl_memory_desc_t dst = bcue_dn_query(forward, dnnl_query_dst_md);
    dnnl_memory_desc_t src = bcue_dn_query(forward, dnnl_query_src_md);
    dnnl_memory_desc_t weights = bcue_dn_query(forward, dnnl_query_weights_md);
    bcue_dn_arg args[4] = {{DNNL_ARG_SRC, bcue_dn_read(plan, layer.x, &src)},
                           {DNNL_ARG_WEIGHTS, bcue_dn_read(plan, layer.weight, &weights)}};
    int count = 2;
    if (layer.bias != BCUE_NO_VALUE)
        args[count++] = (bcue_dn_arg){DNNL_ARG_BIAS, bcue_dn_read_plain(plan, layer.bias)};
    int32_t output = bcue_dn_new(&plan->program, &dst);
    args[count++] = (bcue_dn_arg){DNNL_ARG_DST, output};
    bcue_dn_emit(&plan->program, forward, args, count);
    return output;
}

static void emit_weights(bcue_dn_plan *plan, bcue_dn_layer layer, const_dnnl_primitive_desc_t weights,
                         int32_t gradient)
{
    bcue_dn_program *program = &plan->program;
    dnnl_memory_desc_t diff_dst = bcue_dn_query(weights, dnnl_query_diff_dst_md);
    dnnl_memory_desc_t src = bcue_dn_query(weights, dnnl_query_src_md);
    dnnl_memory_desc_t diff_weights = bcue_dn_query(weights, dnnl_query_diff_weights_md);
    bcue_dn_arg args[4] = {{DNNL_ARG_DIFF_DST, bcue_dn_convert(plan, gradient, &diff_dst)},
                           {DNNL_ARG_SRC, bcue_dn_read(plan, layer.x, &src)}};
    args[2] = (bcue_dn_arg){DNNL_ARG_DIFF_WEIGHTS, bcue_dn_new(program, &diff_weights)};
    int count = 3;
    if (layer.bias != BCUE_NO_VALUE) {
        dnnl_memory_desc_t bias = bcue_dn_shape_desc(bcue_dn_shape(plan, layer.bias));
        args[count++] = (bcue_dn_arg){DNNL_ARG_DIFF_BIAS, bcue_dn_new(program, &bias)};
    }
    bcue_dn_emit(program, weights, args, count);
    bcue_dn_push_gradient(plan, layer.weight, args[2].view);
    if (layer.bias != BCUE_NO_VALUE)
        bcue_dn_push_gradient(plan, layer.bias, args[3].view);
}

static void emit_data(bcue_dn_plan *plan, bcue_dn_layer layer, const_dnnl_primitive_desc_t data,
                      int32_t gradient)
{
    dnnl_memory_desc_t diff_dst = bcue_dn_query(data, dnnl_query_diff_dst_md);
    dnnl_memory_desc_t weights = bcue_dn_query(data, dnnl_query_weights_md);
    dnnl_memory_desc_t diff_src = bcue_dn_query(data, dnnl_query_diff_src_md);
    bcue_dn_arg args[3] = {{DNNL_ARG_DIFF_DST, bcue_dn_convert(plan, gradient, &diff_dst)},
                           {DNNL_ARG_WEIGHTS, bcue_dn_read(plan, layer.weight, &weights)}};
    args[2] = (bcue_dn_arg){DNNL_ARG_DIFF_SRC, bcue_dn_new(&plan->program, &diff_src)};
    bcue_dn_emit(&plan->program, data, args, 3);
    bcue_dn_push_gradient(plan, layer.x, args[2].view);
}

void bcue_dn_emit_weighted_backward(bcue_dn_plan *plan, bcue_dn_layer layer, bcue_value output,
                                    const_dnnl_primitive_desc_t weights, const_dnnl_primitive_desc_t data)
{
    int32_t gradient = bcue_dn_gradient(plan, output);
    if (weights != NULL)
        emit_weights(plan, layer, weights, gradient);
    if (data != NULL)
        emit_data(plan, layer, data, gradient);
}

/* What only moves elements: reshape, permute and slice are views where the layout can say so, and are copied
   by the first reader that needs another layout; concat, and what dropout is in inference. */
#include <string.h>
#include "engine/onednn_lower.h"

bool bcue_dn_reshape_forward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    dnnl_memory_desc_t desc = bcue_dn_shape_desc(bcue_dn_shape(plan, node->output));
    bcue_dn_define(plan, node->output, bcue_dn_read(plan, node->input[0], &desc));
    return true;
}

bool bcue_dn_reshape_backward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    bcue_dn_push_gradient(plan, node->input[0], bcue_dn_gradient(plan, node->output));
    return true;
}

bool bcue_dn_permute_forward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    int32_t view = plan->values[node->input[0]].layout[0];
    const dnnl_memory_desc_t *source = bcue_dn_desc(&plan->program, view);
    dnnl_memory_desc_t turned;
    int place[DNNL_MAX_NDIMS] = {0}; /* where each axis of the input goes */
    int rank = bcue_dn_shape(plan, node->output)->rank;
    if (source->ndims != rank)
        return false;
    for (int i = 0; i < rank; i++)
        place[node->u.permute.order[i]] = i;
    if (dnnl_memory_desc_permute_axes(&turned, source, place) != dnnl_success)
        return false;
    bcue_dn_define(plan, node->output, bcue_dn_alias(&plan->program, view, &turned));
    return true;
}

bool bcue_dn_permute_backward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    dnnl_memory_desc_t out = bcue_dn_shape_desc(bcue_dn_shape(plan, node->output)), turned;
    int32_t gradient = bcue_dn_gradient(plan, node->output);
    if (bcue_dn_desc(&plan->program, gradient)->ndims != out.ndims)
        gradient = bcue_dn_convert(plan, gradient, &out);
    if (gradient == BCUE_DN_NONE ||
        dnnl_memory_desc_permute_axes(&turned, bcue_dn_desc(&plan->program, gradient),
                                      node->u.permute.order) != dnnl_success)
        return plan->program.status != BCUE_OK;
    bcue_dn_push_gradient(plan, node->input[0], bcue_dn_alias(&plan->program, gradient, &turned));
    return true;
}

bool bcue_dn_slice_forward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    const bcue_shape *shape = bcue_dn_shape(plan, node->input[0]);
    int64_t start = node->u.axis.start, length = node->u.axis.stop - start;
    int32_t whole = plan->values[node->input[0]].layout[0], part = BCUE_DN_NONE;
    if (bcue_dn_desc(&plan->program, whole)->ndims == shape->rank)
        part = bcue_dn_part(&plan->program, whole, node->u.axis.axis, start, length);
    if (part == BCUE_DN_NONE)
        part = bcue_dn_part(&plan->program, bcue_dn_read_plain(plan, node->input[0]), node->u.axis.axis,
                            start, length);
    bcue_dn_define(plan, node->output, part);
    return true;
}

bool bcue_dn_concat_forward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    bcue_dn_program *program = &plan->program;
    dnnl_memory_desc_t sources[BCUE_MAX_OP_INPUTS];
    dnnl_memory_desc_t dst = bcue_dn_shape_desc(bcue_dn_shape(plan, node->output));
    bcue_dn_arg args[BCUE_MAX_OP_INPUTS + 1];
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t primitive = NULL;
    for (int i = 0; i < node->input_count; i++) {
        sources[i] = *bcue_dn_desc(program, plan->values[node->input[i]].layout[0]);
        if (sources[i].ndims != dst.ndims)
            return false;
    }
    if (dnnl_primitive_attr_create(&attr) == dnnl_success &&
        dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user) == dnnl_success &&
        dnnl_concat_primitive_desc_create(&primitive, &dst, node->input_count, node->u.axis.axis, sources,
                                          attr, program->engine) != dnnl_success)
        primitive = NULL;
    if (attr != NULL)
        dnnl_primitive_attr_destroy(attr);
    if (primitive == NULL)
        return false;
    for (int i = 0; i < node->input_count; i++)
        args[i] = (bcue_dn_arg){DNNL_ARG_MULTIPLE_SRC + i, plan->values[node->input[i]].layout[0]};
    args[node->input_count] = (bcue_dn_arg){DNNL_ARG_DST, bcue_dn_new(program, &dst)};
    bcue_dn_emit(program, primitive, args, node->input_count + 1);
    bcue_dn_define(plan, node->output, args[node->input_count].view);
    dnnl_primitive_desc_destroy(primitive);
    return true;
}

/* Each input's gradient is a part of the result's. */
bool bcue_dn_concat_backward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    dnnl_memory_desc_t out = bcue_dn_shape_desc(bcue_dn_shape(plan, node->output));
    int32_t gradient = bcue_dn_convert(plan, bcue_dn_gradient(plan, node->output), &out);
    int axis = node->u.axis.axis;
    int64_t start = 0;
    for (int i = 0; i < node->input_count; i++) {
        int64_t length = bcue_dn_shape(plan, node->input[i])->dim[axis];
        bcue_dn_push_gradient(plan, node->input[i],
                              bcue_dn_part(&plan->program, gradient, axis, start, length));
        start += length;
    }
    return true;
}

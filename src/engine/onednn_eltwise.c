/* ReLU, GELU, sigmoid, tanh, exp, and add and multiply of equal shapes, on whatever layout the operand has.
 */
#include "engine/onednn_lower.h"

/* GELU is differentiated by its input, the others by their result. */
static dnnl_alg_kind_t map_algorithm(bcue_op op)
{
    switch (op) {
    case BCUE_OP_GELU:
        return dnnl_eltwise_gelu_erf;
    case BCUE_OP_SIGMOID:
        return dnnl_eltwise_logistic_use_dst_for_bwd;
    case BCUE_OP_TANH:
        return dnnl_eltwise_tanh_use_dst_for_bwd;
    case BCUE_OP_EXP:
        return dnnl_eltwise_exp_use_dst_for_bwd;
    default:
        return dnnl_eltwise_relu_use_dst_for_bwd;
    }
}

bool bcue_dn_map_forward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    bcue_dn_program *program = &plan->program;
    dnnl_memory_desc_t data = *bcue_dn_native(plan, node->input[0]);
    dnnl_eltwise_desc_t desc;
    if (dnnl_eltwise_forward_desc_init(
            &desc, plan->options.training ? dnnl_forward_training : dnnl_forward_inference,
            map_algorithm(node->op), &data, 0, 0) != dnnl_success)
        return false;
    dnnl_primitive_desc_t forward = bcue_dn_describe(program, &desc, NULL, NULL);
    if (forward == NULL)
        return false;
    int32_t output = bcue_dn_new(program, &data), source = bcue_dn_read(plan, node->input[0], &data);
    bcue_dn_arg args[] = {{DNNL_ARG_SRC, source}, {DNNL_ARG_DST, output}};
    bcue_dn_emit(program, forward, args, 2);
    bcue_dn_define(plan, node->output, output);
    plan->nodes[index].forward = forward;
    plan->nodes[index].source = source;
    return true;
}

/* The gradient before `op`, given its result (or, for GELU, its input) as `seen` and the gradient behind it;
 * BCUE_DN_NONE when oneDNN refuses. */
static int32_t map_gradient(bcue_dn_plan *plan, bcue_op op, int32_t seen, int32_t gradient)
{
    bcue_dn_program *program = &plan->program;
    dnnl_memory_desc_t data = *bcue_dn_desc(program, seen);
    dnnl_eltwise_desc_t desc;
    dnnl_primitive_desc_t forward = NULL, backward = NULL;
    if (dnnl_eltwise_forward_desc_init(&desc, dnnl_forward_training, map_algorithm(op), &data, 0, 0) ==
        dnnl_success)
        forward = bcue_dn_describe(program, &desc, NULL, NULL);
    if (forward != NULL &&
        dnnl_eltwise_backward_desc_init(&desc, map_algorithm(op), &data, &data, 0, 0) == dnnl_success)
        backward = bcue_dn_describe(program, &desc, NULL, forward);
    int32_t result = BCUE_DN_NONE;
    if (backward != NULL) {
        gradient = bcue_dn_convert(plan, gradient, &data);
        result = bcue_dn_new(program, &data);
        bcue_dn_arg args[] = {{op == BCUE_OP_GELU ? DNNL_ARG_SRC : DNNL_ARG_DST, seen},
                              {DNNL_ARG_DIFF_DST, gradient},
                              {DNNL_ARG_DIFF_SRC, result}};
        bcue_dn_emit(program, backward, args, 3);
        dnnl_primitive_desc_destroy(backward);
    }
    if (forward != NULL)
        dnnl_primitive_desc_destroy(forward);
    return result;
}

/* The gradient before a ReLU whose result is `output`; BCUE_DN_NONE when oneDNN refuses. */
static int32_t relu_gradient(bcue_dn_plan *plan, bcue_value output)
{
    return map_gradient(plan, BCUE_OP_RELU, plan->values[output].layout[0], bcue_dn_gradient(plan, output));
}

bool bcue_dn_map_backward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    int32_t seen =
        node->op == BCUE_OP_GELU ? plan->nodes[index].source : plan->values[node->output].layout[0];
    int32_t gradient = map_gradient(plan, node->op, seen, bcue_dn_gradient(plan, node->output));
    if (gradient == BCUE_DN_NONE)
        return plan->program.status != BCUE_OK;
    bcue_dn_push_gradient(plan, node->input[0], gradient);
    return true;
}

/* a OP b, then perhaps ReLU; BCUE_DN_NONE when oneDNN refuses. The result has a's layout. */
static int32_t emit_binary(bcue_dn_plan *plan, dnnl_alg_kind_t algorithm, int32_t a, int32_t b, bool relu)
{
    bcue_dn_program *program = &plan->program;
    dnnl_memory_desc_t data = *bcue_dn_desc(program, a);
    dnnl_post_ops_t post_ops = NULL;
    if (relu && (dnnl_post_ops_create(&post_ops) != dnnl_success ||
                 dnnl_post_ops_append_eltwise(post_ops, 1, dnnl_eltwise_relu, 0, 0) != dnnl_success))
        bcue_dn_fail_memory(program);
    dnnl_binary_desc_t desc;
    dnnl_primitive_desc_t primitive = NULL;
    if (dnnl_binary_desc_init(&desc, algorithm, &data, &data, &data) == dnnl_success)
        primitive = bcue_dn_describe(program, &desc, post_ops, NULL);
    int32_t output = BCUE_DN_NONE;
    if (primitive != NULL) {
        output = bcue_dn_new(program, &data);
        bcue_dn_arg args[] = {
            {DNNL_ARG_SRC_0, a}, {DNNL_ARG_SRC_1, bcue_dn_convert(plan, b, &data)}, {DNNL_ARG_DST, output}};
        bcue_dn_emit(program, primitive, args, 3);
        dnnl_primitive_desc_destroy(primitive);
    }
    if (post_ops != NULL)
        dnnl_post_ops_destroy(post_ops);
    return output;
}

bool bcue_dn_binary_forward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    bcue_value a = node->input[0], b = node->input[1];
    if (!bcue_shape_equal(bcue_dn_shape(plan, a), bcue_dn_shape(plan, b)))
        return plan->nodes[index].result == node->output && bcue_dn_repeat_forward(plan, index);
    if (bcue_dn_desc_is_plain(bcue_dn_native(plan, a))) {
        /* Follow the operand that is blocked: it came from a convolution, and the result probably goes to
         * one. */
        a = node->input[1];
        b = node->input[0];
    }
    dnnl_memory_desc_t data = *bcue_dn_native(plan, a);
    int32_t first = bcue_dn_read(plan, a, &data), second = bcue_dn_read(plan, b, &data);
    bcue_value result = plan->nodes[index].result;
    int32_t output = emit_binary(plan, node->op == BCUE_OP_ADD ? dnnl_binary_add : dnnl_binary_mul, first,
                                 second, result != node->output);
    if (output == BCUE_DN_NONE)
        return plan->program.status != BCUE_OK;
    bcue_dn_define(plan, result, output);
    return true;
}

bool bcue_dn_binary_backward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    bcue_value a = node->input[0], b = node->input[1], result = plan->nodes[index].result;
    if (!bcue_shape_equal(bcue_dn_shape(plan, a), bcue_dn_shape(plan, b)))
        return bcue_dn_repeat_backward(plan, index);
    int32_t gradient = result != node->output ? relu_gradient(plan, result) : bcue_dn_gradient(plan, result);
    if (gradient == BCUE_DN_NONE)
        return plan->program.status != BCUE_OK;
    if (node->op == BCUE_OP_ADD) {
        bcue_dn_push_gradient(plan, a, gradient);
        bcue_dn_push_gradient(plan, b, gradient);
        return true;
    }
    dnnl_memory_desc_t data = *bcue_dn_desc(&plan->program, gradient);
    int32_t to_a = plan->values[a].needs_gradient
                       ? emit_binary(plan, dnnl_binary_mul, gradient, bcue_dn_read(plan, b, &data), false)
                       : BCUE_DN_NONE;
    int32_t to_b = plan->values[b].needs_gradient
                       ? emit_binary(plan, dnnl_binary_mul, gradient, bcue_dn_read(plan, a, &data), false)
                       : BCUE_DN_NONE;
    bcue_dn_push_gradient(plan, a, to_a);
    bcue_dn_push_gradient(plan, b, to_b);
    return true;
}

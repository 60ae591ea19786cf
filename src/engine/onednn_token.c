/* Layer norm, softmax and batched matrix products. */
#include "engine/onednn_lower.h"

/* ---- layer norm: over the last dimension of a (rows, width) matrix ---- */

enum { LAYER_NORM_FLAGS = dnnl_use_scale | dnnl_use_shift };

static dnnl_memory_desc_t layer_norm_rows(const bcue_dn_plan *plan, const bcue_node *node)
{
    int64_t width = bcue_dn_shape(plan, node->input[1])->dim[0], count = 0;
    bcue_shape_count(bcue_dn_shape(plan, node->output), &count);
    return bcue_dn_plain_desc(2, (int64_t[]){count / width, width});
}

bool bcue_dn_layer_norm_forward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    bcue_dn_program *program = &plan->program;
    bcue_dn_node *state = &plan->nodes[index];
    bool training = plan->options.training;
    dnnl_memory_desc_t data = layer_norm_rows(plan, node);
    dnnl_memory_desc_t moments = bcue_dn_plain_desc(1, data.dims);
    dnnl_layer_normalization_desc_t desc;
    if (dnnl_layer_normalization_forward_desc_init(
            &desc, training ? dnnl_forward_training : dnnl_forward_inference, &data, &moments,
            (float)node->u.norm.epsilon, LAYER_NORM_FLAGS) != dnnl_success)
        return false;
    dnnl_primitive_desc_t forward = bcue_dn_describe(program, &desc, NULL, NULL);
    if (forward == NULL)
        return false;
    state->source = bcue_dn_read(plan, node->input[0], &data);
    int32_t output = bcue_dn_new(program, &data);
    bcue_dn_arg args[6] = {{DNNL_ARG_SRC, state->source},
                           {DNNL_ARG_SCALE, bcue_dn_read_plain(plan, node->input[1])},
                           {DNNL_ARG_SHIFT, bcue_dn_read_plain(plan, node->input[2])},
                           {DNNL_ARG_DST, output}};
    if (training) {
        state->mean = bcue_dn_new(program, &moments);
        state->variance = bcue_dn_new(program, &moments);
        args[4] = (bcue_dn_arg){DNNL_ARG_MEAN, state->mean};
        args[5] = (bcue_dn_arg){DNNL_ARG_VARIANCE, state->variance};
    }
    bcue_dn_emit(program, forward, args, training ? 6 : 4);
    dnnl_memory_desc_t shaped = bcue_dn_shape_desc(bcue_dn_shape(plan, node->output));
    bcue_dn_define(plan, node->output, bcue_dn_alias(program, output, &shaped));
    state->forward = forward;
    return true;
}

bool bcue_dn_layer_norm_backward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    bcue_dn_program *program = &plan->program;
    const bcue_dn_node *state = &plan->nodes[index];
    dnnl_memory_desc_t data = layer_norm_rows(plan, node);
    dnnl_memory_desc_t moments = bcue_dn_plain_desc(1, data.dims),
                       width = bcue_dn_plain_desc(1, &data.dims[1]);
    dnnl_layer_normalization_desc_t desc;
    if (dnnl_layer_normalization_backward_desc_init(&desc, dnnl_backward, &data, &data, &moments,
                                                    (float)node->u.norm.epsilon,
                                                    LAYER_NORM_FLAGS) != dnnl_success)
        return false;
    dnnl_primitive_desc_t backward = bcue_dn_describe(program, &desc, NULL, state->forward);
    if (backward == NULL)
        return false;
    bcue_dn_arg args[9] = {
        {DNNL_ARG_SRC, state->source},
        {DNNL_ARG_SCALE, bcue_dn_read_plain(plan, node->input[1])},
        {DNNL_ARG_SHIFT, bcue_dn_read_plain(plan, node->input[2])},
        {DNNL_ARG_MEAN, state->mean},
        {DNNL_ARG_VARIANCE, state->variance},
        {DNNL_ARG_DIFF_DST, bcue_dn_convert(plan, bcue_dn_gradient(plan, node->output), &data)},
        {DNNL_ARG_DIFF_SRC, bcue_dn_new(program, &data)},
        {DNNL_ARG_DIFF_SCALE, bcue_dn_new(program, &width)},
        {DNNL_ARG_DIFF_SHIFT, bcue_dn_new(program, &width)}};
    bcue_dn_emit(program, backward, args, 9);
    for (int i = 0; i < 3; i++)
        bcue_dn_push_gradient(plan, node->input[i], args[6 + i].view);
    dnnl_primitive_desc_destroy(backward);
    return true;
}

/* ---- softmax ---- */

bool bcue_dn_softmax_forward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    bcue_dn_program *program = &plan->program;
    dnnl_memory_desc_t data = bcue_dn_shape_desc(bcue_dn_shape(plan, node->output));
    dnnl_softmax_desc_t desc;
    if (bcue_dn_softmax_is_inner(plan, index)) {
        bcue_dn_inner_softmax_forward(plan, index);
        return true;
    }
    if (dnnl_softmax_forward_desc_init(
            &desc, plan->options.training ? dnnl_forward_training : dnnl_forward_inference, &data,
            node->u.axis.axis) != dnnl_success)
        return false;
    dnnl_primitive_desc_t forward = bcue_dn_describe(program, &desc, NULL, NULL);
    if (forward == NULL)
        return false;
    int32_t output = bcue_dn_new(program, &data);
    bcue_dn_arg args[] = {{DNNL_ARG_SRC, bcue_dn_read(plan, node->input[0], &data)}, {DNNL_ARG_DST, output}};
    bcue_dn_emit(program, forward, args, 2);
    bcue_dn_define(plan, node->output, output);
    plan->nodes[index].forward = forward;
    return true;
}

bool bcue_dn_softmax_backward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    bcue_dn_program *program = &plan->program;
    dnnl_memory_desc_t data = bcue_dn_shape_desc(bcue_dn_shape(plan, node->output));
    dnnl_softmax_desc_t desc;
    if (bcue_dn_softmax_is_inner(plan, index)) {
        bcue_dn_inner_softmax_backward(plan, index);
        return true;
    }
    if (dnnl_softmax_backward_desc_init(&desc, &data, &data, node->u.axis.axis) != dnnl_success)
        return false;
    dnnl_primitive_desc_t backward = bcue_dn_describe(program, &desc, NULL, plan->nodes[index].forward);
    if (backward == NULL)
        return false;
    bcue_dn_arg args[] = {
        {DNNL_ARG_DST, bcue_dn_read_plain(plan, node->output)},
        {DNNL_ARG_DIFF_DST, bcue_dn_convert(plan, bcue_dn_gradient(plan, node->output), &data)},
        {DNNL_ARG_DIFF_SRC, bcue_dn_new(program, &data)}};
    bcue_dn_emit(program, backward, args, 3);
    bcue_dn_push_gradient(plan, node->input[0], args[2].view);
    dnnl_primitive_desc_destroy(backward);
    return true;
}

/* ---- matmul ---- */

/* A view of row-major (..., rows, columns) as its transpose in the last two dimensions. */
static dnnl_memory_desc_t turned_desc(const bcue_shape *shape, bool turn)
{
    dnnl_memory_desc_t plain = bcue_dn_shape_desc(shape), turned;
    int place[DNNL_MAX_NDIMS];
    for (int i = 0; i < shape->rank; i++)
        place[i] = i;
    place[shape->rank - 2] = shape->rank - 1;
    place[shape->rank - 1] = shape->rank - 2;
    return turn && dnnl_memory_desc_permute_axes(&turned, &plain, place) == dnnl_success ? turned : plain;
}

/* `view` holds a row-major tensor of this shape. */
typedef struct matmul_side {
    int32_t view;
    const bcue_shape *shape;
    bool turn;
} matmul_side;

/* The product as a row-major tensor of the shape; BCUE_DN_NONE when oneDNN refuses. */
static int32_t emit_matmul(bcue_dn_plan *plan, matmul_side a, matmul_side b, const bcue_shape *shape)
{
    bcue_dn_program *program = &plan->program;
    dnnl_memory_desc_t src = turned_desc(a.shape, a.turn), weights = turned_desc(b.shape, b.turn);
    dnnl_memory_desc_t dst = bcue_dn_shape_desc(shape);
    dnnl_matmul_desc_t desc;
    if (src.ndims != dst.ndims || weights.ndims != dst.ndims ||
        dnnl_matmul_desc_init(&desc, &src, &weights, NULL, &dst) != dnnl_success)
        return BCUE_DN_NONE;
    dnnl_primitive_desc_t primitive = bcue_dn_describe(program, &desc, NULL, NULL);
    if (primitive == NULL)
        return BCUE_DN_NONE;
    int32_t output = bcue_dn_new(program, &dst);
    bcue_dn_arg args[] = {{DNNL_ARG_SRC, bcue_dn_alias(program, a.view, &src)},
                          {DNNL_ARG_WEIGHTS, bcue_dn_alias(program, b.view, &weights)},
                          {DNNL_ARG_DST, output}};
    bcue_dn_emit(program, primitive, args, 3);
    dnnl_primitive_desc_destroy(primitive);
    return output;
}

static bool same_batches(const bcue_dn_plan *plan, const bcue_node *node)
{
    const bcue_shape *a = bcue_dn_shape(plan, node->input[0]), *b = bcue_dn_shape(plan, node->input[1]);
    bool same = a->rank == b->rank;
    for (int i = 0; same && i < a->rank - 2; i++)
        same = a->dim[i] == b->dim[i];
    return same;
}

bool bcue_dn_matmul_forward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    if (!same_batches(plan, node))
        return false;
    matmul_side a = {bcue_dn_read_plain(plan, node->input[0]), bcue_dn_shape(plan, node->input[0]),
                     node->u.matmul.transpose_a};
    matmul_side b = {bcue_dn_read_plain(plan, node->input[1]), bcue_dn_shape(plan, node->input[1]),
                     node->u.matmul.transpose_b};
    int32_t output = emit_matmul(plan, a, b, bcue_dn_shape(plan, node->output));
    if (output == BCUE_DN_NONE)
        return plan->program.status != BCUE_OK;
    bcue_dn_define(plan, node->output, output);
    return true;
}

/* With y = A B for A = a or its transpose: dA = dy B^T and dB = A^T dy, turned back where a or b is turned.
 */
bool bcue_dn_matmul_backward(bcue_dn_plan *plan, int32_t index)
{
    const bcue_node *node = bcue_graph_node(plan->graph, index);
    bool turn_a = node->u.matmul.transpose_a, turn_b = node->u.matmul.transpose_b;
    dnnl_memory_desc_t out = bcue_dn_shape_desc(bcue_dn_shape(plan, node->output));
    matmul_side dy = {bcue_dn_convert(plan, bcue_dn_gradient(plan, node->output), &out),
                      bcue_dn_shape(plan, node->output), false};
    matmul_side dy_turned = dy,
                a = {bcue_dn_read_plain(plan, node->input[0]), bcue_dn_shape(plan, node->input[0]), false};
    matmul_side b = {bcue_dn_read_plain(plan, node->input[1]), bcue_dn_shape(plan, node->input[1]), false};
    dy_turned.turn = true;
    if (plan->values[node->input[0]].needs_gradient) {
        b.turn = turn_a ? turn_b : !turn_b;
        bcue_dn_push_gradient(plan, node->input[0],
                              turn_a ? emit_matmul(plan, b, dy_turned, a.shape)
                                     : emit_matmul(plan, dy, b, a.shape));
    }
    if (plan->values[node->input[1]].needs_gradient) {
        a.turn = turn_b ? turn_a : !turn_a;
        bcue_dn_push_gradient(plan, node->input[1],
                              turn_b ? emit_matmul(plan, dy_turned, a, b.shape)
                                     : emit_matmul(plan, a, dy, b.shape));
    }
    return true;
}

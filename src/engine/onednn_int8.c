/* Inference in 8 bits: convolution or linear with batch norm and ReLU in one primitive; the residual is added
   in f32. Activations lie channels last; a linear layer is a 1x1 convolution over its rows. */
#include <stdlib.h>
#include <string.h>
#include "engine/int8_conv.h"
#include "engine/onednn_lower.h"
#include "graph/fake_int8.h"

typedef struct int8_case {
    const bcue_fusion_group *group;
    bcue_dn_layer layer;
    const bcue_int8_input *input, *next; /* next: how all readers of the result want it, or NULL: in f32 */
    bool rows;                           /* a linear layer */
    dnnl_memory_desc_t src, weights, bias, dst;
    dnnl_dims_t stride, padding;
    int8_t *bytes;
    int32_t *bias_sum;
    float *scale;
} int8_case;

bool bcue_dn_int8_fits(const bcue_dn_plan *plan, const bcue_fusion_group *group)
{
    if (plan->options.int8 == NULL || !(plan->options.int8[group->anchor].scale > 0) ||
        !bcue_int8_available())
        return false;
    return bcue_int8_can(plan->graph, group->anchor);
}

static bool same_input(const bcue_int8_input *a, const bcue_int8_input *b)
{
    return !(a->scale < b->scale) && !(a->scale > b->scale) && a->negative == b->negative;
}

/* How every reader of the value takes it in bytes; NULL when one wants f32. */
static const bcue_int8_input *byte_readers(const bcue_dn_plan *plan, bcue_value value)
{
    const bcue_int8_input *found = NULL;
    if (plan->needed.output[value])
        return NULL;
    for (int32_t i = 0; i < bcue_graph_node_count(plan->graph); i++) {
        const bcue_node *node = bcue_graph_node(plan->graph, i);
        for (int k = 0; plan->needed.node[i] && k < node->input_count; k++) {
            if (node->input[k] != value)
                continue;
            const int32_t group = plan->fusion.group_of_node[i];
            if (k != 0 || group < 0 || plan->fusion.groups[group].anchor != i ||
                !bcue_dn_int8_fits(plan, &plan->fusion.groups[group]))
                return NULL;
            const bcue_int8_input *wanted = &plan->options.int8[i];
            if (found != NULL && !same_input(found, wanted))
                return NULL;
            found = wanted;
        }
    }
    return found;
}

static dnnl_memory_desc_t channels_last(const dnnl_dims_t dims, dnnl_data_type_t type)
{
    dnnl_memory_desc_t desc;
    memset(&desc, 0, sizeof desc);
    dnnl_memory_desc_init_by_tag(&desc, 4, dims, type, dnnl_nhwc);
    return desc;
}

static dnnl_data_type_t byte_type(const bcue_int8_input *input)
{
    return input->negative ? dnnl_s8 : dnnl_u8;
}

static int8_case make_case(const bcue_dn_plan *plan, const bcue_fusion_group *group)
{
    const bcue_node *node = bcue_graph_node(plan->graph, group->anchor);
    int8_case c = {.group = group,
                   .layer = bcue_dn_layer_of(node),
                   .input = &plan->options.int8[group->anchor],
                   .next = group->add < 0 ? byte_readers(plan, group->output) : NULL,
                   .rows = node->op == BCUE_OP_LINEAR};
    const int64_t *x = bcue_dn_shape(plan, c.layer.x)->dim, *w = bcue_dn_shape(plan, c.layer.weight)->dim,
                  *y = bcue_dn_shape(plan, node->output)->dim;
    dnnl_dims_t src = {1, w[1], 1, 1}, dst = {1, w[0], 1, 1}, weights = {w[0], w[1], 1, 1}, bias = {w[0]};
    if (c.rows) {
        for (int i = 0; i + 1 < bcue_dn_shape(plan, c.layer.x)->rank; i++)
            src[3] = dst[3] = src[3] * x[i];
    }
    for (int i = 0; !c.rows && i < 4; i++) {
        src[i] = x[i];
        dst[i] = y[i];
        weights[i] = w[i];
    }
    for (int i = 0; i < 2; i++) {
        c.stride[i] = c.rows ? 1 : node->u.conv.stride[i];
        c.padding[i] = c.rows ? 0 : node->u.conv.padding[i];
    }
    c.src = channels_last(src, byte_type(c.input));
    c.dst = channels_last(dst, c.next != NULL ? byte_type(c.next) : dnnl_f32);
    dnnl_memory_desc_init_by_tag(&c.weights, 4, weights, dnnl_s8, dnnl_format_tag_any);
    dnnl_memory_desc_init_by_tag(&c.bias, 1, bias, dnnl_s32, dnnl_x);
    return c;
}

static bcue_tensor parameter_tensor(const bcue_dn_plan *plan, bcue_value value)
{
    return plan->weights->tensors[bcue_graph_value(plan->graph, value)->parameter];
}

/* Weights, bias and scales, with the batch norm in them. */
static void fill_case(const bcue_dn_plan *plan, int8_case *c, float *room)
{
    bcue_tensor weight = parameter_tensor(plan, c->layer.weight), bias = {0};
    if (c->layer.bias != BCUE_NO_VALUE)
        bias = parameter_tensor(plan, c->layer.bias);
    if (c->group->norm >= 0) {
        const bcue_node *norm = bcue_graph_node(plan->graph, c->group->norm);
        const bcue_tensor scale = parameter_tensor(plan, norm->input[1]),
                          shift = parameter_tensor(plan, norm->input[2]),
                          mean = parameter_tensor(plan, norm->input[3]),
                          variance = parameter_tensor(plan, norm->input[4]);
        const bcue_norm_values values = {&scale, &shift, &mean, &variance, norm->u.norm.epsilon};
        bcue_tensor folded = weight, folded_bias = shift;
        folded_bias.data = room;
        folded.data = room + weight.shape.dim[0];
        bcue_fold_batch_norm(&weight, bias.data != NULL ? &bias : NULL, &values, &folded, &folded_bias);
        weight = folded;
        bias = folded_bias;
    }
    bcue_int8_layer(&weight, bias.data, c->input->scale, c->next != NULL ? c->next->scale : 1, c->bytes,
                    c->bias_sum, c->scale);
}

static bool make_weights(bcue_dn_plan *plan, int8_case *c)
{
    const bcue_tensor weight = parameter_tensor(plan, c->layer.weight);
    const size_t taps = (size_t)bcue_tensor_count(&weight), outputs = (size_t)weight.shape.dim[0];
    float *room = bcue_calloc(taps + outputs, sizeof *room);
    c->bytes = bcue_arena_alloc(plan->program.objects, taps, sizeof *c->bytes);
    c->bias_sum = bcue_arena_alloc(plan->program.objects, outputs, sizeof *c->bias_sum);
    c->scale = bcue_arena_alloc(plan->program.objects, outputs, sizeof *c->scale);
    const bool made = room != NULL && c->bytes != NULL && c->bias_sum != NULL && c->scale != NULL;
    if (made)
        fill_case(plan, c, room);
    free(room);
    return made;
}

static dnnl_primitive_desc_t describe(bcue_dn_plan *plan, const int8_case *c)
{
    dnnl_primitive_desc_t made = NULL;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_convolution_desc_t desc;
    dnnl_post_ops_t post_ops = bcue_dn_group_post_ops(c->group);
    dnnl_status_t status = post_ops != NULL ? dnnl_primitive_attr_create(&attr) : dnnl_out_of_memory;
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_output_scales(attr, c->dst.dims[1], 1 << 1, c->scale);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_post_ops(attr, post_ops);
    if (status == dnnl_success)
        status = dnnl_convolution_forward_desc_init(&desc, dnnl_forward_inference, dnnl_convolution_direct,
                                                    &c->src, &c->weights, &c->bias, &c->dst, c->stride,
                                                    c->padding, c->padding);
    if (status == dnnl_success)
        status = dnnl_primitive_desc_create(&made, &desc, attr, plan->program.engine, NULL);
    if (status != dnnl_success)
        bcue_dn_fail(&plan->program, status, "making a layer in 8 bits");
    if (attr != NULL)
        dnnl_primitive_attr_destroy(attr);
    if (post_ops != NULL)
        dnnl_post_ops_destroy(post_ops);
    return status == dnnl_success ? made : NULL;
}

static void emit_quantise(bcue_dn_program *program, int32_t from, int32_t to, float scale)
{
    const float factor = 1 / scale;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t primitive = NULL;
    if (program->status != BCUE_OK || from == BCUE_DN_NONE || to == BCUE_DN_NONE)
        return;
    dnnl_status_t status = dnnl_primitive_attr_create(&attr);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_output_scales(attr, 1, 0, &factor);
    if (status == dnnl_success)
        status = dnnl_reorder_primitive_desc_create(&primitive, bcue_dn_desc(program, from), program->engine,
                                                    bcue_dn_desc(program, to), program->engine, attr);
    if (status == dnnl_success) {
        const bcue_dn_arg args[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
        bcue_dn_emit(program, primitive, args, 2);
        dnnl_primitive_desc_destroy(primitive);
    } else {
        bcue_dn_fail(program, status, "making the step to 8 bits");
    }
    if (attr != NULL)
        dnnl_primitive_attr_destroy(attr);
}

/* x in bytes: as an earlier layer left it, or rounded now, once for all readers that want it so. */
static int32_t read_bytes(bcue_dn_plan *plan, const int8_case *c)
{
    bcue_dn_program *program = &plan->program;
    bcue_dn_value *value = &plan->values[c->layer.x];
    if (value->byte_input != NULL && same_input(value->byte_input, c->input))
        return bcue_dn_alias(program, value->bytes, &c->src);
    const dnnl_memory_desc_t real = channels_last(c->src.dims, dnnl_f32);
    const int32_t from =
        c->rows ? bcue_dn_alias(program, bcue_dn_read_plain(plan, c->layer.x), &real) : value->layout[0];
    const int32_t view = bcue_dn_new(program, &c->src);
    emit_quantise(program, from, view, c->input->scale);
    value->bytes = view;
    value->byte_input = c->input;
    return view;
}

static int32_t pack_weights(bcue_dn_plan *plan, const int8_case *c, const dnnl_memory_desc_t *wanted)
{
    bcue_dn_program *program = &plan->program;
    dnnl_memory_desc_t plain;
    memset(&plain, 0, sizeof plain);
    dnnl_memory_desc_init_by_tag(&plain, 4, c->weights.dims, dnnl_s8, dnnl_oihw);
    program->preparing = true;
    const int32_t view = bcue_dn_new(program, wanted);
    bcue_dn_emit_reorder(program, bcue_dn_external(program, &plain, c->bytes), view);
    program->preparing = false;
    return view;
}

void bcue_dn_int8_group(bcue_dn_plan *plan, const bcue_fusion_group *group)
{
    bcue_dn_program *program = &plan->program;
    int8_case c = make_case(plan, group);
    if (!make_weights(plan, &c)) {
        bcue_dn_fail_memory(program);
        return;
    }
    dnnl_primitive_desc_t forward = describe(plan, &c);
    if (forward == NULL)
        return;
    const dnnl_memory_desc_t weights = bcue_dn_query(forward, dnnl_query_weights_md);
    const bcue_dn_arg args[] = {
        {DNNL_ARG_SRC, read_bytes(plan, &c)},
        {DNNL_ARG_WEIGHTS, pack_weights(plan, &c, &weights)},
        {DNNL_ARG_BIAS, bcue_dn_external(program, &c.bias, c.bias_sum)},
        {DNNL_ARG_DST, group->add >= 0 ? bcue_dn_residual_memory(plan, group->residual, &c.dst, c.rows)
                                       : bcue_dn_new(program, &c.dst)}};
    bcue_dn_emit(program, forward, args, 4);
    dnnl_primitive_desc_destroy(forward);
    plan->int8_layers++;
    if (c.next != NULL) {
        plan->values[group->output].bytes = args[3].view;
        plan->values[group->output].byte_input = c.next;
        return;
    }
    const dnnl_memory_desc_t shaped = bcue_dn_shape_desc(bcue_dn_shape(plan, group->output));
    bcue_dn_define(plan, group->output,
                   c.rows ? bcue_dn_alias(program, args[3].view, &shaped) : args[3].view);
}

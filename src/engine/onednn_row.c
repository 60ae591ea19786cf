/* Inference: linear layers of few rows whose weights lie in 16 or 8 bits. */
#include "base/fail.h"
#include "engine/onednn_lower.h"
#include "engine/row_linear.h"

enum { MOST_ROWS = 8 /* each reads the weights again */ };

typedef struct row_call {
    bcue_row_linear layer;
    bcue_cpu_level level;
    int64_t rows;
    const float *weight; /* while the plan is made */
} row_call;

enum { VIEW_X, VIEW_WEIGHTS, VIEW_ENTRIES, VIEW_Y, VIEW_BIAS, VIEWS };

static bcue_status run_row(const bcue_dn_program *program, const bcue_dn_step *step, bcue_error *error)
{
    (void)error;
    const row_call *call = step->context;
    bcue_row_linear layer = call->layer;
    const float *x = bcue_dn_data(program, step->views[VIEW_X]);
    float *y = bcue_dn_data(program, step->views[VIEW_Y]);
    layer.packed = bcue_dn_data(program, step->views[VIEW_WEIGHTS]);
    layer.bias = bcue_dn_data(program, step->views[VIEW_BIAS]);
    for (int64_t r = 0; r < call->rows; r++)
        bcue_row_linear_run(&layer, call->level, x + r * layer.inputs,
                            bcue_dn_data(program, step->views[VIEW_ENTRIES]), y + r * layer.outputs);
    return BCUE_OK;
}

static bcue_status run_pack(const bcue_dn_program *program, const bcue_dn_step *step, bcue_error *error)
{
    const row_call *call = step->context;
    const bcue_row_linear *layer = &call->layer;
    return bcue_row_linear_pack(layer->bits, call->weight, layer->inputs, layer->outputs,
                                bcue_dn_data(program, step->views[0]))
               ? BCUE_OK
               : bcue_fail_memory(error, "the packed weights");
}

static int64_t rows_of(const bcue_shape *shape)
{
    int64_t rows = 1;
    for (int i = 0; i + 1 < shape->rank; i++)
        rows *= shape->dim[i];
    return rows;
}

bool bcue_dn_row_fits(const bcue_dn_plan *plan, const bcue_fusion_group *group)
{
    const bcue_node *node = bcue_graph_node(plan->graph, group->anchor);
    if (plan->options.training || plan->options.weight_bits == BCUE_WEIGHTS_F32 ||
        node->op != BCUE_OP_LINEAR || group->norm >= 0 || group->add >= 0)
        return false;
    const bcue_dn_layer layer = bcue_dn_layer_of(node);
    return bcue_graph_value(plan->graph, layer.weight)->kind == BCUE_VALUE_PARAMETER &&
           rows_of(bcue_dn_shape(plan, layer.x)) <= MOST_ROWS;
}

static row_call *make_call(bcue_dn_plan *plan, const bcue_fusion_group *group, bcue_dn_layer layer)
{
    row_call *call = bcue_arena_alloc(plan->program.objects, 1, sizeof *call);
    if (call == NULL) {
        bcue_dn_fail_memory(&plan->program);
        return NULL;
    }
    const bcue_shape *weight = bcue_dn_shape(plan, layer.weight);
    *call = (row_call){
        .layer = {.bits = plan->options.weight_bits,
                  .inputs = weight->dim[1],
                  .outputs = weight->dim[0],
                  .relu = group->relu >= 0},
        .level = bcue_cpu_best(),
        .rows = rows_of(bcue_dn_shape(plan, layer.x)),
        .weight = plan->weights->tensors[bcue_graph_value(plan->graph, layer.weight)->parameter].data};
    return call;
}

static int32_t pack(bcue_dn_plan *plan, row_call *call, bcue_value weight)
{
    dnnl_memory_desc_t desc;
    const dnnl_dims_t size = {
        (dnnl_dim_t)bcue_row_linear_bytes(call->layer.bits, call->layer.inputs, call->layer.outputs)};
    dnnl_memory_desc_init_by_tag(&desc, 1, size, dnnl_u8, dnnl_a);
    const bcue_dn_packing packing = bcue_dn_pack(plan, weight, NULL, &desc);
    if (packing.view == BCUE_DN_NONE || packing.filled)
        return packing.view;
    plan->program.preparing = true;
    bcue_dn_emit_kernel(&plan->program, run_pack, call, &packing.view, 1);
    plan->program.preparing = false;
    return packing.view;
}

void bcue_dn_row_group(bcue_dn_plan *plan, const bcue_fusion_group *group)
{
    const bcue_dn_layer layer = bcue_dn_layer_of(bcue_graph_node(plan->graph, group->anchor));
    row_call *call = make_call(plan, group, layer);
    if (call == NULL)
        return;
    /* An entry is a number and an index: the room of two floats. */
    const dnnl_memory_desc_t y = bcue_dn_shape_desc(bcue_dn_shape(plan, group->output)),
                             entries = bcue_dn_plain_desc(1, (int64_t[]){2 * call->layer.inputs});
    int32_t views[VIEWS];
    views[VIEW_X] = bcue_dn_read_plain(plan, layer.x);
    views[VIEW_WEIGHTS] = pack(plan, call, layer.weight);
    views[VIEW_ENTRIES] = bcue_dn_new(&plan->program, &entries);
    views[VIEW_Y] = bcue_dn_new(&plan->program, &y);
    views[VIEW_BIAS] = layer.bias != BCUE_NO_VALUE ? bcue_dn_read_plain(plan, layer.bias) : BCUE_DN_NONE;
    bcue_dn_emit_kernel(&plan->program, run_row, call, views, VIEWS);
    bcue_dn_define(plan, group->output, views[VIEW_Y]);
    plan->row_layers++;
}

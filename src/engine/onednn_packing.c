/* Weights in the layouts that inference reads, in memory that plans share. */
#include <string.h>
#include "base/cpu.h"
#include "engine/onednn_lower.h"
#include "engine/winograd_pack.h"

bcue_dn_packing bcue_dn_pack(bcue_dn_plan *plan, bcue_value parameter, const void *fold,
                             const dnnl_memory_desc_t *desc)
{
    bcue_dn_packing packing = {BCUE_DN_NONE, false};
    if (plan->program.status != BCUE_OK)
        return packing;
    const bcue_packed_key key = {
        plan->weights->tensors[bcue_graph_value(plan->graph, parameter)->parameter].data, fold, *desc};
    void *memory = bcue_packed_weights_find(plan->packed, &key, &packing.filled);
    if (memory == NULL)
        bcue_dn_fail_memory(&plan->program);
    packing.view = bcue_dn_external(&plan->program, desc, memory);
    return packing;
}

/* Only the release whose layout winograd_pack.h describes: it is oneDNN's own affair, and may change. */
bool bcue_dn_packs_winograd(const dnnl_memory_desc_t *desc)
{
#ifdef BCUE_X86_KERNELS
    const dnnl_version_t *version = dnnl_version();
    const dnnl_wino_desc_t *wino = &desc->format_desc.wino_desc;
    return desc->format_kind == dnnl_format_kind_wino && version->major == 2 && version->minor == 6 &&
           bcue_cpu_best() == BCUE_CPU_AVX512 && wino->wino_format == dnnl_wino_wei_OBaaIBOIio &&
           wino->r == 3 && wino->alpha == BCUE_WINOGRAD_TILE && wino->ic_block == BCUE_WINOGRAD_LANES &&
           wino->oc_block == BCUE_WINOGRAD_LANES && wino->adj_scale == 1;
#else
    (void)desc;
    return false;
#endif
}

#ifdef BCUE_X86_KERNELS
static bcue_status run_winograd(const bcue_dn_program *program, const bcue_dn_step *step, bcue_error *error)
{
    (void)error;
    bcue_winograd_pack pack = *(const bcue_winograd_pack *)step->context;
    pack.packed = bcue_dn_data(program, step->views[0]);
    bcue_winograd_pack_avx512(&pack);
    return BCUE_OK;
}

void bcue_dn_pack_winograd(bcue_dn_plan *plan, const float *weight, const double *scale, int32_t view)
{
    bcue_winograd_pack *pack = bcue_arena_alloc(plan->program.objects, 1, sizeof *pack);
    if (pack == NULL) {
        bcue_dn_fail_memory(&plan->program);
        return;
    }
    const dnnl_wino_desc_t *wino = &bcue_dn_desc(&plan->program, view)->format_desc.wino_desc;
    *pack = (bcue_winograd_pack){.inputs = wino->ic,
                                 .outputs = wino->oc,
                                 .in_blocks = wino->ic2_block,
                                 .out_blocks = wino->oc2_block,
                                 .weight = weight,
                                 .scale = scale};
    bcue_dn_emit_kernel(&plan->program, run_winograd, pack, &view, 1);
}
#else
void bcue_dn_pack_winograd(bcue_dn_plan *plan, const float *weight, const double *scale, int32_t view)
{
    (void)weight;
    (void)scale;
    (void)view;
    bcue_dn_fail(&plan->program, dnnl_unimplemented, "packing weights");
}
#endif

int32_t bcue_dn_read_packed(bcue_dn_plan *plan, bcue_value id, const dnnl_memory_desc_t *desc)
{
    bcue_dn_program *program = &plan->program;
    const bcue_dn_packing packing = bcue_dn_pack(plan, id, NULL, desc);
    if (packing.view == BCUE_DN_NONE || packing.filled)
        return packing.view;
    const int32_t rows = plan->values[id].layout[0]; /* row-major */
    const dnnl_memory_desc_t plain = bcue_dn_plain_desc(desc->ndims, desc->dims);
    program->preparing = true;
    if (bcue_dn_packs_winograd(desc))
        bcue_dn_pack_winograd(plan, plan->weights->tensors[bcue_graph_value(plan->graph, id)->parameter].data,
                              NULL, packing.view);
    else
        bcue_dn_emit_reorder(program, bcue_dn_alias(program, rows, &plain), packing.view);
    program->preparing = false;
    return packing.view;
}

static bool runs_with(const bcue_dn_program *program, int32_t buffer)
{
    for (size_t s = 0; s < program->run.count; s++) {
        const bcue_dn_step *step = &program->run.steps[s];
        for (int i = 0; i < step->count; i++)
            if (step->views[i] != BCUE_DN_NONE && program->views[step->views[i]].buffer == buffer)
                return true;
    }
    return false;
}

void bcue_dn_pin_weights(bcue_dn_plan *plan)
{
    bcue_dn_program *program = &plan->program;
    for (int32_t p = 0; p < plan->weights->count && program->status == BCUE_OK; p++) {
        const bcue_dn_value *value = &plan->values[bcue_graph_parameter_value(plan->graph, p)];
        const int32_t buffer = program->views[value->layout[0]].buffer;
        if (!runs_with(program, buffer))
            continue;
        bool filled = false;
        const bcue_tensor *tensor = &plan->weights->tensors[p];
        const bcue_packed_key key = {tensor->data, NULL, bcue_dn_shape_desc(&tensor->shape)};
        void *memory = bcue_packed_weights_find(plan->packed, &key, &filled);
        if (memory == NULL)
            bcue_dn_fail_memory(program);
        else if (!filled)
            memcpy(memory, tensor->data, bcue_tensor_size(tensor));
        program->buffers[buffer].data = memory;
    }
}

#include "engine/int8_conv.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"

#ifdef BCUE_HAVE_ONEDNN
#include <dnnl.h>

struct bcue_int8_conv {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_t primitive;
    dnnl_memory_t x, weights, bias, y;
};

bool bcue_int8_available(void)
{
    const int isa = (int)dnnl_get_effective_cpu_isa(); /* a bit for each step */
    return (isa & dnnl_cpu_isa_avx512_core_vnni) == dnnl_cpu_isa_avx512_core_vnni ||
           (isa & dnnl_cpu_isa_avx2_vnni) == dnnl_cpu_isa_avx2_vnni;
}

static bcue_status refused(const char *what, dnnl_status_t status, bcue_error *error)
{
    return bcue_fail(error, status == dnnl_out_of_memory ? BCUE_ERROR_MEMORY : BCUE_ERROR_INTERNAL,
                     "8-bit convolution: oneDNN refused %s (status %d)", what, (int)status);
}

#define DN_TRY(what, call)                                                                                   \
    do {                                                                                                     \
        const dnnl_status_t dn_status_ = (call);                                                             \
        if (dn_status_ != dnnl_success)                                                                      \
            return refused(what, dn_status_, error);                                                         \
    } while (0)

static dnnl_status_t make_attributes(const bcue_int8_conv_spec *spec, dnnl_primitive_attr_t *attributes)
{
    dnnl_post_ops_t after;
    dnnl_status_t status = dnnl_primitive_attr_create(attributes);
    if (status == dnnl_success && spec->result != BCUE_INT8_SUM)
        status = dnnl_primitive_attr_set_output_scales(*attributes, spec->outputs, 1 << 1, spec->scale);
    if (status != dnnl_success || !spec->relu)
        return status;
    status = dnnl_post_ops_create(&after);
    if (status != dnnl_success)
        return status;
    status = dnnl_post_ops_append_eltwise(after, 1.0F, dnnl_eltwise_relu, 0, 0);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_post_ops(*attributes, after);
    dnnl_post_ops_destroy(after);
    return status;
}

static dnnl_status_t describe(const bcue_int8_conv *conv, const bcue_int8_conv_spec *spec,
                              dnnl_primitive_desc_t *description)
{
    static const dnnl_data_type_t types[] = {dnnl_s32, dnnl_f32, dnnl_u8};
    int64_t size[2];
    bcue_int8_conv_size(spec, size);
    const dnnl_dims_t x_dims = {spec->pictures, spec->channels, spec->height, spec->width},
                      w_dims = {spec->outputs, spec->channels, spec->kernel[0], spec->kernel[1]},
                      y_dims = {spec->pictures, spec->outputs, size[0], size[1]}, b_dims = {spec->outputs};
    const dnnl_dims_t stride = {spec->stride[0], spec->stride[1]},
                      padding = {spec->padding[0], spec->padding[1]};
    dnnl_memory_desc_t x, w, b, y;
    dnnl_convolution_desc_t operation;
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_status_t status =
        dnnl_memory_desc_init_by_tag(&x, 4, x_dims, spec->signed_input ? dnnl_s8 : dnnl_u8, dnnl_nhwc);
    if (status == dnnl_success)
        status = dnnl_memory_desc_init_by_tag(&w, 4, w_dims, dnnl_s8, dnnl_format_tag_any);
    if (status == dnnl_success)
        status = dnnl_memory_desc_init_by_tag(&b, 1, b_dims, dnnl_s32, dnnl_x);
    if (status == dnnl_success)
        status = dnnl_memory_desc_init_by_tag(&y, 4, y_dims, types[spec->result], dnnl_nhwc);
    if (status == dnnl_success)
        status = dnnl_convolution_forward_desc_init(
            &operation, dnnl_forward_inference, dnnl_convolution_direct, &x, &w,
            spec->bias != NULL ? &b : NULL, &y, stride, padding, padding);
    if (status == dnnl_success)
        status = make_attributes(spec, &attributes);
    if (status == dnnl_success)
        status = dnnl_primitive_desc_create(description, &operation, attributes, conv->engine, NULL);
    if (attributes != NULL)
        dnnl_primitive_attr_destroy(attributes);
    return status;
}

/* The weights in the order that the kernel wants. */
static dnnl_status_t pack_weights(bcue_int8_conv *conv, const bcue_int8_conv_spec *spec,
                                  const_dnnl_primitive_desc_t description)
{
    const dnnl_dims_t dims = {spec->outputs, spec->channels, spec->kernel[0], spec->kernel[1]};
    dnnl_memory_desc_t plain;
    dnnl_memory_t given = NULL;
    dnnl_primitive_desc_t reorder_desc = NULL;
    dnnl_primitive_t reorder = NULL;
    const dnnl_memory_desc_t *wanted = dnnl_primitive_desc_query_md(description, dnnl_query_weights_md, 0);
    dnnl_status_t status = dnnl_memory_create(&conv->weights, wanted, conv->engine, DNNL_MEMORY_ALLOCATE);
    if (status == dnnl_success)
        status = dnnl_memory_desc_init_by_tag(&plain, 4, dims, dnnl_s8, dnnl_oihw);
    if (status == dnnl_success)
        status = dnnl_memory_create(&given, &plain, conv->engine, (void *)(uintptr_t)spec->weight);
    if (status == dnnl_success)
        status = dnnl_reorder_primitive_desc_create(&reorder_desc, &plain, conv->engine, wanted, conv->engine,
                                                    NULL);
    if (status == dnnl_success)
        status = dnnl_primitive_create(&reorder, reorder_desc);
    if (status == dnnl_success) {
        const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, given}, {DNNL_ARG_TO, conv->weights}};
        status = dnnl_primitive_execute(reorder, conv->stream, 2, arguments);
    }
    if (status == dnnl_success)
        status = dnnl_stream_wait(conv->stream);
    if (reorder != NULL)
        dnnl_primitive_destroy(reorder);
    if (reorder_desc != NULL)
        dnnl_primitive_desc_destroy(reorder_desc);
    if (given != NULL)
        dnnl_memory_destroy(given);
    return status;
}

static dnnl_status_t make_memory(bcue_int8_conv *conv, const bcue_int8_conv_spec *spec,
                                 const_dnnl_primitive_desc_t description)
{
    dnnl_status_t status =
        dnnl_memory_create(&conv->x, dnnl_primitive_desc_query_md(description, dnnl_query_src_md, 0),
                           conv->engine, DNNL_MEMORY_ALLOCATE);
    if (status == dnnl_success)
        status = dnnl_memory_create(&conv->y, dnnl_primitive_desc_query_md(description, dnnl_query_dst_md, 0),
                                    conv->engine, DNNL_MEMORY_ALLOCATE);
    if (status == dnnl_success)
        status = pack_weights(conv, spec, description);
    if (status != dnnl_success || spec->bias == NULL)
        return status;
    const dnnl_dims_t dims = {spec->outputs};
    dnnl_memory_desc_t desc;
    void *bias = NULL;
    status = dnnl_memory_desc_init_by_tag(&desc, 1, dims, dnnl_s32, dnnl_x);
    if (status == dnnl_success)
        status = dnnl_memory_create(&conv->bias, &desc, conv->engine, DNNL_MEMORY_ALLOCATE);
    if (status == dnnl_success)
        status = dnnl_memory_get_data_handle(conv->bias, &bias);
    if (status == dnnl_success)
        memcpy(bias, spec->bias, (size_t)spec->outputs * sizeof *spec->bias);
    return status;
}

static bcue_status build(bcue_int8_conv *conv, const bcue_int8_conv_spec *spec, bcue_error *error)
{
    dnnl_primitive_desc_t description = NULL;
    DN_TRY("an engine", dnnl_engine_create(&conv->engine, dnnl_cpu, 0));
    DN_TRY("a stream", dnnl_stream_create(&conv->stream, conv->engine, dnnl_stream_default_flags));
    DN_TRY("the layer", describe(conv, spec, &description));
    dnnl_status_t status = make_memory(conv, spec, description);
    if (status == dnnl_success)
        status = dnnl_primitive_create(&conv->primitive, description);
    dnnl_primitive_desc_destroy(description);
    return status == dnnl_success ? BCUE_OK : refused("memory", status, error);
}

bcue_status bcue_int8_conv_create(const bcue_int8_conv_spec *spec, bcue_int8_conv **conv, bcue_error *error)
{
    *conv = NULL;
    if (!bcue_int8_available())
        return bcue_fail(error, BCUE_ERROR_UNSUPPORTED,
                         "this processor has neither VNNI nor AMX; 8-bit sums of its kernels can saturate");
    if (spec->result == BCUE_INT8_SUM && (spec->bias != NULL || spec->relu))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "exact sums take no bias and no relu, which are computed in f32");
    bcue_int8_conv *made = bcue_calloc(1, sizeof *made);
    if (made == NULL)
        return bcue_fail_memory(error, "8-bit convolution");
    bcue_status status = build(made, spec, error);
    if (status != BCUE_OK) {
        bcue_int8_conv_destroy(made);
        return status;
    }
    *conv = made;
    return BCUE_OK;
}

void bcue_int8_conv_destroy(bcue_int8_conv *conv)
{
    if (conv == NULL)
        return;
    dnnl_memory_t memory[] = {conv->x, conv->weights, conv->bias, conv->y};
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++) {
        if (memory[i] != NULL)
            dnnl_memory_destroy(memory[i]);
    }
    if (conv->primitive != NULL)
        dnnl_primitive_destroy(conv->primitive);
    if (conv->stream != NULL)
        dnnl_stream_destroy(conv->stream);
    if (conv->engine != NULL)
        dnnl_engine_destroy(conv->engine);
    free(conv);
}

static void *data_of(dnnl_memory_t memory)
{
    void *data = NULL;
    return dnnl_memory_get_data_handle(memory, &data) == dnnl_success ? data : NULL;
}

void *bcue_int8_conv_input(bcue_int8_conv *conv)
{
    return data_of(conv->x);
}

const void *bcue_int8_conv_output(bcue_int8_conv *conv)
{
    return data_of(conv->y);
}

bcue_status bcue_int8_conv_run(bcue_int8_conv *conv, bcue_error *error)
{
    const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, conv->x},
                                         {DNNL_ARG_WEIGHTS, conv->weights},
                                         {DNNL_ARG_DST, conv->y},
                                         {DNNL_ARG_BIAS, conv->bias}};
    DN_TRY("to run",
           dnnl_primitive_execute(conv->primitive, conv->stream, conv->bias != NULL ? 4 : 3, arguments));
    DN_TRY("to end", dnnl_stream_wait(conv->stream));
    return BCUE_OK;
}

#else

bool bcue_int8_available(void)
{
    return false;
}

bcue_status bcue_int8_conv_create(const bcue_int8_conv_spec *spec, bcue_int8_conv **conv, bcue_error *error)
{
    (void)spec;
    *conv = NULL;
    return bcue_fail(error, BCUE_ERROR_UNSUPPORTED,
                     "this library was built without oneDNN, which has the 8-bit kernels");
}

void bcue_int8_conv_destroy(bcue_int8_conv *conv)
{
    free(conv);
}

void *bcue_int8_conv_input(bcue_int8_conv *conv)
{
    return conv;
}

const void *bcue_int8_conv_output(bcue_int8_conv *conv)
{
    return conv;
}

bcue_status bcue_int8_conv_run(bcue_int8_conv *conv, bcue_error *error)
{
    (void)conv;
    return bcue_fail(error, BCUE_ERROR_UNSUPPORTED, "this library was built without oneDNN");
}
#endif

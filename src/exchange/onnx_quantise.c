/* Layers in 8 bits as ONNX says them: QuantizeLinear and DequantizeLinear around f32 operators (QDQ), which
   runtimes with 8-bit kernels put together. */
#include <stdlib.h>

#include "base/fail.h"
#include "exchange/onnx_parts.h"

const char *bcue_onnx_rounded(bcue_onnx *onnx, const char *x, const bcue_int8_input *input)
{
    static const uint8_t zero = 0; /* the same bits with a sign */
    const bcue_shape scalar = {.rank = 0};
    const char *scale = bcue_onnx_number(onnx, (double)input->scale), *point = bcue_onnx_fresh(onnx, "zero"),
               *bytes = bcue_onnx_fresh(onnx, "bytes"), *back = bcue_onnx_fresh(onnx, "rounded");
    bcue_onnx_tensor(onnx, point, input->negative ? BCUE_ONNX_INT8 : BCUE_ONNX_UINT8, &scalar, &zero,
                     sizeof zero);
    bcue_onnx_node(onnx, "QuantizeLinear", bytes, (const char *const[]){x, scale, point}, 3, bytes, NULL, 0);
    bcue_onnx_node(onnx, "DequantizeLinear", back, (const char *const[]){bytes, scale, point}, 3, back, NULL,
                   0);
    return back;
}

bcue_status bcue_onnx_put_byte_weight(bcue_onnx *onnx, const char *name, const bcue_tensor *weight,
                                      bcue_error *error)
{
    const size_t count = (size_t)bcue_tensor_count(weight), outputs = (size_t)weight->shape.dim[0];
    const bcue_shape by_output = bcue_shape_of(weight->shape.dim[0]);
    const bcue_onnx_attribute axis = {.name = "axis", .type = BCUE_ONNX_A_INT, .one = 0};
    int8_t *bytes = bcue_calloc(count, sizeof *bytes), *zeros = bcue_calloc(outputs, sizeof *zeros);
    float *scale = bcue_calloc(outputs, sizeof *scale);
    if (bytes == NULL || zeros == NULL || scale == NULL) {
        free(bytes);
        free(zeros);
        free(scale);
        return bcue_fail_memory(error, "the ONNX file");
    }
    bcue_quantise_weight(weight, bytes, scale);
    const char *stored = bcue_onnx_fresh(onnx, name), *points = bcue_onnx_fresh(onnx, "zeros"),
               *scales = bcue_onnx_floats(onnx, &by_output, scale);
    bcue_onnx_tensor(onnx, stored, BCUE_ONNX_INT8, &weight->shape, bytes, sizeof *bytes);
    bcue_onnx_tensor(onnx, points, BCUE_ONNX_INT8, &by_output, zeros, sizeof *zeros);
    bcue_onnx_node(onnx, "DequantizeLinear", name, (const char *const[]){stored, scales, points}, 3, name,
                   &axis, 1);
    free(bytes);
    free(zeros);
    free(scale);
    return BCUE_OK;
}

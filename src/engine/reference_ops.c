#include "engine/reference_ops.h"

void bcue_ref_broadcast_strides(const bcue_shape *shape, int rank, int64_t stride[BCUE_MAX_RANK])
{
    int64_t step = 1;
    for (int i = 0; i < BCUE_MAX_RANK; i++)
        stride[i] = 0;
    for (int i = 1; i <= shape->rank; i++) {
        int64_t length = shape->dim[shape->rank - i];
        stride[rank - i] = length == 1 ? 0 : step;
        step *= length;
    }
}

int64_t bcue_ref_offset(const bcue_shape *shape, const int64_t stride[BCUE_MAX_RANK], int64_t index)
{
    int64_t offset = 0;
    for (int i = shape->rank - 1; i >= 0; i--) {
        offset += index % shape->dim[i] * stride[i];
        index /= shape->dim[i];
    }
    return offset;
}

bcue_ref_axis bcue_ref_axis_of(const bcue_shape *shape, int axis)
{
    bcue_ref_axis result = {.outer = 1, .length = shape->dim[axis], .inner = 1};
    for (int i = 0; i < shape->rank; i++) {
        if (i < axis)
            result.outer *= shape->dim[i];
        if (i > axis)
            result.inner *= shape->dim[i];
    }
    return result;
}

int64_t bcue_ref_count(const bcue_shape *shape)
{
    int64_t count = 0;
    return bcue_shape_count(shape, &count) ? count : 0;
}

bool bcue_ref_backward_reads_inputs(bcue_op op)
{
    switch (op) {
    case BCUE_OP_CONV2D:
    case BCUE_OP_LINEAR:
    case BCUE_OP_BATCH_NORM:
    case BCUE_OP_LAYER_NORM:
    case BCUE_OP_MAX_POOL:
    case BCUE_OP_MUL:
    case BCUE_OP_MATMUL:
    case BCUE_OP_GELU:
    case BCUE_OP_ATTENTION:
    case BCUE_OP_FAKE_QUANTISE:
    case BCUE_OP_FAKE_QUANTISE_BIAS:
        return true;
    default:
        return bcue_op_is_loss(op);
    }
}

bool bcue_ref_backward_reads_output(bcue_op op)
{
    return op == BCUE_OP_RELU || op == BCUE_OP_SOFTMAX || op == BCUE_OP_SIGMOID || op == BCUE_OP_TANH ||
           op == BCUE_OP_EXP || op == BCUE_OP_ATTENTION;
}

size_t bcue_ref_saved_count(const bcue_plan_options *options, int64_t channels)
{
    return (options->norm_sync != NULL ? 4 : 2) * (size_t)channels + (options->norm_sync != NULL ? 1 : 0);
}

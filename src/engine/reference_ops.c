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

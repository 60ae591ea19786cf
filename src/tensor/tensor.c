#include "tensor/tensor.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/fail.h"
#include "base/memory.h"

size_t bcue_dtype_size(bcue_dtype dtype)
{
    switch (dtype) {
    case BCUE_F32:
    case BCUE_I32:
        return 4;
    case BCUE_F64:
    case BCUE_I64:
        return 8;
    case BCUE_U8:
        return 1;
    }
    return 0;
}

const char *bcue_dtype_name(bcue_dtype dtype)
{
    switch (dtype) {
    case BCUE_F32:
        return "f32";
    case BCUE_F64:
        return "f64";
    case BCUE_I32:
        return "i32";
    case BCUE_I64:
        return "i64";
    case BCUE_U8:
        return "u8";
    }
    return "unknown";
}

bcue_shape bcue_shape_make(int rank, const int64_t *dim)
{
    bcue_shape shape = {0};
    shape.rank = rank > BCUE_MAX_RANK ? BCUE_MAX_RANK : rank;
    for (int i = 0; i < shape.rank; i++)
        shape.dim[i] = dim[i];
    return shape;
}

bool bcue_shape_equal(const bcue_shape *a, const bcue_shape *b)
{
    if (a->rank != b->rank)
        return false;
    for (int i = 0; i < a->rank; i++) {
        if (a->dim[i] != b->dim[i])
            return false;
    }
    return true;
}

bool bcue_shape_count(const bcue_shape *shape, int64_t *count)
{
    int64_t product = 1;
    bool empty = false;
    for (int i = 0; i < shape->rank; i++) {
        if (shape->dim[i] < 0)
            return false;
        empty = empty || shape->dim[i] == 0;
    }
    for (int i = 0; i < shape->rank && !empty; i++) {
        if (__builtin_mul_overflow(product, shape->dim[i], &product))
            return false;
    }
    *count = empty ? 0 : product;
    return true;
}

const char *bcue_shape_text(const bcue_shape *shape, char *text, size_t size)
{
    if (size == 0)
        return text;
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; i < shape->rank; i++) {
        int length = snprintf(text + used, size - used, "%s%" PRId64, i == 0 ? "(" : ", ", shape->dim[i]);
        if (length < 0 || (size_t)length >= size - used)
            return text;
        used += (size_t)length;
    }
    snprintf(text + used, size - used, "%s", shape->rank == 0 ? "()" : ")");
    return text;
}

bcue_status bcue_tensor_create(bcue_dtype dtype, const bcue_shape *shape, bcue_tensor *tensor,
                               bcue_error *error)
{
    int64_t count;
    memset(tensor, 0, sizeof *tensor);
    if (!bcue_shape_count(shape, &count)) {
        char text[160];
        return bcue_fail(error, BCUE_ERROR_SHAPE, "a tensor of shape %s cannot be made: too many elements",
                         bcue_shape_text(shape, text, sizeof text));
    }
    void *data = bcue_calloc_aligned((size_t)count, bcue_dtype_size(dtype));
    if (data == NULL)
        return bcue_fail_memory(error, "a tensor");
    *tensor = (bcue_tensor){.dtype = dtype, .shape = *shape, .data = data, .owned = true};
    return BCUE_OK;
}

void bcue_tensor_free(bcue_tensor *tensor)
{
    if (tensor == NULL)
        return;
    if (tensor->owned)
        free(tensor->data);
    memset(tensor, 0, sizeof *tensor);
}

int64_t bcue_tensor_count(const bcue_tensor *tensor)
{
    int64_t count = 0;
    return bcue_shape_count(&tensor->shape, &count) ? count : 0;
}

size_t bcue_tensor_size(const bcue_tensor *tensor)
{
    return (size_t)bcue_tensor_count(tensor) * bcue_dtype_size(tensor->dtype);
}

#include "check.h"

#include "tensor/tensor.h"

static void counts(void)
{
    int64_t count = -1;
    bcue_shape shape = bcue_shape_of(2, 3, 4);
    CHECK(bcue_shape_count(&shape, &count));
    CHECK_INT(count, 24);
    shape = (bcue_shape){0};
    CHECK(bcue_shape_count(&shape, &count));
    CHECK_INT(count, 1);
    shape = bcue_shape_of(INT64_MAX, 0, INT64_MAX);
    CHECK(bcue_shape_count(&shape, &count));
    CHECK_INT(count, 0);
    shape = bcue_shape_of(INT64_MAX, 2);
    CHECK(!bcue_shape_count(&shape, &count));
    shape = bcue_shape_of(2, -1);
    CHECK(!bcue_shape_count(&shape, &count));
}

static void texts(void)
{
    char text[64], tiny[6];
    bcue_shape shape = bcue_shape_of(2, 3, 4);
    CHECK_STR(bcue_shape_text(&shape, text, sizeof text), "(2, 3, 4)");
    CHECK_STR(bcue_shape_text(&shape, tiny, sizeof tiny), "(2, 3");
    shape = (bcue_shape){0};
    CHECK_STR(bcue_shape_text(&shape, text, sizeof text), "()");
    bcue_shape a = bcue_shape_of(2, 3), b = bcue_shape_of(2, 3), c = bcue_shape_of(2, 3, 1);
    CHECK(bcue_shape_equal(&a, &b));
    CHECK(!bcue_shape_equal(&a, &c));
    CHECK_STR(bcue_dtype_name(BCUE_I64), "i64");
    CHECK_INT(bcue_dtype_size(BCUE_U8), 1);
}

static void tensors(void)
{
    bcue_tensor tensor;
    bcue_error error = {""};
    bcue_shape shape = bcue_shape_of(3, 5);
    CHECK_OK(bcue_tensor_create(BCUE_F64, &shape, &tensor, &error), error);
    CHECK_INT((uintptr_t)tensor.data % 64, 0);
    CHECK_INT(bcue_tensor_count(&tensor), 15);
    CHECK_INT(bcue_tensor_size(&tensor), 120);
    for (int i = 0; i < 15; i++)
        CHECK(((double *)tensor.data)[i] == 0);
    bcue_tensor_free(&tensor);
    CHECK(tensor.data == NULL);
    bcue_tensor_free(&tensor);
    bcue_tensor_free(NULL);
    shape = bcue_shape_of(INT64_MAX, 16);
    CHECK_STATUS(bcue_tensor_create(BCUE_F64, &shape, &tensor, &error), BCUE_ERROR_SHAPE);
    shape = bcue_shape_of(INT64_MAX / 2);
    CHECK_STATUS(bcue_tensor_create(BCUE_F64, &shape, &tensor, &error), BCUE_ERROR_MEMORY);
}

int main(void)
{
    RUN(counts);
    RUN(texts);
    RUN(tensors);
    return check_summary();
}

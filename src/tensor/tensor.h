/* Shapes, element types and dense row-major tensors. */
#ifndef BCUE_TENSOR_TENSOR_H
#define BCUE_TENSOR_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "beamcue/status.h"

typedef enum bcue_dtype {
    BCUE_F32,
    BCUE_F64,
    BCUE_I32,
    BCUE_I64,
    BCUE_U8,
} bcue_dtype;

enum { BCUE_MAX_RANK = 6 };

/* rank 0 is a scalar. Dimensions are >= 0. */
typedef struct bcue_shape {
    int rank;
    int64_t dim[BCUE_MAX_RANK];
} bcue_shape;

size_t bcue_dtype_size(bcue_dtype dtype);
const char *bcue_dtype_name(bcue_dtype dtype); /* "f32", ... */

/* bcue_shape_of(2, 3, 4) is a 3-d shape; at most 6 dimensions. */
#define bcue_shape_of(...)                                                                                   \
    bcue_shape_make((int)(sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t)),                         \
                    (const int64_t[]){__VA_ARGS__})
bcue_shape bcue_shape_make(int rank, const int64_t *dim);
bool bcue_shape_equal(const bcue_shape *a, const bcue_shape *b);
/* Number of elements; false when a dimension is negative or the product does not fit an int64_t. */
bool bcue_shape_count(const bcue_shape *shape, int64_t *count);
/* "(2, 3, 4)" into text; always NUL-terminated. Returns text. */
const char *bcue_shape_text(const bcue_shape *shape, char *text, size_t size);

/* Dense row-major data. Owned tensors come from bcue_tensor_create; views point into someone else's memory.
 */
typedef struct bcue_tensor {
    bcue_dtype dtype;
    bcue_shape shape;
    void *data;
    bool owned;
} bcue_tensor;

/* Zeroed and 64-byte aligned. */
bcue_status bcue_tensor_create(bcue_dtype dtype, const bcue_shape *shape, bcue_tensor *tensor,
                               bcue_error *error);
void bcue_tensor_free(bcue_tensor *tensor); /* frees only what is owned; makes it empty */
int64_t bcue_tensor_count(const bcue_tensor *tensor);
size_t bcue_tensor_size(const bcue_tensor *tensor); /* bytes */

#endif

/* How onnx_export.c and onnx_nodes.c write one file together. Field numbers: onnx.proto of ONNX 1.13. */
#ifndef BCUE_EXCHANGE_ONNX_PARTS_H
#define BCUE_EXCHANGE_ONNX_PARTS_H

#include "base/memory.h"
#include "exchange/onnx_export.h"

enum {
    BCUE_ONNX_FLOAT = 1,
    BCUE_ONNX_UINT8 = 2,
    BCUE_ONNX_INT8 = 3,
    BCUE_ONNX_INT32 = 6,
    BCUE_ONNX_INT64 = 7
};                                                      /* TensorProto.DataType */
enum { BCUE_ONNX_NODE = 1, BCUE_ONNX_INITIALIZER = 5 }; /* fields of GraphProto */

typedef struct bcue_onnx {
    const bcue_onnx_source *source;
    bcue_text *out;
    bcue_arena *arena;     /* of names */
    const char **names;    /* per value of the graph; NULL: not there yet */
    bcue_int8_input *int8; /* per node of the graph; NULL: all in f32 */
    int made;              /* numbers of names made up here */
    bool failed;           /* no memory */
} bcue_onnx;

/* A list of whole numbers (count > 0), or one number, or a text. */
typedef struct bcue_onnx_attribute {
    const char *name;
    const int64_t *ints;
    size_t count;
    int64_t one;
    float real;
    const char *text;
    enum { BCUE_ONNX_A_INT = 2, BCUE_ONNX_A_FLOAT = 1, BCUE_ONNX_A_STRING = 3, BCUE_ONNX_A_INTS = 7 } type;
} bcue_onnx_attribute;

/* A name nobody else has: "stem.N". NULL after a failure, which the struct remembers. */
const char *bcue_onnx_fresh(bcue_onnx *onnx, const char *stem);
/* A node with `inputs` and one result. */
void bcue_onnx_node(bcue_onnx *onnx, const char *op, const char *name, const char *const *inputs,
                    size_t input_count, const char *output, const bcue_onnx_attribute *attributes,
                    size_t attribute_count);
/* Constants; return their names. */
const char *bcue_onnx_ints(bcue_onnx *onnx, const int64_t *values, size_t count);
const char *bcue_onnx_floats(bcue_onnx *onnx, const bcue_shape *shape, const float *values);
const char *bcue_onnx_number(bcue_onnx *onnx, double value); /* a scalar */

/* onnx_quantise.c: the name of `x` rounded to 8 bits and back, as the input says. */
const char *bcue_onnx_rounded(bcue_onnx *onnx, const char *x, const bcue_int8_input *input);
/* The weights of a layer in 8 bits: bytes, and what makes them numbers of that name. */
bcue_status bcue_onnx_put_byte_weight(bcue_onnx *onnx, const char *name, const bcue_tensor *weight,
                                      bcue_error *error);
/* An initializer; numbers of `element` bytes. */
void bcue_onnx_tensor(bcue_onnx *onnx, const char *name, int type, const bcue_shape *shape, const void *data,
                      size_t element);

/* onnx_export.c: `source`, whose metadata are made those of the model, encoded and written. */
bcue_status bcue_onnx_write(const char *path, bcue_onnx_source *source, const bcue_model_file *model,
                            bcue_error *error);

/* onnx_nodes.c: writes one node of the graph, all of whose inputs have names, and gives its result a name. */
bcue_status bcue_onnx_put_node(bcue_onnx *onnx, int32_t index, bcue_error *error);

#endif

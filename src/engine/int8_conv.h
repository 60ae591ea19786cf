/* Convolution on 8-bit numbers with 32-bit sums, by oneDNN where the processor has VNNI or AMX, and in plain
   C. Activations lie channels last (N, H, W, C), which is what the fast kernels want. */
#ifndef BCUE_ENGINE_INT8_CONV_H
#define BCUE_ENGINE_INT8_CONV_H

#include <stdbool.h>
#include <stdint.h>
#include "beamcue/status.h"

typedef enum bcue_int8_result {
    BCUE_INT8_SUM,  /* int32_t: acc, exact; takes no bias and no relu */
    BCUE_INT8_REAL, /* float: (acc + bias) scale */
    BCUE_INT8_BYTE, /* uint8_t: the same rounded half to even, cut to 0 .. 255 */
} bcue_int8_result;

/* acc = sum of x w over the window, zeros around the picture. All in f32 from there: ((float)acc +
   (float)bias) scale [, 0 where negative]. */
typedef struct bcue_int8_conv_spec {
    int64_t pictures, channels, height, width, outputs;
    int kernel[2], stride[2], padding[2];
    bool signed_input;    /* int8_t, else uint8_t */
    const int8_t *weight; /* (outputs, channels, kernel[0], kernel[1]), -127 .. 127 */
    const int32_t *bias;  /* (outputs), NULL: none */
    const float *scale;   /* (outputs); not for BCUE_INT8_SUM */
    bool relu;
    bcue_int8_result result;
} bcue_int8_conv_spec;

/* Rows and columns of the result. */
void bcue_int8_conv_size(const bcue_int8_conv_spec *spec, int64_t size[2]);
/* `x` (N, H, W, C) to `y` (N, H', W', O). */
void bcue_int8_conv_reference(const bcue_int8_conv_spec *spec, const void *x, void *y);

/* Has this processor instructions whose sums cannot saturate (AVX-512 or AVX VNNI, or AMX), and the engine
   kernels for them? */
bool bcue_int8_available(void);

typedef struct bcue_int8_conv bcue_int8_conv;

/* BCUE_ERROR_UNSUPPORTED where bcue_int8_available is false. The spec's arrays are copied. */
bcue_status bcue_int8_conv_create(const bcue_int8_conv_spec *spec, bcue_int8_conv **conv, bcue_error *error);
void bcue_int8_conv_destroy(bcue_int8_conv *conv);
void *bcue_int8_conv_input(bcue_int8_conv *conv);        /* (N, H, W, C) */
const void *bcue_int8_conv_output(bcue_int8_conv *conv); /* (N, H', W', O) */
/* One thread at a time for each `conv`. */
bcue_status bcue_int8_conv_run(bcue_int8_conv *conv, bcue_error *error);

#endif

/* The plain-C side of 8-bit convolution: what the fast kernels must equal bit for bit. */
#include <math.h>
#include <stddef.h>

#include "engine/int8_conv.h"

void bcue_int8_conv_size(const bcue_int8_conv_spec *spec, int64_t size[2])
{
    const int64_t in[2] = {spec->height, spec->width};
    for (int i = 0; i < 2; i++)
        size[i] = (in[i] + 2 * spec->padding[i] - spec->kernel[i]) / spec->stride[i] + 1;
}

static int32_t element(const bcue_int8_conv_spec *spec, const void *x, int64_t at)
{
    return spec->signed_input ? ((const int8_t *)x)[at] : ((const uint8_t *)x)[at];
}

/* The sum of one output at row `top`, column `left` of the picture (of the window's first element). */
static int32_t window_sum(const bcue_int8_conv_spec *spec, const void *x, int64_t picture, int64_t top,
                          int64_t left, int64_t output)
{
    int32_t sum = 0;
    for (int64_t c = 0; c < spec->channels; c++) {
        for (int64_t i = 0; i < spec->kernel[0]; i++) {
            for (int64_t j = 0; j < spec->kernel[1]; j++) {
                const int64_t row = top + i, column = left + j;
                if (row < 0 || row >= spec->height || column < 0 || column >= spec->width)
                    continue;
                const int64_t at =
                    ((picture * spec->height + row) * spec->width + column) * spec->channels + c;
                const int64_t tap =
                    ((output * spec->channels + c) * spec->kernel[0] + i) * spec->kernel[1] + j;
                sum += element(spec, x, at) * spec->weight[tap];
            }
        }
    }
    return sum;
}

static void put(const bcue_int8_conv_spec *spec, void *y, int64_t at, int64_t output, int32_t sum)
{
    const int32_t bias = spec->bias != NULL ? spec->bias[output] : 0;
    if (spec->result == BCUE_INT8_SUM) {
        ((int32_t *)y)[at] = sum;
        return;
    }
    float value = ((float)sum + (float)bias) * spec->scale[output];
    if (spec->relu && value < 0)
        value = 0;
    if (spec->result == BCUE_INT8_REAL)
        ((float *)y)[at] = value;
    else /* nearbyintf rounds half to even in the default mode */
        ((uint8_t *)y)[at] = (uint8_t)fminf(fmaxf(nearbyintf(value), 0), 255);
}

void bcue_int8_conv_reference(const bcue_int8_conv_spec *spec, const void *x, void *y)
{
    int64_t size[2], at = 0;
    bcue_int8_conv_size(spec, size);
    for (int64_t n = 0; n < spec->pictures; n++) {
        for (int64_t row = 0; row < size[0]; row++) {
            for (int64_t column = 0; column < size[1]; column++) {
                for (int64_t output = 0; output < spec->outputs; output++, at++)
                    put(spec, y, at, output,
                        window_sum(spec, x, n, row * spec->stride[0] - spec->padding[0],
                                   column * spec->stride[1] - spec->padding[1], output));
            }
        }
    }
}

#include "graph/int8_layer.h"

#include <math.h>

void bcue_quantise_weight(const bcue_tensor *weight, int8_t *bytes, float *scale)
{
    const float *values = weight->data;
    const int64_t outputs = weight->shape.dim[0],
                  each = outputs > 0 ? bcue_tensor_count(weight) / outputs : 0;
    for (int64_t o = 0; o < outputs; o++, values += each, bytes += each) {
        float largest = 0;
        for (int64_t i = 0; i < each; i++)
            largest = fmaxf(largest, fabsf(values[i]));
        scale[o] = largest > 0 ? largest / 127 : 1;
        for (int64_t i = 0; i < each; i++)
            bytes[i] = (int8_t)fminf(fmaxf(nearbyintf(values[i] / scale[o]), -127), 127);
    }
}

void bcue_int8_layer(const bcue_tensor *weight, const float *bias, float x_scale, float y_scale,
                     int8_t *bytes, int32_t *bias_sum, float *scale)
{
    const double limit = 1 << 30;
    bcue_quantise_weight(weight, bytes, scale);
    for (int64_t o = 0; o < weight->shape.dim[0]; o++) {
        const double step = (double)scale[o] * (double)x_scale,
                     sum = bias != NULL ? nearbyint((double)bias[o] / step) : 0;
        bias_sum[o] = (int32_t)fmin(fmax(sum, -limit), limit);
        scale[o] = (float)(step / (double)y_scale);
    }
}

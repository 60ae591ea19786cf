/* 8-bit convolution against the plain C one, bit for bit; and that one against sums done by hand. */
#include <stdlib.h>
#include "base/memory.h"
#include "base/rng.h"
#include "check.h"
#include "engine/int8_conv.h"

static size_t result_size(const bcue_int8_conv_spec *spec)
{
    int64_t size[2];
    bcue_int8_conv_size(spec, size);
    return (size_t)(spec->pictures * size[0] * size[1] * spec->outputs) *
           (spec->result == BCUE_INT8_BYTE ? 1 : 4);
}

/* One picture, two channels, 2 x 2 kernel: 1*1 + 2*(-3) + ... by hand. */
static void by_hand(void)
{
    const uint8_t x[] = {1, 200, 2, 0, 3, 10, 4, 255}; /* rows (1 2 / 3 4) and (200 0 / 10 255) */
    const int8_t w[] = {1, -1, 2, 127, -127, 5, 0, 1}; /* channel 0: 1 -1 2 127; channel 1: -127 5 0 1 */
    const int32_t bias[] = {-1000};
    const float scale[] = {-0.001F};
    bcue_int8_conv_spec spec = {.pictures = 1,
                                .channels = 2,
                                .height = 2,
                                .width = 2,
                                .outputs = 1,
                                .kernel = {2, 2},
                                .stride = {1, 1},
                                .weight = w};
    int32_t sum;
    const int32_t expected = (1 * 1 - 2 + 2 * 3 + 127 * 4) + (-127 * 200 + 5 * 0 + 0 * 10 + 255);
    bcue_int8_conv_reference(&spec, x, &sum);
    CHECK_INT(sum, expected);
    spec.result = BCUE_INT8_REAL;
    spec.bias = bias;
    spec.scale = scale;
    float real;
    bcue_int8_conv_reference(&spec, x, &real);
    CHECK_NEAR(real, (double)((float)(expected - 1000) * -0.001F), 0);
    spec.result = BCUE_INT8_BYTE;
    uint8_t byte;
    bcue_int8_conv_reference(&spec, x, &byte);
    CHECK_INT(byte, 26); /* 25.632 */
    const int8_t nothing[8] = {0};
    const float half[] = {0.5F};
    spec.weight = nothing;
    spec.scale = half;
    static const int rounded[] = {0, 0, 1, 2, 2, 2, 3, 4}; /* 0.5 to 0, 1.5 to 2, 2.5 to 2, 3.5 to 4 */
    for (int32_t k = 0; k < 8; k++) {
        const int32_t value = k;
        spec.bias = &value;
        bcue_int8_conv_reference(&spec, x, &byte);
        CHECK_INT(byte, rounded[k]);
    }
}

static void random_case(uint32_t number, const bcue_int8_conv_spec *shape)
{
    bcue_error error = {""};
    bcue_rng rng = bcue_rng_make(11, BCUE_RNG_TEST, 0, 0, number);
    bcue_int8_conv_spec spec = *shape;
    const size_t taps = (size_t)(spec.outputs * spec.channels * spec.kernel[0] * spec.kernel[1]);
    const size_t inputs = (size_t)(spec.pictures * spec.height * spec.width * spec.channels);
    int8_t *weight = bcue_calloc(taps, 1);
    int32_t *bias = bcue_calloc((size_t)spec.outputs, sizeof *bias);
    float *scale = bcue_calloc((size_t)spec.outputs, sizeof *scale);
    for (size_t i = 0; i < taps; i++) /* often at the ends, where 16-bit sums saturate */
        weight[i] = (int8_t)(bcue_rng_below(&rng, 4) == 0 ? 127 : (int)bcue_rng_below(&rng, 255) - 127);
    for (int64_t i = 0; i < spec.outputs; i++) {
        bias[i] = (int32_t)bcue_rng_below(&rng, 20001) - 10000;
        scale[i] = (float)bcue_rng_range(&rng, 1e-5, 1e-3);
    }
    spec.weight = weight;
    spec.bias = number % 3 == 2 || spec.result == BCUE_INT8_SUM ? NULL : bias;
    spec.scale = scale;
    bcue_int8_conv *conv;
    CHECK_OK(bcue_int8_conv_create(&spec, &conv, &error), error);
    uint8_t *x = conv != NULL ? bcue_int8_conv_input(conv) : NULL,
            *expected = bcue_calloc(result_size(&spec), 1);
    for (size_t i = 0; x != NULL && i < inputs; i++)
        x[i] = bcue_rng_below(&rng, 4) == 0 ? (spec.signed_input ? 127 : 255)
                                            : (uint8_t)bcue_rng_below(&rng, 256);
    if (conv != NULL) {
        CHECK_OK(bcue_int8_conv_run(conv, &error), error);
        bcue_int8_conv_reference(&spec, x, expected);
        CHECK_AT(memcmp(bcue_int8_conv_output(conv), expected, result_size(&spec)) == 0,
                 "case %u: not the plain sums", number);
    }
    bcue_int8_conv_destroy(conv);
    free(weight);
    free(bias);
    free(scale);
    free(expected);
}

static void equals_plain_c(void)
{
    static const bcue_int8_conv_spec shapes[] = {
        {.pictures = 2,
         .channels = 16,
         .height = 9,
         .width = 7,
         .outputs = 32,
         .kernel = {3, 3},
         .stride = {1, 1},
         .padding = {1, 1}},
        {.pictures = 1,
         .channels = 3,
         .height = 17,
         .width = 21,
         .outputs = 16,
         .kernel = {7, 7},
         .stride = {2, 2},
         .padding = {3, 3}},
        {.pictures = 1,
         .channels = 64,
         .height = 8,
         .width = 8,
         .outputs = 64,
         .kernel = {3, 3},
         .stride = {2, 2},
         .padding = {1, 1}},
        {.pictures = 3,
         .channels = 20,
         .height = 5,
         .width = 6,
         .outputs = 24,
         .kernel = {1, 1},
         .stride = {2, 2}},
        {.pictures = 1,
         .channels = 512,
         .height = 4,
         .width = 4,
         .outputs = 64,
         .kernel = {3, 3},
         .stride = {1, 1},
         .padding = {1, 1}},
    };
    if (!bcue_int8_available())
        SKIP("this processor has neither VNNI nor AMX");
    for (uint32_t number = 0; number < 5 * 12; number++) {
        bcue_int8_conv_spec shape = shapes[number % 5];
        shape.result = (bcue_int8_result)(number / 5 % 3);
        shape.signed_input = number / 15 % 2 == 1;
        shape.relu = number / 30 % 2 == 1 && shape.result != BCUE_INT8_SUM;
        random_case(number, &shape);
    }
}

static void refused_without(void)
{
    bcue_error error = {""};
    bcue_int8_conv *conv;
    if (bcue_int8_available())
        SKIP("this processor has the instructions");
    const int8_t weight[1] = {1};
    const bcue_int8_conv_spec spec = {.pictures = 1,
                                      .channels = 1,
                                      .height = 1,
                                      .width = 1,
                                      .outputs = 1,
                                      .kernel = {1, 1},
                                      .stride = {1, 1},
                                      .weight = weight};
    CHECK_STATUS(bcue_int8_conv_create(&spec, &conv, &error), BCUE_ERROR_UNSUPPORTED);
    CHECK(conv == NULL);
}

int main(void)
{
    RUN(by_hand);
    RUN(equals_plain_c);
    RUN(refused_without);
    return check_summary();
}

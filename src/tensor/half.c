#include "tensor/half.h"

#include <string.h>

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static float from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* `value` without its last `count` bits, to the nearest, ties to even. */
static uint32_t round_off(uint32_t value, unsigned count)
{
    const uint32_t kept = value >> count, rest = value & ((1u << count) - 1u), half = 1u << (count - 1u);
    return kept + (rest > half || (rest == half && (kept & 1u)));
}

uint16_t bcue_half_from_float(float value)
{
    const uint32_t bits = bits_of(value), sign = bits >> 16 & 0x8000u, size = bits & 0x7FFFFFFFu;
    if (size > 0x7F800000u) /* not a number */
        return (uint16_t)(sign | 0x7E00u);
    if (size >= 0x47800000u) /* 65536 and more */
        return (uint16_t)(sign | 0x7C00u);
    if (size >= 0x38800000u) /* 2^-14: the exponent's bias falls from 127 to 15; rounding may carry into it */
        return (uint16_t)(sign | round_off(size - (112u << 23), 13));
    const unsigned exponent = size >> 23;
    if (exponent < 102u) /* below 2^-25 */
        return (uint16_t)sign;
    return (uint16_t)(sign | round_off((size & 0x7FFFFFu) | 0x800000u, 126u - exponent));
}

float bcue_half_to_float(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half & 0x8000u) << 16, exponent = half >> 10 & 31u,
                   fraction = half & 0x3FFu;
    if (exponent == 31u)
        return from_bits(sign | 0x7F800000u | fraction << 13);
    if (exponent > 0u)
        return from_bits(sign | (exponent + 112u) << 23 | fraction << 13);
    const float small = (float)fraction * 0x1p-24f;
    return sign ? -small : small;
}

float bcue_bfloat_to_float(uint16_t bfloat)
{
    return from_bits((uint32_t)bfloat << 16);
}

/* Numbers of 16 bits in files: IEEE 754 binary16 (half precision) and bfloat16. */
#ifndef BCUE_TENSOR_HALF_H
#define BCUE_TENSOR_HALF_H

#include <stdint.h>

/* To the nearest, ties to even; beyond 65504 (from 65520 on) infinity, below 2^-24 gradually to zero. */
uint16_t bcue_half_from_float(float value);
float bcue_half_to_float(uint16_t half);
float bcue_bfloat_to_float(uint16_t bfloat);

#endif

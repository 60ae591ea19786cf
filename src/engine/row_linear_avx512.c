/* Rows times packed weights with AVX-512: this file alone is compiled for it; row_linear.c asks the CPU
 * first. */
#include <immintrin.h>
#include <stdint.h>

typedef __m512 vec;
enum { LANES = 16 };
#define ROW_BF16 bcue_row_bf16_avx512
#define ROW_INT8 bcue_row_int8_avx512
#define vec_zero() _mm512_setzero_ps()
#define vec_set1(x) _mm512_set1_ps(x)
#define vec_store(to, x) _mm512_storeu_ps(to, x)
#define vec_fma(a, b, c) _mm512_fmadd_ps(a, b, c)

static inline vec widen_bf16(const uint16_t *from)
{
    const __m512i words = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)(const void *)from));
    return _mm512_castsi512_ps(_mm512_slli_epi32(words, 16));
}

static inline vec widen_int8(const int8_t *from)
{
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)(const void *)from)));
}

#include "engine/row_linear_block.inc.h"

/* Rows times packed weights with AVX2 and FMA: this file alone is compiled for them; row_linear.c asks the
 * CPU first.
 */
#include <immintrin.h>
#include <stdint.h>

typedef __m256 vec;
enum { LANES = 8 };
#define ROW_BF16 bcue_row_bf16_avx2
#define ROW_INT8 bcue_row_int8_avx2
#define vec_zero() _mm256_setzero_ps()
#define vec_set1(x) _mm256_set1_ps(x)
#define vec_store(to, x) _mm256_storeu_ps(to, x)
#define vec_fma(a, b, c) _mm256_fmadd_ps(a, b, c)

static inline vec widen_bf16(const uint16_t *from)
{
    const __m256i words = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(const void *)from));
    return _mm256_castsi256_ps(_mm256_slli_epi32(words, 16));
}

static inline vec widen_int8(const int8_t *from)
{
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)from)));
}

#include "engine/row_linear_block.inc.h"

/* Dropout masks with AVX2: this file alone is compiled for it. */
#include <immintrin.h>

typedef __m256i words;
enum { LANES = 8 };
#define DROPOUT_BLOCKS bcue_dropout_blocks_avx2
#define words_load(from) _mm256_loadu_si256((const __m256i *)(from))
#define words_store(to, x) _mm256_storeu_si256((__m256i *)(to), x)
#define words_set1(x) _mm256_set1_epi32((int)(x))
#define words_add(a, b) _mm256_add_epi32(a, b)
#define words_xor(a, b) _mm256_xor_si256(a, b)
#define words_or(a, b) _mm256_or_si256(a, b)
#define words_and(a, b) _mm256_and_si256(a, b)
#define words_half(x) _mm256_srli_epi32(x, 16)
#define words_multiply(a, b) _mm256_mul_epu32(a, b)
#define words_down(x) _mm256_srli_epi64(x, 32)
#define words_up(x) _mm256_slli_epi64(x, 32)
#define words_join(even, odd) _mm256_blend_epi32(even, odd, 0xAA)
#define words_bit(a, b, value)                                                                               \
    _mm256_and_si256(_mm256_cmpeq_epi32(_mm256_max_epu32(a, b), a), _mm256_set1_epi32(value))

#include "engine/dropout_lanes.inc.h"

/* Dropout masks with AVX-512: this file alone is compiled for it. */
#include <immintrin.h>

typedef __m512i words;
enum { LANES = 16 };
#define DROPOUT_BLOCKS bcue_dropout_blocks_avx512
#define words_load(from) _mm512_loadu_si512(from)
#define words_store(to, x) _mm512_storeu_si512(to, x)
#define words_set1(x) _mm512_set1_epi32((int)(x))
#define words_add(a, b) _mm512_add_epi32(a, b)
#define words_xor(a, b) _mm512_xor_si512(a, b)
#define words_or(a, b) _mm512_or_si512(a, b)
#define words_and(a, b) _mm512_and_si512(a, b)
#define words_half(x) _mm512_srli_epi32(x, 16)
#define words_multiply(a, b) _mm512_mul_epu32(a, b)
#define words_down(x) _mm512_srli_epi64(x, 32)
#define words_up(x) _mm512_slli_epi64(x, 32)
#define words_join(even, odd) _mm512_mask_mov_epi32(even, 0xAAAA, odd)
#define words_bit(a, b, value) _mm512_maskz_set1_epi32(_mm512_cmpge_epu32_mask(a, b), value)

#include "engine/dropout_lanes.inc.h"

/* Attention with AVX2 and FMA: this file alone is compiled for them; attention.c asks the CPU first. */
#include <immintrin.h>

typedef __m256 vec;
enum { LANES = 8, TILE_VECTORS = 3, MAX_COLUMNS = 3 };
/* Rows of sums that fit the 16 registers beside a line and an element. */
#define ROWS_OF(columns) ((columns) == 1 ? 8 : (columns) == 2 ? 6 : 4)
#define ATTENTION_KERNELS bcue_attention_avx2
#define vec_load(from) _mm256_loadu_ps(from)
#define vec_store(to, x) _mm256_storeu_ps(to, x)
#define vec_set1(x) _mm256_set1_ps(x)
#define vec_add(a, b) _mm256_add_ps(a, b)
#define vec_sub(a, b) _mm256_sub_ps(a, b)
#define vec_mul(a, b) _mm256_mul_ps(a, b)
#define vec_div(a, b) _mm256_div_ps(a, b)
#define vec_max(a, b) _mm256_max_ps(a, b)
#define vec_fma(a, b, c) _mm256_fmadd_ps(a, b, c)
#define vec_round(x) _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)

/* The exponent bits, n held within -126 .. 127. */
static inline __m256 vec_scale(__m256 p, __m256 n)
{
    n = _mm256_max_ps(n, _mm256_set1_ps(-126));
    __m256i bits = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
    return _mm256_mul_ps(p, _mm256_castsi256_ps(bits));
}

#include "engine/attention_tile.inc.h"

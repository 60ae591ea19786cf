/* Attention with AVX-512: this file alone is compiled for it; attention.c asks the CPU first. */
#include <immintrin.h>

typedef __m512 vec;
enum { LANES = 16, TILE_VECTORS = 3, MAX_COLUMNS = 4 };
/* Rows of sums that fit the 32 registers beside a line and an element. */
#define ROWS_OF(columns) ((columns) == 1 ? 14 : (columns) == 2 ? 12 : (columns) == 3 ? 8 : 6)
#define ATTENTION_KERNELS bcue_attention_avx512
#define vec_load(from) _mm512_loadu_ps(from)
#define vec_store(to, x) _mm512_storeu_ps(to, x)
#define vec_set1(x) _mm512_set1_ps(x)
#define vec_add(a, b) _mm512_add_ps(a, b)
#define vec_sub(a, b) _mm512_sub_ps(a, b)
#define vec_mul(a, b) _mm512_mul_ps(a, b)
#define vec_div(a, b) _mm512_div_ps(a, b)
#define vec_max(a, b) _mm512_max_ps(a, b)
#define vec_fma(a, b, c) _mm512_fmadd_ps(a, b, c)
#define vec_round(x) _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)
#define vec_scale(p, n) _mm512_scalef_ps(p, n)

#include "engine/attention_tile.inc.h"

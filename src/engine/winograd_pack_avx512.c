/* Winograd's weights with AVX-512: this file alone is compiled for it; onednn_packed.c asks the CPU first. */
#include <immintrin.h>
#include "base/parallel.h"
#include "engine/winograd_pack.h"

enum { LANES = BCUE_WINOGRAD_LANES, TILE = BCUE_WINOGRAD_TILE, TAPS = 9, RUN = LANES * TAPS };

/* Rows of G: (1/a2b2, 0, 0), -d (1/a2, +-1/a, 1), d (1/b2, +-1/b, 1), (0, 0, 1) with a = 5/8, b = 3/2 and d =
   1 / (2 (b2 - a2)). */
static const double point_a = 0.625, point_b = 1.5;

typedef struct factors {
    __m512 first, a0, a1, b0, b1, both;
} factors;

static factors make_factors(void)
{
    const double a2 = point_a * point_a, b2 = point_b * point_b, d = 0.5 / (b2 - a2);
    return (factors){.first = _mm512_set1_ps((float)(1 / (a2 * b2))),
                     .a0 = _mm512_set1_ps((float)(-d / a2)),
                     .a1 = _mm512_set1_ps((float)(-d / point_a)),
                     .b0 = _mm512_set1_ps((float)(d / b2)),
                     .b1 = _mm512_set1_ps((float)(d / point_b)),
                     .both = _mm512_set1_ps((float)d)};
}

/* G x for one column x. */
static inline void transform(const factors *f, const __m512 x[3], __m512 y[TILE])
{
    const __m512 third = _mm512_mul_ps(f->both, x[2]);
    const __m512 even_a = _mm512_sub_ps(_mm512_mul_ps(f->a0, x[0]), third),
                 odd_a = _mm512_mul_ps(f->a1, x[1]);
    const __m512 even_b = _mm512_add_ps(_mm512_mul_ps(f->b0, x[0]), third),
                 odd_b = _mm512_mul_ps(f->b1, x[1]);
    y[0] = _mm512_mul_ps(f->first, x[0]);
    y[1] = _mm512_add_ps(even_a, odd_a);
    y[2] = _mm512_sub_ps(even_a, odd_a);
    y[3] = _mm512_add_ps(even_b, odd_b);
    y[4] = _mm512_sub_ps(even_b, odd_b);
    y[5] = x[2];
}

/* 16 outputs x 16 inputs of kernels, scaled, as (input, tap, output). */
static void gather(const bcue_winograd_pack *pack, int64_t out, int64_t in, float turned[RUN][LANES])
{
    for (int64_t o = 0; o < LANES; o++) {
        const float *from = pack->weight + ((out + o) * pack->inputs + in) * TAPS;
        if (pack->scale == NULL) {
            for (int k = 0; k < RUN; k++)
                turned[k][o] = from[k];
        } else {
            const double scale = pack->scale[out + o];
            for (int k = 0; k < RUN; k++)
                turned[k][o] = (float)((double)from[k] * scale);
        }
    }
}

/* One block of 16 outputs and 16 inputs. */
static void pack_block(const bcue_winograd_pack *pack, int64_t out_block, int64_t in_block)
{
    _Alignas(64) float turned[RUN][LANES];
    const factors f = make_factors();
    const int64_t groups = pack->inputs / LANES / pack->in_blocks, square = LANES * LANES;
    const int64_t plane = groups * pack->out_blocks * pack->in_blocks * square; /* between two of the 36 */
    float *to =
        pack->packed + out_block / pack->out_blocks * TILE * TILE * plane +
        ((in_block / pack->in_blocks * pack->out_blocks + out_block % pack->out_blocks) * pack->in_blocks +
         in_block % pack->in_blocks) *
            square;
    gather(pack, out_block * LANES, in_block * LANES, turned);
    for (int i = 0; i < LANES; i++) {
        __m512 half[3][TILE], row[3], result[TILE];
        for (int column = 0; column < 3; column++) {
            for (int k = 0; k < 3; k++)
                row[k] = _mm512_load_ps(turned[i * TAPS + 3 * k + column]);
            transform(&f, row, half[column]);
        }
        for (int u = 0; u < TILE; u++) {
            for (int k = 0; k < 3; k++)
                row[k] = half[k][u];
            transform(&f, row, result);
            for (int v = 0; v < TILE; v++)
                _mm512_stream_ps(to + (u * TILE + v) * plane + i * LANES, result[v]);
        }
    }
}

static void pack_one(void *context, size_t index)
{
    const bcue_winograd_pack *pack = context;
    const int64_t in_blocks = pack->inputs / LANES;
    pack_block(pack, (int64_t)index / in_blocks, (int64_t)index % in_blocks);
    _mm_sfence();
}

void bcue_winograd_pack_avx512(const bcue_winograd_pack *pack)
{
    bcue_parallel_for((size_t)(pack->outputs / LANES * (pack->inputs / LANES)), 4, pack_one,
                      (void *)(uintptr_t)pack);
}

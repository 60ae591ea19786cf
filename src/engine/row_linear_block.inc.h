/* Blocks of row_linear.h for one instruction set: `vec` of LANES floats, widen_bf16 and widen_int8 of as many
   weights. Every output has one chain of fused multiply-adds, in the order of the entries. */
#include "engine/row_linear.h"

enum { CHAINS = BCUE_ROW_OUTPUTS / LANES, AHEAD = 12 /* entries; a fixed guess of how far memory is away */ };

#define ROW_BLOCK(name, type, widen)                                                                         \
    void name(const void *block, const bcue_row_entry *entries, size_t count, float *sums)                   \
    {                                                                                                        \
        const type *weights = block;                                                                         \
        vec sum[CHAINS];                                                                                     \
        for (int c = 0; c < CHAINS; c++)                                                                     \
            sum[c] = vec_zero();                                                                             \
        for (size_t e = 0; e < count; e++) {                                                                 \
            const type *row = weights + (size_t)entries[e].input * BCUE_ROW_OUTPUTS;                         \
            const size_t later = e + AHEAD < count ? e + AHEAD : e;                                          \
            const char *next = (const char *)(weights + (size_t)entries[later].input * BCUE_ROW_OUTPUTS);    \
            const vec value = vec_set1(entries[e].value);                                                    \
            for (size_t line = 0; line < sizeof(type); line++)                                               \
                _mm_prefetch(next + 64 * line, _MM_HINT_T0);                                                 \
            for (int c = 0; c < CHAINS; c++)                                                                 \
                sum[c] = vec_fma(value, widen(row + c * LANES), sum[c]);                                     \
        }                                                                                                    \
        for (int c = 0; c < CHAINS; c++)                                                                     \
            vec_store(sums + c * LANES, sum[c]);                                                             \
    }

ROW_BLOCK(ROW_BF16, uint16_t, widen_bf16)
ROW_BLOCK(ROW_INT8, int8_t, widen_int8)

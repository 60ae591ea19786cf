/* Philox blocks side by side, one per lane (base/rng.c has the one that is checked against published
   answers). The including file defines DROPOUT_BLOCKS, words (a vector of LANES 32-bit words), words_load,
   words_store, words_set1, words_add, words_xor, words_or, words_and, words_half (32-bit elements by 16
   bits), words_multiply (64-bit products of the even lanes), words_down and words_up (64-bit elements by 32
   bits), words_join (even lanes of the first, odd ones of the second) and words_bit (value in the lanes where
   a >= b, unsigned, 0 in the others). */
#include "engine/dropout.h"

/* The high and low halves of all products. */
static inline void multiply_wide(words x, words factor, words *high, words *low)
{
    words even = words_multiply(x, factor), odd = words_multiply(words_down(x), factor);
    *low = words_join(even, words_up(odd));
    *high = words_join(words_down(even), odd);
}

/* x86-64: the lowest byte comes first. */
static inline words packed(words a, words b, words c, words d, words threshold)
{
    return words_or(words_or(words_bit(a, threshold, 1), words_bit(b, threshold, 1 << 8)),
                    words_or(words_bit(c, threshold, 1 << 16), words_bit(d, threshold, 1 << 24)));
}

/* Blocks first .. first + LANES - 1. */
static inline void some_blocks(const uint32_t counter[4], uint32_t first, const uint32_t key[2],
                               words threshold, uint8_t *even, uint8_t *odd)
{
    static const uint32_t steps[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    const words m0 = words_set1(0xD2511F53U), m1 = words_set1(0xCD9E8D57U);
    words c0 = words_add(words_set1(counter[0] + first), words_load(steps)), c1 = words_set1(counter[1]);
    words c2 = words_set1(counter[2]), c3 = words_set1(counter[3]);
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        words high0, low0, high1, low1;
        multiply_wide(c0, m0, &high0, &low0);
        multiply_wide(c2, m1, &high1, &low1);
        c0 = words_xor(words_xor(high1, c1), words_set1(k0));
        c1 = low1;
        c2 = words_xor(words_xor(high0, c3), words_set1(k1));
        c3 = low0;
        k0 += 0x9E3779B9U;
        k1 += 0xBB67AE85U;
    }
    const words lower = words_set1(0xFFFFU);
    words_store(even, packed(words_and(c0, lower), words_and(c1, lower), words_and(c2, lower),
                             words_and(c3, lower), threshold));
    words_store(odd, packed(words_half(c0), words_half(c1), words_half(c2), words_half(c3), threshold));
}

void DROPOUT_BLOCKS(const uint32_t counter[4], const uint32_t key[2], uint32_t threshold, uint8_t *even,
                    uint8_t *odd)
{
    words limit = words_set1(threshold);
    for (uint32_t first = 0; first < BCUE_DROPOUT_BATCH / 4; first += LANES)
        some_blocks(counter, first, key, limit, even + 4 * first, odd + 4 * first);
}

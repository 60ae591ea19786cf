/* Sixteen Philox blocks side by side (base/rng.c has the one that is checked against published answers),
   compiled once per instruction set with DROPOUT_BLOCKS defined; the compiler makes vectors of the loops. */
#include <string.h>
#include "engine/dropout.h"

void DROPOUT_BLOCKS(const uint32_t counter[4], const uint32_t key[2], uint32_t threshold, uint8_t *keep)
{
    enum { LANES = BCUE_DROPOUT_BATCH / 4 };
    uint32_t c0[LANES], c1[LANES], c2[LANES], c3[LANES], packed[LANES];
    uint32_t k0 = key[0], k1 = key[1];
    for (uint32_t i = 0; i < LANES; i++) {
        c0[i] = counter[0] + i;
        c1[i] = counter[1];
        c2[i] = counter[2];
        c3[i] = counter[3];
    }
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < LANES; i++) {
            uint64_t product0 = (uint64_t)0xD2511F53U * c0[i], product1 = (uint64_t)0xCD9E8D57U * c2[i];
            c0[i] = (uint32_t)(product1 >> 32) ^ c1[i] ^ k0;
            c1[i] = (uint32_t)product1;
            c2[i] = (uint32_t)(product0 >> 32) ^ c3[i] ^ k1;
            c3[i] = (uint32_t)product0;
        }
        k0 += 0x9E3779B9U;
        k1 += 0xBB67AE85U;
    }
    /* x86-64: the lowest byte comes first. */
    for (int i = 0; i < LANES; i++)
        packed[i] = (uint32_t)(c0[i] >= threshold) | (uint32_t)(c1[i] >= threshold) << 8 |
                    (uint32_t)(c2[i] >= threshold) << 16 | (uint32_t)(c3[i] >= threshold) << 24;
    memcpy(keep, packed, sizeof packed);
}

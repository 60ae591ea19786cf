#include "engine/dropout.h"

#include <string.h>
#include "base/rng.h"

static void plain_blocks(const uint32_t counter[4], const uint32_t key[2], uint32_t threshold, uint8_t *even,
                         uint8_t *odd)
{
    uint32_t at[4] = {counter[0], counter[1], counter[2], counter[3]}, words[4];
    for (int i = 0; i < BCUE_DROPOUT_BATCH; i++) {
        if (i % 4 == 0) {
            bcue_philox4x32_10(at, key, words);
            at[0]++;
        }
        even[i] = (words[i % 4] & 0xFFFF) >= threshold;
        odd[i] = (words[i % 4] >> 16) >= threshold;
    }
}

bcue_dropout_stream bcue_dropout_begin(const bcue_dropout_key *key, double probability, bcue_cpu_level level)
{
    bcue_rng rng = bcue_rng_make(key->seed, BCUE_RNG_DROPOUT, key->epoch, key->step, (uint32_t)key->node);
    bcue_dropout_stream stream = {.counter = {0, rng.counter[1], rng.counter[2], rng.counter[3]},
                                  .key = {rng.key[0], rng.key[1]},
                                  .threshold = (uint32_t)(probability * 65536.0 + 0.5),
                                  .blocks = plain_blocks};
#ifdef BCUE_X86_KERNELS
    if (level == BCUE_CPU_AVX512)
        stream.blocks = bcue_dropout_blocks_avx512;
    else if (level == BCUE_CPU_AVX2)
        stream.blocks = bcue_dropout_blocks_avx2;
#else
    (void)level;
#endif
    return stream;
}

void bcue_dropout_pairs(const bcue_dropout_stream *stream, size_t first_pair, size_t count, uint8_t *even,
                        uint8_t *odd)
{
    uint8_t both[2][BCUE_DROPOUT_BATCH];
    uint32_t counter[4];
    memcpy(counter, stream->counter, sizeof counter);
    while (count > 0) {
        size_t skip = first_pair % 4, some = BCUE_DROPOUT_BATCH - skip;
        some = some < count ? some : count;
        counter[0] = (uint32_t)(first_pair / 4);
        stream->blocks(counter, stream->key, stream->threshold, both[0], both[1]);
        memcpy(even, both[0] + skip, some);
        memcpy(odd, both[1] + skip, some);
        even += some;
        odd += some;
        first_pair += some;
        count -= some;
    }
}

void bcue_dropout_keep(const bcue_dropout_stream *stream, size_t first, size_t count, uint8_t *keep)
{
    uint8_t both[2][BCUE_DROPOUT_BATCH];
    for (size_t done = 0; done < count;) {
        size_t skip = (first + done) % 2, pairs = (count - done + skip + 1) / 2;
        pairs = pairs < BCUE_DROPOUT_BATCH ? pairs : BCUE_DROPOUT_BATCH;
        bcue_dropout_pairs(stream, (first + done) / 2, pairs, both[0], both[1]);
        for (size_t i = skip; i < 2 * pairs && done < count; i++)
            keep[done++] = both[i % 2][i / 2];
    }
}

void bcue_dropout_mask(const bcue_dropout_key *key, double probability, size_t first, size_t count,
                       uint8_t *keep)
{
    const bcue_dropout_stream stream = bcue_dropout_begin(key, probability, bcue_cpu_best());
    bcue_dropout_keep(&stream, first, count, keep);
}

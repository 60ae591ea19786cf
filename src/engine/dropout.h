/* Which elements dropout keeps: the same for every engine, instruction set and number of threads. */
#ifndef BCUE_ENGINE_DROPOUT_H
#define BCUE_ENGINE_DROPOUT_H

#include <stddef.h>
#include <stdint.h>
#include "base/cpu.h"

/* A dropout node in one training step. */
typedef struct bcue_dropout_key {
    uint64_t seed;
    uint32_t epoch, step;
    int32_t node; /* index in the graph */
} bcue_dropout_key;

enum { BCUE_DROPOUT_BATCH = 64 }; /* pairs of elements that are decided at once */
/* Is each element of the pairs of 16 Philox blocks from counter[0] on kept? */
typedef void bcue_dropout_blocks(const uint32_t counter[4], const uint32_t key[2], uint32_t threshold,
                                 uint8_t *even, uint8_t *odd);

typedef struct bcue_dropout_stream {
    uint32_t counter[4], key[2], threshold;
    bcue_dropout_blocks *blocks;
} bcue_dropout_stream;

/* Element k is one of pair p = k / 2, which is decided by word p % 4 of the Philox block p / 4 of the stream
   (seed, BCUE_RNG_DROPOUT, epoch, step, node): its lower half is for the even element, the upper one for the
   odd. An element is dropped with `probability`, 0 .. 1, rounded to 2^-16. `level`: at most bcue_cpu_best().
   Any thread. */
bcue_dropout_stream bcue_dropout_begin(const bcue_dropout_key *key, double probability, bcue_cpu_level level);
/* keep[i] = 1 when element first + i is kept, else 0. */
void bcue_dropout_keep(const bcue_dropout_stream *stream, size_t first, size_t count, uint8_t *keep);
/* The same for `count` pairs, the even and the odd elements apart. */
void bcue_dropout_pairs(const bcue_dropout_stream *stream, size_t first_pair, size_t count, uint8_t *even,
                        uint8_t *odd);
/* The stream and its elements at once. */
void bcue_dropout_mask(const bcue_dropout_key *key, double probability, size_t first, size_t count,
                       uint8_t *keep);

/* The pair that holds an attention's probability: those of two keys beside each other share one, so that a
   tile decides both rows at once. The first key of a pair is its even element. */
static inline size_t bcue_dropout_pair_of(size_t head, size_t key, size_t query, size_t keys, size_t queries)
{
    return (head * ((keys + 1) / 2) + key / 2) * queries + query;
}

/* dropout_avx512.c and dropout_avx2.c; only there on x86-64. */
bcue_dropout_blocks bcue_dropout_blocks_avx512, bcue_dropout_blocks_avx2;

#endif

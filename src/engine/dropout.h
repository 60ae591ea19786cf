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

enum { BCUE_DROPOUT_BATCH = 64 }; /* elements that are decided at once */
/* keep[i] for the elements of 16 Philox blocks from counter[0] on. */
typedef void bcue_dropout_blocks(const uint32_t counter[4], const uint32_t key[2], uint32_t threshold,
                                 uint8_t *keep);

typedef struct bcue_dropout_stream {
    uint32_t counter[4], key[2], threshold;
    bcue_dropout_blocks *blocks;
} bcue_dropout_stream;

/* Element k is decided by word k % 4 of the Philox block k / 4 of the stream (seed, BCUE_RNG_DROPOUT, epoch,
   step, node): it is dropped with `probability`, 0 .. 1. `level`: at most bcue_cpu_best(). Any thread. */
bcue_dropout_stream bcue_dropout_begin(const bcue_dropout_key *key, double probability, bcue_cpu_level level);
/* keep[i] = 1 when element first + i is kept, else 0. */
void bcue_dropout_keep(const bcue_dropout_stream *stream, size_t first, size_t count, uint8_t *keep);
/* Both at once. */
void bcue_dropout_mask(const bcue_dropout_key *key, double probability, size_t first, size_t count,
                       uint8_t *keep);

/* dropout_avx512.c and dropout_avx2.c; only there on x86-64. */
bcue_dropout_blocks bcue_dropout_blocks_avx512, bcue_dropout_blocks_avx2;

#endif

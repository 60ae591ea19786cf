/* Which elements dropout keeps: the same for every engine and any number of threads. */
#ifndef BCUE_ENGINE_DROPOUT_H
#define BCUE_ENGINE_DROPOUT_H

#include <stddef.h>
#include <stdint.h>

/* A dropout node in one training step. */
typedef struct bcue_dropout_key {
    uint64_t seed;
    uint32_t epoch, step;
    int32_t node; /* index in the graph */
} bcue_dropout_key;

/* keep[i] = 1 when element first + i of the node's output is kept (probability 1 - `probability`), else 0.
   Element k is decided by word k % 4 of the Philox block k / 4 of the stream (seed, BCUE_RNG_DROPOUT, epoch,
   step, node). Any thread. */
void bcue_dropout_mask(const bcue_dropout_key *key, double probability, size_t first, size_t count,
                       uint8_t *keep);

#endif

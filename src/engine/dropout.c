#include "engine/dropout.h"

#include "base/rng.h"

void bcue_dropout_mask(const bcue_dropout_key *key, double probability, size_t first, size_t count,
                       uint8_t *keep)
{
    bcue_rng stream = bcue_rng_make(key->seed, BCUE_RNG_DROPOUT, key->epoch, key->step, (uint32_t)key->node);
    uint32_t counter[4] = {0, stream.counter[1], stream.counter[2], stream.counter[3]};
    uint32_t words[4];
    uint64_t threshold = (uint64_t)(probability * 4294967296.0);
    for (size_t i = 0; i < count; i++) {
        size_t element = first + i;
        if (i == 0 || element % 4 == 0) {
            counter[0] = (uint32_t)(element / 4);
            bcue_philox4x32_10(counter, stream.key, words);
        }
        keep[i] = words[element % 4] >= threshold;
    }
}

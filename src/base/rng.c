#include "base/rng.h"

#include <math.h>

void bcue_philox4x32_10(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t product0 = (uint64_t)0xD2511F53U * c0;
        uint64_t product1 = (uint64_t)0xCD9E8D57U * c2;
        c0 = (uint32_t)(product1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)product1;
        c2 = (uint32_t)(product0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)product0;
        k0 += 0x9E3779B9U;
        k1 += 0xBB67AE85U;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

bcue_rng bcue_rng_make(uint64_t seed, bcue_rng_purpose purpose, uint32_t episode, uint32_t frame,
                       uint32_t index)
{
    /* The stream key is itself a Philox output, so that seeds and purposes that differ in one bit share
     * nothing. */
    const uint32_t seed_key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    const uint32_t purpose_counter[4] = {(uint32_t)purpose, 0, 0, 0};
    uint32_t mixed[4];
    bcue_philox4x32_10(purpose_counter, seed_key, mixed);
    return (bcue_rng){.key = {mixed[0], mixed[1]}, .counter = {0, index, frame, episode}, .used = 4};
}

uint32_t bcue_rng_u32(bcue_rng *rng)
{
    if (rng->used == 4) {
        bcue_philox4x32_10(rng->counter, rng->key, rng->block);
        rng->counter[0]++;
        rng->used = 0;
    }
    return rng->block[rng->used++];
}

double bcue_rng_uniform(bcue_rng *rng)
{
    uint64_t high = bcue_rng_u32(rng) >> 5, low = bcue_rng_u32(rng) >> 6;
    return (double)(high * 67108864U + low) * (1.0 / 9007199254740992.0);
}

double bcue_rng_range(bcue_rng *rng, double low, double high)
{
    return low + (high - low) * bcue_rng_uniform(rng);
}

double bcue_rng_normal(bcue_rng *rng)
{
    const double two_pi = 6.283185307179586476925287;
    double radius = sqrt(-2.0 * log(1.0 - bcue_rng_uniform(rng)));
    return radius * cos(two_pi * bcue_rng_uniform(rng));
}

/* Knuth's method in steps that keep exp(-mean) in range. */
size_t bcue_rng_poisson(bcue_rng *rng, double mean)
{
    size_t count = 0;
    while (mean > 0.0) {
        double step = fmin(mean, 50.0), limit = exp(-step), product = bcue_rng_uniform(rng);
        while (product > limit) {
            count++;
            product *= bcue_rng_uniform(rng);
        }
        mean -= step;
    }
    return count;
}

uint32_t bcue_rng_below(bcue_rng *rng, uint32_t n)
{
    /* Reject the short last interval, so that every value is equally likely. */
    uint32_t limit = (uint32_t)(-n) % n;
    uint32_t drawn;
    do
        drawn = bcue_rng_u32(rng);
    while (drawn < limit);
    return drawn % n;
}

void bcue_rng_shuffle(bcue_rng *rng, size_t *items, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = bcue_rng_below(rng, (uint32_t)i);
        size_t kept = items[i - 1];
        items[i - 1] = items[j];
        items[j] = kept;
    }
}

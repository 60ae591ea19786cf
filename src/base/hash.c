#include "base/hash.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Multiply and fold eight bytes at a time; the closing mix is that of SplitMix64. */
static uint64_t mix(uint64_t value)
{
    value ^= value >> 30;
    value *= 0xBF58476D1CE4E5B9U;
    value ^= value >> 27;
    value *= 0x94D049BB133111EBU;
    return value ^ (value >> 31);
}

bcue_hash bcue_hash_begin(void)
{
    return (bcue_hash){0x9E3779B97F4A7C15U};
}

static uint64_t absorb(uint64_t state, uint64_t word)
{
    state = (state ^ word) * 0x9FB21C651E98DF25U;
    return state ^ (state >> 32);
}

void bcue_hash_bytes(bcue_hash *hash, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    uint64_t state = absorb(hash->state, size);
    for (; size >= 8; size -= 8, bytes += 8) {
        uint64_t word = 0;
        for (int i = 7; i >= 0; i--)
            word = word << 8 | bytes[i];
        state = absorb(state, word);
    }
    uint64_t last = 0;
    for (size_t i = 0; i < size; i++)
        last |= (uint64_t)bytes[i] << (8 * i);
    hash->state = absorb(state, last);
}

void bcue_hash_text(bcue_hash *hash, const char *text)
{
    if (text == NULL)
        hash->state = absorb(hash->state, UINT64_MAX);
    else
        bcue_hash_bytes(hash, text, strlen(text));
}

void bcue_hash_int(bcue_hash *hash, int64_t value)
{
    hash->state = absorb(hash->state, (uint64_t)value);
}

void bcue_hash_double(bcue_hash *hash, double value)
{
    uint64_t bits = 0x7FF8000000000000U;
    if (value == 0)
        bits = 0;
    else if (!isnan(value))
        memcpy(&bits, &value, sizeof bits);
    hash->state = absorb(hash->state, bits);
}

uint64_t bcue_hash_end(const bcue_hash *hash)
{
    return mix(hash->state);
}

void bcue_hash_hex(const void *data, size_t size, char hex[17])
{
    bcue_hash hash = bcue_hash_begin();
    bcue_hash_bytes(&hash, data, size);
    snprintf(hex, 17, "%016llx", (unsigned long long)bcue_hash_end(&hash));
}

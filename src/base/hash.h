/* A 64-bit hash for telling file lists and cached bytes apart (not against an adversary). */
#ifndef BCUE_BASE_HASH_H
#define BCUE_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

typedef struct bcue_hash {
    uint64_t state;
} bcue_hash;

bcue_hash bcue_hash_begin(void);
void bcue_hash_bytes(bcue_hash *hash, const void *data, size_t size);
void bcue_hash_text(bcue_hash *hash, const char *text); /* NULL and "" differ */
void bcue_hash_int(bcue_hash *hash, int64_t value);
void bcue_hash_double(bcue_hash *hash, double value); /* all NaN alike, -0 as 0 */
uint64_t bcue_hash_end(const bcue_hash *hash);
/* Of one block of bytes, as 16 hex digits and a 0. */
void bcue_hash_hex(const void *data, size_t size, char hex[17]);

#endif

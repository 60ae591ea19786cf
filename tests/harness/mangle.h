/* Damage a valid file in many ways and hand each to a reader: the answer must be a valid result, or an error
   that names the file and the place. Every damaged copy lies in a block of exactly its size, so that a
   sanitizer sees a read one byte past the end. Include check.h first. */
#ifndef BCUE_TESTS_MANGLE_H
#define BCUE_TESTS_MANGLE_H

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"
#include "beamcue/status.h"

enum { MANGLE_MOST = 1000 };

/* The reader under test; releases what it was given. */
typedef bcue_status (*mangle_decode)(const uint8_t *data, size_t size, const char *name, bcue_error *error);

typedef struct mangle_report {
    size_t tried, refused;
} mangle_report;

/* "NAME:LINE: ..." or "NAME: ... byte N ...". */
static inline bool mangle_names_place(const char *text, const char *name)
{
    size_t size = strlen(name);
    if (strncmp(text, name, size) != 0 || text[size] != ':')
        return false;
    if (isdigit((unsigned char)text[size + 1]))
        return true;
    const char *place = strstr(text, "byte ");
    return place != NULL && isdigit((unsigned char)place[5]);
}

static inline void mangle_try(const uint8_t *data, size_t size, mangle_decode decode, const char *name,
                              mangle_report *report)
{
    bcue_error error = {{0}};
    bcue_status status = decode(data, size, name, &error);
    report->tried++;
    if (status == BCUE_OK)
        return;
    report->refused++;
    CHECK_AT(status == BCUE_ERROR_FORMAT || status == BCUE_ERROR_UNSUPPORTED, "%s: %zu bytes gave %s: %s",
             name, size, bcue_status_name(status), error.text);
    CHECK_AT(mangle_names_place(error.text, name), "%s: the sentence names no place: %s", name, error.text);
}

/* Every shorter length, or 1,000 of them spread evenly, the last byte always among them. */
static inline mangle_report mangle_truncate(const uint8_t *data, size_t size, mangle_decode decode,
                                            const char *name)
{
    mangle_report report = {0, 0};
    size_t lengths = size < MANGLE_MOST ? size : MANGLE_MOST;
    for (size_t i = 0; i < lengths; i++) {
        size_t length = size - 1 - (size_t)((double)i * (double)size / (double)lengths);
        uint8_t *copy = malloc(length == 0 ? 1 : length);
        CHECK_AT(copy != NULL, "out of memory");
        if (copy == NULL)
            return report;
        memcpy(copy, data, length);
        mangle_try(copy, length, decode, name, &report);
        free(copy);
    }
    return report;
}

/* One bit at 1,000 places; every fourth time three more, and sometimes a whole byte. */
static inline mangle_report mangle_flip(const uint8_t *data, size_t size, mangle_decode decode,
                                        const char *name)
{
    mangle_report report = {0, 0};
    uint8_t *copy = malloc(size);
    CHECK_AT(copy != NULL, "out of memory");
    for (uint32_t i = 0; copy != NULL && i < MANGLE_MOST; i++) {
        bcue_rng rng = bcue_rng_make(1, BCUE_RNG_TEST, 0, 0, i);
        memcpy(copy, data, size);
        for (int flips = i % 4 == 3 ? 4 : 1; flips > 0; flips--) {
            size_t place = bcue_rng_below(&rng, (uint32_t)size);
            if (i % 8 == 7 && flips == 1)
                copy[place] = (uint8_t)(copy[place] + 1 + bcue_rng_below(&rng, 255));
            else
                copy[place] = (uint8_t)(copy[place] ^ 1u << bcue_rng_below(&rng, 8));
        }
        mangle_try(copy, size, decode, name, &report);
    }
    free(copy);
    return report;
}

#endif

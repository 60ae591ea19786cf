/* Growing text buffer and small string helpers. */
#ifndef BCUE_BASE_TEXT_H
#define BCUE_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "beamcue/status.h"

/* A growing NUL-terminated buffer with a sticky failure: write freely, check `failed` once at the end. */
typedef struct bcue_text {
    char *data; /* owned; NULL while empty */
    size_t size;
    size_t capacity;
    bool failed;
} bcue_text;

BCUE_PRINTF(2, 3) void bcue_text_printf(bcue_text *text, const char *format, ...);
void bcue_text_append(bcue_text *text, const void *bytes, size_t size);
void bcue_text_puts(bcue_text *text, const char *string);
void bcue_text_free(bcue_text *text); /* and make it empty again */

/* Parse the whole of `string` (outer blanks allowed); false when it is not exactly one finite-or-nan number
   in range. */
bool bcue_parse_double(const char *string, double *value); /* accepts nan and inf */
bool bcue_parse_int64(const char *string, int64_t *value);
/* Edit distance, for "did you mean". */
size_t bcue_edit_distance(const char *a, const char *b);
/* The candidate nearest to `word` when it is near enough to be meant, else NULL. */
const char *bcue_nearest_word(const char *word, const char *const *candidates, size_t count);
bool bcue_starts_with(const char *string, const char *prefix);
bool bcue_ends_with(const char *string, const char *suffix);

#endif

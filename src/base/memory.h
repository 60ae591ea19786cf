/* Checked allocation, and an arena for objects that live and die together. */
#ifndef BCUE_BASE_MEMORY_H
#define BCUE_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "beamcue/status.h"

/* Zeroed array of `count` elements; NULL on overflow or no memory; count 0 gives a valid pointer. Free with
   free(). */
void *bcue_calloc(size_t count, size_t element_size);
/* Grow `*array` (of `*capacity` elements) to hold at least `needed`; doubles; keeps the old array on failure.
 */
bool bcue_grow(void **array, size_t *capacity, size_t needed, size_t element_size);
/* Zeroed, 64-byte aligned; free with free(). */
void *bcue_calloc_aligned(size_t count, size_t element_size);
/* Zeroed memory; large blocks come straight from the system, cost nothing before they are touched, and ask
   for large pages. 64-byte aligned; NULL: no memory; 0 bytes give a valid pointer. Free with bcue_pages_free
   and the same size; NULL is fine. */
void *bcue_pages_alloc(size_t size);
void bcue_pages_free(void *memory, size_t size);
/* Duplicate of a NUL-terminated string, or of NULL as NULL. */
char *bcue_strdup(const char *text);
/* a * b and a + b with overflow check: true when the result fits. */
bool bcue_mul_size(size_t a, size_t b, size_t *result);
bool bcue_add_size(size_t a, size_t b, size_t *result);

/* Arena: many small zeroed allocations, one release. Not thread-safe. */
typedef struct bcue_arena bcue_arena;
bcue_arena *bcue_arena_create(void); /* NULL: no memory */
void *bcue_arena_alloc(bcue_arena *arena, size_t count,
                       size_t element_size); /* 16-byte aligned, NULL on failure */
char *bcue_arena_strdup(bcue_arena *arena, const char *text);
BCUE_PRINTF(2, 3) char *bcue_arena_printf(bcue_arena *arena, const char *format, ...);
void bcue_arena_destroy(bcue_arena *arena); /* NULL is fine */

#endif

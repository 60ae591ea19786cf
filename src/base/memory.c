#include "base/memory.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    SMALL_PAGE = 4096,
    SMALL_BLOCK = 128 * 1024,
    LARGE_PAGE = 2 * 1024 * 1024,
    LARGE_BLOCK = 2 * LARGE_PAGE
};

bool bcue_mul_size(size_t a, size_t b, size_t *result)
{
    return !__builtin_mul_overflow(a, b, result);
}

bool bcue_add_size(size_t a, size_t b, size_t *result)
{
    return !__builtin_add_overflow(a, b, result);
}

void *bcue_calloc(size_t count, size_t element_size)
{
    size_t size;
    if (!bcue_mul_size(count, element_size, &size))
        return NULL;
    return calloc(size == 0 ? 1 : size, 1);
}

bool bcue_grow(void **array, size_t *capacity, size_t needed, size_t element_size)
{
    if (needed <= *capacity)
        return true;
    size_t target = *capacity < 8 ? 8 : *capacity;
    while (target < needed) {
        if (!bcue_mul_size(target, 2, &target))
            return false;
    }
    size_t size;
    if (!bcue_mul_size(target, element_size, &size))
        return false;
    void *grown = realloc(*array, size);
    if (grown == NULL)
        return false;
    memset((char *)grown + *capacity * element_size, 0, size - *capacity * element_size);
    *array = grown;
    *capacity = target;
    return true;
}

void *bcue_calloc_aligned(size_t count, size_t element_size)
{
    size_t size;
    if (!bcue_mul_size(count, element_size, &size) || !bcue_add_size(size, 64 + 63, &size))
        return NULL;
    size &= ~(size_t)63;
    void *memory = aligned_alloc(64, size);
    if (memory != NULL)
        memset(memory, 0, size);
    return memory;
}

/* Whole pages; 0: too much. */
static size_t mapped_size(size_t size)
{
    size_t rounded;
    return bcue_add_size(size, SMALL_PAGE - 1, &rounded) ? rounded / SMALL_PAGE * SMALL_PAGE : 0;
}

void *bcue_pages_alloc(size_t size)
{
    const size_t mapped = mapped_size(size), slack = size >= LARGE_BLOCK ? LARGE_PAGE : 0;
    size_t whole;
    if (size < SMALL_BLOCK)
        return bcue_calloc_aligned(size, 1);
    if (mapped == 0 || !bcue_add_size(mapped, slack, &whole))
        return NULL;
    unsigned char *start = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED)
        return NULL;
    if (slack == 0)
        return start;
    const size_t before = (LARGE_PAGE - (uintptr_t)start % LARGE_PAGE) % LARGE_PAGE, after = slack - before;
    if (before > 0)
        (void)munmap(start, before);
    if (after > 0)
        (void)munmap(start + before + mapped, after);
    (void)madvise(start + before, mapped, MADV_HUGEPAGE); /* a wish */
    return start + before;
}

void bcue_pages_free(void *memory, size_t size)
{
    if (size < SMALL_BLOCK)
        free(memory);
    else if (memory != NULL)
        (void)munmap(memory, mapped_size(size));
}

char *bcue_strdup(const char *text)
{
    if (text == NULL)
        return NULL;
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);
    if (copy != NULL)
        memcpy(copy, text, size);
    return copy;
}

typedef struct arena_block {
    struct arena_block *next;
    size_t used, size;
    alignas(16) unsigned char data[];
} arena_block;

struct bcue_arena {
    arena_block *blocks;
};

bcue_arena *bcue_arena_create(void)
{
    return calloc(1, sizeof(bcue_arena));
}

void *bcue_arena_alloc(bcue_arena *arena, size_t count, size_t element_size)
{
    size_t size;
    if (!bcue_mul_size(count, element_size, &size) || !bcue_add_size(size, 15, &size))
        return NULL;
    size &= ~(size_t)15;
    arena_block *block = arena->blocks;
    if (block == NULL || block->size - block->used < size) {
        size_t block_size = size > 16384 ? size : 16384;
        size_t total;
        if (!bcue_add_size(block_size, sizeof *block, &total))
            return NULL;
        block = calloc(1, total);
        if (block == NULL)
            return NULL;
        block->size = block_size;
        block->next = arena->blocks;
        arena->blocks = block;
    }
    void *memory = block->data + block->used;
    block->used += size;
    return memory;
}

char *bcue_arena_strdup(bcue_arena *arena, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = bcue_arena_alloc(arena, size, 1);
    if (copy != NULL)
        memcpy(copy, text, size);
    return copy;
}

char *bcue_arena_printf(bcue_arena *arena, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = length < 0 ? NULL : bcue_arena_alloc(arena, (size_t)length + 1, 1);
    if (text != NULL)
        vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

void bcue_arena_destroy(bcue_arena *arena)
{
    if (arena == NULL)
        return;
    for (arena_block *block = arena->blocks; block != NULL;) {
        arena_block *next = block->next;
        free(block);
        block = next;
    }
    free(arena);
}

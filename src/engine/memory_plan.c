#include "engine/memory_plan.h"

#include <stdbool.h>
#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"

typedef struct by_size {
    size_t size; /* aligned */
    size_t index;
} by_size;

static int larger_first(const void *left, const void *right)
{
    const by_size *a = left, *b = right;
    if (a->size != b->size)
        return a->size > b->size ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

static size_t aligned(size_t size)
{
    return (size + BCUE_ARENA_ALIGNMENT - 1) / BCUE_ARENA_ALIGNMENT * BCUE_ARENA_ALIGNMENT;
}

/* The smallest gap of at least `size` bytes between the `count` already placed buffers (sorted by offset)
   that live at the same time as `buffer`, or else behind the last of them. */
static size_t best_offset(const bcue_buffer *buffers, const size_t *placed, size_t count,
                          const bcue_buffer *buffer, size_t size)
{
    size_t free_from = 0, best = 0, best_gap = SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        const bcue_buffer *other = &buffers[placed[i]];
        if (other->last < buffer->first || other->first > buffer->last)
            continue;
        if (other->offset >= free_from) {
            size_t gap = other->offset - free_from;
            if (gap >= size && gap < best_gap) {
                best_gap = gap;
                best = free_from;
            }
        }
        size_t end = other->offset + aligned(other->size);
        free_from = end > free_from ? end : free_from;
    }
    return best_gap == SIZE_MAX ? free_from : best;
}

static void place(bcue_buffer *buffers, const by_size *order, size_t *placed, size_t count,
                  size_t *peak_bytes)
{
    *peak_bytes = 0;
    for (size_t n = 0; n < count; n++) {
        bcue_buffer *buffer = &buffers[order[n].index];
        buffer->offset = best_offset(buffers, placed, n, buffer, order[n].size);
        size_t end = buffer->offset + order[n].size;
        *peak_bytes = end > *peak_bytes ? end : *peak_bytes;
        size_t at = n;
        for (; at > 0 && buffers[placed[at - 1]].offset > buffer->offset; at--)
            placed[at] = placed[at - 1];
        placed[at] = order[n].index;
    }
}

bcue_status bcue_memory_plan(bcue_buffer *buffers, size_t count, size_t *peak_bytes, bcue_error *error)
{
    size_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        if (buffers[i].first > buffers[i].last)
            return bcue_fail(error, BCUE_ERROR_ARGUMENT, "buffer %zu is last used before it is first used",
                             i);
        if (!bcue_add_size(sum, buffers[i].size, &sum) || !bcue_add_size(sum, BCUE_ARENA_ALIGNMENT, &sum))
            return bcue_fail_memory(error, "the buffers of a plan");
    }
    by_size *order = bcue_calloc(count, sizeof *order);
    size_t *placed = bcue_calloc(count, sizeof *placed);
    if (order == NULL || placed == NULL) {
        free(order);
        free(placed);
        return bcue_fail_memory(error, "the buffers of a plan");
    }
    for (size_t i = 0; i < count; i++)
        order[i] = (by_size){.size = aligned(buffers[i].size), .index = i};
    qsort(order, count, sizeof *order, larger_first);
    place(buffers, order, placed, count, peak_bytes);
    free(order);
    free(placed);
    return BCUE_OK;
}

/* Where buffers lie in one arena, when each is needed only for a while. */
#ifndef BCUE_ENGINE_MEMORY_PLAN_H
#define BCUE_ENGINE_MEMORY_PLAN_H

#include <stddef.h>
#include <stdint.h>
#include "beamcue/status.h"

enum { BCUE_ARENA_ALIGNMENT = 64 };

/* A buffer of `size` bytes that is in use from step `first` to step `last`, both included (first <= last). */
typedef struct bcue_buffer {
    size_t size;
    int32_t first, last;
    size_t offset; /* found by bcue_memory_plan; a multiple of BCUE_ARENA_ALIGNMENT */
} bcue_buffer;

/* Greedy by size (largest first), each into the smallest gap that is free during its whole life. Two buffers
   whose lives meet never overlap. Deterministic. `*peak_bytes` is the arena's size, never above the sum of
   the (aligned) sizes. Fails with BCUE_ERROR_ARGUMENT when first > last, BCUE_ERROR_MEMORY when the sum does
   not fit a size_t. */
bcue_status bcue_memory_plan(bcue_buffer *buffers, size_t count, size_t *peak_bytes, bcue_error *error);

#endif

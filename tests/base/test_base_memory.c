#include "check.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/memory.h"

static void sizes_do_not_wrap(void)
{
    size_t size = 0;
    CHECK(bcue_mul_size(1000, 1000, &size));
    CHECK_INT(size, 1000000);
    CHECK(!bcue_mul_size(SIZE_MAX / 2, 3, &size));
    CHECK(bcue_add_size(SIZE_MAX - 1, 1, &size) && size == SIZE_MAX);
    CHECK(!bcue_add_size(SIZE_MAX, 1, &size));
    CHECK(bcue_calloc(SIZE_MAX / 2, 3) == NULL);
    CHECK(bcue_calloc_aligned(SIZE_MAX / 2, 3) == NULL);
    CHECK(bcue_calloc_aligned(SIZE_MAX, 1) == NULL);
}

static void memory_is_zeroed_and_aligned(void)
{
    void *empty = bcue_calloc(0, 8);
    CHECK(empty != NULL);
    free(empty);
    for (size_t count = 0; count < 300; count += 7) {
        unsigned char *memory = bcue_calloc_aligned(count, 1);
        CHECK(memory != NULL && (uintptr_t)memory % 64 == 0);
        for (size_t i = 0; memory != NULL && i < count; i++)
            CHECK_INT(memory[i], 0);
        free(memory);
    }
}

static void large_blocks_are_zeroed_and_aligned(void)
{
    const size_t sizes[] = {0, 1, 100, 128 * 1024 - 1, 128 * 1024, 1000001, 5 * 1024 * 1024 + 3};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        unsigned char *memory = bcue_pages_alloc(sizes[i]);
        CHECK(memory != NULL && (uintptr_t)memory % 64 == 0);
        size_t set = 0;
        for (size_t k = 0; memory != NULL && k < sizes[i]; k++) {
            set += memory[k] != 0;
            memory[k] = 0xA5;
        }
        CHECK_INT(set, 0);
        bcue_pages_free(memory, sizes[i]);
    }
    bcue_pages_free(NULL, 0);
    bcue_pages_free(NULL, 1 << 22);
    CHECK(bcue_pages_alloc(SIZE_MAX) == NULL);
    CHECK(bcue_pages_alloc(SIZE_MAX - (1 << 20)) == NULL);
}

static void arrays_grow(void)
{
    int *array = NULL;
    size_t capacity = 0;
    for (int i = 0; i < 1000; i++) {
        void *memory = array;
        CHECK(bcue_grow(&memory, &capacity, (size_t)i + 1, sizeof *array));
        array = memory;
        CHECK_INT(array[i], 0);
        array[i] = i;
    }
    CHECK(capacity >= 1000 && capacity < 4000);
    for (int i = 0; i < 1000; i++)
        CHECK_INT(array[i], i);
    void *memory = array;
    size_t before = capacity;
    CHECK(!bcue_grow(&memory, &capacity, SIZE_MAX / 2, sizeof *array));
    CHECK(memory == array && capacity == before);
    free(array);
}

static void strings_are_copied(void)
{
    CHECK(bcue_strdup(NULL) == NULL);
    char text[] = "beam";
    char *copy = bcue_strdup(text);
    text[0] = 't';
    CHECK_STR(copy, "beam");
    free(copy);
}

static void arena_hands_out_disjoint_zeroed_memory(void)
{
    bcue_arena *arena = bcue_arena_create();
    CHECK(arena != NULL);
    if (arena == NULL)
        return;
    enum { COUNT = 2000 };
    static unsigned char *pieces[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        size_t size = i * 37 % 101 + (i == 500 ? 100000 : 0);
        pieces[i] = bcue_arena_alloc(arena, size, 1);
        CHECK(pieces[i] != NULL && (uintptr_t)pieces[i] % 16 == 0);
        for (size_t byte = 0; byte < size; byte++)
            CHECK_AT(pieces[i][byte] == 0, "piece %zu is not zero", i);
        memset(pieces[i], (int)(i % 251), size);
    }
    for (size_t i = 0; i < COUNT; i++)
        for (size_t byte = 0; byte < i * 37 % 101; byte++)
            CHECK_AT(pieces[i][byte] == i % 251, "piece %zu was overwritten", i);
    CHECK_STR(bcue_arena_strdup(arena, "codebook"), "codebook");
    CHECK_STR(bcue_arena_printf(arena, "%s %d", "beam", 63), "beam 63");
    CHECK(bcue_arena_alloc(arena, SIZE_MAX / 2, 3) == NULL);
    CHECK(bcue_arena_alloc(arena, SIZE_MAX - 3, 1) == NULL);
    bcue_arena_destroy(arena);
    bcue_arena_destroy(NULL);
}

int main(void)
{
    RUN(sizes_do_not_wrap);
    RUN(memory_is_zeroed_and_aligned);
    RUN(large_blocks_are_zeroed_and_aligned);
    RUN(arrays_grow);
    RUN(strings_are_copied);
    RUN(arena_hands_out_disjoint_zeroed_memory);
    return check_summary();
}

#include "check.h"

#include <stdbool.h>
#include "base/rng.h"
#include "engine/memory_plan.h"

enum { MAX_BUFFERS = 200 };

static size_t aligned(size_t size)
{
    return (size + 63) / 64 * 64;
}

static bool meet(const bcue_buffer *a, const bcue_buffer *b)
{
    return a->first <= b->last && b->first <= a->last;
}

static void check_plan(const bcue_buffer *buffers, size_t count, size_t peak)
{
    size_t sum = 0, together = 0;
    for (size_t i = 0; i < count; i++) {
        const bcue_buffer *a = &buffers[i];
        CHECK(a->offset % 64 == 0);
        CHECK(a->offset + a->size <= peak);
        sum += aligned(a->size);
        size_t live = 0;
        for (size_t k = 0; k < count; k++) {
            const bcue_buffer *b = &buffers[k];
            if (b->first <= a->first && a->first <= b->last)
                live += aligned(b->size);
            if (k < i && meet(a, b))
                CHECK_AT(a->offset + a->size <= b->offset || b->offset + b->size <= a->offset,
                         "buffers %zu and %zu overlap", i, k);
        }
        together = live > together ? live : together;
    }
    CHECK(peak <= sum);
    CHECK(peak >= together);
}

static void random_lifetimes(void)
{
    static bcue_buffer buffers[MAX_BUFFERS];
    bcue_error error = {""};
    for (uint32_t round = 0; round < 100; round++) {
        bcue_rng rng = bcue_rng_make(3, BCUE_RNG_TEST, 0, 0, round);
        size_t count = bcue_rng_below(&rng, MAX_BUFFERS), peak = 1;
        for (size_t i = 0; i < count; i++) {
            int32_t first = (int32_t)bcue_rng_below(&rng, 100);
            buffers[i] = (bcue_buffer){.size = bcue_rng_below(&rng, 1000), .first = first};
            buffers[i].last = first + (int32_t)bcue_rng_below(&rng, round % 2 == 0 ? 5 : 50);
        }
        CHECK_OK(bcue_memory_plan(buffers, count, &peak, &error), error);
        check_plan(buffers, count, peak);
    }
}

/* A chain of equal values, each read by the next step only: two places are enough. */
static void chain(void)
{
    bcue_buffer buffers[50];
    bcue_error error = {""};
    size_t peak;
    for (int32_t i = 0; i < 50; i++)
        buffers[i] = (bcue_buffer){.size = 1000, .first = i, .last = i + 1};
    CHECK_OK(bcue_memory_plan(buffers, 50, &peak, &error), error);
    check_plan(buffers, 50, peak);
    CHECK_INT(peak, 2048);
}

static void bad_input(void)
{
    bcue_error error = {""};
    size_t peak;
    bcue_buffer backwards = {.size = 1, .first = 2, .last = 1};
    bcue_buffer huge[] = {{.size = SIZE_MAX / 2, .first = 0, .last = 1},
                          {.size = SIZE_MAX / 2, .first = 0, .last = 1}};
    CHECK_STATUS(bcue_memory_plan(&backwards, 1, &peak, &error), BCUE_ERROR_ARGUMENT);
    CHECK_STATUS(bcue_memory_plan(huge, 2, &peak, &error), BCUE_ERROR_MEMORY);
    CHECK_OK(bcue_memory_plan(NULL, 0, &peak, &error), error);
    CHECK_INT(peak, 0);
}

int main(void)
{
    RUN(random_lifetimes);
    RUN(chain);
    RUN(bad_input);
    return check_summary();
}

#include "check.h"

#include <stdlib.h>

#include "base/parallel.h"
#include "base/rng.h"

enum { COUNT = 1000 };

typedef struct job {
    double *values;
    int depth;
} job;

static void draw(void *context, size_t index)
{
    job *work = context;
    bcue_rng rng = bcue_rng_make(5, BCUE_RNG_TEST, 0, 0, (uint32_t)index);
    double sum = work->values[index];
    for (int i = 0; i < 50; i++)
        sum += bcue_rng_normal(&rng);
    work->values[index] = sum;
}

static void outer(void *context, size_t index)
{
    job *work = context;
    job inner = {work->values + index * 10, 1};
    bcue_parallel_for(10, 1, draw, &inner);
}

static void result_does_not_depend_on_threads(void)
{
    static double expected[COUNT], values[COUNT];
    job work = {expected, 0};
    for (size_t i = 0; i < COUNT; i++)
        draw(&work, i);
    static const size_t grains[] = {0, 1, 7, 600, 5000};
    for (int threads = 0; threads <= 5; threads++) {
        bcue_set_threads(threads);
        CHECK(threads == 0 ? bcue_get_threads() >= 1 : bcue_get_threads() == threads);
        for (size_t g = 0; g < sizeof grains / sizeof *grains; g++) {
            memset(values, 0, sizeof values);
            work.values = values;
            bcue_parallel_for(COUNT, grains[g], draw, &work);
            CHECK_AT(memcmp(values, expected, sizeof values) == 0, "%d threads, grain %zu", threads,
                     grains[g]);
        }
    }
}

static void count_up(void *context, size_t index)
{
    int *visits = context;
    visits[index]++;
}

static void every_index_once(void)
{
    static int visits[COUNT];
    bcue_set_threads(3);
    for (size_t count = 0; count <= COUNT; count = count * 2 + 1) {
        memset(visits, 0, sizeof visits);
        bcue_parallel_for(count, 1, count_up, visits);
        for (size_t i = 0; i < COUNT; i++)
            CHECK_AT(visits[i] == (i < count), "index %zu of %zu was visited %d times", i, count, visits[i]);
    }
}

static void nested_runs_and_agrees(void)
{
    static double expected[COUNT], values[COUNT];
    for (size_t i = 0; i < COUNT / 10; i++) {
        job inner = {expected + i * 10, 1};
        for (size_t j = 0; j < 10; j++)
            draw(&inner, j);
    }
    bcue_set_threads(4);
    job work = {values, 0};
    bcue_parallel_for(COUNT / 10, 1, outer, &work);
    CHECK(memcmp(values, expected, sizeof values) == 0);
}

/* What one loop wrote the caller and the next loop may read: no race, as ThreadSanitizer must see too. */
static void loops_follow_each_other(void)
{
    bcue_set_threads(4);
    double *values = calloc(COUNT, sizeof *values);
    if (values == NULL)
        SKIP("no memory");
    job work = {values, 0};
    double sums[2] = {0};
    for (int round = 0; round < 20; round++) {
        for (size_t i = 0; i < COUNT; i++)
            values[i] = (double)i;
        bcue_parallel_for(COUNT, 1, draw, &work);
        bcue_parallel_for(COUNT, 10, draw, &work);
        sums[1] = 0;
        for (size_t i = 0; i < COUNT; i++)
            sums[1] += values[i];
        if (round == 0)
            sums[0] = sums[1];
        CHECK(sums[0] == sums[1]);
    }
    free(values);
}

int main(void)
{
    RUN(result_does_not_depend_on_threads);
    RUN(every_index_once);
    RUN(nested_runs_and_agrees);
    RUN(loops_follow_each_other);
    return check_summary();
}

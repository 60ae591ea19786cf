/* A loop with a race in it, for ThreadSanitizer to find. */
#include "base/parallel.h"

static int visits;

static void count_visit(void *context, size_t index)
{
    (void)context;
    (void)index;
    visits++;
}

int main(void)
{
    bcue_set_threads(4);
    bcue_parallel_for(1000, 1, count_visit, NULL);
    return 0;
}

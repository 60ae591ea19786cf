/* Counts calls of the allocator and of locks from the objects linked into the test program (beamcue's own
   code and the test's): the program is linked with --wrap for them, so calls inside shared libraries do not
   count. */
#ifndef BCUE_TESTS_CALL_COUNTER_H
#define BCUE_TESTS_CALL_COUNTER_H

typedef struct bcue_call_counts {
    long allocations; /* malloc, calloc, realloc, aligned_alloc, free of anything but NULL */
    long locks;       /* pthread mutexes and read-write locks */
} bcue_call_counts;

bcue_call_counts bcue_call_counts_now(void);

#endif

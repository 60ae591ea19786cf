/* The one parallel loop of beamcue's own code. */
#ifndef BCUE_BASE_PARALLEL_H
#define BCUE_BASE_PARALLEL_H

#include <stddef.h>

/* How many threads loops use from now on (and oneDNN, which shares the OpenMP pool); 0 = as many as the
   machine offers this process. Process-wide; call it before work starts. */
void bcue_set_threads(int threads);
int bcue_get_threads(void);

/* The calling thread uses at most `most` (> 0) threads, or with 0 as many as bcue_set_threads says, until the
   next call; returns the limit before, to be put back. Whatever else OpenMP runs in this thread follows, too.
 */
int bcue_limit_threads(int most);

/* Call body(context, i) for i = 0 .. count-1, shared out in contiguous chunks of at least `grain`; returns
   when all are done. Iterations must write to disjoint memory, so that the result does not depend on the
   number of threads. Inside another parallel_for it runs serially. */
void bcue_parallel_for(size_t count, size_t grain, void (*body)(void *context, size_t index), void *context);

#endif

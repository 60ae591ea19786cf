/* What this machine can do at most, measured: the two lines of a roofline (Williams et al. 2009). */
#ifndef BCUE_ENGINE_MACHINE_LIMITS_H
#define BCUE_ENGINE_MACHINE_LIMITS_H

#include "beamcue/status.h"

typedef struct bcue_machine_limits {
    int threads;
    double flops; /* per second, f32 multiply-adds counted twice; 0: no vector kernel for this CPU */
    double bytes; /* per second, c = a + b over arrays of 16 MiB, the size of large layers: not past all
                     caches */
} bcue_machine_limits;

/* On as many threads as loops use now; takes about 0.3 s. Fails with BCUE_ERROR_MEMORY. */
bcue_status bcue_machine_limits_measure(bcue_machine_limits *limits, bcue_error *error);

#endif

/* Data-parallel training: the processes that mpirun started, each with a share of every batch. Built without
   MPI, or not started by mpirun, there is one rank and every call below leaves its values as they are.

   Sums are taken in the order of the ranks and come out bit for bit the same on all of them, run after run.
   One thread. A lost process ends all: mpirun sees to that. */
#ifndef BCUE_LEARN_RANKS_H
#define BCUE_LEARN_RANKS_H

#include <stdbool.h>
#include <stddef.h>
#include "beamcue/status.h"

typedef struct bcue_ranks {
    int rank, count;
    bool opened_mpi;
    float *send, *receive; /* owned: room of the sums */
} bcue_ranks;

/* BCUE_ERROR_UNSUPPORTED when mpirun started several processes of a program without MPI. */
bcue_status bcue_ranks_open(bcue_ranks *ranks, bcue_error *error);
/* `well` false: the others may be waiting in a sum, so they are left to mpirun. */
void bcue_ranks_close(bcue_ranks *ranks, bool well);

/* In place, over all ranks, which must call with the same count. */
void bcue_ranks_sum_f32(bcue_ranks *ranks, float *values, size_t count);
void bcue_ranks_sum_f64(bcue_ranks *ranks, double *values, size_t count);

/* Rank r has the samples bcue_ranks_share(.., r) .. bcue_ranks_share(.., r + 1) - 1 of `count`. */
size_t bcue_ranks_share(const bcue_ranks *ranks, size_t count, int rank);

#endif

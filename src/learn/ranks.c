#include "learn/ranks.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"

#ifdef BCUE_HAVE_MPI
#include <mpi.h>
#endif

size_t bcue_ranks_share(const bcue_ranks *ranks, size_t count, int rank)
{
    return count * (size_t)rank / (size_t)ranks->count;
}

#ifdef BCUE_HAVE_MPI

enum { BLOCK = 1 << 22 /* numbers per exchange: 16 MiB */, MOST_RANKS = 4096 };

bcue_status bcue_ranks_open(bcue_ranks *ranks, bcue_error *error)
{
    *ranks = (bcue_ranks){.count = 1};
    int running = 0;
    MPI_Initialized(&running);
    if (!running) {
        int given = 0;
        MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &given);
        ranks->opened_mpi = true;
    }
    MPI_Comm_rank(MPI_COMM_WORLD, &ranks->rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks->count);
    if (ranks->count > MOST_RANKS) {
        bcue_ranks_close(ranks, true);
        return bcue_fail(error, BCUE_ERROR_UNSUPPORTED, "training in %d processes; at most %d are possible",
                         ranks->count, MOST_RANKS);
    }
    /* Each rank adds up one part of a block, so both hold a block, rounded up. */
    ranks->send = bcue_calloc_aligned(BLOCK + MOST_RANKS, sizeof *ranks->send);
    ranks->receive = bcue_calloc_aligned(BLOCK + MOST_RANKS, sizeof *ranks->receive);
    if (ranks->send == NULL || ranks->receive == NULL) {
        bcue_ranks_close(ranks, true);
        return bcue_fail_memory(error, "the exchange of gradients");
    }
    return BCUE_OK;
}

void bcue_ranks_close(bcue_ranks *ranks, bool well)
{
    free(ranks->send);
    free(ranks->receive);
    if (ranks->opened_mpi && (well || ranks->count == 1))
        MPI_Finalize();
    *ranks = (bcue_ranks){.count = 1};
}

/* Rank r gets everybody's part r, adds in the order of the ranks, and gives the sum to all. */
static void sum_block(bcue_ranks *ranks, float *values, size_t count)
{
    const size_t parts = (size_t)ranks->count, part = (count + parts - 1) / parts;
    float *sum = ranks->send + (size_t)ranks->rank * part;
    memcpy(ranks->send, values, count * sizeof *values);
    memset(ranks->send + count, 0, (parts * part - count) * sizeof *values);
    MPI_Alltoall(ranks->send, (int)part, MPI_FLOAT, ranks->receive, (int)part, MPI_FLOAT, MPI_COMM_WORLD);
    for (size_t i = 0; i < part; i++) {
        float total = ranks->receive[i];
        for (size_t r = 1; r < parts; r++)
            total += ranks->receive[r * part + i];
        sum[i] = total;
    }
    MPI_Allgather(sum, (int)part, MPI_FLOAT, ranks->receive, (int)part, MPI_FLOAT, MPI_COMM_WORLD);
    memcpy(values, ranks->receive, count * sizeof *values);
}

void bcue_ranks_sum_f32(bcue_ranks *ranks, float *values, size_t count)
{
    for (size_t first = 0; ranks->count > 1 && first < count; first += BLOCK)
        sum_block(ranks, values + first, count - first < BLOCK ? count - first : BLOCK);
}

void bcue_ranks_sum_f64(bcue_ranks *ranks, double *values, size_t count)
{
    double *all = (double *)(void *)ranks->receive;
    const size_t most = (size_t)BLOCK / 4 / (size_t)ranks->count;
    for (size_t first = 0; ranks->count > 1 && first < count; first += most) {
        const size_t some = count - first < most ? count - first : most;
        MPI_Allgather(values + first, (int)some, MPI_DOUBLE, all, (int)some, MPI_DOUBLE, MPI_COMM_WORLD);
        for (size_t i = 0; i < some; i++) {
            double total = all[i];
            for (size_t r = 1; r < (size_t)ranks->count; r++)
                total += all[r * some + i];
            values[first + i] = total;
        }
    }
}

#else

bcue_status bcue_ranks_open(bcue_ranks *ranks, bcue_error *error)
{
    *ranks = (bcue_ranks){.count = 1};
    const char *size = getenv("OMPI_COMM_WORLD_SIZE");
    if (size != NULL && atoi(size) > 1)
        return bcue_fail(error, BCUE_ERROR_UNSUPPORTED,
                         "mpirun started %s processes, but this beamcue was built without MPI, so each would "
                         "train all by itself; build it with -DBCUE_WITH_MPI=ON",
                         size);
    return BCUE_OK;
}

void bcue_ranks_close(bcue_ranks *ranks, bool well)
{
    (void)well;
    *ranks = (bcue_ranks){.count = 1};
}

void bcue_ranks_sum_f32(bcue_ranks *ranks, float *values, size_t count)
{
    (void)ranks;
    (void)values;
    (void)count;
}

void bcue_ranks_sum_f64(bcue_ranks *ranks, double *values, size_t count)
{
    (void)ranks;
    (void)values;
    (void)count;
}

#endif

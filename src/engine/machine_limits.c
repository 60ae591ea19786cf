#include "engine/machine_limits.h"

#include <stdlib.h>
#include "base/clock.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "engine/attention.h"

enum { SPIN_ROUNDS = 200000, REPEATS = 20, LENGTH = 4 << 20, CHUNK = 1 << 14 };

static void spin_once(void *context, size_t worker)
{
    const bcue_attention_kernels *kernels = context;
    float out[64];
    (void)worker;
    for (int i = 0; i < 64; i++)
        out[i] = i < kernels->lanes ? 0.999F : 0.001F;
    kernels->spin(SPIN_ROUNDS, out);
}

static double measure_flops(int threads)
{
    const bcue_attention_shape any = {.width = 16, .value_width = 16};
    const bcue_attention_kernels *kernels = bcue_attention_kernels_of(bcue_cpu_best(), &any);
    double best = 0;
    for (int i = 0; kernels != NULL && i < REPEATS; i++) {
        double start = bcue_clock_s();
        bcue_parallel_for((size_t)threads, 1, spin_once, (void *)kernels);
        double seconds = bcue_clock_s() - start;
        double rate = (double)kernels->spin_flops * SPIN_ROUNDS * threads / seconds;
        best = rate > best ? rate : best;
    }
    return best;
}

typedef struct stream {
    const float *a, *b;
    float *c;
} stream;

static void add_chunk(void *context, size_t chunk)
{
    const stream *s = context;
    for (size_t i = chunk * CHUNK; i < (chunk + 1) * CHUNK; i++)
        s->c[i] = s->a[i] + s->b[i];
}

static double measure_bytes(const stream *s)
{
    double best = 0;
    for (int i = 0; i < REPEATS; i++) {
        double start = bcue_clock_s();
        bcue_parallel_for(LENGTH / CHUNK, 4, add_chunk, (void *)s);
        double rate = 3.0 * LENGTH * sizeof(float) / (bcue_clock_s() - start);
        best = rate > best ? rate : best;
    }
    return best;
}

bcue_status bcue_machine_limits_measure(bcue_machine_limits *limits, bcue_error *error)
{
    float *memory = bcue_calloc_aligned(3, LENGTH * sizeof *memory);
    if (memory == NULL)
        return bcue_fail_memory(error, "measuring the machine");
    const stream s = {memory, memory + LENGTH, memory + 2 * LENGTH};
    limits->threads = bcue_get_threads();
    limits->flops = measure_flops(limits->threads);
    limits->bytes = measure_bytes(&s);
    free(memory);
    return BCUE_OK;
}

#include "engine/attention.h"

#include "base/parallel.h"

const bcue_attention_kernels *bcue_attention_kernels_of(bcue_cpu_level level,
                                                        const bcue_attention_shape *shape)
{
#ifdef BCUE_X86_KERNELS
    if (level >= BCUE_CPU_AVX512 && shape->value_width % bcue_attention_avx512.lanes == 0 &&
        shape->width % bcue_attention_avx512.lanes == 0)
        return &bcue_attention_avx512;
    if (level >= BCUE_CPU_AVX2 && shape->value_width % bcue_attention_avx2.lanes == 0 &&
        shape->width % bcue_attention_avx2.lanes == 0)
        return &bcue_attention_avx2;
#else
    (void)level;
    (void)shape;
#endif
    return NULL;
}

int64_t bcue_attention_scratch(const bcue_attention_kernels *kernels, const bcue_attention_shape *shape,
                               int workers, bool backward)
{
    return kernels->scratch(shape, backward) * workers;
}

typedef struct attention_work {
    const bcue_attention_kernels *kernels;
    const bcue_attention_run *run;
    int64_t units, scratch;
    bool backward;
} attention_work;

static void work(void *context, size_t worker)
{
    const attention_work *job = context;
    int64_t workers = job->run->workers, at = (int64_t)worker;
    float *scratch = job->run->scratch + at * job->scratch;
    for (int64_t unit = job->units * at / workers; unit < job->units * (at + 1) / workers; unit++) {
        if (job->backward)
            job->kernels->backward_unit(job->run, unit, scratch);
        else
            job->kernels->forward_unit(job->run, unit, scratch);
    }
}

void bcue_attention_forward(const bcue_attention_kernels *kernels, const bcue_attention_run *run)
{
    attention_work job = {kernels, run, kernels->forward_units(run->shape),
                          kernels->scratch(run->shape, false), false};
    bcue_parallel_for((size_t)run->workers, 1, work, &job);
}

void bcue_attention_backward(const bcue_attention_kernels *kernels, const bcue_attention_run *run)
{
    attention_work job = {kernels, run, run->shape->batch * run->shape->heads,
                          kernels->scratch(run->shape, true), true};
    bcue_parallel_for((size_t)run->workers, 1, work, &job);
}

#include "engine/attention.h"

#include <string.h>
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

/* Keys and values whose tokens lie apart are first copied together by head: each is read once per tile, and
   rows that lie 2 KiB apart share few sets of the first-level cache and need a page each. */
static int64_t packed_floats(const bcue_attention_shape *s)
{
    int64_t rows = s->batch * s->heads * s->keys;
    return (s->k.token == s->width ? 0 : rows * s->width) +
           (s->v.token == s->value_width ? 0 : rows * s->value_width);
}

int64_t bcue_attention_scratch(const bcue_attention_kernels *kernels, const bcue_attention_shape *shape,
                               int workers, bool backward)
{
    return kernels->scratch(shape, backward) * workers + packed_floats(shape);
}

typedef struct packing {
    const float *from;
    float *to;
    bcue_attention_side side;
    int64_t heads, keys, width;
} packing;

static void pack_head(void *context, size_t index)
{
    const packing *p = context;
    int64_t head = (int64_t)index;
    const float *from = p->from + head / p->heads * p->side.batch + head % p->heads * p->side.head;
    float *to = p->to + head * p->keys * p->width;
    for (int64_t row = 0; row < p->keys; row++)
        memcpy(to + row * p->width, from + row * p->side.token, (size_t)p->width * sizeof *to);
}

/* One of keys and values; moves `*room` behind the copy. */
static void pack(const bcue_attention_shape *s, const float **data, bcue_attention_side *side, int64_t width,
                 float **room)
{
    if (side->token == width)
        return;
    packing p = {*data, *room, *side, s->heads, s->keys, width};
    bcue_parallel_for((size_t)(s->batch * s->heads), 1, pack_head, &p);
    *data = *room;
    *side = (bcue_attention_side){s->heads * s->keys * width, s->keys * width, width};
    *room += s->batch * s->heads * s->keys * width;
}

typedef struct attention_work {
    const bcue_attention_kernels *kernels;
    bcue_attention_run run;
    bcue_attention_shape shape;
    int64_t units, scratch;
    bool backward;
} attention_work;

static void work(void *context, size_t worker)
{
    const attention_work *job = context;
    int64_t workers = job->run.workers, at = (int64_t)worker;
    float *scratch = job->run.scratch + at * job->scratch;
    for (int64_t unit = job->units * at / workers; unit < job->units * (at + 1) / workers; unit++) {
        if (job->backward)
            job->kernels->backward_unit(&job->run, unit, scratch);
        else
            job->kernels->forward_unit(&job->run, unit, scratch);
    }
}

static void run_units(const bcue_attention_kernels *kernels, const bcue_attention_run *run, bool backward)
{
    attention_work job = {.kernels = kernels, .run = *run, .shape = *run->shape, .backward = backward};
    const bcue_attention_shape *s = &job.shape;
    job.run.shape = s;
    job.units = backward ? s->batch * s->heads : kernels->forward_units(s);
    job.scratch = kernels->scratch(s, backward);
    float *room = run->scratch + job.scratch * run->workers;
    pack(s, &job.run.k, &job.shape.k, s->width, &room);
    pack(s, &job.run.v, &job.shape.v, s->value_width, &room);
    bcue_parallel_for((size_t)run->workers, 1, work, &job);
}

void bcue_attention_forward(const bcue_attention_kernels *kernels, const bcue_attention_run *run)
{
    run_units(kernels, run, false);
}

void bcue_attention_backward(const bcue_attention_kernels *kernels, const bcue_attention_run *run)
{
    run_units(kernels, run, true);
}

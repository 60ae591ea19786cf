#include "engine/attention.h"

#include <string.h>
#include "base/parallel.h"

static bool divides(const bcue_attention_kernels *kernels, const bcue_attention_shape *shape)
{
    return shape->value_width % kernels->lanes == 0 && shape->width % kernels->lanes == 0;
}

const bcue_attention_kernels *bcue_attention_kernels_of(bcue_cpu_level level,
                                                        const bcue_attention_shape *shape)
{
#ifdef BCUE_X86_KERNELS
    bool narrow = !divides(&bcue_attention_avx2, shape); /* filled up to whole vectors, of any length */
    if (level >= BCUE_CPU_AVX512 && (narrow || divides(&bcue_attention_avx512, shape)))
        return &bcue_attention_avx512;
    if (level >= BCUE_CPU_AVX2)
        return &bcue_attention_avx2;
#else
    (void)level;
    (void)shape;
#endif
    return NULL;
}

/* ---- heads that are no whole vectors wide: everything is copied, filled up with zeros, which change neither
   scores nor results ---- */

static int64_t filled(const bcue_attention_kernels *kernels, int64_t width)
{
    return (width + kernels->lanes - 1) / kernels->lanes * kernels->lanes;
}

/* The copies that the kernels work on: dense (batch, heads, tokens, width). */
typedef struct filled_run {
    bcue_attention_shape shape;
    int64_t query_floats, key_floats, value_floats, result_floats; /* of each tensor */
} filled_run;

static bcue_attention_side dense_side(int64_t heads, int64_t tokens, int64_t width)
{
    return (bcue_attention_side){heads * tokens * width, tokens * width, width};
}

static filled_run fill_shape(const bcue_attention_kernels *kernels, const bcue_attention_shape *s)
{
    filled_run f = {.shape = *s};
    const int64_t wide = filled(kernels, s->width), values = filled(kernels, s->value_width),
                  heads = s->batch * s->heads;
    f.shape.width = wide;
    f.shape.value_width = values;
    f.shape.q = dense_side(s->heads, s->queries, wide);
    f.shape.k = dense_side(s->heads, s->keys, wide);
    f.shape.v = dense_side(s->heads, s->keys, values);
    f.shape.y = dense_side(s->heads, s->queries, values);
    f.query_floats = heads * s->queries * wide;
    f.key_floats = heads * s->keys * wide;
    f.value_floats = heads * s->keys * values;
    f.result_floats = heads * s->queries * values;
    return f;
}

typedef struct head_rows {
    const float *from;
    float *to;
    bcue_attention_side from_side, to_side;
    int64_t heads, tokens, width, filled; /* filled > width: zeros up to there */
} head_rows;

static void copy_head(void *context, size_t index)
{
    const head_rows *r = context;
    const int64_t batch = (int64_t)index / r->heads, head = (int64_t)index % r->heads;
    const float *from = r->from + batch * r->from_side.batch + head * r->from_side.head;
    float *to = r->to + batch * r->to_side.batch + head * r->to_side.head;
    for (int64_t t = 0; t < r->tokens; t++, from += r->from_side.token, to += r->to_side.token) {
        memcpy(to, from, (size_t)r->width * sizeof *to);
        for (int64_t i = r->width; i < r->filled; i++)
            to[i] = 0;
    }
}

static void copy_rows(const bcue_attention_shape *s, head_rows r)
{
    r.heads = s->heads;
    bcue_parallel_for((size_t)(s->batch * s->heads), 1, copy_head, &r);
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
    if (divides(kernels, shape))
        return kernels->scratch(shape, backward) * workers + packed_floats(shape);
    const filled_run f = fill_shape(kernels, shape);
    const int64_t inputs = f.query_floats + f.key_floats + f.value_floats;
    return kernels->scratch(&f.shape, backward) * workers + (backward ? 2 : 1) * inputs + f.result_floats;
}

/* One of keys and values; moves `*room` behind the copy. */
static void pack(const bcue_attention_shape *s, const float **data, bcue_attention_side *side, int64_t width,
                 float **room)
{
    if (side->token == width)
        return;
    const bcue_attention_side dense = dense_side(s->heads, s->keys, width);
    copy_rows(s, (head_rows){*data, *room, *side, dense, 0, s->keys, width, 0});
    *data = *room;
    *side = dense;
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

/* Take `count` floats of the room. */
static float *take(float **room, int64_t count)
{
    float *at = *room;
    *room += count;
    return at;
}

/* Queries, keys and values of `run` as copies; `room` behind the workers' scratch. */
static bcue_attention_run fill_inputs(const bcue_attention_run *run, const filled_run *f, float **room)
{
    const bcue_attention_shape *s = run->shape, *wide = &f->shape;
    float *q = take(room, f->query_floats), *k = take(room, f->key_floats), *v = take(room, f->value_floats);
    copy_rows(s, (head_rows){run->q, q, s->q, wide->q, 0, s->queries, s->width, wide->width});
    copy_rows(s, (head_rows){run->k, k, s->k, wide->k, 0, s->keys, s->width, wide->width});
    copy_rows(s, (head_rows){run->v, v, s->v, wide->v, 0, s->keys, s->value_width, wide->value_width});
    bcue_attention_run copy = *run;
    copy.shape = wide;
    copy.q = q;
    copy.k = k;
    copy.v = v;
    return copy;
}

static void forward_filled(const bcue_attention_kernels *kernels, const bcue_attention_run *run)
{
    const bcue_attention_shape *s = run->shape;
    const filled_run f = fill_shape(kernels, s);
    float *room = run->scratch + kernels->scratch(&f.shape, false) * run->workers;
    bcue_attention_run copy = fill_inputs(run, &f, &room);
    copy.y = take(&room, f.result_floats);
    run_units(kernels, &copy, false);
    copy_rows(s, (head_rows){copy.y, run->y, f.shape.y, s->y, 0, s->queries, s->value_width, 0});
}

static void backward_filled(const bcue_attention_kernels *kernels, const bcue_attention_run *run)
{
    const bcue_attention_shape *s = run->shape;
    const filled_run f = fill_shape(kernels, s);
    float *room = run->scratch + kernels->scratch(&f.shape, true) * run->workers;
    bcue_attention_run copy = fill_inputs(run, &f, &room);
    float *dy = take(&room, f.result_floats);
    const bcue_attention_side queries = dense_side(s->heads, s->queries, s->width),
                              keys = dense_side(s->heads, s->keys, s->width),
                              values = dense_side(s->heads, s->keys, s->value_width),
                              results = dense_side(s->heads, s->queries, s->value_width);
    copy_rows(
        s, (head_rows){run->dy, dy, results, f.shape.y, 0, s->queries, s->value_width, f.shape.value_width});
    copy.dy = dy;
    copy.dq = run->dq ? take(&room, f.query_floats) : NULL;
    copy.dk = run->dk ? take(&room, f.key_floats) : NULL;
    copy.dv = run->dv ? take(&room, f.value_floats) : NULL;
    run_units(kernels, &copy, true);
    if (run->dq)
        copy_rows(s, (head_rows){copy.dq, run->dq, f.shape.q, queries, 0, s->queries, s->width, 0});
    if (run->dk)
        copy_rows(s, (head_rows){copy.dk, run->dk, f.shape.k, keys, 0, s->keys, s->width, 0});
    if (run->dv)
        copy_rows(s, (head_rows){copy.dv, run->dv, f.shape.v, values, 0, s->keys, s->value_width, 0});
}

void bcue_attention_forward(const bcue_attention_kernels *kernels, const bcue_attention_run *run)
{
    if (divides(kernels, run->shape))
        run_units(kernels, run, false);
    else
        forward_filled(kernels, run);
}

void bcue_attention_backward(const bcue_attention_kernels *kernels, const bcue_attention_run *run)
{
    if (divides(kernels, run->shape))
        run_units(kernels, run, true);
    else
        backward_filled(kernels, run);
}

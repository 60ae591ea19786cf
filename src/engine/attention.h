/* Scaled dot-product attention in float on tiles that stay in the second-level cache: scores, softmax and the
   weighted sum of the values of a few queries at a time. The plain-C twin is the reference engine's operator.
 */
#ifndef BCUE_ENGINE_ATTENTION_H
#define BCUE_ENGINE_ATTENTION_H

#include <stdbool.h>
#include "base/cpu.h"
#include "engine/dropout.h"

/* A (batch, heads, tokens, width) tensor: steps in elements; the width is contiguous. */
typedef struct bcue_attention_side {
    int64_t batch, head, token;
} bcue_attention_side;

typedef struct bcue_attention_shape {
    int64_t batch, heads, queries, keys, width, value_width;
    bcue_attention_side q, k, v, y;
    float scale;
    double dropout; /* probability */
} bcue_attention_shape;

/* One run. The gradients dq, dk, dv are dense row-major (batch, heads, tokens, width). */
typedef struct bcue_attention_run {
    const bcue_attention_shape *shape;
    const float *q, *k, *v;
    float *y;                          /* result; read by the backward pass */
    const bcue_dropout_stream *stream; /* of the probabilities (bcue_dropout_pair_of); NULL: no dropout */
    float *log_sum;  /* (batch, heads, queries): binary logarithm of the softmax's denominator; forward writes
                        it unless  NULL, backward reads it */
    const float *dy; /* dense row-major (batch, heads, queries, value_width) */
    float *dq, *dk, *dv; /* any may be NULL */
    float *scratch;      /* bcue_attention_scratch floats, 64-byte aligned */
    int workers;         /* loops that may run at the same time */
} bcue_attention_run;

/* For one instruction set. A unit is what one worker computes on its own: units write to disjoint memory. */
typedef struct bcue_attention_kernels {
    int lanes;
    int64_t (*forward_units)(const bcue_attention_shape *shape);
    void (*forward_unit)(const bcue_attention_run *run, int64_t unit, float *scratch);
    void (*backward_unit)(const bcue_attention_run *run, int64_t unit, float *scratch);
    int64_t (*scratch)(const bcue_attention_shape *shape, bool backward); /* floats per worker */
    /* y[i] = 2^x[i] for lanes finite elements x <= 0: relative error at most 3e-7, and 0 or at most 2^-125
       where the result is below 2^-125 */
    void (*exp2)(const float *x, float *y);
    /* Nothing but independent multiply-adds of vectors, to find the limit of one core: `spin_flops`
       operations per round. `out` has 2 lanes, factor and term; it gets the sum. */
    void (*spin)(int64_t rounds, float *out);
    int spin_flops;
} bcue_attention_kernels;

/* The widest kernels that the level allows and whose vectors divide the widths of a head; where none do, the
   widest, which then work on copies filled up with zeros. NULL: none for this CPU, the reference engine's
   operator has to do it. */
const bcue_attention_kernels *bcue_attention_kernels_of(bcue_cpu_level level,
                                                        const bcue_attention_shape *shape);

/* Floats of scratch memory for all workers. */
int64_t bcue_attention_scratch(const bcue_attention_kernels *kernels, const bcue_attention_shape *shape,
                               int workers, bool backward);

/* Results do not depend on the number of workers or threads. Allocates nothing. */
void bcue_attention_forward(const bcue_attention_kernels *kernels, const bcue_attention_run *run);
void bcue_attention_backward(const bcue_attention_kernels *kernels, const bcue_attention_run *run);

/* attention_avx512.c and attention_avx2.c; only there on x86-64. */
extern const bcue_attention_kernels bcue_attention_avx512, bcue_attention_avx2;

#endif

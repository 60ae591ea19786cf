/* Batch norm of a training step, over pictures whose channels lie in blocks beside each other (nChw8c,
   nChw16c, channels last). Ours instead of oneDNN's: that one lets its threads wait for each other in a loop
   within the kernel, which on a busy machine, where one of them does not run, lasts longer than the work by
   far (measured: 45 ms instead of 1.4). Sums are combined in a fixed order, so results are the same for any
   number of threads and any instruction set. Any thread. Sources: Ioffe and Szegedy 2015; the order of
   operations is that of reference_norm.inc.h. */
#ifndef BCUE_ENGINE_BATCH_NORM_H
#define BCUE_ENGINE_BATCH_NORM_H

#include "engine/norm_lanes.h"

typedef struct bcue_batch_norm {
    size_t images, channels, area; /* channels: a multiple of block */
    size_t block; /* x[((image * channels / block + channel / block) * area + pixel) * block +
                     channel % block] */
    double epsilon;
    bool relu;                    /* behind it */
    const bcue_norm_lanes *lanes; /* of bcue_norm_lanes_for(block), or narrower; not NULL */
} bcue_batch_norm;

/* How many doubles a call needs to work with. */
size_t bcue_batch_norm_scratch(const bcue_batch_norm *norm);

/* y, and mean and (biased) variance of every channel. */
void bcue_batch_norm_forward(const bcue_batch_norm *norm, const float *x, const float *weight,
                             const float *bias, float *mean, float *variance, float *y, double *scratch);
/* From the mean and variance of the forward pass: dx (not dy's memory), and the gradients of weight and bias.
 */
void bcue_batch_norm_backward(const bcue_batch_norm *norm, const float *x, const float *dy,
                              const float *weight, const float *bias, const float *mean,
                              const float *variance, float *dx, float *dweight, float *dbias,
                              double *scratch);

#endif

/* How far two sets of answers are apart. */
#ifndef BCUE_COMPRESS_DIVERGENCE_H
#define BCUE_COMPRESS_DIVERGENCE_H

#include <stddef.h>

/* KL(softmax(p) || softmax(q)) of two rows of logits, in nats; never below zero. */
double bcue_logits_divergence(const float *p, const float *q, size_t beams);

#endif

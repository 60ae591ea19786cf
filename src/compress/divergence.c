#include "compress/divergence.h"

#include <math.h>

static double log_sum(const float *logits, size_t beams, double *top)
{
    double sum = 0;
    *top = (double)logits[0];
    for (size_t b = 1; b < beams; b++)
        *top = fmax(*top, (double)logits[b]);
    for (size_t b = 0; b < beams; b++)
        sum += exp((double)logits[b] - *top);
    return log(sum);
}

double bcue_logits_divergence(const float *p, const float *q, size_t beams)
{
    double top_p, top_q, sum = 0;
    const double log_p = log_sum(p, beams, &top_p), log_q = log_sum(q, beams, &top_q);
    for (size_t b = 0; b < beams; b++) {
        const double at = (double)p[b] - top_p - log_p;
        sum += exp(at) * (at - ((double)q[b] - top_q - log_q));
    }
    return fmax(sum, 0);
}

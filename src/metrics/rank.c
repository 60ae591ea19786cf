#include "metrics/rank.h"

#include <math.h>
#include <stdbool.h>
#include "metrics/accurate_sum.h"

/* Does beam a come before beam b > a? */
static bool stays_before(float a, float b)
{
    return isnan(b) || a >= b;
}

void bcue_rank_beams(const float *scores, int32_t beams, int32_t count, int32_t *ranked)
{
    int32_t filled = 0;
    for (int32_t b = 0; b < beams; b++) {
        /* Beams arrive in rising order, so an equal score never overtakes. */
        int32_t place = filled;
        while (place > 0 && !stays_before(scores[ranked[place - 1]], scores[b]))
            place--;
        if (place == count)
            continue;
        if (filled < count)
            filled++;
        for (int32_t k = filled - 1; k > place; k--)
            ranked[k] = ranked[k - 1];
        ranked[place] = b;
    }
}

void bcue_softmax(const float *scores, int32_t beams, double *probability)
{
    double highest = -HUGE_VAL;
    for (int32_t b = 0; b < beams; b++)
        if ((double)scores[b] > highest)
            highest = (double)scores[b];
    bcue_sum sum = {0};
    for (int32_t b = 0; b < beams; b++) {
        double score = (double)scores[b];
        if (isnan(score))
            probability[b] = 0.0;
        else if (isinf(highest))
            probability[b] = score >= highest ? 1.0 : 0.0;
        else
            probability[b] = exp(score - highest);
        bcue_sum_add(&sum, probability[b]);
    }
    double total = bcue_sum_value(&sum);
    for (int32_t b = 0; b < beams && total > 0.0; b++)
        probability[b] /= total;
}

#include "compress/prune_rank.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"

typedef struct item {
    double value;
    size_t index;
} item;

static int by_value(const void *a, const void *b)
{
    const double left = ((const item *)a)->value, right = ((const item *)b)->value;
    return (left > right) - (left < right);
}

static void rank(const double *values, size_t count, item *items, double *ranks)
{
    for (size_t i = 0; i < count; i++)
        items[i] = (item){values[i], i};
    qsort(items, count, sizeof *items, by_value);
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && items[end].value <= items[i].value; end++) {
        }
        for (size_t k = i; k < end; k++)
            ranks[items[k].index] = 0.5 * (double)(i + end - 1);
    }
}

bcue_status bcue_rank_correlation(const double *a, const double *b, size_t count, double *correlation,
                                  bcue_error *error)
{
    item *items = bcue_calloc(count, sizeof *items);
    double *ranks[2] = {bcue_calloc(count, sizeof(double)), bcue_calloc(count, sizeof(double))};
    const bool made = items != NULL && ranks[0] != NULL && ranks[1] != NULL;
    *correlation = 0;
    if (made) {
        double product = 0, square[2] = {0};
        rank(a, count, items, ranks[0]);
        rank(b, count, items, ranks[1]);
        for (size_t i = 0; i < count; i++) {
            const double middle = 0.5 * ((double)count - 1), x = ranks[0][i] - middle,
                         y = ranks[1][i] - middle;
            product += x * y;
            square[0] += x * x;
            square[1] += y * y;
        }
        if (square[0] > 0 && square[1] > 0)
            *correlation = product / sqrt(square[0] * square[1]);
    }
    free(items);
    free(ranks[0]);
    free(ranks[1]);
    return made ? BCUE_OK : bcue_fail_memory(error, "ranks");
}

/* The scores of the units one after another. */
static size_t gather(const bcue_prune_space *space, unsigned kinds, double *to)
{
    size_t count = 0;
    for (size_t g = 0; g < space->count; g++) {
        const bcue_prune_group *group = &space->groups[g];
        const size_t units = (size_t)(group->heads * group->count);
        if ((kinds >> group->kind & 1U) == 0)
            continue;
        if (to != NULL)
            memcpy(to + count, group->score, units * sizeof *to);
        count += units;
    }
    return count;
}

bcue_status bcue_prune_agreement(const bcue_prune_space *a, const bcue_prune_space *b, unsigned kinds,
                                 double *correlation, bcue_error *error)
{
    const size_t count = gather(a, kinds, NULL);
    double *scores[2] = {bcue_calloc(count, sizeof(double)), bcue_calloc(count, sizeof(double))};
    bcue_status status = BCUE_OK;
    *correlation = 0;
    if (scores[0] == NULL || scores[1] == NULL) {
        status = bcue_fail_memory(error, "ranks");
    } else if (gather(b, kinds, NULL) != count) {
        status = bcue_fail(error, BCUE_ERROR_ARGUMENT, "the scores are of different networks");
    } else {
        (void)gather(a, kinds, scores[0]);
        (void)gather(b, kinds, scores[1]);
        status = bcue_rank_correlation(scores[0], scores[1], count, correlation, error);
    }
    free(scores[0]);
    free(scores[1]);
    return status;
}

#include "metrics/compare.h"

#include <stdlib.h>
#include "base/fail.h"
#include "base/memory.h"

bcue_status bcue_compare(const bcue_runs *a, const bcue_runs *b, bcue_metric metric,
                         const bcue_bootstrap_options *options, bcue_comparison *comparison,
                         bcue_error *error)
{
    *comparison = (bcue_comparison){.metric = metric, .p_value = 1.0, .p_holm = 1.0};
    BCUE_TRY(bcue_difference_interval(a, b, metric, options, &comparison->difference, &comparison->p_value,
                                      error));
    BCUE_TRY(bcue_runs_mean(a, metric, &comparison->value_a, error));
    return bcue_runs_mean(b, metric, &comparison->value_b, error);
}

typedef struct {
    double p;
    size_t place;
} placed_p;

static int compare_p(const void *a, const void *b)
{
    const placed_p *x = a, *y = b;
    if (x->p < y->p || x->p > y->p)
        return x->p < y->p ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

bcue_status bcue_holm_adjust(const double *p_values, size_t count, double *adjusted, bcue_error *error)
{
    placed_p *sorted = bcue_calloc(count, sizeof *sorted);
    if (sorted == NULL)
        return bcue_fail_memory(error, "Holm's procedure");
    for (size_t i = 0; i < count; i++) {
        if (!(p_values[i] >= 0.0 && p_values[i] <= 1.0)) {
            free(sorted);
            return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                             "Holm's procedure: p-value %zu is %g, not within 0 .. 1", i, p_values[i]);
        }
        sorted[i] = (placed_p){p_values[i], i};
    }
    if (count > 1)
        qsort(sorted, count, sizeof *sorted, compare_p);
    double highest = 0.0;
    for (size_t i = 0; i < count; i++) {
        double p = (double)(count - i) * sorted[i].p;
        p = p < 1.0 ? p : 1.0;
        highest = p > highest ? p : highest;
        adjusted[sorted[i].place] = highest;
    }
    free(sorted);
    return BCUE_OK;
}

static bcue_verdict decide(const bcue_comparison *comparison, double alpha)
{
    const bcue_interval *d = &comparison->difference;
    if (!d->has_interval)
        return BCUE_VERDICT_TOO_FEW_EPISODES;
    bool more = d->low > 0.0, less = d->high < 0.0;
    if (!(more || less) || comparison->p_holm > alpha)
        return BCUE_VERDICT_OPEN;
    return more == bcue_metric_higher_is_better(comparison->metric) ? BCUE_VERDICT_A : BCUE_VERDICT_B;
}

bcue_status bcue_comparisons_decide(bcue_comparison *comparisons, size_t count, double alpha,
                                    bcue_error *error)
{
    if (alpha == 0.0)
        alpha = 0.05;
    if (!(alpha > 0.0 && alpha < 1.0))
        return bcue_fail(error, BCUE_ERROR_ARGUMENT, "comparisons: alpha is %g, must lie between 0 and 1",
                         alpha);
    double *p = bcue_calloc(2 * count, sizeof *p);
    if (p == NULL)
        return bcue_fail_memory(error, "the comparisons");
    for (size_t i = 0; i < count; i++)
        p[i] = comparisons[i].p_value;
    bcue_status status = bcue_holm_adjust(p, count, p + count, error);
    for (size_t i = 0; i < count && status == BCUE_OK; i++) {
        comparisons[i].p_holm = p[count + i];
        comparisons[i].verdict = decide(&comparisons[i], alpha);
    }
    free(p);
    return status;
}

const char *bcue_verdict_text(bcue_verdict verdict)
{
    switch (verdict) {
    case BCUE_VERDICT_A:
        return "A";
    case BCUE_VERDICT_B:
        return "B";
    case BCUE_VERDICT_TOO_FEW_EPISODES:
        return "too few episodes";
    case BCUE_VERDICT_OPEN:
        break;
    }
    return "none";
}

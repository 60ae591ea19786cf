/* The comparison rule: what "A beats B" means. */
#ifndef BCUE_METRICS_COMPARE_H
#define BCUE_METRICS_COMPARE_H

#include "metrics/bootstrap.h"

typedef enum bcue_verdict {
    BCUE_VERDICT_OPEN = 0, /* neither beats the other */
    BCUE_VERDICT_A = 1,
    BCUE_VERDICT_B = 2,
    BCUE_VERDICT_TOO_FEW_EPISODES = 3,
} bcue_verdict;

typedef struct bcue_comparison {
    bcue_metric metric;
    double value_a, value_b;  /* averaged over seeds */
    bcue_interval difference; /* A - B */
    double p_value;           /* of this comparison alone */
    double p_holm;            /* adjusted for the family; set by bcue_comparisons_decide */
    bcue_verdict verdict;     /* set by bcue_comparisons_decide */
} bcue_comparison;

/* One comparison of a family, not yet decided. A and B must hold the same samples in the same order. */
bcue_status bcue_compare(const bcue_runs *a, const bcue_runs *b, bcue_metric metric,
                         const bcue_bootstrap_options *options, bcue_comparison *comparison,
                         bcue_error *error);

/* Decide the whole family that was listed beforehand. A beats B when the difference is in its favour, the
   interval excludes 0, and Holm's step-down procedure at `alpha` (0: 0.05) rejects. Comparisons without an
   interval stay in the family, with p = 1. */
bcue_status bcue_comparisons_decide(bcue_comparison *comparisons, size_t count, double alpha,
                                    bcue_error *error);

/* Holm's adjusted p-values: sorted ascending, adjusted_(i) = max over j <= i of min(1, (count - j + 1)
   p_(j)), j from 1. (S. Holm, Scand. J. Statist. 6, 1979.) Every p within 0 .. 1. */
bcue_status bcue_holm_adjust(const double *p_values, size_t count, double *adjusted, bcue_error *error);

const char *bcue_verdict_text(bcue_verdict verdict); /* "A", "B", "none", "too few episodes" */

#endif

/* The page of a comparison. */
#ifndef BCUE_API_COMPARE_PAGE_H
#define BCUE_API_COMPARE_PAGE_H

#include "api/compare_list.h"
#include "learn/predictions.h"
#include "metrics/compare.h"
#include "report/page.h"

/* One OUT folder of bcue_evaluate: its predictions, one set per seed. */
typedef struct bcue_scored_run {
    const char *folder;
    char *name;
    bool index_monotone, random_rows;
    bcue_power_unit power_unit;
    double leak_percent;
    int64_t first_seed, seeds;
    bcue_predictions *predictions;
    bcue_scored_set *sets;
} bcue_scored_run;

/* Links (`list`), charts, both tables, the rule, and, when the recordings are still where the first run's
 * config.yaml says, its answers over test pictures. */
bcue_status bcue_comparison_write_page(const char *path, const bcue_scored_run *runs,
                                       const bcue_compare_list *list, const bcue_table *models,
                                       const bcue_table *comparisons, const char *notes, bcue_error *error);

#endif

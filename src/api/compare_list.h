/* What a comparison asks: which runs, and which of them is held against which by which metric. The list is
 * fixed before any result is read, because Holm's correction is over all of it. */
#ifndef BCUE_API_COMPARE_LIST_H
#define BCUE_API_COMPARE_LIST_H

#include "base/config.h"
#include "metrics/bootstrap.h"

typedef struct bcue_compare_entry {
    size_t a, b; /* indices of runs */
    bcue_metric metric;
} bcue_compare_entry;

typedef struct bcue_compare_list {
    char **folders; /* OUT folders of evaluate */
    char **names;   /* to show; NULL: the name in the run's results */
    size_t run_count;
    bcue_compare_entry *entries;
    size_t count;
    bool usual_metrics; /* nobody chose the metrics: every pair by top_1, loss_db and (last) dba */
    const char *path;   /* the file that lists them; NULL: every pair of folders */
    char **see_also, **see_also_files; /* titles and files for the page; see_also_count of them */
    size_t see_also_count;
    double alpha;
    bcue_bootstrap_options bootstrap;
} bcue_compare_list;

extern const bcue_config_field bcue_compare_config_fields[];

/* Every pair of `folders`, by every one of `metrics` (`metric_count` 0: the usual ones). */
bcue_status bcue_compare_list_pairs(const char *const *folders, size_t folder_count,
                                    const char *const *metrics, size_t metric_count, bcue_compare_list *list,
                                    bcue_error *error);
/* The comparisons that a YAML file lists. A folder is relative to the file's folder when it exists there,
   else to the working folder. The same question twice, a run held against itself, and names that are neither
   in `runs` nor a folder are errors with file:line. `path` is borrowed. */
bcue_status bcue_compare_list_read(const char *path, bcue_compare_list *list, bcue_error *error);
/* Without the metric, e.g. DBA for a codebook that is not monotone in angle. */
void bcue_compare_list_drop(bcue_compare_list *list, bcue_metric_kind kind);
void bcue_compare_list_free(bcue_compare_list *list);

#endif

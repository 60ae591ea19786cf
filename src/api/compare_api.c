#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/compare_page.h"
#include "api/evaluate_api.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "beamcue/train.h"
#include "metrics/compare.h"

enum { MOST_SEEDS = 10000, RESULTS_MAX_SIZE = 16 << 20 };

static void free_run(bcue_scored_run *run)
{
    for (int64_t s = 0; run->predictions != NULL && s < run->seeds; s++)
        bcue_predictions_free(&run->predictions[s]);
    free(run->predictions);
    free(run->sets);
    free(run->name);
}

static bcue_status read_results(const char *folder, bcue_scored_run *run, bcue_error *error)
{
    char *path = bcue_path_join(folder, "results.json");
    if (path == NULL)
        return bcue_fail_memory(error, folder);
    bcue_bytes bytes = {0};
    bcue_status status = bcue_file_read(path, RESULTS_MAX_SIZE, &bytes, error);
    if (status != BCUE_OK)
        status = bcue_fail_context(error, status, "%s: not a folder of 'beamcue evaluate'", folder);
    json_t *json = status == BCUE_OK
                       ? json_loadb((const char *)bytes.data, bytes.size, JSON_REJECT_DUPLICATES, NULL)
                       : NULL;
    const char *name;
    int monotone, random_rows;
    json_int_t seeds, first;
    if (status == BCUE_OK &&
        (json == NULL ||
         json_unpack(json, "{s:s, s:b, s:b, s:I, s:I, s:{s:F}}", "name", &name, "index_monotone", &monotone,
                     "random_rows", &random_rows, "seeds", &seeds, "first_seed", &first, "leak", "percent",
                     &run->leak_percent) != 0 ||
         seeds < 1 || seeds > MOST_SEEDS))
        status = bcue_fail(error, BCUE_ERROR_FORMAT,
                           "%s: not a result of this version of 'beamcue evaluate'; evaluate again", path);
    if (status == BCUE_OK) {
        run->name = bcue_strdup(name);
        run->index_monotone = monotone != 0;
        run->random_rows = random_rows != 0;
        run->seeds = seeds;
        run->first_seed = first;
        status = run->name == NULL ? bcue_fail_memory(error, path) : BCUE_OK;
    }
    json_decref(json);
    bcue_bytes_free(&bytes);
    free(path);
    return status;
}

static bcue_status read_run(const char *folder, bcue_scored_run *run, bcue_error *error)
{
    run->folder = folder;
    BCUE_TRY(read_results(folder, run, error));
    run->predictions = bcue_calloc((size_t)run->seeds, sizeof *run->predictions);
    run->sets = bcue_calloc((size_t)run->seeds, sizeof *run->sets);
    if (run->predictions == NULL || run->sets == NULL)
        return bcue_fail_memory(error, folder);
    for (int64_t s = 0; s < run->seeds; s++) {
        char name[64];
        snprintf(name, sizeof name, "predictions-seed%lld.csv", (long long)(run->first_seed + s));
        char *path = bcue_path_join(folder, name);
        bcue_status status = path == NULL ? bcue_fail_memory(error, folder)
                                          : bcue_predictions_read(path, &run->predictions[s], error);
        free(path);
        BCUE_TRY(status);
        run->sets[s] = bcue_predictions_view(&run->predictions[s], run->index_monotone);
        BCUE_TRY(bcue_scored_set_check(&run->sets[s], error));
    }
    return BCUE_OK;
}

static bcue_status parse_metrics(const char *const *names, size_t count, bool index_monotone,
                                 bcue_metric **metrics, size_t *metric_count, bcue_error *error)
{
    static const char *const usual[] = {"top_1", "loss_db",
                                        "dba"}; /* DBA last: not defined for every codebook */
    if (count == 0) {
        names = usual;
        count = sizeof usual / sizeof *usual - (index_monotone ? 0 : 1);
    }
    *metrics = bcue_calloc(count, sizeof **metrics);
    if (*metrics == NULL)
        return bcue_fail_memory(error, "the metrics");
    *metric_count = count;
    for (size_t i = 0; i < count; i++)
        BCUE_TRY(bcue_metric_parse(names[i], &(*metrics)[i], error));
    return BCUE_OK;
}

typedef struct comparison_list {
    bcue_comparison *items;
    size_t *a, *b; /* indices of the runs */
    size_t count;
} comparison_list;

static bcue_status compare_all(const bcue_scored_run *runs, size_t run_count, const bcue_metric *metrics,
                               size_t metric_count, comparison_list *list, bcue_error *error)
{
    const size_t most = run_count * (run_count - 1) / 2 * metric_count;
    list->items = bcue_calloc(most, sizeof *list->items);
    list->a = bcue_calloc(most, sizeof *list->a);
    list->b = bcue_calloc(most, sizeof *list->b);
    if (list->items == NULL || list->a == NULL || list->b == NULL)
        return bcue_fail_memory(error, "the comparisons");
    for (size_t a = 0; a < run_count; a++) {
        for (size_t b = a + 1; b < run_count; b++) {
            const bcue_runs left = {runs[a].sets, (size_t)runs[a].seeds},
                            right = {runs[b].sets, (size_t)runs[b].seeds};
            const bcue_bootstrap_options options = {
                .seed = 1, .random_row_split = runs[a].random_rows || runs[b].random_rows};
            for (size_t m = 0; m < metric_count; m++) {
                bcue_status status =
                    bcue_compare(&left, &right, metrics[m], &options, &list->items[list->count], error);
                if (status != BCUE_OK)
                    return bcue_fail_context(error, status, "%s against %s", runs[a].name, runs[b].name);
                list->a[list->count] = a;
                list->b[list->count++] = b;
            }
        }
    }
    return bcue_comparisons_decide(list->items, list->count, 0, error);
}

static bcue_table *comparison_table(const bcue_scored_run *runs, const comparison_list *list)
{
    const bcue_column columns[] = {{"metric", NULL, BCUE_ALIGN_LEFT, 0},
                                   {"A", NULL, BCUE_ALIGN_LEFT, 0},
                                   {"B", NULL, BCUE_ALIGN_LEFT, 0},
                                   {"A", "value", BCUE_ALIGN_RIGHT, 3},
                                   {"B", "value", BCUE_ALIGN_RIGHT, 3},
                                   {"A - B", NULL, BCUE_ALIGN_RIGHT, 3},
                                   {"95 % interval", NULL, BCUE_ALIGN_RIGHT, 3},
                                   {"p (Holm)", NULL, BCUE_ALIGN_RIGHT, 4},
                                   {"better", NULL, BCUE_ALIGN_LEFT, 0}};
    bcue_table *table = bcue_table_create("Who beats whom", columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; table != NULL && i < list->count; i++) {
        const bcue_comparison *item = &list->items[i];
        const double scale = bcue_metric_scale(item->metric);
        char title[64];
        bcue_metric_title(item->metric, title);
        bcue_table_row(table);
        bcue_table_printf(table, "%s%s%s", title, bcue_metric_unit(item->metric)[0] != '\0' ? ", " : "",
                          bcue_metric_unit(item->metric));
        bcue_table_text(table, runs[list->a[i]].name);
        bcue_table_text(table, runs[list->b[i]].name);
        bcue_table_number(table, scale * item->value_a);
        bcue_table_number(table, scale * item->value_b);
        bcue_table_number(table, scale * item->difference.estimate);
        if (item->difference.has_interval)
            bcue_table_range(table, scale * item->difference.low, scale * item->difference.high);
        else
            bcue_table_missing(table);
        if (item->difference.note[0] != '\0')
            bcue_table_note(table, item->difference.note);
        bcue_table_number(table, item->p_holm);
        const bcue_verdict verdict = item->verdict;
        bcue_table_text(table, verdict == BCUE_VERDICT_A   ? runs[list->a[i]].name
                               : verdict == BCUE_VERDICT_B ? runs[list->b[i]].name
                                                           : bcue_verdict_text(verdict));
        if (verdict == BCUE_VERDICT_A || verdict == BCUE_VERDICT_B)
            bcue_table_emphasise(table);
    }
    return table;
}

/* Every run's metrics with their intervals. */
static bcue_status add_run_rows(bcue_table *table, const bcue_scored_run *runs, size_t run_count,
                                const bcue_metric *metrics, size_t metric_count, bcue_error *error)
{
    for (size_t r = 0; r < run_count; r++) {
        const bcue_runs model = {runs[r].sets, (size_t)runs[r].seeds};
        bcue_table_row(table);
        bcue_table_text(table, runs[r].name);
        bcue_table_number(table, (double)runs[r].seeds);
        for (size_t m = 0; m < metric_count; m++) {
            const bcue_bootstrap_options options = {.seed = 1, .random_row_split = runs[r].random_rows};
            const double scale = bcue_metric_scale(metrics[m]);
            bcue_interval interval;
            BCUE_TRY(bcue_metric_interval(&model, metrics[m], &options, &interval, error));
            if (interval.has_interval)
                bcue_table_interval(table, scale * interval.estimate, scale * interval.low,
                                    scale * interval.high);
            else
                bcue_table_number(table, scale * interval.estimate);
        }
    }
    return BCUE_OK;
}

static bcue_status run_table(const bcue_scored_run *runs, size_t run_count, const bcue_metric *metrics,
                             size_t metric_count, bcue_table **made, bcue_error *error)
{
    bcue_column *columns = bcue_calloc(metric_count + 2, sizeof *columns);
    char(*titles)[64] = bcue_calloc(metric_count, sizeof *titles);
    bcue_status status = columns == NULL || titles == NULL ? bcue_fail_memory(error, "a table") : BCUE_OK;
    bcue_table *table = NULL;
    if (status == BCUE_OK) {
        columns[0] = (bcue_column){"model", NULL, BCUE_ALIGN_LEFT, 0};
        columns[1] = (bcue_column){"seeds", NULL, BCUE_ALIGN_RIGHT, 0};
        for (size_t m = 0; m < metric_count; m++) {
            bcue_metric_title(metrics[m], titles[m]);
            columns[m + 2] = (bcue_column){titles[m], bcue_metric_unit(metrics[m]), BCUE_ALIGN_RIGHT,
                                           bcue_metric_decimals(metrics[m])};
        }
        table = bcue_table_create("The models on the same test samples, with 95 % intervals", columns,
                                  metric_count + 2);
        status = table == NULL ? bcue_fail_memory(error, "a table")
                               : add_run_rows(table, runs, run_count, metrics, metric_count, error);
    }
    free(columns);
    free(titles);
    if (status != BCUE_OK) {
        bcue_table_destroy(table);
        return status;
    }
    *made = table;
    return BCUE_OK;
}

static void add_notes(const bcue_scored_run *runs, size_t run_count, size_t comparisons, bcue_text *out)
{
    bcue_text_printf(out,
                     "A beats B only if the 95 %% interval of the difference (hierarchical bootstrap, 10,000 "
                     "draws) excludes 0 after Holm's correction over all %zu "
                     "comparisons listed here.\n",
                     comparisons);
    for (size_t r = 0; r < run_count; r++) {
        if (runs[r].leak_percent > 1)
            bcue_text_printf(out, "%s: %.1f %% of its test samples have a near neighbour in training.\n",
                             runs[r].name, runs[r].leak_percent);
    }
}

static bcue_status build_report(const bcue_scored_run *runs, size_t run_count, const bcue_metric *metrics,
                                size_t metric_count, const comparison_list *list, const char *html_path,
                                bcue_report *report, bcue_error *error)
{
    bcue_table *models = NULL, *comparisons = comparison_table(runs, list);
    bcue_text notes = {0};
    add_notes(runs, run_count, list->count, &notes);
    bcue_status status =
        comparisons == NULL || notes.failed ? bcue_fail_memory(error, "the report") : BCUE_OK;
    if (status == BCUE_OK)
        status = run_table(runs, run_count, metrics, metric_count, &models, error);
    if (status == BCUE_OK)
        status = bcue_report_add_table(report, "models", models, error);
    bcue_text_puts(bcue_report_out(report), "\n");
    if (status == BCUE_OK)
        status = bcue_report_add_table(report, "comparisons", comparisons, error);
    if (status == BCUE_OK) {
        bcue_text_printf(bcue_report_out(report), "\n%s", notes.data);
        if (html_path != NULL)
            status = bcue_comparison_write_page(html_path, runs, run_count, models, comparisons, notes.data,
                                                error);
    }
    if (status == BCUE_OK && html_path != NULL && !bcue_report_add_file(report, html_path))
        status = bcue_fail_memory(error, "the report");
    bcue_text_free(&notes);
    bcue_table_destroy(models);
    bcue_table_destroy(comparisons);
    return status;
}

static bool all_monotone(const bcue_scored_run *runs, size_t count)
{
    bool monotone = true;
    for (size_t i = 0; i < count; i++)
        monotone = monotone && runs[i].index_monotone;
    return monotone;
}

static bcue_status compare_folders(const char *const *folders, size_t count, const char *const *metric_names,
                                   size_t name_count, const char *html_path, bcue_report *report,
                                   bcue_error *error)
{
    bcue_scored_run *runs = bcue_calloc(count, sizeof *runs);
    comparison_list list = {0};
    bcue_metric *metrics = NULL;
    size_t metric_count = 0;
    bcue_status status = runs == NULL ? bcue_fail_memory(error, "the runs") : BCUE_OK;
    for (size_t i = 0; status == BCUE_OK && i < count; i++)
        status = read_run(folders[i], &runs[i], error);
    if (status == BCUE_OK)
        status = parse_metrics(metric_names, name_count, all_monotone(runs, count), &metrics, &metric_count,
                               error);
    if (status == BCUE_OK)
        status = compare_all(runs, count, metrics, metric_count, &list, error);
    if (status == BCUE_OK)
        status = build_report(runs, count, metrics, metric_count, &list, html_path, report, error);
    for (size_t i = 0; runs != NULL && i < count; i++)
        free_run(&runs[i]);
    free(runs);
    free(metrics);
    free(list.items);
    free(list.a);
    free(list.b);
    return status;
}

bcue_status bcue_compare_runs(const char *const *folders, size_t folder_count, const char *const *metrics,
                              size_t metric_count, const char *html_path, bcue_report **report,
                              bcue_error *error)
{
    *report = NULL;
    if (folder_count < 2)
        return bcue_fail(error, BCUE_ERROR_ARGUMENT,
                         "comparing needs at least two folders of 'beamcue evaluate'");
    bcue_report *made = bcue_report_create();
    bcue_status status =
        made == NULL ? bcue_fail_memory(error, "the report")
                     : compare_folders(folders, folder_count, metrics, metric_count, html_path, made, error);
    return bcue_report_deliver(made, status, report, error);
}

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "api/compare_list.h"
#include "api/compare_page.h"
#include "api/evaluate_api.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/report_hooks.h"
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
    const char *name, *unit;
    int monotone, random_rows;
    json_int_t seeds, first;
    if (status == BCUE_OK &&
        (json == NULL ||
         json_unpack(json, "{s:s, s:b, s:s, s:b, s:I, s:I, s:{s:F}}", "name", &name, "index_monotone",
                     &monotone, "power_unit", &unit, "random_rows", &random_rows, "seeds", &seeds,
                     "first_seed", &first, "leak", "percent", &run->leak_percent) != 0 ||
         seeds < 1 || seeds > MOST_SEEDS || !bcue_power_unit_find(unit, &run->power_unit)))
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
        snprintf(name, sizeof name, "predictions-seed%lld.csv", (long long)run->first_seed + s);
        char *path = bcue_path_join(folder, name);
        bcue_status status = path == NULL ? bcue_fail_memory(error, folder)
                                          : bcue_predictions_read(path, &run->predictions[s], error);
        free(path);
        BCUE_TRY(status);
        run->sets[s] = bcue_predictions_view(&run->predictions[s], run->index_monotone, (int)run->power_unit);
        BCUE_TRY(bcue_scored_set_check(&run->sets[s], error));
    }
    return BCUE_OK;
}

typedef struct comparing {
    const bcue_compare_list *list;
    bcue_scored_run *runs;  /* as many as the list has */
    bcue_comparison *items; /* as many as the list has */
    bcue_metric *metrics;   /* the different ones of the list */
    size_t metric_count;
    const bcue_hooks *hooks;
    uint64_t done, total; /* intervals */
} comparing;

/* Before each interval; they are what takes the time. */
static bcue_status next_interval(comparing *c, bcue_error *error)
{
    if (bcue_cancelled(c->hooks))
        return bcue_fail(error, BCUE_ERROR_CANCELLED, "stopped after %llu of %llu intervals",
                         (unsigned long long)c->done, (unsigned long long)c->total);
    bcue_progress(c->hooks, "compare", c->done++, c->total);
    return BCUE_OK;
}

static bool same_metric(bcue_metric a, bcue_metric b)
{
    char name_a[BCUE_METRIC_NAME_SIZE], name_b[BCUE_METRIC_NAME_SIZE];
    bcue_metric_name(a, name_a);
    bcue_metric_name(b, name_b);
    return strcmp(name_a, name_b) == 0;
}

static bcue_status gather_metrics(comparing *c, bcue_error *error)
{
    c->metrics = bcue_calloc(c->list->count, sizeof *c->metrics);
    if (c->metrics == NULL)
        return bcue_fail_memory(error, "the metrics");
    for (size_t i = 0; i < c->list->count; i++) {
        size_t m = 0;
        while (m < c->metric_count && !same_metric(c->metrics[m], c->list->entries[i].metric))
            m++;
        if (m == c->metric_count)
            c->metrics[c->metric_count++] = c->list->entries[i].metric;
    }
    c->total = c->list->count + c->list->run_count * c->metric_count;
    return BCUE_OK;
}

static bcue_status compare_listed(comparing *c, bcue_error *error)
{
    c->items = bcue_calloc(c->list->count, sizeof *c->items);
    if (c->items == NULL)
        return bcue_fail_memory(error, "the comparisons");
    for (size_t i = 0; i < c->list->count; i++) {
        const bcue_compare_entry *entry = &c->list->entries[i];
        const bcue_scored_run *a = &c->runs[entry->a], *b = &c->runs[entry->b];
        const bcue_runs left = {a->sets, (size_t)a->seeds}, right = {b->sets, (size_t)b->seeds};
        bcue_bootstrap_options options = c->list->bootstrap;
        options.random_row_split = a->random_rows || b->random_rows;
        BCUE_TRY(next_interval(c, error));
        bcue_status status = bcue_compare(&left, &right, entry->metric, &options, &c->items[i], error);
        if (status != BCUE_OK)
            return bcue_fail_context(error, status, "%s against %s", a->name, b->name);
    }
    return bcue_comparisons_decide(c->items, c->list->count, c->list->alpha, error);
}

static bcue_table *comparison_table(const comparing *c)
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
    for (size_t i = 0; table != NULL && i < c->list->count; i++) {
        const bcue_comparison *item = &c->items[i];
        const bcue_scored_run *a = &c->runs[c->list->entries[i].a], *b = &c->runs[c->list->entries[i].b];
        const char *unit = bcue_metric_unit(item->metric, a->power_unit);
        const double scale = bcue_metric_scale(item->metric);
        char title[64];
        bcue_metric_title(item->metric, title);
        bcue_table_row(table);
        bcue_table_printf(table, "%s%s%s", title, unit[0] != '\0' ? ", " : "", unit);
        bcue_table_text(table, a->name);
        bcue_table_text(table, b->name);
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
        bcue_table_text(table, verdict == BCUE_VERDICT_A   ? a->name
                               : verdict == BCUE_VERDICT_B ? b->name
                                                           : bcue_verdict_text(verdict));
        if (verdict == BCUE_VERDICT_A || verdict == BCUE_VERDICT_B)
            bcue_table_emphasise(table);
    }
    return table;
}

/* Every run's metrics with their intervals. */
static bcue_status add_run_rows(bcue_table *table, comparing *c, bcue_error *error)
{
    for (size_t r = 0; r < c->list->run_count; r++) {
        const bcue_scored_run *run = &c->runs[r];
        const bcue_runs model = {run->sets, (size_t)run->seeds};
        bcue_table_row(table);
        bcue_table_text(table, run->name);
        bcue_table_number(table, (double)run->seeds);
        for (size_t m = 0; m < c->metric_count; m++) {
            bcue_bootstrap_options options = c->list->bootstrap;
            options.random_row_split = run->random_rows;
            const double scale = bcue_metric_scale(c->metrics[m]);
            bcue_interval interval;
            BCUE_TRY(next_interval(c, error));
            BCUE_TRY(bcue_metric_interval(&model, c->metrics[m], &options, &interval, error));
            if (interval.has_interval)
                bcue_table_interval(table, scale * interval.estimate, scale * interval.low,
                                    scale * interval.high);
            else
                bcue_table_number(table, scale * interval.estimate);
        }
    }
    return BCUE_OK;
}

static bcue_status run_table(comparing *c, bcue_table **made, bcue_error *error)
{
    const size_t metric_count = c->metric_count;
    bcue_column *columns = bcue_calloc(metric_count + 2, sizeof *columns);
    char(*titles)[64] = bcue_calloc(metric_count, sizeof *titles);
    bcue_status status = columns == NULL || titles == NULL ? bcue_fail_memory(error, "a table") : BCUE_OK;
    bcue_table *table = NULL;
    if (status == BCUE_OK) {
        columns[0] = (bcue_column){"model", NULL, BCUE_ALIGN_LEFT, 0};
        columns[1] = (bcue_column){"seeds", NULL, BCUE_ALIGN_RIGHT, 0};
        for (size_t m = 0; m < metric_count; m++) {
            bcue_metric_title(c->metrics[m], titles[m]);
            columns[m + 2] = (bcue_column){titles[m], bcue_metric_unit(c->metrics[m], c->runs[0].power_unit),
                                           BCUE_ALIGN_RIGHT, bcue_metric_decimals(c->metrics[m])};
        }
        table = bcue_table_create("The models on the same test samples, with 95 % intervals", columns,
                                  metric_count + 2);
        status = table == NULL ? bcue_fail_memory(error, "a table") : add_run_rows(table, c, error);
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

static bool changed_after(const char *path, const char *folder)
{
    char *results = bcue_path_join(folder, "results.json");
    struct stat list, result;
    const bool after =
        results != NULL && stat(path, &list) == 0 && stat(results, &result) == 0 &&
        (list.st_mtim.tv_sec > result.st_mtim.tv_sec ||
         (list.st_mtim.tv_sec == result.st_mtim.tv_sec && list.st_mtim.tv_nsec > result.st_mtim.tv_nsec));
    free(results);
    return after;
}

static void add_notes(const comparing *c, bcue_text *out)
{
    const bcue_compare_list *list = c->list;
    bcue_text_printf(
        out,
        "A beats B only if the 95 %% interval of the difference (hierarchical bootstrap, %lu "
        "draws) excludes 0 after Holm's correction over the %zu comparison%s listed %s%s.\n",
        (unsigned long)(list->bootstrap.draws > 0 ? list->bootstrap.draws : BCUE_BOOTSTRAP_DRAWS),
        list->count, list->count == 1 ? "" : "s", list->path != NULL ? "in " : "here",
        list->path != NULL ? list->path : "");
    for (size_t r = 0; r < list->run_count; r++) {
        if (list->path != NULL && changed_after(list->path, list->folders[r]))
            bcue_text_printf(out,
                             "%s was changed after the results of %s were written: whether it was fixed "
                             "before cannot be told.\n",
                             list->path, c->runs[r].name);
        if (c->runs[r].leak_percent > 1)
            bcue_text_printf(out, "%s: %.1f %% of its test samples have a near neighbour in training.\n",
                             c->runs[r].name, c->runs[r].leak_percent);
    }
}

static bcue_status build_report(comparing *c, const char *html_path, bcue_report *report, bcue_error *error)
{
    bcue_table *models = NULL, *comparisons = comparison_table(c);
    bcue_text notes = {0};
    add_notes(c, &notes);
    bcue_status status =
        comparisons == NULL || notes.failed ? bcue_fail_memory(error, "the report") : BCUE_OK;
    if (status == BCUE_OK)
        status = run_table(c, &models, error);
    if (status == BCUE_OK)
        status = bcue_report_add_table(report, "models", models, error);
    bcue_text_puts(bcue_report_out(report), "\n");
    if (status == BCUE_OK)
        status = bcue_report_add_table(report, "comparisons", comparisons, error);
    if (status == BCUE_OK) {
        bcue_text_printf(bcue_report_out(report), "\n%s", notes.data);
        if (html_path != NULL)
            status = bcue_comparison_write_page(html_path, c->runs, c->list, models, comparisons, notes.data,
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

static bcue_status read_runs(comparing *c, bcue_error *error)
{
    c->runs = bcue_calloc(c->list->run_count, sizeof *c->runs);
    if (c->runs == NULL)
        return bcue_fail_memory(error, "the runs");
    for (size_t i = 0; i < c->list->run_count; i++) {
        bcue_scored_run *run = &c->runs[i];
        BCUE_TRY(read_run(c->list->folders[i], run, error));
        if (c->list->names[i] == NULL)
            continue;
        free(run->name);
        run->name = bcue_strdup(c->list->names[i]);
        if (run->name == NULL)
            return bcue_fail_memory(error, "the runs");
    }
    return BCUE_OK;
}

static bcue_status compare(bcue_compare_list *list, const char *html_path, const bcue_hooks *hooks,
                           bcue_report *report, bcue_error *error)
{
    comparing c = {.list = list, .hooks = hooks};
    bcue_status status = read_runs(&c, error);
    if (status == BCUE_OK && list->usual_metrics && !all_monotone(c.runs, list->run_count))
        bcue_compare_list_drop(list, BCUE_METRIC_DBA);
    if (status == BCUE_OK)
        status = gather_metrics(&c, error);
    if (status == BCUE_OK)
        status = compare_listed(&c, error);
    if (status == BCUE_OK)
        status = build_report(&c, html_path, report, error);
    if (status == BCUE_OK)
        bcue_progress(hooks, "compare", c.total, c.total);
    for (size_t i = 0; c.runs != NULL && i < list->run_count; i++)
        free_run(&c.runs[i]);
    free(c.runs);
    free(c.items);
    free(c.metrics);
    return status;
}

static bcue_status report_on(bcue_compare_list *list, const char *html_path, const bcue_hooks *hooks,
                             bcue_report **report, bcue_error *error)
{
    bcue_report *made = bcue_report_create();
    bcue_status status =
        made == NULL ? bcue_fail_memory(error, "the report") : compare(list, html_path, hooks, made, error);
    bcue_compare_list_free(list);
    return bcue_report_deliver(made, status, report, error);
}

bcue_status bcue_compare_runs(const char *const *folders, size_t folder_count, const char *const *metrics,
                              size_t metric_count, const char *html_path, const bcue_hooks *hooks,
                              bcue_report **report, bcue_error *error)
{
    bcue_compare_list list;
    *report = NULL;
    BCUE_TRY(bcue_compare_list_pairs(folders, folder_count, metrics, metric_count, &list, error));
    return report_on(&list, html_path, hooks, report, error);
}

bcue_status bcue_compare_listed(const char *config_path, const char *html_path, const bcue_hooks *hooks,
                                bcue_report **report, bcue_error *error)
{
    bcue_compare_list list;
    *report = NULL;
    BCUE_TRY(bcue_compare_list_read(config_path, &list, error));
    return report_on(&list, html_path, hooks, report, error);
}

char *bcue_compare_config_help(void)
{
    bcue_text text = {0};
    bcue_config_describe(bcue_compare_config_fields, &text);
    if (text.failed)
        bcue_text_free(&text);
    return text.data;
}

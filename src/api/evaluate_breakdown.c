#include "api/evaluate_breakdown.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/evaluate_api.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "formats/csv.h"

enum { MOST_GROUPS = 64, NAME_SIZE = 64, VEHICLE_GROUPS = 4, MOST_DRAWS = 2000 };

/* vehicles_in_view by the index of the row; indices ascend. */
typedef struct truth_table {
    int64_t *index, *vehicles;
    size_t count;
} truth_table;

struct bcue_breakdown {
    const bcue_sample_lookup *lookup;
    truth_table *truth; /* of every source */
    size_t sources;
    const bcue_dataset *dataset;
    char names[BCUE_BREAKDOWN_KINDS][MOST_GROUPS][NAME_SIZE];
    size_t count[BCUE_BREAKDOWN_KINDS];
    int64_t vehicles_most[VEHICLE_GROUPS]; /* the largest number of each group */
};

/* ---- ground truth ---- */

/* A source without the file, or with another kind of it, has no truth. */
static bcue_status read_truth(const char *path, truth_table *truth, bcue_error *error)
{
    bcue_csv *csv = NULL;
    if (!bcue_path_exists(path) || bcue_csv_read(path, &csv, NULL) != BCUE_OK)
        return BCUE_OK;
    const int index = bcue_csv_find(csv, "index"), vehicles = bcue_csv_find(csv, "vehicles_in_view");
    const size_t rows = index >= 0 && vehicles >= 0 ? bcue_csv_rows(csv) : 0;
    truth->index = bcue_calloc(rows + 1, sizeof *truth->index);
    truth->vehicles = bcue_calloc(rows + 1, sizeof *truth->vehicles);
    const bool memory = truth->index != NULL && truth->vehicles != NULL;
    bool good = memory;
    for (size_t i = 0; good && i < rows; i++)
        good = bcue_parse_int64(bcue_csv_cell(csv, i, (size_t)index), &truth->index[i]) &&
               bcue_parse_int64(bcue_csv_cell(csv, i, (size_t)vehicles), &truth->vehicles[i]) &&
               (i == 0 || truth->index[i] > truth->index[i - 1]);
    truth->count = good ? rows : 0;
    bcue_csv_destroy(csv);
    return memory ? BCUE_OK : bcue_fail_memory(error, path);
}

static bcue_status read_truths(bcue_breakdown *b, bcue_error *error)
{
    b->truth = bcue_calloc(b->sources, sizeof *b->truth);
    if (b->truth == NULL)
        return bcue_fail_memory(error, "the ground truth");
    for (size_t s = 0; s < b->sources; s++) {
        char *path = bcue_path_join(bcue_dataset_source_root(b->dataset, s), "ground_truth.csv");
        bcue_status status = path == NULL ? bcue_fail_memory(error, "the ground truth")
                                          : read_truth(path, &b->truth[s], error);
        free(path);
        BCUE_TRY(status);
    }
    return BCUE_OK;
}

static bool vehicles_of(const bcue_breakdown *b, const bcue_sample *sample, int64_t *vehicles)
{
    const truth_table *truth = &b->truth[sample->source];
    const char *slash = strrchr(sample->id, '/');
    int64_t index;
    size_t low = 0, high = truth->count;
    if (slash == NULL || !bcue_parse_int64(slash + 1, &index))
        return false;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (truth->index[middle] < index)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == truth->count || truth->index[low] != index)
        return false;
    *vehicles = truth->vehicles[low];
    return true;
}

/* ---- groups ---- */

static const char *word_of(const bcue_breakdown *b, bcue_breakdown_kind kind, const bcue_sample *sample)
{
    if (kind == BCUE_BREAKDOWN_CONDITION)
        return sample->condition;
    return sample->scene != NULL ? sample->scene
                                 : bcue_dataset_source_name(b->dataset, (size_t)sample->source);
}

static size_t find_name(const bcue_breakdown *b, bcue_breakdown_kind kind, const char *word)
{
    char name[NAME_SIZE];
    size_t g = 0;
    snprintf(name, sizeof name, "%s", word);
    while (g < b->count[kind] && strcmp(b->names[kind][g], name) != 0)
        g++;
    return g;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void name_groups(bcue_breakdown *b, bcue_breakdown_kind kind, const bcue_predictions *p)
{
    for (size_t i = 0; i < p->rows; i++) {
        const bcue_sample *sample = bcue_sample_find(b->lookup, p->ids[i]);
        const char *word = sample != NULL ? word_of(b, kind, sample) : NULL;
        if (word == NULL || b->count[kind] == MOST_GROUPS || find_name(b, kind, word) < b->count[kind])
            continue;
        snprintf(b->names[kind][b->count[kind]++], NAME_SIZE, "%s", word);
    }
    qsort(b->names[kind], b->count[kind], NAME_SIZE, by_name);
}

static int by_number(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Ends a group where it has its share of the rows and the number changes. */
static void cut_groups(bcue_breakdown *b, const int64_t *sorted, size_t known)
{
    size_t begin = 0;
    for (size_t i = 0; i < known; i++) {
        size_t *count = &b->count[BCUE_BREAKDOWN_VEHICLES];
        const bool last = i + 1 == known;
        if (!last && (sorted[i + 1] == sorted[i] || (i + 1 - begin) * VEHICLE_GROUPS < known))
            continue;
        char *name = b->names[BCUE_BREAKDOWN_VEHICLES][*count];
        if (sorted[begin] == sorted[i])
            snprintf(name, NAME_SIZE, "%lld", (long long)sorted[i]);
        else
            snprintf(name, NAME_SIZE, "%lld to %lld", (long long)sorted[begin], (long long)sorted[i]);
        b->vehicles_most[(*count)++] = sorted[i];
        begin = i + 1;
    }
}

static bcue_status group_vehicles(bcue_breakdown *b, const bcue_predictions *p, bcue_error *error)
{
    int64_t *numbers = bcue_calloc(p->rows, sizeof *numbers);
    size_t known = 0;
    if (numbers == NULL)
        return bcue_fail_memory(error, "the ground truth");
    for (size_t i = 0; i < p->rows; i++) {
        const bcue_sample *sample = bcue_sample_find(b->lookup, p->ids[i]);
        known += sample != NULL && vehicles_of(b, sample, &numbers[known]);
    }
    qsort(numbers, known, sizeof *numbers, by_number);
    cut_groups(b, numbers, known);
    free(numbers);
    return BCUE_OK;
}

bcue_status bcue_breakdown_make(const bcue_dataset *dataset, const bcue_sample_lookup *lookup,
                                const bcue_predictions *first_seed, bcue_breakdown **breakdown,
                                bcue_error *error)
{
    *breakdown = NULL;
    bcue_breakdown *b = bcue_calloc(1, sizeof *b);
    if (b == NULL)
        return bcue_fail_memory(error, "the parts of the test");
    b->dataset = dataset;
    b->lookup = lookup;
    b->sources = bcue_dataset_sources(dataset);
    name_groups(b, BCUE_BREAKDOWN_SCENE, first_seed);
    name_groups(b, BCUE_BREAKDOWN_CONDITION, first_seed);
    bcue_status status = read_truths(b, error);
    if (status == BCUE_OK)
        status = group_vehicles(b, first_seed, error);
    if (status == BCUE_OK)
        *breakdown = b;
    else
        bcue_breakdown_destroy(b);
    return status;
}

void bcue_breakdown_destroy(bcue_breakdown *b)
{
    if (b == NULL)
        return;
    for (size_t s = 0; b->truth != NULL && s < b->sources; s++) {
        free(b->truth[s].index);
        free(b->truth[s].vehicles);
    }
    free(b->truth);
    free(b);
}

size_t bcue_breakdown_count(const bcue_breakdown *b, bcue_breakdown_kind kind)
{
    return b->count[kind];
}

const char *bcue_breakdown_name(const bcue_breakdown *b, bcue_breakdown_kind kind, size_t group)
{
    return b->names[kind][group];
}

const char *bcue_breakdown_title(bcue_breakdown_kind kind)
{
    static const char *const titles[BCUE_BREAKDOWN_KINDS] = {"scene", "condition", "vehicles in view"};
    return titles[kind];
}

size_t bcue_breakdown_group(const bcue_breakdown *b, bcue_breakdown_kind kind, const char *id)
{
    const bcue_sample *sample = bcue_sample_find(b->lookup, id);
    if (sample == NULL)
        return b->count[kind];
    if (kind != BCUE_BREAKDOWN_VEHICLES) {
        const char *word = word_of(b, kind, sample);
        return word != NULL ? find_name(b, kind, word) : b->count[kind];
    }
    int64_t vehicles;
    size_t g = 0;
    if (!vehicles_of(b, sample, &vehicles))
        return b->count[kind];
    while (g < b->count[kind] && vehicles > b->vehicles_most[g])
        g++;
    return g;
}

/* ---- the tables ---- */

static const bcue_metric shown[] = {
    {BCUE_METRIC_TOP_K, 1, 0}, {BCUE_METRIC_TOP_K, 3, 0}, {BCUE_METRIC_DBA, 0, 0}, {BCUE_METRIC_LOSS, 0, 0}};
enum { SHOWN = sizeof shown / sizeof *shown };

static bcue_status put_metric(const bcue_run_config *run, const bcue_evaluation *evaluation,
                              const bcue_runs *runs, bcue_metric metric, bcue_table *table, bcue_error *error)
{
    const double scale = bcue_metric_scale(metric);
    double mean;
    if (bcue_runs_mean(runs, metric, &mean, NULL) != BCUE_OK) {
        bcue_table_missing(table);
        return BCUE_OK;
    }
    const int64_t draws = run->evaluate.bootstrap < MOST_DRAWS ? run->evaluate.bootstrap : MOST_DRAWS;
    const bcue_bootstrap_options options = {
        .draws = (uint32_t)draws, .seed = (uint64_t)run->seed, .random_row_split = evaluation->random_rows};
    bcue_interval interval = {0};
    if (draws > 0 && !run->split_follows_seed)
        BCUE_TRY(bcue_metric_interval(runs, metric, &options, &interval, error));
    if (interval.has_interval)
        bcue_table_interval(table, scale * mean, scale * interval.low, scale * interval.high);
    else
        bcue_table_number(table, scale * mean);
    return BCUE_OK;
}

/* The rows of one group, of every seed; rows of the first seed in *rows. */
static bcue_status select_group(const bcue_breakdown *b, bcue_breakdown_kind kind, size_t group,
                                const bcue_evaluation *evaluation, bcue_predictions *parts, bcue_error *error)
{
    for (size_t s = 0; s < evaluation->seeds; s++) {
        const bcue_predictions *from = &evaluation->predictions[s];
        bool *keep = bcue_calloc(from->rows, sizeof *keep);
        if (keep == NULL)
            return bcue_fail_memory(error, "the parts of the test");
        for (size_t i = 0; i < from->rows; i++)
            keep[i] = bcue_breakdown_group(b, kind, from->ids[i]) == group;
        bcue_status status = bcue_predictions_select(from, keep, &parts[s], error);
        free(keep);
        BCUE_TRY(status);
    }
    return BCUE_OK;
}

static bcue_status put_group(const bcue_run_config *run, const bcue_breakdown *b, bcue_breakdown_kind kind,
                             size_t group, const bcue_evaluation *evaluation, bcue_table *table,
                             bcue_error *error)
{
    bcue_predictions *parts = bcue_calloc(evaluation->seeds, sizeof *parts);
    bcue_scored_set *sets = bcue_calloc(evaluation->seeds, sizeof *sets);
    bcue_status status =
        parts == NULL || sets == NULL ? bcue_fail_memory(error, "the parts of the test") : BCUE_OK;
    if (status == BCUE_OK)
        status = select_group(b, kind, group, evaluation, parts, error);
    for (size_t s = 0; status == BCUE_OK && s < evaluation->seeds; s++)
        sets[s] = bcue_predictions_view(&parts[s], run->data.index_monotone, run->data.power_unit);
    if (status == BCUE_OK) {
        bcue_table_row(table);
        bcue_table_text(table, b->names[kind][group]);
        bcue_table_number(table, (double)parts[0].rows);
    }
    const bcue_runs runs = {sets, evaluation->seeds};
    for (size_t m = 0; status == BCUE_OK && m < SHOWN; m++)
        status = put_metric(run, evaluation, &runs, shown[m], table, error);
    for (size_t s = 0; parts != NULL && s < evaluation->seeds; s++)
        bcue_predictions_free(&parts[s]);
    free(parts);
    free(sets);
    return status;
}

static bcue_status add_table(bcue_page *page, const bcue_run_config *run, const bcue_breakdown *b,
                             bcue_breakdown_kind kind, const bcue_evaluation *evaluation, bcue_error *error)
{
    const bcue_column columns[] = {{bcue_breakdown_title(kind), NULL, BCUE_ALIGN_LEFT, 0},
                                   {"samples", NULL, BCUE_ALIGN_RIGHT, 0},
                                   {"top-1", "%", BCUE_ALIGN_RIGHT, 1},
                                   {"top-3", "%", BCUE_ALIGN_RIGHT, 1},
                                   {"DBA", NULL, BCUE_ALIGN_RIGHT, 3},
                                   {"loss", "dB", BCUE_ALIGN_RIGHT, 2}};
    char caption[96];
    snprintf(caption, sizeof caption, "By %s", bcue_breakdown_title(kind));
    bcue_table *table = bcue_table_create(caption, columns, sizeof columns / sizeof *columns);
    if (table == NULL)
        return bcue_fail_memory(error, "the page");
    bcue_status status = BCUE_OK;
    for (size_t g = 0; status == BCUE_OK && g < b->count[kind]; g++)
        status = put_group(run, b, kind, g, evaluation, table, error);
    if (kind == BCUE_BREAKDOWN_VEHICLES)
        bcue_table_footnote(
            table, "%s",
            "All vehicles in the camera's field of view by the ground truth of the simulation, "
            "hidden ones and the transmitting one included.");
    if (b->count[kind] == MOST_GROUPS)
        bcue_table_footnote(table, "The first %d only.", MOST_GROUPS);
    if (status == BCUE_OK)
        bcue_page_table(page, table);
    bcue_table_destroy(table);
    return status;
}

bcue_status bcue_add_breakdown(bcue_page *page, const bcue_run_config *run, const bcue_breakdown *b,
                               const bcue_evaluation *evaluation, bcue_error *error)
{
    bool begun = false;
    for (int k = 0; k < BCUE_BREAKDOWN_KINDS; k++) {
        if (b->count[k] < 2)
            continue;
        if (!begun) {
            bcue_page_section(page, "Where it is easy and where it is hard");
            bcue_page_paragraph(page, "Mean over the seeds; in brackets 95 %% intervals over episodes where "
                                      "there are enough of them. A part with few samples says little.");
        }
        begun = true;
        BCUE_TRY(add_table(page, run, b, (bcue_breakdown_kind)k, evaluation, error));
    }
    return BCUE_OK;
}

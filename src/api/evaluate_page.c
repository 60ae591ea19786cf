#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/evaluate_api.h"
#include "api/evaluate_insight.h"
#include "api/example_frames.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "formats/csv.h"

/* Curves keep what they read until the chart is drawn. */
static bcue_status add_training_curves(bcue_page *page, const bcue_run_config *run, bcue_error *error)
{
    char *path = bcue_run_member_path(run, bcue_run_member_at(run, 0), "history", "csv");
    bcue_csv *csv = NULL;
    if (path == NULL)
        return bcue_fail_memory(error, "the training curves");
    const bool there = bcue_path_exists(path) && bcue_csv_read(path, &csv, NULL) == BCUE_OK;
    free(path);
    const size_t rows = there ? bcue_csv_rows(csv) : 0;
    double *columns[3] = {NULL, NULL, NULL};
    static const char *const names[3] = {"train_loss", "validation_loss", "validation_top1"};
    bool good = rows > 1;
    size_t best = 0;
    for (int c = 0; good && c < 3; c++) {
        const int at = bcue_csv_find(csv, names[c]);
        columns[c] = bcue_calloc(rows, sizeof *columns[c]);
        good = at >= 0 && columns[c] != NULL;
        for (size_t i = 0; good && i < rows; i++)
            good = bcue_parse_double(bcue_csv_cell(csv, i, (size_t)at), &columns[c][i]);
    }
    for (size_t i = 0; good && i < rows; i++) {
        columns[2][i] *= 100;
        best = columns[2][i] > columns[2][best] ? i : best;
    }
    bcue_status status = BCUE_OK;
    if (good) {
        const bcue_training_chart chart = {
            .options = {.title = "Training",
                        .description = "Loss and validation accuracy after every epoch",
                        .width = 1040},
            .train_loss = columns[0],
            .validation_loss = columns[1],
            .metric = columns[2],
            .metric_name = "validation top-1",
            .metric_unit = "%",
            .epoch_count = rows,
            .best_epoch = best + 1};
        bcue_text svg = {0};
        status = bcue_chart_training(&chart, &svg, error);
        if (status == BCUE_OK) {
            bcue_page_section(page, "How it was trained");
            bcue_page_chart(page, &svg,
                            "The first seed. The marked epoch has the best validation top-1 and is the one "
                            "that was kept.");
        }
        bcue_text_free(&svg);
    }
    for (int c = 0; c < 3; c++)
        free(columns[c]);
    bcue_csv_destroy(csv);
    return status;
}

enum { MOST_PLACES = 10 };

static bcue_status add_top_k_chart(bcue_page *page, const bcue_scored_set *set, bcue_error *error)
{
    double k_values[MOST_PLACES], accuracy[MOST_PLACES];
    size_t count = 0;
    for (int32_t k = 1; k <= MOST_PLACES && k <= set->ranked_count; k++) {
        const bcue_metric metric = {BCUE_METRIC_TOP_K, k, 0};
        if (bcue_metric_compute(set, metric, &accuracy[count], NULL, NULL) != BCUE_OK)
            continue;
        accuracy[count] *= 100;
        k_values[count++] = k;
    }
    const bcue_line_series series = {
        .name = "top-k accuracy", .x = k_values, .y = accuracy, .count = count, .markers = true};
    const bcue_line_chart chart = {
        .options = {.title = "How many beams must be probed",
                    .description = "Share of test samples whose best beam is among the first k",
                    .width = 520},
        .x = {.title = "beams probed", .integer = true},
        .y = {.title = "best beam found", .unit = "%", .low = 0, .high = 100},
        .series = &series,
        .series_count = 1};
    bcue_text svg = {0};
    bcue_status status = bcue_chart_lines(&chart, &svg, error);
    if (status == BCUE_OK)
        bcue_page_chart(page, &svg, "First seed.");
    bcue_text_free(&svg);
    return status;
}

enum { SHOWN_DISTANCE = 10 };

static bcue_status add_distance_chart(bcue_page *page, const bcue_scored_set *set, bcue_error *error)
{
    int64_t *signed_counts = bcue_calloc(2 * (size_t)set->beams - 1, sizeof *signed_counts);
    if (signed_counts == NULL)
        return bcue_fail_memory(error, "the chart");
    size_t rows = 0;
    if (bcue_confusion_by_distance(set, signed_counts, &rows, NULL) != BCUE_OK || rows == 0) {
        free(signed_counts);
        return BCUE_OK; /* not defined for this codebook */
    }
    const char *names[2 * SHOWN_DISTANCE + 1];
    char texts[2 * SHOWN_DISTANCE + 1][8];
    double share[2 * SHOWN_DISTANCE + 1] = {0};
    for (int d = -(set->beams - 1); d <= set->beams - 1; d++) {
        const int shown = d < -SHOWN_DISTANCE ? -SHOWN_DISTANCE : d > SHOWN_DISTANCE ? SHOWN_DISTANCE : d;
        share[shown + SHOWN_DISTANCE] += 100.0 * (double)signed_counts[d + set->beams - 1] / (double)rows;
    }
    for (int d = -SHOWN_DISTANCE; d <= SHOWN_DISTANCE; d++) {
        snprintf(texts[d + SHOWN_DISTANCE], sizeof texts[0], "%s%d",
                 d == -SHOWN_DISTANCE || d == SHOWN_DISTANCE ? "\xe2\x89\xa5" : "", d < 0 ? -d : d);
        names[d + SHOWN_DISTANCE] = texts[d + SHOWN_DISTANCE];
    }
    const bcue_bar_series series = {.name = "share", .values = share};
    const bcue_bar_chart chart = {.options = {.title = "How far off the first answer is",
                                              .description = "Histogram of predicted beam minus best beam",
                                              .width = 520},
                                  .category = {.title = "beams too low        0        beams too high"},
                                  .value = {.title = "test samples", .unit = "%", .from_zero = true},
                                  .categories = names,
                                  .category_count = 2 * SHOWN_DISTANCE + 1,
                                  .series = &series,
                                  .series_count = 1};
    bcue_text svg = {0};
    bcue_status status = bcue_chart_bars(&chart, &svg, error);
    if (status == BCUE_OK)
        bcue_page_chart(page, &svg, "Distance in codebook index, first seed.");
    bcue_text_free(&svg);
    free(signed_counts);
    return status;
}

static void add_highlights(bcue_page *page, const bcue_evaluation_subset *subset, bcue_power_unit unit)
{
    static const char *const names[] = {"top_1", "top_3", "dba", "loss_db"};
    bcue_page_fact facts[4];
    char values[4][32], details[4][64], titles[4][64];
    size_t count = 0;
    for (size_t i = 0; i < 4; i++) {
        const bcue_evaluation_value *value = bcue_evaluation_find(subset, names[i]);
        if (value == NULL || !value->available)
            continue;
        const double scale = bcue_metric_scale(value->metric);
        const int decimals = value->metric.kind == BCUE_METRIC_DBA ? 3 : scale > 1 ? 1 : 2;
        bcue_metric_title(value->metric, titles[count]);
        snprintf(values[count], sizeof values[0], "%.*f %s", decimals, scale * value->mean,
                 bcue_metric_unit(value->metric, unit));
        details[count][0] = '\0';
        if (value->interval.has_interval)
            snprintf(details[count], sizeof details[0], "95 %%: %.*f to %.*f", decimals,
                     scale * value->interval.low, decimals, scale * value->interval.high);
        facts[count] =
            (bcue_page_fact){titles[count], values[count], details[count][0] != '\0' ? details[count] : NULL};
        count++;
    }
    bcue_page_highlights(page, facts, count);
}

/* What needs the samples behind the numbers. */
static bcue_status add_samples(bcue_page *page, const bcue_run_config *run, const bcue_dataset *dataset,
                               const bcue_evaluation *evaluation, bcue_error *error)
{
    const bcue_predictions *first = &evaluation->predictions[0];
    bcue_sample_lookup lookup;
    bcue_breakdown *parts = NULL;
    BCUE_TRY(bcue_sample_lookup_make(dataset, &lookup, error));
    bcue_status status = bcue_breakdown_make(dataset, &lookup, first, &parts, error);
    if (status == BCUE_OK)
        status = bcue_add_breakdown(page, run, parts, evaluation, error);
    if (status == BCUE_OK)
        status = bcue_add_worst_cases(page, run, dataset, &lookup, first, error);
    if (status == BCUE_OK)
        status = bcue_add_example_frames(page, run, dataset, &lookup, first, error);
    if (status == BCUE_OK)
        status = bcue_add_insight(page, run, dataset, &lookup, parts, &evaluation->insight, error);
    bcue_breakdown_destroy(parts);
    bcue_sample_lookup_free(&lookup);
    return status;
}

static bcue_status fill_page(bcue_page *page, const bcue_run_config *run, const bcue_dataset *dataset,
                             const bcue_evaluation *evaluation, bcue_error *error)
{
    bcue_text notes = {0};
    bcue_evaluation_notes(run, dataset, evaluation, &notes);
    if (notes.failed)
        return bcue_fail_memory(error, "the page");
    add_highlights(page, &evaluation->subsets[0], (bcue_power_unit)run->data.power_unit);
    bcue_page_callout(page, evaluation->leak.percent > 1 ? BCUE_CALLOUT_WARNING : BCUE_CALLOUT_NOTE,
                      "Read the numbers with this in mind", notes.data);
    bcue_text_free(&notes);
    bcue_page_section(page, "Metrics");
    for (size_t i = 0; i < evaluation->subset_count; i++) {
        bcue_table *table = bcue_evaluation_table(run, evaluation, &evaluation->subsets[i]);
        if (table == NULL)
            return bcue_fail_memory(error, "the page");
        bcue_page_table(page, table);
        bcue_table_destroy(table);
    }
    const bcue_scored_set set =
        bcue_predictions_view(&evaluation->predictions[0], run->data.index_monotone, run->data.power_unit);
    bcue_page_section(page, "Where it errs");
    bcue_page_grid_begin(page, BCUE_GRID_COLUMNS);
    BCUE_TRY(add_top_k_chart(page, &set, error));
    BCUE_TRY(add_distance_chart(page, &set, error));
    bcue_page_grid_end(page);
    BCUE_TRY(add_samples(page, run, dataset, evaluation, error));
    return add_training_curves(page, run, error);
}

bcue_status bcue_evaluation_write_page(const bcue_run_config *run, const bcue_dataset *dataset,
                                       const bcue_evaluation *evaluation, const char *path, bcue_error *error)
{
    char subtitle[256];
    snprintf(subtitle, sizeof subtitle, "%s, %zu test samples, %zu seed%s",
             bcue_model_kind_names[run->model.kind], evaluation->subsets[0].rows, evaluation->seeds,
             evaluation->seeds == 1 ? "" : "s");
    bcue_page *page = bcue_page_create(run->name, subtitle);
    if (page == NULL)
        return bcue_fail_memory(error, path);
    bcue_status status = fill_page(page, run, dataset, evaluation, error);
    if (status == BCUE_OK) {
        bcue_origin_note note;
        char seed[48];
        bcue_origin_note_fill(&note, "beamcue evaluate");
        snprintf(seed, sizeof seed, "%lld .. %lld", (long long)run->seed,
                 (long long)(run->seed + run->seeds - 1));
        note.provenance.seed = seed;
        status = bcue_page_write(page, &note.provenance, path, error);
    }
    bcue_page_destroy(page);
    return status;
}

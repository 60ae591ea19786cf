#include "api/compare_page.h"

#include <stdlib.h>

#include "api/example_frames.h"
#include "api/report_handle.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"

enum { MOST_BARS = 16 };

/* Top-1 and top-3 of every model with their intervals. */
static bcue_status add_accuracy_chart(bcue_page *page, const bcue_scored_run *runs, size_t run_count,
                                      bcue_error *error)
{
    static const int32_t places[2] = {1, 3};
    static const char *const names[2] = {"top-1", "top-3"};
    const char *categories[MOST_BARS];
    double values[2][MOST_BARS], low[2][MOST_BARS], high[2][MOST_BARS];
    const size_t count = run_count < MOST_BARS ? run_count : MOST_BARS;
    bcue_bar_series series[2];
    for (size_t k = 0; k < 2; k++) {
        for (size_t r = 0; r < count; r++) {
            const bcue_runs model = {runs[r].sets, (size_t)runs[r].seeds};
            const bcue_metric metric = {BCUE_METRIC_TOP_K, places[k], 0};
            const bcue_bootstrap_options options = {.seed = 1};
            bcue_interval interval;
            BCUE_TRY(bcue_metric_interval(&model, metric, &options, &interval, error));
            categories[r] = runs[r].name;
            values[k][r] = 100 * interval.estimate;
            low[k][r] = 100 * (interval.has_interval ? interval.low : interval.estimate);
            high[k][r] = 100 * (interval.has_interval ? interval.high : interval.estimate);
        }
        series[k] = (bcue_bar_series){names[k], values[k], low[k], high[k]};
    }
    const bcue_bar_chart chart = {
        .options = {.title = "Share of test samples whose best beam is found",
                    .description = "Top-1 and top-3 accuracy of every model with 95 % intervals"},
        .value = {.title = "accuracy", .unit = "%", .from_zero = true},
        .categories = categories,
        .category_count = count,
        .series = series,
        .series_count = 2,
        .horizontal = true,
        .values = true,
        .decimals = 1};
    bcue_text svg = {0};
    bcue_status status = bcue_chart_bars(&chart, &svg, error);
    if (status == BCUE_OK)
        bcue_page_chart(page, &svg,
                        "With one beam probed (top-1) and with three (top-3). Bars: 95 % intervals by "
                        "bootstrap over episodes and seeds.");
    bcue_text_free(&svg);
    return status;
}

static bcue_status add_its_frames(bcue_page *page, const bcue_run_config *config, const bcue_dataset *dataset,
                                  const bcue_predictions *predictions, bcue_error *error)
{
    bcue_sample_lookup lookup;
    BCUE_TRY(bcue_sample_lookup_make(dataset, &lookup, error));
    bcue_status status = bcue_add_example_frames(page, config, dataset, &lookup, predictions, error);
    bcue_sample_lookup_free(&lookup);
    return status;
}

/* The pictures of the first run, when its recordings can still be opened. */
static bcue_status add_first_run(bcue_page *page, const bcue_scored_run *run, bcue_error *error)
{
    char *path = bcue_path_join(run->folder, "config.yaml");
    if (path == NULL)
        return bcue_fail_memory(error, "the page");
    bcue_run_config config;
    bcue_config *owned;
    bcue_dataset *dataset;
    bcue_status status = BCUE_OK;
    if (bcue_run_config_read(path, NULL, 0, &config, &owned, NULL) == BCUE_OK) {
        if (bcue_dataset_open(&config.data, owned, NULL, &dataset, NULL) == BCUE_OK) {
            if (bcue_dataset_beams(dataset) == run->predictions[0].beams)
                status = add_its_frames(page, &config, dataset, &run->predictions[0], error);
            bcue_dataset_destroy(dataset);
        }
        bcue_config_destroy(owned);
    }
    free(path);
    return status;
}

bcue_status bcue_comparison_write_page(const char *path, const bcue_scored_run *runs,
                                       const bcue_compare_list *list, const bcue_table *models,
                                       const bcue_table *comparisons, const char *notes, bcue_error *error)
{
    bcue_page *page =
        bcue_page_create("Which sensors find the beam", "Models compared on the same test samples");
    if (page == NULL)
        return bcue_fail_memory(error, path);
    bcue_origin_note note;
    bcue_origin_note_fill(&note, "beamcue compare");
    if (list->see_also_count > 0)
        bcue_page_links(page, (const char *const *)list->see_also, (const char *const *)list->see_also_files,
                        list->see_also_count);
    bcue_page_section(page, "Models");
    bcue_status status = add_accuracy_chart(page, runs, list->run_count, error);
    bcue_page_table(page, models);
    if (status == BCUE_OK)
        status = add_first_run(page, &runs[0], error);
    bcue_page_section(page, "Who beats whom");
    bcue_page_callout(page, BCUE_CALLOUT_NOTE, "The rule", notes);
    bcue_page_table(page, comparisons);
    if (status == BCUE_OK)
        status = bcue_page_write(page, &note.provenance, path, error);
    bcue_page_destroy(page);
    return status;
}

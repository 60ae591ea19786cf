#include "api/evaluate_insight.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/evaluate_api.h"
#include "api/example_frames.h"
#include "base/fail.h"
#include "base/memory.h"

static bcue_scored_set view_of(const bcue_run_config *run, const bcue_predictions *predictions)
{
    return bcue_predictions_view(predictions, run->data.index_monotone, run->data.power_unit);
}

/* ---- gain per modality ---- */

static const bcue_metric shown[] = {
    {BCUE_METRIC_TOP_K, 1, 0}, {BCUE_METRIC_TOP_K, 3, 0}, {BCUE_METRIC_DBA, 0, 0}, {BCUE_METRIC_LOSS, 0, 0}};
enum { SHOWN = sizeof shown / sizeof *shown };

static void put_metrics(const bcue_run_config *run, const bcue_predictions *predictions, bcue_table *table)
{
    const bcue_scored_set set = view_of(run, predictions);
    for (size_t m = 0; m < SHOWN; m++) {
        double value;
        if (bcue_metric_compute(&set, shown[m], &value, NULL, NULL) == BCUE_OK)
            bcue_table_number(table, bcue_metric_scale(shown[m]) * value);
        else
            bcue_table_missing(table);
    }
}

/* Top-1 with everything minus top-1 without the sensor, on the same samples. */
static bcue_status put_gain(const bcue_run_config *run, const bcue_insight *insight, int m, bcue_table *table,
                            bcue_error *error)
{
    const bcue_scored_set all = view_of(run, &insight->with_all), less = view_of(run, &insight->without[m]);
    const bcue_bootstrap_options options = {.draws = 2000, .seed = (uint64_t)run->seed};
    bcue_interval gain;
    double p_value;
    BCUE_TRY(bcue_difference_interval(&(bcue_runs){&all, 1}, &(bcue_runs){&less, 1}, shown[0], &options,
                                      &gain, &p_value, error));
    if (gain.has_interval)
        bcue_table_interval(table, 100 * gain.estimate, 100 * gain.low, 100 * gain.high);
    else
        bcue_table_number(table, 100 * gain.estimate);
    return BCUE_OK;
}

static bool has_labels(const bcue_run_config *run, const bcue_insight *insight)
{
    const bcue_scored_set set = view_of(run, &insight->with_all);
    double value;
    return bcue_metric_compute(&set, shown[0], &value, NULL, NULL) == BCUE_OK;
}

static bcue_status add_gain_table(bcue_page *page, const bcue_run_config *run, const bcue_insight *insight,
                                  bcue_error *error)
{
    const bcue_column columns[] = {{"the network sees", NULL, BCUE_ALIGN_LEFT, 0},
                                   {"top-1", "%", BCUE_ALIGN_RIGHT, 1},
                                   {"top-3", "%", BCUE_ALIGN_RIGHT, 1},
                                   {"DBA", NULL, BCUE_ALIGN_RIGHT, 3},
                                   {"loss", "dB", BCUE_ALIGN_RIGHT, 2},
                                   {"gain of the sensor in top-1", "points", BCUE_ALIGN_RIGHT, 1}};
    bcue_table *table =
        bcue_table_create("Each sensor left out in turn", columns, sizeof columns / sizeof *columns);
    if (table == NULL)
        return bcue_fail_memory(error, "the page");
    bcue_table_row(table);
    bcue_table_text(table, "all of its sensors");
    put_metrics(run, &insight->with_all, table);
    bcue_table_missing(table);
    bcue_status status = BCUE_OK;
    for (int m = 0; status == BCUE_OK && m < BCUE_INPUT_COUNT; m++) {
        if (insight->without[m].rows == 0)
            continue;
        bcue_table_row(table);
        bcue_table_printf(table, "without %s", bcue_model_input_names[m]);
        put_metrics(run, &insight->without[m], table);
        status = put_gain(run, insight, m, table, error);
    }
    if (status == BCUE_OK)
        bcue_page_table(page, table);
    bcue_table_destroy(table);
    return status;
}

static bool drops_sensors(const bcue_run_config *run)
{
    bool any = run->train.drop.frame > 0;
    for (int m = 0; m < BCUE_MODALITY_COUNT; m++)
        any = any || run->train.drop.sensor[m] > 0;
    return any;
}

static bcue_status add_gain(bcue_page *page, const bcue_run_config *run, const bcue_insight *insight,
                            bcue_error *error)
{
    if (insight->seen < 2 || !has_labels(run, insight))
        return BCUE_OK;
    bcue_page_heading(page, "Gain per sensor");
    bcue_page_paragraph(page,
                        "The same trained network on %zu test samples of the first seed, evenly spread, with "
                        "one sensor's input "
                        "set to zeros, which is also what it gets for a missing frame. %s This is what the "
                        "sensor is worth to "
                        "this network, not to one that was trained without it.",
                        insight->rows,
                        drops_sensors(run) ? "It was trained with sensors left out now and then "
                                             "(train.modality_dropout), so it has met this."
                                           : "It was trained with every sensor there, so it never learned to "
                                             "do without one: the loss may be "
                                             "larger than the sensor's worth.");
    return add_gain_table(page, run, insight, error);
}

/* ---- what each modality gives to the sum ---- */

static void put_shares(const bcue_insight *insight, const bcue_breakdown *breakdown, int kind, size_t group,
                       bcue_table *table)
{
    double sum[BCUE_INPUT_COUNT] = {0};
    size_t rows = 0;
    for (size_t i = 0; i < insight->rows; i++) {
        if (kind >= 0 &&
            bcue_breakdown_group(breakdown, (bcue_breakdown_kind)kind, insight->with_all.ids[i]) != group)
            continue;
        rows++;
        for (int m = 0; m < BCUE_INPUT_COUNT; m++)
            sum[m] += insight->share[i * BCUE_INPUT_COUNT + (size_t)m];
    }
    bcue_table_number(table, (double)rows);
    for (int m = 0; m < BCUE_INPUT_COUNT; m++) {
        if (insight->sees[m])
            bcue_table_number(table, rows > 0 ? 100 * sum[m] / (double)rows : NAN);
    }
}

static bcue_status add_shares(bcue_page *page, const bcue_insight *insight, const bcue_breakdown *breakdown,
                              bcue_error *error)
{
    bcue_column columns[2 + BCUE_INPUT_COUNT] = {{"test samples", NULL, BCUE_ALIGN_LEFT, 0},
                                                 {"number", NULL, BCUE_ALIGN_RIGHT, 0}};
    size_t count = 2;
    for (int m = 0; m < BCUE_INPUT_COUNT; m++) {
        if (insight->sees[m])
            columns[count++] = (bcue_column){bcue_model_input_names[m], "%", BCUE_ALIGN_RIGHT, 1};
    }
    bcue_table *table = bcue_table_create("Share of each sensor in the pooled sum", columns, count);
    if (table == NULL)
        return bcue_fail_memory(error, "the page");
    bcue_table_row(table);
    bcue_table_text(table, "all");
    put_shares(insight, breakdown, -1, 0, table);
    for (int k = 0; k < BCUE_BREAKDOWN_KINDS; k++) {
        const size_t groups = bcue_breakdown_count(breakdown, (bcue_breakdown_kind)k);
        for (size_t g = 0; groups > 1 && g < groups; g++) {
            if (g == 0)
                bcue_table_rule(table);
            bcue_table_row(table);
            bcue_table_printf(table, "%s %s", bcue_breakdown_title((bcue_breakdown_kind)k),
                              bcue_breakdown_name(breakdown, (bcue_breakdown_kind)k, g));
            put_shares(insight, breakdown, k, g, table);
        }
    }
    bcue_table_footnote(
        table, "%s",
        "Length of the sensor's pooled vector, times its learned weight where there is one, over "
        "the sum of these lengths; mean over the samples.");
    bcue_page_table(page, table);
    bcue_table_destroy(table);
    return BCUE_OK;
}

static void say_weights(bcue_page *page, const bcue_insight *insight)
{
    bcue_text text = {0};
    for (int m = 0; m < BCUE_INPUT_COUNT; m++) {
        if (insight->sees[m])
            bcue_text_printf(&text, "%s%s %.3f", text.size > 0 ? ", " : "", bcue_model_input_names[m],
                             insight->weights[m]);
    }
    if (insight->learned && !text.failed)
        bcue_page_paragraph(page,
                            "Learned weights M softmax(w), 1 for each at the start of training: %s. They are "
                            "the same for every sample; what changes with the condition is how much there is "
                            "to weigh.",
                            text.data);
    else
        bcue_page_paragraph(page, "The pooled vectors are added without weights (model.fusion: sum); with "
                                  "softmax the network learns one for each sensor.");
    bcue_text_free(&text);
}

/* ---- attention ---- */

static void describe_map(const bcue_insight *insight, const bcue_attention_map *map, bcue_text *caption)
{
    const size_t cells = (size_t)(map->grid[0] * map->grid[1]);
    double least = map->received[0], most = map->received[0];
    for (size_t i = 1; i < cells; i++) {
        least = fmin(least, map->received[i]);
        most = fmax(most, map->received[i]);
    }
    bcue_text_printf(caption, "%.60s: the framed token receives %.2f times as much as the darkest; ",
                     insight->with_all.ids[map->row], least > 0 ? most / least : 0.0);
    for (int m = 0, begun = 0; m < BCUE_INPUT_COUNT; m++) {
        if (insight->sees[m])
            bcue_text_printf(caption, "%s%s %.0f %%", begun++ ? ", " : "of all attention ",
                             bcue_model_input_names[m], 100 * map->modality[m]);
    }
}

static bcue_status add_map(bcue_page *page, const bcue_dataset *dataset, const bcue_sample *sample,
                           const bcue_insight *insight, const bcue_attention_map *map, bcue_error *error)
{
    bcue_text caption = {0}, cells = {0};
    bcue_picture_file picture;
    BCUE_TRY(bcue_picture_open(dataset, sample, &picture, error));
    if (picture.bytes.data == NULL)
        return BCUE_OK;
    describe_map(insight, map, &caption);
    const bcue_cell_overlay overlay = {.description = caption.data,
                                       .width = picture.width,
                                       .height = picture.height,
                                       .rows = (size_t)map->grid[0],
                                       .columns = (size_t)map->grid[1],
                                       .values = map->received};
    bcue_status status =
        caption.failed ? bcue_fail_memory(error, "the page") : bcue_chart_cells(&overlay, &cells, error);
    if (status == BCUE_OK)
        bcue_page_picture(page, picture.bytes.data, picture.bytes.size, "test frame", caption.data, &cells);
    bcue_text_free(&cells);
    bcue_text_free(&caption);
    bcue_picture_close(&picture);
    return status;
}

static bcue_status add_attention(bcue_page *page, const bcue_dataset *dataset,
                                 const bcue_sample_lookup *lookup, const bcue_insight *insight,
                                 bcue_error *error)
{
    if (!insight->sees[BCUE_INPUT_CAMERA] || insight->map_count == 0)
        return BCUE_OK;
    bcue_page_heading(page, "Attention over the camera picture");
    bcue_page_paragraph(
        page, "%s",
        "The last block of the last fusion stage, whose tokens are pooled and classified: how much attention "
        "each "
        "token of the newest picture receives, mean over heads and over the tokens of all sensors. Bright is "
        "much, "
        "dark is little, in proportion between the darkest and the framed token of the same picture. A token "
        "has "
        "already taken in what lies around its cell, so this shows roughly where, and not why.");
    bcue_page_grid_begin(page, BCUE_GRID_COLUMNS);
    bcue_status status = BCUE_OK;
    for (size_t k = 0; status == BCUE_OK && k < insight->map_count; k++) {
        const bcue_attention_map *map = &insight->maps[k];
        const bcue_sample *sample = bcue_sample_find(lookup, insight->with_all.ids[map->row]);
        if (sample != NULL)
            status = add_map(page, dataset, sample, insight, map, error);
    }
    bcue_page_grid_end(page);
    return status;
}

bcue_status bcue_add_insight(bcue_page *page, const bcue_run_config *run, const bcue_dataset *dataset,
                             const bcue_sample_lookup *lookup, const bcue_breakdown *breakdown,
                             const bcue_insight *insight, bcue_error *error)
{
    if (insight->rows == 0 || (insight->seen < 2 && !insight->fused))
        return BCUE_OK;
    bcue_page_section(page, "What the sensors are worth to the network");
    BCUE_TRY(add_gain(page, run, insight, error));
    if (!insight->fused)
        return BCUE_OK;
    if (insight->seen > 1) {
        bcue_page_heading(page, "Weight of each sensor");
        say_weights(page, insight);
        BCUE_TRY(add_shares(page, insight, breakdown, error));
    }
    return add_attention(page, dataset, lookup, insight, error);
}

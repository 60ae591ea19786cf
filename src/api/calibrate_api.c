#include <stdlib.h>

#include "api/calibrate_api.h"
#include "api/run_task.h"
#include "base/fail.h"
#include "beamcue/train.h"
#include "learn/calibrate_model.h"

/* ---- beamcue calibrate ---- */

static bcue_table *made_table(const bcue_run_config *run)
{
    const bcue_column columns[] = {{"model", NULL, BCUE_ALIGN_LEFT, 0},
                                   {"episodes", NULL, BCUE_ALIGN_RIGHT, 0},
                                   {"samples", NULL, BCUE_ALIGN_RIGHT, 0},
                                   {"temperature", NULL, BCUE_ALIGN_RIGHT, 3},
                                   {"error before", "%", BCUE_ALIGN_RIGHT, 2},
                                   {"error after", "%", BCUE_ALIGN_RIGHT, 2},
                                   {"coverage", "%", BCUE_ALIGN_RIGHT, 1},
                                   {"threshold, best beam", NULL, BCUE_ALIGN_RIGHT, 4},
                                   {"threshold, margin", NULL, BCUE_ALIGN_RIGHT, 4}};
    return bcue_table_create(run->name, columns, sizeof columns / sizeof *columns);
}

static void add_threshold(bcue_table *table, const bcue_double_list *thresholds, size_t level)
{
    if (level >= thresholds->count)
        bcue_table_missing(table);
    else if (thresholds->items[level] > 1.0)
        bcue_table_text(table, "all beams");
    else
        bcue_table_number(table, thresholds->items[level]);
}

static void add_made(bcue_table *table, const char *path, const bcue_calibration *made)
{
    for (size_t i = 0; i < made->coverage.count; i++) {
        bcue_table_row(table);
        bcue_table_text(table, path);
        bcue_table_number(table, (double)made->episodes);
        bcue_table_number(table, (double)made->samples);
        bcue_table_number(table, made->temperature);
        bcue_table_number(table, 100.0 * made->error_before);
        bcue_table_number(table, 100.0 * made->error_after);
        bcue_table_number(table, 100.0 * made->coverage.items[i]);
        add_threshold(table, &made->threshold, i);
        add_threshold(table, &made->margin_threshold, i);
    }
}

static bcue_status calibrate_one(const bcue_run_config *run, const bcue_config *config,
                                 const bcue_dataset *dataset, bcue_run_member member, const bcue_hooks *hooks,
                                 bcue_report *report, bcue_table *table, bcue_error *error)
{
    bcue_calibration made;
    char *path = bcue_run_member_path(run, member, "model", "safetensors");
    if (path == NULL)
        return bcue_fail_memory(error, "the calibration");
    bcue_status status = bcue_calibrate_member(run, config, dataset, member, hooks, &made, error);
    if (status == BCUE_OK) {
        add_made(table, path, &made);
        bcue_calibration_release(&made);
        if (!bcue_report_add_file(report, path))
            status = bcue_fail_memory(error, "the report");
    }
    free(path);
    return status;
}

static bcue_status calibrate_run(const bcue_run_config *run, const bcue_config *config, const char *path,
                                 const bcue_hooks *hooks, bcue_report *report, bcue_error *error)
{
    (void)path; /* it takes nothing but its configuration */
    bcue_dataset *dataset;
    BCUE_TRY(bcue_dataset_open(&run->data, config, hooks, &dataset, error));
    bcue_table *table = made_table(run);
    bcue_status status = table == NULL ? bcue_fail_memory(error, "the report") : BCUE_OK;
    for (size_t i = 0; status == BCUE_OK && i < bcue_run_member_count(run); i++)
        status = calibrate_one(run, config, dataset, bcue_run_member_at(run, i), hooks, report, table, error);
    if (status == BCUE_OK) {
        bcue_table_footnote(
            table,
            "margin: a beam within %g dB of the best; error: expected calibration error; all beams: too few "
            "episodes to promise so much",
            run->calibrate.margin_db);
        if (run->calibrate.part == 1)
            bcue_table_footnote(table, "the validation part also chose the epoch that was kept: episodes for "
                                       "nothing else (calibrate.part: all) promise more");
        status = bcue_report_add_table(report, "calibration", table, error);
    }
    bcue_table_destroy(table);
    bcue_dataset_destroy(dataset);
    return status;
}

bcue_status bcue_calibrate(const char *config_path, const char *const *overrides, size_t override_count,
                           const bcue_hooks *hooks, bcue_report **report, bcue_error *error)
{
    return bcue_do_run_task(calibrate_run, config_path, overrides, override_count, NULL, hooks, report,
                            error);
}

/* ---- in beamcue evaluate ---- */

static bcue_table *found_table(const bcue_run_config *run)
{
    const bcue_column columns[] = {
        {"seed", NULL, BCUE_ALIGN_RIGHT, 0},           {"right", NULL, BCUE_ALIGN_LEFT, 0},
        {"wanted", "%", BCUE_ALIGN_RIGHT, 1},          {"covered", "%", BCUE_ALIGN_RIGHT, 1},
        {"95 % interval", "%", BCUE_ALIGN_RIGHT, 1},   {"worst tenth of episodes", "%", BCUE_ALIGN_RIGHT, 1},
        {"beams in a set", NULL, BCUE_ALIGN_RIGHT, 2}, {"episodes", NULL, BCUE_ALIGN_RIGHT, 0},
        {"error before", "%", BCUE_ALIGN_RIGHT, 2},    {"error after", "%", BCUE_ALIGN_RIGHT, 2}};
    char caption[256];
    snprintf(caption, sizeof caption, "%s: sets of beams to probe", run->name);
    return bcue_table_create(caption, columns, sizeof columns / sizeof *columns);
}

static void add_found(bcue_table *table, uint64_t seed, const bcue_reliability *reliability)
{
    for (size_t i = 0; i < reliability->count; i++) {
        const bcue_reliability_row *row = &reliability->rows[i];
        char right[48], interval[48];
        snprintf(right, sizeof right, row->margin_db > 0.0 ? "within %g dB" : "best beam", row->margin_db);
        snprintf(interval, sizeof interval, "%.1f to %.1f", 100.0 * row->found.low, 100.0 * row->found.high);
        bcue_table_row(table);
        bcue_table_number(table, (double)seed);
        bcue_table_text(table, right);
        bcue_table_number(table, 100.0 * row->coverage);
        bcue_table_number(table, 100.0 * row->found.mean);
        bcue_table_text(table, interval);
        bcue_table_number(table, 100.0 * row->found.worst_tenth);
        bcue_table_number(table, row->found.size);
        bcue_table_number(table, (double)row->found.episodes);
        bcue_table_number(table, 100.0 * reliability->error_before);
        bcue_table_number(table, 100.0 * reliability->error_after);
    }
}

static bcue_status measure_seed(const bcue_run_config *run, size_t seed, const bcue_predictions *predictions,
                                bcue_table *table, size_t *calibrated, bcue_error *error)
{
    const bcue_run_member member = bcue_run_member_at(run, seed);
    bcue_reliability reliability;
    bool measured;
    char *path = bcue_run_member_path(run, member, "model", "safetensors");
    if (path == NULL)
        return bcue_fail_memory(error, "the reliability");
    const bcue_status status =
        bcue_reliability_measure(path, predictions, (uint64_t)run->seed, &reliability, &measured, error);
    if (status == BCUE_OK && measured) {
        add_found(table, member.seed, &reliability);
        *calibrated += 1;
        bcue_reliability_free(&reliability);
    }
    free(path);
    return status;
}

bcue_status bcue_add_reliability(const bcue_run_config *run, const bcue_evaluation *evaluation,
                                 bcue_report *report, bcue_error *error)
{
    if (run->cross_validate)
        return BCUE_OK; /* a model per fold: each has a calibration of its own */
    size_t calibrated = 0;
    bcue_table *table = found_table(run);
    bcue_status status = table == NULL ? bcue_fail_memory(error, "the report") : BCUE_OK;
    for (size_t s = 0; status == BCUE_OK && s < evaluation->seeds; s++)
        status = measure_seed(run, s, &evaluation->predictions[s], table, &calibrated, error);
    if (status == BCUE_OK && calibrated > 0) {
        bcue_table_footnote(table,
                            "means over episodes; thresholds and temperature are those of the model file "
                            "(beamcue calibrate)");
        status = bcue_report_add_table(report, "reliability", table, error);
        bcue_text_puts(bcue_report_out(report), "\n");
    }
    bcue_table_destroy(table);
    return status;
}

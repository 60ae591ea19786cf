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
                                   {"sensors", NULL, BCUE_ALIGN_LEFT, 0},
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

static void add_pattern(bcue_table *table, const char *path, const bcue_calibration *made,
                        const bcue_calibration_pattern *pattern)
{
    char name[BCUE_PATTERN_NAME_SIZE];
    bcue_input_pattern_name(bcue_calibration_inputs(pattern), name);
    for (size_t i = 0; i < made->coverage.count; i++) {
        bcue_table_row(table);
        bcue_table_text(table, path);
        bcue_table_text(table, name);
        bcue_table_number(table, (double)pattern->episodes);
        bcue_table_number(table, (double)pattern->samples);
        bcue_table_number(table, pattern->temperature);
        bcue_table_number(table, 100.0 * pattern->error_before);
        bcue_table_number(table, 100.0 * pattern->error_after);
        bcue_table_number(table, 100.0 * made->coverage.items[i]);
        add_threshold(table, &pattern->threshold, i);
        add_threshold(table, &pattern->margin_threshold, i);
    }
}

static void add_made(bcue_table *table, const char *path, const bcue_calibration *made)
{
    for (size_t i = 0; i < bcue_calibration_count(made); i++)
        add_pattern(table, path, made, bcue_calibration_at(made, i));
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
            "episodes to promise so much; in brackets what stands in for a missing sensor; held: %lld rows "
            "old",
            run->calibrate.margin_db, (long long)run->calibrate.hold_rows);
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
    const bcue_column columns[] = {{"seed", NULL, BCUE_ALIGN_RIGHT, 0},
                                   {"sensors", NULL, BCUE_ALIGN_LEFT, 0},
                                   {"right", NULL, BCUE_ALIGN_LEFT, 0},
                                   {"wanted", "%", BCUE_ALIGN_RIGHT, 1},
                                   {"covered", "%", BCUE_ALIGN_RIGHT, 1},
                                   {"95 % interval", "%", BCUE_ALIGN_RIGHT, 1},
                                   {"worst tenth of episodes", "%", BCUE_ALIGN_RIGHT, 1},
                                   {"beams in a set", NULL, BCUE_ALIGN_RIGHT, 2},
                                   {"by the set for all there", "%", BCUE_ALIGN_RIGHT, 1},
                                   {"episodes", NULL, BCUE_ALIGN_RIGHT, 0},
                                   {"error before", "%", BCUE_ALIGN_RIGHT, 2},
                                   {"error after", "%", BCUE_ALIGN_RIGHT, 2}};
    char caption[256];
    snprintf(caption, sizeof caption, "%s: sets of beams to probe", run->name);
    return bcue_table_create(caption, columns, sizeof columns / sizeof *columns);
}

static void add_found(bcue_table *table, uint64_t seed, const bcue_reliability *reliability)
{
    for (size_t i = 0; i < reliability->count; i++) {
        const bcue_reliability_row *row = &reliability->rows[i];
        char right[48], interval[48], sensors[BCUE_PATTERN_NAME_SIZE];
        snprintf(right, sizeof right, row->margin_db > 0.0 ? "within %g dB" : "best beam", row->margin_db);
        snprintf(interval, sizeof interval, "%.1f to %.1f", 100.0 * row->found.low, 100.0 * row->found.high);
        bcue_input_pattern_name(row->inputs, sensors);
        bcue_table_row(table);
        bcue_table_number(table, (double)seed);
        bcue_table_printf(table, "%s%s", sensors, row->own ? "" : ", never calibrated");
        bcue_table_text(table, right);
        bcue_table_number(table, 100.0 * row->coverage);
        bcue_table_number(table, 100.0 * row->found.mean);
        bcue_table_text(table, interval);
        bcue_table_number(table, 100.0 * row->found.worst_tenth);
        bcue_table_number(table, row->found.size);
        bcue_table_number(table, 100.0 * row->whole_mean);
        bcue_table_number(table, (double)row->found.episodes);
        bcue_table_number(table, 100.0 * row->error_before);
        bcue_table_number(table, 100.0 * row->error_after);
    }
}

bcue_status bcue_add_reliability(const bcue_run_config *run, const bcue_evaluation *evaluation,
                                 bcue_report *report, bcue_error *error)
{
    size_t calibrated = 0;
    bcue_table *table = found_table(run);
    for (size_t s = 0; table != NULL && s < evaluation->seeds; s++) {
        add_found(table, (uint64_t)run->seed + s, &evaluation->reliability[s]);
        calibrated += evaluation->reliability[s].count > 0;
    }
    bcue_status status = table == NULL ? bcue_fail_memory(error, "the report") : BCUE_OK;
    if (status == BCUE_OK && calibrated > 0) {
        bcue_table_footnote(table,
                            "means over episodes; thresholds and temperature are those of the model file "
                            "(beamcue calibrate); in brackets what stands in for a missing sensor");
        status = bcue_report_add_table(report, "reliability", table, error);
        bcue_text_puts(bcue_report_out(report), "\n");
    }
    bcue_table_destroy(table);
    return status;
}

#include "api/evaluate_api.h"
#include "api/calibrate_api.h"
#include "api/run_task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "beamcue/train.h"

double bcue_metric_scale(bcue_metric metric)
{
    return strcmp(bcue_metric_unit(metric, BCUE_POWER_ARBITRARY), "%") == 0 ? 100 : 1;
}

int bcue_metric_decimals(bcue_metric metric)
{
    return metric.kind == BCUE_METRIC_DBA || metric.kind == BCUE_METRIC_DBA_OFFICIAL ? 4 : 2;
}

bcue_table *bcue_evaluation_table(const bcue_run_config *run, const bcue_evaluation *evaluation,
                                  const bcue_evaluation_subset *subset)
{
    const bcue_column columns[] = {{"metric", NULL, BCUE_ALIGN_LEFT, 0},
                                   {"unit", NULL, BCUE_ALIGN_LEFT, 0},
                                   {"mean of seeds", NULL, BCUE_ALIGN_RIGHT, 3},
                                   {"between seeds", NULL, BCUE_ALIGN_RIGHT, 3},
                                   {"95 % interval", NULL, BCUE_ALIGN_RIGHT, 3}};
    char caption[256];
    snprintf(caption, sizeof caption, "%s: %s, %zu samples, %zu seed%s", run->name, subset->name,
             subset->rows, evaluation->seeds, evaluation->seeds == 1 ? "" : "s");
    bcue_table *table = bcue_table_create(caption, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; table != NULL && i < subset->value_count; i++) {
        const bcue_evaluation_value *value = &subset->values[i];
        const double scale = bcue_metric_scale(value->metric);
        char title[64];
        bcue_metric_title(value->metric, title);
        bcue_table_row(table);
        bcue_table_text(table, title);
        bcue_table_text(table, bcue_metric_unit(value->metric, (bcue_power_unit)run->data.power_unit));
        if (!value->available) {
            bcue_table_missing(table);
            bcue_table_note(table, value->reason);
            continue;
        }
        bcue_table_number(table, scale * value->mean);
        if (evaluation->seeds > 1)
            bcue_table_number(table, scale * value->deviation);
        else
            bcue_table_missing(table);
        if (value->interval.has_interval)
            bcue_table_range(table, scale * value->interval.low, scale * value->interval.high);
        else
            bcue_table_missing(table);
        if (value->interval.note[0] != '\0')
            bcue_table_note(table, value->interval.note);
    }
    return table;
}

void bcue_evaluation_notes(const bcue_run_config *run, const bcue_dataset *dataset,
                           const bcue_evaluation *evaluation, bcue_text *out)
{
    const bcue_leak *leak = &evaluation->leak;
    const double tested = leak->test_count > 0 ? (double)leak->test_count : 1;
    if (leak->percent > 0 || leak->adjacent_rows > 0)
        bcue_text_printf(out,
                         "Leak: %.1f %% of the test samples have a training sample of the same sequence "
                         "within 2 s, %.1f %% one image away, %.1f %% share a "
                         "frame with training. These numbers say how well the model interpolates, not how "
                         "well it works elsewhere.\n",
                         100 * (double)leak->near_in_time / tested,
                         100 * (double)leak->adjacent_rows / tested,
                         100 * (double)leak->shared_frames / tested);
    if (evaluation->random_rows)
        bcue_text_puts(out, "The split draws rows, not whole episodes, so the intervals understate.\n");
    const bcue_scored_counts *counts = &evaluation->subsets[0].counts;
    if (counts->invalid_power > 0)
        bcue_text_printf(out,
                         "%zu samples have no valid power vector and are left out of the power metrics.\n",
                         counts->invalid_power);
    if (run->evaluate.radar_lost > 0 || run->evaluate.radar_false > 0)
        bcue_text_printf(out, "Radar: %g %% of the detections lost, %g false points a frame on average.\n",
                         100 * run->evaluate.radar_lost, run->evaluate.radar_false);
    bcue_text_printf(out, "Data %s, %zu training and %zu validation samples, seeds from %lld.\n",
                     bcue_dataset_hash(dataset), evaluation->train_count, evaluation->validation_count,
                     (long long)run->seed);
}

static json_t *value_json(const bcue_evaluation_value *value)
{
    if (!value->available)
        return json_pack("{s:n, s:s}", "mean", "reason", value->reason);
    json_t *json = json_pack("{s:f, s:f, s:s}", "mean", value->mean, "deviation", value->deviation, "note",
                             value->interval.note);
    if (value->interval.has_interval) {
        json_object_set_new(json, "low", json_real(value->interval.low));
        json_object_set_new(json, "high", json_real(value->interval.high));
    }
    return json;
}

static void fill_json(const bcue_run_config *run, const bcue_dataset *dataset,
                      const bcue_evaluation *evaluation, json_t *object)
{
    json_object_set_new(object, "name", json_string(run->name));
    json_object_set_new(object, "model", json_string(bcue_model_kind_names[run->model.kind]));
    json_object_set_new(object, "seeds", json_integer((json_int_t)evaluation->seeds));
    json_object_set_new(object, "first_seed", json_integer(run->seed));
    json_object_set_new(object, "beams", json_integer(bcue_dataset_beams(dataset)));
    json_object_set_new(object, "index_monotone", json_boolean(run->data.index_monotone));
    json_object_set_new(object, "power_unit",
                        json_string(bcue_power_unit_name((bcue_power_unit)run->data.power_unit)));
    json_object_set_new(object, "random_rows", json_boolean(evaluation->random_rows));
    json_object_set_new(object, "data_hash", json_string(bcue_dataset_hash(dataset)));
    json_object_set_new(object, "leak",
                        json_pack("{s:f, s:I, s:I, s:I, s:I}", "percent", evaluation->leak.percent,
                                  "test_samples", (json_int_t)evaluation->leak.test_count, "shared_frames",
                                  (json_int_t)evaluation->leak.shared_frames, "near_in_time",
                                  (json_int_t)evaluation->leak.near_in_time, "adjacent_rows",
                                  (json_int_t)evaluation->leak.adjacent_rows));
    if (run->evaluate.radar_lost > 0 || run->evaluate.radar_false > 0)
        json_object_set_new(object, "radar_faults",
                            json_pack("{s:f, s:f}", "lost", run->evaluate.radar_lost, "false_points",
                                      run->evaluate.radar_false));
    json_t *subsets = json_array();
    for (size_t i = 0; i < evaluation->subset_count; i++) {
        const bcue_evaluation_subset *subset = &evaluation->subsets[i];
        json_t *metrics = json_object();
        for (size_t m = 0; m < subset->value_count; m++)
            json_object_set_new(metrics, subset->values[m].name, value_json(&subset->values[m]));
        json_array_append_new(subsets, json_pack("{s:s, s:I, s:o}", "name", subset->name, "samples",
                                                 (json_int_t)subset->rows, "metrics", metrics));
    }
    json_object_set_new(object, "subsets", subsets);
}

static bcue_status list_predictions(const bcue_run_config *run, size_t seeds, bcue_report *report,
                                    bcue_error *error)
{
    for (size_t i = 0; i < seeds; i++) {
        char *path =
            bcue_run_member_path(run, (bcue_run_member){(uint64_t)run->seed + i, -1}, "predictions", "csv");
        const bool added = path != NULL && bcue_report_add_file(report, path);
        free(path);
        if (!added)
            return bcue_fail_memory(error, "the report");
    }
    return BCUE_OK;
}

/* What evaluate.missing_frames took away, and what came in its place. */
static bcue_table *lost_frames_table(const bcue_run_config *run, const bcue_evaluation *evaluation)
{
    const bcue_column columns[] = {{"sensor", NULL, BCUE_ALIGN_LEFT, 0},
                                   {"lost", "%", BCUE_ALIGN_RIGHT, 1},
                                   {"held", "%", BCUE_ALIGN_RIGHT, 1},
                                   {"carried", "%", BCUE_ALIGN_RIGHT, 1},
                                   {"zeros", "%", BCUE_ALIGN_RIGHT, 1},
                                   {"windows that end earlier", "%", BCUE_ALIGN_RIGHT, 1},
                                   {"windows without it", "%", BCUE_ALIGN_RIGHT, 1}};
    bcue_table *table = bcue_table_create("Frames lost, and what took their places", columns,
                                          sizeof columns / sizeof *columns);
    for (int m = 0; table != NULL && m < BCUE_LOSABLE; m++) {
        const bcue_frame_counts *c = &evaluation->frames[m];
        const double places = c->places > 0 ? (double)c->places : 1,
                     windows = c->windows > 0 ? (double)c->windows : 1;
        if (!(run->evaluate.missing_frames.lost[m] > 0))
            continue;
        bcue_table_row(table);
        bcue_table_text(table, bcue_modality_name((bcue_modality)m));
        bcue_table_number(table, 100 * (double)c->lost / places);
        bcue_table_number(table, 100 * (double)c->held / places);
        bcue_table_number(table, 100 * (double)c->carried / places);
        bcue_table_number(table, 100 * (double)c->zero / places);
        bcue_table_number(table, 100 * (double)c->moved / windows);
        bcue_table_number(table, 100 * (double)c->without / windows);
    }
    return table;
}

static bcue_status add_lost_frames(const bcue_run_config *run, const bcue_evaluation *evaluation,
                                   bcue_report *report, bcue_error *error)
{
    if (!bcue_missing_frames_any(&run->evaluate.missing_frames))
        return BCUE_OK;
    bcue_table *table = lost_frames_table(run, evaluation);
    if (table == NULL)
        return bcue_fail_memory(error, "the report");
    bcue_table_footnote(table, "places of the windows of all seeds together (evaluate.missing_frames)");
    const bcue_status status = bcue_report_add_table(report, "lost_frames", table, error);
    bcue_text_puts(bcue_report_out(report), "\n");
    bcue_table_destroy(table);
    return status;
}

static bcue_status build_report(const bcue_run_config *run, const bcue_dataset *dataset,
                                const bcue_evaluation *evaluation, bool foreign, bcue_report *report,
                                bcue_error *error)
{
    for (size_t i = 0; i < evaluation->subset_count; i++) {
        bcue_table *table = bcue_evaluation_table(run, evaluation, &evaluation->subsets[i]);
        bcue_status status = bcue_report_add_table(report, i == 0 ? "table" : "table_complete", table, error);
        bcue_table_destroy(table);
        BCUE_TRY(status);
        bcue_text_puts(bcue_report_out(report), "\n");
    }
    if (!foreign)
        BCUE_TRY(add_lost_frames(run, evaluation, report, error));
    if (!foreign)
        BCUE_TRY(bcue_add_reliability(run, evaluation, report, error));
    bcue_evaluation_notes(run, dataset, evaluation, bcue_report_out(report));
    fill_json(run, dataset, evaluation, bcue_report_object(report));
    BCUE_TRY(list_predictions(run, evaluation->seeds, report, error));
    BCUE_TRY(bcue_report_write_json_file(report, run->out, "results.json", error));
    char *path = bcue_path_join(run->out, "report.html");
    bcue_status status = path == NULL ? bcue_fail_memory(error, "report.html")
                                      : bcue_evaluation_write_page(run, dataset, evaluation, path, error);
    if (status == BCUE_OK && !bcue_report_add_file(report, path))
        status = bcue_fail_memory(error, "the report");
    free(path);
    return status;
}

static bcue_status evaluate_run(const bcue_run_config *run, const bcue_config *config, const char *foreign,
                                const bcue_hooks *hooks, bcue_report *report, bcue_error *error)
{
    bcue_dataset *dataset;
    bcue_evaluation evaluation;
    BCUE_TRY(bcue_dataset_open(&run->data, config, hooks, &dataset, error));
    bcue_status status = bcue_evaluate_run(run, config, dataset, foreign, hooks, &evaluation, error);
    if (status == BCUE_OK) {
        status = build_report(run, dataset, &evaluation, foreign != NULL, report, error);
        bcue_evaluation_free(&evaluation);
    }
    bcue_dataset_destroy(dataset);
    return status;
}

bcue_status bcue_evaluate(const char *config_path, const char *const *overrides, size_t override_count,
                          const char *predictions_path, const bcue_hooks *hooks, bcue_report **report,
                          bcue_error *error)
{
    return bcue_do_run_task(evaluate_run, config_path, overrides, override_count, predictions_path, hooks,
                            report, error);
}

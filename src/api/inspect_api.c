#include "api/inspect_api.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/dataset_api.h"
#include "api/inspect_manifest.h"
#include "base/fail.h"
#include "base/memory.h"
#include "beamcue/dataset.h"
#include "metrics/quantile.h"

/* Sorts a copy. 0 for nothing; -1 without memory. */
static double median_of(const double *values, size_t count)
{
    double *sorted = bcue_calloc(count, sizeof *sorted);
    if (sorted == NULL)
        return -1;
    memcpy(sorted, values, count * sizeof *sorted);
    const double median = count > 0 ? bcue_median(sorted, count) : 0;
    free(sorted);
    return median;
}

static void inspect_power(const bcue_sample *sample, bcue_inspection *inspection)
{
    double best = -1, second = -1, worst = INFINITY;
    for (int32_t b = 0; b < inspection->beams; b++) {
        const double power = sample->power[b];
        if (power > best) {
            second = best;
            best = power;
        } else if (power > second) {
            second = power;
        }
        worst = power < worst ? power : worst;
    }
    if (worst > 0 && second > 0) {
        inspection->spread_db[inspection->powered] = 10 * log10(best / worst);
        inspection->gap_db[inspection->powered++] = 10 * log10(best / second);
    }
}

static void inspect_availability(const bcue_dataset *dataset, const bcue_sample *sample,
                                 bcue_inspection *inspection)
{
    const size_t newest = (size_t)bcue_dataset_frames(dataset) - 1,
                 fix = 2 * ((size_t)bcue_dataset_gps_frames(dataset) - 1);
    for (int m = 0; m < BCUE_MODALITY_COUNT; m++) {
        if (m == BCUE_GPS) {
            inspection->offered[m] = inspection->offered[m] || sample->fix != NULL;
            inspection->available[m] +=
                sample->fix != NULL && isfinite(sample->fix[fix]) && isfinite(sample->fix[fix + 1]);
        } else if (sample->file[m] != NULL) {
            inspection->offered[m] = true;
            inspection->available[m] += sample->file[m][newest] != NULL;
        }
    }
}

/* Steps between neighbours of an episode: rate, duration, label changes. */
static bcue_status inspect_steps(const bcue_dataset *dataset, bcue_inspection *inspection, bcue_error *error)
{
    double *steps = bcue_calloc(inspection->samples, sizeof *steps);
    if (steps == NULL)
        return bcue_fail_memory(error, "the inspection");
    size_t step_count = 0, pairs = 0, changes = 0;
    for (size_t i = 1; i < inspection->samples; i++) {
        const bcue_sample *before = bcue_dataset_sample(dataset, i - 1),
                          *now = bcue_dataset_sample(dataset, i);
        if (before->episode != now->episode)
            continue;
        const double step = now->time_s - before->time_s;
        if (isfinite(step) && step > 0) {
            steps[step_count++] = step;
            inspection->duration_s += step;
        }
        if (before->label >= 0 && now->label >= 0) {
            pairs++;
            changes += before->label != now->label;
        }
    }
    const double median = median_of(steps, step_count);
    inspection->rate_hz = median > 0 ? 1 / median : 0;
    inspection->label_change_share = pairs > 0 ? (double)changes / (double)pairs : 0;
    free(steps);
    return BCUE_OK;
}

bcue_status bcue_inspection_make(const bcue_dataset *dataset, bcue_inspection *inspection, bcue_error *error)
{
    *inspection = (bcue_inspection){.samples = bcue_dataset_count(dataset),
                                    .episodes = bcue_dataset_episodes(dataset),
                                    .beams = bcue_dataset_beams(dataset)};
    inspection->beam_histogram = bcue_calloc((size_t)inspection->beams, sizeof(double));
    inspection->spread_db = bcue_calloc(inspection->samples, sizeof(double));
    inspection->gap_db = bcue_calloc(inspection->samples, sizeof(double));
    if (inspection->beam_histogram == NULL || inspection->spread_db == NULL || inspection->gap_db == NULL) {
        bcue_inspection_free(inspection);
        return bcue_fail_memory(error, "the inspection");
    }
    for (size_t i = 0; i < inspection->samples; i++) {
        const bcue_sample *sample = bcue_dataset_sample(dataset, i);
        inspect_availability(dataset, sample, inspection);
        if (sample->power != NULL)
            inspect_power(sample, inspection);
        if (sample->label >= 0) {
            inspection->labelled++;
            inspection->beam_histogram[sample->label] += 1;
        }
    }
    inspection->median_spread_db = median_of(inspection->spread_db, inspection->powered);
    inspection->median_gap_db = median_of(inspection->gap_db, inspection->powered);
    bcue_sensors_look(dataset, &inspection->sensors);
    bcue_status status = inspect_steps(dataset, inspection, error);
    if (status == BCUE_OK)
        status = bcue_beam_study_make(dataset, &inspection->study, error);
    if (status != BCUE_OK)
        bcue_inspection_free(inspection);
    return status;
}

void bcue_inspection_free(bcue_inspection *inspection)
{
    free(inspection->beam_histogram);
    free(inspection->spread_db);
    free(inspection->gap_db);
    bcue_beam_study_free(&inspection->study);
    *inspection = (bcue_inspection){0};
}

static void fact_row(bcue_table *table, const char *name, double value, const char *unit)
{
    bcue_table_row(table);
    bcue_table_text(table, name);
    bcue_table_number(table, value);
    bcue_table_text(table, unit);
}

bcue_table *bcue_inspection_overview(const bcue_dataset *dataset, const bcue_inspection *inspection)
{
    const bcue_column columns[] = {{"what", NULL, BCUE_ALIGN_LEFT, 0},
                                   {"value", NULL, BCUE_ALIGN_RIGHT, -1},
                                   {"unit", NULL, BCUE_ALIGN_LEFT, 0}};
    bcue_table *table = bcue_table_create("Overview", columns, 3);
    if (table == NULL)
        return NULL;
    fact_row(table, "samples", (double)inspection->samples, "");
    fact_row(table, "labelled", (double)inspection->labelled, "");
    fact_row(table, "sources", (double)bcue_dataset_sources(dataset), "");
    fact_row(table, "episodes", (double)inspection->episodes, "");
    fact_row(table, "beams", (double)inspection->beams, "");
    if (inspection->rate_hz > 0) {
        fact_row(table, "sample rate", inspection->rate_hz, "Hz");
        fact_row(table, "duration", inspection->duration_s, "s");
        bcue_table_footnote(table,
                            "rate and duration: recordings without time stamps count as 10 samples a second");
    }
    for (int m = 0; m < BCUE_MODALITY_COUNT; m++) {
        if (!inspection->offered[m])
            continue;
        bcue_table_row(table);
        bcue_table_printf(table, "with %s", bcue_modality_name((bcue_modality)m));
        bcue_table_number(table, inspection->samples > 0
                                     ? 100.0 * (double)inspection->available[m] / (double)inspection->samples
                                     : 0);
        bcue_table_text(table, "%");
    }
    if (inspection->powered > 0) {
        fact_row(table, "median power spread, best over worst beam", inspection->median_spread_db, "dB");
        fact_row(table, "median gap, best over second beam", inspection->median_gap_db, "dB");
    }
    fact_row(table, "best beam changes from one sample to the next", 100 * inspection->label_change_share,
             "%");
    return table;
}

typedef struct defect_line {
    const char *name, *handling;
    int64_t count;
} defect_line;

bcue_table *bcue_inspection_defects(const bcue_dataset *dataset)
{
    const bcue_defects *d = bcue_dataset_defects(dataset);
    const defect_line lines[] = {
        {"power with NaN", "power and label dropped", d->nan_power},
        {"of these, label that names the first NaN", "label dropped", d->nan_label_repaired},
        {"all-zero power", "power and label dropped", d->zero_power},
        {"no power file, unreadable, or another number of beams", "label of the table kept", d->no_power},
        {"no label at all", "kept without a label", d->no_label},
        {"label that is not the best beam of its power", "the power wins", d->label_mismatch},
        {"label that is no beam", "ignored", d->label_out_of_range},
        {"label of the other index base", "corrected by the power", d->index_base_mixed},
        {"camera file missing", "missing modality", d->missing_file[BCUE_CAMERA]},
        {"LiDAR file missing", "missing modality", d->missing_file[BCUE_LIDAR]},
        {"radar file missing", "missing modality", d->missing_file[BCUE_RADAR]},
        {"table of vehicles missing", "missing modality", d->missing_file[BCUE_VEHICLES]},
        {"GPS file missing", "missing modality", d->missing_file[BCUE_GPS]},
        {"camera file damaged", "missing modality", d->damaged_file[BCUE_CAMERA]},
        {"LiDAR file damaged", "missing modality", d->damaged_file[BCUE_LIDAR]},
        {"radar file damaged", "missing modality", d->damaged_file[BCUE_RADAR]},
        {"table of vehicles damaged", "missing modality", d->damaged_file[BCUE_VEHICLES]},
        {"GPS file damaged", "missing modality", d->damaged_file[BCUE_GPS]},
        {"GPS fix that is NaN", "missing modality", d->nan_fix},
        {"NaN or empty telemetry", "counted, not used", d->nan_telemetry},
        {"header line repeated in the table", "line dropped", d->repeated_headers},
        {"row without a whole window in its episode", "dropped", d->window_crossing_dropped},
        {"sample without a required modality", "dropped", d->required_missing_dropped},
    };
    const bcue_column columns[] = {{"defect", NULL, BCUE_ALIGN_LEFT, 0},
                                   {"count", NULL, BCUE_ALIGN_RIGHT, 0},
                                   {"what happens", NULL, BCUE_ALIGN_LEFT, 0}};
    bcue_table *table = bcue_table_create("Defects", columns, 3);
    bool any = false;
    for (size_t i = 0; table != NULL && i < sizeof lines / sizeof *lines; i++) {
        if (lines[i].count == 0)
            continue;
        any = true;
        bcue_table_row(table);
        bcue_table_text(table, lines[i].name);
        bcue_table_number(table, (double)lines[i].count);
        bcue_table_text(table, lines[i].handling);
    }
    if (table != NULL && !any) {
        bcue_table_row(table);
        bcue_table_text(table, "none found");
    }
    return table;
}

static void fill_json(const bcue_dataset *dataset, const bcue_inspection *inspection, json_t *object)
{
    const bcue_defects *d = bcue_dataset_defects(dataset);
    json_t *available = json_object(), *histogram = json_array();
    for (int m = 0; m < BCUE_MODALITY_COUNT; m++) {
        if (inspection->offered[m])
            json_object_set_new(available, bcue_modality_name((bcue_modality)m),
                                json_integer((json_int_t)inspection->available[m]));
    }
    for (int32_t b = 0; b < inspection->beams; b++)
        json_array_append_new(histogram, json_integer((json_int_t)inspection->beam_histogram[b]));
    json_object_set_new(object, "samples", json_integer((json_int_t)inspection->samples));
    json_object_set_new(object, "labelled", json_integer((json_int_t)inspection->labelled));
    json_object_set_new(object, "episodes", json_integer((json_int_t)inspection->episodes));
    json_object_set_new(object, "beams", json_integer(inspection->beams));
    json_object_set_new(object, "rate_hz", json_real(inspection->rate_hz));
    json_object_set_new(object, "duration_s", json_real(inspection->duration_s));
    json_object_set_new(object, "available", available);
    json_object_set_new(object, "median_spread_db", json_real(inspection->median_spread_db));
    json_object_set_new(object, "median_gap_db", json_real(inspection->median_gap_db));
    json_object_set_new(object, "label_change_share", json_real(inspection->label_change_share));
    json_object_set_new(object, "beam_histogram", histogram);
    json_object_set_new(object, "nan_power", json_integer(d->nan_power));
    json_object_set_new(object, "zero_power", json_integer(d->zero_power));
    json_object_set_new(object, "label_mismatch", json_integer(d->label_mismatch));
    bcue_sensors_json(&inspection->sensors, object);
    json_object_set_new(object, "scenes", bcue_beam_study_json(&inspection->study));
    json_object_set_new(object, "data_hash", json_string(bcue_dataset_hash(dataset)));
}

static bcue_status add_study(const bcue_beam_study *study, bcue_report *report, bcue_error *error)
{
    bcue_table *tables[BCUE_STUDY_TABLES];
    bool failed;
    bcue_beam_study_tables(study, tables, &failed);
    bcue_status status = failed ? bcue_fail_memory(error, "the scenes") : BCUE_OK;
    for (int t = 0; t < BCUE_STUDY_TABLES; t++) {
        if (status == BCUE_OK && tables[t] != NULL) {
            status = bcue_report_add_table(report, bcue_beam_study_table_names[t], tables[t], error);
            bcue_text_puts(bcue_report_out(report), "\n");
        }
        bcue_table_destroy(tables[t]);
    }
    return status;
}

static bcue_status build(const bcue_dataset *dataset, const bcue_inspection *inspection, const char *title,
                         const char *html_path, bcue_report *report, bcue_error *error)
{
    bcue_text_printf(bcue_report_out(report), "%s\n\n", title);
    BCUE_TRY(bcue_manifest_report(dataset, report, error));
    bcue_table *overview = bcue_inspection_overview(dataset, inspection);
    bcue_status status = bcue_report_add_table(report, "overview", overview, error);
    bcue_table_destroy(overview);
    BCUE_TRY(status);
    bcue_text_puts(bcue_report_out(report), "\n");
    bcue_table *sensors = bcue_sensors_table(&inspection->sensors);
    if (sensors != NULL) {
        status = bcue_report_add_table(report, "sensors", sensors, error);
        bcue_table_destroy(sensors);
        BCUE_TRY(status);
        bcue_text_puts(bcue_report_out(report), "\n");
    }
    BCUE_TRY(add_study(&inspection->study, report, error));
    bcue_table *defects = bcue_inspection_defects(dataset);
    status = bcue_report_add_table(report, "defects", defects, error);
    bcue_table_destroy(defects);
    BCUE_TRY(status);
    fill_json(dataset, inspection, bcue_report_object(report));
    if (html_path == NULL)
        return BCUE_OK;
    BCUE_TRY(bcue_inspection_write_page(dataset, inspection, title, html_path, error));
    return bcue_report_add_file(report, html_path) ? BCUE_OK : bcue_fail_memory(error, "the report");
}

bcue_status bcue_inspect(const char *config_or_folder, const char *const *overrides, size_t override_count,
                         const char *html_path, const bcue_hooks *hooks, bcue_report **report,
                         bcue_error *error)
{
    bcue_dataset *dataset;
    bcue_config *config;
    bcue_inspection inspection;
    *report = NULL;
    BCUE_TRY(
        bcue_open_recordings(config_or_folder, overrides, override_count, hooks, &dataset, &config, error));
    bcue_report *made = bcue_report_create();
    bcue_status status = made == NULL ? bcue_fail_memory(error, "the report")
                                      : bcue_inspection_make(dataset, &inspection, error);
    if (status == BCUE_OK) {
        status = build(dataset, &inspection, config_or_folder, html_path, made, error);
        bcue_inspection_free(&inspection);
    }
    bcue_dataset_destroy(dataset);
    bcue_config_destroy(config);
    return bcue_report_deliver(made, status, report, error);
}

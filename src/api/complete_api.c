#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/run_task.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "beamcue/train.h"
#include "learn/complete_run.h"

/* Names of a set of inputs, "lidar + radar". */
static void name_missing(unsigned missing, char text[64])
{
    size_t used = 0;
    text[0] = '\0';
    for (int m = 0; m < BCUE_INPUT_COUNT; m++) {
        if ((missing & 1U << m) != 0)
            used += (size_t)snprintf(text + used, 64 - used, "%s%s", used > 0 ? " + " : "",
                                     bcue_model_input_names[m]);
    }
    if (missing == 0)
        snprintf(text, 64, "nothing");
}

/* Over the seeds. */
typedef struct spread {
    double mean, deviation; /* NaN: not all have it; of one: no deviation */
} spread;

static spread spread_of(const double *values, size_t count)
{
    spread s = {0, 0};
    for (size_t i = 0; i < count; i++)
        s.mean += values[i] / (double)count;
    for (size_t i = 0; i < count; i++)
        s.deviation += (values[i] - s.mean) * (values[i] - s.mean);
    s.deviation = count > 1 ? sqrt(s.deviation / (double)(count - 1)) : NAN;
    return s;
}

static void add_spread(bcue_table *table, spread s, double scale)
{
    if (isnan(s.mean))
        bcue_table_missing(table);
    else if (isnan(s.deviation))
        bcue_table_number(table, scale * s.mean);
    else
        bcue_table_plus_minus(table, scale * s.mean, scale * s.deviation);
}

static bcue_table *stand_in_table(const bcue_run_config *run, const bcue_complete_result *first)
{
    const bcue_column columns[] = {
        {"missing", NULL, BCUE_ALIGN_LEFT, 0},     {"in its place", NULL, BCUE_ALIGN_LEFT, 0},
        {"top-1", "%", BCUE_ALIGN_RIGHT, 2},       {"DBA", NULL, BCUE_ALIGN_RIGHT, 4},
        {"loss", "dB", BCUE_ALIGN_RIGHT, 2},       {"DBA of draws", NULL, BCUE_ALIGN_RIGHT, 4},
        {"one window", "ms", BCUE_ALIGN_RIGHT, 2}, {"generation", "%", BCUE_ALIGN_RIGHT, 1},
        {"chosen", NULL, BCUE_ALIGN_LEFT, 0}};
    char caption[256];
    snprintf(caption, sizeof caption, "%s: without modalities, %zu samples, %lld seed%s", run->name,
             first->test_samples, (long long)bcue_run_member_count(run),
             bcue_run_member_count(run) == 1 ? "" : "s");
    return bcue_table_create(caption, columns, sizeof columns / sizeof *columns);
}

static int64_t find_pattern(const bcue_complete_result *result, unsigned missing)
{
    for (size_t p = 0; p < result->patterns; p++)
        if (result->missing[p] == missing)
            return (int64_t)p;
    return -1;
}

/* 0: not measured. */
static bcue_complete_times times_of(const bcue_complete_result *result, const bcue_complete_row *row)
{
    const int64_t pattern = find_pattern(result, row->missing);
    const bool generated = pattern >= 0 && result->times[pattern][row->stand_in].window_ms > 0;
    return generated ? result->times[pattern][row->stand_in] : result->full;
}

/* Time of a window, and the share of the whole network's time that the generator takes. */
static void add_times(bcue_table *table, const bcue_complete_result *result, const bcue_complete_row *row)
{
    const bcue_complete_times times = times_of(result, row);
    if (times.window_ms > 0)
        bcue_table_number(table, times.window_ms);
    else
        bcue_table_missing(table);
    if (times.generator_ms > 0)
        bcue_table_number(table, 100 * times.generator_ms / result->full.window_ms);
    else
        bcue_table_missing(table);
}

static void add_stand_in(bcue_table *table, const bcue_complete_result *results, size_t count, size_t row,
                         double *numbers)
{
    const bcue_complete_row *first = &results[0].test.rows[row];
    const int64_t pattern = find_pattern(&results[0], first->missing);
    const double scales[] = {100, 1, 1};
    char text[64];
    bcue_table_row(table);
    name_missing(first->missing, text);
    bcue_table_text(table, text);
    bcue_table_text(table, first->missing == 0 ? "" : bcue_stand_in_names[first->stand_in]);
    for (int k = 0; k < 3; k++) {
        for (size_t i = 0; i < count; i++) {
            const bcue_complete_scores *s = &results[i].test.rows[row].scores;
            numbers[i] = k == 0 ? s->top1 : k == 1 ? s->dba : s->loss_db;
        }
        add_spread(table, spread_of(numbers, count), scales[k]);
    }
    /* The spread between draws, and not between seeds: the paper's. */
    spread draws = {0, 0};
    for (size_t i = 0; i < count; i++) {
        draws.mean += results[i].test.rows[row].drawn.dba / (double)count;
        draws.deviation += results[i].test.rows[row].dba_spread / (double)count;
    }
    add_spread(table, draws, 1);
    add_times(table, &results[0], first);
    size_t chosen = 0;
    for (size_t i = 0; i < count && pattern >= 0; i++)
        chosen += results[i].chosen[pattern] == first->stand_in;
    if (pattern < 0 || chosen == 0)
        bcue_table_missing(table);
    else
        bcue_table_printf(table, "%zu of %zu", chosen, count);
}

/* For which sets a simple stand-in was better than what is generated, in any seed. */
static void note_losses(bcue_table *table, const bcue_complete_result *results, size_t count)
{
    bcue_text list = {0};
    for (size_t p = 0; p < results[0].patterns; p++) {
        size_t simple = 0;
        char name[64];
        for (size_t i = 0; i < count; i++)
            simple +=
                results[i].chosen[p] == BCUE_STAND_IN_ZERO || results[i].chosen[p] == BCUE_STAND_IN_MEAN;
        name_missing(results[0].missing[p], name);
        if (simple > 0)
            bcue_text_printf(&list, "%s%s (%zu of %zu)", list.size > 0 ? ", " : "", name, simple, count);
    }
    if (list.size > 0 && !list.failed)
        bcue_table_footnote(table,
                            "what is generated does not beat the best simple stand-in, which is the "
                            "default, without %s",
                            list.data);
    bcue_text_free(&list);
}

static bcue_status report_stand_ins(const bcue_run_config *run, const bcue_complete_result *results,
                                    size_t count, bcue_report *report, bcue_error *error)
{
    double *numbers = bcue_calloc(count, sizeof *numbers);
    bcue_table *table = stand_in_table(run, &results[0]);
    bcue_status status = table == NULL || numbers == NULL ? bcue_fail_memory(error, "the report") : BCUE_OK;
    for (size_t i = 0; status == BCUE_OK && i < results[0].test.count; i++) {
        if (i > 0 && results[0].test.rows[i].missing != results[0].test.rows[i - 1].missing)
            bcue_table_rule(table);
        add_stand_in(table, results, count, i, numbers);
    }
    if (status == BCUE_OK) {
        bcue_table_footnote(table,
                            "+-: between seeds; DBA of draws: mean of %lld draws of the prior, +- "
                            "between the draws",
                            (long long)run->complete.draws);
        bcue_table_footnote(table, "hold: what was seen %lld rows before; noise and hold are never chosen",
                            (long long)run->complete.hold_rows);
        bcue_table_footnote(table, "chosen: best DBA on %zu validation samples, in so many seeds",
                            results[0].validation_samples);
        bcue_table_footnote(table, "generation: the generator's time over that of the whole network");
        note_losses(table, results, count);
        status = bcue_report_add_table(report, "missing", table, error);
    }
    bcue_table_destroy(table);
    free(numbers);
    return status;
}

static void add_training(bcue_table *table, const char *what, const bcue_complete_fit *fit, uint64_t seed,
                         int64_t numbers, double seconds)
{
    bcue_table_row(table);
    bcue_table_number(table, (double)seed);
    bcue_table_text(table, what);
    bcue_table_number(table, (double)numbers);
    bcue_table_number(table, (double)fit->train_rows);
    bcue_table_number(table, fit->first_error);
    bcue_table_number(table, fit->error);
    bcue_table_number(table, (double)fit->best_epoch);
    bcue_table_number(table, seconds);
}

static bcue_status report_training(const bcue_run_config *run, const bcue_complete_result *results,
                                   size_t count, bcue_report *report, bcue_error *error)
{
    const bcue_column columns[] = {
        {"seed", NULL, BCUE_ALIGN_RIGHT, 0},         {"makes", NULL, BCUE_ALIGN_LEFT, 0},
        {"parameters", NULL, BCUE_ALIGN_RIGHT, 0},   {"windows", NULL, BCUE_ALIGN_RIGHT, 0},
        {"error before", NULL, BCUE_ALIGN_RIGHT, 3}, {"error", NULL, BCUE_ALIGN_RIGHT, 3},
        {"epoch kept", NULL, BCUE_ALIGN_RIGHT, 0},   {"time", "s", BCUE_ALIGN_RIGHT, 1}};
    bcue_table *table = bcue_table_create("the generator", columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; table != NULL && i < count; i++) {
        const bcue_complete_result *r = &results[i];
        const uint64_t seed = bcue_run_member_at(run, i).seed;
        if (r->generator_numbers > 0)
            add_training(table, "features", &r->fit, seed, r->generator_numbers, r->seconds);
        if (r->map_numbers > 0)
            add_training(table, "maps", &r->map_fit, seed, r->map_numbers, r->map_seconds);
    }
    if (table != NULL)
        bcue_table_footnote(
            table, "error: squared, of the vectors or maps that are missing, in units of their "
                   "variance in training, on the validation windows: 1 is no better than their mean");
    bcue_status status = table == NULL ? bcue_fail_memory(error, "the report")
                                       : bcue_report_add_table(report, "generator", table, error);
    bcue_table_destroy(table);
    return status;
}

/* Every seed's own numbers. */
static bcue_status write_rows(const bcue_run_config *run, const bcue_complete_result *results, size_t count,
                              bcue_report *report, bcue_error *error)
{
    bcue_text csv = {0};
    char *path = bcue_path_join(run->out, "missing.csv");
    bcue_text_puts(&csv, "seed,part,missing,stand_in,top_1,dba,loss_db,draws_dba,draws_dba_deviation,"
                         "draws_top_1,draws_top_1_deviation,window_ms,generator_ms\n");
    for (size_t i = 0; i < count; i++) {
        for (int part = 0; part < 2; part++) {
            const bcue_complete_table *table = part == 0 ? &results[i].validation : &results[i].test;
            for (size_t k = 0; k < table->count; k++) {
                const bcue_complete_row *row = &table->rows[k];
                char name[64];
                const bcue_complete_times times = times_of(&results[i], row);
                name_missing(row->missing, name);
                bcue_text_printf(&csv, "%llu,%s,%s,%s,%.6f,%.6f,%.6f,%.6f,%.6f,%.6f,%.6f,%.4f,%.4f\n",
                                 (unsigned long long)bcue_run_member_at(run, i).seed,
                                 part == 0 ? "validation" : "evaluated", name,
                                 row->missing == 0 ? "" : bcue_stand_in_names[row->stand_in],
                                 row->scores.top1, row->scores.dba, row->scores.loss_db, row->drawn.dba,
                                 row->dba_spread, row->drawn.top1, row->top1_spread, times.window_ms,
                                 times.generator_ms);
            }
        }
    }
    bcue_status status = path == NULL || csv.failed ? bcue_fail_memory(error, "the report")
                                                    : bcue_file_write(path, csv.data, csv.size, error);
    if (status == BCUE_OK && !bcue_report_add_file(report, path))
        status = bcue_fail_memory(error, "the report");
    bcue_text_free(&csv);
    free(path);
    return status;
}

static bcue_status complete_run(const bcue_run_config *run, const bcue_config *config, const char *path,
                                const bcue_hooks *hooks, bcue_report *report, bcue_error *error)
{
    (void)path; /* it takes nothing but its configuration */
    bcue_dataset *dataset;
    const size_t count = bcue_run_member_count(run);
    BCUE_TRY(bcue_dataset_open(&run->data, config, hooks, &dataset, error));
    bcue_complete_result *results = bcue_calloc(count, sizeof *results);
    bcue_status status = results == NULL ? bcue_fail_memory(error, "the report") : BCUE_OK;
    for (size_t i = 0; status == BCUE_OK && i < count; i++) {
        const bcue_run_member member = bcue_run_member_at(run, i);
        char *model = bcue_run_member_path(run, member, "model", "safetensors");
        status = bcue_complete_member(run, config, dataset, member, i == 0, hooks, &results[i], error);
        if (status == BCUE_OK && (model == NULL || !bcue_report_add_file(report, model)))
            status = bcue_fail_memory(error, "the report");
        free(model);
    }
    if (status == BCUE_OK)
        status = report_training(run, results, count, report, error);
    if (status == BCUE_OK)
        status = report_stand_ins(run, results, count, report, error);
    if (status == BCUE_OK)
        status = write_rows(run, results, count, report, error);
    free(results);
    bcue_dataset_destroy(dataset);
    return status;
}

bcue_status bcue_complete(const char *config_path, const char *const *overrides, size_t override_count,
                          const bcue_hooks *hooks, bcue_report **report, bcue_error *error)
{
    return bcue_do_run_task(complete_run, config_path, overrides, override_count, NULL, hooks, report, error);
}

#include <math.h>
#include <stdlib.h>

#include "api/compress_latency.h"
#include "api/run_task.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "beamcue/train.h"
#include "compress/compress_run.h"
#include "learn/evaluate.h"
#include "report/chart.h"

static const char *const state_names[] = {"as trained",
                                          "fine-tuned",
                                          "not trained",
                                          "not trained: too slow",
                                          "not trained: no budget left",
                                          "not trained: other samples"};

/* NaN where nothing was measured. */
static double measured(const bcue_candidate *candidate, double ms)
{
    return candidate->times.runs > 0 ? ms : NAN;
}

static bcue_table *candidate_table(const bcue_run_config *run, const bcue_search *search)
{
    char name[64];
    const bcue_column columns[] = {
        {"candidate", NULL, BCUE_ALIGN_LEFT, 0},    {"precision", NULL, BCUE_ALIGN_LEFT, 0},
        {"parameters", NULL, BCUE_ALIGN_RIGHT, 0},  {"predicted", "ms", BCUE_ALIGN_RIGHT, 3},
        {"next window", "ms", BCUE_ALIGN_RIGHT, 3}, {"prediction off by", "%", BCUE_ALIGN_RIGHT, 1},
        {"p50", "ms", BCUE_ALIGN_RIGHT, 3},         {"p95", "ms", BCUE_ALIGN_RIGHT, 3},
        {"p99", "ms", BCUE_ALIGN_RIGHT, 3},         {"missed", "%", BCUE_ALIGN_RIGHT, 2},
        {"new window", "ms", BCUE_ALIGN_RIGHT, 3},  {"top-1", "%", BCUE_ALIGN_RIGHT, 2},
        {"DBA", NULL, BCUE_ALIGN_RIGHT, 4},         {"DBA lost", NULL, BCUE_ALIGN_RIGHT, 4},
        {"training", NULL, BCUE_ALIGN_LEFT, 0},     {"", NULL, BCUE_ALIGN_LEFT, 0}};
    bcue_table *table = bcue_table_create(run->name, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; table != NULL && i < search->count; i++) {
        const bcue_candidate *c = &search->items[i];
        const bcue_answer_tail tail = bcue_answer_times_tail(&c->times, run->compress.target_ms);
        bcue_table_row(table);
        bcue_candidate_name(c, name, sizeof name);
        bcue_table_text(table, name);
        bcue_table_text(table, c->int8 ? "8 bits" : "f32");
        bcue_table_number(table, (double)c->parameters);
        bcue_table_number(table, c->predicted_ms);
        bcue_table_number(table, measured(c, c->times.ms));
        bcue_table_number(table, 100 * bcue_candidate_error(c));
        bcue_table_number(table, tail.p50);
        bcue_table_number(table, tail.p95);
        bcue_table_number(table, tail.p99);
        bcue_table_number(table, 100 * tail.missed);
        bcue_table_number(table, measured(c, c->times.window_ms));
        bcue_table_number(table, 100 * c->top1);
        bcue_table_number(table, c->dba);
        bcue_table_number(table, bcue_candidate_loss(search, i));
        bcue_table_text(table, c->kind == BCUE_CANDIDATE_DENSE && c->state == BCUE_CANDIDATE_TUNED
                                   ? "from scratch"
                                   : state_names[c->state]);
        bcue_table_text(table, search->chosen == (ptrdiff_t)i ? "chosen" : c->front ? "on the front" : "");
    }
    if (table != NULL) {
        bcue_table_footnote(
            table,
            "times: of the network on this machine, percentile %g of all runs, %lld in each of several "
            "rounds; "
            "next window: of a stream, one new frame of each sensor; decoding and features come on "
            "top",
            run->compress.percentile, (long long)run->compress.runs);
        bcue_table_footnote(
            table,
            "p50, p95, p99, missed: of the same runs of the next window, whatever else the machine did "
            "then; missed: longer than %g ms",
            run->compress.target_ms);
        bcue_table_footnote(
            table,
            "predicted: the sum over the layers, each timed alone (compress.layers), as the whole model's "
            "time is to the %.3f ms of its own layers; %d layers were timed now",
            search->items[0].layers_ms, search->layers_timed);
        bcue_table_footnote(table,
                            "top-1 and DBA of the validation samples; lost: against the whole model in f32");
    }
    return table;
}

enum { SERIES = 5, FRONT = SERIES - 1 };
static const char *const series_names[SERIES] = {"whole or pruned, f32", "whole or pruned, 8 bits",
                                                 "fewer frames or pixels", "dense, from scratch",
                                                 "nothing is both faster and better"};

static int series_of(const bcue_candidate *c)
{
    return c->kind == BCUE_CANDIDATE_DENSE ? 3 : c->kind != BCUE_CANDIDATE_PRUNED ? 2 : c->int8 ? 1 : 0;
}

/* Points are kept apart by gaps, so that no line joins them. */
static size_t points_of(const bcue_search *search, int kind, double *x, double *y)
{
    size_t used = 0;
    for (size_t i = 0; i < search->count; i++) {
        const bcue_candidate *c = &search->items[i];
        if (isnan(c->dba) || (kind < FRONT ? series_of(c) != kind : !c->front))
            continue;
        x[used] = c->times.ms;
        y[used++] = c->dba;
        x[used] = y[used] = NAN;
        used++;
    }
    return used;
}

static bcue_status draw(const bcue_run_config *run, const bcue_search *search, bcue_text *svg,
                        bcue_error *error)
{
    const size_t room = 2 * search->count;
    double *x = bcue_calloc(SERIES * room, sizeof *x), *y = bcue_calloc(SERIES * room, sizeof *y);
    bcue_line_series series[SERIES];
    size_t drawn = 0;
    if (x == NULL || y == NULL) {
        free(x);
        free(y);
        return bcue_fail_memory(error, "a picture");
    }
    for (int kind = 0; kind < SERIES; kind++) {
        double *at_x = x + (size_t)kind * room, *at_y = y + (size_t)kind * room;
        const size_t count = points_of(search, kind, at_x, at_y);
        if (count > 0)
            series[drawn++] = (bcue_line_series){
                .name = series_names[kind], .x = at_x, .y = at_y, .count = count, .markers = true};
    }
    const bcue_line_chart chart = {
        .options = {.title = run->name,
                    .description = "DBA of the validation samples against the time of one answer",
                    .height = 400,
                    .standalone = true},
        .x = {.title = "time of the network for the next window", .unit = "ms"},
        .y = {.title = "DBA"},
        .series = series,
        .series_count = drawn};
    bcue_status status = bcue_chart_lines(&chart, svg, error);
    free(x);
    free(y);
    return status;
}

static bcue_status write_picture(const bcue_run_config *run, const bcue_search *search, bcue_report *report,
                                 bcue_error *error)
{
    bcue_text svg = {0}, path = {0};
    bcue_text_printf(&path, "%s/compress/front.svg", run->out);
    bcue_status status = path.failed ? bcue_fail_memory(error, "a picture") : draw(run, search, &svg, error);
    if (status == BCUE_OK && svg.failed)
        status = bcue_fail_memory(error, "a picture");
    if (status == BCUE_OK)
        status = bcue_file_write(path.data, svg.data, svg.size, error);
    if (status == BCUE_OK && !bcue_report_add_file(report, path.data))
        status = bcue_fail_memory(error, "the report");
    bcue_text_free(&svg);
    bcue_text_free(&path);
    return status;
}

/* Its own configuration where it reads other inputs than the run, or is another network. */
static bcue_status evaluate_own(const bcue_candidate *chosen, const bcue_hooks *hooks,
                                bcue_evaluation *evaluation, bcue_error *error)
{
    const char *const only[] = {"seeds=1", "evaluate.part=test", "evaluate.insight=0"};
    bcue_run_config run;
    bcue_config *config;
    bcue_dataset *dataset;
    char *path = bcue_path_join(chosen->folder, "config.yaml");
    bcue_status status = path == NULL ? bcue_fail_memory(error, "testing")
                                      : bcue_run_config_read(path, only, 3, &run, &config, error);
    free(path);
    BCUE_TRY(status);
    run.out = chosen->folder;
    status = bcue_dataset_open(&run.data, config, hooks, &dataset, error);
    if (status == BCUE_OK) {
        status = bcue_evaluate_run(&run, config, dataset, NULL, hooks, evaluation, error);
        bcue_dataset_destroy(dataset);
    }
    bcue_config_destroy(config);
    return status;
}

/* The only look at the test samples. */
static bcue_status test_chosen(const bcue_run_config *run, const bcue_config *config,
                               const bcue_dataset *dataset, const bcue_candidate *chosen,
                               const bcue_hooks *hooks, bcue_report *report, bcue_error *error)
{
    bcue_run_config there = *run;
    bcue_evaluation evaluation;
    there.out = chosen->folder;
    there.seeds = 1;
    there.evaluate.part = 0;
    there.evaluate.insight = 0;
    BCUE_TRY(chosen->kind == BCUE_CANDIDATE_PRUNED
                 ? bcue_evaluate_run(&there, config, dataset, NULL, hooks, &evaluation, error)
                 : evaluate_own(chosen, hooks, &evaluation, error));
    const bcue_evaluation_value *dba = bcue_evaluation_find(&evaluation.subsets[0], "dba"),
                                *top1 = bcue_evaluation_find(&evaluation.subsets[0], "top_1");
    bcue_text_printf(bcue_report_out(report), "On the test samples (%zu):", evaluation.subsets[0].rows);
    if (dba != NULL && dba->available) {
        bcue_text_printf(bcue_report_out(report), " DBA %.4f", dba->mean);
        json_object_set_new(bcue_report_object(report), "test_dba", json_real(dba->mean));
    }
    if (top1 != NULL && top1->available) {
        bcue_text_printf(bcue_report_out(report), " top-1 %.2f %%", 100 * top1->mean);
        json_object_set_new(bcue_report_object(report), "test_top1", json_real(top1->mean));
    }
    bcue_text_printf(bcue_report_out(report), "\n'beamcue evaluate' has the rest of it: %s\n",
                     chosen->folder);
    bcue_evaluation_free(&evaluation);
    return BCUE_OK;
}

/* How long the chosen one takes, in words and as "times". */
static void say_times(const bcue_run_config *run, const bcue_candidate *chosen, bcue_report *report)
{
    const bcue_answer_tail tail = bcue_answer_times_tail(&chosen->times, run->compress.target_ms);
    bcue_text_printf(
        bcue_report_out(report),
        "Next window of a stream: p50 %.3f, p95 %.3f, p99 %.3f ms; %.2f %% of %zu runs took longer "
        "than %g ms. A window of new frames: %.3f ms.\n",
        tail.p50, tail.p95, tail.p99, 100 * tail.missed, chosen->times.runs, run->compress.target_ms,
        chosen->times.window_ms);
    json_object_set_new(bcue_report_object(report), "times",
                        json_pack("{s:f, s:f, s:f, s:f, s:I, s:f}", "p50_ms", tail.p50, "p95_ms", tail.p95,
                                  "p99_ms", tail.p99, "missed", tail.missed, "runs",
                                  (json_int_t)chosen->times.runs, "window_ms", chosen->times.window_ms));
}

/* What a narrower network of equal latency came to, trained from scratch, in words and as "dense". */
static void say_dense(const bcue_search *search, bcue_report *report)
{
    bcue_text *out = bcue_report_out(report);
    const bcue_candidate *best = NULL;
    json_object_set_new(bcue_report_object(report), "dense", json_null());
    if (search->no_narrower)
        bcue_text_puts(out,
                       "No narrower network of this kind is as fast as the best that was made smaller: there "
                       "is no dense control.\n");
    if (search->dense < 0)
        return;
    const bcue_candidate *dense = &search->items[search->dense];
    if (isnan(dense->dba)) {
        bcue_text_puts(out, "The dense control was not trained: raise compress.budget_hours.\n");
        return;
    }
    for (size_t i = 0; i < search->count; i++) {
        const bcue_candidate *c = &search->items[i];
        if (c->state == BCUE_CANDIDATE_TUNED && c->kind != BCUE_CANDIDATE_DENSE &&
            (best == NULL || c->dba > best->dba))
            best = c;
    }
    char name[64];
    bcue_text_printf(out,
                     "The dense control, width %lld from scratch for %lld epochs: %.3f ms and DBA %.4f on "
                     "validation",
                     (long long)dense->width, (long long)dense->epochs, dense->times.ms, dense->dba);
    if (best != NULL) {
        bcue_candidate_name(best, name, sizeof name);
        bcue_text_printf(out, "; the best that was made smaller, %s: %.3f ms and %.4f", name, best->times.ms,
                         best->dba);
    }
    bcue_text_puts(out, ".\n");
    json_object_set_new(bcue_report_object(report), "dense",
                        json_pack("{s:I, s:I, s:f, s:f, s:s}", "width", (json_int_t)dense->width, "epochs",
                                  (json_int_t)dense->epochs, "ms", dense->times.ms, "dba", dense->dba,
                                  "folder", dense->folder));
}

static void say_none(const bcue_run_config *run, const bcue_search *search, bcue_report *report)
{
    const bcue_candidate *fastest = &search->items[0], *best = NULL;
    for (size_t i = 0; i < search->count; i++) {
        const bcue_candidate *c = &search->items[i];
        fastest = bcue_candidate_ms(c) < bcue_candidate_ms(fastest) ? c : fastest;
        if (!isnan(c->dba) && c->times.ms <= run->compress.target_ms && (best == NULL || c->dba > best->dba))
            best = c;
    }
    bcue_text *out = bcue_report_out(report);
    bcue_text_printf(out, "None answers within %g ms and loses at most %g DBA. ", run->compress.target_ms,
                     run->compress.max_loss);
    if (bcue_candidate_ms(fastest) > run->compress.target_ms)
        bcue_text_printf(out,
                         "The fastest takes %.3f ms%s: allow smaller compress.ratios, or train a smaller "
                         "model, or try fewer frames "
                         "or pixels (compress.frames, compress.pixels).\n",
                         bcue_candidate_ms(fastest), fastest->times.runs > 0 ? "" : " by prediction");
    else if (best != NULL)
        bcue_text_printf(out,
                         "In time, the best of those that were trained loses %.4f: fine-tune for longer "
                         "(prune.epochs), more of them (compress.tune), or accept it (compress.max_loss).\n",
                         search->items[0].dba - best->dba);
    else
        bcue_text_puts(out,
                       "None of those that are fast enough was fine-tuned: raise compress.budget_hours.\n");
}

/* A search on a busy machine measures the others: say so, and give "slowdown". */
static void say_busy(const bcue_search *search, bcue_report *report)
{
    const bcue_answer_times *times = &search->items[0].times; /* the whole model, measured in every round */
    const double slowdown = bcue_answer_times_slowdown(times), most = 2;
    json_object_set_new(bcue_report_object(report), "slowdown",
                        isnan(slowdown) ? json_null() : json_real(slowdown));
    if (slowdown > most)
        bcue_text_printf(
            bcue_report_out(report),
            "The whole model's median of %zu runs is %.1f times its quickest one (%.3f ms): other "
            "programs keep this machine busy, and these times say more about them than about the "
            "models. Search again when it is quiet.\n",
            times->runs, slowdown, times->runs_ms[0]);
}

static bcue_status report_search(const bcue_run_config *run, const bcue_config *config,
                                 const bcue_dataset *dataset, const bcue_search *search,
                                 const bcue_hooks *hooks, bcue_report *report, bcue_error *error)
{
    bcue_table *table = candidate_table(run, search);
    bcue_status status = bcue_report_add_table(report, "candidates", table, error);
    bcue_table_destroy(table);
    BCUE_TRY(status);
    BCUE_TRY(write_picture(run, search, report, error));
    bcue_text_puts(bcue_report_out(report), "\n");
    if (!search->int8)
        bcue_text_puts(bcue_report_out(report),
                       "This machine has neither VNNI nor AMX, so nothing was tried in 8 bits.\n");
    say_busy(search, report);
    say_dense(search, report);
    if (search->chosen < 0) {
        json_object_set_new(bcue_report_object(report), "chosen", json_null());
        json_object_set_new(bcue_report_object(report), "times", json_null());
        say_none(run, search, report);
        return BCUE_OK;
    }
    const bcue_candidate *chosen = &search->items[search->chosen];
    json_object_set_new(bcue_report_object(report), "chosen", json_string(chosen->folder));
    say_times(run, chosen, report);
    return test_chosen(run, config, dataset, chosen, hooks, report, error);
}

static bcue_status compress_task(const bcue_run_config *run, const bcue_config *config, const char *path,
                                 const bcue_hooks *hooks, bcue_report *report, bcue_error *error)
{
    (void)path; /* it takes nothing but its configuration */
    bcue_dataset *dataset;
    bcue_search search;
    bcue_compress_config wanted = run->compress;
    const bcue_stopwatch stopwatch = {&wanted, bcue_compress_latency};
    BCUE_TRY(bcue_dataset_open(&run->data, config, hooks, &dataset, error));
    bcue_status status = bcue_compress_search(run, config, dataset, &stopwatch, hooks, &search, error);
    if (status == BCUE_OK) {
        status = report_search(run, config, dataset, &search, hooks, report, error);
        bcue_search_free(&search);
    }
    bcue_dataset_destroy(dataset);
    return status;
}

bcue_status bcue_compress(const char *config_path, const char *const *overrides, size_t override_count,
                          const bcue_hooks *hooks, bcue_report **report, bcue_error *error)
{
    return bcue_do_run_task(compress_task, config_path, overrides, override_count, NULL, hooks, report,
                            error);
}

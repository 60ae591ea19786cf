#include <stdlib.h>

#include "api/train_task.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/report_hooks.h"
#include "beamcue/train.h"
#include "learn/trainer.h"

static bcue_status write_effective_config(const bcue_run_config *run, bcue_report *report, bcue_error *error)
{
    char *path;
    BCUE_TRY(bcue_run_config_write(
        run, "config.yaml", "The effective configuration: 'beamcue train' with this file repeats the run.",
        &path, error));
    const bcue_status status =
        bcue_report_add_file(report, path) ? BCUE_OK : bcue_fail_memory(error, "the report");
    free(path);
    return status;
}

static bcue_table *summary_table(const bcue_run_config *run)
{
    const bcue_column columns[] = {
        {"seed", NULL, BCUE_ALIGN_RIGHT, 0},           {"fold", NULL, BCUE_ALIGN_RIGHT, 0},
        {"train", "samples", BCUE_ALIGN_RIGHT, 0},     {"validation", "samples", BCUE_ALIGN_RIGHT, 0},
        {"best epoch", NULL, BCUE_ALIGN_RIGHT, 0},     {"validation top-1", "%", BCUE_ALIGN_RIGHT, 2},
        {"parameters", NULL, BCUE_ALIGN_RIGHT, 0},     {"time", "s", BCUE_ALIGN_RIGHT, 1},
        {"waiting for data", "%", BCUE_ALIGN_RIGHT, 1}};
    bcue_table *table = bcue_table_create(run->name, columns, sizeof columns / sizeof *columns);
    return table;
}

static void add_member(bcue_table *table, bcue_run_member member, const bcue_training_summary *summary)
{
    bcue_table_row(table);
    bcue_table_number(table, (double)member.seed);
    if (member.fold < 0)
        bcue_table_missing(table);
    else
        bcue_table_number(table, (double)member.fold);
    bcue_table_number(table, (double)summary->train_count);
    bcue_table_number(table, (double)summary->validation_count);
    if (summary->best_epoch > 0) {
        bcue_table_number(table, (double)summary->best_epoch);
        if (summary->validation_count > 0)
            bcue_table_number(table, 100 * summary->validation_top1);
        else
            bcue_table_missing(table);
    } else {
        bcue_table_text(table, summary->skipped ? "done before" : NULL);
        bcue_table_missing(table);
    }
    bcue_table_number(table, (double)summary->parameters);
    bcue_table_number(table, summary->seconds);
    bcue_table_number(table, 100 * summary->wait_share);
}

/* A model beside its teacher, on the validation samples. */
static bcue_table *distilled_table(void)
{
    const bcue_column columns[] = {{"model", NULL, BCUE_ALIGN_LEFT, 0},
                                   {"seed", NULL, BCUE_ALIGN_RIGHT, 0},
                                   {"parameters", NULL, BCUE_ALIGN_RIGHT, 0},
                                   {"top-1", "%", BCUE_ALIGN_RIGHT, 2},
                                   {"mean percentile rank", "%", BCUE_ALIGN_RIGHT, 2},
                                   {"below the best beam", "dB", BCUE_ALIGN_RIGHT, 3}};
    return bcue_table_create("Validation samples", columns, sizeof columns / sizeof *columns);
}

static void add_measures(bcue_table *table, int64_t parameters, double top1, double mpr, double below_db)
{
    bcue_table_number(table, (double)parameters);
    bcue_table_number(table, 100 * top1);
    if (mpr < 0) {
        bcue_table_missing(table);
        bcue_table_missing(table);
        return;
    }
    bcue_table_number(table, 100 * mpr);
    bcue_table_number(table, below_db);
}

static void add_distilled(bcue_table *table, bool first, bcue_run_member member,
                          const bcue_training_summary *summary)
{
    if (!summary->has_teacher || summary->validation_count == 0)
        return;
    if (first) {
        bcue_table_row(table);
        bcue_table_text(table, "teacher");
        bcue_table_missing(table);
        add_measures(table, summary->teacher_parameters, summary->teacher_top1, summary->teacher_mpr,
                     summary->teacher_below_db);
    }
    bcue_table_row(table);
    bcue_table_text(table, "student");
    bcue_table_number(table, (double)member.seed);
    add_measures(table, summary->parameters, summary->validation_top1, summary->validation_mpr,
                 summary->validation_below_db);
}

static bcue_status train_members(const bcue_run_config *run, const bcue_config *config,
                                 const bcue_dataset *dataset, bcue_ranks *ranks, const bcue_hooks *hooks,
                                 bcue_report *report, bcue_table *table, bcue_table *distilled,
                                 bcue_error *error)
{
    const size_t count = bcue_run_member_count(run);
    for (size_t i = 0; i < count; i++) {
        const bcue_run_member member = bcue_run_member_at(run, i);
        bcue_training_summary summary;
        if (count > 1)
            bcue_log(hooks, BCUE_LOG_INFO, "%s: run %zu of %zu (seed %llu%s%c)", run->name, i + 1, count,
                     (unsigned long long)member.seed, member.fold >= 0 ? ", fold " : "",
                     member.fold >= 0 ? (char)('0' + (int)(member.fold % 10)) : ' ');
        BCUE_TRY(bcue_train_member_on(run, config, dataset, member, ranks, hooks, &summary, error));
        add_member(table, member, &summary);
        add_distilled(distilled, i == 0, member, &summary);
        bool added = bcue_report_add_file(report, summary.model_path);
        bcue_training_summary_free(&summary);
        char *history = bcue_run_member_path(run, member, "history", "csv");
        added =
            added && history != NULL && (!bcue_path_exists(history) || bcue_report_add_file(report, history));
        free(history);
        if (!added)
            return bcue_fail_memory(error, "the report");
    }
    return BCUE_OK;
}

static bcue_status train_here(const bcue_run_config *run, const bcue_config *config, bcue_ranks *ranks,
                              const bcue_hooks *hooks, bcue_report *report, bcue_error *error)
{
    bcue_dataset *dataset;
    BCUE_TRY(bcue_check_writable_dir(run->out, error));
    BCUE_TRY(bcue_dataset_open(&run->data, config, hooks, &dataset, error));
    bcue_table *table = summary_table(run), *distilled = distilled_table();
    bcue_status status = table == NULL || distilled == NULL ? bcue_fail_memory(error, "the report") : BCUE_OK;
    if (status == BCUE_OK && ranks->rank == 0)
        status = write_effective_config(run, report, error);
    if (status == BCUE_OK)
        status = train_members(run, config, dataset, ranks, hooks, report, table, distilled, error);
    if (status == BCUE_OK)
        status = bcue_report_add_table(report, "members", table, error);
    if (status == BCUE_OK && run->distill.teacher != NULL)
        status = bcue_report_add_table(report, "distilled", distilled, error);
    bcue_table_destroy(table);
    bcue_table_destroy(distilled);
    bcue_dataset_destroy(dataset);
    return status;
}

/* In every process that mpirun started; only the first one talks. */
bcue_status bcue_train_task(const bcue_run_config *run, const bcue_config *config, const char *path,
                            const bcue_hooks *hooks, bcue_report *report, bcue_error *error)
{
    (void)path; /* training takes nothing but its configuration */
    bcue_ranks ranks;
    BCUE_TRY(bcue_ranks_open(&ranks, error));
    bcue_hooks silent = {0};
    if (hooks != NULL)
        silent = (bcue_hooks){.cookie = hooks->cookie, .cancelled = hooks->cancelled};
    if (ranks.count > 1 && ranks.rank == 0)
        bcue_log(hooks, BCUE_LOG_INFO, "training in %d processes", ranks.count);
    bcue_status status = train_here(run, config, &ranks, ranks.rank == 0 ? hooks : &silent, report, error);
    bcue_ranks_close(&ranks, status == BCUE_OK || status == BCUE_ERROR_CANCELLED);
    return status;
}

bcue_status bcue_train(const char *config_path, const char *const *overrides, size_t override_count,
                       const bcue_hooks *hooks, bcue_report **report, bcue_error *error)
{
    return bcue_do_run_task(bcue_train_task, config_path, overrides, override_count, NULL, hooks, report,
                            error);
}

char *bcue_train_config_help(void)
{
    bcue_text text = {0};
    bcue_config_describe(bcue_run_config_fields, &text);
    if (text.failed)
        bcue_text_free(&text);
    return text.data;
}

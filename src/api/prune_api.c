#include <stdlib.h>

#include "api/run_task.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "beamcue/train.h"
#include "compress/prune_run.h"

static bcue_table *phase_table(const bcue_run_config *run)
{
    const bcue_column columns[] = {
        {"ratio", NULL, BCUE_ALIGN_RIGHT, 2},        {"seed", NULL, BCUE_ALIGN_RIGHT, 0},
        {"phase", NULL, BCUE_ALIGN_LEFT, 0},         {"parameters", NULL, BCUE_ALIGN_RIGHT, 0},
        {"left", "%", BCUE_ALIGN_RIGHT, 1},          {"MACs", "million", BCUE_ALIGN_RIGHT, 1},
        {"pruned, top-1", "%", BCUE_ALIGN_RIGHT, 2}, {"tuned, top-1", "%", BCUE_ALIGN_RIGHT, 2},
        {"scoring", "s", BCUE_ALIGN_RIGHT, 1},       {"tuning", "s", BCUE_ALIGN_RIGHT, 1}};
    bcue_table *table = bcue_table_create(run->name, columns, sizeof columns / sizeof *columns);
    if (table != NULL)
        bcue_table_footnote(table, "top-1 of the validation samples; of: %s",
                            bcue_prune_of_names[run->prune.of]);
    return table;
}

static void add_row(bcue_table *table, const bcue_prune_result *result, bcue_run_member member,
                    const bcue_prune_phase *phase)
{
    bcue_table_row(table);
    bcue_table_number(table, phase != NULL ? result->ratio : 1);
    bcue_table_number(table, (double)member.seed);
    bcue_table_text(table, phase != NULL ? phase->name : "unpruned");
    const int64_t parameters = phase != NULL ? phase->parameters : result->parameters;
    bcue_table_number(table, (double)parameters);
    bcue_table_number(table, 100 * (double)parameters / (double)result->plan.before);
    bcue_table_number(table, 1e-6 * (double)(phase != NULL ? phase->macs : result->macs));
    bcue_table_number(table, 100 * (phase != NULL ? phase->pruned_top1 : result->top1));
    if (phase == NULL) {
        for (int i = 0; i < 3; i++)
            bcue_table_missing(table);
        return;
    }
    bcue_table_number(table, 100 * phase->tuned_top1);
    bcue_table_number(table, phase->score_s);
    bcue_table_number(table, phase->tune_s);
}

/* What is pruned first: prune.model, or what `beamcue train` made of this configuration. */
static char *first_model(const bcue_run_config *run, bcue_run_member member)
{
    return run->prune.model != NULL ? bcue_strdup(run->prune.model)
                                    : bcue_run_member_path(run, member, "model", "safetensors");
}

static bcue_status prune_member(const bcue_run_config *run, const bcue_config *config,
                                const bcue_dataset *dataset, bcue_run_member member, const bcue_hooks *hooks,
                                bcue_report *report, bcue_table *table, bcue_error *error)
{
    const bcue_double_list *ratios = &run->prune.ratios;
    char *from = first_model(run, member);
    bcue_status status = from == NULL ? bcue_fail_memory(error, "pruning") : BCUE_OK;
    for (size_t i = 0; status == BCUE_OK && i < ratios->count; i++) {
        bcue_prune_result result;
        status =
            bcue_prune_member(run, config, dataset, member, ratios->items[i], from, hooks, &result, error);
        if (status != BCUE_OK)
            break;
        if (i == 0 || run->prune.cumulative)
            add_row(table, &result, member, NULL);
        for (int k = 0; k < result.phase_count; k++)
            add_row(table, &result, member, &result.phases[k]);
        if (!bcue_report_add_file(report, result.model_path))
            status = bcue_fail_memory(error, "the report");
        if (status == BCUE_OK && run->prune.cumulative) {
            free(from);
            from = bcue_strdup(result.model_path);
            status = from == NULL ? bcue_fail_memory(error, "pruning") : BCUE_OK;
        }
        bcue_prune_result_free(&result);
    }
    free(from);
    return status;
}

static bcue_status prune_run(const bcue_run_config *run, const bcue_config *config, const char *path,
                             const bcue_hooks *hooks, bcue_report *report, bcue_error *error)
{
    (void)path; /* pruning takes nothing but its configuration */
    bcue_dataset *dataset;
    if (run->prune.ratios.count == 0)
        return bcue_config_fail(config, error, "prune.ratios",
                                "names no share; give one or more, e.g. [0.7, 0.5]");
    BCUE_TRY(bcue_dataset_open(&run->data, config, hooks, &dataset, error));
    bcue_table *table = phase_table(run);
    bcue_status status = table == NULL ? bcue_fail_memory(error, "the report") : BCUE_OK;
    for (size_t i = 0; status == BCUE_OK && i < bcue_run_member_count(run); i++)
        status = prune_member(run, config, dataset, bcue_run_member_at(run, i), hooks, report, table, error);
    if (status == BCUE_OK)
        status = bcue_report_add_table(report, "phases", table, error);
    bcue_table_destroy(table);
    bcue_dataset_destroy(dataset);
    return status;
}

bcue_status bcue_prune(const char *config_path, const char *const *overrides, size_t override_count,
                       const bcue_hooks *hooks, bcue_report **report, bcue_error *error)
{
    return bcue_do_run_task(prune_run, config_path, overrides, override_count, NULL, hooks, report, error);
}

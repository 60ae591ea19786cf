#include <stdlib.h>

#include "api/run_task.h"
#include "base/fail.h"
#include "base/memory.h"
#include "beamcue/train.h"
#include "compress/quantise_run.h"

static bcue_table *score_table(const bcue_run_config *run)
{
    const bcue_column columns[] = {{"seed", NULL, BCUE_ALIGN_RIGHT, 0},
                                   {"network", NULL, BCUE_ALIGN_LEFT, 0},
                                   {"layers in 8 bits", NULL, BCUE_ALIGN_RIGHT, 0},
                                   {"top-1", "%", BCUE_ALIGN_RIGHT, 2},
                                   {"DBA", NULL, BCUE_ALIGN_RIGHT, 4},
                                   {"changed answers", "%", BCUE_ALIGN_RIGHT, 2},
                                   {"divergence", "nats", BCUE_ALIGN_RIGHT, 6}};
    return bcue_table_create(run->name, columns, sizeof columns / sizeof *columns);
}

static void add_numbers(bcue_table *table, const bcue_quantise_score *score)
{
    bcue_table_number(table, 100 * score->top1);
    bcue_table_number(table, score->dba);
    bcue_table_number(table, 100 * score->changed);
    bcue_table_number(table, score->divergence);
}

static void add_score(bcue_table *table, uint64_t seed, const char *name, const bcue_quantise_score *score)
{
    bcue_table_row(table);
    bcue_table_number(table, (double)seed);
    bcue_table_text(table, name);
    bcue_table_number(table, (double)score->layers);
    add_numbers(table, score);
}

static void add_result(bcue_table *table, uint64_t seed, const bcue_quantise_result *result)
{
    if (result->validation == 0) {
        bcue_table_row(table);
        bcue_table_number(table, (double)seed);
        bcue_table_text(table, "all in 8 bits");
        bcue_table_number(table, (double)result->layer_count);
        return;
    }
    add_score(table, seed, "f32", &result->exact);
    add_score(table, seed, "all in 8 bits", &result->all);
    if (result->tried_tuning)
        add_score(table, seed, "all in 8 bits, fine-tuned", &result->tuned);
    if (result->chosen.layers != result->all.layers)
        add_score(table, seed, "the most sensitive in f32", &result->chosen);
}

/* Every layer alone in 8 bits. */
static bcue_status layer_table(const bcue_quantise_result *result, uint64_t seed, bcue_report *report,
                               bcue_error *error)
{
    char caption[96], key[32];
    const bcue_column columns[] = {
        {"layer", NULL, BCUE_ALIGN_LEFT, 0},         {"top-1", "%", BCUE_ALIGN_RIGHT, 2},
        {"DBA", NULL, BCUE_ALIGN_RIGHT, 4},          {"changed answers", "%", BCUE_ALIGN_RIGHT, 2},
        {"divergence", "nats", BCUE_ALIGN_RIGHT, 6}, {"stays in", NULL, BCUE_ALIGN_LEFT, 0}};
    snprintf(caption, sizeof caption, "Seed %llu: each layer alone in 8 bits, the most sensitive first",
             (unsigned long long)seed);
    snprintf(key, sizeof key, "layers_seed%llu", (unsigned long long)seed);
    bcue_table *table = bcue_table_create(caption, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; table != NULL && i < result->layer_count; i++) {
        bcue_table_row(table);
        bcue_table_text(table, result->layers[i].name);
        add_numbers(table, &result->layers[i].alone);
        bcue_table_text(table, result->layers[i].kept ? "f32" : "8 bits");
    }
    bcue_text_puts(bcue_report_out(report), "\n");
    bcue_status status = bcue_report_add_table(report, key, table, error);
    bcue_table_destroy(table);
    return status;
}

static bcue_status write_scores(bcue_table *table, const bcue_quantise_result *last, bcue_report *report,
                                bcue_error *error)
{
    bcue_table_footnote(
        table,
        "scales from %zu training windows of %zu episodes; answers on %zu validation windows%s; "
        "divergence: mean KL of the probabilities from those in f32",
        last->windows, last->episodes, last->validation,
        last->rounded ? ", rounded in f32 as this machine has neither VNNI nor AMX" : "");
    return bcue_report_add_table(report, "quantisation", table, error);
}

typedef struct quantised {
    bcue_quantise_result *results;
    size_t count;
} quantised;

static bcue_status quantise_all(const bcue_run_config *run, const bcue_config *config,
                                const bcue_dataset *dataset, const bcue_hooks *hooks, quantised *done,
                                bcue_error *error)
{
    const size_t members = bcue_run_member_count(run);
    done->results = bcue_calloc(members, sizeof *done->results);
    if (done->results == NULL)
        return bcue_fail_memory(error, "quantising");
    for (size_t i = 0; i < members; i++) {
        const bcue_run_member member = bcue_run_member_at(run, i);
        char *from = run->quantise.model != NULL ? bcue_strdup(run->quantise.model)
                                                 : bcue_run_member_path(run, member, "model", "safetensors");
        bcue_status status = from == NULL ? bcue_fail_memory(error, "quantising")
                                          : bcue_quantise_member(run, config, dataset, member, from, hooks,
                                                                 &done->results[i], error);
        free(from);
        BCUE_TRY(status);
        done->count++;
    }
    return BCUE_OK;
}

static bcue_status report_all(const bcue_run_config *run, const quantised *done, bcue_report *report,
                              bcue_error *error)
{
    bcue_table *table = score_table(run);
    bcue_status status = table == NULL ? bcue_fail_memory(error, "the report") : BCUE_OK;
    for (size_t i = 0; status == BCUE_OK && i < done->count; i++) {
        add_result(table, bcue_run_member_at(run, i).seed, &done->results[i]);
        if (!bcue_report_add_file(report, done->results[i].model_path))
            status = bcue_fail_memory(error, "the report");
    }
    if (status == BCUE_OK && done->count > 0)
        status = write_scores(table, &done->results[done->count - 1], report, error);
    bcue_table_destroy(table);
    for (size_t i = 0; status == BCUE_OK && i < done->count; i++) {
        if (done->results[i].tried_layers)
            status = layer_table(&done->results[i], bcue_run_member_at(run, i).seed, report, error);
    }
    return status;
}

static bcue_status quantise_run(const bcue_run_config *run, const bcue_config *config, const char *path,
                                const bcue_hooks *hooks, bcue_report *report, bcue_error *error)
{
    (void)path; /* it takes nothing but its configuration */
    bcue_dataset *dataset;
    quantised done = {0};
    BCUE_TRY(bcue_dataset_open(&run->data, config, hooks, &dataset, error));
    bcue_status status = quantise_all(run, config, dataset, hooks, &done, error);
    if (status == BCUE_OK)
        status = report_all(run, &done, report, error);
    for (size_t i = 0; i < done.count; i++)
        bcue_quantise_result_free(&done.results[i]);
    free(done.results);
    bcue_dataset_destroy(dataset);
    return status;
}

bcue_status bcue_quantise(const char *config_path, const char *const *overrides, size_t override_count,
                          const bcue_hooks *hooks, bcue_report **report, bcue_error *error)
{
    return bcue_do_run_task(quantise_run, config_path, overrides, override_count, NULL, hooks, report, error);
}

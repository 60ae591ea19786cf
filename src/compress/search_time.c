/* How long candidates take and how good they are. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/report_hooks.h"
#include "compress/prune_apply.h"
#include "compress/search_parts.h"
#include "learn/predictions.h"
#include "learn/score_file.h"
#include "metrics/metric.h"

char *bcue_search_model_path(const bcue_searcher *s, const char *folder)
{
    bcue_run_config there = *s->run;
    there.out = (char *)(uintptr_t)folder;
    return bcue_run_member_path(&there, s->member, "model", "safetensors");
}

bcue_status bcue_search_validate(const bcue_searcher *s, const char *path, bcue_candidate *candidate,
                                 bcue_error *error)
{
    const size_t count = s->split.validation_count, beams = (size_t)bcue_dataset_beams(s->dataset);
    bcue_predictions predictions = {0};
    const bcue_score_job job = {.train = &s->run->train,
                                .dataset = s->dataset,
                                .seed = s->member.seed,
                                .seen_hash = s->seen_hash,
                                .samples = s->split.validation,
                                .count = count};
    float *scores = bcue_calloc(count * beams, sizeof *scores);
    bcue_status status = scores == NULL ? bcue_fail_memory(error, "validation")
                                        : bcue_score_file(path, &job, s->hooks, scores, error);
    if (status == BCUE_OK)
        status = bcue_predictions_create(s->dataset, s->split.validation, count, (int32_t)beams, &predictions,
                                         error);
    if (status == BCUE_OK) {
        for (size_t i = 0; i < count; i++)
            bcue_predictions_rank(&predictions, i, scores + i * beams);
        const bcue_scored_set set =
            bcue_predictions_view(&predictions, s->run->data.index_monotone, s->run->data.power_unit);
        status =
            bcue_metric_compute(&set, (bcue_metric){BCUE_METRIC_DBA, 0, 0}, &candidate->dba, NULL, error);
        if (status == BCUE_OK)
            status = bcue_metric_compute(&set, (bcue_metric){BCUE_METRIC_TOP_K, 1, 0}, &candidate->top1, NULL,
                                         error);
    }
    bcue_predictions_free(&predictions);
    free(scores);
    return status;
}

bcue_status bcue_search_time(const bcue_searcher *s, bcue_candidate *candidate, bcue_error *error)
{
    char *path = bcue_search_model_path(s, candidate->folder);
    bcue_status status = path == NULL
                             ? bcue_fail_memory(error, "compressing")
                             : s->stopwatch->measure(s->stopwatch->cookie, path, &candidate->times, error);
    free(path);
    BCUE_TRY(status);
    return bcue_cancelled(s->hooks)
               ? bcue_fail(error, BCUE_ERROR_CANCELLED, "stopped while timing candidates")
               : BCUE_OK;
}

bcue_status bcue_search_time_all(const bcue_searcher *s, int rounds, bcue_error *error)
{
    for (int round = 0; round < rounds; round++) {
        for (size_t i = 0; i < s->search->count; i++)
            if (s->search->items[i].times.runs > 0)
                BCUE_TRY(bcue_search_time(s, &s->search->items[i], error));
        bcue_progress(s->hooks, "timing", (uint64_t)round + 1, (uint64_t)rounds);
    }
    return BCUE_OK;
}

bcue_status bcue_search_sum_network(bcue_searcher *s, const bcue_model_config *config,
                                    const bcue_model_inputs *inputs, const bcue_int8_scales *int8,
                                    bcue_candidate *candidate, bcue_error *error)
{
    static const char *const all[] = {""};
    const bcue_layered network = {config, inputs, int8, (int)s->run->compress.threads};
    char name[64];
    bcue_layer_sum sum;
    int32_t added;
    BCUE_TRY(bcue_prune_count(config, inputs, all, 1, &candidate->parameters, error));
    BCUE_TRY(bcue_layer_table_learn(&s->table, &network, s->run->compress.layer_runs, &added, error));
    BCUE_TRY(bcue_layer_table_save(&s->table, error));
    BCUE_TRY(bcue_layer_table_sum(&s->table, &network, &sum, error));
    s->search->layers_timed += added;
    candidate->layers_ms = sum.next_ms;
    bcue_candidate_name(candidate, name, sizeof name);
    bcue_log(s->hooks, BCUE_LOG_INFO, "%s in %s: %d layers, %d of them timed: %.3f ms", name,
             candidate->int8 ? "8 bits" : "f32", sum.layers, added, sum.next_ms);
    return BCUE_OK;
}

bcue_status bcue_search_sum_layers(bcue_searcher *s, bcue_candidate *candidate, bcue_error *error)
{
    bcue_model_file model;
    char *path = bcue_search_model_path(s, candidate->folder);
    bcue_status status =
        path == NULL ? bcue_fail_memory(error, "compressing") : bcue_model_file_read(path, &model, error);
    free(path);
    BCUE_TRY(status);
    status = bcue_search_sum_network(s, &model.config, &model.inputs, model.int8, candidate, error);
    bcue_model_file_free(&model);
    return status;
}

void bcue_candidate_name(const bcue_candidate *candidate, char *name, size_t size)
{
    if (candidate->kind == BCUE_CANDIDATE_FRAMES)
        snprintf(name, size, "%lld frame%s", (long long)candidate->frames, candidate->frames == 1 ? "" : "s");
    else if (candidate->kind == BCUE_CANDIDATE_PIXELS)
        snprintf(name, size, "%g of the pictures' sides", candidate->pixels);
    else if (candidate->kind == BCUE_CANDIDATE_DENSE)
        snprintf(name, size, "dense, width %lld", (long long)candidate->width);
    else if (candidate->state == BCUE_CANDIDATE_WHOLE)
        snprintf(name, size, "whole");
    else
        snprintf(name, size, "%g of the parameters", candidate->ratio);
}

void bcue_search_predict(bcue_search *search)
{
    for (size_t i = 0; i < search->count; i++) {
        bcue_candidate *c = &search->items[i];
        const bcue_candidate *whole = &search->items[c->int8 ? 1 : 0];
        c->predicted_ms = c->layers_ms * whole->times.ms / whole->layers_ms;
    }
}

double bcue_candidate_ms(const bcue_candidate *candidate)
{
    return candidate->times.runs > 0 ? candidate->times.ms : candidate->predicted_ms;
}

double bcue_candidate_error(const bcue_candidate *candidate)
{
    return candidate->times.runs > 0 && candidate->state != BCUE_CANDIDATE_WHOLE
               ? candidate->predicted_ms / candidate->times.ms - 1
               : NAN;
}

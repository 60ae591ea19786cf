#include "learn/evaluate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/report_hooks.h"
#include "learn/codebook_check.h"
#include "learn/complete_run.h"
#include "learn/score_file.h"
#include "learn/score_without.h"

/* What one member of the run is scored on. */
typedef struct member_test {
    uint64_t seed;
    const char *seen_hash;
    const size_t *samples;
    size_t count;
} member_test;

static bcue_point_faults faults_of(const bcue_run_config *run)
{
    return (bcue_point_faults){.lost = run->evaluate.radar_lost, .false_points = run->evaluate.radar_false};
}

static bcue_status score_model(const bcue_run_config *run, const bcue_dataset *dataset, const char *path,
                               const member_test *test, const bcue_hooks *hooks,
                               bcue_predictions *predictions, size_t first_row,
                               bcue_frame_counts frames[BCUE_LOSABLE], bcue_error *error)
{
    const size_t beams = (size_t)bcue_dataset_beams(dataset);
    float *scores = bcue_calloc(test->count, beams * sizeof *scores);
    if (scores == NULL)
        return bcue_fail_memory(error, "the scores");
    const bcue_score_job job = {.train = &run->train,
                                .dataset = dataset,
                                .seed = test->seed,
                                .seen_hash = test->seen_hash,
                                .samples = test->samples,
                                .count = test->count,
                                .rounded = run->evaluate.rounded,
                                .faults = faults_of(run)};
    bcue_status status = bcue_score_without(run, path, &job, hooks, scores, frames, error);
    for (size_t i = 0; status == BCUE_OK && i < test->count; i++)
        bcue_predictions_rank(predictions, first_row + i, scores + i * beams);
    free(scores);
    return status;
}

static void keep_worst_leak(bcue_leak *worst, const bcue_leak *leak)
{
    if (worst->test_count == 0 || leak->percent > worst->percent)
        *worst = *leak;
}

/* The scored samples of all folds of a seed, fold after fold. */
typedef struct seed_samples {
    size_t *samples;
    size_t *fold_begin;    /* folds + 1 */
    char (*seen_hash)[17]; /* of every fold's training and validation samples */
    size_t folds;
} seed_samples;

static void free_samples(seed_samples *gathered)
{
    free(gathered->samples);
    free(gathered->fold_begin);
    free(gathered->seen_hash);
}

static bcue_status gather_samples(const bcue_run_config *run, const bcue_config *origin,
                                  const bcue_dataset *dataset, size_t seed_index, bcue_evaluation *evaluation,
                                  seed_samples *gathered, bcue_error *error)
{
    const size_t folds = run->cross_validate ? (size_t)run->split.folds : 1;
    *gathered = (seed_samples){.folds = folds};
    gathered->samples = bcue_calloc(bcue_dataset_count(dataset), sizeof(size_t));
    gathered->fold_begin = bcue_calloc(folds + 1, sizeof(size_t));
    gathered->seen_hash = bcue_calloc(folds, sizeof *gathered->seen_hash);
    if (gathered->samples == NULL || gathered->fold_begin == NULL || gathered->seen_hash == NULL)
        return bcue_fail_memory(error, "the test samples");
    for (size_t f = 0; f < folds; f++) {
        bcue_split split;
        BCUE_TRY(bcue_run_member_split(run, origin, dataset, bcue_run_member_at(run, seed_index * folds + f),
                                       &split, error));
        const size_t *from = run->evaluate.part == 0 ? split.test : split.validation;
        const size_t count = run->evaluate.part == 0 ? split.test_count : split.validation_count;
        const size_t begin = gathered->fold_begin[f];
        if (begin + count <= bcue_dataset_count(dataset)) {
            memcpy(gathered->samples + begin, from, count * sizeof(size_t));
            gathered->fold_begin[f + 1] = begin + count;
        }
        bcue_split_seen_hash(dataset, &split, gathered->seen_hash[f]);
        keep_worst_leak(&evaluation->leak, &split.leak);
        if (seed_index == 0 && f == 0) {
            evaluation->train_count = split.train_count;
            evaluation->validation_count = split.validation_count;
        }
        bcue_split_free(&split);
        if (begin + count > bcue_dataset_count(dataset))
            return bcue_fail(error, BCUE_ERROR_INTERNAL, "the folds hold more samples than there are");
    }
    if (gathered->fold_begin[folds] == 0)
        return bcue_fail(error, BCUE_ERROR_DATA,
                         "the split leaves no sample to score; check the shares in split and data.require");
    return BCUE_OK;
}

/* The member's network on the samples of the first fold. */
static bcue_score_job first_fold_job(const bcue_run_config *run, const bcue_dataset *dataset,
                                     bcue_run_member member, const seed_samples *gathered)
{
    return (bcue_score_job){.train = &run->train,
                            .dataset = dataset,
                            .seed = member.seed,
                            .seen_hash = gathered->seen_hash[0],
                            .samples = gathered->samples,
                            .count = gathered->fold_begin[1],
                            .rounded = run->evaluate.rounded,
                            .faults = faults_of(run)};
}

/* A look at the first member's network. */
static bcue_status look_at_model(const bcue_run_config *run, const bcue_dataset *dataset,
                                 const seed_samples *gathered, const bcue_hooks *hooks,
                                 bcue_evaluation *evaluation, bcue_error *error)
{
    const bcue_run_member member = bcue_run_member_at(run, 0);
    char *path = bcue_run_member_path(run, member, "model", "safetensors");
    if (path == NULL)
        return bcue_fail_memory(error, "scoring");
    const bcue_score_job job = first_fold_job(run, dataset, member, gathered);
    bcue_status status =
        bcue_insight_make(path, &job, (size_t)run->evaluate.insight, hooks, &evaluation->insight, error);
    free(path);
    return status;
}

/* What evaluate.missing takes away, and what stands in for it in this model. */
static bcue_status given_pattern(const bcue_run_config *run, const char *path, bcue_input_pattern *given,
                                 bcue_error *error)
{
    bcue_model_file file;
    *given = (bcue_input_pattern){0};
    BCUE_TRY(bcue_missing_inputs(&run->evaluate, &given->missing, error));
    if (given->missing == 0)
        return BCUE_OK;
    BCUE_TRY(bcue_model_file_open(path, &file, error));
    const bcue_status status =
        bcue_complete_choose(&file, path, given->missing,
                             run->evaluate.stand_in == 0 ? BCUE_STAND_IN_COUNT : run->evaluate.stand_in - 1,
                             &given->stand_in, error);
    bcue_model_file_free(&file);
    return status;
}

static bcue_status measure_reliability(const bcue_run_config *run, const bcue_dataset *dataset,
                                       size_t seed_index, const seed_samples *gathered,
                                       const bcue_hooks *hooks, bcue_evaluation *evaluation,
                                       bcue_error *error)
{
    const bcue_run_member member = bcue_run_member_at(run, seed_index);
    bcue_input_pattern given;
    char *path = bcue_run_member_path(run, member, "model", "safetensors");
    if (path == NULL)
        return bcue_fail_memory(error, "the reliability");
    const bcue_score_job job = first_fold_job(run, dataset, member, gathered);
    bcue_status status = given_pattern(run, path, &given, error);
    if (status == BCUE_OK)
        status = bcue_reliability_measure(path, &job, &evaluation->predictions[seed_index], given,
                                          run->evaluate.patterns, (uint64_t)run->seed, hooks,
                                          &evaluation->reliability[seed_index], error);
    free(path);
    return status;
}

static bcue_status score_seed(const bcue_run_config *run, const bcue_config *origin,
                              const bcue_dataset *dataset, size_t seed_index, const char *foreign,
                              const bcue_hooks *hooks, bcue_evaluation *evaluation, bcue_error *error)
{
    bcue_predictions *predictions = &evaluation->predictions[seed_index];
    seed_samples gathered;
    bcue_status status = gather_samples(run, origin, dataset, seed_index, evaluation, &gathered, error);
    if (status == BCUE_OK)
        status = bcue_predictions_create(dataset, gathered.samples, gathered.fold_begin[gathered.folds],
                                         bcue_dataset_beams(dataset), predictions, error);
    if (status == BCUE_OK && foreign != NULL)
        status = bcue_predictions_read_foreign(foreign, predictions, error);
    for (size_t f = 0; status == BCUE_OK && foreign == NULL && f < gathered.folds; f++) {
        const bcue_run_member member = bcue_run_member_at(run, seed_index * gathered.folds + f);
        char *path = bcue_run_member_path(run, member, "model", "safetensors");
        const size_t begin = gathered.fold_begin[f];
        const member_test test = {member.seed, gathered.seen_hash[f], gathered.samples + begin,
                                  gathered.fold_begin[f + 1] - begin};
        if (path == NULL)
            status = bcue_fail_memory(error, "scoring");
        else
            status =
                score_model(run, dataset, path, &test, hooks, predictions, begin, evaluation->frames, error);
        free(path);
        bcue_progress(hooks, "score", seed_index * gathered.folds + f + 1,
                      evaluation->seeds * gathered.folds);
    }
    if (status == BCUE_OK)
        status = bcue_predictions_rate_vehicles(dataset, gathered.samples, run->evaluate.outage_dbm,
                                                predictions, error);
    if (status == BCUE_OK && foreign == NULL && seed_index == 0)
        status = look_at_model(run, dataset, &gathered, hooks, evaluation, error);
    /* Windows with gaps are of no pattern that was calibrated. */
    if (status == BCUE_OK && foreign == NULL && !run->cross_validate &&
        !bcue_missing_frames_any(&run->evaluate.missing_frames))
        status = measure_reliability(run, dataset, seed_index, &gathered, hooks, evaluation, error);
    free_samples(&gathered);
    return status;
}

static bcue_status write_predictions(const bcue_run_config *run, size_t seed_index,
                                     const bcue_predictions *predictions, bcue_error *error)
{
    const size_t folds = run->cross_validate ? (size_t)run->split.folds : 1;
    bcue_run_member member = bcue_run_member_at(run, seed_index * folds);
    member.fold = -1;
    char *path = bcue_run_member_path(run, member, "predictions", "csv");
    bcue_status status = path == NULL ? bcue_fail_memory(error, "the predictions")
                                      : bcue_predictions_write(path, predictions, error);
    free(path);
    return status;
}

static const bcue_metric other_metrics[] = {
    {BCUE_METRIC_DBA, 0, 0},        {BCUE_METRIC_MPR, 0, 0},         {BCUE_METRIC_LOSS, 0, 0},
    {BCUE_METRIC_POWER_LOSS, 0, 0}, {BCUE_METRIC_TOP_K_LOSS, 3, 0},  {BCUE_METRIC_WITHIN, 0, 1},
    {BCUE_METRIC_OUTAGE, 0, 3},     {BCUE_METRIC_RATE_RATIO, 0, 10}, {BCUE_METRIC_RSS, 0, 0}};
enum {
    OTHER_METRICS = sizeof other_metrics / sizeof *other_metrics,
    VEHICLE_METRICS = BCUE_METRIC_VEHICLE_OUTAGE - BCUE_METRIC_REACHABLE + 1
};

static bool knows_vehicles(const bcue_predictions *p)
{
    for (size_t i = 0; i < p->rows; i++) {
        if (!isnan(p->vehicle[i * BCUE_VEHICLE_SCORES]))
            return true;
    }
    return false;
}

/* What is computed for every subset; the caller frees *list. */
static bcue_status list_metrics(const bcue_run_config *run, int32_t beams, bool vehicles, bcue_metric **list,
                                size_t *count, bcue_error *error)
{
    const bcue_int_list *top_k = &run->evaluate.top_k;
    for (size_t i = 0; i < top_k->count; i++) {
        if (top_k->items[i] > beams)
            return bcue_fail(error, BCUE_ERROR_CONFIG, "evaluate.top_k: %lld is more than the %d beams",
                             (long long)top_k->items[i], beams);
    }
    *count = top_k->count + OTHER_METRICS + (vehicles ? VEHICLE_METRICS : 0) +
             (run->evaluate.official_weights ? 1 : 0);
    *list = bcue_calloc(*count, sizeof **list);
    if (*list == NULL)
        return bcue_fail_memory(error, "the metrics");
    for (size_t i = 0; i < top_k->count; i++)
        (*list)[i] = (bcue_metric){BCUE_METRIC_TOP_K, (int32_t)top_k->items[i], 0};
    memcpy(*list + top_k->count, other_metrics, sizeof other_metrics);
    for (int i = 0; vehicles && i < VEHICLE_METRICS; i++)
        (*list)[top_k->count + OTHER_METRICS + (size_t)i].kind =
            (bcue_metric_kind)(BCUE_METRIC_REACHABLE + i);
    if (run->evaluate.official_weights)
        (*list)[*count - 1] = (bcue_metric){BCUE_METRIC_DBA_OFFICIAL, 0, 0};
    return BCUE_OK;
}

static bcue_status evaluate_metric(const bcue_runs *runs, const bcue_run_config *run, bool random_rows,
                                   bcue_evaluation_value *value, bcue_error *error)
{
    bcue_error inner = {{0}};
    double *each = bcue_calloc(runs->count, sizeof *each);
    if (each == NULL)
        return bcue_fail_memory(error, "the metrics");
    value->available = true;
    for (size_t s = 0; s < runs->count && value->available; s++) {
        value->available =
            bcue_metric_compute(&runs->sets[s], value->metric, &each[s], NULL, &inner) == BCUE_OK;
        value->mean += each[s] / (double)runs->count;
    }
    bcue_status status = BCUE_OK;
    if (value->available) {
        for (size_t s = 0; s < runs->count; s++)
            value->deviation += (each[s] - value->mean) * (each[s] - value->mean);
        value->deviation = runs->count > 1 ? sqrt(value->deviation / (double)(runs->count - 1)) : 0;
        value->interval = (bcue_interval){.estimate = value->mean};
        const bcue_bootstrap_options options = {.draws = (uint32_t)run->evaluate.bootstrap,
                                                .seed = (uint64_t)run->seed,
                                                .random_row_split = random_rows};
        if (run->evaluate.bootstrap > 0 && !run->split_follows_seed)
            status = bcue_metric_interval(runs, value->metric, &options, &value->interval, error);
        if (run->split_follows_seed)
            snprintf(value->interval.note, sizeof value->interval.note,
                     "every seed has its own test samples: see the deviation");
    } else {
        value->mean = 0;
        snprintf(value->reason, sizeof value->reason, "%.*s", (int)sizeof value->reason - 1, inner.text);
    }
    free(each);
    return status;
}

static bcue_status evaluate_subset(const bcue_run_config *run, const bcue_predictions *predictions,
                                   size_t seeds, bool random_rows, const char *name,
                                   bcue_evaluation_subset *subset, bcue_error *error)
{
    bcue_metric *list;
    size_t count = 0;
    BCUE_TRY(list_metrics(run, predictions[0].beams, knows_vehicles(&predictions[0]), &list, &count, error));
    bcue_scored_set *sets = bcue_calloc(seeds, sizeof *sets);
    subset->values = bcue_calloc(count, sizeof *subset->values);
    bcue_status status =
        sets == NULL || subset->values == NULL ? bcue_fail_memory(error, "the metrics") : BCUE_OK;
    for (size_t s = 0; status == BCUE_OK && s < seeds; s++) {
        sets[s] = bcue_predictions_view(&predictions[s], run->data.index_monotone, run->data.power_unit);
        status = bcue_scored_set_check(&sets[s], error);
    }
    if (status == BCUE_OK) {
        snprintf(subset->name, sizeof subset->name, "%s", name);
        subset->rows = predictions[0].rows;
        subset->counts = bcue_scored_set_count(&sets[0]);
        subset->value_count = count;
    }
    const bcue_runs runs = {sets, seeds};
    for (size_t i = 0; status == BCUE_OK && i < count; i++) {
        subset->values[i].metric = list[i];
        bcue_metric_name(list[i], subset->values[i].name);
        status = evaluate_metric(&runs, run, random_rows, &subset->values[i], error);
    }
    free(list);
    free(sets);
    return status;
}

/* Does row i belong to the part: all of `bits` there, or (bits 0) another best beam than at the newest frame?
 */
static bool in_part(const bcue_predictions *p, size_t i, uint8_t bits)
{
    return bits != 0 ? (p->missing[i] & bits) == 0 : p->now[i] >= 0 && p->now[i] != p->label[i];
}

/* Scores once more, by themselves, the samples with all the sensors that the model uses, when some lack one;
   and (bits 0) those whose best beam has changed since the newest frame. */
static bcue_status evaluate_part(const bcue_run_config *run, bcue_evaluation *evaluation, uint8_t bits,
                                 bcue_error *error)
{
    bcue_predictions *complete = bcue_calloc(evaluation->seeds, sizeof *complete);
    bcue_status status = complete == NULL ? bcue_fail_memory(error, "the metrics") : BCUE_OK;
    bool any = false, all = true;
    for (size_t s = 0; status == BCUE_OK && s < evaluation->seeds; s++) {
        const bcue_predictions *from = &evaluation->predictions[s];
        bool *keep = bcue_calloc(from->rows, sizeof *keep);
        if (keep == NULL) {
            status = bcue_fail_memory(error, "the metrics");
            break;
        }
        size_t kept = 0;
        for (size_t i = 0; i < from->rows; i++)
            kept += keep[i] = in_part(from, i, bits);
        any = any || kept < from->rows;
        all = all && kept > 0;
        status = bcue_predictions_select(from, keep, &complete[s], error);
        free(keep);
    }
    if (status == BCUE_OK && any && all) {
        bcue_evaluation_subset *subset = &evaluation->subsets[evaluation->subset_count];
        status = evaluate_subset(run, complete, evaluation->seeds, evaluation->random_rows,
                                 bits != 0 ? "all sensors present" : "best beam changed", subset, error);
        evaluation->subset_count += status == BCUE_OK;
        if (status != BCUE_OK)
            free(subset->values);
    }
    for (size_t s = 0; complete != NULL && s < evaluation->seeds; s++)
        bcue_predictions_free(&complete[s]);
    free(complete);
    return status;
}

/* Foreign answers go to a folder of their own: in that of trained models they would replace what these
 * answered. */
static bcue_status refuse_mixing(const bcue_run_config *run, const char *foreign, bcue_error *error)
{
    char *path = bcue_run_member_path(run, bcue_run_member_at(run, 0), "model", "safetensors");
    bcue_status status = BCUE_OK;
    if (path == NULL)
        status = bcue_fail_memory(error, "scoring");
    else if (bcue_path_exists(path))
        status = bcue_fail(error, BCUE_ERROR_DATA,
                           "%s holds trained models, whose results would be overwritten by those of %s; give "
                           "another folder with "
                           "--set out=FOLDER",
                           run->out, foreign);
    free(path);
    return status;
}

/* Once for all seeds: what their files do not say. */
static bcue_status tell_codebook(const bcue_run_config *run, const bcue_dataset *dataset,
                                 const bcue_hooks *hooks, bcue_error *error)
{
    char *path = bcue_run_member_path(run, bcue_run_member_at(run, 0), "model", "safetensors");
    if (path == NULL)
        return bcue_fail_memory(error, "scoring");
    bcue_codebook_tell_file(path, dataset, hooks);
    free(path);
    return BCUE_OK;
}

/* Lost frames are read anew from the files, without the faults. */
static bcue_status check_faults(const bcue_evaluate_config *config, bcue_error *error)
{
    if ((config->radar_lost > 0 || config->radar_false > 0) &&
        bcue_missing_frames_any(&config->missing_frames))
        return bcue_fail(error, BCUE_ERROR_CONFIG,
                         "evaluate.radar_lost and radar_false cannot be measured together with "
                         "evaluate.missing_frames; set one of them at a time");
    return BCUE_OK;
}

static bcue_status evaluate(const bcue_run_config *run, const bcue_config *origin,
                            const bcue_dataset *dataset, const char *foreign, const bcue_hooks *hooks,
                            bcue_evaluation *evaluation, bcue_error *error)
{
    BCUE_TRY(foreign != NULL ? refuse_mixing(run, foreign, error)
                             : tell_codebook(run, dataset, hooks, error));
    BCUE_TRY(check_faults(&run->evaluate, error));
    BCUE_TRY(bcue_check_writable_dir(run->out, error));
    evaluation->predictions = bcue_calloc(evaluation->seeds, sizeof *evaluation->predictions);
    evaluation->reliability = bcue_calloc(evaluation->seeds, sizeof *evaluation->reliability);
    if (evaluation->predictions == NULL || evaluation->reliability == NULL)
        return bcue_fail_memory(error, "the predictions");
    for (size_t s = 0; s < evaluation->seeds; s++) {
        BCUE_TRY(score_seed(run, origin, dataset, s, foreign, hooks, evaluation, error));
        BCUE_TRY(write_predictions(run, s, &evaluation->predictions[s], error));
    }
    bcue_log(hooks, BCUE_LOG_DEBUG, "bootstrap: %lld draws", (long long)run->evaluate.bootstrap);
    evaluation->subset_count = 1;
    BCUE_TRY(evaluate_subset(run, evaluation->predictions, evaluation->seeds, evaluation->random_rows, "all",
                             &evaluation->subsets[0], error));
    const unsigned needed = bcue_model_needed(&run->model); /* inputs are in the order of bcue_modality */
    if (foreign == NULL && needed != 0)
        BCUE_TRY(evaluate_part(run, evaluation, (uint8_t)needed, error));
    return run->data.window.horizon > 0 ? evaluate_part(run, evaluation, 0, error) : BCUE_OK;
}

bcue_status bcue_evaluate_run(const bcue_run_config *run, const bcue_config *origin,
                              const bcue_dataset *dataset, const char *foreign, const bcue_hooks *hooks,
                              bcue_evaluation *evaluation, bcue_error *error)
{
    *evaluation = (bcue_evaluation){
        .seeds = foreign != NULL ? 1 : (size_t)run->seeds,
        .random_rows = bcue_split_draws_rows(&run->split),
    };
    bcue_status status = evaluate(run, origin, dataset, foreign, hooks, evaluation, error);
    if (status != BCUE_OK)
        bcue_evaluation_free(evaluation);
    return status;
}

void bcue_evaluation_free(bcue_evaluation *evaluation)
{
    for (size_t s = 0; evaluation->predictions != NULL && s < evaluation->seeds; s++)
        bcue_predictions_free(&evaluation->predictions[s]);
    for (size_t s = 0; evaluation->reliability != NULL && s < evaluation->seeds; s++)
        bcue_reliability_free(&evaluation->reliability[s]);
    free(evaluation->predictions);
    free(evaluation->reliability);
    bcue_insight_free(&evaluation->insight);
    for (size_t i = 0; i < evaluation->subset_count; i++)
        free(evaluation->subsets[i].values);
    *evaluation = (bcue_evaluation){0};
}

const bcue_evaluation_value *bcue_evaluation_find(const bcue_evaluation_subset *subset, const char *name)
{
    for (size_t i = 0; i < subset->value_count; i++) {
        if (strcmp(subset->values[i].name, name) == 0)
            return &subset->values[i];
    }
    return NULL;
}
